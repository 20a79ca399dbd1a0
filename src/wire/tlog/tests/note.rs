//! Notes and their keys: what is not a note, and which signatures count.

use super::{vectors::notes, *};

fn signed(text: &str, key: &NoteKey, sign: impl Fn(&[u8]) -> [u8; 64]) -> Note {
    let mut note = Note::new(text.to_owned()).unwrap();
    note.push(NoteSignature::sign(key, text, sign).unwrap()).unwrap();
    note
}

#[test]
fn a_note_with_one_byte_changed_is_refused_whatever_changed() {
    let (key, sign) = pair("key.example", Algorithm::Ed25519, 3);
    let text = signed("one\n\ntwo\n", &key, sign).to_string();
    Note::parse(text.as_bytes()).unwrap().verify(std::slice::from_ref(&key)).unwrap();
    for changed in mutations(&text) {
        let believed = Note::parse(&changed).is_ok_and(|note| note.verify(std::slice::from_ref(&key)).is_ok());
        assert!(!believed, "{:?}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn what_is_no_note_is_refused() {
    let good = &notes()["two signers"].note;
    let (text, lines) = good.split_once("\n\n").unwrap();
    let line = lines.lines().next().unwrap();
    let encoded = line.rsplit_once(' ').unwrap().1;
    let bytes = data_encoding::BASE64.decode(encoded.as_bytes()).unwrap();
    let [head, tail] = [&bytes[..4], &bytes[4..]].map(|part| data_encoding::BASE64.encode(part));
    let note = |line: &str| format!("{text}\n\n{line}\n");
    assert!(Note::parse(note(line).as_bytes()).is_ok());
    let with = |from: &str, to: &str| note(&line.replace(from, to));
    let wrong = [
        String::new(),
        "\n".into(),
        "\n\n".into(),
        format!("{text}\n"),
        format!("{text}\n\n"),
        lines.to_owned(),
        // Not a text, or not its end.
        format!("\n{line}\n"),
        format!("{text}\n{line}\n"),
        format!("\u{1}{text}\n\n{line}\n"),
        format!("{text}\t\n\n{line}\n"),
        format!("{text}\r\n\r\n{line}\r\n"),
        format!("{text}\n\n{line}"),
        format!("{text}\n\n{line}\n\n"),
        format!("{text}\n\n\n{line}\n\n"),
        format!("{text}\n\n{line}\nmore\n"),
        format!("{text}\n\nmore\n{line}\n"),
        // Not a signature line.
        with("— ", "- "),
        with("— ", "—"),
        with("— ", " — "),
        with("— ", "—  "),
        with("— ", "—\u{a0}"),
        with("PeterNeumann", ""),
        with("PeterNeumann ", ""),
        with("PeterNeumann", "Peter Neumann"),
        with("PeterNeumann", "Peter+Neumann"),
        with("PeterNeumann", "Peter\u{2003}Neumann"),
        with("PeterNeumann", "Peter\u{85}Neumann"),
        with("PeterNeumann", &"x".repeat(256)),
        // Not base64, or not its only form, or too short to be a signature.
        with(encoded, ""),
        with(encoded, "x08goA"),
        with(encoded, "x08goA=="),
        with(encoded, "AAAAAA=="),
        with(encoded, "AAA="),
        with("JnAM=", "JnAM"),
        with("JnAM=", "JnAM=="),
        with("JnAM=", "JnAN="),
        with(encoded, &format!("{head}{tail}")),
        with("JnAM=", "JnAM= "),
        with("JnAM=", "JnAM=\u{a0}"),
        with("x08go/", "x08go_"),
        with("x08go/", "x08 go/"),
    ];
    for wrong in wrong {
        assert!(Note::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    assert!(Note::parse(&[b"\xff\n\n", line.as_bytes(), b"\n"].concat()).is_err(), "not UTF-8");
}

#[test]
fn sixteen_signatures_as_long_as_the_longest_are_read_and_beyond_the_limits_none() {
    let line = |length: usize| {
        let encoded = data_encoding::BASE64.encode(&vec![7; length]);
        format!("— {} {encoded}\n", "n".repeat(255))
    };
    let of = |count: usize, length| format!("text\n\n{}", line(length).repeat(count));
    assert_eq!(Note::parse(of(16, 4 + 5000).as_bytes()).unwrap().signatures().len(), 16);
    assert_eq!(Note::parse(of(32, 68).as_bytes()).unwrap().signatures().len(), MAX_SIGNATURES);
    assert!(Note::parse(of(33, 68).as_bytes()).is_err());
    let large = format!("{}\n\n{}", "x".repeat(MAX_NOTE), line(68));
    assert_eq!(Note::parse(large.as_bytes()), Err(NoteError::TooLong(large.len())));
    assert!(Note::new("x".repeat(MAX_NOTE) + "\n").is_err());
    for text in ["", "no end", "tab\t\n", "bell\u{7}\n"] {
        assert!(Note::new(text.to_owned()).is_err(), "{text:?}");
    }
}

#[test]
fn signatures_of_unknown_keys_are_ignored_and_a_wrong_one_of_a_known_key_spoils_the_note() {
    let (key, sign) = pair("key.example", Algorithm::Ed25519, 3);
    let (other, sign_other) = pair("key.example", Algorithm::Ed25519, 4);
    let mut note = signed("text\n", &key, &sign);
    assert_eq!(note.verify(std::slice::from_ref(&other)), Err(NoteError::Unsigned), "the same name, another id");
    assert_eq!(note.verify(&[]), Err(NoteError::Unsigned));
    // A line that says to be of the other key, whose bytes are those of the first.
    let forged = note.signatures()[0].to_string().rsplit_once(' ').unwrap().1.to_owned();
    let mut bytes = data_encoding::BASE64.decode(forged.as_bytes()).unwrap();
    bytes[..4].copy_from_slice(&other.id().to_be_bytes());
    note.push(format!("— key.example {}", data_encoding::BASE64.encode(&bytes)).parse().unwrap()).unwrap();
    let both = [key.clone(), other.clone()];
    assert_eq!(note.verify(&both), Err(NoteError::Signature("key.example".into())));
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap(), [Verified { key: &key, time: None }]);
    // Twice the same signature is one signer.
    let mut twice = signed("text\n", &key, &sign);
    twice.push(NoteSignature::sign(&key, "text\n", &sign).unwrap()).unwrap();
    twice.push(NoteSignature::sign(&other, "text\n", &sign_other).unwrap()).unwrap();
    assert_eq!(twice.verify(&both).unwrap().len(), 2);
}

#[test]
fn a_key_reads_in_its_one_form_only() {
    let (key, _) = pair("log.example/2026", Algorithm::Ed25519, 1);
    let text = key.to_string();
    assert_eq!(text, "log.example/2026+2c9e59a6+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c");
    assert_eq!(text.parse(), Ok(key.clone()));
    let (witness, _) = pair("log.example/2026", Algorithm::Cosignature, 1);
    assert_ne!(witness.id(), key.id(), "the same key signs heads under one id and cosigns under another");
    for changed in mutations(&text) {
        let changed = String::from_utf8_lossy(&changed).into_owned();
        assert!(changed.parse::<NoteKey>().is_err(), "{changed}");
    }
    for wrong in
        ["", "+", "++", "name", "name+2c9e59a6", &text.replace("2c9e59a6", "2C9E59A6"), &text.replacen('+', " ", 1)]
    {
        assert!(wrong.parse::<NoteKey>().is_err(), "{wrong}");
    }
}

#[test]
fn a_key_that_is_no_point_of_large_order_or_has_no_good_name_is_refused() {
    let (key, _) = pair("x", Algorithm::Ed25519, 1);
    for name in ["", " ", "a b", "a+b", "a\nb", "a\u{2003}b", &"x".repeat(256)] {
        assert!(NoteKey::new(name, Algorithm::Ed25519, key.public()).is_err(), "{name:?}");
    }
    let mut one = [0; 32];
    one[0] = 1;
    // The neutral element, a point of order 4, and what is no point: any signature would hold, or none.
    for public in [one, [0; 32], [2; 32]] {
        assert!(NoteKey::new("x", Algorithm::Ed25519, &public).is_err(), "{public:?}");
    }
}

#[test]
fn a_key_signs_only_in_the_way_of_its_algorithm() {
    let ((log, sign), (witness, cosign)) = (pair("x", Algorithm::Ed25519, 1), pair("x", Algorithm::Cosignature, 1));
    assert!(NoteSignature::sign(&witness, "text\n", &cosign).is_err());
    assert!(NoteSignature::cosign(&log, "text\n", 1, &sign).is_err());
    assert!(NoteSignature::cosign(&witness, "text\n", 1 << 63, &cosign).is_err());
}
