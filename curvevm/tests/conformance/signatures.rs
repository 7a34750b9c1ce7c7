//! Signatures under ZIP-215: its edge cases, and what it refuses.

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
    traits::IsIdentity,
};
use curvevm::{
    host::{self, sha256},
    types::{Address, Hash, Signature},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use super::{
    vectors::{Suite, array, case},
    world::{address, sign},
};

pub(crate) const SUITE: Suite = Suite {
    name: "signatures",
    about: "an ed25519 key, 32 bytes of a message and a signature (hex), and whether it verifies under ZIP-215",
    sources: &[
        "ZIP 215: https://zips.z.cash/zip-0215",
        "small order, s = 0: the 14 encodings of points of small order (6 of them not canonical) and all 196 pairs of them as A and R, as in the tests of https://github.com/ZcashFoundation/ed25519-zebra (tests/small_order.rs) and in https://hdevalence.ca/blog/2020-10-04-its-25519am",
        "the kinds of the other edge cases: Chalkias, Garillot, Nikolaenko, Taming the many EdDSAs, https://eprint.iacr.org/2020/1244",
    ],
    cases,
    run,
};

/// The encodings of points of small order that are not canonical: x = 0 with the sign bit, and y not below the field's order.
const NON_CANONICAL: [&str; 6] = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
/// The order of the group.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn hex32(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// All 14 encodings of points of small order.
fn small_order() -> Vec<[u8; 32]> {
    let canonical = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes());
    canonical.chain(NON_CANONICAL.map(hex32)).collect()
}

fn scalar(seed: &str) -> Scalar {
    Scalar::from_bytes_mod_order(sha256(&[b"conformance", seed.as_bytes()]).to_bytes())
}

fn challenge(r: &[u8; 32], a: &[u8; 32], message: &Hash) -> Scalar {
    let mut hasher = Sha512::new();
    hasher.update(r);
    hasher.update(a);
    hasher.update(message.as_bytes());
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}

/// What is signed in the edge cases.
fn message() -> Hash {
    sha256(&[b"Zcash"])
}

fn of(name: impl Into<String>, a: [u8; 32], r: [u8; 32], s: [u8; 32]) -> Value {
    let signature = [r, s].concat();
    let (key, message) = (hex::encode(a), message().to_string());
    case(name, json!({ "key": key, "message": message, "signature": hex::encode(signature) }))
}

/// A signature that fits `8·s·B = 8·R + 8·k·A` for points with a part of small order.
fn mixed(name: &str, a_torsion: usize, r_torsion: usize) -> Value {
    let (a, r) = (scalar("a"), scalar("r"));
    let point = |scalar: Scalar, torsion: usize| -> EdwardsPoint {
        scalar * ED25519_BASEPOINT_POINT + EIGHT_TORSION[torsion]
    };
    let key = point(a, a_torsion).compress().to_bytes();
    let nonce = point(r, r_torsion).compress().to_bytes();
    let s = r + challenge(&nonce, &key, &message()) * a;
    of(name, key, nonce, s.to_bytes())
}

fn good(user: u8) -> ([u8; 32], [u8; 32], [u8; 32]) {
    let bytes = *sign(user, &message()).as_bytes();
    let half = |from: usize| bytes[from..from + 32].try_into().unwrap();
    (address(user).to_bytes(), half(0), half(32))
}

/// `s` and so many times the group's order, as long as it fits.
fn plus_order(s: [u8; 32], times: usize) -> [u8; 32] {
    let order = hex32(ORDER);
    let mut sum = s;
    for _ in 0..times {
        let mut carry = 0u16;
        for (byte, add) in sum.iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(carry, 0);
    }
    sum
}

fn cases() -> Vec<Value> {
    let encodings = small_order();
    assert_eq!(encodings.len(), 14);
    let mut cases = Vec::new();
    for (a_at, a) in encodings.iter().enumerate() {
        assert!(CompressedEdwardsY(*a).decompress().unwrap().mul_by_cofactor().is_identity());
        for (r_at, r) in encodings.iter().enumerate() {
            let name = format!("small order, s = 0, encodings {a_at} of A and {r_at} of R");
            cases.push(of(name, *a, *r, [0; 32]));
        }
    }
    cases.extend(combined());
    cases.extend(refused());
    cases
}

/// What the cofactored equation accepts, and good signatures.
fn combined() -> Vec<Value> {
    let (zero, identity) = ([0; 32], EIGHT_TORSION[0].compress().to_bytes());
    let mut cases: Vec<_> = (0..6)
        .map(|user| {
            let (a, r, s) = good(user);
            of(format!("a good signature of user {user}"), a, r, s)
        })
        .collect();
    for torsion in 1..8 {
        cases.push(mixed(&format!("A has a part of small order, {torsion}"), torsion, 0));
        cases.push(mixed(&format!("R has a part of small order, {torsion}"), 0, torsion));
        cases.push(mixed(
            &format!("A and R have parts of small order, {torsion}"),
            torsion,
            8 - torsion,
        ));
    }
    // A of small order, and R = s·B: any s does.
    let r = scalar("r");
    let nonce = (r * ED25519_BASEPOINT_POINT).compress().to_bytes();
    cases.push(of("A is the identity, R = s·B", identity, nonce, r.to_bytes()));
    cases.push(of("A is the identity, R = 0·B", identity, identity, zero));
    cases
}

fn refused() -> Vec<Value> {
    let (a, r, s) = good(1);
    let (other, _, _) = good(2);
    let order = hex32(ORDER);
    let mut off_by_one = s;
    off_by_one[0] ^= 1;
    let mut sign_of_r = r;
    sign_of_r[31] ^= 0x80;
    let mut below = order;
    below[0] -= 1;
    let identity = EIGHT_TORSION[0].compress().to_bytes();
    // y = 2 is on no point of the curve.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    assert!(CompressedEdwardsY(no_point).decompress().is_none());
    let mut cases = vec![
        of("s is another", a, r, off_by_one),
        of("R is the other point of its y", a, sign_of_r, s),
        of("the key is another's", other, r, s),
        of("R and s are exchanged", a, s, r),
        of("the key is no point", no_point, r, s),
        of("R is no point", a, no_point, s),
        of("R is no point, s = 0, A the identity", identity, no_point, [0; 32]),
        of("the key is no point, s = 0", no_point, identity, [0; 32]),
        of("s is the order of the group: zero, not reduced", identity, identity, order),
        of("s is the order less one, over the identity", identity, identity, below),
        of("s has its highest bit set", a, r, {
            let mut s = s;
            s[31] |= 0x80;
            s
        }),
        of("s is all ones", a, r, [0xff; 32]),
        of("R of small order, s of another", a, identity, s),
        of("A of small order, R of another", identity, r, s),
    ];
    for times in [1, 2, 7, 14] {
        cases.push(of(
            format!("s and {times} times the order of the group"),
            a,
            r,
            plus_order(s, times),
        ));
    }
    let mut signed_otherwise = of("the message is another", a, r, s);
    signed_otherwise["message"] = json!(sha256(&[b"zcash"]).to_string());
    cases.push(signed_otherwise);
    cases
}

fn run(case: &Value) -> Value {
    let (key, message) = (Address::new(array(case, "key")), Hash::new(array(case, "message")));
    let signature = Signature::new(array(case, "signature"));
    let valid = host::verify(&key, &message, &signature);
    let item = host::BatchItem { signer: key, digest: message, signature };
    assert_eq!(host::verify_batch(&[item, item]), [valid; 2], "a batch says the same");
    json!({ "valid": valid })
}

/// The file holds what ZIP-215 says, whatever this crate computes.
#[test]
fn the_file_says_what_zip_215_says() {
    let stored = SUITE.stored();
    let valid = |of: &[Value]| {
        let name = |case: &Value| case["name"].clone();
        let names: Vec<_> = of.iter().map(name).collect();
        let found = stored.iter().filter(|case| names.contains(&case["name"]));
        let said: Vec<_> = found.map(|case| case["expect"]["valid"] == json!(true)).collect();
        assert_eq!(said.len(), of.len());
        said
    };
    let all = cases();
    let (refused, combined) = (refused(), combined());
    assert_eq!(all.len(), 196 + combined.len() + refused.len());
    assert!(valid(&all[..196]).into_iter().all(|valid| valid));
    assert!(valid(&combined).into_iter().all(|valid| valid));
    assert!(valid(&refused).into_iter().all(|valid| !valid));
}
