//! The Merkle tree of RFC 6962, section 2.1, over SHA-256: leaf prefix 0x00, node prefix 0x01.

use alloc::vec::Vec;

use crate::{host::sha256, types::Hash};

/// What proves that a leaf is in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<'p> {
    /// The leaf's place, from zero.
    pub index: u32,
    /// How many leaves the tree has.
    pub size: u32,
    /// The siblings on the way to the root, the leaf's first.
    pub path: &'p [Hash],
}

/// The root over `leaves`; for none, the hash of nothing.
pub fn root<L: AsRef<[u8]>>(leaves: &[L]) -> Hash {
    let mut level = leaf_hashes(leaves);
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied().unwrap_or_else(|| sha256(&[]))
}

/// The path of the leaf at `index`, as in [`Proof`]; none when there is no such leaf.
pub fn path<L: AsRef<[u8]>>(leaves: &[L], index: usize) -> Option<Vec<Hash>> {
    leaves.get(index)?;
    let (mut level, mut at, mut path) = (leaf_hashes(leaves), index, Vec::new());
    while level.len() > 1 {
        path.extend(level.get(at ^ 1));
        level = parents(&level);
        at >>= 1;
    }
    Some(path)
}

/// Whether `proof` leads from `leaf` to `root`: RFC 9162, section 2.1.3.2.
pub fn verify(root: &Hash, leaf: &[u8], proof: &Proof<'_>) -> bool {
    if proof.index >= proof.size {
        return false;
    }
    let (mut at, mut last) = (proof.index, proof.size.saturating_sub(1));
    let mut hash = leaf_hash(leaf);
    // `last` loses a bit with each node, so that no path is walked further than 32 nodes.
    for sibling in proof.path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            // A node that was last in an odd row had moved up to here.
            let moved = if at == 0 { 32 } else { at.trailing_zeros() };
            at = at.checked_shr(moved).unwrap_or(0);
            last = last.checked_shr(moved).unwrap_or(0);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

fn leaf_hashes<L: AsRef<[u8]>>(leaves: &[L]) -> Vec<Hash> {
    leaves.iter().map(|leaf| leaf_hash(leaf.as_ref())).collect()
}

/// The row above. Pairing row by row, with an odd last node moved up, is the split of the RFC.
fn parents(level: &[Hash]) -> Vec<Hash> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node_hash(left, right),
            [single, ..] => *single,
            [] => Hash::ZERO,
        })
        .collect()
}

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

/// The hash of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left.as_ref(), right.as_ref()])
}

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec::Vec};

    use super::{Proof, leaf_hash, node_hash, path, root, verify};
    use crate::types::Hash;

    /// The inputs of the Certificate Transparency reference tests (google/certificate-transparency,
    /// `cpp/merkletree/merkle_tree_test.cc`), as all below.
    fn reference_leaves() -> Vec<Vec<u8>> {
        [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .iter()
        .map(|leaf| hex::decode(leaf).unwrap())
        .collect()
    }

    const REFERENCE_ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// A leaf's number from one, how many leaves, the path.
    const REFERENCE_PATHS: [(u32, u32, &[&str]); 5] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (3, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            2,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];

    #[test]
    fn reference_roots() {
        let leaves = reference_leaves();
        for (count, expected) in REFERENCE_ROOTS.iter().enumerate() {
            assert_eq!(root(&leaves[..count]).to_string(), *expected, "{count} leaves");
        }
    }

    #[test]
    fn reference_paths() {
        let leaves = reference_leaves();
        for (number, size, expected) in REFERENCE_PATHS {
            let (index, count) = (number - 1, size as usize);
            let expected: Vec<Hash> = expected.iter().map(|hash| hash.parse().unwrap()).collect();
            assert_eq!(path(&leaves[..count], index as usize), Some(expected.clone()));
            let root = REFERENCE_ROOTS[count].parse().unwrap();
            let proof = Proof { index, size, path: &expected };
            assert!(verify(&root, &leaves[index as usize], &proof), "{number} of {size}");
        }
    }

    /// Leaves of different lengths.
    fn leaves(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|at| std::vec![at as u8; at % 5 + 1]).collect()
    }

    /// The path as section 2.1.1 of RFC 6962 defines it, by recursion.
    fn defined(leaves: &[Vec<u8>], index: usize) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, other) = if index < left.len() {
            (defined(left, index), root(right))
        } else {
            (defined(right, index - left.len()), root(left))
        };
        path.push(other);
        path
    }

    #[test]
    fn every_leaf_of_every_size_has_its_path_and_no_other() {
        for size in 1..=64u32 {
            let leaves = leaves(size as usize);
            let root = root(&leaves);
            for index in 0..size {
                let leaf = &leaves[index as usize];
                let path = path(&leaves, index as usize).unwrap();
                assert_eq!(path, defined(&leaves, index as usize));
                let proof = Proof { index, size, path: &path };
                assert!(verify(&root, leaf, &proof), "{index} of {size}");
                for other in (0..size).filter(|other| *other != index) {
                    assert!(!verify(&root, leaf, &Proof { index: other, ..proof }));
                    assert!(!verify(&root, &leaves[other as usize], &proof));
                }
                assert!(!verify(&leaf_hash(b"another"), leaf, &proof));
                changed(&root, leaf, &proof);
            }
            assert_eq!(super::path(&leaves, size as usize), None);
        }
    }

    /// A path with a node changed, left out or more than there are leads nowhere.
    fn changed(root: &Hash, leaf: &[u8], proof: &Proof<'_>) {
        let other = leaf_hash(b"other");
        for at in 0..proof.path.len() {
            let mut path = proof.path.to_vec();
            path[at] = other;
            assert!(!verify(root, leaf, &Proof { path: &path, ..*proof }));
            path.remove(at);
            assert!(!verify(root, leaf, &Proof { path: &path, ..*proof }));
        }
        for at in 0..=proof.path.len() {
            let mut path = proof.path.to_vec();
            path.insert(at, other);
            assert!(!verify(root, leaf, &Proof { path: &path, ..*proof }));
        }
    }

    #[test]
    fn no_proof_is_walked_past_its_tree() {
        let hash = leaf_hash(b"leaf");
        let long = std::vec![hash; 100];
        for (index, size) in [(0, 0), (1, 1), (0, 1), (5, 5), (u32::MAX, u32::MAX), (7, u32::MAX)] {
            assert!(!verify(&hash, b"leaf", &Proof { index, size, path: &long }));
        }
        assert!(verify(&hash, b"leaf", &Proof { index: 0, size: 1, path: &[] }));
        assert!(!verify(&hash, b"leaf", &Proof { index: 0, size: 2, path: &[] }));
        // The last of 2^32 - 1 leaves, and the first.
        let right = (0..31).fold(hash, |node, _| node_hash(&hash, &node));
        let last = Proof { index: u32::MAX - 1, size: u32::MAX, path: &long[..31] };
        assert!(verify(&right, b"leaf", &last));
        let left = (0..32).fold(hash, |node, _| node_hash(&node, &hash));
        assert!(verify(&left, b"leaf", &Proof { index: 0, size: u32::MAX, path: &long[..32] }));
    }

    /// An inner node is no leaf: its hash has another prefix.
    #[test]
    fn a_node_does_not_pass_for_a_leaf() {
        let leaves = leaves(4);
        let root = root(&leaves);
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let inner = [hashes[0].as_ref(), hashes[1].as_ref()].concat();
        let path = [node_hash(&hashes[2], &hashes[3])];
        assert!(!verify(&root, &inner, &Proof { index: 0, size: 2, path: &path }));
    }
}
