//! Inviting people: everybody who can be invited, and who can't be named.

use common::{Context, Failure, Object};
use serde_json::{Value, json};

use crate::{
    client::Slack,
    lookup, method,
    names::{Names, User},
    tries::{comes_back, stubbornly},
    verdict::{self, Problem, Refusal},
    workspace::Workspace,
};

/// The most people that are invited in one call (the smaller of the two numbers that Slack documents).
const PEOPLE_MAX: usize = 100;

/// Who was not invited, as the task called them, and why.
pub(crate) struct Invited {
    pub(crate) refused: Vec<(String, Failure)>,
}

/// Invites everybody who can be invited (`answers.md` 19).
///
/// # Errors
/// A limit of Slack's after which the request comes back.
pub(crate) async fn invite(
    slack: &Context<Slack>,
    workspace: &Workspace,
    channel: &str,
    members: &Names,
) -> Result<Invited, Failure> {
    let mut refused = Vec::new();
    let mut found: Vec<(String, &str)> = Vec::new();
    for who in &members.0 {
        let user = User::parse(who);
        match stubbornly(|| lookup::user(&slack.api, workspace, &user)).await {
            Ok(id) if found.iter().any(|(it, _)| *it == id) => {}
            Ok(id) => found.push((id, who)),
            Err(failure) if comes_back(&failure, slack.rate_wait()) => return Err(failure),
            Err(failure) => refused.push((who.clone(), failure)),
        }
    }
    for some in found.chunks(PEOPLE_MAX) {
        match invite_some(slack, workspace, channel, some).await? {
            Ok(failures) => refused.extend(failures),
            // One whom Slack does not name keeps all others out, so that each is asked for alone.
            Err(failure) if some.len() > 1 && is_about_people(&failure) => {
                for one in some {
                    let alone = std::slice::from_ref(one);
                    match invite_some(slack, workspace, channel, alone).await? {
                        Ok(failures) => refused.extend(failures),
                        Err(failure) => refused.push((one.1.to_owned(), failure)),
                    }
                }
            }
            Err(failure) => refused.extend(some.iter().map(|(_, who)| {
                let text = format!("{:#}", failure.report().source);
                ((*who).to_owned(), verdict::like(&failure, failure.code(), &text))
            })),
        }
    }
    Ok(Invited { refused })
}

/// Whether others may be invited all the same.
fn is_about_people(failure: &Failure) -> bool {
    matches!(failure.code(), "USER_NOT_FOUND" | "FORBIDDEN" | "UNKNOWN_ERROR")
}

type Outcome = Result<Vec<(String, Failure)>, Failure>;

/// Invites some people: those whom Slack names as not invited, or why nobody is.
///
/// # Errors
/// A limit of Slack's after which the request comes back.
async fn invite_some(
    slack: &Context<Slack>,
    workspace: &Workspace,
    channel: &str,
    people: &[(String, &str)],
) -> Result<Outcome, Failure> {
    let ids: Vec<_> = people.iter().map(|(id, _)| id.as_str()).collect();
    let arguments = json!({"channel": channel, "users": ids.join(","), "force": true});
    let call = || async {
        match slack.api.call(workspace, &method::INVITE, &arguments).await {
            Ok(answer) => Ok(Ok(answer.body)),
            Err(Problem::Refused(refusal)) => Ok(Err(refusal)),
            Err(Problem::Failed(failure)) => Err(failure),
        }
    };
    let named = |errors: &Value| -> Vec<(String, Failure)> {
        let errors = errors.as_array().into_iter().flatten();
        let failures = errors.filter_map(|error| {
            let word = error["error"].as_str()?;
            let (_, who) = people.iter().find(|(id, _)| error["user"] == id.as_str())?;
            (word != "already_in_channel").then(|| ((*who).to_owned(), refusal(word)))
        });
        failures.collect()
    };
    match stubbornly(call).await {
        Ok(Ok(answer)) => Ok(Ok(answer.get("errors").map(named).unwrap_or_default())),
        Ok(Err(refusal)) if refusal.error == "already_in_channel" && people.len() == 1 => {
            Ok(Ok(Vec::new()))
        }
        Ok(Err(refusal)) => match refusal.body.get("errors") {
            Some(errors) if errors.as_array().is_some_and(|it| it.len() == people.len()) => {
                Ok(Ok(named(errors)))
            }
            Some(_) | None => Ok(Err(refusal.failure())),
        },
        Err(failure) if comes_back(&failure, slack.rate_wait()) => Err(failure),
        Err(failure) => Ok(Err(failure)),
    }
}

fn refusal(word: &str) -> Failure {
    let (error, body) = (word.to_owned(), Object::new());
    Refusal { method: method::INVITE.name, error, body }.failure()
}
