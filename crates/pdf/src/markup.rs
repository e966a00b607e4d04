//! Typst's language: what the other languages are turned into, and how texts are written in it.

use crate::page::Page;

/// A document in Typst's language, made from another one. Where it comes from does not show any more.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    /// Typst markup; what is set up before it is in [`Page`].
    pub(crate) body: String,
    /// What the document itself says about its pages; the task's inputs win over it.
    pub(crate) page: Page,
    /// What the content keeps clear of within the margins: right, left; points.
    pub(crate) body_sides: [f64; 2],
    /// Faces that the document brings.
    pub(crate) fonts: Vec<Vec<u8>>,
    /// What is ignored or only approximated, one text for each.
    pub(crate) warnings: Vec<String>,
}

/// The text as an expression, whatever is in it: `"a \"b\""`.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for it in text.chars() {
        match it {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            _ => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

/// The text within markup, whatever is in it and whatever comes next.
pub(crate) fn text(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("#{};", quoted(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        let check = |it: &str, expected: &str| assert_eq!(text(it), expected, "{it}");
        check("", "");
        check("a \"b\" \\c\\", r#"#"a \"b\" \\c\\";"#);
        check("#read(\"x\")\n", r##"#"#read(\"x\")\n";"##);
    }
}
