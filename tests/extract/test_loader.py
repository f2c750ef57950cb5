"""The pipeline: every raw table exists, keys hold, interrupted loads are finished, failures are said plainly."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pytest
import yaml
from dlt.load.load import Load

from extract.raw import loader, spool
from extract.raw.loader import load_tables, set_aside_folder, working_folder
from extract.raw.tables import ACCOUNTS, DATASET, TABLES
from extract.report import LoadError
from tests import fork_server
from tests.conftest import PROJECT, Place
from tests.extract.conftest import Query
from tests.sharing import mostly_long

POLL = TABLES["poll_log"].from_rows(
    [
        {
            "user_id": "a",
            "requested_at": datetime(2026, 11, 1),
            "endpoint": "me/player/recently-played",
            "status_code": 200,
        }
    ]
)


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
        pa.string(): "string",
        pa.int64(): "bigint",
        pa.float64(): "double",
        pa.bool_(): "boolean",
        pa.timestamp("us"): "timestamp",
        pa.date32(): "date",
    }
    declared = {}
    for path in (PROJECT / "models" / "staging").rglob("*__sources.yml"):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                declared[table["name"]] = {column["name"]: column["data_type"] for column in table["columns"]}
    for table in TABLES.values():
        expected = {field.name: kinds[field.type] for field in table.schema}
        assert declared[table.name] == {**expected, "_dlt_load_id": "string"}, table.name


def test_the_last_row_of_a_key_counts(warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("a"), account("b")]})
    load_tables(warehouse, {"accounts": [account("a", "Asia/Kolkata")]})
    assert query("select user_id, timezone from raw_spotify.accounts order by 1") == [
        ("a", "Asia/Kolkata"),
        ("b", "Europe/London"),
    ]
    assert query("select distinct status from raw_spotify._dlt_loads") == [(0,)]


@pytest.mark.parametrize("dbt_ran_in_between", mostly_long([False, True], False))
def test_a_warehouse_of_an_older_version_gets_new_columns(
    dbt_ran_in_between, tmp_path, warehouse, query: Query, monkeypatch, parsed
):
    """A table that was loaded without a column takes rows with it, whether or not dbt added the column first."""
    tracks = TABLES["tracks"]
    older = replace(tracks, schema=pa.schema([field for field in tracks.schema if field.name != "genre"]))
    with monkeypatch.context() as patched:
        patched.setitem(TABLES, "tracks", older)
        rows = older.from_rows([{"track_id": "old", "provider": "catalogue", "track_name": "Paper Boats"}])
        load_tables(warehouse, {"tracks": [rows]})
    columns = "select column_name from information_schema.columns where table_name = 'tracks' and table_schema = ?"
    assert ("genre",) not in query(columns, DATASET)
    if dbt_ran_in_between:
        assert parsed(Place(tmp_path)).build(["--select", "stg_spotify__tracks"], lambda _: None).ok
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
    with pytest.raises(LoadError, match="could not be written to"):
        load_tables(warehouse, {"accounts": [account("a")]})


_KILLED = """
import os, signal, sys
from pathlib import Path
from extract.raw.loader import load_tables
from extract.raw.tables import ACCOUNTS
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


def killed_while_loading(warehouse: Path, step: str = "load", when: str = "before") -> None:
    code, _, err = fork_server.start(_KILLED, ["-c", str(warehouse), step, when], PROJECT, os.environ).finish()
    assert code == -signal.SIGKILL, err


@pytest.mark.parametrize(
    ("step", "when"),
    mostly_long([("extract", "after"), ("normalize", "after"), ("load", "before")], ("extract", "after")),
)
def test_a_load_that_was_killed_half_way_is_finished_by_the_next(step, when, warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("first")]})
    killed_while_loading(warehouse, step, when)
    assert working_folder(warehouse).exists()
    load_tables(warehouse, {"accounts": [account("next")]})
    assert query("select user_id from raw_spotify.accounts order by 1") == [("first",), ("killed",), ("next",)]


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize("number", mostly_long([signal.SIGINT, signal.SIGTERM], signal.SIGTERM))
def test_a_load_that_is_asked_to_stop_gives_nothing_up(number, is_heard, warehouse, query: Query, monkeypatch):
    """Left to itself, dlt hears both in our place and makes an error of them that blames the rows."""
    load_tables(warehouse, {"accounts": [account("first")]})
    spool.keep(warehouse, {"accounts": [{"user_id": "waiting", "timezone": "Europe/London", "is_sample": False}]})
    heard = []

    def listen(*_: object) -> None:
        heard.append(number)
        if not is_heard:
            raise KeyboardInterrupt  # as Python does where nobody listens

    step = Load.run

    def asked_to_stop(self, *arguments):
        if not heard:
            signal.raise_signal(number)
        return step(self, *arguments)

    before = signal.signal(number, listen)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Load, "run", asked_to_stop)
            if is_heard:
                load_tables(warehouse, {})
            else:
                with pytest.raises(LoadError, match="Nothing is lost"):
                    load_tables(warehouse, {})
    finally:
        signal.signal(number, before)
    assert heard == [number]
    assert not set_aside_folder(warehouse).exists()
    assert bool(spool.waiting(warehouse)) is not is_heard
    load_tables(warehouse, {})
    assert query("select user_id from raw_spotify.accounts order by 1") == [("first",), ("waiting",)]


# ---- packages that cannot be loaded, rows that did not arrive, answers that wait ----


def package_file(warehouse: Path, table: str = "accounts") -> Path:
    (file,) = working_folder(warehouse).rglob(f"normalized/*/new_jobs/{table}.*.parquet")
    return file


def users(query: Query) -> list[str]:
    return [user for (user,) in query("select user_id from raw_spotify.accounts order by 1")]


def spoil_file(warehouse: Path) -> None:
    package_file(warehouse).write_bytes(b"this was a Parquet file once")


def lose_file(warehouse: Path) -> None:
    package_file(warehouse).unlink()


def spoil_schema(warehouse: Path) -> None:
    for path in working_folder(warehouse).rglob("*schema.json"):
        path.write_text("{")


def spoil_state(warehouse: Path) -> None:
    (working_folder(warehouse) / "spotiflow" / "state.json").write_text("")


def conflict(warehouse: Path) -> None:
    """A package whose column is of another type than the table's."""
    import pyarrow.parquet as pq

    path = package_file(warehouse)
    rows = pq.read_table(path)
    place = rows.schema.get_field_index("is_sample")
    pq.write_table(rows.set_column(place, "is_sample", pa.array(["perhaps"] * len(rows))), path)


@pytest.mark.parametrize("harm", mostly_long([spoil_file, lose_file, spoil_schema, spoil_state, conflict], spoil_file))
def test_a_package_that_cannot_be_loaded_is_set_aside_and_blocks_nothing(
    harm, warehouse, query: Query, caplog: pytest.LogCaptureFixture
):
    load_tables(warehouse, {"accounts": [account("first")]})
    killed_while_loading(warehouse)
    harm(warehouse)
    load_tables(warehouse, {"accounts": [account("next")]})
    assert users(query) == ["first", "next"]
    (place,) = set_aside_folder(warehouse).iterdir()
    assert "interrupted load" in (place / "why.txt").read_text()
    assert str(place) in caplog.text
    assert "load that file again" in caplog.text
    assert stat.S_IMODE(set_aside_folder(warehouse).stat().st_mode) == 0o700
    caplog.clear()
    load_tables(warehouse, {"accounts": [account("last")]})
    assert users(query) == ["first", "last", "next"]
    assert len(list(set_aside_folder(warehouse).iterdir())) == 1
    assert not caplog.records


def test_a_warehouse_that_takes_nothing_now_is_no_reason_to_set_anything_aside(warehouse, query: Query):
    load_tables(warehouse, {"accounts": [account("first")]})
    killed_while_loading(warehouse)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()",
            str(warehouse),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LoadError, match="run the same command again"):
            load_tables(warehouse, {"accounts": [account("next")]})
    finally:
        holder.communicate()
    assert not set_aside_folder(warehouse).exists()
    load_tables(warehouse, {"accounts": [account("next")]})
    assert users(query) == ["first", "killed", "next"]


@pytest.mark.parametrize("can_abort", mostly_long([True, False], False))
def test_rows_that_replaced_others_stay_visible_when_their_load_cannot_be_finished(
    can_abort, warehouse, query: Query, monkeypatch: pytest.MonkeyPatch
):
    """A load that fails half way has replaced rows already: they must not vanish from what staging reads."""

    def fail(_: object) -> None:
        raise OSError("dlt cannot read its own files")

    if not can_abort:
        monkeypatch.setattr(dlt.Pipeline, "abort_packages", fail)
    load_tables(warehouse, {"accounts": [account("a")], "poll_log": [POLL]})
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table raw_spotify.poll_log alter column status_code type date using null")
    with pytest.raises(LoadError, match="could not be written to"):
        load_tables(warehouse, {"accounts": [account("a", "Asia/Kolkata")], "poll_log": [POLL]})
    complete = (
        "select user_id from raw_spotify.accounts where _dlt_load_id in "
        "(select load_id from raw_spotify._dlt_loads where status = 0)"
    )
    assert query(complete) == [("a",)]
    assert not [path for path in working_folder(warehouse).rglob("*.parquet") if path.is_file()]
    load_tables(warehouse, {"accounts": [account("b")]})
    assert users(query) == ["a", "b"]


def test_rows_that_did_not_arrive_are_noticed(warehouse, monkeypatch: pytest.MonkeyPatch):
    """dlt says that all went well, and a row is missing: a disk that forgets, or a fault in dlt."""
    load_tables(warehouse, {"accounts": [account("a")]})
    real = loader._verify

    def lose_one(place: Path, load_ids: list[str], keys: Path) -> None:
        with duckdb.connect(str(place)) as connection:
            connection.execute("delete from raw_spotify.accounts where user_id = 'c'")
        real(place, load_ids, keys)

    monkeypatch.setattr(loader, "_verify", lose_one)
    with pytest.raises(LoadError, match=r"1 rows for raw_spotify\.accounts did not arrive"):
        load_tables(warehouse, {"accounts": [account("b"), account("c")]})


def test_nothing_of_what_was_loaded_stays_in_dlt_s_folder_or_staging_tables(warehouse, query: Query):
    for number in range(3):
        load_tables(warehouse, {"accounts": [account(f"user-{number}")]})
    left = [path for path in working_folder(warehouse).rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix in (".parquet", ".sql", ".gz")]
    assert not [path for path in left if b"user-" in path.read_bytes()]
    assert query("select count(*) from raw_spotify_staging.accounts") == [(0,)]


def play(user_id: str, minute: int) -> dict[str, object]:
    return {"user_id": user_id, "played_at": datetime(2026, 11, 1, 12, minute, 0, 123000), "track_id": "t"}


def test_answers_that_nobody_loaded_come_with_the_next_load(warehouse, query: Query):
    spool.keep(warehouse, {"recently_played": [play("a", 1), play("a", 2)], "accounts": [{"user_id": "a"}]})
    spool.keep(warehouse, {"recently_played": [play("a", 2), play("a", 3)]})
    load_tables(warehouse, {"accounts": [account("b")]})
    assert query("select user_id, played_at, track_id from raw_spotify.recently_played order by 2") == [
        tuple(play("a", minute).values()) for minute in (1, 2, 3)
    ]
    assert users(query) == ["a", "b"]
    assert spool.waiting(warehouse) == []


def test_of_waiting_rows_with_one_key_the_last_one_written_counts(warehouse, query: Query):
    for timezone in ("Europe/London", "Asia/Tokyo"):
        spool.keep(warehouse, {"accounts": [{"user_id": "a", "timezone": timezone, "is_sample": False}]})
    load_tables(warehouse, {})
    assert query("select user_id, timezone from raw_spotify.accounts") == [("a", "Asia/Tokyo")]


def test_answers_stay_until_their_rows_are_in_the_warehouse(warehouse, query: Query, monkeypatch):
    load_tables(warehouse, {"accounts": [account("a")]})
    path = spool.keep(warehouse, {"recently_played": [play("a", 1)]})
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    with monkeypatch.context() as patched:
        patched.setattr(loader, "_verify", lambda *_: (_ for _ in ()).throw(LoadError("not there")))
        with pytest.raises(LoadError, match="not there"):
            load_tables(warehouse, {})
    assert spool.waiting(warehouse) == [path]
    assert loader.finish(warehouse) is True
    assert spool.waiting(warehouse) == []
    assert query("select count(*) from raw_spotify.recently_played") == [(1,)]
    assert loader.finish(warehouse) is False


def test_an_answer_that_cannot_be_loaded_is_set_aside_and_the_others_are_loaded(
    warehouse, query: Query, caplog: pytest.LogCaptureFixture
):
    load_tables(warehouse, {"accounts": [account("a")]})
    spool.keep(warehouse, {"recently_played": [play("a", 1)]})
    (spool.folder(warehouse) / "0-cut.json").write_text('{"recently_played": [{"user_id"')
    (spool.folder(warehouse) / "0-draft.part").write_text('{"recently_pl')
    (spool.folder(warehouse) / "1-other.json").write_text('{"somebody": []}')
    (spool.folder(warehouse) / "2-no-key.json").write_text('{"recently_played": [{"user_id": "a"}]}')
    spool.keep(warehouse, {"recently_played": [play("a", 2)]})
    load_tables(warehouse, {})
    assert query("select count(*) from raw_spotify.recently_played") == [(2,)]
    assert spool.waiting(warehouse) == []
    aside = {path.name for path in set_aside_folder(warehouse).rglob("*.json")}
    assert aside == {"0-cut.json", "1-other.json", "2-no-key.json"}
    assert len(caplog.records) == 3
    assert "come again with the next poll" in caplog.text


def test_what_cannot_be_a_row_is_refused_before_it_waits(warehouse):
    with pytest.raises(KeyError, match="e_mail"):
        spool.keep(warehouse, {"accounts": [{"e_mail": "x"}]})
    assert spool.waiting(warehouse) == []
