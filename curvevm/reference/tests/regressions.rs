//! Faults that the reference and the fuzz targets have found.

use curvevm::{
    cell::{Accrued, Curve, Phase},
    curve::{
        self, Terms,
        quote::{At, curve_at},
        verify::{Rule, verify},
    },
    module::{
        Fees, Graduation, LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind,
        PoolTier, Rounding,
    },
    program::{BuyOrder, SellOrder},
    types::{Address, AssetId, Base, Quote},
};

const TERMS: Terms = Terms { time_ms: 0, referred: false };

fn module(supply: u64, piece: Piece, graduation: Graduation) -> Module {
    let tiers = vec![PoolTier { from: Quote::ZERO, fees: Fees::none() }];
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(supply),
        sqrt_start: 0,
        pieces: vec![piece],
        fees: Fees::none(),
        partner: None,
        graduation,
        vault: None,
        allotment: None,
        migration: Migration { lock: LiquidityLock::Forever, tiers },
    }
}

fn fresh(module: &Module) -> Curve {
    Curve {
        version: 0,
        module: module.hash(),
        quote_asset: AssetId::SOL,
        creator: Address::new([1; 32]),
        name: "Asset".to_owned(),
        symbol: "A".to_owned(),
        launched_ms: 0,
        sold: Base::ZERO,
        reserve: Quote::ZERO,
        sqrt_price: module.sqrt_start,
        marks: Vec::new(),
        fees: Accrued::default(),
        phase: Phase::Trading,
    }
}

/// Two tokens were taken for all of the reserve: at a price of zero, the square root that the tokens of no quote are found by divided
/// by zero.
#[test]
fn all_of_the_reserve_takes_all_tokens_of_a_line_from_zero() {
    let kind = PieceKind::Linear { start: 0, slope: 1 << 100, rounding: Rounding::Cumulative };
    let piece = Piece { end: Base::new(1 << 30), kind };
    let module = module(1 << 40, piece, Graduation::SoldOut);
    verify(&module).unwrap();
    let sold = Base::new(1 << 29);
    let curve = curve_at(&module, &At { sold, ..At::default() }).unwrap();
    let order = SellOrder::ExactOut { quote: curve.reserve, base_max: Base::MAX };
    let fill = curve::sell(&module, &curve, &order, &TERMS).unwrap();
    assert_eq!((fill.quote, fill.base), (curve.reserve, sold));
}

/// More tokens than were needed for the target came for the same unit, past the point of graduation that the verifier looks at.
#[test]
fn a_purchase_ends_at_the_first_token_that_meets_the_target() {
    let kind = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::new(1_000) };
    let piece = Piece { end: Base::new(100_000_000), kind };
    let module = module(300_000_000, piece, Graduation::Raised(Quote::new(10_000)));
    verify(&module).unwrap();
    let order = BuyOrder::ExactOut { base: Base::new(100_000_000), quote_max: Quote::MAX };
    let fill = curve::buy(&module, &fresh(&module), &order, &TERMS).unwrap();
    assert_eq!((fill.base.get(), fill.quote.get(), fill.partial), (9_999_001, 10_000, true));
}

/// A purchase of no token completed the curve, whose pool would have had none: it could never migrate.
#[test]
fn a_target_below_the_price_of_a_token_is_refused() {
    let price = 3_000_000_000_000u64;
    let kind = PieceKind::FixedPrice { quote: Quote::new(price), base: Base::new(1) };
    let piece = Piece { end: Base::new(1_000), kind };
    let module = |target| module(10_000, piece.clone(), Graduation::Raised(Quote::new(target)));
    let refusal = verify(&module(price - 1)).unwrap_err();
    assert_eq!(refusal.rule, Rule::PoolShares);
    verify(&module(2 * price)).unwrap();
}
