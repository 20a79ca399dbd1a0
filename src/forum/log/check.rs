//! Every night: is the log still the one that was seen?
//!
//! 1. The registry is read from where it was left: its entries have to lead from the old root to the new one. It says which
//!    keys sign heads from now on, and which years have ended.
//! 2. Every head that came with a token since, and the last one that held, has to be the past of the log's present head, by
//!    the log's own tiles.
//! 3. What does not hold is kept with both signed heads, and nobody signs in until the operator has looked at it.
//!
//! A log that cannot be reached is no broken log: that is said, and tried again. Not checked here: what entries say, which is
//! for `heteronym audit`.

use std::{collections::BTreeSet, fmt};

use super::{
    Break, BreakKind, End, Head, LogKey, News,
    reader::{Reader, Trouble},
};
use crate::{
    forum::{
        Forum,
        ambient::{DAY, HOUR},
        store::{Seen, StoreError},
    },
    wire::tlog::{
        Edge, Hash, TILE_WIDTH, Tile, consistency_proof, root_at, tiles_of_consistency, tiles_of_root,
        verify_consistency,
    },
};

/// What came of a check.
#[derive(Clone, Debug)]
pub enum LogCheck {
    /// The settings ask for no log.
    NotAsked,
    /// Origin and size of each log that held; how many tokens numbered for members did not come here.
    Held { heads: Vec<(String, u64)>, missing: i64 },
    /// What kept it from being checked.
    Unchecked(String),
    /// Origin, and what is wrong with it.
    Broken(Vec<(String, &'static str)>),
}

impl LogCheck {
    /// Whether nothing speaks against the log.
    pub const fn held(&self) -> bool {
        matches!(self, Self::NotAsked | Self::Held { .. })
    }
}

impl fmt::Display for LogCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("The settings ask for no log (require_log = false)."),
            Self::Held { heads, missing } => {
                f.write_str("The log is the one that was seen before.")?;
                heads.iter().try_for_each(|(origin, size)| write!(f, "\n  {origin}: {size} entries"))?;
                if *missing > 0 {
                    write!(f, "\n  {missing} tokens were made for members of this forum and did not come here")?;
                }
                Ok(())
            }
            Self::Unchecked(trouble) => write!(f, "The log could not be checked: {trouble}"),
            Self::Broken(breaks) => {
                f.write_str("The log is not the one that was seen before, and nobody can sign in:")?;
                breaks.iter().try_for_each(|(origin, kind)| write!(f, "\n  {origin}: {kind}"))?;
                f.write_str("\nBoth signed heads are kept; the forum shows them at /about.")
            }
        }
    }
}

/// Why a check ends early.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Trouble(#[from] Trouble),
    #[error("{}: {}", .0.origin, .0.kind.as_str())]
    Broken(Break),
}

impl Forum {
    /// Holds the log to every head that was seen of it.
    pub async fn check_log(&self) -> Result<LogCheck, StoreError> {
        if !self.config().require_log {
            return Ok(LogCheck::NotAsked);
        }
        let now = self.ambient().now();
        // A log that has broken stays so until the operator has looked at it.
        if !self.store().log_is_broken().await? {
            match self.look_at_logs(now).await {
                Ok(()) => self.store().log_tried(None, now).await?,
                Err(Fault::Trouble(trouble)) => return self.troubled(&trouble, now).await,
                Err(Fault::Broken(of)) => self.broke(&of, now).await?,
                Err(Fault::Store(error)) => return Err(error),
            }
        }
        let breaks = self.store().log_breaks().await?.into_iter().filter(|found| found.accepted_at.is_none());
        let breaks: Vec<_> = breaks.map(|found| (found.of.origin, found.of.kind.as_str())).collect();
        if !breaks.is_empty() {
            self.store().log_tried(Some(BROKEN), now).await?;
            return Ok(LogCheck::Broken(breaks));
        }
        let missing = self.store().log_state().await?.missing;
        if missing > 0 {
            tracing::warn!(missing, "tokens were made for members of this forum and did not come here");
        }
        let heads = self.store().checked_heads().await?;
        Ok(LogCheck::Held {
            heads: heads.into_iter().map(|seen| (seen.head.origin, seen.head.size)).collect(),
            missing,
        })
    }

    /// Goes on with the log as it is, though it is not the one that was seen: for the operator, who has looked at the
    /// evidence. Returns what is no longer held against it.
    pub async fn accept_log(&self) -> Result<Vec<(String, &'static str)>, StoreError> {
        let accepted = self.store().accept_log(self.ambient().now()).await?;
        Ok(accepted.into_iter().map(|found| (found.of.origin, found.of.kind.as_str())).collect())
    }

    async fn look_at_logs(&self, now: i64) -> Result<(), Fault> {
        let published = self.provider().published(now).await;
        let published = published.map_err(|refusal| Trouble::Description(refusal.to_string()))?;
        let keys = self.believed_keys(&published, now).await?;
        self.look_at_registry(&keys, now).await?;
        // The registry may just have said that other keys sign from now on.
        let keys = self.store().log_keys(now).await?;
        let registry = self.logs().registry();
        let mut years: BTreeSet<String> = self.store().log_origins().await?.into_iter().collect();
        years.extend(published.issuance);
        for origin in years.iter().filter(|origin| **origin != registry) {
            match self.store().log_end(origin).await? {
                Some(end) => self.look_at_ended_year(&end).await?,
                None => self.look_at_year(origin, &keys, now).await?,
            }
        }
        Ok(())
    }

    async fn look_at_registry(&self, keys: &[LogKey], now: i64) -> Result<(), Fault> {
        let (logs, fetcher) = (self.logs(), self.provider().fetcher());
        let origin = logs.registry();
        let (mut reader, head) = Reader::open(fetcher, logs.address(&origin), &origin, keys).await?;
        let seen = self.store().heads(&origin).await?;
        let before = seen.last().map(|seen| &seen.head);
        let wrong = |kind| Fault::Broken(against(&head, before, kind));
        match grown(&head, &seen, now)? {
            Grown::Smaller => return Err(wrong(BreakKind::Smaller)),
            Grown::Not if before.is_some_and(|before| before.root != head.root) => {
                return Err(wrong(BreakKind::Forked));
            }
            Grown::Not | Grown::By => {}
        }
        let mut news = News::default();
        let mut edge = edge_of(&mut reader, before).await?.ok_or_else(|| wrong(BreakKind::Forked))?;
        let width = u64::from(TILE_WIDTH);
        for bundle in edge.size() / width..head.size.div_ceil(width) {
            let entries = reader.entries(bundle).await?;
            for (index, entry) in (bundle * width..).zip(entries).filter(|(index, _)| *index >= edge_start(before)) {
                let read = news.read(index, &entry, &self.config().issuer, &logs);
                read.map_err(|_| wrong(BreakKind::Genesis))?;
                // The size of a signed head is one that a tree can have.
                edge.push(Hash::of_leaf(&entry)).map_err(|_| wrong(BreakKind::Entries))?;
            }
            edge.forget_before(edge.size());
        }
        if edge.root() != head.root {
            return Err(wrong(BreakKind::Entries));
        }
        Ok(self.store().registry_held(&head, &news, now).await?)
    }

    async fn look_at_year(&self, origin: &str, keys: &[LogKey], now: i64) -> Result<(), Fault> {
        let address = self.logs().address(origin);
        let (mut reader, head) = Reader::open(self.provider().fetcher(), address, origin, keys).await?;
        let mut past = Vec::new();
        for seen in self.store().heads(origin).await? {
            if seen.head.size > head.size {
                if is_recent(&seen, now) {
                    // A head is published a moment after tokens come with it: the next check looks at it.
                    continue;
                }
                return Err(Fault::Broken(against(&head, Some(&seen.head), BreakKind::Smaller)));
            }
            hold(&mut reader, &seen.head, &head).await?;
            past.push(seen.head);
        }
        Ok(self.store().year_held(&head, &past, now).await?)
    }

    /// The registry has said with which head a log has ended: what was seen of it is its past, and that was all.
    async fn look_at_ended_year(&self, end: &End) -> Result<(), Fault> {
        let registry = self.store().heads(&self.logs().registry()).await?;
        let note = registry.into_iter().next_back().map(|seen| seen.head.note).unwrap_or_default();
        let head = Head { origin: end.origin.clone(), size: end.size, root: end.root, note };
        let mut reader = Reader::at(self.provider().fetcher(), self.logs().address(&end.origin), end.size);
        let mut past = Vec::new();
        for Seen { head: seen, .. } in self.store().heads(&end.origin).await? {
            if seen.size > end.size {
                return Err(Fault::Broken(against(&head, Some(&seen), BreakKind::Grown)));
            }
            hold(&mut reader, &seen, &head).await?;
            past.push(seen);
        }
        Ok(self.store().year_ended(&end.origin, &past).await?)
    }

    async fn troubled(&self, trouble: &Trouble, now: i64) -> Result<LogCheck, StoreError> {
        self.store().log_tried(Some(trouble.as_str()), now).await?;
        if self.log_is_unwatched(now).await? {
            tracing::warn!(%trouble, "the public log has not been checked for two days");
        } else {
            tracing::info!(%trouble, "the public log could not be checked");
        }
        Ok(LogCheck::Unchecked(trouble.to_string()))
    }

    async fn broke(&self, of: &Break, now: i64) -> Result<(), StoreError> {
        tracing::error!(
            origin = of.origin,
            kind = of.kind.as_str(),
            "the public log is not the one that was seen before: nobody signs in until the operator has looked at it"
        );
        self.store().log_broke(of, now).await
    }

    /// Whether the log has been tried in vain for so long that people should know.
    pub(in crate::forum) async fn log_is_unwatched(&self, now: i64) -> Result<bool, StoreError> {
        let state = self.store().log_state().await?;
        let since = state.held_at.or(state.began_at);
        Ok(state.trouble.is_some() && since.is_some_and(|since| now - since > UNWATCHED))
    }
}

/// How a head goes with those that were seen.
enum Grown {
    Smaller,
    Not,
    By,
}

fn grown(head: &Head, seen: &[Seen], now: i64) -> Result<Grown, Trouble> {
    let Some(last) = seen.last() else { return Ok(Grown::By) };
    match head.size.cmp(&last.head.size) {
        std::cmp::Ordering::Less if is_recent(last, now) => Err(Trouble::Behind(head.origin.clone())),
        std::cmp::Ordering::Less => Ok(Grown::Smaller),
        std::cmp::Ordering::Equal => Ok(Grown::Not),
        std::cmp::Ordering::Greater => Ok(Grown::By),
    }
}

/// The right edge of the log as it was at a head, out of its present tiles; none where these are of another log.
async fn edge_of(reader: &mut Reader<'_>, before: Option<&Head>) -> Result<Option<Edge>, Trouble> {
    let Some(before) = before else { return Ok(Some(Edge::new())) };
    reader.load((0..LEVELS).filter_map(|level| Tile::partial(level, before.size))).await?;
    let edge = Edge::restore(before.size, |tile| reader.tile(tile)).ok();
    Ok(edge.filter(|edge| edge.root() == before.root))
}

fn edge_start(before: Option<&Head>) -> u64 {
    before.map_or(0, |before| before.size)
}

/// Whether one head is the past of another, by the tiles of the log.
async fn hold(reader: &mut Reader<'_>, old: &Head, new: &Head) -> Result<(), Fault> {
    let wrong = |kind| Fault::Broken(against(new, Some(old), kind));
    if old.size == new.size || old.size == 0 {
        let same = old.size == 0 || old.root == new.root;
        return if same { Ok(()) } else { Err(wrong(BreakKind::Forked)) };
    }
    let (proof, own) = (tiles_of_consistency(old.size, new.size), tiles_of_root(old.size));
    // Heads that were signed have sizes that a tree can have.
    let tiles = proof.into_iter().flatten().chain(own.into_iter().flatten());
    reader.load(tiles).await?;
    let proof = consistency_proof(old.size, new.size, |tile| reader.tile(tile));
    let proof = proof.map_err(|_| wrong(BreakKind::Tiles))?;
    if verify_consistency(old.size, old.root, new.size, new.root, &proof).is_ok() {
        return Ok(());
    }
    // The tiles are those of the new head if they lead from some old root to it: then the old head is of another log.
    let other = root_at(old.size, |tile| reader.tile(tile)).map_err(|_| wrong(BreakKind::Tiles))?;
    let of_new = verify_consistency(old.size, other, new.size, new.root, &proof).is_ok();
    Err(wrong(if of_new { BreakKind::Forked } else { BreakKind::Tiles }))
}

fn against(head: &Head, earlier: Option<&Head>, kind: BreakKind) -> Break {
    let earlier = earlier.map(|earlier| earlier.note.clone()).unwrap_or_default();
    Break { origin: head.origin.clone(), kind, earlier, later: head.note.clone() }
}

/// Whether it was seen so short a time ago that the log may not have published it yet. Heads that came with tokens are
/// kept to the hour.
const fn is_recent(seen: &Seen, now: i64) -> bool {
    now - seen.at < 2 * HOUR
}

/// What keeps a log from being checked after it broke.
pub(in crate::forum) const BROKEN: &str = "broken";
/// Levels of tiles that a tree of at most 2⁶² leaves can have.
const LEVELS: u8 = 8;
const UNWATCHED: i64 = 2 * DAY;
