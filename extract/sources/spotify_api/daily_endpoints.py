"""What Spotify knows beyond plays: saved tracks (once a day) and tracks that only exports named (a few per poll).

All of it can wait: it is requested after plays were stored, and a refusal here never costs a play.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from extract.redact import quoted
from extract.report import FileReport, LoadError
from extract.service_errors import ServiceError
from extract.sources.spotify_api.login import AccountClient
from extract.sources.spotify_api.recently_played import Poll, read_track
from extract.sources.spotify_api.session import retried_after_refresh
from extract.sources.spotify_api.settings import (
    PAGE_SIZE,
    SAVED_TRACKS,
    SAVED_TRACKS_SCOPE,
    SOURCE,
    TRACKS_PER_POLL,
    TRACKS_PER_POLL_VARIABLE,
)
from extract.stored import Stored

_SAVED_PAGES = 20
"""At most this many pages of saved tracks per day (1,000 tracks); the rest follow on later days."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Due:
    """What there is to request today for an account."""

    saved_tracks: bool
    track_ids: Sequence[str]
    stored_saved: frozenset[tuple[str, datetime]] = frozenset()


@dataclass
class Extras:
    """What was requested besides plays, and what came of it."""

    poll: Poll
    notes: list[str] = field(default_factory=list)  # refusals that stand until somebody changes something
    error: ServiceError | None = None  # what ended the requests, though it will pass

    @property
    def rows(self) -> int:
        """Rows to store."""
        return len(self.poll.feedback) + len(self.poll.tracks)


def due(stored: Stored, user_id: str, now: datetime) -> Due:
    """What to request for an account at a moment (naive UTC), from what is stored."""
    today = datetime(now.year, now.month, now.day)
    return Due(
        saved_tracks=not stored.is_answered_since(user_id, SAVED_TRACKS, today),
        track_ids=stored.tracks_without_metadata(user_id, now, tracks_per_poll()),
        stored_saved=stored.saved_tracks(user_id),
    )


def tracks_per_poll() -> int:
    """How many tracks of exports are looked up at each poll.

    Raises:
        LoadError: the variable is no number.
    """
    text = os.environ.get(TRACKS_PER_POLL_VARIABLE, "").strip()
    if not text:
        return TRACKS_PER_POLL
    if not re.fullmatch(r"\d{1,5}", text):
        raise LoadError(
            f"{TRACKS_PER_POLL_VARIABLE} is {text!r}: it must be a whole number, for example 50; 0 for none."
        )
    return int(text)


def request_extras(client: AccountClient, user_id: str, wanted: Due) -> Extras:
    """Request what is due. The first refusal that will pass by itself ends it; what came before is kept."""
    before = len(client.log.rows)
    extras = Extras(Poll({}, FileReport("more from Spotify", SOURCE)))
    try:
        if wanted.saved_tracks and client.auth_manager.granted(SAVED_TRACKS_SCOPE):
            _unless_refused(extras, lambda: _saved_tracks(client, user_id, extras.poll, wanted.stored_saved))
        for track_id in wanted.track_ids:
            _unless_refused(extras, partial(_track, client, track_id, extras.poll))
    except ServiceError as error:
        extras.error = error
    extras.poll.requests = client.log.rows[before:]
    del client.log.rows[before:]
    return extras


_STANDING = ("forbidden", "scope_missing", "closed", "refused")


def _unless_refused(extras: Extras, request: Callable[[], None]) -> None:
    try:
        request()
    except ServiceError as error:
        if error.kind not in _STANDING:
            raise
        if error.status != 404:  # a track that is gone is no news
            extras.notes.append(str(error))


def _response(client: AccountClient, request: Callable[[], Any]) -> Row:
    response = retried_after_refresh(request, client.auth_manager.refresh)
    return response if isinstance(response, dict) else {}


def _items(page: Row) -> list[Row]:
    items = page.get("items")
    if not isinstance(items, list):
        raise ServiceError(
            "unreadable",
            f"The response does not look like a list of tracks from Spotify's API ({quoted(str(page))}). "
            "Try again later.",
            200,
        )
    return [item for item in items if isinstance(item, dict)]


def _has_id(track: Any) -> bool:
    return isinstance(track, dict) and isinstance(track.get("id"), str) and bool(track["id"].strip())


def _saved_tracks(client: AccountClient, user_id: str, poll: Poll, stored: frozenset[tuple[str, datetime]]) -> None:
    """Newest first until a page brings nothing new; then go on where the last day stopped."""
    offset, has_jumped = 0, False
    for _ in range(_SAVED_PAGES):
        page = _response(client, lambda: client.current_user_saved_tracks(limit=PAGE_SIZE, offset=offset))  # noqa: B023
        items = _items(page)
        new = 0
        for item in items:
            track, moment = item.get("track"), _moment(item.get("added_at"))
            if not _has_id(track) or moment is None:
                continue
            assert isinstance(track, dict)
            known = read_track(track, poll)
            if (known["track_id"], moment) not in stored:
                new += 1
                poll.feedback.append(
                    {"user_id": user_id, "track_id": known["track_id"], "kind": "saved", "given_at": moment}
                )
        total = page.get("total")
        offset += PAGE_SIZE
        if not new and not has_jumped:
            offset, has_jumped = max(offset, len(stored) + len(poll.feedback)), True
        elif not new:
            return
        if not items or not isinstance(total, int) or offset >= total:
            return


def _track(client: AccountClient, track_id: str, poll: Poll) -> None:
    track = _response(client, lambda: client.track(track_id))
    if not _has_id(track):
        return
    # Spotify may send the track that replaced this one, but what was requested is what was played.
    read_track(track | {"id": track_id}, poll)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
