//! A chain with users and curves, and short forms of instructions.

use curvevm::{
    cell::{Account, Cell, Chain, Curve, Holding, Phase, Stake},
    codec::CHUNK_BYTES_MAX,
    curve::verify::verify,
    execute::{Context, apply_verified},
    genesis::{GENESIS_VERSION, Genesis, Params},
    meter::Meter,
    module::Module,
    program::{Amount, BuyOrder, Claim, Instruction, Launch, Program, SellOrder},
    receipt::Outcome,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Shares, Signature},
};
use ed25519_zebra::{SigningKey, VerificationKey};

use super::modules::pump;

pub(crate) const SOL: u64 = 1_000_000_000;
/// What users 0 to 9 have at first, of SOL and of [`USD`].
pub(crate) const DEPOSIT: u64 = 500 * SOL;
/// The other quote asset of the chain.
pub(crate) const USD: AssetId = AssetId::new([7; 32]);
/// An asset that the chain does not take.
pub(crate) const OTHER: AssetId = AssetId::new([3; 32]);
/// The user who is the chain's treasury.
pub(crate) const TREASURY: u8 = 90;
/// The user who is the partner of [`super::modules::rich`].
pub(crate) const PARTNER: u8 = 8;
/// The height and the time at which segments are executed.
pub(crate) const HEIGHT: u64 = 5;
pub(crate) const TIME_MS: u64 = 9_000;

fn signing_key(user: u8) -> SigningKey {
    SigningKey::from([user.wrapping_add(1); 32])
}

/// The address of a user.
pub(crate) fn address(user: u8) -> Address {
    Address::new(VerificationKey::from(&signing_key(user)).into())
}

/// The user's signature.
pub(crate) fn sign(user: u8, digest: &Hash) -> Signature {
    Signature::new(signing_key(user).sign(digest.as_bytes()).to_bytes())
}

/// A chain of four members.
pub(crate) fn genesis() -> Genesis {
    Genesis {
        version: GENESIS_VERSION,
        name: "conformance".into(),
        program_id: Address::new([9; 32]),
        committee: (100..104).map(address).collect(),
        time_ms: 1_000,
        treasury: address(TREASURY),
        quote_assets: vec![USD],
        params: Params {
            batch_interval_ms: 1_000,
            batch_chunks_max: 64,
            chunk_bytes_max: 3_800,
            block_transactions_max: 1_000,
            challenge_slots: 10,
            challenge_secs: 1,
            inbox_delay_slots: 100,
            bond_lamports: 1_000_000_000,
            challenge_lamports: 100_000_000,
            takeover_slots: 500,
            authority: Address::default(),
            authority_delay_secs: 0,
        },
    }
}

/// A chain in which users 0 to 9 have [`DEPOSIT`] and user 0 has launched the curves.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) tree: Tree,
    pub(crate) genesis: Hash,
    curves: Vec<(CurveId, Module)>,
}

impl World {
    pub(crate) fn new(modules: Vec<Module>) -> Self {
        let genesis = genesis();
        let (id, tree) = (genesis.hash(), genesis.tree().unwrap());
        let mut world = Self { tree, genesis: id, curves: Vec::new() };
        world.edit_chain(|chain| (chain.height, chain.time_ms) = (HEIGHT, TIME_MS));
        for user in 0..10 {
            let balances = vec![(AssetId::SOL, Quote::new(DEPOSIT)), (USD, Quote::new(DEPOSIT))];
            world.put_account(user, Account { balances, ..Account::default() });
        }
        world.put_account(TREASURY, Account::default());
        for module in modules {
            assert_eq!(verify(&module), Ok(()));
            world.succeed(0, vec![Instruction::PublishModule(module.clone())]);
            world.launch(module, AssetId::SOL);
        }
        world
    }

    pub(crate) fn pump() -> Self {
        Self::new(vec![pump()])
    }

    /// With one curve, migrated.
    pub(crate) fn migrated(module: Module) -> Self {
        let mut world = Self::new(vec![module]);
        world.graduate();
        world.succeed(5, vec![migrate(world.id())]);
        world
    }

    /// With a curve on a module that the verifier may refuse.
    pub(crate) fn unverified(module: Module) -> Self {
        let mut world = Self::new(vec![]);
        world.put(Module::key(&module.hash()), Cell::Module(module.clone().into()));
        world.launch(module, AssetId::SOL);
        world
    }

    /// Launches a curve on a module that is published; user 0 is its creator.
    pub(crate) fn launch(&mut self, module: Module, asset: AssetId) {
        let salt = self.curves.len() as u64 + 1;
        self.succeed(0, vec![launch(&module, asset, salt)]);
        self.curves.push((CurveId::derive(&address(0), salt), module));
    }

    /// User 9 buys all of the first curve.
    pub(crate) fn graduate(&mut self) {
        let (id, module) = self.curves[0].clone();
        self.succeed(9, vec![take(id, module.sale_end().get())]);
        assert_eq!(self.curve().phase, Phase::Complete);
    }

    /// The first curve.
    pub(crate) fn id(&self) -> CurveId {
        self.nth(0)
    }

    pub(crate) fn nth(&self, at: usize) -> CurveId {
        self.curves[at].0
    }

    fn curve(&self) -> Curve {
        match self.tree.get(&Curve::key(&self.id())).unwrap() {
            Some(Cell::Curve(curve)) => curve.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn held(&self, user: u8) -> u64 {
        match self.tree.get(&Holding::key(&self.id(), &address(user))).unwrap() {
            Some(Cell::Holding(holding)) => holding.amount.get(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn stake(&self, user: u8) -> u64 {
        match self.tree.get(&Stake::key(&self.id(), &address(user))).unwrap() {
            Some(Cell::Stake(stake)) => stake.shares.get(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn chain(&self) -> Chain {
        curvevm::block::chain(&self.tree).unwrap()
    }

    pub(crate) fn edit_chain(&mut self, edit: impl FnOnce(&mut Chain)) {
        let mut chain = self.chain();
        edit(&mut chain);
        self.put(Chain::key(), Cell::Chain(chain));
    }

    /// A block and a millisecond before.
    pub(crate) fn rewound(&self) -> Self {
        let mut world = self.clone();
        world.edit_chain(|chain| {
            (chain.height, chain.time_ms) = (chain.height - 1, chain.time_ms - 1);
        });
        world
    }

    pub(crate) fn pass_ms(&mut self, time_ms: u64) {
        self.edit_chain(|chain| chain.time_ms += time_ms);
    }

    pub(crate) fn put(&mut self, key: Key, cell: Cell) {
        self.tree.put(key, cell).unwrap();
    }

    pub(crate) fn put_account(&mut self, user: u8, account: Account) {
        self.put(Account::key(&address(user)), Cell::Account(account));
    }

    fn next_nonce(&self, user: u8) -> u64 {
        match self.tree.get(&Account::key(&address(user))).unwrap() {
            Some(Cell::Account(account)) => account.nonces.next(),
            None => 0,
            other => panic!("{other:?}"),
        }
    }

    /// The body of a program of `user`, for the session key of `session` if there is one.
    pub(crate) fn body(&self, user: u8, session: Option<u8>, program: Program) -> Body {
        Body {
            version: TX_VERSION,
            signer: address(user),
            session: session.map(address),
            nonce: self.next_nonce(user),
            expires_at: NEVER_EXPIRES,
            program,
        }
    }

    /// The body with the signature of `signer`.
    pub(crate) fn signed(&self, signer: u8, body: Body) -> Transaction {
        let signature = sign(signer, &body.digest(&self.genesis));
        Transaction { body, signature }
    }

    pub(crate) fn transaction(
        &self,
        user: u8,
        session: Option<u8>,
        program: Program,
    ) -> Transaction {
        self.signed(session.unwrap_or(user), self.body(user, session, program))
    }

    pub(crate) fn context(&self) -> Context {
        let Chain { height, time_ms, .. } = self.chain();
        Context { genesis: self.genesis, height, time_ms }
    }

    /// Executes a program of preparation, which succeeds.
    pub(crate) fn succeed(&mut self, user: u8, program: Program) {
        let (body, context) = (self.body(user, None, program), self.context());
        let transaction = self.signed(user, body);
        let id = transaction.admit(&self.genesis, CHUNK_BYTES_MAX).unwrap();
        let receipt =
            apply_verified(&transaction.body, id, &context, &mut self.tree, &mut Meter::new())
                .unwrap();
        assert!(matches!(receipt.outcome, Outcome::Succeeded(_)), "{receipt:?}");
    }
}

pub(crate) fn launch(module: &Module, asset: AssetId, salt: u64) -> Instruction {
    Instruction::Launch(launch_of(module, asset, salt))
}

pub(crate) fn launch_of(module: &Module, quote_asset: AssetId, salt: u64) -> Launch {
    let (name, symbol) = ("Test".into(), "TST".into());
    Launch { module: module.hash(), quote_asset, name, symbol, salt, first_buy: None }
}

pub(crate) fn buy(curve: CurveId, order: BuyOrder) -> Instruction {
    Instruction::Buy { curve, order, referrer: None }
}

pub(crate) fn sell(curve: CurveId, order: SellOrder) -> Instruction {
    Instruction::Sell { curve, order, referrer: None }
}

pub(crate) const fn spending(quote: u64, base_min: u64) -> BuyOrder {
    BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::new(base_min) }
}

pub(crate) const fn taking(base: u64, quote_max: u64) -> BuyOrder {
    BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::new(quote_max) }
}

pub(crate) const fn giving(base: u64, quote_min: u64) -> SellOrder {
    SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::new(quote_min) }
}

pub(crate) const fn getting(quote: u64, base_max: u64) -> SellOrder {
    SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::new(base_max) }
}

pub(crate) fn spend(curve: CurveId, quote: u64) -> Instruction {
    buy(curve, spending(quote, 0))
}

pub(crate) fn take(curve: CurveId, base: u64) -> Instruction {
    buy(curve, taking(base, u64::MAX))
}

pub(crate) fn give(curve: CurveId, base: u64) -> Instruction {
    sell(curve, giving(base, 0))
}

pub(crate) fn get(curve: CurveId, quote: u64) -> Instruction {
    sell(curve, getting(quote, u64::MAX))
}

/// A trade that names a referrer.
pub(crate) fn referred(mut trade: Instruction, by: u8) -> Instruction {
    match &mut trade {
        Instruction::Buy { referrer, .. } | Instruction::Sell { referrer, .. } => {
            *referrer = Some(address(by));
        }
        other => panic!("{other:?}"),
    }
    trade
}

pub(crate) fn pay(to: u8, lamports: u64) -> Instruction {
    pay_in(AssetId::SOL, to, lamports)
}

pub(crate) fn pay_in(asset: AssetId, to: u8, amount: u64) -> Instruction {
    let amount = Amount::Quote(asset, Quote::new(amount));
    Instruction::Transfer { to: address(to), amount }
}

pub(crate) fn hand_over(curve: CurveId, to: u8, base: u64) -> Instruction {
    Instruction::Transfer { to: address(to), amount: Amount::Base(curve, Base::new(base)) }
}

pub(crate) fn withdraw(lamports: u64) -> Instruction {
    let amount = Amount::Quote(AssetId::SOL, Quote::new(lamports));
    Instruction::Withdraw { amount, recipient: address(200) }
}

pub(crate) fn withdraw_tokens(curve: CurveId, base: u64) -> Instruction {
    let amount = Amount::Base(curve, Base::new(base));
    Instruction::Withdraw { amount, recipient: address(200) }
}

pub(crate) fn migrate(curve: CurveId) -> Instruction {
    Instruction::MigrateToAmm { curve }
}

pub(crate) fn add(curve: CurveId, quote: u64) -> Instruction {
    let (quote, base_max, shares_min) = (Quote::new(quote), Base::MAX, Shares::ZERO);
    Instruction::AddLiquidity { curve, quote, base_max, shares_min }
}

pub(crate) fn remove(curve: CurveId, shares: u64) -> Instruction {
    let (shares, quote_min, base_min) = (Shares::new(shares), Quote::ZERO, Base::ZERO);
    Instruction::RemoveLiquidity { curve, shares, quote_min, base_min }
}

pub(crate) fn claim(curve: CurveId, what: Claim) -> Instruction {
    Instruction::Claim { curve, what }
}

pub(crate) fn authorize(key: u8, expires_ms: u64, limit: u64) -> Instruction {
    let (asset, limit) = (AssetId::SOL, Quote::new(limit));
    Instruction::Authorize { session: address(key), expires_ms, asset, limit }
}

pub(crate) fn revoke(key: u8) -> Instruction {
    Instruction::Revoke { session: address(key) }
}

pub(crate) fn nobody() -> CurveId {
    CurveId::new([9; 32])
}
