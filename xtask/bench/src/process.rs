//! A process that is measured: its start and end, the processor time and the memory that it takes.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::time;

use crate::{caller::Caller, setup::Setup};

/// Linux tells processor time in these, whatever the kernel's own clock is (`proc_pid_stat(5)`).
const TICKS_PER_SECOND: f64 = 100.0;
const READY_MAX: Duration = Duration::from_secs(20);
const READINESS: &str = "GET /actuator/health/readiness HTTP/1.1\r\nhost: bench\r\n\r\n";

/// A child that serves HTTP and tells there when it is ready; killed when dropped.
pub(crate) struct Process {
    child: Child,
    name: String,
    pub(crate) address: SocketAddr,
}

/// Resident memory in MB (1,000,000 bytes).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// With the pages of the binary and its libraries, which processes share.
    pub(crate) total: f64,
    /// Its own only: heap and stacks.
    pub(crate) anonymous: f64,
    /// The most that `total` has ever been.
    pub(crate) peak: f64,
}

impl Process {
    /// Starts a connector with these settings and nothing else in its environment, and waits until it is ready.
    ///
    /// # Errors
    /// When it ends, or isn't ready after 20 s; its log is named.
    pub(crate) async fn connector(
        setup: &Setup,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let address = free_address()?;
        let admin = address.to_string();
        let mut command = Command::new(setup.programs.join(name));
        command.env_clear().env("ADMIN_ADDR", &admin).envs(settings.iter().copied());
        Self::start(setup, name, command, address).await
    }

    /// Starts the yardstick, and waits until it is ready.
    ///
    /// # Errors
    /// As for [`Self::connector`].
    pub(crate) async fn bare(setup: &Setup) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(setup.yardsticks.join("bare"));
        command.env_clear().arg(address.to_string());
        Self::start(setup, "bare", command, address).await
    }

    async fn start(
        setup: &Setup,
        name: &str,
        mut command: Command,
        address: SocketAddr,
    ) -> Result<Self> {
        let path = setup.logs.join(format!("{name}.log"));
        let log = File::create(&path).with_context(|| path.display().to_string())?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("program {name}"))?;
        let mut process = Self { child, name: name.to_owned(), address };
        process.ready().await.with_context(|| format!("{name}, see {}", path.display()))?;
        Ok(process)
    }

    async fn ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_MAX;
        while Instant::now() < deadline {
            if let Ok(mut caller) = Caller::connect(self.address).await
                && let Ok(answer) = caller.call(READINESS.as_bytes()).await
                && answer.status == 200
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("ended at its start with {status}");
            }
            time::sleep(Duration::from_micros(500)).await;
        }
        bail!("not ready within {READY_MAX:?}")
    }

    /// The processor time that it has taken so far, in seconds; good to a hundredth.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu(&format!("/proc/{}/stat", self.child.id()))
    }

    /// The same with what the processes that it has started have taken.
    pub(crate) fn family_cpu(&self) -> Result<f64> {
        let children = self.children()?;
        let children = children.iter().map(|id| cpu(&format!("/proc/{id}/stat")));
        Ok(self.cpu()? + children.sum::<Result<f64>>()?)
    }

    /// The resident memory of the largest process that it has started, in MB.
    pub(crate) fn children_memory(&self) -> Result<f64> {
        let memories = self.children()?.into_iter().map(|id| memory(&id));
        let memories = memories.collect::<Result<Vec<_>>>()?;
        Ok(memories.iter().map(|it| it.total).fold(0.0, f64::max))
    }

    /// The ids of the processes that it has started.
    fn children(&self) -> Result<Vec<String>> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut children = Vec::new();
        for task in fs::read_dir(&tasks).with_context(|| tasks.clone())? {
            let ids = fs::read_to_string(task?.path().join("children"))?;
            children.extend(ids.split_whitespace().map(str::to_owned));
        }
        Ok(children)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        memory(&self.child.id().to_string())
    }

    /// Stops it where it stands.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", signal, &id]).status().context("kill")?;
        ensure!(status.success(), "{} is gone", self.name);
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already, which is fine.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the system tells about a process's memory.
fn memory(id: &str) -> Result<Memory> {
    let path = format!("/proc/{id}/status");
    let status = fs::read_to_string(&path).with_context(|| path.clone())?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes =
            line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<f64>().ok());
        kilobytes.map(|it| it * 1024.0 / 1e6).with_context(|| format!("{path}: no {name}"))
    };
    Ok(Memory {
        total: megabytes("VmRSS")?,
        anonymous: megabytes("RssAnon")?,
        peak: megabytes("VmHWM")?,
    })
}

/// The processor time of the calling thread, in seconds.
pub(crate) fn thread_cpu() -> Result<f64> {
    cpu("/proc/thread-self/stat")
}

fn cpu(path: &str) -> Result<f64> {
    let stat = fs::read_to_string(path).with_context(|| path.to_owned())?;
    ticks(&stat).map(|ticks| ticks / TICKS_PER_SECOND).with_context(|| format!("{path}: {stat}"))
}

/// Fields 14 and 15, user and system; the second, a name in parentheses, may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// A port of this machine that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    Ok(free_address()?.port())
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// The sizes of a program in MB.
pub(crate) fn program_size(path: &Path) -> Result<f64> {
    let bytes = fs::metadata(path).with_context(|| path.display().to_string())?.len();
    #[expect(clippy::cast_precision_loss, reason = "no program has 2^52 bytes")]
    Ok(bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_with_parentheses() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 1 2 3 4 150 25 9 9 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(175.0));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert_eq!(ticks(""), None);
    }
}
