"""What Spotify's extended streaming history looks like, and the limits beyond which a row is not believed."""

from __future__ import annotations

import re

SOURCE = "spotify_export"

HISTORY_FILE = re.compile(r"^(Streaming_History_(Audio|Video)_|endsong_)[\w .()-]*\.json$", re.IGNORECASE)
"""Names under which the extended history arrives: `endsong_3.json` until 2023, then `Streaming_History_Audio_…`."""

ACCOUNT_DATA_FILE = re.compile(r"^StreamingHistory[\w .()-]*\.json$", re.IGNORECASE)
"""Names of the account data's history, titles only, last year only: `StreamingHistory0.json`, later
`StreamingHistory_music_0.json` with `_podcast_` and `_audiobook_` siblings."""

AUDIOBOOK_FILE = re.compile(r"^StreamingHistory_audiobook", re.IGNORECASE)
"""The account data's audiobooks: told by the file's name, because their fields changed."""

ACCOUNT_DATA = "account_data"
"""`export_format` of rows from the account data."""

ALLOWED_FIELDS = (
    "ts",
    "ms_played",
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "master_metadata_album_album_name",
    "spotify_track_uri",
    "episode_name",
    "spotify_episode_uri",
    "audiobook_title",
    "audiobook_uri",
    "audiobook_chapter_uri",
    "reason_start",
    "reason_end",
    "shuffle",
    "skipped",
    "offline",
    "incognito_mode",
    # of the account data
    "endTime",
    "msPlayed",
    "trackName",
    "artistName",
    "podcastName",
    "episodeName",
)
"""The only fields that are read at all. User name, IP address, user agent, country and platform are not among
them: what is never read cannot leak."""

REQUIRED_FIELDS = frozenset({"ts", "ms_played"})

ACCOUNT_DATA_FIELDS = frozenset({"endTime", "msPlayed"})

LARGEST_MS_PLAYED = 86_400_000
"""One play of more than a day is a fault of the clock, not listening."""

EARLIEST_END = "2006-01-01"
"""Spotify was founded in 2006. Devices whose clock was reset write 1970; such a row would stretch a listener's
daily history over decades of silence."""

FUTURE_HOURS = 24
"""Clocks and zones err by hours; an end time further ahead than this is wrong."""

MEMORY_LIMIT = "1GB"
"""For DuckDB while it reads exports; what is more waits on disk. Without it DuckDB takes most of the machine's."""

LARGEST_MEMBER_BYTES = 8 * 1024**3
"""A file inside a ZIP that unpacks to more is refused: Spotify splits histories at about 12 MB."""

LARGEST_RATIO = 200
"""A member of a ZIP that claims to unpack to more times its packed size is refused: histories shrink to a tenth or
twentieth. Larger: a ZIP of some kB could fill the disk. Smaller: a history that repeats itself would be refused."""

RATIO_COUNTS_FROM_BYTES = 64 * 1024**2
"""Small members may be as regular as they like: unpacking them costs nothing."""
