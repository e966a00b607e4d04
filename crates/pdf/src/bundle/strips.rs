//! Headers and footers as browsers print them: documents of their own, in which elements of certain classes are filled in.

use super::escaped;
use crate::page::{Margins, PAGE, PAGES, Page, Strip, parts};

/// The document of a header or footer: as wide as the content of the page, in 9 points where it says nothing else.
pub(super) fn document(strip: &Strip, page: &Page) -> String {
    let Margins { right, left, .. } = page.margins.unwrap_or(Margins::DEFAULT);
    let content = match strip {
        Strip::Html(html) => html.clone(),
        Strip::Text(text) => line(text),
    };
    let content = content
        .replace(PAGE, "<span class=\"pageNumber\"></span>")
        .replace(PAGES, "<span class=\"totalPages\"></span>");
    format!(
        "<html><head><meta charset=\"utf-8\"><style>.strip{{box-sizing:border-box;width:100%;padding:0 {right} 0 {left};font:9pt \"Noto Sans\",sans-serif}}</style></head><body><div class=\"strip\">{content}</div></body></html>"
    )
}

/// A line of three parts, each as wide as the others.
fn line(text: &str) -> String {
    let [left, middle, right] = parts(text).map(|it| escaped(it).replace('\n', "<br>"));
    format!(
        "<div style=\"display:flex\"><div style=\"flex:1\">{left}</div><div>{middle}</div><div style=\"flex:1;text-align:right\">{right}</div></div>"
    )
}
