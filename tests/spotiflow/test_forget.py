"""`spotiflow forget`: nothing of the account is left anywhere, and the rest is as if it had never been loaded."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.raw.loader import load, load_tables
from extract.raw.tables import AUDIO_FEATURES, RECOMMENDATIONS, REJECTED_ROWS, TABLES
from extract.sources.spotify_api import batch_of, cached_client, poll, token_path
from extract.sources.table_files import read_catalogue
from extract.stored import StoredAccount
from spotiflow.demo.sandbox import SandboxAccount, SpotifySandbox
from spotiflow.privacy import personal_site
from spotiflow.pseudonyms import user_id_for
from tests.conftest import Completed, Place
from tests.extract.exports import record, write_json

pytestmark = pytest.mark.long

ANA, BEN = "ana-sorrel-zq", "ben_phone"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHARED, IN_CATALOGUE, OF_BEN = "s" * 22, "c" * 22, "b" * 22
OF_ANA = [f"Qna{number:019d}" for number in range(12)]
# When something was loaded, asked or built differs between two runs, whatever is in them.
MOMENTS = {"loaded_at", "first_loaded_at", "requested_at", "as_of", "published_at", "data_as_of", "inputs_fingerprint"}
NOT_COMPARED = {"publication"}


@dataclass
class Forgotten:
    """Ana and Ben were loaded and published, then Ana was forgotten; beside it a place that never knew her."""

    place: Place
    without: Place
    ana: str
    done: Completed


def _plays(tracks: Iterable[str], hours: int) -> list[dict[str, Any]]:
    return [
        record(
            f"{START + timedelta(hours=number * hours):%Y-%m-%dT%H:%M:%SZ}",
            spotify_track_uri=f"spotify:track:{track}",
            master_metadata_track_name=f"Title of {track}",
        )
        for number, track in enumerate(tracks)
    ]


def _load(place: Place, folder: Path, label: str, tracks: list[str], hours: int) -> None:
    export = write_json(folder / f"{label[:3]}" / "Streaming_History_Audio_2026_0.json", _plays(tracks, hours))
    done = place.run("load", "export", export, "--account", label, "--timezone", "Europe/London")
    assert done.code == 0, done.text


def _poll(place: Place, label: str, tracks: list[str]) -> None:
    """A page of recently played through the stand-in, with the login that it leaves behind."""
    home = place.folder / "home"
    user_id = user_id_for(label, home)
    items: list[dict[str, Any]] = [
        {
            "track": {
                "id": track,
                "name": f"Title of {track}",
                "type": "track",
                "uri": f"spotify:track:{track}",
                "duration_ms": 180_000,
                "album": {"name": "An Album"},
                "artists": [{"id": f"X{track[:-1]}", "name": f"Artist of {track}", "type": "artist"}],
            },
            "played_at": f"{START + timedelta(days=40, minutes=number * 4):%Y-%m-%dT%H:%M:%S.500Z}",
        }
        for number, track in enumerate(tracks)
    ]
    path = token_path(user_id, home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps({"refresh_token": f"refresh-{label}", "client_id": "sandbox-client"}))
    path.chmod(0o600)
    with SpotifySandbox([SandboxAccount(f"refresh-{label}", items[::-1])]) as spotify:
        client = cached_client(user_id, home, api_base=spotify.url, accounts_base=spotify.url)
        load(place.warehouse, batch_of([StoredAccount(user_id, "Europe/London")], [poll(client, user_id)]))


def _features(place: Place, folder: Path) -> None:
    path = folder / "features.csv"
    path.write_text(
        f"track_id,track_name,{','.join(AUDIO_FEATURES)}\n"
        + "".join(f"{track},Title of {track}{',0.4' * 6},0.{n}\n" for n, track in enumerate((SHARED, IN_CATALOGUE), 5))
    )
    with read_catalogue(path) as batch:
        load(place.warehouse, batch)


def _answers(place: Place, user_id: str, others: list[str]) -> None:
    """Two answers to `user_id`: one names a track that only Ana played."""
    rows = [
        {
            "recommender": "reccobeats",  # a service: nobody is asked again here
            "user_id": user_id,
            "week_start": datetime(2026, 3, 2).date(),
            "seed_track_id": seed,
            "rank": rank,
            "track_id": track,
            "recommender_version": "1",
            "requested_at": datetime(2026, 11, 1),
            "as_of": datetime(2026, 3, 9),
        }
        for seed, tracks in ((SHARED, [IN_CATALOGUE, *others]), (IN_CATALOGUE, [SHARED]))
        for rank, track in enumerate(tracks, start=1)
    ]
    load_tables(place.warehouse, {RECOMMENDATIONS.name: [RECOMMENDATIONS.from_rows(rows)]})


def _rejection(place: Place, track: str) -> None:
    """What a service said of a track and was not believed: it names no account."""
    row = {
        "rejection_id": f"rejected-{track}",
        "source": "audio_features",
        "file": "reccobeats",
        "row": 1,
        "reason": "energy is outside 0 to 1",
        "fields": json.dumps({"track_id": track}),
    }
    load_tables(place.warehouse, {REJECTED_ROWS.name: [REJECTED_ROWS.from_rows([row])]})


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    folder = tmp_path_factory.mktemp("forget")
    place, without = Place(folder / "place"), Place(folder / "without")
    ben_plays = [SHARED, OF_BEN, IN_CATALOGUE, SHARED] * 8
    _load(place, folder, ANA, [*OF_ANA, SHARED, IN_CATALOGUE] * 3, 5)
    shutil.copytree(place.folder / "home", without.folder / "home")  # one key: the same pseudonyms
    shutil.rmtree(without.folder / "home" / "tokens", ignore_errors=True)
    for where in (place, without):
        _load(where, folder, BEN, ben_plays, 7)
        _features(where, folder)
        _poll(where, BEN, [SHARED, OF_BEN])
    _poll(place, ANA, [OF_ANA[0], "Polled0000000000000000", SHARED])
    ben = user_id_for(BEN, place.folder / "home")
    _answers(place, ben, [OF_ANA[3]])
    for where, track in ((place, OF_ANA[4]), (place, SHARED), (without, SHARED)):
        _rejection(where, track)
    for where in (place, without):
        (where.folder / "home" / "tokens" / f"{ben}.json").unlink()  # nobody is to be asked from here on
    ana = user_id_for(ANA, place.folder / "home")
    ana_login = token_path(ana, place.folder / "home")
    kept = ana_login.read_text()
    ana_login.unlink()
    for where in (place, without):
        done = where.run("refresh", "--no-site")
        assert done.code == 0, done.text
    ana_login.write_text(kept)
    # What else may lie about: a copy to compare with, a site, caches, logs.
    shutil.copy2(place.published, place.published.with_name("before.duckdb"))
    for path in (place.site / "data" / "x.arrow", place.logs / "old.log", place.folder / "target" / "run.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"somewhere: {ana}")
    _personal_sites(place, ana, ben)
    done = place.run("forget", "--account", ANA, "--yes", "--no-site")
    return Forgotten(place, without, ana, done)


def _personal_sites(place: Place, *user_ids: str) -> None:
    """What personal sites are made from, and a stand-in for the rest of them: Ana's own, and Ben's, who was told of one
    of her tracks by a service."""
    settings = place.settings
    for user_id in user_ids:
        own = personal_site.settings_of(settings, user_id)
        personal_site.take(settings, user_id, own.warehouse, [], wait=True, say=print)
        own.site.mkdir()
        (own.site / "index.html").write_text(user_id)


def _tables(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str, list[str]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        for schema, table, names in connection.execute(
            "select schema_name, table_name, list(column_name order by column_index) from duckdb_columns() "
            "where not internal group by all order by all"
        ).fetchall():
            yield connection, f'"{schema}"."{table}"', names


def test_it_says_what_it_removed_and_where_it_looked(forgotten: Forgotten) -> None:
    assert forgotten.done.code == 0, forgotten.done.text
    assert "The account is forgotten" in forgotten.done.out
    assert "nothing found" in forgotten.done.out
    assert "before.duckdb also contained the account and was removed" in forgotten.done.out
    assert re.search(r"streaming_history +42\n", forgotten.done.out)
    assert ANA not in forgotten.done.text


def test_no_value_of_any_table_names_the_account_or_its_own_tracks(forgotten: Forgotten) -> None:
    sought = [forgotten.ana, *OF_ANA, "Polled0000000000000000"]
    looked_at = 0
    for database in (forgotten.place.warehouse, forgotten.place.published):
        for connection, table, names in _tables(database):
            for row in connection.execute(f"select * from {table}").fetchall():
                looked_at += 1
                text = "\x1f".join(str(value) for value in row)
                assert not [word for word in sought if word in text], (database.name, table, names)
    assert looked_at > 500


def test_no_file_holds_its_bytes(forgotten: Forgotten) -> None:
    sought = [word.encode() for word in (forgotten.ana, *OF_ANA, "Polled0000000000000000", ANA)]
    files = [path for path in forgotten.place.folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert forgotten.ana not in path.name
        content = path.read_bytes()
        assert not [word for word in sought if word in content], path
    assert not forgotten.place.site.exists()


def test_sites_of_one_account_are_gone_if_they_show_it(forgotten: Forgotten) -> None:
    assert "its own site, with the warehouse" in forgotten.done.out
    assert "named tracks that only this account played and was removed" in forgotten.done.out, "Ben's"
    assert not personal_site.folder_of_all(forgotten.place.settings).exists()


def test_a_site_of_somebody_else_stays_and_one_alone_is_found(forgotten: Forgotten, tmp_path: Path) -> None:
    place = forgotten.place
    ben = user_id_for(BEN, place.folder / "home")
    _personal_sites(place, ben, forgotten.ana)
    done = place.run("forget", "--account", ANA, "--yes", "--no-site")
    assert done.code == 0, done.text
    assert [own.warehouse.parent.name for own in personal_site.all_of(place.settings)] == [ben]
    shutil.rmtree(personal_site.folder_of_all(place.settings))


def test_what_others_share_stays(forgotten: Forgotten) -> None:
    with duckdb.connect(str(forgotten.place.warehouse), read_only=True) as connection:
        tracks = {row[0] for row in connection.execute("select track_id from raw_spotify.tracks").fetchall()}
        answers = connection.execute(
            "select seed_track_id, track_id from raw_spotify.recommendations where recommender = 'reccobeats' "
            "and week_start = '2026-03-02' and requested_at = '2026-11-01'"
        ).fetchall()
    assert {SHARED, IN_CATALOGUE, OF_BEN} <= tracks
    # The answer that named Ana's track is gone as a whole, the other one is not.
    assert answers == [(IN_CATALOGUE, SHARED)]


def test_everything_is_as_if_it_had_never_been_loaded(forgotten: Forgotten) -> None:
    """Marts, incremental ones among them, equal those of a place that only ever knew Ben."""
    compared = 0
    with duckdb.connect() as connection:
        for name, place in (("one", forgotten.place), ("other", forgotten.without)):
            connection.execute(f"attach '{place.published}' as {name} (read_only)")
        tables = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() "
            "where database_name = 'other' and not internal group by all order by all"
        ).fetchall()
        for table, names in tables:
            if table in NOT_COMPARED:
                continue
            columns = ", ".join(f'"{name}"' for name in names if name not in MOMENTS)
            asked = [name for name in names if name in ("recommender", "first_recommender", "second_recommender")]
            condition = "where " + " and ".join(f"{name} <> 'reccobeats'" for name in asked) if asked else ""
            one, other = (
                connection.execute(f"select {columns} from {database}.{table} {condition} order by all").fetchall()
                for database in ("one", "other")
            )
            assert one == other, table
            compared += len(one)
    assert compared > 200


def test_the_next_load_and_refresh_work(forgotten: Forgotten, tmp_path: Path) -> None:
    place = forgotten.place
    _load(place, tmp_path, "new", [SHARED, OF_BEN] * 3, 11)
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        present = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
        loads = connection.execute("select count(*) from raw_spotify._dlt_loads where status = 0").fetchone()
    assert set(TABLES) <= present
    assert loads is not None
    assert loads[0] > 3


def test_a_label_that_nobody_has_is_an_error(empty_place: Place) -> None:
    done = empty_place.run("forget", "--account", "nobody", "--yes")
    assert done.code == 1
    assert "No account was ever loaded here" in done.err


def test_without_a_terminal_it_asks_for_yes(empty_place: Place, tmp_path: Path) -> None:
    _load(empty_place, tmp_path, ANA, OF_ANA, 5)
    done = empty_place.run("forget", "--account", ANA)
    assert done.code == 1
    assert "Add --yes" in done.err
    done = empty_place.run("forget", "--account", "ana", "--yes")
    assert done.code == 1
    assert "No account called 'ana' is known" in done.err
    # The only account: nothing is left to publish.
    done = empty_place.run("forget", "--account", ANA, "--yes")
    assert done.code == 0, done.text
    assert "No other listening is left" in done.out
    done = empty_place.run("forget", "--account", ANA, "--yes")
    assert done.code == 1
