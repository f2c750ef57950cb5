"""`mf query` answers what the marts say, for every metric: by listener and week, and by week over all listeners."""

from __future__ import annotations

import csv
import json
import math
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import PROJECT, Place

pytestmark = pytest.mark.long

Row = dict[str, Any]
Group = tuple[str, ...]
_FEATURES = ("danceability", "liveness", "acousticness", "instrumentalness", "speechiness", "valence")


def _sum(column: str) -> Callable[[list[Row]], float]:
    return lambda rows: math.fsum(row[column] for row in rows)


def _ratio(upper: str, lower: str, times: float = 1) -> Callable[[list[Row]], float | None]:
    """A ratio of sums; null where nothing stands below the line."""

    def of(rows: list[Row]) -> float | None:
        below = _sum(lower)(rows)
        return times * _sum(upper)(rows) / below if below else None

    return of


def _mean(column: str, weight: str) -> Callable[[list[Row]], float | None]:
    """A mean over the weeks, weighted by how many listens or plays each speaks for."""

    def of(rows: list[Row]) -> float | None:
        below = _sum(weight)(rows)
        return math.fsum(row[column] * row[weight] for row in rows if row[weight]) / below if below else None

    return of


# What the rows of weekly_listening say, one listener's or all listeners'.
_FROM_WEEKS: dict[str, Callable[[list[Row]], float | None]] = {
    "plays": _sum("plays"),
    "listens": _sum("listens"),
    "minutes_listened": _sum("minutes_listened"),
    "scored_listens": _sum("scored_listens"),
    "listening_days": _sum("active_days"),
    "observed_days": _sum("days_observed"),
    "listeners": lambda rows: len({row["user_id"] for row in rows if row["plays"]}),
    "listens_per_day": _ratio("listens", "days_observed"),
    "minutes_per_day": _ratio("minutes_listened", "days_observed"),
    "feature_coverage": _ratio("scored_listens", "listens", 100),
    "skipped_plays": _sum("skipped_plays"),
    "skip_known_plays": _sum("skip_known_plays"),
    "skip_rate": _ratio("skipped_plays", "skip_known_plays", 100),
    "completion_known_plays": _sum("completion_known_plays"),
    "completion": _mean("completion_pct", "completion_known_plays"),
    **{name: _mean(f"{name}_score", "scored_listens") for name in ("energy", "musicality", "positivity")},
    **{name: _mean(f"{name}_pct", "scored_listens") for name in _FEATURES},
    "energy_feature": _mean("energy_pct", "scored_listens"),
}

# One listener's week has them as columns too: the metric is that very number.
_COLUMNS = {
    "listens_per_day": "listens_per_day",
    "feature_coverage": "feature_coverage_pct",
    "skip_rate": "skip_rate_pct",
    "completion": "completion_pct",
    "unique_tracks": "unique_tracks",
    "energy": "energy_score",
    "musicality": "musicality_score",
    "positivity": "positivity_score",
    "energy_feature": "energy_pct",
    **{name: f"{name}_pct" for name in _FEATURES},
}

# What the rows of fct_feature_similarity say.
_FROM_SIMILARITIES: dict[str, Callable[[list[Row]], float | None]] = {
    "similarity": lambda rows: _plain_mean(row["similarity_pct"] for row in rows),
    "difference": lambda rows: _plain_mean(row["difference_pp"] for row in rows),
    "compared_features": lambda rows: sum(row["similarity_pct"] is not None for row in rows),
}


_OF_LISTENING = sorted({*_FROM_WEEKS, *_FROM_SIMILARITIES, *_COLUMNS})


def _plain_mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


@dataclass(frozen=True)
class MetricFlow:
    """`mf` in a folder that holds what it reads: the project's settings and the parsed semantic layer."""

    folder: Path
    env: dict[str, str]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [Path(sys.executable).parent / "mf", *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def metrics(self) -> list[str]:
        """Every metric that is not hidden."""
        manifest = json.loads((self.folder / "target" / "semantic_manifest.json").read_text())
        return sorted(m["name"] for m in manifest["metrics"] if not m["type_params"].get("is_private"))

    def by(self, metrics: Iterable[str], group: Group) -> dict[Group, Row]:
        """Several metrics at once, grouped."""
        file = self.folder / "answer.csv"
        self.run("query", "--metrics", ",".join(metrics), "--group-by", ",".join(group), "--csv", str(file))
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        answer = {tuple(row.pop(name)[: 10 if "time" in name else None] for name in group): row for row in rows}
        assert len(answer) == len(rows)
        return answer


@pytest.fixture(scope="module")
def metricflow(sample_data: Place, tmp_path_factory: pytest.TempPathFactory) -> MetricFlow:
    folder = tmp_path_factory.mktemp("metricflow")
    (folder / "target").mkdir()
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy2(PROJECT / name, folder / name)
    shutil.copy2(sample_data.folder / "target" / "semantic_manifest.json", folder / "target")
    env = sample_data.env | {
        "DBT_TARGET_PATH": str(folder / "target"),
        # `mf` asks for newer versions of itself: nobody listens here.
        "https_proxy": "http://127.0.0.1:9",
    }
    return MetricFlow(folder, env)


def _rows(place: Place, table: str) -> list[Row]:
    with duckdb.connect(str(place.published), read_only=True) as connection:
        cursor = connection.execute(f"select * from {table}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _grouped(rows: list[Row], *columns: str) -> dict[Group, list[Row]]:
    groups: dict[Group, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(str(row[column]) for column in columns)].append(row)
    return groups


def _assert_equal(answer: dict[Group, Row], metric: str, expected: dict[Group, float | None]) -> None:
    compared = 0
    for group, value in expected.items():
        text = answer[group][metric]
        given = None if text == "" else float(text)
        where = f"{metric} of {group}: mf query says {given}, the mart {value}"
        if value is None or given is None:
            assert given is value is None, where
        else:
            assert math.isclose(given, value, rel_tol=1e-9, abs_tol=1e-9), where
            compared += 1
    assert compared, f"{metric} was nowhere compared"


def test_every_metric_is_held_against_the_marts(metricflow: MetricFlow) -> None:
    assert set(metricflow.metrics()) == {*_OF_LISTENING, "score_value"}


def test_metrics_by_listener_and_week_are_the_weeks_of_the_marts(sample_data: Place, metricflow: MetricFlow) -> None:
    answer = metricflow.by(_OF_LISTENING, ("user", "metric_time__week"))
    weeks = _grouped(_rows(sample_data, "weekly_listening"), "user_id", "week_start")
    assert set(answer) == set(weeks)
    for metric, of in _FROM_WEEKS.items():
        _assert_equal(answer, metric, {group: of(rows) for group, rows in weeks.items()})
    for metric, column in _COLUMNS.items():
        expected = {group: row[column] for group, (row,) in weeks.items()}
        if metric == "unique_tracks":  # counted over tracks played: a silent week has none, so no answer
            expected |= {group: None for group, (row,) in weeks.items() if not row["plays"]}
        _assert_equal(answer, metric, expected)
    similarities = _grouped(_rows(sample_data, "fct_feature_similarity"), "user_id", "week_start")
    for metric, of in _FROM_SIMILARITIES.items():
        _assert_equal(answer, metric, {group: of(rows) for group, rows in similarities.items()})


def test_metrics_by_week_are_ratios_of_sums_over_all_listeners(sample_data: Place, metricflow: MetricFlow) -> None:
    answer = metricflow.by(_OF_LISTENING, ("metric_time__week",))
    weeks = _grouped(_rows(sample_data, "weekly_listening"), "week_start")
    assert set(answer) == set(weeks)
    for metric, of in _FROM_WEEKS.items():
        _assert_equal(answer, metric, {group: of(rows) for group, rows in weeks.items()})
    tracks = _grouped(_rows(sample_data, "daily_track_listening"), "week_start")
    unique = {group: len({row["track_id"] for row in rows if row["listens"]}) for group, rows in tracks.items()}
    _assert_equal(answer, "unique_tracks", unique)
    similarities = _grouped(_rows(sample_data, "fct_feature_similarity"), "week_start")
    for metric, of in _FROM_SIMILARITIES.items():
        _assert_equal(answer, metric, {group: of(rows) for group, rows in similarities.items()})


def test_any_score_can_be_asked_for_by_its_name(sample_data: Place, metricflow: MetricFlow) -> None:
    answer = metricflow.by(["score_value"], ("scored_day__score", "user", "metric_time__week"))
    scores = _grouped(_rows(sample_data, "weekly_scores"), "score", "user_id", "week_start")
    assert set(answer) == set(scores)
    _assert_equal(answer, "score_value", {group: row["score_value"] for group, (row,) in scores.items()})


def test_the_semantic_layer_is_valid_against_the_warehouse(metricflow: MetricFlow) -> None:
    said = metricflow.run("validate-configs")
    assert "Successfully validated metrics against data warehouse (ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0)" in said
    assert said.count("(ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0)") == said.count("(ERRORS:")
