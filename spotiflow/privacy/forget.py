"""Forgetting an account: every row, file and trace of it goes.

A journal in the folder of secrets says what is being forgotten until all of it is done: when the command was cut
short, running it again finishes it. `spotiflow.privacy.proof` searches what is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from extract.atomic_file import remove, write_whole
from extract.raw.loader import set_aside_folder
from extract.sources.spotify_api.accounts import forget_account
from spotiflow.locks import connect
from spotiflow.privacy import forget_rows, personal_site
from spotiflow.privacy.proof import Proof, database_names
from spotiflow.privacy.proof import prove as search
from spotiflow.settings import Settings


@dataclass
class ForgetPlan:
    """What there is of an account. `tracks`: ids that only it played and no catalogue holds."""

    user_id: str
    rows: dict[str, int] = field(default_factory=dict)  # raw table -> rows of the account
    tracks: list[str] = field(default_factory=list)
    answers_of_others: int = 0  # recommendations to others that name such tracks
    set_aside: int = 0  # interrupted loads that were set aside; nobody knows whose they are
    has_login: bool = False
    has_site: bool = False  # a site of its own, or what it was made from
    is_begun: bool = False  # an earlier attempt was cut short

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the account."""
        return not (any(self.rows.values()) or self.has_login or self.has_site or self.is_begun)


def plan(settings: Settings, user_id: str, wait: bool, say: Callable[[str], None]) -> ForgetPlan:
    """Count what there is; changes nothing."""
    begun = _read_journal(_journal(settings, user_id))
    aside = set_aside_folder(settings.warehouse)
    found = ForgetPlan(user_id, has_login=any(_secrets_of(settings, user_id)), is_begun=begun is not None)
    found.has_site = personal_site.settings_of(settings, user_id).warehouse.parent.exists()
    found.set_aside = len(list(aside.iterdir())) if aside.is_dir() else 0
    if settings.warehouse.exists():
        with connect(settings.warehouse, read_only=True, wait=wait, say=say) as connection:
            found.rows = forget_rows.count_rows(connection, user_id)
            found.tracks = forget_rows.own_tracks(connection, user_id)
            found.answers_of_others = forget_rows.count_answers_to_others(connection, user_id, found.tracks)
    if begun is not None:
        found.tracks = sorted({*found.tracks, *begun.tracks})
    return found


def forget(settings: Settings, planned: ForgetPlan, at: Callable[[str], None]) -> None:
    """Remove the account from the warehouse, with its login. Hold the warehouse's lock meanwhile."""
    journal = _journal(settings, planned.user_id)
    journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(journal, json.dumps(asdict(planned)))
    if settings.warehouse.exists():
        at("Writing the warehouse without it")
        forget_rows.rewrite(settings.warehouse, planned.user_id, planned.tracks)
    at("Removing its login")
    for path in _secrets_of(settings, planned.user_id):
        path.unlink(missing_ok=True)
    forget_account(settings.home, planned.user_id)


def clear_caches(settings: Settings) -> None:
    """Remove what builds leave behind and will make again: compiled SQL, logs, the site's caches and copies.

    Hold the lock of site builds meanwhile: a build that is under way has a folder of its own here.
    """
    evidence = settings.reports / ".evidence"
    targets = [settings.target, evidence / "template" / "static" / "data", evidence / "meta"]
    targets += [settings.reports / "static" / "data", *settings.reports.glob(".build-*")]
    targets += list(settings.site.parent.glob(f".{settings.site.name}-*"))
    targets += list(settings.logs.glob("*")) if settings.logs.is_dir() else []
    for path in targets:
        remove(path)


def remove_published(settings: Settings) -> None:
    """Remove the published file and the site, when they cannot be rebuilt now."""
    settings.published.unlink(missing_ok=True)
    remove(settings.site)


def remove_site(settings: Settings) -> None:
    """Remove the site alone."""
    remove(settings.site)


def remove_personal_sites(settings: Settings, planned: ForgetPlan) -> list[str]:
    """Remove the account's own site, with its warehouse and published file. Hold the lock of personal sites meanwhile.

    Sites of others go too if they name a track that only this account played: a recommender may have named it to them.
    Returns the names of these.
    """
    names = []
    for own in personal_site.all_of(settings):
        folder = own.warehouse.parent
        files = [path for path in (own.warehouse, own.published) if path.exists()]
        if folder.name == planned.user_id:
            remove(folder)
        elif any(database_names(path, planned.user_id, planned.tracks) for path in files):
            names.append(personal_site.name_of(own))
            remove(folder)
    folders = personal_site.folder_of_all(settings)
    if folders.is_dir() and not any(folders.iterdir()):
        folders.rmdir()
    return names


def copies(settings: Settings, planned: ForgetPlan) -> list[Path]:
    """DuckDB files beside the warehouse and the published file that hold the account: copies made to compare."""
    own = {settings.warehouse.resolve(), settings.published.resolve()}
    folders = {settings.warehouse.parent, settings.published.parent}
    return [
        path
        for path in sorted(entry for folder in folders if folder.is_dir() for entry in folder.iterdir())
        if path.is_file()
        and path.resolve() not in own
        and _is_duckdb(path)
        and database_names(path, planned.user_id, planned.tracks)
    ]


def prove(settings: Settings, planned: ForgetPlan) -> Proof:
    """Search all that is left for the account."""
    return search(settings, planned.user_id, planned.tracks, except_for=_journal(settings, planned.user_id))


def finish(settings: Settings, planned: ForgetPlan) -> None:
    """Remove the journal: nothing is left to do."""
    path = _journal(settings, planned.user_id)
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _journal(settings: Settings, user_id: str) -> Path:
    """Says what is being forgotten while that is under way."""
    return settings.home / "forgetting" / f"{user_id}.json"


def _read_journal(path: Path) -> ForgetPlan | None:
    try:
        return ForgetPlan(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return ForgetPlan(path.stem)  # its name says whom it is about


def _secrets_of(settings: Settings, user_id: str) -> list[Path]:
    """Every file below the folder of secrets whose name says that it belongs to the account."""
    if not settings.home.is_dir():
        return []
    journal = _journal(settings, user_id)
    return sorted(path for path in settings.home.rglob(f"*{user_id}*") if path.is_file() and path != journal)


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:12] == b"DUCK"
