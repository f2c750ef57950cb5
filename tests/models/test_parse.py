"""dbt has nothing to warn of when it reads the project: what it deprecates today, its next version refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Place
from tests.workflow.conftest import copy_project

# Says of hidden metrics that a file in another format leaves them out; dbt_project.yml silences it too.
_WARNINGS = {"error": "all", "silence": ["MFConverterIssue"]}


def _parse(place: Place) -> subprocess.CompletedProcess[str]:
    dbt = Path(sys.executable).parent / "dbt"
    options = ["--warn-error-options", json.dumps(_WARNINGS), "--show-all-deprecations", "--no-partial-parse"]
    return subprocess.run(
        [dbt, *options, "parse", "--project-dir", place.project, "--profiles-dir", place.project],
        cwd=place.project,
        env=place.env | {"DBT_LOG_PATH": str(place.logs)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "place", project=copy_project(tmp_path / "project"))


def test_the_project_is_read_without_a_warning(place: Place) -> None:
    done = _parse(place)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_deprecated_place_is_noticed(place: Place) -> None:
    old, new = "          arguments:\n            columns: [user_id]", "          columns: [user_id]"
    path = place.project / "models" / "marts" / "listening" / "_listening__models.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    done = _parse(place)
    assert done.returncode != 0
    assert "eprecat" in done.stdout + done.stderr
