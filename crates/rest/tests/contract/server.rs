//! The connector as a process that serves, for what only several calls of one process can show.

use serde_json::Value;
use support::Service;

use crate::CONNECTOR;

pub(crate) struct Server(Service);

impl Server {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self(CONNECTOR.serve(settings))
    }

    /// What the action answers: `error` and `command_response`.
    pub(crate) fn call(&self, action: &str, inputs: &Value) -> Value {
        self.0.call(&format!("rest-connector/{action}"), inputs)
    }

    /// `CODE: message` of a failure, else an empty text.
    pub(crate) fn error(&self, action: &str, inputs: &Value) -> String {
        let answer = self.call(action, inputs);
        match &answer["error"] {
            Value::Null => String::new(),
            error => format!(
                "{}: {}",
                error["error_code"].as_str().unwrap(),
                error["message"].as_str().unwrap()
            ),
        }
    }
}
