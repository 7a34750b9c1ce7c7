//! `asset curve`: work with curve files and templates, without a node.

mod compile;
mod quote;
mod source;
mod templates;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::output::Output;
pub(crate) use compile::CompileArgs;
pub(crate) use quote::QuoteArgs;
pub(crate) use source::read_source;

/// Work with curve files and templates, without a node.
#[derive(Debug, Args)]
pub(crate) struct CurveArgs {
    #[command(subcommand)]
    pub(crate) command: CurveCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum CurveCommand {
    /// Compile a curve file; all its errors are reported at once.
    Compile(CompileArgs),
    /// Say what an order would fill, fees and partial fill included.
    Quote(QuoteArgs),
    /// List the named templates.
    Templates,
}

pub(crate) fn run(args: CurveArgs, output: &Output) -> Result<()> {
    match args.command {
        CurveCommand::Compile(args) => compile::run(&args, output),
        CurveCommand::Quote(args) => quote::run(&args, output),
        CurveCommand::Templates => templates::run(output),
    }
}
