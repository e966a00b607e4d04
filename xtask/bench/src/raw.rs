//! AMQP 0-9-1 by hand on one blocking socket: what the broker can do for a client that costs next to nothing.
//!
//! Only what a measurement needs: fill a queue, and forward a queue into an exchange.

mod wire;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::Result;

use self::wire::{
    ACK, CONFIRM_SELECT, CONFIRM_SELECTED, CONSUME, CONSUMING, Channel, DELIVER, FRAME_BODY,
    FRAME_HEADER, FRAME_METHOD, PUBLISH, QOS, QOS_SET, long_text, short_text,
};

/// How many messages are written at once, and how many may wait for their confirms.
const BATCH: u64 = 250;
const UNCONFIRMED_MAX: u64 = 4_000;

/// A connection with one channel in confirm mode.
pub(crate) struct Raw(Channel);

/// Which messages the broker has confirmed.
#[derive(Default)]
struct Confirmed {
    /// All up to this one are.
    prefix: u64,
    /// Beyond the prefix.
    ahead: BTreeSet<u64>,
}

impl Raw {
    /// Connects without TLS.
    ///
    /// # Errors
    /// When the broker can't be reached, or refuses the user.
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let mut channel = Channel::open(url)?;
        channel.call(CONFIRM_SELECT, &[0], CONFIRM_SELECTED)?;
        Ok(Self(channel))
    }

    /// Publishes `count` persistent messages to `exchange`, and waits until the broker has them all.
    ///
    /// `message` writes the body of the message with that number, counted from 1.
    ///
    /// # Errors
    /// When the broker closes the connection.
    pub(crate) fn fill(
        mut self,
        exchange: &str,
        headers: &[(&str, &str)],
        count: u64,
        message: impl Fn(u64, &mut Vec<u8>),
    ) -> Result<()> {
        let properties = properties(headers);
        let mut confirmed = Confirmed::default();
        let mut body = Vec::new();
        let mut published = 0;
        while confirmed.prefix < count {
            let end = count.min(published + BATCH);
            while published < end {
                published += 1;
                body.clear();
                message(published, &mut body);
                self.0.write_method(PUBLISH, &publish_to(exchange));
                self.0.write_content(&properties, &body);
            }
            self.0.flush()?;
            let wanted =
                if published == count { count } else { published.saturating_sub(UNCONFIRMED_MAX) };
            while confirmed.prefix < wanted {
                self.take_confirm(&mut confirmed)?;
            }
        }
        Ok(())
    }

    /// Takes `count` messages from `queue` and publishes each to `exchange`, acknowledging what is confirmed; gives
    /// the time from the first word to the last confirm.
    ///
    /// # Errors
    /// When the broker closes the connection.
    pub(crate) fn forward(
        mut self,
        queue: &str,
        exchange: &str,
        prefetch: u16,
        count: u64,
    ) -> Result<Duration> {
        let begun = Instant::now();
        self.consume(queue, prefetch)?;
        let publish = publish_to(exchange);
        // Deliveries and publishes both count from 1, so that a confirm's number is that of the delivery too.
        let mut confirmed = Confirmed::default();
        while confirmed.prefix < count {
            let before = confirmed.prefix;
            loop {
                let frame = self.0.read()?;
                match (frame.kind, frame.method) {
                    (FRAME_METHOD, DELIVER) => self.0.write_method(PUBLISH, &publish),
                    (FRAME_METHOD, ACK) => confirmed.mark(self.0.arguments(&frame)),
                    (FRAME_HEADER | FRAME_BODY, _) => self.0.write_again(&frame),
                    _ => return Err(self.0.unexpected(&frame)),
                }
                // Between a publish and the end of its content nothing else may be written; it fits into one frame.
                let is_whole = frame.kind == FRAME_BODY || frame.method == ACK;
                if is_whole && !self.0.has_more() {
                    break;
                }
            }
            if confirmed.prefix > before {
                let mut ack = confirmed.prefix.to_be_bytes().to_vec();
                ack.push(1);
                self.0.write_method(ACK, &ack);
            }
            self.0.flush()?;
        }
        Ok(begun.elapsed())
    }

    fn consume(&mut self, queue: &str, prefetch: u16) -> Result<()> {
        let mut qos = vec![0; 4];
        qos.extend(prefetch.to_be_bytes());
        qos.push(0);
        self.0.call(QOS, &qos, QOS_SET)?;
        let mut consume = vec![0; 2];
        short_text(&mut consume, queue);
        short_text(&mut consume, "");
        consume.extend([0; 5]);
        self.0.call(CONSUME, &consume, CONSUMING)
    }

    fn take_confirm(&mut self, confirmed: &mut Confirmed) -> Result<()> {
        let frame = self.0.read()?;
        match (frame.kind, frame.method) {
            (FRAME_METHOD, ACK) => confirmed.mark(self.0.arguments(&frame)),
            _ => return Err(self.0.unexpected(&frame)),
        }
        Ok(())
    }
}

impl Confirmed {
    /// Reads the arguments of `basic.ack`: a number, and whether all before it are meant too.
    fn mark(&mut self, arguments: &[u8]) {
        let Some((number, flags)) = arguments.split_first_chunk::<8>() else { return };
        let number = u64::from_be_bytes(*number);
        if flags.first().is_some_and(|flags| flags & 1 == 1) {
            self.prefix = self.prefix.max(number);
            self.ahead = self.ahead.split_off(&(number + 1));
        } else {
            self.ahead.insert(number);
        }
        while self.ahead.remove(&(self.prefix + 1)) {
            self.prefix += 1;
        }
    }
}

fn publish_to(exchange: &str) -> Vec<u8> {
    let mut publish = vec![0; 2];
    short_text(&mut publish, exchange);
    short_text(&mut publish, exchange);
    publish.push(0);
    publish
}

/// Content type JSON, these headers, persistent.
fn properties(headers: &[(&str, &str)]) -> Vec<u8> {
    const CONTENT_TYPE: u16 = 1 << 15;
    const HEADERS: u16 = 1 << 13;
    const DELIVERY_MODE: u16 = 1 << 12;
    const PERSISTENT: u8 = 2;
    let mut table = Vec::new();
    for (name, value) in headers {
        short_text(&mut table, name);
        table.push(b'S');
        long_text(&mut table, value.as_bytes());
    }
    let mut properties = (CONTENT_TYPE | HEADERS | DELIVERY_MODE).to_be_bytes().to_vec();
    short_text(&mut properties, "application/json");
    long_text(&mut properties, &table);
    properties.push(PERSISTENT);
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks numbers, each with whether all before it are meant, and compares the prefix after each.
    fn check(steps: &[(u64, bool, u64)]) {
        let mut confirmed = Confirmed::default();
        for (number, multiple, expected) in steps {
            let mut arguments = number.to_be_bytes().to_vec();
            arguments.push(u8::from(*multiple));
            confirmed.mark(&arguments);
            assert_eq!(confirmed.prefix, *expected, "after {number}");
        }
        assert!(confirmed.ahead.is_empty());
    }

    #[test]
    fn a_gap_holds_the_prefix_back() {
        check(&[(2, false, 0), (3, false, 0), (1, false, 3), (4, false, 4)]);
    }

    #[test]
    fn a_confirm_of_several_takes_those_beyond_the_gap_along() {
        check(&[(2, false, 0), (5, false, 0), (4, true, 5)]);
        check(&[(3, true, 3), (2, true, 3)]);
    }

    #[test]
    fn properties_are_flags_and_then_the_values_in_their_order() {
        let expected = [
            &[0b1011_0000, 0, 16][..],
            b"application/json",
            &[0, 0, 0, 8, 1, b'a', b'S', 0, 0, 0, 1, b'b'],
            &[2],
        ];
        // A table: its length, then name, `S` for a long text, and the text.
        assert_eq!(properties(&[("a", "b")]), expected.concat());
    }
}
