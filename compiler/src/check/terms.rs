//! What becomes of a curve: vault, allotment, migration, partner.

use curvevm::{
    module::{Allotment, Fees, LiquidityLock, Migration, PoolTier, Recipient, Vault},
    types::{Address, Quote},
};

use super::{fees::FeeText, sink::Sink};
use crate::{
    check::curve::SOL_DECIMALS,
    diagnostics::{Code, Finding},
    syntax::{Argument, ArgumentKind, Statement},
};

/// What a trade on the pool costs when the file does not say it, in basis points for the pool's liquidity.
const POOL_FEE_BPS: u16 = 25;

impl Sink {
    /// An address: base58 in quotes.
    pub(super) fn address(&mut self, argument: &Argument<'_>) -> Option<Address> {
        let text = self.text(argument)?;
        let address = text.parse().ok();
        if address.is_none() {
            let finding = Finding::new(Code::InvalidAddress, argument.span, "this is no address");
            self.report(finding.help("an address is 32 bytes in base58, in quotes"));
        }
        address
    }

    pub(super) fn vault(&mut self, field: &Statement<'_>) -> Option<Vault> {
        let argument = self.only(field)?;
        self.bps(argument).map(|reserve_bps| Vault { reserve_bps })
    }

    pub(super) fn allotment(&mut self, field: &Statement<'_>, decimals: u8) -> Option<Allotment> {
        self.no_block(field);
        let (amount, rest) = self.first(field)?;
        let amount = self.base(amount, decimals);
        let [cliff, vesting] = self.keyed(rest, ["cliff", "vesting"]);
        let cliff_secs = cliff.map_or(Some(0), |part| self.duration(part.value));
        let vesting_secs = vesting.map_or(Some(0), |part| self.duration(part.value));
        Some(Allotment { amount: amount?, cliff_secs: cliff_secs?, vesting_secs: vesting_secs? })
    }

    /// `migration [lock forever | lock term DURATION] [{ tier … }]`; what is not said has its default.
    pub(super) fn migration(&mut self, field: Option<&Statement<'_>>) -> Option<Migration> {
        let Some(field) = field else {
            return Some(Migration { lock: LiquidityLock::Forever, tiers: default_tiers() });
        };
        let lock = match field.arguments.split_first() {
            None => Some(LiquidityLock::Forever),
            Some((word, rest)) => self.choice(word, &["lock"]).and_then(|_| self.lock(word, rest)),
        };
        let tiers = match &field.block {
            None => Some(default_tiers()),
            Some(block) => {
                // Every tier is read before one that was refused ends it.
                let tiers: Vec<_> = block.statements.iter().map(|tier| self.tier(tier)).collect();
                tiers.into_iter().collect()
            }
        };
        Some(Migration { lock: lock?, tiers: tiers? })
    }

    fn lock(&mut self, word: &Argument<'_>, rest: &[Argument<'_>]) -> Option<LiquidityLock> {
        let Some((kind, rest)) = rest.split_first() else {
            return self.required(None, "forever` or `term", word.span);
        };
        match self.choice(kind, &["forever", "term"])? {
            0 => {
                self.nothing_more(rest);
                Some(LiquidityLock::Forever)
            }
            _ => {
                let term = self.required(rest.first(), "the duration of the lock", kind.span)?;
                self.nothing_more(&rest[1..]);
                self.duration(term).map(|secs| LiquidityLock::Term { secs })
            }
        }
    }

    /// `tier [from AMOUNT] FEE`.
    fn tier(&mut self, statement: &Statement<'_>) -> Option<PoolTier> {
        self.known(statement.head, statement.head_span, &["tier"])?;
        let mut arguments = statement.arguments.as_slice();
        let mut from = Some(Quote::ZERO);
        if let [first, more @ ..] = arguments
            && first.kind == ArgumentKind::Word("from")
        {
            let amount = self.required(more.first(), "the least market cap", first.span)?;
            from = self.quote(amount, SOL_DECIMALS);
            arguments = &more[1..];
        }
        let (head, block) = (statement.head_span, statement.block.as_ref());
        let fees = self.fees(FeeText { head, arguments, block });
        Some(PoolTier { from: from?, fees: fees? })
    }
}

fn default_tiers() -> Vec<PoolTier> {
    let fees = Fees::on_top(&[(Recipient::Liquidity, POOL_FEE_BPS)]);
    vec![PoolTier { from: Quote::ZERO, fees }]
}
