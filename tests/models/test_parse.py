"""dbt's next version can read the project too: today's warns of nothing, and the YAML fits the next one's schema."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, load_json_from_package
from jsonschema import ValidationError

from tests.conftest import PROJECT, Place
from tests.spotiflow.conftest import copy_project

RESOURCES = sorted(
    path for folder in ("models", "seeds", "macros", "tests") for path in (PROJECT / folder).rglob("_*.yml")
)


def _problems(kind: str, content: Any) -> list[str]:
    """What in a YAML file the schema does not know, and where; the schema is that of dbt v2, which dbt 1.12 brings."""
    validator = CustomDraft7Validator(load_json_from_package(kind, "latest.json"))

    def leaves(error: ValidationError) -> Iterator[ValidationError]:
        yield from (leaf for cause in error.context for leaf in leaves(cause)) if error.context else [error]

    return [
        f"{'.'.join(map(str, leaf.absolute_path))}: {leaf.message}"
        for error in validator.iter_errors(content)
        for leaf in leaves(error)
    ]


def test_yaml_fits_the_next_version() -> None:
    problems = {path.name: _problems("resources", yaml.safe_load(path.read_text("utf-8"))) for path in RESOURCES}
    assert {name: found for name, found in problems.items() if found} == {}


def test_project_file_fits_the_next_version() -> None:
    assert _problems("project", yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"models": [{"name": "days", "config": {"my_own": 1}}]}, "my_own"),
        ({"models": [{"name": "days", "data_tests": [{"unique": {"my_own": 1}}], "colums": []}]}, "colums"),
        ({"models": [{"name": "days", "semantic_model": {"name": "days"}}]}, "enabled"),
    ],
)
def test_the_schema_notices_what_it_does_not_know(content: Any, said: str) -> None:
    assert any(said in problem for problem in _problems("resources", content))


@pytest.mark.long
def test_the_project_is_read_without_a_warning(tmp_path: Path) -> None:
    place = Place(tmp_path / "place", project=copy_project(tmp_path / "project"))
    warnings = {"error": "all", "silence": ["MFConverterIssue"]}  # what dbt_project.yml silences, too
    dbt = Path(sys.executable).parent / "dbt"
    options = ["--warn-error-options", json.dumps(warnings), "--show-all-deprecations", "--no-partial-parse"]
    done = subprocess.run(
        [dbt, *options, "parse", "--project-dir", place.project, "--profiles-dir", place.project],
        cwd=place.project,
        env=place.env | {"DBT_LOG_PATH": str(place.logs)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
