//! Trying again within a request of which a part is done already: a failure of all would be no way to tell of a part.

use std::time::Duration;

use common::Failure;
use tokio::time;

/// How often a part is tried.
const TRIES: u32 = 3;
/// The pause before the second try, doubled before the third.
const PAUSE: Duration = Duration::from_secs(1);

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

/// Whether the request comes back for this part: Slack limits it, and the pause is no longer than it may still wait.
pub(crate) fn comes_back(failure: &Failure, rate_wait: Duration) -> bool {
    match failure {
        Failure::Transient { rate_limited: true, retry_after, .. } => {
            retry_after.unwrap_or_default() <= rate_wait
        }
        Failure::Business(_) | Failure::Transient { .. } | Failure::Permanent(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_only_after_a_limit_that_it_may_wait_for() {
        let seconds = Duration::from_secs;
        let limited = |pause| {
            Failure::rate_limited("UNKNOWN_ERROR", anyhow::anyhow!("x"), Some(seconds(pause)))
        };
        assert!(comes_back(&limited(30), seconds(30)));
        assert!(!comes_back(&limited(31), seconds(30)));
        let transient = Failure::transient("UNKNOWN_ERROR", anyhow::anyhow!("x"));
        assert!(!comes_back(&transient, seconds(30)));
        assert!(!comes_back(&Failure::business("GONE", "x"), seconds(30)));
    }
}
