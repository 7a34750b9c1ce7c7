//! Ready modules: the launchpads that people use, to the unit.
//!
//! # Status
//!
//! Experimental. A template's figures follow its launchpad, so that its hash may change from one version of this crate to the next.
//!
//! | name | what |
//! |---|---|
//! | `pump-fun` | pump.fun's curve with its fees, and PumpSwap's tiers after migration |
//! | `raydium-launchlab` | LaunchLab's default launch: a constant product |
//! | `raydium-launchlab-fixed` | LaunchLab's fixed price |
//! | `raydium-launchlab-linear` | LaunchLab's linear price |
//! | `meteora-dbc` | a config of Meteora DBC's own tests |
//!
//! Other parameters: [`pump_fun_with_fees`], [`LaunchLab`], [`Dbc`].
//!
//! # Deviations
//!
//! The curves, their fees and their vesting are the launchpads'. What becomes of a curve is this chain's: the pool opens at the
//! curve's end price, with the whole reserve or, when fewer tokens are left than belong to it, with what they are worth; the rest is
//! the protocol's, as a migration fee is on the launchpads. Tokens that the pool does not need are nobody's.

mod dbc;
mod launchlab;
mod pump_fun;
#[cfg(test)]
mod tests;

use alloc::{string::String, vec, vec::Vec};

use crate::{
    module::{
        FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, LiquidityLock,
        Migration, Module, PoolTier, Recipient,
    },
    types::Quote,
};
pub use dbc::{Dbc, DbcPoint, meteora_dbc};
pub use launchlab::{
    LaunchLab, LaunchLabRates, raydium_launchlab, raydium_launchlab_fixed, raydium_launchlab_linear,
};
pub use pump_fun::{pump_fun, pump_fun_with_fees};

/// A template: its name, and what makes its module.
pub type Template = (&'static str, fn() -> Module);

/// Every template.
pub const ALL: &[Template] = &[
    ("pump-fun", pump_fun),
    ("raydium-launchlab", raydium_launchlab),
    ("raydium-launchlab-fixed", raydium_launchlab_fixed),
    ("raydium-launchlab-linear", raydium_launchlab_linear),
    ("meteora-dbc", meteora_dbc),
];

/// Other names of the templates, in lower case and without punctuation.
const ALIASES: &[(&str, &str)] = &[
    ("pump", "pump-fun"),
    ("launchlab", "raydium-launchlab"),
    ("raydium", "raydium-launchlab"),
    ("launchlabfixed", "raydium-launchlab-fixed"),
    ("launchlabfixedprice", "raydium-launchlab-fixed"),
    ("launchlablinear", "raydium-launchlab-linear"),
    ("launchlablinearprice", "raydium-launchlab-linear"),
    ("dbc", "meteora-dbc"),
    ("meteora", "meteora-dbc"),
];

/// The template of a name, whatever its case and punctuation, or of another name that people use for it.
pub fn find(name: &str) -> Option<Template> {
    let name = plain(name);
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name, |(_, of)| plain(of));
    ALL.iter().copied().find(|(known, _)| plain(known) == name)
}

/// Letters and digits only, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A part that is rounded down.
const fn part(recipient: Recipient, rate: u32, of: FeeOf) -> FeePart {
    FeePart { recipient, rate, of, rounding: FeeRounding::Down }
}

/// A pool for good that charges 0.25 %, of which the protocol gets `protocol` billionths and its liquidity the rest.
fn quarter_percent_pool(protocol: u32) -> Migration {
    let total =
        FeeTotal::Included { rate: 2_500_000, referred: 0, schedule: FeeSchedule::Constant };
    let parts: Vec<_> = vec![part(Recipient::Protocol, protocol, FeeOf::Total)];
    let fees = Fees { total, side: FeeSide::Quote, parts, rest: Recipient::Liquidity };
    Migration { lock: LiquidityLock::Forever, tiers: vec![PoolTier { from: Quote::ZERO, fees }] }
}
