//! The other side: a process that loads fonts, gives up its rights, and renders one document after another.

use std::{
    io::{self, BufReader, Stdin, Stdout},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    thread,
};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Job, Need, Rendered, Reply, Setup, Supply, Trouble, TroubleKind, wire};
use crate::engine::{Engine, Fetch};

/// Deeply nested documents recurse; a smaller stack would end on some that are honest.
pub(super) const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Memory that a worker has beside a document's: stacks, fonts, what is kept from the last documents.
const OWN_BYTES: u64 = 256 * 1024 * 1024;

/// The whole of the process.
pub(crate) fn main() -> ExitCode {
    let Some(setup) = std::env::args().nth(2).and_then(|it| serde_json::from_str(&it).ok()) else {
        return ExitCode::FAILURE;
    };
    let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || work(&setup));
    match worker.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn work(setup: &Setup) -> io::Result<()> {
    let engine = Engine::new(setup);
    engine.warm_up();
    limit(setup)?;
    let mut master = Master { input: BufReader::new(io::stdin()), out: io::stdout() };
    wire::write(&mut master.out, Reply::Ready)?;
    while let Some(job) = wire::read::<Job>(&mut master.input)? {
        let rendered = panic::catch_unwind(AssertUnwindSafe(|| engine.render(job, &mut master)));
        let Ok(rendered) = rendered else {
            // What the panic has left behind is not to be trusted with another document.
            let text = "the document cannot be rendered: the engine has failed on it";
            return wire::write(
                &mut master.out,
                Reply::Failed(Trouble::new(TroubleKind::Broken, text)),
            );
        };
        let reply = match rendered {
            Ok(Rendered { pages, warnings, files }) => Reply::Done { pages, warnings, files },
            Err(trouble) => Reply::Failed(trouble),
        };
        wire::write(&mut master.out, reply)?;
        // Whoever waits for the document need not wait for this.
        Engine::forget();
    }
    Ok(())
}

/// From here on: no more memory than allowed, no file, no socket, no file that grows.
///
/// The limit on data rather than on addresses, since allocators reserve addresses by the gigabyte.
fn limit(setup: &Setup) -> io::Result<()> {
    let both = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::Fsize, both(0))?;
    setrlimit(Resource::Nofile, both(0))?;
    setrlimit(Resource::Data, both(setup.memory_max.saturating_add(OWN_BYTES)))?;
    Ok(())
}

/// Who gives the jobs, and fetches what documents refer to.
struct Master {
    input: BufReader<Stdin>,
    out: Stdout,
}

impl Fetch for Master {
    fn fetch(&mut self, needs: &[Need]) -> Vec<Supply> {
        if needs.is_empty() {
            return Vec::new();
        }
        let asked = wire::write(&mut self.out, Reply::Needs(needs.to_vec()));
        match asked.and_then(|()| wire::read::<Vec<Supply>>(&mut self.input)) {
            Ok(Some(supplies)) if supplies.len() == needs.len() => supplies,
            _ => {
                let refused = || Supply::Refused("could not be asked for".to_owned());
                needs.iter().map(|_| refused()).collect()
            }
        }
    }
}
