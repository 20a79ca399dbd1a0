//! Passphrases: length and nothing else is asked for (NIST SP 800-63B-4 §3.1.1.2), what everybody tries first is refused.

mod hasher;
mod strength;

use std::fmt;

use precis_profiles::{OpaqueString, precis_core::profile::PrecisFastInvocation};
use zeroize::Zeroizing;

pub(super) use self::hasher::Hasher;

/// A passphrase as it is hashed: RFC 8265 `OpaqueString`, so that it is the same from every keyboard.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

/// Why a passphrase cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseFault {
    #[error("the passphrase has {found} characters: at least {SHORTEST} are needed")]
    Short { found: usize },
    #[error("the passphrase has more than {LONGEST} characters")]
    Long,
    #[error("the passphrase holds a sign that cannot be typed again")]
    Characters,
    #[error("the passphrase is one of the first that are tried: add words that do not belong together")]
    Common,
}

impl Passphrase {
    /// Checks a new passphrase. `context` are words that must not make it up: the sign-in name, the service's name.
    pub fn choose(text: &str, context: &[&str]) -> Result<Self, PassphraseFault> {
        let found = text.chars().take(LONGEST + 1).count();
        if found > LONGEST {
            return Err(PassphraseFault::Long);
        }
        if found < SHORTEST {
            return Err(PassphraseFault::Short { found });
        }
        let passphrase = Self(Zeroizing::new(enforce(text).ok_or(PassphraseFault::Characters)?));
        if strength::bits(&passphrase.0, context) < WEAK {
            return Err(PassphraseFault::Common);
        }
        Ok(passphrase)
    }

    /// Takes what somebody typed to sign in, whatever it is: what could not be chosen matches nothing.
    pub fn presented(text: &str) -> Self {
        let text: String = text.chars().take(LONGEST).collect();
        Self(Zeroizing::new(enforce(&text).unwrap_or(text)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

fn enforce(text: &str) -> Option<String> {
    OpaqueString::enforce(text).ok().map(std::borrow::Cow::into_owned)
}

/// In characters.
pub const SHORTEST: usize = 12;
pub const LONGEST: usize = 256;
/// Bits below which a passphrase is refused: two common words with a number, but not three.
const WEAK: f64 = 34.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str) -> Result<Passphrase, PassphraseFault> {
        Passphrase::choose(text, &["Heteronym"])
    }

    #[test]
    fn length_is_counted_in_characters_and_is_all_that_is_asked() {
        assert_eq!(choose("héron cendr").unwrap_err(), PassphraseFault::Short { found: 11 });
        assert!(choose("héron cendré").is_ok());
        assert!(choose(&"quatre tortues bleues rament vers l'île, ".repeat(6)).is_ok());
        assert_eq!(choose(&"x".repeat(257)).unwrap_err(), PassphraseFault::Long);
        assert_eq!(choose("une cloche\u{7}rouillée").unwrap_err(), PassphraseFault::Characters);
        assert_eq!(choose("heteronym heteronym").unwrap_err(), PassphraseFault::Common);
    }

    #[test]
    fn it_is_the_same_from_every_keyboard() {
        let composed = choose("une étoile\u{a0}filante").unwrap();
        let decomposed = Passphrase::presented("une e\u{301}toile filante");
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert_eq!(format!("{composed:?}"), "Passphrase(…)");
    }

    #[test]
    fn anything_may_be_typed_to_sign_in() {
        for text in ["", "\0", &"é".repeat(100_000)] {
            assert!(Passphrase::presented(text).as_bytes().len() <= 2 * LONGEST);
        }
    }
}
