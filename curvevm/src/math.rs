//! Integer arithmetic with a stated rounding. Everything is checked: a result that does not fit is none.

/// `floor(a · b / divisor)`; none when the divisor is zero or the result does not fit.
pub fn mul_div_floor(a: u64, b: u64, divisor: u64) -> Option<u64> {
    let product = u128::from(a).checked_mul(u128::from(b))?;
    u64::try_from(product.checked_div(u128::from(divisor))?).ok()
}

/// `ceil(a · b / divisor)`; none when the divisor is zero or the result does not fit.
pub fn mul_div_ceil(a: u64, b: u64, divisor: u64) -> Option<u64> {
    let product = u128::from(a).checked_mul(u128::from(b))?;
    if divisor == 0 {
        return None;
    }
    u64::try_from(product.div_ceil(u128::from(divisor))).ok()
}

/// A 256-bit unsigned integer, as wide as products of prices need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct U256 {
    high: u128,
    low: u128,
}

impl U256 {
    /// The whole product of two 128-bit integers.
    pub const fn product(a: u128, b: u128) -> Self {
        const MASK: u128 = u64::MAX as u128;
        let (a_high, a_low, b_high, b_low) = (a >> 64, a & MASK, b >> 64, b & MASK);
        // Products of 64-bit halves fit, and so do the sums: (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
        let low = a_low.wrapping_mul(b_low);
        let middle = a_high.wrapping_mul(b_low).wrapping_add(low >> 64);
        let cross = a_low.wrapping_mul(b_high).wrapping_add(middle & MASK);
        Self {
            high: a_high.wrapping_mul(b_high).wrapping_add(middle >> 64).wrapping_add(cross >> 64),
            low: cross << 64 | low & MASK,
        }
    }

    /// The sum, or none when it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let Some(high) = self.high.checked_add(other.high) else { return None };
        let Some(high) = high.checked_add(carry as u128) else { return None };
        Some(Self { high, low })
    }

    /// `self · 2^bits`, or none when it does not fit; `bits` is 1 to 127.
    pub const fn checked_shl(self, bits: u32) -> Option<Self> {
        if bits == 0 || bits > 127 {
            return None;
        }
        let spare = 128u32.wrapping_sub(bits);
        if self.high >> spare != 0 {
            return None;
        }
        Some(Self { high: self.high << bits | self.low >> spare, low: self.low << bits })
    }

    /// `floor(self / 2^bits)` and whether anything was cut off; none when it does not fit 128 bits. `bits` is 129 to 255.
    pub const fn shift_down(self, bits: u32) -> Option<(u128, bool)> {
        if bits <= 128 || bits > 255 {
            return None;
        }
        let by = bits.wrapping_sub(128);
        let cut = self.high & (1u128 << by).wrapping_sub(1) != 0 || self.low != 0;
        Some((self.high >> by, cut))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{U256, mul_div_ceil, mul_div_floor};

    #[test]
    fn division_by_zero_and_overflow_are_none() {
        assert_eq!(mul_div_floor(1, 1, 0), None);
        assert_eq!(mul_div_ceil(1, 1, 0), None);
        assert_eq!(mul_div_floor(u64::MAX, u64::MAX, 1), None);
        assert_eq!(mul_div_ceil(u64::MAX, u64::MAX, u64::MAX), Some(u64::MAX));
    }

    #[test]
    fn the_largest_product() {
        let product = U256::product(u128::MAX, u128::MAX);
        assert_eq!(product, U256 { high: u128::MAX - 1, low: 1 });
        assert_eq!(product.checked_add(product), None);
        assert_eq!(product.checked_shl(1), None);
        assert_eq!(product.shift_down(255), Some((1, true)));
    }

    proptest! {
        #[test]
        fn products_agree_with_the_schoolbook(a in any::<u128>(), b in any::<u128>()) {
            // Against a sum of shifted 32-bit digit products.
            let mut digits = [0u64; 9];
            for i in 0..4 {
                let mut carry = 0u64;
                for j in 0..4 {
                    let x = u64::from((a >> (32 * i)) as u32);
                    let y = u64::from((b >> (32 * j)) as u32);
                    let sum = x * y + digits[i + j] + carry;
                    digits[i + j] = sum & 0xffff_ffff;
                    carry = sum >> 32;
                }
                digits[i + 4] = carry;
            }
            let join = |from: usize| (0..4).fold(0u128, |all, at| all | u128::from(digits[from + at]) << (32 * at));
            prop_assert_eq!(U256::product(a, b), U256 { high: join(4), low: join(0) });
        }
    }
}
