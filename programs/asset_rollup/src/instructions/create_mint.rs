//! `create_mint`: creates the mint of a launched asset that is proved under a finalized root.

use alloc::vec::Vec;

use anchor_lang::{cpi::rent_exempt_lamports, prelude::*, system_program};
use asset_rollup_interface::{constants::PROOF_OFFSET, seeds};

use crate::{
    error::{RollupError, ensure, fail},
    proof::{Asset, open},
    state::Rollup,
    token::{Access, Call},
};

/// The length of a mint with a pointer to its metadata, in bytes.
const MINT_BYTES: usize = 165 + 1 + 4 + 64;
/// The length of the metadata without its texts: the entry's head, two addresses, and the lengths of the name, the symbol, the address
/// and the list of fields.
const METADATA_BYTES: usize = 4 + 32 + 32 + 4 * 4;
/// Tags of the system program's instructions.
const TRANSFER: [u8; 4] = 2u32.to_le_bytes();
const ALLOCATE: [u8; 4] = 8u32.to_le_bytes();
const ASSIGN: [u8; 4] = 1u32.to_le_bytes();
/// Tags of Token-2022's instructions: the pointer's, and that which initializes a mint.
const METADATA_POINTER: [u8; 2] = [39, 0];
const INITIALIZE_MINT: u8 = 20;
/// `sha256("spl_token_metadata_interface:initialize_account")` and `…:update_the_authority`, first eight bytes.
const INITIALIZE_METADATA: [u8; 8] = [0xd2, 0xe1, 0x1e, 0xa2, 0x58, 0xb8, 0x4d, 0x8d];
const UPDATE_METADATA_AUTHORITY: [u8; 8] = [0xd7, 0xe4, 0xa6, 0xe4, 0x54, 0x64, 0x56, 0x7b];

/// Accounts of `create_mint`. Anyone may send it.
#[derive(Accounts)]
#[instruction(root_number: u64, curve: [u8; 32])]
pub struct CreateMint {
    /// `[signer, writable]` Pays for the mint.
    #[account(mut)]
    pub payer: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// Its vault.
    #[account(seeds = [seeds::VAULT, rollup.address().as_ref()], bump = rollup.vault_bump)]
    pub vault: SystemAccount,
    /// `[writable]` Created.
    #[account(mut, seeds = [seeds::MINT, rollup.address().as_ref(), curve.as_ref()], bump)]
    pub mint: UncheckedAccount,
    /// Holds the witness; left out when the arguments do. Any account may: the witness is proved.
    pub proof: Option<UncheckedAccount>,
    /// Makes the mint.
    pub token_program: Program<Token2022>,
    /// Creates the account.
    pub system_program: Program<System>,
}

/// Which mint is created.
pub struct Creation<'a> {
    /// The batch after which the root stood.
    pub root_number: u64,
    /// The curve.
    pub curve: [u8; 32],
    /// Opens the cells of the curve and of its module; empty when an account holds it.
    pub witness: &'a [u8],
}

/// Creates the mint of a launched asset that is proved under a finalized root.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn create_mint(ctx: &mut Context<CreateMint>, creation: &Creation<'_>) -> Result<()> {
    let bump = ctx.bumps.mint;
    let accounts = &mut ctx.accounts;
    let new = accounts.mint.account().owned_by(&system_program::ID);
    ensure(new, RollupError::MintExists)?;
    let asset = match &accounts.proof {
        Some(account) => {
            ensure(creation.witness.is_empty(), RollupError::InvalidProof)?;
            let data = account.account().try_borrow()?;
            let witness = data.get(PROOF_OFFSET..).unwrap_or_default();
            prove(creation, &accounts.rollup, witness)?
        }
        None => prove(creation, &accounts.rollup, creation.witness)?,
    };
    open_account(accounts, &asset, [&creation.curve, &[bump]])?;
    initialize(accounts, asset.decimals)?;
    describe(accounts, &asset)
}

#[inline(never)]
fn prove(creation: &Creation<'_>, rollup: &Rollup, witness: &[u8]) -> Result<Asset> {
    let tree = open(rollup, creation.root_number, witness)?;
    Asset::read(&tree, creation.curve)
}

/// Makes the account one of Token-2022, with the rent of the metadata too, for which that makes room itself. `curve` and `bump` are the
/// last seeds of its address. Whoever derives the address may have sent something before.
#[inline(never)]
fn open_account(accounts: &CreateMint, asset: &Asset, [curve, bump]: [&[u8]; 2]) -> Result<()> {
    let (mint, system) = (accounts.mint.account(), accounts.system_program.address());
    let texts = asset.name.len().checked_add(asset.symbol.len());
    let bytes = texts.and_then(|texts| texts.checked_add(MINT_BYTES + METADATA_BYTES));
    let rent = rent_exempt_lamports(bytes.ok_or(fail(RollupError::Overflow))?)?;
    let missing = rent.saturating_sub(mint.lamports()).to_le_bytes();
    let data = [&TRANSFER[..], &missing].concat();
    let paid = [(accounts.payer.account(), Access::Pay), (mint, Access::Write)];
    Call { program: system, accounts: &paid, data: &data }.send()?;
    let seeds = [seeds::MINT, accounts.rollup.address().as_ref(), curve, bump];
    let length = (MINT_BYTES as u64).to_le_bytes();
    let allocate = [&ALLOCATE[..], &length].concat();
    let assign = [&ASSIGN[..], Token2022::id().as_ref()].concat();
    for data in [allocate, assign] {
        Call { program: system, accounts: &[(mint, Access::Pay)], data: &data }.send_as(&seeds)?;
    }
    Ok(())
}

/// Makes it a mint of the vault that points to itself as its metadata and has no freeze authority.
#[inline(never)]
fn initialize(accounts: &CreateMint, decimals: u8) -> Result<()> {
    let (mint, vault) = (accounts.mint.account(), accounts.vault.address());
    let writes = [(mint, Access::Write)];
    // The pointer has no authority.
    let pointer = [&METADATA_POINTER[..], &[0; 32], mint.address().as_ref()].concat();
    Call { program: &Token2022::id(), accounts: &writes, data: &pointer }.send()?;
    let data = [&[INITIALIZE_MINT, decimals][..], vault.as_ref(), &[0]].concat();
    Call { program: &Token2022::id(), accounts: &writes, data: &data }.send()
}

/// Writes the asset's name and symbol, and leaves nobody who may change them.
#[inline(never)]
fn describe(accounts: &CreateMint, asset: &Asset) -> Result<()> {
    let (mint, vault) = (accounts.mint.account(), accounts.vault.account());
    let mut data = Vec::from(INITIALIZE_METADATA);
    for text in [&asset.name, &asset.symbol, ""] {
        let length = u32::try_from(text.len()).map_err(|_| fail(RollupError::Overflow))?;
        data.extend(length.to_le_bytes());
        data.extend(text.as_bytes());
    }
    // The metadata, who may change it, the mint, its authority.
    let described =
        [(mint, Access::Write), (vault, Access::Read), (mint, Access::Read), (vault, Access::Sign)];
    let call = Call { program: &Token2022::id(), accounts: &described, data: &data };
    call.send_as_vault(&accounts.rollup)?;
    let data = [&UPDATE_METADATA_AUTHORITY[..], &[0; 32]].concat();
    let sealed = [(mint, Access::Write), (vault, Access::Sign)];
    let call = Call { program: &Token2022::id(), accounts: &sealed, data: &data };
    call.send_as_vault(&accounts.rollup)
}
