"""The tests of each page notice when its SQL is wrong: a misspelt column, a missing table, an answer without rows.

A build keeps the SQL of a page that asks its reader something as it is written: the browser runs it. So each fault is
put into a copy of the built site, and the page's own tests run against it: they must fail. A page without a choice is
answered while it is built: there a wrong name stops the build, and of an answer without rows its tests must speak.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from tests.conftest import PROJECT, Place
from tests.reports.conftest import BuiltSite
from tests.spotiflow.conftest import copy_project

pytestmark = pytest.mark.long

PAGES = PROJECT / "reports" / "pages"
# Where the tests of a page are; without an entry in the file of its name
TESTS = {
    "index": "test_home",
    "track": "test_search",
    "artist": "test_search",
}
FAULTS = ("misspelt column", "missing table", "no rows")


def own_queries(page: str) -> dict[str, str]:
    """Name → SQL of the queries that stand in a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return dict(re.findall(r"```sql (\w+)\n(.*?)\n```", text, re.DOTALL))


def pages() -> list[str]:
    """Every page that has queries."""
    return sorted(path.stem for path in PAGES.glob("*.md") if own_queries(path.stem))


def with_fault(sql: str, fault: str) -> str:
    """The same SQL with something wrong in it."""
    if fault == "misspelt column":
        listed = re.sub(r"(\n {4}(?:\w+\.)?)(\w+)(,\n)", r"\1\2_misspelt\3", sql, count=1)
        return listed if listed != sql else re.sub(r"\((\w+)\)", r"(\1_misspelt)", sql, count=1)
    if fault == "missing table":
        return re.sub(r"\bmarts\.(\w+)", r"marts.\1_missing", sql, count=1)
    return f"select * from (\n{sql}\n) where false"


def in_a_script(sql: str) -> re.Pattern[str]:
    """Finds a page's SQL in a built script: inputs belong to a variable with a short name, lines may be escaped."""
    parts = re.split(r"(\$\{inputs\.\w+\}|\n)", sql)
    pattern = ""
    for part in parts:
        if part == "\n":
            pattern += r"(?:\n|\\n)"
        elif part.startswith("${inputs."):
            pattern += r"\$\{\w+" + re.escape(part.removeprefix("${inputs"))
        else:
            pattern += re.escape(part)
    return re.compile(pattern)


def break_site(site: Path, copy: Path, sql: str, fault: str) -> int:
    """Copy a site and put a fault into a query, on every page that has it; how often it was there."""

    def broken(found: re.Match[str]) -> str:
        if "\n" in found[0]:
            return with_fault(found[0], fault)
        return with_fault(found[0].replace("\\n", "\n"), fault).replace("\n", "\\n")

    shutil.copytree(site, copy, copy_function=os.link)
    places = 0
    for file in sorted((copy / "_app" / "immutable" / "nodes").glob("*.js")):
        text, found = in_a_script(sql).subn(broken, file.read_text(encoding="utf-8"))
        if found:
            file.unlink()  # the site has a second name for it
            file.write_text(text, encoding="utf-8")
            places += found
    return places


def is_answered_while_built(page: str) -> bool:
    """Whether nothing on the page hangs on a choice."""
    return "${inputs." not in (PAGES / f"{page}.md").read_text(encoding="utf-8")


WHOLE = [page for page in pages() if is_answered_while_built(page)]
ASKING = [page for page in pages() if page not in WHOLE]


def notice(built_site: BuiltSite, copy: Path, page: str) -> None:
    """The page's own tests fail on this copy of the site."""
    tests = PROJECT / "tests" / "reports" / f"{TESTS.get(page, f'test_{page}'.replace('-', '_'))}.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(tests), "-x", "-q", "-m", "", "--no-header", "-p", "no:cacheprovider"],
        cwd=PROJECT,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
            "SPOTIFLOW_TEST_SITE": str(copy),
            "SPOTIFLOW_TEST_PUBLISHED": str(built_site.published),
            "SPOTIFLOW_TEST_PATIENCE": "6000",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, f"nobody noticed ({done.returncode})\n{done.stdout[-2000:]}"
    assert re.search(r"\d+ (failed|error)", done.stdout)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("page", ASKING)
def test_a_fault_in_a_page_is_noticed(built_site: BuiltSite, tmp_path: Path, page: str, fault: str) -> None:
    queries = [(name, sql) for name, sql in own_queries(page).items() if "${inputs." in sql]
    name, sql = queries[FAULTS.index(fault) % len(queries)]
    assert with_fault(sql, fault) != sql, f"{page}: {name} has no place for this fault"
    copy = tmp_path / "site"
    assert break_site(built_site.folder, copy, sql, fault), f"the SQL of {page}: {name} is not in the built site"
    notice(built_site, copy, page)


def empty(file: Path, length: bool = False) -> None:
    """Take all rows out of an answer; what says how many there are says none."""
    rows = pa.ipc.open_stream(file.read_bytes()).read_all()
    file.unlink()  # the site has a second name for it
    with pa.ipc.new_stream(file, rows.schema) as stream:
        if length:
            none = [pa.array([0], type=field.type) for field in rows.schema]
            stream.write_table(pa.table(none, schema=rows.schema))
        else:
            stream.write_table(rows.slice(0, 0))


@pytest.mark.parametrize("page", WHOLE)
def test_an_answer_without_rows_is_noticed(built_site: BuiltSite, tmp_path: Path, page: str) -> None:
    """The answers of a page that is built whole are files: each of its own is emptied."""
    copy = tmp_path / "site"
    shutil.copytree(built_site.folder, copy, copy_function=os.link)
    names = set(own_queries(page))
    all_answers = [json.loads(file.read_text(encoding="utf-8")) for file in (copy / "api").rglob("all-queries.json")]
    (answers,) = [one for one in all_answers if {f"{name}_data" for name in names} <= set(one)]
    for name in names:
        empty(copy / "api" / "prerendered_queries" / f"{answers[f'{name}_data']}.arrow")
        empty(copy / "api" / "prerendered_queries" / f"{answers[f'{name}_length']}.arrow", length=True)
    notice(built_site, copy, page)


def test_wrong_names_in_a_page_that_is_built_whole_stop_the_build(built_site: BuiltSite, tmp_path: Path) -> None:
    """One build with a fault in each of these pages, and the other one in a second copy of it.

    The log names them all, and no site is put in place.
    """
    project = copy_project(tmp_path / "project")
    left_out = shutil.ignore_patterns("node_modules", ".evidence", "build", ".build-*", "screenshots")
    shutil.copytree(PROJECT / "reports", project / "reports", ignore=left_out)
    (project / "reports" / "node_modules").symlink_to(PROJECT / "reports" / "node_modules")
    wrong = []
    for page in WHOLE:
        file = project / "reports" / "pages" / f"{page}.md"
        text = file.read_text(encoding="utf-8")
        sql = next(iter(own_queries(page).values()))
        for fault, name in zip(FAULTS[:2], (page, f"{page}-again"), strict=True):
            broken = with_fault(sql, fault)
            wrong.append((name, re.search(r"\w+_(misspelt|missing)", broken)[0]))  # type: ignore[index]
            file.with_name(f"{name}.md").write_text(text.replace(sql, broken), encoding="utf-8")
    place = Place(tmp_path / "place", project)
    place.published.parent.mkdir(parents=True)
    shutil.copy(built_site.published, place.published)
    done = place.run("site")
    assert done.code == 1, done.text
    assert "The site could not be built" in done.text
    log = place.build_log.read_text(encoding="utf-8", errors="replace")
    assert [(page, name) for page, name in wrong if name not in log] == []
    assert not place.site.exists()
