//! Notes and checkpoints: the examples of the specifications, our own signatures, and what is not a note.

use ed25519_dalek::{Signer, SigningKey};

use super::super::*;

/// The example of C2SP signed-note.
const POEM: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

fn pair(name: &str, algorithm: Algorithm, seed: u8) -> (NoteKey, impl Fn(&[u8]) -> [u8; 64]) {
    let private = SigningKey::from_bytes(&[seed; 32]);
    let key = NoteKey::new(name, algorithm, private.verifying_key().as_bytes()).unwrap();
    (key, move |message: &[u8]| private.sign(message).to_bytes())
}

#[test]
fn the_note_of_the_specification_reads_and_writes_back() {
    let note = Note::parse(POEM.as_bytes()).unwrap();
    assert!(note.text().ends_with("\n\ned è subito sera.\n"));
    assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
    assert_eq!(note.signatures()[0].id(), 0x367b_a04b);
    assert_eq!(note.to_string(), POEM);
}

#[test]
fn a_checkpoint_that_was_signed_and_cosigned_is_believed_by_who_knows_the_keys() {
    let (log, sign) = pair("id.example/log/2026", Algorithm::Ed25519, 1);
    let (witness, cosign) = pair("witness.example/w1", Algorithm::Cosignature, 2);
    let checkpoint = Checkpoint::new(log.name(), 7, Hash::of_leaf(b"7")).unwrap();
    let mut signed = SignedCheckpoint::sign(checkpoint.clone(), &log, sign).unwrap();
    let text = signed.note().text().to_owned();
    signed.push(NoteSignature::cosign(&witness, &text, 1_679_315_147, cosign).unwrap()).unwrap();

    let read = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    assert_eq!(read, signed);
    assert_eq!(read.verify("id.example/log/2026", std::slice::from_ref(&log)), Ok(&checkpoint));
    let cosigners = read.cosigners(std::slice::from_ref(&witness)).unwrap();
    assert_eq!(cosigners, [Verified { key: &witness, time: Some(1_679_315_147) }]);
    assert!(matches!(read.verify("id.example/log/registry", std::slice::from_ref(&log)), Err(NoteError::OtherLog(_))));
    assert_eq!(read.verify("id.example/log/2026", &[witness]), Err(NoteError::Unsigned));
    assert_eq!(read.cosigners(&[log]), Ok(vec![]));
    assert_eq!(read.cosigners(&[]), Ok(vec![]));
}

#[test]
fn a_key_reads_as_it_is_written() {
    let (key, _) = pair("id.example/log/2026", Algorithm::Ed25519, 1);
    assert_eq!(key.to_string().parse(), Ok(key));
}
