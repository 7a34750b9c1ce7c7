//! Exact numbers, the two ways of rounding them, and searches over them.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

/// A whole number without bounds.
pub type Int = BigInt;
/// An exact fraction without bounds.
pub type Rat = BigRational;

/// A whole number.
pub fn int(value: impl Into<Int>) -> Int {
    value.into()
}

/// The fraction of two whole numbers.
///
/// # Panics
///
/// When `down` is zero: the reference divides by what cannot be zero in a module that was verified.
pub fn ratio(up: impl Into<Int>, down: impl Into<Int>) -> Rat {
    Rat::new(up.into(), down.into())
}

/// A whole number as a fraction.
pub fn whole(value: impl Into<Int>) -> Rat {
    Rat::from_integer(value.into())
}

/// The largest whole number that is not above.
pub fn floor(value: &Rat) -> Int {
    value.numer().div_floor(value.denom())
}

/// The smallest whole number that is not below.
pub fn ceil(value: &Rat) -> Int {
    -(-value.numer()).div_floor(value.denom())
}

/// Two to a power.
pub fn two_to(power: u32) -> Int {
    Int::one() << power
}

/// The value as 64 bits, if it fits.
pub fn to_u64(value: &Int) -> Option<u64> {
    value.to_u64()
}

/// The value as 128 bits, if it fits.
pub fn to_u128(value: &Int) -> Option<u128> {
    value.to_u128()
}

/// The largest whole number from zero to `most` for which `holds`, which is true up to some number and false from there on;
/// none when it never is.
pub fn largest(most: &Int, holds: impl Fn(&Int) -> bool) -> Option<Int> {
    if *most < Int::zero() || !holds(&Int::zero()) {
        return None;
    }
    let (mut low, mut high) = (Int::zero(), most + 1);
    while &high - &low > Int::one() {
        let middle: Int = (&low + &high) / 2;
        if holds(&middle) { low = middle } else { high = middle }
    }
    Some(low)
}

/// The smallest whole number from zero to `most` for which `holds`, which is false up to some number and true from there on;
/// none when it never is.
pub fn smallest(most: &Int, holds: impl Fn(&Int) -> bool) -> Option<Int> {
    match largest(most, |n| !holds(n)) {
        None => (*most >= Int::zero()).then(Int::zero),
        Some(below) if below == *most => None,
        Some(below) => Some(below + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{ceil, floor, int, largest, ratio, smallest};

    #[test]
    fn rounding_goes_down_and_up_also_below_zero() {
        assert_eq!(floor(&ratio(7, 2)), int(3));
        assert_eq!(ceil(&ratio(7, 2)), int(4));
        assert_eq!(floor(&ratio(-7, 2)), int(-4));
        assert_eq!(ceil(&ratio(-7, 2)), int(-3));
        assert_eq!(ceil(&ratio(6, 2)), int(3));
    }

    #[test]
    fn searches_find_the_edges() {
        for edge in 0..10 {
            assert_eq!(largest(&int(9), |n| *n <= int(edge)), Some(int(edge.min(9))));
            assert_eq!(smallest(&int(9), |n| *n >= int(edge)), Some(int(edge)));
        }
        assert_eq!(largest(&int(9), |_| false), None);
        assert_eq!(smallest(&int(9), |_| false), None);
        assert_eq!(smallest(&int(9), |n| *n >= int(9)), Some(int(9)));
        assert_eq!(largest(&int(-1), |_| true), None);
    }
}
