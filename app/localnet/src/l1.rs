//! The embedded L1: surfpool, a Solana runtime behind real RPC and WebSocket endpoints, without any network access.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use asset_sdk::Key;
use curvevm::types::Address;
use surfpool_sdk::{
    BlockProductionMode, Keypair, Pubkey, Surfnet, SurfnetError,
    cheatcodes::builders::DeployProgram,
};

use crate::error::LocalnetError;

/// How long the drain of events waits before it looks whether it is still wanted.
const DRAIN: Duration = Duration::from_millis(250);

/// How the embedded L1 starts.
#[derive(Clone, Debug)]
pub struct EmbeddedL1Config {
    /// The program's address.
    pub program_id: Address,
    /// The program's ELF file.
    pub program: Vec<u8>,
    /// The time of a slot, in milliseconds. A slot is final after 31 more.
    pub slot_ms: u64,
    /// Who has lamports from the start, besides the faucet.
    pub funded: Vec<Address>,
    /// What each of them and the faucet has.
    pub lamports: u64,
}

/// A Solana-compatible runtime inside this process: it executes the program's ELF and serves Solana's RPC and WebSocket on
/// free loopback ports. It has no remote and keeps its state in memory. Stopped on drop.
pub struct EmbeddedL1 {
    surfnet: Surfnet,
    faucet: Key,
    drain: Drain,
}

/// Throws the runtime's events away: their queue has no bound, and nobody reads them. Ends on drop.
struct Drain {
    wanted: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl std::fmt::Debug for EmbeddedL1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedL1").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl EmbeddedL1 {
    /// Starts it, funds, and deploys the program under the upgradeable loader.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::EmbeddedL1`].
    pub async fn start(config: EmbeddedL1Config) -> Result<Self, LocalnetError> {
        let faucet = Key::generate();
        let payer = Keypair::new_from_array(faucet.seed());
        // Its start blocks, which a thread of an asynchronous runtime may not.
        let (started, outcome) = tokio::sync::oneshot::channel();
        thread::Builder::new()
            .name("embedded-l1-start".to_owned())
            .spawn(move || {
                // When the caller is gone, it is stopped by its drop.
                let _ = started.send(start(payer, &config));
            })
            .map_err(|error| LocalnetError::EmbeddedL1(error.to_string()))?;
        let outcome = outcome.await;
        let outcome =
            outcome.map_err(|_| LocalnetError::EmbeddedL1("its start panicked".to_owned()))?;
        let surfnet = outcome.map_err(|error| LocalnetError::EmbeddedL1(error.to_string()))?;
        let drain = Drain::start(&surfnet)?;
        Ok(Self { surfnet, faucet, drain })
    }

    /// JSON-RPC over HTTP.
    pub fn url(&self) -> &str {
        self.surfnet.rpc_url()
    }

    /// JSON-RPC over WebSocket.
    pub fn ws_url(&self) -> &str {
        self.surfnet.ws_url()
    }

    /// A key with lamports.
    pub const fn faucet(&self) -> &Key {
        &self.faucet
    }

    /// Stops it and waits until its ports are free.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::EmbeddedL1`] when its servers do not confirm.
    pub async fn stop(self) -> Result<(), LocalnetError> {
        let Self { mut surfnet, drain, .. } = self;
        let stop = move || {
            // The stop waits for events of its own.
            drop(drain);
            surfnet.stop()
        };
        let stopped = tokio::task::spawn_blocking(stop).await;
        let stopped = stopped.map_err(|error| LocalnetError::EmbeddedL1(error.to_string()))?;
        stopped.map_err(|error| LocalnetError::EmbeddedL1(error.to_string()))
    }
}

impl Drain {
    fn start(surfnet: &Surfnet) -> Result<Self, LocalnetError> {
        let wanted = Arc::new(AtomicBool::new(true));
        let (events, still) = (surfnet.events().clone(), Arc::clone(&wanted));
        let drain = move || {
            while still.load(Ordering::Relaxed) {
                if events.recv_timeout(DRAIN).is_err_and(|error| error.is_disconnected()) {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("embedded-l1-events".to_owned()).spawn(drain);
        let thread = thread.map_err(|error| LocalnetError::EmbeddedL1(error.to_string()))?;
        Ok(Self { wanted, thread: Some(thread) })
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It panics at nothing; whatever it did, it has ended.
            let _ended = thread.join();
        }
    }
}

fn start(payer: Keypair, config: &EmbeddedL1Config) -> Result<Surfnet, SurfnetError> {
    let funded = config.funded.iter().map(|owner| Pubkey::new_from_array(owner.to_bytes()));
    let surfnet = futures::executor::block_on(
        Surfnet::builder()
            .offline(true)
            .block_production_mode(BlockProductionMode::Clock)
            .slot_time_ms(config.slot_ms)
            .payer(payer)
            .airdrop_addresses(funded.collect())
            .airdrop_sol(config.lamports)
            .start(),
    )?;
    let program_id = Pubkey::new_from_array(config.program_id.to_bytes());
    let deploy = DeployProgram::new(program_id).so_bytes(config.program.clone());
    surfnet.cheatcodes().deploy(deploy)?;
    Ok(surfnet)
}
