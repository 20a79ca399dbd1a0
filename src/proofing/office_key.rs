//! The private key of an office, where a program signs in its name: an import, the demonstration.
//!
//! ```text
//! -----BEGIN PRIVATE KEY-----          PKCS #8 (RFC 5958) of a P-256 key, base64 in lines of 64 (RFC 7468 §10)
//! ```
//!
//! At a counter the key stays in the officer's browser, and this type is not used. Not verified: that an office has it.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

use crate::wire::tlog::leaf::{RegistrarKey, Signature};

/// Signs enrolments. Cannot be printed; wiped when dropped.
pub struct OfficeKey {
    pair: EcdsaKeyPair,
    public: RegistrarKey,
}

/// A private key could not be made, read or used. Nothing of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfficeKeyError {
    #[error("no key could be generated")]
    Generation,
    #[error("it is not the private key of an office: make one with `heteronym registrars new-key`")]
    NotAKey,
    #[error("the key refused to sign")]
    Signature,
}

impl OfficeKey {
    /// From aws-lc's own generator, which takes no other.
    pub fn generate() -> Result<Self, OfficeKeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| OfficeKeyError::Generation)?;
        Self::new(pair)
    }

    /// Reads what [`OfficeKey::to_pem`] wrote.
    pub fn from_pem(text: &str) -> Result<Self, OfficeKeyError> {
        let inside = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let inside = Zeroizing::new(inside.ok_or(OfficeKeyError::NotAKey)?.replace(['\r', '\n'], ""));
        let bytes = Zeroizing::new(BASE64.decode(inside.as_bytes()).map_err(|_| OfficeKeyError::NotAKey)?);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes);
        Self::new(pair.map_err(|_| OfficeKeyError::NotAKey)?)
    }

    pub fn to_pem(&self) -> Result<Zeroizing<String>, OfficeKeyError> {
        let bytes = self.pair.to_pkcs8v1().map_err(|_| OfficeKeyError::NotAKey)?;
        let inside = Zeroizing::new(BASE64.encode(bytes.as_ref()));
        // Room for all of it: a text that grew would leave copies behind that nobody wipes.
        let mut text = Zeroizing::new(String::with_capacity(inside.len() + inside.len() / 64 + 80));
        text.push_str(BEGIN);
        for (at, sign) in inside.char_indices() {
            if at.is_multiple_of(64) {
                text.push('\n');
            }
            text.push(sign);
        }
        text.push('\n');
        text.push_str(END);
        text.push('\n');
        Ok(text)
    }

    pub const fn public(&self) -> &RegistrarKey {
        &self.public
    }

    pub fn sign(&self, message: &[u8]) -> Result<Signature, OfficeKeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| OfficeKeyError::Signature)?;
        signature.as_ref().try_into().map(Signature::from_bytes).map_err(|_| OfficeKeyError::Signature)
    }

    fn new(pair: EcdsaKeyPair) -> Result<Self, OfficeKeyError> {
        let public = RegistrarKey::new(pair.public_key().as_ref()).map_err(|_| OfficeKeyError::NotAKey)?;
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for OfficeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfficeKey(…)")
    }
}

/// What two people compare on the telephone: the id of the key in eight groups of four hexadecimal digits.
pub fn fingerprint(key: &RegistrarKey) -> String {
    let digits = HEXLOWER.encode(key.id().as_bytes());
    let mut text = String::with_capacity(digits.len() + 7);
    for (at, digit) in digits.char_indices() {
        if at > 0 && at.is_multiple_of(4) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_signs_as_before() {
        let key = OfficeKey::generate().unwrap();
        let text = key.to_pem().unwrap();
        assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----\n"), "{}", text.lines().count());
        let again = OfficeKey::from_pem(&text.replace('\n', "\r\n")).unwrap();
        assert_eq!(again.public(), key.public());
        let signature = again.sign(b"message").unwrap();
        let public = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED,
            key.public().point(),
        );
        public.verify(b"message", signature.as_bytes()).unwrap();
        assert!(public.verify(b"messagf", signature.as_bytes()).is_err());
        assert_eq!(format!("{key:?}"), "OfficeKey(…)");
    }

    #[test]
    fn what_is_not_a_key_is_not_taken_for_one() {
        let text = OfficeKey::generate().unwrap().to_pem().unwrap();
        let cut = format!("{}{END}", text.split_at(100).0);
        for bad in ["", BEGIN, END, &format!("{BEGIN}{END}"), &text.replace("PRIVATE", "PUBLIC"), &cut] {
            assert_eq!(OfficeKey::from_pem(bad).err(), Some(OfficeKeyError::NotAKey), "{bad}");
        }
    }

    #[test]
    fn a_fingerprint_is_read_aloud_in_groups() {
        let key = OfficeKey::generate().unwrap();
        let text = fingerprint(key.public());
        assert_eq!((text.len(), text.split(' ').count()), (39, 8));
        assert_eq!(text.replace(' ', ""), HEXLOWER.encode(key.public().id().as_bytes()));
    }
}
