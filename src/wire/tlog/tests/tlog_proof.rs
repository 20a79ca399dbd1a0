//! Proofs in one text: the form of the specification, and what is not one.

use super::*;

fn proof(index: u64, size: u64, extra: Option<&[u8]>) -> (Vec<NoteKey>, TlogProof) {
    let (keys, checkpoint) = head(size);
    let hashes = grown(size).inclusion(index).unwrap();
    (keys, TlogProof::new(extra.map(<[u8]>::to_vec), index, hashes, checkpoint).unwrap())
}

#[test]
fn a_proof_has_the_form_of_the_specification() {
    let (keys, proof) = proof(4, 7, Some(b"entry"));
    let hashes = lines(&grown(7).inclusion(4).unwrap());
    let text = format!("c2sp.org/tlog-proof@v1\nextra ZW50cnk=\nindex 4\n{hashes}\n{}", head(7).1);
    assert_eq!(proof.to_string(), text);
    assert_eq!(text.parse(), Ok(proof.clone()));
    assert_eq!((proof.extra(), proof.index(), proof.hashes().len()), (Some(b"entry".as_slice()), 4, 3));
    assert_eq!(proof.verify(leaf(4), ORIGIN, &keys).unwrap().size(), 7);
}

#[test]
fn extra_data_and_hashes_may_be_missing() {
    let (keys, alone) = proof(0, 1, None);
    assert_eq!(alone.to_string(), format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{}", head(1).1));
    assert_eq!(alone.to_string().parse(), Ok(alone.clone()));
    assert!(alone.verify(leaf(0), ORIGIN, &keys).is_ok());
    let (_, empty) = proof(0, 1, Some(b""));
    let read: TlogProof = empty.to_string().parse().unwrap();
    assert_eq!(read.extra(), Some([].as_slice()));
}

#[test]
fn p3_a_proof_of_another_leaf_index_log_or_key_is_refused() {
    let (keys, good) = proof(4, 7, None);
    let wrong_leaf = good.verify(leaf(3), ORIGIN, &keys);
    assert_eq!(wrong_leaf, Err(InclusionError::Proof(ProofError::Root)));
    let other_log = good.verify(leaf(4), "log.example/2027", &keys);
    assert_eq!(other_log, Err(InclusionError::Checkpoint(NoteError::OtherLog(ORIGIN.into()))));
    let (other, _) = pair(ORIGIN, Algorithm::Ed25519, 2);
    assert_eq!(good.verify(leaf(4), ORIGIN, &[other]), Err(InclusionError::Checkpoint(NoteError::Unsigned)));
    let (witness, _) = pair(ORIGIN, Algorithm::Cosignature, 1);
    assert_eq!(good.verify(leaf(4), ORIGIN, &[witness]), Err(InclusionError::Checkpoint(NoteError::Unsigned)));
    let moved = TlogProof::new(None, 5, good.hashes().to_vec(), good.checkpoint().clone()).unwrap();
    assert!(moved.verify(leaf(4), ORIGIN, &keys).is_err());
    let later = TlogProof::new(None, 4, good.hashes().to_vec(), head(8).1).unwrap();
    assert!(later.verify(leaf(4), ORIGIN, &keys).is_err());
}

#[test]
fn p3_a_proof_with_one_byte_changed_proves_nothing() {
    let (keys, good) = proof(2, 3, None);
    for changed in mutations(&good.to_string()) {
        let read = TlogProof::parse(&changed);
        let believed = read.as_ref().is_ok_and(|proof| proof.verify(leaf(2), ORIGIN, &keys).is_ok());
        assert!(!believed, "{:?}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn what_is_no_proof_is_refused() {
    let good = proof(4, 7, Some(b"entry")).1.to_string();
    let hash = leaf(0);
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let wrong = [
        String::new(),
        with("tlog-proof@v1", "tlog-proof@v2"),
        with("c2sp", "\nc2sp"),
        with("c2sp", " c2sp"),
        with("@v1\n", "@v1 \n"),
        with("@v1\n", "@v1\r\n"),
        with("extra", "Extra"),
        with("extra ", "extra"),
        with("extra ", "extra  "),
        with("extra ZW50cnk=", "extra ZW50cnk"),
        with("extra ZW50cnk=", "extra ZW50cnl="),
        with("extra ZW50cnk=", "extra ZW50cg==eQ=="),
        with("extra ZW50cnk=\n", "extra ZW50cnk=\nextra ZW50cnk=\n"),
        with("extra ZW50cnk=\nindex 4\n", "index 4\nextra ZW50cnk=\n"),
        with("index 4", "index 04"),
        with("index 4", "index +4"),
        with("index 4", "index -4"),
        with("index 4", "index  4"),
        with("index 4", "index 4 "),
        with("index 4", "index"),
        with("index 4", "index 18446744073709551616"),
        with("index 4\n", ""),
        with("index 4", "index 7"),
        with("index 4\n", "index 4\n\n"),
        with("index 4\n", &format!("index 4\n{hash}\n").repeat(2)),
        with("index 4\n", "index 4\nAAAA\n"),
        with("index 4\n", &format!("index 4\n{}", format!("{hash}\n").repeat(61))),
        with("\n\n", "\n"),
        with("\n\n", "\n\n\n"),
        format!("{good}\n"),
        format!("{good}more\n"),
        good.trim_end().to_owned(),
        with("extra ZW50cnk=", &format!("extra {}", "A".repeat(MAX_EXTRA / 3 * 4 + 8))),
    ];
    for wrong in wrong {
        assert!(TlogProof::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let most = with("index 4\n", &format!("index 4\n{}", format!("{hash}\n").repeat(60)));
    assert_eq!(TlogProof::parse(most.as_bytes()).unwrap().hashes().len(), MAX_PROOF);
    let large = "x".repeat(MAX_TLOG_PROOF + 1);
    assert_eq!(TlogProof::parse(large.as_bytes()), Err(NoteError::TooLong(large.len())));
}

#[test]
fn the_longest_proof_is_read_and_a_longer_one_not_made() {
    let hashes = vec![leaf(0); MAX_PROOF];
    let extra = |length| Some(vec![0xff; length]);
    let longest = TlogProof::new(extra(MAX_EXTRA), 0, hashes.clone(), head(1).1).unwrap();
    assert_eq!(longest.to_string().parse(), Ok(longest));
    assert!(TlogProof::new(extra(MAX_EXTRA + 1), 0, hashes, head(1).1).is_err());
    assert!(TlogProof::new(None, 0, vec![leaf(0); MAX_PROOF + 1], head(1).1).is_err());
    assert!(TlogProof::new(None, 1, vec![], head(1).1).is_err());
}
