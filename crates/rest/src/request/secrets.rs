//! Credentials that are in a request, wherever they come from.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::Request;
use crate::names::is_secret;

impl Request {
    /// Hands what looks like a credential to the mask, whoever put it there.
    pub(super) fn find_secrets(&mut self) {
        for value in self.headers.values().filter(|it| it.is_sensitive()) {
            let value = String::from_utf8_lossy(value.as_bytes());
            self.mask.add(&value);
            let Some((scheme, rest)) = value.split_once(' ') else { continue };
            self.mask.add(rest);
            let decoded =
                BASE64_STANDARD.decode(rest).ok().and_then(|it| String::from_utf8(it).ok());
            if let (true, Some(pair)) = (scheme.eq_ignore_ascii_case("basic"), decoded) {
                self.mask.add(pair.split_once(':').map_or(pair.as_str(), |(_, password)| password));
            }
        }
        for (name, value) in self.url.query_pairs() {
            if is_secret(&name) || self.secret_parameters.iter().any(|it| *it == name) {
                self.mask.add(&value);
            }
        }
    }
}
