//! Runs `cargo test` and adds up what it says, so that one line at the end tells how many tests there were.

use std::{
    fmt,
    io::{self, BufRead, BufReader, IsTerminal},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::tree;

/// Sums over any number of test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(f, ", {} skipped", self.ignored)?;
        }
        Ok(())
    }
}

impl Count {
    /// Whether there was anything to count.
    ///
    /// # Errors
    ///
    /// When no test passed, as `filter` fits none.
    pub(crate) fn not_nothing(&self, filter: Option<&str>) -> Result<()> {
        ensure!(self.passed > 0, "no test's name contains `{}`", filter.unwrap_or_default());
        Ok(())
    }

    /// Runs `cargo test arguments`, shows all that it prints and adds its results to `self`.
    ///
    /// # Errors
    ///
    /// When a test doesn't pass; `self` has counted all of them.
    pub(crate) fn cargo_test(
        &mut self,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<()> {
        let mut command = Command::new("cargo");
        // All tests run even when one doesn't pass: one look shows everything that is wrong.
        command
            .current_dir(tree::root())
            .args(["test", "--no-fail-fast"])
            .args(arguments)
            .envs(environment.iter().copied());
        if io::stdout().is_terminal() {
            // The tests write into a pipe here and would leave their colors out.
            command.args(["--", "--color=always"]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().context("cargo")?;
        let output = child.stdout.take().context("cargo test has no output")?;
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            self.add(&line);
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("cargo test {} ended with {status}", arguments.join(" "));
        }
        Ok(())
    }

    /// Counts a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`; any other line is none.
    fn add(&mut self, line: &str) {
        let Some((_, results)) = line.split_once("test result: ") else {
            return;
        };
        let mut words = results.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let (Ok(n), Some(kind)) = (word.parse::<usize>(), words.peek()) else {
                continue;
            };
            match kind.trim_end_matches(';') {
                "passed" => self.passed += n,
                "failed" => self.failed += n,
                "ignored" => self.ignored += n,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: &str) {
        let mut count = Count::default();
        for line in lines {
            count.add(line);
        }
        assert_eq!(count.to_string(), expected);
    }

    #[test]
    fn lines_that_are_no_results_count_nothing() {
        check(&["test rest::sends ... ok", "3 passed", ""], "0 passed, 0 failed");
    }

    #[test]
    fn results_of_all_binaries_are_added_up() {
        check(
            &[
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s",
                "test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            ],
            "17 passed, 2 failed, 1 skipped",
        );
    }
}
