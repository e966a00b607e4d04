//! What was measured: figures, as a table for people and as JSON for comparisons.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// The same of what it is compared with, measured in the same run.
    baseline: Option<f64>,
    /// The median of the rounds' own ratios where there were several, else `value / baseline`.
    ratio: Option<f64>,
    #[serde(skip)]
    target: Option<Target>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtMost(f64),
    RatioAtLeast(f64),
    RatioAtMost(f64),
}

impl Figure {
    /// A figure that is compared with nothing.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, baseline: None, ratio: None, target: None }
    }

    /// The medians of rounds that measured ours and the baseline in turn.
    pub(crate) fn of_rounds(
        name: impl Into<String>,
        unit: &'static str,
        rounds: &[(f64, f64)],
    ) -> Self {
        let value = median(rounds.iter().map(|(ours, _)| *ours));
        let baseline = median(rounds.iter().map(|(_, baseline)| *baseline));
        let ratio = median(rounds.iter().map(|(ours, baseline)| ours / baseline));
        Self { ratio: Some(ratio), ..Self::new(name, value, unit).against(baseline) }
    }

    /// Compares with `baseline`.
    pub(crate) fn against(self, baseline: f64) -> Self {
        Self { baseline: Some(baseline), ratio: Some(self.value / baseline), ..self }
    }

    /// Says what it should be.
    pub(crate) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    fn verdict(&self) -> String {
        let Some(target) = self.target else { return String::new() };
        let (word, limit, is_met) = match target {
            Target::AtMost(max) => ("≤", format!("{max} {}", self.unit), self.value <= max),
            Target::RatioAtLeast(min) => {
                ("ratio ≥", min.to_string(), self.ratio.is_some_and(|it| it >= min))
            }
            Target::RatioAtMost(max) => {
                ("ratio ≤", max.to_string(), self.ratio.is_some_and(|it| it <= max))
            }
        };
        format!("{word} {limit}: {}", if is_met { "met" } else { "missed" })
    }

    fn rounded(&self) -> Self {
        let round = |number: f64| shown(number).parse().unwrap_or(number);
        Self {
            value: round(self.value),
            baseline: self.baseline.map(round),
            ratio: self.ratio.map(round),
            ..self.clone()
        }
    }
}

/// The figures as a table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut rows = vec![["", "ours", "", "baseline", "ratio", "target"].map(String::from)];
    rows.extend(figures.iter().map(|it| {
        [
            it.name.clone(),
            shown(it.value),
            it.unit.to_owned(),
            it.baseline.map(shown).unwrap_or_default(),
            it.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            it.verdict(),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..6).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for [name, value, unit, baseline, ratio, verdict] in &rows {
        let [name_width, value_width, unit_width, baseline_width, ratio_width, _] = widths[..]
        else {
            continue;
        };
        let line = format!(
            "   {name:<name_width$}  {value:>value_width$} {unit:<unit_width$}  \
             {baseline:>baseline_width$}  {ratio:>ratio_width$}  {verdict}"
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writes the figures to `folder/<name>.json`.
///
/// # Errors
/// Names the file that can't be written.
pub(crate) fn write(folder: &Path, name: &str, figures: &[Figure]) -> Result<()> {
    let path = folder.join(format!("{name}.json"));
    let rounded: Vec<_> = figures.iter().map(Figure::rounded).collect();
    let json = serde_json::to_string_pretty(&rounded)?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    fs::write(&path, json + "\n").with_context(|| path.display().to_string())
}

/// The one in the middle; 0 where there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    percentile(values, 50)
}

/// The smallest value that so many percent of all are not above; 0 where there is none.
pub(crate) fn percentile(values: impl IntoIterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(0.0)
}

/// Three digits that count, more where they stand before the point.
fn shown(number: f64) -> String {
    let decimals = match number.abs() {
        it if it >= 100.0 => 0,
        it if it >= 10.0 => 1,
        it if it >= 1.0 => 2,
        it if it >= 0.1 => 3,
        _ => 4,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        for (values, percent, expected) in [
            (&[][..], 50, 0.0),
            (&[3.0], 99, 3.0),
            (&[3.0, 1.0, 2.0], 50, 2.0),
            (&[4.0, 1.0, 2.0, 3.0], 50, 2.0),
            (&[4.0, 1.0, 2.0, 3.0], 99, 4.0),
        ] {
            let got = percentile(values.iter().copied(), percent);
            assert!((got - expected).abs() < f64::EPSILON, "{values:?} at {percent}: {got}");
        }
    }

    #[test]
    fn the_ratio_of_rounds_is_that_of_a_typical_round() {
        // The machine was half as fast in the second round.
        let figure = Figure::of_rounds("x", "/s", &[(80.0, 100.0), (45.0, 50.0), (90.0, 100.0)]);
        assert_eq!(format!("{:?}", figure.ratio), "Some(0.9)");
        assert_eq!(figure.target(Target::RatioAtLeast(0.9)).verdict(), "ratio ≥ 0.9: met");
    }

    #[test]
    fn a_table_tells_which_targets_are_missed() {
        let figures = [
            Figure::new("start", 60.04, "ms").target(Target::AtMost(50.0)),
            Figure::new("rate", 9000.4, "/s").against(10_000.0),
        ];
        let expected = "          ours     baseline  ratio  target\n   \
                        start  60.0 ms                   ≤ 50 ms: missed\n   \
                        rate   9000 /s     10000   0.90\n";
        assert_eq!(table(&figures), expected);
    }
}
