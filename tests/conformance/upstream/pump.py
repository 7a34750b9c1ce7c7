"""The pump.fun bonding curve and the PumpSwap pool.

Sources: pump-fun/pump-public-docs docs/bondingCurve.ts, docs/PUMP_PROGRAM_README.md, idl/pump.json (buy_exact_sol_in).
"""

from math import isqrt

from common import Fails, File, ceil, result

VT0, VS0, REAL0, SUPPLY = 1_073_000_000_000_000, 30_000_000_000, 793_100_000_000_000, 10**15


def bps_fees(config, amount):
    return {who: ceil(amount * rate, 10_000) for who, rate in config["fees_bps"].items()}


def pump(config, state, order, _case):
    sold, reserve, x = state["sold"], state["reserve"], order["amount"]
    vt, vs, left = VT0 - sold, VS0 + reserve, REAL0 - sold
    if order["side"] == "buy" and left == 0:
        raise Fails("complete")

    def bought(base, quote, fees, partial):
        return result(base, quote, fees, quote + sum(fees.values()), base, partial,
                      dict(sold=sold + base, reserve=reserve + quote))

    def exact_out(base, partial):
        cost = base * vs // (vt - base) + 1
        return bought(base, cost, bps_fees(config, cost), partial)

    if order["side"] == "buy" and order["kind"] == "exact_out":
        return exact_out(min(x, left), x > left)
    if order["side"] == "buy":
        net = x * 10_000 // (10_000 + sum(config["fees_bps"].values()))
        fees = bps_fees(config, net)
        net -= max(0, net + sum(fees.values()) - x)
        base = (net - 1) * vt // (vs + net - 1) if net > 1 else 0
        if base == 0:
            raise Fails("zero_output")
        return exact_out(left, True) if base > left else bought(base, net, fees, False)

    def sale(base):
        gross = base * vs // (vt + base)
        fees = bps_fees(config, gross)
        return gross, fees, gross - sum(fees.values())

    base = x
    if order["kind"] == "exact_out":  # not upstream: the smallest amount whose proceeds reach the wanted amount
        low, high = 1, sold
        if not sold or sale(sold)[2] < x:
            raise Fails("insufficient_reserve")
        while low < high:
            mid = (low + high) // 2
            low, high = (low, mid) if sale(mid)[2] >= x else (mid + 1, high)
        base = low
    if base > sold:
        raise Fails("insufficient_sold")
    gross, fees, net = sale(base)
    if net < 0:
        raise Fails("fees_exceed_output")
    return result(base, gross, fees, base, net, False, dict(sold=sold - base, reserve=reserve - gross))


def pump_swap(config, state, order, _case):
    """PumpSwap. Sources: pump-fun swap SDK 1.20.0 src/sdk/{buy,sell}.ts. The lp fee stays in the pool."""
    b, vault, q, x = state["base"], state["quote"], state["quote"] + state.get("virtual_quote", 0), order["amount"]

    def after(db, dq):
        return {**state, "base": b + db, "quote": vault + dq}

    if order["side"] == "buy":
        if order["kind"] == "exact_out":
            quote, base = ceil(q * x, b - x), x
            fees = bps_fees(config, quote)
        else:
            quote = x * 10_000 // (10_000 + sum(config["fees_bps"].values()))
            fees = bps_fees(config, quote)
            quote -= max(0, quote + sum(fees.values()) - x)
            base = b * (quote - 1) // (q + quote - 1) if quote > 1 else 0
            if base == 0:
                raise Fails("zero_output")
        return result(base, quote, fees, quote + sum(fees.values()), base, False, after(-base, quote + fees["lp"]))
    if order["kind"] == "exact_out":
        quote = ceil(x * 10_000, 10_000 - sum(config["fees_bps"].values()))
        if quote >= q:
            raise Fails("insufficient_reserve")
        base = ceil(b * quote, q - quote)
    else:
        base, quote = x, q * x // (b + x)
    fees = bps_fees(config, quote)
    if vault < quote - fees["lp"]:
        raise Fails("insufficient_reserve")
    if sum(fees.values()) > quote:
        raise Fails("fees_exceed_output")
    receives = x if order["kind"] == "exact_out" else quote - sum(fees.values())
    return result(base, quote, fees, base, receives, False, after(base, -(quote - fees["lp"])))


# The market cap tiers of canonical pools with SOL as quote, as upstream's fee test records them (2026-09-08).
POOL_TIERS = [(0, 2, 93, 30)] + [(t * 10**9, 20, 5, c) for t, c in (
    (420, 95), (1470, 90), (2460, 85), (3440, 80), (4420, 75), (9820, 70), (14740, 65), (19650, 60), (24560, 55), (29470, 50),
    (34380, 45), (39300, 40), (44210, 35), (49120, 30), (54030, 28), (58940, 25), (63860, 23), (68770, 20), (73681, 18),
    (78590, 15), (83500, 13), (88400, 10), (93330, 8), (98240, 5))]


def tier(cap):
    return [t for t in POOL_TIERS if t[0] <= cap][-1]


def pump_file():
    rates = lambda **fees: dict(fees_bps=fees)
    f = File("pump-fun", {
        "curve": dict(kind="pump_curve", virtual_base=VT0, virtual_quote=VS0, base_for_sale=REAL0, supply=SUPPLY,
                      **rates(protocol=95, creator=30)),
        "curve-creator-5": dict(kind="pump_curve", virtual_base=VT0, virtual_quote=VS0, base_for_sale=REAL0, supply=SUPPLY,
                                **rates(protocol=95, creator=5)),
        "curve-no-creator": dict(kind="pump_curve", virtual_base=VT0, virtual_quote=VS0, base_for_sale=REAL0, supply=SUPPLY,
                                 **rates(protocol=95, creator=0)),
        "curve-old": dict(kind="pump_curve", virtual_base=VT0, virtual_quote=VS0, base_for_sale=REAL0, supply=SUPPLY,
                          **rates(protocol=100, creator=0)),
        **{f"pool-{lp}-{pr}-{cr}": dict(kind="pump_swap", **rates(lp=lp, protocol=pr, creator=cr)) for lp, pr, cr in (
            (30, 20, 0), (25, 5, 0), (2, 93, 30), (2, 93, 0), (20, 5, 95), (20, 5, 90), (20, 5, 60),
            (20, 5, 0))},
    })
    genesis = dict(sold=0, reserve=0)
    ev = "mainnet trade, decoded in pinax-network/substreams-solana-idls tests/pumpfun.rs "
    ca = "mainnet trade, decoded in sevenlabs-hq/carbon pumpfun decoder test "
    # Trades that a test of a public decoder states; the state before is the stated state after minus the trade.
    f.trade(pump, "mainnet/buy-exact-in", "curve", genesis, "buy", "exact_in", 30_000_000, "pump_buy_exact_in",
            ca + "decodes_create_and_buy_exact_quote_in_v2_transaction_json_events",
            {"quote": 29_629_629, "base": 1_058_707_391_261, "state_after.reserve": 29_629_629})
    f.trade(pump, "mainnet/buy-exact-out", "curve-creator-5",
            dict(sold=REAL0 - 367_949_813_676_445 - 5_060_809_487_872, reserve=19_687_442_151 - 385_134_918), "buy", "exact_out",
            5_060_809_487_872, "pump_buy_exact_out", ev + "anchor_self_cpi_trade_v2",
            {"quote": 385_134_918, "fees.protocol": 3_658_782, "fees.creator": 192_568, "state_after.reserve": 19_687_442_151,
             "state_after.sold": REAL0 - 367_949_813_676_445})
    f.trade(pump, "mainnet/sell-1", "curve-old",
            dict(sold=REAL0 - 769_353_416_454_044 + 51_095_238_000_000, reserve=678_956_579 + 1_570_441_060), "sell", "exact_in",
            51_095_238_000_000, "pump_sell_exact_in", ev + "anchor_self_cpi_trade_v1",
            {"quote": 1_570_441_060, "state_after.reserve": 678_956_579}, note="the fee rate of that day is assumed")
    f.trade(pump, "mainnet/sell-2", "curve-old",
            dict(sold=VT0 - 1_069_925_061_124_360 + 91_328_321_657_237, reserve=86_219_287 + 2_807_820_424), "sell", "exact_in",
            91_328_321_657_237, "pump_sell_exact_in", ev + "anchor_self_cpi_trade_v0",
            {"quote": 2_807_820_424, "state_after.reserve": 86_219_287}, note="the fee rate of that day is assumed")
    # Computed: a curve walked from its beginning to its end and back.
    full = f.trade(pump, "genesis/buy-everything", "curve", genesis, "buy", "exact_out", REAL0, "pump_buy_exact_out",
                   literal={"quote": 85_005_359_057, "fees.protocol": 807_550_912, "fees.creator": 255_016_078},
                   source="the project's design, section 10")
    mid = f.trade(pump, "walk/1", "curve", genesis, "buy", "exact_in", 10 * 10**9, "pump_buy_exact_in")
    mid = f.trade(pump, "walk/2", "curve", mid, "sell", "exact_in", mid["sold"] // 3, "pump_sell_exact_in")
    mid = f.trade(pump, "walk/3", "curve", mid, "buy", "exact_out", 123_456_789_012_345, "pump_buy_exact_out")
    end = f.trade(pump, "walk/4", "curve", mid, "buy", "exact_out", REAL0 - mid["sold"] - 1_000_000, "pump_buy_exact_out")
    for name, state in (("genesis", genesis), ("mid", mid), ("end", end)):
        left = REAL0 - state["sold"]
        for n in sorted({1, 2, 999, 10**6, 10**9, 10**12 + 7, left - 1, left, left + 1, SUPPLY}):
            f.trade(pump, f"{name}/buy-out/{n}", "curve", state, "buy", "exact_out", n, "pump_buy_exact_out")
        pay = f.trades[-1]["result"]["trader_pays"]
        for n in sorted({1, 2, 3, 4, 5, 100, 101, 102, 10**6, 10**9, 30 * 10**9, pay - 1, pay, pay + 1, 2 * pay, 10**12}):
            f.trade(pump, f"{name}/buy-in/{n}", "curve", state, "buy", "exact_in", n, "pump_buy_exact_in")
    for name, state in (("mid", mid), ("end", end), ("full", full)):
        for n in sorted({1, 2, 35_000, 36_000, 80_000, 10**6, 10**9, 10**12 + 7, state["sold"] // 2, state["sold"], state["sold"] + 1}):
            f.trade(pump, f"{name}/sell-in/{n}", "curve", state, "sell", "exact_in", n, "pump_sell_exact_in")
        for n in (1, 1_000, 10**6, 10**9, state["reserve"]):
            f.trade(pump, f"{name}/sell-out/{n}", "curve", state, "sell", "exact_out", n, "inverse_of_pump_sell_exact_in",
                    note="not upstream: least base whose proceeds reach the amount; the seller receives what that base brings")
    f.trade(pump, "full/buy", "curve", full, "buy", "exact_in", 10**9, "pump_buy_exact_in")
    for n in (10**6, 10**9):
        f.trade(pump, f"no-creator/buy-in/{n}", "curve-no-creator", mid, "buy", "exact_in", n, "pump_buy_exact_in")
        f.trade(pump, f"no-creator/buy-out/{n}", "curve-no-creator", mid, "buy", "exact_out", n, "pump_buy_exact_out")
        f.trade(pump, f"no-creator/sell-in/{n}", "curve-no-creator", mid, "sell", "exact_in", n, "pump_sell_exact_in")

    # PumpSwap: upstream's own test numbers.
    small = dict(base=1_000_000, quote=2_000_000)
    t = "pump-fun swap SDK 1.20.0 src/__tests__/"
    f.trade(pump_swap, "swap/test/buy-out", "pool-30-20-0", small, "buy", "exact_out", 10_000, "swap_buy_exact_out",
            t + "buy.spec.ts 'should compute quote + fees + slippage correctly'", {"trader_pays": 20_305})
    f.trade(pump_swap, "swap/test/sell-in", "pool-30-20-0", small, "sell", "exact_in", 50_000, "swap_sell_exact_in",
            t + "sell.spec.ts 'should compute final quote and minQuote correctly with typical inputs'", {"trader_receives": 94_761})
    golden = "'SOL pools keep their pre-change amounts (live mainnet FeeConfig goldens)'"
    for n, (side, kind, amount, quote, virtual, pool, lit) in enumerate((
            ("buy", "exact_out", 10**12, 5 * 10**10, 0, "pool-2-93-30", {"quote": 100_200_401, "trader_pays": 101_452_908}),
            ("buy", "exact_out", 10**13, 10**12, 3 * 10**10, "pool-20-5-90", {"quote": 21_020_408_164, "trader_pays": 21_262_142_860}),
            ("buy", "exact_in", 10**9, 25 * 10**10, 0, "pool-20-5-0", {"base": 1_987_083_949_507, "quote": 997_506_233}),
            ("buy", "exact_in", 5 * 10**10, 10**13, 3 * 10**10, None, {"base": 2_459_357_881_156, "quote": 49_578_582_050}),
            ("buy", "exact_out", 10**12, 5 * 10**10, 0, "pool-25-5-0", {"quote": 100_200_401, "trader_pays": 100_501_004}),
            ("sell", "exact_in", 10**12, 5 * 10**10, 0, "pool-2-93-30", {"quote": 99_800_399, "trader_receives": 98_552_892}),
            ("sell", "exact_in", 10**13, 10**12, 3 * 10**10, "pool-20-5-0", {"quote": 20_196_078_431, "trader_receives": 20_145_588_234}),
            ("sell", "exact_out", 10**9, 25 * 10**10, 0, None, {"quote": 1_012_145_749, "base": 2_032_520_325_228}),
            ("sell", "exact_out", 5 * 10**10, 10**13, 3 * 10**10, "pool-20-5-0", {"quote": 50_125_313_284, "base": 2_511_319_773_921}),
            ("sell", "exact_in", 10**12, 5 * 10**10, 0, "pool-25-5-0", {"quote": 99_800_399, "trader_receives": 99_500_997}))):
        cap = (quote + virtual) * 10**15 // (5 * 10**14)
        f.trade(pump_swap, f"swap/golden/{n}", pool or "pool-%d-%d-%d" % tier(cap)[1:], dict(base=5 * 10**14, quote=quote, virtual_quote=virtual),
                side, kind, amount, f"swap_{side}_{kind}", t + f"{side}.spec.ts {golden}", lit)
    am = "mainnet trade, decoded in pinax-network/substreams-solana-idls tests/pumpfun_amm.rs "
    f.trade(pump_swap, "swap/mainnet/buy-out", "pool-20-5-0", dict(base=549_735_773_278, quote=601_979_723_190_786), "buy", "exact_out",
            39_496_040, "swap_buy_exact_out", am + "unpack_buy_event_v2",
            {"quote": 43_252_640_069, "fees.lp": 86_505_281, "fees.protocol": 21_626_321, "trader_pays": 43_360_771_671})
    f.trade(pump_swap, "swap/mainnet/sell-in", "pool-20-5-0", dict(base=549_652_925_359, quote=602_070_276_710_126), "sell", "exact_in",
            82_847_919, "swap_sell_exact_in", am + "unpack_sell_event_v2",
            {"quote": 90_734_989_319, "fees.lp": 181_469_979, "fees.protocol": 45_367_495, "trader_receives": 90_508_151_845,
             "state_after.base": 549_735_773_278, "state_after.quote": 601_979_723_190_786})
    migrated = dict(base=SUPPLY - REAL0, quote=full["reserve"] - 15_000_001)
    for side, kind, amounts in (("buy", "exact_in", (1, 2, 3, 100, 10**6, 10**9, 10**12)), ("sell", "exact_in", (1, 3_000, 10**6, 10**12, 10**15)),
                                ("buy", "exact_out", (1, 10**6, 10**12, 2 * 10**14)), ("sell", "exact_out", (1, 10**6, 10**9, 8 * 10**10))):
        for n in amounts:
            f.trade(pump_swap, f"swap/migrated/{side}-{kind}/{n}", "pool-2-93-30", migrated, side, kind, n, f"swap_{side}_{kind}")

    f.function("pool_initial_lp", "mainnet", dict(base=170_000_000_000, quote=10**15),
               dict(liquidity=isqrt(170_000_000_000 * 10**15), locked=100, minted=isqrt(170_000_000_000 * 10**15) - 100),
               am + "unpack_create_pool_v2_event", True)
    assert f.functions[-1]["output"] == dict(liquidity=13_038_404_810_405, locked=100, minted=13_038_404_810_305)
    f.function("migrate", "one-buy", dict(reserve=full["reserve"], fee=15_000_001), migrated)
    f.function("market_cap", "genesis", dict(base=VT0, quote=VS0, supply=SUPPLY), dict(market_cap=VS0 * SUPPLY // VT0))
    for cap in sorted({c + d for c in (0, 420 * 10**9, 1470 * 10**9, 98_240 * 10**9, 73_681 * 10**9) for d in (-1, 0, 1) if c + d >= 0}):
        f.function("pool_fee_tier", str(cap), dict(market_cap=cap), dict(zip(("threshold", "lp", "protocol", "creator"), tier(cap))),
                   t + "feeConfigMainnetFixture.ts", True)
    lq = dict(base=1_000_003, quote=2_000_001, supply=50_021)
    for lp in (1, 50, 50_021):
        f.function("pool_deposit", str(lp), dict(lq, lp=lp), dict(base=ceil(lq["base"] * lp, lq["supply"]), quote=ceil(lq["quote"] * lp, lq["supply"])))
        f.function("pool_withdraw", str(lp), dict(lq, lp=lp), dict(base=lq["base"] * lp // lq["supply"], quote=lq["quote"] * lp // lq["supply"]))
    return f
