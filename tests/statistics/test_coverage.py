"""Intervals hold the truth as often as they say, in worlds where the truth is known."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.statistics.model_sql import CompiledModels
from tests.statistics.simulation import KINDS, METRICS, Laboratory, answers, coverage, truth

WORLDS = 1000
LISTENERS = 40  # as few as the seed lets have intervals


@pytest.fixture(scope="module")
def laboratory(models: CompiledModels) -> Laboratory:
    return Laboratory(models)


@pytest.mark.long
def test_intervals_hold_the_truth(laboratory: Laboratory) -> None:
    """1,000 worlds of 40 listeners each, as one grouped table: 95 % intervals hold it in 93 to 97 % of them."""
    found = coverage(laboratory, WORLDS, LISTENERS, seed=20261125).set_index("metric")
    assert set(found.index) == set(METRICS)
    assert (found["worlds"] == WORLDS).all(), found
    assert found["held"].between(0.93, 0.97).all(), found


def test_too_few_listeners_have_no_interval(laboratory: Laboratory) -> None:
    found = laboratory.estimates(answers(3, LISTENERS - 1, seed=1))
    assert len(found) >= 3 * len(METRICS)
    assert found["interval_low"].isna().all()
    assert set(found["interval_null_reason"]) == {"not enough data"}


def test_values_are_those_of_the_worlds(laboratory: Laboratory) -> None:
    """Ratios of sums, by plain pandas; and on average the truth."""
    given = answers(200, LISTENERS, seed=7)
    found = laboratory.estimates(given).set_index(["metric", "recommender"])["metric_value"]
    sums = given.groupby("recommender")[
        ["similarity_sum", "similarity_rows", "difference_sum", "chance_difference_sum", "short_ndcg", "short_hit"]
    ].sum()
    songs = given.groupby("recommender").size()
    expected = {
        "similarity": sums["similarity_sum"] / sums["similarity_rows"],
        "skill": 1 - sums["difference_sum"] / sums["chance_difference_sum"],
        "ndcg": sums["short_ndcg"] / songs,
        "hit_rate": 100 * sums["short_hit"] / songs,
    }
    for metric, values in expected.items():
        pd.testing.assert_series_equal(found[metric], values, check_names=False, rtol=1e-9)
    for metric, true in truth().items():
        error = found[metric].std() / len(songs) ** 0.5
        # Ratios of sums are off by a little for few listeners, far less than they vary.
        assert abs(found[metric].mean() - true) < 4 * error, metric


def _pairs(worlds: int, is_paired: bool, first: str = "w", second: str = "x") -> pd.DataFrame:
    names = [f"{number:04d}" for number in range(worlds)]
    return pd.DataFrame(
        {
            "comparison_kind": "recommenders" if is_paired else "versions",
            "is_paired": is_paired,
            "first_recommender": [first + name for name in names],
            "first_version": "1",
            "first_variant": "any",
            "second_recommender": [second + name for name in names],
            "second_version": "1",
            "second_variant": "any",
        }
    )


@pytest.mark.long
@pytest.mark.parametrize("is_paired", [True, False])
def test_comparisons_hold_the_true_difference(laboratory: Laboratory, is_paired: bool) -> None:
    """Two recommenders of which one has six points more hits: on the same songs, and each on songs of its own."""
    worlds, bonus = 400, 0.06
    better = answers(worlds, LISTENERS, seed=11, bonus=bonus)
    other = answers(worlds, LISTENERS, seed=11 if is_paired else 12)
    other["recommender"] = "x" + other["recommender"].str[1:]
    if not is_paired:
        other["user_id"] = "other " + other["user_id"]
    found = laboratory.comparisons(pd.concat([better, other]), _pairs(worlds, is_paired))
    hits = found[(found["metric"] == "hit_rate") & (found["horizon"] == "short")]
    assert len(hits) == worlds
    assert (hits["clusters"] == (LISTENERS if is_paired else 2 * LISTENERS)).all()
    true = 100 * bonus  # every kind has it, whatever its weight
    held = ((hits["interval_low"] <= true) & (true <= hits["interval_high"])).mean()
    assert 0.92 <= held <= 0.98, held
    # Nothing is said against the better one more often than the level allows, and for it whenever the interval says so.
    assert (hits["verdict"] == "second is better").mean() < 0.02
    assert ((hits["verdict"] == "first is better") == (hits["interval_low"] > 0)).all()
    if is_paired:
        won = hits["first_won_pct"] + hits["second_won_pct"] + hits["tied_pct"]
        assert (won - 100).abs().max() < 1e-9


@pytest.mark.long
def test_no_difference_is_found_where_there_is_none(laboratory: Laboratory) -> None:
    worlds = 400
    one, other = answers(worlds, LISTENERS, seed=21), answers(worlds, LISTENERS, seed=22)
    other["recommender"] = "x" + other["recommender"].str[1:]
    found = laboratory.comparisons(pd.concat([one, other]), _pairs(worlds, is_paired=False))
    for metric, horizon in METRICS.items():
        own = found[(found["metric"] == metric) & (found["horizon"] == horizon)]
        wrong = (own["verdict"] != "no difference shown").mean()
        assert len(own) == worlds
        assert 0.02 <= wrong <= 0.085, (metric, wrong)


@pytest.mark.long
def test_the_sample_size_is_large_enough(laboratory: Laboratory) -> None:
    """As many listeners as clusters_needed says find the smallest effect about as often as comparison_power says."""
    # A difference as large as the smallest effect of the hit rate, on listeners and songs of their own.
    bonus = 0.05
    first = answers(60, LISTENERS, seed=31, bonus=bonus)
    second = answers(60, LISTENERS, seed=32)
    second["recommender"], second["user_id"] = "x" + second["recommender"].str[1:], "other " + second["user_id"]
    found = laboratory.comparisons(pd.concat([first, second]), _pairs(60, is_paired=False))
    hits = found[(found["metric"] == "hit_rate") & (found["horizon"] == "short")]
    needed = int(hits["clusters_needed"].median())
    assert needed > 2 * LISTENERS, "this effect is small: it takes more listeners than there were"

    worlds = 150
    first = answers(worlds, needed // 2, seed=33, bonus=bonus)
    second = answers(worlds, needed // 2, seed=34)
    second["recommender"], second["user_id"] = "x" + second["recommender"].str[1:], "other " + second["user_id"]
    found = laboratory.comparisons(pd.concat([first, second]), _pairs(worlds, is_paired=False))
    hits = found[(found["metric"] == "hit_rate") & (found["horizon"] == "short")]
    power = (hits["verdict"] == "first is better").mean()
    assert 0.68 <= power <= 0.92, (needed, power)


def test_worlds_are_what_they_are_said_to_be() -> None:
    """The truth by brute force: the means of very many listeners."""
    given = answers(1, 60_000, seed=3)
    true = truth()
    assert 100 * given["short_hit"].mean() == pytest.approx(true["hit_rate"], rel=0.01)
    assert given["short_reciprocal_rank"].mean() == pytest.approx(true["mrr"], rel=0.01)
    assert given["short_ndcg"].mean() == pytest.approx(true["ndcg"], rel=0.01)
    assert given["similarity_sum"].sum() / given["similarity_rows"].sum() == pytest.approx(true["similarity"], rel=0.01)
    skill = 1 - given["difference_sum"].sum() / given["chance_difference_sum"].sum()
    assert skill == pytest.approx(true["skill"], rel=0.01)
    assert sum(kind.share for kind in KINDS) == pytest.approx(1)
