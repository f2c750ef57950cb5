"""A process with everything imported that forks a child for each poll: so a poll costs no three seconds of imports.

Reads one JSON object a line from stdin and answers with one: how the child ended, and the plays that it had put on
disk before. A child is killed (SIGKILL) at the n-th file operation, SQL statement or step, when that is ordered, and
when it takes too long.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import dlt.destinations.impl.duckdb.duck  # noqa: F401
import duckdb  # noqa: F401
import pyarrow.parquet  # noqa: F401
import spotipy  # noqa: F401
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

import extract.pipeline
import extract.spotify_api  # noqa: F401
from extract import spool

LONGEST_RUN = 120.0  # seconds; a run takes one or two

_COUNTED = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "socket.connect")


def _child(order: dict[str, Any], report: int) -> None:
    counted = 0

    def step() -> None:
        nonlocal counted
        counted += 1
        if counted == order["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, _: Any) -> None:
        if event in _COUNTED:
            step()

    def say(**what: Any) -> None:
        os.write(report, (json.dumps(what) + "\n").encode())

    keep = spool.keep

    def keep_and_tell(warehouse: Path, tables: Any) -> Path:
        tables = {name: list(rows) for name, rows in tables.items()}
        path = keep(warehouse, tables)
        plays = tables.get("recently_played", [])
        say(kept=[[row["user_id"], row["played_at"].isoformat(), row["track_id"]] for row in plays])
        return path

    spool.keep = keep_and_tell
    execute = DuckDbSqlClient.execute_query

    def counted_execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        step()
        return execute(self, *args, **kwargs)

    DuckDbSqlClient.execute_query = counted_execute

    os.environ.update(order["environment"])
    from workflow.polling import poll_accounts
    from workflow.settings import load_settings

    now, began = datetime.fromisoformat(order["now"]), time.monotonic()
    sys.addaudithook(audit)
    polled = poll_accounts(
        load_settings(),
        clock=lambda: now + timedelta(seconds=time.monotonic() - began),
        sleep=lambda _: None,
        ask_now=order["ask_now"],
    )
    say(steps=counted, problems=[account.problem for account in polled.accounts if account.problem])


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
    answer: dict[str, Any] = {"kept": [], "problems": [], "error": None, "steps": None}
    for line in text.decode().splitlines():
        said = json.loads(line)
        answer["kept"] += said.pop("kept", [])
        answer |= said
    return answer | {"hung": hung, "killed": os.WIFSIGNALED(status), "code": os.waitstatus_to_exitcode(status)}


def main() -> None:
    """Until stdin ends."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
