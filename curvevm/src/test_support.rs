//! Chains, keys and transactions for the tests of this crate.

use std::{string::ToString, vec, vec::Vec};

use ed25519_zebra::SigningKey;
use proptest::prelude::*;

use crate::{
    codec::CHUNK_BYTES_MIN,
    genesis::{GENESIS_VERSION, Genesis, Params},
    inbox::{InboxMessage, MessageKind},
    module::{
        Fees, Graduation, LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind,
        PoolTier, Recipient, Rounding,
    },
    program::{Amount, BuyOrder, Claim, Instruction, Launch, Program, SellOrder},
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares, Signature},
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
        session: None,
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
        treasury: address(90),
        quote_assets: vec![AssetId::new([7; 32])],
        params: Params {
            batch_interval_ms: 1_000,
            batch_chunks_max: 64,
            chunk_bytes_max: 850,
            block_transactions_max: 1_000,
            challenge_slots: 10,
            challenge_secs: 1,
            inbox_delay_slots: 100,
            bond_lamports: 1_000_000_000,
            challenge_lamports: 100_000_000,
            takeover_slots: 500,
            authority: Address::default(),
            authority_delay_secs: 0,
        },
    }
}

/// pump.fun's curve: see the design's section on formulae.
pub(crate) fn pump_module() -> Module {
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(1_000_000_000_000_000),
        sqrt_start: 0,
        pieces: vec![Piece {
            end: Base::new(793_100_000_000_000),
            kind: PieceKind::ConstantProduct {
                virtual_quote: Quote::new(30_000_000_000),
                virtual_base: Base::new(1_073_000_000_000_000),
                rounding: Rounding::FloorPlusOne,
            },
        }],
        fees: Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]),
        partner: None,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: migration(),
    }
}

/// A pool that charges 25 bps, all for its liquidity, which is locked for good.
pub(crate) fn migration() -> Migration {
    let fees = Fees::on_top(&[(Recipient::Liquidity, 25)]);
    Migration { lock: LiquidityLock::Forever, tiers: vec![PoolTier { from: Quote::ZERO, fees }] }
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
    let someone = || prop::option::of(prop::array::uniform32(0u8..3).prop_map(Address::new));
    let any_buy = || {
        (any::<u64>(), any::<u64>(), any::<bool>()).prop_map(|(a, b, exact_in)| {
            if exact_in {
                BuyOrder::ExactIn { quote: Quote::new(a), base_min: Base::new(b) }
            } else {
                BuyOrder::ExactOut { base: Base::new(a), quote_max: Quote::new(b) }
            }
        })
    };
    prop_oneof![
        (key(), any_buy(), someone()).prop_map(|(curve, order, referrer)| Instruction::Buy {
            curve: CurveId::new(curve),
            order,
            referrer
        }),
        (key(), any::<u64>(), any::<u64>(), any::<bool>(), someone()).prop_map(
            |(curve, a, b, exact_in, referrer)| {
                Instruction::Sell {
                    curve: CurveId::new(curve),
                    order: if exact_in {
                        SellOrder::ExactIn { base: Base::new(a), quote_min: Quote::new(b) }
                    } else {
                        SellOrder::ExactOut { quote: Quote::new(a), base_max: Base::new(b) }
                    },
                    referrer,
                }
            }
        ),
        (key(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(curve, a, b, c)| {
            Instruction::AddLiquidity {
                curve: CurveId::new(curve),
                quote: Quote::new(a),
                base_max: Base::new(b),
                shares_min: Shares::new(c),
            }
        }),
        (key(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(curve, a, b, c)| {
            Instruction::RemoveLiquidity {
                curve: CurveId::new(curve),
                shares: Shares::new(a),
                quote_min: Quote::new(b),
                base_min: Base::new(c),
            }
        }),
        (key(), 0usize..5).prop_map(|(curve, what)| Instruction::Claim {
            curve: CurveId::new(curve),
            what: [
                Claim::CreatorFees,
                Claim::PartnerFees,
                Claim::ProtocolFees,
                Claim::Vested,
                Claim::Liquidity,
            ][what],
        }),
        (key(), any::<u64>(), key(), any::<u64>()).prop_map(
            |(session, expires_ms, asset, limit)| {
                Instruction::Authorize {
                    session: Address::new(session),
                    expires_ms,
                    asset: AssetId::new(asset),
                    limit: Quote::new(limit),
                }
            }
        ),
        key().prop_map(|session| Instruction::Revoke { session: Address::new(session) }),
        key().prop_map(|curve| Instruction::MigrateToAmm { curve: CurveId::new(curve) }),
        (key(), "[a-z]{1,32}", "[A-Z]{1,10}", any::<u64>(), prop::option::of(any_buy())).prop_map(
            |(module, name, symbol, salt, first_buy)| {
                Instruction::Launch(Launch {
                    module: Hash::new(module),
                    quote_asset: AssetId::SOL,
                    name,
                    symbol,
                    salt,
                    first_buy,
                })
            }
        ),
        (key(), any_amount())
            .prop_map(|(to, amount)| Instruction::Transfer { to: Address::new(to), amount }),
        (key(), any_amount()).prop_map(|(recipient, amount)| Instruction::Withdraw {
            amount,
            recipient: Address::new(recipient),
        }),
        Just(Instruction::PublishModule(pump_module())),
    ]
}

/// Any amount of any asset.
fn any_amount() -> impl Strategy<Value = Amount> {
    let what = (prop::array::uniform32(0u8..3), any::<u64>(), any::<bool>());
    what.prop_map(|(what, units, quote)| {
        if quote {
            Amount::Quote(AssetId::new(what), Quote::new(units))
        } else {
            Amount::Base(CurveId::new(what), Base::new(units))
        }
    })
}

/// Any transaction that can be admitted; its signature does not verify.
pub(crate) fn any_transaction() -> impl Strategy<Value = Transaction> {
    let body = (
        prop::array::uniform32(0u8..4),
        prop::option::of(prop::array::uniform32(0u8..4)),
        any::<u64>(),
        prop_oneof![Just(NEVER_EXPIRES), any::<u64>(), 0u64..1_000],
        prop::collection::vec(any_instruction(), 1..4),
    );
    body.prop_map(|(signer, session, nonce, expires_at, program)| Transaction {
        body: Body {
            version: TX_VERSION,
            signer: Address::new(signer),
            session: session.map(Address::new),
            nonce,
            expires_at,
            program,
        },
        signature: Signature::new([7; 64]),
    })
    .prop_filter("fits a transaction", |transaction| {
        transaction.admit(&Hash::ZERO, CHUNK_BYTES_MIN).is_ok()
    })
}
