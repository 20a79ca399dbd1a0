//! The parsers of the logs over random and mutated inputs: the functions of `fuzz/`, a bounded number of times on each run.

use std::{fs, path::Path};

use heteronym::wire::tlog::{Bundle, sample::Openings};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

#[expect(unreachable_pub, reason = "the functions are public in the crate of the fuzz targets, where this file lives")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Mutations of each seed, and random inputs, that a target gets.
const CASES: usize = 1500;

#[test]
fn no_input_makes_a_parser_of_the_logs_panic_or_read_what_it_would_not_write() {
    let mut rng = StdRng::seed_from_u64(6962);
    let seeds = seeds();
    assert!(seeds.iter().any(|seed| Openings::parse(seed).is_ok()), "the targets see what is read");
    for (_, target) in targets::TARGETS {
        for seed in &seeds {
            target(seed);
            (0..CASES / 10).for_each(|_| target(&mutated(seed, &seeds, &mut rng)));
        }
        for _ in 0..CASES {
            let bytes: Vec<u8> = (0..rng.random_range(0..200)).map(|_| rng.random()).collect();
            target(&bytes);
        }
    }
}

#[test]
fn each_parser_of_the_logs_has_its_fuzz_target() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest: toml::Table = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap().parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap());
    let names: Vec<_> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(bins.collect::<Vec<_>>(), names);
    let mut files: Vec<_> = fs::read_dir(fuzz.join("fuzz_targets")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect::<Vec<_>>(), names);
    for (file, name) in files.iter().zip(names) {
        assert!(fs::read_to_string(file).unwrap().contains(&format!("heteronym_fuzz::{name}(bytes)")), "{name}");
    }
}

/// One valid input of each kind, and some that are nearly so.
fn seeds() -> Vec<Vec<u8>> {
    let notes: Value = serde_json::from_str(include_str!("../vectors/tlog/notes.json")).unwrap();
    let notes: Vec<_> = notes.as_object().unwrap().values().map(|note| note["note"].as_str().unwrap()).collect();
    let cosigned = notes.iter().find(|note| note.contains("witness.example")).unwrap();
    let (text, lines) = cosigned.split_once("\n\n").unwrap();
    let hash = text.lines().nth(2).unwrap();
    let proofs = [
        format!("c2sp.org/tlog-proof@v1\nextra ZW50cnk=\nindex 4\n{hash}\n{hash}\n\n{cosigned}"),
        format!("old 3\n{hash}\n{hash}\n\n{cosigned}"),
        format!("old 0\n\n{cosigned}"),
    ];
    let parts = [text, lines, lines.lines().next().unwrap(), "20852163\n", targets::LOG_KEY, targets::WITNESS_KEY];
    let leaves: Value = serde_json::from_str(include_str!("../vectors/log.json")).unwrap();
    let commitment = &leaves["commitments"];
    let openings = format!(
        r#"{{"v":1,"audit":"UFFSU1RVVldYWVpbXF1eXw","drawn":[{{"index":3,"opened":{{"fields":{},"enrolment":{{"log":"2026","index":1,"fields":{}}}}}}},{{"index":4,"opened":null}}]}}"#,
        commitment[2]["openings"], commitment[0]["openings"],
    );
    let leaves = leaves["leaves"].as_array().unwrap().iter().step_by(5);
    let leaves: Vec<_> = leaves.map(|leaf| leaf["text"].as_str().unwrap().to_owned()).chain([openings]).collect();
    let paths = ["tile/0/x001/x234/067", "tile/7/000.p/64", "tile/entries/x999/000.p/255"];
    let bundle = Bundle::encode([b"one".as_slice(), b"", b"three"]).unwrap();
    let proof = [5_u64.to_be_bytes().as_slice(), &9_u64.to_be_bytes(), &[7; 32 * 4]].concat();
    let texts = notes.into_iter().chain(parts).chain(paths).chain(proofs.iter().chain(&leaves).map(String::as_str));
    texts.map(|text| text.as_bytes().to_vec()).chain([[[2].as_slice(), &bundle].concat(), proof]).collect()
}

/// A seed with a few bytes changed, left out, doubled, or put in from another seed.
fn mutated(seed: &[u8], seeds: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..5) {
        let (from, to) = (rng.random_range(0..=bytes.len()), rng.random_range(0..=bytes.len()));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
        match rng.random_range(0..5) {
            0 => drop(bytes.drain(from..to)),
            1 => drop(bytes.splice(from..from, bytes[from..to].to_vec())),
            2 => {
                let other = &seeds[rng.random_range(0..seeds.len())];
                let at = rng.random_range(0..other.len());
                drop(bytes.splice(from..to, other[at..other.len().min(at + 60)].iter().copied()));
            }
            3 => bytes.insert(from, b"\n 0+-./x\xff\0"[rng.random_range(0..10)]),
            _ if from < bytes.len() => bytes[from] ^= 1 << rng.random_range(0..8),
            _ => bytes.truncate(from),
        }
    }
    bytes
}
