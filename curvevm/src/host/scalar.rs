//! Arithmetic modulo the order of the curve25519 group, as far as signature verification on Solana needs it.
//!
//! `L = 2^252 + C`, so `2^252 = -C (mod L)`: the part above bit 252 is folded down three times.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "limbs of fixed-size arrays with constant bounds; u128 holds every product with its carries"
)]

/// `L`, little-endian limbs.
const ORDER: [u64; 4] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000];
/// `L - 2^252`.
const C: [u64; 2] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6];

/// `L - 1`, that is minus one.
pub const MINUS_ONE: [u8; 32] = [
    0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A 64-byte little-endian integer modulo `L`.
pub fn reduce_wide(bytes: &[u8; 64]) -> [u8; 32] {
    let mut wide = [0u64; 8];
    for (limb, chunk) in wide.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes([
            chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7],
        ]);
    }
    // x = low0 + 2^252 high0 = low0 - C high0, and so on; the bounds of the high parts are 2^260, 2^133 and 2^6.
    let low0 = low(&wide);
    let folded1 = times_c(&high(&wide));
    let low1 = low(&folded1);
    let folded2 = times_c(&high(&folded1));
    let low2 = low(&folded2);
    let folded3 = times_c(&high(&folded2));
    let low3 = low(&folded3);
    // low0 + low2 + 2 L - low1 - low3 lies in (0, 2^254 + 2^253).
    let mut sum = add(&add(&low0, &low2), &add(&ORDER, &ORDER));
    sum = subtract(&subtract(&sum, &low1).0, &low3).0;
    for _ in 0..4 {
        let (reduced, borrow) = subtract(&sum, &ORDER);
        if !borrow {
            sum = reduced;
        }
    }
    to_bytes(&sum)
}

/// `-scalar` for a reduced scalar.
pub fn negate(scalar: &[u8; 32]) -> [u8; 32] {
    let limbs = from_bytes(scalar);
    if limbs == [0; 4] {
        return *scalar;
    }
    to_bytes(&subtract(&ORDER, &limbs).0)
}

/// The lowest 252 bits.
fn low(wide: &[u64; 8]) -> [u64; 4] {
    [wide[0], wide[1], wide[2], wide[3] & 0x0fff_ffff_ffff_ffff]
}

/// What is above bit 252.
fn high(wide: &[u64; 8]) -> [u64; 5] {
    let mut limbs = [0u64; 5];
    for (at, limb) in limbs.iter_mut().enumerate() {
        let next = if at + 4 < 8 { wide[at + 4] } else { 0 };
        *limb = wide[at + 3] >> 60 | next << 4;
    }
    limbs
}

/// The product with `C`.
fn times_c(limbs: &[u64; 5]) -> [u64; 8] {
    let mut product = [0u64; 8];
    for (at, limb) in limbs.iter().enumerate() {
        let mut carry = 0u128;
        for (offset, c) in C.iter().enumerate() {
            let sum = u128::from(*limb) * u128::from(*c) + u128::from(product[at + offset]) + carry;
            product[at + offset] = sum as u64;
            carry = sum >> 64;
        }
        // Limbs above were not written yet, so the carry fits where it lands.
        product[at + 2] = carry as u64;
    }
    product
}

fn add(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut sum = [0u64; 4];
    let mut carry = 0u128;
    for at in 0..4 {
        let limb = u128::from(a[at]) + u128::from(b[at]) + carry;
        sum[at] = limb as u64;
        carry = limb >> 64;
    }
    sum
}

fn subtract(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut difference = [0u64; 4];
    let mut borrow = false;
    for at in 0..4 {
        let (first, under1) = a[at].overflowing_sub(b[at]);
        let (second, under2) = first.overflowing_sub(u64::from(borrow));
        difference[at] = second;
        borrow = under1 || under2;
    }
    (difference, borrow)
}

fn from_bytes(bytes: &[u8; 32]) -> [u64; 4] {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes([
            chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7],
        ]);
    }
    limbs
}

fn to_bytes(limbs: &[u64; 4]) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::scalar::Scalar;
    use proptest::prelude::*;

    use super::{MINUS_ONE, negate, reduce_wide};

    fn agrees(bytes: &[u8; 64]) {
        let expected = Scalar::from_bytes_mod_order_wide(bytes);
        assert_eq!(reduce_wide(bytes), expected.to_bytes());
        assert_eq!(negate(&reduce_wide(bytes)), (-expected).to_bytes());
    }

    #[test]
    fn edges_agree_with_dalek() {
        agrees(&[0; 64]);
        agrees(&[0xff; 64]);
        for bit in 0..512 {
            let mut bytes = [0u8; 64];
            bytes[bit / 8] = 1 << (bit % 8);
            agrees(&bytes);
        }
        assert_eq!(MINUS_ONE, (-Scalar::ONE).to_bytes());
    }

    proptest! {
        #[test]
        fn agrees_with_dalek(low in any::<[u8; 32]>(), high in any::<[u8; 32]>()) {
            let mut bytes = [0u8; 64];
            bytes[..32].copy_from_slice(&low);
            bytes[32..].copy_from_slice(&high);
            agrees(&bytes);
        }
    }
}
