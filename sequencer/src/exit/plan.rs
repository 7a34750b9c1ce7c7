//! What an owner has to force in to get everything out: a function of the state.
//!
//! # Rules
//!
//! 1. In this order: what has accrued is claimed, liquidity is removed, tokens are sold or withdrawn, quote is withdrawn.
//! 2. Each action is a transaction of its own, so that one that fails takes no other with it.
//! 3. Every action is tried on a copy of the state. One that fails there is left, and said.

use std::{collections::BTreeSet, fmt};

use curvevm::{
    block::{BlockBody, BlockError, chain},
    cell::{Account, Cell, Curve, Holding, Rules, Stake},
    error::{Error, StateError},
    module::Module,
    program::{Amount, Claim, Instruction, SellOrder},
    receipt::Outcome,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, Base, CurveId, Quote, Shares, Signature},
};
use serde::Serialize;

use super::ExitError;
use crate::{
    chain::{ChainSpec, execute},
    rebuild::Rebuild,
};

/// What an owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whose everything it is.
    pub owner: Address,
    /// The Solana address that is paid.
    pub recipient: Address,
    /// Whether tokens are withdrawn as they are; otherwise they are sold.
    pub keep_tokens: bool,
}

/// What has to be forced in, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The transactions.
    pub steps: Vec<Step>,
    /// What cannot be taken out as the state is.
    pub left: Vec<Left>,
}

/// A transaction, to be signed by the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub action: Action,
    /// What is signed.
    pub body: Body,
}

/// What cannot be taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// What was tried.
    pub action: Action,
    /// Why it fails.
    pub reason: String,
}

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Takes what a curve holds for the owner.
    Claim {
        /// The curve.
        curve: CurveId,
        /// What.
        what: Claim,
    },
    /// Takes the owner's part out of a pool.
    RemoveLiquidity {
        /// The curve.
        curve: CurveId,
        /// All of the owner's shares.
        shares: Shares,
    },
    /// Sells tokens.
    Sell {
        /// The curve.
        curve: CurveId,
        /// All of the owner's tokens.
        base: Base,
    },
    /// Withdraws to the L1.
    Withdraw {
        /// All of the owner's balance.
        amount: Amount,
    },
}

/// What `wish` takes on a state whose curves are `curves`.
///
/// # Errors
///
/// [`ExitError::State`], and [`ExitError::Block`] when the state takes no block at all.
pub fn plan(state: &Rebuild, curves: &BTreeSet<CurveId>, wish: &Wish) -> Result<Plan, ExitError> {
    let tree = state.tree().clone();
    let Some(account) = account(&tree, &wish.owner)? else { return Ok(Plan::default()) };
    let nonce = account.nonces.next();
    let mut planner = Planner { spec: state.spec(), tree, nonce, wish, plan: Plan::default() };
    for curve in curves {
        planner.claim(curve)?;
        planner.leave_pool(curve)?;
        planner.leave_curve(curve)?;
    }
    planner.withdraw_quote()?;
    Ok(planner.plan)
}

struct Planner<'p> {
    spec: &'p ChainSpec,
    tree: Tree,
    nonce: u64,
    wish: &'p Wish,
    plan: Plan,
}

impl Planner<'_> {
    fn claim(&mut self, id: &CurveId) -> Result<(), ExitError> {
        let Some(Cell::Curve(curve)) = self.tree.get(&Curve::key(id))?.cloned() else {
            return Ok(());
        };
        let owner = Some(self.wish.owner);
        let partner = match self.tree.get(&Module::key(&curve.module))? {
            Some(Cell::Module(module)) => module.partner,
            Some(_) | None => None,
        };
        let treasury = match self.tree.get(&Rules::key())? {
            Some(Cell::Rules(rules)) => Some(rules.treasury),
            Some(_) | None => None,
        };
        for (entitled, what) in [
            (Some(curve.creator), Claim::CreatorFees),
            (Some(curve.creator), Claim::Vested),
            (Some(curve.creator), Claim::Liquidity),
            (partner, Claim::PartnerFees),
            (treasury, Claim::ProtocolFees),
        ] {
            if entitled == owner {
                self.attempt(Action::Claim { curve: *id, what })?;
            }
        }
        Ok(())
    }

    fn leave_pool(&mut self, id: &CurveId) -> Result<(), ExitError> {
        match self.tree.get(&Stake::key(id, &self.wish.owner))? {
            Some(Cell::Stake(stake)) if !stake.shares.is_zero() => {
                let shares = stake.shares;
                self.attempt(Action::RemoveLiquidity { curve: *id, shares })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn leave_curve(&mut self, id: &CurveId) -> Result<(), ExitError> {
        let held = match self.tree.get(&Holding::key(id, &self.wish.owner))? {
            Some(Cell::Holding(holding)) => holding.amount,
            Some(_) | None => Base::ZERO,
        };
        if held.is_zero() {
            return Ok(());
        }
        self.attempt(if self.wish.keep_tokens {
            Action::Withdraw { amount: Amount::Base(*id, held) }
        } else {
            Action::Sell { curve: *id, base: held }
        })
    }

    fn withdraw_quote(&mut self) -> Result<(), ExitError> {
        let account = account(&self.tree, &self.wish.owner)?.unwrap_or_default();
        for (asset, balance) in account.balances {
            self.attempt(Action::Withdraw { amount: Amount::Quote(asset, balance) })?;
        }
        Ok(())
    }

    /// Tries an action, and plans it when it succeeds.
    fn attempt(&mut self, action: Action) -> Result<(), ExitError> {
        let body = self.body(&action);
        let mut tree = self.tree.clone();
        match outcome(&mut tree, self.spec, &body)? {
            Ok(()) => {
                self.tree = tree;
                self.nonce = self.nonce.saturating_add(1);
                self.plan.steps.push(Step { action, body });
            }
            // There is nothing of it.
            Err(Error::NothingToClaim | Error::NotMigrated) => {}
            Err(error) => self.plan.left.push(Left { action, reason: error.to_string() }),
        }
        Ok(())
    }

    fn body(&self, action: &Action) -> Body {
        let instruction = match *action {
            Action::Claim { curve, what } => Instruction::Claim { curve, what },
            Action::RemoveLiquidity { curve, shares } => Instruction::RemoveLiquidity {
                curve,
                shares,
                quote_min: Quote::ZERO,
                base_min: Base::ZERO,
            },
            Action::Sell { curve, base } => {
                let order = SellOrder::ExactIn { base, quote_min: Quote::ZERO };
                Instruction::Sell { curve, order, referrer: None }
            }
            Action::Withdraw { amount } => {
                Instruction::Withdraw { amount, recipient: self.wish.recipient }
            }
        };
        Body {
            version: TX_VERSION,
            signer: self.wish.owner,
            session: None,
            nonce: self.nonce,
            expires_at: NEVER_EXPIRES,
            program: vec![instruction],
        }
    }
}

/// What a transaction does in a block of its own.
fn outcome(tree: &mut Tree, spec: &ChainSpec, body: &Body) -> Result<Result<(), Error>, ExitError> {
    let now = chain(tree)?;
    // Nobody verifies it: it is the owner who will sign.
    let transaction = Transaction { body: body.clone(), signature: Signature::new([0; 64]) };
    let ids = vec![transaction.id(&spec.id)];
    let block = BlockBody {
        height: now.height.saturating_add(1),
        time_ms: now.time_ms.saturating_add(1),
        messages: Vec::new(),
        transactions: vec![transaction],
    };
    let executed = match execute(tree, spec, block, ids) {
        Ok(executed) => executed,
        Err(BlockError::Transaction { error, .. }) => return Ok(Err(error)),
        Err(error) => return Err(error.into()),
    };
    Ok(match executed.receipts.first().map(|receipt| &receipt.outcome) {
        Some(Outcome::Failed { error, .. } | Outcome::Rejected { error }) => Err(*error),
        Some(Outcome::Succeeded(_)) | None => Ok(()),
    })
}

fn account(tree: &Tree, owner: &Address) -> Result<Option<Account>, StateError> {
    Ok(match tree.get(&Account::key(owner))? {
        Some(Cell::Account(account)) => Some(account.clone()),
        Some(_) | None => None,
    })
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim { curve, what } => write!(f, "claim {what:?} of curve {curve}"),
            Self::RemoveLiquidity { curve, shares } => {
                write!(f, "remove {shares} shares from the pool of curve {curve}")
            }
            Self::Sell { curve, base } => write!(f, "sell {base} base units of curve {curve}"),
            Self::Withdraw { amount } => write!(f, "withdraw {}", super::event::of(amount)),
        }
    }
}
