//! A RabbitMQ of our own, from this machine's package: own ports, own folder, gone with the measurements.

use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::time;

use crate::{process::free_port, queues};

/// The scripts behind those in `/usr/sbin`, which insist on being root or `rabbitmq`.
const SCRIPTS: [&str; 3] = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/usr/local/sbin"];
const START_MAX: Duration = Duration::from_mins(1);

/// Runs the server in a session of its own until our end of the pipe is closed, however that comes, and cleans up.
///
/// Erlang's port mapper is started along with it, because the one that Erlang starts by itself would stay for ever.
const SUPERVISE: &str = r#"
setsid sh -c 'epmd -port "$ERL_EPMD_PORT" &
until epmd -names >/dev/null 2>&1; do sleep 0.05; done
exec "$0"' "$1" >"$HOME/console" 2>&1 &
server=$!
cat >/dev/null
kill -s KILL -- "-$server"
wait
rm -rf "$HOME""#;

const CONFIGURATION: &str = "default_user = bench
default_pass = bench
disk_free_limit.absolute = 10MB
";

pub(crate) struct Node {
    supervisor: Child,
    port: u16,
}

impl Node {
    /// A node that accepts connections.
    ///
    /// # Errors
    /// Where RabbitMQ isn't installed, with the command that does it; when it doesn't start.
    pub(crate) async fn start() -> Result<Self> {
        let Some(scripts) =
            SCRIPTS.iter().map(Path::new).find(|it| it.join("rabbitmqctl").exists())
        else {
            bail!("no broker: run `apt-get install rabbitmq-server`, or name one in AMQP_URL");
        };
        println!("   starting a broker");
        let name = format!("bench-{}", process::id());
        let home = env::temp_dir().join(&name);
        fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
        fs::write(home.join("plugins"), "[].")?;
        fs::write(home.join("rabbitmq.conf"), CONFIGURATION)?;
        let port = free_port()?;
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISE, "broker"])
            .arg(scripts.join("rabbitmq-server"))
            .envs(environment(&home, &name, port)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of Ctrl-C, which goes to our whole group: it must live to clean up.
            .process_group(0)
            .spawn()
            .context("sh")?;
        let mut node = Self { supervisor, port };
        node.ready(&home).await?;
        Ok(node)
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://bench:bench@127.0.0.1:{}/%2f", self.port)
    }

    async fn ready(&mut self, home: &Path) -> Result<()> {
        let deadline = Instant::now() + START_MAX;
        let url = self.url();
        while queues::connect(&url).await.is_err() {
            if Instant::now() > deadline {
                let console = fs::read_to_string(home.join("console")).unwrap_or_default();
                bail!("the broker is not there after {START_MAX:?}\n{console}");
            }
            time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        if let Err(error) = self.supervisor.wait() {
            eprintln!("the broker may be left behind: {error}");
        }
    }
}

fn environment(home: &Path, name: &str, port: u16) -> Result<Vec<(&'static str, String)>> {
    let inside = |file: &str| -> String {
        let path: PathBuf = home.join(file);
        path.to_string_lossy().into_owned()
    };
    Ok(vec![
        // Erlang's cookie lies there.
        ("HOME", inside("")),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_EPMD_PORT", free_port()?.to_string()),
        ("RABBITMQ_NODENAME", format!("{name}@localhost")),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", free_port()?.to_string()),
        ("RABBITMQ_MNESIA_BASE", inside("data")),
        ("RABBITMQ_LOG_BASE", inside("log")),
        ("RABBITMQ_PID_FILE", inside("pid")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("plugins")),
        ("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf")),
        // The machine's own server has its settings there.
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        // Broker and connector share few processors: no busy waiting.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none".to_owned()),
    ])
}
