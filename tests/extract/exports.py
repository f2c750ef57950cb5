"""Make small export files for tests: records of the extended streaming history, in all its versions."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TRACK = "spotify:track:0123456789abcdefghijkl"


def record(ts: str | None = "2024-03-01T12:00:00Z", ms_played: Any = 200_000, **fields: Any) -> dict[str, Any]:
    """One record of the second version of the format (21 fields without user name and user agent)."""
    return {
        "ts": ts,
        "platform": "ios",
        "ms_played": ms_played,
        "conn_country": "GB",
        "ip_addr": "203.0.113.7",
        "master_metadata_track_name": "Paper Boats",
        "master_metadata_album_artist_name": "The Lanterns",
        "master_metadata_album_album_name": "Harbour",
        "spotify_track_uri": TRACK,
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": None,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
        **fields,
    }


def version_1(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record as exports until 2023 had it, with what must never be read."""
    old = {name: value for name, value in row.items() if name != "ip_addr"}
    return {
        **old,
        "username": "secret-user",
        "ip_addr_decrypted": "203.0.113.7",
        "user_agent_decrypted": "secret-agent",
    }


def version_3(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record as exports of 2026 have it."""
    audiobook = ("audiobook_title", "audiobook_uri", "audiobook_chapter_uri", "audiobook_chapter_title")
    return {**row, **{name: row.get(name) for name in audiobook}}


NO_MUSIC: dict[str, Any] = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "master_metadata_album_album_name": None,
    "spotify_track_uri": None,
}


def write_json(path: Path, rows: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(rows), indent=1), encoding="utf-8")
    return path


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
