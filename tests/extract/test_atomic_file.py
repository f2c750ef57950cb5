"""Files that are whole or not there: what order the system is asked in, and what a failure leaves."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from extract import atomic_file
from extract.atomic_file import make_folder, recover_folder, remove_drafts, swap_in, swap_in_folder, write_whole
from extract.raw import spool
from extract.raw.tables import RawTable
from extract.sources.spotify_api import cached_client
from extract.sources.spotify_api.accounts import KnownAccount, known_accounts, remember_account
from extract.sources.spotify_api.authorise import store_login
from extract.sources.spotify_api.login import TokenFile, token_path
from spotiflow.demo.sandbox import SandboxAccount, SpotifySandbox


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced and moved, in order."""
    seen: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        fsync(descriptor)
        seen.append("folder synced" if is_folder else f"{os.fstat(descriptor).st_size} bytes synced")

    def noted_replace(source: Any, target: Any) -> None:
        replace(source, target)
        seen.append("moved")

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    return seen


_IN_ORDER = ["bytes synced", "moved", "folder synced"]


def _kinds(steps: list[str]) -> list[str]:
    return [step.partition(" ")[2] if "bytes" in step else step for step in steps]


def test_content_is_synced_before_the_name_and_the_name_before_it_counts(tmp_path: Path, steps: list[str]) -> None:
    old_mask = os.umask(0)
    try:
        write_whole(tmp_path / "one", "äöü")
    finally:
        os.umask(old_mask)
    assert steps == ["6 bytes synced", "moved", "folder synced"]
    assert (tmp_path / "one").read_text(encoding="utf-8") == "äöü"
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_finished_draft_is_synced_before_it_takes_the_place(tmp_path: Path, steps: list[str]) -> None:
    draft, target = tmp_path / "draft", tmp_path / "one"
    draft.write_text("123")
    target.write_text("before")
    swap_in(draft, target)
    assert steps == ["3 bytes synced", "moved", "folder synced"]
    assert target.read_text() == "123"
    assert not draft.exists()


def test_a_file_that_must_not_be_replaced_stays(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "key", b"first", replace=False)
    assert not write_whole(tmp_path / "key", b"second", replace=False)
    assert (tmp_path / "key").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_another_ones_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    if not can_exchange:
        monkeypatch.setattr(atomic_file, "_exchange", lambda *_: False)
    target = tmp_path / "site"
    for word in ("first", "second"):
        (draft := tmp_path / "work" / word).mkdir(parents=True)
        (draft / "index.html").write_text(word)
        swap_in_folder(draft, target)
        assert (target / "index.html").read_text() == word
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "work"]


def test_a_swap_of_folders_that_was_cut_in_two_is_undone(tmp_path: Path) -> None:
    for name in (".site-former", ".site-next"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    recover_folder(tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    assert (tmp_path / "site" / "index.html").read_text() == ".site-former"


def test_logins_accounts_and_answers_are_written_so(tmp_path: Path, steps: list[str]) -> None:
    home = tmp_path / "home"
    store_login(home, "me", {"refresh_token": "one"})
    assert _kinds(steps) == _IN_ORDER
    steps.clear()
    remember_account(home, "me", KnownAccount("me"))
    assert _kinds(steps) == _IN_ORDER
    steps.clear()
    spool.keep(tmp_path / "warehouse.duckdb", {"poll_log": [{"user_id": "me", "requested_at": None, "endpoint": "me"}]})
    assert _kinds(steps) == ["folder synced", *_IN_ORDER], "the folder of waiting answers is new"


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), UnicodeError("no text")])
def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    path = tmp_path / "one"
    write_whole(path, "before")

    def fail(_: int) -> None:
        raise fault

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(fault)):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["one"], "no draft with a login in it is left"


def test_drafts_of_killed_runs_go_and_locks_stay(tmp_path: Path) -> None:
    for name in ("a.json", "a.json.12.ab", "a.json.lock", "b.json.12.ab"):
        (tmp_path / name).touch()
    remove_drafts(tmp_path / "a.json")
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "a.json.lock", "b.json.12.ab"}


def test_a_renewal_removes_the_draft_of_a_killed_one(tmp_path: Path) -> None:
    account = SandboxAccount("refresh-0")
    with SpotifySandbox([account], rotates_refresh_tokens=True) as spotify:
        login = {"refresh_token": "refresh-0", "expires_at": int(time.time()) - 5, "client_id": spotify.client_id}
        store_login(tmp_path, "me", login)
        path = token_path("me", tmp_path)
        path.with_name("me.json.99.abcdef").write_text('{"refresh_token": "of a killed run"}')
        cached_client("me", tmp_path, api_base=spotify.url, accounts_base=spotify.url)
    assert [entry.name for entry in path.parent.iterdir()] == ["me.json"]
    assert json.loads(path.read_text())["refresh_token"] == account.refresh_token != "refresh-0"


def test_a_list_of_accounts_takes_its_drafts_along(tmp_path: Path) -> None:
    remember_account(tmp_path, "me", KnownAccount("me"))
    (tmp_path / "accounts.json.99.abcdef").write_text("{")
    remember_account(tmp_path, "you", KnownAccount("you"))
    assert set(known_accounts(tmp_path)) == {"me", "you"}
    assert not (tmp_path / "accounts.json.99.abcdef").exists()


def test_a_login_whose_renewal_was_not_stored_goes_on_where_spotify_still_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the answer and the file, told by a write that never happens."""
    account = SandboxAccount("refresh-0")
    with SpotifySandbox([account], rotates_refresh_tokens=True, keeps_old_refresh_tokens=True) as spotify:
        login = {"refresh_token": "refresh-0", "expires_at": int(time.time()) - 5, "client_id": spotify.client_id}
        store_login(tmp_path, "me", login)

        class Killed(BaseException):
            pass

        def die(*_: object) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(TokenFile, "write", die)
            with pytest.raises(Killed):
                cached_client("me", tmp_path, api_base=spotify.url, accounts_base=spotify.url)
        assert account.refresh_token != "refresh-0", "Spotify answered with another one"
        assert json.loads(token_path("me", tmp_path).read_text())["refresh_token"] == "refresh-0"
        cached_client("me", tmp_path, api_base=spotify.url, accounts_base=spotify.url)
        assert json.loads(token_path("me", tmp_path).read_text())["refresh_token"] == account.refresh_token


def test_a_folder_is_for_its_owner_and_lasts(tmp_path: Path, steps: list[str]) -> None:
    make_folder(tmp_path / "one")
    make_folder(tmp_path / "one")
    assert steps == ["folder synced"]
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o700


@pytest.mark.parametrize(("number", "is_raised"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_file_system_that_syncs_no_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_raised: bool
) -> None:
    fsync = os.fsync

    def fail_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, "no")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_for_folders)
    if is_raised:
        with pytest.raises(OSError, match="no"):
            write_whole(tmp_path / "one", "text")
    else:
        write_whole(tmp_path / "one", "text")
    assert (tmp_path / "one").read_text() == "text"


def test_an_answer_is_on_disk_before_anything_else_is_done_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrow's first table makes a process import pandas: half a second in which a kill would lose the page."""
    warehouse = tmp_path / "warehouse.duckdb"
    row = {"user_id": "me", "requested_at": None, "endpoint": "me"}

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(RawTable, "from_rows", die)
        with pytest.raises(Killed):
            spool.keep(warehouse, {"poll_log": [row]})
    (kept,) = spool.waiting(warehouse)
    assert spool.read(kept).tables["poll_log"] == [row]


def test_what_no_table_takes_is_not_kept(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with pytest.raises(KeyError, match="no columns"):
        spool.keep(warehouse, {"poll_log": [{"user_id": "me", "mood": "good"}]})
    assert spool.waiting(warehouse) == []
