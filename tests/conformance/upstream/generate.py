#!/usr/bin/env python3
"""Writes the JSON files of this folder: trades on pump.fun, Raydium LaunchLab and Meteora DBC, to the last unit.

Written from the formulae of the launchpads (see README.md for the sources), never from their code, with unbounded integers.
Where a public test or a decoded mainnet trade states a number, it is asserted here before it is written: a case names the
fields that were stated upstream in `literal`, and all other fields are computed.

    python3 generate.py          write the files
    python3 generate.py --check  exit 1 if the files differ from what would be written
"""

import sys
from pathlib import Path

from dbc import dbc_file
from launchlab import launchlab_file
from pump import pump_file

HERE = Path(__file__).parent


def main():
    stale = False
    for file in (pump_file(), launchlab_file(), dbc_file()):
        path, new = HERE / f"{file.launchpad}.json", file.render()
        if "--check" in sys.argv:
            stale |= not path.exists() or path.read_text() != new
        else:
            path.write_text(new)
        errors = sum("error" in c for c in file.trades)
        print(f"{file.launchpad}: {len(file.trades)} trades ({sum('literal' in c for c in file.trades)} with upstream numbers, "
              f"{errors} rejected, {sum(c.get('result', {}).get('partial', False) for c in file.trades)} partial), {len(file.functions)} functions")
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
