//! `calls.http`: what the connectors sent to the stand-ins, in the form that editors can send again.

use std::{
    fmt::{self, Display},
    fs::{self, File},
    io::Write,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};

/// Clients set them anew for each call, so they are left out of the file.
const LEFT_OUT: [&str; 3] = ["host", "content-length", "connection"];

/// What came in at a stand-in, and what it answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) method: String,
    /// Beginning with a slash, with the query.
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) reply: Reply,
}

/// What a stand-in answers, always JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Call {
    /// The value of the header `name`, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(there, _)| there == name);
        header.map(|(_, value)| value.as_str())
    }
}

impl Display for Call {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, headers, body, reply } = self;
        let host = self.header("host").unwrap_or_default();
        write!(to, "# answered {}", reply.status)?;
        for (name, value) in &reply.headers {
            write!(to, ", {name}: {value}")?;
        }
        writeln!(to, "\n# {}", reply.body)?;
        writeln!(to, "{method} http://{host}{path}")?;
        for (name, value) in headers.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
            writeln!(to, "{name}: {value}")?;
        }
        if body.is_empty() { Ok(()) } else { writeln!(to, "\n{body}") }
    }
}

/// Writes each call into the file at once, and remembers those of the step that runs.
pub(super) struct Recorder(Mutex<Recording>);

struct Recording {
    file: File,
    title: String,
    calls: Vec<Call>,
}

impl Recorder {
    /// Begins the file anew.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub(super) fn create(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let file = File::create(path).with_context(|| path.display().to_string())?;
        Ok(Self(Mutex::new(Recording { file, title: String::new(), calls: Vec::new() })))
    }

    /// The calls from now on belong to `title`.
    pub(super) fn begin(&self, title: &str) {
        let mut recording = self.lock();
        title.clone_into(&mut recording.title);
        recording.calls.clear();
    }

    /// # Errors
    ///
    /// When the file can't be written.
    pub(super) fn add(&self, call: Call) -> Result<()> {
        let mut recording = self.lock();
        let text = format!("### {}\n{call}\n", recording.title);
        recording.calls.push(call);
        Ok(recording.file.write_all(text.as_bytes())?)
    }

    /// The calls since the latest [`Self::begin`].
    pub(super) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    fn call(body: &str) -> Call {
        let headers = [("host", "localhost:8099"), ("content-length", "9"), ("accept", "*/*")];
        Call {
            method: "PUT".to_owned(),
            path: "/warehouse?now".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: body.to_owned(),
            reply: Reply {
                status: 503,
                headers: vec![("Retry-After", "1".to_owned())],
                body: r#"{"error":"busy"}"#.to_owned(),
            },
        }
    }

    #[test]
    fn a_call_is_shown_as_editors_send_it() {
        let head = "# answered 503, Retry-After: 1\n# {\"error\":\"busy\"}\nPUT http://localhost:8099/warehouse?now\naccept: */*\n";
        assert_eq!(call("").to_string(), head);
        assert_eq!(call(r#"{"a": 1}"#).to_string(), format!("{head}\n{{\"a\": 1}}\n"));
    }

    #[test]
    fn a_step_sees_its_own_calls_only_and_the_file_all() {
        let path =
            env::temp_dir().join(format!("demo-{}", std::process::id())).join("deep/calls.http");
        let recorder = Recorder::create(&path).unwrap();
        recorder.begin("first");
        recorder.add(call("")).unwrap();
        recorder.begin("second");
        assert_eq!(recorder.calls().len(), 0);
        recorder.add(call("")).unwrap();
        recorder.add(call("")).unwrap();
        assert_eq!(recorder.calls().len(), 2);

        let text = fs::read_to_string(&path).unwrap();
        fs::remove_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
        let titles: Vec<_> = text.lines().filter(|line| line.starts_with("###")).collect();
        assert_eq!(titles, ["### first", "### second", "### second"]);
    }
}
