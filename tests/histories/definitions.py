"""Random definitions: several versions of each family, with dates, written as the seeds of a project's copy."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import PROJECT
from tests.histories.generator import FEATURES, FIRST_YEAR, LAST_YEAR

BEGINNING = date(1900, 1, 1)
FUTURE = date(2036, 1, 7)  # a Monday that no test run reaches

PROJECT_SEEDS = PROJECT / "seeds" / "definitions"
_NOT_DRAWN = {"sound_clusters"}

SCORES = ("energy", "musicality", "positivity")


@dataclass(frozen=True)
class Definitions:
    """Rows of the seeds that differ from the project's own."""

    mondays: tuple[date, ...]  # on which a version begins
    seeds: Mapping[str, Sequence[Mapping[str, Any]]]

    def write(self, project: Path, aliases: Mapping[str, str]) -> None:
        """Put the rows into the seeds of `project`, a copy."""
        folder = project / "seeds" / "definitions"
        for name, rows in self.seeds.items():
            # Families that are not drawn keep the versions that they have.
            kept = [row for row in read_seed(PROJECT_SEEDS / f"{name}.csv") if row.get("family") in _NOT_DRAWN]
            write_seed(folder / f"{name}.csv", [*kept, *rows])
        rows = [{"track_id": other, "canonical_track_id": track_id} for other, track_id in aliases.items()]
        write_seed(folder / "track_aliases.csv", rows)


def with_other_minimum(definitions: Definitions) -> Definitions:
    """The same versions on the same dates; only how long a listen lasts is another number in each of them."""
    rules = [row | {"minimum_listened_ms": 45_000 + row["version"]} for row in definitions.seeds["listen_rules"]]
    return Definitions(definitions.mondays, {**definitions.seeds, "listen_rules": rules})


def read_seed(path: Path) -> list[dict[str, str]]:
    """The rows of a seed."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_seed(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the rows of a seed; its header stays. Columns that a row does not name keep nothing."""
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)


def draw(seed: int) -> Definitions:
    """Definitions from a seed: one to four versions a family, and sometimes one that has not begun yet."""
    rng = np.random.default_rng([seed, 1900])
    families: dict[str, list[dict[str, Any]]] = {"score_weights": [], "vibe_thresholds": [], "listen_rules": []}
    dated = []
    mondays = set()
    for family, rows in families.items():
        starts = [BEGINNING, *_mondays(rng, int(rng.integers(0, 4)))]
        if rng.random() < 0.3:
            starts.append(FUTURE)
        # Numbers need not follow the dates: a version may be written later for an earlier time.
        numbers = [1, *(int(number) for number in 2 + rng.permutation(len(starts) - 1))]
        for version, start in zip(numbers, starts, strict=True):
            rows += {"score_weights": _weights, "vibe_thresholds": _bands, "listen_rules": _rule}[family](rng, version)
            dated.append(
                {
                    "family": family,
                    "version": version,
                    "valid_from": start,
                    "recorded_on": "2026-01-01",
                    "rationale": f"Drawn from {seed}.",
                }
            )
        mondays |= set(starts) - {BEGINNING, FUTURE}
    seeds = {**families, "definition_versions": dated, "play_merge_rules": _merge_rules(rng)}
    seeds["skip_reasons"] = [
        {"reason_end": reason, "rationale": "Drawn."}
        for reason in ("fwdbtn", "backbtn", "endplay", "logout")
        if rng.random() < 0.7
    ]
    return Definitions(tuple(sorted(mondays)), seeds)


def _merge_rules(rng: np.random.Generator) -> list[dict[str, Any]]:
    values = {
        "poll_match_tolerance_seconds": int(rng.choice([0, 3, 30, 60, 60, 90])),
        "account_data_middle_seconds": 30,
    }
    return [{"rule": rule, "value": value, "unit": "seconds", "rationale": "Drawn."} for rule, value in values.items()]


def _mondays(rng: np.random.Generator, count: int) -> list[date]:
    first = date(FIRST_YEAR, 1, 4)
    weeks = (date(LAST_YEAR, 8, 1) - first).days // 7
    return [first + timedelta(weeks=int(week)) for week in rng.choice(weeks, size=count, replace=False)]


def _weights(rng: np.random.Generator, version: int) -> list[dict[str, Any]]:
    rows = []
    for score in SCORES:
        features = rng.choice(FEATURES, size=int(rng.integers(1, 5)), replace=False)
        weights = [float(weight) for weight in rng.choice([0, 0.1, 0.5, 1, 2, 1 / 3, 7], size=len(features))]
        weights[0] = weights[0] or 1.0  # not all of them zero
        rows += [
            {
                "version": version,
                "score": score,
                "audio_feature": str(feature),
                "weight": weight,
                "inverted": "true" if rng.random() < 0.3 else "false",
            }
            for feature, weight in zip(features, weights, strict=True)
        ]
    return rows


def _bands(rng: np.random.Generator, version: int) -> list[dict[str, Any]]:
    possible = [10, 12.5, 25, 33.333333, 37.5, 50, 62.5, 66.6, 75, 99.5]
    inner = sorted(float(edge) for edge in rng.choice(possible, size=int(rng.integers(0, 5)), replace=False))
    edges = [0.0, *inner, 100.0]
    belongs_above = [True, *(bool(rng.random() < 0.5) for _ in inner), False]
    return [
        {
            "version": version,
            "vibe": f"Band {number} of {version}",
            "lower_pct": edges[number - 1],
            "lower_inclusive": str(belongs_above[number - 1]).lower(),
            "upper_pct": edges[number],
            "upper_inclusive": str(not belongs_above[number]).lower(),
            "colour": "#5B6CD9",
            "emoji": "🎲",
            "vibe_order": number,
        }
        for number in range(1, len(edges))
    ]


def _rule(rng: np.random.Generator, version: int) -> list[dict[str, Any]]:
    minimum = int(rng.choice([0, 1, 29_999, 30_000, 30_001, 60_000]))
    return [
        {
            "version": version,
            "minimum_listened_ms": minimum,
            "minimum_track_share": float(rng.choice([0, 0, 0.3, 0.5, 1])),
        }
    ]
