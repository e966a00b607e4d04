//! Settings: environment → struct, with every problem in one readable list.

mod environment;
mod types;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::environment::Environment;
pub use self::{
    environment::{referenced, variables},
    types::{Period, Secret, Size},
};
use crate::{
    Object,
    definition::ConfigParam,
    schema::{self, ReadError},
};

/// A setting: its name, and what a newcomer needs to know about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// Older names and Spring's, in the order in which they are looked for.
    pub(crate) aliases: Vec<String>,
    /// Empty: none.
    pub(crate) default: String,
    pub(crate) help: String,
    pub(crate) required: bool,
    pub(crate) secure: bool,
}

impl From<&ConfigParam> for Declared {
    fn from(param: &ConfigParam) -> Self {
        Self {
            name: param.name.clone(),
            aliases: Vec::new(),
            default: param.value.clone(),
            help: param.description.clone(),
            required: param.required,
            secure: param.secure,
        }
    }
}

/// A setting that needs attention.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) hint: String,
}

/// What was read, and what each setting is in effect (secrets masked).
#[derive(Debug)]
pub(crate) struct Read<T> {
    pub(crate) value: T,
    pub(crate) effective: Object,
}

/// Reads what is declared; all problems at once.
pub(crate) fn read<T: DeserializeOwned>(
    declared: &[Declared],
    environment: &Environment,
) -> Result<Read<T>, Vec<Problem>> {
    match read_in_part(declared, environment) {
        (Some(read), problems) if problems.is_empty() => Ok(read),
        (_, problems) => Err(problems),
    }
}

/// Reads what can be read, with defaults for what can't, so that the rest can be checked further.
pub(crate) fn read_in_part<T: DeserializeOwned>(
    declared: &[Declared],
    environment: &Environment,
) -> (Option<Read<T>>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut texts = Object::new();
    for setting in declared {
        match environment.text(setting) {
            Ok(Some(text)) => drop(texts.insert(setting.name.clone(), text.into())),
            Ok(None) if !setting.default.is_empty() => {
                texts.insert(setting.name.clone(), setting.default.clone().into());
            }
            Ok(None) if setting.required => problems.push(missing(setting)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let effective = masked(declared, &texts);
    let value = read_all(declared, texts, &mut problems);
    problems.sort_by_key(|problem| declared.iter().position(|it| it.name == problem.name));
    (value.map(|value| Read { value, effective }), problems)
}

/// Deserialization stops at the first error, so what it stops at gives way to its default until nothing new comes up.
fn read_all<T: DeserializeOwned>(
    declared: &[Declared],
    mut texts: Object,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let mut is_complete = true;
    loop {
        let (path, why) = match schema::from_object(&texts) {
            Ok(value) => return Some(value).filter(|_| is_complete),
            Err(ReadError::Missing { name }) => {
                if !problems.iter().any(|it| it.name == name) {
                    problems.extend(declared.iter().find(|it| it.name == name).map(missing));
                }
                // What is flattened is read only when nothing else is missing.
                if texts.insert(name, "".into()).is_some() {
                    return None;
                }
                is_complete = false;
                continue;
            }
            Err(ReadError::Invalid { path, why }) => (path, why),
        };
        let name = match path.split(['.', '[']).next().unwrap_or_default() {
            "" => culprit::<T>(declared, &texts, &why).unwrap_or_default(),
            name => name,
        };
        let setting = declared.iter().find(|it| it.name == name);
        if problems.iter().any(|it| it.name == name) {
            return None;
        }
        let value = texts.shift_remove(name).unwrap_or_default();
        if let Some(setting) = setting.filter(|it| !it.default.is_empty()) {
            texts.insert(name.to_owned(), setting.default.clone().into());
        }
        let what = match setting {
            // The library's texts quote the value.
            Some(setting) if setting.secure && why.contains('"') => {
                "is not what it should be".to_owned()
            }
            // Nor is there anything of it in the words of who has read it.
            Some(setting) if setting.secure => why,
            _ => readable(&why, &value),
        };
        let hint = setting.map(|it| it.help.clone()).unwrap_or_default();
        problems.push(Problem { name: name.to_owned(), what, hint });
    }
}

/// The setting that an error without a path is about, which is one of a flattened group.
///
/// One after the other gives way to its default; the error goes with the one that it is about, or with the last of several.
fn culprit<'a, T: DeserializeOwned>(
    declared: &'a [Declared],
    texts: &Object,
    why: &str,
) -> Option<&'a str> {
    let mut others = texts.clone();
    let is_about = |setting: &&Declared| {
        let is_given = others.shift_remove(&setting.name).is_some();
        if !setting.default.is_empty() {
            others.insert(setting.name.clone(), setting.default.clone().into());
        }
        let still = |error| matches!(error, ReadError::Invalid { why: other, .. } if other == why);
        is_given && !schema::from_object::<T>(&others).is_err_and(still)
    };
    // Without a required setting there would be another error.
    let mut optional = declared.iter().filter(|it| !it.required || !it.default.is_empty());
    optional.find(is_about).map(|it| it.name.as_str())
}

/// serde's words in the words of somebody who sets variables.
fn readable(why: &str, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let integer = ["expected u", "expected i", "expected a nonzero"];
    if integer.iter().any(|it| why.contains(it)) {
        return format!("\"{text}\" is no number");
    }
    if why.contains("expected a boolean") {
        return format!("\"{text}\" is neither true nor false");
    }
    match why.split_once("unknown variant ") {
        Some((_, choices)) => {
            let choices = choices.split_once("expected ").map_or("", |(_, choices)| choices);
            format!("\"{text}\" is none of {}", choices.trim_start_matches("one of "))
        }
        None => why.to_owned(),
    }
}

fn missing(setting: &Declared) -> Problem {
    let name = setting.name.clone();
    Problem { name, what: "is missing".to_owned(), hint: setting.help.clone() }
}

fn masked(declared: &[Declared], texts: &Object) -> Object {
    let secure: BTreeSet<&str> =
        declared.iter().filter(|it| it.secure).map(|it| it.name.as_str()).collect();
    let mask = |(name, text): (&String, &Value)| {
        let shown = if secure.contains(name.as_str()) { "***".into() } else { text.clone() };
        (name.clone(), shown)
    };
    texts.iter().map(mask).collect()
}

/// The list that a person sees who has made a mistake (`experience.md` "Starting with a mistake").
pub(crate) fn explain(connector: &str, problems: &[Problem]) -> String {
    let settings = if problems.len() == 1 { "setting needs" } else { "settings need" };
    let mut text = format!("{connector} can't start: {} {settings} attention\n\n", problems.len());
    let name = problems.iter().map(|it| it.name.len()).max().unwrap_or_default();
    let what = problems.iter().map(|it| it.what.chars().count()).max().unwrap_or_default().min(60);
    for problem in problems {
        let Problem { name: setting, what: wrong, hint } = problem;
        let line = format!("  {setting:name$}  {wrong:what$}  {hint}");
        text += line.trim_end();
        text.push('\n');
    }
    text + &format!("\nAll settings: {connector} run --help\n")
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    #[expect(clippy::struct_field_names, reason = "settings are named in full")]
    struct Config {
        email_host: String,
        email_port: u16,
        email_password: Option<Secret>,
        email_timeout: Period,
        email_bytes_max: Size,
        email_tls: Option<bool>,
    }

    fn declared() -> Vec<Declared> {
        let setting = |name: &str, default: &str, help: &str, required| Declared {
            name: name.to_owned(),
            default: default.to_owned(),
            help: help.to_owned(),
            required,
            secure: name.ends_with("PASSWORD"),
            ..Declared::default()
        };
        let mut host =
            setting("EMAIL_HOST", "", "the SMTP server's name, e.g. smtp.example.org", true);
        host.aliases = vec!["SPRING_MAIL_HOST".to_owned()];
        vec![
            host,
            setting("EMAIL_PORT", "587", "e.g. 587", false),
            setting("EMAIL_PASSWORD", "", "", false),
            setting("EMAIL_TIMEOUT", "20s", "", false),
            setting("EMAIL_BYTES_MAX", "10MiB", "", false),
            setting("EMAIL_TLS", "", "", false),
        ]
    }

    fn check<const N: usize>(variables: [(&str, &str); N], expected: &[(&str, &str)]) {
        let problems = read::<Config>(&declared(), &Environment::of(variables)).unwrap_err();
        let got: Vec<_> = problems.iter().map(|it| (it.name.as_str(), it.what.as_str())).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn all_problems_are_found_at_once() {
        check(
            [
                ("EMAIL_PORT", "smtp"),
                ("EMAIL_PASSWORD_FILE", "/nowhere/pw"),
                ("EMAIL_TIMEOUT", "soon"),
                ("EMAIL_TLS", "maybe"),
            ],
            &[
                ("EMAIL_HOST", "is missing"),
                ("EMAIL_PORT", "\"smtp\" is no number"),
                ("EMAIL_PASSWORD", "file /nowhere/pw: no such file"),
                ("EMAIL_TIMEOUT", "\"soon\" is no duration, e.g. 500ms, 10s, 2m"),
                ("EMAIL_TLS", "\"maybe\" is neither true nor false"),
            ],
        );
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    struct Grouped {
        email_host: String,
        email_port: u16,
        #[serde(flatten)]
        group: Group,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    #[expect(clippy::struct_field_names, reason = "settings are named in full")]
    struct Group {
        email_timeout: Period,
        email_pause: Option<Period>,
        email_bytes_max: Size,
        email_password: Option<Secret>,
    }

    fn grouped<const N: usize>(variables: [(&str, &str); N]) -> Result<Grouped, String> {
        let mut declared = declared();
        declared.pop();
        declared.push(Declared { name: "EMAIL_PAUSE".to_owned(), ..Declared::default() });
        let read = read::<Grouped>(&declared, &Environment::of(variables));
        read.map(|it| it.value).map_err(|problems| {
            let texts: Vec<_> =
                problems.iter().map(|it| format!("{}: {}", it.name, it.what)).collect();
            texts.join("; ")
        })
    }

    #[test]
    fn settings_of_a_group_are_told_by_name_too() {
        let soon = "\"soon\" is no duration, e.g. 500ms, 10s, 2m";
        let told = grouped([
            ("EMAIL_HOST", "h"),
            ("EMAIL_PORT", "smtp"),
            ("EMAIL_TIMEOUT", "soon"),
            ("EMAIL_PAUSE", "soon"),
            ("EMAIL_BYTES_MAX", "much"),
        ]);
        let expected = format!(
            "EMAIL_PORT: \"smtp\" is no number; EMAIL_TIMEOUT: {soon}; \
             EMAIL_BYTES_MAX: \"much\" is no size, e.g. 12MiB, 50MB; EMAIL_PAUSE: {soon}"
        );
        assert_eq!(told.unwrap_err(), expected);
        let told = grouped([("EMAIL_TIMEOUT", "soon")]);
        assert_eq!(told.unwrap_err(), format!("EMAIL_HOST: is missing; EMAIL_TIMEOUT: {soon}"));
    }

    #[test]
    fn settings_of_a_group_are_read_like_others() {
        let read = grouped([("EMAIL_HOST", "h"), ("EMAIL_PORT", "25"), ("EMAIL_PASSWORD", "x")]);
        let Grouped { email_host, email_port, group } = read.unwrap();
        assert_eq!((email_host.as_str(), email_port), ("h", 25));
        assert_eq!(group.email_timeout, Period(Duration::from_secs(20)));
        assert_eq!(group.email_bytes_max, Size(10 * 1024 * 1024));
        assert_eq!(group.email_pause, None);
        assert_eq!(group.email_password.unwrap().reveal(), "x");
    }

    #[test]
    fn variables_of_libraries_are_found_by_prefix_and_their_secrets_in_files() {
        let path = std::env::temp_dir().join(format!("key-{}", std::process::id()));
        fs::write(&path, "hunter2\n").unwrap();
        let environment = Environment::of([
            ("AWS_REGION", "eu-1"),
            ("AWS_ENDPOINT", ""),
            ("AWS_KEY_FILE", path.to_str().unwrap()),
            ("AWS_TOKEN_FILE", "/token"),
            ("OTHER", "x"),
        ]);
        let found = environment.variables(&["AWS_"], &["AWS_KEY"]).unwrap();
        fs::remove_file(&path).unwrap();
        let found: Vec<_> = found.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let key_file = format!("AWS_KEY_FILE={}", path.display());
        assert_eq!(
            found,
            ["AWS_KEY=hunter2", &key_file, "AWS_REGION=eu-1", "AWS_TOKEN_FILE=/token"]
        );
        assert_eq!(
            environment.variables(&["AWS_"], &["AWS_KEY", "AWS_TOKEN"]).unwrap_err(),
            [
                ("AWS_KEY", "file ".to_owned() + path.to_str().unwrap() + ": no such file"),
                ("AWS_TOKEN", "file /token: no such file".to_owned())
            ]
        );
    }

    #[test]
    fn a_port_beyond_the_range_is_refused() {
        check(
            [("EMAIL_HOST", "h"), ("EMAIL_PORT", "65536")],
            &[("EMAIL_PORT", "\"65536\" is no number")],
        );
    }

    #[test]
    fn defaults_come_from_the_declaration_and_older_names_are_understood() {
        let environment = Environment::of([("SPRING_MAIL_HOST", "h"), ("EMAIL_PORT", "")]);
        let config: Config = read(&declared(), &environment).unwrap().value;
        assert_eq!((config.email_host.as_str(), config.email_port), ("h", 587));
        assert_eq!(config.email_timeout, Period(Duration::from_secs(20)));
        assert_eq!(config.email_bytes_max, Size(10 * 1024 * 1024));
        assert!(config.email_tls.is_none() && config.email_password.is_none());
    }

    #[test]
    fn a_secret_is_read_from_a_file_and_shown_nowhere() {
        let path = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        fs::write(&path, "hunter2\n").unwrap();
        let environment =
            Environment::of([("EMAIL_HOST", "h"), ("EMAIL_PASSWORD_FILE", path.to_str().unwrap())]);
        let read = read::<Config>(&declared(), &environment).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(read.value.email_password.as_ref().unwrap().reveal(), "hunter2");
        assert_eq!(read.effective["EMAIL_PASSWORD"], "***");
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn plain_numbers_are_milliseconds_and_bytes() {
        let environment = Environment::of([
            ("EMAIL_HOST", "h"),
            ("EMAIL_TIMEOUT", "1500"),
            ("EMAIL_BYTES_MAX", "1000"),
        ]);
        let config: Config = read(&declared(), &environment).unwrap().value;
        assert_eq!(config.email_timeout, Period(Duration::from_millis(1500)));
        assert_eq!(config.email_bytes_max, Size(1000));
    }

    #[test]
    fn the_list_reads_like_the_storyboard() {
        let environment = Environment::of([("EMAIL_PORT", "smtp")]);
        let problems = read::<Config>(&declared(), &environment).unwrap_err();
        assert_eq!(
            explain("email-connector", &problems),
            "email-connector can't start: 2 settings need attention\n\n  \
             EMAIL_HOST  is missing           the SMTP server's name, e.g. smtp.example.org\n  \
             EMAIL_PORT  \"smtp\" is no number  e.g. 587\n\n\
             All settings: email-connector run --help\n"
        );
    }
}
