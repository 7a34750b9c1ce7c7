//! Tests of the watcher on a history that a test writes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use asset_sdk::l1::{
    CommitRecord, HistoryError, L1Client, L1Config, PostedBatch, TransactionSignature,
};
use curvevm::types::{Address, Hash};

use super::{pursue::Pursuit, *};
use crate::{
    chain::SealedBatch,
    rebuild::Difference,
    testing::{batches, key, spec},
};

const INTERVAL: Duration = Duration::from_millis(1);

/// What the L1 holds.
#[derive(Debug)]
struct Ledger {
    standing: Standing,
    /// Commits by number, the last one counts.
    commits: BTreeMap<u64, Vec<PostedBatch>>,
    transactions: u8,
    /// Answers that fail from now on.
    failures: usize,
    transient: bool,
}

#[derive(Clone, Debug)]
struct Fake(Arc<Mutex<Ledger>>);

impl Fake {
    fn new() -> Self {
        let spec = spec();
        let time_ms = spec.genesis.time_ms;
        let standing = Standing { committed: 0, root: spec.genesis_root, time_ms, finalized: 0 };
        Self(Arc::new(Mutex::new(Ledger {
            standing,
            commits: BTreeMap::new(),
            transactions: 0,
            failures: 0,
            transient: true,
        })))
    }

    /// An L1 on which these batches are committed.
    fn with(batches: &[SealedBatch]) -> Self {
        let fake = Self::new();
        for batch in batches {
            fake.commit(batch);
        }
        fake
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap()
    }

    fn commit(&self, batch: &SealedBatch) {
        let mut ledger = self.ledger();
        ledger.transactions += 1;
        let commit = CommitRecord {
            header: batch.header.clone(),
            signatures: Vec::new(),
            poster: Address::new([1; 32]),
            data: Address::new([2; 32]),
            signature: TransactionSignature::from([ledger.transactions; 64]),
            slot: u64::from(ledger.transactions),
            unix_time: None,
            posts: Vec::new(),
        };
        let (number, time_ms, root) =
            (batch.header.number, batch.header.time_ms, batch.header.post_root);
        let posted = PostedBatch { commit, earlier: Vec::new(), chunks: batch.chunks.clone() };
        ledger.commits.entry(number).or_default().push(posted);
        let finalized = ledger.standing.finalized;
        ledger.standing = Standing { committed: number, root, time_ms, finalized };
    }

    /// Takes batches back, so that `batch` is the last one.
    fn roll_back(&self, batch: &SealedBatch) {
        let mut ledger = self.ledger();
        ledger.standing.committed = batch.header.number;
        ledger.standing.root = batch.header.post_root;
        ledger.standing.time_ms = batch.header.time_ms;
    }

    fn fail(&self, failures: usize, transient: bool) {
        let mut ledger = self.ledger();
        (ledger.failures, ledger.transient) = (failures, transient);
    }

    fn answer<T>(&self, answer: impl FnOnce(&Ledger) -> Option<T>) -> Result<T, HistoryError> {
        let mut ledger = self.ledger();
        if ledger.failures > 0 {
            ledger.failures -= 1;
            return Err(if ledger.transient {
                HistoryError::NoCommit { number: 1 }
            } else {
                let (expected, found) = (Hash::ZERO, Hash::ZERO);
                HistoryError::DataMismatch { number: 1, expected, found }
            });
        }
        answer(&ledger).ok_or(HistoryError::NoCommit { number: 0 })
    }
}

impl Source for Fake {
    async fn standing(&self) -> Result<Standing, HistoryError> {
        self.answer(|ledger| Some(ledger.standing))
    }

    async fn batch(&self, number: u64) -> Result<PostedBatch, HistoryError> {
        self.answer(|ledger| ledger.commits.get(&number)?.last().cloned())
    }

    async fn last_commit(&self, number: u64) -> Result<Option<TransactionSignature>, HistoryError> {
        self.answer(|ledger| {
            let last = ledger.commits.get(&number).and_then(|commits| commits.last());
            Some(last.map(|batch| batch.commit.signature))
        })
    }
}

fn watch(fake: &Fake) -> Watch<Fake> {
    Watch::new(fake.clone(), Arc::new(spec()), INTERVAL).unwrap()
}

/// Follows until `until` holds of what was said, which it gives.
async fn follow(watch: &mut Watch<Fake>, until: impl Fn(&[Event]) -> bool + Sync) -> Vec<Event> {
    let said = Mutex::new(Vec::new());
    let enough = tokio::sync::Notify::new();
    let report = |event: &Event| {
        let mut said = said.lock().unwrap();
        said.push(event.clone());
        if until(&said) {
            enough.notify_one();
        }
    };
    let patience = Duration::from_secs(20);
    tokio::select! {
        ended = watch.follow(report) => panic!("it ended: {ended:?}"),
        () = enough.notified() => {}
        () = tokio::time::sleep(patience) => panic!("it said {:?}", said.lock().unwrap()),
    }
    said.into_inner().unwrap()
}

fn is_caught_up(batch: u64) -> impl Fn(&[Event]) -> bool + Sync {
    move |said| matches!(said.last(), Some(Event::CaughtUp(progress)) if progress.checked == batch)
}

#[tokio::test]
async fn every_committed_batch_is_checked() {
    let batches = batches(&spec(), &[1, 2, 3, 4, 5, 6]);
    let fake = Fake::with(&batches);
    fake.ledger().standing.finalized = 2;
    let mut said = Vec::new();
    let mut watch = watch(&fake);
    let progress = watch.catch_up(|event| said.push(event.clone())).await.unwrap();
    assert_eq!((progress.checked, progress.committed, progress.finalized), (6, 6, 2));
    assert_eq!((progress.transactions, progress.root), (60, batches[5].header.post_root));
    assert_eq!((progress.behind_batches, progress.behind_secs), (0, 0));
    let Event::Checked(first) = &said[0] else { panic!("{said:?}") };
    assert_eq!((first.checked, first.behind_batches, first.behind_secs), (1, 5, 4));
    assert_eq!(said.len(), 7);
    assert_eq!(said[6], Event::CaughtUp(progress));
    let json = serde_json::to_value(&said[0]).unwrap();
    assert_eq!((json["event"].as_str(), json["checked"].as_u64()), (Some("checked"), Some(1)));
}

#[tokio::test]
async fn a_chain_without_batches_is_caught_up() {
    let progress = watch(&Fake::new()).catch_up(|_| {}).await.unwrap();
    assert_eq!((progress.checked, progress.committed), (0, 0));
}

#[tokio::test]
async fn a_wrong_root_is_found_and_said_until_it_is_rolled_back() {
    let good = batches(&spec(), &[1, 2, 3]);
    let mut bad = good[1].clone();
    bad.header.post_root = Hash::new([7; 32]);
    let fake = Fake::with(&[good[0].clone(), bad]);
    fake.ledger().standing.finalized = 1;

    let error = watch(&fake).catch_up(|_| {}).await.unwrap_err();
    let WatchError::Fault(found) = &error else { panic!("{error:?}") };
    assert!(matches!(found.fault.difference, Difference::Header { field: "post_root", .. }));
    assert!(!error.is_transient() && !found.finalized);

    let mut watch = watch(&fake);
    let faults = |said: &[Event]| said.iter().filter(|it| matches!(it, Event::Fault(_))).count();
    let said = follow(&mut watch, |said| faults(said) == 2).await;
    let Some(Event::Fault(found)) = said.last() else { panic!("{said:?}") };
    assert_eq!((found.fault.batch, found.slot), (2, 2));

    fake.roll_back(&good[0]);
    let rolled_back = Event::RolledBack { from: 2, to: 1 };
    let said = follow(&mut watch, is_caught_up(1)).await;
    assert!(said.contains(&rolled_back), "{said:?}");
    fake.commit(&good[1]);
    fake.commit(&good[2]);
    let said = follow(&mut watch, is_caught_up(3)).await;
    assert_eq!(faults(&said), 0);
    assert_eq!(watch.progress().root, good[2].header.post_root);
}

/// A challenger whose L1 does nothing of what it is asked: the fault is still said, and afterwards the chain is still checked.
#[tokio::test]
async fn a_challenge_that_fails_loses_neither_the_fault_nor_the_chain() {
    let good = batches(&spec(), &[1, 2, 3]);
    let mut bad = good[1].clone();
    bad.header.post_root = Hash::new([7; 32]);
    let fake = Fake::with(&[good[0].clone(), bad]);
    fake.ledger().standing.finalized = 1;
    let mut watch = watch(&fake);
    let (program, chain) = (Address::new([9; 32]), spec().id);
    let dead = L1Client::new(L1Config::new("http://127.0.0.1:1", program, chain));
    watch.pursuit = Some(Pursuit::new(Challenger::new(Arc::new(dead), key(1))));

    let is_fault = |event: &Event| matches!(event, Event::Fault(_));
    let is_retry = |event: &Event| matches!(event, Event::Retry { .. });
    let enough = |said: &[Event]| {
        let retries = said.iter().rposition(is_fault).map(|last| &said[..last]);
        retries.is_some_and(|said| said.iter().filter(|it| is_retry(it)).count() > 3)
    };
    let said = follow(&mut watch, enough).await;
    let prepared = |event: &Event| {
        matches!(
            event,
            Event::Challenge {
                batch: Some(2),
                action: Action::Prepared { proves: Proves::Last, .. }
            }
        )
    };
    assert_eq!(said.iter().filter(|event| prepared(event)).count(), 1, "{said:?}");

    // Nothing of it is done when the window is over, and the batches after a rollback are checked all the same.
    fake.ledger().standing.finalized = 2;
    let is_too_late =
        |said: &[Event]| matches!(said.last(), Some(Event::Fault(found)) if found.finalized);
    follow(&mut watch, is_too_late).await;
    fake.ledger().standing.finalized = 1;
    fake.roll_back(&good[0]);
    fake.commit(&good[1]);
    fake.commit(&good[2]);
    let said = follow(&mut watch, is_caught_up(3)).await;
    assert!(!said.iter().any(is_fault), "{said:?}");
}

#[tokio::test]
async fn a_fault_that_is_gone_when_it_is_found_is_not_said() {
    let good = batches(&spec(), &[1]);
    let mut bad = good[0].clone();
    bad.header.withdrawals = 9;
    let fake = Fake::with(&[bad]);
    let mut watch = watch(&fake);
    // It is read ahead; then it is rolled back and committed again.
    let read = watch.ahead.batch(&fake, 1, 1).await.unwrap();
    assert_eq!(read.commit.header.withdrawals, 9);
    fake.commit(&good[0]);
    let fault = watch.rebuild.clone().apply(&read.commit.header, &read.chunks).unwrap_err();
    let step = watch.find(fault, read).await.unwrap();
    assert!(matches!(step, follow::Step::Said(Event::RolledBack { from: 1, to: 0 })));
    let said = follow(&mut watch, is_caught_up(1)).await;
    assert!(!said.iter().any(|event| matches!(event, Event::Fault(_))), "{said:?}");
}

#[tokio::test]
async fn a_rollback_of_checked_batches_is_followed() {
    let (one, two) = (batches(&spec(), &[1, 2, 3, 4]), batches(&spec(), &[1, 9, 9, 9, 9]));
    // The watcher sees it while it is so, when the same number is committed again, or later.
    for recommitted in [0, 3, 4] {
        let fake = Fake::with(&one);
        let mut watch = watch(&fake);
        follow(&mut watch, is_caught_up(4)).await;
        fake.roll_back(&one[0]);
        for batch in two.iter().skip(1).take(recommitted) {
            fake.commit(batch);
        }
        let checked = 1 + recommitted as u64;
        let said = follow(&mut watch, is_caught_up(checked)).await;
        assert!(said.contains(&Event::RolledBack { from: 4, to: 1 }), "{recommitted}: {said:?}");
        assert_eq!(watch.progress().root, two[recommitted].header.post_root);
    }
}

#[tokio::test]
async fn a_rollback_beyond_the_marks_rebuilds_everything() {
    let amounts: Vec<u64> = (0..MARKS_MAX as u64 + 4).map(|number| number % 5 + 1).collect();
    let one = batches(&spec(), &amounts);
    let two = batches(&spec(), &[1, 2, 9]);
    let fake = Fake::with(&one);
    let mut watch = watch(&fake);
    watch.catch_up(|_| {}).await.unwrap();
    assert_eq!(watch.marks.len(), MARKS_MAX);
    fake.roll_back(&one[1]);
    fake.commit(&two[2]);
    let progress = watch.catch_up(|_| {}).await.unwrap();
    assert_eq!((progress.checked, progress.root), (3, two[2].header.post_root));
}

#[tokio::test]
async fn states_below_the_last_finalized_batch_are_given_up() {
    let fake = Fake::with(&batches(&spec(), &[1, 2, 3, 4, 5]));
    fake.ledger().standing.finalized = 3;
    let mut watch = watch(&fake);
    watch.catch_up(|_| {}).await.unwrap();
    let kept: Vec<u64> = watch.marks.iter().map(|mark| mark.rebuild.head().batch).collect();
    assert_eq!(kept, [3, 4, 5]);
}

#[tokio::test]
async fn failures_are_said_and_tried_again() {
    let fake = Fake::with(&batches(&spec(), &[1, 2]));
    let mut said = Vec::new();
    fake.fail(3, true);
    watch(&fake).catch_up(|event| said.push(event.clone())).await.unwrap();
    let pauses: Vec<u64> = said
        .iter()
        .filter_map(|event| match event {
            Event::Retry { pause_ms, .. } => Some(*pause_ms),
            _ => None,
        })
        .collect();
    assert_eq!(pauses, [2, 4]);

    fake.fail(usize::MAX, true);
    let error = watch(&fake).catch_up(|_| {}).await.unwrap_err();
    assert!(matches!(error, WatchError::History(HistoryError::NoCommit { .. })), "{error:?}");
    fake.fail(1, false);
    let error = watch(&fake).catch_up(|_| {}).await.unwrap_err();
    assert!(matches!(error, WatchError::History(HistoryError::DataMismatch { .. })), "{error:?}");

    fake.fail(9, false);
    let said = follow(&mut watch(&fake), is_caught_up(2)).await;
    assert!(matches!(said[0], Event::Retry { .. }));
}

#[tokio::test]
async fn answers_that_do_not_fit_together_are_no_fault() {
    let fake = Fake::with(&batches(&spec(), &[1, 2]));
    fake.ledger().standing.root = Hash::new([7; 32]);
    let error = watch(&fake).catch_up(|_| {}).await.unwrap_err();
    assert!(matches!(error, WatchError::Contradiction { batch: 2, .. }), "{error:?}");
}
