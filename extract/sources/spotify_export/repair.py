"""Find what is wrong with a broken JSON list of objects, and keep every record that is whole.

Only files that DuckDB refuses come here, so a walk record by record is affordable: Spotify's files have about
12 MB. The file is read in pieces, so that memory stays bounded.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

_PIECE = 1 << 20
_LARGEST_RECORD = 16 * _PIECE  # one record has about 1 kB; what is this long is no record
_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT_RECORD = re.compile(r"\}[ \t\r\n]*(?=,[ \t\r\n]*\{)")
_LAST_RECORD = re.compile(r"\}[ \t\r\n]*(?=\][ \t\r\n]*\Z)")


@dataclass
class Repair:
    """What a walk through a broken file found."""

    records: int = 0  # records seen, whole or broken
    broken: dict[int, str] = field(default_factory=dict)  # row (1 = first) -> what is wrong with it
    problem: str | None = None  # one sentence part about the file, to follow its name


def repair(source: Path, target: Path) -> Repair:
    """Copy the whole records of `source` to `target`, a JSON list; broken ones become `null` in their place.

    So row numbers in `target` equal those in `source`. After a record that cannot be parsed the walk goes on
    at the next place where one object ends and another begins.
    """
    result = Repair()
    # Latin-1 makes every byte one character, and JSON's structure is ASCII: positions are byte positions,
    # whatever the encoding of the text inside.
    with source.open("r", encoding="latin-1", newline="") as reader, target.open("wb") as writer:
        window = _Window(reader)
        writer.write(b"[")
        if window.take("["):
            _copy_records(window, writer, result)
        else:
            result.problem = "does not begin with a list"
        writer.write(b"]")
    return result


class _DuplicateField(ValueError):
    pass


def _unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise _DuplicateField("a field occurs twice")
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_fields)


class _Window:
    """The part of a text file that is being looked at: `text` from `position` on."""

    def __init__(self, reader: TextIO) -> None:
        self._reader = reader
        self.text = ""
        self.position = 0

    def more(self) -> bool:
        """Reads another piece; False at the end of the file. What lies before `position` is forgotten."""
        piece = self._reader.read(_PIECE)
        self.text = self.text[self.position :] + piece
        self.position = 0
        return bool(piece)

    def peek(self) -> str:
        """The next character that is no space, or '' at the end of the file."""
        while True:
            match = _SPACE.match(self.text, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self.text):
                return self.text[self.position]
            if not self.more():
                return ""

    def take(self, character: str) -> bool:
        """Steps over `character` if it comes next."""
        if self.peek() != character:
            return False
        self.position += 1
        return True


def _copy_records(window: _Window, writer: BinaryIO, result: Repair) -> None:
    while window.peek() not in ("", "]"):
        result.records += 1
        record, fault = _next_record(window)
        writer.write(b",\n" if result.records > 1 else b"\n")
        writer.write(b"null" if record is None else record)
        if fault:
            result.broken[result.records] = fault
        if not window.take(",") and window.peek() not in ("", "]"):
            result.problem = f"has no comma after row {result.records}"
    if not window.take("]"):
        where = "at" if result.records in result.broken else "after"
        result.problem = f"is cut off {where} row {result.records}"
    elif window.peek():
        result.problem = "has something after the end of its list"
    elif result.broken and result.problem is None:
        row, fault = next(iter(result.broken.items()))
        others = f" and {len(result.broken) - 1} more" if len(result.broken) > 1 else ""
        result.problem = f"is damaged at row {row}{others} ({fault})"


def _next_record(window: _Window) -> tuple[bytes | None, str | None]:
    """The next record's bytes (None if it is broken) and what is wrong with it; the window moves behind it."""
    while True:
        try:
            value, end = _DECODER.raw_decode(window.text, window.position)
        except _DuplicateField as error:
            fault = str(error)
        except RecursionError:
            fault = "nested too deeply"
        except json.JSONDecodeError:
            fault = "not JSON"
            # The record may only go on in the next piece.
            if len(window.text) - window.position < _LARGEST_RECORD and window.more():
                continue
        else:
            if end == len(window.text) and window.more():
                continue  # a number may go on in the next piece
            record = window.text[window.position : end].encode("latin-1")
            window.position = end
            fault_or_none = _text_fault(record) if isinstance(value, dict) else "not an object"
            return (None, fault_or_none) if fault_or_none else (record, None)
        _move_behind_broken_record(window)
        return None, fault


def _text_fault(record: bytes) -> str | None:
    try:
        # Half of a surrogate pair, written as an escape, is valid to Python's parser but no character.
        json.dumps(json.loads(record.decode("utf-8")), ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    except UnicodeEncodeError:
        return "half a character in an escape"
    return None


def _move_behind_broken_record(window: _Window) -> None:
    while True:
        match = _NEXT_RECORD.search(window.text, window.position)
        if match:
            window.position = match.end()
            return
        # A match may begin at the very end of this piece: keep a tail of it.
        window.position = max(window.position, len(window.text) - _PIECE)
        if not window.more():
            break
    match = _LAST_RECORD.search(window.text, window.position)
    window.position = match.end() if match else len(window.text)
