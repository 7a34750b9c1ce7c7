//! Writes segments into a chunk.

use alloc::vec::Vec;

use super::{BEGIN, CHUNK_VERSION, EXPIRES, MESSAGES, TRANSACTIONS, varint};
use crate::{
    block::Segment,
    program::{Amount, BuyOrder, Instruction, Launch, SellOrder},
    tx::{NEVER_EXPIRES, Transaction},
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
    pub(in super::super) const WITHDRAW: u8 = 9;
    pub(in super::super) const PUBLISH_MODULE: u8 = 10;
}

/// An open chunk.
#[derive(Debug)]
pub(crate) struct Writer {
    first_height: u64,
    /// None while a segment is measured: whoever decodes it on its own does not know the height.
    height: Option<u64>,
    keys: Vec<[u8; 32]>,
    body: Vec<u8>,
}

impl Writer {
    /// A chunk that continues the block of `height`.
    pub(crate) const fn new(height: u64) -> Self {
        Self { first_height: height, height: Some(height), keys: Vec::new(), body: Vec::new() }
    }

    /// A chunk that measures a segment: what depends on the height is counted at its longest.
    pub(crate) const fn measure() -> Self {
        Self { first_height: u64::MAX, height: None, keys: Vec::new(), body: Vec::new() }
    }

    /// Adds the segment when the chunk then has at most `bytes_max` bytes; gives its offset in the body.
    pub(super) fn try_segment(&mut self, segment: &Segment, bytes_max: usize) -> Option<usize> {
        let (keys, offset, height) = (self.keys.len(), self.body.len(), self.height);
        let written = self.segment(segment);
        if written.is_none() || self.length() > bytes_max {
            self.keys.truncate(keys);
            self.body.truncate(offset);
            self.height = height;
            return None;
        }
        Some(offset)
    }

    /// Adds a transaction of a segment that is being measured, when the chunk then has at most `bytes_max` bytes.
    pub(crate) fn try_transaction(&mut self, transaction: &Transaction, bytes_max: usize) -> bool {
        let (keys, offset) = (self.keys.len(), self.body.len());
        self.transaction(transaction);
        // The segment's own head: its kind and count.
        let fits = self.length().saturating_add(2) <= bytes_max;
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
            .saturating_add(varint::length(self.first_height))
            .saturating_add(varint::length(keys as u64))
            .saturating_add(keys.saturating_mul(32))
            .saturating_add(self.body.len())
    }

    /// The chunk, and where its body starts.
    pub(super) fn finish(self) -> (Vec<u8>, usize) {
        let mut chunk = Vec::with_capacity(self.length());
        chunk.push(CHUNK_VERSION);
        varint::write(self.first_height, &mut chunk);
        varint::write(self.keys.len() as u64, &mut chunk);
        chunk.extend(self.keys.iter().flatten());
        let body_at = chunk.len();
        chunk.extend(self.body);
        (chunk, body_at)
    }

    fn segment(&mut self, segment: &Segment) -> Option<()> {
        match segment {
            Segment::Begin { height, time_ms } => {
                self.body.push(BEGIN);
                self.number(*time_ms);
                self.height = Some(*height);
            }
            Segment::Messages(messages) => {
                self.body.extend([MESSAGES, u8::try_from(messages.len()).ok()?]);
                for message in messages {
                    borsh::to_writer(&mut self.body, message).ok()?;
                }
            }
            Segment::Transactions(transactions) => {
                self.body.extend([TRANSACTIONS, u8::try_from(transactions.len()).ok()?]);
                for transaction in transactions {
                    self.transaction(transaction);
                }
            }
        }
        Some(())
    }

    fn transaction(&mut self, transaction: &Transaction) {
        let body = &transaction.body;
        let expires = body.expires_at != NEVER_EXPIRES;
        // Admitted transactions have at most 8 instructions.
        let count = u8::try_from(body.program.len()).unwrap_or(0);
        self.body.push(count | if expires { EXPIRES } else { 0 });
        self.key(*body.signer.as_bytes());
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
            Instruction::Buy { curve, order } => {
                let (op, first, second) = match *order {
                    BuyOrder::ExactIn { quote, base_min } => {
                        (op::BUY_EXACT_IN, quote.get(), base_min.get())
                    }
                    BuyOrder::ExactOut { base, quote_max } => {
                        (op::BUY_EXACT_OUT, base.get(), quote_max.get())
                    }
                };
                self.op(op, &[*curve.as_bytes()], &[first, second]);
            }
            Instruction::Sell { curve, order } => {
                let (op, first, second) = match *order {
                    SellOrder::ExactIn { base, quote_min } => {
                        (op::SELL_EXACT_IN, base.get(), quote_min.get())
                    }
                    SellOrder::ExactOut { quote, base_max } => {
                        (op::SELL_EXACT_OUT, quote.get(), base_max.get())
                    }
                };
                self.op(op, &[*curve.as_bytes()], &[first, second]);
            }
            Instruction::AddLiquidity { curve, quote } => {
                self.op(op::ADD_LIQUIDITY, &[*curve.as_bytes()], &[quote.get()]);
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
            Instruction::Withdraw { asset, amount, recipient } => {
                let keys = [*asset.as_bytes(), *recipient.as_bytes()];
                self.op(op::WITHDRAW, &keys, &[amount.get()]);
            }
            Instruction::PublishModule(module) => {
                self.op(op::PUBLISH_MODULE, &[], &[]);
                self.bytes(&borsh::to_vec(module).unwrap_or_default());
            }
        }
    }

    fn launch(&mut self, launch: &Launch) {
        let keys = [*launch.module.as_bytes(), *launch.quote_asset.as_bytes()];
        self.op(op::LAUNCH, &keys, &[launch.salt]);
        self.bytes(launch.name.as_bytes());
        self.bytes(launch.symbol.as_bytes());
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
