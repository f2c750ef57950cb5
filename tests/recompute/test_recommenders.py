"""What the sample's marts say of recommenders equals an independent recomputation; a wrong mart would be noticed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.recompute.comparison import Comparison, compare
from tests.recompute.conftest import SampleRecomputed
from tests.recompute.recommenders import BOUNDS, EXPECTATIONS, METRICS, Judged, judge
from tests.rounds import rounds


@dataclass(frozen=True)
class Case:
    """The sample's recommenders, judged twice."""

    judged: Judged
    published: Path
    comparisons: dict[str, Comparison]


@pytest.fixture(scope="module")
def case(sample_recomputed: SampleRecomputed) -> Case:
    sample = sample_recomputed
    judged = judge(sample.recomputed, sample.listeners, sample.given)
    comparisons = compare(judged, sample.published, None, EXPECTATIONS)
    return Case(judged, sample.published, {result.mart: result for result in comparisons})


@pytest.mark.parametrize("name", [expectation.mart for expectation in EXPECTATIONS])
def test_mart_equals_its_recomputation(case: Case, name: str) -> None:
    comparison = case.comparisons[name]
    assert comparison.rows_expected > 0
    assert comparison.values_compared > 0
    assert comparison.ok, str(comparison)


def test_the_sample_covers_what_is_hard(case: Case) -> None:
    """Without these the comparison would prove little."""
    outcomes, cards = case.judged.outcomes, case.judged.scorecard
    for horizon in ("short", "long"):
        within = outcomes[f"is_listened_within_{horizon}_horizon"]
        assert set(within[within.notna()]) == {True, False}
        assert within.isna().any(), "horizons that are not over"
    late = outcomes["is_listened_after"] & (outcomes["is_listened_within_long_horizon"] == False)  # noqa: E712
    assert late.any(), "listened to, and too late"
    assert (outcomes["plays_within_long_horizon"] > outcomes["listens_within_long_horizon"]).any()
    similarity = case.judged.similarity
    assert set(similarity["chance_null_reason"].dropna()) >= {"song has no audio features"}
    assert similarity.loc[similarity["chance_difference_pp"].notna(), "scored_recommendations"].nunique() > 1
    assert {(row.metric, row.horizon) for row in cards.itertuples()} == set(METRICS)
    assert set(cards["interval_null_reason"].dropna()) == {"described only", "no value", "not enough data"}
    assert (cards["interval_low"].notna() & (cards["period"] == "week")).any()
    assert case.judged.listener_scorecard["interval_low"].notna().any()
    assert {"first is better", "no difference shown"} <= set(case.judged.comparison["verdict"])


def test_leaving_listeners_out_gives_about_the_same_standard_errors(case: Case) -> None:
    """The linearised standard error against the jackknife, which knows nothing of linearisation."""
    compared = 0
    for row in case.judged.scorecard.query("period == 'all weeks'").itertuples():
        if row.metric not in BOUNDS or row.standard_error is None:
            continue
        mine = case.judged.measures.query("recommender == @row.recommender and version == @row.recommender_version")
        mine = mine[(mine["metric"] == row.metric) & (mine["horizon"] == row.horizon)]
        sums = mine.groupby("user_id")[["part", "whole"]].sum().to_numpy(float)
        without = (sums.sum(axis=0) - sums)[:, 0] / (sums.sum(axis=0) - sums)[:, 1]
        clusters = len(sums)
        jackknife = np.sqrt((clusters - 1) / clusters * ((without - without.mean()) ** 2).sum())
        assert row.standard_error == pytest.approx(jackknife, rel=0.1), (row.recommender, row.metric, row.horizon)
        compared += 1
    assert compared >= len(BOUNDS)


WRONG = [
    ("fct_recommendations", "update {} set is_listened_within_short_horizon = days_until_listened <= 7"),
    ("fct_recommendations", "update {} set is_new_to_listener = false where is_listened_after"),
    ("fct_recommendations", "update {} set listens_within_long_horizon = plays_within_long_horizon"),
    ("fct_feature_similarity", "update {} set chance_difference_pp = chance_difference_pp + 1e-7"),
    ("fct_feature_similarity", "update {} set chance_null_reason = null"),
    ("fct_predictions", "update {} set similarity_pct = similarity_pct + 1e-8"),
    ("fct_predictions", "update {} set skill = 1 - difference_sum_pp / chance_difference_sum_pp / 1.00001"),
    ("fct_predictions", "update {} set is_hit_long_horizon = is_hit_short_horizon"),
    ("fct_predictions", "update {} set is_hit_short_horizon = false where is_hit_short_horizon is null"),
    ("recommender_feature_scorecard", "update {} set similarity_pct = 100 - abs(difference_pp)"),
    ("recommender_feature_scorecard", "update {} set skill_interval_low = skill_interval_low - 1e-8"),
    ("recommender_feature_scorecard", "update {} set listeners = predictions"),
    ("recommender_feature_scorecard", "update {} set difference_pp = -difference_pp"),
    ("recommender_feature_scorecard", "delete from {} where audio_feature = 'all' and top_songs = '3'"),
    ("recommender_scorecard", "update {} set metric_value = metric_value * 1.00000001 where metric = 'mrr'"),
    ("recommender_scorecard", "update {} set standard_error = standard_error * 0.99"),
    ("recommender_scorecard", "update {} set interval_low = metric_value - 1.96 * standard_error"),
    ("recommender_scorecard", "update {} set answers = all_answers"),
    ("recommender_scorecard", "update {} set metric_value = metric_value / 100 where metric = 'coverage'"),
    ("recommender_scorecard", "update {} set metric_value = 0 where metric = 'calibration'"),
    ("recommender_listener_scorecard", "update {} set interval_null_reason = null"),
    ("recommender_listener_scorecard", "update {} set metric_value = 50 where metric = 'popularity_bias'"),
    ("recommender_comparison", "update {} set verdict = 'no difference shown'"),
    ("recommender_comparison", "update {} set standard_error = standard_error * 2"),
    ("recommender_comparison", "update {} set first_won_pct = first_won_pct + tied_pct"),
    ("recommender_comparison", "update {} set clusters_needed = clusters_needed + 1"),
]


def test_wrong_marts_are_noticed(case: Case, tmp_path: Path) -> None:
    """The comparison can fail: each change that a broken model might make is found, and in its mart alone."""
    for changes in rounds(WRONG):
        copy = tmp_path / "published.duckdb"
        shutil.copyfile(case.published, copy)
        with duckdb.connect(str(copy)) as connection:
            for name, change in changes.items():
                connection.execute(change.replace("{}", name))
        wrong = {result.mart for result in compare(case.judged, copy, None, EXPECTATIONS) if not result.ok}
        assert wrong == set(changes), changes
