"""What is worth knowing about recommendations that were loaded: a sentence or two per matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from extract.report import FIRST_ROWS, rows_named
from extract.sources.table_files.reader import TableBatch


@dataclass(frozen=True)
class Known:
    """What is known of songs and tracks.

    `top_songs` has user_id, week_start and seed_track_id; None where they are not built. `track_facts` adds has_title
    and has_features to a table of track_id. `similarity_k`: how many tracks make a prediction.
    """

    top_songs: pa.Table | None
    track_facts: Callable[[pa.Table], pa.Table]
    similarity_k: int


def add_remarks(batch: TableBatch, known: Known) -> None:
    """Put remarks about the accepted rows into the file's report."""
    connection = batch.scratch
    connection.execute(
        """
        create table predicting as
        select
            *,
            track_id <> seed_track_id and rank_number = min(rank_number) over same_track as is_predicting
        from accepted
        window same_track as (partition by user_id, week_start, seed_track_id, track_id);

        create table answers as
        select
            user_id, week_start, seed_track_id, any_value(variant) as variant,
            min("row") as "row",
            count(*) as tracks,
            max(rank_number) as last_rank,
            count(*) filter (is_predicting) as predicting_tracks
        from predicting
        group by user_id, week_start, seed_track_id
        """
    )
    (answers,) = connection.execute("select count(*) from answers").fetchone() or (0,)
    if not answers:
        return
    remarks = [
        *_about_tracks(connection, known),
        *_about_length(connection, answers, known.similarity_k),
        *_about_variants(connection),
    ]
    if known.top_songs is not None:
        connection.register("top_songs", known.top_songs)
        others, first = _rows_of(connection, "answers anti join top_songs using (user_id, week_start, seed_track_id)")
        if others:
            remarks.append(
                f"{others:,} of {answers:,} answers are for songs that were not Top Songs of that week (from "
                f"{rows_named(first, others)} on): they are kept, but not compared."
            )
    if not {"as_of", "requested_at"} & batch.columns:
        remarks.append(
            "Without a column as_of, the model is assumed to know all listening up to now: only later listens count as "
            "hits."
        )
    batch.file.note = "\n".join(remarks) or None


def _rows_of(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[int, list[int]]:
    """How many rows `source` (what may follow FROM) has, and the numbers of the first of them in the file."""
    rows, first = connection.execute(
        f'select count(*), list("row" order by "row")[:{FIRST_ROWS}] from {source}'
    ).fetchone() or (0, [])
    return rows, first or []


def _about_tracks(connection: duckdb.DuckDBPyConnection, known: Known) -> list[str]:
    """Recommended tracks that nothing, or no features, are known of; and those that predict nothing."""
    recommended = connection.execute("select distinct track_id from accepted").to_arrow_table()
    connection.register("known_tracks", known.track_facts(recommended))
    without = (
        "without features they take no part in predictions. Load them: spotiflow load features PATH, or ask services: "
        "spotiflow load features --missing"
    )
    unscored = "predicting inner join known_tracks using (track_id) where not has_features and {} has_title"
    remarks = []
    unknown, first = _rows_of(connection, unscored.format("not"))
    if unknown:
        what = _of(unknown, "a track that is unknown", "tracks that are unknown")
        remarks.append(
            f"{unknown:,} {what} here, neither title nor audio features ({rows_named(first, unknown)}): loaded, but "
            f"{without}"
        )
    titled, first = _rows_of(connection, unscored.format(""))
    if titled:
        remarks.append(
            f"{titled:,} {_of(titled, 'a track', 'tracks')} with a title but without all seven audio features "
            f"({rows_named(first, titled)}): loaded, but {without}"
        )
    itself = "the song itself"
    nothing, first = _rows_of(connection, "predicting where not is_predicting")
    if nothing:
        remarks.append(
            f"{nothing:,} {_of(nothing, itself, itself)}, or of a track that the answer has already "
            f"({rows_named(first, nothing)}): loaded, but not used in the prediction."
        )
    return remarks


def _of(number: int, one: str, many: str) -> str:
    return f"recommendation is of {one}" if number == 1 else f"recommendations are of {many}"


def _about_length(connection: duckdb.DuckDBPyConnection, answers: int, similarity_k: int) -> list[str]:
    """Answers with gaps between ranks, or with another number of tracks than a prediction is made of."""
    remarks = []
    with_gaps, first = _rows_of(connection, "answers where last_rank <> tracks")
    if with_gaps:
        remarks.append(
            f"{with_gaps:,} of {answers:,} answers skip ranks (from {rows_named(first, with_gaps)} on); "
            "the ranks that are there count in order."
        )
    others, first = _rows_of(connection, f"answers where predicting_tracks <> {similarity_k}")
    if others:
        fewer, _ = _rows_of(connection, f"answers where predicting_tracks < {similarity_k}")
        parts = []
        if fewer:
            has, their = ("has", "its") if fewer == 1 else ("have", "their")
            parts.append(f"{fewer:,} {has} fewer: {their} prediction uses those")
        if more := others - fewer:
            has = "has" if more == 1 else "have"
            parts.append(f"{more:,} {has} more: all are kept, the first {similarity_k} count")
        remarks.append(
            f"{others:,} of {answers:,} answers {'does' if others == 1 else 'do'} not have {similarity_k} tracks "
            f"(from {rows_named(first, others)} on): {'; '.join(parts)}."
        )
    return remarks


def _about_variants(connection: duckdb.DuckDBPyConnection) -> list[str]:
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
