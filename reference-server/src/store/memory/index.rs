//! From a key to the slots of the resources that carry it. The values themselves stay with the resources; the
//! index holds hashes only, so that a million users need some forty bytes per key and no second copy.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry, hash_map::RandomState},
    hash::{BuildHasher, BuildHasherDefault, Hasher},
};

use crate::store::{Key, Kind};

/// A table that grows copies all that it holds while everyone waits. Of so many small ones each copies little, and
/// they do not all grow at once.
const PARTS: usize = 256;

/// The slots by the hash of a key. Two keys may share a hash: who looks up compares the keys of what it finds.
///
/// Hash tables and no tree: the hashes are random, so that every level of a tree of a million of them would be
/// another place in memory that is in no cache.
#[derive(Debug)]
pub(super) struct Index {
    parts: Box<[Part]>,
    hasher: RandomState,
}

type Part = HashMap<u64, Slots, BuildHasherDefault<Hashed>>;

/// Most keys belong to one resource. A name that a million people share is still one step away from each.
#[derive(Debug)]
enum Slots {
    One(u32),
    #[expect(
        clippy::box_collection,
        reason = "without the box, the millions that are One would be half as large again"
    )]
    Many(Box<BTreeSet<u32>>),
}

/// Takes what is a hash already for its hash.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Default for Index {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| Part::default()).collect(), hasher: RandomState::new() }
    }
}

impl Index {
    pub(super) fn insert(&mut self, kind: Kind, key: &Key, slot: u32) {
        let hash = self.hash(kind, key);
        let Some(part) = self.parts.get_mut(part(hash)) else { return };
        match part.entry(hash) {
            Entry::Vacant(vacant) => {
                vacant.insert(Slots::One(slot));
            }
            Entry::Occupied(mut occupied) => occupied.get_mut().insert(slot),
        }
    }

    pub(super) fn remove(&mut self, kind: Kind, key: &Key, slot: u32) {
        let hash = self.hash(kind, key);
        let Some(part) = self.parts.get_mut(part(hash)) else { return };
        if let Entry::Occupied(mut occupied) = part.entry(hash)
            && occupied.get_mut().remove(slot)
        {
            occupied.remove();
        }
    }

    /// The slots that may carry the key, in ascending order.
    pub(super) fn candidates(&self, kind: Kind, key: &Key) -> impl Iterator<Item = u32> {
        let hash = self.hash(kind, key);
        let slots = self.parts.get(part(hash)).and_then(|part| part.get(&hash));
        let (one, many) = match slots {
            None => (None, None),
            Some(Slots::One(slot)) => (Some(*slot), None),
            Some(Slots::Many(slots)) => (None, Some(slots)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|slots| slots.iter().copied()))
    }

    fn hash(&self, kind: Kind, key: &Key) -> u64 {
        self.hasher.hash_one((kind, key))
    }
}

/// The bits that a table of the standard library looks at least: it takes the lowest for the place and the highest
/// seven for a tag.
fn part(hash: u64) -> usize {
    (hash >> 40) as usize % PARTS
}

impl Slots {
    fn insert(&mut self, slot: u32) {
        match self {
            Self::One(one) if *one == slot => {}
            Self::One(one) => *self = Self::Many(Box::new(BTreeSet::from([*one, slot]))),
            Self::Many(slots) => {
                slots.insert(slot);
            }
        }
    }

    /// Whether none is left.
    fn remove(&mut self, slot: u32) -> bool {
        match self {
            Self::One(one) => *one == slot,
            Self::Many(slots) => {
                slots.remove(&slot);
                slots.is_empty()
            }
        }
    }
}

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only numbers are hashed here; what else there may be is spread all the same.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Indexed;

    fn key(value: &str) -> Key {
        Key { attribute: Indexed::DisplayName, value: value.into() }
    }

    fn found(index: &Index, value: &str) -> Vec<u32> {
        index.candidates(Kind::User, &key(value)).collect()
    }

    #[test]
    fn a_key_that_many_carry_finds_all_of_them_and_loses_one_at_a_time() {
        let mut index = Index::default();
        for slot in [3, 1, 2, 2] {
            index.insert(Kind::User, &key("ada"), slot);
        }
        index.insert(Kind::User, &key("grace"), 9);
        assert_eq!(found(&index, "ada"), [1, 2, 3]);
        index.remove(Kind::User, &key("ada"), 2);
        index.remove(Kind::User, &key("ada"), 7);
        assert_eq!(found(&index, "ada"), [1, 3]);
        index.remove(Kind::User, &key("ada"), 1);
        index.remove(Kind::User, &key("ada"), 3);
        assert_eq!(found(&index, "ada"), [0; 0]);
        assert_eq!(found(&index, "grace"), [9]);
    }

    #[test]
    fn what_one_carries_is_not_lost_through_another() {
        let mut index = Index::default();
        index.insert(Kind::User, &key("ada"), 3);
        index.remove(Kind::User, &key("ada"), 4);
        assert_eq!(found(&index, "ada"), [3]);
        index.remove(Kind::User, &key("ada"), 3);
        assert_eq!(found(&index, "ada"), [0; 0]);
    }

    #[test]
    fn every_part_is_used() {
        let mut index = Index::default();
        for slot in 0..10_000 {
            index.insert(Kind::User, &key(&slot.to_string()), slot);
        }
        assert!(index.parts.iter().all(|part| !part.is_empty()));
        assert!((0..10_000).all(|slot| found(&index, &slot.to_string()) == [slot]));
    }
}
