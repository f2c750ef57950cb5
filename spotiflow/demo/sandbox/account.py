"""An account of the stand-in for Spotify, and its plays as pages of recently played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

Item = dict[str, Any]

API_BASE = "https://api.spotify.com"
REMEMBERED_PLAYS = 50
"""As far back as the real service looks: paging does not reach further."""

DEFAULT_LIMIT = 20


def milliseconds(played_at: str) -> int:
    """Milliseconds since 1970 of a `played_at`."""
    moment = datetime.fromisoformat(played_at)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def recently_played_page(
    items: Sequence[Item],
    *,
    limit: int = DEFAULT_LIMIT,
    before: int | None = None,
    after: int | None = None,
    base: str = API_BASE,
) -> dict[str, Any]:
    """One page of recently played, newest first, cut from `items` (newest first).

    `before` and `after` are exclusive. As with the real service, `cursors.after` can lie 1 ms below the
    newest `played_at` (here: whenever that is odd), so that asking again from there returns the row again.
    """
    remembered = items[:REMEMBERED_PLAYS]
    chosen = [
        item
        for item in remembered
        if (before is None or milliseconds(item["played_at"]) < before)
        and (after is None or milliseconds(item["played_at"]) > after)
    ]
    chosen = chosen[-limit:] if after is not None else chosen[:limit]
    path = f"{base}/v1/me/player/recently-played"
    given = {
        name: value for name, value in (("limit", limit), ("before", before), ("after", after)) if value is not None
    }
    page: dict[str, Any] = {
        "items": chosen,
        "next": None,
        "cursors": None,
        "limit": limit,
        "href": f"{path}?{urlencode(given)}",
    }
    if chosen:
        newest, oldest = milliseconds(chosen[0]["played_at"]), milliseconds(chosen[-1]["played_at"])
        page["cursors"] = {"after": str(newest - newest % 2), "before": str(oldest)}
        page["next"] = f"{path}?{urlencode({'before': oldest, 'limit': limit})}"
    return page


@dataclass
class SandboxAccount:
    """One account of the stand-in service."""

    refresh_token: str
    items: list[Item] = field(default_factory=list)  # everything ever played, newest first
    profile: dict[str, Any] = field(default_factory=dict)
    shape: Callable[[list[Item]], list[Item]] | None = None
    """Changes the items of a page before they are sent: fewer than there are, or some of them twice."""

    saved: list[Item] = field(default_factory=list)  # {"added_at": ..., "track": {...}}, newest first
    authorised_at: datetime | None = None  # with zone; None: the login never dies
    shown: list[list[Item]] = field(default_factory=list)  # the items of each page that was answered

    @classmethod
    def from_pages(
        cls, refresh_token: str, pages: Iterable[dict[str, Any]], profile: dict[str, Any] | None = None
    ) -> SandboxAccount:
        """An account whose plays are those of recorded pages, overlaps counted once."""
        items = {(item["played_at"], item["track"]["uri"]): item for page in pages for item in page["items"]}
        newest_first = [items[key] for key in sorted(items, reverse=True)]
        return cls(refresh_token, newest_first, profile or {})
