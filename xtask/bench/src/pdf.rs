//! Documents: what an invoice of two pages costs, against `WeasyPrint` where Python has it.
//!
//! Every document has data of its own, so that nothing is found in a cache that would not be there in production.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    caller::Call,
    figure::{Figure, Target, median},
    process::Process,
    setup::{Setup, environment},
};

const CONNECTOR: &str = "pdf-connector";
/// Where the template, its data and the yardstick are, in the source tree.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pdf");
/// The fonts of the image, and where Debian has them.
const FONTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/pdf/fonts.txt");
const DEBIAN_FONTS: &str = "/usr/share/fonts/truetype/noto";
const N_ROUNDS: usize = 3;
/// A seventh.
const RATIO_MAX: f64 = 0.14;

/// Processor time, first document, memory after many.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let fonts = fonts(&setup.logs)?;
    let fonts = fonts.to_string_lossy();
    let settings = [("FONTS_DIR", &*fonts), ("PDF_WORKERS", "1")];
    let invoices = Invoices::read()?;
    let begun = Instant::now();
    let connector = Process::connector(setup, CONNECTOR, &settings).await?;
    invoices.make(&connector, 0).await?;
    let first = begun.elapsed().as_secs_f64() * 1e3;

    let n_ours = setup.scale.pick(30, 150);
    let n_theirs = setup.scale.pick(5, 20);
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let mut number = 1;
    for _ in 0..N_ROUNDS {
        let cpu = connector.family_cpu()?;
        for _ in 0..n_ours {
            invoices.make(&connector, number).await?;
            number += 1;
        }
        ours.push((connector.family_cpu()? - cpu) * 1e3 / f64::from(n_ours));
        theirs.extend(weasyprint(n_theirs, number)?);
        println!(
            "   CPU per invoice: {:.1} ms; WeasyPrint {}",
            ours[ours.len() - 1],
            match theirs.last() {
                Some(it) => format!("{it:.0} ms"),
                None => "is not here".to_owned(),
            }
        );
    }
    while number < setup.scale.pick(100, 1000) {
        invoices.make(&connector, number).await?;
        number += 1;
    }
    let memory = connector.children_memory()?;
    let cpu = if theirs.len() == ours.len() {
        let rounds: Vec<_> = ours.iter().copied().zip(theirs).collect();
        Figure::of_rounds("CPU per invoice", "ms", &rounds).target(Target::RatioAtMost(RATIO_MAX))
    } else {
        Figure::new("CPU per invoice", median(ours), "ms").target(Target::AtMost(30.0))
    };
    Ok(vec![
        cpu,
        Figure::new("start to first invoice", first, "ms").target(Target::AtMost(150.0)),
        Figure::new(format!("worker's memory after {number}"), memory, "MB")
            .target(Target::AtMost(120.0)),
    ])
}

/// The template with data that changes from document to document.
struct Invoices {
    template: Value,
    logo: Value,
    data: Value,
}

impl Invoices {
    fn read() -> Result<Self> {
        let read =
            |name: &str| fs::read(Path::new(FOLDER).join(name)).with_context(|| name.to_owned());
        let template = String::from_utf8(read("invoice.typ")?)?;
        let logo = BASE64_STANDARD.encode(read("logo.png")?);
        Ok(Self {
            template: template.into(),
            logo: json!({ "name": "logo.png", "uri": format!("data:image/png;base64,{logo}") }),
            data: serde_json::from_slice(&read("data.json")?)?,
        })
    }

    async fn make(&self, connector: &Process, number: u32) -> Result<()> {
        let mut data = self.data.clone();
        data["number"] = format!("2026-{number:05}").into();
        for (index, item) in data["items"].as_array_mut().into_iter().flatten().enumerate() {
            item["total"] = format!("{}.{index:02}", number * 7 % 1000).into();
        }
        let inputs = json!({
            "template": self.template, "templateFormat": "typst", "metadata": data, "assets": self.logo,
        });
        let path = "/v1/do/pdf-connector/GENERATE";
        Call::post(connector.address, path, &inputs, "\"pages\":2").once().await?;
        Ok(())
    }
}

/// Processor milliseconds for each of `count` invoices, their median; none where there is no `WeasyPrint`.
fn weasyprint(count: u32, first: u32) -> Result<Option<f64>> {
    let python = environment("PYTHON").unwrap_or_else(|| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import weasyprint"]).output();
    if !has.is_ok_and(|it| it.status.success()) {
        return Ok(None);
    }
    let script = Path::new(FOLDER).join("yardstick.py");
    let (count, first) = (count.to_string(), first.to_string());
    let output = Command::new(&python).arg(script).args([FOLDER, &count, &first]).output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "WeasyPrint: {told}");
    let seconds: Vec<f64> = serde_json::from_slice(&output.stdout)?;
    Ok(Some(median(seconds) * 1e3))
}

/// A folder with the image's fonts, as far as this machine has them.
fn fonts(results: &Path) -> Result<PathBuf> {
    let folder = results.join("fonts");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for name in fs::read_to_string(FONTS)?.lines().filter(|it| !it.starts_with('#')) {
        let font = Path::new(DEBIAN_FONTS).join(name);
        if font.is_file() {
            symlink(&font, folder.join(name))?;
        }
    }
    fs::canonicalize(&folder).context("fonts")
}
