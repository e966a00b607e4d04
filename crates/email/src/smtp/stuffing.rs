//! Dots that would end a mail (RFC 5321 §4.5.2).

use memchr::memchr_iter;

/// Appends lines with a second dot before each one that begins a line; `lines` begin at a line's beginning.
pub(crate) fn append_stuffed(out: &mut Vec<u8>, lines: &[u8]) {
    if lines.first() == Some(&b'.') {
        out.push(b'.');
    }
    let mut rest = lines;
    while let Some(at) = find_dot(rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'.');
        rest = &rest[at..];
    }
    out.extend_from_slice(rest);
}

/// Where a dot begins a line that is not the first.
fn find_dot(lines: &[u8]) -> Option<usize> {
    memchr_iter(b'.', lines).find(|at| *at > 0 && lines[at - 1] == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_that_begin_a_line_are_doubled_and_no_others() {
        let check = |lines: &str, expected: &str| {
            let mut out = Vec::new();
            append_stuffed(&mut out, lines.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{lines:?}");
        };
        check(".\r\n", "..\r\n");
        check("..\r\n", "...\r\n");
        check("a.b\r\n.\r\n.x\r\ny.\r\n", "a.b\r\n..\r\n..x\r\ny.\r\n");
        check("\r\n.\r\n", "\r\n..\r\n");
        check("", "");
    }
}
