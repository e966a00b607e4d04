//! Which rules are for an element.

use std::{cell::Cell, collections::HashMap};

use html5ever::LocalName;

use super::{
    Rule,
    selectors::{Combinator, Part, Selector, Simple, Test},
};
use crate::{
    Error,
    dom::{Dom, Element, Id, Kind},
};

/// So many simple selectors are compared for one document; less than a second.
const STEPS_MAX: u64 = 30_000_000;

/// Rules by what their last compound needs, so that few of them are tried.
pub(crate) struct Matcher {
    selectors: Vec<(usize, Selector)>,
    ids: HashMap<Box<str>, Vec<usize>>,
    classes: HashMap<Box<str>, Vec<usize>>,
    tags: HashMap<LocalName, Vec<usize>>,
    others: Vec<usize>,
    steps: Cell<u64>,
}

/// A rule that is for an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) specificity: u32,
    /// Of the rule, in the order of the sheets.
    pub(crate) rule: usize,
    pub(crate) part: Part,
}

impl Matcher {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut matcher = Self {
            selectors: Vec::new(),
            ids: HashMap::new(),
            classes: HashMap::new(),
            tags: HashMap::new(),
            others: Vec::new(),
            steps: Cell::new(0),
        };
        for (index, rule) in rules.iter().enumerate() {
            for selector in &rule.selectors {
                let at = matcher.selectors.len();
                matcher.file(selector, at);
                matcher.selectors.push((index, selector.clone()));
            }
        }
        matcher
    }

    fn file(&mut self, selector: &Selector, at: usize) {
        let mut tag = None;
        let mut class = None;
        for simple in selector.compounds.first().map_or(&[][..], |it| &it.0) {
            match simple {
                Simple::Id(id) => return self.ids.entry(id.clone()).or_default().push(at),
                Simple::Class(it) => class = Some(it),
                Simple::Tag(it) => tag = Some(it),
                _ => {}
            }
        }
        match (class, tag) {
            (Some(it), _) => self.classes.entry(it.clone()).or_default().push(at),
            (None, Some(it)) => self.tags.entry(LocalName::from(&**it)).or_default().push(at),
            (None, None) => self.others.push(at),
        }
    }

    /// The rules for an element and its parts, in any order; some may come twice.
    ///
    /// # Errors
    /// When rules and elements are too many for each other.
    pub(crate) fn matches(&self, dom: &Dom, id: Id) -> Result<Vec<Match>, Error> {
        let Some(element) = dom.element(id) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut try_all = |list: Option<&Vec<usize>>| {
            for &at in list.into_iter().flatten() {
                let (rule, selector) = &self.selectors[at];
                if self.fits(dom, id, element, selector, 0) {
                    let Selector { part, specificity, .. } = *selector;
                    found.push(Match { specificity, rule: *rule, part });
                }
            }
        };
        try_all(element.attribute("id").and_then(|it| self.ids.get(it)));
        element.classes().for_each(|it| try_all(self.classes.get(it)));
        try_all(self.tags.get(&element.name));
        try_all(Some(&self.others));
        if self.steps.get() > STEPS_MAX {
            return Err(Error(
                "the style sheets have too many selectors for so many elements".to_owned(),
            ));
        }
        Ok(found)
    }

    fn fits(&self, dom: &Dom, id: Id, element: &Element, selector: &Selector, at: usize) -> bool {
        let Some((compound, combinator)) = selector.compounds.get(at) else { return true };
        if !compound.iter().all(|it| self.is(dom, id, element, it)) {
            return false;
        }
        let onward = |next: Option<Id>| -> bool {
            let Some(next) = next else { return false };
            dom.element(next).is_some_and(|it| self.fits(dom, next, it, selector, at + 1))
        };
        let any = |step: fn(&Dom, Id) -> Option<Id>| -> bool {
            let mut next = step(dom, id);
            while let Some(it) = next {
                if self.steps.get() > STEPS_MAX {
                    return false;
                }
                if onward(Some(it)) {
                    return true;
                }
                next = step(dom, it);
            }
            false
        };
        match combinator {
            None => true,
            Some(Combinator::Child) => onward(dom.parent_element(id)),
            Some(Combinator::Next) => onward(dom.previous_element(id)),
            Some(Combinator::Descendant) => any(Dom::parent_element),
            Some(Combinator::Later) => any(Dom::previous_element),
        }
    }

    fn is(&self, dom: &Dom, id: Id, element: &Element, simple: &Simple) -> bool {
        self.steps.set(self.steps.get() + 1);
        match simple {
            Simple::Tag(name) => (*element.name).eq_ignore_ascii_case(name),
            Simple::Id(it) => element.attribute("id") == Some(it),
            Simple::Class(it) => element.has_class(it),
            Simple::Attribute { name, test, ignores_case } => {
                element.attribute(name).is_some_and(|it| test.fits(it, *ignores_case))
            }
            Simple::Nth { step, offset, from_end, of_type } => {
                let index = match (of_type, from_end) {
                    (false, false) => element.index,
                    (false, true) => element.siblings + 1 - element.index,
                    (true, false) => self.index_of_type(dom, id, element, Dom::previous_element),
                    (true, true) => self.index_of_type(dom, id, element, Dom::next_element),
                };
                is_nth(i64::try_from(index).unwrap_or(i64::MAX), *step, *offset)
            }
            Simple::OnlyChild => element.siblings == 1,
            Simple::OnlyOfType => {
                self.index_of_type(dom, id, element, Dom::previous_element) == 1
                    && self.index_of_type(dom, id, element, Dom::next_element) == 1
            }
            Simple::Root => dom.parent_element(id).is_none(),
            Simple::Empty => dom.children(id).all(|it| match &dom.node(it).kind {
                Kind::Element(_) => false,
                Kind::Text(it) => it.is_empty(),
                Kind::Other => true,
            }),
            Simple::Link => &*element.name == "a" && element.attribute("href").is_some(),
            Simple::Lang(languages) => languages.iter().any(|it| speaks(dom, id, it)),
            Simple::Is(list) => list.iter().any(|it| self.fits(dom, id, element, it, 0)),
            Simple::Not(list) => !list.iter().any(|it| self.fits(dom, id, element, it, 0)),
            Simple::Never => false,
        }
    }

    fn index_of_type(
        &self,
        dom: &Dom,
        id: Id,
        element: &Element,
        step: fn(&Dom, Id) -> Option<Id>,
    ) -> usize {
        let mut index = 1;
        let mut at = step(dom, id);
        while let Some(it) = at {
            self.steps.set(self.steps.get() + 1);
            if self.steps.get() > STEPS_MAX {
                break;
            }
            index += usize::from(dom.element(it).is_some_and(|it| it.name == element.name));
            at = step(dom, it);
        }
        index
    }
}

impl Test {
    fn fits(&self, value: &str, ignores_case: bool) -> bool {
        if ignores_case {
            return self.lowered().fits(&value.to_lowercase(), false);
        }
        match self {
            Self::There => true,
            Self::Equal(it) => value == &**it,
            Self::Word(it) => value.split_ascii_whitespace().any(|word| word == &**it),
            Self::Dash(it) => {
                value.strip_prefix(&**it).is_some_and(|it| it.is_empty() || it.starts_with('-'))
            }
            Self::Start(it) => !it.is_empty() && value.starts_with(&**it),
            Self::End(it) => !it.is_empty() && value.ends_with(&**it),
            Self::Within(it) => !it.is_empty() && value.contains(&**it),
        }
    }

    fn lowered(&self) -> Self {
        let lower = |it: &str| it.to_lowercase().into_boxed_str();
        match self {
            Self::There => Self::There,
            Self::Equal(it) => Self::Equal(lower(it)),
            Self::Word(it) => Self::Word(lower(it)),
            Self::Dash(it) => Self::Dash(lower(it)),
            Self::Start(it) => Self::Start(lower(it)),
            Self::End(it) => Self::End(lower(it)),
            Self::Within(it) => Self::Within(lower(it)),
        }
    }
}

/// Whether there is an n ≥ 0 with `step * n + offset == index`.
fn is_nth(index: i64, step: i64, offset: i64) -> bool {
    let distance = index - offset;
    if step == 0 { distance == 0 } else { distance % step == 0 && distance / step >= 0 }
}

fn speaks(dom: &Dom, id: Id, language: &str) -> bool {
    let mut at = Some(id);
    while let Some(it) = at {
        if let Some(known) = dom.element(it).and_then(|it| it.attribute("lang")) {
            let known = known.to_ascii_lowercase();
            return known
                .strip_prefix(language)
                .is_some_and(|it| it.is_empty() || it.starts_with('-'));
        }
        at = dom.parent_element(it);
    }
    false
}
