//! Developer commands of this repository: `cargo xtask <command>`.
//!
//! | Command | What it does |
//! |---|---|
//! | `ci` | every check, in order of cost; the README's test command |
//! | `demo` | `setup`, then `asset devnet --demo` |
//! | `program build` | builds the program for sBPF v0 and v3 from package registries only |
//! | `program verify` | fails when the committed `.so` files are not built from the present sources |
//! | `readme` | runs the commands of README.md that are marked with `<!-- ci: run -->` |
//! | `setup` | installs the system packages that builds need |
//!
//! Nothing is written into the work tree but what a command names as its result; toolchains and build outputs live in the cache
//! folder (`ASSET_L2_CACHE`, by default `~/.cache/asset-l2`).
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod ci;
mod fuzz;
mod program;
mod readme;
mod setup;
mod shell;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Developer commands of Asset L2", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every check: format, lints, docs, program build, tests, tutorial.
    Ci(ci::Arguments),
    /// Build and run `asset devnet --demo`: a whole committee and its L1, on this machine.
    Demo(setup::DemoArguments),
    /// Run the fuzz targets, one after the other.
    Fuzz(fuzz::Arguments),
    /// Build and verify the Solana program.
    #[command(subcommand)]
    Program(program::Command),
    /// Run the commands of README.md that are marked for it.
    Readme(readme::Arguments),
    /// Install what builds need on this machine.
    Setup,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Demo(arguments) => setup::demo(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Program(command) => program::run(&command),
        Command::Readme(arguments) => readme::run(&arguments),
        Command::Setup => setup::run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
