//! Tests of the history against an L1 that answers from a written ledger.

use asset_rollup_interface::state::Data;
use curvevm::{batch::chunk_hash, types::Hash};

use super::{
    HistoryError, PAGE_MAX,
    scripted::{ScriptedL1, header, key},
};
use crate::l1::{Chunk, L1Error, Level, TransactionFormat};

fn chunks(mark: u8) -> Vec<Vec<u8>> {
    vec![vec![mark; 700], vec![mark, 2], vec![mark, 3, 3]]
}

async fn start() -> ScriptedL1 {
    ScriptedL1::start(TransactionFormat::V1).await
}

#[tokio::test]
async fn a_committed_batch_is_read_with_its_chunks_in_both_formats() {
    for format in [TransactionFormat::V0, TransactionFormat::V1] {
        let l1 = ScriptedL1::start(format).await;
        let (one, other) = (key(1), key(2));
        let claimed = header(4, 1, &chunks(1));
        // Another member posts the same data, and commits with what the first one posted.
        l1.post(&one, 4, &chunks(1));
        l1.post(&other, 4, &chunks(1));
        l1.post(&one, 5, &chunks(5));
        let place = l1.send(&other, &[l1.commit_instruction(&other, &one, &claimed)]);
        l1.post(&one, 4, &chunks(1)[..1]);
        let batch = l1.history(Level::Confirmed).batch(4).await.unwrap();
        assert_eq!((&batch.commit.header, &batch.chunks), (&claimed, &chunks(1)));
        assert_eq!(batch.commit.poster, other.address());
        let data = l1.client.addresses().data(4, &one.address());
        assert_eq!(batch.commit.data.as_bytes(), data.as_array());
        assert_eq!((batch.commit.slot, batch.commit.unix_time), (9, Some(1_009)));
        assert_eq!(batch.commit.signature.to_string(), l1.ledger().entries[place].signature);
        assert_eq!(batch.earlier, Vec::new());
    }
}

#[tokio::test]
async fn a_transaction_that_failed_does_not_count() {
    let l1 = start().await;
    let claimed = header(1, 1, &chunks(1));
    l1.post(&key(1), 1, &chunks(1));
    l1.commit(&key(1), &claimed);
    let other = l1.commit(&key(1), &header(1, 2, &chunks(1)));
    l1.ledger().entries[other].listed_failed = true;
    let hidden = l1.commit(&key(1), &header(1, 3, &chunks(1)));
    l1.ledger().entries[hidden].failed = true;
    let batch = l1.history(Level::Confirmed).batch(1).await.unwrap();
    assert_eq!((batch.commit.header, batch.earlier), (claimed, Vec::new()));
}

#[tokio::test]
async fn what_is_not_settled_enough_does_not_count() {
    let l1 = start().await;
    l1.post(&key(1), 1, &chunks(1));
    let place = l1.commit(&key(1), &header(1, 1, &chunks(1)));
    let history = |level| l1.history(level);
    for (status, confirmed, finalized) in
        [("processed", 0, 0), ("confirmed", 1, 0), ("finalized", 1, 1)]
    {
        l1.ledger().entries[place].status = status;
        assert_eq!(history(Level::Processed).commits(1).await.unwrap().len(), confirmed);
        assert_eq!(history(Level::Confirmed).commits(1).await.unwrap().len(), confirmed);
        assert_eq!(history(Level::Finalized).commits(1).await.unwrap().len(), finalized);
    }
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let l1 = start().await;
    let batch = l1.client.addresses().batch(1);
    let data = l1.client.addresses().data(1, &key(1).address());
    l1.fail(data, PAGE_MAX - 1);
    l1.post(&key(1), 1, &chunks(1));
    l1.fail(data, PAGE_MAX);
    l1.fail(batch, 10);
    l1.commit(&key(1), &header(1, 1, &chunks(1)));
    l1.fail(batch, PAGE_MAX + 1);
    let read = l1.history(Level::Confirmed).batch(1).await.unwrap();
    assert_eq!(read.chunks, chunks(1));
    // Two pages each.
    assert_eq!(l1.ledger().lists, 4);
}

#[tokio::test]
async fn the_last_commit_of_a_number_counts_and_the_earlier_ones_stay_readable() {
    let l1 = start().await;
    let (old, new) = (header(2, 1, &chunks(1)), header(2, 2, &chunks(2)));
    l1.post(&key(1), 2, &chunks(1));
    l1.commit(&key(1), &old);
    // Rolled back; the same member's data account was closed and opened again.
    l1.post(&key(1), 2, &chunks(2));
    l1.commit(&key(1), &new);
    let history = l1.history(Level::Confirmed);
    let batch = history.batch(2).await.unwrap();
    assert_eq!((&batch.commit.header, &batch.chunks), (&new, &chunks(2)));
    assert_eq!(batch.earlier.len(), 1);
    assert_eq!(batch.earlier[0].header, old);
    assert_eq!(history.chunks(&batch.earlier[0]).await.unwrap(), chunks(1));
}

#[tokio::test]
async fn data_and_commit_may_be_in_one_transaction() {
    let l1 = start().await;
    let data = vec![vec![1; 40], vec![2; 40]];
    let claimed = header(1, 1, &data);
    let post = |index: u16| {
        let chunk = Chunk { number: 1, index, count: 2, bytes: &data[usize::from(index)] };
        l1.post_instruction(&key(1), chunk)
    };
    l1.send(&key(1), &[post(0)]);
    l1.send(&key(1), &[post(1), l1.commit_instruction(&key(1), &key(1), &claimed)]);
    let batch = l1.history(Level::Confirmed).batch(1).await.unwrap();
    assert_eq!((batch.chunks, batch.commit.posts.len()), (data, 1));
}

#[tokio::test]
async fn accounts_may_come_from_a_lookup_table_and_arguments_may_be_followed_by_more() {
    let l1 = start().await;
    let claimed = header(1, 1, &chunks(1));
    l1.post(&key(1), 1, &chunks(1));
    let mut instruction = l1.commit_instruction(&key(1), &key(1), &claimed);
    instruction.data.push(0);
    l1.send_with_table(&key(1), &instruction);
    let batch = l1.history(Level::Confirmed).batch(1).await.unwrap();
    assert_eq!((batch.commit.header, batch.chunks), (claimed, chunks(1)));
}

#[tokio::test]
async fn a_missing_chunk_is_named() {
    let l1 = start().await;
    l1.post(&key(1), 1, &chunks(1)[..1]);
    // Of another batch, of another member, and of another count: none is the batch's.
    l1.post(&key(1), 2, &chunks(1));
    l1.post(&key(2), 1, &chunks(1));
    let commit = l1.commit(&key(1), &header(1, 1, &chunks(1)));
    let late = Chunk { number: 1, index: 0, count: 3, bytes: &chunks(1)[0] };
    l1.send(&key(1), &[l1.post_instruction(&key(1), late)]);
    let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
    let HistoryError::DataMissing { number: 1, chunk: 0, count: 3, .. } = error else {
        panic!("{error:?}");
    };
    assert!(error.is_transient());
    assert!(error.to_string().starts_with("chunk 0 of 3 of batch 1 is in no"), "{error}");
    l1.ledger().entries.remove(commit);
    let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
    assert!(matches!(error, HistoryError::NoCommit { number: 1 }), "{error:?}");
}

#[tokio::test]
async fn a_pruned_transaction_is_told_apart() {
    let l1 = start().await;
    l1.post(&key(1), 1, &chunks(1));
    l1.commit(&key(1), &header(1, 1, &chunks(1)));
    let signature = l1.ledger().entries[1].signature.clone();
    l1.ledger().entries[1].bytes = None;
    let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
    assert!(matches!(&error, HistoryError::Pruned { signature: it } if *it == signature));
}

#[tokio::test]
async fn a_flipped_byte_is_caught() {
    for format in [TransactionFormat::V0, TransactionFormat::V1] {
        let l1 = ScriptedL1::start(format).await;
        l1.post(&key(1), 1, &chunks(1));
        let commit = l1.commit(&key(1), &header(1, 1, &chunks(1)));
        for place in 0..=commit {
            let good = l1.ledger().entries[place].bytes.clone().unwrap();
            // From the payload's end to the beginning, with whatever is there.
            for at in (1..good.len()).step_by(97) {
                l1.ledger().entries[place].bytes.as_mut().unwrap()[at] ^= 1;
                let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
                assert!(matches!(error, HistoryError::Altered { .. }), "{place} {at} {error:?}");
                l1.ledger().entries[place].bytes = Some(good.clone());
            }
        }
        l1.history(Level::Confirmed).batch(1).await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_in_the_place_of_another_is_caught() {
    let l1 = start().await;
    l1.post(&key(1), 1, &chunks(1));
    l1.commit(&key(1), &header(1, 1, &chunks(1)));
    let other = l1.ledger().entries[0].bytes.clone();
    l1.ledger().entries[1].bytes = other;
    let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
    assert!(matches!(error, HistoryError::Altered { .. }), "{error:?}");
}

/// A signed chunk that the program never took, as a node may make one up.
#[tokio::test]
async fn a_chunk_that_is_not_the_header_s_is_named_while_the_hashes_are_on_the_l1() {
    let l1 = start().await;
    let mut posted = chunks(1);
    posted[1][0] ^= 1;
    l1.post(&key(1), 1, &posted);
    l1.commit(&key(1), &header(1, 1, &chunks(1)));
    let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
    assert!(matches!(error, HistoryError::DataMismatch { number: 1, .. }), "{error:?}");
    assert!(!error.is_transient());

    let hashes: Vec<Hash> = chunks(1).iter().map(|chunk| chunk_hash(chunk)).collect();
    let data = Data {
        version: 1,
        bump: 0,
        posted: 3,
        reserved: [0; 4],
        rollup: curvevm::types::Address::new([0; 32]),
        number: 1,
        poster: key(1).address(),
        hashes,
    };
    let mut bytes = Data::DISCRIMINATOR.to_vec();
    bytes.extend(borsh::to_vec(&data).unwrap());
    let at = l1.client.addresses().data(1, &key(1).address()).to_string();
    l1.ledger().accounts.insert(at, bytes);
    let error = l1.history(Level::Confirmed).batch(1).await.unwrap_err();
    assert!(matches!(error, HistoryError::ChunkMismatch { number: 1, chunk: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn an_l1_that_does_not_answer_is_told_apart() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut config = start().await.client.config().clone();
    config.url = format!("http://{free}");
    let client = std::sync::Arc::new(crate::l1::L1Client::new(config));
    let error = super::History::new(client, Level::Confirmed).batch(1).await.unwrap_err();
    assert!(matches!(error, HistoryError::L1(L1Error::Unreachable { .. })), "{error:?}");
    assert!(error.is_transient());
}
