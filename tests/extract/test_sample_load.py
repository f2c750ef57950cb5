"""The sample in a warehouse: loaded by the readers of real listening, nothing lost, nothing private."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from extract.report import LoadReport
from spotiflow.demo.sample import SampleManifest, load_sample
from spotiflow.demo.sample.exports import PRIVATE_MARKS
from spotiflow.pseudonyms import sample_user_id

DATASET = "raw_spotify"


class Loaded(NamedTuple):
    folder: Path
    warehouse: Path
    manifest: SampleManifest
    report: LoadReport
    steps: list[str]

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """All raw rows, without what says when they were loaded."""
        tables = self.query("select table_name from duckdb_tables() where schema_name = ?", DATASET)
        return {
            name: self.query(
                f"select columns(c -> c not in ('_dlt_load_id', 'loaded_at')) from {DATASET}.{name} order by all"
            )
            for (name,) in tables
            if not name.startswith("_dlt")
        }


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    base = tmp_path_factory.mktemp("loaded")
    steps: list[str] = []
    report = load_sample(base / "warehouse.duckdb", base / "sample", steps.append)
    manifest = SampleManifest.read(base / "sample")
    assert manifest is not None
    return Loaded(base / "sample", base / "warehouse.duckdb", manifest, report, steps)


def rows_in_files(loaded: Loaded) -> list[tuple[str, dict[str, Any]]]:
    return [
        (listener.label, row)
        for listener in loaded.manifest.listeners
        for export in listener.exports
        for row in rows_in_zip(loaded.folder / export)
    ]


def rows_in_zip(path: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        return [
            row
            for name in archive.namelist()
            if Path(name).name.startswith(("Streaming_History_", "endsong_"))
            for row in json.loads(archive.read(name))
        ]


def test_every_row_is_accounted_for(loaded: Loaded) -> None:
    assert loaded.report.ok, [file.problem for file in loaded.report.problems]
    exports = [file for file in loaded.report.files if file.source == "spotify_export"]
    assert sum(file.rows_read for file in exports) == loaded.manifest.rows
    for file in loaded.report.files:
        done = file.rows_loaded + file.set_aside.total() + file.repeated + file.rejected.total()
        assert done == file.rows_read, file.file
    traps = Counter[str]()
    for counts in loaded.manifest.traps.values():
        traps.update(counts)
    rejected = sum((Counter(file.rejected) for file in exports), Counter())
    assert rejected.total() == sum(count for trap, count in traps.items() if trap.startswith("rejected_")) == 15
    assert sum(file.repeated for file in exports) >= traps["exact_duplicates"]
    aside = sum((Counter(file.set_aside) for file in exports), Counter())
    assert aside["audiobook"] == traps["audiobooks"]
    assert aside["unknown"] == traps["nameless"]
    assert aside["episode"] >= traps["podcasts"]


def test_stored_history_is_what_the_files_say(loaded: Loaded) -> None:
    """Counted with the standard library alone."""
    expected = {
        (sample_user_id(label), row["ts"], row["spotify_track_uri"], row["ms_played"])
        for label, row in rows_in_files(loaded)
        if row["ts"] is not None
        and row["ts"] < "2090"
        and 0 <= row["ms_played"] <= 86_400_000
        and row["spotify_track_uri"] is not None
    }
    stored = loaded.query(
        f"""
        select user_id, strftime(ended_at, '%Y-%m-%dT%H:%M:%SZ'), content_uri, ms_played
        from {DATASET}.streaming_history
        where content_uri like 'spotify:track:%' or content_uri like 'spotify:local:%'
        """
    )
    assert len(stored) == len(set(stored))
    assert set(stored) == expected


def test_listeners(loaded: Loaded) -> None:
    accounts = loaded.query(f"select user_id, display_name, timezone, is_sample from {DATASET}.accounts")
    assert sorted(accounts) == sorted(
        (sample_user_id(listener.label), listener.display_name, listener.timezone, True)
        for listener in loaded.manifest.listeners
    )
    assert Counter(name for _, name, _, _ in accounts)[None] == 40


def test_polls_came_through_the_client(loaded: Loaded) -> None:
    expected: set[tuple[str, datetime, str, str]] = set()
    polls = []
    for listener in loaded.manifest.listeners:
        for name in listener.pages:
            items = json.loads((loaded.folder / name).read_bytes())["items"]
            times = [datetime.fromisoformat(item["played_at"]).replace(tzinfo=None) for item in items]
            user_id = sample_user_id(listener.label)
            requested = datetime.strptime(Path(name).stem.split("_")[1], "%Y-%m-%dT%H-%M-%SZ")
            polls.append(
                (
                    *(user_id, requested, "me/player/recently-played", 200, "ok", len(items), min(times), max(times)),
                    *(1, None, "spotify"),
                )
            )
            expected |= {
                (user_id, moment, item["track"]["id"], item["track"]["name"])
                for moment, item in zip(times, items, strict=True)
            }
    assert len(polls) == 12
    stored = loaded.query(f"select user_id, played_at, track_id, track_name from {DATASET}.recently_played")
    assert set(stored) == expected
    assert len(stored) == len(expected)
    stored_polls = loaded.query(f"select * exclude _dlt_load_id from {DATASET}.poll_log order by all")
    assert stored_polls == sorted(polls)
    assert all(row[1] >= row[7] for row in polls), "no page knows the future"


def test_some_plays_are_known_from_polls_only(loaded: Loaded) -> None:
    isla = sample_user_id("isla")
    ((last,),) = loaded.query(f"select max(ended_at) from {DATASET}.streaming_history where user_id = ?", isla)
    ((after,),) = loaded.query(
        f"select count(*) from {DATASET}.recently_played where user_id = ? and played_at > ?",
        isla,
        last + timedelta(minutes=1),
    )
    assert after == loaded.manifest.traps["isla"]["polled_after_export"] > 50


def test_catalogue_is_loaded(loaded: Loaded) -> None:
    ((features, tracks),) = loaded.query(
        f"""
        select (select count(*) from {DATASET}.audio_features where provider = 'catalogue'),
            (select count(*) from {DATASET}.tracks where provider = 'catalogue')
        """
    )
    outside = loaded.manifest.traps["catalogue"]["tracks_outside_file"]
    assert tracks == loaded.manifest.tracks - outside
    assert features == tracks - 6, "six tracks have a title and no features"


def test_planted_recommendations_are_loaded_as_a_team_loads_its_own(loaded: Loaded) -> None:
    """Every row of every file; two versions of one recommender live side by side, because they answer other weeks."""
    listed = {(one.recommender, one.version): one.rows for one in loaded.manifest.recommendations}
    stored = loaded.query(
        f"select recommender, recommender_version, count(*) from {DATASET}.recommendations group by all"
    )
    assert {(name, version): rows for name, version, rows in stored} == listed
    assert len(listed) == 6
    outcomes = loaded.query(
        f"""
        select recommender_version, outcome, min(week_start)::varchar, max(week_start)::varchar, sum(tracks)
        from {DATASET}.recommendation_requests where recommender = 'house-blend' group by all order by all
        """
    )
    assert outcomes == [
        ("1.0", "file", "2026-08-10", "2026-08-24", listed["house-blend", "1.0"]),
        ("2.0", "file", "2026-08-31", "2026-10-26", listed["house-blend", "2.0"]),
    ]
    ((late,),) = loaded.query(
        f"""
        select count(*) from {DATASET}.recommendations
        where as_of <> requested_at or as_of < week_start + interval 6 day or as_of > week_start + interval 8 day
        """
    )
    assert late == 0
    variants = loaded.query(
        f"select distinct recommender_version, variant from {DATASET}.recommendations "
        "where recommender = 'house-blend' order by all"
    )
    assert variants == [("1.0", None), ("2.0", "five"), ("2.0", "three")]


def test_planted_feedback_is_loaded(loaded: Loaded) -> None:
    lines = (loaded.folder / loaded.manifest.feedback).read_text(encoding="utf-8").splitlines()
    (file,) = [file for file in loaded.report.files if file.source == "feedback"]
    assert (file.rows_read, file.rows_loaded, file.rejected.total()) == (len(lines), len(lines), 0)
    stored = loaded.query(
        f"select count(*), count(distinct kind), count(distinct user_id), max(rating) from {DATASET}.feedback"
    )
    assert stored == [(len(lines), 4, 45, 1.0)]


def test_nothing_private_is_loaded(loaded: Loaded) -> None:
    """The marks are in every ZIP; no text in any table, dlt's own included, holds one."""
    marks = [*PRIVATE_MARKS, "sample-refresh", "sandbox-access", "ip_addr", "user_agent"]
    columns = loaded.query(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where data_type like '%VARCHAR%' and not internal"
    )
    assert len(columns) > 50
    pattern = "|".join(re.escape(mark) for mark in marks)
    with duckdb.connect(str(loaded.warehouse), read_only=True) as connection:
        for schema, table, column in columns:
            found = connection.execute(
                f'select "{column}" from "{schema}"."{table}" where regexp_matches("{column}"::varchar, ?) limit 1',
                [pattern],
            ).fetchall()
            assert not found, (table, column)


@pytest.mark.long
def test_loading_again_changes_nothing(loaded: Loaded) -> None:
    before = loaded.state()
    assert sum(len(rows) for rows in before.values()) > 70_000
    again = load_sample(loaded.warehouse, loaded.folder)
    assert again.rows_new == 0
    after = loaded.state()
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert after == before


def test_steps_are_told(loaded: Loaded) -> None:
    told = "\n".join(loaded.steps)
    assert loaded.steps[0] == "Writing the sample listeners' files"
    assert "Maren" in told
    assert "catalogue.csv" in told
