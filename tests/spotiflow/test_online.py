"""Services through the command line: when they are asked, what comes back, and that their failure stops nothing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spotiflow.demo.sandbox import ReccoBeatsSandbox
from spotiflow.demo.sandbox.faults import Fault
from spotiflow.demo.sandbox.reccobeats import SandboxTrack
from tests.conftest import Completed, Place

LAST_WEEK = dt.datetime(2026, 11, 9, 10)  # a Monday; the week after it holds plays too, so it is complete


def track_id(number: int) -> str:
    return f"{number:03d}".rjust(22, "T")


def known(number: int, features: dict[str, Any] | None = None) -> SandboxTrack:
    from spotiflow.demo.sandbox.reccobeats import made_up_features

    given = made_up_features(track_id(number)) if features is None else features
    return SandboxTrack(track_id(number), f"Title {number}", "Artist", "A" * 22, 200_000, None, given)


@pytest.fixture(scope="module")
def service() -> Iterator[ReccoBeatsSandbox]:
    with ReccoBeatsSandbox() as served:
        yield served


@pytest.fixture
def place(tmp_path: Path, service: ReccoBeatsSandbox) -> Place:
    """A warehouse with one account that never logged in, and eight songs over two weeks and a day."""
    service.reset([known(number) for number in range(40)])
    place = Place(tmp_path)
    plays = [
        {
            "ts": f"{LAST_WEEK + dt.timedelta(days=day, minutes=10 * song):%Y-%m-%dT%H:%M:%SZ}",
            "ms_played": 180_000,
            "spotify_track_uri": f"spotify:track:{track_id(song)}",
            "master_metadata_track_name": f"Title {song}",
            "master_metadata_album_artist_name": "Artist",
        }
        for day in range(-2, 9)
        for song in range(8)
    ]
    export = tmp_path / "endsong_0.json"
    export.write_text(json.dumps(plays))
    done = place.run("load", "export", export, "--account", "me", "--timezone", "Europe/London")
    assert done.code == 0, done.text
    return place


def run(place: Place, service: ReccoBeatsSandbox, *arguments: str, **env: str) -> Completed:
    own = {"SPOTIFLOW_RECCOBEATS_API": service.url, "SPOTIFLOW_LONGEST_WAIT": "0.1"}
    return place.run(*arguments, env=own | env)


def rows(place: Place, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(("value", "says"), [("", "no account of this warehouse has logged in"), ("0", "forbids it")])
def test_without_a_login_nothing_leaves(place, service, value, says):
    done = run(place, service, "load", "features", "--missing", SPOTIFLOW_ONLINE=value)
    assert done.code == 0, done.text
    assert says in done.out
    assert service.requests == []


def test_a_value_that_says_nothing_is_explained(place, service):
    done = run(place, service, "load", "features", "--missing", SPOTIFLOW_ONLINE="yes")
    assert done.code == 1
    assert "it must be 1" in done.err
    assert "Traceback" not in done.text


def test_only_those_with_a_login_are_asked_about(place, service):
    """A login is a file of the account's name; what is in it is for Spotify, which is asked first and in vain."""
    ((user_id,),) = rows(place, "select user_id from raw_spotify.accounts")
    tokens = place.folder / "home" / "tokens"
    tokens.mkdir(mode=0o700, parents=True)
    (tokens / "0123456789abcdef0123456789abcdef.json").write_text("{}")
    done = run(place, service, "load", "features", "--missing")
    assert "no account of this warehouse has logged in" in done.out  # that of somebody who is not loaded here
    (tokens / f"{user_id}.json").write_text("{}")
    done = run(place, service, "load", "features", "--missing")
    assert done.code == 3, done.text  # the login is no login, and ReccoBeats answered
    assert rows(place, "select count(*) from raw_spotify.audio_features where is_found") == [(8,)]


def test_what_is_missing_is_asked_once_and_said(place, service):
    service.reset([known(number) for number in range(6)])
    done = run(place, service, "load", "features", "--missing", SPOTIFLOW_ONLINE="1")
    assert done.code == 0, done.text
    assert "reccobeats: 6 tracks found" in done.out
    assert "it does not know 2 of 8 tracks" in done.out
    again = run(place, service, "load", "features", "--missing", SPOTIFLOW_ONLINE="1")
    assert again.code == 0
    assert "There is nothing to ask for now" in again.out


def test_a_long_pause_ends_cleanly_and_is_kept_to(place, service):
    service.faults.add("/v1/audio-features", Fault(429, "", {"Retry-After": "79200"}))
    done = run(place, service, "load", "features", "--missing", SPOTIFLOW_ONLINE="1")
    assert done.code == 1
    assert "asks this app to pause for about 22 hours" in done.out
    service.requests.clear()
    assert run(place, service, "load", "features", "--missing", SPOTIFLOW_ONLINE="1").code == 1
    assert service.requests == []
    done = run(place, service, "load", "features", "--missing", "--now", SPOTIFLOW_ONLINE="1")
    assert done.code == 0, done.text
    assert rows(place, "select count(*) from raw_spotify.audio_features where is_found") == [(8,)]


@pytest.mark.parametrize("arguments", [[], ["file.csv", "--missing"]], ids=["neither", "both"])
def test_a_file_or_missing(place, service, arguments):
    done = run(place, service, "load", "features", *arguments)
    assert done.code == 2
    assert "one of the two" in " ".join(done.text.replace("│", " ").split())


@pytest.mark.long
def test_refresh_asks_for_features_and_recommendations_and_one_failure_stops_nothing(place, service):
    """Recommendations fail at first: the rest is built and published; the next refresh gets them and their features."""
    path = "/v1/track/recommendation"
    service.faults.add(path, Fault(200, "<html>Sign in</html>", times=0, content_type="text/html"))
    done = run(place, service, "refresh", "--no-site", SPOTIFLOW_ONLINE="1")
    assert done.code == 3, done.text
    assert "Services did not answer every request" in done.out
    assert "Recommender reccobeats: " in done.out
    assert "Published: " in done.out
    counts = "select recommender, count(*) > 0 from marts.fct_recommendations group by 1 order by 1"
    assert rows(place, counts) == [("knn", True), ("popular", True)]
    assert rows(place, "select count(*) from raw_spotify.audio_features where is_found") == [(8,)]

    service.faults.clear()
    done = run(place, service, "refresh", "--no-site", SPOTIFLOW_ONLINE="1")
    assert done.code == 0, done.text
    assert rows(place, counts) == [("knn", True), ("popular", True), ("reccobeats", True)]
    # Their titles came with them, their features in a step of its own; songs and features are of one provider.
    assert rows(
        place,
        """
        select count(*) > 0, bool_and(provider = 'reccobeats'), bool_and(track_name like 'Title %'),
            bool_and(as_of = requested_at)
        from marts.fct_recommendations where recommender = 'reccobeats'
        """,
    ) == [(True, True, True, True)]
    assert rows(
        place,
        "select bool_and(is_same_provider), count(*) > 0 from marts.fct_feature_similarity "
        "where recommender = 'reccobeats'",
    ) == [(True, True)]
    service.requests.clear()
    done = run(place, service, "refresh", "--no-site", SPOTIFLOW_ONLINE="1")
    assert done.code == 0, done.text
    assert "Everything is up to date" in done.out
    assert service.requests == []
