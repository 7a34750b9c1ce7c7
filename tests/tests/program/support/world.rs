//! A rollup on LiteSVM.

use asset_rollup_interface::{
    instruction::{
        CloseData, CloseDataAccounts, CloseMessage, CloseMessageAccounts, CommitBatch,
        CommitBatchAccounts, DepositSol, DepositSolAccounts, FinalizeBatch, FinalizeBatchAccounts,
        Initialize, InitializeAccounts, Meta, PostData, PostDataAccounts, Withdraw,
        WithdrawAccounts,
    },
    seeds,
    state::{Batch, Data, Inbox, Message as InboxAccount, Nullifiers, Rollup},
};
use curvevm::{
    batch::BatchHeader,
    genesis::{GENESIS_VERSION, Genesis, Params, quorum},
    inbox::InboxMessage,
    tx::Transaction,
    types::{Address, Signature},
};
use litesvm::LiteSVM;
use solana_clock::Clock;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::{AccountMeta, Instruction, Message, versioned::VersionedTransaction};

use super::{BOND, Build, Chain, Outcome, SOL, Sealed, address, signing_key};

/// The first slot and the first time of a world.
const SLOT: u64 = 1_000;
const UNIX_TIME: i64 = 1_700_000_000;
/// The seed of the first member's key.
pub(crate) const MEMBERS_FROM: u8 = 100;

/// A rollup on LiteSVM and the chain that it settles.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) svm: LiteSVM,
    pub(crate) program: Address,
    pub(crate) genesis: Genesis,
    pub(crate) chain: Chain,
    pub(crate) rollup: Address,
    pub(crate) inbox: Address,
    pub(crate) vault: Address,
    /// Pays, deposits and posts.
    pub(crate) payer: [u8; 32],
}

pub(crate) fn pubkey(address: &Address) -> Pubkey {
    Pubkey::new_from_array(address.to_bytes())
}

pub(crate) fn keypair(seed: u8) -> Keypair {
    Keypair::new_from_array([seed; 32])
}

/// The address of a key pair.
pub(crate) fn key_of(keypair: &Keypair) -> Address {
    Address::new(keypair.pubkey().to_bytes())
}

/// The program's id, as its key in `programs/keys` says it.
pub(crate) fn program_id() -> Address {
    "5k4r7wUh7rPMwkatgPvg24JnJ3KbctvXmLm3k2FuCt2b".parse().unwrap()
}

/// The genesis of every world.
pub(crate) fn genesis() -> Genesis {
    let program = program_id();
    Genesis {
        version: GENESIS_VERSION,
        name: "test".to_owned(),
        program_id: program,
        committee: (MEMBERS_FROM..MEMBERS_FROM + 7).map(address).collect(),
        time_ms: 1_000,
        treasury: address(90),
        quote_assets: vec![],
        params: Params {
            batch_interval_ms: 1_000,
            batch_chunks_max: 64,
            chunk_bytes_max: 850,
            block_transactions_max: 1_000,
            challenge_slots: 10,
            challenge_secs: 5,
            inbox_delay_slots: 100,
            bond_lamports: BOND,
            challenge_lamports: SOL / 10,
            takeover_slots: 200,
            authority: Address::default(),
            authority_delay_secs: 0,
        },
    }
}

impl World {
    /// A world whose rollup is initialized: seven bonded members, a window of 10 slots and 5 seconds, a delay of 100 slots.
    pub(crate) fn new(build: Build) -> Self {
        let mut world = Self::empty(build);
        world.start();
        world
    }

    /// A world whose rollup is not initialized.
    pub(crate) fn empty(build: Build) -> Self {
        let program = program_id();
        let mut svm = LiteSVM::new();
        svm.add_program_from_file(pubkey(&program), build.path()).unwrap();
        let mut clock: Clock = svm.get_sysvar();
        (clock.slot, clock.unix_timestamp) = (SLOT, UNIX_TIME);
        svm.set_sysvar(&clock);
        let genesis = genesis();
        let mut world = Self {
            svm,
            program,
            chain: Chain::new(&genesis),
            genesis,
            rollup: Address::default(),
            inbox: Address::default(),
            vault: Address::default(),
            payer: [200; 32],
        };
        world.derive();
        world.airdrop(&key_of(&world.payer()), 1_000 * SOL);
        world
    }

    /// The same Solana, with another rollup that is not initialized.
    pub(crate) fn fork(&self, edit: impl FnOnce(&mut Genesis)) -> Self {
        let mut world = self.clone();
        edit(&mut world.genesis);
        world.chain = Chain::new(&world.genesis);
        world.derive();
        world
    }

    /// Initializes the rollup, and registers the members of its committee with the payer's lamports.
    pub(crate) fn start(&mut self) {
        let instruction = self.initialize_instruction();
        self.send_with_budget(&instruction).unwrap();
        for seed in (MEMBERS_FROM..).take(self.genesis.committee.len()) {
            self.register(seed, self.genesis.params.bond_lamports).unwrap();
        }
    }

    fn derive(&mut self) {
        let chain_id = self.chain.id;
        self.rollup = self.pda(&seeds::rollup(&chain_id));
        self.inbox = self.pda(&seeds::inbox(&self.rollup));
        self.vault = self.pda(&seeds::vault(&self.rollup));
    }

    pub(crate) fn payer(&self) -> Keypair {
        Keypair::new_from_array(self.payer)
    }

    pub(crate) fn pda(&self, seeds: &[&[u8]]) -> Address {
        let (address, _) = Pubkey::find_program_address(seeds, &pubkey(&self.program));
        Address::new(address.to_bytes())
    }

    pub(crate) fn message_address(&self, index: u64) -> Address {
        self.pda(&seeds::message(&self.rollup, &seeds::le(index)))
    }

    pub(crate) fn batch_address(&self, number: u64) -> Address {
        self.pda(&seeds::batch(&self.rollup, &seeds::le(number)))
    }

    pub(crate) fn data_address(&self, number: u64, poster: &Address) -> Address {
        self.pda(&seeds::data(&self.rollup, &seeds::le(number), poster))
    }

    pub(crate) fn nullifiers_address(&self, withdrawal: u64) -> Address {
        let page = seeds::le(seeds::nullifier_page(withdrawal));
        self.pda(&seeds::nullifiers(&self.rollup, &page))
    }

    // Accounts.

    pub(crate) fn data_of(&self, address: &Address) -> Option<Vec<u8>> {
        let account = self.svm.get_account(&pubkey(address))?;
        let owned = account.owner == pubkey(&self.program);
        (owned && account.lamports > 0).then_some(account.data)
    }

    pub(crate) fn rollup_account(&self) -> Rollup {
        Rollup::parse(&self.data_of(&self.rollup).unwrap()).unwrap()
    }

    pub(crate) fn inbox_account(&self) -> Inbox {
        Inbox::parse(&self.data_of(&self.inbox).unwrap()).unwrap()
    }

    pub(crate) fn message_account(&self, index: u64) -> Option<InboxAccount> {
        let data = self.data_of(&self.message_address(index))?;
        Some(InboxAccount::parse(&data).unwrap())
    }

    /// The messages from `cursor` on.
    pub(crate) fn messages_from(&self, cursor: u64) -> Vec<InboxMessage> {
        let message = |index| self.message_account(index).unwrap().message().unwrap();
        (cursor..self.inbox_account().count).map(message).collect()
    }

    pub(crate) fn batch_account(&self, number: u64) -> Option<Batch> {
        let data = self.data_of(&self.batch_address(number))?;
        Some(Batch::parse(&data).unwrap())
    }

    pub(crate) fn data_account(&self, number: u64, poster: &Address) -> Option<Data> {
        let data = self.data_of(&self.data_address(number, poster))?;
        Some(Data::parse(&data).unwrap())
    }

    pub(crate) fn nullifiers_account(&self, withdrawal: u64) -> Option<Nullifiers> {
        let data = self.data_of(&self.nullifiers_address(withdrawal))?;
        Some(Nullifiers::parse(&data).unwrap())
    }

    pub(crate) fn lamports(&self, address: &Address) -> u64 {
        self.svm.get_balance(&pubkey(address)).unwrap_or(0)
    }

    /// Overwrites the data of an account, as no instruction can.
    pub(crate) fn edit(&mut self, address: &Address, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut account = self.svm.get_account(&pubkey(address)).unwrap();
        edit(&mut account.data);
        self.svm.set_account(pubkey(address), account).unwrap();
    }

    pub(crate) fn airdrop(&mut self, address: &Address, lamports: u64) {
        self.svm.expire_blockhash();
        self.svm.airdrop(&pubkey(address), lamports).unwrap();
    }

    // Time.

    pub(crate) fn slot(&self) -> u64 {
        self.svm.get_sysvar::<Clock>().slot
    }

    /// The slot and the time.
    pub(crate) fn now(&self) -> (u64, i64) {
        let clock: Clock = self.svm.get_sysvar();
        (clock.slot, clock.unix_timestamp)
    }

    pub(crate) fn pass(&mut self, slots: u64, secs: i64) {
        let mut clock: Clock = self.svm.get_sysvar();
        clock.slot += slots;
        clock.unix_timestamp += secs;
        self.svm.set_sysvar(&clock);
    }

    // Transactions.

    /// Sends instructions in one transaction that the payer and `signers` sign.
    pub(crate) fn send_all(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Outcome {
        self.svm.expire_blockhash();
        let payer = self.payer();
        let mut keys: Vec<&Keypair> = vec![&payer];
        keys.extend(signers.iter().filter(|key| key.pubkey() != payer.pubkey()));
        let message = Message::new_with_blockhash(
            instructions,
            Some(&payer.pubkey()),
            &self.svm.latest_blockhash(),
        );
        let message = solana_message::VersionedMessage::Legacy(message);
        let transaction = VersionedTransaction::try_new(message, &keys).unwrap();
        self.svm.send_transaction(transaction).map_err(|failed| failed.err)
    }

    /// Sends an instruction that the payer signs.
    pub(crate) fn send(&mut self, instruction: &Instruction) -> Outcome {
        self.send_all(std::slice::from_ref(instruction), &[])
    }

    /// Sends an instruction with the largest budget.
    pub(crate) fn send_with_budget(&mut self, instruction: &Instruction) -> Outcome {
        self.send_all(&[budget(1_400_000), instruction.clone()], &[])
    }

    pub(crate) fn instruction(&self, metas: Vec<Meta>, data: Vec<u8>) -> Instruction {
        let account = |meta: Meta| AccountMeta {
            pubkey: pubkey(&meta.address),
            is_signer: meta.signer,
            is_writable: meta.writable,
        };
        Instruction {
            program_id: pubkey(&self.program),
            accounts: metas.into_iter().map(account).collect(),
            data,
        }
    }

    pub(crate) fn initialize_instruction(&self) -> Instruction {
        let accounts = InitializeAccounts {
            payer: key_of(&self.payer()),
            rollup: self.rollup,
            inbox: self.inbox,
            vault: self.vault,
        };
        self.instruction(accounts.metas(), Initialize::new(&self.genesis).data())
    }

    pub(crate) fn initialize(&mut self) -> Outcome {
        let instruction = self.initialize_instruction();
        self.send(&instruction)
    }

    pub(crate) fn deposit_instruction(&self, recipient: Address, amount: u64) -> Instruction {
        let index = self.inbox_account().count;
        let accounts = DepositSolAccounts {
            depositor: key_of(&self.payer()),
            rollup: self.rollup,
            inbox: self.inbox,
            message: self.message_address(index),
            vault: self.vault,
        };
        self.instruction(accounts.metas(), DepositSol { index, recipient, amount }.data())
    }

    pub(crate) fn deposit(&mut self, recipient: Address, amount: u64) -> Outcome {
        let instruction = self.deposit_instruction(recipient, amount);
        self.send(&instruction)
    }

    pub(crate) fn post_instruction(
        &self,
        number: u64,
        chunks: &[Vec<u8>],
        index: u16,
    ) -> Instruction {
        let poster = key_of(&self.payer());
        let accounts = PostDataAccounts {
            poster,
            rollup: self.rollup,
            data: self.data_address(number, &poster),
        };
        let post = PostData {
            number,
            chunk_index: index,
            chunk_count: u16::try_from(chunks.len()).unwrap(),
            bytes: chunks.get(usize::from(index)).cloned().unwrap_or_else(|| vec![1]),
        };
        self.instruction(accounts.metas(), post.data())
    }

    pub(crate) fn post(&mut self, sealed: &Sealed) {
        for index in 0..u16::try_from(sealed.chunks.len()).unwrap() {
            let instruction = self.post_instruction(sealed.header.number, &sealed.chunks, index);
            self.send(&instruction).unwrap();
        }
    }

    /// Signatures of members over a header's settlement digest.
    pub(crate) fn sign(&self, header: &BatchHeader, members: &[u8]) -> Vec<(u8, Signature)> {
        let digest = header.settlement_digest(&self.program, &self.genesis.committee_hash());
        let sign = |member: u8| signing_key(MEMBERS_FROM + member).sign(digest.as_bytes());
        members.iter().map(|&it| (it, Signature::new(sign(it).to_bytes()))).collect()
    }

    /// The first members that are a quorum.
    pub(crate) fn quorum(&self) -> Vec<u8> {
        (0..u8::try_from(quorum(self.genesis.committee.len())).unwrap()).collect()
    }

    pub(crate) fn commit_instruction(
        &self,
        header: &BatchHeader,
        signatures: Vec<(u8, Signature)>,
    ) -> Instruction {
        let poster = key_of(&self.payer());
        let cursor = header.inbox_cursor;
        let last = (cursor > self.rollup_account().committed_inbox_cursor).then(|| cursor - 1);
        let accounts = CommitBatchAccounts {
            program: self.program,
            poster,
            rollup: self.rollup,
            inbox: self.inbox,
            data: self.data_address(header.number, &poster),
            batch: self.batch_address(header.number),
            last: last.map(|index| self.message_address(index)),
            next: Some(self.message_address(cursor)),
            member: None,
        };
        self.instruction(accounts.metas(), CommitBatch::new(header, signatures).data())
    }

    /// Commits a header under the signatures of the first quorum.
    pub(crate) fn commit(&mut self, header: &BatchHeader) -> Outcome {
        let signatures = self.sign(header, &self.quorum());
        let instruction = self.commit_instruction(header, signatures);
        self.send(&instruction)
    }

    pub(crate) fn finalize_instruction(&self, number: u64) -> Instruction {
        let batch = self.batch_account(number);
        let poster = batch.as_ref().map_or(key_of(&self.payer()), |batch| batch.poster);
        let accounts = FinalizeBatchAccounts {
            program: self.program,
            rollup: self.rollup,
            batch: self.batch_address(number),
            poster,
            data: batch.map(|batch| (batch.data, key_of(&self.payer()))),
        };
        self.instruction(accounts.metas(), FinalizeBatch { number }.data())
    }

    pub(crate) fn finalize(&mut self, number: u64) -> Outcome {
        let instruction = self.finalize_instruction(number);
        self.send(&instruction)
    }

    pub(crate) fn close_instruction(&self, number: u64, poster: Address) -> Instruction {
        let accounts = CloseDataAccounts {
            rollup: self.rollup,
            data: self.data_address(number, &poster),
            poster,
        };
        self.instruction(accounts.metas(), CloseData {}.data())
    }

    /// The instruction that closes a message; `payer` is repaid.
    pub(crate) fn close_message_instruction(&self, index: u64, payer: Address) -> Instruction {
        let accounts = CloseMessageAccounts {
            rollup: self.rollup,
            message: self.message_address(index),
            payer,
        };
        self.instruction(accounts.metas(), CloseMessage { index }.data())
    }

    pub(crate) fn withdraw_instruction(&self, claim: &Withdraw, recipient: Address) -> Instruction {
        let accounts = WithdrawAccounts {
            payer: key_of(&self.payer()),
            rollup: self.rollup,
            vault: self.vault,
            nullifiers: self.nullifiers_address(claim.index),
            recipient,
        };
        self.instruction(accounts.metas(), claim.data())
    }

    // Flows.

    /// Seals a batch of all messages that wait and of `transactions`.
    pub(crate) fn seal(&mut self, transactions: Vec<Transaction>) -> Sealed {
        let cursor = self.rollup_account().committed_inbox_cursor;
        let messages = self.messages_from(cursor);
        self.chain.seal(messages, transactions)
    }

    /// Seals and posts a batch of all messages that wait and of `transactions`.
    pub(crate) fn ready(&mut self, transactions: Vec<Transaction>) -> Sealed {
        let sealed = self.seal(transactions);
        self.post(&sealed);
        sealed
    }

    /// Seals, posts and commits a batch.
    pub(crate) fn settle(&mut self, transactions: Vec<Transaction>) -> Sealed {
        let sealed = self.ready(transactions);
        self.commit(&sealed.header).unwrap();
        sealed
    }

    /// Seals, posts, commits and finalizes a batch.
    pub(crate) fn settle_finally(&mut self, transactions: Vec<Transaction>) -> Sealed {
        let sealed = self.settle(transactions);
        self.pass(10, 5);
        self.finalize(sealed.header.number).unwrap();
        sealed
    }
}

/// The instruction that sets a transaction's compute units.
pub(crate) fn budget(units: u32) -> Instruction {
    compute_budget(2, units)
}

/// The instruction that sets the bytes of a transaction's heap.
pub(crate) fn heap(bytes: u32) -> Instruction {
    compute_budget(1, bytes)
}

fn compute_budget(tag: u8, value: u32) -> Instruction {
    let program: Address = "ComputeBudget111111111111111111111111111111".parse().unwrap();
    let mut data = vec![tag];
    data.extend(value.to_le_bytes());
    Instruction { program_id: pubkey(&program), accounts: vec![], data }
}
