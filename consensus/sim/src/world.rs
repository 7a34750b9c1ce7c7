//! The world: slots, network, clock and the event queue.

use crate::checker::Checker;
use crate::network::{Network, NetworkConfig};
use crate::slot::{Slot, Waiting};
use asset_consensus::scheme::{Mock, MockSigner};
use asset_consensus::{
    Action, BlockId, ChainId, Committee, Config, Core, DurableState, Epoch, Guard, Input, MemberIx,
    Msg, PacemakerConfig, PublicKey, SealedBlock, Seq, Signer, TimerKind, Verifier, View, wire,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A fault that is planted into every honest slot, for the checker to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A guard of the core is disabled.
    Without(Guard),
    /// Messages leave before their records are durable.
    SendBeforeDurable,
    /// A restart forgets locks and phase-2 votes.
    ForgetLocks,
}

/// What is simulated.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Determines everything.
    pub seed: u64,
    /// The size of the committee.
    pub members: usize,
    /// Members that run twice with one key.
    pub twins: Vec<usize>,
    /// The network.
    pub network: NetworkConfig,
    /// A planted fault, if any.
    pub mutation: Option<Mutation>,
    /// How long a leader's application waits before it answers, at most, in milliseconds.
    pub build_max_ms: u64,
}

impl SimConfig {
    /// Four members without faults.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            members: 4,
            twins: Vec::new(),
            network: NetworkConfig::perfect(),
            mutation: None,
            build_max_ms: 10,
        }
    }
}

#[derive(Debug)]
enum Event {
    Deliver { slot: usize, from: MemberIx, bytes: Vec<u8> },
    Timer { slot: usize, life: u64, kind: TimerKind, view: View, token: u64 },
    Synced { slot: usize, life: u64, seq: Seq },
    Built { slot: usize, life: u64, view: View, parent: BlockId, height: u64 },
    Validated { slot: usize, life: u64, block: SealedBlock },
    Applied { slot: usize, life: u64, height: u64 },
    Crash { slot: usize },
    Restart { slot: usize },
}

/// A running simulation.
#[derive(Debug)]
pub struct World {
    config: SimConfig,
    core_config: Config,
    verifier: Verifier<Mock>,
    rng: ChaCha8Rng,
    now_ms: u64,
    next_event: u64,
    queue: BTreeMap<(u64, u64), Event>,
    slots: Vec<Slot>,
    network: Network,
    checker: Checker,
    trace: Sha256,
}

impl World {
    /// Sets up and starts all slots.
    pub fn new(config: SimConfig) -> Self {
        let core_config = core_config(config.members);
        let genesis = core_config.genesis;
        let verifier =
            Verifier::new(Mock, core_config.chain, core_config.committee.clone(), genesis);
        let members = (0..config.members).chain(config.twins.iter().copied());
        let slots: Vec<_> = members.map(|member| Slot::new(ix(member), genesis)).collect();
        let honest = (0..config.members).filter(|member| !config.twins.contains(member)).map(ix);
        let mut world = Self {
            network: Network::new(config.network.clone(), slots.len()),
            checker: Checker::new(config.members, honest.collect()),
            rng: ChaCha8Rng::seed_from_u64(config.seed),
            config,
            core_config,
            verifier,
            now_ms: 0,
            next_event: 0,
            queue: BTreeMap::new(),
            slots,
            trace: Sha256::new(),
        };
        (0..world.slots.len()).for_each(|slot| world.start(slot));
        world
    }

    /// The judge.
    pub const fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Simulated time.
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The committed height of a slot, which lives on while the slot is down.
    pub fn height(&self, slot: usize) -> u64 {
        self.slots[slot].app.height()
    }

    /// The current view of a slot, if it is up.
    pub fn view(&self, slot: usize) -> Option<View> {
        self.slots[slot].core.as_ref().map(|core| core.status().view)
    }

    /// The lowest committed height of honest slots.
    pub fn height_min(&self) -> u64 {
        self.honest_slots().map(|slot| self.height(slot)).min().unwrap_or(0)
    }

    /// A hash of everything that happened.
    pub fn trace_hash(&self) -> [u8; 32] {
        self.trace.clone().finalize().into()
    }

    /// Plans a crash and, after `down_ms`, a restart (none for `None`).
    pub fn plan_crash(&mut self, slot: usize, at_ms: u64, down_ms: Option<u64>) {
        self.schedule(at_ms, Event::Crash { slot });
        if let Some(down_ms) = down_ms {
            self.schedule(at_ms + down_ms, Event::Restart { slot });
        }
    }

    /// Draws from the world's stream, for tests that plan at random.
    pub fn draw(&mut self, below: u64) -> u64 {
        self.rng.next_u64() % below.max(1)
    }

    /// Runs until a time, or until a violation.
    pub fn run_until(&mut self, end_ms: u64) {
        while let Some((&(at_ms, number), _)) = self.queue.first_key_value() {
            if at_ms > end_ms || !self.checker.violations().is_empty() {
                break;
            }
            let event = self.queue.remove(&(at_ms, number));
            self.now_ms = at_ms;
            event.into_iter().for_each(|event| self.handle(event));
        }
        self.now_ms = self.now_ms.max(end_ms);
    }

    fn honest_slots(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.config.members).filter(|slot| !self.config.twins.contains(slot))
    }

    fn is_honest(&self, slot: usize) -> bool {
        !self.config.twins.contains(&usize::from(self.slots[slot].member.get()))
    }

    fn schedule(&mut self, at_ms: u64, event: Event) {
        self.next_event += 1;
        self.queue.insert((at_ms, self.next_event), event);
    }

    fn note(&mut self, kind: u8, slot: usize, bytes: &[u8]) {
        self.trace.update(self.now_ms.to_le_bytes());
        self.trace.update([kind, slot as u8]);
        self.trace.update(bytes);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Deliver { slot, from, bytes } => self.deliver(slot, from, &bytes),
            Event::Crash { slot } if self.slots[slot].core.is_some() => self.crash(slot),
            Event::Restart { slot } if self.slots[slot].core.is_none() => self.start(slot),
            Event::Crash { .. } | Event::Restart { .. } => {}
            Event::Timer { slot, life, kind, view, token } => {
                if self.lives(slot, life) && self.slots[slot].timers.get(&kind) == Some(&token) {
                    self.note(1, slot, &view.get().to_le_bytes());
                    self.step(slot, Input::Timer { kind, view });
                }
            }
            Event::Synced { slot, life, seq } if self.lives(slot, life) => self.synced(slot, seq),
            Event::Built { slot, life, view, parent, height } if self.lives(slot, life) => {
                let mut tag = [slot as u8; 9];
                tag[1..].copy_from_slice(&self.rng.next_u64().to_le_bytes());
                let height = asset_consensus::Height::new(height);
                let chain = self.core_config.chain;
                let block = self.slots[slot].app.build(parent, height, tag, &chain);
                self.step(slot, Input::BlockBuilt { view, block });
            }
            Event::Validated { slot, life, block } if self.lives(slot, life) => {
                let id = block.id();
                let ok = self.slots[slot].app.validate(&block);
                self.step(slot, Input::BlockValid { id, ok });
            }
            Event::Applied { slot, life, height } if self.lives(slot, life) => {
                self.slots[slot].app.applied(height);
                let height = asset_consensus::Height::new(height);
                self.step(slot, Input::Applied { height });
            }
            Event::Synced { .. }
            | Event::Built { .. }
            | Event::Validated { .. }
            | Event::Applied { .. } => {}
        }
    }

    fn lives(&self, slot: usize, life: u64) -> bool {
        self.slots[slot].life == life && self.slots[slot].core.is_some()
    }

    fn start(&mut self, slot: usize) {
        let member = self.slots[slot].member;
        let it = &mut self.slots[slot];
        let mut durable = it.disk.recover();
        if self.config.mutation == Some(Mutation::ForgetLocks) {
            durable = DurableState { lock: None, vote2: None, ..durable };
        }
        it.app.crash();
        let head = it.app.head();
        it.persisted = Seq::ZERO;
        it.last_view = View::ZERO;
        self.checker.on_start(slot, &head);
        let signer: Option<Box<dyn Signer>> = Some(Box::new(MockSigner(key(member))));
        let config = Config { allow_missing_log: true, ..self.core_config.clone() };
        let recovered = match self.config.mutation {
            Some(Mutation::Without(guard)) => {
                Core::recover_without(guard, config, signer, durable, head)
            }
            Some(Mutation::SendBeforeDurable | Mutation::ForgetLocks) | None => {
                Core::recover(config, signer, durable, head)
            }
        };
        let (core, actions) = recovered.expect("the configuration is valid");
        self.slots[slot].core = Some(core);
        self.note(2, slot, &[]);
        self.perform(slot, actions);
    }

    fn crash(&mut self, slot: usize) {
        self.note(3, slot, &[]);
        let it = &mut self.slots[slot];
        it.core = None;
        it.life += 1;
        it.waiting.clear();
        it.timers.clear();
        it.app.crash();
        it.disk.crash(&mut self.rng);
    }

    fn deliver(&mut self, slot: usize, from: MemberIx, bytes: &[u8]) {
        let Some(core) = &self.slots[slot].core else { return };
        let msg = wire::decode(bytes).expect("members encode what they decode");
        assert_eq!(wire::encode(&msg), bytes, "the encoding is canonical");
        if !core.is_useful(from, &msg) {
            return;
        }
        let msg = self.verifier.verify(msg).expect("members send what verifies");
        self.note(4, slot, bytes);
        self.step(slot, Input::Message { from, msg });
    }

    fn synced(&mut self, slot: usize, seq: Seq) {
        self.slots[slot].disk.sync(seq);
        self.slots[slot].persisted = seq;
        self.release(slot);
        self.step(slot, Input::Persisted { seq });
    }

    fn step(&mut self, slot: usize, input: Input) {
        let Some(core) = &mut self.slots[slot].core else { return };
        let mut actions = Vec::new();
        core.step(input, &mut actions);
        self.perform(slot, actions);
    }

    fn perform(&mut self, slot: usize, actions: Vec<Action>) {
        let life = self.slots[slot].life;
        for action in actions {
            match action {
                Action::Persist { seq, records } => {
                    self.slots[slot].disk.append(seq, &records);
                    let latency = 1 + self.rng.next_u64() % 5;
                    let at_ms = (self.now_ms + latency).max(self.slots[slot].last_sync_ms);
                    self.slots[slot].last_sync_ms = at_ms;
                    self.schedule(at_ms, Event::Synced { slot, life, seq });
                }
                Action::Broadcast { after, msg } => {
                    self.slots[slot].waiting.push(Waiting { after, to: None, msg });
                }
                Action::Send { after, to, msg } => {
                    self.slots[slot].waiting.push(Waiting { after, to: Some(to), msg });
                }
                Action::SetTimer { kind, view, after_ms } => {
                    let token = self.next_event;
                    self.slots[slot].timers.insert(kind, token);
                    let timer = Event::Timer { slot, life, kind, view, token };
                    self.schedule(self.now_ms + after_ms, timer);
                }
                Action::BuildBlock { view, parent, height, .. } => {
                    let at_ms = self.now_ms + 1 + self.rng.next_u64() % self.config.build_max_ms;
                    let height = height.get();
                    self.schedule(at_ms, Event::Built { slot, life, view, parent, height });
                }
                Action::ValidateBlock { block } => {
                    let at_ms = self.now_ms + 1 + self.rng.next_u64() % 3;
                    self.schedule(at_ms, Event::Validated { slot, life, block });
                }
                Action::Commit { blocks, proof } => {
                    if self.is_honest(slot) {
                        self.checker.on_commit(slot, &blocks, &proof);
                    }
                    self.slots[slot].app.commit(blocks, *proof);
                    let height = self.slots[slot].app.height();
                    let at_ms = self.now_ms + 1 + self.rng.next_u64() % 40;
                    self.schedule(at_ms, Event::Applied { slot, life, height });
                }
                Action::ServeRange { to, from } => {
                    let (after, to) = (Seq::ZERO, Some(to));
                    let answer = self.slots[slot].app.range(from);
                    let answer = answer.map(|msg| Waiting { after, to, msg });
                    self.slots[slot].waiting.extend(answer);
                }
                Action::ViewEntered { view, .. } => {
                    assert!(view > self.slots[slot].last_view, "views ascend (I4)");
                    self.slots[slot].last_view = view;
                }
                Action::Halt(_) if self.is_honest(slot) => self.checker.on_halt(slot),
                Action::Halt(_) | Action::Evidence(_) | Action::Penalize { .. } => {}
            }
        }
        self.release(slot);
    }

    fn release(&mut self, slot: usize) {
        if self.config.mutation == Some(Mutation::SendBeforeDurable) {
            self.slots[slot].waiting.iter_mut().for_each(|waiting| waiting.after = Seq::ZERO);
        }
        for waiting in self.slots[slot].take_released() {
            self.transmit(slot, waiting.to, &waiting.msg);
        }
    }

    /// Hands a message to the network. A twin reaches a random part of the others each time.
    fn transmit(&mut self, slot: usize, to: Option<MemberIx>, msg: &Msg) {
        let member = self.slots[slot].member;
        self.checker.on_release(member, msg);
        let bytes = wire::encode(msg);
        for receiver in 0..self.slots.len() {
            let addressed = to.is_none_or(|to| to == self.slots[receiver].member);
            if self.slots[receiver].member == member || !addressed {
                continue;
            }
            if !self.is_honest(slot) && self.rng.next_u64().is_multiple_of(2) {
                continue;
            }
            for latency in self.network.route(self.now_ms, slot, receiver, &mut self.rng) {
                let (from, bytes) = (member, bytes.clone());
                let delivery = Event::Deliver { slot: receiver, from, bytes };
                self.schedule(self.now_ms + latency, delivery);
            }
        }
    }
}

fn ix(member: usize) -> MemberIx {
    MemberIx::new(u16::try_from(member).expect("few members"))
}

fn key(member: MemberIx) -> PublicKey {
    PublicKey([u8::try_from(member.get() + 1).expect("few members"); 32])
}

fn core_config(members: usize) -> Config {
    let keys: BTreeSet<_> = (0..members).map(|member| key(ix(member))).collect();
    Config {
        chain: ChainId::new([7; 32]),
        committee: Committee::equal(Epoch::new(1), keys).expect("distinct keys"),
        genesis: BlockId::new([9; 32]),
        pacemaker: PacemakerConfig {
            view_base_ms: 400,
            growth_percent: 150,
            view_cap_ms: 5_000,
            retry_ms: 100,
        },
        allow_missing_log: false,
    }
}
