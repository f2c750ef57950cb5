"""Many small worlds in which the truth is known: do intervals hold it as often as they say?

Listeners are of kinds. A kind has its habits (how many weeks of Top Songs, how often a recommendation is a hit, how far
predictions are off) and a listener of it differs from the kind at random, so that a listener's answers resemble each
other. What all listeners together would give is known exactly: expectations of sums by expectations of sums.

Nothing here is shared with the models; what goes into their SQL is `answers`, a table shaped like
int_recommendation_answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from tests.statistics.model_sql import CompiledModels

K = 5  # tracks of an answer
SONGS = 5  # Top Songs of a week
FEATURES = 7
METRICS = {"similarity": "none", "skill": "none", "hit_rate": "short", "mrr": "short", "ndcg": "short"}


@dataclass(frozen=True)
class Kind:
    """One kind of listener."""

    share: float  # of all listeners
    weeks: tuple[int, int]  # fewest and most, equally likely
    hits: float  # mean share of songs with a hit
    difference: float  # mean size of a difference, percentage points
    chance: float  # mean chance level, percentage points


KINDS = (
    Kind(0.35, (2, 8), 0.18, 9.0, 16.0),
    Kind(0.40, (6, 14), 0.26, 8.0, 15.0),
    Kind(0.25, (10, 20), 0.36, 7.0, 17.0),
)
_CONCENTRATION = 9.0  # of a listener's own hit rate about the kind's (beta distribution)
_SPREAD = 0.25  # of a listener's own differences about the kind's (log-normal)


def _patterns() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which positions are hits when there is one at all: probability, reciprocal rank and nDCG of each pattern."""
    likely = np.array([0.5, 0.4, 0.35, 0.3, 0.25])  # the first places rather than the last
    gains = 1 / np.log2(np.arange(2, K + 2))
    weights, ranks, ndcgs = [], [], []
    for pattern in product((0, 1), repeat=K):
        hit = np.array(pattern)
        if not hit.any():
            continue
        weights.append(np.prod(np.where(hit == 1, likely, 1 - likely)))
        ranks.append(1 / (hit.argmax() + 1))
        ndcgs.append((hit * gains).sum() / gains[: hit.sum()].sum())
    chances = np.array(weights) / sum(weights)
    return chances, np.array(ranks), np.array(ndcgs)


PATTERNS = _patterns()


def truth(kinds: tuple[Kind, ...] = KINDS) -> dict[str, float]:
    """The value of each metric over all listeners that there could be."""
    songs = np.array([kind.share * (kind.weeks[0] + kind.weeks[1]) / 2 for kind in kinds])
    songs /= songs.sum()
    hits = songs @ [kind.hits for kind in kinds]
    difference = songs @ [kind.difference for kind in kinds]
    chances, ranks, ndcgs = PATTERNS
    return {
        "similarity": 100 - difference,
        "skill": 1 - difference / (songs @ [kind.chance for kind in kinds]),
        "hit_rate": 100 * hits,
        "mrr": hits * (chances @ ranks),
        "ndcg": hits * (chances @ ndcgs),
    }


def answers(
    worlds: int, listeners: int, seed: int, kinds: tuple[Kind, ...] = KINDS, bonus: float = 0.0
) -> pd.DataFrame:
    """Answers of `worlds` recommenders ("w0001", ...), each for listeners of its own. `bonus` is added to hit rates."""
    dice = np.random.default_rng(seed)
    people = worlds * listeners
    kind = dice.choice(len(kinds), people, p=[one.share for one in kinds])
    low, high = np.array([one.weeks for one in kinds]).T
    weeks = dice.integers(low[kind], high[kind] + 1)
    mean = np.array([one.hits for one in kinds])[kind] + bonus
    own_hits = dice.beta(mean * _CONCENTRATION, (1 - mean) * _CONCENTRATION)
    own_size = np.exp(dice.normal(-(_SPREAD**2) / 2, _SPREAD, people))
    own_chance = np.exp(dice.normal(-(0.1**2) / 2, 0.1, people))

    of = np.repeat(np.arange(people), weeks * SONGS)
    first = np.concatenate([[0], np.cumsum(weeks * SONGS)[:-1]])
    place = np.arange(len(of)) - first[of]
    rows = len(of)
    hit = dice.random(rows) < own_hits[of]
    chances, ranks, ndcgs = PATTERNS
    pattern = dice.choice(len(chances), rows, p=chances)
    # Songs differ: some lie at the edge of what there is, and both the prediction and chance are far off there.
    edge = dice.gamma(4, 1 / 4, rows)
    difference = np.array([one.difference for one in kinds])[kind[of]] * own_size[of] * edge
    chance = np.array([one.chance for one in kinds])[kind[of]] * own_chance[of] * (0.5 + 0.5 * edge)
    difference *= dice.gamma(6, 1 / 6, rows)
    world = of // listeners
    names = np.array([f"w{number:04d}" for number in range(worlds)])
    monday = np.datetime64("2026-01-05")
    return pd.DataFrame(
        {
            "recommender": names[world],
            "recommender_version": "1",
            "variant": None,
            "user_id": np.char.add("u", (of % listeners).astype(str)),
            "week_start": monday + 7 * (place // SONGS),
            "top_song_number": place % SONGS + 1,
            "predicted_tracks": K,
            "novelty_known_tracks": 0,
            "novel_tracks": 0,
            "popularity_known_tracks": 0,
            "popularity_sum": 0.0,
            "diversity": np.full(rows, np.nan),
            "similarity_rows": FEATURES,
            "similarity_sum": FEATURES * (100 - difference),
            "difference_sum": FEATURES * difference,
            "chance_difference_sum": FEATURES * chance,
            "is_short_horizon_observed": True,
            "short_hit": hit.astype(int),
            "short_reciprocal_rank": np.where(hit, ranks[pattern], 0.0),
            "short_ndcg": np.where(hit, ndcgs[pattern], 0.0),
            "short_serendipitous_tracks": 0,
            "is_long_horizon_observed": False,
            "long_hit": 0,
            "long_reciprocal_rank": 0.0,
            "long_ndcg": 0.0,
            "long_serendipitous_tracks": 0,
        }
    )


class Laboratory:
    """The project's SQL, run on worlds of one's own."""

    def __init__(self, models: CompiledModels, least: int | None = None) -> None:
        """`least`: from how many listeners on there are intervals, when not from as many as the seed says."""
        self.models = models
        self.connection = models.connect()
        self.connection.execute("set TimeZone = 'UTC'")
        for seed in ("diagnostic_constants", "t_quantiles", "recommender_metrics"):
            models.create_seed(self.connection, seed)
        if least is not None:
            self.connection.execute(
                "update diagnostic_constants set value = ? where constant like 'interval_least_%'", [least]
            )
        self._build("int_interval_steps", "int_scorecard_metrics")
        self.connection.execute(
            """
            create table int_interval_clusters as select 2 as listeners, 'listeners' as cluster_kind;
            create table int_week_calibration (
                recommender varchar, recommender_version varchar, variant varchar, user_id varchar, week_start date,
                calibration_distance double
            )
            """
        )

    def _build(self, *models: str) -> None:
        for model in models:
            self.connection.execute(f'create or replace table "{model}" as {self.models.sql(model)}')

    def estimates(self, given: pd.DataFrame) -> pd.DataFrame:
        """One row per world and metric: metric_value, standard_error, interval_low, interval_high, clusters."""
        self.connection.register("given", given)
        self.connection.execute(
            "create or replace table int_recommendation_answers as "
            "select * replace (nullif(diversity, 'nan'::double) as diversity, week_start::date as week_start) "
            "from given"
        )
        self._build("int_recommendation_measures", "int_recommender_estimates")
        return self.connection.execute(
            "select * from int_recommender_estimates where scope = 'all weeks' order by recommender, metric"
        ).df()

    def comparisons(self, given: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
        """One row per pair of worlds and metric. `pairs`: the columns of int_comparison_pairs."""
        self.estimates(given)
        self.connection.register("given_pairs", pairs)
        self.connection.execute("create or replace table int_comparison_pairs as select * from given_pairs")
        self._build("int_comparison_clusters", "recommender_comparison")
        return self.connection.execute(
            "select * from recommender_comparison where horizon_days is null or horizon = 'short' order by all"
        ).df()


def coverage(laboratory: Laboratory, worlds: int, listeners: int, seed: int) -> pd.DataFrame:
    """How often the interval of each metric holds the truth: metric, held (0-1), worlds, mean half width."""
    estimated = laboratory.estimates(answers(worlds, listeners, seed))
    rows = []
    for metric, true in truth().items():
        own = estimated[(estimated["metric"] == metric) & (estimated["horizon"] == METRICS[metric])]
        held = (own["interval_low"] <= true) & (true <= own["interval_high"])
        half = (own["interval_high"] - own["interval_low"]) / 2
        rows.append((metric, true, held.mean(), int(own["interval_low"].notna().sum()), half.mean()))
    return pd.DataFrame(rows, columns=["metric", "truth", "held", "worlds", "half_width"])
