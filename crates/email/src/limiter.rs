//! No more mails in a time than a server likes, in the order in which they were asked for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A turn that was not taken for so long is given up.
const LATE_MAX: Duration = Duration::from_mins(1);

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// From one mail to the next.
    interval: Duration,
}

/// Turns at one server.
#[derive(Debug)]
pub(crate) struct Limiter {
    pub(crate) rate: Rate,
    turns: Mutex<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    next: Option<Instant>,
    /// By request.
    reserved: HashMap<String, Instant>,
}

impl Rate {
    /// `10/s`, `600/min`, `5000/h`, `100000/d`.
    ///
    /// # Errors
    /// That it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no rate, e.g. 10/s, 600/min, 5000/h");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        let unit = match unit.trim() {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            "d" => 86400,
            _ => return Err(wrong()),
        };
        let interval = Duration::from_secs(unit).checked_div(count).ok_or_else(wrong)?;
        Ok(Self { interval })
    }
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, turns: Mutex::default() }
    }

    /// Whether it is the request's turn; if not, after which pause it will be.
    ///
    /// Its turn is kept for a request that comes back within `wait_max`.
    pub(crate) fn admit(&self, request: &str, wait_max: Duration) -> Result<(), Duration> {
        let now = Instant::now();
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let Turns { next, reserved } = &mut *turns;
        reserved.retain(|_, turn| now.saturating_duration_since(*turn) < LATE_MAX);
        if let Some(turn) = reserved.get(request).copied() {
            if turn > now {
                return Err(turn - now);
            }
            reserved.remove(request);
            return Ok(());
        }
        let turn = next.map_or(now, |it| it.max(now));
        let pause = turn - now;
        if pause > wait_max {
            return Err(pause);
        }
        *next = Some(turn + self.rate.interval);
        if pause.is_zero() {
            return Ok(());
        }
        reserved.insert(request.to_owned(), turn);
        Err(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT_MAX: Duration = Duration::from_secs(30);

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "10", "x/s", "10/week", "0/s", "-1/s", "1.5/s"] {
            let expected = format!("\"{text}\" is no rate, e.g. 10/s, 600/min, 5000/h");
            assert_eq!(Rate::parse(text), Err(expected));
        }
        assert_eq!(Rate::parse("600/min").unwrap().interval, Duration::from_millis(100));
        assert_eq!(Rate::parse(" 10 / s ").unwrap().interval, Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_order_and_as_far_apart_as_the_rate_says() {
        let limiter = Limiter::new(Rate::parse("10/s").unwrap());
        let ms = Duration::from_millis;
        assert_eq!(limiter.admit("a", WAIT_MAX), Ok(()));
        assert_eq!(limiter.admit("b", WAIT_MAX), Err(ms(100)));
        assert_eq!(limiter.admit("c", WAIT_MAX), Err(ms(200)));
        tokio::time::advance(ms(100)).await;
        assert_eq!(limiter.admit("c", WAIT_MAX), Err(ms(100)));
        assert_eq!(limiter.admit("d", WAIT_MAX), Err(ms(200)));
        assert_eq!(limiter.admit("b", WAIT_MAX), Ok(()));
        tokio::time::advance(ms(10_000)).await;
        assert_eq!(limiter.admit("e", WAIT_MAX), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn turns_far_away_are_not_reserved() {
        let limiter = Limiter::new(Rate::parse("1/min").unwrap());
        assert_eq!(limiter.admit("a", WAIT_MAX), Ok(()));
        assert_eq!(limiter.admit("b", WAIT_MAX), Err(Duration::from_mins(1)));
        assert_eq!(limiter.admit("c", WAIT_MAX), Err(Duration::from_mins(1)));
    }
}
