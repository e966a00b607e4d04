//! Runs an event's listener, and runs it again when it fails for the moment.

use std::time::Duration;

use metrics::counter;
use tokio::{sync::mpsc, time};
use tracing::warn;

use crate::{Failure, Object, connected::Connected, context::Emitted, pauses::Pauses, telemetry};

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// Events on their way from the listener to whoever takes them.
const EVENTS_AHEAD: usize = 16;

/// Hands every event of one subscription to `take`, until the listener fails for good.
///
/// `take` returns once the event has arrived where it goes: the source may then forget the original.
pub(crate) async fn subscribe<Fut>(
    connected: &Connected,
    event: &'static str,
    inputs: Object,
    mut take: impl FnMut(Object) -> Fut,
) -> Result<(), Failure>
where
    Fut: Future<Output = Result<(), Failure>>,
{
    let mut pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
    loop {
        let (sender, mut events) = mpsc::channel::<Emitted>(EVENTS_AHEAD);
        let mut listener = connected.listen(event, &inputs, sender);
        let end = loop {
            tokio::select! {
                Some((outputs, confirm)) = events.recv() => {
                    let taken = take(outputs).await;
                    let outcome = taken.as_ref().map_or_else(Failure::kind, |()| "ok");
                    counter!(telemetry::EVENTS, "event" => event, "outcome" => outcome).increment(1);
                    taken?;
                    pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
                    // The listener may have been dropped meanwhile; the event has arrived all the same.
                    let _told = confirm.send(());
                }
                end = &mut listener => break end,
            }
        };
        match end {
            Err(failure @ Failure::Transient { .. }) => {
                let note = failure.report().note.clone();
                warn!(event, code = failure.code(), note, "listening again after a pause");
                time::sleep(pauses.next()).await;
            }
            end => return end,
        }
    }
}
