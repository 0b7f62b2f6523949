"""A sample of tests/oracle/repair.py: what repair mends, a server starts whole
on, with all that lay undamaged in it. The whole is `make oracle-repair`."""

import sys

from program import program
from servers import SYSTEM, TOP

sys.path.append(str(TOP / "tests" / "oracle"))
import repair  # noqa: E402


def test_a_server_starts_whole_on_what_was_mended():
    cases = repair.mend_all(SYSTEM, range(1, 91), program(), jobs=3)
    tried = [c for c in cases if not c.was_well]
    assert len(tried) >= 40
    assert sum(c.mended for c in tried) >= 0.8 * len(tried)
    assert not [c.words() for c in cases if c.wrong and not c.is_explained]
    lay = sum(c.lay for c in cases if c.mended)
    got = sum(c.got for c in cases if c.mended)
    short = "\n".join(c.words() for c in cases if c.got < c.lay)
    assert lay > 1000 and got >= 0.99 * lay, short
