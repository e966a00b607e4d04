//! The environment of the process: this is its only reader.

use std::{collections::BTreeMap, fs};

use super::{Declared, Problem, Secret};

/// A secret that a setting refers to by name: the variable, or the content of the file that `NAME_FILE` names.
///
/// For settings that are documents and must not hold secrets themselves.
///
/// # Errors
/// That it is missing, or why its file cannot be read.
pub fn referenced(name: &str) -> Result<Secret, String> {
    let declared = Declared { name: name.to_owned(), ..Declared::default() };
    match Environment::of_process().text(&declared) {
        Ok(Some(text)) => Ok(Secret(text)),
        Ok(None) => Err(format!("the variable {name} is missing")),
        Err(problem) => Err(format!("{name}: {}", problem.what)),
    }
}

/// The variables whose names start with one of `prefixes`, for libraries that bring settings of their own, e.g. the object stores' `AWS_…`.
///
/// For the names in `secrets` the content of the file that `NAME_FILE` names counts too.
/// Empty variables are left out.
///
/// # Errors
/// Name and problem of each file that cannot be read.
pub fn variables(
    prefixes: &[&str],
    secrets: &[&'static str],
) -> Result<BTreeMap<String, String>, Vec<(&'static str, String)>> {
    Environment::of_process().variables(prefixes, secrets)
}

/// The environment, as it was when the process started.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub(crate) fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        )
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// A variable that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether a variable is there, but empty.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(String::is_empty)
    }

    /// The text of a setting: the variable, or the file that `NAME_FILE` names.
    pub(super) fn text(&self, declared: &Declared) -> Result<Option<String>, Problem> {
        for name in std::iter::once(&declared.name).chain(&declared.aliases) {
            if let Some(text) = self.0.get(name).filter(|text| !text.is_empty()) {
                return Ok(Some(text.clone()));
            }
            let variable = format!("{name}_FILE");
            let Some(path) = self.0.get(&variable).filter(|path| !path.is_empty()) else {
                continue;
            };
            return match fs::read_to_string(path) {
                Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => Err(Problem {
                    name: declared.name.clone(),
                    what: format!("file {path}: {}", plain(&error)),
                    hint: format!("(from {variable})"),
                }),
            };
        }
        Ok(None)
    }

    pub(super) fn variables(
        &self,
        prefixes: &[&str],
        secrets: &[&'static str],
    ) -> Result<BTreeMap<String, String>, Vec<(&'static str, String)>> {
        let is_wanted = |(name, text): &(&String, &String)| {
            !text.is_empty() && prefixes.iter().any(|prefix| name.starts_with(prefix))
        };
        let owned = |(name, text): (&String, &String)| (name.clone(), text.clone());
        let mut variables: BTreeMap<_, _> = self.0.iter().filter(is_wanted).map(owned).collect();
        let mut problems = Vec::new();
        for &name in secrets {
            let declared = Declared { name: name.to_owned(), ..Declared::default() };
            match self.text(&declared) {
                Ok(text) => variables.extend(text.map(|text| (name.to_owned(), text))),
                Err(problem) => problems.push((name, problem.what)),
            }
        }
        if problems.is_empty() { Ok(variables) } else { Err(problems) }
    }
}

/// An I/O error without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.strip_suffix(" or directory").unwrap_or(text).to_lowercase()
}
