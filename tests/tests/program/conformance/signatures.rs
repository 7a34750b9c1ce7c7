//! ed25519 under ZIP-215, each case the only transaction of a segment.

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
};
use curvevm::{
    host,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Hash, Signature},
};

use super::{
    super::{
        signatures::{ORDER, scalar, sign_with_torsion, signature, small_order_encodings},
        support::{address, orders::pay},
    },
    scene::scene,
    vector::{Signed, Vector},
};

const ZIP_215: &str = "ZIP 215, https://zips.z.cash/zip-0215";
const SMALL_ORDER: &str = "the small-order pairs of ZIP 215's test vectors (https://hdevalence.ca/blog/2020-10-04-its-25519am): all encodings of small order, s = 0";
const RFC_8032: &str = "RFC 8032, section 5.1.7: s is below the group's order";

/// The vector of a transaction of `key` with the signature that `sign` makes over its digest.
fn vector(
    (name, source): (String, &str),
    key: [u8; 32],
    sign: impl FnOnce(&Hash) -> Signature,
) -> Vector {
    let mut scene = scene();
    let signer = Address::new(key);
    scene.fund(&signer);
    let body = Body {
        version: TX_VERSION,
        signer,
        session: None,
        nonce: 0,
        expires_at: NEVER_EXPIRES,
        program: vec![pay(address(2), AssetId::SOL, 1)],
    };
    let digest = body.digest(&scene.chain_id);
    let signature = sign(&digest);
    let valid = host::verify(&signer, &digest, &signature);
    let case = scene.run(&scene.next(1, vec![], vec![Transaction { body, signature }])).remove(0);
    assert_eq!(case.native().is_ok(), valid);
    let mut vector = Vector::new(name, &case);
    vector.source = Some(source.to_owned());
    vector.signature = Some(Signed {
        key: hex::encode(key),
        digest: digest.to_string(),
        signature: hex::encode(signature.as_bytes()),
        valid,
    });
    vector
}

fn point(of: usize) -> EdwardsPoint {
    EIGHT_TORSION[of]
}

fn scalars() -> Vec<Vector> {
    let small = point(1).compress().to_bytes();
    let mut above = ORDER;
    above[0] += 1;
    let mut below = ORDER;
    below[0] -= 1;
    let mut high_bit = [0; 32];
    high_bit[31] = 0x80;
    let named = [
        ("zero", [0; 32]),
        ("the order less one", below),
        ("the order", ORDER),
        ("the order and one", above),
        ("the highest bit", high_bit),
        ("all bits", [0xff; 32]),
    ];
    named
        .into_iter()
        .map(|(name, s)| vector((format!("s is {name}"), RFC_8032), small, |_| signature(small, s)))
        .collect()
}

fn torsion() -> Vec<Vector> {
    let mut vectors = vec![];
    for (of_key, of_nonce) in [(0, 0), (1, 0), (0, 1), (3, 6), (4, 4), (7, 2)] {
        let parts = (point(of_key), point(of_nonce));
        for (what, more) in [("", Scalar::ZERO), (", wrong by one", Scalar::ONE)] {
            let key = (ED25519_BASEPOINT_POINT * scalar(5) + parts.0).compress().to_bytes();
            let name = format!("torsion {of_key} in the key, {of_nonce} in the nonce{what}");
            vectors.push(vector((name, ZIP_215), key, |digest| {
                let (_, signed) = sign_with_torsion(scalar(5), scalar(6), parts, digest);
                let mut bytes = *signed.as_bytes();
                let s = Scalar::from_canonical_bytes(bytes[32..].try_into().unwrap()).unwrap();
                bytes[32..].copy_from_slice(&(s + more).to_bytes());
                Signature::new(bytes)
            }));
        }
    }
    vectors
}

/// Encodings of y from the field's prime on, and of points that are on no curve.
fn encodings() -> Vec<Vector> {
    let small = point(2).compress().to_bytes();
    let mut vectors = vec![];
    for low in [0u8, 1, 2, 3, 18] {
        for sign in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed + low, sign);
            let name = format!("y is p + {low}, sign {}", sign >> 7);
            vectors.push(vector((format!("{name}, as the key"), ZIP_215), bytes, |_| {
                signature(small, [0; 32])
            }));
            vectors.push(vector((format!("{name}, as the nonce"), ZIP_215), small, |_| {
                signature(bytes, [0; 32])
            }));
        }
    }
    let mut off = [0; 32];
    off[0] = 2;
    assert!(CompressedEdwardsY(off).decompress().is_none());
    let name = || ("a point off the curve".to_owned(), ZIP_215);
    vectors.push(vector(name(), off, |_| signature(small, [0; 32])));
    vectors.push(vector(name(), small, |_| signature(off, [0; 32])));
    vectors
}

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = vec![];
    let small = small_order_encodings();
    for (at, key) in small.iter().enumerate() {
        for shift in [0, 1, 5] {
            let r = small[(at + shift) % small.len()];
            let name = format!("small order {at} and {}", (at + shift) % small.len());
            vectors.push(vector((name, SMALL_ORDER), *key, |_| signature(r, [0; 32])));
        }
    }
    vectors.extend(scalars());
    vectors.extend(torsion());
    vectors.extend(encodings());
    vectors
}
