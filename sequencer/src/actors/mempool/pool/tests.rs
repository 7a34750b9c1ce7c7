//! Tests of the pool.

use curvevm::{
    cell::{Account, Cell},
    types::Key as CellKey,
};

use super::*;
use crate::testing::{expiring, key, spec, transfer};

const LIMITS: PoolLimits = PoolLimits { transactions_max: 8, signer_transactions_max: 4 };
const ALL: SelectLimits = SelectLimits { transactions_max: 100, bytes_max: 1_000_000 };

fn entry(transaction: Transaction, arrival: u64) -> Entry {
    let id = transaction.id(&spec().id);
    Entry { id, bytes: transaction.encode(), transaction, arrival, is_local: true }
}

fn send(signer: u8, nonce: u64) -> Transaction {
    transfer(&spec().id, &key(signer), nonce, &key(99).address(), 1)
}

/// The state in which these signers have accounts and have used these nonces.
fn tree(accounts: &[(u8, &[u64])]) -> Tree {
    let mut tree = spec().genesis.tree().unwrap();
    for (signer, used) in accounts {
        let mut account = Account::default();
        used.iter().for_each(|nonce| account.nonces.take(*nonce).unwrap());
        let at: CellKey = Account::key(&key(*signer).address());
        tree.put(at, Cell::Account(account)).unwrap();
    }
    tree
}

/// The chain after block `height`.
fn at(height: u64) -> Chain {
    Chain { height, ..Chain::default() }
}

fn nonces(chosen: &[Arc<Entry>]) -> Vec<(Address, u64)> {
    chosen.iter().map(|entry| (entry.signer(), entry.nonce())).collect()
}

#[test]
fn selects_in_order_of_arrival_and_of_each_signers_nonces() {
    let pool = Pool::new(LIMITS);
    let (one, two) = (key(1).address(), key(2).address());
    let arrivals = [send(1, 3), send(2, 0), send(1, 1), send(1, 2)];
    pool.insert((0..).zip(arrivals).map(|(at, it)| entry(it, at)).collect());
    let chosen = pool.select(&tree(&[(1, &[]), (2, &[])]), (1, 0), ALL);
    assert_eq!(nonces(&chosen), vec![(one, 1), (two, 0), (one, 2), (one, 3)]);
}

#[test]
fn selects_only_what_can_be_executed() {
    let pool = Pool::new(LIMITS);
    let chain = spec().id;
    let expired = expiring(&chain, &key(2), (1, 4), Vec::new());
    let entries = [send(1, 0), send(1, 1), send(2, 0), expired, send(3, 0), send(1, 600)];
    pool.insert((0..).zip(entries).map(|(at, it)| entry(it, at)).collect());
    // Nonce 0 of the first signer is used, the third has no account, and 600 is too distant.
    let chosen = pool.select(&tree(&[(1, &[0]), (2, &[])]), (5, 0), ALL);
    assert_eq!(nonces(&chosen), vec![(key(1).address(), 1), (key(2).address(), 0)]);
}

#[test]
fn selection_keeps_to_its_bounds() {
    let pool = Pool::new(LIMITS);
    pool.insert((0..4).map(|nonce| entry(send(1, nonce), nonce)).collect());
    let state = tree(&[(1, &[])]);
    let bytes = send(1, 0).encode().len();
    let two = SelectLimits { transactions_max: 2, bytes_max: 1_000_000 };
    assert_eq!(pool.select(&state, (1, 0), two).len(), 2);
    let three = SelectLimits { transactions_max: 100, bytes_max: 3 * bytes };
    assert_eq!(pool.select(&state, (1, 0), three).len(), 3);
}

#[test]
fn refuses_what_has_no_room() {
    let pool = Pool::new(LIMITS);
    let check = |transaction: &Transaction, pending| {
        pool.check_room(&transaction.id(&spec().id), transaction, pending)
    };
    pool.insert((0..4).map(|nonce| entry(send(1, nonce), nonce)).collect());
    assert_eq!(check(&send(1, 4), 0), Err(SubmitError::SignerLimit));
    assert_eq!(check(&send(2, 0), 0), Ok(()));
    assert_eq!(check(&send(2, 0), 4), Err(SubmitError::Full));
    let other = transfer(&spec().id, &key(1), 2, &key(98).address(), 5);
    assert_eq!(check(&other, 0), Err(SubmitError::NonceInUse));
}

#[test]
fn a_commit_takes_out_the_executed_the_outrun_and_the_expired() {
    let pool = Pool::new(LIMITS);
    let chain = spec().id;
    let executed = send(1, 0);
    let outrun = send(1, 1);
    let kept = send(1, 5);
    let expired = expiring(&chain, &key(2), (0, 7), Vec::new());
    let all = [executed.clone(), outrun.clone(), kept.clone(), expired.clone()];
    pool.insert((0..).zip(all).map(|(at, it)| entry(it, at)).collect());
    let (first, signer) = (executed.id(&chain), key(1).address());
    // Another transaction with nonce 1 was in the block.
    let removed = pool.on_commit(&tree(&[(1, &[0, 1])]), &at(7), &[(first, signer)]);
    assert_eq!(removed, vec![first, outrun.id(&chain), expired.id(&chain)]);
    assert_eq!(pool.len(), 1);
    assert!(pool.get(&kept.id(&chain)).is_some());
    assert_eq!(pool.dropped(&first), None);
    assert_eq!(pool.dropped(&outrun.id(&chain)), Some(Error::NonceUsed));
    assert_eq!(pool.dropped(&expired.id(&chain)), Some(Error::Expired));
}

#[test]
fn what_expires_at_the_next_height_stays() {
    let pool = Pool::new(LIMITS);
    let expiring = expiring(&spec().id, &key(2), (0, 8), Vec::new());
    pool.insert(vec![entry(expiring, 0)]);
    assert_eq!(pool.on_commit(&tree(&[]), &at(7), &[]), Vec::new());
}

#[test]
fn knows_a_signature_only_as_it_was_verified() {
    let pool = Pool::new(LIMITS);
    let transaction = send(1, 0);
    let id = transaction.id(&spec().id);
    pool.insert(vec![entry(transaction.clone(), 0)]);
    assert!(pool.has_verified(&id, &transaction));
    let mut forged = transaction;
    forged.signature = curvevm::types::Signature::new([0; 64]);
    assert!(!pool.has_verified(&id, &forged));
}

#[test]
fn every_insertion_is_a_change() {
    let pool = Pool::new(LIMITS);
    let changes = pool.changes();
    pool.insert(vec![entry(send(1, 0), 0)]);
    assert!(changes.has_changed().unwrap());
}

/// A transfer of the first owner, signed by a session key.
fn by_session(session: u8, nonce: u64) -> Transaction {
    let mut transaction = send(1, nonce);
    transaction.body.session = Some(key(session).address());
    transaction.signature = key(session).sign(&transaction.body.digest(&spec().id));
    transaction
}

/// As [`tree`] with one account, and this session of it.
fn with_session(session: u8, expires_ms: u64) -> Tree {
    let mut tree = tree(&[(1, &[])]);
    let granted = Session {
        version: 0,
        expires_ms,
        asset: curvevm::types::AssetId::SOL,
        limit: curvevm::types::Quote::new(1),
        spent: curvevm::types::Quote::ZERO,
    };
    let at = Session::key(&key(1).address(), &key(session).address());
    tree.put(at, Cell::Session(granted)).unwrap();
    tree
}

#[test]
fn selects_a_session_keys_transactions_while_it_is_open() {
    let pool = Pool::new(LIMITS);
    let arrivals = [by_session(5, 0), by_session(6, 1), send(1, 2)];
    pool.insert((0..).zip(arrivals).map(|(at, it)| entry(it, at)).collect());
    let state = with_session(5, 1_000);
    let chosen = |time_ms| {
        let chosen = pool.select(&state, (1, time_ms), ALL);
        chosen.iter().map(|entry| entry.nonce()).collect::<Vec<_>>()
    };
    assert_eq!(chosen(999), [0, 2]);
    assert_eq!(chosen(1_000), [2]);
}

#[test]
fn drops_what_an_ended_session_signed() {
    let pool = Pool::new(LIMITS);
    let waiting = [by_session(5, 0), by_session(6, 1), send(1, 2)].map(|it| entry(it, 0));
    let [open, unknown, own] = waiting;
    let ids = [open.id, unknown.id, own.id];
    pool.insert(
        [open, unknown, own]
            .into_iter()
            .zip(0..)
            .map(|(it, arrival)| Entry { arrival, ..it })
            .collect(),
    );
    let after = |time_ms| Chain { time_ms, ..at(1) };
    let state = with_session(5, 1_000);
    assert_eq!(pool.on_commit(&state, &after(999), &[]), vec![ids[1]]);
    assert_eq!(pool.dropped(&ids[1]), Some(Error::UnknownSession));
    assert_eq!(pool.on_commit(&state, &after(1_000), &[]), vec![ids[0]]);
    assert_eq!(pool.dropped(&ids[0]), Some(Error::SessionExpired));
    assert_eq!(pool.len(), 1);
    // Revoked before it expires.
    pool.insert(vec![Entry { arrival: 9, ..entry(by_session(5, 0), 9) }]);
    assert_eq!(pool.on_commit(&with_session(5, 0), &after(999), &[]), vec![ids[0]]);
    assert_eq!(pool.dropped(&ids[0]), Some(Error::UnknownSession));
}
