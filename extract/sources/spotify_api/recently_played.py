"""Polls of recently played: one page per poll, as rows of the raw tables.

`played_at` is the END of a play (so it was measured on consecutive plays; recordings of 2017 have the start).
The page carries no listened time. It shows music only; plays in private sessions and many skipped tracks are
missing. Each poll reads the whole page without a cursor: `cursors.after` can lie 1 ms below the newest play, and
whether plays were lost can be told only from overlap with what is stored already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import spotipy

from extract.batch import Batch
from extract.raw.tables import ACCOUNTS, FEEDBACK, POLL_LOG, REJECTED_ROWS, TABLES, TRACKS, RawTable
from extract.redact import quoted
from extract.report import FileReport, LoadError, LoadReport
from extract.request_log import RequestLog
from extract.service_errors import Outcome, ServiceError
from extract.sources.spotify_api.errors import ApiError, from_web_api
from extract.sources.spotify_api.session import WEB_API, retried_after_refresh
from extract.sources.spotify_api.settings import PAGE_SIZE, PROVIDER, RECENTLY_PLAYED, SOURCE
from extract.stored import Stored, StoredAccount

RECENTLY_PLAYED_TABLE = TABLES["recently_played"]

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Rows by the name of their raw table."""

_WHAT = "your recently played tracks"
_ALLOWED = ("played_at", "track_id", "track_name")  # fields of a rejected row that are kept


@dataclass
class Poll:
    """A requested page, and what came back."""

    log: Row  # the row of `poll_log` of the last attempt
    report: FileReport
    requests: list[Row] = field(default_factory=list)  # rows of `poll_log` of all attempts, the last one included
    plays: list[Row] = field(default_factory=list)
    tracks: list[Row] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    error: ServiceError | None = None


def account_for(stored: Stored, user_id: str, timezone: str | None) -> StoredAccount:
    """The account to load: what is stored about it, but with `timezone` if it is given.

    Raises:
        LoadError: no time zone is known, or the one given does not exist.
    """
    account = stored.account(user_id)
    if timezone is not None:
        _check_zone(timezone)
    zone = timezone or (account.timezone if account else None)
    if not zone:
        raise LoadError(
            "The time zone of this account is not known yet, and a play belongs to the local date on which it ended. "
            "Add it, for example --timezone Europe/London."
        )
    return replace(account, timezone=zone) if account else StoredAccount(user_id, zone)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LoadError(
            f"There is no time zone “{name}”. Use an IANA name such as Europe/London, America/New_York or Asia/Kolkata."
        ) from None


def poll(client: spotipy.Spotify, user_id: str, clock: Callable[[], datetime] | None = None) -> Poll:
    """Ask for the page; a refusal is in `Poll.error`, so that it can be noted before it is raised.

    `clock` (naive UTC) takes the place of the client's own.
    """
    log = getattr(client, "log", None)
    if log is None:
        log = RequestLog(user_id)
    if clock is not None:
        log.clock = clock
    before = len(log.rows)
    report = FileReport("recently played", SOURCE)
    error, page = None, []
    try:
        page = _page(client)
    except ServiceError as refusal:
        error = refusal
        report.problem = str(refusal)
    requests, log.rows[before:] = log.rows[before:], []
    if not requests:  # a client that notes nothing
        requests = [{"user_id": user_id, "requested_at": log.now(), "endpoint": RECENTLY_PLAYED, "service": WEB_API}]
        requests[0]["status_code"] = error.status if error else 200
    result = Poll(requests[-1], report, requests, error=error)
    if error is not None:
        result.log["outcome"] = error.kind
        return result
    for number, item in enumerate(page, start=1):
        _read_item(item, number, user_id, result)
    _forget_repeats(result)
    moments = [row["played_at"] for row in result.plays]
    result.log |= {
        "outcome": "ok" if page else "empty",
        "page_size": len(page),
        "oldest_played_at": min(moments, default=None),
        "newest_played_at": max(moments, default=None),
    }
    if not page:
        report.note = "Spotify shows no recent plays for this account"
    return result


def rows_of(accounts: Sequence[StoredAccount], polls: Sequence[Poll], requests: Sequence[Row] = ()) -> Rows:
    """The rows of polls, by raw table. Accounts are among them only when one of their polls was answered.

    `requests` are further rows of `poll_log`: of logins that were renewed, say.
    """
    answered = {poll.log.get("user_id") for poll in polls if poll.error is None}
    return {
        ACCOUNTS.name: [asdict(account) for account in accounts if account.user_id in answered],
        RECENTLY_PLAYED_TABLE.name: _latest((row for poll in polls for row in poll.plays), RECENTLY_PLAYED_TABLE),
        TRACKS.name: _latest((row for poll in polls for row in poll.tracks), TRACKS),
        REJECTED_ROWS.name: _latest((row for poll in polls for row in poll.rejected), REJECTED_ROWS),
        FEEDBACK.name: _latest((row for poll in polls for row in poll.feedback), FEEDBACK),
        POLL_LOG.name: [*requests, *(row for poll in polls for row in poll.requests)],
    }


def batch_of(accounts: Sequence[StoredAccount], polls: Sequence[Poll]) -> Batch:
    """Polls as a batch."""
    tables = {name: [TABLES[name].from_rows(rows)] for name, rows in rows_of(accounts, polls).items()}
    return Batch(tables, LoadReport("Recently played", [poll.report for poll in polls]))


def _latest(rows: Iterable[Row], table: RawTable) -> list[Row]:
    """One row per key, the last one given: what Spotify said last about a track counts."""
    return list({tuple(row[column] for column in table.primary_key): row for row in rows}.values())


def _page(client: spotipy.Spotify) -> list[Any]:
    """The items of the page, or ApiError."""

    def request() -> Any:
        try:
            return client.current_user_recently_played(limit=PAGE_SIZE)
        except spotipy.SpotifyException as error:  # a client with another session than ours
            body = json.dumps({"error": {"message": error.msg, "reason": error.reason}})
            raise from_web_api(error.http_status, error.headers, body, _WHAT) from None

    page = retried_after_refresh(request, getattr(client.auth_manager, "refresh", None))
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise ApiError(
            Outcome.UNREADABLE,
            f"The response does not look like {_WHAT} from Spotify's API ({quoted(json.dumps(page))}). "
            "Your network's proxy may be in the way; try again later, or from another network.",
            200,
        )
    return items


# ---- from the page's items to rows ----


def _read_item(item: Any, number: int, user_id: str, result: Poll) -> None:
    """Add one item's rows to `result`; what cannot be a play is counted, and kept among the rejected rows."""
    report = result.report
    report.rows_read += 1
    record = item if isinstance(item, dict) else {}
    track = record.get("track")
    track = track if isinstance(track, dict) else {}
    if track.get("is_local") or track.get("type") in ("episode", "chapter"):
        report.set_aside["local file" if track.get("is_local") else "episode"] += 1
        return
    played_at = _moment(record.get("played_at"))
    track_id = text_of(track.get("id"))
    reason = "played_at is not a time" if played_at is None else ("track has no id" if track_id is None else None)
    if reason is not None:
        report.rejected[reason] += 1
        result.rejected.append(_rejection(user_id, number, reason, record.get("played_at"), track))
        return
    common = read_track(track, result)
    result.plays.append({"user_id": user_id, "played_at": played_at} | common)


def read_track(track: Row, result: Poll) -> Row:
    """Add what a track object (with an id) says about the track; returns the part that plays repeat."""
    row = track_row(track)
    result.tracks.append(row)
    return {name: value for name, value in row.items() if name not in ("provider", "isrc")}


def track_row(track: Row) -> Row:
    """The row of raw `tracks` that a track object of Spotify's API is."""
    artists, album, codes = track.get("artists"), track.get("album"), track.get("external_ids")
    named = artists if isinstance(artists, list) else []
    first = next((artist for artist in named if isinstance(artist, dict) and text_of(artist.get("id"))), {})
    return {
        "provider": PROVIDER,
        "track_id": text_of(track.get("id")),
        "track_name": text_of(track.get("name")),
        "artist_id": text_of(first.get("id")),
        "artist_name": text_of(first.get("name")),
        "album_name": text_of(album.get("name")) if isinstance(album, dict) else None,
        "duration_ms": positive(track.get("duration_ms")),
        "isrc": text_of(codes.get("isrc")) if isinstance(codes, dict) else None,
    }


def _forget_repeats(result: Poll) -> None:
    unique = _latest(result.plays, RECENTLY_PLAYED_TABLE)
    result.report.repeated = len(result.plays) - len(unique)
    result.report.rows_loaded = len(unique)
    result.plays = unique


def _rejection(user_id: str, number: int, reason: str, played_at: Any, track: Row) -> Row:
    values = (played_at, track.get("id"), track.get("name"))
    fields = json.dumps(
        {name: None if value is None else str(value)[:200] for name, value in zip(_ALLOWED, values, strict=True)},
        ensure_ascii=False,
    )
    # Without the row number: in the next poll the same item comes further down.
    identity = "\x1f".join((user_id, SOURCE, RECENTLY_PLAYED, reason, fields))
    return {
        "rejection_id": hashlib.md5(identity.encode(), usedforsecurity=False).hexdigest(),
        "user_id": user_id,
        "source": SOURCE,
        "file": RECENTLY_PLAYED,
        "row": number,
        "reason": reason,
        "fields": fields,
    }


def _moment(value: Any) -> datetime | None:
    """A `played_at` as naive UTC; None if it is no time."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def text_of(value: Any) -> str | None:
    """A JSON value if it is text that is not empty."""
    return value.strip() or None if isinstance(value, str) else None


def positive(value: Any) -> int | None:
    """A JSON value if it is a whole number above 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
