"""`spotiflow --sandbox` and `make live-demo`: the live path for anyone, and nothing of their own is touched."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from tests.conftest import PROJECT, Place


@pytest.mark.long
def test_it_logs_in_polls_and_keeps_to_itself(empty_place: Place) -> None:
    for arguments in (["login", "--account", "mira", "--timezone", "Europe/London"], ["load", "api"], ["load", "api"]):
        done = empty_place.run("--sandbox", *arguments)
        assert done.code == 0, done.text
        assert "Sandbox (data/sandbox/)" in done.out
    sandbox = empty_place.folder / "data" / "sandbox"
    with duckdb.connect(str(sandbox / "warehouse.duckdb"), read_only=True) as connection:
        plays, kinds = connection.execute(
            "select count(*), count(distinct (played_at, track_id)) from raw_spotify.recently_played"
        ).fetchall()[0]
    assert plays == kinds
    assert plays > 50  # time passes between the commands
    assert not empty_place.warehouse.exists()
    assert not (empty_place.folder / "home").exists()


@pytest.mark.long
def test_the_demo_holds_what_it_promises(empty_place: Place) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spotiflow.demo.live_demo", "--no-site"],
        cwd=PROJECT,
        env=empty_place.env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for promise in ("there is one gap, and it is open", "the gap is closed", "each once", "All checks passed"):
        assert promise in done.stdout
