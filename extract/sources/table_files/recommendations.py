"""Recommendations of a team's own model: one row per recommended track.

A row says whose week it was for, the song that was asked about, the rank and the track. The file may also say when
the model was asked and what it knew (`as_of`); what it does not say is taken to be the worst case.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from extract.sources.table_files.reader import TRACK_ID, First, Listeners, TableBatch, TableFile, given, read_table_file

HINT = (
    "Recommendations need the columns account (or user_id, or the option --account), week_start, seed_track_id, rank "
    "and track_id; if you know them, also as_of, requested_at and variant."
)

_ANSWER = ("user_id", "week_start", "seed_track_id")
# An answer was given at one moment: its first row says when. Without as_of, the model may have known everything up to
# the moment when it was asked; without that, up to when the file first came.
_REQUESTED_AT = "coalesce(first_requested_at, given.first_loaded_at)"
_AS_OF = "coalesce(first_as_of, first_requested_at, given.first_loaded_at)"

_OWN_ID = r"^(title|local):.+$"  # songs without an id of Spotify's can be Top Songs too


def _moment(name: str) -> str:
    """SQL: a moment as naive UTC, whether or not it names a time zone."""
    text = f"{name}_text"
    return f"""coalesce(
        case
            when regexp_matches({text}, '([zZ]|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') and {text} like '%:%'
                then timezone('UTC', try_cast({text} as timestamptz))
        end,
        try_cast({text} as timestamp)
    )"""


RECOMMENDATIONS = TableFile(
    source="recommendations",
    title="Recommendations",
    columns={
        "account": ("account", "label"),
        "user_id": ("user_id", "user"),
        "week_start": ("week_start", "week"),
        "seed_track_id": ("seed_track_id", "seed_track", "seed", "seed_track_uri"),
        "rank": ("rank", "position"),
        "track_id": ("track_id", "track", "track_uri", "recommended_track_id"),
        "variant": ("variant",),
        "requested_at": ("requested_at",),
        "as_of": ("as_of",),
    },
    required=("week_start", "seed_track_id", "rank", "track_id"),
    hint=HINT,
    has_listeners=True,
    typed={
        "week_start_moment": "try_cast(week_start_text as timestamp)",
        "week_start": "week_start_moment::date",
        "seed_track_id": f"coalesce(nullif(regexp_extract(seed_track_id_text, '{TRACK_ID}', 2), ''), "
        f"nullif(regexp_extract(seed_track_id_text, '{_OWN_ID}', 0), ''))",
        "track_id": f"nullif(regexp_extract(track_id_text, '{TRACK_ID}', 2), '')",
        "rank_number": "try_cast(rank_text as double)",
        "row_requested_at": _moment("requested_at"),
        "row_as_of": _moment("as_of"),
    },
    checks=(
        ("user_id is null", "account or user_id missing"),
        (
            "user_id <> coalesce(user_id_of_label, user_id) or user_id <> coalesce(user_id_of_file, user_id)",
            "account and user_id are different listeners",
        ),
        ("not is_known", "unknown listener"),
        ("week_start_text is null", "week_start missing"),
        ("week_start is null", "week_start is not a date such as 2026-11-16"),
        (
            "week_start_moment <> week_start::timestamp or isodow(week_start) <> 1",
            "week_start is not a Monday",
        ),
        (f"week_start > {given('now')}::date", "week_start is in the future"),
        ("seed_track_id_text is null", "seed_track_id missing"),
        ("seed_track_id is null", "seed_track_id is not a track id"),
        ("rank_text is null", "rank missing"),
        (
            "rank_number is null or not isfinite(rank_number) or rank_number <> floor(rank_number) or rank_number < 1",
            "rank is not a whole number above 0",
        ),
        (f"rank_number > {given('most_ranks')}", f"rank is larger than ' || {given('most_ranks')} || '"),
        ("track_id_text is null", "track_id missing"),
        ("track_id is null", "track_id is not a Spotify track id"),
        (
            "requested_at_text is not null and row_requested_at is null",
            "requested_at is not a time such as 2026-11-24T08:30:00Z",
        ),
        ("as_of_text is not null and row_as_of is null", "as_of is not a time such as 2026-11-23T00:00:00Z"),
        (
            f"greatest(row_requested_at, row_as_of) > {given('now')} + interval 1 day",
            "requested_at or as_of is in the future",
        ),
    ),
    key=(*_ANSWER, "rank_number"),
    firsts={
        "first_track_id": First("track_id", (*_ANSWER, "rank_number")),
        "variant": First("variant_text", _ANSWER),
        "first_requested_at": First("row_requested_at", _ANSWER),
        "first_as_of": First("row_as_of", _ANSWER),
    },
    conflicts=(
        (
            "row_requested_at is distinct from first_requested_at or row_as_of is distinct from first_as_of",
            "requested_at or as_of differs within one answer",
        ),
        ("variant_text is distinct from variant", "variant differs within one answer"),
        ("track_id <> first_track_id", "rank occurred earlier with another track"),
    ),
    # What says which recommendation it was, and no label.
    rejected_fields={
        "week_start": "left(week_start_text, 40)",
        "seed_track_id": "left(seed_track_id_text, 80)",
        "rank": "left(rank_text, 20)",
        "track_id": "left(track_id_text, 80)",
    },
    tables={
        "recommendations": f"""
        select
            given.recommender, user_id, week_start, seed_track_id, rank_number::bigint as "rank", track_id,
            given.version as recommender_version, {_REQUESTED_AT} as requested_at, {_AS_OF} as as_of, variant
        from accepted
        cross join given
        """,
        "recommendation_requests": f"""
        select
            given.recommender, user_id, week_start, seed_track_id, given.version as recommender_version,
            {_REQUESTED_AT} as requested_at, {_AS_OF} as as_of, 'file' as outcome, count(*) as tracks
        from accepted
        cross join given
        group by all
        """,
    },
    nothing_sound=f"No row is a valid recommendation. {HINT}",
)


def read_recommendations(
    path: Path, recommender: str, version: str, listeners: Listeners, most_ranks: int, **options: Any
) -> AbstractContextManager[TableBatch]:
    """Read the answers of one version of a model; recommendations.md says what a file may hold.

    Rows that make no sense are rejected, and the rest of their answer is kept. `most_ranks` is the largest rank that
    makes sense. `options`: as of `read_table_file`, which says what is raised.
    """
    values = {"recommender": recommender, "version": version, "most_ranks": most_ranks}
    return read_table_file(RECOMMENDATIONS, path, values=values, listeners=listeners, **options)
