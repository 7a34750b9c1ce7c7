//! Encodings of every cell, of every instruction in a transaction, and of every form of a segment.

use curvevm::{
    block::{BlockBody, Content},
    cell::{
        Account, Accrued, Cell, Chain, Curve, Holding, Money, Phase, Pool, Rules, Session, Stake,
        Withdrawal,
    },
    inbox::{InboxMessage, MessageKind},
    nonce::NonceWindow,
    program::{Amount, BuyOrder, Claim, Instruction, SellOrder},
    tx::Transaction,
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Shares},
};

use super::{
    super::support::{
        Case, address, chunks,
        modules::{Kind, long},
        orders,
        scene::Scene,
    },
    scene::scene,
    vector::Vector,
};

const ID: CurveId = CurveId::new([0x11; 32]);
const ASSET: AssetId = AssetId::new([0x22; 32]);

fn accrued(from: u64) -> Accrued {
    let money = |at| Money { quote: Quote::new(from + at), base: Base::new(from * 2 + at) };
    Accrued { protocol: money(1), creator: money(2), partner: money(3) }
}

fn curve(phase: Phase, marks: usize) -> Curve {
    Curve {
        version: 0,
        module: Hash::new([0x33; 32]),
        quote_asset: ASSET,
        creator: address(1),
        name: "ä€𝄞 name".to_owned(),
        symbol: "SYM".to_owned(),
        launched_ms: 1_700_000_000_123,
        sold: Base::new(0x0102_0304_0506_0708),
        reserve: Quote::new(u64::MAX),
        sqrt_price: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
        marks: (0..marks).map(|at| Base::new(u64::try_from(at).unwrap())).collect(),
        fees: accrued(100),
        phase,
    }
}

fn pool() -> Pool {
    Pool {
        version: 0,
        quote: Quote::new(1),
        base: Base::new(2),
        shares: Shares::new(3),
        term_locked: Shares::new(4),
        migrated_ms: 5,
        burnt: Base::new(6),
        vested: Base::new(7),
        fees: accrued(8),
    }
}

fn cells() -> Vec<(String, Cell)> {
    let mut nonces = NonceWindow::default();
    [0, 1, 5, 64, 200, 300].into_iter().for_each(|nonce| nonces.take(nonce).unwrap());
    let balances = |count: u8| {
        (1..=count).map(|at| (AssetId::new([at; 32]), Quote::new(u64::from(at)))).collect()
    };
    let chain = Chain {
        version: 0,
        height: 1,
        time_ms: 2,
        inbox_cursor: 3,
        inbox_hash: Hash::new([4; 32]),
        withdrawals: 5,
    };
    let withdrawal = Withdrawal {
        version: 0,
        index: 9,
        amount: Amount::Quote(ASSET, Quote::new(10)),
        recipient: address(2),
    };
    let tokens = Withdrawal { amount: Amount::Base(ID, Base::new(11)), ..withdrawal };
    let session = Session {
        version: 0,
        expires_ms: 11,
        asset: ASSET,
        limit: Quote::new(12),
        spent: Quote::new(13),
    };
    let rules =
        Rules { version: 0, treasury: address(90), quote_assets: vec![ASSET, AssetId::SOL] };
    let mut cells = vec![
        ("a chain".to_owned(), Cell::Chain(chain)),
        ("an account".into(), Cell::Account(Account { version: 0, nonces, balances: balances(8) })),
        ("an empty account".into(), Cell::Account(Account::default())),
        ("a holding".into(), Cell::Holding(Holding { version: 0, amount: Base::MAX })),
        ("a curve".into(), Cell::Curve(curve(Phase::Trading, 0))),
        ("a complete curve".into(), Cell::Curve(curve(Phase::Complete, 63))),
        ("a migrated curve".into(), Cell::Curve(curve(Phase::Migrated, 0))),
        ("a withdrawal".into(), Cell::Withdrawal(withdrawal)),
        ("a withdrawal of tokens".into(), Cell::Withdrawal(tokens)),
        ("rules".into(), Cell::Rules(rules)),
        ("a pool".into(), Cell::Pool(pool())),
        ("a stake".into(), Cell::Stake(Stake { version: 0, shares: Shares::new(14) })),
        ("a session".into(), Cell::Session(session)),
    ];
    for (name, make) in curvevm::templates::ALL {
        cells.push((format!("the module {name}"), Cell::Module(make().into())));
    }
    for kind in Kind::ALL {
        cells.push((format!("a module of 64, {kind:?}"), Cell::Module(long(kind, 64, 8).into())));
    }
    cells
}

/// A cell that a block's begin finds beside the chain's.
fn of_cell((name, cell): &(String, Cell)) -> Vector {
    let scene = scene();
    let mut tree = scene.tree.clone();
    let key = Key::new([0x44; 32]);
    tree.put(key, cell.clone()).unwrap();
    let (chunk, placed) = chunks(&tree, &scene.chain_id, &scene.next(1, vec![], vec![])).remove(0);
    let mut case = Case::new(&mut tree, &scene.chain_id, (&chunk, placed.offset));
    case.witness = tree.witness(&[Chain::key(), key]).unwrap();
    assert!(case.native().is_ok(), "{name}");
    Vector::new(name, &case).of("cell", &cell.encode())
}

fn instructions() -> Vec<Instruction> {
    let (quote, base) = (Quote::new(300), Base::new(0x0102_0304_0506_0708));
    let referrer = Some(address(2));
    let buys = [
        BuyOrder::ExactIn { quote, base_min: base },
        BuyOrder::ExactOut { base, quote_max: quote },
    ];
    let sells = [
        SellOrder::ExactIn { base, quote_min: quote },
        SellOrder::ExactOut { quote, base_max: base },
    ];
    let mut instructions = vec![];
    for referrer in [None, referrer] {
        instructions.extend(buys.map(|order| Instruction::Buy { curve: ID, order, referrer }));
        instructions.extend(sells.map(|order| Instruction::Sell { curve: ID, order, referrer }));
    }
    for first_buy in [None, Some(buys[0]), Some(buys[1])] {
        instructions.push(orders::launch(Hash::new([0x33; 32]), u64::MAX, first_buy));
    }
    let claims = [
        Claim::CreatorFees,
        Claim::PartnerFees,
        Claim::ProtocolFees,
        Claim::Vested,
        Claim::Liquidity,
    ];
    instructions.extend(claims.map(|what| orders::claim(ID, what)));
    instructions.extend([
        orders::add(ID, 5),
        orders::remove(ID, 5),
        orders::migrate(ID),
        Instruction::Transfer { to: address(2), amount: Amount::Quote(ASSET, quote) },
        Instruction::Transfer { to: address(2), amount: Amount::Base(ID, base) },
        orders::withdraw_of(ASSET, 127),
        orders::withdraw_of(ASSET, 128),
        orders::withdraw_tokens(ID, 128),
        orders::authorize(Address::new([0x55; 32]), 16_383, 16_384),
        orders::revoke(Address::new([0x55; 32])),
    ]);
    let modules = curvevm::templates::ALL.iter().map(|(_, make)| make());
    let modules = modules.chain(Kind::ALL.map(|kind| long(kind, 2, 2)));
    instructions.extend(modules.map(Instruction::PublishModule));
    instructions
}

fn of_transaction(scene: &Scene, name: String, transaction: Transaction) -> Vector {
    let mut scene = scene.clone();
    let encoded = transaction.encode();
    let case = scene.run(&scene.next(1, vec![], vec![transaction])).remove(0);
    assert!(case.native().is_ok(), "{name}");
    Vector::new(name, &case).of("transaction", &encoded)
}

fn transactions() -> Vec<Vector> {
    let scene = scene();
    let mut vectors = vec![];
    for (at, instruction) in instructions().into_iter().enumerate() {
        let encoded = borsh::to_vec(&instruction).unwrap();
        let transaction = scene.sign((1, None), 0, vec![instruction]);
        let name = format!("instruction {at}, opcode {}", encoded[0]);
        vectors.push(of_transaction(&scene, name, transaction));
    }
    for (name, nonce, expires_at) in [
        ("expires at this height", 0, 1),
        ("expires one later", 1, 2),
        ("expires far away", 127, u64::MAX - 1),
        ("a nonce of two bytes", 128, u64::MAX),
        ("the highest nonce", 511, 1 << 40),
    ] {
        let mut body = scene.sign((1, None), nonce, vec![orders::migrate(ID)]).body;
        body.expires_at = expires_at;
        let digest = body.digest(&scene.chain_id);
        let signature = super::super::support::signing_key(1).sign(digest.as_bytes()).to_bytes();
        let signature = curvevm::types::Signature::new(signature);
        let transaction = Transaction { body, signature };
        vectors.push(of_transaction(&scene, name.to_owned(), transaction));
    }
    vectors
}

fn segments() -> Vec<Vector> {
    let scene = scene();
    let message = |index: u64, amount: u64| InboxMessage {
        index,
        slot: 1 << 40,
        kind: MessageKind::Deposit {
            asset: AssetId::SOL,
            amount: Quote::new(amount),
            recipient: address(u8::try_from(40 + index).unwrap()),
        },
    };
    let messages: Vec<InboxMessage> = (0..10).map(|index| message(index, 1 << index)).collect();
    let pay = |nonce| scene.sign((1, None), nonce, vec![orders::pay(address(2), AssetId::SOL, 1)]);
    let body: BlockBody = scene.next(3, messages, (0..9).map(pay).collect());
    let cases = scene.clone().run(&body);
    let segments = chunks(&scene.tree, &scene.chain_id, &body);
    assert_eq!(cases.len(), segments.len());
    (0..)
        .zip(cases.iter().zip(segments))
        .map(|(at, (case, (_, placed)))| {
            assert!(case.native().is_ok());
            let form = match &placed.segment.content {
                Content::Nothing => "nothing",
                Content::Messages(_) => "messages",
                Content::Transactions(_) => "transactions",
            };
            let encoded = borsh::to_vec(&placed.segment).unwrap();
            Vector::new(format!("segment {at}: {form}"), case).of("segment", &encoded)
        })
        .collect()
}

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = cells().iter().map(of_cell).collect();
    vectors.extend(transactions());
    vectors.extend(segments());
    vectors
}
