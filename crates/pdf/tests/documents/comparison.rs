//! HTML documents beside what two other engines make of them, as `references/record` wrote it down.
//!
//! Pages, columns and rows of tables, and the places of words have to be the same, within what the table says.

use std::{collections::HashMap, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{Document, folder, generate, tool};

/// The left of a word and the middle of its height, from the top left of its page; points.
#[derive(Clone, Copy, Debug)]
struct Place {
    page: f64,
    x: f64,
    y: f64,
}

/// How far a word may be from where the other engine has it; points.
#[derive(Clone, Copy)]
struct Tolerance {
    x: f64,
    y: f64,
}

/// Chromium has all lines and borders on whole pixels, which adds up below each other.
const CHROMIUM: Tolerance = Tolerance { x: 1.2, y: 1.8 };
const WEASYPRINT: Tolerance = Tolerance { x: 0.7, y: 0.9 };

/// Columns are so far from each other as in the other document, give or take this; points.
const COLUMN: f64 = 2.5;
/// The same for rows.
const ROW: f64 = 1.0;

struct Sample {
    name: &'static str,
    html: &'static str,
    reference: &'static str,
    /// For each of the two engines.
    tolerances: (Tolerance, Tolerance),
}

macro_rules! sample {
    ($name:literal, $tolerances:expr) => {
        Sample {
            name: $name,
            html: include_str!(concat!("../../samples/html/", $name, ".html")),
            reference: include_str!(concat!("../references/", $name, ".json")),
            tolerances: $tolerances,
        }
    };
}

fn samples() -> [Sample; 9] {
    let wider = |x: f64| (Tolerance { x, ..CHROMIUM }, Tolerance { x, ..WEASYPRINT });
    let plain = (CHROMIUM, WEASYPRINT);
    [
        // Lines with Arabic and Latin letters are higher in Chromium, where each face adds to them.
        sample!("bilingual", (Tolerance { y: 3.5, ..CHROMIUM }, WEASYPRINT)),
        // Space between letters is not behind the last one here: such lines are centered without it.
        sample!("certificate", wider(1.5)),
        sample!("contract", plain),
        // Half of the border at the end of a collapsed table is outside of it here.
        sample!("invoice", (CHROMIUM, Tolerance { y: 2.0, ..WEASYPRINT })),
        sample!("labels", plain),
        sample!("letter", plain),
        // Columns that share out the room by what is in them do so by estimates of that.
        sample!("report", wider(2.5)),
        sample!("status", wider(2.5)),
        sample!("timetable", plain),
    ]
}

/// The document of a sample, and its words with all their places.
fn made(sample: &Sample) -> (Document, HashMap<String, Vec<Place>>) {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("samples/html")
        .join(sample.name)
        .with_extension("json");
    let data = fs::read_to_string(data).map_or(json!({}), |it| serde_json::from_str(&it).unwrap());
    let input = json!({"template": sample.html, "templateFormat": "html", "metadata": data});
    let fonts = fonts();
    let document = generate(&input, &[("FONTS_DIR", fonts.to_str().unwrap())]).document();
    document.check();
    assert_eq!(document.warnings(), [""; 0], "{}", sample.name);
    let boxes = tool("pdftotext", &["-bbox", "FILE", "-"], &document.bytes);
    let mut words: HashMap<String, Vec<Place>> = HashMap::new();
    for (page, text) in (1_u32..).map(f64::from).zip(boxes.split("<page ").skip(1)) {
        for line in text.lines().filter_map(|it| it.trim().strip_prefix("<word ")) {
            let (attributes, rest) = line.split_once('>').unwrap();
            let numbers: Vec<f64> =
                attributes.split('"').skip(1).step_by(2).map(|it| it.parse().unwrap()).collect();
            let [x, top, _, bottom] = numbers[..] else { panic!("{line}") };
            let word = rest.trim_end_matches("</word>").replace("&amp;", "&");
            words.entry(word).or_default().push(Place { page, x, y: f64::midpoint(top, bottom) });
        }
    }
    (document, words)
}

/// The faces that the image has, in a folder of their own.
fn fonts() -> PathBuf {
    let folder = folder();
    let names = include_str!("../../fonts.txt").lines().filter(|it| !it.starts_with('#'));
    for name in names {
        let from = PathBuf::from("/usr/share/fonts/truetype/noto").join(name);
        let copied = fs::copy(&from, folder.join(name));
        copied.unwrap_or_else(|error| {
            panic!("{name}: {error}; Debian's package fonts-noto-core is needed")
        });
    }
    folder
}

/// What is not as it is in the other engine's document.
fn differences(
    facts: &Value,
    tolerance: Tolerance,
    document: &Document,
    words: &HashMap<String, Vec<Place>>,
) -> Vec<String> {
    let mut found = Vec::new();
    if document.outputs["pages"] != facts["pages"] {
        found.push(format!("{} pages, not {}", document.outputs["pages"], facts["pages"]));
    }
    let facts_words = facts["words"].as_array().unwrap();
    assert!(facts_words.len() > 20, "too few words to compare");
    for fact in facts_words {
        let word = fact[0].as_str().unwrap();
        let [page, x, y] = [1, 2, 3].map(|it| fact[it].as_f64().unwrap());
        let places = words.get(word).map(Vec::as_slice).unwrap_or_default();
        let is_there = |it: &Place| {
            (it.page - page).abs() < 0.5
                && (it.x - x).abs() <= tolerance.x
                && (it.y - y).abs() <= tolerance.y
        };
        if !places.iter().any(is_there) {
            found.push(format!("`{word}` at {places:.1?}, not on page {page} at {x}, {y}"));
        }
    }
    let first = |word: &str| words.get(word).map(|it| it[0]);
    steps(&facts["columns"], COLUMN, |word| Some(first(word)?.x), &mut found);
    steps(&facts["rows"], ROW, |word| Some(first(word)?.y), &mut found);
    found
}

/// The distances from one column or row to the next.
fn steps(
    facts: &Value,
    tolerance: f64,
    place: impl Fn(&str) -> Option<f64>,
    found: &mut Vec<String>,
) {
    let at = |it: &Value| (it[0].as_str().unwrap().to_owned(), it[1].as_f64().unwrap());
    for pair in facts.as_array().unwrap().windows(2) {
        let ((one, start), (other, end)) = (at(&pair[0]), at(&pair[1]));
        let Some((from, to)) = place(&one).zip(place(&other)) else {
            found.push(format!("`{one}` or `{other}` is not there"));
            continue;
        };
        if ((to - from) - (end - start)).abs() > tolerance {
            found.push(format!(
                "from `{one}` to `{other}`: {:.1} points, not {:.1}",
                to - from,
                end - start
            ));
        }
    }
}

#[test]
fn what_is_elsewhere_is_found() {
    let samples = samples();
    let letter = samples.iter().find(|it| it.name == "letter").unwrap();
    let (document, words) = made(letter);
    let check = |facts: &Value, expected: &str| {
        let mut all = serde_json::from_str::<Value>(letter.reference).unwrap()["weasyprint"].take();
        for (name, value) in facts.as_object().unwrap() {
            all[name] = value.clone();
        }
        if let Some(word) = facts.get("word") {
            all["words"].as_array_mut().unwrap().push(word.clone());
        }
        assert_eq!(differences(&all, letter.tolerances.1, &document, &words), [expected]);
    };
    check(&json!({"pages": 2}), "1 pages, not 2");
    check(&json!({"word": ["nowhere", 1, 1, 1]}), "`nowhere` at [], not on page 1 at 1, 1");
    check(&json!({"columns": [["Dear", 70], ["nowhere", 80]]}), "`Dear` or `nowhere` is not there");
    let [dear] = words["Dear"][..] else { panic!("more than one `Dear`") };
    let (x, y) = (dear.x + 1.0, dear.y);
    let told = format!("`Dear` at {:.1?}, not on page 1 at {x}, {y}", [dear]);
    check(&json!({"word": ["Dear", 1, x, y]}), &told);
}

#[test]
fn documents_look_as_in_chromium_and_weasyprint() {
    let mut all = Vec::new();
    for sample in samples() {
        let (document, words) = made(&sample);
        let reference: Value = serde_json::from_str(sample.reference).unwrap();
        for (engine, tolerance) in
            [("chromium", sample.tolerances.0), ("weasyprint", sample.tolerances.1)]
        {
            let Some(facts) = reference.get(engine) else { continue };
            let found = differences(facts, tolerance, &document, &words);
            all.extend(found.into_iter().map(|it| format!("{} in {engine}: {it}", sample.name)));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
