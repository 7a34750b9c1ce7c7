//! The whole state and every opcode, over maps of numbers without bounds.
//!
//! A transaction runs on a copy of the state, which replaces the state when all instructions have succeeded: there is no journal
//! to get wrong.

mod claim;
mod compare;
pub(crate) mod inbox;
mod liquidity;
mod money;
mod session;
mod trade;

use std::collections::{BTreeMap, BTreeSet};

use curvevm::{
    cell::Phase,
    error::Error,
    execute::Context,
    genesis::Genesis,
    module::Module,
    nonce,
    program::Instruction,
    receipt::{Event, Outcome},
    tx::Body,
    types::{Address, AssetId, CurveId, Hash},
};

use crate::{
    curve::Place,
    fees::Split,
    number::{Int, to_u64},
};

/// The state of a chain.
#[derive(Clone, Debug)]
pub struct Model {
    /// Who claims the protocol's fees.
    pub treasury: Address,
    /// The quote assets besides SOL.
    pub quote_assets: Vec<AssetId>,
    /// The height of the block.
    pub height: u64,
    /// The time of the block, in milliseconds since 1970.
    pub time_ms: u64,
    /// Balances and nonces.
    pub accounts: BTreeMap<Address, Account>,
    /// Tokens, by curve and owner.
    pub holdings: BTreeMap<(CurveId, Address), Int>,
    /// Curves, complete and migrated ones as well.
    pub curves: BTreeMap<CurveId, Curve>,
    /// Pools of migrated curves.
    pub pools: BTreeMap<CurveId, Pool>,
    /// Shares, by curve and owner.
    pub stakes: BTreeMap<(CurveId, Address), Int>,
    /// Session keys, by owner and key.
    pub sessions: BTreeMap<(Address, Address), Session>,
    /// Published modules.
    pub modules: BTreeMap<Hash, Module>,
    /// Withdrawals, in order.
    pub withdrawals: Vec<Withdrawal>,
}

/// Balances and nonces of an owner.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Nonces that were used, from `base` on.
    pub used: BTreeSet<u64>,
    /// The lowest nonce that may still be used.
    pub base: u64,
    /// Balances above zero.
    pub balances: BTreeMap<AssetId, Int>,
}

/// A launched curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The hash of its module.
    pub module: Hash,
    /// What it is priced in.
    pub quote_asset: AssetId,
    /// Who launched it.
    pub creator: Address,
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// When it was launched.
    pub launched_ms: u64,
    /// What it has sold and collected.
    pub place: Place,
    /// Fees to be claimed.
    pub fees: Accrued,
    /// Where it stands.
    pub phase: Phase,
}

/// Fees to be claimed.
#[derive(Clone, Debug, Default)]
pub struct Accrued {
    /// By the treasury.
    pub protocol: Money,
    /// By the creator.
    pub creator: Money,
    /// By the partner.
    pub partner: Money,
}

/// Quote and tokens.
#[derive(Clone, Debug, Default)]
pub struct Money {
    /// Of the quote asset.
    pub quote: Int,
    /// Of the launched asset.
    pub base: Int,
}

/// The pool of a migrated curve.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Its quote.
    pub quote: Int,
    /// Its tokens.
    pub base: Int,
    /// All shares.
    pub shares: Int,
    /// Shares that the creator may claim after the term.
    pub term_locked: Int,
    /// When it was made.
    pub migrated_ms: u64,
    /// Tokens that are nobody's.
    pub burnt: Int,
    /// Of the creator's allotment: claimed.
    pub vested: Int,
    /// Fees to be claimed.
    pub fees: Accrued,
}

/// A session key.
#[derive(Clone, Debug)]
pub struct Session {
    /// The first time at which it is not valid.
    pub expires_ms: u64,
    /// What it may spend.
    pub asset: AssetId,
    /// How much.
    pub limit: Int,
    /// How much of it is spent.
    pub spent: Int,
}

/// A withdrawal.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// What left.
    pub asset: Asset,
    /// How much.
    pub amount: Int,
    /// Who is paid on Solana.
    pub recipient: Address,
}

/// What an amount is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// A quote asset.
    Quote(AssetId),
    /// The tokens of a curve.
    Base(CurveId),
}

impl Model {
    /// The state before the first block.
    pub fn new(genesis: &Genesis) -> Self {
        Self {
            treasury: genesis.treasury,
            quote_assets: genesis.quote_assets.clone(),
            height: 0,
            time_ms: genesis.time_ms,
            accounts: BTreeMap::new(),
            holdings: BTreeMap::new(),
            curves: BTreeMap::new(),
            pools: BTreeMap::new(),
            stakes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            modules: BTreeMap::new(),
            withdrawals: Vec::new(),
        }
    }

    /// Executes a transaction whose signature is valid.
    ///
    /// # Errors
    ///
    /// Why no block may hold the transaction; the state is then unchanged.
    pub fn apply(&mut self, body: &Body, context: &Context) -> Result<Outcome, Error> {
        (self.height, self.time_ms) = (context.height, context.time_ms);
        let account = self.accounts.get(&body.signer).ok_or(Error::UnknownAccount)?;
        if context.height > body.expires_at {
            return Err(Error::Expired);
        }
        account.check(body.nonce)?;
        self.check_session(body)?;
        self.account(&body.signer).take(body.nonce);

        let mut after = self.clone();
        let mut events = Vec::new();
        for (index, instruction) in (0u8..).zip(&body.program) {
            match after.execute(body, instruction) {
                Ok(event) => events.push(event),
                Err(error) => return Ok(Outcome::Failed { instruction: index, error }),
            }
        }
        *self = after;
        Ok(Outcome::Succeeded(events))
    }

    fn execute(&mut self, body: &Body, instruction: &Instruction) -> Result<Event, Error> {
        self.check_scope(body, instruction)?;
        let signer = &body.signer;
        match instruction {
            Instruction::Buy { curve, order, referrer } => self.buy(body, curve, order, *referrer),
            Instruction::Sell { curve, order, referrer } => {
                self.sell(body, curve, order, *referrer)
            }
            Instruction::AddLiquidity { curve, quote, base_max, shares_min } => {
                self.add_liquidity(body, curve, (*quote, *base_max, *shares_min))
            }
            Instruction::RemoveLiquidity { curve, shares, quote_min, base_min } => {
                self.remove_liquidity(signer, curve, (*shares, *quote_min, *base_min))
            }
            Instruction::MigrateToAmm { curve } => self.migrate(curve),
            Instruction::Launch(launch) => self.launch(body, launch),
            Instruction::Transfer { to, amount } => self.transfer(signer, to, *amount),
            Instruction::Withdraw { amount, recipient } => {
                self.withdraw(signer, *amount, *recipient)
            }
            Instruction::PublishModule(module) => self.publish(module),
            Instruction::Claim { curve, what } => self.claim(signer, curve, *what),
            Instruction::Authorize { session, expires_ms, asset, limit } => {
                self.authorize(signer, session, (*expires_ms, *asset, *limit))
            }
            Instruction::Revoke { session } => self.revoke(signer, session),
        }
    }

    /// Whether a module is valid is the verifier's word: it is judged by what becomes of the modules that it accepts.
    fn publish(&mut self, module: &Module) -> Result<Event, Error> {
        curvevm::curve::verify::verify(module).map_err(|_| Error::InvalidModule)?;
        let hash = module.hash();
        if self.modules.contains_key(&hash) {
            return Err(Error::ModuleExists);
        }
        self.modules.insert(hash, module.clone());
        Ok(Event::Published { module: hash })
    }

    fn curve_and_module(&self, id: &CurveId) -> Result<(Curve, Module), Error> {
        let curve = self.curves.get(id).ok_or(Error::UnknownCurve)?.clone();
        let module = self.modules.get(&curve.module).ok_or(Error::UnknownModule)?.clone();
        Ok((curve, module))
    }
}

impl Account {
    /// Whether the nonce may be used: it was not, and it is not further above the lowest than allowed.
    fn check(&self, nonce: u64) -> Result<(), Error> {
        if nonce < self.base || self.used.contains(&nonce) {
            return Err(Error::NonceUsed);
        }
        if nonce == u64::MAX || nonce - self.base > nonce::AHEAD_MAX {
            return Err(Error::NonceTooDistant);
        }
        Ok(())
    }

    /// Uses the nonce: a window of 256 is moved up to hold it, and past all that are used at its start.
    fn take(&mut self, nonce: u64) {
        self.used.insert(nonce);
        self.base = self.base.max(nonce.saturating_sub(nonce::WINDOW - 1));
        while self.used.contains(&self.base) {
            self.base += 1;
        }
        self.used = self.used.split_off(&self.base);
    }
}

impl Accrued {
    fn add_quote(&mut self, split: &Split) {
        self.protocol.quote += &split.protocol;
        self.creator.quote += &split.creator;
        self.partner.quote += &split.partner;
    }

    fn add_base(&mut self, split: &Split) {
        self.protocol.base += &split.protocol;
        self.creator.base += &split.creator;
        self.partner.base += &split.partner;
    }
}

/// The value as an amount of 64 bits.
fn units(value: &Int) -> Result<u64, Error> {
    to_u64(value).ok_or(Error::Overflow)
}
