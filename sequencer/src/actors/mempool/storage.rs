//! The waiting transactions on disk: a sled tree from id to arrival and bytes.

use std::path::Path;

use curvevm::types::Hash;

/// The mempool on disk. Calls block.
#[derive(Clone, Debug)]
pub(crate) struct MempoolStorage {
    database: sled::Db,
    waiting: sled::Tree,
}

/// A stored transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredTransaction {
    pub(crate) id: Hash,
    pub(crate) arrival: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Memory for pages, in bytes.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
const TREE: &str = "waiting/v1";

impl MempoolStorage {
    pub(crate) fn open(path: &Path) -> sled::Result<Self> {
        let database = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).open()?;
        let waiting = database.open_tree(TREE)?;
        Ok(Self { database, waiting })
    }

    /// Writes transactions; they are durable after the next [`MempoolStorage::flush`].
    pub(super) fn put<'a>(
        &self,
        transactions: impl IntoIterator<Item = (&'a Hash, u64, &'a [u8])>,
    ) -> sled::Result<()> {
        let mut batch = sled::Batch::default();
        for (id, arrival, bytes) in transactions {
            let mut value = arrival.to_le_bytes().to_vec();
            value.extend(bytes);
            batch.insert(id.as_ref(), value);
        }
        self.waiting.apply_batch(batch)
    }

    /// Makes everything that was written durable.
    pub(super) fn flush(&self) -> sled::Result<()> {
        self.database.flush().map(|_| ())
    }

    /// Removes transactions. That this is durable late is harmless: the state knows that their nonces are used.
    pub(crate) fn remove(&self, ids: &[Hash]) -> sled::Result<()> {
        let mut batch = sled::Batch::default();
        for id in ids {
            batch.remove(id.as_ref());
        }
        self.waiting.apply_batch(batch)
    }

    /// All stored transactions in order of arrival.
    pub(super) fn load(&self) -> sled::Result<Vec<StoredTransaction>> {
        let mut found = Vec::new();
        for entry in &self.waiting {
            let (key, value) = entry?;
            let id = <[u8; 32]>::try_from(key.as_ref());
            let parts = value.split_first_chunk::<8>();
            if let (Ok(id), Some((arrival, bytes))) = (id, parts) {
                let arrival = u64::from_le_bytes(*arrival);
                found.push(StoredTransaction { id: Hash::new(id), arrival, bytes: bytes.to_vec() });
            }
        }
        found.sort_by_key(|stored| stored.arrival);
        Ok(found)
    }
}
