//! Short forms of instructions.

use curvevm::{
    program::{Amount, BuyOrder, Claim, Instruction, Launch, SellOrder},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};

use super::address;

/// Spends `quote`.
pub(crate) fn buy_in(curve: CurveId, quote: u64) -> Instruction {
    let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO };
    Instruction::Buy { curve, order, referrer: None }
}

/// Buys `base`.
pub(crate) fn buy_out(curve: CurveId, base: u64) -> Instruction {
    let order = BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::MAX };
    Instruction::Buy { curve, order, referrer: None }
}

/// Gives `base`.
pub(crate) fn sell_in(curve: CurveId, base: u64) -> Instruction {
    let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO };
    Instruction::Sell { curve, order, referrer: None }
}

/// Sells for `quote`.
pub(crate) fn sell_out(curve: CurveId, quote: u64) -> Instruction {
    let order = SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::MAX };
    Instruction::Sell { curve, order, referrer: None }
}

/// The same trade, referred by user 2.
pub(crate) fn referred(mut trade: Instruction) -> Instruction {
    if let Instruction::Buy { referrer, .. } | Instruction::Sell { referrer, .. } = &mut trade {
        *referrer = Some(address(2));
    }
    trade
}

pub(crate) fn launch(module: Hash, salt: u64, first_buy: Option<BuyOrder>) -> Instruction {
    Instruction::Launch(Launch {
        module,
        quote_asset: AssetId::SOL,
        name: "n".repeat(32),
        symbol: "s".repeat(10),
        salt,
        first_buy,
    })
}

pub(crate) const fn migrate(curve: CurveId) -> Instruction {
    Instruction::MigrateToAmm { curve }
}

pub(crate) const fn add(curve: CurveId, quote: u64) -> Instruction {
    let (quote, base_max, shares_min) = (Quote::new(quote), Base::MAX, Shares::ZERO);
    Instruction::AddLiquidity { curve, quote, base_max, shares_min }
}

pub(crate) const fn remove(curve: CurveId, shares: u64) -> Instruction {
    let (quote_min, base_min) = (Quote::ZERO, Base::ZERO);
    Instruction::RemoveLiquidity { curve, shares: Shares::new(shares), quote_min, base_min }
}

pub(crate) const fn claim(curve: CurveId, what: Claim) -> Instruction {
    Instruction::Claim { curve, what }
}

pub(crate) const fn pay(to: Address, asset: AssetId, quote: u64) -> Instruction {
    Instruction::Transfer { to, amount: Amount::Quote(asset, Quote::new(quote)) }
}

pub(crate) const fn hand_over(to: Address, curve: CurveId, base: u64) -> Instruction {
    Instruction::Transfer { to, amount: Amount::Base(curve, Base::new(base)) }
}

pub(crate) const fn withdraw_of(asset: AssetId, quote: u64) -> Instruction {
    let recipient = Address::new([123; 32]);
    Instruction::Withdraw { amount: Amount::Quote(asset, Quote::new(quote)), recipient }
}

pub(crate) const fn withdraw_tokens(curve: CurveId, base: u64) -> Instruction {
    let recipient = Address::new([123; 32]);
    Instruction::Withdraw { amount: Amount::Base(curve, Base::new(base)), recipient }
}

/// Lets a key spend SOL.
pub(crate) const fn authorize(session: Address, expires_ms: u64, limit: u64) -> Instruction {
    let (asset, limit) = (AssetId::SOL, Quote::new(limit));
    Instruction::Authorize { session, expires_ms, asset, limit }
}

pub(crate) const fn revoke(session: Address) -> Instruction {
    Instruction::Revoke { session }
}
