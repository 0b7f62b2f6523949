"""A sample of tests/oracle/repair.py: what repair mends, a server starts whole
on, with all that lay undamaged in it."""

import sys

import pytest

from program import program
from servers import SYSTEM, TOP

sys.path.append(str(TOP / "tests" / "oracle"))
import repair  # noqa: E402


@pytest.fixture(scope="module")
def cases():
    return repair.mend_all(SYSTEM, range(1, 91), program(), jobs=3)


def test_most_damage_is_mended(cases):
    tried = [c for c in cases if not c.was_well]
    assert len(tried) >= 40
    assert sum(c.mended for c in tried) >= 0.8 * len(tried)


def test_a_server_starts_whole_and_the_originals_are_kept(cases):
    assert not [c.words() for c in cases if c.wrong]


def test_what_lay_undamaged_is_there(cases):
    lay = sum(c.lay for c in cases if c.mended)
    got = sum(c.got for c in cases if c.mended)
    short = "\n".join(c.words() for c in cases if c.got < c.lay)
    assert lay > 1000 and got >= 0.99 * lay, short
