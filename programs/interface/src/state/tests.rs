//! Layout tests: discriminators, lengths, what follows from the fields.

use alloc::{format, vec, vec::Vec};

use borsh::BorshSerialize;
use curvevm::{
    host::sha256,
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    types::{Address, AssetId, Base, CurveId, Hash, Quote},
};

use super::{
    ACCOUNT_VERSION, Batch, Data, FinalizedRoot, Inbox, LayoutError, Member, Message, Nullifiers,
    Parts, Rollup, Verdict, Witness, nullifiers::nullifier_bit,
};
use crate::constants::{
    MEMBERS_MAX, MESSAGE_BODY_BYTES_MAX, NULLIFIERS_PER_PAGE, QUOTE_ASSETS_MAX, ROOTS_CAPACITY,
};

fn rollup() -> Rollup {
    Rollup {
        version: ACCOUNT_VERSION,
        bump: 1,
        vault_bump: 2,
        inbox_bump: 3,
        member_count: 2,
        prev_member_count: 1,
        chunk_bytes_max: 900,
        chain_id: Hash::new([4; 32]),
        authority: Address::new([5; 32]),
        committee_hash: Hash::new([6; 32]),
        challenge_slots: 7,
        challenge_secs: 8,
        inbox_delay_slots: 9,
        committed_number: 100,
        committed_height: 11,
        committed_time_ms: 12,
        committed_inbox_cursor: 13,
        committed_withdrawals: 14,
        committed_root: Hash::new([15; 32]),
        committed_inbox_hash: Hash::new([16; 32]),
        finalized_number: 90,
        finalized_height: 18,
        finalized_inbox_cursor: 12,
        members: [Address::new([19; 32]); MEMBERS_MAX],
        roots: [FinalizedRoot::default(); ROOTS_CAPACITY],
        bond_lamports: 20,
        challenge_lamports: 21,
        takeover_slots: 22,
        authority_delay_secs: 23,
        epoch: 24,
        epoch_first_number: 25,
        prev_epoch: 26,
        committee_slot: 27,
        rollbacks: 28,
        verdicts: 29,
        verdict_slot: 30,
        verdict_unix_time: 31,
        active: 0b10,
        bonded: 0b10,
        prev_active: 0b1,
        reserved: 0,
        prev_committee_hash: Hash::new([32; 32]),
        prev_members: [Address::new([33; 32]); MEMBERS_MAX],
        quote_assets: [AssetId::new([34; 32]); QUOTE_ASSETS_MAX],
        actions: 35,
        paused_until: 36,
    }
}

fn inbox() -> Inbox {
    Inbox {
        version: ACCOUNT_VERSION,
        bump: 1,
        reserved: [0; 6],
        rollup: Address::new([2; 32]),
        count: 3,
        deposited: 4,
        head: Hash::new([5; 32]),
    }
}

fn message() -> Message {
    let kind = MessageKind::Deposit {
        asset: AssetId::SOL,
        amount: Quote::new(5_016),
        recipient: Address::new([9; 32]),
    };
    Message {
        version: ACCOUNT_VERSION,
        bump: 1,
        reserved: [0; 6],
        rollup: Address::new([2; 32]),
        payer: Address::new([3; 32]),
        hash: Hash::new([4; 32]),
        slot: 1_016,
        index: 16,
        body: borsh::to_vec(&kind).unwrap(),
    }
}

fn batch() -> Batch {
    Batch {
        version: ACCOUNT_VERSION,
        bump: 1,
        header_version: 1,
        reserved: 0,
        signers: 0b1011,
        rollup: Address::new([1; 32]),
        number: 1,
        batch_hash: Hash::new([2; 32]),
        first_height: 1,
        last_height: 2,
        prev_root: Hash::new([3; 32]),
        post_root: Hash::new([4; 32]),
        data_root: Hash::new([6; 32]),
        inbox_hash: Hash::new([7; 32]),
        inbox_cursor: 8,
        chunk_count: 10,
        reserved_2: [0; 4],
        time_ms: 11,
        withdrawals: 12,
        vm_version: 13,
        slot: 14,
        unix_time: 15,
        poster: Address::new([16; 32]),
        data: Address::new([17; 32]),
        epoch: 18,
        previous_time_ms: 19,
        previous_inbox_cursor: 20,
        previous_withdrawals: 21,
        previous_inbox_hash: Hash::new([22; 32]),
        poster_member: Address::default(),
        extension_slots: 23,
        extension_secs: 24,
    }
}

fn member() -> Member {
    Member {
        version: ACCOUNT_VERSION,
        bump: 1,
        status: Member::BONDED,
        reserved: [0; 5],
        rollup: Address::new([2; 32]),
        key: Address::new([3; 32]),
        owner: Address::new([4; 32]),
        bond: 5,
        unbond_number: 6,
        unbond_slot: 7,
        unbond_unix_time: 8,
    }
}

fn verdict() -> Verdict {
    Verdict {
        version: ACCOUNT_VERSION,
        bump: 1,
        kind: Verdict::ROLLBACK,
        accused_count: 5,
        slashed: 0b1_0110,
        rollup: Address::new([2; 32]),
        index: 3,
        number: 4,
        challenger: Address::new([5; 32]),
        accused: [Address::new([6; 32]); MEMBERS_MAX],
    }
}

fn data(hashes: Vec<Hash>) -> Data {
    Data {
        version: ACCOUNT_VERSION,
        bump: 1,
        posted: 0,
        reserved: [0; 4],
        rollup: Address::new([2; 32]),
        number: 3,
        poster: Address::new([4; 32]),
        hashes,
    }
}

fn nullifiers() -> Nullifiers {
    Nullifiers {
        version: ACCOUNT_VERSION,
        bump: 1,
        reserved: [0; 6],
        rollup: Address::new([2; 32]),
        page: 1,
        bits: [0; 256],
    }
}

fn account(discriminator: [u8; 8], body: &impl BorshSerialize) -> Vec<u8> {
    let mut bytes = discriminator.to_vec();
    bytes.extend(borsh::to_vec(body).unwrap());
    bytes
}

#[test]
fn discriminators_are_those_of_anchor() {
    for (name, discriminator) in [
        ("Rollup", Rollup::DISCRIMINATOR),
        ("Inbox", Inbox::DISCRIMINATOR),
        ("Message", Message::DISCRIMINATOR),
        ("Batch", Batch::DISCRIMINATOR),
        ("Data", Data::DISCRIMINATOR),
        ("Nullifiers", Nullifiers::DISCRIMINATOR),
        ("Member", Member::DISCRIMINATOR),
        ("Verdict", Verdict::DISCRIMINATOR),
    ] {
        let hash = sha256(&[format!("account:{name}").as_bytes()]);
        assert_eq!(hash.as_bytes()[..8], discriminator, "{name}");
    }
}

#[test]
fn accounts_have_their_stated_lengths_and_are_read_back() {
    let bytes = account(Rollup::DISCRIMINATOR, &rollup());
    assert_eq!(bytes.len(), Rollup::BYTES);
    assert_eq!(Rollup::parse(&bytes), Ok(rollup()));
    let bytes = account(Inbox::DISCRIMINATOR, &inbox());
    assert_eq!(bytes.len(), Inbox::BYTES);
    assert_eq!(Inbox::parse(&bytes), Ok(inbox()));
    let bytes = account(Message::DISCRIMINATOR, &message());
    assert_eq!(bytes.len(), Message::bytes(Message::DEPOSIT_BYTES));
    assert_eq!(Message::parse(&bytes), Ok(message()));
    let bytes = account(Batch::DISCRIMINATOR, &batch());
    assert_eq!(bytes.len(), Batch::BYTES);
    assert_eq!(Batch::parse(&bytes), Ok(batch()));
    let bytes = account(Data::DISCRIMINATOR, &data(vec![Hash::ZERO; 3]));
    assert_eq!(bytes.len(), Data::bytes(3));
    assert_eq!(Data::parse(&bytes), Ok(data(vec![Hash::ZERO; 3])));
    let bytes = account(Nullifiers::DISCRIMINATOR, &nullifiers());
    assert_eq!(bytes.len(), Nullifiers::BYTES);
    assert_eq!(Nullifiers::parse(&bytes), Ok(nullifiers()));
    let bytes = account(Member::DISCRIMINATOR, &member());
    assert_eq!(bytes.len(), Member::BYTES);
    assert_eq!(Member::parse(&bytes), Ok(member()));
    let bytes = account(Verdict::DISCRIMINATOR, &verdict());
    assert_eq!(bytes.len(), Verdict::BYTES);
    assert_eq!(Verdict::parse(&bytes), Ok(verdict()));
}

#[test]
fn no_account_passes_what_one_instruction_can_create() {
    const CREATE_BYTES_MAX: usize = 10_240;
    const { assert!(Rollup::BYTES <= CREATE_BYTES_MAX) };
    const { assert!(Message::bytes(MESSAGE_BODY_BYTES_MAX) <= CREATE_BYTES_MAX) };
    const { assert!(Verdict::BYTES <= CREATE_BYTES_MAX) };
    const { assert!(Data::bytes(crate::constants::CHUNKS_MAX) <= CREATE_BYTES_MAX) };
}

#[test]
fn refuses_another_account_and_a_short_one_and_a_later_one() {
    let mut bytes = account(Batch::DISCRIMINATOR, &batch());
    assert_eq!(Rollup::parse(&bytes), Err(LayoutError::Discriminator));
    assert_eq!(Batch::parse(&bytes[..bytes.len() - 1]), Err(LayoutError::Length));
    assert_eq!(Batch::parse(&bytes[..8]), Err(LayoutError::Length));
    assert_eq!(Batch::parse(&bytes[..7]), Err(LayoutError::Discriminator));
    bytes[8] = 2;
    assert_eq!(Batch::parse(&bytes), Err(LayoutError::Version(2)));
}

#[test]
fn later_bytes_are_left_alone() {
    let mut bytes = account(Batch::DISCRIMINATOR, &batch());
    bytes.extend([7; 40]);
    assert_eq!(Batch::parse(&bytes), Ok(batch()));
}

#[test]
fn a_root_is_found_while_it_is_kept() {
    let mut rollup = rollup();
    for number in 0..=90u64 {
        let at = (number % ROOTS_CAPACITY as u64) as usize;
        rollup.roots[at] = FinalizedRoot { number, root: Hash::new([number as u8; 32]) };
    }
    assert_eq!(rollup.finalized_root(90), Some(Hash::new([90; 32])));
    assert_eq!(rollup.finalized_root(27), Some(Hash::new([27; 32])));
    assert_eq!(rollup.finalized_root(26), None);
    assert_eq!(rollup.finalized_root(91), None);
    assert_eq!(rollup.committee().len(), 2);
}

#[test]
fn a_committee_has_active_and_bonded_members() {
    let mut rollup = rollup();
    rollup.member_count = 32;
    (rollup.active, rollup.bonded) = (u32::MAX - 1, 0b110);
    assert_eq!(
        [0, 1, 2, 31, 32, 255].map(|it| rollup.is_active(it)),
        [false, true, true, true, false, false]
    );
    assert_eq!([0, 1, 2, 3, 255].map(|it| rollup.is_bonded(it)), [false, true, true, false, false]);
    assert_eq!(rollup.quorum(), 21);
    assert_eq!(rollup.prev_committee(), [Address::new([33; 32])]);
    assert_eq!([90, 91, 100, 101].map(|number| rollup.is_live(number)), [false, true, true, false]);
}

#[test]
fn a_verdict_is_open_for_those_who_are_not_slashed() {
    assert_eq!(verdict().open().collect::<Vec<_>>(), [0, 3]);
    assert_eq!(verdict().guilty().len(), 5);
    let batch = batch();
    assert!(batch.is_certified());
    assert!(!Batch { poster_member: Address::new([1; 32]), ..batch }.is_certified());
}

#[test]
fn every_kind_of_message_fits_its_account() {
    let (curve, recipient) = (CurveId::new([8; 32]), Address::new([9; 32]));
    let tokens = MessageKind::DepositBase { curve, amount: Base::MAX, recipient };
    let empty = MessageKind::Transaction { bytes: vec![] };
    let longest = MessageKind::Transaction { bytes: vec![7; FORCED_BYTES_MAX] };
    for (kind, length) in
        [(tokens, Message::DEPOSIT_BYTES), (empty, 5), (longest, MESSAGE_BODY_BYTES_MAX)]
    {
        let body = borsh::to_vec(&kind).unwrap();
        assert_eq!(body.len(), length);
        let bytes = account(Message::DISCRIMINATOR, &Message { body, ..message() });
        assert_eq!(bytes.len(), Message::bytes(length));
        let consumed = Message::parse(&bytes).unwrap().message();
        assert_eq!(consumed, Ok(InboxMessage { index: 16, slot: 1_016, kind }));
    }
}

#[test]
fn a_message_says_what_the_chain_consumes() {
    let kind = MessageKind::Deposit {
        asset: AssetId::SOL,
        amount: Quote::new(5_016),
        recipient: Address::new([9; 32]),
    };
    let consumed = InboxMessage { index: 16, slot: 1_016, kind };
    assert_eq!(message().message(), Ok(consumed));
    assert_eq!(message().body.len(), Message::DEPOSIT_BYTES);
    // A kind that a later version may have, a body that is cut off, one that is too long.
    let body = message().body;
    let mut unknown = body.clone();
    unknown[0] = 0xff;
    let mut longer = body.clone();
    longer.push(0);
    for body in [vec![], unknown, body[..body.len() - 1].to_vec(), longer] {
        assert_eq!(Message { body, ..message() }.message(), Err(LayoutError::Body));
    }
    // The length of the body is told by its prefix.
    let mut bytes = account(Message::DISCRIMINATOR, &message());
    bytes[Message::bytes(0) - 4] += 1;
    assert_eq!(Message::parse(&bytes), Err(LayoutError::Length));
    bytes.push(0);
    assert_eq!(Message::parse(&bytes).unwrap().message(), Err(LayoutError::Body));
}

#[test]
fn nullifiers_do_not_share_bits() {
    let mut seen = [[0u8; 256]; 1];
    for withdrawal in NULLIFIERS_PER_PAGE..NULLIFIERS_PER_PAGE * 2 {
        let (byte, mask) = nullifier_bit(withdrawal);
        assert_eq!(seen[0][byte] & mask, 0);
        seen[0][byte] |= mask;
    }
    assert_eq!(seen[0], [0xff; 256]);
    let mut page = nullifiers();
    page.bits[1] = 0b10;
    assert_eq!(page.is_paid(NULLIFIERS_PER_PAGE + 9), Some(true));
    assert_eq!(page.is_paid(NULLIFIERS_PER_PAGE + 8), Some(false));
    assert_eq!(page.is_paid(9), None);
}

#[test]
fn missing_chunks_are_named() {
    let mut data = data(vec![Hash::new([1; 32]), Hash::ZERO, Hash::ZERO]);
    data.posted = 1;
    assert!(!data.is_complete());
    assert_eq!(data.missing().collect::<Vec<_>>(), [1, 2]);
    data.hashes = vec![Hash::new([1; 32])];
    assert!(data.is_complete());
}

#[test]
fn a_witness_is_read_back_with_its_parts() {
    let parts = Parts { state: &[1, 2], chunk: &[3, 4, 5], next: &[6] };
    let [state_length, chunk_length, next_length] = parts.lengths().unwrap();
    let witness = Witness {
        version: 1,
        reserved: [0; 3],
        state_length,
        chunk_length,
        next_length,
        rollup: Address::new([1; 32]),
        owner: Address::new([2; 32]),
        number: 3,
        batch_hash: Hash::new([4; 32]),
        post_root: Hash::new([5; 32]),
        deposit: 6,
        body: parts.body(),
    };
    let hash = sha256(&[b"account:Witness"]);
    assert_eq!(hash.as_bytes()[..8], Witness::DISCRIMINATOR);
    let mut data = Witness::DISCRIMINATOR.to_vec();
    data.extend(borsh::to_vec(&witness).unwrap());
    assert_eq!(data.len(), Witness::bytes(6));
    assert_eq!(data[Witness::BODY_AT..], [1, 2, 3, 4, 5, 6]);
    assert_eq!(Witness::parse(&data), Ok(witness.clone()));
    assert_eq!(witness.parts(), Ok(parts));
    assert_eq!(Witness::parse(&data[..data.len() - 1]), Err(LayoutError::Length));
    assert_eq!(Witness::parse(&data[..40]), Err(LayoutError::Length));
    let edited = |at: usize, byte: u8| {
        let mut data = data.clone();
        data[at] = byte;
        Witness::parse(&data)
    };
    assert_eq!(edited(0, 0), Err(LayoutError::Discriminator));
    assert_eq!(edited(8, 2), Err(LayoutError::Version(2)));
    for at in [15, 19, 23] {
        assert_eq!(edited(at, 0xff).unwrap().parts(), Err(LayoutError::Length), "{at}");
    }
}
