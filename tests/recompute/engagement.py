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
