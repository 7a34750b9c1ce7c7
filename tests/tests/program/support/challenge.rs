//! Witnesses and challenges of a world.

use asset_rollup_interface::{
    instruction::{
        Challenge, ChallengeAccounts, ChallengeTrace, CloseWitness, CloseWitnessAccounts,
        InitWitness, InitWitnessAccounts, TraceFault, WriteWitness, WriteWitnessAccounts,
    },
    state::{Parts, Witness},
};
use curvevm::{
    block::{replay_segment, segment_witness},
    codec::decode_chunk,
    tree::Tree,
    types::Address,
};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::{AccountMeta, Instruction};

use super::{Outcome, Sealed, World, budget, heap, key_of, keypair, pubkey};

/// The seed of every challenger.
pub(crate) const CHALLENGER: u8 = 7;
/// How much is written at once.
const PIECE: usize = 900;

/// What is uploaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Upload {
    pub(crate) state: Vec<u8>,
    pub(crate) chunk: Vec<u8>,
    pub(crate) next: Vec<u8>,
}

impl Upload {
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts { state: &self.state, chunk: &self.chunk, next: &self.next }
    }

    pub(crate) fn bytes(&self) -> usize {
        Witness::bytes(self.parts().body().len())
    }
}

/// A segment of a batch, and what it is replayed from.
#[derive(Clone, Debug)]
pub(crate) struct Exhibit {
    pub(crate) challenge: Challenge,
    pub(crate) upload: Upload,
    /// Whether the native machine finds it wrong.
    pub(crate) wrong: bool,
}

/// An exhibit for each segment of a batch on the state before it, up to the first one that is wrong.
pub(crate) fn exhibits(before: &Tree, sealed: &Sealed, chunk_bytes_max: usize) -> Vec<Exhibit> {
    let chain_id = sealed.header.chain_id;
    let (mut tree, mut exhibits) = (before.clone(), vec![]);
    for (chunk, bytes) in (0..).zip(&sealed.chunks) {
        for placed in decode_chunk(bytes).unwrap() {
            let state = segment_witness(&tree, &chain_id, chunk_bytes_max, &placed).unwrap();
            let replayed = replay_segment(&mut tree, &chain_id, chunk_bytes_max, &placed);
            let wrong = replayed.map(|it| it.post_root) != Ok(placed.post_root);
            let offset = placed.offset;
            let challenge = Challenge { number: sealed.header.number, chunk, offset };
            let upload = Upload { state, chunk: bytes.clone(), next: vec![] };
            exhibits.push(Exhibit { challenge, upload, wrong });
            if wrong {
                return exhibits;
            }
        }
    }
    exhibits
}

impl World {
    /// The challenger, with lamports.
    pub(crate) fn challenger(&mut self) -> Keypair {
        let challenger = keypair(CHALLENGER);
        if self.lamports(&key_of(&challenger)) < super::SOL {
            self.airdrop(&key_of(&challenger), 100 * super::SOL);
        }
        challenger
    }

    pub(crate) fn witness_account(&self, at: &Address) -> Option<Witness> {
        Some(Witness::parse(&self.data_of(at)?).unwrap())
    }

    /// The system instruction that makes an account of the program.
    pub(crate) fn create_instruction(
        &self,
        payer: &Address,
        at: &Address,
        (lamports, bytes): (u64, usize),
    ) -> Instruction {
        let mut data = vec![0; 4];
        data.extend(lamports.to_le_bytes());
        data.extend(u64::try_from(bytes).unwrap().to_le_bytes());
        data.extend(self.program.as_bytes());
        let accounts = [payer, at].map(|it| AccountMeta::new(pubkey(it), true)).to_vec();
        Instruction { program_id: pubkey(&Address::default()), accounts, data }
    }

    pub(crate) fn init_witness_instruction(
        &self,
        owner: Address,
        witness: Address,
        init: &InitWitness,
    ) -> Instruction {
        let batch = self.batch_address(init.number);
        let accounts = InitWitnessAccounts { owner, rollup: self.rollup, batch, witness };
        self.instruction(accounts.metas(), init.data())
    }

    pub(crate) fn write_witness_instruction(
        &self,
        owner: Address,
        witness: Address,
        write: &WriteWitness,
    ) -> Instruction {
        self.instruction(WriteWitnessAccounts { owner, witness }.metas(), write.data())
    }

    /// Makes the account of `seed` and takes it as a witness against a batch.
    pub(crate) fn init_witness(&mut self, number: u64, seed: u8, upload: &Upload) -> Outcome {
        let (challenger, account) = (self.challenger(), keypair(seed));
        let (owner, at) = (key_of(&challenger), key_of(&account));
        let rent = self.svm.minimum_balance_for_rent_exemption(upload.bytes());
        let create = self.create_instruction(&owner, &at, (rent, upload.bytes()));
        let lengths = upload.parts().lengths().unwrap();
        let init = self.init_witness_instruction(owner, at, &InitWitness { number, lengths });
        self.send_all(&[create, init], &[&challenger, &account])
    }

    /// Uploads a witness against a batch to the account of `seed`.
    pub(crate) fn upload(&mut self, number: u64, seed: u8, upload: &Upload) -> Address {
        self.init_witness(number, seed, upload).unwrap();
        let (challenger, at) = (keypair(CHALLENGER), key_of(&keypair(seed)));
        let owner = key_of(&challenger);
        let body = upload.parts().body();
        for (piece, bytes) in body.chunks(PIECE).enumerate() {
            let offset = u32::try_from(piece * PIECE).unwrap();
            let write = WriteWitness { offset, bytes: bytes.to_vec() };
            let instruction = self.write_witness_instruction(owner, at, &write);
            self.send_all(&[instruction], &[&challenger]).unwrap();
        }
        at
    }

    pub(crate) fn close_witness_instruction(&self, owner: Address, at: Address) -> Instruction {
        let number = self.witness_account(&at).map_or(0, |witness| witness.number);
        let batch = self.batch_address(number);
        let accounts = CloseWitnessAccounts { owner, rollup: self.rollup, batch, witness: at };
        self.instruction(accounts.metas(), CloseWitness {}.data())
    }

    pub(crate) fn close_witness(&mut self, at: Address) -> Outcome {
        let challenger = self.challenger();
        let instruction = self.close_witness_instruction(key_of(&challenger), at);
        self.send_all(&[instruction], &[&challenger])
    }

    fn challenge_accounts(&self, number: u64, witness: Address) -> ChallengeAccounts {
        let data = self.batch_account(number).map(|batch| batch.data).unwrap_or_default();
        ChallengeAccounts {
            challenger: key_of(&keypair(CHALLENGER)),
            rollup: self.rollup,
            batch: self.batch_address(number),
            data,
            witness,
            verdict: self.verdict_address(self.rollup_account().verdicts),
        }
    }

    pub(crate) fn challenge_instruction(&self, challenge: &Challenge, at: Address) -> Instruction {
        let accounts = self.challenge_accounts(challenge.number, at);
        self.instruction(accounts.metas(), challenge.data())
    }

    pub(crate) fn trace_instruction(&self, trace: &ChallengeTrace, at: Address) -> Instruction {
        self.instruction(self.challenge_accounts(trace.number, at).metas(), trace.data())
    }

    /// Sends a challenge with the largest budget and heap, signed by the challenger.
    pub(crate) fn send_challenge(&mut self, instruction: Instruction) -> Outcome {
        let challenger = self.challenger();
        let heap = heap(asset_rollup_interface::instruction::REPLAY_HEAP_BYTES);
        self.send_all(&[heap, budget(1_400_000), instruction], &[&challenger])
    }

    /// Uploads an exhibit to the account of `seed` and challenges with it.
    pub(crate) fn challenge(&mut self, exhibit: &Exhibit, seed: u8) -> Outcome {
        let at = self.upload(exhibit.challenge.number, seed, &exhibit.upload);
        self.send_challenge(self.challenge_instruction(&exhibit.challenge, at))
    }

    /// Uploads chunks, or a state witness, and says what is wrong with them.
    pub(crate) fn challenge_trace(
        &mut self,
        trace: &ChallengeTrace,
        seed: u8,
        upload: &Upload,
    ) -> Outcome {
        let at = self.upload(trace.number, seed, upload);
        self.send_challenge(self.trace_instruction(trace, at))
    }
}

/// A fault of a batch's chunks, and what shows it.
pub(crate) fn trace(
    sealed: &Sealed,
    (chunk, fault): (u16, TraceFault),
    state: Vec<u8>,
) -> (ChallengeTrace, Upload) {
    let chunk_of = |index: usize| sealed.chunks.get(index).cloned().unwrap_or_default();
    let index = usize::from(chunk);
    let upload = match fault {
        TraceFault::Chain => Upload { state, ..Upload::default() },
        TraceFault::Join => Upload { state, chunk: chunk_of(index), next: chunk_of(index + 1) },
        _ => Upload { state, chunk: chunk_of(index), next: vec![] },
    };
    (ChallengeTrace { number: sealed.header.number, chunk, fault }, upload)
}

/// The address of a key pair's account.
pub(crate) fn account_of(seed: u8) -> Address {
    Address::new(keypair(seed).pubkey().to_bytes())
}
