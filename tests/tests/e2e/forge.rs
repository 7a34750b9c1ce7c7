//! Batches that a test makes with the committee's keys, honest and not, on a network whose members do not run.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use asset_localnet::{Localnet, LocalnetConfig};
use asset_sdk::{
    Key,
    l1::{Chunk, Commit, L1Client, L1Config, Level, TransactionFormat},
};
use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, chunk_hash, data_root},
    block::{BlockBody, chain, execute_block},
    cell::{Account, Cell},
    codec::{Tip, encode_batch},
    genesis::Genesis,
    inbox::InboxMessage,
    program::{Amount, Instruction},
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Hash, Quote},
};

use crate::support::{SOL, asset_binary};

/// Members of the committee.
pub(crate) const MEMBERS: usize = 4;
/// Those who sign what is wrong: a quorum.
pub(crate) const DISHONEST: [usize; 3] = [0, 1, 2];

/// A network without running members, and the chain that the test makes for it.
pub(crate) struct Forge {
    pub(crate) network: Localnet,
    pub(crate) l1: Arc<L1Client>,
    /// Committee keys, by member.
    members: Vec<Key>,
    /// Keys that post, by member.
    posters: Vec<Key>,
    user: Key,
    pub(crate) chain: Chain,
    _dir: tempfile::TempDir,
}

/// The state after the last batch.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    id: Hash,
    chunk_bytes_max: usize,
    tree: Tree,
    number: u64,
    height: u64,
    time_ms: u64,
    nonce: u64,
}

/// A batch.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) header: BatchHeader,
    chunks: Vec<Vec<u8>>,
}

impl Forge {
    /// A network whose slots last `slot_ms`, whose chunks fit `format`, and in whose inbox are two deposits.
    pub(crate) async fn start(slot_ms: u64, format: TransactionFormat) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut config = LocalnetConfig::new(asset_binary()?);
        config.dir = Some(dir.path().join("net"));
        (config.members, config.slot_ms) = (MEMBERS, slot_ms);
        config.params.chunk_bytes_max = format.chunk_bytes_max();
        (config.params.challenge_slots, config.params.challenge_secs) = (2_000, 100);
        let network = Localnet::prepare(&config).await?;
        let folder = |member| network.layout().member(member);
        let keys = |file: &str| {
            let keys = (0..MEMBERS).map(|member| Key::read(&folder(member).join(file)));
            keys.collect::<Result<Vec<_>, _>>()
        };
        let (members, posters) = (keys("committee.json")?, keys("poster.json")?);
        let user = network.funded_key(10 * SOL).await?;
        let genesis = network.genesis();
        let mut l1 = L1Config::new(network.l1().url(), genesis.program_id, genesis.hash());
        l1.format = format;
        let l1 = Arc::new(L1Client::new(l1));
        for recipient in [user.address(), Address::new([8; 32])] {
            l1.deposit(&user, &recipient, Quote::new(SOL)).await?;
        }
        let chain = Chain::new(genesis)?;
        Ok(Self { network, l1, members, posters, user, chain, _dir: dir })
    }

    /// The next batch: the messages that were not consumed, and transfers of the user.
    pub(crate) async fn honest(&mut self) -> Result<Sealed> {
        self.next(|_| Ok(())).await
    }

    /// A batch after which the user has more than they were paid.
    pub(crate) async fn money_from_nowhere(&mut self) -> Result<Sealed> {
        let user = self.user.address();
        self.next(|tree| {
            let key = Account::key(&user);
            let Some(Cell::Account(account)) = tree.get(&key)? else { bail!("no account") };
            let mut account = account.clone();
            account.balances = vec![(AssetId::SOL, Quote::new(1_000 * SOL))];
            tree.put(key, Cell::Account(account))?;
            Ok(())
        })
        .await
    }

    async fn next(&mut self, tamper: impl FnOnce(&mut Tree) -> Result<()>) -> Result<Sealed> {
        let consumed = chain(&self.chain.tree)?.inbox_cursor;
        let count = self.l1.inbox(Level::Confirmed).await?.count;
        let accounts = self.l1.messages(consumed..count, Level::Confirmed).await?;
        let messages = accounts.iter().flatten().map(|account| account.message());
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        self.chain.seal(messages, &self.user, tamper)
    }

    /// Posts and commits a batch under the signatures of these members; the first of them posts.
    pub(crate) async fn commit(&self, sealed: &Sealed, signers: &[usize]) -> Result<()> {
        let Sealed { header, chunks } = sealed;
        let first = signers.first().context("somebody signs")?;
        let poster = &self.posters[*first];
        let (number, count) = (header.number, u16::try_from(chunks.len())?);
        for (index, bytes) in (0..).zip(chunks) {
            self.l1.post_data(poster, Chunk { number, index, count, bytes }).await?;
        }
        let genesis = self.network.genesis();
        let digest = header.settlement_digest(&genesis.program_id, &genesis.committee_hash());
        let sign =
            |member: &usize| Ok((u8::try_from(*member)?, self.members[*member].sign(&digest)));
        let signatures = signers.iter().map(sign).collect::<Result<Vec<_>>>()?;
        let rollup = self.l1.rollup(Level::Confirmed).await?;
        let commit = Commit {
            header,
            signatures: &signatures,
            data_poster: &poster.address(),
            committed_inbox_cursor: rollup.committed_inbox_cursor,
            member: None,
        };
        self.l1.commit_batch(poster, commit).await?;
        Ok(())
    }

    /// The bond of each member, in lamports.
    pub(crate) async fn bonds(&self) -> Result<Vec<u64>> {
        let mut bonds = Vec::new();
        for key in &self.members {
            let member = self.l1.member(&key.address(), Level::Confirmed).await?;
            bonds.push(member.context("every member has an account")?.bond);
        }
        Ok(bonds)
    }
}

impl Chain {
    fn new(genesis: &Genesis) -> Result<Self> {
        let mut tree = genesis.tree()?;
        tree.root();
        Ok(Self {
            id: genesis.hash(),
            chunk_bytes_max: usize::from(genesis.params.chunk_bytes_max),
            tree,
            number: 0,
            height: 0,
            time_ms: genesis.time_ms,
            nonce: 0,
        })
    }

    /// Two blocks: one with messages and transfers, after which the state is changed by `tamper`, and one without content.
    fn seal(
        &mut self,
        messages: Vec<InboxMessage>,
        user: &Key,
        tamper: impl FnOnce(&mut Tree) -> Result<()>,
    ) -> Result<Sealed> {
        let tip = Tip::new(&chain(&self.tree)?, self.tree.root());
        let transactions = (0..10).map(|_| self.transfer(user)).collect();
        let first = self.block(messages, transactions);
        let mut trace =
            execute_block(&mut self.tree, &self.id, self.chunk_bytes_max, &first)?.trace;
        tamper(&mut self.tree)?;
        trace.last_mut().context("a block has a segment")?.post_root = self.tree.root();
        let second = self.block(Vec::new(), Vec::new());
        let rest = execute_block(&mut self.tree, &self.id, self.chunk_bytes_max, &second)?.trace;
        self.number += 1;
        let blocks = [first, second];
        let chunks = encode_batch(&tip, &blocks, &[trace, rest], self.chunk_bytes_max)?;
        self.header(&tip, chunks)
    }

    fn header(&mut self, tip: &Tip, chunks: Vec<Vec<u8>>) -> Result<Sealed> {
        let after = chain(&self.tree)?;
        let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        let header = BatchHeader {
            version: BATCH_VERSION,
            chain_id: self.id,
            number: self.number,
            first_height: tip.height + 1,
            last_height: after.height,
            prev_root: tip.root,
            post_root: self.tree.root(),
            chunk_count: u32::try_from(hashes.len())?,
            data_root: data_root(&hashes),
            inbox_cursor: after.inbox_cursor,
            inbox_hash: after.inbox_hash,
            time_ms: after.time_ms,
            withdrawals: after.withdrawals,
            vm_version: VM_VERSION,
        };
        Ok(Sealed { header, chunks })
    }

    fn block(&mut self, messages: Vec<InboxMessage>, transactions: Vec<Transaction>) -> BlockBody {
        self.height += 1;
        self.time_ms += 400;
        BlockBody { height: self.height, time_ms: self.time_ms, messages, transactions }
    }

    fn transfer(&mut self, user: &Key) -> Transaction {
        let amount = Amount::Quote(AssetId::SOL, Quote::new(1_000 + self.nonce));
        let transfer = Instruction::Transfer { to: Address::new([8; 32]), amount };
        let body = Body {
            version: TX_VERSION,
            signer: user.address(),
            session: None,
            nonce: self.nonce,
            expires_at: NEVER_EXPIRES,
            program: vec![transfer],
        };
        self.nonce += 1;
        let signature = user.sign(&body.digest(&self.id));
        Transaction { body, signature }
    }
}
