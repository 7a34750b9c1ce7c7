//! What the tests share: a chain, keys, deposits and transactions.

use asset_sdk::keys::Key;
use curvevm::{
    block::BlockBody,
    codec::Tip,
    genesis::{GENESIS_VERSION, Genesis, Params},
    inbox::{InboxMessage, MessageKind},
    program::{Amount, Instruction},
    tree::Tree,
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Hash, Quote},
};

use crate::chain::{ChainSpec, OpenBatch, SealedBatch, execute};

/// When the chain of the tests starts.
pub(crate) const GENESIS_MS: u64 = 1_700_000_000_000;

/// A key from a number.
pub(crate) fn key(number: u8) -> Key {
    Key::from_seed([number; 32])
}

/// A genesis whose committee has the keys 1 to `members`.
pub(crate) fn genesis(members: u8) -> Genesis {
    Genesis {
        version: GENESIS_VERSION,
        name: "test".to_owned(),
        program_id: Address::new([9; 32]),
        committee: (1..=members).map(|number| key(number).address()).collect(),
        time_ms: GENESIS_MS,
        treasury: key(0).address(),
        quote_assets: Vec::new(),
        params: Params {
            batch_interval_ms: 1_000,
            batch_chunks_max: 64,
            chunk_bytes_max: 3_000,
            block_transactions_max: 1_000,
            challenge_slots: 1,
            challenge_secs: 1,
            inbox_delay_slots: 100,
            bond_lamports: 1_000_000_000,
            challenge_lamports: 100_000_000,
            takeover_slots: 500,
            authority: Address::default(),
            authority_delay_secs: 0,
        },
    }
}

pub(crate) fn spec() -> ChainSpec {
    ChainSpec::new(genesis(1))
}

/// The deposits with indices `from..from + owners.len()`.
pub(crate) fn deposits(from: u64, owners: &[Address], amount: u64) -> Vec<InboxMessage> {
    let deposit = |(index, owner): (u64, &Address)| InboxMessage {
        index,
        slot: 10 + index,
        kind: MessageKind::Deposit {
            asset: AssetId::SOL,
            amount: Quote::new(amount),
            recipient: *owner,
        },
    };
    (from..).zip(owners).map(deposit).collect()
}

/// A message with these bytes in place of a transaction.
pub(crate) const fn forced_bytes(index: u64, bytes: Vec<u8>) -> InboxMessage {
    InboxMessage { index, slot: index.saturating_add(10), kind: MessageKind::Transaction { bytes } }
}

/// A message that forces a transaction in.
pub(crate) fn forced(index: u64, transaction: &Transaction) -> InboxMessage {
    forced_bytes(index, transaction.encode())
}

/// A signed transaction.
pub(crate) fn transaction(
    chain: &Hash,
    signer: &Key,
    nonce: u64,
    program: Vec<Instruction>,
) -> Transaction {
    expiring(chain, signer, (nonce, NEVER_EXPIRES), program)
}

/// A signed transaction with a nonce and an expiry height.
pub(crate) fn expiring(
    chain: &Hash,
    signer: &Key,
    (nonce, expires_at): (u64, u64),
    program: Vec<Instruction>,
) -> Transaction {
    let body = Body {
        version: TX_VERSION,
        signer: signer.address(),
        session: None,
        nonce,
        expires_at,
        program,
    };
    let signature = signer.sign(&body.digest(chain));
    Transaction { body, signature }
}

/// A signed transfer of lamports.
pub(crate) fn transfer(
    chain: &Hash,
    signer: &Key,
    nonce: u64,
    to: &Address,
    amount: u64,
) -> Transaction {
    let amount = Amount::Quote(AssetId::SOL, Quote::new(amount));
    transaction(chain, signer, nonce, vec![Instruction::Transfer { to: *to, amount }])
}

/// The first batches of a chain: ten deposits at first, and in each batch ten transfers of the batch's amount, all but one to the same
/// account, so that the amount shows in the root.
pub(crate) fn batches(spec: &ChainSpec, amounts: &[u64]) -> Vec<SealedBatch> {
    let owners: Vec<_> = (1..=10).map(|number| key(number).address()).collect();
    let mut tree = spec.genesis.tree().unwrap();
    let mut height = 0;
    let mut next = |messages, transactions| {
        height += 1;
        let time_ms = GENESIS_MS + height * 400;
        BlockBody { height, time_ms, messages, transactions }
    };
    let mut sealed = Vec::new();
    for (nonce, amount) in (0..).zip(amounts) {
        let funds = if nonce == 0 { deposits(0, &owners, 1_000) } else { Vec::new() };
        let transfers = (1..=10).map(|number| {
            let to = key(if number == 1 { 2 } else { 1 }).address();
            transfer(&spec.id, &key(number), nonce, &to, *amount)
        });
        let blocks = [next(funds, Vec::new()), next(Vec::new(), transfers.collect())];
        sealed.push(batch(spec, &mut tree, nonce + 1, blocks));
    }
    sealed
}

/// The batch of these blocks over a state, which becomes that after it.
pub(crate) fn batch(
    spec: &ChainSpec,
    tree: &mut Tree,
    number: u64,
    blocks: impl IntoIterator<Item = BlockBody>,
) -> SealedBatch {
    let before = curvevm::block::chain(tree).unwrap();
    let mut open = OpenBatch::new(number, Tip::new(&before, tree.root()));
    for body in blocks {
        let ids = body.transactions.iter().map(|it| it.id(&spec.id)).collect();
        open.push(execute(tree, spec, body, ids).unwrap().block);
    }
    let chain = curvevm::block::chain(tree).unwrap();
    open.seal(spec, &chain, tree.root()).unwrap()
}
