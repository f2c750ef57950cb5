"""A poll that is watched and killed, in a process of `tests/fork_server.py`.

It prints what it owes and which named points it reached. When that is ordered, it is killed at the n-th file operation,
SQL statement or step, or so many steps after a named point: with SIGKILL, or with SIGTERM, heard as the real command
hears it.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

import extract.raw.loader
import spotiflow.cli.polling
from extract.http import PatientSession
from extract.raw import spool
from extract.sources.spotify_api.login import AccountClient, TokenFile
from extract.sources.spotify_api.polling import Polling
from spotiflow import signals
from spotiflow.settings import load_settings
from tests.chaos.power import Disk

_COUNTED = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "socket.connect")

_AT_HAND = 12
"""So many steps may lie between an answer and its file: the milliseconds that decision 19 leaves. It takes eight."""


class _Child:
    """What is watched in a run: steps, named points, and pages that were answered and are not known to be on disk."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.disk = Disk()
        self.steps = 0
        self.times_left = order["aim"]["occurrence"] if order["aim"] else 0
        self.steps_left: int | None = None  # until the kill, once its point was reached
        self.at_hand: list[list[str]] = []
        self.answered_at = 0
        self.user_id = ""  # whose page was asked for last
        self.has_answer = False
        self.is_loading = False
        self.is_dying = False
        self.own = threading.local()

    def say(self, **what: Any) -> None:
        os.write(1, (json.dumps(what) + "\n").encode())

    def step(self) -> None:
        self.steps += 1
        if self.at_hand and self.steps - self.answered_at > _AT_HAND:
            self.owe()
        if self.steps_left is not None:
            self.steps_left -= 1
        if self.steps == self.order["kill_at"] or self.steps_left == 0:
            self.die()

    def point(self, name: str) -> None:
        self.say(point=name)
        aim = self.order["aim"]
        if aim and aim["point"] == name:
            self.times_left -= 1
            if self.times_left == 0:
                self.steps_left = aim["steps"]
                if not self.steps_left:
                    self.die()

    def owe(self) -> None:
        """From now on the page that was answered last must not be lost."""
        self.say(owed=self.at_hand)
        self.at_hand = []

    def die(self) -> None:
        self.say(killed=True)
        if self.order["polite"]:
            self.steps_left = None
            os.kill(os.getpid(), signal.SIGTERM)
            return
        self.is_dying = True
        if self.order["power_cut"]:
            self.disk.cut_power()
        os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _COUNTED or self.is_dying or getattr(self.own, "is_looking", False):
            return
        self.own.is_looking = True  # what is opened in here is no step of the run
        try:
            path = Path(os.fsdecode(arguments[0])) if isinstance(arguments[0], str | bytes | os.PathLike) else None
            if event == "os.remove" and path is not None and path.match("*.spool/*.json"):
                self.point("unlink")
            self.step()
            if path is not None:
                self.disk.before(event, path, arguments)
        finally:
            self.own.is_looking = False

    def around(
        self, owner: Any, name: str, before: Callable[..., None] | None, after: Callable[..., None] | None
    ) -> None:
        """Call `before` with the arguments and `after` with the result of a function of `owner`."""
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if before is not None:
                before(*args, **kwargs)
            result = original(*args, **kwargs)
            if after is not None:
                after(result)
            return result

        setattr(owner, name, wrapped)

    def watch(self) -> None:
        """Put the hooks in."""

        def to_point(name: str) -> Callable[..., None]:
            return lambda *_, **__: self.point(name)

        def asked(*_: Any, **__: Any) -> None:
            if self.at_hand:  # a client that sends the next request has had time to keep the last response
                self.owe()
            self.point("going on" if self.has_answer and not self.is_loading else "asked")

        def asking(client: AccountClient, *_: Any, **__: Any) -> None:
            self.user_id = client.log.user_id

        def answered(page: Any) -> None:
            items = page.get("items") if isinstance(page, dict) else None
            self.at_hand = [[self.user_id, item["played_at"], item["track"]["id"]] for item in items or []]
            self.has_answer = self.has_answer or bool(self.at_hand)
            self.answered_at = self.steps
            self.point("answered")

        def kept(_: Path) -> None:
            if self.at_hand:
                self.owe()
            self.point("kept")

        def syncing(descriptor: int) -> None:
            if self.disk.has_written(descriptor):
                self.point("syncing")
            self.step()

        def loading(*_: Any, **__: Any) -> None:
            self.is_loading = True
            if self.at_hand:
                self.owe()
            self.point("loading")

        self.around(PatientSession, "_attempt", asked, None)
        self.around(AccountClient, "current_user_recently_played", asking, answered)
        self.around(spool, "keep", None, kept)
        self.around(Polling, "store_plays", loading, None)
        for name in ("extract", "normalize", "load"):
            self.around(dlt.Pipeline, name, to_point(name), to_point("loaded") if name == "load" else None)
        self.around(extract.raw.loader, "_verify", None, to_point("verified"))
        self.around(TokenFile, "save_token_to_cache", to_point("renewed"), to_point("saved"))
        self.disk.watch_syncs()
        self.around(os, "fsync", syncing, None)
        self.around(DuckDbSqlClient, "execute_query", lambda *_, **__: self.step(), None)
        sys.addaudithook(self.audit)


def poll() -> None:
    """Poll as the JSON object in `sys.argv` says. Prints one JSON object per line: points, what is owed, the end."""
    order = json.loads(sys.argv[1])
    child = _Child(order)
    now, began = datetime.fromisoformat(order["now"]), time.monotonic()
    signals.install()
    child.watch()
    polled = spotiflow.cli.polling.poll_accounts(
        load_settings(),
        clock=lambda: now + timedelta(seconds=time.monotonic() - began),
        sleep=lambda _: None,
        ask_now=order["ask_now"],
    )
    child.say(
        steps=child.steps,
        problems=[account.problem for account in polled.accounts if account.problem],
        ends=[getattr(account.error, "kind", None) for account in polled.accounts],
    )
    os._exit(0)  # what Python does at its end is no step of the run
