//! A disk that keeps what was synced and, after a crash, some prefix of what was not.

use asset_consensus::{DurableState, Record, Seq};
use asset_consensus_wal::frame;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;

/// The log of a slot, in the production frame format.
#[derive(Debug, Default)]
pub(crate) struct SimDisk {
    bytes: Vec<u8>,
    synced_bytes: usize,
    frames: u64,
    /// Where each unsynced batch ends.
    unsynced: Vec<(Seq, usize)>,
}

impl SimDisk {
    pub(crate) fn append(&mut self, seq: Seq, records: &[Record]) {
        frame::encode(self.frames, records, &mut self.bytes).expect("records fit into a frame");
        self.frames += 1;
        self.unsynced.push((seq, self.bytes.len()));
    }

    pub(crate) fn sync(&mut self, seq: Seq) {
        while let Some((first, end)) = self.unsynced.first().copied() {
            if first > seq {
                break;
            }
            self.synced_bytes = end;
            self.unsynced.remove(0);
        }
    }

    /// Loses a part of the unsynced bytes.
    pub(crate) fn crash(&mut self, rng: &mut ChaCha8Rng) {
        let unsynced = (self.bytes.len() - self.synced_bytes) as u64;
        let survives = if unsynced == 0 { 0 } else { rng.next_u64() % (unsynced + 1) };
        self.bytes.truncate(self.synced_bytes + survives as usize);
        self.unsynced.clear();
    }

    /// Reads the log back after a crash and cuts off the torn tail.
    pub(crate) fn recover(&mut self) -> DurableState {
        let scan = frame::scan(&self.bytes, 0).expect("a crash does not corrupt the log");
        self.bytes.truncate(scan.valid_bytes);
        self.synced_bytes = scan.valid_bytes;
        self.frames = scan.frames.len() as u64;
        let mut state = DurableState::default();
        scan.frames.into_iter().flatten().for_each(|record| state.fold(record));
        state
    }
}
