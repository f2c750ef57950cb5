"""What Spotify knows beyond plays: saved tracks, single tracks, and whose login it is.

All of it can wait: it is asked once a day (tracks: a few at each poll), after plays were stored, and a refusal here
never costs a play.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from extract.http import ServiceError, own_names, quoted
from extract.raw.tables import DATASET
from extract.report import FileReport, LoadError
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
from spotiflow.pseudonyms import keyed_hash

_SAVED_PAGES = 20
"""At most so many pages of saved tracks a day: 1,000 tracks. Further ones follow on the next days."""

Row = dict[str, Any]


@dataclass
class Extras:
    """What was asked besides plays, and what came of it."""

    poll: Poll
    notes: list[str] = field(default_factory=list)  # refusals that stand until somebody changes something
    error: ServiceError | None = None  # what ended the asking, though it will pass

    @property
    def rows(self) -> int:
        """Rows to store."""
        return len(self.poll.feedback) + len(self.poll.tracks)


@dataclass(frozen=True)
class Due:
    """What there is to ask today for an account."""

    saved_tracks: bool
    track_ids: Sequence[str]
    stored_saved: frozenset[tuple[str, datetime]] = frozenset()


def spotify_account(client: AccountClient, home: Path) -> str | None:
    """A keyed hash of Spotify's own id of the account that the login belongs to; None if Spotify does not say.

    Raises:
        ServiceError: Spotify refuses.
    """
    me = _asked(client, lambda: client.me())
    own_names.add(*named_in(me))
    found = me.get("account_id") or me.get("id")
    return keyed_hash(str(found), home) if found else None


def named_in(me: Row) -> list[object]:
    """Every name by which a profile calls its account."""
    return [me.get(name) for name in ("account_id", "id", "display_name", "email", "uri")]


def due(connection: duckdb.DuckDBPyConnection, user_id: str, now: datetime) -> Due:
    """What to ask for an account at a moment (naive UTC), from what the warehouse holds."""
    raw = DATASET
    today = now.date()
    (answers,) = connection.execute(
        f"""
        select count(*) from {raw}.poll_log
        where user_id = ? and requested_at >= ? and endpoint = ?
            and (outcome = 'ok' or (status_code between 400 and 499 and status_code not in (401, 429)))
        """,
        [user_id, datetime(today.year, today.month, today.day), SAVED_TRACKS],
    ).fetchone() or (0,)
    saved = connection.execute(
        f"select track_id, given_at from {raw}.feedback where user_id = ? and kind = 'saved'", [user_id]
    ).fetchall()
    # In a new order at each poll: a few tracks that Spotify no longer knows must not stand in the way for good.
    unknown = connection.execute(
        f"""
        select history.track_id
        from {raw}.streaming_history as history
        left join {raw}.tracks as known on history.track_id = known.track_id and known.provider = 'spotify'
        where history.user_id = ? and history.track_id is not null and known.track_id is null
        group by history.track_id
        order by md5(history.track_id || ?)
        limit ?
        """,
        [user_id, now.isoformat(), tracks_per_poll()],
    ).fetchall()
    return Due(
        saved_tracks=not answers,
        track_ids=[str(track_id) for (track_id,) in unknown],
        stored_saved=frozenset(saved),
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


def ask_extras(client: AccountClient, user_id: str, wanted: Due) -> Extras:
    """Ask for what is due; the first refusal that will pass by itself ends it, and what came before it is kept."""
    before = len(client.log.rows)
    extras = Extras(Poll({}, FileReport("more from Spotify", SOURCE)))
    try:
        if wanted.saved_tracks and client.auth_manager.granted(SAVED_TRACKS_SCOPE):
            _unless_refused(extras, lambda: _saved_tracks(client, user_id, extras.poll, wanted.stored_saved))
        for track_id in wanted.track_ids:
            _unless_refused(extras, lambda track_id=track_id: _track(client, track_id, extras.poll))
    except ServiceError as error:
        extras.error = error
    extras.poll.requests = client.log.rows[before:]
    del client.log.rows[before:]
    return extras


_STANDING = ("forbidden", "scope_missing", "closed", "refused")


def _unless_refused(extras: Extras, ask: Any) -> None:
    try:
        ask()
    except ServiceError as error:
        if error.kind not in _STANDING:
            raise
        if error.status != 404:  # a track that is gone is no news
            extras.notes.append(str(error))


def _asked(client: AccountClient, ask: Any) -> Row:
    answer = retried_after_refresh(ask, client.auth_manager.refresh)
    return answer if isinstance(answer, dict) else {}


def _items(page: Row) -> list[Row]:
    items = page.get("items")
    if not isinstance(items, list):
        raise ServiceError(
            "unreadable",
            f"What came back instead of a list of tracks is not an answer of Spotify's API ({quoted(str(page))}). "
            "Load again later.",
            200,
        )
    return [item for item in items if isinstance(item, dict)]


def _has_id(track: Any) -> bool:
    return isinstance(track, dict) and isinstance(track.get("id"), str) and bool(track["id"].strip())


def _saved_tracks(client: AccountClient, user_id: str, poll: Poll, stored: frozenset[tuple[str, datetime]]) -> None:
    """Newest first until a page brings nothing new; then on from where the last day stopped."""
    offset, has_jumped = 0, False
    for _ in range(_SAVED_PAGES):
        page = _asked(client, lambda: client.current_user_saved_tracks(limit=PAGE_SIZE, offset=offset))  # noqa: B023
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
    track = _asked(client, lambda: client.track(track_id))
    if not _has_id(track):
        return
    # Spotify may answer with the track that took this one's place: what was asked for is what was played.
    read_track(track | {"id": track_id}, poll)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
