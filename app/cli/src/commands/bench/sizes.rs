//! How much is measured.

use super::BenchArgs;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) node: NodeSizes,
    pub(super) network: NetworkSizes,
}

/// Sizes of the bound and the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeSizes {
    pub(super) curves: u32,
    pub(super) accounts: u32,
    pub(super) trades: u32,
    pub(super) block_trades: u32,
    pub(super) rounds: u32,
}

/// Sizes of the network and of what is sent through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NetworkSizes {
    pub(super) members: u8,
    /// Single trades a second.
    pub(super) rate: u32,
    /// How long single trades are sent.
    pub(super) seconds: u32,
    pub(super) load_trades: u32,
    pub(super) in_flight: u32,
    pub(super) traders: u32,
    pub(super) curves: u32,
}

impl Sizes {
    /// The defaults, quick or not, under what was asked for.
    pub(super) fn of(args: &BenchArgs) -> Self {
        let or = |asked: Option<u32>, full: u32, quick: u32| {
            asked.unwrap_or(if args.quick { quick } else { full })
        };
        Self {
            node: NodeSizes {
                curves: or(args.curves, 1_000, 50),
                accounts: or(args.accounts, 100_000, 2_000),
                trades: or(args.trades, 200_000, 10_000),
                block_trades: or(args.block_trades, 1_000, 1_000),
                rounds: or(args.rounds, 5, 2),
            },
            network: NetworkSizes {
                members: args.members,
                rate: or(args.rate, 20, 20),
                seconds: or(args.seconds, 30, 5),
                load_trades: or(args.load_trades, 10_000, 500),
                in_flight: or(args.in_flight, 512, 512),
                traders: or(args.traders, 50, 10),
                curves: or(args.load_curves, 5, 2),
            },
        }
    }
}
