"""A supervisor starts the server every 50 ms while sets change places: it never
starts empty, and no file of either set is written over."""

import pytest

from supervisors import KINDS, Case

RESTORES = 5  # fifty in tests/soak/supervisor.py


@pytest.mark.parametrize("reads, stored, name", KINDS,
                         ids=[" ".join(k) for k in KINDS])
def test_a_supervisor_never_starts_it_empty(place, keep, reads, stored, name):
    Case(place, keep, reads, stored, name, seed=1).run(RESTORES)
