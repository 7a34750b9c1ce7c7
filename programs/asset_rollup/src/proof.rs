//! Proofs under a finalized root.

use alloc::string::String;
use core::mem::ManuallyDrop;

use anchor_lang::prelude::*;
use curvevm::{
    cell::{Cell, Curve, Withdrawal},
    module::Module,
    program::Amount,
    tree::Tree,
    types::{Address as Key, AssetId, Base, CurveId, Quote},
};

use crate::{
    error::{RollupError, ensure, fail},
    state::Rollup,
};

/// What is claimed.
pub struct Claim<'a> {
    /// The batch after which the root stood.
    pub root_number: u64,
    /// The withdrawal's index.
    pub index: u64,
    /// What left the chain.
    pub amount: Amount,
    /// Opens the withdrawal's cell.
    pub witness: &'a [u8],
}

impl Claim<'_> {
    /// The withdrawal stands under the finalized root, and is `recipient`'s.
    ///
    /// # Errors
    ///
    /// [`RollupError::RootNotFinalized`], [`RollupError::InvalidProof`], [`RollupError::WrongWithdrawal`].
    #[inline(never)]
    pub fn check(&self, rollup: &Rollup, recipient: &Address) -> Result<()> {
        let claimed = Withdrawal {
            version: 0,
            index: self.index,
            amount: self.amount,
            recipient: Key::new(recipient.to_bytes()),
        };
        let tree = open(rollup, self.root_number, self.witness)?;
        let cell = tree.get(&Withdrawal::key(self.index));
        let cell = cell.map_err(|_| fail(RollupError::InvalidProof))?;
        let proved = matches!(cell, Some(Cell::Withdrawal(withdrawal)) if *withdrawal == claimed);
        ensure(proved, RollupError::WrongWithdrawal)
    }
}

/// An amount as an instruction's data has it: the Borsh encoding of [`Amount`].
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct TokenAmount {
    /// Zero for a quote asset, one for a launched one.
    pub launched: u8,
    /// The quote asset's mint, or the launched asset's curve.
    pub asset: [u8; 32],
    /// How much.
    pub amount: u64,
}

impl TokenAmount {
    /// The amount, which is of tokens.
    ///
    /// # Errors
    ///
    /// [`RollupError::UnsupportedAsset`].
    pub fn of_tokens(&self) -> Result<Amount> {
        match self.launched {
            0 if AssetId::new(self.asset) != AssetId::SOL => {
                Ok(Amount::Quote(AssetId::new(self.asset), Quote::new(self.amount)))
            }
            1 => Ok(Amount::Base(CurveId::new(self.asset), Base::new(self.amount))),
            _ => Err(fail(RollupError::UnsupportedAsset)),
        }
    }
}

/// What a launched asset's mint says of it.
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
}

impl Asset {
    /// The asset of a curve that stands, with its module, under a state's root.
    ///
    /// # Errors
    ///
    /// [`RollupError::InvalidProof`] when the witness opens too little, [`RollupError::WrongCurve`] when there is no such curve.
    #[inline(never)]
    pub fn read(tree: &Tree, curve: [u8; 32]) -> Result<Self> {
        let cell = tree.get(&Curve::key(&CurveId::new(curve)));
        let Some(Cell::Curve(curve)) = cell.map_err(|_| fail(RollupError::InvalidProof))? else {
            return Err(fail(RollupError::WrongCurve));
        };
        let cell = tree.get(&Module::key(&curve.module));
        let Some(Cell::Module(module)) = cell.map_err(|_| fail(RollupError::InvalidProof))? else {
            return Err(fail(RollupError::WrongCurve));
        };
        let (name, symbol) = (curve.name.clone(), curve.symbol.clone());
        Ok(Self { name, symbol, decimals: module.decimals })
    }
}

/// The state of a finalized root, as far as a witness opens it.
///
/// It is never dropped: dropping a tree recurses as deep as its paths, and call frames are few; the heap goes with the instruction
/// anyway.
///
/// # Errors
///
/// [`RollupError::RootNotFinalized`], [`RollupError::InvalidProof`].
#[inline(never)]
pub fn open(rollup: &Rollup, number: u64, witness: &[u8]) -> Result<ManuallyDrop<Tree>> {
    let root = rollup.finalized_root(number)?;
    let tree = Tree::from_witness(witness).map_err(|_| fail(RollupError::InvalidProof))?;
    let mut tree = ManuallyDrop::new(tree);
    ensure(tree.root() == root, RollupError::InvalidProof)?;
    Ok(tree)
}
