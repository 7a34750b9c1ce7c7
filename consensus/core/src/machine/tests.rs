//! Scripts: inputs to one member (index 0) and what it must do.

use super::{Core, RecoverError};
use crate::durable::{DurableState, Record};
use crate::io::{Action, Config, Head, Input, PeerFault, TimerKind, ViewCause};
use crate::safety::Guard;
use crate::testing::*;
use crate::types::*;
use crate::wire::Msg;

/// A member whose disk answers when the script says so.
struct Script {
    core: Core,
    /// Every action so far.
    log: Vec<Action>,
    durable: DurableState,
    /// Whether persisting is acknowledged by itself.
    auto: bool,
}

impl Script {
    fn new() -> Self {
        Self::restart(DurableState::default(), genesis_head())
    }

    fn restart(durable: DurableState, head: Head) -> Self {
        let (core, log) = Core::recover(config(), Some(signer(0)), durable.clone(), head).unwrap();
        Self { core, log, durable, auto: true }
    }

    fn input(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        self.core.step(input, &mut actions);
        self.log.extend(actions.iter().cloned());
        let mut acks = Vec::new();
        for action in &actions {
            if let Action::Persist { seq, records } = action
                && self.auto
            {
                records.iter().cloned().for_each(|record| self.durable.fold(record));
                acks.push(*seq);
            }
        }
        for seq in acks {
            let more = self.input(Input::Persisted { seq });
            actions.extend(more);
        }
        actions
    }

    fn deliver(&mut self, from: u16, msg: Msg) -> Vec<Action> {
        let msg = verifier().verify(msg).expect("the script sends what verifies");
        self.input(Input::Message { from: MemberIx::new(from), msg })
    }

    fn valid(&mut self, block: &SealedBlock) -> Vec<Action> {
        self.input(Input::BlockValid { id: block.id(), ok: true })
    }

    fn timer(&mut self, view: u64) -> Vec<Action> {
        self.input(Input::Timer { kind: TimerKind::View, view: View::new(view) })
    }

    fn tick(&mut self) -> Vec<Action> {
        self.input(Input::Timer { kind: TimerKind::Retry, view: View::ZERO })
    }

    /// View 1: the proposal arrives and is voted for.
    fn vote_in_view_1(&mut self, block: &SealedBlock) {
        self.deliver(1, propose(1, block, &genesis_cert(), None));
        self.valid(block);
        assert!(own_vote1(&self.log, 1).is_some());
    }
}

fn propose(view: u64, block: &SealedBlock, justify: &Cert1, tc: Option<&TimeoutCert>) -> Msg {
    Msg::Proposal(Box::new(proposal(view, block, justify, tc)))
}

fn broadcasts(actions: &[Action]) -> impl Iterator<Item = &Msg> {
    actions.iter().filter_map(|action| match action {
        Action::Broadcast { msg, .. } => Some(msg),
        _ => None,
    })
}

fn sends(actions: &[Action], to: u16) -> Vec<&Msg> {
    let sent = actions.iter().filter_map(|action| match action {
        Action::Send { to: peer, msg, .. } => (*peer == MemberIx::new(to)).then_some(msg),
        _ => None,
    });
    sent.collect()
}

fn own_vote1(actions: &[Action], view: u64) -> Option<Vote1> {
    broadcasts(actions).find_map(|msg| match msg {
        Msg::Vote1(vote) if vote.view.get() == view => Some(vote.clone()),
        _ => None,
    })
}

fn own_vote2(actions: &[Action], view: u64) -> Option<Vote2> {
    broadcasts(actions).find_map(|msg| match msg {
        Msg::Vote2(vote) if vote.view.get() == view => Some(vote.clone()),
        _ => None,
    })
}

fn own_timeout(actions: &[Action], view: u64) -> Option<TimeoutVote> {
    broadcasts(actions).find_map(|msg| match msg {
        Msg::Timeout(vote) if vote.view.get() == view => Some((**vote).clone()),
        _ => None,
    })
}

fn committed(actions: &[Action]) -> Vec<u64> {
    let commits = actions.iter().filter_map(|action| match action {
        Action::Commit { blocks, .. } => Some(blocks),
        _ => None,
    });
    commits.flatten().map(|block| block.height().get()).collect()
}

fn entered(actions: &[Action]) -> Vec<(u64, ViewCause)> {
    let entered = actions.iter().filter_map(|action| match action {
        Action::ViewEntered { view, cause, .. } => Some((view.get(), *cause)),
        _ => None,
    });
    entered.collect()
}

fn asks_to_build(actions: &[Action]) -> Vec<(u64, BlockId)> {
    let asked = actions.iter().filter_map(|action| match action {
        Action::BuildBlock { view, parent, .. } => Some((view.get(), *parent)),
        _ => None,
    });
    asked.collect()
}

#[test]
fn votes_commits_and_leaves_a_record_of_each_step() {
    let mut script = Script::new();
    let chain = blocks(1);
    script.vote_in_view_1(&chain[0]);
    script.deliver(1, Msg::Vote1(vote1(1, 1, &chain[0])));
    let actions = script.deliver(2, Msg::Vote1(vote1(2, 1, &chain[0])));
    assert_eq!(entered(&actions), [(2, ViewCause::Cert1)]);
    assert!(own_vote2(&actions, 1).is_some());
    script.deliver(1, Msg::Vote2(vote2(1, 1, &chain[0])));
    let actions = script.deliver(2, Msg::Vote2(vote2(2, 1, &chain[0])));
    assert_eq!(committed(&actions), [1]);
    let id = chain[0].id();
    assert_eq!(script.durable.vote1, Some((View::new(1), Height::new(1), id)));
    assert_eq!(script.durable.vote2, Some((View::new(1), Height::new(1), id, None)));
    assert_eq!(script.durable.lock.as_ref().map(|lock| lock.view), Some(View::new(1)));
    assert!(script.durable.blocks.contains_key(&id));
}

#[test]
fn own_signatures_wait_for_their_record_and_count_only_then() {
    let mut script = Script::new();
    script.auto = false;
    let chain = blocks(1);
    script.deliver(1, propose(1, &chain[0], &genesis_cert(), None));
    let actions = script.valid(&chain[0]);
    let Some(Action::Persist { seq, records }) = actions.first() else {
        panic!("the record comes first: {actions:?}")
    };
    assert!(records.iter().any(|record| matches!(record, Record::Block(_))));
    assert!(records.iter().any(|record| matches!(record, Record::Vote1 { .. })));
    let waits = actions.iter().any(
        |action| matches!(action, Action::Broadcast { after, msg: Msg::Vote1(_) } if after == seq),
    );
    assert!(waits, "{actions:?}");
    // Two more votes are a quorum only with this member's own.
    script.deliver(1, Msg::Vote1(vote1(1, 1, &chain[0])));
    let before = script.deliver(2, Msg::Vote1(vote1(2, 1, &chain[0])));
    assert_eq!(entered(&before), []);
    let after = script.input(Input::Persisted { seq: *seq });
    assert_eq!(entered(&after), [(2, ViewCause::Cert1)]);
}

#[test]
fn every_order_of_arrival_ends_in_the_same_votes_and_commit() {
    let chain = blocks(2);
    let first = cert1(&[1, 2, 3], 1, &chain[0]);
    let msgs = [
        propose(1, &chain[0], &genesis_cert(), None),
        Msg::Cert1(Box::new(first.clone())),
        propose(2, &chain[1], &first, None),
        Msg::Cert1(Box::new(cert1(&[1, 2, 3], 2, &chain[1]))),
        Msg::Cert2(Box::new(cert2(&[1, 2, 3], 2, &chain[1]))),
    ];
    let mut orders = vec![Vec::new()];
    for _ in 0..msgs.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let rest = (0..msgs.len()).filter(|next| !order.contains(next)).collect::<Vec<_>>();
                rest.into_iter().map(move |next| [order.clone(), vec![next]].concat())
            })
            .collect();
    }
    assert_eq!(orders.len(), 120);
    for order in orders {
        let mut script = Script::new();
        for next in &order {
            // The application answers at once; peers answer requests for blocks.
            let mut todo = script.deliver(1, msgs[*next].clone());
            while let Some(action) = todo.pop() {
                match action {
                    Action::ValidateBlock { block } => todo.extend(script.valid(&block)),
                    Action::Send { to, msg: Msg::BlockRequest(id), .. } => {
                        let block = chain.iter().find(|block| block.id() == id).unwrap();
                        todo.extend(script.deliver(to.get(), Msg::BlockAnswer(block.clone())));
                    }
                    Action::Send { to, msg: Msg::RangeRequest(from), .. } => {
                        let from = from.get() as usize - 1;
                        let proof = cert2(&[1, 2, 3], 2, &chain[1]);
                        let range = CommittedRange { blocks: chain[from..].to_vec(), proof };
                        todo.extend(script.deliver(to.get(), Msg::Range(Box::new(range))));
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(committed(&script.log), [1, 2], "order {order:?}");
        assert_eq!(script.core.status().view, View::new(3), "order {order:?}");
        assert_eq!(script.core.status().lock_view, View::new(2), "order {order:?}");
    }
}

#[test]
fn no_vote2_once_the_view_is_abandoned() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    assert!(own_timeout(&script.timer(1), 1).is_some());
    let actions = script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &chain[0]))));
    assert_eq!(entered(&actions), [(2, ViewCause::Cert1)]);
    assert_eq!(own_vote2(&actions, 1), None);
    // Not after a restart either.
    let script = Script::restart(script.durable, genesis_head());
    assert_eq!(own_vote2(&script.log, 1), None);
    assert_eq!(script.core.status().view, View::new(1), "the lock was not signed, so not written");
}

#[test]
fn no_vote1_once_the_view_is_abandoned() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.timer(1);
    script.deliver(1, propose(1, &chain[0], &genesis_cert(), None));
    assert_eq!(own_vote1(&script.valid(&chain[0]), 1), None);
}

#[test]
fn one_vote1_for_two_proposals_and_evidence() {
    let (first, second) = (block(1, GENESIS, 1), block(1, GENESIS, 2));
    let mut script = Script::new();
    script.vote_in_view_1(&first);
    let actions = script.deliver(1, propose(1, &second, &genesis_cert(), None));
    let evidence = actions.iter().find_map(|action| match action {
        Action::Evidence(evidence) => Some(evidence),
        _ => None,
    });
    assert!(verifier().verify_evidence(evidence.expect("two proposals in one view")));
    let actions = script.valid(&second);
    assert_eq!(own_vote1(&actions, 1), None);
    // The certified one is followed all the same.
    let actions = script.deliver(2, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &second))));
    assert_eq!(own_vote2(&actions, 1).map(|vote| vote.block), Some(second.id()));
}

#[test]
fn restart_repeats_the_same_signatures_and_no_others() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    let vote = own_vote1(&script.log, 1).unwrap();
    let mut script = Script::restart(script.durable, genesis_head());
    assert_eq!(own_vote1(&script.log, 1), Some(vote));
    let other = block(1, GENESIS, 7);
    script.log.clear();
    script.deliver(1, propose(1, &other, &genesis_cert(), None));
    script.valid(&other);
    assert_eq!(own_vote1(&script.log, 1), None);
}

#[test]
fn restart_repeats_the_timeout_with_the_lock_it_stated() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    let stated = own_timeout(&script.timer(1), 1).unwrap();
    // The lock rises afterwards.
    script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &chain[0]))));
    script.timer(2);
    let durable = DurableState {
        timeout: Some((View::new(1), stated.lock.clone())),
        lock: None,
        ..script.durable
    };
    let restarted = Script::restart(durable, genesis_head());
    assert_eq!(own_timeout(&restarted.log, 1), Some(stated));
}

#[test]
fn leader_proposes_once_and_again_after_a_restart() {
    let chain = blocks(4);
    let mut script = Script::new();
    // Member 0 leads view 4.
    let third = cert1(&[1, 2, 3], 3, &chain[2]);
    for (view, block) in (1..=3).zip(&chain) {
        let justify = if view == 1 {
            genesis_cert()
        } else {
            cert1(&[1, 2, 3], view - 1, &chain[view as usize - 2])
        };
        script.deliver(1, propose(view, block, &justify, None));
        script.valid(block);
    }
    let actions = script.deliver(1, Msg::Cert1(Box::new(third)));
    assert_eq!(asks_to_build(&actions), [(4, chain[2].id())]);
    // It may wait for the application's answer without asking again.
    assert_eq!(asks_to_build(&script.tick()), []);
    let built = Input::BlockBuilt { view: View::new(4), block: chain[3].block().clone() };
    let actions = script.input(built.clone());
    let proposed = |actions: &[Action]| {
        broadcasts(actions)
            .filter(|msg| matches!(msg, Msg::Proposal(_)))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(proposed(&actions).len(), 1);
    assert!(own_vote1(&actions, 4).is_some());
    assert_eq!(proposed(&script.input(built)), []);
    let restarted = Script::restart(script.durable, genesis_head());
    assert_eq!(proposed(&restarted.log), proposed(&actions));
    assert_eq!(asks_to_build(&restarted.log), []);
}

#[test]
fn leader_ignores_blocks_that_do_not_fit() {
    let chain = blocks(3);
    let mut script = Script::new();
    let lock = cert1(&[1, 2, 3], 3, &chain[0]);
    script.deliver(1, Msg::Cert1(Box::new(lock)));
    script.deliver(1, Msg::BlockAnswer(chain[0].clone()));
    assert_eq!(asks_to_build(&script.valid(&chain[0])), [(4, chain[0].id())]);
    for (view, block) in [(4, &chain[2]), (3, &chain[1]), (5, &chain[1])] {
        let block = block.block().clone();
        let actions = script.input(Input::BlockBuilt { view: View::new(view), block });
        assert_eq!(actions, []);
    }
    let block = chain[1].block().clone();
    assert!(!script.input(Input::BlockBuilt { view: View::new(4), block }).is_empty());
}

#[test]
fn timeouts_amplify_make_a_certificate_and_the_leader_builds_on_the_highest_lock() {
    let chain = blocks(1);
    let lock = cert1(&[1, 2, 3], 1, &chain[0]);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    script.deliver(1, Msg::Timeout(Box::new(timeout(1, 3, &genesis_cert()))));
    assert_eq!(own_timeout(&script.log, 3), None, "one member may lie");
    let actions = script.deliver(2, Msg::Timeout(Box::new(timeout(2, 3, &lock))));
    // Member 0 was in view 1; the attached lock brings it to view 2, the timeouts to view 4.
    assert_eq!(own_timeout(&actions, 3).map(|vote| vote.lock.view), Some(View::new(1)));
    assert_eq!(entered(&actions), [(2, ViewCause::Cert1), (4, ViewCause::TimeoutCert)]);
    assert_eq!(asks_to_build(&actions), [(4, chain[0].id())]);
}

#[test]
fn refuses_a_proposal_below_the_locks_of_its_timeout() {
    let chain = blocks(1);
    let lock = cert1(&[1, 2, 3], 1, &chain[0]);
    let votes =
        [timeout(1, 2, &lock), timeout(2, 2, &genesis_cert()), timeout(3, 2, &genesis_cert())];
    let tc = timeout_cert(&votes);
    let low = block(1, GENESIS, 8);
    let mut script = Script::new();
    let actions = script.deliver(3, propose(3, &low, &genesis_cert(), Some(&tc)));
    let blamed = Action::Penalize { peer: MemberIx::new(3), fault: PeerFault::BadProposal };
    assert_eq!(actions, [blamed]);
    let high = block(2, chain[0].id(), 8);
    script.deliver(3, propose(3, &high, &lock, Some(&tc)));
    script.deliver(3, Msg::BlockAnswer(chain[0].clone()));
    script.valid(&chain[0]);
    assert!(own_vote1(&script.valid(&high), 3).is_some());
}

#[test]
fn own_lock_plays_no_part_in_vote1() {
    // R2: a hidden lock must not stop a proposal that the timeout's quorum justifies.
    let chain = blocks(1);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &chain[0]))));
    let votes: Vec<_> = (1..4).map(|voter| timeout(voter, 2, &genesis_cert())).collect();
    let tc = timeout_cert(&votes);
    let other = block(1, GENESIS, 8);
    script.deliver(3, propose(3, &other, &genesis_cert(), Some(&tc)));
    assert!(own_vote1(&script.valid(&other), 3).is_some());
}

#[test]
fn fetches_a_certified_block_from_its_signers_in_turn() {
    let chain = blocks(2);
    let mut script = Script::new();
    let actions = script.deliver(3, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 2, &chain[1]))));
    let request = Msg::BlockRequest(chain[1].id());
    assert_eq!(sends(&actions, 1), [&request]);
    assert_eq!(sends(&script.tick(), 2), [&request]);
    // Another block is not taken.
    script.deliver(1, Msg::BlockAnswer(block(1, GENESIS, 77)));
    let actions = script.deliver(1, Msg::BlockAnswer(chain[1].clone()));
    assert_eq!(sends(&actions, 1), [&Msg::BlockRequest(chain[0].id())]);
    script.deliver(1, Msg::BlockAnswer(chain[0].clone()));
    script.valid(&chain[0]);
    assert!(own_vote2(&script.valid(&chain[1]), 2).is_some());
}

#[test]
fn catches_up_by_ranges_and_serves_them() {
    let chain = blocks(9);
    let mut script = Script::new();
    let proof = cert2(&[1, 2, 3], 40, &chain[8]);
    let actions = script.deliver(3, Msg::Cert2(Box::new(proof.clone())));
    assert_eq!(sends(&actions, 1), [&Msg::RangeRequest(Height::new(1))]);
    assert!(script.core.status().syncing);
    let part =
        CommittedRange { blocks: chain[..5].to_vec(), proof: cert2(&[1, 2, 3], 20, &chain[4]) };
    let actions = script.deliver(1, Msg::Range(Box::new(part)));
    assert_eq!(committed(&actions), [1, 2, 3, 4, 5]);
    assert_eq!(sends(&actions, 1), [&Msg::RangeRequest(Height::new(6))]);
    let gap = CommittedRange { blocks: chain[6..].to_vec(), proof: proof.clone() };
    let actions = script.deliver(1, Msg::Range(Box::new(gap)));
    let blamed = Action::Penalize { peer: MemberIx::new(1), fault: PeerFault::BadRange };
    assert_eq!(actions, [blamed]);
    let rest = CommittedRange { blocks: chain[3..].to_vec(), proof };
    assert_eq!(committed(&script.deliver(1, Msg::Range(Box::new(rest)))), [6, 7, 8, 9]);
    assert_eq!(script.core.status().view, View::new(41));
    assert!(!script.core.status().syncing);
    let actions = script.deliver(2, Msg::RangeRequest(Height::new(3)));
    assert_eq!(actions, [Action::ServeRange { to: MemberIx::new(2), from: Height::new(3) }]);
    assert_eq!(script.deliver(2, Msg::RangeRequest(Height::new(10))), []);
}

#[test]
fn a_peer_that_is_behind_gets_evidence_once_in_a_tick() {
    let chain = blocks(1);
    let mut script = Script::new();
    let lock = cert1(&[1, 2, 3], 5, &chain[0]);
    script.deliver(1, Msg::Cert1(Box::new(lock.clone())));
    let late = Msg::Timeout(Box::new(timeout(2, 3, &genesis_cert())));
    assert!(script.core.is_useful(MemberIx::new(2), &late));
    assert_eq!(sends(&script.deliver(2, late.clone()), 2), [&Msg::Cert1(Box::new(lock))]);
    assert!(!script.core.is_useful(MemberIx::new(2), &late));
    assert!(sends(&script.deliver(2, late.clone()), 2).is_empty());
    script.tick();
    assert!(!sends(&script.deliver(2, late), 2).is_empty());
}

#[test]
fn a_stuck_member_repeats_itself() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    script.timer(1);
    script.tick();
    let actions = script.tick();
    assert!(own_vote1(&actions, 1).is_some() && own_timeout(&actions, 1).is_some());
    let waits =
        |action: &Action| matches!(action, Action::Broadcast { after, .. } if *after != Seq::ZERO);
    assert!(!actions.iter().any(waits), "what is repeated is durable");
}

#[test]
fn requests_beyond_the_bound_are_not_answered() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.vote_in_view_1(&chain[0]);
    let request = Msg::BlockRequest(chain[0].id());
    for _ in 0..crate::limits::ANSWERS_PER_TICK_MAX {
        assert_eq!(sends(&script.deliver(2, request.clone()), 2).len(), 1);
    }
    let blamed = Action::Penalize { peer: MemberIx::new(2), fault: PeerFault::TooManyRequests };
    assert_eq!(script.deliver(2, request), [blamed]);
}

#[test]
fn an_invalid_block_gets_no_vote_in_either_phase() {
    let chain = blocks(1);
    let mut script = Script::new();
    script.deliver(1, propose(1, &chain[0], &genesis_cert(), None));
    let actions = script.input(Input::BlockValid { id: chain[0].id(), ok: false });
    let blamed = Action::Penalize { peer: MemberIx::new(1), fault: PeerFault::InvalidBlock };
    assert_eq!(actions, [blamed]);
    let actions = script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &chain[0]))));
    assert_eq!(own_vote2(&actions, 1), None);
}

#[test]
fn votes_outside_the_window_are_dropped() {
    let chain = blocks(1);
    let mut script = Script::new();
    let far = Msg::Vote1(vote1(1, 2 + crate::limits::VIEWS_AHEAD_MAX, &chain[0]));
    assert!(!script.core.is_useful(MemberIx::new(1), &far));
    for voter in 1..4 {
        let vote = vote1(voter, 2 + crate::limits::VIEWS_AHEAD_MAX, &chain[0]);
        assert_eq!(script.deliver(voter, Msg::Vote1(vote)), []);
    }
    // A certificate is evidence by itself, however far ahead.
    let actions = script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 900, &chain[0]))));
    assert_eq!(entered(&actions), [(901, ViewCause::Cert1)]);
}

#[test]
fn halts_on_two_certificates_of_one_view() {
    let (first, second) = (block(1, GENESIS, 1), block(1, GENESIS, 2));
    let mut script = Script::new();
    script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &first))));
    let actions = script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &second))));
    let [Action::Halt(evidence)] = actions.as_slice() else { panic!("{actions:?}") };
    assert!(verifier().verify_evidence(evidence));
    assert!(script.core.status().halted);
    assert_eq!(script.timer(2), []);
}

#[test]
fn halts_on_a_commit_beside_the_chain() {
    let (first, second) = (block(1, GENESIS, 1), block(1, GENESIS, 2));
    let mut script = Script::new();
    script.vote_in_view_1(&first);
    script.deliver(1, Msg::Cert2(Box::new(cert2(&[1, 2, 3], 1, &first))));
    let actions = script.deliver(1, Msg::Cert2(Box::new(cert2(&[1, 2, 3], 2, &second))));
    let [Action::Halt(evidence)] = actions.as_slice() else { panic!("{actions:?}") };
    assert!(verifier().verify_evidence(evidence));
}

#[test]
fn commits_what_the_log_holds_and_the_application_lacks() {
    let chain = blocks(2);
    let mut durable = DurableState::default();
    chain.iter().cloned().for_each(|block| durable.fold(Record::Block(block)));
    durable.fold(Record::Committed(cert2(&[1, 2, 3], 2, &chain[1])));
    let script = Script::restart(durable.clone(), genesis_head());
    assert_eq!(committed(&script.log), [1, 2]);
    let head = Head { height: Height::new(1), id: chain[0].id(), proof: None };
    assert_eq!(committed(&Script::restart(durable, head).log), [2]);
}

#[test]
fn refuses_to_vote_without_its_log() {
    let head = Head { height: Height::new(5), ..genesis_head() };
    let start = |config: Config, signs: bool| {
        let signer = signs.then(|| signer(0));
        Core::recover(config, signer, DurableState::default(), head.clone()).map(drop)
    };
    let missing = RecoverError::MissingLog { height: Height::new(5) };
    assert_eq!(start(config(), true), Err(missing));
    assert_eq!(start(config(), false), Ok(()));
    assert_eq!(start(Config { allow_missing_log: true, ..config() }, true), Ok(()));
}

#[test]
fn an_observer_follows_without_signing() {
    let chain = blocks(1);
    let durable = DurableState::default();
    let (mut core, mut log) = Core::recover(config(), None, durable, genesis_head()).unwrap();
    let msgs = [
        propose(1, &chain[0], &genesis_cert(), None),
        Msg::Cert2(Box::new(cert2(&[1, 2, 3], 1, &chain[0]))),
    ];
    for msg in msgs {
        let (from, msg) = (MemberIx::new(1), verifier().verify(msg).unwrap());
        core.step(Input::Message { from, msg }, &mut log);
    }
    core.step(Input::Timer { kind: TimerKind::View, view: View::new(2) }, &mut log);
    assert_eq!(committed(&log), [1]);
    let signed =
        |action: &Action| matches!(action, Action::Persist { .. } | Action::Broadcast { .. });
    assert!(!log.iter().any(signed), "{log:?}");
}

#[test]
fn a_disabled_guard_is_disabled() {
    // Otherwise the mutation tests of the simulator would prove nothing.
    let chain = blocks(1);
    let guard = Guard::NoVote2AfterTimeout;
    let (durable, head) = (DurableState::default(), genesis_head());
    let (core, log) =
        Core::recover_without(guard, config(), Some(signer(0)), durable.clone(), head).unwrap();
    let mut script = Script { core, log, durable, auto: true };
    script.vote_in_view_1(&chain[0]);
    script.timer(1);
    let actions = script.deliver(1, Msg::Cert1(Box::new(cert1(&[1, 2, 3], 1, &chain[0]))));
    assert!(own_vote2(&actions, 1).is_some());
}
