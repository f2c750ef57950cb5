"""A local catalogue of tracks and audio features, CSV or Parquet, keyed by Spotify track id."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from extract.arrow import batches, content_hash
from extract.raw.load_log import first_loads, key_of
from extract.raw.loader import load_tables
from extract.raw.tables import AUDIO_FEATURES, AUDIO_FEATURES_TABLE, LOAD_LOG, REJECTED_ROWS, TRACKS
from extract.report import FileReport, LoadError, LoadReport, Progress, silent
from extract.sources.table_files.tabular import ROW, identifier, read_table

PROVIDER = "catalogue"
SOURCE = "audio_features"

# Column names under which catalogues in the wild keep the same thing; the first that is there counts.
_NAMES = {
    "track_id": ("track_id", "id", "spotify_id", "spotify_track_id", "track_uri", "uri"),
    "track_name": ("track_name", "name", "title", "track"),
    "artist_name": ("artist_name", "artists", "artist", "track_artist"),
    "album_name": ("album_name", "album", "track_album_name"),
    "duration_ms": ("duration_ms",),
    "isrc": ("isrc",),
    "tempo": ("tempo",),
    "loudness": ("loudness",),
    **{feature: (feature,) for feature in AUDIO_FEATURES},
    "genre": ("genre", "track_genre"),
}
_REQUIRED = ("track_id", *AUDIO_FEATURES)

_NUMBERS = (*AUDIO_FEATURES, "tempo", "loudness", "duration_ms")


def load_catalogue(warehouse: Path, path: Path, progress: Progress = silent) -> LoadReport:
    """Load a catalogue: `track_id`, the seven features (0-1, may be empty), and if there, title, artist and genre.

    Track ids may be bare, `spotify:track:` URIs or open.spotify.com addresses. Rows with an unusable id or a
    value out of range are kept aside in `rejected_rows`. A track that is listed once per genre keeps the first
    genre by alphabet; its other rows are repeats. Raises LoadError when the file is no catalogue at
    all: nothing is written then.
    """
    report = LoadReport("Catalogue of audio features")
    outcome = FileReport(path.name, SOURCE)
    report.files.append(outcome)
    progress(f"Reading {path.name}")
    with (
        tempfile.TemporaryDirectory(prefix="spotiflow-") as folder,
        duckdb.connect(str(Path(folder) / "scratch.duckdb")) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'; set autoload_known_extensions = false")
        _read(connection, path, outcome)
        log = {
            "user_id": "",
            "source": SOURCE,
            "file": path.name,
            "content_hash": content_hash(path),
            "loaded_at": (now := datetime.now(UTC).replace(tzinfo=None)),
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
                TRACKS.name: batches(connection, _TRACKS, TRACKS.schema),
                AUDIO_FEATURES_TABLE.name: batches(connection, _FEATURES, AUDIO_FEATURES_TABLE.schema),
                REJECTED_ROWS.name: batches(connection, "select * from rejected", REJECTED_ROWS.schema),
                LOAD_LOG.name: [LOAD_LOG.from_rows([log])],
            },
            progress,
        )
    return report


def _read(connection: duckdb.DuckDBPyConnection, path: Path, outcome: FileReport) -> None:
    """Fill the scratch tables `classified` and `rejected`, and the counts of `outcome`."""
    columns = read_table(connection, path, f"A catalogue has a header line: {', '.join(_REQUIRED)}, …")
    by_lower = {column.strip().lower(): column for column in columns}
    found = {
        target: next((by_lower[name] for name in names if name in by_lower), None) for target, names in _NAMES.items()
    }
    if missing := [target for target in _REQUIRED if found[target] is None]:
        raise LoadError(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
            f"It has: {', '.join(columns[:12])}{', …' if len(columns) > 12 else ''}. "
            f"A catalogue needs {', '.join(_REQUIRED)}, features between 0 and 1."
        )

    texts = ",\n".join(
        f"nullif(trim({identifier(column)}::varchar), '') as {target}"
        if (column := found[target]) is not None
        else f"null::varchar as {target}"
        for target in _NAMES
    )
    try:
        connection.execute(_classify(texts))
    except duckdb.Error as error:
        raise LoadError(f"{path.name} cannot be read to its end: {str(error).splitlines()[0]}") from error
    connection.execute(
        """
        create table rejected as
        select
            md5(concat_ws(chr(31), $source, $file, "row", reason, fields)) as rejection_id,
            null::varchar as user_id, $source as source, $file as file, "row", reason, fields
        from (
            select
                "row", reason,
                to_json({track_id: id_text, track_name: track_name, artist_name: artist_name})::varchar as fields
            from classified where reason is not null
            union all
            select "row", reason, null from unreadable
        )
        """,
        {"source": SOURCE, "file": path.name},
    )
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


def _classify(texts: str) -> str:
    """SQL that decides about each row."""
    out_of_range = "\n".join(
        f"when {f}_number not between 0 and 1 then '{f} is outside 0 to 1'" for f in AUDIO_FEATURES
    )
    no_number = "\n".join(
        f"when {name} is not null and ({name}_number is null or not isfinite({name}_number)) "
        f"then '{name} is not a number'"
        for name in _NUMBERS
    )
    numbers = ",\n".join(f"try_cast({name} as double) as {name}_number" for name in _NUMBERS)
    return f"""
        create table classified as
        with texts as (
            select {ROW} as "row", {texts} from records
        ),

        typed as (
            select
                * exclude (track_id),
                track_id as id_text,
                nullif(regexp_extract(track_id, '(^|[:/])([0-9A-Za-z]{{22}})($|[?])', 2), '') as track_id,
                {numbers}
            from texts
        ),

        judged as (
            select
                *,
                case
                    when id_text is null then 'track_id missing'
                    when track_id is null then 'track_id is not a Spotify track id'
                    {no_number}
                    {out_of_range}
                end as reason_of_its_own
            from typed
        ),

        compared as (
            select
                *,
                row_number() over (partition by reason_of_its_own is null, track_id order by "row") > 1 as is_later,
                first_value({_content()}) over (
                    partition by reason_of_its_own is null, track_id order by "row"
                ) as first_content
            from judged
        )

        select
            *,
            -- By alphabet and not by place: the order of a catalogue's rows must not decide.
            min(lower(genre)) filter (where first_content = {_content()}) over (
                partition by reason_of_its_own is null, track_id
            ) as first_genre,
            case
                when reason_of_its_own is not null then reason_of_its_own
                when is_later and first_content != {_content()} then 'track_id occurs before with other values'
            end as reason,
            reason_of_its_own is null and is_later and first_content = {_content()} as is_repeated
        from compared
    """


def _content() -> str:
    """What makes two rows of a track the same. Not the genre: catalogues list a track once for each."""
    return (
        "concat_ws(chr(31), " + ", ".join(f"coalesce({name}::varchar, '')" for name in _NAMES if name != "genre") + ")"
    )


_FEATURES = f"""
select
    track_id, '{PROVIDER}' as provider, true as is_found, null::timestamp as checked_at,
    {", ".join(f"{feature}_number as {feature}" for feature in AUDIO_FEATURES)},
    tempo_number as tempo, loudness_number as loudness, null::varchar as matched_by
from classified
where reason is null and not is_repeated and coalesce({", ".join(AUDIO_FEATURES)}) is not null
"""

_TRACKS = f"""
select
    track_id, '{PROVIDER}' as provider, track_name, null::varchar as artist_id, artist_name, album_name,
    duration_ms_number::bigint as duration_ms, isrc, first_genre as genre
from classified
where reason is null and not is_repeated and coalesce(track_name, first_genre, duration_ms_number::varchar) is not null
"""
