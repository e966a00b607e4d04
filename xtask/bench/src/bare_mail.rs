//! `bare-mail WAY PORT TASKS MILLISECONDS BYTES`: what a bare loop costs, the yardsticks for mails.
//!
//! Each task builds a mail with lettre – plain text and HTML, with a file of so many bytes where that is not 0 – and sends it
//! over its own kept connection, again and again. Printed are the time of each mail in microseconds and the processor time in
//! seconds. The ways:
//!
//! * `lettre`: its pooled transport, as its documentation shows it. It writes a mail and the dot that ends it one after the
//!   other on a socket that is left to Nagle's algorithm, so that the dot waits for the acknowledgement of the mail, which the
//!   other side delays by some 40 ms.
//! * `lettre-nodelay`: its conversation over a socket without that algorithm, which its transport has no setting for.
//! * `raw`: the socket itself, one command after the other, the mail and its dot at once.
#![expect(clippy::print_stdout, reason = "the result")]

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Attachment, MultiPart, SinglePart, header::ContentType},
    transport::smtp::{PoolConfig, client::AsyncSmtpConnection, extension::ClientId},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpStream,
    task::JoinSet,
};

#[path = "mail_texts.rs"]
mod mail_texts;

use mail_texts::{HTML, SUBJECT, TEXT};

/// How mails are sent, one after the other.
enum Way {
    Lettre(AsyncSmtpTransport<Tokio1Executor>),
    LettreNodelay(Box<AsyncSmtpConnection>),
    Raw(BufStream<TcpStream>),
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let way = arguments.next().unwrap_or_default();
    let numbers: Vec<u64> = arguments.map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [port, n_tasks, milliseconds, bytes] = numbers[..] else {
        bail!("bare-mail WAY PORT TASKS MILLISECONDS BYTES");
    };
    let file = vec![7; usize::try_from(bytes)?];
    let end = Instant::now() + Duration::from_millis(milliseconds);
    let mut tasks = JoinSet::new();
    for _ in 0..n_tasks {
        let mut way = Way::new(&way, u16::try_from(port)?).await?;
        let file = file.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                way.send(message(&file)?).await?;
                times.push(u32::try_from(begun.elapsed().as_micros())?);
            }
            anyhow::Ok(times)
        });
    }
    let times: Result<Vec<_>> = tasks.join_all().await.into_iter().collect();
    println!("{}", json!({ "times": times?.concat(), "cpu": cpu()? }));
    Ok(())
}

impl Way {
    async fn new(name: &str, port: u16) -> Result<Self> {
        let connect = async || {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            anyhow::Ok(stream)
        };
        match name {
            "lettre" => Ok(Self::Lettre(
                AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
                    .port(port)
                    .pool_config(PoolConfig::new().max_size(1))
                    .build(),
            )),
            "lettre-nodelay" => {
                let (stream, hello) = (Box::new(connect().await?), ClientId::default());
                let connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
                Ok(Self::LettreNodelay(Box::new(connection?)))
            }
            "raw" => {
                let mut stream = BufStream::new(connect().await?);
                reply(&mut stream).await?;
                ask(&mut stream, b"EHLO localhost\r\n").await?;
                Ok(Self::Raw(stream))
            }
            other => bail!("`{other}` is no way of sending mails"),
        }
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        match self {
            Self::Lettre(transport) => {
                transport.send(message).await?;
            }
            Self::LettreNodelay(connection) => {
                connection.send(message.envelope(), &message.formatted()).await?;
            }
            Self::Raw(stream) => {
                for command in ["MAIL FROM:<shop@example.org>", "RCPT TO:<ada@example.org>", "DATA"]
                {
                    ask(stream, format!("{command}\r\n").as_bytes()).await?;
                }
                let mut mail = message.formatted();
                mail.extend_from_slice(b"\r\n.\r\n");
                ask(stream, &mail).await?;
            }
        }
        Ok(())
    }
}

async fn ask(stream: &mut BufStream<TcpStream>, octets: &[u8]) -> Result<()> {
    stream.write_all(octets).await?;
    stream.flush().await?;
    reply(stream).await
}

/// The next reply, which has to be a good one.
async fn reply(stream: &mut BufStream<TcpStream>) -> Result<()> {
    loop {
        let mut line = String::new();
        ensure!(stream.read_line(&mut line).await? > 0, "the sink has gone away");
        ensure!(line.starts_with(['2', '3']), "{line}");
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
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
