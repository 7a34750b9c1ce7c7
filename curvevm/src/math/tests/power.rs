//! Powers in Q64.64.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::limb;
use crate::math::{ONE_Q64, POW_EXPONENT_MAX, pow_q64};

/// The rules of [`pow_q64`], word for word, with integers of any length and all nineteen bits.
fn slow(base: u128, exponent: u32) -> Option<u128> {
    if exponent == 0 {
        return Some(ONE_Q64);
    }
    if exponent > POW_EXPONENT_MAX {
        return None;
    }
    let (one, most) = (BigUint::from(ONE_Q64), BigUint::from(u128::MAX));
    let inverted = base >= ONE_Q64;
    let mut x = BigUint::from(base);
    if inverted {
        x = &most / x;
    }
    let mut power = one.clone();
    for bit in 0..19 {
        if exponent >> bit & 1 == 1 {
            power = &power * &x / &one;
        }
        x = &x * &x / &one;
    }
    if power == BigUint::ZERO {
        return None;
    }
    Some(u128::try_from(if inverted { most / power } else { power }).unwrap())
}

/// One less `bps` ten-thousandths, as the schedules compute it.
fn one_less(bps: u128) -> u128 {
    ONE_Q64 - (bps << 64) / 10_000
}

/// Computed outside of this program by the rules of the public one.
#[test]
fn known_powers() {
    let cases = [
        (one_less(1), 1, 18_444_899_399_302_180_661),
        (one_less(1), 2, 18_443_054_909_362_250_443),
        (one_less(1), 120, 18_226_695_076_886_413_053),
        (one_less(1), 65_535, 26_280_191_068_456_055),
        (one_less(50), 37, 15_324_055_283_485_229_027),
        (one_less(50), 120, 10_108_562_764_337_550_223),
        (one_less(100), 120, 5_522_593_459_225_600_177),
        (one_less(1000), 120, 59_569_074_845_064),
        (one_less(5000), 37, 134_217_728),
        (one_less(9999), 3, 18_446_744),
        (ONE_Q64 - 1, POW_EXPONENT_MAX, 18_446_744_073_709_027_329),
        (ONE_Q64 + ONE_Q64 / 10_000, 1, 18_448_588_748_116_922_571),
        (2 * ONE_Q64, 1, 36_893_488_147_419_103_236),
    ];
    for (base, exponent, expected) in cases {
        assert_eq!(pow_q64(base, exponent), Some(expected), "{base} ^ {exponent}");
        assert_eq!(slow(base, exponent), Some(expected), "{base} ^ {exponent}");
    }
}

#[test]
fn the_ends_of_the_range() {
    for base in [0, 1, ONE_Q64 - 1, ONE_Q64, ONE_Q64 + 1, u128::MAX] {
        assert_eq!(pow_q64(base, 0), Some(ONE_Q64));
        assert_eq!(pow_q64(base, POW_EXPONENT_MAX + 1), None);
        assert_eq!(pow_q64(base, u32::MAX), None);
        assert_eq!(pow_q64(base, POW_EXPONENT_MAX), slow(base, POW_EXPONENT_MAX));
    }
    assert_eq!(pow_q64(0, 1), None);
    assert_eq!(pow_q64(1, 1), Some(1));
    assert_eq!(pow_q64(1, 2), None);
    // A half by a half is exact down to the last unit.
    assert_eq!(pow_q64(ONE_Q64 / 2, 64), Some(1));
    assert_eq!(pow_q64(ONE_Q64 / 2, 65), None);
    // One is inverted to one less a unit, so that its powers are a unit too large for each factor.
    assert_eq!(pow_q64(ONE_Q64, 1), Some(ONE_Q64 + 1));
    assert_eq!(pow_q64(ONE_Q64, 100), Some(ONE_Q64 + 100));
    assert_eq!(pow_q64(u128::MAX, 1), Some(u128::MAX));
    assert_eq!(pow_q64(u128::MAX, 2), None);
}

proptest! {
    #[test]
    fn powers_follow_the_rules(high in limb(), low in limb(), exponent in 0..POW_EXPONENT_MAX + 2) {
        let base = u128::from(high) << 64 | u128::from(low);
        for exponent in [exponent, exponent >> 6, exponent >> 12, exponent >> 16] {
            prop_assert_eq!(pow_q64(base, exponent), slow(base, exponent));
            prop_assert_eq!(pow_q64(low.into(), exponent), slow(low.into(), exponent));
        }
    }

    #[test]
    fn decays_follow_the_rules(bps in 1u128..10_000, periods in any::<u16>()) {
        for periods in [periods, periods >> 4, periods >> 8, periods >> 12] {
            let (base, periods) = (one_less(bps), periods.into());
            prop_assert_eq!(pow_q64(base, periods), slow(base, periods));
        }
    }

    /// Squaring doubles an error and adds a unit, and a product adds those of its factors and a unit.
    #[test]
    fn a_power_below_one_is_at_most_twice_the_exponent_below_the_exact_one(
        base in any::<u64>(), exponent in 1u32..200,
    ) {
        let exact = BigUint::from(base).pow(exponent) >> (64 * (exponent - 1));
        let power = BigUint::from(pow_q64(base.into(), exponent).unwrap_or(0));
        prop_assert!(power <= exact && exact - power <= BigUint::from(2 * exponent));
    }
}
