"""The pipeline: every raw table exists, keys hold, interrupted loads are finished, failures are said plainly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from extract.pipeline import load_tables, working_folder
from extract.report import LoadError
from extract.tables import ACCOUNTS, DATASET, TABLES, RawTable
from tests.conftest import Place
from tests.extract.conftest import Query
from tests.workflow.conftest import settings_of
from workflow.dbt_runner import Dbt

ROOT = Path(__file__).parents[2]


def account(user_id: str, timezone: str = "Europe/London") -> pa.Table:
    return ACCOUNTS.from_rows([{"user_id": user_id, "timezone": timezone, "is_sample": False}])


def test_every_raw_table_exists_after_the_first_load_of_anything(warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("a")]})
    columns = {}
    for table, column, kind in query(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = ?", DATASET
    ):
        columns.setdefault(table, {})[column] = kind
    for table in TABLES.values():
        assert list(columns[table.name]) == [*table.schema.names, "_dlt_load_id"]
        for field in table.schema:
            assert (columns[table.name][field.name] == "TIMESTAMP") == pa.types.is_timestamp(field.type)


def test_dbt_s_sources_declare_the_same_columns():
    kinds = {
        pa.string(): "varchar",
        pa.int64(): "bigint",
        pa.float64(): "double",
        pa.bool_(): "boolean",
        pa.timestamp("us"): "timestamp",
        pa.date32(): "date",
    }
    declared = {}
    for path in (ROOT / "models" / "staging").rglob("*__sources.yml"):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                declared[table["name"]] = {column["name"]: column["data_type"] for column in table["columns"]}
    for table in TABLES.values():
        expected = {field.name: kinds[field.type] for field in table.schema}
        assert declared[table.name] == {**expected, "_dlt_load_id": "varchar"}, table.name


def test_the_last_row_of_a_key_counts(warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("a"), account("b")]})
    load_tables(warehouse, {"accounts": [account("a", "Asia/Kolkata")]})
    assert query("select user_id, timezone from raw_spotify.accounts order by 1") == [
        ("a", "Asia/Kolkata"),
        ("b", "Europe/London"),
    ]
    assert query("select distinct status from raw_spotify._dlt_loads") == [(0,)]


@pytest.mark.parametrize("dbt_ran_in_between", [False, True])
def test_a_warehouse_of_an_older_version_gets_new_columns(
    dbt_ran_in_between, tmp_path, warehouse, query: Query, monkeypatch
):
    """A table that was loaded without a column takes rows with it, whether or not dbt added the column first."""
    tracks = TABLES["tracks"]
    older = RawTable(
        "tracks", pa.schema([field for field in tracks.schema if field.name != "genre"]), tracks.primary_key
    )
    with monkeypatch.context() as patched:
        patched.setitem(TABLES, "tracks", older)
        rows = older.from_rows([{"track_id": "old", "provider": "catalogue", "track_name": "Paper Boats"}])
        load_tables(warehouse, {"tracks": [rows]})
    columns = "select column_name from information_schema.columns where table_name = 'tracks' and table_schema = ?"
    assert ("genre",) not in query(columns, DATASET)
    if dbt_ran_in_between:
        project = Dbt(settings_of(Place(tmp_path)))
        project.parse()
        assert project.build(["--select", "stg_spotify__tracks"], lambda _: None).ok
        assert query("select track_id, genre from staging.stg_spotify__tracks") == [("old", None)]
    rows = tracks.from_rows([{"track_id": "new", "provider": "catalogue", "track_name": "Lamps", "genre": "surf"}])
    load_tables(warehouse, {"tracks": [rows]})
    assert query("select track_id, genre from raw_spotify.tracks order by 1") == [("new", "surf"), ("old", None)]


def test_rows_name_the_load_that_brought_them(warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("a")]})
    assert query(
        "select count(*) from raw_spotify.accounts inner join raw_spotify._dlt_loads on _dlt_load_id = load_id"
    ) == [(1,)]


def test_unknown_tables_and_columns_are_refused(warehouse):
    with pytest.raises(KeyError, match="no raw table is called"):
        load_tables(warehouse, {"playlists": []})
    with pytest.raises(KeyError, match="e_mail"):
        ACCOUNTS.from_rows([{"user_id": "a", "e_mail": "x"}])


def test_state_of_a_deleted_warehouse_does_not_come_alive_in_a_new_one(warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("a")]})
    warehouse.unlink()
    load_tables(warehouse, {"accounts": [account("b")]})
    assert query("select user_id from raw_spotify.accounts") == [("b",)]


def test_a_warehouse_that_is_no_database_gets_a_sentence(warehouse):
    warehouse.parent.mkdir(parents=True)
    warehouse.write_text("this is not a database" * 1000)
    with pytest.raises(LoadError, match="did not take the load"):
        load_tables(warehouse, {"accounts": [account("a")]})


_KILLED = """
import os, signal, sys
from pathlib import Path
from extract.pipeline import load_tables
from extract.tables import ACCOUNTS
import dlt

step = getattr(dlt.Pipeline, sys.argv[2])
def killed(self, *args, **kwargs):
    if sys.argv[3] == "after":
        step(self, *args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(dlt.Pipeline, sys.argv[2], killed)
row = {"user_id": "killed", "timezone": "Europe/London", "is_sample": False}
load_tables(Path(sys.argv[1]), {"accounts": [ACCOUNTS.from_rows([row])]})
"""


@pytest.mark.parametrize(("step", "when"), [("extract", "after"), ("normalize", "after"), ("load", "before")])
def test_a_load_that_was_killed_half_way_is_finished_by_the_next(step, when, warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("first")]})
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(warehouse), step, when],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert working_folder(warehouse).exists()
    load_tables(warehouse, {"accounts": [account("next")]})
    assert query("select user_id from raw_spotify.accounts order by 1") == [("first",), ("killed",), ("next",)]
