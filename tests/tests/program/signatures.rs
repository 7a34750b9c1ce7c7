//! Signatures under ZIP-215: the program accepts exactly what the native verifier accepts.
//!
//! Each case is a committee and its signatures over the settlement digest of a batch; the program's answer is whether
//! `commit_batch` takes them.

use asset_rollup_interface::error::RollupError;
use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
};
use curvevm::{
    host,
    types::{Address, Hash, Signature},
};
use sha2::{Digest, Sha512};

use super::support::{Sealed, World, assert_refused};

/// The order of the group, little-endian.
pub(super) const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The 14 encodings of points of small order: the 8 points, and the 6 other ways to write some of them that decoders of
/// ZIP-215 take.
pub(super) fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut encodings: Vec<[u8; 32]> =
        EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
    // y = 1 and y = -1 with the sign of x set, although x is zero.
    let with_sign = |mut bytes: [u8; 32]| {
        bytes[31] |= 0x80;
        bytes
    };
    let plus = |low: u8| {
        // p + low, which stands for low: p = 2^255 - 19.
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xed + low, 0x7f);
        bytes
    };
    let mut one = [0; 32];
    one[0] = 1;
    let minus_one = {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xec, 0x7f);
        bytes
    };
    encodings.extend([with_sign(one), with_sign(minus_one)]);
    for low in [0, 1] {
        encodings.extend([plus(low), with_sign(plus(low))]);
    }
    encodings.sort_unstable();
    encodings.dedup();
    encodings
}

pub(super) fn signature(r: [u8; 32], s: [u8; 32]) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&r);
    bytes[32..].copy_from_slice(&s);
    Signature::new(bytes)
}

/// A rollup of a committee, with a batch posted, and the digest that its members sign.
fn posted(base: &World, committee: Vec<Address>) -> (World, Sealed, Hash) {
    let mut world = base.fork(|genesis| {
        genesis.committee = committee;
        // Nobody can sign for an owner with most of these keys.
        genesis.params.bond_lamports = 0;
    });
    let instruction = world.initialize_instruction();
    world.send_with_budget(&instruction).unwrap();
    let sealed = world.ready(vec![]);
    let digest = sealed.header.settlement_digest(&world.program, &world.genesis.committee_hash());
    (world, sealed, digest)
}

/// Asserts that the program answers as the native verifier, and that the answer is `valid`.
#[track_caller]
fn agrees(base: &World, key: [u8; 32], valid: bool, sign: impl FnOnce(&Hash) -> Signature) {
    let key = Address::new(key);
    let (mut world, sealed, digest) = posted(base, vec![key]);
    let signature = sign(&digest);
    assert_eq!(host::verify(&key, &digest, &signature), valid, "native");
    let instruction = world.commit_instruction(&sealed.header, vec![(0, signature)]);
    let outcome = world.send_with_budget(&instruction);
    if valid {
        outcome.unwrap();
    } else {
        assert_refused(outcome, RollupError::BadSignature);
    }
}

/// A signature of the secret `a` with the nonce `r`, over points that carry torsion.
pub(super) fn sign_with_torsion(
    a: Scalar,
    r: Scalar,
    torsion: (EdwardsPoint, EdwardsPoint),
    digest: &Hash,
) -> ([u8; 32], Signature) {
    let key = (ED25519_BASEPOINT_POINT * a + torsion.0).compress().to_bytes();
    let nonce = (ED25519_BASEPOINT_POINT * r + torsion.1).compress().to_bytes();
    let hash = Sha512::new().chain_update(nonce).chain_update(key).chain_update(digest.as_bytes());
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    (key, signature(nonce, (r + challenge * a).to_bytes()))
}

pub(super) fn scalar(seed: u8) -> Scalar {
    Scalar::from_bytes_mod_order([seed; 32])
}

on_each_build! {
    fn all_pairs_of_small_order_points_are_taken(build: Build) {
        let encodings = small_order_encodings();
        assert_eq!(encodings.len(), 14);
        let committee: Vec<Address> = encodings.iter().map(|it| Address::new(*it)).collect();
        let (world, sealed, digest) = posted(&World::empty(build), committee.clone());
        // Fourteen commits with fourteen signatures each are the 196 pairs of A and R.
        for shift in 0..encodings.len() {
            let signatures: Vec<(u8, Signature)> = (0u8..)
                .zip(encodings.iter().cycle().skip(shift))
                .zip(&committee)
                .map(|((member, r), key)| {
                    let signature = signature(*r, [0; 32]);
                    assert!(host::verify(key, &digest, &signature), "native");
                    (member, signature)
                })
                .collect();
            assert_eq!(signatures.len(), 14);
            let mut world = world.clone();
            let instruction = world.commit_instruction(&sealed.header, signatures);
            world.send_with_budget(&instruction).unwrap();
        }
    }

    fn a_scalar_that_is_not_reduced_is_refused(build: Build) {
        let base = World::empty(build);
        let small = EIGHT_TORSION[1].compress().to_bytes();
        let mut order_plus_one = ORDER;
        order_plus_one[0] += 1;
        let mut below = ORDER;
        below[0] -= 1;
        let mut high_bit = [0; 32];
        high_bit[31] = 0x80;
        for s in [ORDER, order_plus_one, high_bit, [0xff; 32], below] {
            agrees(&base, small, false, |_| signature(small, s));
        }
        agrees(&base, small, true, |_| signature(small, [0; 32]));
        // An honest signature, and the same with the order added to s.
        let secret = scalar(3);
        let none = (EIGHT_TORSION[0], EIGHT_TORSION[0]);
        let key = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
        agrees(&base, key, true, |digest| sign_with_torsion(secret, scalar(4), none, digest).1);
        agrees(&base, key, false, |digest| {
            let (_, honest) = sign_with_torsion(secret, scalar(4), none, digest);
            let mut bytes = *honest.as_bytes();
            let mut carry = 0u16;
            for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
            }
            Signature::new(bytes)
        });
    }

    fn torsion_in_the_key_and_the_nonce_is_cleared(build: Build) {
        let base = World::empty(build);
        for (of_key, of_nonce) in [(1, 0), (0, 1), (3, 6), (4, 4), (7, 2)] {
            let torsion = (EIGHT_TORSION[of_key], EIGHT_TORSION[of_nonce]);
            let (secret, nonce) = (scalar(5), scalar(6));
            let key = (ED25519_BASEPOINT_POINT * secret + torsion.0).compress().to_bytes();
            agrees(&base, key, true, |digest| {
                sign_with_torsion(secret, nonce, torsion, digest).1
            });
            agrees(&base, key, false, |digest| {
                sign_with_torsion(secret + Scalar::ONE, nonce, torsion, digest).1
            });
        }
    }

    fn points_off_the_curve_are_refused(build: Build) {
        let base = World::empty(build);
        let small = EIGHT_TORSION[0].compress().to_bytes();
        let mut off = [0; 32];
        off[0] = 2;
        let mut off_above = [0xff; 32];
        (off_above[0], off_above[31]) = (0xef, 0x7f);
        for point in [off, off_above] {
            assert!(curve25519_dalek::edwards::CompressedEdwardsY(point).decompress().is_none());
            agrees(&base, small, false, |_| signature(point, [0; 32]));
            agrees(&base, point, false, |_| signature(small, [0; 32]));
        }
    }

    fn encodings_above_the_prime_are_taken_where_they_decode(build: Build) {
        let base = World::empty(build);
        let small = EIGHT_TORSION[2].compress().to_bytes();
        // p + low for every low below 19, with both signs: as the key and as the nonce.
        for low in 0..19u8 {
            for sign in [0x7f, 0xff] {
                let mut point = [0xff; 32];
                (point[0], point[31]) = (0xed + low, sign);
                let decodes =
                    curve25519_dalek::edwards::CompressedEdwardsY(point).decompress();
                let valid = decodes.is_some_and(|point| point.is_small_order());
                agrees(&base, small, valid, |_| signature(point, [0; 32]));
                agrees(&base, point, valid, |_| signature(small, [0; 32]));
            }
        }
    }
}
