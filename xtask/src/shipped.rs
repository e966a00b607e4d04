//! The programs that ship: static, small, built the same for images and for measurements.

use std::{env::consts, path::PathBuf, process::Command};

use anyhow::{Result, ensure};

use crate::{progress, tree};

/// Packed relocations, which glibc reads since 2.36, save half a megabyte.
const RUSTFLAGS: [&str; 3] =
    ["-Ctarget-feature=+crt-static", "-Cstrip=symbols", "-Clink-arg=-Wl,-z,pack-relative-relocs"];

/// Nothing unwinds through C.
const CFLAGS: &str = "-fno-asynchronous-unwind-tables -fno-unwind-tables";

/// What the ledger's one table doesn't need of `SQLite`: full-text and spatial search, loaded code.
const SQLITE: &str = "-USQLITE_ENABLE_API_ARMOR -USQLITE_ENABLE_DBSTAT_VTAB -USQLITE_ENABLE_FTS3 \
                      -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 -USQLITE_ENABLE_LOAD_EXTENSION \
                      -USQLITE_ENABLE_MEMORY_MANAGEMENT -USQLITE_ENABLE_RTREE -USQLITE_ENABLE_STAT4 \
                      -USQLITE_SOUNDEX";

/// Builds these programs, each with the package that it is of, and tells the folder that holds them.
///
/// # Errors
///
/// When this isn't Linux, or one doesn't build.
pub(crate) fn build<'a>(programs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<PathBuf> {
    ensure!(consts::OS == "linux", "what ships is built on Linux, this is {}", consts::OS);
    let triple = format!("{}-unknown-linux-gnu", consts::ARCH);
    let cflags = format!("CFLAGS_{}", triple.replace('-', "_"));
    // For the target alone, although it is the host's: procedural macros can't be static.
    let rustflags = RUSTFLAGS.map(str::to_owned).into_iter().chain(paths()).collect::<Vec<_>>();
    progress::heading(&format!("static release build for {triple}"));
    for (package, program) in programs {
        // One after the other: built together, each would get the features that the others need of their libraries.
        let mut build = Command::new("cargo");
        build
            .args(["build", "--release", "--locked", "--target", &triple])
            .args(["--package", package, "--bin", program])
            .env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\u{1f}"))
            .env(&cflags, CFLAGS)
            .env("LIBSQLITE3_FLAGS", SQLITE)
            // A minute more here makes what everybody pulls a megabyte smaller.
            .env("CARGO_PROFILE_RELEASE_LTO", "fat")
            .current_dir(tree::root());
        progress::quietly(program, build)?;
    }
    Ok(tree::root().join("target").join(triple).join("release"))
}

/// Where this machine keeps sources is nobody's business, and half the length of each panic's place.
fn paths() -> Option<String> {
    let home = tree::environment("CARGO_HOME");
    let home = home.or_else(|| tree::environment("HOME").map(|home| format!("{home}/.cargo")))?;
    Some(format!("--remap-path-prefix={home}/registry/src/="))
}
