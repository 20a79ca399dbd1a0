//! Public keys as JSON (RFC 7517; RSA and EC members RFC 7518 §6.2, §6.3; Ed25519 RFC 8037 §2), and the thumbprint that
//! is their `kid` (RFC 7638).
//!
//! ```text
//! {"kty":"RSA","n","e","alg","use":"sig","kid"}   {"kty":"EC","crv":"P-256","x","y",…}   {"kty":"OKP","crv":"Ed25519","x",…}
//! ```
//!
//! A set that holds a private or symmetric member is refused whole: its owner has published a secret. Keys of kinds that
//! are not known here are left out, as RFC 7517 §5 asks. Limits: 64 KiB, 100 keys, RSA of 2048 to 4096 bits.

use std::collections::HashSet;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::VerifyingKey;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use x509_parser::{prelude::FromDer, x509::SubjectPublicKeyInfo};

use super::{Algorithm, json};

/// A public key that has been checked: the point is on its curve and of full order, the modulus long enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Material);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// Big-endian, without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point: 0x04, x, y.
    P256([u8; 65]),
    Ed25519(VerifyingKey),
}

impl PublicKey {
    /// Modulus and exponent, big-endian. The modulus has 2048 to 4096 bits, the exponent is odd and at least 65537.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, InvalidKey> {
        let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        let long_enough = (256..=512).contains(&n.len()) && (n.len() > 256 || n.first() >= Some(&0x80));
        if !long_enough || n.first() == Some(&0) || !odd(n) {
            return Err(InvalidKey::Malformed("n"));
        }
        if !(3..=8).contains(&e.len()) || e.first() == Some(&0) || !odd(e) {
            return Err(InvalidKey::Malformed("e"));
        }
        Ok(Self(Material::Rsa { n: n.to_vec(), e: e.to_vec() }))
    }

    /// An uncompressed point (SEC 1 §2.3.3): 65 bytes.
    pub fn p256(point: &[u8]) -> Result<Self, InvalidKey> {
        let bytes = point.try_into().map_err(|_| InvalidKey::Malformed("x"))?;
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| InvalidKey::Malformed("x"))?;
        Ok(Self(Material::P256(bytes)))
    }

    /// 32 bytes (RFC 8032 §5.1.5): canonical, and without a component of small order, so that every verifier gives
    /// the same answer.
    pub fn ed25519(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let invalid = InvalidKey::Malformed("x");
        let bytes = bytes.try_into().map_err(|_| invalid)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| invalid)?;
        // No encoding that has a shorter twin is of full order: a test tries them all.
        if key.is_weak() || !key.to_edwards().is_torsion_free() {
            return Err(invalid);
        }
        Ok(Self(Material::Ed25519(key)))
    }

    /// The key of a certificate: `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1.2.7), of one of the kinds that are known here.
    pub fn from_spki(der: &[u8]) -> Result<Self, InvalidKey> {
        let invalid = InvalidKey::Malformed("subjectPublicKeyInfo");
        let (rest, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| invalid)?;
        let ed25519 = info.algorithm.algorithm.to_id_string() == ED25519;
        match info.parsed() {
            _ if !rest.is_empty() => Err(invalid),
            _ if ed25519 => Self::ed25519(&info.subject_public_key.data),
            Ok(x509_parser::public_key::PublicKey::RSA(key)) => {
                Self::rsa(unsigned(key.modulus), unsigned(key.exponent))
            }
            Ok(x509_parser::public_key::PublicKey::EC(point)) => Self::p256(point.data()),
            _ => Err(invalid),
        }
    }

    /// Whether tokens of this algorithm can be verified with a key of this kind.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match self.0 {
            Material::Rsa { .. } => matches!(algorithm, Algorithm::RS256 | Algorithm::PS256),
            Material::P256(_) => algorithm == Algorithm::ES256,
            Material::Ed25519(_) => algorithm == Algorithm::EdDSA,
        }
    }

    /// The SHA-256 thumbprint: 43 characters of base64url (RFC 7638 §3).
    pub fn thumbprint(&self) -> String {
        BASE64URL_NOPAD.encode(&Sha256::digest(self.canonical().as_bytes()))
    }

    /// The members that make the key, in the one order of RFC 7638 §3: what the thumbprint is the hash of.
    pub fn canonical(&self) -> String {
        let members = self.members();
        match self.0 {
            Material::Rsa { .. } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, members.e, members.n),
            Material::P256(_) => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, members.x, members.y)
            }
            Material::Ed25519(_) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, members.x),
        }
    }

    pub(super) fn material(&self) -> &Material {
        &self.0
    }

    fn members(&self) -> Members {
        let mut members = Members::default();
        match &self.0 {
            Material::Rsa { n, e } => {
                members.kty = "RSA";
                members.n = BASE64URL_NOPAD.encode(n);
                members.e = BASE64URL_NOPAD.encode(e);
            }
            Material::P256(point) => {
                let (x, y) = point.split_at(1).1.split_at(32);
                members.kty = "EC";
                members.crv = "P-256";
                members.x = BASE64URL_NOPAD.encode(x);
                members.y = BASE64URL_NOPAD.encode(y);
            }
            Material::Ed25519(key) => {
                members.kty = "OKP";
                members.crv = "Ed25519";
                members.x = BASE64URL_NOPAD.encode(key.as_bytes());
            }
        }
        members
    }

    fn parse(members: &Map<String, Value>) -> Result<Option<Self>, InvalidKey> {
        let bytes = |name| {
            let text = text(members, name)?.ok_or(InvalidKey::Malformed(name))?;
            BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidKey::Malformed(name))
        };
        match (text(members, "kty")?.ok_or(InvalidKey::Malformed("kty"))?, text(members, "crv")?) {
            ("RSA", _) => Self::rsa(&bytes("n")?, &bytes("e")?).map(Some),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 {
                    return Err(InvalidKey::Malformed("x"));
                }
                Self::p256(&[&[4], x.as_slice(), &y].concat()).map(Some)
            }
            ("OKP", Some("Ed25519")) => Self::ed25519(&bytes("x")?).map(Some),
            _ => Ok(None),
        }
    }
}

/// DER puts a zero before a number whose first bit is set.
fn unsigned(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// Why a key or a set of keys is refused. Says the member, never its value.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidKey {
    #[error("the key set is longer than 64 KiB or holds more than 100 keys")]
    TooLong,
    #[error("the key set is not strict JSON of the form {{\"keys\": […]}}")]
    NotAKeySet,
    #[error("the key set holds a private or symmetric key: replace that key, and publish its public part only")]
    Private,
    #[error("the member {0} of a key is missing, malformed or too weak")]
    Malformed(&'static str),
    #[error("two keys of the set have the same kid")]
    SameKid,
}

/// A public key with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    pub key: PublicKey,
    /// The one algorithm the key is for; `None` when its owner did not say.
    pub algorithm: Option<Algorithm>,
    pub kid: Option<String>,
}

impl Jwk {
    /// A key of ours: its `kid` is its thumbprint.
    pub fn new(key: PublicKey, algorithm: Algorithm) -> Self {
        Self { kid: Some(key.thumbprint()), algorithm: Some(algorithm), key }
    }

    /// `None` for a key of a kind, use or algorithm that is not known here.
    pub(super) fn parse(members: &Map<String, Value>) -> Result<Option<Self>, InvalidKey> {
        if PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(InvalidKey::Private);
        }
        let verifies = match members.get("key_ops") {
            None => true,
            Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
            Some(_) => return Err(InvalidKey::Malformed("key_ops")),
        };
        if !verifies || text(members, "use")?.is_some_and(|usage| usage != "sig") {
            return Ok(None);
        }
        let Ok(algorithm) = text(members, "alg")?.map(str::parse::<Algorithm>).transpose() else {
            return Ok(None);
        };
        let Some(key) = PublicKey::parse(members)? else { return Ok(None) };
        if algorithm.is_some_and(|algorithm| !key.fits(algorithm)) {
            return Err(InvalidKey::Malformed("alg"));
        }
        let kid = text(members, "kid")?.map(str::to_owned);
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(InvalidKey::Malformed("kid"));
        }
        Ok(Some(Self { key, algorithm, kid }))
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = Members { alg: self.algorithm, kid: self.kid.clone(), ..self.key.members() };
        members.serialize(serializer)
    }
}

/// A set of public keys (RFC 7517 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidKey> {
        if bytes.len() > MAX_SET {
            return Err(InvalidKey::TooLong);
        }
        let set = json::object(bytes).map_err(|_| InvalidKey::NotAKeySet)?;
        let Some(Value::Array(items)) = set.get("keys") else { return Err(InvalidKey::NotAKeySet) };
        if items.len() > MAX_KEYS {
            return Err(InvalidKey::TooLong);
        }
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            keys.extend(Jwk::parse(item.as_object().ok_or(InvalidKey::NotAKeySet)?)?);
        }
        let mut seen = HashSet::new();
        if keys.iter().filter_map(|key| key.kid.as_deref()).any(|kid| !seen.insert(kid)) {
            return Err(InvalidKey::SameKid);
        }
        Ok(Self { keys })
    }
}

/// The members of a JWK in the order in which they are written.
#[derive(Default, Serialize)]
struct Members {
    kty: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    crv: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    n: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    e: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    x: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    y: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<Algorithm>,
    #[serde(rename = "use")]
    usage: Signature,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

#[derive(Default)]
struct Signature;

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("sig")
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, InvalidKey> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(InvalidKey::Malformed(name)),
    }
}

/// RFC 8410 §3.
const ED25519: &str = "1.3.101.112";
/// Private members of RSA, EC and OKP keys, and the value of a symmetric key.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MAX_SET: usize = 64 * 1024;
const MAX_KEYS: usize = 100;
pub(super) const MAX_KID: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::jose::tests::vectors;

    fn set(keys: &Value) -> Result<JwkSet, InvalidKey> {
        JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn the_key_of_a_certificate_is_the_one_that_a_jwk_gives() {
        use rcgen::PublicKeyData as _;
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519, &rcgen::PKCS_RSA_SHA256] {
            let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let key = PublicKey::from_spki(&pair.subject_public_key_info()).unwrap();
            let again = set(&json!([Jwk { key: key.clone(), algorithm: None, kid: None }])).unwrap();
            assert_eq!(again.keys[0].key, key);
        }
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        assert!(PublicKey::from_spki(&other.subject_public_key_info()).is_err(), "of a kind that is not known here");
        assert!(PublicKey::from_spki(b"").is_err());
    }

    #[test]
    fn thumbprints_agree_with_rfc_7638_and_rfc_8037() {
        for name in ["rfc7638-3.1", "rfc8037-a"] {
            let vector = &vectors()[name];
            let keys = set(&json!([vector["jwk"]])).unwrap();
            assert_eq!(keys.keys[0].key.thumbprint(), vector["thumbprint"].as_str().unwrap());
        }
    }

    #[test]
    fn a_key_of_ours_is_written_with_use_alg_and_its_thumbprint() {
        let key = &set(&json!([vectors()["rfc8037-a"]["jwk"]])).unwrap().keys[0].key;
        let text = serde_json::to_string(&Jwk::new(key.clone(), Algorithm::EdDSA)).unwrap();
        assert_eq!(
            text,
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA","use":"sig","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}"#
        );
    }

    #[test]
    fn a_set_survives_its_encoding() {
        let keys: Vec<_> =
            ["rfc7515-a2", "rfc7515-a3", "rfc8037-a"].iter().map(|name| vectors()[*name]["jwk"].clone()).collect();
        let read = set(&Value::Array(keys)).unwrap();
        assert_eq!(read.keys.len(), 3);
        assert_eq!(JwkSet::parse(&serde_json::to_vec(&read).unwrap()), Ok(read));
    }

    #[test]
    fn a_private_or_symmetric_member_refuses_the_whole_set() {
        let mut key = vectors()["rfc8037-a"]["jwk"].clone();
        key["d"] = vectors()["rfc8037-a"]["seed"].clone();
        assert_eq!(set(&json!([vectors()["rfc7515-a3"]["jwk"], key])), Err(InvalidKey::Private));
        assert_eq!(set(&json!([{"kty": "oct", "k": "AA"}])), Err(InvalidKey::Private));
    }

    #[test]
    fn keys_for_other_purposes_are_left_out() {
        let ed = &vectors()["rfc8037-a"]["jwk"];
        let with = |name: &str, value: Value| {
            let mut key = ed.clone();
            key[name] = value;
            key
        };
        let others = json!([
            {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
            {"kty": "AKP"},
            with("use", json!("enc")),
            with("key_ops", json!(["encrypt"])),
            with("alg", json!("Ed448")),
        ]);
        assert_eq!(set(&others), Ok(JwkSet::default()));
    }

    #[test]
    fn malformed_and_weak_keys_are_refused_by_name() {
        let rsa = |n: &[u8], e: &[u8]| PublicKey::rsa(n, e);
        let n = [0xff; 256];
        assert!(rsa(&n, &[1, 0, 1]).is_ok());
        assert_eq!(rsa(&n[..255], &[1, 0, 1]), Err(InvalidKey::Malformed("n")));
        assert_eq!(rsa(&[[0x7f].as_slice(), &n[1..]].concat(), &[1, 0, 1]), Err(InvalidKey::Malformed("n")));
        assert_eq!(rsa(&[0xff; 513], &[1, 0, 1]), Err(InvalidKey::Malformed("n")));
        assert_eq!(rsa(&[0xfe; 256], &[1, 0, 1]), Err(InvalidKey::Malformed("n")));
        for e in [&[3][..], &[1], &[1, 0, 0], &[0, 1, 1], &[]] {
            assert_eq!(rsa(&n, e), Err(InvalidKey::Malformed("e")));
        }
        let mut off_curve = vectors()["rfc7515-a3"]["jwk"].clone();
        off_curve["y"] = off_curve["x"].clone();
        assert_eq!(set(&json!([off_curve])), Err(InvalidKey::Malformed("x")));
        let mut wrong = vectors()["rfc7515-a3"]["jwk"].clone();
        wrong["alg"] = json!("RS256");
        assert_eq!(set(&json!([wrong])), Err(InvalidKey::Malformed("alg")));
    }

    #[test]
    fn f15_a_small_order_mixed_order_or_non_canonical_ed25519_key_is_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        assert!(PublicKey::ed25519(&one).is_err() && PublicKey::ed25519(&[0; 32]).is_err());
        // y + p for y from 0 to 18, with either sign of x: the encodings that have a shorter twin.
        for (low, sign) in (0xed..=0xff).flat_map(|low| [(low, 0x7f), (low, 0xff)]) {
            let mut non_canonical = [0xff; 32];
            (non_canonical[0], non_canonical[31]) = (low, sign);
            assert!(PublicKey::ed25519(&non_canonical).is_err(), "{low:x} {sign:x}");
        }
    }

    #[test]
    fn a_kid_twice_and_too_many_keys_are_refused() {
        let mut key = vectors()["rfc8037-a"]["jwk"].clone();
        key["kid"] = json!("a");
        assert_eq!(set(&json!([key, key])), Err(InvalidKey::SameKid));
        assert_eq!(set(&json!(vec![json!({"kty": "x"}); 101])), Err(InvalidKey::TooLong));
        assert_eq!(JwkSet::parse(&vec![b' '; MAX_SET + 1]), Err(InvalidKey::TooLong));
        assert_eq!(JwkSet::parse(b"[]"), Err(InvalidKey::NotAKeySet));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            kty in "RSA|EC|OKP", crv in "P-256|Ed25519", x in "[A-Za-z0-9_-]{0,90}", y in "[A-Za-z0-9_-]{40,45}",
        ) {
            let _ = JwkSet::parse(&bytes);
            let _ = set(&json!([{"kty": kty, "crv": crv, "x": x, "y": y, "n": x, "e": "AQAB"}]));
        }
    }
}
