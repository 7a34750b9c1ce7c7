//! `schedule_action`, `cancel_action`, `execute_action`.

use asset_rollup_interface::{
    constants::{ACTION_SECS_MAX, PAUSE_SECS_MAX, SECS_MAX, SLOTS_MAX},
    error::RollupError,
    instruction::{
        Act, CancelAction, CancelActionAccounts, ExecuteAction, ExecuteActionAccounts, LOADER,
        ScheduleAction, ScheduleActionAccounts, UpgradeAccounts, Windows,
    },
    seeds,
    state::Action,
};
use curvevm::types::Address;
use solana_account::Account;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_transaction::{Instruction, InstructionError};

use super::support::{
    Build, Outcome, SOL, World, account_of, address, anchor, assert_failed, assert_refused,
    exhibits, key_of, keypair, pubkey,
};

/// The seed of the authority's key.
const AUTHORITY: u8 = 70;
/// The seed of a buffer's address.
const BUFFER: u8 = 71;
/// The authority's delay.
const DELAY: i64 = 100;

pub(super) fn authority() -> Keypair {
    keypair(AUTHORITY)
}

/// A rollup with an authority that waits 100 seconds.
fn governed(build: Build) -> World {
    let mut world = World::empty(build).fork(|genesis| {
        genesis.params.authority = key_of(&authority());
        genesis.params.authority_delay_secs = DELAY.unsigned_abs();
    });
    world.start();
    world.airdrop(&key_of(&authority()), 10 * SOL);
    world
}

fn windows() -> Windows {
    Windows { challenge_slots: 20, challenge_secs: 30, inbox_delay_slots: 50, takeover_slots: 60 }
}

impl World {
    fn action_address(&self, index: u64) -> Address {
        self.pda(&seeds::action(&self.rollup, &seeds::le(index)))
    }

    fn action_account(&self, index: u64) -> Option<Action> {
        Some(Action::parse(&self.data_of(&self.action_address(index))?).unwrap())
    }

    pub(crate) fn schedule_instruction(&self, act: Act) -> Instruction {
        let buffer = match act {
            Act::Upgrade { buffer } => Some(buffer),
            _ => None,
        };
        let accounts = ScheduleActionAccounts {
            program: self.program,
            authority: key_of(&authority()),
            rollup: self.rollup,
            action: self.action_address(self.rollup_account().actions),
            buffer,
        };
        let act = borsh::to_vec(&act).unwrap();
        let mut data = ScheduleAction::DISCRIMINATOR.to_vec();
        data.extend(borsh::to_vec(&act).unwrap());
        self.instruction(accounts.metas(), data)
    }

    fn schedule(&mut self, act: Act) -> Outcome {
        let instruction = self.schedule_instruction(act);
        self.send_all(&[instruction], &[&authority()])
    }

    pub(crate) fn cancel_instruction(&self, index: u64) -> Instruction {
        let accounts = CancelActionAccounts {
            authority: key_of(&authority()),
            rollup: self.rollup,
            action: self.action_address(index),
        };
        self.instruction(accounts.metas(), CancelAction { index }.data())
    }

    pub(crate) fn execute_instruction(
        &self,
        index: u64,
        upgrade: Option<UpgradeAccounts>,
    ) -> Instruction {
        let accounts = ExecuteActionAccounts {
            program: self.program,
            authority: key_of(&authority()),
            rollup: self.rollup,
            action: self.action_address(index),
            upgrade,
        };
        self.instruction(accounts.metas(), ExecuteAction { index }.data())
    }

    fn execute(&mut self, index: u64) -> Outcome {
        let instruction = self.execute_instruction(index, None);
        self.send_all(&[instruction], &[&authority()])
    }

    /// Schedules, waits, and executes.
    fn act(&mut self, act: Act) {
        let index = self.rollup_account().actions;
        self.schedule(act).unwrap();
        self.pass(1, DELAY);
        self.execute(index).unwrap();
    }

    fn upgrader(&self) -> Address {
        self.pda(&seeds::upgrade(&self.rollup))
    }

    fn program_data(&self) -> Address {
        let (at, _) = Pubkey::find_program_address(&[self.program.as_bytes()], &pubkey(&LOADER));
        Address::new(at.to_bytes())
    }

    /// Writes a buffer of the loader with a program.
    fn buffer(&mut self, authority: Option<Address>, program: &[u8]) -> Address {
        let mut data = vec![1, 0, 0, 0, u8::from(authority.is_some())];
        data.extend(authority.unwrap_or_default().as_bytes());
        data.extend(program);
        let at = account_of(BUFFER);
        self.lay(&at, LOADER, data);
        at
    }

    fn lay(&mut self, at: &Address, owner: Address, data: Vec<u8>) {
        let lamports = self.svm.minimum_balance_for_rent_exemption(data.len());
        let owner = pubkey(&owner);
        let account = Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX };
        self.svm.set_account(pubkey(at), account).unwrap();
    }

    /// Makes the rollup's upgrade address the program's authority, as whoever deploys it does.
    fn hand_over_the_program(&mut self) {
        let (at, upgrader) = (self.program_data(), self.upgrader());
        self.edit(&at, |data| {
            data[12] = 1;
            data[13..45].copy_from_slice(upgrader.as_bytes());
        });
    }

    fn upgrade_accounts(&self) -> UpgradeAccounts {
        let (program_data, upgrader) = (self.program_data(), self.upgrader());
        UpgradeAccounts { program_data, buffer: account_of(BUFFER), upgrader }
    }
}

on_each_build! {
    fn an_action_waits_and_is_done_once(build: Build) {
        let mut world = governed(build);
        let before = world.lamports(&key_of(&authority()));
        world.schedule(Act::SetWindows(windows())).unwrap();
        let action = world.action_account(0).unwrap();
        assert_eq!((action.rollup, action.index), (world.rollup, 0));
        assert_eq!(action.ready_at, world.now().1 + DELAY);
        world.pass(1_000, DELAY - 1);
        assert_refused(world.execute(0), RollupError::ActionNotReady);
        assert_eq!(world.rollup_account().challenge_slots, 10);
        world.pass(0, 1);
        world.execute(0).unwrap();
        let rollup = world.rollup_account();
        let found = Windows {
            challenge_slots: rollup.challenge_slots,
            challenge_secs: rollup.challenge_secs,
            inbox_delay_slots: rollup.inbox_delay_slots,
            takeover_slots: rollup.takeover_slots,
        };
        assert_eq!((found, rollup.actions), (windows(), 1));
        assert_eq!(world.lamports(&key_of(&authority())), before, "the rent is back");
        assert_failed(world.execute(0), InstructionError::AccountDataTooSmall);
    }

    fn no_action_is_sooner_than_a_challenge_window(build: Build) {
        let mut world = governed(build);
        world.act(Act::SetWindows(Windows { challenge_secs: 500, ..windows() }));
        world.schedule(Act::Pause { secs: 1 }).unwrap();
        world.pass(1_000, 499);
        assert_refused(world.execute(1), RollupError::ActionNotReady);
        world.pass(0, 1);
        world.execute(1).unwrap();
    }

    fn an_action_that_was_ready_for_long_is_not_done(build: Build) {
        let mut world = governed(build);
        world.schedule(Act::Pause { secs: 1 }).unwrap();
        let last = DELAY + i64::try_from(ACTION_SECS_MAX).unwrap();
        world.pass(1, last);
        world.clone().execute(0).unwrap();
        world.pass(0, 1);
        assert_refused(world.execute(0), RollupError::ActionExpired);
        let cancel = world.cancel_instruction(0);
        world.send_all(&[cancel], &[&authority()]).unwrap();
        assert_eq!(world.action_account(0), None);
    }

    fn values_are_those_of_a_genesis(build: Build) {
        let mut world = governed(build);
        for act in [
            Act::Pause { secs: 0 },
            Act::Pause { secs: PAUSE_SECS_MAX + 1 },
            Act::SetWindows(Windows { challenge_slots: SLOTS_MAX + 1, ..windows() }),
            Act::SetWindows(Windows { challenge_secs: SECS_MAX + 1, ..windows() }),
            Act::SetWindows(Windows { inbox_delay_slots: 0, ..windows() }),
            Act::SetWindows(Windows { inbox_delay_slots: SLOTS_MAX + 1, ..windows() }),
            Act::SetWindows(Windows { takeover_slots: 0, ..windows() }),
            Act::SetWindows(Windows { takeover_slots: SLOTS_MAX + 1, ..windows() }),
        ] {
            assert_refused(world.schedule(act), RollupError::InvalidAction);
        }
        let mut unknown = world.schedule_instruction(Act::Resume);
        *unknown.data.last_mut().unwrap() = 9;
        let outcome = world.send_all(&[unknown], &[&authority()]);
        assert_refused(outcome, RollupError::InvalidAction);
        assert_eq!(world.rollup_account().actions, 0);
    }

    fn a_pause_stops_deposits_and_commits_and_nothing_else(build: Build) {
        let mut world = governed(build);
        world.deposit(address(0), SOL).unwrap();
        let id = world.chain.id;
        let before = world.chain.tree.clone();
        let payment = vec![super::support::withdraw(address(50), SOL / 2)];
        let first = world.settle_finally(vec![super::support::signed(0, 0, payment, &id)]);
        assert_eq!(exhibits(&before, &first, 850).len(), 3);
        let sealed = world.settle(vec![]);
        let index = world.rollup_account().actions;
        world.schedule(Act::Pause { secs: 1_000 }).unwrap();
        let next = world.ready(vec![]);
        world.pass(1, DELAY);
        world.execute(index).unwrap();
        assert_refused(world.deposit(address(0), SOL), RollupError::Paused);
        assert_refused(world.commit(&next.header), RollupError::Paused);
        // Challenges, finalization, withdrawals and the inbox for transactions go on.
        let exhibit = exhibits(world.chain.state(1), &sealed, 850).remove(0);
        world.challenge(&exhibit, 30).unwrap();
        world.pass(20, 20);
        world.finalize(2).unwrap();
        let (claim, recipient) = world.chain.claim(1, 0);
        let claim = world.withdraw_instruction(&claim, recipient);
        world.send(&claim).unwrap();
        let force = world.force_instruction(&[1]);
        world.send(&force).unwrap();
        world.pass(0, 979);
        assert_refused(world.commit(&next.header), RollupError::Paused);
        world.pass(0, 1);
        world.commit(&next.header).unwrap();
        world.deposit(address(0), SOL).unwrap();
    }

    fn a_pause_ends_early_and_the_next_one_waits(build: Build) {
        let mut world = governed(build);
        world.act(Act::Pause { secs: PAUSE_SECS_MAX });
        assert_refused(world.deposit(address(0), SOL), RollupError::Paused);
        world.schedule(Act::Resume).unwrap();
        world.execute(1).unwrap();
        world.deposit(address(0), SOL).unwrap();
        let resumed = world.now().1;
        world.schedule(Act::Pause { secs: 1 }).unwrap();
        let rest = i64::try_from(PAUSE_SECS_MAX).unwrap();
        world.pass(1, resumed + rest - 1 - world.now().1);
        assert_refused(world.execute(2), RollupError::PauseTooSoon);
        world.pass(0, 1);
        world.execute(2).unwrap();
        // A resumption that comes late ends nothing.
        world.pass(1, 100);
        let until = world.rollup_account().paused_until;
        world.schedule(Act::Resume).unwrap();
        world.execute(3).unwrap();
        assert_eq!(world.rollup_account().paused_until, until);
    }

    fn only_the_authority_acts(build: Build) {
        let mut world = governed(build);
        world.schedule(Act::Resume).unwrap();
        let stranger = keypair(8);
        world.airdrop(&key_of(&stranger), SOL);
        for mut instruction in [
            world.schedule_instruction(Act::Resume),
            world.cancel_instruction(0),
            world.execute_instruction(0, None),
        ] {
            let mut unsigned = instruction.clone();
            unsigned.accounts[0].is_signer = false;
            assert_failed(world.send(&unsigned), anchor::NOT_SIGNER);
            instruction.accounts[0].pubkey = pubkey(&key_of(&stranger));
            let outcome = world.send_all(&[instruction], &[&stranger]);
            assert_refused(outcome, RollupError::NotAuthority);
        }
        world.act(Act::SetAuthority { authority: key_of(&stranger) });
        assert_refused(world.schedule(Act::Resume), RollupError::NotAuthority);
        assert_refused(world.execute(0), RollupError::NotAuthority);
    }

    fn nobody_is_the_authority_of_a_rollup_without_one(build: Build) {
        let mut world = World::new(build);
        world.airdrop(&key_of(&authority()), SOL);
        assert_refused(world.schedule(Act::Resume), RollupError::NotAuthority);
        let mut world = governed(build);
        world.act(Act::SetAuthority { authority: Address::default() });
        assert_refused(world.schedule(Act::Resume), RollupError::NotAuthority);
    }

    fn an_upgrade_replaces_the_program(build: Build) {
        let mut world = governed(build);
        world.settle(vec![]);
        let program = std::fs::read(build.path()).unwrap();
        let upgrader = world.upgrader();
        let buffer = world.buffer(Some(upgrader), &program);
        world.hand_over_the_program();
        world.schedule(Act::Upgrade { buffer }).unwrap();
        world.pass(1, DELAY);
        let accounts = world.upgrade_accounts();
        let execute = world.execute_instruction(0, Some(accounts));
        world.send_all(&[super::support::budget(1_400_000), execute], &[&authority()]).unwrap();
        assert_eq!(world.lamports(&buffer), 0);
        let at = world.program_data();
        let data = world.svm.get_account(&pubkey(&at)).unwrap().data;
        assert_eq!(u64::from_le_bytes(data[4..12].try_into().unwrap()), world.slot());
        assert_eq!(data[45..45 + program.len()], program);
    }

    fn a_buffer_that_somebody_can_change_is_not_scheduled(build: Build) {
        let mut world = governed(build);
        let upgrader = world.upgrader();
        for authority in [None, Some(address(1)), Some(world.rollup)] {
            let buffer = world.buffer(authority, &[1, 2, 3]);
            assert_refused(world.schedule(Act::Upgrade { buffer }), RollupError::WrongBuffer);
        }
        let buffer = world.buffer(Some(upgrader), &[1, 2, 3]);
        let mut data = world.svm.get_account(&pubkey(&buffer)).unwrap().data;
        world.lay(&buffer, address(2), data.clone());
        assert_refused(world.schedule(Act::Upgrade { buffer }), RollupError::WrongBuffer);
        data[0] = 2;
        world.lay(&buffer, LOADER, data);
        assert_refused(world.schedule(Act::Upgrade { buffer }), RollupError::WrongBuffer);
        let buffer = world.buffer(Some(upgrader), &[1, 2, 3]);
        let mut other = world.schedule_instruction(Act::Upgrade { buffer });
        other.accounts[3].pubkey = pubkey(&world.inbox);
        assert_refused(world.send_all(&[other], &[&authority()]), RollupError::WrongBuffer);
    }

    fn an_upgrade_takes_the_accounts_of_the_program(build: Build) {
        let mut world = governed(build);
        let upgrader = world.upgrader();
        let buffer = world.buffer(Some(upgrader), &[1, 2, 3]);
        world.hand_over_the_program();
        world.schedule(Act::Upgrade { buffer }).unwrap();
        world.pass(1, DELAY);
        assert_refused(world.execute(0), RollupError::WrongUpgrade);
        let accounts = world.upgrade_accounts();
        let good = world.execute_instruction(0, Some(accounts));
        for place in 3..10 {
            let mut instruction = good.clone();
            instruction.accounts[place].pubkey = pubkey(&address(9));
            let outcome = world.send_all(&[instruction], &[&authority()]);
            assert!(outcome.is_err(), "account {place}");
        }
        // What is no program is refused by the loader, and nothing is lost.
        assert!(world.send_all(&[good], &[&authority()]).is_err());
        assert!(world.action_account(0).is_some());
    }

    fn data_and_commits_are_not_another_programs(build: Build) {
        let mut world = World::new(build);
        let deposit = world.deposit_instruction(address(0), SOL);
        let deposit = world.relayed(&deposit);
        world.send(&deposit).unwrap();
        let sealed = world.seal(vec![]);
        let post = world.post_instruction(1, &sealed.chunks, 0);
        let relayed = world.relayed(&post);
        assert_refused(world.send(&relayed), RollupError::CalledByProgram);
        world.post(&sealed);
        let signatures = world.sign(&sealed.header, &world.quorum());
        let commit = world.commit_instruction(&sealed.header, signatures);
        let relayed = world.relayed(&commit);
        assert_refused(world.send(&relayed), RollupError::CalledByProgram);
        world.send(&commit).unwrap();
    }
}
