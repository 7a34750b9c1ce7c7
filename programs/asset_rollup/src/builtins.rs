//! 128-bit multiplication and division for upstream LLVM.
//!
//! LLVM 23 returns a 128-bit result of its helpers in two registers, while a Rust function that returns `u128` on this target
//! returns it through memory; hence the "unadjusted" convention. The helpers may not need themselves, so everything is
//! computed on 64-bit halves.

/// A 128-bit integer in halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wide {
    low: u64,
    high: u64,
}

impl Wide {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    const fn new(integer: u128) -> Self {
        Self { low: integer as u64, high: (integer >> 64) as u64 }
    }

    #[inline(always)]
    const fn get(self) -> u128 {
        self.low as u128 | (self.high as u128) << 64
    }
}

const LOW: u64 = 0xffff_ffff;

/// The full product of two halves.
#[inline(always)]
const fn multiply_halves(a: u64, b: u64) -> Wide {
    let (a_low, a_high, b_low, b_high) = (a & LOW, a >> 32, b & LOW, b >> 32);
    let low = a_low.wrapping_mul(b_low);
    let cross_a = a_low.wrapping_mul(b_high);
    let cross_b = a_high.wrapping_mul(b_low);
    let high = a_high.wrapping_mul(b_high);
    let middle = (low >> 32).wrapping_add(cross_a & LOW).wrapping_add(cross_b & LOW);
    Wide {
        low: low & LOW | middle << 32,
        high: high
            .wrapping_add(cross_a >> 32)
            .wrapping_add(cross_b >> 32)
            .wrapping_add(middle >> 32),
    }
}

/// The product modulo 2^128.
#[inline(always)]
const fn multiply(a: Wide, b: Wide) -> Wide {
    let product = multiply_halves(a.low, b.low);
    let high = product
        .high
        .wrapping_add(a.low.wrapping_mul(b.high))
        .wrapping_add(a.high.wrapping_mul(b.low));
    Wide { low: product.low, high }
}

/// Quotient and remainder. The compiler checks for a zero divisor before it calls a helper; here it gives zeros.
#[inline(always)]
const fn divide(n: Wide, d: Wide) -> (Wide, Wide) {
    if d.high != 0 {
        return divide_wide(n, d);
    }
    if d.low == 0 {
        return (Wide { low: 0, high: 0 }, Wide { low: 0, high: 0 });
    }
    let high = n.high.wrapping_div(d.low);
    let rest = n.high.wrapping_rem(d.low);
    let (low, rest) = if rest == 0 {
        (n.low.wrapping_div(d.low), n.low.wrapping_rem(d.low))
    } else {
        divide_digits(Wide { low: n.low, high: rest }, d.low)
    };
    (Wide { low, high }, Wide { low: rest, high: 0 })
}

/// Divides by one half with 32-bit digits (Knuth, algorithm D; `divlu` in Hacker's Delight). `n.high < d`, so that the quotient
/// fits one half.
#[inline(always)]
const fn divide_digits(n: Wide, d: u64) -> (u64, u64) {
    let shift = d.leading_zeros();
    let d = d.wrapping_shl(shift);
    let (d_high, d_low) = (d >> 32, d & LOW);
    // A shift by 64 would wrap to none, so that it is done in two steps.
    let carried = (n.low >> 1).wrapping_shr(63u32.wrapping_sub(shift));
    let upper = n.high.wrapping_shl(shift) | carried;
    let lower = n.low.wrapping_shl(shift);
    let (digit_high, rest) = digit(upper, lower >> 32, d_high, d_low);
    let middle = (rest << 32 | lower >> 32).wrapping_sub(digit_high.wrapping_mul(d_low));
    let (digit_low, rest) = digit(middle, lower & LOW, d_high, d_low);
    let rest = (rest << 32 | lower & LOW).wrapping_sub(digit_low.wrapping_mul(d_low));
    (digit_high << 32 | digit_low, rest.wrapping_shr(shift))
}

/// One digit of a quotient, and what is left of `upper` over `d_high` before the low digit of the divisor is taken off.
#[inline(always)]
const fn digit(upper: u64, next: u64, d_high: u64, d_low: u64) -> (u64, u64) {
    let mut quotient = upper.wrapping_div(d_high);
    let mut rest = upper.wrapping_rem(d_high);
    while quotient > LOW || quotient.wrapping_mul(d_low) > (rest << 32 | next) {
        quotient = quotient.wrapping_sub(1);
        rest = rest.wrapping_add(d_high);
        if rest > LOW {
            break;
        }
    }
    (quotient, rest)
}

/// Divides by a divisor of two halves, bit by bit. The quotient fits one half, so that at most 64 bits are looked at.
#[inline(always)]
const fn divide_wide(n: Wide, d: Wide) -> (Wide, Wide) {
    if n.high < d.high {
        return (Wide { low: 0, high: 0 }, n);
    }
    let mut bit = d.high.leading_zeros().wrapping_sub(n.high.leading_zeros());
    let (mut d, mut rest) = (shift_left(d, bit), n);
    let mut quotient = 0u64;
    loop {
        if rest.high > d.high || rest.high == d.high && rest.low >= d.low {
            let borrow = (rest.low < d.low) as u64;
            rest = Wide {
                low: rest.low.wrapping_sub(d.low),
                high: rest.high.wrapping_sub(d.high).wrapping_sub(borrow),
            };
            quotient |= 1u64.wrapping_shl(bit);
        }
        if bit == 0 {
            return (Wide { low: quotient, high: 0 }, rest);
        }
        bit = bit.wrapping_sub(1);
        d = Wide { low: d.low >> 1 | d.high << 63, high: d.high >> 1 };
    }
}

/// Shifts by less than 64 bits.
#[inline(always)]
const fn shift_left(n: Wide, bits: u32) -> Wide {
    let carried = (n.low >> 1).wrapping_shr(63u32.wrapping_sub(bits));
    Wide { low: n.low.wrapping_shl(bits), high: n.high.wrapping_shl(bits) | carried }
}

#[cfg(all(target_os = "solana", feature = "upstream-llvm"))]
mod exports {
    use super::{Wide, divide, multiply};

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __multi3(a: u128, b: u128) -> u128 {
        multiply(Wide::new(a), Wide::new(b)).get()
    }

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __udivti3(n: u128, d: u128) -> u128 {
        divide(Wide::new(n), Wide::new(d)).0.get()
    }

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __umodti3(n: u128, d: u128) -> u128 {
        divide(Wide::new(n), Wide::new(d)).1.get()
    }
}

#[cfg(test)]
mod tests {
    use super::{Wide, divide, multiply};

    fn agrees(a: u128, b: u128) {
        assert_eq!(multiply(Wide::new(a), Wide::new(b)).get(), a.wrapping_mul(b), "{a:x} * {b:x}");
        if b != 0 {
            let (quotient, rest) = divide(Wide::new(a), Wide::new(b));
            assert_eq!((quotient.get(), rest.get()), (a / b, a % b), "{a:x} / {b:x}");
        }
    }

    #[test]
    fn edges_agree_with_the_native_integers() {
        let mut edges = std::vec![0u128, u128::MAX];
        for bit in 0..128 {
            let power = 1u128 << bit;
            edges.extend([power, power - 1, power + 1, !power, power | 1 << 127, power | 1 << 63]);
        }
        for a in &edges {
            for b in &edges {
                agrees(*a, *b);
            }
        }
    }

    #[test]
    fn scattered_operands_agree_with_the_native_integers() {
        // xorshift64: fixed, so that a failure is seen again.
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..200_000 {
            let wide = |a: u64, b: u64| u128::from(a) << 64 | u128::from(b);
            let (a, b) = (wide(next(), next()), wide(next(), next()));
            agrees(a >> (next() % 128), b >> (next() % 128));
        }
    }
}
