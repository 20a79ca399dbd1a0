//! Writing a compact JWS (RFC 7515 §3.1): header and claims as JSON, each in base64url, and the signature over both.
//!
//! The header of each [`Typ`] is encoded once per key, so a token costs one serialisation, two allocations and the
//! signature. RSA and P-256 sign in aws-lc, Ed25519 in `ed25519-dalek`.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256},
};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::Signer as _;
use rand::CryptoRng;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Algorithm, Jwk, PublicKey, Typ};

/// A private key for one algorithm. Cannot be printed; wiped when dropped.
pub struct SigningKey {
    algorithm: Algorithm,
    material: Material,
}

enum Material {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// A private key could not be made, read or used. The reason stays inside: it could tell of the key.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    #[error("no {0} key could be generated")]
    Generation(Algorithm),
    #[error("the bytes are not a {0} private key of the expected form and size")]
    NotAKey(Algorithm),
    #[error("the claims could not be written as JSON")]
    Claims,
    #[error("the {0} key refused to sign")]
    Signature(Algorithm),
}

impl SigningKey {
    /// RSA keys have 2048 bits. Ed25519 keys come from `rng`; RSA and P-256 keys from aws-lc's own generator, which
    /// takes no other.
    pub fn generate(algorithm: Algorithm, rng: &mut impl CryptoRng) -> Result<Self, SignError> {
        let failed = |_| SignError::Generation(algorithm);
        let material = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => {
                Material::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?))
            }
            Algorithm::ES256 => {
                Material::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?)
            }
            Algorithm::EdDSA => {
                let mut seed = Zeroizing::new([0; 32]);
                rng.fill_bytes(seed.as_mut());
                Material::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
            }
        };
        Ok(Self { algorithm, material })
    }

    /// Reads what [`SigningKey::to_bytes`] wrote.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, SignError> {
        let invalid = SignError::NotAKey(algorithm);
        let material = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => {
                Material::Rsa(Box::new(RsaKeyPair::from_pkcs8(bytes).map_err(|_| invalid)?))
            }
            Algorithm::ES256 => {
                Material::P256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).map_err(|_| invalid)?)
            }
            Algorithm::EdDSA => {
                let seed = Zeroizing::new(<[u8; 32]>::try_from(bytes).map_err(|_| invalid)?);
                Material::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
            }
        };
        Ok(Self { algorithm, material })
    }

    /// The 32-byte seed of an Ed25519 key (RFC 8032 §5.1.5), PKCS #8 v1 DER of the others (RFC 5208 §5).
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SignError> {
        let failed = |_| SignError::NotAKey(self.algorithm);
        let bytes = match &self.material {
            Material::Rsa(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key.as_ref()).map_err(failed)?.as_ref().to_vec(),
            Material::P256(key) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Material::Ed25519(key) => key.as_bytes().to_vec(),
        };
        Ok(Zeroizing::new(bytes))
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn public_key(&self) -> Result<PublicKey, SignError> {
        let key = match &self.material {
            Material::Rsa(key) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                PublicKey::rsa(&n, &e)
            }
            Material::P256(key) => PublicKey::p256(key.public_key().as_ref()),
            Material::Ed25519(key) => PublicKey::ed25519(key.verifying_key().as_bytes()),
        };
        key.map_err(|_| SignError::NotAKey(self.algorithm))
    }

    /// Appends the signature over `message` to `token`, in base64url.
    fn append_signature(&self, message_and_token: &mut String) -> Result<(), SignError> {
        let failed = |_| SignError::Signature(self.algorithm);
        let message = message_and_token.as_bytes();
        match &self.material {
            Material::Rsa(key) => {
                let padding: &dyn aws_lc_rs::signature::RsaEncoding =
                    if self.algorithm == Algorithm::PS256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                append(message_and_token, &signature);
            }
            Material::P256(key) => {
                let signature = key.sign(&SystemRandom::new(), message).map_err(failed)?;
                append(message_and_token, signature.as_ref());
            }
            Material::Ed25519(key) => {
                let signature = key.sign(message).to_bytes();
                append(message_and_token, &signature);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.algorithm)
    }
}

/// A private key with its `kid` and its encoded headers, ready to sign tokens; and proofs, when the key is a client's.
pub struct Signer {
    key: SigningKey,
    public: Jwk,
    /// One per [`Typ`], in base64url with the dot that follows.
    headers: [(Typ, String); Typ::ALL.len()],
}

impl Signer {
    /// The `kid` is the key's thumbprint.
    pub fn new(key: SigningKey) -> Result<Self, SignError> {
        let public = Jwk::new(key.public_key()?, key.algorithm);
        let kid = public.kid.as_deref().unwrap_or_default();
        let jwk = serde_json::to_string(&public).map_err(|_| SignError::NotAKey(key.algorithm))?;
        let headers = Typ::ALL.map(|typ| {
            // A proof brings its key; every other token names it.
            let which = match typ {
                Typ::DpopProof => format!(r#""jwk":{jwk}"#),
                _ => format!(r#""kid":"{kid}""#),
            };
            let header = format!(r#"{{"alg":"{}",{which},"typ":"{}"}}"#, key.algorithm, typ.as_str());
            (typ, BASE64URL_NOPAD.encode(header.as_bytes()) + ".")
        });
        Ok(Self { key, public, headers })
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.key.algorithm
    }

    pub fn kid(&self) -> &str {
        self.public.kid.as_deref().unwrap_or_default()
    }

    /// What the JWKS says of this key.
    pub const fn public(&self) -> &Jwk {
        &self.public
    }

    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The compact token.
    pub fn sign(&self, typ: Typ, claims: &impl Serialize) -> Result<String, SignError> {
        let claims = serde_json::to_vec(claims).map_err(|_| SignError::Claims)?;
        let header = self.headers.iter().find(|(of, _)| *of == typ).map_or("", |(_, header)| header);
        let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + MAX_SIGNATURE);
        token.push_str(header);
        BASE64URL_NOPAD.encode_append(&claims, &mut token);
        self.key.append_signature(&mut token)?;
        Ok(token)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, {})", self.key.algorithm, self.kid())
    }
}

fn append(token: &mut String, signature: &[u8]) {
    token.push('.');
    BASE64URL_NOPAD.encode_append(signature, token);
}

/// The longest signature, RSA of 2048 bits, in base64url, with its dot and the last group of the claims.
const MAX_SIGNATURE: usize = 342 + 8;

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use serde_json::json;

    use super::*;
    use crate::wire::jose::tests::vectors;

    #[test]
    fn ed25519_signs_the_example_of_rfc_8037_byte_for_byte() {
        let vector = &vectors()["rfc8037-a"];
        let seed = BASE64URL_NOPAD.decode(vector["seed"].as_str().unwrap().as_bytes()).unwrap();
        let key = SigningKey::from_bytes(Algorithm::EdDSA, &seed).unwrap();
        let signed = vector["signed"].as_str().unwrap();
        let mut token = signed.rsplit_once('.').unwrap().0.to_owned();
        key.append_signature(&mut token).unwrap();
        assert_eq!(token, signed);
    }

    #[test]
    fn a_token_has_the_header_of_its_key_and_kind_and_the_claims_as_given() {
        let key = SigningKey::generate(Algorithm::EdDSA, &mut StdRng::seed_from_u64(1)).unwrap();
        let signer = Signer::new(key).unwrap();
        let token = signer.sign(Typ::AccessToken, &json!({"iss": "https://a.example"})).unwrap();
        let parts: Vec<_> = token.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).collect();
        assert_eq!(parts.len(), 3);
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"at+jwt"}}"#, signer.public().key.thumbprint());
        assert_eq!(String::from_utf8(parts[0].clone()).unwrap(), header);
        assert_eq!(parts[1], br#"{"iss":"https://a.example"}"#);
    }

    #[test]
    fn only_a_proof_brings_the_key_and_it_names_none() {
        let key = SigningKey::generate(Algorithm::EdDSA, &mut StdRng::seed_from_u64(1)).unwrap();
        let signer = Signer::new(key).unwrap();
        for typ in Typ::ALL {
            let token = signer.sign(typ, &json!({})).unwrap();
            let header = BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
            let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
            let members: Vec<_> = header.as_object().unwrap().keys().map(String::as_str).collect();
            let expected = if typ == Typ::DpopProof { ["alg", "jwk", "typ"] } else { ["alg", "kid", "typ"] };
            assert_eq!(members, expected, "{typ:?}");
        }
    }

    #[test]
    fn every_kind_of_key_survives_its_bytes_and_prints_nothing_of_them() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm, &mut StdRng::seed_from_u64(2)).unwrap();
            let again = SigningKey::from_bytes(algorithm, &key.to_bytes().unwrap()).unwrap();
            assert_eq!(again.public_key().unwrap(), key.public_key().unwrap());
            assert_eq!(format!("{key:?}"), format!("SigningKey({algorithm}, …)"));
        }
    }

    #[test]
    fn a_key_of_another_kind_or_cut_short_is_refused() {
        let key = SigningKey::generate(Algorithm::ES256, &mut StdRng::seed_from_u64(2)).unwrap().to_bytes().unwrap();
        for algorithm in [Algorithm::RS256, Algorithm::EdDSA] {
            assert_eq!(SigningKey::from_bytes(algorithm, &key).err(), Some(SignError::NotAKey(algorithm)));
        }
        let cut = SigningKey::from_bytes(Algorithm::ES256, &key[..key.len() - 1]);
        assert_eq!(cut.err(), Some(SignError::NotAKey(Algorithm::ES256)));
    }
}
