//! Documents and images that are larger than they look, and documents that are just large.

use serde_json::{Value, json};

use crate::{file, generate};

/// Of zeros, which is more than a worker may have.
const BOMB_MIB: usize = 400;

fn check(input: &Value, settings: &[(&str, &str)], expected: &str) {
    assert_eq!(generate(input, settings).failure(), expected);
}

/// Zeros as a stream of deflate, less than a hundredth of their size: one block with the fixed codes (RFC 1951, 3.2.6) that does not end.
fn deflated(n_mib: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    let (mut byte, mut n_bits) = (0_u8, 0);
    let mut put = |bits: &str| {
        for bit in bits.bytes() {
            byte |= (bit - b'0') << n_bits;
            n_bits += 1;
            if n_bits == 8 {
                packed.push(byte);
                (byte, n_bits) = (0, 0);
            }
        }
    };
    // Not the last block, of type 1 (its lower bit first); a zero; then 258 bytes like the one before, again and again.
    put("01000110000");
    (0..n_mib * 1024 * 1024 / 258).for_each(|_| put("1100010100000"));
    packed
}

/// RFC 1952, section 8.
fn crc(data: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |it, _| (it >> 1) ^ (0xedb8_8320 * (it & 1)))
    };
    !data.iter().fold(!0, step)
}

#[test]
fn images_that_are_larger_than_they_look_are_refused() {
    // The beginning of a PNG of 10,000 × 10,000 pixels; the rest does not matter.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([10_000_u32.to_be_bytes(), 10_000_u32.to_be_bytes()].concat());
    png.extend([8, 6, 0, 0, 0]);
    let asset = file("bomb.png", "image/png", &png);
    check(
        &json!({"template": "#image(\"bomb.png\")", "templateFormat": "typst", "assets": asset}),
        &[],
        "INVALID_INPUT: image `bomb.png` has 10000 × 10000 pixels, more than 50000000 (PDF_IMAGE_PIXELS_MAX)",
    );
    let told = generate(
        &json!({"template": "![x](bomb.png)", "assets": asset}),
        &[("PDF_IMAGE_PIXELS_MAX", "100")],
    );
    assert_eq!(
        told.failure(),
        "INVALID_INPUT: image `bomb.png` has 10000 × 10000 pixels, more than 100 (PDF_IMAGE_PIXELS_MAX)"
    );
}

#[test]
fn an_image_of_images_of_images_is_stopped() {
    let mut svg = "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><g id='a0'><rect width='1' height='1'/></g>".to_owned();
    for level in 1..12 {
        let uses = format!("<use href='#a{}'/>", level - 1).repeat(10);
        svg = format!("{svg}<g id='a{level}'>{uses}</g>");
    }
    svg += "</svg>";
    let asset = file("bomb.svg", "image/svg+xml", svg.as_bytes());
    let input =
        json!({"template": "#image(\"bomb.svg\")", "templateFormat": "typst", "assets": asset});
    let told = generate(&input, &[("PDF_TIMEOUT", "2s"), ("PDF_MEMORY_MAX", "128MiB")]).failure();
    assert!(told.starts_with("RENDER_LIMIT: ") || told.contains("cannot parse SVG"), "{told}");
}

#[test]
fn a_packed_svg_is_no_way_around_the_limits() {
    let mut svgz = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    svgz.extend(deflated(BOMB_MIB));
    let asset = file("bomb.svgz", "image/svg+xml", &svgz);
    check(
        &json!({"template": "#image(\"bomb.svgz\")", "templateFormat": "typst", "assets": asset}),
        &[("PDF_MEMORY_MAX", "64MiB")],
        "TEMPLATE_SYNTAX_ERROR: cannot parse SVG (file is not compressed correctly in bomb.svgz) in line 1, column 8: `#image(\"bomb.svgz\")`",
    );
    let document = generate(&json!({"template": "<img src='bomb.svgz'>", "assets": asset}), &[]);
    assert_eq!(
        document.document().warnings(),
        ["image `bomb.svgz` is no PNG, JPEG, GIF, WebP or SVG (line 1)"]
    );
}

#[test]
fn a_small_png_with_much_in_it_is_no_way_around_the_limits() {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        let content = [name, data].concat();
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend([&*content, &crc(&content).to_be_bytes()].concat());
    };
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    let zeros = deflated(BOMB_MIB);
    chunk(b"iCCP", &[b"icc\0\0\x78\x9c", &*zeros].concat());
    chunk(b"IDAT", &[b"\x78\x9c", &*zeros].concat());
    chunk(b"IEND", b"");
    let input = json!({
        "template": "#image(\"bomb.png\")", "templateFormat": "typst",
        "assets": file("bomb.png", "image/png", &png),
    });
    check(
        &input,
        &[("PDF_MEMORY_MAX", "64MiB")],
        "RENDER_LIMIT: the document needs more than 64 MiB of memory (PDF_MEMORY_MAX)",
    );
}

#[test]
fn a_document_of_a_thousand_pages_is_made() {
    let template = "#set page(width: 5cm, height: 5cm)\n#for i in range(1000) [page #i #pagebreak(weak: true)]";
    let input = json!({"template": template, "templateFormat": "typst"});
    let document = generate(&input, &[("PDF_MEMORY_MAX", "128MiB")]).document();
    assert_eq!(document.outputs["pages"], 1000);
    assert_eq!(document.page(1000), "page 999");
    let template =
        "{% for i in range(1000) %}<p style='break-after: page'>page {{ i }}</p>{% endfor %}";
    let input =
        json!({"template": template, "templateFormat": "html", "metadata": {}, "pageSize": "A7"});
    let settings = [("PDF_MEMORY_MAX", "256MiB"), ("PDF_TIMEOUT", "5m"), ("RUN_TIMEOUT", "5m")];
    let document = generate(&input, &settings).document();
    assert_eq!(document.outputs["pages"], 1000);
    assert_eq!(document.page(1000), "page 999");
}

#[test]
fn a_table_of_many_thousand_rows_is_made_within_the_memory() {
    let rows: Vec<_> =
        (0..20_000).map(|it| json!({"number": it, "name": format!("Part {it}")})).collect();
    let template = "| No. | Name |\n| --- | --- |\n{% for it in rows %}| {{ it.number }} | {{ it.name }} |\n{% endfor %}";
    let input = json!({"template": template, "metadata": {"rows": rows}});
    // Debug builds take their time, which is no matter here.
    let settings = [("FILES_INLINE_MAX", "50MB"), ("PDF_TIMEOUT", "5m"), ("RUN_TIMEOUT", "5m")];
    let document = generate(&input, &settings).document();
    let n_pages = document.outputs["pages"].as_u64().unwrap();
    assert!((400..1000).contains(&n_pages), "{n_pages}");
    let last = document.page(u32::try_from(n_pages).unwrap());
    assert!(last.ends_with("19999 Part 19999"), "{last}");
}
