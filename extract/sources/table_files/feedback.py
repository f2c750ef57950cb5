"""A file of feedback: one row per statement of a listener about a track."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from extract.sources.spotify_export.settings import EARLIEST_END, FUTURE_HOURS
from extract.sources.table_files.reader import TRACK_ID, First, Listeners, TableBatch, TableFile, given, read_table_file

KINDS = ("saved", "liked", "disliked", "rating")
_BEST_RATING = 5.0  # stars, where a file does not say otherwise
_STATEMENT = ("user_id", "track_id", "kind", "given_at")

FEEDBACK = TableFile(
    source="feedback",
    title="Feedback",
    columns={
        "account": ("account", "label", "user"),
        "track": ("track", "track_id", "uri", "track_uri", "spotify_track_uri"),
        "feedback": ("feedback", "kind", "type"),
        "when": ("when", "given_at", "timestamp", "date"),
        "rating": ("rating", "value", "score"),
        "rating_max": ("rating_max", "scale"),
    },
    required=("track", "feedback", "when"),
    hint="Feedback needs the columns account (or the option --account), track, feedback and when.",
    has_listeners=True,
    typed={
        "track_id": f"nullif(regexp_extract(track_text, '{TRACK_ID}', 2), '')",
        "kind": "lower(feedback_text)",
        "given_at": "try_cast(when_text as timestamptz)::timestamp",
        "value": "try_cast(rating_text as double)",
        "best": f"coalesce(try_cast(rating_max_text as double), {_BEST_RATING})",
        "rating": "case when kind = 'rating' then value / best end",
    },
    checks=(
        ("user_id is null", "account missing"),
        ("not is_known", "nothing is loaded for this account"),
        ("track_text is null", "track missing"),
        ("track_id is null", "track is not a Spotify track id"),
        ("kind is null", "feedback missing"),
        (f"kind not in {KINDS}", f"feedback is not one of {', '.join(KINDS)}"),
        ("when_text is null", "when missing"),
        ("given_at is null", "when is not a time"),
        (f"given_at < timestamp '{EARLIEST_END}'", "when is before Spotify was founded (2006)"),
        (
            f"given_at > {given('now')} + interval {FUTURE_HOURS} hour",
            f"when is more than {FUTURE_HOURS} hours in the future",
        ),
        ("kind <> 'rating' and rating_text is not null", "rating given, but feedback is not rating"),
        ("kind = 'rating' and rating_text is null", "rating missing"),
        ("kind = 'rating' and (value is null or not isfinite(value))", "rating is not a number"),
        (
            "rating_max_text is not null"
            " and (try_cast(rating_max_text as double) is null or not isfinite(best) or best <= 0)",
            "rating_max is not a number above 0",
        ),
        ("kind = 'rating' and value not between 0 and best", "rating is outside 0 to rating_max"),
    ),
    key=_STATEMENT,
    firsts={"first_rating": First("rating", _STATEMENT)},
    conflicts=(("rating is distinct from first_rating", "the same rating occurred earlier with another value"),),
    # Without the label: raw tables know nobody by it.
    rejected_fields={"track": "track_text", "feedback": "kind", "when": "when_text", "rating": "rating_text"},
    tables={"feedback": "select user_id, track_id, kind, given_at, rating from accepted"},
    nothing_sound=(
        "no row could be used; the reasons are above. extract/sources/table_files/feedback.md lists the columns"
    ),
)


def read_feedback(path: Path, listeners: Listeners, **options: Any) -> AbstractContextManager[TableBatch]:
    """Read a file of feedback; feedback.md says what it may hold.

    `options`: as of `read_table_file`, which says what is raised.
    """
    return read_table_file(FEEDBACK, path, listeners=listeners, **options)
