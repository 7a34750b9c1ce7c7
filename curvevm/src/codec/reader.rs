//! Reads segments out of a chunk.

use alloc::{string::String, vec::Vec};
use borsh::BorshDeserialize as _;

use super::{
    BEGIN, CHUNK_BYTES_MAX, CHUNK_VERSION, COUNT_MASK, CodecError, EXPIRES, MESSAGES, TRANSACTIONS,
    varint, writer::op,
};
use crate::{
    block::Segment,
    inbox::InboxMessage,
    module::Module,
    program::{Amount, BuyOrder, Instruction, Launch, SellOrder},
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Signature},
};

/// A chunk that is being read.
pub(super) struct Reader<'c> {
    chunk_length: usize,
    keys: &'c [u8],
    rest: &'c [u8],
    height: u64,
}

impl<'c> Reader<'c> {
    pub(super) fn new(chunk: &'c [u8]) -> Result<Self, CodecError> {
        if chunk.len() > CHUNK_BYTES_MAX {
            return Err(CodecError::TooLong);
        }
        let mut reader = Self { chunk_length: chunk.len(), keys: &[], rest: chunk, height: 0 };
        if reader.byte()? != CHUNK_VERSION {
            return Err(CodecError::UnknownVersion);
        }
        reader.height = reader.number()?;
        let keys = usize::try_from(reader.number()?).map_err(|_| CodecError::Malformed)?;
        reader.keys = reader.take(keys.checked_mul(32).ok_or(CodecError::Malformed)?)?;
        Ok(reader)
    }

    /// The height of the block of the last segment read.
    pub(super) const fn height(&self) -> u64 {
        self.height
    }

    /// The next segment and its offset, or none at the end.
    pub(super) fn segment(&mut self) -> Result<Option<(usize, Segment)>, CodecError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let offset = self.chunk_length.saturating_sub(self.rest.len());
        let segment = match self.byte()? {
            BEGIN => {
                self.height = self.height.checked_add(1).ok_or(CodecError::Malformed)?;
                Segment::Begin { height: self.height, time_ms: self.number()? }
            }
            MESSAGES => {
                let count = self.byte()?;
                let messages = (0..count).map(|_| self.message()).collect::<Result<_, _>>();
                Segment::Messages(messages?)
            }
            TRANSACTIONS => {
                let count = self.byte()?;
                let transactions = (0..count).map(|_| self.transaction()).collect::<Result<_, _>>();
                Segment::Transactions(transactions?)
            }
            _ => return Err(CodecError::Malformed),
        };
        Ok(Some((offset, segment)))
    }

    fn message(&mut self) -> Result<InboxMessage, CodecError> {
        InboxMessage::deserialize(&mut self.rest).map_err(|_| CodecError::Malformed)
    }

    fn transaction(&mut self) -> Result<Transaction, CodecError> {
        let head = self.byte()?;
        if head & !(COUNT_MASK | EXPIRES) != 0 {
            return Err(CodecError::Malformed);
        }
        let signer = Address::new(self.key()?);
        let nonce = self.number()?;
        let expires_at = if head & EXPIRES == 0 {
            NEVER_EXPIRES
        } else {
            varint::unzigzag(self.number()?, self.height)
        };
        let count = head & COUNT_MASK;
        let program = (0..count).map(|_| self.instruction()).collect::<Result<Vec<_>, _>>()?;
        let signature = Signature::new(self.array()?);
        let body = Body { version: TX_VERSION, signer, nonce, expires_at, program };
        Ok(Transaction { body, signature })
    }

    fn instruction(&mut self) -> Result<Instruction, CodecError> {
        Ok(match self.byte()? {
            op @ (op::BUY_EXACT_IN | op::BUY_EXACT_OUT) => {
                let curve = self.curve()?;
                let (first, second) = (self.number()?, self.number()?);
                let order = if op == op::BUY_EXACT_IN {
                    BuyOrder::ExactIn { quote: Quote::new(first), base_min: Base::new(second) }
                } else {
                    BuyOrder::ExactOut { base: Base::new(first), quote_max: Quote::new(second) }
                };
                Instruction::Buy { curve, order }
            }
            op @ (op::SELL_EXACT_IN | op::SELL_EXACT_OUT) => {
                let curve = self.curve()?;
                let (first, second) = (self.number()?, self.number()?);
                let order = if op == op::SELL_EXACT_IN {
                    SellOrder::ExactIn { base: Base::new(first), quote_min: Quote::new(second) }
                } else {
                    SellOrder::ExactOut { quote: Quote::new(first), base_max: Base::new(second) }
                };
                Instruction::Sell { curve, order }
            }
            op::ADD_LIQUIDITY => {
                Instruction::AddLiquidity { curve: self.curve()?, quote: self.quote()? }
            }
            op::MIGRATE_TO_AMM => Instruction::MigrateToAmm { curve: self.curve()? },
            op::LAUNCH => Instruction::Launch(self.launch()?),
            op::TRANSFER_QUOTE => {
                let (to, asset) = (Address::new(self.key()?), AssetId::new(self.key()?));
                Instruction::Transfer { to, amount: Amount::Quote(asset, self.quote()?) }
            }
            op::TRANSFER_BASE => {
                let (to, curve) = (Address::new(self.key()?), self.curve()?);
                Instruction::Transfer { to, amount: Amount::Base(curve, Base::new(self.number()?)) }
            }
            op::WITHDRAW => {
                let (asset, recipient) = (AssetId::new(self.key()?), Address::new(self.key()?));
                Instruction::Withdraw { asset, amount: self.quote()?, recipient }
            }
            op::PUBLISH_MODULE => {
                let bytes = self.bytes()?;
                let module = borsh::from_slice::<Module>(bytes);
                Instruction::PublishModule(module.map_err(|_| CodecError::Malformed)?)
            }
            _ => return Err(CodecError::Malformed),
        })
    }

    fn launch(&mut self) -> Result<Launch, CodecError> {
        let (module, quote_asset) = (Hash::new(self.key()?), AssetId::new(self.key()?));
        let salt = self.number()?;
        let (name, symbol) = (self.text()?, self.text()?);
        Ok(Launch { module, quote_asset, name, symbol, salt })
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
