//! Borders and backgrounds.

use super::{Emitter, Flow};
use crate::{
    boxes::Node,
    style::{Border, Color, Fit, Length, Line, PaintImage, PaintSize, Stop, Style},
    typst::{Arguments, number, points, quoted},
};

pub(super) const SIDES: [&str; 4] = ["top", "right", "bottom", "left"];

/// A border as a stroke.
pub(super) fn stroke(border: Border, color: Color) -> String {
    let width = border.drawn();
    if width <= 0.0 || !color.is_visible() {
        return "none".to_owned();
    }
    let (width, color) = (points(width), color.typst());
    match border.line {
        Line::Dashed => format!("stroke(paint: {color}, thickness: {width}, dash: \"dashed\")"),
        Line::Dotted => format!(
            "stroke(paint: {color}, thickness: {width}, dash: (0pt, {}), cap: \"round\")",
            points(border.drawn() * 2.0)
        ),
        Line::None | Line::Hidden | Line::Solid | Line::Double => format!("{width} + {color}"),
    }
}

/// Which of the lines of a border.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// One for the whole border.
    One,
    /// The outer one of two, and those that are one only.
    Outer,
    /// The inner one of two.
    Inner,
}

/// `stroke` and `outset`: strokes are drawn on the edge, borders within it.
pub(super) fn border(style: &Style, lines: Lines, arguments: &mut Arguments) {
    let color = |side: usize| style.border_color(side).faded(style.inherited.opacity);
    let drawn = [0, 1, 2, 3].map(|side| {
        let border = style.border[side];
        match (lines, border.is_double()) {
            (Lines::Outer | Lines::Inner, true) => {
                Border { width: border.width / 3.0, line: Line::Solid, ..border }
            }
            (Lines::One | Lines::Outer, _) => border,
            (Lines::Inner, false) => Border::NONE,
        }
    });
    let strokes: Vec<_> = (0..4).map(|side| stroke(drawn[side], color(side))).collect();
    if strokes.iter().all(|it| it == "none") {
        return;
    }
    if strokes.iter().all(|it| *it == strokes[0]) {
        arguments.add("stroke", &strokes[0]);
    } else {
        let mut sides = Arguments::default();
        for (name, stroke) in SIDES.iter().zip(&strokes).filter(|it| it.1 != "none") {
            sides.add(name, stroke);
        }
        arguments.add("stroke", &format!("({})", sides.as_str()));
    }
    let mut outset = Arguments::default();
    for (side, name) in SIDES.iter().enumerate() {
        let width = drawn[side].drawn();
        if width > 0.0 {
            outset.add(name, &points(-width / 2.0));
        }
    }
    arguments.add("outset", &format!("({})", outset.as_str()));
}

pub(super) fn radius(style: &Style, arguments: &mut Arguments) {
    let names = ["top-left", "top-right", "bottom-right", "bottom-left"];
    if style.radius.iter().all(|it| it.is_zero()) {
        return;
    }
    if style.radius.iter().all(|it| *it == style.radius[0]) {
        return arguments.add("radius", &style.radius[0].typst());
    }
    let mut corners = Arguments::default();
    for (name, radius) in names.iter().zip(style.radius) {
        corners.add(name, &radius.typst());
    }
    arguments.add("radius", &format!("({})", corners.as_str()));
}

/// The color or gradient behind a box.
pub(super) fn fill(style: &Style) -> Option<String> {
    let faded = |it: Color| it.faded(style.inherited.opacity);
    match style.paint.as_ref().map(|it| &it.image) {
        Some(PaintImage::Linear { angle, stops: list }) if !list.is_empty() => {
            let (list, angle) = (stops(list, faded), number(angle - 90.0));
            Some(format!("gradient.linear({list}, angle: {angle}deg)"))
        }
        Some(PaintImage::Radial { stops: list }) => {
            Some(format!("gradient.radial({})", stops(list, faded)))
        }
        _ => style.background.is_visible().then(|| faded(style.background).typst()),
    }
}

fn stops(stops: &[Stop], faded: impl Fn(Color) -> Color) -> String {
    // All stops have a place, or none: the first is at the beginning, the last at the end, the others between.
    let mut last = 0.0_f64;
    let has_places = stops.iter().any(|it| it.at.is_some());
    let mut written = Vec::new();
    for (index, stop) in stops.iter().enumerate() {
        let color = faded(stop.color).typst();
        if !has_places {
            written.push(color);
            continue;
        }
        let is_first = index == 0;
        let left = stops.iter().skip(index).position(|it| it.at.is_some());
        let at = stop.at.unwrap_or_else(|| {
            if is_first {
                return 0.0;
            }
            let next = left.and_then(|it| stops[index + it].at).unwrap_or(100.0);
            // So many to the next one that has a place.
            let n_left = left.unwrap_or(stops.len() - 1 - index) + usize::from(left.is_some());
            let n_left = u32::try_from(n_left).unwrap_or(1).max(1);
            last + (next - last) / f64::from(n_left)
        });
        last = at.clamp(last, 100.0);
        let place = if is_first {
            0.0
        } else if index + 1 == stops.len() {
            100.0
        } else {
            last
        };
        if is_first && last > 0.0 {
            written.push(format!("({color}, 0%)"));
            written.push(format!("({color}, {}%)", number(last)));
            continue;
        }
        if index + 1 == stops.len() && last < 100.0 {
            written.push(format!("({color}, {}%)", number(last)));
        }
        written.push(format!("({color}, {}%)", number(place)));
    }
    written.join(", ")
}

impl Emitter<'_> {
    /// Tells of a double border where only one line can be drawn.
    pub(super) fn tell_double(&self, node: &Node) {
        if node.style.border.iter().any(|it| it.is_double()) {
            self.warn("CSS `border-style: double` is one line here", node.line);
        }
    }

    /// The image behind a box, at the beginning of what is in it.
    pub(super) fn paint(&mut self, node: &Node, _flow: Flow<'_>) {
        let style = &node.style;
        let Some(paint) = &style.paint else { return };
        let PaintImage::Address(address) = &paint.image else { return };
        let Some(image) = self.tree.images.get(address) else { return };
        let whole = Length::percent(100.0) + style.inner(1) + style.inner(3);
        let natural = image.size.map_or(Length::points(0.0), |it| Length::points(it.0 * 0.75));
        let width = match paint.size {
            PaintSize::Cover | PaintSize::Contain => whole,
            PaintSize::Given(Some(width), _) => width,
            PaintSize::Given(None, _) | PaintSize::Auto => natural,
        };
        if matches!(paint.size, PaintSize::Cover | PaintSize::Contain) {
            self.warn("CSS `background-size`: the image is as wide as the box", node.line);
        }
        if paint.repeats && !matches!(paint.size, PaintSize::Cover) {
            self.warn("CSS `background-repeat: repeat`: the image is shown once", node.line);
        }
        let place = |it: Length| match it.percent {
            ..25.0 => 0,
            25.0..75.0 => 1,
            _ => 2,
        };
        let across = ["left", "center", "right"][place(paint.position.0)];
        let down = ["top", "horizon", "bottom"][place(paint.position.1)];
        let dx = match across {
            "left" => -style.inner(3).points + paint.position.0.points,
            "right" => style.inner(1).points + paint.position.0.points,
            _ => 0.0,
        };
        let dy = match down {
            "top" => -style.inner(0).points + paint.position.1.points,
            "bottom" => style.inner(2).points + paint.position.1.points,
            _ => 0.0,
        };
        let (name, fit) = (quoted(&image.name), fit_name(Fit::Cover));
        self.write(format_args!(
            "#place({across} + {down}, dx: {}, dy: {}, image({name}, width: {}, fit: {fit}));",
            points(dx),
            points(dy),
            width.typst(),
        ));
    }
}

pub(super) fn fit_name(fit: Fit) -> &'static str {
    match fit {
        Fit::Fill => "\"stretch\"",
        Fit::Contain => "\"contain\"",
        Fit::Cover => "\"cover\"",
    }
}
