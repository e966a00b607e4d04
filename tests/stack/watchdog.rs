//! Cleans up behind the tests, however they end.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// A shell that waits for this process to be gone, or for the drop, and then runs its command.
///
/// Statics are never dropped and a killed process drops nothing at all, but the system closes its pipes.
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// `cleanup` is a shell command; `arguments` are its `$1`, `$2` …
    pub(crate) fn new(cleanup: &str, arguments: &[&str]) -> Self {
        let shell = Command::new("sh")
            .arg("-c")
            .arg(format!("cat >/dev/null; {cleanup}"))
            .arg("watchdog")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of Ctrl-C, which goes to the whole group of the tests.
            .process_group(0)
            .spawn();
        Self(shell.expect("a shell starts"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.0.wait() {
            eprintln!("watchdog: {error}");
        }
    }
}
