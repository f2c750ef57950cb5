"""The power cut of the scenarios takes back what was not synced, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

_RUN = """
import os, sys
from pathlib import Path
from tests.chaos.power import Disk
disk, deaf = Disk(), False
def audit(event, arguments):
    global deaf
    if deaf or event not in ("open", "os.rename", "os.remove", "os.mkdir") or isinstance(arguments[0], int):
        return
    deaf = True
    disk.before(event, Path(os.fsdecode(arguments[0])), arguments)
    deaf = False
sys.addaudithook(audit)
disk.watch_syncs()
place = Path(sys.argv[1])
def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
exec(sys.argv[2])
deaf = True
disk.cut_power()
"""


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ("(place / 'a.json').write_text('123456')", {"a.json": "123"}),
        ("(place / 'a.json').write_text('123456'); sync(place / 'a.json')", {"a.json": "123456"}),
        (
            "(place / 'a.part').write_text('123456'); sync(place / 'a.part');"
            "(place / 'a.part').rename(place / 'a.json')",
            {"a.part": "123456"},
        ),
        (
            "(place / 'a.part').write_text('123456'); sync(place / 'a.part');"
            "(place / 'a.part').rename(place / 'a.json'); sync(place)",
            {"a.json": "123456"},
        ),
        (
            "(place / 'a.part').write_text('123456'); (place / 'a.part').rename(place / 'a.json'); sync(place)",
            {"a.json": "123"},
        ),
        (
            "(place / 'a.json').write_text('old'); sync(place / 'a.json');"
            "(place / 'b').write_text('new'); sync(place / 'b'); (place / 'b').replace(place / 'a.json')",
            {"a.json": "old", "b": "new"},
        ),
    ],
)
def test_what_was_not_synced_is_gone(tmp_path: Path, what: str, left: dict[str, str]) -> None:
    place = tmp_path / "warehouse.spool"
    place.mkdir()
    subprocess.run([sys.executable, "-c", _RUN, str(place), what], cwd=PROJECT, check=True, timeout=60)
    assert {path.name: path.read_text() for path in place.iterdir()} == left


def test_a_folder_that_was_not_synced_is_gone(tmp_path: Path) -> None:
    place = tmp_path / "warehouse.spool"
    for what, is_left in (("place.mkdir()", False), ("place.mkdir(); sync(place.parent)", True)):
        subprocess.run([sys.executable, "-c", _RUN, str(place), what], cwd=PROJECT, check=True, timeout=60)
        assert place.exists() is is_left
