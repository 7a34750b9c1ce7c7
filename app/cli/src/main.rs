//! The `asset` command.
//!
//! The result goes to standard output, everything else to standard error; `--json` changes the form of the result only.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod context;
mod output;
mod signals;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Cli, output::Output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&error.into()),
    };
    match runtime.block_on(commands::run(cli.command, &output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.fail(&error),
    }
}
