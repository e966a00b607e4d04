//! Block Kit's documented limits, as far as a message can break them.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::{Value, json};

use crate::answer::Refusal;

const BLOCKS_MAX: usize = 50;
const BLOCK_ID_CHARS_MAX: usize = 255;
const SECTION_TEXT_CHARS_MAX: usize = 3000;
const SECTION_FIELDS_MAX: usize = 10;
const SECTION_FIELD_CHARS_MAX: usize = 2000;
const HEADER_CHARS_MAX: usize = 150;
const MARKDOWN_CHARS_MAX: usize = 12_000;
const CONTEXT_ELEMENTS_MAX: usize = 10;
const ACTIONS_ELEMENTS_MAX: usize = 25;
const IMAGE_URL_CHARS_MAX: usize = 3000;
const IMAGE_ALT_CHARS_MAX: usize = 2000;

/// Types that messages may have.
const TYPES: [&str; 14] = [
    "actions",
    "call",
    "context",
    "context_actions",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "rich_text",
    "section",
    "table",
    "video",
];

/// `invalid_blocks` with a line for each thing that is wrong, as Slack gives it: reason and JSON pointer.
pub(crate) fn check(blocks: &Value) -> Result<(), Refusal> {
    let Value::Array(blocks) = blocks else {
        return Err("invalid_blocks_format".into());
    };
    let mut findings = Vec::new();
    if blocks.len() > BLOCKS_MAX {
        findings.push(finding(&format!("no more than {BLOCKS_MAX} items allowed"), "/blocks"));
    }
    for (at, block) in blocks.iter().enumerate() {
        examine(block, &format!("/blocks/{at}"), &mut findings);
    }
    if findings.is_empty() {
        return Ok(());
    }
    let messages: Vec<_> = findings.iter().map(|finding| format!("[ERROR] {finding}")).collect();
    let more = json!({"errors": findings, "response_metadata": {"messages": messages}});
    Err(Refusal::with("invalid_blocks", more))
}

fn finding(reason: &str, pointer: &str) -> String {
    format!("{reason} [json-pointer:{pointer}]")
}

fn examine(block: &Value, pointer: &str, findings: &mut Vec<String>) {
    let Some(kind) = block["type"].as_str() else {
        findings.push(finding("missing required field: type", pointer));
        return;
    };
    if !TYPES.contains(&kind) {
        findings.push(finding(&format!("unsupported type: {kind}"), &format!("{pointer}/type")));
        return;
    }
    let mut block = Block { json: block, pointer, findings };
    block.chars("block_id", BLOCK_ID_CHARS_MAX);
    match kind {
        "section" => block.section(),
        "header" => {
            block.required("text");
            block.text("text", HEADER_CHARS_MAX);
        }
        "markdown" => {
            block.required("text");
            block.chars("text", MARKDOWN_CHARS_MAX);
        }
        "context" => block.elements(CONTEXT_ELEMENTS_MAX),
        "actions" => block.elements(ACTIONS_ELEMENTS_MAX),
        "image" => {
            block.required("alt_text");
            block.chars("alt_text", IMAGE_ALT_CHARS_MAX);
            block.chars("image_url", IMAGE_URL_CHARS_MAX);
            if block.json["slack_file"].is_null() {
                block.required("image_url");
            }
        }
        _ => {}
    }
}

struct Block<'a> {
    json: &'a Value,
    pointer: &'a str,
    findings: &'a mut Vec<String>,
}

impl Block<'_> {
    fn section(&mut self) {
        let Some(fields) = self.json["fields"].as_array() else {
            self.required("text");
            self.text("text", SECTION_TEXT_CHARS_MAX);
            return;
        };
        self.text("text", SECTION_TEXT_CHARS_MAX);
        if fields.len() > SECTION_FIELDS_MAX {
            self.find(&format!("no more than {SECTION_FIELDS_MAX} items allowed"), "/fields");
        }
        for (at, field) in fields.iter().enumerate() {
            self.length(&field["text"], SECTION_FIELD_CHARS_MAX, &format!("/fields/{at}/text"));
        }
    }

    fn elements(&mut self, max: usize) {
        self.required("elements");
        if self.json["elements"].as_array().is_some_and(|elements| elements.len() > max) {
            self.find(&format!("no more than {max} items allowed"), "/elements");
        }
    }

    fn required(&mut self, field: &str) {
        if self.json[field].is_null() {
            self.find(&format!("missing required field: {field}"), "");
        }
    }

    /// A text object.
    fn text(&mut self, field: &str, max: usize) {
        let value = &self.json[field];
        if value.is_null() {
            return;
        }
        if !matches!(value["type"].as_str(), Some("plain_text" | "mrkdwn")) {
            self.find("must provide an object with a text type", &format!("/{field}"));
            return;
        }
        self.length(&value["text"], max, &format!("/{field}/text"));
    }

    fn chars(&mut self, field: &str, max: usize) {
        let value = &self.json[field];
        if !value.is_null() {
            self.length(value, max, &format!("/{field}"));
        }
    }

    fn length(&mut self, value: &Value, max: usize, below: &str) {
        match value.as_str().map(|text| text.chars().count()) {
            None => self.find("must be a string", below),
            Some(0) => self.find("must be more than 0 characters", below),
            Some(length) if length > max => {
                self.find(&format!("must be less than {} characters", max + 1), below);
            }
            Some(_) => {}
        }
    }

    fn find(&mut self, reason: &str, below: &str) {
        self.findings.push(finding(reason, &format!("{}{below}", self.pointer)));
    }
}
