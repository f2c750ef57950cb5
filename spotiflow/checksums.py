"""Fingerprints of what is on disk: the project that a build was made with, the pages of a site, a published file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_SQL = Path("macros", "run_log", "project_fingerprint.sql")


def project_fingerprint(root: Path) -> str:
    """md5 over everything that decides what a build makes of given raw data: models, seeds, macros, tests, versions."""
    return project_state(root)[0]


def project_state(root: Path) -> tuple[str, float]:
    """The project's fingerprint, and when the newest of its files changed (seconds since 1970, whole).

    dbt logs the fingerprint of each run. Both render the same macro, so that there is one way to compute it.
    """
    import duckdb
    import jinja2

    macro = jinja2.Template((root / _SQL).read_text(encoding="utf-8")).module
    query = macro.project_fingerprint_sql(str(root))
    with duckdb.connect() as connection:
        row = connection.execute(f"select fingerprint, epoch(newest_change) from ({query})").fetchone()
    assert row is not None
    return str(row[0]), float(row[1])


def files_fingerprint(root: Path, paths: Iterable[Path]) -> str:
    """md5 over the names and bytes of files and of everything below folders; missing ones are left out."""
    digest = hashlib.md5(usedforsecurity=False)
    for path in paths:
        files = sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" in file.parts or file.name.startswith(".") or not file.exists():
                continue
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def file_checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
