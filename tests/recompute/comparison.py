"""Hold a recomputation against what a warehouse or a published file says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from tests.recompute.recompute import PERCENTAGES, SCORE_COLUMNS, VERSIONS

TOLERANCE = 1e-9
_ROUNDED = 1e-6 + TOLERANCE

_COUNTS = ["plays", "listens", "unique_tracks", "minutes_listened", "scored_listens"]
_KNOWN = ["skipped_plays", "skip_known_plays", "skip_rate_pct", "skip_null_reason"]
_KNOWN += ["completion_known_plays", "completion_pct", "completion_null_reason"]
_SCORED = [*SCORE_COLUMNS, "vibe", "score_null_reason", *VERSIONS]
_MEANING = [*PERCENTAGES, *_SCORED, "feature_coverage_pct", *_KNOWN]
_LONG = ["score_value", "score_null_reason", "listens", "scored_listens", "feature_coverage_pct"]
_LONG += ["score_weights_version", "listen_rules_version"]
_WEEK = [
    "days_observed",
    "active_days",
    "listens_per_day",
    "is_complete_week",
    "new_tracks",
    "returning_tracks",
    "unique_artists",
    "new_artists",
    "returning_artists",
    "previous_minutes_listened",
    "minutes_listened_change",
    "minutes_change_null_reason",
    "minutes_listened_change_pct",
    "minutes_change_pct_null_reason",
    "listens_change",
    "listens_change_null_reason",
    *(f"{score}_change_pp" for score in SCORE_COLUMNS),
    "score_change_null_reason",
]


@dataclass(frozen=True)
class Expectation:
    """Which columns of which mart are compared, and what identifies a row."""

    part: str  # attribute of Recomputed
    mart: str
    keys: list[str]
    values: list[str]
    # Over all listeners of the database: the files of some of them do not show it.
    is_of_everybody: bool = False
    # Columns that both sides round to six decimals: of a value half way between two, one may take the upper and the
    # other the lower, because the last bit of a sum hangs on the order of its parts.
    rounded: tuple[str, ...] = ()


EXPECTATIONS = (
    Expectation(
        "plays",
        "fct_plays",
        # Two plays of one track may end at the same second: how long they lasted tells them apart.
        ["user_id", "track_id", "played_at", "source", "listened_ms"],
        [
            "listening_date",
            "week_start",
            "played_at_local",
            "listening_hour",
            "is_listen",
            "is_skipped",
            "duration_ms",
            "completion_pct",
        ],
    ),
    Expectation("days", "daily_listening", ["user_id", "listening_date"], ["week_start", *_COUNTS, *_MEANING]),
    Expectation("weeks", "weekly_listening", ["user_id", "week_start"], [*_COUNTS, *_MEANING, *_WEEK]),
    Expectation("day_scores", "daily_scores", ["user_id", "listening_date", "score"], ["week_start", *_LONG]),
    Expectation(
        "week_scores",
        "weekly_scores",
        ["user_id", "week_start", "score"],
        [*_LONG, "previous_score_value", "score_change_pp", "change_null_reason"],
    ),
    Expectation(
        "day_tracks",
        "daily_track_listening",
        ["user_id", "listening_date", "track_id"],
        [
            "week_start",
            "plays",
            "listens",
            "minutes_listened",
            "positivity_score",
            "vibe",
            "score_null_reason",
            *VERSIONS,
        ],
    ),
    Expectation(
        "top_songs",
        "weekly_top_songs",
        ["user_id", "week_start", "top_song_number"],
        [
            *("track_id", "plays", "listens", "minutes_listened", *_SCORED),
            *("is_new_track", "previous_top_song_number", "previous_top_song_null_reason"),
        ],
    ),
    Expectation(
        "top_artists",
        "weekly_top_artists",
        ["user_id", "week_start", "top_artist_number"],
        ["artist_name", *_COUNTS, "listens_share_pct", "feature_coverage_pct", *_SCORED, "is_new_artist"],
    ),
    Expectation(
        "hours",
        "hourly_listening",
        ["user_id", "week_start", "day_of_week", "hour_of_day"],
        ["plays", "listens", "minutes_listened", "listen_rules_version"],
    ),
    Expectation(
        "highlights",
        "weekly_highlights",
        ["user_id", "week_start"],
        [
            *("obsession_track_id", "obsession_date", "obsession_listens", "obsession_null_reason"),
            *("top_day", "top_day_minutes", "top_day_listens", "favourite_hour", "favourite_hour_minutes"),
            *("top_day_null_reason", "top_new_track_id", "top_new_top_song_number", "top_new_listens"),
            "top_new_null_reason",
        ],
    ),
    Expectation(
        "shared_tracks",
        "listener_shared_tracks",
        ["user_id", "other_user_id", "shared_track_number"],
        ["track_id", "listens", "other_listens", "positivity_score", "vibe", "score_null_reason"],
        is_of_everybody=True,
    ),
    Expectation(
        "streaks",
        "listening_streaks",
        ["user_id", "first_date"],
        ["last_date", "days", "listens", "minutes_listened", "is_longest", "is_current"],
    ),
    Expectation(
        "similarity",
        "fct_feature_similarity",
        ["recommender", "user_id", "week_start", "top_song_number", "audio_feature"],
        [
            "seed_track_id",
            "predicted_pct",
            "actual_pct",
            "difference_pp",
            "similarity_pct",
            "recommendations",
            "scored_recommendations",
        ],
    ),
    Expectation(
        "deciles",
        "feature_engagement",
        ["measure_kind", "measure", "decile"],
        [
            *("measure_order", "decile_from_pct", "decile_to_pct", "tracks", "plays", "listens", "listeners"),
            *("minutes_listened", "completion_known_plays", "skip_known_plays", "repeat_known_listens"),
            *(
                f"{outcome}_{end}"
                for outcome in ("completion", "skip_rate", "repeat_rate")
                for end in ("pct", "low_pct", "high_pct", "interval_null_reason")
            ),
            "interval_scope",
        ],
        is_of_everybody=True,
        rounded=("decile_from_pct", "decile_to_pct"),
    ),
    Expectation(
        "slopes",
        "feature_engagement_slopes",
        ["measure_kind", "measure", "outcome"],
        [
            *("measure_order", "known_plays", "listeners", "slope_pp", "slope_low_pp", "slope_high_pp"),
            *("interval_null_reason", "is_told_from_zero"),
        ],
        is_of_everybody=True,
    ),
    Expectation(
        "engagement_weeks",
        "weekly_engagement",
        ["week_start", "segment_kind", "segment"],
        [
            *("is_complete_week", "listeners", "observed_listeners", "active_listeners", "new_listeners"),
            *("returning_listeners", "resurrected_listeners", "lost_listeners", "unobserved_lost_listeners"),
            *("listens", "minutes_listened", "minutes_per_active_listener"),
        ],
        is_of_everybody=True,
    ),
    Expectation(
        "retention",
        "weekly_retention",
        ["segment_kind", "segment", "cohort_week", "weeks_since"],
        ["cohort_listeners", "observed_listeners", "kept_listeners", "retention_pct", "retention_null_reason"],
        is_of_everybody=True,
    ),
)


@dataclass
class Comparison:
    """How one mart compares with its recomputation."""

    mart: str
    rows_expected: int
    rows_found: int
    values_compared: int = 0
    largest_difference: float = 0.0
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing differs."""
        return not self.problems

    def __str__(self) -> str:
        text = (
            f"{self.mart}: {self.rows_found:,} rows, {self.rows_expected:,} expected; {self.values_compared:,} values "
            f"compared; largest difference {self.largest_difference:.2g}"
        )
        return "\n  ".join([text, *self.problems])


def mart(connection: duckdb.DuckDBPyConnection, name: str, users: Sequence[str] | None = None) -> pd.DataFrame:
    """A mart as a frame, from a warehouse (schema marts) or a published file (schema main)."""
    schemas = connection.execute(
        "select table_schema from information_schema.tables where table_name = ? and table_schema in ('marts', 'main')",
        [name],
    ).fetchall()
    if not schemas:
        raise LookupError(f"there is no {name} in this file: build (or publish) first")
    schema = max(row[0] for row in schemas)
    if users is None:
        return connection.execute(f"select * from {schema}.{name}").df()
    return connection.execute(f"select * from {schema}.{name} where list_contains(?, user_id)", [list(users)]).df()


def recommendations(database: Path, users: Sequence[str]) -> pd.DataFrame:
    """What recommenders gave, as `recompute` and `judge` take it."""
    with duckdb.connect(str(database), read_only=True) as connection:
        table = mart(connection, "fct_recommendations", users)
    columns = ["recommender", "recommender_version", "variant", "user_id", "week_start", "seed_track_id", "rank"]
    return table[[*columns, "track_id", "as_of"]]


def segments(database: Path, users: Sequence[str]) -> pd.DataFrame:
    """The segments of listeners, as `recompute` takes them."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return mart(connection, "listener_segments", users)


def compare(
    recomputed: object,
    database: Path,
    users: Sequence[str] | None,
    expectations: Sequence[Expectation] = EXPECTATIONS,
) -> list[Comparison]:
    """One comparison a mart, of these users' rows; None: of all rows, also of those that belong to nobody.

    What is of everybody is compared only when the users are all there are. `recomputed` has an attribute for the `part`
    of each expectation.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        are_all = users is None or set(mart(connection, "dim_users")["user_id"]) <= set(users)
        return [
            _compare(
                expectation,
                getattr(recomputed, expectation.part),
                mart(connection, expectation.mart, None if expectation.is_of_everybody else users),
            )
            for expectation in expectations
            if are_all or not expectation.is_of_everybody
        ]


def _compare(expectation: Expectation, expected: pd.DataFrame, found: pd.DataFrame) -> Comparison:
    result = Comparison(expectation.mart, len(expected), len(found))
    keys, values = expectation.keys, expectation.values
    expected, found = (_comparable(frame[[*keys, *values]], keys) for frame in (expected, found))
    merged = expected.merge(found, on=keys, how="outer", suffixes=("", "_found"), indicator="side")
    problems = []
    for side, meaning in (("left_only", "missing from the mart"), ("right_only", "in the mart, not expected")):
        rows = merged.loc[merged["side"] == side, keys]
        if len(rows):
            problems.append(f"{len(rows)} rows {meaning}, such as {rows.iloc[0].to_dict()}")
    both = merged[merged["side"] == "both"]
    for column in values:
        left, right = both[column], both[f"{column}_found"]
        if pd.api.types.is_numeric_dtype(left) and pd.api.types.is_numeric_dtype(right):
            difference = np.abs(left.to_numpy(float, na_value=np.nan) - right.to_numpy(float, na_value=np.nan))
            allowed = _ROUNDED if column in expectation.rounded else TOLERANCE
            differs = (difference > allowed) | (left.isna().to_numpy() != right.isna().to_numpy())
            largest = float(np.nanmax(difference, initial=0.0))
            result.largest_difference = max(result.largest_difference, largest)
        else:
            differs = ((left != right) & ~(left.isna() & right.isna())).to_numpy()
        result.values_compared += len(both)
        if differs.any():
            row = both[differs].iloc[0]
            problems.append(
                f"{column}: {int(differs.sum())} rows differ, such as {row[column]!r} expected, "
                f"{row[f'{column}_found']!r} found at {row[keys].to_dict()}"
            )
    result.problems = tuple(problems)
    return result


def _comparable(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The frame with equal types on both sides, and repeats of a key numbered."""
    frame = frame.copy()
    for column in frame:
        kind = frame[column].dtype
        if pd.api.types.is_datetime64_any_dtype(kind):
            frame[column] = frame[column].astype("datetime64[us]")
        elif pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
            frame[column] = frame[column].astype("Float64")
        elif column.startswith("is_"):
            frame[column] = frame[column].map({True: "yes", False: "no"})
    repeat = frame.groupby(keys, dropna=False).cumcount()
    if repeat.any():
        raise ValueError(f"{keys} do not identify a row")
    return frame
