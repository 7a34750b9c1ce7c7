//! What a local network is like.

use std::path::PathBuf;

use asset_sdk::l1::TransactionFormat;
use curvevm::{
    genesis::Params,
    types::{Address, AssetId, Quote},
};

use crate::program::ProgramBuild;

/// What a local network is like.
#[derive(Clone, Debug)]
pub struct LocalnetConfig {
    /// The `asset` binary that members run.
    pub asset: PathBuf,
    /// Members of the committee, 1 to 32.
    pub members: usize,
    /// Where genesis, keys, configurations, logs and data go: a new or empty folder; a temporary one that is removed at the
    /// end when none is given.
    pub dir: Option<PathBuf>,
    /// The build of the program that the L1 runs.
    pub program: ProgramBuild,
    /// The time of an L1 slot, in milliseconds.
    pub slot_ms: u64,
    /// What each member's poster key has on the L1 at the start, and the faucet too.
    pub lamports: Quote,
    /// The quote assets besides SOL, by their SPL mints.
    pub quote_assets: Vec<AssetId>,
    /// The rules in genesis.
    pub params: Params,
    /// The least time between a block and its parent, in milliseconds.
    pub block_interval_ms: u64,
    /// How long a view may last before its leader is passed over, in milliseconds.
    pub view_timeout_ms: u64,
    /// The filter of the members' logs, as in `RUST_LOG`.
    pub log: String,
}

impl LocalnetConfig {
    /// Four members, slots of 50 ms, batches of a second, a challenge window of a second.
    pub fn new(asset: PathBuf) -> Self {
        Self {
            asset,
            members: 4,
            dir: None,
            program: ProgramBuild::V0,
            slot_ms: 50,
            lamports: Quote::new(10_000_000_000_000),
            quote_assets: Vec::new(),
            params: Params {
                batch_interval_ms: 1_000,
                batch_chunks_max: 128,
                chunk_bytes_max: TransactionFormat::V1.chunk_bytes_max(),
                block_transactions_max: 2_000,
                challenge_slots: 20,
                challenge_secs: 1,
                inbox_delay_slots: 1_200,
                bond_lamports: 1_000_000_000,
                challenge_lamports: 100_000_000,
                takeover_slots: 400,
                authority: Address::default(),
                authority_delay_secs: 0,
            },
            block_interval_ms: 20,
            view_timeout_ms: 2_000,
            log: "info".to_owned(),
        }
    }

    /// As [`LocalnetConfig::new`], in a folder.
    pub fn recommended(dir: PathBuf, asset: PathBuf) -> Self {
        Self { dir: Some(dir), ..Self::new(asset) }
    }
}
