"""Tables in parts: no row is lost between the published file and the parts, and a reader fetches their own alone."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pyarrow as pa

from tests.conftest import PROJECT
from tests.reports.conftest import BuiltSite, Visitor

SOURCES = PROJECT / "reports" / "sources" / "marts"
IN_PARTS = sorted(path.stem for path in SOURCES.glob("*.sql") if " as part," in path.read_text(encoding="utf-8"))


def _rows(file: Path) -> pa.Table:
    return pa.ipc.open_stream(gzip.decompress(file.read_bytes())).read_all()


def _query(source: str) -> str:
    return re.sub(r"--.*", "", (SOURCES / f"{source}.sql").read_text(encoding="utf-8"))


def test_there_are_tables_in_parts() -> None:
    assert len(IN_PARTS) > 15


def test_parts_hold_every_row_once(built_site: BuiltSite) -> None:
    """What the source's own query gives, counted by part."""
    for source in IN_PARTS:
        folder = built_site.folder / "data" / "marts" / source
        files = json.loads((folder / "parts.json").read_text(encoding="utf-8"))
        wanted = {
            str(row["part"]): row["n"]
            for row in built_site.rows(f"select part, count(*) as n from ({_query(source)}) group by part")
        }
        assert set(files) == set(wanted), source
        assert {file.name for file in (folder / "parts").iterdir()} == set(files.values()), source
        for part, name in files.items():
            table = _rows(folder / "parts" / name)
            assert set(table["part"].to_pylist()) == {part}, source
            assert table.num_rows == wanted[part], source
        own = list(folder.rglob(f"{source}.parquet"))
        assert [_rows(file).num_rows for file in own] == [0], source


def test_a_reader_fetches_one_listener_alone(visitor: Visitor, built_site: BuiltSite) -> None:
    user_id = str(built_site.row("select user_id from dim_users where has_display_name order by 1")["user_id"])
    fetched: list[str] = []
    visitor.page.on("request", lambda request: fetched.append(request.url))
    visitor.open(f"/weekly-wrapped/?listener={user_id}")
    asked = [re.search(r"/marts/(\w+)/parts/([0-9a-f]{16}\.arrow)", url) for url in fetched]
    parts = [(found[1], found[2]) for found in asked if found]
    assert len(parts) > 5
    for source, name in parts:
        files = json.loads((built_site.folder / "data" / "marts" / source / "parts.json").read_text(encoding="utf-8"))
        (part,) = [part for part, file in files.items() if file == name]
        assert part.startswith(user_id), f"{source} fetched {part}"


def test_parts_that_are_the_same_share_a_name_only_in_their_table(built_site: BuiltSite) -> None:
    """A part is named by what is in it: after a change a reader's browser cannot take the old one for the new."""
    for source in IN_PARTS:
        folder = built_site.folder / "data" / "marts" / source
        files = json.loads((folder / "parts.json").read_text(encoding="utf-8"))
        assert len(set(files.values())) == len(files), source
