//! `check`: makes a page with the embedded engine, and asks Gotenberg how it is.

use common::{
    Context, Failure,
    clap::{ArgMatches, Command},
};
use tokio::time::Instant;

use crate::{
    client::Pdf,
    error::{self, ErrorCode},
    template::Format,
    worker::Job,
};

pub(crate) fn command() -> Command {
    Command::new("check").about("Make a page, and say whether Gotenberg answers")
}

/// One line per engine; fails when one of them does not work.
pub(crate) async fn execute(pdf: Context<Pdf>, _given: ArgMatches) -> Result<String, Failure> {
    let start = Instant::now();
    let job = Job::of_text(Format::Markdown, "# A page");
    let page = pdf.pool.render(job, pdf.references()).await;
    let page = page.map(|_| "a page".to_owned()).map_err(|it| error::rendering(&it));
    let embedded = line("embedded", "", start, page);
    let outside = match &pdf.gotenberg {
        None => Ok("gotenberg  is not configured (GOTENBERG_URL)".to_owned()),
        Some(service) => {
            let start = Instant::now();
            line("gotenberg", &format!("{}  ", service.address), start, service.about().await)
        }
    };
    let is_well = embedded.is_ok() && outside.is_ok();
    let lines = [embedded, outside].map(|it| it.unwrap_or_else(|it| it)).join("\n");
    if is_well { Ok(lines) } else { Err(Failure::business(ErrorCode::UnknownError, lines)) }
}

/// What is said of an engine, on either side.
fn line(
    name: &str,
    place: &str,
    start: Instant,
    outcome: Result<String, Failure>,
) -> Result<String, String> {
    let ms = start.elapsed().as_millis();
    match outcome {
        Ok(seen) => Ok(format!("{name:9}  works  {place}{seen}, {ms} ms")),
        Err(failure) => Err(format!("{name:9}  FAILS  {place}{failure}")),
    }
}
