"""How the site writes numbers and dates, written down a second time so that tests can say what a page must show."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "–"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _rounded(value: float, digits: int) -> Decimal:
    # By its shortest digits, as browsers round: 94.05 is 94.1, whatever its last bits say.
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def plain(text: str | None) -> str:
    """A text as a reader takes it: any white space, also one that keeps words together, is a space."""
    return " ".join((text or "").split())


def number(value: object, digits: int = 0) -> str:
    if value is None:
        return UNKNOWN
    rounded = _rounded(float(str(value)), digits)
    return f"{'−' if rounded < 0 else ''}{abs(rounded):,}"


def count(value: object, one: str) -> str:
    return f"{number(value)} {one if value == 1 else one + 's'}"


def minutes(value: object) -> str:
    return UNKNOWN if value is None else f"{number(value)} min"


def duration(value: object) -> str:
    if value is None:
        return UNKNOWN
    whole = int(_rounded(float(str(value)), 0))
    return f"{whole} min" if whole < 60 else f"{whole // 60:,} h {whole % 60} min"


def percent(value: object, digits: int = 0) -> str:
    return UNKNOWN if value is None else f"{number(value, digits)} %"


def _signed(value: object, digits: int) -> str:
    rounded = _rounded(float(str(value)), digits)
    if rounded == 0:
        return f"{abs(rounded):,}"
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):,}"


def points(value: object, digits: int = 1) -> str:
    return UNKNOWN if value is None else f"{_signed(value, digits)} pp"


def change(value: object) -> str:
    return UNKNOWN if value is None else f"{_signed(value, 0)} %"


def day(value: date) -> str:
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def hour(start: int) -> str:
    """7–8 pm, for the hour from 19:00 on."""
    first, last = (f"{at % 12 or 12} {'am' if at % 24 < 12 else 'pm'}" for at in (start, start + 1))
    return f"{first if first[-2:] != last[-2:] else first[:-3]}–{last}"


def week(start: date) -> str:
    last = start + timedelta(days=6)
    if (start.year, start.month) == (last.year, last.month):
        return f"{start.day} – {day(last)}"
    first = f"{start.day} {_MONTHS[start.month - 1]}" if start.year == last.year else day(start)
    return f"{first} – {day(last)}"
