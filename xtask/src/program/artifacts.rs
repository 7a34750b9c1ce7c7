//! The committed `.so` files and their manifest.
//!
//! # Rules
//! 1. The manifest's fingerprint is that of the sources in the work tree; else they have moved on.
//! 2. Size and digest of each file are those in the manifest.
//! 3. A fresh build of the same sources by the same tools has the same bytes. Under other tools a difference is reported only,
//!    for Debian sid moves.

use super::{Arch, build, fresh_folder, sources::Sources, toolchain::Tools};
use crate::workspace;
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

const FILE: &str = "manifest.json";
const VERSION: u32 = 1;
const UPDATE: &str = "run `cargo xtask program build --update` and commit programs/artifacts";

/// What the `.so` files beside it were built from and with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Version of this format.
    version: u32,
    /// Digest of the sources, the lock file and the build recipe.
    sources_sha256: String,
    tools: Tools,
    artifacts: Vec<Artifact>,
}

/// One `.so` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Artifact {
    /// Name of the file in the manifest's folder.
    pub(crate) file: String,
    /// Version of sBPF.
    arch: Arch,
    /// Size in bytes.
    pub(crate) size: usize,
    /// Digest of the file, in hex.
    pub(crate) sha256: String,
}

impl Artifact {
    pub(crate) fn of(arch: Arch, bytes: &[u8]) -> Self {
        Self {
            file: arch.file(),
            arch,
            size: bytes.len(),
            sha256: hex::encode(Sha256::digest(bytes)),
        }
    }
}

impl Manifest {
    pub(crate) const fn new(
        sources_sha256: String,
        tools: Tools,
        artifacts: Vec<Artifact>,
    ) -> Self {
        Self { version: VERSION, sources_sha256, tools, artifacts }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(folder.join(FILE), text).with_context(|| folder.display().to_string())
    }

    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        let manifest: Self =
            serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        ensure!(
            manifest.version == VERSION,
            "{}: version {}, but this command knows {VERSION}",
            path.display(),
            manifest.version
        );
        Ok(manifest)
    }

    /// Checks that both versions are there and that the files are the ones described (rule 2).
    fn check_files(&self, folder: &Path) -> Result<()> {
        for arch in Arch::ALL {
            let found = self.artifacts.iter().find(|artifact| artifact.arch == arch);
            let described = found.with_context(|| format!("the manifest lacks sBPF {arch}"))?;
            let path = folder.join(arch.file());
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            let present = Artifact::of(arch, &bytes);
            ensure!(
                present == *described,
                "{} is not the file of its manifest: {present:?}, expected {described:?}",
                path.display()
            );
        }
        Ok(())
    }

    /// Compares with a fresh build (rule 3); gives what is to be reported.
    fn compare(&self, fresh: &Self) -> Result<Vec<String>> {
        if fresh.sources_sha256 != self.sources_sha256 {
            return Ok(vec!["the build in the cache is of other sources; not compared".to_owned()]);
        }
        let mut notes = Vec::new();
        for artifact in &fresh.artifacts {
            let committed = self.artifacts.iter().find(|other| other.arch == artifact.arch);
            if committed == Some(artifact) {
                notes.push(format!("{}: a fresh build has the same bytes", artifact.file));
            } else if fresh.tools == self.tools {
                bail!(
                    "{}: a fresh build by the same tools has other bytes: sha256 {}, committed {}",
                    artifact.file,
                    artifact.sha256,
                    committed.map_or("none", |committed| &committed.sha256)
                );
            } else {
                notes.push(format!(
                    "{}: a fresh build has other bytes, by other tools: {:?}, committed {:?}",
                    artifact.file, fresh.tools, self.tools
                ));
            }
        }
        Ok(notes)
    }
}

/// Replaces the committed artifacts by the build in `out`.
///
/// # Errors
/// The build is incomplete, or files cannot be written.
pub(crate) fn update(out: &Path) -> Result<()> {
    let manifest = Manifest::read(out)?;
    manifest.check_files(out)?;
    let folder = workspace::root().join("programs/artifacts");
    fs::create_dir_all(&folder)?;
    for artifact in &manifest.artifacts {
        fs::copy(out.join(&artifact.file), folder.join(&artifact.file))?;
    }
    manifest.write(&folder)?;
    println!("updated {}", folder.display());
    Ok(())
}

/// Checks the committed artifacts by the rules of this module.
///
/// # Errors
/// A rule is broken; the message says what to do.
pub(crate) fn verify(fresh: Option<&Path>) -> Result<()> {
    let root = workspace::root();
    let folder = root.join("programs/artifacts");
    let sources = Sources::collect(&root)?.fingerprint(&build::recipe());
    let manifest = verify_folder(&folder, &sources)?;
    println!("programs/artifacts: built from the present sources");
    let default = fresh_folder();
    let fresh = match fresh {
        Some(folder) => Manifest::read(folder)?,
        None if default.join(FILE).exists() => Manifest::read(&default)?,
        None => return Ok(()),
    };
    for note in manifest.compare(&fresh)? {
        println!("{note}");
    }
    Ok(())
}

/// Checks that `folder` holds a complete build of the present sources.
///
/// # Errors
/// It does not.
pub(crate) fn require_current(folder: &Path) -> Result<()> {
    let sources = Sources::collect(&workspace::root())?.fingerprint(&build::recipe());
    let current = Manifest::read(folder).is_ok_and(|manifest| {
        manifest.sources_sha256 == sources && manifest.check_files(folder).is_ok()
    });
    ensure!(
        current,
        "{} holds no build of the present sources: run `cargo xtask program build`",
        folder.display()
    );
    Ok(())
}

fn verify_folder(folder: &Path, sources: &str) -> Result<Manifest> {
    let manifest = Manifest::read(folder).with_context(|| format!("no artifacts: {UPDATE}"))?;
    manifest.check_files(folder).with_context(|| UPDATE.to_owned())?;
    ensure!(
        manifest.sources_sha256 == sources,
        "the program's sources have moved on since programs/artifacts was built: {UPDATE}"
    );
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(rustc: &str) -> Tools {
        Tools {
            rustc: rustc.to_owned(),
            rustc_llvm: "22".to_owned(),
            sbpf_linker: "0.2.6".to_owned(),
            linker_llvm: "23".to_owned(),
        }
    }

    fn manifest(sources: &str, rustc: &str, bytes: &[u8]) -> Manifest {
        let artifacts = Arch::ALL.map(|arch| Artifact::of(arch, bytes)).to_vec();
        Manifest::new(sources.to_owned(), tools(rustc), artifacts)
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        manifest("sources", "1.97.1", b"program").write(folder.path()).unwrap();
        for arch in Arch::ALL {
            fs::write(folder.path().join(arch.file()), b"program").unwrap();
        }
        folder
    }

    #[test]
    fn accepts_files_of_the_present_sources() {
        let read = verify_folder(folder().path(), "sources").unwrap();
        assert_eq!(read, manifest("sources", "1.97.1", b"program"));
    }

    #[test]
    fn refuses_other_sources_other_bytes_and_missing_files() {
        let folder = folder();
        let message =
            |sources: &str| format!("{:#}", verify_folder(folder.path(), sources).unwrap_err());
        assert!(message("changed").contains("moved on"));
        fs::write(folder.path().join("asset_rollup-v3.so"), b"progrum").unwrap();
        assert!(message("sources").contains("asset_rollup-v3.so is not the file"));
        fs::remove_file(folder.path().join("asset_rollup-v3.so")).unwrap();
        assert!(message("sources").contains("asset_rollup-v3.so"));
        fs::remove_file(folder.path().join(FILE)).unwrap();
        assert!(message("sources").contains("no artifacts"));
    }

    #[test]
    fn refuses_manifest_without_one_of_the_versions() {
        let folder = folder();
        let mut half = manifest("sources", "1.97.1", b"program");
        half.artifacts.remove(0);
        half.write(folder.path()).unwrap();
        let error = verify_folder(folder.path(), "sources").unwrap_err();
        assert!(format!("{error:#}").contains("lacks sBPF v0"));
    }

    #[test]
    fn other_bytes_are_an_error_only_by_the_same_tools() {
        let committed = manifest("sources", "1.97.1", b"program");
        let compare = |fresh: &Manifest| committed.compare(fresh);
        assert!(compare(&manifest("sources", "1.97.1", b"other")).is_err());
        let notes = compare(&manifest("sources", "1.98.0", b"other")).unwrap();
        assert!(notes.iter().all(|note| note.contains("by other tools")));
        let notes = compare(&manifest("sources", "1.97.1", b"program")).unwrap();
        assert!(notes.iter().all(|note| note.contains("same bytes")) && notes.len() == 2);
        let notes = compare(&manifest("changed", "1.97.1", b"other")).unwrap();
        assert!(notes[0].contains("not compared"));
    }
}
