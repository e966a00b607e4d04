//! `FIND_USER`: who has an e-mail address or a name.

use common::{Context, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{client::Slack, error::missing, lookup, method, names::User};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    user_email: Option<String>,
    user_name: Option<String>,
    workspace: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    user: Value,
    user_id: String,
}

pub(crate) async fn run(slack: Context<Slack>, input: Input) -> Result<Output, Failure> {
    let workspace = slack.workspaces.get(input.workspace.as_deref())?;
    let given = |it: Option<String>| it.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    let wanted = match (given(input.user_email), given(input.user_name)) {
        (Some(email), _) => User::Email(email),
        (None, Some(name)) => User::parse(&name),
        (None, None) => return Err(missing("`userEmail` or `userName` is needed")),
    };
    let preview = match &wanted {
        User::Email(email) => (&method::USER_BY_EMAIL, json!({"email": email})),
        User::Id(name) | User::Name(name) => (&method::USER_INFO, json!({"user": name})),
    };
    Slack::preview(&slack, preview.0, &preview.1)?;
    let user_id = match &wanted {
        // A name in capitals looks like an id; only Slack knows.
        User::Id(text) => {
            let by_name = User::Name(text.clone());
            match lookup::user(&slack.api, workspace, &by_name).await {
                Err(failure) if failure.code() == "USER_NOT_FOUND" => text.clone(),
                outcome => outcome?,
            }
        }
        User::Email(_) | User::Name(_) => lookup::user(&slack.api, workspace, &wanted).await?,
    };
    let info = json!({"user": user_id});
    let answer = slack.call(workspace, &method::USER_INFO, &info).await?.body;
    let user = answer.get("user").cloned();
    let user = user.ok_or_else(|| lookup::without(&method::USER_INFO, "user"))?;
    Ok(Output { user, user_id })
}
