//! The writes of a transaction, kept apart from the state until all of it has succeeded.

use alloc::vec::Vec;

use super::State;
use crate::{cell::Cell, error::StateError, types::Key};

/// Writes over a state. A transaction touches few cells, so that a list is searched faster than a map.
pub(super) struct Journal<'s, S> {
    state: &'s mut S,
    writes: Vec<(Key, Cell)>,
}

impl<'s, S: State> Journal<'s, S> {
    pub(super) fn new(state: &'s mut S) -> Self {
        Self { state, writes: Vec::with_capacity(8) }
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError> {
        match self.writes.iter().find(|(written, _)| written == key) {
            Some((_, cell)) => Ok(Some(cell)),
            None => self.state.get(key),
        }
    }

    pub(super) fn put(&mut self, key: Key, cell: Cell) {
        match self.writes.iter_mut().find(|(written, _)| *written == key) {
            Some(write) => write.1 = cell,
            None => self.writes.push((key, cell)),
        }
    }

    /// Forgets all writes.
    pub(super) fn reset(&mut self) {
        self.writes.clear();
    }

    /// Writes through to the state.
    ///
    /// A cell that cannot be written could not have been read either, and every cell is read before it is written; so it is
    /// the first write that fails if any does, and the state is unchanged.
    pub(super) fn commit(self) -> Result<(), StateError> {
        for (key, cell) in self.writes {
            self.state.put(key, cell)?;
        }
        Ok(())
    }
}
