//! Judging what a mirror holds: the registry first, then the issuance logs by its facts, year after year.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use indicatif::ProgressBar;

use super::{
    audit::{Plan, reading},
    error::AuditError,
    finding::{At, Check, Findings},
    heads::{Head, LogKey},
    mirror::Mirror,
    replay::{
        Hours, Replay, Seen, Tree,
        acts::Acts,
        institutions::{Institutions, origin},
        keys::Keys,
    },
    source::{DISCOVERY, Discovery, is_year},
    sync::{VERIFIED, fetched, head, verified},
    verdict::{LogChecked, Verdict, counted},
};
use crate::wire::tlog::{
    NoteError, SignedCheckpoint,
    leaf::{Hour, REGISTRY, Registry},
};

/// One judgement.
pub(super) struct Judge<'a> {
    mirror: &'a Mirror,
    plan: &'a Plan,
    findings: Findings,
    logs: Vec<LogChecked>,
    checked: Vec<String>,
    not_checked: Vec<String>,
}

/// A log of the mirror.
struct Log {
    name: String,
    signed: SignedCheckpoint,
    /// Milliseconds since 1970.
    fetched: i64,
}

impl<'a> Judge<'a> {
    /// `findings`: what was found while fetching.
    pub(super) fn new(mirror: &'a Mirror, plan: &'a Plan, findings: Findings) -> Self {
        Self { mirror, plan, findings, logs: Vec::new(), checked: Vec::new(), not_checked: Vec::new() }
    }

    pub(super) fn verdict(mut self) -> Result<Verdict, AuditError> {
        match self.open(REGISTRY)? {
            // What was served in its place is a fault that was found while fetching.
            None if self.findings.faults() > 0 => self.not_checked.push(NO_REGISTRY.to_owned()),
            None => {
                let place = self.mirror.root().display();
                return Err(AuditError::Nothing(format!("{place} has no registry/checkpoint")));
            }
            Some(Err(error)) => {
                self.findings.fault(Check::CheckpointForm, At::log(REGISTRY), "a signed checkpoint", error.to_string());
                self.not_checked.push(NO_REGISTRY.to_owned());
            }
            Some(Ok(log)) => {
                let institutions = self.registry(&log)?;
                self.issuance(&institutions)?;
                self.conclude(&institutions);
            }
        }
        let hour = Hour::from_millis(self.plan.now).to_string();
        let mut verdict = Verdict::new(self.plan.target.clone(), hour, &self.findings);
        (verdict.logs, verdict.checked, verdict.not_checked) = (self.logs, self.checked, self.not_checked);
        Ok(verdict)
    }

    fn open(&self, name: &str) -> Result<Option<Result<Log, NoteError>>, AuditError> {
        let fetched = fetched(self.mirror, name, self.plan.now)?;
        let log = |signed| Log { name: name.to_owned(), signed, fetched };
        Ok(head(self.mirror, name)?.map(|bytes| SignedCheckpoint::parse(&bytes).map(log)))
    }

    fn registry(&mut self, log: &Log) -> Result<Institutions, AuditError> {
        let tree = log.tree(self.mirror);
        let bar = reading(tree.size);
        let mut institutions = Institutions::new(log.fetched);
        let replay = Replay { tree: &tree, root: log.signed.checkpoint().root(), bar: &bar };
        let seen = take_registry(&replay, &mut institutions, &mut self.findings)?;
        bar.finish_and_clear();
        institutions.end(&mut self.findings);
        self.check_issuer(&institutions)?;
        let origin = institutions
            .issuer
            .as_deref()
            .map_or_else(|| log.signed.checkpoint().origin().to_owned(), |issuer| origin(issuer, REGISTRY));
        self.head(log, &origin, &institutions.hours, &institutions.keys, seen, false)?;
        self.fixed(&tree, &institutions);
        Ok(institutions)
    }

    fn issuance(&mut self, institutions: &Institutions) -> Result<(), AuditError> {
        let frozen = institutions.logs();
        let mut names: BTreeSet<String> = frozen.keys().map(ToString::to_string).collect();
        names.extend(self.mirror.directories()?.into_iter().filter(|name| is_year(name)));
        let mut acts = Acts::new(institutions, true);
        for name in &names {
            let frozen = frozen.iter().any(|(log, frozen)| *frozen && log.as_str() == name.as_str());
            let log = match self.open(name)? {
                Some(Ok(log)) => log,
                Some(Err(error)) => {
                    let at = At::log(name);
                    self.findings.fault(Check::CheckpointForm, at, "a signed checkpoint", error.to_string());
                    acts.lose();
                    continue;
                }
                None => {
                    self.absent(name, frozen, &mut acts);
                    continue;
                }
            };
            self.year(&log, frozen, institutions, &mut acts)?;
        }
        acts.end(institutions, self.plan.areas.as_ref(), &mut self.findings);
        self.checked
            .push("every entry and every tile up to the root, and every leaf by the rules of its log".to_owned());
        self.checked.push(format!("acts: {}", acts.summary()));
        Ok(())
    }

    /// The log of one year.
    fn year(
        &mut self,
        log: &Log,
        frozen: bool,
        institutions: &Institutions,
        acts: &mut Acts<'_>,
    ) -> Result<(), AuditError> {
        let tree = log.tree(self.mirror);
        let bar = reading(tree.size);
        acts.begin(&log.name, log.fetched);
        let replay = Replay { tree: &tree, root: log.signed.checkpoint().root(), bar: &bar };
        let prepare = |leaf: &_| Acts::prepare(institutions, leaf);
        let seen = replay.run(prepare, &mut self.findings, |index, read, findings| acts.take(index, read, findings))?;
        bar.finish_and_clear();
        if !seen.complete {
            acts.lose();
        }
        let origin = log.signed.checkpoint().origin();
        let origin = institutions.issuer.as_deref().map_or(origin.to_owned(), |issuer| self::origin(issuer, &log.name));
        self.head(log, &origin, acts.hours(), &institutions.keys, seen, frozen)?;
        self.fixed(&tree, institutions);
        Ok(())
    }

    /// A log that the registry anchors and that is not there.
    fn absent(&mut self, name: &str, frozen: bool, acts: &mut Acts<'_>) {
        acts.lose();
        if frozen {
            let what =
                format!("log {name}: it is frozen and not there; what is of later years and refers to it was let pass");
            self.not_checked.push(what);
        } else {
            self.findings.fault(Check::LogMissing, At::log(name), "the log that the registry anchors", "nothing");
        }
    }

    /// The first leaf names the service that was asked for.
    fn check_issuer(&mut self, institutions: &Institutions) -> Result<(), AuditError> {
        let bytes = self.mirror.read(DISCOVERY, MOST_OF_A_DOCUMENT)?;
        let discovery: Option<Discovery> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let asked = self.plan.issuer.clone().or_else(|| discovery.as_ref().map(|said| said.issuer.clone()));
        let (Some(asked), Some(named)) = (asked, &institutions.issuer) else { return Ok(()) };
        if asked.trim_end_matches('/') != named.trim_end_matches('/') {
            let at = At::leaf(REGISTRY, 0);
            self.findings.fault(Check::Genesis, at, format!("the issuer {asked}"), named);
        }
        for key in discovery.and_then(|said| said.tlog).map(|logs| logs.keys).unwrap_or_default() {
            let known = key.parse::<LogKey>().ok().and_then(|key| institutions.keys.log_key(&key.0).map(|_| ()));
            if known.is_none() {
                let found = format!("{key} in the discovery document");
                self.findings.fault(Check::Discovery, At::NOWHERE, "log keys that the registry names", found);
            }
        }
        Ok(())
    }

    /// Whether a head is signed, continues the last one that was found good, and becomes that itself.
    fn head(
        &mut self,
        log: &Log,
        origin: &str,
        hours: &Hours,
        keys: &Keys,
        seen: Seen,
        frozen: bool,
    ) -> Result<(), AuditError> {
        let fetched = Hour::from_millis(log.fetched);
        let from = hours.latest().unwrap_or(fetched);
        let head =
            Head { log: &log.name, origin, signed: &log.signed, from, until: fetched.max(from), now: self.plan.now };
        let signed = head.is_signed(keys, &mut self.findings);
        // The key that was given vouches for the registry, which names the keys of all other logs.
        let pinned = log.name != REGISTRY || head.is_pinned(&self.plan.trust, keys, &mut self.findings);
        let witnesses = if frozen { Vec::new() } else { head.is_witnessed(&self.plan.trust, &mut self.findings) };
        let grown = self.continues(log)?;
        if self.plan.keeps && signed && pinned && grown && seen.complete && seen.rooted {
            self.mirror.write(&format!("{}/{VERIFIED}", log.name), log.signed.to_string().as_bytes())?;
        }
        self.logs.push(LogChecked {
            log: log.name.clone(),
            origin: origin.to_owned(),
            leaves: log.signed.checkpoint().size(),
            root: log.signed.checkpoint().root().to_string(),
            first_hour: hours.first().map(|hour| hour.to_string()),
            last_hour: hours.latest().map(|hour| hour.to_string()),
            witnesses,
        });
        Ok(())
    }

    /// Whether the log in the mirror contains what the last audit found good.
    fn continues(&mut self, log: &Log) -> Result<bool, AuditError> {
        let Some(old) = verified(self.mirror, &log.name)? else {
            let what =
                "whether it was rolled back or rewritten since an earlier audit: keep a mirror (--mirror) to see it";
            self.not_checked.push(format!("log {}: {what}", log.name));
            return Ok(true);
        };
        let (before, tree) = (old.checkpoint(), log.tree(self.mirror));
        let seen = format!("a log that continues what the last audit saw:\n{old}");
        let (check, found) = if tree.size < before.size() {
            (Check::LogRolledBack, format!("a smaller one:\n{}", log.signed))
        } else if tree.root_at(before.size()) != Ok(before.root()) {
            (Check::LogForked, format!("one that does not contain it:\n{}", log.signed))
        } else {
            let leaves = counted(before.size(), "leaf", "leaves");
            self.checked.push(format!("log {}: continues the {leaves} of the last audit", log.name));
            return Ok(true);
        };
        self.findings.fault(check, At::log(&log.name), seen, found);
        Ok(false)
    }

    /// Holds a log against the heads of it that the registry fixes.
    fn fixed(&mut self, tree: &Tree<'_>, institutions: &Institutions) {
        let mut anchors = 0;
        for fixed in institutions.fixed(tree.log) {
            let at = At::leaf(REGISTRY, fixed.by);
            let expected = format!("log {} to have had {} leaves with root {}", tree.log, fixed.size, fixed.root);
            if fixed.size > tree.size {
                let found = format!("only {}", counted(tree.size, "leaf", "leaves"));
                self.findings.fault(fixed.check, at, expected, found);
            } else {
                match tree.root_at(fixed.size) {
                    Ok(root) if root == fixed.root => anchors += 1,
                    Ok(root) => self.findings.fault(fixed.check, at, expected, format!("root {root}")),
                    // A tile that is missing is a fault by itself.
                    Err(_) => {}
                }
            }
            if fixed.is_final && tree.size > fixed.size {
                let expected = format!("{} leaves, at which the registry froze it", fixed.size);
                self.findings.fault(Check::LogFrozen, At::log(tree.log), expected, tree.size.to_string());
            }
        }
        if anchors > 0 {
            let heads = counted(anchors, "earlier head", "earlier heads");
            self.checked.push(format!("log {}: {heads} that the registry fixes", tree.log));
        }
    }

    fn conclude(&mut self, institutions: &Institutions) {
        let offices = counted(institutions.registrars.len() as u64, "office", "offices");
        let forums = counted(institutions.clients.len() as u64, "forum", "forums");
        let (audits, ended) = institutions.audits.count();
        self.checked.push(format!(
            "institutions: {offices}, {forums}, {}, {}, {}",
            counted(institutions.custodians_named() as u64, "key of custodians", "keys of custodians"),
            counted(institutions.stats.len() as u64, "month of published counts", "months of published counts"),
            format_args!("{}, {ended} ended", counted(audits as u64, "sampled audit", "sampled audits")),
        ));
        let hour = Hour::from_millis(self.plan.now);
        let keys = institutions.keys.of_log("log", hour, hour);
        let keys: Vec<_> = keys.iter().map(|key| BASE64.encode(key.public())).collect();
        if self.plan.trust.log_keys.is_empty() {
            self.not_checked.push(format!(
                "whether the log's keys are those of the service: none was given with --log-key, so they were taken on trust \
                 from the log itself ({})",
                keys.join(", ")
            ));
        } else {
            self.checked.push(format!("keys: the one given, and by it the log's keys {}", keys.join(", ")));
        }
        if self.plan.trust.witnesses.is_empty() {
            let what =
                "whether everybody is shown the same logs: name witnesses with --witness, or compare the roots above";
            self.not_checked.push(what.to_owned());
        }
        self.not_checked.extend(UNSEEN.iter().map(|line| (*line).to_owned()));
    }
}

impl Log {
    fn tree<'a>(&'a self, mirror: &'a Mirror) -> Tree<'a> {
        Tree { mirror, log: &self.name, size: self.signed.checkpoint().size() }
    }
}

/// The registry of a mirror by itself, if there is one that can be read.
pub(super) fn read_registry(
    mirror: &Mirror,
    now: i64,
    findings: &mut Findings,
) -> Result<Option<Institutions>, AuditError> {
    let signed = head(mirror, REGISTRY)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
    let Some(signed) = signed else { return Ok(None) };
    let mut institutions = Institutions::new(fetched(mirror, REGISTRY, now)?);
    let tree = Tree { mirror, log: REGISTRY, size: signed.checkpoint().size() };
    let replay = Replay { tree: &tree, root: signed.checkpoint().root(), bar: &ProgressBar::hidden() };
    take_registry(&replay, &mut institutions, findings)?;
    Ok(Some(institutions))
}

fn take_registry(
    replay: &Replay<'_>,
    institutions: &mut Institutions,
    findings: &mut Findings,
) -> Result<Seen, AuditError> {
    let seen = replay.run::<Registry, ()>(
        |_| (),
        findings,
        |index, read, findings| match read {
            Ok((leaf, ())) => institutions.take(index, leaf, findings),
            Err(error) => {
                let at = At::leaf(REGISTRY, index);
                findings.fault(Check::LeafForm, at, "a leaf in its one spelling", error.to_string());
            }
        },
    )?;
    Ok(seen)
}

const NO_REGISTRY: &str = "everything else: without a head of the registry nothing is known";
/// What nobody can see from outside, said in every verdict.
const UNSEEN: &[&str] = &[
    "whether an enrolled person exists, and is enrolled once: the offices answer for it, and only they see papers",
    CONTENT,
    "whether a place is the right person's: its tag can be proven to that person alone",
    "whether every token is in the log: each forum sees it for its own, and refuses those without proof",
];
/// What a sampled audit is for.
pub(super) const CONTENT: &str =
    "whether what a token says is true: a leaf only commits to it, and its owner or a sampled audit can have it opened";
const MOST_OF_A_DOCUMENT: usize = 256 * 1024;
