//! HTTP response → outputs (pure).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use common::{Object, parse_json};
use files::{File, FileError};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use crate::{
    input::ResponseType,
    media::{self, MediaType},
};

/// What the peer answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Empty where there is none, or where it is a file.
    pub(crate) body: Bytes,
    /// The file that the body has become.
    pub(crate) saved: Option<Box<Result<File, FileError>>>,
    /// Where it comes from if not from the URL that was called, as it may be shown.
    pub(crate) redirected_to: Option<String>,
    /// Why the body of an error could not be read.
    pub(crate) unread: Option<String>,
}

/// `restResult`, and what was guessed or not as it says.
#[derive(Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) result: Value,
    pub(crate) warning: Option<String>,
}

impl Answer {
    /// The body as `response_type` wants it; never a failure, since the call succeeded.
    pub(crate) fn read(&self, response_type: ResponseType) -> Reading {
        let media = self.media_type();
        if self.body.is_empty() {
            return Reading { result: Value::Null, warning: None };
        }
        match response_type {
            ResponseType::None => Reading { result: Value::Null, warning: None },
            ResponseType::Text => self.text(&media),
            ResponseType::Json => self.json(&media),
            // What is no file is told like any other answer.
            ResponseType::Auto | ResponseType::File if media.is_json() => self.json(&media),
            ResponseType::Auto | ResponseType::File if media.essence.is_empty() => self.unlabeled(),
            ResponseType::Auto | ResponseType::File if media.is_text() => self.text(&media),
            ResponseType::Auto | ResponseType::File => self.binary(&media),
        }
    }

    /// The file that the answer has become.
    pub(crate) fn file(&self) -> Option<File> {
        self.saved.as_deref().and_then(|it| it.as_ref().ok()).cloned()
    }

    /// The bytes that have arrived, as far as they are kept.
    pub(crate) fn size(&self) -> u64 {
        match self.saved.as_deref() {
            Some(Ok(file)) => file.size.unwrap_or_default(),
            Some(Err(_)) | None => self.body.len() as u64,
        }
    }

    /// The headers as an output: names in lower case, a repeated one as a list (`camunda-connectors.md` R22).
    pub(crate) fn header_object(&self) -> Object {
        let mut object = Object::new();
        for name in self.headers.keys() {
            let text = |it: &http::HeaderValue| media::decode(it.as_bytes(), None).text;
            let mut values: Vec<_> = self.headers.get_all(name).iter().map(text).collect();
            let value = match values.len() {
                1 => Value::String(values.remove(0)),
                _ => Value::from(values),
            };
            object.insert(name.as_str().to_owned(), value);
        }
        object
    }

    /// The outputs that are known even where the answer is an error.
    pub(crate) fn outputs(&self, result: Value) -> Object {
        let headers = self.header_object();
        let members = [
            ("restResult", result),
            ("restStatus", self.status.as_u16().into()),
            ("restResponseHeaders", headers.clone().into()),
            ("responseHeaders", headers.into()),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// The body for an error text.
    pub(crate) fn body_text(&self) -> String {
        if let Some(reason) = &self.unread {
            return format!("({reason})");
        }
        let media = self.media_type();
        if media.is_text() || std::str::from_utf8(&self.body).is_ok() {
            return media::decode(&self.body, media.charset.as_deref()).text;
        }
        format!("({} bytes of {})", self.body.len(), label(&media))
    }

    pub(crate) fn media_type(&self) -> MediaType {
        let text = self.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        MediaType::parse(text.unwrap_or_default())
    }

    fn text(&self, media: &MediaType) -> Reading {
        let decoded = media::decode(&self.body, media.charset.as_deref());
        Reading { result: Value::String(decoded.text), warning: decoded.guess }
    }

    fn json(&self, media: &MediaType) -> Reading {
        if !media.is_text() && std::str::from_utf8(&self.body).is_err() {
            let warning = format!("the answer is {} and not JSON", label(media));
            return Reading { warning: Some(warning), ..self.binary(media) };
        }
        let decoded = media::decode(&self.body, media.charset.as_deref());
        match parse_json(&decoded.text) {
            Ok(result) => Reading { result, warning: decoded.guess },
            Err(_) if decoded.text.trim().is_empty() => {
                Reading { result: Value::Null, warning: None }
            }
            Err(error) => {
                let warning = format!("the answer is not JSON, `restResult` is its text: {error}");
                Reading { result: Value::String(decoded.text), warning: Some(warning) }
            }
        }
    }

    /// A peer that does not say what it answers (RFC 9110 §8.3 allows to guess then).
    fn unlabeled(&self) -> Reading {
        let Ok(text) = std::str::from_utf8(&self.body) else {
            return self.binary(&MediaType::default());
        };
        let result = match parse_json(text) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            _ => Value::String(text.to_owned()),
        };
        Reading { result, warning: None }
    }

    fn binary(&self, media: &MediaType) -> Reading {
        let url = format!("data:{};base64,{}", label(media), BASE64_STANDARD.encode(&self.body));
        Reading { result: Value::String(url), warning: None }
    }
}

fn label(media: &MediaType) -> &str {
    match media.essence.as_str() {
        "" => "application/octet-stream",
        essence => essence,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(content_type: &str, body: &[u8]) -> Answer {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        Answer {
            status: StatusCode::OK,
            headers,
            body: Bytes::copy_from_slice(body),
            saved: None,
            redirected_to: None,
            unread: None,
        }
    }

    fn check(wanted: ResponseType, content_type: &str, body: &[u8], result: &Value, warning: &str) {
        let reading = answer(content_type, body).read(wanted);
        assert_eq!(reading.result, *result, "{content_type}");
        assert_eq!(reading.warning.unwrap_or_default(), warning, "{content_type}");
    }

    #[test]
    fn what_is_not_as_it_says_is_told_and_never_fails() {
        check(
            ResponseType::Auto,
            "application/json",
            b"{broken",
            &json!("{broken"),
            "the answer is not JSON, `restResult` is its text: \
             key must be a string at line 1 column 2",
        );
        check(
            ResponseType::Json,
            "text/html",
            b"<p>",
            &json!("<p>"),
            "the answer is not JSON, `restResult` is its text: expected value at line 1 column 1",
        );
        check(
            ResponseType::Json,
            "image/png",
            b"\x89\xff",
            &json!("data:image/png;base64,if8="),
            "the answer is image/png and not JSON",
        );
        let deep = "[".repeat(1000);
        let reading = answer("application/json", deep.as_bytes()).read(ResponseType::Auto);
        assert_eq!(reading.result, json!(deep));
        let latin = "the text is not UTF-8 and was read as Latin-1";
        check(ResponseType::Auto, "text/plain", b"caf\xe9", &json!("café"), latin);
    }

    #[test]
    fn json_is_read_by_content_type() {
        let check = |content_type, body: &str, result: &Value| {
            check(ResponseType::Auto, content_type, body.as_bytes(), result, "");
        };
        check("application/json", r#"{"a": [1, null]}"#, &json!({"a": [1, null]}));
        check("application/problem+json; charset=utf-8", "[1]", &json!([1]));
        check("application/json", "\"quoted\"", &json!("quoted"));
        check("application/json", "\u{feff}{}", &json!({}));
        check("application/json", " \n", &json!(null));
        check("", r#"{"a": 1}"#, &json!({"a": 1}));
        check("", "42", &json!("42"));
    }

    #[test]
    fn other_answers_are_texts_or_data_urls() {
        let check = |wanted, content_type, body, result: &Value| {
            check(wanted, content_type, body, result, "");
        };
        check(ResponseType::Auto, "application/xml", b"<a/>", &json!("<a/>"));
        check(ResponseType::Auto, "text/plain; charset=iso-8859-1", b"caf\xe9", &json!("café"));
        check(
            ResponseType::Auto,
            "application/pdf",
            b"%PDF",
            &json!("data:application/pdf;base64,JVBERg=="),
        );
        check(ResponseType::Auto, "", b"\xff", &json!("data:application/octet-stream;base64,/w=="));
        check(ResponseType::Text, "application/json", b"{}", &json!("{}"));
        check(ResponseType::Json, "text/plain", b"{}", &json!({}));
        check(ResponseType::None, "application/json", b"{}", &json!(null));
        for content_type in ["", "application/json", "image/png"] {
            check(ResponseType::Auto, content_type, b"", &json!(null));
        }
    }

    #[test]
    fn a_repeated_header_is_a_list() {
        let mut answer = answer("text/plain", b"");
        answer.headers.append("set-cookie", "a=1".parse().unwrap());
        answer.headers.append("set-cookie", "b=2".parse().unwrap());
        let name = http::HeaderValue::from_bytes("naïve".as_bytes()).unwrap();
        answer.headers.append("X-Name", name);
        let expected =
            json!({"content-type": "text/plain", "set-cookie": ["a=1", "b=2"], "x-name": "naïve"});
        assert_eq!(Value::from(answer.header_object()), expected);
    }

    #[test]
    fn digits_are_kept() {
        let body = b"[12345678901234567890.10, 1e400]";
        let Reading { result, .. } = answer("application/json", body).read(ResponseType::Auto);
        assert_eq!(result.to_string(), "[12345678901234567890.10,1e+400]");
    }
}
