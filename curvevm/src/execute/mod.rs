//! Execution of a transaction: `apply(transaction, context, state) -> receipt`.
//!
//! # Rules
//!
//! 1. A transaction that breaks a rule of form, signature, account, expiry, nonce or session is *rejected*: no block may contain it.
//! 2. Any other transaction uses its nonce and leaves a receipt. Its instructions take effect together, or, when one of them
//!    fails, not at all.
//! 3. Every transaction is counted on the meter of its segment ([`crate::meter`]). One that does not fit the segment any more leaves no trace.
//! 4. What comes out of the inbox leaves a receipt whatever it is: [`receive`] has the rules.
//! 5. A fault of the state ([`StateError`]) stops execution; nothing that was written may be kept.

mod cells;
mod claim;
mod journal;
mod launch;
mod liquidity;
mod message;
mod name;
mod publish;
mod session;
mod trade;
mod transfer;
mod withdraw;

use alloc::vec::Vec;

use crate::{
    cell::{Account, Cell, Session},
    error::{Error, StateError},
    host,
    meter::{self, Exceeded, Meter},
    program::Instruction,
    receipt::{Event, Outcome, Receipt},
    tree::Found,
    tx::{Body, Transaction},
    types::{Address, Hash, Key},
};
pub use cells::credit;
use journal::Journal;
use liquidity::{Addition, Removal};
pub use message::{Halt, Received, open_forced, receive};
use name::Name;

/// Cells that can be read and written.
pub trait State {
    /// The cell of `key`, or none when there is none, and how deep it is.
    ///
    /// # Errors
    ///
    /// [`StateError`] when nothing can be said of the cell.
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError>;

    /// The cell of `key`, or none when there is none.
    ///
    /// # Errors
    ///
    /// As [`State::find`].
    fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError> {
        self.find(key).map(|found| found.cell)
    }

    /// Writes the cell of `key`.
    ///
    /// # Errors
    ///
    /// [`StateError`] when the cell cannot be written; nothing changed then.
    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError>;
}

impl State for crate::tree::Tree {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        Self::find(self, key)
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        Self::put(self, key, cell)
    }
}

/// What a transaction may know of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The chain id.
    pub genesis: Hash,
    /// The block's height.
    pub height: u64,
    /// The block's time, in milliseconds since 1970.
    pub time_ms: u64,
}

/// Why there is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The transaction may be in no block.
    Rejected(Error),
    /// The segment has no room for the transaction, which belongs to the next one.
    SegmentFull,
    /// The state failed.
    State(StateError),
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Rejected(error) => error.fmt(f),
            Self::SegmentFull => {
                f.write_str("the transaction does not fit what is left of the segment")
            }
            Self::State(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}

/// Executes a transaction whole: form, signature, account, instructions. `chunk_bytes_max` is the chain's, `meter` that of the segment.
///
/// # Errors
///
/// [`Refusal`]; the state is then unchanged.
pub fn apply<S: State>(
    transaction: &Transaction,
    chunk_bytes_max: usize,
    context: &Context,
    state: &mut S,
    meter: &mut Meter,
) -> Result<Receipt, Refusal> {
    let id = transaction.admit(&context.genesis, chunk_bytes_max).map_err(Refusal::Rejected)?;
    if !host::verify(transaction.body.key(), &id, &transaction.signature) {
        return Err(Refusal::Rejected(Error::BadSignature));
    }
    apply_verified(&transaction.body, id, context, state, meter)
}

/// Executes a transaction whose form was admitted under `id` and whose signature verifies. `meter` is that of the segment.
///
/// # Errors
///
/// [`Refusal`]; the state is then unchanged.
pub fn apply_verified<S: State>(
    body: &Body,
    id: Hash,
    context: &Context,
    state: &mut S,
    meter: &mut Meter,
) -> Result<Receipt, Refusal> {
    meter.begin().map_err(Fault::from)?;
    let outcome = execute_begun(body, context, state, meter)?;
    Ok(Receipt { id, outcome })
}

/// Executes a transaction that may be executed, and whose beginning was counted.
fn execute_begun<S: State>(
    body: &Body,
    context: &Context,
    state: &mut S,
    meter: &mut Meter,
) -> Result<Outcome, Refusal> {
    let mut machine = Machine::new(body, context, state, meter);
    machine.admit(body)?;
    let outcome = match machine.run(&body.program) {
        Ok(events) => Outcome::Succeeded(events),
        Err((_, fault @ (Fault::State(_) | Fault::SegmentFull))) => return Err(fault.into()),
        Err((instruction, Fault::Failed(error))) => {
            machine.journal.reset();
            machine.use_nonce(body)?;
            Outcome::Failed { instruction, error }
        }
    };
    machine.journal.commit()?;
    Ok(outcome)
}

/// Whether a transaction whose form is admitted and whose signature verifies could be in a block of `context` on `state`.
///
/// # Errors
///
/// [`Error::UnknownAccount`], as [`check_account`], as [`check_session`]; or a fault of the state.
pub fn check<S: State>(state: &S, body: &Body, context: &Context) -> Result<(), Refusal> {
    let account = match state.get(&Account::key(&body.signer))? {
        Some(Cell::Account(account)) => account,
        Some(_) => return Err(StateError::Corrupt.into()),
        None => return Err(Refusal::Rejected(Error::UnknownAccount)),
    };
    check_account(account, body, context.height).map_err(Refusal::Rejected)?;
    let Some(key) = &body.session else { return Ok(()) };
    match state.get(&Session::key(&body.signer, key))? {
        Some(Cell::Session(session)) => {
            check_session(session, context.time_ms).map_err(Refusal::Rejected)
        }
        Some(_) => Err(StateError::Corrupt.into()),
        None => Err(Refusal::Rejected(Error::UnknownSession)),
    }
}

/// Checks what the signer's account says of a transaction: its nonce and its expiry.
///
/// # Errors
///
/// [`Error::Expired`], [`Error::NonceUsed`], [`Error::NonceTooDistant`].
pub fn check_account(account: &Account, body: &Body, height: u64) -> Result<(), Error> {
    if height > body.expires_at {
        return Err(Error::Expired);
    }
    account.nonces.check(body.nonce)
}

/// Checks what a session says of a transaction that its key signed, in a block of `time_ms`.
///
/// # Errors
///
/// [`Error::UnknownSession`] when it was revoked, [`Error::SessionExpired`].
pub const fn check_session(session: &Session, time_ms: u64) -> Result<(), Error> {
    match session.expires_ms {
        0 => Err(Error::UnknownSession),
        expires_ms if time_ms >= expires_ms => Err(Error::SessionExpired),
        _ => Ok(()),
    }
}

/// Why an instruction did not succeed.
enum Fault {
    Failed(Error),
    SegmentFull,
    State(StateError),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Failed(error) => Self::Rejected(error),
            Fault::SegmentFull => Self::SegmentFull,
            Fault::State(error) => Self::State(error),
        }
    }
}

impl From<Exceeded> for Fault {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Transaction => Self::Failed(Error::TooExpensive),
            Exceeded::Segment => Self::SegmentFull,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// A transaction under execution. What each opcode does is in the files of this folder, by family.
struct Machine<'a, S> {
    signer: Address,
    /// The key that signed for the signer.
    session: Option<Address>,
    context: &'a Context,
    journal: Journal<'a, S>,
}

impl<'a, S: State> Machine<'a, S> {
    fn new(body: &Body, context: &'a Context, state: &'a mut S, meter: &'a mut Meter) -> Self {
        let journal = Journal::new(state, meter);
        Self { signer: body.signer, session: body.session, context, journal }
    }

    /// Rule 1, but for form and signature; uses the nonce.
    fn admit(&mut self, body: &Body) -> Result<(), Refusal> {
        self.use_nonce(body)?;
        let Some(key) = body.session else { return Ok(()) };
        let time_ms = self.context.time_ms;
        let session = match self.journal.get(Name::Session(body.signer, key))? {
            Some(Cell::Session(session)) => session,
            Some(_) => return Err(StateError::Corrupt.into()),
            None => return Err(Refusal::Rejected(Error::UnknownSession)),
        };
        check_session(session, time_ms).map_err(Refusal::Rejected)
    }

    fn use_nonce(&mut self, body: &Body) -> Result<(), Refusal> {
        let height = self.context.height;
        let account = self.find_account(&body.signer)?;
        let account = account.ok_or(Refusal::Rejected(Error::UnknownAccount))?;
        check_account(account, body, height).map_err(Refusal::Rejected)?;
        account.nonces.take(body.nonce).map_err(Refusal::Rejected)
    }

    /// Executes the instructions in order; gives the one that failed.
    fn run(&mut self, program: &[Instruction]) -> Result<Vec<Event>, (u8, Fault)> {
        let mut events = Vec::with_capacity(program.len());
        for (index, instruction) in (0u8..).zip(program) {
            events.push(self.execute(instruction).map_err(|fault| (index, fault))?);
        }
        Ok(events)
    }

    fn execute(&mut self, instruction: &Instruction) -> Result<Event, Fault> {
        self.check_scope(instruction)?;
        self.journal.charge(meter::instruction(instruction))?;
        match instruction {
            Instruction::Buy { curve, order, referrer } => {
                self.buy(curve, order, referrer.as_ref()).map(Event::Traded)
            }
            Instruction::Sell { curve, order, referrer } => {
                self.sell(curve, order, referrer.as_ref()).map(Event::Traded)
            }
            Instruction::AddLiquidity { curve, quote, base_max, shares_min } => {
                let (quote, base_max, shares_min) = (*quote, *base_max, *shares_min);
                self.add_liquidity(curve, &Addition { quote, base_max, shares_min })
            }
            Instruction::RemoveLiquidity { curve, shares, quote_min, base_min } => {
                let (shares, quote_min, base_min) = (*shares, *quote_min, *base_min);
                self.remove_liquidity(curve, &Removal { shares, quote_min, base_min })
            }
            Instruction::MigrateToAmm { curve } => self.migrate(curve),
            Instruction::Launch(launch) => self.launch(launch),
            Instruction::Transfer { to, amount } => self.transfer(to, *amount),
            Instruction::Withdraw { amount, recipient } => self.withdraw(*amount, *recipient),
            Instruction::PublishModule(module) => self.publish(module),
            Instruction::Claim { curve, what } => self.claim(curve, *what),
            Instruction::Authorize { session, expires_ms, asset, limit } => {
                self.authorize(session, *expires_ms, *asset, *limit)
            }
            Instruction::Revoke { session } => self.revoke(session),
        }
    }
}

#[cfg(test)]
mod tests;
