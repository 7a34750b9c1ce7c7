//! pump.fun.

use alloc::vec;

use crate::{
    module::{
        Fees, Graduation, LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind,
        PoolTier, Recipient, Rounding,
    },
    types::{Base, Quote},
};

/// Lamports in a SOL.
const SOL: u64 = 1_000_000_000;
/// From 420 SOL on: the least market cap in SOL, and the creator's basis points; the pool's liquidity gets 20 and the protocol 5.
/// Below it they get 2 and 93, and the creator 30. From the tiers of canonical pools on mainnet in September 2026, as recorded by the
/// fee tests of pump.fun's swap SDK.
const CREATOR_TIERS: [(u64, u16); 24] = [
    (420, 95),
    (1_470, 90),
    (2_460, 85),
    (3_440, 80),
    (4_420, 75),
    (9_820, 70),
    (14_740, 65),
    (19_650, 60),
    (24_560, 55),
    (29_470, 50),
    (34_380, 45),
    (39_300, 40),
    (44_210, 35),
    (49_120, 30),
    (54_030, 28),
    (58_940, 25),
    (63_860, 23),
    (68_770, 20),
    (73_681, 18),
    (78_590, 15),
    (83_500, 13),
    (88_400, 10),
    (93_330, 8),
    (98_240, 5),
];

/// pump.fun with the fees of today: 0.95 % for the protocol and 0.30 % for the creator.
///
/// Sources: the `Global` account's genesis values (virtual reserves of 1,073,000,000 tokens and 30 SOL, 793,100,000 tokens for sale of
/// 1,000,000,000, 6 decimals) and the fee programs' rates in `pump-fun/pump-public-docs`. The liquidity of a migrated curve is burnt.
pub fn pump_fun() -> Module {
    pump_fun_with_fees(95, 30)
}

/// pump.fun with other fees on the curve, in basis points.
pub fn pump_fun_with_fees(protocol_bps: u16, creator_bps: u16) -> Module {
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(30_000_000_000),
        virtual_base: Base::new(1_073_000_000_000_000),
        rounding: Rounding::FloorPlusOne,
    };
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(1_000_000_000_000_000),
        sqrt_start: 0,
        pieces: vec![Piece { end: Base::new(793_100_000_000_000), kind }],
        fees: Fees::on_top(&[
            (Recipient::Protocol, protocol_bps),
            (Recipient::Creator, creator_bps),
        ]),
        partner: None,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: Migration { lock: LiquidityLock::Forever, tiers: tiers() },
    }
}

/// PumpSwap's fees by market cap.
fn tiers() -> alloc::vec::Vec<PoolTier> {
    let tier = |from, liquidity, protocol, creator| PoolTier {
        from: Quote::new(from),
        fees: Fees::on_top(&[
            (Recipient::Liquidity, liquidity),
            (Recipient::Protocol, protocol),
            (Recipient::Creator, creator),
        ]),
    };
    let upper = CREATOR_TIERS.iter();
    let upper = upper.map(|(sol, creator)| tier(sol.saturating_mul(SOL), 20, 5, *creator));
    core::iter::once(tier(0, 2, 93, 30)).chain(upper).collect()
}
