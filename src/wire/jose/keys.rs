//! Public keys made ready for verifying. `jsonwebtoken` verifies RSA and P-256; Ed25519 is verified strictly (`verify_strict`),
//! so that every verifier gives the same answer.

use ed25519_dalek::{Signature, VerifyingKey};
use jsonwebtoken::DecodingKey;

use super::{
    Algorithm, Jwk, JwkSet, PublicKey, Refusal,
    jwk::Material,
    segments::{Header, Segments, decode},
};

/// The keys that one issuer's tokens are verified with.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<(VerificationKey, PublicKey)>);

impl KeySet {
    /// Keys that are believed as long as they are in the set.
    pub fn new(set: &JwkSet) -> Self {
        Self(set.keys.iter().map(|jwk| (VerificationKey::new(jwk, None), jwk.key.clone())).collect())
    }

    /// Whether this is one of the keys: a certificate is believed for its key (RFC 8705 §2.2).
    pub fn holds(&self, key: &PublicKey) -> bool {
        self.0.iter().any(|(_, held)| held == key)
    }

    /// Adds a key that is believed until `until`, in seconds since the epoch.
    pub fn add_until(&mut self, jwk: &Jwk, until: Option<i64>) {
        self.0.push((VerificationKey::new(jwk, until), jwk.key.clone()));
    }

    pub(super) fn find(
        &self,
        header: &Header,
        kid_may_be_missing: bool,
        now: i64,
    ) -> Result<&VerificationKey, Refusal> {
        let mut fitting = self.0.iter().map(|(key, _)| key).filter(|key| {
            key.algorithms.contains(&Some(header.algorithm))
                && key.until.is_none_or(|until| now < until)
                && (header.kid.is_none() || key.kid == header.kid)
        });
        match (fitting.next(), fitting.next(), &header.kid) {
            (Some(key), _, Some(_)) => Ok(key),
            (Some(key), None, None) if kid_may_be_missing => Ok(key),
            _ => Err(Refusal::Key),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct VerificationKey {
    kid: Option<String>,
    /// One, or for an RSA key whose owner did not say which, both.
    algorithms: [Option<Algorithm>; 2],
    until: Option<i64>,
    prepared: Prepared,
}

#[derive(Clone, Debug)]
enum Prepared {
    Ed25519(Box<VerifyingKey>),
    /// In the form that `jsonwebtoken` takes.
    Other(Box<DecodingKey>),
}

impl VerificationKey {
    pub(super) fn new(jwk: &Jwk, until: Option<i64>) -> Self {
        let said = jwk.algorithm.filter(|algorithm| jwk.key.fits(*algorithm));
        let (algorithms, prepared) = match jwk.key.material() {
            Material::Rsa { n, e } => {
                let either = [Some(Algorithm::RS256), Some(Algorithm::PS256)];
                let key = DecodingKey::from_rsa_raw_components(n, e);
                (said.map_or(either, |algorithm| [Some(algorithm), None]), Prepared::Other(Box::new(key)))
            }
            Material::P256(point) => {
                ([Some(Algorithm::ES256), None], Prepared::Other(Box::new(DecodingKey::from_ec_der(point))))
            }
            Material::Ed25519(key) => ([Some(Algorithm::EdDSA), None], Prepared::Ed25519(Box::new(*key))),
        };
        Self { kid: jwk.kid.clone(), algorithms, until, prepared }
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn check_signature(&self, algorithm: Algorithm, segments: &Segments<'_>) -> Result<(), Refusal> {
        self.check_bytes(algorithm, segments.message.as_bytes(), segments.signature)
    }

    /// Of any message; the signature in base64url.
    fn check_bytes(&self, algorithm: Algorithm, message: &[u8], signature: &str) -> Result<(), Refusal> {
        let algorithm = match algorithm {
            Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        };
        let holds = match &self.prepared {
            Prepared::Other(key) => jsonwebtoken::crypto::verify(signature, message, key, algorithm),
            Prepared::Ed25519(key) => {
                let signature = Signature::from_slice(&decode(signature)?).map_err(|_| Refusal::Signature)?;
                Ok(key.verify_strict(message, &signature).is_ok())
            }
        };
        if holds == Ok(true) { Ok(()) } else { Err(Refusal::Signature) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    /// Signatures by one key.
    #[derive(Deserialize)]
    struct Group {
        key: Value,
        tests: Vec<(u32, String, String, String, String)>,
    }

    /// Taken by the list and refused here, with the reason.
    const REFUSED: [(Algorithm, u32, &str); 2] = [
        (Algorithm::RS256, 258, "the key has the exponent 3, which is no key here"),
        (Algorithm::RS256, 259, "the same"),
    ];

    #[test]
    fn r68_each_signature_of_wycheproof_holds_or_does_not_as_the_list_says() {
        let all: BTreeMap<Algorithm, Vec<Group>> =
            serde_json::from_str(include_str!("../../../tests/vectors/jose/wycheproof.json")).unwrap();
        let (mut wrong, mut counts) = (Vec::new(), BTreeMap::new());
        for (algorithm, groups) in all {
            for group in groups {
                let set = JwkSet::parse(json!({ "keys": [group.key] }).to_string().as_bytes());
                for (number, comment, message, signature, result) in group.tests {
                    let bytes = |hex: &str| HEXLOWER.decode(hex.as_bytes()).unwrap();
                    let signature = BASE64URL_NOPAD.encode(&bytes(&signature));
                    let holds = set.as_ref().is_ok_and(|set| {
                        let key = VerificationKey::new(&set.keys[0], None);
                        key.check_bytes(algorithm, &bytes(&message), &signature).is_ok()
                    });
                    let refused = REFUSED.iter().any(|(of, other, _)| (*of, *other) == (algorithm, number));
                    if holds != (result == "valid" && !refused) {
                        wrong.push(format!("{algorithm} {number} {comment} ({result}): {holds}"));
                    }
                    *counts.entry(algorithm).or_insert(0) += 1;
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        let expected =
            [(Algorithm::RS256, 259), (Algorithm::PS256, 108), (Algorithm::ES256, 262), (Algorithm::EdDSA, 151)];
        assert_eq!(counts, BTreeMap::from(expected));
    }
}
