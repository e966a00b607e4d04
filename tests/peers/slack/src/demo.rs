//! The workspace that a fake starts with.

use crate::model::{Bot, Channel, Kind, Token, User, Webhook, Workspace};

/// The demo workspace's bot token, with every scope that the methods here ask for.
pub const BOT_TOKEN: &str = "xoxb-fake-acme";

/// What the demo app's requests are signed with; Slack's own example.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// The demo workspace's incoming webhook; posts to `orders`.
pub const WEBHOOK_PATH: &str = "/services/T0ACME0001/B0HOOK0001/fakefakefake";

const SCOPES: [&str; 23] = [
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "users:read",
    "users:read.email",
];

impl Workspace {
    /// "Acme": Jane, John, Grace who left, and a bot; channels of every kind, named for what they are.
    pub fn demo() -> Self {
        let bot = Bot {
            user_id: "U0BOT00001".to_owned(),
            bot_id: "B0BOT00001".to_owned(),
            app_id: "A0APP00001".to_owned(),
        };
        let (jane, john, robot) = ("U0JANE0001", "U0JOHN0001", bot.user_id.as_str());
        let users = vec![
            user(jane, "jane", "Jane Doe"),
            user(john, "john", "John Smith"),
            User { deleted: true, ..user("U0GONE0001", "grace", "Grace Gone") },
            User { is_bot: true, email: None, ..user(robot, "connector", "Connector") },
        ];
        let channels = vec![
            Channel { general: true, ..channel("C0GENERAL1", "general", &[jane, john, robot]) },
            channel("C0ORDERS01", "orders", &[jane, robot]),
            channel("C0RANDOM01", "random", &[jane, john]),
            Channel { kind: Kind::Private, ..channel("C0BOARD001", "board", &[jane, robot]) },
            Channel { kind: Kind::Private, ..channel("C0SECRET01", "secret", &[jane]) },
            Channel { archived: true, ..channel("C0ARCHIVE1", "archived", &[jane, robot]) },
        ];
        let scopes = SCOPES.map(str::to_owned).to_vec();
        let webhook = Webhook {
            path: WEBHOOK_PATH.to_owned(),
            channel: "C0ORDERS01".to_owned(),
            ..Webhook::default()
        };
        Self {
            id: "T0ACME0001".to_owned(),
            name: "Acme".to_owned(),
            domain: "acme".to_owned(),
            users,
            channels,
            tokens: vec![Token { token: BOT_TOKEN.to_owned(), scopes, ..Token::default() }],
            webhooks: vec![webhook],
            bot,
            ..Self::default()
        }
    }
}

fn user(id: &str, name: &str, real_name: &str) -> User {
    User {
        id: id.to_owned(),
        name: name.to_owned(),
        real_name: real_name.to_owned(),
        email: Some(format!("{name}@example.org")),
        ..User::default()
    }
}

fn channel(id: &str, name: &str, members: &[&str]) -> Channel {
    Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        created: 1_700_000_000,
        creator: "U0JANE0001".to_owned(),
        members: members.iter().map(|&member| member.to_owned()).collect(),
        ..Channel::default()
    }
}
