//! A network: the embedded L1 with an initialized rollup, and the members.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use asset_sdk::{
    Client, ClientConfig, Key,
    l1::{L1Client, L1Config},
};
use curvevm::{genesis::Genesis, types::Address};

use crate::{config::LocalnetConfig, files::Files, l1::EmbeddedL1, member::Member};

/// The well-known key of local development (programs/keys), whose address is in the program.
const PROGRAM_KEY: &str = include_str!("../../../programs/keys/asset_rollup-keypair.json");
/// What each poster starts with, in lamports.
const POSTER_LAMPORTS: u64 = 100_000_000_000;
/// How long members may take to answer.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a member may take for one answer.
const READY_CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two looks whether a member answers.
const READY_PAUSE: Duration = Duration::from_millis(50);

/// A running network; everything stops when this is dropped.
#[derive(Debug)]
pub struct Localnet {
    // Members are dropped first: they speak to the L1.
    members: Vec<Member>,
    genesis: Genesis,
    l1: EmbeddedL1,
}

impl Localnet {
    /// Starts the L1, initializes the rollup, starts the members, and waits until all of them answer.
    ///
    /// # Errors
    ///
    /// When a part does not start; what was started is stopped then.
    pub async fn start(config: &LocalnetConfig) -> Result<Self> {
        let program_id = program_id()?;
        let files = Files::create(config, program_id)?;
        let l1 = EmbeddedL1::start(program_id, config.program, config.slot_time_ms).await?;
        set_up(&l1, &files).await?;
        files.write_configs(l1.url())?;
        let member = |(at, addresses): (usize, _)| {
            Member::new(config.asset.clone(), files.config(at), files.log(at), addresses)
        };
        let members = files.addresses.iter().cloned().enumerate().map(member).collect();
        let mut network = Self { members, genesis: files.genesis.clone(), l1 };
        for member in &mut network.members {
            member.start()?;
        }
        network.wait_ready().await?;
        Ok(network)
    }

    /// Waits until every member that was started answers.
    ///
    /// # Errors
    ///
    /// When one has ended, or does not answer in time; the end of its log is in the message.
    pub async fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_TIMEOUT;
        for member in &mut self.members {
            if member.pid().is_some() {
                wait_ready(member, deadline).await?;
            }
        }
        Ok(())
    }

    /// The members, by index.
    pub const fn members(&mut self) -> &mut Vec<Member> {
        &mut self.members
    }

    /// The RPC addresses of all members.
    pub fn urls(&self) -> Vec<String> {
        self.members.iter().map(|member| member.addresses().rpc_url.clone()).collect()
    }

    /// A client of all members.
    ///
    /// # Errors
    ///
    /// When none of them answers.
    pub async fn client(&self) -> Result<Client> {
        Ok(Client::connect(&self.urls(), ClientConfig::new()).await?)
    }

    /// What the network started from.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The L1.
    pub const fn l1(&self) -> &EmbeddedL1 {
        &self.l1
    }

    /// A client of the program on the L1.
    pub fn l1_client(&self) -> L1Client {
        l1_client(&self.l1, &self.genesis)
    }

    /// A key with `lamports` on the L1.
    ///
    /// # Errors
    ///
    /// When the L1 does not answer.
    pub async fn funded_key(&self, lamports: u64) -> Result<Key> {
        let key = Key::generate();
        self.l1_client().airdrop(&key.address(), lamports).await?;
        Ok(key)
    }
}

fn l1_client(l1: &EmbeddedL1, genesis: &Genesis) -> L1Client {
    L1Client::new(L1Config::new(l1.url(), genesis.program_id, genesis.hash()))
}

/// Initializes the rollup and gives the posters lamports.
async fn set_up(l1: &EmbeddedL1, files: &Files) -> Result<()> {
    let client = l1_client(l1, &files.genesis);
    client.initialize(&l1.payer(), &files.genesis).await.context("initialize the rollup")?;
    for poster in &files.posters {
        client.airdrop(&poster.address(), POSTER_LAMPORTS).await.context("fund a poster")?;
    }
    Ok(())
}

async fn wait_ready(member: &mut Member, deadline: Instant) -> Result<()> {
    let urls = [member.addresses().rpc_url.clone()];
    let once = ClientConfig { call_timeout: READY_CALL_TIMEOUT, ..ClientConfig::new() };
    loop {
        if let Some(status) = member.exited()? {
            bail!("a member has ended ({status}):\n{}", log_end(member));
        }
        if Client::connect(&urls, once.clone()).await.is_ok() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("a member does not answer at {}:\n{}", urls[0], log_end(member));
        }
        tokio::time::sleep(READY_PAUSE).await;
    }
}

/// The last lines of a member's log.
fn log_end(member: &Member) -> String {
    const LINES: usize = 20;
    let text = std::fs::read_to_string(member.log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

fn program_id() -> Result<Address> {
    let bytes: Vec<u8> = serde_json::from_str(PROGRAM_KEY).context("read the program's key")?;
    let public = bytes.last_chunk::<32>().context("the program's key is too short")?;
    Ok(Address::new(*public))
}
