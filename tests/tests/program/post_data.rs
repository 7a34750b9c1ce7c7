//! `post_data`.

use asset_rollup_interface::{
    constants::CHUNKS_MAX,
    error::RollupError,
    instruction::PostData,
    state::{ACCOUNT_VERSION, Data},
};
use curvevm::{batch::chunk_hash, types::Hash};
use solana_transaction::InstructionError;

use super::support::{SOL, World, anchor, assert_failed, assert_refused, key_of, keypair, pubkey};

/// Chunks of different bytes and lengths.
fn chunks(count: u16) -> Vec<Vec<u8>> {
    (0..count).map(|index| vec![index as u8 + 1; usize::from(index) + 1]).collect()
}

on_each_build! {
    fn records_chunks_in_any_order_and_again(build: Build) {
        let mut world = World::new(build);
        let chunks = chunks(3);
        let poster = key_of(&world.payer());
        for (index, posted) in [(2, 1), (0, 2), (2, 2), (1, 3), (0, 3)] {
            let instruction = world.post_instruction(1, &chunks, index);
            world.send(&instruction).unwrap();
            let data = world.data_account(1, &poster).unwrap();
            assert_eq!(data.posted, posted);
            assert_eq!(data.hashes[usize::from(index)], chunk_hash(&chunks[usize::from(index)]));
            assert_eq!(data.is_complete(), posted == 3);
        }
        let data = world.data_account(1, &poster).unwrap();
        assert_eq!((data.version, data.rollup, data.number), (ACCOUNT_VERSION, world.rollup, 1));
        assert_eq!(data.poster, poster);
        let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        assert_eq!(data.hashes, hashes);
    }

    fn takes_the_most_chunks_and_the_longest(build: Build) {
        let mut world = World::new(build);
        let poster = key_of(&world.payer());
        let post = PostData {
            number: 1,
            chunk_index: CHUNKS_MAX - 1,
            chunk_count: CHUNKS_MAX,
            bytes: vec![7; 850],
        };
        let mut instruction = world.post_instruction(1, &chunks(1), 0);
        instruction.data = post.data();
        world.send(&instruction).unwrap();
        let data = world.data_of(&world.data_address(1, &poster)).unwrap();
        assert_eq!(data.len(), Data::bytes(CHUNKS_MAX));
        let data = world.data_account(1, &poster).unwrap();
        assert_eq!(data.missing().count(), 255);
        assert_eq!(data.hashes[255], chunk_hash(&[7; 850]));
    }

    fn refuses_what_breaks_a_rule(build: Build) {
        let mut world = World::new(build);
        let post = |chunk_index, chunk_count, bytes: usize| PostData {
            number: 1,
            chunk_index,
            chunk_count,
            bytes: vec![7; bytes],
        };
        for (post, error) in [
            (post(0, 0, 10), RollupError::ChunkCount),
            (post(0, CHUNKS_MAX + 1, 10), RollupError::ChunkCount),
            (post(3, 3, 10), RollupError::ChunkIndex),
            (post(u16::MAX, 3, 10), RollupError::ChunkIndex),
            (post(0, 3, 0), RollupError::ChunkSize),
            (post(0, 3, 851), RollupError::ChunkSize),
        ] {
            let mut instruction = world.post_instruction(1, &chunks(1), 0);
            instruction.data = post.data();
            assert_refused(world.send(&instruction), error);
        }
        assert_eq!(world.data_account(1, &key_of(&world.payer())), None);
    }

    fn refuses_another_chunk_at_the_same_index(build: Build) {
        let mut world = World::new(build);
        let mut chunks = chunks(2);
        let instruction = world.post_instruction(1, &chunks, 0);
        world.send(&instruction).unwrap();
        chunks[0].push(1);
        let instruction = world.post_instruction(1, &chunks, 0);
        assert_refused(world.send(&instruction), RollupError::ChunkConflict);
    }

    fn refuses_another_count_than_the_first(build: Build) {
        let mut world = World::new(build);
        let instruction = world.post_instruction(1, &chunks(2), 0);
        world.send(&instruction).unwrap();
        let instruction = world.post_instruction(1, &chunks(3), 0);
        assert_failed(world.send(&instruction), anchor::SPACE);
    }

    fn refuses_a_number_that_is_finalized(build: Build) {
        let mut world = World::new(build);
        world.settle_finally(vec![]);
        let instruction = world.post_instruction(1, &chunks(2), 0);
        assert_refused(world.send(&instruction), RollupError::BatchSettled);
        let instruction = world.post_instruction(2, &chunks(2), 0);
        world.send(&instruction).unwrap();
    }

    fn keeps_the_accounts_of_posters_apart(build: Build) {
        let mut world = World::new(build);
        let instruction = world.post_instruction(1, &chunks(2), 0);
        world.send(&instruction).unwrap();
        // Another poster can not write the account of the first, and has one of its own.
        let other = keypair(7);
        world.airdrop(&key_of(&other), SOL);
        let mut instruction = world.post_instruction(1, &chunks(2), 1);
        instruction.accounts[0].pubkey = pubkey(&key_of(&other));
        let outcome = world.send_all(std::slice::from_ref(&instruction), &[&other]);
        assert_failed(outcome, InstructionError::InvalidSeeds);
        instruction.accounts[2].pubkey = pubkey(&world.data_address(1, &key_of(&other)));
        world.send_all(&[instruction], &[&other]).unwrap();
        assert_eq!(world.data_account(1, &key_of(&world.payer())).unwrap().posted, 1);
        assert_eq!(world.data_account(1, &key_of(&other)).unwrap().posted, 1);
    }

    fn refuses_the_account_of_another_number_or_rollup(build: Build) {
        let mut world = World::new(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        let poster = key_of(&world.payer());
        for wrong in [other.data_address(2, &poster), world.data_address(1, &poster)] {
            let mut instruction = other.post_instruction(1, &chunks(2), 0);
            instruction.accounts[2].pubkey = pubkey(&wrong);
            assert_failed(other.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = world.post_instruction(1, &chunks(2), 0);
        instruction.accounts[1].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
    }

    fn refuses_a_poster_that_does_not_sign(build: Build) {
        let mut world = World::new(build);
        let other = key_of(&keypair(7));
        world.airdrop(&other, SOL);
        let mut instruction = world.post_instruction(1, &chunks(2), 0);
        instruction.accounts[0].pubkey = pubkey(&other);
        instruction.accounts[0].is_signer = false;
        instruction.accounts[2].pubkey = pubkey(&world.data_address(1, &other));
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
        assert_eq!(world.lamports(&other), SOL);
        assert_eq!(world.data_account(1, &other), None);
    }
}
