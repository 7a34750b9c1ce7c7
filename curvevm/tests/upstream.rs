//! The launchpads' trades on a curve, to the last unit: tests/conformance/upstream.
//!
//! Where CurveVM goes its own way, [`differs`] says how; everything else must be equal.

use curvevm::{
    cell::Curve,
    curve::{
        self, Fill, Terms, liquidity_base,
        quote::{At, curve_at},
        verify::verify,
    },
    error::Error,
    module::{
        FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Graduation,
        LiquidityLock, MODULE_VERSION, Migration, Module, Piece, PieceKind, PoolTier, Recipient,
        Rounding,
    },
    program::{BuyOrder, SellOrder},
    types::{Address, Base, Quote},
};
use serde_json::Value;

const PUMP: &str = include_str!("../../tests/conformance/upstream/pump-fun.json");
const LAUNCHLAB: &str = include_str!("../../tests/conformance/upstream/raydium-launchlab.json");
const DBC: &str = include_str!("../../tests/conformance/upstream/meteora-dbc.json");

fn number(value: &Value) -> u128 {
    value.as_str().unwrap_or_else(|| panic!("a number: {value}")).parse().unwrap()
}

fn units(value: &Value) -> u64 {
    number(value).try_into().unwrap()
}

fn rate(value: &Value, scale: u64) -> u32 {
    u32::try_from(units(value) * scale).unwrap()
}

fn part(recipient: Recipient, rate: u32, of: FeeOf) -> FeePart {
    let rounding = if of == FeeOf::Amount { FeeRounding::Up } else { FeeRounding::Down };
    FeePart { recipient, rate, of, rounding }
}

fn module(supply: u64, pieces: Vec<Piece>, fees: Fees) -> Module {
    let free = PoolTier { from: Quote::ZERO, fees: Fees::none() };
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::new(supply),
        sqrt_start: 0,
        pieces,
        fees,
        partner: Some(Address::new([1; 32])),
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: Migration { lock: LiquidityLock::Forever, tiers: vec![free] },
    }
}

fn pump(config: &Value) -> Module {
    let bps = &config["fees_bps"];
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(units(&config["virtual_quote"])),
        virtual_base: Base::new(units(&config["virtual_base"])),
        rounding: Rounding::FloorPlusOne,
    };
    let rates = [(Recipient::Protocol, "protocol"), (Recipient::Creator, "creator")]
        .map(|(recipient, name)| (recipient, u16::try_from(units(&bps[name])).unwrap()));
    let piece = Piece { end: Base::new(units(&config["base_for_sale"])), kind };
    module(units(&config["supply"]), vec![piece], Fees::on_top(&rates))
}

fn launchlab(config: &Value) -> Module {
    let (virtual_base, virtual_quote) =
        (number(&config["virtual_base"]), Quote::new(units(&config["virtual_quote"])));
    let base = || Base::new(virtual_base.try_into().unwrap());
    let kind = match config["kind"].as_str().unwrap() {
        "constant_product" => PieceKind::ConstantProduct {
            virtual_quote,
            virtual_base: base(),
            rounding: Rounding::Ceiling,
        },
        "fixed_price" => PieceKind::FixedPrice { quote: virtual_quote, base: base() },
        "linear_price" => PieceKind::Linear {
            start: 0,
            slope: virtual_base << 64,
            rounding: Rounding::Cumulative,
        },
        other => panic!("{other}"),
    };
    let ppm = |name: &str| rate(&config["fees_ppm"][name], 1_000);
    let fees = Fees {
        total: FeeTotal::Included {
            rate: ppm("protocol") + ppm("platform") + ppm("creator"),
            referred: ppm("share"),
            schedule: FeeSchedule::Constant,
        },
        side: FeeSide::Quote,
        parts: vec![
            part(Recipient::Partner, ppm("platform"), FeeOf::Proportion),
            part(Recipient::Referrer, ppm("share"), FeeOf::Proportion),
            part(Recipient::Creator, ppm("creator"), FeeOf::Proportion),
        ],
        rest: Recipient::Protocol,
    };
    let piece = Piece { end: Base::new(units(&config["base_for_sale"])), kind };
    module(units(&config["supply"]), vec![piece], fees)
}

fn dbc(config: &Value) -> Module {
    let (start, end) =
        (number(&config["sqrt_start_price"]), number(&config["migration_sqrt_price"]));
    let (mut low, mut sold, mut pieces) = (start, 0, Vec::new());
    for point in config["curve"].as_array().unwrap() {
        let liquidity = number(&point["liquidity"]);
        let sqrt_end = number(&point["sqrt_price"]).min(end);
        sold += liquidity_base(low, sqrt_end, liquidity).unwrap().get();
        let kind = PieceKind::ConstantLiquidity { liquidity, sqrt_end };
        pieces.push(Piece { end: Base::new(sold), kind });
        low = sqrt_end;
        if low == end {
            break;
        }
    }
    let fee = &config["fee"];
    let fees = Fees {
        total: FeeTotal::Included {
            rate: rate(&fee["cliff"], 1),
            referred: 0,
            schedule: schedule(fee),
        },
        side: match config["fee_in"].as_str().unwrap() {
            "quote" => FeeSide::Quote,
            _ => FeeSide::Output,
        },
        parts: vec![
            part(Recipient::Protocol, 200_000_000, FeeOf::Total),
            part(Recipient::Referrer, 200_000_000, FeeOf::Part(0)),
            part(Recipient::Creator, rate(&config["creator_percentage"], 10_000_000), FeeOf::Rest),
        ],
        rest: Recipient::Partner,
    };
    Module {
        sqrt_start: start,
        graduation: Graduation::Raised(Quote::new(units(&config["migration_quote_threshold"]))),
        ..module(sold * 2, pieces, fees)
    }
}

fn schedule(fee: &Value) -> FeeSchedule {
    let small = |name: &str| u32::try_from(units(&fee[name])).unwrap();
    let narrow = |name: &str| u16::try_from(units(&fee[name])).unwrap();
    match fee["mode"].as_str().unwrap() {
        "rate_limiter" => FeeSchedule::SizeLimiter {
            reference: Quote::new(units(&fee["reference"])),
            increment: small("increment_bps") * 100_000,
            duration_secs: small("duration"),
        },
        _ if units(&fee["frequency"]) == 0 => FeeSchedule::Constant,
        "linear" => FeeSchedule::Linear {
            reduction: small("reduction"),
            period_secs: small("frequency"),
            periods: narrow("periods"),
        },
        "exponential" => FeeSchedule::Exponential {
            reduction_bps: narrow("reduction"),
            period_secs: small("frequency"),
            periods: narrow("periods"),
        },
        other => panic!("{other}"),
    }
}

fn trade(module: &Module, case: &Value) -> (Curve, Result<Fill, Error>) {
    let (state, order) = (&case["state"], &case["order"]);
    let at = At {
        sold: Base::new(units(&state["sold"])),
        reserve: Some(Quote::new(units(&state["reserve"]))),
        sqrt_price: state.get("sqrt_price").map(number),
    };
    let curve = curve_at(module, &at).unwrap_or_else(|e| panic!("{}: {e}", case["id"]));
    let shared = matches!(module.fees.total, FeeTotal::Included { referred, .. } if referred > 0);
    let terms = Terms {
        time_ms: case.get("time").map_or(0, |time| units(time) * 1_000),
        referred: shared || order["referrer"] == Value::Bool(true),
    };
    let amount = units(&order["amount"]);
    let fill = match (order["side"].as_str().unwrap(), order["kind"].as_str().unwrap()) {
        ("buy", "exact_in") => {
            let order = BuyOrder::ExactIn { quote: Quote::new(amount), base_min: Base::ZERO };
            curve::buy(module, &curve, &order, &terms)
        }
        ("buy", _) => {
            let order = BuyOrder::ExactOut { base: Base::new(amount), quote_max: Quote::MAX };
            curve::buy(module, &curve, &order, &terms)
        }
        (_, "exact_in") => {
            let order = SellOrder::ExactIn { base: Base::new(amount), quote_min: Quote::ZERO };
            curve::sell(module, &curve, &order, &terms)
        }
        _ => {
            let order = SellOrder::ExactOut { quote: Quote::new(amount), base_max: Base::MAX };
            curve::sell(module, &curve, &order, &terms)
        }
    };
    (curve, fill)
}

/// The fields of a result, in the vectors' form.
fn fields(fill: &Fill, side: &str, names: &Value) -> Vec<(String, String)> {
    let (pays, receives) = match side {
        "buy" => (fill.trader_quote.get(), fill.trader_base.get()),
        _ => (fill.trader_base.get(), fill.trader_quote.get()),
    };
    let asset = match fill.fees {
        curvevm::receipt::TakenFees::Quote(_) => "quote",
        curvevm::receipt::TakenFees::Base(_) => "base",
    };
    let split = fill.fees.units();
    let mut fields = vec![
        ("base".into(), fill.base.to_string()),
        ("quote".into(), fill.quote.to_string()),
        ("trader_pays".into(), pays.to_string()),
        ("trader_receives".into(), receives.to_string()),
        ("partial".into(), fill.partial.to_string()),
        ("fee_asset".into(), asset.into()),
        ("sold".into(), fill.sold_after.to_string()),
        ("reserve".into(), fill.reserve_after.to_string()),
        ("sqrt_price".into(), fill.sqrt_price_after.to_string()),
    ];
    for name in names.as_object().unwrap().keys() {
        let fee = match name.as_str() {
            "protocol" => split.protocol,
            "creator" => split.creator,
            "partner" | "platform" => split.partner,
            "referrer" | "share" => split.referrer,
            other => panic!("{other}"),
        };
        fields.push((format!("fees.{name}"), fee.to_string()));
    }
    fields
}

fn expected(result: &Value, name: &str) -> Option<String> {
    let value = match name.strip_prefix("fees.") {
        Some(fee) => &result["fees"][fee],
        None => result.get(name).or_else(|| result["state_after"].get(name))?,
    };
    Some(value.as_str().map_or_else(|| value.to_string(), Into::into))
}

/// How CurveVM differs from a launchpad in a case, on purpose.
fn differs(case: &Value, fill: &Result<Fill, Error>) -> Option<&'static str> {
    let (result, error) = (&case["result"], case["error"].as_str());
    match (fill, error) {
        (Err(Error::Dust), None) if result["trader_receives"] == "0" => {
            Some("a trade that gives nothing is refused")
        }
        (Err(Error::Dust), None) if result["quote"] == "0" => {
            Some("a purchase of which all is fee buys nothing of what others left")
        }
        (Ok(fill), Some("over_threshold" | "insufficient_liquidity")) if fill.partial => {
            Some("an exact-out purchase past the end is filled partially")
        }
        (Ok(fill), Some("over_threshold"))
            if fill.base.get() == units(&case["order"]["amount"])
                && case["config"].as_str()?.starts_with("two") =>
        {
            Some("the piece without room that upstream steps over is no piece of the module")
        }
        (Ok(fill), None)
            if case["id"].as_str()?.starts_with("pump-fun")
                && case["order"]["side"] == "sell"
                && case["order"]["kind"] == "exact_out" =>
        {
            // Not upstream's: the vectors sell the fewest tokens and give all that they yield, CurveVM what was asked for.
            let same = fill.base.get() == units(&result["base"]);
            let wanted = units(&case["order"]["amount"]);
            let enough = fill.trader_quote.get() >= wanted
                && fill.trader_quote.get() <= units(&result["trader_receives"]);
            (same && enough).then_some("an exact-out sale gives what was asked for")
        }
        _ => None,
    }
}

fn error_fits(error: Error, text: &str) -> bool {
    match text {
        "zero_output" | "fees_exceed_output" => error == Error::Dust,
        "complete" => error == Error::CurveComplete,
        "insufficient_sold" => {
            matches!(error, Error::SellExceedsSold | Error::InsufficientReserve)
        }
        "insufficient_reserve" => {
            matches!(error, Error::InsufficientReserve | Error::SellExceedsSold)
        }
        _ => false,
    }
}

/// What is wrong with a case.
fn check(module: &Module, case: &Value) -> Result<bool, String> {
    let (_, fill) = trade(module, case);
    if differs(case, &fill).is_some() {
        return Ok(false);
    }
    let id = &case["id"];
    match (fill, case["error"].as_str()) {
        (Err(error), Some(text)) if error_fits(error, text) => Ok(true),
        (Err(error), _) => Err(format!("{id}: {error:?}, not {}", case["result"])),
        (Ok(fill), Some(text)) => Err(format!("{id}: {fill:?}, not {text}")),
        (Ok(fill), None) => {
            let result = &case["result"];
            for (name, got) in
                fields(&fill, case["order"]["side"].as_str().unwrap(), &result["fees"])
            {
                if let Some(expected) = expected(result, &name).filter(|expected| *expected != got)
                {
                    return Err(format!("{id}: {name} is {got}, not {expected}"));
                }
            }
            Ok(true)
        }
    }
}

/// Runs the trades of a file; gives how many were equal and how many differ on purpose, which the tests pin.
fn run(text: &str, module_of: impl Fn(&Value) -> Option<Module>) -> (usize, usize) {
    let file: Value = serde_json::from_str(text).unwrap();
    let (mut equal, mut different, mut wrong) = (0, 0, Vec::new());
    for case in file["trades"].as_array().unwrap() {
        let name = case["config"].as_str().unwrap();
        let Some(module) = module_of(&file["configs"][name]) else { continue };
        assert_eq!(verify(&module), Ok(()), "{name}");
        match check(&module, case) {
            Ok(true) => equal += 1,
            Ok(false) => different += 1,
            Err(text) => wrong.push(text),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), wrong.len() + equal, wrong.join("\n"));
    (equal, different)
}

#[test]
fn trades_as_pump_fun() {
    let counts = run(PUMP, |config| (config["kind"] == "pump_curve").then(|| pump(config)));
    assert_eq!(counts, (123, 18));
}

#[test]
fn trades_as_raydium_launchlab() {
    assert_eq!(run(LAUNCHLAB, |config| Some(launchlab(config))), (489, 23));
}

#[test]
fn trades_as_meteora_dbc() {
    assert_eq!(run(DBC, |config| Some(dbc(config))), (327, 45));
}
