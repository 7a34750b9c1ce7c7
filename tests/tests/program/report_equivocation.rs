//! `report_equivocation`.

use asset_consensus::{BlockId, ChainId, Digest, Epoch, Height, SigningContext, View};
use asset_rollup_interface::{
    error::RollupError,
    instruction::ReportEquivocation,
    state::{ACCOUNT_VERSION, Verdict},
    vote::{Ballot, Statement, Vote},
};
use curvevm::types::{Address, Hash, Signature};
use solana_transaction::InstructionError;

use super::support::{
    BOND, MEMBERS_FROM, SOL, World, address, anchor, assert_failed, assert_refused, key_of,
    keypair, pubkey, statement,
};

/// The member that is reported: index 1.
const MEMBER: u8 = MEMBERS_FROM + 1;

on_each_build! {
    fn convicts_a_member_for_two_votes_in_a_view(build: Build) {
        let mut world = World::new(build);
        let challenger = keypair(7);
        world.airdrop(&key_of(&challenger), SOL);
        let report = world.equivocation(MEMBER, 0);
        let instruction = world.report_instruction(&report, key_of(&challenger));
        world.pass(7, 3);
        world.send_all(&[instruction], &[&challenger]).unwrap();
        let verdict = world.verdict_account(0).unwrap();
        assert_eq!((verdict.version, verdict.kind), (ACCOUNT_VERSION, Verdict::EQUIVOCATION));
        assert_eq!((verdict.rollup, verdict.index, verdict.number), (world.rollup, 0, 0));
        assert_eq!(verdict.guilty(), [address(MEMBER)]);
        assert_eq!((verdict.slashed, verdict.challenger), (0, key_of(&challenger)));
        let rollup = world.rollup_account();
        assert_eq!((rollup.active, rollup.bonded), (0b111_1101, 0b111_1101));
        assert_eq!((rollup.verdicts, rollup.rollbacks), (1, 0));
        assert_eq!((rollup.verdict_slot, rollup.verdict_unix_time), world.now());
        // The bond is still there, until the verdict is executed.
        assert_eq!(world.member_account(MEMBER).unwrap().bond, BOND);
    }

    fn takes_any_difference(build: Build) {
        let world = World::new(build);
        let base = statement(5, 1);
        let settled = |byte: u8| Statement { settlement: Some(Hash::new([byte; 32])), ..base };
        let pairs = [
            (base, statement(5, 2)),
            (base, statement(6, 1)),
            (base, settled(0)),
            (settled(3), base),
            (settled(3), settled(4)),
        ];
        for (first, second) in pairs {
            let mut world = world.clone();
            let report = ReportEquivocation {
                member: address(MEMBER),
                epoch: 0,
                view: u64::MAX,
                first: world.vote(MEMBER, (0, u64::MAX), first),
                second: world.vote(MEMBER, (0, u64::MAX), second),
            };
            world.report(&report).unwrap();
        }
    }

    fn refuses_what_is_no_equivocation(build: Build) {
        let mut world = World::new(build);
        let report = world.equivocation(MEMBER, 0);
        let other = world.equivocation(MEMBERS_FROM, 0);
        let settled = Statement { settlement: Some(Hash::ZERO), ..statement(5, 2) };
        let forged = |edit: &dyn Fn(&mut ReportEquivocation)| {
            let mut report = report;
            edit(&mut report);
            report
        };
        let another_view = world.vote(MEMBER, (0, 8), statement(5, 2));
        let another_epoch = world.vote(MEMBER, (1, 9), statement(5, 2));
        let cases = [
            (forged(&|it| it.second = it.first), RollupError::SameVote),
            // The same statement under two signatures.
            (forged(&|it| it.second.statement = it.first.statement), RollupError::SameVote),
            (forged(&|it| it.second = another_view), RollupError::BadSignature),
            (forged(&|it| it.second = another_epoch), RollupError::BadSignature),
            (forged(&|it| it.first = other.first), RollupError::BadSignature),
            (forged(&|it| it.second = other.second), RollupError::BadSignature),
            (forged(&|it| it.second.statement = settled), RollupError::BadSignature),
            (forged(&|it| it.second.signature = Signature::new([0; 64])), RollupError::BadSignature),
            (forged(&|it| it.view = 8), RollupError::BadSignature),
            (forged(&|it| it.epoch = 1), RollupError::WrongEpoch),
            (forged(&|it| it.member = address(10)), RollupError::NotInCommittee),
            (forged(&|it| it.member = Address::default()), RollupError::NotInCommittee),
        ];
        for (report, error) in cases {
            assert_refused(world.report(&report), error);
        }
        assert_eq!(world.verdict_account(0), None);
        world.report(&report).unwrap();
    }

    fn refuses_the_votes_of_another_chain(build: Build) {
        let mut world = World::new(build);
        let other = world.fork(|it| it.name = "other".to_owned());
        let report = other.equivocation(MEMBER, 0);
        assert_refused(world.report(&report), RollupError::BadSignature);
    }

    fn convicts_once(build: Build) {
        let mut world = World::new(build);
        let report = world.equivocation(MEMBER, 0);
        world.report(&report).unwrap();
        assert_refused(world.report(&report), RollupError::MemberConvicted);
        let other = ReportEquivocation {
            second: world.vote(MEMBER, (0, 9), statement(6, 3)),
            ..report
        };
        assert_refused(world.report(&other), RollupError::MemberConvicted);
        let another = world.equivocation(MEMBER + 1, 0);
        world.report(&another).unwrap();
        assert_eq!(world.verdict_account(1).unwrap().guilty(), [address(MEMBER + 1)]);
        assert_eq!(world.rollup_account().verdicts, 2);
    }

    fn reaches_the_committee_before_and_no_further(build: Build) {
        let mut world = World::new(build);
        for seed in [10, 11] {
            world.register(seed, BOND).unwrap();
        }
        world.rotate(&[10, 11]).unwrap();
        world.begin_unbond(MEMBER).unwrap();
        // The present committee's view, for a member of the one before, and the other way round.
        let report = world.equivocation(MEMBER, 1);
        assert_refused(world.report(&report), RollupError::NotInCommittee);
        let report = world.equivocation(10, 0);
        assert_refused(world.report(&report), RollupError::NotInCommittee);
        let report = world.equivocation(MEMBER, 0);
        world.report(&report).unwrap();
        let report = world.equivocation(10, 1);
        world.report(&report).unwrap();
        let rollup = world.rollup_account();
        assert_eq!((rollup.prev_active, rollup.active), (0b111_1101, 0b10));
        let rotation = world.rotate_instruction(&[11], &[(1, 11)]);
        world.send(&rotation).unwrap();
        let report = world.equivocation(MEMBERS_FROM, 0);
        assert_refused(world.report(&report), RollupError::WrongEpoch);
    }

    fn a_convicted_members_signature_counts_no_more(build: Build) {
        let mut world = World::new(build);
        for seed in [MEMBERS_FROM, MEMBERS_FROM + 1] {
            let report = world.equivocation(seed, 0);
            world.report(&report).unwrap();
        }
        let sealed = world.ready(vec![]);
        let mut commit = |members: &[u8]| {
            let signatures = world.sign(&sealed.header, members);
            let instruction = world.commit_instruction(&sealed.header, signatures);
            world.send(&instruction)
        };
        assert_refused(commit(&[0, 1, 2, 3, 4, 5, 6]), RollupError::MemberConvicted);
        assert_refused(commit(&[1, 2, 3, 4, 5]), RollupError::MemberConvicted);
        assert_refused(commit(&[2, 3, 4]), RollupError::NoQuorum);
        // Four of five.
        commit(&[2, 3, 4, 6]).unwrap();
        assert_eq!(world.batch_account(1).unwrap().signers, 0b101_1100);
    }

    fn refuses_other_accounts(build: Build) {
        let mut world = World::new(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        let report = world.equivocation(MEMBER, 0);
        let payer = key_of(&world.payer());
        for wrong in [world.verdict_address(1), other.verdict_address(0)] {
            let mut instruction = world.report_instruction(&report, payer);
            instruction.accounts[2].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        let mut instruction = world.report_instruction(&report, payer);
        instruction.accounts[1].pubkey = pubkey(&other.rollup);
        assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        let stranger = key_of(&keypair(7));
        world.airdrop(&stranger, SOL);
        let mut unsigned = world.report_instruction(&report, stranger);
        unsigned.accounts[0].is_signer = false;
        assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
        let mut readonly = world.report_instruction(&report, payer);
        readonly.accounts[1].is_writable = false;
        assert_failed(world.send(&readonly), anchor::NOT_WRITABLE);
        world.report(&report).unwrap();
    }
}

#[test]
fn votes_are_those_of_the_consensus() {
    let chain = [7; 32];
    for (epoch, view, height) in [(0, 1, 1), (3, u64::MAX, 99), (u64::MAX, 0, u64::MAX)] {
        let context = SigningContext { chain: ChainId::new(chain), epoch: Epoch::new(epoch) };
        let ballot = Ballot { chain_id: Hash::new(chain), epoch, view };
        for settlement in [None, Some([0; 32]), Some([5; 32])] {
            let block = [9; 32];
            let expected = context.vote2(
                View::new(view),
                Height::new(height),
                &BlockId::new(block),
                settlement.map(Digest::new).as_ref(),
            );
            let said = Statement {
                height,
                block: Hash::new(block),
                settlement: settlement.map(Hash::new),
            };
            assert_eq!(ballot.digest(&said).as_bytes(), expected.as_bytes());
        }
    }
}

#[test]
fn a_report_has_its_stated_length() {
    let vote = |settlement| Vote {
        statement: Statement { height: 1, block: Hash::ZERO, settlement },
        signature: Signature::new([0; 64]),
    };
    let report = ReportEquivocation {
        member: Address::default(),
        epoch: 0,
        view: 0,
        first: vote(None),
        second: vote(Some(Hash::ZERO)),
    };
    let fixed = 8 + 32 + 8 + 8;
    assert_eq!(report.data().len(), fixed + (8 + 32 + 1 + 64) + (8 + 32 + 33 + 64));
    assert_eq!(ReportEquivocation::parse(&report.data()), Some(report));
}
