"""A team's own model: its recommendations from a file, judged row by row.

One row a recommended track: whose week it was for, the song asked about, the rank and the track. The file may also
say when the model was asked and what it knew (`as_of`); what it does not say is taken to be the worst case.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extract.arrow import batches, content_hash
from extract.raw.load_log import first_loads, key_of
from extract.raw.loader import load_tables
from extract.raw.tables import (
    AUDIO_FEATURES,
    DATASET,
    LOAD_LOG,
    RECOMMENDATION_REQUESTS,
    RECOMMENDATIONS,
    REJECTED_ROWS,
    RawTable,
)
from extract.report import FIRST_ROWS, FileReport, LoadError, LoadReport, Progress, rows_named, silent
from extract.sources.table_files.tabular import ROW, identifier, read_table, report_rejected

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
    similarity_k: int | None = None,
) -> LoadReport:
    """Load the answers of a team's own model from CSV, Parquet or JSON Lines.

    An answer (a listener's week and song) replaces the one that the model gave before as a whole. Rows that make no
    sense are kept aside in `rejected_rows` and the rest of the answer is loaded. Listeners must be in the warehouse.

    Args:
        user_id_of: the id of an account by its label.
        most_ranks: the largest rank that makes sense.
        account: the label of the account that all rows are for; then the file needs no such column.
        now: naive UTC; when rows do not say when the model was asked.
        similarity_k: how many tracks make a prediction; answers with another number of them are pointed out.

    Raises:
        LoadError: the file is no such table at all; nothing is written then.
    """
    return load_answer_files(
        *(warehouse, [(path, model)], user_id_of, most_ranks),
        account=account,
        progress=progress,
        now=now,
        similarity_k=similarity_k,
    )


def load_answer_files(
    warehouse: Path,
    files: Sequence[tuple[Path, OwnModel]],
    user_id_of: Callable[[str], str],
    most_ranks: int,
    account: str | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
    similarity_k: int | None = None,
    remarks: bool = True,
) -> LoadReport:
    """`load_recommendations` of several files, each the answers of one model, in one load; raises as that does.

    Without `remarks`, the report counts and says nothing of what is odd about answers that are loaded. Files that
    answer the same question in the name of one recommender are no load at once, because nothing would say which of
    them came later: ValueError.
    """
    report = LoadReport(f"Recommendations of {', '.join(dict.fromkeys(model.recommender for _, model in files))}")
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    listeners, top_songs = _known(warehouse)
    logs: list[dict[str, Any]] = []
    with ExitStack() as open_files:
        connections = []
        for path, model in files:
            outcome = FileReport(path.name, SOURCE)
            report.files.append(outcome)
            progress(f"Reading {path.name}")
            folder = open_files.enter_context(tempfile.TemporaryDirectory(prefix="spotiflow-"))
            connection = open_files.enter_context(duckdb.connect(str(Path(folder) / "scratch.duckdb")))
            connections.append(connection)
            connection.execute(
                "set TimeZone = 'UTC'; set autoload_known_extensions = false; set python_enable_replacements = false; "
                "pragma disable_checkpoint_on_shutdown"  # it is thrown away
            )
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
            connection.register("known_listeners", listeners)
            columns = read_table(connection, path, _HINT)
            found = _columns(path, columns, account)
            _resolve_accounts(connection, found, account, user_id_of)
            _classify(connection, found, most_ranks, log["first_loaded_at"], moment, path)
            _count(connection, outcome, path)
            if remarks:
                _explain(connection, warehouse, outcome, top_songs, found, similarity_k)
            log |= {
                "rows_read": outcome.rows_read,
                "rows_loaded": outcome.rows_loaded,
                "rows_repeated": outcome.repeated,
                "rows_rejected": outcome.rejected.total(),
                "problem": outcome.problem,
            }
            logs.append(log)
            names = {"recommender": model.recommender, "version": model.version}
            connection.execute("create table model as select $recommender as recommender, $version as version", names)
        _each_question_once(files, connections)

        def rows(query: str, table: RawTable) -> Iterator[pa.Table]:
            for connection in connections:
                yield from batches(connection, query, table.schema)

        load_tables(
            warehouse,
            {
                RECOMMENDATIONS.name: rows(_TRACKS, RECOMMENDATIONS),
                RECOMMENDATION_REQUESTS.name: rows(_QUESTIONS, RECOMMENDATION_REQUESTS),
                REJECTED_ROWS.name: rows("select * from rejected", REJECTED_ROWS),
                LOAD_LOG.name: [LOAD_LOG.from_rows(logs)],
            },
            progress,
        )
    return report


def _each_question_once(
    files: Sequence[tuple[Path, OwnModel]], connections: Sequence[duckdb.DuckDBPyConnection]
) -> None:
    names = [model.recommender for _, model in files]
    answered: set[tuple[Any, ...]] = set()
    for (path, model), connection in zip(files, connections, strict=True):
        if names.count(model.recommender) == 1:
            continue
        questions = {
            (model.recommender, *question)
            for question in connection.execute(
                "select distinct user_id, week_start, seed_track_id from classified where reason is null"
            ).fetchall()
        }
        if twice := answered & questions:
            raise ValueError(f"{path.name} answers {len(twice):,} questions of {model.recommender} a second time")
        answered |= questions


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
    report_rejected(connection, outcome)
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
    warehouse: Path,
    outcome: FileReport,
    top_songs: pa.Table | None,
    found: dict[str, str | None],
    similarity_k: int | None,
) -> None:
    """What is worth knowing of the answers that are loaded; one sentence or two a matter."""
    connection.execute(
        """
        create table sound as
        select
            *,
            min("row") over answer as first_row_of_answer,
            track_id <> seed_track_id and "rank" = min("rank") over same_track as is_taken_into_account
        from classified
        where reason is null and not is_repeated
        window
            answer as (partition by user_id, week_start, seed_track_id),
            same_track as (partition by user_id, week_start, seed_track_id, track_id);

        create table answers as
        select
            user_id, week_start, seed_track_id, any_value(variant_text) as variant,
            min("row") as "row",
            count(*) as tracks,
            max("rank") as last_rank,
            count(*) filter (is_taken_into_account) as predicting_tracks
        from sound
        group by user_id, week_start, seed_track_id
        """
    )
    (answers,) = connection.execute("select count(*) from answers").fetchone() or (0,)
    if not answers:
        return
    notes = [
        *_explain_tracks(connection, warehouse),
        *_explain_length(connection, answers, similarity_k),
        *_explain_variants(connection),
    ]
    if top_songs is not None:
        connection.register("top_songs", top_songs)
        of_others = "answers anti join top_songs using (user_id, week_start, seed_track_id)"
        others, first = _rows_where(connection, of_others)
        if others:
            notes.append(
                f"{others:,} of {answers:,} answers are for songs that were no Top Song of that week (from "
                f"{rows_named(first, others)} on): they are kept, but compared with nothing."
            )
    if found["as_of"] is None and found["requested_at"] is None:
        notes.append(
            "Without a column as_of, the model may have known everything up to now: only what is listened to from now "
            "on counts as found by it."
        )
    outcome.note = "\n".join(notes) or None


def _rows_where(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[int, list[int]]:
    """How many rows `source` (what may follow FROM) has, and the numbers of the first of them in the file."""
    rows, first = connection.execute(
        f'select count(*), list("row" order by "row")[:{FIRST_ROWS}] from {source}'
    ).fetchone() or (0, [])
    return rows, first or []


def _explain_tracks(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> list[str]:
    """Recommended tracks of which nothing, or no features, are known here; and those that predict nothing."""
    notes = []
    recommended = connection.execute("select distinct track_id from sound").to_arrow_table()
    connection.register("known_tracks", _known_tracks(warehouse, recommended))
    unscored = "sound inner join known_tracks using (track_id) where not has_features and {} has_title"
    without = (
        "without features they have no part in a prediction. Load them: spotiflow load features PATH, or ask services: "
        "spotiflow load features --missing"
    )
    unknown, first = _rows_where(connection, unscored.format("not"))
    if unknown:
        notes.append(
            f"{unknown:,} {_of(unknown, 'a track that is unknown', 'tracks that are unknown')} here, neither title nor "
            f"audio features ({rows_named(first, unknown)}): loaded, but {without}"
        )
    titled, first = _rows_where(connection, unscored.format(""))
    if titled:
        notes.append(
            f"{titled:,} {_of(titled, 'a track', 'tracks')} with a title but without all seven audio features "
            f"({rows_named(first, titled)}): loaded, but {without}"
        )
    itself = "the song itself"
    nothing, first = _rows_where(connection, "sound where not is_taken_into_account")
    if nothing:
        notes.append(
            f"{nothing:,} {_of(nothing, itself, itself)}, or of a track that stands in the answer before "
            f"({rows_named(first, nothing)}): loaded, but without a place in the prediction."
        )
    return notes


def _of(number: int, one: str, many: str) -> str:
    return f"recommendation is of {one}" if number == 1 else f"recommendations are of {many}"


def _explain_length(connection: duckdb.DuckDBPyConnection, answers: int, similarity_k: int | None) -> list[str]:
    """Answers with holes between ranks, or with another number of tracks than predictions are made of."""
    notes = []
    with_holes, first = _rows_where(connection, "answers where last_rank <> tracks")
    if with_holes:
        notes.append(
            f"{with_holes:,} of {answers:,} answers lack ranks in between (from {rows_named(first, with_holes)} on); "
            "those that are there count in their order."
        )
    if similarity_k is None:
        return notes
    others, first = _rows_where(connection, f"answers where predicting_tracks <> {similarity_k}")
    if others:
        fewer, _ = _rows_where(connection, f"answers where predicting_tracks < {similarity_k}")
        parts = []
        if fewer:
            has, their = ("has", "its") if fewer == 1 else ("have", "their")
            parts.append(f"{fewer:,} {has} fewer: {their} prediction rests on fewer")
        if more := others - fewer:
            has = "has" if more == 1 else "have"
            parts.append(f"{more:,} {has} more: all are kept, the first {similarity_k} count")
        notes.append(
            f"{others:,} of {answers:,} answers {'has' if others == 1 else 'have'} other than {similarity_k} tracks "
            f"(from {rows_named(first, others)} on): {'; '.join(parts)}."
        )
    return notes


def _explain_variants(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """How the answers of an experiment are spread over its variants."""
    spread = connection.execute(
        """
        select coalesce(variant, 'without a variant'), count(*), count(distinct user_id)
        from answers group by variant order by variant nulls last
        """
    ).fetchall()
    if len(spread) < 2:
        return []
    parts = [
        f"{variant} ({answers:,} {'answer' if answers == 1 else 'answers'}, "
        f"{listeners:,} {'listener' if listeners == 1 else 'listeners'})"
        for variant, answers, listeners in spread
    ]
    return [f"Variants: {', '.join(parts)}."]


def _known_tracks(warehouse: Path, track_ids: pa.Table) -> pa.Table:
    """Of each track: has_title, has_features (all seven, from one provider)."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set python_enable_replacements = false")
        there = {
            (str(schema), str(name))
            for schema, name in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }
        connection.register("asked", track_ids)
        complete = " and ".join(f"{feature} is not null" for feature in AUDIO_FEATURES)
        titled = [
            f"select track_id from {DATASET}.{table} where track_name is not null"
            for table in ("tracks", "streaming_history", "recently_played")
            if (DATASET, table) in there
        ]
        scored = [
            select
            for (schema, table), select in {
                (DATASET, "audio_features"): f"select track_id from {DATASET}.audio_features where {complete}",
                # Also those whose features were found by title and artist.
                ("marts", "dim_tracks"): "select track_id from marts.dim_tracks where has_all_features",
            }.items()
            if (schema, table) in there
        ]
        nobody = "select null::varchar as track_id where false"
        return connection.execute(
            f"""
            with titled as ({" union all ".join([nobody, *titled])}),
            scored as ({" union all ".join([nobody, *scored])})

            select
                track_id,
                track_id in (select track_id from titled where track_id is not null) as has_title,
                track_id in (select track_id from scored) as has_features
            from asked
            """
        ).to_arrow_table()


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
