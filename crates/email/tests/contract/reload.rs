//! `EMAIL_SERVERS` as a file: what changes in it counts a moment later, and what does not change goes on.

use std::{env, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    mail,
    running::{Running, until},
    smtp::Smtp,
};

/// The file, which goes with the test.
struct File(PathBuf);

impl File {
    fn with(name: &str, servers: &Value) -> Self {
        let file = Self(env::temp_dir().join(format!("email-{name}-{}.json", std::process::id())));
        file.write(&servers.to_string());
        file
    }

    /// As a whole, as whoever changes a running system's settings does it.
    fn write(&self, text: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.0).unwrap();
    }

    fn running(&self) -> Running {
        Running::start(&[("EMAIL_SERVERS", self.0.to_str().unwrap())])
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn at(server: &Smtp) -> Value {
    let port: u16 = server.port().parse().unwrap();
    json!({ "host": "127.0.0.1", "port": port, "tls": "none" })
}

fn error(running: &Running, server: &str) -> Value {
    running.send(&mail(json!({ "server": server })))["error"]["error_code"].clone()
}

#[test]
fn a_file_that_is_wrong_changes_nothing() {
    let (server, other) = (Smtp::plain(), Smtp::plain());
    let file = File::with("wrong", &json!({ "a": at(&server) }));
    let running = file.running();
    assert_eq!(error(&running, "a"), Value::Null);
    // Wrong in its second server only.
    let mut broken = json!({ "a": at(&other), "b": at(&other) });
    broken["b"]["dkim"] = json!({ "domain": "example.org", "selector": "s", "key": "/nothing" });
    file.write(&broken.to_string());
    until("it is read and refused", || {
        assert_eq!(error(&running, "a"), Value::Null);
        running.log().contains("all stays as it was")
    });
    assert!(running.log().contains("`b`: `key`: entity not found"), "{}", running.log());
    assert_eq!((error(&running, "a"), error(&running, "b")), (Value::Null, "INVALID_INPUT".into()));
    assert_eq!((server.seen().connections, other.seen().connections), (1, 0));
}

#[test]
fn servers_come_and_change_while_mails_go_on() {
    let (first, second) = (Smtp::plain(), Smtp::plain());
    let file = File::with("reload", &json!({ "a": at(&first), "b": at(&first) }));
    let running = file.running();
    assert_eq!((error(&running, "a"), error(&running, "b")), (Value::Null, Value::Null));
    assert_eq!(first.seen().connections, 2);
    file.write(&json!({ "a": at(&first), "b": at(&second), "c": at(&second) }).to_string());
    until("the new server is known", || error(&running, "c").is_null());
    assert_eq!((error(&running, "a"), error(&running, "b")), (Value::Null, Value::Null));
    // The connection to the server that stays as it was is kept.
    assert_eq!((first.seen().connections, first.seen().mails.len()), (2, 3));
    assert_eq!(second.seen().mails.len(), 2);
}
