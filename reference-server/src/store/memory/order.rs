//! The order of a list: entries in the order of creation, found by place or by sequence. Knows nothing of what
//! the entries stand for.

use crate::store::Sequence;

/// How many entries one chunk holds at most. A place is found by adding up the lengths of the chunks, which for
/// a million entries is a walk over two thousand numbers: some microseconds, wherever the page lies.
const CHUNK: usize = 512;

/// Entries in ascending order of their sequence, in chunks.
#[derive(Debug, Default)]
pub(super) struct Order {
    chunks: Vec<Vec<Entry>>,
    len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    sequence: Sequence,
    slot: u32,
}

impl Order {
    /// No entries.
    pub(super) const EMPTY: Self = Self { chunks: Vec::new(), len: 0 };

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds an entry, whose sequence must be higher than all others.
    pub(super) fn push(&mut self, sequence: Sequence, slot: u32) {
        let entry = Entry { sequence, slot };
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(entry),
            _ => self.chunks.push(vec![entry]),
        }
        self.len += 1;
    }

    /// Takes the entry with this sequence out.
    pub(super) fn remove(&mut self, sequence: Sequence) {
        let chunk = self.chunk_of(sequence);
        let Some(entries) = self.chunks.get_mut(chunk) else { return };
        let Ok(place) = entries.binary_search_by_key(&sequence, |entry| entry.sequence) else { return };
        entries.remove(place);
        self.len -= 1;
        self.tidy(chunk);
    }

    /// The slots from the 0-based place `offset` on.
    pub(super) fn at_offset(&self, offset: usize) -> impl Iterator<Item = u32> {
        let mut before = offset;
        let mut chunk = 0;
        while let Some(entries) = self.chunks.get(chunk)
            && before >= entries.len()
        {
            before -= entries.len();
            chunk += 1;
        }
        self.slots(chunk, before)
    }

    /// The slots whose sequence is higher than this one.
    pub(super) fn after(&self, sequence: Sequence) -> impl Iterator<Item = u32> {
        let chunk = self.chunk_of(sequence);
        let place = self
            .chunks
            .get(chunk)
            .map_or(0, |entries| entries.partition_point(|entry| entry.sequence <= sequence));
        self.slots(chunk, place)
    }

    /// The slots whose sequence is lower than this one, the highest first.
    pub(super) fn before(&self, sequence: Sequence) -> impl Iterator<Item = u32> {
        let chunk = self.chunk_of(sequence);
        let place = self
            .chunks
            .get(chunk)
            .map_or(0, |entries| entries.partition_point(|entry| entry.sequence < sequence));
        let partly = self.chunks.get(chunk).and_then(|entries| entries.get(..place)).unwrap_or_default();
        let wholly = self.chunks.get(..chunk).unwrap_or_default();
        let entries = partly.iter().rev().chain(wholly.iter().rev().flat_map(|entries| entries.iter().rev()));
        entries.map(|entry| entry.slot)
    }

    fn slots(&self, chunk: usize, place: usize) -> impl Iterator<Item = u32> {
        let chunks = self.chunks.get(chunk..).unwrap_or_default();
        chunks.iter().flatten().skip(place).map(|entry| entry.slot)
    }

    /// The chunk in which the sequence is, if it is anywhere. No chunk is ever empty.
    fn chunk_of(&self, sequence: Sequence) -> usize {
        self.chunks.partition_point(|entries| entries.last().is_some_and(|last| last.sequence < sequence))
    }

    /// Keeps chunks from becoming many and small, when much is deleted.
    fn tidy(&mut self, chunk: usize) {
        if self.chunks.get(chunk).is_some_and(Vec::is_empty) {
            self.chunks.remove(chunk);
        } else if let [left, right, ..] = self.chunks.get_mut(chunk..).unwrap_or_default()
            && left.len() + right.len() <= CHUNK / 2
        {
            left.append(right);
            self.chunks.remove(chunk + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u32) -> Order {
        let mut order = Order::default();
        for n in 0..count {
            order.push(Sequence(n.into()), n);
        }
        order
    }

    #[test]
    fn a_page_starts_at_its_place() {
        let order = filled(2_000);
        assert_eq!(order.at_offset(0).take(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(order.at_offset(511).take(3).collect::<Vec<_>>(), [511, 512, 513]);
        assert_eq!(order.at_offset(1_999).take(3).collect::<Vec<_>>(), [1_999]);
        assert_eq!(order.at_offset(2_000).count(), 0);
        assert_eq!(order.at_offset(usize::MAX).count(), 0);
    }

    #[test]
    fn what_is_removed_leaves_no_hole() {
        let mut order = filled(2_000);
        for n in (0..2_000).filter(|n| n % 100 != 7) {
            order.remove(Sequence(n));
        }
        assert_eq!(order.len(), 20);
        let left: Vec<u32> = (0..20).map(|n| n * 100 + 7).collect();
        assert_eq!(order.at_offset(0).collect::<Vec<_>>(), left);
        assert_eq!(order.at_offset(5).collect::<Vec<_>>(), left[5..]);
        assert!(order.chunks.len() <= 4, "{} chunks", order.chunks.len());
    }

    #[test]
    fn a_scan_goes_on_after_an_entry_that_is_gone() {
        let mut order = filled(1_000);
        order.remove(Sequence(600));
        assert_eq!(order.after(Sequence(599)).next(), Some(601));
        assert_eq!(order.after(Sequence(600)).next(), Some(601));
        assert_eq!(order.after(Sequence(998)).collect::<Vec<_>>(), [999]);
        assert_eq!(order.after(Sequence(999)).count(), 0);
    }

    #[test]
    fn the_way_back_is_the_way_forth_in_reverse() {
        let mut order = filled(1_000);
        order.remove(Sequence(512));
        assert_eq!(order.before(Sequence(514)).take(3).collect::<Vec<_>>(), [513, 511, 510]);
        assert_eq!(order.before(Sequence(0)).count(), 0);
        assert_eq!(order.before(Sequence(u64::MAX)).count(), 999);
    }

    #[test]
    fn removing_what_is_not_there_changes_nothing() {
        let mut order = filled(10);
        order.remove(Sequence(3));
        order.remove(Sequence(3));
        order.remove(Sequence(99));
        assert_eq!(order.len(), 9);
    }
}
