//! Start and restart.

use super::{Building, Core, Own};
use crate::chain::{Chain, Path};
use crate::durable::DurableState;
use crate::fetch::{Answers, Fetch};
use crate::guard::SigningGuard;
use crate::io::{Action, Config, Head, ViewCause};
use crate::pacemaker::Pacemaker;
use crate::safety::{History, Rules};
use crate::scheme::{PublicKey, Signer};
use crate::signed::SigningContext;
use crate::tally::Tally;
use crate::types::{Cert1, Cert2, Height, Seq, View};
use crate::wire::Msg;
use std::collections::{BTreeMap, VecDeque};

/// Why a member cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// The log is empty but the chain has blocks: the key may have voted before.
    #[error(
        "the log is empty but the application is at height {height}: restore the log, or set \
         allow_missing_log if this key has never voted"
    )]
    MissingLog {
        /// The application's height.
        height: Height,
    },
    /// The signer's key is not in the committee.
    #[error("the key {0:?} is not in the committee; start without a signer to observe")]
    NotAMember(PublicKey),
    /// The timers do not fit together.
    #[error("pacemaker: {0}")]
    Pacemaker(&'static str),
}

impl Core {
    /// Starts from what the log and the application hold. The actions are what a restarted member
    /// does first: timers, commits the application has not applied, its last votes once more.
    ///
    /// # Errors
    ///
    /// Where it would be unsafe or useless to start.
    pub fn recover(
        config: Config,
        signer: Option<Box<dyn Signer>>,
        durable: DurableState,
        head: Head,
    ) -> Result<(Self, Vec<Action>), RecoverError> {
        Self::recover_with(config, signer, durable, head, Rules::default())
    }

    /// As [`recover`](Self::recover), with one guard disabled, to see that a checker notices.
    ///
    /// # Errors
    ///
    /// As `recover`.
    #[cfg(any(test, feature = "test-utils"))]
    pub fn recover_without(
        guard: crate::safety::Guard,
        config: Config,
        signer: Option<Box<dyn Signer>>,
        durable: DurableState,
        head: Head,
    ) -> Result<(Self, Vec<Action>), RecoverError> {
        Self::recover_with(config, signer, durable, head, Rules::without(guard))
    }

    fn recover_with(
        config: Config,
        signer: Option<Box<dyn Signer>>,
        durable: DurableState,
        head: Head,
        rules: Rules,
    ) -> Result<(Self, Vec<Action>), RecoverError> {
        if let Some(violation) = config.pacemaker.violation() {
            return Err(RecoverError::Pacemaker(violation));
        }
        let missing = durable.is_empty() && head.height > Height::ZERO;
        if missing && signer.is_some() && !config.allow_missing_log {
            return Err(RecoverError::MissingLog { height: head.height });
        }
        let guard = match signer {
            Some(signer) => Some(guard(&config, signer, &durable, rules)?),
            None => None,
        };
        let mut core = Self::blank(config, guard, rules, &head);
        core.restore(durable, head);
        let mut out = Vec::new();
        core.start();
        core.settle(&mut out);
        Ok((core, out))
    }

    fn blank(config: Config, guard: Option<SigningGuard>, rules: Rules, head: &Head) -> Self {
        let lock = Cert1::genesis(config.committee.epoch(), Height::ZERO, config.genesis);
        Self {
            pacemaker: Pacemaker::new(config.pacemaker),
            config,
            rules,
            guard,
            view: View::ZERO,
            lock,
            timeout_cert: None,
            certs1: BTreeMap::new(),
            pending_commit: None,
            committed: None,
            chain: Chain::new(head.height, head.id),
            tally: Tally::new(),
            proposals: Vec::new(),
            building: None::<Building>,
            unconfirmed: VecDeque::<(Seq, Msg)>::new(),
            own: Own::default(),
            fetch: Fetch::default(),
            answers: Answers::default(),
            view_at_tick: View::ZERO,
            outbox: super::Outbox::default(),
            halted: false,
        }
    }

    /// Puts what is durable in its place, without acting on it.
    fn restore(&mut self, durable: DurableState, head: Head) {
        let at_head = |cert: &Cert2| cert.height == head.height && cert.block == head.id;
        let logged = durable.committed.clone().filter(at_head);
        self.committed = head.proof.or(logged);
        self.pending_commit = durable.committed.filter(|cert| cert.height > head.height);
        let mut blocks: Vec<_> = durable.blocks.into_values().collect();
        blocks.sort_by_key(|block| block.height());
        blocks.into_iter().for_each(|block| self.chain.insert(block, true));
        if let Some(lock) = durable.lock {
            if lock.view > self.committed_view() {
                self.certs1.insert(lock.view, lock.clone());
            }
            self.lock = lock;
        }
        self.timeout_cert = durable.timeout_cert;
    }

    /// Enters the highest view there is evidence for and repeats the last signatures.
    ///
    /// A timeout by amplification does not count as evidence: the view it abandons may never have
    /// been reached here.
    fn start(&mut self) {
        let waiting = self.pending_commit.as_ref().map_or(View::ZERO, |cert| cert.view);
        let abandoned = self.timeout_cert.as_ref().map_or(View::ZERO, |cert| cert.view);
        let last = self.lock.view.max(abandoned).max(waiting).max(self.committed_view());
        self.enter(last.next(), ViewCause::Start);
        self.arm_tick();
        for msg in self.last_signatures() {
            self.outbox.broadcast_signed(msg.clone());
        }
        let mut out = Vec::new();
        // Durable since before the restart: they count at once.
        let signed = self.outbox.flush(&mut out);
        out.into_iter().for_each(|action| self.outbox.push(action));
        let Some(me) = self.me() else { return };
        for (_, msg) in signed {
            self.remember(&msg);
            self.on_message(me, crate::verify::Verified::own(msg));
        }
    }

    fn last_signatures(&self) -> Vec<Msg> {
        let Some(guard) = &self.guard else { return Vec::new() };
        let mut msgs = Vec::new();
        if guard.history().proposed_view() == self.view {
            msgs.extend(self.last_proposal(guard));
        }
        if guard.history().vote1_view() == self.view {
            msgs.extend(guard.vote1_again().map(Msg::Vote1));
        }
        if guard.history().vote2_view() > self.committed_view() {
            msgs.extend(guard.vote2_again().map(Msg::Vote2));
        }
        if guard.history().timeout_view() >= self.view {
            msgs.extend(guard.timeout_again().map(Box::new).map(Msg::Timeout));
        }
        msgs
    }

    fn last_proposal(&self, guard: &SigningGuard) -> Option<Msg> {
        let (_, id) = guard.history().proposed?;
        let block = self.chain.get(&id)?.clone();
        // A block that can no longer be committed is not worth repeating.
        if self.chain.path(&id) == Path::Detached {
            return None;
        }
        let timeout = self.justifying_timeout();
        guard.propose_again(block, self.lock.clone(), timeout).map(Box::new).map(Msg::Proposal)
    }
}

fn guard(
    config: &Config,
    signer: Box<dyn Signer>,
    durable: &DurableState,
    rules: Rules,
) -> Result<SigningGuard, RecoverError> {
    let key = signer.public_key();
    let me = config.committee.index_of(&key).ok_or(RecoverError::NotAMember(key))?;
    let context = SigningContext { chain: config.chain, epoch: config.committee.epoch() };
    let history = History {
        proposed: durable.proposed,
        vote1: durable.vote1,
        vote2: durable.vote2,
        timeout: durable.timeout.clone(),
    };
    Ok(SigningGuard::new(signer, me, context, history, rules))
}
