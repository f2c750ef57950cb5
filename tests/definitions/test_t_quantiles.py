"""The table of quantiles that intervals use is Student's t distribution, and leaves no small number of clusters out."""

from __future__ import annotations

import csv
from itertools import pairwise

from scipy import stats

from tests.conftest import PROJECT

INTERVAL_LEVELS = (0.9, 0.95, 0.99)
POWER_LEVELS = (0.6, 0.8, 0.9)  # twice the power of a comparison less one; they use the largest sample only
# Each up to 200; beyond, the quantile changes by less than 0.01 from one row to the next.
DEGREES = {*range(1, 201), 250, 300, 400, 500, 750, 1000, 2000, 5000, 10000}


def quantiles() -> dict[tuple[float, int], float]:
    with (PROJECT / "seeds/definitions/t_quantiles.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {(float(row["level"]), int(row["degrees_of_freedom"])): float(row["quantile"]) for row in rows}
    assert len(table) == len(rows), "a level and number of degrees of freedom stand twice"
    return table


def test_every_quantile_is_that_of_students_t() -> None:
    """To 12 significant digits. Made with: print(f"{stats.t.ppf((1 + level) / 2, degrees):.12g}")."""
    wrong = [
        f"level {level}, {degrees} degrees of freedom: {quantile}"
        for (level, degrees), quantile in quantiles().items()
        if abs(quantile / stats.t.ppf((1 + level) / 2, degrees) - 1) > 6e-12
    ]
    assert not wrong, "\n".join(wrong)


def test_levels_of_intervals_have_every_step_and_those_of_power_the_last() -> None:
    steps = {(level, degrees) for level in INTERVAL_LEVELS for degrees in DEGREES}
    assert set(quantiles()) == steps | {(level, max(DEGREES)) for level in POWER_LEVELS}


def test_steps_are_small_where_degrees_are_left_out() -> None:
    for level in INTERVAL_LEVELS:
        table = {degrees: quantile for (of, degrees), quantile in quantiles().items() if of == level}
        sparse = [table[degrees] for degrees in sorted(DEGREES) if degrees >= 200]
        assert max(before - after for before, after in pairwise(sparse)) < 0.01
