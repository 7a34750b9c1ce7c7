//! Where things are: the work tree and the cache folder.

use anyhow::{Context, Result};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the work tree that this binary was built from.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the xtask folder lies in the work tree")
        .to_path_buf()
}

/// The folder outside the work tree that holds toolchains and build outputs.
pub(crate) fn cache() -> Result<PathBuf> {
    let folder = match env::var_os("ASSET_L2_CACHE") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => {
            let home = env::home_dir().context("set ASSET_L2_CACHE: there is no home folder")?;
            home.join(".cache/asset-l2")
        }
    };
    std::path::absolute(&folder).with_context(|| format!("cache folder {}", folder.display()))
}
