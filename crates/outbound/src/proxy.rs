//! `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.

use std::sync::Arc;

use reqwest::Url;
use tracing::warn;

use crate::{
    Problem,
    hosts::{self, Pattern, Reach},
};

/// The three settings as text; an empty text is like none.
#[derive(Clone, Default)]
pub struct ProxySettings {
    /// `HTTP_PROXY`: the proxy for `http:` URLs, `[scheme://][user:password@]host[:port]` with the scheme `http` (default), `https`, `socks5` or `socks5h`.
    pub http: Option<String>,
    /// `HTTPS_PROXY`: the proxy for `https:` URLs.
    pub https: Option<String>,
    /// `NO_PROXY`: hosts that are called directly.
    pub no_proxy: Option<String>,
}

/// Which calls go through which proxy; cheap to clone.
///
/// `NO_PROXY` takes, separated by commas or white space, `*` for all, addresses and ranges (they match URLs with an address, names are not looked up),
/// and names: `example.org` and `.example.org` mean that host and all below it, `*.example.org` only those below; each may end in `:port`.
/// An entry that is none of these is left out with a warning, since platforms set this variable for everyone.
///
/// The egress rules hold for the host in the URL also when a call is proxied; which address the host has is then the proxy's business.
/// The proxy itself is the operator's choice and may have any address.
#[derive(Clone, Default)]
pub struct Proxies(Arc<Rules>);

#[derive(Default)]
struct Rules {
    http: Option<Url>,
    https: Option<Url>,
    direct: Vec<Direct>,
}

enum Direct {
    All,
    Host(Pattern, Option<u16>),
}

impl Proxies {
    /// Reads the settings and reports everything that is wrong with them.
    pub fn new(settings: &ProxySettings) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut proxy = |setting, value: Option<&String>| {
            let value = value.map(|value| value.trim()).filter(|value| !value.is_empty())?;
            parse(value).map_err(|text| problems.push((setting, text))).ok()
        };
        let rules = Rules {
            http: proxy("HTTP_PROXY", settings.http.as_ref()),
            https: proxy("HTTPS_PROXY", settings.https.as_ref()),
            direct: hosts::entries(settings.no_proxy.as_deref().unwrap_or_default())
                .filter_map(direct)
                .collect(),
        };
        if problems.is_empty() { Ok(Self(Arc::new(rules))) } else { Err(problems) }
    }

    /// The proxy for a URL, with the user info to use; `None` for a direct call.
    pub fn for_url(&self, url: &Url) -> Option<&Url> {
        let proxy = match url.scheme() {
            "http" => self.0.http.as_ref(),
            "https" => self.0.https.as_ref(),
            _ => None,
        }?;
        let is_direct = self.0.direct.iter().any(|direct| direct.means(url));
        (!is_direct).then_some(proxy)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.http.is_none() && self.0.https.is_none()
    }

    /// Whether this is the host of a proxy.
    pub(crate) fn has_host(&self, host: &str) -> bool {
        [&self.0.http, &self.0.https]
            .into_iter()
            .flatten()
            .any(|proxy| proxy.host_str().is_some_and(|proxy| proxy.eq_ignore_ascii_case(host)))
    }
}

impl Direct {
    fn means(&self, url: &Url) -> bool {
        let Self::Host(pattern, port) = self else {
            return true;
        };
        if port.is_some() && *port != url.port_or_known_default() {
            return false;
        }
        match hosts::literal(url) {
            Some(address) => pattern.has_address(address),
            None => pattern.has_name(url.host_str().unwrap_or_default()),
        }
    }
}

fn parse(value: &str) -> Result<Url, String> {
    // The value is not repeated, since it may hold a password.
    let full = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&full).map_err(|error| format!("no proxy URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
        return Err(format!(
            "the scheme of a proxy is http, https, socks5 or socks5h, not `{}`",
            url.scheme()
        ));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("no proxy URL: the host is missing".to_owned());
    }
    if url.port() == Some(0) {
        return Err("no proxy URL: the port is 0".to_owned());
    }
    Ok(url)
}

fn direct(entry: &str) -> Option<Direct> {
    if entry == "*" {
        return Some(Direct::All);
    }
    // A colon is also part of an IPv6 address, unless that is in brackets.
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, digits)) if !host.contains(':') || host.ends_with(']') => {
            let port = digits.parse().ok();
            // With a port that is none the entry as a whole is none.
            (if port.is_some() { host } else { entry }, port)
        }
        Some(_) | None => (entry, None),
    };
    match Pattern::parse(host, Reach::Both) {
        Ok(pattern) => Some(Direct::Host(pattern, port)),
        Err(text) => {
            warn!("NO_PROXY: {text}, left out");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_that_are_none_are_refused_without_repeating_them() {
        let check = |proxy: &str, text: &str| {
            let settings = ProxySettings {
                http: Some(proxy.to_owned()),
                https: Some(proxy.to_owned()),
                no_proxy: None,
            };
            let Err(problems) = Proxies::new(&settings) else { panic!("{proxy}") };
            let expected = [("HTTP_PROXY", text.to_owned()), ("HTTPS_PROXY", text.to_owned())];
            assert_eq!(problems, expected, "{proxy}");
        };
        check("http://jane:s3cret@proxy.test:65536", "no proxy URL: invalid port number");
        check("http://proxy.test:abc", "no proxy URL: invalid port number");
        check("http://proxy.test:0", "no proxy URL: the port is 0");
        check("http://", "no proxy URL: empty host");
        check("socks5://", "no proxy URL: the host is missing");
        check(
            "ftp://jane:s3cret@proxy.test",
            "the scheme of a proxy is http, https, socks5 or socks5h, not `ftp`",
        );
    }

    #[test]
    fn the_scheme_of_the_url_chooses_the_proxy() {
        let settings = ProxySettings {
            http: Some(" proxy.test:3128 ".to_owned()),
            https: Some("socks5h://jane:s3cret@[::1]:1080".to_owned()),
            no_proxy: None,
        };
        let proxies = Proxies::new(&settings).unwrap();
        let check = |url: &str, expected: Option<&str>| {
            let found = proxies.for_url(&Url::parse(url).unwrap()).map(Url::as_str);
            assert_eq!(found, expected, "{url}");
        };
        check("http://a.test/", Some("http://proxy.test:3128/"));
        check("https://a.test/", Some("socks5h://jane:s3cret@[::1]:1080"));
        check("ftp://a.test/", None);
    }

    #[test]
    fn no_proxy_means_what_it_means_elsewhere() {
        let check = |no_proxy: &str, direct: &[&str], proxied: &[&str]| {
            let settings = ProxySettings {
                http: Some("http://proxy.test".to_owned()),
                https: Some("http://proxy.test".to_owned()),
                no_proxy: Some(no_proxy.to_owned()),
            };
            let proxies = Proxies::new(&settings).unwrap();
            let is_direct = |url: &&str| proxies.for_url(&Url::parse(url).unwrap()).is_none();
            assert_eq!(direct.iter().find(|url| !is_direct(url)), None, "{no_proxy}");
            assert_eq!(proxied.iter().find(|url| is_direct(url)), None, "{no_proxy}");
        };
        check("", &[], &["http://a.test/"]);
        check("*", &["http://a.test/", "https://[::1]/", "http://10.0.0.1/"], &[]);
        check(
            "a.test",
            &["http://a.test/", "https://A.test:8443/", "http://b.a.test/", "http://a.test./"],
            &["http://ba.test/", "http://a.test.evil.test/", "http://test/"],
        );
        check(".a.test", &["http://a.test/", "http://b.a.test/"], &["http://ba.test/"]);
        check("*.a.test", &["http://b.a.test/", "http://c.b.a.test/"], &["http://a.test/"]);
        check(
            "a.test:8080, b.test:443",
            &["http://a.test:8080/", "http://c.a.test:8080/", "https://b.test/"],
            &["http://a.test/", "http://b.test/"],
        );
        check(
            "10.0.0.0/8 192.168.1.1 [::1]:8080 fd00::/8 ::2",
            &[
                "http://10.1.2.3/",
                "http://192.168.1.1/",
                "http://[::1]:8080/",
                "http://[fd00::1]/",
                "http://[::2]/",
            ],
            &["http://11.1.2.3/", "http://192.168.1.2/", "http://[::1]/", "http://[fe00::1]/"],
        );
        // Entries that mean nothing are left out, the others hold.
        check(
            "10.*,<local>,a.test:port,http://b.test,c.test",
            &["http://c.test/"],
            &["http://10.0.0.1/", "http://a.test/", "http://b.test/", "http://local/"],
        );
    }
}
