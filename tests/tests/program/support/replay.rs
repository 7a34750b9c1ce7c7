//! One segment, natively and by the program's `replay_segment`.

use std::{cell::RefCell, collections::BTreeSet};

use asset_rollup_interface::{
    error::{RollupError, rejection},
    instruction::{REPLAY_HEAP_BYTES, ReplaySegment, ReplaySegmentAccounts},
    state::{ACCOUNT_VERSION, Witness},
};
use curvevm::{
    block::{BlockBody, BlockError, Segment, Step, admit, chain, execute_admitted, replay_segment},
    cell::{Account, Cell, Chain},
    codec::{CHUNK_BYTES_MAX, CodecError, decode_chunk, decode_segment, encode_batch},
    error::StateError,
    execute::{Context, State, apply},
    host::sha256,
    inbox::MessageKind,
    meter::{Meter, SEGMENT_MESSAGES_MAX, SEGMENT_TRANSACTIONS_MAX},
    tree::{Found, Tree},
    types::{Address, Hash, Key},
};
use litesvm::LiteSVM;
use solana_account::Account as SolanaAccount;
use solana_keypair::Keypair;
use solana_message::VersionedMessage;
use solana_signer::Signer;
use solana_transaction::{
    AccountMeta, Instruction, InstructionError, Message, TransactionError,
    versioned::VersionedTransaction,
};

use super::{Build, SOL, budget, heap, program_id, pubkey};

/// Solana's most compute units in a transaction.
const BUDGET: u32 = 1_400_000;

/// What a segment is replayed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) chain_id: Hash,
    pub(crate) pre_root: Hash,
    pub(crate) witness: Vec<u8>,
    pub(crate) chunk: Vec<u8>,
    pub(crate) offset: u32,
    pub(crate) chunk_bytes_max: u16,
}

/// What a replay gives: the root after and the hash of the receipts, or the number of an error.
pub(crate) type Answer = Result<(Hash, Hash), u32>;

impl Case {
    /// The case of a segment over a whole state.
    pub(crate) fn new(tree: &mut Tree, chain_id: &Hash, (chunk, offset): (&[u8], u32)) -> Self {
        let segment = decode_segment(chunk, offset).unwrap();
        let pre_root = tree.root();
        let witness = tree.witness(&touched(tree, chain_id, &segment)).unwrap();
        let chunk_bytes_max = u16::try_from(CHUNK_BYTES_MAX).unwrap();
        let chunk = chunk.to_vec();
        Self { chain_id: *chain_id, pre_root, witness, chunk, offset, chunk_bytes_max }
    }

    /// The answer of the native machine.
    pub(crate) fn native(&self) -> Answer {
        self.effect().map(|(root, receipts)| (root, sha256(&[&receipts])))
    }

    /// The root after and the receipts, or the number of an error, by the native machine.
    pub(crate) fn effect(&self) -> Result<(Hash, Vec<u8>), u32> {
        let code = |error: RollupError| error.code();
        let mut tree =
            Tree::from_witness(&self.witness).map_err(|_| code(RollupError::BadWitness))?;
        if tree.root() != self.pre_root {
            return Err(code(RollupError::WrongPreRoot));
        }
        let segment = decode_segment(&self.chunk, self.offset).map_err(|error| match error {
            CodecError::NoSegment => code(RollupError::NoSegment),
            _ => code(RollupError::BadChunk),
        })?;
        let bytes_max = usize::from(self.chunk_bytes_max);
        let replayed = replay_segment(&mut tree, &self.chain_id, bytes_max, &segment);
        let replayed = replayed.map_err(refusal)?;
        Ok((replayed.post_root, borsh::to_vec(&replayed.receipts).unwrap()))
    }

    fn instruction(&self) -> ReplaySegment {
        ReplaySegment {
            chain_id: self.chain_id,
            pre_root: self.pre_root,
            chunk_bytes_max: self.chunk_bytes_max,
            offset: self.offset,
            witness: vec![],
            chunk: vec![],
        }
    }

    /// The data of an account of the case.
    pub(crate) fn account(&self) -> Vec<u8> {
        let header = Witness {
            version: ACCOUNT_VERSION,
            kind: Witness::SEGMENT,
            bump: 255,
            reserved: 0,
            witness_length: 0,
            chunk_length: 0,
            reserved_2: [0; 4],
            rollup: Address::default(),
            owner: Address::default(),
        };
        header.encode(&self.witness, &self.chunk).unwrap()
    }
}

/// The number of an error of the block, told apart here once more.
fn refusal(error: BlockError) -> u32 {
    match error {
        BlockError::Height { .. } | BlockError::Time => RollupError::WrongBlock.code(),
        BlockError::MessageIndex { .. } | BlockError::MessageCount => {
            RollupError::WrongMessage.code()
        }
        BlockError::Transaction { index, error } => rejection(index, error),
        BlockError::SegmentFull { .. } => RollupError::SegmentFull.code(),
        BlockError::State(StateError::NotInWitness) => RollupError::CellNotInWitness.code(),
        BlockError::State(StateError::BadWitness) => RollupError::BadWitness.code(),
        BlockError::State(StateError::Corrupt) => RollupError::CorruptState.code(),
    }
}

/// The trace of a block over a state; without regard for the meter when the block may not be executed there.
fn trace(tree: &Tree, chain_id: &Hash, body: &BlockBody) -> Vec<Step> {
    let ids = admit(chain_id, CHUNK_BYTES_MAX, &body.transactions);
    let executed = ids
        .and_then(|ids| execute_admitted(&mut tree.clone(), chain_id, CHUNK_BYTES_MAX, body, &ids));
    executed.map_or_else(|_| uncut(body), |output| output.trace)
}

/// A trace that is cut by count alone.
fn uncut(body: &BlockBody) -> Vec<Step> {
    let messages = body.messages.chunks(SEGMENT_MESSAGES_MAX).map(<[_]>::len);
    let transactions = body.transactions.chunks(SEGMENT_TRANSACTIONS_MAX).map(<[_]>::len);
    let lengths = [0].into_iter().chain(messages).chain(transactions);
    let (pre_root, post_root) = (Hash::ZERO, Hash::ZERO);
    let step = |length| Step { length: u8::try_from(length).unwrap(), pre_root, post_root };
    lengths.map(step).collect()
}

/// The chunks of one block over a state, and where each segment is in them.
pub(crate) fn chunks(
    tree: &Tree,
    chain_id: &Hash,
    body: &BlockBody,
) -> Vec<(Vec<u8>, u32, Segment)> {
    let traces = [trace(tree, chain_id, body)];
    let data = encode_batch(std::slice::from_ref(body), &traces, CHUNK_BYTES_MAX).unwrap();
    let segments = data.chunks.iter().flat_map(|chunk| decode_chunk(chunk).unwrap());
    data.leaves
        .iter()
        .zip(segments)
        .map(|(leaf, (offset, _, segment))| {
            assert_eq!(offset, leaf.offset);
            (data.chunks[usize::try_from(leaf.chunk).unwrap()].clone(), offset, segment)
        })
        .collect()
}

/// Notes which cells are asked for.
struct Recorder<'t> {
    tree: &'t mut Tree,
    keys: RefCell<BTreeSet<Key>>,
}

impl State for Recorder<'_> {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        self.keys.borrow_mut().insert(*key);
        self.tree.find(key)
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.keys.borrow_mut().insert(key);
        self.tree.put(key, cell)
    }
}

/// The cells that a segment touches.
pub(crate) fn touched(tree: &Tree, chain_id: &Hash, segment: &Segment) -> Vec<Key> {
    let mut tree = tree.clone();
    let mut keys = BTreeSet::from([Chain::key()]);
    match segment {
        Segment::Begin { .. } => {}
        Segment::Messages(messages) => {
            keys.extend(messages.iter().map(|message| match &message.kind {
                MessageKind::Deposit { recipient, .. } => Account::key(recipient),
            }));
        }
        Segment::Transactions(transactions) => {
            let chain = chain(&tree).unwrap();
            let context =
                Context { genesis: *chain_id, height: chain.height, time_ms: chain.time_ms };
            let mut recorder = Recorder { tree: &mut tree, keys: RefCell::default() };
            for transaction in transactions {
                let meter = &mut Meter::new();
                let _refused = apply(transaction, CHUNK_BYTES_MAX, &context, &mut recorder, meter);
            }
            keys.extend(recorder.keys.into_inner());
        }
    }
    keys.into_iter().collect()
}

/// The program on LiteSVM, for replays only.
pub(crate) struct Replayer {
    svm: LiteSVM,
    payer: Keypair,
    account: Address,
}

impl Replayer {
    pub(crate) fn new(build: Build) -> Self {
        let mut svm = LiteSVM::new().with_sigverify(false).with_transaction_history(0);
        svm.add_program_from_file(pubkey(&program_id()), build.path()).unwrap();
        let payer = Keypair::new_from_array([200; 32]);
        svm.airdrop(&payer.pubkey(), 1_000 * SOL).unwrap();
        Self { svm, payer, account: Address::new([77; 32]) }
    }

    /// The program's answer, from an account, and the compute units of the whole transaction.
    pub(crate) fn replay(&mut self, case: &Case) -> (Answer, u64) {
        self.set(case.account(), &program_id());
        self.send(&case.instruction(), Some(self.account))
    }

    /// Whether the program replays a case with a heap of so many bytes.
    pub(crate) fn replay_within(&mut self, case: &Case, heap_bytes: u32) -> bool {
        self.set(case.account(), &program_id());
        let transaction = self.transaction(&case.instruction(), Some(self.account), heap_bytes);
        self.svm.send_transaction(transaction).is_ok()
    }

    /// The program's answer to a case in the instruction's data.
    pub(crate) fn replay_inline(&mut self, case: &Case) -> (Answer, u64) {
        let (witness, chunk) = (case.witness.clone(), case.chunk.clone());
        self.send(&ReplaySegment { witness, chunk, ..case.instruction() }, None)
    }

    /// The program's answer to a case beside any account.
    pub(crate) fn replay_beside(
        &mut self,
        instruction: &ReplaySegment,
        data: Vec<u8>,
        owner: &Address,
    ) -> Answer {
        self.set(data, owner);
        self.send(instruction, Some(self.account)).0
    }

    /// The instruction of a case whose witness is in the account.
    pub(crate) fn instruction_of(case: &Case) -> ReplaySegment {
        case.instruction()
    }

    fn set(&mut self, data: Vec<u8>, owner: &Address) {
        let account = SolanaAccount {
            lamports: SOL,
            data,
            owner: pubkey(owner),
            executable: false,
            rent_epoch: u64::MAX,
        };
        self.svm.set_account(pubkey(&self.account), account).unwrap();
    }

    fn transaction(
        &mut self,
        replay: &ReplaySegment,
        witness: Option<Address>,
        heap_bytes: u32,
    ) -> VersionedTransaction {
        let metas = ReplaySegmentAccounts { program: program_id(), witness }.metas();
        let meta = |address: &Address| AccountMeta::new_readonly(pubkey(address), false);
        let instruction = Instruction {
            program_id: pubkey(&program_id()),
            accounts: metas.iter().map(|it| meta(&it.address)).collect(),
            data: replay.data(),
        };
        self.svm.expire_blockhash();
        let message = Message::new_with_blockhash(
            &[heap(heap_bytes), budget(BUDGET), instruction],
            Some(&self.payer.pubkey()),
            &self.svm.latest_blockhash(),
        );
        let message = VersionedMessage::Legacy(message);
        VersionedTransaction::try_new(message, &[&self.payer]).unwrap()
    }

    fn send(&mut self, replay: &ReplaySegment, witness: Option<Address>) -> (Answer, u64) {
        let transaction = self.transaction(replay, witness, REPLAY_HEAP_BYTES);
        match self.svm.send_transaction(transaction) {
            Ok(metadata) => {
                let data = metadata.return_data.data;
                assert_eq!(data.len(), 64, "{:?}", metadata.logs);
                let hash = |at: usize| Hash::new(data[at..at + 32].try_into().unwrap());
                (Ok((hash(0), hash(32))), metadata.compute_units_consumed)
            }
            Err(failed) => match failed.err {
                TransactionError::InstructionError(2, InstructionError::Custom(code)) => {
                    (Err(code), failed.meta.compute_units_consumed)
                }
                other => panic!("{other:?}: {:#?}", failed.meta.logs),
            },
        }
    }
}
