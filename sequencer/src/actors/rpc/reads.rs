//! What the node can be asked.

use std::sync::Arc;

use asset_consensus::BlockId;
use asset_sdk::rpc::{
    AccountView, AccruedView, At, BalanceEntry, BalanceView, BatchState, BatchView, BlockState,
    BlockView, Bytes, CurvePhase, CurveView, GrantView, HoldingView, ModuleView, MoneyView,
    NodeError, PoolView, ProofView, RpcError, SessionView, SimulationView, StakeView,
    TransactionState, TransactionView,
};
use curvevm::{
    cell::{self, Account, Accrued, Cell, Curve, Holding, Money, Phase, Session, Stake},
    codec::decode_batch,
    error::Error as VmError,
    execute::{Context, Refusal, apply},
    meter::Meter,
    module::Module,
    tx::Transaction,
    types::{Address, AssetId, CurveId, Hash, Key},
};
use jsonrpsee::types::ErrorObjectOwned;
use tokio::sync::watch;

use crate::{
    actors::{
        executor::{Executor, Version, now_ms},
        mempool::Pool,
        watcher::L1View,
    },
    chain::ChainSpec,
    payload::Payload,
    store::{Place, Store, StoreError, StoredReceipt},
};

type Answer<T> = Result<T, ErrorObjectOwned>;

/// Answers reads.
#[derive(Clone, Debug)]
pub(crate) struct Reads {
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) store: Arc<Store>,
    pub(crate) executor: Executor,
    pub(crate) pool: Arc<Pool>,
    pub(crate) l1: watch::Receiver<Arc<L1View>>,
}

impl Reads {
    pub(super) fn simulate(&self, bytes: &[u8]) -> Answer<SimulationView> {
        let transaction = Transaction::decode(bytes).map_err(vm)?;
        let head = self.executor.latest();
        let context = Context {
            genesis: self.spec.id,
            height: head.height.saturating_add(1),
            time_ms: now_ms().max(head.chain.time_ms.saturating_add(1)),
        };
        let mut tree = head.tree.clone();
        let receipt = apply(
            &transaction,
            self.spec.chunk_bytes_max(),
            &context,
            &mut tree,
            &mut Meter::new(),
        )
        .map_err(|refusal| match refusal {
            Refusal::Rejected(error) => vm(error),
            // Alone in its segment, it fails by its own bound.
            Refusal::SegmentFull | Refusal::State(_) => internal(&refusal),
        })?;
        Ok(SimulationView { receipt, at: at(&head) })
    }

    /// Where a transaction stands.
    pub(super) async fn transaction(&self, id: Hash) -> Answer<TransactionView> {
        let executed = |stored: &StoredReceipt| !stored.receipt.outcome.is_rejected();
        if let Some(stored) = self.receipt(id).await?.filter(executed) {
            return Ok(self.executed(stored));
        }
        // What was forced and rejected is not lost while it waits here as well.
        if self.pool.get(&id).is_some() {
            return Ok(self.view(id, TransactionState::Pending));
        }
        // It may have moved from the mempool into a block between the two looks.
        if let Some(stored) = self.receipt(id).await? {
            return Ok(self.executed(stored));
        }
        let Some(error) = self.pool.dropped(&id) else {
            return Ok(self.view(id, TransactionState::Unknown));
        };
        let error = Some(RpcError::Vm(error).view());
        Ok(TransactionView { error, ..self.view(id, TransactionState::Dropped) })
    }

    fn view(&self, id: Hash, state: TransactionState) -> TransactionView {
        let at = at(&self.executor.latest());
        TransactionView {
            id,
            state,
            height: None,
            index: None,
            message: None,
            batch: None,
            receipt: None,
            error: None,
            at,
        }
    }

    async fn receipt(&self, id: Hash) -> Answer<Option<StoredReceipt>> {
        self.store.run(move |store| store.receipt(&id)).await.map_err(|error| storage(&error))
    }

    fn executed(&self, stored: StoredReceipt) -> TransactionView {
        let StoredReceipt { height, place, batch, receipt } = stored;
        let (index, message) = match place {
            Place::Transaction(index) => (Some(index), None),
            Place::Message(index) => (None, Some(index)),
        };
        let state = match self.settled(batch) {
            BlockState::Preconfirmed => TransactionState::Preconfirmed,
            BlockState::Committed => TransactionState::Committed,
            BlockState::Finalized => TransactionState::Finalized,
        };
        TransactionView {
            height: Some(height),
            index,
            message,
            batch: self.closed(batch),
            receipt: Some(receipt.clone()),
            ..self.view(receipt.id, state)
        }
    }

    /// How far a batch is settled.
    fn settled(&self, batch: u64) -> BlockState {
        let l1 = self.l1.borrow();
        if batch <= l1.finalized {
            BlockState::Finalized
        } else if batch <= l1.committed {
            BlockState::Committed
        } else {
            BlockState::Preconfirmed
        }
    }

    /// The number of a batch once it is closed.
    fn closed(&self, batch: u64) -> Option<u64> {
        (batch <= self.executor.latest().last_batch()).then_some(batch)
    }

    pub(super) fn account(&self, owner: Address) -> Answer<AccountView> {
        let head = self.executor.latest();
        let cell = cell(&head, &Account::key(&owner))?;
        let account = match cell {
            Some(Cell::Account(account)) => Some(account),
            Some(_) | None => None,
        };
        let exists = account.is_some();
        let account = account.unwrap_or_default();
        let entries = account.balances.iter();
        Ok(AccountView {
            owner,
            exists,
            nonce_base: account.nonces.base(),
            nonce_next: account.nonces.next(),
            balances: entries
                .map(|(asset, amount)| BalanceEntry { asset: *asset, amount: *amount })
                .collect(),
            at: at(&head),
        })
    }

    pub(super) fn balance(&self, owner: Address, asset: AssetId) -> Answer<BalanceView> {
        let head = self.executor.latest();
        let amount = match cell(&head, &Account::key(&owner))? {
            Some(Cell::Account(account)) => account.balance(&asset),
            Some(_) | None => Default::default(),
        };
        Ok(BalanceView { owner, asset, amount, at: at(&head) })
    }

    pub(super) fn holding(&self, curve: CurveId, owner: Address) -> Answer<HoldingView> {
        let head = self.executor.latest();
        let amount = match cell(&head, &Holding::key(&curve, &owner))? {
            Some(Cell::Holding(holding)) => holding.amount,
            Some(_) | None => Default::default(),
        };
        Ok(HoldingView { curve, owner, amount, at: at(&head) })
    }

    pub(super) fn stake(&self, curve: CurveId, owner: Address) -> Answer<StakeView> {
        let head = self.executor.latest();
        let shares = match cell(&head, &Stake::key(&curve, &owner))? {
            Some(Cell::Stake(stake)) => stake.shares,
            Some(_) | None => Default::default(),
        };
        Ok(StakeView { curve, owner, shares, at: at(&head) })
    }

    pub(super) fn session(&self, owner: Address, session: Address) -> Answer<SessionView> {
        let head = self.executor.latest();
        let grant = match cell(&head, &Session::key(&owner, &session))? {
            Some(Cell::Session(granted)) => Some(GrantView {
                expires_ms: granted.expires_ms,
                asset: granted.asset,
                limit: granted.limit,
                spent: granted.spent,
            }),
            Some(_) | None => None,
        };
        Ok(SessionView { owner, session, grant, at: at(&head) })
    }

    pub(super) fn curve(&self, id: CurveId) -> Answer<CurveView> {
        let head = self.executor.latest();
        let Some(Cell::Curve(curve)) = cell(&head, &Curve::key(&id))? else {
            return Err(RpcError::Vm(VmError::UnknownCurve).with_details(&id.to_string()));
        };
        let module = module(&head, &curve.module)?
            .ok_or_else(|| internal(&"a curve's module is missing"))?;
        let pool = match cell(&head, &cell::Pool::key(&id))? {
            Some(Cell::Pool(pool)) => Some(pool_view(&pool)),
            Some(_) | None => None,
        };
        Ok(CurveView {
            id,
            module: curve.module,
            quote_asset: curve.quote_asset,
            creator: curve.creator,
            name: curve.name,
            symbol: curve.symbol,
            decimals: module.decimals,
            supply: module.supply,
            sale_end: module.sale_end(),
            sold: curve.sold,
            reserve: curve.reserve,
            sqrt_price: curve.sqrt_price,
            fees: accrued_view(&curve.fees),
            launched_ms: curve.launched_ms,
            phase: match curve.phase {
                Phase::Trading => CurvePhase::Trading,
                Phase::Complete => CurvePhase::Complete,
                Phase::Migrated => CurvePhase::Migrated,
            },
            pool,
            at: at(&head),
        })
    }

    pub(super) fn module(&self, hash: Hash) -> Answer<ModuleView> {
        let head = self.executor.latest();
        let module = module(&head, &hash)?.ok_or_else(|| not_found(&format!("module {hash}")))?;
        let bytes = borsh::to_vec(&*module).map_err(|error| internal(&error))?;
        Ok(ModuleView { hash, module: Bytes::new(bytes), at: at(&head) })
    }

    pub(super) async fn block(&self, height: u64) -> Answer<BlockView> {
        let stored = self.store.run(move |store| store.block(height)).await;
        let stored = stored
            .map_err(|error| storage(&error))?
            .ok_or_else(|| not_found(&format!("block {height}")))?;
        let payload = Payload::decode(&stored.block.payload).map_err(|error| internal(&error))?;
        Ok(BlockView {
            height,
            id: block_id(&stored.id),
            parent: block_id(&stored.block.parent),
            time_ms: payload.body.time_ms,
            root: payload.post_root,
            state: self.settled(stored.batch),
            batch: self.closed(stored.batch),
            messages: u32::try_from(payload.body.messages.len()).unwrap_or(u32::MAX),
            inbox_cursor: stored.inbox_cursor,
            message_ids: stored.message_ids,
            transactions: stored.ids,
        })
    }

    /// A block that was just committed.
    pub(super) fn committed(&self, version: &Version, parent: &BlockId) -> Option<BlockView> {
        let executed = version.executed.as_ref()?;
        let body = &executed.block.body;
        Some(BlockView {
            height: version.height,
            id: block_id(&version.id),
            parent: block_id(parent),
            time_ms: body.time_ms,
            root: version.root,
            state: self.settled(version.batch),
            batch: version.sealed.as_ref().map(|sealed| sealed.header.number),
            messages: u32::try_from(body.messages.len()).unwrap_or(u32::MAX),
            inbox_cursor: version.chain.inbox_cursor,
            message_ids: executed.message_ids(),
            transactions: executed.ids.clone(),
        })
    }

    pub(super) async fn batch(&self, number: u64) -> Answer<BatchView> {
        let read = move |store: &Store| {
            let Some(batch) = store.batch(number)? else { return Ok(None) };
            let signers = store.attestations(number)?;
            let blocks = decode_batch(&batch.chunks).map_err(StoreError::corrupt)?;
            let transactions: usize = blocks.iter().map(|block| block.transactions.len()).sum();
            Ok(Some((batch, signers, transactions)))
        };
        let found = self.store.run(read).await.map_err(|error| storage(&error))?;
        let (batch, signers, transactions) =
            found.ok_or_else(|| not_found(&format!("batch {number}")))?;
        let state = match self.settled(number) {
            BlockState::Preconfirmed => BatchState::Closed,
            BlockState::Committed => BatchState::Committed,
            BlockState::Finalized => BatchState::Finalized,
        };
        Ok(BatchView {
            hash: batch.header.hash(),
            state,
            signers: signers.iter().map(|it| u16::from(it.member)).collect(),
            transactions: transactions as u64,
            data_bytes: batch.chunks.iter().map(|chunk| chunk.len() as u64).sum(),
            header: batch.header,
            at: at(&self.executor.latest()),
        })
    }

    pub(super) async fn proof(&self, key: Key, batch: Option<u64>) -> Answer<ProofView> {
        let head = self.executor.latest();
        let (mut tree, height) = match batch {
            None => (head.tree.clone(), head.height),
            Some(number) => {
                let unavailable = || {
                    RpcError::Node(NodeError::ProofUnavailable).with_details(&format!(
                        "batch {number}, the last closed is {}",
                        head.last_batch()
                    ))
                };
                let tree = self.executor.batch_tree(number).ok_or_else(unavailable)?;
                let stored = self.store.run(move |store| store.batch(number)).await;
                let stored = stored.map_err(|error| storage(&error))?;
                (tree, stored.map_or(0, |batch| batch.header.last_height))
            }
        };
        let root = tree.root();
        let witness = tree.witness(&[key]).map_err(|error| internal(&error))?;
        Ok(ProofView { key, batch, at: At { height, root }, witness: Bytes::new(witness) })
    }
}

fn cell(head: &Version, key: &Key) -> Answer<Option<Cell>> {
    head.tree.get(key).map(|cell| cell.cloned()).map_err(|error| internal(&error))
}

fn pool_view(pool: &cell::Pool) -> PoolView {
    PoolView {
        quote: pool.quote,
        base: pool.base,
        shares: pool.shares,
        term_locked: pool.term_locked,
        migrated_ms: pool.migrated_ms,
        burnt: pool.burnt,
        vested: pool.vested,
        fees: accrued_view(&pool.fees),
    }
}

fn accrued_view(fees: &Accrued) -> AccruedView {
    let view = |money: &Money| MoneyView { quote: money.quote, base: money.base };
    AccruedView {
        protocol: view(&fees.protocol),
        creator: view(&fees.creator),
        partner: view(&fees.partner),
    }
}

fn module(head: &Version, hash: &Hash) -> Answer<Option<Arc<Module>>> {
    Ok(match cell(head, &Module::key(hash))? {
        Some(Cell::Module(module)) => Some(module),
        Some(_) | None => None,
    })
}

/// The state of a version.
pub(super) const fn at(version: &Version) -> At {
    At { height: version.height, root: version.root }
}

const fn block_id(id: &BlockId) -> Hash {
    Hash::new(*id.as_bytes())
}

fn vm(error: VmError) -> ErrorObjectOwned {
    RpcError::Vm(error).into()
}

fn not_found(what: &str) -> ErrorObjectOwned {
    RpcError::Node(NodeError::NotFound).with_details(what)
}

fn storage(error: &StoreError) -> ErrorObjectOwned {
    tracing::error!(%error, "the block store cannot be read");
    RpcError::Node(NodeError::Storage).into()
}

fn internal(error: &dyn std::fmt::Display) -> ErrorObjectOwned {
    tracing::error!(%error, "a read failed");
    RpcError::Node(NodeError::Internal).into()
}
