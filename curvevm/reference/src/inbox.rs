//! Messages of the inbox by both machines, and the keys that sign what is forced in.

use std::sync::OnceLock;

use curvevm::{
    execute::{Received, receive},
    inbox::{InboxMessage, MessageKind},
    meter::Meter,
    program::Amount,
    receipt::{Event, Outcome, Receipt},
    tx::{Body, Transaction},
    types::{Address, CurveId, Hash, Signature},
};
use ed25519_zebra::{SigningKey, VerificationKey};

use crate::{
    model::{Asset, inbox::admitted},
    number::{int, to_u64},
    random::{Choices, corrupt, deposit},
    world::{ACCOUNTS, World},
};

/// The keys of the accounts.
fn keys() -> &'static [(SigningKey, Address)] {
    static KEYS: OnceLock<Vec<(SigningKey, Address)>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let key = |index: u8| {
            let key = SigningKey::from([index + 1; 32]);
            (key, Address::new(VerificationKey::from(&key).into()))
        };
        (0..ACCOUNTS).map(key).collect()
    })
}

/// The address of an account, of [`ACCOUNTS`].
pub fn owner(index: u8) -> Address {
    keys()[usize::from(index)].1
}

const fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded(_) => "succeeded",
        Outcome::Failed { .. } => "failed",
        Outcome::Rejected { .. } => "rejected",
    }
}

/// The body with the signature of the key that is to sign; with one that does not verify when that is nobody's here.
fn signed(body: Body, genesis: &Hash) -> Transaction {
    let known = keys().iter().find(|(_, address)| address == body.key());
    let digest = body.digest(genesis);
    let signature = known.map_or([7; 64], |(key, _)| key.sign(digest.as_bytes()).to_bytes());
    Transaction { body, signature: Signature::new(signature) }
}

impl World {
    /// Consumes a message by both machines, and compares the receipts.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn receive(&mut self, kind: MessageKind) -> Result<Outcome, String> {
        let message = InboxMessage { index: self.messages, slot: 1, kind };
        self.messages += 1;
        let hash = message.chain(&Hash::ZERO);
        let before = self.model.clone();
        let (id, outcome) = self.model.receive(&message.kind, hash, &self.context);
        let wanted = Receipt { id, outcome };
        let received = Received { message: &message, hash };
        let found = receive(&received, &self.context, &mut self.tree, &mut Meter::new())
            .map_err(|halt| format!("{halt} on {message:?}"))?;
        if Self::is_too_expensive(&found.outcome)
            && let MessageKind::Transaction { bytes } = &message.kind
            && let Ok((body, _)) = admitted(bytes, &self.context.genesis)
        {
            return self.apply_nothing(before, &body).map(|()| found.outcome);
        }
        if found != wanted {
            return Err(format!("{message:?}\n  curvevm {found:?}\nreference {wanted:?}"));
        }
        self.note(&message.kind, &found.outcome);
        Ok(found.outcome)
    }

    /// Keeps the books of what came in.
    fn note(&mut self, kind: &MessageKind, outcome: &Outcome) {
        let kind = match kind {
            MessageKind::Deposit { .. } => "deposit",
            MessageKind::DepositBase { .. } => "deposit of tokens",
            MessageKind::Transaction { .. } => "transaction",
        };
        self.received.insert((kind, name(outcome)));
        let Outcome::Succeeded(events) = outcome else { return };
        for event in events {
            match event {
                Event::Deposited { amount: Amount::Quote(asset, quote), .. } => {
                    *self.deposited.entry(*asset).or_default() += u128::from(quote.get());
                }
                Event::Deposited { amount: Amount::Base(curve, base), .. } => {
                    *self.returned.entry(*curve).or_default() += base.get();
                }
                _ => {}
            }
        }
    }

    /// Tokens of a curve that are on Solana: those that have left and not come back.
    pub fn outside(&self, curve: &CurveId) -> u64 {
        let left = self.model.withdrawals.iter().filter(|it| it.asset == Asset::Base(*curve));
        let left = left.fold(int(0), |sum, it| sum + &it.amount);
        let back = self.returned.get(curve).copied().unwrap_or(0);
        to_u64(&(left - int(back))).unwrap_or(0)
    }

    /// One random message: a deposit, or the transaction forced in, sometimes with bytes that are changed.
    pub(crate) fn random_message(
        &mut self,
        choices: &mut dyn Choices,
        body: Body,
    ) -> Result<bool, String> {
        let kind = if choices.once_in(3) {
            deposit(choices, self)
        } else {
            let bytes = signed(body, &self.context.genesis).encode();
            MessageKind::Transaction { bytes: corrupt(choices, bytes) }
        };
        Ok(matches!(self.receive(kind)?, Outcome::Succeeded(_)))
    }
}
