"""One writer at a time: commands wait for each other, and say for whom they wait."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from spotiflow.console import CommandError

if TYPE_CHECKING:
    import duckdb

_POLL_SECONDS = 0.2
_T = TypeVar("_T")


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    pid: int
    command: str
    since: str  # ISO 8601, UTC

    def __str__(self) -> str:
        since = datetime.fromisoformat(self.since)
        return f"`{self.command}` (process {self.pid}, since {since.astimezone():%H:%M:%S})"


def lock_file(path: Path) -> Path:
    """The file whose lock guards `path`. It is never deleted, because a waiting command may hold it open."""
    return path.with_name(path.name + ".lock")


def holder_of(path: Path) -> Holder | None:
    """Who is working on `path` right now; None when nobody does (also when the last holder died)."""
    info = _info_file(path)
    holder = _read_info(info)
    if holder is None or not is_alive(holder.pid):
        return None
    import filelock

    probe = filelock.FileLock(lock_file(path))
    try:
        probe.acquire(timeout=0)
    except filelock.Timeout:
        return _read_info(info) or holder
    else:
        probe.release()
        return None


@contextmanager
def only_one(path: Path, command: str, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of `path`. The kernel lets go of it when the process ends, however it ends.

    Raises CommandError when another command holds it and `wait` is false.
    """
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(lock_file(path))
    info = _info_file(path)
    told: str | None = None
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except filelock.Timeout:
            holder = _read_info(info)
            name = str(holder) if holder else "another spotiflow command"
            if not wait:
                raise CommandError(
                    f"{path} is in use by {name}.\nRun it again when that has finished, or leave out --no-wait."
                ) from None
            if name != told:
                told = name
                say(f"Waiting for {name} to finish with {path.name} ...")
            time.sleep(_POLL_SECONDS)
    try:
        holder = Holder(os.getpid(), command, datetime.now(UTC).isoformat(timespec="seconds"))
        temporary = info.with_name(f"{info.name}.{os.getpid()}")
        temporary.write_text(json.dumps(asdict(holder)))
        temporary.replace(info)
        yield
    finally:
        info.unlink(missing_ok=True)
        lock.release()


_HELD = re.compile(r"lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


def connect(
    database: Path, *, read_only: bool, wait: bool = True, say: Callable[[str], None] = lambda _: None
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file, waiting while another process (plain dbt, a notebook) has it open for writing.

    Raises CommandError when `wait` is false and the file is held, or when it is no DuckDB file.
    """
    import duckdb

    return _patiently(lambda: duckdb.connect(str(database), read_only=read_only), database, wait, say)


def attach(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    name: str,
    *,
    wait: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Attach a DuckDB file for reading, with the patience of `connect`."""
    path = str(database).replace("'", "''")
    _patiently(lambda: connection.execute(f"attach '{path}' as {name} (read_only)"), database, wait, say)


def _patiently(open_it: Callable[[], _T], database: Path, wait: bool, say: Callable[[str], None]) -> _T:
    import duckdb

    told = False
    while True:
        try:
            return open_it()
        except duckdb.IOException as error:
            message = str(error)
            held = _HELD.search(message)
            if "Could not set lock" not in message:
                raise CommandError(f"{database} cannot be opened: {message.splitlines()[0]}") from error
            who = f"process {held['pid']} ({Path(held['program']).name})" if held else "another process"
            if not wait:
                raise CommandError(
                    f"{database} is open in {who}.\nClose it there (a notebook? a shell?), or leave out --no-wait."
                ) from None
            if not told:
                told = True
                say(f"Waiting for {who}, which has {database.name} open ...")
            time.sleep(_POLL_SECONDS)


def wait_for_database(database: Path, wait: bool, say: Callable[[str], None]) -> None:
    """Return when nobody has the file open; at once when it does not exist."""
    if database.exists():
        connect(database, read_only=False, wait=wait, say=say).close()


def is_alive(pid: int) -> bool:
    """Whether a process with this id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _info_file(path: Path) -> Path:
    return path.with_name(path.name + ".lock.json")


def _read_info(info: Path) -> Holder | None:
    try:
        return Holder(**json.loads(info.read_text()))
    except (OSError, ValueError, TypeError):
        return None
