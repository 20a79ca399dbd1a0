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
        leaf::{Hour, IssuanceLeaf, Leaf},
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
    bundles: Vec<Tokens>,
    count: u64,
    /// The earliest hour of a token behind these leaves.
    beyond: Option<Hour>,
}

/// Those of one bundle.
#[derive(Clone, Default)]
struct Tokens {
    /// How many stand before them in the log.
    before: u64,
    /// Their places in the bundle, which has no more than 256.
    places: Vec<u8>,
}

impl Population {
    /// `None` where the log cannot be read whole: then nobody knows what was drawn.
    pub(super) fn of(logs: &Logs<'_>, log: &str, size: u64) -> Result<Option<Self>, MirrorError> {
        let bundles = usize::try_from(size.div_ceil(WIDTH)).unwrap_or_default();
        let mut bundles = vec![Tokens::default(); bundles];
        let (mut count, mut beyond) = (0, None);
        let complete = logs.each(log, "issue", |index, leaf| {
            if index >= size {
                beyond = Some(beyond.map_or(leaf.hour, |hour: Hour| hour.min(leaf.hour)));
                return;
            }
            let bundle = usize::try_from(index / WIDTH).ok().and_then(|bundle| bundles.get_mut(bundle));
            if let (Some(bundle), Ok(place)) = (bundle, u8::try_from(index % WIDTH)) {
                bundle.places.push(place);
            }
        })?;
        for bundle in &mut bundles {
            bundle.before = count;
            count += bundle.places.len() as u64;
        }
        Ok(complete.then_some(Self { bundles, count, beyond }))
    }

    /// How many.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn beyond(&self) -> Option<Hour> {
        self.beyond
    }

    /// The index in the log of the token with this number, counted from 0.
    pub(super) fn index(&self, number: u64) -> Option<u64> {
        let at = self.bundles.partition_point(|bundle| bundle.before <= number).checked_sub(1)?;
        let bundle = self.bundles.get(at)?;
        let place = bundle.places.get(usize::try_from(number - bundle.before).ok()?)?;
        Some(at as u64 * WIDTH + u64::from(*place))
    }
}

const WIDTH: u64 = TILE_WIDTH as u64;
