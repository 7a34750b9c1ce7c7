//! Transactions that are forced in: they go through the inbox, which the chain has to consume.

use std::time::Duration;

use asset_rollup_interface::{
    error::RollupError,
    instruction::{ForceTransaction, ForceTransactionAccounts},
};
use tokio::time::sleep;

use super::{
    address::address,
    client::L1Client,
    config::Level,
    error::L1Error,
    instructions::{COMPUTE_UNITS, write},
    send::{Landed, Write},
};
use crate::keys::Key;

/// How often a transaction is sent, each time under the index that is next then, while others are first.
pub const FORCE_ATTEMPTS_MAX: usize = 64;
/// The pause after a message that was not the first at its index.
const PAUSE: Duration = Duration::from_millis(50);

impl L1Client {
    /// Appends a signed transaction of the chain to the inbox, as [`curvevm::tx::Transaction::encode`] writes it: at most
    /// [`curvevm::inbox::FORCED_BYTES_MAX`] bytes. `payer` need not be who signed it; it pays the rent of the message, and gets it back
    /// once the batch that consumed it is finalized.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's `WrongMessageIndex` when others were first [`FORCE_ATTEMPTS_MAX`] times.
    pub async fn force_transaction(&self, payer: &Key, bytes: &[u8]) -> Result<Landed, L1Error> {
        let mut attempts = 1;
        loop {
            // What is processed is where the others are that have to be overtaken.
            let index = self.inbox(Level::Processed).await?.count;
            match self.write(payer, force_transaction(self, payer, (index, bytes))).await {
                Err(error) if is_lost_race(&error) && attempts < FORCE_ATTEMPTS_MAX => {
                    tracing::debug!(index, "another message was appended first, trying the next");
                    attempts += 1;
                    sleep(PAUSE).await;
                }
                result => return result,
            }
        }
    }
}

fn force_transaction(client: &L1Client, payer: &Key, (index, bytes): (u64, &[u8])) -> Write {
    let at = client.addresses();
    let accounts = ForceTransactionAccounts {
        payer: payer.address(),
        rollup: address(&at.rollup),
        inbox: address(&at.inbox),
        message: address(&at.message(index)),
    };
    let data = ForceTransaction { index, bytes: bytes.to_vec() }.data();
    write(client, "force_transaction", (data, &accounts.metas()), COMPUTE_UNITS)
}

fn is_lost_race(error: &L1Error) -> bool {
    error.program_number() == Some(RollupError::WrongMessageIndex.code())
}

#[cfg(test)]
mod tests {
    use curvevm::{
        inbox::FORCED_BYTES_MAX,
        types::{Address, Hash},
    };
    use solana_hash::Hash as Blockhash;

    use super::{L1Client, force_transaction};
    use crate::{
        keys::Key,
        l1::{L1Config, TransactionFormat},
    };

    #[test]
    fn the_longest_forced_transaction_fits_the_shorter_format() {
        let (program, chain) = (Address::new([1; 32]), Hash::new([2; 32]));
        let mut config = L1Config::new("http://127.0.0.1:1", program, chain);
        config.format = TransactionFormat::V0;
        let (client, payer) = (L1Client::new(config), Key::from_seed([4; 32]));
        let write = force_transaction(&client, &payer, (7, &[1; FORCED_BYTES_MAX]));
        client.sign(&payer, &write, Blockhash::default()).unwrap();
    }
}
