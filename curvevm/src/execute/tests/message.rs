//! Messages of the inbox: deposits, forced transactions, and that nothing that they say stops the chain.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::{
    admission,
    world::{
        DEPOSIT, OTHER, SOL, USD, World, address_of, dear, failed, nobody, pay, succeeded, take,
        withdraw, withdraw_tokens,
    },
};
use crate::{
    cell::{ASSETS_MAX, Account, Cell, Chain, Curve, Holding},
    error::{Error, StateError},
    execute::{Halt, Received, State, receive},
    inbox::{FORCED_BYTES_MAX, InboxMessage, KIND_BYTES_MAX, MESSAGE_BYTES_MAX, MessageKind},
    meter::{Meter, SEGMENT_CU_MAX},
    program::{Amount, Instruction, Launch},
    receipt::{Event, Outcome, Receipt},
    test_support::{any_transaction, sign, signed},
    tree::{Found, Tree},
    tx::Transaction,
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Signature},
};

fn message(kind: MessageKind) -> InboxMessage {
    InboxMessage { index: 3, slot: 9, kind }
}

/// The message's hash, after whatever came before.
fn hash(message: &InboxMessage) -> Hash {
    message.chain(&Hash::new([8; 32]))
}

fn deposit(user: u8, asset: AssetId, amount: u64) -> InboxMessage {
    let (amount, recipient) = (Quote::new(amount), address_of(user));
    message(MessageKind::Deposit { asset, amount, recipient })
}

fn deposit_base(user: u8, curve: CurveId, amount: u64) -> InboxMessage {
    let (amount, recipient) = (Base::new(amount), address_of(user));
    message(MessageKind::DepositBase { curve, amount, recipient })
}

fn forced(bytes: Vec<u8>) -> InboxMessage {
    message(MessageKind::Transaction { bytes })
}

fn receive_on<S: State>(
    state: &mut S,
    world: &crate::execute::Context,
    message: &InboxMessage,
) -> Result<Receipt, Halt> {
    let received = Received { message, hash: hash(message) };
    receive(&received, world, state, &mut Meter::new())
}

impl World {
    fn receive(&mut self, message: &InboxMessage) -> Receipt {
        receive_on(&mut self.tree, &self.context, message).unwrap()
    }

    /// Receives what is rejected, and changes nothing.
    fn reject(&mut self, message: &InboxMessage, id: Hash, error: Error) {
        let before = self.tree.root();
        let receipt = self.receive(message);
        assert_eq!(receipt, Receipt { id, outcome: Outcome::Rejected { error } }, "{message:?}");
        assert_eq!(self.tree.root(), before, "{message:?}");
    }
}

#[test]
fn deposits_are_credited_and_open_accounts() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![take(curve, 900), withdraw_tokens(curve, 700)]);
    for (message, amount) in [
        (deposit(1, AssetId::SOL, 5), Amount::Quote(AssetId::SOL, Quote::new(5))),
        (deposit(77, USD, 6), Amount::Quote(USD, Quote::new(6))),
        (deposit_base(1, curve, 7), Amount::Base(curve, Base::new(7))),
        (deposit_base(78, curve, 8), Amount::Base(curve, Base::new(8))),
    ] {
        let to = match message.kind {
            MessageKind::Deposit { recipient, .. } | MessageKind::DepositBase { recipient, .. } => {
                recipient
            }
            MessageKind::Transaction { .. } => unreachable!(),
        };
        let outcome = Outcome::Succeeded(vec![Event::Deposited { to, amount }]);
        assert_eq!(world.receive(&message), Receipt { id: hash(&message), outcome });
    }
    assert_eq!(
        (world.balance(77, USD), world.held(1, &curve), world.held(78, &curve)),
        (6, 207, 8)
    );
    assert!(world.sol(1) > 0 && world.account(78).balances.is_empty());
    // They are as good as any.
    let failure = world.fail(78, vec![withdraw_tokens(curve, 9)]);
    assert_eq!(failure, (0, Error::InsufficientBalance));
    world.succeed(78, vec![withdraw_tokens(curve, 8)]);
}

#[test]
fn a_deposit_that_cannot_be_credited_changes_nothing() {
    let mut world = World::pump();
    let curve = world.id();
    let asset = |at: usize| (AssetId::new([10 + at as u8; 32]), Quote::new(1));
    let full = Account { balances: (0..ASSETS_MAX).map(asset).collect(), ..Account::default() };
    world.put_account(30, full);
    let rich = Account { balances: vec![(USD, Quote::MAX)], ..Account::default() };
    world.put_account(31, rich);
    let most = Holding { version: 0, amount: Base::MAX };
    world.put(Holding::key(&curve, &address_of(32)), Cell::Holding(most));
    for (message, error) in [
        (deposit(30, AssetId::SOL, 1), Error::TooManyAssets),
        (deposit(30, OTHER, u64::MAX), Error::TooManyAssets),
        (deposit(31, USD, 1), Error::Overflow),
        (deposit(31, USD, u64::MAX), Error::Overflow),
        (deposit_base(32, curve, 1), Error::Overflow),
        (deposit_base(32, curve, u64::MAX), Error::Overflow),
        (deposit_base(1, nobody(), 1), Error::UnknownCurve),
        (deposit_base(77, nobody(), u64::MAX), Error::UnknownCurve),
    ] {
        let id = hash(&message);
        world.reject(&message, id, error);
    }
    assert!(world.find_account(77).is_none());
    // At the limits, and nothing at all.
    for message in [
        deposit(30, asset(3).0, u64::MAX - 1),
        deposit(31, USD, 0),
        deposit(30, OTHER, 0),
        deposit_base(32, curve, 0),
        deposit_base(79, curve, u64::MAX),
    ] {
        let receipt = world.receive(&message);
        assert!(matches!(receipt.outcome, Outcome::Succeeded(_)), "{receipt:?}");
    }
}

/// A forced transaction does what the same one does in a block, and leaves the same receipt.
#[test]
fn a_forced_transaction_is_executed_as_any_other() {
    let world = World::pump();
    let curve = world.id();
    for program in [
        vec![take(curve, 1_000_000), withdraw(1)],
        vec![take(curve, 5), withdraw_tokens(curve, 5)],
        vec![pay(77, 5)],
        // It fails, and uses its nonce.
        vec![pay(2, 1), pay(2, DEPOSIT)],
    ] {
        let transaction = world.transaction(1, None, program);
        let (mut in_block, mut forced_in) = (World::pump(), World::pump());
        let outcome = in_block.apply(&transaction).unwrap();
        let message = forced(transaction.encode());
        let receipt = forced_in.receive(&message);
        assert_eq!(receipt, Receipt { id: transaction.id(&world.context.genesis), outcome });
        assert_eq!(forced_in.tree.root(), in_block.tree.root());
        // Its nonce is used, wherever it comes from.
        forced_in.reject(&message, receipt.id, Error::NonceUsed);
        let again = forced_in.apply(&transaction);
        assert_eq!(again, Err(crate::execute::Refusal::Rejected(Error::NonceUsed)));
        in_block.reject(&message, receipt.id, Error::NonceUsed);
    }
}

#[test]
fn a_session_key_forces_what_it_may_do() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![super::world::authorize(60, 1 << 40, SOL)]);
    let message = |world: &World, program| {
        let transaction = world.transaction(1, Some(60), program);
        (transaction.id(&world.context.genesis), forced(transaction.encode()))
    };
    let (id, buys) = message(&world, vec![take(curve, 5)]);
    let receipt = world.receive(&buys);
    assert_eq!((receipt.id, succeeded(Ok(receipt.outcome)).len()), (id, 1));
    let (_, pays) = message(&world, vec![pay(2, 5)]);
    assert_eq!(failed(Ok(world.receive(&pays).outcome)), (0, Error::SessionScope));
    world.succeed(1, vec![super::world::revoke(60)]);
    let (id, late) = message(&world, vec![take(curve, 5)]);
    world.reject(&late, id, Error::UnknownSession);
}

/// What may be in no block leaves a receipt that says so and changes nothing. Only who has signed speaks for a transaction's id.
#[test]
fn what_may_be_in_no_block_is_rejected() {
    let unsigned = [
        Error::UnknownVersion,
        Error::InstructionCount,
        Error::Oversized,
        Error::BadSignature,
        Error::Malformed,
    ];
    for (error, build) in admission::rejections() {
        let mut world = World::pump();
        world.succeed(1, vec![pay(2, 1)]);
        let transaction = build(&world);
        let message = forced(transaction.encode());
        let id = if unsigned.contains(&error) {
            hash(&message)
        } else {
            transaction.id(&world.context.genesis)
        };
        // Nine payments are longer than what may be forced.
        let oversized = transaction.encode().len() > FORCED_BYTES_MAX;
        let error = if oversized { Error::Oversized } else { error };
        world.reject(&message, id, error);
    }
}

#[test]
fn bytes_that_are_no_transaction_are_rejected() {
    let mut world = World::pump();
    let good = world.transaction(1, None, vec![pay(2, 1)]).encode();
    let edited = |change: fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    // A name that is longer than memory.
    let launch = Instruction::Launch(Launch {
        module: Hash::ZERO,
        quote_asset: AssetId::SOL,
        name: "name".into(),
        symbol: "S".into(),
        salt: 1,
        first_buy: None,
    });
    let mut long = world.transaction(1, None, vec![launch]).encode();
    let name = long.windows(4).position(|bytes| bytes == b"name").unwrap();
    long[name - 4..name].fill(0xff);
    for (bytes, error) in [
        (vec![], Error::Malformed),
        (vec![1], Error::Malformed),
        (vec![0], Error::UnknownVersion),
        (vec![0xff; 700], Error::UnknownVersion),
        (vec![1; 700], Error::Malformed),
        (vec![1; 701], Error::Oversized),
        (vec![0; 3_000], Error::Oversized),
        (edited(|bytes| bytes.truncate(60)), Error::Malformed),
        (edited(|bytes| bytes.push(0)), Error::Malformed),
        (edited(|bytes| bytes[54] = 200), Error::Malformed),
        (edited(|bytes| bytes[50..54].fill(0xff)), Error::Malformed),
        (edited(|bytes| *bytes.last_mut().unwrap() ^= 1), Error::BadSignature),
        (long, Error::Malformed),
    ] {
        let message = forced(bytes);
        let id = hash(&message);
        world.reject(&message, id, error);
    }
}

/// Its length is bounded by the message's alone: a chain of the shortest chunks takes less in its blocks.
#[test]
fn the_longest_message_carries_the_longest_transaction() {
    let mut world = World::pump();
    let mut bytes = Vec::new();
    for count in 1..40 {
        let mut module = dear(1);
        module.pieces = vec![module.pieces[0].clone(); count];
        let transaction = world.transaction(1, None, vec![Instruction::PublishModule(module)]);
        if transaction.encode().len() > FORCED_BYTES_MAX {
            break;
        }
        bytes = transaction.encode();
    }
    assert!(bytes.len() > crate::tx::bytes_max(crate::codec::CHUNK_BYTES_MIN), "{}", bytes.len());
    let message = forced(bytes);
    assert_eq!(failed(Ok(world.receive(&message).outcome)), (0, Error::InvalidModule));
    let longest = forced(vec![7; FORCED_BYTES_MAX]);
    assert_eq!(borsh::object_length(&longest.kind).unwrap(), KIND_BYTES_MAX);
    assert_eq!(borsh::object_length(&longest).unwrap(), MESSAGE_BYTES_MAX);
    for message in [deposit(1, USD, 1), deposit_base(1, nobody(), 1)] {
        assert!(borsh::object_length(&message).unwrap() <= MESSAGE_BYTES_MAX);
    }
}

/// The tags of messages do not move, and a list of bytes is as long as it says.
#[test]
fn messages_have_one_encoding() {
    let all = [deposit(1, USD, 1), deposit_base(1, nobody(), 1), forced(vec![1, 2])];
    for (tag, message) in (0u8..).zip(all) {
        let bytes = borsh::to_vec(&message).unwrap();
        assert_eq!(bytes[16], tag);
        assert_eq!(borsh::from_slice::<InboxMessage>(&bytes).unwrap(), message);
        assert!(borsh::from_slice::<InboxMessage>(&bytes[..bytes.len() - 1]).is_err());
    }
    let mut bytes = borsh::to_vec(&forced(vec![1, 2])).unwrap();
    bytes[17..21].fill(0xff);
    assert!(borsh::from_slice::<InboxMessage>(&bytes).is_err());
}

/// What a message costs is what is written down, and one that does not fit a segment changes nothing.
#[test]
fn a_message_that_does_not_fit_its_segment_is_for_the_next() {
    let world = World::pump();
    let curve = world.id();
    let buy = world.transaction(1, None, vec![take(curve, 5)]);
    for message in [deposit(1, USD, 1), deposit_base(77, curve, 1), forced(buy.encode())] {
        let received = Received { message: &message, hash: hash(&message) };
        let mut alone = Meter::new();
        receive(&received, &world.context, &mut world.tree.clone(), &mut alone).unwrap();
        let units = alone.units();
        assert!((20_000..200_000).contains(&units), "{units}");
        for (room, fits) in [(units, true), (units - 1, false), (0, false)] {
            let mut meter = Meter::new();
            meter.charge(SEGMENT_CU_MAX - room).unwrap();
            let mut tree = world.tree.clone();
            let before = tree.root();
            let receipt = receive(&received, &world.context, &mut tree, &mut meter);
            assert_eq!(receipt.is_ok(), fits, "{room} of {units}");
            if !fits {
                assert_eq!(receipt, Err(Halt::SegmentFull));
                assert_eq!(tree.root(), before);
            }
        }
    }
}

#[test]
fn a_forced_transaction_costs_as_another_and_a_little_more() {
    let world = World::pump();
    let buy = world.transaction(1, None, vec![take(world.id(), 5)]);
    let mut meters = [Meter::new(), Meter::new()];
    let bytes_max = crate::codec::CHUNK_BYTES_MAX;
    let (context, mut tree) = (&world.context, world.tree.clone());
    crate::execute::apply(&buy, bytes_max, context, &mut tree, &mut meters[0]).unwrap();
    let message = forced(buy.encode());
    let received = Received { message: &message, hash: hash(&message) };
    receive(&received, context, &mut world.tree.clone(), &mut meters[1]).unwrap();
    let [in_block, forced] = meters.map(|meter| meter.units());
    assert_eq!(forced - in_block, 15_000);
}

/// A state of which a cell cannot be told.
struct Holed {
    tree: Tree,
    hole: Key,
}

impl State for Holed {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        if *key == self.hole { Err(StateError::NotInWitness) } else { self.tree.find(key) }
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.tree.put(key, cell)
    }
}

#[test]
fn a_fault_of_the_state_halts_without_a_write() {
    let world = World::pump();
    let curve = world.id();
    let account = |user| Account::key(&address_of(user));
    let holding = |user| Holding::key(&curve, &address_of(user));
    let pays = forced(world.transaction(1, None, vec![pay(2, 1), withdraw(1)]).encode());
    let scenes = [
        (deposit(77, USD, 1), vec![account(77)]),
        (deposit_base(77, curve, 1), vec![account(77), holding(77), Curve::key(&curve)]),
        (pays, vec![account(1), account(2), Chain::key()]),
    ];
    for (message, touched) in scenes {
        for hole in touched {
            let mut state = Holed { tree: world.tree.clone(), hole };
            let before = state.tree.root();
            let halt = receive_on(&mut state, &world.context, &message);
            assert_eq!(halt, Err(Halt::State(StateError::NotInWitness)), "{message:?}");
            assert_eq!(state.tree.root(), before);
        }
        let hole = Key::new([1; 32]);
        let mut state = Holed { tree: world.tree.clone(), hole };
        receive_on(&mut state, &world.context, &message).unwrap();
    }
}

/// A message that may say anything: of curves and assets that are there and that are not, to whoever.
fn any_message() -> impl Strategy<Value = InboxMessage> {
    let recipient = prop_oneof![
        (0u8..12).prop_map(address_of),
        prop::array::uniform32(any::<u8>()).prop_map(Address::new)
    ];
    let curve = prop_oneof![
        Just(CurveId::derive(&address_of(0), 1)),
        prop::array::uniform32(any::<u8>()).prop_map(CurveId::new)
    ];
    let asset = prop_oneof![
        Just(AssetId::SOL),
        Just(USD),
        prop::array::uniform32(any::<u8>()).prop_map(AssetId::new)
    ];
    let amount = prop_oneof![any::<u64>(), Just(u64::MAX), 0u64..5];
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..800),
        any_transaction().prop_map(|transaction| transaction.encode()),
        any_signed(),
    ];
    prop_oneof![
        1 => (asset, amount.clone(), recipient.clone()).prop_map(|(asset, amount, recipient)| {
            MessageKind::Deposit { asset, amount: Quote::new(amount), recipient }
        }),
        1 => (curve, amount, recipient).prop_map(|(curve, amount, recipient)| {
            MessageKind::DepositBase { curve, amount: Base::new(amount), recipient }
        }),
        2 => bytes.prop_map(|bytes| MessageKind::Transaction { bytes }),
    ]
    .prop_map(message)
}

/// A transaction of a user whose signature verifies, sometimes with a byte changed.
fn any_signed() -> impl Strategy<Value = Vec<u8>> {
    let change = prop::option::of((any::<prop::sample::Index>(), 1u8..));
    (any_transaction(), 0u8..10, 0u64..20, change).prop_map(|(transaction, user, nonce, change)| {
        let body =
            crate::tx::Body { signer: address_of(user), session: None, nonce, ..transaction.body };
        let genesis = crate::test_support::genesis().hash();
        let mut bytes = sign(user, body, &genesis).encode();
        if let Some((at, flip)) = change {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Rule 1: messages follow one another without end. A rejected one changes nothing.
    #[test]
    fn nothing_that_messages_say_stops_the_chain(messages in prop::collection::vec(any_message(), 40)) {
        let mut world = World::pump();
        let curve = world.id();
        world.succeed(1, vec![take(curve, 1_000_000), withdraw_tokens(curve, 1_000)]);
        for message in &messages {
            let before = world.tree.root();
            let receipt = receive_on(&mut world.tree, &world.context, message);
            prop_assert!(receipt.is_ok(), "{message:?}");
            if matches!(receipt.unwrap().outcome, Outcome::Rejected { .. }) {
                prop_assert_eq!(world.tree.root(), before);
            }
        }
        // And whoever can act can still act.
        let transaction = signed(9, 400, vec![pay(2, 0)], &world.context.genesis);
        prop_assert!(world.apply(&transaction).is_ok());
    }
}

/// Somebody else's bytes say nothing of a transaction, whatever they look like.
#[test]
fn a_bad_signature_does_not_speak_for_the_transaction() {
    let mut world = World::pump();
    let good = world.transaction(1, None, vec![pay(2, 1)]);
    let bad = Transaction { signature: Signature::new([7; 64]), ..good.clone() };
    assert_eq!(good.id(&world.context.genesis), bad.id(&world.context.genesis));
    let message = forced(bad.encode());
    let id = hash(&message);
    world.reject(&message, id, Error::BadSignature);
    assert!(world.apply(&good).is_ok());
}
