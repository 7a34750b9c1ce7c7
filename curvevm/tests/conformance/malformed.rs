//! Bytes that are refused, and the error that says so.

use std::collections::BTreeSet;

use curvevm::{
    cell::Cell,
    codec::{CHUNK_BYTES_MAX, CodecError, decode_batch, decode_chunk, decode_segment},
    curve::verify::{Rule, verify},
    error::StateError,
    inbox::{InboxMessage, MessageKind},
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeTotal, Fees, Graduation, Module,
        PieceKind, Recipient, Rounding, Vault,
    },
    tree::Tree,
    tx::{TX_BYTES_MAX, Transaction},
    types::{AssetId, Base, Quote},
};
use serde_json::{Value, json};

use crate::{
    modules::{cumulative, fixed, included, linear, liquid, plain, product, pump},
    vectors::{Suite, bytes, case, text, variant},
    world::{World, address, pay},
};

pub(crate) const SUITE: Suite = Suite {
    name: "malformed",
    about: "bytes (hex) of a type that are refused, and the error; for a module that decodes, the rule of the verifier that it breaks and the piece or tier that breaks it",
    sources: &[],
    cases,
    run,
};

fn of(kind: &str, name: &str, bytes: &[u8]) -> Value {
    case(format!("{kind}: {name}"), json!({ "type": kind, "bytes": hex::encode(bytes) }))
}

fn cases() -> Vec<Value> {
    [transactions(), cells(), chunks(), witnesses(), modules()].concat()
}

fn edited(good: &[u8], edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = good.to_vec();
    edit(&mut bytes);
    bytes
}

fn transactions() -> Vec<Value> {
    let good = World::pump().transaction(1, None, vec![pay(2, 1)]).encode();
    let kind = "transaction";
    vec![
        of(kind, "nothing", &[]),
        of(kind, "cut short", &good[..good.len() - 1]),
        of(kind, "a byte more", &edited(&good, |bytes| bytes.push(0))),
        of(kind, "version 0", &edited(&good, |bytes| bytes[0] = 0)),
        of(kind, "version 2", &edited(&good, |bytes| bytes[0] = 2)),
        of(kind, "an option of 2", &edited(&good, |bytes| bytes[33] = 2)),
        of(kind, "no such opcode", &edited(&good, |bytes| bytes[54] = 12)),
        of(kind, "more instructions than bytes", &edited(&good, |bytes| bytes[50..54].fill(255))),
        of(kind, "too long", &edited(&good, |bytes| bytes.resize(TX_BYTES_MAX + 1, 0))),
    ]
}

fn cells() -> Vec<Value> {
    let good = Cell::Module(pump().into()).encode();
    vec![
        of("cell", "nothing", &[]),
        of("cell", "no such tag", &[10, 0]),
        of("cell", "a tag alone", &[2]),
        of("cell", "a byte more", &edited(&good, |bytes| bytes.push(0))),
        of("cell", "a module cut short", &good[..good.len() - 1]),
    ]
}

/// A chunk after a root, with these numbers in its head and this behind them.
fn chunk(numbers: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[1][..], &[9; 32], numbers, rest].concat()
}

/// A root after a segment.
const ROOT: &[u8] = &[4; 32];

fn chunks() -> Vec<Value> {
    // Height 5, time 7, no keys.
    let body = |body: &[u8]| chunk(&[5, 7, 0], body);
    let whole = |segment: &[u8]| body(&[segment, ROOT].concat());
    let with_key = |body: &[u8]| chunk(&[5, 7, 1], &[&[7; 32], body].concat());
    let last = [&[0xff; 9][..], &[1]].concat();
    let past = [&[0xff; 9][..], &[2]].concat();
    let numbers = |parts: &[&[u8]]| chunk(&parts.concat(), &[]);
    let begin = [&[4, 1], ROOT].concat();
    let named: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("version 0", edited(&whole(&[4, 1]), |bytes| bytes[0] = 0)),
        ("version 2", edited(&whole(&[4, 1]), |bytes| bytes[0] = 2)),
        ("a version alone", vec![1]),
        ("a root cut short", [&[1], &ROOT[1..]].concat()),
        ("no height", numbers(&[])),
        ("a height that does not end", numbers(&[&[0x80]])),
        ("a height in more bytes than it needs", numbers(&[&[0x80, 0, 7, 0], &begin])),
        ("a height past 64 bits", numbers(&[&past, &[7, 0], &begin])),
        ("no time", numbers(&[&[5]])),
        ("a time past 64 bits", numbers(&[&[5], &past, &[0], &begin])),
        ("no number of keys", numbers(&[&[5, 7]])),
        ("keys that are not there", numbers(&[&[5, 7, 1, 7]])),
        ("more keys than memory", numbers(&[&[5, 7], &last])),
        ("no segments", body(&[])),
        ("a segment of nothing", whole(&[0])),
        ("no such content", whole(&[7, 1])),
        ("a beginning without a time", body(&[4])),
        ("two beginnings and a time", body(&[8, 1])),
        ("nine beginnings", whole(&[36, 1, 1, 1, 1, 1, 1, 1, 1, 1])),
        ("63 beginnings", whole(&[&[252], &[1; 63][..]].concat())),
        ("a height after the last", numbers(&[&last, &[7, 0], &begin])),
        ("a time after the last", numbers(&[&[5], &last, &[0], &begin])),
        ("no root after a segment", body(&[4, 1])),
        ("half a root after a segment", body(&[&[4, 1], &ROOT[16..]].concat())),
        ("a byte behind the last segment", body(&[&begin[..], &[4]].concat())),
        ("no messages", whole(&[1, 0])),
        ("messages that are not there", whole(&[1, 1])),
        ("two beginnings before messages", body(&[&[9, 1, 1], &message()[..], ROOT].concat())),
        ("a message of no such kind", whole(&[&[1, 1], &[0; 16][..], &[3]].concat())),
        (
            "a message longer than memory",
            whole(&[&[1, 1], &[0; 16][..], &[2], &[0xff; 4]].concat()),
        ),
        (
            "a message shorter than it says",
            whole(&[&[1, 1], &[0; 16][..], &[2, 2, 0, 0, 0, 7]].concat()),
        ),
        ("no transactions", whole(&[2, 0])),
        ("a beginning and no transactions", whole(&[6, 1, 0])),
        ("transactions that are not there", body(&[2, 1])),
        (
            "two beginnings before transactions",
            with_key(&[&[10, 1, 1], TRANSACTION, ROOT].concat()),
        ),
        ("a head with an unknown bit", with_key(&[2, 1, 0x40, 0, 0])),
        ("a key past the dictionary", with_key(&[2, 1, 0, 1, 0])),
        ("no such opcode", with_key(&[2, 1, 1, 0, 0, 16])),
        ("too long", vec![1; CHUNK_BYTES_MAX + 1]),
    ];
    let mut cases: Vec<_> = named.iter().map(|(name, bytes)| of("chunk", name, bytes)).collect();
    let alone = body(&[&[1], &message()[..], ROOT].concat());
    cases.push(of("batch", "a segment before the first block", &alone));
    cases.push(of("batches", "more chunks than a batch may have", &whole(&[4, 1])));
    cases.extend(joins());
    let at = |name: &str, offset: u32| {
        let mut case = of("segment", name, &whole(&[4, 1]));
        case["offset"] = json!(offset);
        case
    };
    cases.extend([
        at("an offset in the head", 3),
        at("an offset inside of one", 37),
        at("an offset past the end", 70),
    ]);
    cases
}

/// A list of one message.
fn message() -> Vec<u8> {
    let (asset, amount, recipient) = (AssetId::SOL, Quote::new(8), address(3));
    let kind = MessageKind::Deposit { asset, amount, recipient };
    [vec![1], borsh::to_vec(&InboxMessage { index: 0, slot: 9, kind }).unwrap()].concat()
}

/// A list of one transaction, of the first key.
const TRANSACTION: &[u8] = &{
    let mut bytes = [7; 70];
    // A revocation.
    (bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]) = (1, 1, 0, 0, 14, 0);
    bytes
};

/// Chunks that do not continue one another.
fn joins() -> Vec<Value> {
    // A block begins: height 6, time 8.
    let first = chunk(&[5, 7, 0], &[&[4, 1], ROOT].concat());
    let second = |root: &[u8], numbers: [u8; 2]| [&[1], root, &numbers, &[0, 4, 1], ROOT].concat();
    assert!(decode_batch(&[first.clone(), second(ROOT, [6, 8])]).is_ok());
    let join = |name: &str, second: Vec<u8>| {
        let mut case = of("join", name, &second);
        case["after"] = json!(hex::encode(&first));
        case
    };
    vec![
        join("another root", second(&[5; 32], [6, 8])),
        join("the same chunk again", first.clone()),
        join("the height before", second(ROOT, [5, 8])),
        join("a height later", second(ROOT, [7, 8])),
        join("a time earlier", second(ROOT, [6, 7])),
        join("a time later", second(ROOT, [6, 9])),
    ]
}

fn witnesses() -> Vec<Value> {
    let kind = "witness";
    vec![
        of(kind, "nothing", &[]),
        of(kind, "no such node", &[5]),
        of(kind, "a pruned node without a hash", &[1, 2, 3]),
        of(kind, "a branch with one side", &[4, 0]),
        of(kind, "a byte more", &[0, 0]),
        of(kind, "too deep", &[4; 257]),
        of(kind, "a leaf cut short", &[&[2], &[0; 32][..], &[2, 0, 2]].concat()),
        of(kind, "a leaf of no cell", &[&[2], &[0; 32][..], &[1, 0, 99]].concat()),
        of(kind, "a leaf with a byte more", &{
            let cell = Cell::Holding(curvevm::cell::Holding::default()).encode();
            let length = u16::try_from(cell.len() + 1).unwrap().to_le_bytes();
            [&[2], &[0; 32][..], &length, &cell, &[0]].concat()
        }),
    ]
}

const MEGA: u64 = 1_000_000;

fn sound() -> Module {
    plain(vec![fixed(10 * MEGA, 1), fixed(20 * MEGA, 2)])
}

type Change = fn(&mut Module);

fn modules() -> Vec<Value> {
    let good = borsh::to_vec(&sound()).unwrap();
    let mut cases = vec![
        of("module", "nothing", &[]),
        of("module", "a byte more", &edited(&good, |bytes| bytes.push(0))),
        of("module", "cut short", &good[..good.len() - 1]),
    ];
    for (name, change) in shapes().into_iter().chain(fees()).chain(rest()) {
        let mut module = sound();
        assert_eq!(verify(&module), Ok(()));
        change(&mut module);
        cases.push(of("module", name, &borsh::to_vec(&module).unwrap()));
    }
    cases
}

fn run_of_liquidity(module: &mut Module) {
    let top = liquid();
    module.sqrt_start = top.sqrt_start;
    module.pieces = top.pieces;
    module.supply = top.supply;
}

fn shapes() -> Vec<(&'static str, Change)> {
    vec![
        ("version 0", |m| m.version = 0),
        ("19 decimals", |m| m.decimals = 19),
        ("no piece", |m| m.pieces.clear()),
        ("65 pieces", |m| m.pieces = (1..=65).map(|end| fixed(end, 1)).collect()),
        ("an empty first piece", |m| m.pieces[0].end = Base::ZERO),
        ("an empty second piece", |m| m.pieces[1].end = m.pieces[0].end),
        ("a supply below the sale", |m| m.supply = Base::new(20 * MEGA - 1)),
        ("no virtual quote", |m| m.pieces[0] = product(10, 0, 20, Rounding::Ceiling)),
        ("a virtual base that is sold out", |m| {
            m.pieces[0] = product(10, 1, 10, Rounding::Ceiling);
        }),
        ("a product rounded cumulatively", |m| {
            m.pieces[0] = product(10, 1, 20, Rounding::Cumulative);
        }),
        ("a cumulative line among others", |m| {
            m.pieces[0].kind = linear(1, 0, Rounding::Cumulative);
        }),
        ("a line rounded as pump.fun", |m| {
            m.pieces[0].kind = linear(1, 0, Rounding::FloorPlusOne);
        }),
        ("a line at no price", |m| m.pieces[0].kind = linear(0, 0, Rounding::Ceiling)),
        ("a fixed price of zero", |m| m.pieces[0] = fixed(10, 0)),
        ("a fixed price over no tokens", |m| {
            m.pieces[0].kind = PieceKind::FixedPrice { quote: Quote::new(1), base: Base::ZERO };
        }),
        ("a falling price", |m| m.pieces[0] = fixed(10 * MEGA, 3)),
        ("a line past the range", |m| {
            m.pieces[0].kind = linear(u128::MAX, 0, Rounding::Ceiling);
        }),
        ("a raise past half of the range", |m| m.pieces = vec![fixed(1, 1 << 63)]),
        ("a square root without liquidity", |m| m.sqrt_start = 1 << 64),
        ("liquidity without a square root", |m| {
            run_of_liquidity(m);
            m.sqrt_start = 0;
        }),
        ("a square root past Meteora's range", |m| {
            run_of_liquidity(m);
            m.sqrt_start = u128::MAX;
        }),
        ("a square root that does not rise", |m| {
            run_of_liquidity(m);
            let (liquidity, sqrt_end) = (1 << 100, m.sqrt_start);
            m.pieces[0].kind = PieceKind::ConstantLiquidity { liquidity, sqrt_end };
        }),
        ("thin liquidity", |m| {
            run_of_liquidity(m);
            let (liquidity, sqrt_end) = (1, 1 << 63);
            m.pieces[0].kind = PieceKind::ConstantLiquidity { liquidity, sqrt_end };
        }),
        ("liquidity that ends a token late", |m| {
            run_of_liquidity(m);
            m.pieces[0].end = Base::new(m.sale_end().get() + 1);
        }),
        ("liquidity apart", |m| {
            run_of_liquidity(m);
            let first = m.pieces[0].clone();
            let end = m.sale_end().get();
            m.pieces.push(fixed(end + 1, 1));
            m.pieces.push(curvevm::module::Piece { end: Base::new(end + 2), ..first });
        }),
    ]
}

fn part(recipient: Recipient, rate: u32, of: FeeOf) -> FeePart {
    FeePart { recipient, rate, of, rounding: FeeRounding::Up }
}

fn fees() -> Vec<(&'static str, Change)> {
    use Recipient::{Creator, Liquidity, Partner};
    vec![
        ("five parts", |m| m.fees.parts = vec![part(Creator, 1, FeeOf::Amount); 5]),
        ("a part above 100 %", |m| {
            m.fees.parts = vec![part(Creator, 1_000_000_001, FeeOf::Amount)];
        }),
        ("parts above 99 %", |m| {
            m.fees.parts = vec![part(Creator, 495_000_001, FeeOf::Amount); 2];
        }),
        ("a total above 99 %", |m| m.fees = included(990_000_001, FeeSchedule::Constant)),
        ("99 % and a billionth with a referrer", |m| {
            let schedule = FeeSchedule::Constant;
            let total = FeeTotal::Included { rate: 990_000_000, referred: 1, schedule };
            m.fees = Fees { total, ..Fees::none() };
        }),
        ("a part of a total that is not there", |m| {
            m.fees.parts = vec![part(Creator, 1, FeeOf::Total)];
        }),
        ("a part of itself", |m| {
            m.fees = included(1, FeeSchedule::Constant);
            m.fees.parts = vec![part(Creator, 1, FeeOf::Part(0))];
        }),
        ("liquidity's fee on a curve", |m| {
            m.fees.parts = vec![part(Liquidity, 1, FeeOf::Amount)];
        }),
        ("no partner", |m| m.fees.parts = vec![part(Partner, 1, FeeOf::Amount)]),
        ("a line of no periods", |m| {
            let (reduction, period_secs, periods) = (1, 1, 0);
            m.fees = included(100, FeeSchedule::Linear { reduction, period_secs, periods });
        }),
        ("a line below zero", |m| {
            let (reduction, period_secs, periods) = (10, 1, 11);
            m.fees = included(100, FeeSchedule::Linear { reduction, period_secs, periods });
        }),
        ("a decay of all", |m| {
            let (reduction_bps, period_secs, periods) = (10_000, 1, 1);
            let schedule = FeeSchedule::Exponential { reduction_bps, period_secs, periods };
            m.fees = included(100, schedule);
        }),
        ("a limiter of no size", |m| {
            let (reference, increment, duration_secs) = (Quote::ZERO, 1, 1);
            m.fees =
                included(100, FeeSchedule::SizeLimiter { reference, increment, duration_secs });
        }),
        ("a limiter of tokens", |m| {
            let (reference, increment, duration_secs) = (Quote::new(1), 1, 1);
            m.fees =
                included(100, FeeSchedule::SizeLimiter { reference, increment, duration_secs });
            m.fees.side = curvevm::module::FeeSide::Output;
        }),
    ]
}

fn rest() -> Vec<(&'static str, Change)> {
    vec![
        ("an allotment of nothing", |m| {
            let amount = Base::ZERO;
            m.allotment = Some(Allotment { amount, cliff_secs: 0, vesting_secs: 0 });
        }),
        ("an allotment past the supply", |m| {
            let amount = Base::MAX;
            m.allotment = Some(Allotment { amount, cliff_secs: 0, vesting_secs: 0 });
        }),
        ("a target of zero", |m| m.graduation = Graduation::Raised(Quote::ZERO)),
        ("a target past what is raised", |m| {
            m.graduation = Graduation::Raised(Quote::new(30 * MEGA + 1));
        }),
        ("a vault of nothing", |m| m.vault = Some(Vault { reserve_bps: 0 })),
        ("a vault above the market cap", |m| m.vault = Some(Vault { reserve_bps: 10_001 })),
        ("a vault that halts for good", |m| m.vault = Some(Vault { reserve_bps: 5_001 })),
        ("no tier", |m| m.migration.tiers.clear()),
        ("33 tiers", |m| m.migration.tiers = vec![m.migration.tiers[0].clone(); 33]),
        ("a first tier above zero", |m| m.migration.tiers[0].from = Quote::new(1)),
        ("two tiers from zero", |m| m.migration.tiers = vec![m.migration.tiers[0].clone(); 2]),
        ("a tier with a schedule", |m| {
            let (reduction, period_secs, periods) = (1, 1, 1);
            let schedule = FeeSchedule::Linear { reduction, period_secs, periods };
            m.migration.tiers[0].fees = included(100, schedule);
        }),
        ("a tier with fees in tokens", |m| {
            m.migration.tiers[0].fees.side = curvevm::module::FeeSide::Output;
        }),
        ("too few tokens for the pool", |m| m.supply = Base::new(20 * MEGA + 13_499_999)),
        ("a pool of too few shares", |m| m.pieces = vec![fixed(1_000, 1)]),
        ("a cumulative line beside another", |m| {
            let first = cumulative().pieces[0].clone();
            m.pieces = vec![first.clone(), fixed(first.end.get() + 1, 1)];
            m.supply = Base::new(first.end.get() * 2);
        }),
    ]
}

fn run(case: &Value) -> Value {
    let bytes = bytes(case, "bytes");
    let codec = |error: CodecError| json!({ "error": variant(&error) });
    let malformed = || json!({ "error": "Malformed" });
    match text(case, "type") {
        "transaction" => {
            let error = Transaction::decode(&bytes).unwrap_err();
            json!({ "error": error.name(), "code": error.code() })
        }
        "cell" => {
            assert!(borsh::from_slice::<Cell>(&bytes).is_err());
            malformed()
        }
        "chunk" => codec(decode_chunk(&bytes).unwrap_err()),
        "segment" => {
            let offset = u32::try_from(case["offset"].as_u64().unwrap()).unwrap();
            codec(decode_segment(&bytes, offset).unwrap_err())
        }
        "join" => codec(decode_batch(&[self::bytes(case, "after"), bytes]).unwrap_err()),
        "batch" => codec(decode_batch(&[bytes]).unwrap_err()),
        "batches" => codec(decode_batch(&vec![bytes; 257]).unwrap_err()),
        "witness" => {
            let error: StateError = Tree::from_witness(&bytes).unwrap_err();
            json!({ "error": variant(&error) })
        }
        "module" => match borsh::from_slice::<Module>(&bytes) {
            Err(_) => malformed(),
            Ok(module) => {
                let refusal = verify(&module).expect_err(text(case, "name"));
                let (rule, piece, tier) = (refusal.rule.name(), refusal.piece, refusal.tier);
                json!({ "rule": rule, "piece": piece, "tier": tier })
            }
        },
        other => panic!("{other}"),
    }
}

/// The errors of decoding transactions that the stored cases give, by name.
pub(crate) fn errors() -> BTreeSet<String> {
    let stored = SUITE.stored();
    let transactions = stored.iter().filter(|case| case["type"] == "transaction");
    transactions.map(|case| text(&case["expect"], "error").to_owned()).collect()
}

#[test]
fn every_rule_of_the_verifier_is_broken() {
    let stored = SUITE.stored();
    let rules: BTreeSet<_> =
        stored.iter().filter_map(|case| case["expect"]["rule"].as_str()).collect();
    assert_eq!(rules, Rule::ALL.iter().map(|rule| rule.name()).collect());
}

#[test]
fn every_error_of_decoding_occurs() {
    let stored = SUITE.stored();
    let of = |kinds: &[&str]| -> BTreeSet<String> {
        let cases = stored.iter().filter(|case| kinds.contains(&text(case, "type")));
        cases.map(|case| text(&case["expect"], "error").to_owned()).collect()
    };
    // A trace that does not fit its blocks is an error of encoding.
    let codec = [
        "HeightMismatch",
        "Malformed",
        "NoSegment",
        "RootMismatch",
        "TimeMismatch",
        "TooLong",
        "TooManyChunks",
        "UnknownVersion",
    ];
    let kinds = ["chunk", "segment", "join", "batch", "batches"];
    assert_eq!(of(&kinds), codec.map(str::to_owned).into());
    assert_eq!(of(&["witness"]), ["BadWitness".to_owned()].into());
}
