//! The policy on dependencies: `.cargo/deny.toml`, and its bans even where cargo-deny isn't installed.

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

/// What every build goes without: a second implementation of TLS, and C libraries that a static binary can't bring.
const BANNED: [&str; 4] = ["ring", "openssl", "openssl-sys", "native-tls"];

/// Checks licenses, sources, bans and, where their database can be reached, advisories.
///
/// # Errors
///
/// When a dependency breaks the policy.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    if cmd!(sh, "cargo deny --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        println!(
            "   cargo-deny isn't installed (cargo install cargo-deny --locked): only the bans are checked"
        );
        return bans(sh);
    }
    cmd!(sh, "cargo deny --workspace check bans licenses sources").quiet().run()?;
    let advisories =
        cmd!(sh, "cargo deny --workspace check advisories").quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&advisories.stderr);
    if said.contains("failed to fetch advisory database") {
        println!("   advisories are skipped: their database can't be reached from here");
        return Ok(());
    }
    println!("{said}");
    ensure!(advisories.status.success(), "a dependency has an advisory");
    Ok(())
}

fn bans(sh: &Shell) -> Result<()> {
    let tree = cmd!(sh, "cargo tree --workspace --locked --prefix none").quiet().read()?;
    let used = banned(&tree);
    ensure!(used.is_empty(), "banned dependencies: {}; see cargo tree --invert", used.join(", "));
    Ok(())
}

/// The banned packages among `tree`, lines of `name version`.
fn banned(tree: &str) -> Vec<&str> {
    let is_used =
        |name: &str| tree.lines().any(|line| line.split_whitespace().next() == Some(name));
    BANNED.into_iter().filter(|name| is_used(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn a_banned_package_is_named() {
        assert_eq!(banned("lapin v4.12.3\nring v0.17.14\n"), ["ring"]);
        assert_eq!(banned("lapin v4.12.3\nstring v1.0.0\n"), [""; 0]);
    }

    #[test]
    fn the_policy_file_has_the_same_bans() {
        let policy = tree::read(&tree::root().join(".cargo/deny.toml")).unwrap();
        for name in BANNED {
            assert!(policy.contains(&format!("crate = \"{name}\"")), "{name}");
        }
    }
}
