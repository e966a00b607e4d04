//! Payloads as a list of fields, each with `key`, `type` and `value`, as Hyland's editor for `form-data` writes them (`activiti-ootb-connectors.md` §9.1) (pure).

use common::Failure;
use serde::Deserialize;
use serde_json::Value;

use crate::error::invalid;

/// One field of a form.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Value,
    /// Whether the value is a file, or a list of files, in any of their forms.
    pub(crate) is_file: bool,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(alias = "name")]
    key: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    value: Value,
    file_name: Option<String>,
    content_type: Option<String>,
}

/// The fields of a list.
///
/// # Errors
/// `INVALID_INPUT` that counts the items from 1.
pub(crate) fn entries(list: Vec<Value>) -> Result<Vec<Field>, Failure> {
    let fields = list.into_iter().enumerate().map(|(at, item)| {
        let wrong = |what: &str| invalid(format_args!("`requestPayload`: item {} {what}", at + 1));
        if !item.is_object() {
            return Err(wrong("is no object with `key` and `value`"));
        }
        let entry = serde_json::from_value(item);
        let Entry { key, r#type, value, file_name, content_type } =
            entry.map_err(|error| wrong(&format!("is no field: {error}")))?;
        let name = key.ok_or_else(|| wrong("has no `key`"))?;
        let is_file = r#type.is_some_and(|it| it.trim().eq_ignore_ascii_case("file"));
        Ok(Field { name, value, is_file, file_name, content_type })
    });
    fields.collect()
}
