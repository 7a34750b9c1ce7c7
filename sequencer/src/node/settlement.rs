//! The L1 as a node starts with it.

use std::{sync::Arc, time::Duration};

use asset_sdk::{
    keys::Key,
    l1::{L1Client, L1Config, L1Error, Rollup},
};

use crate::{chain::ChainSpec, config::L1Section, error::NodeError};

/// How often a start asks an L1 that does not answer.
const ATTEMPTS: usize = 3;
/// The pause between two of these.
const PAUSE: Duration = Duration::from_millis(300);

/// A checked L1, and the key that pays there.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) client: Arc<L1Client>,
    pub(super) poster: Option<Arc<Key>>,
}

impl Settlement {
    /// Checks that the L1 answers and holds the rollup of this genesis.
    ///
    /// # Errors
    ///
    /// [`NodeError::L1`], [`NodeError::RollupDiffers`], [`NodeError::Key`].
    pub(super) async fn open(section: &L1Section, spec: &ChainSpec) -> Result<Self, NodeError> {
        let poster = section.poster_key_file.as_deref().map(Key::read).transpose()?;
        let mut config = L1Config::new(section.url.clone(), *spec.program_id(), spec.id);
        config.format = section.format;
        let client = L1Client::new(config);
        let rollup = check(&client).await?;
        compare(&rollup, spec)?;
        Ok(Self { client: Arc::new(client), poster: poster.map(Arc::new) })
    }
}

async fn check(client: &L1Client) -> Result<Rollup, L1Error> {
    for _ in 1..ATTEMPTS {
        match client.check().await {
            Err(error @ L1Error::Unreachable { .. }) => {
                tracing::warn!(%error, "asking again");
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
    client.check().await
}

/// Anybody can initialize a rollup under a chain id, so that its values are compared one by one.
fn compare(rollup: &Rollup, spec: &ChainSpec) -> Result<(), NodeError> {
    let params = &spec.genesis.params;
    let values = [
        ("chain id", rollup.chain_id == spec.id),
        ("committee", rollup.committee_hash == spec.committee_hash),
        ("committee", rollup.committee() == spec.genesis.committee),
        ("challenge_slots", rollup.challenge_slots == params.challenge_slots),
        ("challenge_secs", rollup.challenge_secs == params.challenge_secs),
        ("inbox_delay_slots", rollup.inbox_delay_slots == params.inbox_delay_slots),
        ("chunk_bytes_max", rollup.chunk_bytes_max == params.chunk_bytes_max),
    ];
    match values.iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(NodeError::RollupDiffers { chain_id: spec.id, what }),
        None => Ok(()),
    }
}
