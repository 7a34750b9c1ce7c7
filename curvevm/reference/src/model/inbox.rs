//! Messages: each leaves an outcome, whatever it says.

use curvevm::{
    error::Error,
    execute::Context,
    host,
    inbox::MessageKind,
    program::Amount,
    receipt::{Event, Outcome},
    tx::{Body, Transaction},
    types::{Address, Hash},
};

use super::Model;
use crate::number::int;

/// The longest transaction in a message, in bytes.
const FORCED_BYTES_MAX: usize = 700;

impl Model {
    /// Consumes a message of a hash; gives the id of its receipt and what became of it.
    pub fn receive(
        &mut self,
        kind: &MessageKind,
        hash: Hash,
        context: &Context,
    ) -> (Hash, Outcome) {
        match kind {
            MessageKind::Deposit { asset, amount, recipient } => {
                (hash, self.deposit(recipient, Amount::Quote(*asset, *amount)))
            }
            MessageKind::DepositBase { curve, amount, recipient } => {
                (hash, self.deposit(recipient, Amount::Base(*curve, *amount)))
            }
            MessageKind::Transaction { bytes } => match admitted(bytes, &context.genesis) {
                Ok((body, id)) => match self.apply(&body, context) {
                    Ok(outcome) => (id, outcome),
                    Err(error) => (id, Outcome::Rejected { error }),
                },
                Err(error) => (hash, Outcome::Rejected { error }),
            },
        }
    }

    /// Credits a deposit; one that does not fit changes nothing.
    pub fn deposit(&mut self, to: &Address, amount: Amount) -> Outcome {
        let mut after = self.clone();
        match after.credit_deposit(to, amount) {
            Ok(()) => {
                *self = after;
                Outcome::Succeeded(vec![Event::Deposited { to: *to, amount }])
            }
            Err(error) => Outcome::Rejected { error },
        }
    }

    fn credit_deposit(&mut self, to: &Address, amount: Amount) -> Result<(), Error> {
        self.account(to);
        match amount {
            Amount::Quote(asset, quote) => self.credit(to, asset, &int(quote.get())),
            Amount::Base(curve, _) if !self.curves.contains_key(&curve) => Err(Error::UnknownCurve),
            Amount::Base(curve, base) => self.give_tokens(&curve, to, &int(base.get())),
        }
    }
}

/// The body that the bytes hold and its id, when its owner has signed it.
///
/// # Errors
///
/// Why they hold none.
pub(crate) fn admitted(bytes: &[u8], genesis: &Hash) -> Result<(Body, Hash), Error> {
    if bytes.len() > FORCED_BYTES_MAX {
        return Err(Error::Oversized);
    }
    if bytes.first().is_some_and(|version| *version != 1) {
        return Err(Error::UnknownVersion);
    }
    let Transaction { body, signature } =
        Transaction::decode(bytes).map_err(|_| Error::Malformed)?;
    if !(1..=8).contains(&body.program.len()) {
        return Err(Error::InstructionCount);
    }
    let id = body.digest(genesis);
    if host::verify(body.key(), &id, &signature) {
        Ok((body, id))
    } else {
        Err(Error::BadSignature)
    }
}
