//! The client: reads of accounts, and one method for each instruction.

use std::{ops::Range, time::Duration};

use asset_rollup_interface::{
    error::RollupError,
    instruction::SYSTEM_PROGRAM,
    seeds,
    state::{Batch, Data, Inbox, LayoutError, Message, Nullifiers, Rollup},
};
use curvevm::{
    batch::BatchHeader,
    cell::Withdrawal,
    genesis::Genesis,
    types::{Address, Quote, Signature as MemberSignature},
};
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash as Blockhash;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::client_error::{Error as RpcClientError, ErrorKind};
use solana_signature::Signature;
use solana_transaction_status_client_types::TransactionStatus;
use tokio::time::sleep;

use super::{
    address::{RollupAddresses, address, pubkey},
    config::{L1Config, Level},
    error::L1Error,
    instructions as ix,
    send::{Landed, Write},
};
use crate::keys::Key;

/// How often a deposit is sent, each time under the index that is next then, while others are first.
pub const DEPOSIT_ATTEMPTS_MAX: usize = 64;
/// The pause after a deposit that was not the first at its index.
const DEPOSIT_PAUSE: Duration = Duration::from_millis(50);
/// Messages that one transaction closes at most: as many as fit one of 1,232 bytes.
pub const CLOSED_MESSAGES_MAX: usize = 8;
/// Accounts that a cluster gives in one call.
const ACCOUNTS_PER_CALL: usize = 100;

/// A client of one rollup on one cluster.
pub struct L1Client {
    config: L1Config,
    addresses: RollupAddresses,
    rpc: RpcClient,
}

impl std::fmt::Debug for L1Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("L1Client").field("config", &self.config).finish_non_exhaustive()
    }
}

impl L1Client {
    /// A client; nothing is called yet, see [`L1Client::check`].
    pub fn new(config: L1Config) -> Self {
        let addresses = RollupAddresses::derive(&config.program_id, &config.chain_id);
        let commitment = CommitmentConfig::from(config.confirm_at);
        let rpc = RpcClient::new_with_timeout_and_commitment(
            config.url.clone(),
            config.call_timeout,
            commitment,
        );
        Self { config, addresses, rpc }
    }

    /// The configuration.
    pub const fn config(&self) -> &L1Config {
        &self.config
    }

    /// The rollup's addresses.
    pub const fn addresses(&self) -> &RollupAddresses {
        &self.addresses
    }

    /// Checks that the cluster answers, that the program is there and executable, and that the rollup is initialized.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::NotAProgram`], [`L1Error::NotInitialized`], [`L1Error::Layout`].
    pub async fn check(&self) -> Result<Rollup, L1Error> {
        self.check_program().await?;
        self.rollup(Level::Confirmed).await
    }

    /// Checks that the cluster answers and that the program is there and executable.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::NotAProgram`].
    pub async fn check_program(&self) -> Result<(), L1Error> {
        match self.account(&self.addresses.program(), Level::Confirmed).await? {
            Some(account) if account.executable => Ok(()),
            Some(_) | None => Err(L1Error::NotAProgram {
                program_id: self.config.program_id,
                url: self.config.url.clone(),
            }),
        }
    }

    /// The cluster's slot.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`].
    pub async fn slot(&self, level: Level) -> Result<u64, L1Error> {
        let slot = self.rpc.get_slot_with_commitment(level.into()).await;
        slot.map_err(|error| self.call_error("getSlot", error))
    }

    /// The lamports of an address, zero when it has no account.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`].
    pub async fn lamports(&self, owner: &Address, level: Level) -> Result<u64, L1Error> {
        let account = self.account(&pubkey(owner), level).await?;
        Ok(account.map_or(0, |account| account.lamports))
    }

    /// The lamports in the vault.
    ///
    /// # Errors
    ///
    /// As [`L1Client::lamports`].
    pub async fn vault_lamports(&self, level: Level) -> Result<u64, L1Error> {
        self.lamports(&address(&self.addresses.vault), level).await
    }

    /// The rollup's account.
    ///
    /// # Errors
    ///
    /// [`L1Error::NotInitialized`] when there is none, also when the program itself is not there: [`L1Client::check`] tells
    /// them apart.
    pub async fn rollup(&self, level: Level) -> Result<Rollup, L1Error> {
        let data = self
            .owned(&self.addresses.rollup, level)
            .await?
            .ok_or_else(|| self.not_initialized())?;
        Rollup::parse(&data).map_err(|reason| layout(&self.addresses.rollup, reason))
    }

    /// The inbox.
    ///
    /// # Errors
    ///
    /// As [`L1Client::rollup`].
    pub async fn inbox(&self, level: Level) -> Result<Inbox, L1Error> {
        let data = self
            .owned(&self.addresses.inbox, level)
            .await?
            .ok_or_else(|| self.not_initialized())?;
        Inbox::parse(&data).map_err(|reason| layout(&self.addresses.inbox, reason))
    }

    /// The messages of these indices, in order; nothing for one that is not there yet at this level, or closed.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn messages(
        &self,
        indices: Range<u64>,
        level: Level,
    ) -> Result<Vec<Option<Message>>, L1Error> {
        let addresses: Vec<Pubkey> = indices.map(|index| self.addresses.message(index)).collect();
        let mut messages = Vec::with_capacity(addresses.len());
        for addresses in addresses.chunks(ACCOUNTS_PER_CALL) {
            let found = self.accounts(addresses, level).await?;
            for (at, account) in addresses.iter().zip(found) {
                let message = self.checked(at, account)?.map(|data| Message::parse(&data));
                messages.push(message.transpose().map_err(|reason| layout(at, reason))?);
            }
        }
        Ok(messages)
    }

    /// The batches of these numbers whose accounts are there, in order.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn batches(&self, numbers: Range<u64>, level: Level) -> Result<Vec<Batch>, L1Error> {
        let at: Vec<Pubkey> = numbers.map(|number| self.addresses.batch(number)).collect();
        self.parsed(&at, level, Batch::parse).await
    }

    /// A committed batch that is not finalized yet; nothing for any other.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn batch(&self, number: u64, level: Level) -> Result<Option<Batch>, L1Error> {
        let at = self.addresses.batch(number);
        let Some(data) = self.owned(&at, level).await? else { return Ok(None) };
        Batch::parse(&data).map(Some).map_err(|reason| layout(&at, reason))
    }

    /// What `poster` posted of a batch's data; nothing before the first chunk and after the account was closed.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn data(
        &self,
        number: u64,
        poster: &Address,
        level: Level,
    ) -> Result<Option<Data>, L1Error> {
        self.data_at(&self.addresses.data(number, poster), level).await
    }

    /// As [`L1Client::data`], of an account whose address is known.
    pub(super) async fn data_at(&self, at: &Pubkey, level: Level) -> Result<Option<Data>, L1Error> {
        let Some(data) = self.owned(at, level).await? else { return Ok(None) };
        Data::parse(&data).map(Some).map_err(|reason| layout(at, reason))
    }

    /// Whether a withdrawal was paid.
    ///
    /// # Errors
    ///
    /// [`L1Error::Unreachable`], [`L1Error::Rejected`], [`L1Error::Layout`].
    pub async fn is_paid(&self, withdrawal: u64, level: Level) -> Result<bool, L1Error> {
        let at = self.addresses.nullifiers(seeds::nullifier_page(withdrawal));
        let Some(data) = self.owned(&at, level).await? else { return Ok(false) };
        let page = Nullifiers::parse(&data).map_err(|reason| layout(&at, reason))?;
        Ok(page.is_paid(withdrawal).unwrap_or(false))
    }

    /// Creates the rollup of a genesis; `payer` signs and pays, anyone may.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's when it is initialized already.
    pub async fn initialize(&self, payer: &Key, genesis: &Genesis) -> Result<Landed, L1Error> {
        self.write(payer, ix::initialize(self, payer, genesis)).await
    }

    /// Locks lamports in the vault; `recipient` is credited on the L2. The depositor also pays the rent of the message, and gets
    /// it back once the batch that consumed it is finalized.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's `WrongMessageIndex` when others were first [`DEPOSIT_ATTEMPTS_MAX`] times.
    pub async fn deposit(
        &self,
        depositor: &Key,
        recipient: &Address,
        amount: Quote,
    ) -> Result<Landed, L1Error> {
        self.append(depositor, |index| {
            ix::deposit_sol(self, depositor, &ix::Deposit { index, recipient, amount })
        })
        .await
    }

    /// Posts one chunk of a batch's data. Posting the same chunk again succeeds.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn post_data(&self, poster: &Key, chunk: Chunk<'_>) -> Result<Landed, L1Error> {
        self.write(poster, ix::post_data(self, poster, &chunk)).await
    }

    /// Commits a batch whose data is posted.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn commit_batch(&self, poster: &Key, commit: Commit<'_>) -> Result<Landed, L1Error> {
        self.write(poster, ix::commit_batch(self, poster, &commit)).await
    }

    /// Finalizes a batch whose challenge window is over, and closes its data account. `batch` is the account as read;
    /// `data_poster` is who posted its data, none to leave the data account alone (when it was closed before).
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn finalize_batch(
        &self,
        payer: &Key,
        batch: &Batch,
        data_poster: Option<&Address>,
    ) -> Result<Landed, L1Error> {
        self.write(payer, ix::finalize_batch(self, batch, data_poster)).await
    }

    /// Gives the rent of a data account back to its poster, once its batch is finalized.
    ///
    /// # Errors
    ///
    /// [`L1Error`].
    pub async fn close_data(
        &self,
        payer: &Key,
        number: u64,
        poster: &Address,
    ) -> Result<Landed, L1Error> {
        self.write(payer, ix::close_data(self, number, poster)).await
    }

    /// Gives the rent of messages back to who paid for them, once a finalized batch has consumed them: up to
    /// [`CLOSED_MESSAGES_MAX`] in one transaction, which closes all of them or none. `messages` are the accounts as read.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the runtime's when one of them was closed before.
    pub async fn close_messages(
        &self,
        payer: &Key,
        messages: &[Message],
    ) -> Result<Landed, L1Error> {
        self.write(payer, ix::close_messages(self, messages)).await
    }

    /// Pays out a withdrawal that is proved under the root of a finalized batch; anybody may send it.
    ///
    /// # Errors
    ///
    /// [`L1Error`], among them the program's when it was paid before or the proof is against another root.
    pub async fn withdraw(&self, payer: &Key, claim: Claim<'_>) -> Result<Landed, L1Error> {
        self.write(payer, ix::withdraw(self, payer, &claim)?).await
    }

    /// Asks a local cluster for lamports, and waits for them.
    ///
    /// # Errors
    ///
    /// [`L1Error::Rejected`] on clusters that give none away.
    pub async fn airdrop(&self, recipient: &Address, lamports: u64) -> Result<(), L1Error> {
        let asked = self.rpc.request_airdrop(&pubkey(recipient), lamports).await;
        let signature = asked.map_err(|error| self.call_error("requestAirdrop", error))?;
        self.wait_confirmed("requestAirdrop", &signature).await
    }

    /// Appends a message under the index that is next, and tries again while others are first there.
    pub(super) async fn append(
        &self,
        payer: &Key,
        message: impl Fn(u64) -> Write,
    ) -> Result<Landed, L1Error> {
        let mut attempts = 1;
        loop {
            // What is processed is where the others are that have to be overtaken.
            let index = self.inbox(Level::Processed).await?.count;
            match self.write(payer, message(index)).await {
                Err(error) if is_lost_race(&error) && attempts < DEPOSIT_ATTEMPTS_MAX => {
                    tracing::debug!(index, "another message was appended first, trying the next");
                    attempts += 1;
                    sleep(DEPOSIT_PAUSE).await;
                }
                result => return result,
            }
        }
    }

    /// The lamports with which an account of so many bytes stays.
    pub(super) async fn rent(&self, bytes: usize) -> Result<u64, L1Error> {
        let what = "getMinimumBalanceForRentExemption";
        let rent = self.rpc.get_minimum_balance_for_rent_exemption(bytes).await;
        rent.map_err(|error| self.call_error(what, error))
    }

    pub(super) const fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// A recent blockhash and the last block height at which it is valid.
    pub(super) async fn blockhash(&self) -> Result<(Blockhash, u64), L1Error> {
        let found =
            self.rpc.get_latest_blockhash_with_commitment(CommitmentConfig::confirmed()).await;
        found.map_err(|error| self.call_error("getLatestBlockhash", error))
    }

    pub(super) async fn height(&self) -> Result<u64, L1Error> {
        let found = self.rpc.get_block_height_with_commitment(CommitmentConfig::confirmed()).await;
        found.map_err(|error| self.call_error("getBlockHeight", error))
    }

    pub(super) async fn status(
        &self,
        signature: &Signature,
    ) -> Result<Option<TransactionStatus>, L1Error> {
        let found = self.rpc.get_signature_statuses(&[*signature]).await;
        let found = found.map_err(|error| self.call_error("getSignatureStatuses", error))?;
        Ok(found.value.into_iter().next().flatten())
    }

    /// The class of a failed call.
    pub(super) fn call_error(&self, what: &'static str, error: RpcClientError) -> L1Error {
        match error.kind() {
            ErrorKind::RpcError(_) | ErrorKind::SerdeJson(_) | ErrorKind::Custom(_) => {
                L1Error::Rejected { what, message: error.to_string() }
            }
            ErrorKind::TransactionError(error) => {
                L1Error::Execution { what, message: error.to_string() }
            }
            ErrorKind::SigningError(error) => L1Error::Signing { what, message: error.to_string() },
            ErrorKind::Io(_) | ErrorKind::Reqwest(_) | ErrorKind::Middleware(_) => {
                L1Error::Unreachable { url: self.config.url.clone(), source: Box::new(error) }
            }
        }
    }

    pub(super) async fn account(
        &self,
        at: &Pubkey,
        level: Level,
    ) -> Result<Option<Account>, L1Error> {
        // The call for a single account hides from its error whether the L1 answered.
        Ok(self.accounts(&[*at], level).await?.into_iter().next().flatten())
    }

    /// Accounts in order, up to [`ACCOUNTS_PER_CALL`].
    async fn accounts(&self, at: &[Pubkey], level: Level) -> Result<Vec<Option<Account>>, L1Error> {
        let found = self.rpc.get_multiple_accounts_with_commitment(at, level.into()).await;
        let found = found.map_err(|error| self.call_error("getMultipleAccounts", error))?;
        Ok(found.value)
    }

    /// The accounts of the program at these addresses, as far as they are there.
    pub(super) async fn parsed<T>(
        &self,
        at: &[Pubkey],
        level: Level,
        parse: impl Fn(&[u8]) -> Result<T, LayoutError>,
    ) -> Result<Vec<T>, L1Error> {
        let mut parsed = Vec::new();
        for at in at.chunks(ACCOUNTS_PER_CALL) {
            for (at, account) in at.iter().zip(self.accounts(at, level).await?) {
                if let Some(data) = self.checked(at, account)? {
                    parsed.push(parse(&data).map_err(|reason| layout(at, reason))?);
                }
            }
        }
        Ok(parsed)
    }

    /// The data of an account of the program; nothing when there is none.
    pub(super) async fn owned(
        &self,
        at: &Pubkey,
        level: Level,
    ) -> Result<Option<Vec<u8>>, L1Error> {
        self.checked(at, self.account(at, level).await?)
    }

    /// The data of an account that is the program's; nothing where the program has not created it.
    fn checked(&self, at: &Pubkey, account: Option<Account>) -> Result<Option<Vec<u8>>, L1Error> {
        let Some(account) = account else { return Ok(None) };
        // Anybody can send lamports to an address before the program creates its account, and after it closed it.
        let is_sent = account.owner == pubkey(&SYSTEM_PROGRAM) && account.data.is_empty();
        if account.lamports == 0 || is_sent {
            return Ok(None);
        }
        if account.owner != self.addresses.program() {
            let reason = format!("its owner is {}", account.owner);
            return Err(L1Error::Layout { address: address(at), reason });
        }
        Ok(Some(account.data))
    }

    fn not_initialized(&self) -> L1Error {
        L1Error::NotInitialized {
            program_id: self.config.program_id,
            chain_id: self.config.chain_id,
        }
    }
}

/// One chunk of a batch's data.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The batch.
    pub number: u64,
    /// The chunk's place.
    pub index: u16,
    /// Chunks in all.
    pub count: u16,
    /// The chunk's bytes.
    pub bytes: &'a [u8],
}

/// A batch to commit.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// What the batch claims.
    pub header: &'a BatchHeader,
    /// The committee's signatures over the settlement digest, by member index, strictly increasing; none in a takeover.
    pub signatures: &'a [(u8, MemberSignature)],
    /// Who posted the data.
    pub data_poster: &'a Address,
    /// The inbox cursor that is committed before it.
    pub committed_inbox_cursor: u64,
    /// The key under whose bond the poster commits in a takeover; the poster owns the bond.
    pub member: Option<&'a Address>,
}

/// A claim of a withdrawal.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The finalized batch under whose root it is proved.
    pub batch: u64,
    /// The withdrawal's cell.
    pub withdrawal: &'a Withdrawal,
    /// The witness of the cell's key under that root.
    pub witness: &'a [u8],
}

/// Whether another message was appended at the index that a deposit expected.
fn is_lost_race(error: &L1Error) -> bool {
    error.program_number() == Some(RollupError::WrongMessageIndex.code())
}

pub(super) fn layout(at: &Pubkey, reason: LayoutError) -> L1Error {
    L1Error::Layout { address: address(at), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use curvevm::types::Hash;

    use super::*;

    #[test]
    fn an_address_to_which_somebody_sent_lamports_has_no_account() {
        let (program, chain) = (Address::new([1; 32]), Hash::new([2; 32]));
        let client = L1Client::new(L1Config::new("http://127.0.0.1:1", program, chain));
        let at = client.addresses().message(0);
        let account = |owner: Address, data: &[u8]| {
            let (lamports, data) = (1_000_000, data.to_vec());
            Some(Account { lamports, data, owner: pubkey(&owner), ..Account::default() })
        };
        assert_eq!(client.checked(&at, None).unwrap(), None);
        assert_eq!(client.checked(&at, account(SYSTEM_PROGRAM, &[])).unwrap(), None);
        assert_eq!(client.checked(&at, account(program, &[7])).unwrap(), Some(vec![7]));
        let foreign = client.checked(&at, account(Address::new([9; 32]), &[])).unwrap_err();
        assert!(matches!(foreign, L1Error::Layout { .. }), "{foreign}");
    }
}
