//! A RabbitMQ of our own, from the machine's package: own ports, own folder, gone with the tests.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::{
    process::{Child, Command},
    sync::Mutex,
};

use super::{broker, eventually, free_port, watchdog::Watchdog};

/// The scripts behind the ones in `/usr/sbin`, which insist on being root or `rabbitmq`.
const SCRIPTS: &[&str] = &["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/usr/local/sbin"];

/// Keeps its process group's id for the watchdog, and starts the port mapper in the same group:
/// the one that Erlang starts by itself would outlive everything.
const LAUNCH: &str = r#"
echo $$ >"$HOME/group"
epmd -port "$ERL_EPMD_PORT" &
until epmd -names >/dev/null 2>&1; do sleep 0.05; done
exec "$1/rabbitmq-server""#;

const CONFIGURATION: &str = "default_user = e2e
default_pass = S3CR3T-broker
disk_free_limit.absolute = 10MB
";

const CLEANUP: &str = r#"kill -s KILL -- "-$(cat "$1/group")"; sleep 0.2; rm -rf "$1""#;

pub(crate) struct Node {
    scripts: &'static Path,
    home: PathBuf,
    port: u16,
    environment: Vec<(&'static str, String)>,
    server: Mutex<Option<Child>>,
    _watchdog: Watchdog,
}

impl Node {
    /// A node that accepts connections; `None` where RabbitMQ isn't installed.
    ///
    /// `configuration`: further lines of `rabbitmq.conf`.
    pub(crate) async fn start(configuration: &str) -> Option<Self> {
        static COUNT: AtomicU16 = AtomicU16::new(1);
        let scripts = scripts()?;
        let name = format!("e2e-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let home = env::temp_dir().join(&name);
        let port = free_port();
        let environment = environment(&home, &name, port);
        fs::create_dir_all(&home).expect("a folder for the broker");
        fs::write(home.join("plugins"), "[].").expect("a list of plugins");
        fs::write(home.join("rabbitmq.conf"), CONFIGURATION.to_owned() + configuration)
            .expect("a configuration");
        let watchdog = Watchdog::new(CLEANUP, &[&home.to_string_lossy()]);
        let server = Mutex::new(None);
        let node = Self { scripts, home, port, environment, server, _watchdog: watchdog };
        node.launch().await;
        Some(node)
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://e2e:S3CR3T-broker@127.0.0.1:{}/%2f", self.port)
    }

    /// Starts the server again after [`Self::stop`] or [`Self::kill`], with all that was durable.
    pub(crate) async fn launch(&self) {
        let log = fs::File::options().create(true).append(true).open(self.home.join("console"));
        let log = log.expect("a log");
        let server = self
            .command("sh")
            .args(["-c", LAUNCH, "launch"])
            .arg(self.scripts)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .process_group(0)
            .spawn();
        *self.server.lock().await = Some(server.expect("the broker starts"));
        eventually("the broker answers", async || broker::connect(&self.url()).await.ok()).await;
    }

    /// An orderly stop, as an upgrade does it.
    pub(crate) async fn stop(&self) {
        self.end("TERM").await;
    }

    /// As if the power went.
    pub(crate) async fn kill(&self) {
        self.end("KILL").await;
    }

    /// What `rabbitmqctl` prints.
    pub(crate) async fn control(&self, arguments: &[&str]) -> String {
        let output = self.command(self.scripts.join("rabbitmqctl")).args(arguments).output().await;
        let output = output.expect("rabbitmqctl runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rabbitmqctl {arguments:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Neither there nor gone: it takes bytes and answers nothing.
    pub(crate) async fn freeze(&self) {
        self.signal("STOP").await;
    }

    async fn end(&self, signal: &str) {
        let mut server = self.server.lock().await.take().expect("the broker runs");
        self.signal(signal).await;
        server.wait().await.expect("the broker ends");
    }

    async fn signal(&self, signal: &str) {
        let group = fs::read_to_string(self.home.join("group")).expect("the broker's group");
        let target = format!("-{}", group.trim());
        let kill = Command::new("kill").args([&format!("-{signal}"), "--", &target]).status().await;
        assert!(kill.expect("kill runs").success(), "{signal} reaches the broker");
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

fn scripts() -> Option<&'static Path> {
    SCRIPTS.iter().map(Path::new).find(|folder| folder.join("rabbitmqctl").exists())
}

fn environment(home: &Path, name: &str, port: u16) -> Vec<(&'static str, String)> {
    let in_home = |file: &str| home.join(file).to_string_lossy().into_owned();
    vec![
        // The Erlang cookie lies there.
        ("HOME", in_home("")),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_EPMD_PORT", free_port().to_string()),
        ("RABBITMQ_NODENAME", format!("{name}@localhost")),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", free_port().to_string()),
        ("RABBITMQ_MNESIA_BASE", in_home("data")),
        ("RABBITMQ_LOG_BASE", in_home("log")),
        ("RABBITMQ_PID_FILE", in_home("pid")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", in_home("plugins")),
        ("RABBITMQ_CONFIG_FILE", in_home("rabbitmq.conf")),
        // The machine's own server has its settings there.
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        // Several nodes share two cores: no busy waiting.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none".to_owned()),
    ]
}
