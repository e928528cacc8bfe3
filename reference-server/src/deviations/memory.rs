//! What a wrong server remembers of resources, by their ids.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Something for each of some ids. Clones share it.
pub(super) struct Memory<T>(Arc<Mutex<HashMap<String, T>>>);

impl<T> Memory<T> {
    /// What is remembered; nothing may be awaited while this is held.
    pub(super) fn of_all(&self) -> MutexGuard<'_, HashMap<String, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers something of an id, in the place of what was there.
    pub(super) fn set(&self, id: &str, what: T) {
        self.of_all().insert(id.to_owned(), what);
    }

    /// Forgets an id; what was remembered of it.
    pub(super) fn forget(&self, id: &str) -> Option<T> {
        self.of_all().remove(id)
    }

    /// Whether there is something to remember of an id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.of_all().contains_key(id)
    }
}

impl<T: Clone> Memory<T> {
    /// What is remembered of an id.
    pub(super) fn recall(&self, id: &str) -> Option<T> {
        self.of_all().get(id).cloned()
    }
}

impl<T> Clone for Memory<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
