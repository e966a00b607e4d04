//! Postfix and Dovecot of our own, from the machine's packages: own ports, own folder, gone with the tests.

use std::{
    env, fs,
    net::TcpStream,
    os::unix::{
        fs::{PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
};

use super::{Certificates, eventually, free_port, setting, watchdog::Watchdog};

/// What to do where they are missing.
const INSTALL: &str =
    "there is no Postfix with Dovecot; run: apt-get install -y postfix dovecot-imapd";
const MASTER: &str = "/usr/lib/postfix/sbin/master";
const DOVECOT: &str = "/usr/sbin/dovecot";

/// Mail is stored under this user's id, whom the configurations name too.
const NOBODY: u32 = 65534;

/// Ends both with all that they have started. Postfix's own children are in a group of their own, which its master ends.
const CLEANUP: &str = r#"
for pid in "$1/queue/pid/master.pid" "$1/dovecot/master.pid"; do kill -s TERM $(cat "$pid"); done
sleep 0.5
rm -rf "$1""#;

/// An SMTP server whose mails can be fetched over IMAP.
pub(crate) struct MailServer {
    pub(crate) certificates: Certificates,
    home: PathBuf,
    ports: Ports,
    servers: Vec<Child>,
    _watchdog: Watchdog,
}

/// All on this machine only.
pub(crate) struct Ports {
    /// SMTP that insists on STARTTLS and a login, as all here do.
    pub(crate) starttls: u16,
    /// SMTP with TLS from the first byte.
    pub(crate) implicit: u16,
    /// SMTP whose certificate has run out.
    pub(crate) expired: u16,
    /// SMTP that has no TLS, and takes no password that it is shown.
    pub(crate) plain: u16,
    pub(crate) imap: u16,
}

impl MailServer {
    /// For everybody's mailbox.
    pub(crate) const PASSWORD: &str = "S3CR3T-mail";
    /// Whoever is in `example.org` and not here is unknown.
    pub(crate) const MAILBOXES: [&str; 3] = ["jane", "joe", "orders"];

    /// Servers that answer. Where that is impossible the test ends, saying so.
    pub(crate) async fn private() -> Option<Self> {
        let there = [MASTER, DOVECOT].iter().all(|path| Path::new(path).exists());
        // Postfix runs as several users and doesn't start as anybody but root.
        if !there || !is_root() {
            assert!(setting("CI").is_none(), "{INSTALL} (as root)");
            eprintln!("skipped: {INSTALL} (as root)");
            return None;
        }
        let mut server = Self::start();
        let auth = server.home.join("queue/private/auth");
        // Postfix gives a port up for a minute where it finds nobody to ask for passwords.
        eventually("Dovecot takes questions", async || UnixStream::connect(&auth).ok()).await;
        server.launch(MASTER, &["-d", "-c"], "");
        let Ports { starttls, implicit, expired, plain, imap } = server.ports;
        for port in [starttls, implicit, expired, plain, imap] {
            eventually("the mail servers answer", async || {
                TcpStream::connect(("127.0.0.1", port)).ok()
            })
            .await;
        }
        Some(server)
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// With all that it needs, but Postfix not yet started.
    fn start() -> Self {
        static COUNT: AtomicU16 = AtomicU16::new(1);
        let certificates = Certificates::new();
        certificates.sign("server", &["127.0.0.1", "localhost"]);
        certificates.sign_until("expired", &["127.0.0.1", "localhost"], 2020);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = env::temp_dir().join(format!("mail-{}-{count}", process::id()));
        let ports = Ports {
            starttls: free_port(),
            implicit: free_port(),
            expired: free_port(),
            plain: free_port(),
            imap: free_port(),
        };
        let postfix = owner("postfix");
        for (folder, owner) in
            [("", 0), ("mail", NOBODY), ("data", postfix), ("queue", 0), ("queue/private", postfix)]
        {
            fs::create_dir_all(home.join(folder)).expect("a folder for the mail servers");
            chown(home.join(folder), Some(owner), None).expect("the folder is its user's");
        }
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(home.join("queue/private"), private).expect("a private folder");
        let mut server = Self {
            _watchdog: Watchdog::new(CLEANUP, &[&home.to_string_lossy()]),
            certificates,
            home,
            ports,
            servers: Vec::new(),
        };
        server.write("main.cf", include_str!("mail/main.cf"));
        server.write("master.cf", include_str!("mail/master.cf"));
        server.write("dovecot.conf", include_str!("mail/dovecot.conf"));
        let boxes = Self::MAILBOXES.map(|it| format!("/^{it}@example\\.org$/ {it}/\n")).concat();
        server.write("mailboxes", &boxes);
        // Makes the folders of the queue.
        let mut check = Command::new("/usr/sbin/postfix");
        let check = check.arg("-c").arg(&server.home).arg("check").output().expect("postfix runs");
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        server.launch(DOVECOT, &["-F", "-c"], "dovecot.conf");
        server
    }

    fn launch(&mut self, program: &str, options: &[&str], configuration: &str) {
        let console = fs::File::options().create(true).append(true).open(self.home.join("console"));
        let console = console.expect("a log");
        let child = Command::new(program)
            .args(options)
            .arg(self.home.join(configuration))
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(console.try_clone().expect("a second handle"))
            .stderr(console)
            .process_group(0)
            .spawn();
        self.servers.push(child.expect("the mail server starts"));
    }

    /// A file of the configuration, with the words in capitals replaced.
    fn write(&self, file: &str, text: &str) {
        let Ports { starttls, implicit, expired, plain, imap } = &self.ports;
        let certificates = self.certificates.path("");
        let text = text
            .replace("HOME", &self.home.to_string_lossy())
            .replace("CERTIFICATES", certificates.trim_end_matches('/'))
            .replace("PASSWORD", Self::PASSWORD)
            .replace(":STARTTLS", &format!(":{starttls}"))
            .replace(":IMPLICIT", &format!(":{implicit}"))
            .replace(":EXPIRED", &format!(":{expired}"))
            .replace(":PLAIN", &format!(":{plain}"))
            .replace("port = IMAP", &format!("port = {imap}"));
        fs::write(self.home.join(file), text).expect("a configuration");
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read_to_string(self.home.join("postfix.log")).unwrap_or_default();
            println!("{log}");
        }
        for server in &mut self.servers {
            let pid = server.id().to_string();
            Command::new("kill").args(["-s", "TERM", &pid]).status().ok();
            server.wait().ok();
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// The id of a user of this machine.
fn owner(name: &str) -> u32 {
    let id = Command::new("id").args(["-u", name]).output().expect("id runs");
    String::from_utf8_lossy(&id.stdout).trim().parse().expect("the user exists")
}
