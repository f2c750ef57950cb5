"""Write a large extended streaming history, to see what loading it costs.

    python -m benchmarks.write_export FOLDER --gigabytes 2
    /usr/bin/time -v spotiflow load export FOLDER --account me --timezone Europe/London

Same seed, same bytes. All of it is made up: `spotiflow forget` or a warehouse of its own keeps it apart from yours.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

_FILE_BYTES = 12_000_000  # Spotify splits histories at about that
_TRACKS = 200_000


def write(folder: Path, gigabytes: float, seed: int = 1, one_file: bool = False) -> tuple[int, int]:
    """Write `gigabytes` (10^9 bytes) of history to `folder`; returns rows and bytes."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    end = datetime(2008, 1, 1)
    rows = written = files = 0
    while written < gigabytes * 1e9:
        limit = gigabytes * 1e9 if one_file else _FILE_BYTES
        size = 0
        with (folder / f"Streaming_History_Audio_{end.year}_{files}.json").open("w", encoding="utf-8") as file:
            while size < limit:
                track = int(rng.random() ** 2 * _TRACKS)  # some are played much more than others
                played = rng.randrange(1_000, 300_000)
                end += timedelta(seconds=rng.randrange(1, 200))
                text = json.dumps(_row(end, track, played), indent=2)
                size += file.write((",\n" if size else "[\n") + text)
                rows += 1
            size += file.write("\n]\n")
        written += size
        files += 1
    return rows, written


def _row(end: datetime, track: int, ms_played: int) -> dict[str, object]:
    artist = track % 20_000
    return {
        "ts": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "platform": "android",
        "ms_played": ms_played,
        "conn_country": "GB",
        "ip_addr": "203.0.113.7",
        "master_metadata_track_name": f"Song number {track}",
        "master_metadata_album_artist_name": f"Artist number {artist}",
        "master_metadata_album_album_name": f"Album number {track // 10}",
        "spotify_track_uri": f"spotify:track:{track:022d}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone" if ms_played > 30_000 else "fwdbtn",
        "shuffle": False,
        "skipped": ms_played <= 30_000,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write a large, made-up extended streaming history.")
    parser.add_argument("folder", type=Path, help="where to write it; made if need be")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="how much, in 10^9 bytes (2)")
    parser.add_argument("--one-file", action="store_true", help="one file instead of one for every 12 MB")
    chosen = parser.parse_args()
    rows, written = write(chosen.folder, chosen.gigabytes, one_file=chosen.one_file)
    print(f"{rows:,} rows, {written / 1e9:.2f} GB in {chosen.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
