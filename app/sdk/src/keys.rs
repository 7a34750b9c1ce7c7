//! Keys in Solana's JSON key files: 64 numbers, the seed and then the public key.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use curvevm::types::{Address, Hash, Signature};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Bytes in a key file.
const KEY_BYTES: usize = 64;
/// The longest key file that is read: 64 numbers of three digits, with generous white space.
const FILE_BYTES_MAX: u64 = 4_096;
/// The mode of a key file: for its owner only.
const FILE_MODE: u32 = 0o600;

/// An ed25519 key that signs on the L1 and on the L2. It is never printed.
pub struct Key(Keypair);

/// A key file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file system refused.
    #[error("cannot {action} the key file {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The text is not a list of bytes.
    #[error("{} is no key file: a JSON list of 64 numbers from 0 to 255 is expected, as `asset keygen` writes it", path.display())]
    NotAList {
        /// The file.
        path: PathBuf,
    },
    /// The list has another length.
    #[error("the key file {} holds {found} bytes, expected {KEY_BYTES}: is it a public key or a seed only?", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes found.
        found: usize,
    },
    /// The second half is not the public key of the first.
    #[error("the key file {} is damaged: its public half does not belong to its secret half", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
    },
    /// Writing over a key would lose it.
    #[error("the key file {} exists: choose another path, or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

impl Key {
    /// A new key from the system's random source.
    pub fn generate() -> Self {
        Self(Keypair::new())
    }

    /// The key of a seed; for tests and for reproducible networks.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Keypair::new_from_array(seed))
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { action: "read", path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(KeyError::NotAList { path: path.to_owned() });
        }
        let text = std::fs::read(path).map_err(failed)?;
        let bytes: Vec<u8> = serde_json::from_slice(&text)
            .map_err(|_| KeyError::NotAList { path: path.to_owned() })?;
        if bytes.len() != KEY_BYTES {
            return Err(KeyError::Length { path: path.to_owned(), found: bytes.len() });
        }
        Keypair::try_from(bytes.as_slice())
            .map(Self)
            .map_err(|_| KeyError::Mismatch { path: path.to_owned() })
    }

    /// Writes a key file that only its owner may read. An existing file is never written over.
    ///
    /// # Errors
    ///
    /// [`KeyError::Exists`], [`KeyError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
            _ => KeyError::Io { action: "write", path: path.to_owned(), source },
        };
        let text = serde_json::to_vec(&self.0.to_bytes().to_vec())
            .map_err(|error| failed(error.into()))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(path)
            .map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// The public key.
    pub fn address(&self) -> Address {
        Address::new(self.0.pubkey().to_bytes())
    }

    /// Signs a digest.
    pub fn sign(&self, digest: &Hash) -> Signature {
        Signature::new(self.0.sign_message(digest.as_bytes()).into())
    }

    /// The seed: the secret half.
    pub fn seed(&self) -> [u8; 32] {
        *self.0.secret_bytes()
    }

    /// As the Solana crates take it.
    pub const fn solana(&self) -> &Keypair {
        &self.0
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        Self(self.0.insecure_clone())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, ..)", self.address())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use curvevm::types::Hash;

    use super::{Key, KeyError};

    #[test]
    fn a_written_key_is_read_back_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("id.json");
        let key = Key::generate();
        key.write(&path).unwrap();
        assert_eq!(Key::read(&path).unwrap().seed(), key.seed());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_existing_file_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("id.json");
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(Key::generate().write(&path), Err(KeyError::Exists { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn refuses_files_that_hold_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("id.json");
        let check = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Key::read(&path).unwrap_err()
        };
        assert!(matches!(check("not json"), KeyError::NotAList { .. }));
        assert!(matches!(check("[1,2,300]"), KeyError::NotAList { .. }));
        assert!(matches!(check(&format!("{:?}", [7u8; 32])), KeyError::Length { found: 32, .. }));
        assert!(matches!(check(&format!("{:?}", [7u8; 65])), KeyError::Length { found: 65, .. }));
        assert!(matches!(check(&format!("{:?}", [7u8; 64])), KeyError::Mismatch { .. }));
        assert!(matches!(check(&" ".repeat(5_000)), KeyError::NotAList { .. }));
        let missing = Key::read(&dir.path().join("missing.json")).unwrap_err();
        assert!(matches!(missing, KeyError::Io { action: "read", .. }));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let key = Key::from_seed([7; 32]);
        assert_eq!(format!("{key:?}"), format!("Key({}, ..)", key.address()));
    }

    #[test]
    fn the_virtual_machine_accepts_its_signatures() {
        let key = Key::from_seed([7; 32]);
        let digest = Hash::new([9; 32]);
        assert!(curvevm::host::verify(&key.address(), &digest, &key.sign(&digest)));
        assert!(!curvevm::host::verify(&key.address(), &Hash::ZERO, &key.sign(&digest)));
    }
}
