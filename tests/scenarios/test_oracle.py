"""A sample of tests/oracle: check says what the server then does with damaged
data directories. The whole is `make oracle`."""

import sys

import pytest

from program import program
from servers import SYSTEM, TOP

sys.path.append(str(TOP / "tests" / "oracle"))
import oracle  # noqa: E402


@pytest.fixture(scope="module")
def cases():
    return oracle.judge(SYSTEM, range(1, 301), program(), jobs=3)


def test_the_sample_is_of_all_kinds(cases):
    assert len(cases) == 300
    assert {c.did for c in cases} >= {"loads", "refuses", "truncates", "empty"}
    assert {c.is_covered for c in cases} == {True, False}


def test_check_foretells_what_the_server_does(cases):
    """Data are not the same to the byte from run to run: one may be odd."""
    wrong = [c.words() for c in cases if c.is_wrong and not c.is_explained]
    assert len(wrong) <= 1, "\n".join(wrong)


def test_what_is_called_sound_is_loaded_whole(cases):
    wrong = [c.words() for c in cases
             if c.was_trusted and not c.is_explained]
    assert not wrong, "\n".join(wrong)
