//! Whether leaves and tiles of a log go together.

use crate::{
    domain::log::LogName,
    store::{StoreError, Tx, log},
    wire::tlog::{Edge, Hash, TILE_WIDTH},
};

/// Whether every full tile that has a part behind leaf `from` is what the leaves, or the tiles below, give. Together with the
/// root that the right edge gives, and from the first leaf on, nothing in the log can be another.
pub(super) async fn go_together(tx: &mut Tx, name: LogName, from: u64, size: u64) -> Result<bool, StoreError> {
    let width = u64::from(TILE_WIDTH);
    let (mut first, mut end) = (from / width, size / width);
    for level in 0..=u8::MAX {
        if end == 0 {
            return Ok(true);
        }
        for index in first..end {
            let below = match level.checked_sub(1) {
                None => {
                    let leaves = log::leaves(tx, name, index * width, (index + 1) * width).await?;
                    leaves.iter().map(|leaf| Hash::of_leaf(leaf)).collect()
                }
                Some(below) => log::tile_roots(tx, name, below, index * width, (index + 1) * width).await?,
            };
            let root = log::tile_roots(tx, name, level, index, index + 1).await?;
            let kept = log::tile(tx, name, level, index).await?;
            if kept.as_ref() != Some(&below) || root.first() != root_of(&below).as_ref() {
                return Ok(false);
            }
        }
        (first, end) = (first / width, end / width);
    }
    Ok(true)
}

fn root_of(hashes: &[Hash]) -> Option<Hash> {
    let mut tree = Edge::new();
    hashes.iter().try_for_each(|hash| tree.push(*hash)).ok()?;
    Some(tree.root())
}
