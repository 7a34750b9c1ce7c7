//! One segment, natively and by the program's `replay_segment`.

use std::{cell::RefCell, collections::BTreeSet};

use asset_rollup_interface::{
    error::{RollupError, rejection},
    instruction::{REPLAY_HEAP_BYTES, ReplaySegment, ReplaySegmentAccounts},
    state::{ACCOUNT_VERSION, Parts, Witness},
};
use curvevm::{
    block::{
        Begin, BlockBody, BlockError, Content, Segment, Step, admit, chain, execute_admitted,
        replay_segment, segment_witness,
    },
    cell::{Cell, Chain},
    codec::{CHUNK_BYTES_MAX, CodecError, Placed, Tip, decode_chunk, decode_segment, encode_batch},
    error::StateError,
    execute::{Context, Received, State, apply, receive},
    host::sha256,
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
        let placed = decode_segment(chunk, offset).unwrap();
        assert_eq!(tree.root(), placed.pre_root);
        let witness = segment_witness(tree, chain_id, CHUNK_BYTES_MAX, &placed).unwrap();
        let chunk_bytes_max = u16::try_from(CHUNK_BYTES_MAX).unwrap();
        Self { chain_id: *chain_id, witness, chunk: chunk.to_vec(), offset, chunk_bytes_max }
    }

    /// The root before the segment, as the chunk claims.
    pub(crate) fn pre_root(&self) -> Hash {
        decode_segment(&self.chunk, self.offset).unwrap().pre_root
    }

    /// The answer of the native machine.
    pub(crate) fn native(&self) -> Answer {
        self.effect().map(|(root, receipts)| (root, sha256(&[&receipts])))
    }

    /// The root after and the receipts, or the number of an error, by the native machine.
    pub(crate) fn effect(&self) -> Result<(Hash, Vec<u8>), u32> {
        let code = |error: RollupError| error.code();
        let placed = decode_segment(&self.chunk, self.offset).map_err(|error| match error {
            CodecError::NoSegment => code(RollupError::NoSegment),
            _ => code(RollupError::BadChunk),
        })?;
        let mut tree =
            Tree::from_witness(&self.witness).map_err(|_| code(RollupError::BadWitness))?;
        if tree.root() != placed.pre_root {
            return Err(code(RollupError::WrongPreRoot));
        }
        let bytes_max = usize::from(self.chunk_bytes_max);
        let replayed = replay_segment(&mut tree, &self.chain_id, bytes_max, &placed);
        let replayed = replayed.map_err(refusal)?;
        Ok((replayed.post_root, borsh::to_vec(&replayed.receipts).unwrap()))
    }

    fn instruction(&self) -> ReplaySegment {
        ReplaySegment {
            chain_id: self.chain_id,
            chunk_bytes_max: self.chunk_bytes_max,
            offset: self.offset,
            witness: vec![],
            chunk: vec![],
        }
    }

    /// The data of an account of the case.
    pub(crate) fn account(&self) -> Vec<u8> {
        let parts = Parts { state: &self.witness, chunk: &self.chunk, next: &[] };
        let [state_length, chunk_length, next_length] = parts.lengths().unwrap();
        let witness = Witness {
            version: ACCOUNT_VERSION,
            reserved: [0; 3],
            state_length,
            chunk_length,
            next_length,
            rollup: Address::default(),
            owner: Address::default(),
            number: 0,
            batch_hash: Hash::ZERO,
            post_root: Hash::ZERO,
            deposit: 0,
            body: parts.body(),
        };
        let mut data = Witness::DISCRIMINATOR.to_vec();
        data.extend(borsh::to_vec(&witness).unwrap());
        data
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

/// How a block over a state is cut; without regard for the meter when the block may not be executed there.
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
    let mut lengths: Vec<usize> = messages.chain(transactions).collect();
    if lengths.is_empty() {
        lengths.push(0);
    }
    let step = |length| Step { length: u8::try_from(length).unwrap(), post_root: Hash::ZERO };
    lengths.into_iter().map(step).collect()
}

/// Replays a segment; one that is refused leaves the state as it is.
pub(crate) fn advance(tree: &mut Tree, chain_id: &Hash, placed: &Placed) {
    let mut after = tree.clone();
    if replay_segment(&mut after, chain_id, CHUNK_BYTES_MAX, placed).is_ok() {
        *tree = after;
    }
    tree.root();
}

/// The tip of a state.
fn tip(tree: &mut Tree) -> Tip {
    Tip::new(&chain(tree).unwrap(), tree.root())
}

/// The trace of a block over a state, which becomes that after it, with the roots that replaying the segments gives.
fn traced(tree: &mut Tree, chain_id: &Hash, body: &BlockBody) -> Vec<Step> {
    let mut steps = trace(tree, chain_id, body);
    let segments = body.segments(&steps).unwrap();
    for (step, segment) in steps.iter_mut().zip(segments) {
        let Tip { height, time_ms, root } = tip(tree);
        let (pre_root, post_root) = (root, root);
        let placed = Placed { offset: 0, height, time_ms, pre_root, post_root, segment };
        advance(tree, chain_id, &placed);
        step.post_root = tree.root();
    }
    steps
}

/// The chunks of one block over a state, and each segment in them. A chunk states what the block follows, be it true or not.
pub(crate) fn chunks(tree: &Tree, chain_id: &Hash, body: &BlockBody) -> Vec<(Vec<u8>, Placed)> {
    chunks_of(tree, chain_id, std::slice::from_ref(body))
}

/// The chunks of blocks over a state, and each segment in them.
pub(crate) fn chunks_of(
    tree: &Tree,
    chain_id: &Hash,
    bodies: &[BlockBody],
) -> Vec<(Vec<u8>, Placed)> {
    let mut tree = tree.clone();
    let (before, first) = (tip(&mut tree), &bodies[0]);
    let time_ms = before.time_ms.min(first.time_ms);
    let stated = Tip { height: first.height - 1, time_ms, ..before };
    let traces: Vec<_> = bodies.iter().map(|body| traced(&mut tree, chain_id, body)).collect();
    let chunks = encode_batch(&stated, bodies, &traces, CHUNK_BYTES_MAX).unwrap();
    let segments = |chunk: Vec<u8>| {
        decode_chunk(&chunk).unwrap().into_iter().map(move |placed| (chunk.clone(), placed))
    };
    chunks.into_iter().flat_map(segments).collect()
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
    let Chain { height, time_ms, inbox_hash, .. } = chain(&tree).unwrap();
    let begin = segment.begins.last().copied();
    let Begin { height, time_ms } = begin.unwrap_or(Begin { height, time_ms });
    let context = Context { genesis: *chain_id, height, time_ms };
    let keys = RefCell::new(BTreeSet::from([Chain::key()]));
    let mut recorder = Recorder { tree: &mut tree, keys };
    match &segment.content {
        Content::Nothing => {}
        Content::Messages(messages) => {
            let mut hash = inbox_hash;
            for message in messages {
                hash = message.chain(&hash);
                let received = Received { message, hash };
                receive(&received, &context, &mut recorder, &mut Meter::new()).unwrap();
            }
        }
        Content::Transactions(transactions) => {
            for transaction in transactions {
                let meter = &mut Meter::new();
                let _refused = apply(transaction, CHUNK_BYTES_MAX, &context, &mut recorder, meter);
            }
        }
    }
    recorder.keys.into_inner().into_iter().collect()
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
