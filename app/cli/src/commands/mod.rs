//! The subcommands, one to a file.

pub(crate) mod balance;
pub(crate) mod bench;
pub(crate) mod buy;
pub(crate) mod claim;
pub(crate) mod curve;
pub(crate) mod demo;
pub(crate) mod deposit;
pub(crate) mod devnet;
pub(crate) mod exit;
pub(crate) mod keygen;
pub(crate) mod launch;
pub(crate) mod liquidity;
pub(crate) mod member;
pub(crate) mod migrate;
pub(crate) mod node;
pub(crate) mod sell;
pub(crate) mod session;
pub(crate) mod status;
pub(crate) mod transfer;
pub(crate) mod tx;
pub(crate) mod watch;
pub(crate) mod withdraw;

use anyhow::Result;

use crate::{args::Command, output::Output};

/// Runs a subcommand.
pub(crate) async fn run(command: Command, output: &Output) -> Result<()> {
    match command {
        Command::Devnet(args) => devnet::run(args, output).await,
        Command::Node(args) => node::run(args, output).await,
        Command::Keygen(args) => keygen::run(&args, output),
        Command::Member(args) => member::run(args, output).await,
        Command::Deposit(args) => deposit::run(args, output).await,
        Command::Launch(args) => launch::run(args, output).await,
        Command::Buy(args) => buy::run(args, output).await,
        Command::Sell(args) => sell::run(args, output).await,
        Command::Migrate(args) => migrate::run(args, output).await,
        Command::Liquidity(args) => liquidity::run(args, output).await,
        Command::Session(args) => session::run(args, output).await,
        Command::Transfer(args) => transfer::run(args, output).await,
        Command::Withdraw(args) => withdraw::run(args, output).await,
        Command::Claim(args) => claim::run(args, output).await,
        Command::Balance(args) => balance::run(args, output).await,
        Command::Tx(args) => tx::run(args, output).await,
        Command::Status(args) => status::run(args, output).await,
        Command::Watch(args) => watch::run(args, output).await,
        Command::Exit(args) => exit::run(args, output).await,
        Command::Curve(args) => curve::run(args, output),
        Command::Bench(args) => bench::run(args, output).await,
    }
}
