//! What never changes once it is full, kept in memory so that a crowd of mirrors does not read the database again and again.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bounded in bytes; what came first goes first.
pub(super) struct Cache<K>(Mutex<Kept<K>>);

struct Kept<K> {
    of: HashMap<K, Arc<[u8]>>,
    order: VecDeque<K>,
    bytes: usize,
    most: usize,
}

impl<K: Copy + Eq + Hash> Cache<K> {
    pub(super) fn new(most: usize) -> Self {
        Self(Mutex::new(Kept { of: HashMap::new(), order: VecDeque::new(), bytes: 0, most }))
    }

    pub(super) fn find(&self, key: K) -> Option<Arc<[u8]>> {
        self.kept().of.get(&key).cloned()
    }

    pub(super) fn keep(&self, key: K, value: &Arc<[u8]>) {
        let mut kept = self.kept();
        if value.len() > kept.most || kept.of.contains_key(&key) {
            return;
        }
        kept.bytes += value.len();
        kept.of.insert(key, Arc::clone(value));
        kept.order.push_back(key);
        while kept.bytes > kept.most
            && let Some(oldest) = kept.order.pop_front()
        {
            let gone = kept.of.remove(&oldest);
            kept.bytes -= gone.map_or(0, |gone| gone.len());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_there_is_room_for_and_the_oldest_goes_first() {
        let cache = Cache::new(10);
        for key in 0..4 {
            cache.keep(key, &Arc::from([key; 4]));
        }
        assert_eq!([0, 1, 2, 3].map(|key| cache.find(key).is_some()), [false, false, true, true]);
        cache.keep(9, &Arc::from([9; 11]));
        assert!(cache.find(9).is_none(), "what is larger than all the room is not kept");
        cache.keep(2, &Arc::from([7; 4]));
        assert_eq!(cache.find(2).unwrap()[0], 2, "what is there stays as it is");
        assert_eq!(cache.kept().bytes, 8);
    }
}
