//! What the profile promises, property by property: what is told, and what Typst is asked for.

#![expect(clippy::unwrap_used, reason = "a test whose helpers cannot go on has failed")]

use std::sync::Arc;

use html_typst::{Assets, Document, Image, Options, convert};

/// Has every image, and nothing else.
struct Images;

impl Assets for Images {
    fn image(&mut self, address: &str) -> Result<Image, String> {
        Ok(Image { name: address.to_owned(), size: Some((40.0, 20.0)) })
    }

    fn font(&mut self, _address: &str) -> Result<Vec<u8>, String> {
        Err("is not there".to_owned())
    }

    fn sheet(&mut self, _address: &str) -> Result<String, String> {
        Err("is not there".to_owned())
    }

    fn keep(&mut self, _svg: String) -> String {
        "drawing.svg".to_owned()
    }
}

fn converted(html: &str) -> Document {
    convert(html, &Options::default(), &mut Images).unwrap()
}

#[test]
fn what_is_approximated_is_told() {
    let check = |html: &str, expected: &str| {
        assert_eq!(converted(html).warnings, [expected], "{html}");
    };
    let style = |css: &str, expected: &str| {
        let text = format!("CSS `{css}`{expected} (line 1, column 1)");
        check(&format!("<p style='{css}'>a"), &text);
    };
    style("border: 2px groove red", ": drawn as a line");
    style("border-left-style: ridge", ": drawn as a line");
    style("border-radius: 1px/2px", ": corners are parts of circles");
    style("orphans: 4", ": two lines are kept together");
    style("text-decoration: underline double", ": drawn as one line");
    style("text-decoration-style: double", ": drawn as one line");
    style("text-wrap: balance", ": lines are filled");
    style(
        "break-before: avoid",
        ": a box is kept with the one before by `break-after` of that one",
    );
    style("transform-origin: 10px 20px", ": the nearest of edge and middle is taken");
    style("grid-template-columns: minmax(10px, 1fr) 2fr", ": the least width is not kept to");
    style("word-break: keep-all", "");
    style("text-overflow: ellipsis", "");
    style("text-decoration-skip-ink: none", "");
    style("column-fill: auto", "");
    style("object-fit: scale-down", "");
    style("width: min-content", "");
    style("background: radial-gradient(at left, red, blue)", "");
    check("<p style='max-height: 1em'>a", "CSS `max-height` of a box (line 1)");
    check(
        "<div><p style='height: 50%'>a",
        "CSS `height: 50%`: the height around it is not given (line 1)",
    );
    check("<table style='height: 9cm'><tr><td>a", "CSS `height` of a table (line 1)");
    check("<img src=a style='opacity: .5'>", "CSS `opacity` of an image (line 1)");
    check(
        "<img src=a style='min-width: 5cm'>",
        "CSS `min-width` and `min-height` of an image (line 1)",
    );
    check(
        "<img src=a style='border: 5px double'>",
        "CSS `border-style: double` is one line here (line 1)",
    );
    check(
        "<table><tr><td style='border-left: 5px double'>a",
        "CSS `border-style: double` is one line here (line 1)",
    );
    check("<table><tr><td style='border-radius: 5px'>a", "CSS `border-radius` of a cell (line 1)");
    check(
        "<table><tr><td style='transform: rotate(1deg)'>a",
        "CSS `transform` of a cell or an image (line 1)",
    );
    check(
        "<p style='position: relative; z-index: 2'>a",
        "CSS `z-index`: boxes that are not fixed cover those before them (line 1)",
    );
    check(
        "<p>a <span style='vertical-align: middle'>b</span>",
        "CSS `vertical-align` of a text: `sub`, `super` and lengths are known (line 1)",
    );
    check(
        "<p>a <span style='position: relative; top: 1px'>b</span>",
        "CSS `position: relative` of a text (line 1)",
    );
    check("<div style='display: grid; align-content: center'><p>a", "CSS `align-content` (line 1)");
    check(
        "<div style='display: grid; justify-content: center'><p>a",
        "CSS `justify-content` of a grid (line 1)",
    );
    check(
        "<div style='background: url(a) no-repeat 0 0 / cover'>a",
        "CSS `background-size`: the image is as wide as the box (line 1)",
    );
    check(
        "<style>@page a {}</style><div style='padding: 1px'><p style='page: a'>a",
        "CSS `page` of a box within another one (line 1)",
    );
    check(
        "<div style='padding: 1px'><div style='padding: 1px'><i style='position: absolute; left: 0'>a",
        "CSS `left` and `right` without `top` and `bottom` count from the box around (line 1)",
    );
    check(
        "<div style='position: relative'><i style='position: absolute; top: 0; bottom: 0'>a",
        "CSS `bottom` beside `top`: the height around it is not given (line 1)",
    );
}

/// Whether the parts of a document's Typst stand in this order.
fn check(html: &str, expected: &[&str]) {
    let document = converted(html);
    assert_eq!(document.warnings, [""; 0], "{html}");
    let mut rest = document.body.as_str();
    for part in expected {
        let Some(at) = rest.find(part) else { panic!("no {part} in {rest}\nof {}", document.body) };
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn positions_count_from_the_nearest_positioned_box() {
    // Behind the box that is not positioned, in the one that is, at its padding's edge.
    check(
        "<div style='position: relative; padding: 10pt'><div style='padding: 5pt'>a<i style='position: absolute; top: 1pt; right: 2pt'>b</i></div></div>",
        &[
            "inset: (top: 10pt",
            "inset: (top: 5pt",
            "#\"a\";",
            "];#place(right + top, dx: 8pt, dy: -9pt",
            "#\"b\";",
        ],
    );
    // From the page, which begins outside of the body's margin.
    check(
        "<body style='margin: 10pt'><div style='padding: 5pt'>a<i style='position: absolute; top: 0; left: 0'>b</i></div>",
        &["#\"a\";", "];#place(left + top, dx: -10pt, dy: 0pt", "#\"b\";"],
    );
    // Shares are of what the positions are counted from.
    check(
        "<div style='position: relative; width: 100pt; padding: 10pt'><i style='position: absolute; top: 0; left: 50%'>b</i></div>",
        &["#place(left + top, dx: 50pt, dy: -10pt"],
    );
    // `top` and `bottom` make the height.
    check(
        "<div style='position: relative; height: 100pt'><div style='position: absolute; top: 10pt; bottom: 20pt; border: 1pt solid'>b</div></div>",
        &["#place(left + top, dx: 0pt, dy: 10pt", "height: 70pt"],
    );
}

#[test]
fn double_borders_are_two_lines() {
    check(
        "<div style='border: 6pt double red'>a",
        &["2pt + rgb(", "outset: (top: -1pt", "block(", "2pt + rgb(", "outset: (top: -1pt"],
    );
    check(
        "<table><tr><td style='border-bottom: 6pt double red'>a",
        &["#place(bottom + left", "2pt + rgb(", "#place(bottom + left", "2pt + rgb("],
    );
}

#[test]
fn cells_that_look_the_same_are_described_once() {
    let html = "<table><tr><td>a<td>b<tr><td style='background: red'>c<td>d</table>";
    check(
        html,
        &[
            "#let c0 = table.cell.with(align: left + horizon);",
            "#let c1 = table.cell.with(fill: rgb(255, 0, 0), align: left + horizon);",
            "#table(columns: (auto, auto,), stroke: none, inset: (",
            "c0(\"a\"), c0(\"b\"), c1(\"c\"), c0(\"d\"));",
        ],
    );
    assert!(!converted(html).body.contains("c2"), "a look too many");
    // A text stays one whatever is in it.
    check("<table><tr><td>\"]); #read(\"x\\</table>", &[r#"c0("\"]); #read(\"x\\"));"#]);
    check("<table><tr><td>a\"; #\"b</table>", &[r#"c0("a\"; #\"b"));"#]);
    check("<table><tr><td>a<br>b</table>", &["c0[#\"a\";#linebreak();#\"b\";]);"]);
    let borders = "<style>table { border-collapse: collapse } td { border: 1pt solid }</style>";
    check(
        &format!("{borders}<table><tr><td>a<td>b</table>"),
        &["table.cell.with(align: left + horizon)", "stroke: (rest: none", "inset: (rest: 0pt"],
    );
    // Where a place is empty, the others are told theirs, and it has nothing of what they have.
    check(
        &format!("{borders}<table><tr><td>a<tr><td>b<td>c</table>"),
        &[
            "stroke: none, inset: 0pt",
            "c0(x: 0, y: 0)[#\"a\"",
            "c0(x: 0, y: 1)[#\"b\"",
            "c0(x: 1, y: 1)[#\"c\"",
        ],
    );
}

#[test]
fn lines_end_without_their_spaces() {
    check("<p>a <br>b\n</p>", &["#par[#\"a\";#linebreak();#\"b\";];"]);
    check("<p>a <b>b </b> </p>", &["#\"a \";#text(weight: 700)[#\"b\";];"]);
    check("<table><tr><td>\n  1\n</td></tr></table>", &["c0(\"1\")"]);
    check("<p style='white-space: pre-line'>a \n b</p>", &["#\"a\";#linebreak();#\"b\";"]);
    check("<pre>a </pre>", &["#\"a \";"]);
}

#[test]
fn boxes_in_lines_stand_on_the_baseline() {
    // What is stacked stands on its bottom: 0.293 of 12 points are below the baseline, and the padding.
    let html = "<p>a <span style='display: inline-block; padding: 2pt'>b</span>";
    check(html, &["#box(", "baseline: 5.516pt)[#stack[#\"b\";]];"]);
    // Without letters of its own, the box itself does.
    let empty = "<p>a <span style='display: inline-block; width: 5pt; height: 5pt'></span>";
    check(empty, &["height: 5pt, baseline: 0pt)[#stack[]];"]);
    // A frame in a line is as high as its letters, whatever the line is.
    let frame =
        "<p style='line-height: 20pt'>a <code style='padding: 1pt; font-family: serif'>b</code>";
    // Libertinus Serif's are (0.894 + 0.246) * 12 = 13.68 points: half of the other 6.32 is on each side, less 1 of padding.
    check(frame, &["outset: (top: -2.16pt, bottom: -2.16pt, ", "#\"b\";"]);
    assert!(!converted(frame).body.contains("baseline:"), "the letters' own is taken");
}

#[test]
fn lines_are_as_high_as_their_paragraph_wants_them() {
    // The ascent and descent of 12 points are those of the lines, although the letters have 8.
    let small = "<p><span style='font-size: 8pt'>a</span>";
    check(small, &["#text(size: 8pt, top-edge: 12.828pt, bottom-edge: -3.516pt)[#\"a\";];"]);
    check("<p><span style='font-size: 20pt'>a</span>", &["#text(size: 20pt)[#\"a\";];"]);
    // Where no letters are, something else makes them so.
    check(
        "<p><span style='display: inline-block; font-size: 8pt'>a</span>",
        &["#stack[", "#box(height: 16.344pt, baseline: 3.516pt);"],
    );
}

#[test]
fn items_with_round_corners_are_as_high_as_their_row() {
    let row = |css: &str, text: &str| {
        format!(
            "<div style='display: flex'><p style='margin: 0; flex: 1; border-radius: 3pt; background: red; {css}'>a</p><p>{text}</p></div>"
        )
    };
    check(
        &row("padding: 2pt", "b"),
        &[
            "breakable: false)[#place(top + left, dx: -2pt, dy: -2pt, block(width: 100% + 4pt, height: 100% + 4pt, fill: rgb(255, 0, 0), radius: 3pt));#\"a\";]",
        ],
    );
    let told = "CSS `align-items: stretch` of a box whose frame can't grow (line 1)";
    assert_eq!(converted(&row("overflow: hidden", "b")).warnings, [told]);
    assert_eq!(converted(&row("", &"long ".repeat(200))).warnings, [told]);
}

#[test]
fn tables_are_as_wide_as_what_is_in_them() {
    let table = |css: &str| format!("<table style='{css}'><tr style='height: 30pt'><td>a</table>");
    check(
        &table("border: 1pt solid"),
        &["#block(inset: (top: 1pt", "#grid(columns: (0pt, auto), block("],
    );
    check(&table("margin: auto"), &["#align(center, block()[#set align(left);", "#table("]);
    check(&table("margin-left: auto"), &["#align(right, block()[#set align(left);", "#table("]);
    check(
        &table("border: 1pt solid; min-width: 90pt"),
        &["#block(width: 90pt,", "(0pt, 1fr), block("],
    );
    check("<table><tr height=40><td>a</table>", &["block(height: 28.5pt)"]);
}

/// Whether `a`, in `<div class=c><p class=p>a`, has this color by the style sheet.
fn check_color(css: &str, expected: &str) {
    let document = converted(&format!("<style>{css}</style><div class=c><p class=p>a</p></div>"));
    assert_eq!(document.warnings, [""; 0], "{css}");
    let color = format!("#set text(fill: {expected});");
    assert!(document.body.contains(&color), "no {color} in {}\nof {css}", document.body);
}

#[test]
fn layers_win_by_their_order_and_not_by_their_selectors() {
    let (red, green) = ("rgb(255, 0, 0)", "rgb(0, 128, 0)");
    check_color("@layer a { .c .p { color: red } } @layer b { p { color: green } }", green);
    check_color(
        "@layer b, a; @layer a { p { color: red } } @layer b { .c .p { color: green } }",
        red,
    );
    check_color("p { color: red } @layer a { .c .p { color: green } }", red);
    check_color("@layer a { p { color: red } @layer b { .c .p { color: green } } }", red);
    check_color("@layer a { p { color: red !important } } .c .p { color: green !important }", red);
    check_color("@layer { p { color: red } } @layer { p { color: green } }", green);
}

#[test]
fn rules_within_rules_are_rules() {
    let (red, green) = ("rgb(255, 0, 0)", "rgb(0, 128, 0)");
    check_color(".c { color: green; .p { color: red } }", red);
    check_color(".c { & > p.p { color: red } }", red);
    check_color("p { &.p { color: red } color: green }", red);
    check_color(".x, .c { .p { @media print { color: green } } }", green);
    check_color(".c { @layer a { .p { color: red } } } p { color: green }", green);
    check_color("p { &:hover { color: red } .c & { color: green } }", green);
}

#[test]
fn what_is_for_screens_spoils_no_selector() {
    let red = "rgb(255, 0, 0)";
    check_color(":root, :host { --r: red } p { color: var(--r) }", red);
    check_color("*, ::backdrop, ::file-selector-button, ::-webkit-scrollbar { color: red }", red);
    check_color("p:not(:disabled, :focus, :-moz-focusring) { color: red }", red);
    check(
        "<style>input:checked { width: 9pt }</style><input type=checkbox checked>",
        &["width: 9pt"],
    );
}

#[test]
fn custom_properties_have_the_values_that_they_begin_with() {
    let red = "rgb(255, 0, 0)";
    let of = |inherits: &str| {
        format!(
            "@property --r {{ syntax: '*'; inherits: {inherits}; initial-value: red }} p {{ color: var(--r) }}"
        )
    };
    check_color(&of("false"), red);
    check_color(&of("true"), red);
    check_color(&format!("{} .c {{ --r: green }}", of("false")), red);
    check_color(&format!("{} .c {{ --r: green }}", of("true")), "rgb(0, 128, 0)");
    check(
        "<p style='width: 9pt; height: 9pt; background: red; border-radius: calc(infinity * 1px)'>",
        &["radius: 100000pt"],
    );
    check(
        "<div style='border: 1pt solid red'><p style='border: 2pt solid; border-color: inherit'>a</div>",
        &["1pt + rgb(255, 0, 0)", "2pt + rgb(255, 0, 0)"],
    );
}

#[test]
fn headings_of_tables_are_centered_where_nothing_says_it() {
    let heading = |css: &str| format!("<table style='{css}'><tr><th>a</table>");
    check(&heading(""), &["align: center + horizon"]);
    check(&heading("text-align: left"), &["align: left + horizon"]);
    check(&heading("text-align: right"), &["align: right + horizon"]);
}

#[test]
fn families_that_there_are_not_are_passed_over() {
    let families = ["noto sans", "own"].map(str::to_owned).into();
    let options = Options { families: Some(Arc::new(families)), ..Options::default() };
    let body = |css: &str| {
        let html = format!("<p style='font-family: {css}'>a");
        convert(&html, &options, &mut Images).unwrap().body
    };
    let fonts = |body: &str| {
        body.split("font: (").nth(1).map(|it| it.split(')').next().unwrap().to_owned())
    };
    assert_eq!(fonts(&body("Roboto, Own, sans-serif")).unwrap(), "\"Own\", \"Noto Sans\",");
    // One that nobody has is what is told.
    assert_eq!(fonts(&body("Roboto")).unwrap(), "\"Roboto\",");
}

#[test]
fn columns_of_items_share_out_the_room_that_is_left() {
    let column = |css: &str, items: &str| {
        format!("<div style='display: flex; flex-direction: column; {css}'>{items}</div>")
    };
    let two = "<div>a</div><div>b</div>";
    let high = |justify: &str| column(&format!("height: 90pt; justify-content: {justify}"), two);
    check(&high("center"), &["[#v(1fr);", "#\"a\";", "#\"b\";", "#v(1fr);];"]);
    check(&high("space-between"), &["#\"a\";", "#v(1fr);", "#\"b\";"]);
    check(&high("space-around"), &["#v(0.5fr);", "#\"a\";", "#v(1fr);", "#\"b\";", "#v(0.5fr);"]);
    let pushed = "<div>a</div><div style='margin-top: auto'>b</div>";
    check(
        &column("height: 90pt; justify-content: center", pushed),
        &["[#par[#\"a\"", "#v(1fr);#par[#\"b\";];];"],
    );
    let grown = "<div>a</div><div style='flex: 2'>b</div><div>c</div>";
    check(&column("height: 90pt", grown), &["#\"b\";", "#v(2fr);", "#\"c\";"]);
    // They stand below each other whatever is between them, and shrink where they are not stretched.
    check(&column("border: 1pt solid", two), &["#par[#\"a\";];#par[#\"b\";];"]);
    check(&column("align-items: center", "<p>a"), &["#align(center, block[", "#\"a\";"]);
    check(&column("align-items: end", "<img src=a width=4>"), &["#align(right, block[", "3pt"]);
    // Without a height of its own it has no room left.
    assert!(!converted(&column("justify-content: center", two)).body.contains("fr)"));
    let told = "CSS `min-height` of a flex column: room that is left stays below (line 1)";
    assert_eq!(converted(&column("min-height: 90pt; justify-content: end", two)).warnings, [told]);
    // A row of items as high as its container has them in its middle.
    check(
        "<div style='display: flex; height: 90pt; align-items: center'><b>a</b></div>",
        &["rows: 90pt, grid.cell(align: left + horizon)"],
    );
}

#[test]
fn paragraphs_run_on_below_floats() {
    check(
        "<div style='float: right; width: 100pt; height: 50pt'>f</div><p>one <b>two</b> three</p>",
        &[
            "(100pt, [",
            "#\"f\";",
            "let words = ([#\"one \";], [#text(weight: 700)[#\"two\";];], [#\" \";], [#\"three\";], )",
        ],
    );
    // A line break may clear them.
    for br in ["<br clear=all>", "<br style='clear: both'>"] {
        let body = converted(&format!("<img src=a align=left>b{br}<p>c")).body;
        assert!(body.ends_with("below.join() };#v(12pt, weak: true);#par[#\"c\";];"), "{body}");
    }
    // Boxes stay beside it as they are.
    let body = converted(
        "<div style='float: left; width: 9pt; height: 9pt'>f</div><p style='border: 1px solid'>one",
    )
    .body;
    assert!(body.contains("#grid(columns: (9pt, 1fr)") && !body.contains("let words"), "{body}");
}

#[test]
fn properties_are_what_typst_calls_them() {
    check("<p>a<i style='margin: 0 2pt 0 3pt'>b</i>", &["#h(3pt);", "#\"b\";", "#h(2pt);"]);
    check("<p style='orphans: 1'>a", &["costs: (orphan: 0%, widow: 100%)"]);
    check("<p style='text-wrap: pretty'>a", &["linebreaks: \"optimized\""]);
    check(
        "<p style='font-variant: small-caps; font-size: 10pt'>Ab É",
        &["#\"A\";#text(size: 7pt, top-edge: 10.69pt, bottom-edge: -2.93pt)[#\"B\";];#\" É\";"],
    );
    check(
        "<p style='font-variant: small-caps; white-space: nowrap'>A b",
        &["#box[#\"A \";#text(size: 8.4pt", "#\"B\";];];"],
    );
    check("<p>a", &["overhang: false"]);
    check("<p style='font: small-caps 9pt Libertinus Serif'>Ab", &["smcp", "#\"Ab\";"]);
    check("<img src=a hspace=4 vspace=2>", &["#h(3pt);", "inset: (top: 1.5pt, bottom: 1.5pt)"]);
    check("<pre style='tab-size: 2'>a\tb", &["#\"a  b\";"]);
    check("<p style='word-break: break-all'>abc", &["#\"a\u{200b}b\u{200b}c\";"]);
    check(
        "<p style='width: 20pt; overflow-wrap: anywhere'>a bcdefghijk",
        &["#\"a b\u{200b}c\u{200b}d"],
    );
    check("<p style='width: fit-content; border: 1pt solid'>a", &["#block(inset: (top: 1pt"]);
    check(
        "<b style='display: inline-block; transform: rotate(90deg)'>a",
        &["#box(baseline: ", "rotate(90deg", "box()["],
    );
    check(
        "<div style='display: grid; justify-items: end'><p>a",
        &["grid.cell(x: 0, y: 0, colspan: 1, rowspan: 1, align: right + top)"],
    );
    check("<table><tr style='height: 50pt'><td style='padding: 0'>a", &["block(height: 50pt)"]);
    check(
        "<div style='column-count: 2'>a<h1 style='column-span: all'>b</h1>c</div>",
        &["columns(2", "#\"b\";", "columns(2"],
    );
    check("<input type=checkbox checked>", &["#image(\"drawing.svg\", width: 9.75pt, alt: \"☑\")"]);
    check(
        "<table><caption style='caption-side: bottom'>c</caption><tr><td>a</table>",
        &["c0(\"a\")", "#\"c\";"],
    );
    check(
        "<style>@page { @bottom-left { content: 'a'; width: 100pt; padding-left: 10pt } }</style>",
        &["columns: (110pt, 1fr,)", "#\"a\";"],
    );
}

#[test]
fn strings_begin_behind_the_break_before_their_box() {
    check(
        "<style>h1 { break-before: page; string-set: part content() } @page { @top-left { content: string(part) } }</style><p>a<h1>b</h1>",
        &["#\"a\";", "#pagebreak", "<string-0>", "#\"b\";"],
    );
}

#[test]
fn labels_stand_once() {
    let check = |html: &str| {
        let body = converted(html).body;
        assert_eq!(body.matches("<to-0>]").count(), 1, "{body}");
        assert!(body.contains("#link(<to-0>)"), "{body}");
    };
    check("<a href='#a'>x</a><p id=a>b<p id=a>c");
    check("<a href='#a'>x<p id=a>b</a>");
    check("<a href='#a'>x</a><table><tbody id=a><tr><td>b</table>");
    check("<a href='#a'>x</a><table><thead><tr id=a><th id=a>h<tbody><tr><td>b</table>");
    check("<a href='#a'>x</a><p id=a style='position: fixed'>b");
    check(
        "<style>@page { @top-left { content: element(h) } } h1 { position: running(h) }</style><a href='#a'>x</a><h1 id=a>b</h1>",
    );
}
