//! The embedded L1: surfpool, a Solana runtime behind real RPC and WebSocket endpoints, without any network access.

use anyhow::{Context as _, Result};
use asset_sdk::Key;
use curvevm::types::Address;
use solana_pubkey::Pubkey;
use surfpool_sdk::{BlockProductionMode, Surfnet, cheatcodes::builders::DeployProgram};

use crate::config::ProgramBuild;

/// Names a folder with `asset_rollup-v0.so` and `asset_rollup-v3.so` to be run instead of the verified builds.
const SO_DIR: &str = "ASSET_ROLLUP_SO_DIR";
/// What the payer of the embedded L1 starts with, in lamports.
const PAYER_LAMPORTS: u64 = 1_000_000_000_000;

/// A running L1; it stops when this is dropped.
pub struct EmbeddedL1 {
    surfnet: Surfnet,
}

impl std::fmt::Debug for EmbeddedL1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedL1").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl EmbeddedL1 {
    /// Starts the L1 with the program deployed at `program_id`.
    ///
    /// # Errors
    ///
    /// When the runtime does not start, or the program's file cannot be read.
    pub async fn start(
        program_id: Address,
        build: ProgramBuild,
        slot_time_ms: u64,
    ) -> Result<Self> {
        let surfnet = Surfnet::builder()
            .offline(true)
            .block_production_mode(BlockProductionMode::Clock)
            .slot_time_ms(slot_time_ms)
            .airdrop_sol(PAYER_LAMPORTS)
            .start()
            .await
            .context("start the embedded L1")?;
        let bytes = program_bytes(build)?;
        let l1 = tokio::task::spawn_blocking(move || {
            let deploy =
                DeployProgram::new(Pubkey::new_from_array(program_id.to_bytes())).so_bytes(bytes);
            surfnet.cheatcodes().deploy(deploy).map(|_| Self { surfnet })
        });
        l1.await.context("deploy the program")?.context("deploy the program")
    }

    /// JSON-RPC over HTTP.
    pub fn url(&self) -> &str {
        self.surfnet.rpc_url()
    }

    /// JSON-RPC over WebSocket.
    pub fn ws_url(&self) -> &str {
        self.surfnet.ws_url()
    }

    /// A key with lamports, which pays for the set-up of the network.
    pub fn payer(&self) -> Key {
        Key::from_seed(*self.surfnet.payer().secret_bytes())
    }
}

fn program_bytes(build: ProgramBuild) -> Result<Vec<u8>> {
    let Some(dir) = std::env::var_os(SO_DIR) else { return Ok(build.verified().to_vec()) };
    let path = std::path::PathBuf::from(dir).join(build.file_name());
    std::fs::read(&path).with_context(|| format!("read {} ({SO_DIR})", path.display()))
}
