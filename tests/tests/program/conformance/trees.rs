//! State trees of many shapes: their roots, and witnesses of keys that are there and that are not.
//!
//! A witness is believed when its root is the one that is asked for; the segment begins a block, which reads and writes one cell.

use curvevm::{
    block::Content,
    cell::{Cell, Chain, Holding},
    tree::Tree,
    types::{Base, Hash, Key},
};

use super::{
    super::support::{Case, chunks},
    scene::scene,
    vector::Vector,
};

/// A key that shares its first bits with the chain's.
fn beside(bits: usize) -> Key {
    let mut bytes = Chain::key().to_bytes();
    bytes[bits / 8] ^= 0x80 >> (bits % 8);
    Key::new(bytes)
}

fn holding(amount: u64) -> Cell {
    Cell::Holding(Holding { version: 0, amount: Base::new(amount) })
}

/// The case of a block's begin, whose witness opens more keys.
fn opened(tree: &mut Tree, more: &[Key]) -> Case {
    let scene = scene();
    let body = scene.next(1, vec![], vec![]);
    let chain_id = Hash::new([8; 32]);
    let (chunk, placed) = chunks(tree, &chain_id, &body).remove(0);
    assert_eq!(placed.segment.content, Content::Nothing);
    let mut case = Case::new(tree, &chain_id, (&chunk, placed.offset));
    let keys = [&[Chain::key()], more].concat();
    case.witness = tree.witness(&keys).unwrap();
    case
}

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = vec![];
    let mut show = |name: String, keys: &[Key], open: &[Key]| {
        let mut tree = Tree::new();
        tree.put(Chain::key(), Cell::Chain(Chain::default())).unwrap();
        for (at, key) in (1..).zip(keys) {
            tree.put(*key, holding(at)).unwrap();
        }
        let case = opened(&mut tree, open);
        assert!(case.native().is_ok(), "{name}");
        vectors.push(Vector::new(name, &case));
    };
    show("one cell".into(), &[], &[]);
    for bits in [0, 1, 7, 8, 39, 63, 64, 127, 254, 255] {
        let key = beside(bits);
        show(format!("two cells that share {bits} bits"), &[key], &[]);
        show(format!("both opened, {bits} bits"), &[key], &[key]);
        show(format!("one opened and one absent, {bits} bits"), &[], &[key]);
    }
    let path: Vec<Key> = (0..40).map(beside).collect();
    show("a path of 40 cells".into(), &path, &[]);
    show("a path of 40 cells, three opened".into(), &path, &[path[0], path[20], path[39]]);
    show("absent at the end of a path".into(), &path[..39], &[path[39]]);
    let scattered: Vec<Key> =
        (0..64u8).map(|at| Key::new(curvevm::host::sha256(&[&[at]]).to_bytes())).collect();
    show("64 cells".into(), &scattered, &[]);
    show("64 cells, 16 opened".into(), &scattered, &scattered[..16]);
    vectors
}
