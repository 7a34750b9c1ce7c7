//! Integer arithmetic with a stated rounding.
//!
//! # Status
//!
//! API stable.
//!
//! # Terms
//!
//! A *limb* is a 64-bit digit of a wider integer, a *half* a 32-bit digit of a limb. A *Q64.64* number is a `u128` that
//! counts units of 2^-64.
//!
//! # What is where
//!
//! | shape | functions |
//! |---|---|
//! | `a · b / d` in 64 bits | [`mul_div_floor`], [`mul_div_ceil`] |
//! | `a · b / d` in 128 bits | [`mul_div_floor_u128`], [`mul_div_ceil_u128`] |
//! | `n / d` in 256 bits, to 128 | [`ratio_floor`], [`ratio_ceil`] |
//! | `a · b / 2^n` in 128 bits | [`mul_shr_floor`], [`mul_shr_ceil`] |
//! | `a · 2^n / d` in 128 bits | [`shl_div_floor`], [`shl_div_ceil`] |
//! | `√n` | [`isqrt`], [`isqrt_u256`] |
//! | `b^n` in Q64.64 | [`pow_q64`] |
//! | everything else in 256 bits | [`U256`] |
//!
//! # Cost on Solana
//!
//! sBPF multiplies and divides 64-bit integers in one instruction each, but gives only the low half of a product, and a
//! division of 128-bit integers is a routine in software, hundreds of instructions long. So nothing here multiplies or
//! divides a `u128`: products are made of four products of halves, and quotients of limbs of two native divisions each.
//! Additions, comparisons and shifts of a `u128` are short, and are used.
//!
//! Compute units as sBPF v3, the most seen over random operands of many lengths:
//!
//! | function | compute units |
//! |---|--:|
//! | [`mul_div_floor`] | 160 |
//! | [`U256::product`] | 190 |
//! | [`U256::div_rem`] | 650 |
//! | [`mul_div_floor_u128`] | 800 |
//! | [`isqrt`], [`isqrt_u256`] | 360, 570 |
//! | [`pow_q64`] of a base below one, and above | 1,860, 2,500 |
//!
//! # Invariants
//!
//! 1. A result is exact under the rounding in the name of the function, or it is none; [`pow_q64`] alone has rules of its own.
//! 2. None means that the divisor is zero, that the result does not fit, or that an argument is outside the stated range.
//! 3. No argument makes it panic.

mod division;
mod limb;
mod power;
mod ratio;
mod root;
#[cfg(test)]
mod tests;
mod u256;

pub use power::{ONE_Q64, POW_EXPONENT_MAX, pow_q64};
pub use ratio::{
    mul_div_ceil, mul_div_ceil_u128, mul_div_floor, mul_div_floor_u128, mul_shr_ceil,
    mul_shr_floor, ratio_ceil, ratio_floor, shl_div_ceil, shl_div_floor,
};
pub use root::{isqrt, isqrt_u256};
pub use u256::U256;
