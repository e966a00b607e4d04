//! Images that are larger than they look: a few kilobytes of PNG can be gigabytes of pixels.

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Refuses an image of more than `pixels_max` pixels; what is no image passes.
///
/// # Errors
/// A text with the image's name and size.
pub(crate) fn check(name: &str, bytes: &[u8], pixels_max: u64) -> Result<(), String> {
    let Ok(size) = imagesize::blob_size(bytes) else { return Ok(()) };
    let pixels = size.width as u64 * size.height as u64;
    if pixels > pixels_max {
        let (width, height) = (size.width, size.height);
        return Err(format!(
            "image `{name}` has {width} × {height} pixels, more than {pixels_max} (PDF_IMAGE_PIXELS_MAX)"
        ));
    }
    Ok(())
}

/// The image as an SVG that lets through what is behind it, for Typst has no such images.
pub(super) fn faded(bytes: &[u8], opacity: f64) -> Vec<u8> {
    let kind = imagesize::image_type(bytes).ok();
    let mime_type = match kind {
        Some(imagesize::ImageType::Png) => "image/png",
        Some(imagesize::ImageType::Jpeg) => "image/jpeg",
        Some(imagesize::ImageType::Gif) => "image/gif",
        Some(imagesize::ImageType::Webp) => "image/webp",
        _ => "image/svg+xml",
    };
    let size = imagesize::blob_size(bytes).map_or((1000, 1000), |it| (it.width, it.height));
    let ((width, height), data) = (size, BASE64_STANDARD.encode(bytes));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\">\
         <image opacity=\"{opacity}\" width=\"{width}\" height=\"{height}\" \
         href=\"data:{mime_type};base64,{data}\"/></svg>"
    )
    .into_bytes()
}
