//! Where calls may go: `EGRESS_PRIVATE`, `EGRESS_DENY` and `EGRESS_ALLOW`.

use std::{net::IpAddr, sync::Arc};

use reqwest::Url;

use crate::{
    Problem,
    hosts::{self, Pattern, Reach},
    reserved,
};

/// What `EGRESS_DENY` is when nothing else is set: link-local addresses and the places where clouds hand out credentials to whoever asks from inside.
///
/// Amazon, Google, Azure and others answer at 169.254.169.254 or 169.254.170.2 (in 169.254.0.0/16);
/// `fd00:ec2::254` is Amazon's, `fd20:ce::254` Google's, `100.100.100.200` Alibaba's, `192.0.0.192` Oracle's, `168.63.129.16` Azure's platform.
pub const EGRESS_DENY_DEFAULT: &str = "169.254.0.0/16,fe80::/10,fd00:ec2::254,fd20:ce::254,100.100.100.200,192.0.0.192,168.63.129.16,metadata.google.internal,metadata.goog,metadata.tencentyun.com,instance-data.ec2.internal";

/// The three settings as text; an empty text is like none.
#[derive(Clone, Debug, Default)]
pub struct EgressSettings {
    /// `EGRESS_PRIVATE`: `allow` (default) or `deny`, which closes everything that is not the public Internet.
    pub private: Option<String>,
    /// `EGRESS_DENY`: closed whatever the others say.
    /// Default: [`EGRESS_DENY_DEFAULT`], which the word `default` in the list stands for; `none` closes nothing.
    pub deny: Option<String>,
    /// `EGRESS_ALLOW`: open in spite of `EGRESS_PRIVATE=deny`.
    pub allow: Option<String>,
}

/// Judges where calls may go; cheap to clone.
///
/// The lists take addresses, ranges (`10.0.0.0/8`) and host names: `example.org` itself, `*.example.org` for all below it, `.example.org` for both; separated by commas or white space.
/// `EGRESS_DENY` wins over all, `EGRESS_ALLOW` wins over `EGRESS_PRIVATE=deny`.
/// An IPv6 address that leads to an IPv4 address (mapped, NAT64, 6to4, Teredo and so on) is judged by that one too, and of a name with several addresses all must be open.
#[derive(Clone, Debug)]
pub struct Egress(Arc<Rules>);

/// A refusal: the host, the address that it is about, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{} is closed by {setting}: {why}", self.place())]
pub struct Denied {
    /// The host as in the URL.
    pub host: String,
    /// The closed address; `None` when the name itself is closed.
    pub address: Option<IpAddr>,
    /// The setting that closes it: `EGRESS_DENY` or `EGRESS_PRIVATE`.
    pub setting: &'static str,
    /// What it is closed as.
    pub why: String,
}

#[derive(Debug)]
struct Rules {
    private: Private,
    deny: Vec<Pattern>,
    allow: Vec<Pattern>,
}

#[derive(Debug, PartialEq)]
enum Private {
    Allow,
    Deny,
}

impl Egress {
    /// Reads the settings and reports everything that is wrong with them.
    pub fn new(settings: &EgressSettings) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let private = match text(settings.private.as_ref()).to_ascii_lowercase().as_str() {
            "" | "allow" => Private::Allow,
            "deny" => Private::Deny,
            other => {
                problems
                    .push(("EGRESS_PRIVATE", format!("`{other}` is neither `allow` nor `deny`")));
                Private::Deny
            }
        };
        let deny = match text(settings.deny.as_ref()) {
            "" => EGRESS_DENY_DEFAULT.to_owned(),
            "none" => String::new(),
            list => hosts::entries(list)
                .map(|entry| if entry == "default" { EGRESS_DENY_DEFAULT } else { entry })
                .collect::<Vec<_>>()
                .join(","),
        };
        let rules = Rules {
            private,
            deny: patterns("EGRESS_DENY", &deny, &mut problems),
            allow: patterns("EGRESS_ALLOW", text(settings.allow.as_ref()), &mut problems),
        };
        if problems.is_empty() { Ok(Self(Arc::new(rules))) } else { Err(problems) }
    }

    /// Judges the host of a URL: the address when it is one, else the name.
    ///
    /// A name is judged again with its addresses when they are known.
    pub fn judge_url(&self, url: &Url) -> Result<(), Denied> {
        let host = url.host_str().unwrap_or_default();
        match hosts::literal(url) {
            Some(address) => self.judge(host, &[address]),
            None => self.judge(host, &[]),
        }
    }

    /// Judges a host with the addresses that it has; one closed address closes it.
    pub fn judge(&self, host: &str, addresses: &[IpAddr]) -> Result<(), Denied> {
        let rules = &*self.0;
        if has_name(&rules.deny, host) {
            return Err(Denied::by_deny(host, None));
        }
        for &address in addresses {
            if faces(address).iter().any(|&face| has_address(&rules.deny, face)) {
                return Err(Denied::by_deny(host, Some(address)));
            }
        }
        if rules.private == Private::Allow || has_name(&rules.allow, host) {
            return Ok(());
        }
        // A proxy would look `localhost` up for itself, and find itself.
        if is_localhost(host) && addresses.is_empty() {
            return Err(Denied::by_private(host, None, "loopback, RFC 6761"));
        }
        for &address in addresses {
            if has_address(&rules.allow, address) {
                continue;
            }
            for face in faces(address) {
                if let Some(purpose) = reserved::purpose(face)
                    && !has_address(&rules.allow, face)
                {
                    return Err(Denied::by_private(host, Some(address), purpose));
                }
            }
        }
        Ok(())
    }
}

impl Denied {
    fn by_deny(host: &str, address: Option<IpAddr>) -> Self {
        let why = "it is on that list".to_owned();
        Self { host: host.to_owned(), address, setting: "EGRESS_DENY", why }
    }

    fn by_private(host: &str, address: Option<IpAddr>, purpose: &str) -> Self {
        let why = format!("{purpose}; EGRESS_ALLOW can open it");
        Self { host: host.to_owned(), address, setting: "EGRESS_PRIVATE", why }
    }

    fn place(&self) -> String {
        let host = self.host.trim_matches(['[', ']']);
        match self.address {
            Some(address) if address.to_string() != host => format!("`{host}` ({address})"),
            Some(_) | None => format!("`{host}`"),
        }
    }
}

fn text(setting: Option<&String>) -> &str {
    setting.map(|text| text.trim()).unwrap_or_default()
}

fn patterns(setting: &'static str, list: &str, problems: &mut Vec<Problem>) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for entry in hosts::entries(list) {
        match Pattern::parse(entry, Reach::Itself) {
            Ok(pattern) => patterns.push(pattern),
            Err(text) => problems.push((setting, text)),
        }
    }
    patterns
}

/// The address and every IPv4 address that it may lead to.
fn faces(address: IpAddr) -> Vec<IpAddr> {
    let mut faces = vec![address];
    if let IpAddr::V6(address) = address {
        faces.extend(reserved::embedded(address).into_iter().map(IpAddr::from));
    }
    faces
}

fn has_address(patterns: &[Pattern], address: IpAddr) -> bool {
    patterns.iter().any(|pattern| pattern.has_address(address))
}

fn has_name(patterns: &[Pattern], host: &str) -> bool {
    patterns.iter().any(|pattern| pattern.has_name(host))
}

fn is_localhost(host: &str) -> bool {
    let localhost = Pattern::Name { name: "localhost".to_owned(), reach: Reach::Both };
    localhost.has_name(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let problems = new("maybe", "http://a.test 10.0.0.0/8", "b.test:80,*").unwrap_err();
        assert_eq!(
            problems,
            [
                ("EGRESS_PRIVATE", "`maybe` is neither `allow` nor `deny`".to_owned()),
                ("EGRESS_DENY", "`http://a.test` is no address, range or host name".to_owned()),
                ("EGRESS_ALLOW", "`b.test:80` is no address, range or host name".to_owned()),
                ("EGRESS_ALLOW", "`*` is no address, range or host name".to_owned()),
            ]
        );
    }

    #[test]
    fn metadata_is_closed_by_default() {
        for private in ["", "allow", "deny"] {
            for host in [
                "169.254.169.254",
                "169.254.170.2",
                "[fd00:ec2::254]",
                "[fd20:ce::254]",
                "100.100.100.200",
                "192.0.0.192",
                "168.63.129.16",
                "[fe80::1]",
                "[::ffff:169.254.169.254]",
                "[64:ff9b::a9fe:a9fe]",
                "[2002:a9fe:a9fe::]",
                "metadata.google.internal",
                "metadata.goog",
                "0xa9fea9fe",
            ] {
                check(private, "", "", host, Some("EGRESS_DENY"));
            }
            check(private, "", "0.0.0.0/0 .internal", "169.254.169.254", Some("EGRESS_DENY"));
            check(private, "", ".internal", "metadata.google.internal", Some("EGRESS_DENY"));
        }
    }

    #[test]
    fn the_default_list_can_be_extended_replaced_and_emptied() {
        check("", "default, evil.test", "", "evil.test", Some("EGRESS_DENY"));
        check("", "default, evil.test", "", "169.254.169.254", Some("EGRESS_DENY"));
        check("", "evil.test", "", "169.254.169.254", None);
        check("", "none", "", "169.254.169.254", None);
        check("", "  ", "", "169.254.169.254", Some("EGRESS_DENY"));
    }

    #[test]
    fn private_addresses_are_closed_on_demand() {
        for host in [
            "127.0.0.1",
            "10.1.2.3",
            "100.64.0.1",
            "192.0.2.1",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[fd12::1]",
            "[2001:db8::1]",
            "[::ffff:10.0.0.1]",
            "[::10.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::8.8.8.8]",
            "[2002:a00:1::]",
            "[2001:0:808:808::f5ff:fffe]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
        ] {
            check("deny", "", "", host, Some("EGRESS_PRIVATE"));
            check("DENY", "", "", host, Some("EGRESS_PRIVATE"));
            check("allow", "", "", host, None);
            check("", "", "", host, None);
        }
        for host in ["8.8.8.8", "[2606:4700::1111]", "[64:ff9b::8.8.8.8]", "example.org"] {
            check("deny", "", "", host, None);
        }
    }

    #[test]
    fn allow_opens_what_private_closes_and_deny_closes_it_again() {
        check("deny", "", "10.0.0.0/8", "10.1.2.3", None);
        check("deny", "", "10.0.0.0/8", "[::ffff:10.1.2.3]", None);
        check("deny", "", "10.0.0.0/8", "192.168.0.1", Some("EGRESS_PRIVATE"));
        check("deny", "", "64:ff9b::/96", "[64:ff9b::10.0.0.1]", None);
        check("deny", "", "localhost", "localhost", None);
        check("deny", "10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", Some("EGRESS_DENY"));
        check("deny", "10.1.0.0/16", "10.0.0.0/8", "10.2.2.3", None);
        check("allow", "*.evil.test", "a.evil.test", "a.evil.test", Some("EGRESS_DENY"));
        // Without EGRESS_PRIVATE=deny the list of what is open says nothing.
        check("allow", "", "example.org", "example.com", None);
    }

    #[test]
    fn an_allowed_name_may_have_private_addresses_but_no_denied_ones() {
        let egress = new("deny", "10.9.0.0/16", "intranet.test").unwrap();
        let judge = |host: &str, address: &str| {
            egress.judge(host, &[address.parse().unwrap()]).map_err(|denied| denied.setting)
        };
        assert_eq!(judge("intranet.test", "10.0.0.1"), Ok(()));
        assert_eq!(judge("intranet.test", "10.9.0.1"), Err("EGRESS_DENY"));
        assert_eq!(judge("elsewhere.test", "10.0.0.1"), Err("EGRESS_PRIVATE"));
    }

    fn new(private: &str, deny: &str, allow: &str) -> Result<Egress, Vec<Problem>> {
        let [private, deny, allow] = [private, deny, allow].map(|text| Some(text.to_owned()));
        Egress::new(&EgressSettings { private, deny, allow })
    }

    fn check(private: &str, deny: &str, allow: &str, host: &str, expected: Option<&str>) {
        let url = Url::parse(&format!("http://{host}/")).unwrap();
        let found = new(private, deny, allow).unwrap().judge_url(&url);
        assert_eq!(
            found.err().map(|denied| denied.setting),
            expected,
            "{private} {deny} {allow} {host}"
        );
    }
}
