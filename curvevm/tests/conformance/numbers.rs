//! Tables of the arithmetic, and of the nonce window.

use curvevm::{
    math::{
        U256, isqrt, isqrt_u256, mul_div_ceil, mul_div_ceil_u128, mul_div_floor,
        mul_div_floor_u128, mul_shr_ceil, mul_shr_floor, pow_q64, shl_div_ceil, shl_div_floor,
    },
    nonce::{AHEAD_MAX, NonceWindow, WINDOW},
};
use serde_json::{Value, json};

use crate::vectors::{Suite, case, text};

pub(crate) const SUITE: Suite = Suite {
    name: "numbers",
    about: "an operation on numbers in decimal, null where the result does not fit or is not defined; for nonces, what each one in turn gives, and the window after them (hex of Borsh)",
    sources: &[],
    cases,
    run,
};

const MAX64: u128 = (1 << 64) - 1;
const MAX: u128 = u128::MAX;
const ONE: u128 = 1 << 64;

fn of(operation: &str, operands: &[u128]) -> Value {
    let digits: Vec<_> = operands.iter().map(ToString::to_string).collect();
    let name = format!("{operation}({})", digits.join(", "));
    case(name, json!({ "operation": operation, "operands": digits }))
}

fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    for operands in [
        [0, 0, 1],
        [1, 1, 0],
        [7, 3, 2],
        [10, 10, 7],
        [MAX64, MAX64, MAX64],
        [MAX64, MAX64, MAX64 - 1],
        [MAX64, 2, 3],
        [MAX64, 1, 2],
    ] {
        for operation in ["mul_div_floor", "mul_div_ceil"] {
            cases.push(of(operation, &operands));
        }
    }
    for operands in [
        [MAX, MAX, MAX],
        [MAX, MAX, MAX - 1],
        [MAX, 2, 3],
        [1, 1, 0],
        [ONE + 1, ONE - 1, ONE],
        [MAX - 1, MAX64, ONE + 3],
    ] {
        for operation in ["mul_div_floor_u128", "mul_div_ceil_u128"] {
            cases.push(of(operation, &operands));
        }
    }
    for operands in [[MAX, MAX, 128], [MAX, 3, 2], [MAX, 2, 0], [5, 7, 3], [ONE, ONE, 64]] {
        for operation in ["mul_shr_floor", "mul_shr_ceil"] {
            cases.push(of(operation, &operands));
        }
    }
    for operands in [[1, 64, 3], [MAX, 1, 3], [MAX, 128, MAX], [5, 0, 2], [1, 1, 0], [0, 64, 7]] {
        for operation in ["shl_div_floor", "shl_div_ceil"] {
            cases.push(of(operation, &operands));
        }
    }
    for n in [0, 1, 2, 3, 4, 99, 100, MAX64, ONE, 1 << 126, MAX64 * MAX64, MAX64 * MAX64 - 1, MAX] {
        cases.push(of("isqrt", &[n]));
    }
    // The high and the low half.
    for [high, low] in [[0, 0], [0, MAX], [1, 0], [MAX - 1, 1], [MAX - 1, 0], [MAX, MAX]] {
        cases.push(of("isqrt_u256", &[high, low]));
    }
    for [base, exponent] in [
        [ONE, 0],
        [0, 0],
        [0, 1],
        [ONE - 1, 1],
        [ONE / 2, 10],
        [ONE * 9_617 / 10_000, 100],
        [ONE / 10 * 9, 65_535],
        [ONE, 65_535],
        [2 * ONE, 3],
        [2 * ONE, 64],
    ] {
        cases.push(of("pow_q64", &[base, exponent]));
    }
    cases.extend(windows());
    cases
}

fn windows() -> Vec<Value> {
    let edge = u128::from(AHEAD_MAX);
    let all: Vec<u128> = (0..u128::from(WINDOW) + 2).collect();
    let backwards: Vec<u128> = all.iter().rev().copied().collect();
    let lists: [(&str, &[u128]); 9] = [
        ("one after the other", &[0, 1, 2, 3]),
        ("again", &[0, 0, 5, 5]),
        ("the edges of the window", &[255, 256, 0, 1, 257]),
        ("the edge of the reach", &[edge + 1, edge, edge, 255, 256]),
        ("the last", &[MAX64, MAX64 - 1]),
        ("gaps that close", &[1, 3, 2, 0, 4]),
        ("a window and two", &all),
        ("a window and two, backwards", &backwards),
        ("far leaps", &[500, 1_000, 1_500, 2_200, 989, 990, 1_244]),
    ];
    lists
        .map(|(name, nonces)| {
            let digits: Vec<_> = nonces.iter().map(ToString::to_string).collect();
            case(format!("nonces: {name}"), json!({ "operation": "nonces", "operands": digits }))
        })
        .into()
}

fn run(case: &Value) -> Value {
    let operands: Vec<u128> = case["operands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|digits| digits.as_str().unwrap().parse().unwrap())
        .collect();
    let wide = |at: usize| operands[at];
    let short = |at: usize| u64::try_from(operands[at]).unwrap();
    let count = |at: usize| u32::try_from(operands[at]).unwrap();
    let half =
        |of: fn(u64, u64, u64) -> Option<u64>| of(short(0), short(1), short(2)).map(u128::from);
    let whole = |of: fn(u128, u128, u128) -> Option<u128>| of(wide(0), wide(1), wide(2));
    let result = match text(case, "operation") {
        "nonces" => return nonces(&operands),
        "mul_div_floor" => half(mul_div_floor),
        "mul_div_ceil" => half(mul_div_ceil),
        "mul_div_floor_u128" => whole(mul_div_floor_u128),
        "mul_div_ceil_u128" => whole(mul_div_ceil_u128),
        "mul_shr_floor" => mul_shr_floor(wide(0), wide(1), count(2)),
        "mul_shr_ceil" => mul_shr_ceil(wide(0), wide(1), count(2)),
        "shl_div_floor" => shl_div_floor(wide(0), count(1), wide(2)),
        "shl_div_ceil" => shl_div_ceil(wide(0), count(1), wide(2)),
        "isqrt" => Some(isqrt(wide(0)).into()),
        "isqrt_u256" => Some(isqrt_u256(U256::from_parts(wide(0), wide(1)))),
        "pow_q64" => pow_q64(wide(0), count(1)),
        other => panic!("{other}"),
    };
    json!({ "result": result.map(|result| result.to_string()) })
}

fn nonces(nonces: &[u128]) -> Value {
    let mut window = NonceWindow::default();
    let taken: Vec<_> = nonces
        .iter()
        .map(|nonce| {
            let taken = window.take(u64::try_from(*nonce).unwrap());
            taken.map_or_else(|error| error.name(), |()| "Taken")
        })
        .collect();
    let (base, next) = (window.base().to_string(), window.next().to_string());
    let window = hex::encode(borsh::to_vec(&window).unwrap());
    json!({ "taken": taken, "base": base, "next": next, "window": window })
}
