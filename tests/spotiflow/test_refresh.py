"""Refreshing: what fails stops before publishing, says what failed in plain words, and leaves the rest alone."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from spotiflow.publication import definitions_began_since, read_publication
from tests.conftest import PROJECT, Completed, Place

BrokenProject = Callable[[], Place]


def change(place: Place, name: str, old: str, new: str) -> None:
    file = place.project / name
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def refused(place: Place) -> Completed:
    """Refresh `place`, which must stop and leave the published file and the site byte for byte as they were."""
    data, page = place.published.read_bytes(), (place.site / "index.html").read_bytes()
    done = place.run("refresh", cwd=place.folder)
    assert done.code == 1, done.text
    assert place.published.read_bytes() == data
    assert (place.site / "index.html").read_bytes() == page
    assert [entry.name for entry in place.site.parent.glob(".site*")] == []
    assert [entry.name for entry in place.published.parent.glob(".published*")] == []
    assert "Nothing was published. The site still shows the data of " in done.out
    assert "Traceback" not in done.text
    return done


@pytest.mark.long
def test_a_negative_weight_stops_before_publishing(broken_project: BrokenProject) -> None:
    place = broken_project()
    change(place, "seeds/definitions/score_weights.csv", "1,energy,liveness,1,", "1,energy,liveness,-1,")
    done = refused(place)
    assert "1 row breaks it" in done.out
    # The words of the seed's own test, the file, the row: "failed" alone would help nobody.
    assert "weight" in done.out.partition("  1. ")[2].splitlines()[0]
    assert "look at      seeds/definitions/score_weights.csv" in done.out
    assert "for example  weight -1" in done.out

    # Put right, the same command goes through, and nothing is left over from the failure.
    change(place, "seeds/definitions/score_weights.csv", "1,energy,liveness,-1,", "1,energy,liveness,1,")
    done = place.run("refresh", "--no-site")
    assert done.code == 0, done.text
    assert "failed" not in done.out
    assert "failed" not in place.run("status").out
    assert "up to date" in place.run("refresh", "--no-site").out


@pytest.mark.long
def test_a_gap_between_bands_stops_before_publishing(broken_project: BrokenProject) -> None:
    place = broken_project()
    change(place, "seeds/definitions/vibe_thresholds.csv", "1,Slightly Sad,25,", "1,Slightly Sad,26,")
    done = refused(place)
    assert "look at      seeds/definitions/vibe_thresholds.csv" in done.out
    status = place.run("status").out
    assert "failed:" in status


@pytest.mark.long
def test_a_wrong_mart_stops_before_publishing(broken_project: BrokenProject) -> None:
    place = broken_project()
    name = "models/marts/listening/weekly_top_songs.sql"
    change(place, name, "        songs.listens,\n", "        songs.listens + 1 as listens,\n")
    done = refused(place)
    assert name in done.out
    assert "for example  user_id " in done.out


@pytest.mark.long
def test_sql_that_is_none_stops_before_publishing(broken_project: BrokenProject) -> None:
    place = broken_project()
    name = "models/marts/listening/dim_tracks.sql"
    (place.project / name).write_text("select 1 from {{ ref('no_such_model') }}\n")
    done = refused(place)
    assert "no_such_model" in done.err


@pytest.mark.long
def test_publishing_stops_when_somebody_built_something_else(broken_project: BrokenProject) -> None:
    place = broken_project()
    change(place, "seeds/definitions/listen_rules.csv", "30000", "20000")
    before = place.published.read_bytes()
    done = place.run("publish")
    assert done.code == 1
    assert "Models, seeds, macros or tests changed after the newest build" in done.err
    assert "Run `spotiflow refresh`." in done.err
    assert place.published.read_bytes() == before


@pytest.mark.long
def test_killed_in_the_middle_of_publishing(sample_data: Place, tmp_path: Path) -> None:
    """The moment before the swap is the last at which the old file stands: kill the process there."""
    place = Place(tmp_path / "place")
    shutil.copytree(sample_data.folder / "data", place.folder / "data", ignore=shutil.ignore_patterns("*.lock*"))
    before = place.published.read_bytes()
    code = (
        "import os, signal, spotiflow.publish.publish as publish, spotiflow.cli.main as cli\n"
        "publish.swap_in = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "cli.main()"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, "publish"], cwd=PROJECT, env=place.env, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert place.published.read_bytes() == before
    assert len(list(place.published.parent.glob(".published*"))) == 1
    done = place.run("publish")
    assert done.code == 0, done.text
    assert list(place.published.parent.glob(".published*")) == []
    assert _rows(place.published) == _rows(sample_data.published)


def _rows(published: Path) -> dict[str, tuple[object, ...]]:
    """Every published table as rows and an order-sensitive hash."""
    with duckdb.connect(str(published), read_only=True) as connection:
        names = [
            str(name) for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()
        ]
        return {
            name: connection.execute(
                f"select count(*), md5(string_agg(t::varchar, chr(10) order by rowid)) from {name} as t"
            ).fetchall()[0]
            for name in names
            if name != "publication"
        }


def test_the_published_file_holds_no_private_layer(sample_data: Place) -> None:
    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        rows = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables"
        ).fetchall()
    names = {name for _, name, _ in rows}
    assert {(schema, kind) for schema, _, kind in rows} == {("main", "BASE TABLE")}
    assert {"daily_listening", "weekly_top_songs", "fct_feature_similarity", "score_weights", "publication"} <= names
    assert not {"accounts", "streaming_history", "recently_played", "dbt_results"} & names
    assert not any(name.startswith(("stg_", "int_")) for name in names)


def test_publication_says_what_it_is_made_of(sample_data: Place) -> None:
    row = read_publication(sample_data.published)
    assert row is not None
    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        plays, newest = connection.execute("select count(*), max(played_at) from fct_plays").fetchall()[0]
    assert (row.plays, row.data_as_of, row.listeners) == (plays, newest, 45)
    assert row.tests_total == row.tests_passed + row.tests_warned > 100
    assert row.models_built > 20


def test_nothing_new_is_nothing_to_do(sample_build: Place, tmp_path: Path) -> None:
    """From any folder; the data is current, the site is current, so nothing is touched."""
    before = sample_build.published.stat().st_mtime_ns, sample_build.site.stat().st_mtime_ns
    done = sample_build.run("refresh", cwd=tmp_path)
    assert done.code == 0, done.text
    assert "Everything is up to date" in done.out
    assert (sample_build.published.stat().st_mtime_ns, sample_build.site.stat().st_mtime_ns) == before
    status = sample_build.run("status", cwd=tmp_path).out
    assert "up to date: it shows everything that is loaded" in status
    assert "shows the published data" in status
    assert "45 sample listeners" in status


def test_a_site_that_cannot_be_built_leaves_the_site(sample_data: Place, tmp_path: Path) -> None:
    """Without Node on the PATH the data is published, and the message says what to install."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("yesterday")
    done = sample_data.run("site", env={"PATH": str(tmp_path), "SPOTIFLOW_SITE": str(site)})
    assert done.code == 1
    assert "needs Node.js" in done.err
    assert (site / "index.html").read_text() == "yesterday"
    assert [entry.name for entry in site.iterdir()] == ["index.html"]


@pytest.mark.parametrize(("days_ago", "published_days_ago", "began"), [(0, 1, True), (1, 1, False), (-7, 1, False)])
def test_a_version_that_becomes_valid_makes_yesterday_s_publication_old(
    days_ago: int, published_days_ago: int, began: bool, tmp_path: Path
) -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    published = tmp_path / "published.duckdb"
    with duckdb.connect(str(published)) as connection:
        connection.execute("create table definition_versions (valid_from date)")
        connection.execute(
            "insert into definition_versions values ('1900-01-01'), (?)", [now.date() - dt.timedelta(days=days_ago)]
        )
    assert definitions_began_since(published, now - dt.timedelta(days=published_days_ago)) is began
