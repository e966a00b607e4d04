//! What people see while a task runs: headings, a spinner beside long work, how long it took.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// How much of a failed command's output is shown.
const TAIL_LINES_MAX: usize = 40;

/// A line that starts a new part of the task.
pub(crate) fn heading(title: &str) {
    println!("\n== {title}");
}

/// Seconds, as they are shown everywhere.
pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

/// Runs `command` beside a spinner that shows its latest line of output.
///
/// # Errors
///
/// With the end of its output when it doesn't succeed.
pub(crate) fn quietly(title: &str, command: Command) -> Result<()> {
    quietly_from(title, command, Stdio::null())
}

/// As [`quietly`], with something to read.
pub(crate) fn quietly_from(title: &str, mut command: Command, input: Stdio) -> Result<()> {
    let begun = Instant::now();
    let bar = spinner(title);
    let (reader, writer) = io::pipe()?;
    command.stdin(input).stdout(writer.try_clone()?).stderr(writer);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| program.clone())?;
    // The command keeps the pipe's other end open, and with it the loop below waiting.
    drop(command);

    let mut tail = VecDeque::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        bar.set_message(line.trim().to_owned());
        tail.push_back(line);
        if tail.len() > TAIL_LINES_MAX {
            tail.pop_front();
        }
    }
    let status = child.wait()?;
    bar.finish_and_clear();
    if !status.success() {
        bail!("{title}: {program} ended with {status}\n{}", Vec::from(tail).join("\n"));
    }
    println!("   {title}: {}", seconds(begun.elapsed()));
    Ok(())
}

/// A table whose columns are as wide as their widest cell.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(format!("   {}", cells.join("  ")).trim_end());
        text.push('\n');
    }
    text
}

/// A spinner beside long work; in a log, a line that says that it has begun.
pub(crate) fn spinner(title: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if bar.is_hidden() {
        // Nobody watches a spinner in a log; that something long has begun is still worth a line.
        println!("   {title} …");
        return bar;
    }
    if let Ok(style) =
        ProgressStyle::with_template("   {spinner} {prefix} {elapsed} {wide_msg:.dim}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_shows_the_end_of_its_output() {
        let mut command = Command::new("sh");
        command.args(["-c", "for i in $(seq 100); do echo line $i; done; echo broken >&2; exit 3"]);
        let error = quietly("trying", command).unwrap_err().to_string();
        assert!(error.starts_with("trying: sh ended with exit status: 3\nline 62\n"), "{error}");
        assert!(error.ends_with("line 100\nbroken"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = quietly("trying", Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "no-such-program");
    }

    #[test]
    fn a_table_is_aligned_by_its_widest_cells() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["image", "size"]), row(["rest-connector", "9 MB"])]);
        assert_eq!(text, "   image           size\n   rest-connector  9 MB\n");
    }
}
