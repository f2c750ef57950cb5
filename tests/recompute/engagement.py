"""Engagement once more, from single plays: deciles by sorting, slopes by least squares, intervals by scipy.

Where the models add up sums of tracks, this walks over plays; where they look a quantile up, this asks scipy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from tests.recompute.inputs import FEATURES, Definitions

OUTCOMES = {"completion": "completion", "skip rate": "skip_rate", "repeat rate": "repeat_rate"}


def _measures(tracks: pd.DataFrame, definitions: Definitions) -> Iterator[tuple[str, str, int, pd.Series]]:
    """(kind, name, order, value in percent by track id) of every audio feature and every score in use today."""
    known = tracks.loc[tracks["is_scored"], list(FEATURES)].astype(float)
    for order, feature in enumerate(FEATURES, start=1):
        yield "audio feature", feature, order, known[feature]
    version = definitions.version("score_weights", pd.Timestamp.now().normalize())
    weights = definitions.score_weights[definitions.score_weights["version"] == version]
    for score in definitions.scores.itertuples():
        rows = weights[weights["score"] == score.score]
        if len(rows):
            parts = [
                row.weight * (100 - known[row.audio_feature] if row.inverted else known[row.audio_feature])
                for row in rows.itertuples()
            ]
            yield "score", score.score, int(score.score_order), sum(parts) / rows["weight"].sum()


def _with_outcomes(plays: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """Plays with each outcome in percent, missing where it is not known, and the cluster that they belong to."""
    days = pd.Timedelta(days=definitions.constants["repeat_within_days"])
    plays = plays.reset_index(drop=True)
    listens = plays[plays["is_listen"]].sort_values("played_at", kind="stable")
    until_next = -listens.groupby(["user_id", "track_id"])["played_at"].diff(-1)
    last = plays.groupby("user_id")["played_at"].transform("max")
    is_known = plays["is_listen"] & (last - plays["played_at"] >= days)
    is_repeated = (until_next <= days).reindex(plays.index, fill_value=False)
    weeks = plays["week_start"].dt.strftime("%Y-%m-%d")
    return plays.assign(
        completion=plays["completion_pct"],
        skip_rate=plays["is_skipped"].astype("Float64").astype(float) * 100,
        repeat_rate=(is_repeated * 100.0).where(is_known),
        cluster=weeks if plays["user_id"].nunique() == 1 else plays["user_id"],
    )


def _interval(
    parts: np.ndarray, wholes: np.ndarray, is_single: bool, definitions: Definitions
) -> tuple[float, float, float]:
    """A ratio of sums over clusters, and the ends of its interval; missing where there is none."""
    parts, wholes = parts[wholes != 0], wholes[wholes != 0]
    count = len(wholes)
    if count == 0:
        return np.nan, np.nan, np.nan
    ratio = parts.sum() / wholes.sum()
    least = definitions.constants["interval_least_weeks" if is_single else "interval_least_listeners"]
    if count < least:
        return ratio, np.nan, np.nan
    error = np.sqrt(count / (count - 1) * ((parts - ratio * wholes) ** 2).sum()) / wholes.sum()
    reach = stats.t.ppf((1 + definitions.constants["interval_level"]) / 2, count - 1) * error
    return ratio, ratio - reach, ratio + reach


def feature_engagement(
    plays: pd.DataFrame, tracks: pd.DataFrame, definitions: Definitions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the deciles, the slopes)."""
    plays = _with_outcomes(plays, definitions)
    is_single = plays["user_id"].nunique() == 1
    deciles, slopes = [], []
    for kind, name, order, values in _measures(tracks, definitions):
        named = {"measure_kind": kind, "measure": name, "measure_order": order}
        measured = plays.assign(value=plays["track_id"].map(values)).dropna(subset="value")
        rounded = measured["value"].round(6)
        below = np.searchsorted(np.sort(rounded.to_numpy()), rounded.to_numpy(), side="left")
        tenth = below * 10 // len(measured) + 1
        for decile, part in measured.assign(value=rounded).groupby(tenth):
            deciles.append(named | {"decile": decile} | _decile(part, is_single, definitions))
        for outcome, column in OUTCOMES.items():
            known = measured.dropna(subset=column)
            if len(known):
                slopes.append(named | {"outcome": outcome} | _slope(known, column, is_single, definitions))
    return pd.DataFrame(deciles), pd.DataFrame(slopes)


def _decile(part: pd.DataFrame, is_single: bool, definitions: Definitions) -> dict[str, object]:
    row: dict[str, object] = {
        "decile_from_pct": part["value"].min(),
        "decile_to_pct": part["value"].max(),
        "tracks": part["track_id"].nunique(),
        "plays": len(part),
        "listens": int(part["is_listen"].sum()),
        "listeners": part["user_id"].nunique(),
        "minutes_listened": float(part["listened_ms"].sum()) / 60_000,
        "completion_known_plays": int(part["completion"].count()),
        "skip_known_plays": int(part["skip_rate"].count()),
        "repeat_known_listens": int(part["repeat_rate"].count()),
        "interval_scope": "within this listener" if is_single else "across listeners",
    }
    for column in OUTCOMES.values():
        sums = part.groupby("cluster")[column].agg(["sum", "count"])
        rate, low, high = _interval(sums["sum"].to_numpy(float), sums["count"].to_numpy(float), is_single, definitions)
        row |= {
            f"{column}_pct": rate,
            f"{column}_low_pct": np.maximum(low, 0),
            f"{column}_high_pct": np.minimum(high, 100),
        }
        row[f"{column}_interval_null_reason"] = "not enough data" if np.isnan(low) else None
    return row


def _slope(known: pd.DataFrame, column: str, is_single: bool, definitions: Definitions) -> dict[str, object]:
    """Least squares with an intercept for every listener, and errors that are free to cluster."""
    x = known["value"] - known.groupby("user_id")["value"].transform("mean")
    y = known[column] - known.groupby("user_id")[column].transform("mean")
    # What is 0 but for rounding is 0: a listener of one value compares nothing.
    sums = pd.DataFrame({"xy": 10 * x * y, "xx": (x * x).where(x.abs() > 1e-9, 0)}).groupby(known["cluster"]).sum()
    slope, low, high = _interval(sums["xy"].to_numpy(), sums["xx"].to_numpy(), is_single, definitions)
    return {
        "known_plays": len(known),
        "listeners": known["user_id"].nunique(),
        "slope_pp": slope,
        "slope_low_pp": low,
        "slope_high_pp": high,
        "interval_null_reason": "not enough data" if np.isnan(low) else None,
        "is_told_from_zero": None if np.isnan(low) else bool(low > 0 or high < 0),
    }


# ---- weeks of listeners ----

SEGMENTS = {"dominant_vibe": "vibe", "dominant_sound_cluster": "sound cluster", "dominant_genre": "genre"}


def _memberships(users: list[str], segments: pd.DataFrame) -> dict[tuple[str, str], set[str]]:
    """The listeners of every segment. `segments`: listener_segments, as given."""
    members = {("everybody", "everybody"): set(users)}
    for column, kind in SEGMENTS.items():
        for segment, part in segments[segments["user_id"].isin(users)].groupby(column):
            members[kind, str(segment)] = set(part["user_id"])
    return members


def listener_weeks(
    plays: pd.DataFrame, segments: pd.DataFrame, last_seen: dict[str, pd.Timestamp]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(engagement, retention): sets of who was active in each week, compared from week to week.

    `last_seen`: by listener, the local date of the last record or answered poll.
    """
    week = pd.Timedelta(weeks=1)
    calendar = list(pd.date_range(plays["week_start"].min(), plays["week_start"].max(), freq=week))
    listens = plays[plays["is_listen"]]
    active = {monday: set(listens.loc[listens["week_start"] == monday, "user_id"]) for monday in calendar}
    first_week = listens.groupby("user_id")["week_start"].min().to_dict()
    begun = plays.groupby("user_id")["week_start"].min()
    members = _memberships(sorted(begun.index), segments)
    rows, cohorts = [], []
    for (kind, segment), users in members.items():
        named = {"segment_kind": kind, "segment": segment}
        for monday in calendar:
            now, before = active[monday] & users, active.get(monday - week, set()) & users
            seen_whole = {user for user in users if last_seen[user] >= monday + week - pd.Timedelta(days=1)}
            part = plays[(plays["week_start"] == monday) & plays["user_id"].isin(users)]
            minutes = float(part["listened_ms"].sum()) / 60_000
            rows.append(
                named
                | {
                    "week_start": monday,
                    "is_complete_week": bool(
                        plays["listening_date"].min() <= monday
                        and plays["listening_date"].max() >= monday + week - pd.Timedelta(days=1)
                    ),
                    "listeners": len(users),
                    "observed_listeners": sum(begun[one] <= monday and last_seen[one] >= monday for one in users),
                    "active_listeners": len(now),
                    "new_listeners": sum(first_week[one] == monday for one in now),
                    "returning_listeners": len(now & before),
                    "resurrected_listeners": sum(first_week[one] < monday for one in now - before),
                    "lost_listeners": len(before - now),
                    "unobserved_lost_listeners": len(before - now - seen_whole),
                    "listens": int(part["is_listen"].sum()),
                    "minutes_listened": minutes,
                    "minutes_per_active_listener": minutes / len(now) if now else np.nan,
                }
            )
            cohort = {one for one in users if first_week.get(one) == monday}
            for since, later in enumerate(one for one in calendar if one >= monday) if cohort else ():
                seen = {one for one in cohort if last_seen[one] >= later + week - pd.Timedelta(days=1)}
                kept = seen & active[later]
                cohorts.append(
                    named
                    | {
                        "cohort_week": monday,
                        "weeks_since": since,
                        "cohort_listeners": len(cohort),
                        "observed_listeners": len(seen),
                        "kept_listeners": len(kept),
                        "retention_pct": 100 * len(kept) / len(seen) if seen else np.nan,
                        "retention_null_reason": None if seen else "not observed so long",
                    }
                )
    return pd.DataFrame(rows), pd.DataFrame(cohorts)
