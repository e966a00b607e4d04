//! Where a message goes: a channel or a user, by id, name or e-mail address.

use common::Failure;

use crate::{
    client::Slack,
    error::missing,
    lookup,
    names::{Channel, Names, User},
    workspace::Workspace,
};

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Channel(Channel),
    /// A direct message, whose conversation is opened first.
    User(User),
}

/// The four inputs that say where a message goes.
pub(crate) struct Address {
    pub(crate) channel_id: Option<Names>,
    pub(crate) channel_name: Option<Names>,
    pub(crate) user_id: Option<Names>,
    pub(crate) user_email: Option<Names>,
}

impl Address {
    /// The recipients of the first input that names any: `channelId`, `channelName`, `userId`, `userEmail`.
    ///
    /// `unused` is told of those behind it.
    pub(crate) fn targets(self, mut unused: impl FnMut(String)) -> Vec<Target> {
        let inputs = [
            ("channelId", self.channel_id),
            ("channelName", self.channel_name),
            ("userId", self.user_id),
            ("userEmail", self.user_email),
        ];
        let given = inputs
            .into_iter()
            .filter_map(|(name, names)| Some((name, names.filter(|it| !it.is_empty())?)));
        let mut given = given.collect::<Vec<_>>().into_iter();
        let Some((used, names)) = given.next() else { return Vec::new() };
        for (name, _) in given {
            unused(format!("`{name}` is not used, since `{used}` is given"));
        }
        let target = |text: &String| match used {
            "channelId" => Target::Channel(Channel::of_id(text)),
            "channelName" => Target::Channel(Channel::of_name(text)),
            _ => Target::User(User::parse(text)),
        };
        names.0.iter().map(target).collect()
    }
}

impl Target {
    /// As the task called it.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Channel(Channel::Id(text) | Channel::Name(text))
            | Self::User(User::Id(text) | User::Email(text) | User::Name(text)) => text,
        }
    }

    /// The id of the channel or conversation.
    ///
    /// # Errors
    /// `CHANNEL_NOT_FOUND`, `USER_NOT_FOUND`, or why Slack cannot be asked.
    pub(crate) async fn channel(
        &self,
        slack: &Slack,
        workspace: &Workspace,
    ) -> Result<String, Failure> {
        match self {
            Self::Channel(channel) => lookup::channel(&slack.api, workspace, channel).await,
            Self::User(user) => {
                let user = lookup::user(&slack.api, workspace, user).await?;
                lookup::conversation(&slack.api, workspace, &user).await
            }
        }
    }
}

/// The channel of an action that works on one.
///
/// # Errors
/// `MISSING_INPUT`, `CHANNEL_NOT_FOUND`, or why Slack cannot be asked.
pub(crate) async fn channel(
    slack: &Slack,
    workspace: &Workspace,
    channel: Option<Channel>,
) -> Result<String, Failure> {
    let channel = channel.ok_or_else(|| missing("`channelId` or `channelName` is needed"))?;
    lookup::channel(&slack.api, workspace, &channel).await
}

/// The channel that the two inputs of such an action name; the id wins.
pub(crate) fn named(id: Option<&str>, name: Option<&str>) -> Option<Channel> {
    let given =
        |text: Option<&str>| text.map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
    let by_name = || given(name).map(|it| Channel::of_name(&it));
    given(id).map(|it| Channel::of_id(&it)).or_else(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<Names> {
        (!text.is_empty()).then(|| Names(text.split(',').map(str::to_owned).collect()))
    }

    /// Recipients, and the inputs that were not used.
    fn check(inputs: [&str; 4], expected: &[&str], unused: &[&str]) {
        let [channel_id, channel_name, user_id, user_email] = inputs.map(names);
        let address = Address { channel_id, channel_name, user_id, user_email };
        let mut told = Vec::new();
        let targets = address.targets(|it| told.push(it));
        let shown: Vec<_> = targets.iter().map(Target::shown).collect();
        assert_eq!(shown, expected, "{inputs:?}");
        let told: Vec<_> = told.iter().filter_map(|it| it.split('`').nth(1)).collect();
        assert_eq!(told, unused, "{inputs:?}");
    }

    #[test]
    fn the_first_input_that_is_given_wins() {
        check(["", "", "", ""], &[], &[]);
        check(["C1", "orders", "U1", "a@b.at"], &["C1"], &["channelName", "userId", "userEmail"]);
        check(["", "#orders", "U1", ""], &["orders"], &["userId"]);
        check(["", "", "U1,U2", "a@b.at"], &["U1", "U2"], &["userEmail"]);
        check(["", "", "", "a@b.at"], &["a@b.at"], &[]);
    }
}
