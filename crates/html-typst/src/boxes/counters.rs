//! Counters and how they are written.

use std::{collections::HashMap, rc::Rc};

use crate::style::{ListKind, Style};

/// All counters at one place of the document.
#[derive(Default)]
pub(super) struct Counters {
    /// Values, innermost last, with the depth of the element whose siblings see them.
    values: HashMap<Rc<str>, Vec<(usize, i32)>>,
}

impl Counters {
    /// Enters an element that is `depth` deep.
    pub(super) fn enter(&mut self, style: &Style, depth: usize) {
        for (name, value) in style.counter_reset.iter() {
            let values = self.values.entry(name.clone()).or_default();
            while values.last().is_some_and(|it| it.0 >= depth) {
                values.pop();
            }
            values.push((depth, *value));
        }
        for (name, value) in style.counter_increment.iter() {
            self.change(name, depth, |it| it.saturating_add(*value));
        }
        for (name, value) in style.counter_set.iter() {
            self.change(name, depth, |_| *value);
        }
    }

    pub(super) fn change(&mut self, name: &Rc<str>, depth: usize, to: impl Fn(i32) -> i32) {
        let values = self.values.entry(name.clone()).or_default();
        if values.is_empty() {
            values.push((depth, 0));
        }
        if let Some(last) = values.last_mut() {
            last.1 = to(last.1);
        }
    }

    /// Leaves an element: what its children started is over.
    pub(super) fn leave(&mut self, depth: usize) {
        for values in self.values.values_mut() {
            while values.last().is_some_and(|it| it.0 > depth) {
                values.pop();
            }
        }
    }

    pub(super) fn value(&self, name: &str) -> i32 {
        self.values.get(name).and_then(|it| it.last()).map_or(0, |it| it.1)
    }

    pub(super) fn all(&self, name: &str) -> Vec<i32> {
        let values = self.values.get(name).filter(|it| !it.is_empty());
        values.map_or_else(|| vec![0], |it| it.iter().map(|it| it.1).collect())
    }

    pub(super) fn innermost(&self) -> HashMap<Rc<str>, i32> {
        self.values.iter().filter_map(|(name, it)| Some((name.clone(), it.last()?.1))).collect()
    }
}

/// A number as a list's kind writes it.
pub(crate) fn formatted(number: i32, kind: &ListKind) -> String {
    let positive = usize::try_from(number).ok().filter(|it| (1..4000).contains(it));
    let written = match (kind, positive) {
        (ListKind::None, _) => Some(String::new()),
        (ListKind::Disc, _) => Some("•".to_owned()),
        (ListKind::Circle, _) => Some("◦".to_owned()),
        (ListKind::Square, _) => Some("▪".to_owned()),
        (ListKind::Text(it), _) => Some(it.to_string()),
        (ListKind::DecimalZero, _) => Some(format!("{number:02}")),
        (ListKind::Decimal, _) | (_, None) => None,
        (ListKind::LowerAlpha, Some(it)) => Some(letters(it, "abcdefghijklmnopqrstuvwxyz")),
        (ListKind::UpperAlpha, Some(it)) => Some(letters(it, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
        (ListKind::LowerGreek, Some(it)) => Some(letters(it, "αβγδεζηθικλμνξοπρστυφχψω")),
        (ListKind::LowerRoman, Some(it)) => Some(roman(it).to_lowercase()),
        (ListKind::UpperRoman, Some(it)) => Some(roman(it)),
    };
    written.unwrap_or_else(|| number.to_string())
}

fn letters(mut number: usize, alphabet: &str) -> String {
    let n_letters = alphabet.chars().count();
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.extend(alphabet.chars().nth(number % n_letters));
        number /= n_letters;
    }
    letters.iter().rev().collect()
}

fn roman(mut number: usize) -> String {
    const DIGITS: [(usize, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut roman = String::new();
    for (value, digit) in DIGITS {
        while number >= value {
            roman += digit;
            number -= value;
        }
    }
    roman
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_kind_has_no_sign_for_are_decimal() {
        let check = |number: i32, kind: ListKind, expected: &str| {
            assert_eq!(formatted(number, &kind), expected, "{number} {kind:?}");
        };
        check(0, ListKind::LowerAlpha, "0");
        check(-3, ListKind::UpperRoman, "-3");
        check(5000, ListKind::LowerRoman, "5000");
        check(28, ListKind::LowerAlpha, "ab");
        check(1994, ListKind::UpperRoman, "MCMXCIV");
        check(18, ListKind::LowerGreek, "σ");
        check(7, ListKind::DecimalZero, "07");
    }
}
