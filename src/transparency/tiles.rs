//! The hashes of a log as the database has them: full tiles are kept, the others come out of leaves and of the full tiles below.

use std::collections::BTreeMap;

use crate::{
    domain::log::LogName,
    store::{StoreError, Tx, log},
    wire::tlog::{Hash, TILE_WIDTH, Tile},
};

/// The hashes of a tile; `None` when the log does not have all of them.
pub(super) async fn stored(tx: &mut Tx, name: LogName, tile: Tile) -> Result<Option<Vec<Hash>>, StoreError> {
    // Most of what is asked for has become full, also where it was not at the size in question.
    if let Some(mut full) = log::tile(tx, name, tile.level(), tile.index()).await? {
        full.truncate(tile.width().into());
        return Ok(Some(full));
    }
    if tile.is_full() {
        return Ok(None);
    }
    let from = tile.index().saturating_mul(TILE_WIDTH.into());
    let to = from.saturating_add(tile.width().into());
    let hashes = match tile.level().checked_sub(1) {
        None => log::leaves(tx, name, from, to).await?.iter().map(|leaf| Hash::of_leaf(leaf)).collect(),
        Some(below) => log::tile_roots(tx, name, below, from, to).await?,
    };
    Ok((hashes.len() == usize::from(tile.width())).then_some(hashes))
}

/// Those of these tiles that the log has.
pub(super) async fn gather(
    tx: &mut Tx,
    name: LogName,
    wanted: impl IntoIterator<Item = Tile>,
) -> Result<BTreeMap<Tile, Vec<Hash>>, StoreError> {
    let mut found = BTreeMap::new();
    for tile in wanted {
        if let Some(hashes) = stored(tx, name, tile).await? {
            found.insert(tile, hashes);
        }
    }
    Ok(found)
}
