//! Long division of 256-bit integers.
//!
//! Algorithm D of Knuth (The Art of Computer Programming, volume 2, 4.3.1) with limbs as digits, written out for divisors of
//! one to four limbs. The quotient has at most one digit more than the numerator has limbs above the divisor's; digits that
//! are zero because the numerator is short are skipped.
//!
//! # Cost on Solana
//!
//! sBPF divides 64 by 64 bits only, so the textbook's estimate of a digit, two digits by one, is one instruction when a
//! digit is a half, and a [`Divisor::divide`] when it is a limb. But the multiplication and subtraction that follow cost more
//! than the estimate, and there limbs win: the products of halves are as many in both, while loads, stores and carries are
//! fewer, and there are half as many digits. Measured as sBPF v3, limbs take 460 to 660 instructions for a quotient of two or
//! three limbs, and the same algorithm with halves in loops 860 to 1,150.

use super::limb::{Divisor, join, limbs, mul_add, mul_wide};

/// Limbs, the lowest first.
pub(super) type Limbs = [u64; 4];

/// Quotient and remainder; none when the divisor is zero.
pub(super) fn div_rem(numerator: Limbs, divisor: Limbs) -> Option<(Limbs, Limbs)> {
    match divisor {
        [d, 0, 0, 0] => {
            let (quotient, rest) = by_one(numerator, d)?;
            Some((quotient, [rest, 0, 0, 0]))
        }
        [_, top, 0, 0] => by_two(numerator, divisor, top.leading_zeros()),
        [_, _, top, 0] => by_three(numerator, divisor, top.leading_zeros()),
        [_, _, _, top] => by_four(numerator, divisor, top.leading_zeros()),
    }
}

/// Quotient and remainder by one limb; none when it is zero.
fn by_one(numerator: Limbs, divisor: u64) -> Option<(Limbs, u64)> {
    let [n0, n1, n2, n3] = numerator;
    if n1 | n2 | n3 == 0 {
        return Some(([n0.checked_div(divisor)?, 0, 0, 0], n0.checked_rem(divisor)?));
    }
    let (normal, shift) = Divisor::normalized(divisor)?;
    let ([n0, n1, n2, n3], mut rest) = shift_up(numerator, shift);
    let mut step = |limb: u64| {
        if rest == 0 && limb < normal.get() {
            rest = limb;
            return 0;
        }
        let (digit, left) = normal.divide(rest, limb);
        rest = left;
        digit
    };
    let (q3, q2, q1, q0) = (step(n3), step(n2), step(n1), step(n0));
    Some(([q0, q1, q2, q3], rest >> shift))
}

/// Quotient and remainder by two limbs, with `shift` leading zeros in the higher.
fn by_two(numerator: Limbs, divisor: Limbs, shift: u32) -> Option<(Limbs, Limbs)> {
    let ([d0, d1, ..], _) = shift_up(divisor, shift);
    let divisor = Pair::new(d1, d0)?;
    let ([n0, n1, n2, n3], n4) = shift_up(numerator, shift);
    // Below the divisor: the highest bit of `n4` is not set.
    let mut rest = (n4, n3);
    let mut step = |limb: u64| {
        let (high, low) = rest;
        if high == 0 && low < d1 {
            rest = (low, limb);
            return 0;
        }
        let (digit, left) = divisor.divide(high, low, limb);
        rest = limbs(left);
        digit
    };
    let (q2, q1, q0) = (step(n2), step(n1), step(n0));
    let (high, low) = rest;
    Some(([q0, q1, q2, 0], shift_down([low, high, 0, 0], shift)))
}

/// Quotient and remainder by three limbs, with `shift` leading zeros in the highest.
fn by_three(numerator: Limbs, divisor: Limbs, shift: u32) -> Option<(Limbs, Limbs)> {
    let ([d0, d1, d2, _], _) = shift_up(divisor, shift);
    let divisor = Pair::new(d2, d1)?;
    let ([n0, n1, n2, n3], n4) = shift_up(numerator, shift);
    let (q1, rest) = next_of_three([n4, n3, n2], n1, divisor, d0);
    let (q0, [r2, r1, r0]) = next_of_three(rest, n0, divisor, d0);
    Some(([q0, q1, 0, 0], shift_down([r0, r1, r2, 0], shift)))
}

/// The quotient of `rest · 2^64 + next` by `top · 2^64 + d0`, one limb, and the remainder. `rest`, the highest limb first, is
/// below the divisor.
fn next_of_three([r2, r1, r0]: [u64; 3], next: u64, top: Pair, d0: u64) -> (u64, [u64; 3]) {
    if r2 == 0 && r1 < top.first.get() {
        return (0, [r1, r0, next]);
    }
    if join(r2, r1) == top.get() {
        // The estimate by the leading limbs is 2^64 or more, and at most one above the digit, which is one limb.
        let (low, carried) = next.overflowing_add(d0);
        let upper = top.get().wrapping_sub(d0.wrapping_sub(r0).into());
        let (high, middle) = limbs(upper.wrapping_add(carried.into()));
        return (u64::MAX, [high, middle, low]);
    }
    let (digit, upper) = top.divide(r2, r1, r0);
    let (high, low) = mul_wide(digit, d0);
    let (low, borrowed) = next.overflowing_sub(low);
    // There is room for the borrow, as the high limb of a product is below 2^64 - 1.
    let (upper, negative) = upper.overflowing_sub(high.wrapping_add(borrowed.into()).into());
    if !negative {
        let (high, middle) = limbs(upper);
        return (digit, [high, middle, low]);
    }
    let (low, carried) = low.overflowing_add(d0);
    let (high, middle) = limbs(upper.wrapping_add(top.get()).wrapping_add(carried.into()));
    (digit.wrapping_sub(1), [high, middle, low])
}

/// Quotient and remainder by four limbs, with `shift` leading zeros in the highest. The quotient is one limb.
fn by_four(numerator: Limbs, divisor: Limbs, shift: u32) -> Option<(Limbs, Limbs)> {
    let ([d0, d1, d2, d3], _) = shift_up(divisor, shift);
    let top = Pair::new(d3, d2)?;
    let ([n0, n1, n2, n3], n4) = shift_up(numerator, shift);
    if n4 == 0 && n3 < d3 {
        return Some(([0; 4], numerator));
    }
    let (digit, upper) = top.divide(n4, n3, n2);
    let (carry, low) = mul_wide(digit, d0);
    let (high, middle) = mul_add(digit, d1, carry, 0);
    let (lower, borrowed) = join(n1, n0).overflowing_sub(join(middle, low));
    let (upper, negative) = upper.overflowing_sub(u128::from(high).wrapping_add(borrowed.into()));
    let (digit, upper, lower) = if negative {
        let (lower, carried) = lower.overflowing_add(join(d1, d0));
        let upper = upper.wrapping_add(top.get()).wrapping_add(carried.into());
        (digit.wrapping_sub(1), upper, lower)
    } else {
        (digit, upper, lower)
    };
    let ((r3, r2), (r1, r0)) = (limbs(upper), limbs(lower));
    Some(([digit, 0, 0, 0], shift_down([r0, r1, r2, r3], shift)))
}

/// The two leading limbs of a divisor, of which the highest bit is set.
#[derive(Clone, Copy)]
struct Pair {
    first: Divisor,
    second: u64,
}

impl Pair {
    /// None when the highest bit of `first` is not set.
    fn new(first: u64, second: u64) -> Option<Self> {
        Some(Self { first: Divisor::new(first)?, second })
    }

    const fn get(self) -> u128 {
        join(self.first.get(), self.second)
    }

    /// Quotient and remainder of three limbs, the highest first, of which the leading two are below the divisor.
    ///
    /// It is also that of longer numbers with these leading limbs, or one more.
    fn divide(self, first: u64, second: u64, third: u64) -> (u64, u128) {
        let top = self.first.get();
        let (mut digit, (rest, beyond)) = if first < top {
            let (digit, rest) = self.first.divide(first, second);
            (digit, (rest, false))
        } else {
            // `first` equals `top`, by which alone the quotient would be 2^64 or more.
            (u64::MAX, second.overflowing_add(top))
        };
        let (high, low) = mul_wide(digit, self.second);
        let (mut rest, less) = join(rest, third).overflowing_sub(join(high, low));
        // `rest` goes on beyond 128 bits if the sum did, and then the difference is not negative.
        let mut negative = less && !beyond;
        for _ in 0..2 {
            if !negative {
                break;
            }
            digit = digit.wrapping_sub(1);
            let (sum, carried) = rest.overflowing_add(self.get());
            (rest, negative) = (sum, !carried);
        }
        (digit, rest)
    }
}

/// `n · 2^bits` and the limb above it; `bits` is 0 to 63.
fn shift_up(n: Limbs, bits: u32) -> (Limbs, u64) {
    if bits == 0 {
        return (n, 0);
    }
    let [n0, n1, n2, n3] = n;
    let spare = 64u32.wrapping_sub(bits);
    let limb = |high: u64, low: u64| high << bits | low >> spare;
    ([n0 << bits, limb(n1, n0), limb(n2, n1), limb(n3, n2)], n3 >> spare)
}

/// `floor(n / 2^bits)`; `bits` is 0 to 63.
fn shift_down(n: Limbs, bits: u32) -> Limbs {
    if bits == 0 {
        return n;
    }
    let [n0, n1, n2, n3] = n;
    let spare = 64u32.wrapping_sub(bits);
    let limb = |high: u64, low: u64| low >> bits | high << spare;
    [limb(n1, n0), limb(n2, n1), limb(n3, n2), n3 >> bits]
}

#[cfg(test)]
mod tests {
    use super::{Pair, join, next_of_three};

    const MAX: u64 = u64::MAX;
    const TOP: u64 = 1 << 63;

    fn pair(first: u64, second: u64) -> Pair {
        Pair::new(first, second).unwrap()
    }

    #[test]
    fn an_estimate_is_corrected_by_the_second_limb() {
        // By the first limb alone 2^64 - 2, by both 2^64 - 4.
        assert_eq!(pair(TOP, 0).first.divide(TOP - 1, 0), (MAX - 1, 0));
        assert_eq!(pair(TOP, MAX).divide(TOP - 1, 0, 0), (MAX - 3, join(4, MAX - 3)));
        // Equal first limbs: the quotient by the first limb alone does not fit.
        assert_eq!(pair(TOP, 1).divide(TOP, 0, 0), (MAX, join(TOP - 1, 1)));
        assert_eq!(pair(MAX, MAX).divide(MAX, MAX - 1, MAX), (MAX, join(MAX, MAX - 1)));
    }

    #[test]
    fn an_estimate_may_be_one_too_large_and_is_taken_back() {
        // (2^254 + 2^191 - 2^128) / (2^191 + 1): by the leading limbs 2^64 - 1, in truth one less.
        assert_eq!(pair(TOP, 0).divide(TOP - 1, TOP, 0).0, MAX);
        let (digit, rest) = next_of_three([TOP - 1, TOP, 0], 0, pair(TOP, 0), 1);
        assert_eq!((digit, rest), (MAX - 1, [TOP - 1, MAX, 2]));
    }

    #[test]
    fn equal_leading_limbs_give_the_greatest_digit() {
        let (digit, rest) = next_of_three([TOP, 5, 6], 7, pair(TOP, 5), 8);
        assert_eq!((digit, rest), (MAX, [TOP, 3, 15]));
        let (digit, rest) = next_of_three([TOP, 0, 0], MAX, pair(TOP, 0), MAX);
        assert_eq!((digit, rest), (MAX, [TOP - 1, 2, MAX - 1]));
    }
}
