//! After an enrolment the process's own memory does not hold the name, the birth date or the document number.
//!
//! A child process enrols one person and then reads all its writable memory, stacks included. What is looked for is kept
//! masked, so that the search does not find itself.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use heteronym::{
    custodian::ceremony::in_process,
    domain::{
        age::{LeapDay, LegalCalendar},
        ambient::Timestamp,
        ids::PersonId,
        quality::Sex,
    },
    keyring::{Keyring, Purpose},
    vault::{DocumentKind, Entry, Identity},
    wire::jose::Algorithm,
};
use rand::{SeedableRng, rngs::StdRng};
use zeroize::Zeroizing;

use crate::harness::passes_alone;

/// A text that stands nowhere in clear until it is shown.
struct Masked(&'static [u8]);

impl Masked {
    /// The text, in a buffer that is wiped.
    fn show(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len()));
        self.0.iter().for_each(|byte| text.push(char::from(byte ^ MASK)));
        text
    }

    /// Whether the bytes hold the end of the text, in capitals or not.
    fn is_in(&self, bytes: &[u8]) -> bool {
        let fold = |byte: u8| if (byte ^ MASK).is_ascii_alphabetic() { byte | 0x20 } else { byte };
        let wanted: Vec<u8> = self.0.iter().map(|byte| fold(*byte)).collect();
        let wanted = &wanted[wanted.len().saturating_sub(TAIL)..];
        let first = wanted[0];
        (0..bytes.len().saturating_sub(wanted.len() - 1)).any(|at| {
            fold(bytes[at] ^ MASK) == first
                && bytes[at..].iter().zip(wanted).all(|(byte, wanted)| fold(*byte ^ MASK) == *wanted)
        })
    }

    /// The writable mappings of this process that hold the text.
    fn found(&self) -> Vec<String> {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = File::open("/proc/self/mem").unwrap();
        let mut found = Vec::new();
        for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
            let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
            let mut bytes = Vec::new();
            let read =
                memory.seek(SeekFrom::Start(from)).and_then(|_| (&memory).take(to - from).read_to_end(&mut bytes));
            if read.is_ok() && self.is_in(&bytes) {
                found.push(line.to_owned());
            }
        }
        found
    }
}

#[test]
#[cfg(target_os = "linux")]
fn after_an_enrolment_the_memory_holds_nothing_of_the_person() {
    passes_alone("privacy::memory::one_enrolment_and_a_search_of_the_own_memory");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn one_enrolment_and_a_search_of_the_own_memory() {
    let directory = tempfile::tempdir().unwrap();
    let kept = enrol(directory.path());
    for (what, text) in
        [("family", FAMILY), ("given", GIVEN), ("married", MARRIED), ("date", BIRTH), ("number", NUMBER)]
    {
        assert_eq!(text.found(), Vec::<String>::new(), "{what}");
    }
    assert_eq!(kept.len(), 657);
    // The search does find what is there.
    let control = FAMILY.show();
    assert!(!FAMILY.found().is_empty());
    drop(control);
}

fn enrol(directory: &Path) -> Vec<u8> {
    let now = Timestamp::from_seconds(1_800_000_000);
    let mut rng = StdRng::seed_from_u64(1);
    let calendar = LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap();
    let keys =
        Keyring::create(&directory.join("keys"), Purpose::Demo, &[Algorithm::EdDSA], None, &mut rng, now).unwrap();
    let (custodians, _) = in_process(2, 3, &mut rng).unwrap();
    let (family, given, married, date, number) =
        (FAMILY.show(), GIVEN.show(), MARRIED.show(), BIRTH.show(), NUMBER.show());
    let mut all_given = Zeroizing::new(String::with_capacity(128));
    all_given.push_str("Arnaud, ");
    all_given.push_str(&given);
    let entry = Entry {
        family_name: &family,
        given_names: &all_given,
        married_name: Some(&married),
        birth_date: &date,
        sex: Sex::Male,
        document_kind: DocumentKind::Passport,
        document_number: &number,
    };
    let identity = Identity::new(&entry, &calendar, now).unwrap();
    let tags = identity.tags(&keys.vault()).unwrap();
    let facts = identity.birth_facts(&calendar, now).unwrap();
    assert_eq!((facts.year(), identity.partial_name().as_str()), (1931, "Arnaud Q."));
    assert!(!tags.same.is_empty());
    identity.seal(&custodians, PersonId::from_bytes([7; 16]), &mut rng).unwrap().as_bytes().to_vec()
}

/// How much of a text is looked for: its end, since an allocator writes over the first 16 bytes of what is freed.
const TAIL: usize = 12;
const MASK: u8 = 0x5a;
const FAMILY: Masked = Masked(&[
    0x0b, 0x2f, 0x33, 0x22, 0x37, 0x3b, 0x28, 0x2c, 0x3f, 0x36, 0x35, 0x2e, 0x20, 0x77, 0x18, 0x28, 0x3f, 0x34, 0x3e,
    0x3f, 0x36, 0x32, 0x3b, 0x2f, 0x2a, 0x2e, 0x3d, 0x28, 0x3b, 0x20, 0x7a, 0x15, 0x29, 0x2e, 0x28, 0x35, 0x2d, 0x33,
    0x34, 0x31, 0x3f, 0x36, 0x37, 0x3b, 0x28,
]);
const GIVEN: Masked = Masked(&[
    0x00, 0x3f, 0x2a, 0x32, 0x23, 0x28, 0x33, 0x34, 0x35, 0x22, 0x3b, 0x36, 0x7a, 0x0e, 0x32, 0x3f, 0x35, 0x38, 0x3b,
    0x36, 0x3e, 0x2f, 0x29, 0x2c, 0x3f, 0x34, 0x34, 0x7a, 0x16, 0x2f, 0x3e, 0x3d, 0x3f, 0x28, 0x33, 0x2f, 0x29, 0x31,
    0x2d, 0x3b, 0x29, 0x2e,
]);
const MARRIED: Masked = Masked(&[
    0x18, 0x28, 0x2f, 0x34, 0x29, 0x2d, 0x3b, 0x36, 0x3e, 0x33, 0x31, 0x3f, 0x7a, 0x12, 0x30, 0x3f, 0x36, 0x37, 0x3b,
    0x28, 0x29, 0x2e, 0x28, 0x35, 0x34, 0x3e, 0x3c, 0x30, 0x3f, 0x36, 0x36, 0x7a, 0x0c, 0x33, 0x31, 0x2c, 0x3b, 0x34,
    0x3d, 0x29, 0x3f, 0x2e, 0x28, 0x3f,
]);
const BIRTH: Masked = Masked(&[0x6b, 0x63, 0x69, 0x6b, 0x77, 0x6b, 0x6b, 0x77, 0x6b, 0x6d]);
const NUMBER: Masked = Masked(&[
    0x02, 0x6d, 0x11, 0x63, 0x69, 0x0b, 0x6e, 0x6b, 0x0a, 0x00, 0x62, 0x62, 0x0d, 0x68, 0x03, 0x0c, 0x6c, 0x6f, 0x0e,
    0x14, 0x69, 0x6b, 0x08, 0x18, 0x6a, 0x6d, 0x17, 0x10, 0x6e, 0x1e, 0x63, 0x19,
]);
