//! An `OpenAPI` document → a definition, the connection that belongs to it, and what to tell about them (pure).

use std::collections::HashSet;

use common::Object;
use serde_json::{Value, json};
use url::Url;

use super::{
    access::Access,
    action::{self, Found, Site},
    document::Document,
    naming,
};

/// In the order in which a path's operations are told.
const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("head", "HEAD"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("trace", "TRACE"),
];
/// How many of the operations that are left out are told one by one.
const TOLD_MAX: usize = 20;

/// What somebody wants of an import.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The connector's name; else from the title.
    pub(crate) name: Option<String>,
    /// The address; else the document's first.
    pub(crate) server: Option<String>,
    /// Tags, ids of operations and names of actions; empty: everything.
    pub(crate) only: Vec<String>,
    /// Where the document comes from, which relative addresses start from.
    pub(crate) source: Option<Url>,
}

/// What an import gives.
#[derive(Debug)]
pub(crate) struct Imported {
    pub(crate) name: String,
    pub(crate) definition: Value,
    pub(crate) connections: Value,
    pub(crate) n_actions: usize,
    /// Operations that are no actions, each with the reason.
    pub(crate) left_out: Vec<String>,
    pub(crate) access: Access,
}

/// Reads the document `text`.
///
/// # Errors
/// A fragment that says why nothing can be made of it.
pub(crate) fn read(text: &str, wanted: &Wanted) -> Result<Imported, String> {
    let document = Document::read(text)?;
    let info = &document.root()["info"];
    let name = match &wanted.name {
        Some(name) if naming::is_connector(name) => name.clone(),
        Some(name) => {
            let rule = "at most 26 lower-case letters, digits and inner hyphens, a letter first";
            return Err(format!("--name `{name}`: {rule}"));
        }
        None => naming::connector(info["title"].as_str().unwrap_or_default())
            .ok_or("has no title that could be the connector's name: give one with --name")?,
    };
    let mut servers = vec![server(document.root(), wanted)?.ok_or_else(|| {
        "names no server with a full address: give one with --server https://…".to_owned()
    })?];
    let mut actions = Object::new();
    let mut taken = HashSet::new();
    let mut left_out = Vec::new();
    for found in operations(&document, &mut left_out) {
        let operation_id = found.operation["operationId"].as_str();
        let action = naming::action(operation_id, found.method, found.path, &mut taken);
        if !is_wanted(&wanted.only, found, &action) {
            continue;
        }
        let label = format!("{} {}", found.method, found.path);
        let built = own_server(found, wanted).and_then(|own| {
            let at = own.map_or(0, |own| index(&mut servers, own));
            let connection = connection(&name, at);
            let site = Site {
                connector: &name,
                name: &action,
                connection: &connection,
                server: &servers[at],
            };
            action::build(&document, found, &site)
        });
        match built {
            Ok(action) => {
                actions.insert(action["id"].as_str().unwrap_or_default().to_owned(), action);
            }
            Err(reason) => left_out.push(format!("{label}: {reason}")),
        }
    }
    if actions.is_empty() {
        return Err(nothing(&left_out, &wanted.only));
    }
    let access = Access::of(&document, &name);
    let connections = servers.iter().enumerate();
    let connections: Object =
        connections.map(|(at, url)| (connection(&name, at), access.connection(url))).collect();
    let description = Document::text(info, &["summary", "title", "description"]);
    let definition = json!({
        "id": format!("connector-{}", action::id(&name, "connector")),
        "name": name,
        "description": description.unwrap_or_else(|| name.clone()),
        "actions": actions,
        "errors": errors(),
    });
    let n_actions = actions.len();
    Ok(Imported { name, definition, connections: connections.into(), n_actions, left_out, access })
}

/// The document's operations, in its order; what is no operation is told in `left_out`.
fn operations<'a>(document: &'a Document, left_out: &mut Vec<String>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let paths = document.root().get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten().filter(|it| it.0.starts_with('/')) {
        let shared = match document.resolve(item) {
            Ok(shared) => shared,
            Err(reason) => {
                left_out.push(format!("{path}: {reason}"));
                continue;
            }
        };
        for (member, method) in METHODS {
            if let Some(operation) = shared.get(member) {
                found.push(Found { method, path, shared, operation });
            }
        }
    }
    found
}

fn is_wanted(only: &[String], found: Found, action: &str) -> bool {
    let tags = found.operation["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names = tags.chain(found.operation["operationId"].as_str()).chain([action]);
    only.is_empty() || names.into_iter().any(|name| only.iter().any(|it| it == name))
}

/// The first address of `of`, with the defaults of its variables; none where it has none with a host.
fn server(of: &Value, wanted: &Wanted) -> Result<Option<String>, String> {
    let given = wanted.server.as_deref();
    let listed = of.get("servers").and_then(|it| it.get(0)).unwrap_or(&Value::Null);
    let mut text = given.or_else(|| listed["url"].as_str()).unwrap_or("/").to_owned();
    if given.is_none() {
        for (name, variable) in listed["variables"].as_object().into_iter().flatten() {
            let value = variable["default"].as_str().or_else(|| variable["enum"][0].as_str());
            let value = value.ok_or_else(|| {
                format!("server `{text}`: `{name}` has no default: give the address with --server")
            })?;
            text = text.replace(&format!("{{{name}}}"), value);
        }
    }
    let url = match (Url::parse(&text), &wanted.source) {
        (Ok(url), _) => url,
        (Err(url::ParseError::RelativeUrlWithoutBase), None) => return Ok(None),
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(source)) => {
            source.join(&text).map_err(|error| format!("server `{text}`: {error}"))?
        }
        (Err(error), _) => return Err(format!("server `{text}`: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("server `{text}`: only http and https are called"));
    }
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

/// The address of an operation that is not the document's.
fn own_server(found: Found, wanted: &Wanted) -> Result<Option<String>, String> {
    let own = [found.operation, found.shared].into_iter().find(|it| it.get("servers").is_some());
    match own {
        Some(of) if wanted.server.is_none() => server(of, wanted),
        Some(_) | None => Ok(None),
    }
}

fn index(servers: &mut Vec<String>, server: String) -> usize {
    servers.iter().position(|it| *it == server).unwrap_or_else(|| {
        servers.push(server);
        servers.len() - 1
    })
}

/// The name of the connection with the server at that place of the list.
fn connection(connector: &str, at: usize) -> String {
    if at == 0 { connector.to_owned() } else { format!("{connector}-{}", at + 1) }
}

/// The errors of this connector, which those of the imported one are.
fn errors() -> Value {
    let own: Value =
        serde_json::from_str(include_str!("../../../../definitions/rest-connector.json"))
            .unwrap_or_default();
    own["errors"].clone()
}

fn nothing(left_out: &[String], only: &[String]) -> String {
    match (left_out, only) {
        ([], []) => "has no operations".to_owned(),
        ([], only) => format!("has no operation with --only {}", only.join(", ")),
        (left_out, _) => format!("has no operation that can be imported:\n{}", told(left_out)),
    }
}

/// The first of `lines`, and how many there are more.
pub(crate) fn told(lines: &[String]) -> String {
    let mut told: Vec<_> = lines.iter().take(TOLD_MAX).map(|it| format!("  {it}")).collect();
    if lines.len() > TOLD_MAX {
        told.push(format!("  … and {} more", lines.len() - TOLD_MAX));
    }
    told.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(document: &Value, wanted: &Wanted) -> Result<Imported, String> {
        let mut whole = json!({
            "openapi": "3.0.3", "info": {"title": "Orders"},
            "servers": [{"url": "https://api.example.org/v1/"}],
        });
        whole.as_object_mut().unwrap().extend(document.as_object().unwrap().clone());
        read(&whole.to_string(), wanted)
    }

    fn refused(document: &Value, wanted: &Wanted, expected: &str) {
        assert_eq!(import(document, wanted).unwrap_err(), expected, "{document}");
    }

    fn paths() -> Value {
        json!({"/orders": {"get": {"operationId": "list", "tags": ["read"]}, "post": {}}})
    }

    /// The only action's part.
    fn action(document: &Value) -> Value {
        let imported = import(document, &Wanted::default()).unwrap();
        assert_eq!(imported.left_out, [""; 0]);
        let actions = imported.definition["actions"].as_object().unwrap().clone();
        assert_eq!(actions.len(), 1);
        actions.into_iter().next().unwrap().1
    }

    #[test]
    fn says_why_nothing_can_be_made_of_a_document() {
        let plain = Wanted::default();
        refused(&json!({}), &plain, "has no operations");
        refused(&json!({"paths": {"x-a": {}, "/a": {"x": {}}}}), &plain, "has no operations");
        let named = Wanted { name: Some("Orders".to_owned()), ..Wanted::default() };
        let rule = "at most 26 lower-case letters, digits and inner hyphens, a letter first";
        refused(&json!({}), &named, &format!("--name `Orders`: {rule}"));
        let title = "has no title that could be the connector's name: give one with --name";
        refused(&json!({"info": {}}), &plain, title);
        let only = Wanted { only: vec!["a".to_owned(), "b".to_owned()], ..Wanted::default() };
        refused(&json!({"paths": paths()}), &only, "has no operation with --only a, b");
        refused(
            &json!({"paths": {"/a": {"get": {"parameters": [{"$ref": "b.yaml#/P"}]}}, "/c": {"$ref": "d.json"}}}),
            &plain,
            "has no operation that can be imported:\n  \
             /c: `$ref` `d.json` leads out of the document; put it into one file first\n  \
             GET /a: `$ref` `b.yaml#/P` leads out of the document; put it into one file first",
        );
    }

    #[test]
    fn a_document_has_to_say_where_its_server_is() {
        let check = |servers: Value, source: Option<&str>, expected: Result<&str, &str>| {
            let source = source.map(|it| Url::parse(it).unwrap());
            let wanted = Wanted { source, ..Wanted::default() };
            let document = json!({"servers": servers, "paths": paths()});
            let url = import(&document, &wanted).map(|it| it.connections["orders"]["url"].clone());
            assert_eq!(url, expected.map(Value::from).map_err(str::to_owned), "{document}");
        };
        let none = Err("names no server with a full address: give one with --server https://…");
        check(Value::Null, None, none);
        check(json!([]), None, none);
        check(json!([{"url": "/v2"}]), None, none);
        check(
            json!([{"url": "https://{region}.x/", "variables": {"region": {}}}]),
            None,
            Err(
                "server `https://{region}.x/`: `region` has no default: give the address with --server",
            ),
        );
        check(
            json!([{"url": "ftp://x/"}]),
            None,
            Err("server `ftp://x/`: only http and https are called"),
        );
        check(json!([{"url": "/v2"}]), Some("https://x/docs/api.json"), Ok("https://x/v2"));
        check(Value::Null, Some("https://x/docs/api.json"), Ok("https://x"));
        let variables = json!({"r": {"default": "eu"}, "p": {"enum": ["v3"]}});
        check(
            json!([{"url": "https://{r}.x/{p}/", "variables": variables}]),
            None,
            Ok("https://eu.x/v3"),
        );
    }

    #[test]
    fn an_operation_that_cannot_be_understood_is_left_out_and_told() {
        let document = json!({"paths": {
            "/a": {"get": {"parameters": [{"name": "q", "in": "querry"}]}},
            "/b": {"get": {"parameters": [{"in": "query"}]}},
            "/c": {"post": {"requestBody": {"$ref": "#/nowhere"}}},
            "/d": {"get": {"responses": {"200": {"$ref": "#/nowhere"}}}},
        }});
        let imported = import(&document, &Wanted::default()).unwrap();
        assert_eq!(
            imported.left_out,
            [
                "GET /a: parameter `q` goes into `querry`, which is no place",
                "GET /b: a parameter has no name",
                "POST /c: `$ref` `#/nowhere` leads nowhere",
            ]
        );
        assert_eq!(imported.n_actions, 1);
        let many: Vec<_> = (0..30).map(|it| it.to_string()).collect();
        assert!(told(&many).ends_with("  19\n  … and 10 more"));
    }

    #[test]
    fn only_what_is_wanted_is_imported() {
        for only in ["read", "list", "LIST"] {
            let wanted = Wanted { only: vec![only.to_owned()], ..Wanted::default() };
            let imported = import(&json!({"paths": paths()}), &wanted).unwrap();
            assert_eq!(imported.n_actions, 1, "{only}");
        }
        assert_eq!(import(&json!({"paths": paths()}), &Wanted::default()).unwrap().n_actions, 2);
    }

    #[test]
    fn an_action_has_typed_inputs_and_says_where_they_go() {
        let parameter = |name: &str, place: &str| json!({"name": name, "in": place, "schema": {"type": "integer"}});
        let action = action(&json!({
            "components": {"parameters": {"Q": {"name": "filter", "in": "query", "style": "deepObject", "explode": true,
                "schema": {"type": "object"}}}},
            "paths": {"/orders/{id}/{part}": {
                "parameters": [parameter("id", "path"), parameter("page", "query")],
                "put": {
                    "summary": "Change an order", "deprecated": true,
                    "parameters": [
                        parameter("page", "query"), parameter("id", "header"), parameter("Accept", "header"),
                        {"$ref": "#/components/parameters/Q"},
                    ],
                    "requestBody": {"required": true, "content": {
                        "text/plain": {}, "application/json; charset=utf-8": {"schema": {
                            "required": ["id", "price"],
                            "properties": {"id": {"type": "string", "readOnly": true}, "price": {"type": "number"},
                                "page": {"type": "string"}},
                        }},
                    }},
                    "responses": {"404": {"description": "No such order"}, "418": {}, "default": {},
                        "200": {"content": {"application/json": {"schema": {
                            "properties": {"state": {"type": "string"}, "status": {"type": "string"}}}}}}},
                },
            }},
        }));
        assert_eq!(action["name"], "PUT_ORDERS_ID_PART");
        assert_eq!(
            action["description"],
            "Deprecated. Change an order. Errors: `NOT_FOUND` (404: No such order), `BAD_REQUEST` (418)."
        );
        let list = |side: &str| {
            let params = action[side].as_array().unwrap().iter();
            let shown = |it: &Value| {
                let required = if it["required"] == true { "!" } else { "" };
                format!("{} {}{required}", it["name"], it["type"]).replace('"', "")
            };
            params.map(shown).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            list("inputs"),
            "id integer!, page integer, header_id integer, filter json, part string!, price json!, \
             body_page string, timeout integer"
        );
        assert_eq!(
            list("outputs"),
            "result json, status integer, headers json, restError string, warnings array, state string"
        );
        let simple = |input: &str, name: &str, place: &str| {
            json!({
                "input": input, "name": name, "in": place, "style": "simple", "explode": false,
            })
        };
        assert_eq!(
            action["model"]["x-http"],
            json!({
                "method": "PUT", "path": "/orders/{id}/{part}", "connection": "orders",
                "server": "https://api.example.org/v1",
                "parameters": [
                    simple("id", "id", "path"),
                    {"input": "page", "name": "page", "in": "query", "style": "form", "explode": true},
                    simple("header_id", "id", "header"),
                    {"input": "filter", "name": "filter", "in": "query", "style": "deepObject", "explode": true},
                    simple("part", "part", "path"),
                ],
                "body": {"contentType": "application/json; charset=utf-8", "required": true, "from": {"members": [
                    {"input": "price", "name": "price", "number": true}, {"input": "body_page", "name": "page"},
                ]}},
                "outputs": ["state"],
            })
        );
    }

    #[test]
    fn a_body_that_is_no_plain_object_is_one_input() {
        let check = |content: Value, expected: &str| {
            let body = json!({"content": content});
            let action = action(&json!({"paths": {"/a": {"put": {"requestBody": body}}}}));
            let input = &action["inputs"][0];
            let content_type = &action["model"]["x-http"]["body"]["contentType"];
            assert_eq!(
                format!("{} {} {content_type}", input["name"], input["type"]).replace('"', ""),
                expected
            );
        };
        let list = json!({"schema": {"type": "array"}});
        check(json!({"application/json": list}), "body array application/json");
        check(json!({"*/*": list}), "body array application/json");
        check(
            json!({"application/xml": {"schema": {"properties": {"a": {}}}}}),
            "body json application/xml",
        );
        let file = json!({"schema": {"type": "string", "format": "binary"}});
        check(json!({"application/octet-stream": file}), "body file application/octet-stream");
        let parts =
            json!({"schema": {"properties": {"photo": {"type": "string", "format": "binary"}}}});
        check(json!({"multipart/form-data": parts}), "photo file multipart/form-data");
    }

    #[test]
    fn an_operation_with_a_server_of_its_own_has_a_connection_of_its_own() {
        let own = json!([{"url": "https://uploads.example.org"}]);
        let paths = json!({"/a": {"get": {}}, "/b": {"servers": own, "get": {}, "put": {}}});
        let imported = import(&json!({"paths": paths}), &Wanted::default()).unwrap();
        assert_eq!(imported.connections["orders-2"], json!({"url": "https://uploads.example.org"}));
        let actions = imported.definition["actions"].as_object().unwrap().values();
        let used: Vec<_> = actions.map(|it| it["model"]["x-http"]["connection"].clone()).collect();
        assert_eq!(used, ["orders", "orders-2", "orders-2"]);
    }

    #[test]
    fn the_same_document_has_the_same_ids() {
        let import = || import(&json!({"paths": paths()}), &Wanted::default()).unwrap().definition;
        assert_eq!(import(), import());
        let ids: HashSet<_> = import()["actions"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(ids.len(), 2);
    }

    #[test]
    fn credentials_are_references_to_settings() {
        let check = |schemes: Value, security: Value, expected: Value, settings: &[&str]| {
            let document = json!({"paths": paths(), "components": {"securitySchemes": schemes}, "security": security});
            let imported = import(&document, &Wanted::default()).unwrap();
            let mut connection = imported.connections["orders"].clone();
            connection.as_object_mut().unwrap().remove("url");
            assert_eq!(connection, expected, "{document}");
            assert_eq!(imported.access.settings.keys().collect::<Vec<_>>(), settings);
        };
        let wanted = json!([{"a": []}]);
        check(json!({}), json!([]), json!({}), &[]);
        check(json!({}), wanted.clone(), json!({}), &[]);
        check(json!({"a": {"type": "mutualTLS"}}), wanted.clone(), json!({}), &[]);
        check(json!({"a": {"type": "http", "scheme": "hoba"}}), wanted.clone(), json!({}), &[]);
        let basic = json!({"type": "basic", "username": "${ORDERS_USERNAME}", "password": "${ORDERS_PASSWORD}"});
        let scheme = json!({"a": {"type": "http", "scheme": "Basic"}});
        check(
            scheme,
            wanted.clone(),
            json!({"auth": basic}),
            &["ORDERS_PASSWORD", "ORDERS_USERNAME"],
        );
        let bearer = json!({"auth": {"type": "bearer", "token": "${ORDERS_TOKEN}"}});
        check(
            json!({"a": {"type": "openIdConnect"}}),
            wanted.clone(),
            bearer.clone(),
            &["ORDERS_TOKEN"],
        );
        let implicit = json!({"a": {"type": "oauth2", "flows": {"implicit": {}}}});
        check(implicit, wanted.clone(), bearer, &["ORDERS_TOKEN"]);
        let flow = json!({"tokenUrl": "https://x/token", "scopes": {"r": "", "w": ""}});
        check(
            json!({"a": {"type": "oauth2", "flows": {"clientCredentials": flow}}}),
            wanted.clone(),
            json!({"auth": {"type": "oauth2", "tokenUrl": "https://x/token", "clientId": "${ORDERS_CLIENT_ID}",
                "clientSecret": "${ORDERS_CLIENT_SECRET}", "scope": "r w"}}),
            &["ORDERS_CLIENT_ID", "ORDERS_CLIENT_SECRET"],
        );
        let key = |place: &str, name: &str| json!({"type": "apiKey", "in": place, "name": name});
        check(
            json!({"a": key("header", "X-Key"), "b": key("header", "X-App"), "c": key("cookie", "s")}),
            json!([{"a": [], "b": [], "c": []}]),
            json!({"auth": {"type": "apiKey", "name": "X-Key", "value": "${ORDERS_API_KEY}", "in": "header"},
                "headers": {"X-App": "${ORDERS_API_KEY_2}", "Cookie": "s=${ORDERS_API_KEY_3}"}}),
            &["ORDERS_API_KEY", "ORDERS_API_KEY_2", "ORDERS_API_KEY_3"],
        );
    }
}
