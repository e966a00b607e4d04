//! Values within Markdown, which has no way to write any text anywhere: a backslash is one in code.

/// Where characters of values are until the Markdown is read: a plane for private use, where nobody has icons.
const HIDDEN: u32 = 0x10_ff00;

/// The text with other characters in the place of those that could mean something in Markdown.
pub(crate) fn hidden(text: &str) -> String {
    let hide = |it: char| {
        let means_something = it.is_ascii_punctuation() || matches!(it, '\n' | '\r' | '\t');
        if means_something { char::from_u32(HIDDEN + u32::from(it)).unwrap_or(it) } else { it }
    };
    text.chars().map(hide).collect()
}

/// The text of a Markdown element as it is to be shown: with the characters of the values in it ([`crate::Sink::Markdown`]).
pub fn shown(text: &str) -> String {
    let show = |it: char| match u32::from(it).checked_sub(HIDDEN) {
        Some(ascii @ 0..=0x7f) => char::from_u32(ascii).unwrap_or(it),
        Some(_) | None => it,
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let value = "*a* `b` | c\r\n\t# [d](e) <f> &amp; \\ ü 😀";
        let hidden = hidden(value);
        assert!(!hidden.contains(|it: char| it.is_ascii_punctuation() || it.is_control()));
        assert_eq!(shown(&hidden), value);
    }
}
