//! What the inputs of a task are among Gotenberg's form fields, and which of them have no field.

use common::Failure;
use serde_json::{Map, Value, json};

use crate::{
    error::invalid,
    page::{About, Margins, Orientation, Page, PageSize, Ranges},
};

/// Names and values.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// Points of an inch, which lengths without a unit are in.
const INCH: f64 = 72.0;

/// The fields for the browser, and warnings about what has none.
///
/// # Errors
/// `INVALID_INPUT`: a standard that it does not make.
pub(crate) fn html(
    page: &Page,
    ranges: Option<&Ranges>,
    standards: &[String],
) -> Result<(Fields, Vec<String>), Failure> {
    let mut fields = common(&page.about, ranges, standards)?;
    let PageSize { width, height } = page.size.unwrap_or(PageSize::A4).oriented(page.orientation);
    let Margins { top, right, bottom, left } = page.margins.unwrap_or(Margins::DEFAULT);
    let inches = |points: f64| format!("{:.4}", points / INCH);
    let is_own = page.size.is_none() && page.orientation.is_none();
    fields.extend([
        ("paperWidth", inches(width.0)),
        ("paperHeight", inches(height.0)),
        ("marginTop", inches(top.0)),
        ("marginRight", inches(right.0)),
        ("marginBottom", inches(bottom.0)),
        ("marginLeft", inches(left.0)),
        ("preferCssPageSize", is_own.to_string()),
        ("printBackground", true.to_string()),
        ("generateDocumentOutline", true.to_string()),
        ("generateTaggedPdf", true.to_string()),
    ]);
    Ok((fields, without_effect(&after_all(page))))
}

/// The fields for the office suite, and warnings about what has none.
///
/// # Errors
/// As for [`html`].
pub(crate) fn office(
    page: &Page,
    ranges: Option<&Ranges>,
    standards: &[String],
) -> Result<(Fields, Vec<String>), Failure> {
    let mut fields = common(&page.about, ranges, standards)?;
    if page.orientation == Some(Orientation::Landscape) {
        fields.push(("landscape", true.to_string()));
    }
    let mut given = vec![
        ("pageSize", page.size.is_some()),
        ("margins", page.margins.is_some()),
        ("header", page.header.is_some()),
        ("footer", page.footer.is_some()),
        ("language", page.about.language.is_some()),
    ];
    given.extend(after_all(page));
    Ok((fields, without_effect(&given)))
}

/// What neither of the two can do.
fn after_all(page: &Page) -> [(&'static str, bool); 5] {
    [
        ("firstPage", page.first.is_some()),
        ("watermark", page.watermark.is_some()),
        ("columns", page.columns.is_some()),
        ("background", page.background.is_some()),
        ("toc", page.contents),
    ]
}

fn without_effect(given: &[(&'static str, bool)]) -> Vec<String> {
    let given = given.iter().filter(|it| it.1);
    given.map(|(name, _)| format!("`{name}` has no effect with `engine` `gotenberg`")).collect()
}

fn common(about: &About, ranges: Option<&Ranges>, standards: &[String]) -> Result<Fields, Failure> {
    let mut fields = Fields::new();
    for standard in standards {
        fields.push(match standard.as_str() {
            "a-1b" => ("pdfa", "PDF/A-1b".to_owned()),
            "a-2b" => ("pdfa", "PDF/A-2b".to_owned()),
            "a-3b" => ("pdfa", "PDF/A-3b".to_owned()),
            "ua-1" => ("pdfua", true.to_string()),
            other => {
                return Err(invalid(format_args!(
                    "`pdfStandard`: with `engine` `gotenberg` there are PDF/A-1b, PDF/A-2b, PDF/A-3b and PDF/UA-1, not `{other}`"
                )));
            }
        });
    }
    if let Some(ranges) = ranges {
        fields.push(("nativePageRanges", ranges.to_string()));
    }
    let metadata: Map<String, Value> = [
        ("Title", about.title.as_ref().map(|it| json!(it))),
        ("Author", (!about.authors.is_empty()).then(|| json!(about.authors.join(", ")))),
        ("Keywords", (!about.keywords.is_empty()).then(|| json!(about.keywords))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect();
    if !metadata.is_empty() {
        fields.push(("metadata", Value::Object(metadata).to_string()));
    }
    Ok(fields)
}

/// What makes Gotenberg refuse a page that is not as it should be.
pub(crate) fn strict() -> Fields {
    vec![
        ("failOnResourceLoadingFailed", true.to_string()),
        ("failOnConsoleExceptions", true.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Columns, Length, Strip};

    fn page() -> Page {
        let about = About {
            title: Some("Offer".to_owned()),
            authors: vec!["Acme".to_owned()],
            keywords: vec!["a".to_owned(), "b".to_owned()],
            ..About::default()
        };
        Page { about, ..Page::default() }
    }

    fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
        fields.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    #[test]
    fn a_standard_that_gotenberg_does_not_make_is_refused() {
        let told = html(&page(), None, &["a-4".to_owned()]).unwrap_err().to_string();
        assert_eq!(
            told,
            "INVALID_INPUT: `pdfStandard`: with `engine` `gotenberg` there are PDF/A-1b, PDF/A-2b, PDF/A-3b and PDF/UA-1, not `a-4`"
        );
    }

    #[test]
    fn what_has_no_field_is_a_warning() {
        let given = Page {
            columns: Some(Columns(2)),
            contents: true,
            header: Some(Strip::Text("x".to_owned())),
            ..page()
        };
        let told = |it: &str| format!("`{it}` has no effect with `engine` `gotenberg`");
        let (_, warnings) = html(&given, None, &[]).unwrap();
        assert_eq!(warnings, [told("columns"), told("toc")]);
        let (_, warnings) = office(&given, None, &[]).unwrap();
        assert_eq!(warnings, [told("header"), told("columns"), told("toc")]);
    }

    #[test]
    fn pages_are_in_inches() {
        let side = Length(36.0);
        let given = Page {
            orientation: Some(Orientation::Landscape),
            margins: Some(Margins { top: side, right: side, bottom: side, left: side }),
            ..page()
        };
        let ranges = Ranges::try_from("1-2, 5".to_owned()).unwrap();
        let standards = ["a-2b", "ua-1"].map(str::to_owned);
        let (fields, warnings) = html(&given, Some(&ranges), &standards).unwrap();
        assert_eq!(warnings, [""; 0]);
        let check = |name: &str, expected: &str| {
            assert_eq!(value(&fields, name), Some(expected), "{name}");
        };
        check("paperWidth", "11.6929");
        check("paperHeight", "8.2677");
        check("marginLeft", "0.5000");
        check("preferCssPageSize", "false");
        check("nativePageRanges", "1-2,5");
        check("pdfa", "PDF/A-2b");
        check("pdfua", "true");
        check("metadata", r#"{"Title":"Offer","Author":"Acme","Keywords":["a","b"]}"#);
        let (fields, _) = html(&Page::default(), None, &[]).unwrap();
        assert_eq!(value(&fields, "preferCssPageSize"), Some("true"));
        assert_eq!(value(&fields, "metadata"), None);
        let (fields, _) = office(&given, None, &[]).unwrap();
        assert_eq!(value(&fields, "landscape"), Some("true"));
        assert_eq!(value(&fields, "paperWidth"), None);
    }
}
