"""What sources may ask about rows that are stored already. `extract.raw.store` answers from a warehouse."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

LogKey = tuple[Any, ...]
"""The primary key of a row of `load_log`: user_id, source, file, content_hash."""

ATTACHED = "stored"
"""The name under which `Stored.attached` gives access to stored tables."""


@dataclass(frozen=True)
class FirstLoad:
    """The first time that a file was loaded. Times are naive UTC."""

    loaded_at: datetime
    rows_new: int | None
    covered_from: datetime | None = None  # of the export that the file came in
    covered_to: datetime | None = None


@dataclass(frozen=True)
class StoredAccount:
    """An account as the warehouse knows it."""

    user_id: str
    timezone: str  # IANA name
    display_name: str | None = None
    is_sample: bool = False


class Stored:
    """Nothing is stored. Subclasses say what is; moments are naive UTC throughout."""

    def first_loads(self) -> dict[LogKey, FirstLoad]:
        """When each file was loaded first."""
        return {}

    @contextmanager
    def attached(self, connection: duckdb.DuckDBPyConnection) -> Iterator[set[str]]:
        """Lets `connection` read `stored.raw_spotify.<name>` of the tables whose names this gives."""
        yield set()

    def account(self, user_id: str) -> StoredAccount | None:
        """The account, as the latest completed load describes it."""
        return None

    def pauses(self, service: str, now: datetime) -> dict[str, datetime]:
        """Until when a service wants no request, by the `user_id` whose request it refused ('' without account).

        Only pauses that end after `now`, and that no later answer to the same account has lifted.
        """
        return {}

    def refused_since(self, endpoint: str, moment: datetime, outcomes: Collection[str]) -> set[str]:
        """The `user_id`s whose latest request to an endpoint after a moment ended with one of these outcomes."""
        return set()

    def is_answered_since(self, user_id: str, endpoint: str, moment: datetime) -> bool:
        """Whether an endpoint has answered an account since a moment, or refused it for good."""
        return False

    def polled_plays(self, user_id: str, since: datetime) -> set[tuple[datetime, str]]:
        """Polled plays of an account (end, track id) from a moment on."""
        return set()

    def newest_polled_play(self, user_id: str) -> datetime | None:
        """The end of the newest polled play of an account."""
        return None

    def saved_tracks(self, user_id: str) -> frozenset[tuple[str, datetime]]:
        """Tracks that an account saved, with the moment."""
        return frozenset()

    def tracks_without_metadata(self, user_id: str, now: datetime, most: int) -> list[str]:
        """Exported tracks of an account that Spotify has not described, in another order at each `now`."""
        return []

    def tracks_without_features(
        self, provider: str, asked_before: datetime, users: Collection[str] | None, most: int
    ) -> list[tuple[str, str | None]]:
        """Track ids and ISRCs for which no provider has features and this one was not asked since; most played first.

        `users`: whose tracks count; None: everybody's.
        """
        return []
