//! Raydium LaunchLab.

use alloc::{vec, vec::Vec};

use super::{part, quarter_percent_pool};
use crate::{
    error::Error,
    math::U256,
    module::{
        Allotment, FeeOf, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation, MODULE_VERSION, Module,
        Piece, PieceKind, Recipient, Rounding,
    },
    types::{Address, Base, Quote},
};

/// Billionths in a millionth.
const PPM: u32 = 1_000;
/// Of Raydium's 0.25 % after migration: 12 % buy RAY back and 4 % go to the treasury, 84 % to the liquidity (docs.raydium.io, protocol
/// fees, CPMM).
const POOL_PROTOCOL: u32 = 160_000_000;

/// The parameters of a launch on Raydium LaunchLab.
///
/// The formulae are those of `raydium-io/raydium-sdk-V2`, `src/raydium/launchpad/curve`; the order of their roundings matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchLab {
    /// All tokens.
    pub supply: Base,
    /// Tokens for sale, for a constant product; the other curves derive them.
    pub sold: Base,
    /// Quote to be raised.
    pub raised: Quote,
    /// Of it, what migration costs.
    pub migrate_fee: Quote,
    /// Tokens that are locked, and how they vest.
    pub locked: Option<Allotment>,
    /// Fees of a trade.
    pub rates: LaunchLabRates,
    /// Who receives the platform's fee; the protocol does when it is nobody.
    pub platform: Option<Address>,
}

/// Fees of a trade on LaunchLab, in millionths, at most a million together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaunchLabRates {
    /// Raydium's.
    pub protocol: u32,
    /// The platform's.
    pub platform: u32,
    /// The creator's.
    pub creator: u32,
    /// The referrer's, when an order names one.
    pub share: u32,
}

/// The default launch: 793,100,000 of 1,000,000,000 tokens for 85 SOL by a constant product.
///
/// Sources: the virtual reserves are those that mainnet pools of the default launch have; rates of 0.25 %, 1 % and 0.05 % for the
/// protocol, the platform and the creator are those of decoded mainnet trades (`tests/conformance/upstream`).
pub fn raydium_launchlab() -> Module {
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(30_000_852_951),
        virtual_base: Base::new(1_073_025_605_596_382),
        rounding: Rounding::Ceiling,
    };
    LaunchLab::standard().module(Piece { end: Base::new(793_100_000_000_000), kind })
}

/// The default launch at a fixed price: 500,000,000 tokens for 85 SOL.
pub fn raydium_launchlab_fixed() -> Module {
    let end = Base::new(500_000_000_000_000);
    let kind = PieceKind::FixedPrice { quote: Quote::new(85_000_000_000), base: end };
    LaunchLab::standard().module(Piece { end, kind })
}

/// The default launch at a linear price: 666,666,666 tokens. Its slope is 7 / 2^64, rounded down from 7.06, so that all of them raise
/// 84.33 SOL, not 85.
pub fn raydium_launchlab_linear() -> Module {
    let kind = PieceKind::Linear { start: 0, slope: 7 << 64, rounding: Rounding::Cumulative };
    LaunchLab::standard().module(Piece { end: Base::new(666_666_666_666_666), kind })
}

impl LaunchLab {
    /// The default launch.
    pub const fn standard() -> Self {
        Self {
            supply: Base::new(1_000_000_000_000_000),
            sold: Base::new(793_100_000_000_000),
            raised: Quote::new(85_000_000_000),
            migrate_fee: Quote::ZERO,
            locked: None,
            rates: LaunchLabRates { protocol: 2_500, platform: 10_000, creator: 500, share: 0 },
            platform: None,
        }
    }

    /// A constant product whose end price is that of the pool.
    ///
    /// With `g` tokens left for the pool and `f` quote, the virtual reserves are `floor(floor(f·S²/g) / d)` and `floor(R² / d)`, where
    /// `d = floor(f·S/g) - R`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModule`] when there is no such curve.
    pub fn constant_product(&self) -> Result<Module, Error> {
        let piece = self.constant_product_piece().ok_or(Error::InvalidModule)?;
        Ok(self.module(piece))
    }

    /// A fixed price: `floor(R · (supply - locked) / (2R - fee))` tokens for `R`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModule`] when there is no such curve.
    pub fn fixed_price(&self) -> Result<Module, Error> {
        let end = self.derived_sale(1, 2).ok_or(Error::InvalidModule)?;
        let kind = PieceKind::FixedPrice { quote: self.raised, base: end };
        Ok(self.module(Piece { end, kind }))
    }

    /// A price that rises linearly from zero: `S = floor(2R · (supply - locked) / (3R - fee))` tokens, by `floor(2R · 2^64 / S²) / 2^64`
    /// for each.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModule`] when there is no such curve.
    pub fn linear_price(&self) -> Result<Module, Error> {
        let piece = self.linear_piece().ok_or(Error::InvalidModule)?;
        Ok(self.module(piece))
    }

    fn constant_product_piece(&self) -> Option<Piece> {
        let sold = u128::from(self.sold.get());
        let kept = self.unlocked()?.checked_sub(sold).filter(|kept| *kept > 0)?;
        let funds = self.raised.checked_sub(self.migrate_fee)?;
        let (funds, raised) = (u128::from(funds.get()), u128::from(self.raised.get()));
        let per_kept = |n: U256| Some(n.div_rem(U256::from_u128(kept))?.0);
        let all = U256::product(funds, sold);
        let divisor = per_kept(all)?.checked_sub(U256::from_u128(raised))?;
        let quotient = |n: U256| n.div_rem(divisor)?.0.to_u64();
        let virtual_base = quotient(per_kept(all.checked_mul(sold)?)?)?;
        let virtual_quote = quotient(U256::product(raised, raised))?;
        let kind = PieceKind::ConstantProduct {
            virtual_quote: Quote::new(virtual_quote),
            virtual_base: Base::new(virtual_base),
            rounding: Rounding::Ceiling,
        };
        Some(Piece { end: self.sold, kind })
    }

    fn linear_piece(&self) -> Option<Piece> {
        let end = self.derived_sale(2, 3)?;
        let sold = u128::from(end.get());
        let twice = u128::from(self.raised.get()).checked_mul(2)?;
        let squared = U256::product(sold, sold);
        let slope = U256::from_u128(twice).checked_shl(64)?.div_rem(squared)?.0.to_u64()?;
        if slope == 0 || slope == u64::MAX {
            return None;
        }
        let slope = u128::from(slope) << 64;
        let kind = PieceKind::Linear { start: 0, slope, rounding: Rounding::Cumulative };
        Some(Piece { end, kind })
    }

    /// `floor(sold · R · (supply - locked) / (all · R - fee))`.
    fn derived_sale(&self, sold: u128, all: u128) -> Option<Base> {
        let raised = u128::from(self.raised.get());
        let divisor = raised.checked_mul(all)?.checked_sub(self.migrate_fee.get().into())?;
        let tokens = U256::product(raised.checked_mul(sold)?, self.unlocked()?);
        tokens.div_rem(U256::from_u128(divisor))?.0.to_u64().map(Base::new)
    }

    fn unlocked(&self) -> Option<u128> {
        let locked = self.locked.map_or(Base::ZERO, |locked| locked.amount);
        Some(self.supply.checked_sub(locked)?.get().into())
    }

    fn module(&self, piece: Piece) -> Module {
        Module {
            version: MODULE_VERSION,
            decimals: 6,
            supply: self.supply,
            sqrt_start: 0,
            pieces: vec![piece],
            fees: self.rates.fees(self.platform.is_some()),
            partner: self.platform,
            graduation: Graduation::SoldOut,
            vault: None,
            allotment: self.locked,
            migration: quarter_percent_pool(POOL_PROTOCOL),
        }
    }
}

impl LaunchLabRates {
    /// The total is rounded up; the platform, the referrer and the creator get their proportions of it, rounded down, and the protocol
    /// the rest.
    fn fees(&self, platform: bool) -> Fees {
        let rate = |ppm: u32| ppm.saturating_mul(PPM);
        let proportion = |recipient, ppm| part(recipient, rate(ppm), FeeOf::Proportion);
        let mut parts = Vec::new();
        if platform {
            parts.push(proportion(Recipient::Partner, self.platform));
        }
        parts.push(proportion(Recipient::Referrer, self.share));
        parts.push(proportion(Recipient::Creator, self.creator));
        let charged = self.protocol.saturating_add(self.platform).saturating_add(self.creator);
        let total = FeeTotal::Included {
            rate: rate(charged),
            referred: rate(self.share),
            schedule: FeeSchedule::Constant,
        };
        Fees { total, side: FeeSide::Quote, parts, rest: Recipient::Protocol }
    }
}
