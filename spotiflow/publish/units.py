"""The unit of a column, read from its name: STYLE's suffixes, so that no description has to repeat it."""

from __future__ import annotations

import re

# The first pattern that fits the whole name decides.
_UNITS = tuple(
    (re.compile(pattern), unit)
    for pattern, unit in (
        (r"slope(_low|_high)?_pp", "percentage points per 10 points"),
        (r".*_pp", "percentage points"),
        (r".*_pct|similarity_interval_(low|high)", "percent"),
        (r".*_score|(previous_)?score_value", "score, 0–100"),
        (r"skill(_interval_(low|high))?", "1 is perfect, 0 is chance"),
        (r".*_ms", "milliseconds"),
        (r".*_at_local", "local time"),
        (r".*_at|as_of", "UTC"),
        (r".*_date|date_day|top_day|week_start|month_start|cohort_week", "date"),
        (r"listens_per_day", "listens per day"),
        (r"minutes_per_.*|(.*_)?minutes(_.*)?", "minutes"),
        (r"gap_hours", "hours"),
        (r".*hour(_of_day)?", "hour of the day"),
        (r"days_.*|(.*_)?days", "days"),
        (r"weeks(_since)?", "weeks"),
        (r"iso_year|iso_week|day_of_week", "number in the ISO calendar"),
        (r"(.*_)?listens(_.*)?", "listens"),
        (r"(.*_)?plays(_within_.*)?|page_size", "plays"),
        (r"(.*_)?listeners", "listeners"),
        (r"clusters(_needed)?", "listeners or weeks"),
        (r"(.*_)?(tracks|recommendations)|tracks_of_either", "tracks"),
        (r"recommended_for_songs", "songs"),
        (r"(.*_)?artists", "artists"),
        (r"(.*_)?answers", "answers"),
        (r"(.*_)?predictions", "predictions"),
        (r"(.*_)?verdicts|saved|liked|disliked|ratings", "verdicts"),
        (r"rows(_.*)?", "rows"),
        (r".*_(number|order)|rank|position|decile", "position"),
        (r".*_version", "version"),
    )
)

# Numbers whose unit differs from row to row: another column of the row says it.
_IN_THE_ROW = {
    **dict.fromkeys(("metric_value", "standard_error", "interval_low", "interval_high"), "unit of the metric"),
    **dict.fromkeys(("first_value", "second_value", "difference", "smallest_effect"), "unit of the metric"),
    **dict.fromkeys(("observed", "expected", "threshold"), "unit in the column unit"),
}

WITHOUT_UNIT = {"inputs_fingerprint"}
"""Numbers that measure nothing: a checksum."""


def unit_of(column: str, data_type: str | None) -> str | None:
    """The unit of a number or a time; None for texts, flags, columns without a type and names that say no unit."""
    if (data_type or "string").lower() in ("string", "boolean"):
        return None
    if column in _IN_THE_ROW:
        return _IN_THE_ROW[column]
    return next((unit for pattern, unit in _UNITS if pattern.fullmatch(column)), None)
