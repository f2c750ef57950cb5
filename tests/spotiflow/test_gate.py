"""The gate opens for what was built and tested as it is now, and for nothing else; each refusal says why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from spotiflow.checksums import project_fingerprint
from spotiflow.console import CommandError
from spotiflow.dbt_runner import BuildResult, Dbt
from spotiflow.publish import gate
from spotiflow.publish.publish import Refused, publish
from spotiflow.publish.tables import published_tables
from tests.conftest import PROJECT, Place
from tests.sharing import mostly_long
from tests.spotiflow.conftest import MINI_PROJECT

PLAY_ID = "- name: play_id\n        data_tests: [unique]"


@dataclass
class Mini:
    """The mini project with its own warehouse."""

    place: Place

    def file(self, name: str) -> Path:
        return self.place.project / name

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.file(name).read_text()
        assert old in text
        self.file(name).write_text(text.replace(old, new))

    def sql(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.place.warehouse)) as connection:
            return connection.execute(sql).fetchall()

    def load(self, load_id: str, rows: str) -> None:
        self.sql(f"insert into raw_spotify.plays values {rows}")
        self.sql(f"insert into raw_spotify._dlt_loads values ('{load_id}', 's', 0, now(), 'h')")

    def dbt(self, *arguments: str) -> BuildResult:
        """A plain dbt command, as somebody would type it."""
        dbt = Dbt(self.place.settings)
        dbt.parse()
        command, *rest = arguments
        if command == "build":
            return dbt.build(rest, lambda _: None)
        result = dbt._invoke([command, *rest], None)
        return BuildResult(ok=bool(result.success))

    def verdict(self) -> gate.GateVerdict:
        manifest = Dbt(self.place.settings).parse()
        with duckdb.connect(str(self.place.warehouse), read_only=True) as connection:
            return gate.judge(connection, manifest, self.place.project)

    def reasons(self) -> str:
        verdict = self.verdict()
        assert not verdict.is_open
        assert all(remedy for remedy in verdict.remedies)
        return "\n".join(reason.text for reason in verdict.reasons)


def _new_mini(folder: Path) -> Mini:
    project = folder / "project"
    shutil.copytree(MINI_PROJECT, project)
    shutil.copytree(PROJECT / "macros" / "run_log", project / "macros" / "run_log")
    mini = Mini(Place(folder / "place", project=project))
    mini.place.warehouse.parent.mkdir(parents=True)
    return mini


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Mini:
    mini = _new_mini(tmp_path_factory.mktemp("mini"))
    assert mini.dbt("seed").ok  # the first run of all creates the raw tables, as on an empty clone
    mini.load("1", "('a', 1), ('b', 2)")
    assert mini.dbt("build").ok
    return mini


@pytest.fixture
def mini(built_once: Mini, tmp_path: Path) -> Mini:
    """The mini project, built and tested, in a folder of this test."""
    shutil.copytree(built_once.place.folder, tmp_path / "place")
    shutil.copytree(built_once.place.project, tmp_path / "project")
    return Mini(Place(tmp_path / "place", project=tmp_path / "project"))


def test_opens_for_what_was_built_and_tested(mini: Mini) -> None:
    verdict = mini.verdict()
    assert verdict.reasons == []
    # not_null x2, unique, above_zero x2, one unit test; stg_plays, scores, totals and the private model
    assert (verdict.tests_passed, verdict.tests_warned, verdict.models_built) == (6, 0, 4)
    tables = published_tables(Dbt(mini.place.settings).parse())
    assert [table.name for table in tables] == ["scores", "totals", "totals_v1", "weights"]


def test_a_run_logs_the_project_that_is_on_disk(mini: Mini) -> None:
    logged = mini.sql("select arg_max(project_fingerprint, started_at) from run_log.dbt_runs")
    assert logged == [(project_fingerprint(mini.place.project),)]


def test_empty_warehouse(tmp_path: Path) -> None:
    mini = _new_mini(tmp_path)
    duckdb.connect(str(mini.place.warehouse)).close()
    assert "Nothing was built" in mini.reasons()
    assert mini.dbt("build").ok
    assert "No listening is loaded" in mini.reasons()


def test_warnings_pass_and_are_counted(mini: Mini) -> None:
    mini.load("2", "('c', 0)")
    assert mini.dbt("build").ok
    verdict = mini.verdict()
    assert verdict.is_open
    assert (verdict.tests_passed, verdict.tests_warned) == (5, 1)


def test_newer_load(mini: Mini) -> None:
    mini.load("2", "('c', 3)")
    assert re.fullmatch(r"Data was loaded after the newest build, `.*` of .*, began\.", mini.reasons())


def test_unfinished_load_does_not_count(mini: Mini) -> None:
    mini.sql("insert into raw_spotify._dlt_loads values ('2', 's', 1, now(), 'h')")
    assert mini.verdict().is_open


CHANGES = {
    "model": ("models/marts/totals_v1.sql", "count(*)", "count(play_id)"),
    "macro, two calls deep": ("macros/macros.sql", "({{ expression }})", "(0 + {{ expression }})"),
    "generic test": ("macros/macros.sql", "<= 0", "< 0"),
    "contract": ("models/marts/_marts__models.yml", "data_type: double", "data_type: float"),
    "severity": ("models/marts/_marts__models.yml", "severity: warn", "severity: error"),
    "unit test": ("models/marts/_marts__models.yml", "score: 6.0", "score: 7.0"),
    "new test": ("models/marts/_marts__models.yml", "- name: play_id\n", f"{PLAY_ID}\n"),
    "seed": ("seeds/definitions/weights.csv", "1,1.5", "1,2.5"),
    "variable": ("dbt_project.yml", "known_at: null", "known_at: 2020-01-01"),
}


@pytest.mark.parametrize("change", mostly_long(CHANGES, "model", "seed", "unit test"))
def test_other_code_on_disk(mini: Mini, change: str) -> None:
    mini.replace(*CHANGES[change])
    assert "Models, seeds, macros or tests changed after the newest build" in mini.reasons()


def test_a_file_that_appears_or_goes_is_a_change(mini: Mini) -> None:
    mini.file("models/marts/more.sql").write_text("select 1 as one")
    assert "changed after the newest build" in mini.reasons()
    mini.file("models/marts/more.sql").unlink()
    assert mini.verdict().is_open
    mini.file("models/marts/.totals_v1.sql.swp").write_text("an editor's")
    assert mini.verdict().is_open
    mini.file("models/marts/private.sql").unlink()
    assert "changed after the newest build" in mini.reasons()


def test_a_file_that_changes_between_reading_and_building(mini: Mini) -> None:
    """dbt builds what it read; the log must not claim that it built what is on disk."""
    dbt = Dbt(mini.place.settings)
    dbt.parse()
    mini.replace("models/marts/totals_v1.sql", "count(*)", "2 * count(*)")
    assert dbt._invoke(["build"], None).success
    assert "Files of the project changed while the newest build" in mini.reasons()
    # `build` itself reads again what has changed since.
    assert dbt.build([], lambda _: None).ok
    assert mini.verdict().is_open


def test_only_part_of_the_project_was_built(mini: Mini) -> None:
    for command in (["build", "--select", "totals"], ["run"], ["seed"]):
        assert mini.dbt(*command).ok
        assert "was not a `dbt build` of the whole project" in mini.reasons()
    assert mini.dbt("build").ok
    assert mini.verdict().is_open


def test_a_test_that_fails_after_the_build(mini: Mini) -> None:
    assert mini.dbt("test").ok
    assert mini.verdict().is_open
    mini.sql("update definitions.weights set weight = -1")
    assert not mini.dbt("test").ok
    assert mini.reasons() == "A test failed: Every weight is above zero (1 row broke it)."
    mini.sql("update definitions.weights set weight = 1.5")
    assert mini.dbt("test").ok
    assert "A test failed" in mini.reasons(), "only a new build says that all is well"


def test_failed_test_is_named_in_plain_words(mini: Mini) -> None:
    mini.replace("seeds/definitions/weights.csv", "1,1.5", "1,-1.5")
    result = mini.dbt("build")
    assert not result.ok
    assert [(bad.plain, bad.failures, bad.subjects) for bad in result.bad] == [
        ("Every weight is above zero", 1, ("seeds/definitions/weights.csv",))
    ]
    reasons = mini.reasons()
    assert "A test failed: Every weight is above zero (1 row broke it)." in reasons
    assert "whole project" not in reasons  # a consequence, no reason of its own


def test_broken_model(mini: Mini) -> None:
    mini.replace("models/marts/totals_v1.sql", "count(*)", "count(*) / nothing")
    result = mini.dbt("build")
    assert [bad.name for bad in result.bad] == ["totals"]
    assert "nothing" in result.bad[0].message
    assert "The model totals could not be built." in mini.reasons()


@pytest.mark.long
def test_other_settings_are_never_published(mini: Mini) -> None:
    for arguments in (("--vars", "{known_at: 2020-01-01}"), ("--empty",)):
        mini.dbt("build", *arguments)
        assert "did not use the default settings" in mini.reasons()
    assert mini.dbt("build").ok
    assert mini.verdict().is_open


@pytest.mark.long
def test_interrupted_run(mini: Mini) -> None:
    mini.sql(
        "insert into run_log.dbt_runs (invocation_id, started_at, command, invocation, vars, flags, raw_fingerprint) "
        "values ('x', (now() at time zone 'UTC')::timestamp, 'run', 'dbt run', '{}', '{}', '')"
    )
    assert "The newest build, `dbt run` of" in mini.reasons()
    assert "did not finish" in mini.reasons()
    assert mini.dbt("build").ok
    assert mini.verdict().is_open


@pytest.mark.long
def test_commands_that_write_nothing_leave_no_trace(mini: Mini) -> None:
    before = mini.sql("select count(*) from run_log.dbt_runs")
    assert mini.dbt("compile").ok
    assert mini.dbt("docs", "generate").ok
    assert mini.sql("select count(*) from run_log.dbt_runs") == before
    assert mini.verdict().is_open


# --- publishing ----------------------------------------------------------------------------------------------


@pytest.fixture
def publish_mini(mini: Mini) -> Callable[[], Path]:
    def run() -> Path:
        settings = mini.place.settings
        publish(settings, Dbt(settings).parse())
        return settings.published

    return run


def test_publishes_marts_and_definitions_and_nothing_else(publish_mini: Callable[[], Path]) -> None:
    with duckdb.connect(str(publish_mini()), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables"
        ).fetchall()
        assert sorted(tables) == [
            ("main", name, "BASE TABLE")
            for name in ("glossary", "glossary_tables", "publication", "scores", "totals", "totals_v1", "weights")
        ]
        assert connection.execute("from scores").fetchall() == [("a", 3.0), ("b", 6.0)]
        assert connection.execute("from totals").fetchall() == connection.execute("from totals_v1").fetchall()
        tests = connection.execute("select tests_passed, tests_warned, tests_total, models_built from publication")
        assert tests.fetchall() == [(6, 0, 6, 4)]


def test_refusal_leaves_the_published_file_alone(mini: Mini, publish_mini: Callable[[], Path]) -> None:
    before = publish_mini().read_bytes()
    mini.load("2", "('c', 3)")
    with pytest.raises(Refused, match=r"(?s)Nothing was published.*Data was loaded after.*Run `spotiflow refresh`\."):
        publish_mini()
    assert mini.place.published.read_bytes() == before
    assert [entry.name for entry in mini.place.published.parent.glob(".*")] == []


def test_private_layers_cannot_be_published(mini: Mini, publish_mini: Callable[[], Path]) -> None:
    mini.replace(
        "models/staging/_staging__models.yml",
        "- name: stg_plays\n",
        "- name: stg_plays\n    config: {meta: {published: true}}\n",
    )
    with pytest.raises(CommandError, match=r"staging\.stg_plays is private"):
        publish_mini()
    assert not mini.place.published.exists()
    assert [entry.name for entry in mini.place.published.parent.glob(".*")] == []


def _totals(**meta: Any) -> SimpleNamespace:
    return SimpleNamespace(
        unique_id="model.p.totals.v1",
        resource_type="model",
        name="totals",
        alias="totals_v1",
        schema="marts",
        version=1,
        latest_version=2,
        columns={"user_id": None, "provider": None, "plays": None},
        config=SimpleNamespace(meta={"published": True, **meta}),
    )


def _key(*columns: str, where: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        resource_type="test",
        original_file_path="models/_models.yml",
        attached_node="model.p.totals.v1",
        test_metadata=SimpleNamespace(name="is_key", kwargs={"columns": list(columns)}),
        config=SimpleNamespace(where=where),
    )


def _order(*nodes: SimpleNamespace) -> tuple[str, ...]:
    (table,) = published_tables(SimpleNamespace(nodes=dict(enumerate(nodes))))
    return table.order


def test_a_table_is_sorted_by_its_own_columns_whatever_order_dbt_has_put_together() -> None:
    """dbt appends lists of `meta`: a version's own order and, after some changes, that of its model behind it."""
    totals = _totals(published_order=["user_id", "provider", "user_id", "provider_or_reason"])
    assert _order(totals, _key("plays")) == ("user_id", "provider")


def test_a_table_is_sorted_by_its_key_unless_it_has_several() -> None:
    key = _key("user_id", "provider")
    assert _order(_totals(), key) == ("user_id", "provider")
    assert _order(_totals(), key, _key("user_id", where="provider is null")) == ("user_id", "provider")
    assert _order(_totals(), key, _key("user_id", "plays")) == ()
