//! Tests of rebuilding.

use std::sync::Arc;

use curvevm::{
    batch::{BatchHeader, chunk_hash, data_root},
    block::BlockBody,
    codec::decode_chunk,
    types::Hash,
};

use super::*;
use crate::{
    chain::{ChainSpec, SealedBatch},
    testing::{batch, batches, deposits, forced, forced_bytes, key, spec, transfer},
};

fn rebuild(spec: &ChainSpec) -> Rebuild {
    Rebuild::genesis(Arc::new(ChainSpec::new(spec.genesis.clone()))).unwrap()
}

fn rehash(batch: &mut SealedBatch) {
    let hashes: Vec<Hash> = batch.chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
    batch.header.data_root = data_root(&hashes);
}

#[test]
fn batches_lead_to_the_roots_of_the_chain() {
    let spec = spec();
    let mut rebuild = rebuild(&spec);
    assert_eq!(rebuild.head().root, spec.genesis_root);
    for batch in batches(&spec, &[7, 7]) {
        let applied = rebuild.apply(&batch.header, &batch.chunks).unwrap();
        assert_eq!(applied.transactions, 10);
        let segments = |chunk: &Vec<u8>| decode_chunk(chunk).unwrap().len();
        let segments: usize = batch.chunks.iter().map(segments).sum();
        assert_eq!(applied.segments as usize, segments);
        assert_eq!(rebuild.head().root, batch.header.post_root);
        assert_eq!(rebuild.head().height, batch.header.last_height);
    }
    assert_eq!(rebuild.head().batch, 2);
}

/// Deposits are none, and what was rejected was not executed.
#[test]
fn transactions_that_came_in_messages_are_counted() {
    let spec = spec();
    let owner = key(1).address();
    let pay = |nonce| transfer(&spec.id, &key(1), nonce, &key(2).address(), 1);
    let mut messages = deposits(0, &[owner, owner], 1_000);
    messages.extend([forced(2, &pay(0)), forced(3, &pay(0)), forced_bytes(4, vec![7; 20])]);
    let time_ms = spec.genesis.time_ms + 1;
    let body = BlockBody { height: 1, time_ms, messages, transactions: vec![pay(1), pay(2)] };
    let sealed = batch(&spec, &mut spec.genesis.tree().unwrap(), 1, [body]);
    let mut rebuild = rebuild(&spec);
    let applied = rebuild.apply(&sealed.header, &sealed.chunks).unwrap();
    assert_eq!(applied.transactions, 3);
    assert_eq!(rebuild.head().root, sealed.header.post_root);
}

#[test]
fn every_field_of_the_header_is_compared() {
    let spec = spec();
    let good = batches(&spec, &[7, 7]).remove(0);
    let other = Hash::new([7; 32]);
    type Change = fn(&mut BatchHeader, Hash);
    let changes: [(&str, Change); 14] = [
        ("version", |header, _| header.version += 1),
        ("chain_id", |header, other| header.chain_id = other),
        ("number", |header, _| header.number += 1),
        ("first_height", |header, _| header.first_height += 1),
        ("last_height", |header, _| header.last_height += 1),
        ("prev_root", |header, other| header.prev_root = other),
        ("post_root", |header, other| header.post_root = other),
        ("chunk_count", |header, _| header.chunk_count += 1),
        ("data_root", |header, other| header.data_root = other),
        ("inbox_cursor", |header, _| header.inbox_cursor += 1),
        ("inbox_hash", |header, other| header.inbox_hash = other),
        ("time_ms", |header, _| header.time_ms += 1),
        ("withdrawals", |header, _| header.withdrawals += 1),
        ("vm_version", |header, _| header.vm_version += 1),
    ];
    for (name, change) in changes {
        let mut header = good.header.clone();
        change(&mut header, other);
        let mut rebuild = rebuild(&spec);
        let fault = rebuild.apply(&header, &good.chunks).unwrap_err();
        let Difference::Header { field, claimed, computed } = &fault.difference else {
            panic!("{name}: {fault}");
        };
        assert_eq!((*field, fault.batch, fault.place), (name, header.number, None));
        assert_ne!(claimed, computed);
        // Nothing has changed: the good one is taken.
        rebuild.apply(&good.header, &good.chunks).unwrap();
    }
}

#[test]
fn a_wrong_root_is_reported_with_both_sides() {
    let spec = spec();
    let mut batches = batches(&spec, &[7, 7]);
    let computed = batches[1].header.post_root;
    batches[1].header.post_root = Hash::new([7; 32]);
    let mut rebuild = rebuild(&spec);
    rebuild.apply(&batches[0].header, &batches[0].chunks).unwrap();
    let fault = rebuild.apply(&batches[1].header, &batches[1].chunks).unwrap_err();
    let claimed = "07".repeat(32);
    let said = format!(
        "batch 2, block 4: its header says post_root {claimed}, its data leads to {computed}"
    );
    assert_eq!(fault.to_string(), said);
    let json = serde_json::to_value(&fault).unwrap();
    assert_eq!(json["difference"]["what"], "header");
    assert_eq!((json["batch"].as_u64(), json["place"].is_null()), (Some(2), true));
    assert_eq!(rebuild.head().batch, 1);
}

#[test]
fn a_wrong_root_in_a_chunk_is_found_where_it_is() {
    let spec = spec();
    let good = batches(&spec, &[7, 7]).remove(0);
    let place = |chunk: &Vec<u8>| decode_chunk(chunk).unwrap().pop().unwrap();
    let last = place(good.chunks.last().unwrap());
    // The last bytes are the root after the last segment, the first after the version are the root before the first one.
    for (side, chunk, from_end) in
        [(Side::After, good.chunks.len() - 1, true), (Side::Before, 0, false)]
    {
        let mut batch = good.clone();
        let bytes = &mut batch.chunks[chunk];
        let at = if from_end { bytes.len() - 1 } else { 1 };
        bytes[at] ^= 1;
        rehash(&mut batch);
        let fault = rebuild(&spec).apply(&batch.header, &batch.chunks).unwrap_err();
        let Difference::Root { side: found, .. } = fault.difference else { panic!("{fault}") };
        assert_eq!((found, serde_json::to_value(side).unwrap()), (side, side.to_string().into()));
        let offset = fault.place.unwrap().offset;
        assert!(if from_end { offset == last.offset } else { offset < last.offset }, "{offset}");
    }
}

#[test]
fn a_forged_signature_is_found_where_it_is() {
    let spec = spec();
    let mut batch = batches(&spec, &[7, 7]).remove(0);
    // The last bytes of the data are the last transaction's signature and the root after it.
    let last = batch.chunks.last_mut().unwrap();
    let at = last.len() - 33;
    last[at] ^= 1;
    rehash(&mut batch);
    let fault = rebuild(&spec).apply(&batch.header, &batch.chunks).unwrap_err();
    let Difference::Segment { reason } = &fault.difference else { panic!("{fault}") };
    assert!(reason.contains("transaction"), "{reason}");
    let place = fault.place.unwrap();
    assert_eq!((fault.height, place.chunk as usize), (2, batch.chunks.len() - 1));
    assert!(place.offset > 0);
}

#[test]
fn data_that_is_no_data_is_found() {
    let spec = spec();
    let mut batch = batches(&spec, &[7, 7]).remove(0);
    batch.chunks[0].truncate(20);
    rehash(&mut batch);
    let fault = rebuild(&spec).apply(&batch.header, &batch.chunks).unwrap_err();
    assert!(matches!(fault.difference, Difference::Chunk { .. }), "{fault}");
    assert_eq!(fault.place, Some(Place { chunk: 0, offset: 0 }));
}

#[test]
fn blocks_that_are_left_out_are_noticed() {
    let spec = spec();
    let batches = batches(&spec, &[7, 7]);
    let mut rebuild = rebuild(&spec);
    let fault = rebuild.apply(&batches[1].header, &batches[1].chunks).unwrap_err();
    assert!(matches!(&fault.difference, Difference::Header { field: "number", .. }), "{fault}");
}
