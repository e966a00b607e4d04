//! `@page` and the boxes in its margins (CSS Paged Media 3).

use super::{
    declarations::{Block, declarations},
    tokens::{Token, Value, show, split_commas},
};
use crate::warnings::Warnings;

/// A rule for pages.
#[derive(Clone, Debug)]
pub(crate) struct PageRule {
    pub(crate) selector: PageSelector,
    pub(crate) block: Block,
    pub(crate) boxes: Vec<(MarginBox, Block)>,
}

/// Which pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageSelector {
    pub(crate) name: Option<Box<str>>,
    pub(crate) side: Option<PageSide>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageSide {
    First,
    Left,
    Right,
    Blank,
}

/// A box in the margin of a page: which margin, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum MarginBox {
    Top(Along),
    Bottom(Along),
    Left(Along),
    Right(Along),
}

/// From left to right or from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Along {
    StartCorner,
    Start,
    Middle,
    End,
    EndCorner,
}

impl MarginBox {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "top-left-corner" => Self::Top(Along::StartCorner),
            "top-left" => Self::Top(Along::Start),
            "top-center" => Self::Top(Along::Middle),
            "top-right" => Self::Top(Along::End),
            "top-right-corner" => Self::Top(Along::EndCorner),
            "bottom-left-corner" => Self::Bottom(Along::StartCorner),
            "bottom-left" => Self::Bottom(Along::Start),
            "bottom-center" => Self::Bottom(Along::Middle),
            "bottom-right" => Self::Bottom(Along::End),
            "bottom-right-corner" => Self::Bottom(Along::EndCorner),
            "left-top" => Self::Left(Along::Start),
            "left-middle" => Self::Left(Along::Middle),
            "left-bottom" => Self::Left(Along::End),
            "right-top" => Self::Right(Along::Start),
            "right-middle" => Self::Right(Along::Middle),
            "right-bottom" => Self::Right(Along::End),
            _ => return None,
        })
    }
}

impl PageRule {
    /// The rules of `@page prelude { content }`, one for each of its selectors.
    pub(crate) fn of(prelude: &[Value], content: &[Value], warnings: &Warnings) -> Vec<Self> {
        let (found, nested) = declarations(content, warnings);
        let (important, normal) = found.into_iter().partition(|it| it.is_important);
        let block = Block { normal, important };
        let mut boxes = Vec::new();
        for values in nested {
            if let [Value { token: Token::At(name), place }, .., last] = values
                && let Token::Block('{', inner) = &last.token
            {
                match MarginBox::named(name) {
                    Some(it) => boxes.push((it, Block::of(inner, warnings))),
                    None => warnings.add(format!("CSS `@{name}` within `@page`"), *place),
                }
            }
        }
        let selectors = split_commas(prelude);
        if selectors.is_empty() {
            return vec![Self { selector: PageSelector::default(), block, boxes }];
        }
        let mut rules = Vec::new();
        for selector in selectors {
            if let Some(selector) = PageSelector::of(selector) {
                rules.push(Self { selector, block: block.clone(), boxes: boxes.clone() });
            } else {
                let place = selector.first().map(|it| it.place).unwrap_or_default();
                warnings.add(format!("CSS page selector `{}`", show(selector)), place);
            }
        }
        rules
    }
}

impl PageSelector {
    fn of(values: &[Value]) -> Option<Self> {
        let (name, rest) = match values {
            [Value { token: Token::Ident(name), .. }, rest @ ..] => (Some(name.clone()), rest),
            _ => (None, values),
        };
        let side = match rest {
            [] => None,
            [Value { token: Token::Colon, .. }, side] => Some(match &*side.keyword()? {
                "first" => PageSide::First,
                "left" => PageSide::Left,
                "right" => PageSide::Right,
                "blank" => PageSide::Blank,
                _ => return None,
            }),
            _ => return None,
        };
        Some(Self { name, side })
    }

    /// As CSS Paged Media 3 orders them.
    pub(crate) fn specificity(&self) -> (bool, bool, bool) {
        let is_first = matches!(self.side, Some(PageSide::First | PageSide::Blank));
        (self.name.is_some(), is_first, self.side.is_some())
    }
}
