//! Division of 256-bit integers.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::{big, from_limbs, small, wide};
use crate::math::U256;

const TOP: u64 = 1 << 63;

/// `div_rem` gives what `num-bigint` gives.
fn check(numerator: U256, divisor: U256) {
    let (n, d) = (big(numerator), big(divisor));
    let expected = (small(&(&n / &d)).unwrap(), small(&(&n % &d)).unwrap());
    assert_eq!(numerator.div_rem(divisor), Some(expected), "{n:#x} / {d:#x}");
}

#[test]
fn there_is_no_division_by_zero() {
    for n in [U256::ZERO, U256::ONE, U256::from(u128::MAX), U256::MAX] {
        assert_eq!(n.div_rem(U256::ZERO), None);
    }
}

#[test]
fn numbers_next_to_each_other() {
    for bits in 0..256 {
        let power = U256::ONE.checked_shl(bits).unwrap();
        let below = power.checked_sub(U256::ONE).unwrap();
        let above = power.checked_add(U256::ONE).unwrap();
        for divisor in [power, below, above].into_iter().filter(|d| !d.is_zero()) {
            for n in [U256::ZERO, U256::ONE, below, power, above, U256::MAX] {
                check(n, divisor);
            }
        }
    }
}

/// The cases that Warren, Hacker's Delight, 9-2, gives for digits of 16 bits, in digits of 64: in them the estimate is two
/// too large, one too large, is the base or more, or is found wrong only after the subtraction.
#[test]
fn estimates_that_need_correction() {
    let cases: [([u64; 4], [u64; 4]); 8] = [
        ([0, 0, TOP, TOP - 1], [1, 0, TOP, 0]),
        ([0, u64::MAX - 1, TOP, 0], [u64::MAX, TOP, 0, 0]),
        ([3, 0, TOP, 0], [1, 0, 1 << 61, 0]),
        ([0, u64::MAX - 1, 0, TOP], [u64::MAX, 0, TOP, 0]),
        ([0, 0, TOP, 0], [1, TOP, 0, 0]),
        ([0, 0, 1, TOP], [u64::MAX, u64::MAX, TOP, 0]),
        ([u64::MAX, u64::MAX, u64::MAX, TOP - 1], [u64::MAX, u64::MAX, TOP, 0]),
        ([0, 0, u64::MAX, u64::MAX - 1], [u64::MAX, u64::MAX, u64::MAX, 0]),
    ];
    for (numerator, divisor) in cases {
        check(from_limbs(numerator), from_limbs(divisor));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn quotients_agree(numerator in wide(), divisor in wide()) {
        if divisor.is_zero() {
            prop_assert_eq!(numerator.div_rem(divisor), None);
        } else {
            check(numerator, divisor);
        }
    }

    /// Numerators at and next to multiples of the divisor, where a quotient that is wrong by one shows.
    #[test]
    fn quotients_next_to_multiples_agree(quotient in wide(), divisor in wide(), at in 0u32..3) {
        prop_assume!(!divisor.is_zero());
        let product = big(quotient) * big(divisor) + BigUint::from(at);
        let numerator = small(&(&product % (BigUint::from(1u32) << 256u32))).unwrap();
        check(numerator, divisor);
        if let Some(below) = numerator.checked_sub(U256::ONE) {
            check(below, divisor);
        }
    }
}
