"""Raw inputs as plain Python sees them: export files, recorded API pages, a catalogue, the seeds.

Nothing here is shared with `extract/`: the recomputation reads the same files in its own way.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

# Rows are looked at one by one here, which Python's own strings are faster at than those of Arrow.
pd.set_option("mode.string_storage", "python")

FEATURES = ("danceability", "energy", "liveness", "acousticness", "instrumentalness", "speechiness", "valence")

_HISTORY = re.compile(r"(endsong_|Streaming_History_(Audio|Video)_|StreamingHistory).*\.json$", re.IGNORECASE)
_LONGEST_MS = 24 * 60 * 60 * 1000
_FOUNDED = datetime(2006, 1, 1)
_SEPARATOR = "\x1f"

PLAY_COLUMNS = ["user_id", "track_id", "played_at", "listened_ms", "source", "track_name", "artist_name", "is_skipped"]


@dataclass(frozen=True)
class Listener:
    """One account's inputs."""

    user_id: str
    timezone: str
    exports: Sequence[Path]
    pages: Sequence[Path] = field(default_factory=tuple)  # recorded answers of recently played


def _records(paths: Iterable[Path]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every record of every history file, with the generation (1-3) of its file's format."""
    for path in paths:
        if path.is_dir():
            yield from _records(sorted(path.rglob("*.zip")) + sorted(path.rglob("*.json")))
        elif path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if _HISTORY.match(Path(name).name):
                        yield from _with_generation(json.loads(archive.read(name)))
        elif _HISTORY.match(path.name):
            yield from _with_generation(json.loads(path.read_text(encoding="utf-8-sig")))


def _with_generation(records: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each record with the generation of its file's format; 0: the account data."""
    fields = {name for record in records for name in record}
    generation = 0 if "endTime" in fields else 1 if "username" in fields else 3 if "audiobook_uri" in fields else 2
    for record in records:
        yield generation, record


def _text(record: dict[str, Any], name: str) -> str | None:
    return (str(record.get(name) or "")).strip() or None


def _track(record: dict[str, Any]) -> tuple[str, str] | None:
    """What makes the row one of its kind, and the track id; None for anything that is no music."""
    uri = _text(record, "spotify_track_uri")
    title, artist = _text(record, "master_metadata_track_name"), _text(record, "master_metadata_album_artist_name")
    if uri is not None:
        if uri.startswith("spotify:episode:"):
            return None
        if re.match(r"spotify:track:.", uri):
            return uri, uri.split(":")[2]
        return uri, "local:" + hashlib.md5(uri.encode()).hexdigest()
    if any(_text(record, name) for name in ("spotify_episode_uri", "episode_name")):
        return None
    if any(_text(record, name) for name in ("audiobook_chapter_uri", "audiobook_uri", "audiobook_title")):
        return None
    if title is None:
        return None
    digest = hashlib.md5(f"{(artist or '').lower()}{_SEPARATOR}{title.lower()}".encode()).hexdigest()
    return f"title:{digest}", f"title:{digest}"


def exported_plays(listener: Listener, skip_reasons: set[str], now: datetime | None = None) -> pd.DataFrame:
    """The accepted music plays of a listener's exports, each once."""
    latest = (now or datetime.now(UTC).replace(tzinfo=None)) + timedelta(days=1)
    rows = []
    for generation, record in _records(listener.exports):
        if generation == 0:
            continue
        track = _track(record)
        milliseconds = record.get("ms_played")
        if track is None or not isinstance(milliseconds, int) or not 0 <= milliseconds <= _LONGEST_MS:
            continue
        try:
            ended_at = datetime.fromisoformat(str(record.get("ts"))).replace(tzinfo=None)
        except ValueError:
            continue
        if not _FOUNDED <= ended_at <= latest:
            continue
        flag, reason = record.get("skipped"), _text(record, "reason_end")
        rows.append(
            {
                "user_id": listener.user_id,
                "identity": track[0],
                "track_id": track[1],
                "played_at": ended_at,
                "listened_ms": milliseconds,
                "source": "extended_export",
                "generation": generation,
                "track_name": _text(record, "master_metadata_track_name"),
                "artist_name": _text(record, "master_metadata_album_artist_name"),
                "is_skipped": None if flag is None and reason is None else bool(flag) or reason in skip_reasons,
            }
        )
    plays = pd.DataFrame(rows, columns=["identity", "generation", *PLAY_COLUMNS])
    plays = plays.astype({"played_at": "datetime64[us]", "listened_ms": "Float64", "is_skipped": "boolean"})
    plays = plays.sort_values("generation", ascending=False, kind="stable")
    plays = plays.drop_duplicates(["user_id", "played_at", "identity", "listened_ms"])
    return plays[PLAY_COLUMNS].reset_index(drop=True)


def title_key(title: str | None, artist: str | None) -> str | None:
    """What titles are compared by: compatible forms of letters, case and spaces are evened out."""
    words = [" ".join(unicodedata.normalize("NFKC", text or "").lower().split()) for text in (title, artist)]
    return _SEPARATOR.join(words) if words[0] else None


def title_id(key: str) -> str:
    """The id of a title that no track is known for."""
    return "title:" + hashlib.md5(key.encode()).hexdigest()


def account_data_plays(listener: Listener) -> pd.DataFrame:
    """The accepted music plays of a listener's account data, each once; `played_at` is the minute of the end."""
    rows = []
    for generation, record in _records(listener.exports):
        title, artist = _text(record, "trackName"), _text(record, "artistName")
        milliseconds = record.get("msPlayed")
        if generation or title is None or not isinstance(milliseconds, int) or not 0 <= milliseconds <= _LONGEST_MS:
            continue
        rows.append(
            {
                "user_id": listener.user_id,
                "title_key": title_key(title, artist),
                "played_at": datetime.strptime(record["endTime"], "%Y-%m-%d %H:%M"),
                "listened_ms": milliseconds,
                "source": "account_data",
                "track_name": title,
                "artist_name": artist,
            }
        )
    columns = ["user_id", "title_key", "played_at", "listened_ms", "source", "track_name", "artist_name"]
    plays = pd.DataFrame(rows, columns=columns)
    plays = plays.astype({"played_at": "datetime64[us]", "listened_ms": "Float64"})
    return plays.drop_duplicates(["user_id", "title_key", "played_at", "listened_ms"], ignore_index=True)


def polled_plays(listener: Listener) -> pd.DataFrame:
    """The plays that recorded pages report, each once; `duration_ms` is the track's length."""
    rows = []
    for path in listener.pages:
        for item in json.loads(path.read_text(encoding="utf-8"))["items"]:
            track = item["track"]
            rows.append(
                {
                    "user_id": listener.user_id,
                    "track_id": track["id"],
                    "played_at": datetime.fromisoformat(item["played_at"]).astimezone(UTC).replace(tzinfo=None),
                    "duration_ms": track["duration_ms"],
                    "track_name": track["name"],
                    "artist_name": track["artists"][0]["name"],
                }
            )
    columns = ["user_id", "track_id", "played_at", "duration_ms", "track_name", "artist_name"]
    polled = pd.DataFrame(rows, columns=columns)
    polled = polled.astype({"played_at": "datetime64[us]", "duration_ms": "Float64"})
    return polled.drop_duplicates(["user_id", "played_at", "track_id"], keep="last", ignore_index=True)


def catalogue(path: Path) -> pd.DataFrame:
    """The catalogue, indexed by track id: names, `duration_ms`, the seven features in percent, `is_scored`."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    numbers = {feature: pd.to_numeric(table[feature], errors="coerce") * 100 for feature in FEATURES}
    for name in ("track_name", "artist_name", "duration_ms"):
        if name not in table:
            table[name] = ""
    frame = pd.DataFrame(
        {
            "track_id": table["track_id"].str.strip(),
            "track_name": table["track_name"].str.strip().replace("", None),
            "artist_name": table["artist_name"].str.strip().replace("", None),
            "duration_ms": pd.to_numeric(table["duration_ms"], errors="coerce"),
            **numbers,
        }
    )
    frame["is_scored"] = frame[list(FEATURES)].notna().all(axis=1)
    return frame.drop_duplicates("track_id").set_index("track_id")


@dataclass(frozen=True)
class Definitions:
    """The seeds, as pandas reads them."""

    versions: pd.DataFrame
    scores: pd.DataFrame
    score_weights: pd.DataFrame
    vibe_thresholds: pd.DataFrame
    listen_rules: pd.DataFrame
    constants: dict[str, float]
    tolerance_seconds: float
    middle_seconds: float  # of the minute that the account data names
    skip_reasons: set[str]
    aliases: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> Definitions:
        """Read the seeds in `folder` (seeds/definitions)."""

        def seed(name: str, **options: Any) -> pd.DataFrame:
            return pd.read_csv(folder / f"{name}.csv", keep_default_na=False, **options)

        constants = seed("diagnostic_constants")
        merging = seed("play_merge_rules").set_index("rule")["value"]
        aliases = seed("track_aliases", dtype=str)
        return cls(
            versions=seed("definition_versions", parse_dates=["valid_from"]),
            scores=seed("scores", dtype=str),
            score_weights=seed("score_weights"),
            vibe_thresholds=seed("vibe_thresholds"),
            listen_rules=seed("listen_rules"),
            constants=dict(zip(constants["constant"], constants["value"], strict=True)),
            tolerance_seconds=float(merging["poll_match_tolerance_seconds"]),
            middle_seconds=float(merging["account_data_middle_seconds"]),
            skip_reasons=set(seed("skip_reasons")["reason_end"]),
            aliases=dict(zip(aliases["track_id"], aliases["canonical_track_id"], strict=True)),
        )

    def version(self, family: str, week_start: pd.Timestamp) -> int:
        """The version of a family that counts in a week: the last one that began by its Monday."""
        begun = self.versions[(self.versions["family"] == family) & (self.versions["valid_from"] <= week_start)]
        return int(begun.sort_values("valid_from")["version"].iloc[-1])

    def scores_in_use(self, version: int) -> list[str]:
        """The scores that a version of the weights defines: those whose first and last version lie around it."""
        dates = self.versions[self.versions["family"] == "score_weights"].set_index("version")["valid_from"]
        in_use = []
        for row in self.scores.itertuples():
            first, last = dates[int(row.first_version)], dates[int(row.last_version)] if row.last_version else None
            if first <= dates[version] and (last is None or dates[version] <= last):
                in_use.append(row.score)
        return in_use


def last_seen(listener: Listener) -> datetime | None:
    """The latest moment (UTC) of which the files say anything: a record of any kind, or an answered poll.

    Recorded pages carry the moment of the poll in their name.
    """
    latest = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    moments = []
    for generation, record in _records(listener.exports):
        milliseconds = record.get("msPlayed" if generation == 0 else "ms_played")
        if not isinstance(milliseconds, int) or not 0 <= milliseconds <= _LONGEST_MS:
            continue
        try:
            moment = datetime.fromisoformat(str(record.get("endTime" if generation == 0 else "ts")))
        except ValueError:
            continue
        moments.append(moment.replace(tzinfo=None))
    for path in listener.pages:
        moments.append(datetime.strptime(path.stem.partition("_")[2], "%Y-%m-%dT%H-%M-%SZ"))
    return max((moment for moment in moments if moment <= latest), default=None)
