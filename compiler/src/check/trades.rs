//! Trade scripts.

use curvevm::{
    program::{BuyOrder, Claim, SellOrder},
    types::{Address, Base, Quote, Shares},
};

use super::{
    amounts::Asset,
    sink::{Keyed, Sink},
};
use crate::{
    compile::TradeContext,
    diagnostics::{Code, Finding},
    hir::Trade,
    syntax::{Argument, ArgumentKind, Statement, Tree},
};

/// The pool that `MIGRATE_TO_AMM 1` names: the chain's own constant-product pool.
const POOL_KIND: u8 = 1;

/// What can be claimed, and how it is called.
const CLAIMS: [(&str, Claim); 5] = [
    ("creator", Claim::CreatorFees),
    ("partner", Claim::PartnerFees),
    ("protocol", Claim::ProtocolFees),
    ("vested", Claim::Vested),
    ("liquidity", Claim::Liquidity),
];

/// Reads the trades of a script, in order; none when anything was found.
pub(crate) fn trades(
    tree: &Tree<'_>,
    context: &TradeContext,
) -> (Option<Vec<Trade>>, Vec<Finding>) {
    let mut sink = Sink::default();
    let trades: Vec<_> =
        tree.statements.iter().filter_map(|statement| sink.trade(statement, context)).collect();
    (sink.findings.is_empty().then_some(trades), sink.findings)
}

/// The amount of an order and its limits.
struct Order<'t, 's> {
    amount: &'t Argument<'s>,
    asset: Asset,
    min: Option<Keyed<'t, 's>>,
    max: Option<Keyed<'t, 's>>,
    referrer: Option<Address>,
}

impl Sink {
    fn trade(&mut self, statement: &Statement<'_>, context: &TradeContext) -> Option<Trade> {
        let names = ["BUY", "SELL", "ADD_LIQUIDITY", "REMOVE_LIQUIDITY", "CLAIM", "MIGRATE_TO_AMM"];
        let at = self.known(statement.head, statement.head_span, &names)?;
        match at {
            0 => {
                let said = self.order(statement)?;
                let order = self.buy(&said, context)?;
                Some(Trade::Buy { order, referrer: said.referrer })
            }
            1 => {
                let said = self.order(statement)?;
                let order = self.sell(&said, context)?;
                Some(Trade::Sell { order, referrer: said.referrer })
            }
            2 => self.add_liquidity(statement, context),
            3 => self.remove_liquidity(statement, context),
            4 => self.claim(statement),
            _ => self.only(statement).and_then(|kind| self.pool(kind)),
        }
    }

    fn order<'t, 's>(&mut self, statement: &'t Statement<'s>) -> Option<Order<'t, 's>> {
        self.no_block(statement);
        let (amount, rest) = self.first(statement)?;
        let [min, max, referrer] = self.keyed(rest, ["min", "max", "referrer"]);
        let referrer = match referrer {
            Some(part) => Some(self.address(part.value)?),
            None => None,
        };
        let asset = self.asset(amount)?;
        Some(Order { amount, asset, min, max, referrer })
    }

    fn buy(&mut self, order: &Order<'_, '_>, context: &TradeContext) -> Option<BuyOrder> {
        match order.asset {
            Asset::Base => {
                self.no_limit(
                    order.min,
                    "tokens bought are limited by `max`, the most quote to pay",
                );
                let base = self.base_amount(order.amount, context);
                let quote_max = self.quote_limit(order.max, context, Quote::MAX);
                Some(BuyOrder::ExactOut { base: base?, quote_max: quote_max? })
            }
            Asset::Quote => {
                self.no_limit(
                    order.max,
                    "quote spent is limited by `min`, the fewest tokens to get",
                );
                let quote = self.quote_amount(order.amount, context);
                let base_min = self.base_limit(order.min, context, Base::ZERO);
                Some(BuyOrder::ExactIn { quote: quote?, base_min: base_min? })
            }
        }
    }

    fn sell(&mut self, order: &Order<'_, '_>, context: &TradeContext) -> Option<SellOrder> {
        match order.asset {
            Asset::Base => {
                self.no_limit(
                    order.max,
                    "tokens sold are limited by `min`, the least quote to get",
                );
                let base = self.base_amount(order.amount, context);
                let quote_min = self.quote_limit(order.min, context, Quote::ZERO);
                Some(SellOrder::ExactIn { base: base?, quote_min: quote_min? })
            }
            Asset::Quote => {
                self.no_limit(
                    order.min,
                    "quote asked for is limited by `max`, the most tokens to give",
                );
                let quote = self.quote_amount(order.amount, context);
                let base_max = self.base_limit(order.max, context, Base::MAX);
                Some(SellOrder::ExactOut { quote: quote?, base_max: base_max? })
            }
        }
    }

    fn add_liquidity(
        &mut self,
        statement: &Statement<'_>,
        context: &TradeContext,
    ) -> Option<Trade> {
        self.no_block(statement);
        let (amount, rest) = self.first(statement)?;
        let quote = self.quote_added(amount, context);
        let [min, max] = self.keyed(rest, ["min", "max"]);
        let base_max = self.base_limit(max, context, Base::MAX);
        let shares_min = min.map_or(Some(Shares::ZERO), |min| self.shares_amount(min.value));
        Some(Trade::AddLiquidity { quote: quote?, base_max: base_max?, shares_min: shares_min? })
    }

    fn remove_liquidity(
        &mut self,
        statement: &Statement<'_>,
        context: &TradeContext,
    ) -> Option<Trade> {
        self.no_block(statement);
        let (amount, rest) = self.first(statement)?;
        let shares = self.shares_amount(amount);
        let [min_quote, min_base] = self.keyed(rest, ["min_quote", "min_base"]);
        let quote_min = self.quote_limit(min_quote, context, Quote::ZERO);
        let base_min = self.base_limit(min_base, context, Base::ZERO);
        Some(Trade::RemoveLiquidity { shares: shares?, quote_min: quote_min?, base_min: base_min? })
    }

    fn claim(&mut self, statement: &Statement<'_>) -> Option<Trade> {
        let what = self.only(statement)?;
        let at = self.choice(what, &CLAIMS.map(|(name, _)| name))?;
        Some(Trade::Claim(CLAIMS[at].1))
    }

    fn shares_amount(&mut self, argument: &Argument<'_>) -> Option<Shares> {
        let shares = self.shares(argument)?;
        self.above_zero(argument, shares.is_zero()).then_some(shares)
    }

    /// Liquidity is counted in quote, also when no unit is written.
    fn quote_added(&mut self, amount: &Argument<'_>, context: &TradeContext) -> Option<Quote> {
        let whole = match &amount.kind {
            ArgumentKind::Number { value, unit: "" } => {
                let kind = ArgumentKind::Number { value: *value, unit: "sol" };
                Argument { kind, span: amount.span }
            }
            ArgumentKind::Number { .. }
            | ArgumentKind::Word(_)
            | ArgumentKind::Text(_)
            | ArgumentKind::Bad => amount.clone(),
        };
        self.quote_amount(&whole, context)
    }

    fn pool(&mut self, kind: &Argument<'_>) -> Option<Trade> {
        if self.count(kind, u8::MAX)? != POOL_KIND {
            let finding =
                Finding::new(Code::OutOfRange, kind.span, "there is no pool of this kind");
            self.report(finding.help("1 is the chain's constant-product pool"));
            return None;
        }
        Some(Trade::MigrateToAmm)
    }

    fn base_amount(&mut self, argument: &Argument<'_>, context: &TradeContext) -> Option<Base> {
        let base = self.base(argument, context.decimals)?;
        self.above_zero(argument, base.is_zero()).then_some(base)
    }

    fn quote_amount(&mut self, argument: &Argument<'_>, context: &TradeContext) -> Option<Quote> {
        let quote = self.quote(argument, context.quote_decimals)?;
        self.above_zero(argument, quote.is_zero()).then_some(quote)
    }

    fn base_limit(
        &mut self,
        limit: Option<Keyed<'_, '_>>,
        context: &TradeContext,
        unlimited: Base,
    ) -> Option<Base> {
        limit.map_or(Some(unlimited), |limit| self.base_amount(limit.value, context))
    }

    fn quote_limit(
        &mut self,
        limit: Option<Keyed<'_, '_>>,
        context: &TradeContext,
        unlimited: Quote,
    ) -> Option<Quote> {
        limit.map_or(Some(unlimited), |limit| self.quote_amount(limit.value, context))
    }

    fn no_limit(&mut self, limit: Option<Keyed<'_, '_>>, help: &str) {
        if let Some(limit) = limit {
            let span = limit.key.to(limit.value.span);
            let finding = Finding::new(Code::WrongLimit, span, "this limits what is fixed already");
            self.report(finding.help(help));
        }
    }

    fn above_zero(&mut self, argument: &Argument<'_>, is_zero: bool) -> bool {
        if is_zero {
            let finding = Finding::new(Code::ZeroAmount, argument.span, "the amount is zero");
            self.report(finding.help("a trade is of something; leave a limit out for none"));
        }
        !is_zero
    }
}
