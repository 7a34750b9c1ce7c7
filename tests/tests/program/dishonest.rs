//! A dishonest majority commits a batch with one wrong thing. Each ends with a rollback and a slash, and the honest go on.

use asset_rollup_interface::{
    constants::INCINERATOR,
    error::RollupError,
    instruction::TraceFault,
    state::{Member, Verdict},
};
use curvevm::{
    block::BlockBody,
    cell::{Account, Cell, Chain as ChainCell},
    inbox::{InboxMessage, MessageKind},
    module::Module,
    program::{Amount, Claim, Instruction},
    tree::Tree,
    tx::Transaction,
    types::{AssetId, Base, CurveId, Hash, Key, Quote, Shares, Signature},
};

use super::support::{
    BOND, Build, CHALLENGER, MEMBERS_FROM, SOL, Sealed, World, address, assert_refused, exhibits,
    key_of, keypair,
    modules::{Kind, long},
    orders::{add, buy_in, claim, launch, migrate, remove, sell_in},
    signed, trace, withdraw,
};

/// The seed of the witness's account.
const WITNESS: u8 = 30;
/// The members who sign everything; two of seven do not.
const GUILTY: u32 = 0b1_1111;

/// A rollup and the state that its honest members have.
struct Stage {
    world: World,
    honest: super::support::Chain,
}

impl Stage {
    /// Users 0 to 3 have deposited.
    fn new(build: Build) -> Self {
        let mut world = World::new(build);
        for user in 0..4 {
            world.deposit(address(user), 100 * SOL).unwrap();
        }
        world.settle(vec![]);
        let honest = world.chain.clone();
        Self { world, honest }
    }

    fn fork(&self) -> Self {
        Self { world: self.world.clone(), honest: self.honest.clone() }
    }

    /// Settles a batch of transactions that all succeed.
    fn settle(&mut self, transactions: Vec<Transaction>) {
        self.world.settle(transactions);
        self.honest = self.world.chain.clone();
    }

    fn sign(&self, user: u8, nonce: u64, program: Vec<Instruction>) -> Transaction {
        signed(user, nonce, program, &self.honest.id)
    }

    /// A batch of several chunks.
    fn long(&mut self) -> Sealed {
        let pay = |at: u64| {
            let user = u8::try_from(at % 4).unwrap();
            self.sign(user, at / 4, vec![withdraw(address(50), SOL)])
        };
        let transactions = (0..20).map(pay).collect();
        let sealed = self.world.chain.seal(vec![], transactions);
        assert!(sealed.chunks.len() >= 2, "{} chunks", sealed.chunks.len());
        sealed
    }

    fn number(&self) -> u64 {
        self.world.rollup_account().committed_number + 1
    }

    /// The dishonest post and commit.
    fn commit(&mut self, sealed: &Sealed) {
        self.world.post(sealed);
        self.world.commit(&sealed.header).unwrap();
    }

    /// Posts and commits a batch with a segment that is wrong, which is then proved.
    #[track_caller]
    fn convict_for_a_segment(mut self, sealed: &Sealed) {
        let number = self.number();
        self.commit(sealed);
        let exhibits = exhibits(self.honest.state(number - 1), sealed, 850);
        let wrong = exhibits.last().filter(|exhibit| exhibit.wrong).expect("a wrong segment");
        self.world.challenge(wrong, WITNESS).unwrap();
        self.assert_convicted(number);
    }

    /// Posts and commits a batch whose chunks do not make it up, which is then proved. Nothing else is wrong with them.
    #[track_caller]
    fn convict_for_the_trace(mut self, sealed: &Sealed, fault: (u16, TraceFault), state: Vec<u8>) {
        let number = self.number();
        self.commit(sealed);
        let (challenge, upload) = trace(sealed, fault, state);
        self.world.challenge_trace(&challenge, WITNESS, &upload).unwrap();
        self.assert_convicted(number);
    }

    /// The batch is rolled back, its signers are slashed, nobody else is, and the chain goes on.
    #[track_caller]
    fn assert_convicted(mut self, number: u64) {
        let challenger = key_of(&keypair(CHALLENGER));
        let world = &mut self.world;
        let rollup = world.rollup_account();
        assert_eq!((rollup.committed_number, rollup.rollbacks), (number - 1, 1));
        let honest_root = self.honest.state(number - 1).clone().root();
        assert_eq!(rollup.committed_root, honest_root);
        assert_eq!(rollup.active, !GUILTY & 0b111_1111);
        let verdict = world.verdict_account(0).unwrap();
        assert_eq!((verdict.kind, verdict.number), (Verdict::ROLLBACK, number));
        let signers: Vec<_> = (0..5).map(|member| address(MEMBERS_FROM + member)).collect();
        assert_eq!(verdict.guilty(), signers);
        assert_eq!(verdict.challenger, challenger);

        let (before, burnt) = (world.lamports(&challenger), world.lamports(&INCINERATOR));
        for accused in 0..5 {
            world.slash(0, accused).unwrap();
        }
        assert_eq!(world.lamports(&challenger), before + 5 * BOND / 2);
        assert_eq!(world.lamports(&INCINERATOR), burnt + 5 * BOND / 2);
        for member in 5..7 {
            let member = world.member_account(MEMBERS_FROM + member).unwrap();
            assert_eq!((member.status, member.bond), (Member::BONDED, BOND));
        }
        let close = world.close_batch_instruction(number);
        world.send(&close).unwrap();
        self.assert_goes_on(number);
    }

    /// The honest members commit the number anew.
    fn assert_goes_on(mut self, number: u64) {
        let world = &mut self.world;
        world.chain = self.honest.clone();
        let poster = key_of(&world.payer());
        let close = world.close_instruction(number, poster);
        world.send(&close).unwrap();
        let sealed = world.ready(vec![]);
        let guilty = world.sign(&sealed.header, &[0, 1, 2, 3, 4]);
        let guilty = world.commit_instruction(&sealed.header, guilty);
        assert_refused(world.send(&guilty), RollupError::MemberConvicted);
        let signatures = world.sign(&sealed.header, &[5, 6]);
        let instruction = world.commit_instruction(&sealed.header, signatures);
        world.send(&instruction).unwrap();
        world.pass(20, 20);
        for number in world.rollup_account().finalized_number + 1..=number {
            world.finalize(number).unwrap();
        }
    }
}

/// A cell with one number in it raised by one.
fn altered(cell: &Cell) -> Cell {
    let mut cell = cell.clone();
    let one = Quote::new(1);
    match &mut cell {
        Cell::Chain(chain) => chain.withdrawals += 1,
        Cell::Account(account) => match account.balances.first_mut() {
            Some((_, balance)) => *balance = Quote::new(balance.get() + 1),
            None => account.balances.push((AssetId::SOL, one)),
        },
        Cell::Holding(holding) => holding.amount = Base::new(holding.amount.get() + 1),
        Cell::Curve(curve) => curve.reserve = Quote::new(curve.reserve.get() + 1),
        Cell::Module(module) => {
            let supply = Base::new(module.supply.get() + 1);
            *module = Module { supply, ..(**module).clone() }.into();
        }
        Cell::Withdrawal(withdrawal) => match &mut withdrawal.amount {
            Amount::Quote(_, quote) => *quote = Quote::new(quote.get() + 1),
            Amount::Base(_, base) => *base = Base::new(base.get() + 1),
        },
        Cell::Rules(rules) => rules.treasury = address(1),
        Cell::Pool(pool) => pool.quote = Quote::new(pool.quote.get() + 1),
        Cell::Stake(stake) => stake.shares = Shares::new(stake.shares.get() + 1),
        Cell::Session(session) => session.limit = Quote::new(session.limit.get() + 1),
    }
    cell
}

fn alter(tree: &mut Tree, key: &Key) {
    let cell = altered(tree.get(key).unwrap().unwrap());
    tree.put(*key, cell).unwrap();
}

/// Adds to the lamports of an account.
fn grant(tree: &mut Tree, user: u8, lamports: i64) {
    let key = Account::key(&address(user));
    let mut account = match tree.get(&key).unwrap() {
        Some(Cell::Account(account)) => account.clone(),
        _ => Account::default(),
    };
    if account.balances.is_empty() {
        account.balances.push((AssetId::SOL, Quote::ZERO));
    }
    let balance = &mut account.balances[0].1;
    *balance = Quote::new(balance.get().checked_add_signed(lamports).unwrap());
    tree.put(key, Cell::Account(account)).unwrap();
}

/// Every opcode, in an order in which each succeeds: who sends what.
fn script() -> Vec<(&'static str, u8, Vec<Instruction>)> {
    let module = long(Kind::Fixed, 1, 1);
    let curve = CurveId::derive(&address(0), 1);
    let all = module.sale_end().get();
    let authorize = Instruction::Authorize {
        session: address(60),
        expires_ms: u64::MAX,
        asset: AssetId::SOL,
        limit: Quote::new(SOL),
    };
    let tokens = |amount| Amount::Base(curve, Base::new(amount));
    let lamports = |amount| Amount::Quote(AssetId::SOL, Quote::new(amount));
    let to = |amount| vec![Instruction::Transfer { to: address(3), amount }];
    let out = |amount| vec![Instruction::Withdraw { amount, recipient: address(50) }];
    vec![
        ("PUBLISH_MODULE", 0, vec![Instruction::PublishModule(module.clone())]),
        ("LAUNCH", 0, vec![launch(module.hash(), 1, None)]),
        ("BUY on the curve", 1, vec![buy_in(curve, SOL / 10)]),
        ("SELL on the curve", 1, vec![sell_in(curve, all / 100)]),
        ("TRANSFER of lamports", 1, to(lamports(7))),
        ("TRANSFER of tokens", 1, to(tokens(7))),
        ("WITHDRAW of lamports", 1, out(lamports(SOL))),
        ("WITHDRAW of tokens", 1, out(tokens(7))),
        ("CLAIM of the creator's fees", 0, vec![claim(curve, Claim::CreatorFees)]),
        ("AUTHORIZE", 1, vec![authorize]),
        ("REVOKE", 1, vec![Instruction::Revoke { session: address(60) }]),
        ("BUY to the end", 2, vec![buy_in(curve, 10 * SOL)]),
        ("MIGRATE_TO_AMM", 3, vec![migrate(curve)]),
        ("BUY on the pool", 1, vec![buy_in(curve, SOL / 100)]),
        ("SELL on the pool", 1, vec![sell_in(curve, all / 1_000)]),
        ("ADD_LIQUIDITY", 2, vec![add(curve, SOL / 100)]),
        ("REMOVE_LIQUIDITY", 2, vec![remove(curve, 1_000)]),
        ("CLAIM of what has vested", 0, vec![claim(curve, Claim::Vested)]),
        ("CLAIM of the initial liquidity", 0, vec![claim(curve, Claim::Liquidity)]),
    ]
}

/// One message after those that are consumed.
fn deposit_message(index: u64, slot: u64, user: u8, lamports: u64) -> InboxMessage {
    let (asset, amount, recipient) = (AssetId::SOL, Quote::new(lamports), address(user));
    InboxMessage { index, slot, kind: MessageKind::Deposit { asset, amount, recipient } }
}

/// A batch of which the first segment claims the root `of` gives, and does nothing by itself.
fn invalid(
    stage: &mut Stage,
    messages: Vec<InboxMessage>,
    transactions: Vec<Transaction>,
) -> Sealed {
    stage
        .world
        .chain
        .seal_by(messages, transactions, |chain, body: &BlockBody| chain.only_begin(body))
}

on_each_build! {
    fn a_wrong_result_of_each_opcode_in_each_cell(build: Build) {
        let mut stage = Stage::new(build);
        let mut nonces = [0; 4];
        for (name, user, program) in script() {
            let nonce = &mut nonces[usize::from(user)];
            let transaction = stage.sign(user, *nonce, program);
            *nonce += 1;
            let before = stage.fork();
            stage.settle(vec![transaction.clone()]);
            let mut cells = 0;
            for at in 0.. {
                let mut stage = before.fork();
                let mut last = false;
                let transactions = vec![transaction.clone()];
                let sealed = stage.world.chain.seal_tampered(vec![], transactions, |tree, keys| {
                    match keys.get(at) {
                        Some(key) => alter(tree, key),
                        None => last = true,
                    }
                });
                if last {
                    break;
                }
                cells += 1;
                stage.convict_for_a_segment(&sealed);
            }
            assert!(cells >= 2, "{name} writes the chain's cell and more");
        }
    }

    fn a_fee_rounded_the_wrong_way(build: Build) {
        let mut stage = Stage::new(build);
        let module = long(Kind::Fixed, 1, 1);
        let curve = CurveId::derive(&address(0), 1);
        let program = vec![Instruction::PublishModule(module.clone()), launch(module.hash(), 1, None)];
        stage.settle(vec![stage.sign(0, 0, program)]);
        let trade = stage.sign(1, 0, vec![buy_in(curve, SOL / 100 + 1)]);
        // The trader gets the unit that the protocol would have.
        let sealed = stage.world.chain.seal_tampered(vec![], vec![trade], |tree, _| {
            let key = curvevm::cell::Curve::key(&curve);
            let Some(Cell::Curve(mut curve)) = tree.get(&key).unwrap().cloned() else { panic!() };
            let fee = curve.fees.protocol.quote.get();
            assert!(fee > 0);
            curve.fees.protocol.quote = Quote::new(fee - 1);
            tree.put(key, Cell::Curve(curve)).unwrap();
            grant(tree, 1, 1);
        });
        stage.convict_for_a_segment(&sealed);
    }

    fn a_balance_from_nowhere(build: Build) {
        for user in [1, 40] {
            let mut stage = Stage::new(build);
            let sealed =
                stage.world.chain.seal_tampered(vec![], vec![], |tree, _| grant(tree, user, 1));
            stage.convict_for_a_segment(&sealed);
        }
    }

    fn a_balance_that_vanishes(build: Build) {
        let mut stage = Stage::new(build);
        let sealed = stage.world.chain.seal_tampered(vec![], vec![], |tree, _| grant(tree, 1, -1));
        stage.convict_for_a_segment(&sealed);
    }

    fn a_transaction_that_is_executed_twice(build: Build) {
        let mut stage = Stage::new(build);
        let payment = stage.sign(1, 0, vec![withdraw(address(50), SOL)]);
        let sealed = invalid(&mut stage, vec![], vec![payment.clone(), payment]);
        stage.convict_for_a_segment(&sealed);
    }

    fn a_nonce_that_an_earlier_batch_has_used(build: Build) {
        let mut stage = Stage::new(build);
        let payment = stage.sign(1, 0, vec![withdraw(address(50), SOL)]);
        stage.settle(vec![payment.clone()]);
        let sealed = invalid(&mut stage, vec![], vec![payment]);
        stage.convict_for_a_segment(&sealed);
    }

    fn a_bad_signature_that_is_accepted(build: Build) {
        let mut stage = Stage::new(build);
        let mut payment = stage.sign(1, 0, vec![withdraw(address(50), SOL)]);
        payment.signature = Signature::new([1; 64]);
        let sealed = invalid(&mut stage, vec![], vec![payment]);
        stage.convict_for_a_segment(&sealed);
    }

    fn a_transaction_past_its_expiry(build: Build) {
        let mut stage = Stage::new(build);
        let mut body = stage.sign(1, 0, vec![withdraw(address(50), SOL)]).body;
        body.expires_at = 1;
        let signature = super::support::sign(1, &body.digest(&stage.honest.id));
        let sealed = invalid(&mut stage, vec![], vec![Transaction { body, signature }]);
        stage.convict_for_a_segment(&sealed);
    }

    fn a_good_transaction_that_is_said_to_have_failed(build: Build) {
        let mut stage = Stage::new(build);
        let payment = stage.sign(1, 0, vec![withdraw(address(50), SOL)]);
        // Its nonce is used, and nothing else happens.
        let failing = stage.sign(1, 0, vec![withdraw(address(50), u64::MAX)]);
        let mut failed = stage.honest.tree.clone();
        let sealed = stage.world.chain.seal_by(vec![], vec![payment], |chain, body| {
            let body = BlockBody { transactions: vec![failing], ..body.clone() };
            curvevm::block::execute_block(&mut failed, &chain.id, 850, &body).unwrap();
            chain.tree = failed.clone();
            vec![curvevm::block::Step { length: 1, post_root: chain.tree.root() }]
        });
        stage.convict_for_a_segment(&sealed);
    }

    fn a_message_that_is_consumed_without_effect(build: Build) {
        let mut stage = Stage::new(build);
        stage.world.deposit(address(2), SOL).unwrap();
        let messages = stage.world.messages_from(4);
        let sealed = stage.world.chain.seal_tampered(messages, vec![], |tree, _| {
            grant(tree, 2, -i64::try_from(SOL).unwrap());
        });
        stage.convict_for_a_segment(&sealed);
    }

    fn messages_that_are_reordered(build: Build) {
        let mut stage = Stage::new(build);
        for user in 1..3 {
            stage.world.deposit(address(user), SOL).unwrap();
        }
        let mut reordered = stage.world.messages_from(4);
        reordered.reverse();
        // The state is the one that follows from the right order, so that the header is accepted.
        let sealed = stage.world.chain.seal_by(reordered, vec![], |chain, body| {
            let mut messages = body.messages.clone();
            messages.reverse();
            let body = BlockBody { messages, ..body.clone() };
            curvevm::block::execute_block(&mut chain.tree, &chain.id, 850, &body).unwrap().trace
        });
        stage.convict_for_a_segment(&sealed);
    }

    fn a_message_that_nobody_sent(build: Build) {
        let mut stage = Stage::new(build);
        let slot = stage.world.slot();
        let invented = vec![deposit_message(4, slot, 1, SOL)];
        let mut sealed = stage.world.chain.seal(invented, vec![]);
        // The program knows the inbox: the header has to tell the truth about it, and the state does not.
        let refused = sealed.header.clone();
        let rollup = stage.world.rollup_account();
        sealed.header.inbox_cursor = rollup.committed_inbox_cursor;
        sealed.header.inbox_hash = rollup.committed_inbox_hash;
        stage.world.post(&sealed);
        assert_refused(stage.world.commit(&refused), RollupError::WrongInboxCursor);
        let state = stage.world.chain.state(2).witness(&[ChainCell::key()]).unwrap();
        stage.convict_for_the_trace(&sealed, (0, TraceFault::Chain), state);
    }

    fn a_message_that_is_left_out_and_said_to_be_consumed(build: Build) {
        let mut stage = Stage::new(build);
        stage.world.deposit(address(2), SOL).unwrap();
        let mut sealed = stage.world.chain.seal(vec![], vec![]);
        let inbox = stage.world.inbox_account();
        sealed.header.inbox_cursor = inbox.count;
        sealed.header.inbox_hash = inbox.head;
        let state = stage.world.chain.state(2).witness(&[ChainCell::key()]).unwrap();
        stage.convict_for_the_trace(&sealed, (0, TraceFault::Chain), state);
    }

    fn other_amounts_than_were_deposited(build: Build) {
        let mut stage = Stage::new(build);
        stage.world.deposit(address(2), SOL).unwrap();
        let slot = stage.world.slot();
        let mut sealed = stage.world.chain.seal(vec![deposit_message(4, slot, 2, 2 * SOL)], vec![]);
        let inbox = stage.world.inbox_account();
        sealed.header.inbox_cursor = inbox.count;
        sealed.header.inbox_hash = inbox.head;
        let state = stage.world.chain.state(2).witness(&[ChainCell::key()]).unwrap();
        stage.convict_for_the_trace(&sealed, (0, TraceFault::Chain), state);
    }

    fn a_header_that_counts_other_withdrawals(build: Build) {
        let mut stage = Stage::new(build);
        let payment = stage.sign(1, 0, vec![withdraw(address(50), SOL)]);
        let mut sealed = stage.world.chain.seal(vec![], vec![payment]);
        sealed.header.withdrawals += 1;
        let state = stage.world.chain.state(2).witness(&[ChainCell::key()]).unwrap();
        stage.convict_for_the_trace(&sealed, (0, TraceFault::Chain), state);
    }

    fn a_header_with_another_root_height_or_time(build: Build) {
        let edits: [fn(&mut Sealed); 3] = [
            |sealed| sealed.header.post_root = Hash::new([7; 32]),
            |sealed| sealed.header.last_height += 1,
            |sealed| sealed.header.time_ms += 1,
        ];
        for edit in edits {
            let mut stage = Stage::new(build);
            let mut sealed = stage.world.chain.seal(vec![], vec![]);
            edit(&mut sealed);
            let last = u16::try_from(sealed.chunks.len() - 1).unwrap();
            stage.convict_for_the_trace(&sealed, (last, TraceFault::Last), vec![]);
        }
    }

    fn data_of_nonsense(build: Build) {
        for chunk in [vec![0; 100], vec![1], vec![0xff; 850]] {
            let mut stage = Stage::new(build);
            let mut sealed = stage.world.chain.seal(vec![], vec![]);
            sealed.chunks = vec![chunk];
            sealed.reseal();
            stage.convict_for_the_trace(&sealed, (0, TraceFault::Malformed), vec![]);
        }
    }

    fn data_that_begins_elsewhere(build: Build) {
        // The root, the height and the time that the first chunk states.
        for at in [1, 33, 34] {
            let mut stage = Stage::new(build);
            let mut sealed = stage.world.chain.seal(vec![], vec![]);
            sealed.chunks[0][at] ^= 1;
            sealed.reseal();
            stage.convict_for_the_trace(&sealed, (0, TraceFault::First), vec![]);
        }
    }

    fn chunks_that_do_not_join(build: Build) {
        for at in [1, 33, 34] {
            let mut stage = Stage::new(build);
            let mut sealed = stage.long();
            sealed.chunks[1][at] ^= 1;
            sealed.reseal();
            stage.convict_for_the_trace(&sealed, (0, TraceFault::Join), vec![]);
        }
    }

    fn data_of_another_batch(build: Build) {
        let mut stage = Stage::new(build);
        let mut other = stage.honest.clone();
        let payment = stage.sign(1, 0, vec![withdraw(address(50), SOL)]);
        let mut sealed = stage.world.chain.seal(vec![], vec![]);
        sealed.chunks = other.seal(vec![], vec![payment]).chunks;
        sealed.reseal();
        let last = u16::try_from(sealed.chunks.len() - 1).unwrap();
        stage.convict_for_the_trace(&sealed, (last, TraceFault::Last), vec![]);
    }

    fn data_that_is_withheld_is_not_committed(build: Build) {
        let mut stage = Stage::new(build);
        let sealed = stage.long();
        for missing in 0..sealed.chunks.len() {
            let mut world = stage.world.clone();
            for index in (0..sealed.chunks.len()).filter(|index| *index != missing) {
                let index = u16::try_from(index).unwrap();
                let post = world.post_instruction(sealed.header.number, &sealed.chunks, index);
                world.send(&post).unwrap();
            }
            assert_refused(world.commit(&sealed.header), RollupError::DataIncomplete);
        }
    }

    fn all_later_batches_go_with_the_wrong_one(build: Build) {
        let mut stage = Stage::new(build);
        let number = stage.number();
        let sealed = stage.world.chain.seal_tampered(vec![], vec![], |tree, _| grant(tree, 1, 1));
        stage.commit(&sealed);
        for _ in 0..2 {
            let later = stage.world.seal(vec![]);
            stage.commit(&later);
        }
        let exhibits = exhibits(stage.honest.state(number - 1), &sealed, 850);
        stage.world.challenge(exhibits.last().unwrap(), WITNESS).unwrap();
        for number in [number + 1, number + 2] {
            let close = stage.world.close_batch_instruction(number);
            stage.world.send(&close).unwrap();
        }
        stage.assert_convicted(number);
    }

    fn a_takeover_batch_costs_its_poster_the_bond(build: Build) {
        let mut stage = Stage::new(build);
        let number = stage.number();
        stage.world.register(10, BOND).unwrap();
        stage.world.pass(201, 100);
        let sealed = stage.world.chain.seal_tampered(vec![], vec![], |tree, _| grant(tree, 1, 1));
        stage.world.post(&sealed);
        stage.world.take_over(&sealed.header, 10).unwrap();
        let exhibits = exhibits(stage.honest.state(number - 1), &sealed, 850);
        stage.world.challenge(exhibits.last().unwrap(), WITNESS).unwrap();
        let rollup = stage.world.rollup_account();
        assert_eq!((rollup.committed_number, rollup.active), (number - 1, 0b111_1111));
        assert_eq!(stage.world.verdict_account(0).unwrap().guilty(), [address(10)]);
        stage.world.slash(0, 0).unwrap();
        assert_eq!(stage.world.member_account(10).unwrap().bond, 0);
        let close = stage.world.close_batch_instruction(number);
        stage.world.send(&close).unwrap();
        let again = stage.world.take_over(&sealed.header, 10);
        assert_refused(again, RollupError::BondSlashed);
    }
}
