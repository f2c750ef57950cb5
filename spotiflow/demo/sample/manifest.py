"""The sample's manifest: what was written, from which generator, and whether it is all still there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from extract.raw import tables
from spotiflow.demo.sample.settings import FORMAT

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class SampleListener:
    """One listener's files, relative to the sample's folder."""

    label: str
    timezone: str
    display_name: str | None
    exports: tuple[str, ...]
    pages: tuple[str, ...] = ()  # recorded polls, oldest first
    profile: str | None = None  # the recorded answer of /v1/me


@dataclass(frozen=True)
class SampleRecommendations:
    """One file of a planted recommender's answers, relative to the sample's folder."""

    file: str
    recommender: str
    version: str
    rows: int


@dataclass(frozen=True)
class SampleManifest:
    """Everything that `write_sample` wrote."""

    seed: int
    fingerprint: str  # of the seed and the generator's source
    catalogue: str
    tracks: int
    rows: int  # in all exports, overlaps and duplicates included
    listeners: tuple[SampleListener, ...]
    recommendations: tuple[SampleRecommendations, ...]  # in the order in which they are loaded
    feedback: str
    traps: dict[str, dict[str, int]]  # label -> trap -> how many
    files: dict[str, str] = field(default_factory=dict)  # path relative to the folder -> SHA-256

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def read(cls, folder: Path) -> SampleManifest | None:
        """The manifest in `folder`, or None if there is none that can be read."""
        try:
            stored = json.loads((folder / MANIFEST).read_bytes())
            listeners = tuple(
                SampleListener(**{**entry, "exports": tuple(entry["exports"]), "pages": tuple(entry["pages"])})
                for entry in stored.pop("listeners")
            )
            recommendations = tuple(SampleRecommendations(**entry) for entry in stored.pop("recommendations"))
            return cls(listeners=listeners, recommendations=recommendations, **stored)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def is_intact(self, folder: Path) -> bool:
        """True when every file is there, byte for byte."""
        return all(_hash_of(folder / name) == digest for name, digest in self.files.items())


def fingerprint(seed: int) -> str:
    """Changes when the seed or anything that shapes the files changes, so that old files are rewritten."""
    digest = hashlib.sha256(f"{FORMAT}/{seed}".encode())
    here = Path(__file__).parent
    shaping = (here.parent / "sandbox" / "spotify.py", Path(tables.__file__))
    for source in (*sorted(here.glob("*.py")), here / "genres.yml", *shaping):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def sha256(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def total(traps: Mapping[str, Mapping[str, int]], trap: str) -> int:
    """How many of one trap there are over all listeners."""
    return sum(counts.get(trap, 0) for counts in traps.values())


def _hash_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
