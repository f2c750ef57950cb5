"""The online half of the chain of audio features, against stand-ins of ReccoBeats and of Spotify's client."""

from __future__ import annotations

import datetime as dt
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from extract.http import Patience
from extract.raw.store import Store
from extract.raw.tables import AUDIO_FEATURES, TABLES
from extract.report import LoadReport
from extract.service_errors import ServiceError
from extract.sources.feature_services import measures
from extract.sources.feature_services.chain import Chain, Pace, paces_of, request_missing_features
from extract.sources.reccobeats.client import ReccoBeats, isrc_of
from extract.sources.spotify_api.legacy_endpoints import Login
from spotiflow import seed_files
from spotiflow.demo.sandbox import ReccoBeatsSandbox
from spotiflow.demo.sandbox.faults import Fault
from spotiflow.demo.sandbox.reccobeats import SandboxTrack, made_up_features
from tests.conftest import PROJECT
from tests.extract.conftest import Query
from tests.extract.reading import merge
from tests.sharing import mostly_long

NOW = dt.datetime(2026, 11, 24, 12)


def track_id(number: int) -> str:
    """A track id of 22 characters."""
    return f"{number:03d}".rjust(22, "T")


def code(number: int) -> str:
    """An ISRC."""
    return f"GBAYE{number:07d}"


def known(number: int, features: dict[str, Any] | None = None, isrc: str | None = None) -> SandboxTrack:
    """A track as the service knows it."""
    given = made_up_features(track_id(number)) if features is None else features
    return SandboxTrack(track_id(number), f"Title {number}", "Artist", "A" * 22, 200_000, isrc, given)


@dataclass
class World:
    """A warehouse, the service, a clock."""

    warehouse: Path
    service: ReccoBeatsSandbox
    now: dt.datetime = NOW
    slept: list[float] = field(default_factory=list)

    def load(self, **tables: Sequence[dict[str, Any]]) -> None:
        """Rows into raw tables; without dlt, which takes two seconds."""
        merge(self.warehouse, {name: [TABLES[name].from_rows(rows)] for name, rows in tables.items()})

    def played(self, *numbers: int, user_id: str = "u") -> None:
        """Tracks that somebody played, the first most often."""
        rows = [
            {"user_id": user_id, "played_at": NOW - dt.timedelta(minutes=60 * place + again), "track_id": track_id(n)}
            for place, n in enumerate(numbers)
            for again in range(len(numbers) - place)
        ]
        self.load(recently_played=rows)

    def ask(self, most: int = 2000, **options: Any) -> LoadReport:
        """One run of the chain."""
        pace = Pace(dt.timedelta(days=30), most)

        def reccobeats(log):
            return ReccoBeats(log, self.service.url, Patience(longest_wait=60, attempts=4), self.slept.append)

        return request_missing_features(
            Chain(
                {"spotify": pace, "reccobeats": pace},
                Store(self.warehouse),
                lambda rows: self.load(**rows),
                reccobeats=reccobeats,
                clock=lambda: self.now,
                **options,
            )
        )

    def asked(self) -> list[list[str]]:
        """The ids of the requests so far, which are then forgotten."""
        ids = [request.query["ids"].split(",") for request in self.service.requests]
        self.service.requests.clear()
        return ids


@pytest.fixture(scope="module")
def served() -> Iterator[ReccoBeatsSandbox]:
    with ReccoBeatsSandbox() as service:
        yield service


@pytest.fixture
def world(warehouse: Path, served: ReccoBeatsSandbox) -> World:
    merge(warehouse, {})
    served.reset([])
    return World(warehouse, served)


FOUND = "select track_id, is_found, matched_by from raw_spotify.audio_features order by 1"


def test_features_by_id_whatever_the_order_and_the_rest_is_remembered_as_missed(world, query: Query):
    world.service.reset([known(number) for number in range(60) if number % 3])
    world.played(*range(60))
    report = world.ask()
    assert [len(ids) for ids in world.asked()] == [40, 20]
    assert query(FOUND) == [
        (track_id(number), bool(number % 3), "track_id" if number % 3 else None) for number in range(60)
    ]
    stored = query(f"select track_id, {', '.join(AUDIO_FEATURES)}, tempo, loudness from raw_spotify.audio_features")
    for name, *values in stored:
        wanted = made_up_features(name)
        number = int(name.lstrip("T"))
        columns = (*AUDIO_FEATURES, "tempo", "loudness")
        assert values == [wanted[column] if number % 3 else None for column in columns]
    (file,) = report.files
    assert (file.rows_loaded, file.note) == (
        40,
        "it does not know 20 of 60 tracks, and is asked again after 30 days",
    )
    assert report.ok
    assert query("select distinct provider, checked_at from raw_spotify.audio_features") == [("reccobeats", NOW)]
    assert query("select service, endpoint, outcome, count(*) from raw_spotify.poll_log group by all") == [
        ("reccobeats", "audio-features", "ok", 2)
    ]


def test_a_miss_is_asked_again_after_thirty_days_and_what_is_known_never(world, query: Query):
    world.service.reset([known(1)])
    world.played(1, 2)
    world.ask()
    assert world.asked() == [[track_id(1), track_id(2)]]
    for days, asked in ((29, []), (30, [[track_id(2)]]), (59, [])):
        world.now = NOW + dt.timedelta(days=days)
        world.ask()
        assert world.asked() == asked, days
    world.service.reset([known(2)])
    world.now = NOW + dt.timedelta(days=60)
    world.ask()
    assert query(FOUND) == [(track_id(1), True, "track_id"), (track_id(2), True, "track_id")]
    world.now = NOW + dt.timedelta(days=900)
    world.asked()
    assert world.ask().files == []
    assert world.asked() == []


def test_what_is_unknown_by_id_is_asked_by_isrc(world, query: Query):
    incomplete = made_up_features("x") | {"valence": None}
    # Two releases of one recording; the first in the alphabet lacks a feature.
    world.service.reset([known(8, incomplete, code(1)), known(9, made_up_features("y"), code(1))])
    world.played(1, 2, 3)
    world.load(
        tracks=[
            {"track_id": track_id(1), "provider": "spotify", "isrc": "gb-aye-00-00001"},
            {"track_id": track_id(2), "provider": "spotify", "isrc": "no code"},
        ]
    )
    world.ask()
    assert world.asked() == [[track_id(1), track_id(2), track_id(3)], [code(1)]]
    assert query(FOUND) == [(track_id(1), True, "isrc"), (track_id(2), False, None), (track_id(3), False, None)]
    assert query("select valence from raw_spotify.audio_features where is_found") == [
        (made_up_features("y")["valence"],)
    ]


@pytest.mark.parametrize(
    ("feature", "value", "reason"),
    [
        ("energy", 1.0001, "energy is outside 0 to 1"),
        ("valence", -0.1, "valence is outside 0 to 1"),
        ("liveness", 55, "liveness is outside 0 to 1"),
        ("tempo", "fast", "tempo is not a number"),
        ("speechiness", True, "speechiness is not a number"),
    ],
)
def test_a_row_off_the_scale_is_rejected_as_a_whole(world, query: Query, feature, value, reason):
    world.service.reset([known(1, made_up_features("x") | {feature: value}), known(2)])
    world.played(1, 2)
    report = world.ask()
    assert dict(report.files[0].rejected) == {reason: 1}
    assert query(FOUND) == [(track_id(1), False, None), (track_id(2), True, "track_id")]
    assert query("select source, file, reason from raw_spotify.rejected_rows") == [
        ("audio_features", "reccobeats", reason)
    ]
    assert query("select count(*) from raw_spotify.audio_features where energy is not null") == [(1,)]


def test_tempo_loudness_and_key_have_scales_of_their_own(world, query: Query):
    world.service.reset([known(1, made_up_features("x") | {"tempo": 212.5, "loudness": -41.0, "key": -1})])
    world.played(1)
    world.ask()
    assert query("select tempo, loudness from raw_spotify.audio_features where is_found") == [(212.5, -41.0)]


def test_the_most_played_come_first_then_what_is_recommended(world):
    world.played(5, 4, 3)
    world.load(
        recommendations=[
            {"recommender": "r", "user_id": "u", "week_start": dt.date(2026, 11, 16), "seed_track_id": track_id(s)}
            | {"rank": 1, "track_id": track_id(number)}
            for s, number in ((1, 7), (2, 6), (3, 6), (4, 3))
        ]
    )
    world.ask(most=4)
    assert world.asked() == [[track_id(5), track_id(4), track_id(3), track_id(6)]]
    world.ask(most=4)
    assert world.asked() == [[track_id(7)]]


def test_only_what_a_provider_does_not_know_whole_is_asked(world):
    complete = dict.fromkeys(AUDIO_FEATURES, 0.5)
    world.played(1, 2)
    world.load(
        audio_features=[
            {"track_id": track_id(1), "provider": "catalogue", "is_found": True} | complete,
            {"track_id": track_id(2), "provider": "catalogue", "is_found": True} | complete | {"energy": None},
        ]
    )
    world.ask()
    assert world.asked() == [[track_id(2)]]


def test_nothing_leaves_that_is_nobodys_who_may_go_online(world):
    world.played(1, user_id="online")
    world.played(2, user_id="offline")
    world.load(streaming_history=[history("title:abc"), history(track_id(3), "offline")])
    world.ask(users=frozenset({"online"}))
    assert world.asked() == [[track_id(1)]]
    world.ask()
    assert [set(ids) for ids in world.asked()] == [{track_id(2), track_id(3)}]  # a title is no track id


def history(played: str, user_id: str = "online") -> dict[str, Any]:
    return {
        "user_id": user_id,
        "ended_at": NOW,
        "content_uri": f"spotify:track:{played}",
        "ms_played": 1,
        "content_kind": "track",
        "track_id": played,
    }


# ---- faults ----

PATH = "/v1/audio-features"
PASSING = {
    "502": Fault(502, "Bad Gateway"),
    "503": Fault(503, ""),
    "429 for a moment": Fault(429, "", {"Retry-After": "2"}),
    "cut JSON": Fault(200, '{"content": [{"id"', content_type="application/json"),
}
LASTING = {
    "500": (Fault(500, "", times=0), "has a problem"),
    "a login page": (Fault(200, "<html>Sign in</html>", times=0, content_type="text/html"), "sign-in page"),
    "null": (Fault(200, None, times=0), "sent an empty response instead of"),
    "another shape": (Fault(200, {"tracks": []}, times=0), "from ReccoBeats"),
    "429 for 22 hours": (
        Fault(429, "", {"Retry-After": "79200"}, times=0),
        "asks this app to pause for about 22 hours",
    ),
}


@pytest.mark.parametrize("fault", mostly_long(PASSING, "503"))
def test_what_passes_is_waited_for(world, query: Query, fault):
    world.service.reset([known(1)])
    world.service.faults.add(PATH, PASSING[fault])
    world.played(1)
    assert world.ask().ok
    assert query(FOUND) == [(track_id(1), True, "track_id")]
    assert len(world.slept) == 1


@pytest.mark.parametrize("fault", mostly_long(LASTING, "500", "429 for 22 hours"))
def test_what_lasts_keeps_what_came_and_the_next_run_goes_on(world, query: Query, fault):
    """The second batch fails: the first is kept, nothing of the second counts as a miss."""
    answer, says = LASTING[fault]
    world.service.reset([known(number) for number in range(60)])
    world.service.faults.hook = lambda request: answer if track_id(59) in request.query_params["ids"] else None
    world.played(*range(60))
    report = world.ask()
    assert says in (report.files[0].problem or "")
    assert report.files[0].rows_loaded == 40
    assert query("select count(*), bool_and(is_found) from raw_spotify.audio_features") == [(40, True)]
    assert query("select count(*) > 1 from raw_spotify.poll_log where service = 'reccobeats'") == [(True,)]
    world.service.faults.clear()
    world.now = NOW + dt.timedelta(days=1)
    assert world.ask().ok
    assert query("select count(*), bool_and(is_found) from raw_spotify.audio_features") == [(60, True)]


def test_a_pause_is_kept_to_unless_told_otherwise(world, query: Query):
    world.service.reset([known(1)])
    world.service.faults.add(PATH, LASTING["429 for 22 hours"][0])
    world.played(1)
    world.ask()
    world.service.faults.clear()
    world.service.requests.clear()
    world.now = NOW + dt.timedelta(hours=21)
    report = world.ask()
    assert "ReccoBeats asks this app to pause" in (report.files[0].problem or "")
    assert world.asked() == []
    assert world.ask(ignore_pauses=True).ok
    assert query(FOUND) == [(track_id(1), True, "track_id")]


def test_a_request_that_cannot_be_read_costs_the_one_that_is_wrong(world, query: Query):
    world.service.reset([known(number) for number in range(40)])
    world.service.faults.hook = lambda request: (
        Fault(400, {"error": "invalid id"}) if track_id(17) in request.query_params["ids"] else None
    )
    world.played(*range(40))
    assert world.ask().ok
    assert query("select track_id from raw_spotify.audio_features where not is_found") == [(track_id(17),)]


def test_every_request_is_in_the_log_also_when_all_failed(world, query: Query):
    world.service.faults.add(PATH, LASTING["500"][0])
    world.played(1)
    assert not world.ask().ok
    assert query("select outcome, attempt from raw_spotify.poll_log order by requested_at") == [
        ("unavailable", attempt) for attempt in (1, 2, 3, 4)
    ]
    assert query("select count(*) from raw_spotify.audio_features") == [(0,)]


# ---- Spotify, where it is open ----


class Client:
    """As much of a spotipy client as is asked."""

    auth_manager = None

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self.answer = answer
        self.asked: list[list[str]] = []

    def _get(self, endpoint: str, ids: str) -> Any:
        self.asked.append(ids.split(","))
        return self.answer(ids)


def login(client: Client, world: World, user_id: str = "u", outcome: str = "ok") -> Login:
    """A login whose requests are noted as the session does it."""

    def opened(log):
        def answer(ids):
            status = 200 if outcome == "ok" else 403
            log.rows.append(
                {"user_id": user_id, "requested_at": world.now, "endpoint": "audio-features", "outcome": outcome}
                | {"status_code": status, "service": "spotify"}
            )
            if outcome != "ok":
                raise ServiceError(outcome, "Spotify has closed audio-features", status)
            return answer_of(ids)

        answer_of, client.answer = client.answer, answer
        return client

    return Login(user_id, opened)


def analysed(ids: str) -> dict[str, Any]:
    """What Spotify answers: nulls for what it does not know, and the others in another order."""
    items = [made_up_features(one) | {"id": one} for one in reversed(ids.split(",")) if one != track_id(2)]
    return {"audio_features": [*items[:1], None, *items[1:]]}


def test_spotify_comes_before_reccobeats_where_it_is_open(world, query: Query):
    world.service.reset([known(2), known(1)])
    world.played(1, 2, 3)
    client = Client(analysed)
    report = world.ask(logins=[login(client, world)])
    assert client.asked == [[track_id(1), track_id(2), track_id(3)]]
    assert world.asked() == [[track_id(2)]]
    assert query("select track_id, provider, is_found from raw_spotify.audio_features order by 1, 2") == [
        (track_id(1), "spotify", True),
        (track_id(2), "reccobeats", True),
        (track_id(2), "spotify", False),
        (track_id(3), "spotify", True),
    ]
    assert [file.file for file in report.files] == ["spotify", "reccobeats"]


@pytest.mark.parametrize("outcome", mostly_long(["closed", "forbidden", "not_found"], "closed"))
def test_a_closed_endpoint_is_tried_once_a_day(world, query: Query, outcome):
    world.played(1, 2)
    client = Client(analysed)
    for hours, asked in ((0, 1), (1, 1), (23, 1), (25, 2)):
        world.now = NOW + dt.timedelta(hours=hours)
        client.answer = analysed
        report = world.ask(logins=[login(client, world, outcome=outcome)])
        assert len(client.asked) == asked, hours
        assert "spotify" not in [file.file for file in report.files]
        assert report.ok
    assert query("select count(*) from raw_spotify.audio_features where provider = 'spotify'") == [(0,)]


def test_another_app_may_be_open(world, query: Query):
    world.played(1)
    shut, open_ = Client(analysed), Client(analysed)
    world.ask(logins=[login(shut, world, "a", "closed"), login(open_, world, "b")])
    assert (len(shut.asked), len(open_.asked)) == (1, 1)
    assert query("select provider, is_found from raw_spotify.audio_features") == [("spotify", True)]


# ---- small parts ----


def test_paces_stand_in_the_seed():
    rows = seed_files.rows(PROJECT / "seeds" / "definitions" / "feature_providers.csv")
    paces = paces_of(rows)
    assert set(paces) == {"spotify", "reccobeats"}
    assert all(pace.ask_again_after >= dt.timedelta(days=1) and pace.most_tracks >= 40 for pace in paces.values())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("GBAYE0601498", "GBAYE0601498"),
        ("gb-aye-06-01498", "GBAYE0601498"),
        ("GBAYE06014", None),
        (None, None),
        (5, None),
    ],
)
def test_isrc_in_its_plain_form(text, plain):
    assert isrc_of(text) == plain


def test_the_scale_has_room_for_its_ends():
    assert measures.wrong(dict.fromkeys(AUDIO_FEATURES, 0)) is None
    assert measures.wrong(dict.fromkeys(AUDIO_FEATURES, 1.0)) is None
    assert measures.wrong({"energy": float("nan")}) == "energy is not a number"
    assert all(letter in string.printable for letter in measures.rejection("s", "p", "t", {"energy": 2}, "r")["fields"])
