"""Numbers, times and lists as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 row`, `2,345 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def some(names: Iterable[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    ordered = list(names)
    if len(ordered) <= most + 1:
        return " and ".join(filter(None, [", ".join(ordered[:-1]), ordered[-1]])) if ordered else ""
    return f"{', '.join(ordered[:most])} and {len(ordered) - most} more"


def seconds(duration: float) -> str:
    """`0.4 s`, `12 s`, `2 min 05 s`."""
    if duration < 9.95:
        return f"{duration:.1f} s"
    if duration < 119.5:
        return f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s"


def size(number_of_bytes: int) -> str:
    """`840 kB`, `3.4 MB`."""
    if number_of_bytes < 1_000_000:
        return f"{max(1, round(number_of_bytes / 1000))} kB"
    return f"{number_of_bytes / 1e6:.1f} MB" if number_of_bytes < 100e6 else f"{number_of_bytes / 1e6:.0f} MB"


def day(value: date) -> str:
    """`2 Nov 2026`; independent of the locale."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{value.day} {months[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """A UTC time without zone, as `2 Nov 2026, 14:03 UTC`."""
    return f"{day(value)}, {value:%H:%M} UTC"


def ago(value: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `just now`, `5 minutes ago`, `3 days ago`."""
    elapsed = max(now - value, timedelta())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if elapsed.total_seconds() >= length:
            return f"{count(int(elapsed.total_seconds() // length), unit)} ago"
    return "just now"


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), indent: str = "  ", gap: str = "  ") -> list[str]:
    """Rows as aligned lines; `right` names the columns that are aligned to the right."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + gap.join(cells)).rstrip())
    return lines


_GROUPS = ("load", "contracts")


def command_words(arguments: Sequence[str]) -> list[str]:
    """The command without its arguments: it is written down where others read it, and a label is not for them."""
    words = [argument for argument in arguments if not argument.startswith("-")]
    return words[: 2 if words and words[0] in _GROUPS else 1]
