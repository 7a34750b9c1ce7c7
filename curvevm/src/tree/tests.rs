//! Tests of the state tree.

use std::{collections::BTreeMap, vec::Vec};

use proptest::prelude::*;

use super::Tree;
use crate::{
    cell::{Cell, Holding},
    error::StateError,
    host::sha256,
    types::{Base, Hash, Key},
};

fn cell(amount: u64) -> Cell {
    Cell::Holding(Holding { version: 0, amount: Base::new(amount) })
}

fn key(seed: u64) -> Key {
    Key::new(sha256(&[&seed.to_le_bytes()]).to_bytes())
}

/// The root by definition, written without the tree.
fn reference(cells: &BTreeMap<Key, Cell>, depth: usize) -> Hash {
    let mut all = cells.iter();
    let (Some((key, cell)), more) = (all.next(), all.next()) else { return Hash::ZERO };
    if more.is_none() {
        return sha256(&[&[0], key.as_ref(), sha256(&[&cell.encode()]).as_ref()]);
    }
    let side = |right: bool| {
        let cells = cells
            .iter()
            .filter(|(key, _)| (key.as_bytes()[depth / 8] >> (7 - depth % 8) & 1 == 1) == right)
            .map(|(key, cell)| (*key, cell.clone()))
            .collect();
        reference(&cells, depth + 1)
    };
    sha256(&[&[1], side(false).as_ref(), side(true).as_ref()])
}

fn fill(cells: &BTreeMap<Key, Cell>) -> Tree {
    let mut tree = Tree::new();
    for (key, cell) in cells {
        tree.put(*key, cell.clone()).unwrap();
    }
    tree
}

#[test]
fn the_empty_tree_has_the_zero_root() {
    assert_eq!(Tree::new().root(), Hash::ZERO);
    assert_eq!(Tree::new().get(&key(1)), Ok(None));
}

#[test]
fn a_clone_is_not_changed_by_a_write() {
    let mut tree = fill(&(0..50).map(|at| (key(at), cell(at))).collect());
    let root = tree.root();
    let mut fork = tree.clone();
    fork.put(key(7), cell(999)).unwrap();
    assert_ne!(fork.root(), root);
    assert_eq!(tree.root(), root);
    assert_eq!(tree.get(&key(7)), Ok(Some(&cell(7))));
}

#[test]
fn keys_that_share_255_bits_are_told_apart() {
    let mut last = [0xaa; 32];
    last[31] = 0xab;
    let cells: BTreeMap<_, _> = [(Key::new([0xaa; 32]), cell(1)), (Key::new(last), cell(2))].into();
    let mut tree = fill(&cells);
    assert_eq!(tree.root(), reference(&cells, 0));
    let bytes = tree.witness(&[Key::new(last)]).unwrap();
    let mut pruned = Tree::from_witness(&bytes).unwrap();
    assert_eq!(pruned.root(), tree.root());
    pruned.put(Key::new(last), cell(3)).unwrap();
    tree.put(Key::new(last), cell(3)).unwrap();
    assert_eq!(pruned.root(), tree.root());
}

#[test]
fn a_pruned_part_is_neither_read_nor_written() {
    let mut tree = fill(&(0..100).map(|at| (key(at), cell(at))).collect());
    let root = tree.root();
    let mut pruned = Tree::from_witness(&tree.witness(&[key(1)]).unwrap()).unwrap();
    let far =
        (0..100).map(key).find(|key| pruned.get(key) == Err(StateError::NotInWitness)).unwrap();
    assert_eq!(pruned.put(far, cell(1)), Err(StateError::NotInWitness));
    assert_eq!(pruned.root(), root);
}

#[test]
fn a_changed_witness_has_another_root_or_is_refused() {
    let mut tree = fill(&(0..40).map(|at| (key(at), cell(at))).collect());
    let root = tree.root();
    let bytes = tree.witness(&[key(3), key(1_000)]).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(mut pruned) = Tree::from_witness(&changed) {
            assert_ne!(pruned.root(), root, "byte {at}");
        }
        assert!(Tree::from_witness(&bytes[..at]).is_err(), "cut at {at}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(Tree::from_witness(&longer).unwrap_err(), StateError::BadWitness);
}

#[test]
fn a_witness_deeper_than_a_key_is_refused() {
    assert_eq!(Tree::from_witness(&[4; 300]).unwrap_err(), StateError::BadWitness);
}

#[test]
fn a_leaf_that_is_off_the_path_of_its_key_is_refused() {
    let encoded = cell(1).encode();
    let length = u16::try_from(encoded.len()).unwrap().to_le_bytes();
    let key = |first: u8| {
        let mut key = [0; 32];
        key[0] = first;
        key
    };
    let open = |first| [&[2], &key(first)[..], &length, &encoded].concat();
    let closed = |first| [&[3], &key(first)[..], &[7; 32]].concat();
    let pruned = [&[1], &[5; 32][..]].concat();
    // The first two are below the left side.
    let read = |sides: [&Vec<u8>; 3]| {
        Tree::from_witness(&[&[4, 4][..], sides[0], sides[1], sides[2]].concat()).map(drop)
    };
    for (low, high) in [(open(0x3f), open(0x80)), (closed(0x3f), closed(0x80))] {
        assert_eq!(read([&low, &pruned, &high]), Ok(()));
        for sides in [[&low, &pruned, &low], [&high, &pruned, &high], [&pruned, &low, &high]] {
            assert_eq!(read(sides), Err(StateError::BadWitness));
        }
    }
}

proptest! {
    /// Invariants 1 and 2, with updates through a witness.
    #[test]
    fn agrees_with_the_reference(
        first in prop::collection::btree_map(0u64..400, any::<u64>(), 0..120),
        updates in prop::collection::vec((0u64..500, any::<u64>()), 0..40),
    ) {
        let mut cells: BTreeMap<Key, Cell> =
            first.iter().map(|(at, amount)| (key(*at), cell(*amount))).collect();
        let mut tree = fill(&cells);
        prop_assert_eq!(tree.root(), reference(&cells, 0));

        let touched: Vec<Key> = updates.iter().map(|(at, _)| key(*at)).collect();
        let mut pruned = Tree::from_witness(&tree.witness(&touched).unwrap()).unwrap();
        prop_assert_eq!(pruned.root(), tree.root());
        for at in &touched {
            prop_assert_eq!(pruned.get(at).unwrap(), cells.get(at));
        }
        for (at, amount) in updates {
            cells.insert(key(at), cell(amount));
            tree.put(key(at), cell(amount)).unwrap();
            pruned.put(key(at), cell(amount)).unwrap();
            if amount % 3 == 0 {
                prop_assert_eq!(pruned.root(), tree.root());
            }
        }
        prop_assert_eq!(tree.root(), reference(&cells, 0));
        prop_assert_eq!(pruned.root(), tree.root());
        let mut seen = BTreeMap::new();
        tree.for_each(|key, cell| { seen.insert(*key, cell.clone()); });
        prop_assert_eq!(seen, cells);
    }

    #[test]
    fn arbitrary_witness_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(mut tree) = Tree::from_witness(&bytes) {
            tree.root();
        }
    }
}
