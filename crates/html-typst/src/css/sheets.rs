//! All style sheets of a document: our own, those it refers to, and those in it.

use super::{
    conditions::{is_for_paper, is_supported},
    declarations::{Block, declarations, prelude},
    layers::{Layer, Layers},
    nesting::nested,
    page_rules::PageRule,
    selectors::Selector,
    tokens::{Token, Value, show, split_commas, trimmed, values},
};
use crate::{
    Assets,
    dom::Dom,
    warnings::{Place, Warnings, shown},
};

/// Sheets that import each other.
const IMPORTS_DEEP_MAX: usize = 3;
/// All sheets together.
const BYTES_MAX: usize = 4 * 1024 * 1024;
const RULES_MAX: usize = 50_000;

/// How elements look where nobody says it (HTML, 15.3).
const OWN: &str = include_str!("../style/own.css");

/// What all sheets say.
#[derive(Default)]
pub(crate) struct Sheets {
    pub(crate) rules: Vec<Rule>,
    pub(crate) pages: Vec<PageRule>,
    pub(crate) fonts: Vec<Vec<u8>>,
    /// Families of `@font-face`, lower case, and what the faces call themselves.
    pub(crate) families: Vec<(String, String)>,
    pub(crate) warnings: Warnings,
    layers: Layers,
    n_bytes: usize,
}

/// Selectors and what is declared for them.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) selectors: Vec<Selector>,
    pub(crate) block: Block,
    /// Whether the document says it.
    pub(crate) is_author: bool,
    /// The place of its layer among all; rules of later ones win, unless they are important.
    pub(crate) layer: usize,
}

impl Sheets {
    /// Reads all sheets of a document in their order.
    pub(crate) fn collect(dom: &Dom, assets: &mut dyn Assets) -> Self {
        let mut sheets = Self::default();
        sheets.rules(
            &values(OWN, 1),
            Source { is_author: false, depth: 0, layer: Layer::NONE },
            assets,
        );
        let author = Source { is_author: true, depth: 0, layer: Layer::NONE };
        for id in dom.all() {
            let Some(element) = dom.element(id) else { continue };
            let line = dom.node(id).line;
            let media = element.attribute("media").unwrap_or_default();
            let is_for_paper = |it: &Self| is_for_paper(&values(media, line), &it.warnings);
            match &*element.name {
                "style" if is_for_paper(&sheets) => {
                    let text = dom.text(id);
                    if sheets.has_room(text.len()) {
                        sheets.rules(&values(&text, line), author, assets);
                    }
                }
                "link" => {
                    let relation = element.attribute("rel").unwrap_or_default();
                    let is_sheet = relation
                        .split_ascii_whitespace()
                        .any(|it| it.eq_ignore_ascii_case("stylesheet"));
                    if let Some(address) = element.filled("href").filter(|_| is_sheet)
                        && is_for_paper(&sheets)
                    {
                        sheets.import(address, Place { line, column: 0 }, author, assets);
                    }
                }
                _ => {}
            }
        }
        let ranks = sheets.layers.ranks();
        sheets.rules.iter_mut().for_each(|it| it.layer = ranks[it.layer]);
        sheets
    }

    fn has_room(&mut self, n_bytes: usize) -> bool {
        self.n_bytes += n_bytes;
        let has_room = self.n_bytes <= BYTES_MAX;
        if !has_room {
            let text = format!("style sheets of more than {BYTES_MAX} bytes, the rest is left out");
            self.warnings.add(text, Place::default());
        }
        has_room
    }

    fn import(&mut self, address: &str, place: Place, from: Source, assets: &mut dyn Assets) {
        match assets.sheet(address) {
            Ok(text) if self.has_room(text.len()) => {
                let source = Source { depth: from.depth + 1, ..from };
                self.rules(&values(&text, 1), source, assets);
            }
            Ok(_) => {}
            Err(why) => {
                self.warnings.add(format!("style sheet `{}` {why}", shown(address)), place);
            }
        }
    }

    fn rules(&mut self, values: &[Value], source: Source, assets: &mut dyn Assets) {
        let mut rest = trimmed(values);
        while let Some(first) = rest.first() {
            let is_at = matches!(first.token, Token::At(_));
            let ends = |it: &Value| match it.token {
                Token::Block('{', _) => true,
                Token::Semicolon => is_at,
                _ => false,
            };
            let end = rest.iter().position(ends).unwrap_or(rest.len());
            let block = match rest.get(end).map(|it| &it.token) {
                Some(Token::Block(_, inner)) => Some(inner.as_slice()),
                _ => None,
            };
            let prelude = &rest[..end];
            match (&first.token, block) {
                (Token::At(name), block) => {
                    let at =
                        At { name, place: first.place, prelude: trimmed(&prelude[1..]), block };
                    self.at_rule(&at, source, assets);
                }
                (_, Some(block)) => self.rule(trimmed(prelude), block, source),
                (_, None) => {
                    let text = format!("CSS that is no rule: `{}`", show(prelude));
                    self.warnings.add(text, first.place);
                }
            }
            rest = trimmed(rest.get(end + 1..).unwrap_or_default());
        }
    }

    fn rule(&mut self, selector: &[Value], block: &[Value], source: Source) {
        if self.rules.len() == RULES_MAX {
            let text = format!("more than {RULES_MAX} CSS rules, the rest is left out");
            return self.warnings.add(text, Place::default());
        }
        let place = selector.first().map(|it| it.place).unwrap_or_default();
        let selectors = match Selector::list(selector) {
            Ok(selectors) => selectors,
            Err(part) => return self.warnings.add(format!("CSS selector `{part}`"), place),
        };
        let (found, within) = declarations(block, &self.warnings);
        self.rules.push(Rule {
            selectors,
            block: found.into(),
            is_author: source.is_author,
            layer: source.layer.0,
        });
        for values in within {
            let own = prelude(values);
            let Some(Value { token: Token::Block(_, block), .. }) = values.last() else { continue };
            match own {
                [Value { token: Token::At(name), place }, condition @ ..] => {
                    let at =
                        At { name, place: *place, prelude: trimmed(condition), block: Some(block) };
                    if let Some(source) = self.condition(&at, source) {
                        self.rule(selector, block, source);
                    }
                }
                _ => {
                    if let Some(selector) = nested(selector, own) {
                        self.rule(&selector, block, source);
                    } else {
                        let place = own.first().map(|it| it.place).unwrap_or_default();
                        let text = format!("CSS rule within a rule: `{}`", show(own));
                        self.warnings.add(text, place);
                    }
                }
            }
        }
    }

    /// Where the rules in the block of `@media` and the like come from, if they hold.
    fn condition(&mut self, at: &At<'_>, source: Source) -> Option<Source> {
        match at.name {
            "media" => is_for_paper(at.prelude, &self.warnings).then_some(source),
            "supports" => is_supported(at.prelude).then_some(source),
            "layer" if trimmed(at.prelude).is_empty() => {
                Some(Source { layer: self.layers.unnamed(source.layer), ..source })
            }
            "layer" => {
                let layer = self.layers.named(source.layer, at.prelude);
                if layer.is_none() {
                    self.unknown(at);
                }
                Some(Source { layer: layer.unwrap_or(source.layer), ..source })
            }
            _ => {
                self.unknown(at);
                None
            }
        }
    }

    fn at_rule(&mut self, at: &At<'_>, source: Source, assets: &mut dyn Assets) {
        let block = at.block.unwrap_or_default();
        match at.name {
            "media" | "supports" | "layer" if at.block.is_some() => {
                if let Some(source) = self.condition(at, source) {
                    self.rules(block, source, assets);
                }
            }
            // Only says in which order layers come.
            "layer" => {
                let names = split_commas(at.prelude);
                if names.iter().any(|it| self.layers.named(source.layer, it).is_none()) {
                    self.unknown(at);
                }
            }
            "property" => self.property(at),
            "page" => self.pages.extend(PageRule::of(at.prelude, block, &self.warnings)),
            "font-face" => self.face(block, at.place, assets),
            "import" if source.depth < IMPORTS_DEEP_MAX => {
                let [Value { token: Token::Text(address) | Token::Url(address), .. }, media @ ..] =
                    at.prelude
                else {
                    return self.unknown(at);
                };
                if is_for_paper(media, &self.warnings) {
                    self.import(address, at.place, source, assets);
                }
            }
            // What says nothing, or moves.
            "media" | "supports" | "charset" | "namespace" | "keyframes" | "-webkit-keyframes"
            | "-moz-keyframes" | "view-transition" => {}
            _ => self.unknown(at),
        }
    }

    /// What a custom property is where nobody says it (CSS Properties and Values 1).
    fn property(&mut self, at: &At<'_>) {
        let (found, _) = declarations(at.block.unwrap_or_default(), &self.warnings);
        let value = |name: &str| found.iter().find(|it| &*it.name == name).map(|it| &it.value);
        let [Value { token: Token::Ident(name), place }] = at.prelude else {
            return self.unknown(at);
        };
        let Some(initial) = value("initial-value") else { return };
        let inherits = value("inherits").is_some_and(|it| show(it) == "true");
        let all = if inherits { ":root" } else { "*, ::before, ::after" };
        let block = [
            Value { token: Token::Ident(name.clone()), place: *place },
            Value { token: Token::Colon, place: *place },
        ];
        let block: Vec<_> = block.into_iter().chain(initial.iter().cloned()).collect();
        let source = Source { is_author: false, depth: 0, layer: Layer::NONE };
        self.rule(&values(all, place.line), &block, source);
    }

    fn unknown(&self, at: &At<'_>) {
        self.warnings.add(format!("CSS `@{}`", at.name), at.place);
    }
}

/// Where rules come from.
#[derive(Clone, Copy)]
struct Source {
    is_author: bool,
    depth: usize,
    layer: Layer,
}

/// `@name prelude { block }`.
struct At<'a> {
    name: &'a str,
    place: Place,
    prelude: &'a [Value],
    block: Option<&'a [Value]>,
}
