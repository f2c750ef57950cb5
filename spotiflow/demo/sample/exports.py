"""Extended streaming histories as Spotify sends them: rows in each format's fields, JSON files, one ZIP.

Format of the three generations: see README.md in this folder.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from spotiflow.demo.sample.catalogue import Catalogue
from spotiflow.demo.sample.listeners import Export, Listener
from spotiflow.demo.sample.plays import REASONS, Plays, extra_overlaps, local_midnight
from spotiflow.demo.sample.randomness import spotify_id, stream
from spotiflow.demo.sample.settings import LAST_DAY, LISTENED_MS, ROWS_PER_FILE
from spotiflow.demo.sample.traps import Row, TrapContext, iso, set_traps

_COMMON_HEAD = ("ts", "platform", "ms_played", "conn_country")
_CONTENT = (
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "master_metadata_album_album_name",
    "spotify_track_uri",
    "episode_name",
    "episode_show_name",
    "spotify_episode_uri",
)
_AUDIOBOOK = ("audiobook_title", "audiobook_uri", "audiobook_chapter_uri", "audiobook_chapter_title")
_COMMON_TAIL = ("reason_start", "reason_end", "shuffle", "skipped", "offline", "offline_timestamp", "incognito_mode")

FIELDS: dict[int, tuple[str, ...]] = {
    1: (
        "ts",
        "username",
        "platform",
        "ms_played",
        "conn_country",
        "ip_addr_decrypted",
        "user_agent_decrypted",
        *_CONTENT,
        *_COMMON_TAIL,
    ),
    2: (*_COMMON_HEAD, "ip_addr", *_CONTENT, *_COMMON_TAIL),
    3: (*_COMMON_HEAD, "ip_addr", *_CONTENT, *_AUDIOBOOK, *_COMMON_TAIL),
}
"""Field names and their order, by generation of the format."""

PRIVATE_MARKS = ("fictional-user-", "203.0.113.", "FictionalPhone", "@listener.example")
"""What the private fields of every sample export contain; nothing of it may reach a warehouse."""

_SKIPPED_UNKNOWN_BEFORE = "2026-07-01"  # in the first format `skipped` is null in earlier years
_SKIP_REASONS = ("fwdbtn", "backbtn", "endplay")
_VIDEO_SHARE = {"jonah": 0.006}  # music that was played as a video
_OVERLAPS = {"jonah": 45, "maren": 20}
_REPEATED_AT_FILE_BOUNDARY = {"theo": 5}

_MS_PER_DAY = 86_400_000

_ZIP_TIME = (2026, 11, 3, 9, 0, 0)


@dataclass(frozen=True)
class ExportFile:
    """One ZIP, ready to be written."""

    name: str
    content: bytes
    rows: int


def build_exports(
    listener: Listener, plays: Plays, catalogue: Catalogue, seed: int
) -> tuple[list[ExportFile], Counter[str]]:
    """The listener's ZIPs and the number of traps in them."""
    rng = stream(seed, "export", listener.label)
    counts: Counter[str] = Counter()
    if overlaps := _OVERLAPS.get(listener.label, 0):
        second = extra_overlaps(plays, overlaps, rng)
        plays = Plays(
            *(np.concatenate([getattr(plays, name), getattr(second, name)]) for name in Plays.__dataclass_fields__)
        )
        counts["overlapping_plays"] = overlaps
    rows = _rows(listener, plays, catalogue, rng)
    context = TrapContext(listener, rng, lambda name: spotify_id(seed, "other", name))
    rows, more = set_traps(rows, context)
    counts += more

    files = []
    for export in listener.exports:
        begin = iso(local_midnight(export.first, listener.timezone))
        end = iso(local_midnight((export.last or LAST_DAY) + timedelta(days=1), listener.timezone))
        # rows without a believable time belong to any export
        chosen = [row for row in rows if row["ts"] is None or row["ts"] > "2090" or begin <= row["ts"] < end]
        formatted = _in_format(chosen, export.version, listener, rng)
        if len(listener.exports) > 1 and export is listener.exports[0]:
            counts["albums_retitled_since"] = _retitle_albums(formatted)
        video = _take_videos(formatted, _VIDEO_SHARE.get(listener.label, 0.0), rng)
        counts["music_in_video_files"] += len(video)
        counts["skipped_null"] += sum(row["skipped"] is None for row in formatted)
        files.append(_zip(listener, export, formatted, video, counts))
    if listener.has_account_data:
        files.append(_account_data(listener, rows, counts))
    return files, +counts


def _rows(listener: Listener, plays: Plays, catalogue: Catalogue, rng: np.random.Generator) -> list[Row]:
    """Plays as rows in the newest format's fields, plus the private ones of older formats."""
    ends = np.datetime_as_string(plays.ended_at.astype("datetime64[s]")).tolist()
    starts = (plays.ended_at - plays.ms_played // 1000).tolist()
    constant = {
        "username": f"fictional-user-{listener.label}",
        "platform": listener.platform,
        "conn_country": listener.country,
        "user_agent_decrypted": "FictionalPhone/1.0 (sample)",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
    }
    incognito = (rng.random(len(plays)) < 0.004).tolist()
    addresses = rng.integers(1, 255, len(plays)).tolist()
    rows = []
    for place, track in enumerate(plays.track.tolist()):
        rows.append(
            constant
            | {
                "ts": ends[place] + "Z",
                "ms_played": int(plays.ms_played[place]),
                "ip_addr": f"203.0.113.{addresses[place]}",  # a range kept for documentation
                "master_metadata_track_name": catalogue.names[track],
                "master_metadata_album_artist_name": catalogue.artists[track],
                "master_metadata_album_album_name": catalogue.albums[track],
                "spotify_track_uri": f"spotify:track:{catalogue.track_ids[track]}",
                "reason_start": REASONS[plays.reason_start[place]],
                "reason_end": REASONS[plays.reason_end[place]],
                "shuffle": bool(plays.shuffle[place]),
                "offline": bool(plays.offline[place]),
                "started": starts[place],
                "incognito_mode": incognito[place],
            }
        )
    return rows


def _in_format(rows: list[Row], version: int, listener: Listener, rng: np.random.Generator) -> list[Row]:
    """Rows in the fields of one generation, with its habits for `skipped` and `offline_timestamp`."""
    dice = rng.random(len(rows)).tolist()
    formatted = []
    for row, die in zip(rows, dice, strict=True):
        complete = row | {
            "ip_addr_decrypted": row["ip_addr"],
            "skipped": _skipped(row, version),
            "offline_timestamp": _offline_timestamp(row["started"], bool(row["offline"]), version, die),
        }
        formatted.append({field: complete[field] for field in FIELDS[version]})
    return _equal_twins(formatted)


def _equal_twins(rows: list[Row]) -> list[Row]:
    """Exact duplicates stay exact: rows that differ in nothing but `offline_timestamp` share the first one's."""
    first: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(value for field, value in row.items() if field != "offline_timestamp")
        row["offline_timestamp"] = first.setdefault(key, row)["offline_timestamp"]
    return rows


def _skipped(row: Row, version: int) -> bool | None:
    if version == 1:
        if row["ts"] is None or row["ts"] < _SKIPPED_UNKNOWN_BEFORE:
            return None
        return row["reason_end"] in _SKIP_REASONS
    if version == 2:
        return False  # never true in these years: `reason_end` tells
    return row["reason_end"] in _SKIP_REASONS


def _offline_timestamp(started: int, offline: bool, version: int, die: float) -> int | None:
    """Seconds, milliseconds, 0 or null, as the years and the devices had it."""
    if version == 1:
        if offline or die < 0.55:
            return started
        return started * 1000 + 417 if die < 0.75 else (0 if die < 0.95 else None)
    if version == 2:
        return started * 1000 if offline else (0 if die < 0.3 else None)
    return started if offline or die < 0.8 else None


def _retitle_albums(rows: list[Row]) -> int:
    """The older export still knows some albums by their first name; in the newer one they were reissued."""
    changed = 0
    for row in rows:
        album = row["master_metadata_album_album_name"]
        if album and album.startswith("Neon"):
            row["master_metadata_album_album_name"] = f"{album} - EP"
            changed += 1
    return changed


def _take_videos(rows: list[Row], share: float, rng: np.random.Generator) -> list[Row]:
    """Take music that was played as a video out of `rows`: it has a file of its own."""
    if not share:
        return []
    dice = rng.random(len(rows)).tolist()
    video = [
        row
        for row, die in zip(rows, dice, strict=True)
        if die < share
        and row["spotify_track_uri"] is not None
        and row["ts"] is not None
        and row["ms_played"] > LISTENED_MS
    ]
    taken = {id(row) for row in video}
    rows[:] = [row for row in rows if id(row) not in taken]
    return video


def _zip(listener: Listener, export: Export, audio: list[Row], video: list[Row], counts: Counter[str]) -> ExportFile:
    folder = "MyData" if export.version == 1 else "my_spotify_data/Spotify Extended Streaming History"
    parts = [audio[begin : begin + ROWS_PER_FILE] for begin in range(0, len(audio), ROWS_PER_FILE)]
    if repeated := _REPEATED_AT_FILE_BOUNDARY.get(listener.label, 0):
        for number in range(1, len(parts)):
            parts[number] = parts[number - 1][-repeated:] + parts[number]
            counts["repeated_at_file_boundary"] += repeated
    members: list[tuple[str, bytes]] = []
    for number, part in enumerate(parts, start=export.first_file):
        old_name = export.version == 1 and listener.is_featured
        name = f"endsong_{number}.json" if old_name else f"Streaming_History_Audio_2026_{number}.json"
        members.append((f"{folder}/{name}", _json(part, one_line=export.version == 1)))
    if video:
        members.append((f"{folder}/Streaming_History_Video_2026.json", _json(video, one_line=False)))
    members.append((f"{folder}/ReadMeFirst_ExtendedStreamingHistory.pdf", _READ_ME))
    members.append((f"{folder}/Userdata.json", _userdata(listener)))
    return ExportFile(export.name, _archive(members), sum(map(len, parts)) + len(video))


def _account_data(listener: Listener, rows: list[Row], counts: Counter[str]) -> ExportFile:
    """The account data: all of the listening with titles, minutes and milliseconds, and no ids."""
    believable = [
        row
        for row in rows
        if row["ts"] is not None
        and row["ts"] < "2090"
        and 0 <= row["ms_played"] <= _MS_PER_DAY  # others have no minute
    ]
    music, podcasts = [], []
    for row in sorted(believable, key=lambda row: str(row["ts"])):
        end = {"endTime": row["ts"][:16].replace("T", " ")}
        if row["episode_name"]:
            names = {"podcastName": row["episode_show_name"], "episodeName": row["episode_name"]}
            podcasts.append(end | names | {"msPlayed": row["ms_played"]})
        elif row["master_metadata_track_name"]:
            names = {
                "artistName": row["master_metadata_album_artist_name"],
                "trackName": row["master_metadata_track_name"],
            }
            music.append(end | names | {"msPlayed": row["ms_played"]})
    counts["plays_in_account_data"] = len(music)
    folder = "Spotify Account Data"
    members = [
        (f"{folder}/StreamingHistory_music_{number}.json", _json(music[begin : begin + ROWS_PER_FILE], one_line=False))
        for number, begin in enumerate(range(0, len(music), ROWS_PER_FILE))
    ]
    if podcasts:
        members.append((f"{folder}/StreamingHistory_podcast_0.json", _json(podcasts, one_line=False)))
    members.append((f"{folder}/Userdata.json", _userdata(listener)))
    return ExportFile("my_spotify_account_data.zip", _archive(members), len(music) + len(podcasts))


def _archive(members: list[tuple[str, bytes]]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members:
            member = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            member.create_system = 3  # the same on every machine
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)
    return content.getvalue()


def _json(rows: list[Row], *, one_line: bool) -> bytes:
    if one_line:
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return ("[\n  " + ",\n  ".join(encode(row) for row in rows) + "\n]\n").encode()


def _userdata(listener: Listener) -> bytes:
    """An unrelated file that lies beside a real history; all of it private, all of it made up."""
    data = {
        "username": f"fictional-user-{listener.label}",
        "email": f"{listener.label}@listener.example",
        "country": listener.country,
        "birthdate": "1900-01-01",
        "creationTime": "2015-02-29",
    }
    return json.dumps(data, indent=2).encode()


_READ_ME = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 80]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 71>>stream\nBT /F 12 Tf 20 40 Td (A fictional export. Nobody listened to this.) Tj ET\n"
    b"endstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
