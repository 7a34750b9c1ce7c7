//! Tests of templates.

use std::{string::ToString, vec, vec::Vec};

use serde_json::Value;

use super::{ALL, Dbc, DbcPoint, LaunchLab, find, meteora_dbc, pump_fun};
use crate::{
    cell::Phase,
    curve::{
        self, Terms,
        quote::{At, curve_at},
        verify::verify,
    },
    module::{Allotment, FeeSchedule, FeeSide, Graduation, Module, PieceKind, Recipient, Rounding},
    pool,
    program::{BuyOrder, SellOrder},
    types::{Address, Base, Quote},
};

const LAUNCHLAB: &str = include_str!("../../../tests/conformance/upstream/raydium-launchlab.json");
const DBC: &str = include_str!("../../../tests/conformance/upstream/meteora-dbc.json");
const TERMS: Terms = Terms { time_ms: 0, referred: false };

fn number<N: core::str::FromStr>(value: &Value) -> N {
    let text = value.as_str().unwrap_or_else(|| panic!("a number: {value}"));
    text.parse().unwrap_or_else(|_| panic!("a number that fits: {value}"))
}

#[test]
fn names_are_found_as_people_write_them() {
    for (name, module) in ALL {
        let (found, same) = find(name).unwrap();
        assert_eq!((found, same().hash()), (*name, module().hash()));
    }
    for (name, is) in [
        ("pump", "pump-fun"),
        ("pump.fun", "pump-fun"),
        ("PumpFun", "pump-fun"),
        ("launchlab", "raydium-launchlab"),
        ("Raydium LaunchLab", "raydium-launchlab"),
        ("launchlab-fixed", "raydium-launchlab-fixed"),
        ("raydium_launchlab_linear", "raydium-launchlab-linear"),
        ("dbc", "meteora-dbc"),
        ("Meteora", "meteora-dbc"),
    ] {
        assert_eq!(find(name).map(|(name, _)| name), Some(is), "{name}");
    }
    for name in ["", "pumpkin", "raydium-launchlab-", "x"] {
        assert!(find(name).is_none_or(|_| name.ends_with('-')), "{name}");
    }
}

/// A life from launch over migration to trades on the pool.
fn live(name: &str, module: &Module) {
    assert_eq!(verify(module).map_err(|refusal| refusal.to_string()), Ok(()), "{name}");
    let mut curve = curve_at(module, &At::default()).unwrap();
    let order = BuyOrder::ExactIn { quote: Quote::new(1_000_000_000), base_min: Base::ZERO };
    let fill = curve::buy(module, &curve, &order, &TERMS).unwrap();
    let bought = fill.trader_base;
    fill.settle(module, &mut curve).unwrap();
    let order = SellOrder::ExactIn { base: bought, quote_min: Quote::ZERO };
    let fill = curve::sell(module, &curve, &order, &TERMS).unwrap();
    assert!(fill.trader_quote < Quote::new(1_000_000_000));
    fill.settle(module, &mut curve).unwrap();
    let order = BuyOrder::ExactIn { quote: Quote::new(10_000_000_000_000), base_min: Base::ZERO };
    let fill = curve::buy(module, &curve, &order, &TERMS).unwrap();
    assert!(fill.partial, "{name}");
    fill.settle(module, &mut curve).unwrap();
    assert_eq!(curve.phase, Phase::Complete, "{name}");
    let mut market = pool::migrate(module, &curve, 0).unwrap();
    let order = BuyOrder::ExactIn { quote: Quote::new(1_000_000_000), base_min: Base::ZERO };
    let fill = pool::buy(module, &market, &order, &TERMS).unwrap();
    fill.settle(&mut market).unwrap();
    let order = SellOrder::ExactIn { base: fill.base, quote_min: Quote::ZERO };
    let back = pool::sell(module, &market, &order, &TERMS).unwrap();
    assert!(back.trader_quote < fill.trader_quote, "{name}");
}

#[test]
fn every_template_lives() {
    for (name, module) in ALL {
        live(name, &module());
    }
}

#[test]
fn pump_costs_what_it_costs() {
    let module = pump_fun();
    let curve = curve_at(&module, &At::default()).unwrap();
    let order = BuyOrder::ExactOut { base: Base::new(793_100_000_000_000), quote_max: Quote::MAX };
    let fill = curve::buy(&module, &curve, &order, &TERMS).unwrap();
    let fees = fill.fees.units();
    assert_eq!(fill.quote.get(), 85_005_359_057);
    assert_eq!((fees.protocol, fees.creator), (807_550_912, 255_016_078));
    assert_eq!(module.migration.tiers.len(), 25);
}

#[test]
fn launchlab_is_set_up_as_upstream() {
    let file: Value = serde_json::from_str(LAUNCHLAB).unwrap();
    let mut compared = 0;
    for case in file["functions"].as_array().unwrap() {
        if case["function"] != "initial_parameters" {
            continue;
        }
        let (input, output) = (&case["input"], &case["output"]);
        let locked = Base::new(number(&input["locked"]));
        let locked = Allotment { amount: locked, cliff_secs: 10, vesting_secs: 20 };
        let launch = LaunchLab {
            supply: Base::new(number(&input["supply"])),
            sold: input.get("sell").map_or(Base::ZERO, |sold| Base::new(number(sold))),
            raised: Quote::new(number(&input["raised"])),
            migrate_fee: Quote::new(number(&input["migrate_fee"])),
            locked: (!locked.amount.is_zero()).then_some(locked),
            platform: Some(Address::new([1; 32])),
            ..LaunchLab::standard()
        };
        let (virtual_quote, virtual_base): (u64, u64) =
            (number(&output["virtual_quote"]), number(&output["virtual_base"]));
        let (module, kind) = match input["curve"].as_str().unwrap() {
            "constant_product" => (
                launch.constant_product(),
                PieceKind::ConstantProduct {
                    virtual_quote: Quote::new(virtual_quote),
                    virtual_base: Base::new(virtual_base),
                    rounding: Rounding::Ceiling,
                },
            ),
            "fixed_price" => (
                launch.fixed_price(),
                PieceKind::FixedPrice {
                    quote: Quote::new(virtual_quote),
                    base: Base::new(virtual_base),
                },
            ),
            _ => (
                launch.linear_price(),
                PieceKind::Linear {
                    start: 0,
                    slope: u128::from(virtual_base) << 64,
                    rounding: Rounding::Cumulative,
                },
            ),
        };
        let module = module.unwrap();
        assert_eq!(module.pieces[0].kind, kind, "{input}");
        assert_eq!(module.sale_end().get(), number::<u64>(&output["base_for_sale"]), "{input}");
        live("launchlab", &module);
        compared += 1;
    }
    assert!(compared >= 6);
}

#[test]
fn the_named_launches_are_the_standard_ones() {
    let standard = LaunchLab::standard();
    assert_eq!(standard.constant_product(), Ok(super::raydium_launchlab()));
    assert_eq!(standard.fixed_price(), Ok(super::raydium_launchlab_fixed()));
    assert_eq!(standard.linear_price(), Ok(super::raydium_launchlab_linear()));
}

#[test]
fn impossible_launches_are_refused() {
    let standard = LaunchLab::standard();
    let all_sold = LaunchLab { sold: standard.supply, ..standard };
    let too_few = LaunchLab { sold: Base::new(100), ..standard };
    let nothing = LaunchLab { raised: Quote::ZERO, ..standard };
    let fee = LaunchLab { migrate_fee: Quote::MAX, ..standard };
    let no_supply = LaunchLab { supply: Base::ZERO, ..standard };
    for launch in [&all_sold, &too_few, &nothing, &fee, &no_supply] {
        assert!(launch.constant_product().is_err(), "{launch:?}");
    }
    for launch in [&nothing, &fee, &no_supply] {
        assert!(launch.linear_price().is_err(), "{launch:?}");
    }
    assert!(nothing.fixed_price().is_err() && fee.fixed_price().is_err());
    let flat = LaunchLab { raised: Quote::new(1), ..standard };
    assert!(flat.linear_price().is_err());
}

/// A config of the conformance data.
fn config(config: &Value, supply: Option<Base>) -> Dbc {
    let points = config["curve"].as_array().unwrap().iter();
    let points = points.map(|point| DbcPoint {
        sqrt_price: number(&point["sqrt_price"]),
        liquidity: number(&point["liquidity"]),
    });
    Dbc {
        supply,
        decimals: 6,
        sqrt_start: number(&config["sqrt_start_price"]),
        points: points.collect(),
        threshold: Quote::new(number(&config["migration_quote_threshold"])),
        rate: number(&config["fee"]["cliff"]),
        schedule: FeeSchedule::Constant,
        side: FeeSide::Quote,
        creator_percent: number(&config["creator_percentage"]),
        locked: None,
        partner: None,
    }
}

#[test]
fn dbc_ends_where_the_threshold_is_raised() {
    let file: Value = serde_json::from_str(DBC).unwrap();
    let mut compared = 0;
    for case in file["functions"].as_array().unwrap() {
        if case["function"] != "migration" {
            continue;
        }
        let name = case["input"]["config"].as_str().unwrap();
        let config =
            Dbc { partner: Some(Address::new([2; 32])), ..config(&file["configs"][name], None) };
        let module = config.module().unwrap();
        let PieceKind::ConstantLiquidity { sqrt_end, .. } = module.pieces.last().unwrap().kind
        else {
            panic!("{name}")
        };
        let output = &case["output"];
        assert_eq!(sqrt_end, number::<u128>(&output["sqrt_price"]), "{name}");
        // Upstream rounds each segment up for what it keeps for sale.
        let swapped: u64 = number(&output["swap_base"]);
        let short = swapped - module.sale_end().get();
        assert!(short <= module.pieces.len() as u64, "{name}: {short}");
        assert_eq!(module.graduation, Graduation::Raised(config.threshold));
        if case["input"]["fee_percentage"] == "0" {
            let pool: u64 = number(&output["base_constant_product"]);
            assert_eq!(module.supply.get() - module.sale_end().get(), pool, "{name}");
            live(name, &module);
        }
        compared += 1;
    }
    assert!(compared >= 3);
}

#[test]
fn the_named_dbc_is_the_designed_config() {
    let file: Value = serde_json::from_str(DBC).unwrap();
    let designed = config(&file["configs"]["design"], Some(Base::new(1_000_000_000_000_000)));
    assert_eq!(designed.module(), Ok(meteora_dbc()));
}

#[test]
fn impossible_configs_are_refused() {
    let file: Value = serde_json::from_str(DBC).unwrap();
    let designed = config(&file["configs"]["three"], None);
    let no_points = Dbc { points: vec![], ..designed };
    let mut falling = designed.clone();
    falling.points.reverse();
    let beyond = Dbc { threshold: Quote::MAX, ..designed.clone() };
    let mut empty = designed.clone();
    empty.points[0].liquidity = 0;
    let many = Dbc {
        points: (1..=100)
            .map(|n| DbcPoint { sqrt_price: designed.sqrt_start + n, liquidity: 1 })
            .collect(),
        ..designed
    };
    let above = Dbc { sqrt_start: u128::MAX, ..designed };
    for config in [no_points, falling, beyond, many, above] {
        assert!(config.module().is_err(), "{config:?}");
    }
    // An empty segment sells nothing: the verifier names it.
    assert!(empty.module().is_err() || verify(&empty.module().unwrap()).is_err());
}

#[test]
fn fees_go_to_the_protocol_when_there_is_no_partner() {
    for (name, module) in ALL {
        let module = module();
        let mut recipients: Vec<_> = module.fees.parts.iter().map(|part| part.recipient).collect();
        recipients.push(module.fees.rest);
        assert!(!recipients.contains(&Recipient::Partner), "{name}");
    }
}
