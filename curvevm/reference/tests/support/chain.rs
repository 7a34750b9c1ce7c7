//! `curvevm` alone, on copies of a state: what is read from its cells, and trades that are tried out.

use curvevm::{
    cell::{Account, Cell, Curve, Holding, Phase, Pool},
    error::Error,
    execute::{Context, apply_verified},
    meter::Meter,
    module::Module,
    program::{BuyOrder, Instruction, SellOrder},
    receipt::{Event, Outcome, Trade},
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION},
    types::{Address, AssetId, CurveId, Hash, Key},
};

/// A state that trades are tried out on.
#[derive(Clone)]
pub(crate) struct Trial {
    pub(crate) tree: Tree,
    pub(crate) context: Context,
}

impl Trial {
    fn cell(&self, key: &Key) -> Option<&Cell> {
        self.tree.get(key).unwrap()
    }

    pub(crate) fn curve(&self, id: &CurveId) -> Curve {
        match self.cell(&Curve::key(id)) {
            Some(Cell::Curve(curve)) => curve.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn pool(&self, id: &CurveId) -> Option<Pool> {
        match self.cell(&Pool::key(id)) {
            Some(Cell::Pool(pool)) => Some(pool.clone()),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn module(&self, hash: &Hash) -> Module {
        match self.cell(&Module::key(hash)) {
            Some(Cell::Module(module)) => (**module).clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn held(&self, id: &CurveId, owner: &Address) -> u64 {
        match self.cell(&Holding::key(id, owner)) {
            Some(Cell::Holding(holding)) => holding.amount.get(),
            None => 0,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn balance(&self, owner: &Address, asset: &AssetId) -> u64 {
        self.account(owner).balance(asset).get()
    }

    fn account(&self, owner: &Address) -> Account {
        match self.cell(&Account::key(owner)) {
            Some(Cell::Account(account)) => account.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Executes one instruction; the error is why it failed.
    pub(crate) fn run(
        &mut self,
        signer: &Address,
        instruction: Instruction,
    ) -> Result<Event, Error> {
        let body = Body {
            version: TX_VERSION,
            signer: *signer,
            session: None,
            nonce: self.account(signer).nonces.base(),
            expires_at: NEVER_EXPIRES,
            program: vec![instruction],
        };
        let receipt =
            apply_verified(&body, Hash::ZERO, &self.context, &mut self.tree, &mut Meter::new())
                .unwrap();
        match receipt.outcome {
            Outcome::Succeeded(events) => Ok(events[0].clone()),
            Outcome::Failed { error, .. } | Outcome::Rejected { error } => Err(error),
        }
    }

    pub(crate) fn buy(
        &mut self,
        signer: &Address,
        id: &CurveId,
        order: BuyOrder,
    ) -> Result<Trade, Error> {
        let instruction = Instruction::Buy { curve: *id, order, referrer: None };
        self.run(signer, instruction).map(traded)
    }

    pub(crate) fn sell(
        &mut self,
        signer: &Address,
        id: &CurveId,
        order: SellOrder,
    ) -> Result<Trade, Error> {
        let instruction = Instruction::Sell { curve: *id, order, referrer: None };
        self.run(signer, instruction).map(traded)
    }

    /// Whether somebody can buy.
    pub(crate) fn is_open(&self, id: &CurveId) -> bool {
        self.curve(id).phase != Phase::Complete
    }
}

pub(crate) fn traded(event: Event) -> Trade {
    match event {
        Event::Traded(trade) => trade,
        other => panic!("{other:?}"),
    }
}
