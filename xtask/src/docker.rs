//! `cargo xtask docker`: images of the connectors, from static binaries that are built on this machine.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{
    base, progress, shipped,
    tree::{self, Connector},
};

/// Debian's own authorities. Preferred to the machine's bundle, which may hold private ones that an image has no
/// business to trust.
const AUTHORITIES: &str = "/usr/share/ca-certificates/mozilla";

/// Where other distributions keep their bundle.
const BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// Where Debian's package fonts-noto-core puts its fonts.
const FONTS: &str = "/usr/share/fonts/truetype/noto";

/// Make the connectors' images: a static binary each, FROM scratch
///
/// Their names are `${IMAGE_PREFIX:-}NAME-connector:${IMAGE_TAG:-latest}`, as in docker-compose.yml.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Connectors to make images of, `rest` or `rest-connector`; all when none is named
    names: Vec<String>,

    /// Make local stand-ins of the public images that tests and docker-compose.yml name, from Debian packages
    #[arg(long, conflicts_with_all = ["names", "push"])]
    base: bool,

    /// Tag the images with this prefix too, e.g. `registry.example.org/team/`, and push them
    #[arg(long, value_name = "PREFIX")]
    push: Option<String>,
}

/// How images are named around the connector's own name, as in docker-compose.yml.
pub(crate) struct ImageNames {
    prefix: String,
    tag: String,
}

impl ImageNames {
    /// As `IMAGE_PREFIX` and `IMAGE_TAG` say.
    pub(crate) fn from_environment() -> Self {
        Self {
            prefix: tree::environment("IMAGE_PREFIX").unwrap_or_default(),
            tag: tree::environment("IMAGE_TAG").unwrap_or_else(|| "latest".to_owned()),
        }
    }

    /// The image of `connector`.
    pub(crate) fn of(&self, connector: &Connector) -> String {
        self.with_prefix(&self.prefix, connector)
    }

    fn with_prefix(&self, prefix: &str, connector: &Connector) -> String {
        format!("{prefix}{}:{}", connector.name, self.tag)
    }
}

/// Makes the images, and pushes them if asked to.
///
/// # Errors
///
/// When docker doesn't answer, before anything is built; when building or pushing doesn't succeed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tree::root());
    answers(&sh)?;
    if args.base {
        return base::run(&sh);
    }
    let names = ImageNames::from_environment();
    let connectors = tree::chosen(tree::root(), &args.names)?;
    ensure!(!connectors.is_empty(), "definitions/ holds no definition that a crate implements");

    let programs =
        shipped::build(connectors.iter().map(|it| (it.name.as_str(), it.name.as_str())))?;

    progress::heading("images");
    let mut rows = vec![["image", "size", "of it the binary"].map(str::to_owned).to_vec()];
    for connector in &connectors {
        let binary = programs.join(&connector.name);
        let context = context(connector, &binary)?;
        let image = names.of(connector);
        make(&sh, connector, &context, &image)?;
        rows.push(vec![
            image.clone(),
            megabytes(size(&sh, &image)?),
            megabytes(fs::metadata(&binary)?.len()),
        ]);
        if let Some(prefix) = &args.push {
            push(&image, &names.with_prefix(&as_prefix(prefix), connector))?;
        }
    }
    println!("\n{}", progress::table(&rows));
    let prefix = args.push.as_deref().map(|prefix| format!("IMAGE_PREFIX={} ", as_prefix(prefix)));
    println!("   run them: {}docker compose up", prefix.unwrap_or_default());
    Ok(())
}

/// Whether there is a Docker engine.
///
/// # Errors
///
/// One sentence that says what to do when there is none.
pub(crate) fn answers(sh: &Shell) -> Result<()> {
    let Ok(output) =
        cmd!(sh, "docker version --format '{{.Server.Version}}'").quiet().ignore_status().output()
    else {
        bail!("docker isn't installed; on Debian and Ubuntu: apt-get install docker.io");
    };
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    let reason = reason.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    bail!("docker doesn't answer, start its engine first: {}", reason.trim());
}

/// Whether `image` is on this machine.
pub(crate) fn is_there(sh: &Shell, image: &str) -> bool {
    let found =
        cmd!(sh, "docker image inspect {image}").quiet().ignore_status().ignore_stderr().output();
    found.is_ok_and(|output| output.status.success())
}

/// A size as people read it.
pub(crate) fn megabytes(bytes: u64) -> String {
    // A tenth of a megabyte is as fine as anybody wants to know.
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// The size of an image in bytes.
pub(crate) fn size(sh: &Shell, image: &str) -> Result<u64> {
    let size = cmd!(sh, "docker image inspect --format '{{.Size}}' {image}").quiet().read()?;
    size.parse().with_context(|| format!("size of {image}: `{size}`"))
}

/// Lays out the image's whole file system below `target/docker/<name>/root`.
fn context(connector: &Connector, binary: &Path) -> Result<PathBuf> {
    let context = tree::root().join("target/docker").join(&connector.name);
    if context.exists() {
        fs::remove_dir_all(&context)?;
    }
    let root = context.join("root");
    let folder = |path: &str, mode: u32| {
        let path = root.join(path);
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(mode))
    };
    for path in ["", "etc", "etc/ssl", "etc/ssl/certs"] {
        folder(path, 0o755)?;
    }
    folder("tmp", 0o1777)?;
    // What a volume is mounted on for FILES_URL: a new one takes over that everybody may write.
    folder("files", 0o1777)?;
    fs::copy(binary, root.join("connector")).with_context(|| binary.display().to_string())?;
    fs::set_permissions(root.join("connector"), Permissions::from_mode(0o755))?;
    let bundle = root.join("etc/ssl/certs/ca-certificates.crt");
    fs::write(&bundle, authorities()?)?;
    fs::set_permissions(&bundle, Permissions::from_mode(0o644))?;
    let fonts = fonts(connector)?;
    if !fonts.is_empty() {
        folder("fonts", 0o755)?;
    }
    for font in fonts {
        let copy = root.join("fonts").join(&font);
        fs::copy(Path::new(FONTS).join(&font), &copy).with_context(|| {
            format!("{FONTS}/{font}; on Debian and Ubuntu: apt-get install fonts-noto-core")
        })?;
        fs::set_permissions(&copy, Permissions::from_mode(0o644))?;
    }
    Ok(context)
}

/// The fonts that a connector's image has: the lines of its `fonts.txt`.
fn fonts(connector: &Connector) -> Result<Vec<String>> {
    let list = connector.folder.join("fonts.txt");
    if !list.is_file() {
        return Ok(Vec::new());
    }
    let lines = tree::read(&list)?;
    let names = lines.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

fn authorities() -> Result<String> {
    let mut bundle = String::new();
    for certificate in tree::files(Path::new(AUTHORITIES), "crt")? {
        bundle.push_str(&tree::read(&certificate)?);
    }
    if !bundle.is_empty() {
        return Ok(bundle);
    }
    let Some(path) = BUNDLES.iter().map(Path::new).find(|path| path.is_file()) else {
        bail!(
            "no CA certificates on this machine; on Debian and Ubuntu: apt-get install ca-certificates"
        );
    };
    tree::read(path)
}

fn make(sh: &Shell, connector: &Connector, context: &Path, image: &str) -> Result<()> {
    let name = &connector.name;
    let version = env!("CARGO_PKG_VERSION");
    let revision =
        cmd!(sh, "git rev-parse HEAD").quiet().ignore_stderr().read().unwrap_or_default();
    let command = cmd!(
        sh,
        "docker build --file xtask/Dockerfile --build-arg NAME={name} --build-arg VERSION={version}
         --build-arg REVISION={revision} --tag {image} {context}"
    );
    progress::quietly(image, command.into())
}

fn push(image: &str, pushed: &str) -> Result<()> {
    let mut tag = Command::new("docker");
    tag.args(["tag", image, pushed]);
    progress::quietly(&format!("tag {pushed}"), tag)?;
    let mut push = Command::new("docker");
    push.args(["push", pushed]);
    progress::quietly(&format!("push {pushed}"), push)
}

/// `prefix` as a name can follow it: `registry/team` means `registry/team/`.
fn as_prefix(prefix: &str) -> String {
    if prefix.ends_with(['/', '-']) { prefix.to_owned() } else { format!("{prefix}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_and_a_name_are_kept_apart() {
        for (prefix, expected) in [
            ("registry.example.org/team", "registry.example.org/team/"),
            ("registry.example.org/team/", "registry.example.org/team/"),
            ("registry.example.org/team-", "registry.example.org/team-"),
        ] {
            assert_eq!(as_prefix(prefix), expected);
        }
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!(megabytes(9_449_999), "9.4 MB");
        assert_eq!(megabytes(50_000), "0.0 MB");
    }
}
