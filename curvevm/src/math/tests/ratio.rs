//! Quotients of products, against fractions.

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use proptest::prelude::*;

use super::{big, double_limb, limb, small_u128, wide};
use crate::math::{
    U256, mul_div_ceil, mul_div_ceil_u128, mul_div_floor, mul_div_floor_u128, mul_shr_ceil,
    mul_shr_floor, ratio_ceil, ratio_floor, shl_div_ceil, shl_div_floor,
};

/// Floor and ceiling of the fraction where they fit; none for both when the denominator is zero.
fn bounds(numerator: BigUint, denominator: BigUint) -> (Option<u128>, Option<u128>) {
    if denominator == BigUint::ZERO {
        return (None, None);
    }
    let fraction = BigRational::new(numerator.into(), denominator.into());
    let fit = |n: BigInt| small_u128(&n.to_biguint().unwrap());
    (fit(fraction.floor().to_integer()), fit(fraction.ceil().to_integer()))
}

#[test]
fn division_by_zero_and_overflow_are_none() {
    assert_eq!(mul_div_floor(1, 1, 0), None);
    assert_eq!(mul_div_ceil(1, 1, 0), None);
    assert_eq!(mul_div_floor(u64::MAX, u64::MAX, 0), None);
    assert_eq!(mul_div_ceil(u64::MAX, u64::MAX, 0), None);
    assert_eq!(mul_div_floor(u64::MAX, u64::MAX, 1), None);
    assert_eq!(mul_div_ceil(u64::MAX, u64::MAX, u64::MAX), Some(u64::MAX));
    assert_eq!(mul_div_floor_u128(1, 1, 0), None);
    assert_eq!(mul_div_ceil_u128(u128::MAX, u128::MAX, 0), None);
    assert_eq!(mul_div_floor_u128(u128::MAX, 2, 1), None);
    assert_eq!(mul_div_ceil_u128(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
    assert_eq!(shl_div_floor(1, 0, 0), None);
    assert_eq!(shl_div_floor(2, 255, 1), None);
    assert_eq!(shl_div_ceil(1, 256, 1), None);
    assert_eq!(mul_shr_floor(1, 1, 256), None);
}

/// What is left of a quotient that is the greatest number takes the ceiling out of the range, and the ceiling only.
#[test]
fn a_ceiling_may_not_fit_where_the_floor_does() {
    // 1190112520884487201 · 31 = 2 · (2^64 - 1) + 1.
    assert_eq!(mul_div_floor(1_190_112_520_884_487_201, 31, 2), Some(u64::MAX));
    assert_eq!(mul_div_ceil(1_190_112_520_884_487_201, 31, 2), None);
    let numerator = U256::product(u128::MAX, 3).checked_add(U256::ONE).unwrap();
    assert_eq!(ratio_floor(numerator, U256::from(3u64)), Some(u128::MAX));
    assert_eq!(ratio_ceil(numerator, U256::from(3u64)), None);
    // A seventh of 2^129 - 1.
    let seventh = 97_223_533_405_982_418_132_392_744_980_505_203_273;
    assert_eq!(mul_shr_floor(seventh, 7, 1), Some(u128::MAX));
    assert_eq!(mul_shr_ceil(seventh, 7, 1), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn quotients_of_64_bits_agree(a in limb(), b in limb(), d in limb()) {
        let fit = |n: Option<u128>| n.and_then(|n| u64::try_from(n).ok());
        let (floor, ceil) = bounds(BigUint::from(a) * b, d.into());
        prop_assert_eq!(mul_div_floor(a, b, d), fit(floor));
        prop_assert_eq!(mul_div_ceil(a, b, d), fit(ceil));
    }

    #[test]
    fn quotients_of_128_bits_agree(a in double_limb(), b in double_limb(), d in double_limb()) {
        let (floor, ceil) = bounds(BigUint::from(a) * b, d.into());
        prop_assert_eq!(mul_div_floor_u128(a, b, d), floor);
        prop_assert_eq!(mul_div_ceil_u128(a, b, d), ceil);
    }

    #[test]
    fn ratios_agree(n in wide(), d in wide()) {
        let (floor, ceil) = bounds(big(n), big(d));
        prop_assert_eq!(ratio_floor(n, d), floor);
        prop_assert_eq!(ratio_ceil(n, d), ceil);
    }

    #[test]
    fn shifted_products_agree(a in double_limb(), b in double_limb(), bits in 0u32..256) {
        let (floor, ceil) = bounds(BigUint::from(a) * b, BigUint::from(1u32) << bits);
        prop_assert_eq!(mul_shr_floor(a, b, bits), floor);
        prop_assert_eq!(mul_shr_ceil(a, b, bits), ceil);
    }

    #[test]
    fn quotients_of_shifted_numbers_agree(n in double_limb(), bits in 0u32..256, d in double_limb()) {
        let shifted = BigUint::from(n) << bits;
        let fits = shifted.bits() <= 256;
        let (floor, ceil) = if fits { bounds(shifted, d.into()) } else { (None, None) };
        prop_assert_eq!(shl_div_floor(n, bits, d), floor);
        prop_assert_eq!(shl_div_ceil(n, bits, d), ceil);
    }

    /// The quotients of constant liquidity, of which every intermediate fits.
    #[test]
    fn the_quotients_of_constant_liquidity_fit(
        liquidity in double_limb(), prices in [double_limb(), double_limb()], amount in limb(),
    ) {
        let liquidity = liquidity.max(1);
        let [lower, upper] = prices.map(|price| price.max(1));
        let (lower, upper) = (lower.min(upper), lower.max(upper));
        let next = U256::product(lower, amount.into()).checked_add(liquidity.into()).unwrap();
        let (_, expected) = bounds(
            BigUint::from(lower) * liquidity,
            BigUint::from(liquidity) + BigUint::from(lower) * amount,
        );
        prop_assert!(expected.is_some_and(|price| price <= lower));
        prop_assert_eq!(ratio_ceil(U256::product(lower, liquidity), next), expected);
        let (base, _) = bounds(
            BigUint::from(liquidity) * (upper - lower),
            BigUint::from(lower) * upper,
        );
        prop_assert!(base.is_some());
        let area = U256::product(liquidity, upper - lower);
        prop_assert_eq!(ratio_floor(area, U256::product(lower, upper)), base);
        prop_assert!(mul_shr_ceil(liquidity, upper - lower, 128).is_some());
        let (steps, _) = bounds(BigUint::from(amount) << 128u32, liquidity.into());
        prop_assert_eq!(shl_div_floor(amount.into(), 128, liquidity), steps);
    }
}
