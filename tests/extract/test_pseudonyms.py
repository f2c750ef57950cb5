"""Pseudonyms: stable, keyed, and a key that nobody else can read."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from extract.report import LoadError
from spotiflow.pseudonyms import KEY_FILE, sample_user_id, user_id_for


def test_the_same_label_gives_the_same_id_and_another_key_another(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    first = user_id_for("me", home)
    assert first == user_id_for("me", home)
    assert first != user_id_for("you", home)
    assert first != user_id_for("me", elsewhere)
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


def test_sample_ids_are_equal_everywhere():
    assert sample_user_id("mira") == sample_user_id("mira") != sample_user_id("theo")


def test_key_and_folder_are_for_the_owner_only(tmp_path):
    home = tmp_path / ".spotiflow"
    user_id_for("me", home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    (home / KEY_FILE).chmod(0o644)
    user_id_for("me", home)
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600


def test_a_damaged_key_is_never_replaced(tmp_path):
    user_id_for("me", tmp_path)
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(LoadError, match="damaged"):
        user_id_for("me", tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == b"short"


def _id(home: str) -> str:
    return user_id_for("me", Path(home))


def test_two_processes_that_start_at_once_agree_on_one_key(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_id, [str(tmp_path / "home")] * 8))) == 1
    assert [path.name for path in (tmp_path / "home").iterdir()] == [KEY_FILE]
