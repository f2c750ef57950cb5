"""`spotiflow doctor`: each finding with its remedy, and an exit code that scripts can use."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from extract.raw import spool
from extract.raw.loader import set_aside_folder
from spotiflow.cli.doctor import examine, machine, worst
from spotiflow.cli.doctor.findings import Finding, Verdict
from spotiflow.pseudonyms import user_id_for
from tests.conftest import Place


def found(place: Place) -> dict[str, Finding]:
    """Findings by name."""
    return {finding.name: finding for finding in examine(place.settings)}


def test_everything_that_is_not_ok_has_a_remedy(empty_place: Place) -> None:
    findings = list(examine(empty_place.settings))
    assert len(findings) > 12
    for finding in findings:
        assert (finding.remedy is None) == (finding.verdict is Verdict.OK), finding


def test_an_empty_place_has_no_problem_and_says_how_to_begin(empty_place: Place) -> None:
    done = empty_place.run("doctor")
    assert done.code == 0, done.text
    assert "nothing is loaded" in done.out
    assert "-> spotiflow load sample" in done.out


def test_the_built_sample_is_well(sample_data: Place) -> None:
    findings = found(sample_data)
    assert findings["Published"].verdict is Verdict.OK
    assert findings["Warehouse"].text.startswith("45 accounts, ")
    # The sample's gaps and polls are part of the fiction.
    assert findings["Gaps"].verdict is Verdict.OK


def test_json_for_programs(empty_place: Place) -> None:
    done = empty_place.run("doctor", "--json")
    listed: list[dict[str, Any]] = json.loads(done.out)
    assert {entry["verdict"] for entry in listed} <= {"ok", "warning", "problem"}
    assert {"Python", "Node", "Disk", "duckdb", "Warehouse"} <= {entry["name"] for entry in listed}


def test_secrets_that_others_can_read_are_a_problem(empty_place: Place) -> None:
    user_id_for("me", empty_place.folder / "home")
    assert found(empty_place)["Secrets"].verdict is Verdict.OK
    (empty_place.folder / "home" / "pseudonym.key").chmod(0o644)
    finding = found(empty_place)["Secrets"]
    assert finding.verdict is Verdict.PROBLEM
    assert finding.remedy is not None
    assert finding.remedy.startswith("chmod -R go-rwx")
    done = empty_place.run("doctor")
    assert done.code == 1
    assert "problem  Secrets" in done.out


def test_a_file_that_is_no_warehouse_is_a_problem(empty_place: Place) -> None:
    empty_place.warehouse.parent.mkdir(parents=True)
    empty_place.warehouse.write_text("this is no database")
    assert found(empty_place)["Warehouse"].verdict is Verdict.PROBLEM


def test_loads_that_are_not_finished_are_named(sample_data: Place, broken_project: Any) -> None:
    place: Place = broken_project()
    assert "Loads" not in found(place)
    spool.keep(place.warehouse, {"poll_log": [{"user_id": "", "requested_at": datetime(2026, 11, 1), "endpoint": "x"}]})
    finding = found(place)["Loads"]
    assert finding.verdict is Verdict.WARNING
    assert finding.text == "not finished: 1 stored response"
    (set_aside_folder(place.warehouse) / "20261101T120000-abc").mkdir(parents=True)
    assert found(place)["Set aside"].verdict is Verdict.WARNING


@pytest.mark.long
def test_a_failed_build_is_a_problem(sample_data: Place, broken_project: Any) -> None:
    place: Place = broken_project()
    weights = place.project / "seeds" / "definitions" / "score_weights.csv"
    weights.write_text(weights.read_text().replace("1,energy,liveness,1,", "1,energy,liveness,-1,"))
    assert place.run("refresh", "--no-site").code == 1
    finding = found(place)["Build"]
    assert finding.verdict is Verdict.PROBLEM
    assert "1 test failed" in finding.text


def test_little_disk_is_a_warning_and_none_a_problem(empty_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in ((10**10, Verdict.OK), (10**9, Verdict.WARNING), (10**8, Verdict.PROBLEM)):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        assert found(empty_place)["Disk"].verdict is verdict


def test_without_node_only_the_site_is_missing(
    empty_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = found(empty_place)
    assert findings["Node"].verdict is Verdict.WARNING
    assert worst(list(findings.values())) is not Verdict.PROBLEM
