//! A small HTTP client: JSON to and from this machine.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::{
    Agent,
    http::{Request, header},
};

/// Longer than any call of the demo, shorter than anybody's patience.
const CALL_MAX: Duration = Duration::from_secs(20);

/// Calls services on this machine.
pub(super) struct Client {
    agent: Agent,
    /// Value of the header `Authorization`; empty: none is sent.
    authorization: &'static str,
}

impl Client {
    pub(super) fn new(authorization: &'static str) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(CALL_MAX))
            .http_status_as_error(false)
            // Whatever proxy the machine has, it is not between the machine and itself.
            .proxy(None)
            .build()
            .new_agent();
        Self { agent, authorization }
    }

    /// Status and body of the answer; a body that is no JSON is given as text.
    ///
    /// # Errors
    ///
    /// When there is no answer; it names the address.
    pub(super) fn call(
        &self,
        method: &str,
        url: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value)> {
        let mut request = Request::builder().method(method).uri(url);
        if !self.authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, self.authorization);
        }
        let answer = match body {
            None => self.agent.run(request.body(())?),
            Some(body) => {
                let request = request.header(header::CONTENT_TYPE, "application/json");
                self.agent.run(request.body(body.to_string())?)
            }
        };
        let mut answer = answer.with_context(|| url.to_owned())?;
        let text = answer.body_mut().read_to_string().with_context(|| url.to_owned())?;
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((answer.status().as_u16(), value))
    }
}
