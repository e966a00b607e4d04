//! The stand-in for a shop's services: orders, invoices, and a warehouse that is busy once; and for its Slack.

use serde_json::{Value, json};

use super::calls::{Call, Reply};

/// How long a caller has to wait while the warehouse is busy.
const BUSY_SECONDS: u8 = 1;

/// What the services remember.
#[derive(Default)]
pub(super) struct Orders {
    /// Idempotency keys, in the order of their invoices.
    invoices: Vec<String>,
    was_busy: bool,
}

impl Orders {
    /// Answers `call`, whose own reply is ignored.
    pub(super) fn answer(&mut self, call: &Call) -> Reply {
        let path = call.path.split('?').next().unwrap_or_default();
        match (call.method.as_str(), path) {
            ("GET", "/orders/4711") => reply(200, &order()),
            ("GET", path) if path.starts_with("/orders/") => {
                reply(404, &json!({"error": "no such order"}))
            }
            ("POST", "/invoices") => self.invoice(call.header("idempotency-key")),
            ("PUT", "/warehouse/reservations/4711") => self.reserve(&call.body),
            ("POST", "/api/conversations.list") => reply(
                200,
                &json!({"ok": true, "channels": [{"id": "C0ORDERS01", "name": "orders"}]}),
            ),
            ("POST", "/api/chat.postMessage") => reply(200, &posted()),
            ("POST", "/api/auth.test") => {
                reply(200, &json!({"ok": true, "url": "https://shop.slack.com/"}))
            }
            _ => reply(404, &json!({"error": "nothing is served here"})),
        }
    }

    /// The same key, the same invoice: whoever is not sure whether the first call arrived can ask again.
    fn invoice(&mut self, key: Option<&str>) -> Reply {
        let key = key.unwrap_or_default();
        let before = self.invoices.iter().position(|there| !key.is_empty() && there == key);
        let index = before.unwrap_or_else(|| {
            self.invoices.push(key.to_owned());
            self.invoices.len() - 1
        });
        reply(201, &json!({"invoice": format!("R-{}", 1001 + index), "order": 4711}))
    }

    fn reserve(&mut self, body: &str) -> Reply {
        if !self.was_busy {
            self.was_busy = true;
            let mut busy = reply(503, &json!({"error": "counting stock, ask again"}));
            busy.headers.push(("Retry-After", BUSY_SECONDS.to_string()));
            return busy;
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let Some(items) = body["items"].as_array() else {
            return reply(400, &json!({"error": "`items` is no list"}));
        };
        reply(200, &json!({"reserved": items.len()}))
    }
}

/// The answer to a message.
fn posted() -> Value {
    json!({"ok": true, "channel": "C0ORDERS01", "ts": "1763726400.000100"})
}

fn order() -> Value {
    json!({
        "id": 4711,
        "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
        "items": [
            {"article": "punched cards, box of 100", "quantity": 2, "price": 19.9},
            {"article": "brass gear, 48 teeth", "quantity": 1, "price": 249.0},
            {"article": "oil can", "quantity": 1, "price": 7.55},
        ],
        "currency": "EUR",
        "total": 296.35,
    })
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, headers: Vec::new(), body: body.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(orders: &mut Orders, line: &str, key: &str, body: &str, expected: (u16, &str)) {
        let (method, path) = line.split_once(' ').unwrap();
        let headers = vec![("idempotency-key".to_owned(), key.to_owned())];
        let call = Call {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: body.to_owned(),
            ..Call::default()
        };
        let Reply { status, body, .. } = orders.answer(&call);
        assert_eq!((status, body.as_str()), expected, "{line}");
    }

    #[test]
    fn what_is_not_there_is_404() {
        let mut orders = Orders::default();
        let unknown = (404, r#"{"error":"nothing is served here"}"#);
        check(&mut orders, "GET /orders/9999?x=1", "", "", (404, r#"{"error":"no such order"}"#));
        check(&mut orders, "DELETE /orders/4711", "", "", unknown);
        check(&mut orders, "GET /", "", "", unknown);
    }

    #[test]
    fn the_warehouse_is_busy_once() {
        let mut orders = Orders::default();
        let line = "PUT /warehouse/reservations/4711";
        let busy = (503, r#"{"error":"counting stock, ask again"}"#);
        check(&mut orders, line, "", "{}", busy);
        check(&mut orders, line, "", "{}", (400, r#"{"error":"`items` is no list"}"#));
        check(&mut orders, line, "", r#"{"items": [{}, {}]}"#, (200, r#"{"reserved":2}"#));
    }

    #[test]
    fn the_same_key_gets_the_same_invoice() {
        let mut orders = Orders::default();
        for (key, number) in [("a", 1001), ("b", 1002), ("a", 1001), ("", 1003), ("", 1004)] {
            let expected = format!(r#"{{"invoice":"R-{number}","order":4711}}"#);
            check(&mut orders, "POST /invoices", key, "", (201, &expected));
        }
    }

    #[test]
    fn the_order_adds_up() {
        let order = order();
        let items = order["items"].as_array().unwrap();
        let price =
            |item: &Value| item["quantity"].as_f64().unwrap() * item["price"].as_f64().unwrap();
        let total: f64 = items.iter().map(price).sum();
        assert_eq!(items.len(), 3);
        assert!((total - order["total"].as_f64().unwrap()).abs() < 0.001, "{total}");
    }
}
