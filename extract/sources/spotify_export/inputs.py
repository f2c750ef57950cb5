"""Find the files of a streaming history in what a person hands over: a ZIP, a folder or single JSON files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from extract.arrow import content_hash
from extract.report import FileReport, Progress
from extract.sources.spotify_export.settings import (
    ACCOUNT_DATA_FILE,
    HISTORY_FILE,
    LARGEST_MEMBER_BYTES,
    LARGEST_RATIO,
    RATIO_COUNTS_FROM_BYTES,
    SOURCE,
)

ASK_FOR_EXTENDED = (
    "Ask Spotify for your “Extended streaming history” (Account → Privacy) and load the ZIP that it sends you"
)

_SINGLE_FILES = -1


@dataclass(frozen=True)
class HistoryFile:
    """A file to read, with the name by which messages and the warehouse know it."""

    name: str  # base name, the same inside a ZIP and outside
    path: Path  # where it can be read
    content_hash: str  # SHA-256, hexadecimal
    origin: int = 0  # files of one origin (a ZIP, a folder, or the single files that were named) are one export


def is_history(name: str) -> bool:
    """Whether a file of this name holds listening: of the extended history or of the account data."""
    return bool(HISTORY_FILE.match(name) or ACCOUNT_DATA_FILE.match(name))


def find_history_files(
    paths: Sequence[Path], scratch: Path, reports: list[FileReport], progress: Progress
) -> Iterator[HistoryFile]:
    """Yield each history file below `paths` once; the same content under two names is read once.

    Members of ZIPs are unpacked into `scratch`, one at a time as they are asked for. What cannot be used is
    added to `reports`, with the reason and what to do.
    """
    seen: dict[str, str] = {}
    for number, path in enumerate(paths):
        for file in _files_in(path, scratch / str(number), reports, progress):
            if file.content_hash in seen:
                other = seen[file.content_hash]
                reports.append(FileReport(file.name, SOURCE, note=f"same content as {other}: read once"))
                continue
            seen[file.content_hash] = file.name
            is_whole = path.is_dir() or zipfile.is_zipfile(path)
            yield replace(file, origin=number if is_whole else _SINGLE_FILES)


def _files_in(path: Path, scratch: Path, reports: list[FileReport], progress: Progress) -> Iterator[HistoryFile]:
    if path.is_dir():
        yield from _files_in_folder(path, scratch, reports, progress)
    elif zipfile.is_zipfile(path):
        yield from _files_in_zip(path, scratch, reports, progress)
    elif not path.exists():
        reports.append(FileReport(path.name, SOURCE, problem=f"There is no file or folder {path}. Check the path."))
    elif path.suffix.lower() == ".zip":
        reports.append(
            FileReport(path.name, SOURCE, problem="The ZIP file is incomplete or damaged. Download it again.")
        )
    else:
        progress(f"Reading {path.name}")
        yield HistoryFile(path.name, path, content_hash(path))


def _files_in_folder(path: Path, scratch: Path, reports: list[FileReport], progress: Progress) -> Iterator[HistoryFile]:
    wanted: list[Path] = []
    others: list[Path] = []
    for file in sorted(path.rglob("*")):
        if not file.is_file() or file.name.startswith("."):
            continue
        (wanted if is_history(file.name) or zipfile.is_zipfile(file) else others).append(file)
    for number, file in enumerate(wanted):
        yield from _files_in(file, scratch / str(number), reports, progress)
    if not wanted:
        reports.append(_nothing_found(path.name or str(path), "folder", [file.name for file in others]))


def _files_in_zip(path: Path, scratch: Path, reports: list[FileReport], progress: Progress) -> Iterator[HistoryFile]:
    with zipfile.ZipFile(path) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        wanted = [member for member in members if is_history(_base_name(member))]
        for member in members:
            if _base_name(member).lower().endswith(".zip"):
                reports.append(
                    FileReport(
                        _base_name(member),
                        SOURCE,
                        problem=f"It is a ZIP inside {path.name}. Unpack {path.name} and load the folder.",
                    )
                )
        if not wanted:
            names = [_base_name(member) for member in members]
            reports.append(_nothing_found(path.name, "ZIP", names))
        for number, member in enumerate(wanted):
            name = _base_name(member)
            progress(f"Reading {name} in {path.name}")
            target = scratch / f"{number}.json"
            problem = _unpack(archive, member, target)
            if problem:
                reports.append(FileReport(name, SOURCE, problem=problem))
                continue
            yield HistoryFile(name, target, content_hash(target))
            target.unlink()


def _base_name(member: zipfile.ZipInfo) -> str:
    """A member's name without its folders, whichever way they are written. Nothing is ever unpacked to that name."""
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> str | None:
    """Unpack one member; returns what was wrong, if anything was."""
    if member.flag_bits & 0x1:
        return "It is encrypted. Unpack the ZIP with its password and load the folder."
    limit = min(LARGEST_MEMBER_BYTES, max(RATIO_COUNTS_FROM_BYTES, LARGEST_RATIO * member.compress_size))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(member) as packed, target.open("wb") as unpacked:
            # What the ZIP says of its sizes may be wrong: the bytes that come out count.
            if not _copy_at_most(packed, unpacked, limit):
                target.unlink()
                return (
                    f"It unpacks from {member.compress_size / 1024**2:,.1f} MiB to more than {limit // 1024**2:,} MiB, "
                    "more than any history file: it was made to fill the disk, or is damaged. Download the ZIP again."
                )
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        return f"It cannot be unpacked ({error}). Download the ZIP again."
    return None


def _copy_at_most(source: IO[bytes], target: IO[bytes], limit: int) -> bool:
    copied = 0
    while piece := source.read(1 << 20):
        copied += len(piece)
        if copied > limit:
            return False
        target.write(piece)
    return True


def _nothing_found(name: str, kind: str, contents: list[str]) -> FileReport:
    examples = ", ".join(contents[:3]) + (", …" if len(contents) > 3 else "")
    problem = (
        f"This {kind} contains no streaming history (files named Streaming_History_Audio_….json, endsong_….json or "
        f"StreamingHistory….json){': only ' + examples if contents else '; it is empty'}. {ASK_FOR_EXTENDED}."
    )
    return FileReport(name, SOURCE, problem=problem)
