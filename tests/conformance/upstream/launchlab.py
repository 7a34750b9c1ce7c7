"""Raydium LaunchLab.

Sources: raydium-io/raydium-sdk-V2 src/raydium/launchpad/curve/*.ts. Rates are parts per million.
"""

from math import isqrt

from common import Q64, Fails, File, ceil, result

PPM, SUPPLY, FOR_SALE = 1_000_000, 10**15, 793_100_000_000_000


def launchlab_init(curve, supply, sell, raised, fee, locked):
    if curve == "constant_product":
        rest, into = supply - sell - locked, raised - fee
        den = into * sell // rest - raised
        if rest <= 0 or into <= 0 or den <= 0:
            raise Fails("invalid_parameters")
        return dict(virtual_base=into * sell * sell // rest // den, virtual_quote=raised * raised // den, base_for_sale=sell)
    if curve == "fixed_price":
        sell = raised * (supply - locked) // (2 * raised - fee)
        return dict(virtual_base=sell, virtual_quote=raised, base_for_sale=sell)
    sell = 2 * raised * (supply - locked) // (3 * raised - fee)
    return dict(virtual_base=2 * raised * Q64 // (sell * sell), virtual_quote=0, base_for_sale=sell)


def nearest_sqrt(n):
    root = isqrt(n)
    return root + (n - root * root > root)


def launchlab(config, state, order, case):
    kind, va, vb, for_sale = config["kind"], config["virtual_base"], config["virtual_quote"], config["base_for_sale"]
    rates, x, sold, reserve = config["fees_ppm"], order["amount"], state["sold"], state["reserve"]
    total, left, buy = sum(rates.values()), for_sale - sold, order["side"] == "buy"

    def quote_at(base):  # linear: what the curve has collected when `base` is sold
        return ceil(va * base * base, 2 * Q64)

    def base_at(quote):  # linear; upstream's SDK rounds the root to nearest, this file takes it against the trader
        inside = 2 * quote * Q64 // va
        if nearest_sqrt(inside) != isqrt(inside):
            case["alternative"] = "upstream's SDK rounds the square root to nearest here: one more unit of base"
        return isqrt(inside)

    def exact_in(amount):
        if kind == "linear_price":
            return base_at(reserve + amount) - sold if buy else reserve - quote_at(sold - amount)
        if kind == "fixed_price":
            return va * amount // vb if buy else vb * amount // va
        i, o = (vb + reserve, va - sold) if buy else (va - sold, vb + reserve)
        return amount * o // (i + amount)

    def exact_out(amount):
        if kind == "linear_price":
            return quote_at(sold + amount) - reserve if buy else sold - base_at(reserve - amount)
        if kind == "fixed_price":
            return ceil(vb * amount, va) if buy else ceil(va * amount, vb)
        i, o = (vb + reserve, va - sold) if buy else (va - sold, vb + reserve)
        return ceil(i * amount, o - amount)

    def gross(net):
        return net if total == 0 else ceil(net * PPM, PPM - total)

    def split(fee):
        parts = {who: fee * rate // total if total else 0 for who, rate in rates.items() if who != "protocol"}
        return dict(protocol=fee - sum(parts.values()), **parts)

    def bought(base, quote, pays, partial):
        if base <= 0:
            raise Fails("zero_output")
        return result(base, quote, split(pays - quote), pays, base, partial, dict(sold=sold + base, reserve=reserve + quote))

    if buy:
        if left == 0:
            raise Fails("complete")
        if order["kind"] == "exact_in":
            quote = x - ceil(x * total, PPM)
            base = exact_in(quote)
            if base <= left:
                return bought(base, quote, x, False)
        base = min(x, left) if order["kind"] == "exact_out" else left
        case.pop("alternative", None)
        quote = exact_out(base)
        return bought(base, quote, gross(quote), order["kind"] == "exact_in" or x > left)
    if order["kind"] == "exact_in":
        if x > sold:
            raise Fails("insufficient_sold")
        base, quote = x, exact_in(x)
        fee = ceil(quote * total, PPM)
        if quote < 0 or quote > reserve:
            raise Fails("insufficient_reserve")
        receives = quote - fee
    else:
        quote, receives = gross(x), x
        fee = quote - x
        if quote > reserve:
            raise Fails("insufficient_reserve")
        base = exact_out(quote)
        if base > sold:
            raise Fails("insufficient_sold")
    return result(base, quote, split(fee), base, receives, False, dict(sold=sold - base, reserve=reserve - quote))


def launchlab_file():
    def config(curve, supply, sell, raised, fee, locked, **rates):
        return dict(kind=curve, supply=supply, raise_target=raised, migrate_fee=fee, locked=locked,
                    **launchlab_init(curve, supply, sell, raised, fee, locked), fees_ppm=rates)

    base = (SUPPLY, FOR_SALE, 85 * 10**9)
    f = File("raydium-launchlab", {
        "cp": config("constant_product", *base, 0, 0, protocol=2_500, platform=10_000, creator=500, share=0),
        "cp-plain": config("constant_product", *base, 0, 0, protocol=2_500, platform=10_000, creator=0, share=0),
        "cp-share": config("constant_product", *base, 0, 0, protocol=2_500, platform=7_777, creator=333, share=1_001),
        "cp-free": config("constant_product", *base, 0, 0, protocol=0, platform=0, creator=0, share=0),
        "cp-locked": config("constant_product", SUPPLY, 7 * 10**14, 40 * 10**9, 123_456_789, 10**14, protocol=2_500, platform=0, creator=500, share=0),
        "fixed": config("fixed_price", SUPPLY, None, 85 * 10**9, 0, 0, protocol=2_500, platform=10_000, creator=500, share=0),
        "fixed-locked": config("fixed_price", SUPPLY, None, 12_345_678_901, 1_000_000, 10**14, protocol=2_500, platform=0, creator=0, share=0),
        "linear": config("linear_price", SUPPLY, None, 85 * 10**9, 0, 0, protocol=2_500, platform=10_000, creator=500, share=0),
        "linear-locked": config("linear_price", SUPPLY, None, 12_345_678_901, 1_000_000, 10**14, protocol=2_500, platform=0, creator=0, share=0),
    })
    assert (f.configs["cp"]["virtual_base"], f.configs["cp"]["virtual_quote"]) == (1_073_025_605_596_382, 30_000_852_951)
    ev = "mainnet trade, decoded in pinax-network/substreams-solana-idls tests/raydium_launchpad.rs "
    f.trade(launchlab, "mainnet/buy-1", "cp", dict(sold=739_636_820_289_371, reserve=66_558_134_124), "buy", "exact_in", 1_468_700,
            "cp_buy_exact_in", ev + "unpack_launchpad_trade_event",
            {"base": 5_004_973_052, "state_after.sold": 739_641_825_262_423, "state_after.reserve": 66_559_583_730, "fees.protocol": 3_673,
             "fees.platform": 14_687, "fees.creator": 734, "fees.share": 0})
    f.trade(launchlab, "mainnet/buy-2", "cp-plain", dict(sold=770_302_990_883_261, reserve=76_339_677_590), "buy", "exact_in", 1_000,
            "cp_buy_exact_in", ev + "unpack_launchpad_trade_event_2",
            {"base": 2_809_720, "state_after.sold": 770_302_993_692_981, "state_after.reserve": 76_339_678_577, "fees.protocol": 3,
             "fees.platform": 10, "fees.share": 0})
    zero = dict(sold=0, reserve=0)
    for name, c in f.configs.items():
        short = {"constant_product": "cp", "fixed_price": "fixed", "linear_price": "linear"}[c["kind"]]
        run = lambda ident, state, side, kind, n: f.trade(launchlab, f"{name}/{ident}/{side}-{kind}/{n}", name, state, side, kind, n,
                                                          f"{short}_{side}_{kind}")
        mid = run("walk-1", zero, "buy", "exact_in", c["raise_target"] // 3)
        mid = run("walk-2", mid, "sell", "exact_in", mid["sold"] // 5)
        mid = run("walk-3", mid, "buy", "exact_out", c["base_for_sale"] // 7)
        end = run("walk-4", mid, "buy", "exact_out", c["base_for_sale"] - mid["sold"] - 1_000_000)
        full = run("walk-5", end, "buy", "exact_out", SUPPLY)
        run("walk-6", full, "buy", "exact_in", 10**9)
        run("walk-7", full, "sell", "exact_in", full["sold"])
        few = name in ("cp-free", "cp-plain", "fixed-locked", "linear-locked")
        for ident, state in (("start", zero), ("mid", mid), ("end", end)):
            left = c["base_for_sale"] - state["sold"]
            for n in sorted({left, left + 1} if few else {1, 10**6, 10**12 + 7, left - 1, left, left + 1}):
                last = run(ident, state, "buy", "exact_out", n)
            pays = f.trades[-1]["result"]["trader_pays"]
            for n in sorted({1, 10**6, pays + 1} if few else {1, 2, 99, 1_000, 10**6, 10**9, pays - 1, pays, pays + 1, 2 * pays}):
                run(ident, state, "buy", "exact_in", n)
        for ident, state in (("mid", mid), ("full", full)):
            for n in sorted({1, state["sold"]} if few else {1, 30_000, 10**6, 10**12 + 7, state["sold"], state["sold"] + 1}):
                run(ident, state, "sell", "exact_in", n)
            for n in sorted({1, 10**9} if few else {1, 1_000, 10**6, 10**9, state["reserve"] // 2, state["reserve"]}):
                run(ident, state, "sell", "exact_out", n)
    for n, (curve, *args) in enumerate((("constant_product", *base, 0, 0), ("constant_product", *base, 10**8, 0),
                                        ("constant_product", *base, 0, 10**14), ("constant_product", SUPPLY, 8 * 10**14, 30 * 10**9, 0, 0),
                                        ("fixed_price", SUPPLY, None, 85 * 10**9, 0, 0), ("fixed_price", SUPPLY, None, 85 * 10**9, 10**9, 10**13),
                                        ("linear_price", SUPPLY, None, 85 * 10**9, 0, 0), ("linear_price", SUPPLY, None, 85 * 10**9, 10**9, 10**13))):
        given = dict(zip(("curve", "supply", "sell", "raised", "migrate_fee", "locked"), (curve, *args)))
        f.function("initial_parameters", str(n), {k: v for k, v in given.items() if v is not None}, launchlab_init(curve, *args),
                   "mainnet pool state (virtual_base, virtual_quote of the default launch)" if n == 0 else None, n == 0)
    for amount in (1, 79, 80, 1_000, 1_468_700):
        for rates in ((2_500, 10_000, 500, 0), (2_500, 7_777, 333, 1_001)):
            fee = ceil(amount * sum(rates), PPM)
            parts = [fee * r // sum(rates) for r in rates[1:]]
            f.function("fee_on_input", f"{amount}-{sum(rates)}", dict(amount=amount, protocol=rates[0], platform=rates[1], creator=rates[2], share=rates[3]),
                       dict(total=fee, protocol=fee - sum(parts), platform=parts[0], creator=parts[1], share=parts[2],
                            gross_from_net=ceil(amount * PPM, PPM - sum(rates))))
    vest = lambda share, cliff, unlock, end, now: (0 if now < end + cliff else share if unlock == 0 else share * min(now - end - cliff, unlock) // unlock)
    for n, args in enumerate(((1_000_003, 100, 1_000, 5_000, 5_099), (1_000_003, 100, 1_000, 5_000, 5_100), (1_000_003, 100, 1_000, 5_000, 5_101),
                              (1_000_003, 100, 1_000, 5_000, 5_777), (1_000_003, 100, 1_000, 5_000, 6_100), (1_000_003, 100, 0, 5_000, 5_100))):
        f.function("vested", str(n), dict(zip(("share", "cliff", "unlock", "fundraising_end", "now"), args)), dict(vested=vest(*args)))
    return f
