//! Random transactions, natively and by the program: equal roots and receipts after every segment.
//!
//! The seed is printed; `DIFFERENTIAL_SEED` sets another one.
#![expect(clippy::print_stderr, reason = "a failing run must say which seed was drawn")]

use std::collections::BTreeMap;

use curvevm::{
    block::{chain, replay_segment},
    cell::{Account, Cell, Holding, Stake},
    codec::CHUNK_BYTES_MAX,
    execute::{Context, Received, Refusal, apply, receive},
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    meter::Meter,
    module::Module,
    nonce::NonceWindow,
    program::{Amount, BuyOrder, Claim, Instruction, Program},
    receipt::Outcome,
    tree::Tree,
    tx::Transaction,
    types::{Address, AssetId, Base, CurveId, Hash, Quote},
};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::support::{
    Build, Replayer, address, chunks, genesis,
    modules::{Kind, long},
    orders,
    scene::{Scene, TREASURY, assets},
};

/// Transactions that are replayed on each build.
const TRANSACTIONS: usize = 10_000;
/// Transactions in a block: several segments.
const BLOCK: usize = 32;
/// Messages in a block.
const MESSAGES: usize = 6;
/// Users with accounts; two more have none.
const USERS: u8 = 10;
const SEED: u64 = 20_261_121;

/// What became of the transactions, by what they carried.
#[derive(Default, Debug)]
struct Tally {
    succeeded: BTreeMap<&'static str, usize>,
    failed: BTreeMap<u16, usize>,
    rejected: BTreeMap<u16, usize>,
    messages: BTreeMap<(&'static str, &'static str), usize>,
}

struct Run {
    rng: ChaCha8Rng,
    scene: Scene,
    replayer: Replayer,
    modules: Vec<Module>,
    curves: Vec<CurveId>,
    replayed: usize,
    tally: Tally,
}

const fn opcode(instruction: &Instruction) -> &'static str {
    match instruction {
        Instruction::Buy { .. } => "BUY",
        Instruction::Sell { .. } => "SELL",
        Instruction::AddLiquidity { .. } => "ADD_LIQUIDITY",
        Instruction::MigrateToAmm { .. } => "MIGRATE_TO_AMM",
        Instruction::Launch(_) => "LAUNCH",
        Instruction::Transfer { .. } => "TRANSFER",
        Instruction::Withdraw { amount: Amount::Quote(..), .. } => "WITHDRAW of quote",
        Instruction::Withdraw { amount: Amount::Base(..), .. } => "WITHDRAW of tokens",
        Instruction::PublishModule(_) => "PUBLISH_MODULE",
        Instruction::RemoveLiquidity { .. } => "REMOVE_LIQUIDITY",
        Instruction::Claim { .. } => "CLAIM",
        Instruction::Authorize { .. } => "AUTHORIZE",
        Instruction::Revoke { .. } => "REVOKE",
    }
}

/// Modules of every kind; few tokens of some, so that they are bought whole.
fn modules() -> Vec<Module> {
    let mut modules: Vec<Module> = curvevm::templates::ALL.iter().map(|(_, make)| make()).collect();
    for kind in Kind::ALL {
        modules.extend([long(kind, 1, 1), long(kind, 3, 2), long(kind, 9, 3)]);
    }
    // Kinds next to one another.
    let mut mixed = long(Kind::Product, 2, 1);
    let more = long(Kind::Fixed, 4, 1).pieces;
    mixed.pieces.extend(more.into_iter().skip(2));
    mixed.supply = Base::new(mixed.supply.get() * 3);
    modules.push(mixed);
    for module in &modules {
        curvevm::curve::verify::verify(module).unwrap();
    }
    modules
}

impl Run {
    fn new(build: Build, seed: u64) -> Self {
        let mut scene = Scene::new(&genesis());
        for user in (0..USERS).chain([TREASURY, 91]) {
            scene.fund(&address(user));
        }
        let modules = modules();
        let curves = (1..).zip(&modules).map(|(salt, module)| scene.launch(module, salt)).collect();
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let replayer = Replayer::new(build);
        Self { rng, scene, replayer, modules, curves, replayed: 0, tally: Tally::default() }
    }

    /// An amount of any magnitude.
    fn amount(&mut self) -> u64 {
        let bits = self.rng.random_range(0..60);
        self.rng.random::<u64>() & ((1 << bits) - 1)
    }

    /// A part of `whole`, sometimes all of it, sometimes more.
    fn part(&mut self, whole: u64) -> u64 {
        match self.rng.random_range(0..10) {
            0 => self.amount(),
            1 => whole,
            2 => whole.saturating_add(1),
            _ => whole / 100 * self.rng.random_range(1..100),
        }
    }

    fn user(&mut self) -> u8 {
        self.rng.random_range(0..USERS)
    }

    fn curve(&mut self) -> CurveId {
        match self.rng.random_range(0..40) {
            0 => CurveId::new([9; 32]),
            // Mostly few curves, so that they are traded to their end.
            1..20 => self.curves[self.rng.random_range(0..4.min(self.curves.len()))],
            _ => *self.curves.choose(&mut self.rng).unwrap(),
        }
    }

    fn asset(&mut self) -> AssetId {
        let assets = assets();
        match self.rng.random_range(0..12) {
            0 => AssetId::new([1; 32]),
            1 => assets[self.rng.random_range(1..8)],
            _ => AssetId::SOL,
        }
    }

    fn held(&self, user: u8, curve: &CurveId) -> u64 {
        match self.scene.tree.get(&Holding::key(curve, &address(user))).unwrap() {
            Some(Cell::Holding(holding)) => holding.amount.get(),
            _ => 0,
        }
    }

    fn staked(&self, user: u8, curve: &CurveId) -> u64 {
        match self.scene.tree.get(&Stake::key(curve, &address(user))).unwrap() {
            Some(Cell::Stake(stake)) => stake.shares.get(),
            _ => 0,
        }
    }

    fn trade(&mut self, user: u8, curve: CurveId) -> Instruction {
        let mut trade = match self.rng.random_range(0..8) {
            0..3 => orders::buy_in(curve, self.amount()),
            3 => orders::buy_in(curve, 1 << self.rng.random_range(30..45)),
            4 => orders::buy_out(curve, self.amount()),
            5 | 6 => {
                let held = self.held(user, &curve);
                orders::sell_in(curve, self.part(held))
            }
            _ => orders::sell_out(curve, self.amount()),
        };
        if self.rng.random_range(0..4) == 0 {
            let by = self.rng.random_range(0..USERS + 1);
            if let Instruction::Buy { referrer, .. } | Instruction::Sell { referrer, .. } =
                &mut trade
            {
                *referrer = Some(address(by));
            }
        }
        if self.rng.random_range(0..8) == 0 {
            self.limit(&mut trade);
        }
        trade
    }

    fn limit(&mut self, trade: &mut Instruction) {
        let least = self.amount();
        if let Instruction::Buy { order: BuyOrder::ExactIn { base_min, .. }, .. } = trade {
            *base_min = Base::new(least);
        }
        if let Instruction::Buy { order: BuyOrder::ExactOut { quote_max, .. }, .. } = trade {
            *quote_max = Quote::new(least);
        }
    }

    fn instruction(&mut self, user: u8) -> Instruction {
        let curve = self.curve();
        match self.rng.random_range(0..100) {
            0..55 => self.trade(user, curve),
            55..60 => orders::migrate(curve),
            60..66 => orders::add(curve, self.amount()),
            66..71 => {
                let staked = self.staked(user, &curve);
                orders::remove(curve, self.part(staked))
            }
            71..77 => {
                let claims = [
                    Claim::CreatorFees,
                    Claim::PartnerFees,
                    Claim::ProtocolFees,
                    Claim::Vested,
                    Claim::Liquidity,
                ];
                orders::claim(curve, *claims.choose(&mut self.rng).unwrap())
            }
            77..82 => {
                let (to, asset, amount) = (self.user(), self.asset(), self.amount());
                orders::pay(address(to), asset, amount)
            }
            82..86 => {
                let (to, held) = (self.user(), self.held(user, &curve));
                orders::hand_over(address(to), curve, self.part(held))
            }
            86..90 => {
                let held = self.held(user, &curve);
                if self.rng.random_bool(0.5) {
                    orders::withdraw_tokens(curve, self.part(held))
                } else {
                    let (asset, amount) = (self.asset(), self.amount());
                    orders::withdraw_of(asset, amount)
                }
            }
            90..93 => self.publish(),
            93..96 => self.launch(),
            96..98 => {
                let expires_ms = self.scene.time_ms + self.rng.random_range(0..2_000_000);
                orders::authorize(address(100 + user), expires_ms, self.amount())
            }
            _ => orders::revoke(address(100 + user)),
        }
    }

    /// A module that may be published already, may be new, may break a rule.
    fn publish(&mut self) -> Instruction {
        let mut module = self.modules.choose(&mut self.rng).unwrap().clone();
        let at = self.rng.random_range(0..module.pieces.len());
        match self.rng.random_range(0..6) {
            0 => {}
            1..4 => module.decimals = self.rng.random_range(0..20),
            4 => module.pieces[at].end = Base::new(self.amount()),
            _ => module.supply = Base::new(self.amount()),
        }
        Instruction::PublishModule(module)
    }

    fn launch(&mut self) -> Instruction {
        let module = self.modules.choose(&mut self.rng).unwrap();
        let known = self.rng.random_range(0..8) > 0;
        let hash = if known { module.hash() } else { Hash::new([5; 32]) };
        let order = BuyOrder::ExactIn { quote: Quote::new(self.amount()), base_min: Base::ZERO };
        let first_buy = self.rng.random_bool(0.5).then_some(order);
        let salt = self.rng.random_range(0..200);
        let mut launch = orders::launch(hash, salt, first_buy);
        if let Instruction::Launch(launch) = &mut launch {
            launch.quote_asset = self.asset();
            if self.rng.random_range(0..10) == 0 {
                launch.name = String::new();
            }
        }
        launch
    }

    /// A transaction on what the block has made of the state so far.
    fn transaction(&mut self, tree: &Tree) -> Transaction {
        let user = match self.rng.random_range(0..30) {
            0 => TREASURY,
            1 => 91,
            2 => USERS + 1,
            3..8 => 0,
            _ => self.user(),
        };
        let session = (self.rng.random_range(0..12) == 0).then_some(100 + user);
        let count = [1, 1, 1, 1, 2, 3, 8][self.rng.random_range(0..7)];
        let program: Program = (0..count).map(|_| self.instruction(user)).collect();
        let nonces = match tree.get(&Account::key(&address(user))).unwrap() {
            Some(Cell::Account(account)) => account.nonces,
            _ => NonceWindow::default(),
        };
        let nonce = match self.rng.random_range(0..20) {
            0 => nonces.base() + self.rng.random_range(0..700),
            1 => nonces.base().saturating_sub(1),
            2 => nonces.base() + self.rng.random_range(0..200),
            _ => nonces.next(),
        };
        let mut transaction = self.scene.sign((user, session), nonce, program);
        if self.rng.random_range(0..100) == 0 {
            transaction.body.nonce += 1;
        }
        transaction
    }

    /// A block of transactions; those that no block may hold are put in a block of their own.
    fn block(&mut self) {
        let secs = self.rng.random_range(1..1_000);
        let context = Context {
            genesis: self.scene.chain_id,
            height: self.scene.height + 1,
            time_ms: self.scene.time_ms + secs * 1_000,
        };
        let mut tree: Tree = self.scene.tree.clone();
        let begin = self.scene.next(secs, vec![], vec![]);
        let (_, begin) = chunks(&tree, &self.scene.chain_id, &begin).remove(0);
        replay_segment(&mut tree, &self.scene.chain_id, CHUNK_BYTES_MAX, &begin).unwrap();
        let mut block = vec![];
        while block.len() < BLOCK {
            let transaction = self.transaction(&tree);
            match apply(&transaction, CHUNK_BYTES_MAX, &context, &mut tree, &mut Meter::new()) {
                Ok(receipt) => {
                    self.note(&transaction, &receipt.outcome);
                    block.push(transaction);
                }
                Err(Refusal::Rejected(error)) => {
                    *self.tally.rejected.entry(error.code()).or_default() += 1;
                    self.replay(secs, vec![transaction], true);
                }
                Err(refusal @ (Refusal::State(_) | Refusal::SegmentFull)) => panic!("{refusal}"),
            }
        }
        self.replay(secs, block, false);
        assert_eq!(self.scene.tree.root(), tree.root());
    }

    /// A block of messages: deposits, and transactions that are forced in, some of them with bytes that are changed.
    fn messages(&mut self) {
        let mut tree: Tree = self.scene.tree.clone();
        let chain = chain(&tree).unwrap();
        let context = Context {
            genesis: self.scene.chain_id,
            height: self.scene.height + 1,
            time_ms: self.scene.time_ms + 1_000,
        };
        let (mut messages, mut hash) = (vec![], chain.inbox_hash);
        for index in (chain.inbox_cursor..).take(MESSAGES) {
            let message = InboxMessage { index, slot: index, kind: self.message(&tree) };
            hash = message.chain(&hash);
            let received = Received { message: &message, hash };
            let receipt = receive(&received, &context, &mut tree, &mut Meter::new()).unwrap();
            self.note_message(&message.kind, &receipt.outcome);
            messages.push(message);
        }
        self.replayed += messages.len();
        let body = self.scene.next(1, messages, vec![]);
        for case in &self.scene.run(&body) {
            let (answer, _) = self.replayer.replay(case);
            assert_eq!(answer, case.native(), "after {} transactions", self.replayed);
            assert!(answer.is_ok(), "{answer:?}");
        }
    }

    fn message(&mut self, tree: &Tree) -> MessageKind {
        let recipient = address(self.rng.random_range(0..USERS + 4));
        match self.rng.random_range(0..6) {
            0 => {
                let (asset, amount) = (self.asset(), Quote::new(self.amount()));
                MessageKind::Deposit { asset, amount, recipient }
            }
            1 => {
                let (curve, amount) = (self.curve(), self.amount() >> 20);
                let amount = if self.rng.random_range(0..8) == 0 { u64::MAX } else { amount };
                MessageKind::DepositBase { curve, amount: Base::new(amount), recipient }
            }
            _ => {
                let mut bytes = self.transaction(tree).encode();
                let at = self.rng.random_range(0..bytes.len());
                match self.rng.random_range(0..16) {
                    0 => bytes.truncate(at),
                    1 => bytes.push(0),
                    2 => bytes[at] ^= 1 << self.rng.random_range(0..8),
                    3 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
                    _ => {}
                }
                // Longer ones are refused by the program before they are in a chunk.
                bytes.truncate(FORCED_BYTES_MAX + 1);
                MessageKind::Transaction { bytes }
            }
        }
    }

    fn note_message(&mut self, kind: &MessageKind, outcome: &Outcome) {
        let kind = match kind {
            MessageKind::Deposit { .. } => "deposit",
            MessageKind::DepositBase { .. } => "deposit of tokens",
            MessageKind::Transaction { .. } => "transaction",
        };
        let outcome = match outcome {
            Outcome::Succeeded(_) => "succeeded",
            Outcome::Failed { .. } => "failed",
            Outcome::Rejected { .. } => "rejected",
        };
        *self.tally.messages.entry((kind, outcome)).or_default() += 1;
    }

    /// Replays a block's segments; a block that is only tried leaves the chain as it is.
    fn replay(&mut self, secs: u64, transactions: Vec<Transaction>, only_tried: bool) {
        let before = self.scene.clone();
        self.replayed += transactions.len();
        let body = self.scene.next(secs, vec![], transactions);
        let cases = self.scene.run(&body);
        for case in &cases {
            let (answer, _) = self.replayer.replay(case);
            assert_eq!(answer, case.native(), "after {} transactions", self.replayed);
            // One that was rejected beside others may be possible alone.
            assert!(answer.is_ok() || only_tried, "{answer:?}");
        }
        if only_tried {
            self.scene = before;
        }
    }

    fn note(&mut self, transaction: &Transaction, outcome: &Outcome) {
        match outcome {
            Outcome::Succeeded(_) => {
                for instruction in &transaction.body.program {
                    *self.tally.succeeded.entry(opcode(instruction)).or_default() += 1;
                    self.learn(&transaction.body.signer, instruction);
                }
            }
            Outcome::Failed { error, .. } => {
                *self.tally.failed.entry(error.code()).or_default() += 1;
            }
            Outcome::Rejected { error } => panic!("{error} of a transaction of a block"),
        }
    }

    /// New modules and curves are used from then on.
    fn learn(&mut self, signer: &Address, instruction: &Instruction) {
        match instruction {
            Instruction::Launch(launch) => self.curves.push(CurveId::derive(signer, launch.salt)),
            Instruction::PublishModule(module) => self.modules.push(module.clone()),
            _ => {}
        }
    }
}

on_each_build! {
    fn random_transactions_have_equal_roots_and_receipts(build: Build) {
        let seed = std::env::var("DIFFERENTIAL_SEED")
            .map_or(SEED + u64::from(build == Build::V3), |seed| seed.parse().unwrap());
        eprintln!("seed {seed}");
        let mut run = Run::new(build, seed);
        while run.replayed < TRANSACTIONS {
            run.block();
            run.messages();
        }
        let tally = &run.tally;
        eprintln!("{} transactions: {tally:?}", run.replayed);
        assert_eq!(tally.succeeded.len(), 13, "every opcode has succeeded: {tally:?}");
        assert!(tally.failed.len() >= 15, "failures of every sort: {tally:?}");
        assert!(tally.rejected.len() >= 5, "rejections of every sort: {tally:?}");
        assert_eq!(tally.messages.len(), 7, "messages with every outcome: {tally:?}");
    }
}
