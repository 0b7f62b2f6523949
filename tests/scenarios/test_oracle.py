"""A sample of tests/oracle: check says what the server then does with damaged
data directories. The whole is `make oracle`."""

import sys

from program import program
from servers import SYSTEM, TOP

sys.path.append(str(TOP / "tests" / "oracle"))
import oracle  # noqa: E402


def test_check_foretells_what_the_server_does():
    """Data are not the same to the byte from run to run: one may be odd, but
    none is called sound that is not loaded whole."""
    cases = oracle.judge(SYSTEM, range(1, 301), program(), jobs=3)
    assert len(cases) == 300
    assert {c.did for c in cases} >= {"loads", "refuses", "truncates", "empty"}
    assert {c.is_covered for c in cases} == {True, False}
    wrong = [c for c in cases if c.is_wrong and not c.is_explained]
    assert len(wrong) <= 1, "\n".join(c.words() for c in wrong)
    assert not any(c.was_trusted for c in wrong), wrong[0].words()
