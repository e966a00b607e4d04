//! Tells the order's way: one aligned line for each step, as it happens.

use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use console::style;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{
    calls::Recorder,
    steps::{Answer, Scene, Seen, Shown, Step},
    wait::Interrupt,
};

/// How requests get to connectors.
pub(super) trait Way {
    /// Lets a connector run an action, and waits for its answer.
    ///
    /// # Errors
    ///
    /// When there is none.
    fn ask(&self, step: &Step, inputs: &Value) -> Result<Answer>;

    /// The log to look into when something goes wrong with `connector`.
    fn log(&self, connector: &str) -> String;
}

/// Runs `steps` in order and shows each.
///
/// # Errors
///
/// When a step doesn't end as it should: which, why, and where the log lies.
pub(super) fn tell(
    steps: &[&Step],
    scene: &mut Scene,
    way: &dyn Way,
    calls: &Recorder,
    interrupt: &Interrupt,
) -> Result<()> {
    let columns = Columns::of(steps);
    for (n, step) in (1..).zip(steps) {
        interrupt.check()?;
        let line = columns.line(n, step);
        calls.begin(&format!("{n} {} {}: {}", step.short(), step.action, step.what));
        let bar = spinner(&line);
        let begun = Instant::now();
        let shown = run(step, scene, way, calls);
        let elapsed = begun.elapsed();
        bar.finish_and_clear();
        match shown {
            Ok(Shown { outcome, note }) => {
                println!("{line}{}   {}", style(outcome).green(), style(took(elapsed)).dim());
                if !note.is_empty() {
                    println!("{}{}", columns.below(), style(note).dim());
                }
            }
            Err(error) => {
                println!("{line}{}   {}", style("did not work").red(), took(elapsed));
                return Err(failed(n, step, &error, &way.log(step.connector)));
            }
        }
    }
    calls.begin("by hand");
    Ok(())
}

/// `what` as a title, in the style of the steps.
pub(super) fn title(what: &str) -> String {
    format!("\n  {}", style(what).bold())
}

fn run(step: &Step, scene: &mut Scene, way: &dyn Way, calls: &Recorder) -> Result<Shown> {
    let answer = way.ask(step, &(step.inputs)(scene))?;
    let shown = (step.shows)(&Seen { answer: &answer, calls: &calls.calls() })?;
    scene.outputs.insert(step.name.to_owned(), Value::Object(answer.outputs));
    Ok(shown)
}

fn failed(n: usize, step: &Step, error: &Error, log: &str) -> Error {
    let (connector, action, what) = (step.connector, step.action, step.what);
    Error::msg(format!("step {n}, {connector} {action} ({what}): {error:#}\n   its log: {log}"))
}

fn took(elapsed: Duration) -> String {
    format!("{} ms", elapsed.as_millis())
}

fn spinner(line: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{prefix}{spinner} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_prefix(line.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Widths, in characters.
struct Columns {
    connector: usize,
    action: usize,
    what: usize,
}

impl Columns {
    fn of(steps: &[&Step]) -> Self {
        let widest = |text: fn(&Step) -> &str| {
            steps.iter().map(|step| text(step).chars().count()).max().unwrap_or(0)
        };
        Self {
            connector: widest(|step| step.short()),
            action: widest(|step| step.action),
            what: widest(|step| step.what),
        }
    }

    /// All that is known before the step runs.
    fn line(&self, n: usize, step: &Step) -> String {
        let Self { connector, action, what } = self;
        format!(
            "  {n}  {:connector$}  {:action$}  {:what$}  ",
            step.short(),
            step.action,
            step.what
        )
    }

    /// What stands before a note: it begins below `what`.
    fn below(&self) -> String {
        " ".repeat("  1  ".len() + self.connector + 2 + self.action + 2)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, env, fs, process};

    use anyhow::bail;
    use serde_json::{Map, json};

    use super::*;

    const FETCH: Step = Step {
        name: "a",
        connector: "rest-connector",
        action: "GET",
        what: "fetch",
        inputs: |scene| json!({"url": scene.stand_ins}),
        shows: |_| Ok(Shown { outcome: "200".to_owned(), note: String::new() }),
    };
    const SEND: Step = Step {
        name: "b",
        connector: "email-connector",
        action: "SEND",
        what: "tell her about it",
        inputs: |scene| scene.outputs["a"].clone(),
        shows: |_| bail!("no answer from her"),
    };

    /// Answers every request with its own inputs, unless it says otherwise.
    #[derive(Default)]
    struct Echo {
        asked: RefCell<Vec<String>>,
        silent: bool,
    }

    impl Way for Echo {
        fn ask(&self, step: &Step, inputs: &Value) -> Result<Answer> {
            self.asked.borrow_mut().push(format!("{} {inputs}", step.action));
            if self.silent {
                bail!("http://localhost:1: refused");
            }
            Ok(Answer { outputs: inputs.as_object().unwrap().clone(), error: None })
        }

        fn log(&self, connector: &str) -> String {
            format!("logs/{connector}.log")
        }
    }

    fn check(name: &str, steps: &[&Step], way: &Echo, expected: &str) {
        let file = env::temp_dir().join(format!("story-{name}-{}.http", process::id()));
        let calls = Recorder::create(&file).unwrap();
        let mut scene =
            Scene { stand_ins: "x".to_owned(), mailbox: (String::new(), 0), outputs: Map::new() };
        let outcome = tell(steps, &mut scene, way, &calls, &Interrupt::never());
        fs::remove_file(file).unwrap();
        let told = outcome.map_or_else(|error| error.to_string(), |()| String::new());
        assert_eq!(told, expected);
    }

    #[test]
    fn a_step_that_shows_something_wrong_names_itself_and_its_log() {
        let way = Echo::default();
        let told = "step 2, email-connector SEND (tell her about it): no answer from her\n   its log: logs/email-connector.log";
        check("wrong", &[&FETCH, &SEND, &FETCH], &way, told);
        assert_eq!(*way.asked.borrow(), [r#"GET {"url":"x"}"#, r#"SEND {"url":"x"}"#]);
    }

    #[test]
    fn a_connector_that_does_not_answer_is_told() {
        let way = Echo { silent: true, ..Echo::default() };
        let told = "step 1, rest-connector GET (fetch): http://localhost:1: refused\n   its log: logs/rest-connector.log";
        check("silent", &[&FETCH], &way, told);
    }

    #[test]
    fn all_is_well_when_every_step_is() {
        check("well", &[&FETCH, &FETCH], &Echo::default(), "");
    }

    #[test]
    fn lines_are_aligned() {
        let columns = Columns::of(&[&FETCH, &SEND]);
        assert_eq!(columns.line(1, &FETCH), "  1  rest   GET   fetch              ");
        assert_eq!(columns.line(2, &SEND), "  2  email  SEND  tell her about it  ");
        assert_eq!(columns.below().len(), "  1  rest   GET   ".len());
    }
}
