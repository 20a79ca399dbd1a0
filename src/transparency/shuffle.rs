//! The order in which the leaves of one commit get their numbers. That in which people came says who is who to whoever saw them come,
//! so it is another one; but the leaves of one place keep theirs: a place that was given up and taken again was not taken twice.

use std::collections::HashMap;

use rand::{Rng, RngExt as _};

use crate::{
    store::Pending,
    wire::tlog::leaf::{Issuance, IssuanceLeaf, SlotTag},
};

/// The leaves in an order by lot.
pub(super) fn shuffled(leaves: Vec<Pending>, rng: &mut impl Rng) -> Vec<Pending> {
    let mut lots: Vec<u64> = leaves.iter().map(|_| rng.random()).collect();
    let mut places: HashMap<SlotTag, Vec<usize>> = HashMap::new();
    for (at, leaf) in leaves.iter().enumerate() {
        if let Some(slot) = slot_of(&leaf.leaf.bytes) {
            places.entry(slot).or_default().push(at);
        }
    }
    for came in places.into_values() {
        let mut drawn: Vec<u64> = came.iter().filter_map(|at| lots.get(*at).copied()).collect();
        drawn.sort_unstable();
        for (at, lot) in came.into_iter().zip(drawn) {
            lots.get_mut(at).into_iter().for_each(|place| *place = lot);
        }
    }
    let mut drawn: Vec<_> = lots.into_iter().zip(leaves).collect();
    drawn.sort_by_key(|(lot, _)| *lot);
    drawn.into_iter().map(|(_, leaf)| leaf).collect()
}

/// The place that a leaf speaks of, if it is of that kind; most are not, and are not read for it.
fn slot_of(leaf: &[u8]) -> Option<SlotTag> {
    if !leaf.starts_with(NYM) {
        return None;
    }
    match IssuanceLeaf::parse(leaf).ok()?.facts {
        Issuance::Nym(nym) => Some(nym.slot),
        _ => None,
    }
}

const NYM: &[u8] = br#"{"v":1,"kind":"nym","#;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{
        store::{Log, NewLeaf, Receipt},
        wire::tlog::{
            Hash,
            leaf::{Hour, Nym, NymAct, OwnerTag},
        },
    };

    /// A leaf of a place; the number tells which it is.
    fn nym(number: u8, slot: u8) -> Pending {
        let act = if number.is_multiple_of(2) { NymAct::Create } else { NymAct::Retire };
        let nym = Nym {
            act,
            slot: SlotTag::from_bytes([slot; 64]),
            owner: OwnerTag::from_bytes([number; 16]),
            commitment: Hash::of_empty_tree(),
        };
        let bytes = IssuanceLeaf::new(Hour::from_millis(0), nym).to_bytes().unwrap();
        let leaf = NewLeaf { bytes, token: None, owner: Some([number; 16]) };
        Pending { log: Log::Issuance, leaf, receipt: Receipt::default() }
    }

    fn numbers(leaves: &[Pending]) -> Vec<u8> {
        leaves.iter().map(|leaf| leaf.leaf.owner.unwrap()[0]).collect()
    }

    #[test]
    fn leaves_of_different_places_come_in_every_order() {
        let mut rng = StdRng::seed_from_u64(1);
        let orders: BTreeSet<_> =
            (0..200).map(|_| numbers(&shuffled((0..3).map(|n| nym(n, n)).collect(), &mut rng))).collect();
        assert_eq!(orders.len(), 6);
    }

    #[test]
    fn the_leaves_of_one_place_keep_their_order_among_others() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            let leaves = vec![nym(0, 7), nym(10, 1), nym(1, 7), nym(12, 2), nym(2, 7), nym(14, 3), nym(3, 7)];
            let order = numbers(&shuffled(leaves, &mut rng));
            let of_the_place: Vec<_> = order.into_iter().filter(|number| *number < 10).collect();
            assert_eq!(of_the_place, [0, 1, 2, 3]);
        }
    }
}
