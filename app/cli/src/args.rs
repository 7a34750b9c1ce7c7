//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    balance::BalanceArgs, bench::BenchArgs, buy::BuyArgs, claim::ClaimArgs, curve::CurveArgs,
    deposit::DepositArgs, devnet::DevnetArgs, exit::ExitArgs, keygen::KeygenArgs,
    launch::LaunchArgs, liquidity::LiquidityArgs, member::MemberArgs, migrate::MigrateArgs,
    node::NodeArgs, sell::SellArgs, session::SessionArgs, status::StatusArgs,
    transfer::TransferArgs, tx::TxArgs, watch::WatchArgs, withdraw::WithdrawArgs,
};

/// Asset L2: launch and trade assets on bonding curves, settled on Solana.
///
/// Amounts are written as `1.5sol` or in base units. The result goes to standard output, progress to standard error.
#[derive(Debug, Parser)]
#[command(name = "asset", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Write the result as one line of JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an L1 and a committee on this machine.
    Devnet(DevnetArgs),
    /// Run a node.
    Node(NodeArgs),
    /// Make a key file.
    Keygen(KeygenArgs),
    /// Lock, withdraw or show the bond of a member of the committee.
    Member(MemberArgs),
    /// Lock SOL on the L1 and have it credited on the L2.
    Deposit(DepositArgs),
    /// Publish a curve and launch an asset on it.
    Launch(LaunchArgs),
    /// Buy tokens of a curve.
    Buy(BuyArgs),
    /// Sell tokens of a curve.
    Sell(SellArgs),
    /// Turn a complete curve into a pool.
    Migrate(MigrateArgs),
    /// Add liquidity to a pool, or remove it.
    Liquidity(LiquidityArgs),
    /// Let another key trade for this account.
    Session(SessionArgs),
    /// Send SOL or tokens to another account on the L2.
    Transfer(TransferArgs),
    /// Withdraw SOL or tokens to the L1.
    Withdraw(WithdrawArgs),
    /// Have a finalized withdrawal paid out on the L1, or take what a curve holds for this account.
    Claim(ClaimArgs),
    /// Show what an account holds.
    Balance(BalanceArgs),
    /// Show where a transaction stands.
    Tx(TxArgs),
    /// Show what a node does and what it waits for.
    Status(StatusArgs),
    /// Rebuild the chain from the L1 alone, and check it.
    Watch(WatchArgs),
    /// Get everything out with the L1 alone, when no member of the committee answers.
    Exit(ExitArgs),
    /// Work with curve files and templates, without a node.
    Curve(CurveArgs),
    /// Measure this machine.
    Bench(BenchArgs),
}
