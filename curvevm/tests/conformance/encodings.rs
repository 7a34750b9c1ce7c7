//! Encodings: bytes, what they mean, and the hashes that are made of them.

use std::sync::Arc;

use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, chunk_hash, data_root},
    block::BlockBody,
    cell::{
        Account, Accrued, Cell, Chain, Curve, Holding, Money, Phase, Pool, Rules, Session, Stake,
        Withdrawal,
    },
    codec::{CHUNK_BYTES_MAX, Tip, chunk_tips, decode_chunk, encode_batch},
    error::Error,
    genesis::{Genesis, committee_hash},
    host::sha256,
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    module::Module,
    nonce::NonceWindow,
    program::{Amount, Claim, Instruction},
    receipt::{Event, FeeSplit, Liquidity, Outcome, Receipt, Side, TakenFees, Trade, Venue},
    tx::{Body, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};
use serde_json::{Value, json};

use crate::{
    modules::{charging, cumulative, included, liquid, pump, raised, rich},
    segments::trace,
    vectors::{Suite, array, bytes, case, number, text},
    world::{
        SOL, USD, World, add, address, authorize, buy, claim, genesis, getting, giving, hand_over,
        launch_of, migrate, nobody, pay, referred, remove, revoke, sell, spending, taking,
        withdraw, withdraw_tokens,
    },
};

pub(crate) const SUITE: Suite = Suite {
    name: "encodings",
    about: "bytes (hex) of a type: what they mean, in Rust's debug form, and the hashes that are made of them; encoding what was decoded gives the bytes again",
    sources: &[],
    cases,
    run,
};

fn of(kind: &str, name: &str, value: &impl borsh::BorshSerialize) -> Value {
    let bytes = hex::encode(borsh::to_vec(value).unwrap());
    case(format!("{kind}: {name}"), json!({ "type": kind, "bytes": bytes }))
}

fn with(mut case: Value, field: &str, value: impl Into<Value>) -> Value {
    case[field] = value.into();
    case
}

fn cases() -> Vec<Value> {
    [cells(), keys(), instructions(), transactions(), modules(), receipts(), settlement(), chunks()]
        .concat()
}

fn cells() -> Vec<Value> {
    let mut nonces = NonceWindow::default();
    for nonce in [0, 1, 5, 70, 255, 300] {
        nonces.take(nonce).unwrap();
    }
    let balances = vec![(AssetId::SOL, Quote::new(1)), (USD, Quote::MAX)];
    let money = |quote, base| Money { quote: Quote::new(quote), base: Base::new(base) };
    let fees = Accrued { protocol: money(1, 2), creator: money(3, 4), partner: money(5, 6) };
    let curve = |phase, marks: &[u64]| {
        Cell::Curve(Curve {
            version: 0,
            module: rich().hash(),
            quote_asset: USD,
            creator: address(0),
            name: "Name".into(),
            symbol: "SYM".into(),
            launched_ms: 7,
            sold: Base::new(8),
            reserve: Quote::new(9),
            sqrt_price: 1 << 100,
            marks: marks.iter().copied().map(Base::new).collect(),
            fees,
            phase,
        })
    };
    let chain = Chain {
        version: 0,
        height: 1,
        time_ms: 2,
        inbox_cursor: 3,
        inbox_hash: Hash::new([4; 32]),
        withdrawals: 5,
    };
    let pool = Pool {
        version: 0,
        quote: Quote::new(1),
        base: Base::new(2),
        shares: Shares::new(3),
        term_locked: Shares::new(4),
        migrated_ms: 5,
        burnt: Base::new(6),
        vested: Base::new(7),
        fees,
    };
    let (asset, amount, recipient) = (AssetId::SOL, Quote::new(8), address(3));
    let (limit, spent) = (Quote::new(10), Quote::new(9));
    let cells = [
        ("chain", Cell::Chain(chain)),
        ("chain, at first", Cell::Chain(Chain::default())),
        ("account, at first", Cell::Account(Account::default())),
        ("account", Cell::Account(Account { version: 0, nonces, balances })),
        ("holding", Cell::Holding(Holding { version: 0, amount: Base::MAX })),
        ("curve, trading", curve(Phase::Trading, &[])),
        ("curve, complete", curve(Phase::Complete, &[1, 2])),
        ("curve, migrated", curve(Phase::Migrated, &[])),
        ("module", Cell::Module(Arc::new(pump()))),
        (
            "withdrawal",
            Cell::Withdrawal(Withdrawal {
                version: 0,
                index: 7,
                amount: Amount::Quote(asset, amount),
                recipient,
            }),
        ),
        (
            "withdrawal of tokens",
            Cell::Withdrawal(Withdrawal {
                version: 0,
                index: u64::MAX,
                amount: Amount::Base(nobody(), Base::new(9)),
                recipient,
            }),
        ),
        (
            "rules",
            Cell::Rules(Rules { version: 0, treasury: address(90), quote_assets: vec![USD] }),
        ),
        ("pool", Cell::Pool(pool)),
        ("stake", Cell::Stake(Stake { version: 0, shares: Shares::new(11) })),
        ("session", Cell::Session(Session { version: 0, expires_ms: 12, asset, limit, spent })),
    ];
    cells.iter().map(|(name, cell)| of("cell", name, cell)).collect()
}

fn keys() -> Vec<Value> {
    let (curve, owner) = (CurveId::derive(&address(0), 1), address(1));
    let hex = |bytes: &[u8]| json!(hex::encode(bytes));
    let key = |cell: &str, parts: Vec<Value>| {
        case(format!("key of a {cell}"), json!({ "type": "key", "cell": cell, "parts": parts }))
    };
    let derive = |salt: u64| {
        let fields = json!({ "type": "curve id", "creator": hex(address(0).as_ref()), "salt": salt.to_string() });
        case(format!("curve id of salt {salt}"), fields)
    };
    let both = vec![hex(curve.as_ref()), hex(owner.as_ref())];
    vec![
        key("chain", vec![]),
        key("account", vec![hex(owner.as_ref())]),
        key("holding", both.clone()),
        key("curve", vec![hex(curve.as_ref())]),
        key("module", vec![hex(pump().hash().as_ref())]),
        key("withdrawal", vec![hex(&7u64.to_le_bytes())]),
        key("rules", vec![]),
        key("pool", vec![hex(curve.as_ref())]),
        key("stake", both),
        key("session", vec![hex(owner.as_ref()), hex(address(60).as_ref())]),
        derive(0),
        derive(u64::MAX),
    ]
}

fn every_instruction() -> Vec<(&'static str, Instruction)> {
    let id = CurveId::derive(&address(0), 1);
    let launch = |first_buy| {
        Instruction::Launch(curvevm::program::Launch {
            first_buy,
            ..launch_of(&pump(), AssetId::SOL, 300)
        })
    };
    vec![
        ("BUY exact in", buy(id, spending(SOL, 1))),
        ("BUY exact out, referred", referred(buy(id, taking(127, 128)), 3)),
        ("SELL exact in, referred", referred(sell(id, giving(16_383, 16_384)), 3)),
        ("SELL exact out", sell(id, getting(u64::MAX, 0))),
        ("ADD_LIQUIDITY", add(id, 5)),
        ("MIGRATE_TO_AMM", migrate(id)),
        ("LAUNCH", launch(None)),
        ("LAUNCH, first purchase exact in", launch(Some(spending(1, 2)))),
        ("LAUNCH, first purchase exact out", launch(Some(taking(3, 4)))),
        ("TRANSFER of quote", pay(2, SOL)),
        ("TRANSFER of tokens", hand_over(nobody(), 2, 6)),
        ("WITHDRAW of quote", withdraw(1)),
        ("WITHDRAW of tokens", withdraw_tokens(nobody(), 128)),
        ("PUBLISH_MODULE", Instruction::PublishModule(pump())),
        ("REMOVE_LIQUIDITY", remove(id, 7)),
        ("CLAIM CreatorFees", claim(id, Claim::CreatorFees)),
        ("CLAIM PartnerFees", claim(id, Claim::PartnerFees)),
        ("CLAIM ProtocolFees", claim(id, Claim::ProtocolFees)),
        ("CLAIM Vested", claim(id, Claim::Vested)),
        ("CLAIM Liquidity", claim(id, Claim::Liquidity)),
        ("AUTHORIZE", authorize(60, 20_000, SOL)),
        ("REVOKE", revoke(60)),
    ]
}

fn instructions() -> Vec<Value> {
    let all = every_instruction();
    all.iter().map(|(name, instruction)| of("instruction", name, instruction)).collect()
}

/// The forms of a transaction, by name.
fn forms() -> Vec<(&'static str, Transaction)> {
    let world = World::pump();
    let form = |session: Option<u8>, nonce, expires_at, program| {
        let body = Body { nonce, expires_at, ..world.body(1, session, program) };
        world.signed(session.unwrap_or(1), body)
    };
    let never = u64::MAX;
    let trades = || vec![buy(world.id(), spending(1, 2)), sell(world.id(), giving(3, 4))];
    vec![
        ("plain", form(None, 0, never, vec![pay(2, 1)])),
        ("that expires", form(None, 5, 7, vec![pay(2, 1)])),
        ("that expired", form(None, 5, 0, vec![pay(2, 1)])),
        ("that expires at the last height but one", form(None, 5, never - 1, vec![pay(2, 1)])),
        ("of a session key", form(Some(60), 1 << 40, never, trades())),
        ("of a session key, that expires", form(Some(60), never, 100, trades())),
        ("of eight instructions", form(None, 128, never, vec![withdraw(1); 8])),
    ]
}

fn transactions() -> Vec<Value> {
    let id = genesis().hash().to_string();
    let case = |(name, transaction): &(&str, Transaction)| {
        with(of("transaction", name, transaction), "genesis", id.clone())
    };
    forms().iter().map(case).collect()
}

fn modules() -> Vec<Value> {
    use curvevm::module::FeeSchedule;
    let decay = FeeSchedule::Exponential { reduction_bps: 383, period_secs: 360, periods: 100 };
    let (reference, increment, duration_secs) = (Quote::new(SOL), 1_000_000, 600);
    let limiter = FeeSchedule::SizeLimiter { reference, increment, duration_secs };
    let own = [
        ("pump", pump()),
        ("three pieces", raised()),
        ("everything", rich()),
        ("constant liquidity", liquid()),
        ("cumulative", cumulative()),
        ("exponential decay", charging(included(500_000_000, decay))),
        ("size limiter", charging(included(10_000_000, limiter))),
    ];
    own.iter().map(|(name, module)| of("module", name, module)).collect()
}

fn receipts() -> Vec<Value> {
    let (curve, id) = (nobody(), Hash::new([1; 32]));
    let split = FeeSplit {
        protocol: Quote::new(1),
        creator: Quote::new(2),
        partner: Quote::new(3),
        referrer: Quote::new(4),
        liquidity: Quote::new(5),
    };
    let trade = Trade {
        curve,
        side: Side::Buy,
        base: Base::new(6),
        quote: Quote::new(7),
        fees: TakenFees::Quote(split),
        trader_quote: Quote::new(8),
        trader_base: Base::new(9),
        partial: true,
        venue: Venue::Curve,
        base_after: Base::new(10),
        reserve_after: Quote::new(11),
    };
    let fees = TakenFees::Base(FeeSplit { creator: Base::new(2), ..FeeSplit::default() });
    let sale = Trade { side: Side::Sell, fees, venue: Venue::Pool, partial: false, ..trade };
    let (quote, base, shares) = (Quote::new(1), Base::new(2), Shares::new(3));
    let liquidity = Liquidity { curve, quote, base, shares };
    let (module, what) = (pump().hash(), Claim::Vested);
    let amount = Amount::Base(curve, base);
    let events = [
        ("purchase", Event::Traded(trade)),
        ("sale", Event::Traded(sale)),
        ("launch", Event::Launched { curve, module, first_buy: None }),
        ("launch with a purchase", Event::Launched { curve, module, first_buy: Some(trade) }),
        ("module", Event::Published { module }),
        ("transfer", Event::Transferred { to: address(2), amount }),
        ("withdrawal", Event::Withdrawn { index: 4 }),
        ("liquidity added", Event::LiquidityAdded(liquidity)),
        ("liquidity removed", Event::LiquidityRemoved(liquidity)),
        ("migration", Event::Migrated(liquidity)),
        ("claim", Event::Claimed { curve, what, quote, base, shares }),
        ("authorization", Event::Authorized { session: address(60) }),
        ("revocation", Event::Revoked { session: address(60) }),
        ("deposit", Event::Deposited { to: address(2), amount }),
    ];
    let receipt = |outcome| Receipt { id, outcome };
    let mut cases: Vec<_> = events
        .into_iter()
        .map(|(name, event)| of("receipt", name, &receipt(Outcome::Succeeded(vec![event]))))
        .collect();
    let (instruction, error) = (7, Error::InvalidSession);
    cases.push(of("receipt", "failure", &receipt(Outcome::Failed { instruction, error })));
    let error = Error::TooManyAssets;
    cases.push(of("receipt", "rejection", &receipt(Outcome::Rejected { error })));
    cases
}

fn deposit(index: u64) -> InboxMessage {
    let (asset, amount, recipient) = (USD, Quote::new(8), address(3));
    InboxMessage { index, slot: 9, kind: MessageKind::Deposit { asset, amount, recipient } }
}

/// A message of each kind but a deposit of quote.
fn other_messages() -> [(&'static str, InboxMessage); 4] {
    let (curve, amount, recipient) = (nobody(), Base::MAX, address(3));
    let forced = |bytes| MessageKind::Transaction { bytes };
    let transaction = World::pump().transaction(1, None, vec![pay(2, 1)]).encode();
    [
        ("tokens", MessageKind::DepositBase { curve, amount, recipient }),
        ("a transaction", forced(transaction)),
        ("a transaction of no bytes", forced(vec![])),
        ("the longest", forced(vec![7; FORCED_BYTES_MAX])),
    ]
    .map(|(name, kind)| (name, InboxMessage { index: 1, slot: 1 << 40, kind }))
}

fn settlement() -> Vec<Value> {
    let hash = |byte| Hash::new([byte; 32]);
    let header = BatchHeader {
        version: BATCH_VERSION,
        chain_id: hash(1),
        number: 2,
        first_height: 3,
        last_height: 4,
        prev_root: hash(5),
        post_root: hash(6),
        chunk_count: 9,
        data_root: hash(10),
        inbox_cursor: 11,
        inbox_hash: hash(12),
        time_ms: 13,
        withdrawals: 14,
        vm_version: VM_VERSION,
    };
    let members: Vec<_> = genesis().committee.iter().map(|it| hex::encode(it.as_ref())).collect();
    let header = with(of("header", "a batch", &header), "committee", members);
    let alone = Genesis { committee: vec![], quote_assets: vec![], ..genesis() };
    let previous = |(name, message): &(&str, InboxMessage)| {
        with(of("message", name, message), "previous", hash(8).to_string())
    };
    let others = other_messages();
    let mut cases: Vec<_> = others.iter().map(previous).collect();
    cases.extend([
        with(header, "program_id", hex::encode([9; 32])),
        with(of("message", "the first", &deposit(0)), "previous", Hash::ZERO.to_string()),
        with(of("message", "another", &deposit(u64::MAX)), "previous", hash(7).to_string()),
        of("genesis", "a chain of four members", &genesis()),
        of("genesis", "without members and assets", &alone),
    ]);
    cases
}

/// A chunk for each form of a segment's parts.
fn chunks() -> Vec<Value> {
    let empty = |height| BlockBody { height, time_ms: 300, messages: vec![], transactions: vec![] };
    let next = |block: &BlockBody, by| BlockBody {
        height: block.height + 1,
        time_ms: block.time_ms + by,
        ..block.clone()
    };
    let run = |count| {
        let blocks = core::iter::successors(Some(empty(1)), |block| Some(next(block, 400)));
        blocks.take(count).collect::<Vec<_>>()
    };
    let messages: Vec<_> = (0..3).map(deposit).collect();
    let consuming = BlockBody { messages, ..empty(6) };
    let mut blocks = vec![
        ("a block without anything".to_owned(), run(1)),
        ("eight blocks without anything".to_owned(), run(8)),
        ("twenty blocks without anything".to_owned(), run(20)),
        ("a block at a great height".to_owned(), vec![empty(u64::MAX)]),
        ("a block at a late time".to_owned(), vec![BlockBody { time_ms: u64::MAX, ..empty(9) }]),
        ("messages".into(), vec![consuming.clone()]),
    ];
    for (name, message) in other_messages() {
        let messages = vec![message];
        blocks.push((format!("a message, {name}"), vec![BlockBody { messages, ..empty(6) }]));
    }
    let world = World::pump();
    let transactions = vec![world.transaction(1, None, vec![pay(2, 1)]); 2];
    let full = BlockBody { transactions, ..consuming };
    let after = BlockBody { messages: vec![], transactions: vec![], ..next(&full, 1) };
    blocks.push(("messages and transactions, and a block".into(), vec![full, after]));
    for (name, transaction) in forms() {
        let transactions = vec![transaction];
        blocks
            .push((format!("a transaction {name}"), vec![BlockBody { transactions, ..empty(6) }]));
    }
    for (name, instruction) in every_instruction() {
        let transactions = vec![world.transaction(1, None, vec![instruction])];
        blocks.push((name.to_owned(), vec![BlockBody { transactions, ..empty(6) }]));
    }
    let chunk = |(name, blocks): (String, Vec<BlockBody>)| {
        let mut traces: Vec<_> = blocks.iter().map(trace).collect();
        for (at, step) in (1u8..).zip(traces.iter_mut().flatten()) {
            step.post_root = Hash::new([at; 32]);
        }
        let tip = Tip { height: blocks[0].height - 1, time_ms: 200, root: Hash::new([0xaa; 32]) };
        let chunks = encode_batch(&tip, &blocks, &traces, CHUNK_BYTES_MAX).unwrap();
        let [chunk] = &chunks[..] else { panic!("{name}: more than a chunk") };
        case(format!("chunk: {name}"), json!({ "type": "chunk", "bytes": hex::encode(chunk) }))
    };
    blocks.into_iter().map(chunk).collect()
}

fn decoded<T: borsh::BorshDeserialize + borsh::BorshSerialize + core::fmt::Debug>(
    bytes: &[u8],
) -> (T, Value) {
    let value: T = borsh::from_slice(bytes).unwrap();
    assert_eq!(borsh::to_vec(&value).unwrap(), bytes);
    let meaning = json!({ "meaning": format!("{value:?}"), "length": bytes.len() });
    (value, meaning)
}

fn run(case: &Value) -> Value {
    let kind = text(case, "type");
    if kind == "key" {
        return key(case);
    }
    if kind == "curve id" {
        let id = CurveId::derive(&Address::new(array(case, "creator")), number(case, "salt"));
        return json!({ "id": hex::encode(id.as_ref()) });
    }
    let bytes = bytes(case, "bytes");
    match kind {
        "cell" => {
            let (_, found) = decoded::<Cell>(&bytes);
            with(found, "sha256", sha256(&[&bytes]).to_string())
        }
        "instruction" => decoded::<Instruction>(&bytes).1,
        "receipt" => decoded::<Receipt>(&bytes).1,
        "transaction" => {
            let (transaction, found) = decoded::<Transaction>(&bytes);
            assert_eq!(Transaction::decode(&bytes).as_ref(), Ok(&transaction));
            with(found, "id", transaction.id(&Hash::new(array(case, "genesis"))).to_string())
        }
        "module" => {
            let (module, found) = decoded::<Module>(&bytes);
            with(found, "hash", module.hash().to_string())
        }
        "message" => {
            let (message, found) = decoded::<InboxMessage>(&bytes);
            let previous = Hash::new(array(case, "previous"));
            with(found, "chain", message.chain(&previous).to_string())
        }
        "header" => header(case, &bytes),
        "genesis" => {
            let (genesis, found) = decoded::<Genesis>(&bytes);
            let found = with(found, "hash", genesis.hash().to_string());
            let found = with(found, "committee_hash", genesis.committee_hash().to_string());
            with(found, "root", genesis.tree().unwrap().root().to_string())
        }
        "chunk" => chunk(&bytes),
        other => panic!("{other}"),
    }
}

fn header(case: &Value, bytes: &[u8]) -> Value {
    let (header, found) = decoded::<BatchHeader>(bytes);
    let member =
        |it: &Value| Address::new(hex::decode(it.as_str().unwrap()).unwrap().try_into().unwrap());
    let members: Vec<_> = case["committee"].as_array().unwrap().iter().map(member).collect();
    let program_id = Address::new(array(case, "program_id"));
    let digest = header.settlement_digest(&program_id, &committee_hash(&members));
    let found = with(found, "hash", header.hash().to_string());
    with(found, "settlement_digest", digest.to_string())
}

fn chunk(bytes: &[u8]) -> Value {
    let segments: Vec<_> = decode_chunk(bytes)
        .unwrap()
        .into_iter()
        .map(|placed| {
            json!({
                "offset": placed.offset,
                "height": placed.height.to_string(),
                "time_ms": placed.time_ms.to_string(),
                "pre_root": placed.pre_root.to_string(),
                "post_root": placed.post_root.to_string(),
                "meaning": format!("{:?}", placed.segment),
            })
        })
        .collect();
    let (hash, (_, after)) = (chunk_hash(bytes), chunk_tips(bytes).unwrap());
    json!({
        "segments": segments,
        "height_after": after.height.to_string(),
        "time_ms_after": after.time_ms.to_string(),
        "hash": hash.to_string(),
        "data_root_of_it_alone": data_root(&[hash]).to_string(),
    })
}

fn key(case: &Value) -> Value {
    let parts: Vec<Vec<u8>> = case["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| hex::decode(part.as_str().unwrap()).unwrap())
        .collect();
    let part = |at: usize| -> [u8; 32] { parts[at].clone().try_into().unwrap() };
    let (owner, curve) = (|at| Address::new(part(at)), |at| CurveId::new(part(at)));
    let key = match text(case, "cell") {
        "chain" => Chain::key(),
        "account" => Account::key(&owner(0)),
        "holding" => Holding::key(&curve(0), &owner(1)),
        "curve" => Curve::key(&curve(0)),
        "module" => Module::key(&Hash::new(part(0))),
        "withdrawal" => Withdrawal::key(u64::from_le_bytes(parts[0].clone().try_into().unwrap())),
        "rules" => Rules::key(),
        "pool" => Pool::key(&curve(0)),
        "stake" => Stake::key(&curve(0), &owner(1)),
        "session" => Session::key(&owner(0), &owner(1)),
        other => panic!("{other}"),
    };
    json!({ "key": key.to_string() })
}
