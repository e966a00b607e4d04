//! Files that a document refers to: those sent with the task, data URLs, and addresses, which whoever has a network is asked for.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    engine::{Fetch, images},
    worker::{Blob, Need, Supply},
};

/// All that one document can refer to.
pub(crate) struct Resources<'a> {
    /// Sent with the task.
    assets: &'a [Blob],
    fetch: &'a mut (dyn Fetch + Send),
    has_templates: bool,
    image_pixels_max: u64,
    /// Images by address: the name in Typst, or why there is none.
    images: HashMap<String, Result<String, String>>,
    added: Vec<Blob>,
}

impl<'a> Resources<'a> {
    pub(crate) fn new(
        assets: &'a [Blob],
        fetch: &'a mut (dyn Fetch + Send),
        has_templates: bool,
        image_pixels_max: u64,
    ) -> Self {
        let (images, added) = (HashMap::new(), Vec::new());
        Self { assets, fetch, has_templates, image_pixels_max, images, added }
    }

    /// The name under which Typst knows the image at `address`.
    ///
    /// # Errors
    /// Why there is no such image, for a warning that names the address.
    pub(crate) fn image(&mut self, address: &str) -> Result<String, String> {
        if let Some(known) = self.images.get(address) {
            return known.clone();
        }
        let image = self.bytes(address).and_then(|bytes| {
            let kind = kind(&bytes).ok_or("is no PNG, JPEG, GIF, WebP or SVG")?;
            self.fits(address, &bytes)?;
            // Names are never given back, so that they are the same in all documents.
            let name = format!("image-{}.{kind}", self.added.len());
            self.added.push(Blob::new(name.as_str(), bytes));
            Ok(name)
        });
        self.images.insert(address.to_owned(), image.clone());
        image
    }

    /// Width and height of an image that has a name already, in CSS pixels.
    pub(crate) fn pixels(&self, name: &str) -> Option<(f64, f64)> {
        let bytes = &self.added.iter().find(|it| it.name == name)?.bytes;
        if kind(bytes) == Some("svg") {
            return html_typst::drawing_size(&String::from_utf8_lossy(bytes));
        }
        let imagesize::ImageSize { width, height } = imagesize::blob_size(bytes).ok()?;
        let pixels = |it: usize| u32::try_from(it).map(f64::from).ok();
        Some((pixels(width)?, pixels(height)?))
    }

    /// Refuses an image of too many pixels.
    ///
    /// # Errors
    /// A text that names it.
    pub(crate) fn fits(&self, address: &str, bytes: &[u8]) -> Result<(), String> {
        images::check(&shown(address), bytes, self.image_pixels_max)
    }

    /// Adds an SVG that stands in the document itself; gives its name in Typst.
    pub(crate) fn keep(&mut self, svg: Vec<u8>) -> String {
        let name = format!("image-{}.svg", self.added.len());
        self.added.push(Blob::new(name.as_str(), svg));
        name
    }

    /// What is at `address`: an asset's name, `data:`, `http(s):`, or a name below `TEMPLATES_DIR`.
    ///
    /// # Errors
    /// Why there is nothing.
    pub(crate) fn bytes(&mut self, address: &str) -> Result<Vec<u8>, String> {
        let name = address.trim_start_matches("./");
        if let Some(asset) = self.assets.iter().find(|it| it.name == name) {
            return Ok(asset.bytes.clone());
        }
        let need = match address.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("data") => return decoded(rest),
            Some((scheme, _))
                if ["http", "https"].iter().any(|it| scheme.eq_ignore_ascii_case(it)) =>
            {
                Need::Url(address.to_owned())
            }
            Some((scheme, rest))
                if rest.starts_with("//") || scheme.eq_ignore_ascii_case("file") =>
            {
                return Err(format!("`{scheme}:` addresses are not read"));
            }
            _ if self.has_templates => Need::Template(name.to_owned()),
            _ => return Err("is not among the assets".to_owned()),
        };
        match self.fetch.fetch(&[need]).pop() {
            Some(Supply::Found(blob)) => Ok(blob.bytes),
            Some(Supply::Refused(why)) => Err(why),
            None => Err("is not there".to_owned()),
        }
    }

    /// The files that were found, under their names in Typst.
    pub(crate) fn into_assets(self) -> Vec<Blob> {
        self.added
    }
}

/// The address for a warning: without the bytes of a data URL, and not longer than anybody reads.
pub(crate) fn shown(address: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    if address.get(..5).is_some_and(|it| it.eq_ignore_ascii_case("data:")) {
        return "data:…".to_owned();
    }
    let mut chars = address.chars();
    let start: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    if chars.next().is_some() { start + "…" } else { start }
}

/// The bytes of a data URL behind `data:` (RFC 2397).
fn decoded(rest: &str) -> Result<Vec<u8>, String> {
    let (header, data) = rest.split_once(',').ok_or("is a data URL without a comma")?;
    let unescaped = percent_encoding::percent_decode_str(data);
    let is_base64 =
        header.rsplit(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("base64"));
    if !is_base64 {
        return Ok(unescaped.collect());
    }
    let bytes: Vec<u8> = unescaped.filter(|it| !it.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(bytes).map_err(|_invalid| "is a data URL of broken base64".to_owned())
}

/// The extension of the image formats that Typst reads.
pub(crate) fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("png"),
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        [b'G', b'I', b'F', b'8', ..] => Some("gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        _ => {
            let start = &bytes[..bytes.len().min(4096)];
            let text = String::from_utf8_lossy(start);
            let start = text.trim_start_matches('\u{feff}').trim_start();
            (start.starts_with('<') && text.contains("<svg")).then_some("svg")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Fetch for Nobody {
        fn fetch(&mut self, needs: &[Need]) -> Vec<Supply> {
            needs.iter().map(|it| Supply::Refused(format!("asked for {it:?}"))).collect()
        }
    }

    fn check(address: &str, expected: Result<&str, &str>) {
        let assets =
            [Blob::new("a.png", b"\x89PNG....".to_vec()), Blob::new("b.txt", b"text".to_vec())];
        let mut nobody = Nobody;
        let image = Resources::new(&assets, &mut nobody, true, 1000).image(address);
        assert_eq!(image.as_deref().map_err(String::as_str), expected, "{address}");
    }

    #[test]
    fn what_is_no_image_is_told() {
        check("b.txt", Err("is no PNG, JPEG, GIF, WebP or SVG"));
        check("c.png", Err("asked for Template(\"c.png\")"));
        check("http://a.test/c.png", Err("asked for Url(\"http://a.test/c.png\")"));
        check("file:///etc/passwd", Err("`file:` addresses are not read"));
        check("ftp://a.test/c.png", Err("`ftp:` addresses are not read"));
        check("data:image/png;base64", Err("is a data URL without a comma"));
        check("data:image/png;base64,!", Err("is a data URL of broken base64"));
        // The size that a PNG declares, in a file that has nothing else.
        let bomb = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAJxAAACcQCAYAAAA=";
        check(
            bomb,
            Err("image `data:…` has 10000 × 10000 pixels, more than 1000 (PDF_IMAGE_PIXELS_MAX)"),
        );
    }

    #[test]
    fn assets_and_data_urls_are_images() {
        check("a.png", Ok("image-0.png"));
        check("./a.png", Ok("image-0.png"));
        check("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/>", Ok("image-0.svg"));
    }
}
