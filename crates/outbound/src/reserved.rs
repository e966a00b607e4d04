//! Addresses that are not for the public Internet.
//!
//! The ranges are those of the IANA special-purpose address registries for IPv4 and IPv6 and of multicast; each names its RFC.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const V4: [(Ipv4Net, &str); 19] = [
    (v4(0, 0, 0, 0, 8), "this network, RFC 791"),
    (v4(10, 0, 0, 0, 8), "private, RFC 1918"),
    (v4(100, 64, 0, 0, 10), "shared by carriers, RFC 6598"),
    (v4(127, 0, 0, 0, 8), "loopback, RFC 1122"),
    (v4(169, 254, 0, 0, 16), "link-local, RFC 3927"),
    (v4(172, 16, 0, 0, 12), "private, RFC 1918"),
    (v4(192, 0, 0, 0, 24), "protocol assignments, RFC 6890"),
    (v4(192, 0, 2, 0, 24), "documentation, RFC 5737"),
    (v4(192, 31, 196, 0, 24), "AS112, RFC 7535"),
    (v4(192, 52, 193, 0, 24), "AMT, RFC 7450"),
    (v4(192, 88, 99, 0, 24), "6to4 relays, RFC 7526"),
    (v4(192, 168, 0, 0, 16), "private, RFC 1918"),
    (v4(192, 175, 48, 0, 24), "AS112, RFC 7534"),
    (v4(198, 18, 0, 0, 15), "benchmarks, RFC 2544"),
    (v4(198, 51, 100, 0, 24), "documentation, RFC 5737"),
    (v4(203, 0, 113, 0, 24), "documentation, RFC 5737"),
    (v4(224, 0, 0, 0, 4), "multicast, RFC 5771"),
    (v4(255, 255, 255, 255, 32), "broadcast, RFC 919"),
    (v4(240, 0, 0, 0, 4), "reserved, RFC 1112"),
];

/// Without `::ffff:0:0/96` (RFC 4291), `64:ff9b::/96` (RFC 6052) and `2002::/16` (RFC 3056): the IPv4 address in them decides, see [`embedded`].
const V6: [(Ipv6Net, &str); 14] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "unspecified, RFC 4291"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "loopback, RFC 4291"),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "local translation, RFC 8215"),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "discard only, RFC 6666"),
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), "dummy prefix, RFC 9780"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "protocol assignments, RFC 2928"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "documentation, RFC 3849"),
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "AS112, RFC 7534"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation, RFC 9637"),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "segment routing, RFC 9602"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "unique local, RFC 4193"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local, RFC 4291"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "site-local, RFC 3879"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast, RFC 4291"),
];

/// What an address is reserved for, with the RFC; `None` for a public one.
pub(crate) fn purpose(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            V4.iter().find(|(range, _)| range.contains(&address)).map(|(_, purpose)| *purpose)
        }
        IpAddr::V6(address) => {
            V6.iter().find(|(range, _)| range.contains(&address)).map(|(_, purpose)| *purpose)
        }
    }
}

/// The IPv4 addresses that a packet to this IPv6 address may end up at.
pub(crate) fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => vec![],
        // NAT64 with a prefix of one's own (RFC 8215): the address ends a /96 or straddles byte 8 of a /48 (RFC 6052, section 2.2).
        [0x64, 0xff9b, 1, first, middle, last, high, low] => {
            vec![join(high, low), join(first, (middle << 8) | (last >> 8))]
        }
        // Teredo (RFC 4380): the server, and the client with all bits turned.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            vec![join(server_high, server_low), join(!high, !low)]
        }
        // Compatible and mapped (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056), ISATAP (RFC 5214).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => vec![join(high, low)],
        _ => vec![],
    }
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_ranges_are_inside_and_their_neighbors_outside() {
        let check = |first: &str, last: &str, purpose: &str| {
            for address in [first, last] {
                let found = super::purpose(address.parse().unwrap());
                assert!(found.is_some_and(|found| found.contains(purpose)), "{address}: {found:?}");
            }
        };
        check("0.0.0.0", "0.255.255.255", "791");
        check("10.0.0.0", "10.255.255.255", "1918");
        check("100.64.0.0", "100.127.255.255", "6598");
        check("127.0.0.0", "127.255.255.255", "1122");
        check("169.254.0.0", "169.254.255.255", "3927");
        check("172.16.0.0", "172.31.255.255", "1918");
        check("192.0.0.0", "192.0.0.255", "6890");
        check("192.0.2.0", "192.0.2.255", "5737");
        check("192.31.196.0", "192.31.196.255", "7535");
        check("192.52.193.0", "192.52.193.255", "7450");
        check("192.88.99.0", "192.88.99.255", "7526");
        check("192.168.0.0", "192.168.255.255", "1918");
        check("192.175.48.0", "192.175.48.255", "7534");
        check("198.18.0.0", "198.19.255.255", "2544");
        check("198.51.100.0", "198.51.100.255", "5737");
        check("203.0.113.0", "203.0.113.255", "5737");
        check("224.0.0.0", "239.255.255.255", "5771");
        check("240.0.0.0", "255.255.255.254", "1112");
        check("255.255.255.255", "255.255.255.255", "919");
        check("::", "::", "unspecified");
        check("::1", "::1", "loopback");
        check("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "8215");
        check("100::", "100::ffff:ffff:ffff:ffff", "6666");
        check("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "9780");
        check("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2928");
        check("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "3849");
        check("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "7534");
        check("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "9637");
        check("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "9602");
        check("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4193");
        check("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4291");
        check("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3879");
        check("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast");
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "8.8.8.8",
            "2000::",
            "2001:200::",
            "2606:4700::1111",
            "fbff::",
            "4000::",
        ] {
            assert_eq!(purpose(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn embedded_addresses_are_found() {
        let check = |address: &str, expected: &[&str]| {
            let found = embedded(address.parse().unwrap());
            let expected: Vec<Ipv4Addr> = expected.iter().map(|e| e.parse().unwrap()).collect();
            assert_eq!(found, expected, "{address}");
        };
        check("::", &[]);
        check("::1", &[]);
        check("2606:4700::7f00:1", &[]);
        check("::127.0.0.1", &["127.0.0.1"]);
        check("::ffff:10.0.0.1", &["10.0.0.1"]);
        check("::ffff:0:10.0.0.1", &["10.0.0.1"]);
        check("64:ff9b::192.0.2.33", &["192.0.2.33"]);
        // The examples of RFC 6052, section 2.4, moved to the prefix of RFC 8215.
        check("64:ff9b:1:c000:2:2100::", &["0.0.0.0", "192.0.2.33"]);
        check("64:ff9b:1::c000:221", &["192.0.2.33", "0.0.0.0"]);
        check("2002:7f00:1::5", &["127.0.0.1"]);
        // The example of RFC 4380, section 5.2.9, in its form.
        check("2001:0:4136:e378:8000:63bf:3fff:fdd2", &["65.54.227.120", "192.0.2.45"]);
        check("2606:4700::5efe:10.0.0.1", &["10.0.0.1"]);
        check("2606:4700::200:5efe:10.0.0.1", &["10.0.0.1"]);
    }
}
