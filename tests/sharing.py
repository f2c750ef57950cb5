"""Which tests are long, which slice of the long ones a test is in, and how `pytest -n 3` shares tests out.

`make test` runs every test that is not marked `long`. The long ones are cut into eight slices of about equal cost; what
each costs is written down here, so that a slice is the same on every machine. `--slice 3` leaves out the other seven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SLICES = 8


@dataclass(frozen=True)
class Group:
    """Long tests that use the same builds, so that they belong into one slice."""

    seconds: int
    """CPU time on two cores, the builds included; the sample and its site are built anyway."""
    names: tuple[str, ...]
    """What the ids of these tests begin with: folders, modules or tests."""


def _group(seconds: int, *names: str) -> Group:
    return Group(seconds, tuple(f"tests/{name}" for name in names))


GROUPS = (
    _group(600, "histories/test_arrivals.py"),
    _group(400, "histories/test_histories.py"),
    _group(400, "definitions/test_definitions_page.py"),
    _group(100, "definitions/test_broken_seeds.py"),
    _group(300, "privacy/test_only_one_account.py"),
    _group(60, "spotiflow/test_sandbox.py"),
    _group(150, "reports/test_broken_queries.py::test_wrong_names"),
)

# Many tests of about the same cost that share nothing of their own: dealt out to the slices one by one.
DEALT = (
    "tests/chaos/test_chaos.py::test_more_scenarios",
    "tests/reports/test_broken_queries.py::test_a_fault",
    "tests/reports/test_broken_queries.py::test_an_answer",
)


def slices_of_groups() -> dict[Group, int]:
    """The slice of each group, from 1 to 8: the costliest first, each to the slice that costs least so far."""
    costs = Counter(dict.fromkeys(range(1, SLICES + 1), 0))
    slices = {}
    for group in sorted(GROUPS, key=lambda group: (-group.seconds, group.names)):
        slices[group] = min(costs, key=lambda number: (costs[number], number))
        costs[slices[group]] += group.seconds
    return slices


def slice_numbers(long_tests: Sequence[str]) -> dict[str, int]:
    """The slice of each long test, from 1 to 8. Raises KeyError for one that no group names."""
    slices = slices_of_groups()
    dealt = [nodeid for nodeid in long_tests if nodeid.startswith(DEALT)]
    numbers = {nodeid: place % SLICES + 1 for place, nodeid in enumerate(dealt)}
    for nodeid in long_tests:
        if nodeid not in numbers:
            group = next((group for group in GROUPS if nodeid.startswith(group.names)), None)
            if group is None:
                raise KeyError(f"tests/sharing.py does not say what this long test costs: {nodeid}")
            numbers[nodeid] = slices[group]
    return numbers


def chosen(is_long: Mapping[str, bool], number: int) -> list[str]:
    """Of all tests, those that are not long and the long ones of a slice."""
    numbers = slice_numbers([nodeid for nodeid, long in is_long.items() if long])
    return [nodeid for nodeid in is_long if numbers.get(nodeid, number) == number]


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
    """The tests that one process runs together with this one: its module, so that fixtures are made once."""
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
