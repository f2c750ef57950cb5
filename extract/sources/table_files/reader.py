"""The one reader of table files. Catalogues, feedback and recommendations are declarations of it: a `TableFile` each.

Every row of a file ends up in one of four ways, told in the file's report: loaded, an exact repeat, rejected with a
reason (kept in `rejected_rows` with its number in the file), or unreadable (rejected as well). Reading happens in a
scratch database, so that a large file need not fit in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from extract.arrow import batches, content_hash
from extract.batch import Batch
from extract.raw.tables import LOAD_LOG, REJECTED_ROWS, TABLES
from extract.report import FIRST_ROWS, FileReport, LoadError, LoadReport, Progress, silent
from extract.sources.table_files.tabular import ROW, identifier, read_table
from extract.stored import Stored

TRACK_ID = r"(^|[:/])([0-9A-Za-z]{22})($|[?])"
"""A Spotify track id: bare, in a URI, or in an address. Group 2 is the id."""

Check = tuple[str, str]
"""An SQL condition and the reason for which it rejects a row (the content of an SQL string)."""


@dataclass(frozen=True)
class First:
    """A value of the first row of a group: repeats and contradictions are told by it."""

    value: str  # SQL
    of_same: tuple[str, ...]  # the columns that make the group


@dataclass(frozen=True)
class TableFile:
    """What one kind of file looks like. SQL in it sees `<column>_text` of every column, and what `typed` adds.

    `checks` judge a row by itself, `conflicts` against the first row of its group (`firsts`; `first_row` is the number
    of the first row with the same `key`); the first condition that holds names the reason. A sound row that is not the
    first with its `key` is a repeat. `tables` select from `accepted`; `rejected_fields` is all that is kept of a
    rejected row.
    """

    source: str  # `load_log.source`
    title: str
    columns: Mapping[str, Sequence[str]]  # name -> names under which files have it; the first that is there counts
    required: Sequence[str]
    hint: str  # a sentence: what such a file needs
    typed: Mapping[str, str]
    checks: Sequence[Check]
    key: tuple[str, ...]
    conflicts: Sequence[Check]
    rejected_fields: Mapping[str, str]
    tables: Mapping[str, str]  # raw table -> SQL
    firsts: Mapping[str, First] = field(default_factory=dict)
    nothing_sound: str | None = None  # the problem of a file with rows none of which can be used
    has_listeners: bool = False  # rows belong to listeners: columns `account` and perhaps `user_id`


@dataclass(frozen=True)
class Listeners:
    """Whose rows a file may hold. `account`: the label that rows without one belong to."""

    user_id_of: Callable[[str], str]  # label -> user_id
    known: Collection[str]  # user_ids
    account: str | None = None


@dataclass
class TableBatch(Batch):
    """A batch, and the scratch database that it is read from: tables `judged`, `accepted`, `rejected`."""

    scratch: duckdb.DuckDBPyConnection
    columns: frozenset[str]  # which of the declared columns the file has

    @property
    def file(self) -> FileReport:
        """The report of the one file."""
        return self.report.files[0]


@contextmanager
def read_table_file(
    kind: TableFile,
    path: Path,
    *,
    values: Mapping[str, Any] | None = None,
    listeners: Listeners | None = None,
    stored: Stored | None = None,
    now: datetime | None = None,
    progress: Progress = silent,
) -> Iterator[TableBatch]:
    """Read a file as its kind says. The batch can be read until the context ends.

    SQL of the kind sees `given`, a table of one row: `values`, `now` (naive UTC) and `first_loaded_at`.

    Raises:
        LoadError: the file is not a table of this kind.
    """
    progress(f"Reading {path.name}")
    with (
        tempfile.TemporaryDirectory(prefix="spotiflow-") as folder,
        duckdb.connect(str(Path(folder) / "scratch.duckdb")) as connection,
    ):
        connection.execute(
            "set TimeZone = 'UTC'; set autoload_known_extensions = false; set python_enable_replacements = false; "
            "pragma disable_checkpoint_on_shutdown"  # the database is thrown away
        )
        now = now or datetime.now(UTC).replace(tzinfo=None)
        names = read_table(connection, path, kind.hint)
        key = {"user_id": "", "source": kind.source, "file": path.name, "content_hash": content_hash(path)}
        first = (stored or Stored()).first_loads().get(tuple(key[name] for name in LOAD_LOG.primary_key))
        first_loaded_at = first.loaded_at if first else now
        _note_given(connection, {**(values or {}), "now": now, "first_loaded_at": first_loaded_at})
        columns = _recognise(connection, kind, path, names, listeners)
        _note_texts(connection, columns)
        if kind.has_listeners:
            _note_listeners(connection, listeners)
        _judge(connection, kind, path)
        outcome = _counted(connection, kind, path)
        log = key | {
            "loaded_at": now,
            "first_loaded_at": first_loaded_at,
            "rows_read": outcome.rows_read,
            "rows_loaded": outcome.rows_loaded,
            "rows_set_aside": 0,
            "rows_repeated": outcome.repeated,
            "rows_rejected": outcome.rejected.total(),
            "problem": outcome.problem,
        }
        queries = {**kind.tables, REJECTED_ROWS.name: "select * from rejected"}
        yield TableBatch(
            {
                **{name: batches(connection, query, TABLES[name].schema) for name, query in queries.items()},
                LOAD_LOG.name: [LOAD_LOG.from_rows([log])],
            },
            LoadReport(kind.title, [outcome]),
            connection,
            frozenset(name for name, column in columns.items() if column is not None),
        )


def given(name: str) -> str:
    """SQL: a value that the caller of `read_table_file` gave."""
    return f"(select {name} from given)"


def _note_given(connection: duckdb.DuckDBPyConnection, values: Mapping[str, Any]) -> None:
    columns = ", ".join(f"${name} as {name}" for name in values)
    connection.execute(f"create table given as select {columns}", dict(values))


def _recognise(
    connection: duckdb.DuckDBPyConnection,
    kind: TableFile,
    path: Path,
    names: Sequence[str],
    listeners: Listeners | None,
) -> dict[str, str | None]:
    """The file's name for each declared column. Raises LoadError when a required one is missing."""
    by_lower = {name.strip().lower(): name for name in names}
    columns = {
        column: next((by_lower[alias] for alias in aliases if alias in by_lower), None)
        for column, aliases in kind.columns.items()
    }
    missing = [column for column in kind.required if columns[column] is None]
    if kind.has_listeners and not (listeners and listeners.account):
        owners = [column for column in ("account", "user_id") if column in columns]
        if all(columns[column] is None for column in owners):
            missing.insert(0, " or ".join(owners))
    (rows,) = connection.execute("select count(*) from records").fetchone() or (0,)
    # JSON Lines name their columns in each record: a file without a record lacks none.
    if missing and (names or rows):
        raise LoadError(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
            f"It has: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}. {kind.hint}"
        )
    return columns


def _note_texts(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str | None]) -> None:
    """The view `texts`: the number of each row and every declared column as trimmed text, null when it is empty."""
    texts = ", ".join(
        f"null::varchar as {name}_text"
        if column is None
        else f"nullif(trim({identifier(column)}::varchar), '') as {name}_text"
        for name, column in columns.items()
    )
    connection.execute(f'create view texts as select {ROW} as "row", {texts} from records')


def _note_listeners(connection: duckdb.DuckDBPyConnection, listeners: Listeners | None) -> None:
    """The tables `labels`, `whole_file` and `known_listeners`. Labels go no further than these."""
    assert listeners is not None
    found = connection.execute("select distinct account_text from texts where account_text is not null").fetchall()
    connection.execute("create table labels(label varchar, user_id varchar)")
    if rows := [(label, listeners.user_id_of(label)) for (label,) in sorted(found)]:
        connection.executemany("insert into labels values (?, ?)", rows)
    account = None if listeners.account is None else listeners.user_id_of(listeners.account)
    connection.execute("create table whole_file as select $user_id::varchar as user_id", {"user_id": account})
    known = sorted(listeners.known)
    connection.execute("create table known_listeners as select unnest($known::varchar[]) as user_id", {"known": known})


def _judge(connection: duckdb.DuckDBPyConnection, kind: TableFile, path: Path) -> None:
    """The table `judged` (every readable row with its `reason`) and the views `accepted` and `rejected`."""
    source = "texts"
    if kind.has_listeners:
        owner = (
            f"coalesce({'texts.user_id_text, ' if 'user_id' in kind.columns else ''}labels.user_id, whole_file.user_id)"
        )
        source = f"""(
            select
                texts.*, {owner} as user_id, labels.user_id as user_id_of_label, whole_file.user_id as user_id_of_file,
                known_listeners.user_id is not null as is_known
            from texts
            cross join whole_file
            left join labels on texts.account_text = labels.label
            left join known_listeners on {owner} = known_listeners.user_id
        )"""
    typed = ", ".join(f"{value} as {identifier(name)}" for name, value in kind.typed.items())
    all_firsts = {"first_row": First('"row"', kind.key), **kind.firsts}
    firsts = ", ".join(
        f"first_value({first.value}) over "
        f'(partition by own_reason is null, {", ".join(first.of_same)} order by "row") as {name}'
        for name, first in all_firsts.items()
    )
    owner = "case when is_known then user_id end" if kind.has_listeners else "null::varchar"
    fields = ", ".join(f"{identifier(name)}: {value}" for name, value in kind.rejected_fields.items())
    try:
        connection.execute(
            f"""
            create table judged as
            with typed as (select *, {typed} from {source}),
            checked as (select *, {_reason(kind.checks)} as own_reason from typed),
            compared as (select *, {firsts} from checked)

            select
                *,
                coalesce(own_reason, {_reason(kind.conflicts)}) as reason,
                reason is null and first_row <> "row" as is_repeated
            from compared
            """
        )
        connection.execute("create view accepted as select * from judged where reason is null and not is_repeated")
        connection.execute(
            f"""
            create table rejected as
            select
                md5(concat_ws(chr(31), $source, $file, "row", reason, fields)) as rejection_id,
                user_id, $source as source, $file as file, "row", reason, fields
            from (
                select {owner} as user_id, "row", reason, to_json({{{fields}}})::varchar as fields
                from judged where reason is not null
                union all
                select null, "row", reason, null from unreadable
            )
            """,
            {"source": kind.source, "file": path.name},
        )
    except duckdb.Error as error:
        raise LoadError(f"{path.name} cannot be read to its end: {str(error).splitlines()[0]}") from error


def _reason(checks: Sequence[Check]) -> str:
    return "case " + " ".join(f"when {condition} then '{reason}'" for condition, reason in checks) + " end"


def _counted(connection: duckdb.DuckDBPyConnection, kind: TableFile, path: Path) -> FileReport:
    """The file's report: how many rows ended up how, and the first rows of each reason for rejection."""
    outcome = FileReport(path.name, kind.source)
    for reason, rows, first in connection.execute(
        f"""
        select reason, count(*), list("row" order by "row")[:{FIRST_ROWS}]
        from rejected group by reason order by min("row"), reason
        """
    ).fetchall():
        outcome.rejected[reason], outcome.first_rejected[reason] = rows, first
    loaded, repeated = connection.execute(
        "select count(*) filter (not is_repeated), count(*) filter (is_repeated) from judged where reason is null"
    ).fetchone() or (0, 0)
    outcome.rows_loaded, outcome.repeated = loaded, repeated
    outcome.rows_read = loaded + repeated + outcome.rejected.total()
    if not outcome.rows_read:
        outcome.note = f"{path.name} has no rows"
    elif not loaded:
        outcome.problem = kind.nothing_sound
    return outcome
