"""The worked examples of docs/definitions.md work as written: rows, commands, their output and the arithmetic.

The blocks of a section are followed in order: `csv` is appended to the seed that was named last, `diff` replaces a
line, `sh` is run, and each line of `text` must be in the output of the commands.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import PROJECT, Place
from tests.spotiflow.conftest import copy_project

PAGE = PROJECT / "docs" / "definitions.md"
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", flags=re.MULTILINE | re.DOTALL)
_SEED = re.compile(r"`(seeds/definitions/\w+\.csv)`")
_NUMBER = r"\d+(?:\.\d+)?"
_EQUATION = re.compile(rf"(\((?:[\d.+×−() ]|\n)+\) / {_NUMBER}) = ({_NUMBER})")


@dataclass(frozen=True)
class Block:
    """One block of a section, with the seed that was named before it."""

    kind: str
    text: str
    seed: str | None


# Their deciles and slopes change with a score, and with them every column.
ORDERED_BY_SCORE = {"feature_engagement", "feature_engagement_slopes"}


def section(title: str) -> str:
    """The text below a heading."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}[^\n]*\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, f"{PAGE.name} has no section “{title}”"
    return found[1]


def blocks(text: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(text):
        indent, kind, content = match.groups()
        named = _SEED.findall(text[: match.start()])
        yield Block(kind, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE), named[-1] if named else None)


def _lines(text: str) -> list[str]:
    """Lines without regard to how widely their columns are set."""
    return [" ".join(line.split()) for line in text.splitlines()]


@dataclass
class Reader:
    """Somebody who does what is written, in a folder of their own."""

    place: Place
    said: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def follow(self, title: str) -> None:
        """Do all that a section says."""
        self.follow_text(section(title))

    def follow_text(self, text: str) -> None:
        """Do all that a part of a section says."""
        for block in blocks(text):
            self.done.append(block.kind)
            if block.kind in ("csv", "diff"):
                assert block.seed is not None, block.text
                self._edit(self.place.project / block.seed, block)
            elif block.kind == "sh":
                self._run(block.text)
            elif block.kind == "text":
                for line in _lines(block.text):
                    assert line in self.said, f"nowhere in what the commands said: {line}\n" + "\n".join(self.said)

    def _edit(self, path: Path, block: Block) -> None:
        text = path.read_text(encoding="utf-8")
        if block.kind == "csv":
            path.write_text(text + block.text, encoding="utf-8")
            return
        old, new = block.text.splitlines()
        assert (old[0], new[0]) == ("-", "+")
        assert text.splitlines().count(old[1:]) == 1, f"{path.name} has no such line: {old[1:]}"
        path.write_text(text.replace(old[1:], new[1:]), encoding="utf-8")

    def _run(self, commands: str) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.place.folder,
            env=self.place.env | {"PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        self.said += _lines(done.stdout)

    def repeat_the_check_of(self, title: str) -> None:
        """Run again the command of another section that looks into the published file."""
        (look,) = [block for block in blocks(section(title)) if block.kind == "sh" and "duckdb.connect" in block.text]
        self._run(look.text)


@pytest.fixture
def new_reader(sample_data: Place, tmp_path: Path) -> Callable[[], Reader]:
    """A reader with the sample, published, and a copy of the project."""

    def make() -> Reader:
        place = Place(tmp_path / "place", project=copy_project(tmp_path / "project"))
        place.warehouse.parent.mkdir(parents=True)
        place.warehouse.write_bytes(sample_data.warehouse.read_bytes())
        place.published.write_bytes(sample_data.published.read_bytes())
        commands = place.folder / ".venv" / "bin"
        commands.mkdir(parents=True)
        # The site takes a minute and changes no number: everything else happens as it does for a reader.
        main = f'exec {Path(sys.executable).parent / "spotiflow"} "$@"'
        spotiflow = f'[ "$1" = refresh ] && set -- "$@" --no-site\n{main}'
        for name, line in (("spotiflow", spotiflow), ("python", f'exec {sys.executable} "$@"')):
            (commands / name).write_text(f"#!/usr/bin/env bash\n{line}\n")
            (commands / name).chmod(0o755)
        return Reader(place)

    return make


@pytest.mark.long
def test_adding_and_then_correcting_a_version(new_reader: Callable[[], Reader]) -> None:
    reader = new_reader()
    reader.follow("Add a version")
    assert reader.done == ["sh", "csv", "csv", "sh", "sh", "text", "sh", "text"]
    columns = _differing_columns(reader.said)
    assert {"energy_score", "score_weights_version"} <= columns
    assert all("energy" in column or "score" in column or "change" in column for column in columns), "as the text says"
    assert not {"musicality_score", "positivity_score", "energy_pct"} & columns
    assert {line.split()[0] for line in reader.said if line} >= ORDERED_BY_SCORE

    reader.said.clear()
    text = section("Correct a version")
    before_the_numbers, step, numbers = text.partition("5. **Check one number by hand**")
    assert step
    reader.follow_text(before_the_numbers)
    columns = _differing_columns(reader.said)
    assert "energy_score" in columns
    assert not any("version" in column for column in columns), "the rows say 2 as before"
    reader.repeat_the_check_of("Add a version")
    reader.follow_text(numbers)


def _differing_columns(said: list[str]) -> set[str]:
    """The columns that `spotiflow diff` named, but for the tables that order tracks by their scores."""
    columns, table = set(), ""
    for line in said:
        # A table is named where what is said of it begins.
        if begun := re.match(r"([a-z_]\w*) (?:\w+ differs in|[\d,]+ rows? |columns? |table is )", line):
            table = begun[1]
        if table not in ORDERED_BY_SCORE and (found := re.search(r"(\w+) differs in [\d,]+ of ", line)):
            columns.add(found[1])
    return columns


@pytest.mark.long
def test_a_fifth_vibe(new_reader: Callable[[], Reader]) -> None:
    reader = new_reader()
    reader.follow("A fifth vibe")
    assert reader.done == ["csv", "csv", "sh", "text"]


@pytest.mark.long
def test_a_new_score(new_reader: Callable[[], Reader]) -> None:
    reader = new_reader()
    reader.follow("A new score")
    assert reader.done == ["csv", "csv", "sh", "text"]


@pytest.mark.parametrize(
    ("title", "equations"),
    [("Add a version", 3), ("Correct a version", 1), ("A new score", 1)],
)
def test_the_arithmetic_is_right(title: str, equations: int) -> None:
    """Every sum that a reader is asked to follow, to the decimals that are shown."""
    found = _EQUATION.findall(section(title))
    assert len(found) == equations
    for left, right in found:
        sum_of = left.replace("×", "*").replace("−", "-").replace("\n", " ")
        assert re.fullmatch(r"[\d.+*/() -]+", sum_of)
        decimals = len(right.partition(".")[2])
        assert round(eval(sum_of), decimals) == float(right), left


def test_the_vars_that_are_named_exist() -> None:
    text = section("Other definitions")
    settings = (PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
    named = re.findall(r"--vars '(\w+): \d{4}-\d{2}-\d{2}'", text)
    assert named == ["definitions_as_of", "definitions_known_at"]
    assert all(f"  {name}: null" in settings for name in named)
