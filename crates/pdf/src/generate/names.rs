//! Names of the files that are made.

use files::safe_name;

/// `name` with `extension`, safe everywhere and at most 255 bytes long.
pub(super) fn with_extension(name: &str, extension: &str) -> String {
    let name = name.trim();
    let has = name
        .rsplit_once('.')
        .is_some_and(|(stem, it)| !stem.is_empty() && it.eq_ignore_ascii_case(extension));
    let name = if has { name.to_owned() } else { format!("{name}.{extension}") };
    safe_name(&name)
}

/// The name of one of several files: `invoice-2.png`.
pub(super) fn numbered(name: &str, number: usize) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => safe_name(&format!("{stem}-{number}.{extension}")),
        None => safe_name(&format!("{name}-{number}")),
    }
}

/// What a template's name is without folder and extension.
pub(super) fn stem(template: &str) -> &str {
    let name = template.rsplit('/').next().unwrap_or(template);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_and_get_their_extension() {
        let check = |name: &str, expected: &str| {
            assert_eq!(with_extension(name, "pdf"), expected, "{name}");
        };
        check("invoice", "invoice.pdf");
        check("invoice.PDF", "invoice.PDF");
        check("v1.2", "v1.2.pdf");
        check(".pdf", ".pdf.pdf");
        check("../../etc/passwd", ".._.._etc_passwd.pdf");
        check("a\r\nb", "a__b.pdf");
        check(&"ä".repeat(300), &format!("{}.pdf", "ä".repeat(125)));
    }

    #[test]
    fn pages_are_numbered() {
        assert_eq!(numbered("invoice.png", 2), "invoice-2.png");
        assert_eq!(stem("letters/invoice.de.typ"), "invoice.de");
        assert_eq!(stem(".typ"), ".typ");
    }
}
