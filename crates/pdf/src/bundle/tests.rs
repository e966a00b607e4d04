use super::*;
use crate::{
    engine::Fetch,
    page::{Language, Margins, Strip},
    template::Format,
    worker::{Need, Supply},
};

/// A network with one picture.
struct Network;

impl Fetch for Network {
    fn fetch(&mut self, needs: &[Need]) -> Vec<Supply> {
        let supply = |it: &Need| match it {
            Need::Url(url) if url == "https://a.test/seal.png?v=1&w=2" => {
                Supply::Found(Blob::new("seal.png", b"\x89PNG of the network".to_vec()))
            }
            Need::Url(_) => Supply::Refused("is closed (EGRESS_PRIVATE)".to_owned()),
            Need::Template(_) => Supply::Refused("is not there".to_owned()),
        };
        needs.iter().map(supply).collect()
    }
}

fn job(html: &str) -> Job {
    let sheet = "@import 'more.css';\nb { background: URL( logo.png ) } /* url(gone) */";
    Job {
        assets: vec![
            Blob::new("logo.png", b"\x89PNG".to_vec()),
            Blob::new("pictures/ä.png", b"\x89PNG".to_vec()),
            Blob::new("style.css", sheet.as_bytes().to_vec()),
            Blob::new("more.css", b"@import url(\"style.css\"); i{src:url(#x)}".to_vec()),
        ],
        ..Job::of_text(Format::Html, html)
    }
}

fn files(job: &Job) -> (Vec<Blob>, Vec<String>) {
    let mut network = Network;
    let mut resources = Resources::new(&job.assets, &mut network, true, 1000);
    bundled(job, &["font-family:\"X\";".to_owned()], &mut resources, 1000).unwrap()
}

fn text(files: &[Blob], name: &str) -> String {
    let file = files.iter().find(|it| it.name == name);
    let names: Vec<_> = files.iter().map(|it| &it.name).collect();
    let file = file.unwrap_or_else(|| panic!("no {name} among {names:?}"));
    String::from_utf8_lossy(&file.bytes).into_owned()
}

/// What becomes of a page, without what is put around it.
fn check(html: &str, expected: &str, warned: &[&str]) {
    let (files, warnings) = files(&job(html));
    let index = text(&files, INDEX);
    let (_, page) = index.split_once(&format!("content=\"{POLICY}\">")).unwrap();
    assert_eq!(page, expected, "{html}");
    assert_eq!(warnings, warned, "{html}");
}

#[test]
fn what_cannot_be_had_is_told_and_leads_nowhere() {
    check(
        "<img src=gone.png><img src='http://10.0.0.1/a.png'>",
        "<img src=\"data:,\"><img src=\"data:,\">",
        &[
            "image `gone.png` is not there",
            "image `http://10.0.0.1/a.png` is closed (EGRESS_PRIVATE)",
        ],
    );
    check(
        "<link rel=stylesheet href=x.css><p style=\"background: url('y.png')\">",
        "<link rel=stylesheet href=\"data:,\"><p style=\"background: url(&quot;data:,&quot;)\">",
        &["style sheet `x.css` is not there", "`y.png` is not there"],
    );
    check(
        "<iframe src='file:///etc/passwd'></iframe>",
        "<iframe src=\"data:,\"></iframe>",
        &["`file:///etc/passwd` `file:` addresses are not read"],
    );
}

#[test]
fn what_is_no_reference_stays_as_it_is() {
    let check = |html: &str| check(html, html, &[]);
    check("");
    check("a < b && c <");
    check("<a href='https://a.test/x.png'>x</a><p title=\"src=y\">");
    check("<!-- <img src=gone.png> --><script>'<img src=gone.png>'</script>");
    check("<textarea><img src=gone.png></textarea><img src='data:image/png;base64,AA'>");
    check("<style>/* url(gone) */ a::after { content: 'url(gone)' } p { x-url(gone) }</style>");
    check("<svg><use href='#a'/></svg><p style=''><img alt><img src=\"");
    check("<!-- never ended <img src=gone.png>");
    check("<style>a { b: url(#c) }");
}

#[test]
fn files_go_along_under_names_without_folders() {
    check("<IMG Src = logo.png >", "<IMG Src = \"logo.png\" >", &[]);
    check("<img src='pictures&#x2f;&#228;.png'>", "<img src=\"file-3.png\">", &[]);
    check("<img src='https://a.test/seal.png?v=1&amp;w=2'>", "<img src=\"file-3.png\">", &[]);
    check(
        "<img srcset='logo.png 1x, ./logo.png 2x,gone.png'>",
        "<img srcset=\"logo.png 1x, logo.png 2x, data:,\">",
        &["image `gone.png` is not there"],
    );
    check(
        "<style>p{background:url(logo.png)}</style >x",
        "<style>p{background:url(\"logo.png\")}</style >x",
        &[],
    );
}

#[test]
fn sheets_go_along_with_what_they_refer_to() {
    let (files, warnings) = files(&job("<link href='style.css' rel='Stylesheet'>"));
    assert_eq!(warnings, [""; 0]);
    assert!(text(&files, INDEX).ends_with("<link href=\"file-4.css\" rel='Stylesheet'>"));
    assert_eq!(
        text(&files, "file-4.css"),
        "@import \"file-3.css\";\nb { background: url(\"logo.png\") } /* url(gone) */"
    );
    // Sheets in a circle end somewhere.
    assert_eq!(text(&files, "file-3.css"), "@import url(\"data:,\"); i{src:url(#x)}");
}

#[test]
fn what_the_task_says_stands_around_the_page() {
    let side = crate::page::Length(36.0);
    let mut job = job("<!-- ours -->\n<!DOCTYPE html><html lang=en><title>Own</title>x");
    job.page.about.title = Some("A & \"B\"".to_owned());
    job.page.about.language = Language::try_from("de-AT".to_owned()).ok();
    job.page.margins = Some(Margins { top: side, right: side, bottom: side, left: side });
    job.fonts = vec![Blob::new("x.ttf", b"font".to_vec())];
    let (files, _) = files(&job);
    let expected = format!(
        "<!-- ours -->\n<!DOCTYPE html><html lang=\"de-AT\"><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"><title>A &amp; &quot;B&quot;</title><style>@font-face{{font-family:\"X\";src:url(font-0.ttf)}}</style><html lang=en><title>Own</title>x<style>@page{{margin:36pt 36pt 36pt 36pt}}</style>"
    );
    assert_eq!(text(&files, INDEX), expected);
    assert_eq!(text(&files, "font-0.ttf"), "font");
}

#[test]
fn headers_and_footers_are_documents_of_their_own() {
    let mut job = job("x");
    job.page.header = Some(Strip::Html("<img src=logo.png> <b>Acme</b>".to_owned()));
    job.page.footer = Some(Strip::Text("a < b | \u{f8f0} of \u{f8f1}".to_owned()));
    let (files, _) = files(&job);
    let header = text(&files, HEADER);
    let image = "<img src=\"data:image/png;base64,iVBORw==\"> <b>Acme</b></div>";
    assert!(header.contains(image), "{header}");
    let footer = text(&files, FOOTER);
    let number = "<span class=\"pageNumber\"></span> of <span class=\"totalPages\"></span>";
    assert!(footer.contains(">a &lt; b</div>") && footer.contains(number), "{footer}");
}

#[test]
fn names_that_say_something_to_gotenberg_are_not_taken() {
    let check = |name: &str, expected: bool| assert_eq!(is_plain(name), expected, "{name}");
    check("", false);
    check("index.html", false);
    check("Header.html", false);
    check("a/b.png", false);
    check("..", false);
    check("a b.png", false);
    check("a\"\r\nb.png", false);
    check("file-1.png", false);
    check("logo_2-x.PNG", true);
}
