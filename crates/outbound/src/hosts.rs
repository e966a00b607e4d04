//! Hosts as settings name them: addresses, ranges and host names.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;
use url::Host;

/// One entry of a list of hosts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    Range(IpNet),
    Name { name: String, reach: Reach },
}

/// Which names an entry means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// This name only.
    Itself,
    /// All names below it: `*.example.org`.
    Below,
    /// The name and all below it: `.example.org`.
    Both,
}

impl Pattern {
    /// Reads one entry; `bare` is what a name without dot or star in front means.
    pub(crate) fn parse(entry: &str, bare: Reach) -> Result<Self, String> {
        let wrong = || format!("`{entry}` is no address, range or host name");
        if let Ok(range) = entry.parse::<IpNet>() {
            return Ok(Self::Range(range.trunc()));
        }
        if let Ok(address) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self::Range(address.into()));
        }
        let (name, reach) = if let Some(name) = entry.strip_prefix("*.") {
            (name, Reach::Below)
        } else if let Some(name) = entry.strip_prefix('.') {
            (name, Reach::Both)
        } else {
            (entry, bare)
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || name.starts_with('.') || name.contains('*') {
            return Err(wrong());
        }
        // The same normalization as for the host of a URL: lower case, punycode, odd forms of IPv4.
        match Host::parse(name).map_err(|_| wrong())? {
            Host::Domain(name) => Ok(Self::Name { name, reach }),
            Host::Ipv4(address) => Ok(Self::Range(IpAddr::from(address).into())),
            Host::Ipv6(address) => Ok(Self::Range(IpAddr::from(address).into())),
        }
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        match self {
            Self::Range(range) => range.contains(&address),
            Self::Name { .. } => false,
        }
    }

    /// Whether the entry means this name, which is in the form that URLs have it in.
    pub(crate) fn has_name(&self, host: &str) -> bool {
        let Self::Name { name, reach } = self else {
            return false;
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_itself = host.eq_ignore_ascii_case(name);
        let is_below = host.len() > name.len() + 1 && {
            let (front, back) = host.as_bytes().split_at(host.len() - name.len());
            front.ends_with(b".") && back.eq_ignore_ascii_case(name.as_bytes())
        };
        match reach {
            Reach::Itself => is_itself,
            Reach::Below => is_below,
            Reach::Both => is_itself || is_below,
        }
    }
}

/// The entries of a list that is separated by commas or white space.
pub(crate) fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty())
}

/// The host of a URL when it is an address.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_no_hosts_are_refused() {
        for entry in [
            "http://example.org",
            "example.org:443",
            "10.0.0.0/33",
            "10.0.0.0/x",
            "*",
            "*.",
            ".",
            "..example.org",
            "a.*.example.org",
            "10.*",
            "a/b",
            "<local>",
            "jane@example.org",
        ] {
            let problem = Pattern::parse(entry, Reach::Itself).unwrap_err();
            assert_eq!(problem, format!("`{entry}` is no address, range or host name"));
        }
    }

    #[test]
    fn names_match_as_far_as_their_entry_reaches() {
        let check = |entry: &str, itself: bool, below: bool| {
            let pattern = Pattern::parse(entry, Reach::Itself).unwrap();
            assert_eq!(pattern.has_name("example.org"), itself, "{entry}");
            assert_eq!(pattern.has_name("EXAMPLE.org."), itself, "{entry}");
            assert_eq!(pattern.has_name("a.example.org"), below, "{entry}");
            assert_eq!(pattern.has_name("a.b.example.org"), below, "{entry}");
            assert!(!pattern.has_name("badexample.org"), "{entry}");
            assert!(!pattern.has_name("exampleXorg"), "{entry}");
            assert!(!pattern.has_name("example.org.evil.test"), "{entry}");
            assert!(!pattern.has_name("org"), "{entry}");
            assert!(!pattern.has_name(""), "{entry}");
        };
        check("example.org", true, false);
        check("Example.ORG.", true, false);
        check("*.example.org", false, true);
        check(".example.org", true, true);
    }

    #[test]
    fn addresses_match_in_every_notation() {
        let check = |entry: &str, address: &str, expected: bool| {
            let pattern = Pattern::parse(entry, Reach::Itself).unwrap();
            assert_eq!(pattern.has_address(address.parse().unwrap()), expected, "{entry}");
        };
        check("10.0.0.0/8", "10.255.255.255", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("10.1.2.3/8", "10.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("0x7f.1", "127.0.0.1", true);
        check("2130706433", "127.0.0.1", true);
        check("fc00::/7", "fd12::1", true);
        check("[::1]", "::1", true);
        check("::1", "127.0.0.1", false);
    }

    #[test]
    fn lists_are_split_at_commas_and_white_space() {
        let found: Vec<_> = entries(" a, b,,c\td\n").collect();
        assert_eq!(found, ["a", "b", "c", "d"]);
        assert_eq!(entries(" , ").count(), 0);
    }

    #[test]
    fn names_beyond_ascii_are_compared_as_punycode() {
        let pattern = Pattern::parse("*.b\u{fc}cher.example", Reach::Itself).unwrap();
        assert!(pattern.has_name("www.xn--bcher-kva.example"));
    }
}
