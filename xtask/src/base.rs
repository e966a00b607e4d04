//! `cargo xtask docker --base`: stand-ins of public images, from Debian packages, for places that reach no registry.
//!
//! They carry the names and tags of the public images, so that docker-compose.yml and the tests name what a user would
//! pull. An image that is already there is left alone: it may be the real one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::{docker, mirror, progress, tree};

const DEBIAN: &str = "debian:bookworm-slim";
const RELEASE: &str = "bookworm";

/// Images made on top of Debian: their tag, and the folder with their Dockerfile.
const ON_TOP: [(&str, &str); 2] =
    [(RABBITMQ, "xtask/base/rabbitmq"), (MAILPIT, "xtask/base/mailpit")];

/// The broker that docker-compose.yml and the end-to-end tests name.
pub(crate) const RABBITMQ: &str = "rabbitmq:3-management";

/// The mail server that docker-compose.yml names, which shows every mail and passes none on.
const MAILPIT: &str = "axllent/mailpit:v1.27";

/// What the public `-slim` images go without, as dpkg is told, so that packages added later go without it too.
const LEFT_OUT: [&str; 6] = ["doc", "groff", "info", "linda", "lintian", "man"];

/// Makes every stand-in that is not there yet.
///
/// # Errors
///
/// When not run by root, which debootstrap needs, or when a step doesn't succeed.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    progress::heading("stand-ins of public images, from Debian packages");
    let mut rows = vec![["image", "size", ""].map(str::to_owned).to_vec()];
    let mut images = vec![(DEBIAN, None)];
    images.extend(ON_TOP.map(|(image, folder)| (image, Some(folder))));
    for (image, folder) in images {
        let state = if docker::is_there(sh, image) {
            "was there already"
        } else {
            match folder {
                None => debian(sh)?,
                Some(folder) => on_top(sh, image, folder)?,
            }
            "made"
        };
        rows.push(vec![
            image.to_owned(),
            docker::megabytes(docker::size(sh, image)?),
            state.to_owned(),
        ]);
    }
    println!("\n{}", progress::table(&rows));
    println!("   to make one anew: docker image rm NAME, then this command again");
    Ok(())
}

fn debian(sh: &Shell) -> Result<()> {
    ensure!(
        cmd!(sh, "id -u").quiet().read()? == "0",
        "debootstrap makes device files and other people's files, so it needs root: run this command by sudo"
    );
    ensure!(
        cmd!(sh, "debootstrap --version").quiet().ignore_stdout().ignore_stderr().run().is_ok(),
        "debootstrap isn't installed; on Debian and Ubuntu: apt-get install debootstrap"
    );
    let mirror = mirror::of(Path::new("/etc/apt"), RELEASE)?;
    println!("   packages from {}", mirror::without_credentials(&mirror));

    let folder = Folder(tree::root().join("target/docker/base"));
    fs::create_dir_all(&folder.0)?;
    let root = folder.0.join("root");
    let mut bootstrap = Command::new("debootstrap");
    bootstrap.arg("--variant=minbase").arg(RELEASE).arg(&root).arg(&mirror);
    progress::quietly(&format!("{DEBIAN}, the packages"), bootstrap)?;
    slim(&root)?;
    import(&root)
}

/// Leaves out what a container doesn't need, now and at later installations.
fn slim(root: &Path) -> Result<()> {
    let excluded = LEFT_OUT.map(|it| format!("path-exclude=/usr/share/{it}/*\n")).concat();
    fs::write(
        root.join("etc/dpkg/dpkg.cfg.d/docker"),
        format!(
            "# no file a container needs\nforce-unsafe-io\n{excluded}path-exclude=/usr/share/locale/*\n\
             path-include=/usr/share/locale/locale.alias\npath-include=/usr/share/doc/*/copyright\n"
        ),
    )?;
    fs::write(
        root.join("etc/apt/apt.conf.d/docker"),
        "DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb || true\"; };\n\
         Acquire::Languages \"none\";\nDir::Cache::pkgcache \"\";\nDir::Cache::srcpkgcache \"\";\n",
    )?;
    // Packages that bring a service must not start it while an image is made.
    let policy = root.join("usr/sbin/policy-rc.d");
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    let sh = Shell::new()?;
    cmd!(sh, "chmod 755 {policy}").quiet().run()?;
    Ok(())
}

fn import(root: &Path) -> Result<()> {
    let left_out = LEFT_OUT.map(|it| format!("--exclude=./usr/share/{it}/*"));
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--sort=name"]).args(left_out).args([
        "--exclude=./usr/share/locale/*",
        "--exclude=./var/lib/apt/lists/*",
        "--exclude=./var/cache/apt/*",
        "--exclude=./var/log/*",
        "--exclude=./dev/*",
    ]);
    let mut tar =
        tar.arg("--directory").arg(root).arg(".").stdout(Stdio::piped()).spawn().context("tar")?;
    let packed = tar.stdout.take().context("tar has no output")?;

    let mut import = Command::new("docker");
    import.args([
        "import",
        "--change",
        "CMD [\"bash\"]",
        "--change",
        "LABEL stand-in=true",
        "-",
        DEBIAN,
    ]);
    progress::quietly_from(&format!("{DEBIAN}, the image"), import, packed.into())?;
    ensure!(tar.wait()?.success(), "tar could not pack {}", root.display());
    Ok(())
}

fn on_top(sh: &Shell, image: &str, folder: &str) -> Result<()> {
    // The host's network, since the mirror may be reachable from there only.
    let command =
        cmd!(sh, "docker build --network host --label stand-in=true --tag {image} {folder}");
    progress::quietly(image, command.into())
}

/// A folder that is removed in the end, whatever the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            println!("   {} stays: {error}", self.0.display());
        }
    }
}
