"""A process with everything imported that forks a child per poll, so that a poll skips three seconds of imports.

Reads one JSON object per line from stdin and answers with one: how the child ended, what it owes, and which named
points it reached. A child is killed at the n-th file operation, SQL statement or step, or so many steps after a named
point, when that is ordered, and when it takes too long: with SIGKILL, or with SIGTERM, heard as the real command hears
it.
"""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import dlt.destinations.impl.duckdb.duck
import duckdb  # noqa: F401
import pyarrow.parquet  # noqa: F401
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

import extract.raw.loader
import spotiflow.cli.polling
from extract.http import PatientSession
from extract.raw import spool
from extract.sources.spotify_api.login import AccountClient, TokenFile
from extract.sources.spotify_api.polling import Polling
from spotiflow import signals
from tests.chaos.power import Disk

LONGEST_RUN = 300.0  # seconds; a run takes one or two, and more on a machine that has other things to do

_COUNTED = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "socket.connect")

_AT_HAND = 12
"""So many steps may lie between an answer and its file: the milliseconds that decision 19 leaves. It takes eight."""


class _Child:
    """What is watched in a run: steps, named points, and pages that were answered and are not known to be on disk."""

    def __init__(self, order: dict[str, Any], report: int) -> None:
        self.order = order
        self.report = report
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
        os.write(self.report, (json.dumps(what) + "\n").encode())

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


def _child(order: dict[str, Any], report: int) -> None:
    child = _Child(order, report)
    os.environ.update(order["environment"])
    from spotiflow.settings import load_settings

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


def _run(order: dict[str, Any]) -> dict[str, Any]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        code = 1
        try:
            _child(order, writer)
            code = 0
        except Exception:
            os.write(writer, (json.dumps({"error": traceback.format_exc()}) + "\n").encode())
        finally:
            os._exit(code)
    os.close(writer)
    deadline, text, hung = time.monotonic() + LONGEST_RUN, b"", False
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            hung = True
            os.kill(pid, signal.SIGKILL)
            break
        if not (part := os.read(reader, 65_536)):
            break
        text += part
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    answer: dict[str, Any] = {"owed": [], "points": [], "problems": [], "ends": [], "error": None, "steps": None}
    for line in text.decode().splitlines():
        said = json.loads(line)
        answer["owed"] += said.pop("owed", [])
        answer["points"] += [said.pop("point")] if "point" in said else []
        answer |= said
    code = os.waitstatus_to_exitcode(status)
    # Asked politely, the real command ends itself.
    killed = os.WIFSIGNALED(status) or (order["polite"] and code == 128 + signal.SIGTERM)
    return answer | {"hung": hung, "killed": killed, "code": code}


def _warm_up() -> None:
    """Load something, so that what is imported at the first load is imported once and not in each child."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Path(folder) / "warehouse.duckdb"
        spool.keep(warehouse, {"accounts": [{"user_id": "nobody", "timezone": "Europe/London", "is_sample": False}]})
        extract.raw.loader.load_tables(warehouse, {})


def main() -> None:
    """Until stdin ends."""
    _warm_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
