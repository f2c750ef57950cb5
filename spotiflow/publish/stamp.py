"""What a built site was made from, and whether building it again would give the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from spotiflow import dbt_runner
from spotiflow.checksums import file_checksum, files_fingerprint, project_fingerprint
from spotiflow.publish import docs
from spotiflow.settings import Settings

_FILE = "spotiflow-site.json"
_NOT_COPIED = {"node_modules", ".evidence", "build", "screenshots", "test-results"}


@dataclass(frozen=True)
class SiteStamp:
    """What a built site was made from; it lies in the site's folder."""

    published_sha256: str
    pages_fingerprint: str
    docs_fingerprint: str
    built_at: str
    base_path: str = ""


def stamp_of(settings: Settings, published: Path) -> SiteStamp:
    """The stamp of a site that is built now from `published`."""
    return SiteStamp(
        file_checksum(published),
        pages_fingerprint(settings),
        docs_fingerprint(settings),
        datetime.now(UTC).isoformat(timespec="seconds"),
        settings.base_path,
    )


def read_stamp(site: Path) -> SiteStamp | None:
    """What a site was made from; None when it has no stamp, or one of an earlier version."""
    try:
        return SiteStamp(**json.loads((site / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_stamp(site: Path, stamp: SiteStamp) -> None:
    """Put the stamp into a site that is not in its place yet."""
    (site / _FILE).write_text(json.dumps(asdict(stamp), indent=2) + "\n")


def shows_published_data(settings: Settings) -> bool:
    """Whether the site was made from the published file that is there now."""
    stamp = read_stamp(settings.site)
    return (
        stamp is not None
        and settings.published.exists()
        and stamp.published_sha256 == file_checksum(settings.published)
    )


def is_current(settings: Settings) -> bool:
    """Whether building the site again would give the same: same published file, same pages, same models behind them."""
    stamp = read_stamp(settings.site)
    return (
        stamp is not None
        and stamp.pages_fingerprint == pages_fingerprint(settings)
        and stamp.docs_fingerprint == docs_fingerprint(settings)
        and stamp.base_path == settings.base_path
        and shows_published_data(settings)
    )


def page_sources(reports: Path) -> list[Path]:
    """The files and folders of `reports/` that a build reads."""
    return sorted(
        entry
        for entry in reports.iterdir()
        if entry.name not in _NOT_COPIED and not entry.name.startswith(".build") and not entry.name.endswith(".log")
    )


def pages_fingerprint(settings: Settings) -> str:
    """md5 over everything in `reports/` that a build reads."""
    return files_fingerprint(settings.root, page_sources(settings.reports)) if settings.reports.is_dir() else ""


def docs_fingerprint(settings: Settings) -> str:
    """md5 over everything that decides what the documentation says: models, seeds, macros, tests, and its writer."""
    writers = [Path(str(module.__file__)) for module in (docs, dbt_runner)]
    own = files_fingerprint(Path(str(dbt_runner.__file__)).parent, writers)
    return hashlib.md5(f"{project_fingerprint(settings.root)} {own}".encode(), usedforsecurity=False).hexdigest()
