"""Forgetting an account: every row, file and trace of it goes, and counting proves it.

Deleting rows in place would leave their bytes in the free blocks of the file. So the warehouse is written anew
without them: raw tables only, because everything else is made from those. dlt's own records and working folder go
as well (they hold the last packages); dlt makes new ones with the next load. Everything that was built is then
built again from what is left, and where that fails, what shows the account is removed all the same.

A journal in the folder of secrets says what is being forgotten until all of it is done: a forgetting that was cut
short goes on when the command is given again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extract.raw import spool
from extract.raw.loader import set_aside_folder, working_folder
from extract.raw.tables import TABLES
from spotiflow import warehouse
from spotiflow.locks import attach, connect
from spotiflow.privacy import personal_site
from spotiflow.settings import Settings, shown

if TYPE_CHECKING:
    import duckdb

_RAW = warehouse.RAW
_LOADS = "_dlt_loads"

# Tables that say what somebody listened to or was told, with the columns that name tracks.
_NAMING_TRACKS = {
    "streaming_history": ("track_id",),
    "recently_played": ("track_id",),
    "feedback": ("track_id",),
}
_ANSWERS = "recommendations"
_REQUESTS = "recommendation_requests"
_ANSWER_KEY = ("recommender", "user_id", "week_start", "seed_track_id")
_CATALOGUE = "catalogue"

# Longest piece of a file looked at in one go, and how much of the end of the last piece is looked at again.
_CHUNK_BYTES = 1 << 24


@dataclass
class Plan:
    """What there is of an account. `tracks`: ids that only it played and no catalogue holds."""

    user_id: str
    rows: dict[str, int] = field(default_factory=dict)  # raw table -> rows of the account
    tracks: list[str] = field(default_factory=list)
    answers_of_others: int = 0  # recommendations to others that name such tracks
    set_aside: int = 0  # interrupted loads that were set aside, whosever they are
    has_login: bool = False
    has_site: bool = False  # a site of its own, or what it was made from
    is_begun: bool = False  # an earlier attempt was cut short

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the account."""
        return not (any(self.rows.values()) or self.has_login or self.has_site or self.is_begun)


@dataclass(frozen=True)
class Proof:
    """What was looked through, and what was still found."""

    tables: int
    values: int
    files: int
    bytes: int
    found: tuple[str, ...]  # "marts.fct_plays.user_id", "reports/build/…"


def journal(settings: Settings, user_id: str) -> Path:
    """The note of a forgetting that is under way."""
    return settings.home / "forgetting" / f"{user_id}.json"


def plan(settings: Settings, user_id: str, wait: bool, say: Callable[[str], None]) -> Plan:
    """Count what there is; changes nothing."""
    begun = _read_journal(journal(settings, user_id))
    aside = set_aside_folder(settings.warehouse)
    found = Plan(user_id, has_login=any(_secrets_of(settings, user_id)), is_begun=begun is not None)
    found.has_site = personal_site.settings_of(settings, user_id).warehouse.parent.exists()
    found.set_aside = len(list(aside.iterdir())) if aside.is_dir() else 0
    if settings.warehouse.exists():
        with connect(settings.warehouse, read_only=True, wait=wait, say=say) as connection:
            found.rows = _count_rows(connection, user_id)
            found.tracks = _own_tracks(connection, user_id)
            found.answers_of_others = _count_answers(connection, found)
    if begun is not None:
        found.tracks = sorted({*found.tracks, *begun.tracks})
    return found


def forget(settings: Settings, planned: Plan, at: Callable[[str], None]) -> None:
    """Take the account out of the warehouse and remove its secrets. Hold the warehouse's lock meanwhile."""
    _write_journal(journal(settings, planned.user_id), planned)
    if settings.warehouse.exists():
        at("Writing the warehouse without it")
        _rewrite(settings.warehouse, planned)
    at("Removing its login")
    for path in _secrets_of(settings, planned.user_id):
        path.unlink(missing_ok=True)
    _forget_label(settings, planned.user_id)


def clear_caches(settings: Settings) -> None:
    """Remove what builds left behind and will make again: compiled SQL, logs, the site's caches, copies of it.

    Hold the lock of site builds meanwhile: a build that is under way has a folder of its own here.
    """
    evidence = settings.reports / ".evidence"
    targets = [settings.target, evidence / "template" / "static" / "data", evidence / "meta"]
    targets += [settings.reports / "static" / "data", *settings.reports.glob(".build-*")]
    targets += list(settings.site.parent.glob(f".{settings.site.name}-*"))
    targets += list(settings.logs.glob("*")) if settings.logs.is_dir() else []
    for path in targets:
        _remove(path)


def remove_published(settings: Settings) -> None:
    """Remove the published file and the site: what they show cannot be made anew now."""
    settings.published.unlink(missing_ok=True)
    _remove(settings.site)


def remove_site(settings: Settings) -> None:
    """Remove the site alone."""
    _remove(settings.site)


def remove_personal_sites(settings: Settings, planned: Plan) -> list[str]:
    """Remove the account's own site, with its warehouse and published file. Hold the lock of personal sites meanwhile.

    Also those of others that name a track which only this account played: a recommender may have named it to them.
    Returns the names of these.
    """
    names = []
    for own in personal_site.all_of(settings):
        folder = own.warehouse.parent
        if folder.name == planned.user_id:
            _remove(folder)
        elif any(_holds(path, planned) for path in (own.warehouse, own.published) if path.exists()):
            names.append(personal_site.name_of(own))
            _remove(folder)
    folders = personal_site.folder_of_all(settings)
    if folders.is_dir() and not any(folders.iterdir()):
        folders.rmdir()
    return names


def copies(settings: Settings, planned: Plan) -> list[Path]:
    """DuckDB files beside the warehouse and the published file that hold the account: copies made to compare."""
    own = {settings.warehouse.resolve(), settings.published.resolve()}
    folders = {settings.warehouse.parent, settings.published.parent}
    found = []
    for path in sorted(entry for folder in folders if folder.is_dir() for entry in folder.iterdir()):
        if path.is_file() and path.resolve() not in own and _is_duckdb(path) and _holds(path, planned):
            found.append(path)
    return found


def finish(settings: Settings, planned: Plan) -> None:
    """Strike the note: nothing is left to be done."""
    path = journal(settings, planned.user_id)
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def prove(settings: Settings, planned: Plan) -> Proof:
    """Look for the account's `user_id` and for its own tracks in every value and every byte that is left."""
    found: list[str] = []
    tables = values = files = size = 0
    databases = [path for path in (settings.warehouse, settings.published) if path.exists()]
    databases += personal_site.databases(settings)
    for path in databases:
        with connect(path, read_only=True) as connection:
            for schema, table, columns in _text_columns(connection):
                tables += 1
                (rows,) = connection.execute(f"select count(*) from {_name(schema, table)}").fetchone() or (0,)
                values += rows * len(columns)
                found += [
                    f"{shown(path)}: {schema}.{table}.{column}"
                    for column in _hits(connection, schema, table, columns, planned)
                ]
    needles = [text.encode() for text in (planned.user_id, *planned.tracks)]
    pattern = re.compile(b"|".join(map(re.escape, needles)))
    overlap = max(map(len, needles))
    # The journal names the account on purpose, until the proof has been given.
    for path in _files(settings, except_for=journal(settings, planned.user_id)):
        files += 1
        size += path.stat().st_size
        if planned.user_id in str(path) or _contains(path, pattern, overlap):
            found.append(shown(path))
    return Proof(tables, values, files, size, tuple(found))


# --- the warehouse -------------------------------------------------------------------------------------------


def _count_rows(connection: duckdb.DuckDBPyConnection, user_id: str) -> dict[str, int]:
    present = warehouse.tables(connection, _RAW)
    counts = {}
    for table in (name for name, raw in TABLES.items() if name in present and "user_id" in raw.schema.names):
        (rows,) = connection.execute(
            f"select count(*) from {_RAW}.{table} where user_id = ?", [user_id]
        ).fetchone() or (0,)
        counts[table] = int(rows)
    return counts


def _own_tracks(connection: duckdb.DuckDBPyConnection, user_id: str) -> list[str]:
    """Ids of tracks that nobody else played or judged and that no catalogue holds.

    What was only recommended to the account goes with its rows; a track that an outside recommender named to
    somebody else is theirs as well.
    """
    present = warehouse.tables(connection, _RAW)
    named = [
        f"select user_id, {column} as track_id from {_RAW}.{table}"
        for table, columns in _NAMING_TRACKS.items()
        if table in present
        for column in columns
    ]
    if not named:
        return []
    held = [
        f"select track_id from {_RAW}.{table} where provider = '{_CATALOGUE}'"
        for table in ("tracks", "audio_features")
        if table in present
    ] or ["select null where false"]
    rows = connection.execute(
        f"""
        with named as ({" union all ".join(named)}),
        held as ({" union all ".join(held)})
        select track_id from named
        where track_id is not null and track_id not in (select track_id from held)
        group by track_id
        having bool_and(user_id = ?)
        order by track_id
        """,
        [user_id],
    ).fetchall()
    return [str(track_id) for (track_id,) in rows]


def _count_answers(connection: duckdb.DuckDBPyConnection, planned: Plan) -> int:
    if not planned.tracks or _ANSWERS not in warehouse.tables(connection, _RAW):
        return 0
    _register(connection, planned)
    (rows,) = connection.execute(
        f"select count(*) from {_RAW}.{_ANSWERS} where user_id != ? and (track_id in (from own_tracks) "
        "or seed_track_id in (from own_tracks))",
        [planned.user_id],
    ).fetchone() or (0,)
    return int(rows)


def _register(connection: duckdb.DuckDBPyConnection, planned: Plan) -> None:
    connection.execute("create or replace temp table own_tracks (track_id varchar)")
    if planned.tracks:
        connection.executemany("insert into own_tracks values (?)", [[track] for track in planned.tracks])


def _rewrite(path: Path, planned: Plan) -> None:
    """A new warehouse of the raw tables without the account takes the old one's place, whole."""
    import duckdb

    fresh = path.with_name(f"{path.stem}.loading-{os.getpid()}.duckdb")  # swept away by the next load if we are killed
    _remove(fresh)
    try:
        with duckdb.connect(str(fresh)) as connection:
            attach(connection, path, "former")
            _register(connection, planned)
            tables = [
                (str(name), str(sql))
                for name, sql in connection.execute(
                    "select table_name, sql from duckdb_tables() "
                    f"where database_name = 'former' and schema_name = '{_RAW}' order by table_name"
                ).fetchall()
                # Not what dlt keeps about itself, which may name the account's last package (it makes that anew), nor
                # tables of an earlier version, of which nobody knows whose rows they hold.
                if name == _LOADS or name in TABLES
            ]
            connection.execute(f"create schema if not exists {_RAW}")
            present = {name for name, _ in tables}
            for name, sql in tables:
                connection.execute(sql)  # as dlt made it, with its NOT NULLs
                connection.execute(
                    f"insert into {_RAW}.{name} select * from former.{_RAW}.{name} as t where {_stays(name, present)}",
                    {"user_id": planned.user_id} if "$user_id" in _stays(name, present) else None,
                )
            connection.execute("detach former; checkpoint")
        # In this order a crash at any point leaves either all of the account, or none of it, and the journal.
        for folder in (working_folder(path), spool.folder(path), set_aside_folder(path)):
            _remove(folder)
        Path(f"{path}.wal").unlink(missing_ok=True)
        fresh.replace(path)
    finally:
        for leftover in (fresh, Path(f"{fresh}.wal")):
            leftover.unlink(missing_ok=True)
    for leftover in path.parent.glob(f"{path.stem}.loading-*"):
        _remove(leftover)


def _stays(table: str, present: set[str]) -> str:
    """The condition under which a row (alias `t`) of a raw table stays."""
    if table == _LOADS:
        return "true"
    columns = TABLES[table].schema.names if table in TABLES else []
    conditions = []
    if "user_id" in columns:
        conditions.append("t.user_id is distinct from $user_id")
    if table == "rejected_rows":
        # What a service said of a track and was not believed is kept with the track's id, whoever played it.
        conditions.append("not exists (select 1 from own_tracks where contains(t.fields, own_tracks.track_id))")
    if table in (_ANSWERS, _REQUESTS) and _ANSWERS in present:
        # An answer to somebody else goes as a whole: half of one would look like a recommender that knows little.
        same = " and ".join(f"a.{column} = t.{column}" for column in _ANSWER_KEY)
        conditions.append(
            f"not exists (select 1 from former.{_RAW}.{_ANSWERS} as a where {same} "
            "and (a.track_id in (from own_tracks) or a.seed_track_id in (from own_tracks)))"
        )
    elif "track_id" in columns and "user_id" not in columns:
        conditions.append("t.track_id not in (from own_tracks)")
    return " and ".join(conditions) or "true"


# --- secrets -------------------------------------------------------------------------------------------------


def _secrets_of(settings: Settings, user_id: str) -> list[Path]:
    """Every file below the folder of secrets whose name says that it belongs to the account."""
    if not settings.home.is_dir():
        return []
    note = journal(settings, user_id)
    return sorted(path for path in settings.home.rglob(f"*{user_id}*") if path.is_file() and path != note)


def _forget_label(settings: Settings, user_id: str) -> None:
    from extract.sources.spotify_api.accounts import forget_account

    forget_account(settings.home, user_id)


def _write_journal(path: Path, planned: Plan) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(planned), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read_journal(path: Path) -> Plan | None:
    try:
        return Plan(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return Plan(path.stem)  # begun, and what it was about is in its name


# --- proof ---------------------------------------------------------------------------------------------------


def _text_columns(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, list[str]]]:
    rows = connection.execute(
        """
        select columns.schema_name, columns.table_name, list(columns.column_name order by columns.column_index)
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where not tables.internal and columns.database_name = current_database()
            and (columns.data_type like '%VARCHAR%' or columns.data_type = 'BLOB' or columns.data_type like 'STRUCT%')
        group by all
        order by all
        """
    ).fetchall()
    yield from rows


def _hits(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: list[str], planned: Plan
) -> list[str]:
    _register(connection, planned)
    checks = ", ".join(
        f"coalesce(bool_or(contains({_quoted(column)}::varchar, $user_id) "
        f"or {_quoted(column)}::varchar in (from own_tracks)), false)"
        for column in columns
    )
    row = connection.execute(f"select {checks} from {_name(schema, table)}", {"user_id": planned.user_id}).fetchone()
    return [column for column, hit in zip(columns, row or (), strict=False) if hit]


def _holds(path: Path, planned: Plan) -> bool:
    """Whether a DuckDB file names the account; one that cannot be opened is not ours to judge."""
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return any(
                _hits(connection, schema, table, columns, planned)
                for schema, table, columns in _text_columns(connection)
            )
    except duckdb.Error:
        return False


def _files(settings: Settings, except_for: Path) -> Iterator[Path]:
    roots: Iterable[Path] = (
        settings.warehouse,
        Path(f"{settings.warehouse}.wal"),
        working_folder(settings.warehouse),
        spool.folder(settings.warehouse),
        set_aside_folder(settings.warehouse),
        settings.published,
        settings.site,
        settings.target,
        settings.logs,
        settings.reports / ".evidence",
        settings.home,
        personal_site.folder_of_all(settings),
        *settings.warehouse.parent.glob(f"{settings.warehouse.name}.lock*"),
    )
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and not path.is_symlink() and path != except_for:
                yield path


def _contains(path: Path, pattern: re.Pattern[bytes], overlap: int) -> bool:
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            if pattern.search(tail + piece):
                return True
            tail = piece[-overlap:]
    return False


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:12] == b"DUCK"


def _name(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}"


def _quoted(name: Any) -> str:
    return '"' + str(name).replace('"', '""') + '"'


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
