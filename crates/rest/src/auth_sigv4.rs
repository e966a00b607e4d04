//! `auth` of the type `sigv4`: AWS Signature Version 4, over the request as it is sent (pure).

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac::{self, HMAC_SHA256},
};
use common::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use time::{OffsetDateTime, macros::format_description};
use url::Url;

/// The name of the method, with which the header starts.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What stays as it is: the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Who signs, and for which service; `Debug` shows no secret.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    /// Goes with keys that were lent for some time.
    pub(crate) session_token: Option<Secret>,
    pub(crate) region: String,
    /// As in the service's endpoint, e.g. `execute-api`.
    pub(crate) service: String,
}

/// What a signature is over.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    /// The SHA-256 of the body in hexadecimal digits.
    pub(crate) body: &'a str,
}

impl Keys {
    /// The parts that no text may show.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let token = self.session_token.as_ref();
        [Some(&self.secret_access_key), token].into_iter().flatten().map(Secret::reveal).collect()
    }

    /// Refuses what cannot be in the header.
    pub(crate) fn check(&self) -> Result<(), String> {
        let plain = |it: &str| it.bytes().all(|it| it.is_ascii_graphic() && it != b'/');
        for (member, text) in [
            ("accessKeyId", &self.access_key_id),
            ("region", &self.region),
            ("service", &self.service),
        ] {
            if !plain(text) {
                return Err(format!("`{member}` has characters that no header can carry"));
            }
        }
        let token = self.session_token.as_ref();
        if token.is_some_and(|it| HeaderValue::from_str(it.reveal()).is_err()) {
            return Err("`sessionToken` has characters that no header can carry".to_owned());
        }
        Ok(())
    }

    /// Adds the headers of the signature, in place of those that are there from an earlier one.
    pub(crate) fn sign(&self, signed: &Signed, headers: &mut HeaderMap, now: OffsetDateTime) {
        let day = format_description!("[year][month][day]");
        let time = format_description!("[year][month][day]T[hour][minute][second]Z");
        // Neither format can fail: all their parts are in every date.
        let day = now.format(day).unwrap_or_default();
        let time = now.format(time).unwrap_or_default();

        let mut insert = |name, value: &str| {
            if let Ok(mut value) = HeaderValue::from_str(value) {
                // Whoever has them has the request: not for another origin.
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        };
        insert(AMZ_DATE, &time);
        if let Some(token) = &self.session_token {
            insert(AMZ_SECURITY_TOKEN, token.reveal());
        }
        if self.wants_body_hash() {
            insert(AMZ_CONTENT_SHA256, signed.body);
        }

        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (names, lines) = signed_headers(signed.url, headers);
        let request = [
            signed.method.as_str(),
            &self.path(signed.url),
            &query(signed.url),
            &lines,
            &names,
            signed.body,
        ];
        let request = hex(digest(&SHA256, request.join("\n").as_bytes()).as_ref());
        let text = [ALGORITHM, &time, &scope, &request].join("\n");
        let secret = format!("AWS4{}", self.secret_access_key.reveal());
        let key = [day.as_str(), &self.region, &self.service, "aws4_request"]
            .iter()
            .fold(secret.into_bytes(), |key, part| keyed(&key, part));
        let signature = hex(&keyed(&key, &text));
        let id = &self.access_key_id;
        let value = format!(
            "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }

    /// S3 and what is built like it check the body by a header.
    fn wants_body_hash(&self) -> bool {
        self.is_s3() || matches!(self.service.as_str(), "aoss" | "glacier")
    }

    fn is_s3(&self) -> bool {
        matches!(self.service.as_str(), "s3" | "s3express" | "s3-object-lambda" | "s3-outposts")
    }

    /// S3 takes the path as it is and encodes it once; everybody else drops empty parts and encodes it once more.
    fn path(&self, url: &Url) -> String {
        let parts = url.path().split('/');
        if self.is_s3() {
            let parts = parts.map(|it| encode(&percent_decode_str(it).collect::<Vec<_>>()));
            return parts.collect::<Vec<_>>().join("/");
        }
        let is_folder = url.path().ends_with('/');
        let parts = parts.filter(|it| !it.is_empty()).map(|it| encode(it.as_bytes()));
        let path = format!("/{}", parts.collect::<Vec<_>>().join("/"));
        if is_folder && path != "/" { path + "/" } else { path }
    }
}

/// The names of the headers that are signed, and their lines: those that make the request what it is, none that a proxy may touch.
fn signed_headers(url: &Url, headers: &HeaderMap) -> (String, String) {
    let mut signed =
        vec![("host", url[url::Position::BeforeHost..url::Position::BeforePath].to_owned())];
    for name in headers.keys() {
        let name = name.as_str();
        if name == "content-type" || name.starts_with("x-amz-") {
            let values = headers.get_all(name).iter();
            let values = values.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
            let words = values.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
            signed.push((name, words.collect::<Vec<_>>().join(",")));
        }
    }
    signed.sort();
    let names: Vec<_> = signed.iter().map(|(name, _)| *name).collect();
    let lines: String = signed.iter().flat_map(|(name, value)| [name, ":", value, "\n"]).collect();
    (names.join(";"), lines)
}

/// The query in the one form that both sides can agree on.
fn query(url: &Url) -> String {
    let pairs = url.query().unwrap_or_default().split('&').filter(|it| !it.is_empty());
    let encoded =
        |text: &str| encode(&percent_decode_str(&text.replace('+', " ")).collect::<Vec<_>>());
    let mut pairs: Vec<_> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encoded(name), encoded(value))
        })
        .collect();
    pairs.sort();
    let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|it| [it >> 4, it & 15]);
    halves.filter_map(|it| char::from_digit(it.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn keys(service: &str, token: Option<&str>) -> Keys {
        Keys {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session_token: token.map(|it| it.to_owned().into()),
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        }
    }

    /// `content-type` as header and the body, as the request has them.
    fn signed(keys: &Keys, request: (&str, &str), payload: Option<(&str, &str)>) -> HeaderMap {
        let (content_type, body) = payload.unzip();
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_static("not signed"));
        if let Some(content_type) = content_type {
            headers.insert("content-type", content_type.parse().unwrap());
        }
        let signed = Signed {
            method: &request.0.parse().unwrap(),
            url: &request.1.parse().unwrap(),
            body: &hex(digest(&SHA256, body.unwrap_or_default().as_bytes()).as_ref()),
        };
        keys.sign(&signed, &mut headers, datetime!(2015-08-30 12:36:00 UTC));
        headers
    }

    fn check(headers: &HeaderMap, names: &str, signature: &str) {
        let value = &headers[AUTHORIZATION];
        assert!(value.is_sensitive());
        let value = value.to_str().unwrap();
        let end = format!("/aws4_request, SignedHeaders={names}, Signature={signature}");
        assert!(value.ends_with(&end), "{value}");
        assert!(value.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"));
        assert_eq!(headers[AMZ_DATE], "20150830T123600Z");
    }

    /// The signatures are those of AWS's published test suite.
    #[test]
    fn signs_what_the_test_suite_signs() {
        let check = |method: &str, target: &str, signature: &str| {
            let url = format!("https://example.amazonaws.com{target}");
            let headers = signed(&keys("service", None), (method, &url), None);
            check(&headers, "host;x-amz-date", signature);
        };
        let plain = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        check("GET", "/", plain);
        check("GET", "//", plain);
        check("GET", "/a/..", plain);
        check("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        check(
            "GET",
            "//example//",
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        );
        check(
            "GET",
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        );
        check(
            "GET",
            "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        );
        check("GET", "/?ሴ=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
    }

    /// The signatures are those that botocore 1.43 makes for the same requests.
    #[test]
    fn signs_paths_ports_and_bodies_like_others() {
        let url = "https://x.test/a%20b/c!d?b=2&a=1&a=0";
        check(
            &signed(&keys("execute-api", None), ("GET", url), None),
            "host;x-amz-date",
            "f2970f772472ed27bf5779554ad03ca064bc5b95bf27f1ccd83d44baea6f3bc3",
        );
        let headers = signed(
            &keys("execute-api", Some("tok")),
            ("POST", "https://x.test:8443/orders"),
            Some(("application/json", r#"{"a":1}"#)),
        );
        check(
            &headers,
            "content-type;host;x-amz-date;x-amz-security-token",
            "10027c36908add3f6d32c8540d5cd715d97b8eeaa11399dc06efe4485c775eb5",
        );
        assert!(headers[AMZ_SECURITY_TOKEN].is_sensitive());
        check(
            &signed(
                &keys("s3", None),
                ("PUT", "https://b.s3.test/a%20b//c.txt"),
                Some(("text/plain", "hello")),
            ),
            "content-type;host;x-amz-content-sha256;x-amz-date",
            "f3e2438a9878c7feaa3a07fcaf00765889ccb1211fb0e72f72dd2c3a5763e63c",
        );
        check(
            &signed(
                &keys("s3", None),
                ("GET", "https://b.s3.test/?list-type=2&prefix=a%2Fb%20c"),
                None,
            ),
            "host;x-amz-content-sha256;x-amz-date",
            "b561e4dea93ecefdfbd1e4fb3ab9cd559e9e775807372c5eeacd2c8b656b5221",
        );
    }

    #[test]
    fn a_second_signature_takes_the_place_of_the_first() {
        let (keys, method) = (keys("s3", Some("tok")), Method::GET);
        let signed = Signed {
            method: &method,
            url: &"https://x/".parse().unwrap(),
            body: &hex(digest(&SHA256, b"").as_ref()),
        };
        let mut headers = HeaderMap::new();
        keys.sign(&signed, &mut headers, datetime!(2015-08-29 12:36:00 UTC));
        keys.sign(&signed, &mut headers, datetime!(2015-08-30 12:36:00 UTC));
        let mut once = HeaderMap::new();
        keys.sign(&signed, &mut once, datetime!(2015-08-30 12:36:00 UTC));
        assert_eq!(headers, once);
    }
}
