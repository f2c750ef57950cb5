"""Which tests are long, which slice of the long ones a test is in, and how `pytest -n 3` shares tests out.

`make test` runs every test that is not marked `long`. The long ones are cut into eight slices of about equal cost; what
each costs is written down here, so that a slice is the same on every machine. `--slice 3` leaves out the other seven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


# The first name that fits counts.
GROUPS = (
    _group(250, "histories/test_arrivals.py::test_more_random_orders[1]"),
    _group(250, "histories/test_arrivals.py::test_more_random_orders[2]"),
    _group(250, "histories/test_arrivals.py"),
    _group(
        300, "histories/test_histories.py::test_many_batches[1]", "histories/test_histories.py::test_many_batches[2]"
    ),
    _group(400, "histories/test_histories.py"),
    _group(280, "definitions/test_definitions_page.py::test_adding"),
    _group(270, "definitions/test_definitions_page.py"),
    _group(270, "definitions/test_changes.py"),
    _group(200, "definitions/test_broken_seeds.py", "definitions/test_traps.py"),
    _group(170, "privacy/test_only_one_account.py::test_a_sample_listener_alone"),
    _group(330, "privacy/test_only_one_account.py"),
    _group(220, "privacy/test_no_traces.py"),
    _group(250, "spotiflow/test_forget.py"),
    _group(180, "spotiflow/test_contracts.py", "spotiflow/test_refresh.py"),
    _group(110, "spotiflow/test_data_health.py"),
    _group(210, "spotiflow/test_online.py", "spotiflow/test_follow_long.py", "spotiflow/test_sandbox.py"),
    _group(150, "semantic/", "docs/"),
    _group(200, "statistics/"),
    _group(40, "extract/test_titles.py", "extract/test_recommendations.py", "extract/test_features_online.py"),
    _group(60, "extract/test_loader.py", "extract/test_sample"),
    _group(
        60, "spotiflow/test_gate.py", "spotiflow/test_outcomes.py", "spotiflow/test_doctor.py", "spotiflow/test_nothing"
    ),
    _group(50, "recompute/", "models/"),
    _group(270, "reports/test_only_seeds.py"),
    _group(100, "reports/test_one_listener.py"),
    _group(
        460,  # the site of one play
        "reports/test_almost_nothing.py",
        "reports/test_every_page.py::test_page_stands[one play",
        "reports/test_every_page.py::test_page_stands[a podcast only",
    ),
    _group(
        570,  # the site of five years
        "reports/test_every_page.py::test_page_stands",
        "reports/test_every_page.py::test_no_page_fetches",
        "reports/test_every_page.py::test_pages_do_not_grow",
    ),
    _group(110, "reports/test_every_page.py::test_keyboard"),
    _group(
        300,  # the site full of trouble
        "reports/test_base_path.py",
        "reports/test_data_health.py",
        "reports/test_engagement.py",
        "reports/test_segments.py",
    ),
    _group(160, "reports/test_weekly_wrapped.py", "reports/test_compare.py", "reports/test_day.py"),
    _group(190, "reports/test_predicted_vs_actual.py", "reports/test_scorecard.py"),
    _group(120, "reports/test_share_card.py"),
    _group(
        120,
        "reports/test_audio_features.py",
        "reports/test_top_songs.py",
        "reports/test_search.py",
        "reports/test_definitions.py",
        "reports/test_docs.py",
        "reports/test_home.py",
        "reports/test_pages.py",
    ),
    _group(150, "reports/test_broken_queries.py::test_wrong_names"),
)

# Many tests of about the same cost that share nothing of their own: dealt out to the slices one by one.
DEALT = (
    "tests/chaos/test_chaos.py::test_more_scenarios",
    "tests/reports/test_broken_queries.py::test_a_fault",
    "tests/reports/test_broken_queries.py::test_an_answer",
)


def mostly_long(values: Iterable[Any], *short: Any) -> list[Any]:
    """Values for `parametrize`: those named run with every test, the others with the long ones."""
    return [
        value
        if value in short
        else pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.long)
        for value in values
    ]


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


# The order in which modules start; the rest follows as it is collected.
FIRST = (
    # Builds the sample and the site that most others wait for; meanwhile the other processes do what needs neither
    "tests/reports/test_every_page.py",
    "tests/chaos/",
    "tests/histories/",
    "tests/definitions/test_broken_seeds.py",
    "tests/spotiflow/test_forget.py",
    "tests/privacy/",
    "tests/extract/",
    "tests/spotiflow/test_gate.py",
    # What takes minutes, so that all processes end at about the same time
    "tests/reports/",
    "tests/recompute/",
    "tests/definitions/",
    "tests/spotiflow/",
    "tests/semantic/",
)


def share_of(nodeid: str) -> str:
    """The tests that one process runs together with this one, so that fixtures are made once: its module, mostly."""
    return "tests/recompute/" if nodeid.startswith("tests/recompute/") else nodeid.partition("::")[0]


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
