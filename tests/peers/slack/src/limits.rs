//! Rate limits: per method and workspace, and for messages per channel.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

const MINUTE: Duration = Duration::from_mins(1);

/// So many calls in any span of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    pub calls: usize,
    pub per_ms: u64,
    /// Seconds that `Retry-After` says; the true ones when absent.
    #[serde(default)]
    pub retry_after: Option<u64>,
}

impl Limit {
    pub fn new(calls: usize, per: Duration) -> Self {
        let per_ms = u64::try_from(per.as_millis()).unwrap_or(u64::MAX);
        Self { calls, per_ms, retry_after: None }
    }
}

/// The limits in force; none by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// By method name.
    pub methods: BTreeMap<String, Limit>,
    /// Of `chat.postMessage`, per channel.
    pub channel: Option<Limit>,
    /// Of one incoming webhook.
    pub webhook: Option<Limit>,
}

impl Limits {
    /// The tiers of <https://docs.slack.dev/apis/web-api/rate-limits>, at their lower bound and without bursts.
    pub fn documented() -> Self {
        let second = Limit::new(1, Duration::from_secs(1));
        let tiers = crate::methods::ALL.iter().filter_map(|method| {
            let per_minute = method.per_minute?;
            Some((method.name.to_owned(), Limit::new(per_minute, MINUTE)))
        });
        Self { methods: tiers.collect(), channel: Some(second), webhook: Some(second) }
    }
}

/// When the calls of the last while came.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    windows: HashMap<String, VecDeque<Instant>>,
}

impl Meter {
    /// Counts a call, or gives the seconds to wait; a call that was refused isn't counted.
    pub(crate) fn admit(&mut self, key: String, limit: &Limit, now: Instant) -> Result<(), u64> {
        let per = Duration::from_millis(limit.per_ms);
        let window = self.windows.entry(key).or_default();
        while window.front().is_some_and(|first| now.duration_since(*first) >= per) {
            window.pop_front();
        }
        if window.len() < limit.calls {
            window.push_back(now);
            return Ok(());
        }
        let left =
            window.front().map_or(per, |first| per.saturating_sub(now.duration_since(*first)));
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Err(limit.retry_after.unwrap_or(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_calls_do_not_count_and_the_wait_is_told_in_whole_seconds() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        let limit = Limit::new(2, Duration::from_secs(10));
        let mut admit = |ms| {
            let now = start + Duration::from_millis(ms);
            meter.admit("key".to_owned(), &limit, now)
        };
        let verdicts = [0, 1500, 2000, 9999, 10_000, 11_499, 11_500].map(&mut admit);
        assert_eq!(verdicts, [Ok(()), Ok(()), Err(8), Err(1), Ok(()), Err(1), Ok(())]);
    }
}
