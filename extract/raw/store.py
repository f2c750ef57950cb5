"""Every question of extraction to the raw tables. Tables and columns may be missing: then nothing is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract.raw.schema import DATASET, columns_of, tables_of
from extract.raw.tables import AUDIO_FEATURES, LOAD_LOG
from extract.report import LoadError
from extract.service_errors import Outcome
from extract.stored import ATTACHED, FirstLoad, LogKey, Stored, StoredAccount


class Store(Stored):
    """What a warehouse holds. Each question opens the file for itself, so that nothing is locked in between.

    Every method raises LoadError when the warehouse cannot be opened.
    """

    def __init__(self, warehouse: Path) -> None:
        self.warehouse = warehouse

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that reads only. Raises LoadError when there is none to be had."""
        try:
            connection = duckdb.connect(str(self.warehouse), read_only=True)
        except duckdb.IOException as error:
            raise LoadError(
                f"The warehouse {self.warehouse} cannot be opened ({str(error).splitlines()[0]}). "
                "If another program has it open, close that and run the command again."
            ) from error
        with connection:
            # A name in SQL is a table, never a Python variable that happens to be called the same.
            connection.execute("set TimeZone = 'UTC'; set python_enable_replacements = false")
            yield connection

    def first_loads(self) -> dict[LogKey, FirstLoad]:
        """When each file was loaded first; for rows of an older version, when it was loaded last."""
        if not self.warehouse.exists():
            return {}
        with self.opened() as connection:
            present = columns_of(connection, LOAD_LOG.name)
            if not present:
                return {}
            first, *rest = (
                name if name in present else "null"
                for name in ("first_loaded_at", "rows_new", "covered_from", "covered_to")
            )
            rows = connection.execute(
                f"select coalesce({first}, loaded_at), {', '.join(rest)}, {', '.join(LOAD_LOG.primary_key)} "
                f"from {DATASET}.{LOAD_LOG.name}"
            ).fetchall()
        return {tuple(row[4:]): FirstLoad(*row[:4]) for row in rows}

    @contextmanager
    def attached(self, connection: duckdb.DuckDBPyConnection) -> Iterator[set[str]]:
        """Lets `connection` read `stored.raw_spotify.<name>` of the tables whose names this gives."""
        if not self.warehouse.exists():
            yield set()
            return
        quoted = str(self.warehouse).replace("'", "''")
        connection.execute(f"attach '{quoted}' as {ATTACHED} (read_only)")
        try:
            yield tables_of(connection, database=ATTACHED)
        finally:
            connection.execute(f"detach {ATTACHED}")

    def account(self, user_id: str) -> StoredAccount | None:
        """The account, as the latest completed load describes it."""
        rows = self._rows(
            {"accounts", "_dlt_loads"},
            f"""
            select accounts.user_id, accounts.timezone, accounts.display_name, coalesce(accounts.is_sample, false)
            from {DATASET}.accounts as accounts
            inner join {DATASET}._dlt_loads as loads on accounts._dlt_load_id = loads.load_id and loads.status = 0
            where accounts.user_id = ?
            order by accounts._dlt_load_id desc
            limit 1
            """,
            [user_id],
        )
        return StoredAccount(*rows[0]) if rows else None

    # ---- requests ----

    def pauses(self, service: str, now: datetime) -> dict[str, datetime]:
        """Until when a service wants no request, by the `user_id` whose request it refused."""
        rows = self._rows(
            {"poll_log.retry_after_seconds"},
            f"""
            select user_id, max(requested_at), arg_max(outcome, requested_at),
                arg_max(coalesce(retry_after_seconds, -1), requested_at)
            from {DATASET}.poll_log where service = ? group by user_id
            """,
            [service],
        )
        ends = {
            str(user_id): requested_at + timedelta(seconds=seconds)
            for user_id, requested_at, outcome, seconds in rows
            if outcome == Outcome.RATE_LIMITED and seconds > 0
        }
        return {user_id: until for user_id, until in ends.items() if until > now}

    def refused_since(self, endpoint: str, moment: datetime, outcomes: Collection[str]) -> set[str]:
        """The `user_id`s whose latest request to an endpoint after a moment ended with one of these outcomes."""
        rows = self._rows(
            {"poll_log"},
            f"""
            select user_id from {DATASET}.poll_log where endpoint = ? and requested_at > ?
            group by user_id
            having list_contains(?, arg_max(outcome, requested_at))
            """,
            [endpoint, moment, list(outcomes)],
        )
        return {str(user_id) for (user_id,) in rows}

    def is_answered_since(self, user_id: str, endpoint: str, moment: datetime) -> bool:
        """Whether an endpoint has answered an account since a moment, or refused it for good."""
        return bool(
            self._rows(
                {"poll_log"},
                f"""
                select 1 from {DATASET}.poll_log
                where user_id = ? and endpoint = ? and requested_at >= ?
                    and (outcome = 'ok' or (status_code between 400 and 499 and status_code not in (401, 429)))
                limit 1
                """,
                [user_id, endpoint, moment],
            )
        )

    # ---- plays and tracks ----

    def polled_plays(self, user_id: str, since: datetime) -> set[tuple[datetime, str]]:
        """Polled plays of an account (end, track id) from a moment on."""
        return set(
            self._rows(
                {"recently_played"},
                f"select played_at, track_id from {DATASET}.recently_played where user_id = ? and played_at >= ?",
                [user_id, since],
            )
        )

    def newest_polled_play(self, user_id: str) -> datetime | None:
        """The end of the newest polled play of an account."""
        rows = self._rows(
            {"recently_played"}, f"select max(played_at) from {DATASET}.recently_played where user_id = ?", [user_id]
        )
        return rows[0][0] if rows else None

    def saved_tracks(self, user_id: str) -> frozenset[tuple[str, datetime]]:
        """Tracks that an account saved, with the moment."""
        return frozenset(
            self._rows(
                {"feedback"},
                f"select track_id, given_at from {DATASET}.feedback where user_id = ? and kind = 'saved'",
                [user_id],
            )
        )

    def tracks_without_metadata(self, user_id: str, now: datetime, most: int) -> list[str]:
        """Exported tracks of an account that Spotify has not described, in another order at each `now`."""
        # In another order each time: a few tracks that Spotify no longer knows must not block the others for good.
        rows = self._rows(
            {"streaming_history", "tracks"},
            f"""
            select history.track_id
            from {DATASET}.streaming_history as history
            left join {DATASET}.tracks as known on history.track_id = known.track_id and known.provider = 'spotify'
            where history.user_id = ? and history.track_id is not null and known.track_id is null
            group by history.track_id
            order by md5(history.track_id || ?)
            limit ?
            """,
            [user_id, now.isoformat(), most],
        )
        return [str(track_id) for (track_id,) in rows]

    def tracks_without_features(
        self, provider: str, asked_before: datetime, users: Collection[str] | None, most: int
    ) -> list[tuple[str, str | None]]:
        """Tracks (id, ISRC) without features that this provider was not asked about since; the most played first."""
        return self._rows(
            {"audio_features", "tracks", "streaming_history", "recently_played", "recommendations"},
            _TRACKS_WITHOUT_FEATURES,
            {
                "provider": provider,
                "asked_before": asked_before,
                "users": None if users is None else sorted(users),
                "most": most,
            },
        )

    def _rows(self, needed: set[str], query: str, parameters: Any = ()) -> list[Any]:
        """Rows of a query; none when one of the `needed` tables ("table" or "table.column") is missing."""
        if not self.warehouse.exists():
            return []
        with self.opened() as connection:
            present = tables_of(connection)
            for table, _, column in (name.partition(".") for name in needed):
                if table not in present or (column and column not in columns_of(connection, table)):
                    return []
            return connection.execute(query, parameters).fetchall()


_OF_USERS = "($users is null or list_contains($users, user_id))"

_TRACKS_WITHOUT_FEATURES = f"""
with mentions as (
    select track_id, 1 as plays, 0 as recommended
    from {DATASET}.streaming_history where content_kind = 'track' and {_OF_USERS}
    union all
    select track_id, 1 as plays, 0 as recommended from {DATASET}.recently_played where {_OF_USERS}
    union all
    select track_id, 0 as plays, 1 as recommended from {DATASET}.recommendations where {_OF_USERS}
),

known as (
    select distinct track_id from {DATASET}.audio_features
    where is_found and {" and ".join(f"{feature} is not null" for feature in AUDIO_FEATURES)}
),

asked as (
    select track_id from {DATASET}.audio_features where provider = $provider and checked_at > $asked_before
),

tracks as (
    select track_id, sum(plays) as plays, sum(recommended) as recommended from mentions group by track_id
),

codes as (
    select track_id, min(isrc) as isrc from {DATASET}.tracks where isrc is not null group by track_id
)

select tracks.track_id, codes.isrc
from tracks
anti join known on tracks.track_id = known.track_id
anti join asked on tracks.track_id = asked.track_id
left join codes on tracks.track_id = codes.track_id
where regexp_full_match(tracks.track_id, '[0-9A-Za-z]{{22}}')
order by tracks.plays desc, tracks.recommended desc, tracks.track_id
limit $most
"""
