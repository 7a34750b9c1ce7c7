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
    types::{Address, AssetId, Base, CurveId, Quote},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use solana_transaction::Instruction as L1Instruction;

use super::support::{
    BOND, Build, Chain, SOL, Sealed, World, account_of, address, assert_refused, exhibits, key_of,
    orders, signed,
    tokens::{SPL, T22, asset, of},
    trace, withdraw,
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
    tokens: usize,
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
    /// What left of the launched asset and has not come back.
    left: u64,
    tally: Tally,
}

/// The assets that vaults hold.
fn held_assets() -> [AssetId; 3] {
    [AssetId::SOL, asset(SPL), asset(T22)]
}

/// How much of `wanted` an amount is.
fn part_of(wanted: AssetId, asset: AssetId, quote: Quote) -> u128 {
    if asset == wanted { u128::from(quote.get()) } else { 0 }
}

fn accrued(fees: &Accrued) -> u128 {
    [fees.protocol, fees.creator, fees.partner].iter().map(|it| u128::from(it.quote.get())).sum()
}

/// What a state owes of an asset: that of accounts, curves, pools and withdrawals that are not paid. Curves are quoted in SOL.
fn owed(tree: &Tree, claimed: &BTreeSet<u64>, wanted: AssetId) -> u128 {
    let sol = |quote: u128| if wanted == AssetId::SOL { quote } else { 0 };
    let mut sum = 0;
    tree.for_each(|_, cell| {
        sum += match cell {
            Cell::Account(account) => {
                account.balances.iter().map(|(asset, quote)| part_of(wanted, *asset, *quote)).sum()
            }
            Cell::Curve(curve) => sol(u128::from(curve.reserve.get()) + accrued(&curve.fees)),
            Cell::Pool(pool) => sol(u128::from(pool.quote.get()) + accrued(&pool.fees)),
            Cell::Withdrawal(it) if !claimed.contains(&it.index) => match it.amount {
                Amount::Quote(asset, quote) => part_of(wanted, asset, quote),
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
        let mut world = World::with_tokens(build);
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
        let (left, tally) = (0, Tally::default());
        Self { world, rng, curve, nonces, live, claimed, left, tally }
    }

    fn tree(&self) -> &Tree {
        &self.world.chain.tree
    }

    /// The vault holds its rent minimum and what the chain owes, with what waits in the inbox, of every asset; of a launched asset
    /// there is what left and has not come back.
    #[track_caller]
    fn check(&self) {
        let world = &self.world;
        let rollup = world.rollup_account();
        let cursor = super::support::cursor(self.tree());
        let waiting: Vec<MessageKind> = (cursor..world.inbox_account().count)
            .map(|index| world.message_account(index).unwrap().message().unwrap().kind)
            .collect();
        for wanted in held_assets() {
            let waits: u128 = waiting
                .iter()
                .map(|kind| match kind {
                    MessageKind::Deposit { asset, amount, .. } => part_of(wanted, *asset, *amount),
                    MessageKind::DepositBase { .. } | MessageKind::Transaction { .. } => 0,
                })
                .sum();
            let owes = owed(self.tree(), &self.claimed, wanted) + waits;
            assert_eq!(self.held(wanted), owes, "{wanted:?}, {:?}", self.tally);
        }
        let mint = world.launched_mint(&self.curve);
        if world.svm.get_account(&super::support::pubkey(&mint)).is_some() {
            assert_eq!(world.supply(&mint), self.left, "{:?}", self.tally);
        }
        assert!(rollup.finalized_number <= rollup.committed_number);
        assert_eq!(rollup.committed_root, self.tree().clone().root());
    }

    /// What the vault holds of an asset.
    fn held(&self, asset: AssetId) -> u128 {
        let world = &self.world;
        if asset == AssetId::SOL {
            let rent = world.svm.minimum_balance_for_rent_exemption(0);
            return u128::from(world.lamports(&world.vault) - rent);
        }
        u128::from(world.tokens_of(&world.vault, &Address::new(asset.to_bytes())))
    }

    fn user(&mut self) -> u8 {
        self.rng.random_range(0..USERS)
    }

    fn deposit(&mut self) {
        let (user, lamports) = (self.user(), self.rng.random_range(1_000..SOL));
        self.world.deposit(address(user), lamports).unwrap();
        self.tally.deposits += 1;
    }

    /// Tokens of a quote asset, or launched ones that left.
    fn deposit_token(&mut self) {
        let (user, payer) = (self.user(), key_of(&self.world.payer()));
        let left = self.world.tokens_of(&payer, &self.world.launched_mint(&self.curve));
        let amount = self.rng.random_range(1..500);
        let amount = match self.rng.random_range(0..3) {
            0 => of(SPL, amount),
            1 => of(T22, amount),
            _ if left > 0 => {
                let back = (left / 3).max(1);
                self.left -= back;
                Amount::Base(self.curve, Base::new(back))
            }
            _ => return,
        };
        self.world.deposit_token(address(user), amount).unwrap();
        self.tally.tokens += 1;
    }

    /// What a user has of a quote asset.
    fn balance(&self, user: u8, wanted: AssetId) -> u64 {
        match self.tree().get(&Account::key(&address(user))).unwrap() {
            Some(Cell::Account(account)) => account
                .balances
                .iter()
                .find(|(asset, _)| *asset == wanted)
                .map_or(0, |(_, quote)| quote.get()),
            _ => 0,
        }
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
        let wanted = if self.rng.random() { asset(SPL) } else { asset(T22) };
        let tokens = self.balance(user, wanted);
        let payer = key_of(&self.world.payer());
        let recipient = if self.rng.random() { payer } else { address(to) };
        let instruction = match self.rng.random_range(0..6) {
            0 if open => orders::buy_in(self.curve, amount),
            1 if open && part > 100_000_000_000 => orders::sell_in(self.curve, part),
            2 if to != user => orders::pay(address(to), AssetId::SOL, amount),
            3 if part > 0 => {
                let amount = Amount::Base(self.curve, Base::new(part));
                Instruction::Withdraw { amount, recipient }
            }
            4 if tokens > 0 => {
                let amount = Amount::Quote(wanted, Quote::new(tokens.div_ceil(2)));
                Instruction::Withdraw { amount, recipient }
            }
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

    /// Claims a withdrawal, be it paid already or not, under the last finalized root.
    fn claim(&mut self) {
        let number = self.world.rollup_account().finalized_number;
        if number == 0 {
            return;
        }
        let mut withdrawals = vec![];
        self.world.chain.state(number).for_each(|_, cell| {
            if let Cell::Withdrawal(it) = cell {
                withdrawals.push((it.index, it.amount, it.recipient));
            }
        });
        if withdrawals.is_empty() {
            return;
        }
        let at = self.rng.random_range(0..withdrawals.len());
        let (index, amount, recipient) = withdrawals[at];
        let instruction = self.claim_instruction(number, index, &amount);
        // The runtime refuses to leave an account below its rent minimum.
        let minimum = self.world.svm.minimum_balance_for_rent_exemption(0);
        if self.world.lamports(&recipient) == 0 {
            self.world.airdrop(&recipient, minimum);
        }
        let outcome = self.world.send(&instruction);
        if !self.claimed.insert(index) {
            assert_refused(outcome, RollupError::AlreadyWithdrawn);
            self.tally.replays += 1;
            return;
        }
        outcome.unwrap();
        self.tally.claims += 1;
        if let Amount::Base(_, base) = amount {
            self.left += base.get();
        }
    }

    fn claim_instruction(&mut self, number: u64, index: u64, amount: &Amount) -> L1Instruction {
        match amount {
            Amount::Quote(AssetId::SOL, _) => {
                let (claim, recipient) = self.world.chain.claim(number, index);
                return self.world.withdraw_instruction(&claim, recipient);
            }
            Amount::Base(curve, _) => {
                let mint = super::support::pubkey(&self.world.launched_mint(curve));
                if self.world.svm.get_account(&mint).is_none() {
                    let create = self.world.chain.mint_proof(number, *curve);
                    let create = self.world.create_mint_instruction(&create, None);
                    self.world.send(&create).unwrap();
                }
            }
            Amount::Quote(..) => {}
        }
        self.world.token_claim(number, index)
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
                0..2 => run.deposit(),
                2..4 => run.deposit_token(),
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
            tally.deposits, tally.tokens, tally.batches, tally.finalized, tally.claims, tally.replays,
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
