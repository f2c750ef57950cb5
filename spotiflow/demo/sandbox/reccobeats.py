"""A stand-in for ReccoBeats: audio features by id or ISRC, and recommendations for one to five seeds.

Served: `/v1/audio-features?ids=` (at most 40), `/v1/track?ids=` (at most 40), `/v1/track/recommendation?seeds=&size=`.
As with the real service, an id may be a Spotify id, an ISRC or one of its own; what it does not know is left out
of an answer with status 200; and answers come in an order of its own, so that only `href` or `isrc` tell which is
which.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spotiflow.demo.sandbox.server import StandIn

LARGEST_BATCH = 40
LARGEST_SIZE = 100
LARGEST_SEEDS = 5
DEFAULT_SIZE = 20

_TRACK_PAGE = "https://open.spotify.com/track/"
_ARTIST_PAGE = "https://open.spotify.com/artist/"
_NAMESPACE = uuid.UUID("8d0b2f3c-6a0e-4f6f-9d52-0d7c5b8f5a11")
_UNIT_FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "speechiness",
    "valence",
)


@dataclass(frozen=True)
class SandboxTrack:
    """A track that the stand-in knows. `features` is what it answers: also nulls or numbers out of range, if wanted.

    `features=None`: the track is known (it is recommended), its features are not.
    """

    spotify_id: str
    title: str
    artist_name: str
    artist_id: str
    duration_ms: int
    isrc: str | None = None
    features: Mapping[str, float | int | None] | None = None
    popularity: int = 0  # 0-100

    @property
    def own_id(self) -> str:
        """The service's own id of it."""
        return str(uuid.uuid5(_NAMESPACE, self.spotify_id))

    @classmethod
    def of(cls, track: Mapping[str, Any], features: Mapping[str, Any] | None = None) -> SandboxTrack:
        """A track object of Spotify's API, with made-up features that depend on nothing but its id, or given ones."""
        artist = track["artists"][0]
        track_id = track["id"]
        return cls(
            spotify_id=track_id,
            title=track["name"],
            artist_name=artist["name"],
            artist_id=artist["id"],
            duration_ms=track["duration_ms"],
            isrc=track.get("external_ids", {}).get("isrc"),
            features=made_up_features(track_id) if features is None else features,
            popularity=random.Random(f"{track_id} popularity").randint(1, 99),  # noqa: S311 - no secret
        )


def made_up_features(track_id: str) -> dict[str, float | int]:
    """Features on the service's scales (0-1; tempo in beats per minute, loudness in dB, key from -1) for any id."""
    dice = random.Random(track_id)  # noqa: S311 - no secret
    features: dict[str, float | int] = {name: round(dice.uniform(0.01, 0.99), 3) for name in _UNIT_FEATURES}
    features |= {
        "key": dice.randint(-1, 11),  # -1: not known
        "loudness": round(dice.uniform(-30, -2), 3),
        "mode": dice.randint(0, 1),
        "tempo": round(dice.uniform(60, 190), 3),
    }
    return features


class ReccoBeatsSandbox(StandIn):
    """The stand-in server; `with ReccoBeatsSandbox(tracks) as reccobeats:` serves it at `reccobeats.url`."""

    def __init__(self, tracks: Iterable[SandboxTrack] = ()) -> None:
        super().__init__(
            [
                Route("/v1/audio-features", self._audio_features),
                Route("/v1/track", self._several_tracks),
                Route("/v1/track/recommendation", self._recommendation),
            ]
        )
        self._by_id: dict[str, list[SandboxTrack]] = {}
        self._tracks: list[SandboxTrack] = []
        self.reset(tracks)

    def reset(self, tracks: Iterable[SandboxTrack]) -> None:
        """Begin anew with these tracks: no faults, no memory of requests."""
        # in an order that has nothing to do with that of a request
        self._tracks = sorted(tracks, key=lambda track: hashlib.sha256(track.own_id.encode()).digest())
        self._by_id = {}
        for track in self._tracks:
            # several releases of one recording share an ISRC: all of them are answered
            for name in {track.spotify_id, track.own_id, track.isrc} - {None}:
                self._by_id.setdefault(str(name), []).append(track)
        self.forget()

    async def _audio_features(self, request: Request) -> Response:
        found = self._requested(request, "ids", LARGEST_BATCH)
        if isinstance(found, Response):
            return found
        return JSONResponse({"content": [_features(track) for track in found if track.features is not None]})

    async def _several_tracks(self, request: Request) -> Response:
        found = self._requested(request, "ids", LARGEST_BATCH)
        return found if isinstance(found, Response) else JSONResponse({"content": [_object(track) for track in found]})

    async def _recommendation(self, request: Request) -> Response:
        seeds = self._requested(request, "seeds", LARGEST_SEEDS)
        if isinstance(seeds, Response):
            return seeds
        text = request.query_params.get("size", str(DEFAULT_SIZE))
        if not text.isdigit() or not 1 <= int(text) <= LARGEST_SIZE:
            return _error(400, f"size must be between 1 and {LARGEST_SIZE}")
        placed = [track for track in seeds if track.features is not None]
        if not placed:
            return JSONResponse({"content": []})
        centre = [sum(_unit(track, name) for track in placed) / len(placed) for name in _UNIT_FEATURES]
        others = [track for track in self._tracks if track not in seeds]
        others.sort(key=lambda track: _distance(track, centre))
        return JSONResponse({"content": [_object(track) for track in others[: int(text)]]})

    def _requested(self, request: Request, name: str, largest: int) -> list[SandboxTrack] | Response:
        """The known ones of the ids in a query, each once, in the service's own order."""
        self.note(request)
        ids = [part.strip() for value in request.query_params.getlist(name) for part in value.split(",")]
        ids = [one for one in ids if one]
        if not 1 <= len(ids) <= largest:
            return _error(400, f"{name} must hold between 1 and {largest} values")
        wanted = {track.own_id for one in ids for track in self._by_id.get(one, ())}
        return [track for track in self._tracks if track.own_id in wanted]


def _features(track: SandboxTrack) -> dict[str, Any]:
    return {"id": track.own_id, "href": _TRACK_PAGE + track.spotify_id, "isrc": track.isrc} | dict(track.features or {})


def _object(track: SandboxTrack) -> dict[str, Any]:
    artist = {
        "id": str(uuid.uuid5(_NAMESPACE, track.artist_id)),
        "name": track.artist_name,
        "href": _ARTIST_PAGE + track.artist_id,
    }
    return {
        "id": track.own_id,
        "trackTitle": track.title,
        "artists": [artist],
        "durationMs": track.duration_ms,
        "isrc": track.isrc,
        "ean": None,
        "upc": None,
        "href": _TRACK_PAGE + track.spotify_id,
        "availableCountries": "AR,AU,AT",
        "popularity": track.popularity,
    }


def _unit(track: SandboxTrack, name: str) -> float:
    return float((track.features or {}).get(name) or 0.0)


def _distance(track: SandboxTrack, centre: list[float]) -> float:
    if track.features is None:
        return float("inf")  # recommended last
    return sum((_unit(track, name) - middle) ** 2 for name, middle in zip(_UNIT_FEATURES, centre, strict=True))


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"timestamp": "2026-11-02T08:00:00Z", "error": message, "status": status}, status)
