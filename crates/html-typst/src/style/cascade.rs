//! From rules to styles (CSS Cascade 4): which declarations win, and what they compute to.

use std::{
    cell::Cell,
    cmp::Reverse,
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use super::{
    Display, Float, Style,
    apply::{Applying, Outcome},
    apply_font, hints,
    length::Scale,
    variables::substituted,
};
use crate::{
    Error, Options,
    css::{
        Block, Declaration, MarginBox, Matcher, PageRule, Part, Sheets, Token, Value, show, values,
    },
    dom::{Dom, Element, Id},
    warnings::Place,
};

/// Everything that gives elements their styles.
pub(crate) struct Styled {
    pub(crate) sheets: Sheets,
    matcher: Matcher,
    /// Most elements look like another one.
    cache: HashMap<Key, (Rc<Style>, Rc<Style>)>,
    /// Declarations of attributes by their text.
    attributes: HashMap<String, Rc<Block>>,
    root_size: f64,
    page: (f64, f64),
    families: Option<Arc<HashSet<String>>>,
}

/// What a style depends on: the parent's style, the rules in their order, the attributes' declarations.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    parent: *const Style,
    rules: Vec<usize>,
    hints: *const Block,
    inline: *const Block,
}

/// The styles of an element and of what is generated for it.
pub(crate) struct Styles {
    pub(crate) own: Rc<Style>,
    pub(crate) before: Option<Rc<Style>>,
    pub(crate) after: Option<Rc<Style>>,
    pub(crate) marker: Option<Rc<Style>>,
}

impl Styled {
    pub(crate) fn new(sheets: Sheets, options: &Options) -> Self {
        let matcher = Matcher::new(&sheets.rules);
        let page = options.page_size.unwrap_or((595.28, 841.89));
        Self {
            sheets,
            matcher,
            cache: HashMap::new(),
            attributes: HashMap::new(),
            root_size: 12.0,
            page,
            families: options.families.clone(),
        }
    }

    /// The styles of an element whose parent has the style `parent`.
    ///
    /// # Errors
    /// When there are too many rules for so many elements.
    pub(crate) fn styles(
        &mut self,
        dom: &Dom,
        id: Id,
        parent: &Rc<Style>,
    ) -> Result<Styles, Error> {
        let Some(element) = dom.element(id) else {
            return Ok(Styles { own: parent.clone(), before: None, after: None, marker: None });
        };
        let mut matches = self.matcher.matches(dom, id)?;
        let is_author = |it: usize| self.sheets.rules[it].is_author;
        matches.sort_by_key(|it| {
            (is_author(it.rule), self.sheets.rules[it.rule].layer, it.specificity, it.rule)
        });
        let of = |part: Part| -> Vec<usize> {
            matches.iter().filter(|it| it.part == part).map(|it| it.rule).collect()
        };
        let parts =
            [Part::Whole, Part::Before, Part::After, Part::Marker, Part::FirstLetter].map(of);
        let [whole, before, after, marker, first_letter] = parts;
        if !first_letter.is_empty() {
            let place = Place { line: dom.node(id).line, column: 0 };
            self.sheets.warnings.add("CSS `::first-letter`", place);
        }
        let hints = self.attribute(&hints::css(dom, id, element), dom.node(id).line);
        let inline =
            self.attribute(element.attribute("style").unwrap_or_default(), dom.node(id).line);
        let own = self.computed(parent, whole, &hints, &inline);
        if dom.parent_element(id).is_none() {
            self.root_size = own.inherited.size;
        }
        let nothing = self.attribute("", 0);
        let mut part = |rules: Vec<usize>| {
            (!rules.is_empty()).then(|| self.computed(&own, rules, &nothing, &nothing))
        };
        let (before, after, marker) = (part(before), part(after), part(marker));
        Ok(Styles { own, before, after, marker })
    }

    /// The style of texts in an element.
    pub(crate) fn text(&mut self, parent: &Rc<Style>) -> Rc<Style> {
        let nothing = self.attribute("", 0);
        self.computed(parent, Vec::new(), &nothing, &nothing)
    }

    fn attribute(&mut self, css: &str, line: u32) -> Rc<Block> {
        if let Some(known) = self.attributes.get(css) {
            return known.clone();
        }
        let block = Rc::new(Block::of(&values(css, line), &self.sheets.warnings));
        self.attributes.insert(css.to_owned(), block.clone());
        block
    }

    fn computed(
        &mut self,
        parent: &Rc<Style>,
        rules: Vec<usize>,
        hints: &Rc<Block>,
        inline: &Rc<Block>,
    ) -> Rc<Style> {
        let key = Key {
            parent: Rc::as_ptr(parent),
            rules,
            hints: Rc::as_ptr(hints),
            inline: Rc::as_ptr(inline),
        };
        if let Some((known, _)) = self.cache.get(&key) {
            return known.clone();
        }
        let (own, author): (Vec<_>, Vec<_>) =
            key.rules.iter().map(|&it| &self.sheets.rules[it]).partition(|it| !it.is_author);
        let own = own.into_iter().flat_map(|it| &it.block.normal);
        let normal = author.iter().flat_map(|it| &it.block.normal);
        // What is important wins from the first layer on.
        let mut reversed = author.clone();
        reversed.sort_by_key(|it| Reverse(it.layer));
        let important = reversed.iter().flat_map(|it| &it.block.important);
        let declarations: Vec<_> = own
            .chain(&hints.normal)
            .chain(normal)
            .chain(&inline.normal)
            .chain(important)
            .chain(&inline.important)
            .collect();
        let mut style = self.applied(parent, &declarations);
        settle(&mut style, parent);
        let style = Rc::new(style);
        // The parent is kept too, so that no other style gets its address.
        self.cache.insert(key, (style.clone(), parent.clone()));
        style
    }

    /// The style of a margin box, which inherits from the page.
    pub(crate) fn margin_box(&self, block: &[&Block], parent: &Style) -> Style {
        let declarations: Vec<_> = block
            .iter()
            .flat_map(|it| &it.normal)
            .chain(block.iter().flat_map(|it| &it.important))
            .collect();
        self.applied(parent, &declarations)
    }

    /// The style of pages, for which `rules` are.
    pub(crate) fn page(
        &self,
        rules: &[&PageRule],
        parent: &Style,
    ) -> (Style, Vec<(String, Vec<Value>)>) {
        let mut sizes = Vec::new();
        let declarations: Vec<_> = rules
            .iter()
            .flat_map(|it| &it.block.normal)
            .chain(rules.iter().flat_map(|it| &it.block.important))
            .filter(|it| {
                let is_own = matches!(&*it.name, "size" | "marks" | "bleed" | "page-orientation");
                if is_own {
                    sizes.push((it.name.to_string(), it.value.clone()));
                }
                !is_own
            })
            .collect();
        (self.applied(parent, &declarations), sizes)
    }

    /// The blocks for one margin box, weakest first.
    pub(crate) fn boxes<'a>(rules: &[&'a PageRule], wanted: MarginBox) -> Vec<&'a Block> {
        let boxes = rules.iter().flat_map(|it| &it.boxes);
        boxes.filter(|(it, _)| *it == wanted).map(|(_, block)| block).collect()
    }

    fn applied(&self, parent: &Style, declarations: &[&Declaration]) -> Style {
        let scale = Scale { em: parent.inherited.size, root: self.root_size, page: self.page };
        let mut cx = Applying {
            style: parent.child(),
            parent,
            scale,
            families: &self.sheets.families,
            known: self.families.as_deref(),
            remark: Cell::default(),
        };
        let mut variables = None;
        for it in declarations.iter().filter(|it| it.name.starts_with("--")) {
            let map = variables.get_or_insert_with(|| (*parent.inherited.variables).clone());
            match &it.value[..] {
                [word] if word.is_ident("initial") => map.remove(&it.name),
                // What is there is the parent's, which others of the same element may have replaced.
                [word] if word.is_ident("inherit") || word.is_ident("unset") => {
                    match parent.inherited.variables.get(&it.name) {
                        Some(value) => map.insert(it.name.clone(), value.clone()),
                        None => map.remove(&it.name),
                    }
                }
                _ => map.insert(it.name.clone(), it.value.clone().into()),
            };
        }
        if let Some(variables) = variables {
            cx.style.inherited.variables = Rc::new(variables);
        }
        let is_first = |it: &&&Declaration| apply_font::is_first(&it.name);
        for it in declarations.iter().filter(is_first) {
            self.declare(&mut cx, it);
        }
        for it in declarations.iter().filter(|it| !is_first(it) && !it.name.starts_with("--")) {
            self.declare(&mut cx, it);
        }
        cx.style
    }

    fn declare(&self, cx: &mut Applying<'_>, declaration: &Declaration) {
        let Declaration { name, value, place, .. } = declaration;
        if &**name == hints::LANG {
            if let [Value { token: Token::Text(lang), .. }] = &value[..] {
                cx.style.inherited.lang = (**lang).into();
            }
            return;
        }
        let outcome = if declaration.has_variables {
            match substituted(value, &cx.style) {
                Some(value) => cx.set(name, &value),
                None => Outcome::UnknownValue,
            }
        } else {
            cx.set(name, value)
        };
        let warnings = &self.sheets.warnings;
        let remark = cx.remark.take();
        match outcome {
            Outcome::Done => {
                if let Some(remark) = remark {
                    let text = format!("CSS `{name}: {}`: {remark}", show(value));
                    warnings.add(text, *place);
                }
            }
            Outcome::UnknownProperty => warnings.add(format!("CSS property `{name}`"), *place),
            Outcome::UnknownValue => warnings.add(format!("CSS `{name}: {}`", show(value)), *place),
        }
    }
}

/// What follows from other properties (CSS Display 3, 2.7).
fn settle(style: &mut Style, parent: &Style) {
    let is_item = matches!(
        parent.display,
        Display::Flex | Display::InlineFlex | Display::Grid | Display::InlineGrid
    );
    if is_item {
        style.float = Float::None;
    }
    if style.is_out_of_flow() {
        style.float = Float::None;
    }
    if is_item || style.is_out_of_flow() || style.float != Float::None {
        style.display = match style.display {
            Display::Inline
            | Display::InlineBlock
            | Display::Cell
            | Display::Row
            | Display::Rows => Display::Block,
            Display::InlineTable => Display::Table,
            Display::InlineFlex => Display::Flex,
            Display::InlineGrid => Display::Grid,
            other => other,
        };
    }
}

/// An element's attribute, for content that is generated.
pub(crate) fn attribute(element: Option<&Element>, name: &str) -> String {
    element.and_then(|it| it.attribute(name)).unwrap_or_default().to_owned()
}
