//! Square roots.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::{big, double_limb, limb, small_u128, wide};
use crate::math::{U256, isqrt, isqrt_u256};

/// The defining property: `root^2 ≤ n < (root + 1)^2`.
fn is_root(root: u128, n: &BigUint) -> bool {
    let root = BigUint::from(root);
    &root * &root <= *n && *n < (&root + 1u32) * (&root + 1u32)
}

fn check_u128(n: u128) {
    assert!(is_root(isqrt(n).into(), &n.into()), "{n}");
}

fn check_u256(n: U256) {
    assert!(is_root(isqrt_u256(n), &big(n)), "{:#x}", big(n));
}

#[test]
fn small_numbers_and_the_greatest() {
    for n in 0..10_000 {
        check_u128(n);
        check_u256(n.into());
    }
    assert_eq!(isqrt(u128::MAX), u64::MAX);
    assert_eq!(isqrt_u256(U256::MAX), u128::MAX);
    assert_eq!(isqrt_u256(u128::MAX.into()), u64::MAX.into());
    assert_eq!(isqrt_u256(U256::from_parts(1, 0)), 1 << 64);
}

/// Where the digit `q` is the base: the leading half is one below a square.
#[test]
fn leading_parts_with_the_greatest_rest() {
    for root in [1u128 << 31, (1 << 31) + 1, 0xb504_f334, (1 << 32) - 2, (1 << 32) - 1] {
        let leading = root * root + 2 * root;
        for low in [0, 1, u128::from(u32::MAX), (1 << 64) - 1] {
            if leading >> 64 == 0 {
                check_u128(leading << 64 | low);
            }
        }
    }
    for root in [1u128 << 63, (1 << 63) + 1, 0xb504_f333_f9de_6485, (1 << 64) - 2, (1 << 64) - 1] {
        let (leading, carried) = (root * root).overflowing_add(2 * root);
        assert!(!carried);
        for low in [0, 1, u128::from(u64::MAX), u128::MAX] {
            check_u256(U256::from_parts(leading, low));
        }
    }
}

#[test]
fn powers_of_two_and_their_neighbours() {
    for bits in 0..256 {
        let power = U256::ONE.checked_shl(bits).unwrap();
        for n in [power.checked_sub(U256::ONE), Some(power), power.checked_add(U256::ONE)] {
            check_u256(n.unwrap());
            if let Some(n) = n.and_then(U256::to_u128) {
                check_u128(n);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn roots_agree(n in double_limb(), m in wide()) {
        check_u128(n);
        check_u256(m);
        prop_assert_eq!(Some(isqrt_u256(m)), small_u128(&big(m).sqrt()));
    }

    #[test]
    fn roots_next_to_squares_agree(root in limb(), wide_root in double_limb()) {
        let square = u128::from(root) * u128::from(root);
        prop_assert_eq!(isqrt(square), root);
        check_u128(square + 1);
        prop_assert_eq!(square.checked_sub(1).map(isqrt), root.checked_sub(1));
        let square = U256::product(wide_root, wide_root);
        prop_assert_eq!(isqrt_u256(square), wide_root);
        check_u256(square.checked_add(U256::ONE).unwrap());
        prop_assert_eq!(square.checked_sub(U256::ONE).map(isqrt_u256), wide_root.checked_sub(1));
    }
}
