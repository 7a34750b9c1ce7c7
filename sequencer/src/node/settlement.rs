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
        check_rollup(&client, spec).await?;
        Ok(Self { client: Arc::new(client), poster: poster.map(Arc::new) })
    }
}

/// Checks that the L1 answers and holds the rollup of this genesis.
///
/// # Errors
///
/// [`NodeError::L1`], [`NodeError::RollupDiffers`].
pub(crate) async fn check_rollup(client: &L1Client, spec: &ChainSpec) -> Result<(), NodeError> {
    compare(&check(client).await?, spec)
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
        ("bond_lamports", rollup.bond_lamports == params.bond_lamports),
        ("challenge_lamports", rollup.challenge_lamports == params.challenge_lamports),
        ("takeover_slots", rollup.takeover_slots == params.takeover_slots),
        ("authority", rollup.authority == params.authority),
        ("authority_delay_secs", rollup.authority_delay_secs == params.authority_delay_secs),
    ];
    match values.iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(NodeError::RollupDiffers { chain_id: spec.id, what }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, net::SocketAddr};

    use asset_sdk::l1::{Level, TransactionFormat};
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use jsonrpsee::{
        RpcModule,
        server::{Server, ServerHandle},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{genesis, spec};

    /// The rollup that the program keeps for the genesis of the tests.
    fn rollup() -> Rollup {
        let spec = spec();
        let params = &spec.genesis.params;
        let mut rollup: Rollup = borsh::from_slice(&[0; Rollup::BYTES - 8]).unwrap();
        rollup.version = 1;
        rollup.chain_id = spec.id;
        rollup.committee_hash = spec.committee_hash;
        rollup.member_count = 1;
        rollup.members[0] = spec.genesis.committee[0];
        rollup.challenge_slots = params.challenge_slots;
        rollup.challenge_secs = params.challenge_secs;
        rollup.inbox_delay_slots = params.inbox_delay_slots;
        rollup.chunk_bytes_max = params.chunk_bytes_max;
        rollup.bond_lamports = params.bond_lamports;
        rollup.challenge_lamports = params.challenge_lamports;
        rollup.takeover_slots = params.takeover_slots;
        rollup.authority = params.authority;
        rollup.authority_delay_secs = params.authority_delay_secs;
        rollup
    }

    #[derive(Clone)]
    struct Account {
        owner: String,
        executable: bool,
        data: Vec<u8>,
    }

    /// An L1 that answers with these accounts.
    async fn serve(accounts: BTreeMap<String, Account>) -> (SocketAddr, ServerHandle) {
        let mut module = RpcModule::new(accounts);
        module
            .register_method("getMultipleAccounts", |params, accounts, _| {
                let (keys, _): (Vec<String>, Value) = params.parse().unwrap();
                let view = |account: &Account| {
                    json!({
                        "lamports": 1,
                        "data": [BASE64_STANDARD.encode(&account.data), "base64"],
                        "owner": account.owner,
                        "executable": account.executable,
                        "rentEpoch": 0,
                        "space": account.data.len(),
                    })
                };
                let value: Vec<Option<Value>> =
                    keys.iter().map(|key| accounts.get(key).map(view)).collect();
                json!({"context": {"slot": 1}, "value": value})
            })
            .unwrap();
        let server = Server::builder().build("127.0.0.1:0").await.unwrap();
        (server.local_addr().unwrap(), server.start(module))
    }

    fn program() -> (String, Account) {
        let owner = "BPFLoaderUpgradeab1e11111111111111111111111".to_owned();
        let account = Account { owner, executable: true, data: Vec::new() };
        (spec().program_id().to_string(), account)
    }

    fn rollup_account(rollup: &Rollup) -> (String, Account) {
        let spec = spec();
        let config = L1Config::new("http://127.0.0.1:1", *spec.program_id(), spec.id);
        let address = L1Client::new(config).addresses().rollup.to_string();
        let mut data = Rollup::DISCRIMINATOR.to_vec();
        data.extend(borsh::to_vec(rollup).unwrap());
        (address, Account { owner: spec.program_id().to_string(), executable: false, data })
    }

    async fn open(accounts: Vec<(String, Account)>) -> Result<Settlement, NodeError> {
        let (address, _server) = serve(accounts.into_iter().collect()).await;
        let section = L1Section {
            url: format!("http://{address}"),
            poster_key_file: None,
            commitment: Level::Finalized,
            format: TransactionFormat::V1,
            poll_interval_ms: 100,
            poster_timeout_ms: 1_000,
        };
        Settlement::open(&section, &spec()).await
    }

    #[tokio::test]
    async fn takes_the_rollup_of_its_genesis() {
        open(vec![program(), rollup_account(&rollup())]).await.unwrap();
    }

    #[tokio::test]
    async fn a_wrong_program_id_is_told_apart_from_a_missing_rollup() {
        let error = open(Vec::new()).await.unwrap_err();
        assert!(matches!(error, NodeError::L1(L1Error::NotAProgram { .. })), "{error:?}");
        let (id, mut account) = program();
        account.executable = false;
        let error = open(vec![(id, account)]).await.unwrap_err();
        assert!(matches!(error, NodeError::L1(L1Error::NotAProgram { .. })), "{error:?}");
        let error = open(vec![program()]).await.unwrap_err();
        assert!(matches!(error, NodeError::L1(L1Error::NotInitialized { .. })), "{error:?}");
    }

    #[tokio::test]
    async fn a_rollup_that_was_initialized_with_other_values_is_refused() {
        let other = ChainSpec::new(genesis(2));
        let mut foreign = rollup();
        foreign.committee_hash = other.committee_hash;
        let error = open(vec![program(), rollup_account(&foreign)]).await.unwrap_err();
        assert!(matches!(error, NodeError::RollupDiffers { what: "committee", .. }), "{error:?}");
        let mut hasty = rollup();
        hasty.challenge_secs = 0;
        let error = open(vec![program(), rollup_account(&hasty)]).await.unwrap_err();
        let NodeError::RollupDiffers { what, .. } = error else { panic!("{error:?}") };
        assert_eq!(what, "challenge_secs");
        let mut ruled = rollup();
        ruled.authority = other.genesis.committee[1];
        let error = open(vec![program(), rollup_account(&ruled)]).await.unwrap_err();
        assert!(matches!(error, NodeError::RollupDiffers { what: "authority", .. }), "{error:?}");
    }
}
