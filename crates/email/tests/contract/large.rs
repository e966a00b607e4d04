//! Large attachments: on the disk while they wait, in pieces on their way, the same whenever they are sent.

use std::{
    env,
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::{
    mail, parsed,
    running::Running,
    send,
    smtp::{Act, Script, Smtp},
};

/// What the connector may need besides for a mail of any size, in bytes.
const PEAK_MAX: u64 = 16 * 1024 * 1024;

/// A folder with a file of so many bytes, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, bytes: usize) -> Self {
        let path = env::temp_dir().join(format!("email-large-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let mut file = BufWriter::new(File::create(path.join("large.bin")).unwrap());
        file.write_all(&content(bytes)).unwrap();
        Self(path)
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    fn attached(&self) -> Value {
        mail(json!({ "attachments": format!("{}/large.bin", self.url()) }))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Bytes of which no piece is like the next.
fn content(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

#[test]
fn sixty_megabytes_are_never_in_memory() {
    const BYTES: usize = 60 * 1024 * 1024;
    let (server, folder) = (Smtp::plain(), Folder::with("peak", BYTES));
    let settings =
        [("FILES_URL", &*folder.url()), ("EMAIL_BYTES_MAX", "100MB"), ("FILE_BYTES_MAX", "100MB")];
    let running = Running::with(&server, &settings);
    running.send(&mail(json!({})));
    let before = running.memory_peak();
    let answer = running.send(&folder.attached());
    assert_eq!(answer["error"], Value::Null, "{answer}");
    let needed = running.memory_peak() - before;
    assert!(needed < PEAK_MAX, "{needed} bytes");
    let taken = server.seen().mails.remove(1);
    assert!(parsed(&taken).attachment(0).unwrap().contents() == content(BYTES));
}

#[test]
fn a_large_mail_is_the_same_whenever_it_is_sent() {
    const BYTES: usize = 3_000_000;
    let acts = vec![("RCPT TO:<b@", 1, Act::Say("450 4.2.0 greylisted"))];
    let server = Smtp::start(Script { acts, ..Script::default() });
    let folder = Folder::with("same", BYTES);
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
    let dkim = json!({ "domain": "example.org", "selector": "s1", "key": key }).to_string();
    let mut input = folder.attached();
    input["to"] = json!(["a@example.org", "b@example.org"]);
    let settings = [("FILES_URL", &*folder.url()), ("EMAIL_DKIM", &dkim)];
    let outputs = send(&server, &input, &settings).success();
    assert_eq!(outputs["accepted"], json!(["a@example.org", "b@example.org"]));
    let mails = server.seen().mails;
    assert!(mails[0].octets.starts_with(b"DKIM-Signature: "));
    assert!(mails[0].octets == mails[1].octets);
    assert!(parsed(&mails[0]).attachment(0).unwrap().contents() == content(BYTES));
}

#[test]
fn without_a_place_for_temporary_files_it_is_held_in_memory() {
    let (server, folder) = (Smtp::plain(), Folder::with("held", 2_000_000));
    let settings = [("FILES_URL", &*folder.url()), ("TMPDIR", "/no/such/folder")];
    let told = send(&server, &folder.attached(), &settings);
    assert!(told.log.contains("an attachment is held in memory"), "{}", told.log);
    told.success();
    assert_eq!(parsed(&server.mail()).attachment(0).unwrap().contents(), content(2_000_000));
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_is_sent() {
    let (server, folder) = (Smtp::plain(), Folder::with("full", 3_000_000));
    // Files may grow to a megabyte, and whoever wants more is refused instead of killed.
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" invoke SEND --input -";
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_email-connector")])
        .env_clear()
        .envs([("EMAIL_HOST", "127.0.0.1"), ("EMAIL_TLS", "none"), ("RETRY_MAX_ATTEMPTS", "1")])
        .envs([("EMAIL_PORT", &*server.port()), ("FILES_URL", &folder.url())])
        .envs([("TMPDIR", &folder.0)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(folder.attached().to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["error"]["kind"], "transient", "{told}");
    let expected = format!(
        "`attachments`: `large.bin` cannot be kept in {} until it is sent (TMPDIR)",
        folder.0.display()
    );
    assert!(told["error"]["message"].as_str().unwrap().starts_with(&expected), "{told}");
    assert_eq!(told["error"]["code"], "INTERNAL_SERVER_ERROR");
    assert_eq!(server.seen().connections, 0);
    let left: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|it| it.unwrap().metadata().unwrap()).collect();
    assert_eq!(left.iter().map(MetadataExt::size).collect::<Vec<_>>(), [3_000_000]);
}
