//! From a key to the slots of the resources that carry it. The values themselves stay with the resources; the
//! index holds hashes only, so that a million users need twelve bytes or so per key and no second copy.

use std::{
    collections::{BTreeSet, hash_map::RandomState},
    hash::BuildHasher,
};

use crate::store::{Key, Kind};

/// An ordered set of (hash of the key, slot). Two keys may share a hash: who looks up compares the keys of what
/// it finds.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: BTreeSet<(u64, u32)>,
    hasher: RandomState,
}

impl Index {
    pub(super) fn insert(&mut self, kind: Kind, key: &Key, slot: u32) {
        self.entries.insert((self.hash(kind, key), slot));
    }

    pub(super) fn remove(&mut self, kind: Kind, key: &Key, slot: u32) {
        self.entries.remove(&(self.hash(kind, key), slot));
    }

    /// The slots that may carry the key.
    pub(super) fn candidates(&self, kind: Kind, key: &Key) -> impl Iterator<Item = u32> {
        let hash = self.hash(kind, key);
        self.entries.range((hash, 0)..=(hash, u32::MAX)).map(|(_, slot)| *slot)
    }

    fn hash(&self, kind: Kind, key: &Key) -> u64 {
        self.hasher.hash_one((kind, key))
    }
}
