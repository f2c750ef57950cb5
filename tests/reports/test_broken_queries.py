"""The tests of each page notice when its SQL is wrong: a misspelt column, a missing table, an answer without rows.

A build keeps the SQL of a page as it is written. So each fault is put into a copy of the built site, and the page's own
tests run against it: they must fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.reports.conftest import BuiltSite

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


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("page", pages())
def test_a_fault_in_a_page_is_noticed(built_site: BuiltSite, tmp_path: Path, page: str, fault: str) -> None:
    queries = list(own_queries(page).items())
    name, sql = queries[FAULTS.index(fault) % len(queries)]
    assert with_fault(sql, fault) != sql, f"{page}: {name} has no place for this fault"
    copy = tmp_path / "site"
    assert break_site(built_site.folder, copy, sql, fault), f"the SQL of {page}: {name} is not in the built site"
    tests = PROJECT / "tests" / "reports" / f"{TESTS.get(page, f'test_{page}'.replace('-', '_'))}.py"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            str(tests),
            "-x",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
        ],
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
    assert done.returncode == 1, f"{name}: nobody noticed ({done.returncode})\n{done.stdout[-2000:]}"
    assert "failed" in done.stdout or "error" in done.stdout
