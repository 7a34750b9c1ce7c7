//! Execution of a transaction: `apply(transaction, context, state) -> receipt`.
//!
//! # Rules
//!
//! 1. A transaction that breaks a rule of form, signature, nonce, expiry or account is *rejected*: no block may contain it.
//! 2. Any other transaction uses its nonce and leaves a receipt. Its instructions take effect together, or, when one of them
//!    fails, not at all.
//! 3. A fault of the state ([`StateError`]) stops execution; nothing that was written may be kept.

mod effects;
mod journal;

use crate::{
    cell::{Account, Cell},
    error::{Error, StateError},
    host,
    receipt::{Outcome, Receipt},
    tx::{Body, Transaction},
    types::{Hash, Key},
};
pub use effects::credit;
use journal::Journal;

/// Cells that can be read and written.
pub trait State {
    /// The cell of `key`, or none when there is none.
    ///
    /// # Errors
    ///
    /// [`StateError`] when nothing can be said of the cell.
    fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError>;

    /// Writes the cell of `key`.
    ///
    /// # Errors
    ///
    /// [`StateError`] when the cell cannot be written; nothing changed then.
    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError>;
}

impl State for crate::tree::Tree {
    fn get(&self, key: &Key) -> Result<Option<&Cell>, StateError> {
        Self::get(self, key)
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
            Self::State(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}

/// Executes a transaction whole: form, signature, account, instructions.
///
/// # Errors
///
/// [`Refusal`]; the state is then unchanged.
pub fn apply<S: State>(
    transaction: &Transaction,
    context: &Context,
    state: &mut S,
) -> Result<Receipt, Refusal> {
    let id = transaction.admit(&context.genesis).map_err(Refusal::Rejected)?;
    if !host::verify(transaction.body.key(), &id, &transaction.signature) {
        return Err(Refusal::Rejected(Error::BadSignature));
    }
    apply_verified(&transaction.body, id, context, state)
}

/// Executes a transaction whose form was admitted under `id` and whose signature verifies.
///
/// # Errors
///
/// [`Refusal`]; the state is then unchanged.
pub fn apply_verified<S: State>(
    body: &Body,
    id: Hash,
    context: &Context,
    state: &mut S,
) -> Result<Receipt, Refusal> {
    let key = Account::key(&body.signer);
    let mut account = match state.get(&key)? {
        Some(Cell::Account(account)) => account.clone(),
        Some(_) => return Err(StateError::Corrupt.into()),
        None => return Err(Refusal::Rejected(Error::UnknownAccount)),
    };
    check_account(&account, body, context.height).map_err(Refusal::Rejected)?;
    account.nonces.take(body.nonce).map_err(Refusal::Rejected)?;

    let mut journal = Journal::new(state);
    journal.put(key, Cell::Account(account.clone()));
    let outcome = match run(body, &mut journal) {
        Ok(events) => Outcome::Succeeded(events),
        Err(Stop::State(error)) => return Err(error.into()),
        Err(Stop::Failed { instruction, error }) => {
            journal.reset();
            journal.put(key, Cell::Account(account));
            Outcome::Failed { instruction, error }
        }
    };
    journal.commit()?;
    Ok(Receipt { id, outcome })
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

/// Why the instructions did not all take effect.
enum Stop {
    Failed { instruction: u8, error: Error },
    State(StateError),
}

/// A failure of one instruction.
enum Fault {
    Failed(Error),
    State(StateError),
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

fn run<S: State>(
    body: &Body,
    journal: &mut Journal<'_, S>,
) -> Result<alloc::vec::Vec<crate::receipt::Event>, Stop> {
    let mut events = alloc::vec::Vec::with_capacity(body.program.len());
    for (index, instruction) in (0u8..).zip(&body.program) {
        match effects::execute(&body.signer, instruction, journal) {
            Ok(event) => events.push(event),
            Err(Fault::Failed(error)) => return Err(Stop::Failed { instruction: index, error }),
            Err(Fault::State(error)) => return Err(Stop::State(error)),
        }
    }
    Ok(events)
}

#[cfg(test)]
#[cfg(any())]
mod tests;
