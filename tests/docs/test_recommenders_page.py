"""The worked example of docs/recommenders.md is in the sample's tables, number by number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.conftest import PROJECT
from tests.docs.test_worked_examples import _equations

PAGE = PROJECT / "docs" / "recommenders.md"
SONG = "display_name = 'Theo' and week_start = '2026-07-20' and top_song_number = 1 and recommender = 'knn'"


@pytest.fixture(scope="module")
def text() -> str:
    return " ".join(PAGE.read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def lines() -> set[str]:
    return set(PAGE.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def marts(sample_data: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        yield connection


def _rows(marts: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = marts.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", "−")


def test_the_recommended_tracks_are_those_of_the_table(marts: duckdb.DuckDBPyConnection, lines: set[str]) -> None:
    tracks = _rows(
        marts,
        f"select * from fct_recommendations inner join dim_users using (user_id) where {SONG} and is_prediction",
    )
    expected = {
        f"| {row['position']} | {row['track_name']} | {_number(row['energy_pct'], 1)} | "
        f"{'yes' if row['is_new_to_listener'] else 'no'} | "
        f"{'never' if row['days_until_listened'] is None else 'after ' + str(row['days_until_listened']) + ' days'} |"
        for row in tracks
    }
    assert len(expected) == 5
    assert expected <= lines


def test_the_songs_numbers_are_in_the_marts(marts: duckdb.DuckDBPyConnection, text: str) -> None:
    features = _rows(marts, f"select * from fct_feature_similarity inner join dim_users using (user_id) where {SONG}")
    assert len(features) == 7
    (energy,) = [row for row in features if row["audio_feature"] == "energy"]
    (song,) = _rows(marts, f"select track_name from dim_tracks where track_id = '{energy['seed_track_id']}'")
    assert f"“{song['track_name']}”" in text
    predicted, actual = _number(energy["predicted_pct"], 1), _number(energy["actual_pct"], 1)
    difference, similarity = _number(energy["difference_pp"], 1), _number(energy["similarity_pct"], 1)
    chance = _number(energy["chance_difference_pp"], 1)
    assert f"/ 5 = {predicted}. **Actual** is the song's own: {actual}." in text
    assert f"{predicted} − {actual} = {difference} points" in text
    assert f"100 − {difference} = {similarity}" in text
    assert f"off by {chance} points on average" in text
    differences = sum(abs(row["difference_pp"]) for row in features)
    level = sum(row["chance_difference_pp"] for row in features)
    assert (
        f"Differences add up to {_number(differences, 1)}, their chance levels to {_number(level, 1)}: "
        f"1 − {_number(differences, 1)} / {_number(level, 1)} = {_number(1 - differences / level, 2)}." in text
    )


def test_hits_and_ranks_are_in_the_marts(marts: duckdb.DuckDBPyConnection, text: str) -> None:
    tracks = _rows(
        marts,
        f"select * from fct_recommendations inner join dim_users using (user_id) where {SONG} and is_prediction "
        "order by position",
    )
    gains = {horizon: [row[f"is_listened_within_{horizon}_horizon"] for row in tracks] for horizon in ("short", "long")}
    assert gains["short"] == [False, False, True, False, False]
    assert gains["long"] == [False, True, True, False, False]
    assert "rank** is 1 / 3 = 0.33, and **nDCG** is 0.50" in text
    assert math.isclose(1 / math.log2(4), 0.5)
    ideal = 1 / math.log2(2) + 1 / math.log2(3)
    assert f"rank 1 / 2 = 0.50, nDCG {_number((1 / math.log2(3) + 1 / math.log2(4)) / ideal, 2)}." in text
    assert sum(row["is_new_to_listener"] for row in tracks) == 2
    assert not any(row["is_new_to_listener"] and row["is_listened_within_long_horizon"] for row in tracks)
    assert "after 55 days" in text


def test_the_scorecard_is_that_of_the_marts(marts: duckdb.DuckDBPyConnection, lines: set[str]) -> None:
    cards = _rows(
        marts,
        "select recommender_scorecard.*, unit from recommender_scorecard inner join recommender_metrics using (metric) "
        "where recommender = 'knn' and period = 'all weeks' and interval_low is not null",
    )
    expected = set()
    for row in cards:
        decimals = 1 if row["unit"] == "percent" else 2
        within = "–" if row["horizon_days"] is None else f"{row['horizon_days']} days"
        expected.add(
            f"| {row['metric']} | {within} | {_number(row['metric_value'], decimals)} | "
            f"{_number(row['interval_low'], decimals)} to {_number(row['interval_high'], decimals)} | "
            f"{row['answers']:,} | {row['clusters']} |"
        )
    assert len(expected) == 8
    assert expected <= lines, "\n".join(sorted(expected - lines))
    (chance,) = _rows(
        marts,
        "select 100 - avg(chance_difference_pp) as level from fct_feature_similarity where recommender = 'knn'",
    )
    assert any(f"chance reaches {_number(chance['level'], 0)} on the sample" in line for line in lines)


def test_the_comparison_is_that_of_the_marts(marts: duckdb.DuckDBPyConnection, text: str) -> None:
    compared = {
        (row["metric"], row["horizon"]): row
        for row in _rows(
            marts,
            "select * from recommender_comparison where first_recommender = 'knn' and second_recommender = 'popular'",
        )
    }
    similarity, hits = compared["similarity", "none"], compared["hit_rate", "short"]
    span = {
        name: f"({_number(row['interval_low'], 1)} to {_number(row['interval_high'], 1)})"
        for name, row in (("similarity", similarity), ("hits", hits))
    }
    assert f"is {_number(similarity['difference'], 1)} points of similarity {span['similarity']}" in text
    assert f"and {_number(hits['difference'], 1)} points of hit rate within 7 days {span['hits']}" in text
    assert (similarity["verdict"], hits["verdict"]) == ("first is better", "no difference shown")
    assert (
        f"`knn` won {_number(hits['first_won_pct'], 1)} percent of the songs, `popular` "
        f"{_number(hits['second_won_pct'], 1)}, and {_number(hits['tied_pct'], 1)} were ties." in text
    )
    assert f"here {_number(hits['smallest_effect'], 0)} points" in text
    assert f"Here {hits['clusters_needed']}; the sample has {hits['clusters']}." in text


def test_the_constants_are_those_of_the_seed(marts: duckdb.DuckDBPyConnection, text: str) -> None:
    constants = dict(marts.execute("select constant, value from diagnostic_constants").fetchall())
    assert f"(k = {constants['similarity_k']:.0f})" in text
    assert f"over {constants['chance_draws']:,.0f} fixed draws" in text
    days = [f"{constants[f'{horizon}_horizon_days']:.0f}" for horizon in ("short", "long")]
    assert f"for {days[0]} and for {days[1]} days" in text
    assert f"{constants['interval_level']:.0%}".replace("%", " %") + " of intervals computed this way" in text
    assert f"Below {constants['interval_least_listeners']:.0f} listeners" in text
    assert f"({constants['interval_least_weeks']:.0f} at least)" in text
    assert constants["comparison_power"] == 0.8
    assert "four times out of five" in text


def test_every_sum_on_the_page_is_right(text: str) -> None:
    """To the decimals that are shown: what goes into them is rounded itself."""
    equations = list(_equations(re.sub(r"\*\*", "", text)))
    assert len(equations) >= 8
    wrong = [equation for equation, left, right in equations if abs(left - right) > (0.006 if abs(right) < 2 else 0.06)]
    assert wrong == []


def test_the_page_is_linked() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "(docs/recommenders.md)" in (PROJECT / name).read_text(encoding="utf-8"), name
