//! Merkle trees of RFC 6962: published roots and paths, those of batches of other lengths, and proofs that fail.

use curvevm::{
    batch::{chunk_hash, data_root},
    merkle::{self, Proof},
    types::Hash,
};
use serde_json::{Value, json};

use super::vectors::{Suite, array, bytes, case};

pub(crate) const SUITE: Suite = Suite {
    name: "merkle",
    about: "leaves (hex) and the root over them, RFC 6962 section 2.1 over SHA-256; with an index, the leaf's path; or a proof, and whether it holds",
    sources: &[
        "RFC 6962, section 2.1: https://www.rfc-editor.org/rfc/rfc6962#section-2.1",
        "verification of paths, RFC 9162, section 2.1.3.2: https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2",
        "the eight leaves, the roots over the first 0 to 8 of them and the published paths: https://github.com/google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc",
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

/// The published paths: a leaf's index, how many leaves, the path.
const PATHS: [(usize, usize, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn published(count: usize) -> Value {
    case(format!("published leaves, the first {count}"), json!({ "leaves": LEAVES[..count] }))
}

fn published_path((index, count, _): &(usize, usize, &[&str])) -> Value {
    let fields = json!({ "leaves": LEAVES[..*count], "index": index });
    case(format!("published path of leaf {index} of {count}"), fields)
}

/// The hashes of as many chunks.
fn hashes(count: u32) -> Vec<Hash> {
    (0..count).map(|at| chunk_hash(&at.to_le_bytes())).collect()
}

fn cases() -> Vec<Value> {
    let batches = [1u32, 3, 9, 17, 33].map(|count| {
        let (hashes, name) = (hashes(count), format!("a batch of {count} chunks"));
        let leaves: Vec<_> = hashes.iter().map(Hash::to_string).collect();
        let case = case(name, json!({ "leaves": leaves }));
        assert_eq!(run(&case)["root"], json!(data_root(&hashes).to_string()));
        case
    });
    let paths = [(0, 3), (2, 3), (8, 9), (16, 17), (20, 33), (32, 33)].map(|(index, count)| {
        let leaves: Vec<_> = hashes(count).iter().map(Hash::to_string).collect();
        let name = format!("the path of chunk {index} of {count}");
        case(name, json!({ "leaves": leaves, "index": index }))
    });
    let published_paths = PATHS.iter().map(published_path);
    let roots = (0..=LEAVES.len()).map(published).chain(batches);
    roots.chain(published_paths).chain(paths).chain(proofs()).collect()
}

/// A change to an index, a size and a path.
type Change = fn(&mut u32, &mut u32, &mut Vec<Hash>);

/// Proofs of a chunk of a batch of 13, whole and changed.
fn proofs() -> Vec<Value> {
    let hashes = hashes(13);
    let changes: [(&str, bool, Change); 11] = [
        ("a proof", true, |_, _, _| {}),
        ("a proof of the index before", false, |index, _, _| *index -= 1),
        ("a proof of the index after", false, |index, _, _| *index += 1),
        ("a proof of an index past the end", false, |index, _, _| *index = 13),
        ("a proof in a tree of twice the size", false, |_, size, _| *size = 26),
        ("a proof in a tree of half the size", false, |_, size, _| *size = 6),
        ("a proof in no tree", false, |_, size, _| *size = 0),
        ("a proof without its first node", false, |_, _, path| {
            path.remove(0);
        }),
        ("a proof without its last node", false, |_, _, path| {
            path.pop();
        }),
        ("a proof with a node more", false, |_, _, path| path.push(Hash::ZERO)),
        ("a proof with another node", false, |_, _, path| path[1] = Hash::ZERO),
    ];
    let proof = |(name, holds, change): (&str, bool, Change)| {
        let (mut index, mut size) = (5, 13);
        let mut path = merkle::path(&hashes, 5).unwrap();
        change(&mut index, &mut size, &mut path);
        let path: Vec<_> = path.iter().map(Hash::to_string).collect();
        let (root, leaf) = (data_root(&hashes).to_string(), hashes[5].to_string());
        let fields =
            json!({ "root": root, "leaf": leaf, "index": index, "size": size, "path": path });
        let case = case(name, fields);
        assert_eq!(run(&case), json!({ "holds": holds }), "{name}");
        case
    };
    changes.map(proof).to_vec()
}

fn all(case: &Value, field: &str) -> Vec<Vec<u8>> {
    let items = case[field].as_array().unwrap().iter();
    items.map(|item| hex::decode(item.as_str().unwrap()).unwrap()).collect()
}

fn number(case: &Value, field: &str) -> u32 {
    case[field].as_u64().unwrap().try_into().unwrap()
}

fn run(case: &Value) -> Value {
    if case["path"].is_array() {
        let path: Vec<_> =
            all(case, "path").into_iter().map(|node| Hash::new(node.try_into().unwrap())).collect();
        let (index, size) = (number(case, "index"), number(case, "size"));
        let proof = Proof { index, size, path: &path };
        let root = Hash::new(array(case, "root"));
        return json!({ "holds": merkle::verify(&root, &bytes(case, "leaf"), &proof) });
    }
    let leaves = all(case, "leaves");
    let root = merkle::root(&leaves);
    if case["index"].is_u64() {
        let index = number(case, "index");
        let path = merkle::path(&leaves, index as usize).unwrap();
        let size = u32::try_from(leaves.len()).unwrap();
        let proof = Proof { index, size, path: &path };
        assert!(merkle::verify(&root, &leaves[index as usize], &proof));
        let path: Vec<_> = path.iter().map(Hash::to_string).collect();
        return json!({ "root": root.to_string(), "path": path });
    }
    let hashes: Vec<_> = leaves.iter().map(|leaf| merkle::leaf_hash(leaf).to_string()).collect();
    json!({ "leaf_hashes": hashes, "root": root.to_string() })
}

/// The file holds the published roots and paths, whatever this crate computes.
#[test]
fn the_published_roots_and_paths_are_in_the_file() {
    let stored = SUITE.stored();
    let find = |published: &Value| {
        let found = stored.iter().find(|case| case["name"] == published["name"]).unwrap();
        assert_eq!(found["leaves"], published["leaves"]);
        assert_eq!(found["index"], published["index"]);
        found["expect"].clone()
    };
    for (count, root) in ROOTS.iter().enumerate() {
        assert_eq!(find(&published(count))["root"], json!(root));
    }
    for path in &PATHS {
        let found = find(&published_path(path));
        assert_eq!((&found["path"], &found["root"]), (&json!(path.2), &json!(ROOTS[path.1])));
    }
}
