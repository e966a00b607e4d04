//! An entry of `inBoundVariables` as it comes, without a tree around the two members that nearly every one has.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{CowStrDeserializer, MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::{Map, Value};

use super::decode::{DecodeError, decode, decode_typed, is_as_sent, is_entry, is_known};

/// What [`decode`] reads, read faster.
#[derive(Debug)]
pub(crate) enum Entry {
    /// `{"type": …, "value": …}` and nothing else.
    Typed {
        name: String,
        value: Value,
    },
    Other(Value),
}

impl Entry {
    /// As [`decode`].
    pub(crate) fn decode(self) -> Result<Value, DecodeError> {
        match self {
            Self::Typed { name, value } => decode_typed(&name, value),
            Self::Other(entry) => decode(&entry),
        }
    }

    /// As [`is_as_sent`].
    pub(crate) fn is_as_sent(&self) -> bool {
        match self {
            Self::Typed { name, value } => value.is_string() && is_known(name),
            Self::Other(entry) => is_as_sent(entry),
        }
    }

    fn of(members: Map<String, Value>) -> Self {
        Self::Other(Value::Object(members))
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visit)
    }
}

struct Visit;

impl<'de> Visitor<'de> for Visit {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a variable")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Entry, E> {
        Ok(Entry::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Entry, E> {
        Ok(Entry::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Entry, E> {
        Ok(Entry::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Entry, E> {
        Ok(Entry::Other(value.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry::Other(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Entry, E> {
        Ok(Entry::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Entry, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(Entry::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut name, mut value) = (None::<Value>, None::<Value>);
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "type" => name = Some(map.next_value()?),
                "value" => value = Some(map.next_value()?),
                _ if name.is_none() && value.is_none() => {
                    // A number with all its digits comes this way, too.
                    let whole = Begun { key: Some(key), rest: map };
                    return Value::deserialize(MapAccessDeserializer::new(whole)).map(Entry::Other);
                }
                _ => {
                    let mut members = both(name, value);
                    members.insert(key.into_owned(), map.next_value()?);
                    while let Some((name, value)) = map.next_entry()? {
                        members.insert(name, value);
                    }
                    return Ok(Entry::of(members));
                }
            }
        }
        match (name, value) {
            (Some(Value::String(name)), Some(value)) if is_entry(&name, &value) => {
                Ok(Entry::Typed { name, value })
            }
            (name, value) => Ok(Entry::of(both(name, value))),
        }
    }
}

fn both(name: Option<Value>, value: Option<Value>) -> Map<String, Value> {
    let members = [("type", name), ("value", value)].into_iter();
    members.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object of which the first name has been read.
struct Begun<'de, A> {
    key: Option<Cow<'de, str>>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Begun<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.key.take() {
            Some(key) => {
                let key: CowStrDeserializer<'_, A::Error> = key.into_deserializer();
                seed.deserialize(key).map(Some)
            }
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}
