"""How `pytest -n 3` shares the tests out: module by module, those that take longest first.

A module is one share, so that its fixtures are made once. Order and shares are for speed alone; no test relies on them.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# What takes minutes, in the order in which it starts; the rest follows as it is collected, so that all processes end
# at about the same time.
FIRST = (
    "tests/chaos/",
    # Builds the site that the others in its folder look at, while the other processes do what needs none
    "tests/reports/test_every_page.py",
    "tests/histories/test_arrivals.py",
    "tests/reports/test_broken_queries.py",
    "tests/reports/",
    "tests/histories/test_histories.py",
    "tests/definitions/test_definitions_page.py",
    "tests/definitions/test_broken_seeds.py",
    "tests/definitions/test_changes.py",
    "tests/spotiflow/",
    "tests/privacy/",
    "tests/semantic/",
)


def share_of(nodeid: str) -> str:
    """The share that a test belongs to."""
    return nodeid.partition("::")[0]


def place_in_line(nodeid: str) -> int:
    """Where a test's share stands in line."""
    return next((place for place, name in enumerate(FIRST) if nodeid.startswith(name)), len(FIRST))


class Shares(LoadScopeScheduling):
    """xdist's scheduler with our shares, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # not by how many tests a share has
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)
