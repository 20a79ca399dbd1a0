//! Texts that people read off paper and type: activation codes, recovery codes, the name to sign in with.
//!
//! Crockford's base 32, so that 0 and O, 1, I and l do not matter, nor capitals, spaces and hyphens. The last symbol of a
//! code checks the others: a sum over GF(32) with a different weight for each place, which finds every single wrong symbol
//! and every two that changed places, and unlike Crockford's own check needs no sign that a French keyboard hides.

use std::{fmt, str::FromStr};

use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::domain::secret::{Token, TokenHash};

/// A secret of `N` random symbols of 5 bits, and the check symbol when it is written. At most 30, for the check's sake.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Code<const N: usize>([u8; N]);

/// What an activation sheet shows: 130 bits.
pub type InviteCode = Code<26>;
/// One of the recovery codes on paper: 75 bits, kept only under a keyed tag.
pub type PaperCode = Code<15>;

/// A text that is not a code. It says what a person has to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    #[error("the code has {found} letters and digits in place of {expected}: compare it with the sheet")]
    Length { found: usize, expected: usize },
    #[error("the code holds a sign that no code has: compare it with the sheet")]
    Symbol,
    #[error("a letter or digit of the code is wrong: compare it with the sheet")]
    Check,
}

impl<const N: usize> Code<N> {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut symbols = [0; N];
        rng.fill_bytes(&mut symbols);
        for symbol in &mut symbols {
            *symbol &= 31;
        }
        Self(symbols)
    }

    /// The code in groups of four, as it is printed: `7K2M-X9QR-…`.
    pub fn grouped(&self) -> String {
        group(&self.canonical(), 4)
    }

    /// The code without hyphens: in a QR code.
    pub fn canonical(&self) -> String {
        self.0.iter().copied().chain([check(&self.0)]).map(letter).collect()
    }

    /// SHA-256, as the database keeps it: enough for a secret that nobody can try out.
    pub fn hash(&self) -> TokenHash {
        Token::presented(&self.canonical()).hash()
    }
}

impl<const N: usize> FromStr for Code<N> {
    type Err = CodeFault;

    fn from_str(text: &str) -> Result<Self, CodeFault> {
        // A long text need not be read to its end to know that it is none.
        let mut found = text.chars().filter(|c| !is_separator(*c)).take(4 * N).map(value).collect::<Vec<_>>();
        if found.len() != N + 1 {
            return Err(CodeFault::Length { found: found.len(), expected: N + 1 });
        }
        let last = found.pop().flatten().ok_or(CodeFault::Symbol)?;
        let mut symbols = [0; N];
        for (symbol, found) in symbols.iter_mut().zip(&found) {
            *symbol = found.ok_or(CodeFault::Symbol)?;
        }
        found.zeroize();
        if last != check(&symbols) {
            return Err(CodeFault::Check);
        }
        Ok(Self(symbols))
    }
}

impl<const N: usize> fmt::Debug for Code<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// What is typed to sign in with a passphrase: ten random symbols, which say nothing of anybody.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginName(String);

/// A text that is not the name of any account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not ten letters and digits")]
pub struct InvalidLogin;

impl LoginName {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut symbols = [0; LOGIN];
        rng.fill_bytes(&mut symbols);
        Self(symbols.iter().map(|symbol| letter(symbol & 31)).collect())
    }

    /// Ten characters, as the database keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In two groups, as it is shown: `7K2MX-9QRTV`.
    pub fn grouped(&self) -> String {
        Self::group(&self.0)
    }

    /// The same of the text in a row.
    pub(super) fn group(name: &str) -> String {
        group(name, 5)
    }
}

impl FromStr for LoginName {
    type Err = InvalidLogin;

    fn from_str(text: &str) -> Result<Self, InvalidLogin> {
        let symbols = text.chars().filter(|c| !is_separator(*c)).take(LOGIN + 1).map(value);
        let name: String = symbols.collect::<Option<Vec<_>>>().ok_or(InvalidLogin)?.into_iter().map(letter).collect();
        if name.len() == LOGIN { Ok(Self(name)) } else { Err(InvalidLogin) }
    }
}

impl fmt::Debug for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginName(…)")
    }
}

/// Σ dᵢ·αⁱ⁺¹ over GF(32): the weights, and the check symbol's own weight 1, all differ as long as there are at most 30.
fn check(symbols: &[u8]) -> u8 {
    symbols.iter().rev().fold(0, |sum, symbol| times_alpha(sum ^ symbol))
}

/// Multiplies by α = x modulo x⁵ + x² + 1, of which x is a generator.
fn times_alpha(a: u8) -> u8 {
    let doubled = a << 1;
    if doubled & 32 == 0 { doubled } else { (doubled ^ 0b10_0101) & 31 }
}

fn letter(symbol: u8) -> char {
    ALPHABET.get(usize::from(symbol)).copied().map_or('0', char::from)
}

fn value(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|symbol| char::from(*symbol) == c).and_then(|at| u8::try_from(at).ok())
}

/// Spaces of all widths and every dash, because phones put them in by themselves.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | '.')
}

fn group(text: &str, size: usize) -> String {
    let mut grouped = String::with_capacity(text.len() + text.len() / size);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at.is_multiple_of(size) {
            grouped.push('-');
        }
        grouped.push(c);
    }
    grouped
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LOGIN: usize = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn code(seed: u64) -> InviteCode {
        InviteCode::generate(&mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = code(1);
        let printed = code.grouped();
        assert_eq!(printed.len(), 27 + 6, "{printed}");
        let sloppy = printed.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " \u{2011}");
        assert_eq!(sloppy.parse::<InviteCode>().map(|read| read.hash()), Ok(code.hash()));
        assert_eq!(code.canonical().parse::<InviteCode>().map(|read| read.grouped()), Ok(printed));
        assert_eq!(format!("{code:?}"), "Code(…)");
    }

    #[test]
    fn a_wrong_code_says_what_is_wrong_with_it() {
        let text = code(2).canonical();
        assert_eq!(text[..26].parse::<InviteCode>(), Err(CodeFault::Length { found: 26, expected: 27 }));
        assert_eq!("".parse::<InviteCode>(), Err(CodeFault::Length { found: 0, expected: 27 }));
        assert_eq!(format!("{}U", &text[..26]).parse::<InviteCode>(), Err(CodeFault::Symbol));
        assert!(matches!("7".repeat(1 << 20).parse::<InviteCode>(), Err(CodeFault::Length { .. })));
        assert!(text.parse::<PaperCode>().is_err());
    }

    #[test]
    fn every_wrong_symbol_and_every_exchange_is_noticed() {
        let text: Vec<char> = code(3).canonical().chars().collect();
        for at in 0..text.len() {
            for symbol in ALPHABET.iter().map(|symbol| char::from(*symbol)).filter(|symbol| *symbol != text[at]) {
                let mut wrong = text.clone();
                wrong[at] = symbol;
                assert_eq!(wrong.into_iter().collect::<String>().parse::<InviteCode>(), Err(CodeFault::Check));
            }
            for other in (0..at).filter(|other| text[*other] != text[at]) {
                let mut wrong = text.clone();
                wrong.swap(at, other);
                assert_eq!(wrong.into_iter().collect::<String>().parse::<InviteCode>(), Err(CodeFault::Check));
            }
        }
    }

    #[test]
    fn a_sign_in_name_is_ten_symbols_typed_anyhow() {
        let name = LoginName::generate(&mut StdRng::seed_from_u64(4));
        assert_eq!(name.grouped().len(), 11);
        assert_eq!(name.grouped().to_lowercase().parse(), Ok(name.clone()));
        assert_eq!(format!("{}0", name.as_str()).parse::<LoginName>(), Err(InvalidLogin));
        assert_eq!("7k2mx 9qrt€".parse::<LoginName>(), Err(InvalidLogin));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = text.parse::<InviteCode>();
            let _ = text.parse::<LoginName>();
        }

        #[test]
        fn what_is_printed_is_read_again(seed in any::<u64>()) {
            let code = PaperCode::generate(&mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(code.grouped().parse::<PaperCode>(), Ok(code));
        }
    }
}
