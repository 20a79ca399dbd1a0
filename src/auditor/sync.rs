//! Bringing a mirror up to date: the head, a proof that it continues what was audited before, then the tiles that are missing.
//!
//! The head is written last, so that a mirror of which the fetching was interrupted is the mirror that it was, with some tiles
//! more; the next run goes on from there.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use indicatif::ProgressBar;

use super::{
    error::AuditError,
    finding::{At, Check, Findings},
    mirror::{Mirror, MirrorError},
    replay::{MOST_OF_A_BUNDLE, MOST_OF_A_TILE},
    source::Source,
};
use crate::wire::tlog::{
    Bundle, Hash, MAX_NOTE, SignedCheckpoint, TILE_WIDTH, Tile, consistency_proof, decode_hashes, root_at,
    tiles_of_consistency, tiles_of_root, verify_consistency,
};

/// One run of fetching.
pub(super) struct Sync<'a> {
    pub(super) source: &'a Source,
    pub(super) mirror: &'a Mirror,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    pub(super) bar: &'a ProgressBar,
}

/// What became of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Synced {
    /// There is none of that name.
    Absent,
    /// The mirror has what the log has.
    Fresh,
    /// The head was refused, and the mirror left as it was.
    Refused,
}

impl Sync<'_> {
    pub(super) async fn log(&self, log: &str, findings: &mut Findings) -> Result<Synced, AuditError> {
        let mut last = Vec::new();
        for _ in 0..ROUNDS {
            let Some(bytes) = self.source.of_log(log, CHECKPOINT, MAX_NOTE).await? else { return Ok(Synced::Absent) };
            let head = match SignedCheckpoint::parse(&bytes) {
                Ok(head) => head,
                Err(error) => {
                    findings.fault(Check::CheckpointForm, At::log(log), "a signed checkpoint", error.to_string());
                    return Ok(Synced::Refused);
                }
            };
            if head.checkpoint().size() > MOST_LEAVES {
                let size = head.checkpoint().size();
                return Err(AuditError::Nothing(format!(
                    "log {log} has {size} leaves, and at most {MOST_LEAVES} are read"
                )));
            }
            if !self.continues(log, &head, findings).await? {
                let name = format!("{log}/refused-{}", head.checkpoint().size());
                self.mirror.write(&name, &bytes)?;
                return Ok(Synced::Refused);
            }
            let complete = self.tiles(log, head.checkpoint().size()).await?;
            self.mirror.write(&format!("{log}/{CHECKPOINT}"), &bytes)?;
            self.mirror.write(&format!("{log}/{FETCHED}"), self.now.to_string().as_bytes())?;
            // A partial tile is no more where a fuller one has taken its place: then there is another head too.
            if complete || bytes == last {
                break;
            }
            last = bytes;
        }
        Ok(Synced::Fresh)
    }

    /// Whether a head continues the one that the last audit found good: if not, it is a fork, or a backup was restored.
    async fn continues(&self, log: &str, new: &SignedCheckpoint, findings: &mut Findings) -> Result<bool, AuditError> {
        let Some(old) = verified(self.mirror, log)? else { return Ok(true) };
        let (before, after) = (old.checkpoint(), new.checkpoint());
        let seen = format!("a log that continues what the last audit saw:\n{old}");
        if after.size() < before.size() {
            findings.fault(Check::LogRolledBack, At::log(log), seen, format!("a smaller one:\n{new}"));
            return Ok(false);
        }
        let mut wanted = tiles_of_root(after.size()).unwrap_or_default();
        wanted.extend(tiles_of_consistency(before.size(), after.size()).unwrap_or_default());
        let tiles = self.fresh(log, wanted).await?;
        let tile = |tile: Tile| tiles.get(&tile).cloned();
        // Tiles that do not lead to the root are a fault of their own, which reading the log will find.
        if root_at(after.size(), tile) != Ok(after.root()) && after.size() != before.size() {
            return Ok(true);
        }
        let proof = consistency_proof(before.size(), after.size(), tile).unwrap_or_default();
        let holds = verify_consistency(before.size(), before.root(), after.size(), after.root(), &proof).is_ok();
        if !holds {
            findings.fault(Check::LogForked, At::log(log), seen, format!("one that does not contain it:\n{new}"));
        }
        Ok(holds)
    }

    /// Tiles as the source has them now, whatever the mirror holds.
    async fn fresh(&self, log: &str, tiles: Vec<Tile>) -> Result<BTreeMap<Tile, Vec<Hash>>, AuditError> {
        let mut fetched = BTreeMap::new();
        for tile in tiles {
            let bytes = self.source.of_log(log, &tile.to_string(), MOST_OF_A_TILE).await?;
            if let Some(hashes) = bytes.and_then(|bytes| decode_hashes(&bytes, tile.width()).ok()) {
                fetched.insert(tile, hashes);
            }
        }
        Ok(fetched)
    }

    /// Fetches what the mirror has not. Whether everything was there.
    async fn tiles(&self, log: &str, size: u64) -> Result<bool, AuditError> {
        let hashes = Tile::added(0, size).map(|tile| (tile.to_string(), MOST_OF_A_TILE));
        let bundles = (0..size.div_ceil(TILE_WIDTH.into())).filter_map(|index| Bundle::in_tree(index, size));
        let bundles = bundles.map(|bundle| (bundle.to_string(), MOST_OF_A_BUNDLE));
        let missing = hashes.chain(bundles).filter(|(path, _)| !self.mirror.has(&format!("{log}/{path}")));
        let missing: Vec<_> = missing.collect();
        self.bar.inc_length(u64::try_from(missing.len()).unwrap_or_default());
        let fetches = missing.into_iter().map(async |(path, most)| {
            let bytes = self.source.of_log(log, &path, most).await?;
            self.bar.inc(1);
            if let Some(bytes) = &bytes {
                self.mirror.write(&format!("{log}/{path}"), bytes)?;
            }
            Ok::<_, AuditError>(bytes.is_some())
        });
        let mut fetches = stream::iter(fetches).buffer_unordered(AT_ONCE);
        let mut complete = true;
        while let Some(there) = fetches.next().await {
            complete &= there?;
        }
        Ok(complete)
    }
}

/// The head of a log in a mirror, in its bytes.
pub(super) fn head(mirror: &Mirror, log: &str) -> Result<Option<Vec<u8>>, MirrorError> {
    mirror.read(&format!("{log}/{CHECKPOINT}"), MAX_NOTE)
}

/// The head that the last audit found good.
pub(super) fn verified(mirror: &Mirror, log: &str) -> Result<Option<SignedCheckpoint>, AuditError> {
    let bytes = mirror.read(&format!("{log}/{VERIFIED}"), MAX_NOTE)?;
    let parsed = bytes.map(|bytes| SignedCheckpoint::parse(&bytes)).transpose();
    parsed.map_err(|error| AuditError::Nothing(format!("the head in {log}/{VERIFIED} does not read: {error}")))
}

/// When the head was fetched; of a directory that does not say so, now.
pub(super) fn fetched(mirror: &Mirror, log: &str, now: i64) -> Result<i64, MirrorError> {
    let text = mirror.read(&format!("{log}/{FETCHED}"), 20)?;
    Ok(text.and_then(|text| String::from_utf8(text).ok()?.trim().parse().ok()).unwrap_or(now))
}

const CHECKPOINT: &str = "checkpoint";
const FETCHED: &str = "fetched";
pub(super) const VERIFIED: &str = "verified";
const ROUNDS: usize = 3;
/// Requests at once: enough to hide the way there and back, few enough to be a polite guest.
const AT_ONCE: usize = 8;
/// More leaves than this program reads in a day, and some 50 GB: a head can say any size.
const MOST_LEAVES: u64 = 100_000_000;
