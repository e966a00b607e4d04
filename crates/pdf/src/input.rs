//! The inputs of `GENERATE`: parsed at the border.

use std::borrow::Cow;

use common::{Object, Secret};
use files::{File, Files};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::{
    page::{Color, Columns, Language, Layer, Margins, Orientation, PageSize, Ranges},
    template::{Format, Template},
};

/// Inputs by their newest names (`activiti-ootb-connectors.md` §10.2, `names.md` pdf); older ones are aliases (§13).
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(alias = "files", alias = "uri", alias = "nodes")]
    pub(crate) template: Template,
    pub(crate) template_format: Option<Format>,
    #[serde(alias = "data")]
    pub(crate) metadata: Option<Value>,
    pub(crate) output_format: Option<OutputFormat>,
    pub(crate) output_file_name: Option<String>,
    pub(crate) target_folder_path: Option<String>,
    pub(crate) target_file: Option<File>,
    pub(crate) parent_folder: Option<String>,
    pub(crate) target_folder: Option<Value>,
    pub(crate) target_folder_id: Option<String>,
    pub(crate) target_file_type: Option<String>,
    pub(crate) target_file_metadata: Option<Value>,
    pub(crate) underscore_metadata: Option<bool>,
    pub(crate) page_size: Option<PageSize>,
    pub(crate) orientation: Option<Orientation>,
    pub(crate) margins: Option<Margins>,
    pub(crate) header: Option<String>,
    pub(crate) footer: Option<String>,
    pub(crate) first_page: Option<FirstPageInput>,
    pub(crate) watermark: Option<WatermarkInput>,
    pub(crate) columns: Option<Columns>,
    pub(crate) background: Option<Color>,
    pub(crate) toc: Option<bool>,
    pub(crate) title: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) keywords: Option<Vec<String>>,
    pub(crate) language: Option<Language>,
    pub(crate) date: Option<Day>,
    pub(crate) page_ranges: Option<Ranges>,
    pub(crate) pdf_standard: Option<Standards>,
    pub(crate) attachments: Option<Files>,
    pub(crate) invoice_xml: Option<File>,
    pub(crate) user_password: Option<Secret>,
    pub(crate) owner_password: Option<Secret>,
    pub(crate) fonts: Option<Files>,
    pub(crate) assets: Option<Files>,
    pub(crate) strict: Option<bool>,
    pub(crate) engine: Option<Maker>,
    /// Everything else: the data where there is no `metadata`.
    #[serde(flatten)]
    pub(crate) others: Object,
}

/// What the document becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) enum OutputFormat {
    #[default]
    Pdf,
    Png,
    Html,
}

/// What makes the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Maker {
    /// The one in this binary.
    #[default]
    Embedded,
    /// The service at `GOTENBERG_URL`.
    Gotenberg,
}

/// What is different on the first page.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FirstPageInput {
    pub(crate) header: Option<String>,
    pub(crate) footer: Option<String>,
}

/// Across every page: a text, or an object that says more about it.
#[derive(Clone, Debug)]
pub(crate) struct WatermarkInput {
    pub(crate) mark: MarkInput,
    pub(crate) angle: f64,
    pub(crate) opacity: f64,
    pub(crate) color: Color,
    pub(crate) layer: Layer,
}

#[derive(Clone, Debug)]
pub(crate) enum MarkInput {
    Text(String),
    Image(Box<File>),
}

/// A day: `2026-11-21`, also as the beginning of a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) String);

/// Standards that a PDF has to keep to, as the engine names them: `a-2b`, `ua-1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct Standards(pub(crate) Vec<String>);

impl OutputFormat {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Html => "html",
        }
    }

    pub(crate) fn mime_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Html => "text/html",
        }
    }
}

impl<'de> Deserialize<'de> for OutputFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim().trim_start_matches('.').to_ascii_lowercase().as_str() {
            "" | "pdf" | "application/pdf" => Ok(Self::Pdf),
            "png" | "image/png" => Ok(Self::Png),
            "html" | "text/html" => Ok(Self::Html),
            "docx" => Err(D::Error::custom("DOCX is not made here; PDF, PNG and HTML are")),
            _ => Err(D::Error::custom(format!("`{text}` is none of PDF, PNG and HTML"))),
        }
    }
}

impl<'de> Deserialize<'de> for WatermarkInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Members {
            text: Option<String>,
            image: Option<File>,
            angle: Option<f64>,
            opacity: Option<f64>,
            color: Option<Color>,
            layer: Option<Layer>,
        }
        let value = match Value::deserialize(deserializer)? {
            Value::String(text) if text.trim_start().starts_with('{') => {
                serde_json::from_str(&text).map_err(D::Error::custom)?
            }
            Value::String(text) => serde_json::json!({ "text": text }),
            other => other,
        };
        let it: Members = serde_json::from_value(value).map_err(D::Error::custom)?;
        let mark = match (it.text, it.image) {
            (Some(text), None) => MarkInput::Text(text),
            (None, Some(image)) => MarkInput::Image(Box::new(image)),
            (Some(_), Some(_)) => return Err(D::Error::custom("has both `text` and `image`")),
            (None, None) => return Err(D::Error::custom("has neither `text` nor `image`")),
        };
        let opacity = it.opacity.unwrap_or(0.2);
        if !(0.0..=1.0).contains(&opacity) {
            return Err(D::Error::custom(format!("`opacity` {opacity} is not between 0 and 1")));
        }
        Ok(Self {
            mark,
            angle: it.angle.unwrap_or(-30.0),
            opacity,
            color: it.color.unwrap_or_else(Color::gray),
            layer: it.layer.unwrap_or_default(),
        })
    }
}

impl JsonSchema for WatermarkInput {
    fn schema_name() -> Cow<'static, str> {
        "Watermark".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "string"] })
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = text.trim().get(..10).unwrap_or_default();
        let is_day = day.char_indices().all(|(index, it)| match index {
            4 | 7 => it == '-',
            _ => it.is_ascii_digit(),
        });
        if day.is_empty() || !is_day {
            return Err(D::Error::custom(format!("`{text}` is no day, e.g. 2026-11-21")));
        }
        Ok(Self(day.to_owned()))
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

impl<'de> Deserialize<'de> for Standards {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let name = |it: &str| {
            let lower = it.trim().to_ascii_lowercase();
            let short =
                lower.strip_prefix("pdf").unwrap_or(&lower).trim_start_matches(['/', '-', ' ']);
            short.replace(' ', "-")
        };
        let names = text.split([',', '+']).filter(|it| !it.trim().is_empty()).map(name);
        let names: Vec<_> = names.collect();
        match names.iter().find(|it| !STANDARDS.contains(&it.as_str())) {
            Some(unknown) => Err(D::Error::custom(format!(
                "`{unknown}` is no standard that is known here: PDF/A-1b to PDF/A-4e, PDF/UA-1, PDF 1.4 to 2.0"
            ))),
            None => Ok(Self(names)),
        }
    }
}

/// As the engine names them.
const STANDARDS: [&str; 17] = [
    "1.4", "1.5", "1.6", "1.7", "2.0", "a-1b", "a-1a", "a-2b", "a-2u", "a-2a", "a-3b", "a-3u",
    "a-3a", "a-4", "a-4f", "a-4e", "ua-1",
];

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    fn refused<T: DeserializeOwned>(value: &Value, expected: &str) {
        let error = T::deserialize(value).err().unwrap().to_string();
        assert_eq!(error, expected, "{value}");
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        refused::<OutputFormat>(&json!("DOCX"), "DOCX is not made here; PDF, PNG and HTML are");
        refused::<OutputFormat>(&json!("odt"), "`odt` is none of PDF, PNG and HTML");
        refused::<Day>(&json!("21.11.2026"), "`21.11.2026` is no day, e.g. 2026-11-21");
        refused::<Day>(&json!("ä"), "`ä` is no day, e.g. 2026-11-21");
        refused::<Standards>(
            &json!("PDF/X-4"),
            "`x-4` is no standard that is known here: PDF/A-1b to PDF/A-4e, PDF/UA-1, PDF 1.4 to 2.0",
        );
        refused::<WatermarkInput>(&json!({}), "has neither `text` nor `image`");
        refused::<WatermarkInput>(
            &json!({"text": "x", "image": "data:,x"}),
            "has both `text` and `image`",
        );
        refused::<WatermarkInput>(
            &json!({"text": "x", "opacity": 20}),
            "`opacity` 20 is not between 0 and 1",
        );
    }

    #[test]
    fn formats_standards_and_days_are_read_as_people_write_them() {
        let format = |it: &str| serde_json::from_value::<OutputFormat>(json!(it)).unwrap();
        assert_eq!(
            [format("pdf"), format(".PNG"), format("HTML")],
            [OutputFormat::Pdf, OutputFormat::Png, OutputFormat::Html]
        );
        let standards = |it: &str| serde_json::from_value::<Standards>(json!(it)).unwrap().0;
        assert_eq!(standards("PDF/A-2b"), ["a-2b"]);
        assert_eq!(standards("PDF/A-3a, PDF/UA-1"), ["a-3a", "ua-1"]);
        assert_eq!(standards("PDF 2.0"), ["2.0"]);
        assert_eq!(standards("a-4f"), ["a-4f"]);
        let day = serde_json::from_value::<Day>(json!("2026-11-21T08:00:00Z")).unwrap();
        assert_eq!(day.0, "2026-11-21");
    }
}
