//! Products and quotients of 64-bit limbs, from the 64-bit instructions that sBPF has.

use core::num::NonZeroU64;

/// The greatest half.
pub(super) const HALF: u64 = u32::MAX as u64;

/// The high and the low limb.
#[expect(clippy::cast_possible_truncation, reason = "the two casts keep a limb each")]
pub(super) const fn limbs(n: u128) -> (u64, u64) {
    ((n >> 64) as u64, n as u64)
}

/// `high · 2^64 + low`.
pub(super) const fn join(high: u64, low: u64) -> u128 {
    (high as u128) << 64 | low as u128
}

/// The high and the low limb of `a · b`.
///
/// A product of `u128` would call a routine for the full 128 by 128 bits; four products of halves are shorter.
pub(super) const fn mul_wide(a: u64, b: u64) -> (u64, u64) {
    let (a_high, a_low, b_high, b_low) = (a >> 32, a & HALF, b >> 32, b & HALF);
    // Products of halves fit, and so do the sums: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
    let low = a_low.wrapping_mul(b_low);
    let middle = a_high.wrapping_mul(b_low).wrapping_add(low >> 32);
    let cross = a_low.wrapping_mul(b_high).wrapping_add(middle & HALF);
    let high = a_high.wrapping_mul(b_high).wrapping_add(middle >> 32).wrapping_add(cross >> 32);
    (high, cross << 32 | low & HALF)
}

/// The high and the low limb of `a · b + c + d`, which always fit.
pub(super) const fn mul_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let (high, low) = mul_wide(a, b);
    let (low, first) = low.overflowing_add(c);
    let (low, second) = low.overflowing_add(d);
    (high.wrapping_add(first as u64).wrapping_add(second as u64), low)
}

/// A divisor of one limb whose highest bit is set.
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    whole: u64,
    high: NonZeroU64,
    low: u64,
}

impl Divisor {
    /// None when the highest bit of `whole` is not set.
    pub(super) const fn new(whole: u64) -> Option<Self> {
        match NonZeroU64::new(whole >> 32) {
            Some(high) if whole >> 63 == 1 => Some(Self { whole, high, low: whole & HALF }),
            _ => None,
        }
    }

    /// `divisor · 2^shift` with its highest bit set, and that `shift`; none when `divisor` is zero.
    pub(super) const fn normalized(divisor: u64) -> Option<(Self, u32)> {
        let shift = divisor.leading_zeros();
        match Self::new(divisor.unbounded_shl(shift)) {
            Some(normal) => Some((normal, shift)),
            None => None,
        }
    }

    /// The divisor itself.
    pub(super) const fn get(self) -> u64 {
        self.whole
    }

    /// Quotient and remainder of `high · 2^64 + low`, where `high` is below the divisor.
    pub(super) fn divide(self, high: u64, low: u64) -> (u64, u64) {
        let (first, rest) = self.divide_half(high, low >> 32);
        let (second, rest) = self.divide_half(rest, low & HALF);
        (first << 32 | second, rest)
    }

    /// Quotient and remainder of `rest · 2^32 + next`, where `rest` is below the divisor and `next` is a half.
    ///
    /// This is the step of long division for a divisor of two digits (Knuth, The Art of Computer Programming, volume 2,
    /// 4.3.1, algorithm D): as the divisor's highest bit is set, the estimate from its high half is at most two above
    /// the quotient.
    fn divide_half(self, rest: u64, next: u64) -> (u64, u64) {
        let mut quotient = rest / self.high;
        let over = rest.wrapping_sub(quotient.wrapping_mul(self.high.get()));
        // The estimate is at most 2^32 + 1, so that its product with a half fits.
        let taken = quotient.wrapping_mul(self.low);
        let (mut rest, mut negative) = (over << 32 | next).overflowing_sub(taken);
        for _ in 0..2 {
            if !negative {
                break;
            }
            quotient = quotient.wrapping_sub(1);
            let (sum, carried) = rest.overflowing_add(self.whole);
            (rest, negative) = (sum, !carried);
        }
        (quotient, rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Divisor, HALF, join, limbs, mul_add, mul_wide};

    /// Limbs whose halves are often at the ends, or at those of halves with the highest bit set.
    fn limb() -> impl Strategy<Value = u64> {
        const TOP: u64 = 1 << 31;
        const EDGES: [u64; 8] = [0, 1, 3, TOP - 1, TOP, TOP + 1, HALF - 1, HALF];
        let half = || prop_oneof![prop::sample::select(&EDGES[..]), 0..=HALF];
        (half(), half()).prop_map(|(high, low)| high << 32 | low)
    }

    fn check(high: u64, low: u64, divisor: u64) {
        let (normal, shift) = Divisor::normalized(divisor).unwrap();
        assert_eq!(normal.get(), divisor << shift);
        let high = high % normal.get();
        let n = join(high, low);
        let (quotient, rest) = normal.divide(high, low);
        let whole = u128::from(normal.get());
        assert_eq!((quotient.into(), rest.into()), (n / whole, n % whole), "{n:#x} / {whole:#x}");
    }

    /// The digits of Warren's cases (Hacker's Delight, 9-2), with which estimates are one or two too large.
    #[test]
    fn estimates_that_need_correction() {
        assert_eq!(mul_add(u64::MAX, u64::MAX, u64::MAX, u64::MAX), (u64::MAX, u64::MAX));
        check(0x7fff_ffff_8000_0000, 0, 0x8000_0000_0000_0001);
        check(0x8000_0000_0000_0000, 0, 0x8000_0000_ffff_ffff);
        check(0x8000_0000_ffff_fffe, 0, 0x8000_0000_ffff_ffff);
        check(0x8000_0000_ffff_fffe, u64::MAX, 0x8000_0000_ffff_ffff);
        check(u64::MAX - 1, u64::MAX, u64::MAX);
    }

    #[test]
    fn zero_is_no_divisor() {
        assert!(Divisor::normalized(0).is_none());
        assert!(Divisor::new(u64::MAX >> 1).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn products_and_quotients_agree(a in limb(), b in limb(), divisor in limb()) {
            prop_assert_eq!(mul_wide(a, b), limbs(u128::from(a) * u128::from(b)));
            prop_assert_eq!(
                mul_add(a, b, divisor, a),
                limbs(u128::from(a) * u128::from(b) + u128::from(divisor) + u128::from(a))
            );
            check(a, b, divisor.max(1));
        }
    }
}
