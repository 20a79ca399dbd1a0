//! What may be asked for, by its text alone: https, in canonical spelling, on a host that is not ours.
//!
//! Two parsers that read one text differently are how such guards are passed (`0x7f.1`, `2130706433`, full-width digits,
//! `\`, tabs). So the one parser that the connection itself uses reads the text, and whatever it would write otherwise is
//! refused: what was checked is what is connected to.

use std::net::IpAddr;

use url::{Host, Url};

use super::{OutboundError, OutboundSetupError, address::is_public};
use crate::domain::issuer::Issuer;

/// An address that may be asked for. Its host, when it is a name, has not been looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(super) url: Url,
    pub(super) host: Host,
    pub(super) port: u16,
    /// The configuration names it: where its name leads is not asked.
    pub(super) excepted: bool,
}

impl Target {
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The host, with a port that is not the usual one of its scheme.
    pub fn authority(&self) -> String {
        self.url.port().map_or_else(|| self.host.to_string(), |port| format!("{}:{port}", self.host))
    }

    /// Whether this is an address that it may connect to.
    pub(super) fn may_be_at(&self, address: IpAddr) -> bool {
        self.excepted || is_public(address)
    }
}

/// What the configuration says of addresses.
#[derive(Debug)]
pub(super) struct Rules {
    own: Option<(Host, u16)>,
    allowed: Vec<Allowed>,
}

/// An entry of `outbound.allow`.
#[derive(Debug)]
struct Allowed {
    host: Host,
    /// `None`: any.
    port: Option<u16>,
}

impl Rules {
    pub(super) fn new(allow: &[String], issuer: &Issuer) -> Result<Self, OutboundSetupError> {
        let own = Url::parse(issuer.as_str()).ok();
        let own = own.and_then(|url| Some((url.host()?.to_owned(), url.port_or_known_default()?)));
        let parse = |entry: &String| Allowed::parse(entry).ok_or_else(|| OutboundSetupError::Allow(entry.clone()));
        Ok(Self { own, allowed: allow.iter().map(parse).collect::<Result<_, _>>()? })
    }

    pub(super) fn check(&self, text: &str) -> Result<Target, OutboundError> {
        if text.len() > MAX_LENGTH {
            return Err(OutboundError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| OutboundError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(OutboundError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(OutboundError::Fragment);
        }
        if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
            return Err(OutboundError::NotCanonical(url.into()));
        }
        let host = url.host().ok_or(OutboundError::NotAUrl)?.to_owned();
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(OutboundError::NotAUrl)?;
        if self.own.as_ref().is_some_and(|(own, own_port)| (own, *own_port) == (&host, port)) {
            return Err(OutboundError::Ourselves);
        }
        let excepted = self.allowed.iter().any(|allowed| allowed.covers(&host, port));
        if url.scheme() == "http" && !excepted {
            return Err(OutboundError::Scheme);
        }
        let target = Target { url, host, port, excepted };
        target.check_host().map(|()| target)
    }
}

impl Allowed {
    fn parse(entry: &str) -> Option<Self> {
        let after_brackets = entry.rfind(']').map_or(0, |end| end + 1);
        let colon = entry.get(after_brackets..)?.find(':').map(|at| after_brackets + at);
        let (host, port) = match colon {
            None => (entry, None),
            Some(at) => {
                let (host, port) = entry.split_at_checked(at)?;
                let number = port.get(1..)?.parse().ok().filter(|number| *number != 0)?;
                (host, Some(number).filter(|number| port == format!(":{number}")).map(Some)?)
            }
        };
        let parsed = Host::parse(host).ok()?;
        let usable =
            parsed.to_string() == host && !matches!(&parsed, Host::Domain(name) if !name.split('.').all(is_label));
        usable.then_some(Self { host: parsed, port })
    }

    fn covers(&self, host: &Host, port: u16) -> bool {
        self.host == *host && self.port.is_none_or(|only| only == port)
    }
}

impl Target {
    /// What can be said of the host without asking a name server.
    fn check_host(&self) -> Result<(), OutboundError> {
        let literal = match &self.host {
            Host::Domain(_) if self.excepted => return Ok(()),
            Host::Domain(name) if is_full_name(name) => return Ok(()),
            Host::Domain(_) => return Err(OutboundError::Host),
            Host::Ipv4(address) => IpAddr::V4(*address),
            Host::Ipv6(address) => IpAddr::V6(*address),
        };
        if self.may_be_at(literal) { Ok(()) } else { Err(OutboundError::NoPublicAddress) }
    }
}

/// A name that means the same host wherever it is asked: with two labels at least, and none of those that are for a machine's
/// or a house's own use.
fn is_full_name(name: &str) -> bool {
    let local = LOCAL.iter().any(|local| name.strip_suffix(local).is_some_and(|before| before.ends_with('.')));
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label) && !local
}

/// RFC 1035 §2.3.4; `localhost.` ends in an empty one. The underscore is in no host name by RFC 1123 §2.1, and in use.
fn is_label(label: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len()) && label.bytes().all(letter)
}

const MAX_LENGTH: usize = 2_000;
/// RFC 6761 §6.3, RFC 6762 §3, RFC 8375, and what ICANN set aside in 2024.
const LOCAL: [&str; 4] = ["localhost", "local", "home.arpa", "internal"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(allow: &[&str]) -> Rules {
        let allow: Vec<_> = allow.iter().map(ToString::to_string).collect();
        Rules::new(&allow, &Issuer::try_from("https://id.example".to_owned()).unwrap()).unwrap()
    }

    fn check(url: &str) -> Result<(), OutboundError> {
        rules(&[]).check(url).map(|_| ())
    }

    #[test]
    fn an_https_address_of_a_public_host_may_be_asked_for() {
        for url in [
            "https://forum.example/jwks.json",
            "https://forum.example",
            "https://forum.example:8443/a?b=c",
            "https://xn--fcksaaa.example/",
            "https://8.8.8.8/jwks",
            "https://[2a00:1450:4007::1]:8443/",
            "https://[64:ff9b::808:808]/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn g1_no_other_scheme_is_followed() {
        for url in ["http://forum.example/", "file:///etc/passwd", "gopher://forum.example/", "unix:/run/x", "data:,x"]
        {
            assert_eq!(check(url), Err(OutboundError::Scheme), "{url}");
        }
        for url in ["forum.example/jwks", "/jwks", "", "https://", "https:///", "//forum.example"] {
            let error = check(url).unwrap_err();
            assert!(matches!(error, OutboundError::NotAUrl | OutboundError::NotCanonical(_)), "{url}: {error}");
        }
        for url in
            ["ftp://forum.example/", "HTTPS://forum.example/", "https:forum.example/", "https:\\\\forum.example/"]
        {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn g2_an_address_that_is_not_public_is_refused_as_it_stands() {
        for host in [
            "127.0.0.1",
            "[::1]",
            "0.0.0.0",
            "169.254.169.254",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "100.64.0.1",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[::7f00:1]",
            "[ff02::1]",
            "255.255.255.255",
        ] {
            for url in [format!("https://{host}/"), format!("https://{host}:8443/jwks")] {
                assert_eq!(check(&url), Err(OutboundError::NoPublicAddress), "{url}");
            }
        }
        assert!(check("https://[::ffff:127.0.0.1]/").is_err() && check("https://[fe80::1%25eth0]/").is_err());
    }

    #[test]
    fn g3_another_spelling_of_a_host_is_refused_with_the_right_one() {
        for (host, canonical) in [
            ("2130706433", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("0x7F000001", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("LOCALHOST", "localhost"),
            ("Forum.example", "forum.example"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("ⓛocalhost", "localhost"),
            ("127。0。0。1", "127.0.0.1"),
            ("%31%32%37.0.0.1", "127.0.0.1"),
            ("forum.example:443", "forum.example"),
            ("forum.example:08443", "forum.example:8443"),
            ("for\tum.example", "forum.example"),
            ("@forum.example", "forum.example"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("forum.example\\@localhost", "forum.example/@localhost"),
        ] {
            let slash = if canonical.contains('/') { "" } else { "/" };
            let expected = Err(OutboundError::NotCanonical(format!("https://{canonical}{slash}")));
            let given = if slash.is_empty() { format!("https://{host}") } else { format!("https://{host}/") };
            assert_eq!(check(&given), expected, "{host}");
        }
        assert!(check(" https://forum.example/").is_err() && check("https://forum.example/\n").is_err());
    }

    #[test]
    fn g3_a_name_that_only_this_machine_or_house_knows_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        for host in [
            "localhost",
            "localhost.",
            "db",
            "a.localhost",
            "x.local",
            "metadata.google.internal",
            "forum.example.",
            "a..example",
            "*.example",
            &long,
        ] {
            assert_eq!(check(&format!("https://{host}/")), Err(OutboundError::Host), "{host}");
        }
        assert_eq!(check("https://mylocal.example/"), Ok(()));
        assert_eq!(check("https://notlocal/"), Err(OutboundError::Host));
    }

    #[test]
    fn g12_user_information_fragments_and_endless_addresses_are_refused() {
        for user in ["user@", "user:secret@", ":secret@"] {
            assert_eq!(check(&format!("https://{user}forum.example/")), Err(OutboundError::UserInfo), "{user}");
        }
        for url in ["https://forum.example/#", "https://forum.example/#a", "https://forum.example#@localhost/"] {
            assert_eq!(check(url), Err(OutboundError::Fragment), "{url}");
        }
        assert_eq!(check(&format!("https://forum.example/{}", "a".repeat(2_000))), Err(OutboundError::TooLong));
        assert_eq!(check("https://forum.example:0/"), Err(OutboundError::NotAUrl));
    }

    #[test]
    fn g17_our_own_issuer_is_not_called_by_ourselves_not_even_when_it_is_allowed() {
        for url in ["https://id.example/logout", "https://id.example"] {
            assert_eq!(check(url), Err(OutboundError::Ourselves), "{url}");
            assert_eq!(rules(&["id.example"]).check(url), Err(OutboundError::Ourselves), "{url}");
        }
        assert_eq!(check("https://id.example:8443/logout"), Ok(()), "another server on the same host");
        let local = Issuer::try_from("http://localhost:8400".to_owned()).unwrap();
        let rules = Rules::new(&["localhost".to_owned()], &local).unwrap();
        assert_eq!(rules.check("http://localhost:8400/logout"), Err(OutboundError::Ourselves));
        assert_eq!(rules.check("https://localhost:8400/logout"), Err(OutboundError::Ourselves));
        assert!(rules.check("http://localhost:8401/logout").is_ok());
    }

    #[test]
    fn what_the_configuration_allows_may_be_private_and_plain_http_on_the_port_that_it_says() {
        let rules = rules(&["localhost:8401", "forum.test", "127.0.0.1", "[::1]:8443"]);
        for url in [
            "http://localhost:8401/jwks",
            "https://localhost:8401/jwks",
            "http://forum.test/",
            "https://forum.test:9000/",
            "http://127.0.0.1:1/",
            "https://[::1]:8443/",
        ] {
            assert!(rules.check(url).unwrap().excepted, "{url}");
        }
        for url in ["http://localhost:8402/", "https://localhost/", "https://[::1]/", "https://127.0.0.2/"] {
            assert!(rules.check(url).is_err(), "{url}");
        }
        assert_eq!(rules.check("http://a.forum.test/"), Err(OutboundError::Scheme), "a host, not what is below it");
        assert!(rules.check("https://FORUM.test/").is_err() && rules.check("https://u@forum.test/").is_err());
    }

    #[test]
    fn an_entry_that_would_never_match_is_refused_at_start_by_the_name_of_the_setting() {
        let issuer = Issuer::try_from("https://id.example".to_owned()).unwrap();
        for entry in [
            "",
            "Forum.test",
            "https://forum.test",
            "forum.test/",
            "forum.test:",
            "forum.test:0",
            "forum.test:08443",
            "forum.test:+1",
            "forum.test:65536",
            "::1",
            "[::1",
            "127.1",
            "*.forum.test",
            "10.0.0.0/8",
        ] {
            let error = Rules::new(&[entry.to_owned()], &issuer).unwrap_err().to_string();
            assert!(error.starts_with("outbound.allow: "), "{entry}: {error}");
        }
    }

    #[test]
    fn a_target_is_named_by_its_host_and_a_port_that_is_not_the_usual_one() {
        let authority = |url: &str| rules(&["forum.test"]).check(url).unwrap().authority();
        assert_eq!(authority("https://forum.example/a"), "forum.example");
        assert_eq!(authority("https://forum.example:8443/a"), "forum.example:8443");
        assert_eq!(authority("https://[2a00::1]:8443/"), "[2a00::1]:8443");
        assert_eq!(authority("http://forum.test:443/"), "forum.test:443");
    }

    /// Texts that look like addresses, and some that do not.
    fn texts() -> impl Strategy<Value = String> {
        let host = prop_oneof![
            any::<u32>().prop_map(|bits| std::net::Ipv4Addr::from_bits(bits).to_string()),
            any::<u128>().prop_map(|bits| format!("[{}]", std::net::Ipv6Addr::from_bits(bits))),
            any::<u32>().prop_map(|bits| format!("[::ffff:{}]", std::net::Ipv4Addr::from_bits(bits))),
            any::<u32>().prop_map(|bits| format!("[64:ff9b::{:x}:{:x}]", bits >> 16, bits & 0xffff)),
            any::<u32>().prop_map(|bits| bits.to_string()),
            "[a-z.]{0,12}",
            "\\PC{0,12}",
        ];
        prop_oneof![
            (prop_oneof!["https://", "http://", "\\PC{0,8}"], host, "(:[0-9]{1,5})?", "(/\\PC{0,8})?")
                .prop_map(|(scheme, host, port, rest)| [scheme, host, port, rest].concat()),
            "\\PC{0,40}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_text_makes_it_panic_and_no_literal_that_is_not_public_is_accepted(text in texts()) {
            if let Ok(target) = rules(&[]).check(&text) {
                prop_assert_eq!(target.url.scheme(), "https");
                prop_assert!(target.as_str() == text || target.as_str().strip_suffix('/') == Some(&text));
                match target.url.host() {
                    Some(Host::Ipv4(address)) => prop_assert!(is_public(address.into())),
                    Some(Host::Ipv6(address)) => prop_assert!(is_public(address.into())),
                    Some(Host::Domain(name)) => prop_assert!(name.parse::<IpAddr>().is_err() && name.contains('.')),
                    None => prop_assert!(false, "no host"),
                }
            }
        }
    }
}
