//! A hash that stands for secrets where things are looked up by them.

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

/// SHA-256 of a list of parts.
pub(crate) type Fingerprint = [u8; SHA256_OUTPUT_LEN];

/// The fingerprint of the parts; other parts, or the same cut differently, have another one.
pub(crate) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // The length keeps "ab" + "c" apart from "a" + "bc".
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}
