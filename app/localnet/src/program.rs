//! The program's ELF file.

use std::path::{Path, PathBuf};

use crate::error::LocalnetError;

/// The environment variable that names another folder with the program's file.
pub const SO_DIR_VARIABLE: &str = "ASSET_ROLLUP_SO_DIR";
/// The program's address on local networks; its key is in `programs/keys`, and worth nothing elsewhere.
pub const PROGRAM_ID: &str = "5k4r7wUh7rPMwkatgPvg24JnJ3KbctvXmLm3k2FuCt2b";

/// The build for the sBPF version that every cluster accepts.
const FILE: &str = "asset_rollup-v0.so";
/// Where the verified build is in the repository.
const ARTIFACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/artifacts");

/// Reads the program: from the folder named by [`SO_DIR_VARIABLE`], else from `programs/artifacts` in the working directory,
/// else from there in the work tree that this was built from.
///
/// # Errors
///
/// [`LocalnetError::NoProgram`], [`LocalnetError::Io`].
pub fn load_program() -> Result<Vec<u8>, LocalnetError> {
    let path = match std::env::var_os(SO_DIR_VARIABLE) {
        Some(folder) => PathBuf::from(folder).join(FILE),
        None => {
            let here = Path::new("programs/artifacts").join(FILE);
            if here.exists() { here } else { Path::new(ARTIFACTS).join(FILE) }
        }
    };
    if !path.exists() {
        return Err(LocalnetError::NoProgram { path, variable: SO_DIR_VARIABLE, file: FILE });
    }
    std::fs::read(&path).map_err(|source| LocalnetError::Io { action: "read", path, source })
}
