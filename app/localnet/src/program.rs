//! The program's ELF file.

use std::path::{Path, PathBuf};

use crate::error::LocalnetError;

/// The environment variable that names another folder with the program's files.
pub const SO_DIR_VARIABLE: &str = "ASSET_ROLLUP_SO_DIR";
/// The program's address on local networks; its key is in `programs/keys`, and worth nothing elsewhere.
pub const PROGRAM_ID: &str = "5k4r7wUh7rPMwkatgPvg24JnJ3KbctvXmLm3k2FuCt2b";

/// Where the verified builds are in the repository.
const ARTIFACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/artifacts");

/// A build of the AssetRollup program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramBuild {
    /// For sBPF version 0, which every cluster accepts.
    V0,
    /// For sBPF version 3.
    V3,
}

impl ProgramBuild {
    /// The name of the build's file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::V0 => "asset_rollup-v0.so",
            Self::V3 => "asset_rollup-v3.so",
        }
    }
}

/// Reads a build: from the folder named by [`SO_DIR_VARIABLE`], else from `programs/artifacts` in the working directory, else
/// from there in the work tree that this was built from.
///
/// # Errors
///
/// [`LocalnetError::NoProgram`], [`LocalnetError::Io`].
pub fn load_program(build: ProgramBuild) -> Result<Vec<u8>, LocalnetError> {
    let file = build.file_name();
    let path = match std::env::var_os(SO_DIR_VARIABLE) {
        Some(folder) => PathBuf::from(folder).join(file),
        None => {
            let here = Path::new("programs/artifacts").join(file);
            if here.exists() { here } else { Path::new(ARTIFACTS).join(file) }
        }
    };
    if !path.exists() {
        return Err(LocalnetError::NoProgram { path, variable: SO_DIR_VARIABLE, file });
    }
    std::fs::read(&path).map_err(|source| LocalnetError::Io { action: "read", path, source })
}
