//! Modules.

use curvevm::{
    curve::verify::{Refusal, Rule, verify},
    module::{
        self, Fees, LiquidityLock, MODULE_VERSION, Migration, Module, PoolTier, Recipient, Rounding,
    },
    types::{Base, Quote},
};

use super::{
    price::Line,
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

fn try_module(curve: &Curve) -> Result<(Module, Report), Finding> {
    let mut end = Base::ZERO;
    let mut pieces = Vec::with_capacity(curve.pieces.len());
    let mut reports = Vec::with_capacity(curve.pieces.len());
    for (index, piece) in curve.pieces.iter().enumerate() {
        let refused = |rule| refused(curve, Refusal { rule, piece: Some(index) });
        end = end.checked_add(piece.sell).ok_or_else(|| refused(Rule::Overflow))?;
        if piece.sell.is_zero() {
            return Err(refused(Rule::EmptyPiece));
        }
        let (kind, report) = lower(piece, curve.decimals)?;
        pieces.push(module::Piece { end, kind });
        reports.push(report);
    }
    let module = Module {
        version: MODULE_VERSION,
        decimals: curve.decimals,
        supply: curve.supply,
        sqrt_start: 0,
        pieces,
        fees: curve.fees.clone(),
        partner: None,
        graduation: curve.graduation,
        vault: None,
        allotment: None,
        migration: Migration {
            lock: LiquidityLock::Forever,
            tiers: vec![PoolTier {
                from: Quote::ZERO,
                fees: Fees::on_top(&[(Recipient::Liquidity, 25)]),
            }],
        },
    };
    verify(&module).map_err(|refusal| refused(curve, refusal))?;
    let completion = Completion::of(&module);
    let completion =
        completion.map_err(|_| refused(curve, Refusal { rule: Rule::Overflow, piece: None }))?;
    Ok((module, Report { pieces: reports, completion }))
}

fn lower(piece: &Piece, decimals: u8) -> Result<(module::PieceKind, PieceReport), Finding> {
    let sell = piece.sell;
    match piece.kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding } => {
            let kind = module::PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding };
            Ok((kind, PieceReport { sell, price_error_max: 0, cost_error_max: Quote::ZERO }))
        }
        PieceKind::Linear { from, to } => {
            let line =
                Line::between(from, to, sell.get(), decimals).ok_or_else(|| too_steep(piece))?;
            let error = (u128::from(line.error_max) * u128::from(sell.get())).div_ceil(1 << 64);
            let kind = module::PieceKind::Linear {
                start: line.start,
                slope: line.slope,
                rounding: Rounding::Ceiling,
            };
            let cost_error_max = Quote::new(u64::try_from(error).unwrap_or(u64::MAX));
            Ok((kind, PieceReport { sell, price_error_max: line.error_max, cost_error_max }))
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

/// Puts a refusal where the source says what was refused.
fn refused(curve: &Curve, refusal: Refusal) -> Finding {
    let piece = refusal.piece.and_then(|index| curve.pieces.get(index));
    let span = piece.map_or_else(|| place(curve, refusal.rule), |piece| piece.span);
    let text = Refusal { rule: refusal.rule, piece: None };
    Finding::new(Code::Refused, span, format!("the verifier refuses the curve: {text}"))
}

fn place(curve: &Curve, rule: Rule) -> Span {
    let spans = &curve.spans;
    match rule {
        Rule::Supply => spans.supply,
        Rule::Fees => spans.fee,
        Rule::Unreachable => spans.graduation,
        Rule::PieceCount
        | Rule::EmptyPiece
        | Rule::Reserves
        | Rule::ZeroPrice
        | Rule::Overflow
        | Rule::FallingPrice => spans.price,
        Rule::Version | Rule::Decimals => spans.head,
    }
}
