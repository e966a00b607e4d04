//! Mails: `SEND` of the email connector to Postfix's `smtp-sink`, against bare loops (`bare_mail.rs`).
//!
//! A loop sends the same mail to the same sink, each of its tasks over a connection that it keeps.
//! Ours includes everything that a request over HTTP costs; a loop is asked by nobody.
//! lettre as it is waits some 40 ms at each mail for Nagle's algorithm, which says nothing about us; so it is measured over
//! a socket without it too, and that is what we are held against, beside a loop that does nothing but write and read.
//! What others need on the same sink and this kind of machine: Jakarta Mail with kept connections 0.82 to 0.93 ms of
//! processor time per small mail and 7.3 to 7.9 ms with 1 MiB attached, Python's smtplib 1.2 to 1.8 ms and 52 ms.

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::{net::TcpStream, process, time};

use crate::{
    caller::Call,
    figure::{Figure, Target},
    http::{Cost, cost},
    mail_texts::{HTML, SUBJECT, TEXT},
    process::{Process, free_port},
    setup::Setup,
};

const CONNECTIONS: [usize; 2] = [1, 8];
/// The loops: how `bare-mail` calls them, how they are shown, and what we have to reach of the rate of each.
const LOOPS: [(&str, &str, Option<f64>); 3] = [
    ("lettre", "lettre", Some(RATIO_MIN)),
    (NODELAY, "lettre without Nagle", Some(RATIO_MIN)),
    ("raw", "a bare socket", None),
];
/// The one whose processor time ours is compared with: it neither waits for nothing nor does without what mails need.
const NODELAY: &str = "lettre-nodelay";
const N_ROUNDS: usize = 3;
const ATTACHMENT_BYTES: usize = 1024 * 1024;
const RATIO_MIN: f64 = 0.85;
const CPU_SMALL_MS_MAX: f64 = 0.2;
const CPU_LARGE_MS_MAX: f64 = 4.0;
const IDLE_MB_MAX: f64 = 15.0;
const START_MAX: Duration = Duration::from_secs(5);
/// Where Debian's package puts it.
const SINK: &str = "/usr/sbin/smtp-sink";

/// Postfix's sink; killed when dropped.
struct Sink {
    child: Child,
    port: u16,
}

/// Mails per second and processor time per mail, small and with 1 MiB attached.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let period = Duration::from_millis(setup.scale.pick(500, 1_500));
    let sink = Sink::start().await?;
    let folder = env::temp_dir().join(format!("bench-mail-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("file.bin"), vec![7; ATTACHMENT_BYTES])?;
    let files = format!("file://{}", folder.display());
    let port = sink.port.to_string();
    let settings = [
        ("EMAIL_HOST", "127.0.0.1"),
        ("EMAIL_PORT", &port),
        ("EMAIL_TLS", "none"),
        ("FILES_URL", &files),
    ];
    let email = Process::connector(setup, "email-connector", &settings).await?;
    let mut figures = vec![
        Figure::new("idle memory", email.memory()?.total, "MB").target(Target::AtMost(IDLE_MB_MAX)),
    ];
    let loop_program = setup.yardsticks.join("bare-mail");
    for (name, bytes, cpu_max) in
        [("small", 0, CPU_SMALL_MS_MAX), ("1 MiB", ATTACHMENT_BYTES, CPU_LARGE_MS_MAX)]
    {
        let mut inputs = json!({
            "from": "Shop <shop@example.org>", "to": "Ada Lovelace <ada@example.org>",
            "subject": SUBJECT, "text": TEXT, "html": HTML,
        });
        if bytes > 0 {
            inputs["attachments"] = json!(format!("{files}/file.bin"));
        }
        let call = Call::post(
            email.address,
            "/v1/do/email-connector/SEND",
            &inputs,
            "\"accepted\":[\"ada@example.org\"]",
        );
        for connections in CONNECTIONS {
            call.repeat(connections, period / 5).await?;
            let mut rounds: [Vec<(Cost, Cost)>; LOOPS.len()] = Default::default();
            for _ in 0..N_ROUNDS {
                let ours = cost(&email, &call, connections, period).await?;
                let mut line = format!("   {name}, {connections} at once: {}", shown(&ours));
                for ((way, title, _), rounds) in LOOPS.iter().zip(&mut rounds) {
                    let theirs =
                        looped(&loop_program, way, sink.port, connections, period, bytes).await?;
                    line.extend(["; ", *title, " ", &shown(&theirs)]);
                    rounds.push((ours, theirs));
                }
                println!("{line}");
            }
            for ((way, title, ratio_min), rounds) in LOOPS.iter().zip(rounds) {
                let of = |what: &str, unit, of: fn(&Cost) -> f64| {
                    let rounds: Vec<_> = rounds.iter().map(|(a, b)| (of(a), of(b))).collect();
                    let name = format!("{what}, {name}, {connections} at once, and {title}");
                    Figure::of_rounds(name, unit, &rounds)
                };
                let mails = of("mails", "/s", |it| it.per_second);
                figures.push(match ratio_min {
                    Some(min) => mails.target(Target::RatioAtLeast(*min)),
                    None => mails,
                });
                if *way == NODELAY {
                    let cpu = of("CPU per mail", "ms", |it| it.cpu_ms_per_call);
                    figures.push(cpu.target(Target::AtMost(cpu_max)));
                }
            }
        }
    }
    figures.push(Figure::new("memory afterwards", email.memory()?.total, "MB"));
    fs::remove_dir_all(&folder)?;
    Ok(figures)
}

fn shown(cost: &Cost) -> String {
    format!("{:.0}/s and {:.3} ms", cost.per_second, cost.cpu_ms_per_call)
}

/// A loop, in a process of its own.
async fn looped(
    program: &Path,
    way: &str,
    port: u16,
    tasks: usize,
    period: Duration,
    bytes: usize,
) -> Result<Cost> {
    let arguments = [port.into(), tasks, usize::try_from(period.as_millis())?, bytes];
    let begun = Instant::now();
    let output = process::Command::new(program)
        .arg(way)
        .args(arguments.map(|it: usize| it.to_string()))
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| program.display().to_string())?;
    let elapsed = begun.elapsed();
    let told: Value = serde_json::from_slice(&output.stdout).context("bare-mail")?;
    let times: Vec<f64> = serde_json::from_value(told["times"].clone())?;
    Ok(Cost::of(times, elapsed.min(period), told["cpu"].as_f64().context("bare-mail: no cpu")?))
}

impl Sink {
    async fn start() -> Result<Self> {
        if !Path::new(SINK).exists() {
            bail!("no smtp-sink: run `apt-get install postfix`");
        }
        let port = free_port()?;
        let mut command = Command::new(SINK);
        // It insists on giving up root's rights, where it has them.
        if fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
        {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .args([format!("127.0.0.1:{port}"), "1000".to_owned()])
            .stdin(Stdio::null())
            .spawn()
            .context(SINK)?;
        let sink = Self { child, port };
        let deadline = Instant::now() + START_MAX;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if Instant::now() > deadline {
                bail!("smtp-sink does not listen within {START_MAX:?}");
            }
            time::sleep(Duration::from_millis(1)).await;
        }
        Ok(sink)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may be gone already, which is fine.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
