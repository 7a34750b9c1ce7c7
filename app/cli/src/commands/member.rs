//! `asset member`: the bond of a member of the committee.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use asset_sdk::{
    Key,
    amount::{format_sol, parse_sol},
    l1::{L1Client, Landed, Level, Member},
};
use clap::{Args, Subcommand};
use curvevm::types::{Address, Quote};
use serde::Serialize;

use crate::{
    context::{L1Url, NodeUrls, Signer},
    output::Output,
};

/// Lock, withdraw or show the bond with which a member of the committee answers for what it signs.
#[derive(Debug, Args)]
pub(crate) struct MemberArgs {
    #[command(subcommand)]
    pub(crate) command: MemberCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Lock a bond on the L1 for a committee key, or add to it.
    Register(RegisterArgs),
    /// Withdraw a bond: begin, and later run it again to be paid.
    Unbond(UnbondArgs),
    /// Show a bond.
    Status(StatusArgs),
}

/// Lock a bond on the L1 for a committee key, or add to it.
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// The member's committee key file; it signs that the bond's owner is the one of --key.
    #[arg(long, value_name = "FILE")]
    pub(crate) member: PathBuf,
    /// How much to lock, such as 1.5sol; the least that genesis asks for when not given.
    #[arg(long, value_parser = parse_sol, value_name = "AMOUNT")]
    pub(crate) amount: Option<Quote>,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

/// Withdraw a bond: begin, and later run it again to be paid.
#[derive(Debug, Args)]
pub(crate) struct UnbondArgs {
    /// The member's committee key.
    pub(crate) member: Address,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

/// Show a bond.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The member's committee key.
    pub(crate) member: Address,
    #[command(flatten)]
    pub(crate) urls: NodeUrls,
    #[command(flatten)]
    pub(crate) l1: L1Url,
}

/// A bond as it is on the L1.
#[derive(Serialize)]
struct Bond {
    member: Address,
    owner: Address,
    /// `bonded`, `unbonding`, `slashed` or `paid`.
    state: &'static str,
    amount: Quote,
    /// Whether the key is in the committee and no verdict convicted it.
    active: bool,
    /// The transaction that changed it.
    signature: Option<String>,
}

pub(crate) async fn run(args: MemberArgs, output: &Output) -> Result<()> {
    match args.command {
        MemberCommand::Register(args) => register(&args, output).await,
        MemberCommand::Unbond(args) => unbond(&args, output).await,
        MemberCommand::Status(args) => status(&args, output).await,
    }
}

async fn register(args: &RegisterArgs, output: &Output) -> Result<()> {
    let owner = args.signer.read()?;
    let member = Key::read(&args.member).context("no usable committee key")?;
    let l1 = args.l1.connect(&*args.urls.connect().await?).await?;
    let least = Quote::new(l1.rollup(Level::Confirmed).await?.bond_lamports);
    let amount = args.amount.unwrap_or(least);
    output.progress(&format!("locking {} on the L1", format_sol(amount)));
    let landed = l1.register_member(&owner, &member, amount).await?;
    show(&l1, &member.address(), Some(landed), output).await
}

async fn unbond(args: &UnbondArgs, output: &Output) -> Result<()> {
    let owner = args.signer.read()?;
    let l1 = args.l1.connect(&*args.urls.connect().await?).await?;
    let bond = bond(&l1, &args.member).await?;
    if bond.status == Member::BONDED {
        let landed = l1.begin_unbond(&owner, &args.member).await?;
        return show(&l1, &args.member, Some(landed), output).await;
    }
    let landed = l1.finish_unbond(&owner, &args.member).await?;
    let paid = Bond {
        member: args.member,
        owner: bond.owner,
        state: "paid",
        amount: Quote::new(bond.bond),
        active: false,
        signature: Some(landed.signature.to_string()),
    };
    output.result(&paid, || paid.text())
}

async fn status(args: &StatusArgs, output: &Output) -> Result<()> {
    let l1 = args.l1.connect(&*args.urls.connect().await?).await?;
    show(&l1, &args.member, None, output).await
}

async fn bond(l1: &L1Client, key: &Address) -> Result<Member> {
    match l1.member(key, Level::Confirmed).await? {
        Some(member) => Ok(member),
        None => bail!("{key} has no bond: lock one with `asset member register`"),
    }
}

async fn show(l1: &L1Client, key: &Address, landed: Option<Landed>, output: &Output) -> Result<()> {
    let found = bond(l1, key).await?;
    let rollup = l1.rollup(Level::Confirmed).await?;
    let index = rollup.committee().iter().position(|member| member == key);
    let index = index.and_then(|index| u8::try_from(index).ok());
    let bond = Bond {
        member: *key,
        owner: found.owner,
        state: match found.status {
            Member::BONDED => "bonded",
            Member::UNBONDING => "unbonding",
            _ => "slashed",
        },
        amount: Quote::new(found.bond),
        active: index.is_some_and(|index| rollup.is_active(index)),
        signature: landed.map(|landed| landed.signature.to_string()),
    };
    output.result(&bond, || bond.text())
}

impl Bond {
    /// `.. is bonded with 1 SOL of .., active in the committee`
    fn text(&self) -> String {
        let place =
            if self.active { "active in the committee" } else { "not active in the committee" };
        let (member, state, owner) = (self.member, self.state, self.owner);
        format!("{member} is {state} with {} of {owner}, {place}", format_sol(self.amount))
    }
}
