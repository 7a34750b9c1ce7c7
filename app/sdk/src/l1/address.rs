//! The addresses of a rollup's accounts.

use asset_rollup_interface::seeds;
use curvevm::types::{Address, CurveId, Hash};
use solana_pubkey::Pubkey;

/// The addresses that are fixed for a rollup, and the derivation of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollupAddresses {
    program: Pubkey,
    /// The rollup's account.
    pub rollup: Pubkey,
    /// Holds the lamports of all deposits.
    pub vault: Pubkey,
    /// The inbox.
    pub inbox: Pubkey,
}

impl RollupAddresses {
    /// The addresses of the rollup `chain_id` in the program.
    pub fn derive(program_id: &Address, chain_id: &Hash) -> Self {
        let program = pubkey(program_id);
        let rollup = find(&program, &seeds::rollup(chain_id));
        let vault = find(&program, &seeds::vault(&address(&rollup)));
        let inbox = find(&program, &seeds::inbox(&address(&rollup)));
        Self { program, rollup, vault, inbox }
    }

    /// The program.
    pub const fn program(&self) -> Pubkey {
        self.program
    }

    /// The account of an inbox message.
    pub fn message(&self, index: u64) -> Pubkey {
        find(&self.program, &seeds::message(&address(&self.rollup), &seeds::le(index)))
    }

    /// The account of a committed batch.
    pub fn batch(&self, number: u64) -> Pubkey {
        find(&self.program, &seeds::batch(&address(&self.rollup), &seeds::le(number)))
    }

    /// The account with the chunk hashes that `poster` posted for a batch.
    pub fn data(&self, number: u64, poster: &Address) -> Pubkey {
        find(&self.program, &seeds::data(&address(&self.rollup), &seeds::le(number), poster))
    }

    /// The member of a key.
    pub fn member(&self, key: &Address) -> Pubkey {
        find(&self.program, &seeds::member(&address(&self.rollup), key))
    }

    /// A verdict.
    pub fn verdict(&self, index: u64) -> Pubkey {
        find(&self.program, &seeds::verdict(&address(&self.rollup), &seeds::le(index)))
    }

    /// The mint of the asset that a curve launched.
    pub fn mint(&self, curve: &CurveId) -> Pubkey {
        find(&self.program, &seeds::mint(&address(&self.rollup), curve))
    }

    /// A page of the bits that say which withdrawals were paid.
    pub fn nullifiers(&self, page: u64) -> Pubkey {
        find(&self.program, &seeds::nullifiers(&address(&self.rollup), &seeds::le(page)))
    }
}

fn find(program: &Pubkey, seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, program).0
}

/// As the Solana crates take it.
pub(crate) fn pubkey(address: &Address) -> Pubkey {
    Pubkey::new_from_array(address.to_bytes())
}

/// As our crates take it.
pub(crate) fn address(pubkey: &Pubkey) -> Address {
    Address::new(pubkey.to_bytes())
}
