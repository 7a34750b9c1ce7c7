//! The sources of the program, as the compiler is given them.
//!
//! Only what the program is built from is collected: the sources and the lock file of the program, and its two path dependencies.
//! Their manifests inherit from the root workspace, so a root manifest is made with only the inherited entries; development
//! dependencies, targets other than the library, and lint settings are left out of the dependencies' manifests. Thus the
//! fingerprint changes exactly when the program may change.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The program's folder in the work tree.
pub(crate) const PROGRAM: &str = "programs/asset_rollup";
/// The path dependencies of the program; members of the root workspace.
const MEMBERS: [&str; 2] = ["curvevm", "programs/interface"];

/// Paths relative to the work tree, and contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sources {
    files: BTreeMap<String, Vec<u8>>,
}

impl Sources {
    /// Collects the sources from a work tree.
    ///
    /// # Errors
    /// A file cannot be read, or a manifest is not TOML.
    pub(crate) fn collect(tree: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut inherited = BTreeSet::new();
        for member in MEMBERS {
            let manifest = library_manifest(&read_toml(&tree.join(member).join("Cargo.toml"))?);
            collect_inherited(&Value::Table(manifest.clone()), &mut inherited);
            files.insert(format!("{member}/Cargo.toml"), toml::to_string(&manifest)?.into_bytes());
        }
        let root = root_manifest(&read_toml(&tree.join("Cargo.toml"))?, &inherited)?;
        files.insert("Cargo.toml".to_owned(), toml::to_string(&root)?.into_bytes());
        for file in ["Cargo.toml", "Cargo.lock"] {
            let path = format!("{PROGRAM}/{file}");
            let text = fs::read(tree.join(&path)).with_context(|| path.clone())?;
            files.insert(path, text);
        }
        for package in MEMBERS.into_iter().chain([PROGRAM]) {
            let folder = tree.join(package);
            for path in files_below(&folder.join("src"))? {
                let name = path.strip_prefix(tree)?.to_str().context("a path is not UTF-8")?;
                files.insert(name.to_owned(), fs::read(&path)?);
            }
            ensure!(
                !folder.join("build.rs").exists(),
                "{package}: a build script would not be part of the program's sources"
            );
        }
        Ok(Self { files })
    }

    /// The digest of all paths and contents, and of `recipe`, which stands for all else that decides over the result.
    pub(crate) fn fingerprint(&self, recipe: &str) -> String {
        let mut digest = Sha256::new();
        let mut field = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        field(recipe.as_bytes());
        for (path, content) in &self.files {
            field(path.as_bytes());
            field(content);
        }
        hex::encode(digest.finalize())
    }

    /// Makes `folder` hold exactly these files. Unchanged files keep their times, so that the compiler does not run again.
    ///
    /// # Errors
    /// A file cannot be written or removed.
    pub(crate) fn write_to(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        for path in files_below(folder)? {
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            if !self.files.contains_key(&name) {
                fs::remove_file(&path)?;
            }
        }
        for (name, content) in &self.files {
            let path = folder.join(name);
            if fs::read(&path).is_ok_and(|present| present == *content) {
                continue;
            }
            let parent = path.parent().context("a source file lies in a folder")?;
            fs::create_dir_all(parent)?;
            fs::write(&path, content).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

fn read_toml(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

/// The manifest of a path dependency with only what matters to those who depend on it.
fn library_manifest(manifest: &Table) -> Table {
    let mut manifest = manifest.clone();
    for key in ["dev-dependencies", "lints", "bench", "test", "example", "bin"] {
        manifest.remove(key);
    }
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Value::Table(target) = target {
                target.remove("dev-dependencies");
            }
        }
    }
    manifest
}

/// Adds the names of all dependencies with `workspace = true`.
fn collect_inherited(value: &Value, names: &mut BTreeSet<String>) {
    let Value::Table(table) = value else { return };
    for (name, value) in table {
        if value.get("workspace").and_then(Value::as_bool) == Some(true) {
            names.insert(name.clone());
        } else {
            collect_inherited(value, names);
        }
    }
}

/// A root manifest with the members and what they inherit.
fn root_manifest(root: &Table, inherited: &BTreeSet<String>) -> Result<Table> {
    let workspace = root.get("workspace").and_then(Value::as_table).context("[workspace]")?;
    let all = workspace.get("dependencies").and_then(Value::as_table).cloned().unwrap_or_default();
    let dependencies: Table =
        all.into_iter().filter(|(name, _)| inherited.contains(name)).collect();
    let list = |paths: &[&str]| Value::Array(paths.iter().map(|path| (*path).into()).collect());
    let mut made = Table::new();
    made.insert("resolver".to_owned(), "2".into());
    made.insert("members".to_owned(), list(&MEMBERS));
    made.insert("exclude".to_owned(), list(&[PROGRAM]));
    if let Some(package) = workspace.get("package") {
        made.insert("package".to_owned(), package.clone());
    }
    made.insert("dependencies".to_owned(), Value::Table(dependencies));
    Ok(Table::from_iter([("workspace".to_owned(), Value::Table(made))]))
}

/// All files below `folder`, at any depth; none when it does not exist.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
        [workspace]
        members = ["curvevm", "programs/interface", "sequencer"]
        [workspace.package]
        version = "0.1.0"
        [workspace.dependencies]
        borsh = "1"
        sha2 = "0.10"
        proptest = "1"
        tokio = "1"
    "#;
    const LIBRARY: &str = r#"
        [package]
        name = "library"
        version.workspace = true
        [lints]
        workspace = true
        [dependencies]
        borsh.workspace = true
        [target.'cfg(unix)'.dependencies]
        sha2 = { workspace = true, optional = true }
        [target.'cfg(unix)'.dev-dependencies]
        tokio.workspace = true
        [dev-dependencies]
        proptest.workspace = true
        [[bench]]
        name = "speed"
    "#;

    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", ROOT);
        for package in MEMBERS {
            write(&format!("{package}/Cargo.toml"), LIBRARY);
            write(&format!("{package}/src/lib.rs"), "//! Library.");
            write(&format!("{package}/benches/speed.rs"), "//! Bench.");
        }
        write("programs/asset_rollup/Cargo.toml", "[package]\nname = 'asset_rollup'\n");
        write("programs/asset_rollup/Cargo.lock", "version = 4\n");
        write("programs/asset_rollup/src/lib.rs", "//! Program.");
        write("programs/asset_rollup/src/instructions/deposit.rs", "//! Deposit.");
        tree
    }

    fn fingerprint(tree: &tempfile::TempDir) -> String {
        Sources::collect(tree.path()).unwrap().fingerprint("recipe")
    }

    fn edit(tree: &tempfile::TempDir, path: &str, from: &str, to: &str) {
        let path = tree.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replace(from, to)).unwrap();
    }

    #[test]
    fn collects_what_the_program_is_built_from() {
        let sources = Sources::collect(tree().path()).unwrap();
        let names: Vec<&str> = sources.files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "Cargo.toml",
                "curvevm/Cargo.toml",
                "curvevm/src/lib.rs",
                "programs/asset_rollup/Cargo.lock",
                "programs/asset_rollup/Cargo.toml",
                "programs/asset_rollup/src/instructions/deposit.rs",
                "programs/asset_rollup/src/lib.rs",
                "programs/interface/Cargo.toml",
                "programs/interface/src/lib.rs",
            ]
        );
        let root: Table = toml::from_slice(&sources.files["Cargo.toml"]).unwrap();
        let dependencies = root["workspace"]["dependencies"].as_table().unwrap();
        assert_eq!(dependencies.keys().collect::<Vec<_>>(), ["borsh", "sha2"]);
        let library: Table = toml::from_slice(&sources.files["curvevm/Cargo.toml"]).unwrap();
        assert_eq!(
            library.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            BTreeSet::from(["package", "dependencies", "target"])
        );
    }

    #[test]
    fn fingerprint_changes_with_what_the_program_is_built_from() {
        for (path, from, to) in [
            ("curvevm/src/lib.rs", "Library", "Changed"),
            ("programs/interface/src/lib.rs", "Library", "Changed"),
            ("programs/asset_rollup/src/instructions/deposit.rs", "Deposit", "Changed"),
            ("programs/asset_rollup/Cargo.lock", "4", "5"),
            ("programs/asset_rollup/Cargo.toml", "asset_rollup", "changed"),
            ("curvevm/Cargo.toml", "optional = true", "optional = false"),
            ("Cargo.toml", "borsh = \"1\"", "borsh = \"2\""),
        ] {
            let tree = tree();
            let before = fingerprint(&tree);
            edit(&tree, path, from, to);
            assert_ne!(fingerprint(&tree), before, "{path}");
        }
        let sources = Sources::collect(tree().path()).unwrap();
        assert_ne!(sources.fingerprint("recipe"), sources.fingerprint("other"));
    }

    #[test]
    fn fingerprint_ignores_the_rest() {
        let tree = tree();
        let before = fingerprint(&tree);
        edit(&tree, "Cargo.toml", "tokio = \"1\"", "tokio = \"2\"");
        edit(&tree, "Cargo.toml", ", \"sequencer\"", "");
        edit(&tree, "curvevm/Cargo.toml", "proptest.workspace = true", "");
        edit(&tree, "curvevm/benches/speed.rs", "Bench", "Changed");
        assert_eq!(fingerprint(&tree), before);
    }

    #[test]
    fn fingerprint_separates_paths_from_contents() {
        let of = |path: &str, text: &str| {
            let files = BTreeMap::from([(path.to_owned(), text.as_bytes().to_vec())]);
            Sources { files }.fingerprint("")
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
    }

    #[test]
    fn build_script_is_refused() {
        let tree = tree();
        fs::write(tree.path().join("curvevm/build.rs"), "").unwrap();
        assert!(Sources::collect(tree.path()).unwrap_err().to_string().contains("curvevm"));
    }

    #[test]
    fn writing_leaves_exactly_the_sources_and_keeps_times() {
        let sources = Sources::collect(tree().path()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        sources.write_to(folder.path()).unwrap();
        let lib = folder.path().join("curvevm/src/lib.rs");
        let other = folder.path().join("programs/interface/src/lib.rs");
        let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        fs::write(folder.path().join("curvevm/src/old.rs"), "").unwrap();
        fs::write(&lib, "changed").unwrap();
        let kept = time(&other);
        sources.write_to(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&lib).unwrap(), "//! Library.");
        assert_eq!(time(&other), kept);
        assert_eq!(files_below(folder.path()).unwrap().len(), sources.files.len());
    }
}
