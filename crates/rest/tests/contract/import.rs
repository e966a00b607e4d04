//! From an `OpenAPI` document to an answered request: `import` writes the files, the same binary serves them.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use support::Service;

use crate::{CONNECTOR, Told, invoke, peer::Peer, run};

const PETSTORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/openapi/petstore.yaml");

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("import-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.file(name)).unwrap()).unwrap()
    }

    /// A document of ours as a file.
    fn document(&self, text: &str) -> String {
        let file = self.file("document");
        fs::write(&file, text).unwrap();
        file
    }

    /// A document that is stored compressed.
    fn unpacked(&self, name: &str) -> String {
        let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/openapi").join(name);
        let mut text = String::new();
        let packed = fs::File::open(packed).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        self.document(&text)
    }

    fn import(&self, document: &str, options: &[&str]) -> Told {
        let out = self.0.to_str().unwrap();
        let arguments = [&["import", "openapi", document, "--out", out], options].concat();
        run(&arguments, &Value::Null, &[])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The connector that serves the definition of a folder.
struct Served {
    service: Service,
    name: &'static str,
}

impl Served {
    fn start(folder: &Folder, name: &'static str) -> Self {
        let definition = folder.file(&format!("{name}.json"));
        let settings = [("CONNECTOR_NAME", name), ("DEFINITION", &definition)];
        Self { service: CONNECTOR.serve(&settings), name }
    }

    /// What the engine gets: the answer's body.
    fn call(&self, action: &str, inputs: &Value) -> Value {
        self.service.call(&format!("{}/{action}", self.name), inputs)
    }
}

#[test]
fn a_document_that_cannot_be_imported_is_told_with_its_name() {
    let folder = Folder::new("refused");
    let check = |text: &str, expected: &str| {
        let document = folder.document(text);
        let told = folder.import(&document, &[]);
        assert!(!told.success);
        assert_eq!(told.log.lines().last().unwrap(), format!("{document}: {expected}"));
        assert!(!Path::new(&folder.file("x.json")).exists());
    };
    check("{", "is no JSON: EOF while parsing an object at line 1 column 1");
    check("<html>", "is no OpenAPI document: it has no `openapi`");
    check("swagger: '2.0'", "is Swagger 2.0, which has to be converted to OpenAPI 3 first");
    check(
        "{openapi: 3.0.0, info: {title: x}, paths: {/a: {get: {}}}}",
        "is no JSON: key must be a string at line 1 column 2",
    );
    check(
        "openapi: 3.0.0\ninfo: {title: x}\npaths: {/a: {get: {}}}",
        "names no server with a full address: give one with --server https://…",
    );
    let told = folder.import(&folder.file("nowhere.json"), &[]);
    assert!(told.log.ends_with("nowhere.json: entity not found\n"), "{}", told.log);
    let peer = Peer::answering("404 Not Found", &[], b"");
    let told = folder.import(&peer.url("/api.json"), &[]);
    assert!(!told.success && told.log.contains("answered 404"), "{}", told.log);
}

#[test]
fn a_definition_of_something_else_is_not_served() {
    let folder = Folder::new("unserved");
    let definition = folder.document(
        r#"{"id": "x", "name": "x", "description": "x", "actions": {"1": {"id": "1", "name": "A"}}}"#,
    );
    let told = invoke("A", &json!({}), &[("DEFINITION", &definition)]);
    assert!(!told.success);
    let expected = format!("file {definition}: action `A` has no `x-http` in its `model`");
    assert!(told.log.contains(&expected), "{}", told.log);
}

#[test]
fn the_readmes_import_says_what_the_readme_says() {
    let folder = Folder::new("readme");
    let readme = include_str!("../../README.md");
    let (_, text) = readme.split_once("### A connector from an OpenAPI document\n").unwrap();
    let (_, expected) = text.split_once("```text\n").unwrap();
    let expected = expected.split_once("```").unwrap().0;
    let told = folder.import(PETSTORE, &["--name", "petstore"]).success();
    let here = told.as_str().unwrap().replace(folder.0.to_str().unwrap(), ".");
    assert_eq!(here.trim_end(), expected.trim_end());
}

#[test]
fn a_document_becomes_a_connector_that_answers() {
    let folder = Folder::new("petstore");
    let pet = br#"{"id": 7, "name": "Rex", "status": "sold"}"#;
    let peer = Peer::answering("200 OK", &["content-type: application/json"], pet);
    let told = folder.import(PETSTORE, &["--name", "petstore", "--server", &peer.url("/v2")]);
    let text = told.success();
    let summary = text.as_str().unwrap();
    assert!(summary.contains("petstore.json: 20 actions\n"), "{summary}");
    assert!(summary.contains("  set PETSTORE_TOKEN: the access token\n"), "{summary}");

    let connector = Served::start(&folder, "petstore");
    let mut n_calls = 0;
    let mut check = |action: &str, inputs: Value, expected: &str| {
        let answer = connector.call(action, &inputs);
        n_calls += 1;
        let requests = peer.requests();
        assert_eq!(requests.len(), n_calls, "{answer}");
        let request = requests.last().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let first = lines.next().unwrap().trim_end_matches(" HTTP/1.1");
        let told = ["api_key", "content-type"];
        let headers = lines.filter(|it| told.iter().any(|name| it.starts_with(name)));
        let sent = [first].into_iter().chain(headers).collect::<Vec<_>>().join("\n");
        assert_eq!(format!("{sent}\n{body}").trim_end(), expected);
        answer
    };
    let answer = check("GET_PET_BY_ID", json!({"petId": "7"}), "GET /v2/pet/7");
    let outputs = &answer["command_response"]["body"];
    assert_eq!(outputs["result"], json!({"id": 7, "name": "Rex", "status": "sold"}));
    assert_eq!((&outputs["status"], &outputs["name"]), (&json!(200), &json!("Rex")));
    assert_eq!(outputs["headers"]["content-type"], "application/json");
    check(
        "FIND_PETS_BY_STATUS",
        json!({"status": ["sold", "on loan"]}),
        "GET /v2/pet/findByStatus?status=sold&status=on%20loan",
    );
    check(
        "ADD_PET",
        json!({"name": "Rex", "photoUrls": "[]", "category": {"id": 1}, "tags": null}),
        "POST /v2/pet\ncontent-type: application/json\n\
         {\"category\":{\"id\":1},\"name\":\"Rex\",\"photoUrls\":[]}",
    );
    check(
        "UPDATE_PET_WITH_FORM",
        json!({"petId": 7, "name": "Rex II"}),
        "POST /v2/pet/7\ncontent-type: application/x-www-form-urlencoded\nname=Rex+II",
    );
    check(
        "UPDATE_USER",
        json!({"username": "jane/../joe", "body_username": "joe", "userStatus": 1}),
        "PUT /v2/user/jane%2F..%2Fjoe\ncontent-type: application/json\n\
         {\"username\":\"joe\",\"userStatus\":1}",
    );
    let answer = check(
        "FIND_PETS_BY_TAGS",
        json!({"tags": "big", "responseMapping": {"first": "$.name"}}),
        "GET /v2/pet/findByTags?tags=big",
    );
    assert_eq!(answer["command_response"]["body"]["first"], "Rex", "{answer}");
    check("DELETE_PET", json!({"petId": 7, "api_key": "k"}), "DELETE /v2/pet/7\napi_key: k");

    let refused = connector.call("GET_PET_BY_ID", &json!({"petId": "Rex"}));
    assert_eq!(refused["error"]["error_code"], "INVALID_INPUT", "{refused}");
    let refused = connector.call("GET_USER_BY_NAME", &json!({"username": ".."}));
    assert_eq!(refused["error"]["error_code"], "INVALID_INPUT", "{refused}");
    assert_eq!(peer.requests().len(), 7);
}

#[test]
fn a_failed_call_has_the_outputs_of_the_action() {
    let folder = Folder::new("failed");
    let peer = Peer::answering("404 Not Found", &["content-type: application/json"], b"{\"a\": 1}");
    folder.import(PETSTORE, &["--name", "petstore", "--server", &peer.url("")]).success();
    let settings = [("DEFINITION", folder.file("petstore.json"))];
    let settings: Vec<_> = settings.iter().map(|(name, it)| (*name, it.as_str())).collect();
    let told = invoke("GET_PET_BY_ID", &json!({"petId": 7}), &settings);
    let url = peer.url("/pet/7");
    assert_eq!(told.failure(), format!("business NOT_FOUND: GET {url} answered 404 {{\"a\": 1}}"));
}

#[test]
fn a_document_is_fetched_and_its_server_is_where_it_comes_from() {
    let folder = Folder::new("fetched");
    let document =
        b"openapi: 3.1.0\ninfo: {title: Orders}\nservers: [{url: /v1}]\npaths: {/a: {get: {}}}";
    let peer = Peer::answering("200 OK", &["content-type: application/yaml"], document);
    folder.import(&peer.url("/docs/api.yaml"), &[]).success();
    let connection = folder.json("orders.connection.json");
    assert_eq!(connection, json!({"orders": {"url": peer.url("/v1")}}));
    assert!(peer.request().starts_with("GET /docs/api.yaml HTTP/1.1\r\n"));
}

#[test]
fn a_connection_that_somebody_has_filled_in_stays() {
    let folder = Folder::new("kept");
    fs::write(folder.file("petstore.connection.json"), "{\"mine\": {}}").unwrap();
    let told = folder.import(PETSTORE, &["--name", "petstore"]).success();
    assert!(told.as_str().unwrap().contains("is there already and stays as it is"), "{told}");
    assert_eq!(folder.json("petstore.connection.json"), json!({"mine": {}}));
}

/// What `import` makes of a real document: number of actions, and connection.
fn check(document: &str, folder: &Folder, name: &str, n_actions: usize, connection: &Value) {
    let text = folder.import(document, &["--name", name]).success();
    let text = text.as_str().unwrap();
    assert!(text.contains(&format!("{name}.json: {n_actions} actions\n")), "{text}");
    assert!(!text.contains("left out"), "{text}");
    assert_eq!(folder.json(&format!("{name}.connection.json"))[name], *connection);
    let definition = folder.file(&format!("{name}.json"));
    let told = run(&["definition"], &Value::Null, &[("DEFINITION", &definition)]).success();
    assert_eq!(told["actions"].as_object().unwrap().len(), n_actions);
}

#[test]
fn real_documents_of_different_make_are_read() {
    let folder = Folder::new("real");
    let bearer = |setting: &str| json!({"type": "bearer", "token": format!("${{{setting}}}")});
    let connection = json!({"url": "https://galaxy.scalar.com", "auth": bearer("GALAXY_TOKEN")});
    check(&PETSTORE.replace("petstore", "galaxy"), &folder, "galaxy", 9, &connection);
    let connection = json!({"url": "https://api.readme.com/v2", "auth": bearer("README_TOKEN")});
    check(&folder.unpacked("readme.json.gz"), &folder, "readme", 54, &connection);
    let connection = json!({"url": "https://api.github.com"});
    check(&folder.unpacked("github.json.gz"), &folder, "github", 1223, &connection);
    let only = folder.import(&folder.file("document"), &["--name", "some", "--only", "issues"]);
    assert!(only.success().as_str().unwrap().contains("some.json: 58 actions"));
}

#[test]
fn a_curl_command_line_becomes_a_task_that_runs() {
    let peer = Peer::answering("200 OK", &["content-type: application/json"], b"{}");
    let line = format!("curl {} --json '{{\"a\": 1}}' -u jane:s3cret", peer.url("/orders"));
    let task = run(&["import", "curl", &line], &Value::Null, &[]).success();
    assert!(!task.to_string().contains("s3cret"), "{task}");
    invoke(task["action"].as_str().unwrap(), &task["inputs"], &[]).success();
    let request = peer.request();
    assert!(request.starts_with("POST /orders HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");

    let told = run(&["import", "curl", "curl x --frobnicate"], &Value::Null, &[]);
    assert!(told.log.ends_with("curl: `--frobnicate` is not known here\n"), "{}", told.log);
}

#[test]
fn a_document_whose_references_go_in_circles_is_read() {
    let folder = Folder::new("circles");
    let node = json!({"type": "object", "properties": {
        "name": {"type": "string"},
        "next": {"$ref": "#/components/schemas/Node"},
        "all": {"type": "array", "items": {"$ref": "#/components/schemas/Other"}}}});
    let other = json!({"allOf": [{"$ref": "#/components/schemas/Node"}, {"$ref": "#/components/schemas/Other"}]});
    let me = json!({"$ref": "#/components/schemas/Me"});
    let operation = |schema: &str| {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        json!({"operationId": "save", "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}})
    };
    for schema in ["Node", "Other", "Me"] {
        let document = json!({"openapi": "3.1.0", "info": {"title": "circles", "version": "1"},
            "servers": [{"url": "https://api.example.org"}],
            "paths": {"/nodes": {"post": operation(schema)}},
            "components": {"schemas": {"Node": node, "Other": other, "Me": me}}});
        let told = folder.import(&folder.document(&document.to_string()), &["--name", "circles"]);
        let all = format!("{}{}", told.outputs, told.log);
        // A schema that is nothing but itself says nothing: the import goes on, or says so.
        assert!(told.success || all.contains("Me"), "{schema}: {all}");
        assert!(schema == "Me" || all.contains("1 action"), "{schema}: {all}");
    }
}
