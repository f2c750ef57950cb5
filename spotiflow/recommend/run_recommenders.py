"""Runs the recommenders: which get which questions, and which of their answers are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from extract.raw.loader import load_tables
from extract.raw.tables import DATASET, POLL_LOG, RECOMMENDATION_REQUESTS, RECOMMENDATIONS, TRACKS
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from spotiflow.recommend.knn import Knn
from spotiflow.recommend.popular import Popular
from spotiflow.recommend.recommender import QUESTIONS, Answers, Recommender

LOCAL: tuple[Recommender, ...] = (Knn(), Popular())
"""The recommenders that need nothing but the warehouse."""

_QUESTIONS = """
with complete_weeks as (
    select user_id, week_start, row_number() over (partition by user_id order by week_start desc) as weeks_back
    from marts.weekly_listening
    where is_complete_week
)

select
    songs.user_id,
    songs.week_start,
    songs.track_id as seed_track_id,
    -- The end of the listener's own week.
    timezone(users.timezone, (songs.week_start + interval 7 day)::timestamp) at time zone 'UTC' as as_of
from marts.weekly_top_songs as songs
inner join complete_weeks on songs.user_id = complete_weeks.user_id and songs.week_start = complete_weeks.week_start
inner join marts.dim_users as users on songs.user_id = users.user_id
where songs.top_song_number <= $top_songs and complete_weeks.weeks_back <= $weeks
order by all
"""

_STORED_QUESTIONS = f"""
select user_id, week_start, seed_track_id, recommender_version, as_of, outcome, requested_at, _dlt_load_id as load_id
from {DATASET}.recommendation_requests
where recommender = $recommender and _dlt_load_id in (select load_id from {DATASET}._dlt_loads where status = 0)
"""

_STORED_ANSWERS = f"""
select
    stored.user_id, stored.week_start, stored.seed_track_id, stored.recommender_version, stored.as_of,
    list(tracks.track_id order by tracks."rank") filter (tracks.track_id is not null) as track_ids
from stored_questions as stored
left join {DATASET}.recommendations as tracks
    on tracks.recommender = $recommender
    and stored.user_id = tracks.user_id
    and stored.week_start = tracks.week_start
    and stored.seed_track_id = tracks.seed_track_id
    and stored.load_id = tracks._dlt_load_id
group by all
"""

# An answer is written as a whole or, when it is the stored one, not at all: so an unchanged refresh leaves the raw
# tables as they are, and a shorter answer leaves nothing of a longer one behind.
_NEW_ANSWERS = """
with given as (
    select
        questions.user_id, questions.week_start, questions.seed_track_id,
        coalesce($as_of::timestamp, questions.as_of) as as_of,
        list(answers.track_id order by answers."rank") filter (answers.track_id is not null) as track_ids
    from questions
    {answered}
    left join answers using ({columns})
    group by all
)

select given.*
from given
left join stored_answers as stored
    on given.user_id = stored.user_id
    and given.week_start = stored.week_start
    and given.seed_track_id = stored.seed_track_id
where stored.user_id is null
    -- What a service was asked is written also when it says the same again: it is not to be asked for a while.
    or not $is_local
    or stored.recommender_version is distinct from $version
    or stored.as_of is distinct from given.as_of
    or stored.track_ids is distinct from given.track_ids
"""


_NOT_BUILT = "Recommendations need the Top Songs, which are not built yet. Run “spotiflow refresh”."


def recommend(
    warehouse: Path,
    progress: Progress = silent,
    recommenders: Sequence[Recommender] = LOCAL,
    now: datetime | None = None,
) -> LoadReport:
    """Ask each recommender for the Top Songs of each listener's last complete weeks.

    Reads `marts` and `definitions` of the warehouse (built up to `weekly_top_songs`), writes `recommendations` and
    `recommendation_requests`, and into `tracks` what services say of the tracks they recommend. Local recommenders
    answer anew each time, and only what is new or changed is written; services are asked what they have not answered
    yet. One that fails stops no other: its part of the report has a problem. `now`: naive UTC.

    Raises LoadError when the marts are not there yet.
    """
    report = LoadReport("Recommendations", rows_new=0)
    with _open(warehouse) as connection:
        try:
            asked = {
                str(name)
                for (name,) in connection.execute(
                    "select recommender from definitions.recommenders where is_asked_by_default"
                ).fetchall()
            }
        except duckdb.CatalogException as error:
            raise LoadError(_NOT_BUILT) from error
    waiting: list[dict[str, pa.Table]] = []
    for recommender in recommenders:
        if recommender.name not in asked:
            continue
        outcome = FileReport(recommender.name, "recommendations")
        report.files.append(outcome)
        asked_at = now or datetime.now(UTC).replace(tzinfo=None)
        try:
            tables = _ask(warehouse, recommender, asked_at, outcome, progress)
        except duckdb.CatalogException as error:
            raise LoadError(_NOT_BUILT) from error
        report.rows_new = (report.rows_new or 0) + len(tables[RECOMMENDATIONS.name])
        if any(len(table) for table in tables.values()):
            waiting.append(tables)
        if waiting and not recommender.is_local:
            _write(warehouse, waiting, progress)  # what a service gave is kept, whatever comes next
            waiting = []
    if waiting:
        _write(warehouse, waiting, progress)
    return report


def _write(warehouse: Path, tables: Sequence[dict[str, pa.Table]], progress: Progress) -> None:
    load_tables(warehouse, {name: [one[name] for one in tables] for name in tables[0]}, progress)


def _open(warehouse: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(warehouse), read_only=True)
    # A name in SQL is a table, never a Python variable that happens to be called the same.
    connection.execute("set TimeZone = 'UTC'; set python_enable_replacements = false")
    return connection


def _ask(
    warehouse: Path, recommender: Recommender, asked_at: datetime, outcome: FileReport, progress: Progress
) -> dict[str, pa.Table]:
    """Rows to write, of all the tables that recommenders fill."""

    def opened() -> duckdb.DuckDBPyConnection:
        return _open(warehouse)

    with opened() as connection:
        _remember(connection, recommender)
        constants = dict(
            connection.execute("select constant, value::bigint from definitions.diagnostic_constants").fetchall()
        )
        questions = (
            connection.execute(
                _QUESTIONS,
                {
                    "top_songs": constants["recommended_top_songs"],
                    "weeks": constants[
                        "recommended_weeks" if recommender.is_local else "recommended_weeks_of_services"
                    ],
                },
            )
            .to_arrow_table()
            .cast(QUESTIONS)
        )
        if not recommender.is_local:
            questions = _not_answered_yet(connection, questions, recommender, asked_at)
    # Closed while a service responds, which may take minutes: so it holds no lock.
    answers = recommender.answer(questions, constants["recommendation_ranks"], opened, progress)
    outcome.note, outcome.problem = answers.note, answers.problem
    with opened() as connection:
        _remember(connection, recommender)
        return _new(connection, recommender, questions, answers, asked_at, outcome)


def _remember(connection: duckdb.DuckDBPyConnection, recommender: Recommender) -> None:
    """Temporary tables of what is stored: `stored_questions` and `stored_answers`."""
    parameters = {"recommender": recommender.name}
    connection.execute(f"create temp table stored_questions as {_STORED_QUESTIONS}", parameters)
    connection.execute(f"create temp table stored_answers as {_STORED_ANSWERS}", parameters)


def _not_answered_yet(
    connection: duckdb.DuckDBPyConnection, questions: pa.Table, recommender: Recommender, asked_at: datetime
) -> pa.Table:
    """The questions that a service has not answered; also those long ago answered with nothing."""
    connection.register("all_questions", questions)
    remaining = connection.execute(
        """
        select all_questions.*
        from all_questions
        left join stored_questions as stored using (user_id, week_start, seed_track_id)
        left join definitions.recommenders on recommenders.recommender = $recommender
        where stored.user_id is null
            or stored.recommender_version is distinct from $version
            or (
                stored.outcome = 'empty'
                and $now::timestamp >= stored.requested_at + to_days(recommenders.ask_again_after_days)
            )
        order by all
        """,
        {"recommender": recommender.name, "version": recommender.version, "now": asked_at},
    )
    return remaining.to_arrow_table().cast(QUESTIONS)


def _new(
    connection: duckdb.DuckDBPyConnection,
    recommender: Recommender,
    questions: pa.Table,
    answers: Answers,
    asked_at: datetime,
    outcome: FileReport,
) -> dict[str, pa.Table]:
    """Rows of the answers that are not stored as they are; counts them in `outcome`."""
    connection.register("questions", questions)
    connection.register("answers", answers.tracks)
    columns = ", ".join(name for name in QUESTIONS.names if name in answers.tracks.column_names)
    answered = ""
    if answers.answered is not None:
        connection.register("answered", answers.answered)
        answered = f"semi join answered using ({', '.join(answers.answered.column_names)})"
    (outcome.rows_loaded,) = connection.execute(
        f"select count(*) from questions inner join answers using ({columns})"
    ).fetchone() or (0,)
    outcome.rows_read = outcome.rows_loaded
    connection.execute(
        f"create temp table new_answers as {_NEW_ANSWERS.format(answered=answered, columns=columns)}",
        {"as_of": answers.as_of, "version": recommender.version, "is_local": recommender.is_local},
    )
    same_for_all = {
        "recommender": recommender.name,
        "version": recommender.version,
        "requested_at": answers.as_of or asked_at,
    }
    tracks = connection.execute(
        """
        select
            $recommender as recommender, user_id, week_start, seed_track_id, "rank", track_ids["rank"] as track_id,
            $version as recommender_version, $requested_at::timestamp as requested_at, as_of, null::varchar as variant
        from (select *, unnest(range(1, len(track_ids) + 1)) as "rank" from new_answers where track_ids is not null)
        order by all
        """,
        same_for_all,
    ).to_arrow_table()
    requests = connection.execute(
        """
        select
            $recommender as recommender, user_id, week_start, seed_track_id, $version as recommender_version,
            $requested_at::timestamp as requested_at, as_of,
            case when track_ids is null then 'empty' else 'answered' end as outcome,
            coalesce(len(track_ids), 0) as tracks
        from new_answers
        order by all
        """,
        same_for_all,
    ).to_arrow_table()
    return {
        RECOMMENDATIONS.name: tracks.cast(RECOMMENDATIONS.schema),
        RECOMMENDATION_REQUESTS.name: requests.cast(RECOMMENDATION_REQUESTS.schema),
        TRACKS.name: TRACKS.from_rows(answers.metadata),
        POLL_LOG.name: POLL_LOG.from_rows(answers.requests),
    }
