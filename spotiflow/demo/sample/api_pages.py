"""Recorded pages of recently played: what Spotify's API answered to polls of some listeners."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from spotiflow.demo.sample.catalogue import Catalogue
from spotiflow.demo.sample.listeners import Listener
from spotiflow.demo.sample.plays import Plays, local_midnight
from spotiflow.demo.sample.randomness import spotify_id, stream
from spotiflow.demo.sample.settings import FIRST_DAY, LISTENED_MS
from spotiflow.demo.sandbox.account import API_BASE, REMEMBERED_PLAYS, recently_played_page

_PRIVATE_SESSIONS = 0.03  # share of plays that recently played does not show
_TIME_OF_FILE = "%Y-%m-%dT%H-%M-%SZ"


@dataclass(frozen=True)
class RecordedPage:
    """One answer and when it was asked for."""

    requested_at: datetime  # aware, UTC
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """The file's name; it carries the moment of the request."""
        return f"recently-played_{self.requested_at.strftime(_TIME_OF_FILE)}.json"

    def to_json(self) -> bytes:
        """The body as Spotify sends it."""
        return (json.dumps(self.body, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def read(cls, name: str, content: bytes) -> RecordedPage:
        """The page in a file that was written by this class."""
        text = name.removeprefix("recently-played_").removesuffix(".json")
        return cls(datetime.strptime(text, _TIME_OF_FILE).replace(tzinfo=UTC), json.loads(content))


def record_pages(
    listener: Listener, plays: Plays, catalogue: Catalogue, seed: int
) -> tuple[list[RecordedPage], Counter[str]]:
    """The listener's polls. `played_at` is the END of a play, to the millisecond, some seconds off the export's."""
    rng = stream(seed, "polls", listener.label)
    shown = (plays.ms_played >= LISTENED_MS) & ~plays.offline & (rng.random(len(plays)) >= _PRIVATE_SESSIONS)
    heard = plays.take(shown)
    late_ms = np.clip(np.round(rng.normal(400, 1100, len(heard))), -3_500, 4_500).astype(np.int64)
    ended_ms = heard.ended_at * 1000 + late_ms
    newest_first = np.lexsort((heard.track, ended_ms))[::-1]

    pages = []
    for requested_at in listener.polls:
        moment = round(requested_at.timestamp() * 1000)
        past = [place for place in newest_first.tolist() if ended_ms[place] <= moment][:REMEMBERED_PLAYS]
        items = [_item(catalogue, int(heard.track[place]), int(ended_ms[place])) for place in past]
        pages.append(RecordedPage(requested_at, recently_played_page(items, limit=REMEMBERED_PLAYS)))

    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for page in pages:
        own = {item["played_at"] for item in page.body["items"]}
        counts["polled_rows"] += len(own)
        counts["polled_again"] += len(own & seen)
        counts["polls_with_lost_plays"] += bool(seen) and not own & seen
        seen |= own
    if last := listener.exports[-1].last:
        end = local_midnight(last + timedelta(days=1), listener.timezone)
        counts["polled_after_export"] = sum(datetime.fromisoformat(played_at).timestamp() >= end for played_at in seen)
    return pages, +counts


def profile(listener: Listener, seed: int) -> dict[str, Any]:
    """What `/v1/me` answers for this listener."""
    return {
        "account_id": spotify_id(seed, "account", listener.label),
        "display_name": f"fictional-user-{listener.label}",
        "external_urls": {},
        "href": f"{API_BASE}/v1/users/fictional-user-{listener.label}",
        "id": f"fictional-user-{listener.label}",
        "images": [],
        "type": "user",
        "uri": f"spotify:user:fictional-user-{listener.label}",
    }


def _item(catalogue: Catalogue, track: int, ended_ms: int) -> dict[str, Any]:
    played_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ended_ms)
    return {
        "track": track_object(catalogue, track),
        "played_at": played_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "context": None,
    }


def track_object(catalogue: Catalogue, track: int) -> dict[str, Any]:
    """A track object with the fields that new apps still get."""
    track_id = catalogue.track_ids[track]
    artist = _resource("artist", catalogue.artist_ids[track]) | {"name": catalogue.artists[track]}
    album_id = spotify_id(0, "album", catalogue.artists[track], catalogue.albums[track])
    released = FIRST_DAY + timedelta(days=int(catalogue.release_day[track])) if catalogue.release_day[track] else None
    return _resource("track", track_id) | {
        "album": _resource("album", album_id)
        | {
            "album_type": "single" if catalogue.albums[track] == catalogue.names[track] else "album",
            "artists": [artist],
            "images": [],
            "name": catalogue.albums[track],
            "release_date": released.isoformat() if released else "2024",
            "release_date_precision": "day" if released else "year",
            "total_tracks": 11,
        },
        "artists": [artist],
        "disc_number": 1,
        "duration_ms": int(catalogue.duration_ms[track]),
        "explicit": False,
        "external_ids": {"isrc": catalogue.isrcs[track]},
        "is_local": False,
        "name": catalogue.names[track],
        "track_number": 1 + track % 11,
    }


def _resource(kind: str, resource_id: str) -> dict[str, Any]:
    return {
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{resource_id}"},
        "href": f"{API_BASE}/v1/{kind}s/{resource_id}",
        "id": resource_id,
        "type": kind,
        "uri": f"spotify:{kind}:{resource_id}",
    }
