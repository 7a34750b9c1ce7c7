//! Messages of the inbox: deposits, and transactions that were forced in on Solana.
//!
//! # Rules
//!
//! 1. Every message leaves a receipt. Nothing that it says stops the chain: no bytes, no amount, no key, whatever the state.
//! 2. A deposit of quote is credited to its recipient's account, one of launched tokens to their holding; an account that is not there
//!    is opened. What cannot be credited (a ninth asset, a sum past 64 bits, tokens of no curve) changes nothing and is
//!    [rejected](Outcome::Rejected). What was deposited is then nobody's: quote stays in the program's vault, tokens stay burnt.
//!    The program's own bounds keep it from happening: it takes the assets of genesis and tokens that have left this chain, and no
//!    more than there are.
//! 3. A transaction is executed as one in a block is, its signature is verified here, and its length is bounded by
//!    [`FORCED_BYTES_MAX`] alone. One that may be in no block changes nothing and is rejected.
//! 4. A receipt has the transaction's id when its signature verifies, and the message's hash otherwise: anybody can force bytes that
//!    look like somebody's transaction, and must not be able to speak for its id.

use alloc::vec::Vec;

use super::{Context, Fault, Machine, Refusal, State, execute_begun, journal::Journal};
use crate::{
    codec::CHUNK_BYTES_MAX,
    error::{Error, StateError},
    host,
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    meter::Meter,
    program::Amount,
    receipt::{Event, Outcome, Receipt},
    tx::Transaction,
    types::{Address, Hash},
};

/// A message and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'m> {
    /// The message.
    pub message: &'m InboxMessage,
    /// [`InboxMessage::chain`].
    pub hash: Hash,
}

/// Why a message leaves no receipt. It is never what the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The segment has no room for the message, which belongs to the next one.
    SegmentFull,
    /// The state failed.
    State(StateError),
}

impl From<StateError> for Halt {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl core::fmt::Display for Halt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::SegmentFull => {
                f.write_str("the message does not fit what is left of the segment")
            }
            Self::State(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Halt {}

/// Executes a message. `meter` is that of the segment.
///
/// # Errors
///
/// [`Halt`]; the state is then unchanged.
pub fn receive<S: State>(
    received: &Received<'_>,
    context: &Context,
    state: &mut S,
    meter: &mut Meter,
) -> Result<Receipt, Halt> {
    match &received.message.kind {
        MessageKind::Deposit { asset, amount, recipient } => {
            let deposit = Deposit { to: recipient, amount: Amount::Quote(*asset, *amount) };
            receipt(received.hash, deposit.credit(context, state, meter))
        }
        MessageKind::DepositBase { curve, amount, recipient } => {
            let deposit = Deposit { to: recipient, amount: Amount::Base(*curve, *amount) };
            receipt(received.hash, deposit.credit(context, state, meter))
        }
        MessageKind::Transaction { bytes } => {
            if let Err(exceeded) = meter.begin_forced() {
                return receipt(received.hash, Err(Fault::from(exceeded).into()));
            }
            match open_forced(bytes, &context.genesis) {
                Ok((transaction, id)) => {
                    receipt(id, execute_begun(&transaction.body, context, state, meter))
                }
                Err(error) => receipt(received.hash, Err(Refusal::Rejected(error))),
            }
        }
    }
}

/// The receipt of what was executed, or of what may not be.
fn receipt(id: Hash, outcome: Result<Outcome, Refusal>) -> Result<Receipt, Halt> {
    match outcome {
        Ok(outcome) => Ok(Receipt { id, outcome }),
        Err(Refusal::Rejected(error)) => Ok(Receipt { id, outcome: Outcome::Rejected { error } }),
        Err(Refusal::SegmentFull) => Err(Halt::SegmentFull),
        Err(Refusal::State(error)) => Err(Halt::State(error)),
    }
}

/// Decodes a forced transaction, checks its form and its signature, and gives its id.
///
/// # Errors
///
/// Why the bytes are no transaction of this chain that somebody has signed.
#[inline(never)]
pub fn open_forced(bytes: &[u8], genesis: &Hash) -> Result<(Transaction, Hash), Error> {
    if bytes.len() > FORCED_BYTES_MAX {
        return Err(Error::Oversized);
    }
    let transaction = Transaction::decode(bytes)?;
    // As a message it fits every chunk, whatever it would take as a transaction of a block.
    let id = transaction.admit(genesis, CHUNK_BYTES_MAX)?;
    if !host::verify(transaction.body.key(), &id, &transaction.signature) {
        return Err(Error::BadSignature);
    }
    Ok((transaction, id))
}

/// What was deposited, and for whom.
struct Deposit<'m> {
    to: &'m Address,
    amount: Amount,
}

impl Deposit<'_> {
    /// Credits the recipient.
    #[inline(never)]
    fn credit<S: State>(
        &self,
        context: &Context,
        state: &mut S,
        meter: &mut Meter,
    ) -> Result<Outcome, Refusal> {
        meter.begin_deposit().map_err(Fault::from)?;
        let journal = Journal::new(state, meter);
        let mut machine = Machine { signer: *self.to, session: None, context, journal };
        machine.deposit(self.to, self.amount)?;
        machine.journal.commit()?;
        let event = Event::Deposited { to: *self.to, amount: self.amount };
        Ok(Outcome::Succeeded(Vec::from([event])))
    }
}

impl<S: State> Machine<'_, S> {
    fn deposit(&mut self, to: &Address, amount: Amount) -> Result<(), Fault> {
        match amount {
            Amount::Quote(asset, quote) => {
                self.open_account(to)?;
                self.credit(to, asset, quote)
            }
            Amount::Base(id, base) => {
                self.curve(&id)?;
                self.open_account(to)?;
                self.give_base(to, &id, base)
            }
        }
    }
}
