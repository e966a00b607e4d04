//! How wide texts are, near enough to share out the width of tables.

use crate::style::{Case, Inherited};

/// Widths of the printable ASCII characters of the sans-serif face; thousandths of the size.
const SANS: [u16; 95] = [
    260, 269, 408, 646, 572, 831, 732, 225, 300, 300, 551, 572, 268, 322, 268, 372, 572, 572, 572,
    572, 572, 572, 572, 572, 572, 572, 268, 268, 572, 572, 572, 434, 899, 639, 650, 632, 730, 556,
    519, 728, 741, 339, 273, 619, 524, 907, 760, 781, 605, 781, 622, 549, 556, 731, 600, 930, 586,
    566, 572, 329, 372, 329, 572, 444, 281, 561, 615, 480, 615, 564, 344, 615, 618, 258, 258, 534,
    258, 935, 618, 605, 615, 615, 413, 479, 361, 618, 508, 786, 529, 510, 470, 380, 551, 380, 572,
];
/// Of the serif face.
const SERIF: [u16; 95] = [
    250, 288, 336, 465, 465, 637, 705, 190, 298, 298, 369, 550, 220, 338, 220, 323, 465, 465, 465,
    465, 465, 465, 465, 465, 465, 465, 236, 236, 550, 550, 550, 435, 895, 695, 588, 646, 701, 557,
    485, 685, 730, 297, 322, 637, 528, 839, 699, 702, 541, 702, 587, 485, 597, 661, 652, 951, 660,
    575, 604, 356, 287, 356, 518, 486, 392, 457, 493, 428, 506, 447, 310, 500, 538, 271, 272, 512,
    264, 790, 542, 504, 519, 503, 372, 390, 316, 531, 497, 747, 490, 515, 424, 277, 205, 277, 449,
];
/// Bold faces are so much wider.
const BOLD: f64 = 1.06;

/// Ascent and descent of a face, in shares of its size.
pub(crate) struct Face {
    pub(crate) ascent: f64,
    pub(crate) descent: f64,
    widths: Widths,
}

enum Widths {
    Of(&'static [u16; 95]),
    All(f64),
}

/// Faces that fonts of this name have: name, ascent, descent.
const OTHERS: [(&str, f64, f64); 4] = [
    ("noto naskh arabic", 1.069, 0.634),
    ("noto sans arabic", 1.374, 0.738),
    ("noto sans devanagari", 0.896, 0.408),
    ("noto sans thai", 1.061, 0.45),
];

/// The face that the first of the families is, or one like it.
pub(crate) fn face(style: &Inherited) -> Face {
    let first = style.families.first().map(|it| it.to_lowercase()).unwrap_or_default();
    if let Some((_, ascent, descent)) = OTHERS.iter().find(|it| first == it.0) {
        return Face { ascent: *ascent, descent: *descent, widths: Widths::Of(&SANS) };
    }
    let is_noto = first.contains("noto");
    let (ascent, descent) = (1.069, 0.293);
    if first.contains("mono") || first.contains("courier") || first.contains("consolas") {
        return if is_noto {
            Face { ascent, descent, widths: Widths::All(0.6) }
        } else {
            Face { ascent: 0.928, descent: 0.236, widths: Widths::All(0.602) }
        };
    }
    let is_serif = first.contains("times")
        || first.contains("georgia")
        || first.contains("libertinus")
        || (first.contains("serif") && !first.contains("sans"));
    if is_serif && !is_noto {
        return Face { ascent: 0.894, descent: 0.246, widths: Widths::Of(&SERIF) };
    }
    Face { ascent, descent, widths: Widths::Of(&SANS) }
}

/// Points.
pub(crate) fn width(text: &str, style: &Inherited) -> f64 {
    let face = face(style);
    let mut total = 0.0;
    let mut n_chars = 0.0;
    for it in text.chars() {
        let it = if style.case == Case::Upper { it.to_ascii_uppercase() } else { it };
        total += em(it, &face.widths);
        n_chars += 1.0;
    }
    let bold = if style.weight >= 600 { BOLD } else { 1.0 };
    total * style.size * bold + n_chars * style.letter_spacing
}

#[expect(clippy::match_same_arms, reason = "in the order of the blocks of Unicode")]
fn em(character: char, widths: &Widths) -> f64 {
    match (u32::from(character), widths) {
        (0x0a | 0x0d, _) => 0.0,
        (at @ 0x20..0x7f, Widths::Of(table)) => {
            f64::from(table[usize::try_from(at - 0x20).unwrap_or(0)]) / 1000.0
        }
        (0x20..0x7f, Widths::All(it)) => *it,
        // Combining marks, invisible characters, right-to-left marks.
        (0x300..0x370 | 0x200b..0x2010 | 0x202a..0x202f | 0x2066..0x206a | 0xfe00..0xfe10, _) => {
            0.0
        }
        (
            0x1100..0x1160
            | 0x2e80..0xa4d0
            | 0xac00..0xd7a4
            | 0xf900..0xfb00
            | 0xff00..0xff61
            | 0x1f300..0x1fb00
            | 0x20000..0x40000,
            _,
        ) => 1.0,
        (0x2014, _) => 1.0,
        (0x600..0x700, _) => 0.5,
        (_, Widths::All(it)) => *it,
        (_, Widths::Of(_)) => 0.6,
    }
}
