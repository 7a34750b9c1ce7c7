//! Modules.

use curvevm::{
    curve::verify::{Refusal, Rule, verify},
    module::{self, MODULE_VERSION, Module},
    types::{Base, Quote},
};

use super::{
    liquidity::{self, Place, Stretch},
    price::{Line, end_q64_ceil, ratio},
    report::{Completion, PieceReport, Report},
};
use crate::{
    diagnostics::{Code, Finding},
    hir::{Curve, Piece, PieceKind},
    source::Span,
};

/// Lowers a curve and verifies the module; none when it was refused.
pub(crate) fn module(curve: &Curve) -> (Option<(Module, Report)>, Vec<Finding>) {
    match try_module(curve) {
        Ok(lowered) => (Some(lowered), Vec::new()),
        Err(finding) => (None, vec![finding]),
    }
}

/// A piece of the module.
struct Lowered {
    sell: Base,
    kind: module::PieceKind,
    report: PieceReport,
}

/// What a piece needs to know of those before.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    /// The square root of the price where constant liquidity starts.
    sqrt_start: u128,
    place: Place,
}

fn try_module(curve: &Curve) -> Result<(Module, Report), Finding> {
    let mut end = Base::ZERO;
    let place = Place { decimals: curve.decimals, ..Place::default() };
    let mut before = Before { sqrt_start: 0, place };
    let mut pieces = Vec::with_capacity(curve.pieces.len());
    let mut reports = Vec::with_capacity(curve.pieces.len());
    for (index, piece) in curve.pieces.iter().enumerate() {
        let refused = |rule| refused(curve, Refusal { rule, piece: Some(index), tier: None });
        let Lowered { sell, kind, report } = lower(piece, &mut before)?;
        before.place.before = end_q64_ceil(&kind, sell);
        end = end.checked_add(sell).ok_or_else(|| refused(Rule::Overflow))?;
        if sell.is_zero() {
            return Err(refused(Rule::EmptyPiece));
        }
        pieces.push(module::Piece { end, kind });
        reports.push(report);
    }
    let module = Module {
        version: MODULE_VERSION,
        decimals: curve.decimals,
        supply: curve.supply,
        sqrt_start: before.sqrt_start,
        pieces,
        fees: curve.fees.clone(),
        partner: curve.partner,
        graduation: curve.graduation,
        vault: curve.vault,
        allotment: curve.allotment,
        migration: curve.migration.clone(),
    };
    verify(&module).map_err(|refusal| refused(curve, refusal))?;
    let completion = Completion::of(&module);
    let overflow = Refusal { rule: Rule::Overflow, piece: None, tier: None };
    let completion = completion.map_err(|_| refused(curve, overflow))?;
    Ok((module, Report { pieces: reports, completion }))
}

fn lower(piece: &Piece, before: &mut Before) -> Result<Lowered, Finding> {
    let decimals = before.place.decimals;
    let exact = |sell| PieceReport { sell, price_error_max: 0, cost_error_max: Quote::ZERO };
    match piece.kind {
        PieceKind::ConstantProduct { sell, virtual_quote, virtual_base, rounding } => {
            let kind = module::PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding };
            Ok(Lowered { sell, kind, report: exact(sell) })
        }
        PieceKind::Linear { sell, from, to, rounding } => {
            if sell.is_zero() {
                let kind = module::PieceKind::Linear { start: 0, slope: 0, rounding };
                return Ok(Lowered { sell, kind, report: exact(sell) });
            }
            let line = Line::between((from, to), sell.get(), decimals, before.place.before);
            let line = line.ok_or_else(|| too_steep(piece))?;
            let error = (u128::from(line.error_max) * u128::from(sell.get())).div_ceil(1 << 64);
            let kind = module::PieceKind::Linear { start: line.start, slope: line.slope, rounding };
            let cost_error_max = Quote::new(u64::try_from(error).unwrap_or(u64::MAX));
            let report = PieceReport { sell, price_error_max: line.error_max, cost_error_max };
            Ok(Lowered { sell, kind, report })
        }
        PieceKind::Fixed { sell, price } => {
            let (quote, base) = ratio(price, decimals).ok_or_else(|| too_fine(piece))?;
            let kind = module::PieceKind::FixedPrice { quote, base };
            Ok(Lowered { sell, kind, report: exact(sell) })
        }
        PieceKind::FixedRatio { sell, quote, base } => {
            let kind = module::PieceKind::FixedPrice { quote, base };
            Ok(Lowered { sell, kind, report: exact(sell) })
        }
        PieceKind::ConstantLiquidity { from, to, extent } => {
            let stretch = liquidity::stretch(before.place, (from, to), extent);
            let Stretch { low, high, liquidity, sell, report } =
                stretch.map_err(|unfit| unfit.at(piece.span))?;
            if before.place.last.is_none() {
                before.sqrt_start = low;
            }
            before.place.last = Some(high);
            let kind = module::PieceKind::ConstantLiquidity { liquidity, sqrt_end: high };
            Ok(Lowered { sell, kind, report })
        }
    }
}

/// A price that the format of modules cannot hold.
fn too_steep(piece: &Piece) -> Finding {
    let message = "the price is too high or too steep for a module";
    Finding::new(Code::OutOfRange, piece.span, message).help(
        "in base units, a price is below 2^64 and rises by less than one from each unit to the next",
    )
}

/// A price that is no ratio of two numbers of 64 bits.
fn too_fine(piece: &Piece) -> Finding {
    let message = "the price is no ratio of two numbers of 64 bits";
    Finding::new(Code::OutOfRange, piece.span, message)
        .help("write fewer digits, or the ratio itself: `price 85sol per 793_100_000`")
}

/// Puts a refusal where the source says what was refused.
fn refused(curve: &Curve, refusal: Refusal) -> Finding {
    let piece = refusal.piece.and_then(|index| curve.pieces.get(index)).map(|piece| piece.span);
    let tier = refusal.tier.and_then(|index| curve.tiers.get(index)).copied();
    let span = piece.or(tier).unwrap_or_else(|| place(curve, refusal.rule));
    let message = format!("the verifier refuses the curve: {}", refusal.rule.message());
    Finding::new(Code::Refused, span, message)
}

/// Where what a rule is about is said, when it is no single piece's or tier's.
fn place(curve: &Curve, rule: Rule) -> Span {
    let spans = &curve.spans;
    match rule {
        Rule::Supply | Rule::PoolTokens | Rule::PoolShares => spans.supply,
        Rule::FeeParts
        | Rule::FeeRate
        | Rule::FeeOf
        | Rule::FeeLiquidity
        | Rule::FeePartner
        | Rule::FeeSchedule => spans.fee,
        Rule::Unreachable => spans.graduation,
        Rule::VaultRate | Rule::VaultUnreachable => spans.vault,
        Rule::Allotment => spans.allotment,
        Rule::TierCount | Rule::TierOrder | Rule::TierFees => spans.migration,
        Rule::Version | Rule::Decimals => spans.head,
        // Everything else is about the pieces, and so may be rules to come.
        _ => spans.price,
    }
}
