//! `heteronym audit mine`: whether everything that stands in a person's name is what that person knows of.
//!
//! All the person's marks are worked out from their secret: of their own, and of each place that they could have in any sector of
//! the registry, also where they never were. The logs are read whole, and searched here: the service does not learn which of
//! its leaves somebody asked for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
};

use data_encoding::BASE64URL_NOPAD;
use rand::CryptoRng;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    args::MineArgs,
    audit::{Brought, Plan, blocking, bring},
    error::AuditError,
    finding::{At, Check, Findings},
    heads::Trust,
    judge::{Judge, read_registry},
    mirror::Mirror,
    replay::{Tree, institutions::Institutions},
    source::is_year,
    sync::head,
    verdict::{Verdict, counted},
};
use crate::wire::tlog::{
    Bundle, SignedCheckpoint, TILE_WIDTH,
    leaf::{
        Hour, Issuance, IssuanceLeaf, Leaf, NymAct, OwnerTag, PublicKey, REGISTRY, Registry, RegistryLeaf, SlotTag,
    },
    owner::LogSecret,
    slot::{SlotKey, SlotProof},
};

/// What a person's page of the service hands out (`specs/log.md` §10).
#[derive(Deserialize)]
struct File {
    format: String,
    version: u32,
    hour: String,
    person: String,
    secret: String,
    leaves: u64,
    pseudonyms: Vec<Pseudonym>,
}

#[derive(Deserialize)]
struct Pseudonym {
    sector: String,
    slot: u32,
    generation: u32,
    leaves: u64,
    slot_tag: SlotTag,
    slot_proof: String,
}

/// A person who looks for themselves.
struct Person {
    id: [u8; 16],
    secret: LogSecret,
    /// Of what is later the file knows nothing.
    hour: Hour,
    leaves: u64,
    pseudonyms: Vec<Pseudonym>,
}

/// Whatever has an owner key: the person, or a place that they could have.
struct Place {
    /// In words.
    name: String,
    /// How many leaves the file says; `None` where it says nothing of this place.
    listed: Option<u64>,
}

/// A leaf in the person's name.
struct Found {
    place: usize,
    number: u64,
    log: String,
    index: u64,
    leaf: IssuanceLeaf,
}

pub(super) async fn run(args: &MineArgs, now: i64, rng: &mut impl CryptoRng) -> Result<Verdict, AuditError> {
    let person = Person::read(args)?;
    let Brought { target, issuer, mirror, findings } = bring(&args.place, now, rng).await?;
    let trust = Trust { log_keys: args.place.log_key.clone(), ..Trust::default() };
    let plan = Plan { target, issuer, trust, areas: None, keeps: false, now };
    blocking(move || {
        let verdict = Judge::new(&mirror, &plan, findings).verdict()?;
        person.look(&mirror, now, verdict)
    })
    .await
}

impl Person {
    fn read(args: &MineArgs) -> Result<Self, AuditError> {
        let wrong = |what: &str| AuditError::Arguments(format!("{}: {what}", args.file.display()));
        let text = fs::read_to_string(&args.file).map_err(|error| wrong(&error.to_string()))?;
        let text = Zeroizing::new(text);
        // What serde says of the text may quote it.
        let file: File =
            serde_json::from_str(&text).map_err(|_| wrong("is not the file that the service hands out"))?;
        let File { format, version, hour, person, secret, leaves, pseudonyms } = file;
        let secret = Zeroizing::new(secret);
        if format != FORMAT || version != 1 {
            return Err(wrong("is of another format, or of a later version of it"));
        }
        let secret = Zeroizing::new(bytes(&secret).ok_or_else(|| wrong("its secret is not 32 bytes"))?);
        Ok(Self {
            id: bytes(&person).ok_or_else(|| wrong("its person is not 16 bytes"))?,
            secret: LogSecret::from_bytes(secret),
            hour: hour.parse().map_err(|_| wrong("its hour is none"))?,
            leaves,
            pseudonyms,
        })
    }

    /// Adds to the verdict on the logs what they have in this person's name.
    fn look(&self, mirror: &Mirror, now: i64, mut verdict: Verdict) -> Result<Verdict, AuditError> {
        let institutions = read_registry(mirror, now, &mut Findings::default())?;
        let institutions = institutions.ok_or(AuditError::Nothing("there is no registry/checkpoint".to_owned()))?;
        let (places, wanted) = self.places(&institutions);
        let found = search(mirror, &wanted)?;
        let there: BTreeSet<String> = mirror.directories()?.into_iter().collect();
        let absent: Vec<_> = institutions.logs().into_keys().filter(|log| !there.contains(log.as_str())).collect();
        let mut findings = Findings::default();
        self.compare(&places, &found, absent.is_empty(), &mut findings);
        self.slots(slot_key(mirror)?, &found, absent.is_empty(), &mut findings);
        for log in absent {
            verdict.not_checked.push(format!("log {log}, which is not there: leaves in your name may stand in it"));
        }
        let looked = counted(places.len() as u64, "place", "places");
        let sum = counted(found.len() as u64, "leaf", "leaves");
        verdict.checked.push(format!("{sum} in your name, looked for under your key and in {looked}:"));
        verdict.checked.extend(found.iter().map(|found| found.in_words(&places)));
        verdict.add(&findings);
        Ok(verdict)
    }

    /// The person, and every place that they could have, with the tags of each.
    fn places(&self, institutions: &Institutions) -> (Vec<Place>, HashMap<OwnerTag, (usize, u64)>) {
        let own = Place { name: "yourself".to_owned(), listed: Some(self.leaves) };
        let mut keys = vec![(own, self.secret.person())];
        let mut sectors: BTreeMap<&str, u32> =
            institutions.voices.iter().map(|(sector, voices)| (sector.as_str(), *voices)).collect();
        for own in &self.pseudonyms {
            let voices = sectors.entry(own.sector.as_str()).or_default();
            *voices = own.slot.saturating_add(1).max(*voices);
        }
        for (sector, voices) in sectors {
            for slot in 0..voices {
                let here = || self.pseudonyms.iter().filter(move |own| own.sector == sector && own.slot == slot);
                let last = here().map(|own| own.generation.saturating_add(1)).max().unwrap_or_default();
                for generation in 0..=last {
                    let listed = here().find(|own| own.generation == generation).map(|own| own.leaves);
                    let name = format!("{sector}, place {slot}, generation {generation}");
                    keys.push((Place { name, listed }, self.secret.pseudonym(sector, slot, generation)));
                }
            }
        }
        let mut wanted = HashMap::new();
        for (place, (of, key)) in keys.iter().enumerate() {
            let last = of.listed.unwrap_or_default().saturating_add(BEYOND);
            wanted.extend((0..last).map(|number| (key.tag(number), (place, number))));
        }
        (keys.into_iter().map(|(place, _)| place).collect(), wanted)
    }

    /// Every leaf that is counted is there, and none that is not.
    fn compare(&self, places: &[Place], found: &[Found], is_whole: bool, findings: &mut Findings) {
        for leaf in found {
            let Some(place) = places.get(leaf.place) else { continue };
            if leaf.number < place.listed.unwrap_or_default() {
                continue;
            }
            let (check, expected) = match place.listed {
                Some(listed) => (Check::MineUnknown, format!("{listed} in the name of {}", place.name)),
                None => (Check::MineUnlisted, format!("nothing in your name at {}", place.name)),
            };
            let said = format!("a leaf `{}` of {}, number {}", leaf.leaf.kind(), leaf.leaf.hour, leaf.number);
            self.report(check, leaf, expected, said, findings);
        }
        let numbers: BTreeSet<_> = found.iter().map(|leaf| (leaf.place, leaf.number)).collect();
        for (at, place) in places.iter().enumerate() {
            for number in (0..place.listed.unwrap_or_default()).filter(|number| !numbers.contains(&(at, *number))) {
                let expected = format!("number {number} in the name of {}", place.name);
                if is_whole {
                    findings.fault(Check::MineMissing, At::NOWHERE, expected, "nothing: it was taken away");
                } else {
                    findings.remark(Check::MineMissing, At::NOWHERE, expected, "nothing in the logs that are there");
                }
            }
        }
    }

    /// The tags of the places are those of this person, and only they are taken in the person's name.
    fn slots(&self, key: Option<SlotKey>, found: &[Found], is_whole: bool, findings: &mut Findings) {
        let mut own = BTreeSet::new();
        for pseudonym in &self.pseudonyms {
            let proof = bytes(&pseudonym.slot_proof).map(SlotProof::from_bytes);
            let tag = key
                .zip(proof)
                .and_then(|(key, proof)| key.verify(&self.id, &pseudonym.sector, pseudonym.slot, &proof).ok());
            if tag != Some(pseudonym.slot_tag) {
                let expected = format!("a proof of the slot tag of place {} at {}", pseudonym.slot, pseudonym.sector);
                findings.fault(Check::MineSlot, At::NOWHERE, expected, "one that does not hold");
            }
            own.insert(pseudonym.slot_tag);
        }
        let mut taken = BTreeSet::new();
        for leaf in found {
            let Issuance::Nym(nym) = &leaf.leaf.facts else { continue };
            if nym.act == NymAct::Create {
                taken.insert(nym.slot);
            }
            if !own.contains(&nym.slot) {
                let expected = "a slot tag of a place that the file lists".to_owned();
                self.report(Check::MineSlot, leaf, expected, format!("another, {}", nym.slot), findings);
            }
        }
        for pseudonym in self.pseudonyms.iter().filter(|own| is_whole && !taken.contains(&own.slot_tag)) {
            let expected = format!("a leaf with which you took place {} at {}", pseudonym.slot, pseudonym.sector);
            findings.fault(Check::MineSlot, At::NOWHERE, expected, "none in your name");
        }
    }

    /// What was done after the file was made is for the person to judge.
    fn report(&self, check: Check, leaf: &Found, expected: String, said: String, findings: &mut Findings) {
        let at = At::leaf(&leaf.log, leaf.index);
        if leaf.leaf.hour < self.hour {
            findings.fault(check, at, expected, said);
        } else {
            findings.remark(check, at, expected, format!("{said}: made after the file, if it was not you, report it"));
        }
    }
}

impl Found {
    fn in_words(&self, places: &[Place]) -> String {
        let name = places.get(self.place).map(|place| place.name.as_str()).unwrap_or_default();
        let kind = self.leaf.kind();
        format!(
            "{}: `{kind}` for {name}, number {}, log {}, leaf {}",
            self.leaf.hour, self.number, self.log, self.index
        )
    }
}

/// Reads all issuance logs of a mirror for these tags.
fn search(mirror: &Mirror, wanted: &HashMap<OwnerTag, (usize, u64)>) -> Result<Vec<Found>, AuditError> {
    let mut all = Vec::new();
    for log in mirror.directories()?.into_iter().filter(|name| is_year(name)) {
        let Some(signed) = head(mirror, &log)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()) else { continue };
        let tree = Tree { mirror, log: &log, size: signed.checkpoint().size() };
        let bundles = 0..tree.size.div_ceil(TILE_WIDTH.into());
        for bundle in bundles.filter_map(|index| Bundle::in_tree(index, tree.size)) {
            let found = tree.entries(bundle, |entries| {
                let found = (bundle.first()..).zip(entries).filter_map(|(index, entry)| {
                    let leaf: IssuanceLeaf = Leaf::parse(entry).ok()?;
                    let (place, number) = *wanted.get(&leaf.facts.owner())?;
                    Some(Found { place, number, log: log.clone(), index, leaf })
                });
                found.collect::<Vec<_>>()
            })?;
            // A bundle that cannot be read is a fault of the log, which the audit has found.
            all.extend(found.unwrap_or_default());
        }
    }
    Ok(all)
}

/// As the first leaf of the registry names it.
fn slot_key(mirror: &Mirror) -> Result<Option<SlotKey>, AuditError> {
    let Some(signed) = head(mirror, REGISTRY)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()) else {
        return Ok(None);
    };
    let tree = Tree { mirror, log: REGISTRY, size: signed.checkpoint().size() };
    let Some(bundle) = Bundle::in_tree(0, tree.size) else { return Ok(None) };
    let first = tree.entries(bundle, |entries| entries.first().and_then(|entry| RegistryLeaf::parse(entry).ok()))?;
    Ok(match first.ok().flatten().map(|leaf| leaf.facts) {
        Some(Registry::Genesis(genesis)) => match genesis.vrf_key.public() {
            PublicKey::Slot(key) => Some(*key),
            PublicKey::Signature(_) => None,
        },
        _ => None,
    })
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}

const FORMAT: &str = "heteronym-log-secret";
/// So many numbers after the last one that is known are looked for too.
const BEYOND: u64 = 16;
