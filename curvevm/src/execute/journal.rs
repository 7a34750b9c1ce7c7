//! The cells that a transaction touches, kept apart from the state until all of it has succeeded.
//!
//! A cell is named by what it is of. Its key is derived, and the cell copied, when it is first touched; from then on the transaction
//! works on its own copy.

use alloc::{boxed::Box, vec::Vec};

use super::{Fault, State, name::Name};
use crate::{cell::Cell, error::StateError, meter::Meter, types::Key};

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
    /// None when what is left to do is in the bound of every transaction.
    meter: Option<&'s mut Meter>,
    entries: Vec<Entry>,
}

impl<'s, S: State> Journal<'s, S> {
    pub(super) fn new(state: &'s mut S, meter: &'s mut Meter) -> Self {
        Self { state, meter: Some(meter), entries: Vec::with_capacity(ENTRIES_TYPICAL) }
    }

    /// Counts work.
    pub(super) fn charge(&mut self, units: u32) -> Result<(), Fault> {
        match &mut self.meter {
            Some(meter) => Ok(meter.charge(units)?),
            None => Ok(()),
        }
    }

    /// Reads a cell.
    pub(super) fn get(&mut self, name: Name) -> Result<Option<&Cell>, Fault> {
        self.entry(name).map(|entry| entry.cell.as_deref())
    }

    /// A cell to be changed, made by `default` when there is none.
    pub(super) fn change(
        &mut self,
        name: Name,
        default: impl FnOnce() -> Option<Cell>,
    ) -> Result<Option<&mut Cell>, Fault> {
        let entry = self.entry(name)?;
        if entry.cell.is_none() {
            entry.cell = default().map(Box::new);
        }
        entry.written = entry.cell.is_some();
        Ok(entry.cell.as_deref_mut())
    }

    /// Writes a cell.
    pub(super) fn put(&mut self, name: Name, cell: Cell) -> Result<(), Fault> {
        let entry = self.entry(name)?;
        entry.cell = Some(Box::new(cell));
        entry.written = true;
        Ok(())
    }

    /// Forgets all that was read and written, and counts no more.
    pub(super) fn reset(&mut self) {
        self.entries.clear();
        self.meter = None;
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

    fn entry(&mut self, name: Name) -> Result<&mut Entry, Fault> {
        let at = match self.entries.iter().position(|entry| entry.name == name) {
            Some(at) => at,
            None => {
                let key = name.key();
                let found = self.state.find(&key)?;
                if let Some(meter) = &mut self.meter {
                    meter.touch(&key, &found)?;
                }
                let cell = found.cell.map(|cell| Box::new(cell.clone()));
                self.entries.push(Entry { name, key, cell, written: false });
                self.entries.len().saturating_sub(1)
            }
        };
        self.entries.get_mut(at).ok_or(Fault::State(StateError::Corrupt))
    }
}
