//! A log of the tests' own, as a provider keeps one: entries in memory, heads signed, tiles made when they are asked for.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use heteronym::wire::{
    jose,
    tlog::{
        Algorithm, Bundle, Checkpoint, Edge, Hash, NoteKey, NoteSignature, SignedCheckpoint, Tile, TlogProof,
        encode_hashes,
        leaf::{
            Anchor, BracketTable, Genesis, Hour, IssuanceLeaf, Issue, Key, KeyAct, NamedKey, Policy, PublicKey,
            Registry, RegistryLeaf,
        },
        owner::OwnerKey,
        slot::SlotKey,
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

#[derive(Clone)]
pub(super) struct Ledger {
    /// Issuer without scheme.
    pub(super) host: String,
    /// The log in which tokens are entered.
    pub(super) year: String,
    /// Those that sign heads.
    pub(super) keys: Vec<SigningKey>,
    /// Those that the description shows.
    pub(super) shown: Vec<SigningKey>,
    pub(super) logs: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Ledger {
    /// The logs of a provider of which others have signed in before.
    pub(super) fn new(issuer: &str, key: SigningKey, now: i64) -> Self {
        let host = issuer.split_once("://").unwrap().1.to_owned();
        let keys = vec![key];
        let logs = BTreeMap::from([("registry".to_owned(), Vec::new()), (YEAR.to_owned(), Vec::new())]);
        let mut ledger = Self { host, year: YEAR.to_owned(), shown: keys.clone(), keys, logs };
        let genesis = ledger.genesis(issuer);
        ledger.registry(Hour::from_millis(now), genesis);
        for other in 0..5 {
            ledger.other(other, now);
        }
        ledger
    }

    pub(super) fn genesis(&self, issuer: &str) -> Genesis {
        Genesis {
            issuer: issuer.parse().unwrap(),
            origin: self.origin("registry").parse().unwrap(),
            log_keys: vec![named(&self.shown[0])],
            vrf_key: NamedKey::new(PublicKey::Slot(SlotKey::from_bytes(BASEPOINT).unwrap())).unwrap(),
            policy: Policy {
                brackets: BracketTable {
                    version: "standard-1".parse().unwrap(),
                    brackets: vec!["Y30-39".parse().unwrap()],
                },
                settings: BTreeMap::new(),
            },
        }
    }

    /// The token of somebody else.
    pub(super) fn other(&mut self, number: u64, now: i64) {
        let owner = owner_of("somebody else");
        let issue = Issue {
            token: Hash::of_leaf(&number.to_be_bytes()),
            kid: "house".parse().unwrap(),
            brackets: "standard-1".parse().unwrap(),
            owner: owner.tag(number),
            commitment: Hash::of_empty_tree(),
        };
        let leaf = IssuanceLeaf::new(Hour::from_millis(now), issue);
        self.append(&self.year.clone(), leaf.to_bytes().unwrap());
    }

    pub(super) fn registry(&mut self, hour: Hour, facts: impl Into<Registry>) {
        self.append("registry", RegistryLeaf::new(hour, facts).to_bytes().unwrap());
    }

    /// Says in the registry what becomes of a key.
    pub(super) fn tell_key(&mut self, key: &SigningKey, act: KeyAct, hour: Hour) {
        let named = named(key);
        let shown = matches!(act, KeyAct::Announced | KeyAct::Active);
        let leaf = Key {
            role: "log".parse().unwrap(),
            kid: named.kid().clone(),
            algorithm: "EdDSA".parse().unwrap(),
            public: shown.then(|| named.public().clone()),
            act,
            not_before: hour,
            not_after: (act == KeyAct::Retired).then_some(hour),
        };
        self.registry(hour, leaf);
    }

    /// Says in the registry that the present year has ended as it is.
    pub(super) fn end_year(&mut self, hour: Hour) {
        let entries = self.edge(&self.year);
        let anchor =
            Anchor { log: self.year.parse().unwrap(), size: entries.size(), root: entries.root(), is_final: true };
        self.registry(hour, anchor);
    }

    /// Appends an entry and gives its index.
    pub(super) fn append(&mut self, log: &str, entry: Vec<u8>) -> u64 {
        let entries = self.logs.entry(log.to_owned()).or_default();
        entries.push(entry);
        entries.len() as u64 - 1
    }

    pub(super) fn origin(&self, log: &str) -> String {
        format!("{}/log/{log}", self.host)
    }

    /// The present head, signed by every key.
    pub(super) fn head(&self, log: &str) -> SignedCheckpoint {
        let (origin, edge) = (self.origin(log), self.edge(log));
        let name =
            |key: &SigningKey| NoteKey::new(&origin, Algorithm::Ed25519, key.verifying_key().as_bytes()).unwrap();
        let (first, others) = self.keys.split_first().unwrap();
        let head = Checkpoint::new(&origin, edge.size(), edge.root()).unwrap();
        let mut signed = SignedCheckpoint::sign(head, &name(first), |text| first.sign(text).to_bytes()).unwrap();
        for key in others {
            let text = signed.note().text().to_owned();
            signed.push(NoteSignature::sign(&name(key), &text, |text| key.sign(text).to_bytes()).unwrap()).unwrap();
        }
        signed
    }

    pub(super) fn proof(&self, log: &str, index: u64) -> TlogProof {
        let entry = self.logs[log][usize::try_from(index).unwrap()].clone();
        let hashes = self.edge(log).inclusion(index).unwrap();
        TlogProof::new(Some(entry), index, hashes, self.head(log)).unwrap()
    }

    /// What stands at a path below `/log/`.
    pub(super) fn serve(&self, path: &str) -> Option<Vec<u8>> {
        let (log, path) = path.split_once('/')?;
        let entries = self.logs.get(log)?;
        if path == "checkpoint" {
            return Some(self.head(log).to_string().into_bytes());
        }
        if let Ok(bundle) = path.parse::<Bundle>() {
            let first = usize::try_from(bundle.first()).unwrap();
            let entries = entries.get(first..first + usize::from(bundle.width()))?;
            return Some(Bundle::encode(entries.iter().map(Vec::as_slice)).unwrap());
        }
        let tile: Tile = path.parse().ok()?;
        Some(encode_hashes(&self.edge(log).tile(tile)?))
    }

    /// The member `tlog` of the description.
    pub(super) fn description(&self, issuer: &str) -> Value {
        let keys: Vec<String> = self.shown.iter().map(text).collect();
        json!({"registry": format!("{issuer}/log/registry"), "issuance": format!("{issuer}/log/{}", self.year), "keys": keys})
    }

    fn edge(&self, log: &str) -> Edge {
        let mut edge = Edge::new();
        for entry in &self.logs[log] {
            edge.push(Hash::of_leaf(entry)).unwrap();
        }
        edge
    }
}

/// The leaf of a token. A kid that no leaf can name is left to the checks before the log's.
pub(super) fn leaf_of(token: &str, kid: &str, seconds: i64, owner: &OwnerKey, number: u64) -> IssuanceLeaf {
    let issue = Issue {
        token: Hash::from_bytes(Sha256::digest(token.as_bytes()).into()),
        kid: kid.parse().unwrap_or_else(|_| "house".parse().unwrap()),
        brackets: "standard-1".parse().unwrap(),
        owner: owner.tag(number),
        commitment: Hash::of_empty_tree(),
    };
    IssuanceLeaf::new(Hour::from_millis(seconds * 1_000), issue)
}

pub(super) fn owner_of(name: &str) -> OwnerKey {
    OwnerKey::from_bytes(Zeroizing::new(Sha256::digest(name.as_bytes()).into()))
}

/// A key as settings and the description write it.
pub(super) fn text(key: &SigningKey) -> String {
    BASE64.encode(key.verifying_key().as_bytes())
}

fn named(key: &SigningKey) -> NamedKey {
    let public = jose::PublicKey::ed25519(key.verifying_key().as_bytes()).unwrap();
    NamedKey::new(PublicKey::Signature(public)).unwrap()
}

pub(super) const YEAR: &str = "2026";
/// The generator of ristretto255 (RFC 9496 appendix A.1), which is a public key like any other.
const BASEPOINT: [u8; 32] = [
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b,
    0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
];
