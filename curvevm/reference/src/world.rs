//! Both machines side by side: each transaction is executed by both, and they must agree.

use std::collections::{BTreeMap, BTreeSet};

use curvevm::{
    error::Error,
    execute::{Context, Refusal, apply_verified},
    genesis::{GENESIS_VERSION, Genesis, Params},
    meter::Meter,
    module::Module,
    nonce,
    program::{Amount, Instruction, Launch, Program},
    receipt::Outcome,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION},
    types::{Address, AssetId, CurveId, Hash, Quote},
};

pub use crate::inbox::owner;
use crate::{
    model::Model,
    random::{Cast, Choices, pick, program},
};

/// The chain's quote asset besides SOL.
pub const OTHER_ASSET: AssetId = AssetId::new([7; 32]);
/// The number of accounts.
pub const ACCOUNTS: u8 = 10;
/// What each account is given of each asset.
const DEPOSIT: u64 = u64::MAX >> 6;

/// Both machines, after the same transactions.
#[derive(Clone, Debug)]
pub struct World {
    /// The state of `curvevm`.
    pub tree: Tree,
    /// The state of the reference.
    pub model: Model,
    /// The block.
    pub context: Context,
    /// Hashes of the modules that were published.
    pub modules: Vec<Hash>,
    /// How many messages were consumed.
    pub messages: u64,
    /// What was deposited of each quote asset, what the accounts began with among it.
    pub deposited: BTreeMap<AssetId, u128>,
    /// Tokens that came back from Solana.
    pub returned: BTreeMap<CurveId, u64>,
    /// Kinds of messages, and what became of them.
    pub received: BTreeSet<(&'static str, &'static str)>,
}

/// What became of a transaction: its outcome, or why no block may hold it.
pub type Became = Result<Outcome, Error>;

/// The chain that a world begins with; the first account is its treasury.
pub fn genesis() -> Genesis {
    Genesis {
        version: GENESIS_VERSION,
        name: "reference".to_owned(),
        program_id: Address::new([9; 32]),
        committee: vec![Address::new([8; 32])],
        time_ms: 1_000_000,
        treasury: owner(0),
        quote_assets: vec![OTHER_ASSET],
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

impl World {
    /// Ten accounts with funds in both assets, and nothing else.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn new() -> Result<Self, String> {
        Self::funded(|_| DEPOSIT)
    }

    /// Ten accounts with as much as is said of both assets.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn funded(funds: impl Fn(u8) -> u64) -> Result<Self, String> {
        let genesis = genesis();
        let mut tree = genesis.tree().map_err(|error| error.to_string())?;
        let mut model = Model::new(&genesis);
        let mut deposited: BTreeMap<AssetId, u128> = BTreeMap::new();
        for index in 0..ACCOUNTS {
            let (owner, amount) = (owner(index), Quote::new(funds(index)));
            let mut account = curvevm::cell::Account::default();
            for asset in [AssetId::SOL, OTHER_ASSET] {
                curvevm::execute::credit(&mut account, asset, amount)
                    .map_err(|error| error.to_string())?;
                model.deposit(&owner, Amount::Quote(asset, amount));
                *deposited.entry(asset).or_default() += u128::from(amount.get());
            }
            let cell = curvevm::cell::Cell::Account(account);
            tree.put(curvevm::cell::Account::key(&owner), cell)
                .map_err(|error| error.to_string())?;
        }
        let context = Context { genesis: Hash::ZERO, height: 1, time_ms: genesis.time_ms };
        let world = Self {
            tree,
            model,
            context,
            modules: Vec::new(),
            messages: 0,
            deposited,
            returned: BTreeMap::new(),
            received: BTreeSet::new(),
        };
        world.model.compare(&world.tree)?;
        Ok(world)
    }

    /// Executes a program of an owner by both machines, and compares what became of it.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn run(&mut self, signer: &Address, program: Program) -> Result<Became, String> {
        self.run_as(signer, None, program)
    }

    /// The same, signed by a session key.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn run_as(
        &mut self,
        signer: &Address,
        session: Option<Address>,
        program: Program,
    ) -> Result<Became, String> {
        let nonce = self.nonce_of(signer);
        let expires_at = NEVER_EXPIRES;
        self.apply(&Body {
            version: TX_VERSION,
            signer: *signer,
            session,
            nonce,
            expires_at,
            program,
        })
    }

    /// The lowest nonce that the owner may use.
    fn nonce_of(&self, signer: &Address) -> u64 {
        self.model.accounts.get(signer).map_or(0, |account| account.base)
    }

    /// Executes a transaction by both machines, and compares what became of it.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn apply(&mut self, body: &Body) -> Result<Became, String> {
        let before = self.model.clone();
        let wanted = self.model.apply(body, &self.context);
        let found = match apply_verified(
            body,
            Hash::ZERO,
            &self.context,
            &mut self.tree,
            &mut Meter::new(),
        ) {
            Ok(receipt) => Ok(receipt.outcome),
            Err(Refusal::Rejected(error)) => Err(error),
            Err(refusal @ (Refusal::State(_) | Refusal::SegmentFull)) => {
                return Err(format!("{refusal}"));
            }
        };
        if found.as_ref().is_ok_and(Self::is_too_expensive) {
            return self.apply_nothing(before, body).map(|()| found);
        }
        if found != wanted {
            let about = about(&before, body);
            return Err(format!("{body:?}\n  curvevm {found:?}\nreference {wanted:?}\n{about}"));
        }
        Ok(found)
    }

    /// Whether the meter stopped it.
    pub(crate) const fn is_too_expensive(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Failed { error: Error::TooExpensive, .. })
    }

    /// What a transaction does in the reference that the meter stops: the reference has no meter, so another one fails in its place.
    pub(crate) fn apply_nothing(&mut self, before: Model, body: &Body) -> Result<(), String> {
        self.model = before;
        let amount = Amount::Quote(AssetId::SOL, Quote::new(1));
        let to_oneself = Instruction::Transfer { to: body.signer, amount };
        let body = Body { program: vec![to_oneself], ..body.clone() };
        match self.model.apply(&body, &self.context) {
            Ok(Outcome::Failed { .. }) => Ok(()),
            other => Err(format!("a transfer to oneself: {other:?}")),
        }
    }

    /// Publishes a module; gives its hash if the verifier accepts it.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn publish(&mut self, module: &Module) -> Result<Option<Hash>, String> {
        let program = vec![Instruction::PublishModule(module.clone())];
        let hash = module.hash();
        match self.run(&owner(1), program)? {
            Ok(Outcome::Succeeded(_)) => {
                self.modules.push(hash);
                Ok(Some(hash))
            }
            Ok(Outcome::Failed { .. } | Outcome::Rejected { .. }) | Err(_) => Ok(None),
        }
    }

    /// Launches a curve by an owner.
    ///
    /// # Errors
    ///
    /// What the machines disagree on, or why there is no curve.
    pub fn launch(&mut self, signer: &Address, module: Hash, salt: u64) -> Result<CurveId, String> {
        let launch = Launch {
            module,
            quote_asset: AssetId::SOL,
            name: "Asset".to_owned(),
            symbol: "A".to_owned(),
            salt,
            first_buy: None,
        };
        match self.run(signer, vec![Instruction::Launch(launch)])? {
            Ok(Outcome::Succeeded(_)) => Ok(CurveId::derive(signer, salt)),
            other => Err(format!("{other:?}")),
        }
    }

    /// One random transaction or message, after a random step of time.
    ///
    /// # Errors
    ///
    /// What the machines disagree on.
    pub fn random_step(&mut self, choices: &mut dyn Choices) -> Result<bool, String> {
        if choices.once_in(3) {
            self.context.height += 1;
            self.context.time_ms += choices.magnitude(500_000_000).max(1);
        }
        let mut owners: Vec<_> = (0..ACCOUNTS).map(owner).collect();
        let signer = *pick(choices, &owners);
        owners.push(Address::new([99; 32]));
        let assets = vec![AssetId::SOL, AssetId::SOL, OTHER_ASSET, AssetId::new([3; 32])];
        let mut hashes: Vec<_> = self.model.modules.keys().copied().collect();
        hashes.push(Hash::ZERO);
        let cast = Cast { owners, assets };
        let program = program(choices, &self.model, &cast, (&signer, &hashes));
        let session = self.session(choices, &signer);
        // Mostly the next nonce, else one from the window or beside it.
        let ahead = if choices.once_in(4) { choices.magnitude(2 * nonce::AHEAD_MAX) } else { 0 };
        let below = u64::from(choices.once_in(30));
        let nonce = (self.nonce_of(&signer) + ahead).saturating_sub(below);
        let expires_at = if choices.once_in(8) {
            (self.context.height + 1).saturating_sub(choices.below(3))
        } else {
            NEVER_EXPIRES
        };
        let body = Body { version: TX_VERSION, signer, session, nonce, expires_at, program };
        if choices.once_in(6) {
            return self.random_message(choices, body);
        }
        Ok(matches!(self.apply(&body)?, Ok(Outcome::Succeeded(_))))
    }

    /// Seldom a session key, one that the owner has named if there is one.
    fn session(&self, choices: &mut dyn Choices, signer: &Address) -> Option<Address> {
        if !choices.once_in(8) {
            return None;
        }
        let named: Vec<_> = self
            .model
            .sessions
            .keys()
            .filter(|(owner, _)| owner == signer)
            .map(|(_, key)| *key)
            .collect();
        if named.is_empty() { Some(owner(3)) } else { Some(*pick(choices, &named)) }
    }
}

/// The curves that a transaction names, for a report.
fn about(model: &Model, body: &Body) -> String {
    let curve = |instruction: &Instruction| match instruction {
        Instruction::Buy { curve, .. }
        | Instruction::Sell { curve, .. }
        | Instruction::AddLiquidity { curve, .. }
        | Instruction::RemoveLiquidity { curve, .. }
        | Instruction::MigrateToAmm { curve }
        | Instruction::Claim { curve, .. } => Some(*curve),
        Instruction::Launch(_)
        | Instruction::Transfer { .. }
        | Instruction::Withdraw { .. }
        | Instruction::PublishModule(_)
        | Instruction::Authorize { .. }
        | Instruction::Revoke { .. } => None,
    };
    let mut text = String::new();
    for id in body.program.iter().filter_map(curve) {
        if let Some(curve) = model.curves.get(&id) {
            let module = &model.modules[&curve.module];
            text += &format!("{module:?}\n{:?} {:?}\n", curve.place, model.pools.get(&id));
        }
    }
    text
}
