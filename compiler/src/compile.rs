//! The compiler's two entries: curve files and trade scripts.

use curvevm::{program::Program, types::CurveId};

use crate::{
    check,
    codegen::{self, CompiledCurve},
    diagnostics::{Code, Diagnostics, Finding},
    lexer::lex,
    lower,
    parser::parse,
    source::{Span, limits::SOURCE_BYTES_MAX},
    syntax::Tree,
};

/// What a trade script does not say itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeContext {
    /// The curve that is traded on.
    pub curve: CurveId,
    /// Decimals of its asset, from its module.
    pub decimals: u8,
    /// Decimals of the quote asset, 9 for SOL.
    pub quote_decimals: u8,
}

/// Compiles a curve file.
///
/// # Errors
///
/// Everything that is wrong with the file, in order of its place.
pub fn compile_curve(source: &str) -> Result<CompiledCurve, Diagnostics> {
    let (tree, mut findings) = front(source);
    let compiled = tree.and_then(|tree| {
        let (curve, found) = check::curve(&tree);
        findings.extend(found);
        // Later passes read a curve that is whole.
        let curve = curve.filter(|_| findings.is_empty())?;
        let (lowered, found) = lower::module(&curve);
        findings.extend(found);
        let (module, report) = lowered?;
        let (compiled, found) = codegen::compiled(curve, module, report);
        findings.extend(found);
        compiled
    });
    finish(source, compiled, findings)
}

/// Compiles a trade script: its instructions, in order, packed into programs of at most
/// [`curvevm::tx::INSTRUCTIONS_MAX`]. Each program is one transaction, which takes effect whole or not at all.
///
/// # Errors
///
/// Everything that is wrong with the script, in order of its place.
pub fn compile_trades(source: &str, context: &TradeContext) -> Result<Vec<Program>, Diagnostics> {
    let (tree, mut findings) = front(source);
    let programs = tree.and_then(|tree| {
        let (trades, found) = check::trades(&tree, context);
        findings.extend(found);
        trades.map(|trades| codegen::programs(&trades, context.curve))
    });
    finish(source, programs, findings)
}

/// The passes that both kinds of source share; no tree when the source is too long to be read whole.
fn front(source: &str) -> (Option<Tree<'_>>, Vec<Finding>) {
    if source.len() > SOURCE_BYTES_MAX {
        let message =
            format!("the source has {} bytes, {SOURCE_BYTES_MAX} are taken", source.len());
        let finding = Finding::new(Code::SourceTooLong, Span::new(0, 0), message);
        return (None, vec![finding]);
    }
    let (tokens, mut findings) = lex(source);
    if findings.iter().any(|finding| finding.code() == Code::TooManyTokens) {
        return (None, findings);
    }
    let (tree, found) = parse(&tokens);
    findings.extend(found);
    (Some(tree), findings)
}

fn finish<T>(source: &str, value: Option<T>, findings: Vec<Finding>) -> Result<T, Diagnostics> {
    match (Diagnostics::locate(source, findings), value) {
        (None, Some(value)) => Ok(value),
        (Some(diagnostics), _) => Err(diagnostics),
        // I2: a pass without a value has found why.
        (None, None) => unreachable!("a pass gave neither a value nor a reason"),
    }
}
