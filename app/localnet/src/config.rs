//! What a local network is made of.

use std::path::PathBuf;

use curvevm::genesis::Params;

/// What a local network is made of.
#[derive(Clone, Debug)]
pub struct LocalnetConfig {
    /// Members of the committee, 1 to 32.
    pub members: u16,
    /// The folder of keys, configurations, logs and data; it is made when it is not there and must be empty.
    pub dir: PathBuf,
    /// The `asset` binary.
    pub asset: PathBuf,
    /// The build of the program that the L1 runs.
    pub program: ProgramBuild,
    /// Rules of blocks, batches and settlement.
    pub params: Params,
    /// The time of a slot on the L1, in milliseconds.
    pub slot_time_ms: u64,
}

/// A build of the AssetRollup program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramBuild {
    /// For sBPF version 0.
    V0,
    /// For sBPF version 3.
    V3,
}

impl LocalnetConfig {
    /// Four members, batches of a second, windows of seconds.
    pub fn recommended(dir: PathBuf, asset: PathBuf) -> Self {
        Self {
            members: 4,
            dir,
            asset,
            program: ProgramBuild::V3,
            params: Params {
                batch_interval_ms: 1_000,
                batch_chunks_max: 128,
                chunk_bytes_max: 3_696,
                block_transactions_max: 2_000,
                challenge_slots: 20,
                challenge_secs: 2,
                inbox_delay_slots: 1_200,
            },
            slot_time_ms: 50,
        }
    }
}

impl ProgramBuild {
    /// The name of the build's file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::V0 => "asset_rollup-v0.so",
            Self::V3 => "asset_rollup-v3.so",
        }
    }

    /// The verified build of the repository.
    pub(crate) const fn verified(self) -> &'static [u8] {
        match self {
            Self::V0 => include_bytes!("../../../programs/artifacts/asset_rollup-v0.so"),
            Self::V3 => include_bytes!("../../../programs/artifacts/asset_rollup-v3.so"),
        }
    }
}
