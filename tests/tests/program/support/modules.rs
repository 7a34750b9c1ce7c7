//! Modules at the edges of what the verifier takes.

use curvevm::{
    curve::liquidity_base,
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation,
        LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind, PoolTier, Recipient,
        Rounding, Vault,
    },
    types::{Address, Base, Quote},
};

/// Tokens that each piece of a long module sells.
const LENGTH: u64 = 10_000_000_000_007;
/// What a piece's price is of the one before, in 256ths.
const STEP: u64 = 263;
/// A price of a linear piece of a long module, Q64.64.
const LINEAR_START: u128 = 1 << 50;
/// The square root of the price at the start, and the liquidity: those of a curve that people use.
const SQRT_START: u128 = 112_263_309_352_173_048;
const LIQUIDITY: u128 = 113_666_600_719_074_106_472_968_044_575_603;

/// The kinds of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Product,
    Linear,
    Fixed,
    Liquidity,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Product, Self::Linear, Self::Fixed, Self::Liquidity];
}

/// A module of `count` pieces of a kind, with fees in quote and a pool of `tiers` tiers.
pub(crate) fn long(kind: Kind, count: usize, tiers: usize) -> Module {
    let pieces: Vec<Piece> = match kind {
        Kind::Product => product(count),
        Kind::Linear => linear(count),
        Kind::Fixed => fixed(count),
        Kind::Liquidity => liquidity(count),
    };
    let sale_end = pieces.last().unwrap().end.get();
    let allotment = sale_end / 10;
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(sale_end * 2 + allotment),
        sqrt_start: if kind == Kind::Liquidity { SQRT_START } else { 0 },
        pieces,
        fees: fees(FeeSchedule::Exponential { reduction_bps: 3, period_secs: 1, periods: 65_535 }),
        partner: Some(partner()),
        graduation: Graduation::SoldOut,
        vault: Some(Vault { reserve_bps: 1 }),
        allotment: Some(Allotment {
            amount: Base::new(allotment),
            cliff_secs: 1,
            vesting_secs: 1_000_003,
        }),
        migration: Migration { lock: LiquidityLock::Term { secs: 1 }, tiers: pool_tiers(tiers) },
    }
}

/// Who receives the partner's fees of these modules.
pub(crate) fn partner() -> Address {
    super::address(91)
}

fn product(count: usize) -> Vec<Piece> {
    let virtual_base = 1_073_000_000_000_003;
    let quote = |at: usize| {
        let at = i32::try_from(at).unwrap();
        30_000_000_011 + (30_000_000_000_f64 * (1.02_f64.powi(at) - 1.0)) as u64
    };
    let kind = |at: usize| PieceKind::ConstantProduct {
        virtual_quote: Quote::new(quote(at)),
        virtual_base: Base::new(virtual_base),
        rounding: Rounding::Ceiling,
    };
    pieces(count, kind)
}

fn linear(count: usize) -> Vec<Piece> {
    let rise = LINEAR_START / 64;
    let slope = (rise << 64) / u128::from(LENGTH);
    let kind = |at: usize| PieceKind::Linear {
        start: LINEAR_START + (rise + 3) * u128::try_from(at).unwrap(),
        slope,
        rounding: Rounding::Ceiling,
    };
    pieces(count, kind)
}

fn fixed(count: usize) -> Vec<Piece> {
    let kind = |at: usize| PieceKind::FixedPrice {
        quote: Quote::new(1_000_003 + 1_009 * u64::try_from(at).unwrap()),
        base: Base::new(30_000_000_001),
    };
    pieces(count, kind)
}

fn liquidity(count: usize) -> Vec<Piece> {
    let (mut low, mut end) = (SQRT_START, 0);
    (0..count)
        .map(|at| {
            let sqrt_end = low + low * u128::from(STEP - 256) / 256 / 2;
            let liquidity = LIQUIDITY + u128::try_from(at).unwrap();
            end += liquidity_base(low, sqrt_end, liquidity).unwrap().get();
            low = sqrt_end;
            Piece {
                end: Base::new(end),
                kind: PieceKind::ConstantLiquidity { liquidity, sqrt_end },
            }
        })
        .collect()
}

fn pieces(count: usize, kind: impl Fn(usize) -> PieceKind) -> Vec<Piece> {
    (0..count)
        .map(|at| {
            let end = LENGTH * u64::try_from(at + 1).unwrap();
            Piece { end: Base::new(end), kind: kind(at) }
        })
        .collect()
}

/// Four parts, each of another amount.
pub(crate) fn fees(schedule: FeeSchedule) -> Fees {
    let part = |recipient, rate, of, rounding| FeePart { recipient, rate, of, rounding };
    Fees {
        total: FeeTotal::Included { rate: 20_000_003, referred: 1_000_003, schedule },
        side: FeeSide::Quote,
        parts: vec![
            part(Recipient::Protocol, 200_000_003, FeeOf::Total, FeeRounding::Down),
            part(Recipient::Referrer, 200_000_003, FeeOf::Part(0), FeeRounding::Down),
            part(Recipient::Creator, 300_000_007, FeeOf::Rest, FeeRounding::Down),
            part(Recipient::Creator, 1_000_003, FeeOf::Amount, FeeRounding::Up),
        ],
        rest: Recipient::Partner,
    }
}

/// Tiers of fees of four parts.
pub(crate) fn pool_tiers(count: usize) -> Vec<PoolTier> {
    (0..count)
        .map(|at| {
            let mut fees = fees(FeeSchedule::Constant);
            fees.rest = Recipient::Liquidity;
            PoolTier { from: Quote::new(u64::try_from(at).unwrap() * 1_000_000_007), fees }
        })
        .collect()
}
