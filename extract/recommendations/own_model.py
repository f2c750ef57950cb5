"""A team's own model: its recommendations from a file, judged row by row.

One row a recommended track: whose week it was for, the song asked about, the rank and the track. The file may also
say when the model was asked and what it knew (`as_of`); what it does not say is taken to be the worst case.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extract.arrow import batches, content_hash
from extract.load_log import first_loads, key_of
from extract.pipeline import load_tables
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from extract.tables import DATASET, LOAD_LOG, RECOMMENDATION_REQUESTS, RECOMMENDATIONS, REJECTED_ROWS
from extract.tabular import ROW, identifier, read_table

SOURCE = "recommendations"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,39}")

# Names under which files keep the same thing; the first that is there counts.
_NAMES = {
    "account": ("account", "label"),
    "user_id": ("user_id", "user"),
    "week_start": ("week_start", "week"),
    "seed_track_id": ("seed_track_id", "seed_track", "seed", "seed_track_uri"),
    "rank": ("rank", "position"),
    "track_id": ("track_id", "track", "track_uri", "recommended_track_id"),
    "variant": ("variant",),
    "requested_at": ("requested_at",),
    "as_of": ("as_of",),
}
_REQUIRED = ("week_start", "seed_track_id", "rank", "track_id")
_HINT = (
    "Recommendations have a header line: account (or user_id), week_start, seed_track_id, rank, track_id; "
    "if you know them, also as_of, requested_at and variant."
)


def own_name(value: str, reserved: frozenset[str]) -> str:
    """The name of a team's own model; `reserved` come with SpotiFlow. Raises ValueError with the rule."""
    if value in reserved:
        raise ValueError(
            f"'{value}' is the name of a recommender that comes with SpotiFlow ({', '.join(sorted(reserved))}). "
            "Give your model a name of its own."
        )
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"'{value}' is no name for a recommender: 1 to 40 lower-case letters, digits, - or _, beginning with a "
            "letter or digit."
        )
    return value


def own_version(value: str) -> str:
    """The version of a team's own model. Raises ValueError with the rule."""
    if not _VERSION.fullmatch(value):
        raise ValueError(f"'{value}' is no version: 1 to 40 letters, digits, dots, - or _, such as 2026-11-24 or 1.4.")
    return value


@dataclass(frozen=True)
class OwnModel:
    """Whose recommendations a file holds."""

    recommender: str  # as `own_name` gives it
    version: str  # as `own_version` gives it


def load_recommendations(
    warehouse: Path,
    path: Path,
    model: OwnModel,
    user_id_of: Callable[[str], str],
    most_ranks: int,
    account: str | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> LoadReport:
    """Load the answers of a team's own model from CSV, Parquet or JSON Lines.

    An answer (a listener's week and song) replaces the one that the model gave before as a whole. Rows that make no
    sense are kept aside in `rejected_rows` and the rest of the answer is loaded. Listeners must be in the warehouse.

    Args:
        user_id_of: the id of an account by its label.
        most_ranks: the largest rank that makes sense.
        account: the label of the account that all rows are for; then the file needs no such column.
        now: naive UTC; when rows do not say when the model was asked.

    Raises:
        LoadError: the file is no such table at all; nothing is written then.
    """
    report = LoadReport(f"Recommendations of {model.recommender}")
    outcome = FileReport(path.name, SOURCE)
    report.files.append(outcome)
    progress(f"Reading {path.name}")
    with (
        tempfile.TemporaryDirectory(prefix="spotiflow-") as folder,
        duckdb.connect(str(Path(folder) / "scratch.duckdb")) as connection,
    ):
        connection.execute(
            "set TimeZone = 'UTC'; set autoload_known_extensions = false; set python_enable_replacements = false"
        )
        moment = now or datetime.now(UTC).replace(tzinfo=None)
        log: dict[str, Any] = {
            "user_id": "",
            "source": SOURCE,
            "file": path.name,
            "content_hash": content_hash(path) if path.is_file() else "",
            "loaded_at": moment,
            "rows_set_aside": 0,
        }
        first = first_loads(warehouse).get(key_of(log))
        log["first_loaded_at"] = first.loaded_at if first else moment
        listeners, top_songs = _known(warehouse)
        connection.register("known_listeners", listeners)
        columns = read_table(connection, path, _HINT)
        found = _columns(path, columns, account)
        _resolve_accounts(connection, found, account, user_id_of)
        _classify(connection, found, most_ranks, log["first_loaded_at"], moment, path)
        _count(connection, outcome, path)
        _explain(connection, outcome, top_songs, found)
        log |= {
            "rows_read": outcome.rows_read,
            "rows_loaded": outcome.rows_loaded,
            "rows_repeated": outcome.repeated,
            "rows_rejected": outcome.rejected.total(),
            "problem": outcome.problem,
        }
        names = {"recommender": model.recommender, "version": model.version}
        connection.execute("create table model as select $recommender as recommender, $version as version", names)
        load_tables(
            warehouse,
            {
                RECOMMENDATIONS.name: batches(connection, _TRACKS, RECOMMENDATIONS.schema),
                RECOMMENDATION_REQUESTS.name: batches(connection, _QUESTIONS, RECOMMENDATION_REQUESTS.schema),
                REJECTED_ROWS.name: batches(connection, "select * from rejected", REJECTED_ROWS.schema),
                LOAD_LOG.name: [LOAD_LOG.from_rows([log])],
            },
            progress,
        )
    return report


def _known(warehouse: Path) -> tuple[pa.Table, pa.Table | None]:
    """Listeners (user_id, timezone), and Top Songs (user_id, week_start, track_id) if they are built."""
    if not warehouse.exists():
        raise LoadError("No listening is loaded yet, so there is nobody to recommend for. Load some first.")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = {
            (str(schema), str(name))
            for schema, name in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }
        if (DATASET, "accounts") not in tables:
            raise LoadError("No listening is loaded yet, so there is nobody to recommend for. Load some first.")
        listeners = connection.execute(f"select user_id, timezone from {DATASET}.accounts").to_arrow_table()
        songs = None
        if ("marts", "weekly_top_songs") in tables:
            songs = connection.execute(
                "select user_id, week_start, track_id as seed_track_id from marts.weekly_top_songs"
            ).to_arrow_table()
    return listeners, songs


def _columns(path: Path, columns: list[str], account: str | None) -> dict[str, str | None]:
    by_lower = {column.strip().lower(): column for column in columns}
    found = {
        target: next((by_lower[name] for name in names if name in by_lower), None) for target, names in _NAMES.items()
    }
    missing = [target for target in _REQUIRED if found[target] is None]
    if account is None and found["account"] is None and found["user_id"] is None:
        missing.insert(0, "account (or user_id, or the option --account)")
    if missing:
        lacks = f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}."
        has = f"{', '.join(columns[:12])}{', …' if len(columns) > 12 else ''}"
        raise LoadError(f"{lacks} It has: {has}. {_HINT}")
    return found


def _text(found: dict[str, str | None], target: str) -> str:
    column = found[target]
    return "null::varchar" if column is None else f"nullif(trim({identifier(column)}::varchar), '')"


def _resolve_accounts(
    connection: duckdb.DuckDBPyConnection,
    found: dict[str, str | None],
    account: str | None,
    user_id_of: Callable[[str], str],
) -> None:
    """The table `labels`: which id each label of the file stands for. Labels go no further than this."""
    labels = [
        str(label)
        for (label,) in connection.execute(
            f"select distinct {_text(found, 'account')} as label from records where label is not null order by 1"
        ).fetchall()
    ]
    rows = [(label, user_id_of(label)) for label in labels]
    connection.execute("create table labels(label varchar, user_id varchar)")
    if rows:
        connection.executemany("insert into labels values (?, ?)", rows)
    connection.execute(
        "create table whole_file as select $user_id::varchar as user_id",
        {"user_id": None if account is None else user_id_of(account)},
    )


_TRACK_ID = r"(^|[:/])([0-9A-Za-z]{22})($|[?])"
_OWN_ID = r"^(title|local):.+$"  # songs without an id of Spotify's can be Top Songs too

# Words for what has a time zone and what has none: the latter is UTC.
_MOMENT = """
coalesce(
    case when regexp_matches({text}, '([zZ]|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') and {text} like '%:%'
        then timezone('UTC', try_cast({text} as timestamptz)) end,
    try_cast({text} as timestamp)
)
"""


def _classify(
    connection: duckdb.DuckDBPyConnection,
    found: dict[str, str | None],
    most_ranks: int,
    first_loaded_at: datetime,
    now: datetime,
    path: Path,
) -> None:
    """Fill `classified`: a reason for every row that is not loaded."""
    try:
        connection.execute(
            f"""
            create table judged as
            with texts as (
                select {ROW} as "row", {", ".join(f"{_text(found, name)} as {name}_text" for name in _NAMES)}
                from records
            ),

            typed as (
                select
                    texts.*,
                    coalesce(texts.user_id_text, labels.user_id, whole_file.user_id) as user_id,
                    labels.user_id as user_id_of_label,
                    whole_file.user_id as user_id_of_file,
                    listeners.user_id is not null as is_known,
                    try_cast(week_start_text as timestamp)::date as week_start,
                    try_cast(week_start_text as timestamp) as week_start_moment,
                    coalesce(
                        nullif(regexp_extract(seed_track_id_text, '{_TRACK_ID}', 2), ''),
                        nullif(regexp_extract(seed_track_id_text, '{_OWN_ID}', 0), '')
                    ) as seed_track_id,
                    nullif(regexp_extract(track_id_text, '{_TRACK_ID}', 2), '') as track_id,
                    try_cast(rank_text as double) as rank_number,
                    {_MOMENT.format(text="requested_at_text")} as requested_at,
                    {_MOMENT.format(text="as_of_text")} as as_of
                from texts
                cross join whole_file
                left join labels on texts.account_text = labels.label
                left join known_listeners as listeners
                    on coalesce(texts.user_id_text, labels.user_id, whole_file.user_id) = listeners.user_id
            )

            select
                *,
                case
                    when user_id is null then 'account or user_id missing'
                    when user_id <> coalesce(user_id_of_label, user_id) or user_id <> coalesce(user_id_of_file, user_id)
                        then 'account and user_id are two listeners'
                    when not is_known then 'no listener of this warehouse'
                    when week_start_text is null then 'week_start missing'
                    when week_start is null then 'week_start is no date such as 2026-11-16'
                    when week_start_moment <> week_start::timestamp or isodow(week_start) <> 1
                        then 'week_start is not a Monday'
                    when week_start > $now::timestamp::date then 'week_start lies in the future'
                    when seed_track_id_text is null then 'seed_track_id missing'
                    when seed_track_id is null then 'seed_track_id is not a track id'
                    when rank_text is null then 'rank missing'
                    when rank_number is null or not isfinite(rank_number) or rank_number <> floor(rank_number)
                        or rank_number < 1
                        then 'rank is not a whole number from 1 on'
                    when rank_number > $most_ranks then 'rank is larger than ' || $most_ranks
                    when track_id_text is null then 'track_id missing'
                    when track_id is null then 'track_id is not a Spotify track id'
                    when requested_at_text is not null and requested_at is null
                        then 'requested_at is no time such as 2026-11-24T08:30:00Z'
                    when as_of_text is not null and as_of is null
                        then 'as_of is no time such as 2026-11-23T00:00:00Z'
                    when requested_at > $now::timestamp + interval 1 day or as_of > $now::timestamp + interval 1 day
                        then 'requested_at or as_of lies in the future'
                end as reason_of_its_own
            from typed
            """,
            {"most_ranks": most_ranks, "now": now},
        )
    except duckdb.Error as error:
        raise LoadError(f"{path.name} cannot be read to its end: {str(error).splitlines()[0]}") from error
    # An answer was given at one moment: its first row says when. Without a word about what the model knew, it may have
    # known everything up to the moment when it was asked; without that, up to when the file first came.
    connection.execute(
        """
        create table classified as
        with answers as (
            select
                *,
                reason_of_its_own is null as is_good,
                case when reason_of_its_own is null then rank_number::bigint end as "rank"
            from judged
        ),

        firsts as (
            select
                *,
                first_value("row") over same_rank as first_row,
                first_value(track_id) over same_rank as first_track_id,
                first_value(variant_text) over same_answer as first_variant,
                first_value(requested_at) over same_answer as first_requested_at,
                first_value(as_of) over same_answer as first_as_of
            from answers
            window
                same_rank as (
                    partition by is_good, user_id, week_start, seed_track_id, "rank" order by "row"
                ),
                same_answer as (partition by is_good, user_id, week_start, seed_track_id order by "row")
        )

        select
            * exclude (requested_at, as_of),
            coalesce(first_requested_at, $first::timestamp) as requested_at,
            coalesce(first_as_of, first_requested_at, $first::timestamp) as as_of,
            case
                when not is_good then reason_of_its_own
                when requested_at is distinct from first_requested_at or as_of is distinct from first_as_of
                    then 'requested_at or as_of differs within one answer'
                when variant_text is distinct from first_variant then 'variant differs within one answer'
                when first_row <> "row" and first_track_id <> track_id then 'rank occurs before with another track'
            end as reason,
            is_good and first_row <> "row" as is_repeated
        from firsts
        """,
        {"first": first_loaded_at},
    )
    # A label or whatever else stands there goes nowhere: fields are the ones that say which recommendation it was.
    connection.execute(
        """
        create table rejected as
        select
            md5(concat_ws(chr(31), $source, $file, "row", reason, fields)) as rejection_id,
            user_id, $source as source, $file as file, "row", reason, fields
        from (
            select
                "row", reason,
                case when is_known then user_id end as user_id,
                to_json({
                    week_start: left(week_start_text, 40), seed_track_id: left(seed_track_id_text, 80),
                    rank: left(rank_text, 20), track_id: left(track_id_text, 80)
                })::varchar as fields
            from classified where reason is not null
            union all
            select "row", reason, null, null from unreadable
        )
        """,
        {"source": SOURCE, "file": path.name},
    )


def _count(connection: duckdb.DuckDBPyConnection, outcome: FileReport, path: Path) -> None:
    outcome.rejected = Counter(
        dict(connection.execute("select reason, count(*) from rejected group by reason").fetchall())
    )
    loaded, repeated = connection.execute(
        "select count(*) filter (not is_repeated), count(*) filter (is_repeated) from classified where reason is null"
    ).fetchone() or (0, 0)
    outcome.rows_loaded, outcome.repeated = loaded, repeated
    outcome.rows_read = loaded + repeated + outcome.rejected.total()
    if not outcome.rows_read:
        outcome.note = "holds no rows"
    elif not loaded and not repeated:
        outcome.problem = f"No row of {path.name} is a recommendation. {_HINT}"


def _explain(
    connection: duckdb.DuckDBPyConnection,
    outcome: FileReport,
    top_songs: pa.Table | None,
    found: dict[str, str | None],
) -> None:
    """What is worth knowing of answers that were loaded: holes in ranks, songs that are no Top Songs, no as_of."""
    notes = []
    answers, with_holes = connection.execute(
        """
        select count(*), count(*) filter (last_rank <> tracks)
        from (
            select max("rank") as last_rank, count(distinct "rank") as tracks
            from classified where reason is null
            group by user_id, week_start, seed_track_id
        )
        """
    ).fetchone() or (0, 0)
    if not answers:
        return
    if with_holes:
        notes.append(
            f"{with_holes:,} of {answers:,} answers lack ranks in between; those that are there count in their order."
        )
    if top_songs is not None:
        connection.register("top_songs", top_songs)
        (others,) = connection.execute(
            """
            select count(*) from (
                select distinct user_id, week_start, seed_track_id from classified where reason is null
                except
                select user_id, week_start, seed_track_id from top_songs
            )
            """
        ).fetchone() or (0,)
        if others:
            notes.append(
                f"{others:,} of {answers:,} answers are for songs that were no Top Song of that week: they are kept, "
                "but compared with nothing."
            )
    if found["as_of"] is None and found["requested_at"] is None:
        notes.append(
            "Without a column as_of, the model may have known everything up to now: only what is listened to from now "
            "on counts as found by it."
        )
    outcome.note = " ".join(notes) or None


_TRACKS = """
select
    model.recommender, user_id, week_start, seed_track_id, "rank", track_id, model.version as recommender_version,
    requested_at, as_of, variant_text as variant
from classified
cross join model
where reason is null and not is_repeated
"""

_QUESTIONS = """
select
    model.recommender, user_id, week_start, seed_track_id, model.version as recommender_version, requested_at, as_of,
    'file' as outcome, count(*) as tracks
from classified
cross join model
where reason is null and not is_repeated
group by all
"""
