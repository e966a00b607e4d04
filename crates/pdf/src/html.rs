//! HTML as Typst; the profile stands in `PROFILE.md`.

use std::{collections::HashSet, sync::Arc};

use html_typst::{Assets, Image, Options};

use crate::{
    markup::Markup,
    page::{
        About, FirstPage, Language, Layer, Length, Margins, Orientation, PAGE, PAGES, Page,
        PageSize,
    },
    resources::Resources,
};

/// The families of fonts that there are, lower case.
pub(crate) type Families = Arc<HashSet<String>>;

/// HTML in Typst's language; `page` is what the task asks for.
///
/// # Errors
/// Why the document is refused.
pub(crate) fn markup(
    source: &str,
    page: &Page,
    families: &Families,
    resources: &mut Resources<'_>,
) -> Result<Markup, String> {
    let options = options(page, families);
    let document = html_typst::convert(source, &options, &mut Files(resources));
    let document = document.map_err(|error| error.to_string())?;
    let [top, right, bottom, left] = document.margins.unwrap_or_default().map(Length);
    let orientation = document.landscape.map(|is_landscape| {
        if is_landscape { Orientation::Landscape } else { Orientation::Portrait }
    });
    let size = document.page_size.map(|(width, height)| {
        PageSize { width: Length(width), height: Length(height) }.oriented(orientation)
    });
    let own = Page {
        size,
        orientation,
        margins: document.margins.map(|_| Margins { top, right, bottom, left }),
        about: About {
            title: document.title,
            authors: document.authors,
            keywords: document.keywords,
            language: document.language.and_then(|it| Language::try_from(it).ok()),
        },
        ..Page::default()
    };
    let html_typst::Document { body, body_sides, fonts, warnings, .. } = document;
    Ok(Markup { body, body_sides, page: own, fonts, warnings })
}

/// A header or footer in Typst's language: HTML in 9 points without margins of its own, as wide as the content of `page` between `body_sides`.
///
/// # Errors
/// Why it is refused.
pub(crate) fn strip(
    source: &str,
    page: &Page,
    body_sides: [f64; 2],
    families: &Families,
    resources: &mut Resources<'_>,
) -> Result<Markup, String> {
    let mut options = Options { is_part: true, columns: 1, ..options(page, families) };
    let Margins { top, right, bottom, left } = page.margins.unwrap_or(Margins::DEFAULT);
    let [more_right, more_left] = body_sides;
    options.margins = Some([top.0, right.0 + more_right, bottom.0, left.0 + more_left]);
    let source = format!("<style>body {{ margin: 0; font-size: 9pt }}</style>{source}");
    let document = html_typst::convert(&source, &options, &mut Files(resources));
    let html_typst::Document { body, fonts, warnings, .. } =
        document.map_err(|error| error.to_string())?;
    Ok(Markup { body, fonts, warnings, ..Markup::default() })
}

fn options(page: &Page, families: &Families) -> Options {
    let size = page.size.map(|it| it.oriented(page.orientation));
    let size = size.or(page.orientation.map(|it| PageSize::A4.oriented(Some(it))));
    let has_first = |of: fn(&FirstPage) -> bool| page.first.as_ref().is_some_and(of);
    let has_layer = |layer| page.watermark.as_ref().is_some_and(|it| it.layer == layer);
    Options {
        page_size: size.map(|it| (it.width.0, it.height.0)),
        margins: page.margins.map(|it| [it.top.0, it.right.0, it.bottom.0, it.left.0]),
        has_header: page.header.is_some() || has_first(|it| it.header.is_some()),
        has_footer: page.footer.is_some() || has_first(|it| it.footer.is_some()),
        has_background: has_layer(Layer::Under),
        has_foreground: has_layer(Layer::Over),
        has_color: page.background.is_some(),
        columns: page.columns.map_or(1, |it| it.0),
        is_part: false,
        families: Some(Arc::clone(families)),
        page_mark: Some(PAGE),
        pages_mark: Some(PAGES),
    }
}

/// What the document refers to.
struct Files<'a, 'b>(&'a mut Resources<'b>);

impl Assets for Files<'_, '_> {
    fn image(&mut self, address: &str) -> Result<Image, String> {
        let name = self.0.image(address)?;
        let size = self.0.pixels(&name);
        Ok(Image { name, size })
    }

    fn font(&mut self, address: &str) -> Result<Vec<u8>, String> {
        self.0.bytes(address)
    }

    fn sheet(&mut self, address: &str) -> Result<String, String> {
        String::from_utf8(self.0.bytes(address)?).map_err(|_invalid| "is no UTF-8 text".to_owned())
    }

    fn keep(&mut self, svg: String) -> String {
        self.0.keep(svg.into_bytes())
    }
}
