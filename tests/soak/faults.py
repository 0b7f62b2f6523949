#!/usr/bin/env python3
"""Every fault of every job, and every state after a power cut.

usage: faults.py      REDKEEP names the program
"""

import os
import subprocess
import sys
from pathlib import Path

FAULTS = Path(__file__).resolve().parents[1] / "faults" / "faults.py"


def main():
    build = Path(os.environ["REDKEEP"]).parent
    return subprocess.run([sys.executable, str(FAULTS), str(build),
                           "all"]).returncode


if __name__ == "__main__":
    sys.exit(main())
