//! Unsigned integers of 256 bits.

use super::{
    division,
    limb::{join, limbs, mul_add, mul_wide},
};

/// An unsigned integer of 256 bits, as wide as products of prices need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct U256 {
    // In this order, for the derived order is that of the fields.
    high: u128,
    low: u128,
}

impl U256 {
    /// Zero.
    pub const ZERO: Self = Self { high: 0, low: 0 };
    /// One.
    pub const ONE: Self = Self { high: 0, low: 1 };
    /// `2^256 - 1`.
    pub const MAX: Self = Self { high: u128::MAX, low: u128::MAX };

    /// `n`.
    pub const fn from_u128(n: u128) -> Self {
        Self { high: 0, low: n }
    }

    /// `high · 2^128 + low`.
    pub const fn from_parts(high: u128, low: u128) -> Self {
        Self { high, low }
    }

    /// `floor(self / 2^128)`.
    pub const fn high(self) -> u128 {
        self.high
    }

    /// `self mod 2^128`.
    pub const fn low(self) -> u128 {
        self.low
    }

    /// The whole product of two 128-bit integers.
    pub const fn product(a: u128, b: u128) -> Self {
        let ((a1, a0), (b1, b0)) = (limbs(a), limbs(b));
        let (carry, n0) = mul_wide(a0, b0);
        let (upper, n1) = mul_add(a1, b0, carry, 0);
        let (carry, n1) = mul_add(a0, b1, n1, 0);
        let (n3, n2) = mul_add(a1, b1, upper, carry);
        Self::from_limbs([n0, n1, n2, n3])
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.high | self.low == 0
    }

    /// The number of bits without leading zeros: 0 for zero, 256 at most.
    pub const fn bit_length(self) -> u32 {
        if self.high == 0 {
            128u32.wrapping_sub(self.low.leading_zeros())
        } else {
            256u32.wrapping_sub(self.high.leading_zeros())
        }
    }

    /// The same in 128 bits, or none when it does not fit.
    pub const fn to_u128(self) -> Option<u128> {
        if self.high == 0 { Some(self.low) } else { None }
    }

    /// The same in 64 bits, or none when it does not fit.
    pub const fn to_u64(self) -> Option<u64> {
        match (self.high, limbs(self.low)) {
            (0, (0, low)) => Some(low),
            _ => None,
        }
    }

    /// The sum, or none when it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let Some(high) = self.high.checked_add(other.high) else { return None };
        let Some(high) = high.checked_add(carry as u128) else { return None };
        Some(Self { high, low })
    }

    /// The difference, or none when it is negative.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let Some(high) = self.high.checked_sub(other.high) else { return None };
        let Some(high) = high.checked_sub(borrow as u128) else { return None };
        Some(Self { high, low })
    }

    /// The product, or none when it does not fit.
    pub const fn checked_mul(self, factor: u128) -> Option<Self> {
        let low = Self::product(self.low, factor);
        if self.high == 0 {
            return Some(low);
        }
        let Some(high) = Self::product(self.high, factor).to_u128() else { return None };
        low.checked_add(Self { high, low: 0 })
    }

    /// `self · 2^bits`, or none when it does not fit or `bits` is above 255.
    pub const fn checked_shl(self, bits: u32) -> Option<Self> {
        // As many leading zeros as bits must be there; of zero there are enough, for any shift in the range.
        if bits > 255 || bits > 256u32.wrapping_sub(self.bit_length()) {
            return None;
        }
        Some(match bits {
            0 => self,
            1..128 => {
                let spare = 128u32.wrapping_sub(bits);
                Self { high: self.high << bits | self.low >> spare, low: self.low << bits }
            }
            _ => Self { high: self.low << bits.wrapping_sub(128), low: 0 },
        })
    }

    /// `floor(self / 2^bits)`, or none when `bits` is above 255.
    pub const fn checked_shr(self, bits: u32) -> Option<Self> {
        Some(match bits {
            0 => self,
            1..128 => {
                let spare = 128u32.wrapping_sub(bits);
                Self { high: self.high >> bits, low: self.low >> bits | self.high << spare }
            }
            128..256 => Self { high: 0, low: self.high >> bits.wrapping_sub(128) },
            _ => return None,
        })
    }

    /// `floor(self / 2^bits)` and whether anything was cut off; none when it does not fit 128 bits or `bits` is above 255.
    pub const fn shift_down(self, bits: u32) -> Option<(u128, bool)> {
        let Some(quotient) = self.checked_shr(bits) else { return None };
        let Some(quotient) = quotient.to_u128() else { return None };
        Some((quotient, self.trailing_zeros() < bits))
    }

    /// The number of zero bits below the lowest set bit: 256 for zero.
    pub const fn trailing_zeros(self) -> u32 {
        if self.low == 0 {
            self.high.trailing_zeros().wrapping_add(128)
        } else {
            self.low.trailing_zeros()
        }
    }

    /// `floor(self / divisor)` and the remainder; none when `divisor` is zero.
    // Eight words are more than a call on Solana may pass: the limbs go by reference.
    #[inline(always)]
    pub fn div_rem(self, divisor: Self) -> Option<(Self, Self)> {
        let (quotient, rest) = division::div_rem(self.to_limbs(), divisor.to_limbs())?;
        Some((Self::from_limbs(quotient), Self::from_limbs(rest)))
    }

    const fn to_limbs(self) -> division::Limbs {
        let ((n3, n2), (n1, n0)) = (limbs(self.high), limbs(self.low));
        [n0, n1, n2, n3]
    }

    const fn from_limbs([n0, n1, n2, n3]: division::Limbs) -> Self {
        Self { high: join(n3, n2), low: join(n1, n0) }
    }
}

impl From<u64> for U256 {
    fn from(n: u64) -> Self {
        Self::from_u128(n.into())
    }
}

impl From<u128> for U256 {
    fn from(n: u128) -> Self {
        Self::from_u128(n)
    }
}
