//! `bare-mail PORT TASKS MILLISECONDS BYTES`: what a loop around lettre costs, the yardstick for mails.
//!
//! Each task builds a mail – plain text and HTML, with a file of so many bytes where that is not 0 – and sends it over
//! its own kept connection, again and again. Printed are the time of each mail in microseconds and the processor time in seconds.
#![expect(clippy::print_stdout, reason = "the result")]

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Attachment, MultiPart, SinglePart, header::ContentType},
    transport::smtp::PoolConfig,
};
use serde_json::json;
use tokio::task::JoinSet;

#[path = "mail_texts.rs"]
mod mail_texts;

use mail_texts::{HTML, SUBJECT, TEXT};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<u64> =
        std::env::args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [port, n_tasks, milliseconds, bytes] = arguments[..] else {
        anyhow::bail!("bare-mail PORT TASKS MILLISECONDS BYTES");
    };
    let file = vec![7; usize::try_from(bytes)?];
    let end = Instant::now() + Duration::from_millis(milliseconds);
    let mut tasks = JoinSet::new();
    for _ in 0..n_tasks {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(u16::try_from(port)?)
            .pool_config(PoolConfig::new().max_size(1))
            .build();
        let file = file.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                transport.send(message(&file)?).await?;
                times.push(u32::try_from(begun.elapsed().as_micros())?);
            }
            anyhow::Ok(times)
        });
    }
    let times: Result<Vec<_>> = tasks.join_all().await.into_iter().collect();
    println!("{}", json!({ "times": times?.concat(), "cpu": cpu()? }));
    Ok(())
}

fn message(file: &[u8]) -> Result<Message> {
    let texts = MultiPart::alternative()
        .singlepart(SinglePart::plain(TEXT.to_owned()))
        .singlepart(SinglePart::html(HTML.to_owned()));
    let message = Message::builder()
        .from("Shop <shop@example.org>".parse()?)
        .to("Ada Lovelace <ada@example.org>".parse()?)
        .subject(SUBJECT);
    if file.is_empty() {
        return Ok(message.multipart(texts)?);
    }
    let file = Attachment::new("file.bin".to_owned())
        .body(file.to_vec(), ContentType::parse("application/octet-stream")?);
    Ok(message.multipart(MultiPart::mixed().multipart(texts).singlepart(file))?)
}

/// Processor time of this process in seconds (`proc_pid_stat(5)`, fields 14 and 15).
fn cpu() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').context("/proc/self/stat")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let ticks: Vec<f64> = ticks.collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
