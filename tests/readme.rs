//! The examples of the README do what it says.
//!
//! A block below `<!-- test: readme -->` is run by a shell against a connector of the test's own;
//! the block that follows it says how its output begins, up to `…`.

use std::{fs, path::Path, process::Command};

use crate::stack::{Connector, binaries};

/// What the README's commands call the connector's address.
const ADDRESS: &str = "localhost:8080";
const MARKER: &str = "<!-- test: readme -->\n";

struct Example {
    commands: String,
    output: Option<String>,
}

#[tokio::test]
async fn its_examples_do_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let examples = examples(&fs::read_to_string(path).unwrap());
    assert!(examples.len() >= 2, "{} examples are marked", examples.len());
    let mut connector = Connector::launch(&[]);
    connector.ready().await;
    for Example { commands, output } in examples {
        let commands = commands.replace(ADDRESS, connector.address());
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binaries().display());
        let shell = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &commands])
            .env_clear()
            .env("PATH", path)
            .output()
            .unwrap();
        let got = String::from_utf8_lossy(&shell.stdout);
        assert!(shell.status.success(), "{commands}\n{}", String::from_utf8_lossy(&shell.stderr));
        let expected =
            output.unwrap_or_else(|| "{".to_owned()).replace(ADDRESS, connector.address());
        assert!(got.trim_start().starts_with(&expected), "{commands}\n{got}\n{expected}");
    }
}

fn examples(readme: &str) -> Vec<Example> {
    readme
        .split(MARKER)
        .skip(1)
        .map(|text| {
            let mut blocks = text.split("```");
            let commands = blocks.nth(1).unwrap().strip_prefix("sh\n").unwrap();
            // The test has started the connector already.
            let commands = commands.lines().filter(|line| !line.starts_with("cargo run "));
            let commands = commands.collect::<Vec<_>>().join("\n");
            let output = match (blocks.next(), blocks.next()) {
                (Some("\n\n"), Some(block)) => {
                    let block = block.split_once('\n').unwrap().1;
                    Some(block.split(", …").next().unwrap().trim_end().to_owned())
                }
                _ => None,
            };
            Example { commands, output }
        })
        .collect()
}
