"""Plays as Spotify's API shows them, for tests of the stand-in and of the client."""

from __future__ import annotations

from typing import Any


def item(minute: int, number: int, second: str = "00.500") -> dict[str, Any]:
    """A play that ended at 12:`minute` of track `number`."""
    track_id, artist_id = f"{number:022d}", f"{900 + number:022d}"
    return {
        "track": {
            "id": track_id,
            "name": f"Song {number}",
            "type": "track",
            "uri": f"spotify:track:{track_id}",
            "duration_ms": 180_000,
            "album": {"name": "An Album"},
            "artists": [{"id": artist_id, "name": f"Artist {number}", "type": "artist"}],
            "external_ids": {"isrc": f"ZZSFL26{number:05d}"},
        },
        "played_at": f"2026-10-29T12:{minute:02d}:{second}Z",
        "context": None,
    }


ITEMS = [item(minute, minute) for minute in range(59, -1, -1)]  # newest first: more than Spotify remembers
