//! Slack's signature, version 0: HMAC-SHA256 of `v0:<timestamp>:<body>` in hexadecimal digits.
//!
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use std::fmt::Write;

use aws_lc_rs::{constant_time, hmac};

/// The value of `x-slack-signature`; `timestamp` is in seconds since 1970.
pub fn sign(secret: &str, timestamp: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("v0:{timestamp}:").as_bytes());
    context.update(body);
    context.sign().as_ref().iter().fold("v0=".to_owned(), |mut hex, byte| {
        // Writing to a text can't fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// Whether `signature` is that of the body; says nothing about the timestamp's age.
pub fn verify(secret: &str, timestamp: u64, body: &[u8], signature: &str) -> bool {
    let expected = sign(secret, timestamp, body);
    constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
}
