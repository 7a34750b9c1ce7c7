//! The repository's own rules, as tests.
//!
//! 1. Every Rust source begins with `//!`.
//! 2. No unfinished code: neither `todo` nor `unimplemented` macros, and every TODO or FIXME names an issue (`#12`).
//! 3. No source file is longer than 800 lines.
//! 4. The dependency direction of the architecture holds: the state transition and the consensus core know neither runtimes nor
//!    networks nor randomness, and nothing but the binary and the tests depends on the node.
//! 5. The index of decisions (docs/adr/README.md) lists every decision, and their numbers have no gap.
//! 6. The program id is that of the local key, everywhere.
//! 7. What is compiled into the program asks for no newer compiler than platform-tools v1.52 has, with which `anchor build` of
//!    Anchor 2.0.0-rc.2 works.

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const LINES_MAX: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Paths of all files that git knows or would add, with one of the endings.
fn files(endings: &[&str]) -> Vec<String> {
    let output = Command::new("git")
        .current_dir(root())
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<String> = names
        .split('\0')
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
        .filter(|name| root().join(name).is_file())
        .map(str::to_owned)
        .collect();
    assert!(!files.is_empty(), "no files ending with {endings:?}");
    files
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn assert_none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

/// The file and line of every line for which `is_fault` holds.
fn lines_of(names: &[String], is_fault: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        for (index, line) in text(name).lines().enumerate() {
            if is_fault(line) {
                found.push(format!("{name}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn every_source_begins_with_a_module_doc() {
    let faults: Vec<String> =
        files(&[".rs"]).into_iter().filter(|name| !text(name).starts_with("//!")).collect();
    assert_none("these files do not begin with `//!`", &faults);
}

#[test]
fn no_code_is_left_unfinished() {
    // Written in two parts, so that this file keeps the rule.
    let macros = [concat!("to", "do!("), concat!("unimpl", "emented!(")];
    let faults = lines_of(&files(&[".rs"]), |line| {
        macros.iter().any(|name| line.contains(name)) && !line.trim_start().starts_with("//")
    });
    assert_none("unfinished code", &faults);

    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let names = files(&[".rs", ".sh", ".toml", ".ts", ".tsx", ".yml"]);
    let faults = lines_of(&names, |line| {
        let words =
            |mark: &str| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == mark);
        marks.iter().any(|mark| words(mark)) && !names_issue(line) && !line.starts_with("//!")
    });
    assert_none("marks without an issue (write `#12`)", &faults);
}

fn names_issue(line: &str) -> bool {
    line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn no_source_is_too_long() {
    let faults: Vec<String> = files(&[".rs", ".ts", ".tsx"])
        .into_iter()
        .map(|name| (text(&name).lines().count(), name))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, name)| format!("{name}: {lines} lines"))
        .collect();
    assert_none(
        &format!("files longer than {LINES_MAX} lines: split them by what they hold"),
        &faults,
    );
}

/// Names of all packages that `package` is built with, at any depth, without development dependencies.
fn built_with(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--locked", "--package", package, "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The workspace's packages with the names of their direct dependencies of `kind` (`null` is the normal one).
fn direct(metadata: &Value, package: &str) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|candidate| candidate["name"] == package);
    let found = found.unwrap_or_else(|| panic!("the workspace has no package {package}"));
    let dependencies = found["dependencies"].as_array().unwrap();
    dependencies
        .iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_without(package: &str, present: &BTreeSet<String>, forbidden: &[&str]) {
    let faults: Vec<String> = forbidden
        .iter()
        .filter(|name| present.contains(**name))
        .map(|name| format!("{package} -> {name}"))
        .collect();
    assert_none("forbidden dependencies", &faults);
}

#[test]
fn pure_crates_know_no_runtime_network_or_randomness() {
    let metadata = metadata();
    for package in ["curvevm", "asset-rollup-interface", "asset-consensus"] {
        let all = built_with(package);
        assert!(all.contains(package), "cargo tree does not list {package}");
        assert_without(package, &all, &["tokio", "async-std", "smol", "libp2p", "mio", "futures"]);
        assert_without(package, &direct(&metadata, package), &["rand", "rand_chacha", "getrandom"]);
    }
}

#[test]
fn dependency_direction_holds() {
    let metadata = metadata();
    let members: BTreeSet<String> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    let own = |package: &str| -> BTreeSet<String> {
        direct(&metadata, package).intersection(&members).cloned().collect()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(own("curvevm"), set(&[]));
    assert_eq!(own("asset-consensus"), set(&[]));
    assert_eq!(own("asset-rollup-interface"), set(&["curvevm"]));
    assert!(own("curvescript").is_subset(&set(&["curvevm"])));
    assert!(own("asset-consensus-wal").is_subset(&set(&["asset-consensus"])));
    let users: Vec<&String> =
        members.iter().filter(|package| own(package).contains("asset-sequencer")).collect();
    let allowed = ["asset-cli", "asset-tests"];
    assert!(
        users.iter().all(|user| allowed.contains(&user.as_str())),
        "only {allowed:?} may depend on asset-sequencer, but these do: {users:?}"
    );
}

#[test]
fn index_of_decisions_is_complete() {
    let folder = root().join("docs/adr");
    let mut decisions: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != "README.md")
        .collect();
    decisions.sort();
    let index = text("docs/adr/README.md");
    for (position, name) in decisions.iter().enumerate() {
        let number = format!("{:04}-", position + 1);
        assert!(
            name.starts_with(&number),
            "docs/adr/{name}: expected a name that begins with {number}"
        );
        assert!(index.contains(&format!("({name})")), "docs/adr/README.md does not link to {name}");
    }
    let linked = index.matches(".md)").count();
    assert_eq!(linked, decisions.len(), "docs/adr/README.md links to decisions that do not exist");
}

#[test]
fn program_id_is_the_one_of_the_local_key() {
    let key: Vec<u8> =
        serde_json::from_str(&text("programs/keys/asset_rollup-keypair.json")).unwrap();
    assert_eq!(key.len(), 64);
    let id = base58(&key[32..]);
    let anchor: toml::Table = toml::from_str(&text("Anchor.toml")).unwrap();
    assert_eq!(anchor["programs"]["localnet"]["asset_rollup"].as_str(), Some(id.as_str()));
    for file in ["programs/keys/README.md", "programs/asset_rollup/src/lib.rs"] {
        assert!(text(file).contains(&id), "{file} does not name the program id {id}");
    }
}

#[test]
fn program_builds_with_the_compiler_of_anchor_build() {
    let version =
        |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let root: toml::Table = toml::from_str(&text("Cargo.toml")).unwrap();
    let of_workspace = root["workspace"]["package"]["rust-version"].as_str().unwrap();
    for file in ["curvevm", "programs/interface", "programs/asset_rollup"] {
        let manifest: toml::Table = toml::from_str(&text(&format!("{file}/Cargo.toml"))).unwrap();
        let package = &manifest["package"];
        let asked = match package.get("rust-version") {
            Some(toml::Value::String(asked)) => asked,
            Some(_) => of_workspace,
            None => continue,
        };
        assert!(version(asked) <= version("1.89"), "{file}/Cargo.toml asks for Rust {asked}");
        assert_eq!(package["edition"].as_str(), Some("2021"), "{file}/Cargo.toml");
    }
}

fn base58(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    // Digits of the number, least significant first.
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = digits.iter().rev().map(|digit| char::from(ALPHABET[usize::from(*digit)]));
    std::iter::repeat_n('1', zeros).chain(digits).collect()
}
