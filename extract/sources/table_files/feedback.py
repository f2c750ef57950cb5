"""A file of feedback, a statement a row, into `raw_spotify.feedback`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from extract.arrow import batches, content_hash
from extract.raw.load_log import first_loads, key_of
from extract.raw.loader import load_tables
from extract.raw.tables import FEEDBACK, LOAD_LOG, REJECTED_ROWS
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from extract.sources.spotify_export.settings import EARLIEST_END, FUTURE_HOURS
from extract.sources.table_files.tabular import ROW, identifier, read_table, report_rejected

SOURCE = "feedback"

KINDS = ("saved", "liked", "disliked", "rating")

_NAMES = {
    "account": ("account", "label", "user"),
    "track": ("track", "track_id", "uri", "track_uri", "spotify_track_uri"),
    "feedback": ("feedback", "kind", "type"),
    "when": ("when", "given_at", "timestamp", "date"),
    "rating": ("rating", "value", "score"),
    "rating_max": ("rating_max", "scale"),
}
_BEST_RATING = 5.0  # stars, where a file does not say otherwise


def load_feedback(
    warehouse: Path,
    path: Path,
    pseudonym: Callable[[str], str],
    known: Collection[str],
    *,
    account: str | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load a file of feedback (columns: README.md). Loading it again changes nothing.

    `pseudonym` turns a label into a `user_id`; `known` are the `user_id`s whose listening is loaded; `account` is the
    label of every row of a file that names none; `now` is naive UTC.

    Raises:
        LoadError: the file is none of feedback at all; nothing is written then.
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    outcome = FileReport(path.name, SOURCE)
    progress(f"Reading {path.name}")
    with (
        tempfile.TemporaryDirectory(prefix="spotiflow-") as folder,
        duckdb.connect(str(Path(folder) / "scratch.duckdb")) as connection,
    ):
        connection.execute(
            "set TimeZone = 'UTC'; set autoload_known_extensions = false; "
            "pragma disable_checkpoint_on_shutdown"  # it is thrown away
        )
        required = ("track", "feedback", "when") if account else ("account", "track", "feedback", "when")
        _read(connection, path, required)
        _name_listeners(connection, pseudonym, known, account)
        _classify(connection, path.name, now, outcome)
        log = {
            "user_id": "",
            "source": SOURCE,
            "file": path.name,
            "content_hash": content_hash(path),
            "loaded_at": now,
            "rows_read": outcome.rows_read,
            "rows_loaded": outcome.rows_loaded,
            "rows_set_aside": 0,
            "rows_repeated": outcome.repeated,
            "rows_rejected": outcome.rejected.total(),
            "problem": outcome.problem,
        }
        first = first_loads(warehouse).get(key_of(log))
        log["first_loaded_at"] = first.loaded_at if first else now
        load_tables(
            warehouse,
            {
                FEEDBACK.name: batches(connection, _FEEDBACK, FEEDBACK.schema),
                REJECTED_ROWS.name: batches(connection, "select * from rejected", REJECTED_ROWS.schema),
                LOAD_LOG.name: [LOAD_LOG.from_rows([log])],
            },
            progress,
        )
    return LoadReport("Feedback", [outcome])


def _read(connection: duckdb.DuckDBPyConnection, path: Path, required: Sequence[str]) -> None:
    """The table `given_rows`: "row", and every column of `_NAMES` as text."""
    columns = read_table(connection, path, f"It needs the columns {', '.join(required)}.")
    by_lower = {column.strip().lower(): column for column in columns}
    found = {name: next((by_lower[a] for a in aliases if a in by_lower), None) for name, aliases in _NAMES.items()}
    (readable,) = connection.execute("select count(*) from records").fetchone() or (0,)
    # JSON Lines name their columns in each record: without a record there are none to miss.
    if (missing := [name for name in required if found[name] is None]) and (columns or readable):
        raise LoadError(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
            f"It has: {', '.join(columns[:12])}{', …' if len(columns) > 12 else ''}. It needs {', '.join(required)}."
        )
    texts = ", ".join(
        f"nullif(trim({identifier(column)}::varchar), '') as {identifier(name)}"
        if column is not None
        else f"null::varchar as {identifier(name)}"
        for name, column in found.items()
    )
    connection.execute(f'create table given_rows as select {ROW} as "row", {texts} from records')


def _name_listeners(
    connection: duckdb.DuckDBPyConnection, pseudonym: Callable[[str], str], known: Collection[str], account: str | None
) -> None:
    """The table `listeners`: label, user_id (null when nothing of the account is loaded)."""
    if account is not None:
        connection.execute("update given_rows set account = $account where account is null", {"account": account})
    connection.execute("create table listeners (account varchar, user_id varchar)")
    labels = [row[0] for row in connection.execute("select distinct account from given_rows").fetchall() if row[0]]
    for label in labels:
        user_id = pseudonym(label)
        connection.execute("insert into listeners values (?, ?)", [label, user_id if user_id in known else None])


def _classify(connection: duckdb.DuckDBPyConnection, file: str, now: datetime, outcome: FileReport) -> None:
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    connection.execute(
        f"""
        create table classified as
        with typed as (
            select
                given_rows."row",
                given_rows.account,
                listeners.user_id,
                given_rows.track as track_text,
                nullif(regexp_extract(given_rows.track, '(^|[:/])([0-9A-Za-z]{{22}})($|[?])', 2), '') as track_id,
                lower(given_rows.feedback) as kind,
                given_rows."when" as when_text,
                try_cast(given_rows."when" as timestamptz)::timestamp as given_at,
                given_rows.rating as rating_text,
                try_cast(given_rows.rating as double) as rating_number,
                given_rows.rating_max as rating_max_text,
                coalesce(try_cast(given_rows.rating_max as double), {_BEST_RATING}) as best
            from given_rows
            left join listeners on given_rows.account = listeners.account
        ),

        judged as (
            select
                *,
                case
                    when account is null then 'account missing'
                    when user_id is null then 'nothing of this account is loaded here'
                    when track_text is null then 'track missing'
                    when track_id is null then 'track is not a Spotify track id'
                    when kind is null then 'feedback missing'
                    when kind not in ({kinds}) then 'feedback is none of {", ".join(KINDS)}'
                    when when_text is null then 'when missing'
                    when given_at is null then 'when is not a time'
                    when given_at < timestamp '{EARLIEST_END}' then 'when is before Spotify was founded (2006)'
                    when given_at > $now::timestamp + interval {FUTURE_HOURS} hour
                        then 'when is more than {FUTURE_HOURS} hours in the future'
                    when kind != 'rating' and rating_text is not null then 'a rating beside another feedback'
                    when kind = 'rating' and rating_text is null then 'rating missing'
                    when kind = 'rating' and (rating_number is null or not isfinite(rating_number))
                        then 'rating is not a number'
                    when rating_max_text is not null and (
                        try_cast(rating_max_text as double) is null or not isfinite(best) or best <= 0
                    ) then 'rating_max is not a number above 0'
                    when kind = 'rating' and rating_number not between 0 and best
                        then 'rating is outside 0 to rating_max'
                end as own_reason
            from typed
        ),

        compared as (
            select
                *,
                case when kind = 'rating' then rating_number / best end as rating,
                row_number() over same > 1 as is_later,
                first_value(case when kind = 'rating' then rating_number / best end) over same as first_rating
            from judged
            window same as (partition by own_reason is null, user_id, track_id, kind, given_at order by "row")
        )

        select
            *,
            coalesce(
                own_reason,
                case
                    when is_later and rating is distinct from first_rating
                        then 'the same rating stands before with another value'
                end
            ) as reason,
            own_reason is null and is_later and rating is not distinct from first_rating as is_repeated
        from compared
        """,
        {"now": now},
    )
    # Without the label: raw tables know nobody by it.
    connection.execute(
        """
        create table rejected as
        select
            md5(concat_ws(chr(31), $source, $file, "row", reason, fields)) as rejection_id,
            user_id, $source as source, $file as file, "row", reason, fields
        from (
            select
                "row", reason, user_id,
                to_json({track: track_text, feedback: kind, "when": when_text, rating: rating_text})::varchar as fields
            from classified where reason is not null
            union all
            select "row", reason, null, null from unreadable
        )
        """,
        {"source": SOURCE, "file": file},
    )
    report_rejected(connection, outcome)
    loaded, repeated = connection.execute(
        "select count(*) filter (not is_repeated), count(*) filter (is_repeated) from classified where reason is null"
    ).fetchone() or (0, 0)
    outcome.rows_loaded, outcome.repeated = loaded, repeated
    outcome.rows_read = loaded + repeated + outcome.rejected.total()
    if not outcome.rows_read:
        outcome.note = f"{file} holds no rows"
    elif not loaded:
        outcome.problem = (
            "no row of it could be used; the reasons are above. extract/sources/table_files/feedback.md has the columns"
        )


_FEEDBACK = """
select user_id, track_id, kind, given_at, rating
from classified
where reason is null and not is_repeated
"""
