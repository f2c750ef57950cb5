"""What is wrong with a seed's file, explained to someone who edits it in a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from pathlib import Path

_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YES_OR_NO = {"true", "false", "t", "f", "yes", "no", "y", "n", "1", "0"}

# Type in the YAML → whether a text is one, and what it has to be.
_KINDS: dict[str, tuple[Callable[[str], object], str]] = {
    "integer": (_WHOLE.fullmatch, "a whole number such as 3"),
    "bigint": (_WHOLE.fullmatch, "a whole number such as 30000"),
    "double": (_NUMBER.fullmatch, "a number with a decimal point such as 0.5"),
    "boolean": (lambda text: text.lower() in _YES_OR_NO, "true or false"),
    "date": (_DATE.fullmatch, "a date written as 2027-01-04: year, month, day"),
}


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a seed as they stand on disk, by column."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def problem(path: Path, types: Mapping[str, str]) -> str | None:
    """The first thing in the file that cannot be loaded, with its line; None when there is none.

    `types`: column → type, in the order in which the file has to have them.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            header = next(lines, [])
            if header != list(types):
                return _other_header(header, list(types))
            for cells in lines:
                if cells and (wrong := _wrong_line(cells, types)):
                    return f"Line {lines.line_num}: {wrong} The line reads: {','.join(cells)[:120]}"
    except FileNotFoundError:
        return "The file does not exist."
    except UnicodeDecodeError:
        return "The file is not UTF-8 text. Save it as CSV UTF-8."
    except csv.Error as error:
        return f"A quotation mark is missing or misplaced ({error})."
    return None


def _other_header(header: list[str], wanted: list[str]) -> str:
    if len(header) == 1 and len(wanted) > 1 and re.search(r"[;\t]", header[0]):
        return "Its values are not separated by commas. Save it as CSV with commas."
    return f"Its first line has to be {','.join(wanted)} but is {','.join(header)[:120]}."


def _wrong_line(cells: list[str], types: Mapping[str, str]) -> str | None:
    if len(cells) != len(types):
        more = " A text with a comma in it needs quotation marks around it." if len(cells) > len(types) else ""
        return f"it has {len(cells)} values, but the first line has {len(types)} columns.{more}"
    for (column, kind), text in zip(types.items(), cells, strict=True):
        fits, wanted = _KINDS.get(kind, (lambda _: True, ""))
        if text.strip() and not fits(text.strip()):
            return f"{column} is “{text}”, but has to be {wanted}."
    return None
