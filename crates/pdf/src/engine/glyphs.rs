//! Characters that no face has: the document shows a box in their place, so somebody has to say so.

use std::collections::BTreeSet;

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;

/// So many characters are named; a text in a script without a face has hundreds.
const NAMED_MAX: usize = 20;

/// One warning for each character that is missing.
pub(super) fn warnings(document: &PagedDocument) -> Vec<String> {
    let mut missing = BTreeSet::new();
    for page in document.pages() {
        look_at(&page.frame, &mut missing);
    }
    let n_more = missing.len().saturating_sub(NAMED_MAX);
    let mut warnings: Vec<_> = missing
        .into_iter()
        .take(NAMED_MAX)
        .map(|it| {
            format!("no font has `{it}` (U+{:04X}); FONTS_DIR or `fonts` can bring one", it as u32)
        })
        .collect();
    if n_more > 0 {
        warnings.push(format!("no font has {n_more} more characters"));
    }
    warnings
}

fn look_at(frame: &Frame, missing: &mut BTreeSet<char>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => look_at(&group.frame, missing),
            FrameItem::Text(text) => {
                for glyph in text.glyphs.iter().filter(|it| it.id == 0) {
                    let shown = text.text.get(glyph.range()).unwrap_or_default();
                    missing.extend(shown.chars().filter(|it| !it.is_whitespace()));
                }
            }
            FrameItem::Shape(..)
            | FrameItem::Image(..)
            | FrameItem::Link(..)
            | FrameItem::Tag(_) => {}
        }
    }
}
