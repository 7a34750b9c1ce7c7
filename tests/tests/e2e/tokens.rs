//! Tokens: of quote assets in and out, and of launched assets out and back.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use asset_rollup_interface::{
    constants::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
    error::RollupError,
    instruction::SYSTEM_PROGRAM,
};
use asset_sdk::{
    Key, TransactionState, Wallet,
    l1::{L1Client, L1Config, L1Error, Level, Mint, TransactionFormat},
    payout::{PayoutError, ensure_mint, pay_withdrawal},
    tx::TxBuilder,
    wallet::{trade_of, withdrawal_index},
};
use curvevm::{
    module::{Module, Piece, PieceKind},
    program::{Amount, BuyOrder, Launch, SellOrder},
    receipt::{Event, Outcome},
    types::{Address, AssetId, Base, CurveId, Quote},
};
use serde_json::Value;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_transaction::Transaction;
use tokio::process::Command;

use crate::support::{SOL, Scene, asset_binary, module};

/// What the holder has of each mint, in base units, and what is deposited and withdrawn of it.
const GIVEN: u64 = 2_000_000_000;
const DEPOSITED: u64 = 1_000_000_000;
const SPENT: u64 = 100_000_000;
const WITHDRAWN: u64 = 200_000_000;
const DECIMALS: u8 = 6;
/// The fee of the second mint, a hundredth.
const FEE_BPS: u16 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_come_in_and_go_out() -> Result<()> {
    let market = Market::start().await?;
    market.refuses_what_cannot_be_deposited().await?;
    market.deposits().await?;
    let curve = market.trades().await?;
    market.quote_is_paid().await?;
    market.launched_tokens_leave_and_return(curve).await?;
    market.a_long_proof_goes_through_a_buffer().await
}

/// A network whose genesis names two mints: of SPL Token, and of Token-2022 with a fee.
struct Market {
    scene: Scene,
    l1: RpcClient,
    spl: AssetId,
    with_fee: AssetId,
    /// Account 0, which has tokens of both, and its key file.
    holder: Wallet,
    key_file: PathBuf,
}

impl Market {
    async fn start() -> Result<Self> {
        let mints = [Key::generate(), Key::generate()];
        let [spl, with_fee] = [0, 1].map(|at: usize| AssetId::new(mints[at].address().to_bytes()));
        let mut assets = vec![spl, with_fee];
        assets.sort_unstable();
        let scene = Scene::start_with(2, |config| config.quote_assets = assets).await?;
        let l1 = RpcClient::new(scene.network.l1().url().to_owned());
        let holder = scene.wallet(0, 0).await?;
        let key_file = scene.network.layout().faucet().with_file_name("holder.json");
        holder.key().write(&key_file)?;
        let market = Self { scene, l1, spl, with_fee, holder, key_file };
        market.create(&mints[0], TOKEN_PROGRAM, None).await?;
        // `InitializeTransferFeeConfig` without authorities.
        let fee = [&[26, 0, 0, 0][..], &FEE_BPS.to_le_bytes(), &u64::MAX.to_le_bytes()].concat();
        market.create(&mints[1], TOKEN_2022_PROGRAM, Some((1, 108, fee))).await?;
        Ok(market)
    }

    /// Creates a mint, with an extension of a kind and a length, and gives the holder tokens of it.
    async fn create(
        &self,
        key: &Key,
        program: Address,
        extension: Option<(u16, u64, Vec<u8>)>,
    ) -> Result<()> {
        let (mint, holder) = (key.address(), self.holder.address());
        let bytes = extension.as_ref().map_or(82, |(_, value, _)| 166 + 4 + value);
        let rent = self.l1.get_minimum_balance_for_rent_exemption(usize::try_from(bytes)?).await?;
        let create =
            [&[0; 4][..], &rent.to_le_bytes(), &bytes.to_le_bytes(), program.as_bytes()].concat();
        let mut instructions =
            vec![call(SYSTEM_PROGRAM, &[(holder, true, true), (mint, true, true)], create)];
        if let Some((_, _, data)) = extension {
            instructions.push(call(program, &[(mint, false, true)], data));
        }
        // `InitializeMint2`, without freeze authority.
        let initialize = [&[20, DECIMALS][..], holder.as_bytes(), &[0]].concat();
        instructions.push(call(program, &[(mint, false, true)], initialize));
        let account = associated(&holder, &program, &mint);
        let open = [
            (holder, true, true),
            (account, false, true),
            (holder, false, false),
            (mint, false, false),
            (SYSTEM_PROGRAM, false, false),
            (program, false, false),
        ];
        instructions.push(call(ASSOCIATED_TOKEN_PROGRAM, &open, vec![1]));
        let give = [&[7][..], &GIVEN.to_le_bytes()].concat();
        let given = [(mint, false, true), (account, false, true), (holder, true, false)];
        instructions.push(call(program, &given, give));
        let blockhash = self.l1.get_latest_blockhash().await?;
        let transaction = Transaction::new_signed_with_payer(
            &instructions,
            Some(&pubkey(&holder)),
            &[self.holder.key().solana(), key.solana()],
            blockhash,
        );
        self.l1.send_and_confirm_transaction(&transaction).await?;
        Ok(())
    }

    async fn refuses_what_cannot_be_deposited(&self) -> Result<()> {
        let l1 = self.scene.network.l1_client();
        let (key, to) = (self.holder.key(), self.holder.address());
        let quote = |asset, amount| Amount::Quote(asset, Quote::new(amount));
        let error = l1.deposit_token(key, &to, quote(AssetId::new([7; 32]), 1)).await.unwrap_err();
        ensure!(matches!(&error, L1Error::UnknownAsset { known, .. } if known.len() == 2));
        let error = l1.deposit_token(key, &to, quote(self.spl, GIVEN + 1)).await.unwrap_err();
        ensure!(matches!(error, L1Error::InsufficientTokens { found: GIVEN, .. }), "{error}");
        let launched = Amount::Base(CurveId::new([7; 32]), Base::new(1));
        let error = l1.deposit_token(key, &to, launched).await.unwrap_err();
        ensure!(matches!(error, L1Error::MintMissing { .. }), "{error}");
        for (amount, expected) in [
            (quote(AssetId::SOL, 1), RollupError::UnsupportedAsset),
            (quote(self.spl, 0), RollupError::NothingDeposited),
        ] {
            let error = l1.deposit_token(key, &to, amount).await.unwrap_err();
            ensure!(error.program_number() == Some(expected.code()), "{error}");
        }
        let said = self.fails(&["deposit", "--mint", &to.to_string(), "--amount", "5"]).await?;
        ensure!(said.contains("is no quote asset of this rollup"), "{said}");
        Ok(())
    }

    /// By the command; what a mint keeps as its fee is not credited.
    async fn deposits(&self) -> Result<()> {
        let amount = DEPOSITED.to_string();
        for (asset, credited) in [(self.spl, DEPOSITED), (self.with_fee, DEPOSITED / 100 * 99)] {
            let mint = asset.to_string();
            let deposited = self.asset(&["deposit", "--mint", &mint, "--amount", &amount]).await?;
            ensure!(deposited["balance"] == credited, "{deposited}");
            ensure!(self.tokens(&self.holder.address(), &asset).await? == GIVEN - DEPOSITED);
            ensure!(self.quote(&asset).await? == credited);
        }
        let said = self.run(&["balance"]).await?;
        let line = format!("1000 tokens of {} ({DEPOSITED} base units)", self.spl);
        ensure!(said.contains(&line), "{said}");
        Ok(())
    }

    /// A curve that is quoted in the mint: bought on, sold on, and its quote transferred.
    async fn trades(&self) -> Result<CurveId> {
        let module = module();
        let curve = self.launch(&module, self.spl, ("Größe 🚀", "SIZE")).await?;
        let buy = BuyOrder::ExactIn { quote: Quote::new(SPENT), base_min: Base::ZERO };
        let bought = self.execute(&TxBuilder::new().buy(curve, buy)).await?;
        let bought = bought.iter().find_map(trade_of).context("a trade")?;
        ensure!(bought.trader_quote.get() == SPENT, "{bought:?}");
        ensure!(self.quote(&self.spl).await? == DEPOSITED - SPENT);
        let other = self.scene.keys[1].address();
        let transfer = TxBuilder::new().transfer(other, Amount::Quote(self.spl, Quote::new(7)));
        self.execute(&transfer).await?;
        let received = self.scene.client.balance(other, self.spl).await?.amount;
        ensure!(received.get() == 7, "{received}");
        Ok(curve)
    }

    /// Withdrawals of quote to somebody who has no token account are paid once, and the vault has the rest.
    async fn quote_is_paid(&self) -> Result<()> {
        let l1 = self.scene.network.l1_client();
        let recipient = Key::generate().address();
        let amount = Amount::Quote(self.spl, Quote::new(WITHDRAWN));
        let index = self.withdraw(recipient, amount).await?;
        let claimed = self.asset(&["claim", &index.to_string()]).await?;
        ensure!(claimed["mint"] == self.spl.to_string() && claimed["mint_created"] == false);
        ensure!(self.tokens(&recipient, &self.spl).await? == WITHDRAWN, "{claimed}");
        // In one go; the fee is the recipient's.
        let (amount, mint) = (WITHDRAWN.to_string(), self.with_fee.to_string());
        let to = recipient.to_string();
        let withdraw = ["withdraw", "--tokens", &amount, "--mint", &mint, "--to", &to, "--claim"];
        let said = self.run(&withdraw).await?;
        ensure!(said.contains(&format!("paid 200 tokens of {mint}")), "{said}");
        let paid = self.tokens(&recipient, &self.with_fee).await?;
        ensure!(paid == WITHDRAWN / 100 * 99, "{paid}");
        let vault = Address::new(l1.addresses().vault.to_bytes());
        ensure!(self.tokens(&vault, &self.spl).await? == DEPOSITED - WITHDRAWN);
        let again = pay_withdrawal(&self.scene.client, &l1, self.holder.key(), index).await;
        let Err(PayoutError::L1(error)) = again else { bail!("paid twice: {again:?}") };
        ensure!(error.program_number() == Some(RollupError::AlreadyWithdrawn.code()), "{error}");
        Ok(())
    }

    /// Tokens of a curve leave, their mint is created with the first claim, and they come back and are sold.
    async fn launched_tokens_leave_and_return(&self, curve: CurveId) -> Result<()> {
        let (l1, owner) = (self.scene.network.l1_client(), self.holder.address());
        let held = self.scene.client.holding(curve, owner).await?.amount.get();
        let half = held / 2;
        let index = self.withdraw(owner, Amount::Base(curve, Base::new(half))).await?;
        let claimed = self.asset(&["claim", &index.to_string()]).await?;
        let at = l1.launched_mint(&curve);
        ensure!(claimed["mint"] == at.to_string() && claimed["mint_created"] == true, "{claimed}");
        let mint = l1.mint(&at, Level::Confirmed).await?.context("a mint")?;
        ensure!(
            mint == Mint { supply: half, decimals: 6, program: TOKEN_2022_PROGRAM, address: at }
        );
        ensure!(l1.tokens(&owner, &mint, Level::Confirmed).await? == half);
        ensure!(self.metadata(&at).await? == ("Größe 🚀".to_owned(), "SIZE".to_owned()));
        // It is there for the next claim.
        let index = self.withdraw(owner, Amount::Base(curve, Base::new(held - half))).await?;
        let claimed = self.asset(&["claim", &index.to_string()]).await?;
        ensure!(claimed["mint_created"] == false, "{claimed}");
        let left = self.scene.client.holding(curve, owner).await?.amount;
        ensure!(left.is_zero() && self.supply(&at).await? == held);

        let (id, all) = (curve.to_string(), held.to_string());
        let deposited = self.asset(&["deposit", "--curve", &id, "--amount", &all]).await?;
        ensure!(deposited["balance"] == held, "{deposited}");
        ensure!(self.supply(&at).await? == 0);
        let sell = SellOrder::ExactIn { base: Base::new(held), quote_min: Quote::ZERO };
        let before = self.quote(&self.spl).await?;
        let sold = self.execute(&TxBuilder::new().sell(curve, sell)).await?;
        let sold = sold.iter().find_map(trade_of).context("a trade")?;
        ensure!(sold.trader_base.get() == held, "{sold:?}");
        ensure!(self.quote(&self.spl).await? == before + sold.trader_quote.get());
        Ok(())
    }

    /// Where transactions have 1,232 bytes, the proof of a module with many pieces is written into a buffer, which is closed again.
    async fn a_long_proof_goes_through_a_buffer(&self) -> Result<()> {
        let curve = self.launch(&long_module(), AssetId::SOL, ("Long", "LONG")).await?;
        let buy = BuyOrder::ExactIn { quote: Quote::new(SOL), base_min: Base::ZERO };
        self.execute(&TxBuilder::new().buy(curve, buy)).await?;
        let owner = self.holder.address();
        let amount = Amount::Base(curve, Base::new(1_000));
        let index = self.withdraw(owner, amount).await?;
        let genesis = self.scene.network.genesis();
        let mut config = L1Config::new(self.l1.url(), genesis.program_id, genesis.hash());
        config.format = TransactionFormat::V0;
        let l1 = L1Client::new(config);
        let payer = self.scene.network.funded_key(SOL).await?;
        let created = ensure_mint(&self.scene.client, &l1, &payer, curve).await?;
        ensure!(created == Some(l1.launched_mint(&curve)), "{created:?}");
        let mint = created.context("a mint")?;
        ensure!(self.metadata(&mint).await? == ("Long".to_owned(), "LONG".to_owned()));
        // What is gone is the mint's rent and fees of transactions: the buffer's is back.
        let left = l1.lamports(&payer.address(), Level::Confirmed).await?;
        let rent = l1.lamports(&mint, Level::Confirmed).await?;
        ensure!(left + rent + 100_000 > SOL, "{left} are left, {rent} are the rent");
        ensure!(left + rent + 4 * 5_000 < SOL, "{left}: it was no buffer");
        let again = ensure_mint(&self.scene.client, &l1, &payer, curve).await?;
        ensure!(again.is_none(), "{again:?}");
        pay_withdrawal(&self.scene.client, &l1, &payer, index).await?;
        ensure!(self.supply(&mint).await? == 1_000);
        Ok(())
    }

    async fn launch(
        &self,
        module: &Module,
        quote_asset: AssetId,
        (name, symbol): (&str, &str),
    ) -> Result<CurveId> {
        let publish = TxBuilder::new().publish(module.clone());
        self.execute(&publish).await?;
        let launch = Launch {
            module: module.hash(),
            quote_asset,
            name: name.to_owned(),
            symbol: symbol.to_owned(),
            salt: u64::try_from(symbol.len())? + u64::from(quote_asset == AssetId::SOL),
            first_buy: None,
        };
        let (curve, submitted) = self.holder.launch(launch).await?;
        let view = submitted.wait(TransactionState::Preconfirmed).await?;
        asset_sdk::client::succeeded(view)?;
        Ok(curve)
    }

    async fn execute(&self, transaction: &TxBuilder) -> Result<Vec<Event>> {
        let view = self.holder.execute(transaction, TransactionState::Preconfirmed).await?;
        match view.receipt.context("a receipt")?.outcome {
            Outcome::Succeeded(events) => Ok(events),
            Outcome::Failed { error, .. } | Outcome::Rejected { error } => bail!("failed: {error}"),
        }
    }

    /// Withdraws, and waits until it can be claimed; gives its index.
    async fn withdraw(&self, recipient: Address, amount: Amount) -> Result<u64> {
        let submitted = self.holder.withdraw(recipient, amount).await?;
        let view = submitted.wait(TransactionState::Finalized).await?;
        withdrawal_index(&view).context("a withdrawal")
    }

    /// What the holder has of a quote asset on the chain.
    async fn quote(&self, asset: &AssetId) -> Result<u64> {
        Ok(self.scene.client.balance(self.holder.address(), *asset).await?.amount.get())
    }

    /// What somebody has of a quote asset on the L1.
    async fn tokens(&self, owner: &Address, asset: &AssetId) -> Result<u64> {
        let l1 = self.scene.network.l1_client();
        let mint = l1.mint(&Address::new(asset.to_bytes()), Level::Confirmed).await?;
        Ok(l1.tokens(owner, &mint.context("a mint")?, Level::Confirmed).await?)
    }

    async fn supply(&self, mint: &Address) -> Result<u64> {
        let mint = self.scene.network.l1_client().mint(mint, Level::Confirmed).await?;
        Ok(mint.context("a mint")?.supply)
    }

    /// Name and symbol in the metadata of a mint, behind the addresses of its authority and of the mint.
    async fn metadata(&self, mint: &Address) -> Result<(String, String)> {
        let data = self.l1.get_account(&pubkey(mint)).await?.data;
        let metadata = data.get(238 + 64..).context("metadata")?;
        let (name, rest) = text(metadata)?;
        let (symbol, _) = text(rest)?;
        Ok((name, symbol))
    }

    /// What the command says with `--json`, as the holder.
    async fn asset(&self, args: &[&str]) -> Result<Value> {
        let said = self.run(&[&["--json"], args].concat()).await?;
        Ok(serde_json::from_str(&said)?)
    }

    async fn run(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "asset {args:?} failed: {said}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What the command says when it fails.
    async fn fails(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).await?;
        ensure!(!output.status.success(), "asset {args:?} did not fail");
        Ok(String::from_utf8(output.stderr)?)
    }

    async fn command(&self, args: &[&str]) -> Result<std::process::Output> {
        let mut command = Command::new(asset_binary()?);
        command.args(args).arg("--key").arg(&self.key_file);
        command.arg("--url").arg(&self.scene.network.urls()[0]);
        Ok(command.output().await?)
    }
}

/// A module with a proof that is longer than a short transaction: steps of a price.
fn long_module() -> Module {
    const STEPS: u64 = 40;
    const STEP: u64 = 10_000_000_000_000;
    let step = |number: u64| Piece {
        end: Base::new(number * STEP),
        kind: PieceKind::FixedPrice { quote: Quote::new(number), base: Base::new(50_000) },
    };
    Module { pieces: (1..=STEPS).map(step).collect(), ..module() }
}

/// A text with its length before it, and what follows.
fn text(bytes: &[u8]) -> Result<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk().context("a length")?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    let (text, rest) = rest.split_at_checked(length).context("a text")?;
    Ok((String::from_utf8(text.to_vec())?, rest))
}

/// An instruction; of each account whether it signs and is written.
fn call(program: Address, accounts: &[(Address, bool, bool)], data: Vec<u8>) -> Instruction {
    let meta = |&(address, is_signer, is_writable): &(Address, bool, bool)| AccountMeta {
        pubkey: pubkey(&address),
        is_signer,
        is_writable,
    };
    Instruction {
        program_id: pubkey(&program),
        accounts: accounts.iter().map(meta).collect(),
        data,
    }
}

fn associated(owner: &Address, program: &Address, mint: &Address) -> Address {
    let seeds = asset_rollup_interface::seeds::associated_token(owner, program, mint);
    let found = Pubkey::find_program_address(&seeds, &pubkey(&ASSOCIATED_TOKEN_PROGRAM));
    Address::new(found.0.to_bytes())
}

fn pubkey(address: &Address) -> Pubkey {
    Pubkey::new_from_array(address.to_bytes())
}
