//! Slack's words for what went wrong: what each means, and what to do about it.

use crate::error::ErrorCode;

/// What one of Slack's words means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// The process can handle it.
    Business(ErrorCode),
    /// An input has to be changed.
    Input,
    /// It may go away by itself.
    Transient(ErrorCode),
    /// Somebody has to look.
    Permanent(ErrorCode),
}

/// The words that are known, by what they mean.
const KNOWN: [(Meaning, &[&str]); 12] = [
    (
        Meaning::Business(ErrorCode::Unauthorized),
        &["not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"],
    ),
    (
        Meaning::Business(ErrorCode::Unauthorized),
        &["org_login_required", "two_factor_setup_required", "invalid_token"],
    ),
    // Of incoming webhooks.
    (
        Meaning::Business(ErrorCode::Unauthorized),
        &["no_service", "no_service_id", "no_team", "team_disabled", "no_active_hooks"],
    ),
    (
        Meaning::Business(ErrorCode::Forbidden),
        &["missing_scope", "access_denied", "accesslimited", "no_permission", "permission_denied"],
    ),
    (
        Meaning::Business(ErrorCode::Forbidden),
        &["not_allowed_token_type", "not_allowed", "ekm_access_denied", "enterprise_is_restricted"],
    ),
    (
        Meaning::Business(ErrorCode::Forbidden),
        &["team_access_not_granted", "user_is_restricted", "user_is_bot", "action_prohibited"],
    ),
    (
        Meaning::Business(ErrorCode::Forbidden),
        &["cant_update_message", "cant_delete_message", "cant_invite", "cant_invite_self"],
    ),
    (
        Meaning::Business(ErrorCode::Forbidden),
        &[
            "posting_to_general_channel_denied",
            "posting_to_channel_denied",
            "messages_tab_disabled",
            "no_external_invite_permission",
        ],
    ),
    (
        Meaning::Business(ErrorCode::InvalidChannel),
        &[
            "not_in_channel",
            "is_archived",
            "channel_is_archived",
            "already_archived",
            "name_taken",
            "cant_archive_general",
            "cant_post_message",
            "is_inactive",
            "max_members_limit",
            "too_many_members",
            "method_not_supported_for_channel_type",
        ],
    ),
    (
        Meaning::Business(ErrorCode::UserNotFound),
        &[
            "user_not_found",
            "users_not_found",
            "user_not_visible",
            "user_disabled",
            "user_not_in_channel",
            "cant_dm_bot",
        ],
    ),
    (
        Meaning::Transient(ErrorCode::UnknownError),
        &["internal_error", "service_unavailable", "team_added_to_org", "rollup_error"],
    ),
    (
        Meaning::Input,
        &[
            "no_text",
            "too_many_attachments",
            "too_many_contact_cards",
            "message_not_found",
            "thread_not_found",
            "edit_window_closed",
            "time_in_past",
            "time_too_far",
            "restricted_too_many",
            "bad_timestamp",
            "no_reaction",
            "too_many_emoji",
            "too_many_reactions",
            "too_long",
            "name_too_long",
            "block_mismatch",
            "no_item_specified",
            "no_channel",
            "no_user",
            "file_not_found",
        ],
    ),
];

/// What a word means; one that nobody knows is for somebody to look at.
pub(crate) fn meaning(error: &str) -> Meaning {
    if let Some((meaning, _)) = KNOWN.iter().find(|(_, words)| words.contains(&error)) {
        return *meaning;
    }
    match error {
        "channel_not_found" => Meaning::Business(ErrorCode::ChannelNotFound),
        "msg_too_long" => Meaning::Business(ErrorCode::MsgTooLong),
        "fatal_error" => Meaning::Permanent(ErrorCode::FatalError),
        "request_timeout" => Meaning::Transient(ErrorCode::RequestTimeout),
        _ if error.starts_with("restricted_action") || error.starts_with("team_not_found") => {
            Meaning::Business(ErrorCode::Forbidden)
        }
        _ if error.starts_with("invalid_") => Meaning::Input,
        _ => Meaning::Permanent(ErrorCode::UnknownError),
    }
}

/// What to do about it, where the word alone doesn't say.
pub(crate) fn advice(error: &str) -> Option<&'static str> {
    Some(match error {
        "not_in_channel" => {
            "invite the app to the channel (`/invite @app`), or give it the scope chat:write.public, which is enough for public channels"
        }
        "channel_not_found" => {
            "the app sees public channels, and private ones that it is a member of"
        }
        "missing_scope" => {
            "add it under OAuth & Permissions and install the app again; `slack-connector check` lists what each action needs"
        }
        "is_archived" | "channel_is_archived" => "unarchive the channel, or use another one",
        "name_taken" => "there is a channel of that name, perhaps an archived one",
        "invalid_auth" | "not_authed" | "token_revoked" | "account_inactive" | "token_expired" => {
            "put a valid bot token (xoxb-…) into SLACK_BOT_TOKEN"
        }
        "not_allowed_token_type" => "a bot token (xoxb-…) is needed",
        "message_not_found" => "`ts` is that of a message in this channel, e.g. 1763726400.000100",
        "thread_not_found" => "`threadTs` is the `ts` of the message that the thread begins with",
        "cant_update_message" | "cant_delete_message" => "an app can change its own messages only",
        "time_in_past" | "invalid_time" => "`scheduledAt` lies in the past",
        "time_too_far" => "`scheduledAt` is at most 120 days ahead",
        "invalid_name" => "`emoji` is the name of an emoji, e.g. `white_check_mark`",
        "invalid_name_specials"
        | "invalid_name_punctuation"
        | "invalid_name_required"
        | "invalid_name_maxlength" => {
            "`channelName` has up to 80 lower-case letters, digits, hyphens and underscores"
        }
        "no_text" => "`text`, `blocks` or `attachments` is needed",
        "msg_too_long" => "Slack takes up to 40,000 characters; put more into a file (`files`)",
        "users_not_found" | "user_not_found" => "nobody in the workspace has this id or address",
        "no_service" | "invalid_token" | "no_active_hooks" | "no_team" => {
            "make a new incoming webhook and put its URL into SLACK_WEBHOOK_URL"
        }
        "restricted_action" => "a preference of the workspace forbids it; its owner can allow it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], expected: &str) {
        for word in words {
            let told = match meaning(word) {
                Meaning::Business(code) => format!("business {code:?}"),
                Meaning::Input => "input".to_owned(),
                Meaning::Transient(code) => format!("transient {code:?}"),
                Meaning::Permanent(code) => format!("permanent {code:?}"),
            };
            assert_eq!(told, expected, "{word}");
        }
    }

    #[test]
    fn a_word_that_nobody_knows_is_for_somebody_to_look_at() {
        check(&["", "unknown_method", "brand_new_error"], "permanent UnknownError");
        check(&["fatal_error"], "permanent FatalError");
    }

    #[test]
    fn what_may_go_away_by_itself_is_tried_again() {
        check(&["internal_error", "service_unavailable", "rollup_error"], "transient UnknownError");
        check(&["request_timeout"], "transient RequestTimeout");
    }

    #[test]
    fn what_the_process_can_handle_has_its_code() {
        check(
            &["token_revoked", "no_service", "invalid_token", "invalid_auth"],
            "business Unauthorized",
        );
        check(
            &["missing_scope", "restricted_action_thread_locked", "cant_invite"],
            "business Forbidden",
        );
        check(&["channel_not_found"], "business ChannelNotFound");
        check(
            &["not_in_channel", "is_archived", "channel_is_archived", "name_taken"],
            "business InvalidChannel",
        );
        check(&["user_not_found", "users_not_found", "cant_dm_bot"], "business UserNotFound");
        check(&["msg_too_long"], "business MsgTooLong");
    }

    #[test]
    fn what_the_author_has_to_change_is_an_input() {
        check(
            &["invalid_blocks", "invalid_arg_name", "no_text", "time_in_past", "too_long"],
            "input",
        );
    }
}
