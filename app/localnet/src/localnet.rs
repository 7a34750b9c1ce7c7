//! The local network: an embedded L1 and a committee of processes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use asset_sdk::{
    Client, ClientConfig, Key,
    l1::{L1Client, L1Config},
    rpc::StatusView,
};
use curvevm::{
    genesis::{GENESIS_VERSION, Genesis, MEMBERS_MAX},
    types::{Address, Quote},
};
use tokio::time::{Instant, sleep};

use crate::{
    config::LocalnetConfig,
    error::LocalnetError,
    l1::{EmbeddedL1, EmbeddedL1Config},
    layout::{Layout, create_dir, write},
    member::{Member, MemberAddresses, MemberSetup},
    node_file::{L1File, NodeFile, PeerFile, RpcFile},
    ports::{self, Held},
    program::{PROGRAM_ID, load_program},
};

/// How long members may take to become ready.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks at a member.
const POLL: Duration = Duration::from_millis(50);
/// How long one look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest time without a block, in milliseconds.
const HEARTBEAT_MS: u64 = 500;
/// How long a member's turn to post a batch lasts, in milliseconds.
const POSTER_TIMEOUT_MS: u64 = 5_000;
/// One client process waits for thousands of transactions over one connection.
const SUBSCRIPTIONS_MAX: u32 = 16_384;
/// Ports of a member: consensus, RPC, metrics.
const MEMBER_PORTS: usize = 3;

/// A running local network. Everything it started is stopped on drop.
#[derive(Debug)]
pub struct Localnet {
    // Dropped in this order: members before the L1 that they use, both before the folder.
    members: Vec<Member>,
    l1: EmbeddedL1,
    l1_client: Arc<L1Client>,
    genesis: Genesis,
    layout: Layout,
}

impl Localnet {
    /// Starts the L1, initializes the rollup, writes genesis, keys and configurations, starts the members, and waits until
    /// all of them are ready.
    ///
    /// # Errors
    ///
    /// [`LocalnetError`].
    pub async fn start(config: &LocalnetConfig) -> Result<Self, LocalnetError> {
        let mut localnet = Self::prepare(config).await?;
        for member in &mut localnet.members {
            member.start()?;
        }
        localnet.wait_ready().await?;
        Ok(localnet)
    }

    /// As [`Localnet::start`], with no member started yet.
    ///
    /// # Errors
    ///
    /// [`LocalnetError`].
    pub async fn prepare(config: &LocalnetConfig) -> Result<Self, LocalnetError> {
        if config.members == 0 || config.members > MEMBERS_MAX {
            return Err(LocalnetError::Members { found: config.members, max: MEMBERS_MAX });
        }
        let layout = Layout::create(config.dir.as_deref())?;
        let keys: Vec<MemberKeys> = (0..config.members).map(|_| MemberKeys::generate()).collect();
        let treasury = Key::generate();
        let genesis = genesis(config, &keys, treasury.address())?;
        let l1 = EmbeddedL1::start(EmbeddedL1Config {
            program_id: genesis.program_id,
            program: load_program(config.program)?,
            slot_ms: config.slot_ms,
            funded: keys.iter().map(|keys| keys.poster.address()).collect(),
            lamports: config.lamports.get(),
        })
        .await?;
        let l1_client =
            Arc::new(L1Client::new(L1Config::new(l1.url(), genesis.program_id, genesis.hash())));
        l1_client.check_program().await?;
        l1_client.initialize(l1.faucet(), &genesis).await?;
        register_members(&l1_client, &keys, &genesis).await?;
        let json = serde_json::to_string_pretty(&genesis)
            .map_err(|error| LocalnetError::Encode(error.to_string()))?;
        write(&layout.genesis(), &json)?;
        l1.faucet().write(&layout.faucet())?;
        treasury.write(&layout.treasury())?;
        let members = write_members(config, &layout, &keys, l1.url())?;
        Ok(Self { members, l1, l1_client, genesis, layout })
    }

    /// The members, by index: to be killed, stopped and started again.
    pub fn members(&mut self) -> &mut [Member] {
        &mut self.members
    }

    /// The RPC addresses of all members.
    pub fn urls(&self) -> Vec<String> {
        self.members.iter().map(|member| member.addresses().rpc_url.clone()).collect()
    }

    /// The embedded L1.
    pub const fn l1(&self) -> &EmbeddedL1 {
        &self.l1
    }

    /// A client of the rollup on the L1.
    pub fn l1_client(&self) -> Arc<L1Client> {
        Arc::clone(&self.l1_client)
    }

    /// A key with `lamports` on the L1.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::L1`].
    pub async fn funded_key(&self, lamports: u64) -> Result<Key, LocalnetError> {
        let key = Key::generate();
        self.l1_client.airdrop(&key.address(), lamports).await?;
        Ok(key)
    }

    /// The genesis.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The folder.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A client of all members, the first one preferred.
    ///
    /// # Errors
    ///
    /// Those of [`Client::connect`].
    pub async fn client(&self) -> Result<Client, LocalnetError> {
        Ok(Client::connect(&self.urls(), ClientConfig::new()).await?)
    }

    /// A client of one member only.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::NoMember`], and those of [`Client::connect`].
    pub async fn client_of(&self, index: usize) -> Result<Client, LocalnetError> {
        let member = self.members.get(index).ok_or(LocalnetError::NoMember { index })?;
        Ok(Client::connect(&[&member.addresses().rpc_url], ClientConfig::new()).await?)
    }

    /// Waits until every member that was started answers, is connected to a quorum and has caught up.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::MemberEnded`], [`LocalnetError::NotReady`].
    pub async fn wait_ready(&mut self) -> Result<(), LocalnetError> {
        let deadline = Instant::now() + READY_TIMEOUT;
        for index in 0..self.members.len() {
            if self.member(index)?.pid().is_none() {
                continue;
            }
            self.wait_member(index, deadline).await?;
        }
        Ok(())
    }

    /// Stops everything: members first, then the L1.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::Io`], [`LocalnetError::EmbeddedL1`].
    pub async fn shutdown(mut self) -> Result<(), LocalnetError> {
        // All are asked before any is waited for.
        let stops = self.members.iter_mut().map(Member::stop);
        for stopped in futures::future::join_all(stops).await {
            stopped?;
        }
        self.l1.stop().await
    }

    /// Ends with an error when a member ended by itself.
    ///
    /// # Errors
    ///
    /// [`LocalnetError::MemberEnded`].
    pub fn check_members(&mut self) -> Result<(), LocalnetError> {
        for member in &mut self.members {
            if let Some(status) = member.exited()? {
                return Err(member.exited_error(status));
            }
        }
        Ok(())
    }

    fn member(&mut self, index: usize) -> Result<&mut Member, LocalnetError> {
        self.members.get_mut(index).ok_or(LocalnetError::NoMember { index })
    }

    async fn wait_member(&mut self, index: usize, deadline: Instant) -> Result<(), LocalnetError> {
        let look = ClientConfig {
            call_timeout: LOOK_TIMEOUT,
            retry_for: Duration::ZERO,
            ..ClientConfig::new()
        };
        loop {
            let member = self.member(index)?;
            if let Some(status) = member.exited()? {
                return Err(member.exited_error(status));
            }
            let url = member.addresses().rpc_url.clone();
            let last = match Client::connect(&[&url], look.clone()).await {
                Ok(client) => match client.status().await {
                    Ok(status) if is_ready(&status) => return Ok(()),
                    Ok(status) => describe(&status),
                    Err(error) => error.to_string(),
                },
                Err(error) => error.to_string(),
            };
            if Instant::now() >= deadline {
                let log = self.member(index)?.log();
                return Err(LocalnetError::NotReady { index, last, log });
            }
            sleep(POLL).await;
        }
    }
}

/// Locks the bond of every member, without which no batch is committed. The poster key of a member owns it, so that it may take
/// over.
async fn register_members(
    client: &L1Client,
    keys: &[MemberKeys],
    genesis: &Genesis,
) -> Result<(), LocalnetError> {
    let bond = Quote::new(genesis.params.bond_lamports);
    let registrations =
        keys.iter().map(|keys| client.register_member(&keys.poster, &keys.committee, bond));
    futures::future::try_join_all(registrations).await?;
    Ok(())
}

/// Connected to a quorum, itself counted, and not behind.
fn is_ready(status: &StatusView) -> bool {
    let quorum = curvevm::genesis::quorum(usize::from(status.members));
    usize::from(status.peers).saturating_add(1) >= quorum && !status.syncing && status.l1.reachable
}

fn describe(status: &StatusView) -> String {
    format!(
        "{} peers, height {}, syncing {}, L1 reachable {}, {}",
        status.peers,
        status.at.height,
        status.syncing,
        status.l1.reachable,
        status.waiting_for.join("; ")
    )
}

/// The keys of a member.
struct MemberKeys {
    committee: Key,
    poster: Key,
}

impl MemberKeys {
    fn generate() -> Self {
        Self { committee: Key::generate(), poster: Key::generate() }
    }
}

fn genesis(
    config: &LocalnetConfig,
    keys: &[MemberKeys],
    treasury: Address,
) -> Result<Genesis, LocalnetError> {
    let program_id: Address = PROGRAM_ID
        .parse()
        .map_err(|_| LocalnetError::Encode("the program id is no address".to_owned()))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(Genesis {
        version: GENESIS_VERSION,
        name: "asset-localnet".to_owned(),
        program_id,
        committee: keys.iter().map(|keys| keys.committee.address()).collect(),
        time_ms: u64::try_from(now.as_millis()).unwrap_or_default(),
        treasury,
        quote_assets: config.quote_assets.clone(),
        params: config.params.clone(),
    })
}

/// The ports of a member; zero lets the system choose.
#[derive(Clone, Copy, Default)]
struct MemberPorts {
    consensus: u16,
    rpc: u16,
    metrics: u16,
}

fn write_members(
    config: &LocalnetConfig,
    layout: &Layout,
    keys: &[MemberKeys],
    l1_url: &str,
) -> Result<Vec<Member>, LocalnetError> {
    let held: Vec<Held> = ports::hold(keys.len().saturating_mul(MEMBER_PORTS))?;
    let ports: Vec<MemberPorts> = held
        .chunks_exact(MEMBER_PORTS)
        .filter_map(|held| match held {
            [consensus, rpc, metrics] => Some(MemberPorts {
                consensus: consensus.port,
                rpc: rpc.port,
                metrics: metrics.port,
            }),
            _ => None,
        })
        .collect();
    let mut members = Vec::with_capacity(keys.len());
    for (index, keys) in keys.iter().enumerate() {
        let folder = layout.member(index);
        create_dir(&folder)?;
        keys.committee.write(&folder.join("committee.json"))?;
        keys.poster.write(&folder.join("poster.json"))?;
        let node = node_file(config, layout, &ports, (index, l1_url));
        let text = toml::to_string_pretty(&node)
            .map_err(|error| LocalnetError::Encode(error.to_string()))?;
        write(&folder.join("node.toml"), &text)?;
        members.push(member(config, (index, folder), &node));
    }
    Ok(members)
}

fn node_file(
    config: &LocalnetConfig,
    layout: &Layout,
    ports: &[MemberPorts],
    (index, l1_url): (usize, &str),
) -> NodeFile {
    let folder = layout.member(index);
    let own = ports.get(index).copied().unwrap_or_default();
    let others = ports.iter().enumerate().filter(|(other, _)| *other != index);
    let peers = others.filter_map(|(other, ports)| {
        let member = u16::try_from(other).ok()?;
        Some(PeerFile { member, addresses: vec![consensus_address(ports.consensus)] })
    });
    NodeFile {
        data_dir: folder.join("data"),
        genesis_file: layout.genesis(),
        committee_key_file: folder.join("committee.json"),
        listen: vec![consensus_address(own.consensus)],
        rpc_address: loopback(own.rpc),
        metrics_address: loopback(own.metrics),
        block_interval_ms: config.block_interval_ms,
        heartbeat_ms: HEARTBEAT_MS.min(config.view_timeout_ms / 2),
        view_timeout_ms: config.view_timeout_ms,
        rpc: RpcFile {
            connections_max: 1_024,
            request_bytes_max: 65_536,
            subscriptions_max: SUBSCRIPTIONS_MAX,
        },
        l1: L1File {
            url: l1_url.to_owned(),
            poster_key_file: folder.join("poster.json"),
            poll_interval_ms: config.slot_ms.saturating_mul(2).max(50),
            poster_timeout_ms: POSTER_TIMEOUT_MS,
        },
        peers: peers.collect(),
    }
}

fn member(config: &LocalnetConfig, (index, folder): (usize, PathBuf), node: &NodeFile) -> Member {
    let addresses = MemberAddresses {
        rpc_url: format!("http://{}", node.rpc_address),
        ws_url: format!("ws://{}", node.rpc_address),
        metrics_url: format!("http://{}", node.metrics_address),
    };
    let (asset, log_filter) = (config.asset.clone(), config.log.clone());
    Member::new(MemberSetup { index, asset, folder, addresses, log_filter })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn consensus_address(port: u16) -> String {
    format!("/ip4/127.0.0.1/udp/{port}/quic-v1")
}
