//! What one segment is replayed from.

use alloc::{collections::BTreeSet, vec::Vec};
use core::cell::RefCell;

use super::replay::run;
use crate::{
    cell::Cell,
    codec::Placed,
    error::StateError,
    execute::State,
    tree::{Found, Tree},
    types::{Hash, Key},
};

/// The witness from which [`super::replay_segment`] replays a segment on the state before it, be the segment valid or not: it opens
/// every cell that is looked at until the replay ends. Call [`Tree::root`] first, so that all hashes are known.
///
/// # Errors
///
/// [`StateError`] when the tree is itself pruned.
pub fn segment_witness(
    tree: &Tree,
    genesis: &Hash,
    chunk_bytes_max: usize,
    placed: &Placed,
) -> Result<Vec<u8>, StateError> {
    let mut recorder = Recorder { tree: tree.clone(), keys: RefCell::default() };
    // A segment that no block may hold is replayed as far as it goes.
    let _receipts = run(&mut recorder, genesis, chunk_bytes_max, placed);
    let keys: Vec<Key> = recorder.keys.into_inner().into_iter().collect();
    tree.witness(&keys)
}

/// A state that notes which cells are asked for.
struct Recorder {
    tree: Tree,
    keys: RefCell<BTreeSet<Key>>,
}

impl State for Recorder {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        self.keys.borrow_mut().insert(*key);
        self.tree.find(key)
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.keys.borrow_mut().insert(key);
        self.tree.put(key, cell)
    }
}
