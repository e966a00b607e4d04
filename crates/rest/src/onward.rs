//! The calls that belong to one task: the first one, and those for further pages and polls.

use common::{Context, Failure, Object};
use http::{HeaderName, Method, header::AUTHORIZATION};
use serde_json::Value;
use url::Url;

use crate::{
    client::{self, Rest},
    error::{ErrorCode, invalid},
    input::{Headers, IdempotencyKey, Input},
    names::is_secret,
    request::{Repeat, Request},
    response::{Answer, Reading},
};

/// Calls with the same credentials, headers and limits, each built anew.
pub(crate) struct Onward<'a> {
    pub(crate) rest: &'a Context<Rest>,
    pub(crate) input: Box<Input>,
    method: Method,
    payload: Option<Value>,
    /// The author's own key, of which each call gets its own.
    key: Option<String>,
    /// The call that comes next, or has just been made.
    pub(crate) request: Request,
    pub(crate) n_calls: u32,
    /// What the first call did cannot be done again.
    is_sealed: bool,
}

/// Whether the peer may lead to other hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Only to the scheme, host and port that the task names.
    Same,
    /// Others are called without credentials.
    Any,
}

impl<'a> Onward<'a> {
    /// Prepares the first call.
    pub(crate) fn new(
        rest: &'a Context<Rest>,
        method: Method,
        mut input: Box<Input>,
    ) -> Result<Self, Failure> {
        let payload = input.request_payload.take();
        let id = rest.request_id();
        let request = client::build(rest, method.clone(), payload.clone(), &input, id)?;
        let key = match &input.idempotency_key {
            Some(IdempotencyKey::Given(key)) => Some(key.clone()),
            _ => None,
        };
        Ok(Self { rest, input, method, payload, key, request, n_calls: 0, is_sealed: false })
    }

    /// Makes the next call.
    pub(crate) async fn call(&mut self) -> Result<(Answer, Reading), Failure> {
        if self.n_calls == 0 {
            self.request.warnings.iter().for_each(|it| self.rest.warn(it));
            self.rest.preview(|| self.request.preview())?;
        } else {
            self.rebuild()?;
        }
        self.n_calls += 1;
        if let Some(admission) = self.input.terms.admission.as_mut().filter(|_| self.n_calls > 1) {
            admission.stay();
        }
        let done = client::send(self.rest, &mut self.request, &self.input).await?;
        self.is_sealed |= self.request.repeat == Repeat::Harmful;
        Ok(done)
    }

    /// Tells a failure at once where trying again would repeat a first call that must not be.
    pub(crate) fn sealed(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Transient { report, .. } if self.is_sealed => Failure::Permanent(report),
            failure => failure,
        }
    }

    /// Sets a query parameter.
    pub(crate) fn set_parameter(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let mut url = self.request.url.clone();
        let query = with_parameter(url.query().unwrap_or_default(), name, Some(value));
        url.set_query(Some(&query));
        self.turn_to(url)
    }

    /// Sets a member of the payload.
    pub(crate) fn set_member(&mut self, name: &str, value: Value) -> Result<(), Failure> {
        let payload = match self.payload.take().unwrap_or_else(|| Value::Object(Object::new())) {
            Value::String(text) => crate::input::object_or(Value::String(text)),
            payload => payload,
        };
        let Value::Object(mut members) = payload else {
            return Err(invalid("`paging`: `in`: `body` needs an object as `requestPayload`"));
        };
        members.insert(name.to_owned(), value);
        self.payload = Some(Value::Object(members));
        self.rebuild()
    }

    /// Goes on where the peer says, from the URL that the answer came from.
    pub(crate) fn follow(
        &mut self,
        link: &str,
        answer: &Answer,
        hosts: Hosts,
    ) -> Result<(), Failure> {
        let redirected = answer.redirected_to.as_deref().and_then(|it| Url::parse(it).ok());
        let base = redirected.as_ref().unwrap_or(&self.request.url);
        let mut url =
            base.join(link.trim()).ok().filter(Url::has_host).ok_or_else(|| {
                paging_error(&self.request, "the link to what comes next is no URL")
            })?;
        url.set_fragment(None);
        // The peer may leave characters as they are that a URL cannot carry.
        self.input.rest_url_encoded = Some(false);
        let is_foreign = url.origin() != self.request.url.origin();
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || !matches!(url.scheme(), "http" | "https") {
            return Err(paging_error(&self.request, "the link to what comes next is not for us"));
        }
        if is_foreign && hosts == Hosts::Same {
            let text = format!(
                "what comes next is at another place, {}; `sameHost: false` goes there, without credentials",
                url.origin().ascii_serialization()
            );
            return Err(paging_error(&self.request, &text));
        }
        if is_foreign {
            self.forget_credentials();
            return self.pin(url);
        }
        self.turn_to(url)
    }

    /// From here on, only asks: the payload has been handed over.
    pub(crate) fn ask_only(&mut self) {
        self.method = Method::GET;
        self.payload = None;
    }

    /// The URL of the next call, at the same place and with the same credentials.
    fn turn_to(&mut self, mut url: Url) -> Result<(), Failure> {
        // They are added again with the other credentials.
        for name in &self.request.secret_parameters {
            let query = with_parameter(url.query().unwrap_or_default(), name, None);
            url.set_query(Some(&query).filter(|it| !it.is_empty()).map(String::as_str));
        }
        let given = self.input.request_headers.get_or_insert_default();
        let has_own = given.0.iter().any(|(name, _)| is(name, &AUTHORIZATION));
        if let (None, false, Some(value)) =
            (&self.input.auth, has_own, self.request.headers.get(AUTHORIZATION))
        {
            // From the user info of `restUrl`, which the URL of the next call has not.
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            given.0.push((AUTHORIZATION.to_string(), value));
        }
        self.pin(url)
    }

    fn pin(&mut self, url: Url) -> Result<(), Failure> {
        // What the peer says is no place for our placeholders.
        self.input.rest_url = Some(String::from(url).replace("${", "%24%7B"));
        self.input.rest_url_params = None;
        self.rebuild()
    }

    fn forget_credentials(&mut self) {
        self.input.auth = None;
        self.input.outbound = None;
        self.input.terms.admission = None;
        // Which of a connection's headers are secret is known to whoever wrote it.
        if self.input.connection.is_some() {
            self.input.request_headers = None;
        }
        if let Some(Headers(headers)) = &mut self.input.request_headers {
            headers.retain(|(name, value)| !is_secret(name.trim()) && !value.contains("${"));
        }
    }

    fn rebuild(&mut self) -> Result<(), Failure> {
        // Under one key, the peer would give the first answer again.
        let suffix = match self.n_calls {
            0 => String::new(),
            n_calls => format!("-{}", n_calls + 1),
        };
        if let Some(key) = &self.key {
            self.input.idempotency_key = Some(IdempotencyKey::Given(format!("{key}{suffix}")));
        }
        let id = format!("{}{suffix}", self.rest.request_id());
        let payload = self.payload.clone();
        let request = client::build(self.rest, self.method.clone(), payload, &self.input, &id)?;
        let warnings = std::mem::take(&mut self.request.warnings);
        self.request = Request { warnings, ..request };
        Ok(())
    }
}

/// `PAGING_ERROR`: going on would never end, or lead where it should not.
pub(crate) fn paging_error(request: &Request, text: &str) -> Failure {
    let target = crate::outcome::target(request);
    Failure::business(ErrorCode::PagingError, request.mask.text(&format!("{target}: {text}")))
}

fn is(name: &str, header: &HeaderName) -> bool {
    name.trim().eq_ignore_ascii_case(header.as_str())
}

/// The query with the parameter set once, or without it.
fn with_parameter(query: &str, name: &str, value: Option<&str>) -> String {
    let encode = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let is_other = |pair: &&str| {
        let found = url::form_urlencoded::parse(pair.as_bytes()).next();
        found.is_some_and(|(found, _)| found != name)
    };
    let others = query.split('&').filter(is_other).map(str::to_owned);
    let own = value.map(|it| format!("{}={}", encode(name), encode(it)));
    others.chain(own).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_set_once_and_the_others_stay_byte_for_byte() {
        for (query, value, expected) in [
            ("", Some("1"), "page=1"),
            ("page=1&page=2&a=%2C+b", Some("3"), "a=%2C+b&page=3"),
            ("p%61ge=1&a", Some("3"), "a&page=3"),
            ("a=1&page=1", None, "a=1"),
            ("a=1", Some("x y&${b}"), "a=1&page=x%20y%26%24%7Bb%7D"),
        ] {
            assert_eq!(with_parameter(query, "page", value), expected, "{query}");
        }
    }
}
