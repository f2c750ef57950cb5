"""`tests/README.md` names tests that exist, and leaves out no module."""

from __future__ import annotations

import re

from tests.conftest import PROJECT

README = (PROJECT / "tests" / "README.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", README)


def test_everything_named_exists() -> None:
    assert len(NAMED) > 60
    missing = [file for file, _ in NAMED if not (PROJECT / file).exists()]
    missing += [
        f"{file}::{test}"
        for file, test in NAMED
        if test and f"def {test}(" not in (PROJECT / file).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_every_module_holds_a_guarantee() -> None:
    """Those of pages are named by their folder."""
    modules = {str(path.relative_to(PROJECT)) for path in (PROJECT / "tests").rglob("test_*.py")}
    named = {file for file, _ in NAMED} | {"tests/test_guarantees.py"}
    unnamed = {module for module in modules - named if not module.startswith("tests/reports/")}
    assert unnamed == set()


def test_what_is_said_to_be_long_is_long() -> None:
    for line in README.splitlines():
        if "(long)" in line:
            for file, test in re.findall(r"`(tests/[\w./]+\.py)(?:::(\w+))?` \(long\)", line):
                text = (PROJECT / file).read_text(encoding="utf-8")
                assert "pytest.mark.long" in text, file
                assert not test or re.search(rf"mark\.long\n(?:@.*\n)*def {test}\(", text), f"{file}::{test}"
