"""A place with logged-in accounts at a stand-in Spotify; commands run in this process, so that tests are quick."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.sources.spotify_api import token_path
from extract.sources.spotify_api.accounts import KnownAccount, remember_account
from spotiflow.cli import main
from spotiflow.demo.sandbox import SandboxAccount, SpotifySandbox
from spotiflow.pseudonyms import user_id_for
from tests.conftest import Place


@dataclass
class Said:
    code: int
    text: str


@dataclass
class SpotifyPlace:
    place: Place
    spotify: SpotifySandbox
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    slept: list[float] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.place.folder / "home"

    def log_in(self, label: str, refresh_token: str, **changes: Any) -> str:
        """Store a login that is good for an hour; returns the account's user_id."""
        user_id = user_id_for(label, self.home)
        path = token_path(user_id, self.home)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        login = {
            "access_token": self.spotify.issue_access_token(refresh_token),
            "refresh_token": refresh_token,
            "expires_at": int(time.time()) + 3600,
            "scope": "user-read-recently-played",
            "client_id": self.spotify.client_id,
        } | changes
        path.touch(mode=0o600)
        path.write_text(json.dumps(login))
        known = KnownAccount(label, str(login["client_id"]), datetime(2026, 11, 1), f"hash of {label}", "Europe/London")
        remember_account(self.home, user_id, known)
        return user_id

    def run(self, *arguments: str) -> Said:
        """Run `spotiflow` in this process."""
        self.monkeypatch.setattr(sys, "argv", ["spotiflow", *arguments])
        code = 0
        try:
            main.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = self.capsys.readouterr()
        return Said(code, said.out + said.err)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.place.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def spotify_place(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    accounts: list[SandboxAccount],
    sleep: Callable[[float], None] | None = None,
) -> Iterator[SpotifyPlace]:
    place = Place(folder)
    for name in list(os.environ):
        if name.startswith(("SPOTIFLOW_", "SPOTIFY_", "SPOTIPY_")):
            monkeypatch.delenv(name)
    for name, value in place.env.items():
        if name.startswith(("SPOTIFLOW_", "DBT_", "NO_COLOR", "COLUMNS")):
            monkeypatch.setenv(name, value)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with SpotifySandbox(accounts) as spotify:
        monkeypatch.setenv("SPOTIFLOW_SPOTIFY_API", spotify.url)
        monkeypatch.setenv("SPOTIFLOW_SPOTIFY_ACCOUNTS", spotify.url)
        there = SpotifyPlace(place, spotify, capsys, monkeypatch)
        # Nothing waits in a test; how long it would have is kept.
        monkeypatch.setattr("extract.http.pause", sleep or there.slept.append)
        try:
            yield there
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
