//! Where this machine gets Debian's packages, from apt's configuration.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::tree;

/// Debian's own address, where apt's configuration names none.
const DEFAULT: &str = "http://deb.debian.org/debian";

/// The mirror of Debian itself, not of somebody else's packages for it, which has `release` too: every mirror of Debian
/// has all releases.
///
/// # Errors
///
/// When apt's configuration can't be read.
pub(crate) fn of(apt: &Path, release: &str) -> Result<String> {
    let mut sources = Vec::new();
    for path in tree::files(&apt.join("sources.list.d"), "sources")? {
        sources.extend(stanzas(&tree::read(&path)?));
    }
    let mut lists: Vec<PathBuf> = tree::files(&apt.join("sources.list.d"), "list")?;
    lists.push(apt.join("sources.list"));
    for path in lists {
        // A machine with the newer format has no such file.
        let text = fs::read_to_string(path).unwrap_or_default();
        sources.extend(text.lines().filter_map(one_line));
    }
    sources.retain(Source::is_debian);
    let best = sources
        .iter()
        .find(|it| it.suites.iter().any(|suite| suite == release))
        .or(sources.first());
    Ok(best.map_or(DEFAULT, |it| &it.uri).trim_end_matches('/').to_owned())
}

/// An address that can be shown.
pub(crate) fn without_credentials(mirror: &str) -> String {
    let Some((scheme, rest)) = mirror.split_once("://") else {
        return mirror.to_owned();
    };
    let host = rest.find('/').unwrap_or(rest.len());
    let from = rest[..host].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[from..])
}

struct Source {
    uri: String,
    suites: Vec<String>,
    main: bool,
    /// The keyring, as far as the entry names one.
    signed_by: Option<String>,
}

impl Source {
    fn is_debian(&self) -> bool {
        let signed = match &self.signed_by {
            Some(keyring) => keyring.contains("debian-archive-"),
            None => self.uri.split('/').any(|part| part == "debian"),
        };
        // debootstrap reads neither apt's lists of mirrors nor its compact discs.
        let readable =
            ["http://", "https://", "file:"].iter().any(|scheme| self.uri.starts_with(scheme));
        // The security archive has its own suites and lacks the rest.
        let whole = self.suites.iter().any(|suite| !suite.contains(['-', '/']));
        signed && readable && whole && self.main
    }
}

/// The entries of a `.sources` file: paragraphs of `Key: value`.
fn stanzas(text: &str) -> Vec<Source> {
    let lines: Vec<_> =
        text.lines().filter(|line| !line.starts_with('#')).map(str::trim_end).collect();
    lines.join("\n").split("\n\n").filter_map(stanza).collect()
}

fn stanza(text: &str) -> Option<Source> {
    let value = |key: &str| {
        let mut lines = text.lines().skip_while(|line| {
            !line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(key))
        });
        let mut value = lines.next()?.split_once(':')?.1.trim().to_owned();
        for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
            value.push(' ');
            value.push_str(line.trim());
        }
        Some(value)
    };
    let has = |key: &str, word: &str| {
        value(key).is_some_and(|it| it.split_whitespace().any(|it| it == word))
    };
    if !has("Types", "deb") || has("Enabled", "no") {
        return None;
    }
    Some(Source {
        uri: value("URIs")?.split_whitespace().next()?.to_owned(),
        suites: value("Suites")?.split_whitespace().map(str::to_owned).collect(),
        main: has("Components", "main"),
        signed_by: value("Signed-By"),
    })
}

/// An entry of a `.list` file: `deb [options] uri suite component …`.
fn one_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    Some(Source {
        uri: words.next()?.to_owned(),
        suites: vec![words.next()?.to_owned()],
        main: words.any(|it| it == "main"),
        signed_by: options
            .split_whitespace()
            .find_map(|it| it.strip_prefix("signed-by="))
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: &str) {
        let name = std::thread::current().name().unwrap_or_default().replace("::", "-");
        let apt = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(apt.join("sources.list.d")).unwrap();
        for (file, text) in files {
            fs::write(apt.join(file), text).unwrap();
        }
        let mirror = of(&apt, "bookworm").unwrap();
        fs::remove_dir_all(&apt).unwrap();
        assert_eq!(mirror, expected, "{files:?}");
    }

    #[test]
    fn somebody_elses_packages_are_no_mirror_of_debian() {
        let other = "deb https://packages.example.org/apt bookworm main\n\
            deb [signed-by=/etc/apt/keyrings/example.gpg] https://example.org/debian bookworm main\n\
            deb https://example.org/linux/debian bookworm stable\n";
        let node =
            "Types: deb\nURIs: https://deb.example.org/node\nSuites: nodistro\nComponents: main\n";
        check(&[("sources.list.d/a.list", other), ("sources.list.d/b.sources", node)], DEFAULT);
    }

    #[test]
    fn the_security_archive_lacks_the_rest() {
        check(
            &[(
                "sources.list.d/debian.sources",
                "Types: deb\nURIs: http://security.example.org/debian-security\nSuites: bookworm-security\n\
                     Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
                     Types: deb deb-src\n# a comment\nURIs: http://mirror.example.org/debian/\n\
                     Suites: bookworm bookworm-updates\nComponents: main contrib\n\
                     Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
            )],
            "http://mirror.example.org/debian",
        );
    }

    #[test]
    fn switched_off_and_unreadable_entries_are_passed_over() {
        check(
            &[
                (
                    "sources.list.d/a.sources",
                    "Enabled: no\nTypes: deb\nURIs: http://off.example.org/debian\nSuites: bookworm\nComponents: main\n\n\
                     Types: deb\nURIs: mirror+file:/etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n",
                ),
                (
                    "sources.list",
                    "# deb http://comment.example.org/debian bookworm main\n\
                  deb-src http://source.example.org/debian bookworm main\n\
                  deb http://older.example.org/debian bullseye main\n\
                  deb http://list.example.org/debian bookworm main non-free\n",
                ),
            ],
            "http://list.example.org/debian",
        );
    }

    #[test]
    fn without_any_entry_debians_own_address_is_used() {
        check(&[], DEFAULT);
    }

    #[test]
    fn credentials_are_not_shown() {
        for (mirror, expected) in [
            ("http://user:secret@mirror.example.org/debian", "http://mirror.example.org/debian"),
            ("http://mirror.example.org/a@b", "http://mirror.example.org/a@b"),
            ("file:/srv/debian", "file:/srv/debian"),
        ] {
            assert_eq!(without_credentials(mirror), expected);
        }
    }
}
