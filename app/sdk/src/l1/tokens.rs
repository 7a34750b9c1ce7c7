//! Tokens: deposits, payments of withdrawals, and the mints of launched assets; what the L1 says of mints and balances.

use asset_rollup_interface::{
    constants::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
    error::RollupError,
    instruction as ix, seeds,
};
use curvevm::{
    program::Amount,
    types::{Address, AssetId, CurveId},
};
use solana_account::Account;

use super::{
    address::{address, pubkey},
    client::{Claim, L1Client},
    config::{Level, TransactionFormat},
    error::L1Error,
    instructions::{COMPUTE_UNITS, program_error, write},
    send::{Landed, Write},
};
use crate::keys::Key;

/// The heap in which the program reads the longest proof of a curve and its module, in bytes, and the compute units that it takes.
const PROOF_HEAP_BYTES: u32 = 128 * 1024;
const PROOF_COMPUTE_UNITS: u32 = 600_000;
/// Where a mint has its supply, its decimals, and whether it is initialized; its length without extensions, in bytes.
const SUPPLY_AT: usize = 36;
const DECIMALS_AT: usize = 44;
const INITIALIZED_AT: usize = 45;
const MINT_BYTES: usize = 82;
/// Where an account with extensions says what it is, and what it says when it is a mint or a token account.
const KIND_AT: usize = 165;
const KIND_MINT: u8 = 1;
const KIND_ACCOUNT: u8 = 2;
/// Where a token account has its amount.
const AMOUNT_AT: usize = 64;

/// A mint on the L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Its address.
    pub address: Address,
    /// Its token program: SPL Token or Token-2022.
    pub program: Address,
    /// How many digits of an amount stand after the point.
    pub decimals: u8,
    /// What there is of it, in base units.
    pub supply: u64,
}

/// A curve whose asset gets its mint.
#[derive(Clone, Copy, Debug)]
pub struct MintProof<'a> {
    /// The finalized batch under whose root it is proved.
    pub batch: u64,
    /// The curve.
    pub curve: CurveId,
    /// The witness that opens the cells of the curve and of its module under that root.
    pub witness: &'a [u8],
}

impl L1Client {
    /// A mint of SPL Token or Token-2022; nothing when there is no account at the address.
    ///
    /// # Errors
    ///
    /// [`L1Error::NotAMint`] when something else is there, [`L1Error::Unreachable`], [`L1Error::Rejected`].
    pub async fn mint(&self, at: &Address, level: Level) -> Result<Option<Mint>, L1Error> {
        let Some(account) = self.account(&pubkey(at), level).await? else { return Ok(None) };
        let mint = parse_mint(*at, &account);
        mint.map(Some)
            .ok_or_else(|| L1Error::NotAMint { mint: *at, url: self.config().url.clone() })
    }

    /// What an owner has of a mint in the associated token account, in base units; zero when there is none.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn tokens(&self, owner: &Address, mint: &Mint, level: Level) -> Result<u64, L1Error> {
        let at = token_account(owner, mint);
        let Some(account) = self.account(&pubkey(&at), level).await? else { return Ok(0) };
        if account.owner != pubkey(&mint.program) {
            // Anybody can send lamports to an address before the account is created.
            return Ok(0);
        }
        let kind = account.data.get(KIND_AT).copied().unwrap_or(KIND_ACCOUNT);
        let amount = account.data.get(AMOUNT_AT..).and_then(|data| data.first_chunk());
        match amount.filter(|_| kind == KIND_ACCOUNT) {
            Some(amount) => Ok(u64::from_le_bytes(*amount)),
            None => {
                let reason = "it is no token account".to_owned();
                Err(L1Error::Layout { address: at, reason })
            }
        }
    }

    /// The mint of an asset: what a quote asset is named by, or the address that follows from a launched asset's curve.
    pub fn mint_of(&self, amount: &Amount) -> Address {
        match amount {
            Amount::Quote(asset, _) => Address::new(asset.to_bytes()),
            Amount::Base(curve, _) => self.launched_mint(curve),
        }
    }

    /// The address of the mint of the asset that a curve launched, whether it is there or not.
    pub fn launched_mint(&self, curve: &CurveId) -> Address {
        address(&self.addresses().mint(curve))
    }

    /// Moves tokens out of the depositor's associated token account; `recipient` is credited on the L2. Tokens of a quote asset go to the
    /// vault, and what arrives there is credited; those of a launched asset are burnt and credited as tokens of their curve. The rent
    /// of the message is as with [`L1Client::deposit`].
    ///
    /// # Errors
    ///
    /// [`L1Error::UnknownAsset`] for a mint that genesis does not name, [`L1Error::MintMissing`], [`L1Error::NotAMint`],
    /// [`L1Error::InsufficientTokens`], the program's `UnsupportedAsset` for SOL, and as [`L1Client::deposit`].
    pub async fn deposit_token(
        &self,
        depositor: &Key,
        recipient: &Address,
        amount: Amount,
    ) -> Result<Landed, L1Error> {
        let mint = self.depositable(depositor, &amount).await?;
        self.append(depositor, |index| {
            let deposit = ix::DepositToken { index, recipient: *recipient, amount };
            deposit_token(self, depositor, &deposit, &mint)
        })
        .await
    }

    /// Pays out a withdrawal of tokens that is proved under the root of a finalized batch, into the recipient's associated token account,
    /// which `payer` pays for when it is missing. Anybody may send it. A launched asset needs its mint: [`L1Client::create_mint`].
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them [`L1Error::MintMissing`] and [`L1Error::Token`], and the program's as with [`L1Client::withdraw`].
    pub async fn withdraw_token(&self, payer: &Key, claim: Claim<'_>) -> Result<Landed, L1Error> {
        let amount = claim.withdrawal.amount;
        check_is_of_tokens("withdraw_token", &amount)?;
        let mint = self.mint_there("withdraw_token", &amount).await?;
        self.write(payer, withdraw_token(self, payer, &claim, &mint)).await
    }

    /// Creates the mint of a launched asset that is proved under the root of a finalized batch, with its name and symbol. Anybody may send
    /// it, once. A proof that fits no transaction is first written into a buffer, which is closed again.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's `MintExists`.
    pub async fn create_mint(&self, payer: &Key, proof: MintProof<'_>) -> Result<Landed, L1Error> {
        match self.write(payer, create_mint(self, payer, &proof, None)).await {
            Err(L1Error::TooLong { .. }) => {}
            result => return result,
        }
        let buffer = Key::generate();
        self.write_buffer(payer, &buffer, proof.witness).await?;
        let created =
            self.write(payer, create_mint(self, payer, &proof, Some(buffer.address()))).await;
        // The payer's rent is in it, whatever became of the mint.
        let closed = self.close_buffer(payer, &buffer.address()).await;
        let landed = created?;
        closed.map(|_| landed)
    }

    /// The mint of an amount that `depositor` has, and that the program takes.
    async fn depositable(&self, depositor: &Key, amount: &Amount) -> Result<Mint, L1Error> {
        let what = "deposit_token";
        check_is_of_tokens(what, amount)?;
        let needed = base_units(amount);
        if needed == 0 {
            return Err(program_error(what, RollupError::NothingDeposited.code()));
        }
        if let Amount::Quote(asset, _) = amount {
            let assets = self.rollup(Level::Confirmed).await?.quote_assets;
            let known: Vec<AssetId> = assets.into_iter().filter(|it| *it != AssetId::SOL).collect();
            if !known.contains(asset) {
                return Err(L1Error::UnknownAsset { mint: self.mint_of(amount), known });
            }
        }
        let mint = self.mint_there(what, amount).await?;
        let owner = depositor.address();
        let found = self.tokens(&owner, &mint, Level::Processed).await?;
        if found < needed {
            return Err(L1Error::InsufficientTokens { owner, mint: mint.address, found, needed });
        }
        Ok(mint)
    }

    async fn mint_there(&self, what: &'static str, amount: &Amount) -> Result<Mint, L1Error> {
        let mint = self.mint_of(amount);
        let found = self.mint(&mint, Level::Confirmed).await;
        match (found, amount) {
            (Ok(Some(mint)), _) => Ok(mint),
            (Ok(None), Amount::Quote(..)) => {
                Err(L1Error::NotAMint { mint, url: self.config().url.clone() })
            }
            // Somebody may have sent lamports to the address.
            (Ok(None) | Err(L1Error::NotAMint { .. }), Amount::Base(curve, _)) => {
                Err(L1Error::MintMissing { what, curve: *curve, mint })
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// The associated token account of an owner.
pub(super) fn token_account(owner: &Address, mint: &Mint) -> Address {
    let seeds = seeds::associated_token(owner, &mint.program, &mint.address);
    let program = pubkey(&ASSOCIATED_TOKEN_PROGRAM);
    address(&solana_pubkey::Pubkey::find_program_address(&seeds, &program).0)
}

/// Whether a write has a token program among its accounts.
pub(super) fn is_of_tokens(write: &Write) -> bool {
    let programs = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM].map(|program| pubkey(&program));
    let mut accounts = write.instructions.iter().flat_map(|it| &it.accounts);
    accounts.any(|meta| programs.contains(&meta.pubkey))
}

/// What an error of the token programs means, as far as a deposit or a claim can meet it.
pub(super) const fn token_error(number: u32) -> Option<&'static str> {
    match number {
        3 => Some("the token account is of another mint"),
        4 => Some("the token account belongs to somebody else"),
        17 => Some("the token account is frozen: who issues the mint has to thaw it"),
        36 => Some("the recipient's token account asks for memos: its owner has to turn that off"),
        _ => None,
    }
}

fn parse_mint(at: Address, account: &Account) -> Option<Mint> {
    let program = address(&account.owner);
    if program != TOKEN_PROGRAM && program != TOKEN_2022_PROGRAM {
        return None;
    }
    let data = &account.data;
    let is_mint = data.len() == MINT_BYTES || data.get(KIND_AT) == Some(&KIND_MINT);
    let initialized = is_mint && data.get(INITIALIZED_AT) == Some(&1);
    let supply = u64::from_le_bytes(*data.get(SUPPLY_AT..)?.first_chunk()?);
    let decimals = *data.get(DECIMALS_AT)?;
    initialized.then_some(Mint { address: at, program, decimals, supply })
}

fn check_is_of_tokens(what: &'static str, amount: &Amount) -> Result<(), L1Error> {
    match amount {
        Amount::Quote(AssetId::SOL, _) => {
            Err(program_error(what, RollupError::UnsupportedAsset.code()))
        }
        Amount::Quote(..) | Amount::Base(..) => Ok(()),
    }
}

const fn base_units(amount: &Amount) -> u64 {
    match amount {
        Amount::Quote(_, quote) => quote.get(),
        Amount::Base(_, base) => base.get(),
    }
}

/// The vault's token account, which a launched asset does not need.
fn vault_token(client: &L1Client, amount: &Amount, mint: &Mint) -> Option<Address> {
    match amount {
        Amount::Quote(..) => Some(token_account(&address(&client.addresses().vault), mint)),
        Amount::Base(..) => None,
    }
}

fn deposit_token(
    client: &L1Client,
    depositor: &Key,
    deposit: &ix::DepositToken,
    mint: &Mint,
) -> Write {
    let at = client.addresses();
    let accounts = ix::DepositTokenAccounts {
        program: client.config().program_id,
        depositor: depositor.address(),
        rollup: address(&at.rollup),
        inbox: address(&at.inbox),
        message: address(&at.message(deposit.index)),
        vault: address(&at.vault),
        mint: mint.address,
        source: token_account(&depositor.address(), mint),
        vault_token: vault_token(client, &deposit.amount, mint),
        token_program: mint.program,
    };
    write(client, "deposit_token", (deposit.data(), &accounts.metas()), COMPUTE_UNITS)
}

fn withdraw_token(client: &L1Client, payer: &Key, claim: &Claim<'_>, mint: &Mint) -> Write {
    let at = client.addresses();
    let (withdrawal, amount) = (claim.withdrawal, claim.withdrawal.amount);
    let accounts = ix::WithdrawTokenAccounts {
        program: client.config().program_id,
        payer: payer.address(),
        rollup: address(&at.rollup),
        vault: address(&at.vault),
        nullifiers: address(&at.nullifiers(seeds::nullifier_page(withdrawal.index))),
        recipient: withdrawal.recipient,
        mint: mint.address,
        vault_token: vault_token(client, &amount, mint),
        recipient_token: token_account(&withdrawal.recipient, mint),
        token_program: mint.program,
    };
    let data = ix::WithdrawToken {
        root_number: claim.batch,
        index: withdrawal.index,
        amount,
        witness: claim.witness.to_vec(),
    }
    .data();
    let write = write(client, "withdraw_token", (data, &accounts.metas()), COMPUTE_UNITS);
    Write { format: Some(TransactionFormat::V0), ..write }
}

/// `proof` is the account that holds the witness, which the arguments then leave out.
fn create_mint(
    client: &L1Client,
    payer: &Key,
    create: &MintProof<'_>,
    proof: Option<Address>,
) -> Write {
    let at = client.addresses();
    let accounts = ix::CreateMintAccounts {
        program: client.config().program_id,
        payer: payer.address(),
        rollup: address(&at.rollup),
        vault: address(&at.vault),
        mint: client.launched_mint(&create.curve),
        proof,
    };
    let witness = if proof.is_some() { Vec::new() } else { create.witness.to_vec() };
    let data = ix::CreateMint { root_number: create.batch, curve: create.curve, witness }.data();
    let write = write(client, "create_mint", (data, &accounts.metas()), PROOF_COMPUTE_UNITS);
    let (format, heap_bytes) = (Some(TransactionFormat::V0), Some(PROOF_HEAP_BYTES));
    Write { format, heap_bytes, ..write }
}

#[cfg(test)]
mod tests {
    use curvevm::{
        cell::Withdrawal,
        types::{Base, Hash, Quote},
    };
    use solana_hash::Hash as Blockhash;

    use super::*;
    use crate::l1::L1Config;

    fn client(format: TransactionFormat) -> L1Client {
        let (program, chain) = (Address::new([1; 32]), Hash::new([2; 32]));
        let config = L1Config::new("http://127.0.0.1:1", program, chain);
        L1Client::new(L1Config { format, ..config })
    }

    fn mint(program: Address) -> Mint {
        Mint { address: Address::new([7; 32]), program, decimals: 6, supply: 0 }
    }

    /// The length of a claim's transaction with a witness of so many bytes.
    fn claimed(format: TransactionFormat, witness: usize) -> Result<usize, L1Error> {
        let client = client(format);
        let withdrawal = Withdrawal {
            version: 0,
            index: 3,
            amount: Amount::Quote(AssetId::new([7; 32]), Quote::new(5)),
            recipient: Address::new([8; 32]),
        };
        let witness = vec![1; witness];
        let claim = Claim { batch: 1, withdrawal: &withdrawal, witness: &witness };
        let payer = Key::from_seed([4; 32]);
        let write = withdraw_token(&client, &payer, &claim, &mint(TOKEN_PROGRAM));
        let signed = client.sign(&payer, &write, Blockhash::default())?;
        Ok(signed.message.serialize().len() + 65)
    }

    #[test]
    fn a_claim_is_sent_in_the_shorter_format_as_long_as_it_fits() {
        let (short, long) = (TransactionFormat::V0, TransactionFormat::V1);
        assert_eq!(claimed(short, 300).unwrap(), claimed(long, 300).unwrap());
        assert!(claimed(long, 300).unwrap() <= short.transaction_bytes_max());
        assert!(claimed(long, 1_200).unwrap() > short.transaction_bytes_max());
        assert!(matches!(claimed(short, 1_200), Err(L1Error::TooLong { .. })));
        assert!(matches!(claimed(long, 4_096), Err(L1Error::TooLong { .. })));
    }

    #[test]
    fn a_proof_in_a_buffer_fits_the_shorter_format() {
        let client = client(TransactionFormat::V0);
        let payer = Key::from_seed([4; 32]);
        let witness = vec![1; 5_000];
        let proof = MintProof { batch: 1, curve: CurveId::new([9; 32]), witness: &witness };
        let write = create_mint(&client, &payer, &proof, Some(Address::new([5; 32])));
        client.sign(&payer, &write, Blockhash::default()).unwrap();
        let write = create_mint(&client, &payer, &proof, None);
        let error = client.sign(&payer, &write, Blockhash::default()).unwrap_err();
        assert!(matches!(error, L1Error::TooLong { .. }), "{error}");
    }

    #[test]
    fn a_mint_is_told_from_what_is_none() {
        let at = Address::new([7; 32]);
        let account = |owner: Address, data: &[u8]| Account {
            data: data.to_vec(),
            owner: pubkey(&owner),
            ..Account::default()
        };
        let mut data = [0; MINT_BYTES];
        data[SUPPLY_AT] = 9;
        data[DECIMALS_AT] = 6;
        assert_eq!(parse_mint(at, &account(TOKEN_PROGRAM, &data)), None);
        data[INITIALIZED_AT] = 1;
        for program in [TOKEN_PROGRAM, TOKEN_2022_PROGRAM] {
            let expected = Mint { supply: 9, ..mint(program) };
            assert_eq!(parse_mint(at, &account(program, &data)), Some(expected));
        }
        assert_eq!(parse_mint(at, &account(at, &data)), None);
        assert_eq!(parse_mint(at, &account(TOKEN_PROGRAM, &[])), None);
        let mut long = [&data[..], &[0; 200]].concat();
        assert_eq!(parse_mint(at, &account(TOKEN_2022_PROGRAM, &long)), None);
        long[KIND_AT] = KIND_MINT;
        assert!(parse_mint(at, &account(TOKEN_2022_PROGRAM, &long)).is_some());
    }

    #[test]
    fn only_tokens_are_moved_as_tokens() {
        let sol = Amount::Quote(AssetId::SOL, Quote::new(1));
        let refused = check_is_of_tokens("deposit_token", &sol).unwrap_err();
        assert_eq!(refused.program_number(), Some(RollupError::UnsupportedAsset.code()));
        let base = Amount::Base(CurveId::new([1; 32]), Base::new(1));
        check_is_of_tokens("deposit_token", &base).unwrap();
    }
}
