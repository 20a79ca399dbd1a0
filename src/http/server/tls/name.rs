//! A distinguished name as text: RFC 4514, which RFC 8705 §2.1.2 compares `tls_client_auth_subject_dn` in.
//!
//! One spelling a name: the last relative name first (§2.1), no spaces between them, the nine short attribute types of §3
//! and all others as an OID with their bytes in hexadecimal (§2.4).

use data_encoding::HEXUPPER;
use x509_parser::{
    asn1_rs::ToDer,
    x509::{AttributeTypeAndValue, X509Name},
};

pub(super) fn rfc4514(name: &X509Name<'_>) -> String {
    let mut relative: Vec<String> =
        name.iter_rdn().map(|relative| relative.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    relative.reverse();
    relative.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let short = SHORT.iter().find(|(known, _)| *known == oid).map(|(_, short)| *short);
    match (short, attribute.as_str()) {
        (Some(short), Ok(value)) => format!("{short}={}", escaped(value)),
        (short, _) => {
            let bytes = attribute.attr_value().to_der_vec().unwrap_or_default();
            format!("{}=#{}", short.unwrap_or(&oid), HEXUPPER.encode(&bytes))
        }
    }
}

/// §2.4: what has a meaning in the form itself, and control characters.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, letter) in value.char_indices() {
        let (first, last) = (at == 0, at + letter.len_utf8() == value.len());
        match letter {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', letter]),
            '#' if first => text.push_str("\\#"),
            ' ' if first || last => text.push_str("\\ "),
            letter if letter.is_ascii_control() => {
                text.push('\\');
                text.push_str(&HEXUPPER.encode(&[u8::try_from(letter).unwrap_or_default()]));
            }
            letter => text.push(letter),
        }
    }
    text
}

/// The table of §3.
const SHORT: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

#[cfg(test)]
mod tests {
    use x509_parser::prelude::FromDer;

    use super::*;

    /// One DER element with a short length.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// An attribute: the OID's bytes, the tag of the value, the value.
    fn typed(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        element(0x30, &[element(0x06, oid), element(tag, value)].concat())
    }

    fn text(relative: &[&[Vec<u8>]]) -> String {
        let sets = relative.iter().map(|attributes| element(0x31, &attributes.concat())).collect::<Vec<_>>();
        let der = element(0x30, &sets.concat());
        rfc4514(&X509Name::from_der(&der).unwrap().1)
    }

    const CN: &[u8] = &[0x55, 4, 3];
    const O: &[u8] = &[0x55, 4, 10];
    const OU: &[u8] = &[0x55, 4, 11];
    const C: &[u8] = &[0x55, 4, 6];
    const DC: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19];
    const SERIAL: &[u8] = &[0x55, 4, 5];
    const UTF8: u8 = 0x0C;
    const PRINTABLE: u8 = 0x13;
    const IA5: u8 = 0x16;
    const BMP: u8 = 0x1E;

    #[test]
    fn the_last_relative_name_comes_first_and_those_of_one_set_stay_together() {
        let name = text(&[
            &[typed(DC, IA5, b"net")],
            &[typed(DC, IA5, b"example")],
            &[typed(OU, UTF8, b"Sales"), typed(CN, UTF8, b"J.  Smith")],
        ]);
        assert_eq!(name, "OU=Sales+CN=J.  Smith,DC=example,DC=net", "RFC 4514 §4, the second example");
        assert_eq!(text(&[&[typed(C, PRINTABLE, b"FR")], &[typed(O, UTF8, "Cité".as_bytes())]]), "O=Cité,C=FR");
        assert_eq!(text(&[]), "");
    }

    #[test]
    fn no_value_can_be_read_as_two() {
        let one = |value: &str| text(&[&[typed(CN, UTF8, value.as_bytes())]]);
        assert_eq!(one("James \"Jim\" Smith, III"), r#"CN=James \"Jim\" Smith\, III"#, "§4, the third example");
        assert_eq!(one("Before\rAfter"), r"CN=Before\0DAfter", "§4, the fourth example");
        assert_eq!(one("a,O=b+C=c;<>\\"), r"CN=a\,O=b\+C=c\;\<\>\\");
        assert_eq!(one("#x#"), r"CN=\#x#");
        assert_eq!(one(" a  b "), r"CN=\ a  b\ ");
        assert_eq!(one(" "), r"CN=\ ");
        assert_eq!(one("\0"), r"CN=\00");
    }

    #[test]
    fn what_has_no_short_name_or_no_plain_text_is_told_in_bytes() {
        assert_eq!(text(&[&[typed(SERIAL, PRINTABLE, b"42")]]), "2.5.4.5=#13023432");
        assert_eq!(text(&[&[typed(CN, BMP, b"\0a")]]), "CN=#1E020061");
        assert_eq!(text(&[&[typed(CN, UTF8, b"\xFF")]]), "CN=#0C01FF");
    }
}
