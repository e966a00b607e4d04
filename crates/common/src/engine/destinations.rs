//! Names on the broker (`activiti-cloud.md` §1.2).
//!
//! ```text
//! target   = [prefix separator] (name or source) [separator scope]
//! exchange = rabbit prefix, then target, transformed where transformers are on
//! ```

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;

use crate::{lenient::Lenient, settings::Settings};

/// The rules by which both sides compute names.
#[derive(Debug)]
pub(crate) struct Destinations {
    prefix: String,
    separator: String,
    transformers: Vec<Transformer>,
    overrides: BTreeMap<String, Override>,
    rabbit_prefix: String,
    pub(crate) group: String,
    pub(crate) instance: String,
    raw_too: bool,
}

#[derive(Debug)]
enum Transformer {
    ToLowerCase,
    EscapeIllegalChars(Regex, String),
}

/// What is set for one destination (`activiti.cloud.messaging.destinations.<key>`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    name: Option<String>,
    scope: Option<String>,
    prefix: Option<String>,
    separator: Option<String>,
}

/// A queue and the exchanges whose requests it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inbox {
    pub(crate) action: &'static str,
    pub(crate) queue: String,
    pub(crate) exchanges: Vec<String>,
}

impl Destinations {
    /// Whose requests the ledger remembers: another group is another connector to the engine.
    pub(crate) fn whose(&self) -> String {
        let Self { instance, group, .. } = self;
        if instance == group { instance.clone() } else { format!("{instance}/{group}") }
    }

    /// Fails with a setting's name and what is wrong with it.
    pub(crate) fn new(
        settings: &Settings,
        connector: &str,
    ) -> Result<Self, (&'static str, String)> {
        let instance = settings.connector_name.clone().unwrap_or_else(|| connector.to_owned());
        let mut transformers = Vec::new();
        if settings.destination_transformers_enabled {
            for name in settings.destination_transformers.split(',').map(str::trim) {
                transformers.extend(match name {
                    "toLowerCase" => Some(Transformer::ToLowerCase),
                    "escapeIllegalChars" => Some(Transformer::EscapeIllegalChars(
                        Regex::new(&settings.destination_illegal_chars)
                            .map_err(|error| ("DESTINATION_ILLEGAL_CHARS", error.to_string()))?,
                        settings.destination_illegal_chars_replacement.clone(),
                    )),
                    _ => None,
                });
            }
        }
        let mut overrides = BTreeMap::new();
        for (source, value) in settings.destinations.iter().flatten() {
            let one = Override::deserialize(Lenient(value))
                .map_err(|error| ("DESTINATIONS", format!("`{source}`: {error}")))?;
            overrides.insert(source.to_lowercase(), one);
        }
        Ok(Self {
            prefix: settings.destination_prefix.clone().unwrap_or_default(),
            separator: settings.destination_separator.clone(),
            transformers,
            overrides,
            rabbit_prefix: settings.rabbit_prefix.clone().unwrap_or_default(),
            group: settings.connector_group.clone().unwrap_or_else(|| instance.clone()),
            instance,
            raw_too: settings.bind_raw_names,
        })
    }

    /// Where requests for `action` arrive.
    pub(crate) fn inbox(&self, action: &'static str) -> Inbox {
        let raw = format!("{}.{action}", self.instance);
        let target = self.target(&raw);
        let queue = format!("{}{target}.{}", self.rabbit_prefix, self.group);
        let mut exchanges = vec![self.exchange(&target)];
        let raw = self.exchange(&raw);
        if self.raw_too && raw != exchanges[0] {
            exchanges.push(raw);
        }
        Inbox { action, queue, exchanges }
    }

    /// The exchange of a destination that is already final, as a request's `resultDestination` is.
    pub(crate) fn exchange(&self, destination: &str) -> String {
        format!("{}{destination}", self.rabbit_prefix)
    }

    /// What connects name and scope where a request names no destination for its answer.
    pub(crate) fn separator(&self) -> &str {
        &self.separator
    }

    fn target(&self, source: &str) -> String {
        let none = Override::default();
        let own = self.overrides.get(&source.to_lowercase()).unwrap_or(&none);
        let separator = own.separator.as_ref().unwrap_or(&self.separator);
        let mut target = own.name.clone().unwrap_or_else(|| source.to_owned());
        let prefix = own.prefix.as_ref().unwrap_or(&self.prefix);
        if !prefix.is_empty() {
            target = format!("{prefix}{separator}{target}");
        }
        if let Some(scope) = own.scope.as_ref().filter(|it| !it.is_empty()) {
            target = format!("{target}{separator}{scope}");
        }
        self.transformers.iter().fold(target, |target, transformer| match transformer {
            Transformer::ToLowerCase => target.to_lowercase(),
            Transformer::EscapeIllegalChars(illegal, replacement) => {
                illegal.replace_all(&target, replacement.as_str()).into_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn destinations(change: impl FnOnce(&mut Settings)) -> Destinations {
        let mut settings = Settings::default();
        change(&mut settings);
        Destinations::new(&settings, "rest-connector").unwrap()
    }

    /// The settings of `MQServiceTaskDestinationsIT`, from which the contract has its worked examples.
    fn worked(settings: &mut Settings) {
        settings.destination_prefix = Some("MQServiceTaskDestinationsIT".to_owned());
        settings.destination_separator = ".".to_owned();
        settings.destination_transformers_enabled = true;
        let name = json!({"name": "constants_connector.constants_action_name"});
        settings.destinations = Some(
            [("Constants Connector.constantsActionName".to_owned(), name)].into_iter().collect(),
        );
    }

    #[test]
    fn by_default_the_destination_is_the_implementation() {
        let destinations = destinations(|_| {});
        let inbox = destinations.inbox("GET");
        assert_eq!(inbox.queue, "rest-connector.GET.rest-connector");
        assert_eq!(inbox.exchanges, ["rest-connector.GET"]);
        assert_eq!(destinations.exchange("integrationResult_rb"), "integrationResult_rb");
    }

    #[test]
    fn the_four_worked_examples_of_the_contract() {
        let destinations = destinations(worked);
        for (source, expected) in [
            ("rest.GET", "mqservicetaskdestinationsit.rest.get"),
            ("mealsConnector", "mqservicetaskdestinationsit.mealsconnector"),
            (
                "Variable Mapping Connector.variableMappingActionName",
                "mqservicetaskdestinationsit.variable-mapping-connector.variablemappingactionname",
            ),
            (
                "Constants Connector.constantsActionName",
                "mqservicetaskdestinationsit.constants_connector.constants_action_name",
            ),
        ] {
            assert_eq!(destinations.target(source), expected);
        }
    }

    #[test]
    fn the_raw_name_is_bound_too_where_asked_for() {
        let destinations = destinations(|settings| {
            worked(settings);
            settings.connector_name = Some("rest".to_owned());
            settings.connector_group = Some("group".to_owned());
            settings.bind_raw_names = true;
        });
        let inbox = destinations.inbox("GET");
        assert_eq!(inbox.queue, "mqservicetaskdestinationsit.rest.get.group");
        assert_eq!(inbox.exchanges, ["mqservicetaskdestinationsit.rest.get", "rest.GET"]);
    }

    #[test]
    fn the_rabbit_prefix_is_put_before_everything() {
        let destinations = destinations(|settings| settings.rabbit_prefix = Some("X-".to_owned()));
        let inbox = destinations.inbox("GET");
        assert_eq!(inbox.queue, "X-rest-connector.GET.rest-connector");
        assert_eq!(inbox.exchanges, ["X-rest-connector.GET"]);
        assert_eq!(destinations.exchange("custRes_rb"), "X-custRes_rb");
    }

    #[test]
    fn a_scope_and_an_own_separator_apply_to_one_destination() {
        let destinations = destinations(|settings| {
            let one = json!({"scope": "rb", "separator": "-", "prefix": "p"});
            settings.destinations =
                Some([("REST-connector.GET".to_owned(), one)].into_iter().collect());
        });
        assert_eq!(destinations.target("rest-connector.GET"), "p-rest-connector.GET-rb");
        assert_eq!(destinations.target("rest-connector.PUT"), "rest-connector.PUT");
    }

    #[test]
    fn a_wrong_override_or_expression_names_its_setting() {
        let settings = Settings {
            destination_illegal_chars: "[".to_owned(),
            destination_transformers_enabled: true,
            ..Settings::default()
        };
        assert_eq!(Destinations::new(&settings, "x").unwrap_err().0, "DESTINATION_ILLEGAL_CHARS");
        let wrong = [("a".to_owned(), json!({"nmae": 1}))].into_iter().collect();
        let settings = Settings { destinations: Some(wrong), ..Settings::default() };
        let (setting, what) = Destinations::new(&settings, "x").unwrap_err();
        assert_eq!(setting, "DESTINATIONS");
        assert!(what.contains("`a`: unknown field `nmae`"), "{what}");
    }
}
