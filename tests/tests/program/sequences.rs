//! Random sequences of instructions: the vault holds what the chain owes in every state, and what is honest is never rolled back.
//!
//! The seed is printed; `SEQUENCES_SEED` sets another one.
#![expect(clippy::print_stderr, reason = "a failing run must say which seed was drawn")]

use std::collections::BTreeSet;

use asset_rollup_interface::{error::RollupError, instruction::TraceFault};
use curvevm::{
    cell::{Account, Accrued, Cell, Chain as ChainCell, Holding, Phase},
    inbox::MessageKind,
    program::{Amount, Instruction},
    tree::Tree,
    tx::Transaction,
    types::{AssetId, Base, CurveId, Quote},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::support::{
    BOND, Build, Chain, SOL, Sealed, World, account_of, address, assert_refused, exhibits, orders,
    signed, trace, withdraw,
};

const SEED: u64 = 20_261_128;
/// Users with accounts.
const USERS: u8 = 5;
/// Batches that are challenged at random in the honest run.
const HONEST_BATCHES: u64 = 1_000;
/// Steps of the run in which some batches are dishonest.
const STEPS: usize = 600;
/// The first seed of accounts for witnesses, and of posters in takeovers.
const WITNESS: u8 = 30;

/// What became of the steps.
#[derive(Debug, Default)]
struct Tally {
    deposits: usize,
    batches: usize,
    finalized: usize,
    claims: usize,
    replays: usize,
    challenges: usize,
    convictions: usize,
}

/// A rollup, the chain that it settles, and who trades there.
struct Run {
    world: World,
    rng: ChaCha8Rng,
    curve: CurveId,
    nonces: [u64; USERS as usize],
    /// The batches that are live, with their data.
    live: Vec<Sealed>,
    claimed: BTreeSet<u64>,
    tally: Tally,
}

fn lamports_of(asset: AssetId, quote: Quote) -> u128 {
    if asset == AssetId::SOL { u128::from(quote.get()) } else { 0 }
}

fn accrued(fees: &Accrued) -> u128 {
    [fees.protocol, fees.creator, fees.partner].iter().map(|it| u128::from(it.quote.get())).sum()
}

/// The lamports that a state owes: those of accounts, curves, pools and withdrawals that are not paid.
fn owed(tree: &Tree, claimed: &BTreeSet<u64>) -> u128 {
    let mut sum = 0;
    tree.for_each(|_, cell| {
        sum += match cell {
            Cell::Account(account) => {
                account.balances.iter().map(|(asset, quote)| lamports_of(*asset, *quote)).sum()
            }
            Cell::Curve(curve) => u128::from(curve.reserve.get()) + accrued(&curve.fees),
            Cell::Pool(pool) => u128::from(pool.quote.get()) + accrued(&pool.fees),
            Cell::Withdrawal(it) if !claimed.contains(&it.index) => match it.amount {
                Amount::Quote(asset, quote) => lamports_of(asset, quote),
                Amount::Base(..) => 0,
            },
            _ => 0,
        };
    });
    sum
}

impl Run {
    /// Users who have deposited, and a curve.
    fn new(build: Build, seed: u64) -> Self {
        let mut world = World::new(build);
        for user in 0..USERS {
            world.deposit(address(user), 100 * SOL).unwrap();
        }
        let module = super::support::modules::long(super::support::modules::Kind::Fixed, 1, 1);
        let (id, hash) = (world.chain.id, module.hash());
        let program = vec![Instruction::PublishModule(module), orders::launch(hash, 1, None)];
        let live = vec![world.settle(vec![signed(0, 0, program, &id)])];
        let (nonces, claimed) = ([1, 0, 0, 0, 0], BTreeSet::new());
        let curve = CurveId::derive(&address(0), 1);
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self { world, rng, curve, nonces, live, claimed, tally: Tally::default() }
    }

    fn tree(&self) -> &Tree {
        &self.world.chain.tree
    }

    /// The vault holds its rent minimum and what the chain owes, with what waits in the inbox.
    #[track_caller]
    fn check(&self) {
        let world = &self.world;
        let rollup = world.rollup_account();
        let cursor = super::support::cursor(self.tree());
        let waiting: u128 = (cursor..world.inbox_account().count)
            .map(|index| match world.message_account(index).unwrap().message().unwrap().kind {
                MessageKind::Deposit { asset, amount, .. } => lamports_of(asset, amount),
                MessageKind::DepositBase { .. } | MessageKind::Transaction { .. } => 0,
            })
            .sum();
        let rent = world.svm.minimum_balance_for_rent_exemption(0);
        let held = u128::from(world.lamports(&world.vault) - rent);
        assert_eq!(held, owed(self.tree(), &self.claimed) + waiting, "{:?}", self.tally);
        assert!(rollup.finalized_number <= rollup.committed_number);
        assert_eq!(rollup.committed_root, self.tree().clone().root());
    }

    fn user(&mut self) -> u8 {
        self.rng.random_range(0..USERS)
    }

    fn deposit(&mut self) {
        let (user, lamports) = (self.user(), self.rng.random_range(1_000..SOL));
        self.world.deposit(address(user), lamports).unwrap();
        self.tally.deposits += 1;
    }

    fn holding(&self, user: u8) -> u64 {
        match self.tree().get(&Holding::key(&self.curve, &address(user))).unwrap() {
            Some(Cell::Holding(holding)) => holding.amount.get(),
            _ => 0,
        }
    }

    /// A transaction that succeeds.
    fn transaction(&mut self) -> Transaction {
        let user = self.user();
        let amount = self.rng.random_range(1_000_100..2_000_000);
        let (to, part) = (self.user(), self.holding(user) / 7);
        let is_open = |cell: Option<&Cell>| match cell {
            Some(Cell::Curve(curve)) => matches!(curve.phase, Phase::Trading),
            _ => false,
        };
        let key = curvevm::cell::Curve::key(&self.curve);
        let open = is_open(self.tree().get(&key).unwrap());
        let instruction = match self.rng.random_range(0..5) {
            0 if open => orders::buy_in(self.curve, amount),
            1 if open && part > 100_000_000_000 => orders::sell_in(self.curve, part),
            2 if to != user => orders::pay(address(to), AssetId::SOL, amount),
            3 if part > 0 => Instruction::Withdraw {
                amount: Amount::Base(self.curve, Base::new(part)),
                recipient: address(to),
            },
            _ => withdraw(address(60 + to), amount),
        };
        let nonce = &mut self.nonces[usize::from(user)];
        *nonce += 1;
        signed(user, *nonce - 1, vec![instruction], &self.world.chain.id)
    }

    /// At most one transaction of each user, so that each is made on the state that it finds.
    fn settle(&mut self) {
        let transactions = if self.rng.random() { vec![self.transaction()] } else { vec![] };
        let sealed = self.world.settle(transactions);
        self.live.push(sealed);
        self.tally.batches += 1;
    }

    /// Finalizes everything once the windows are over.
    fn finalize(&mut self) {
        self.world.pass(20, 10);
        for sealed in std::mem::take(&mut self.live) {
            self.world.finalize(sealed.header.number).unwrap();
            self.tally.finalized += 1;
        }
    }

    /// Claims a withdrawal in lamports, be it paid already or not, under the last finalized root.
    fn claim(&mut self) {
        let number = self.world.rollup_account().finalized_number;
        if number == 0 {
            return;
        }
        let mut indices = vec![];
        self.world.chain.state(number).for_each(|_, cell| {
            if let Cell::Withdrawal(it) = cell
                && matches!(it.amount, Amount::Quote(..))
            {
                indices.push(it.index);
            }
        });
        if indices.is_empty() {
            return;
        }
        let index = indices[self.rng.random_range(0..indices.len())];
        let (claim, recipient) = self.world.chain.claim(number, index);
        let instruction = self.world.withdraw_instruction(&claim, recipient);
        // The runtime refuses to leave an account below its rent minimum.
        let minimum = self.world.svm.minimum_balance_for_rent_exemption(0);
        if self.world.lamports(&recipient) == 0 {
            self.world.airdrop(&recipient, minimum);
        }
        let outcome = self.world.send(&instruction);
        if self.claimed.insert(index) {
            outcome.unwrap();
            self.tally.claims += 1;
        } else {
            assert_refused(outcome, RollupError::AlreadyWithdrawn);
            self.tally.replays += 1;
        }
    }

    /// Challenges a live batch that is honest, at any place.
    fn challenge(&mut self) {
        if self.live.is_empty() {
            return;
        }
        let sealed = self.live[self.rng.random_range(0..self.live.len())].clone();
        let number = sealed.header.number;
        let last = u16::try_from(sealed.chunks.len() - 1).unwrap();
        let outcome = match self.rng.random_range(0..8) {
            0 => self
                .trace(&sealed, (self.rng.clone().random_range(0..=last), TraceFault::Malformed)),
            1 => self.trace(&sealed, (0, TraceFault::First)),
            2 if last > 0 => self.trace(&sealed, (0, TraceFault::Join)),
            3 => self.trace(&sealed, (last, TraceFault::Last)),
            4 => self.trace(&sealed, (0, TraceFault::Chain)),
            _ => {
                let before = self.world.chain.state(number - 1);
                let exhibits = exhibits(before, &sealed, 850);
                assert!(exhibits.iter().all(|exhibit| !exhibit.wrong));
                let exhibit = &exhibits[self.rng.random_range(0..exhibits.len())];
                self.world.challenge(exhibit, WITNESS)
            }
        };
        outcome.unwrap();
        self.tally.challenges += 1;
    }

    fn trace(&mut self, sealed: &Sealed, fault: (u16, TraceFault)) -> super::support::Outcome {
        let state = self.world.chain.state(sealed.header.number);
        let state = state.witness(&[ChainCell::key()]).unwrap();
        let (challenge, upload) = trace(sealed, fault, state);
        self.world.challenge_trace(&challenge, WITNESS, &upload)
    }

    /// Somebody takes over with a batch in which a user has a lamport more, and loses the bond.
    fn cheat(&mut self) {
        let honest: Chain = self.world.chain.clone();
        self.world.pass(201, 100);
        let poster = 120 + u8::try_from(self.tally.convictions).unwrap();
        self.world.register(poster, BOND).unwrap();
        let user = self.user();
        let cursor = self.world.rollup_account().committed_inbox_cursor;
        let messages = self.world.messages_from(cursor);
        let sealed = self.world.chain.seal_tampered(messages, vec![], |tree, _| {
            let key = Account::key(&address(user));
            let Some(Cell::Account(mut account)) = tree.get(&key).unwrap().cloned() else {
                panic!()
            };
            account.balances[0].1 = Quote::new(account.balances[0].1.get() + 1);
            tree.put(key, Cell::Account(account)).unwrap();
        });
        self.world.post(&sealed);
        self.world.take_over(&sealed.header, poster).unwrap();
        let number = sealed.header.number;
        let wrong = exhibits(honest.state(number - 1), &sealed, 850).pop().unwrap();
        assert!(wrong.wrong);
        self.world.challenge(&wrong, WITNESS).unwrap();
        let verdict = self.world.rollup_account().verdicts - 1;
        self.world.slash(verdict, 0).unwrap();
        assert_eq!(self.world.member_account(poster).unwrap().bond, 0);
        for close in [
            self.world.close_verdict_instruction(verdict),
            self.world.close_batch_instruction(number),
            self.world.close_instruction(number, super::support::key_of(&self.world.payer())),
        ] {
            self.world.send(&close).unwrap();
        }
        self.world.chain = honest;
        self.tally.convictions += 1;
    }
}

fn seed() -> u64 {
    let seed = std::env::var("SEQUENCES_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(SEED);
    eprintln!("SEQUENCES_SEED={seed}");
    seed
}

on_each_build! {
    fn the_vault_holds_what_is_owed(build: Build) {
        let mut run = Run::new(build, seed());
        for _ in 0..STEPS {
            match run.rng.random_range(0..20) {
                0..4 => run.deposit(),
                4..10 => run.settle(),
                10..12 => run.finalize(),
                12..16 => run.claim(),
                16..19 => run.challenge(),
                _ => run.cheat(),
            }
            run.check();
        }
        eprintln!("{:?}", run.tally);
        let tally = &run.tally;
        for count in [
            tally.deposits, tally.batches, tally.finalized, tally.claims, tally.replays,
            tally.challenges, tally.convictions,
        ] {
            assert!(count >= 5, "{tally:?}");
        }
        assert_eq!(run.world.rollup_account().rollbacks, tally.convictions as u64);
    }
}

#[test]
fn honest_batches_are_never_rolled_back() {
    let mut run = Run::new(Build::V3, seed());
    for number in 0..HONEST_BATCHES {
        if run.rng.random_range(0..4) == 0 {
            run.deposit();
        }
        run.settle();
        for _ in 0..run.rng.random_range(0..3) {
            run.challenge();
        }
        if number % 8 == 7 {
            run.finalize();
        }
    }
    let rollup = run.world.rollup_account();
    assert_eq!((rollup.rollbacks, rollup.verdicts, rollup.active), (0, 0, 0b111_1111));
    assert!(run.tally.challenges as u64 > HONEST_BATCHES / 2, "{:?}", run.tally);
    assert_eq!(run.world.lamports(&account_of(WITNESS)), 0);
}
