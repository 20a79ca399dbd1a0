//! Which addresses are public: those that belong to somebody on the Internet, and never to this machine or its networks.
//!
//! The IANA registries of special-purpose addresses (RFC 6890) say which are not. Of IPv6 only `2000::/3` has been given out;
//! what lies outside is refused without a list, so mapped and compatible IPv4 (RFC 4291 §2.5.5), site-local (RFC 3879),
//! unique local (RFC 4193), link-local and multicast addresses need no row.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether this server may connect to an address that a stranger chose.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(network, length)| {
        let differing = address.to_bits() ^ network.to_bits();
        differing.leading_zeros() >= *length
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if within(address, NAT64) {
        // The last 32 bits are where the translator leads (RFC 6052 §2.2); on a network without IPv4 every host that has
        // no IPv6 looks so (RFC 6147).
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    within(address, GIVEN_OUT) && !SPECIAL_V6.iter().any(|network| within(address, *network))
}

fn within(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    // This host and network, unspecified (RFC 791 §3.2).
    (Ipv4Addr::UNSPECIFIED, 8),
    // Private (RFC 1918 §3).
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared by the customers of one carrier (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback (RFC 1122 §3.2.1.3).
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local (RFC 3927), where clouds answer with their machines' credentials.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments (RFC 6890 §2.1).
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation (RFC 5737).
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Relays of 6to4, withdrawn (RFC 7526).
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarks (RFC 2544).
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast (RFC 5771).
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved (RFC 1112 §4), with broadcast (RFC 919).
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Global unicast (RFC 4291 §2.4, IANA's registry of it).
const GIVEN_OUT: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// The well-known prefix of translators (RFC 6052 §2.1). Their local one, `64:ff9b:1::/48` (RFC 8215), is refused: there the
/// operator of the translator decides where in the address the IPv4 one stands, and private ones are its very use.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    // Protocol assignments (RFC 2928), with Teredo (RFC 4380), benchmarks (RFC 5180) and ORCHID (RFC 4843, RFC 7343).
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation (RFC 3849, RFC 9637).
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4 (RFC 3056): leads to the IPv4 address inside, through whoever announces it.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn g2_no_special_ipv4_network_is_public_from_its_first_address_to_its_last_and_its_neighbours_are() {
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
            ("169.254.169.254", "169.254.169.254", None, None),
            ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
            ("240.0.0.0", "255.255.255.255", None, None),
        ] {
            assert!(!public(first) && !public(last), "{first} to {last}");
            for neighbour in [before, after].into_iter().flatten() {
                assert!(public(neighbour), "{neighbour}");
            }
        }
    }

    #[test]
    fn g2_no_special_ipv6_network_is_public_from_its_first_address_to_its_last() {
        for (network, last) in [
            ("::", "::"),
            ("::1", "::1"),
            ("::7f00:1", "::ffff:ffff"),
            ("::ffff:127.0.0.1", "::ffff:8.8.8.8"),
            ("::ffff:0:7f00:1", "::ffff:0:808:808"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:808:808"),
            ("100::", "100::ffff:ffff:ffff:ffff"),
            ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::"),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:2::1", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
            ("2001:10::", "2001:2f:ffff::"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2002:7f00:1::", "2002:808:808::1"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("5f00::", "5f00:ffff::"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fe80::1", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fec0::1", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert!(!public(network) && !public(last), "{network} to {last}");
        }
        for neighbour in ["2000::", "2001:200::", "2001:db7::1", "2001:db9::", "2003::", "2a00:1450:4007::1", "3ffe::"]
        {
            assert!(public(neighbour), "{neighbour}");
        }
    }

    #[test]
    fn g2_a_translated_address_is_what_it_is_translated_to() {
        for private in ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::", "64:ff9b::a00:1", "64:ff9b::ffff:ffff"] {
            assert!(!public(private), "{private}");
        }
        assert!(public("64:ff9b::808:808"));
        assert!(!public("64:ff9b::1:808:808"), "outside the prefix");
    }

    proptest! {
        /// What the standard library calls special of old, it is here too.
        #[test]
        fn g2_no_address_is_public_that_the_standard_library_knows_as_special(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_unspecified() || address.is_multicast() || address.is_broadcast()
                || address.is_documentation();
            prop_assert!(!(special && is_public_v4(address)));
            prop_assert_eq!(is_public_v4(address), is_public(format!("64:ff9b::{address}").parse().unwrap()));
        }
    }
}
