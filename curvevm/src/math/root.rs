//! Square roots of integers, exactly rounded down and without floating point.
//!
//! The square root of a number of four digits follows from that of its two leading digits and one division (Zimmermann,
//! Karatsuba Square Root, INRIA RR-3805, 1999): with `n = (a3·b + a2)·b^2 + a1·b + a0` and `a3 ≥ b / 4`, let `s` be the
//! root of the leading part and `r` what is left of it; with `q` and `u` quotient and remainder of `r·b + a1` by `2·s`, the
//! root of `n` is `s·b + q`, or one less when `u·b + a0 < q^2`. `q` is at most `b`; when it is `b`, `r` is `2·s`, its greatest
//! value, so that `u` is `a1`, below `b`, and the root is `s·b + b - 1`.
//!
//! So a root of 256 bits takes one of 128 and a division of two limbs by one, and that of 128 takes one of 64 bits and a
//! native division. Numbers are shifted left by an even number of bits until `a3` is large enough; half of it is taken
//! back from the root.

use super::{
    U256,
    limb::{Divisor, HALF, join, limbs, mul_wide},
};

/// `floor(√n)`.
pub fn isqrt(n: u128) -> u64 {
    if n == 0 {
        return 0;
    }
    let shift = n.leading_zeros() & !1;
    root_of_four_halves(n << shift) >> (shift >> 1)
}

/// `floor(√n)`.
pub fn isqrt_u256(n: U256) -> u128 {
    let Some(small) = n.to_u128() else {
        let shift = n.high().leading_zeros() & !1;
        // It fits: `shift` leading bits are zero.
        let Some(n) = n.checked_shl(shift) else { return 0 };
        return root_of_four_limbs(n) >> (shift >> 1);
    };
    u128::from(isqrt(small))
}

/// The root of `n`, of which one of the two highest bits is set.
fn root_of_four_halves(n: u128) -> u64 {
    let (leading, low) = limbs(n);
    let (a1, a0) = (low >> 32, low & HALF);
    let root = leading.isqrt();
    // At most 2·s, of 33 bits.
    let rest = leading.wrapping_sub(root.wrapping_mul(root));
    // `q` is also the quotient of the halves of dividend and divisor, and these fit. `s` is not zero, as `leading` is not.
    let half = rest << 31 | a1 >> 1;
    let q = half.checked_div(root).unwrap_or(0);
    if q > HALF {
        return root << 32 | HALF;
    }
    let u = half.wrapping_sub(q.wrapping_mul(root)) << 1 | a1 & 1;
    let negative = u <= HALF && (u << 32 | a0) < q.wrapping_mul(q);
    (root << 32 | q).wrapping_sub(u64::from(negative))
}

/// The root of `n`, of which one of the two highest bits is set.
fn root_of_four_limbs(n: U256) -> u128 {
    let leading = n.high();
    let (a1, a0) = limbs(n.low());
    let root = root_of_four_halves(leading);
    let (high, low) = mul_wide(root, root);
    // At most 2·s, of 65 bits.
    let rest = leading.wrapping_sub(join(high, low));
    let (high, low) = limbs(rest << 63 | u128::from(a1 >> 1));
    // The highest bit of `s` is set, as one of the two highest of `leading` is.
    let Some(divisor) = Divisor::new(root) else { return 0 };
    if high >= root {
        return join(root, u64::MAX);
    }
    let (q, left) = divisor.divide(high, low);
    let u = u128::from(left) << 1 | u128::from(a1 & 1);
    let (high, low) = mul_wide(q, q);
    let negative = u < u128::from(high) || u == u128::from(high) && a0 < low;
    join(root, q).wrapping_sub(u128::from(negative))
}
