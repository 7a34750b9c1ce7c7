//! `asset curve compile`: compile a curve file.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use curvevm::types::{Base, Hash, Quote};
use serde::Serialize;

use super::source::compile_file;
use crate::output::Output;

/// Compile a curve file.
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The curve, written in CurveScript.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write the module's encoding here.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Compiled<'a> {
    module: Hash,
    name: &'a str,
    symbol: &'a str,
    decimals: u8,
    supply: Base,
    pieces: usize,
    /// What a purchase of the whole curve collects, fees not included.
    raises: Quote,
    /// The module's encoding.
    bytes: String,
    report: &'a curvescript::Report,
}

pub(super) fn run(args: &CompileArgs, output: &Output) -> Result<()> {
    let curve = compile_file(&args.file)?;
    let bytes = borsh::to_vec(&curve.module).context("cannot encode the module")?;
    if let Some(out) = &args.out {
        std::fs::write(out, &bytes).with_context(|| format!("cannot write {}", out.display()))?;
    }
    let compiled = Compiled {
        module: curve.hash,
        name: &curve.name,
        symbol: &curve.symbol,
        decimals: curve.module.decimals,
        supply: curve.module.supply,
        pieces: curve.module.pieces.len(),
        raises: curve.report.completion.quote,
        bytes: hex::encode(&bytes),
        report: &curve.report,
    };
    output.result(&compiled, || {
        format!(
            "module {}\n{} ({}), {} piece(s), {} bytes, raises {} in all",
            compiled.module,
            compiled.name,
            compiled.symbol,
            compiled.pieces,
            bytes.len(),
            asset_sdk::amount::format_sol(compiled.raises)
        )
    })
}
