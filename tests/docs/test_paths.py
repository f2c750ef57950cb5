"""Every file, folder and heading that a page of prose names or links to exists."""

from __future__ import annotations

import re

from tests.conftest import PROJECT

PAGES = sorted(
    page.relative_to(PROJECT)
    for folder in ("", "docs", "benchmarks", "extract", "spotiflow", "reports")
    for page in (PROJECT / folder).glob("*.md" if folder in ("", "reports") else "**/*.md")
)
# Paths below these folders of the repository; what is made when SpotiFlow runs (data/, logs/) is another matter.
_PATH = re.compile(
    r"(?<![\w./-])((?:extract|spotiflow|models|seeds|macros|tests|reports|docs|benchmarks|contracts|requirements|\.github)"
    r"/[\w./*-]*\w/?)"
)
_MADE = ("reports/build", "reports/node_modules", "docs/index.html")  # the last one in the built site
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def paths(text: str) -> set[str]:
    """Paths between backticks that begin with a folder of the repository."""
    return {
        found[1].rstrip("/")
        for code in re.findall(r"`([^`\n]+)`", text)
        for found in _PATH.finditer(code)
        if not found[1].startswith(_MADE)
    }


def exists(path: str) -> bool:
    """Whether a path, or a pattern, names something. A decision may be named by its number alone.

    Of a file that is to be made (NAME), the folder has to be there, and its own folder may be new.
    """
    if "NAME" in path:
        path = path.partition("NAME")[0].rpartition("/")[0]
    pattern = f"{path}-*.md" if re.fullmatch(r"docs/decisions/\d{4}", path) else path
    return any(PROJECT.glob(pattern))


def test_paths_exist() -> None:
    named = [(page, path) for page in PAGES for path in paths((PROJECT / page).read_text(encoding="utf-8"))]
    assert [(str(page), path) for page, path in named if not exists(path)] == []


def test_modules_exist() -> None:
    """Those that a page of a folder names without the folder."""
    for page in PAGES:
        text = (PROJECT / page).read_text(encoding="utf-8")
        named = re.findall(r"`(\w+\.py)`", text)
        assert [name for name in named if not any((PROJECT / page).parent.rglob(name))] == [], page


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        here = PROJECT / page
        text = re.sub(r"```.*?```", "", here.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target, anchor in _LINK.findall(text):
            if "://" not in target:
                there = here.parent / target if target else here
                assert there.exists(), f"{page}: {target}"
                assert not anchor or anchor in anchors(there.read_text(encoding="utf-8")), f"{page}: {target}#{anchor}"


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_ten_changes_touch_five_files_at_most() -> None:
    text = (PROJECT / "docs" / "changing.md").read_text(encoding="utf-8")
    changes = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))
    assert len(changes) == 10
    for change, body in changes.items():
        read, touch = re.fullmatch(r".*- \*\*Read\*\*(.*)- \*\*Touch\*\*\n(.*)", body, flags=re.DOTALL).groups()  # type: ignore[union-attr]
        touched = paths(re.match(r"(?:  .*\n)+", touch)[0])  # type: ignore[index]
        assert 1 < len(touched) <= 5, change
        assert read.strip(), change


def test_changes_name_what_is_in_the_files() -> None:
    """Names of code between backticks stand in a file that the same item names."""
    text = (PROJECT / "docs" / "changing.md").read_text(encoding="utf-8")
    named = 0
    for item in re.split(r"^ *- ", text, flags=re.MULTILINE):
        files = [PROJECT / path for path in paths(item) if (PROJECT / path).is_file()]
        for name in re.findall(r"`(\w+:?)`", item) if files else ():
            named += 1
            assert any(re.search(rf"\b{name}", file.read_text(encoding="utf-8")) for file in files), name
    assert named >= 8


def test_paths_are_found() -> None:
    text = "`extract/raw/tables.py` and `spotiflow/cli/`, not `me/extract/x` nor `reports/build`; `docs/decisions/0028`"
    assert paths(text) == {"extract/raw/tables.py", "spotiflow/cli", "docs/decisions/0028"}
    assert [exists(path) for path in ("extract/raw", "docs/decisions/0028", "workflow/cli.py")] == [True, True, False]
    assert [exists(path) for path in ("extract/sources/NAME/client.py", "nowhere/NAME.py")] == [True, False]
    assert anchors("# Where things are\n\n## 1. Rooms: why?\n") == {"where-things-are", "1-rooms-why"}
    assert len(PAGES) > 40
