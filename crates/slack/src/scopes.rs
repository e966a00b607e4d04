//! Which OAuth scopes an action needs: for `check`, for the manifest and for the README.

/// What an action needs for one thing it does.
pub(crate) struct Need {
    /// The thing, as in "… need the scope"; empty for what the action cannot do without.
    pub(crate) what: &'static str,
    /// Any one of these is enough; the manifest asks for the first.
    pub(crate) any_of: &'static [&'static str],
}

const fn always(any_of: &'static [&'static str]) -> Need {
    Need { what: "", any_of }
}

const fn needs(what: &'static str, any_of: &'static [&'static str]) -> Need {
    Need { what, any_of }
}

const NAMES: Need = needs("names of public channels", &["channels:read"]);
const PRIVATE_NAMES: Need = needs("names of private channels", &["groups:read"]);
const EMAILS: Need = needs("e-mail addresses", &["users:read.email"]);
const PEOPLE: Need = needs("names of people", &["users:read"]);
const CREATE: &[&str] = &["channels:manage", "channels:write"];
const INVITE: &[&str] = &["channels:manage", "channels:write.invites", "channels:write"];
const TOPIC: &[&str] = &["channels:manage", "channels:write.topic", "channels:write"];
const PRIVATE: &[&str] = &["groups:write"];
const PRIVATE_INVITE: &[&str] = &["groups:write", "groups:write.invites"];
const PRIVATE_TOPIC: &[&str] = &["groups:write", "groups:write.topic"];

/// The needs of each action, by its name in the definition.
pub(crate) const ACTIONS: [(&str, &[Need]); 12] = [
    (
        "SEND_MESSAGE",
        &[
            always(&["chat:write"]),
            needs("public channels that the app is not a member of", &["chat:write.public"]),
            NAMES,
            PRIVATE_NAMES,
            needs("direct messages", &["im:write"]),
            EMAILS,
            needs("files", &["files:write"]),
            needs("`username` and `icon`", &["chat:write.customize"]),
        ],
    ),
    ("UPDATE_MESSAGE", &[always(&["chat:write"]), NAMES, PRIVATE_NAMES]),
    ("DELETE_MESSAGE", &[always(&["chat:write"]), NAMES, PRIVATE_NAMES]),
    ("ADD_REACTION", &[always(&["reactions:write"]), NAMES, PRIVATE_NAMES]),
    ("PIN", &[always(&["pins:write"]), NAMES, PRIVATE_NAMES]),
    (
        "GET_REPLIES",
        &[
            always(&["channels:history"]),
            needs("private channels", &["groups:history"]),
            needs("direct messages", &["im:history"]),
            NAMES,
            PRIVATE_NAMES,
        ],
    ),
    ("UPLOAD_FILE", &[always(&["files:write"]), NAMES, PRIVATE_NAMES]),
    ("CREATE_CHANNEL", &[always(CREATE), needs("private channels", PRIVATE), EMAILS, PEOPLE]),
    (
        "INVITE",
        &[
            always(INVITE),
            needs("private channels", PRIVATE_INVITE),
            NAMES,
            PRIVATE_NAMES,
            EMAILS,
            PEOPLE,
        ],
    ),
    ("SET_TOPIC", &[always(TOPIC), needs("private channels", PRIVATE_TOPIC), NAMES, PRIVATE_NAMES]),
    (
        "ARCHIVE_CHANNEL",
        &[always(CREATE), needs("private channels", PRIVATE), NAMES, PRIVATE_NAMES],
    ),
    ("FIND_USER", &[always(&["users:read"]), EMAILS]),
];

/// What a token with the scopes `granted` lacks for an action, in words.
pub(crate) enum Verdict {
    Works,
    InPart(String),
    No(String),
}

/// Judges one action.
pub(crate) fn judge(needs: &[Need], granted: &[&str]) -> Verdict {
    let lacks = |need: &&Need| !need.any_of.iter().any(|it| granted.contains(it));
    if let Some(need) = needs.iter().filter(|it| it.what.is_empty()).find(lacks) {
        return Verdict::No(format!("needs {}", need.any_of.join(" or ")));
    }
    let lacking = needs.iter().filter(lacks);
    let lacking = lacking.map(|it| format!("{} need {}", it.what, it.any_of.join(" or ")));
    match lacking.collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => Verdict::Works,
        some => Verdict::InPart(some),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn definition() -> Value {
        serde_json::from_str(include_str!("../../../definitions/slack-connector.json")).unwrap()
    }

    #[test]
    fn every_action_says_what_it_needs() {
        let definition = definition();
        let actions = definition["actions"].as_object().unwrap().values();
        let actions: BTreeSet<_> = actions.map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(actions, ACTIONS.iter().map(|(name, _)| *name).collect());
    }

    #[test]
    fn the_manifest_asks_for_what_the_actions_need_and_no_more() {
        let manifest: Value = serde_json::from_str(include_str!("../manifest.json")).unwrap();
        let scopes = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
        let asked: BTreeSet<_> = scopes.iter().map(|it| it.as_str().unwrap()).collect();
        let needed = ACTIONS.iter().flat_map(|(_, needs)| needs.iter()).map(|it| it.any_of[0]);
        assert_eq!(asked, needed.collect());
    }

    #[test]
    fn the_readme_lists_what_each_action_needs() {
        for (action, needs) in ACTIONS {
            let (always, in_part): (Vec<_>, Vec<_>) =
                needs.iter().partition(|it| it.what.is_empty());
            let always: Vec<_> = always.iter().map(|it| format!("`{}`", it.any_of[0])).collect();
            let in_part = in_part.iter().map(|it| format!("{}: `{}`", it.what, it.any_of[0]));
            let in_part = in_part.collect::<Vec<_>>().join("; ");
            let row = format!("| `{action}` | {} | {in_part} |\n", always.join(", "));
            assert!(include_str!("../README.md").contains(&row), "{row}");
        }
    }

    #[test]
    fn what_is_lacking_is_told() {
        let check = |action: &str, granted: &[&str], expected: &str| {
            let (_, needs) = ACTIONS.iter().find(|(name, _)| *name == action).unwrap();
            let told = match judge(needs, granted) {
                Verdict::Works => "works".to_owned(),
                Verdict::InPart(what) => format!("in part: {what}"),
                Verdict::No(what) => format!("no: {what}"),
            };
            assert_eq!(told, expected);
        };
        check("PIN", &[], "no: needs pins:write");
        check("FIND_USER", &["users:read"], "in part: e-mail addresses need users:read.email");
        check("FIND_USER", &["users:read", "users:read.email"], "works");
        check(
            "SET_TOPIC",
            &["chat:write"],
            "no: needs channels:manage or channels:write.topic or channels:write",
        );
        let some = ["channels:write.topic", "channels:read", "groups:read"];
        check(
            "SET_TOPIC",
            &some,
            "in part: private channels need groups:write or groups:write.topic",
        );
    }
}
