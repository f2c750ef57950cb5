"""The live mode: what came in is shown, what did not change is skipped, and no fault ends it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from extract.sources.spotify_api.polling import PollReport
from spotiflow.cli import follow as live
from spotiflow.cli.commands.live import interval
from spotiflow.console import Screen
from spotiflow.demo.sandbox import Fault, SandboxAccount
from spotiflow.settings import load_settings
from tests.extract.api_items import ITEMS
from tests.spotiflow.spotify_place import SpotifyPlace, spotify_place

ONE = "refresh-token-of-one"
PAGE = "/v1/me/player/recently-played"


class Lines(Screen):
    """A screen that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, text: str = "", style: str | None = None) -> None:
        self.lines.append(text)


@pytest.fixture
def there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[SpotifyPlace]:
    with spotify_place(tmp_path, monkeypatch, capsys, [SandboxAccount(ONE, list(ITEMS[50:]))]) as place:
        yield place


class Built:
    """In the place of `Refresh`, whose own tests are elsewhere: counts, and fails when told to."""

    def __init__(self, codes: list[int]) -> None:
        self.codes = codes
        self.runs = 0
        self.summary = self
        self.build = None
        self.service_problems: list[str] = []

    def __call__(self, settings: object, screen: Screen, command: str, **options: object) -> Built:
        assert options["with_poll"] is False
        self.screen = screen
        return self

    def run(self) -> int:
        self.runs += 1
        code = self.codes.pop(0) if self.codes else 0
        if code:
            self.screen.error("The site cannot be built.\nInstall Node.js.")
        return code


def follow(
    there: SpotifyPlace, monkeypatch: pytest.MonkeyPatch, built: Built, polls: int, before: dict[int, object]
) -> tuple[list[str], list[float]]:
    """Run so many rounds; `before[n]` is called in the pause before round n. Returns lines and pauses."""
    monkeypatch.setattr(live, "Refresh", built)
    screen, waited = Lines(), []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        act = before.get(len(waited) + 1)
        if callable(act):
            act()
        return False

    live.Follow(load_settings(), screen, "spotiflow follow", 60.0, polls=polls, wait=wait).run()
    return screen.lines, waited


def test_only_what_changed_is_built(there: SpotifyPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    there.log_in("me", ONE)
    built = Built([])
    account = there.spotify.accounts[ONE]
    lines, waited = follow(there, monkeypatch, built, 4, {3: lambda: account.items.insert(0, ITEMS[49])})
    assert [line[21:] for line in lines] == [
        "10 new plays; published, site built",
        "0 new plays; nothing to do",
        "1 new play; published, site built",
        "0 new plays; nothing to do",
    ]
    assert built.runs == 2
    assert waited == [60.0] * 3


def test_faults_cost_a_round_and_never_the_process(there: SpotifyPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id = there.log_in("me", ONE)
    built = Built([1])
    faults = there.spotify.faults
    lines, waited = follow(
        there,
        monkeypatch,
        built,
        5,
        {
            3: lambda: faults.add(PAGE, Fault(503, "", times=0)),
            5: lambda: monkeypatch.setattr("extract.sources.spotify_api.polling.Polling.store_plays", _full),
        },
    )
    said = [line[21:] for line in lines]
    assert said[0] == "10 new plays; not published: The site cannot be built. Install Node.js."
    assert said[1] == "0 new plays; published, site built", "what was not shown is tried again"
    assert said[2].startswith(f"0 new plays; nothing to do; Listener {user_id[:6]}: Spotify has a problem")
    assert said[3] == said[2]
    assert said[4] == "failed: No space left on device"
    assert all("\n" not in line for line in lines)
    assert waited == [60.0, 60.0, 60.0, 120.0]


def _full(*_: object) -> None:
    raise OSError("No space left on device")


def test_a_pause_is_kept(there: SpotifyPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    there.log_in("me", ONE)
    there.spotify.faults.add(PAGE, Fault(429, "", {"Retry-After": "3000"}))
    lines, _ = follow(there, monkeypatch, Built([]), 3, {})
    assert not there.spotify.requests, "the fault answered the only request"
    assert all("Try again at" in line for line in lines)


def test_a_signal_ends_it_after_the_round(there: SpotifyPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    there.log_in("me", ONE)
    there.monkeypatch.setattr(live, "Refresh", Built([]))
    screen = Lines()
    follower = live.Follow(load_settings(), screen, "spotiflow follow", 3600.0)
    original = follower.poll

    def poll(*arguments: object) -> PollReport:
        signal.raise_signal(signal.SIGTERM)
        return original(*arguments)

    follower.poll = poll
    follower.run()
    assert screen.lines[0][21:] == "10 new plays; published, site built"
    assert screen.lines[1:] == ["Stopped. Nothing is half done."]
    with duckdb.connect(str(there.place.warehouse)) as connection:
        assert connection.execute("select count(*) from raw_spotify.recently_played").fetchall() == [(10,)]


def test_intervals() -> None:
    assert [interval(text) for text in ("15m", "90s", "1h", "0.5s")] == [900, 90, 3600, 0.5]
    for wrong in ("", "15", "0m", "-1m", "soon", "1d"):
        with pytest.raises(ValueError, match="Write for example 15m"):
            interval(wrong)


def test_a_wrong_interval_is_wrong_usage(there: SpotifyPlace) -> None:
    said = there.run("follow", "--every", "often")
    assert (said.code, "Write for example 15m" in said.text) == (2, True)
