//! The waiting transactions, in memory. No I/O.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use curvevm::{
    cell::{Account, Cell, Chain, Session},
    error::Error,
    execute::{check_account, check_session},
    tree::Tree,
    tx::Transaction,
    types::{Address, Hash},
};
use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::SubmitError;
use crate::chain::counted_bytes;

/// How many dropped transactions are remembered, for those who ask.
const DROPPED_MAX: usize = 16_384;

/// Bounds of the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLimits {
    pub(crate) transactions_max: usize,
    pub(crate) signer_transactions_max: usize,
}

/// Bounds of what is taken for a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SelectLimits {
    pub(crate) transactions_max: usize,
    pub(crate) bytes_max: usize,
}

/// A waiting transaction whose signature was verified.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: Hash,
    pub(crate) transaction: Transaction,
    /// The wire form.
    pub(crate) bytes: Vec<u8>,
    /// Order of arrival at this node.
    pub(crate) arrival: u64,
    /// Whether a client gave it to this member, which then sees to it that the others get it.
    pub(crate) is_local: bool,
}

impl Entry {
    fn signer(&self) -> Address {
        self.transaction.body.signer
    }

    fn nonce(&self) -> u64 {
        self.transaction.body.nonce
    }

    /// The owner and the session key, if one has signed.
    fn session(&self) -> Option<(Address, Address)> {
        self.transaction.body.session.map(|session| (self.signer(), session))
    }
}

/// The waiting transactions.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: PoolLimits,
    by_id: DashMap<Hash, Arc<Entry>>,
    order: Mutex<Order>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Order {
    by_arrival: BTreeMap<u64, Arc<Entry>>,
    by_signer: BTreeMap<Address, BTreeMap<u64, Hash>>,
    by_expiry: BTreeSet<(u64, Hash)>,
    /// Transactions by their owner and session key.
    by_session: BTreeMap<(Address, Address), BTreeSet<Hash>>,
    dropped: HashMap<Hash, Error>,
    dropped_order: VecDeque<Hash>,
}

impl Pool {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            by_id: DashMap::new(),
            order: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) const fn limits(&self) -> &PoolLimits {
        &self.limits
    }

    pub(crate) fn get(&self, id: &Hash) -> Option<Arc<Entry>> {
        self.by_id.get(id).map(|entry| entry.clone())
    }

    /// Whether this very transaction, signature included, was verified when it was taken.
    pub(crate) fn has_verified(&self, id: &Hash, transaction: &Transaction) -> bool {
        self.by_id.get(id).is_some_and(|it| it.transaction.signature == transaction.signature)
    }

    /// Turns whenever a transaction was added.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Why a transaction left without being executed, while that is remembered.
    pub(crate) fn dropped(&self, id: &Hash) -> Option<Error> {
        self.order.lock().dropped.get(id).copied()
    }

    /// Whether there is room for one more of `transaction`'s signer and nonce, next to `pending` that are on their way in.
    pub(crate) fn check_room(
        &self,
        id: &Hash,
        transaction: &Transaction,
        pending: usize,
    ) -> Result<(), SubmitError> {
        if self.by_id.len().saturating_add(pending) >= self.limits.transactions_max {
            return Err(SubmitError::Full);
        }
        let order = self.order.lock();
        let Some(waiting) = order.by_signer.get(&transaction.body.signer) else { return Ok(()) };
        if waiting.get(&transaction.body.nonce).is_some_and(|holder| holder != id) {
            return Err(SubmitError::NonceInUse);
        }
        if waiting.len() >= self.limits.signer_transactions_max {
            return Err(SubmitError::SignerLimit);
        }
        Ok(())
    }

    /// Adds transactions that passed [`Pool::check_room`]; one whose nonce was taken meanwhile is left out.
    pub(crate) fn insert(&self, entries: Vec<Entry>) {
        let mut added = 0u64;
        let mut order = self.order.lock();
        for entry in entries {
            let waiting = order.by_signer.entry(entry.signer()).or_default();
            if waiting.contains_key(&entry.nonce()) {
                continue;
            }
            waiting.insert(entry.nonce(), entry.id);
            order.by_expiry.insert((entry.transaction.body.expires_at, entry.id));
            if let Some(session) = entry.session() {
                order.by_session.entry(session).or_default().insert(entry.id);
            }
            let entry = Arc::new(entry);
            order.by_arrival.insert(entry.arrival, entry.clone());
            self.by_id.insert(entry.id, entry);
            added += 1;
        }
        drop(order);
        if added > 0 {
            self.changes.send_modify(|count| *count = count.wrapping_add(added));
        }
    }

    /// Transactions that can be executed in a block of this height and time on the state of `tree`: in order of arrival, those of
    /// one signer in order of their nonces.
    pub(crate) fn select(
        &self,
        tree: &Tree,
        (height, time_ms): (u64, u64),
        limits: SelectLimits,
    ) -> Vec<Arc<Entry>> {
        let mut sessions: HashMap<(Address, Address), bool> = HashMap::new();
        let mut accounts: HashMap<Address, Option<Account>> = HashMap::new();
        let mut chosen: Vec<Arc<Entry>> = Vec::new();
        let mut bytes = 0usize;
        for entry in self.order.lock().by_arrival.values() {
            if chosen.len() >= limits.transactions_max {
                break;
            }
            let total = bytes.saturating_add(counted_bytes(entry.bytes.len()));
            if total > limits.bytes_max {
                break;
            }
            let account =
                accounts.entry(entry.signer()).or_insert_with(|| account(tree, &entry.signer()));
            let Some(account) = account else { continue };
            let body = &entry.transaction.body;
            let is_open = entry.session().is_none_or(|session| {
                let check = || session_error(tree, &session, time_ms).is_none();
                *sessions.entry(session).or_insert_with(check)
            });
            if is_open
                && check_account(account, body, height).is_ok()
                && account.nonces.take(body.nonce).is_ok()
            {
                bytes = total;
                chosen.push(entry.clone());
            }
        }
        by_nonce(tree, height, chosen)
    }

    /// Transactions that clients gave to this member and that arrived before `arrival`, oldest first, up to `bytes_max`.
    pub(crate) fn local_before(&self, arrival: u64, bytes_max: usize) -> Vec<Arc<Entry>> {
        let mut bytes = 0usize;
        let order = self.order.lock();
        let waiting = order.by_arrival.range(..arrival).map(|(_, entry)| entry);
        waiting
            .filter(|entry| entry.is_local)
            .take_while(|entry| {
                bytes = bytes.saturating_add(entry.bytes.len());
                bytes <= bytes_max
            })
            .cloned()
            .collect()
    }

    /// Removes what a block executed and what cannot be executed after it; `tree` and `chain` are the state after it. A
    /// transaction whose session has ended is removed too: it waits for nobody to open it again.
    /// Gives all that were removed.
    pub(crate) fn on_commit(
        &self,
        tree: &Tree,
        chain: &Chain,
        executed: &[(Hash, Address)],
    ) -> Vec<Hash> {
        let height = chain.height;
        let mut order = self.order.lock();
        let mut removed: Vec<Hash> = Vec::new();
        for (id, _) in executed {
            if self.remove(&mut order, id) {
                removed.push(*id);
            }
        }
        let signers: BTreeSet<Address> = executed.iter().map(|(_, signer)| *signer).collect();
        let stale = signers.iter().flat_map(|signer| stale(&order, tree, signer));
        let mut dropped: Vec<(Hash, Error)> = stale.collect();
        // A block of the next height may no longer hold what expires at this one.
        let expired = order.by_expiry.iter().take_while(|(expires_at, _)| *expires_at <= height);
        dropped.extend(expired.map(|(_, id)| (*id, Error::Expired)));
        for (session, ids) in &order.by_session {
            let error = session_error(tree, session, chain.time_ms);
            dropped
                .extend(error.into_iter().flat_map(|error| ids.iter().map(move |id| (*id, error))));
        }
        for (id, error) in dropped {
            if self.remove(&mut order, &id) {
                order.remember_dropped(id, error);
                removed.push(id);
            }
        }
        removed
    }

    /// Notes why a transaction was not kept, for those who ask.
    pub(crate) fn note_dropped(&self, id: Hash, error: Error) {
        self.order.lock().remember_dropped(id, error);
    }

    fn remove(&self, order: &mut Order, id: &Hash) -> bool {
        let Some((_, entry)) = self.by_id.remove(id) else { return false };
        order.by_arrival.remove(&entry.arrival);
        order.by_expiry.remove(&(entry.transaction.body.expires_at, entry.id));
        if let Some(session) = entry.session()
            && let Some(waiting) = order.by_session.get_mut(&session)
        {
            waiting.remove(&entry.id);
            if waiting.is_empty() {
                order.by_session.remove(&session);
            }
        }
        if let Some(waiting) = order.by_signer.get_mut(&entry.signer()) {
            waiting.remove(&entry.nonce());
            if waiting.is_empty() {
                order.by_signer.remove(&entry.signer());
            }
        }
        true
    }
}

impl Order {
    fn remember_dropped(&mut self, id: Hash, error: Error) {
        if self.dropped.insert(id, error).is_none() {
            self.dropped_order.push_back(id);
        }
        if self.dropped_order.len() > DROPPED_MAX
            && let Some(oldest) = self.dropped_order.pop_front()
        {
            self.dropped.remove(&oldest);
        }
    }
}

/// Transactions of a signer whose nonces are used.
fn stale(order: &Order, tree: &Tree, signer: &Address) -> Vec<(Hash, Error)> {
    let Some(account) = account(tree, signer) else { return Vec::new() };
    let Some(waiting) = order.by_signer.get(signer) else { return Vec::new() };
    let used = |(nonce, id): (&u64, &Hash)| match account.nonces.check(*nonce) {
        Err(error @ Error::NonceUsed) => Some((*id, error)),
        Ok(()) | Err(_) => None,
    };
    waiting.iter().filter_map(used).collect()
}

/// Why a session key may not trade in a block of `time_ms`, if so.
fn session_error(
    tree: &Tree,
    (owner, session): &(Address, Address),
    time_ms: u64,
) -> Option<Error> {
    match tree.get(&Session::key(owner, session)) {
        Ok(Some(Cell::Session(session))) => check_session(session, time_ms).err(),
        Ok(_) | Err(_) => Some(Error::UnknownSession),
    }
}

/// The account of an owner, if there is one.
fn account(tree: &Tree, owner: &Address) -> Option<Account> {
    match tree.get(&Account::key(owner)) {
        Ok(Some(Cell::Account(account))) => Some(account.clone()),
        Ok(_) | Err(_) => None,
    }
}

/// Puts the transactions of each signer in order of their nonces, at the places that the signer has, and leaves out those
/// that this order makes impossible: a higher nonce may move the window past a lower one, never the other way round.
fn by_nonce(tree: &Tree, height: u64, chosen: Vec<Arc<Entry>>) -> Vec<Arc<Entry>> {
    let mut sorted: BTreeMap<Address, BTreeMap<u64, Arc<Entry>>> = BTreeMap::new();
    for entry in &chosen {
        sorted.entry(entry.signer()).or_default().insert(entry.nonce(), entry.clone());
    }
    let mut accounts: HashMap<Address, Option<Account>> = HashMap::new();
    let next = |entry: &Arc<Entry>| {
        let signer = entry.signer();
        let (_, entry) = sorted.get_mut(&signer)?.pop_first()?;
        let account = accounts.entry(signer).or_insert_with(|| account(tree, &signer)).as_mut()?;
        check_account(account, &entry.transaction.body, height).ok()?;
        account.nonces.take(entry.nonce()).ok()?;
        Some(entry)
    };
    chosen.iter().filter_map(next).collect()
}

#[cfg(test)]
mod tests;
