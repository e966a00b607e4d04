//! `noop-connector`: actions that do nothing, so that what is measured is the cost of everything around an action.

use std::{process::ExitCode, sync::LazyLock};

use common::{Connector, Context, Failure, Object, Outputs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What every call gives: a page of 1 kB, and headers.
static PAGE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../page.json")).unwrap_or_default());
static HEADERS: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "content-type": "application/json",
        "content-length": "1024",
        "date": "Sat, 21 Nov 2026 12:00:00 GMT",
    })
});

#[derive(Deserialize, JsonSchema)]
struct Config {}

/// Twenty inputs of every kind.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoding them is what is measured")]
struct Purchase {
    order_id: String,
    customer: String,
    street: String,
    city: String,
    country: String,
    currency: String,
    note: String,
    total: String,
    ordered: String,
    due: String,
    quantity: i64,
    priority: i64,
    weight: i64,
    position: i64,
    express: bool,
    gift: bool,
    paid: bool,
    item: Value,
    address: Value,
    tags: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    summary: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "nothing is called")]
struct Call {
    rest_url: String,
    connection: Option<String>,
}

/// The outputs of the REST connector's `GET`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Reply {
    rest_result: Value,
    rest_status: u16,
    rest_response_headers: Value,
    response_headers: Value,
}

impl Outputs for Reply {
    fn into_object(self) -> Result<Object, Failure> {
        let outputs = [
            ("restResult", self.rest_result),
            ("restStatus", self.rest_status.into()),
            ("restResponseHeaders", self.rest_response_headers),
            ("responseHeaders", self.response_headers),
        ];
        Ok(outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

fn main() -> ExitCode {
    connector().main()
}

fn connector() -> Connector<()> {
    Connector::new(include_str!("../noop-connector.json"), connect)
        .action("RUN", run)
        .action("REPLY", reply)
}

async fn connect(_config: Config) -> Result<(), Failure> {
    Ok(())
}

async fn run(_: Context<()>, purchase: Purchase) -> Result<Summary, Failure> {
    Ok(Summary { summary: purchase.order_id })
}

async fn reply(_: Context<()>, _call: Call) -> Result<Reply, Failure> {
    Ok(Reply {
        rest_result: PAGE.clone(),
        rest_status: 200,
        rest_response_headers: HEADERS.clone(),
        response_headers: HEADERS.clone(),
    })
}

#[test]
fn definition_and_code_agree() {
    assert_eq!(connector().drift(), [""; 0]);
}

#[test]
fn the_page_is_json_of_a_kilobyte() {
    assert_eq!(PAGE["id"], "4711");
    assert_eq!(include_str!("../page.json").trim_end().len(), 1024);
}
