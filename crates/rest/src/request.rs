//! Inputs → HTTP request (pure).

mod secrets;

use common::{Failure, Secret};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;
use url::Url;

use crate::{
    address::{self, Address, Encoding},
    auth::{Auth, Credential, OnSending},
    body::{self, Body, ContentType, Nulls, Wanted},
    content::Content,
    error::{self, invalid},
    input::{Headers, IdempotencyKey, Input, Parameters},
    mask::{MASK, Mask},
    names::{is_ours, is_secret},
    placeholders::Placeholders,
    statuses::Statuses,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What is sent, and what must be known about it afterwards.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Without user info.
    pub(crate) url: Url,
    /// Credentials are marked as sensitive.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Content,
    pub(crate) repeat: Repeat,
    pub(crate) time_limit: TimeLimit,
    /// The query parameters that hold credentials.
    pub(crate) secret_parameters: Vec<String>,
    /// The credentials that are made when it is sent.
    pub(crate) on_sending: Option<OnSending>,
    pub(crate) mask: Mask,
    /// Which statuses its connection has tried again; None: the usual ones.
    pub(crate) retried: Option<Statuses>,
    /// What limits the size of its answer.
    pub(crate) size_limit: &'static str,
    /// What was done differently from what was asked.
    pub(crate) warnings: Vec<String>,
}

/// Whether sending it again does what sending it once does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The method is idempotent, or the author says that the peer honors the `Idempotency-Key`.
    Harmless,
    Harmful,
}

/// Whose the limit is that a call may run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    OfTheSettings,
    /// Meant as it is: the process goes on when it is reached.
    OfTheTask,
}

/// What is known about a request beside its inputs.
pub(crate) struct Task<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) placeholders: &'a Placeholders,
    /// The secrets of the settings, which the peer may echo.
    pub(crate) secrets: &'a [Secret],
}

impl Request {
    /// The request that `payload` and the rest of the inputs ask for.
    ///
    /// # Errors
    /// `INVALID_INPUT` that names the input.
    pub(crate) fn new(
        method: Method,
        payload: Option<Value>,
        input: &Input,
        task: &Task,
    ) -> Result<Self, Failure> {
        let nothing = Placeholders::default();
        let placeholders = if input.terms.is_filled { &nothing } else { task.placeholders };
        let encoding = match input.rest_url_encoded {
            Some(true) => Encoding::Done,
            Some(false) | None => Encoding::Plain,
        };
        let url = placeholders.fill("restUrl", input.rest_url.as_deref().unwrap_or_default())?;
        let parameters = parameters(input.rest_url_params.as_ref(), placeholders)?;
        let Address { url, user } = Address::new(&url, encoding, parameters.as_ref())?;

        let mut request = Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Content::Empty,
            repeat: Repeat::Harmful,
            time_limit: match (input.timeout, input.connect_timeout) {
                (None, None) => TimeLimit::OfTheSettings,
                _ => TimeLimit::OfTheTask,
            },
            secret_parameters: Vec::new(),
            on_sending: None,
            mask: Mask::default(),
            retried: input.terms.retried.clone(),
            size_limit: match input.terms.response_bytes_max {
                Some(_) => "`responseBytesMax` of the connection",
                None => "setting RESPONSE_BYTES_MAX",
            },
            warnings: Vec::new(),
        };
        task.secrets
            .iter()
            .chain(&input.terms.secrets)
            .for_each(|it| request.mask.add(it.reveal()));
        if let Some(headers) = &input.request_headers {
            request.add_headers(headers, placeholders)?;
        }
        if let Some((_, password)) = &user {
            request.mask.add(password.reveal());
        }
        match (&input.auth, user) {
            (Some(auth), _) => request.add_auth(auth)?,
            (None, Some((username, password))) if !request.has(&AUTHORIZATION) => {
                request.add_auth(&Auth::Basic { username, password })?;
            }
            (None, Some(_) | None) => {}
        }
        if let Some(payload) = payload {
            request.add_body(payload, input)?;
        }
        request.add_idempotency_key(input.idempotency_key.as_ref(), task.request_id)?;
        if let (Some(traceparent), false) = (task.traceparent, request.has(&TRACEPARENT)) {
            request.headers.extend(HeaderValue::from_str(traceparent).map(|it| (TRACEPARENT, it)));
        }
        request.find_secrets();
        Ok(request)
    }

    /// The request as text for a dry run, credentials masked.
    pub(crate) fn preview(&self) -> String {
        let target = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::BeforePath];
        let mut text =
            self.mask.text(&format!("{} {target} HTTP/1.1\nhost: {host}\n", self.method));
        for (name, value) in &self.headers {
            let value = if value.is_sensitive() {
                MASK.to_owned()
            } else {
                self.mask.text(&String::from_utf8_lossy(value.as_bytes()))
            };
            text.extend([name.as_str(), ": ", &value, "\n"]);
        }
        if let Some(credentials) = &self.on_sending {
            text.extend(["authorization: ", credentials.scheme(), " ", MASK, "\n"]);
        }
        text.push('\n');
        text + &self.mask.text(&self.body.shown())
    }

    fn has(&self, name: &HeaderName) -> bool {
        self.headers.contains_key(name)
    }

    fn add_headers(&mut self, headers: &Headers, from: &Placeholders) -> Result<(), Failure> {
        for (name, value) in &headers.0 {
            let value = from.fill("requestHeaders", value)?;
            let Ok(name) = HeaderName::try_from(name.trim()) else {
                let name = name.escape_debug();
                return Err(invalid(format_args!("`requestHeaders`: `{name}` is no header name")));
            };
            if is_ours(&name) {
                let text = format!("`requestHeaders`: `{name}` is up to the connector, left out");
                self.warnings.push(text);
                continue;
            }
            // Text beyond ASCII goes out as UTF-8, line breaks do not go out at all.
            let Ok(mut value) = HeaderValue::from_bytes(value.trim().as_bytes()) else {
                let text = format!("`requestHeaders`: `{name}` has a line break or the like");
                return Err(invalid(text));
            };
            value.set_sensitive(is_secret(name.as_str()));
            self.headers.append(name, value);
        }
        Ok(())
    }

    fn add_auth(&mut self, auth: &Auth) -> Result<(), Failure> {
        auth.secrets().into_iter().for_each(|it| self.mask.add(it));
        let credential =
            auth.credential().map_err(|problem| invalid(format_args!("`auth`: {problem}")))?;
        let name = match &credential {
            Credential::Header(name, _) => Some(name),
            Credential::OnSending(_) => Some(&AUTHORIZATION),
            Credential::Query(..) => None,
        };
        if let Some(name) = name.filter(|it| self.headers.remove(*it).is_some()) {
            self.warnings.push(format!("`requestHeaders`: `{name}` gives way to `auth`"));
        }
        match credential {
            Credential::Header(name, value) => {
                self.headers.insert(name, value);
            }
            Credential::OnSending(credentials) => self.on_sending = Some(credentials.clone()),
            Credential::Query(name, value) => {
                let mut query = self.url.query().unwrap_or_default().to_owned();
                let pair = (name.to_owned(), value.reveal().to_owned());
                address::append(&mut query, &Parameters::Pairs(vec![pair]), Encoding::Plain)?;
                self.url.set_query(Some(&query));
                self.secret_parameters.push(name.to_owned());
            }
        }
        Ok(())
    }

    fn add_body(&mut self, payload: Value, input: &Input) -> Result<(), Failure> {
        let given = input.content_type.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let header = self.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let wanted = Wanted {
            payload_type: input.payload_type,
            content_type: given.or(header),
            nulls: match input.ignore_null_values {
                Some(true) => Nulls::Drop,
                Some(false) | None => Nulls::Keep,
            },
        };
        let Some(Body { content, content_type, warning }) = body::encode(payload, &wanted)? else {
            return Ok(());
        };
        self.body = content;
        self.warnings.extend(warning.map(str::to_owned));
        let of_body = |text| HeaderValue::try_from(text).map_err(error::unknown);
        let usual = match content_type {
            ContentType::Only(only) => {
                self.headers.insert(CONTENT_TYPE, of_body(only)?);
                return Ok(());
            }
            ContentType::Usual(usual) => usual,
        };
        if let Some(given) = given {
            let value = HeaderValue::from_str(given)
                .map_err(|_invalid| invalid("`contentType` has a line break or the like"))?;
            self.headers.insert(CONTENT_TYPE, value);
        } else if !self.has(&CONTENT_TYPE) {
            self.headers.insert(CONTENT_TYPE, of_body(usual)?);
        }
        Ok(())
    }

    /// Sends the request's id where repeating could do harm, and decides whether it still could.
    fn add_idempotency_key(
        &mut self,
        wanted: Option<&IdempotencyKey>,
        request_id: &str,
    ) -> Result<(), Failure> {
        let wanted = wanted.unwrap_or(&IdempotencyKey::Usual);
        let key = match wanted {
            IdempotencyKey::Usual if self.method.is_idempotent() => None,
            IdempotencyKey::Off => None,
            IdempotencyKey::Usual | IdempotencyKey::RequestId => Some(request_id),
            IdempotencyKey::Given(key) => Some(key.as_str()),
        };
        let promised = self.has(&IDEMPOTENCY_KEY)
            || matches!(wanted, IdempotencyKey::RequestId | IdempotencyKey::Given(_));
        if self.method.is_idempotent() || promised {
            self.repeat = Repeat::Harmless;
        }
        if let (Some(key), false) = (key, self.has(&IDEMPOTENCY_KEY)) {
            let value = HeaderValue::from_str(key)
                .map_err(|_invalid| invalid("`idempotencyKey` has a line break or the like"))?;
            self.headers.insert(IDEMPOTENCY_KEY, value);
        }
        Ok(())
    }
}

fn parameters(
    parameters: Option<&Parameters>,
    placeholders: &Placeholders,
) -> Result<Option<Parameters>, Failure> {
    let fill = |text: &str| placeholders.fill("restUrlParams", text).map(String::from);
    Ok(Some(match parameters {
        None => return Ok(None),
        Some(Parameters::Text(text)) => Parameters::Text(fill(text)?),
        Some(Parameters::Pairs(pairs)) => {
            let pairs = pairs.iter().map(|(name, value)| Ok((name.clone(), fill(value)?)));
            Parameters::Pairs(pairs.collect::<Result<_, Failure>>()?)
        }
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::placeholders;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    pub(crate) fn build(method: Method, input: Value) -> Result<Request, Failure> {
        let mut input: Input = serde_json::from_value(input).unwrap();
        let payload = input.request_payload.take();
        Request::new(
            method,
            payload,
            &input,
            &Task {
                request_id: "task-1",
                traceparent: Some(TRACE),
                placeholders: &placeholders::tests::placeholders(),
                secrets: &[Secret::from("setting-s3cret".to_owned())],
            },
        )
    }

    /// The request as one text, headers in alphabetical order, credentials readable.
    fn check(method: Method, input: Value, expected: &str) {
        let text = match build(method, input) {
            Ok(request) => {
                let text = |it: &HeaderValue| String::from_utf8_lossy(it.as_bytes()).into_owned();
                let headers = request.headers.iter();
                let mut headers: Vec<_> =
                    headers.map(|(name, it)| format!("{name}: {}\n", text(it))).collect();
                headers.retain(|it| *it != format!("traceparent: {TRACE}\n"));
                headers.sort();
                let body = request.body.shown();
                format!("{} {}\n{}\n{body}", request.method, request.url, headers.concat())
            }
            Err(failure) => failure.to_string(),
        };
        assert_eq!(text.trim_end(), expected.trim_end());
    }

    #[test]
    fn what_cannot_be_sent_names_its_input() {
        let refused = |input: Value, expected: &str| {
            let mut members = json!({"restUrl": "http://x/"});
            members.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            check(Method::POST, members, &format!("INVALID_INPUT: {expected}"));
        };
        refused(json!({"restUrl": "x"}), "`restUrl` does not start with http:// or https://");
        refused(
            json!({"requestHeaders": {"A b": "x"}}),
            "`requestHeaders`: `A b` is no header name",
        );
        refused(
            json!({"requestHeaders": {"X": "a\r\nY: b"}}),
            "`requestHeaders`: `x` has a line break or the like",
        );
        refused(
            json!({"auth": {"type": "bearer", "token": "a\nb"}}),
            "`auth`: `token` has characters that no header can carry",
        );
        refused(
            json!({"requestPayload": "x", "contentType": "a\nb"}),
            "`contentType` has a line break or the like",
        );
        refused(json!({"idempotencyKey": "a\nb"}), "`idempotencyKey` has a line break or the like");
        for input in ["restUrl", "restUrlParams", "requestHeaders"] {
            let value = match input {
                "restUrl" => json!("http://x/${rest-auth-user}"),
                _ => json!({"a": "${rest-auth-user}"}),
            };
            let text = "but REST_AUTH_USER is not set";
            let expected = format!("`{input}` has `${{rest-auth-user}}`, {text}");
            refused(json!({input: value}), &expected);
        }
    }

    #[test]
    fn a_payload_brings_its_content_type_and_no_payload_brings_none() {
        let check = |input: Value, expected: &str| {
            let request = build(Method::PUT, input).unwrap();
            let content_type = request.headers.get(CONTENT_TYPE).map(|it| it.to_str().unwrap());
            let body = std::str::from_utf8(request.body.bytes().unwrap()).unwrap();
            assert_eq!(format!("{} {body}", content_type.unwrap_or("-")), expected);
        };
        let url = "http://x/";
        check(json!({"restUrl": url}), "- ");
        check(json!({"restUrl": url, "requestPayload": ""}), "- ");
        check(json!({"restUrl": url, "contentType": "text/plain"}), "- ");
        check(json!({"restUrl": url, "requestPayload": {"a": 1}}), r#"application/json {"a":1}"#);
        let header = json!({"CONTENT-TYPE": "application/x-www-form-urlencoded"});
        check(
            json!({"restUrl": url, "requestPayload": {"a": 1}, "requestHeaders": header}),
            "application/x-www-form-urlencoded a=1",
        );
        check(
            json!({"restUrl": url, "requestPayload": {"a": "${host}"}, "requestHeaders": header,
                "contentType": "application/json"}),
            r#"application/json {"a":"${host}"}"#,
        );
    }

    #[test]
    fn one_credential_is_sent() {
        let basic = json!({"type": "basic", "username": "user", "password": "pass"});
        check(
            Method::GET,
            json!({"restUrl": "http://a:b@x/", "auth": basic,
                "requestHeaders": {"Authorization": "Bearer t"}}),
            "GET http://x/\nauthorization: Basic dXNlcjpwYXNz\n",
        );
        check(
            Method::GET,
            json!({"restUrl": "http://user:pass@x/"}),
            "GET http://x/\nauthorization: Basic dXNlcjpwYXNz\n",
        );
        check(
            Method::GET,
            json!({"restUrl": "http://user:pass@x/",
                "requestHeaders": {"Authorization": "Bearer ${rest-auth-token}"}}),
            "GET http://x/\nauthorization: Bearer t0ken-${host}\n",
        );
        check(
            Method::GET,
            json!({"restUrl": "http://x/?a=b#c",
                "auth": {"type": "apiKey", "name": "key", "value": "a&b", "in": "query"}}),
            "GET http://x/?a=b&key=a%26b\n",
        );
    }

    #[test]
    fn headers_that_are_ours_are_left_out_with_a_warning() {
        let headers = json!({"Content-Length": 5, "Host": "y", "X": ["1", "2"], "Cookie": "c=d"});
        let request =
            build(Method::GET, json!({"restUrl": "http://x/", "requestHeaders": headers})).unwrap();
        assert_eq!(
            request.warnings,
            [
                "`requestHeaders`: `content-length` is up to the connector, left out",
                "`requestHeaders`: `host` is up to the connector, left out",
            ]
        );
        assert_eq!(request.headers.get_all("x").iter().count(), 2);
        assert!(request.headers["cookie"].is_sensitive());
        assert!(!request.headers["x"].is_sensitive());
    }

    #[test]
    fn only_a_promise_makes_post_and_patch_repeatable() {
        let check = |method: Method, key: Value, header: Value, expected: (&str, Repeat)| {
            let input = json!({"restUrl": "http://x/", "idempotencyKey": key,
                "requestHeaders": {"Idempotency-Key": header}});
            let request = build(method.clone(), input).unwrap();
            let sent = request.headers.get(IDEMPOTENCY_KEY).map(|it| it.to_str().unwrap());
            assert_eq!((sent.unwrap_or("-"), request.repeat), expected, "{method} {key}");
        };
        let null = Value::Null;
        for method in [Method::POST, Method::PATCH] {
            check(method.clone(), null.clone(), null.clone(), ("task-1", Repeat::Harmful));
            check(method.clone(), json!("false"), null.clone(), ("-", Repeat::Harmful));
            check(method.clone(), json!("true"), null.clone(), ("task-1", Repeat::Harmless));
            check(method.clone(), json!("order-1"), null.clone(), ("order-1", Repeat::Harmless));
            check(method.clone(), json!("order-1"), json!("mine"), ("mine", Repeat::Harmless));
            check(method, json!("false"), json!("mine"), ("mine", Repeat::Harmless));
        }
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
            check(method.clone(), null.clone(), null.clone(), ("-", Repeat::Harmless));
            check(method, json!("order-1"), null.clone(), ("order-1", Repeat::Harmless));
        }
    }

    #[test]
    fn the_trace_goes_on_unless_the_author_sets_another() {
        let request = build(Method::GET, json!({"restUrl": "http://x/"})).unwrap();
        assert_eq!(request.headers[TRACEPARENT], TRACE);
        let headers = json!({"Traceparent": "mine"});
        let input = json!({"restUrl": "http://x/", "requestHeaders": headers});
        assert_eq!(build(Method::GET, input).unwrap().headers[TRACEPARENT], "mine");
    }

    #[test]
    fn a_preview_shows_the_request_without_its_secrets() {
        let input = json!({
            "restUrl": "https://jane:pa55word@x:81/a b?access_token=s3cret&q=1",
            "requestHeaders": {"X-Api-Key": "k3y", "X-Note": "with pa55word"},
            "requestPayload": {"token": "s3cret", "other": "setting-s3cret", "k": "k3y"},
        });
        let preview = build(Method::POST, input).unwrap().preview();
        assert_eq!(
            preview,
            format!(
                "POST /a%20b?access_token=***&q=1 HTTP/1.1\nhost: x:81\nx-api-key: ***\n\
                 x-note: with ***\nauthorization: ***\ncontent-type: application/json\n\
                 idempotency-key: task-1\ntraceparent: {TRACE}\n\n\
                 {{\"token\":\"***\",\"other\":\"***\",\"k\":\"***\"}}"
            )
        );
    }
}
