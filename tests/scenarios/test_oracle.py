"""A sample of tests/oracle: check says what the server then does with damaged
data directories. The whole is `make oracle`."""

import sys

from program import program
from servers import SYSTEM, TOP

sys.path.append(str(TOP / "tests" / "oracle"))
import oracle  # noqa: E402


def test_check_foretells_what_the_server_does():
    cases = oracle.judge(SYSTEM, range(1, 151), program(), jobs=3,
                         values=False)
    assert len(cases) == 150
    assert {c.did for c in cases} >= {"loads", "refuses", "truncates"}
    wrong = [c.words() for c in cases if not c.agrees or c.was_trusted]
    assert not wrong, "\n".join(wrong)
