//! Buffers of Solana's upgradeable loader: accounts that anybody can write, for a proof that fits no transaction.

use asset_rollup_interface::{constants::PROOF_OFFSET, instruction::SYSTEM_PROGRAM};
use curvevm::types::Address;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use super::{
    address::pubkey,
    client::L1Client,
    error::L1Error,
    instructions::COMPUTE_UNITS,
    send::{Landed, Write},
};
use crate::keys::Key;

/// The address of the upgradeable loader.
const LOADER: &str = "BPFLoaderUpgradeab1e11111111111111111111111";
/// `CreateAccount` of the system program.
const CREATE_ACCOUNT: [u8; 4] = 0u32.to_le_bytes();
/// Instructions of the loader: `InitializeBuffer`, `Write`, `Close`.
const INITIALIZE_BUFFER: [u8; 4] = 0u32.to_le_bytes();
const WRITE: [u8; 4] = 1u32.to_le_bytes();
const CLOSE: [u8; 4] = 5u32.to_le_bytes();
/// The most bytes that one transaction of 1,232 bytes writes, beside one signature, four addresses, headers and the budget.
const PIECE_BYTES_MAX: usize = 900;
/// Pieces that are on their way to the L1 at one time.
const PIECES_IN_FLIGHT: usize = 8;

impl L1Client {
    /// Writes bytes into a new buffer, whose authority is `payer`: who may close it, and has its rent back.
    ///
    /// # Errors
    ///
    /// [`L1Error`]. The buffer may then be there; `solana program close --buffers` finds and closes it.
    pub(super) async fn write_buffer(
        &self,
        payer: &Key,
        buffer: &Key,
        bytes: &[u8],
    ) -> Result<(), L1Error> {
        let length = PROOF_OFFSET.saturating_add(bytes.len());
        let rent = self.rent(length).await?;
        self.write(payer, open(payer, buffer, (length, rent))).await?;
        let at = buffer.address();
        let send = |(place, bytes): (usize, &[u8])| {
            let write = piece(payer, &at, (place.saturating_mul(PIECE_BYTES_MAX), bytes));
            async move { self.write(payer, write).await.map(|_| ()) }
        };
        stream::iter(bytes.chunks(PIECE_BYTES_MAX).enumerate())
            .map(send)
            .buffer_unordered(PIECES_IN_FLIGHT)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    /// Closes a buffer; its rent goes back to `payer`.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub(super) async fn close_buffer(
        &self,
        payer: &Key,
        buffer: &Address,
    ) -> Result<Landed, L1Error> {
        let payer_at = pubkey(&payer.address());
        let accounts = vec![
            AccountMeta::new(pubkey(buffer), false),
            AccountMeta::new(payer_at, false),
            AccountMeta::new_readonly(payer_at, true),
        ];
        let close = Instruction { program_id: loader(), accounts, data: CLOSE.to_vec() };
        self.write(payer, Write::new("the closing of a buffer", vec![close], COMPUTE_UNITS)).await
    }
}

fn loader() -> Pubkey {
    LOADER.parse().unwrap_or_default()
}

fn open(payer: &Key, buffer: &Key, (length, rent): (usize, u64)) -> Write {
    let [payer_at, buffer_at] = [payer, buffer].map(|key| pubkey(&key.address()));
    // A usize has 64 bits at most.
    let space = u64::try_from(length).unwrap_or(u64::MAX);
    let create = Instruction {
        program_id: pubkey(&SYSTEM_PROGRAM),
        accounts: vec![AccountMeta::new(payer_at, true), AccountMeta::new(buffer_at, true)],
        data: [
            &CREATE_ACCOUNT[..],
            &rent.to_le_bytes(),
            &space.to_le_bytes(),
            &loader().to_bytes(),
        ]
        .concat(),
    };
    let initialize = Instruction {
        program_id: loader(),
        accounts: vec![
            AccountMeta::new(buffer_at, false),
            AccountMeta::new_readonly(payer_at, false),
        ],
        data: INITIALIZE_BUFFER.to_vec(),
    };
    let write = Write::new("a buffer for a proof", vec![create, initialize], COMPUTE_UNITS);
    Write { signer: Some(buffer.clone()), ..write }
}

/// Writes bytes from `offset` on, behind the buffer's header.
fn piece(payer: &Key, buffer: &Address, (offset, bytes): (usize, &[u8])) -> Write {
    let offset = u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes();
    let accounts = vec![
        AccountMeta::new(pubkey(buffer), false),
        AccountMeta::new_readonly(pubkey(&payer.address()), true),
    ];
    let data = [&WRITE[..], &offset, &length, bytes].concat();
    let write = Instruction { program_id: loader(), accounts, data };
    Write::new("a piece of a proof", vec![write], COMPUTE_UNITS)
}

#[cfg(test)]
mod tests {
    use curvevm::types::Hash;
    use solana_hash::Hash as Blockhash;

    use super::*;
    use crate::l1::{L1Config, TransactionFormat};

    #[test]
    fn each_step_fits_the_shorter_format() {
        let (program, chain) = (Address::new([1; 32]), Hash::new([2; 32]));
        let mut config = L1Config::new("http://127.0.0.1:1", program, chain);
        config.format = TransactionFormat::V0;
        let client = L1Client::new(config);
        let (payer, buffer) = (Key::from_seed([4; 32]), Key::from_seed([5; 32]));
        assert_eq!(loader().to_string(), LOADER);
        let write = piece(&payer, &buffer.address(), (1_800, &[7; PIECE_BYTES_MAX]));
        assert_eq!(
            write.instructions[0].data[..16],
            [1, 0, 0, 0, 8, 7, 0, 0, 132, 3, 0, 0, 0, 0, 0, 0]
        );
        client.sign(&payer, &write, Blockhash::default()).unwrap();
        let write = open(&payer, &buffer, (4_100, 1));
        let signed = client.sign(&payer, &write, Blockhash::default()).unwrap();
        assert_eq!(signed.signatures.len(), 2);
    }
}
