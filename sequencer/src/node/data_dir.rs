//! The data folder: where each part stores, and the lock that keeps a second node out.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use crate::error::NodeError;

/// A data folder that belongs to this process while the value lives.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    /// Locked; the lock goes with the process at the latest.
    _lock: File,
}

impl DataDir {
    /// Creates the folder where it is missing, and locks it.
    ///
    /// # Errors
    ///
    /// [`NodeError::DataDirInUse`], [`NodeError::DataDir`].
    pub(super) fn open(path: &Path) -> Result<Self, NodeError> {
        let failed = |source| NodeError::DataDir { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let file = path.join("lock");
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(file);
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(NodeError::DataDirInUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The block store.
    pub(super) fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The mempool.
    pub(super) fn mempool(&self) -> PathBuf {
        self.path.join("mempool")
    }

    /// The log of consensus.
    pub(super) fn wal(&self) -> PathBuf {
        self.path.join("wal")
    }

    /// The libp2p key.
    pub(super) fn network_key(&self) -> PathBuf {
        self.path.join("network.key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_node_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node");
        let first = DataDir::open(&path).unwrap();
        let error = DataDir::open(&path).unwrap_err();
        assert!(matches!(error, NodeError::DataDirInUse { .. }), "{error}");
        assert!(error.to_string().contains("stop it"), "{error}");
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataDir::open(&file.join("node")).unwrap_err();
        assert!(matches!(error, NodeError::DataDir { .. }), "{error}");
    }
}
