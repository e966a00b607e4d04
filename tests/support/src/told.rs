//! What a run says in the end.

use serde_json::Value;

/// How a run of the connector ended.
pub struct Told {
    /// Standard output as JSON, or as text where it is none.
    pub outputs: Value,
    /// Whether the exit code is 0.
    pub success: bool,
    /// Standard error.
    pub log: String,
}

impl Told {
    /// `kind CODE: message` of a failure.
    pub fn failure(&self) -> String {
        let error = &self.outputs["error"];
        assert!(!self.success && error.is_object(), "no failure: {} {}", self.outputs, self.log);
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        format!("{} {}: {}", text("kind"), text("code"), text("message"))
    }

    /// The outputs of a success.
    pub fn success(self) -> Value {
        assert!(self.success, "{} {}", self.outputs, self.log);
        self.outputs
    }

    /// The output `warnings` as one text.
    pub fn warnings(&self) -> String {
        let warnings = self.outputs["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
        warnings.iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>().join("; ")
    }

    /// How long the last call to a peer took, in milliseconds by the connector's own clock.
    pub fn milliseconds(&self) -> u64 {
        let mut lines = self.log.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let call = lines.rfind(|it| it["message"] == "called");
        call.unwrap()["milliseconds"].as_u64().unwrap()
    }
}
