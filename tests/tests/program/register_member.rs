//! `register_member`.

use asset_rollup_interface::{
    error::RollupError,
    instruction::RegisterMember,
    state::{ACCOUNT_VERSION, Member},
};
use curvevm::{
    host,
    types::{Address, Hash, Signature},
};
use solana_transaction::InstructionError;

use super::support::{
    BOND, MEMBERS_FROM, SOL, World, address, anchor, assert_failed, assert_refused, key_of,
    keypair, pubkey, sign,
};

/// A key in no committee.
const OTHER: u8 = 10;

/// A world of whose members nobody is registered.
fn unregistered(build: super::support::Build) -> World {
    let mut world = World::empty(build);
    world.initialize().unwrap();
    world
}

on_each_build! {
    fn locks_a_bond_and_counts_the_member(build: Build) {
        let mut world = unregistered(build);
        let payer = key_of(&world.payer());
        let before = world.lamports(&payer);
        let meta = world.register(MEMBERS_FROM + 2, BOND).unwrap();
        let member = world.member_account(MEMBERS_FROM + 2).unwrap();
        assert_eq!((member.version, member.status), (ACCOUNT_VERSION, Member::BONDED));
        assert_eq!((member.rollup, member.key), (world.rollup, address(MEMBERS_FROM + 2)));
        assert_eq!((member.owner, member.bond), (payer, BOND));
        assert_eq!((member.unbond_number, member.unbond_slot), (0, 0));
        let at = world.member_address(&member.key);
        assert_eq!(world.lamports(&at), BOND + world.member_rent());
        assert_eq!(world.lamports(&payer) + meta.fee + world.lamports(&at), before);
        assert_eq!(world.rollup_account().bonded, 0b100);
    }

    fn takes_a_key_that_is_in_no_committee(build: Build) {
        let mut world = unregistered(build);
        world.register(OTHER, BOND).unwrap();
        assert_eq!(world.member_account(OTHER).unwrap().bond, BOND);
        assert_eq!(world.rollup_account().bonded, 0);
    }

    fn keeps_what_was_sent_to_the_address_before(build: Build) {
        let mut world = unregistered(build);
        let at = world.member_address(&address(OTHER));
        world.airdrop(&at, SOL);
        world.register(OTHER, BOND).unwrap();
        assert_eq!(world.member_account(OTHER).unwrap().bond, BOND);
        assert_eq!(world.lamports(&at), SOL + BOND);
    }

    fn adds_to_a_bond_of_the_same_owner(build: Build) {
        let mut world = unregistered(build);
        world.register(OTHER, BOND).unwrap();
        world.register(OTHER, 5).unwrap();
        world.register(OTHER, 0).unwrap();
        assert_eq!(world.member_account(OTHER).unwrap().bond, BOND + 5);
        let at = world.member_address(&address(OTHER));
        assert_eq!(world.lamports(&at), BOND + 5 + world.member_rent());
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), 10 * SOL);
        let instruction = world.register_instruction(OTHER, key_of(&stranger), BOND);
        assert_refused(world.send_all(&[instruction], &[&stranger]), RollupError::WrongOwner);
    }

    fn refuses_a_bond_that_is_too_small(build: Build) {
        let mut world = unregistered(build);
        assert_refused(world.register(OTHER, BOND - 1), RollupError::BondTooSmall);
        assert_refused(world.register(OTHER, 0), RollupError::BondTooSmall);
        assert_eq!(world.member_account(OTHER), None);
        world.register(OTHER, BOND).unwrap();
        assert_refused(world.register(OTHER, u64::MAX), RollupError::Overflow);
    }

    fn takes_no_bond_where_genesis_asks_for_none(build: Build) {
        let mut world = World::empty(build).fork(|it| it.params.bond_lamports = 0);
        world.initialize().unwrap();
        world.register(MEMBERS_FROM, 0).unwrap();
        let at = world.member_address(&address(MEMBERS_FROM));
        assert_eq!(world.lamports(&at), world.member_rent());
        assert_eq!(world.rollup_account().bonded, 1);
    }

    fn refuses_an_owner_without_the_lamports(build: Build) {
        let mut world = unregistered(build);
        let poor = keypair(7);
        world.airdrop(&key_of(&poor), BOND);
        let instruction = world.register_instruction(OTHER, key_of(&poor), BOND);
        let outcome = world.send_all(&[instruction], &[&poor]);
        assert_failed(outcome, InstructionError::Custom(1));
        assert_eq!(world.member_account(OTHER), None);
    }

    fn refuses_a_key_that_does_not_agree_to_the_owner(build: Build) {
        let mut world = unregistered(build);
        let owner = key_of(&world.payer());
        let (id, program) = (world.chain.id, world.program);
        let digest = RegisterMember::digest(&id, &program, &owner);
        let forgeries = [
            sign(OTHER + 1, &digest),
            sign(OTHER, &RegisterMember::digest(&id, &program, &key_of(&keypair(7)))),
            sign(OTHER, &RegisterMember::digest(&Hash::ZERO, &program, &owner)),
            sign(OTHER, &RegisterMember::digest(&id, &address(3), &owner)),
            Signature::new([0; 64]),
        ];
        for signature in forgeries {
            let mut instruction = world.register_instruction(OTHER, owner, BOND);
            instruction.data =
                RegisterMember { key: address(OTHER), amount: BOND, signature }.data();
            assert_refused(world.send(&instruction), RollupError::BadSignature);
        }
        world.register(OTHER, BOND).unwrap();
    }

    fn refuses_the_zero_key_that_anybody_can_sign_for(build: Build) {
        let mut world = unregistered(build);
        let owner = key_of(&world.payer());
        let key = Address::default();
        let mut signature = [0; 64];
        signature[0] = 1;
        let signature = Signature::new(signature);
        let digest = RegisterMember::digest(&world.chain.id, &world.program, &owner);
        assert!(host::verify(&key, &digest, &signature));
        let mut instruction = world.register_instruction(OTHER, owner, BOND);
        instruction.accounts[2].pubkey = pubkey(&world.member_address(&key));
        instruction.data = RegisterMember { key, amount: BOND, signature }.data();
        assert_refused(world.send(&instruction), RollupError::BadSignature);
    }

    fn refuses_a_bond_that_is_withdrawn_or_slashed_and_a_convicted_key(build: Build) {
        let mut world = World::new(build);
        world.register(OTHER, BOND).unwrap();
        world.begin_unbond(OTHER).unwrap();
        assert_refused(world.register(OTHER, BOND), RollupError::Unbonding);
        let challenger = key_of(&world.payer());
        let index = world.convict(&[OTHER, MEMBERS_FROM], challenger);
        world.slash(index, 0).unwrap();
        assert_refused(world.register(OTHER, BOND), RollupError::BondSlashed);
        assert_refused(world.register(MEMBERS_FROM, BOND), RollupError::MemberConvicted);
        assert_eq!(world.rollup_account().bonded, 0b111_1110);
        // Once the account is closed the key may be bonded anew.
        world.finish_unbond(OTHER).unwrap();
        world.register(OTHER, BOND).unwrap();
    }

    fn refuses_other_addresses(build: Build) {
        let mut world = unregistered(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        let owner = key_of(&world.payer());
        for wrong in [world.member_address(&address(3)), other.member_address(&address(OTHER))] {
            let mut instruction = world.register_instruction(OTHER, owner, BOND);
            instruction.accounts[2].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = world.register_instruction(OTHER, owner, BOND);
        instruction.accounts[1].pubkey = pubkey(&world.inbox);
        assert_failed(world.send(&instruction), InstructionError::AccountDataTooSmall);
        // The other rollup, to which the key has not agreed.
        let mut instruction = world.register_instruction(OTHER, owner, BOND);
        instruction.accounts[1].pubkey = pubkey(&other.rollup);
        instruction.accounts[2].pubkey = pubkey(&other.member_address(&address(OTHER)));
        assert_refused(world.send(&instruction), RollupError::BadSignature);
    }

    fn refuses_an_owner_that_does_not_sign_and_accounts_that_are_not_written(build: Build) {
        let mut world = unregistered(build);
        let stranger = key_of(&keypair(7));
        world.airdrop(&stranger, 10 * SOL);
        let mut instruction = world.register_instruction(OTHER, stranger, BOND);
        instruction.accounts[0].is_signer = false;
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
        let owner = key_of(&world.payer());
        let mut instruction = world.register_instruction(OTHER, owner, BOND);
        instruction.accounts[1].is_writable = false;
        assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
        let mut instruction = world.register_instruction(OTHER, owner, BOND);
        instruction.accounts[3].pubkey = pubkey(&address(1));
        assert_failed(world.send(&instruction), anchor::NOT_EXECUTABLE);
    }
}
