"""Checksums of what is on disk: which code and which definitions a build was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_CONFIG = (
    "materialized",
    "incremental_strategy",
    "unique_key",
    "on_schema_change",
    "column_types",
    "delimiter",
    "quote_columns",
    "severity",
    "where",
    "limit",
    "fail_calc",
    "warn_if",
    "error_if",
    "pre-hook",
    "post-hook",
)


def node_checksum(manifest: Any, unique_id: str) -> str:
    """md5 over everything in the project that decides what a dbt node does.

    The same as the macro `spotiflow_checksum`, which logs it when the node runs (Jinja cannot read files,
    and Python is not there when someone types `dbt build`); a test keeps the two equal.
    """
    graph: Mapping[str, Mapping[str, Any]] = manifest.flat_graph
    unit_tests = graph["unit_tests"]
    node = unit_tests[unique_id] if unique_id in unit_tests else graph["nodes"][unique_id]
    checksum = node.get("checksum")
    parts: list[Any] = [
        node.get("resource_type"),
        node.get("schema"),
        node.get("alias"),
        checksum if isinstance(checksum, str) else (checksum or {}).get("checksum"),
        node.get("raw_code"),
        (node.get("contract") or {}).get("checksum"),
    ]
    parts += [node["config"].get(key) for key in _CONFIG]
    if node["resource_type"] == "unit_test":
        parts += [
            node_checksum(manifest, parent) for parent in node["depends_on"]["nodes"] if parent.startswith("model.")
        ]
    prefix = f"macro.{manifest.metadata.project_name}."
    waiting = list(node["depends_on"].get("macros", []))
    seen: set[str] = set()
    while waiting:
        macro_id = waiting.pop()
        if macro_id.startswith(prefix) and macro_id not in seen:
            seen.add(macro_id)
            waiting += manifest.macros[macro_id].depends_on.macros
    parts += [manifest.macros[macro_id].macro_sql for macro_id in sorted(seen)]
    return hashlib.md5(
        "\x1f".join("" if part is None else str(part) for part in parts).encode(), usedforsecurity=False
    ).hexdigest()


def files_fingerprint(root: Path, paths: Iterable[Path]) -> str:
    """md5 over the names and bytes of files and of everything below folders; missing ones are left out."""
    digest = hashlib.md5(usedforsecurity=False)
    for path in paths:
        files = (
            sorted(entry for entry in path.rglob("*") if entry.is_file())
            if path.is_dir()
            else [path]
            if path.exists()
            else []
        )
        for file in files:
            if "__pycache__" in file.parts or file.name.startswith("."):
                continue
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def project_fingerprint(root: Path) -> str:
    """Everything that decides what a build makes of given raw data: models, seeds, macros, tests, recommenders."""
    names = (
        *("dbt_project.yml", "profiles.yml", "models", "seeds", "macros", "tests/generic", "tests/singular"),
        *("spotiflow/recommend", "requirements"),  # also who recommends, and with which versions of dbt and DuckDB
    )
    return files_fingerprint(root, [root / name for name in names])


def file_checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
