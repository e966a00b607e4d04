//! Writes the Typst that an HTML file becomes: `cargo run -p html-typst --example convert -- in.html out.typ`.

use std::{fs, path::PathBuf, time::Instant};

use html_typst::{Assets, Image, Options};

struct Folder {
    from: PathBuf,
    to: PathBuf,
    n_kept: usize,
}

impl Assets for Folder {
    fn image(&mut self, address: &str) -> Result<Image, String> {
        let bytes =
            fs::read(self.from.join(address)).map_err(|_missing| "is not there".to_owned())?;
        fs::write(self.to.join(address), &bytes).map_err(|error| error.to_string())?;
        let side = |at: usize| {
            bytes
                .get(at..at + 4)
                .map_or(0.0, |it| f64::from(u32::from_be_bytes([it[0], it[1], it[2], it[3]])))
        };
        Ok(Image { name: address.to_owned(), size: Some((side(16), side(20))) })
    }

    fn font(&mut self, _address: &str) -> Result<Vec<u8>, String> {
        Err("is not there".to_owned())
    }

    fn sheet(&mut self, address: &str) -> Result<String, String> {
        fs::read_to_string(self.from.join(address)).map_err(|_missing| "is not there".to_owned())
    }

    fn keep(&mut self, svg: String) -> String {
        self.n_kept += 1;
        let name = format!("drawing-{}.svg", self.n_kept);
        fs::write(self.to.join(&name), svg).expect("a folder that can be written");
        name
    }
}

fn main() {
    let mut paths = std::env::args().skip(1).map(PathBuf::from);
    let (input, output) =
        (paths.next().expect("an HTML file"), paths.next().expect("a Typst file"));
    let html = fs::read_to_string(&input).expect("an HTML file");
    let folder = |it: &PathBuf| it.parent().expect("a folder").to_owned();
    let mut assets = Folder { from: folder(&input), to: folder(&output), n_kept: 0 };
    let start = Instant::now();
    let document =
        html_typst::convert(&html, &Options::default(), &mut assets).expect("a document");
    eprintln!("{:?}", start.elapsed());
    document.warnings.iter().for_each(|it| eprintln!("{it}"));
    fs::write(output, document.body).expect("a folder that can be written");
}
