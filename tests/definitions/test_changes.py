"""What a change of definitions changes, and that it changes nothing else, on the whole sample.

Two changes of the same weight: corrected in the version there is, and added as a new version from a Monday on. Both
are built, and every mart is held against the build before, bit by bit.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Parsed, Place
from tests.definitions.conftest import Seeds
from tests.histories.building import NO_TESTS, Workshop
from tests.recompute.inputs import FEATURES

pytestmark = pytest.mark.long

MONDAY = "2026-10-05"
RECORDED_ON, BEFORE_THAT = "2026-12-14", "2026-12-13"
HEAVIER = "energy,energy,2,false"
# The version 2 of the example: all that version 1 says, but energy counts double.
VERSION_2 = (
    "2,energy,danceability,1,false",
    f"2,{HEAVIER}",
    "2,energy,liveness,1,false",
    "2,musicality,acousticness,1,false",
    "2,musicality,instrumentalness,1,false",
    "2,positivity,valence,1,false",
)
FAMILIES = ("score_weights", "vibe_thresholds", "listen_rules")


@dataclass(frozen=True)
class Builds:
    """The warehouse after each build."""

    before: Path
    corrected: Path  # version 1 has another weight
    added: Path  # version 2 has it, from MONDAY on
    known_before: Path  # version 2 is there, but definitions_known_at lies before it was recorded
    known_after: Path
    as_of: Path  # definitions_as_of MONDAY: version 2 for all history
    refusals: tuple[str, str]  # what `spotiflow publish` said of the builds under vars


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory, sample_data: Place, parsed: Parsed) -> Builds:
    folder = tmp_path_factory.mktemp("changes")
    workshop = Workshop(folder, parsed)
    place = workshop.place("place")
    shutil.copy2(sample_data.warehouse, place.warehouse)
    seeds = Seeds(workshop, place)

    def build(name: str, *arguments: str) -> Path:
        workshop.build(place, *NO_TESTS, *arguments)
        kept = folder / f"{name}.duckdb"
        shutil.copy2(place.warehouse, kept)
        return kept

    before = build("before")
    seeds.replace("score_weights", "1,energy,energy,1,false", f"1,{HEAVIER}")
    corrected = build("corrected")
    seeds.restore()
    seeds.add("definition_versions", f'score_weights,2,{MONDAY},{RECORDED_ON},"Energy says most."')
    seeds.add("score_weights", *VERSION_2)
    added = build("added")
    known_before = build("known_before", "--vars", f"definitions_known_at: {BEFORE_THAT}")
    first = place.run("publish")
    known_after = build("known_after", "--vars", f"definitions_known_at: {RECORDED_ON}")
    as_of = build("as_of", "--vars", f"definitions_as_of: {MONDAY}")
    second = place.run("publish")
    assert (first.code, second.code) == (1, 1)
    assert not place.published.exists()
    return Builds(before, corrected, added, known_before, known_after, as_of, (first.err, second.err))


class Two:
    """Two warehouses side by side; tables are `one.marts.…` and `other.marts.…`."""

    def __init__(self, one: Path, other: Path) -> None:
        self.connection = duckdb.connect()
        for name, path in (("one", one), ("other", other)):
            self.connection.execute(f"attach '{path}' as {name} (read_only)")

    def sql(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def marts(self) -> list[str]:
        names = {
            side: [
                str(name)
                for (name,) in self.sql(
                    f"select table_name from duckdb_tables() where database_name = '{side}' and schema_name = 'marts'"
                )
            ]
            for side in ("one", "other")
        }
        assert sorted(names["one"]) == sorted(names["other"])
        assert len(names["one"]) >= 12
        return sorted(names["one"])

    def columns(self, mart: str) -> list[str]:
        return [
            str(name)
            for (name,) in self.sql(
                "select column_name from duckdb_columns() "
                f"where database_name = 'one' and schema_name = 'marts' and table_name = '{mart}'"
            )
        ]

    def differing_rows(self, mart: str, columns: list[str], where: str = "true") -> int:
        """Rows of one side that the other lacks, compared bit by bit on these columns."""
        listed = ", ".join(columns)
        one, other = (f"(select {listed} from {side}.marts.{mart} where {where})" for side in ("one", "other"))
        lost, new = f"from {one} except all from {other}", f"from {other} except all from {one}"
        return int(self.sql(f"select count(*) from (({lost}) union all ({new}))")[0][0])


def assert_same(one: Path, other: Path, but_columns: tuple[str, ...] = ()) -> None:
    """Every mart is bit by bit the same, but for columns whose names end so."""
    two = Two(one, other)
    for mart in two.marts():
        columns = [column for column in two.columns(mart) if not (but_columns and column.endswith(but_columns))]
        assert two.differing_rows(mart, columns) == 0, mart


def assert_only_energy_differs(one: Path, other: Path) -> None:
    """Nothing but the score whose weight was changed is another, in any mart; and that score is."""
    two = Two(one, other)
    changed = set()
    for mart in two.marts():
        columns = two.columns(mart)
        own = {"energy_score", "energy_score_change_pp"} & set(columns)
        rest = [column for column in columns if column not in own]
        # In the long form each score has rows of its own.
        where = "score <> 'energy'" if "score" in columns else "true"
        if "measure" in columns:
            where = "not (measure_kind = 'score' and measure = 'energy')"
        assert two.differing_rows(mart, rest, where) == 0, mart
        changed |= {f"{mart}.{column}" for column in own if two.differing_rows(mart, [column]) > 0}
    assert {"daily_listening.energy_score", "weekly_listening.energy_score", "dim_tracks.energy_score"} <= changed
    assert {"weekly_top_songs.energy_score", "weekly_listening.energy_score_change_pp"} <= changed


# ---- correcting: the same version says something else ----


def test_correcting_a_weight_changes_that_score_and_nothing_else(builds: Builds) -> None:
    assert_only_energy_differs(builds.before, builds.corrected)


@pytest.mark.parametrize("mart", ["daily_listening", "weekly_listening", "dim_tracks"])
def test_correcting_a_weight_changes_the_score_by_what_is_calculated_by_hand(builds: Builds, mart: str) -> None:
    """Before: a third of each. Energy counts double: (danceability + 2 × energy + liveness) / 4."""
    keys = {"daily_listening": "user_id, listening_date", "weekly_listening": "user_id, week_start"}
    using = keys.get(mart, "track_id")
    rows = Two(builds.before, builds.corrected).sql(
        f"""
        select
            one.danceability_pct, one.energy_pct, one.liveness_pct, one.energy_score, other.energy_score
        from one.marts.{mart} as one
        inner join other.marts.{mart} as other using ({using})
        """
    )
    scored = [row for row in rows if row[3] is not None]
    assert len(scored) > 500
    for danceability, energy, liveness, old, new in scored:
        assert old == pytest.approx((danceability + energy + liveness) / 3, abs=1e-9)
        assert new == pytest.approx((danceability + 2 * energy + liveness) / 4, abs=1e-9)
        assert new - old == pytest.approx((2 * energy + liveness + danceability) / 4 - old, abs=1e-9)
    assert all(row[4] is None for row in rows if row[3] is None)
    assert len({round(new - old, 6) for *_, old, new in scored}) > 100, "each by its own amount"


# ---- adding: a new version from a Monday on ----


@pytest.mark.parametrize("mart", ["daily_listening", "weekly_listening"])
def test_adding_a_version_leaves_the_weeks_before_it_alone(builds: Builds, mart: str) -> None:
    two = Two(builds.before, builds.added)
    columns = two.columns(mart)
    assert two.differing_rows(mart, columns, f"week_start < '{MONDAY}'") == 0
    own = ["energy_score", "score_weights_version"]
    changes = [column for column in columns if column.endswith("_score_change_pp")]
    reasons = [column for column in columns if column.startswith("change_") or column.endswith("change_null_reason")]
    rest = [column for column in columns if column not in [*own, *changes, *reasons]]
    assert two.differing_rows(mart, rest) == 0
    assert two.differing_rows(mart, ["energy_score"], f"week_start >= '{MONDAY}'") > 40
    versions = two.sql(
        f"select distinct week_start < '{MONDAY}', score_weights_version from other.marts.{mart} order by 1"
    )
    assert versions == [(False, 2), (True, 1)]


def test_adding_and_correcting_agree_from_that_monday_on(builds: Builds) -> None:
    """The same weights give the same scores, to the bit, by whichever way they came."""
    two = Two(builds.corrected, builds.added)
    for mart in ("daily_listening", "weekly_listening"):
        assert two.differing_rows(mart, ["user_id", "energy_score", "vibe"], f"week_start >= '{MONDAY}'") == 0
    columns = [column for column in two.columns("dim_tracks") if column != "score_weights_version"]
    assert two.differing_rows("dim_tracks", columns) == 0, "tracks use the current version"


def test_nothing_is_compared_across_the_change(builds: Builds) -> None:
    two = Two(builds.before, builds.added)
    for score in ("energy", "musicality", "positivity"):
        rows = two.sql(
            f"""
            select one.{score}_score_change_pp is not null, other.{score}_score_change_pp
            from one.marts.weekly_listening as one
            inner join other.marts.weekly_listening as other using (user_id, week_start)
            where week_start = '{MONDAY}'
            """
        )
        assert any(was_there for was_there, _ in rows)
        assert all(change is None for _, change in rows)


# ---- looking at history through other definitions ----


def test_what_was_known_then_gives_the_numbers_of_then(builds: Builds) -> None:
    """A version recorded on 14 December: known at the 13th, every mart is what it was, to the bit."""
    assert_same(builds.before, builds.known_before)
    assert_same(builds.added, builds.known_after)


def test_one_day_s_versions_for_all_history(builds: Builds) -> None:
    """As of that Monday version 2 counts for every week: the scores are those of the corrected version 1."""
    assert_same(builds.corrected, builds.as_of, but_columns=("score_weights_version",))
    rows = Two(builds.corrected, builds.as_of).sql(
        "select distinct score_weights_version from other.marts.daily_listening"
    )
    assert rows == [(2,)]


def test_builds_under_such_vars_are_not_published(builds: Builds) -> None:
    for text in builds.refusals:
        assert "Nothing was published" in text
        assert "definitions_" in text or "vars" in text or "settings" in text


# ---- rows say what they rest on ----


def test_every_daily_and_weekly_row_says_its_versions(builds: Builds) -> None:
    two = Two(builds.before, builds.added)
    checked = 0
    for mart in two.marts():
        columns = two.columns(mart)
        versions = [f"{family}_version" for family in FAMILIES if f"{family}_version" in columns]
        if mart in ("daily_listening", "weekly_listening"):
            assert len(versions) == len(FAMILIES)
        if "energy_score" in columns and {"listening_date", "week_start"} & set(columns) and "track_id" not in columns:
            assert "score_weights_version" in versions, mart
        for version in versions:
            checked += 1
            assert two.sql(f"select count(*) from other.marts.{mart} where {version} is null") == [(0,)], mart
            known = two.sql(
                f"""
                select count(*) from other.marts.{mart} where {version} not in (
                    select version from other.definitions.definition_versions
                    where family = '{version.removesuffix("_version")}'
                )
                """
            )
            assert known == [(0,)]
    assert checked >= 6


def test_features_are_what_they_were(builds: Builds) -> None:
    """No definition of a score touches what was played or measured."""
    two = Two(builds.before, builds.corrected)
    features = [f"{feature}_pct" for feature in FEATURES]
    for mart in ("daily_listening", "weekly_listening", "dim_tracks"):
        assert two.differing_rows(mart, features) == 0
    assert two.differing_rows("fct_plays", two.columns("fct_plays")) == 0
