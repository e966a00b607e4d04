//! Pages: their size and margins, and the body on them.

use super::{
    Emitter, Flow, Origin,
    flow::Open,
    page_size::{MILLIMETER, Size},
    text,
};
use crate::{
    boxes::{Node, Tree},
    css::{PageRule, show},
    style::{Length, Style, TextAlign},
    typst::{Arguments, points},
};

/// `answers.md` 25: 20 mm.
const MARGIN: f64 = 20.0 * MILLIMETER;

/// The sizes of a page; points.
#[derive(Clone, Debug, Default)]
pub(super) struct Geometry {
    pub(super) size: (f64, f64),
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) left: f64,
    /// Of the content.
    pub(super) width: f64,
}

type Said = (Option<(f64, f64)>, Option<bool>, Option<[f64; 4]>);

impl Emitter<'_> {
    /// Writes the whole document; gives what it says about its pages.
    pub(super) fn pages(&mut self) -> Said {
        let tree = self.tree;
        let root = &tree.root;
        let rules = rules_for(tree, None);
        let (page, size) = self.page_style(&rules);
        let said_margins: Option<[f64; 4]> = {
            let has = rules.iter().any(|it| says(it, |name| name.starts_with("margin")));
            has.then(|| self.margins(&page, size))
        };
        self.page = self.geometry(&page, size);
        let n_columns = f64::from(self.options.columns.max(1));
        // Typst leaves 4% between columns.
        let column = self.page.width * (1.0 - 0.04 * (n_columns - 1.0)) / n_columns;
        let height = self.page.size.1 - self.page.top - self.page.bottom;
        let initial = Style::initial();
        let base = Flow {
            text: &initial.inherited,
            strut: text::NO_STRUT,
            align: TextAlign::Left,
            width: Some(column),
            shrinks: false,
            is_top: true,
            is_bare: false,
            height: Some(height),
            origin: Some(Origin { width: Some(column), height: Some(height), padding: [0.0; 4] }),
            cost: 0,
        };
        self.push(text::BASE);
        if self.options.is_part {
            // What is around it may be set in another way.
            self.push("#set par(justify: false, first-line-indent: 0pt);");
        }
        let content = self.aside(|it| {
            let node = body(root);
            let is_top = std::ptr::eq(node, root);
            if is_top {
                it.root(node, base);
            } else {
                let flow = it.restyle(&root.style.inherited, base);
                it.root(node, flow);
            }
        });
        if !self.options.is_part {
            let arguments = self.page_arguments(&rules, &page, size, true);
            self.write(format_args!("#set page({});", arguments.as_str()));
        }
        self.push(&content);
        self.remaining_anchors();
        (size.sides, size.is_landscape, said_margins)
    }

    /// The body: its margins and padding are part of those of the first and the last page.
    fn root(&mut self, node: &Node, flow: Flow<'_>) {
        if node.style.edge(0) > 0.0 || node.style.edge(3) > 0.0 {
            let [above, below] =
                [0, 2].map(|side| super::frame::margin(&node.style, side, flow.width));
            self.space(above, false);
            self.block(node, Flow { is_top: false, ..flow });
            return self.space(below, false);
        }
        let style = &node.style;
        let around = |side: usize| {
            super::margins::Margin::of(style.margin[side], flow.width).points()
                + style.padding[side].of(flow.width).unwrap_or(0.0)
        };
        let width = flow.width.map(|it| it - around(1) - around(3));
        let height = style.height.and_then(|it| it.of(flow.height));
        // Positions are counted from the page without what the body adds to its margins.
        let padding = [0.0, around(1), 0.0, around(3)];
        let origin = flow.origin.map(|it| Origin { width, padding, ..it });
        let flow = self.restyle(&style.inherited, Flow { width, height, origin, ..flow });
        self.anchor(node);
        let inner = flow;
        if style.padding[0].is_zero() && style.padding[2].is_zero() {
            let top = super::margins::top(node, inner.width).points();
            self.space(top, false);
            self.contents(node, inner, Open { top: true, bottom: true });
        } else {
            self.space(around(0), false);
            self.contents(node, inner, Open { top: false, bottom: true });
        }
    }

    /// What the body adds to the margins of pages at its sides: right and left.
    pub(super) fn body_sides(&self) -> [f64; 2] {
        let node = body(&self.tree.root);
        let style = &node.style;
        if style.edge(0) > 0.0 || style.edge(3) > 0.0 {
            return [0.0; 2];
        }
        [1, 3].map(|side| {
            super::frame::margin(style, side, None) + style.padding[side].of(None).unwrap_or(0.0)
        })
    }

    fn page_style(&self, rules: &[&PageRule]) -> (Style, Size) {
        let plain: Vec<_> = rules.iter().filter(|it| it.selector.side.is_none()).copied().collect();
        let mut initial = Style::initial();
        initial.margin = [Some(Length::points(MARGIN)); 4];
        let (mut style, said) = self.tree.styled.page(&plain, &initial);
        let has_margin = |side: usize| {
            let names =
                ["margin", ["margin-top", "margin-right", "margin-bottom", "margin-left"][side]];
            plain.iter().any(|it| says(it, |name| names.contains(&name)))
        };
        for side in 0..4 {
            if !has_margin(side) {
                style.margin[side] = Some(Length::points(MARGIN));
            }
        }
        let mut size = Size::default();
        for (name, value) in said {
            let place = value.first().map(|it| it.place).unwrap_or_default();
            match Size::of(&value).filter(|_| name == "size") {
                Some(it) => size = it,
                None => self.warnings.add(format!("CSS `{name}: {}`", show(&value)), place),
            }
        }
        for rule in rules.iter().filter(|it| it.selector.side.is_some()) {
            if let Some(it) = rule.block.normal.first() {
                let text = format!("CSS `{}` in `@page` of one side or of the first page", it.name);
                self.warnings.add(text, it.place);
            }
        }
        (style, size)
    }

    fn size(&self, size: Size) -> (f64, f64) {
        let (width, height) = self
            .options
            .page_size
            .or(size.sides)
            .unwrap_or((210.0 * MILLIMETER, 297.0 * MILLIMETER));
        let is_turned = self.options.page_size.is_none()
            && size.is_landscape.is_some_and(|it| it != (width > height));
        if is_turned { (height, width) } else { (width, height) }
    }

    fn margins(&self, page: &Style, size: Size) -> [f64; 4] {
        let (width, height) = self.size(size);
        let whole = [height, width, height, width];
        let mut margins = [0, 1, 2, 3].map(|it| {
            page.margin[it]
                .and_then(|at| at.of(Some(whole[it])))
                .unwrap_or(MARGIN)
                .clamp(0.0, whole[it] * 0.9)
        });
        if margins[1] + margins[3] > width * 0.95 {
            (margins[1], margins[3]) = (width * 0.1, width * 0.1);
        }
        if margins[0] + margins[2] > height * 0.95 {
            (margins[0], margins[2]) = (height * 0.1, height * 0.1);
        }
        margins
    }

    fn geometry(&self, page: &Style, size: Size) -> Geometry {
        let [top, right, bottom, left] =
            self.options.margins.unwrap_or_else(|| self.margins(page, size));
        let size = self.size(size);
        Geometry { size, top, right, bottom, left, width: size.0 - left - right }
    }

    /// The arguments of `page`.
    fn page_arguments(
        &mut self,
        rules: &[&PageRule],
        page: &Style,
        size: Size,
        is_document: bool,
    ) -> Arguments {
        let geometry = self.geometry(page, size);
        let mut arguments = Arguments::default();
        arguments.add("width", &points(geometry.size.0));
        arguments.add("height", &points(geometry.size.1));
        let [right, left] = self.body_sides();
        arguments.add(
            "margin",
            &format!(
                "(top: {}, right: {}, bottom: {}, left: {})",
                points(geometry.top),
                points(geometry.right + right),
                points(geometry.bottom),
                points(geometry.left + left)
            ),
        );
        let canvas = [&*self.tree.root.style, &*body(&self.tree.root).style];
        let canvas = canvas.into_iter().chain([page]).find_map(super::paint::fill);
        if let Some(fill) = canvas
            .filter(|_| !self.options.has_color && (is_document || !page.background.is_visible()))
        {
            arguments.add("fill", &fill);
        }
        let sides = [right, left];
        if !self.options.has_header {
            let header = self.strip(rules, page, &geometry, sides, true);
            arguments.add("header-ascent", "0pt");
            arguments.add("header", &header);
        }
        if !self.options.has_footer {
            let footer = self.strip(rules, page, &geometry, sides, false);
            arguments.add("footer-descent", "0pt");
            arguments.add("footer", &footer);
        }
        let mut fixed = self.fixed.clone();
        fixed.sort_by_key(|it| it.0);
        let (has_below, has_above) = (self.options.has_background, self.options.has_foreground);
        let is_below = |z_index: i32| (z_index < 0 && !has_below) || has_above;
        let (below, above): (Vec<_>, Vec<_>) = fixed.into_iter().partition(|it| is_below(it.0));
        for (name, boxes) in [("background", below), ("foreground", above)] {
            if !boxes.is_empty() {
                let boxes: String = boxes.into_iter().map(|it| it.1).collect();
                arguments.add(
                    name,
                    &format!("block(width: 100%, height: 100%)[#set align(left + top);{boxes}]"),
                );
            }
        }
        arguments
    }

    /// A block on pages of its own kind.
    pub(super) fn named_page(&mut self, node: &Node, flow: Flow<'_>) {
        let name = node.style.page.clone();
        let rules = rules_for(self.tree, name.as_deref());
        let is_known = rules.iter().any(|it| it.selector.name.is_some());
        if !is_known {
            return self.unpaged_block(node, flow);
        }
        let (page, size) = self.page_style(&rules);
        let before = self.page.clone();
        let arguments = self.page_arguments(&rules, &page, size, false);
        self.page = self.geometry(&page, size);
        let [right, left] = self.body_sides();
        let width = Some(self.page.width - right - left);
        self.write(format_args!("#page({})[", arguments.as_str()));
        self.unpaged_block(node, Flow { width, ..flow });
        self.push("];");
        self.page = before;
    }
}

/// The rules for pages of a name, weakest first.
fn rules_for<'t>(tree: &'t Tree, name: Option<&str>) -> Vec<&'t PageRule> {
    let pages = &tree.styled.sheets.pages;
    let mut rules: Vec<_> = pages
        .iter()
        .filter(|it| it.selector.name.is_none() || it.selector.name.as_deref() == name)
        .collect();
    rules.sort_by_key(|it| it.selector.specificity());
    rules
}

/// `<body>`.
fn body(root: &Node) -> &Node {
    root.children.iter().find(|it| !it.is_inline()).unwrap_or(root)
}

/// Whether a rule declares a property of such a name.
fn says(rule: &PageRule, is: impl Fn(&str) -> bool) -> bool {
    rule.block.normal.iter().chain(&rule.block.important).any(|it| is(&it.name))
}
