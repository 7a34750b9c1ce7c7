//! Tests of the store: what is found again, and what is refused.

use std::sync::Arc;

use asset_consensus::{Block, Height};
use curvevm::{
    block::BlockBody,
    types::{Address, Hash},
};
use redb::ReadableDatabase as _;

use super::{database::CELLS, *};
use crate::{
    actors::executor::{Version, commit_record, transition},
    chain::ChainSpec,
    payload::Payload,
    testing::{GENESIS_MS, deposits, genesis, key, spec, transfer},
};

/// Blocks on the genesis state: deposits, then one transfer in each, 300 ms apart, so that each fourth or so closes a batch.
fn grow(spec: &ChainSpec, store: &Store, blocks: u64) -> Arc<Version> {
    let mut head = Arc::new(Version::genesis(spec).unwrap());
    let owners: Vec<Address> = (1..=3).map(|number| key(number).address()).collect();
    for height in 1..=blocks {
        let messages = if height == 1 { deposits(0, &owners, 1_000_000) } else { Vec::new() };
        let one = transfer(&spec.id, &key(1), height, &owners[1], height);
        let transactions = if height == 1 { Vec::new() } else { vec![one] };
        let body = BlockBody { height, time_ms: GENESIS_MS + height * 300, messages, transactions };
        head = Arc::new(extend(spec, store, &head, body));
    }
    head
}

fn extend(spec: &ChainSpec, store: &Store, head: &Version, body: BlockBody) -> Version {
    let ids = body.transactions.iter().map(|it| it.id(&spec.id)).collect();
    let height = Height::new(body.height);
    let next = transition(spec, head, body.clone(), ids).unwrap();
    let seal = next.sealed.as_ref().map(|sealed| sealed.header.clone());
    let payload = Payload { body, post_root: next.executed.post_root, seal }.encode();
    let block = Block { height, parent: head.id, settlement: None, payload };
    let version = Version::new(block.id(&spec.consensus_chain()), next);
    commit_record(store, &block, None, &version, &[]).unwrap();
    version
}

#[test]
fn a_restart_finds_the_head_its_state_and_the_open_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let spec = spec();
    let store = Store::open(&path, &spec).unwrap();
    let head = grow(&spec, &store, 12);
    drop(store);
    let store = Store::open(&path, &spec).unwrap();
    let recovered = store.recover(&spec).unwrap();
    let again = Version::recovered(&recovered).unwrap();
    assert_eq!((again.height, again.id, again.root), (12, head.id, head.root));
    assert_eq!(again.chain, head.chain);
    assert!(head.open.number > 1, "a batch was closed");
    // The next block closes the same batch with the same header, whether or not there was a restart.
    let body = BlockBody {
        height: 13,
        time_ms: GENESIS_MS + 60_000,
        messages: Vec::new(),
        transactions: Vec::new(),
    };
    let before = transition(&spec, &head, body.clone(), Vec::new()).unwrap();
    let after = transition(&spec, &again, body, Vec::new()).unwrap();
    assert_eq!(before.sealed.unwrap(), after.sealed.unwrap());
}

#[test]
fn receipts_blocks_and_batches_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec();
    let store = Store::open(&folder.path().join("store"), &spec).unwrap();
    let head = grow(&spec, &store, 10);
    let id = transfer(&spec.id, &key(1), 7, &key(2).address(), 7).id(&spec.id);
    let receipt = store.receipt(&id).unwrap().unwrap();
    assert_eq!((receipt.height, receipt.place), (7, Place::Transaction(0)));
    let block = store.block(7).unwrap().unwrap();
    assert_eq!((block.ids, block.batch), (vec![id], receipt.batch));
    let batch = store.batch(receipt.batch).unwrap().unwrap();
    assert!((batch.header.first_height..=batch.header.last_height).contains(&7));
    assert_eq!(store.last_batch().unwrap(), head.last_batch());
    assert_eq!(store.receipt(&Hash::ZERO).unwrap(), None);
    assert_eq!(store.block(11).unwrap(), None);
}

/// Deposits leave receipts under their messages' hashes.
#[test]
fn receipts_of_messages_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec();
    let store = Store::open(&folder.path().join("store"), &spec).unwrap();
    grow(&spec, &store, 2);
    let block = store.block(1).unwrap().unwrap();
    assert_eq!((block.ids.len(), block.message_ids.len()), (0, 3));
    for (index, id) in (0..).zip(&block.message_ids) {
        let stored = store.receipt(id).unwrap().unwrap();
        assert_eq!((stored.height, stored.place), (1, Place::Message(index)));
        assert!(!stored.receipt.outcome.is_rejected());
    }
    assert!(store.block(2).unwrap().unwrap().message_ids.is_empty());
}

#[test]
fn the_state_after_each_batch_comes_back_and_goes_with_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let spec = spec();
    let store = Store::open(&path, &spec).unwrap();
    let head = grow(&spec, &store, 20);
    let mut recovered = store.recover(&spec).unwrap();
    assert_eq!(recovered.trees.len() as u64, head.last_batch() + 1);
    for (number, tree) in &mut recovered.trees {
        let expected = match number {
            0 => spec.genesis_root,
            number => store.batch(*number).unwrap().unwrap().header.post_root,
        };
        assert_eq!(tree.root(), expected);
    }
    store.advance_checkpoint().unwrap();
    store.advance_checkpoint().unwrap();
    drop(store);
    let store = Store::open(&path, &spec).unwrap();
    let recovered = store.recover(&spec).unwrap();
    assert_eq!(recovered.trees.first_key_value().map(|(number, _)| *number), Some(2));
    assert_eq!(recovered.head.root, head.root);
}

#[test]
fn a_changed_cell_is_corruption() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let spec = spec();
    let store = Store::open(&path, &spec).unwrap();
    grow(&spec, &store, 20);
    store.advance_checkpoint().unwrap();
    drop(store);
    let database = redb::Database::open(&path).unwrap();
    let account = curvevm::cell::Account::key(&key(2).address());
    let mut cell = {
        let cells = database.begin_read().unwrap().open_table(CELLS).unwrap();
        cells.get(account.as_ref()).unwrap().unwrap().value().to_vec()
    };
    *cell.last_mut().unwrap() ^= 1;
    let txn = database.begin_write().unwrap();
    txn.open_table(CELLS).unwrap().insert(account.as_ref(), cell.as_slice()).unwrap();
    txn.commit().unwrap();
    drop(database);
    let store = Store::open(&path, &spec).unwrap();
    let error = store.recover(&spec).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    assert!(error.to_string().contains("root"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(&path, vec![7u8; 10_000]).unwrap();
    let error = Store::open(&path, &spec()).unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
}

#[test]
fn another_chain_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(Store::open(&path, &spec()).unwrap());
    let other = ChainSpec::new(genesis(2));
    let error = Store::open(&path, &other).unwrap_err();
    assert!(matches!(error, StoreError::ForeignChain { .. }), "{error}");
}

#[test]
fn attestations_are_kept_with_their_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store"), &spec()).unwrap();
    let signature = asset_consensus::Signature([3; 64]);
    let attestations = vec![Attestation { member: 2, signature }];
    store.put_attestations(5, &attestations).unwrap();
    assert_eq!(store.attestations(5).unwrap(), attestations);
    assert_eq!(store.attestations(6).unwrap(), Vec::new());
}
