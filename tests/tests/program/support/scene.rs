//! A native chain whose cells are set at will, and the cases of its segments.

use curvevm::{
    block::BlockBody,
    cell::{Account, Accrued, Cell, Curve, Holding, Money, Phase, Rules},
    genesis::Genesis,
    inbox::InboxMessage,
    module::Module,
    nonce::NonceWindow,
    program::Program,
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Signature},
};

use super::{Case, address, advance, chunks, signing_key};

/// The user who is the chain's treasury.
pub(crate) const TREASURY: u8 = 90;
/// What an account holds of each asset.
pub(crate) const BALANCE: u64 = 1_000_000_000_000_000;

/// A chain.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) chain_id: Hash,
    pub(crate) tree: Tree,
    pub(crate) height: u64,
    pub(crate) time_ms: u64,
}

/// The quote assets of the chain: SOL and seven more.
pub(crate) fn assets() -> Vec<AssetId> {
    (0..8u8).map(|at| if at == 0 { AssetId::SOL } else { AssetId::new([at * 30; 32]) }).collect()
}

impl Scene {
    /// A chain with the treasury and every quote asset, and no accounts.
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let mut genesis = genesis.clone();
        genesis.treasury = address(TREASURY);
        genesis.quote_assets = assets()[1..].to_vec();
        let mut tree = genesis.tree().unwrap();
        tree.root();
        let rules = tree.get(&Rules::key()).unwrap();
        assert!(matches!(rules, Some(Cell::Rules(rules)) if rules.quote_assets.len() == 7));
        let time_ms = genesis.time_ms;
        Self { chain_id: genesis.hash(), tree, height: 0, time_ms }
    }

    pub(crate) fn put(&mut self, key: Key, cell: Cell) {
        self.tree.put(key, cell).unwrap();
    }

    /// An account with every asset.
    pub(crate) fn fund(&mut self, owner: &Address) {
        let balances = assets().into_iter().map(|asset| (asset, Quote::new(BALANCE))).collect();
        let account = Account { version: 0, nonces: NonceWindow::default(), balances };
        self.put(Account::key(owner), Cell::Account(account));
    }

    /// A module, verified or not.
    pub(crate) fn publish(&mut self, module: &Module) -> Hash {
        let hash = module.hash();
        self.put(Module::key(&hash), Cell::Module(module.clone().into()));
        hash
    }

    /// A new curve of user 0.
    pub(crate) fn launch(&mut self, module: &Module, salt: u64) -> CurveId {
        let id = CurveId::derive(&address(0), salt);
        let money = Money { quote: Quote::new(5_000_000), base: Base::ZERO };
        let curve = Curve {
            version: 0,
            module: self.publish(module),
            quote_asset: AssetId::SOL,
            creator: address(0),
            name: "n".repeat(32),
            symbol: "s".repeat(10),
            launched_ms: self.time_ms,
            sold: Base::ZERO,
            reserve: Quote::ZERO,
            sqrt_price: module.sqrt_start,
            marks: vec![],
            fees: Accrued { protocol: money, creator: money, partner: money },
            phase: Phase::Trading,
        };
        self.put(Curve::key(&id), Cell::Curve(curve));
        id
    }

    pub(crate) fn give(&mut self, owner: &Address, curve: &CurveId, amount: u64) {
        let holding = Holding { version: 0, amount: Base::new(amount) };
        self.put(Holding::key(curve, owner), Cell::Holding(holding));
    }

    /// A transaction of `user`, signed by their key or by that of a session.
    pub(crate) fn sign(
        &self,
        (user, session): (u8, Option<u8>),
        nonce: u64,
        program: Program,
    ) -> Transaction {
        let body = Body {
            version: TX_VERSION,
            signer: address(user),
            session: session.map(address),
            nonce,
            expires_at: NEVER_EXPIRES,
            program,
        };
        let key = signing_key(session.unwrap_or(user));
        let signature = key.sign(body.digest(&self.chain_id).as_bytes());
        Transaction { body, signature: Signature::new(signature.to_bytes()) }
    }

    /// The body of the next block, `secs` later.
    pub(crate) fn next(
        &self,
        secs: u64,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
    ) -> BlockBody {
        let (height, time_ms) = (self.height + 1, self.time_ms + secs * 1_000);
        BlockBody { height, time_ms, messages, transactions }
    }

    /// Executes a block, segment by segment; gives the case of each.
    pub(crate) fn run(&mut self, body: &BlockBody) -> Vec<Case> {
        let mut cases = vec![];
        for (chunk, placed) in chunks(&self.tree, &self.chain_id, body) {
            let at = (&chunk[..], placed.offset);
            cases.push(Case::new(&mut self.tree, &self.chain_id, at));
            advance(&mut self.tree, &self.chain_id, &placed);
        }
        (self.height, self.time_ms) = (body.height, body.time_ms);
        cases
    }

    /// Surrounds keys by others, so that their paths have at least `depth` branches.
    pub(crate) fn deepen(&mut self, keys: &[Key], depth: usize) {
        for key in keys {
            for depth in 0..depth {
                let mut bytes = key.to_bytes();
                bytes[depth / 8] ^= 0x80 >> (depth % 8);
                let filler = Key::new(bytes);
                if self.tree.get(&filler).unwrap().is_none() {
                    self.put(filler, Cell::Holding(Holding::default()));
                }
            }
        }
    }
}
