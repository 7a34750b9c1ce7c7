//! Comparison, addition, subtraction, multiplication and shifts of 256-bit integers.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::{big, double_limb, small, wide};
use crate::math::U256;

#[test]
fn the_ends_of_the_range() {
    assert!(U256::ZERO.is_zero());
    assert!(!U256::from_parts(1, 0).is_zero());
    assert_eq!(U256::default(), U256::ZERO);
    assert_eq!((U256::ZERO.bit_length(), U256::ONE.bit_length()), (0, 1));
    assert_eq!((U256::from_parts(1, 0).bit_length(), U256::MAX.bit_length()), (129, 256));
    assert_eq!(U256::ZERO.trailing_zeros(), 256);
    assert_eq!(U256::MAX.checked_add(U256::ONE), None);
    assert_eq!(U256::ZERO.checked_sub(U256::ONE), None);
    assert_eq!(U256::MAX.checked_mul(1), Some(U256::MAX));
    assert_eq!(U256::MAX.checked_mul(2), None);
    assert_eq!(U256::MAX.checked_mul(0), Some(U256::ZERO));
    assert_eq!(U256::from_parts(1, 0).checked_mul(u128::MAX), Some(U256::from_parts(u128::MAX, 0)));
    assert_eq!(U256::from_parts(0, 1 << 64).to_u64(), None);
    assert_eq!(U256::from(u64::MAX).to_u64(), Some(u64::MAX));
    assert_eq!(U256::from(u128::MAX).to_u128(), Some(u128::MAX));
    assert_eq!(U256::from_parts(1, 0).to_u128(), None);
    assert_eq!(U256::from_parts(1, 0).to_u64(), None);
}

#[test]
fn the_largest_product() {
    let product = U256::product(u128::MAX, u128::MAX);
    assert_eq!(product, U256::from_parts(u128::MAX - 1, 1));
    assert_eq!(product.checked_add(product), None);
    assert_eq!(product.checked_shl(1), None);
    assert_eq!(product.shift_down(255), Some((1, true)));
}

#[test]
fn shifts_have_a_range() {
    assert_eq!(U256::ONE.checked_shl(255), Some(U256::from_parts(1 << 127, 0)));
    assert_eq!(U256::from(2u64).checked_shl(255), None);
    assert_eq!(U256::ZERO.checked_shl(255), Some(U256::ZERO));
    assert_eq!(U256::ZERO.checked_shl(256), None);
    assert_eq!(U256::MAX.checked_shr(255), Some(U256::ONE));
    assert_eq!(U256::MAX.checked_shr(256), None);
    assert_eq!(U256::MAX.shift_down(127), None);
    assert_eq!(U256::MAX.shift_down(128), Some((u128::MAX, true)));
    assert_eq!(U256::ZERO.shift_down(255), Some((0, false)));
    assert_eq!(U256::MAX.shift_down(256), None);
}

#[test]
fn constants_are_evaluated_by_the_compiler() {
    const SUM: Option<U256> = U256::product(u128::MAX, 2).checked_add(U256::ONE);
    assert_eq!(SUM, Some(U256::from_parts(1, u128::MAX)));
}

proptest! {
    #[test]
    fn conversions_keep_the_number(a in wide()) {
        prop_assert_eq!(small(&big(a)), Some(a));
        prop_assert_eq!(u64::from(a.bit_length()), big(a).bits());
        prop_assert_eq!(a.is_zero(), big(a) == BigUint::ZERO);
        prop_assert_eq!(a.to_u128(), u128::try_from(big(a)).ok());
        prop_assert_eq!(a.to_u64(), u64::try_from(big(a)).ok());
        prop_assert_eq!(u64::from(a.trailing_zeros()), big(a).trailing_zeros().unwrap_or(256));
    }

    #[test]
    fn order_sum_and_difference_agree(a in wide(), b in wide()) {
        prop_assert_eq!(a.cmp(&b), big(a).cmp(&big(b)));
        prop_assert_eq!(a.checked_add(b), small(&(big(a) + big(b))));
        let difference = (a >= b).then(|| big(a) - big(b)).as_ref().and_then(small);
        prop_assert_eq!(a.checked_sub(b), difference);
    }

    #[test]
    fn products_agree(a in double_limb(), b in double_limb(), n in wide()) {
        prop_assert_eq!(big(U256::product(a, b)), BigUint::from(a) * b);
        prop_assert_eq!(n.checked_mul(b), small(&(big(n) * b)));
    }

    #[test]
    fn shifts_agree(n in wide(), bits in 0u32..256) {
        prop_assert_eq!(n.checked_shl(bits), small(&(big(n) << bits)));
        prop_assert_eq!(n.checked_shr(bits), small(&(big(n) >> bits)));
        let quotient = big(n) >> bits;
        let cut = (&quotient << bits) != big(n);
        prop_assert_eq!(n.shift_down(bits), u128::try_from(quotient).ok().map(|q| (q, cut)));
    }
}
