"""Look for words in everything that a place holds: in bytes, in what is packed, and in values of databases."""

from __future__ import annotations

import base64
import gzip
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


def spellings(word: str) -> list[str]:
    """A word as it stands, as addresses write it, and as headers for logins write it."""
    return [word, quote(word, safe=""), base64.b64encode(word.encode()).decode().rstrip("=")]


def found(folder: Path, words: Iterable[str], leave_out: Path | None = None) -> list[str]:
    """`what: where` for each of `words` in a file below `folder`, or in a file's name; `leave_out` is not read."""
    sought = {word: spellings(word) for word in words}
    traces = []
    for path in sorted(folder.rglob("*")):
        if leave_out is not None and (path == leave_out or leave_out in path.parents):
            continue
        texts = [(str(path), str(path.relative_to(folder)).encode())]
        if path.is_file():
            texts += [(f"{path}{inside}", content) for inside, content in _contents(path)]
        traces += [
            f"{word}: {where}"
            for where, content in texts
            for word, ways in sought.items()
            if any(way.encode() in content for way in ways)
        ]
    return traces


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file and, where they are packed, what they unpack to."""
    content = path.read_bytes()
    yield "", content
    if content[:2] == b"\x1f\x8b":
        unpacked = gzip.decompress(content)
        yield " (unpacked)", unpacked
        if unpacked[:4] in (b"PAR1", b"ARRO", b"\xff\xff\xff\xff"):
            yield " (unpacked, rows)", _rows(unpacked)
    elif content[:6] == b"ARROW1" or path.suffix == ".arrow":
        yield " (rows)", _rows(content)
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f" ({name})", archive.read(name)
    elif content[:4] == b"PAR1":
        with duckdb.connect() as connection:
            rows = connection.execute("select * from read_parquet(?)", [str(path)]).fetchall()
        yield " (rows)", "\n".join(map(str, rows)).encode()
    elif content[8:12] == b"DUCK":
        # DuckDB packs strings: they do not always stand in the file as they are.
        yield from _values(path)


def _rows(content: bytes) -> bytes:
    """The values of a Parquet file, an Arrow file or an Arrow stream, however they are packed inside."""
    source = pa.BufferReader(content)
    if content[:4] == b"PAR1":
        table = pq.read_table(source)
    elif content[:6] == b"ARROW1":
        table = pa.ipc.open_file(source).read_all()
    else:
        table = pa.ipc.open_stream(source).read_all()
    return "\n".join(map(str, table.to_pylist())).encode()


def _values(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(f'select * from "{schema}"."{table}"').fetchall()
            lines = ("\x1f".join(map(str, row)) for row in rows)
            yield f" ({schema}.{table})", "\n".join(lines).encode()
        views = connection.execute("select sql from duckdb_views() where not internal").fetchall()
        yield " (views)", "\n".join(str(view[0]) for view in views).encode()
