"""Checks of what people type: labels, names, time zones, files. Each says what would be right."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

_LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DISPLAY_NAME_LENGTH = 40

EXPORT_SUFFIXES = (".zip", ".json")
CATALOGUE_SUFFIXES = (".csv", ".parquet", ".gz")
ROW_FILE_SUFFIXES = (".csv", ".parquet", ".jsonl", ".ndjson", ".gz")


def label(value: str) -> str:
    """An account's label: what you call the account on this machine. Raises ValueError with the rule."""
    if _LABEL.fullmatch(value):
        return value
    suggestion = re.sub(r"[^a-z0-9_-]+", "-", _ascii(value.partition("@")[0]).lower()).strip("-_")[:40]
    rule = "a label is 1 to 40 lower-case letters, digits, - or _, and begins with a letter or digit"
    hint = f" Did you mean '{suggestion}'?" if _LABEL.fullmatch(suggestion) else ""
    raise ValueError(f"'{value}' is not a valid label: {rule}.{hint}")


def display_name(value: str) -> str:
    """A name for the site: one line of at most 40 characters. Raises ValueError."""
    cleaned = " ".join(value.split())
    if not cleaned:
        raise ValueError("the name is empty. Leave out --display-name to appear as 'Listener' and six characters.")
    if any(unicodedata.category(character).startswith("C") for character in cleaned):
        raise ValueError("the name has a character that cannot be displayed.")
    if len(cleaned) > _DISPLAY_NAME_LENGTH:
        raise ValueError(f"the name has {len(cleaned)} characters; at most {_DISPLAY_NAME_LENGTH} are allowed.")
    return cleaned


def timezone(value: str) -> str:
    """An IANA time zone name. Raises ValueError with the nearest names."""
    from zoneinfo import available_timezones

    # The full list and nothing else: names such as 'posix/…' or 'localtime' differ between machines.
    zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
    if value in zones:
        return value
    suggestions = _similar_zones(value, zones)
    hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
    raise ValueError(
        f"'{value}' is not a time zone.{hint} Write it as Area/City, for example Europe/London or America/New_York."
    )


def _similar_zones(value: str, zones: Sequence[str]) -> list[str]:
    wanted = _ascii(value).strip().lower().replace(" ", "_")
    lowered = {zone.lower(): zone for zone in zones if not zone.startswith(("Etc/", "SystemV/", "US/"))}
    if wanted in lowered:
        return [lowered[wanted]]
    cities: dict[str, list[str]] = {}
    for key, zone in lowered.items():
        cities.setdefault(key.rpartition("/")[2], []).append(zone)
    city = wanted.rpartition("/")[2]
    if city in cities:
        return cities[city][:3]
    close = [lowered[key] for key in difflib.get_close_matches(wanted, lowered, n=2, cutoff=0.75)]
    for match in difflib.get_close_matches(city, cities, n=2, cutoff=0.75):
        close += [zone for zone in cities[match] if zone not in close]
    return close[:3]


def export_paths(paths: Sequence[Path]) -> list[Path]:
    """ZIPs, folders or JSON files that exist. Raises ValueError naming the first that does not fit."""
    for path in paths:
        _must_exist(path)
        if path.is_file() and path.suffix.lower() not in EXPORT_SUFFIXES:
            raise ValueError(f"{path} is not a ZIP, a folder or a JSON file. Give the ZIP that Spotify sent you.")
    return [path.absolute() for path in paths]


def catalogue_path(path: Path) -> Path:
    """A CSV or Parquet file that exists. Raises ValueError."""
    _must_exist(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Give one CSV or Parquet file.")
    if path.suffix.lower() not in CATALOGUE_SUFFIXES:
        raise ValueError(f"{path} is neither CSV nor Parquet.")
    return path.absolute()


def row_file_path(path: Path) -> Path:
    """A CSV, Parquet or JSON Lines file that exists. Raises ValueError."""
    _must_exist(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Give one file: CSV, Parquet or JSON Lines.")
    if path.suffix.lower() not in ROW_FILE_SUFFIXES:
        raise ValueError(f"{path} is neither CSV, Parquet nor JSON Lines (.jsonl).")
    return path.absolute()


def _must_exist(path: Path) -> None:
    if path.exists():
        return
    hint = ""
    if path.parent.is_dir():
        near = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=1, cutoff=0.7)
        hint = f" Did you mean {path.parent / near[0]}?" if near else ""
    else:
        hint = f" The folder {path.parent} does not exist either."
    raise ValueError(f"{path} does not exist.{hint}")


def _ascii(value: str) -> str:
    return unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
