//! `initialize`.

use asset_rollup_interface::{
    constants::{LAMPORTS_MAX, QUOTE_ASSETS_MAX, SECS_MAX, SLOTS_MAX},
    error::RollupError,
    instruction::{Initialize, SYSTEM_PROGRAM},
    state::{ACCOUNT_VERSION, Inbox, Rollup},
};
use curvevm::{
    codec::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN},
    genesis::Genesis,
    types::{Address, AssetId, Hash},
};
use solana_transaction::InstructionError;

use super::support::{
    SOL, World, address, anchor, assert_failed, assert_refused, key_of, keypair, pubkey,
};

/// The bounds of a chunk's length.
const CHUNK_MIN: u16 = CHUNK_BYTES_MIN as u16;
const CHUNK_MAX: u16 = CHUNK_BYTES_MAX as u16;

/// A change to a genesis, and the error that it must give.
type Case = (fn(&mut Genesis), RollupError);

on_each_build! {
    fn keeps_the_quote_assets_of_the_genesis(build: Build) {
        for count in [1, QUOTE_ASSETS_MAX] {
            let assets: Vec<AssetId> =
                (1..).take(count).map(|byte| AssetId::new([byte; 32])).collect();
            let mut world = World::empty(build).fork(|it| it.quote_assets = assets.clone());
            world.initialize().unwrap();
            let kept = world.rollup_account().quote_assets;
            assert_eq!(kept[..count], assets);
            assert_eq!(kept[count..], [AssetId::SOL; QUOTE_ASSETS_MAX][count..]);
        }
        let asset = |byte| AssetId::new([byte; 32]);
        for assets in [
            (1..9).map(asset).collect(),
            vec![asset(2), asset(1)],
            vec![asset(1), asset(1)],
            vec![AssetId::SOL, asset(1)],
        ] {
            let mut world = World::empty(build).fork(|it| it.quote_assets = assets);
            assert_refused(world.initialize(), RollupError::InvalidParams);
        }
    }

    fn starts_a_rollup_as_the_genesis_says(build: Build) {
        let mut world = World::empty(build);
        world.initialize().unwrap();
        let rollup = world.rollup_account();
        let genesis = &world.genesis;
        assert_eq!(world.data_of(&world.rollup).unwrap().len(), Rollup::BYTES);
        assert_eq!(world.data_of(&world.inbox).unwrap().len(), Inbox::BYTES);
        assert_eq!(rollup.version, ACCOUNT_VERSION);
        assert_eq!(rollup.chain_id, genesis.hash());
        assert_eq!(rollup.authority, genesis.params.authority);
        assert_eq!(rollup.authority_delay_secs, genesis.params.authority_delay_secs);
        assert_eq!(rollup.bond_lamports, genesis.params.bond_lamports);
        assert_eq!(rollup.challenge_lamports, genesis.params.challenge_lamports);
        assert_eq!(rollup.takeover_slots, genesis.params.takeover_slots);
        assert_eq!((rollup.active, rollup.bonded, rollup.prev_active), (0b111_1111, 0, 0));
        assert_eq!((rollup.epoch, rollup.epoch_first_number), (0, 1));
        assert_eq!((rollup.committee_slot, rollup.prev_committee()), (world.slot(), [].as_slice()));
        assert_eq!((rollup.rollbacks, rollup.verdicts), (0, 0));
        assert_eq!(rollup.committee_hash, genesis.committee_hash());
        assert_eq!(rollup.committee(), genesis.committee);
        assert_eq!(rollup.quote_assets, [AssetId::SOL; QUOTE_ASSETS_MAX]);
        assert_eq!(rollup.chunk_bytes_max, genesis.params.chunk_bytes_max);
        assert_eq!(rollup.challenge_slots, genesis.params.challenge_slots);
        assert_eq!(rollup.challenge_secs, genesis.params.challenge_secs);
        assert_eq!(rollup.inbox_delay_slots, genesis.params.inbox_delay_slots);
        let root = genesis.tree().unwrap().root();
        assert_eq!(rollup.committed_root, root);
        assert_eq!(rollup.finalized_root(0), Some(root));
        assert_eq!(rollup.finalized_root(1), None);
        assert_eq!((rollup.committed_number, rollup.finalized_number), (0, 0));
        assert_eq!(rollup.committed_time_ms, genesis.time_ms);
        assert_eq!(rollup.committed_inbox_hash, Hash::ZERO);
    }

    fn starts_an_empty_inbox_and_a_funded_vault(build: Build) {
        let mut world = World::empty(build);
        world.initialize().unwrap();
        let inbox = world.inbox_account();
        assert_eq!((inbox.version, inbox.rollup), (ACCOUNT_VERSION, world.rollup));
        assert_eq!((inbox.count, inbox.deposited, inbox.head), (0, 0, Hash::ZERO));
        let minimum = world.svm.minimum_balance_for_rent_exemption(0);
        assert_eq!(world.lamports(&world.vault), minimum);
        let vault = world.svm.get_account(&pubkey(&world.vault)).unwrap();
        assert_eq!(vault.owner, pubkey(&SYSTEM_PROGRAM));
        assert_eq!(vault.data.len(), 0);
    }

    fn keeps_what_was_sent_to_the_addresses_before(build: Build) {
        let mut world = World::empty(build);
        let (rollup, inbox, vault) = (world.rollup, world.inbox, world.vault);
        for address in [rollup, inbox, vault] {
            world.airdrop(&address, SOL);
        }
        world.initialize().unwrap();
        assert_eq!(world.lamports(&vault), SOL);
        assert_eq!(world.lamports(&rollup), SOL);
        assert_eq!(world.rollup_account().chain_id, world.genesis.hash());
    }

    fn refuses_a_second_start(build: Build) {
        let mut world = World::new(build);
        let before = world.data_of(&world.rollup);
        assert!(world.initialize().is_err());
        assert_eq!(world.data_of(&world.rollup), before);
    }

    fn refuses_a_genesis_that_breaks_a_rule(build: Build) {
        let cases: [Case; 17] = [
            (|it| it.version = 2, RollupError::InvalidGenesis),
            (|it| it.program_id = address(1), RollupError::WrongProgram),
            (|it| it.committee.clear(), RollupError::InvalidCommittee),
            (|it| it.committee[3] = it.committee[5], RollupError::InvalidCommittee),
            (|it| it.committee = (0..33).map(address).collect(), RollupError::InvalidCommittee),
            (|it| it.params.chunk_bytes_max = CHUNK_MIN - 1, RollupError::InvalidParams),
            (|it| it.params.chunk_bytes_max = CHUNK_MAX + 1, RollupError::InvalidParams),
            (|it| it.params.challenge_slots = u64::MAX, RollupError::InvalidParams),
            (|it| it.params.challenge_secs = 90 * 86_400 + 1, RollupError::InvalidParams),
            (|it| it.params.challenge_secs = u64::MAX, RollupError::InvalidParams),
            (|it| it.params.inbox_delay_slots = 0, RollupError::InvalidParams),
            (|it| it.params.inbox_delay_slots = u64::MAX, RollupError::InvalidParams),
            (|it| it.params.bond_lamports = LAMPORTS_MAX + 1, RollupError::InvalidParams),
            (|it| it.params.challenge_lamports = LAMPORTS_MAX + 1, RollupError::InvalidParams),
            (|it| it.params.takeover_slots = 0, RollupError::InvalidParams),
            (|it| it.params.takeover_slots = SLOTS_MAX + 1, RollupError::InvalidParams),
            (|it| it.params.authority_delay_secs = SECS_MAX + 1, RollupError::InvalidParams),
        ];
        let world = World::empty(build);
        for (edit, error) in cases {
            let mut world = world.fork(edit);
            let instruction = world.initialize_instruction();
            assert_refused(world.send_with_budget(&instruction), error);
        }
    }

    fn takes_bounds_that_are_reached_and_an_authority(build: Build) {
        let mut world = World::empty(build).fork(|it| {
            it.params.bond_lamports = LAMPORTS_MAX;
            it.params.challenge_lamports = LAMPORTS_MAX;
            it.params.takeover_slots = SLOTS_MAX;
            it.params.authority_delay_secs = SECS_MAX;
            it.params.authority = address(3);
        });
        world.initialize().unwrap();
        let rollup = world.rollup_account();
        assert_eq!((rollup.bond_lamports, rollup.authority), (LAMPORTS_MAX, address(3)));
    }

    fn takes_the_largest_committee(build: Build) {
        let mut world = World::empty(build).fork(|it| it.committee = (0..32).map(address).collect());
        let instruction = world.initialize_instruction();
        world.send_with_budget(&instruction).unwrap();
        assert_eq!(world.rollup_account().committee().len(), 32);
    }

    fn refuses_bytes_that_are_no_genesis(build: Build) {
        let mut world = World::empty(build);
        let bytes = borsh::to_vec(&world.genesis).unwrap();
        let mut longer = bytes.clone();
        longer.push(0);
        for genesis in [vec![], bytes[..bytes.len() - 1].to_vec(), longer] {
            let mut instruction = world.initialize_instruction();
            instruction.data = Initialize { genesis }.data();
            assert_refused(world.send(&instruction), RollupError::InvalidGenesis);
        }
    }

    fn refuses_other_addresses(build: Build) {
        let mut world = World::empty(build);
        let other = world.fork(|it| it.name = "other".to_owned());
        for (place, wrong) in [(1, other.rollup), (2, other.inbox), (3, other.vault)] {
            let mut instruction = world.initialize_instruction();
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = world.initialize_instruction();
        instruction.accounts[4].pubkey = pubkey(&address(1));
        assert_failed(world.send(&instruction), anchor::NOT_EXECUTABLE);
    }

    fn refuses_a_payer_that_does_not_sign(build: Build) {
        let mut world = World::empty(build);
        let other = keypair(7);
        world.airdrop(&key_of(&other), SOL);
        let mut instruction = world.initialize_instruction();
        instruction.accounts[0].pubkey = pubkey(&key_of(&other));
        instruction.accounts[0].is_signer = false;
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
    }

    fn refuses_too_few_accounts_and_unknown_instructions(build: Build) {
        let mut world = World::empty(build);
        let mut instruction = world.initialize_instruction();
        instruction.accounts.pop();
        assert!(world.send(&instruction).is_err());
        for data in [vec![], vec![1; 7], vec![1; 8], vec![0xaf; 40]] {
            let mut instruction = world.initialize_instruction();
            instruction.data = data;
            assert_failed(world.send(&instruction), InstructionError::InvalidInstructionData);
        }
    }
}

#[test]
fn the_program_id_is_that_of_the_key_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/keys/asset_rollup-keypair.json");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let bytes: Vec<u8> = text
        .trim()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .split(',')
        .map(|byte| byte.trim().parse().unwrap())
        .collect();
    let program: Address = "5k4r7wUh7rPMwkatgPvg24JnJ3KbctvXmLm3k2FuCt2b".parse().unwrap();
    assert_eq!(bytes[32..], program.to_bytes());
}
