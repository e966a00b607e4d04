//! Images, in lines and on their own.

use super::{
    Emitter, Flow,
    paint::{self, Lines, fit_name},
    text,
};
use crate::{
    boxes::{Kind, Node},
    style::{Length, Style, VerticalAlign},
    typst::{Arguments, points, quoted},
};

/// Points of a CSS pixel.
const PIXEL: f64 = 0.75;

impl Emitter<'_> {
    /// The image alone, as large as it is to be.
    pub(super) fn image(&mut self, node: &Node, flow: Flow<'_>) {
        let Kind::Image { image, alt } = &node.kind else { return };
        let style = &node.style;
        let mut arguments = Arguments::default();
        let (width, height) = size(style, image.size, flow);
        if let Some(width) = width {
            arguments.add("width", &width.typst());
        }
        if let Some(height) = height {
            arguments.add("height", &height.typst());
        }
        if width.is_some() && height.is_some() {
            arguments.add("fit", fit_name(style.fit));
        }
        if !alt.is_empty() {
            arguments.add("alt", &quoted(alt));
        }
        let separator = if arguments.is_empty() { "" } else { ", " };
        self.write(format_args!(
            "#image({}{separator}{});",
            quoted(&image.name),
            arguments.as_str()
        ));
    }

    /// An image in a line.
    pub(super) fn inline_image(&mut self, node: &Node, flow: Flow<'_>) {
        let style = &node.style;
        let [left, right] =
            [3, 1].map(|it| style.margin[it].and_then(|it| it.of(flow.width)).unwrap_or(0.0));
        let mut arguments = Arguments::default();
        paint::border(style, Lines::One, &mut arguments);
        self.tell(node);
        self.tell_double(node);
        paint::radius(style, &mut arguments);
        if style.radius.iter().any(|it| !it.is_zero()) {
            arguments.add("clip", "true");
        }
        if (0..4).any(|side| !style.inner(side).is_zero()) {
            let [top, right, bottom, left] =
                [0, 1, 2, 3].map(|side| points(style.inner(side).points));
            arguments.add(
                "inset",
                &format!("(top: {top}, right: {right}, bottom: {bottom}, left: {left})"),
            );
        }
        let baseline = Self::baseline(style, 0.0, flow.strut);
        if baseline != "0pt" {
            arguments.add("baseline", &baseline);
        }
        if left != 0.0 {
            self.write(format_args!("#h({});", points(left)));
        }
        let [above, below] =
            [0, 2].map(|it| style.margin[it].and_then(|it| it.of(flow.width)).unwrap_or(0.0));
        let separator = if arguments.is_empty() { "" } else { ", " };
        let has_space = above != 0.0 || below != 0.0;
        if has_space {
            self.write(format_args!(
                "#box(inset: (top: {}, bottom: {}))[",
                points(above),
                points(below)
            ));
        }
        self.write(format_args!("#box({}{separator}[", arguments.as_str()));
        self.image(node, flow);
        self.push("]);");
        if has_space {
            self.push("];");
        }
        if right != 0.0 {
            self.write(format_args!("#h({});", points(right)));
        }
        self.strut(flow);
        self.is_after_space = false;
    }

    /// As much room as a line takes that has a text in it (CSS 2, 10.8.1).
    pub(super) fn strut(&mut self, flow: Flow<'_>) {
        let below = text::below_baseline(flow.text);
        let height = text::line_height(flow.text);
        self.write(format_args!("#box(height: {}, baseline: {});", points(height), points(below)));
    }

    /// How far the bottom of a box in a line is below the baseline; `below` where it stands on the baseline itself.
    ///
    /// The line is as high as `strut`, as far as is known.
    pub(super) fn baseline(style: &Style, below: f64, strut: [f64; 2]) -> String {
        let size = style.inherited.size;
        match style.vertical_align {
            VerticalAlign::Baseline => points(below),
            VerticalAlign::Middle => format!("50% - {}", points(size * 0.27)),
            VerticalAlign::Top => format!("100% - {}", points(strut[0])),
            VerticalAlign::Bottom => points(strut[1]),
            VerticalAlign::Sub => points(below + size * 0.2),
            VerticalAlign::Super => points(below - size * 0.33),
            VerticalAlign::Shift(it) => points(below - it.of(Some(size * 1.2)).unwrap_or(0.0)),
        }
    }
}

/// Width and height as they are given, or those of the image itself within what there is room for.
fn size(
    style: &Style,
    natural: Option<(f64, f64)>,
    flow: Flow<'_>,
) -> (Option<Length>, Option<Length>) {
    let known = |it: Length| it.of(flow.width).map(Length::points);
    let height = style.height.filter(|it| it.percent == 0.0);
    let most = style.max_width.and_then(|it| it.of(flow.width));
    let most_height = style.max_height.and_then(|it| it.of(None));
    if let (None, None, None) = (style.width, height, natural) {
        return (style.max_width.filter(|it| it.percent > 0.0), None);
    }
    let ratio = natural.filter(|it| it.0 > 0.0).map(|it| it.1 / it.0);
    let (mut width, mut high) = match (style.width, height, natural) {
        (Some(width), height, _) => match known(width) {
            Some(width) => (width.points, height.map(|it| it.points)),
            None => return (Some(width), height),
        },
        (None, Some(height), _) => match ratio {
            Some(ratio) if ratio > 0.0 => (height.points / ratio, Some(height.points)),
            _ => return (None, Some(height)),
        },
        (None, None, natural) => (natural.map_or(0.0, |it| it.0 * PIXEL), None),
    };
    if let Some(most) = most.filter(|it| *it < width) {
        width = most;
        if style.height.is_none() {
            high = None;
        }
    }
    if let (Some(most), Some(ratio)) = (most_height, ratio)
        && high.unwrap_or(width * ratio) > most
    {
        if style.width.is_none() && ratio > 0.0 {
            width = width.min(most / ratio);
        }
        high = Some(most);
    }
    (Some(Length::points(width)), high.map(Length::points))
}
