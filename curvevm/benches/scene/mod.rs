//! A chain of some size, and a segment of 8 trades on it. The more accounts trade and the more cells there are, the fewer trades the
//! meter lets into a segment.

use curvevm::{
    block::{BlockBody, execute_block, replay_segment, segment_witness},
    cell::{Account, Cell, Holding},
    codec::{CHUNK_BYTES_MAX, Placed, Tip, decode_chunk, encode_batch},
    genesis::{GENESIS_VERSION, Genesis, Params},
    program::{BuyOrder, Instruction, Launch, SellOrder},
    receipt::Outcome,
    templates::pump_fun,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Signature},
};
use ed25519_zebra::{SigningKey, VerificationKey};

/// A segment, and the state before it.
pub(crate) struct Scene {
    /// The chain id.
    pub(crate) chain_id: Hash,
    /// The whole state.
    pub(crate) tree: Tree,
    /// The segment.
    pub(crate) placed: Placed,
    /// What opens the cells that the segment touches.
    pub(crate) witness: Vec<u8>,
}

const SOL: u64 = 1_000_000_000;
const TRADERS: u8 = 4;

impl Scene {
    /// A segment of a purchase and a sale by each of four accounts, on a state of so many cells.
    pub(crate) fn new(cells: u64) -> Self {
        let genesis = genesis();
        let chain_id = genesis.hash();
        let mut tree = genesis.tree().expect("a small tree");
        for user in 0..=TRADERS {
            let balances = vec![(AssetId::SOL, Quote::new(100 * SOL))];
            let account = Account { balances, ..Account::default() };
            put(&mut tree, Account::key(&address(user)), Cell::Account(account));
        }
        for index in 0..cells {
            let key = Key::new(curvevm::host::sha256(&[&index.to_le_bytes()]).to_bytes());
            put(&mut tree, key, Cell::Holding(Holding { version: 0, amount: Base::new(index) }));
        }
        tree.root();
        run(&mut tree, &chain_id, 1, vec![sign(TRADERS, 0, launch(), &chain_id)]);
        let curve = CurveId::derive(&address(TRADERS), 1);
        let buys = (0..TRADERS).map(|user| sign(user, 0, buy(curve, SOL), &chain_id)).collect();
        run(&mut tree, &chain_id, 2, buys);
        let trades = |user| {
            let (purchase, sale) = (buy(curve, SOL), sell(curve, 1_000_000_000));
            [sign(user, 1, purchase, &chain_id), sign(user, 2, sale, &chain_id)]
        };
        let before = tree.clone();
        let placed = run(&mut tree, &chain_id, 3, (0..TRADERS).flat_map(trades).collect());
        let witness = segment_witness(&before, &chain_id, CHUNK_BYTES_MAX, &placed)
            .expect("the tree is whole");
        Self { chain_id, tree: before, placed, witness }
    }

    /// Replays the segment as the program does, from the witness.
    pub(crate) fn replay(&self) -> Hash {
        let mut tree = Tree::from_witness(&self.witness).expect("a witness");
        assert_eq!(tree.root(), self.placed.pre_root);
        self.replay_on(&mut tree)
    }

    /// Replays the segment on a tree.
    pub(crate) fn replay_on(&self, tree: &mut Tree) -> Hash {
        let replayed = replay_segment(tree, &self.chain_id, CHUNK_BYTES_MAX, &self.placed);
        let root = replayed.expect("a valid segment").post_root;
        assert_eq!(root, self.placed.post_root);
        root
    }
}

/// Executes a block, which is one segment, and gives it as it is in the data.
fn run(tree: &mut Tree, chain_id: &Hash, height: u64, transactions: Vec<Transaction>) -> Placed {
    let before = Tip { height: height - 1, time_ms: 1_000 * height, root: tree.root() };
    let time_ms = 1_000 * (height + 1);
    let block = BlockBody { height, time_ms, messages: vec![], transactions };
    let output = execute_block(tree, chain_id, CHUNK_BYTES_MAX, &block).expect("a valid block");
    for receipt in &output.receipts {
        assert!(matches!(receipt.outcome, Outcome::Succeeded(_)), "{receipt:?}");
    }
    let chunks = encode_batch(&before, &[block], &[output.trace], CHUNK_BYTES_MAX).expect("fits");
    let mut segments = decode_chunk(&chunks[0]).expect("a good chunk");
    assert_eq!((chunks.len(), segments.len()), (1, 1));
    segments.remove(0)
}

fn put(tree: &mut Tree, key: Key, cell: Cell) {
    tree.put(key, cell).expect("the tree is whole");
}

fn launch() -> Vec<Instruction> {
    let module = pump_fun();
    let launch = Launch {
        module: module.hash(),
        quote_asset: AssetId::SOL,
        name: "A name of some length".into(),
        symbol: "SYMBOL".into(),
        salt: 1,
        first_buy: None,
    };
    vec![Instruction::PublishModule(module), Instruction::Launch(launch)]
}

fn buy(curve: CurveId, quote: u64) -> Vec<Instruction> {
    let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    vec![Instruction::Buy { curve, order, referrer: None }]
}

fn sell(curve: CurveId, base: u64) -> Vec<Instruction> {
    let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO };
    vec![Instruction::Sell { curve, order, referrer: None }]
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from([seed + 1; 32])
}

fn address(seed: u8) -> Address {
    Address::new(VerificationKey::from(&key(seed)).into())
}

fn sign(seed: u8, nonce: u64, program: Vec<Instruction>, chain_id: &Hash) -> Transaction {
    let signer = address(seed);
    let (session, expires_at) = (None, NEVER_EXPIRES);
    let body = Body { version: TX_VERSION, signer, session, nonce, expires_at, program };
    let signature = key(seed).sign(body.digest(chain_id).as_bytes());
    Transaction { body, signature: Signature::new(signature.to_bytes()) }
}

fn genesis() -> Genesis {
    Genesis {
        version: GENESIS_VERSION,
        name: "bench".into(),
        program_id: Address::new([9; 32]),
        committee: (100..104).map(address).collect(),
        time_ms: 1_000,
        treasury: address(90),
        quote_assets: vec![],
        params: Params {
            batch_interval_ms: 1_000,
            batch_chunks_max: 64,
            chunk_bytes_max: 3_800,
            block_transactions_max: 1_000,
            challenge_slots: 10,
            challenge_secs: 1,
            inbox_delay_slots: 100,
            bond_lamports: SOL,
            challenge_lamports: SOL,
            takeover_slots: 500,
            authority: Address::default(),
            authority_delay_secs: 0,
        },
    }
}
