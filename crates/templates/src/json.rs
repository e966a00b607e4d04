//! JSON templates: a value stands for itself outside of quotes and is part of the text inside.

use serde_json::{Value, value::RawValue};

/// Goes around each value in the output until its place is known; JSON text never contains it.
pub(crate) const MARK: char = '\u{1}';

/// The rendered text with its values in place, or what is wrong with it.
pub(crate) fn weave(marked: &str) -> Result<String, String> {
    let mut woven = String::with_capacity(marked.len());
    let (mut quoted, mut escaped) = (false, false);
    for (index, part) in marked.split(MARK).enumerate() {
        if index % 2 == 0 {
            for byte in part.bytes() {
                quoted ^= byte == b'"' && !escaped;
                escaped = byte == b'\\' && quoted && !escaped;
            }
            woven += part;
            continue;
        }
        if serde_json::from_str::<&RawValue>(part).is_err() {
            return Err("a value was taken apart".into());
        }
        match part.as_bytes()[0] {
            _ if !quoted => woven += part,
            b'n' => {}
            b'"' => woven += inside(part),
            b'[' | b'{' => woven += inside(&Value::from(part).to_string()),
            _ => woven += part,
        }
    }
    match serde_json::from_str::<&RawValue>(&woven) {
        Ok(_) => Ok(woven),
        Err(error) => Err(error.to_string()),
    }
}

fn inside(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}
