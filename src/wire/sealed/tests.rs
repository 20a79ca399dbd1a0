//! The published vectors, and what a cheating custodian or a changed byte must not get away with.

use std::sync::LazyLock;

use curve25519_dalek::{RistrettoPoint, Scalar, ristretto::CompressedRistretto};
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use rand::{CryptoRng, SeedableRng, rngs::StdRng};
use serde::Deserialize;

use super::{group::random_scalar, *};

const LABEL: &[u8] = b"sixteen bytes ok";

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A key and its shares from a polynomial that one place knows: for tests only.
fn dealt(k: u16, n: u16, epoch: u32, secret: Scalar, rng: &mut impl CryptoRng) -> (CustodiansKey, Vec<Share>) {
    let mut coefficients = vec![secret];
    coefficients.extend((1..k).map(|_| *random_scalar(rng)));
    let at = |x: u16| coefficients.iter().rev().fold(Scalar::ZERO, |sum, a| sum * Scalar::from(x) + a);
    let group = RistrettoPoint::mul_base(&secret).compress().to_bytes();
    let public =
        (1..=n).map(|i| (format!("Custodian {i}"), RistrettoPoint::mul_base(&at(i)).compress().to_bytes().to_vec()));
    let key = CustodiansKey::new(&group, k, epoch, public).unwrap();
    let shares = (1..=n).map(|i| Share::new(&key, i, &at(i).to_bytes()).unwrap()).collect();
    (key, shares)
}

static THREE_OF_FIVE: LazyLock<(CustodiansKey, Vec<Share>)> = LazyLock::new(|| {
    let mut rng = rng(35);
    let secret = *random_scalar(&mut rng);
    dealt(3, 5, 0, secret, &mut rng)
});

fn answers(checked: &Checked<'_>, shares: &[Share], who: &[u16], case: &Case, rng: &mut StdRng) -> Vec<Partial> {
    who.iter().map(|i| checked.partial(&shares[usize::from(*i) - 1], case, rng).unwrap()).collect()
}

#[derive(Deserialize)]
struct Vectors {
    key: CustodiansKey,
    key_id: String,
    fingerprint: String,
    shares: Vec<String>,
    request: String,
    case: String,
    cases: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    label: String,
    text: String,
    r: String,
    t: String,
    sealed: String,
    partials: Vec<VectorPartial>,
}

#[derive(Deserialize)]
struct VectorPartial {
    t: String,
    partial: String,
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

fn hex_scalar(text: &str) -> Scalar {
    Scalar::from_canonical_bytes(hex(text)).unwrap()
}

#[test]
fn every_byte_equals_that_of_the_independent_implementation() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../tests/vectors/sealing.json")).unwrap();
    let key = &vectors.key;
    assert_eq!(key.id().to_string(), vectors.key_id);
    assert_eq!(key.fingerprint(), Fingerprint::from_bytes(hex(&vectors.fingerprint)));
    let case = Case::of(vectors.request.as_bytes());
    assert_eq!(case.as_bytes(), &hex::<32>(&vectors.case));
    let shares: Vec<Share> =
        (1..).zip(&vectors.shares).map(|(i, share)| Share::new(key, i, &hex(share)).unwrap()).collect();
    assert_eq!(vectors.cases.len(), 5);
    for vector in &vectors.cases {
        let label = HEXLOWER.decode(vector.label.as_bytes()).unwrap();
        let (r, t) = (hex_scalar(&vector.r), hex_scalar(&vector.t));
        let sealed = Sealed::seal_with(key, &label, vector.text.as_bytes(), &r, &t).unwrap();
        assert_eq!(sealed.to_string(), vector.sealed);
        assert_eq!(vector.sealed.parse::<Sealed>().unwrap(), sealed);
        let checked = sealed.verify(key, &label).unwrap();
        let mut partials = Vec::new();
        for (share, expected) in shares.iter().zip(&vector.partials) {
            let partial = checked.partial_with(share, &case, &hex_scalar(&expected.t));
            assert_eq!(partial.to_string(), expected.partial);
            partials.push(expected.partial.parse().unwrap());
        }
        assert_eq!(checked.combine(&partials[2..], &case).unwrap().as_slice(), vector.text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_k_of_n_open_and_any_fewer_do_not(
        n in 2u16..=7, k_from in 0u16..=5, seed: u64, text in proptest::collection::vec(any::<u8>(), 0..600),
        order in Just((1..=7u16).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let k = 2 + k_from % (n - 1);
        let mut rng = rng(seed);
        let secret = *random_scalar(&mut rng);
        let (key, shares) = dealt(k, n, 0, secret, &mut rng);
        let sealed = Sealed::seal(&key, LABEL, &text, &mut rng).unwrap();
        let sealed = Sealed::from_bytes(sealed.as_bytes()).unwrap();
        let checked = sealed.verify(&key, LABEL).unwrap();
        let case = Case::of(b"case");
        let who: Vec<u16> = order.into_iter().filter(|i| *i <= n).take(usize::from(k)).collect();
        let partials = answers(&checked, &shares, &who, &case, &mut rng);
        let opened = checked.combine(&partials, &case).unwrap();
        prop_assert_eq!(opened.as_slice(), text.as_slice());
        let few = checked.combine(&partials[1..], &case);
        prop_assert_eq!(few.unwrap_err(), OpenError::TooFew { got: partials.len() - 1, needed: k });
        // Nor does the arithmetic help: what fewer points interpolate to decrypts nothing.
        let fewer: Vec<_> = partials[1..].iter().map(|p| (p.custodian(), p.point)).collect();
        prop_assert_eq!(checked.open(&group::interpolate(0, &fewer)).unwrap_err(), OpenError::Empty);
    }
}

#[test]
fn no_bit_of_a_sealed_value_or_its_label_can_be_changed() {
    let (key, _) = &*THREE_OF_FIVE;
    let sealed = Sealed::seal(key, LABEL, b"a name", &mut rng(1)).unwrap();
    let refused = |bytes: &[u8], label: &[u8]| match Sealed::from_bytes(bytes) {
        Ok(sealed) => sealed.verify(key, label).is_err(),
        Err(_) => true,
    };
    assert!(!refused(sealed.as_bytes(), LABEL));
    // Every bit of header, proof and tag; of the ciphertext one bit in each byte, in turn.
    for byte in 0..sealed.as_bytes().len() {
        let ciphertext = (129..641).contains(&byte);
        for bit in (0..8).filter(|bit| !ciphertext || byte % 8 == *bit) {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[byte] ^= 1 << bit;
            assert!(refused(&bytes, LABEL), "byte {byte} bit {bit}");
        }
    }
    for bit in 0..LABEL.len() * 8 {
        let mut label = LABEL.to_vec();
        label[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(sealed.as_bytes(), &label), "label bit {bit}");
    }
}

#[test]
fn no_bit_of_an_answer_can_be_changed() {
    let (key, shares) = &*THREE_OF_FIVE;
    let sealed = Sealed::seal(key, LABEL, b"a name", &mut rng(2)).unwrap();
    let checked = sealed.verify(key, LABEL).unwrap();
    let case = Case::of(b"case");
    let partial = checked.partial(&shares[0], &case, &mut rng(3)).unwrap();
    assert_eq!(checked.verify_partial(&partial, &case), Ok(()));
    for bit in 0..PARTIAL_LEN * 8 {
        let mut bytes = partial.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verified = Partial::from_bytes(&bytes).and_then(|partial| checked.verify_partial(&partial, &case));
        assert!(verified.is_err(), "bit {bit}");
    }
}

#[test]
fn lengths_tell_nothing_within_a_size_and_too_long_is_refused() {
    let (key, _) = &*THREE_OF_FIVE;
    let length = |n: usize| Sealed::seal(key, LABEL, &vec![7; n], &mut rng(4)).map(|s| s.as_bytes().len());
    assert_eq!([length(0), length(510)], [Ok(657), Ok(657)]);
    assert_eq!([length(511), length(MAX_TEXT)], [Ok(2193), Ok(2193)]);
    assert_eq!(length(MAX_TEXT + 1), Err(SealError::TooLong(2047)));
    assert!(Sealed::from_bytes(&[1; 658]).is_err());
    assert!(Sealed::from_bytes(&[]).is_err());
    assert!("A".repeat(10_000).parse::<Sealed>().is_err());
}

#[test]
fn the_same_text_sealed_twice_shares_nothing_but_version_and_key() {
    let (key, _) = &*THREE_OF_FIVE;
    let mut rng = rng(5);
    let [a, b] = [(); 2].map(|()| Sealed::seal(key, LABEL, b"a name", &mut rng).unwrap());
    assert_eq!(a.as_bytes()[..33], b.as_bytes()[..33]);
    let common: Vec<_> =
        a.as_bytes()[33..].windows(4).filter(|w| b.as_bytes()[33..].windows(4).any(|v| v == *w)).collect();
    assert!(common.is_empty());
}

/// Hostile inputs to an opening: too few, one twice, one corrupted, another case, another value, another epoch.
#[test]
fn an_opening_names_the_custodian_at_fault_and_opens_nothing() {
    let (key, shares) = &*THREE_OF_FIVE;
    let mut rng = rng(6);
    let sealed = Sealed::seal(key, LABEL, b"a name", &mut rng).unwrap();
    let other = Sealed::seal(key, LABEL, b"another name", &mut rng).unwrap();
    let (checked, other) = (sealed.verify(key, LABEL).unwrap(), other.verify(key, LABEL).unwrap());
    let (case, other_case) = (Case::of(b"case 1"), Case::of(b"case 2"));
    let good = answers(&checked, shares, &[1, 2, 3, 4], &case, &mut rng);
    let with_third = |third: Partial| checked.combine(&[good[0].clone(), good[1].clone(), third], &case).unwrap_err();

    assert_eq!(checked.combine(&good[..2], &case), Err(OpenError::TooFew { got: 2, needed: 3 }));
    assert_eq!(checked.combine(&[], &case), Err(OpenError::TooFew { got: 0, needed: 3 }));
    assert_eq!(with_third(good[1].clone()), OpenError::Twice("2 (Custodian 2)".to_owned()));
    let again = checked.partial(&shares[1], &case, &mut rng).unwrap();
    assert_eq!(with_third(again), OpenError::Twice("2 (Custodian 2)".to_owned()));
    let elsewhere = answers(&checked, shares, &[3], &other_case, &mut rng).remove(0);
    assert_eq!(with_third(elsewhere), OpenError::OtherCase("3 (Custodian 3)".to_owned()));
    let replayed = answers(&other, shares, &[3], &case, &mut rng).remove(0);
    assert_eq!(with_third(replayed), OpenError::OtherSealed("3 (Custodian 3)".to_owned()));

    let mut corrupted = good[2].to_bytes();
    corrupted[99..131].copy_from_slice(&good[3].to_bytes()[99..131]);
    let corrupted = Partial::from_bytes(&corrupted).unwrap();
    assert_eq!(with_third(corrupted), OpenError::Proof("3 (Custodian 3)".to_owned()));
    let mut claimed = good[2].to_bytes();
    claimed[2] = 5;
    assert_eq!(with_third(Partial::from_bytes(&claimed).unwrap()), OpenError::Proof("5 (Custodian 5)".to_owned()));
    claimed[2] = 9;
    assert_eq!(with_third(Partial::from_bytes(&claimed).unwrap()), OpenError::Stranger(9));

    assert_eq!(checked.combine(&good, &case).unwrap().as_slice(), b"a name", "more than k is as good as k");
}

#[test]
fn a_relabelled_answer_for_another_case_does_not_pass() {
    let (key, shares) = &*THREE_OF_FIVE;
    let mut rng = rng(7);
    let sealed = Sealed::seal(key, LABEL, b"a name", &mut rng).unwrap();
    let checked = sealed.verify(key, LABEL).unwrap();
    let (case, other_case) = (Case::of(b"case 1"), Case::of(b"case 2"));
    let mut bytes = checked.partial(&shares[0], &case, &mut rng).unwrap().to_bytes();
    bytes[67..99].copy_from_slice(other_case.as_bytes());
    let relabelled = Partial::from_bytes(&bytes).unwrap();
    let verdict = checked.verify_partial(&relabelled, &other_case);
    assert_eq!(verdict, Err(OpenError::Proof("1 (Custodian 1)".to_owned())));
}

/// Re-sharing keeps the group key, so nothing is sealed anew; the old shares and answers are worth nothing.
#[test]
fn after_a_re_sharing_new_shares_open_and_old_ones_are_refused() {
    let mut rng = rng(8);
    let secret = *random_scalar(&mut rng);
    let (before, old) = dealt(3, 5, 0, secret, &mut rng);
    let (after, new) = dealt(2, 4, 1, secret, &mut rng);
    assert_eq!(before.id(), after.id());
    assert_ne!(before.fingerprint(), after.fingerprint());
    let sealed = Sealed::seal(&before, LABEL, b"a name", &mut rng).unwrap();
    let case = Case::of(b"open since before");
    let during = answers(&sealed.verify(&before, LABEL).unwrap(), &old, &[1, 2], &case, &mut rng);
    let checked = sealed.verify(&after, LABEL).unwrap();
    assert_eq!(checked.combine(&during, &case), Err(OpenError::OtherEpoch("1 (Custodian 1)".to_owned())));
    assert_eq!(checked.partial(&old[0], &case, &mut rng), Err(OpenError::Share));
    assert_eq!(Share::new(&after, 1, &old[0].expose()).unwrap_err(), KeyError::Share(1));
    let answers = answers(&checked, &new, &[4, 2], &case, &mut rng);
    assert_eq!(checked.combine(&answers, &case).unwrap().as_slice(), b"a name");
}

#[test]
fn a_value_sealed_to_another_key_is_refused() {
    let mut rng = rng(9);
    let secret = *random_scalar(&mut rng);
    let (other, _) = dealt(3, 5, 0, secret, &mut rng);
    let sealed = Sealed::seal(&other, LABEL, b"a name", &mut rng).unwrap();
    assert_eq!(sealed.verify(&THREE_OF_FIVE.0, LABEL).unwrap_err(), SealError::OtherKey);
}

#[test]
fn the_key_survives_its_file_and_a_tampered_file_is_refused() {
    let (key, _) = &*THREE_OF_FIVE;
    let file = serde_json::to_value(key).unwrap();
    let read = |value: serde_json::Value| serde_json::from_value::<CustodiansKey>(value).map_err(|e| e.to_string());
    assert_eq!(read(file.clone()).unwrap(), *key);
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut file = file.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        read(file).unwrap_err()
    };
    let other = serde_json::to_value(&dealt(3, 5, 0, Scalar::from(5u8), &mut rng(1)).0).unwrap();
    for (pointer, value, reason) in [
        ("/type", "x".into(), "its \"type\" is not"),
        ("/group_key", other["group_key"].clone(), "custodian 1 does not belong"),
        ("/group_key", "A".repeat(43).into(), "the group key is not the encoding of a point"),
        (
            "/custodians/4/verification_share",
            other["custodians"][4]["verification_share"].clone(),
            "custodian 5 does not",
        ),
        ("/custodians/4/index", 4.into(), "not numbered 1 to 5 in order"),
        ("/custodians/0/name", "a\u{202e}b".into(), "the name of custodian 1"),
        ("/custodians/0/name", " ".into(), "the name of custodian 1"),
        ("/threshold", 1.into(), "1 of 5 is not possible"),
        ("/threshold", 6.into(), "6 of 5 is not possible"),
        ("/threshold", 2.into(), "does not belong"),
        ("/threshold", 4.into(), "fewer than 4 custodians suffice"),
    ] {
        let message = changed(pointer, value);
        assert!(message.contains(reason), "{pointer}: {message}");
    }
    let mut more = file.clone();
    more["secret"] = "x".into();
    assert!(read(more).is_err(), "unknown members are refused");
}

#[test]
fn every_field_of_the_key_file_moves_the_fingerprint() {
    let (key, _) = &*THREE_OF_FIVE;
    let file = serde_json::to_value(key).unwrap();
    for (pointer, value) in [("/epoch", 1.into()), ("/custodians/2/name", serde_json::Value::from("Another"))] {
        let mut file = file.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        let changed: CustodiansKey = serde_json::from_value(file).unwrap();
        assert_ne!(changed.fingerprint(), key.fingerprint());
        assert_eq!(changed.id(), key.id());
    }
    assert_eq!(key.fingerprint().to_string().split(' ').count(), 16);
}

#[test]
fn secrets_print_nothing_of_themselves() {
    let (key, shares) = &*THREE_OF_FIVE;
    let mut rng = rng(10);
    let sealed = Sealed::seal(key, LABEL, b"a name", &mut rng).unwrap();
    let checked = sealed.verify(key, LABEL).unwrap();
    let partial = checked.partial(&shares[1], &Case::of(b""), &mut rng).unwrap();
    let letters = LetterKey::generate(&mut rng);
    assert_eq!(
        format!("{:?} {:?} {sealed:?} {checked:?} {partial:?} {letters:?}", shares[1], key.custodians()[0].index),
        "Share(2, …) 1 Sealed(…) Checked(…) Partial(2, …) LetterKey(…)"
    );
}

#[test]
fn a_share_that_is_not_canonical_is_refused() {
    let (key, shares) = &*THREE_OF_FIVE;
    let mut bytes = *shares[0].expose();
    assert!(Share::new(key, 1, &bytes).is_ok());
    assert!(Share::new(key, 2, &bytes).is_err());
    // Adding the group order gives another name of the same scalar.
    let order = hex::<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0u16;
    for (byte, add) in bytes.iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert!(Share::new(key, 1, &bytes).is_err());
    assert!(CompressedRistretto([0; 32]).decompress().is_some(), "the identity has an encoding, which we refuse");
    assert!(CustodiansKey::new(&[0; 32], 2, 0, []).is_err());
}
