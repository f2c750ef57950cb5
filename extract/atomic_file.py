"""Atomic writes: a file or folder is replaced as a whole, whatever is killed and whenever the power goes.

The content is written to a draft beside its target, synced, and moved over it. A name is part of its folder, so the
folder is synced as well: without that, a power cut may bring back what was there before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
from pathlib import Path


def write_whole(path: Path, content: str | bytes, draft: Path | None = None, *, replace: bool = True) -> bool:
    """Write a file that only its owner may read. Once this returns, neither a kill nor a power cut undoes it.

    `draft` is written first; by default a file beside `path` with a random name. With `replace=False` an existing
    file stays as it is. Returns whether `path` now holds `content`.

    Raises:
        OSError: the disk does not take it. The file is as it was, and no draft is left.
    """
    draft = draft or draft_of(path)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            # A link, unlike a rename, fails where the name is taken: of two processes only one creates the file.
            os.link(draft, path)
    except FileExistsError:
        if replace:
            raise
        return False
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def swap_in(draft: Path, path: Path) -> None:
    """Move a finished file over `path`, in the same folder. Once this returns, nothing undoes it.

    Raises:
        OSError: the disk does not take it; `path` is as it was.
    """
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
    sync_folder(path.parent)


def draft_of(path: Path) -> Path:
    """A new name for a draft of a file; `remove_drafts` recognises it."""
    return path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")


def remove_drafts(path: Path) -> None:
    """Remove the drafts of a file that killed runs left. The caller makes sure that nobody is writing one."""
    for draft in path.parent.glob(f"{path.name}.*"):
        if draft.suffix != ".lock":
            draft.unlink(missing_ok=True)


def swap_in_folder(draft: Path, folder: Path) -> None:
    """Put a finished folder in the place of `folder`, in one step where the kernel can.

    Where it cannot, `folder` is missing for a moment; `recover_folder` repairs a swap that was killed there.
    """
    following, former = _beside(folder, "next"), _beside(folder, "former")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # First onto the folder's own file system (usually a rename): only there can folders be exchanged.
    shutil.move(draft, following)
    if not folder.exists():
        following.rename(folder)
    elif _exchange(following, folder):
        remove(following)
    else:
        folder.rename(former)
        following.rename(folder)
        remove(former)


def recover_folder(folder: Path) -> None:
    """Remove what a killed `swap_in_folder` left; the former folder comes back if the swap was cut in two."""
    former = _beside(folder, "former")
    if not folder.exists() and former.exists():
        former.rename(folder)
    remove(former)
    remove(_beside(folder, "next"))


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, and sync its name; no error when it exists already."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder, so that they survive a power cut; some network file systems cannot."""
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


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders atomically (Linux); False where that is not possible."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    at_current_folder, exchange = -100, 2
    return bool(renameat2(at_current_folder, os.fsencode(one), at_current_folder, os.fsencode(other), exchange) == 0)


def _beside(folder: Path, word: str) -> Path:
    return folder.with_name(f".{folder.name}-{word}")


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
