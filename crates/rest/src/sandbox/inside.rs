//! The other side: a process with little memory and little time, which evaluates and ends.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use jaq_core::{
    Compiler, Ctx, Vars,
    data::JustLut,
    load::{self, Arena, File, Loader},
};
use jaq_json::{Val, read};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::{Value, value::RawValue};
use serde_json_path::JsonPath;

use super::{
    Answer, CPU_SECONDS_MAX, Job, Line, MEMORY_BYTES_MAX, MEMORY_PER_BYTE, Program,
    RESULT_BYTES_MAX, RESULTS_MAX,
};

type Filter = jaq_core::Filter<JustLut<Val>>;

/// The whole of the process: a job on standard input, a line for each of its programs on standard output.
pub(crate) fn main() -> ExitCode {
    match work(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_told_by_the_status) => ExitCode::FAILURE,
    }
}

fn work(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut job = Vec::new();
    input.read_to_end(&mut job)?;
    limit(job.len() as u64)?;
    let Job { programs, answer } = serde_json::from_slice(&job)?;
    let mut written = 0;
    for program in &programs {
        let mut line = line(program, answer.as_ref());
        if let Line::Value(value) = &line {
            written += value.get().len();
            if written > RESULT_BYTES_MAX {
                line = Line::TooLarge;
            }
        }
        serde_json::to_writer(&mut output, &line)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

/// Lets the kernel end this process when it takes too much; nothing it holds is written to a disk then.
fn limit(job_bytes: u64) -> io::Result<()> {
    let both = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::As, both(MEMORY_BYTES_MAX + MEMORY_PER_BYTE * job_bytes))?;
    // A second more until the kernel kills: the soft limit's signal says what it was.
    let cpu = Rlimit { current: Some(CPU_SECONDS_MAX), maximum: Some(CPU_SECONDS_MAX + 1) };
    setrlimit(Resource::Cpu, cpu)?;
    Ok(())
}

fn line(program: &Program, answer: Option<&Answer>) -> Line {
    match program {
        Program::Jq(text) => match (compile(text), answer) {
            (Err(why), _) => Line::Wrong(why),
            (Ok(_), None) => Line::Unfit,
            (Ok(filter), Some(answer)) => run(&filter, answer),
        },
        Program::Path(text) => match (JsonPath::parse(text), answer) {
            (Err(error), _) => Line::Wrong(error.to_string()),
            (Ok(_), None) => Line::Unfit,
            (Ok(path), Some(answer)) => select(&path, answer),
        },
    }
}

/// The filter of a jq expression.
///
/// # Errors
/// What is wrong with it, in words.
fn compile(text: &str) -> Result<Filter, String> {
    // The allocator's setting is nobody's business either.
    let own = load::parse("def env: {};", |it| it.defs()).unwrap_or_default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(own);
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    // Without a way to read files, so that `import` and `include` find nothing.
    let loaded = Loader::new(definitions).load(&arena, File { code: text, path: () });
    let modules = loaded.map_err(|errors| {
        let wrong = errors.into_iter().next().map(|(_, error)| match error {
            load::Error::Io(_) => "there is nothing to import".to_owned(),
            load::Error::Lex(errors) => errors
                .first()
                .map_or_else(String::new, |(wanted, at)| expected(wanted.as_str(), at)),
            load::Error::Parse(errors) => errors
                .first()
                .map_or_else(String::new, |(wanted, at)| expected(wanted.as_str(), at)),
        });
        format!("no jq: {}", wrong.unwrap_or_default())
    })?;
    let compiler =
        Compiler::default().with_funs(functions).with_global_vars(["$status", "$headers"]);
    compiler.compile(modules).map_err(|errors| {
        let undefined = errors.into_iter().flat_map(|(_, them)| them).next();
        let undefined =
            undefined.map(|(name, what)| format!("there is no {} `{name}`", what.as_str()));
        format!("no jq: {}", undefined.unwrap_or_default())
    })
}

fn expected(wanted: &str, at: &str) -> String {
    let at: String = at.chars().take(40).collect();
    let at = if at.is_empty() { "the end".to_owned() } else { format!("`{at}`") };
    format!("{wanted} is wanted at {at}")
}

fn run(filter: &Filter, answer: &Answer) -> Line {
    let (Ok(body), Ok(headers)) = (
        read::parse_single(answer.body.get().as_bytes()),
        read::parse_single(answer.headers.get().as_bytes()),
    ) else {
        return Line::Unfit;
    };
    let status = Val::from(usize::from(answer.status));
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([status, headers]));
    let mut texts = Vec::new();
    let mut n_bytes = 0;
    for value in filter.id.run((context, body)) {
        // An error, or `halt`: what it says may hold data.
        let Ok(value) = value else { return Line::Unfit };
        if texts.len() == RESULTS_MAX {
            return Line::TooMany;
        }
        let mut text = Bounded::default();
        if io::Write::write_fmt(&mut text, format_args!("{value}")).is_err() {
            return Line::TooLarge;
        }
        n_bytes += text.0.len();
        if n_bytes > RESULT_BYTES_MAX {
            return Line::TooLarge;
        }
        texts.push(String::from_utf8_lossy(&text.0).into_owned());
    }
    let text = match texts.len() {
        0 => "null".to_owned(),
        1 => texts.remove(0),
        _ => format!("[{}]", texts.join(",")),
    };
    // Numbers that are none, bytes, and names that are no texts exist in jq only.
    RawValue::from_string(text).map_or(Line::Unfit, Line::Value)
}

fn select(path: &JsonPath, answer: &Answer) -> Line {
    let Ok(body) = serde_json::from_str::<Value>(answer.body.get()) else { return Line::Unfit };
    let nodes = path.query(&body).all();
    if nodes.len() > RESULTS_MAX {
        return Line::TooMany;
    }
    let mut text = Bounded::default();
    if serde_json::to_writer(&mut text, &nodes).is_err() {
        return Line::TooLarge;
    }
    let text = String::from_utf8(text.0).ok().and_then(|it| RawValue::from_string(it).ok());
    text.map_or(Line::Unfit, Line::Value)
}

/// A text that stops growing: a value that holds itself many times is much larger as text.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RESULT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
