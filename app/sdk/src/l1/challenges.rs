//! Challenges: the witness that is uploaded, and what is done with it.

use asset_rollup_interface::{
    instruction::{self as ix, Challenge, ChallengeTrace, REPLAY_HEAP_BYTES, SYSTEM_PROGRAM},
    state::{Batch, Parts, Witness},
};
use curvevm::types::Address;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use solana_instruction::{AccountMeta, Instruction};

use super::{
    address::{address, pubkey},
    client::{L1Client, layout},
    config::Level,
    error::L1Error,
    instructions::{COMPUTE_UNITS, COMPUTE_UNITS_MAX, instruction, program_error, write},
    send::{Landed, Write},
};
use crate::keys::Key;

/// Pieces of a witness that are on their way to the L1 at one time.
pub const WITNESS_PIECES_IN_FLIGHT: usize = 8;
/// `CreateAccount` of the system program.
const CREATE_ACCOUNT: [u8; 4] = [0; 4];

/// What a challenge is about, besides what it says.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The batch's account, as read.
    pub batch: &'a Batch,
    /// The witness.
    pub witness: &'a Address,
    /// The index of the next verdict, as the rollup has it.
    pub verdict: u64,
}

impl L1Client {
    /// A witness; nothing when there is none at the address.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn witness(&self, at: &Address, level: Level) -> Result<Option<Witness>, L1Error> {
        let at = pubkey(at);
        let Some(data) = self.owned(&at, level).await? else { return Ok(None) };
        Witness::parse(&data).map(Some).map_err(|reason| layout(&at, reason))
    }

    /// Makes the account of `witness`, which is new, and takes it as a witness against a live batch. `owner` pays its rent and the deposit.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn open_witness(
        &self,
        owner: &Key,
        witness: &Key,
        (number, parts): (u64, &Parts<'_>),
    ) -> Result<Landed, L1Error> {
        self.write(owner, open(self, owner, witness, (number, parts))?).await
    }

    /// Writes what a witness does not have yet of `body`, several pieces at a time. `written` is its body as read. Gives how many pieces
    /// were written.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn write_witness(
        &self,
        owner: &Key,
        witness: &Address,
        (body, written): (&[u8], &[u8]),
    ) -> Result<usize, L1Error> {
        let piece_bytes = self.config().format.witness_piece_bytes_max();
        let pieces = missing(body, written, piece_bytes);
        let send = |(offset, bytes): (u32, &[u8])| {
            let write =
                piece(self, owner, witness, ix::WriteWitness { offset, bytes: bytes.to_vec() });
            async move { self.write(owner, write).await.map(|_| ()) }
        };
        let sent: Vec<()> = stream::iter(pieces)
            .map(send)
            .buffer_unordered(WITNESS_PIECES_IN_FLIGHT)
            .try_collect()
            .await?;
        Ok(sent.len())
    }

    /// Replays a segment on the L1. The batch is rolled back when the segment is wrong; the deposit is burnt when it is not.
    ///
    /// # Errors
    ///
    /// [`L1Error`], also when another verdict was written at the same moment, or the batch was rolled back: read again.
    pub async fn challenge(
        &self,
        challenger: &Key,
        challenge: &Challenge,
        case: &Case<'_>,
    ) -> Result<Landed, L1Error> {
        self.write(challenger, replay(self, challenger, ("challenge", challenge.data()), case))
            .await
    }

    /// Shows on the L1 that the chunks of a batch do not make up the batch. Ends as [`L1Client::challenge`] does.
    ///
    /// # Errors
    ///
    /// As [`L1Client::challenge`].
    pub async fn challenge_trace(
        &self,
        challenger: &Key,
        challenge: &ChallengeTrace,
        case: &Case<'_>,
    ) -> Result<Landed, L1Error> {
        let call = ("challenge_trace", challenge.data());
        self.write(challenger, replay(self, challenger, call, case)).await
    }

    /// Closes a witness against a batch of this number. Its rent goes to its owner; the deposit too when that batch was rolled back,
    /// otherwise it is burnt.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn close_witness(
        &self,
        owner: &Key,
        witness: &Address,
        number: u64,
    ) -> Result<Landed, L1Error> {
        let at = self.addresses();
        let accounts = ix::CloseWitnessAccounts {
            owner: owner.address(),
            rollup: address(&at.rollup),
            batch: address(&at.batch(number)),
            witness: *witness,
        };
        let call = (ix::CloseWitness {}.data(), &accounts.metas()[..]);
        self.write(owner, write(self, "close_witness", call, COMPUTE_UNITS)).await
    }
}

/// The account is made without lamports: `init_witness` raises it to its rent minimum and the deposit.
fn open(
    client: &L1Client,
    owner: &Key,
    witness: &Key,
    (number, parts): (u64, &Parts<'_>),
) -> Result<Write, L1Error> {
    let what = "init_witness";
    let too_long =
        || program_error(what, asset_rollup_interface::error::RollupError::WitnessSize.code());
    let lengths = parts.lengths().ok_or_else(too_long)?;
    let body = [parts.state, parts.chunk, parts.next].iter().map(|part| part.len()).sum();
    let bytes = u64::try_from(Witness::bytes(body)).map_err(|_| too_long())?;
    let at = client.addresses();
    let create = Instruction {
        program_id: pubkey(&SYSTEM_PROGRAM),
        accounts: [owner, witness]
            .map(|key| AccountMeta::new(pubkey(&key.address()), true))
            .to_vec(),
        data: [
            &CREATE_ACCOUNT[..],
            &0u64.to_le_bytes(),
            &bytes.to_le_bytes(),
            client.config().program_id.as_bytes(),
        ]
        .concat(),
    };
    let accounts = ix::InitWitnessAccounts {
        owner: owner.address(),
        rollup: address(&at.rollup),
        batch: address(&at.batch(number)),
        witness: witness.address(),
    };
    let init = instruction(client, (ix::InitWitness { number, lengths }.data(), &accounts.metas()));
    let signer = Some(witness.clone());
    Ok(Write { signer, ..Write::new(what, vec![create, init], COMPUTE_UNITS) })
}

fn piece(client: &L1Client, owner: &Key, witness: &Address, piece: ix::WriteWitness) -> Write {
    let accounts = ix::WriteWitnessAccounts { owner: owner.address(), witness: *witness };
    write(client, "write_witness", (piece.data(), &accounts.metas()), COMPUTE_UNITS)
}

/// The pieces of a body that are not written, and where they begin.
fn missing<'a>(body: &'a [u8], written: &[u8], piece_bytes: usize) -> Vec<(u32, &'a [u8])> {
    let mut pieces = Vec::new();
    let mut from = 0usize;
    for piece in body.chunks(piece_bytes) {
        let to = from.saturating_add(piece.len());
        if written.get(from..to) != Some(piece)
            && let Ok(offset) = u32::try_from(from)
        {
            pieces.push((offset, piece));
        }
        from = to;
    }
    pieces
}

fn replay(
    client: &L1Client,
    challenger: &Key,
    (what, data): (&'static str, Vec<u8>),
    case: &Case<'_>,
) -> Write {
    let at = client.addresses();
    let accounts = ix::ChallengeAccounts {
        challenger: challenger.address(),
        rollup: address(&at.rollup),
        batch: address(&at.batch(case.batch.number)),
        data: case.batch.data,
        witness: *case.witness,
        verdict: address(&at.verdict(case.verdict)),
    };
    let write = write(client, what, (data, &accounts.metas()), COMPUTE_UNITS_MAX);
    Write { heap_bytes: Some(REPLAY_HEAP_BYTES), ..write }
}

#[cfg(test)]
mod tests {
    use curvevm::types::Hash;
    use solana_hash::Hash as Blockhash;

    use super::*;
    use crate::l1::{L1Config, TransactionFormat};

    #[test]
    fn only_pieces_that_are_not_written_are_written() {
        let body = [1u8, 2, 3, 4, 5, 6, 7];
        assert_eq!(missing(&body, &[], 3), [(0, &body[..3]), (3, &body[3..6]), (6, &body[6..])]);
        assert_eq!(missing(&body, &[1, 2, 3, 0, 0, 0, 7], 3), [(3, &body[3..6])]);
        assert!(missing(&body, &body, 3).is_empty());
    }

    #[test]
    fn the_longest_piece_fits_a_transaction() {
        for format in [TransactionFormat::V0, TransactionFormat::V1] {
            let (program, chain) = (Address::new([1; 32]), Hash::new([2; 32]));
            let mut config = L1Config::new("http://127.0.0.1:1", program, chain);
            config.format = format;
            let client = L1Client::new(config);
            let (owner, witness) = (Key::from_seed([4; 32]), Key::from_seed([5; 32]));
            let bytes = vec![7; format.witness_piece_bytes_max()];
            let write =
                piece(&client, &owner, &witness.address(), ix::WriteWitness { offset: 0, bytes });
            client.sign(&owner, &write, Blockhash::default()).unwrap();

            let parts = Parts { state: &[1], chunk: &[2, 3], next: &[] };
            let write = open(&client, &owner, &witness, (9, &parts)).unwrap();
            let signed = client.sign(&owner, &write, Blockhash::default()).unwrap();
            assert_eq!(signed.signatures.len(), 2);
        }
    }
}
