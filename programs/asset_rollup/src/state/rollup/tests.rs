//! Tests of rollbacks, convictions, rotations and unbonding.

use std::{boxed::Box, vec, vec::Vec};

use anchor_lang::prelude::*;
use asset_rollup_interface::state::{Member as MemberLayout, Verdict as VerdictLayout};
use bytemuck::Zeroable;
use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION},
    genesis::committee_hash,
    types::{Address as Key, Hash},
};

use super::{Finalized, Rollup};
use crate::{
    error::{RollupError, fail},
    state::{Batch, Charge, Commitment, Committers, Member, Proof, Verdict, bit},
};

fn address(byte: u8) -> Address {
    Address::new_from_array([byte; 32])
}

fn keys(numbers: core::ops::Range<u8>) -> Vec<Key> {
    numbers.map(|number| Key::new([number; 32])).collect()
}

/// A rollup with the members 1 to 7, all bonded, windows of 10 slots and 5 seconds.
fn rollup() -> Box<Rollup> {
    let mut rollup: Box<Rollup> = Box::new(Rollup::zeroed());
    rollup.seat(&keys(1..8)).unwrap();
    rollup.bonded = rollup.active;
    (rollup.challenge_slots, rollup.challenge_secs) = (10, 5);
    rollup.epoch_first_number = 1;
    rollup.committed_time_ms = 1_000;
    rollup.bond_lamports = 100;
    rollup.check().unwrap();
    rollup
}

fn clock(slot: u64, unix_timestamp: i64) -> Clock {
    Clock { slot, unix_timestamp, epoch_start_timestamp: 0, epoch: 0, leader_schedule_epoch: 0 }
}

/// The next batch: two blocks, a message and a withdrawal.
fn header(rollup: &Rollup) -> BatchHeader {
    let number = rollup.committed_number + 1;
    BatchHeader {
        version: BATCH_VERSION,
        chain_id: Hash::new(rollup.chain_id),
        number,
        first_height: rollup.committed_height + 1,
        last_height: rollup.committed_height + 2,
        prev_root: Hash::new(rollup.committed_root),
        post_root: Hash::new([u8::try_from(number).unwrap(); 32]),
        chunk_count: 1,
        data_root: Hash::ZERO,
        inbox_cursor: rollup.committed_inbox_cursor + 1,
        inbox_hash: Hash::new([100 + u8::try_from(number).unwrap(); 32]),
        time_ms: rollup.committed_time_ms + 400,
        withdrawals: rollup.committed_withdrawals + 1,
        vm_version: VM_VERSION,
    }
}

fn commit(rollup: &mut Rollup, committers: Committers) -> Batch {
    let header = header(rollup);
    let commitment = Commitment {
        bump: 1,
        committers,
        rollup: address(200),
        poster: address(201),
        data: address(202),
        clock: clock(100, 1_000),
    };
    let batch = Batch::new(&header, &commitment, rollup);
    batch.check().unwrap();
    rollup.commit(&header);
    rollup.check().unwrap();
    batch
}

fn finalize(rollup: &mut Rollup, batch: &Batch) {
    let finalized = Finalized {
        number: batch.number,
        height: batch.last_height,
        inbox_cursor: batch.inbox_cursor,
        root: batch.post_root,
    };
    rollup.finalize(&finalized).unwrap();
    rollup.check().unwrap();
}

fn proof() -> Proof {
    Proof { bump: 9, rollup: address(200), challenger: address(203), clock: clock(500, 5_000) }
}

fn verdict() -> Box<Verdict> {
    Box::new(Verdict::zeroed())
}

fn guilty(verdict: &Verdict) -> Vec<u8> {
    (0..verdict.accused_count).map(|index| verdict.accused(index).unwrap()[0]).collect()
}

/// What a rollback restores.
fn committed(rollup: &Rollup) -> (u64, u64, u64, u64, u64, [u8; 32], [u8; 32]) {
    (
        rollup.committed_number,
        rollup.committed_height,
        rollup.committed_time_ms,
        rollup.committed_inbox_cursor,
        rollup.committed_withdrawals,
        rollup.committed_root,
        rollup.committed_inbox_hash,
    )
}

#[test]
fn a_rollback_restores_what_the_batch_replaced() {
    let mut rollup = rollup();
    let mut before = vec![];
    let mut batches = vec![];
    for _ in 0..4 {
        before.push(committed(&rollup));
        batches.push(commit(&mut rollup, Committers::Signers(0b1_1111)));
    }
    for (batch, before) in batches.iter().zip(&before) {
        let mut rollup = rollup.clone();
        rollup.roll_back(batch).unwrap();
        rollup.check().unwrap();
        assert_eq!(committed(&rollup), *before);
        assert_eq!((rollup.rollbacks, rollup.epoch_first_number), (1, 1));
    }
    // The first batch of all goes back to the genesis.
    rollup.roll_back(&batches[0]).unwrap();
    assert_eq!(committed(&rollup), (0, 0, 1_000, 0, 0, [0; 32], [0; 32]));
}

#[test]
fn only_a_live_batch_is_rolled_back() {
    let mut rollup = rollup();
    let first = commit(&mut rollup, Committers::Signers(1));
    let second = commit(&mut rollup, Committers::Signers(1));
    let third = commit(&mut rollup, Committers::Signers(1));
    finalize(&mut rollup, &first);
    let refused = Err(fail(RollupError::BatchNotLive));
    assert_eq!(rollup.roll_back(&first), refused);
    rollup.roll_back(&second).unwrap();
    assert_eq!((rollup.committed_number, rollup.finalized_number), (1, 1));
    assert_eq!(rollup.roll_back(&second), refused);
    assert_eq!(rollup.roll_back(&third), refused);
    rollup.check().unwrap();
}

#[test]
fn an_overturned_batch_convicts_its_signers_and_no_others() {
    let mut rollup = rollup();
    commit(&mut rollup, Committers::Signers(0b111_1111));
    let wrong = commit(&mut rollup, Committers::Signers(0b101_0101));
    commit(&mut rollup, Committers::Signers(0b111_1111));
    let mut verdict = verdict();
    rollup.overturn(&wrong, &mut verdict, &proof()).unwrap();
    rollup.check().unwrap();
    assert_eq!(guilty(&verdict), [1, 3, 5, 7]);
    assert_eq!((verdict.kind, verdict.number, verdict.index), (VerdictLayout::ROLLBACK, 2, 0));
    assert_eq!((verdict.rollup, verdict.challenger), (address(200), address(203)));
    assert_eq!((verdict.bump, verdict.slashed), (9, 0));
    assert_eq!((rollup.active, rollup.bonded), (0b010_1010, 0b010_1010));
    assert_eq!((rollup.committed_number, rollup.rollbacks, rollup.verdicts), (1, 1, 1));
    assert_eq!((rollup.verdict_slot, rollup.verdict_unix_time), (500, 5_000));
    assert_eq!(rollup.quorum(), 3);
    for number in 1..8 {
        assert_eq!(rollup.is_convicted(&[number; 32]), number % 2 == 1);
    }
    assert!(!rollup.is_convicted(&[8; 32]));
}

#[test]
fn an_overturned_takeover_convicts_its_poster_alone() {
    let mut rollup = rollup();
    let wrong = commit(&mut rollup, Committers::Poster([50; 32]));
    let mut verdict = verdict();
    rollup.overturn(&wrong, &mut verdict, &proof()).unwrap();
    assert_eq!(guilty(&verdict), [50]);
    assert_eq!(rollup.active, 0b111_1111);
    // A member may take over too.
    let wrong = commit(&mut rollup, Committers::Poster([2; 32]));
    let mut verdict = self::verdict();
    rollup.overturn(&wrong, &mut verdict, &proof()).unwrap();
    assert_eq!((guilty(&verdict), verdict.index), (vec![2], 1));
    assert_eq!((rollup.active, rollup.bonded), (0b111_1101, 0b111_1101));
}

#[test]
fn a_rotation_keeps_the_committee_before() {
    let mut rollup = rollup();
    let hash = rollup.committee_hash;
    commit(&mut rollup, Committers::Signers(1));
    rollup.expel(&[3; 32]);
    rollup.rotate(&keys(5..9)).unwrap();
    rollup.check().unwrap();
    assert_eq!((rollup.epoch, rollup.prev_epoch, rollup.epoch_first_number), (1, 0, 2));
    assert_eq!(
        rollup.committee().keys,
        keys(5..9).iter().map(|it| it.to_bytes()).collect::<Vec<_>>()
    );
    assert_eq!(rollup.members[4..], [[0; 32]; 28]);
    assert_eq!((rollup.active, rollup.bonded), (0b1111, 0b1111));
    assert_eq!(rollup.committee_hash, committee_hash(&keys(5..9)).to_bytes());
    assert_eq!((rollup.prev_member_count, rollup.prev_committee_hash), (7, hash));
    assert_eq!(rollup.prev_active, 0b111_1011);
    assert!(rollup.is_convicted(&[3; 32]));
    assert!(!rollup.is_convicted(&[1; 32]));
}

#[test]
fn a_batch_of_the_committee_before_convicts_its_members() {
    let mut rollup = rollup();
    let wrong = commit(&mut rollup, Committers::Signers(0b111_0001));
    rollup.rotate(&keys(5..9)).unwrap();
    let own = commit(&mut rollup, Committers::Signers(0b1111));
    assert_eq!((wrong.epoch, own.epoch), (0, 1));
    let mut verdict = verdict();
    rollup.overturn(&wrong, &mut verdict, &proof()).unwrap();
    rollup.check().unwrap();
    assert_eq!(guilty(&verdict), [1, 5, 6, 7]);
    // 5, 6 and 7 are in both.
    assert_eq!(rollup.prev_active, 0b000_1110);
    assert_eq!((rollup.active, rollup.bonded), (0b1000, 0b1000));
    assert_eq!(rollup.committed_number, 0);
    assert_eq!(rollup.epoch_first_number, 1);
}

#[test]
fn a_rotation_waits_for_batches_of_the_committee_before() {
    let mut rollup = rollup();
    assert!(rollup.may_rotate());
    let first = commit(&mut rollup, Committers::Signers(1));
    let second = commit(&mut rollup, Committers::Signers(1));
    // Live batches of the present committee are no hindrance.
    assert!(rollup.may_rotate());
    rollup.rotate(&keys(5..9)).unwrap();
    assert!(!rollup.may_rotate());
    let third = commit(&mut rollup, Committers::Signers(1));
    finalize(&mut rollup, &first);
    assert!(!rollup.may_rotate());
    let mut rolled_back = rollup.clone();
    finalize(&mut rollup, &second);
    assert!(rollup.may_rotate());
    finalize(&mut rollup, &third);
    assert!(rollup.may_rotate());
    // The second is rolled back instead: its number is taken anew by the present committee.
    rolled_back.roll_back(&second).unwrap();
    assert!(rolled_back.may_rotate());
    let anew = commit(&mut rolled_back, Committers::Signers(1));
    assert_eq!((anew.number, anew.epoch), (2, 1));
    assert!(rolled_back.may_rotate());
    rolled_back.rotate(&keys(1..4)).unwrap();
    assert!(!rolled_back.may_rotate());
}

#[test]
fn epochs_are_the_present_one_and_the_one_before() {
    let mut rollup = rollup();
    assert_eq!(rollup.committee_of(0).unwrap().keys.len(), 7);
    let refused = |rollup: &Rollup, epoch| {
        assert_eq!(rollup.committee_of(epoch).err(), Some(fail(RollupError::WrongEpoch)));
    };
    refused(&rollup, 1);
    rollup.rotate(&keys(5..9)).unwrap();
    assert_eq!(rollup.committee_of(0).unwrap().keys.len(), 7);
    assert_eq!(rollup.committee_of(1).unwrap().keys.len(), 4);
    rollup.rotate(&keys(1..3)).unwrap();
    refused(&rollup, 0);
    assert_eq!(rollup.committee_of(2).unwrap().keys.len(), 2);
    refused(&rollup, 3);
}

#[test]
fn the_largest_committee_has_a_bit_for_each() {
    let mut rollup = rollup();
    rollup.rotate(&keys(1..33)).unwrap();
    rollup.check().unwrap();
    assert_eq!((rollup.active, rollup.quorum()), (u32::MAX, 22));
    let accused: Vec<[u8; 32]> = keys(1..33).iter().map(|it| it.to_bytes()).collect();
    let mut verdict = verdict();
    let charge = Charge { kind: VerdictLayout::ROLLBACK, number: 1, accused: &accused };
    rollup.convict(&mut verdict, &charge, &proof()).unwrap();
    rollup.check().unwrap();
    assert_eq!((rollup.active, rollup.bonded, rollup.quorum()), (0, 0, 1));
    assert_eq!((bit(31), bit(32)), (1 << 31, 0));
    assert_eq!(verdict.mark(32), Err(fail(RollupError::UnknownAccused)));
    for index in 0..32 {
        assert!(!verdict.is_executed());
        verdict.mark(index).unwrap();
        assert_eq!(verdict.mark(index), Err(fail(RollupError::AlreadySlashed)));
    }
    assert!(verdict.is_executed());
}

/// A bonded member of the key 50, which is in no committee.
fn member() -> Member {
    let mut member = Member::zeroed();
    (member.version, member.status, member.key) = (1, MemberLayout::BONDED, [50; 32]);
    member.bond = 100;
    member
}

#[test]
fn a_bond_is_paid_when_nothing_is_live_that_was() {
    let mut rollup = rollup();
    let first = commit(&mut rollup, Committers::Signers(1));
    let second = commit(&mut rollup, Committers::Signers(1));
    let mut member = member();
    member.begin_unbond(&rollup, &clock(100, 1_000)).unwrap();
    assert_eq!(
        (member.unbond_number, member.unbond_slot, member.unbond_unix_time),
        (2, 100, 1_000)
    );
    let check = |rollup: &Rollup, slot, time| member.check_unbonded(rollup, &clock(slot, time));
    let open = Err(fail(RollupError::UnbondingOpen));
    assert_eq!(check(&rollup, 120, 1_011), open);
    assert_eq!(check(&rollup, 121, 1_010), open);
    let live = Err(fail(RollupError::BatchesLive));
    assert_eq!(check(&rollup, 121, 1_011), live);
    finalize(&mut rollup, &first);
    assert_eq!(check(&rollup, 121, 1_011), live);
    // Rolled back down to what is final, and then committed anew.
    let mut rolled_back = rollup.clone();
    rolled_back.roll_back(&second).unwrap();
    check(&rolled_back, 121, 1_011).unwrap();
    let anew = commit(&mut rolled_back, Committers::Signers(1));
    assert_eq!(check(&rolled_back, 121, 1_011), live);
    finalize(&mut rolled_back, &anew);
    check(&rolled_back, 121, 1_011).unwrap();
    finalize(&mut rollup, &second);
    check(&rollup, 121, 1_011).unwrap();
    // Later batches are no hindrance.
    commit(&mut rollup, Committers::Signers(1));
    check(&rollup, 121, 1_011).unwrap();
}

/// A rollback of a later batch alone does not free a bond: the batches before it are still live.
#[test]
fn a_rollback_of_a_later_batch_frees_no_bond() {
    let mut rollup = rollup();
    commit(&mut rollup, Committers::Signers(1));
    let second = commit(&mut rollup, Committers::Signers(1));
    let mut member = member();
    member.begin_unbond(&rollup, &clock(100, 1_000)).unwrap();
    rollup.roll_back(&second).unwrap();
    assert!(rollup.committed_number < member.unbond_number);
    let checked = member.check_unbonded(&rollup, &clock(121, 1_011));
    assert_eq!(checked, Err(fail(RollupError::BatchesLive)));
}

#[test]
fn a_verdict_holds_bonds_for_a_window() {
    let mut rollup = rollup();
    let mut member = member();
    member.begin_unbond(&rollup, &clock(100, 1_000)).unwrap();
    let charge = Charge { kind: VerdictLayout::EQUIVOCATION, number: 0, accused: &[[50; 32]] };
    let proof = Proof { clock: clock(121, 1_011), ..proof() };
    rollup.convict(&mut verdict(), &charge, &proof).unwrap();
    let recent = Err(fail(RollupError::RecentVerdict));
    assert_eq!(member.check_unbonded(&rollup, &clock(131, 1_017)), recent);
    assert_eq!(member.check_unbonded(&rollup, &clock(132, 1_016)), recent);
    member.check_unbonded(&rollup, &clock(132, 1_017)).unwrap();
}

#[test]
fn who_is_active_or_convicted_keeps_its_bond() {
    let mut rollup = rollup();
    let mut member = Member { key: [2; 32], ..member() };
    let now = clock(100, 1_000);
    assert_eq!(member.begin_unbond(&rollup, &now), Err(fail(RollupError::MemberActive)));
    member.check_liable(&rollup).unwrap();
    rollup.expel(&[2; 32]);
    let convicted = Err(fail(RollupError::MemberConvicted));
    assert_eq!(member.begin_unbond(&rollup, &now), convicted);
    assert_eq!(member.check_liable(&rollup), convicted);
    // In the committee before, and convicted after it began.
    let mut member = Member { key: [1; 32], ..member };
    rollup.rotate(&keys(5..9)).unwrap();
    member.begin_unbond(&rollup, &now).unwrap();
    assert_eq!(member.begin_unbond(&rollup, &now), Err(fail(RollupError::Unbonding)));
    assert_eq!(member.check_liable(&rollup), Err(fail(RollupError::Unbonding)));
    rollup.expel(&[1; 32]);
    let late = clock(1_000, 10_000);
    assert_eq!(member.check_unbonded(&rollup, &late), convicted);
    // Its bond once taken, the rent is free.
    assert_eq!((member.slash(), member.slash()), (100, 0));
    member.check_unbonded(&rollup, &now).unwrap();
    assert_eq!(member.check_liable(&rollup), Err(fail(RollupError::BondSlashed)));
    assert_eq!(member.begin_unbond(&rollup, &now), Err(fail(RollupError::BondSlashed)));
}

#[test]
fn a_bond_grows_from_the_least() {
    let rollup = rollup();
    let mut member = Member { bond: 0, ..member() };
    assert_eq!(member.lock(99, &rollup), Err(fail(RollupError::BondTooSmall)));
    member.bond = 0;
    member.lock(100, &rollup).unwrap();
    member.lock(1, &rollup).unwrap();
    assert_eq!(member.bond, 101);
    assert_eq!(member.lock(u64::MAX, &rollup), Err(fail(RollupError::Overflow)));
    let now = clock(100, 1_000);
    assert_eq!(member.check_unbonded(&rollup, &now), Err(fail(RollupError::NotUnbonding)));
}

#[test]
fn a_batch_has_signers_or_a_poster() {
    let mut rollup = rollup();
    let certified = commit(&mut rollup, Committers::Signers(1));
    let taken_over = commit(&mut rollup, Committers::Poster([50; 32]));
    assert!(certified.is_certified() && !taken_over.is_certified());
    let corrupt = Err(fail(RollupError::Corrupt));
    assert_eq!(Batch { signers: 0, ..certified }.check(), corrupt);
    assert_eq!(Batch { signers: 1, ..taken_over }.check(), corrupt);
}

#[test]
fn an_extension_moves_the_end_of_a_window() {
    let mut rollup = rollup();
    let mut batch = commit(&mut rollup, Committers::Signers(1));
    let over = |batch: &Batch, slot, time| batch.is_window_over(&rollup, &clock(slot, time));
    assert_eq!(over(&batch, 110, 1_005), Ok(true));
    (batch.extension_slots, batch.extension_secs) = (3, 2);
    assert_eq!(over(&batch, 112, 1_007), Ok(false));
    assert_eq!(over(&batch, 113, 1_006), Ok(false));
    assert_eq!(over(&batch, 113, 1_007), Ok(true));
}
