//! `fake-slack [ADDRESS [WORKSPACES.json]]`: the fake as a program, for demos and other languages.

use std::{env, fs, future, io};

use fake_slack::{FakeSlack, Workspace};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the command's output")]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let workspaces = match arguments.next() {
        Some(file) => serde_json::from_slice(&fs::read(file)?)?,
        None => vec![Workspace::demo()],
    };
    let slack = FakeSlack::bind(&address, workspaces).await?;
    println!("SLACK_API_URL={}", slack.api_url());
    println!("SLACK_BOT_TOKEN={}", fake_slack::BOT_TOKEN);
    println!("SLACK_SIGNING_SECRET={}", fake_slack::SIGNING_SECRET);
    println!("SLACK_WEBHOOK_URL={}", slack.webhook_url());
    future::pending().await
}
