//! The cells that a transaction touches, kept apart from the state until all of it has succeeded.
//!
//! A cell is named by what it is of. Its key is derived, and the cell copied, when it is first touched; from then on the transaction
//! works on its own copy.

use alloc::{boxed::Box, vec::Vec};

use super::{State, name::Name};
use crate::{cell::Cell, error::StateError, types::Key};

/// Entries that there is room for from the start: what a trade touches.
const ENTRIES_TYPICAL: usize = 8;

struct Entry {
    name: Name,
    key: Key,
    /// None while there is none. Boxed, so that a list of entries is short.
    cell: Option<Box<Cell>>,
    written: bool,
}

/// A transaction's view of a state. It touches few cells, so that a list is searched faster than a map.
pub(super) struct Journal<'s, S> {
    state: &'s mut S,
    entries: Vec<Entry>,
}

impl<'s, S: State> Journal<'s, S> {
    pub(super) fn new(state: &'s mut S) -> Self {
        Self { state, entries: Vec::with_capacity(ENTRIES_TYPICAL) }
    }

    /// Reads a cell.
    pub(super) fn get(&mut self, name: Name) -> Result<Option<&Cell>, StateError> {
        self.entry(name).map(|entry| entry.cell.as_deref())
    }

    /// A cell to be changed, made by `default` when there is none.
    pub(super) fn change(
        &mut self,
        name: Name,
        default: impl FnOnce() -> Option<Cell>,
    ) -> Result<Option<&mut Cell>, StateError> {
        let entry = self.entry(name)?;
        if entry.cell.is_none() {
            entry.cell = default().map(Box::new);
        }
        entry.written = entry.cell.is_some();
        Ok(entry.cell.as_deref_mut())
    }

    /// Writes a cell.
    pub(super) fn put(&mut self, name: Name, cell: Cell) -> Result<(), StateError> {
        let entry = self.entry(name)?;
        entry.cell = Some(Box::new(cell));
        entry.written = true;
        Ok(())
    }

    /// Forgets all that was read and written.
    pub(super) fn reset(&mut self) {
        self.entries.clear();
    }

    /// Writes through to the state.
    ///
    /// A cell that cannot be written could not have been read either, and every cell is read before it is written; so it is
    /// the first write that fails if any does, and the state is unchanged.
    pub(super) fn commit(self) -> Result<(), StateError> {
        for entry in self.entries {
            if let (Some(cell), true) = (entry.cell, entry.written) {
                self.state.put(entry.key, *cell)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, name: Name) -> Result<&mut Entry, StateError> {
        let at = match self.entries.iter().position(|entry| entry.name == name) {
            Some(at) => at,
            None => {
                let key = name.key();
                let cell = self.state.get(&key)?.map(|cell| Box::new(cell.clone()));
                self.entries.push(Entry { name, key, cell, written: false });
                self.entries.len().saturating_sub(1)
            }
        };
        self.entries.get_mut(at).ok_or(StateError::Corrupt)
    }
}
