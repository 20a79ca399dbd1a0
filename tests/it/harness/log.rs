//! Synthetic logs: a registry and an issuance log that follow every rule, until a test plants something in them.
//!
//! Made from wire types alone, with keys of its own: what checks logs is held against logs that the service has not written.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64;
use ed25519_dalek::Signer as _;
use heteronym::wire::{
    jose::{self, Algorithm, Signer, SigningKey, Typ},
    tlog::{
        Algorithm as NoteAlgorithm, Bundle, Checkpoint, Edge, Hash, NoteKey, NoteSignature, SignedCheckpoint,
        TILE_WIDTH, Tile,
        commitment::{Commitment, Fields, field_names},
        encode_hashes,
        leaf::{
            Anchor, BracketTable, Client, ClientAct, Counts, Enrol, Facts, Genesis, Hour, Issuance, Issue, Key, KeyAct,
            Leaf, NamedKey, Nym, NymAct, OwnerTag, Policy, PublicKey, Registrar, RegistrarAct, RegistrarId,
            RegistrarKey, Registry, Revoke, Signature, SlotTag, Stats,
        },
        owner::{LogSecret, OwnerKey},
        sample::{Enrolment, Opened},
        slot::SlotKey,
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The service whose logs these are.
pub(crate) const LOG_ISSUER: &str = "https://id.example";

/// The entries of one log.
#[derive(Clone, Default)]
pub(crate) struct Entries {
    pub(crate) name: String,
    pub(crate) entries: Vec<Vec<u8>>,
}

/// A town with its two logs. Leaves are of [`LogTown::hour`], which a test moves on.
pub(crate) struct LogTown {
    pub(crate) issuer: String,
    pub(crate) hour: i64,
    pub(crate) registry: Entries,
    pub(crate) issuance: Entries,
    pub(crate) log_key: ed25519_dalek::SigningKey,
    pub(crate) token_key: Signer,
    pub(crate) office: Office,
    pub(crate) pseudonym: OwnerKey,
    /// How many tags and commitments have been used.
    used: u64,
    issued: u64,
    /// Of everybody: from it come the salts.
    secret: LogSecret,
    /// What enrolments and tokens are bound to, by owner tag.
    committed: HashMap<OwnerTag, Commitment>,
    /// Who was enrolled last, and has the next token.
    latest: OwnerTag,
}

/// A registrar's office with its signing key.
pub(crate) struct Office {
    pub(crate) id: RegistrarId,
    key: EcdsaKeyPair,
}

/// Where people live.
pub(crate) const HOME: &str = "cog:38563";

/// A second log key, a witness, and the like.
pub(crate) fn ed25519(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

impl Entries {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), entries: Vec::new() }
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn edge(&self) -> Edge {
        let mut edge = Edge::new();
        for entry in &self.entries {
            edge.push(Hash::of_leaf(entry)).unwrap();
        }
        edge
    }

    /// Entries, tiles and head as a static site.
    pub(crate) fn write(&self, directory: &Path, head: &SignedCheckpoint) {
        let put = |path: &str, bytes: &[u8]| {
            let path = directory.join(&self.name).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let edge = self.edge();
        for tile in Tile::added(0, edge.size()) {
            put(&tile.to_string(), &encode_hashes(&edge.tile(tile).unwrap()));
        }
        for (index, entries) in self.entries.chunks(TILE_WIDTH.into()).enumerate() {
            let bundle = Bundle::new(index as u64, u16::try_from(entries.len()).unwrap()).unwrap();
            put(&bundle.to_string(), &Bundle::encode(entries.iter().map(Vec::as_slice)).unwrap());
        }
        put("checkpoint", head.to_string().as_bytes());
    }
}

impl Office {
    pub(crate) fn new(number: u8) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id: RegistrarId::from_bytes([number; 16]), key }
    }

    pub(crate) fn key(&self) -> RegistrarKey {
        RegistrarKey::new(self.key.public_key().as_ref()).unwrap()
    }

    /// As it stands in the registry.
    pub(crate) fn says(&self, act: RegistrarAct, population: u64) -> Registrar {
        Registrar {
            id: self.id,
            name: "Mairie de Voiron".parse().unwrap(),
            area: "cog:38563".parse().unwrap(),
            population,
            act,
            keys: if act == RegistrarAct::Withdrawn { Vec::new() } else { vec![self.key()] },
        }
    }

    pub(crate) fn signs(&self, hour: Hour, mut enrol: Enrol) -> Enrol {
        enrol.registrar = self.id;
        enrol.key = self.key().id();
        let signature = self.key.sign(&SystemRandom::new(), &enrol.message(hour)).unwrap();
        enrol.signature = Signature::from_bytes(signature.as_ref().try_into().unwrap());
        enrol
    }
}

impl LogTown {
    /// With its institutions: keys, an office, a forum, and nobody enrolled.
    pub(crate) fn new() -> Self {
        Self::of(LOG_ISSUER)
    }

    pub(crate) fn of(issuer: &str) -> Self {
        let token_key = SigningKey::from_bytes(Algorithm::EdDSA, &[2; 32]).unwrap();
        let mut town = Self {
            issuer: issuer.to_owned(),
            hour: "2026-11-30T08Z".parse::<Hour>().unwrap().count().into(),
            registry: Entries::new("registry"),
            issuance: Entries::new("2026"),
            log_key: ed25519(1),
            token_key: Signer::new(token_key).unwrap(),
            office: Office::new(3),
            pseudonym: OwnerKey::from_bytes(Zeroizing::new([5; 32])),
            used: 0,
            issued: 0,
            secret: LogSecret::from_bytes(Zeroizing::new([6; 32])),
            committed: HashMap::new(),
            latest: OwnerTag::from_bytes([0; 16]),
        };
        town.institutions();
        town
    }

    /// The same at another hour: a registry that was emptied is founded anew.
    pub(crate) fn founded(mut self) -> Self {
        self.institutions();
        self
    }

    fn institutions(&mut self) {
        let genesis = Genesis {
            issuer: self.issuer.parse().unwrap(),
            origin: self.origin("registry").parse().unwrap(),
            log_keys: vec![NamedKey::new(log_public(&self.log_key)).unwrap()],
            vrf_key: NamedKey::new(PublicKey::Slot(SlotKey::from_bytes(RISTRETTO_BASE).unwrap())).unwrap(),
            policy: policy("standard-1", &["Y_LT18", "Y18-39", "Y_GE40"]),
        };
        self.register(genesis);
        self.register(self.token_key(KeyAct::Active));
        self.register(self.office.says(RegistrarAct::Accredited, 21_000));
        self.register(Client {
            id: "c_place".parse().unwrap(),
            name: "Place de la Mairie".parse().unwrap(),
            sector: "place.example".parse().unwrap(),
            hosts: vec!["place.example".parse().unwrap()],
            heteronyms_per_person: 1,
            act: ClientAct::Registered,
        });
    }

    pub(crate) fn hour(&self) -> Hour {
        Hour::from_millis(self.millis())
    }

    /// The beginning of the hour, in milliseconds since 1970.
    pub(crate) fn millis(&self) -> i64 {
        self.hour * 3_600_000
    }

    pub(crate) fn origin(&self, log: &str) -> String {
        format!("{}/log/{log}", self.issuer.split_once("://").unwrap().1)
    }

    /// Appends a leaf to the registry.
    pub(crate) fn register(&mut self, facts: impl Into<Registry>) {
        let leaf = Leaf::<Registry>::new(self.hour(), facts);
        self.registry.entries.push(leaf.to_bytes().unwrap());
    }

    /// Appends a leaf to the issuance log.
    pub(crate) fn act(&mut self, facts: impl Into<Issuance>) {
        let leaf = Leaf::<Issuance>::new(self.hour(), facts);
        self.issuance.entries.push(leaf.to_bytes().unwrap());
    }

    /// What the registry says of the key that signs tokens.
    pub(crate) fn token_key(&self, act: KeyAct) -> Key {
        issuer_key(&self.token_key, act, self.hour())
    }

    /// An enrolment that is not signed yet.
    pub(crate) fn draft(&mut self) -> Enrol {
        self.draft_of(1984, HOME)
    }

    /// The same of somebody born in that year who lives there.
    pub(crate) fn draft_of(&mut self, birth_year: i16, area: &str) -> Enrol {
        let (identity, owner) = (self.fresh(), self.tag());
        Enrol {
            registrar: self.office.id,
            level: "counter".parse().unwrap(),
            expires: "2031-11".parse().unwrap(),
            identity,
            owner,
            commitment: self.commit(Fields::Enrol { birth_year: Some(birth_year), area }, owner),
            key: self.office.key().id(),
            signature: Signature::from_bytes([0; 64]),
        }
    }

    /// Somebody is enrolled: the owner tag.
    pub(crate) fn enrol(&mut self) -> OwnerTag {
        self.enrol_of(1984, HOME)
    }

    /// Somebody born in that year who lives there is enrolled.
    pub(crate) fn enrol_of(&mut self, birth_year: i16, area: &str) -> OwnerTag {
        let draft = self.draft_of(birth_year, area);
        self.enrol_by(draft)
    }

    /// The office signs a draft.
    pub(crate) fn enrol_by(&mut self, draft: Enrol) -> OwnerTag {
        let enrol = self.office.signs(self.hour(), draft);
        self.latest = enrol.owner;
        self.act(enrol);
        self.latest
    }

    /// What a leaf is bound to, which can be opened later.
    fn commit(&mut self, fields: Fields<'_>, owner: OwnerTag) -> Hash {
        let commitment = fields.commit(&self.secret, owner).unwrap();
        let root = commitment.root();
        self.committed.insert(owner, commitment);
        root
    }

    /// A token that says this is logged: its index.
    pub(crate) fn issue_of(&mut self, fields: Fields<'_>) -> u64 {
        let token = self.token();
        let (mut issue, _) = self.issue_leaf(&token);
        issue.commitment = self.commit(fields, issue.owner);
        self.act(issue);
        self.issuance.len() - 1
    }

    /// The indices of all tokens.
    pub(crate) fn tokens(&self) -> Vec<u64> {
        let is_token = |index: &u64| matches!(self.leaf(*index), Issuance::Issue(_));
        (0..self.issuance.len()).filter(is_token).collect()
    }

    /// Everything that the token at an index is bound to, and its enrolment.
    pub(crate) fn opened(&self, index: u64) -> Opened {
        let fields = |facts: &Issuance| -> Vec<_> {
            let names = field_names(facts.kind()).unwrap();
            names.iter().map(|name| self.committed[&facts.owner()].open(name).unwrap()).collect()
        };
        let token = fields(&self.leaf(index));
        let enrol: OwnerTag = token[3].value.as_str().parse().unwrap();
        let is_named = |index: &u64| matches!(self.leaf(*index), Issuance::Enrol(leaf) if leaf.owner == enrol);
        let index = (0..self.issuance.len()).find(is_named).unwrap();
        let log = self.issuance.name.parse().unwrap();
        Opened { fields: token, enrolment: Enrolment { log, index, fields: fields(&self.leaf(index)) } }
    }

    fn leaf(&self, index: u64) -> Issuance {
        Leaf::parse(&self.issuance.entries[usize::try_from(index).unwrap()]).unwrap().facts
    }

    /// Somebody takes a place, or gives it up.
    pub(crate) fn nym(&mut self, act: NymAct, place: u64) {
        let nym = Nym { act, slot: slot(place), owner: self.tag(), commitment: self.fresh() };
        self.act(nym);
    }

    /// The leaf of a token, of the pseudonym's next number.
    pub(crate) fn issue_leaf(&mut self, token: &str) -> (Issue, u64) {
        let number = self.issued;
        self.issued += 1;
        let owner = self.pseudonym.tag(number);
        let says = Fields::Issue { bracket: "Y_GE40", birth_year: Some(1984), area: "FR-38", enrol: self.latest };
        let issue = Issue {
            token: Hash::from_bytes(Sha256::digest(token).into()),
            kid: self.token_key.kid().parse().unwrap(),
            brackets: "standard-1".parse().unwrap(),
            owner,
            commitment: self.commit(says, owner),
        };
        (issue, number)
    }

    /// A token is signed and logged.
    pub(crate) fn issue(&mut self) -> String {
        let token = self.token();
        let (issue, _) = self.issue_leaf(&token);
        self.act(issue);
        token
    }

    /// A token that is signed, and not logged.
    pub(crate) fn token(&self) -> String {
        let now = self.millis() / 1000;
        let claims = json!({
            "iss": self.issuer, "aud": "c_place", "sub": format!("s{}", self.issued), "iat": now, "exp": now + 300,
        });
        self.token_key.sign(Typ::Jwt, &claims).unwrap()
    }

    pub(crate) fn revoke(&mut self, enrol: OwnerTag) {
        let revoke = Revoke { enrol, reason: "moved".parse().unwrap(), owner: self.tag(), commitment: self.fresh() };
        self.act(revoke);
    }

    /// The registry anchors the issuance log as it is now.
    pub(crate) fn anchor(&mut self, is_final: bool) {
        let (log, root) = (self.issuance.name.parse().unwrap(), self.issuance.edge().root());
        self.register(Anchor { log, size: self.issuance.len(), root, is_final });
    }

    /// The registry publishes counts of a month.
    pub(crate) fn stats(&mut self, month: &str, counts: Counts) {
        let registrars =
            vec![heteronym::wire::tlog::leaf::RegistrarCount { registrar: self.office.id, enrolments: counts.enrol }];
        self.register(Stats { month: month.parse().unwrap(), counts, part: 1, parts: 1, registrars });
    }

    /// A usual day: so many people, each with a pseudonym and a token, in hours that follow one another.
    pub(crate) fn live(mut self, people: u64) -> Self {
        for person in 0..people {
            self.enrol();
            self.nym(NymAct::Create, person);
            self.issue();
            if person % 50 == 49 {
                self.hour += 1;
            }
        }
        self.anchor(false);
        self
    }

    /// The signed head of a log.
    pub(crate) fn head(&self, log: &Entries) -> SignedCheckpoint {
        self.head_by(log, &self.log_key)
    }

    pub(crate) fn head_by(&self, log: &Entries, key: &ed25519_dalek::SigningKey) -> SignedCheckpoint {
        let origin = self.origin(&log.name);
        let checkpoint = Checkpoint::new(&origin, log.len(), log.edge().root()).unwrap();
        let public = NoteKey::new(&origin, NoteAlgorithm::Ed25519, key.verifying_key().as_bytes()).unwrap();
        SignedCheckpoint::sign(checkpoint, &public, |text| key.sign(text).to_bytes()).unwrap()
    }

    /// Both logs as a static site, with the documents of the service.
    pub(crate) fn write(&self, directory: &Path) {
        for log in [&self.registry, &self.issuance] {
            log.write(directory, &self.head(log));
        }
        let documents = [
            ("openid-configuration.json", self.discovery()),
            ("jwks.json", json!({ "keys": [self.token_key.public()] })),
        ];
        for (name, document) in documents {
            fs::write(directory.join(name), document.to_string()).unwrap();
        }
    }

    /// What the service says about itself.
    pub(crate) fn discovery(&self) -> Value {
        let place = |log: &str| format!("{}/log/{log}", self.issuer);
        json!({
            "issuer": self.issuer,
            "jwks_uri": format!("{}/jwks.json", self.issuer),
            "tlog": {
                "registry": place("registry"),
                "issuance": place(&self.issuance.name),
                "keys": [BASE64.encode(self.log_key.verifying_key().as_bytes())],
            },
        })
    }

    /// A new owner tag.
    pub(crate) fn tag(&mut self) -> OwnerTag {
        let fresh = self.fresh();
        OwnerTag::from_bytes(fresh.as_bytes()[..16].try_into().unwrap())
    }

    /// Bytes that never were.
    pub(crate) fn fresh(&mut self) -> Hash {
        self.used += 1;
        Hash::from_bytes(Sha256::digest(self.used.to_be_bytes()).into())
    }
}

/// A witness that cosigns what it is shown.
pub(crate) fn cosign(head: &mut SignedCheckpoint, witness: &ed25519_dalek::SigningKey, seconds: i64) -> NoteKey {
    let key = NoteKey::new("witness.example", NoteAlgorithm::Cosignature, witness.verifying_key().as_bytes()).unwrap();
    let time = u64::try_from(seconds).unwrap();
    let line = NoteSignature::cosign(&key, head.note().text(), time, |text| witness.sign(text).to_bytes()).unwrap();
    head.push(line).unwrap();
    key
}

/// The place with this number.
pub(crate) fn slot(place: u64) -> SlotTag {
    let mut slot = [0; 64];
    slot[..8].copy_from_slice(&place.to_be_bytes());
    SlotTag::from_bytes(slot)
}

pub(crate) fn issuer_key(signer: &Signer, act: KeyAct, hour: Hour) -> Key {
    let shown = matches!(act, KeyAct::Announced | KeyAct::Active);
    Key {
        role: "issuer".parse().unwrap(),
        kid: signer.kid().parse().unwrap(),
        algorithm: "EdDSA".parse().unwrap(),
        public: shown.then(|| PublicKey::Signature(signer.public().key.clone())),
        act,
        not_before: hour,
        not_after: None,
    }
}

pub(crate) fn log_public(key: &ed25519_dalek::SigningKey) -> PublicKey {
    PublicKey::Signature(jose::PublicKey::ed25519(key.verifying_key().as_bytes()).unwrap())
}

pub(crate) fn policy(version: &str, brackets: &[&str]) -> Policy {
    let brackets = brackets.iter().map(|bracket| bracket.parse().unwrap()).collect();
    let zone = [("zone".parse().unwrap(), "Europe/Paris".parse().unwrap())].into_iter().collect();
    Policy { brackets: BracketTable { version: version.parse().unwrap(), brackets }, settings: zone }
}

/// The paths of all files below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// A point that is the public key of some VRF (RFC 9496 §4.1): the generator.
const RISTRETTO_BASE: [u8; 32] = [
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b,
    0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
];
