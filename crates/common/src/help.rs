//! The commands, and what `--help` says of them (`experience.md` "Help").

use clap::{Arg, ArgAction, Command, builder::PossibleValuesParser};

use crate::{
    config::Declared,
    definition::{Definition, Param},
    settings,
};

/// The commands that every connector has; its own are added to them.
pub(crate) fn command(definition: &Definition, own: &[Declared]) -> Command {
    let settings = format!(
        "Settings (environment; NAME_FILE reads the value from a file)\n\n{}{}",
        table(own),
        table(&settings::declared())
    );
    let mut invoke = Command::new("invoke")
        .about("Run one action here and now, without a broker")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_value_name("ACTION")
        .subcommand_help_heading("Actions");
    for action in &definition.actions.0 {
        let inputs = parameters("Inputs", &action.inputs);
        let help = format!("{inputs}\n{}", parameters("Outputs", &action.outputs));
        let action = Command::new(action.name.clone())
            .about(action.description.clone())
            .after_help(help)
            .arg(
                Arg::new("input")
                    .long("input")
                    .value_name("FILE")
                    .help("JSON object with the inputs; - or absent: standard input"),
            )
            .arg(
                Arg::new("dry-run")
                    .long("dry-run")
                    .action(ArgAction::SetTrue)
                    .help("Show what would be sent, secrets masked, without sending"),
            );
        invoke = invoke.subcommand(action);
    }
    let mut command = Command::new(definition.name.clone())
        .bin_name(definition.name.clone())
        .version(env!("CARGO_PKG_VERSION"))
        .about(definition.description.clone())
        .disable_help_subcommand(true)
        .subcommand(
            Command::new("run")
                .about("Serve requests until stopped (default)")
                .after_help(settings),
        )
        .subcommand(invoke);
    if !definition.events.0.is_empty() {
        let events = definition.events.0.iter().map(|it| it.name.clone());
        let event = Arg::new("event").value_name("EVENT").required(true);
        command = command.subcommand(
            Command::new("listen")
                .about("Print an event's outputs as they come, a line of JSON each")
                .arg(event.value_parser(PossibleValuesParser::new(events)))
                .arg(Arg::new("input").long("input").value_name("FILE")),
        );
    }
    command
        .subcommand(Command::new("definition").about("Print the definition that modelers import"))
        .subcommand(Command::new("health").about("Ask a running connector whether it is well"))
}

/// Settings as `run --help` lists them.
fn table(declared: &[Declared]) -> String {
    let mut text = String::new();
    for setting in declared {
        let default = match setting.default.as_str() {
            "" if setting.required => " (required)".to_owned(),
            "" => String::new(),
            _ if setting.secure => String::new(),
            default => format!(" [{default}]"),
        };
        text.extend(["  ", &setting.name, &default, "\n"]);
        if !setting.help.is_empty() {
            text.extend(["      ", &setting.help, "\n"]);
        }
        if !setting.aliases.is_empty() {
            text.extend(["      also: ", &setting.aliases.join(", "), "\n"]);
        }
    }
    text
}

fn parameters(heading: &str, params: &[Param]) -> String {
    let width = params.iter().map(|it| it.name.len()).max().unwrap_or_default();
    let lines = params.iter().map(|Param { name, r#type, description, required, .. }| {
        let needed = if *required { "required. " } else { "" };
        format!("  {name:width$}  {type:8}  {needed}{description}\n")
    });
    format!("{heading}\n{}", lines.collect::<String>())
}
