//! Meteora Dynamic Bonding Curve.

use alloc::{vec, vec::Vec};

use super::{part, quarter_percent_pool};
use crate::{
    curve::liquidity_base,
    error::Error,
    math::{U256, mul_shr_ceil, ratio_ceil, shl_div_floor},
    module::{
        Allotment, FeeOf, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation, MODULE_VERSION, Module,
        PIECES_MAX, Piece, PieceKind, RATE_ONE, Recipient,
    },
    types::{Address, Base, Quote},
};

/// The protocol's part of a fee: 20 % (DBC's `PROTOCOL_FEE_PERCENT`; the same on DAMM v2 pools).
const PROTOCOL: u32 = 200_000_000;
/// The referrer's part of the protocol's: 20 % (DBC's `HOST_FEE_PERCENT`).
const REFERRER: u32 = 200_000_000;

/// A config of Meteora DBC.
///
/// Names are those of its `ConfigParameters`; the rules are those of `MeteoraAg/dynamic-bonding-curve`. The curve ends at the price at
/// which the threshold is raised, where DBC stops too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dbc {
    /// All tokens; when it is none, as many as the curve sells, the pool needs and are locked.
    pub supply: Option<Base>,
    /// Decimals of the asset, 6 to 9.
    pub decimals: u8,
    /// The square root of the price at the start, Q64.64.
    pub sqrt_start: u128,
    /// The curve, in rising order. 1 to [`PIECES_MAX`].
    pub points: Vec<DbcPoint>,
    /// Quote to be raised.
    pub threshold: Quote,
    /// The rate of the base fee at launch, in billionths.
    pub rate: u32,
    /// How it changes, in seconds.
    pub schedule: FeeSchedule,
    /// In which asset it is taken.
    pub side: FeeSide,
    /// The creator's percentage of what the protocol leaves of the fee; the rest is the partner's.
    pub creator_percent: u8,
    /// Tokens that are locked, and how they vest.
    pub locked: Option<Allotment>,
    /// Who receives the partner's fee; the protocol does when it is nobody.
    pub partner: Option<Address>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DbcPoint {
    /// The square root of the price, Q64.64.
    pub sqrt_price: u128,
    /// The liquidity below it, down to the point before, Q64.64.
    pub liquidity: u128,
}

/// A graduation at 300 SOL with 90 % of 1,000,000,000 tokens sold, for a fee of 0.25 % in quote.
///
/// Source: the curve that the tests of `MeteoraAg/dynamic-bonding-curve` (`tests/swapv2.tests.ts`) design for a graduation at 300
/// units of quote; its last point lies beyond the migration price and is never reached.
pub fn meteora_dbc() -> Module {
    let config = Dbc {
        supply: Some(Base::new(1_000_000_000_000_000)),
        decimals: 6,
        sqrt_start: 112_263_309_352_173_048,
        points: Vec::new(),
        threshold: Quote::new(300_000_000_000),
        rate: 2_500_000,
        schedule: FeeSchedule::Constant,
        side: FeeSide::Quote,
        creator_percent: 0,
        locked: None,
        partner: None,
    };
    let kind = PieceKind::ConstantLiquidity {
        liquidity: 113_666_600_719_074_106_472_968_044_575_603,
        sqrt_end: 1_010_369_784_169_546_209,
    };
    let end = Base::new(899_999_999_999_990);
    config.with_pieces(Base::new(1_000_000_000_000_000), vec![Piece { end, kind }])
}

impl Dbc {
    /// The config as a module.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModule`] when the points do not rise or do not raise the threshold, or when there are too many tokens.
    pub fn module(&self) -> Result<Module, Error> {
        let (pieces, sqrt_end) = self.pieces().ok_or(Error::InvalidModule)?;
        let supply = self.supply.or_else(|| self.supply_for(&pieces, sqrt_end));
        Ok(self.with_pieces(supply.ok_or(Error::InvalidModule)?, pieces))
    }

    /// The pieces up to the migration price, and the square root of it.
    fn pieces(&self) -> Option<(Vec<Piece>, u128)> {
        let mut pieces = Vec::new();
        let (mut low, mut sold, mut left) = (self.sqrt_start, Base::ZERO, self.threshold.get());
        for DbcPoint { sqrt_price, liquidity } in self.points.iter().take(PIECES_MAX) {
            let room = mul_shr_ceil(*liquidity, sqrt_price.checked_sub(low)?, 128)?;
            let (sqrt_end, taken) = match u64::try_from(room) {
                Ok(room) if room <= left => (*sqrt_price, room),
                Ok(_) | Err(_) => {
                    (low.checked_add(shl_div_floor(left.into(), 128, *liquidity)?)?, left)
                }
            };
            sold = sold.checked_add(liquidity_base(low, sqrt_end, *liquidity).ok()?)?;
            let kind = PieceKind::ConstantLiquidity { liquidity: *liquidity, sqrt_end };
            pieces.push(Piece { end: sold, kind });
            left = left.checked_sub(taken)?;
            low = sqrt_end;
            if left == 0 {
                return Some((pieces, sqrt_end));
            }
        }
        None
    }

    /// What the pieces sell, the pool needs at the migration price, and is locked.
    fn supply_for(&self, pieces: &[Piece], sqrt_end: u128) -> Option<Base> {
        let quote = U256::from_u128(self.threshold.get().into()).checked_shl(128)?;
        let pool = ratio_ceil(quote, U256::product(sqrt_end, sqrt_end))?;
        let locked = self.locked.map_or(Base::ZERO, |locked| locked.amount);
        let pool = Base::new(u64::try_from(pool).ok()?);
        pieces.last()?.end.checked_add(pool)?.checked_add(locked)
    }

    fn with_pieces(&self, supply: Base, pieces: Vec<Piece>) -> Module {
        Module {
            version: MODULE_VERSION,
            decimals: self.decimals,
            supply,
            sqrt_start: self.sqrt_start,
            pieces,
            fees: self.fees(),
            partner: self.partner,
            graduation: Graduation::Raised(self.threshold),
            vault: None,
            allotment: self.locked,
            migration: quarter_percent_pool(PROTOCOL),
        }
    }

    fn fees(&self) -> Fees {
        let creator = u32::from(self.creator_percent).saturating_mul(RATE_ONE / 100);
        Fees {
            total: FeeTotal::Included { rate: self.rate, referred: 0, schedule: self.schedule },
            side: self.side,
            parts: vec![
                part(Recipient::Protocol, PROTOCOL, FeeOf::Total),
                part(Recipient::Referrer, REFERRER, FeeOf::Part(0)),
                part(Recipient::Creator, creator, FeeOf::Rest),
            ],
            rest: self.partner.map_or(Recipient::Protocol, |_| Recipient::Partner),
        }
    }
}
