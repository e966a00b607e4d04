//! The order's way through the connectors, as a table: to add a step, add an entry.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::calls::Call;

/// One task of the process.
pub(super) struct Step {
    /// What later steps call its outputs.
    pub(super) name: &'static str,
    /// Name of the connector; a step whose connector doesn't exist is left out.
    pub(super) connector: &'static str,
    pub(super) action: &'static str,
    /// In a few words, for the reader.
    pub(super) what: &'static str,
    pub(super) inputs: fn(&Scene) -> Value,
    /// What is shown of the outcome; an error when it isn't as it should be.
    pub(super) shows: fn(&Seen) -> Result<Shown>,
}

/// What the inputs of a step are made from.
pub(super) struct Scene {
    /// Address of the stand-ins, without a slash at the end.
    pub(super) stand_ins: String,
    /// Host and port of the mail server.
    pub(super) mailbox: (String, u16),
    /// Outputs by step.
    pub(super) outputs: Map<String, Value>,
}

/// What came of a step.
pub(super) struct Seen<'a> {
    pub(super) answer: &'a Answer,
    /// What the connector sent to the stand-ins.
    pub(super) calls: &'a [Call],
}

/// What a connector told the process.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) outputs: Map<String, Value>,
    pub(super) error: Option<Error>,
}

/// An error as the process sees it.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) code: String,
    pub(super) message: String,
}

/// What a connector has to know of the stand-ins before it starts; those of the REST connector are told by the tasks.
pub(super) fn settings(connector: &str, stand_ins: &str) -> Vec<(&'static str, String)> {
    match connector {
        "slack-connector" => vec![
            ("SLACK_API_URL", format!("{stand_ins}/api/")),
            ("SLACK_BOT_TOKEN", "xoxb-demo".to_owned()),
        ],
        _ => Vec::new(),
    }
}

/// What is shown of a step.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) outcome: String,
    /// A line of its own below; may be empty.
    pub(super) note: String,
}

/// The step that makes a PDF.
const DOCUMENT: &str = "document";

/// Its template.
const INVOICE: &str = include_str!("invoice.html");

/// The way of the order.
pub(super) static STEPS: [Step; 7] = [
    Step {
        name: "order",
        connector: "rest-connector",
        action: "GET",
        what: "fetch order 4711",
        inputs: |scene| json!({"restUrl": scene.at("/orders/4711")}),
        shows: |seen| {
            let order = seen.result(200)?;
            let items = order["items"].as_array().map_or(0, Vec::len);
            ensure!(items == 3, "an order of {items} items instead of 3");
            let (total, currency) = (&order["total"], text(&order["currency"]));
            Ok(Shown { outcome: format!("200, {total} {currency}"), note: String::new() })
        },
    },
    Step {
        name: "invoice",
        connector: "rest-connector",
        action: "POST",
        what: "book it, which makes an invoice number",
        inputs: |scene| {
            let order = &scene.outputs["order"]["restResult"];
            let payload = json!({"order": order["id"], "total": order["total"]});
            json!({"restUrl": scene.at("/invoices"), "requestPayload": payload})
        },
        shows: |seen| {
            let number = text(&seen.result(201)?["invoice"]);
            ensure!(!number.is_empty(), "an answer without a number");
            let Some(key) = seen.calls.last().and_then(|call| call.header("idempotency-key"))
            else {
                bail!("the call went out without an Idempotency-Key");
            };
            Ok(Shown {
                outcome: format!("201, {number}"),
                note: format!("Idempotency-Key {key}: asked again, the same number"),
            })
        },
    },
    Step {
        name: "reservation",
        connector: "rest-connector",
        action: "PUT",
        what: "reserve the items; the warehouse is busy",
        inputs: |scene| {
            let items = &scene.outputs["order"]["restResult"]["items"];
            let url = scene.at("/warehouse/reservations/4711");
            json!({"restUrl": url, "requestPayload": {"items": items}})
        },
        shows: |seen| {
            let reserved = &seen.result(200)?["reserved"];
            ensure!(*reserved == 3, "{reserved} items reserved instead of 3");
            let statuses: Vec<_> = seen.calls.iter().map(|call| call.reply.status).collect();
            ensure!(statuses == [503, 200], "the warehouse answered {statuses:?}, not 503 and 200");
            Ok(Shown {
                outcome: "200, at the second attempt".to_owned(),
                note: "503 with Retry-After: 1, so the connector waited and asked again".to_owned(),
            })
        },
    },
    Step {
        name: DOCUMENT,
        connector: "pdf-connector",
        action: "GENERATE",
        what: "make the invoice a PDF, from HTML",
        inputs: |scene| {
            let order = &scene.outputs["order"]["restResult"];
            let number = &scene.outputs["invoice"]["restResult"]["invoice"];
            json!({
                "template": INVOICE,
                "metadata": {"order": order, "number": number},
                "outputFileName": "invoice-{{ order.id }}",
                "title": "Invoice",
                "footer": "The Shop | {{ number }} | page {{ page }} of {{ pages }}",
                "strict": true,
            })
        },
        shows: |seen| {
            let outputs = seen.outputs()?;
            let told = |name| outputs.get(name).unwrap_or(&Value::Null);
            let file = told("file");
            let Some(size) = file["content"]["sizeInBytes"].as_u64() else {
                bail!("an answer without a file");
            };
            ensure!(*told("pages") == 1, "{} pages instead of 1", told("pages"));
            Ok(Shown {
                outcome: format!("1 page, {} kB", size.div_ceil(1000)),
                note: format!("kept as {}, for the mail to take", text(&file["name"])),
            })
        },
    },
    Step {
        name: "news",
        connector: "slack-connector",
        action: "SEND_MESSAGE",
        what: "tell #orders in Slack",
        inputs: |scene| {
            let order = &scene.outputs["order"]["restResult"];
            let invoice = &scene.outputs["invoice"]["restResult"]["invoice"];
            json!({
                "channelName": "orders",
                "text": "Order ${order.id} for ${order.customer.name} is invoiced: ${invoice}",
                "metadata": {"order": order, "invoice": invoice},
            })
        },
        shows: |seen| {
            let outputs = seen.outputs()?;
            let ts = text(outputs.get("ts").unwrap_or(&Value::Null));
            ensure!(!ts.is_empty(), "an answer without `ts`");
            let said = seen.calls.iter().find(|call| call.path.ends_with("/chat.postMessage"));
            let said = said.and_then(|call| serde_json::from_str::<Value>(&call.body).ok());
            let said = said.unwrap_or_default();
            Ok(Shown {
                outcome: format!("ts {ts}"),
                note: format!("said: {}", text(&said["text"])),
            })
        },
    },
    Step {
        name: "mail",
        connector: "email-connector",
        action: "SEND",
        what: "tell Ada what she ordered, invoice attached",
        inputs: |scene| {
            let order = &scene.outputs["order"]["restResult"];
            json!({
                // No server is configured here, so that the task may name one.
                "smtp_host": scene.mailbox.0, "smtp_port": scene.mailbox.1,
                "from": "The Shop <shop@example.org>", "to": order["customer"]["email"],
                "subject": "Your order {{ id }}",
                "html": "<p>Dear {{ customer.name }},</p><ul>{% for it in items %}<li>{{ it.quantity }} x {{ it.article }}</li>{% endfor %}</ul>",
                "attachments": scene.outputs.get(DOCUMENT).map(|it| &it["file"]),
                "metadata": order,
            })
        },
        shows: |seen| {
            let outputs = seen.outputs()?;
            let told = |name| outputs.get(name).unwrap_or(&Value::Null);
            let accepted = told("accepted");
            ensure!(*accepted == json!(["ada@example.org"]), "accepted for {accepted}");
            Ok(Shown {
                outcome: format!("accepted, message id {}", text(told("messageId"))),
                note: format!("the mail server says: {}", text(told("serverReply"))),
            })
        },
    },
    Step {
        name: "unknown order",
        connector: "rest-connector",
        action: "GET",
        what: "fetch order 9999, which nobody placed",
        inputs: |scene| json!({"restUrl": scene.at("/orders/9999")}),
        shows: |seen| {
            let Error { code, message } = seen.error("NOT_FOUND")?;
            Ok(Shown {
                outcome: format!("{code}, for the process to catch"),
                note: message.clone(),
            })
        },
    },
];

impl Step {
    /// The connector as people call it: `rest` for `rest-connector`.
    pub(super) fn short(&self) -> &'static str {
        self.connector.strip_suffix("-connector").unwrap_or(self.connector)
    }
}

impl Scene {
    /// The PDF's path in the folder that the connectors share.
    pub(super) fn document(&self) -> Option<&str> {
        self.outputs.get(DOCUMENT)?["file"]["uri"].as_str()?.strip_prefix("file://")
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.stand_ins)
    }
}

impl Seen<'_> {
    /// `restResult` of a call that was answered with `status`.
    fn result(&self, status: u16) -> Result<&Value> {
        let outputs = self.outputs()?;
        let told = outputs.get("restStatus").unwrap_or(&Value::Null);
        ensure!(*told == status, "`restStatus` is {told} instead of {status}");
        Ok(outputs.get("restResult").unwrap_or(&Value::Null))
    }

    /// The outputs of a task that succeeded.
    fn outputs(&self) -> Result<&Map<String, Value>> {
        match &self.answer.error {
            Some(Error { code, message }) => bail!("{code}: {message}"),
            None => Ok(&self.answer.outputs),
        }
    }

    fn error(&self, code: &str) -> Result<&Error> {
        match &self.answer.error {
            Some(error) if error.code == code => Ok(error),
            Some(error) => bail!("{}: {} (instead of {code})", error.code, error.message),
            None => bail!("the task succeeded instead of failing with {code}"),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::calls::Reply;

    fn step(name: &str) -> &'static Step {
        STEPS.iter().find(|step| step.name == name).unwrap()
    }

    fn scene() -> Scene {
        let mailbox = ("m".to_owned(), 25);
        Scene { stand_ins: "http://x".to_owned(), mailbox, outputs: Map::new() }
    }

    fn call(status: u16, key: &str) -> Call {
        let headers = vec![("idempotency-key".to_owned(), key.to_owned())];
        let headers = if key.is_empty() { Vec::new() } else { headers };
        Call { headers, reply: Reply { status, ..Reply::default() }, ..Call::default() }
    }

    fn check(name: &str, outputs: &Value, calls: &[Call], expected: &str) {
        let outputs = outputs.as_object().unwrap().clone();
        seen(name, &Answer { outputs, error: None }, calls, expected);
    }

    fn check_error(name: &str, code: &str, expected: &str) {
        let error = Error { code: code.to_owned(), message: "because".to_owned() };
        seen(name, &Answer { outputs: Map::new(), error: Some(error) }, &[], expected);
    }

    fn seen(name: &str, answer: &Answer, calls: &[Call], expected: &str) {
        let shown = (step(name).shows)(&Seen { answer, calls });
        let told = match shown {
            Ok(Shown { outcome, note }) => format!("{outcome} | {note}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(told, expected, "{name}");
    }

    #[test]
    fn an_unexpected_error_is_told_as_the_process_sees_it() {
        check_error("order", "CONNECTION_ERROR", "CONNECTION_ERROR: because");
        check_error("mail", "EMAIL_SEND_ERROR", "EMAIL_SEND_ERROR: because");
        check_error("unknown order", "BAD_REQUEST", "BAD_REQUEST: because (instead of NOT_FOUND)");
        check(
            "unknown order",
            &json!({}),
            &[],
            "the task succeeded instead of failing with NOT_FOUND",
        );
    }

    #[test]
    fn an_unexpected_result_is_told() {
        check("order", &json!({}), &[], "`restStatus` is null instead of 200");
        check("mail", &json!({"accepted": []}), &[], "accepted for []");
        check("order", &json!({"restStatus": 200}), &[], "an order of 0 items instead of 3");
        let invoice = json!({"restStatus": 201, "restResult": {"invoice": "R-1"}});
        check("invoice", &json!({"restStatus": 201}), &[], "an answer without a number");
        check(
            "invoice",
            &invoice,
            &[call(201, "")],
            "the call went out without an Idempotency-Key",
        );
        let reserved = json!({"restStatus": 200, "restResult": {"reserved": 3}});
        check("reservation", &json!({"restStatus": 200}), &[], "null items reserved instead of 3");
        let told = "the warehouse answered [200], not 503 and 200";
        check("reservation", &reserved, &[call(200, "")], told);
    }

    #[test]
    fn a_message_is_shown_as_it_was_sent() {
        let said = Call {
            path: "/api/chat.postMessage".to_owned(),
            body: r#"{"text": "Order 4711"}"#.to_owned(),
            ..Call::default()
        };
        check("news", &json!({"ts": "1.2"}), &[said], "ts 1.2 | said: Order 4711");
        check("news", &json!({}), &[], "an answer without `ts`");
        check_error("news", "UNAUTHORIZED", "UNAUTHORIZED: because");
    }

    #[test]
    fn a_document_is_shown_with_its_place() {
        let file = json!({
            "name": "invoice-4711.pdf",
            "uri": "file:///files/1/invoice-4711.pdf",
            "content": {"sizeInBytes": 24_001},
        });
        let outputs = json!({"pages": 1, "file": file});
        check(
            "document",
            &outputs,
            &[],
            "1 page, 25 kB | kept as invoice-4711.pdf, for the mail to take",
        );
        check("document", &json!({"pages": 1}), &[], "an answer without a file");
        check("document", &json!({"pages": 2, "file": file}), &[], "2 pages instead of 1");
        let mut scene = scene();
        assert_eq!(scene.document(), None);
        scene.outputs.insert("order".to_owned(), json!({"restResult": {}}));
        scene.outputs.insert("document".to_owned(), outputs);
        assert_eq!(scene.document(), Some("/files/1/invoice-4711.pdf"));
        let attached = (step("mail").inputs)(&scene)["attachments"].clone();
        assert_eq!(attached["uri"], "file:///files/1/invoice-4711.pdf");
    }

    #[test]
    fn the_expected_outcome_is_shown() {
        let order = json!({"items": [1, 2, 3], "total": 296.3, "currency": "EUR"});
        check("order", &json!({"restStatus": 200, "restResult": order}), &[], "200, 296.3 EUR | ");
        let invoice = json!({"restStatus": 201, "restResult": {"invoice": "R-1"}});
        let told = "201, R-1 | Idempotency-Key k: asked again, the same number";
        check("invoice", &invoice, &[call(201, "k")], told);
        let mail =
            json!({"accepted": ["ada@example.org"], "messageId": "<m>", "serverReply": "250 ok"});
        check("mail", &mail, &[], "accepted, message id <m> | the mail server says: 250 ok");
        check_error("unknown order", "NOT_FOUND", "NOT_FOUND, for the process to catch | because");
    }

    #[test]
    fn a_step_uses_the_outputs_of_earlier_ones() {
        let order = json!({"id": 4711, "total": 296.3, "items": [{}]});
        let mut scene = scene();
        scene.outputs.insert("order".to_owned(), json!({"restResult": order}));
        let expected = json!({"order": 4711, "total": 296.3});
        assert_eq!((step("invoice").inputs)(&scene)["requestPayload"], expected);
        assert_eq!((step("reservation").inputs)(&scene)["requestPayload"], json!({"items": [{}]}));
    }

    #[test]
    fn names_of_steps_are_unique() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
