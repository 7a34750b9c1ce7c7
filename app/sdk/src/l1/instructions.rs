//! The program's instructions as writes: data and accounts from the interface, addresses, compute bounds.

use asset_rollup_interface::{
    error::RollupError,
    instruction as ix, seeds,
    state::{Batch, Message, Verdict},
};
use curvevm::{
    genesis::Genesis,
    program::Amount,
    types::{Address, Quote},
};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use super::{
    address::{address, pubkey},
    client::{Chunk, Claim, Commit, L1Client},
    error::L1Error,
    send::Write,
};
use crate::keys::Key;

/// What most instructions may use; they need a tenth of it.
pub(super) const COMPUTE_UNITS: u32 = 200_000;
/// What one in-program signature check may use.
const COMPUTE_UNITS_SIGNATURE: u32 = 40_000;
/// The most that Solana gives a transaction.
pub(super) const COMPUTE_UNITS_MAX: u32 = 1_400_000;

pub(super) fn initialize(client: &L1Client, payer: &Key, genesis: &Genesis) -> Write {
    let at = client.addresses();
    let accounts = ix::InitializeAccounts {
        payer: payer.address(),
        rollup: address(&at.rollup),
        inbox: address(&at.inbox),
        vault: address(&at.vault),
    };
    write(
        client,
        "initialize",
        (ix::Initialize::new(genesis).data(), &accounts.metas()),
        COMPUTE_UNITS,
    )
}

/// A deposit under the index that its message is to have.
pub(super) struct Deposit<'a> {
    pub(super) index: u64,
    pub(super) recipient: &'a Address,
    pub(super) amount: Quote,
}

pub(super) fn deposit_sol(client: &L1Client, depositor: &Key, deposit: &Deposit<'_>) -> Write {
    let &Deposit { index, recipient, amount } = deposit;
    let at = client.addresses();
    let accounts = ix::DepositSolAccounts {
        depositor: depositor.address(),
        rollup: address(&at.rollup),
        inbox: address(&at.inbox),
        message: address(&at.message(index)),
        vault: address(&at.vault),
    };
    let data = ix::DepositSol { index, recipient: *recipient, amount: amount.get() }.data();
    write(client, "deposit_sol", (data, &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn post_data(client: &L1Client, poster: &Key, chunk: &Chunk<'_>) -> Write {
    let at = client.addresses();
    let accounts = ix::PostDataAccounts {
        poster: poster.address(),
        rollup: address(&at.rollup),
        data: address(&at.data(chunk.number, &poster.address())),
    };
    let data = ix::PostData {
        number: chunk.number,
        chunk_index: chunk.index,
        chunk_count: chunk.count,
        bytes: chunk.bytes.to_vec(),
    }
    .data();
    write(client, "post_data", (data, &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn commit_batch(client: &L1Client, poster: &Key, commit: &Commit<'_>) -> Write {
    let at = client.addresses();
    let cursor = commit.header.inbox_cursor;
    let message = |index: u64| address(&at.message(index));
    let last = cursor.checked_sub(1).filter(|_| cursor > commit.committed_inbox_cursor);
    let accounts = ix::CommitBatchAccounts {
        program: client.config().program_id,
        poster: poster.address(),
        rollup: address(&at.rollup),
        inbox: address(&at.inbox),
        data: address(&at.data(commit.header.number, commit.data_poster)),
        batch: address(&at.batch(commit.header.number)),
        last: last.map(message),
        // It may be appended before the transaction is executed.
        next: Some(message(cursor)),
        member: commit.member.map(|key| address(&at.member(key))),
    };
    let signatures = u32::try_from(commit.signatures.len()).unwrap_or(u32::MAX);
    let units = COMPUTE_UNITS_SIGNATURE.saturating_mul(signatures).saturating_add(COMPUTE_UNITS);
    let data = ix::CommitBatch::new(commit.header, commit.signatures.to_vec()).data();
    write(client, "commit_batch", (data, &accounts.metas()), units.min(COMPUTE_UNITS_MAX))
}

pub(super) fn finalize_batch(
    client: &L1Client,
    batch: &Batch,
    data_poster: Option<&Address>,
) -> Write {
    let at = client.addresses();
    let accounts = ix::FinalizeBatchAccounts {
        program: client.config().program_id,
        rollup: address(&at.rollup),
        batch: address(&at.batch(batch.number)),
        poster: batch.poster,
        data: data_poster.map(|poster| (batch.data, *poster)),
    };
    let data = ix::FinalizeBatch { number: batch.number }.data();
    write(client, "finalize_batch", (data, &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn close_data(client: &L1Client, number: u64, poster: &Address) -> Write {
    let at = client.addresses();
    let accounts = ix::CloseDataAccounts {
        rollup: address(&at.rollup),
        data: address(&at.data(number, poster)),
        poster: *poster,
    };
    write(client, "close_data", (ix::CloseData {}.data(), &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn close_messages(client: &L1Client, messages: &[Message]) -> Write {
    let at = client.addresses();
    let close = |message: &Message| {
        let accounts = ix::CloseMessageAccounts {
            rollup: address(&at.rollup),
            message: address(&at.message(message.index)),
            payer: message.payer,
        };
        let data = ix::CloseMessage { index: message.index }.data();
        instruction(client, (data, &accounts.metas()))
    };
    Write::new("close_message", messages.iter().map(close).collect(), COMPUTE_UNITS)
}

/// # Errors
///
/// The program's [`RollupError::UnsupportedAsset`] for tokens, which its instruction does not name.
pub(super) fn withdraw(
    client: &L1Client,
    payer: &Key,
    claim: &Claim<'_>,
) -> Result<Write, L1Error> {
    let Amount::Quote(asset, amount) = claim.withdrawal.amount else {
        return Err(program_error("withdraw", RollupError::UnsupportedAsset.code()));
    };
    let at = client.addresses();
    let page = seeds::nullifier_page(claim.withdrawal.index);
    let accounts = ix::WithdrawAccounts {
        payer: payer.address(),
        rollup: address(&at.rollup),
        vault: address(&at.vault),
        nullifiers: address(&at.nullifiers(page)),
        recipient: claim.withdrawal.recipient,
    };
    let data = ix::Withdraw {
        root_number: claim.batch,
        index: claim.withdrawal.index,
        asset,
        amount: amount.get(),
        witness: claim.witness.to_vec(),
    }
    .data();
    Ok(write(client, "withdraw", (data, &accounts.metas()), COMPUTE_UNITS))
}

pub(super) fn register_member(
    client: &L1Client,
    owner: &Key,
    registration: &ix::RegisterMember,
) -> Write {
    let at = client.addresses();
    let accounts = ix::RegisterMemberAccounts {
        owner: owner.address(),
        rollup: address(&at.rollup),
        member: address(&at.member(&registration.key)),
    };
    write(client, "register_member", (registration.data(), &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn begin_unbond(client: &L1Client, owner: &Key, key: &Address) -> Write {
    let at = client.addresses();
    let accounts = ix::BeginUnbondAccounts {
        owner: owner.address(),
        rollup: address(&at.rollup),
        member: address(&at.member(key)),
    };
    write(client, "begin_unbond", (ix::BeginUnbond {}.data(), &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn finish_unbond(client: &L1Client, owner: &Key, key: &Address) -> Write {
    let at = client.addresses();
    let accounts = ix::FinishUnbondAccounts {
        owner: owner.address(),
        rollup: address(&at.rollup),
        member: address(&at.member(key)),
    };
    write(client, "finish_unbond", (ix::FinishUnbond {}.data(), &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn rotate_committee(client: &L1Client, rotation: &ix::RotateCommittee) -> Write {
    let at = client.addresses();
    let accounts = ix::RotateCommitteeAccounts {
        rollup: address(&at.rollup),
        members: rotation.members.iter().map(|key| address(&at.member(key))).collect(),
    };
    let signatures = u32::try_from(rotation.signatures.len()).unwrap_or(u32::MAX);
    let units = COMPUTE_UNITS_SIGNATURE.saturating_mul(signatures).saturating_add(COMPUTE_UNITS);
    let units = units.min(COMPUTE_UNITS_MAX);
    write(client, "rotate_committee", (rotation.data(), &accounts.metas()), units)
}

pub(super) fn report_equivocation(
    client: &L1Client,
    challenger: &Key,
    (report, index): (&ix::ReportEquivocation, u64),
) -> Write {
    let at = client.addresses();
    let accounts = ix::ReportEquivocationAccounts {
        challenger: challenger.address(),
        rollup: address(&at.rollup),
        verdict: address(&at.verdict(index)),
    };
    write(client, "report_equivocation", (report.data(), &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn slash(client: &L1Client, verdict: &Verdict, accused: u8) -> Write {
    let at = client.addresses();
    let key = verdict.guilty().get(usize::from(accused)).copied().unwrap_or_default();
    let accounts = ix::SlashAccounts {
        rollup: address(&at.rollup),
        verdict: address(&at.verdict(verdict.index)),
        member: address(&at.member(&key)),
        challenger: verdict.challenger,
    };
    let data = ix::Slash { index: verdict.index, accused }.data();
    write(client, "slash", (data, &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn close_verdict(client: &L1Client, verdict: &Verdict) -> Write {
    let at = client.addresses();
    let accounts = ix::CloseVerdictAccounts {
        rollup: address(&at.rollup),
        verdict: address(&at.verdict(verdict.index)),
        challenger: verdict.challenger,
    };
    write(client, "close_verdict", (ix::CloseVerdict {}.data(), &accounts.metas()), COMPUTE_UNITS)
}

pub(super) fn close_batch(client: &L1Client, batch: &Batch) -> Write {
    let at = client.addresses();
    let accounts = ix::CloseBatchAccounts {
        rollup: address(&at.rollup),
        batch: address(&at.batch(batch.number)),
        poster: batch.poster,
    };
    write(client, "close_batch", (ix::CloseBatch {}.data(), &accounts.metas()), COMPUTE_UNITS)
}

/// The error of a number that the program, or Anchor in it, reported.
pub(super) fn program_error(what: &'static str, number: u32) -> L1Error {
    match RollupError::from_code(number) {
        Some(error) => L1Error::Program {
            what,
            number,
            name: error.name(),
            message: error.message().to_owned(),
        },
        None => L1Error::Program {
            what,
            number,
            name: "unknown",
            message:
                "an error that this version does not know: check its version and the program id"
                    .to_owned(),
        },
    }
}

pub(super) fn write(
    client: &L1Client,
    what: &'static str,
    parts: (Vec<u8>, &[ix::Meta]),
    units: u32,
) -> Write {
    Write::new(what, vec![instruction(client, parts)], units)
}

pub(super) fn instruction(client: &L1Client, (data, metas): (Vec<u8>, &[ix::Meta])) -> Instruction {
    let program_id: Pubkey = client.addresses().program();
    let accounts = metas
        .iter()
        .map(|meta| AccountMeta {
            pubkey: pubkey(&meta.address),
            is_signer: meta.signer,
            is_writable: meta.writable,
        })
        .collect();
    Instruction { program_id, accounts, data }
}
