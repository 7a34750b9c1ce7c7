//! The folder of a local network.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::error::LocalnetError;

/// The folder of a local network.
#[derive(Debug)]
pub struct Layout {
    root: PathBuf,
    /// Removes the folder on drop.
    _temporary: Option<TempDir>,
}

impl Layout {
    /// A new folder: the given one, which must be empty or missing, or a temporary one.
    pub(crate) fn create(dir: Option<&Path>) -> Result<Self, LocalnetError> {
        let Some(dir) = dir else {
            let failed =
                |source| LocalnetError::Io { action: "create", path: std::env::temp_dir(), source };
            let temporary =
                tempfile::Builder::new().prefix("asset-devnet-").tempdir().map_err(failed)?;
            return Ok(Self { root: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        create_dir(dir)?;
        let failed = |source| LocalnetError::Io { action: "read", path: dir.to_owned(), source };
        if fs::read_dir(dir).map_err(failed)?.next().is_some() {
            return Err(LocalnetError::NotEmpty { path: dir.to_owned() });
        }
        // Members are given paths that do not depend on their working directory.
        let root = fs::canonicalize(dir).map_err(failed)?;
        Ok(Self { root, _temporary: None })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The genesis.
    pub fn genesis(&self) -> PathBuf {
        self.root.join("genesis.json")
    }

    /// A key with lamports on the L1.
    pub fn faucet(&self) -> PathBuf {
        self.root.join("faucet.json")
    }

    /// The key that claims the protocol's fees.
    pub fn treasury(&self) -> PathBuf {
        self.root.join("treasury.json")
    }

    /// A member's folder.
    pub fn member(&self, index: usize) -> PathBuf {
        self.root.join(format!("member-{index}"))
    }
}

pub(crate) fn create_dir(path: &Path) -> Result<(), LocalnetError> {
    fs::create_dir_all(path).map_err(|source| failed("create", path, source))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), LocalnetError> {
    fs::write(path, text).map_err(|source| failed("write", path, source))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> LocalnetError {
    LocalnetError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::{Layout, LocalnetError};

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::create(Some(&dir.path().join("new"))).unwrap();
        assert!(layout.root().is_absolute() && layout.root().is_dir());
        assert!(matches!(Layout::create(Some(dir.path())), Err(LocalnetError::NotEmpty { .. })));
    }

    #[test]
    fn a_temporary_folder_goes_with_the_network() {
        let layout = Layout::create(None).unwrap();
        let root = layout.root().to_owned();
        assert!(root.is_dir());
        drop(layout);
        assert!(!root.exists());
    }
}
