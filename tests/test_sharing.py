"""Every test runs in `make test` or in exactly one slice, and what `tests/sharing.py` names is there."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from tests import sharing
from tests.conftest import PROJECT

_RECORD = """
import sys, pathlib, pytest

class Recorder:
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        lines = [f"{bool(item.get_closest_marker('long')):d} {item.nodeid}" for item in items]
        pathlib.Path(sys.argv[1]).write_text("\\n".join(lines))

sys.exit(pytest.main(["--collect-only", "-q", "-m", "", "-p", "no:cacheprovider"], plugins=[Recorder()]))
"""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Every test of the project, and whether it is long."""
    file = tmp_path_factory.mktemp("collected") / "tests.txt"
    done = subprocess.run(
        [sys.executable, "-c", _RECORD, str(file)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    lines = [line.partition(" ") for line in file.read_text().splitlines()]
    return {nodeid: flag == "1" for flag, _, nodeid in lines}


@pytest.fixture(scope="module")
def long_tests(collected: dict[str, bool]) -> list[str]:
    return [nodeid for nodeid, is_long in collected.items() if is_long]


def test_every_long_test_is_in_exactly_one_slice(collected: dict[str, bool], long_tests: list[str]) -> None:
    in_slices = Counter(
        nodeid
        for number in range(1, sharing.SLICES + 1)
        for nodeid in sharing.chosen(collected, number)
        if collected[nodeid]
    )
    assert in_slices == Counter(long_tests)
    assert 0 < len(long_tests) < len(collected)


def test_a_slice_leaves_out_no_short_test(collected: dict[str, bool]) -> None:
    short = {nodeid for nodeid, is_long in collected.items() if not is_long}
    assert short <= set(sharing.chosen(collected, 3))


def test_slices_cost_about_the_same() -> None:
    costs = Counter(dict.fromkeys(range(1, sharing.SLICES + 1), 0))
    for group, number in sharing.slices_of_groups().items():
        costs[number] += group.seconds
    assert max(costs.values()) <= 1.3 * sum(costs.values()) / sharing.SLICES


def test_every_group_has_tests(collected: dict[str, bool], long_tests: list[str]) -> None:
    """A name that fits nothing would be a cost that nobody pays."""
    names = [*sharing.DEALT, *(name for group in sharing.GROUPS for name in group.names)]
    assert [name for name in names if not any(nodeid.startswith(name) for nodeid in long_tests)] == []
    assert [name for name in sharing.FIRST if not any(nodeid.startswith(name) for nodeid in collected)] == []


def test_a_long_test_without_a_cost_is_named() -> None:
    with pytest.raises(KeyError, match="test_new"):
        sharing.slice_numbers(["tests/extract/test_new.py::test_it"])


def test_a_module_is_never_cut_in_two() -> None:
    site, day, gate = (
        f"tests/{name}::test_it[a::b]" for name in ("reports/test_home.py", "reports/test_day.py", "x/test_gate.py")
    )
    assert sharing.share_of(site) == "tests/reports/test_home.py" != sharing.share_of(day)
    assert sharing.share_of(gate) == sharing.share_of("tests/x/test_gate.py::test_other") == "tests/x/test_gate.py"
    assert sharing.place_in_line("tests/chaos/test_chaos.py::test_it") < sharing.place_in_line(site)
    assert sharing.place_in_line(site) < sharing.place_in_line(gate)
