//! Writes segments into a chunk.

use alloc::vec::Vec;

use super::{
    CHUNK_VERSION, EXPIRES, KIND_BITS, MESSAGES, NOTHING, ROOT_BYTES, SEGMENT_FRAME_BYTES_MAX,
    SESSION, TRANSACTIONS, Tip, varint,
};
use crate::{
    block::{Content, Segment},
    inbox::InboxMessage,
    program::{Amount, BuyOrder, Instruction, Launch, SellOrder},
    tx::{NEVER_EXPIRES, Transaction},
    types::{Address, CurveId, Hash},
};

/// Compact opcodes: one byte says the opcode and the form of its operands.
pub(super) mod op {
    pub(in super::super) const BUY_EXACT_IN: u8 = 0;
    pub(in super::super) const BUY_EXACT_OUT: u8 = 1;
    pub(in super::super) const SELL_EXACT_IN: u8 = 2;
    pub(in super::super) const SELL_EXACT_OUT: u8 = 3;
    pub(in super::super) const ADD_LIQUIDITY: u8 = 4;
    pub(in super::super) const MIGRATE_TO_AMM: u8 = 5;
    pub(in super::super) const LAUNCH: u8 = 6;
    pub(in super::super) const TRANSFER_QUOTE: u8 = 7;
    pub(in super::super) const TRANSFER_BASE: u8 = 8;
    pub(in super::super) const WITHDRAW_QUOTE: u8 = 9;
    pub(in super::super) const PUBLISH_MODULE: u8 = 10;
    pub(in super::super) const REMOVE_LIQUIDITY: u8 = 11;
    pub(in super::super) const CLAIM: u8 = 12;
    pub(in super::super) const AUTHORIZE: u8 = 13;
    pub(in super::super) const REVOKE: u8 = 14;
    pub(in super::super) const WITHDRAW_BASE: u8 = 15;
    /// Added to a trade's opcode when it names a referrer.
    pub(in super::super) const REFERRED: u8 = 0x40;
    /// The form of a launch's first purchase.
    pub(in super::super) const NO_FIRST_BUY: u8 = 0;
    pub(in super::super) const FIRST_BUY_EXACT_IN: u8 = 1;
    pub(in super::super) const FIRST_BUY_EXACT_OUT: u8 = 2;
}

/// An open chunk.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Before the first segment.
    tip: Tip,
    /// None while a segment is measured: what depends on the height is then as long as it can be.
    height: Option<u64>,
    time_ms: u64,
    keys: Vec<[u8; 32]>,
    body: Vec<u8>,
}

impl Writer {
    /// A chunk that continues `tip`.
    pub(crate) const fn new(tip: Tip) -> Self {
        let (height, time_ms) = (Some(tip.height), tip.time_ms);
        Self { tip, height, time_ms, keys: Vec::new(), body: Vec::new() }
    }

    /// A chunk that measures a segment: whatever is around its transactions is counted at its longest.
    pub(crate) const fn measure() -> Self {
        let tip = Tip { height: u64::MAX, time_ms: u64::MAX, root: Hash::ZERO };
        Self { tip, height: None, time_ms: u64::MAX, keys: Vec::new(), body: Vec::new() }
    }

    /// Adds the segment when the chunk then has at most `bytes_max` bytes.
    pub(super) fn try_segment(
        &mut self,
        segment: &Segment,
        post_root: &Hash,
        bytes_max: usize,
    ) -> bool {
        let (keys, offset) = (self.keys.len(), self.body.len());
        let (height, time_ms) = (self.height, self.time_ms);
        let fits = self.segment(segment, post_root).is_some() && self.length() <= bytes_max;
        if !fits {
            self.keys.truncate(keys);
            self.body.truncate(offset);
            (self.height, self.time_ms) = (height, time_ms);
        }
        fits
    }

    /// Adds a message to a segment that is being measured, when the chunk then has at most `bytes_max` bytes.
    pub(crate) fn try_message(&mut self, message: &InboxMessage, bytes_max: usize) -> bool {
        self.try_part(bytes_max, |writer| writer.message(message).is_some())
    }

    /// Adds a transaction to a segment that is being measured, when the chunk then has at most `bytes_max` bytes.
    pub(crate) fn try_transaction(&mut self, transaction: &Transaction, bytes_max: usize) -> bool {
        self.try_part(bytes_max, |writer| {
            writer.transaction(transaction);
            true
        })
    }

    fn try_part(&mut self, bytes_max: usize, write: impl FnOnce(&mut Self) -> bool) -> bool {
        let (keys, offset) = (self.keys.len(), self.body.len());
        let written = write(self);
        let fits = written && self.length().saturating_add(SEGMENT_FRAME_BYTES_MAX) <= bytes_max;
        if !fits {
            self.keys.truncate(keys);
            self.body.truncate(offset);
        }
        fits
    }

    /// The length of the chunk.
    fn length(&self) -> usize {
        let keys = self.keys.len();
        1usize
            .saturating_add(ROOT_BYTES)
            .saturating_add(varint::length(self.tip.height))
            .saturating_add(varint::length(self.tip.time_ms))
            .saturating_add(varint::length(keys as u64))
            .saturating_add(keys.saturating_mul(32))
            .saturating_add(self.body.len())
    }

    /// The chunk.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut chunk = Vec::with_capacity(self.length());
        chunk.push(CHUNK_VERSION);
        chunk.extend(self.tip.root.as_bytes());
        varint::write(self.tip.height, &mut chunk);
        varint::write(self.tip.time_ms, &mut chunk);
        varint::write(self.keys.len() as u64, &mut chunk);
        chunk.extend(self.keys.iter().flatten());
        chunk.extend(self.body);
        chunk
    }

    /// Writes a segment; none when it has no encoding.
    fn segment(&mut self, segment: &Segment, post_root: &Hash) -> Option<()> {
        if !segment.is_well_formed() {
            return None;
        }
        let kind = match &segment.content {
            Content::Nothing => NOTHING,
            Content::Messages(_) => MESSAGES,
            Content::Transactions(_) => TRANSACTIONS,
        };
        self.body.push(u8::try_from(segment.begins.len()).ok()? << KIND_BITS | kind);
        for begin in &segment.begins {
            self.number(begin.time_ms.checked_sub(self.time_ms)?);
            (self.height, self.time_ms) = (Some(begin.height), begin.time_ms);
        }
        match &segment.content {
            Content::Nothing => {}
            Content::Messages(messages) => {
                self.body.push(u8::try_from(messages.len()).ok()?);
                for message in messages {
                    self.message(message)?;
                }
            }
            Content::Transactions(transactions) => {
                self.body.push(u8::try_from(transactions.len()).ok()?);
                for transaction in transactions {
                    self.transaction(transaction);
                }
            }
        }
        self.body.extend(post_root.as_bytes());
        Some(())
    }

    fn message(&mut self, message: &InboxMessage) -> Option<()> {
        borsh::to_writer(&mut self.body, message).ok()
    }

    fn transaction(&mut self, transaction: &Transaction) {
        let body = &transaction.body;
        let expires = body.expires_at != NEVER_EXPIRES;
        // Admitted transactions have at most 8 instructions.
        let count = u8::try_from(body.program.len()).unwrap_or(0);
        let session = if body.session.is_some() { SESSION } else { 0 };
        self.body.push(count | session | if expires { EXPIRES } else { 0 });
        self.key(*body.signer.as_bytes());
        if let Some(session) = &body.session {
            self.key(*session.as_bytes());
        }
        self.number(body.nonce);
        if expires {
            let distance =
                self.height.map_or(u64::MAX, |height| varint::zigzag(body.expires_at, height));
            self.number(distance);
        }
        for instruction in &body.program {
            self.instruction(instruction);
        }
        self.body.extend(transaction.signature.as_bytes());
    }

    fn instruction(&mut self, instruction: &Instruction) {
        match instruction {
            Instruction::Buy { curve, order, referrer } => {
                let (op, first, second) = match *order {
                    BuyOrder::ExactIn { quote, base_min } => {
                        (op::BUY_EXACT_IN, quote.get(), base_min.get())
                    }
                    BuyOrder::ExactOut { base, quote_max } => {
                        (op::BUY_EXACT_OUT, base.get(), quote_max.get())
                    }
                };
                self.trade(op, curve, referrer.as_ref(), [first, second]);
            }
            Instruction::Sell { curve, order, referrer } => {
                let (op, first, second) = match *order {
                    SellOrder::ExactIn { base, quote_min } => {
                        (op::SELL_EXACT_IN, base.get(), quote_min.get())
                    }
                    SellOrder::ExactOut { quote, base_max } => {
                        (op::SELL_EXACT_OUT, quote.get(), base_max.get())
                    }
                };
                self.trade(op, curve, referrer.as_ref(), [first, second]);
            }
            Instruction::AddLiquidity { curve, quote, base_max, shares_min } => {
                let numbers = [quote.get(), base_max.get(), shares_min.get()];
                self.op(op::ADD_LIQUIDITY, &[*curve.as_bytes()], &numbers);
            }
            Instruction::MigrateToAmm { curve } => {
                self.op(op::MIGRATE_TO_AMM, &[*curve.as_bytes()], &[]);
            }
            Instruction::Launch(launch) => self.launch(launch),
            Instruction::Transfer { to, amount } => match amount {
                Amount::Quote(asset, quote) => {
                    let keys = [*to.as_bytes(), *asset.as_bytes()];
                    self.op(op::TRANSFER_QUOTE, &keys, &[quote.get()]);
                }
                Amount::Base(curve, base) => {
                    let keys = [*to.as_bytes(), *curve.as_bytes()];
                    self.op(op::TRANSFER_BASE, &keys, &[base.get()]);
                }
            },
            Instruction::Withdraw { amount, recipient } => match amount {
                Amount::Quote(asset, quote) => {
                    let keys = [*asset.as_bytes(), *recipient.as_bytes()];
                    self.op(op::WITHDRAW_QUOTE, &keys, &[quote.get()]);
                }
                Amount::Base(curve, base) => {
                    let keys = [*curve.as_bytes(), *recipient.as_bytes()];
                    self.op(op::WITHDRAW_BASE, &keys, &[base.get()]);
                }
            },
            Instruction::PublishModule(module) => {
                self.op(op::PUBLISH_MODULE, &[], &[]);
                self.bytes(&borsh::to_vec(module).unwrap_or_default());
            }
            Instruction::RemoveLiquidity { curve, shares, quote_min, base_min } => {
                let numbers = [shares.get(), quote_min.get(), base_min.get()];
                self.op(op::REMOVE_LIQUIDITY, &[*curve.as_bytes()], &numbers);
            }
            Instruction::Claim { curve, what } => {
                self.op(op::CLAIM, &[*curve.as_bytes()], &[]);
                self.body.push(*what as u8);
            }
            Instruction::Authorize { session, expires_ms, asset, limit } => {
                let keys = [*session.as_bytes(), *asset.as_bytes()];
                self.op(op::AUTHORIZE, &keys, &[*expires_ms, limit.get()]);
            }
            Instruction::Revoke { session } => self.op(op::REVOKE, &[*session.as_bytes()], &[]),
        }
    }

    fn launch(&mut self, launch: &Launch) {
        let keys = [*launch.module.as_bytes(), *launch.quote_asset.as_bytes()];
        self.op(op::LAUNCH, &keys, &[launch.salt]);
        self.bytes(launch.name.as_bytes());
        self.bytes(launch.symbol.as_bytes());
        match launch.first_buy {
            None => self.op(op::NO_FIRST_BUY, &[], &[]),
            Some(BuyOrder::ExactIn { quote, base_min }) => {
                self.op(op::FIRST_BUY_EXACT_IN, &[], &[quote.get(), base_min.get()]);
            }
            Some(BuyOrder::ExactOut { base, quote_max }) => {
                self.op(op::FIRST_BUY_EXACT_OUT, &[], &[base.get(), quote_max.get()]);
            }
        }
    }

    fn trade(&mut self, op: u8, curve: &CurveId, referrer: Option<&Address>, numbers: [u64; 2]) {
        match referrer {
            None => self.op(op, &[*curve.as_bytes()], &numbers),
            Some(referrer) => {
                let keys = [*curve.as_bytes(), *referrer.as_bytes()];
                self.op(op | op::REFERRED, &keys, &numbers);
            }
        }
    }

    fn op(&mut self, op: u8, keys: &[[u8; 32]], numbers: &[u64]) {
        self.body.push(op);
        for key in keys {
            self.key(*key);
        }
        for number in numbers {
            self.number(*number);
        }
    }

    fn number(&mut self, number: u64) {
        varint::write(number, &mut self.body);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.body.extend(bytes);
    }

    /// The dictionary is as small as a chunk, so that a list is searched.
    fn key(&mut self, key: [u8; 32]) {
        let index = match self.keys.iter().position(|known| *known == key) {
            Some(index) => index,
            None => {
                self.keys.push(key);
                self.keys.len().saturating_sub(1)
            }
        };
        self.number(index as u64);
    }
}
