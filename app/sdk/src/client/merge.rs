//! Two witnesses of one root as one, which opens what either opens. A node proves one cell at a time.
//!
//! The form is that of [`curvevm::tree::witness`].

/// The length of a key and of a hash, in bytes.
const HASH_BYTES: usize = 32;

const EMPTY: u8 = 0;
const PRUNED: u8 = 1;
const OPEN: u8 = 2;
const CLOSED: u8 = 3;
const BRANCH: u8 = 4;
/// The longest path, the length of a key in bits: how deep the recursion goes.
const DEPTH_MAX: usize = 256;

/// The witness that opens what either of two opens; nothing when they are no witnesses of one tree.
///
/// It is the caller's to check that what comes of it leads to the root.
pub(super) fn merge(left: &[u8], right: &[u8]) -> Option<Vec<u8>> {
    let (mut left, mut right) = (Reader(left), Reader(right));
    let mut out = Vec::new();
    both(&mut left, &mut right, (&mut out, DEPTH_MAX))?;
    (left.0.is_empty() && right.0.is_empty()).then_some(out)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next node; of a branch its tag only, whose sides follow.
    fn node(&mut self) -> Option<&'a [u8]> {
        let head = 1 + HASH_BYTES;
        let length = match self.tag()? {
            EMPTY | BRANCH => 1,
            PRUNED => 1 + HASH_BYTES,
            OPEN => {
                let cell = u16::from_le_bytes(*self.0.get(head..)?.first_chunk()?);
                head + 2 + usize::from(cell)
            }
            CLOSED => head + HASH_BYTES,
            _ => return None,
        };
        let (node, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(node)
    }

    /// The next node with all that is below it.
    fn subtree(&mut self) -> Option<&'a [u8]> {
        let start = self.0;
        let mut wanted = 1usize;
        while wanted > 0 {
            let is_branch = self.tag()? == BRANCH;
            self.node()?;
            wanted = if is_branch { wanted + 1 } else { wanted - 1 };
        }
        start.get(..start.len() - self.0.len())
    }
}

/// Writes what either reader has of the same subtree, at most `depth` branches deep.
fn both(
    left: &mut Reader<'_>,
    right: &mut Reader<'_>,
    (out, depth): (&mut Vec<u8>, usize),
) -> Option<()> {
    match (left.tag()?, right.tag()?) {
        (BRANCH, BRANCH) => {
            let below = depth.checked_sub(1)?;
            out.extend(left.node()?);
            right.node()?;
            both(left, right, (out, below))?;
            both(left, right, (out, below))?;
        }
        (PRUNED, _) | (CLOSED, OPEN) => {
            left.node()?;
            out.extend(right.subtree()?);
        }
        (_, PRUNED) | (OPEN, CLOSED) => {
            right.node()?;
            out.extend(left.subtree()?);
        }
        (EMPTY, EMPTY) | (OPEN, OPEN) | (CLOSED, CLOSED) => {
            out.extend(left.node()?);
            right.node()?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use curvevm::{
        cell::{Cell, Holding},
        host::sha256,
        tree::Tree,
        types::{Base, Key},
    };

    use super::*;

    fn key(index: u64) -> Key {
        Key::new(sha256(&[&index.to_le_bytes()]).to_bytes())
    }

    fn tree(cells: u64) -> Tree {
        let mut tree = Tree::new();
        for index in 0..cells {
            let holding = Holding { amount: Base::new(index), ..Holding::default() };
            tree.put(key(index), Cell::Holding(holding)).unwrap();
        }
        tree.root();
        tree
    }

    #[test]
    fn two_witnesses_make_the_witness_of_both() {
        for cells in [0, 1, 2, 3, 5, 50] {
            let tree = tree(cells);
            // Keys that are there, and some that are not.
            for (a, b) in (0..cells + 4).flat_map(|a| (0..cells + 4).map(move |b| (a, b))) {
                let witness = |keys: &[Key]| tree.witness(keys).unwrap();
                let merged = merge(&witness(&[key(a)]), &witness(&[key(b)])).unwrap();
                assert_eq!(merged, witness(&[key(a), key(b)]), "{a} and {b} of {cells}");
            }
        }
    }

    #[test]
    fn what_is_no_witness_of_the_tree_is_none() {
        let tree = tree(9);
        let witness = tree.witness(&[key(1)]).unwrap();
        for end in 0..witness.len() {
            assert_eq!(merge(&witness[..end], &witness), None, "{end}");
        }
        assert_eq!(merge(&[&witness[..], &[0]].concat(), &witness), None);
        assert_eq!(merge(&[9], &[9]), None);
        let deep = vec![BRANCH; 10_000];
        assert_eq!(merge(&deep, &deep), None);
    }
}
