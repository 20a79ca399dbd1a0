//! Looks for many texts in many megabytes at once, eight bytes at a time.

use std::collections::{BTreeSet, HashMap, HashSet};

/// As short as a text can be that may join two databases.
const WINDOW: usize = 8;

/// Runs of eight bytes, with a sieve in front: the set itself is asked only where one may be.
pub(super) struct Windows {
    sieve: Vec<bool>,
    set: HashSet<u64>,
}

impl Windows {
    /// Every run of eight bytes in any of these.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut windows = Self { sieve: vec![false; 1 << SIEVE_BITS], set: HashSet::new() };
        for text in texts {
            each_window(text, |_, window| {
                windows.sieve[place(window)] = true;
                windows.set.insert(window);
            });
        }
        windows
    }

    /// Where in the bytes one of them begins.
    fn found_in(&self, bytes: &[u8], mut found: impl FnMut(usize, u64)) {
        each_window(bytes, |at, window| {
            if self.sieve[place(window)] && self.set.contains(&window) {
                found(at, window);
            }
        });
    }

    /// Those that stand in the bytes too.
    pub(super) fn shared_with(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut shared = HashSet::new();
        self.found_in(bytes, |_, window| {
            shared.insert(window);
        });
        shared.into_iter().map(|window| String::from_utf8_lossy(&window.to_le_bytes()).into_owned()).collect()
    }

    pub(super) fn shared_by(&self, other: &Self) -> BTreeSet<String> {
        let shared = self.set.intersection(&other.set);
        shared.map(|window| String::from_utf8_lossy(&window.to_le_bytes()).into_owned()).collect()
    }
}

/// Texts that must not be found.
pub(super) struct Needles {
    starts: Windows,
    texts: HashMap<u64, Vec<String>>,
}

impl Needles {
    pub(super) fn new(texts: impl Iterator<Item = String>) -> Self {
        let mut needles: HashMap<u64, Vec<String>> = HashMap::new();
        let mut starts = Vec::new();
        for text in texts {
            assert!(text.len() >= WINDOW, "{text} is too short to be looked for");
            let text = text.to_ascii_lowercase();
            let start: [u8; WINDOW] = text.as_bytes()[..WINDOW].try_into().unwrap();
            starts.push(start);
            needles.entry(u64::from_le_bytes(start)).or_default().push(text);
        }
        Self { starts: Windows::of(starts.iter().map(<[u8; WINDOW]>::as_slice)), texts: needles }
    }

    /// Those that stand in the bytes, in capitals or not.
    pub(super) fn within(&self, bytes: &[u8]) -> Vec<String> {
        let bytes = bytes.to_ascii_lowercase();
        let mut found = BTreeSet::new();
        self.starts.found_in(&bytes, |at, window| {
            let here = self.texts[&window].iter().filter(|text| bytes[at..].starts_with(text.as_bytes()));
            found.extend(here.cloned());
        });
        found.into_iter().collect()
    }
}

fn each_window(bytes: &[u8], mut see: impl FnMut(usize, u64)) {
    let mut window = 0_u64;
    for (at, byte) in bytes.iter().enumerate() {
        window = (window >> 8) | (u64::from(*byte) << 56);
        if at + 1 >= WINDOW {
            see(at + 1 - WINDOW, window);
        }
    }
}

/// Multiplied by a large odd number, the high bits depend on all others.
fn place(window: u64) -> usize {
    usize::try_from(window.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SIEVE_BITS)).unwrap()
}

const SIEVE_BITS: u32 = 22;

#[test]
fn a_text_is_found_at_either_end_and_in_any_case() {
    let needles = Needles::new(["Genêt en fleur", "Bruyère"].into_iter().map(str::to_owned));
    assert_eq!(needles.within("xx BRUYèRE".as_bytes()), ["bruyère"]);
    assert_eq!(needles.within("Genêt en fleur, genêt en fleu".as_bytes()), ["genêt en fleur"]);
    assert!(needles.within(b"").is_empty() && needles.within("Genêt en ".as_bytes()).is_empty());
    let windows = Windows::of([b"0123456789".as_slice()].into_iter());
    assert_eq!(windows.shared_with(b"__23456789"), BTreeSet::from(["23456789".to_owned()]));
    assert!(windows.shared_with(b"0123456").is_empty());
}
