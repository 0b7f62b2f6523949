#!/usr/bin/env python3
"""restore over old data killed at 200 random moments, each time finished or
undone.

usage: restore.py [KILLS]      REDKEEP names the program
"""

import os
import subprocess
import sys
from pathlib import Path

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / \
    "test_restore_killed.py"


def main(kills="200"):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "--tb=short", "-rP", str(SCENARIO), "-k", "killed_anywhere"],
        env={**os.environ, "REDKEEP_TEST_KILLS": kills}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
