"""Earlier traps, for good: plays counted once however often they were polled, and no valence, no vibe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.raw.loader import load
from extract.sources.spotify_api import batch_of, cached_client, poll
from extract.sources.spotify_export import ExportSource, read_exports
from extract.sources.table_files import read_catalogue
from extract.stored import StoredAccount
from spotiflow.demo.sample.loading import _store_login
from spotiflow.demo.sandbox import SandboxAccount, SpotifySandbox
from tests.conftest import Parsed
from tests.extract.exports import record, write_json
from tests.histories.building import ONLY_DATA_TESTS, Workshop

pytestmark = pytest.mark.long

POLLS, LOADS = 27, 9
POLLED, SILENT = "polled", "without-valence"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HEADER = "track_id,track_name,artist_name,duration_ms,danceability,energy,liveness,acousticness,instrumentalness,"
HAPPY, UNKNOWN = "a" * 22, "b" * 22


@dataclass(frozen=True)
class Traps:
    """The marts of two listeners."""

    warehouse: Path

    def sql(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def row(self, sql: str, *parameters: Any) -> tuple[Any, ...]:
        (row,) = self.sql(sql, *parameters)
        return row


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory, parsed: Parsed) -> Traps:
    workshop = Workshop(tmp_path_factory.mktemp("traps"), parsed)
    place = workshop.place("place")
    _poll_one_page(place.warehouse, place.folder)
    features = place.folder / "features.csv"
    features.write_text(
        f"{HEADER}speechiness,valence\n{HAPPY},Sunny,Somebody,200000,0.5,0.5,0.5,0.5,0.5,0.5,0.9\n"
        f"{UNKNOWN},Unmeasured,Somebody,200000,0.5,0.5,0.5,0.5,0.5,0.5,\n"
    )
    with read_catalogue(features) as batch:
        load(place.warehouse, batch)
    # Three Mondays: only the track without valence; then both; then nothing but a play too short to count.
    days: Sequence[tuple[datetime, str, int]] = (
        (START, UNKNOWN, 200_000),
        (START + timedelta(days=7), UNKNOWN, 200_000),
        (START + timedelta(days=7, hours=1), HAPPY, 200_000),
        (START + timedelta(days=14), HAPPY, 29_999),
    )
    rows = [
        record(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), listened_ms, spotify_track_uri=f"spotify:track:{track_id}")
        for moment, track_id, listened_ms in days
    ]
    export = write_json(place.folder / "export" / "Streaming_History_Audio_1.json", rows)
    with read_exports([ExportSource(SILENT, [export], "Europe/London")]) as batch:
        load(place.warehouse, batch)
    workshop.build(place, *ONLY_DATA_TESTS)
    return Traps(place.warehouse)


def _poll_one_page(warehouse: Path, folder: Path) -> None:
    """The same 50 plays, asked for and loaded again and again by the real client from a stand-in of Spotify."""
    items = [
        {
            "played_at": (START + timedelta(minutes=4 * number, milliseconds=number))
            .isoformat()
            .replace("+00:00", "Z"),
            "track": {
                "id": f"{number % 20:022d}",
                "uri": f"spotify:track:{number % 20:022d}",
                "type": "track",
                "name": f"Song {number % 20}",
                "duration_ms": 200_000,
                "album": {"name": "An Album"},
                "artists": [{"id": f"{number % 5:022d}", "name": f"Artist {number % 5}", "type": "artist"}],
            },
        }
        for number in reversed(range(50))
    ]
    account = SandboxAccount("login", items)
    with SpotifySandbox([account]) as spotify:
        home = folder / "home"
        _store_login(home, POLLED, account.refresh_token, spotify.client_id)
        client = cached_client(POLLED, home, api_base=spotify.url, accounts_base=spotify.url)
        first = datetime(2026, 3, 2, 18, 0)
        moments = [first + timedelta(hours=number) for number in range(POLLS)]
        for part in range(0, POLLS, POLLS // LOADS):
            polls = [poll(client, POLLED, lambda at=at: at) for at in moments[part : part + POLLS // LOADS]]  # type: ignore[misc]
            assert [result.report.rows_read for result in polls] == [50] * len(polls)
            load(warehouse, batch_of([StoredAccount(POLLED, "Europe/London")], polls))


# ---- the same page 27 times ----


def test_the_page_was_really_loaded_27_times(traps: Traps) -> None:
    found = traps.row(
        "select count(*), sum(page_size) from raw_spotify.poll_log where user_id = ? and outcome = 'ok'", POLLED
    )
    assert found == (POLLS, 50 * POLLS)


def test_fifty_plays_are_fifty_plays(traps: Traps) -> None:
    assert traps.row("select count(*), count(distinct play_id) from marts.fct_plays where user_id = ?", POLLED) == (
        50,
        50,
    )
    for mart in ("daily_listening", "weekly_listening", "daily_track_listening", "dim_users", "weekly_top_songs"):
        assert traps.row(f"select sum(plays), sum(listens) from marts.{mart} where user_id = ?", POLLED) == (50, 50), (
            mart
        )


def test_minutes_are_those_of_fifty_plays(traps: Traps) -> None:
    """50 tracks of 200 s, four minutes apart: 10,000 s."""
    for mart in ("daily_listening", "weekly_listening", "daily_track_listening", "dim_users"):
        (minutes,) = traps.row(f"select sum(minutes_listened) from marts.{mart} where user_id = ?", POLLED)
        assert minutes == pytest.approx(10_000 / 60), mart


def test_every_mart_has_one_row_a_key(traps: Traps) -> None:
    assert traps.sql(
        "select top_song_number, plays from marts.weekly_top_songs where user_id = ? order by 1", POLLED
    ) == [
        *((number, 3) for number in range(1, 11)),
        *((number, 2) for number in range(11, 21)),
    ]


# ---- no valence, no vibe ----


def test_a_track_without_valence_has_no_vibe(traps: Traps) -> None:
    tracks = traps.sql(
        "select track_id, vibe, positivity_score from marts.dim_tracks where track_name in ('Sunny', 'Unmeasured')"
    )
    assert sorted(tracks) == [(HAPPY, "A Little Too Happy", 90.0), (UNKNOWN, None, None)]


def test_a_day_and_a_week_without_valence_have_no_vibe(traps: Traps) -> None:
    """Never the last band: that is where a comparison with nothing would end up."""
    days = traps.sql(
        """
        select listens, scored_listens, valence_pct, positivity_score, vibe
        from marts.daily_listening where user_id = ? and plays > 0 order by listening_date
        """,
        SILENT,
    )
    none = (None, None, None)
    assert days == [(1, 0, *none), (2, 1, 90.0, 90.0, "A Little Too Happy"), (0, 0, *none)]
    weeks = traps.sql(
        """
        select listens, scored_listens, valence_pct, positivity_score, vibe
        from marts.weekly_listening where user_id = ? order by week_start
        """,
        SILENT,
    )
    assert weeks == days
    silent = traps.sql("select distinct vibe from marts.daily_listening where user_id = ? and plays = 0", SILENT)
    assert silent == [(None,)]


def test_songs_without_valence_have_no_vibe(traps: Traps) -> None:
    for mart in ("daily_track_listening", "weekly_top_songs"):
        vibes = traps.sql(f"select distinct track_id, vibe from marts.{mart} where user_id = ? order by 1", SILENT)
        assert vibes == [(HAPPY, "A Little Too Happy"), (UNKNOWN, None)], mart
