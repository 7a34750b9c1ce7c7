//! The exit: looks at the L1, and does what is next.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use asset_sdk::{
    Key,
    l1::{L1Client, L1Config, Level, Member, Rollup, TransactionFormat},
};
use curvevm::{
    block::chain,
    cell::{Cell, Withdrawal},
    inbox::InboxMessage,
    tree::Tree,
    tx::Transaction,
    types::{Address, Quote},
};
use tokio::time::sleep;

use super::{Action, Built, Event, ExitError, Plan, Step, Wish, build_all, plan, states::States};
use crate::{
    chain::ChainSpec,
    node::{check_rollup, read_genesis},
    rebuild::Rebuild,
};

/// How often what was forced may turn out not to have had its effect.
const ROUNDS_MAX: usize = 6;
/// The most messages that are read at a time.
const MESSAGES_READ_MAX: u64 = 65_536;

/// How an exit is set up.
#[derive(Clone, Debug)]
pub struct ExitConfig {
    /// The genesis file that the committee used.
    pub genesis_file: PathBuf,
    /// The L1's JSON-RPC over HTTP.
    pub l1: String,
    /// Whose everything is taken out; signs on the chain only.
    pub user: Key,
    /// Who pays on the L1, posts, and answers with a bond.
    pub poster: Key,
    /// The Solana address that is paid.
    pub recipient: Address,
    /// Whether tokens are withdrawn as they are; otherwise they are sold.
    pub keep_tokens: bool,
    /// The pause between two looks.
    pub interval: Duration,
}

/// An exit.
#[derive(Debug)]
pub struct Exit {
    pub(super) client: Arc<L1Client>,
    pub(super) spec: Arc<ChainSpec>,
    user: Key,
    pub(super) poster: Key,
    pub(super) wish: Wish,
    interval: Duration,
    pub(super) states: States,
    /// Withdrawals that were paid, or that this does not pay.
    pub(super) settled: BTreeSet<u64>,
    pub(super) paid_lamports: u64,
    /// What was said last of a wait.
    said: String,
}

/// What an exit finds, and would do.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The rollup's account.
    pub rollup: Rollup,
    /// The L1's slot.
    pub slot: u64,
    /// Messages that wait.
    pub waiting: usize,
    /// Those of them that carry a transaction of the owner.
    pub own_waiting: usize,
    /// What is to be forced in.
    pub plan: Plan,
    /// Withdrawals to the recipient that are committed and not paid.
    pub unpaid: Vec<Withdrawal>,
    /// The batches that consume what waits.
    pub(super) built: Vec<Built>,
}

impl Outlook {
    /// The slot after which anybody with a bond may commit.
    pub const fn takeover_slot(&self) -> u64 {
        self.rollup.committee_slot.saturating_add(self.rollup.takeover_slots)
    }

    /// Whether there is nothing to be forced in, committed or claimed.
    pub fn is_empty(&self) -> bool {
        self.plan.steps.is_empty() && self.own_waiting == 0 && self.unpaid.is_empty()
    }
}

impl Exit {
    /// Reads the genesis, and checks that the L1 answers and holds its rollup.
    ///
    /// # Errors
    ///
    /// [`ExitError::Start`].
    pub async fn open(config: ExitConfig) -> Result<Self, ExitError> {
        let spec = Arc::new(read_genesis(&config.genesis_file)?);
        let mut l1 = L1Config::new(config.l1, *spec.program_id(), spec.id);
        l1.format = TransactionFormat::of_chunks(spec.genesis.params.chunk_bytes_max);
        let client = Arc::new(L1Client::new(l1));
        check_rollup(&client, &spec).await?;
        let owner = config.user.address();
        let (recipient, keep_tokens) = (config.recipient, config.keep_tokens);
        Ok(Self {
            states: States::new(Arc::clone(&client), Arc::clone(&spec), owner)?,
            client,
            spec,
            user: config.user,
            poster: config.poster,
            wish: Wish { owner, recipient, keep_tokens },
            interval: config.interval,
            settled: BTreeSet::new(),
            paid_lamports: 0,
            said: String::new(),
        })
    }

    /// Looks at the L1: what is committed, what waits, and what has to be forced in after it.
    ///
    /// # Errors
    ///
    /// [`ExitError`].
    pub async fn look(&mut self) -> Result<Outlook, ExitError> {
        let rollup = self.states.catch_up().await?;
        let slot = self.client.slot(Level::Confirmed).await?;
        let waiting = self.waiting().await?;
        self.states.note(&waiting);
        let own_waiting = waiting.iter().filter(|it| self.states.own.contains(&it.index)).count();
        let built = build_all(self.states.head(), &waiting)?;
        let ahead = built.last().map_or_else(|| self.states.head(), |last| &last.after);
        let plan = plan(ahead, &self.states.curves, &self.wish)?;
        let mut unpaid = Vec::new();
        let committed = withdrawals(self.states.head().tree(), &self.wish.recipient);
        for withdrawal in committed.into_values() {
            if !self.is_settled(withdrawal.index).await? {
                unpaid.push(withdrawal);
            }
        }
        Ok(Outlook { rollup, slot, waiting: waiting.len(), own_waiting, plan, unpaid, built })
    }

    /// Does what is next until nothing is left to be done, and says each step.
    ///
    /// # Errors
    ///
    /// [`ExitError`]; what was done stays done.
    pub async fn run(&mut self, mut report: impl FnMut(&Event) + Send) -> Result<(), ExitError> {
        let mut rounds = 0usize;
        loop {
            let outlook = self.look().await?;
            if !outlook.plan.steps.is_empty() {
                if rounds >= ROUNDS_MAX {
                    return Err(ExitError::Unsettled { rounds });
                }
                rounds = rounds.saturating_add(1);
                self.force(&outlook.plan, &mut report).await?;
                continue;
            }
            if outlook.own_waiting > 0 {
                self.take_over(&outlook, &mut report).await?;
                continue;
            }
            self.claim(&outlook.rollup, &mut report).await?;
            if self.finalize(&outlook, &mut report).await? {
                continue;
            }
            outlook.plan.left.iter().for_each(|left| report(&Event::left(left)));
            break;
        }
        self.close_messages(&mut report).await?;
        self.take_bond(&mut report).await?;
        report(&Event::Done { paid_lamports: self.paid_lamports });
        Ok(())
    }

    /// The messages after the last committed batch, in order.
    async fn waiting(&self) -> Result<Vec<InboxMessage>, ExitError> {
        let from = chain(self.states.head().tree())?.inbox_cursor;
        let count = self.client.inbox(Level::Confirmed).await?.count;
        let to = count.min(from.saturating_add(MESSAGES_READ_MAX));
        let found = self.client.messages(from..to, Level::Confirmed).await?;
        // One that is not there at this level yet is for the next look, with those after it.
        Ok(found.into_iter().map_while(|it| it?.message().ok()).collect())
    }

    async fn force(
        &self,
        plan: &Plan,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        // What is withdrawn is forced in once what it comes from is in the inbox: until then somebody else may trade first.
        let is_first = |step: &&Step| !matches!(step.action, Action::Withdraw { .. });
        let mut steps: Vec<&Step> = plan.steps.iter().filter(is_first).collect();
        if steps.is_empty() {
            steps = plan.steps.iter().collect();
        }
        for Step { action, body } in steps {
            let signature = self.user.sign(&body.digest(&self.spec.id));
            let bytes = Transaction { body: body.clone(), signature }.encode();
            let landed = self.client.force_transaction(&self.poster, &bytes).await?;
            let transaction = landed.signature.to_string();
            report(&Event::Forced { action: *action, transaction });
        }
        Ok(())
    }

    /// Commits the next batch once that may be done without the committee.
    async fn take_over(
        &mut self,
        outlook: &Outlook,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<(), ExitError> {
        let Some(built) = outlook.built.first() else { return Ok(()) };
        if outlook.slot <= outlook.takeover_slot() {
            let slot = outlook.takeover_slot();
            let reason = format!("for the committee, until slot {slot} at most");
            self.wait(reason, report).await;
            return Ok(());
        }
        if !self.bond(&outlook.rollup, report).await? {
            return Ok(());
        }
        self.post(built, report).await?;
        self.commit(&outlook.rollup, built, report).await
    }

    /// Locks what is missing of the poster's bond. Gives whether the poster may commit.
    async fn bond(
        &mut self,
        rollup: &Rollup,
        report: &mut (impl FnMut(&Event) + Send),
    ) -> Result<bool, ExitError> {
        let member = self.poster.address();
        let found = self.client.member(&member, Level::Confirmed).await?;
        if let Some(found) = &found
            && found.status != Member::BONDED
        {
            // One that is being withdrawn has to be out before there is another.
            self.finish_unbond(found, report).await?;
            return Ok(false);
        }
        let locked = found.as_ref().map_or(0, |member| member.bond);
        if found.is_some() && locked >= rollup.bond_lamports {
            return Ok(true);
        }
        let lamports = rollup.bond_lamports.saturating_sub(locked);
        let landed =
            self.client.register_member(&self.poster, &self.poster, Quote::new(lamports)).await?;
        let transaction = landed.signature.to_string();
        report(&Event::Bonded { member, lamports, transaction });
        Ok(true)
    }

    /// Waits a moment, and says why, once.
    pub(super) async fn wait(&mut self, reason: String, report: &mut (impl FnMut(&Event) + Send)) {
        if self.said != reason {
            report(&Event::Waiting { reason: reason.clone() });
            self.said = reason;
        }
        sleep(self.interval).await;
    }

    /// Whether a withdrawal was paid, or is not paid by this.
    pub(super) async fn is_settled(&mut self, index: u64) -> Result<bool, ExitError> {
        if !self.settled.contains(&index) && self.client.is_paid(index, Level::Confirmed).await? {
            self.settled.insert(index);
        }
        Ok(self.settled.contains(&index))
    }
}

/// The withdrawals to an address, by index.
pub(super) fn withdrawals(tree: &Tree, recipient: &Address) -> BTreeMap<u64, Withdrawal> {
    let mut found = BTreeMap::new();
    tree.for_each(|_, cell| {
        if let Cell::Withdrawal(withdrawal) = cell
            && withdrawal.recipient == *recipient
        {
            found.insert(withdrawal.index, withdrawal.clone());
        }
    });
    found
}

/// The state after a batch, hashed.
pub(super) fn hashed(state: &Rebuild) -> Tree {
    let mut tree = state.tree().clone();
    tree.root();
    tree
}
