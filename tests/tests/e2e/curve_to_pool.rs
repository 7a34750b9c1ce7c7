//! The life of an asset: a launch with a first purchase, sessions, graduation, migration, its pool, and every claim.

use anyhow::{Context as _, Result, bail, ensure};
use asset_sdk::{
    ClientError, Key, TransactionState, Wallet,
    rpc::{CurvePhase, CurveView, PoolView, RpcError},
    tx::{Addition, Grant, Removal, TxBuilder},
    wallet::trade_of,
};
use curvevm::{
    error::Error,
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation,
        LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind, PoolTier, Recipient,
    },
    program::{Amount, BuyOrder, Claim, Launch, SellOrder},
    receipt::{Event, Outcome, Trade, Venue},
    types::{Address, AssetId, Base, CurveId, Quote, Shares},
};

use crate::support::{DEPOSIT, SOL, Scene};

const ACCOUNTS: usize = 4;
const SUPPLY: u64 = 1_100_000_000_000_000;
const SOLD: u64 = 500_000_000_000_000;
const ALLOTTED: u64 = 1_000_000_000_000;
/// Tokens for a lamport: the curve raises ten SOL.
const TOKENS: u64 = 50_000;
const TERM_SECS: u32 = 1;

/// A fixed price with a partner, an allotment, and liquidity that is locked for a second.
fn module(partner: Address) -> Module {
    let part = |recipient, rate, of| FeePart { recipient, rate, of, rounding: FeeRounding::Down };
    let pool = [(Recipient::Liquidity, 25), (Recipient::Protocol, 5), (Recipient::Creator, 20)];
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(SUPPLY),
        sqrt_start: 0,
        pieces: vec![Piece {
            end: Base::new(SOLD),
            kind: PieceKind::FixedPrice { quote: Quote::new(1), base: Base::new(TOKENS) },
        }],
        fees: Fees {
            total: FeeTotal::Included {
                rate: 10_000_000,
                referred: 0,
                schedule: FeeSchedule::Constant,
            },
            side: FeeSide::Quote,
            parts: vec![
                part(Recipient::Protocol, 200_000_000, FeeOf::Total),
                part(Recipient::Referrer, 200_000_000, FeeOf::Part(0)),
                part(Recipient::Creator, 300_000_000, FeeOf::Rest),
            ],
            rest: Recipient::Partner,
        },
        partner: Some(partner),
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: Some(Allotment { amount: Base::new(ALLOTTED), cliff_secs: 0, vesting_secs: 0 }),
        migration: Migration {
            lock: LiquidityLock::Term { secs: TERM_SECS },
            tiers: vec![PoolTier { from: Quote::ZERO, fees: Fees::on_top(&pool) }],
        },
    }
}

struct Life {
    scene: Scene,
    curve: CurveId,
    creator: Wallet,
    trader: Wallet,
    referrer: Wallet,
    partner: Wallet,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_lives_from_its_launch_to_its_pool() -> Result<()> {
    let life = Life::launch().await?;
    life.trade_by_session().await?;
    life.graduate().await?;
    life.trade_on_the_pool().await?;
    life.move_liquidity().await?;
    let treasury = life.claim_everything().await?;
    life.nothing_is_lost(treasury).await
}

impl Life {
    async fn launch() -> Result<Self> {
        let scene = Scene::start(ACCOUNTS).await?;
        // All through one member, so that each reads what the others wrote.
        let [creator, trader, referrer, partner] = [
            scene.wallet(0, 0).await?,
            scene.wallet(1, 0).await?,
            scene.wallet(2, 0).await?,
            scene.wallet(3, 0).await?,
        ];
        let module = module(partner.address());
        let launch = Launch {
            module: module.hash(),
            quote_asset: AssetId::SOL,
            name: "Life".to_owned(),
            symbol: "LIFE".to_owned(),
            salt: 7,
            first_buy: Some(buy(SOL)),
        };
        let both = TxBuilder::new().publish(module).launch(launch);
        let events = execute(&creator, &both).await?;
        let curve = CurveId::derive(&creator.address(), 7);
        let first = traded(&events)?;
        ensure!(first.curve == curve && first.trader_quote.get() == SOL, "{first:?}");
        // 1 % of a SOL is the fee.
        ensure!(first.trader_base.get() == SOL / 100 * 99 * TOKENS, "{first:?}");
        Ok(Self { scene, curve, creator, trader, referrer, partner })
    }

    /// A session key trades for its owner within its limits, until it is revoked.
    async fn trade_by_session(&self) -> Result<()> {
        let key = Key::generate();
        let buy_one =
            TxBuilder::new().buy_referred(self.curve, buy(SOL), Some(self.referrer.address()));
        let (client, owner) = (self.trader.client().clone(), self.trader.address());
        let session = Wallet::open_session(client, key.clone(), owner).await?;
        refused(&session, &buy_one, Error::UnknownSession).await?;
        let now_ms = self.scene.client.status().await?.time_ms;
        let grant = Grant {
            session: key.address(),
            expires_ms: now_ms + 3_600_000,
            asset: AssetId::SOL,
            limit: Quote::new(3 * SOL / 2),
        };
        execute(&self.trader, &TxBuilder::new().authorize(grant)).await?;

        let before = self.balance(&self.referrer).await?;
        let trade = traded(&execute(&session, &buy_one).await?)?;
        let due = trade.fees.referrer().quote.get();
        ensure!(due == SOL / 100 / 25, "a fifth of a fifth of a hundredth: {due}");
        ensure!(self.balance(&self.referrer).await? == before + due);
        let held = self.scene.client.holding(self.curve, owner).await?.amount;
        ensure!(held == trade.trader_base, "the owner holds what the session bought");

        failed(&session, &buy_one, Error::SpendLimit).await?;
        let amount = Amount::Quote(AssetId::SOL, Quote::new(1));
        let transfer = TxBuilder::new().transfer(self.referrer.address(), amount);
        failed(&session, &transfer, Error::SessionScope).await?;
        let granted = self.scene.client.session(owner, key.address()).await?.grant;
        ensure!(granted.context("a session")?.spent.get() == SOL);
        execute(&self.trader, &TxBuilder::new().revoke(key.address())).await?;
        refused(&session, &buy_one, Error::UnknownSession).await
    }

    async fn graduate(&self) -> Result<()> {
        let migrate = TxBuilder::new().migrate(self.curve);
        failed(&self.referrer, &migrate, Error::NotComplete).await?;
        let add = TxBuilder::new().add_liquidity(self.curve, adding(SOL));
        failed(&self.trader, &add, Error::NotMigrated).await?;

        let all = TxBuilder::new().buy(self.curve, buy(20 * SOL));
        let last = traded(&execute(&self.trader, &all).await?)?;
        ensure!(last.partial && last.base_after.get() == SOLD, "{last:?}");
        let view = self.view().await?;
        ensure!(view.phase == CurvePhase::Complete && view.pool.is_none());
        failed(&self.trader, &all, Error::CurveComplete).await?;

        execute(&self.referrer, &migrate).await?;
        let view = self.view().await?;
        ensure!(view.phase == CurvePhase::Migrated, "{view:?}");
        let pool = pool(&view)?;
        // The pool opens at the curve's price.
        ensure!(pool.base.get() == pool.quote.get() * TOKENS, "{pool:?}");
        ensure!(pool.quote.get() >= 10 * SOL, "{pool:?}");
        failed(&self.referrer, &migrate, Error::AlreadyMigrated).await
    }

    async fn trade_on_the_pool(&self) -> Result<()> {
        let bought = TxBuilder::new().buy(self.curve, buy(SOL));
        let bought = traded(&execute(&self.trader, &bought).await?)?;
        ensure!(bought.venue == Venue::Pool && bought.quote.get() < SOL, "{bought:?}");
        let order = SellOrder::ExactIn { base: bought.trader_base, quote_min: Quote::ZERO };
        let sold = TxBuilder::new().sell(self.curve, order);
        let sold = traded(&execute(&self.trader, &sold).await?)?;
        ensure!(sold.trader_quote < bought.trader_quote, "{bought:?} {sold:?}");
        Ok(())
    }

    async fn move_liquidity(&self) -> Result<()> {
        let owner = self.trader.address();
        let add = TxBuilder::new().add_liquidity(self.curve, adding(SOL));
        execute(&self.trader, &add).await?;
        let shares = self.scene.client.stake(self.curve, owner).await?.shares;
        ensure!(!shares.is_zero());
        let remove = |shares| {
            let none = Removal { shares, quote_min: Quote::ZERO, base_min: Base::ZERO };
            TxBuilder::new().remove_liquidity(self.curve, none)
        };
        let more = Shares::new(shares.get() + 1);
        failed(&self.trader, &remove(more), Error::InsufficientShares).await?;
        let half = Shares::new(shares.get() / 2);
        execute(&self.trader, &remove(half)).await?;
        let left = self.scene.client.stake(self.curve, owner).await?.shares;
        ensure!(left.get() == shares.get() - half.get());
        Ok(())
    }

    /// Everybody takes what is theirs; gives the treasury's wallet.
    async fn claim_everything(&self) -> Result<Wallet> {
        let claim = |what| TxBuilder::new().claim(self.curve, what);
        failed(&self.trader, &claim(Claim::CreatorFees), Error::NotEntitled).await?;
        for (wallet, what) in
            [(&self.creator, Claim::CreatorFees), (&self.partner, Claim::PartnerFees)]
        {
            let before = self.balance(wallet).await?;
            execute(wallet, &claim(what)).await?;
            ensure!(self.balance(wallet).await? > before, "{what:?}");
            failed(wallet, &claim(what), Error::NothingToClaim).await?;
        }
        let held = self.scene.client.holding(self.curve, self.creator.address()).await?.amount;
        execute(&self.creator, &claim(Claim::Vested)).await?;
        let after = self.scene.client.holding(self.curve, self.creator.address()).await?.amount;
        ensure!(after.get() == held.get() + ALLOTTED, "{held} {after}");

        let free_ms = pool(&self.view().await?)?.migrated_ms + u64::from(TERM_SECS) * 1_000;
        let over = |status: &asset_sdk::rpc::StatusView| status.time_ms >= free_ms;
        self.scene.client.wait_status("the end of the lock's term", over).await?;
        execute(&self.creator, &claim(Claim::Liquidity)).await?;
        let shares = self.scene.client.stake(self.curve, self.creator.address()).await?.shares;
        ensure!(!shares.is_zero());

        let treasury = Key::read(&self.scene.network.layout().treasury())?;
        let amount = Amount::Quote(AssetId::SOL, Quote::new(1));
        execute(&self.trader, &TxBuilder::new().transfer(treasury.address(), amount)).await?;
        let treasury = Wallet::open(self.scene.client.clone(), treasury).await?;
        execute(&treasury, &claim(Claim::ProtocolFees)).await?;
        ensure!(self.balance(&treasury).await? > 1);
        Ok(treasury)
    }

    /// Quote and tokens, to the unit.
    async fn nothing_is_lost(&self, treasury: Wallet) -> Result<()> {
        let view = self.view().await?;
        let pool = pool(&view)?;
        let mut quote = view.reserve.get() + pool.quote.get();
        quote += view.fees.quote_total() + pool.fees.quote_total();
        let mut base = pool.base.get() + pool.burnt.get() + ALLOTTED - pool.vested.get();
        for wallet in [&self.creator, &self.trader, &self.referrer, &self.partner, &treasury] {
            quote += self.balance(wallet).await?;
            base += self.scene.client.holding(self.curve, wallet.address()).await?.amount.get();
        }
        ensure!(quote == DEPOSIT * ACCOUNTS as u64, "{quote} of {}", DEPOSIT * ACCOUNTS as u64);
        ensure!(base == SUPPLY, "{base} of {SUPPLY}: {view:?}");
        Ok(())
    }

    async fn view(&self) -> Result<CurveView> {
        Ok(self.scene.client.curve(self.curve).await?)
    }

    async fn balance(&self, wallet: &Wallet) -> Result<u64> {
        Ok(self.scene.client.balance(wallet.address(), AssetId::SOL).await?.amount.get())
    }
}

const fn buy(quote: u64) -> BuyOrder {
    BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO }
}

const fn adding(quote: u64) -> Addition {
    Addition { quote: Quote::new(quote), base_max: Base::MAX, shares_min: Shares::ZERO }
}

fn pool(view: &CurveView) -> Result<PoolView> {
    view.pool.clone().context("the curve has a pool")
}

/// Executes a transaction, and gives what it did.
async fn execute(wallet: &Wallet, transaction: &TxBuilder) -> Result<Vec<Event>> {
    let view = wallet.execute(transaction, TransactionState::Preconfirmed).await?;
    match view.receipt.context("a receipt")?.outcome {
        Outcome::Succeeded(events) => Ok(events),
        Outcome::Failed { error, .. } | Outcome::Rejected { error } => bail!("failed: {error}"),
    }
}

/// The transaction is executed and fails.
async fn failed(wallet: &Wallet, transaction: &TxBuilder, expected: Error) -> Result<()> {
    match wallet.execute(transaction, TransactionState::Preconfirmed).await {
        Err(ClientError::Failed { error, .. }) if error == expected => Ok(()),
        other => bail!("{other:?}, expected {expected:?}"),
    }
}

/// No node takes the transaction.
async fn refused(wallet: &Wallet, transaction: &TxBuilder, expected: Error) -> Result<()> {
    match wallet.submit(transaction).await {
        Err(ClientError::Refused { error: RpcError::Vm(error), .. }) if error == expected => Ok(()),
        other => bail!("{other:?}, expected {expected:?}"),
    }
}

fn traded(events: &[Event]) -> Result<Trade> {
    events.iter().find_map(trade_of).context("a trade")
}
