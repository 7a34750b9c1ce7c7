//! The meter: no transaction costs more on Solana than [`curvevm::meter`] says, measured over adversarial states.
//!
//! Modules have 64 pieces and trades cross all of them, accounts hold every asset, names are as long as they may be, and the paths
//! of all cells that are touched are shallow, as deep as in a large state, or deepened by who searches keys.
#![expect(clippy::print_stderr, reason = "METER_REPORT=1 asks for every measurement")]

use std::fmt::Write as _;

use asset_rollup_interface::instruction::REPLAY_HEAP_BYTES;
use curvevm::{
    block::{Begin, BlockBody, Content, Segment, chain},
    cell::{Cell, Chain, Session, Stake},
    codec::CHUNK_BYTES_MAX,
    error::Error,
    execute::{Context, Received, apply, receive},
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    meter::{self, Meter},
    module::{FeeSchedule, Fees, Graduation, Module},
    nonce::NonceWindow,
    program::{Amount, BuyOrder, Claim, Instruction, Launch, Program},
    receipt::Outcome,
    tx::Transaction,
    types::{Address, AssetId, Base, CurveId, Key, Quote, Shares},
};

use super::support::{
    Build, Case, Replayer, address, chunks, chunks_of, genesis,
    modules::{self, Kind, long},
    orders::{self, buy_in, buy_out, referred, sell_in, sell_out},
    scene::{BALANCE, Scene, TREASURY, assets},
    touched,
};

/// What replaying a worst segment may cost.
const REPLAY_MAX: u64 = 1_200_000;
/// A bound is a tenth above what is measured.
const MARGIN: (u64, u64) = (11, 10);
/// How deep paths are: those of a small state, of a million cells, and of 2^40 tries to find keys that share their first bits.
pub(super) const DEPTHS: [usize; 3] = [8, 20, 80];
/// The depth for what is in the table.
const DEPTH: usize = 20;

/// One transaction or one message over a state.
pub(super) struct Item {
    name: String,
    scene: Scene,
    what: What,
    /// Whether it succeeds.
    succeeds: bool,
}

/// What is executed.
enum What {
    Transaction { signer: (u8, Option<u8>), program: Program },
    Message(MessageKind),
}

/// What an item costs.
pub(super) struct Cost {
    pub(super) name: String,
    pub(super) units: u64,
    pub(super) bound: u64,
}

fn item(name: impl Into<String>, scene: &Scene, program: Program) -> Item {
    by((1, None), name, scene, program)
}

fn by(signer: (u8, Option<u8>), name: impl Into<String>, scene: &Scene, program: Program) -> Item {
    let what = What::Transaction { signer, program };
    Item { name: name.into(), scene: scene.clone(), what, succeeds: true }
}

fn message(name: impl Into<String>, scene: &Scene, kind: MessageKind) -> Item {
    Item { name: name.into(), scene: scene.clone(), what: What::Message(kind), succeeds: true }
}

/// What does not succeed.
fn failing(item: Item) -> Item {
    Item { succeeds: false, ..item }
}

/// A transaction of user 1 with a nonce that moves the window, or of another user with the lowest that is free.
fn signed(scene: &Scene, signer: (u8, Option<u8>), program: Program) -> Transaction {
    let key = curvevm::cell::Account::key(&address(signer.0));
    let Some(Cell::Account(account)) = scene.tree.get(&key).unwrap() else { panic!() };
    let nonce = account.nonces.base() + if signer.0 == 1 { 300 } else { 0 };
    scene.sign(signer, nonce, program)
}

/// A transaction that is forced in.
fn forced(name: impl Into<String>, scene: &Scene, program: Program) -> Item {
    let bytes = signed(scene, (1, None), program).encode();
    assert!(bytes.len() <= FORCED_BYTES_MAX, "{}", bytes.len());
    message(name, scene, MessageKind::Transaction { bytes })
}

/// A chain of users 0 to 2, who hold every asset; user 1's nonces are as scattered as they can be.
fn scene() -> Scene {
    let mut scene = Scene::new(&genesis());
    for user in [0, 1, 2, TREASURY, 91] {
        scene.fund(&address(user));
    }
    let mut nonces = NonceWindow::default();
    (0..256).filter(|nonce| nonce % 2 == 1).for_each(|nonce| nonces.take(nonce).unwrap());
    let key = curvevm::cell::Account::key(&address(1));
    let Some(Cell::Account(account)) = scene.tree.get(&key).unwrap().cloned() else { panic!() };
    scene.put(key, Cell::Account(curvevm::cell::Account { nonces, ..account }));
    let session = Session {
        version: 0,
        expires_ms: u64::MAX,
        asset: AssetId::SOL,
        limit: Quote::MAX,
        spent: Quote::ZERO,
    };
    scene.put(Session::key(&address(1), &address(3)), Cell::Session(session));
    scene
}

/// Executes a program that succeeds.
fn succeed(scene: &mut Scene, user: u8, program: Program) {
    let key = curvevm::cell::Account::key(&address(user));
    let Some(Cell::Account(account)) = scene.tree.get(&key).unwrap() else { panic!() };
    let nonce = account.nonces.next();
    let transaction = scene.sign((user, None), nonce, program);
    let body = scene.next(1, vec![], vec![transaction]);
    let mut tree = scene.tree.clone();
    let output = curvevm::block::execute_block(
        &mut tree,
        &scene.chain_id,
        curvevm::codec::CHUNK_BYTES_MAX,
        &body,
    );
    let outcome = output.unwrap().receipts.remove(0).outcome;
    assert!(matches!(outcome, Outcome::Succeeded(_)), "{outcome:?}");
    scene.run(&body);
}

fn curve_of(scene: &Scene, id: &CurveId) -> curvevm::cell::Curve {
    match scene.tree.get(&curvevm::cell::Curve::key(id)).unwrap() {
        Some(Cell::Curve(curve)) => curve.clone(),
        other => panic!("{other:?}"),
    }
}

/// The modules whose curves are traded on.
fn traded() -> Vec<(String, Module)> {
    let mut modules = vec![];
    for kind in Kind::ALL {
        let module = long(kind, 64, 8);
        let mut scene = scene();
        let id = scene.launch(&module, 1);
        succeed(&mut scene, 1, vec![buy_in(id, BALANCE / 2)]);
        let raised = curve_of(&scene, &id).reserve;
        let target = Graduation::Raised(Quote::new(raised.get() / 64 * 63));
        modules.push((format!("64 {kind:?}"), Module { graduation: target, ..module.clone() }));
        if kind == Kind::Product {
            let limiter = FeeSchedule::SizeLimiter {
                reference: Quote::new(1_000_003),
                increment: 1_000_003,
                duration_secs: u32::MAX,
            };
            let fees = Fees { rest: module.fees.rest, ..modules::fees(limiter) };
            modules.push((format!("64 {kind:?}, size limiter"), Module { fees, ..module }));
        }
    }
    modules.push(("pump.fun".into(), curvevm::templates::pump_fun()));
    modules
}

fn trades() -> Vec<Item> {
    let mut items = vec![];
    for (name, module) in traded() {
        let mut scene = scene();
        let id = scene.launch(&module, 1);
        let whole = module.sale_end().get();
        let all = referred(buy_in(id, BALANCE / 2));
        items.push(item(format!("BUY exact in, {name}"), &scene, vec![all.clone()]));
        for count in [2, 3] {
            let there = referred(buy_out(id, whole / 20 * 19));
            let back = referred(sell_in(id, whole / 20 * 18));
            let program = [there, back].into_iter().cycle().take(count).collect();
            items.push(item(format!("{count} trades, {name}"), &scene, program));
        }
        let out = referred(buy_out(id, whole));
        items.push(item(format!("BUY exact out, {name}"), &scene, vec![out]));
        items.push(forced(format!("forced BUY exact in, {name}"), &scene, vec![all.clone()]));
        let by_session = format!("BUY by a session key, {name}");
        items.push(by((1, Some(3)), by_session, &scene, vec![all]));
        succeed(&mut scene, 1, vec![buy_in(id, BALANCE / 2)]);
        let curve = curve_of(&scene, &id);
        let sold = curve.sold.get();
        items.push(item(
            format!("SELL exact in, {name}"),
            &scene,
            vec![referred(sell_in(id, sold))],
        ));
        let most = curve.reserve.get() / 100 * 90;
        items.push(item(
            format!("SELL exact out, {name}"),
            &scene,
            vec![referred(sell_out(id, most))],
        ));
    }
    items
}

/// A curve of a module, bought whole, and migrated.
fn migrated(module: &Module) -> (Scene, CurveId) {
    let mut scene = scene();
    let id = scene.launch(module, 1);
    succeed(&mut scene, 1, vec![buy_in(id, BALANCE / 2)]);
    succeed(&mut scene, 1, vec![Instruction::MigrateToAmm { curve: id }]);
    scene.run(&scene.next(10, vec![], vec![]));
    (scene, id)
}

fn pools() -> Vec<Item> {
    let mut items = vec![];
    for kind in Kind::ALL {
        let mut scene = scene();
        let module = long(kind, 64, 8);
        let id = scene.launch(&module, 1);
        succeed(&mut scene, 1, vec![buy_in(id, BALANCE / 2)]);
        let migrate = vec![Instruction::MigrateToAmm { curve: id }];
        items.push(item(format!("MIGRATE_TO_AMM, 64 {kind:?}"), &scene, migrate));
    }
    for (name, module) in [
        ("64 Product, 8 tiers", long(Kind::Product, 64, 8)),
        ("32 tiers", long(Kind::Fixed, 40, 32)),
    ] {
        let (mut scene, id) = migrated(&module);
        let (quote, base) = (10_000_000_007, 1_000_000_000_000_007);
        items.push(item(
            format!("BUY exact in on a pool, {name}"),
            &scene,
            vec![referred(buy_in(id, quote))],
        ));
        items.push(item(
            format!("BUY exact out on a pool, {name}"),
            &scene,
            vec![referred(buy_out(id, base / 10))],
        ));
        items.push(item(
            format!("SELL exact in on a pool, {name}"),
            &scene,
            vec![referred(sell_in(id, base / 10))],
        ));
        items.push(item(
            format!("SELL exact out on a pool, {name}"),
            &scene,
            vec![referred(sell_out(id, quote / 10))],
        ));
        let add = Instruction::AddLiquidity {
            curve: id,
            quote: Quote::new(quote),
            base_max: Base::MAX,
            shares_min: Shares::ZERO,
        };
        items.push(item(format!("ADD_LIQUIDITY, {name}"), &scene, vec![add]));
        let stake = Stake { version: 0, shares: Shares::new(1_000_003) };
        scene.put(Stake::key(&id, &address(1)), Cell::Stake(stake));
        let remove = Instruction::RemoveLiquidity {
            curve: id,
            shares: Shares::new(1_000_003),
            quote_min: Quote::ZERO,
            base_min: Base::ZERO,
        };
        items.push(item(format!("REMOVE_LIQUIDITY, {name}"), &scene, vec![remove]));
        items.extend(claims(&scene, id, name));
    }
    items
}

fn claims(scene: &Scene, curve: CurveId, name: &str) -> Vec<Item> {
    let claim = |user, what: Claim| {
        let program = vec![Instruction::Claim { curve, what }];
        by((user, None), format!("CLAIM {what:?}, {name}"), scene, program)
    };
    vec![
        claim(0, Claim::CreatorFees),
        claim(91, Claim::PartnerFees),
        claim(TREASURY, Claim::ProtocolFees),
        claim(0, Claim::Vested),
        claim(0, Claim::Liquidity),
    ]
}

/// A launch with the longest names, in the last asset.
fn launch_of(module: &Module, first_buy: Option<BuyOrder>) -> Instruction {
    let Instruction::Launch(launch) = orders::launch(module.hash(), 77, first_buy) else {
        panic!()
    };
    Instruction::Launch(Launch { quote_asset: assets()[7], ..launch })
}

fn others() -> Vec<Item> {
    let mut scene = scene();
    let product = long(Kind::Product, 64, 8);
    let id = scene.launch(&product, 1);
    scene.give(&address(1), &id, 1_000);
    let stranger = Address::new([123; 32]);
    let pay = |to, amount| Instruction::Transfer { to, amount };
    let sol = Amount::Quote(AssetId::SOL, Quote::new(5));
    let mut items = vec![
        item("TRANSFER of quote", &scene, vec![pay(address(2), sol)]),
        item("TRANSFER of quote to nobody yet", &scene, vec![pay(stranger, sol)]),
        item("TRANSFER of tokens", &scene, vec![pay(stranger, Amount::Base(id, Base::new(5)))]),
        item("WITHDRAW of quote", &scene, vec![orders::withdraw_of(AssetId::SOL, 5)]),
        item("WITHDRAW of tokens", &scene, vec![orders::withdraw_tokens(id, 5)]),
        item(
            "AUTHORIZE",
            &scene,
            vec![Instruction::Authorize {
                session: stranger,
                expires_ms: u64::MAX,
                asset: AssetId::SOL,
                limit: Quote::MAX,
            }],
        ),
        item("REVOKE", &scene, vec![Instruction::Revoke { session: address(3) }]),
    ];
    items.insert(0, failing(item("nothing", &scene, vec![pay(address(1), sol)])));
    for kind in Kind::ALL {
        let mut scene = self::scene();
        let publish = Instruction::PublishModule(long(kind, 64, 8));
        items.push(item(format!("PUBLISH_MODULE, 64 {kind:?}"), &scene, vec![publish]));
        let raised = Module {
            graduation: Graduation::Raised(Quote::new(5_000_000_003)),
            ..long(kind, 64, 8)
        };
        let publish = Instruction::PublishModule(raised);
        items.push(item(format!("PUBLISH_MODULE, 64 {kind:?}, target"), &scene, vec![publish]));
        let module = long(kind, 64, 8);
        scene.publish(&module);
        let order = BuyOrder::ExactIn { quote: Quote::new(BALANCE / 2), base_min: Base::ZERO };
        let launch = vec![launch_of(&module, Some(order))];
        items.push(item(format!("LAUNCH with a first buy, 64 {kind:?}"), &scene, launch));
        items.push(item(format!("LAUNCH, 64 {kind:?}"), &scene, vec![launch_of(&module, None)]));
    }
    items
}

/// Deposits, and what is forced in.
fn messages() -> Vec<Item> {
    let mut scene = scene();
    let product = long(Kind::Product, 64, 8);
    let id = scene.launch(&product, 1);
    // A curve with as many marks as it may have.
    succeed(&mut scene, 1, vec![buy_in(id, BALANCE / 2)]);
    let (known, stranger) = (address(2), Address::new([123; 32]));
    let quote = |asset, recipient| MessageKind::Deposit { asset, amount: Quote::new(5), recipient };
    let base =
        |curve, recipient| MessageKind::DepositBase { curve, amount: Base::new(5), recipient };
    let nothing = CurveId::new([9; 32]);
    let mut items = vec![
        message("a deposit of quote", &scene, quote(assets()[7], known)),
        message("a deposit of quote to nobody yet", &scene, quote(AssetId::SOL, stranger)),
        failing(message("a deposit of a ninth asset", &scene, quote(AssetId::new([1; 32]), known))),
        message("a deposit of tokens", &scene, base(id, known)),
        message("a deposit of tokens to nobody yet", &scene, base(id, stranger)),
        failing(message("a deposit of tokens of no curve", &scene, base(nothing, stranger))),
    ];
    let pay = |at: u8| orders::pay(Address::new([at; 32]), AssetId::SOL, 5);
    let withdraw = || vec![orders::withdraw_of(AssetId::SOL, 5); 7];
    let publish = |pieces| vec![Instruction::PublishModule(long(Kind::Fixed, pieces, 1))];
    items.extend([
        failing(forced("forced, nothing", &scene, vec![orders::pay(address(1), AssetId::SOL, 5)])),
        forced("forced TRANSFER of quote to nobody yet", &scene, vec![pay(100)]),
        forced("forced, seven TRANSFERs to nobody yet", &scene, (100..107).map(pay).collect()),
        forced("forced, seven WITHDRAWs", &scene, withdraw()),
        forced("forced WITHDRAW of tokens", &scene, vec![orders::withdraw_tokens(id, 5)]),
        forced("forced, eight REVOKEs", &scene, {
            let mut program = vec![];
            for key in [3, 4, 5, 6] {
                program.push(orders::authorize(address(key), u64::MAX, 5));
                program.push(orders::revoke(address(key)));
            }
            program
        }),
        forced("forced LAUNCH", &scene, vec![launch_of(&product, None)]),
        forced("forced PUBLISH_MODULE", &scene, publish(12)),
    ]);
    let transfers = signed(&scene, (1, None), (100..107).map(pay).collect()).encode();
    let mut bad = transfers.clone();
    *bad.last_mut().unwrap() ^= 1;
    let mut cut = transfers;
    cut.pop();
    for (name, bytes) in [
        ("forced, a signature that does not verify", bad),
        ("forced, cut short", cut),
        ("forced, the longest that is none", vec![1; FORCED_BYTES_MAX]),
        ("forced, too long", vec![1; 3_600]),
        ("forced, of no bytes", vec![]),
    ] {
        items.push(failing(message(name, &scene, MessageKind::Transaction { bytes })));
    }
    items
}

/// Every item.
pub(super) fn items() -> Vec<Item> {
    let mut items = others();
    items.extend(messages());
    items.extend(trades());
    items.extend(pools());
    items
}

impl Item {
    /// The block that holds it.
    fn body(&self, scene: &Scene) -> BlockBody {
        match &self.what {
            What::Transaction { signer, program } => {
                scene.next(1, vec![], vec![signed(scene, *signer, program.clone())])
            }
            What::Message(kind) => {
                let index = chain(&scene.tree).unwrap().inbox_cursor;
                scene.next(1, vec![InboxMessage { index, slot: 5, kind: kind.clone() }], vec![])
            }
        }
    }

    /// The case of the item on paths of `depth` branches, and the meter's bound.
    fn case(&self, depth: usize) -> (Case, u64) {
        let mut scene = self.scene.clone();
        let body = self.body(&scene);
        let (height, time_ms) = (body.height, body.time_ms);
        let content = if body.messages.is_empty() {
            Content::Transactions(body.transactions.clone())
        } else {
            Content::Messages(body.messages.clone())
        };
        let segment = Segment { begins: vec![Begin { height, time_ms }], content };
        let keys: Vec<Key> = touched(&scene.tree, &scene.chain_id, &segment);
        scene.deepen(&keys, depth);
        let mut meter = Meter::new();
        let mut tree = scene.tree.clone();
        let context = Context { genesis: scene.chain_id, height, time_ms };
        let receipt = match (&body.messages[..], &body.transactions[..]) {
            ([message], []) => {
                let hash = message.chain(&chain(&tree).unwrap().inbox_hash);
                receive(&Received { message, hash }, &context, &mut tree, &mut meter).unwrap()
            }
            ([], [transaction]) => {
                apply(transaction, CHUNK_BYTES_MAX, &context, &mut tree, &mut meter).unwrap()
            }
            other => panic!("{other:?}"),
        };
        let outcome = receipt.outcome;
        let succeeded = matches!(outcome, Outcome::Succeeded(_));
        let too_dear = matches!(outcome, Outcome::Failed { error: Error::TooExpensive, .. });
        assert!(succeeded == self.succeeds || too_dear, "{}: {outcome:?}", self.name);
        let bound = meter.units() + meter::SEGMENT_CU;
        let (chunk, placed) = chunks(&scene.tree, &scene.chain_id, &body).remove(0);
        assert_eq!(placed.segment, segment);
        let at = (&chunk[..], placed.offset);
        (Case::new(&mut scene.tree, &scene.chain_id, at), u64::from(bound))
    }
}

/// Measures every item on a build.
pub(super) fn measure(build: Build, depth: usize) -> Vec<Cost> {
    let mut replayer = Replayer::new(build);
    let mut costs = vec![];
    for item in items() {
        let (case, bound) = item.case(depth);
        let (answer, units) = replayer.replay(&case);
        assert_eq!(answer, case.native(), "{}", item.name);
        assert!(answer.is_ok(), "{}: {answer:?}", item.name);
        costs.push(Cost { name: item.name, units, bound });
    }
    costs
}

/// The table of both builds.
pub(super) fn render() -> String {
    let (v0, v3) = (measure(Build::V0, DEPTH), measure(Build::V3, DEPTH));
    let mut text = String::from(
        "\n## Replay\n\n\
         One transaction or message in a segment of its own, in which its block begins, on paths of 20 branches, replayed by `replay_segment`. The bound is the \
         meter's, with what a segment costs besides.\n\n\
         | transaction or message | v0 | v3 | bound |\n|---|--:|--:|--:|\n",
    );
    for (v0, v3) in v0.iter().zip(&v3) {
        writeln!(text, "| {} | {} | {} | {} |", v0.name, v0.units, v3.units, v0.bound).unwrap();
    }
    text
}

/// A block of as many transactions as there are users, each on a curve and a module of its own, in a deep state: the cases of its
/// segments. `prepare` sets a curve up, `program` is what each user does.
fn crowd(
    module: &Module,
    depth: usize,
    prepare: impl Fn(&mut Scene, CurveId, u8),
    program: impl Fn(CurveId, &Module) -> Program,
) -> Vec<Case> {
    let mut scene = scene();
    let users: Vec<u8> = (10..18).collect();
    let mut programs = vec![];
    for user in &users {
        scene.fund(&address(*user));
        let mut module = module.clone();
        // Not more than eighteen decimals.
        module.decimals = user - 9;
        let id = scene.launch(&module, u64::from(*user));
        prepare(&mut scene, id, *user);
        programs.push(program(id, &module));
    }
    let sign = |(user, program): (&u8, &Program)| {
        let key = curvevm::cell::Account::key(&address(*user));
        let Some(Cell::Account(account)) = scene.tree.get(&key).unwrap() else { panic!() };
        scene.sign((*user, None), account.nonces.next(), program.clone())
    };
    let transactions = users.iter().zip(&programs).map(sign).collect();
    let body = scene.next(1, vec![], transactions);
    let begins = vec![Begin { height: body.height, time_ms: body.time_ms }];
    let segment = Segment { begins, content: Content::Transactions(body.transactions.clone()) };
    let keys = touched(&scene.tree, &scene.chain_id, &segment);
    scene.deepen(&keys, depth);
    let cases = scene.run(&body);
    for case in &cases {
        assert!(case.native().is_ok());
    }
    cases
}

/// A dear block: its name and the cases of its segments.
pub(super) type Crowd = (String, Vec<Case>);

/// Blocks of dear transactions, on paths of `depth` branches.
pub(super) fn worst(depth: usize) -> Vec<Crowd> {
    let mut worst = vec![
        beginnings(depth),
        deposits(depth),
        token_deposits(depth),
        forced_payments(depth),
        forced_trades(depth),
        payments(depth),
    ];
    worst.extend(Kind::ALL.into_iter().flat_map(|kind| of_kind(kind, depth)));
    let many = long(Kind::Product, 64, 8);
    for count in [2, 4, 8] {
        let part = many.sale_end().get() / 8;
        let buys = |id, _: &Module| vec![buy_out(id, part); count];
        worst.push((format!("{count} times BUY"), crowd(&many, depth, nothing, buys)));
    }
    worst
}

fn nothing(_: &mut Scene, _: CurveId, _: u8) {}

fn bought(scene: &mut Scene, id: CurveId, user: u8) {
    succeed(scene, user, vec![buy_in(id, BALANCE / 2)]);
}

fn pooled(scene: &mut Scene, id: CurveId, user: u8) {
    bought(scene, id, user);
    succeed(scene, user, vec![orders::migrate(id)]);
}

fn of_kind(kind: Kind, depth: usize) -> Vec<Crowd> {
    let module = long(kind, 64, 8);
    let buy = |id, _: &Module| vec![referred(buy_in(id, BALANCE / 2))];
    let sell = |id, module: &Module| vec![referred(sell_in(id, module.sale_end().get() / 20 * 19))];
    let migrate = |id, _: &Module| vec![orders::migrate(id)];
    let trade = |id, _: &Module| vec![referred(buy_in(id, 1_000_003)), sell_in(id, 1_000_003)];
    let order = BuyOrder::ExactIn { quote: Quote::new(BALANCE / 2), base_min: Base::ZERO };
    let launch = |_, module: &Module| vec![launch_of(module, Some(order))];
    let publish = |_, module: &Module| {
        let decimals = module.decimals + 9;
        vec![Instruction::PublishModule(Module { decimals, ..module.clone() })]
    };
    let name = |what: &str| format!("{what}, {kind:?}");
    vec![
        (name("BUY"), crowd(&module, depth, nothing, buy)),
        (name("SELL"), crowd(&module, depth, bought, sell)),
        (name("MIGRATE_TO_AMM"), crowd(&module, depth, bought, migrate)),
        (name("on pools"), crowd(&module, depth, pooled, trade)),
        (name("LAUNCH"), crowd(&module, depth, nothing, launch)),
        (name("PUBLISH_MODULE"), crowd(&module, depth, nothing, publish)),
    ]
}

/// As many payments to nobody yet as a transaction and a segment take.
fn payments(depth: usize) -> Crowd {
    let program = |id: CurveId, _: &Module| {
        let to = |at: u8| {
            Address::new(
                [id.to_bytes()[0], id.to_bytes()[1], at].repeat(11)[..32].try_into().unwrap(),
            )
        };
        (0..8).map(|at| orders::pay(to(at), AssetId::SOL, 5)).collect()
    };
    (
        "TRANSFER to nobody yet".into(),
        crowd(&curvevm::templates::pump_fun(), depth, nothing, program),
    )
}

/// Deposits to accounts that are not there yet.
fn deposits(depth: usize) -> Crowd {
    let mut scene = scene();
    let recipient = |index: u64| Address::new([100 + index as u8; 32]);
    let message = |index| InboxMessage {
        index,
        slot: 5,
        kind: MessageKind::Deposit {
            asset: AssetId::SOL,
            amount: Quote::new(5),
            recipient: recipient(index),
        },
    };
    let mut keys: Vec<Key> =
        (0..8).map(|index| curvevm::cell::Account::key(&recipient(index))).collect();
    keys.push(Chain::key());
    scene.deepen(&keys, depth);
    let body = scene.next(1, (0..8).map(message).collect(), vec![]);
    ("deposits".into(), scene.run(&body))
}

/// The cases of a block of messages on paths of `depth` branches.
fn posted(mut scene: Scene, kinds: Vec<MessageKind>, depth: usize) -> Vec<Case> {
    let numbered = (0..).zip(kinds);
    let messages = numbered.map(|(index, kind)| InboxMessage { index, slot: 5, kind }).collect();
    let body = scene.next(1, messages, vec![]);
    let begins = vec![Begin { height: body.height, time_ms: body.time_ms }];
    let segment = Segment { begins, content: Content::Messages(body.messages.clone()) };
    let keys = touched(&scene.tree, &scene.chain_id, &segment);
    scene.deepen(&keys, depth);
    let cases = scene.run(&body);
    assert!(cases.iter().all(|case| case.native().is_ok()));
    cases
}

/// Tokens of eight curves to accounts that are not there yet.
fn token_deposits(depth: usize) -> Crowd {
    let mut scene = scene();
    let module = long(Kind::Product, 64, 8);
    let kinds = (0..8).map(|at| {
        let curve = scene.launch(&module, u64::from(at));
        let recipient = Address::new([100 + at; 32]);
        MessageKind::DepositBase { curve, amount: Base::new(5), recipient }
    });
    let kinds = kinds.collect();
    ("deposits of tokens".into(), posted(scene, kinds, depth))
}

/// Eight users force in as many payments to nobody yet as a message takes.
fn forced_payments(depth: usize) -> Crowd {
    let mut scene = scene();
    let kinds = (10..18).map(|user| {
        scene.fund(&address(user));
        let to = |at: u8| {
            let mut bytes = [user; 32];
            bytes[0] = at;
            Address::new(bytes)
        };
        let program = (0..7).map(|at| orders::pay(to(at), AssetId::SOL, 5)).collect();
        MessageKind::Transaction { bytes: signed(&scene, (user, None), program).encode() }
    });
    let kinds = kinds.collect();
    ("forced TRANSFER to nobody yet".into(), posted(scene, kinds, depth))
}

/// Eight users force in purchases on curves of their own.
fn forced_trades(depth: usize) -> Crowd {
    let mut scene = scene();
    let module = long(Kind::Product, 64, 8);
    let kinds = (10..18).map(|user| {
        scene.fund(&address(user));
        let id = scene.launch(&Module { decimals: user - 9, ..module.clone() }, u64::from(user));
        let program = vec![referred(buy_in(id, BALANCE / 2))];
        MessageKind::Transaction { bytes: signed(&scene, (user, None), program).encode() }
    });
    let kinds = kinds.collect();
    ("forced BUY".into(), posted(scene, kinds, depth))
}

/// As many blocks as begin in a segment.
fn beginnings(depth: usize) -> Crowd {
    let mut scene = scene();
    scene.deepen(&[Chain::key()], depth);
    let bodies: Vec<_> = (0..8)
        .map(|at| {
            let body = scene.next(1 + at, vec![], vec![]);
            BlockBody { height: body.height + at, ..body }
        })
        .collect();
    let (chunk, placed) = chunks_of(&scene.tree, &scene.chain_id, &bodies).remove(0);
    assert_eq!(placed.segment.begins.len(), 8);
    let case = Case::new(&mut scene.tree, &scene.chain_id, (&chunk, placed.offset));
    ("beginnings".into(), vec![case])
}

on_each_build! {
    fn no_transaction_passes_its_bound(build: Build) {
        let (up, of) = MARGIN;
        let mut passed = vec![];
        for depth in DEPTHS {
            for Cost { name, units, bound } in measure(build, depth) {
                if std::env::var_os("METER_REPORT").is_some() {
                    eprintln!("{depth:3} {units:8} {bound:8} {:5.2} {name}", bound as f64 / units as f64);
                }
                if units * up / of > bound {
                    passed.push(format!("{name} at {depth}: {units} of {bound}"));
                }
            }
        }
        assert!(passed.is_empty(), "less than a tenth of room: {passed:#?}");
    }

    fn the_dearest_segments_can_be_replayed(build: Build) {
        let mut replayer = Replayer::new(build);
        for depth in DEPTHS {
            for (name, cases) in worst(depth) {
                for case in cases {
                    let (answer, units) = replayer.replay(&case);
                    if std::env::var_os("METER_REPORT").is_some() {
                        eprintln!("{depth:3} {units:8} {} {name}", case.witness.len());
                    }
                    assert_eq!(answer, case.native(), "{name} at {depth}");
                    assert!(answer.is_ok(), "{name} at {depth}: {answer:?}");
                    assert!(units <= REPLAY_MAX, "{name} at {depth}: {units}");
                    // A quarter of the heap is left.
                    assert!(
                        replayer.replay_within(&case, REPLAY_HEAP_BYTES / 4 * 3),
                        "{name} at {depth}: the heap"
                    );
                }
            }
        }
    }
}
