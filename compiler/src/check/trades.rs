//! Trade scripts.

use curvevm::{
    program::{BuyOrder, SellOrder},
    types::{Base, Quote},
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
}

impl Sink {
    fn trade(&mut self, statement: &Statement<'_>, context: &TradeContext) -> Option<Trade> {
        let names = ["BUY", "SELL", "ADD_LIQUIDITY", "MIGRATE_TO_AMM"];
        let at = self.known(statement.head, statement.head_span, &names)?;
        match at {
            0 => self.order(statement).and_then(|order| self.buy(&order, context)).map(Trade::Buy),
            1 => {
                self.order(statement).and_then(|order| self.sell(&order, context)).map(Trade::Sell)
            }
            2 => self.only(statement).and_then(|amount| self.liquidity(amount, context)),
            _ => self.only(statement).and_then(|kind| self.pool(kind)),
        }
    }

    fn order<'t, 's>(&mut self, statement: &'t Statement<'s>) -> Option<Order<'t, 's>> {
        self.no_block(statement);
        let (amount, rest) = self.first(statement)?;
        let [min, max] = self.keyed(rest, ["min", "max"]);
        let asset = self.asset(amount)?;
        Some(Order { amount, asset, min, max })
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

    /// Liquidity is counted in quote, also when no unit is written.
    fn liquidity(&mut self, amount: &Argument<'_>, context: &TradeContext) -> Option<Trade> {
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
        self.quote_amount(&whole, context).map(Trade::AddLiquidity)
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
