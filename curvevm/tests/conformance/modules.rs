//! Modules that the vectors are made with.

use curvevm::{
    curve::liquidity_base,
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation,
        LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind, PoolTier, Recipient,
        Rounding, Vault,
    },
    types::{Base, Quote},
};

use super::world::{PARTNER, SOL, address};

pub(crate) const UNIT: u128 = 1 << 64;
const MILLION: u64 = 1_000_000_000_000;

/// A constant product as pump.fun's, with a pool that charges 25 bps for its liquidity.
pub(crate) fn pump() -> Module {
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(30 * SOL),
        virtual_base: Base::new(1_073 * MILLION),
        rounding: Rounding::FloorPlusOne,
    };
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(1_000 * MILLION),
        sqrt_start: 0,
        pieces: vec![Piece { end: Base::new(793_100_000_000_000), kind }],
        fees: Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]),
        partner: None,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: Migration {
            lock: LiquidityLock::Forever,
            tiers: vec![tier(0, &[(Recipient::Liquidity, 25)])],
        },
    }
}

fn tier(from: u64, parts: &[(Recipient, u16)]) -> PoolTier {
    PoolTier { from: Quote::new(from), fees: Fees::on_top(parts) }
}

/// A module of fixed prices alone, without fees.
pub(crate) fn plain(pieces: Vec<Piece>) -> Module {
    let supply = Base::new(pieces.last().map_or(0, |piece| piece.end.get().saturating_mul(2)));
    Module { decimals: 0, supply, pieces, fees: Fees::none(), ..pump() }
}

pub(crate) fn piece(end: u64, kind: PieceKind) -> Piece {
    Piece { end: Base::new(end), kind }
}

pub(crate) fn fixed(end: u64, price: u64) -> Piece {
    piece(end, PieceKind::FixedPrice { quote: Quote::new(price), base: Base::new(1) })
}

pub(crate) const fn linear(start: u128, slope: u128, rounding: Rounding) -> PieceKind {
    PieceKind::Linear { start, slope, rounding }
}

pub(crate) fn product(end: u64, quote: u64, base: u64, rounding: Rounding) -> Piece {
    let (virtual_quote, virtual_base) = (Quote::new(quote), Base::new(base));
    piece(end, PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding })
}

/// Few and dear tokens: ten at a price.
pub(crate) fn dear(price: u64) -> Module {
    plain(vec![fixed(10, price)])
}

/// Constant liquidity alone, between square roots of the price of 1/16 and 1/2.
pub(crate) fn liquid() -> Module {
    let (sqrt_start, sqrt_end, liquidity) = (1u128 << 60, 1u128 << 63, 1u128 << 100);
    let end = liquidity_base(sqrt_start, sqrt_end, liquidity).unwrap();
    let kind = PieceKind::ConstantLiquidity { liquidity, sqrt_end };
    Module {
        supply: Base::new(end.get() * 3),
        sqrt_start,
        pieces: vec![Piece { end, kind }],
        ..pump()
    }
}

/// A linear price alone, rounded as Raydium LaunchLab's.
pub(crate) fn cumulative() -> Module {
    let kind = linear(0, UNIT << 24, Rounding::Cumulative);
    Module { supply: Base::new(3 * MILLION), pieces: vec![piece(MILLION, kind)], ..pump() }
}

/// Three pieces of both kinds, complete at a target.
pub(crate) fn raised() -> Module {
    let rounding = Rounding::Ceiling;
    let pieces = vec![
        piece(MILLION, linear(UNIT / 100, (UNIT / 100) << 24, rounding)),
        product(3 * MILLION, MILLION / 10, 4 * MILLION, rounding),
        piece(4 * MILLION, linear(UNIT / 2, 0, rounding)),
    ];
    Module {
        supply: Base::new(10 * MILLION),
        pieces,
        fees: Fees::on_top(&[(Recipient::Protocol, 50), (Recipient::Creator, 250)]),
        graduation: Graduation::Raised(Quote::new(400 * SOL)),
        ..pump()
    }
}

/// Everything that a module can ask for: fees in tokens that fall with time and have four recipients, a vault, an allotment, liquidity
/// that is released after a term, and two fee tiers.
pub(crate) fn rich() -> Module {
    let part = |recipient, percent: u32, of| {
        let (rate, rounding) = (percent * 10_000_000, FeeRounding::Down);
        FeePart { recipient, rate, of, rounding }
    };
    let schedule = FeeSchedule::Linear { reduction: 1_000_000, period_secs: 60, periods: 40 };
    let fees = Fees {
        total: FeeTotal::Included { rate: 50_000_000, referred: 0, schedule },
        side: FeeSide::Output,
        parts: vec![
            part(Recipient::Protocol, 20, FeeOf::Total),
            part(Recipient::Referrer, 50, FeeOf::Part(0)),
            part(Recipient::Creator, 30, FeeOf::Rest),
        ],
        rest: Recipient::Partner,
    };
    let tiers = [(0, 30), (200 * SOL, 20)].map(|(from, bps)| {
        let liquidity = (Recipient::Liquidity, bps);
        let others = [(Recipient::Protocol, 5), (Recipient::Creator, 10), (Recipient::Partner, 7)];
        tier(from, &[&[liquidity][..], &others].concat())
    });
    let slope = (UNIT << 63) / 100 / u128::from(MILLION);
    let cheap = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::new(50) };
    Module {
        supply: Base::new(10 * MILLION),
        pieces: vec![
            piece(2 * MILLION, linear(UNIT / 100, slope, Rounding::Ceiling)),
            piece(4 * MILLION, cheap),
        ],
        fees,
        partner: Some(address(PARTNER)),
        vault: Some(Vault { reserve_bps: 1_000 }),
        allotment: Some(Allotment {
            amount: Base::new(MILLION),
            cliff_secs: 100,
            vesting_secs: 1_000,
        }),
        migration: Migration { lock: LiquidityLock::Term { secs: 500 }, tiers: tiers.to_vec() },
        ..pump()
    }
}

/// A module with other fees on the curve.
pub(crate) fn charging(fees: Fees) -> Module {
    Module { fees, partner: Some(address(PARTNER)), ..pump() }
}

/// An included fee in quote that goes to the protocol.
pub(crate) fn included(rate: u32, schedule: FeeSchedule) -> Fees {
    Fees { total: FeeTotal::Included { rate, referred: 0, schedule }, ..Fees::none() }
}
