//! Against integers and fractions of any length, by `num-bigint` and `num-rational`.

mod division;
mod power;
mod ratio;
mod root;
mod wide;

use num_bigint::BigUint;
use proptest::prelude::*;

use super::U256;

/// The same number.
fn big(n: U256) -> BigUint {
    (BigUint::from(n.high()) << 128u32) + n.low()
}

/// The same number, or none when it does not fit 256 bits.
fn small(n: &BigUint) -> Option<U256> {
    let high = u128::try_from(n >> 128u32).ok()?;
    let low = u128::try_from(n & BigUint::from(u128::MAX)).ok()?;
    Some(U256::from_parts(high, low))
}

/// The same number, or none when it does not fit 128 bits.
fn small_u128(n: &BigUint) -> Option<u128> {
    u128::try_from(n).ok()
}

fn from_limbs([n0, n1, n2, n3]: [u64; 4]) -> U256 {
    let join = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
    U256::from_parts(join(n3, n2), join(n1, n0))
}

/// Limbs of any length, often next to those where carries, borrows and estimates change.
fn limb() -> impl Strategy<Value = u64> {
    const EDGES: [u64; 12] = [
        0,
        1,
        2,
        u32::MAX as u64 - 1,
        u32::MAX as u64,
        1 << 32,
        (1 << 32) + 1,
        (1 << 63) - 1,
        1 << 63,
        (1 << 63) + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    prop_oneof![
        2 => prop::sample::select(&EDGES[..]),
        1 => any::<u64>(),
        1 => (any::<u64>(), 0u32..64).prop_map(|(n, bits)| n >> bits),
    ]
}

fn double_limb() -> impl Strategy<Value = u128> {
    [limb(), limb()].prop_map(|[high, low]| u128::from(high) << 64 | u128::from(low))
}

/// Numbers of every length.
fn wide() -> impl Strategy<Value = U256> {
    ([limb(), limb(), limb(), limb()], 1usize..=4).prop_map(|(mut limbs, size)| {
        limbs[size..].fill(0);
        from_limbs(limbs)
    })
}
