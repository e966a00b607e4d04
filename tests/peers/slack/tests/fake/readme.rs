//! Whether the README says what is true.

use fake_slack::{BOT_TOKEN, FakeSlack, Fault};
use reqwest::{Client, Method};

use crate::support::Caller;

const README: &str = include_str!("../../README.md");

/// Stands in for the code under test.
async fn order_is_invoiced(api_url: &str) {
    let http = Client::builder().no_proxy().build().unwrap();
    for expected in [429, 200] {
        let request = http.post(format!("{api_url}chat.postMessage")).bearer_auth(BOT_TOKEN);
        let request = request.query(&[("channel", "orders"), ("text", "Order 4711 invoiced")]);
        assert_eq!(request.send().await.unwrap().status(), expected);
    }
}

#[tokio::test]
async fn the_example_in_rust_runs() {
    let slack = FakeSlack::start().await.unwrap();
    // SLACK_API_URL is slack.api_url(), SLACK_BOT_TOKEN is fake_slack::BOT_TOKEN.
    slack.fail("chat.postMessage", Fault::RateLimited(1));
    order_is_invoiced(&slack.api_url()).await;
    assert_eq!(slack.calls_of("chat.postMessage").len(), 2);
    assert_eq!(slack.messages("orders")[0].text, "Order 4711 invoiced");

    let example = README.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    assert!(dense(include_str!("readme.rs")).contains(&dense(example)), "{example}");
}

#[tokio::test]
async fn the_requests_of_the_table_work() {
    let slack = Caller::new().await;
    let rows =
        README.lines().filter(|line| line.contains("` /_fake/") || line.contains(" /_fake/"));
    let mut n_requests = 0;
    for row in rows.filter(|row| row.starts_with("| `")) {
        let cells: Vec<_> =
            row.split(" | ").map(|cell| cell.trim_matches(['|', '`', ' '])).collect();
        let (method, path) = cells[0].split_once(' ').unwrap();
        let url = format!("{}{path}", slack.slack.url());
        let mut request = slack.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        if !cells[1].is_empty() {
            request = request.header("content-type", "application/json").body(cells[1].to_owned());
        }
        assert_eq!(request.send().await.unwrap().status(), 200, "{row}");
        n_requests += 1;
    }
    assert_eq!(n_requests, 16);
}

#[tokio::test]
async fn faults_are_written_as_in_the_table() {
    let faults = README.split("| was it done? |").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut n_faults = 0;
    for row in faults.lines().filter(|row| row.starts_with("| `")) {
        let cells: Vec<_> =
            row.split(" | ").map(|cell| cell.trim_matches(['|', '`', ' '])).collect();
        let fault: Fault = serde_json::from_str(cells[1]).unwrap();
        assert!(format!("{fault:?}").starts_with(cells[0]), "{row}");
        n_faults += 1;
    }
    assert_eq!(n_faults, 9);
}

#[tokio::test]
async fn every_method_of_the_list_is_played() {
    let slack = Caller::new().await;
    let list = README.split("## What it plays\n\n").nth(1).unwrap().split(';').next().unwrap();
    let methods: Vec<_> = list.split(", ").map(|name| name.trim_matches('`')).collect();
    for method in &methods {
        let answer = slack.form(method, &[]).await;
        assert_ne!(answer["error"], "unknown_method", "{method}");
    }
    assert_eq!(methods.len(), 26);
}
