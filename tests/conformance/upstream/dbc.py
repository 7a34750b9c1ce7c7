"""Meteora Dynamic Bonding Curve.

Sources: MeteoraAg/dynamic-bonding-curve programs/dynamic-bonding-curve/src (state/virtual_pool.rs, curve.rs, base_fee/*,
state/config.rs, params/liquidity_distribution.rs).
"""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, getcontext
from math import isqrt

from common import Q64, Q128, U64, Fails, File, ceil, result

MIN_P, MAX_P, FEE_DEN, MAX_FEE = 4_295_048_016, 79_226_673_521_066_979_257_578_248_091, 10**9, 990_000_000


def d_base(low, high, liquidity, up):
    return (ceil if up else int.__floordiv__)(liquidity * (high - low), low * high)


def d_quote(low, high, liquidity, up):
    return (ceil if up else int.__floordiv__)(liquidity * (high - low), Q128)


def next_price(p, liquidity, amount, what):
    if what == "base_in":
        return ceil(liquidity * p, liquidity + amount * p)
    if what == "quote_in":
        return p + amount * Q128 // liquidity
    if what == "quote_out":
        return p - ceil(amount * Q128, liquidity)
    if liquidity <= amount * p:
        raise Fails("insufficient_liquidity")
    return ceil(liquidity * p, liquidity - amount * p)


def walk(config, p, amount, side, kind, stop=None):
    """Walks over the segments; returns (the other amount, price after, what is left of `amount`).

    A segment with no room (liquidity too small for a unit) is crossed even when nothing is left to fill, as upstream does.
    """
    bounds = [config["sqrt_start_price"]] + [x["sqrt_price"] for x in config["curve"]]
    segments = [(bounds[i], bounds[i + 1], x["liquidity"]) for i, x in enumerate(config["curve"])]
    other, rising, given_in = 0, side == "buy", kind == "exact_in"
    base_given = rising != given_in  # the amount that is walked off is base
    what = ("base" if base_given else "quote") + ("_in" if given_in else "_out")
    for low, high, liquidity in segments if rising else reversed(segments):
        target = min(high, stop or high) if rising else low
        lowest = not rising and low == bounds[0]
        if (target <= p if rising else target >= p) or (lowest and amount == 0):
            continue
        room = (d_base if base_given else d_quote)(min(p, target), max(p, target), liquidity, given_in)
        ends = amount < room
        if ends:
            target, room = next_price(p, liquidity, amount, what), amount
        elif lowest:  # no point below it: upstream asks for the price first
            reached = next_price(p, liquidity, amount, what)
            if reached >= low:
                target, room = reached, amount
        other += (d_quote if base_given else d_base)(min(p, target), max(p, target), liquidity, not given_in)
        amount, p = amount - room, target
        if ends or p == stop:
            break
    return other, p, amount


def pow_q64(base, n):
    out = Q64
    while n:
        if n & 1:
            out = out * base >> 64
        base, n = base * base >> 64, n >> 1
    return out


def scheduled(fee, now):
    """The base fee numerator of a schedule `now` time units after activation."""
    if fee["frequency"] == 0:
        return fee["cliff"]
    n = min(now // fee["frequency"], fee["periods"])
    if fee["mode"] == "linear":
        return fee["cliff"] - n * fee["reduction"]
    return fee["cliff"] * pow_q64(Q64 - (fee["reduction"] << 64) // 10_000, n) >> 64


def limited(fee, s):
    """Rate limiter: the fee numerator from an amount that includes the fee."""
    c, x0, i = fee["cliff"], fee["reference"], fee["increment_bps"] * FEE_DEN // 10_000
    if s <= x0:
        return c
    (a, b), last = divmod(s - x0, x0), (MAX_FEE - c) // i
    if a < last:
        n = x0 * (c + c * a + i * a * (a + 1) // 2) + b * (c + i * (a + 1))
    else:
        n = x0 * (c + c * last + i * last * (last + 1) // 2) + ((a - last) * x0 + b) * MAX_FEE
    return ceil(ceil(n, FEE_DEN) * FEE_DEN, s)


def limited_excluded(fee, y):
    """Rate limiter: the fee numerator from an amount that excludes the fee."""
    c, x0, i = fee["cliff"], fee["reference"], fee["increment_bps"] * FEE_DEN // 10_000
    net = lambda s: s - ceil(s * limited(fee, s), FEE_DEN)
    if y <= net(x0):
        return c
    top = min(((MAX_FEE - c) // i + 1) * x0, U64)
    if y == net(top):
        return limited(fee, top)
    if y < net(top):
        yy = 2 * FEE_DEN * x0 + i * x0 - 2 * c * x0
        s = (yy - isqrt(yy * yy - 4 * i * 2 * y * FEE_DEN * x0)) // (2 * i)
        rest = y - net(s)
        if rest < 0:
            raise Fails("overflow")
        s += ceil(rest * FEE_DEN, FEE_DEN - (c + i * (s // x0)))
    else:
        if top == U64:
            raise Fails("overflow")
        s = top + ceil((y - net(top)) * FEE_DEN, FEE_DEN - MAX_FEE)
    numerator = ceil((s - y) * FEE_DEN, s)
    if numerator < c:
        raise Fails("overflow")
    return numerator


def dbc(config, state, order, case):
    fee, buy, exact_in, x = config["fee"], order["side"] == "buy", order["kind"] == "exact_in", order["amount"]
    now, p = case.get("time", 0), state["sqrt_price"]
    on_input = buy and config["fee_in"] == "quote"
    if state["reserve"] >= config["migration_quote_threshold"]:
        raise Fails("complete")

    def numerator(amount, includes):
        if fee["mode"] != "rate_limiter":
            return min(scheduled(fee, now), MAX_FEE)
        if not buy or now > fee["duration"]:
            return fee["cliff"]
        return min((limited if includes else limited_excluded)(fee, amount), MAX_FEE)

    with_fee = lambda net, f: ceil(net * FEE_DEN, FEE_DEN - f)
    of = lambda gross, f: ceil(gross * f, FEE_DEN)

    def done(base, quote, amount_fee, pays, receives, partial, after):
        protocol = amount_fee * 20 // 100
        trading = amount_fee - protocol
        referral = protocol * 20 // 100 if order.get("referrer") else 0
        creator = trading * config["creator_percentage"] // 100
        sign = 1 if buy else -1
        if base == 0 or quote == 0 and not buy:
            case.setdefault("note", "a dust order: upstream executes it")
        if state["sold"] + sign * base < 0:
            raise Fails("insufficient_sold")
        if state["reserve"] + sign * quote < 0:
            raise Fails("insufficient_reserve")
        return result(base, quote, dict(protocol=protocol - referral, referrer=referral, partner=trading - creator, creator=creator), pays, receives,
                      partial, dict(sqrt_price=after, sold=state["sold"] + sign * base, reserve=state["reserve"] + sign * quote),
                      "base" if buy and not on_input else "quote")

    if exact_in:
        f = numerator(x, True)
        charged = of(x, f) if on_input else 0
        given = x - charged
        other, after, left = walk(config, p, given, order["side"], "exact_in", config["migration_sqrt_price"] if buy else None)
        if left and not buy:
            raise Fails("insufficient_reserve")
        pays = x
        if left:
            given -= left
            pays = with_fee(given, numerator(given, False)) if on_input else given
            charged = pays - given
        out_fee = 0 if on_input else of(other, f)
        base, quote = (other, given) if buy else (given, other)
        return done(base, quote, charged if on_input else out_fee, pays, other - out_fee, bool(left), after)
    wanted = x if on_input else with_fee(x, numerator(x, False))
    other, after, left = walk(config, p, wanted, order["side"], "exact_out")
    if left:
        raise Fails("insufficient_liquidity" if buy else "insufficient_reserve")
    if after > config["migration_sqrt_price"]:
        raise Fails("over_threshold")
    pays = with_fee(other, numerator(other, False)) if on_input else other
    base, quote = (wanted, other) if buy else (other, wanted)
    return done(base, quote, pays - other if on_input else wanted - x, pays, x, False, after)


def threshold_price(config):
    p, left = config["sqrt_start_price"], config["migration_quote_threshold"]
    for point in config["curve"]:
        room = d_quote(p, point["sqrt_price"], point["liquidity"], True)
        if room > left:
            return next_price(p, point["liquidity"], left, "quote_in")
        p, left = point["sqrt_price"], left - room
        if left == 0:
            return p
    raise Fails("insufficient_liquidity")


def base_for_swap(config, price):
    total, low = 0, config["sqrt_start_price"]
    for point in config["curve"]:
        total += d_base(low, min(point["sqrt_price"], price), point["liquidity"], True)
        if point["sqrt_price"] > price:
            break
        low = point["sqrt_price"]
    return total


def migration_base(quote, price, concentrated):
    if concentrated:
        return d_base(price, MAX_P, quote * Q128 // (price - MIN_P), True)
    return ceil(quote * Q128, price * price)


def design_curve():
    """The curve upstream's tests design for 10^9 tokens, 10 % migrated, 300 SOL (tests/utils/create_curve.ts, same decimal precision)."""
    getcontext().prec, getcontext().rounding = 20, ROUND_HALF_UP
    price = (Decimal(300) / Decimal(10**8)) / Decimal("0.001")
    top = int((price.sqrt() * Decimal(2**64)).to_integral_value(ROUND_FLOOR))
    threshold, total = 300 * 10**9, 10**15
    migrated = migration_base(threshold, top, False)
    swap = total - migrated
    start = top * migrated // swap
    first = min(swap * top * start // (top - start), threshold * Q128 // (top - start))
    config = dict(sqrt_start_price=start, curve=[dict(sqrt_price=top, liquidity=first)], migration_quote_threshold=threshold)
    end = threshold_price(config)
    needed = base_for_swap(config, end)
    buffer = min(needed + needed * 25 // 100, base_for_swap(config, MAX_P))
    rest = (total - buffer - migration_base(threshold, end, False)) * MAX_P * top // (MAX_P - top)
    if rest:
        config["curve"].append(dict(sqrt_price=MAX_P, liquidity=rest))
    return config


def dbc_file():
    flat = lambda n: dict(mode="linear", cliff=n, periods=0, frequency=0, reduction=0)
    two = dict(sqrt_start_price=2_916_686_334_356_757, migration_quote_threshold=80 * 10**9, curve=[
        dict(sqrt_price=11_666_745_337_427_032, liquidity=3_111_132_089_980_541_388_292_920_297_291_756), dict(sqrt_price=MAX_P, liquidity=1)])
    three = dict(sqrt_start_price=Q64 // 180, migration_quote_threshold=60 * 10**9, curve=[
        dict(sqrt_price=Q64 // 120, liquidity=(10**12 + 7) * Q64), dict(sqrt_price=Q64 // 100, liquidity=(3 * 10**13 + 1) * Q64),
        dict(sqrt_price=Q64 // 50, liquidity=(10**12 + 3) * Q64)])
    limiter = dict(mode="rate_limiter", cliff=10_000_000, increment_bps=100, reference=10**9, duration=60)
    expo = dict(mode="exponential", cliff=500_000_000, periods=100, frequency=360, reduction=383)
    lin = dict(mode="linear", cliff=500_000_000, periods=144, frequency=5, reduction=2_777_777)
    make = lambda curve, fee, fee_in="quote", creator=0: dict(kind="dbc", **curve, migration_sqrt_price=threshold_price(curve), fee=fee, fee_in=fee_in,
                                                              creator_percentage=creator)
    f = File("meteora-dbc", {
        "two": make(two, flat(10_000_000)), "two-output": make(two, flat(10_000_000), "output", 30),
        "three": make(three, flat(2_500_000), creator=50), "three-output": make(three, flat(990_000_000), "output", 100),
        "design": make(design_curve(), flat(2_500_000)), "design-output": make(design_curve(), flat(2_500_000), "output"),
        "linear": make(two, lin), "exponential": make(three, expo, creator=33), "limiter": make(two, limiter, creator=25),
    })
    start = lambda name: dict(sqrt_price=f.configs[name]["sqrt_start_price"], sold=0, reserve=0)
    t = "MeteoraAg/dynamic-bonding-curve tests/swapv2.tests.ts "
    f.trade(dbc, "design/exact-in-to-the-end", "design-output", start("design-output"), "buy", "exact_in", 300 * 10**9, "dbc_buy_exact_in",
            t + "'Swap over the curve exact in collect fee mode both tokens'", {"state_after.reserve": 300 * 10**9})
    f.trade(dbc, "design/exact-in-with-fee-to-the-end", "design", start("design"), "buy", "exact_in", ceil(300 * 10**9 * FEE_DEN, FEE_DEN - 2_500_000),
            "dbc_buy_exact_in", t + "'Swap over the curve exact in collect fee only quote token'", {"state_after.reserve": 300 * 10**9})
    for name, title in (("design-output", "both tokens"), ("design", "only quote token")):
        f.trade(dbc, f"{name}/partial-120-percent", name, start(name), "buy", "exact_in", 360 * 10**9, "dbc_buy_partial",
                t + f"'Swap over the curve partial fill collect fee mode {title}'", {"state_after.reserve": 300 * 10**9, "partial": True})
    for name in ("two", "two-output", "three", "three-output"):
        c, referred = f.configs[name], dict(referrer=True)
        run = lambda ident, state, side, kind, n, **o: f.trade(dbc, f"{name}/{ident}/{side}-{kind}/{n}", name, state, side, kind, n,
                                                               f"dbc_{side}_{kind}", order=o)
        zero, thr = start(name), c["migration_quote_threshold"]
        s1 = run("walk-1", zero, "buy", "exact_in", thr // 3, **referred)
        s2 = run("walk-2", s1, "sell", "exact_in", s1["sold"] // 4)
        s3 = run("walk-3", s2, "buy", "exact_out", s1["sold"] // 300 + 1)
        # Amounts that land exactly on a point of the curve, and one unit to each side.
        point = c["curve"][0]
        edge_q = d_quote(s3["sqrt_price"], min(point["sqrt_price"], c["migration_sqrt_price"]), point["liquidity"], True) if s3["sqrt_price"] < point["sqrt_price"] else 10**9
        edge_b = d_base(zero["sqrt_price"], min(point["sqrt_price"], c["migration_sqrt_price"]), point["liquidity"], False)
        for ident, state in (("start", zero), ("mid", s3)):
            for n in sorted({1, 2, 3, 1_000, 10**6, 10**9, edge_q - 1, edge_q, edge_q + 1, thr - 1, thr, 2 * thr}):
                run(ident, state, "buy", "exact_in", n, **(referred if n % 2 else {}))
            for n in sorted({1, 2, 1_000, 10**6, 10**9, edge_b - 1, edge_b, edge_b + 1, 10**12 + 7}):
                run(ident, state, "buy", "exact_out", n, **(referred if n % 2 else {}))
        full = f.trade(dbc, f"{name}/fill", name, s3, "buy", "exact_in", 1_000 * thr, "dbc_buy_partial")
        run("full", full, "buy", "exact_in", 10**9)
        quote = thr - 2 - s3["reserve"]  # just short of complete, so that sells from the last price can be tried
        late = run("nearly", s3, "buy", "exact_in", quote if c["fee_in"] == "output" else ceil(quote * FEE_DEN, FEE_DEN - c["fee"]["cliff"]))
        for ident, state in (("mid", s3), ("late", late)):
            for n in sorted({1, 2, 10**6, 10**9, 10**12 + 7, state["sold"] // 2, state["sold"]}):
                run(ident, state, "sell", "exact_in", n, **(referred if n % 2 else {}))
            for n in sorted({1, 2, 1_000, 10**6, 10**9, state["reserve"] // 2, 2 * thr}):
                run(ident, state, "sell", "exact_out", n, **(referred if n % 2 else {}))
    for name, times in (("linear", (0, 4, 5, 300, 719, 720, 10**6)), ("exponential", (0, 359, 360, 7_200, 35_999, 36_000, 10**9))):
        for time in times:
            for side, kind, n in (("buy", "exact_in", 1_234_567_891), ("buy", "exact_out", 987_654_321)):
                f.trade(dbc, f"{name}/{time}/{side}-{kind}", name, start(name), side, kind, n, f"dbc_{side}_{kind}", time=time)
    mid = f.trade(dbc, "limiter/walk", "limiter", start("limiter"), "buy", "exact_in", 10 * 10**9, "dbc_buy_exact_in", time=0)
    for time in (0, 60, 61):
        for n in (1, 10**9 - 1, 10**9, 10**9 + 1, 15 * 10**8, 2 * 10**9, 30 * 10**9, 500 * 10**9):
            f.trade(dbc, f"limiter/{time}/buy-in/{n}", "limiter", mid, "buy", "exact_in", n, "dbc_buy_exact_in", time=time)
        for n in (1, 10**12, 10**13, 10**14):
            f.trade(dbc, f"limiter/{time}/buy-out/{n}", "limiter", mid, "buy", "exact_out", n, "dbc_buy_exact_out", time=time)
        f.trade(dbc, f"limiter/{time}/sell-in", "limiter", mid, "sell", "exact_in", 10**13, "dbc_sell_exact_in", time=time)

    r = "MeteoraAg/dynamic-bonding-curve src/tests, test_rate_limiter_behavior"
    for s, bps in ((10**9, 100), (15 * 10**8, 133), (2 * 10**9, 150), (3 * 10**9, 200), (4 * 10**9, 250), (U64, 9_899)):
        assert limited(limiter, s) * 10_000 // FEE_DEN == bps
        f.function("limiter_fee_from_included", str(s), dict(fee=limiter, amount=s), dict(numerator=limited(limiter, s), basis_points=bps), r, True)
    for fee in (limiter, dict(limiter, cliff=2_500_000, increment_bps=10, reference=1_000_000)):
        for s in (5 * 10**8, 10**9, 10**9 + 1, 25 * 10**8, 97 * 10**9, 98 * 10**9, 99 * 10**9, 99 * 10**9 + 1, 10**12):
            y = s - ceil(s * limited(fee, s), FEE_DEN)
            try:
                out = dict(numerator=limited_excluded(fee, y))
            except Fails as e:
                out = dict(error=str(e))
            f.function("limiter_fee_from_excluded", f"{fee['increment_bps']}-{s}", dict(fee=fee, amount=y), out)
    for fee in (lin, expo, dict(expo, reduction=1), dict(expo, reduction=57, cliff=990_000_000)):
        for time in sorted({0, fee["frequency"] - 1, fee["frequency"], 7 * fee["frequency"] + 1, fee["periods"] * fee["frequency"], 10**9}):
            f.function("scheduled_fee", f"{fee['mode']}-{fee['reduction']}-{time}", dict(fee=fee, time=time), dict(numerator=scheduled(fee, time)))
    big = (10**12 + 7) * Q64
    for n in (0, 1, 2, 10**6, 10**9, 10**12, 10**13):
        given = dict(sqrt_price=Q64 // 100, liquidity=big, amount=n)
        out = {}
        for what in ("base_in", "quote_in", "quote_out", "base_out"):
            try:
                p = next_price(Q64 // 100, big, n, what)
                if p <= 0:
                    raise Fails("overflow")
                out[what] = p
            except Fails as e:
                out[what] = str(e)
        f.function("next_sqrt_price", str(n), given, out)
    for low, high in ((Q64 // 120, Q64 // 100), (Q64 // 100, Q64 // 100 + 1), (MIN_P, MAX_P)):
        given = dict(lower=low, upper=high, liquidity=big)
        f.function("deltas", f"{low}-{high}", given, dict(base_down=d_base(low, high, big, False), base_up=d_base(low, high, big, True),
                                                        quote_down=d_quote(low, high, big, False), quote_up=d_quote(low, high, big, True)))
    for name in ("two", "three", "design"):
        c = f.configs[name]
        for pct in (0, 3, 99):
            quote = ceil(c["migration_quote_threshold"] * (100 - pct), 100)
            price = c["migration_sqrt_price"]
            f.function("migration", f"{name}-{pct}", dict(config=name, fee_percentage=pct),
                       dict(sqrt_price=price, swap_base=base_for_swap(c, price), quote=quote, fee=c["migration_quote_threshold"] - quote,
                            base_constant_product=migration_base(quote, price, False), base_concentrated=migration_base(quote, price, True),
                            base_with_buffer=min(base_for_swap(c, price) * 125 // 100, base_for_swap(c, MAX_P))))
    return f
