"""What a warehouse holds, asked with plain SQL: tables may be missing, because nothing need have been loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from extract.raw.schema import DATASET as RAW
from extract.raw.schema import columns_of, tables_of

if TYPE_CHECKING:
    import duckdb

_ORDERED_BY_LOAD = ("recommendations", "recommendation_requests")


class Kind(Enum):
    """Whose listening a warehouse holds. Sample and real listening never share one."""

    NOTHING = "nothing"
    SAMPLE = "sample"
    REAL = "real"


@dataclass(frozen=True)
class Account:
    """A listener, as `status` shows one."""

    user_id: str
    display_name: str | None
    timezone: str | None
    is_sample: bool
    plays: int
    first_played_at: datetime | None
    last_played_at: datetime | None

    @property
    def name(self) -> str:
        """The chosen name, else the words that the site uses."""
        return self.display_name or f"Listener {self.user_id[:6]}"


@dataclass(frozen=True)
class Arrivals:
    """What came in since some moment."""

    files: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_set_aside: int = 0
    rows_repeated: int = 0
    rows_rejected: int = 0
    rejected: dict[str, int] = field(default_factory=dict)  # reason -> rows
    problems: list[tuple[str, str]] = field(default_factory=list)  # file, what is wrong with it


def kind(connection: duckdb.DuckDBPyConnection) -> Kind:
    """Whose listening it holds. Features or plays without an account count as real listening."""
    present = tables_of(connection)
    if "accounts" in present:
        (real, sample) = _one(
            connection,
            f"select count(*) filter (not coalesce(is_sample, false)), count(*) filter (is_sample) from {RAW}.accounts",
        )
        if real:
            return Kind.REAL
        if sample:
            return Kind.SAMPLE
    for table in ("streaming_history", "recently_played", "audio_features", "tracks"):
        if table in present and _one(connection, f"select exists (from {RAW}.{table})")[0]:
            return Kind.REAL
    return Kind.NOTHING


def raw_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """md5 over the completed loads: equal fingerprints mean equal raw data. '' before the first load.

    The macro `spotiflow_raw_fingerprint` computes the same when a dbt run begins.
    """
    if "_dlt_loads" not in tables_of(connection):
        return ""
    ids = "string_agg(load_id, ',' order by load_id)"
    return str(_one(connection, f"select coalesce(md5({ids}), '') from {RAW}._dlt_loads where status = 0")[0])


def listening_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """md5 over the rows of all raw tables but the log of requests: equal fingerprints publish equal numbers.

    A poll that brings nothing new is a load, and leaves rows as they were. Of the log of requests only gaps are made: a
    page can only begin after the newest play of all pages before it when it has plays that were not stored before. ''
    before the first load.
    """
    present = tables_of(connection)
    if "_dlt_loads" not in present:
        return ""
    from extract.raw.tables import POLL_LOG, TABLES

    parts = []
    for name, table in sorted(TABLES.items()):
        if name not in present or name == POLL_LOG.name:
            continue
        columns = columns_of(connection, name)
        # The latest load decides which answer of a recommender counts.
        known = [*table.schema.names, *(["_dlt_load_id"] if name in _ORDERED_BY_LOAD else [])]
        values = ", ".join(column for column in known if column in columns)
        is_complete = f"_dlt_load_id in (select load_id from {RAW}._dlt_loads where status = 0)"
        rows = _one(
            connection,
            f"""
            select count(*), coalesce(bit_xor(hash({values})), 0), coalesce(sum(hash({values})::hugeint), 0)
            from {RAW}.{name} where {is_complete if "_dlt_load_id" in columns else "true"}
            """,
        )
        parts.append(f"{name} {values} {rows}")
    return hashlib.md5("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


def newest_load(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the newest completed load ended (UTC)."""
    if "_dlt_loads" not in tables_of(connection):
        return None
    found: datetime | None = _one(
        connection,
        f"select (max(inserted_at) at time zone 'UTC')::timestamp from {RAW}._dlt_loads where status = 0",
    )[0]
    return found


def accounts(connection: duckdb.DuckDBPyConnection) -> list[Account]:
    """Everybody whose listening is loaded, with what there is in raw (music only; before merging)."""
    present = tables_of(connection)
    if "accounts" not in present:
        return []
    plays = []
    if "streaming_history" in present:
        plays.append(f"select user_id, ended_at as played_at from {RAW}.streaming_history where content_kind = 'track'")
    if "recently_played" in present:
        plays.append(f"select user_id, played_at from {RAW}.recently_played")
    source = " union all ".join(plays) or "select null::varchar as user_id, null::timestamp as played_at where false"
    rows = connection.execute(
        f"""
        with plays as (
            select user_id, count(*) as plays, min(played_at) as first_at, max(played_at) as last_at
            from ({source})
            group by user_id
        )

        select
            a.user_id, a.display_name, a.timezone, coalesce(a.is_sample, false),
            coalesce(p.plays, 0), p.first_at, p.last_at
        from {RAW}.accounts as a
        left join plays as p using (user_id)
        order by p.plays desc nulls last, a.user_id
        """
    ).fetchall()
    return [Account(*row) for row in rows]


def feature_coverage(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int] | None:
    """Played tracks with all seven features, played tracks, and all tracks with features; None without tables."""
    present = tables_of(connection)
    if not {"audio_features", "streaming_history", "recently_played"} <= present:
        return None
    from extract.raw.tables import AUDIO_FEATURES

    complete = " and ".join(f"{feature} is not null" for feature in AUDIO_FEATURES)
    (scored, played, known) = _one(
        connection,
        f"""
        with played as (
            select track_id from {RAW}.streaming_history where content_kind = 'track' and track_id is not null
            union
            select track_id from {RAW}.recently_played
        ),
        known as (select distinct track_id from {RAW}.audio_features where {complete})
        select
            (select count(*) from played where track_id in (select track_id from known)),
            (select count(*) from played),
            (select count(*) from known)
        """,
    )
    return scored, played, known


def arrivals(connection: duckdb.DuckDBPyConnection, since: datetime | None) -> Arrivals:
    """What the load log says came in after `since` (UTC; None: ever)."""
    present = tables_of(connection)
    if "load_log" not in present:
        return Arrivals()
    after = since or datetime(1900, 1, 1)
    row = _one(
        connection,
        f"""
        select count(*), coalesce(sum(rows_read), 0)::bigint, coalesce(sum(rows_loaded), 0)::bigint,
            coalesce(sum(rows_set_aside), 0)::bigint, coalesce(sum(rows_repeated), 0)::bigint,
            coalesce(sum(rows_rejected), 0)::bigint
        from {RAW}.load_log where loaded_at > ?
        """,
        [after],
    )
    problems = connection.execute(
        f"select file, problem from {RAW}.load_log where problem is not null and loaded_at > ? order by file",
        [after],
    ).fetchall()
    reasons = []
    if {"rejected_rows", "_dlt_loads"} <= present:
        # Rejected rows carry no time of their own: the load that brought them has one.
        reasons = connection.execute(
            f"""
            select reason, count(*) from {RAW}.rejected_rows
            where _dlt_load_id in (
                select load_id from {RAW}._dlt_loads where (inserted_at at time zone 'UTC')::timestamp > ?
            )
            group by reason order by count(*) desc, reason
            """,
            [after],
        ).fetchall()
    return Arrivals(
        files=row[0],
        rows_read=row[1],
        rows_loaded=row[2],
        rows_set_aside=row[3],
        rows_repeated=row[4],
        rows_rejected=row[5],
        rejected={str(reason): rows for reason, rows in reasons},
        problems=problems,
    )


def _one(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[object] | None = None) -> tuple[Any, ...]:
    row = connection.execute(sql, parameters or []).fetchone()
    assert row is not None  # aggregates always give a row
    return row
