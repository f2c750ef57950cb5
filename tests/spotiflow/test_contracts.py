"""What a release promised stays: each way to break it, and each change that breaks nothing."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from spotiflow.dbt_runner import Dbt
from spotiflow.publish.contracts import Contracts, Table, compare, contracts_file, promised_now, read
from spotiflow.settings import Settings
from tests.conftest import PROJECT, Place
from tests.spotiflow.conftest import copy_project

TODAY = date(2027, 1, 4)
PAST, FUTURE = date(2027, 1, 3), date(2027, 7, 1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Place(tmp_path_factory.mktemp("place")).settings


@pytest.fixture
def now(manifest: Any) -> Contracts:
    return promised_now(manifest, "9.9.9")


def _with(contracts: Contracts, **tables: Table | None) -> Contracts:
    """The same contracts with some tables changed (None: gone). `__` stands for the point before a version."""
    changed = {name.replace("__", "."): table for name, table in tables.items()}
    merged = contracts.tables | changed
    return Contracts(contracts.release, {name: table for name, table in merged.items() if table is not None})


def _without_column(table: Table, column: str) -> Table:
    return replace(table, columns={name: kind for name, kind in table.columns.items() if name != column})


def test_the_project_keeps_what_the_last_release_promised(settings: Settings, now: Contracts) -> None:
    frozen = read(settings)
    assert re.fullmatch(r"\d+\.\d+\.\d+", frozen.release)
    assert {"weekly_listening", "daily_listening", "fct_plays"} <= set(frozen.tables)
    assert compare(frozen, now, TODAY).problems == []


def test_published_models_are_public_with_a_contract_and_in_a_group_that_is_theirs(manifest: Any) -> None:
    for node in manifest.nodes.values():
        if node.resource_type != "model":
            continue
        layer, *folder = Path(node.original_file_path).parts[1:-1]
        assert (node.access == "public") == (layer == "marts"), node.name
        assert bool(node.config.contract.enforced) == (layer == "marts"), node.name
        if layer == "marts":
            assert [node.group] == folder[:1], node.name
    for group in manifest.groups.values():
        assert group.owner.name
        assert group.description


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda now: _with(now, weekly_listening=_without_column(now.tables["weekly_listening"], "vibe")),
            ["weekly_listening: column vibe (string) is gone"],
        ),
        (
            lambda now: _with(
                now,
                fct_plays=replace(
                    now.tables["fct_plays"], columns=now.tables["fct_plays"].columns | {"listened_ms": "integer"}
                ),
            ),
            ["fct_plays: column listened_ms was bigint and is now integer"],
        ),
        (lambda now: _with(now, dim_tracks=None), ["dim_tracks is gone and had no deprecation date"]),
        (
            lambda now: _with(now, dim_users=replace(now.tables["dim_users"], access="protected")),
            ["dim_users: access was public and is now protected"],
        ),
        (
            lambda now: _with(now, dim_users=replace(now.tables["dim_users"], has_contract=False)),
            ["dim_users: its contract is not enforced any more"],
        ),
    ],
    ids=["column dropped", "column retyped", "model dropped", "model made protected", "contract not enforced"],
)
def test_a_broken_promise_is_named(now: Contracts, change: Any, expected: list[str]) -> None:
    found = compare(now, change(now), TODAY)
    assert found.problems == expected
    assert not found.not_frozen


def test_what_is_added_is_not_frozen_yet_and_breaks_nothing(now: Contracts) -> None:
    wider = replace(now.tables["dim_users"], columns=now.tables["dim_users"].columns | {"country": "string"})
    found = compare(now, _with(now, dim_users=wider, dim_moods=Table("public", {"mood": "string"})), TODAY)
    assert found.problems == []
    assert sorted(found.not_frozen) == ["dim_moods", "dim_users.country"]


def test_a_version_may_go_once_the_date_that_a_release_announced_is_past(now: Contracts) -> None:
    table = now.tables["dim_users"]
    both = _with(now, moods__v1=replace(table, deprecation_date=PAST), moods__v2=table)
    after = _with(both, moods__v1=None)
    assert compare(both, after, TODAY).problems == []
    assert compare(both, after, TODAY).retired == ["moods.v1 (deprecated since 2027-01-03)"]
    # On the day itself people may still rely on it.
    assert compare(both, after, PAST).problems == ["moods.v1 is gone, but was promised until 2027-01-03"]
    later = _with(both, moods__v1=replace(table, deprecation_date=FUTURE))
    assert compare(later, after, TODAY).problems == ["moods.v1 is gone, but was promised until 2027-07-01"]
    # A promise cannot be cut short either.
    assert compare(later, both, TODAY).problems == ["moods.v1: promised until 2027-07-01, now only until 2027-01-03"]
    undated = _with(both, moods__v1=table)
    assert compare(undated, after, TODAY).problems == ["moods.v1 is gone and had no deprecation date"]


def test_a_model_that_gets_versions_lives_on_as_its_oldest(now: Contracts) -> None:
    table = now.tables["feature_coverage"] if "feature_coverage" in now.tables else now.tables["load_history"]
    frozen = _with(now, moods=table)
    smaller = _without_column(table, next(iter(table.columns)))
    found = compare(frozen, _with(now, moods__v1=table, moods__v2=smaller, moods__v10=smaller), TODAY)
    assert found.problems == []
    assert sorted(found.not_frozen) == ["moods.v10", "moods.v2"]
    found = compare(frozen, _with(now, moods__v1=smaller, moods__v2=table), TODAY)
    assert [problem.partition(" (")[0] for problem in found.problems] == [
        f"moods.v1: column {next(iter(table.columns))}"
    ]


# ---- the commands ----


@pytest.fixture
def copied(tmp_path: Path) -> Place:
    """The project with what it promised, to break."""
    place = Place(tmp_path / "place", project=copy_project(tmp_path / "project"))
    shutil.copytree(PROJECT / "contracts", place.project / "contracts")
    for name in ("components", "pages", "queries", "sources", "types"):
        shutil.copytree(PROJECT / "reports" / name, place.project / "reports" / name)
    return place


@pytest.mark.long
def test_check_and_freeze_refuse_a_dropped_column_and_say_what_to_do(copied: Place) -> None:
    promised = contracts_file(copied.settings)
    before = promised.read_text()
    model = copied.project / "models" / "marts" / "listening" / "_listening__models.yml"
    content = yaml.safe_load(model.read_text())
    (users,) = [entry for entry in content["models"] if entry["name"] == "dim_users"]
    users["columns"] = [column for column in users["columns"] if column["name"] != "timezone"]
    model.write_text(yaml.safe_dump(content, sort_keys=False))
    for command in ("check", "freeze"):
        done = copied.run("contracts", command)
        assert done.code == 1, done.text
        assert "  - dim_users: column timezone (string) is gone\n" in done.err
        assert "new version of the model" in done.err
    assert promised.read_text() == before


@pytest.mark.long
def test_freeze_writes_what_check_then_finds_kept(copied: Place) -> None:
    done = copied.run("contracts", "check")
    assert done.code == 0, done.text
    assert "is still there" in done.out
    project = copied.project / "dbt_project.yml"
    project.write_text(re.sub(r"(?m)^version: .*$", "version: 1.2.3", project.read_text()))
    done = copied.run("contracts", "freeze")
    assert done.code == 0, done.text
    settings = copied.settings
    assert read(settings) == replace(promised_now(Dbt(settings).parse(), "1.2.3"))
    again = contracts_file(settings).read_bytes()
    assert copied.run("contracts", "freeze").code == 0
    assert contracts_file(settings).read_bytes() == again
    assert str(copied.project) not in again.decode()


@pytest.mark.long
def test_check_notices_that_the_types_of_the_pages_rows_are_out_of_date(copied: Place) -> None:
    types = copied.project / "reports" / "types" / "rows.d.ts"
    written = types.read_text()
    types.write_text(written.replace("minutes_listened: number", "minutes_listened: string"))
    done = copied.run("contracts", "check")
    assert done.code == 1, done.text
    assert "rows.d.ts is out of date. Run `spotiflow contracts types`." in done.err
    assert copied.run("contracts", "types").code == 0
    assert types.read_text() == written


@pytest.mark.long
def test_a_file_that_cannot_be_read_is_an_error_in_plain_words(copied: Place) -> None:
    path = contracts_file(copied.settings)
    path.write_text("models: [")
    done = copied.run("contracts", "check")
    assert done.code == 1
    assert "cannot be read" in done.err
    assert "Traceback" not in done.text
    path.unlink()
    done = copied.run("contracts", "check")
    assert done.code == 1
    assert "is missing" in done.err
