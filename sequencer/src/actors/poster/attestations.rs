//! Attestations of batches: the members' signatures over the settlement digest, which the program counts.

use std::{collections::BTreeMap, sync::Arc};

use asset_consensus::{MemberIx, Signature};
use asset_consensus_net::transport::AppSender;
use asset_sdk::keys::Key;
use curvevm::{
    host,
    types::{Hash, Signature as MemberSignature},
};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    chain::ChainSpec,
    gossip::AppMessage,
    store::{Attestation, Store, StoreError},
};

/// Batches whose attestations are collected at one time.
const COLLECTING_MAX: usize = 64;

/// The way to the other members.
pub(crate) trait Post: Send + Sync + std::fmt::Debug {
    /// Sends to one member, if there is room.
    fn send(&self, to: MemberIx, frame: Arc<[u8]>);
    /// Sends to every other member, as far as there is room.
    fn broadcast(&self, frame: Arc<[u8]>);
}

impl Post for AppSender {
    fn send(&self, to: MemberIx, frame: Arc<[u8]>) {
        // What is lost is asked for again.
        let _ = Self::send(self, to, frame);
    }

    fn broadcast(&self, frame: Arc<[u8]>) {
        Self::broadcast(self, frame);
    }
}

/// Gives and collects attestations.
#[derive(Debug)]
pub(crate) struct Attestations {
    spec: Arc<ChainSpec>,
    store: Arc<Store>,
    me: MemberIx,
    key: Key,
    post: Arc<dyn Post>,
    collecting: Mutex<BTreeMap<u64, BTreeMap<u8, Signature>>>,
    changes: watch::Sender<u64>,
}

impl Attestations {
    pub(crate) fn new(
        spec: Arc<ChainSpec>,
        store: Arc<Store>,
        (me, key): (MemberIx, Key),
        post: Arc<dyn Post>,
    ) -> Self {
        let collecting = Mutex::default();
        Self { spec, store, me, key, post, collecting, changes: watch::Sender::new(0) }
    }

    /// Turns when more attestations arrived.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The attestations that are held of a batch; a quorum of them can be committed. Blocks.
    pub(super) fn held(&self, batch: u64) -> Result<Vec<(u8, MemberSignature)>, StoreError> {
        let mut held: BTreeMap<u8, Signature> =
            self.store.attestations(batch)?.iter().map(|it| (it.member, it.signature)).collect();
        if let Some(collected) = self.collecting.lock().get(&batch) {
            held.extend(collected);
        }
        Ok(held.into_iter().map(|(member, it)| (member, MemberSignature::new(it.0))).collect())
    }

    /// Asks every other member for its attestation of a batch, and gives one's own. Blocks.
    pub(super) fn collect(&self, batch: u64) -> Result<(), StoreError> {
        if let Some(digest) = self.digest(batch)?
            && let Ok(member) = u8::try_from(self.me.get())
        {
            self.add(batch, member, self.sign(&digest))?;
        }
        self.post.broadcast(AppMessage::AttestationRequest { batch }.encode().into());
        Ok(())
    }

    /// Answers a member that asks for an attestation of a batch: that of this member, where its last block is final here.
    /// Blocks.
    pub(crate) fn on_request(&self, from: MemberIx, batch: u64) -> Result<(), StoreError> {
        if let Some(digest) = self.digest(batch)? {
            let signature = self.sign(&digest);
            self.post.send(from, AppMessage::Attestation { batch, signature }.encode().into());
        }
        Ok(())
    }

    /// Takes a member's attestation of a batch that is being collected. Blocks.
    pub(crate) fn on_attestation(
        &self,
        from: MemberIx,
        batch: u64,
        signature: Signature,
    ) -> Result<(), StoreError> {
        if !self.collecting.lock().contains_key(&batch) {
            return Ok(());
        }
        let member = usize::from(from.get());
        let Some(key) = self.spec.genesis.committee.get(member) else { return Ok(()) };
        let Some(digest) = self.digest(batch)? else { return Ok(()) };
        if !host::verify(key, &digest, &MemberSignature::new(signature.0)) {
            tracing::warn!(member, batch, "a member's attestation does not verify");
            return Ok(());
        }
        let Ok(member) = u8::try_from(from.get()) else { return Ok(()) };
        self.add(batch, member, signature)
    }

    fn add(&self, batch: u64, member: u8, signature: Signature) -> Result<(), StoreError> {
        let mut collecting = self.collecting.lock();
        let collected = collecting.entry(batch).or_default();
        collected.insert(member, signature);
        if collected.len() >= self.spec.quorum() {
            let attestations: Vec<Attestation> = collected
                .iter()
                .map(|(member, signature)| Attestation { member: *member, signature: *signature })
                .collect();
            self.store.put_attestations(batch, &attestations)?;
            collecting.remove(&batch);
        }
        while collecting.len() > COLLECTING_MAX {
            collecting.pop_first();
        }
        drop(collecting);
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }

    fn digest(&self, batch: u64) -> Result<Option<Hash>, StoreError> {
        let stored = self.store.batch(batch)?;
        let digest = |header: &curvevm::batch::BatchHeader| {
            header.settlement_digest(self.spec.program_id(), &self.spec.committee_hash)
        };
        Ok(stored.map(|stored| digest(&stored.header)))
    }

    fn sign(&self, digest: &Hash) -> Signature {
        Signature(*self.key.sign(digest).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use curvevm::block::BlockBody;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        actors::executor::{Version, commit_record, transition},
        testing::{GENESIS_MS, deposits, genesis, key},
    };

    /// Remembers what was sent, and to whom; none is everybody.
    #[derive(Debug, Default)]
    struct Outbox(StdMutex<Vec<(Option<MemberIx>, AppMessage)>>);

    impl Post for Outbox {
        fn send(&self, to: MemberIx, frame: Arc<[u8]>) {
            self.0.lock().unwrap().push((Some(to), AppMessage::decode(&frame).unwrap()));
        }

        fn broadcast(&self, frame: Arc<[u8]>) {
            self.0.lock().unwrap().push((None, AppMessage::decode(&frame).unwrap()));
        }
    }

    struct Member {
        attestations: Attestations,
        outbox: Arc<Outbox>,
        store: Arc<Store>,
        _folder: TempDir,
    }

    /// Member `index` of four, who holds batch 1 without attestations.
    fn member(index: u8) -> Member {
        let spec = Arc::new(ChainSpec::new(genesis(4)));
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("store"), &spec).unwrap());
        let mut head = Version::genesis(&spec).unwrap();
        for height in 1..=2 {
            let messages = match height {
                1 => deposits(0, &[key(1).address()], 5_000),
                _ => Vec::new(),
            };
            let time_ms = GENESIS_MS + height * 1_000;
            let body = BlockBody { height, time_ms, messages, transactions: Vec::new() };
            let next = transition(&spec, &head, body, Vec::new()).unwrap();
            let block = asset_consensus::Block {
                height: asset_consensus::Height::new(height),
                parent: head.id,
                settlement: None,
                payload: Vec::new(),
            };
            head = Version::new(block.id(&spec.consensus_chain()), next);
            commit_record(&store, &block, None, &head, &[]).unwrap();
        }
        assert_eq!(head.last_batch(), 1);
        let outbox = Arc::new(Outbox::default());
        let me = (MemberIx::new(u16::from(index)), key(index + 1));
        let attestations = Attestations::new(spec, store.clone(), me, outbox.clone());
        Member { attestations, outbox, store, _folder: folder }
    }

    #[test]
    fn asks_the_members_and_keeps_a_quorum() {
        let asking = member(0);
        asking.attestations.collect(1).unwrap();
        let request = (None, AppMessage::AttestationRequest { batch: 1 });
        assert_eq!(*asking.outbox.0.lock().unwrap(), vec![request]);
        for index in 1..3u8 {
            let answering = member(index);
            answering.attestations.on_request(MemberIx::new(0), 1).unwrap();
            let answers = answering.outbox.0.lock().unwrap().clone();
            let [(Some(to), AppMessage::Attestation { batch, signature })] = &answers[..] else {
                panic!("{answers:?}")
            };
            assert_eq!(*to, MemberIx::new(0));
            let from = MemberIx::new(u16::from(index));
            asking.attestations.on_attestation(from, *batch, *signature).unwrap();
        }
        let held = asking.attestations.held(1).unwrap();
        assert_eq!(held.iter().map(|(member, _)| *member).collect::<Vec<_>>(), vec![0, 1, 2]);
        assert_eq!(asking.store.attestations(1).unwrap().len(), 3);
        let spec = &asking.attestations.spec;
        let digest = asking.attestations.digest(1).unwrap().unwrap();
        for (member, signature) in held {
            assert!(host::verify(
                &spec.genesis.committee[usize::from(member)],
                &digest,
                &signature
            ));
        }
    }

    #[test]
    fn counts_no_forged_attestation_and_none_that_nobody_asked_for() {
        let asking = member(0);
        let one = MemberIx::new(1);
        let digest = asking.attestations.digest(1).unwrap().unwrap();
        let good = Signature(*key(2).sign(&digest).as_bytes());
        asking.attestations.on_attestation(one, 1, good).unwrap();
        assert_eq!(asking.attestations.held(1).unwrap().len(), 0);
        asking.attestations.collect(1).unwrap();
        asking.attestations.on_attestation(one, 1, Signature([3; 64])).unwrap();
        // A good one, but of another member than the one that sent it.
        asking.attestations.on_attestation(MemberIx::new(2), 1, good).unwrap();
        asking.attestations.on_attestation(MemberIx::new(9), 1, good).unwrap();
        assert_eq!(asking.attestations.held(1).unwrap().len(), 1);
        asking.attestations.on_attestation(one, 1, good).unwrap();
        assert_eq!(asking.attestations.held(1).unwrap().len(), 2);
    }

    #[test]
    fn attests_no_batch_that_is_not_closed_here() {
        let answering = member(1);
        answering.attestations.on_request(MemberIx::new(0), 2).unwrap();
        assert_eq!(*answering.outbox.0.lock().unwrap(), Vec::new());
    }
}
