//! What of the style of a box has no effect on it here: each is told once.

use super::Emitter;
use crate::{
    boxes::{Kind, Node},
    style::{Display, Position, VerticalAlign},
};

impl Emitter<'_> {
    /// For a box that has a place of its own.
    pub(super) fn tell(&self, node: &Node) {
        let style = &node.style;
        let is_image = matches!(node.kind, Kind::Image { .. });
        let is_cell = matches!(node.kind, Kind::Cell { .. });
        let is_table = matches!(style.display, Display::Table | Display::InlineTable);
        let is_grid = matches!(style.display, Display::Grid | Display::InlineGrid);
        let is_line_image = is_image && style.display.is_inline();
        let findings = [
            (style.max_height.is_some() && !is_image, "CSS `max-height` of a box"),
            (style.height.is_some() && is_table, "CSS `height` of a table"),
            (style.inherited.opacity < 1.0 && is_image, "CSS `opacity` of an image"),
            (
                (style.min_width.is_some() || style.min_height.is_some()) && is_image,
                "CSS `min-width` and `min-height` of an image",
            ),
            (
                style.z_index != 0
                    && matches!(style.position, Position::Absolute | Position::Relative),
                "CSS `z-index`: boxes that are not fixed cover those before them",
            ),
            (
                !style.transform.is_empty() && (is_cell || is_line_image),
                "CSS `transform` of a cell or an image",
            ),
            (
                style.radius.iter().any(|it| !it.is_zero()) && is_cell,
                "CSS `border-radius` of a cell",
            ),
            (
                !style.align_content.is_start() && (is_grid || style.flex.wraps),
                "CSS `align-content`",
            ),
            (!style.justify.is_start() && is_grid, "CSS `justify-content` of a grid"),
        ];
        self.tell_found(&findings, node);
    }

    /// For a part of a line.
    pub(super) fn tell_inline(&self, node: &Node) {
        let style = &node.style;
        let findings = [
            (
                matches!(
                    style.vertical_align,
                    VerticalAlign::Top | VerticalAlign::Middle | VerticalAlign::Bottom
                ),
                "CSS `vertical-align` of a text: `sub`, `super` and lengths are known",
            ),
            (
                style.position == Position::Relative && style.inset.iter().any(Option::is_some),
                "CSS `position: relative` of a text",
            ),
        ];
        self.tell_found(&findings, node);
    }

    fn tell_found(&self, findings: &[(bool, &str)], node: &Node) {
        for (_, text) in findings.iter().filter(|it| it.0) {
            self.warn(*text, node.line);
        }
    }
}
