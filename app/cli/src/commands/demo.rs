//! `asset devnet --demo`: a tour from a deposit to a withdrawal that is paid on the L1.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use asset_localnet::Localnet;
use asset_rollup_interface::error::RollupError;
use asset_sdk::{
    Client, Key, TransactionState, Wallet,
    amount::{format_decimal, format_sol},
    client::succeeded,
    l1::{L1Client, L1Error, Level},
    tx::TxBuilder,
    wallet::{trade_of, withdrawal_index},
};
use curvevm::{
    program::{BuyOrder, Launch, SellOrder},
    receipt::{Outcome, Side, Trade},
    types::{Address, AssetId, Base, CurveId, Hash, Quote},
};
use futures::future::try_join_all;
use serde::Serialize;
use tokio::time::Instant;

use super::{claim::claim, launch::publish};
use crate::output::Output;

/// The curve that is launched: pump.fun's.
const CURVE: &str = include_str!("../../../../compiler/examples/pump.curve");
/// The first of them launches; all of them trade.
const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];
const FUNDS: Quote = Quote::new(100_000_000_000);
const DEPOSIT: Quote = Quote::new(20_000_000_000);
/// Purchases of each trader, all at once.
const PURCHASES: u64 = 10;
const PURCHASE: Quote = Quote::new(100_000_000);
const WITHDRAWAL: Quote = Quote::new(1_500_000_000);

/// What happened.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    accounts: Vec<Address>,
    deposited: Quote,
    curve: CurveId,
    symbol: String,
    decimals: u8,
    purchases: usize,
    sales: usize,
    volume: Quote,
    fees: Quote,
    tokens_sold: Base,
    reserve: Quote,
    /// From sending a transaction until the client knew that it is preconfirmed.
    preconfirmation_ms_p50: u64,
    preconfirmation_ms_max: u64,
    batches_committed: u64,
    batches_finalized: u64,
    root: Hash,
    members_agree: usize,
    withdrawal: WithdrawalSummary,
    /// Since the command started.
    first_batch_ms: u64,
    total_ms: u64,
}

#[derive(Debug, Serialize)]
struct WithdrawalSummary {
    index: u64,
    amount: Quote,
    recipient: Address,
    lamports_before: u64,
    lamports_after: u64,
    signature: String,
    /// The program's answer to a second claim.
    second_claim: String,
    finalized_ms: u64,
}

/// A traced transaction.
struct Done {
    trade: Trade,
    took: Duration,
}

struct Tour<'a> {
    client: Arc<Client>,
    l1: Arc<L1Client>,
    wallets: Vec<Wallet>,
    output: &'a Output,
}

pub(crate) async fn run(
    localnet: &mut Localnet,
    started: Instant,
    output: &Output,
) -> Result<Summary> {
    let client = Arc::new(localnet.client().await?);
    let l1 = localnet.l1_client();
    let mut tour = Tour { client, l1, wallets: Vec::new(), output };
    tour.deposit().await.context("the deposits failed")?;
    let curve = tour.launch().await.context("the launch failed")?;
    let trades = tour.trade(curve).await.context("the trades failed")?;
    tour.client
        .wait_status("the first batch on the L1", |status| status.batch_committed > 0)
        .await?;
    let first_batch_ms = millis(started.elapsed());
    output.progress(&format!("the first batch is committed on the L1 after {first_batch_ms} ms"));
    let withdrawal = tour.withdraw().await.context("the withdrawal failed")?;
    let (root, members_agree) = agreement(localnet, &tour.l1).await?;
    let status = tour.client.status().await?;
    let view = tour.client.curve(curve).await?;
    let mut took: Vec<Duration> = trades.iter().map(|done| done.took).collect();
    took.sort_unstable();
    let volume = trades.iter().map(|done| done.trade.quote.get()).sum();
    let buys = trades.iter().filter(|done| done.trade.side == Side::Buy).count();
    Ok(Summary {
        accounts: tour.wallets.iter().map(Wallet::address).collect(),
        deposited: Quote::new(DEPOSIT.get() * NAMES.len() as u64),
        curve,
        symbol: view.symbol,
        decimals: view.decimals,
        purchases: buys,
        sales: trades.len() - buys,
        volume: Quote::new(volume),
        fees: Quote::new(view.fees.quote_total()),
        tokens_sold: view.sold,
        reserve: view.reserve,
        preconfirmation_ms_p50: millis(took.get(took.len() / 2).copied().unwrap_or_default()),
        preconfirmation_ms_max: millis(took.last().copied().unwrap_or_default()),
        batches_committed: status.batch_committed,
        batches_finalized: status.batch_finalized,
        root,
        members_agree,
        withdrawal,
        first_batch_ms,
        total_ms: millis(started.elapsed()),
    })
}

impl Tour<'_> {
    /// Each account locks lamports on the L1 and is credited.
    async fn deposit(&mut self) -> Result<()> {
        let (l1, output) = (&self.l1, self.output);
        let keys: Vec<Key> = NAMES.iter().map(|_| Key::generate()).collect();
        try_join_all(keys.iter().zip(NAMES).map(|(key, name)| async move {
            l1.airdrop(&key.address(), FUNDS.get()).await?;
            let landed = l1.deposit(key, &key.address(), DEPOSIT).await?;
            output.progress(&format!(
                "{name} locked {} on the L1 in slot {}",
                format_sol(DEPOSIT),
                landed.slot
            ));
            Ok::<_, L1Error>(())
        }))
        .await?;
        let cursor = self.l1.inbox(Level::Confirmed).await?.count;
        output.progress("waiting until the deposits are final on the L1 and credited");
        self.client.wait_inbox(cursor).await?;
        for key in keys {
            let balance = self.client.balance(key.address(), AssetId::SOL).await?.amount;
            ensure!(balance == DEPOSIT, "{} was credited {balance}, not {DEPOSIT}", key.address());
            self.wallets.push(Wallet::open(Arc::clone(&self.client), key).await?);
        }
        Ok(())
    }

    async fn launch(&self) -> Result<CurveId> {
        let compiled =
            curvescript::compile_curve(CURVE).map_err(|found| anyhow::anyhow!("{found}"))?;
        let creator = self.wallets.first().context("there is no creator")?;
        publish(creator, &compiled.module, self.output).await?;
        let launch = Launch {
            module: compiled.hash,
            quote_asset: AssetId::SOL,
            name: compiled.name,
            symbol: compiled.symbol.clone(),
            salt: 0,
            first_buy: None,
        };
        let (curve, submitted) = creator.launch(launch).await?;
        succeeded(submitted.wait(TransactionState::Preconfirmed).await?)?;
        self.output.progress(&format!("alice launched {} as curve {curve}", compiled.symbol));
        Ok(curve)
    }

    /// Everybody buys at once, then everybody but the first sells a part.
    async fn trade(&self, curve: CurveId) -> Result<Vec<Done>> {
        let buy = TxBuilder::new()
            .buy(curve, BuyOrder::ExactIn { quote: PURCHASE, base_min: Base::new(1) });
        let purchases = self.wallets.iter().flat_map(|wallet| (0..PURCHASES).map(move |_| wallet));
        let mut trades = try_join_all(purchases.map(|wallet| execute(wallet, &buy))).await?;
        self.output.progress(&format!("{} purchases are preconfirmed", trades.len()));
        let sellers = self.wallets.iter().skip(1);
        let sales = sellers.map(|wallet| async move {
            let held = self.client.holding(curve, wallet.address()).await?.amount;
            let order =
                SellOrder::ExactIn { base: Base::new(held.get() / 3), quote_min: Quote::new(1) };
            execute(wallet, &TxBuilder::new().sell(curve, order)).await
        });
        let sales = try_join_all(sales).await?;
        self.output.progress(&format!("{} sales are preconfirmed", sales.len()));
        trades.extend(sales);
        Ok(trades)
    }

    /// Pays real lamports out of the program's vault, once.
    async fn withdraw(&self) -> Result<WithdrawalSummary> {
        let wallet = self.wallets.get(1).context("there is no second account")?;
        let recipient = Key::generate().address();
        let lamports_before = self.l1.lamports(&recipient, Level::Confirmed).await?;
        let sent = Instant::now();
        let submitted = wallet.withdraw_sol(recipient, WITHDRAWAL).await?;
        self.output.progress(&format!(
            "bob withdraws {}; waiting for its challenge window",
            format_sol(WITHDRAWAL)
        ));
        let view = succeeded(submitted.wait(TransactionState::Finalized).await?)?;
        let finalized_ms = millis(sent.elapsed());
        let index = withdrawal_index(&view).context("the receipt names no withdrawal")?;
        let paid = claim(&self.client, &self.l1, wallet.key(), index).await?;
        let lamports_after = self.l1.lamports(&recipient, Level::Confirmed).await?;
        ensure!(
            lamports_after.checked_sub(lamports_before) == Some(WITHDRAWAL.get()),
            "the L1 paid {lamports_before} -> {lamports_after}, not {WITHDRAWAL}"
        );
        self.output.progress(&format!("the L1 paid {} to {recipient}", format_sol(WITHDRAWAL)));
        let second = claim(&self.client, &self.l1, wallet.key(), index).await;
        let second = second.err().context("a second claim was paid")?;
        let number = second.downcast_ref::<L1Error>().and_then(L1Error::program_number);
        ensure!(
            number == Some(RollupError::AlreadyWithdrawn.code()),
            "the second claim failed otherwise: {second}"
        );
        Ok(WithdrawalSummary {
            index,
            amount: WITHDRAWAL,
            recipient,
            lamports_before,
            lamports_after,
            signature: paid.signature,
            second_claim: second.to_string(),
            finalized_ms,
        })
    }
}

/// Sends a trade and waits until it is preconfirmed.
async fn execute(wallet: &Wallet, transaction: &TxBuilder) -> Result<Done> {
    let sent = Instant::now();
    let view = wallet.execute(transaction, TransactionState::Preconfirmed).await?;
    let took = sent.elapsed();
    let Some(Outcome::Succeeded(events)) = view.receipt.map(|receipt| receipt.outcome) else {
        anyhow::bail!("transaction {} has no receipt", view.id);
    };
    let trade = events.iter().find_map(trade_of);
    Ok(Done {
        trade: trade.with_context(|| format!("transaction {} made no trade", view.id))?,
        took,
    })
}

/// The root that the L1 holds, and how many members have the same for that batch.
async fn agreement(localnet: &Localnet, l1: &L1Client) -> Result<(Hash, usize)> {
    let rollup = l1.rollup(Level::Confirmed).await?;
    let mut agree = 0;
    for member in 0..localnet.genesis().committee.len() {
        let client = localnet.client_of(member).await?;
        let number = rollup.committed_number;
        client
            .wait_status("the members to catch up", |status| status.batch_closed >= number)
            .await?;
        let root = client.batch(number).await?.header.post_root;
        ensure!(
            root == rollup.committed_root,
            "member {member} has root {root} after batch {number}, the L1 has {}",
            rollup.committed_root
        );
        agree += 1;
    }
    Ok((rollup.committed_root, agree))
}

impl Summary {
    pub(crate) fn text(&self) -> String {
        let withdrawal = &self.withdrawal;
        let lines = [
            format!(
                "deposits      {} accounts, {} in all",
                self.accounts.len(),
                format_sol(self.deposited)
            ),
            format!("curve         {} {}", self.symbol, self.curve),
            format!(
                "trades        {} purchases and {} sales, volume {}, fees {}",
                self.purchases,
                self.sales,
                format_sol(self.volume),
                format_sol(self.fees)
            ),
            format!(
                "curve after   {} {} sold, reserve {}",
                format_decimal(self.tokens_sold.get(), self.decimals),
                self.symbol,
                format_sol(self.reserve)
            ),
            format!(
                "preconfirmed  p50 {} ms, slowest {} ms, from sending to knowing",
                self.preconfirmation_ms_p50, self.preconfirmation_ms_max
            ),
            format!(
                "settlement    {} batches committed, {} finalized; {} members and the L1 have root {}",
                self.batches_committed, self.batches_finalized, self.members_agree, self.root
            ),
            format!(
                "withdrawal    {} paid on the L1 to {} ({} -> {} lamports), {} ms after it was sent",
                format_sol(withdrawal.amount),
                withdrawal.recipient,
                withdrawal.lamports_before,
                withdrawal.lamports_after,
                withdrawal.finalized_ms
            ),
            format!("second claim  refused: {}", withdrawal.second_claim),
            format!(
                "time          first batch on the L1 after {} ms, all of it {} ms",
                self.first_batch_ms, self.total_ms
            ),
        ];
        lines.join("\n")
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
