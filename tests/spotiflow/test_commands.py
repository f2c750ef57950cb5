"""What people type and what they read back: usage, loading, waiting, keeping sample and own listening apart."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import PROJECT, Place, finish
from tests.extract.exports import TRACK, record, write_json

FEATURES = ("danceability", "energy", "liveness", "acousticness", "instrumentalness", "speechiness", "valence")


def play(minute: int, track: str = "0000000000000000000001") -> dict[str, object]:
    """One row of an extended export."""
    ts = f"2026-03-02T{minute // 60:02d}:{minute % 60:02d}:00Z"
    return record(ts, 60_000, spotify_track_uri=f"spotify:track:{track}")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A small export as the ZIP that Spotify sends."""
    path = tmp_path / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "Spotify Extended Streaming History/Streaming_History_Audio_2026_0.json",
            json.dumps([play(minute, f"000000000000000000000{minute % 9}") for minute in range(300)]),
        )
    return path


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "features.csv"
    values = ",".join(["0.5"] * len(FEATURES))
    rows = [f"000000000000000000000{number},{values}" for number in range(9)]
    path.write_text("\n".join([f"track_id,{','.join(FEATURES)}", *rows]) + "\n")
    return path


@pytest.fixture
def sample_copy(sample_data: Place, tmp_path: Path) -> Place:
    """A place of this test's own whose warehouse holds the sample."""
    place = Place(tmp_path / "place")
    shutil.copytree(sample_data.folder / "data", place.folder / "data", ignore=shutil.ignore_patterns("*.lock*"))
    return place


def raw(place: Place, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(place.warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def leftovers(place: Place) -> list[str]:
    """What lies in the data folder beside what belongs there."""
    expected = {"warehouse.duckdb", "warehouse.dlt", "published.duckdb", "sample", "warehouse.duckdb.lock"}
    return sorted(entry.name for entry in (place.folder / "data").iterdir() if entry.name not in expected)


ME = ("--account", "me", "--timezone", "Europe/London")


# --- usage ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("load", "export", "{export}", "--account", "me", "--timezone", "Europe/Lodnon"),
            "Did you mean Europe/London",
        ),
        (("load", "export", "{export}", "--account", "me", "--timezone", "london"), "Did you mean Europe/London"),
        (("load", "export", "{export}", "--account", "me", "--timezone", "CET+1"), "is not a time zone"),
        (
            ("load", "export", "{export}", "--account", "Me Myself", "--timezone", "Europe/London"),
            "Did you mean 'me-myself'?",
        ),
        (("load", "export", "nowhere.zip", *ME), "nowhere.zip does not exist"),
        (("load", "export", "{export}x", *ME), "Did you mean"),
        (("load", "export", "README.md", *ME), "is not a ZIP, a folder or a JSON file"),
        (("load", "export", "{export}", "--account", "me"), "'me' is new here"),
        (("load", "export", "{export}", *ME, "--display-name", " "), "the name is empty"),
        (("load", "export", "{export}", *ME, "--display-name", "x" * 41), "41 characters"),
        (("load", "features", "nowhere.csv"), "nowhere.csv does not exist"),
        (("load", "features", "."), "is a folder"),
        (("load", "api", "--account", "me@example.org"), "Did you mean 'me'?"),
        (("refersh",), "No such command"),
    ],
)
def test_wrong_usage_says_what_would_be_right(
    empty_place: Place, export: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = empty_place.run(*(argument.format(export=export) for argument in arguments))
    assert done.code == 2, done.text
    assert words in " ".join(done.err.replace("│", " ").split())
    assert "Traceback" not in done.text
    assert not empty_place.warehouse.exists()


def test_help_has_examples_and_is_quick_to_import() -> None:
    heavy = "{'dbt', 'dlt', 'duckdb', 'pyarrow', 'pandas'}"
    code = f"import sys, spotiflow.cli.main; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0
    place = Place(PROJECT)
    assert "spotiflow load sample && spotiflow refresh" in place.run("--help").out
    assert "--account me --timezone Europe/London" in place.run("load", "export", "--help").out
    assert place.run("--version").out.startswith("spotiflow ")


@pytest.mark.parametrize("command", ["refresh", "publish"])
def test_nothing_loaded(empty_place: Place, command: str) -> None:
    done = empty_place.run(command)
    assert done.code == 1
    assert "spotiflow load sample" in done.err
    assert "spotiflow load export" in done.err


def test_site_without_published_data(empty_place: Place) -> None:
    done = empty_place.run("site")
    assert done.code == 1
    assert "Nothing is published yet" in done.err


def test_unexpected_errors_leave_a_log_and_no_traceback(empty_place: Place) -> None:
    empty_place.warehouse.parent.mkdir(parents=True)
    (empty_place.folder / "data" / "warehouse.duckdb.lock").mkdir()  # a folder where the lock file should be
    done = empty_place.run("load", "sample")
    assert done.code == 1
    assert "An unexpected error occurred" in done.err
    assert "Traceback" not in done.text
    (log,) = empty_place.logs.glob("error-*.log")
    assert "Traceback" in log.read_text()
    assert "Traceback" in empty_place.run("load", "sample", "--debug").err


def test_no_duckdb_file(empty_place: Place) -> None:
    empty_place.warehouse.parent.mkdir(parents=True)
    empty_place.warehouse.write_text("this is no database, although it is long enough to be looked into" * 300)
    done = empty_place.run("refresh")
    assert done.code == 1
    assert "cannot be opened" in done.err
    assert "Traceback" not in done.text


# --- loading -------------------------------------------------------------------------------------------------


def test_loads_from_any_folder_and_twice_is_once(
    empty_place: Place, export: Path, catalogue: Path, tmp_path: Path
) -> None:
    done = empty_place.run("load", "export", export.name, *ME, "--display-name", "Kim", cwd=tmp_path)
    assert done.code == 0, done.text
    assert "300" in done.out
    assert "Next: spotiflow refresh" in done.out
    rows = raw(empty_place, "select * exclude (_dlt_load_id) from raw_spotify.streaming_history order by all")
    assert len(rows) == 300

    # The account is known now: neither its zone nor its name is asked for or lost.
    again = empty_place.run("load", "export", export, "--account", "me")
    assert again.code == 0, again.text
    assert raw(empty_place, "select * exclude (_dlt_load_id) from raw_spotify.streaming_history order by all") == rows
    assert raw(empty_place, "select display_name, timezone from raw_spotify.accounts") == [("Kim", "Europe/London")]

    assert empty_place.run("load", "features", catalogue).code == 0
    status = empty_place.run("status")
    assert status.code == 0
    for words in (
        "1 account, 300 plays",
        "Kim",
        "2 Mar 2026 to 2 Mar 2026",
        "9 of 9 played tracks (100 %)",
        "nothing yet",
    ):
        assert words in status.out
    assert leftovers(empty_place) == []


def test_a_cut_file_is_named_the_others_load_and_the_exit_code_says_so(empty_place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "endsong_0.json").write_text(json.dumps([play(minute) for minute in range(10)]))
    (folder / "endsong_1.json").write_text(json.dumps([play(minute) for minute in range(10, 40)])[:-1500])
    done = empty_place.run("load", "export", folder, *ME)
    assert done.code == 3, done.text
    assert "endsong_1.json" in done.out
    assert "Traceback" not in done.text
    assert raw(empty_place, "select count(*) from raw_spotify.streaming_history")[0][0] >= 10


def test_nothing_readable_changes_nothing(sample_copy: Place, tmp_path: Path) -> None:
    before = sample_copy.warehouse.read_bytes()
    cut = tmp_path / "endsong_0.json"
    cut.write_text('[{"ts": "2026-')
    done = sample_copy.run("load", "export", cut, *ME)
    assert done.code == 1
    assert "endsong_0.json" in done.text
    assert sample_copy.warehouse.read_bytes() == before
    assert leftovers(sample_copy) == []


def test_own_listening_replaces_the_sample(sample_copy: Place, export: Path) -> None:
    assert sample_copy.run("status").out.count("sample listeners") == 1
    done = sample_copy.run("load", "export", export, *ME)
    assert done.code == 0, done.text
    assert "sample listeners were removed" in done.out
    assert raw(sample_copy, "select count(*), any_value(is_sample) from raw_spotify.accounts") == [(1, False)]
    assert raw(sample_copy, "select count(*) from raw_spotify.streaming_history") == [(300,)]
    assert raw(sample_copy, "select count(*) from raw_spotify.recently_played") == [(0,)]
    assert leftovers(sample_copy) == []
    # dlt's working folder came along: the next load goes into this warehouse, and nothing of the sample wakes up.
    assert sample_copy.run("load", "export", export, *ME).code == 0
    assert raw(sample_copy, "select count(*) from raw_spotify.accounts") == [(1,)]
    assert "out of date: the loaded listening has changed" in sample_copy.run("status").out


def test_sample_never_enters_own_listening(empty_place: Place, catalogue: Path) -> None:
    # Features alone are somebody's own, too.
    assert empty_place.run("load", "features", catalogue).code == 0
    before = empty_place.warehouse.read_bytes()
    refused = empty_place.run("load", "sample")
    assert refused.code == 1
    for words in ("never mixed", "SPOTIFLOW_WAREHOUSE", "SPOTIFLOW_PUBLISHED"):
        assert words in refused.err
    left_alone = empty_place.run("load", "sample", "--if-empty")
    assert left_alone.code == 0
    assert "holds your own listening, so no sample is loaded" in left_alone.out
    assert empty_place.warehouse.read_bytes() == before
    only_features = empty_place.run("refresh")
    assert only_features.code == 1
    assert "but no listening" in only_features.err


def test_sample_is_not_loaded_twice(sample_copy: Place) -> None:
    before = sample_copy.warehouse.read_bytes()
    done = sample_copy.run("load", "sample", "--if-empty")
    assert done.code == 0
    assert "already holds the sample" in done.out
    assert sample_copy.warehouse.read_bytes() == before


# --- one writer at a time ------------------------------------------------------------------------------------


def test_twice_at_once_leaves_the_same_rows(empty_place: Place, export: Path) -> None:
    both = [empty_place.start("load", "export", export, *ME) for _ in range(2)]
    done = [finish(process) for process in both]
    assert [one.code for one in done] == [0, 0], [one.text for one in done]
    waited = [one for one in done if "Waiting for `spotiflow load export" in one.out]
    assert len(waited) == 1
    assert raw(empty_place, "select count(*) from raw_spotify.streaming_history") == [(300,)]
    assert raw(empty_place, "select count(*) from raw_spotify.accounts") == [(1,)]


@pytest.fixture
def holder(empty_place: Place) -> Iterator[subprocess.Popen[str]]:
    """Another command at work on the warehouse, for as long as the test wants."""
    code = (
        "import sys, time; from pathlib import Path; from spotiflow.locks import only_one\n"
        "with only_one(Path(sys.argv[1]), 'spotiflow load api --account kim', True, print):\n"
        "    print('ready', flush=True); time.sleep(600)"
    )
    process = _ready(code, empty_place.warehouse)
    yield process
    process.kill()
    process.communicate()


def _ready(code: str, path: Path) -> subprocess.Popen[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", code, str(path)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_second_command_names_the_first(empty_place: Place, holder: subprocess.Popen[str]) -> None:
    done = empty_place.run("publish", "--no-wait")
    assert done.code == 1
    assert f"in use by `spotiflow load api --account kim` (process {holder.pid}, since " in done.err
    assert f"Running: `spotiflow load api --account kim` (process {holder.pid}" in empty_place.run("status").out


def test_a_dead_command_holds_nobody_up(empty_place: Place, holder: subprocess.Popen[str]) -> None:
    waiting = empty_place.start("refresh")
    assert f"(process {holder.pid}, since " in waiting.stdout.readline()
    os.kill(holder.pid, signal.SIGKILL)
    done = finish(waiting)
    assert "No listening is loaded yet" in done.err  # so it came as far as it can here
    assert "Running" not in empty_place.run("status").out


def test_waits_for_whoever_has_the_database_open(empty_place: Place) -> None:
    code = "import sys, time, duckdb; c = duckdb.connect(sys.argv[1]); print('ready', flush=True); time.sleep(600)"
    notebook = _ready(code, empty_place.warehouse)
    try:
        done = empty_place.run("refresh", "--no-wait")
        assert done.code == 1
        assert f"is open in process {notebook.pid}" in done.err
        assert "cannot be read now" in empty_place.run("status").out
        waiting = empty_place.start("refresh")
        assert f"Waiting for process {notebook.pid}" in waiting.stdout.readline()
    finally:
        notebook.kill()
        notebook.communicate()
    assert "No listening is loaded yet" in finish(waiting).err


def test_a_killed_load_is_finished_by_the_next(empty_place: Place, export: Path, catalogue: Path) -> None:
    killed = empty_place.start("load", "export", export, *ME)
    deadline = time.monotonic() + 60
    while not (empty_place.folder / "data" / "warehouse.dlt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.finish()
    assert empty_place.run("load", "export", export, *ME).code == 0
    assert raw(empty_place, "select count(*) from raw_spotify.streaming_history") == [(300,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_at_once_and_holds_nobody_up(
    empty_place: Place, holder: subprocess.Popen[str], number: signal.Signals
) -> None:
    waiting = empty_place.start("refresh")
    assert "Waiting for" in waiting.stdout.readline()
    waiting.send_signal(number)
    done = finish(waiting)
    assert done.code == 128 + number
    assert done.err == "Stopped. Nothing is half done: run the same command again.\n"
    assert holder.poll() is None


def test_feedback_of_a_loaded_account_is_loaded_and_the_rest_reported(empty_place: Place, tmp_path: Path) -> None:
    export = write_json(tmp_path / "Streaming_History_Audio_2026_0.json", [record()])
    assert empty_place.run("load", "export", export, "--account", "me", "--timezone", "UTC").code == 0
    thumbs = tmp_path / "thumbs.csv"
    thumbs.write_text(
        "account,track,feedback,when\n"
        f"me,{TRACK},liked,2026-03-01\nsomebody,{TRACK},liked,2026-03-01\nme,{TRACK},adored,2026-03-01\n"
    )
    done = empty_place.run("load", "feedback", thumbs)
    assert done.code == 3, done.text
    assert "Feedback: 1 row loaded from 1 file" in done.out
    assert "1  nothing is loaded for this account: row 2" in done.out
    assert "1  feedback is not one of saved, liked, disliked, rating: row 3" in done.out
    thumbs.write_text(f"account,track,feedback,when\nme,{TRACK},liked,2026-03-01\n")
    done = empty_place.run("load", "feedback", thumbs)
    assert done.code == 0, done.text
    done = empty_place.run("load", "feedback", tmp_path / "thumbs.cvs")
    assert done.code == 2
    # In a box whose lines break where the folder's name wants it
    assert "Did you mean" in " ".join(done.err.replace("│", " ").split())
