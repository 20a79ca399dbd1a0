//! Values that leave and come back: codes, access tokens, sign-ins under way, cookies. Sealed, so that the database
//! need not know of them and nobody outside can read, change or make one.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    seal::{self, OpenError},
    versions::Versions,
};

/// The key of self-contained values, in all its versions.
pub struct TokenKey(pub(super) Versions);

impl TokenKey {
    /// Seals for one purpose, bound to `associated_data` (a browser's session, say), which must be shown again when it
    /// is opened. The answer is base64url without padding, 60 characters and four thirds of the plaintext.
    pub fn seal(
        &self,
        purpose: &'static str,
        associated_data: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> String {
        let sealed = seal::seal(&self.0, &info(purpose), &[associated_data], plaintext, rng);
        BASE64URL_NOPAD.encode(&sealed)
    }

    /// Opens what was sealed for the same purpose with the same associated data. Refuses more than 16 KiB before decoding.
    pub fn open(
        &self,
        purpose: &'static str,
        associated_data: &[u8],
        text: &str,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if text.len() > MAX_TEXT {
            return Err(OpenError);
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| OpenError)?;
        seal::open(&self.0, &info(purpose), &[associated_data], &sealed)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({:?})", self.0)
    }
}

fn info(purpose: &'static str) -> [&'static [u8]; 2] {
    [b"token/v1/", purpose.as_bytes()]
}

const MAX_TEXT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::keyring::{Role, tests::versions};

    fn key(numbers: &[u32]) -> TokenKey {
        TokenKey(versions(Role::Token, numbers))
    }

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }

    #[test]
    fn a_value_opens_for_its_purpose_and_circumstances_alone() {
        let key = key(&[1]);
        let sealed = key.seal("code", b"browser", b"grant", &mut rng());
        assert_eq!(key.open("code", b"browser", &sealed).unwrap().as_slice(), b"grant");
        assert_eq!(key.open("cookie", b"browser", &sealed), Err(OpenError));
        assert_eq!(key.open("cod", b"ebrowser", &sealed), Err(OpenError));
        assert_eq!(key.open("code", b"other", &sealed), Err(OpenError));
        assert_eq!(key.open("code", b"", &sealed), Err(OpenError));
    }

    #[test]
    fn two_seals_of_one_value_are_not_alike() {
        let (key, mut rng) = (key(&[1]), rng());
        assert_ne!(key.seal("code", b"", b"x", &mut rng), key.seal("code", b"", b"x", &mut rng));
    }

    #[test]
    fn an_old_version_still_opens_and_a_version_taken_away_does_not() {
        let sealed = key(&[1]).seal("code", b"", b"x", &mut rng());
        assert!(key(&[1, 2]).open("code", b"", &sealed).is_ok());
        assert_eq!(key(&[2, 3]).open("code", b"", &sealed), Err(OpenError));
        let newer = key(&[1, 2]).seal("code", b"", b"x", &mut rng());
        assert_eq!(key(&[1]).open("code", b"", &newer), Err(OpenError));
    }

    #[test]
    fn a_value_that_is_too_long_is_refused_before_it_is_decoded() {
        let key = key(&[1]);
        let sealed = key.seal("code", b"", &[0; MAX_TEXT * 3 / 4], &mut rng());
        assert_eq!(key.open("code", b"", &sealed), Err(OpenError));
        assert_eq!(format!("{key:?}"), "TokenKey(version 1 of 1)");
    }

    proptest! {
        #[test]
        fn any_bit_changed_is_noticed(at in any::<proptest::sample::Index>(), bit in 0..8_u32, plaintext in any::<Vec<u8>>()) {
            let key = key(&[1, 256]);
            let sealed = BASE64URL_NOPAD.decode(key.seal("code", b"a", &plaintext, &mut rng()).as_bytes()).unwrap();
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1_u8 << bit;
            prop_assert_eq!(key.open("code", b"a", &BASE64URL_NOPAD.encode(&changed)), Err(OpenError));
            let cut = at.index(sealed.len());
            prop_assert_eq!(key.open("code", b"a", &BASE64URL_NOPAD.encode(&sealed[..cut])), Err(OpenError));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,100}") {
            prop_assert_eq!(key(&[1]).open("code", b"", &text), Err(OpenError));
        }
    }
}
