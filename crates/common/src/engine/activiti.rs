//! Activiti Cloud's integration requests, results and errors (`activiti-cloud.md` §2, §3).
//!
//! Everything here is pure: bytes in, values out. What was received is echoed as it came, member by member.

mod answer;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use tracing::warn;

pub(crate) use self::answer::Answer;
use crate::{
    Failure, Object,
    definition::Definition,
    engine::{destinations::Destinations, variables::Entry},
    runner::{Again, Request},
    settings::{OutputExpressions, Settings},
};

/// This connector's side of the conversation.
pub(crate) struct Activiti {
    definition_errors: Vec<String>,
    service_name: String,
    /// [`Identity`] as the last members of every answer, with the closing brace.
    identity: Vec<u8>,
    result_override: Option<String>,
    error_override: Option<String>,
    separator: String,
    expressions: OutputExpressions,
    answer_bytes_max: u64,
    versions: (Option<Version>, Option<Version>),
}

/// Who we are, on every answer (§6 #2).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    app_version: &'a str,
    app_name: &'a str,
    service_name: &'a str,
    service_full_name: &'a str,
    service_type: &'static str,
    service_version: &'static str,
}

/// A version of numbers and dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(Vec<u64>);

/// An integration request as it came.
#[derive(Debug)]
pub(crate) struct IntegrationRequest<'a> {
    members: Members<'a>,
    context: Members<'a>,
    pub(crate) id: String,
    pub(crate) connector_type: String,
    app_name: String,
    service_full_name: String,
    result_destination: String,
    error_destination: String,
    /// The bundle can't read back what it is said to have sent, so it isn't echoed.
    unreadable_inputs: bool,
}

/// The members of an object, in their order and as they were written.
#[derive(Debug, Default)]
struct Members<'a, V = &'a RawValue>(Vec<(Cow<'a, str>, V)>);

impl Activiti {
    pub(crate) fn new(
        settings: &Settings,
        destinations: &Destinations,
        definition: &Definition,
    ) -> Self {
        let version = |text: &Option<String>| text.as_deref().map(Version::of);
        let identity = Identity {
            app_version: settings.application_version.as_deref().unwrap_or_default(),
            app_name: settings.application_name.as_deref().unwrap_or_default(),
            service_name: &destinations.group,
            service_full_name: &destinations.group,
            service_type: "connector",
            service_version: env!("CARGO_PKG_VERSION"),
        };
        Self {
            definition_errors: definition.error_codes().map(String::from).collect(),
            service_name: destinations.group.clone(),
            identity: serde_json::to_vec(&identity).unwrap_or_default().split_off(1),
            result_override: settings.result_destination.clone(),
            error_override: settings.error_destination.clone(),
            separator: destinations.separator().to_owned(),
            expressions: settings.output_expressions,
            answer_bytes_max: settings.answer_bytes_max.0,
            versions: (
                version(&settings.application_min_version),
                version(&settings.application_max_version),
            ),
        }
    }

    /// Whether requests of that application version are for us (§11 D3).
    pub(crate) fn admits(&self, app_version: Option<&str>) -> bool {
        let (min, max) = &self.versions;
        if min.is_none() && max.is_none() {
            return true;
        }
        let version = Version::of(app_version.unwrap_or_default());
        min.as_ref().is_none_or(|min| *min <= version)
            && max.as_ref().is_none_or(|max| version <= *max)
    }

    /// Reads what can be answered; the error says why a message can't be.
    pub(crate) fn decode<'a>(&self, body: &'a [u8]) -> Result<IntegrationRequest<'a>, String> {
        let members: Members<'a> =
            serde_json::from_slice(body).map_err(|error| position("not JSON", &error))?;
        let context = members.get("integrationContext").ok_or("no integrationContext")?;
        let context: Members<'a> = serde_json::from_str(context.get())
            .map_err(|_error| "integrationContext is no object".to_owned())?;
        let id = context.text("id").filter(|it| !it.is_empty());
        let id = id.ok_or("integrationContext.id is no text")?;
        let service = members.text("serviceFullName").filter(|it| !it.is_empty());
        // Bundles before 7.1.0-M16 name no destinations (§8).
        let destination = |own: &Option<String>, field: &str, name: &str| {
            let asked = members.text(field).filter(|it| !it.is_empty());
            if let (Some(own), Some(asked)) = (own, &asked)
                && own != asked
            {
                warn!(override = own, asked, "answers go elsewhere than the request asks");
            }
            let fallback =
                || service.as_ref().map(|service| format!("{name}{}{service}", self.separator));
            own.clone().or(asked).or_else(fallback)
        };
        let result = destination(&self.result_override, "resultDestination", "integrationResult");
        let error = destination(&self.error_override, "errorDestination", "integrationError");
        let (Some(result_destination), Some(error_destination)) = (result, error) else {
            return Err("no reply address: neither destinations nor serviceFullName".to_owned());
        };
        Ok(IntegrationRequest {
            id,
            connector_type: context.text("connectorType").unwrap_or_default(),
            app_name: members.text("appName").unwrap_or_default(),
            service_full_name: service.unwrap_or_default(),
            result_destination,
            error_destination,
            unreadable_inputs: false,
            members,
            context,
        })
    }
}

/// A parse error by place and kind: the library's text may quote data.
fn position(what: &str, error: &serde_json::Error) -> String {
    format!("{what} at line {} column {}", error.line(), error.column())
}

impl IntegrationRequest<'_> {
    /// The request in neutral terms; fails where an input cannot be read (§11 C3).
    pub(crate) fn neutral(&mut self, action: String) -> Result<Request, Failure> {
        let inputs = self.inputs().inspect_err(|_failure| self.unreadable_inputs = true)?;
        Ok(Request {
            action,
            id: self.id.clone(),
            business_key: self.context.text("businessKey"),
            process_instance: self.context.text("processInstanceId"),
            inputs,
            again: Again::Outcome,
            ..Request::default()
        })
    }

    fn inputs(&mut self) -> Result<Object, Failure> {
        let technical = |text: String| Failure::technical(text).with_note("unreadable input");
        let Some(raw) = self.context.get("inBoundVariables") else { return Ok(Object::new()) };
        let entries: Option<Members<'_, Entry>> = serde_json::from_str(raw.get())
            .map_err(|error| technical(position("inBoundVariables is no object", &error)))?;
        let entries = entries.map(|it| it.0).unwrap_or_default();
        let mut inputs = Object::with_capacity(entries.len());
        for (name, entry) in entries {
            self.unreadable_inputs |= !entry.is_as_sent();
            let value =
                entry.decode().map_err(|error| technical(format!("input `{name}`: {error}")))?;
            inputs.insert(name.into_owned(), value);
        }
        Ok(inputs)
    }
}

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| *value)
    }

    /// A text member; null and other kinds count as absent.
    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    fn others<'s>(&'s self, but: &'s [&str]) -> impl Iterator<Item = (&'s str, &'a RawValue)> {
        let members = self.0.iter().map(|(name, value)| (name.as_ref(), *value));
        members.filter(move |(name, _)| !but.contains(name))
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Members<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Visit<V> {
            type Value = Members<'de, V>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(20);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit(PhantomData))
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Version {
    fn of(text: &str) -> Self {
        let numbers = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty());
        Self(numbers.filter_map(|it| it.parse().ok()).collect())
    }
}
