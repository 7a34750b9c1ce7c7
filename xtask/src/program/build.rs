//! Compiles the program for one or both versions of sBPF.

use super::{
    Arch,
    artifacts::{Artifact, Manifest},
    sources::{PROGRAM, Sources},
    stack_arguments, std_patch,
    toolchain::{TARGET, Toolchain},
};
use crate::{shell, workspace};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

/// Builds from the work tree into `out`, with a manifest beside the `.so` files.
///
/// # Errors
/// The toolchain cannot be made, or the program does not compile.
pub(crate) fn build(arches: &[Arch], out: &Path) -> Result<()> {
    let toolchain = Toolchain::prepare(&workspace::cache()?.join("sbf"))?;
    let sources = Sources::collect(&workspace::root())?;
    sources.write_to(&toolchain.build.join("src"))?;
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let mut artifacts = Vec::new();
    for &arch in arches {
        let bytes = compile(&toolchain, arch)?;
        let artifact = Artifact::of(arch, &bytes);
        fs::write(out.join(&artifact.file), &bytes)?;
        println!(
            "{} {} bytes sha256 {}",
            out.join(&artifact.file).display(),
            artifact.size,
            artifact.sha256
        );
        artifacts.push(artifact);
    }
    Manifest::new(sources.fingerprint(&recipe()), toolchain.tools, artifacts).write(out)
}

fn compile(toolchain: &Toolchain, arch: Arch) -> Result<Vec<u8>> {
    let target = target_folder(toolchain, arch)?;
    let environment = [
        ("RUSTC_BOOTSTRAP", "1".to_owned()),
        // Or else std is "restricted" on a target that rustc does not know.
        ("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1".to_owned()),
        ("__CARGO_TESTS_ONLY_SRC_ROOT", toolchain.library.clone()),
        ("CARGO_TARGET_DIR", format!("/build/{target}")),
        ("CARGO_TARGET_SBPF_SOLANA_SOLANA_LINKER", "/build/linker/bin/sbpf-linker".to_owned()),
        ("CARGO_TARGET_SBPF_SOLANA_SOLANA_RUSTFLAGS", flags(arch)),
    ];
    let manifest = format!("/build/src/{PROGRAM}/Cargo.toml");
    let mut words = COMMAND.to_vec();
    words.extend(["--manifest-path", &manifest]);
    shell::run_as(
        "cargo build (in the sandbox)",
        &mut toolchain.sandbox.command(&environment, &words),
    )
    .with_context(|| format!(
        "the program does not build for sBPF {arch} (if only its Cargo.lock is out of date: cargo metadata --manifest-path {PROGRAM}/Cargo.toml)"
    ))?;
    let file = toolchain.build.join(target).join("sbpf-solana-solana/release/libasset_rollup.so");
    let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
    if arch == Arch::V0 {
        stack_arguments::refuse(&bytes)?;
    }
    Ok(bytes)
}

const COMMAND: [&str; 12] = [
    "cargo",
    "build",
    "--release",
    "--locked",
    "--lib",
    "--features",
    "upstream-llvm",
    "--target",
    "/build/sbpf-solana-solana.json",
    "-Zjson-target-spec",
    "-Zbuild-std=std,panic_abort",
    "-Zbuild-std-features=",
];

/// Compiler flags. `immediate-abort` removes the panic machinery, which refers to writable statics that a program cannot have.
///
/// For v0, everything is inlined that is not very large, and arguments are not promoted from references to values (level 3 does
/// that): no function may take arguments on the stack there (`stack_arguments`).
fn flags(arch: Arch) -> String {
    let (processor, inlining) = match arch {
        Arch::V0 => (
            "v2",
            " -C opt-level=2 -C link-arg=--llvm-args=-inline-threshold=2000 -C link-arg=--llvm-args=-inlinecold-threshold=2000",
        ),
        Arch::V3 => ("v3", ""),
    };
    format!(
        "-Z unstable-options -C embed-bitcode=yes -C panic=immediate-abort -C passes=lower-atomic \
         -C target-cpu={processor} -C link-arg=--arch={arch} \
         -C link-arg=--llvm-args=-bpf-stack-size=4096 -C link-arg=--allow-bpf-trap \
         -C link-arg=--export=entrypoint{inlining}"
    )
}

/// Everything but the sources and the tools' versions that decides over the result.
pub(crate) fn recipe() -> String {
    let flags = Arch::ALL.map(flags).join("\n");
    [std_patch::CHANGES, TARGET, &COMMAND.join(" "), &flags].join("\n")
}

/// The target folder for this toolchain. cargo does not notice a change of the library or the target file, so their digest is in
/// the name; folders of other toolchains are removed.
fn target_folder(toolchain: &Toolchain, arch: Arch) -> Result<String> {
    let identity = format!("{:?}\n{}", toolchain.tools, recipe());
    let digest = hex::encode(Sha256::digest(identity));
    let prefix = format!("target-{arch}-");
    let name = format!("{prefix}{}", digest.get(..12).unwrap_or(&digest));
    for entry in fs::read_dir(&toolchain.build)? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        if other.starts_with(&prefix) && other != name {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_name_the_version_of_sbpf() {
        assert!(flags(Arch::V0).contains("-C target-cpu=v2 -C link-arg=--arch=v0 "));
        assert!(flags(Arch::V3).contains("-C target-cpu=v3 -C link-arg=--arch=v3 "));
    }

    #[test]
    fn recipe_covers_library_target_command_and_flags() {
        let recipe = recipe();
        for part in
            [std_patch::CHANGES, TARGET, "-Zbuild-std=std,panic_abort", "--arch=v0", "--arch=v3"]
        {
            assert!(recipe.contains(part), "{part}");
        }
    }
}
