"""The stand-in of ReccoBeats answers in the shapes of the real service, asked through plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from spotiflow.demo.sandbox import Fault, ReccoBeatsSandbox, SandboxTrack, made_up_features
from tests.extract.api_items import ITEMS

TRACKS = [SandboxTrack.of(entry["track"]) for entry in ITEMS]


@pytest.fixture(scope="module")
def server() -> Iterator[ReccoBeatsSandbox]:
    with ReccoBeatsSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def reccobeats(server: ReccoBeatsSandbox) -> ReccoBeatsSandbox:
    server.reset(TRACKS)
    return server


def ask(server: ReccoBeatsSandbox, path: str, **query: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{server.url}/v1/{path}", params=query, timeout=10)


def spotify_ids(answer: requests.Response) -> list[str]:
    return [entry["href"].rpartition("/")[2] for entry in answer.json()["content"]]


def test_features_have_the_real_shape(reccobeats: ReccoBeatsSandbox) -> None:
    track = TRACKS[0]
    (entry,) = ask(reccobeats, "audio-features", ids=track.spotify_id).json()["content"]
    assert entry.keys() == {
        *("id", "href", "isrc", "key", "mode", "tempo", "loudness"),
        *("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence"),
    }
    assert entry["href"] == f"https://open.spotify.com/track/{track.spotify_id}"
    assert entry | made_up_features(track.spotify_id) == entry


def test_unknown_ids_are_left_out_and_the_order_is_the_services_own(reccobeats: ReccoBeatsSandbox) -> None:
    asked = [track.spotify_id for track in TRACKS[:39]]
    answer = ask(reccobeats, "audio-features", ids=",".join([*asked, "z" * 22]))
    assert answer.status_code == 200
    assert sorted(spotify_ids(answer)) == sorted(asked)
    assert spotify_ids(answer) != asked, "an answer that comes in the order of the request would hide a wrong join"


def test_ids_of_three_kinds_and_each_track_once(reccobeats: ReccoBeatsSandbox) -> None:
    track = TRACKS[7]
    for one in (track.spotify_id, track.own_id, track.isrc):
        assert spotify_ids(ask(reccobeats, "audio-features", ids=one)) == [track.spotify_id]
    all_three = f"{track.spotify_id},{track.own_id},{track.isrc}"
    assert spotify_ids(ask(reccobeats, "audio-features", ids=all_three)) == [track.spotify_id]


def test_features_that_are_not_there_or_not_right(reccobeats: ReccoBeatsSandbox) -> None:
    entry = ITEMS[0]["track"]
    wrong = SandboxTrack.of(entry, made_up_features(entry["id"]) | {"energy": 61.0, "valence": None})
    none = SandboxTrack(**{**vars(TRACKS[1]), "features": None})
    reccobeats.reset([wrong, none])
    (answered,) = ask(reccobeats, "audio-features", ids=f"{wrong.spotify_id},{none.spotify_id}").json()["content"]
    assert (answered["energy"], answered["valence"]) == (61.0, None)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("audio-features", {}),
        ("audio-features", {"ids": ""}),
        ("audio-features", {"ids": ",".join(["z" * 22] * 41)}),
        ("track/recommendation", {"size": 5}),
        ("track/recommendation", {"seeds": ",".join(track.spotify_id for track in TRACKS[:6])}),
        ("track/recommendation", {"seeds": TRACKS[0].spotify_id, "size": 0}),
        ("track/recommendation", {"seeds": TRACKS[0].spotify_id, "size": 101}),
        ("track/recommendation", {"seeds": TRACKS[0].spotify_id, "size": "many"}),
    ],
)
def test_bad_queries(reccobeats: ReccoBeatsSandbox, path: str, query: dict[str, Any]) -> None:
    assert ask(reccobeats, path, **query).status_code == 400


def test_recommendations_are_track_objects_without_features(reccobeats: ReccoBeatsSandbox) -> None:
    seed = TRACKS[0].spotify_id
    first = ask(reccobeats, "track/recommendation", seeds=seed, size=20)
    entries = first.json()["content"]
    assert len(entries) == 20
    assert seed not in spotify_ids(first)
    assert entries[0].keys() == {
        *("id", "trackTitle", "artists", "durationMs", "isrc", "ean", "upc", "href", "availableCountries"),
        "popularity",
    }
    assert ask(reccobeats, "track/recommendation", seeds=seed, size=20).json() == first.json()
    assert ask(reccobeats, "track/recommendation", seeds="z" * 22, size=20).json() == {"content": []}


def test_faults_and_requests(reccobeats: ReccoBeatsSandbox) -> None:
    reccobeats.faults.add("/v1/audio-features", Fault(429, {"error": "slow down"}, {"Retry-After": "2"}))
    limited = ask(reccobeats, "audio-features", ids=TRACKS[0].spotify_id)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    assert ask(reccobeats, "audio-features", ids=TRACKS[0].spotify_id).ok
    assert [seen.query["ids"] for seen in reccobeats.requests] == [TRACKS[0].spotify_id]
