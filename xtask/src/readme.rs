//! `cargo xtask readme`: the parameter tables in the connectors' READMEs, from their definitions.

use std::{cmp::Reverse, fmt::Write, fs};

use anyhow::{Context, Result, bail};

use crate::{
    definition::{self, Definition, ErrorCode, Feature, Parameter, Setting},
    tree::{self, Connector},
};

const BEGIN: &str = "<!-- generated: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- end -->";

/// Write the tables in the connectors' READMEs from their definitions
///
/// Replaces what stands between `<!-- generated: PART -->` and `<!-- end -->`; PART is `definition` (all of it),
/// `actions`, `events`, `config` or `errors`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing, but fail when a README isn't what would be written
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes or checks the README of every connector.
///
/// # Errors
///
/// Names each README that lacks a marker or, with `check`, is stale.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = tree::root();
    let mut problems = Vec::new();
    for connector in tree::connectors(root)? {
        let readme = tree::shown(root, &connector.folder.join("README.md"));
        match update(&connector, args) {
            Ok(Change::None) => println!("   {readme}: up to date"),
            Ok(Change::Written) => println!("   {readme}: written"),
            Ok(Change::Wanted) => {
                problems.push(format!("{readme} is stale; run `cargo xtask readme`"));
            }
            Err(error) => problems.push(format!("{readme}: {error:#}")),
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{}", problems.join("\n"));
}

enum Change {
    None,
    Written,
    Wanted,
}

fn update(connector: &Connector, args: &Args) -> Result<Change> {
    let path = connector.folder.join("README.md");
    let definition = definition::read(&connector.definition)
        .with_context(|| tree::shown(tree::root(), &connector.definition))?;
    let text = fs::read_to_string(&path)?;
    let fresh = filled(&text, &definition)?;
    if fresh == text {
        return Ok(Change::None);
    }
    if args.check {
        return Ok(Change::Wanted);
    }
    fs::write(&path, fresh)?;
    Ok(Change::Written)
}

/// `readme` with fresh tables between its markers.
fn filled(readme: &str, definition: &Definition) -> Result<String> {
    let mut text = String::new();
    let mut rest = readme;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (part, after) =
            after.split_once(BEGIN_END).context("a marker isn't closed by `-->`")?;
        let (_, after) = after
            .split_once(END)
            .with_context(|| format!("`{END}` is missing after part `{part}`"))?;
        let tables = tables(part, definition)?;
        write!(text, "{before}{BEGIN}{part}{BEGIN_END}\n\n{tables}\n{END}")?;
        rest = after;
    }
    if text.is_empty() {
        bail!("no place for the tables; add the lines `{BEGIN}definition{BEGIN_END}` and `{END}`");
    }
    text.push_str(rest);
    Ok(text)
}

fn tables(part: &str, definition: &Definition) -> Result<String> {
    let Definition { actions, events, config, errors } = definition;
    let parts = match part {
        "actions" => vec![features("Actions", actions)],
        "events" => vec![features("Events", events)],
        "config" => vec![settings(config)],
        "errors" => vec![codes(errors)],
        "definition" => {
            vec![
                features("Actions", actions),
                features("Events", events),
                settings(config),
                codes(errors),
            ]
        }
        unknown => bail!("part `{unknown}` is none of definition, actions, events, config, errors"),
    };
    let there: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(there.join("\n"))
}

/// A table of names, then the parameters: once for all features that share them.
fn features(title: &str, features: &[Feature]) -> String {
    if features.is_empty() {
        return String::new();
    }
    let rows = features.iter().map(|it| vec![code(&it.name), it.description.clone()]).collect();
    let mut text = format!("### {title}\n\n{}", table(&["name", "meaning"], rows));
    for group in groups(features) {
        text.extend(["\n#### ", &names(&group), "\n\n"]);
        text.push_str(&inputs(&group));
        text.push('\n');
        text.push_str(&outputs(&group));
    }
    text
}

/// Features that can share a table: the first of a group has all parameters that the others have.
fn groups(features: &[Feature]) -> Vec<Vec<&Feature>> {
    let mut groups: Vec<Vec<&Feature>> = Vec::new();
    let mut by_size: Vec<_> = features.iter().collect();
    by_size.sort_by_key(|it| Reverse(size(it)));
    for feature in by_size {
        match groups.iter_mut().find(|group| fits(feature, group[0])) {
            Some(group) => group.push(feature),
            None => groups.push(vec![feature]),
        }
    }
    let place = |it: &Feature| features.iter().position(|other| other.name == it.name);
    groups.sort_by_key(|group| group.iter().filter_map(|it| place(it)).min());
    groups
}

/// Whether `feature` has nothing that `largest` lacks, and enough of it to be worth the remarks on the rest.
fn fits(feature: &Feature, largest: &Feature) -> bool {
    let within = |some: &[Parameter], all: &[Parameter]| {
        some.iter().all(|it| all.iter().any(|other| alike(it, other)))
    };
    within(&feature.inputs, &largest.inputs)
        && within(&feature.outputs, &largest.outputs)
        && 2 * size(feature) >= size(largest)
}

fn size(feature: &Feature) -> usize {
    feature.inputs.len() + feature.outputs.len()
}

/// Everything but the id, which is another one in each action.
fn alike(one: &Parameter, other: &Parameter) -> bool {
    let row =
        |it: &Parameter| (it.name.clone(), it.kind.clone(), it.required, it.description.clone());
    row(one) == row(other)
}

fn inputs(group: &[&Feature]) -> String {
    let row = |it: &Parameter| {
        let meaning = meaning(it, group, |feature| &feature.inputs);
        vec![code(&it.name), it.kind.clone(), mark(it.required), meaning]
    };
    let rows: Vec<_> = group[0].inputs.iter().map(row).collect();
    if rows.is_empty() {
        "No inputs.\n".to_owned()
    } else {
        table(&["input", "type", "required", "meaning"], rows)
    }
}

fn outputs(group: &[&Feature]) -> String {
    let row = |it: &Parameter| {
        vec![code(&it.name), it.kind.clone(), meaning(it, group, |feature| &feature.outputs)]
    };
    let rows: Vec<_> = group[0].outputs.iter().map(row).collect();
    if rows.is_empty() {
        "No outputs.\n".to_owned()
    } else {
        table(&["output", "type", "meaning"], rows)
    }
}

/// What `parameter` means, and which of the group go without it.
fn meaning(
    parameter: &Parameter,
    group: &[&Feature],
    side: fn(&Feature) -> &[Parameter],
) -> String {
    let lacks = |feature: &&&Feature| !side(feature).iter().any(|it| it.name == parameter.name);
    let without: Vec<_> = group.iter().filter(lacks).copied().collect();
    let remark =
        if without.is_empty() { String::new() } else { format!(" Not for {}.", names(&without)) };
    format!("{}{remark}", parameter.description)
}

fn names(features: &[&Feature]) -> String {
    let names: Vec<_> = features.iter().map(|it| code(&it.name)).collect();
    names.join(", ")
}

fn settings(config: &[Setting]) -> String {
    if config.is_empty() {
        return String::new();
    }
    let row = |it: &Setting| {
        let default = it.value.as_deref().filter(|value| !value.is_empty()).map(code);
        let secret = if it.secure { " Secret." } else { "" };
        let meaning = format!("{}{secret}", it.description);
        vec![code(&it.name), default.unwrap_or_default(), mark(it.required), meaning]
    };
    let rows = config.iter().map(row).collect();
    format!("### Settings\n\n{}", table(&["setting", "default", "required", "meaning"], rows))
}

fn codes(errors: &[ErrorCode]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let rows = errors.iter().map(|it| vec![code(&it.code), it.description.clone()]).collect();
    format!("### Errors\n\n{}", table(&["code", "meaning"], rows))
}

fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(heads.iter().map(|&head| head.to_owned()).collect());
    text.push_str(&line(heads.iter().map(|_| "---".to_owned()).collect()));
    for row in rows {
        text.push_str(&line(
            row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect(),
        ));
    }
    text
}

fn mark(required: bool) -> String {
    if required { "**yes**".to_owned() } else { String::new() }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"{"name": "x-connector",
        "actions": {
            "1": {"id": "1", "name": "HEAD",
                "inputs": [{"id": "4", "name": "url", "type": "string", "required": true, "description": "a|b"}]},
            "2": {"id": "2", "name": "STOP"},
            "3": {"id": "3", "name": "GET", "description": "Fetches.",
                "inputs": [{"id": "1", "name": "url", "type": "string", "required": true, "description": "a|b"}],
                "outputs": [{"id": "1", "name": "result", "type": "json", "description": "The answer."}]}},
        "config": [{"name": "TOKEN", "description": "The token.", "value": "none", "secure": true}],
        "errors": [{"name": "NOT_FOUND", "code": "NOT_FOUND", "description": "Not there."}]}"#;

    fn fill(readme: &str) -> Result<String> {
        filled(readme, &definition::parse("x-connector", DEFINITION)?)
    }

    #[test]
    fn says_which_marker_is_missing_or_unknown() {
        let check = |readme: &str, expected: &str| {
            assert_eq!(fill(readme).unwrap_err().to_string(), expected);
        };
        check(
            "# X\n",
            "no place for the tables; add the lines `<!-- generated: definition -->` and `<!-- end -->`",
        );
        check(
            "<!-- generated: definition -->\n",
            "`<!-- end -->` is missing after part `definition`",
        );
        check("<!-- generated: definition\n", "a marker isn't closed by `-->`");
        check(
            "<!-- generated: inputs -->\n<!-- end -->\n",
            "part `inputs` is none of definition, actions, events, config, errors",
        );
    }

    #[test]
    fn replaces_only_what_stands_between_markers() {
        let before = "# X\n\n<!-- generated: errors -->\nold\n<!-- end -->\n\nBy hand.\n";
        let after = "# X\n\n<!-- generated: errors -->\n\n### Errors\n\n| code | meaning |\n| --- | --- |\n\
            | `NOT_FOUND` | Not there. |\n\n<!-- end -->\n\nBy hand.\n";
        assert_eq!(fill(before).unwrap(), after);
        assert_eq!(fill(after).unwrap(), after, "a second run changes nothing");
    }

    #[test]
    fn actions_with_the_same_parameters_share_a_table() {
        let text = fill("<!-- generated: actions --><!-- end -->").unwrap();
        assert!(
            text.contains("#### `GET`, `HEAD`\n\n| input | type | required | meaning |\n"),
            "{text}"
        );
        assert!(text.contains("| `url` | string | **yes** | a\\|b |"), "{text}");
        assert!(text.contains("| `result` | json | The answer. Not for `HEAD`. |"), "{text}");
        assert_eq!(text.matches("| `url` |").count(), 1, "{text}");
    }

    #[test]
    fn actions_that_share_too_little_have_tables_of_their_own() {
        let text = fill("<!-- generated: actions --><!-- end -->").unwrap();
        assert!(text.contains("#### `STOP`\n\nNo inputs.\n\nNo outputs.\n"), "{text}");
    }

    #[test]
    fn the_whole_definition_has_all_its_parts() {
        let text = fill("<!-- generated: definition --><!-- end -->").unwrap();
        assert!(text.contains("| `TOKEN` | `none` |  | The token. Secret. |"), "{text}");
        let titles: Vec<_> = text.lines().filter(|line| line.starts_with("### ")).collect();
        assert_eq!(titles, ["### Actions", "### Settings", "### Errors"]);
    }
}
