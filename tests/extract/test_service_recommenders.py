"""The recommenders `reccobeats` and `spotify`: what is asked, what is taken from answers, and what stops them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from extract.http import Patience
from extract.raw.tables import TABLES, TRACKS
from extract.report import silent
from extract.service_errors import ServiceError
from extract.sources.reccobeats.client import ReccoBeats
from extract.sources.spotify_api.legacy_endpoints import Login
from spotiflow.demo.sandbox import ReccoBeatsSandbox
from spotiflow.demo.sandbox.faults import Fault
from spotiflow.demo.sandbox.reccobeats import SandboxTrack, made_up_features
from spotiflow.recommend.recommender import QUESTIONS, Answers
from spotiflow.recommend.services import ReccoBeatsRecommender, SpotifyRecommender
from tests.extract.reading import merge

NOW = dt.datetime(2026, 11, 24, 12)
PATH = "/v1/track/recommendation"


def track_id(number: int) -> str:
    return f"{number:03d}".rjust(22, "T")


def known(number: int) -> SandboxTrack:
    features = made_up_features(track_id(number))
    return SandboxTrack(
        track_id(number), f"Title {number}", "Artist", "A" * 22, 200_000, f"GBAYE{number:07d}", features
    )


def questions(*asked: tuple[str, str]) -> pa.Table:
    """(user, song): one question each about the same week."""
    rows = [
        {
            "user_id": user,
            "week_start": dt.date(2026, 11, 16),
            "seed_track_id": song,
            "as_of": dt.datetime(2026, 11, 23),
        }
        for user, song in asked
    ]
    return pa.Table.from_pylist(rows, schema=QUESTIONS)


@pytest.fixture(scope="module")
def served() -> Iterator[ReccoBeatsSandbox]:
    with ReccoBeatsSandbox() as service:
        yield service


@pytest.fixture
def service(served: ReccoBeatsSandbox) -> ReccoBeatsSandbox:
    served.reset([known(number) for number in range(60)])
    return served


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse with all raw tables and nothing in them."""
    path = tmp_path / "warehouse.duckdb"
    merge(path, {})
    return path


def ask(
    warehouse: Path, service: ReccoBeatsSandbox, asked: pa.Table, users: frozenset[str] | None = None, ranks: int = 20
) -> Answers:
    def opened(log):
        return ReccoBeats(log, service.url, Patience(1, 2), lambda _: None)

    recommender = ReccoBeatsRecommender(warehouse, users, opened, lambda: NOW)
    return recommender.answer(asked, ranks, lambda: duckdb.connect(str(warehouse), read_only=True), silent)


def given(answers: Answers) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in sorted(answers.tracks.to_pylist(), key=lambda row: row["rank"]):
        found.setdefault((row["user_id"], row["seed_track_id"]), []).append(row["track_id"])
    return found


def test_twenty_tracks_a_song_by_their_spotify_ids(warehouse, service):
    answers = ask(warehouse, service, questions(("u", track_id(0)), ("v", track_id(0)), ("u", track_id(1))))
    found = given(answers)
    assert set(found) == {("u", track_id(0)), ("v", track_id(0)), ("u", track_id(1))}
    assert all(len(set(tracks)) == 20 for tracks in found.values())
    assert found["u", track_id(0)] == found["v", track_id(0)]
    assert len(service.requests) == 2  # a song that two listeners have in common is asked about once
    assert answers.as_of == NOW
    assert TRACKS.from_rows(answers.metadata).num_rows == len({one for tracks in found.values() for one in tracks})
    some = next(iter(answers.metadata))
    assert some["provider"] == "reccobeats"
    assert some["track_name"].startswith("Title ")
    assert (some["artist_name"], some["artist_id"], some["duration_ms"]) == ("Artist", "A" * 22, 200_000)
    assert some["isrc"].startswith("GBAYE")
    assert {(row["service"], row["endpoint"]) for row in answers.requests} == {("reccobeats", "track/recommendation")}


def test_songs_of_others_and_songs_without_an_id_stay_here(warehouse, service):
    asked = questions(("u", track_id(0)), ("v", track_id(1)), ("u", "title:abc"), ("u", "local:abc"))
    answers = ask(warehouse, service, asked, frozenset({"u"}))
    assert set(given(answers)) == {("u", track_id(0))}
    assert [request.query["seeds"] for request in service.requests] == [track_id(0)]
    assert answers.answered is not None
    assert answers.answered.to_pylist() == [{"user_id": "u", "seed_track_id": track_id(0)}]


def test_an_unknown_song_is_answered_with_nothing(warehouse, service):
    answers = ask(warehouse, service, questions(("u", track_id(999))))
    assert (given(answers), answers.problem) == ({}, None)
    assert answers.answered is not None
    assert answers.answered.num_rows == 1


def test_items_without_a_spotify_id_leave_no_hole(warehouse, service):
    items = [
        {"id": "x", "href": None, "trackTitle": "?"},
        {"href": "https://open.spotify.com/track/" + track_id(3)},
        None,
    ]
    items += [items[1], {"href": "https://open.spotify.com/track/" + track_id(4), "artists": [], "durationMs": "long"}]
    service.faults.add(PATH, Fault(200, {"content": items}))
    answers = ask(warehouse, service, questions(("u", track_id(0))))
    assert given(answers) == {("u", track_id(0)): [track_id(3), track_id(4)]}
    assert list(answers.metadata) == []  # nothing is known of them but the id


@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, "", {"Retry-After": "79200"}, times=0),
        Fault(503, "", times=0),
        Fault(200, None, times=0),
        Fault(200, "<html>", times=0, content_type="text/html"),
        Fault(200, {"error": "?"}, times=0),
    ],
    ids=["429", "503", "null", "HTML", "another shape"],
)
def test_what_came_before_a_fault_is_kept(warehouse, service, fault):
    service.faults.hook = lambda request: fault if request.query_params["seeds"] == track_id(2) else None
    answers = ask(warehouse, service, questions(*(("u", track_id(number)) for number in range(4))))
    assert set(given(answers)) == {("u", track_id(0)), ("u", track_id(1))}
    assert answers.problem
    assert answers.answered is not None
    assert answers.answered.num_rows == 2
    assert [row["outcome"] for row in answers.requests[:2]] == ["ok", "ok"]
    assert answers.requests[-1]["outcome"] != "ok"


def test_a_pause_is_kept_to(warehouse, service):
    row = {"user_id": "", "requested_at": NOW - dt.timedelta(hours=1), "endpoint": "x", "outcome": "rate_limited"}
    plant(warehouse, row | {"service": "reccobeats", "retry_after_seconds": 7200.0})
    answers = ask(warehouse, service, questions(("u", track_id(0))))
    assert "ReccoBeats asks this app to pause" in (answers.problem or "")
    assert service.requests == []


def plant(warehouse: Path, row: dict[str, Any]) -> None:
    """A row of the log of requests."""
    merge(warehouse, {"poll_log": [TABLES["poll_log"].from_rows([row])]})


# ---- Spotify ----


class Client:
    """As much of a spotipy client as is asked."""

    auth_manager = None

    def __init__(self, closed: bool = False) -> None:
        self.closed = closed
        self.asked: list[dict[str, str]] = []

    def _get(self, endpoint: str, **parameters: str) -> Any:
        assert endpoint == "recommendations"
        self.asked.append(parameters)
        if self.closed:
            raise ServiceError("closed", "Spotify has closed recommendations to this app.", 404)
        artist = {"id": "A" * 22, "name": "Artist"}
        item = {"id": track_id(7), "name": "Song", "artists": [artist], "album": {"name": "Album"}, "duration_ms": 1000}
        return {"tracks": [item | {"external_ids": {"isrc": "GBAYE0000007"}}, None, {"id": None}, item]}


def of_spotify(warehouse: Path, client: Client, asked: pa.Table) -> Answers:
    recommender = SpotifyRecommender(warehouse, [Login("u", lambda log: client)], lambda: NOW)
    return recommender.answer(asked, 20, lambda: duckdb.connect(str(warehouse), read_only=True), silent)


def test_spotify_is_asked_with_the_listeners_own_login(warehouse):
    client = Client()
    answers = of_spotify(warehouse, client, questions(("u", track_id(0)), ("v", track_id(1))))
    assert client.asked == [{"seed_tracks": track_id(0), "limit": "20"}]
    assert given(answers) == {("u", track_id(0)): [track_id(7)]}
    assert next(iter(answers.metadata))["album_name"] == "Album"


def test_spotify_closed_is_no_problem_and_asked_once_a_day(warehouse):
    client = Client(closed=True)
    answers = of_spotify(warehouse, client, questions(("u", track_id(0)), ("u", track_id(1))))
    assert (len(client.asked), answers.problem, given(answers)) == (1, None, {})
    assert answers.answered is not None
    assert answers.answered.num_rows == 0
    row = {"user_id": "u", "endpoint": "recommendations", "outcome": "closed", "service": "spotify"}
    plant(warehouse, row | {"requested_at": NOW - dt.timedelta(hours=23)})
    of_spotify(warehouse, client, questions(("u", track_id(0))))
    assert len(client.asked) == 1
