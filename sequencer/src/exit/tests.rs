//! Tests of planning and building.

use std::{collections::BTreeSet, sync::Arc};

use curvevm::{
    block::BlockBody,
    cell::{Account, Cell, Withdrawal},
    inbox::{FORCED_BYTES_MAX, InboxMessage},
    module::Module,
    program::{Amount, BuyOrder, Claim, Instruction, Launch},
    templates::pump_fun,
    tx::Transaction,
    types::{Address, AssetId, Base, CurveId, Quote},
};

use super::{Action, Built, ExitError, Plan, Wish, build, build_all, driver::withdrawals, plan};
use crate::{
    chain::ChainSpec,
    rebuild::Rebuild,
    testing::{batch, deposits, forced, forced_bytes, genesis, key, spec, transaction, transfer},
};

const SOL: u64 = 1_000_000_000;
const RECIPIENT: Address = Address::new([77; 32]);

fn start(spec: &ChainSpec) -> Rebuild {
    Rebuild::genesis(Arc::new(ChainSpec::new(spec.genesis.clone()))).unwrap()
}

fn wish(owner: u8, keep_tokens: bool) -> Wish {
    Wish { owner: key(owner).address(), recipient: RECIPIENT, keep_tokens }
}

/// Key 1 has launched an asset that key 2 has bought.
fn traded() -> (ChainSpec, Rebuild, BTreeSet<CurveId>) {
    let spec = spec();
    let module: Module = module();
    let creator = key(1).address();
    let curve = CurveId::derive(&creator, 0);
    let launch = Launch {
        module: module.hash(),
        quote_asset: AssetId::SOL,
        name: "Asset".to_owned(),
        symbol: "A".to_owned(),
        salt: 0,
        first_buy: None,
    };
    let order = BuyOrder::ExactIn { quote: Quote::new(SOL), base_min: Base::ZERO };
    let transactions = vec![
        transaction(&spec.id, &key(1), 0, vec![Instruction::PublishModule(module)]),
        transaction(&spec.id, &key(1), 1, vec![Instruction::Launch(launch)]),
        transaction(&spec.id, &key(2), 0, vec![Instruction::Buy { curve, order, referrer: None }]),
    ];
    let messages = deposits(0, &[creator, key(2).address()], 10 * SOL);
    let time_ms = spec.genesis.time_ms + 1;
    let body = BlockBody { height: 1, time_ms, messages, transactions };
    let sealed = batch(&spec, &mut spec.genesis.tree().unwrap(), 1, [body]);
    let mut rebuild = start(&spec);
    rebuild.apply(&sealed.header, &sealed.chunks).unwrap();
    (spec, rebuild, BTreeSet::from([curve]))
}

/// A plan, signed and in the inbox.
fn messages(spec: &ChainSpec, owner: u8, from: u64, plan: &Plan) -> Vec<InboxMessage> {
    let sign = |step: &super::Step| {
        let signature = key(owner).sign(&step.body.digest(&spec.id));
        Transaction { body: step.body.clone(), signature }
    };
    let signed: Vec<Transaction> = plan.steps.iter().map(sign).collect();
    assert!(signed.iter().all(|one| one.encode().len() <= FORCED_BYTES_MAX));
    (from..).zip(&signed).map(|(index, one)| forced(index, one)).collect()
}

fn actions(plan: &Plan) -> Vec<Action> {
    plan.steps.iter().map(|step| step.action).collect()
}

fn balances(state: &Rebuild, owner: u8) -> Vec<(AssetId, Quote)> {
    match state.tree().get(&Account::key(&key(owner).address())).unwrap() {
        Some(Cell::Account(account)) => account.balances.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tokens_are_sold_and_every_lamport_is_withdrawn() {
    let (spec, state, curves) = traded();
    let plan = plan(&state, &curves, &wish(2, false)).unwrap();
    assert!(plan.left.is_empty(), "{:?}", plan.left);
    let [Action::Sell { base, .. }, Action::Withdraw { amount }] = actions(&plan)[..] else {
        panic!("{plan:?}");
    };
    assert!(!base.is_zero());
    let Built { messages: consumed, after, header, .. } =
        build(&state, &messages(&spec, 2, 2, &plan)).unwrap();
    assert_eq!((consumed, header.withdrawals, header.inbox_cursor), (2, 1, 4));
    assert!(balances(&after, 2).is_empty());
    let paid = withdrawals(after.tree(), &RECIPIENT);
    let expected = Withdrawal { version: 0, index: 0, amount, recipient: RECIPIENT };
    assert_eq!(paid.into_values().collect::<Vec<_>>(), [expected]);
    let Amount::Quote(AssetId::SOL, quote) = amount else { panic!("{amount:?}") };
    // Two fees of 1.25% of a SOL are gone.
    assert!((10 * SOL - SOL / 30..10 * SOL).contains(&quote.get()), "{quote}");
    // Nothing is left.
    assert_eq!(super::plan(&after, &curves, &wish(2, false)).unwrap(), Plan::default());
}

#[test]
fn tokens_are_kept_where_that_is_wished() {
    let (spec, state, curves) = traded();
    let plan = plan(&state, &curves, &wish(2, true)).unwrap();
    let [
        Action::Withdraw { amount: Amount::Base(curve, _) },
        Action::Withdraw { amount: Amount::Quote(AssetId::SOL, quote) },
    ] = actions(&plan)[..]
    else {
        panic!("{plan:?}");
    };
    assert!(curves.contains(&curve) && quote.get() >= 9 * SOL - 1);
    let built = build(&state, &messages(&spec, 2, 2, &plan)).unwrap();
    assert_eq!(withdrawals(built.after.tree(), &RECIPIENT).len(), 2);
}

#[test]
fn a_creator_claims_the_fees_first() {
    let (spec, state, curves) = traded();
    let plan = plan(&state, &curves, &wish(1, false)).unwrap();
    let [Action::Claim { what: Claim::CreatorFees, .. }, Action::Withdraw { amount }] =
        actions(&plan)[..]
    else {
        panic!("{plan:?}");
    };
    let Amount::Quote(_, quote) = amount else { panic!("{amount:?}") };
    assert!(quote.get() > 10 * SOL, "{quote}");
    let built = build(&state, &messages(&spec, 1, 2, &plan)).unwrap();
    assert!(balances(&built.after, 1).is_empty());
}

#[test]
fn who_has_no_account_has_nothing_to_force_in() {
    let (_, state, curves) = traded();
    assert_eq!(plan(&state, &curves, &wish(9, false)).unwrap(), Plan::default());
}

/// Whoever builds it: the batch is the same, and everything that waits is in it, what is rejected too.
#[test]
fn the_batch_consumes_what_waits_in_order() {
    let (spec, state, _) = traded();
    let mut waiting = deposits(2, &vec![key(3).address(); 150], 1);
    waiting.push(forced(152, &transfer(&spec.id, &key(2), 1, &key(3).address(), 5)));
    waiting.push(forced_bytes(153, vec![1, 2, 3]));
    let built = build(&state, &waiting).unwrap();
    assert_eq!((built.messages, built.header.inbox_cursor), (152, 154));
    assert_eq!(built.header.last_height - built.header.first_height, 2);
    let again = build(&state, &waiting).unwrap();
    assert_eq!((again.header, again.chunks), (built.header, built.chunks));
    assert_eq!(balances(&built.after, 3), [(AssetId::SOL, Quote::new(155))]);
}

#[test]
fn messages_that_do_not_fit_are_for_the_next_batch() {
    let mut genesis = genesis(1);
    genesis.params.chunk_bytes_max = 850;
    genesis.params.batch_chunks_max = 10;
    let spec = ChainSpec::new(genesis);
    let state = start(&spec);
    let waiting: Vec<_> = (0..40).map(|index| forced_bytes(index, vec![7; 600])).collect();
    let built = build_all(&state, &waiting).unwrap();
    assert!(built.len() > 1 && built.iter().all(|one| one.chunks.len() <= 10));
    assert_eq!(built.iter().map(|one| one.messages).sum::<usize>(), 40);
    let last = built.last().unwrap();
    assert_eq!((last.header.number, last.header.inbox_cursor), (built.len() as u64, 40));
}

#[test]
fn messages_that_do_not_follow_the_cursor_are_refused() {
    let (spec, state, _) = traded();
    let late = forced(5, &transfer(&spec.id, &key(2), 1, &key(3).address(), 5));
    assert!(matches!(build(&state, &[late]), Err(ExitError::Block(_))));
    assert!(matches!(build(&state, &[]), Err(ExitError::NothingWaits)));
}

fn module() -> Module {
    pump_fun()
}
