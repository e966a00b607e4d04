//! The workers: started ahead of the first document, used for many, replaced when they end or have grown.

use std::{
    fs, io,
    num::NonZeroUsize,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tracing::{debug, warn};

use super::{
    ARGUMENT, Job, Need, Rendered, Reply, Setup, Supply, Trouble, TroubleKind, inside::STACK_BYTES,
    wire,
};

/// A worker is replaced after so many documents, whatever it holds then: names of files are never given back.
const DOCUMENTS_MAX: u32 = 2_000;
/// A worker that holds more memory after a document is replaced, in bytes.
const RESIDENT_MAX: u64 = 300 * 1024 * 1024;
/// Fonts are loaded in a fraction of it.
const START_MAX: Duration = Duration::from_secs(30);
/// What is kept of a worker's last words.
const LAST_WORDS_MAX: u64 = 16 * 1024;

/// Gets what a document refers to, for a worker has no network.
pub(crate) trait Supplies {
    /// The files that are needed, in their order.
    fn supply(&self, needs: Vec<Need>) -> impl Future<Output = Vec<Supply>> + Send;
}

/// Workers at rest, and how many there may be.
pub(crate) struct Pool {
    setup: Setup,
    timeout: Duration,
    idle: Mutex<Vec<Worker>>,
    places: Arc<Semaphore>,
}

/// One process.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
    n_documents: u32,
}

/// What the talk with a worker came to.
enum Talk {
    Done(Rendered),
    Refused(Trouble),
    /// The worker is gone.
    Ended(io::Error),
}

impl Pool {
    /// A pool of `size` workers, all started.
    ///
    /// # Errors
    /// When the first of them does not start.
    pub(crate) async fn start(
        setup: Setup,
        size: NonZeroUsize,
        timeout: Duration,
    ) -> io::Result<Self> {
        let starts = (0..size.get()).map(|_| Worker::start(&setup));
        let mut idle = Vec::new();
        for worker in starts.collect::<Vec<_>>() {
            idle.push(worker?);
        }
        for worker in &mut idle {
            worker.wait_until_ready().await?;
        }
        let places = Arc::new(Semaphore::new(size.get()));
        Ok(Self { setup, timeout, idle: Mutex::new(idle), places })
    }

    /// Makes one document, within `PDF_TIMEOUT` from the moment a worker has it.
    pub(crate) async fn render(
        &self,
        mut job: Job,
        supplies: &impl Supplies,
    ) -> Result<Rendered, Trouble> {
        let broken = |error: &dyn ToString| {
            Trouble::new(TroubleKind::Broken, format!("no process renders: {}", error.to_string()))
        };
        let _place = self.places.acquire().await.map_err(|closed| broken(&closed))?;
        loop {
            let mut worker = self.worker().await.map_err(|error| broken(&error))?;
            let deadline = Instant::now() + self.timeout;
            let talk = timeout_at(deadline, worker.talk(&mut job, supplies)).await;
            let is_fresh = worker.n_documents <= 1;
            let trouble = match talk {
                Err(_elapsed) => {
                    let text =
                        format!("the document takes longer than {:?} (PDF_TIMEOUT)", self.timeout);
                    return Err(Trouble::new(TroubleKind::Limit, text));
                }
                Ok(Talk::Done(rendered)) => {
                    self.put_back(worker);
                    return Ok(rendered);
                }
                Ok(Talk::Refused(trouble)) if trouble.kind != TroubleKind::Broken => {
                    self.put_back(worker);
                    return Err(trouble);
                }
                Ok(Talk::Refused(trouble)) => trouble,
                Ok(Talk::Ended(error)) => worker.why_ended(&error, self.setup.memory_max).await,
            };
            if is_fresh {
                return Err(trouble);
            }
            // The documents before this one may have left too little for it.
            debug!("a worker has ended; the document is tried with a new one");
        }
    }

    async fn worker(&self) -> io::Result<Worker> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(worker) = idle {
            return Ok(worker);
        }
        let mut worker = Worker::start(&self.setup)?;
        worker.wait_until_ready().await?;
        Ok(worker)
    }

    /// Keeps a worker for the next document; one that has done or grown enough gives way to a new one, which loads its fonts meanwhile.
    fn put_back(&self, worker: Worker) {
        let is_spent = worker.n_documents >= DOCUMENTS_MAX || worker.resident() > RESIDENT_MAX;
        let worker = if is_spent { Worker::start(&self.setup) } else { Ok(worker) };
        match worker {
            Ok(worker) => self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker),
            Err(error) => warn!("no new worker: {error}"),
        }
    }
}

impl Worker {
    fn start(setup: &Setup) -> io::Result<Self> {
        let mut child = Command::new(program()?)
            .arg(ARGUMENT)
            .arg(serde_json::to_string(setup)?)
            .env_clear()
            // There is a worker for each core; more threads in one of them would only get in the others' way.
            .env("RAYON_NUM_THREADS", "1")
            .env("RUST_MIN_STACK", STACK_BYTES.to_string())
            // What the allocator reserves counts as data only once it is in use.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(input), Some(output), Some(errors)) => {
                Ok(Self { child, input, output, errors, n_documents: 0 })
            }
            _ => Err(io::Error::other("it has no pipes")),
        }
    }

    async fn wait_until_ready(&mut self) -> io::Result<()> {
        match timeout_at(Instant::now() + START_MAX, wire::receive(&mut self.output)).await {
            Ok(Ok(Reply::Ready)) => Ok(()),
            Ok(Ok(_)) => Err(io::Error::other("it says something else than that it is ready")),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn talk(&mut self, job: &mut Job, supplies: &impl Supplies) -> Talk {
        self.n_documents += 1;
        match self.try_talk(job, supplies).await {
            Ok(Ok(rendered)) => Talk::Done(rendered),
            Ok(Err(trouble)) => Talk::Refused(trouble),
            Err(error) => Talk::Ended(error),
        }
    }

    async fn try_talk(
        &mut self,
        job: &mut Job,
        supplies: &impl Supplies,
    ) -> io::Result<Result<Rendered, Trouble>> {
        wire::send(&mut self.input, job).await?;
        loop {
            match wire::receive(&mut self.output).await? {
                // Of a worker that was started while another document was made.
                Reply::Ready => {}
                Reply::Needs(needs) => {
                    let mut found = supplies.supply(needs).await;
                    wire::send(&mut self.input, &mut found).await?;
                }
                Reply::Done { pages, warnings, files } => {
                    return Ok(Ok(Rendered { pages, warnings, files }));
                }
                Reply::Failed(trouble) => return Ok(Err(trouble)),
            }
        }
    }

    /// Its memory in bytes; 0 where the system does not tell.
    fn resident(&self) -> u64 {
        let told =
            self.child.id().and_then(|id| fs::read_to_string(format!("/proc/{id}/statm")).ok());
        let pages: Option<u64> = told.and_then(|it| it.split(' ').nth(1)?.parse().ok());
        pages.unwrap_or_default() * rustix::param::page_size() as u64
    }

    /// Its last words say whether it ran out of memory or of stack; its exit status says neither.
    async fn why_ended(mut self, error: &io::Error, memory_max: u64) -> Trouble {
        let mut words = String::new();
        let mut errors = (&mut self.errors).take(LAST_WORDS_MAX);
        let read = errors.read_to_string(&mut words);
        let _cut_short = timeout_at(Instant::now() + Duration::from_secs(1), read).await;
        let limit = |text: String| Trouble::new(TroubleKind::Limit, text);
        if words.contains("has overflowed its stack") {
            return limit("the document is nested too deeply".to_owned());
        }
        if words.contains("memory allocation") || words.contains("Cannot allocate memory") {
            let max = memory_max >> 20;
            return limit(format!(
                "the document needs more than {max} MiB of memory (PDF_MEMORY_MAX)"
            ));
        }
        debug!(words, "a worker has ended: {error}");
        Trouble::new(TroubleKind::Broken, "the process that rendered the document has ended")
    }
}

/// This program, also when its file has been replaced since it was started.
fn program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}
