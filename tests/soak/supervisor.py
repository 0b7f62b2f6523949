#!/usr/bin/env python3
"""A supervisor that starts the server every 50 ms through 50 restores of each
kind.

usage: supervisor.py [RESTORES [SEED]]      REDKEEP names the program
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from program import Program  # noqa: E402
from supervisors import KINDS, Case  # noqa: E402


def main(restores=50, seed=None):
    seed = random.randrange(1 << 30) if seed is None else int(seed)
    for reads, stored, name in KINDS:
        place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
        try:
            case = Case(place, Program(place), reads, stored, name, seed)
            case.run(int(restores))
            print(f"{restores} restores of {stored} over {reads}, {name} "
                  f"(seed {seed}): {case.told()}", flush=True)
        except AssertionError:
            print(f"seed {seed}: {stored} over {reads}, {name}",
                  file=sys.stderr)
            raise
        finally:
            shutil.rmtree(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
