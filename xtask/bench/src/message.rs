//! Integration requests, as a runtime bundle writes them (`activiti-cloud.md` §2).

use serde_json::{Value, json};

/// The members that a request may come without are left out, so that twenty variables are about 1 kB.
pub(crate) struct Message {
    before_id: String,
    after_id: String,
    destination: String,
}

/// The bundle that the requests come from, which names the exchanges of their answers.
pub(crate) struct Bundle {
    pub(crate) results: String,
    pub(crate) errors: String,
    name: String,
}

impl Bundle {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            results: format!("integrationResult_{name}"),
            errors: format!("integrationError_{name}"),
            name: name.to_owned(),
        }
    }
}

impl Message {
    /// A request for the action behind `destination`, with these typed variables.
    pub(crate) fn new(bundle: &Bundle, destination: &str, variables: &Value) -> Self {
        const ID: &str = "<id>";
        let body = json!({
            "appName": "bench",
            "serviceFullName": bundle.name,
            "integrationContext": {
                "id": ID,
                "inBoundVariables": variables,
                "clientId": "task",
                "connectorType": destination,
            },
            "resultDestination": bundle.results,
            "errorDestination": bundle.errors,
        });
        let body = body.to_string();
        let (before, after) = body.split_once(ID).unwrap_or((&body, ""));
        Self {
            before_id: before.to_owned(),
            after_id: after.to_owned(),
            destination: destination.to_owned(),
        }
    }

    /// Writes the body; `number` makes the request's id, which must differ or the request counts as delivered again.
    pub(crate) fn write(&self, round: u64, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(self.before_id.as_bytes());
        out.extend_from_slice(format!("{round:08x}-0000-4000-8000-{number:012x}").as_bytes());
        out.extend_from_slice(self.after_id.as_bytes());
    }

    /// Bytes of a body.
    pub(crate) fn size(&self) -> usize {
        let mut body = Vec::new();
        self.write(0, 0, &mut body);
        body.len()
    }

    /// Those of the bundle's headers that a connector reads, and a few that it only carries.
    pub(crate) fn headers(&self) -> [(&'static str, &str); 6] {
        [
            ("connectorType", &self.destination),
            (
                "messagePayloadType",
                "org.activiti.cloud.api.process.model.impl.IntegrationRequestImpl",
            ),
            ("appVersion", "1"),
            ("businessKey", "ORD-42"),
            ("serviceType", "runtime-bundle"),
            ("target-protocol", "amqp"),
        ]
    }
}

/// Twenty variables of ten types.
pub(crate) fn order() -> Value {
    let variables = [
        ("orderId", "string", "ORD-42"),
        ("customer", "string", "Jane"),
        ("street", "string", "1 Main St"),
        ("city", "string", "Rome"),
        ("country", "string", "IT"),
        ("currency", "string", "EUR"),
        ("note", "string", ""),
        ("total", "bigdecimal", "19.90"),
        ("ordered", "date", "2026-11-21T12:00:00.000Z"),
        ("due", "localdate", "2026-11-24"),
        ("quantity", "integer", "2"),
        ("priority", "short", "1"),
        ("weight", "long", "1800"),
        ("position", "integer", "7"),
        ("express", "boolean", "true"),
        ("gift", "boolean", "false"),
        ("paid", "boolean", "true"),
        ("item", "json", r#"{"sku":"A1"}"#),
        ("address", "map", r#"{"zip":"1"}"#),
        ("tags", "list", r#"["a","b"]"#),
    ];
    let typed = variables
        .map(|(name, kind, value)| (name.to_owned(), json!({ "type": kind, "value": value })));
    Value::Object(typed.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_request_of_about_a_kilobyte() {
        let bundle = Bundle::new("b");
        let message = Message::new(&bundle, "noop.RUN", &order());
        let mut body = Vec::new();
        message.write(1, 255, &mut body);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["integrationContext"]["id"], "00000001-0000-4000-8000-0000000000ff");
        assert_eq!(body["integrationContext"]["inBoundVariables"].as_object().unwrap().len(), 20);
        assert!((1000..1300).contains(&message.size()), "{}", message.size());
    }
}
