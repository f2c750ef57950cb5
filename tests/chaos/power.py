"""What a power cut takes back: of answers that wait and of logins, whatever nobody had synced.

Stricter than most file systems: content that was not synced is torn in half, and names that were not synced with their
folder are as they were before. The database syncs its own files.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def _is_watched(path: Path) -> bool:
    return path.parent.suffix == ".spool" or path.parent.name == "tokens" or path.name.startswith("accounts.json")


@dataclass(frozen=True)
class _Moved:
    """A file that took the place of another, or of none."""

    source: Path
    target: Path
    before: bytes | None


class Disk:
    """Follows a process: `before` hears its audit events, `watch_syncs` its calls of fsync."""

    def __init__(self) -> None:
        self.written: set[Path] = set()
        self.synced: set[tuple[int, int]] = set()  # device and inode
        self.moved: list[_Moved] = []
        self.made: list[Path] = []  # folders

    def before(self, event: str, path: Path, arguments: tuple[Any, ...]) -> None:
        """An audit event about `path`: what it names is about to happen."""
        if event == "os.mkdir":
            if path.suffix == ".spool" and not path.exists():
                self.made.append(path)
        elif not _is_watched(path) or path.suffix == ".lock":
            return
        elif event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            self.written.add(path)
        elif event == "os.remove":
            self._forget(path)
        elif event == "os.rename":
            target = Path(os.fsdecode(arguments[1]))
            self.moved.append(_Moved(path, target, target.read_bytes() if target.exists() else None))
            self.written = {target if one == path else one for one in self.written}

    def watch_syncs(self) -> None:
        """Notice what is synced from now on."""
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            fsync(descriptor)
            found = os.fstat(descriptor)
            if stat.S_ISDIR(found.st_mode):
                self.moved = [one for one in self.moved if not _is(one.target.parent, found)]
                self.made = [one for one in self.made if not _is(one.parent, found)]
            else:
                self.synced.add((found.st_dev, found.st_ino))

        os.fsync = noted  # type: ignore[assignment]

    def has_written(self, descriptor: int) -> bool:
        """Whether an open file is one of those that are watched, written by this process."""
        found = os.fstat(descriptor)
        return any(_is(path, found) for path in self.written)

    def cut_power(self) -> None:
        """Undo what was not synced."""
        for path in self.written:
            if path.exists():
                found = path.stat()
                if (found.st_dev, found.st_ino) not in self.synced:
                    os.truncate(path, found.st_size // 2)
        for one in reversed(self.moved):
            if one.source.exists() or not one.target.exists():
                continue  # it was about to be moved; or it is gone since
            one.target.rename(one.source)
            if one.before is not None:
                one.target.write_bytes(one.before)
                one.target.chmod(0o600)
        for folder in self.made:
            shutil.rmtree(folder, ignore_errors=True)

    def _forget(self, path: Path) -> None:
        self.written.discard(path)
        if path.exists():
            found = path.stat()
            self.synced.discard((found.st_dev, found.st_ino))  # the next file may get its number


def _is(path: Path, found: os.stat_result) -> bool:
    return path.exists() and os.path.samestat(path.stat(), found)
