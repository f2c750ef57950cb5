"""What the marts say of recommenders, computed once more: outcomes, chance levels, metrics, intervals, comparisons.

Plays, Top Songs and features come from the recomputation of the input files; what was recommended is taken as given.
Everything else is numpy and scipy: no SQL, and no code of the models.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import jensenshannon, pdist

from tests.recompute.comparison import Expectation
from tests.recompute.inputs import FEATURES, Definitions, Listener, exported_plays
from tests.recompute.recompute import SEEDS, Recomputed, bands, vibe_of

HORIZONS = ("short", "long")
# Metrics with an interval, and their bounds.
BOUNDS: dict[str, tuple[float, float]] = {
    "similarity": (0, 100),
    "skill": (-math.inf, 1),
    "hit_rate": (0, 100),
    "mrr": (0, 1),
    "ndcg": (0, 1),
}
WITHOUT_HORIZON = ("similarity", "skill", "novelty", "diversity", "popularity_bias", "calibration", "coverage")
WITH_HORIZON = ("hit_rate", "mrr", "ndcg", "serendipity")
METRICS = [(metric, "none") for metric in WITHOUT_HORIZON] + [(m, h) for m in WITH_HORIZON for h in HORIZONS]

_ANSWER = ["recommender", "user_id", "week_start", "top_song_number"]
_SIDES = [f"{side}_{what}" for side in ("first", "second") for what in ("recommender", "version", "variant")]
_INTERVAL = ["standard_error", "interval_low", "interval_high", "interval_null_reason"]
_ALIKE = 1e-12  # a smaller standard error is rounding: all clusters have the same value
_CARD = ["horizon_days", "metric_value", "metric_null_reason", "answers", "all_answers", "interval_scope", *_INTERVAL]

EXPECTATIONS = (
    Expectation(
        "outcomes",
        "fct_recommendations",
        ["recommender", "user_id", "week_start", "seed_track_id", "rank"],
        [
            "top_song_number",
            "track_id",
            "position",
            "is_prediction",
            "is_new_to_listener",
            "is_listened_after",
            "days_until_listened",
            *(f"is_listened_within_{horizon}_horizon" for horizon in HORIZONS),
            *(f"{horizon}_horizon_null_reason" for horizon in HORIZONS),
            "plays_within_long_horizon",
            "listens_within_long_horizon",
            "skipped_plays_within_long_horizon",
            "completion_within_long_horizon_pct",
        ],
    ),
    Expectation(
        "similarity",
        "fct_feature_similarity",
        [*_ANSWER, "audio_feature"],
        ["similarity_pct", "similarity_null_reason", "chance_difference_pp", "chance_null_reason"],
    ),
    Expectation(
        "predictions",
        "fct_predictions",
        _ANSWER,
        [
            "recommender_version",
            "variant",
            "seed_track_id",
            "recommendations",
            "scored_recommendations",
            "similarity_pct",
            "similarity_null_reason",
            "difference_sum_pp",
            "chance_difference_sum_pp",
            "difference_sum_null_reason",
            "skill",
            "skill_null_reason",
            *(f"is_hit_{horizon}_horizon" for horizon in HORIZONS),
            *(f"{horizon}_horizon_null_reason" for horizon in HORIZONS),
        ],
    ),
    Expectation(
        "feature_scorecard",
        "recommender_feature_scorecard",
        ["recommender", "recommender_version", "period", "week_start", "top_songs", "audio_feature"],
        [
            "top_song_number",
            "predictions",
            "listeners",
            "predicted_pct",
            "actual_pct",
            "difference_pp",
            "difference_null_reason",
            "similarity_pct",
            "similarity_null_reason",
            "chance_difference_pp",
            "chance_null_reason",
            "skill",
            "skill_null_reason",
            *(
                f"{metric}_interval_{end}"
                for metric in ("similarity", "skill")
                for end in ("low", "high", "null_reason")
            ),
            "interval_null_reason",
            "clusters",
            "interval_scope",
        ],
    ),
    Expectation(
        "scorecard",
        "recommender_scorecard",
        ["recommender", "recommender_version", "period", "week_start", "metric", "horizon"],
        [*_CARD, "listeners", "clusters"],
    ),
    Expectation(
        "listener_scorecard",
        "recommender_listener_scorecard",
        ["recommender", "recommender_version", "user_id", "metric", "horizon"],
        [*_CARD, "weeks"],
    ),
    Expectation(
        "comparison",
        "recommender_comparison",
        ["comparison_kind", *_SIDES, "metric", "horizon"],
        [
            "is_paired",
            "horizon_days",
            "first_value",
            "second_value",
            "difference",
            "interval_scope",
            *_INTERVAL,
            "verdict",
            "first_answers",
            "second_answers",
            "clusters",
            "first_won_pct",
            "second_won_pct",
            "tied_pct",
            "won_null_reason",
            "smallest_effect",
            "clusters_needed",
        ],
    ),
)


@dataclass(frozen=True)
class Judged:
    """One table per mart, with the mart's column names; and the measures that the metrics are sums of."""

    outcomes: pd.DataFrame
    similarity: pd.DataFrame
    predictions: pd.DataFrame
    feature_scorecard: pd.DataFrame
    scorecard: pd.DataFrame
    listener_scorecard: pd.DataFrame
    comparison: pd.DataFrame
    measures: pd.DataFrame


def judge(
    recomputed: Recomputed, listeners: Sequence[Listener], recommendations: pd.DataFrame, seeds: Path = SEEDS
) -> Judged:
    """Judge the recommenders.

    `recommendations`: recommender, recommender_version, variant, user_id, week_start, seed_track_id, rank, track_id
    and as_of, as the recommenders gave them.
    """
    definitions = Definitions.read(seeds)
    metrics = pd.read_csv(seeds / "recommender_metrics.csv", keep_default_na=False).set_index("metric")
    largest = int(pd.read_csv(seeds / "t_quantiles.csv")["degrees_of_freedom"].max())
    outcomes = _outcomes(recomputed, _known(recomputed.plays, listeners, definitions), recommendations, definitions)
    similarity = _with_chance(recomputed, definitions)
    answers = list(_answers(recomputed, outcomes, similarity))
    measures = _measures(answers, _calibrations(recomputed, outcomes, definitions))
    rules = Rules(definitions.constants, metrics["smallest_effect"].to_dict(), recomputed.plays["user_id"].nunique())
    pool = set(recomputed.tracks.index[recomputed.tracks["is_scored"]])
    return Judged(
        outcomes=outcomes,
        similarity=similarity,
        predictions=_predictions(outcomes, similarity),
        feature_scorecard=_feature_scorecard(outcomes, similarity, rules),
        scorecard=_scorecard(answers, measures, pool, rules),
        listener_scorecard=_listener_scorecard(answers, measures, pool, rules),
        comparison=_comparison(answers, measures, rules, largest),
        measures=measures,
    )


# ---- what became of recommendations ----


@dataclass(frozen=True)
class _Known:
    """Up to when a listener's listening is known, and between which moments plays may be missing."""

    until: datetime
    gaps: tuple[tuple[datetime, datetime], ...]

    def from_(self, as_of: datetime) -> datetime:
        """Up to when what came after `as_of` is known without a hole."""
        return min([self.until, *(start for start, end in self.gaps if end > as_of)])


def _known(plays: pd.DataFrame, listeners: Sequence[Listener], definitions: Definitions) -> dict[str, _Known]:
    """From the newest play and the newest page, whose file is named after the moment of the request."""
    last = plays.groupby("user_id")["played_at"].max()
    known = {}
    for listener in listeners:
        pages = []
        for path in listener.pages:
            moment = datetime.strptime(path.stem.rpartition("_")[2], "%Y-%m-%dT%H-%M-%SZ")
            times = [
                datetime.fromisoformat(item["played_at"]).replace(tzinfo=None)
                for item in json.loads(path.read_text(encoding="utf-8"))["items"]
            ]
            if times:
                pages.append((moment, min(times), max(times)))
        spans = []
        for export in listener.exports if pages else ():
            times = exported_plays(Listener("", listener.timezone, [export]), set())["played_at"]
            if len(times):
                spans.append((times.min(), times.max()))
        until = max([last[listener.user_id], *(moment for moment, _, _ in pages)])
        known[listener.user_id] = _Known(until, tuple(_gaps(sorted(pages), spans)))
    return known


def _gaps(
    pages: list[tuple[datetime, datetime, datetime]], spans: list[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """Where a page reaches back to nothing that an earlier one has, and no export covers the time."""
    newest = None
    for _, oldest_of_page, newest_of_page in pages:
        if newest is not None and oldest_of_page > newest:
            start = newest
            for first, last in sorted(spans):
                if first <= start <= last:
                    start = last
            if start < oldest_of_page:
                yield start, oldest_of_page
        newest = max(newest_of_page, newest or newest_of_page)


@dataclass(frozen=True)
class _History:
    """A listener's plays of one track, as arrays."""

    played_at: np.ndarray
    is_listen: np.ndarray
    is_skipped: np.ndarray  # known to be
    completion_pct: np.ndarray  # NaN: unknown

    @classmethod
    def of(cls, plays: pd.DataFrame) -> _History:
        return cls(
            plays["played_at"].to_numpy("datetime64[us]"),
            plays["is_listen"].to_numpy(bool),
            plays["is_skipped"].fillna(False).to_numpy(bool),
            plays["completion_pct"].to_numpy(float),
        )

    @classmethod
    @cache
    def empty(cls) -> _History:
        nothing = np.array([])
        return cls(nothing.astype("datetime64[us]"), nothing.astype(bool), nothing.astype(bool), nothing)


def _outcomes(
    recomputed: Recomputed, known: Mapping[str, _Known], recommendations: pd.DataFrame, definitions: Definitions
) -> pd.DataFrame:
    """Every recommendation with its position and with what the listener did afterwards."""
    k = int(definitions.constants["similarity_k"])
    days = {horizon: float(definitions.constants[f"{horizon}_horizon_days"]) for horizon in HORIZONS}
    histories = {key: _History.of(plays) for key, plays in recomputed.plays.groupby(["user_id", "track_id"])}
    songs = recomputed.top_songs.set_index(["user_id", "week_start", "track_id"])["top_song_number"].to_dict()

    @cache
    def became(user_id: str, track_id: str, as_of: pd.Timestamp) -> dict[str, Any]:
        history = histories.get((user_id, track_id), _History.empty())
        after = history.played_at >= as_of.to_datetime64()
        listened = history.played_at[after & history.is_listen]
        first = pd.Timestamp(listened.min()) if len(listened) else None
        row: dict[str, Any] = {
            "is_new_to_listener": bool(after.all()),
            "is_listened_after": first is not None,
            "days_until_listened": None if first is None else math.floor((first - as_of) / pd.Timedelta(days=1)),
        }
        until = known[user_id].from_(as_of)
        for horizon in HORIZONS:
            end = as_of + pd.Timedelta(days=days[horizon])
            is_observed = end <= until
            hit = first is not None and bool(first < end)
            row[f"is_listened_within_{horizon}_horizon"] = hit if is_observed else None
            row[f"{horizon}_horizon_null_reason"] = None if is_observed else "horizon not observed"
        within = after & (history.played_at < end.to_datetime64())
        completion = history.completion_pct[within & ~np.isnan(history.completion_pct)]
        counts = {
            "plays_within_long_horizon": within.sum(),
            "listens_within_long_horizon": (within & history.is_listen).sum(),
            "skipped_plays_within_long_horizon": (within & history.is_skipped).sum(),
            "completion_within_long_horizon_pct": completion.mean() if len(completion) else None,
        }
        return row | {name: count if is_observed else None for name, count in counts.items()}

    lists: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for given in recommendations.sort_values("rank").to_dict("records"):
        lists[given["recommender"], given["user_id"], given["week_start"], given["seed_track_id"]].append(given)
    rows = []
    for (_, user_id, week_start, seed), ranked in lists.items():
        taken: set[str] = set()
        for given in ranked:
            given["position"] = None
            if given["track_id"] not in taken and given["track_id"] != seed:
                taken.add(given["track_id"])
                given["position"] = len(taken)
            given["is_prediction"] = given["position"] is not None and given["position"] <= k
            given["top_song_number"] = songs.get((user_id, week_start, seed))
            rows.append(given | became(user_id, given["track_id"], given["as_of"]))
    outcomes = pd.DataFrame(rows)
    numbers = [f"{name}_within_long_horizon" for name in ("plays", "listens", "skipped_plays")]
    numbers += ["position", "top_song_number", "days_until_listened", "completion_within_long_horizon_pct"]
    outcomes[numbers] = outcomes[numbers].astype("Float64")
    return outcomes


# ---- chance ----


def _with_chance(recomputed: Recomputed, definitions: Definitions) -> pd.DataFrame:
    """The comparison of features with the mean size of the differences that random tracks reach."""
    constants = definitions.constants
    k, draws = int(constants["similarity_k"]), int(constants["chance_draws"])
    pool = recomputed.tracks.loc[recomputed.tracks["is_scored"], list(FEATURES)]
    hands = list(_hands(list(pool.index), k + 1, draws))
    values = pool.to_numpy(float)
    place = {track_id: number for number, track_id in enumerate(pool.index)}
    table = np.array([[place[track_id] for track_id in hand] for hand in hands])  # draws × (k + 1)

    @cache
    def chance(seed: str, tracks: int) -> np.ndarray:
        mine = place[seed]
        firsts = table[:, :tracks].copy()
        for number in np.flatnonzero((table == mine).any(axis=1)):
            firsts[number] = [track for track in table[number] if track != mine][:tracks]
        means = values[firsts].mean(axis=1)
        return np.asarray(np.abs(means - values[mine]).mean(axis=0))

    similarity = recomputed.similarity.copy()
    levels, reasons, chance_reasons = [], [], []
    column = {feature: number for number, feature in enumerate(FEATURES)}
    for row in similarity.itertuples():
        reason = None
        if row.scored_recommendations == 0:
            reason = "no recommendation has audio features"
        elif row.seed_track_id not in place:
            reason = "song has no audio features"
        known = reason is None and len(hands) > 0
        level = chance(row.seed_track_id, row.scored_recommendations)[column[row.audio_feature]] if known else np.nan
        levels.append(level)
        reasons.append(reason)
        chance_reasons.append(reason if known or reason else "too few tracks to draw from")
    similarity["chance_difference_pp"] = levels
    similarity["similarity_null_reason"] = pd.Series(reasons, index=similarity.index, dtype=object)
    similarity["chance_null_reason"] = pd.Series(chance_reasons, index=similarity.index, dtype=object)
    return similarity


def _hands(tracks: list[str], size: int, wanted: int) -> Iterator[list[str]]:
    """Draws of `size` tracks: the pool, shuffled by a hash of the deal's number and the track, is dealt out."""
    dealt, deal = 0, 0
    while dealt < wanted and len(tracks) >= size:
        shuffled = sorted(tracks, key=lambda track: (hashlib.md5(f"{deal}|{track}".encode()).hexdigest(), track))
        for start in range(0, len(tracks) - size + 1, size):
            if dealt < wanted:
                yield shuffled[start : start + size]
                dealt += 1
        deal += 1


# ---- answers and their measures ----


@dataclass(frozen=True)
class Answer:
    """What a recommender gave for one Top Song, and what each metric has of it: part and whole."""

    recommender: str
    version: str
    variant: str | None
    user_id: str
    week_start: pd.Timestamp
    number: int
    tracks: tuple[str, ...]  # of the prediction
    observed: frozenset[str]  # horizons
    is_novelty_known: bool
    parts: dict[tuple[str, str], tuple[float, float]]


def _answers(recomputed: Recomputed, outcomes: pd.DataFrame, similarity: pd.DataFrame) -> Iterator[Answer]:
    features = recomputed.tracks.loc[recomputed.tracks["is_scored"], list(FEATURES)]
    points = dict(zip(features.index, features.to_numpy(float), strict=True))
    percentile = _percentiles(recomputed, outcomes)
    compared: dict[Any, list[tuple[float, float, float]]] = defaultdict(list)
    values = similarity[["similarity_pct", "difference_pp", "chance_difference_pp"]].to_numpy(float)
    for key, of_feature in zip(similarity[_ANSWER].itertuples(index=False, name=None), values, strict=True):
        compared[key].append(tuple(of_feature))
    for key, rows in _by_answer(outcomes.dropna(subset="top_song_number")).items():
        predicted = sorted((row for row in rows if row["is_prediction"]), key=lambda row: row["position"])
        tracks = tuple(row["track_id"] for row in predicted)
        parts: dict[tuple[str, str], tuple[float, float]] = {}

        def said(metric: str, part: float, whole: float, horizon: str = "none", into: Any = parts) -> None:
            if whole > 0:
                into[metric, horizon] = (float(part), float(whole))

        similar, difference, chance = np.array(compared[key]).T
        said("similarity", np.nansum(similar), np.isfinite(similar).sum())
        known = np.isfinite(chance)
        said("skill", chance[known].sum() - np.abs(difference[known]).sum(), chance[known].sum())
        new = np.array([row["is_new_to_listener"] for row in predicted], dtype=bool)
        said("novelty", 100 * new.sum(), len(new))
        said("popularity_bias", sum(percentile(row["track_id"], row["as_of"]) for row in predicted), len(tracks))
        scored = np.array([points[track] for track in tracks if track in points])
        if len(scored) > 1:
            said("diversity", pdist(scored / 100).mean() / math.sqrt(len(FEATURES)), 1)
        observed = set()
        for horizon in HORIZONS:
            column = f"is_listened_within_{horizon}_horizon"
            if all(row[column] is None for row in rows):
                continue
            observed.add(horizon)
            hits = np.array([row[column] for row in predicted], dtype=bool)
            said("hit_rate", 100 * hits.any(), 1, horizon)
            said("mrr", 1 / (np.argmax(hits) + 1) if hits.any() else 0, 1, horizon)
            said("ndcg", _gain(hits) / _gain(np.sort(hits)[::-1]) if hits.any() else 0, 1, horizon)
            said("serendipity", 100 * (hits & new).sum(), len(tracks), horizon)
        variant = rows[0]["variant"]
        yield Answer(
            recommender=key[0],
            version=rows[0]["recommender_version"] or "not given",
            variant=None if pd.isna(variant) else variant,
            user_id=key[1],
            week_start=key[2],
            number=int(key[3]),
            tracks=tracks,
            observed=frozenset(observed),
            is_novelty_known=not any(pd.isna(row["as_of"]) for row in rows),
            parts=parts,
        )


def _gain(hits: np.ndarray) -> float:
    return float((hits / np.log2(np.arange(2, len(hits) + 2))).sum())


def _percentiles(recomputed: Recomputed, outcomes: pd.DataFrame) -> Callable[[str, pd.Timestamp], float]:
    """Where a track stands among all known ones by the plays of all listeners before the day (UTC) of a moment."""
    known = set(recomputed.tracks.index) | set(recomputed.plays["track_id"])
    known |= set(outcomes["track_id"]) | set(outcomes["seed_track_id"])
    order = sorted(known)
    place = {track_id: number for number, track_id in enumerate(order)}
    days = recomputed.plays["played_at"].dt.normalize().to_numpy()
    tracks = recomputed.plays["track_id"].map(place).to_numpy()

    @cache
    def counts(day: pd.Timestamp) -> np.ndarray:
        return np.bincount(tracks[days < np.datetime64(day)], minlength=len(order))

    @cache
    def on_day(track_id: str, day: pd.Timestamp) -> float:
        plays = counts(day)
        return float(stats.percentileofscore(plays, plays[place[track_id]], kind="mean"))

    return lambda track_id, as_of: on_day(track_id, as_of.normalize())


def _calibrations(
    recomputed: Recomputed, outcomes: pd.DataFrame, definitions: Definitions
) -> dict[tuple[str, str, str | None, str, pd.Timestamp], float]:
    """Jensen-Shannon distance between the vibes of a week's recommendations and of the listener's last weeks."""
    of_version = bands(definitions.version("vibe_thresholds", pd.Timestamp.now().normalize()), definitions)
    scored = recomputed.tracks[recomputed.tracks["is_scored"]]
    vibes = {track_id: vibe_of(valence, of_version) for track_id, valence in scored["valence"].items()}
    names = [name for _, _, name in of_version]
    listens = recomputed.plays[recomputed.plays["is_listen"]]
    listens = listens.assign(vibe=listens["track_id"].map(vibes)).dropna(subset="vibe")
    by_listener = dict(iter(listens.groupby("user_id")))
    weeks = int(definitions.constants["calibration_weeks"])

    def shares(given: pd.Series) -> np.ndarray:
        return np.array([(given == name).mean() for name in names])

    distances = {}
    predicted = outcomes[outcomes["is_prediction"]].dropna(subset="top_song_number")
    predicted = predicted.assign(vibe=predicted["track_id"].map(vibes)).dropna(subset="vibe")
    keys = ["recommender", "recommender_version", "variant", "user_id", "week_start"]
    for (recommender, version, variant, user_id, week), rows in predicted.groupby(keys, dropna=False):
        heard = by_listener[user_id]
        span = (heard["week_start"] <= week) & (heard["week_start"] > week - pd.Timedelta(weeks=weeks))
        if span.any():
            variant_name = None if pd.isna(variant) else variant
            distance = jensenshannon(shares(rows["vibe"]), shares(heard.loc[span, "vibe"]), base=2)
            distances[recommender, version or "not given", variant_name, user_id, week] = float(distance)
    return distances


def _measures(
    answers: Sequence[Answer], calibrations: Mapping[tuple[str, str, str | None, str, pd.Timestamp], float]
) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for answer in answers:
        of_answer = (answer.recommender, answer.version, answer.variant, answer.user_id, answer.week_start)
        for (metric, horizon), (part, whole) in answer.parts.items():
            rows.append((*of_answer, answer.number, metric, horizon, part, whole))
    for of_week, distance in calibrations.items():
        rows.append((*of_week, None, "calibration", "none", distance, 1.0))
    columns = ["recommender", "version", "variant", "user_id", "week_start", "number", "metric", "horizon"]
    return pd.DataFrame(rows, columns=[*columns, "part", "whole"])


# ---- values and intervals ----


@dataclass(frozen=True)
class Rules:
    """When there are intervals and how wide they are."""

    constants: Mapping[str, float]
    smallest_effects: Mapping[str, Any]
    listeners: int  # in the warehouse

    @property
    def unit(self) -> str:
        """What is drawn at random: listeners, or the weeks of the only one."""
        return "week_start" if self.listeners == 1 else "user_id"

    def quantile(self, unit: str, clusters: int) -> float | None:
        """Student's t for so many clusters; None when they are too few for an interval."""
        least = self.constants["interval_least_weeks" if unit == "week_start" else "interval_least_listeners"]
        if clusters < least:
            return None
        return float(stats.t.ppf((1 + self.constants["interval_level"]) / 2, clusters - 1))

    def days(self, horizon: str) -> float | None:
        return None if horizon == "none" else self.constants[f"{horizon}_horizon_days"]


def kind_of(unit: str) -> str:
    """How an interval over such clusters is called."""
    return "within this listener" if unit == "week_start" else "across listeners"


def standard_error(residuals: np.ndarray) -> float | None:
    """Of a sum over clusters, drawn with replacement: residuals of a linearised ratio; None for one cluster."""
    size = len(residuals)
    return None if size < 2 else float(np.sqrt(size / (size - 1) * (residuals**2).sum()))


def _card(
    answers: Sequence[Answer], measures: pd.DataFrame, pool: set[str], rules: Rules, unit: str
) -> Iterator[dict[str, Any]]:
    """One row per metric and horizon, of these answers."""
    tracks = {track for answer in answers for track in answer.tracks}
    by_metric = dict(iter(measures.groupby(["metric", "horizon"])))
    for metric, horizon in METRICS:
        row: dict[str, Any] = {
            "metric": metric,
            "horizon": horizon,
            "horizon_days": rules.days(horizon),
            "metric_value": None,
            "metric_null_reason": None,
            "answers": 0,
            "all_answers": len(answers),
            "listeners": len({answer.user_id for answer in answers}),
            "clusters": 0,
            "interval_scope": None,
            "is_alike": False,
            "standard_error": None,
            "interval_low": None,
            "interval_high": None,
        }
        if metric == "coverage":
            row["answers"] = len(answers)
            if tracks and pool:
                row["metric_value"] = 100 * len(tracks & pool) / len(pool)
        elif (metric, horizon) in by_metric:
            mine = by_metric[metric, horizon]
            sums = mine.groupby(unit)[["part", "whole"]].sum().to_numpy(float)
            value = sums[:, 0].sum() / sums[:, 1].sum()
            row |= {"metric_value": value, "answers": len(mine), "clusters": len(sums)}
            if metric in BOUNDS:
                row["interval_scope"] = kind_of(unit)
                row["standard_error"] = standard_error((sums[:, 0] - value * sums[:, 1]) / sums[:, 1].sum())
                t = rules.quantile(unit, len(sums))
                row["is_alike"] = t is not None and row["standard_error"] < _ALIKE
                if t is not None and not row["is_alike"]:
                    low, high = BOUNDS[metric]
                    row["interval_low"] = max(low, value - t * row["standard_error"])
                    row["interval_high"] = min(high, value + t * row["standard_error"])
        if row["metric_value"] is None:
            row["metric_null_reason"] = _why_no_value(answers, metric, horizon)
        row["interval_null_reason"] = _why_no_interval(row)
        del row["is_alike"]
        yield row


def _why_no_value(answers: Sequence[Answer], metric: str, horizon: str) -> str:
    if horizon != "none" and not any(horizon in answer.observed for answer in answers):
        return "horizon not observed"
    if not any(answer.tracks for answer in answers):
        return "nothing recommended"
    if metric in ("novelty", "popularity_bias") and not any(answer.is_novelty_known for answer in answers):
        return "as_of unknown"
    return "no audio features"


def _why_no_interval(row: Mapping[str, Any]) -> str | None:
    if row["metric"] not in BOUNDS:
        return "described only"
    if row["metric_value"] is None:
        return "no value"
    if row["is_alike"]:
        return "no variation"
    return "not enough data" if row["interval_low"] is None else None


def _table(rows: Iterable[dict[str, Any]], texts: set[str]) -> pd.DataFrame:
    """Rows as a frame; what is neither text nor yes or no is a number, also when all of it is missing."""
    frame = pd.DataFrame(list(rows))
    for column in frame:
        if column not in texts and not column.startswith("is_") and column not in ("week_start", *_SIDES):
            frame[column] = frame[column].astype("Float64")
    return frame


_TEXTS = {"recommender", "recommender_version", "period", "user_id", "metric", "horizon", "metric_null_reason"}
_TEXTS |= {"interval_scope", "interval_null_reason", "comparison_kind", "verdict", "won_null_reason"}


def _scorecard(answers: Sequence[Answer], measures: pd.DataFrame, pool: set[str], rules: Rules) -> pd.DataFrame:
    by_recommender: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in answers:
        by_recommender[answer.recommender, answer.version].append(answer)
    of = dict(iter(measures.groupby(["recommender", "version"])))
    rows = []
    for (recommender, version), mine in by_recommender.items():
        name = {"recommender": recommender, "recommender_version": version}
        for row in _card(mine, of[recommender, version], pool, rules, rules.unit):
            rows.append(name | {"period": "all weeks", "week_start": pd.NaT} | row)
        for week in sorted({answer.week_start for answer in mine}):
            of_week = [answer for answer in mine if answer.week_start == week]
            measured = of[recommender, version]
            for row in _card(of_week, measured[measured["week_start"] == week], pool, rules, rules.unit):
                rows.append(name | {"period": "week", "week_start": week} | row)
    return _table(rows, _TEXTS)


def _listener_scorecard(
    answers: Sequence[Answer], measures: pd.DataFrame, pool: set[str], rules: Rules
) -> pd.DataFrame:
    by_listener: dict[tuple[str, str, str], list[Answer]] = defaultdict(list)
    for answer in answers:
        by_listener[answer.recommender, answer.version, answer.user_id].append(answer)
    of = dict(iter(measures.groupby(["recommender", "version", "user_id"])))
    rows = []
    for (recommender, version, user_id), mine in by_listener.items():
        name = {"recommender": recommender, "recommender_version": version, "user_id": user_id}
        measured = of.get((recommender, version, user_id), measures.iloc[:0])
        rows += [name | row for row in _card(mine, measured, pool, rules, "week_start")]
    return _table(rows, _TEXTS).rename(columns={"clusters": "weeks"})


# ---- predictions, and what they say of a feature ----


def _predictions(outcomes: pd.DataFrame, similarity: pd.DataFrame) -> pd.DataFrame:
    """One row per answer, from its comparisons and from what became of its tracks."""
    compared_of, tracks_of = _by_answer(similarity), _by_answer(outcomes.dropna(subset="top_song_number"))
    rows = []
    for key, tracks in tracks_of.items():
        compared, predicted = compared_of[key], [track for track in tracks if track["is_prediction"]]
        chance = np.array([one["chance_difference_pp"] for one in compared])
        has_chance = not np.isnan(chance).any()
        off = sum(abs(one["difference_pp"]) for one in compared)
        reason, chance_reason = compared[0]["similarity_null_reason"], compared[0]["chance_null_reason"]
        row = dict(zip(_ANSWER, key, strict=True)) | {
            "recommender_version": tracks[0]["recommender_version"] or "not given",
            "variant": tracks[0]["variant"],
            "seed_track_id": tracks[0]["seed_track_id"],
            "recommendations": len(predicted),
            "scored_recommendations": compared[0]["scored_recommendations"],
            "similarity_pct": None if reason else sum(one["similarity_pct"] for one in compared) / len(compared),
            "similarity_null_reason": reason,
            "difference_sum_pp": off if has_chance else None,
            "chance_difference_sum_pp": chance.sum() if has_chance else None,
            "difference_sum_null_reason": chance_reason,
            "skill": 1 - off / chance.sum() if has_chance else None,
            "skill_null_reason": chance_reason,
        }
        for horizon in HORIZONS:
            is_listened = f"is_listened_within_{horizon}_horizon"
            is_known = any(not pd.isna(track[is_listened]) for track in tracks)
            hits = [track[is_listened] for track in predicted]
            row[f"is_hit_{horizon}_horizon"] = any(hit is True for hit in hits) if is_known else None
            row[f"{horizon}_horizon_null_reason"] = None if is_known else "horizon not observed"
        rows.append(row)
    numbers = {"recommendations", "scored_recommendations", "similarity_pct", "skill", "top_song_number"}
    numbers |= {"difference_sum_pp", "chance_difference_sum_pp"}
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, "Float64"))


def _by_answer(rows: pd.DataFrame) -> dict[Any, list[dict[Any, Any]]]:
    answers: dict[Any, list[dict[Any, Any]]] = defaultdict(list)
    for row in rows.to_dict("records"):
        answers[tuple(row[name] for name in _ANSWER)].append(row)
    return answers


def _feature_scorecard(outcomes: pd.DataFrame, similarity: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Every feature and all seven, of every week and all, of every Top Song that is asked about and all."""
    given = outcomes.dropna(subset="top_song_number").drop_duplicates(_ANSWER)[[*_ANSWER, "recommender_version"]]
    compared = similarity.merge(given.astype({"top_song_number": int}), on=_ANSWER)
    compared["recommender_version"] = compared["recommender_version"].fillna("not given")
    # Selecting rows of a narrow table is fast, and it is done thousands of times.
    compared = compared.drop(columns=["seed_track_id", "similarity_null_reason", "chance_null_reason"])
    compared = pd.concat([compared, compared.assign(audio_feature="all")])
    number = compared["top_song_number"]
    most = rules.constants["recommended_top_songs"]
    by_song = compared[number <= most].assign(top_songs=number[number <= most].astype(int).astype(str))
    compared = pd.concat([compared.assign(top_songs="all", top_song_number=None), by_song])
    names = ["recommender", "recommender_version", "top_songs", "audio_feature"]
    rows = []
    for key, rows_of_all in compared.groupby(names):
        name = dict(zip(names, key, strict=True))
        name["top_song_number"] = None if name["top_songs"] == "all" else int(name["top_songs"])
        rows.append(name | {"period": "all weeks", "week_start": pd.NaT} | _of_feature(rows_of_all, rules))
        for week, rows_of_week in rows_of_all.groupby("week_start"):
            rows.append(name | {"period": "week", "week_start": week} | _of_feature(rows_of_week, rules))
    texts = {"audio_feature", "top_songs", "difference_null_reason", "similarity_null_reason", "chance_null_reason"}
    texts |= {"skill_null_reason", "similarity_interval_null_reason", "skill_interval_null_reason"}
    return _table(rows, _TEXTS | texts)


def _of_feature(given: pd.DataFrame, rules: Rules) -> dict[str, Any]:
    """Means, ratios of sums and their intervals over comparisons of one feature, or of all."""
    is_all = given["audio_feature"].iloc[0] == "all"
    known = given[given["similarity_pct"].notna()]
    with_chance = known[known["chance_difference_pp"].notna()]
    nothing = "no audio features" if known.empty else None
    no_chance = nothing or ("no chance level" if with_chance.empty else None)
    row: dict[str, Any] = {
        "predictions": len(known) // (len(FEATURES) if is_all else 1),
        "listeners": known["user_id"].nunique(),
        "difference_null_reason": "several features" if is_all else nothing,
        "similarity_null_reason": nothing,
        "chance_difference_pp": None if no_chance else with_chance["chance_difference_pp"].mean(),
        "chance_null_reason": no_chance,
        "skill_null_reason": no_chance,
        "clusters": known[rules.unit].nunique(),
        "interval_scope": None if nothing else kind_of(rules.unit),
    }
    for column in ("predicted_pct", "actual_pct", "difference_pp"):
        row[column] = None if is_all or nothing else known[column].mean()
    chance = with_chance["chance_difference_pp"]
    off = with_chance["difference_pp"].abs()
    row |= _with_interval("similarity", "similarity_pct", known["similarity_pct"], known[rules.unit], None, rules)
    row |= _with_interval("skill", "skill", chance - off, with_chance[rules.unit], chance, rules)
    row["interval_null_reason"] = row["similarity_interval_null_reason"] or row["skill_interval_null_reason"]
    return row


def _with_interval(
    metric: str, column: str, parts: pd.Series, units: pd.Series, wholes: pd.Series | None, rules: Rules
) -> dict[str, Any]:
    """A ratio of sums with its interval, over clusters named by `units`; no `wholes`: each part counts as one."""
    ends = [f"{metric}_interval_low", f"{metric}_interval_high"]
    row: dict[str, Any] = dict.fromkeys([column, *ends]) | {f"{metric}_interval_null_reason": "no value"}
    if parts.empty:
        return row
    codes, clusters = pd.factorize(units)
    part = np.bincount(codes, parts.to_numpy(float))
    whole = np.bincount(codes, None if wholes is None else wholes.to_numpy(float))
    value = part.sum() / whole.sum()
    t = rules.quantile(rules.unit, len(clusters))
    error = standard_error((part - value * whole) / whole.sum())
    row[column] = value
    row[f"{metric}_interval_null_reason"] = "not enough data" if t is None else None
    if t is not None and error is not None:
        if error < _ALIKE:
            return row | {f"{metric}_interval_null_reason": "no variation"}
        low, high = BOUNDS[metric]
        row |= dict(zip(ends, (max(low, value - t * error), min(high, value + t * error)), strict=True))
    return row


# ---- comparisons ----


@dataclass(frozen=True)
class _Side:
    recommender: str
    version: str
    variant: str = "any"

    def of(self, measures: pd.DataFrame) -> pd.DataFrame:
        mine = (measures["recommender"] == self.recommender) & (measures["version"] == self.version)
        return measures[mine & ((self.variant == "any") | (measures["variant"] == self.variant))]


def _pairs(answers: Sequence[Answer]) -> Iterator[tuple[str, _Side, _Side]]:
    first_weeks: dict[_Side, pd.Timestamp] = {}
    for answer in answers:
        side = _Side(answer.recommender, answer.version)
        first_weeks[side] = min(answer.week_start, first_weeks.get(side, answer.week_start))
    for one, other in combinations(sorted(first_weeks, key=lambda side: (side.recommender, side.version)), 2):
        if one.recommender != other.recommender:
            yield "recommenders", one, other
        else:
            newer, older = sorted((one, other), key=lambda side: (first_weeks[side], side.version), reverse=True)
            yield "versions", newer, older
    variants = {_Side(answer.recommender, answer.version, answer.variant) for answer in answers if answer.variant}
    order = sorted(variants, key=lambda side: (side.recommender, side.version, side.variant))
    for one, other in combinations(order, 2):
        if (one.recommender, one.version) == (other.recommender, other.version):
            yield "variants", one, other


def _comparison(answers: Sequence[Answer], measures: pd.DataFrame, rules: Rules, largest: int) -> pd.DataFrame:
    power = float(stats.t.ppf(rules.constants["comparison_power"], largest))
    rows = []
    for kind, first, second in _pairs(answers):
        for metric, horizon in METRICS:
            if metric not in BOUNDS:
                continue
            measured = measures[(measures["metric"] == metric) & (measures["horizon"] == horizon)]
            row = _compared(first.of(measured), second.of(measured), kind == "recommenders", rules, power, metric)
            if row is not None:
                sides = {
                    f"{which}_{what}": getattr(side, what)
                    for which, side in (("first", first), ("second", second))
                    for what in ("recommender", "version", "variant")
                }
                of_metric = {"metric": metric, "horizon": horizon, "horizon_days": rules.days(horizon)}
                rows.append({"comparison_kind": kind} | sides | of_metric | row)
    return _table(rows, _TEXTS)


def _compared(
    first: pd.DataFrame, second: pd.DataFrame, is_paired: bool, rules: Rules, power: float, metric: str
) -> dict[str, Any] | None:
    song = ["user_id", "week_start", "number"]
    won: dict[str, Any] = {"first_won_pct": None, "second_won_pct": None, "tied_pct": None}
    if is_paired:
        both = first.merge(second, on=song, suffixes=("_first", "_second"))
        first, second = (
            both[[*song, f"part_{side}", f"whole_{side}"]].set_axis([*song, "part", "whole"], axis=1)
            for side in ("first", "second")
        )
        # Differences are differences from nine decimals on, each side rounded for itself.
        ahead = (first["part"] / first["whole"]).round(9) - (second["part"] / second["whole"]).round(9)
        of_song = np.sign(ahead.round(9)).to_numpy()
        shares = [100 * float((of_song == sign).mean()) for sign in (1, -1, 0)] if len(of_song) else [None] * 3
        won = dict(zip(won, shares, strict=True))
    if not len(first) or not len(second):
        return None
    clusters = sorted(set(first[rules.unit]) | set(second[rules.unit]))
    ratios, residuals = [], []
    for side in (first, second):
        sums = side.groupby(rules.unit)[["part", "whole"]].sum().reindex(clusters, fill_value=0).to_numpy(float)
        ratio = sums[:, 0].sum() / sums[:, 1].sum()
        ratios.append(ratio)
        residuals.append((sums[:, 0] - ratio * sums[:, 1]) / sums[:, 1].sum())
    difference = ratios[0] - ratios[1]
    error = standard_error(residuals[0] - residuals[1])
    t = rules.quantile(rules.unit, len(clusters))
    low, high = (None, None) if t is None else (difference - t * error, difference + t * error)
    verdict = "no difference shown"
    if t is None:
        verdict = "not enough data"
    elif low > 0 or high < 0:
        verdict = "first is better" if low > 0 else "second is better"
    smallest = float(rules.smallest_effects[metric])
    needed = None if t is None else math.ceil(len(clusters) * ((t + power) * error / smallest) ** 2)
    return {
        "is_paired": is_paired,
        "first_value": ratios[0],
        "second_value": ratios[1],
        "difference": difference,
        "interval_scope": kind_of(rules.unit),
        "standard_error": error,
        "interval_low": low,
        "interval_high": high,
        "interval_null_reason": "not enough data" if t is None else None,
        "verdict": verdict,
        "first_answers": len(first),
        "second_answers": len(second),
        "clusters": len(clusters),
        **won,
        "won_null_reason": None if is_paired else "not on the same songs",
        "smallest_effect": smallest,
        "clusters_needed": needed,
    }
