//! Members, verdicts and rotations of a world.

use asset_rollup_interface::{
    instruction::{
        BeginUnbond, BeginUnbondAccounts, CloseBatch, CloseBatchAccounts, CloseVerdict,
        CloseVerdictAccounts, CommitBatch, CommitBatchAccounts, FinishUnbond, FinishUnbondAccounts,
        RegisterMember, RegisterMemberAccounts, ReportEquivocation, ReportEquivocationAccounts,
        RotateCommittee, RotateCommitteeAccounts, Rotation, Slash, SlashAccounts,
    },
    seeds,
    state::{ACCOUNT_VERSION, Member, Rollup, Verdict},
    vote::{Ballot, Statement, Vote},
};
use borsh::BorshSerialize;
use curvevm::{
    batch::BatchHeader,
    genesis::committee_hash,
    types::{Address, Hash, Signature},
};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_transaction::Instruction;

use super::{MEMBERS_FROM, Outcome, SOL, World, address, key_of, pubkey, signing_key};

/// The bond of every member, and the least one.
pub(crate) const BOND: u64 = SOL;

/// The signature of a test user or member over a digest.
pub(crate) fn sign(seed: u8, digest: &Hash) -> Signature {
    Signature::new(signing_key(seed).sign(digest.as_bytes()).to_bytes())
}

/// What a vote for a block says.
pub(crate) fn statement(height: u64, block: u8) -> Statement {
    Statement { height, block: Hash::new([block; 32]), settlement: None }
}

fn account(discriminator: [u8; 8], body: &impl BorshSerialize) -> Vec<u8> {
    let mut data = discriminator.to_vec();
    data.extend(borsh::to_vec(body).unwrap());
    data
}

impl World {
    // Accounts.

    pub(crate) fn member_address(&self, key: &Address) -> Address {
        self.pda(&seeds::member(&self.rollup, key))
    }

    pub(crate) fn verdict_address(&self, index: u64) -> Address {
        self.pda(&seeds::verdict(&self.rollup, &seeds::le(index)))
    }

    pub(crate) fn member_account(&self, seed: u8) -> Option<Member> {
        let data = self.data_of(&self.member_address(&address(seed)))?;
        Some(Member::parse(&data).unwrap())
    }

    pub(crate) fn verdict_account(&self, index: u64) -> Option<Verdict> {
        let data = self.data_of(&self.verdict_address(index))?;
        Some(Verdict::parse(&data).unwrap())
    }

    /// The rent minimum of a member's account.
    pub(crate) fn member_rent(&self) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(Member::BYTES)
    }

    /// The keys of the present committee, by seed.
    pub(crate) fn committee(&self) -> Vec<Address> {
        self.rollup_account().committee().to_vec()
    }

    /// Overwrites the rollup, as no instruction can.
    pub(crate) fn edit_rollup(&mut self, edit: impl FnOnce(&mut Rollup)) {
        let mut rollup = self.rollup_account();
        edit(&mut rollup);
        let rollup_address = self.rollup;
        self.edit(&rollup_address, |data| *data = account(Rollup::DISCRIMINATOR, &rollup));
    }

    /// Rolls back the live batches from `number` on, as a proof of fraud does.
    pub(crate) fn roll_back(&mut self, number: u64) {
        let batch = self.batch_account(number).unwrap();
        self.edit_rollup(|rollup| {
            assert!(rollup.is_live(number));
            rollup.committed_number = number - 1;
            rollup.committed_height = batch.first_height - 1;
            rollup.committed_root = batch.prev_root;
            rollup.committed_time_ms = batch.previous_time_ms;
            rollup.committed_inbox_cursor = batch.previous_inbox_cursor;
            rollup.committed_inbox_hash = batch.previous_inbox_hash;
            rollup.committed_withdrawals = batch.previous_withdrawals;
            rollup.epoch_first_number = rollup.epoch_first_number.min(number);
            rollup.rollbacks += 1;
        });
    }

    /// Writes a verdict, as a proof of fraud does, and gives its index. The members of the present committee among `accused` are
    /// active no more.
    pub(crate) fn convict(&mut self, accused: &[u8], challenger: Address) -> u64 {
        let index = self.rollup_account().verdicts;
        let (slot, unix_time) = self.now();
        let (at, bump) = Pubkey::find_program_address(
            &seeds::verdict(&self.rollup, &seeds::le(index)),
            &pubkey(&self.program),
        );
        let mut verdict = Verdict {
            version: ACCOUNT_VERSION,
            bump,
            kind: Verdict::ROLLBACK,
            accused_count: u8::try_from(accused.len()).unwrap(),
            slashed: 0,
            rollup: self.rollup,
            index,
            number: 1,
            challenger,
            accused: [Address::default(); 32],
        };
        for (place, seed) in verdict.accused.iter_mut().zip(accused) {
            *place = address(*seed);
        }
        let lamports = self.svm.minimum_balance_for_rent_exemption(Verdict::BYTES);
        let data = account(Verdict::DISCRIMINATOR, &verdict);
        let owner = pubkey(&self.program);
        let account = Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX };
        self.svm.set_account(at, account).unwrap();
        self.edit_rollup(|rollup| {
            rollup.verdicts += 1;
            (rollup.verdict_slot, rollup.verdict_unix_time) = (slot, unix_time);
            for key in verdict.guilty() {
                for (bit, member) in rollup.committee().to_vec().iter().enumerate() {
                    if member == key {
                        rollup.active &= !(1 << bit);
                        rollup.bonded &= rollup.active;
                    }
                }
                for (bit, member) in rollup.prev_committee().to_vec().iter().enumerate() {
                    if member == key {
                        rollup.prev_active &= !(1 << bit);
                    }
                }
            }
        });
        index
    }

    // Instructions.

    /// Registers the key of `seed` for `owner`.
    pub(crate) fn register_instruction(
        &self,
        seed: u8,
        owner: Address,
        amount: u64,
    ) -> Instruction {
        let key = address(seed);
        let accounts = RegisterMemberAccounts {
            owner,
            rollup: self.rollup,
            member: self.member_address(&key),
        };
        let digest = RegisterMember::digest(&self.chain.id, &self.program, &owner);
        let arguments = RegisterMember { key, amount, signature: sign(seed, &digest) };
        self.instruction(accounts.metas(), arguments.data())
    }

    /// Registers the key of `seed` for the payer.
    pub(crate) fn register(&mut self, seed: u8, amount: u64) -> Outcome {
        let instruction = self.register_instruction(seed, key_of(&self.payer()), amount);
        self.send(&instruction)
    }

    pub(crate) fn begin_unbond_instruction(&self, seed: u8, owner: Address) -> Instruction {
        let accounts = BeginUnbondAccounts {
            owner,
            rollup: self.rollup,
            member: self.member_address(&address(seed)),
        };
        self.instruction(accounts.metas(), BeginUnbond {}.data())
    }

    pub(crate) fn begin_unbond(&mut self, seed: u8) -> Outcome {
        let instruction = self.begin_unbond_instruction(seed, key_of(&self.payer()));
        self.send(&instruction)
    }

    pub(crate) fn finish_unbond_instruction(&self, seed: u8, owner: Address) -> Instruction {
        let accounts = FinishUnbondAccounts {
            owner,
            rollup: self.rollup,
            member: self.member_address(&address(seed)),
        };
        self.instruction(accounts.metas(), FinishUnbond {}.data())
    }

    pub(crate) fn finish_unbond(&mut self, seed: u8) -> Outcome {
        let instruction = self.finish_unbond_instruction(seed, key_of(&self.payer()));
        self.send(&instruction)
    }

    /// What the present committee signs to be replaced by `members`, by seed.
    pub(crate) fn rotation_digest(&self, members: &[u8]) -> Hash {
        let rollup = self.rollup_account();
        let rotation = Rotation {
            chain_id: self.chain.id,
            program_id: self.program,
            epoch: rollup.epoch,
            committee_hash: committee_hash(rollup.committee()),
        };
        let members: Vec<Address> = members.iter().copied().map(address).collect();
        rotation.digest(&members)
    }

    /// Replaces the committee by `members`, by seed, under signatures of `signers`: index and seed.
    pub(crate) fn rotate_instruction(&self, members: &[u8], signers: &[(u8, u8)]) -> Instruction {
        let digest = self.rotation_digest(members);
        let arguments = RotateCommittee {
            members: members.iter().copied().map(address).collect(),
            signatures: signers.iter().map(|(at, seed)| (*at, sign(*seed, &digest))).collect(),
        };
        let accounts = RotateCommitteeAccounts {
            rollup: self.rollup,
            members: arguments.members.iter().map(|key| self.member_address(key)).collect(),
        };
        self.instruction(accounts.metas(), arguments.data())
    }

    /// Replaces the first committee by `members`, by seed, under its first five members.
    pub(crate) fn rotate(&mut self, members: &[u8]) -> Outcome {
        let signers: Vec<(u8, u8)> = (0..5).map(|at| (at, MEMBERS_FROM + at)).collect();
        let instruction = self.rotate_instruction(members, &signers);
        self.send(&instruction)
    }

    /// A vote of the member of `seed`.
    pub(crate) fn vote(&self, seed: u8, (epoch, view): (u64, u64), statement: Statement) -> Vote {
        let ballot = Ballot { chain_id: self.chain.id, epoch, view };
        Vote { statement, signature: sign(seed, &ballot.digest(&statement)) }
    }

    /// Two votes of the member of `seed` in view 9.
    pub(crate) fn equivocation(&self, seed: u8, epoch: u64) -> ReportEquivocation {
        ReportEquivocation {
            member: address(seed),
            epoch,
            view: 9,
            first: self.vote(seed, (epoch, 9), statement(5, 1)),
            second: self.vote(seed, (epoch, 9), statement(5, 2)),
        }
    }

    pub(crate) fn report_instruction(
        &self,
        report: &ReportEquivocation,
        challenger: Address,
    ) -> Instruction {
        let accounts = ReportEquivocationAccounts {
            challenger,
            rollup: self.rollup,
            verdict: self.verdict_address(self.rollup_account().verdicts),
        };
        self.instruction(accounts.metas(), report.data())
    }

    /// The payer reports.
    pub(crate) fn report(&mut self, report: &ReportEquivocation) -> Outcome {
        let instruction = self.report_instruction(report, key_of(&self.payer()));
        self.send(&instruction)
    }

    /// Executes a verdict on an accused.
    pub(crate) fn slash_instruction(&self, index: u64, accused: u8) -> Instruction {
        let verdict = self.verdict_account(index).unwrap();
        let key = verdict.accused[usize::from(accused)];
        let accounts = SlashAccounts {
            rollup: self.rollup,
            verdict: self.verdict_address(index),
            member: self.member_address(&key),
            challenger: verdict.challenger,
        };
        self.instruction(accounts.metas(), Slash { index, accused }.data())
    }

    pub(crate) fn slash(&mut self, index: u64, accused: u8) -> Outcome {
        let instruction = self.slash_instruction(index, accused);
        self.send(&instruction)
    }

    pub(crate) fn close_verdict_instruction(&self, index: u64) -> Instruction {
        let challenger = self.verdict_account(index).map(|verdict| verdict.challenger);
        let accounts = CloseVerdictAccounts {
            rollup: self.rollup,
            verdict: self.verdict_address(index),
            challenger: challenger.unwrap_or_default(),
        };
        self.instruction(accounts.metas(), CloseVerdict {}.data())
    }

    pub(crate) fn close_batch_instruction(&self, number: u64) -> Instruction {
        let poster = self.batch_account(number).map(|batch| batch.poster);
        let accounts = CloseBatchAccounts {
            rollup: self.rollup,
            batch: self.batch_address(number),
            poster: poster.unwrap_or_default(),
        };
        self.instruction(accounts.metas(), CloseBatch {}.data())
    }

    /// Commits a header without signatures, under the bond of `seed`.
    pub(crate) fn takeover_instruction(&self, header: &BatchHeader, seed: u8) -> Instruction {
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
            member: Some(self.member_address(&address(seed))),
        };
        self.instruction(accounts.metas(), CommitBatch::new(header, vec![]).data())
    }

    pub(crate) fn take_over(&mut self, header: &BatchHeader, seed: u8) -> Outcome {
        let instruction = self.takeover_instruction(header, seed);
        self.send(&instruction)
    }
}
