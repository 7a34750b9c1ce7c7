//! A crafted schedule: the leader after a timeout builds below a lock that the timeout states.
//! With the guard on nobody votes for it; without it two blocks are committed at height 1.

use asset_consensus::scheme::{Mock, MockSigner};
use asset_consensus::{
    Action, Block, BlockId, Cert1, ChainId, Committee, Config, Core, DurableState, Epoch, Guard,
    Head, Height, Input, MemberIx, Msg, PacemakerConfig, PeerFault, Proposal, PublicKey,
    SealedBlock, Signature, Signer, SigningContext, TimeoutCert, TimeoutSignature, TimerKind,
    Verifier, View, Vote1, Vote2,
};
use asset_consensus_sim::{Checker, Violation};

const EPOCH: Epoch = Epoch::new(1);
const CHAIN: ChainId = ChainId::new([7; 32]);
const GENESIS: BlockId = BlockId::new([9; 32]);
const CONTEXT: SigningContext = SigningContext { chain: CHAIN, epoch: EPOCH };
/// Leads view 3.
const LIAR: MemberIx = MemberIx::new(3);

/// Three honest members whose disks and applications answer at once.
struct Script {
    cores: Vec<Core>,
    verifier: Verifier<Mock>,
    checker: Checker,
    faults: Vec<PeerFault>,
}

impl Script {
    fn new(without: Option<Guard>) -> Self {
        let keys = (0..4).map(key);
        let config = Config {
            chain: CHAIN,
            committee: Committee::equal(EPOCH, keys).unwrap(),
            genesis: GENESIS,
            pacemaker: PacemakerConfig {
                view_base_ms: 400,
                growth_percent: 150,
                view_cap_ms: 5_000,
                retry_ms: 100,
            },
            allow_missing_log: false,
        };
        let start = |member: u16| {
            let signer: Option<Box<dyn Signer>> = Some(Box::new(MockSigner(key(member))));
            let head = Head { height: Height::ZERO, id: GENESIS, proof: None };
            let (config, durable) = (config.clone(), DurableState::default());
            let recovered = match without {
                Some(guard) => Core::recover_without(guard, config, signer, durable, head),
                None => Core::recover(config, signer, durable, head),
            };
            recovered.unwrap().0
        };
        Self {
            cores: (0..3).map(start).collect(),
            verifier: Verifier::new(Mock, CHAIN, config.committee.clone(), GENESIS),
            checker: Checker::new(4, (0..3).map(MemberIx::new).collect()),
            faults: Vec::new(),
        }
    }

    /// Gives an input to a member and returns what it broadcasts.
    fn input(&mut self, member: usize, input: Input) -> Vec<Msg> {
        let (mut inputs, mut sent) = (vec![input], Vec::new());
        while let Some(input) = inputs.pop() {
            let mut actions = Vec::new();
            self.cores[member].step(input, &mut actions);
            for action in actions {
                match action {
                    Action::Persist { seq, .. } => inputs.push(Input::Persisted { seq }),
                    Action::ValidateBlock { block } => {
                        inputs.push(Input::BlockValid { id: block.id(), ok: true });
                    }
                    Action::Broadcast { msg, .. } => {
                        self.checker.on_release(MemberIx::new(member as u16), &msg);
                        sent.push(msg);
                    }
                    Action::Commit { blocks, proof } => {
                        self.checker.on_commit(member, &blocks, &proof);
                    }
                    Action::Penalize { fault, .. } => self.faults.push(fault),
                    _ => {}
                }
            }
        }
        sent
    }

    fn deliver(&mut self, to: &[usize], msgs: &[Msg]) -> Vec<Msg> {
        let mut sent = Vec::new();
        for (member, msg) in to.iter().flat_map(|to| msgs.iter().map(move |msg| (*to, msg))) {
            let msg = self.verifier.verify(msg.clone()).expect("valid");
            sent.extend(self.input(member, Input::Message { from: LIAR, msg }));
        }
        sent
    }

    /// The liar's message, which the checker sees too.
    fn lie(&mut self, msg: Msg) -> Msg {
        self.checker.on_release(LIAR, &msg);
        msg
    }
}

fn key(member: u16) -> PublicKey {
    PublicKey([member as u8 + 1; 32])
}

fn liar_signs(digest: &asset_consensus::Digest) -> Signature {
    MockSigner(key(LIAR.get())).sign(digest)
}

fn block(parent: BlockId, payload: u8) -> Block {
    Block { height: Height::new(1), parent, settlement: None, payload: vec![payload] }
}

fn liar_votes(view: View, block: &SealedBlock) -> [Msg; 2] {
    let (epoch, height, id, voter) = (EPOCH, block.height(), block.id(), LIAR);
    let signature = liar_signs(&CONTEXT.vote1(view, height, &id));
    let vote1 = Vote1 { epoch, view, height, block: id, voter, signature };
    let signature = liar_signs(&CONTEXT.vote2(view, height, &id, None));
    let (settlement, attestation) = (None, None);
    let vote2 = Vote2 { epoch, view, height, block: id, settlement, voter, signature, attestation };
    [Msg::Vote1(vote1), Msg::Vote2(vote2)]
}

fn votes(msgs: &[Msg], phase: u8) -> Vec<Msg> {
    let wanted = |msg: &&Msg| match msg {
        Msg::Vote1(_) => phase == 1,
        Msg::Vote2(_) => phase == 2,
        _ => false,
    };
    msgs.iter().filter(wanted).cloned().collect()
}

/// Runs the schedule; the liar's proposal for view 3 builds on genesis although member 0 has
/// committed X of view 1.
fn play(without: Option<Guard>) -> Script {
    let mut script = Script::new(without);
    let (first, third) = (View::new(1), View::new(3));
    let x = SealedBlock::seal(block(GENESIS, 1), &CHAIN);
    let y = SealedBlock::seal(block(GENESIS, 2), &CHAIN);

    // View 1: members 0 and 1 certify X and vote twice; only member 0 sees it committed.
    let mut sent = script.input(1, Input::BlockBuilt { view: first, block: x.block().clone() });
    let proposal: Vec<_> =
        sent.iter().filter(|msg| matches!(msg, Msg::Proposal(_))).cloned().collect();
    sent.extend(script.deliver(&[0, 2], &proposal));
    let second = script.deliver(&[0, 1], &votes(&sent, 1));
    let lie = liar_votes(first, &x).map(|msg| script.lie(msg));
    script.deliver(&[0], &votes(&second, 2));
    script.deliver(&[0], &lie[1..]);
    assert_eq!(script.cores[0].status().committed, Height::new(1));
    assert_eq!(script.cores[1].status().committed, Height::ZERO);

    // View 2 is abandoned by members 0 and 1, who state their lock, and by the liar, who does not.
    let abandon = Input::Timer { kind: TimerKind::View, view: View::new(2) };
    let mut signatures = Vec::new();
    let mut lock = None;
    for member in 0..2 {
        for msg in script.input(member, abandon.clone()) {
            let Msg::Timeout(vote) = msg else { continue };
            let (member, lock_view) = (vote.voter, vote.lock.view);
            signatures.push(TimeoutSignature { member, lock_view, signature: vote.signature });
            lock = Some(vote.lock);
        }
    }
    let signature = liar_signs(&CONTEXT.timeout(View::new(2), View::ZERO));
    signatures.push(TimeoutSignature { member: LIAR, lock_view: View::ZERO, signature });
    let lock = lock.expect("two members abandoned the view");
    let timeout = TimeoutCert { epoch: EPOCH, view: View::new(2), signatures, lock };

    // View 3: the liar proposes Y on genesis, below the lock of view 1.
    let justify = Cert1::genesis(EPOCH, Height::ZERO, GENESIS);
    let digest = CONTEXT.proposal(third, &y.id(), &justify, Some(&timeout));
    let signature = liar_signs(&digest);
    let (epoch, block) = (EPOCH, y.clone());
    let proposal =
        Proposal { epoch, view: third, block, justify, timeout: Some(timeout), signature };
    let proposal = script.lie(Msg::Proposal(Box::new(proposal)));
    let sent = script.deliver(&[1, 2], &[proposal]);
    let lie = liar_votes(third, &y).map(|msg| script.lie(msg));
    let mut first_votes = votes(&sent, 1);
    first_votes.push(lie[0].clone());
    let sent = script.deliver(&[1, 2], &first_votes);
    let mut second_votes = votes(&sent, 2);
    second_votes.push(lie[1].clone());
    script.deliver(&[1, 2], &second_votes);
    script
}

#[test]
fn nobody_votes_below_the_locks_of_a_timeout() {
    let script = play(None);
    assert_eq!(script.checker.violations(), &[]);
    assert_eq!(script.faults, [PeerFault::BadProposal, PeerFault::BadProposal]);
    assert_eq!(script.cores[1].status().committed, Height::ZERO);
}

#[test]
fn without_the_guard_the_chain_forks() {
    let script = play(Some(Guard::JustifiedByLocks));
    let violations = script.checker.violations();
    assert!(violations.contains(&Violation::Fork { height: 1 }), "{violations:?}");
}
