//! Each rule of the verifier.

use super::*;
use crate::{
    curve::{SQRT_PRICE_MAX, SQRT_PRICE_MIN},
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, PoolTier,
        Recipient, Vault,
    },
};

const MEGA: u64 = 1_000_000;

fn sound() -> Module {
    module(vec![fixed(10 * MEGA, 1), fixed(20 * MEGA, 2)])
}

fn refused(change: impl FnOnce(&mut Module)) -> (Rule, Option<usize>) {
    let mut module = sound();
    assert_eq!(verify(&module), Ok(()));
    change(&mut module);
    let refusal = verify(&module).unwrap_err();
    (refusal.rule, refusal.piece.or(refusal.tier))
}

/// Refused for its fees.
fn charged(total: FeeTotal, parts: &[(Recipient, u32, FeeOf)]) -> Rule {
    let part = |&(recipient, rate, of): &(Recipient, u32, FeeOf)| FeePart {
        recipient,
        rate,
        of,
        rounding: FeeRounding::Up,
    };
    let parts = parts.iter().map(part).collect();
    refused(|m| m.fees = Fees { total, side: FeeSide::Quote, parts, rest: Recipient::Protocol }).0
}

fn included(rate: u32, schedule: FeeSchedule) -> FeeTotal {
    FeeTotal::Included { rate, referred: 0, schedule }
}

#[test]
fn refuses_what_is_not_well_formed() {
    assert_eq!(refused(|m| m.version = 0), (Rule::Version, None));
    assert_eq!(refused(|m| m.decimals = 19), (Rule::Decimals, None));
    assert_eq!(refused(|m| m.pieces.clear()), (Rule::PieceCount, None));
    let many = (1..=65).map(|end| fixed(end, 1)).collect::<Vec<_>>();
    assert_eq!(refused(|m| m.pieces = many), (Rule::PieceCount, None));
    let same = |m: &mut Module| m.pieces[1].end = Base::new(10 * MEGA);
    assert_eq!(refused(same), (Rule::EmptyPiece, Some(1)));
    assert_eq!(refused(|m| m.pieces[0].end = Base::ZERO), (Rule::EmptyPiece, Some(0)));
    assert_eq!(refused(|m| m.supply = Base::new(20 * MEGA - 1)), (Rule::Supply, None));
    let allot =
        |amount| Some(Allotment { amount: Base::new(amount), cliff_secs: 0, vesting_secs: 0 });
    assert_eq!(refused(|m| m.allotment = allot(0)), (Rule::Allotment, None));
    assert_eq!(refused(|m| m.allotment = allot(u64::MAX)), (Rule::Supply, None));
}

#[test]
fn refuses_pieces() {
    let first = |piece: Piece| refused(|m| m.pieces[0] = piece);
    assert_eq!(first(product(10, 0, 20, Rounding::Ceiling)), (Rule::Reserves, Some(0)));
    assert_eq!(first(product(10, 1, 10, Rounding::Ceiling)), (Rule::Reserves, Some(0)));
    assert_eq!(first(product(10, 1, 20, Rounding::Cumulative)), (Rule::Rounding, Some(0)));
    assert_eq!(first(piece(10, cumulative(1, 0))), (Rule::Rounding, Some(0)));
    let plus = PieceKind::Linear { start: 1, slope: 0, rounding: Rounding::FloorPlusOne };
    assert_eq!(first(piece(10, plus)), (Rule::Rounding, Some(0)));
    assert_eq!(first(piece(10, linear(0, 0))), (Rule::ZeroPrice, Some(0)));
    assert_eq!(first(fixed(10, 0)), (Rule::ZeroPrice, Some(0)));
    let nothing = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::ZERO };
    assert_eq!(first(piece(10, nothing)), (Rule::ZeroPrice, Some(0)));
}

/// Across kinds, to the last bit.
#[test]
fn refuses_a_falling_price() {
    let after = |before: Piece, next: PieceKind| {
        let end = before.end.get() + 10 * MEGA;
        let module = module(vec![before, piece(end, next)]);
        verify(&module).err().map(|refusal| (refusal.rule, refusal.piece))
    };
    let falls = Some((Rule::FallingPrice, Some(1)));
    assert_eq!(after(fixed(10, 2), linear((2 << 64) - 1, 1 << 100)), falls);
    assert_eq!(after(fixed(10, 2), linear(2 << 64, 1 << 100)), None);
    // 3 · 2^128 / 2^128 at the end, and one 2^-128 less.
    let rising = |slope| piece(1 << 32, linear(1 << 64, slope));
    assert_eq!(after(rising(1 << 97), fixed(1, 3).kind), None);
    assert_eq!(after(rising((1 << 97) + 1), fixed(1, 3).kind), falls);
    // 100 · 20 / 10^2 = 20
    assert_eq!(after(product(10, 100, 20, Rounding::Ceiling), fixed(1, 20).kind), None);
    let just_below =
        PieceKind::FixedPrice { quote: Quote::new(20 * MEGA - 1), base: Base::new(MEGA) };
    assert_eq!(after(product(10, 100, 20, Rounding::Ceiling), just_below), falls);
    // Square roots: 1 to 2, and a price of 4.
    let run = |next: PieceKind| {
        let first = liquid(0, 1 << 64, 2 << 64, 1 << 90);
        let end = first.end.get() + 1_000;
        let module = Module { sqrt_start: 1 << 64, ..module(vec![first, piece(end, next)]) };
        verify(&module).err().map(|refusal| (refusal.rule, refusal.piece))
    };
    assert_eq!(run(fixed(1, 4).kind), None);
    assert_eq!(run(linear((4 << 64) - 1, 0)), falls);
}

#[test]
fn refuses_what_does_not_fit() {
    assert_eq!(refused(|m| m.pieces[0].kind = linear(u128::MAX, 0)), (Rule::Overflow, Some(0)));
    let last = |m: &mut Module| m.pieces[1].kind = linear(u128::MAX >> 3, 0);
    assert_eq!(refused(last), (Rule::Overflow, Some(1)));
    // Half of the range is for what rounding adds.
    let most = |raised: u64| module(vec![fixed(1, raised)]);
    assert_eq!(verify(&most(u64::MAX >> 1)), Ok(()));
    assert_eq!(verify(&most((u64::MAX >> 1) + 1)).unwrap_err().rule, Rule::Overflow);
    let alone = module(vec![product(10, 1 << 62, 19, Rounding::Ceiling)]);
    assert_eq!(verify(&alone).unwrap_err().rule, Rule::Overflow);
}

#[test]
fn refuses_liquidity_that_does_not_join() {
    let (low, high, top) = (1u128 << 64, 2u128 << 64, 3u128 << 64);
    let run = || {
        let first = liquid(0, low, high, 1 << 90);
        let second = liquid(first.end.get(), high, top, 1 << 90);
        Module { sqrt_start: low, ..module(vec![first, second]) }
    };
    assert_eq!(verify(&run()), Ok(()));
    let refused = |change: fn(&mut Module)| {
        let mut module = run();
        change(&mut module);
        let refusal = verify(&module).unwrap_err();
        (refusal.rule, refusal.piece)
    };
    assert_eq!(refused(|m| m.sqrt_start = 0), (Rule::SqrtStart, Some(0)));
    assert_eq!(refused(|m| m.sqrt_start = SQRT_PRICE_MIN - 1), (Rule::SqrtStart, Some(0)));
    assert_eq!(refused(|m| m.sqrt_start = SQRT_PRICE_MAX + 1), (Rule::SqrtStart, Some(0)));
    assert_eq!(refused(|m| m.pieces = vec![fixed(10, 1)]), (Rule::SqrtStart, None));
    assert_eq!(
        refused(|m| m.pieces[1].end = Base::new(m.sale_end().get() + 1)).0,
        Rule::LiquidityEnd
    );
    assert_eq!(
        refused(|m| m.pieces[1].end = Base::new(m.sale_end().get() - 1)).0,
        Rule::LiquidityEnd
    );
    let square = |m: &mut Module, sqrt| match &mut m.pieces[1].kind {
        PieceKind::ConstantLiquidity { sqrt_end, .. } => *sqrt_end = sqrt,
        _ => unreachable!(),
    };
    let mut module = run();
    square(&mut module, high);
    assert_eq!(verify(&module).unwrap_err().rule, Rule::SqrtEnd);
    square(&mut module, SQRT_PRICE_MAX + 1);
    assert_eq!(verify(&module).unwrap_err().rule, Rule::SqrtEnd);
    let thin = |m: &mut Module| {
        m.pieces[1].kind = PieceKind::ConstantLiquidity { liquidity: 1, sqrt_end: 3 << 64 }
    };
    assert_eq!(refused(thin), (Rule::ThinLiquidity, Some(1)));
    assert_eq!(
        refused(|m| {
            let apart = m.pieces.pop().unwrap();
            let end = m.sale_end().get();
            m.pieces.push(fixed(end + 1, 4));
            m.pieces.push(apart);
        }),
        (Rule::LiquidityApart, Some(2))
    );
}

#[test]
fn refuses_fees() {
    use {
        FeeOf::{Amount, Part, Rest, Total},
        Recipient::{Creator, Liquidity, Partner, Protocol},
    };
    let constant = |rate| included(rate, FeeSchedule::Constant);
    assert_eq!(charged(FeeTotal::OnTop, &[(Creator, 1, Amount); 5]), Rule::FeeParts);
    assert_eq!(charged(FeeTotal::OnTop, &[(Creator, 1_000_000_001, Amount)]), Rule::FeeRate);
    assert_eq!(charged(FeeTotal::OnTop, &[(Creator, 495_000_001, Amount); 2]), Rule::FeeRate);
    assert_eq!(charged(constant(990_000_001), &[]), Rule::FeeRate);
    let referred =
        FeeTotal::Included { rate: 990_000_000, referred: 1, schedule: FeeSchedule::Constant };
    assert_eq!(charged(referred, &[]), Rule::FeeRate);
    for of in [Total, Rest, FeeOf::Proportion, Part(0)] {
        assert_eq!(charged(FeeTotal::OnTop, &[(Creator, 1, of)]), Rule::FeeOf);
    }
    assert_eq!(charged(constant(1), &[(Creator, 1, Total), (Protocol, 1, Part(1))]), Rule::FeeOf);
    assert_eq!(charged(constant(1), &[(Liquidity, 1, Total)]), Rule::FeeLiquidity);
    assert_eq!(charged(constant(1), &[(Partner, 1, Total)]), Rule::FeePartner);
    assert_eq!(refused(|m| m.fees.rest = Liquidity).0, Rule::FeeLiquidity);
    assert_eq!(refused(|m| m.fees.rest = Partner).0, Rule::FeePartner);
}

#[test]
fn refuses_schedules() {
    let fall = |reduction, period_secs, periods| {
        let schedule = FeeSchedule::Linear { reduction, period_secs, periods };
        let mut module = sound();
        module.fees.total = included(100, schedule);
        verify(&module).map_err(|refusal| refusal.rule)
    };
    assert_eq!(fall(10, 1, 10), Ok(()));
    for (reduction, secs, periods) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (10, 1, 11)] {
        assert_eq!(fall(reduction, secs, periods), Err(Rule::FeeSchedule));
    }
    let decay = |reduction_bps, period_secs, periods| {
        charged_by(FeeSchedule::Exponential { reduction_bps, period_secs, periods })
    };
    assert_eq!(decay(383, 360, 100), Ok(()));
    for (reduction, secs, periods) in
        [(0, 1, 1), (10_000, 1, 1), (1, 0, 1), (1, 1, 0), (9_999, 1, 60)]
    {
        assert_eq!(decay(reduction, secs, periods), Err(Rule::FeeSchedule));
    }
    let limit = |reference, increment, duration_secs| {
        let reference = Quote::new(reference);
        charged_by(FeeSchedule::SizeLimiter { reference, increment, duration_secs })
    };
    assert_eq!(limit(1, 1, 1), Ok(()));
    for (reference, increment, secs) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1_000_000_000, 1)] {
        assert_eq!(limit(reference, increment, secs), Err(Rule::FeeSchedule));
    }
    let output = |m: &mut Module| {
        let schedule =
            FeeSchedule::SizeLimiter { reference: Quote::new(1), increment: 1, duration_secs: 1 };
        m.fees = Fees { total: included(1, schedule), side: FeeSide::Output, ..Fees::none() };
    };
    assert_eq!(refused(output).0, Rule::FeeSchedule);
}

fn charged_by(schedule: FeeSchedule) -> Result<(), Rule> {
    let mut module = sound();
    module.fees.total = included(500_000_000, schedule);
    verify(&module).map_err(|refusal| refusal.rule)
}

#[test]
fn refuses_graduations_vaults_and_pools() {
    let raised = |target| refused(|m| m.graduation = Graduation::Raised(Quote::new(target)));
    assert_eq!(raised(0), (Rule::Unreachable, None));
    assert_eq!(raised(30 * MEGA + 1), (Rule::Unreachable, None));
    let vault = |reserve_bps| refused(|m| m.vault = Some(Vault { reserve_bps }));
    assert_eq!(vault(0), (Rule::VaultRate, None));
    assert_eq!(vault(10_001), (Rule::VaultRate, None));
    // When the second piece is entered, 10 is there for a market cap of 20.
    assert_eq!(vault(5_001), (Rule::VaultUnreachable, Some(1)));
    assert_eq!(verify(&Module { vault: Some(Vault { reserve_bps: 5_000 }), ..sound() }), Ok(()));
    let tier = |from| PoolTier { from: Quote::new(from), fees: Fees::none() };
    assert_eq!(refused(|m| m.migration.tiers.clear()), (Rule::TierCount, None));
    assert_eq!(
        refused(|m| m.migration.tiers = (0..33).map(tier).collect()),
        (Rule::TierCount, None)
    );
    assert_eq!(refused(|m| m.migration.tiers = vec![tier(1)]), (Rule::TierOrder, Some(0)));
    assert_eq!(refused(|m| m.migration.tiers = vec![tier(0), tier(0)]), (Rule::TierOrder, Some(1)));
    assert_eq!(
        refused(|m| m.migration.tiers[0].fees.side = FeeSide::Output),
        (Rule::TierFees, Some(0))
    );
    let falls = FeeSchedule::Linear { reduction: 1, period_secs: 1, periods: 1 };
    assert_eq!(
        refused(|m| m.migration.tiers[0].fees.total = included(1, falls)),
        (Rule::TierFees, Some(0))
    );
    // 30 million at a price of 2 need 15 million tokens, or nine tenths of them.
    assert_eq!(refused(|m| m.supply = Base::new(20 * MEGA + 13_499_999)), (Rule::PoolTokens, None));
    assert_eq!(verify(&Module { supply: Base::new(20 * MEGA + 13_500_000), ..sound() }), Ok(()));
    let tiny = |m: &mut Module| m.pieces = vec![fixed(1_000, 1)];
    assert_eq!(refused(tiny), (Rule::PoolShares, None));
    assert_eq!(verify(&module(vec![fixed(1_001, 1)])), Ok(()));
}

#[test]
fn takes_what_just_holds() {
    let mut module = sound();
    module.graduation = Graduation::Raised(Quote::new(30 * MEGA));
    module.decimals = 18;
    assert_eq!(verify(&module), Ok(()));
    // A price that rises steeply: slope times length passes 128 bits.
    module.pieces = vec![piece(10_000_000, linear(1_000 << 64, u128::MAX >> 14))];
    assert_eq!(verify(&Module { graduation: Graduation::SoldOut, ..module }), Ok(()));
}

#[test]
fn says_what_is_wrong_and_where() {
    use std::string::ToString;
    let mut module = sound();
    module.pieces[0] = fixed(10 * MEGA, 3);
    let text = verify(&module).unwrap_err().to_string();
    assert_eq!(text, "piece 1: the price falls below that of the piece before");
    for rule in Rule::ALL {
        assert!(!rule.name().is_empty() && !rule.message().is_empty());
    }
}
