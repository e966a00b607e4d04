//! How long files and functions may get before they are probably two: guides, so only warned about.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tree;

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 300;
const MAIN_LINES_MAX: usize = 50;
const ACTION_LINES_MAX: usize = 150;
const COMMON_LINES_MAX: usize = 3000;
const LIBRARY_LINES_MAX: usize = 1000;

/// Everything over its budget, in words. Tests have none.
///
/// # Errors
///
/// When a source can't be read.
pub(crate) fn exceeded(root: &Path) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for package in tree::packages(root)? {
        let is_connector = package.name.ends_with("-connector");
        let mut all = 0;
        for file in sources(&package.folder.join("src"))? {
            let text = tree::read(&file)?;
            let lines = without_tests(&text);
            all += lines.len();
            warnings.extend(of_file(&tree::shown(root, &file), &lines, is_connector));
        }
        let max = if package.name == "common" { COMMON_LINES_MAX } else { LIBRARY_LINES_MAX };
        if !is_connector && all > max {
            warnings.push(format!(
                "{}: {all} lines, more than {max}",
                tree::shown(root, &package.folder)
            ));
        }
    }
    for file in sources(&root.join("xtask/src"))? {
        let text = tree::read(&file)?;
        warnings.extend(of_file(&tree::shown(root, &file), &without_tests(&text), false));
    }
    Ok(warnings)
}

/// The sources of the crate whose `src` is `folder`, without the modules that exist for tests only.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for top in
        ["lib.rs", "main.rs"].map(|top| folder.join(top)).into_iter().filter(|top| top.is_file())
    {
        follow(top, folder, &mut sources)?;
    }
    Ok(sources)
}

/// Adds `file` and the modules that it declares, which lie in `folder`.
fn follow(file: PathBuf, folder: &Path, sources: &mut Vec<PathBuf>) -> Result<()> {
    let text = tree::read(&file)?;
    sources.push(file);
    for module in modules(&text) {
        let inner = folder.join(&module);
        let file =
            [inner.with_extension("rs"), inner.join("mod.rs")].into_iter().find(|it| it.is_file());
        if let Some(file) = file {
            follow(file, &inner, sources)?;
        }
    }
    Ok(())
}

/// The names in lines such as `pub mod name;` that aren't for tests only.
fn modules(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let mut modules = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some((before, name)) = line.strip_suffix(';').and_then(|line| line.split_once("mod "))
        else {
            continue;
        };
        let for_tests = number > 0 && lines[number - 1] == "#[cfg(test)]";
        if ["", "pub ", "pub(crate) "].contains(&before) && !for_tests {
            modules.push(name.to_owned());
        }
    }
    modules
}

fn of_file(name: &str, lines: &[&str], is_connector: bool) -> Vec<String> {
    let is_action = is_connector && lines.first().is_some_and(|line| is_action(line));
    let max = match name.rsplit('/').next() {
        Some("main.rs") if is_connector => MAIN_LINES_MAX,
        _ if is_action => ACTION_LINES_MAX,
        _ => FILE_LINES_MAX,
    };
    let mut warnings = Vec::new();
    if lines.len() > max {
        warnings.push(format!("{name}: {} lines, more than {max}", lines.len()));
    }
    for (start, length) in functions(lines) {
        if length > FUNCTION_LINES_MAX {
            warnings.push(format!("{name}:{}: a function of {length} lines", start + 1));
        }
    }
    warnings
}

/// A first line such as ``//! `SEND`: sends a mail.``
fn is_action(line: &str) -> bool {
    let name =
        line.strip_prefix("//! `").and_then(|rest| rest.split_once('`')).map(|(name, _)| name);
    name.is_some_and(|name| name.chars().all(|it| it.is_ascii_uppercase() || it == '_'))
}

/// The lines above the tests at the end of a file.
fn without_tests(text: &str) -> Vec<&str> {
    let lines: Vec<_> = text.lines().collect();
    let end = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with('{'));
    lines[..end.unwrap_or(lines.len())].to_vec()
}

/// First line and number of lines of each function, as rustfmt lays them out: the closing brace stands below the start.
fn functions(lines: &[&str]) -> Vec<(usize, usize)> {
    let mut functions = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        if !is_function(code) || line.ends_with(['}', ';']) {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - code.len()]);
        if let Some(length) = lines[start..].iter().position(|line| *line == close) {
            functions.push((start, length + 1));
        }
    }
    functions
}

fn is_function(code: &str) -> bool {
    let before = code.split("fn ").next().unwrap_or_default();
    let qualifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "extern"];
    code.contains("fn ") && before.split_whitespace().all(|word| qualifiers.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &[&str]) {
        assert_eq!(of_file(name, &without_tests(text), true), expected);
    }

    #[test]
    fn a_long_function_is_named_by_its_line() {
        let body = "        step();\n".repeat(69);
        let text = format!(
            "impl X {{\n    pub(crate) async fn run(\n        &self,\n    ) {{\n{body}    }}\n}}\n"
        );
        check("x.rs", &text, &["x.rs:2: a function of 73 lines"]);
    }

    #[test]
    fn each_kind_of_file_has_its_own_budget() {
        let lines = |n: usize| "//\n".repeat(n);
        check("src/main.rs", &lines(51), &["src/main.rs: 51 lines, more than 50"]);
        check("src/client.rs", &lines(301), &["src/client.rs: 301 lines, more than 300"]);
        let action = format!("//! `SEND_MESSAGE`: posts a text.\n{}", lines(150));
        check("src/send_message.rs", &action, &["src/send_message.rs: 151 lines, more than 150"]);
        check("src/client.rs", &lines(300), &[]);
    }

    #[test]
    fn tests_have_no_budget() {
        let text = format!(
            "//! X.\n#[cfg(test)]\nmod bundle;\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "//\n".repeat(400)
        );
        check("src/x.rs", &text, &[]);
    }

    #[test]
    fn modules_for_tests_only_are_not_followed() {
        let text = "mod a;\npub(crate) mod b;\n#[cfg(test)]\nmod c;\n    mod d;\nmod tests {\n";
        assert_eq!(modules(text), ["a", "b"]);
    }

    #[test]
    fn words_in_comments_are_no_functions() {
        let functions = functions(&["// an fn of", "type Run = fn(u8) -> u8;", "fn short() {}"]);
        assert_eq!(functions, []);
    }
}
