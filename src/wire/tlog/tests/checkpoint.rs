//! Heads: their one form, whose they are, and who has cosigned them.

use super::*;

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

#[test]
fn a_head_reads_in_its_one_form_only() {
    let good = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
    let head: Checkpoint = good.parse().unwrap();
    assert_eq!((head.origin(), head.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(head.root().to_string(), ROOT);
    assert_eq!(head.to_string(), good);
    let extended: Checkpoint = format!("{good}one\ntwo\n").parse().unwrap();
    assert_eq!(extended.extensions(), ["one", "two"]);
    assert_eq!(extended.to_string(), format!("{good}one\ntwo\n"));
    let empty = format!("o\n0\n{}\n", Hash::of_empty_tree());
    assert_eq!(empty.parse::<Checkpoint>().unwrap().size(), 0);

    let size = |size: &str| format!("o\n{size}\n{ROOT}\n");
    let wrong = [
        String::new(),
        "\n".into(),
        "o\n".into(),
        "o\n1\n".into(),
        format!("o\n1\n{ROOT}"),
        format!("\n1\n{ROOT}\n"),
        format!("\no\n1\n{ROOT}\n"),
        format!("{}\n1\n{ROOT}\n", "o".repeat(256)),
        format!("o\u{1}\n1\n{ROOT}\n"),
        size(""),
        size("-1"),
        size("+1"),
        size("01"),
        size("00"),
        size(" 1"),
        size("1 "),
        size("1e3"),
        size("0x1"),
        size("１"),
        size("18446744073709551616"),
        size("18446744073709551615"),
        size("4611686018427387905"),
        size("0"),
        format!("o\r\n1\r\n{ROOT}\r\n"),
        format!("o\n1\n{}\n", &ROOT[..43]),
        format!("o\n1\n{}J=\n", &ROOT[..42]),
        format!("o\n1\n {ROOT}\n"),
        format!("o\n1\n{ROOT}\n\n"),
        format!("o\n1\n{ROOT}\n\nlater\n"),
        format!("o\n1\n{ROOT}\nx\ty\n"),
        format!("o\n1\n{ROOT}\n{}", "x\n".repeat(17)),
        format!("o\n1\n{ROOT}\n{}\n", "x".repeat(4096)),
    ];
    for wrong in wrong {
        assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong:?}");
    }
    assert!(format!("o\n1\n{ROOT}\n{}", "x\n".repeat(16)).parse::<Checkpoint>().is_ok());
    assert!(size("4611686018427387904").parse::<Checkpoint>().is_ok());
}

#[test]
fn a_head_is_made_only_if_it_can_be_read() {
    let root = Hash::of_leaf(b"");
    for origin in ["", "two\nlines", "tab\t", &"o".repeat(256)] {
        assert!(Checkpoint::new(origin, 1, root).is_err(), "{origin:?}");
    }
    assert!(Checkpoint::new("o", MAX_SIZE + 1, root).is_err());
    assert!(Checkpoint::new("o", 0, root).is_err());
    assert!(Checkpoint::new("o", 0, Hash::of_empty_tree()).is_ok());
}

#[test]
fn a_head_is_believed_by_who_knows_the_log_and_its_key() {
    let (keys, mut signed) = head(7);
    let (witness, cosign) = pair("witness.example/w1", Algorithm::Cosignature, 2);
    let text = signed.note().text().to_owned();
    signed.push(NoteSignature::cosign(&witness, &text, 1_679_315_147, cosign).unwrap()).unwrap();
    let read = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    assert_eq!(read, signed);
    assert_eq!(read.verify(ORIGIN, &keys).unwrap().size(), 7);
    assert_eq!(
        read.cosigners(std::slice::from_ref(&witness)).unwrap(),
        [Verified { key: &witness, time: Some(1_679_315_147) }]
    );
    assert_eq!(read.verify("log.example/registry", &keys), Err(NoteError::OtherLog(ORIGIN.into())));
    // A witness cannot speak for the log, nor the log for a witness.
    assert_eq!(read.verify(ORIGIN, &[witness]), Err(NoteError::Unsigned));
    assert_eq!(read.cosigners(&keys), Ok(vec![]));
    assert_eq!(read.cosigners(&[]), Ok(vec![]));
}

#[test]
fn a_head_signed_by_the_old_key_and_the_new_is_believed_under_either() {
    let (old, mut signed) = head(3);
    let (new, sign) = pair(ORIGIN, Algorithm::Ed25519, 9);
    let text = signed.note().text().to_owned();
    signed.push(NoteSignature::sign(&new, &text, sign).unwrap()).unwrap();
    for keys in [old.clone(), vec![new.clone()], [old, vec![new]].concat()] {
        assert!(signed.verify(ORIGIN, &keys).is_ok());
    }
}

#[test]
fn a_cosignature_with_another_time_size_or_root_does_not_hold() {
    let (_, mut signed) = head(7);
    let (witness, cosign) = pair("witness.example/w1", Algorithm::Cosignature, 2);
    let witnesses = [witness.clone()];
    let text = signed.note().text().to_owned();
    let line = NoteSignature::cosign(&witness, &text, 1000, cosign).unwrap();
    signed.push(line.clone()).unwrap();
    assert_eq!(signed.cosigners(&witnesses).unwrap().len(), 1);
    for changed in mutations(&line.to_string()) {
        let Some(line) = str::from_utf8(&changed).ok().and_then(|line| line.parse::<NoteSignature>().ok()) else {
            continue;
        };
        let mut note = signed.note().text().parse::<Checkpoint>().map(|_| head(7).1).unwrap();
        note.push(line.clone()).unwrap();
        assert_ne!(note.cosigners(&witnesses).map(|found| found.len()), Ok(1), "{line}");
    }
    for other in [head(6).1, head(8).1] {
        let mut other = other;
        other.push(line.clone()).unwrap();
        assert!(matches!(other.cosigners(&witnesses), Err(NoteError::Signature(_))));
    }
}

#[test]
fn the_answer_of_a_witness_adds_only_what_holds_and_replaces_what_is_older() {
    let (keys, mut signed) = head(7);
    let (witness, cosign) = pair("witness.example/w1", Algorithm::Cosignature, 2);
    let (second, cosign_second) = pair("witness.example/w2", Algorithm::Cosignature, 5);
    let (stranger, cosign_stranger) = pair("stranger.example", Algorithm::Cosignature, 6);
    let witnesses = [witness.clone(), second.clone()];
    let text = signed.note().text().to_owned();
    let line = |key: &NoteKey, text: &str, time, sign: &dyn Fn(&[u8]) -> [u8; 64]| {
        NoteSignature::cosign(key, text, time, sign).unwrap()
    };
    let other = head(8).1.note().text().to_owned();
    let answer = vec![
        line(&witness, &text, 1000, &cosign),
        line(&second, &other, 1000, &cosign_second),
        line(&stranger, &text, 1000, &cosign_stranger),
        head(7).1.note().signatures()[0].clone(),
    ];
    let times = |added: Vec<Verified<'_>>| added.iter().map(|found| found.time.unwrap()).collect::<Vec<_>>();
    assert_eq!(times(signed.add_cosignatures(answer, &witnesses).unwrap()), [1000]);
    assert_eq!(signed.note().signatures().len(), 2);
    assert_eq!(times(signed.add_cosignatures(vec![line(&witness, &text, 999, &cosign)], &witnesses).unwrap()), [0; 0]);
    assert_eq!(times(signed.add_cosignatures(vec![line(&witness, &text, 1001, &cosign)], &witnesses).unwrap()), [1001]);
    assert_eq!(signed.note().signatures().len(), 2);
    assert_eq!(times(signed.cosigners(&witnesses).unwrap()), [1001]);
    assert!(signed.verify(ORIGIN, &keys).is_ok());
}
