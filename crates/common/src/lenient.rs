//! JSON read the way process engines write it: numbers and objects as texts, one value where a list is meant.
//!
//! Engines hand constants over as texts and know nothing of the definition's types
//! (`activiti-cloud.md` §3.4, `spiffarena-connector-proxy.md` §2), so the reader has to be forgiving.
//! Where a type wants plain JSON (`serde_json::Value`), nothing is changed.

use serde::{
    de::{
        Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

use crate::Object;

/// A deserializer that turns what it has into what is wanted, where the meaning is clear.
///
/// It borrows, so that a request can be read again for its next attempt.
pub(crate) struct Lenient<'a>(pub(crate) &'a Value);

/// The same for the members of an object, of which null ones count as absent.
pub(crate) struct Members<'a>(pub(crate) &'a Object);

impl Lenient<'_> {
    fn unexpected(&self, visitor: &dyn serde::de::Expected) -> Error {
        let unexpected = match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("a number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(unexpected, visitor)
    }

    /// JSON text that starts with `opening`, as JSON.
    fn nested(&self, opening: char) -> Option<Value> {
        let text = self.0.as_str()?.trim_start();
        if !text.starts_with(opening) {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = match self.0 {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.unexpected(&visitor)),
        };
        // `2.0` is how some engines write the integer 2.
        let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|it| it == b'0'));
        let digits = whole.map_or(text.as_str(), |(whole, _)| whole);
        if let Ok(value) = digits.parse::<u64>() {
            return visitor.visit_u64(value);
        }
        match digits.parse::<i64>() {
            Ok(value) => visitor.visit_i64(value),
            Err(_) => Err(self.unexpected(&visitor)),
        }
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = match self.0 {
            Value::String(text) => text.trim().parse::<f64>().ok(),
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        match value {
            Some(value) => visitor.visit_f64(value),
            None => Err(self.unexpected(&visitor)),
        }
    }
}

/// What Spring reads as a boolean (`activiti-cloud.md` §2.6).
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Some(true),
        "false" | "off" | "no" | "0" => Some(false),
        _ => None,
    }
}

macro_rules! numbers {
    ($way:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$way(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Lenient<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(Lenient)))
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), Lenient(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            Value::String(text) => visitor.visit_str(text),
            scalar => scalar.clone().deserialize_any(visitor),
        }
    }

    numbers! { integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }
    numbers! { float: deserialize_f32 deserialize_f64 }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = match self.0 {
            Value::Bool(value) => Some(*value),
            Value::String(text) => truth(text),
            Value::Number(number) => truth(&number.to_string()),
            _ => None,
        };
        match value {
            Some(value) => visitor.visit_bool(value),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => visitor.visit_str(text),
            Value::Number(number) => visitor.visit_string(number.to_string()),
            Value::Bool(value) => visitor.visit_string(value.to_string()),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let nested = self.nested('[');
        let items = match nested.as_ref().unwrap_or(self.0) {
            Value::Array(items) => items,
            Value::String(text) if text.is_empty() => &[][..],
            single => std::slice::from_ref(single),
        };
        visitor.visit_seq(SeqDeserializer::new(items.iter().map(Lenient)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let nested = self.nested('{');
        let value = nested.as_ref().unwrap_or(self.0);
        if !value.is_object() {
            return Err(Lenient(value).unexpected(&visitor));
        }
        Lenient(value).deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.clone().deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Lenient<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Members<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let members = self.0.iter().filter(|(_, value)| !value.is_null());
        let members = members.map(|(name, value)| (name.as_str(), Lenient(value)));
        visitor.visit_map(MapDeserializer::new(members))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, de::DeserializeOwned};
    use serde_json::json;

    use super::*;

    fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
        T::deserialize(Lenient(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_integers_as_engines_write_them() {
        for value in [json!(25), json!("25"), json!(" 25 "), json!("25.0"), json!(25.0)] {
            assert_eq!(read::<u64>(&value), Ok(25), "{value}");
        }
        for value in [json!("bad"), json!("0.1"), json!("0xFF"), json!("bad 123"), json!(2.5)] {
            assert!(read::<u64>(&value).is_err(), "{value}");
        }
        assert_eq!(read::<i32>(&json!("-3")), Ok(-3));
    }

    #[test]
    fn reads_truth_as_spring_does() {
        for (value, expected) in [
            (json!("on"), true),
            (json!("No"), false),
            (json!(1), true),
            (json!("0"), false),
            (json!(true), true),
        ] {
            assert_eq!(read::<bool>(&value), Ok(expected), "{value}");
        }
        assert!(read::<bool>(&json!("maybe")).is_err());
    }

    #[test]
    fn reads_texts_from_numbers_but_not_from_objects() {
        assert_eq!(read::<String>(&json!(42)), Ok("42".to_owned()));
        assert_eq!(
            read::<String>(&serde_json::from_str("1999.90").unwrap()),
            Ok("1999.90".to_owned())
        );
        assert_eq!(read::<String>(&json!(true)), Ok("true".to_owned()));
        assert!(read::<String>(&json!({})).is_err());
    }

    #[test]
    fn reads_lists_and_objects_from_json_text_and_single_values() {
        assert_eq!(read::<Vec<String>>(&json!("[\"a\", 1]")), Ok(vec!["a".into(), "1".into()]));
        assert_eq!(read::<Vec<String>>(&json!("a")), Ok(vec!["a".into()]));
        assert_eq!(read::<Vec<String>>(&json!("")), Ok(vec![]));
        let object = read::<BTreeMap<String, u8>>(&json!("{\"a\": \"1\"}")).unwrap();
        assert_eq!(object["a"], 1);
        assert!(read::<BTreeMap<String, u8>>(&json!("a")).is_err());
    }

    #[test]
    fn leaves_plain_json_alone() {
        let value: Value =
            serde_json::from_str(r#"{"a": ["1", 1.50, null, {"b": "{}"}]}"#).unwrap();
        assert_eq!(read::<Value>(&value), Ok(value));
    }

    #[test]
    fn reads_absent_and_named_choices() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Choice {
            Json,
        }
        assert_eq!(read::<Option<u8>>(&json!(null)), Ok(None));
        assert_eq!(read::<Choice>(&json!("json")), Ok(Choice::Json));
        assert!(read::<Choice>(&json!("xml")).unwrap_err().contains("expected `json`"));
    }
}
