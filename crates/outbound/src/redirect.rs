//! Redirects: where they lead and what becomes of the request on the way (RFC 9110, section 15.4).

use reqwest::{
    Method, StatusCode, Url,
    header::{
        self, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
        CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, LOCATION, PROXY_AUTHORIZATION,
        TRANSFER_ENCODING,
    },
};
use url::form_urlencoded;

use crate::{Body, ErrorKind, Request};

/// What describes a body and goes with it.
const BODY_HEADERS: [HeaderName; 7] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
    header::EXPECT,
];

/// What is meant for one origin only, credentials and its name.
const ORIGIN_HEADERS: [HeaderName; 4] = [AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION];

/// Where a response redirects to; `None` when it is no redirect.
pub(crate) fn target(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Url>, ErrorKind> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let bad = |text: &str| ErrorKind::BadRedirect(format!("{} {text}", status.as_u16()));
    let location = headers.get(LOCATION).ok_or_else(|| bad("redirects without `Location`"))?;
    let location = str::from_utf8(location.as_bytes())
        .map_err(|_| bad("redirects to a `Location` that is not UTF-8"))?;
    let mut target =
        url.join(location).map_err(|error| bad(&format!("redirects to no URL: {error}")))?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err(bad(&format!("redirects to the scheme `{}`", target.scheme())));
    }
    // Credentials that a peer makes up are none of ours.
    let is_clean = target.set_username("").is_ok() && target.set_password(None).is_ok();
    if is_clean { Ok(Some(target)) } else { Err(bad("redirects to no host")) }
}

/// Makes the request the one for the redirect's target.
pub(crate) fn turn(request: &mut Request, status: StatusCode, mut target: Url) {
    // 301 and 302 turn POST into GET because everybody does, 303 because it says so; 307 and 308 exist to turn nothing.
    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        StatusCode::SEE_OTHER => request.method != Method::HEAD,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = Body::Empty;
        for name in BODY_HEADERS {
            request.headers.remove(name);
        }
    }
    if target.origin() != request.url.origin() {
        for name in ORIGIN_HEADERS {
            request.headers.remove(name);
        }
        drop_sensitive(request);
        drop_parameters(&mut target, &request.credential_parameters);
    }
    request.url = target;
}

fn drop_sensitive(request: &mut Request) {
    let names: Vec<_> = request
        .headers
        .iter()
        .filter(|(_, value)| value.is_sensitive())
        .map(|(name, _)| name.clone())
        .collect();
    for name in names {
        request.headers.remove(name);
    }
}

/// Removes parameters from the query and leaves the rest of it byte for byte.
fn drop_parameters(url: &mut Url, names: &[String]) {
    let Some(query) = url.query().filter(|_| !names.is_empty()) else {
        return;
    };
    let is_kept = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes())
            .all(|(name, _)| names.iter().all(|dropped| *dropped != name))
    };
    let kept: Vec<_> = query.split('&').filter(is_kept).collect();
    let kept = kept.join("&");
    url.set_query((!kept.is_empty()).then_some(kept.as_str()));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_named_parameters_are_dropped() {
        let check = |query: &str, expected: &str| {
            let mut url = Url::parse(&format!("http://a.test/{query}")).unwrap();
            drop_parameters(&mut url, &["key".to_owned(), "t n".to_owned()]);
            assert_eq!(url.as_str(), format!("http://a.test/{expected}"), "{query}");
        };
        check("?key=s3cret", "");
        check("?%6bey=s3cret&a=1", "?a=1");
        check("?a=%2C+%20&key&b=&t+n=1&t%20n=2", "?a=%2C+%20&b=");
        check("?keys=1&Key=2&a=key=3", "?keys=1&Key=2&a=key=3");
        check("", "");
    }

    #[test]
    fn every_difference_of_origin_costs_the_credentials() {
        let check = |from: &str, to: &str, is_kept: bool| {
            let mut request = Request::new(Method::GET, Url::parse(from).unwrap(), Duration::ZERO);
            request.headers.insert(AUTHORIZATION, "Bearer s3cret".parse().unwrap());
            turn(&mut request, StatusCode::FOUND, Url::parse(to).unwrap());
            assert_eq!(request.headers.contains_key(AUTHORIZATION), is_kept, "{from} {to}");
        };
        check("https://a.test/x", "https://a.test/y", true);
        check("https://a.test/", "https://A.test:443/", true);
        check("https://a.test/", "https://b.test/", false);
        check("https://a.test/", "https://b.a.test/", false);
        check("https://a.test/", "https://a.test./", false);
        check("https://a.test/", "https://a.test:8443/", false);
        check("https://a.test/", "http://a.test/", false);
        check("http://a.test:443/", "https://a.test/", false);
        check("http://a.test/", "https://a.test/", false);
    }

    #[test]
    fn locations_are_resolved_and_cleaned() {
        let check = |location: &str, expected: &str| {
            let base = Url::parse("https://a.test:8443/b/c?d=e").unwrap();
            let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
            let found = target(&base, StatusCode::FOUND, &headers).unwrap().unwrap();
            assert_eq!(found.as_str(), expected, "{location}");
        };
        check("/x", "https://a.test:8443/x");
        check("x?y=%2F", "https://a.test:8443/b/x?y=%2F");
        check("", "https://a.test:8443/b/c?d=e");
        check("//b.test/x", "https://b.test/x");
        check("http://jane:s3cret@b.test/x", "http://b.test/x");
        check(" /x ", "https://a.test:8443/x");
    }

    #[test]
    fn other_statuses_are_answers_whatever_their_location() {
        let url = Url::parse("https://a.test/").unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, "/x".parse().unwrap())]);
        for status in [200, 201, 300, 304, 305, 306, 404] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(target(&url, status, &headers), Ok(None), "{status}");
        }
    }
}
