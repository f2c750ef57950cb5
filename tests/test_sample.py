"""The sample is loaded, built, tested and published: the first thing to know after a change of seeds or models."""

from __future__ import annotations

import duckdb

from tests.conftest import Place


def test_the_sample_is_built_and_every_test_of_the_data_passes(sample_data: Place) -> None:
    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        counts = connection.execute("select tests_passed, tests_total, tests_warned from publication").fetchall()
    ((passed, total, warned),) = counts
    assert passed == total > 400
    assert warned == 0
