//! Names of files that every system takes.

/// What file systems allow (`NAME_MAX`).
const NAME_BYTES_MAX: usize = 255;
/// Longer ones are no extensions but a dot in a text.
const EXTENSION_BYTES_MAX: usize = 16;
const NAME_DEFAULT: &str = "file";

/// A name for a file that is safe on every system: at most 255 bytes with its extension, without separators, control characters and names that Windows reserves.
///
/// What is not allowed is replaced by `_`, what is too long is cut in front of the extension; a name that is safe comes back as it is.
pub fn safe_name(name: &str) -> String {
    let name: String = name.chars().map(|it| if is_bad(it) { '_' } else { it }).collect();
    let name = trimmed(&name);
    let name = match name {
        "" => NAME_DEFAULT.to_owned(),
        name if is_reserved(name) => format!("_{name}"),
        name => name.to_owned(),
    };
    fitted(&name, NAME_BYTES_MAX)
}

/// A safe name in at most so many bytes.
pub(crate) fn fitted(name: &str, bytes_max: usize) -> String {
    if name.len() <= bytes_max {
        return without_counter(name.to_owned());
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= EXTENSION_BYTES_MAX => (stem, extension),
        Some(_) | None => (name, ""),
    };
    let n_dots = usize::from(!extension.is_empty());
    let stem = &stem[..stem.floor_char_boundary(bytes_max - extension.len() - n_dots)];
    let cut = if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") };
    without_counter(trimmed(&cut).to_owned())
}

/// Windows drops dots and spaces at the end, so that two names would be one; a name of dots only is no name at all.
fn trimmed(name: &str) -> &str {
    name.trim_start().trim_end_matches(|it: char| it == '.' || it.is_whitespace())
}

/// `object_store` keeps names that end in `#` and digits for files that are being written.
fn without_counter(name: String) -> String {
    match name.split_once('#') {
        Some((stem, digits))
            if !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) =>
        {
            format!("{stem}_{digits}")
        }
        Some(_) | None => name,
    }
}

fn is_bad(character: char) -> bool {
    // They turn the direction of the text, so that `exe.pdf` can be `fdp.exe`, or break lines.
    let is_invisible = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    is_invisible || character.is_control() || r#"/\:*?"<>|"#.contains(character)
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered = |device: &str| {
        stem.strip_prefix(device)
            .is_some_and(|number| number.len() == 1 && number.bytes().all(|it| it.is_ascii_digit()))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || is_numbered("COM")
        || is_numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_allowed_is_replaced() {
        check("../../etc/passwd", ".._.._etc_passwd");
        check("..\\..\\boot.ini", ".._.._boot.ini");
        check("/etc/passwd", "_etc_passwd");
        check("C:\\temp\\a.pdf", "C__temp_a.pdf");
        check("a\0b\nc\r\td\u{7f}.pdf", "a_b_c__d_.pdf");
        check("a\u{202e}fdp.exe", "a_fdp.exe");
        check("what?*<>|\".txt", "what______.txt");
        check("", "file");
        check(".", "file");
        check("..", "file");
        check(" . . ", "file");
        check("/", "_");
        check("a.pdf. .", "a.pdf");
        check(" a.pdf", "a.pdf");
    }

    #[test]
    fn reserved_names_are_changed() {
        check("CON", "_CON");
        check("nul.txt", "_nul.txt");
        check("Com1.tar.gz", "_Com1.tar.gz");
        check("LPT9 .pdf", "_LPT9 .pdf");
        check("invoice#12", "invoice_12");
        check("COM10", "COM10");
        check("console.log", "console.log");
        check("invoice #12.pdf", "invoice #12.pdf");
    }

    #[test]
    fn long_names_keep_their_extension() {
        check(&format!("{}.pdf", "a".repeat(300)), &format!("{}.pdf", "a".repeat(251)));
        // Cut between characters, which take two bytes here.
        check(&format!("x{}.pdf", "ä".repeat(200)), &format!("x{}.pdf", "ä".repeat(125)));
        let no_extension = "a".repeat(200) + "." + &"b".repeat(100);
        check(&no_extension, &no_extension[..255]);
        check(&"#1".repeat(200), &("#1".repeat(127) + "#"));
        check(&format!("a#{}", "1".repeat(300)), &format!("a_{}", "1".repeat(253)));
    }

    #[test]
    fn ordinary_names_stay() {
        for name in ["a.pdf", ".htaccess", "Straße 日本 (1).tar.gz", "a-b_c+d=e,f;g'h%20.x", "x"]
        {
            check(name, name);
        }
    }

    proptest! {
        #[test]
        fn every_name_is_made_safe_once(name in ".{0,400}") {
            let safe = safe_name(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= 255);
            prop_assert!(!safe.contains(['/', '\\', '\0']) && !safe.contains(char::is_control));
            prop_assert!(!safe.ends_with('.') && !safe.ends_with(' '));
            prop_assert_eq!(safe_name(&safe), safe);
        }

        #[test]
        fn extensions_survive(name in ".{1,400}", extension in "[a-z]{1,5}") {
            let safe = safe_name(&format!("{name}.{extension}"));
            let suffix = format!(".{extension}");
            prop_assert!(safe.ends_with(&suffix), "{safe}");
        }
    }

    fn check(name: &str, expected: &str) {
        assert_eq!(safe_name(name), expected, "{name:?}");
    }
}
