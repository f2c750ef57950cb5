"""What counts as other listening, so that everything has to be built anew, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from extract.raw.loader import load_tables
from extract.raw.tables import TABLES
from spotiflow.demo.sandbox import Fault, SandboxAccount
from spotiflow.publication import Publication, read_publication, shows_all_of
from spotiflow.warehouse import listening_fingerprint, raw_fingerprint
from tests.extract.api_items import ITEMS
from tests.spotiflow.spotify_place import SpotifyPlace, spotify_place

PAGE = "/v1/me/player/recently-played"


def prints(there: SpotifyPlace) -> tuple[str, str]:
    with duckdb.connect(str(there.place.warehouse), read_only=True) as connection:
        return raw_fingerprint(connection), listening_fingerprint(connection)


@pytest.mark.long
def test_only_polls_that_bring_something_are_other_listening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = SandboxAccount("refresh-0", list(ITEMS[10:40]), {"id": "somebody"})
    with spotify_place(tmp_path, monkeypatch, capsys, [account]) as there:
        there.log_in("me", "refresh-0")
        assert there.run("load", "api").code == 0
        first = prints(there)
        assert there.run("load", "api").code == 0
        again = prints(there)
        assert again[0] != first[0], "the poll was loaded"
        assert again[1] == first[1], "and brought nothing"
        there.spotify.faults.add(PAGE, Fault(403, {"error": {"status": 403}}))
        assert there.run("load", "api").code == 1
        assert prints(there)[1] == first[1], "a refusal is no listening"
        there.spotify.faults.clear()

        account.items = list(ITEMS[9:40])
        assert there.run("load", "api").code == 0
        one_more = prints(there)
        assert one_more[1] != first[1], "one play came in"

        with duckdb.connect(str(there.place.warehouse), read_only=True) as connection:
            now = Publication(datetime(2026, 11, 1), None, None, 1, 31, 1, 0, 1, 1, one_more[0], "code", one_more[1])
            assert shows_all_of(connection, now)
            assert shows_all_of(connection, replace(now, raw_fingerprint="before a poll"))
            assert not shows_all_of(connection, replace(now, raw_fingerprint="other", listening_fingerprint="other"))
            assert not shows_all_of(connection, replace(now, raw_fingerprint="other", listening_fingerprint=""))


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"poll_log"}))
def test_a_row_of_any_other_table_is_other_listening(tmp_path: Path, name: str) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    load_tables(warehouse, {})
    table = TABLES[name]
    columns = ", ".join(table.primary_key)
    with duckdb.connect(str(warehouse)) as connection:
        before = listening_fingerprint(connection)
        values = ", ".join(
            f"cast('{'2026-10-05' if str(kind).startswith(('date', 'timestamp')) else 1}' as "
            f"{'timestamp' if str(kind).startswith(('date', 'timestamp')) else 'varchar'})"
            for kind in (table.schema.field(column).type for column in table.primary_key)
        )
        insert = f"insert into raw_spotify.{name} ({columns}, _dlt_load_id) select {values}, "
        connection.execute(f"{insert} 'of a load that did not complete'")
        assert listening_fingerprint(connection) == before
        connection.execute(f"{insert} (select max(load_id) from raw_spotify._dlt_loads)")
        assert listening_fingerprint(connection) != before


def test_a_publication_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "published.duckdb"
    names = [name for name in Publication.__dataclass_fields__ if name != "listening_fingerprint"]
    with duckdb.connect(str(path)) as connection:
        values = ", ".join(f"null as {name}" for name in names)
        connection.execute(f"create table publication as select {values}")
    found = read_publication(path)
    assert found is not None
    assert found.listening_fingerprint == ""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create or replace table publication as select 1 as listeners")
    assert read_publication(path) is None
