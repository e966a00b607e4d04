//! The JSON a modeler sees, and every difference between it and the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::schema::Fields;

/// A connector definition (`activiti-cloud.md` §4, `activiti-ootb-connectors.md` §1).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    #[expect(dead_code, reason = "for the modeler")]
    id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    #[expect(dead_code, reason = "for the modeler")]
    template: Option<String>,
    #[serde(default)]
    pub(crate) actions: Features,
    #[serde(default)]
    pub(crate) events: Features,
    #[serde(default)]
    errors: Vec<BpmnError>,
    #[serde(default)]
    pub(crate) config: Vec<ConfigParam>,
}

/// Actions or events, in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct Features(pub(crate) Vec<Feature>);

/// An action or an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    #[expect(dead_code, reason = "for the modeler")]
    id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) inputs: Vec<Param>,
    #[serde(default)]
    pub(crate) outputs: Vec<Param>,
    /// For the modeler, and for who serves actions that a file describes.
    pub(crate) model: Option<Value>,
}

/// An input or an output.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Param {
    #[expect(dead_code, reason = "for the modeler")]
    id: String,
    pub(crate) name: String,
    pub(crate) r#type: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[expect(dead_code, reason = "for the modeler")]
    model: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BpmnError {
    #[expect(dead_code, reason = "for the modeler")]
    name: String,
    #[expect(dead_code, reason = "for the modeler")]
    description: Option<String>,
    code: String,
}

/// A setting of this connector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigParam {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// The default.
    #[serde(default)]
    pub(crate) value: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) secure: bool,
}

/// What the code offers: the other side of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) config: Fields,
    pub(crate) actions: BTreeMap<&'static str, Signature>,
    pub(crate) events: BTreeMap<&'static str, Signature>,
    pub(crate) errors: BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) inputs: Fields,
    pub(crate) outputs: Fields,
}

impl Definition {
    /// The action of that name.
    pub(crate) fn action(&self, name: &str) -> Option<&Feature> {
        self.actions.0.iter().find(|it| it.name == name)
    }

    /// The codes of the BPMN errors that the actions raise.
    pub(crate) fn error_codes(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().map(|it| it.code.as_str())
    }

    /// Every difference between this definition and the code, in words.
    pub(crate) fn drift(&self, code: &Code) -> Vec<String> {
        let mut drift = Vec::new();

        let defined = self.config.iter().map(|it| it.name.as_str());
        compare_names("config", defined, code.config.names(), &mut drift);
        for param in &self.config {
            let needed = param.required || !param.value.is_empty();
            let coded = code.config.get(&param.name).map(|it| it.required);
            if coded.is_some_and(|coded| coded != needed) {
                drift.push(format!("config `{}`: only one side can do without it", param.name));
            }
        }

        compare_names(
            "error",
            self.error_codes(),
            code.errors.iter().map(String::as_str),
            &mut drift,
        );

        compare_features("action", &self.actions, &code.actions, &mut drift);
        compare_features("event", &self.events, &code.events, &mut drift);
        drift
    }
}

fn compare_features(
    place: &str,
    defined: &Features,
    coded: &BTreeMap<&'static str, Signature>,
    drift: &mut Vec<String>,
) {
    let names = defined.0.iter().map(|it| it.name.as_str());
    compare_names(place, names, coded.keys().copied(), drift);
    for feature in &defined.0 {
        let Some(signature) = coded.get(feature.name.as_str()) else { continue };
        let place = format!("{} input", feature.name);
        compare_params(&place, &feature.inputs, &signature.inputs, drift);
        for param in &feature.inputs {
            let coded = signature.inputs.get(&param.name).map(|it| it.required);
            if coded.is_some_and(|coded| coded != param.required) {
                drift.push(format!("{place} `{}`: only one side can do without it", param.name));
            }
        }
        let place = format!("{} output", feature.name);
        compare_params(&place, &feature.outputs, &signature.outputs, drift);
    }
}

fn compare_params(place: &str, defined: &[Param], coded: &Fields, drift: &mut Vec<String>) {
    let names = defined.iter().map(|it| it.name.as_str());
    compare_names(place, names, coded.names(), drift);
    for Param { name, r#type, .. } in defined {
        let Some(field) = coded.get(name) else { continue };
        let same = r#type == field.kind || (r#type == "json" && field.kind == "array");
        if !same {
            let kind = field.kind;
            drift.push(format!("{place} `{name}`: {type} in the definition, {kind} in the code"));
        }
    }
}

fn compare_names<'a>(
    place: &str,
    defined: impl Iterator<Item = &'a str>,
    coded: impl Iterator<Item = &'a str>,
    drift: &mut Vec<String>,
) {
    let (defined, coded): (BTreeSet<&str>, BTreeSet<&str>) = (defined.collect(), coded.collect());
    drift.extend(defined.difference(&coded).map(|it| format!("{place} `{it}`: not in the code")));
    drift.extend(
        coded.difference(&defined).map(|it| format!("{place} `{it}`: not in the definition")),
    );
}

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Features;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from ids to actions or events")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Features, A::Error> {
                let mut features = Vec::new();
                while let Some((_id, feature)) = map.next_entry::<String, Feature>()? {
                    features.push(feature);
                }
                Ok(Features(features))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}
