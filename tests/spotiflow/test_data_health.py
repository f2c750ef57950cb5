"""What is unusual, late or superseded is said aloud, and stops nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from extract.raw.loader import load_tables
from extract.raw.tables import ACCOUNTS, RECENTLY_PLAYED, STREAMING_HISTORY
from spotiflow.dbt_runner import Dbt
from tests.conftest import Parsed, Place


@pytest.mark.long
def test_anomalies_warn_and_are_published(broken_project: Callable[[], Place]) -> None:
    """A short track that plays for 40 minutes, twice an hour, for 36 hours: three warnings, and it is published."""
    place = broken_project()
    with duckdb.connect(str(place.warehouse)) as connection:
        # Of a listener of quiet weeks, from Tuesday 23:00 or Wednesday 00:00 local time on.
        user_id = connection.execute(
            """
            select user_id from marts.weekly_listening inner join marts.dim_users using (user_id)
            where week_start = '2026-09-07' and timezone = 'Europe/London'
            order by weekly_listening.minutes_listened, user_id limit 1
            """
        ).fetchall()[0][0]
        connection.execute(
            """
            insert into raw_spotify.streaming_history by name
            select
                user_id, timestamp '2026-09-09 00:30' + interval (hour) hour as ended_at, content_uri,
                40 * 60 * 1000 + device as ms_played, content_kind, track_id, track_name, artist_name, album_name,
                'trackdone' as reason_end, export_format, _dlt_load_id
            from (
                select * from raw_spotify.streaming_history
                where user_id = ? and track_id in (select track_id from marts.dim_tracks where duration_ms < 400_000)
                order by ended_at limit 1
            )
            cross join range(36) as hours(hour)
            cross join range(2) as devices(device)
            """,
            [user_id],
        )
    done = place.run("refresh", "--force", "--no-site")
    assert done.code == 0, done.text
    assert "3 warned" in done.out
    assert "warning: No day has more hours of listening than a day can have (1 row breaks it)" in done.out
    week = "No week of a listener has many times the listening of the weeks before it"
    assert f"warning: {week} (1 row breaks it)" in done.out
    assert "warning: No play lasts many times as long as its track (72 rows break it)" in done.out
    with duckdb.connect(str(place.published), read_only=True) as connection:
        assert connection.execute("select tests_warned from publication").fetchall() == [(3,)]
        found = connection.execute(
            "select kind, user_id, from_date, message from listening_anomalies where play_id is null order by kind"
        ).fetchall()
    assert [row[:3] for row in found] == [
        ("day longer than a day", user_id, dt.date(2026, 9, 9)),
        ("week far above the usual", user_id, dt.date(2026, 9, 7)),
    ]
    assert found[0][3].startswith("On 2026-09-09 there are 30.")
    assert found[1][3].startswith("In the week of 2026-09-07 there are ")


def _freshness(dbt: Dbt) -> dict[str, str]:
    result: Any = dbt._invoke(["source", "freshness"], None)
    assert result.success, result.exception
    return {run.node.name: str(run.status) for run in result.result.results if run.node.resource_type == "source"}


@pytest.mark.long
def test_freshness_measures_own_listening_only(empty_place: Place, parsed: Parsed) -> None:
    """On an empty clone, on fictional listeners, and on an account's own listening, old and new."""
    dbt = parsed(empty_place)
    assert _freshness(dbt) == {"_dlt_loads": "warn", "recently_played": "pass", "streaming_history": "pass"}

    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)

    def load(user_id: str, is_sample: bool, exported_days_ago: int, polled_days_ago: int) -> None:
        exported, polled = (now - dt.timedelta(days=days) for days in (exported_days_ago, polled_days_ago))
        account = {"user_id": user_id, "timezone": "UTC", "is_sample": is_sample}
        play = {"user_id": user_id, "ended_at": exported, "content_uri": "spotify:track:t", "ms_played": 1}
        poll = {"user_id": user_id, "played_at": polled, "track_id": "t"}
        load_tables(
            empty_place.warehouse,
            {
                ACCOUNTS.name: [ACCOUNTS.from_rows([account])],
                STREAMING_HISTORY.name: [STREAMING_HISTORY.from_rows([play])],
                RECENTLY_PLAYED.name: [RECENTLY_PLAYED.from_rows([poll])],
            },
        )

    load("fictional", True, 900, 900)
    assert _freshness(dbt) == {"_dlt_loads": "pass", "recently_played": "pass", "streaming_history": "pass"}
    load("own", False, 61, 4)
    assert _freshness(dbt) == {"_dlt_loads": "pass", "recently_played": "warn", "streaming_history": "warn"}
    load("own", False, 59, 2)
    assert _freshness(dbt) == {"_dlt_loads": "pass", "recently_played": "pass", "streaming_history": "pass"}

    # Looking leaves no trace in the log that the gate reads.
    with duckdb.connect(str(empty_place.warehouse), read_only=True) as connection:
        assert connection.execute("from information_schema.schemata where schema_name = 'run_log'").fetchall() == []
