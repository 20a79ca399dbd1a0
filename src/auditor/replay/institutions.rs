//! What the registry says: whose log this is, its keys, offices, forums and rules, each since when; and whether it says so
//! in an order that can be true.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hours, audits::Audits, keys::Keys};
use crate::{
    auditor::finding::{At, Check, Findings},
    wire::tlog::{
        Hash,
        leaf::{
            Anchor, Bracket, BracketsVersion, Client, ClientAct, ClientId, Custodians, Enrol, Genesis, Hour, Key, Leaf,
            LogName, Month, Policy, REGISTRY, Registrar, RegistrarAct, RegistrarId, Registry, Sector, Stats,
        },
    },
};

/// The registry as read so far.
#[derive(Debug)]
pub(in crate::auditor) struct Institutions {
    pub(in crate::auditor) hours: Hours,
    /// As the first leaf names it.
    pub(in crate::auditor) issuer: Option<String>,
    pub(in crate::auditor) keys: Keys,
    pub(in crate::auditor) audits: Audits,
    /// Each with the index of its leaf.
    pub(in crate::auditor) anchors: Vec<(u64, Anchor)>,
    /// By month, in the order of their leaves.
    pub(in crate::auditor) stats: BTreeMap<Month, Vec<(u64, Stats)>>,
    /// What each office said of itself, and since when.
    pub(in crate::auditor) registrars: BTreeMap<RegistrarId, Vec<(Hour, Registrar)>>,
    pub(in crate::auditor) clients: BTreeMap<ClientId, Client>,
    /// The most voices that a person ever had in a sector.
    pub(in crate::auditor) voices: BTreeMap<Sector, u32>,
    brackets: BTreeMap<BracketsVersion, (Hour, Vec<Bracket>)>,
    custodians: Vec<Custodians>,
}

/// Why an enrolment does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auditor) struct Unvouched {
    pub(in crate::auditor) check: Check,
    pub(in crate::auditor) expected: String,
    pub(in crate::auditor) found: String,
}

impl Institutions {
    pub(in crate::auditor) fn new(fetched: i64) -> Self {
        Self {
            hours: Hours::new(fetched),
            issuer: None,
            keys: Keys::default(),
            audits: Audits::default(),
            anchors: Vec::new(),
            stats: BTreeMap::new(),
            registrars: BTreeMap::new(),
            clients: BTreeMap::new(),
            voices: BTreeMap::new(),
            brackets: BTreeMap::new(),
            custodians: Vec::new(),
        }
    }

    /// The next leaf of the registry.
    pub(in crate::auditor) fn take(&mut self, index: u64, leaf: Leaf<Registry>, findings: &mut Findings) {
        let (at, hour) = (At::leaf(REGISTRY, index), leaf.hour);
        self.hours.take(hour, at, findings);
        if (index == 0) != matches!(leaf.facts, Registry::Genesis(_)) {
            let found = format!("a leaf `{}`", leaf.kind());
            findings.fault(Check::Genesis, at, "`genesis` as the first leaf, and only there", found);
        }
        match leaf.facts {
            Registry::Genesis(genesis) => self.genesis(index, &genesis, hour, findings),
            Registry::Key(key) => self.key(at, &key, hour, findings),
            Registry::Registrar(registrar) => self.registrar(at, registrar, hour, findings),
            Registry::Client(client) => self.client(at, client, findings),
            Registry::Config(config) => self.policy(at, config.policy, hour, findings),
            Registry::Custodians(custodians) => self.custodians(at, custodians, findings),
            Registry::Anchor(anchor) => self.anchor(index, anchor, findings),
            Registry::Stats(stats) => self.stats(index, stats, hour, findings),
            Registry::AuditCommit(commit) => self.audits.commit(index, commit, hour, findings),
            Registry::AuditDraw(draw) => self.audits.draw(index, &draw, findings),
            Registry::AuditOpenings(openings) => self.audits.openings(index, openings, findings),
            Registry::AuditResult(result) => self.audits.result(index, &result, findings),
        }
    }

    /// The names of the issuance logs that are anchored, and whether each is frozen.
    pub(in crate::auditor) fn logs(&self) -> BTreeMap<&LogName, bool> {
        let mut logs = BTreeMap::new();
        for (_, anchor) in &self.anchors {
            *logs.entry(&anchor.log).or_default() |= anchor.is_final;
        }
        logs
    }

    /// Whether an office that was accredited in this hour vouches for an enrolment with a key of its own.
    pub(in crate::auditor) fn vouch(&self, enrol: &Enrol, hour: Hour) -> Result<(), Unvouched> {
        let refused = |check, expected: &str, found: &str| {
            Err(Unvouched { check, expected: expected.to_owned(), found: found.to_owned() })
        };
        let Some(history) = self.registrars.get(&enrol.registrar) else {
            return refused(
                Check::EnrolRegistrar,
                "an office that the registry accredits",
                "one that it never named: a ghost enrolment",
            );
        };
        // What counted when the hour began, and what came within it.
        let before = history.iter().rev().find(|(since, _)| *since < hour);
        let within = history.iter().filter(|(since, _)| *since == hour);
        let key = before.into_iter().chain(within).flat_map(|(_, said)| &said.keys).find(|key| key.id() == enrol.key);
        match key {
            None => refused(
                Check::EnrolRegistrar,
                "a key of the office that counts in this hour",
                "a key that the office did not have then: a ghost enrolment",
            ),
            Some(key) if !enrol.is_signed_by(hour, key) => refused(
                Check::EnrolSignature,
                "the signature of the office",
                "one that does not verify: a ghost enrolment",
            ),
            Some(_) => Ok(()),
        }
    }

    /// Since when a table of brackets is published.
    pub(in crate::auditor) fn brackets_since(&self, version: &BracketsVersion) -> Option<Hour> {
        self.brackets.get(version).map(|(since, _)| *since)
    }

    /// A table of brackets as it was first published.
    pub(in crate::auditor) fn brackets_of(&self, version: &BracketsVersion) -> Option<&[Bracket]> {
        self.brackets.get(version).map(|(_, table)| table.as_slice())
    }

    /// How many leaves name custodians.
    pub(in crate::auditor) fn custodians_named(&self) -> usize {
        self.custodians.len()
    }

    fn genesis(&mut self, index: u64, genesis: &Genesis, hour: Hour, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        if index > 0 {
            return;
        }
        let issuer = genesis.issuer.as_str();
        let origin = origin(issuer, REGISTRY);
        if genesis.origin.as_str() != origin {
            findings.fault(Check::Genesis, at, format!("the origin {origin}"), genesis.origin.to_string());
        }
        self.issuer = Some(issuer.to_owned());
        for key in &genesis.log_keys {
            self.keys.begin(key, hour);
        }
        self.policy(at, genesis.policy.clone(), hour, findings);
    }

    fn key(&mut self, at: At<'_>, key: &Key, hour: Hour, findings: &mut Findings) {
        if let Err(before) = self.keys.take(key, hour) {
            let expected = format!("an act that can follow {before:?} of key {}", key.kid);
            findings.fault(Check::KeyOrder, at, expected, format!("{:?}", key.act));
        }
    }

    fn registrar(&mut self, at: At<'_>, registrar: Registrar, hour: Hour, findings: &mut Findings) {
        let history = self.registrars.entry(registrar.id).or_default();
        let live = history.last().is_some_and(|(_, last)| last.act != RegistrarAct::Withdrawn);
        if live == (registrar.act == RegistrarAct::Accredited) {
            let expected = if live { "an office that is not accredited yet" } else { "an office that is accredited" };
            findings.fault(Check::RegistrarOrder, at, expected, format!("{:?}", registrar.act));
        }
        history.push((hour, registrar));
    }

    fn client(&mut self, at: At<'_>, client: Client, findings: &mut Findings) {
        let before = self.clients.get(&client.id);
        let possible = match before.map(|before| before.act) {
            None => client.act != ClientAct::Changed,
            Some(ClientAct::Disabled) => false,
            Some(ClientAct::Registered | ClientAct::Changed) => client.act != ClientAct::Registered,
        };
        if !possible {
            let expected = "a forum that is registered once, and disabled for good";
            findings.fault(Check::ClientOrder, at, expected, format!("{:?}", client.act));
        }
        if let Some(before) = before.filter(|before| before.sector != client.sector) {
            let expected = format!("the sector {}, as registered", before.sector);
            findings.fault(
                Check::ClientSector,
                at,
                expected,
                format!("{}: pseudonyms would be relinked", client.sector),
            );
        }
        let voices = self.voices.entry(client.sector.clone()).or_default();
        *voices = client.heteronyms_per_person.max(*voices);
        self.clients.insert(client.id.clone(), client);
    }

    fn policy(&mut self, at: At<'_>, policy: Policy, hour: Hour, findings: &mut Findings) {
        let table = policy.brackets;
        let (_, published) =
            self.brackets.entry(table.version.clone()).or_insert_with(|| (hour, table.brackets.clone()));
        if *published != table.brackets {
            let expected = format!("the brackets of {} as they were published", table.version);
            findings.fault(Check::Brackets, at, expected, "others under the same version");
        }
    }

    fn custodians(&mut self, at: At<'_>, next: Custodians, findings: &mut Findings) {
        let of_key = |old: &&Custodians| old.id == next.id || old.group_key == next.group_key;
        if let Some(old) = self.custodians.iter().rev().find(of_key) {
            let same_key = old.id == next.id && old.group_key == next.group_key;
            if !same_key || next.epoch <= old.epoch {
                let expected = format!("the same key in an epoch after {}", old.epoch);
                let found =
                    if same_key { format!("epoch {}", next.epoch) } else { "another key of that id".to_owned() };
                findings.fault(Check::Custodians, at, expected, found);
            }
        }
        self.custodians.push(next);
    }

    fn anchor(&mut self, index: u64, anchor: Anchor, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        if let Some((_, last)) = self.anchors.iter().rev().find(|(_, last)| last.log == anchor.log) {
            if last.is_final {
                let expected = format!("no anchor of log {}, which is frozen", anchor.log);
                findings.fault(Check::LogFrozen, at, expected, format!("one of {} leaves", anchor.size));
            }
            if anchor.size < last.size || anchor.size == last.size && anchor.root != last.root {
                let expected =
                    format!("log {} of {} leaves with root {}, or a larger one", last.log, last.size, last.root);
                findings.fault(
                    Check::AnchorOrder,
                    at,
                    expected,
                    format!("{} leaves, root {}", anchor.size, anchor.root),
                );
            }
        }
        self.anchors.push((index, anchor));
    }

    fn stats(&mut self, index: u64, stats: Stats, hour: Hour, findings: &mut Findings) {
        let at = At::leaf(REGISTRY, index);
        if stats.month >= hour.month() {
            let expected = format!("the counts of a month before {}", hour.month());
            findings.fault(Check::StatsForm, at, expected, stats.month.to_string());
        }
        let parts = self.stats.entry(stats.month).or_default();
        let number = u32::try_from(parts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let (of, counts) = parts.first().map_or((stats.parts, stats.counts), |(_, first)| (first.parts, first.counts));
        if (stats.part, stats.parts, stats.counts) != (number, of, counts) {
            let expected = format!("part {number} of {of} of {}, with the same counts", stats.month);
            findings.fault(Check::StatsForm, at, expected, format!("part {} of {}", stats.part, stats.parts));
        }
        parts.push((index, stats));
    }

    /// At the end of the registry: what was begun is complete.
    pub(in crate::auditor) fn end(&self, findings: &mut Findings) {
        for (month, parts) in &self.stats {
            let told: BTreeSet<u32> = parts.iter().map(|(_, stats)| stats.part).collect();
            if let Some((index, last)) = parts.last()
                && last.parts as usize > told.len()
            {
                let expected = format!("{} parts of the counts of {month}", last.parts);
                findings.remark(Check::StatsForm, At::leaf(REGISTRY, *index), expected, told.len().to_string());
            }
        }
        self.audits.end(findings);
    }
}

/// The origin of a log: its address without the scheme.
pub(in crate::auditor) fn origin(issuer: &str, log: &str) -> String {
    let (_, place) = issuer.split_once("://").unwrap_or(("", issuer));
    format!("{}/log/{log}", place.trim_end_matches('/'))
}

/// A head that something in the registry fixes: of a log, at a size.
#[derive(Clone, Debug)]
pub(in crate::auditor) struct Fixed {
    /// The leaf of the registry that fixes it.
    pub(in crate::auditor) by: u64,
    pub(in crate::auditor) check: Check,
    pub(in crate::auditor) size: u64,
    pub(in crate::auditor) root: Hash,
    pub(in crate::auditor) is_final: bool,
}

impl Institutions {
    /// The heads of a log that the registry fixes, by anchors and by sampled audits.
    pub(in crate::auditor) fn fixed<'a>(&'a self, log: &'a str) -> impl Iterator<Item = Fixed> + 'a {
        let anchors = self.anchors.iter().filter(move |(_, anchor)| anchor.log.as_str() == log);
        let anchors = anchors.map(|(by, anchor)| Fixed {
            by: *by,
            check: Check::AnchorRoot,
            size: anchor.size,
            root: anchor.root,
            is_final: anchor.is_final,
        });
        anchors.chain(self.audits.trees(log))
    }
}
