//! Mints and token accounts of a world, made by the token programs, and the instructions that move tokens.

use asset_rollup_interface::{
    constants::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
    instruction::{
        CreateMint, CreateMintAccounts, DepositToken, DepositTokenAccounts, ForceTransaction,
        ForceTransactionAccounts, SYSTEM_PROGRAM, WithdrawToken, WithdrawTokenAccounts,
    },
    seeds,
};
use curvevm::{
    cell::{Cell, Curve, Withdrawal},
    module::Module,
    program::{Amount, Instruction as CurveInstruction},
    types::{Address, AssetId, Base, CurveId, Quote},
};
use solana_pubkey::Pubkey;
use solana_transaction::{AccountMeta, Instruction};

use super::{
    Build, Chain, Outcome, SOL, World, address, key_of, keypair,
    modules::{Kind, long},
    orders::{buy_out, launch},
    pubkey, signed,
};

/// The seeds of the keys of two mints: of SPL Token and of Token-2022.
pub(crate) const SPL: u8 = 150;
pub(crate) const T22: u8 = 151;
/// Decimals of every mint.
pub(crate) const DECIMALS: u8 = 6;

/// An extension of a mint: its number, the length of its value, and the instruction that initializes it.
pub(crate) type Extension = (u16, usize, Vec<u8>);

/// The quote asset whose mint has the key of a seed.
pub(crate) fn asset(seed: u8) -> AssetId {
    AssetId::new(key_of(&keypair(seed)).to_bytes())
}

/// An amount of the asset of a seed.
pub(crate) fn of(seed: u8, amount: u64) -> Amount {
    Amount::Quote(asset(seed), Quote::new(amount))
}

/// An extension whose instruction is two tags and its value's own bytes.
pub(crate) fn extension(kind: u16, value_bytes: usize, data: &[&[u8]]) -> Extension {
    (kind, value_bytes, data.concat())
}

/// A fee of a hundredth of each transfer.
pub(crate) fn transfer_fee() -> Extension {
    let max = u64::MAX.to_le_bytes();
    extension(1, 108, &[&[26, 0, 0, 0], &100u16.to_le_bytes(), &max])
}

fn account(address: Address, signer: bool, writable: bool) -> AccountMeta {
    AccountMeta { pubkey: pubkey(&address), is_signer: signer, is_writable: writable }
}

fn instruction(program: Address, accounts: Vec<AccountMeta>, data: Vec<u8>) -> Instruction {
    Instruction { program_id: pubkey(&program), accounts, data }
}

impl World {
    /// A world with the assets of [`SPL`] and [`T22`] as quote assets, of which the payer has a million units each.
    pub(crate) fn with_tokens(build: Build) -> Self {
        let mut world = Self::with_assets(build, &[SPL, T22]);
        world.create_token(SPL, TOKEN_PROGRAM, &[]);
        world.create_token(T22, TOKEN_2022_PROGRAM, &[]);
        let payer = key_of(&world.payer());
        for seed in [SPL, T22] {
            world.give_tokens(seed, payer, 1_000_000);
        }
        world
    }

    /// A world with the assets of seeds as quote assets; there are no mints.
    pub(crate) fn with_assets(build: Build, seeds: &[u8]) -> Self {
        let mut assets: Vec<AssetId> = seeds.iter().map(|seed| asset(*seed)).collect();
        assets.sort_unstable();
        let mut world = Self::empty(build).fork(|genesis| genesis.quote_assets = assets);
        world.start();
        world
    }

    /// Creates the mint of a seed's key. The payer is each of its authorities.
    pub(crate) fn create_token(&mut self, seed: u8, program: Address, extensions: &[Extension]) {
        let (key, payer) = (keypair(seed), key_of(&self.payer()));
        let mint = key_of(&key);
        let values: usize = extensions.iter().map(|(_, bytes, _)| 4 + bytes).sum();
        let bytes = if extensions.is_empty() { 82 } else { 166 + values };
        let rent = self.svm.minimum_balance_for_rent_exemption(bytes);
        let mut create = vec![0; 4];
        create.extend(rent.to_le_bytes());
        create.extend(u64::try_from(bytes).unwrap().to_le_bytes());
        create.extend(program.to_bytes());
        let accounts = vec![account(payer, true, true), account(mint, true, true)];
        let mut instructions = vec![instruction(SYSTEM_PROGRAM, accounts, create)];
        let writes = vec![account(mint, false, true)];
        for (_, _, data) in extensions {
            instructions.push(instruction(program, writes.clone(), data.clone()));
        }
        // `InitializeMint2`, with a freeze authority.
        let mut data = vec![20, DECIMALS];
        data.extend(payer.to_bytes());
        data.push(1);
        data.extend(payer.to_bytes());
        instructions.push(instruction(program, writes, data));
        self.send_all(&instructions, &[&key]).unwrap();
    }

    /// The token program of a mint that is there.
    pub(crate) fn token_program(&self, mint: &Address) -> Address {
        let account = self.svm.get_account(&pubkey(mint));
        account.map_or(TOKEN_2022_PROGRAM, |account| Address::new(account.owner.to_bytes()))
    }

    /// The address of an owner's token account.
    pub(crate) fn token_account(&self, owner: &Address, mint: &Address) -> Address {
        let program = self.token_program(mint);
        let seeds = seeds::associated_token(owner, &program, mint);
        let found = Pubkey::find_program_address(&seeds, &pubkey(&ASSOCIATED_TOKEN_PROGRAM));
        Address::new(found.0.to_bytes())
    }

    /// The instruction that creates an owner's token account when it is missing.
    pub(crate) fn open_instruction(&self, owner: Address, mint: Address) -> Instruction {
        let accounts = vec![
            account(key_of(&self.payer()), true, true),
            account(self.token_account(&owner, &mint), false, true),
            account(owner, false, false),
            account(mint, false, false),
            account(SYSTEM_PROGRAM, false, false),
            account(self.token_program(&mint), false, false),
        ];
        instruction(ASSOCIATED_TOKEN_PROGRAM, accounts, vec![1])
    }

    /// Mints tokens of the mint of a seed to an owner.
    pub(crate) fn give_tokens(&mut self, seed: u8, owner: Address, amount: u64) {
        let mint = key_of(&keypair(seed));
        let mut data = vec![7];
        data.extend(amount.to_le_bytes());
        let accounts = vec![
            account(mint, false, true),
            account(self.token_account(&owner, &mint), false, true),
            account(key_of(&self.payer()), true, false),
        ];
        let give = instruction(self.token_program(&mint), accounts, data);
        self.send_all(&[self.open_instruction(owner, mint), give], &[]).unwrap();
    }

    /// What a token account holds, or none when it is not there.
    pub(crate) fn tokens(&self, account: &Address) -> Option<u64> {
        let account = self.svm.get_account(&pubkey(account))?;
        Some(u64::from_le_bytes(*account.data.get(64..)?.first_chunk()?))
    }

    /// What an owner has of a mint.
    pub(crate) fn tokens_of(&self, owner: &Address, mint: &Address) -> u64 {
        self.tokens(&self.token_account(owner, mint)).unwrap_or(0)
    }

    /// The supply of a mint.
    pub(crate) fn supply(&self, mint: &Address) -> u64 {
        let account = self.svm.get_account(&pubkey(mint)).unwrap();
        u64::from_le_bytes(*account.data[36..].first_chunk().unwrap())
    }

    /// The mint of a launched asset.
    pub(crate) fn launched_mint(&self, curve: &CurveId) -> Address {
        self.pda(&seeds::mint(&self.rollup, curve))
    }

    /// The mint of an asset, and the vault's token account when it has one.
    fn mint_of(&self, amount: &Amount) -> (Address, Option<Address>) {
        match amount {
            Amount::Quote(asset, _) => {
                let mint = Address::new(asset.to_bytes());
                (mint, Some(self.token_account(&self.vault, &mint)))
            }
            Amount::Base(curve, _) => (self.launched_mint(curve), None),
        }
    }

    /// Appends bytes as a transaction of the next message.
    pub(crate) fn force_instruction(&self, bytes: &[u8]) -> Instruction {
        let index = self.inbox_account().count;
        let accounts = ForceTransactionAccounts {
            payer: key_of(&self.payer()),
            rollup: self.rollup,
            inbox: self.inbox,
            message: self.message_address(index),
        };
        let force = ForceTransaction { index, bytes: bytes.to_vec() };
        self.instruction(accounts.metas(), force.data())
    }

    /// The deposit of the payer's tokens.
    pub(crate) fn deposit_token_instruction(
        &self,
        recipient: Address,
        amount: Amount,
    ) -> Instruction {
        let (depositor, index) = (key_of(&self.payer()), self.inbox_account().count);
        let (mint, vault_token) = self.mint_of(&amount);
        let accounts = DepositTokenAccounts {
            program: self.program,
            depositor,
            rollup: self.rollup,
            inbox: self.inbox,
            message: self.message_address(index),
            vault: self.vault,
            mint,
            source: self.token_account(&depositor, &mint),
            vault_token,
            token_program: self.token_program(&mint),
        };
        self.instruction(accounts.metas(), DepositToken { index, recipient, amount }.data())
    }

    pub(crate) fn deposit_token(&mut self, recipient: Address, amount: Amount) -> Outcome {
        let instruction = self.deposit_token_instruction(recipient, amount);
        self.send(&instruction)
    }

    pub(crate) fn withdraw_token_instruction(
        &self,
        claim: &WithdrawToken,
        recipient: Address,
    ) -> Instruction {
        let (mint, vault_token) = self.mint_of(&claim.amount);
        let accounts = WithdrawTokenAccounts {
            program: self.program,
            payer: key_of(&self.payer()),
            rollup: self.rollup,
            vault: self.vault,
            nullifiers: self.nullifiers_address(claim.index),
            recipient,
            mint,
            vault_token,
            recipient_token: self.token_account(&recipient, &mint),
            token_program: self.token_program(&mint),
        };
        self.instruction(accounts.metas(), claim.data())
    }

    /// The claim of a withdrawal under the state after a batch, as an instruction.
    pub(crate) fn token_claim(&self, number: u64, index: u64) -> Instruction {
        let (claim, recipient) = self.chain.token_claim(number, index);
        self.withdraw_token_instruction(&claim, recipient)
    }

    /// Creates the mint of the asset of [`launched`] and claims both withdrawals.
    pub(crate) fn claim_launched(&mut self, curve: CurveId) {
        let create = self.chain.mint_proof(1, curve);
        let create = self.create_mint_instruction(&create, None);
        self.send(&create).unwrap();
        for index in 0..2 {
            let claim = self.token_claim(1, index);
            self.send(&claim).unwrap();
        }
    }

    pub(crate) fn create_mint_instruction(
        &self,
        create: &CreateMint,
        proof: Option<Address>,
    ) -> Instruction {
        let accounts = CreateMintAccounts {
            program: self.program,
            payer: key_of(&self.payer()),
            rollup: self.rollup,
            vault: self.vault,
            mint: self.launched_mint(&create.curve),
            proof,
        };
        self.instruction(accounts.metas(), create.data())
    }
}

impl Chain {
    /// The claim of a withdrawal of tokens, proved under the state after a batch, and its recipient.
    pub(crate) fn token_claim(&self, number: u64, index: u64) -> (WithdrawToken, Address) {
        let (claim, recipient) = self.claim(number, index);
        let cell = self.state(number).get(&Withdrawal::key(index)).unwrap();
        let Some(Cell::Withdrawal(withdrawal)) = cell else { panic!("no withdrawal {index}") };
        let amount = withdrawal.amount;
        (WithdrawToken { root_number: number, index, amount, witness: claim.witness }, recipient)
    }

    /// What creates the mint of a curve, proved under the state after a batch.
    pub(crate) fn mint_proof(&self, number: u64, curve: CurveId) -> CreateMint {
        let state = self.state(number);
        let Some(Cell::Curve(cell)) = state.get(&Curve::key(&curve)).unwrap() else {
            panic!("no curve {curve} after batch {number}");
        };
        let keys = [Curve::key(&curve), Module::key(&cell.module)];
        CreateMint { root_number: number, curve, witness: state.witness(&keys).unwrap() }
    }
}

/// The module of [`launched`], short enough for a transaction.
pub(crate) fn launched_module() -> Module {
    long(Kind::Product, 1, 1)
}

/// A world of [`World::with_tokens`] in which user 0 has launched an asset and withdrawn 1,000 of it to the address of user 1 and 500 to
/// the payer's, finalized as batch 1.
pub(crate) fn launched(build: Build) -> (World, CurveId) {
    let mut world = World::with_tokens(build);
    world.deposit(address(0), 10 * SOL).unwrap();
    let (id, module) = (world.chain.id, launched_module());
    let curve = CurveId::derive(&address(0), 0);
    let of_curve = |base| Amount::Base(curve, Base::new(base));
    let payer = key_of(&world.payer());
    let launch = launch(module.hash(), 0, None);
    world.settle_finally(vec![
        signed(0, 0, vec![CurveInstruction::PublishModule(module)], &id),
        signed(0, 1, vec![launch, buy_out(curve, 1_000_000)], &id),
        signed(0, 2, vec![out(address(1), of_curve(1_000)), out(payer, of_curve(500))], &id),
    ]);
    (world, curve)
}

/// Withdraws an amount.
pub(crate) const fn out(recipient: Address, amount: Amount) -> CurveInstruction {
    CurveInstruction::Withdraw { amount, recipient }
}

/// A world in which user 0 has withdrawn 200 of SPL to the address of user 1, 300 of T22 to it, and 40 of SPL to the payer's, finalized.
pub(crate) fn withdrawn(build: Build) -> World {
    let mut world = World::with_tokens(build);
    for seed in [SPL, T22] {
        world.deposit_token(address(0), of(seed, 1_000)).unwrap();
    }
    let (id, payer) = (world.chain.id, key_of(&world.payer()));
    let program =
        vec![out(address(1), of(SPL, 200)), out(address(1), of(T22, 300)), out(payer, of(SPL, 40))];
    world.settle_finally(vec![signed(0, 0, program, &id)]);
    world
}
