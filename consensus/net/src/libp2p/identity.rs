//! The libp2p key of a node, kept in its data folder and separate from its committee key.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use libp2p::identity::Keypair;

const SECRET_SIZE: usize = 32;

/// The libp2p key could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("cannot access the network key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a key.
    #[error(
        "the network key file {} holds {found} bytes instead of {SECRET_SIZE}; remove it to let the node draw a new key",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: usize,
    },
}

/// Reads the ed25519 secret in `path`, or draws one and stores it durably if there is no such file.
///
/// # Errors
///
/// [`IdentityError`] when the file is inaccessible or not a key.
pub fn load_or_create_identity(path: &Path) -> Result<Keypair, IdentityError> {
    let inaccessible = |source| IdentityError::Io { path: path.to_owned(), source };
    match fs::read(path) {
        Ok(bytes) => parse(path, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret: [u8; SECRET_SIZE] = rand::random();
            store(path, &secret).map_err(inaccessible)?;
            parse(path, secret.to_vec())
        }
        Err(error) => Err(inaccessible(error)),
    }
}

fn parse(path: &Path, mut bytes: Vec<u8>) -> Result<Keypair, IdentityError> {
    let found = bytes.len();
    let malformed = || IdentityError::Malformed { path: path.to_owned(), found };
    if found != SECRET_SIZE {
        return Err(malformed());
    }
    Keypair::ed25519_from_bytes(&mut bytes).map_err(|_| malformed())
}

/// Writes beside the target and renames, so that a crash leaves no half a key.
fn store(path: &Path, secret: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let staging = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&staging)?;
    file.write_all(secret)?;
    file.sync_all()?;
    fs::rename(&staging, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_key_it_drew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("network.key");
        let first = load_or_create_identity(&path).unwrap();
        let second = load_or_create_identity(&path).unwrap();
        assert_eq!(first.public(), second.public());
    }

    #[test]
    fn refuses_a_truncated_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.key");
        fs::write(&path, [7; 31]).unwrap();
        let error = load_or_create_identity(&path).unwrap_err();
        assert!(matches!(error, IdentityError::Malformed { found: 31, .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), [7; 31]);
    }
}
