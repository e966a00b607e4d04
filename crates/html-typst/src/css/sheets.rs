//! All style sheets of a document: our own, those it refers to, and those in it.

use super::{
    conditions::{is_for_paper, is_supported},
    declarations::{Block, declarations, prelude},
    layers::{Layer, Layers},
    nesting::nested,
    page_rules::PageRule,
    selectors::Selector,
    tokens::{Token, Value, show, split_commas, trimmed, values, words},
};
use crate::{
    Assets,
    dom::Dom,
    style::fonts::family_name,
    warnings::{Place, Warnings, shown},
};

/// Sheets that import each other.
const IMPORTS_DEEP_MAX: usize = 3;
/// All sheets together.
const BYTES_MAX: usize = 4 * 1024 * 1024;
const RULES_MAX: usize = 50_000;
const FACES_MAX: usize = 64;

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
            "media" | "supports" | "property" | "charset" | "namespace" | "keyframes"
            | "-webkit-keyframes" | "-moz-keyframes" | "view-transition" => {}
            _ => self.unknown(at),
        }
    }

    fn unknown(&self, at: &At<'_>) {
        self.warnings.add(format!("CSS `@{}`", at.name), at.place);
    }

    fn face(&mut self, block: &[Value], place: Place, assets: &mut dyn Assets) {
        let (found, _) = declarations(block, &self.warnings);
        let value = |name: &str| found.iter().find(|it| &*it.name == name).map(|it| &it.value);
        let family = value("font-family").map(|it| match words(it)[..] {
            [Value { token: Token::Text(it), .. }] => it.to_string(),
            _ => show(it),
        });
        let (Some(family), Some(sources)) = (family, value("src")) else {
            return self.warnings.add("CSS `@font-face` without `font-family` or `src`", place);
        };
        let mut why = None;
        for source in split_commas(sources) {
            let Some(address) = source.iter().find_map(|it| match &it.token {
                Token::Url(it) => Some(it),
                _ => None,
            }) else {
                continue;
            };
            let face = assets.font(address).and_then(|bytes| {
                let name = family_name(&bytes).ok_or("is no TrueType or OpenType font")?;
                Ok((bytes, name))
            });
            match face {
                Ok((bytes, name)) if self.fonts.len() < FACES_MAX => {
                    self.fonts.push(bytes);
                    self.families.push((family.to_lowercase(), name));
                    return;
                }
                Ok(_) => why = Some(format!("is one of more than {FACES_MAX}")),
                Err(it) => why = Some(format!("`{}` {it}", shown(address))),
            }
        }
        if let Some(why) = why {
            self.warnings.add(format!("font {why}"), place);
        }
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
