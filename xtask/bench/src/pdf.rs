//! Documents: what an invoice of two pages costs, against `WeasyPrint` where Python has it.
//!
//! Every document has data of its own, in every cell of its table, so that nothing is found in a cache that would not be there in production.
//! `WeasyPrint` is taken from the Python that `PYTHON` names: `python3 -m venv target/python && target/python/bin/pip install weasyprint`, `PYTHON=target/python/bin/python`.

use std::{
    cell::RefCell,
    fs,
    ops::RangeFrom,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::future;
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

/// Twice as many workers make so many times as many documents, where there are two cores for them.
const SCALE_MIN: f64 = 1.6;

/// Processor time of both kinds of template, first document, documents a second, memory after many.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let fonts = fonts(&setup.logs)?;
    let fonts = fonts.to_string_lossy();
    let settings = |workers| [("FONTS_DIR", &*fonts), ("PDF_WORKERS", workers)];
    let invoices = Invoices::read()?;
    let mut numbers = 1_u32..;
    let begun = Instant::now();
    let connector = Process::connector(setup, CONNECTOR, &settings("1")).await?;
    invoices.make(&connector, Kind::Typst, 0).await?;
    let first = begun.elapsed().as_secs_f64() * 1e3;

    let mut figures = invoices.cpu(setup, &connector, &mut numbers).await?;
    figures.push(Figure::new("start to first invoice", first, "ms").target(Target::AtMost(150.0)));
    figures.extend(invoices.memory(setup, &connector, &mut numbers).await?);
    let one = invoices.rate(setup, &connector, 1, &mut numbers).await?;
    drop(connector);
    let connector = Process::connector(setup, CONNECTOR, &settings("2")).await?;
    let two = invoices.rate(setup, &connector, 2, &mut numbers).await?;
    figures.push(Figure::new("invoices a second, 1 worker", one, "/s"));
    let two = Figure::new("invoices a second, 2 workers", two, "/s").against(one);
    figures.push(if thread::available_parallelism()?.get() > 1 {
        two.target(Target::RatioAtLeast(SCALE_MIN))
    } else {
        two
    });
    Ok(figures)
}

/// What the template is written in.
#[derive(Clone, Copy)]
enum Kind {
    Typst,
    Html,
}

/// The templates with data that changes from document to document.
struct Invoices {
    typst: Value,
    html: Value,
    logo: Value,
    data: Value,
}

impl Invoices {
    fn read() -> Result<Self> {
        let read =
            |name: &str| fs::read(Path::new(FOLDER).join(name)).with_context(|| name.to_owned());
        let logo = BASE64_STANDARD.encode(read("logo.png")?);
        Ok(Self {
            typst: String::from_utf8(read("invoice.typ")?)?.into(),
            html: String::from_utf8(read("invoice.html")?)?.into(),
            logo: json!({ "name": "logo.png", "uri": format!("data:image/png;base64,{logo}") }),
            data: serde_json::from_slice(&read("data.json")?)?,
        })
    }

    /// Every cell is another one in every document, as `yardstick.py` has it.
    fn data(&self, number: u32) -> Value {
        let mut data = self.data.clone();
        let longer = |value: &mut Value| {
            *value = format!("{} {number}", value.as_str().unwrap_or_default()).into();
        };
        for name in ["note", "grand", "vat", "subtotal"] {
            longer(&mut data[name]);
        }
        data["customer"].as_object_mut().into_iter().flatten().for_each(|(_, it)| longer(it));
        data["number"] = format!("2026-{number:05}").into();
        for (index, item) in (0_u32..).zip(data["items"].as_array_mut().into_iter().flatten()) {
            longer(&mut item["name"]);
            item["sku"] = format!("{}-{number}", item["sku"].as_str().unwrap_or_default()).into();
            item["qty"] = ((number + index) % 90 + 1).into();
            item["price"] = format!("{}.{index:02}", (number * 3 + index) % 1000).into();
            item["total"] = format!("{}.{index:02}", (number * 7 + index) % 1000).into();
        }
        data
    }

    async fn make(&self, connector: &Process, kind: Kind, number: u32) -> Result<()> {
        let (template, format) = match kind {
            Kind::Typst => (&self.typst, "typst"),
            Kind::Html => (&self.html, "html"),
        };
        let inputs = json!({
            "template": template, "templateFormat": format,
            "metadata": self.data(number), "assets": self.logo,
        });
        let path = "/v1/do/pdf-connector/GENERATE";
        Call::post(connector.address, path, &inputs, "\"pages\":2").once().await?;
        Ok(())
    }

    /// Processor time of an invoice, in turn with `WeasyPrint`.
    async fn cpu(
        &self,
        setup: &Setup,
        connector: &Process,
        numbers: &mut RangeFrom<u32>,
    ) -> Result<Vec<Figure>> {
        let n_ours = setup.scale.pick(30, 100);
        let n_theirs = setup.scale.pick(5, 20);
        let (mut ours, mut theirs) = ([Vec::new(), Vec::new()], Vec::new());
        for _ in 0..N_ROUNDS {
            for (kind, ours) in [Kind::Typst, Kind::Html].into_iter().zip(&mut ours) {
                let before = connector.family_cpu()?;
                for number in numbers.by_ref().take(n_ours) {
                    self.make(connector, kind, number).await?;
                }
                let seconds = connector.family_cpu()? - before;
                ours.push(seconds * 1e3 / f64::from(u32::try_from(n_ours)?));
            }
            theirs.extend(weasyprint(n_theirs, numbers.start)?);
            println!(
                "   CPU per invoice: Typst {:.1} ms, HTML {:.1} ms; WeasyPrint {}",
                ours[0][ours[0].len() - 1],
                ours[1][ours[1].len() - 1],
                match theirs.last() {
                    Some(it) => format!("{it:.0} ms"),
                    None => "is not here".to_owned(),
                }
            );
        }
        let mut figures = Vec::new();
        for ((name, most), ours) in [("Typst", 30.0), ("HTML", 40.0)].into_iter().zip(ours) {
            let absolute =
                Figure::new(format!("CPU per invoice, {name}"), median(ours.clone()), "ms");
            figures.push(absolute.target(Target::AtMost(most)));
            if theirs.len() == ours.len() {
                let rounds: Vec<_> = ours.into_iter().zip(theirs.clone()).collect();
                let name = format!("CPU per invoice, {name} to WeasyPrint");
                let ratio = Figure::of_rounds(name, "ms", &rounds);
                figures.push(ratio.target(Target::RatioAtMost(RATIO_MAX)));
            }
        }
        Ok(figures)
    }

    /// A worker's memory after the documents so far, and after many more of both kinds.
    async fn memory(
        &self,
        setup: &Setup,
        connector: &Process,
        numbers: &mut RangeFrom<u32>,
    ) -> Result<[Figure; 1]> {
        let n_before = numbers.start;
        let before = connector.children_memory()?;
        let more = setup.scale.pick(100, 1000);
        for number in numbers.by_ref().take(more) {
            let kind = if number % 2 == 0 { Kind::Typst } else { Kind::Html };
            self.make(connector, kind, number).await?;
        }
        let name = format!("worker's memory after {} (baseline: after {n_before})", numbers.start);
        let after = Figure::new(name, connector.children_memory()?, "MB").against(before);
        Ok([after.target(Target::AtMost(120.0))])
    }

    /// Documents a second, from one caller more than there are workers.
    async fn rate(
        &self,
        setup: &Setup,
        connector: &Process,
        n_workers: usize,
        numbers: &mut RangeFrom<u32>,
    ) -> Result<f64> {
        let period = Duration::from_secs(setup.scale.pick(2, 8));
        let numbers = RefCell::new(numbers);
        let begun = Instant::now();
        let caller = || async {
            let mut n_made = 0_u32;
            while begun.elapsed() < period {
                let number = numbers.borrow_mut().next().unwrap_or_default();
                self.make(connector, Kind::Html, number).await?;
                n_made += 1;
            }
            anyhow::Ok(n_made)
        };
        let made = future::try_join_all((0..=n_workers).map(|_| caller())).await?;
        Ok(f64::from(made.into_iter().sum::<u32>()) / begun.elapsed().as_secs_f64())
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
