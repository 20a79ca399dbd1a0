//! Reading a log from its first leaf to its last: every entry, every tile, the root; and its leaves for the rules.
//!
//! Threads read, hash and parse bundles of 256 entries and verify signatures; what depends on the order runs in one. Of the
//! tree no more is kept than its right edge, of the entries a few bundles.

pub(super) mod acts;
pub(super) mod audits;
mod growth;
mod hours;
pub(super) mod institutions;
pub(super) mod keys;
pub(super) mod totals;
mod tree;

use std::{num::NonZero, panic, thread};

use indicatif::ProgressBar;

use self::growth::Growth;
pub(super) use self::{
    hours::Hours,
    tree::{MOST_OF_A_BUNDLE, MOST_OF_A_TILE, Tree},
};
use super::{
    finding::{At, Findings},
    mirror::MirrorError,
};
use crate::wire::tlog::{
    Bundle, Hash, TILE_WIDTH,
    leaf::{Facts, Leaf, LeafError},
};

/// A leaf with what was worked out about it alone, or why it is none.
pub(super) type Read<F, P> = Result<(Leaf<F>, P), LeafError>;

/// A log that is to be read whole.
pub(super) struct Replay<'a> {
    pub(super) tree: &'a Tree<'a>,
    /// The root that its head says.
    pub(super) root: Hash,
    pub(super) bar: &'a ProgressBar,
}

impl Replay<'_> {
    /// Reads the log. `prepare` looks at a leaf alone, in any order and in several threads; `take` gets them in order.
    pub(super) fn run<F: Facts + Send, P: Send>(
        &self,
        prepare: impl Fn(&Leaf<F>) -> P + Sync,
        findings: &mut Findings,
        mut take: impl FnMut(u64, Read<F, P>, &mut Findings),
    ) -> Result<Seen, MirrorError> {
        let (log, size) = (self.tree.log, self.tree.size);
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let mut growth = Growth::default();
        let bundles: Vec<_> =
            (0..size.div_ceil(TILE_WIDTH.into())).filter_map(|index| Bundle::in_tree(index, size)).collect();
        for batch in bundles.chunks(threads * BUNDLES_A_THREAD) {
            for part in self.read(batch, threads, &prepare) {
                let part = part?;
                let (first, width) = (part.bundle.first(), part.bundle.width());
                let of_tile = part.tile.unwrap_or_else(|broken| {
                    broken.report(At::leaf(log, first), findings);
                    growth.broken = true;
                    Vec::new()
                });
                let leaves = match part.leaves {
                    Ok(leaves) => leaves,
                    Err(broken) => {
                        broken.report(At::leaf(log, first), findings);
                        return Ok(Seen { complete: false, rooted: false });
                    }
                };
                let of_tile = of_tile.into_iter().map(Some).chain(std::iter::repeat(None));
                for (index, ((hash, read), of_tile)) in (first..).zip(leaves.into_iter().zip(of_tile)) {
                    growth.push(index, hash, of_tile);
                    take(index, read, findings);
                }
                growth.compare_full_tiles(self.tree, findings)?;
                self.bar.inc(width.into());
            }
        }
        Ok(Seen { complete: true, rooted: growth.end(self.tree, self.root, findings)? })
    }

    /// Reads some bundles in several threads.
    fn read<F: Facts + Send, P: Send>(
        &self,
        bundles: &[Bundle],
        threads: usize,
        prepare: &(impl Fn(&Leaf<F>) -> P + Sync),
    ) -> Vec<Result<Part<F, P>, MirrorError>> {
        let part = |bundle: &Bundle| Part::read(self.tree, *bundle, prepare);
        thread::scope(|scope| {
            let shares = bundles.chunks(bundles.len().div_ceil(threads).max(1));
            let running: Vec<_> =
                shares.map(|share| scope.spawn(move || share.iter().map(part).collect::<Vec<_>>())).collect();
            running
                .into_iter()
                .flat_map(|share| share.join().unwrap_or_else(|cause| panic::resume_unwind(cause)))
                .collect()
        })
    }
}

/// What there was to see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// All entries were there.
    pub(super) complete: bool,
    /// They and the tiles make the tree that is signed.
    pub(super) rooted: bool,
}

/// A bundle that was read, with the tile of its hashes.
struct Part<F, P> {
    bundle: Bundle,
    tile: Result<Vec<Hash>, tree::Broken>,
    leaves: Result<Hashed<F, P>, tree::Broken>,
}

/// Leaves with the hashes of their entries.
type Hashed<F, P> = Vec<(Hash, Read<F, P>)>;

impl<F: Facts, P> Part<F, P> {
    fn read(tree: &Tree<'_>, bundle: Bundle, prepare: &impl Fn(&Leaf<F>) -> P) -> Result<Self, MirrorError> {
        let leaf = |entry: &[u8]| {
            let read = Leaf::parse(entry).map(|leaf| {
                let prepared = prepare(&leaf);
                (leaf, prepared)
            });
            (Hash::of_leaf(entry), read)
        };
        let leaves = tree.entries(bundle, |entries| entries.iter().map(|entry| leaf(entry)).collect())?;
        Ok(Self { bundle, tile: tree.hashes(bundle.tile())?, leaves })
    }
}

/// So many at once: enough that threads need not wait for each other, few enough for any memory.
const BUNDLES_A_THREAD: usize = 16;
