//! The blocks that the pipeline takes: a scene of accounts and curves, then rounds of trades.

use anyhow::{Context, Result};
use asset_consensus::Block;
use asset_localnet::{LocalnetConfig, PROGRAM_ID};
use asset_sdk::{Key, tx::TxBuilder};
use asset_sequencer::pipeline::{BatchSize, BlockMaker};
use curvevm::{
    batch::CHUNKS_MAX,
    block::MESSAGES_MAX,
    genesis::{GENESIS_VERSION, Genesis, Params},
    host::BatchItem,
    inbox::{InboxMessage, MessageKind},
    program::Launch,
    tx::Transaction,
    types::{AssetId, CurveId, Hash, Quote},
};
use rayon::prelude::*;

use super::{
    orders::{Orders, curve},
    sizes::NodeSizes,
};

/// When the chain starts, in milliseconds since 1970.
const GENESIS_MS: u64 = 1_700_000_000_000;
/// The time between two blocks, in milliseconds.
const INTERVAL_MS: u64 = 20;
/// What each account deposits, in lamports.
const DEPOSIT: u64 = 1_000_000_000_000;
/// Launches in a block.
const LAUNCHES: usize = 500;

/// Makes the blocks, as a leader does.
#[derive(Debug)]
pub(super) struct Workload {
    maker: BlockMaker,
    genesis: Genesis,
    clock_ms: u64,
    traders: Vec<Trader>,
    block_trades: usize,
    curves: u32,
    orders: Orders,
}

/// An account and the nonce of its next transaction.
#[derive(Debug)]
struct Trader {
    key: Key,
    nonce: u64,
}

/// Blocks of trades.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) blocks: Vec<Block>,
    /// The trades' signatures.
    pub(super) signatures: Vec<BatchItem>,
    /// The batches that ended in them.
    pub(super) batches: Vec<BatchSize>,
}

impl Workload {
    pub(super) fn new(sizes: NodeSizes) -> Result<Self> {
        let traders: Vec<Trader> = (0..u64::from(sizes.accounts))
            .into_par_iter()
            .map(|number| Trader { key: key(number), nonce: 0 })
            .collect();
        let genesis = genesis(sizes.block_trades)?;
        let creator = traders.first().context("there is no account")?.key.address();
        let curves = (0..u64::from(sizes.curves)).map(|salt| CurveId::derive(&creator, salt));
        Ok(Self {
            maker: BlockMaker::new(genesis.clone())?,
            genesis,
            clock_ms: GENESIS_MS,
            orders: Orders::new(traders.len(), curves.collect()),
            traders,
            block_trades: sizes.block_trades as usize,
            curves: sizes.curves,
        })
    }

    pub(super) const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The state root after the last block.
    pub(super) fn root(&self) -> Hash {
        self.maker.root()
    }

    /// Every account deposits, and the first one publishes a curve and launches assets on it.
    pub(super) fn scene(&mut self) -> Result<Vec<Block>> {
        let deposits: Vec<InboxMessage> =
            (0..).zip(&self.traders).map(|(index, trader)| deposit(index, &trader.key)).collect();
        let mut blocks = Vec::new();
        for messages in deposits.chunks(MESSAGES_MAX) {
            blocks.push(self.block(messages.to_vec(), Vec::new())?);
        }
        let compiled = curve()?;
        let publish = self.sign(vec![(0, TxBuilder::new().publish(compiled.module))])?;
        blocks.push(self.block(Vec::new(), publish)?);
        let launch = |salt: u32| Launch {
            module: compiled.hash,
            quote_asset: AssetId::SOL,
            name: format!("Asset {salt}"),
            symbol: format!("A{salt}"),
            salt: u64::from(salt),
            first_buy: None,
        };
        let launches = (0..self.curves).map(|salt| (0, TxBuilder::new().launch(launch(salt))));
        for launches in launches.collect::<Vec<_>>().chunks(LAUNCHES) {
            let signed = self.sign(launches.to_vec())?;
            blocks.push(self.block(Vec::new(), signed)?);
        }
        Ok(blocks)
    }

    /// The next `trades`, in full blocks but for the last.
    pub(super) fn round(&mut self, trades: usize) -> Result<Round> {
        let mut orders = Vec::with_capacity(trades);
        for _ in 0..trades {
            let order = self.orders.next();
            self.orders.filled(&order);
            orders.push((order.trader, order.transaction));
        }
        let signed = self.sign(orders)?;
        let chain = self.maker.chain_id();
        let signature = |transaction: &Transaction| BatchItem {
            signer: *transaction.body.key(),
            digest: transaction.id(&chain),
            signature: transaction.signature,
        };
        let signatures = signed.par_iter().map(signature).collect();
        let (mut blocks, mut batches) = (Vec::new(), Vec::new());
        for transactions in signed.chunks(self.block_trades) {
            blocks.push(self.block(Vec::new(), transactions.to_vec())?);
            batches.extend(self.maker.closed());
        }
        Ok(Round { blocks, signatures, batches })
    }

    /// Signs in parallel; each signer's nonces follow the order of the list.
    fn sign(&mut self, unsigned: Vec<(usize, TxBuilder)>) -> Result<Vec<Transaction>> {
        let mut with_nonces = Vec::with_capacity(unsigned.len());
        for (at, transaction) in unsigned {
            let trader = self.traders.get_mut(at).context("there is no such account")?;
            with_nonces.push((at, trader.nonce, transaction));
            trader.nonce += 1;
        }
        let (chain, traders) = (self.maker.chain_id(), &self.traders);
        let signed = with_nonces.par_iter().map(|(at, nonce, transaction)| {
            let signed = transaction.sign(&traders[*at].key, *nonce, &chain)?;
            anyhow::Ok(Transaction::decode(signed.bytes())?)
        });
        signed.collect()
    }

    fn block(
        &mut self,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
    ) -> Result<Block> {
        self.clock_ms += INTERVAL_MS;
        Ok(self.maker.make(self.clock_ms, messages, transactions)?)
    }
}

/// What whole batches that ended here take; the first one began before, and is left out.
pub(super) fn data_size(batches: &[BatchSize]) -> BatchSize {
    batches.iter().skip(1).fold(BatchSize::default(), |all, one| BatchSize {
        transactions: all.transactions + one.transactions,
        bytes: all.bytes + one.bytes,
    })
}

/// The key of an account, the same in every run.
fn key(number: u64) -> Key {
    let mut seed = *b"asset-l2/bench/account/.........";
    seed[24..].copy_from_slice(&number.to_le_bytes());
    Key::from_seed(seed)
}

fn deposit(index: u64, owner: &Key) -> InboxMessage {
    let (amount, recipient) = (Quote::new(DEPOSIT), owner.address());
    let kind = MessageKind::Deposit { asset: AssetId::SOL, amount, recipient };
    InboxMessage { index, slot: index, kind }
}

/// The rules of a local network, with blocks and batches as large as they may be.
fn genesis(block_trades: u32) -> Result<Genesis> {
    let params = LocalnetConfig::new(Default::default()).params;
    Ok(Genesis {
        version: GENESIS_VERSION,
        name: "asset-bench".to_owned(),
        program_id: PROGRAM_ID.parse()?,
        committee: vec![key(u64::MAX).address()],
        time_ms: GENESIS_MS,
        treasury: key(u64::MAX).address(),
        quote_assets: Vec::new(),
        params: Params {
            batch_chunks_max: CHUNKS_MAX,
            block_transactions_max: block_trades.max(LAUNCHES as u32),
            ..params
        },
    })
}
