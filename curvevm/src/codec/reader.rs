//! Reads segments out of a chunk.

use alloc::{string::String, vec::Vec};
use borsh::BorshDeserialize;

use super::{
    CHUNK_BYTES_MAX, CHUNK_VERSION, COUNT_MASK, CodecError, EXPIRES, KIND_BITS, KIND_MASK,
    MESSAGES, NOTHING, Placed, SESSION, TRANSACTIONS, Tip, varint, writer::op,
};
use crate::{
    block::{Begin, Content, Segment},
    inbox::InboxMessage,
    meter::{SEGMENT_BEGINS_MAX, SEGMENT_MESSAGES_MAX, SEGMENT_TRANSACTIONS_MAX},
    module::Module,
    program::{Amount, BuyOrder, Instruction, Launch, SellOrder},
    tx::{Body, INSTRUCTIONS_MAX, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares, Signature},
};

/// A chunk that is being read.
pub(super) struct Reader<'c> {
    chunk_length: usize,
    keys: &'c [u8],
    rest: &'c [u8],
    /// After the last segment that was read.
    tip: Tip,
}

impl<'c> Reader<'c> {
    pub(super) fn new(chunk: &'c [u8]) -> Result<Self, CodecError> {
        if chunk.len() > CHUNK_BYTES_MAX {
            return Err(CodecError::TooLong);
        }
        let tip = Tip { height: 0, time_ms: 0, root: Hash::ZERO };
        let mut reader = Self { chunk_length: chunk.len(), keys: &[], rest: chunk, tip };
        if reader.byte()? != CHUNK_VERSION {
            return Err(CodecError::UnknownVersion);
        }
        let root = Hash::new(reader.array()?);
        reader.tip = Tip { root, height: reader.number()?, time_ms: reader.number()? };
        let keys = usize::try_from(reader.number()?).map_err(|_| CodecError::Malformed)?;
        reader.keys = reader.take(keys.checked_mul(32).ok_or(CodecError::Malformed)?)?;
        // A chunk without segments is none.
        if reader.rest.is_empty() { Err(CodecError::Malformed) } else { Ok(reader) }
    }

    /// The state after the last segment that was read, or before the first, as the chunk says.
    pub(super) const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// The next segment, or none at the end.
    pub(super) fn segment(&mut self) -> Result<Option<Placed>, CodecError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let offset = self.chunk_length.saturating_sub(self.rest.len());
        let offset = u32::try_from(offset).map_err(|_| CodecError::TooLong)?;
        let Tip { height, time_ms, root: pre_root } = self.tip;
        let head = self.byte()?;
        let begins = self.list(head >> KIND_BITS, SEGMENT_BEGINS_MAX, Self::begin)?;
        let segment = Segment { begins, content: self.content(head & KIND_MASK)? };
        let post_root = Hash::new(self.array()?);
        if !segment.is_well_formed() {
            return Err(CodecError::Malformed);
        }
        self.tip.root = post_root;
        Ok(Some(Placed { offset, height, time_ms, pre_root, post_root, segment }))
    }

    fn begin(&mut self) -> Result<Begin, CodecError> {
        let difference = self.number()?;
        let height = self.tip.height.checked_add(1).ok_or(CodecError::Malformed)?;
        let time_ms = self.tip.time_ms.checked_add(difference).ok_or(CodecError::Malformed)?;
        (self.tip.height, self.tip.time_ms) = (height, time_ms);
        Ok(Begin { height, time_ms })
    }

    fn content(&mut self, kind: u8) -> Result<Content, CodecError> {
        match kind {
            NOTHING => Ok(Content::Nothing),
            MESSAGES => {
                let count = self.byte()?;
                self.list(count, SEGMENT_MESSAGES_MAX, Self::message).map(Content::Messages)
            }
            TRANSACTIONS => {
                let count = self.byte()?;
                let transactions = self.list(count, SEGMENT_TRANSACTIONS_MAX, Self::transaction);
                transactions.map(Content::Transactions)
            }
            _ => Err(CodecError::Malformed),
        }
    }

    fn message(&mut self) -> Result<InboxMessage, CodecError> {
        self.borsh()
    }

    fn transaction(&mut self) -> Result<Transaction, CodecError> {
        let head = self.byte()?;
        if head & !(COUNT_MASK | EXPIRES | SESSION) != 0 {
            return Err(CodecError::Malformed);
        }
        let signer = Address::new(self.key()?);
        let session = if head & SESSION == 0 { None } else { Some(Address::new(self.key()?)) };
        let nonce = self.number()?;
        let expires_at = if head & EXPIRES == 0 {
            NEVER_EXPIRES
        } else {
            varint::unzigzag(self.number()?, self.tip.height)
        };
        let program = self.list(head & COUNT_MASK, INSTRUCTIONS_MAX, Self::instruction)?;
        let signature = Signature::new(self.array()?);
        let body = Body { version: TX_VERSION, signer, session, nonce, expires_at, program };
        Ok(Transaction { body, signature })
    }

    fn instruction(&mut self) -> Result<Instruction, CodecError> {
        let op = self.byte()?;
        Ok(match op {
            _ if op & !op::REFERRED <= op::SELL_EXACT_OUT => self.trade(op)?,
            op::ADD_LIQUIDITY => {
                let (curve, quote) = (self.curve()?, self.quote()?);
                let (base_max, shares_min) = (self.base()?, self.shares()?);
                Instruction::AddLiquidity { curve, quote, base_max, shares_min }
            }
            op::MIGRATE_TO_AMM => Instruction::MigrateToAmm { curve: self.curve()? },
            op::LAUNCH => Instruction::Launch(self.launch()?),
            op::TRANSFER_QUOTE => {
                let (to, asset) = (Address::new(self.key()?), AssetId::new(self.key()?));
                Instruction::Transfer { to, amount: Amount::Quote(asset, self.quote()?) }
            }
            op::TRANSFER_BASE => {
                let (to, curve) = (Address::new(self.key()?), self.curve()?);
                Instruction::Transfer { to, amount: Amount::Base(curve, self.base()?) }
            }
            op::WITHDRAW_QUOTE => {
                let (asset, recipient) = (AssetId::new(self.key()?), Address::new(self.key()?));
                Instruction::Withdraw { amount: Amount::Quote(asset, self.quote()?), recipient }
            }
            op::PUBLISH_MODULE => {
                let bytes = self.bytes()?;
                let module = borsh::from_slice::<Module>(bytes);
                Instruction::PublishModule(module.map_err(|_| CodecError::Malformed)?)
            }
            op::REMOVE_LIQUIDITY => {
                let (curve, shares) = (self.curve()?, self.shares()?);
                let (quote_min, base_min) = (self.quote()?, self.base()?);
                Instruction::RemoveLiquidity { curve, shares, quote_min, base_min }
            }
            op::CLAIM => Instruction::Claim { curve: self.curve()?, what: self.borsh()? },
            op::AUTHORIZE => {
                let (session, asset) = (Address::new(self.key()?), AssetId::new(self.key()?));
                let (expires_ms, limit) = (self.number()?, self.quote()?);
                Instruction::Authorize { session, expires_ms, asset, limit }
            }
            op::REVOKE => Instruction::Revoke { session: Address::new(self.key()?) },
            op::WITHDRAW_BASE => {
                let (curve, recipient) = (self.curve()?, Address::new(self.key()?));
                Instruction::Withdraw { amount: Amount::Base(curve, self.base()?), recipient }
            }
            _ => return Err(CodecError::Malformed),
        })
    }

    fn trade(&mut self, op: u8) -> Result<Instruction, CodecError> {
        let curve = self.curve()?;
        let referrer = if op & op::REFERRED == 0 { None } else { Some(Address::new(self.key()?)) };
        let (first, second) = (self.number()?, self.number()?);
        let (quote, base) = (Quote::new, Base::new);
        Ok(match op & !op::REFERRED {
            op::BUY_EXACT_IN => {
                let order = BuyOrder::ExactIn { quote: quote(first), base_min: base(second) };
                Instruction::Buy { curve, order, referrer }
            }
            op::BUY_EXACT_OUT => {
                let order = BuyOrder::ExactOut { base: base(first), quote_max: quote(second) };
                Instruction::Buy { curve, order, referrer }
            }
            op::SELL_EXACT_IN => {
                let order = SellOrder::ExactIn { base: base(first), quote_min: quote(second) };
                Instruction::Sell { curve, order, referrer }
            }
            _ => {
                let order = SellOrder::ExactOut { quote: quote(first), base_max: base(second) };
                Instruction::Sell { curve, order, referrer }
            }
        })
    }

    fn launch(&mut self) -> Result<Launch, CodecError> {
        let (module, quote_asset) = (Hash::new(self.key()?), AssetId::new(self.key()?));
        let salt = self.number()?;
        let (name, symbol) = (self.text()?, self.text()?);
        let first_buy = match self.byte()? {
            op::NO_FIRST_BUY => None,
            op::FIRST_BUY_EXACT_IN => {
                Some(BuyOrder::ExactIn { quote: self.quote()?, base_min: self.base()? })
            }
            op::FIRST_BUY_EXACT_OUT => {
                Some(BuyOrder::ExactOut { base: self.base()?, quote_max: self.quote()? })
            }
            _ => return Err(CodecError::Malformed),
        };
        Ok(Launch { module, quote_asset, name, symbol, salt, first_buy })
    }

    fn base(&mut self) -> Result<Base, CodecError> {
        self.number().map(Base::new)
    }

    fn shares(&mut self) -> Result<Shares, CodecError> {
        self.number().map(Shares::new)
    }

    /// A list of at most `most` items. Room is made for as many as there are: on Solana memory is never given back, so that a list which
    /// grows would take twice as much.
    fn list<T>(
        &mut self,
        count: u8,
        most: usize,
        item: impl Fn(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let count = usize::from(count);
        if count > most {
            return Err(CodecError::Malformed);
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A value in its Borsh form.
    fn borsh<T: BorshDeserialize>(&mut self) -> Result<T, CodecError> {
        T::deserialize(&mut self.rest).map_err(|_| CodecError::Malformed)
    }

    fn curve(&mut self) -> Result<CurveId, CodecError> {
        self.key().map(CurveId::new)
    }

    fn quote(&mut self) -> Result<Quote, CodecError> {
        self.number().map(Quote::new)
    }

    fn text(&mut self) -> Result<String, CodecError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| CodecError::Malformed)
    }

    fn key(&mut self) -> Result<[u8; 32], CodecError> {
        let index = usize::try_from(self.number()?).map_err(|_| CodecError::Malformed)?;
        let at = index.checked_mul(32).and_then(|from| self.keys.get(from..));
        at.and_then(|keys| keys.first_chunk::<32>()).copied().ok_or(CodecError::Malformed)
    }

    fn bytes(&mut self) -> Result<&'c [u8], CodecError> {
        let length = usize::try_from(self.number()?).map_err(|_| CodecError::Malformed)?;
        self.take(length)
    }

    fn number(&mut self) -> Result<u64, CodecError> {
        let (number, rest) = varint::read(self.rest).ok_or(CodecError::Malformed)?;
        self.rest = rest;
        Ok(number)
    }

    fn byte(&mut self) -> Result<u8, CodecError> {
        let (byte, rest) = self.rest.split_first().ok_or(CodecError::Malformed)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, length: usize) -> Result<&'c [u8], CodecError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CodecError::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        self.take(N)?.try_into().map_err(|_| CodecError::Malformed)
    }
}
