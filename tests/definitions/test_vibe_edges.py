"""The vibe on each edge between two bands, in the first version: 75 is still "Feeling Great"."""

from __future__ import annotations

import csv

import pytest

from tests.conftest import PROJECT

FIRST_VERSION = {
    0: "Is Everything Okay?",
    24.999999: "Is Everything Okay?",
    25: "Slightly Sad",
    49.999999: "Slightly Sad",
    50: "Feeling Great",
    75: "Feeling Great",
    75.000001: "A Little Too Happy",
    100: "A Little Too Happy",
}


def _vibes_of(valence_pct: float) -> list[str]:
    with (PROJECT / "seeds/definitions/vibe_thresholds.csv").open(encoding="utf-8", newline="") as file:
        bands = [row for row in csv.DictReader(file) if row["version"] == "1"]
    return [
        band["vibe"]
        for band in bands
        if float(band["lower_pct"]) < valence_pct < float(band["upper_pct"])
        or (band["lower_inclusive"] == "true" and valence_pct == float(band["lower_pct"]))
        or (band["upper_inclusive"] == "true" and valence_pct == float(band["upper_pct"]))
    ]


@pytest.mark.parametrize("valence_pct", FIRST_VERSION)
def test_an_edge_has_one_vibe(valence_pct: float) -> None:
    assert _vibes_of(valence_pct) == [FIRST_VERSION[valence_pct]]
