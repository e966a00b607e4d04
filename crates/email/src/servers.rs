//! The configured servers by name; those of `EMAIL_SERVERS` follow their file.

use std::{collections::BTreeMap, sync::Arc};

use common::{Document, Secret};
use serde_json::Value;

use crate::{
    server::{Manners, Server},
    settings::{self, ServerSettings},
};

/// The name of the server that the single-server settings describe.
pub(crate) const DEFAULT: &str = "default";

type ByName = BTreeMap<String, Entry>;

/// All of them, as they are now.
pub(crate) struct Servers {
    named: Document<ByName>,
    manners: Manners,
}

struct Entry {
    server: Arc<Server>,
    /// What `EMAIL_SERVERS` says of it; null for the one of the single-server settings.
    said: Value,
}

impl Servers {
    /// Those of `EMAIL_SERVERS`, and beside them `single`.
    ///
    /// # Errors
    /// What is wrong with the setting; no value is quoted.
    pub(crate) fn new(
        setting: Option<&Secret>,
        single: Option<Server>,
        manners: Manners,
    ) -> Result<Self, String> {
        let single = single.map(|it| {
            let entry = Entry { server: Arc::new(it), said: Value::Null };
            (DEFAULT.to_owned(), entry)
        });
        let single: ByName = single.into_iter().collect();
        let named = match setting {
            Some(setting) => Document::new("EMAIL_SERVERS", setting.reveal(), |text| {
                read(text, &single, &manners)
            })?,
            None => Document::fixed(single),
        };
        Ok(Self { named, manners })
    }

    pub(crate) fn all(&self) -> BTreeMap<String, Arc<Server>> {
        let current = self.current();
        current.iter().map(|(name, it)| (name.clone(), Arc::clone(&it.server))).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Server>> {
        self.current().get(name).map(|it| Arc::clone(&it.server))
    }

    fn current(&self) -> Arc<ByName> {
        self.named.current(|text, before| read(text, before, &self.manners))
    }
}

/// The servers of `text`; those of `before` stay where nothing else is said of them, with their connections.
fn read(text: &str, before: &ByName, manners: &Manners) -> Result<ByName, String> {
    let mut servers = ByName::new();
    for (name, said, settings) in settings::servers(text)? {
        let old = before.get(&name);
        let server = match old {
            Some(old) if old.said == said => Arc::clone(&old.server),
            Some(_) | None => {
                Arc::new(new(settings, old, manners).map_err(|what| format!("`{name}`: {what}"))?)
            }
        };
        servers.insert(name, Entry { server, said });
    }
    if let Some(Entry { server, said: Value::Null }) = before.get(DEFAULT) {
        let entry = Entry { server: Arc::clone(server), said: Value::Null };
        servers.insert(DEFAULT.to_owned(), entry);
    }
    Ok(servers)
}

fn new(settings: ServerSettings, old: Option<&Entry>, manners: &Manners) -> Result<Server, String> {
    let server = Server::new(settings, manners)?;
    Ok(match old {
        Some(old) => server.in_place_of(&old.server),
        None => server,
    })
}
