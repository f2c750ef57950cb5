"""Where everything is: one place for paths, overridable by environment variables.

Relative paths in the variables are taken from the current folder, as in any shell command; the defaults
hang on the project's root, so that `spotiflow` works from any folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

VARIABLES = {
    "SPOTIFLOW_PROJECT": "the project's root, where dbt_project.yml is",
    "SPOTIFLOW_WAREHOUSE": "the warehouse, a DuckDB file (data/warehouse.duckdb)",
    "SPOTIFLOW_PUBLISHED": "the published data, a DuckDB file (data/published.duckdb)",
    "SPOTIFLOW_SITE": "the folder of the built site (reports/build)",
    "SPOTIFLOW_BASE_PATH": "the path under which the site is hosted, e.g. /music (the root of its host)",
    "SPOTIFLOW_HOME": "secrets: the key of the pseudonyms, and logins (.spotiflow)",
    "SPOTIFLOW_LOGS": "log files (logs)",
    "SPOTIFLOW_LONGEST_WAIT": "how long one request waits for a service, in seconds (60)",
    "SPOTIFLOW_TRACKS_PER_POLL": "how many exported tracks each poll looks up (20)",
    "SPOTIFLOW_ONLINE": "whose tracks services are asked about: 1 everyone's, 0 nobody's (accounts that logged in)",
}
"""Environment variables: what they name or decide, and the default."""


@dataclass(frozen=True)
class Settings:
    """Absolute paths of everything a command touches."""

    root: Path
    warehouse: Path
    published: Path
    site: Path
    home: Path
    logs: Path
    target: Path  # dbt's compiled SQL and parse cache
    base_path: str = ""  # below which the site is hosted: "/music"; "" at the root of its host

    @property
    def reports(self) -> Path:
        """The Evidence project."""
        return self.root / "reports"

    @property
    def sample_folder(self) -> Path:
        """Where the sample's input files are written: beside the warehouse that they are loaded into."""
        return self.warehouse.parent / "sample"


def load_settings() -> Settings:
    """The paths of this run: environment variables first, then the defaults under the project's root."""
    root = _path("SPOTIFLOW_PROJECT", Path(__file__).resolve().parent.parent)
    return Settings(
        root=root,
        warehouse=_path("SPOTIFLOW_WAREHOUSE", root / "data" / "warehouse.duckdb"),
        published=_path("SPOTIFLOW_PUBLISHED", root / "data" / "published.duckdb"),
        site=_path("SPOTIFLOW_SITE", root / "reports" / "build"),
        home=_path("SPOTIFLOW_HOME", root / ".spotiflow"),
        logs=_path("SPOTIFLOW_LOGS", root / "logs"),
        target=_path("DBT_TARGET_PATH", root / "target"),
        base_path=base_path(os.environ.get("SPOTIFLOW_BASE_PATH", "")),
    )


def base_path(text: str) -> str:
    """A base path as pages need it: with a slash before each part and none at the end. "" for the root."""
    parts = [part for part in text.strip().split("/") if part]
    return "".join(f"/{part}" for part in parts)


def shown(path: Path) -> str:
    """A path as people would type it: relative to the current folder when it lies inside, else absolute."""
    try:
        relative = path.relative_to(Path.cwd())
    except ValueError:
        return str(path)
    return str(relative) if str(relative) != "." else str(path)


def _path(variable: str, default: Path) -> Path:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().absolute() if value else default.absolute()
