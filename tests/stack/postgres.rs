//! A `PostgreSQL` of our own, from the machine's package: own port, own folder, gone with the tests.
//!
//! On nothing but the standard library, since `common` takes this file for its tests too.

use std::{
    env, fs,
    net::TcpStream,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::watchdog::Watchdog;

/// What to do where there is none.
pub(crate) const INSTALL: &str = "there is no PostgreSQL; run: apt-get install -y postgresql";

/// Debian has one folder per version there; others have one for all.
const VERSIONS: &str = "/usr/lib/postgresql";
const BINARIES: [&str; 3] = ["/usr/pgsql/bin", "/usr/local/pgsql/bin", "/usr/bin"];

/// The server refuses to run as root, so root gives it to `nobody`.
const NOBODY: u32 = 65534;

/// From the start of the server to its first answer.
const READY_MAX: Duration = Duration::from_secs(30);

const PASSWORD: &str = "S3CR3T-postgres";

/// Everything that the server has started is in its process group.
const CLEANUP: &str = r#"kill -s KILL -- "-$(cat "$1/group")"; sleep 0.2; rm -rf "$1""#;

pub(crate) struct Postgres {
    binaries: PathBuf,
    home: PathBuf,
    port: u16,
    server: Mutex<Option<Child>>,
    _watchdog: Watchdog,
}

impl Postgres {
    /// A server that answers on `port`; `None` where `PostgreSQL` isn't installed.
    pub(crate) fn start(port: u16) -> Option<Self> {
        static COUNT: AtomicU16 = AtomicU16::new(1);
        let binaries = binaries()?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = env::temp_dir().join(format!("postgres-{}-{count}", process::id()));
        fs::create_dir_all(&home).expect("a folder for the database");
        fs::write(home.join("password"), PASSWORD).expect("a password");
        if is_root() {
            for path in [&home, &home.join("password")] {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("the database's folder is its own");
            }
        }
        let watchdog = Watchdog::new(CLEANUP, &[&home.to_string_lossy()]);
        let postgres = Self { binaries, home, port, server: Mutex::default(), _watchdog: watchdog };
        let made = postgres
            .command("initdb")
            .args(["--username", "ledger", "--auth", "scram-sha-256", "--no-sync"])
            .arg("--pwfile")
            .arg(postgres.home.join("password"))
            .args(["--encoding", "UTF8", "--no-locale", "--pgdata"])
            .arg(postgres.home.join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        postgres.launch();
        Some(postgres)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://ledger:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts the server again after [`Self::kill`], with all that it had confirmed.
    pub(crate) fn launch(&self) {
        let log = fs::File::options().create(true).append(true).open(self.home.join("log"));
        let log = log.expect("a log");
        let server = self
            .command("postgres")
            .arg("-D")
            .arg(self.home.join("data"))
            .args(["-p", &self.port.to_string(), "-h", "127.0.0.1", "-k", ""])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("the database starts");
        fs::write(self.home.join("group"), server.id().to_string()).expect("a group");
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        let deadline = Instant::now() + READY_MAX;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() || !self.answers() {
            let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "the database does not answer: {log}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// As if the power went.
    pub(crate) fn kill(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut server = server.expect("the database runs");
        let group = format!("-{}", server.id());
        let kill = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
        assert!(kill.expect("kill runs").success(), "the database can be killed");
        server.wait().expect("the database ends");
        // Its children are not ours to wait for, but the next one needs the port and the memory.
        let deadline = Instant::now() + READY_MAX;
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(Instant::now() < deadline, "the database is gone");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What `psql` prints: values without decoration.
    pub(crate) fn query(&self, sql: &str) -> String {
        let output = self.psql(sql);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn answers(&self) -> bool {
        self.psql("SELECT 1").status.success()
    }

    fn psql(&self, sql: &str) -> process::Output {
        let options = ["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql];
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.arg(self.url()).args(options).output().expect("psql runs")
    }

    /// As somebody who may run a server.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.current_dir(&self.home).env_clear().env("TZ", "UTC");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

fn is_root() -> bool {
    // The owner of what this process has just made says who it is.
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|it| it.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(BINARIES.map(PathBuf::from));
    folders.into_iter().find(|folder| Path::new(folder).join("initdb").exists())
}
