//! Requests to witnesses, what a witness decides, and how its answer is read.

use super::*;

fn request(old: u64, size: u64) -> (Vec<NoteKey>, AddCheckpoint) {
    let (keys, checkpoint) = head(size);
    (keys, AddCheckpoint::new(old, grown(size).consistency(old).unwrap(), checkpoint).unwrap())
}

fn state(size: u64) -> (u64, Hash) {
    (size, grown(size).root())
}

#[test]
fn a_request_has_the_form_of_the_specification() {
    let (keys, request) = request(3, 7);
    let hashes = lines(&grown(7).consistency(3).unwrap());
    let text = format!("old 3\n{hashes}\n{}", head(7).1);
    assert_eq!(request.to_string(), text);
    assert_eq!(AddCheckpoint::parse(text.as_bytes()), Ok(request.clone()));
    assert_eq!((request.old(), request.proof().len()), (3, 4));
    assert_eq!(request.check(&keys, Some(state(3))).unwrap().size(), 7);
}

#[test]
fn the_first_request_for_a_log_needs_no_proof() {
    let (keys, first) = request(0, 7);
    assert_eq!(first.to_string(), format!("old 0\n\n{}", head(7).1));
    assert_eq!(AddCheckpoint::parse(first.to_string().as_bytes()), Ok(first.clone()));
    assert!(first.check(&keys, None).is_ok());
    assert_eq!(first.check(&keys, Some(state(3))), Err(WitnessRefusal::Conflict(3)), "asked without knowing the state");
}

#[test]
fn a_head_of_the_size_that_was_cosigned_last_is_cosigned_again_if_it_is_the_same() {
    let (keys, again) = request(7, 7);
    assert!(again.check(&keys, Some(state(7))).is_ok());
    let fork = Some((7, grown(8).root()));
    assert_eq!(again.check(&keys, fork), Err(WitnessRefusal::Conflict(7)));
}

#[test]
fn p4_a_head_that_shrinks_or_is_not_shown_to_have_grown_is_not_cosigned() {
    let (keys, good) = request(3, 7);
    let refused = |old, proof: Vec<Hash>, last| {
        AddCheckpoint::new(old, proof, head(7).1).unwrap().check(&keys, last).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused(8, vec![], Some(state(8))), WitnessRefusal::Malformed);
    assert_eq!(refused(3, good.proof().to_vec(), Some(state(4))), WitnessRefusal::Conflict(4));
    assert_eq!(refused(3, good.proof().to_vec(), Some(state(8))), WitnessRefusal::Conflict(8));
    assert_eq!(refused(3, good.proof().to_vec(), None), WitnessRefusal::Conflict(0));
    assert_eq!(refused(3, good.proof().to_vec(), Some((3, leaf(9)))), WitnessRefusal::Inconsistent);
    assert_eq!(refused(3, vec![], Some(state(3))), WitnessRefusal::Inconsistent);
    assert_eq!(refused(3, good.proof()[1..].to_vec(), Some(state(3))), WitnessRefusal::Inconsistent);
    assert_eq!(refused(0, vec![leaf(0)], None), WitnessRefusal::Inconsistent);
    assert_eq!(refused(7, vec![leaf(0)], Some(state(7))), WitnessRefusal::Inconsistent);
    let (other, _) = pair(ORIGIN, Algorithm::Ed25519, 2);
    assert_eq!(good.check(&[other], Some(state(3))), Err(WitnessRefusal::Unsigned));
    assert_eq!(good.check(&[], Some(state(3))), Err(WitnessRefusal::Unsigned));
}

#[test]
fn p4_a_request_with_one_byte_changed_is_not_cosigned() {
    let (keys, good) = request(2, 3);
    for changed in mutations(&good.to_string()) {
        let cosigned = AddCheckpoint::parse(&changed).is_ok_and(|request| request.check(&keys, Some(state(2))).is_ok());
        assert!(!cosigned, "{:?}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let good = request(3, 7).1.to_string();
    let hash = leaf(0);
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let wrong = [
        String::new(),
        with("old", "Old"),
        with("old", " old"),
        with("old ", "old"),
        with("old ", "old  "),
        with("old 3", "old 03"),
        with("old 3", "old -3"),
        with("old 3", "old +3"),
        with("old 3", "old 3 "),
        with("old 3", "old 18446744073709551616"),
        with("old 3\n", ""),
        with("old 3\n", "old 3\nold 3\n"),
        with("old 3\n", "old 3\nAAAA\n"),
        with("old 3\n", "old 3\n\n"),
        with("old 3\n", "\nold 3\n"),
        with("old 3\n", "old 3\r\n"),
        with("old 3\n", &format!("old 3\n{}", format!("{hash}\n").repeat(60))),
        with("\n\n", "\n"),
        format!("{good}\n"),
        format!("{good}more\n"),
        good.trim_end().to_owned(),
        "old 3\n\n".into(),
    ];
    for wrong in wrong {
        assert!(AddCheckpoint::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let most = with("old 3\n", &format!("old 3\n{}", format!("{hash}\n").repeat(59)));
    assert_eq!(AddCheckpoint::parse(most.as_bytes()).unwrap().proof().len(), MAX_PROOF);
    let large = "x".repeat(MAX_ADD_CHECKPOINT + 1);
    assert_eq!(AddCheckpoint::parse(large.as_bytes()), Err(NoteError::TooLong(large.len())));
    assert!(AddCheckpoint::new(0, vec![hash; MAX_PROOF + 1], head(7).1).is_err());
}

#[test]
fn the_answer_of_a_witness_reads_as_the_specification_says() {
    use WitnessRefusal::*;
    for refusal in [Malformed, Unsigned, UnknownLog, Conflict(0), Conflict(20_852_163), Inconsistent] {
        let answer = WitnessAnswer::parse(refusal.status(), SIZE_TYPE, refusal.body().as_bytes());
        assert_eq!(answer, Ok(WitnessAnswer::Refused(refusal)));
    }
    assert_eq!(Conflict(20_852_163).body(), "20852163\n");
    let (witness, cosign) = pair("witness.example/w1", Algorithm::Cosignature, 2);
    let line = NoteSignature::cosign(&witness, head(7).1.note().text(), 1000, cosign).unwrap();
    let cosigned = |count: usize| WitnessAnswer::parse(200, "text/plain", format!("{line}\n").repeat(count).as_bytes());
    assert_eq!(cosigned(2), Ok(WitnessAnswer::Cosigned(vec![line.clone(), line.clone()])));
    assert!(cosigned(MAX_SIGNATURES).is_ok());
    assert!(cosigned(0).is_err() && cosigned(MAX_SIGNATURES + 1).is_err());

    let no_size = ["", "3", "03\n", "-3\n", "3\n\n", "3 \n", "x\n", "4611686018427387905\n", "18446744073709551616\n"];
    for body in no_size {
        assert!(WitnessAnswer::parse(409, SIZE_TYPE, body.as_bytes()).is_err(), "{body:?}");
    }
    assert!(WitnessAnswer::parse(409, "text/plain", b"3\n").is_err());
    for (status, body) in
        [(200, line.to_string()), (200, format!("{line}\n\n")), (200, "x\n".into()), (201, format!("{line}\n"))]
    {
        assert!(WitnessAnswer::parse(status, SIZE_TYPE, body.as_bytes()).is_err(), "{status} {body:?}");
    }
    assert!(WitnessAnswer::parse(200, "", &vec![b'x'; MAX_NOTE + 1]).is_err());
    assert!(WitnessAnswer::parse(200, "", b"\xff\n").is_err());
    for status in [0, 100, 204, 301, 401, 429, 500, 503] {
        assert!(WitnessAnswer::parse(status, SIZE_TYPE, b"").is_err(), "{status}");
    }
}
