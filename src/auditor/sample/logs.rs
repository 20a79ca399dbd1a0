//! The issuance logs of a mirror, by leaves: which are tokens, which end an enrolment, what stands at an index.
//!
//! That the entries are those of the signed tree is for the audit of the logs; here they are read.

use std::collections::BTreeMap;

use crate::{
    auditor::{
        audit::reading,
        error::AuditError,
        mirror::{Mirror, MirrorError},
        replay::Tree,
        source::is_year,
        sync::head,
    },
    wire::tlog::{
        Bundle, SignedCheckpoint, TILE_WIDTH,
        leaf::{Hour, Issuance, IssuanceLeaf, Leaf},
    },
};

/// The issuance logs that are there.
pub(super) struct Logs<'a> {
    mirror: &'a Mirror,
    sizes: BTreeMap<String, u64>,
}

impl<'a> Logs<'a> {
    pub(super) fn of(mirror: &'a Mirror) -> Result<Self, AuditError> {
        let mut sizes = BTreeMap::new();
        for log in mirror.directories()?.into_iter().filter(|name| is_year(name)) {
            if let Some(signed) = head(mirror, &log)?.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()) {
                sizes.insert(log, signed.checkpoint().size());
            }
        }
        Ok(Self { mirror, sizes })
    }

    /// Their names, the earliest first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sizes.keys().map(String::as_str)
    }

    pub(super) fn tree(&self, log: &str) -> Option<Tree<'_>> {
        let (log, size) = self.sizes.get_key_value(log)?;
        Some(Tree { mirror: self.mirror, log, size: *size })
    }

    /// The leaf of a log at an index, if there is one.
    pub(super) fn leaf(&self, log: &str, index: u64) -> Result<Option<IssuanceLeaf>, MirrorError> {
        let Some(tree) = self.tree(log).filter(|tree| index < tree.size) else { return Ok(None) };
        let Some(bundle) = Bundle::in_tree(index / u64::from(TILE_WIDTH), tree.size) else { return Ok(None) };
        let place = usize::try_from(index - bundle.first()).unwrap_or(usize::MAX);
        let leaf = tree.entries(bundle, |entries| Leaf::parse(entries.get(place)?).ok())?;
        Ok(leaf.ok().flatten())
    }

    /// Reads a log for the leaves of one kind. Whether all of it could be read.
    pub(super) fn each(
        &self,
        log: &str,
        kind: &str,
        mut take: impl FnMut(u64, IssuanceLeaf),
    ) -> Result<bool, MirrorError> {
        let Some(tree) = self.tree(log) else { return Ok(false) };
        let begin = format!(r#"{{"v":1,"kind":"{kind}","#);
        let bar = reading(tree.size);
        let mut complete = true;
        let bundles = 0..tree.size.div_ceil(TILE_WIDTH.into());
        for bundle in bundles.filter_map(|index| Bundle::in_tree(index, tree.size)) {
            let read = tree.entries(bundle, |entries| {
                let of_kind = (bundle.first()..).zip(entries).filter(|(_, entry)| entry.starts_with(begin.as_bytes()));
                for (index, leaf) in of_kind.filter_map(|(index, entry)| Some((index, Leaf::parse(entry).ok()?))) {
                    take(index, leaf);
                }
            })?;
            complete &= read.is_ok();
            bar.inc(bundle.width().into());
        }
        bar.finish_and_clear();
        Ok(complete)
    }
}

/// The tokens of a log in its first so many leaves: what is drawn from.
pub(super) struct Population {
    size: u64,
    /// How many stand before each bundle.
    before: Vec<u64>,
    count: u64,
    /// The earliest hour of a token behind these leaves.
    beyond: Option<Hour>,
}

impl Population {
    /// `None` where the log cannot be read whole: then nobody knows what was drawn.
    pub(super) fn of(logs: &Logs<'_>, log: &str, size: u64) -> Result<Option<Self>, MirrorError> {
        let width = u64::from(TILE_WIDTH);
        let bundles = usize::try_from(size.div_ceil(width)).unwrap_or_default();
        let mut counts = vec![0_u64; bundles];
        let mut beyond: Option<Hour> = None;
        let complete = logs.each(log, "issue", |index, leaf| {
            if index >= size {
                beyond = Some(beyond.map_or(leaf.hour, |hour| hour.min(leaf.hour)));
            } else if let Some(count) = usize::try_from(index / width).ok().and_then(|bundle| counts.get_mut(bundle)) {
                *count += 1;
            }
        })?;
        let mut count = 0;
        let before = counts.into_iter().map(|of_bundle| {
            let before = count;
            count += of_bundle;
            before
        });
        let before = before.collect();
        Ok(complete.then_some(Self { size, before, count, beyond }))
    }

    /// How many.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn beyond(&self) -> Option<Hour> {
        self.beyond
    }

    /// The index in the log of the token in this place, counted from 0.
    pub(super) fn index(&self, tree: &Tree<'_>, place: u64) -> Result<Option<u64>, MirrorError> {
        let bundle = self.before.partition_point(|before| *before <= place).checked_sub(1);
        let Some((bundle, before)) = bundle.and_then(|bundle| Some((bundle, self.before.get(bundle)?))) else {
            return Ok(None);
        };
        let Some(bundle) = u64::try_from(bundle).ok().and_then(|index| Bundle::in_tree(index, tree.size)) else {
            return Ok(None);
        };
        let nth = usize::try_from(place - before).unwrap_or(usize::MAX);
        let found = tree.entries(bundle, |entries| {
            let is_token = |entry: &&[u8]| {
                Leaf::parse(entry).is_ok_and(|leaf: IssuanceLeaf| matches!(leaf.facts, Issuance::Issue(_)))
            };
            let of_kind = (bundle.first()..self.size).zip(entries).filter(|(_, entry)| is_token(entry));
            of_kind.map(|(index, _)| index).nth(nth)
        })?;
        Ok(found.ok().flatten())
    }
}
