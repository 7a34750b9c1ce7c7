//! The challenger: what is done about a fault on the L1, one action at a time.
//!
//! # Rules
//!
//! 1. What is to be done next is read from the L1 each time, so that an action that failed, or of which nothing was heard, is done again
//!    or not as the L1 has it, also by a challenger that started anew.
//! 2. The key of a witness follows from the challenger's key and the batch's hash: it is found again, and nobody else can tell it
//!    before it is used.
//! 3. A witness is closed when its batch does not stand any more. While it stands, closing would burn the deposit.
//! 4. Verdicts are executed where this challenger proved them: whoever else did is paid for it, and will.

use std::sync::Arc;

use asset_sdk::{
    Key,
    l1::{Batch, Case as L1Case, L1Client, L1Error, Level, Parts, Rollup, Verdict, Witness},
};
use curvevm::{
    host::sha256,
    types::{Address, Hash},
};

use super::{
    action::{Accused, Action},
    proof::{Accusation, NoProof, Proof},
};

/// Verdicts that are looked through for those to execute, the newest ones.
pub const VERDICTS_MAX: u64 = 32;
/// Batches that are looked through for accounts that a rollback left behind.
pub const BATCHES_MAX: u64 = 64;
/// Keys of witnesses that are tried against one batch.
const WITNESSES_MAX: u8 = 4;
/// What the key of a witness is derived under.
const WITNESS_DOMAIN: &[u8] = b"asset-watch-witness-v1";
/// Where everything is read: a write returns at this level.
const LEVEL: Level = Level::Confirmed;

/// Challenges wrong batches, and executes the verdicts.
#[derive(Clone, Debug)]
pub struct Challenger {
    client: Arc<L1Client>,
    key: Arc<Key>,
}

/// A batch that is wrong, and what proves it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) number: u64,
    /// The hash of its header.
    pub(super) hash: Hash,
    pub(super) proof: Result<Proof, NoProof>,
    /// Whether it was said how it is proved.
    said: bool,
}

/// What is left to do once a batch does not stand any more, or after a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Duty {
    /// A batch against which there may be a witness: its number and the hash of its header.
    pub(super) against: Option<(u64, Hash)>,
}

impl Case {
    pub(super) const fn new(number: u64, hash: Hash, proof: Result<Proof, NoProof>) -> Self {
        Self { number, hash, proof, said: false }
    }
}

impl Challenger {
    pub(super) fn new(client: Arc<L1Client>, key: Key) -> Self {
        Self { client, key: Arc::new(key) }
    }

    /// What the challenger has, and what a challenge takes besides rent.
    pub(super) async fn ready(&self) -> Result<Action, L1Error> {
        let challenger = self.key.address();
        let lamports = self.client.lamports(&challenger, LEVEL).await?;
        let deposit_lamports = self.client.rollup(LEVEL).await?.challenge_lamports;
        Ok(Action::Ready { challenger, lamports, deposit_lamports })
    }

    /// Does the next thing that leads to a rollback; nothing where there is nothing to be done.
    pub(super) async fn advance(&self, case: &mut Case) -> Result<Option<Action>, L1Error> {
        let said = std::mem::replace(&mut case.said, true);
        let proof = match &case.proof {
            Ok(proof) => proof,
            Err(reason) => {
                let reason = reason.to_string();
                return Ok((!said).then_some(Action::Unprovable { reason }));
            }
        };
        if !said {
            return Ok(Some(Action::prepared(proof)));
        }
        let rollup = self.client.rollup(LEVEL).await?;
        let Some(batch) = self.standing(&rollup, (case.number, &case.hash)).await? else {
            return Ok(None);
        };
        let parts = proof.upload.parts();
        let (key, witness) = self.place(&case.hash, &parts).await?;
        let Some(witness) = witness else {
            let landed = self.client.open_witness(&self.key, &key, (case.number, &parts)).await?;
            let transaction = landed.signature.to_string();
            return Ok(Some(Action::Opened { witness: key.address(), transaction }));
        };
        let (at, body) = (key.address(), parts.body());
        if witness.body != body {
            let bodies = (&body[..], &witness.body[..]);
            let transactions = self.client.write_witness(&self.key, &at, bodies).await?;
            return Ok(Some(Action::Uploaded { witness: at, bytes: body.len(), transactions }));
        }
        let l1_case = L1Case { batch: &batch, witness: &at, verdict: rollup.verdicts };
        let landed = match &proof.accusation {
            Accusation::Segment(it) => self.client.challenge(&self.key, it, &l1_case).await,
            Accusation::Trace(it) => self.client.challenge_trace(&self.key, it, &l1_case).await,
        }?;
        let transaction = landed.signature.to_string();
        Ok(Some(Action::Proved { verdict: rollup.verdicts, transaction }))
    }

    /// Does the next thing that is left to do; nothing when all is done.
    pub(super) async fn settle(&self, duty: &Duty) -> Result<Option<Action>, L1Error> {
        let rollup = self.client.rollup(LEVEL).await?;
        if let Some((number, hash)) = &duty.against
            && let Some(action) = self.close_witness(&rollup, (*number, hash)).await?
        {
            return Ok(Some(action));
        }
        if let Some(action) = self.execute(&rollup).await? {
            return Ok(Some(action));
        }
        if duty.against.is_some() { self.close_batch(&rollup).await } else { Ok(None) }
    }

    /// The batch's account, while it stands and can be rolled back.
    async fn standing(
        &self,
        rollup: &Rollup,
        (number, hash): (u64, &Hash),
    ) -> Result<Option<Batch>, L1Error> {
        if !rollup.is_live(number) {
            return Ok(None);
        }
        let batch = self.client.batch(number, LEVEL).await?;
        Ok(batch.filter(|batch| batch.batch_hash == *hash))
    }

    /// Where the witness of these parts is, or is to be: the first key under which there is none, or the one of these lengths.
    async fn place(
        &self,
        hash: &Hash,
        parts: &Parts<'_>,
    ) -> Result<(Key, Option<Witness>), L1Error> {
        let lengths = parts.lengths();
        let mut attempt = 0;
        loop {
            let key = self.witness_key(hash, attempt);
            let witness = self.client.witness(&key.address(), LEVEL).await?;
            attempt = attempt.saturating_add(1);
            let fits = witness.as_ref().is_none_or(|witness| {
                let found = [witness.state_length, witness.chunk_length, witness.next_length];
                self.is_ours(witness, hash) && Some(found) == lengths
            });
            if fits || attempt >= WITNESSES_MAX {
                return Ok((key, witness));
            }
        }
    }

    fn is_ours(&self, witness: &Witness, hash: &Hash) -> bool {
        witness.owner == self.key.address() && witness.batch_hash == *hash
    }

    /// Rule 2: the signature is made nowhere else and published nowhere.
    fn witness_key(&self, hash: &Hash, attempt: u8) -> Key {
        let digest = sha256(&[WITNESS_DOMAIN, hash.as_bytes(), &[attempt]]);
        Key::from_seed(sha256(&[self.key.sign(&digest).as_bytes()]).to_bytes())
    }

    /// Rule 3.
    async fn close_witness(
        &self,
        rollup: &Rollup,
        against: (u64, &Hash),
    ) -> Result<Option<Action>, L1Error> {
        if self.standing(rollup, against).await?.is_some() {
            return Ok(None);
        }
        let (number, hash) = against;
        let keys = (0..WITNESSES_MAX).map(|attempt| self.witness_key(hash, attempt).address());
        let keys: Vec<Address> = keys.collect();
        for at in &keys {
            let Some(witness) = self.client.witness(at, LEVEL).await? else { continue };
            if !self.is_ours(&witness, hash) {
                continue;
            }
            let landed = self.client.close_witness(&self.key, at, number).await?;
            let returns = is_seen_rolled_back(rollup, &witness);
            return Ok(Some(Action::WitnessClosed {
                witness: *at,
                deposit_lamports: if returns { witness.deposit } else { 0 },
                transaction: landed.signature.to_string(),
            }));
        }
        Ok(None)
    }

    /// Rule 4.
    async fn execute(&self, rollup: &Rollup) -> Result<Option<Action>, L1Error> {
        let indices = rollup.verdicts.saturating_sub(VERDICTS_MAX)..rollup.verdicts;
        let verdicts = self.client.verdicts(indices, LEVEL).await?;
        match verdicts.iter().find(|verdict| verdict.challenger == self.key.address()) {
            Some(verdict) => self.execute_one(verdict).await.map(Some),
            None => Ok(None),
        }
    }

    async fn execute_one(&self, verdict: &Verdict) -> Result<Action, L1Error> {
        let index = verdict.index;
        let Some(accused) = verdict.open().next() else {
            let landed = self.client.close_verdict(&self.key, verdict).await?;
            let transaction = landed.signature.to_string();
            return Ok(Action::VerdictClosed { verdict: index, transaction });
        };
        let member = verdict.guilty().get(usize::from(accused)).copied().unwrap_or_default();
        let bond = self.client.member(&member, LEVEL).await?.map_or(0, |member| member.bond);
        let landed = self.client.slash(&self.key, verdict, accused).await?;
        let accused = Accused { member, reward_lamports: bond / 2 };
        let transaction = landed.signature.to_string();
        Ok(Action::Slashed { verdict: index, accused, transaction })
    }

    /// Closes an account that a rollback left behind: while it is there, no other batch of its number can be committed.
    async fn close_batch(&self, rollup: &Rollup) -> Result<Option<Action>, L1Error> {
        let next = rollup.committed_number.saturating_add(1);
        let left = self.client.batches(next..next.saturating_add(BATCHES_MAX), LEVEL).await?;
        let Some(batch) = left.first() else { return Ok(None) };
        let landed = self.client.close_batch(&self.key, batch).await?;
        let (number, transaction) = (batch.number, landed.signature.to_string());
        Ok(Some(Action::BatchClosed { number, transaction }))
    }
}

/// Whether the program sees that the batch, which does not stand, was rolled back, so that the deposit of a witness against it returns.
fn is_seen_rolled_back(rollup: &Rollup, witness: &Witness) -> bool {
    let number = witness.number;
    number > rollup.finalized_number
        || rollup.finalized_root(number).is_some_and(|root| root != witness.post_root)
}
