//! Expressions that may never end or take all memory, in a process of their own that is given up when they do.
//!
//! jq is a programming language: in our process, an endless loop would keep its thread for ever, and a recursion or a
//! list without end would take everybody else's work with it.

mod inside;

use std::{
    collections::HashSet,
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
    time::timeout,
};

use crate::expression::{Scope, Trouble, TroubleKind, Void};

pub(crate) use inside::main;

/// The first argument of the process that evaluates.
pub(crate) const ARGUMENT: &str = "evaluate-expressions";
/// The processor time for the expressions of one call, in whole seconds as the kernel counts it.
const CPU_SECONDS_MAX: u64 = 1;
/// What ends a process that waits instead of working; long, since the machine may be busy.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The most values that one expression gives.
const RESULTS_MAX: usize = 10_000;
/// The results of one call as JSON.
const RESULT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The memory beside the answer's, in address space, program and libraries included.
const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The memory for each byte of the answer.
const MEMORY_PER_BYTE: u64 = 40;
/// How many processes evaluate at the same time.
const PROCESSES_MAX: usize = 4;
/// How many expressions are remembered as checked.
const CHECKED_MAX: usize = 1000;

static PROCESSES: Semaphore = Semaphore::const_new(PROCESSES_MAX);
static CHECKED: Mutex<Option<HashSet<Program>>> = Mutex::new(None);

/// What is to be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Program {
    Jq(String),
    Path(String),
}

/// What the other process is told.
#[derive(Serialize, Deserialize)]
struct Job<'a> {
    programs: Vec<Program>,
    /// None: the programs are only compiled.
    #[serde(borrow)]
    answer: Option<Answer<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Answer<'a> {
    status: u16,
    headers: Box<RawValue>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// What the other process says about one program, on one line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Value(Box<RawValue>),
    Unfit,
    TooMany,
    TooLarge,
    Wrong(String),
}

/// What each of `programs` gives, in their order.
pub(crate) async fn run(
    programs: &[&Program],
    scope: &Scope<'_>,
) -> Result<Vec<Result<Value, Void>>, Trouble> {
    let broken =
        |error: &dyn ToString| Trouble { index: 0, kind: TroubleKind::Broken(error.to_string()) };
    let raw = |it: &dyn Fn() -> serde_json::Result<Box<RawValue>>| it().map_err(|it| broken(&it));
    let headers = raw(&|| serde_json::value::to_raw_value(scope.headers))?;
    let body = raw(&|| serde_json::value::to_raw_value(scope.body))?;
    let answer = Answer { status: scope.status, headers, body: &body };
    let lines = lines(programs, Some(answer)).await?;
    let value = |(index, line): (usize, Line)| match line {
        // Deeper than what this process reads is no JSON for anybody else either.
        Line::Value(raw) => Ok(serde_json::from_str(raw.get()).map_err(|_deep| Void::Unfit)),
        Line::Unfit => Ok(Err(Void::Unfit)),
        Line::TooMany => Ok(Err(Void::TooManyResults)),
        Line::TooLarge => Err(refused(index, "gives more than 10 MiB")),
        Line::Wrong(why) => Err(refused(index, &why)),
    };
    lines.into_iter().enumerate().map(value).collect()
}

/// Refuses programs that do not compile; what has compiled once is remembered.
pub(crate) async fn check(programs: &[&Program]) -> Result<(), Trouble> {
    let is_known = |program: &Program| {
        let checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
        checked.as_ref().is_some_and(|it| it.contains(program))
    };
    if programs.iter().all(|it| is_known(it)) {
        return Ok(());
    }
    for (index, line) in lines(programs, None).await?.into_iter().enumerate() {
        if let Line::Wrong(why) = line {
            return Err(refused(index, &why));
        }
    }
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let checked = checked.get_or_insert_default();
    if checked.len() + programs.len() > CHECKED_MAX {
        checked.clear();
    }
    checked.extend(programs.iter().map(|it| (*it).clone()));
    Ok(())
}

fn refused(index: usize, why: &str) -> Trouble {
    Trouble { index, kind: TroubleKind::Refused(why.to_owned()) }
}

/// Has `programs` carried out; one line for each.
async fn lines(programs: &[&Program], answer: Option<Answer<'_>>) -> Result<Vec<Line>, Trouble> {
    let job = Job { programs: programs.iter().map(|it| (*it).clone()).collect(), answer };
    let broken = |error: &dyn ToString| Trouble {
        index: 0,
        kind: TroubleKind::Broken(format!("no process for expressions: {}", error.to_string())),
    };
    let job = serde_json::to_vec(&job).map_err(|error| broken(&error))?;
    let _permit = PROCESSES.acquire().await.map_err(|error| broken(&error))?;
    let Ok(talk) = timeout(WAIT_MAX, talk(&job)).await else {
        return Err(refused(0, "takes too long"));
    };
    let (status, text) = talk.map_err(|error| broken(&error))?;
    let lines: Vec<Line> =
        text.split(|it| *it == b'\n').map_while(|it| serde_json::from_slice(it).ok()).collect();
    if lines.len() == programs.len() {
        return Ok(lines);
    }
    // Each line is written when it is known, so that the first one without is the culprit.
    Err(Trouble { index: lines.len(), kind: why_ended(status) })
}

/// Hands the job over and takes the lines back. Dropped, it ends the process.
async fn talk(job: &[u8]) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut child = Command::new(program()?)
        .arg(ARGUMENT)
        .env_clear()
        // The allocator would reserve more address space at once than the process may have.
        .env("MIMALLOC_DISALLOW_ARENA_ALLOC", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("it has no pipes"));
    };
    let hand_over = async {
        // It may have ended without reading; its status says why.
        let _broken_pipe = stdin.write_all(job).await;
        drop(stdin);
    };
    let mut text = Vec::new();
    // Some room for the names of the lines, which the limit does not count.
    let mut stdout = stdout.take((RESULT_BYTES_MAX + 64 * 1024) as u64);
    let ((), read) = tokio::join!(hand_over, stdout.read_to_end(&mut text));
    read?;
    drop(stdout);
    Ok((child.wait().await?, text))
}

/// This program, also when its file has been replaced since it was started.
fn program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

fn why_ended(status: ExitStatus) -> TroubleKind {
    // The numbers are those of POSIX systems on all machines that we run on.
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGSEGV: i32 = 11;
    const SIGXCPU: i32 = 24;
    match status.signal() {
        Some(SIGXCPU) => {
            TroubleKind::Refused(format!("takes more than {CPU_SECONDS_MAX} s of processor time"))
        }
        Some(SIGABRT | SIGSEGV | SIGKILL) => {
            TroubleKind::Refused("needs too much memory, or recursion without end".to_owned())
        }
        _ => TroubleKind::Broken(format!("the process for expressions ended with {status}")),
    }
}
