//! The READMEs' tables of rules and tests: each test that they name exists.
#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The crates whose README names tests, how many at least, and the folders where they are.
const NAMED: [(&str, usize, &[&str]); 3] = [
    ("common", 40, &["crates/common", "tests"]),
    ("pdf", 40, &["crates/pdf"]),
    ("rest", 100, &["crates/rest", "crates/outbound", "crates/common", "tests"]),
];

#[test]
fn every_test_that_a_readme_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (connector, n_min, folders) in NAMED {
        let readme = root.join("crates").join(connector).join("README.md");
        let readme = fs::read_to_string(readme).unwrap();
        let mut sources = Vec::new();
        for folder in folders {
            collect(&root.join(folder), &mut sources);
        }
        let named: Vec<_> = readme.split('`').filter(|it| it.contains("::")).collect();
        assert!(named.len() > n_min, "{connector}: {} tests are named", named.len());
        for name in named {
            let (module, test) = name.split_once("::").unwrap();
            let signature = format!("fn {test}(");
            let found = sources.iter().any(|(path, text)| {
                path.iter().any(|it| Path::new(it).file_stem().is_some_and(|it| it == module))
                    && text.contains(&signature)
            });
            assert!(found, "{connector}: {name} is named in the README and not to be found");
        }
    }
}

fn collect(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            sources.push((path, text));
        }
    }
}
