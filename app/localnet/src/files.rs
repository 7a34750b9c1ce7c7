//! The files of a network: genesis, keys, and a configuration for each member.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use asset_sdk::Key;
use curvevm::{
    genesis::{GENESIS_VERSION, Genesis},
    types::Address,
};
use serde::Serialize;

use crate::{config::LocalnetConfig, ports::Ports};

/// Where a member listens.
#[derive(Clone, Debug)]
pub struct MemberAddresses {
    /// JSON-RPC over HTTP.
    pub rpc_url: String,
    /// JSON-RPC over WebSocket.
    pub ws_url: String,
    /// Metrics and health over HTTP.
    pub metrics_url: String,
    rpc: String,
    metrics: String,
    libp2p: String,
}

/// The files of a network on disk.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    pub(crate) genesis: Genesis,
    pub(crate) posters: Vec<Key>,
    pub(crate) addresses: Vec<MemberAddresses>,
}

/// What is written of a node's configuration; all else has its default.
#[derive(Serialize)]
struct MemberConfig<'a> {
    data_dir: PathBuf,
    genesis_file: PathBuf,
    committee_key_file: PathBuf,
    listen: [&'a str; 1],
    rpc_address: &'a str,
    metrics_address: &'a str,
    l1: L1Config<'a>,
    peers: Vec<PeerConfig<'a>>,
}

#[derive(Serialize)]
struct L1Config<'a> {
    url: &'a str,
    poster_key_file: PathBuf,
    poll_interval_ms: u64,
}

#[derive(Serialize)]
struct PeerConfig<'a> {
    member: usize,
    addresses: [&'a str; 1],
}

impl Files {
    /// Makes keys, genesis and addresses. The L1's address is known only later: see [`Files::write_configs`].
    pub(crate) fn create(config: &LocalnetConfig, program_id: Address) -> Result<Self> {
        let dir = prepare(&config.dir)?;
        let mut ports = Ports::default();
        let (mut committee, mut posters, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for member in 0..config.members {
            let (key, poster) = (Key::generate(), Key::generate());
            key.write(&dir.join(format!("keys/member-{member}.json")))?;
            poster.write(&dir.join(format!("keys/poster-{member}.json")))?;
            committee.push(key.address());
            posters.push(poster);
            addresses.push(MemberAddresses::choose(&mut ports)?);
        }
        let since_1970 =
            SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
        let genesis = Genesis {
            version: GENESIS_VERSION,
            name: "devnet".to_owned(),
            program_id,
            committee,
            time_ms: u64::try_from(since_1970.as_millis())
                .context("the clock is far in the future")?,
            params: config.params.clone(),
        };
        write(&dir.join("genesis.json"), &serde_json::to_string_pretty(&genesis)?)?;
        Ok(Self { dir, genesis, posters, addresses })
    }

    /// Writes each member's configuration.
    pub(crate) fn write_configs(&self, l1_url: &str) -> Result<()> {
        for (member, own) in self.addresses.iter().enumerate() {
            let others = self.addresses.iter().enumerate().filter(|(other, _)| *other != member);
            let config = MemberConfig {
                data_dir: self.dir.join(format!("data/member-{member}")),
                genesis_file: self.dir.join("genesis.json"),
                committee_key_file: self.dir.join(format!("keys/member-{member}.json")),
                listen: [&own.libp2p],
                rpc_address: &own.rpc,
                metrics_address: &own.metrics,
                l1: L1Config {
                    url: l1_url,
                    poster_key_file: self.dir.join(format!("keys/poster-{member}.json")),
                    poll_interval_ms: 100,
                },
                peers: others
                    .map(|(member, other)| PeerConfig { member, addresses: [&other.libp2p] })
                    .collect(),
            };
            let text = toml::to_string_pretty(&config).context("write a member's configuration")?;
            write(&self.config(member), &text)?;
        }
        Ok(())
    }

    /// The configuration file of a member.
    pub(crate) fn config(&self, member: usize) -> PathBuf {
        self.dir.join(format!("member-{member}.toml"))
    }

    /// The log file of a member.
    pub(crate) fn log(&self, member: usize) -> PathBuf {
        self.dir.join(format!("logs/member-{member}.log"))
    }
}

impl MemberAddresses {
    fn choose(ports: &mut Ports) -> Result<Self> {
        let rpc = format!("127.0.0.1:{}", ports.tcp()?);
        let metrics = format!("127.0.0.1:{}", ports.tcp()?);
        Ok(Self {
            rpc_url: format!("http://{rpc}"),
            ws_url: format!("ws://{rpc}"),
            metrics_url: format!("http://{metrics}"),
            rpc,
            metrics,
            libp2p: format!("/ip4/127.0.0.1/udp/{}/quic-v1", ports.udp()?),
        })
    }
}

/// Makes the folders; refuses a folder that holds anything.
fn prepare(dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(dir).with_context(|| format!("make the folder {}", dir.display()))?;
    let dir = dir.canonicalize().with_context(|| format!("find the folder {}", dir.display()))?;
    if fs::read_dir(&dir).with_context(|| format!("read {}", dir.display()))?.next().is_some() {
        bail!(
            "the folder {} is not empty: choose another, a network is made in a fresh one",
            dir.display()
        );
    }
    for sub in ["keys", "data", "logs"] {
        fs::create_dir(dir.join(sub))
            .with_context(|| format!("make a folder in {}", dir.display()))?;
    }
    Ok(dir)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
