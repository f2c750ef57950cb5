"""Thirty rounds of the live mode with a fault in every third: what is published is never more than one round behind.

Building is replaced: a publish put in its place copies raw plays into the published file, so that thirty rounds take
seconds. What the real build does with them is tested in test_refresh.py; memory is that of polling, storing and
publishing in one process.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from extract.sources.spotify_api.polling import PollReport
from spotiflow.cli import follow as live
from spotiflow.cli.polling import poll_accounts
from spotiflow.console import Screen
from spotiflow.demo import stand_ins
from spotiflow.demo.sandbox import Fault, SandboxAccount
from spotiflow.settings import Settings, load_settings
from tests.spotiflow.spotify_place import spotify_place
from tests.spotiflow.test_follow import Lines

pytestmark = pytest.mark.long

POLLS = 30
EVERY = timedelta(hours=1)
BEGIN = datetime(2026, 3, 3, 6, tzinfo=UTC)
PAGE = "/v1/me/player/recently-played"
LOGIN = "refresh-token-of-one"
MOST_GROWTH = 1.10


class Copied:
    """In the place of `Refresh`: publishes raw plays as they are."""

    build = None
    service_problems: tuple[str, ...] = ()

    def __init__(self, settings: Settings, screen: Screen, command: str, **options: object) -> None:
        self.settings = settings

    def run(self) -> int:
        with duckdb.connect(str(self.settings.published)) as published:
            published.execute(f"attach '{self.settings.warehouse}' as held (read_only)")
            published.execute("create or replace table plays as select played_at from held.raw_spotify.recently_played")
        return 0


def resident() -> int:
    """Memory of this process that is in use, in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def newest_published(file: Path) -> datetime:
    with duckdb.connect(str(file), read_only=True) as published:
        found = published.execute("select max(played_at) from plays").fetchone()
    assert found is not None
    return datetime.fromisoformat(str(found[0])).replace(tzinfo=None)


FAULTS = (
    Fault(500, times=0),
    Fault(429, headers={"Retry-After": "2"}, times=0),
    Fault(0, reset=True, times=0),
    Fault(200, "<html>busy</html>", content_type="text/html", times=0),
    Fault(200, '{"items": [' + " " * 400, content_type="application/json", cut=0.5, times=0),
)
"""Each lasts for the whole round, so that asking again within it does not help."""


def test_thirty_polls_with_faults_lag_by_at_most_one_and_keep_their_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    items = stand_ins.account("mira", BEGIN).items
    monkeypatch.setattr(live, "Refresh", Copied)
    memory: dict[int, int] = {}
    behind: list[int] = []  # rounds after which something shown was not published yet
    with spotify_place(tmp_path, monkeypatch, capsys, [SandboxAccount(LOGIN, items)]) as there:
        there.log_in("me", LOGIN)
        spotify = there.spotify
        spotify.now = BEGIN
        settings, number = load_settings(), 0

        def now() -> datetime:
            assert spotify.now is not None
            return spotify.now.astimezone(UTC).replace(tzinfo=None)

        def newest_happened(moment: datetime) -> datetime:
            ends = (datetime.fromisoformat(item["played_at"]).replace(tzinfo=None) for item in items)
            return max(end for end in ends if end <= moment)

        def poll(given: Settings) -> PollReport:
            return poll_accounts(given, clock=now)

        def after_round() -> None:
            nonlocal number
            number += 1
            memory[number] = resident()
            published = newest_published(settings.published)
            assert published >= newest_happened(now() - EVERY), number
            if published < newest_happened(now()):
                behind.append(number)

        def wait(seconds: float) -> bool:
            after_round()
            assert spotify.now is not None
            spotify.now += EVERY
            spotify.faults.clear()
            if (number + 1) % 3 == 0:
                spotify.faults.add(PAGE, FAULTS[number // 3 % len(FAULTS)])
            return False

        screen = Lines()
        live.Follow(
            settings, screen, "spotiflow follow", EVERY.total_seconds(), polls=POLLS, poll=poll, wait=wait
        ).run()
        after_round()
        stored = there.rows("select count(*), count(distinct (played_at, track_id)) from raw_spotify.recently_played")
    assert number == POLLS
    assert behind, "no fault cost a round: they were not served"
    assert all(one % 3 == 0 for one in behind), behind
    assert stored[0][0] == stored[0][1] > 50
    assert memory[POLLS] < memory[10] * MOST_GROWTH, memory
