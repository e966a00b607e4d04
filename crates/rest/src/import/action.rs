//! An operation of an `OpenAPI` document → an action of a definition.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    content,
    document::Document,
    parameters,
    schema::{self, Kind},
};
use crate::{
    error::ErrorCode,
    operation::{MODEL, Operation},
};

/// The most members of a result that become outputs of their own; larger ones are in `result` alone.
const OUTPUTS_MAX: usize = 30;
/// What every imported action gives.
const OUTPUTS: [(&str, &str, &str); 5] = [
    ("result", "json", "The body of the answer; null where there is none."),
    ("status", "integer", "The HTTP status."),
    (
        "headers",
        "json",
        "The headers of the answer: names in lower case, a repeated header as a list.",
    ),
    ("restError", "string", "The text of the failure, with ERROR_MODE=output only."),
    ("warnings", "array", "What was done differently from what was asked."),
];

/// An operation as it is found in a document.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    /// In capitals.
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// What all operations of the path have in common.
    pub(crate) shared: &'a Value,
    pub(crate) operation: &'a Value,
}

/// Where an action belongs, and what it calls.
pub(crate) struct Site<'a> {
    /// The connector's name.
    pub(crate) connector: &'a str,
    /// The action's name.
    pub(crate) name: &'a str,
    pub(crate) connection: &'a str,
    pub(crate) server: &'a str,
}

/// The action as the definition has it.
///
/// # Errors
/// Why the operation can't be an action: a reference that leads nowhere.
pub(crate) fn build(document: &Document, found: Found, site: &Site) -> Result<Value, String> {
    let id = |part: &str| id(site.connector, &format!("{}/{part}", site.name));
    let mut inputs = Inputs { id: &id, list: Vec::new() };
    let parameters = parameters::read(document, found, &mut inputs)?;
    let body = content::body(document, found.operation, &mut inputs)?;
    if matches!(found.method, "POST" | "PATCH") {
        let text = "The header `Idempotency-Key`, by which the service recognizes a repeated call; true: the id of this request. Given, the call is tried again like one that only reads.";
        inputs.add_own("idempotencyKey", "string", text);
    }
    let text = "The time for one call in milliseconds. Default: setting HTTP_CALL_TIMEOUT.";
    inputs.add_own("timeout", "integer", text);

    // What an answer looks like can be unclear; the call can be made all the same.
    let fields = content::result(document, found.operation).unwrap_or_default();
    let is_own = |name: &str| OUTPUTS.iter().any(|it| it.0 == name);
    let fields: Vec<_> = fields.into_iter().filter(|it| !is_own(it.name)).collect();
    let fields = if fields.len() > OUTPUTS_MAX { Vec::new() } else { fields };
    let mut outputs = OUTPUTS.map(|(name, r#type, description)| {
        json!({"id": id(&format!("outputs/{name}")), "name": name, "type": r#type, "description": description})
    }).to_vec();
    for field in &fields {
        let kind = schema::kind(document, field.schema).unwrap_or(schema::JSON);
        outputs.push(json!({
            "id": id(&format!("outputs/{}", field.name)),
            "name": field.name,
            "type": kind.r#type,
            "description": schema::description(document, &Value::Null, field.schema),
        }));
    }
    let operation = Operation {
        method: found.method.to_owned(),
        path: found.path.to_owned(),
        connection: site.connection.to_owned(),
        server: site.server.to_owned(),
        parameters,
        body,
        outputs: fields.iter().map(|it| it.name.to_owned()).collect(),
    };
    Ok(json!({
        "id": id("action"),
        "name": site.name,
        "description": description(document, found),
        "inputs": inputs.list,
        "outputs": outputs,
        "model": {MODEL: operation},
    }))
}

/// The inputs of an action, as the definition has them.
pub(crate) struct Inputs<'a> {
    id: &'a dyn Fn(&str) -> String,
    list: Vec<Value>,
}

/// What is known about an input.
pub(crate) struct Wish<'a> {
    pub(crate) name: &'a str,
    /// Where it goes, which tells it from another input of that name.
    pub(crate) place: &'a str,
    pub(crate) kind: Kind,
    pub(crate) description: String,
    pub(crate) required: bool,
}

impl Inputs<'_> {
    /// Adds an input and gives the name it has got.
    pub(crate) fn add(&mut self, wish: Wish) -> String {
        let Wish { name, place, kind, description, required } = wish;
        let mut input = name.to_owned();
        while self.has(&input) {
            input = format!("{place}_{input}");
        }
        let mut description = description;
        if kind.number {
            let text = if description.is_empty() { "A number." } else { " (A number.)" };
            description += text;
        }
        let id = (self.id)(&format!("inputs/{input}"));
        let mut param =
            json!({"id": id, "name": input, "type": kind.r#type, "description": description});
        if required {
            param["required"] = true.into();
        }
        self.list.push(param);
        input
    }

    /// Adds one of the connector's own inputs, unless the operation has one of that name.
    fn add_own(&mut self, name: &str, r#type: &'static str, description: &str) {
        if !self.has(name) {
            let kind = Kind { r#type, number: false };
            let description = description.to_owned();
            self.add(Wish { name, place: "", kind, description, required: false });
        }
    }

    fn has(&self, name: &str) -> bool {
        self.list.iter().any(|it| it["name"] == name)
    }
}

/// An id that stays the same with every import, since processes refer to it.
pub(crate) fn id(connector: &str, part: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("connector:{connector}/{part}").as_bytes())
        .to_string()
}

/// What the operation does, and which errors the document says it raises.
fn description(document: &Document, found: Found) -> String {
    let mut text = Document::text(found.operation, &["summary", "description"])
        .or_else(|| Document::text(found.shared, &["summary", "description"]))
        .unwrap_or_else(|| format!("{} {}", found.method, found.path));
    text = schema::shortened(&text);
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    if found.operation.get("deprecated") == Some(&Value::Bool(true)) {
        text.insert_str(0, "Deprecated. ");
    }
    let responses = found.operation.get("responses").and_then(Value::as_object);
    let mut errors = Vec::new();
    for (status, response) in responses.into_iter().flatten() {
        let Ok(code) = status.parse::<u16>() else { continue };
        let Some(code) = StatusCode::from_u16(code).ok().filter(|_| code >= 400) else { continue };
        let meaning = document.resolve(response).ok();
        let meaning = meaning.and_then(|it| Document::text(it, &["description"]));
        let name = json!(ErrorCode::of_status(code));
        let name = name.as_str().unwrap_or_default();
        errors.push(match meaning {
            Some(meaning) => format!("`{name}` ({status}: {})", schema::shortened(&meaning)),
            None => format!("`{name}` ({status})"),
        });
    }
    if errors.is_empty() { text } else { format!("{text} Errors: {}.", errors.join(", ")) }
}
