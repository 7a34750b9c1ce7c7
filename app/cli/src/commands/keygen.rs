//! `asset keygen`: make a key file.

use std::path::PathBuf;

use anyhow::Result;
use asset_sdk::Key;
use clap::Args;
use curvevm::types::Address;
use serde::Serialize;

use crate::output::Output;

/// Make a key file.
#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// Where the key is written, as a Solana JSON key file that only its owner may read. Never written over.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Serialize)]
struct Made<'a> {
    address: Address,
    file: &'a PathBuf,
}

pub(crate) fn run(args: &KeygenArgs, output: &Output) -> Result<()> {
    let key = Key::generate();
    key.write(&args.out)?;
    let made = Made { address: key.address(), file: &args.out };
    output.result(&made, || format!("{} in {}", made.address, made.file.display()))
}
