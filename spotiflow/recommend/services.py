"""Recommenders that are services: Spotify, for apps that still have access, and ReccoBeats. One request per song."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extract.http import utc_now
from extract.raw.store import Store
from extract.report import Progress
from extract.request_log import RequestLog, still_paused
from extract.service_errors import ServiceError
from extract.sources.reccobeats import client
from extract.sources.reccobeats.client import LARGEST_SIZE, ReccoBeats
from extract.sources.spotify_api import legacy_endpoints
from extract.sources.spotify_api.legacy_endpoints import Login, is_refusal, response_of, usable
from extract.sources.spotify_api.recently_played import positive, text_of, track_row
from spotiflow.recommend.recommender import RANKED, Answers, answers_table

_COLUMNS = (("user_id", pa.string()), ("seed_track_id", pa.string()), *RANKED)
_TRACK_ID = re.compile(r"[0-9A-Za-z]{22}")

Row = dict[str, Any]


class _Given:
    """Answers of a service as they come in."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.answered: list[tuple[str, str]] = []
        self.metadata: dict[str, Row] = {}
        self.log: list[Row] = []
        self.problem: str | None = None

    def take(self, users: Sequence[str], seed: str, tracks: Sequence[Row]) -> None:
        """Note the tracks for a song, for everybody who has it as a Top Song; no track is an answer too."""
        for user_id in users:
            self.answered.append((user_id, seed))
            self.rows += [(user_id, seed, rank, track["track_id"]) for rank, track in enumerate(tracks, start=1)]
        self.metadata |= {track["track_id"]: track for track in tracks if track.get("track_name")}

    def answers(self, as_of: datetime) -> Answers:
        columns = ("user_id", "seed_track_id")
        pairs = zip(*self.answered, strict=True) if self.answered else ((), ())
        answered = pa.Table.from_arrays([pa.array(values, pa.string()) for values in pairs], names=list(columns))
        return Answers(
            answers_table(_COLUMNS, self.rows),
            answered,
            as_of,
            problem=self.problem,
            metadata=list(self.metadata.values()),
            requests=self.log,
        )


def _songs(questions: pa.Table, users: frozenset[str] | None) -> dict[str, list[str]]:
    """Songs that a service can know, each with those who asked about it, in the order of the latest weeks first."""
    songs: dict[str, list[str]] = {}
    for row in sorted(questions.to_pylist(), key=lambda row: row["week_start"], reverse=True):
        seed, user_id = row["seed_track_id"], row["user_id"]
        if _TRACK_ID.fullmatch(seed) and (users is None or user_id in users):
            askers = songs.setdefault(seed, [])
            if user_id not in askers:
                askers.append(user_id)
    return songs


@dataclass(frozen=True)
class ReccoBeatsRecommender:
    """`reccobeats`: what the service recommends for the song. It knows no listener."""

    warehouse: Path
    users: frozenset[str] | None = None  # whose songs may be asked about; None: everybody's
    open_service: Callable[[RequestLog], ReccoBeats] = ReccoBeats
    clock: Callable[[], datetime] = utc_now
    name: str = "reccobeats"
    version: str = "v1"
    is_local: bool = False

    def answer(
        self, questions: pa.Table, ranks: int, warehouse: Callable[[], duckdb.DuckDBPyConnection], progress: Progress
    ) -> Answers:
        """One request per song."""
        given, log, now = _Given(), RequestLog(clock=self.clock), self.clock()
        songs = _songs(questions, self.users)
        if not songs:
            return given.answers(now)
        if (until := Store(self.warehouse).pauses(client.SERVICE, now).get("")) is not None:
            given.problem = str(still_paused(client.NAME, until, now))
            return given.answers(now)
        try:
            service = self.open_service(log)
            for number, (seed, users) in enumerate(songs.items()):
                progress(f"Asking ReccoBeats for recommendations: {number:,} of {len(songs):,} songs")
                given.take(users, seed, _tracks(_of_reccobeats(service, seed, ranks), ranks))
        except ServiceError as error:
            given.problem = str(error)
        given.log = log.rows
        return given.answers(now)


def _of_reccobeats(service: ReccoBeats, seed: str, ranks: int) -> list[Row]:
    try:
        # Some more than are kept: those without a Spotify id are no track that anybody here could play.
        items = service.recommendations(seed, min(LARGEST_SIZE, ranks + ranks))
    except ServiceError as error:
        if client.refuses_one_of(error):
            return []
        raise
    found = []
    for item in items:
        artist_id, artist_name = client.artist(item)
        found.append(
            {
                "track_id": client.spotify_id(item),
                "provider": "reccobeats",
                "track_name": text_of(item.get("trackTitle")),
                "artist_id": artist_id,
                "artist_name": artist_name,
                "duration_ms": positive(item.get("durationMs")),
                "isrc": client.isrc_of(item.get("isrc")),
            }
        )
    return found


@dataclass(frozen=True)
class SpotifyRecommender:
    """`spotify`: what Spotify recommends for the song, asked with the listener's own login; closed to most apps."""

    warehouse: Path
    logins: Sequence[Login] = ()
    clock: Callable[[], datetime] = utc_now
    name: str = "spotify"
    version: str = "v1"
    is_local: bool = False

    def answer(
        self, questions: pa.Table, ranks: int, warehouse: Callable[[], duckdb.DuckDBPyConnection], progress: Progress
    ) -> Answers:
        """One request per song, for each account whose app may request them."""
        given, now = _Given(), self.clock()
        waiting = Store(self.warehouse).pauses(legacy_endpoints.SERVICE, now)
        for login in usable(Store(self.warehouse), self.logins, legacy_endpoints.RECOMMENDATIONS, now):
            songs = _songs(questions, frozenset({login.user_id}))
            if not songs or login.user_id in waiting:
                continue
            log = RequestLog(login.user_id, clock=self.clock)
            try:
                client = login.client(log)
                for number, seed in enumerate(songs):
                    progress(f"Asking Spotify for recommendations: {number:,} of {len(songs):,} songs")
                    response = response_of(client, legacy_endpoints.RECOMMENDATIONS, seed_tracks=seed, limit=str(ranks))
                    items = response.get("tracks")
                    listed = items if isinstance(items, list) else ()
                    tracks = [track_row(item) for item in listed if isinstance(item, dict)]
                    given.take([login.user_id], seed, _tracks(tracks, ranks))
            except ServiceError as error:
                if not is_refusal(error):
                    given.problem = str(error)
            given.log += log.rows
        return given.answers(now)


def _tracks(rows: Sequence[Row], ranks: int) -> list[Row]:
    """The first `ranks` that have a track id of Spotify's, each once."""
    usable_rows: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        track_id = row["track_id"]
        if isinstance(track_id, str) and _TRACK_ID.fullmatch(track_id):
            usable_rows.setdefault(track_id, row)
    return [dict(row) for row in list(usable_rows.values())[:ranks]]
