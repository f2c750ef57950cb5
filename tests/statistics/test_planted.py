"""The scorecard tells the sample's planted recommenders apart as planted, each by intervals and not by eye."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import Place

PLANTED = ("mirror", "charts", "dice", "oracle")


@pytest.fixture(scope="module")
def published(sample_data: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        yield connection


def interval(published: duckdb.DuckDBPyConnection, recommender: str, metric: str, horizon: str) -> tuple[float, float]:
    (found,) = published.execute(
        """
        select interval_low, interval_high from recommender_scorecard
        where recommender = ? and metric = ? and horizon = ? and period = 'all weeks'
        """,
        [recommender, metric, horizon],
    ).fetchall()
    assert found[0] is not None, f"{recommender} has no interval of {metric}"
    return found


def value(published: duckdb.DuckDBPyConnection, recommender: str, metric: str, horizon: str = "none") -> float:
    ((found,),) = published.execute(
        """
        select metric_value from recommender_scorecard
        where recommender = ? and metric = ? and horizon = ? and period = 'all weeks'
        """,
        [recommender, metric, horizon],
    ).fetchall()
    return float(found)


def verdict(published: duckdb.DuckDBPyConnection, one: str, other: str, metric: str, horizon: str) -> str:
    """Who is better of the two, by name; or that nobody can be said to be."""
    ((first, second, found),) = published.execute(
        """
        select first_recommender, second_recommender, verdict from recommender_comparison
        where comparison_kind = 'recommenders' and metric = ? and horizon = ?
            and least(first_recommender, second_recommender) = least(?, ?)
            and greatest(first_recommender, second_recommender) = greatest(?, ?)
        """,
        [metric, horizon, one, other, one, other],
    ).fetchall()
    return {"first is better": first, "second is better": second}.get(found, found)


@pytest.mark.parametrize("metric", ["similarity", "skill"])
@pytest.mark.parametrize("other", ["charts", "dice", "oracle"])
def test_the_clone_of_features_is_most_similar(published: duckdb.DuckDBPyConnection, other: str, metric: str) -> None:
    assert verdict(published, "mirror", other, metric, "none") == "mirror"
    assert interval(published, "mirror", metric, "none")[0] > interval(published, other, metric, "none")[1]


def test_and_knows_only_what_the_listener_knows(published: duckdb.DuckDBPyConnection) -> None:
    novelty = {name: value(published, name, "novelty") for name in PLANTED}
    assert novelty["mirror"] < 1
    assert min(novelty[name] for name in PLANTED if name != "mirror") > 50


def test_chance_has_no_skill(published: duckdb.DuckDBPyConnection) -> None:
    low, high = interval(published, "dice", "skill", "none")
    assert low <= 0 <= high
    assert high - low < 0.1, "an interval that holds everything would say nothing"


@pytest.mark.parametrize("metric", ["hit_rate", "mrr", "ndcg"])
@pytest.mark.parametrize("horizon", ["short", "long"])
@pytest.mark.parametrize("other", ["mirror", "charts", "dice", "knn", "popular"])
def test_who_knows_what_comes_next_has_the_best_hits(
    published: duckdb.DuckDBPyConnection, other: str, horizon: str, metric: str
) -> None:
    assert verdict(published, "oracle", other, metric, horizon) == "oracle"
    assert interval(published, "oracle", metric, horizon)[0] > interval(published, other, metric, horizon)[1]


def test_though_it_is_hardly_more_similar_than_chance(published: duckdb.DuckDBPyConnection) -> None:
    """What judging by similarity alone would miss."""
    assert verdict(published, "oracle", "knn", "similarity", "none") == "knn"
    assert verdict(published, "oracle", "mirror", "skill", "none") == "mirror"


def test_charts_are_popular(published: duckdb.DuckDBPyConnection) -> None:
    popularity = {name: value(published, name, "popularity_bias") for name in PLANTED}
    assert popularity["charts"] > 95
    assert abs(popularity["dice"] - 50) < 5
    assert value(published, "charts", "coverage") < 2 < value(published, "dice", "coverage")


@pytest.mark.parametrize("metric", ["hit_rate", "mrr", "ndcg"])
def test_the_later_version_of_a_model_is_better(published: duckdb.DuckDBPyConnection, metric: str) -> None:
    found = published.execute(
        """
        select first_version, second_version, verdict from recommender_comparison
        where comparison_kind = 'versions' and metric = ? and horizon = 'short'
        """,
        [metric],
    ).fetchall()
    assert found == [("2.0", "1.0", "first is better")]


def test_an_experiment_has_a_verdict(published: duckdb.DuckDBPyConnection) -> None:
    """Five tracks hit more often than three of the same quality, and the table says how sure that is."""
    found = published.execute(
        """
        select first_variant, second_variant, verdict, interval_low, clusters_needed from recommender_comparison
        where comparison_kind = 'variants' and metric = 'hit_rate' and horizon = 'short'
        """
    ).fetchall()
    ((first, second, said, low, needed),) = found
    assert (first, second) == ("five", "three")
    assert said == "first is better"
    assert low > 0
    assert needed > 0


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("fct_recommendations", "recommender"),
        ("fct_feature_similarity", "recommender"),
        ("recommender_scorecard", "recommender"),
        ("recommender_listener_scorecard", "recommender"),
        ("recommender_comparison", "first_recommender"),
        ("feedback_summary", "recommender"),
    ],
)
def test_models_that_came_as_files_are_in_every_mart(
    published: duckdb.DuckDBPyConnection, table: str, names: str
) -> None:
    found = {name for (name,) in published.execute(f"select distinct {names} from {table}").fetchall()}
    if table == "recommender_comparison":
        found |= {name for (name,) in published.execute(f"select distinct second_recommender from {table}").fetchall()}
    assert {*PLANTED, "house-blend"} <= found
