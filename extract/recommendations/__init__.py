"""Recommendations for the Top Songs that SQL found: which tracks each recommender gives for each of them.

This is the one place where something flows back from the models: `weekly_top_songs` decides which songs are
asked about, and the seed `diagnostic_constants` how many, for how many weeks, and how many ranks are kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from extract.pipeline import load_tables
from extract.recommendations.knn import RECOMMENDER, nearest_tracks
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from extract.tables import DATASET, RECOMMENDATIONS

__all__ = ["recommend"]

_REQUESTS = """
with complete_weeks as (
    select user_id, week_start, row_number() over (partition by user_id order by week_start desc) as weeks_back
    from marts.weekly_listening
    where is_complete_week
)

select
    songs.user_id,
    songs.week_start,
    songs.track_id as seed_track_id,
    -- The recommender knows listening up to the end of the listener's own week.
    timezone(users.timezone, (songs.week_start + interval 7 day)::timestamp) at time zone 'UTC' as as_of
from marts.weekly_top_songs as songs
inner join complete_weeks on songs.user_id = complete_weeks.user_id and songs.week_start = complete_weeks.week_start
inner join marts.dim_users as users on songs.user_id = users.user_id
where songs.top_song_number <= $recommended_top_songs and complete_weeks.weeks_back <= $recommended_weeks
"""

# Only answers that are new or changed are written: an unchanged refresh leaves the raw tables as they are.
_NEW_ANSWERS = f"""
select
    $recommender as recommender, requests.user_id, requests.week_start, requests.seed_track_id,
    neighbours.rank, neighbours.track_id, $version as recommender_version,
    $requested_at::timestamp as requested_at, requests.as_of
from requests
inner join neighbours on requests.seed_track_id = neighbours.seed_track_id
left join {DATASET}.recommendations as stored
    on stored.recommender = $recommender
    and requests.user_id = stored.user_id
    and requests.week_start = stored.week_start
    and requests.seed_track_id = stored.seed_track_id
    and neighbours.rank = stored.rank
where stored.track_id is null
    or stored.track_id != neighbours.track_id
    or stored.recommender_version != $version
    or stored.as_of != requests.as_of
order by all
"""


def recommend(warehouse: Path, progress: Progress = silent) -> LoadReport:
    """Ask the local recommender `knn` for the Top Songs of each listener's last complete weeks.

    Reads `marts` and `definitions` of the warehouse (built up to `weekly_top_songs`), writes
    `raw_spotify.recommendations`. Top Songs without audio features get none; the report says how many.
    Raises LoadError when the marts are not there yet.
    """
    report = LoadReport("Recommendations")
    outcome = FileReport(RECOMMENDER.name, "recommendations")
    report.files.append(outcome)
    progress("Looking for neighbours of the Top Songs")
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            answers = _answers(connection, outcome)
    except duckdb.CatalogException as error:
        raise LoadError(
            "Recommendations need the Top Songs, which are not built yet. Run “spotiflow refresh”."
        ) from error
    report.rows_new = answers.num_rows
    if answers.num_rows:
        load_tables(warehouse, {RECOMMENDATIONS.name: [answers]}, progress)
    return report


def _answers(connection: duckdb.DuckDBPyConnection, outcome: FileReport) -> pa.Table:
    constants = dict(
        connection.execute("select constant, value::bigint from definitions.diagnostic_constants").fetchall()
    )
    connection.execute(
        f"create temp table requests as {_REQUESTS}",
        {name: constants[name] for name in ("recommended_top_songs", "recommended_weeks")},
    )
    seeds = [row[0] for row in connection.execute("select distinct seed_track_id from requests order by 1").fetchall()]
    neighbours = nearest_tracks(connection, seeds, ranks=constants["recommendation_ranks"])
    connection.register("neighbours", neighbours)
    (answered_rows,) = connection.execute(
        "select count(*) from requests inner join neighbours using (seed_track_id)"
    ).fetchone() or (0,)
    outcome.rows_loaded = outcome.rows_read = answered_rows
    asked, answered = connection.execute(
        """
        select count(*), count(*) filter (seed_track_id in (select seed_track_id from neighbours)) from requests
        """
    ).fetchone() or (0, 0)
    if asked > answered:
        outcome.note = (
            f"{asked - answered:,} of {asked:,} Top Songs have no audio features, so {RECOMMENDER.name} cannot answer"
        )
    answers = connection.execute(
        _NEW_ANSWERS,
        {
            "recommender": RECOMMENDER.name,
            "version": RECOMMENDER.version,
            "requested_at": datetime.now(UTC).replace(tzinfo=None),
        },
    ).to_arrow_table()
    return answers.cast(RECOMMENDATIONS.schema)
