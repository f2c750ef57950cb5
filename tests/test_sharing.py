"""What `tests/sharing.py` names is there, and a module is never cut in two."""

from __future__ import annotations

from tests.conftest import PROJECT
from tests.sharing import FIRST, place_in_line, share_of


def test_what_starts_first_exists() -> None:
    """A module under another name would start last, and one process would wait for it."""
    assert [name for name in FIRST if not (PROJECT / name).exists()] == []


def test_shares_and_their_order() -> None:
    site, day, gate = (
        f"tests/{name}::test_it[a::b]" for name in ("reports/test_home.py", "reports/test_day.py", "x/test_gate.py")
    )
    assert share_of(site) == "tests/reports/test_home.py" != share_of(day)
    assert share_of(gate) == share_of("tests/x/test_gate.py::test_other") == "tests/x/test_gate.py"
    assert place_in_line("tests/chaos/test_chaos.py::test_it") < place_in_line(site) < place_in_line(gate)
