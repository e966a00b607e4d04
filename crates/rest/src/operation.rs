//! How an imported action becomes an HTTP call: what the import writes into the action's `model`, and serving reads.

use serde::{Deserialize, Serialize};

/// The member of `model` that carries an [`Operation`]; JSON schema lets unknown members be.
pub(crate) const MODEL: &str = "x-http";

/// One operation of an HTTP service (`OpenAPI` 3.1 §4.8.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) method: String,
    /// A template such as `/orders/{id}`.
    pub(crate) path: String,
    /// The connection whose address and credentials the call uses.
    pub(crate) connection: String,
    /// The address that the document gives, for when there is no such connection.
    pub(crate) server: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
    /// The members of the result that are outputs of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) outputs: Vec<String>,
}

/// An input that goes into the URL or a header (`OpenAPI` 3.1 §4.8.12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) input: String,
    /// What the service calls it.
    pub(crate) name: String,
    pub(crate) r#in: Place,
    pub(crate) style: Style,
    /// Whether the items of a list and the members of an object are parameters of their own.
    pub(crate) explode: bool,
    /// Whether characters that mean something in a URL stay as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) allow_reserved: bool,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

/// How a list or an object becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
    /// No style of the standard's: a parameter with `content`.
    Json,
}

/// What the body is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) content_type: String,
    /// Whether there is a body even where no input for it is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) required: bool,
    pub(crate) from: Source,
}

/// Which inputs the body comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    /// The body is this input.
    Input(String),
    /// The body is an object of these members.
    Members(Vec<Member>),
}

/// A member of the body's object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) input: String,
    pub(crate) name: String,
    /// A definition has no type for numbers that are not whole, so that text arrives where a number is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) number: bool,
}
