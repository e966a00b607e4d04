//! Names in a definition from names in an `OpenAPI` document.

use std::collections::HashSet;

/// The longest name of a connector, in characters (`activiti-cloud.md` §4.2).
const CONNECTOR_MAX: usize = 26;
/// The longest name of an action, in characters: with the connector's name before it, it is an exchange's and a queue's.
const ACTION_MAX: usize = 80;

/// Whether Activiti takes `name` for a connector's (`activiti-cloud.md` §4.2).
pub(crate) fn is_connector(name: &str) -> bool {
    let legal = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    (1..=CONNECTOR_MAX).contains(&name.len())
        && name.bytes().all(legal)
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && !name.ends_with('-')
}

/// A connector's name from a document's title; none where nothing of it can be used.
pub(crate) fn connector(title: &str) -> Option<String> {
    let words = title.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    let name = name.trim_start_matches(|it: char| !it.is_ascii_lowercase());
    let name = name.get(..CONNECTOR_MAX).unwrap_or(name).trim_end_matches('-');
    is_connector(name).then(|| name.to_owned())
}

/// An action's name, different from those in `taken`, which it is added to.
pub(crate) fn action(
    operation_id: Option<&str>,
    method: &str,
    path: &str,
    taken: &mut HashSet<String>,
) -> String {
    let own = operation_id.map(upper_snake).filter(|it| !it.is_empty());
    let name = own.unwrap_or_else(|| upper_snake(&format!("{method}_{path}")));
    let cut = |name: &str, room: usize| {
        name.get(..ACTION_MAX - room).unwrap_or(name).trim_end_matches('_').to_owned()
    };
    let candidates = [cut(&name, 0), cut(&format!("{name}_{method}"), 0)].into_iter();
    let numbered = (2..).map(|n| format!("{}_{n}", cut(&name, 8)));
    for candidate in candidates.chain(numbered) {
        if taken.insert(candidate.clone()) {
            return candidate;
        }
    }
    name
}

/// `listHTTPServers by-id` → `LIST_HTTP_SERVERS_BY_ID`.
pub(crate) fn upper_snake(text: &str) -> String {
    let mut name = String::with_capacity(text.len() + 8);
    let letters: Vec<char> = text.chars().collect();
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).map(|it| letters[it]);
        let after = letters.get(at + 1);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if begins && !name.ends_with('_') {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name.truncate(name.trim_end_matches('_').len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_has_the_name_that_modelers_take() {
        for (title, expected) in [
            ("", None),
            ("2024", None),
            ("Ключи", None),
            ("3 Petstore!", Some("petstore")),
            ("Swagger Petstore - OpenAPI 3.0", Some("swagger-petstore-openapi-3")),
            ("An API whose title is just-a-bit too long", Some("an-api-whose-title-is-just")),
        ] {
            assert_eq!(connector(title).as_deref(), expected, "{title}");
        }
        for name in ["", "Petstore", "1st", "pets-", "a_b", "abcdefghijklmnopqrstuvwxyz0"] {
            assert!(!is_connector(name), "{name}");
        }
    }

    #[test]
    fn actions_have_names_in_capitals_that_differ() {
        let mut taken = HashSet::new();
        let mut check = |id: Option<&str>, expected: &str| {
            assert_eq!(action(id, "GET", "/pets/{petId}", &mut taken), expected);
        };
        check(None, "GET_PETS_PET_ID");
        check(Some("—"), "GET_PETS_PET_ID_GET");
        check(Some("getPetById"), "GET_PET_BY_ID");
        check(Some("get-pet_by/id"), "GET_PET_BY_ID_GET");
        check(Some("GetPetByID"), "GET_PET_BY_ID_2");
        check(Some("listHTTPServersV2"), "LIST_HTTP_SERVERS_V2");
        let long = "VeryLong_".repeat(20);
        check(Some(&long), &"VERY_LONG_".repeat(8)[..79]);
        check(Some(&long), &format!("{}_2", &"VERY_LONG_".repeat(8)[..72]));
    }
}
