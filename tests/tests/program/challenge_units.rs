//! What challenges cost: the dearest segments and chunks stay below the ceiling, on both builds.

use std::fmt::Write as _;

use asset_rollup_interface::{
    instruction::{Challenge, ChallengeTrace, TraceFault},
    state::{ACCOUNT_VERSION, Batch, Data, Witness},
};
use borsh::BorshSerialize;
use curvevm::{
    batch::chunk_hash,
    codec::{CHUNK_BYTES_MAX, decode_chunk},
    types::Address,
};
use solana_account::Account;

use super::{
    meter::{DEPTHS, worst},
    support::{
        Build, CHALLENGER, Case, Upload, World, account_of, key_of, keypair, pubkey,
        scene::{TREASURY, assets},
    },
};

/// The most compute units of a challenge.
const CHALLENGE_MAX: u64 = 1_200_000;
/// The seed of the witness's account.
const WITNESS: u8 = 30;

/// A rollup with a committee of the largest size, and one live batch that all of it signed.
pub(super) struct Court {
    world: World,
    poster: Address,
}

fn account(discriminator: [u8; 8], body: &impl BorshSerialize) -> Vec<u8> {
    let mut data = discriminator.to_vec();
    data.extend(borsh::to_vec(body).unwrap());
    data
}

impl Court {
    /// The chain is that of the scenes.
    pub(super) fn new(build: Build) -> Self {
        let mut world = World::empty(build).fork(|genesis| {
            genesis.treasury = super::support::address(TREASURY);
            genesis.quote_assets = assets()[1..].to_vec();
        });
        world.start();
        world.settle(vec![]);
        world.edit_rollup(|rollup| {
            rollup.chunk_bytes_max = u16::try_from(CHUNK_BYTES_MAX).unwrap();
            for (seed, member) in (0..).zip(&mut rollup.members) {
                *member = super::support::address(seed);
            }
            (rollup.member_count, rollup.active) = (32, u32::MAX);
        });
        let batch = Batch { signers: u32::MAX, ..world.batch_account(1).unwrap() };
        let at = world.batch_address(1);
        world.edit(&at, |data| *data = account(Batch::DISCRIMINATOR, &batch));
        world.challenger();
        let poster = key_of(&world.payer());
        Self { world, poster }
    }

    /// Whether the batch whose data is `chunks` is rolled back by a challenge, and what that costs.
    fn judge(
        &self,
        chunks: &[&[u8]],
        upload: &Upload,
        instruction: impl FnOnce(&World, Address) -> solana_transaction::Instruction,
    ) -> (bool, u64) {
        let mut world = self.world.clone();
        let at = world.data_address(1, &self.poster);
        let hashes = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        let data = Data { hashes, ..world.data_account(1, &self.poster).unwrap() };
        world.edit(&at, |bytes| *bytes = account(Data::DISCRIMINATOR, &data));
        let at = account_of(WITNESS);
        self.lay(&mut world, &at, upload);
        let instruction = instruction(&world, at);
        let units = world.send_challenge(instruction).unwrap().compute_units_consumed;
        let rollup = world.rollup_account();
        if rollup.rollbacks == 1 {
            assert_eq!(world.verdict_account(0).unwrap().accused_count, 32);
        }
        (rollup.rollbacks == 1, units)
    }

    /// Lays down a witness against the batch.
    fn lay(&self, world: &mut World, at: &Address, upload: &Upload) {
        let batch = world.batch_account(1).unwrap();
        let [state_length, chunk_length, next_length] = upload.parts().lengths().unwrap();
        let deposit = world.rollup_account().challenge_lamports;
        let witness = Witness {
            version: ACCOUNT_VERSION,
            reserved: [0; 3],
            state_length,
            chunk_length,
            next_length,
            rollup: world.rollup,
            owner: key_of(&keypair(CHALLENGER)),
            number: 1,
            batch_hash: batch.batch_hash,
            post_root: batch.post_root,
            deposit,
            body: upload.parts().body(),
        };
        let data = account(Witness::DISCRIMINATOR, &witness);
        let lamports = world.svm.minimum_balance_for_rent_exemption(data.len()) + deposit;
        let owner = pubkey(&world.program);
        let account = Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX };
        world.svm.set_account(pubkey(at), account).unwrap();
    }

    /// What challenging a segment costs; with a claimed root that is wrong, or without.
    fn challenge(&self, case: &Case, wrong: bool) -> u64 {
        let mut chunk = case.chunk.clone();
        if wrong {
            let segments = decode_chunk(&chunk).unwrap();
            let next = segments.iter().find(|placed| placed.offset > case.offset);
            let end = next.map_or(chunk.len(), |placed| placed.offset as usize);
            chunk[end - 1] ^= 1;
        }
        let upload = Upload { state: case.witness.clone(), chunk: chunk.clone(), next: vec![] };
        let challenge = Challenge { number: 1, chunk: 0, offset: case.offset };
        let (proved, units) =
            self.judge(&[&chunk], &upload, |world, at| world.challenge_instruction(&challenge, at));
        assert_eq!(proved, wrong);
        units
    }

    fn trace(&self, fault: TraceFault, chunks: &[&[u8]]) -> (bool, u64) {
        let part = |at: usize| chunks.get(at).map_or(vec![], |chunk| chunk.to_vec());
        let upload = Upload { state: vec![], chunk: part(0), next: part(1) };
        let trace = ChallengeTrace { number: 1, chunk: 0, fault };
        self.judge(chunks, &upload, |world, at| world.trace_instruction(&trace, at))
    }
}

/// Chunks as long as they may be which decode to as much as they may, and a name for each.
fn dearest_chunks() -> Vec<(&'static str, Vec<u8>)> {
    // Version, root, height, time, one key.
    let mut head = vec![1];
    head.extend([0; 32 + 2]);
    head.push(1);
    head.extend([7; 32]);
    let fill = |segment: Vec<u8>| {
        let mut chunk = head.clone();
        while chunk.len() + segment.len() <= CHUNK_BYTES_MAX {
            chunk.extend(&segment);
        }
        chunk
    };
    let root = [9; 32];
    let begins = [vec![8 << 2], vec![1; 8], root.to_vec()].concat();
    // A transaction of eight instructions, each of two bytes: a revocation of the one key.
    let transaction = [vec![8, 0, 0], [REVOKE, 0].repeat(8), vec![5; 64]].concat();
    let alone = [vec![1 << 2 | 2, 0, 1], transaction.clone(), root.to_vec()].concat();
    let crowd = [vec![2, 8], transaction.repeat(8), root.to_vec()].concat();
    // The shortest message: a transaction of no bytes.
    let message = [vec![0; 16], vec![2, 0, 0, 0, 0]].concat();
    let messages = [vec![1, 8], message.repeat(8), root.to_vec()].concat();
    vec![
        ("beginnings", fill(begins)),
        ("transactions alone", fill(alone)),
        ("transactions in eights", fill(crowd)),
        ("messages in eights", fill(messages)),
    ]
}

/// The opcode of `REVOKE` in a chunk.
const REVOKE: u8 = 14;

/// The table of challenges of `programs/compute-units.md`.
pub(super) fn render() -> String {
    let mut text = format!(
        "\n## Challenges\n\nThe dearest segments that were found, on paths of 20 and of 80 branches, challenged where the root \
         that is claimed is wrong, with 32 accused. A test fails above {CHALLENGE_MAX}.\n\n\
         | segment | branches | witness bytes | chunk bytes | v0 | v3 |\n|---|--:|--:|--:|--:|--:|\n"
    );
    let courts = [Court::new(Build::V0), Court::new(Build::V3)];
    for depth in [20, 80] {
        for (name, cases) in worst(depth) {
            let Some(case) = cases.iter().max_by_key(|case| case.witness.len()) else { continue };
            let [v0, v3] = courts.each_ref().map(|court| court.challenge(case, true));
            let (witness, chunk) = (case.witness.len(), case.chunk.len());
            writeln!(text, "| {name} | {depth} | {witness} | {chunk} | {v0} | {v3} |").unwrap();
        }
    }
    for (name, chunk) in dearest_chunks() {
        let bytes = chunk.len();
        let join = |court: &Court| court.trace(TraceFault::Join, &[&chunk, &chunk]).1;
        let [v0, v3] = courts.each_ref().map(join);
        writeln!(text, "| join of two chunks of {name} | | 0 | {bytes} | {v0} | {v3} |").unwrap();
    }
    text
}

on_each_build! {
    fn the_dearest_segments_can_be_challenged(build: Build) {
        let court = Court::new(build);
        for depth in DEPTHS {
            for (name, cases) in worst(depth) {
                for case in cases {
                    for wrong in [false, true] {
                        let units = court.challenge(&case, wrong);
                        assert!(units <= CHALLENGE_MAX, "{name} at {depth}: {units}");
                    }
                }
            }
        }
    }

    fn the_dearest_chunks_can_be_challenged(build: Build) {
        let court = Court::new(build);
        for (name, chunk) in dearest_chunks() {
            assert!(decode_chunk(&chunk).is_ok(), "{name}");
            let (wrong, units) = court.trace(TraceFault::Malformed, &[&chunk]);
            assert!(!wrong && units <= CHALLENGE_MAX, "{name}: {units}");
            let (wrong, units) = court.trace(TraceFault::Join, &[&chunk, &chunk]);
            assert!(wrong && units <= CHALLENGE_MAX, "{name}: {units}");
            let mut cut = chunk.clone();
            cut.pop();
            let (wrong, units) = court.trace(TraceFault::Malformed, &[&cut]);
            assert!(wrong && units <= CHALLENGE_MAX, "{name}: {units}");
        }
    }
}
