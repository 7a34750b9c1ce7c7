//! `close_data`.

use asset_rollup_interface::error::RollupError;
use solana_transaction::InstructionError;

use super::support::{SOL, World, address, assert_failed, assert_refused, key_of, keypair, pubkey};

/// A world whose first batch is committed with one poster's data, while another poster had posted it too.
fn raced(build: super::support::Build) -> (World, solana_keypair::Keypair) {
    let mut world = World::new(build);
    let loser = keypair(7);
    world.airdrop(&key_of(&loser), SOL);
    let sealed = world.ready(vec![]);
    let mut instruction = world.post_instruction(1, &sealed.chunks, 0);
    instruction.accounts[0].pubkey = pubkey(&key_of(&loser));
    instruction.accounts[2].pubkey = pubkey(&world.data_address(1, &key_of(&loser)));
    world.send_all(&[instruction], &[&loser]).unwrap();
    world.commit(&sealed.header).unwrap();
    (world, loser)
}

on_each_build! {
    fn returns_the_rent_once_the_batch_is_finalized(build: Build) {
        let (mut world, loser) = raced(build);
        let loser = key_of(&loser);
        assert!(world.lamports(&loser) < SOL);
        let instruction = world.close_instruction(1, loser);
        assert_refused(world.send(&instruction), RollupError::NotFinalized);
        world.pass(10, 5);
        assert_refused(world.send(&instruction), RollupError::NotFinalized);
        world.finalize(1).unwrap();
        world.send(&instruction).unwrap();
        assert_eq!(world.lamports(&loser), SOL);
        assert_eq!(world.data_account(1, &loser), None);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
    }

    fn refuses_to_repay_another_than_the_poster(build: Build) {
        let (mut world, loser) = raced(build);
        world.pass(10, 5);
        world.finalize(1).unwrap();
        let mut instruction = world.close_instruction(1, key_of(&loser));
        instruction.accounts[2].pubkey = pubkey(&address(9));
        assert_refused(world.send(&instruction), RollupError::WrongPoster);
    }

    fn refuses_the_data_of_a_later_batch_and_of_another_rollup(build: Build) {
        let (mut world, loser) = raced(build);
        world.ready(vec![]);
        world.pass(10, 5);
        world.finalize(1).unwrap();
        let sealed = world.seal(vec![]);
        let mut post = world.post_instruction(3, &sealed.chunks, 0);
        post.accounts[0].pubkey = pubkey(&key_of(&loser));
        post.accounts[2].pubkey = pubkey(&world.data_address(3, &key_of(&loser)));
        world.send_all(&[post], &[&loser]).unwrap();
        let later = world.close_instruction(3, key_of(&loser));
        assert_refused(world.send(&later), RollupError::NotFinalized);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        let mut instruction = world.close_instruction(1, key_of(&loser));
        instruction.accounts[0].pubkey = pubkey(&other.rollup);
        assert_refused(other.send(&instruction), RollupError::WrongRollup);
    }

    fn its_poster_takes_back_what_no_batch_was_committed_with(build: Build) {
        let (mut world, loser) = raced(build);
        // Committed: nobody may, also not for the batch's own data.
        let own = world.close_instruction(1, key_of(&world.payer()));
        assert_refused(world.send(&own), RollupError::NotFinalized);
        let close = world.close_instruction(1, key_of(&loser));
        let mut signed = close.clone();
        signed.accounts[2].is_signer = true;
        assert_refused(
            world.send_all(std::slice::from_ref(&signed), &[&loser]),
            RollupError::NotFinalized,
        );
        // Rolled back: only its poster may.
        world.roll_back(1);
        assert_refused(world.send(&close), RollupError::NotFinalized);
        world.send_all(&[signed], &[&loser]).unwrap();
        assert_eq!(world.lamports(&key_of(&loser)), SOL);
        world.send(&own).unwrap();
        // The number may be posted anew, as other chunks.
        let post = world.post_instruction(1, &[vec![1], vec![2]], 0);
        world.send(&post).unwrap();
    }

    fn refuses_another_account_of_the_program(build: Build) {
        let (mut world, loser) = raced(build);
        world.pass(10, 5);
        for wrong in [world.inbox, world.batch_address(1)] {
            let mut instruction = world.close_instruction(1, key_of(&loser));
            instruction.accounts[1].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidAccountData);
        }
    }
}
