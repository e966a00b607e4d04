//! Trying again within a request of which a part is done already: a failure of all would be no way to tell of a part.

use std::time::Duration;

use common::Failure;
use tokio::time;

/// How often a part is tried.
const TRIES: u32 = 3;
/// The pause before the second try, doubled before the third.
const PAUSE: Duration = Duration::from_secs(1);
/// A request with parts that has waited longer than this for Slack's limits is answered with what is done.
const LIMITED_MAX: Duration = Duration::from_secs(25);

/// Does a part of a request; what may go away by itself is tried again here, but for limits.
///
/// # Errors
/// The last failure.
pub(crate) async fn stubbornly<T, F: Future<Output = Result<T, Failure>>>(
    part: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match part().await {
            Err(Failure::Transient { rate_limited: false, .. }) => time::sleep(pause).await,
            outcome => return outcome,
        }
        pause *= 2;
    }
    part().await
}

/// Whether the request should come back for this part, after it has been at it for so long.
pub(crate) fn comes_back(failure: &Failure, since: Duration) -> bool {
    matches!(failure, Failure::Transient { rate_limited: true, .. }) && since < LIMITED_MAX
}
