//! Constant product.
//!
//! With virtual reserves `VS` (quote) and `VT` (base), from pump.fun's public documentation: the cost of `t` tokens is
//! `floor(t·VS / (VT - t)) + 1`, the tokens for `s` quote are `floor((s - 1)·VT / (VS + s - 1))`, the proceeds of `t` tokens
//! `floor(t·VS / (VT + t))`. The profile `Ceiling` has `ceil(t·VS / (VT - t))` and `floor(s·VT / (VS + s))` instead, as Raydium
//! LaunchLab does.
//!
//! A piece that stands alone has `VS = virtual quote + reserve`. Where pieces are joined, `VS = K / VT` exactly, with the product
//! `K` that the piece starts with, and `VT` follows from the tokens sold.

use super::{Inside, narrow};
use crate::{
    error::Error,
    math::{U256, mul_div_ceil, mul_div_floor, mul_div_floor_u128, ratio_ceil, ratio_floor},
    module::Rounding,
};

/// A piece of constant product and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    /// Virtual base reserve now.
    vt: u64,
    /// What the virtual quote reserve follows from.
    quote: VirtualQuote,
    rounding: Rounding,
}

#[derive(Clone, Copy, Debug)]
enum VirtualQuote {
    /// It is this.
    Counted(u64),
    /// It is this product over the virtual base.
    Of(u128),
}

impl Product {
    pub(super) fn new(
        (virtual_quote, virtual_base): (u64, u64),
        rounding: Rounding,
        at: Inside,
    ) -> Result<Self, Error> {
        let vt = virtual_base.checked_sub(at.sold).filter(|vt| *vt > 0).ok_or(Error::Overflow)?;
        let quote = match at.reserve {
            Some(reserve) => {
                let counted = virtual_quote.checked_add(reserve).ok_or(Error::Overflow)?;
                VirtualQuote::Counted(counted)
            }
            None => {
                let product = U256::product(virtual_quote.into(), virtual_base.into());
                VirtualQuote::Of(product.low())
            }
        };
        Ok(Self { vt, quote, rounding })
    }

    /// Quote and base of the marginal price.
    pub(super) fn price(&self) -> (U256, U256) {
        match self.quote {
            VirtualQuote::Counted(vs) => (vs.into(), self.vt.into()),
            VirtualQuote::Of(product) => {
                (product.into(), U256::product(self.vt.into(), self.vt.into()))
            }
        }
    }

    pub(super) fn cost(&self, base: u64) -> Result<u64, Error> {
        let rest = self.vt.checked_sub(base).filter(|rest| *rest > 0).ok_or(Error::Overflow)?;
        let exact_up = self.rounding != Rounding::FloorPlusOne;
        let cost = match self.quote {
            VirtualQuote::Counted(vs) if exact_up => mul_div_ceil(base, vs, rest),
            VirtualQuote::Counted(vs) => mul_div_floor(base, vs, rest),
            VirtualQuote::Of(product) => {
                let worth = U256::product(product, base.into());
                let over = U256::product(self.vt.into(), rest.into());
                let cost =
                    if exact_up { ratio_ceil(worth, over) } else { ratio_floor(worth, over) };
                cost.and_then(|cost| u64::try_from(cost).ok())
            }
        }
        .and_then(|cost| cost.checked_add(u64::from(!exact_up)))
        .ok_or(Error::Overflow)?;
        self.counted(cost)
    }

    /// `cost`, if the virtual quote reserve can take it: sales need their sum.
    fn counted(&self, cost: u64) -> Result<u64, Error> {
        if let VirtualQuote::Counted(vs) = self.quote {
            vs.checked_add(cost).ok_or(Error::Overflow)?;
        }
        Ok(cost)
    }

    pub(super) fn bought(&self, quote: u64) -> Result<u64, Error> {
        let effective = match self.rounding {
            Rounding::FloorPlusOne => quote.saturating_sub(1),
            Rounding::Ceiling | Rounding::Cumulative => quote,
        };
        match self.quote {
            VirtualQuote::Counted(vs) => match vs.checked_add(effective) {
                Some(whole) => mul_div_floor(effective, self.vt, whole).ok_or(Error::Overflow),
                None => {
                    let whole = u128::from(vs).saturating_add(effective.into());
                    narrow(mul_div_floor_u128(effective.into(), self.vt.into(), whole))
                }
            },
            VirtualQuote::Of(product) => {
                let paid = U256::product(effective.into(), self.vt.into());
                let whole = U256::from_u128(product).checked_add(paid).ok_or(Error::Overflow)?;
                let paid = paid.checked_mul(self.vt.into()).ok_or(Error::Overflow)?;
                narrow(ratio_floor(paid, whole))
            }
        }
    }

    pub(super) fn proceeds(&self, base: u64) -> Result<u64, Error> {
        let whole = self.vt.checked_add(base).ok_or(Error::Overflow)?;
        match self.quote {
            VirtualQuote::Counted(vs) => mul_div_floor(base, vs, whole).ok_or(Error::Overflow),
            VirtualQuote::Of(product) => {
                let worth = U256::product(product, base.into());
                narrow(ratio_floor(worth, U256::product(self.vt.into(), whole.into())))
            }
        }
    }

    pub(super) fn given(&self, quote: u64) -> Option<u64> {
        match self.quote {
            VirtualQuote::Counted(vs) => {
                let rest = vs.checked_sub(quote).filter(|rest| *rest > 0)?;
                mul_div_ceil(quote, self.vt, rest)
            }
            VirtualQuote::Of(product) => {
                let wanted = U256::product(quote.into(), self.vt.into());
                let rest = U256::from_u128(product).checked_sub(wanted)?;
                let base = ratio_ceil(wanted.checked_mul(self.vt.into())?, rest)?;
                u64::try_from(base).ok()
            }
        }
    }
}
