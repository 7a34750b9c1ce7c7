//! Merkle trees of RFC 6962: published roots, and those of traces of other lengths.

use curvevm::{
    batch::{TraceLeaf, trace_root},
    merkle,
    types::Hash,
};
use serde_json::{Value, json};

use super::vectors::{Suite, case};

pub(crate) const SUITE: Suite = Suite {
    name: "merkle",
    about: "leaves (hex) and the root over them, RFC 6962 section 2.1 over SHA-256",
    sources: &[
        "RFC 6962, section 2.1: https://www.rfc-editor.org/rfc/rfc6962#section-2.1",
        "the eight leaves and the roots over the first 0 to 8 of them: https://github.com/google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc",
    ],
    cases,
    run,
};

/// The published leaves.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
/// The published roots over the first none, one, two, and so on.
const ROOTS: [&str; 9] = [
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

fn published(count: usize) -> Value {
    case(format!("published leaves, the first {count}"), json!({ "leaves": LEAVES[..count] }))
}

fn cases() -> Vec<Value> {
    let traces = [1u32, 3, 9, 17, 33].map(|count| {
        let leaf = |index| TraceLeaf {
            index,
            height: u64::from(index / 3),
            pre_root: Hash::new([index as u8; 32]),
            post_root: Hash::new([index as u8 + 1; 32]),
            chunk: index / 5,
            offset: index * 100,
        };
        let leaves: Vec<_> = (0..count).map(leaf).collect();
        let encoded: Vec<_> =
            leaves.iter().map(|leaf| hex::encode(borsh::to_vec(leaf).unwrap())).collect();
        let case = case(format!("a trace of {count} segments"), json!({ "leaves": encoded }));
        assert_eq!(run(&case)["root"], json!(trace_root(&leaves).to_string()));
        case
    });
    (0..=LEAVES.len()).map(published).chain(traces).collect()
}

fn run(case: &Value) -> Value {
    let leaves: Vec<Vec<u8>> = case["leaves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leaf| hex::decode(leaf.as_str().unwrap()).unwrap())
        .collect();
    let hashes: Vec<_> = leaves.iter().map(|leaf| merkle::leaf_hash(leaf).to_string()).collect();
    json!({ "leaf_hashes": hashes, "root": merkle::root(&leaves).to_string() })
}

/// The file holds the published roots, whatever this crate computes.
#[test]
fn the_published_roots_are_in_the_file() {
    let stored = SUITE.stored();
    for (count, root) in ROOTS.iter().enumerate() {
        let published = published(count);
        let found = stored.iter().find(|case| case["name"] == published["name"]).unwrap();
        assert_eq!(found["leaves"], published["leaves"]);
        assert_eq!(found["expect"]["root"], json!(root));
    }
}
