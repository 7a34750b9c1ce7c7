//! The database and its tables.

use std::{path::Path, sync::Arc};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Hash;
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};

use super::{
    Attestation, StoreError, StoredBatch, StoredBlock, StoredHead, StoredReceipt,
    records::Checkpoint,
};
use crate::chain::{ChainSpec, Change};

/// The format of the database.
const FORMAT: u32 = 1;
/// Memory for pages, in bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

type Bytes = &'static [u8];

pub(super) const META: TableDefinition<'_, &str, Bytes> = TableDefinition::new("meta");
pub(super) const BLOCKS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("blocks");
pub(super) const RECEIPTS: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("receipts");
pub(super) const CELLS: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("cells");
pub(super) const DELTAS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("deltas");
pub(super) const BATCHES: TableDefinition<'_, u64, Bytes> = TableDefinition::new("batches");
pub(super) const ATTESTATIONS: TableDefinition<'_, u64, Bytes> =
    TableDefinition::new("attestations");

const META_FORMAT: &str = "format";
const META_CHAIN: &str = "chain";
const META_HEAD: &str = "head";
const META_CHECKPOINT: &str = "checkpoint";

/// Committed blocks and their effects. Calls block on the disk.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
}

/// What one committed block writes.
#[derive(Debug)]
pub(crate) struct CommitRecord<'a> {
    pub(crate) block: &'a StoredBlock,
    pub(crate) height: u64,
    pub(crate) root: Hash,
    pub(crate) receipts: &'a [StoredReceipt],
    pub(crate) changes: &'a [Change],
    /// The batch that the block closes, and the attestations that came with the block's certificate.
    pub(crate) sealed: Option<(&'a StoredBatch, &'a [Attestation])>,
}

impl Store {
    /// Opens the database, and writes the genesis state into a new one.
    pub(crate) fn open(path: &Path, spec: &ChainSpec) -> Result<Self, StoreError> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
        let store = Self { database };
        if !store.is_initialized()? {
            store.initialize(spec)?;
        }
        store.check(spec)?;
        Ok(store)
    }

    /// Runs `read` away from the async threads.
    pub(crate) async fn run<R: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || read(&store)).await.unwrap_or(Err(StoreError::Panicked))
    }

    fn is_initialized(&self) -> Result<bool, StoreError> {
        match self.database.begin_read()?.open_table(META) {
            Ok(meta) => Ok(meta.get(META_FORMAT)?.is_some()),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn initialize(&self, spec: &ChainSpec) -> Result<(), StoreError> {
        let tree = spec.genesis.tree().map_err(StoreError::corrupt)?;
        let root = spec.genesis_root;
        let txn = self.database.begin_write()?;
        {
            txn.open_table(BLOCKS)?;
            txn.open_table(RECEIPTS)?;
            txn.open_table(DELTAS)?;
            txn.open_table(BATCHES)?;
            txn.open_table(ATTESTATIONS)?;
            let mut cells = txn.open_table(CELLS)?;
            let mut result = Ok(());
            tree.for_each(|key, cell| {
                if let Err(error) = cells.insert(key.as_ref(), cell.encode().as_slice()) {
                    result = Err(error);
                }
            });
            result?;
            let mut meta = txn.open_table(META)?;
            meta.insert(META_FORMAT, FORMAT.to_le_bytes().as_slice())?;
            meta.insert(META_CHAIN, spec.id.as_ref())?;
            let head = StoredHead { height: 0, id: spec.genesis_block(), root };
            meta.insert(META_HEAD, encode(&head).as_slice())?;
            let checkpoint = Checkpoint { batch: 0, height: 0, root };
            meta.insert(META_CHECKPOINT, encode(&checkpoint).as_slice())?;
        }
        txn.commit()?;
        Ok(())
    }

    fn check(&self, spec: &ChainSpec) -> Result<(), StoreError> {
        let format: [u8; 4] = self.meta(META_FORMAT)?;
        let found = u32::from_le_bytes(format);
        if found != FORMAT {
            return Err(StoreError::Format { expected: FORMAT, found });
        }
        let found = Hash::new(self.meta(META_CHAIN)?);
        if found != spec.id {
            return Err(StoreError::ForeignChain { expected: spec.id, found });
        }
        Ok(())
    }

    fn meta<T: BorshDeserialize>(&self, key: &str) -> Result<T, StoreError> {
        let meta = self.database.begin_read()?.open_table(META)?;
        let value = meta.get(key)?.ok_or_else(|| StoreError::corrupt(format!("no {key}")))?;
        decode(key, value.value())
    }

    pub(crate) fn head(&self) -> Result<StoredHead, StoreError> {
        self.meta(META_HEAD)
    }

    pub(super) fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        self.meta(META_CHECKPOINT)
    }

    pub(crate) fn block(&self, height: u64) -> Result<Option<StoredBlock>, StoreError> {
        self.by_number(BLOCKS, height)
    }

    pub(crate) fn batch(&self, number: u64) -> Result<Option<StoredBatch>, StoreError> {
        self.by_number(BATCHES, number)
    }

    pub(crate) fn attestations(&self, batch: u64) -> Result<Vec<Attestation>, StoreError> {
        Ok(self.by_number(ATTESTATIONS, batch)?.unwrap_or_default())
    }

    pub(super) fn delta(&self, height: u64) -> Result<Vec<Change>, StoreError> {
        self.by_number(DELTAS, height)?
            .ok_or_else(|| StoreError::corrupt(format!("no delta of block {height}")))
    }

    pub(crate) fn receipt(&self, id: &Hash) -> Result<Option<StoredReceipt>, StoreError> {
        let table = self.database.begin_read()?.open_table(RECEIPTS)?;
        let value = table.get(id.as_ref())?;
        value.map(|value| decode("receipt", value.value())).transpose()
    }

    /// The number of the last closed batch, zero when there is none.
    pub(crate) fn last_batch(&self) -> Result<u64, StoreError> {
        let table = self.database.begin_read()?.open_table(BATCHES)?;
        Ok(table.last()?.map_or(0, |(number, _)| number.value()))
    }

    /// Visits every cell of the checkpoint.
    pub(super) fn for_each_cell(
        &self,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let table = self.database.begin_read()?.open_table(CELLS)?;
        for entry in table.iter()? {
            let (key, cell) = entry?;
            visit(key.value(), cell.value())?;
        }
        Ok(())
    }

    fn by_number<T: BorshDeserialize>(
        &self,
        table: TableDefinition<'_, u64, Bytes>,
        number: u64,
    ) -> Result<Option<T>, StoreError> {
        let opened = self.database.begin_read()?.open_table(table)?;
        let value = opened.get(number)?;
        value.map(|value| decode(&format!("{table} entry {number}"), value.value())).transpose()
    }

    /// Writes a committed block and its effects durably.
    pub(crate) fn commit(&self, record: &CommitRecord<'_>) -> Result<(), StoreError> {
        let mut txn = self.database.begin_write()?;
        txn.set_durability(Durability::Immediate).map_err(StoreError::corrupt)?;
        write_commit(&txn, record)?;
        txn.commit()?;
        Ok(())
    }

    /// Keeps attestations of a batch that were collected after its block was committed.
    pub(crate) fn put_attestations(
        &self,
        batch: u64,
        attestations: &[Attestation],
    ) -> Result<(), StoreError> {
        let txn = self.database.begin_write()?;
        txn.open_table(ATTESTATIONS)?.insert(batch, encode(&attestations.to_vec()).as_slice())?;
        txn.commit()?;
        Ok(())
    }

    /// Moves the checkpoint to the state after the next batch: its deltas become cells.
    pub(crate) fn advance_checkpoint(&self) -> Result<(), StoreError> {
        let checkpoint = self.checkpoint()?;
        let number = checkpoint.batch + 1;
        let batch = self
            .batch(number)?
            .ok_or_else(|| StoreError::corrupt(format!("no batch {number} to move to")))?;
        let txn = self.database.begin_write()?;
        {
            let mut cells = txn.open_table(CELLS)?;
            let mut deltas = txn.open_table(DELTAS)?;
            for height in batch.header.first_height..=batch.header.last_height {
                let delta = deltas.remove(height)?;
                let delta =
                    delta.ok_or_else(|| StoreError::corrupt(format!("no delta {height}")))?;
                let changes: Vec<Change> = decode("delta", delta.value())?;
                for change in changes {
                    cells.insert(change.key.as_ref(), change.cell.as_slice())?;
                }
            }
            let next = Checkpoint {
                batch: number,
                height: batch.header.last_height,
                root: batch.header.post_root,
            };
            txn.open_table(META)?.insert(META_CHECKPOINT, encode(&next).as_slice())?;
        }
        txn.commit()?;
        Ok(())
    }

    /// The batch of the checkpoint.
    pub(crate) fn checkpoint_batch(&self) -> Result<u64, StoreError> {
        Ok(self.checkpoint()?.batch)
    }
}

fn write_commit(txn: &WriteTransaction, record: &CommitRecord<'_>) -> Result<(), StoreError> {
    let height = record.height;
    txn.open_table(BLOCKS)?.insert(height, encode(record.block).as_slice())?;
    txn.open_table(DELTAS)?.insert(height, encode(&record.changes.to_vec()).as_slice())?;
    write_receipts(txn, record.receipts)?;
    if let Some((batch, attestations)) = record.sealed {
        let number = batch.header.number;
        txn.open_table(BATCHES)?.insert(number, encode(batch).as_slice())?;
        txn.open_table(ATTESTATIONS)?.insert(number, encode(&attestations.to_vec()).as_slice())?;
    }
    let head = StoredHead { height, id: record.block.id, root: record.root };
    txn.open_table(META)?.insert(META_HEAD, encode(&head).as_slice())?;
    Ok(())
}

/// Keeps receipts by their ids. A transaction is executed once, and may be rejected as often as somebody forces it: the rejection
/// of one that was executed says nothing new.
fn write_receipts(txn: &WriteTransaction, receipts: &[StoredReceipt]) -> Result<(), StoreError> {
    let mut table = txn.open_table(RECEIPTS)?;
    for stored in receipts {
        let id = &stored.receipt.id;
        if stored.receipt.outcome.is_rejected() {
            let known = table.get(id.as_ref())?;
            let known = known.map(|value| decode::<StoredReceipt>("receipt", value.value()));
            if known.transpose()?.is_some_and(|known| !known.receipt.outcome.is_rejected()) {
                continue;
            }
        }
        table.insert(id.as_ref(), encode(stored).as_slice())?;
    }
    Ok(())
}

fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}

fn decode<T: BorshDeserialize>(what: &str, bytes: &[u8]) -> Result<T, StoreError> {
    borsh::from_slice(bytes).map_err(|_| StoreError::corrupt(format!("{what} cannot be decoded")))
}
