//! Lengths: points, and a share of something that is known only where the box stands.

use std::ops::{Add, Mul, Neg, Sub};

use crate::{
    css::{Token, Value, split_commas, trimmed},
    typst::number,
};

/// So many points and so many percent of what the property refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Length {
    pub(crate) points: f64,
    /// 50 for `50%`.
    pub(crate) percent: f64,
}

/// What relative units are relative to; points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) em: f64,
    pub(crate) root: f64,
    pub(crate) page: (f64, f64),
}

impl Length {
    pub(crate) const ZERO: Self = Self::points(0.0);

    pub(crate) const fn points(points: f64) -> Self {
        Self { points, percent: 0.0 }
    }

    pub(crate) const fn percent(percent: f64) -> Self {
        Self { points: 0.0, percent }
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// In points, of a whole that may not be known.
    pub(crate) fn of(self, whole: Option<f64>) -> Option<f64> {
        if self.percent == 0.0 {
            return Some(self.points);
        }
        whole.map(|it| self.points + it * self.percent / 100.0)
    }

    /// As Typst writes it: `12pt + 50%`.
    pub(crate) fn typst(self) -> String {
        match (self.points, self.percent) {
            (points, 0.0) => format!("{}pt", number(points)),
            (0.0, percent) => format!("{}%", number(percent)),
            (points, percent) => format!("{}% + {}pt", number(percent), number(points)),
        }
    }

    /// A length or a percentage, or a calculation of them.
    pub(crate) fn parse(value: &Value, scale: Scale) -> Option<Self> {
        match quantity(value, scale)? {
            Quantity::Length(it) => Some(it),
            Quantity::Number(0.0) => Some(Self::ZERO),
            Quantity::Number(_) => None,
        }
    }

    /// A length without percentages; points.
    pub(crate) fn parse_points(value: &Value, scale: Scale) -> Option<f64> {
        Self::parse(value, scale).filter(|it| it.percent == 0.0).map(|it| it.points)
    }
}

/// A number, or a calculation of numbers.
pub(crate) fn parse_number(value: &Value) -> Option<f64> {
    match quantity(value, Scale { em: 12.0, root: 12.0, page: (0.0, 0.0) })? {
        Quantity::Number(it) => Some(it),
        Quantity::Length(_) => None,
    }
}

/// Degrees, clockwise.
pub(crate) fn parse_angle(value: &Value) -> Option<f64> {
    match &value.token {
        Token::Number(0.0) => Some(0.0),
        Token::Dimension(it, unit) => Some(match &**unit {
            "deg" => *it,
            "rad" => it.to_degrees(),
            "grad" => it * 0.9,
            "turn" => it * 360.0,
            _ => return None,
        }),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantity {
    Number(f64),
    Length(Length),
}

fn quantity(value: &Value, scale: Scale) -> Option<Quantity> {
    Some(match &value.token {
        Token::Number(it) => Quantity::Number(*it),
        Token::Percent(it) => Quantity::Length(Length::percent(*it)),
        Token::Dimension(it, unit) => {
            Quantity::Length(Length::points(it * unit_points(unit, scale)?))
        }
        // As much as anything is ever long.
        Token::Ident(it) if it.eq_ignore_ascii_case("infinity") => Quantity::Number(1e6),
        Token::Ident(it) if it.eq_ignore_ascii_case("-infinity") => Quantity::Number(-1e6),
        Token::Block('(', inner) => sum(inner, scale)?,
        Token::Function(name, inner) => match &**name {
            "calc" | "-webkit-calc" => sum(inner, scale)?,
            "min" | "max" | "clamp" => chosen(name, inner, scale)?,
            _ => return None,
        },
        _ => return None,
    })
}

fn unit_points(unit: &str, scale: Scale) -> Option<f64> {
    const PER_INCH: f64 = 72.0;
    Some(match unit {
        "px" => 0.75,
        "pt" => 1.0,
        "pc" => 12.0,
        "in" => PER_INCH,
        "cm" => PER_INCH / 2.54,
        "mm" => PER_INCH / 25.4,
        "q" => PER_INCH / 101.6,
        "em" => scale.em,
        "rem" => scale.root,
        // Of Noto Sans.
        "ex" => scale.em * 0.536,
        "ch" => scale.em * 0.572,
        "lh" => scale.em * 1.2,
        "vw" => scale.page.0 / 100.0,
        "vh" => scale.page.1 / 100.0,
        "vmin" => scale.page.0.min(scale.page.1) / 100.0,
        "vmax" => scale.page.0.max(scale.page.1) / 100.0,
        _ => return None,
    })
}

/// `a + b - c`; the operators have spaces around them.
fn sum(values: &[Value], scale: Scale) -> Option<Quantity> {
    let mut total: Option<Quantity> = None;
    let mut sign = 1.0;
    let is_sign = |it: &Value| it.is_delimiter('+') || it.is_delimiter('-');
    for part in trimmed(values).split_inclusive(is_sign) {
        let (part, next) = match part.split_last() {
            Some((last, rest)) if is_sign(last) => {
                (rest, if last.is_delimiter('-') { -1.0 } else { 1.0 })
            }
            _ => (part, 1.0),
        };
        let term = product(part, scale)? * sign;
        total = Some(match total {
            None => term,
            Some(total) => (total + term)?,
        });
        sign = next;
    }
    total
}

fn product(values: &[Value], scale: Scale) -> Option<Quantity> {
    let words = crate::css::words(values);
    let (first, rest) = words.split_first()?;
    let mut total = quantity(first, scale)?;
    for pair in rest.chunks(2) {
        let [operator, operand] = pair else { return None };
        let operand = quantity(operand, scale)?;
        total = match (operator.is_delimiter('*'), total, operand) {
            (true, it, Quantity::Number(factor)) | (true, Quantity::Number(factor), it) => {
                it * factor
            }
            (false, it, Quantity::Number(by)) if operator.is_delimiter('/') && by != 0.0 => {
                it * (1.0 / by)
            }
            _ => return None,
        };
    }
    Some(total)
}

/// `min()`, `max()` and `clamp()`, of values that can be compared here.
fn chosen(name: &str, values: &[Value], scale: Scale) -> Option<Quantity> {
    let values: Vec<_> =
        split_commas(values).into_iter().map(|it| sum(it, scale)).collect::<Option<_>>()?;
    let sizes: Vec<_> = values.iter().map(|it| it.size()).collect::<Option<_>>()?;
    let of_kind = |it: &Quantity| match it {
        Quantity::Number(_) => 0,
        Quantity::Length(it) if it.percent == 0.0 => 1,
        Quantity::Length(_) => 2,
    };
    let first = values.first()?;
    if values.iter().any(|it| of_kind(it) != of_kind(first)) {
        return None;
    }
    let by_size = |one: &(usize, &f64), other: &(usize, &f64)| one.1.total_cmp(other.1);
    let at = match (name, &*sizes) {
        ("min", _) => sizes.iter().enumerate().min_by(by_size)?.0,
        ("max", _) => sizes.iter().enumerate().max_by(by_size)?.0,
        (_, [least, wanted, most]) => {
            if wanted < least || most < least {
                0
            } else if wanted > most {
                2
            } else {
                1
            }
        }
        _ => return None,
    };
    values.get(at).copied()
}

impl Quantity {
    fn size(self) -> Option<f64> {
        match self {
            Self::Number(it) => Some(it),
            Self::Length(Length { points, percent: 0.0 }) => Some(points),
            Self::Length(Length { points: 0.0, percent }) => Some(percent),
            Self::Length(_) => None,
        }
    }
}

impl Add for Quantity {
    type Output = Option<Self>;

    fn add(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(Self::Number(one + other)),
            (Self::Length(one), Self::Length(other)) => Some(Self::Length(one + other)),
            _ => None,
        }
    }
}

impl Mul<f64> for Quantity {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        match self {
            Self::Number(it) => Self::Number(it * factor),
            Self::Length(it) => Self::Length(it * factor),
        }
    }
}

impl Add for Length {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { points: self.points + other.points, percent: self.percent + other.percent }
    }
}

impl Sub for Length {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Length {
    type Output = Self;

    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul<f64> for Length {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { points: self.points * factor, percent: self.percent * factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::css::values;

    fn check(css: &str, expected: Option<&str>) {
        let scale = Scale { em: 10.0, root: 12.0, page: (400.0, 800.0) };
        let length = values(css, 1).first().and_then(|it| Length::parse(it, scale));
        assert_eq!(length.map(Length::typst).as_deref(), expected, "{css}");
    }

    #[test]
    fn what_is_no_length_is_none() {
        check("5", None);
        check("5foo", None);
        check("calc(1px + 2)", None);
        check("calc(1px * 2px)", None);
        check("calc(1px / 0)", None);
        check("min(1px, 50%)", None);
        check("calc()", None);
        check(&format!("{}1px{}", "calc(".repeat(1000), ")".repeat(1000)), None);
    }

    #[test]
    fn units_and_calculations_are_points_and_percent() {
        check("0", Some("0pt"));
        check("4px", Some("3pt"));
        check("25.4mm", Some("72pt"));
        check("1.5em", Some("15pt"));
        check("2rem", Some("24pt"));
        check("10vw", Some("40pt"));
        check("calc(100% - 2 * (1em + 2px))", Some("100% + -23pt"));
        check("calc(1em*3/2)", Some("15pt"));
        check("max(1px, 2pt)", Some("2pt"));
        check("clamp(1pt, 20pt, 3pt)", Some("3pt"));
    }
}
