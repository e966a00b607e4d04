//! Families by their general names, and the names that font files give themselves.

/// The face behind a general name.
pub(super) fn generic(name: &str) -> Option<&'static str> {
    Some(match name {
        "sans-serif" | "system-ui" | "ui-sans-serif" | "-apple-system" | "blinkmacsystemfont" => {
            "Noto Sans"
        }
        "serif" | "ui-serif" | "cursive" | "fantasy" => "Libertinus Serif",
        "monospace" | "ui-monospace" => "DejaVu Sans Mono",
        _ => return None,
    })
}

/// The family of a TrueType or OpenType font, from its `name` table.
pub(crate) fn family_name(bytes: &[u8]) -> Option<String> {
    const FAMILY: u16 = 1;
    const TYPOGRAPHIC_FAMILY: u16 = 16;
    const WINDOWS: u16 = 3;
    let is_font = matches!(bytes.get(..4)?, [0, 1, 0, 0] | b"OTTO" | b"true");
    if !is_font {
        return None;
    }
    let n_tables = usize::from(word(bytes, 4)?);
    let record =
        (0..n_tables).map(|it| 12 + it * 16).find(|&at| bytes.get(at..at + 4) == Some(b"name"))?;
    let start =
        usize::try_from(u32::from_be_bytes(bytes.get(record + 8..record + 12)?.try_into().ok()?))
            .ok()?;
    let table = bytes.get(start..)?;
    let n_names = usize::from(word(table, 2)?);
    let texts = usize::from(word(table, 4)?);
    let mut best = None;
    for at in (0..n_names).map(|it| 6 + it * 12) {
        let (platform, kind) = (word(table, at)?, word(table, at + 6)?);
        if platform != WINDOWS || !matches!(kind, FAMILY | TYPOGRAPHIC_FAMILY) {
            continue;
        }
        let (length, offset) =
            (usize::from(word(table, at + 8)?), usize::from(word(table, at + 10)?));
        let text = table.get(texts + offset..texts + offset + length)?;
        let units = text.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
        let name: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
        if best.is_none() || kind == TYPOGRAPHIC_FAMILY {
            best = Some(name);
        }
    }
    best
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_font_has_no_name() {
        assert_eq!(family_name(b""), None);
        assert_eq!(family_name(b"wOF2 and more"), None);
        assert_eq!(family_name(&[0, 1, 0, 0, 255, 255]), None);
        // A table whose names lie outside of the file.
        let mut font = b"\0\x01\0\0\0\x01\0\0\0\0\0\0name\0\0\0\0\0\0\0\x1c\0\0\0\x10".to_vec();
        font.extend([0, 0, 0, 1, 0, 18, 0, 3, 0, 1, 0, 0, 0, 1, 255, 255, 0, 0]);
        assert_eq!(family_name(&font), None);
    }
}
