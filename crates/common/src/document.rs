//! Settings that are documents: a JSON object, or the path of a file that holds one and is read again when it changes.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use tracing::{info, warn};

/// How soon a change of the file is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What a document says, as it is now.
pub struct Document<T> {
    setting: &'static str,
    path: Option<String>,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    changed: Option<SystemTime>,
    looked: Option<Instant>,
}

impl<T> Document<T> {
    /// The document that `text`, the value of `setting`, is or names; `read` makes of it what it says.
    ///
    /// # Errors
    /// That there is no such file; what `read` finds wrong.
    pub fn new(
        setting: &'static str,
        text: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return Ok(Self { setting, ..Self::fixed(read(text)?) });
        }
        let path = Some(text.to_owned());
        let changed = changed(text);
        let state = State { changed, ..State::new(read(&file(text)?)?) };
        Ok(Self { setting, path, state: Mutex::new(state) })
    }

    /// What stays as it is, such as the default of a setting that is not there.
    pub fn fixed(value: T) -> Self {
        Self { setting: "", path: None, state: Mutex::new(State::new(value)) }
    }

    /// What it says now; where its file has changed, what `read` makes of it and of what it said before.
    ///
    /// A file that is wrong changes nothing, and the log says why.
    pub fn current(&self, read: impl FnOnce(&str, &T) -> Result<T, String>) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else { return Arc::clone(&state.value) };
        if state.looked.is_some_and(|it| it.elapsed() < LOOK_AGAIN) {
            return Arc::clone(&state.value);
        }
        state.looked = Some(Instant::now());
        let now = changed(path);
        if now != state.changed {
            state.changed = now;
            let setting = self.setting;
            match file(path).and_then(|text| read(&text, &state.value)) {
                Ok(value) => {
                    info!(setting, "its file was read again");
                    state.value = Arc::new(value);
                }
                Err(problem) => warn!(setting, problem, "its file is wrong, all stays as it was"),
            }
        }
        Arc::clone(&state.value)
    }
}

impl<T> State<T> {
    fn new(value: T) -> Self {
        Self { value: Arc::new(value), changed: None, looked: None }
    }
}

fn changed(path: &str) -> Option<SystemTime> {
    fs::metadata(path).and_then(|it| it.modified()).ok()
}

fn file(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("file {path}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use tokio::time;

    use super::*;

    fn upper(text: &str) -> Result<String, String> {
        if text.contains("broken") { Err("is broken".to_owned()) } else { Ok(text.to_uppercase()) }
    }

    fn new(text: &str) -> Result<Document<String>, String> {
        Document::new("SETTING", text, upper)
    }

    fn current(document: &Document<String>) -> String {
        String::clone(&document.current(|text, before| Ok(format!("{before}, {}", upper(text)?))))
    }

    #[test]
    fn what_is_wrong_at_the_start_is_told() {
        assert_eq!(new("{broken").err().unwrap(), "is broken");
        assert_eq!(new("/no/such.json").err().unwrap(), "file /no/such.json: entity not found");
    }

    #[test]
    fn what_is_in_the_setting_itself_stays() {
        assert_eq!(current(&new(" {a}").unwrap()), " {A}");
        assert_eq!(current(&Document::fixed("x".to_owned())), "x");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_read_again_when_it_has_changed_and_is_right() {
        let path = std::env::temp_dir().join(format!("document-{}", uuid::Uuid::new_v4()));
        fs::write(&path, "one").unwrap();
        let document = new(path.to_str().unwrap()).unwrap();
        assert_eq!(current(&document), "ONE");
        let mut later = SystemTime::now();
        let mut write = |text: &str| {
            fs::write(&path, text).unwrap();
            later += Duration::from_secs(10);
            fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        };
        write("two");
        assert_eq!(current(&document), "ONE", "it was looked at a moment ago");
        time::advance(LOOK_AGAIN).await;
        assert_eq!(current(&document), "ONE, TWO");
        write("broken");
        time::advance(LOOK_AGAIN).await;
        assert_eq!(current(&document), "ONE, TWO");
        write("three");
        time::advance(LOOK_AGAIN).await;
        assert_eq!(current(&document), "ONE, TWO, THREE");
        fs::remove_file(&path).unwrap();
        time::advance(LOOK_AGAIN).await;
        assert_eq!(current(&document), "ONE, TWO, THREE");
    }
}
