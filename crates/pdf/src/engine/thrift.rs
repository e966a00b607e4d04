//! What was calculated for a document is kept while it is made, in case it is needed again, which for a long one is gigabytes.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, ScopedJoinHandle, Thread},
    time::Duration,
};

use typst::comemo;

/// A process that has more memory than this keeps only what is in use; in bytes.
const PLENTY: u64 = 192 * 1024 * 1024;
/// What is not needed again within two of these pauses is given up then.
const PAUSE: Duration = Duration::from_millis(100);
const STACK_BYTES: usize = 256 * 1024;

/// Watches the process's memory; made before the process loses the right to open files.
pub(super) struct Thrift {
    memory: Option<File>,
}

impl Thrift {
    pub(super) fn new() -> Self {
        Self { memory: File::open("/proc/self/statm").ok() }
    }

    /// Does the work, and meanwhile gives up what it does not need any more.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let watch = || {
                while !is_done.load(Ordering::Acquire) {
                    thread::park_timeout(PAUSE);
                    if self.resident() > PLENTY {
                        comemo::evict(1);
                    }
                }
            };
            let builder = thread::Builder::new().stack_size(STACK_BYTES);
            // Without a watch the document is made all the same.
            let watch = builder.spawn_scoped(scope, watch).ok();
            let _done =
                Done { is_done: &is_done, watch: watch.as_ref().map(ScopedJoinHandle::thread) };
            work()
        })
    }

    /// In bytes; 0 where the system does not tell.
    fn resident(&self) -> u64 {
        let mut text = [0; 128];
        let read = self.memory.as_ref().and_then(|it| it.read_at(&mut text, 0).ok());
        let text = std::str::from_utf8(&text[..read.unwrap_or_default()]).unwrap_or_default();
        let pages = text.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
        pages.unwrap_or_default() * rustix::param::page_size() as u64
    }
}

/// Ends the watch, also when the work panics.
struct Done<'a> {
    is_done: &'a AtomicBool,
    watch: Option<&'a Thread>,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Release);
        if let Some(watch) = self.watch {
            watch.unpark();
        }
    }
}
