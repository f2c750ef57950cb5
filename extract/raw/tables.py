"""The raw tables: columns, key and meaning of everything that extraction writes, declared once.

`models/staging/*/_*__sources.yml` describes the same columns, and dbt creates missing tables from it on a clone that
has loaded nothing; a test keeps the two equal. Personal sites and `forget` decide by `holds`, `owner` and
`track_columns` what belongs to an account, so that a new table is covered by its declaration.

Conventions: ids are strings; `_at` columns are UTC timestamps without zone (so that no session setting
can shift them); durations are milliseconds; audio features keep Spotify's 0-1 scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pyarrow as pa

from extract.raw.schema import DATASET

__all__ = ["AUDIO_FEATURES", "DATASET", "TABLES", "Holds", "RawTable", "tables_that_hold"]

AUDIO_FEATURES = (
    "danceability",
    "energy",
    "liveness",
    "acousticness",
    "instrumentalness",
    "speechiness",
    "valence",
)
"""The seven audio features that scores and similarity are made of, in the order pages show them."""

_TIMESTAMP = pa.timestamp("us")


class Holds(Enum):
    """What the rows of a raw table are about."""

    LISTENING = "what an account played, saved or judged"
    ANSWERS = "what recommenders answered for an account"
    TRACK_FACTS = "what catalogues and services say about tracks; belongs to no listener"
    RECORDS = "accounts, and the records of what was loaded and requested"


@dataclass(frozen=True)
class RawTable:
    """One raw table: its Arrow schema and the key on which loading the same row twice is a no-op."""

    name: str
    holds: Holds
    schema: pa.Schema
    primary_key: tuple[str, ...]

    @property
    def owner(self) -> str | None:
        """The column that says which account a row belongs to; None in tables that belong to nobody."""
        return "user_id" if "user_id" in self.schema.names else None

    @property
    def track_columns(self) -> tuple[str, ...]:
        """The columns that name tracks by Spotify's id."""
        return tuple(name for name in self.schema.names if name in ("track_id", "seed_track_id"))

    def from_rows(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Arrow table of `rows`; absent fields become null, unknown fields raise KeyError."""
        rows = list(rows)
        for row in rows:
            unknown = set(row) - set(self.schema.names)
            if unknown:
                raise KeyError(f"{self.name} has no columns {sorted(unknown)}")
        return pa.Table.from_pylist(rows, schema=self.schema)

    def empty(self) -> pa.Table:
        """The table without rows."""
        return self.schema.empty_table()


def _table(name: str, holds: Holds, primary_key: tuple[str, ...], **columns: pa.DataType) -> RawTable:
    fields = [pa.field(column, kind, nullable=column not in primary_key) for column, kind in columns.items()]
    return RawTable(name, holds, pa.schema(fields), primary_key)


ACCOUNTS = _table(
    "accounts",
    Holds.RECORDS,
    ("user_id",),
    user_id=pa.string(),
    display_name=pa.string(),  # only what the account holder chose for the site
    timezone=pa.string(),  # IANA name
    is_sample=pa.bool_(),
)

STREAMING_HISTORY = _table(
    "streaming_history",
    Holds.LISTENING,
    ("user_id", "ended_at", "content_uri", "ms_played"),
    user_id=pa.string(),
    ended_at=_TIMESTAMP,  # when playing stopped; whole seconds
    content_uri=pa.string(),  # spotify:track|episode|…:id, spotify:local:…, spotiflow:title:<md5>, '' when unknown
    ms_played=pa.int64(),
    content_kind=pa.string(),  # track, episode, audiobook, unknown
    track_id=pa.string(),  # null unless content_kind = 'track'; null in account data, which has titles only
    track_name=pa.string(),
    artist_name=pa.string(),
    album_name=pa.string(),
    reason_start=pa.string(),
    reason_end=pa.string(),
    is_shuffle=pa.bool_(),
    is_skipped=pa.bool_(),  # null in years in which Spotify did not record it
    is_offline=pa.bool_(),
    is_incognito=pa.bool_(),
    export_format=pa.string(),  # account_data, extended_v1, extended_v2, extended_v3
)

RECENTLY_PLAYED = _table(
    "recently_played",
    Holds.LISTENING,
    ("user_id", "played_at", "track_id"),
    user_id=pa.string(),
    played_at=_TIMESTAMP,  # the end of the play; milliseconds
    track_id=pa.string(),
    track_name=pa.string(),
    artist_id=pa.string(),
    artist_name=pa.string(),
    album_name=pa.string(),
    duration_ms=pa.int64(),
)

TRACKS = _table(
    "tracks",
    Holds.TRACK_FACTS,
    ("track_id", "provider"),
    track_id=pa.string(),
    provider=pa.string(),  # catalogue, spotify, reccobeats
    track_name=pa.string(),
    artist_id=pa.string(),
    artist_name=pa.string(),
    album_name=pa.string(),
    duration_ms=pa.int64(),
    isrc=pa.string(),
    genre=pa.string(),  # lower case; of a track that a catalogue lists under several, the first by alphabet
)

AUDIO_FEATURES_TABLE = _table(
    "audio_features",
    Holds.TRACK_FACTS,
    ("track_id", "provider"),
    track_id=pa.string(),
    provider=pa.string(),  # catalogue, spotify, reccobeats
    is_found=pa.bool_(),  # false: the provider does not know the track
    checked_at=_TIMESTAMP,  # when a service was asked about it; null for a local catalogue
    danceability=pa.float64(),
    energy=pa.float64(),
    liveness=pa.float64(),
    acousticness=pa.float64(),
    instrumentalness=pa.float64(),
    speechiness=pa.float64(),
    valence=pa.float64(),
    tempo=pa.float64(),  # beats per minute
    loudness=pa.float64(),  # dB
    matched_by=pa.string(),  # by what the service recognised the track: track_id, isrc; null for a local catalogue
)

RECOMMENDATIONS = _table(
    "recommendations",
    Holds.ANSWERS,
    ("recommender", "user_id", "week_start", "seed_track_id", "rank"),
    recommender=pa.string(),
    user_id=pa.string(),
    week_start=pa.date32(),
    seed_track_id=pa.string(),
    rank=pa.int64(),  # 1 = first
    track_id=pa.string(),
    recommender_version=pa.string(),
    requested_at=_TIMESTAMP,
    as_of=_TIMESTAMP,  # up to when the recommender knew listening
    variant=pa.string(),  # which variant of a team's own model answered; null for the others
)

RECOMMENDATION_REQUESTS = _table(
    "recommendation_requests",
    Holds.ANSWERS,
    ("recommender", "user_id", "week_start", "seed_track_id"),
    recommender=pa.string(),
    user_id=pa.string(),
    week_start=pa.date32(),
    seed_track_id=pa.string(),
    recommender_version=pa.string(),
    requested_at=_TIMESTAMP,
    as_of=_TIMESTAMP,  # up to when the recommender knew listening
    outcome=pa.string(),  # answered, empty (it knows nothing to recommend), file (somebody's own model output)
    tracks=pa.int64(),  # how many tracks the answer has
)

FEEDBACK = _table(
    "feedback",
    Holds.LISTENING,
    ("user_id", "track_id", "kind", "given_at"),
    user_id=pa.string(),
    track_id=pa.string(),
    kind=pa.string(),  # saved, liked, disliked, rating
    given_at=_TIMESTAMP,
    rating=pa.float64(),  # 0 = worst, 1 = best; null unless kind = 'rating'
)

POLL_LOG = _table(
    "poll_log",
    Holds.RECORDS,
    ("user_id", "requested_at", "endpoint"),
    user_id=pa.string(),  # '' when no account is concerned
    requested_at=_TIMESTAMP,
    endpoint=pa.string(),
    status_code=pa.int64(),
    outcome=pa.string(),
    page_size=pa.int64(),
    oldest_played_at=_TIMESTAMP,
    newest_played_at=_TIMESTAMP,
    attempt=pa.int64(),  # 1 = the first
    retry_after_seconds=pa.float64(),  # the pause that the service asked for
    service=pa.string(),  # spotify, spotify_accounts, reccobeats
)

REJECTED_ROWS = _table(
    "rejected_rows",
    Holds.RECORDS,
    ("rejection_id",),
    rejection_id=pa.string(),  # hash of everything below: the same rejection twice is one row
    user_id=pa.string(),  # null for catalogues
    source=pa.string(),  # spotify_export, audio_features
    file=pa.string(),  # base name
    row=pa.int64(),  # 1 = the first record of the file
    reason=pa.string(),
    fields=pa.string(),  # JSON of the allow-listed fields; null when the row could not be read
)

LOAD_LOG = _table(
    "load_log",
    Holds.RECORDS,
    ("user_id", "source", "file", "content_hash"),
    user_id=pa.string(),  # '' for catalogues
    source=pa.string(),
    file=pa.string(),
    content_hash=pa.string(),  # SHA-256 of the file's bytes
    loaded_at=_TIMESTAMP,
    rows_read=pa.int64(),
    rows_loaded=pa.int64(),
    rows_set_aside=pa.int64(),  # podcasts, audiobooks and rows that name nothing
    rows_repeated=pa.int64(),  # exact repeats within the file
    rows_rejected=pa.int64(),
    problem=pa.string(),  # null, or why the file could not be read to its end
    oldest_played_at=_TIMESTAMP,  # of the music plays in the file; null without any
    newest_played_at=_TIMESTAMP,
    first_loaded_at=_TIMESTAMP,  # loaded_at of the first time; loaded_at is the latest
    rows_new=pa.int64(),  # plays that were not stored before it was first loaded; null for catalogues
    covered_from=_TIMESTAMP,  # oldest music play of the export that the file is part of; null without plays in it
    covered_to=_TIMESTAMP,
)

TABLES: dict[str, RawTable] = {
    table.name: table
    for table in (
        ACCOUNTS,
        STREAMING_HISTORY,
        RECENTLY_PLAYED,
        TRACKS,
        AUDIO_FEATURES_TABLE,
        RECOMMENDATIONS,
        RECOMMENDATION_REQUESTS,
        FEEDBACK,
        POLL_LOG,
        REJECTED_ROWS,
        LOAD_LOG,
    )
}


def tables_that_hold(*kinds: Holds) -> list[RawTable]:
    """The raw tables of some kinds, in the order of their declaration."""
    return [table for table in TABLES.values() if table.holds in kinds]
