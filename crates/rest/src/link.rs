//! The header `Link` (RFC 8288): where its `rel="next"` leads (pure).

use http::{HeaderMap, header::LINK};

/// The target of the first link whose relation is `next`, as it stands there.
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(LINK).into_iter().filter_map(|it| it.to_str().ok());
    values.into_iter().find_map(next_of)
}

fn next_of(mut text: &str) -> Option<String> {
    while let Some((_, rest)) = text.split_once('<') {
        let (target, rest) = rest.split_once('>')?;
        let (parameters, rest) = parameters(rest);
        let is_next = |(name, value): &(String, String)| {
            name == "rel"
                && value.split_ascii_whitespace().any(|it| it.eq_ignore_ascii_case("next"))
        };
        // A link with an anchor is about another resource (RFC 8288 §3.2).
        if parameters.iter().any(is_next) && !parameters.iter().any(|(name, _)| name == "anchor") {
            return Some(target.trim().to_owned());
        }
        text = rest;
    }
    None
}

/// The parameters up to the comma that ends a link, and what comes after it.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut parameters = Vec::new();
    let (mut name, mut value) = (String::new(), None::<String>);
    let mut is_quoted = false;
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((at, it)) = characters.next() {
        match (is_quoted, it) {
            (true, '\\') => {
                value.get_or_insert_default().extend(characters.next().map(|(_, it)| it));
            }
            (_, '"') => is_quoted = !is_quoted,
            (false, ',') => {
                end = at + 1;
                break;
            }
            (false, ';') => {
                parameters.push((name.to_ascii_lowercase(), value.take().unwrap_or_default()));
                name.clear();
            }
            (false, '=') if value.is_none() => value = Some(String::new()),
            (false, it) if it.is_whitespace() => (),
            (_, it) => value.as_mut().unwrap_or(&mut name).push(it),
        }
    }
    parameters.push((name.to_ascii_lowercase(), value.unwrap_or_default()));
    (parameters, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], expected: Option<&str>) {
        let headers = values.iter().map(|it| (LINK, it.parse().unwrap()));
        assert_eq!(next(&headers.collect()).as_deref(), expected, "{values:?}");
    }

    #[test]
    fn what_is_no_next_link_leads_nowhere() {
        for text in [
            "",
            "<",
            "</2",
            "/2; rel=next",
            "</2>",
            "</2>; rel=prev",
            "</2>; rel=nextish",
            "</2>; title=\"rel=next\"",
            "</2>; title=\"; rel=next",
            "</2>; rev=next",
            "</2>; rel=next; anchor=\"#x\"",
        ] {
            check(&[text], None);
        }
        check(&[], None);
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        check(&["</2>; rel=\"next\""], Some("/2"));
        check(&["<https://x/?a=1,2;3>;REL = next"], Some("https://x/?a=1,2;3"));
        check(&["</1>; rel=prev, </3>; title=\"a, \\\" b\"; rel=\"last next\""], Some("/3"));
        check(&["</1>; rel=prev", "<?p=2>; rel=NEXT"], Some("?p=2"));
    }
}
