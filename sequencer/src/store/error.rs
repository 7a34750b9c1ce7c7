//! Errors of the block store.

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened, read or written.
    #[error("the block database failed")]
    Database(#[source] Box<redb::Error>),
    /// What is stored does not fit together.
    #[error("the block database is corrupt: {0}")]
    Corrupt(String),
    /// The store belongs to another chain.
    #[error("the block database belongs to chain {found}, not {expected}")]
    ForeignChain {
        /// The chain id of the configured genesis.
        expected: curvevm::types::Hash,
        /// The chain id in the store.
        found: curvevm::types::Hash,
    },
    /// The store has a format that this version does not read.
    #[error("the block database has format {found}, expected {expected}")]
    Format {
        /// The format of this version.
        expected: u32,
        /// The format in the store.
        found: u32,
    },
    /// A task that used the store panicked.
    #[error("a task of the block database panicked")]
    Panicked,
}

impl StoreError {
    pub(crate) fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }
}

/// Conversions from each of redb's errors.
macro_rules! from_redb {
    ($($name:ident),*) => {$(
        impl From<redb::$name> for StoreError {
            fn from(error: redb::$name) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(CommitError, DatabaseError, StorageError, TableError, TransactionError);
