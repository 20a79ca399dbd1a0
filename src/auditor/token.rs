//! `heteronym audit token`: whether one credential is what it says, and in the public log.
//!
//! Whoever holds a token can ask: a forum, the citizen, a court. What the token says of a person is not shown again.

use std::{fs, sync::Arc};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use indicatif::ProgressBar;
use rand::CryptoRng;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    args::TokenArgs,
    audit::{blocking, source},
    error::AuditError,
    finding::{At, Check, Findings},
    heads::{Head, Trust},
    judge::read_registry,
    mirror::Mirror,
    replay::{
        MOST_OF_A_TILE, Tree,
        institutions::{Institutions, origin},
        keys::ISSUER,
    },
    source::{JWKS, Source, is_year},
    sync::{Sync, Synced, fetched, head},
    verdict::Verdict,
};
use crate::wire::{
    jose::{Algorithm, Jwk, JwkSet, KeySet, PublicKey, Typ, Verifier},
    tlog::{
        Bundle, Hash, MAX_NOTE, MAX_TLOG_PROOF, SignedCheckpoint, TILE_WIDTH, Tile, TlogProof, decode_hashes,
        inclusion_proof,
        leaf::{Hour, Issuance, IssuanceLeaf, Issue, Leaf, REGISTRY},
        owner::OwnerKey,
        root_at, tiles_of_root,
    },
};

/// What a token endpoint answers (RFC 6749 §5.1), of which the ID token alone has to be there.
#[derive(Deserialize)]
struct Answer {
    id_token: String,
    tlog_proof: Option<String>,
    tlog_owner: Option<Owner>,
}

/// By which a forum knows the leaves of one pseudonym (`specs/log.md` §4).
#[derive(Deserialize)]
struct Owner {
    key: String,
    number: u64,
}

/// What a token says of itself, before anything of it is believed.
struct Said {
    kid: String,
    algorithm: Algorithm,
    issuer: String,
    audience: String,
    issued: i64,
}

pub(super) async fn run(args: &TokenArgs, now: i64, rng: &mut impl CryptoRng) -> Result<Verdict, AuditError> {
    let answer = read(args)?;
    let mut check = Token {
        hash: Hash::from_bytes(Sha256::digest(answer.id_token.as_bytes()).into()),
        now,
        trust: Trust { log_keys: args.log_key.clone(), ..Trust::default() },
        findings: Findings::default(),
        checked: Vec::new(),
        not_checked: Vec::new(),
    };
    let (source, mirror) = match (&args.url, &args.mirror) {
        (Some(url), _) => (source(url, args.ca.as_deref())?, Mirror::temporary(rng)?),
        (None, Some(mirror)) => (Source::Directory(Mirror::existing(mirror)), Mirror::existing(mirror)),
        (None, None) => return Err(AuditError::Arguments("name the service with --url or --mirror".to_owned())),
    };
    let mirror = Arc::new(mirror);
    if mirror.is_temporary() {
        source.discovery(&mirror, &mut check.findings).await?;
        let sync = Sync { source: &source, mirror: &mirror, now, bar: &ProgressBar::hidden() };
        if sync.log(REGISTRY, &mut check.findings).await? == Synced::Absent {
            return Err(AuditError::Nothing("there is no log named registry".to_owned()));
        }
    }
    let place = Arc::clone(&mirror);
    let institutions = blocking(move || read_registry(&place, now, &mut Findings::default())).await?;
    let institutions = institutions.ok_or(AuditError::Nothing("there is no registry/checkpoint".to_owned()))?;
    check.registry(&mirror, &institutions)?;
    let Some(said) = Said::read(&answer.id_token) else {
        let expected = "a JSON Web Token with kid, alg, iss, aud and iat";
        check.findings.fault(Check::TokenForm, At::NOWHERE, expected, "something else");
        return Ok(check.verdict());
    };
    check.signature(&answer.id_token, &said, &institutions, &jwks(args, &mirror)?);
    if let Some(proof) = check.proof(&answer, &source, &mirror).await? {
        check.leaf(&proof, &answer, &said, &source, &institutions).await?;
    }
    Ok(check.verdict())
}

/// One check of a token.
struct Token {
    hash: Hash,
    /// Milliseconds since 1970.
    now: i64,
    trust: Trust,
    findings: Findings,
    checked: Vec<String>,
    not_checked: Vec<String>,
}

impl Token {
    fn fault(&mut self, check: Check, expected: impl Into<String>, found: impl Into<String>) {
        self.findings.fault(check, At::NOWHERE, expected, found);
    }

    fn verdict(self) -> Verdict {
        let hour = Hour::from_millis(self.now).to_string();
        let target = format!("the token with SHA-256 {}", HEXLOWER.encode(self.hash.as_bytes()));
        let mut verdict = Verdict::new(target, hour, &self.findings);
        (verdict.checked, verdict.not_checked) = (self.checked, self.not_checked);
        verdict
    }

    /// The head of the registry, which names the keys.
    fn registry(&mut self, mirror: &Mirror, institutions: &Institutions) -> Result<(), AuditError> {
        let signed = head(mirror, REGISTRY)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
        let (Some(signed), Some(issuer)) = (signed, &institutions.issuer) else {
            self.fault(Check::Genesis, "a registry whose first leaf names its issuer", "another");
            return Ok(());
        };
        let fetched = Hour::from_millis(fetched(mirror, REGISTRY, self.now)?);
        let from = institutions.hours.latest().unwrap_or(fetched);
        let origin = origin(issuer, REGISTRY);
        let head =
            Head { log: REGISTRY, origin: &origin, signed: &signed, from, until: fetched.max(from), now: self.now };
        head.is_signed(&institutions.keys, &mut self.findings);
        if head.is_pinned(&self.trust, &institutions.keys, &mut self.findings) && self.trust.log_keys.is_empty() {
            let what = "whether the log is the service's own: give its key with --log-key, and audit the whole of it";
            self.not_checked.push(what.to_owned());
        }
        Ok(())
    }

    /// The token's own signature, by a key that the registry names and the service publishes.
    fn signature(&mut self, token: &str, said: &Said, institutions: &Institutions, published: &JwkSet) {
        let named = |jwk: &&Jwk| jwk.kid.as_deref() == Some(&said.kid);
        let published = published.keys.iter().find(named).map(|jwk| &jwk.key);
        let logged = institutions.keys.public(ISSUER, &said.kid);
        if published.is_some() && logged.is_some() && published != logged {
            self.fault(Check::TokenKey, "one key under that kid", "one in the registry and another in the JWKS");
        }
        let Some(key) = logged.or(published) else {
            self.fault(Check::TokenKey, "a key that the registry names or the service publishes", &said.kid);
            return;
        };
        match said.verify(token, key) {
            Ok(()) => self.checked.push(format!("the token is signed by key {} of {}", said.kid, said.issuer)),
            Err(refusal) => self.fault(Check::TokenSignature, "the signature of the service", refusal),
        }
        if institutions.issuer.as_deref().map(|issuer| issuer.trim_end_matches('/'))
            != Some(said.issuer.trim_end_matches('/'))
        {
            let expected = format!("a token of {}", institutions.issuer.as_deref().unwrap_or("the registry's issuer"));
            self.fault(Check::TokenForm, expected, &said.issuer);
        }
    }

    /// The proof that came with the token, or one that is fetched or made.
    async fn proof(
        &mut self,
        answer: &Answer,
        source: &Source,
        mirror: &Arc<Mirror>,
    ) -> Result<Option<TlogProof>, AuditError> {
        let text = match (&answer.tlog_proof, source) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Source::Site(site)) => {
                let path = format!("log/proof/{}", HEXLOWER.encode(self.hash.as_bytes()));
                site.get(&path, MAX_TLOG_PROOF).await?
            }
            (None, Source::Directory(_)) => {
                let (mirror, hash) = (Arc::clone(mirror), self.hash);
                let found = blocking(move || find(&mirror, hash)).await?;
                found.map(|proof| proof.to_string().into_bytes())
            }
        };
        let Some(text) = text else {
            self.fault(Check::TokenUnlogged, "a leaf of this token in the log", "none: it was never logged");
            return Ok(None);
        };
        match TlogProof::parse(&text) {
            Ok(proof) => Ok(Some(proof)),
            Err(error) => {
                self.fault(Check::TokenProof, "a proof of inclusion", error.to_string());
                Ok(None)
            }
        }
    }

    /// The leaf, and that it is in the log.
    async fn leaf(
        &mut self,
        proof: &TlogProof,
        answer: &Answer,
        said: &Said,
        source: &Source,
        institutions: &Institutions,
    ) -> Result<(), AuditError> {
        let entry = proof.extra().unwrap_or_default();
        let leaf: IssuanceLeaf = match Leaf::parse(entry) {
            Ok(leaf) => leaf,
            Err(error) => {
                self.fault(Check::TokenProof, "a leaf in the proof", error.to_string());
                return Ok(());
            }
        };
        let name = proof.checkpoint().checkpoint().origin().rsplit('/').next().unwrap_or_default().to_owned();
        let of_issuer = institutions.issuer.as_deref().map(|issuer| origin(issuer, &name)).filter(|_| is_year(&name));
        let Some(origin) = of_issuer else {
            self.fault(Check::TokenProof, "a head of an issuance log of this service", name);
            return Ok(());
        };
        let keys = institutions.keys.of_log(&origin, leaf.hour, Hour::from_millis(self.now).max(leaf.hour));
        if let Err(error) = proof.verify(Hash::of_leaf(entry), &origin, &keys) {
            self.fault(Check::TokenProof, "a proof that leads to a signed head", error.to_string());
            return Ok(());
        }
        self.checked.push(format!("leaf {} of log {name} is in a tree that the log has signed", proof.index()));
        let Issuance::Issue(issue) = &leaf.facts else {
            self.fault(Check::TokenLeaf, "a leaf `issue`", leaf.kind());
            return Ok(());
        };
        self.issue(issue, leaf.hour, answer, said, institutions);
        self.present(proof, &name, source).await
    }

    /// What the leaf says is what the token is.
    fn issue(&mut self, issue: &Issue, hour: Hour, answer: &Answer, said: &Said, institutions: &Institutions) {
        let before = self.findings.faults();
        if issue.token != self.hash {
            self.fault(Check::TokenLeaf, format!("the hash of this token, {}", self.hash), issue.token.to_string());
        }
        if issue.kid.as_str() != said.kid {
            self.fault(Check::TokenLeaf, format!("the token's key, {}", said.kid), issue.kid.to_string());
        }
        let issued = Hour::from_millis(said.issued.saturating_mul(1000));
        if issued.count().abs_diff(hour.count()) > 1 {
            self.fault(Check::TokenLeaf, format!("the hour of the token, {issued}"), hour.to_string());
        }
        if let Err(found) = institutions.keys.signs(ISSUER, issue.kid.as_str(), hour) {
            self.fault(Check::IssueKey, format!("a key of the provider that signs tokens in {hour}"), found);
        }
        if institutions.brackets_since(&issue.brackets).is_none_or(|since| since > hour) {
            let expected = format!("a table of brackets that is published in {hour}");
            self.fault(Check::IssueBrackets, expected, issue.brackets.to_string());
        }
        match &answer.tlog_owner {
            None => self.not_checked.push("whose leaf it is: the answer came without `tlog_owner`".to_owned()),
            Some(owner) if owner.owns(issue) => self.checked.push("the leaf is the pseudonym's own".to_owned()),
            Some(_) => self.fault(Check::TokenOwner, "the owner tag that `tlog_owner` gives", "another"),
        }
        if self.findings.faults() == before {
            self.checked.push(format!("the leaf, of {hour}, is of this very token, under a key that counted then"));
        }
    }

    /// The tree of the proof is the beginning of what the log shows everybody now.
    async fn present(&mut self, proof: &TlogProof, log: &str, source: &Source) -> Result<(), AuditError> {
        let old = proof.checkpoint().checkpoint();
        let bytes = source.of_log(log, "checkpoint", MAX_NOTE).await?;
        let Some(now) = bytes.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()) else {
            self.not_checked.push(format!("whether log {log} still has the leaf: it is not there"));
            return Ok(());
        };
        let size = now.checkpoint().size();
        let mut tiles = Vec::new();
        for tile in tiles_of_root(old.size()).unwrap_or_default() {
            let Some(wide) = Tile::in_tree(tile.level(), tile.index(), size) else { continue };
            let bytes = source.of_log(log, &wide.to_string(), MOST_OF_A_TILE).await?;
            tiles.extend(bytes.and_then(|bytes| Some((tile, decode_hashes(&bytes, wide.width()).ok()?))));
        }
        let tile = |tile: Tile| tiles.iter().find(|(of, _)| *of == tile).map(|(_, hashes)| hashes.clone());
        if old.size() <= size && root_at(old.size(), tile) == Ok(old.root()) {
            self.checked.push(format!("log {log}, of {size} leaves now, still has it"));
        } else {
            let expected = format!("a log that continues the head of the proof:\n{}", proof.checkpoint());
            self.findings.fault(Check::LogForked, At::log(log), expected, format!("another:\n{now}"));
        }
        Ok(())
    }
}

impl Owner {
    fn owns(&self, issue: &Issue) -> bool {
        let key = BASE64URL_NOPAD.decode(self.key.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        key.is_some_and(|key| OwnerKey::from_bytes(Zeroizing::new(key)).tag(self.number) == issue.owner)
    }
}

impl Said {
    fn read(token: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Header {
            kid: String,
            alg: Algorithm,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Audience {
            One(String),
            Several(Vec<String>),
        }
        #[derive(Deserialize)]
        struct Claims {
            iss: String,
            aud: Audience,
            iat: i64,
        }
        if token.len() > MOST_OF_A_TOKEN {
            return None;
        }
        let mut parts = token.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()));
        let header: Header = serde_json::from_slice(&parts.next()?.ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&parts.next()?.ok()?).ok()?;
        let audience = match claims.aud {
            Audience::One(one) => one,
            Audience::Several(several) => several.into_iter().next()?,
        };
        Some(Self { kid: header.kid, algorithm: header.alg, issuer: claims.iss, audience, issued: claims.iat })
    }

    /// As it was when it was issued: that it has ended since says nothing against it.
    fn verify(&self, token: &str, key: &PublicKey) -> Result<(), String> {
        if !key.fits(self.algorithm) {
            return Err(format!("the algorithm {}, which does not go with the key", self.algorithm.as_str()));
        }
        let set = JwkSet { keys: vec![Jwk::new(key.clone(), self.algorithm)] };
        let verifier = Verifier::new(Typ::Jwt, &self.issuer, &self.audience).audience_list_may_name_others();
        let read = verifier.verify::<serde_json::Value>(token, &KeySet::new(&set), self.issued);
        read.map(drop).map_err(|refusal| refusal.to_string())
    }
}

fn read(args: &TokenArgs) -> Result<Answer, AuditError> {
    let wrong = |what: String| AuditError::Arguments(format!("{}: {what}", args.file.display()));
    let text = fs::read_to_string(&args.file).map_err(|error| wrong(error.to_string()))?;
    let text = text.trim();
    if !text.starts_with('{') {
        return Ok(Answer { id_token: text.to_owned(), tlog_proof: None, tlog_owner: None });
    }
    // What serde says of the text may quote it.
    serde_json::from_str(text).map_err(|_| wrong("is neither an ID token nor a token response with one".to_owned()))
}

/// The service's public keys: from the file that was named, or as they were fetched.
fn jwks(args: &TokenArgs, mirror: &Mirror) -> Result<JwkSet, AuditError> {
    let bytes = match &args.jwks {
        None => mirror.read(JWKS, MOST_OF_KEYS)?,
        Some(path) => {
            let wrong = |error| AuditError::Arguments(format!("{}: {error}", path.display()));
            Some(fs::read(path).map_err(wrong)?)
        }
    };
    let parsed = bytes.map(|bytes| JwkSet::parse(&bytes)).transpose();
    let parsed = parsed.map_err(|error| AuditError::Nothing(format!("the service's keys: {error}")))?;
    Ok(parsed.unwrap_or_else(|| JwkSet { keys: Vec::new() }))
}

/// Looks through the issuance logs of a mirror for the leaf of a token.
fn find(mirror: &Mirror, token: Hash) -> Result<Option<TlogProof>, AuditError> {
    for log in mirror.directories()?.into_iter().rev().filter(|name| is_year(name)) {
        let Some(signed) = head(mirror, &log)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()) else { continue };
        let tree = Tree { mirror, log: &log, size: signed.checkpoint().size() };
        let bundles = 0..tree.size.div_ceil(TILE_WIDTH.into());
        for bundle in bundles.filter_map(|index| Bundle::in_tree(index, tree.size)) {
            let found = tree.entries(bundle, |entries| {
                let is_of_token = |entry: &&[u8]| {
                    let leaf: Result<IssuanceLeaf, _> = Leaf::parse(entry);
                    leaf.is_ok_and(|leaf| leaf.facts.token() == Some(token))
                };
                (bundle.first()..)
                    .zip(entries)
                    .find(|(_, entry)| is_of_token(entry))
                    .map(|(at, entry)| (at, entry.to_vec()))
            })?;
            if let Ok(Some((index, entry))) = found {
                let hashes = inclusion_proof(index, tree.size, |tile| tree.wide(tile)).unwrap_or_default();
                return Ok(TlogProof::new(Some(entry), index, hashes, signed).ok());
            }
        }
    }
    Ok(None)
}

const MOST_OF_A_TOKEN: usize = 16 * 1024;
const MOST_OF_KEYS: usize = 64 * 1024;
