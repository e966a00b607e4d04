//! A pasted command line → its words, whichever shell it was copied for.

use std::{iter::Peekable, str::Chars};

/// The words of `line`, as the shell that it was written for splits it.
///
/// # Errors
/// A quote that is not closed.
pub(crate) fn split(line: &str) -> Result<Vec<String>, String> {
    if is_cmd(line) {
        return Ok(split_cmd(line));
    }
    shell_words::split(&without_ansi_quotes(line))
        .map_err(|_unclosed| "a quote is not closed".to_owned())
}

/// Browsers' "copy as cURL (cmd)" quotes with carets and ends lines with them.
fn is_cmd(line: &str) -> bool {
    line.contains("^\"") || line.lines().any(|it| it.trim_end().ends_with(" ^"))
}

/// `$'…'`, which POSIX shells of today know and the crate does not, as `'…'`.
fn without_ansi_quotes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None | Some('"'), '\\') => {
                text.push(letter);
                text.extend(letters.next());
            }
            (None, '$') if letters.peek() == Some(&'\'') => {
                letters.next();
                text += &shell_words::quote(&ansi_quoted(&mut letters));
            }
            (None, '\'' | '"') => {
                quote = Some(letter);
                text.push(letter);
            }
            (Some(open), letter) if open == letter => {
                quote = None;
                text.push(letter);
            }
            _ => text.push(letter),
        }
    }
    text
}

/// What stands between `$'` and `'`.
fn ansi_quoted(letters: &mut Peekable<Chars>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        if letter == '\'' {
            break;
        }
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => text.extend(code_point(letters, 4)),
            Some('U') => text.extend(code_point(letters, 8)),
            Some('x') => text.extend(code_point(letters, 2)),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

fn code_point(letters: &mut Peekable<Chars>, n_digits: usize) -> Option<char> {
    let mut digits = String::new();
    while let (true, Some(digit)) = (digits.len() < n_digits, letters.peek()) {
        if !digit.is_ascii_hexdigit() {
            break;
        }
        digits.extend(letters.next());
    }
    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
}

/// Carets first, as `cmd` does, then the rules of C programs.
fn split_cmd(line: &str) -> Vec<String> {
    let mut text = String::with_capacity(line.len());
    let mut letters = line.chars().filter(|it| *it != '\r').peekable();
    while let Some(letter) = letters.next() {
        if letter != '^' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            // A line break that is meant is written as a caret and two of them.
            Some('\n') if letters.peek() == Some(&'\n') => {
                letters.next();
                text.push('\n');
            }
            Some('\n') => text.push(' '),
            Some(escaped) => text.push(escaped),
            None => {}
        }
    }

    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if matches!(letters.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(letters.next());
            }
            '"' if quoted && letters.peek() == Some(&'"') => {
                word.get_or_insert_default().extend(letters.next());
            }
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            blank if blank.is_whitespace() && !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[&str]) {
        assert_eq!(split(line).unwrap(), expected, "{line}");
    }

    #[test]
    fn an_open_quote_is_told() {
        for line in ["curl 'x", "curl \"x", "curl x\\"] {
            let told = split(line);
            assert!(told.is_err() || line.ends_with('\\'), "{line}: {told:?}");
        }
        assert_eq!(split("curl 'x").unwrap_err(), "a quote is not closed");
    }

    #[test]
    fn words_for_a_posix_shell() {
        check(
            "curl a\\\n  -H 'X: \"y\"' \"b \\\" $c\"",
            &["curl", "a", "-H", "X: \"y\"", "b \" $c"],
        );
        check(
            r"curl --data-raw $'{\n\t\'a\': \u0021\x41}' '$'",
            &["curl", "--data-raw", "{\n\t'a': !A}", "$"],
        );
        check(r#"curl "$'a'" '$'\''b'"#, &["curl", "$'a'", "$'b"]);
    }

    #[test]
    fn words_for_cmd() {
        check(
            "curl ^\"https://x/?a=1^&b=2^\" ^\r\n  -H ^\"accept: */*^\" ^\r\n  --data-raw ^\"^{^\\^\"a^\\^\":^\\^\"1^%^20\\\\n^\\^\"^}^\"",
            &["curl", "https://x/?a=1&b=2", "-H", "accept: */*", "--data-raw", r#"{"a":"1%20\n"}"#],
        );
        check(
            "curl \"https://x/\" ^\n -d \"{\"\"a\"\": 1}\"",
            &["curl", "https://x/", "-d", "{\"a\": 1}"],
        );
        check("curl ^\"a^\n\nb^\"", &["curl", "a\nb"]);
    }
}
