"""Files that are whole or not there, whatever is killed: written aside for their owner only, synced, moved into place.

A name in a folder is a change of the folder: until that is synced as well, a power cut may bring back what was there.
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: str, draft: Path | None = None) -> None:
    """Put text into the place of a file. When this returns, neither a kill nor a power cut takes it back.

    `draft` is the file that it is written to before; by default one beside it, with a name of its own.

    Raises:
        OSError: the disk does not take it; the file is as it was, and no draft is left.
    """
    draft = draft or path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_drafts(path: Path) -> None:
    """Remove drafts of a file that killed runs left. The caller sees to it that nobody writes one now."""
    for draft in path.parent.glob(f"{path.name}.*"):
        if draft.suffix != ".lock":
            draft.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """A folder for its owner only, and its name lasts; no error when it is there already."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where the file system can: some of networks cannot."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
