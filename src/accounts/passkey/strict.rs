//! What an authenticator says, read strictly and by ourselves before a library sees it (Web Authentication Level 3 §6.1,
//! §6.5.4; CTAP 2.1 §8 for the form of its CBOR).
//!
//! ```text
//! 32 bytes  SHA-256 of the relying party's id
//! 1 byte    flags: 0 present, 2 verified, 3 may be backed up, 4 is backed up, 6 a credential follows, 7 extensions follow
//! 4 bytes   counter, big-endian
//! [16 bytes model ‖ 2 bytes length of the id ‖ the id, at most 1023 bytes ‖ public key, a CBOR map]
//! [extensions, a CBOR map]
//! ```
//!
//! Read here: the flags, and that nothing is missing, doubled, nested or left over. Not verified here: hash, signature,
//! origin, challenge, attestation.

/// What the flags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) present: bool,
    /// The device has checked its holder: PIN, finger, face.
    pub(super) verified: bool,
    /// The key can be copied to other devices of its holder.
    pub(super) may_be_copied: bool,
}

/// The flags of a registration, from the attestation object.
pub(super) fn registered(attestation_object: &[u8]) -> Option<Flags> {
    let mut cbor = Cbor(attestation_object);
    let mut data = None;
    let mut keys = Vec::new();
    for _ in 0..cbor.map()? {
        let key = cbor.text()?;
        if keys.contains(&key) {
            return None;
        }
        keys.push(key);
        match key {
            b"authData" => data = Some(cbor.bytes()?),
            _ => cbor.skip(DEEPEST)?,
        }
    }
    cbor.end()?;
    authenticator_data(data?, true)
}

/// The flags of a sign-in, from the authenticator data.
pub(super) fn asserted(data: &[u8]) -> Option<Flags> {
    authenticator_data(data, false)
}

fn authenticator_data(data: &[u8], registering: bool) -> Option<Flags> {
    let (head, rest) = data.split_first_chunk::<37>()?;
    let flags = *head.get(32)?;
    let has = |bit: u8| flags & (1 << bit) != 0;
    let mut rest = Cbor(rest);
    if has(6) != registering || (has(4) && !has(3)) {
        return None;
    }
    if registering {
        rest.take(16)?;
        let [high, low] = *rest.take(2)? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest.take(length).filter(|_| (1..=LONGEST_ID).contains(&length))?;
        public_key(&mut rest)?;
    }
    if has(7) {
        rest.map_members(DEEPEST, |_| Some(()))?;
    }
    rest.end()?;
    Some(Flags { present: has(0), verified: has(2), may_be_copied: has(3) })
}

/// A COSE key with the members of its type and no other (§6.5.1: "MUST NOT contain any other optional parameters").
fn public_key(cbor: &mut Cbor<'_>) -> Option<()> {
    let (mut members, mut kind) = (0, None);
    cbor.map_members(1, |(key, value)| {
        members += 1;
        if key == [1] {
            kind = Some(value.to_vec());
        }
        Some(())
    })?;
    match (kind?.as_slice(), members) {
        // Elliptic curve: kty, alg, crv, x, y. Octet key pair: without y. RSA: kty, alg, n, e.
        ([2], 5) | ([1 | 3], 4) => Some(()),
        _ => None,
    }
}

/// The rest of a CBOR text (RFC 8949), of definite lengths only. Nothing is copied or allocated by what it claims.
#[derive(Clone, Copy)]
struct Cbor<'a>(&'a [u8]);

impl<'a> Cbor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// Major type and argument.
    fn head(&mut self) -> Option<(u8, usize)> {
        let [first] = *self.take(1)? else { return None };
        let following = match first & 31 {
            small @ 0..24 => return Some((first >> 5, usize::from(small))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            // Reserved, or of indefinite length.
            _ => return None,
        };
        let argument = self.take(following)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        Some((first >> 5, usize::try_from(argument).ok()?))
    }

    fn typed(&mut self, major: u8) -> Option<usize> {
        self.head().filter(|(found, _)| *found == major).map(|(_, argument)| argument)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.typed(2)?;
        self.take(length)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.typed(3)?;
        self.take(length)
    }

    /// How many members a map has.
    fn map(&mut self) -> Option<usize> {
        self.typed(5).filter(|members| *members <= MOST_MEMBERS)
    }

    /// The encoded members of a map, whose values nest at most `depth` deep. No key may come twice.
    fn map_members(&mut self, depth: u8, mut each: impl FnMut((&'a [u8], &'a [u8])) -> Option<()>) -> Option<()> {
        let mut keys = Vec::new();
        for _ in 0..self.map()? {
            let key = self.item(0)?;
            if keys.contains(&key) {
                return None;
            }
            keys.push(key);
            each((key, self.item(depth)?))?;
        }
        Some(())
    }

    /// One item as it is encoded.
    fn item(&mut self, depth: u8) -> Option<&'a [u8]> {
        let from = self.0;
        self.skip(depth)?;
        from.get(..from.len() - self.0.len())
    }

    fn skip(&mut self, depth: u8) -> Option<()> {
        let mut ahead = *self;
        let (major, argument) = ahead.head()?;
        match major {
            0 | 1 | 7 => {}
            2 | 3 => {
                ahead.take(argument)?;
            }
            4 if argument <= MOST_MEMBERS => {
                let depth = depth.checked_sub(1)?;
                for _ in 0..argument {
                    ahead.skip(depth)?;
                }
            }
            5 => {
                ahead = *self;
                ahead.map_members(depth.checked_sub(1)?, |_| Some(()))?;
            }
            // Tags, which nothing here has.
            _ => return None,
        }
        *self = ahead;
        Some(())
    }
}

const LONGEST_ID: usize = 1_023;
const DEEPEST: u8 = 4;
const MOST_MEMBERS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const P256: [u8; 11] = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x40, 0x22, 0x40];
    const VERIFIED: Flags = Flags { present: true, verified: true, may_be_copied: false };

    fn data(flags: u8, rest: &[&[u8]]) -> Vec<u8> {
        [&[7; 32][..], &[flags, 0, 0, 0, 1], &rest.concat()].concat()
    }

    fn credential(key: &[u8]) -> Vec<u8> {
        [&[0; 16][..], &[0, 2, 9, 9], key].concat()
    }

    fn object(data: &[u8]) -> Vec<u8> {
        let length = [0x59, u8::try_from(data.len() >> 8).unwrap(), u8::try_from(data.len() & 255).unwrap()];
        [b"\xa3cfmtdnonegattStmt\xa0hauthData".as_slice(), &length, data].concat()
    }

    fn key(key: &[u8]) -> Option<Flags> {
        registered(&object(&data(0b100_0101, &[&credential(key)])))
    }

    #[test]
    fn the_flags_are_read() {
        assert_eq!(key(&P256), Some(VERIFIED));
        assert_eq!(asserted(&data(0b101, &[])), Some(VERIFIED));
        assert_eq!(asserted(&data(0b1_1101, &[])), Some(Flags { may_be_copied: true, ..VERIFIED }));
        assert_eq!(asserted(&data(0b1, &[])), Some(Flags { verified: false, ..VERIFIED }));
        assert_eq!(asserted(&data(0b1000_0101, &[b"\xa1cuvm\x81\x83\x02\x04\x02"])), Some(VERIFIED));
    }

    #[test]
    fn a_copy_of_what_cannot_be_copied_is_refused() {
        assert_eq!(asserted(&data(0b1_0101, &[])), None);
    }

    #[test]
    fn what_is_missing_or_left_over_is_refused() {
        assert_eq!(asserted(&data(0b101, &[])[..36]), None);
        assert_eq!(asserted(&data(0b101, &[b"\0"])), None, "a byte too many");
        assert_eq!(asserted(&data(0b100_0101, &[&credential(&P256)])), None, "a credential at a sign-in");
        assert_eq!(registered(&object(&data(0b101, &[]))), None, "no credential at a registration");
        let whole = object(&data(0b100_0101, &[&credential(&P256)]));
        assert_eq!(registered(&[whole.as_slice(), b"\0"].concat()), None);
        for length in 0..whole.len() {
            assert_eq!(registered(&whole[..length]), None);
        }
    }

    #[test]
    fn a_key_has_the_members_of_its_type_and_no_other() {
        assert_eq!(key(&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x40]), Some(VERIFIED), "Ed25519");
        assert_eq!(key(&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x40, 0x21, 0x43, 1, 0, 1]), Some(VERIFIED), "RSA");
        assert_eq!(key(&[0xa6, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x40, 0x22, 0x40, 4, 0x40]), None, "one more");
        assert_eq!(key(&[0xa4, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x40]), None, "one less");
        assert_eq!(key(&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x40, 0x21, 0x40]), None, "one twice");
        assert_eq!(key(&[0xa5, 2, 2, 3, 0x26, 0x20, 1, 0x21, 0x40, 0x22, 0x40]), None, "no type");
    }

    #[test]
    fn lengths_that_lie_and_nests_without_end_are_refused() {
        assert_eq!(key(&[0xbf, 1, 2, 0xff]), None, "indefinite");
        assert_eq!(
            registered(&[0xa1, 0x68, b'a', b'u', b't', b'h', b'D', b'a', b't', b'a', 0x5a, 255, 255, 255, 255]),
            None
        );
        assert_eq!(registered(&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255]), None);
        let nested = [&b"\xa1a\x61"[..], &[0x81; 10_000]].concat();
        assert_eq!(registered(&nested), None);
        assert_eq!(registered(b"\xa2cfmtdnonecfmtdnone"), None, "a key twice");
        let long = [&[0; 16][..], &[4, 0], &[9; 1_024], &P256].concat();
        assert_eq!(registered(&object(&data(0b100_0101, &[&long]))), None, "an id of 1024 bytes");
        let none = [&[0; 16][..], &[0, 0], &P256].concat();
        assert_eq!(registered(&object(&data(0b100_0101, &[&none]))), None, "an empty id");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), flags in any::<u8>()) {
            let _ = registered(&bytes);
            let _ = asserted(&data(flags, &[&bytes]));
            let _ = registered(&object(&data(flags, &[&bytes])));
        }
    }
}
