//! Chains, keys and transactions for the tests of this crate.

use std::{string::ToString, vec, vec::Vec};

use ed25519_zebra::SigningKey;
use proptest::prelude::*;

use crate::{
    genesis::{GENESIS_VERSION, Genesis, Params},
    inbox::{InboxMessage, MessageKind},
    module::{Fees, Graduation, MODULE_VERSION, Module, Piece, PieceKind, Rounding},
    program::{Amount, BuyOrder, Instruction, Launch, Program, SellOrder},
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Signature},
};

/// The key of a test user.
pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from([seed.wrapping_add(1); 32])
}

/// The address of a test user.
pub(crate) fn address(seed: u8) -> Address {
    Address::new(ed25519_zebra::VerificationKey::from(&signing_key(seed)).into())
}

/// A signed transaction of a test user.
pub(crate) fn signed(seed: u8, nonce: u64, program: Program, genesis: &Hash) -> Transaction {
    let body = Body {
        version: TX_VERSION,
        signer: address(seed),
        nonce,
        expires_at: NEVER_EXPIRES,
        program,
    };
    sign(seed, body, genesis)
}

/// Signs a body with the key of a test user.
pub(crate) fn sign(seed: u8, body: Body, genesis: &Hash) -> Transaction {
    let signature = signing_key(seed).sign(body.digest(genesis).as_bytes());
    Transaction { body, signature: Signature::new(signature.to_bytes()) }
}

/// A chain of four members.
pub(crate) fn genesis() -> Genesis {
    Genesis {
        version: GENESIS_VERSION,
        name: "test".to_string(),
        program_id: Address::new([9; 32]),
        committee: (100..104).map(address).collect(),
        time_ms: 1_000,
        params: Params {
            batch_interval_ms: 1_000,
            batch_chunks_max: 64,
            chunk_bytes_max: 850,
            block_transactions_max: 1_000,
            challenge_slots: 10,
            challenge_secs: 1,
            inbox_delay_slots: 100,
        },
    }
}

/// pump.fun's curve: see the design's section on formulae.
pub(crate) fn pump_module() -> Module {
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(1_000_000_000_000_000),
        pieces: vec![Piece {
            end: Base::new(793_100_000_000_000),
            kind: PieceKind::ConstantProduct {
                virtual_quote: Quote::new(30_000_000_000),
                virtual_base: Base::new(1_073_000_000_000_000),
                rounding: Rounding::FloorPlusOne,
            },
        }],
        fees: Fees { protocol_bps: 95, creator_bps: 30 },
        graduation: Graduation::SoldOut,
    }
}

/// Deposits of `lamports` for the test users, from message `first` on.
pub(crate) fn deposits(
    users: core::ops::Range<u8>,
    first: u64,
    lamports: u64,
) -> Vec<InboxMessage> {
    (first..)
        .zip(users)
        .map(|(index, user)| InboxMessage {
            index,
            slot: 5,
            kind: MessageKind::Deposit {
                asset: AssetId::SOL,
                amount: Quote::new(lamports),
                recipient: address(user),
            },
        })
        .collect()
}

/// Any instruction, sensible or not.
pub(crate) fn any_instruction() -> impl Strategy<Value = Instruction> {
    let key = || prop::array::uniform32(0u8..3);
    prop_oneof![
        (key(), any::<u64>(), any::<u64>(), any::<bool>()).prop_map(|(curve, a, b, exact_in)| {
            Instruction::Buy {
                curve: CurveId::new(curve),
                order: if exact_in {
                    BuyOrder::ExactIn { quote: Quote::new(a), base_min: Base::new(b) }
                } else {
                    BuyOrder::ExactOut { base: Base::new(a), quote_max: Quote::new(b) }
                },
            }
        }),
        (key(), any::<u64>(), any::<u64>(), any::<bool>()).prop_map(|(curve, a, b, exact_in)| {
            Instruction::Sell {
                curve: CurveId::new(curve),
                order: if exact_in {
                    SellOrder::ExactIn { base: Base::new(a), quote_min: Quote::new(b) }
                } else {
                    SellOrder::ExactOut { quote: Quote::new(a), base_max: Base::new(b) }
                },
            }
        }),
        (key(), any::<u64>()).prop_map(|(curve, a)| Instruction::AddLiquidity {
            curve: CurveId::new(curve),
            quote: Quote::new(a)
        }),
        key().prop_map(|curve| Instruction::MigrateToAmm { curve: CurveId::new(curve) }),
        (key(), "[a-z]{1,32}", "[A-Z]{1,10}", any::<u64>()).prop_map(
            |(module, name, symbol, salt)| {
                Instruction::Launch(Launch {
                    module: Hash::new(module),
                    quote_asset: AssetId::SOL,
                    name,
                    symbol,
                    salt,
                })
            }
        ),
        (key(), key(), any::<u64>(), any::<bool>()).prop_map(|(to, what, a, quote)| {
            Instruction::Transfer {
                to: Address::new(to),
                amount: if quote {
                    Amount::Quote(AssetId::new(what), Quote::new(a))
                } else {
                    Amount::Base(CurveId::new(what), Base::new(a))
                },
            }
        }),
        (key(), key(), any::<u64>()).prop_map(|(asset, recipient, a)| Instruction::Withdraw {
            asset: AssetId::new(asset),
            amount: Quote::new(a),
            recipient: Address::new(recipient),
        }),
        Just(Instruction::PublishModule(pump_module())),
    ]
}

/// Any transaction that can be admitted; its signature does not verify.
pub(crate) fn any_transaction() -> impl Strategy<Value = Transaction> {
    let body = (
        prop::array::uniform32(0u8..4),
        any::<u64>(),
        prop_oneof![Just(NEVER_EXPIRES), any::<u64>(), 0u64..1_000],
        prop::collection::vec(any_instruction(), 1..4),
    );
    body.prop_map(|(signer, nonce, expires_at, program)| Transaction {
        body: Body {
            version: TX_VERSION,
            signer: Address::new(signer),
            nonce,
            expires_at,
            program,
        },
        signature: Signature::new([7; 64]),
    })
    .prop_filter("fits a transaction", |transaction| transaction.admit(&Hash::ZERO).is_ok())
}
