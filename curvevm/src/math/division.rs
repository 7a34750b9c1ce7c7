//! Long division of 256-bit integers.
//!
//! Algorithm D of Knuth (The Art of Computer Programming, volume 2, 4.3.1) on limbs of 64 bits.
//! A divisor of one limb takes the short form, and numerators lose their leading zero limbs first, so that the cost follows
//! the length of the quotient.
//!
//! # Why limbs and not halves
//!
//! sBPF divides 64 by 64 bits only, so the textbook's estimate, two digits by one, is one instruction when a digit is a
//! half, and a [`Divisor::divide`] of about thirty when it is a limb. But the multiplication and subtraction that follow
//! cost more than the estimate, and there a limb wins: the products of halves are as many in both, while loads, stores
//! and carries are a quarter as many, and there are half as many digits in the quotient. For a quotient of 128 bits and a
//! divisor of 192 that is about 250 instructions with limbs, and 450 with halves.

use super::limb::{Divisor, join, mul_wide};

const LIMBS: usize = 4;

/// Limbs, the lowest first.
pub(super) type Limbs = [u64; LIMBS];

/// Quotient and remainder; none when the divisor is zero.
pub(super) fn div_rem(numerator: Limbs, divisor: Limbs) -> Option<(Limbs, Limbs)> {
    match divisor {
        [d, 0, 0, 0] => {
            let (quotient, rest) = div_rem_limb(numerator, d)?;
            Some((quotient, [rest, 0, 0, 0]))
        }
        [_, top, 0, 0] => div_rem_long(numerator, divisor, 2, top),
        [_, _, top, 0] => div_rem_long(numerator, divisor, 3, top),
        [_, _, _, top] => div_rem_long(numerator, divisor, 4, top),
    }
}

/// Quotient and remainder by one limb; none when it is zero.
fn div_rem_limb(numerator: Limbs, divisor: u64) -> Option<(Limbs, u64)> {
    let [n0, n1, n2, n3] = numerator;
    if n1 | n2 | n3 == 0 {
        return Some(([n0.checked_div(divisor)?, 0, 0, 0], n0.checked_rem(divisor)?));
    }
    let (normal, shift) = Divisor::normalized(divisor)?;
    let ([n0, n1, n2, n3], mut rest) = shift_up(numerator, shift);
    // `rest` and the leading limbs that are below the divisor need no division.
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

/// Quotient and remainder by `size` limbs, at least two, of which `top` is the highest and not zero.
fn div_rem_long(numerator: Limbs, divisor: Limbs, size: usize, top: u64) -> Option<(Limbs, Limbs)> {
    let shift = top.leading_zeros();
    // Nothing is carried out of the divisor: its highest limb has room for the shift, and takes in bits of the next.
    let (divisor, _) = shift_up(divisor, shift);
    let divisor = divisor.get(..size)?;
    let (normal, _) = Divisor::normalized(*divisor.last()?)?;
    let ([n0, n1, n2, n3], n4) = shift_up(numerator, shift);
    let mut rest = [n0, n1, n2, n3, n4];
    let mut quotient = [0; LIMBS];
    // The quotient has at most one digit more than the numerator has limbs above the divisor's.
    let digits = rest.len().checked_sub(size)?;
    for (at, digit) in quotient.iter_mut().enumerate().take(digits).rev() {
        let window = rest.get_mut(at..=at.checked_add(size)?)?;
        *digit = next_digit(window, divisor, normal)?;
    }
    let [r0, r1, r2, r3, _] = rest;
    Some((quotient, shift_down([r0, r1, r2, r3], shift)))
}

/// The quotient of `window` by `divisor`, one limb, and the remainder left in `window`, whose highest limb becomes zero.
/// `window` is one limb longer than `divisor`, and less than `2^64 · divisor`; `top` is the divisor's highest limb.
fn next_digit(window: &mut [u64], divisor: &[u64], top: Divisor) -> Option<u64> {
    let [.., third, second, first] = *window else { return None };
    let [.., next, _] = *divisor else { return None };
    if first == 0 && second < top.get() {
        return Some(0);
    }
    let digit = estimate([first, second, third], top, next);
    if subtract_product(window, divisor, digit) {
        // Seldom, about 2 times in 2^64: the estimate was one too large.
        add_back(window, divisor);
        return Some(digit.wrapping_sub(1));
    }
    Some(digit)
}

/// The quotient of three limbs, the highest first, by two, or the greatest limb if that is less. It is that of longer
/// numbers with these leading limbs, or one more.
fn estimate([first, second, third]: [u64; 3], top: Divisor, next: u64) -> u64 {
    let (mut digit, mut rest) = if first < top.get() {
        top.divide(first, second)
    } else {
        // `first` equals `top`: the quotient by `top` alone would be 2^64 or more.
        let (rest, carried) = second.overflowing_add(top.get());
        if carried {
            return u64::MAX;
        }
        (u64::MAX, rest)
    };
    for _ in 0..2 {
        let (high, low) = mul_wide(digit, next);
        if join(high, low) <= join(rest, third) {
            break;
        }
        digit = digit.wrapping_sub(1);
        let (sum, carried) = rest.overflowing_add(top.get());
        if carried {
            break;
        }
        rest = sum;
    }
    digit
}

/// Subtracts `divisor · digit`, modulo the length of `window`; true when the difference is negative.
fn subtract_product(window: &mut [u64], divisor: &[u64], digit: u64) -> bool {
    let Some((highest, rest)) = window.split_last_mut() else { return false };
    let mut carry = 0;
    for (limb, &factor) in rest.iter_mut().zip(divisor) {
        let (high, low) = mul_wide(factor, digit);
        let (low, carried) = low.overflowing_add(carry);
        let (difference, borrowed) = limb.overflowing_sub(low);
        *limb = difference;
        // The product and the carry fit two limbs, so that the high limb has room for both.
        carry = high.wrapping_add(u64::from(carried)).wrapping_add(u64::from(borrowed));
    }
    let (difference, negative) = highest.overflowing_sub(carry);
    *highest = difference;
    negative
}

/// Adds `divisor`, modulo the length of `window`.
fn add_back(window: &mut [u64], divisor: &[u64]) {
    let mut carry = false;
    for (limb, &term) in window.iter_mut().zip(divisor.iter().chain(&[0])) {
        let (sum, first) = limb.overflowing_add(term);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        *limb = sum;
        carry = first || second;
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
    use super::{Divisor, add_back, estimate, next_digit, subtract_product};

    const MAX: u64 = u64::MAX;
    const TOP: u64 = 1 << 63;

    fn normal(top: u64) -> Divisor {
        let (divisor, shift) = Divisor::normalized(top).unwrap();
        assert_eq!(shift, 0);
        divisor
    }

    #[test]
    fn an_estimate_may_be_one_too_large_and_is_taken_back() {
        // (2^254 + 2^191 - 2^128) / (2^191 + 1): by the leading limbs 2^64 - 1, in truth one less.
        let window = [0, 0, TOP, TOP - 1];
        let divisor = [1, 0, TOP];
        assert_eq!(estimate([TOP - 1, TOP, 0], normal(TOP), 0), MAX);
        let mut left = window;
        assert!(subtract_product(&mut left, &divisor, MAX));
        add_back(&mut left, &divisor);
        assert_eq!(left, [2, MAX, TOP - 1, 0]);
        let mut left = window;
        assert_eq!(next_digit(&mut left, &divisor, normal(TOP)), Some(MAX - 1));
        assert_eq!(left, [2, MAX, TOP - 1, 0]);
    }

    #[test]
    fn an_estimate_is_corrected_by_the_second_limb() {
        // By the first limb alone 2^64 - 2, by both 2^64 - 4.
        assert_eq!(normal(TOP).divide(TOP - 1, 0), (MAX - 1, 0));
        assert_eq!(estimate([TOP - 1, 0, 0], normal(TOP), MAX), MAX - 3);
        assert_eq!(estimate([TOP - 1, MAX, 0], normal(TOP), MAX), MAX - 1);
        assert_eq!(estimate([TOP - 1, MAX, 0], normal(TOP), 1), MAX);
        // Equal first limbs: the quotient by the first limb alone does not fit.
        assert_eq!(estimate([TOP, 0, 0], normal(TOP), 1), MAX);
        assert_eq!(estimate([MAX, MAX - 1, MAX], normal(MAX), MAX), MAX);
    }
}
