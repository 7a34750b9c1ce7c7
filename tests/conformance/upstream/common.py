"""What the three generators share: rounding, the shape of a case, and the file that collects the cases."""

import json

U64 = 2**64 - 1
Q64 = 1 << 64
Q128 = 1 << 128


def ceil(a, b):
    return -(-a // b)


class Fails(Exception):
    """The launchpad rejects the order; the text is the reason in this folder's vocabulary."""


def text(value):
    """Integers become decimal strings, at any depth; booleans and strings stay."""
    if isinstance(value, bool) or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return {k: text(v) for k, v in value.items()}
    return [text(v) for v in value]


def result(base, quote, fees, pays, receives, partial, after, fee_asset="quote"):
    return dict(base=base, quote=quote, fee_asset=fee_asset, fees=fees, trader_pays=pays,
                trader_receives=receives, partial=partial, state_after=after)


class File:
    def __init__(self, launchpad, configs):
        self.launchpad, self.configs, self.trades, self.functions = launchpad, configs, [], []

    def trade(self, run, ident, config, state, side, kind, amount, formula, source=None, literal=None, note=None, **extra):
        """Runs one order, asserts the numbers that a source states (`literal`: path -> value), and keeps the case."""
        order = dict(side=side, kind=kind, amount=amount, **extra.pop("order", {}))
        case = dict(id=f"{self.launchpad}/{ident}", source=source or f"computed from formula {formula}", formula=formula,
                    config=config, state=state, order=order, **extra)
        if note:
            case["note"] = note
        try:
            case["result"] = run(self.configs[config], state, order, case)
        except Fails as e:
            case["error"] = str(e)
        for path, value in (literal or {}).items():
            got = case["result"]
            for part in path.split("."):
                got = got[part]
            assert got == value, (case["id"], path, got, value)
        if literal:
            case["literal"] = sorted(literal)
        assert case["id"] not in {c["id"] for c in self.trades}, case["id"]
        self.trades.append(case)
        return case.get("result", {}).get("state_after")

    def function(self, name, ident, given, output, source=None, literal=False):
        case = dict(id=f"{self.launchpad}/{name}/{ident}", function=name, input=given, output=output,
                    source=source or f"computed from formula {name}", literal=literal)
        assert case["id"] not in {c["id"] for c in self.functions}, case["id"]
        self.functions.append(case)

    def render(self):
        """The file: one case a line, so that a difference shows the case."""
        line = lambda value: json.dumps(text(value), separators=(", ", ": "))
        configs = ",\n".join(f'  {line(name)}: {line(config)}' for name, config in self.configs.items())
        lists = [",\n".join("  " + line(case) for case in cases) for cases in (self.trades, self.functions)]
        return (f'{{\n "version": 1,\n "launchpad": {line(self.launchpad)},\n "configs": {{\n{configs}\n }},\n'
                f' "trades": [\n{lists[0]}\n ],\n "functions": [\n{lists[1]}\n ]\n}}\n')
