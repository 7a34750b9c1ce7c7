//! `replay_segment`: the program says of a segment what the native machine says, and refuses what does not fit.

use asset_rollup_interface::{
    error::{RollupError, rejection},
    instruction::ReplaySegment,
};
use curvevm::{
    block::BlockBody,
    cell::{Cell, Chain},
    error::Error,
    genesis::Genesis,
    inbox::{InboxMessage, MessageKind},
    tree::Tree,
    types::{Address, AssetId, Hash, Quote},
};

use super::support::{
    Answer, Case, Replayer, SOL, address, advance, chunks, program_id, signed, withdraw,
};

/// Deposits for the users 0 to `users`.
fn deposits(users: u8) -> Vec<InboxMessage> {
    (0..users)
        .map(|user| InboxMessage {
            index: u64::from(user),
            slot: 5,
            kind: MessageKind::Deposit {
                asset: AssetId::SOL,
                amount: Quote::new(SOL),
                recipient: address(user),
            },
        })
        .collect()
}

/// The cases of each segment of a block over the state of a genesis.
fn cases(genesis: &Genesis, body: &BlockBody) -> Vec<Case> {
    let chain_id = genesis.hash();
    let mut tree = genesis.tree().unwrap();
    let mut cases = vec![];
    for (chunk, placed) in chunks(&tree.clone(), &chain_id, body) {
        cases.push(Case::new(&mut tree, &chain_id, (&chunk, placed.offset)));
        advance(&mut tree, &chain_id, &placed);
    }
    cases
}

fn block(genesis: &Genesis) -> BlockBody {
    let id = genesis.hash();
    let pay = |user: u8| signed(user, 3, vec![withdraw(address(50), SOL / 2)], &id);
    let transactions = (0..11).chain(0..1).map(pay).take(11).collect();
    BlockBody { height: 1, time_ms: 2_000, messages: deposits(11), transactions }
}

#[track_caller]
fn refused(answer: Result<(Hash, Hash), u32>, expected: RollupError) {
    assert_eq!(answer, Err(expected.code()));
}

/// A case in the middle of a block: eight withdrawals.
fn payments(genesis: &Genesis) -> Case {
    cases(genesis, &block(genesis)).remove(2)
}

on_each_build! {
    fn segments_of_each_kind_are_replayed_as_natively(build: Build) {
        let genesis = super::support::genesis();
        let mut replayer = Replayer::new(build);
        let cases = cases(&genesis, &block(&genesis));
        assert_eq!(cases.len(), 4);
        for (place, case) in cases.iter().enumerate() {
            let (answer, _) = replayer.replay(case);
            assert_eq!(answer, case.native(), "segment {place}");
            assert!(answer.is_ok(), "segment {place}: {answer:?}");
        }
    }

    fn a_short_case_is_replayed_from_the_arguments(build: Build) {
        let genesis = super::support::genesis();
        let body =
            BlockBody { messages: deposits(3), transactions: vec![], ..block(&genesis) };
        let mut replayer = Replayer::new(build);
        for case in cases(&genesis, &body) {
            let (answer, _) = replayer.replay_inline(&case);
            assert!(answer.is_ok(), "{answer:?}");
            assert_eq!(answer, case.native());
        }
    }

    fn what_does_not_fit_is_refused(build: Build) {
        let genesis = super::support::genesis();
        let case = payments(&genesis);
        let mut replayer = Replayer::new(build);
        let mut check = |edit: &dyn Fn(&mut Case), expected: RollupError| {
            let mut case = case.clone();
            edit(&mut case);
            assert_eq!(case.native(), Err(expected.code()), "native, {expected:?}");
            refused(replayer.replay(&case).0, expected);
        };
        // The root behind the segment before.
        let before = usize::try_from(case.offset).unwrap() - 1;
        check(&|case| case.chunk[before] ^= 1, RollupError::WrongPreRoot);
        // The chunk's height, and its time.
        assert_eq!(case.chunk[33..36], [0, 0xe8, 7]);
        check(&|case| case.chunk[33] = 1, RollupError::WrongBlock);
        check(&|case| case.chunk[34] -= 1, RollupError::WrongBlock);
        check(&|case| case.chunk[34] += 1, RollupError::WrongBlock);
        check(&|case| case.witness.truncate(1), RollupError::BadWitness);
        check(&|case| case.witness.push(0), RollupError::BadWitness);
        check(&|case| case.witness = vec![4; 300], RollupError::BadWitness);
        check(&|case| case.witness = vec![9], RollupError::BadWitness);
        check(&|case| case.offset += 1, RollupError::NoSegment);
        check(&|case| case.offset = u32::MAX, RollupError::NoSegment);
        check(&|case| case.chunk.truncate(900), RollupError::BadChunk);
        check(&|case| case.chunk[0] = 9, RollupError::BadChunk);
        check(&|case| case.chunk = vec![], RollupError::BadChunk);
        check(&|case| case.chunk = vec![0; 3_801], RollupError::BadChunk);
        // Only the root of the witness: the chain's cell is not opened.
        let pruned = [vec![1], case.pre_root().to_bytes().to_vec()].concat();
        check(&|case| case.witness = pruned.clone(), RollupError::CellNotInWitness);
    }

    fn a_segment_that_breaks_a_rule_is_refused_with_it(build: Build) {
        let genesis = super::support::genesis();
        let mut replayer = Replayer::new(build);
        let rejected = |index, error| Err(rejection(index, error));
        let broken = |error: RollupError| Err(error.code());
        type Edit = fn(&mut BlockBody);
        let edits: [(Edit, usize, Answer); 7] = [
            (|block| block.height = 3, 0, broken(RollupError::WrongBlock)),
            (|block| block.time_ms = 1_000, 0, broken(RollupError::WrongBlock)),
            (|block| block.messages[0].index = 1, 0, broken(RollupError::WrongMessage)),
            (|block| block.messages[9].index = 0, 1, broken(RollupError::WrongMessage)),
            (
                |block| block.transactions[5].signature = block.transactions[0].signature,
                2,
                rejected(5, Error::BadSignature),
            ),
            (
                |block| block.transactions[1] = block.transactions[0].clone(),
                2,
                rejected(1, Error::NonceUsed),
            ),
            (|block| block.transactions[2].body.program.clear(), 2, rejected(2, Error::InstructionCount)),
        ];
        for (edit, place, expected) in edits {
            let mut body = block(&genesis);
            edit(&mut body);
            let case = &cases(&genesis, &body)[place];
            assert_eq!(case.native(), expected, "native");
            assert_eq!(replayer.replay(case).0, expected);
        }
    }

    fn a_cell_of_another_type_than_its_key_is_told(build: Build) {
        let genesis = super::support::genesis();
        let mut tree = Tree::new();
        let rules = genesis.tree().unwrap().get(&curvevm::cell::Rules::key()).unwrap().cloned();
        let Some(rules @ Cell::Rules(_)) = rules else { panic!("no rules") };
        tree.put(Chain::key(), rules).unwrap();
        let body = BlockBody { messages: vec![], transactions: vec![], ..block(&genesis) };
        let (mut chunk, placed) =
            chunks(&genesis.tree().unwrap(), &genesis.hash(), &body).remove(0);
        chunk[1..33].copy_from_slice(tree.root().as_bytes());
        let case = Case::new(&mut tree, &genesis.hash(), (&chunk, placed.offset));
        assert_eq!(case.native(), Err(RollupError::CorruptState.code()));
        refused(Replayer::new(build).replay(&case).0, RollupError::CorruptState);
    }

    fn only_a_witness_of_the_program_is_read(build: Build) {
        let case = payments(&super::support::genesis());
        let mut replayer = Replayer::new(build);
        let instruction = Replayer::instruction_of(&case);
        let account = case.account();
        let good = replayer.replay_beside(&instruction, account.clone(), &program_id());
        assert_eq!(good, case.native());
        let another = Address::new([3; 32]);
        let expected = RollupError::InvalidWitnessAccount;
        refused(replayer.replay_beside(&instruction, account.clone(), &another), expected);
        for (at, byte) in [(0, 0), (15, 9), (19, 9), (23, 9)] {
            let mut account = account.clone();
            account[at] = byte;
            refused(replayer.replay_beside(&instruction, account, &program_id()), expected);
        }
        refused(replayer.replay_beside(&instruction, vec![], &program_id()), expected);
        let both = ReplaySegment { chunk: vec![1], ..instruction };
        refused(replayer.replay_beside(&both, account, &program_id()), expected);
    }
}
