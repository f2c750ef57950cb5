"""Read history files set-based into a scratch database: accepted rows, rejected rows, and the counts between.

DuckDB parses the JSON and SQL decides about each row; Python only moves from file to file. All fields are
read as text first, so that one odd value rejects one row and not the file.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import duckdb.func

from extract.report import FileReport
from extract.sources.spotify_export.inputs import ASK_FOR_EXTENDED, HistoryFile
from extract.sources.spotify_export.repair import repair
from extract.sources.spotify_export.settings import (
    ACCOUNT_DATA,
    ACCOUNT_DATA_FIELDS,
    ALLOWED_FIELDS,
    AUDIOBOOK_FILE,
    EARLIEST_END,
    FUTURE_HOURS,
    LARGEST_MS_PLAYED,
    MEMORY_LIMIT,
    REQUIRED_FIELDS,
    SOURCE,
)
from extract.sources.spotify_export.titles import title_hash

TITLE_HASH = "title_hash"  # the SQL name of extract.sources.spotify_export.titles.title_hash

_COLUMNS = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in ALLOWED_FIELDS) + "}"

_SCRATCH_TABLES = """
create table accepted (
    user_id varchar, ended_at timestamp, content_uri varchar, ms_played bigint, content_kind varchar,
    track_id varchar, track_name varchar, artist_name varchar, album_name varchar,
    reason_start varchar, reason_end varchar,
    is_shuffle boolean, is_skipped boolean, is_offline boolean, is_incognito boolean, export_format varchar
);
create table rejected (
    rejection_id varchar, user_id varchar, source varchar, file varchar, "row" bigint, reason varchar, fields varchar
);
"""

# The first record of a file says which version of the format it has; the other differences do not matter here.
_FORMAT_MARKS = (("username", "extended_v1"), ("audiobook_uri", "extended_v3"))
_FORMAT_WITHOUT_MARK = "extended_v2"

# What the two kinds of export call the same things. The account data has neither ids nor reasons; an episode's id is
# made of show and title, a chapter's of whatever the row says.
_RENAME_EXTENDED = """
    "row",
    ts as end_text,
    ms_played as ms_played_text,
    nullif(trim(master_metadata_track_name), '') as track_name,
    nullif(trim(master_metadata_album_artist_name), '') as artist_name,
    nullif(trim(master_metadata_album_album_name), '') as album_name,
    nullif(trim(spotify_track_uri), '') as track_uri,
    coalesce(nullif(trim(spotify_episode_uri), ''), 'spotiflow:episode:' || md5(nullif(trim(episode_name), '')))
        as episode_uri,
    coalesce(
        nullif(trim(audiobook_chapter_uri), ''),
        nullif(trim(audiobook_uri), ''),
        'spotiflow:audiobook:' || md5(nullif(trim(audiobook_title), ''))
    ) as audiobook_uri,
    nullif(trim(reason_start), '') as reason_start,
    nullif(trim(reason_end), '') as reason_end,
    try_cast(shuffle as boolean) as is_shuffle,
    try_cast(skipped as boolean) as is_skipped,
    try_cast(offline as boolean) as is_offline,
    try_cast(incognito_mode as boolean) as is_incognito
"""

_RENAME_ACCOUNT_DATA = """
    "row",
    "endTime" as end_text,
    "msPlayed" as ms_played_text,
    case when not $is_audiobook then nullif(trim("trackName"), '') end as track_name,
    case when not $is_audiobook then nullif(trim("artistName"), '') end as artist_name,
    null::varchar as album_name,
    null::varchar as track_uri,
    case
        when nullif(trim("episodeName"), '') is not null
            then 'spotiflow:episode:' || md5(concat_ws(chr(31), trim("podcastName"), trim("episodeName")))
    end as episode_uri,
    case
        when $is_audiobook
            then 'spotiflow:audiobook:' || md5(concat_ws(chr(31), "trackName", "artistName", "endTime"))
    end as audiobook_uri,
    null::varchar as reason_start,
    null::varchar as reason_end,
    null::boolean as is_shuffle,
    null::boolean as is_skipped,
    null::boolean as is_offline,
    null::boolean as is_incognito
"""

# A title without an id is music all the same: its id is made of its names. The two ways to do so differ for the sake
# of rows that are stored already.
_HASH_EXTENDED = "md5(lower(coalesce(artist_name, '')) || chr(31) || lower(track_name))"
_HASH_ACCOUNT_DATA = f"{TITLE_HASH}(track_name, artist_name)"

# What messages call the end time and the length, by the names in the file.
_NAMES_EXTENDED = ("end time (ts)", "ms_played")
_NAMES_ACCOUNT_DATA = ("end time (endTime)", "msPlayed")


def _classify(is_account_data: bool) -> str:
    end, length = _NAMES_ACCOUNT_DATA if is_account_data else _NAMES_EXTENDED
    return f"""
create or replace temp table classified as
with renamed as (
    select {_RENAME_ACCOUNT_DATA if is_account_data else _RENAME_EXTENDED}
    from records
    where not list_contains($broken_rows, "row")
),

typed as (
    select
        *,
        try_cast(end_text as timestamptz)::timestamp as ended_at,
        try_cast(ms_played_text as bigint) as ms_played,
        {_HASH_ACCOUNT_DATA if is_account_data else _HASH_EXTENDED} as title_hash,
        case
            when track_uri like 'spotify:episode:%' then 'episode'
            when track_uri is not null then 'track'
            when episode_uri is not null then 'episode'
            when audiobook_uri is not null then 'audiobook'
            when track_name is not null then 'track'
            else 'unknown'
        end as content_kind
    from renamed
),

judged as (
    select
        *,
        coalesce(track_uri, episode_uri, audiobook_uri, 'spotiflow:title:' || title_hash, '') as content_uri,
        -- Which track a title of the account data is, models find out: they know all tracks.
        case
            when content_kind != 'track' or {is_account_data} then null
            when track_uri like 'spotify:track:_%' then split_part(track_uri, ':', 3)
            when track_uri is not null then 'local:' || md5(track_uri)
            else 'title:' || title_hash
        end as track_id,
        case
            when nullif(trim(end_text), '') is null then '{end} missing'
            when ended_at is null or not isfinite(ended_at) then '{end} is not a time'
            when ended_at > $now::timestamp + interval {FUTURE_HOURS} hour
                then '{end} more than {FUTURE_HOURS} hours in the future'
            when ended_at < timestamp '{EARLIEST_END}' then '{end} before Spotify existed'
            when ms_played_text is null then '{length} missing'
            when ms_played is null then '{length} is not a whole number'
            when ms_played < 0 then '{length} negative'
            when ms_played > {LARGEST_MS_PLAYED} then '{length} longer than a day'
        end as reason
    from typed
)

select
    *,
    reason is null and row_number() over (
        partition by reason is null, ended_at, content_uri, ms_played order by "row"
    ) > 1 as is_repeated
from judged
"""


_INSERT_ACCEPTED = """
insert into accepted
select
    $user_id, ended_at, content_uri, ms_played, content_kind, track_id, track_name, artist_name, album_name,
    reason_start, reason_end, is_shuffle, is_skipped, is_offline, is_incognito, $export_format
from classified
where reason is null and not is_repeated
"""

_INSERT_REJECTED = """
insert into rejected
with rows as (
    select
        "row",
        reason,
        to_json({
            ts: end_text, ms_played: ms_played_text, content_uri: content_uri,
            track_name: track_name, artist_name: artist_name, reason_end: reason_end
        })::varchar as fields
    from classified
    where reason is not null
    union all
    select unnest($broken_rows), unnest($broken_reasons), null
)
select
    md5(concat_ws(chr(31), $user_id, $source, $file, "row", reason, fields)),
    $user_id, $source, $file, "row", reason, fields
from rows
"""

# One row per key over all files of an account; the format that says most wins, then the row's content decides,
# so that neither the order of the files nor their packaging shows in the result.
DEDUPLICATED = """
select * exclude (place)
from (
    select
        *,
        row_number() over (
            partition by user_id, ended_at, content_uri, ms_played
            order by export_format desc, to_json(accepted)::varchar
        ) as place
    from accepted
)
where place = 1
"""


def open_scratch(folder: Path) -> duckdb.DuckDBPyConnection:
    """A scratch database in `folder`: larger than memory if need be, thrown away afterwards."""
    connection = duckdb.connect(str(folder / "scratch.duckdb"))
    connection.execute("set TimeZone = 'UTC'; set autoload_known_extensions = false")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("set temp_directory = " + "'" + str(folder / "spilled").replace("'", "''") + "'")
    connection.execute(_SCRATCH_TABLES)
    connection.create_function(
        TITLE_HASH,
        title_hash,
        ["VARCHAR", "VARCHAR"],
        "VARCHAR",
        null_handling=duckdb.func.FunctionNullHandling.SPECIAL,
    )
    return connection


def read_file(connection: duckdb.DuckDBPyConnection, file: HistoryFile, user_id: str, scratch: Path) -> FileReport:
    """Read one file into the scratch tables `accepted` and `rejected`, and say what became of its rows."""
    report = FileReport(file.name, SOURCE)
    path, broken = _in_utf8(file.path, scratch / "utf8.json"), {}
    if path != file.path:
        report.note = f"{file.name} is in UTF-16, unlike the files that Spotify sends; it was read anyway"
    report.problem = _unsuitable(path)
    if report.problem:
        return report
    whole = path
    fields = None if _tail_is_missing(path) else _try_records(connection, path)
    if fields is None:
        path = scratch / "repaired.json"
        found = repair(whole, path)
        broken = found.broken
        report.problem = f"The file {found.problem}." if found.problem else None
        fields = _try_records(connection, path)
        if fields is None:
            report.problem = f"The file is not readable: {_message(connection, path)}. Download it again."
            return report
    rows = _count(connection, "records")
    report.is_account_data = is_account_data = fields >= ACCOUNT_DATA_FIELDS
    if rows > len(broken) and not is_account_data and not fields >= REQUIRED_FIELDS:
        report.problem = _other_shape(fields)
        return report

    parameters: dict[str, Any] = {"broken_rows": list(broken), "now": datetime.now(UTC).replace(tzinfo=None)}
    if is_account_data:
        parameters["is_audiobook"] = bool(AUDIOBOOK_FILE.match(file.name))
    connection.execute(_classify(is_account_data), parameters)
    marks = [name for mark, name in _FORMAT_MARKS if mark in fields]
    export_format = ACCOUNT_DATA if is_account_data else marks[0] if marks else _FORMAT_WITHOUT_MARK
    connection.execute(_INSERT_ACCEPTED, {"user_id": user_id, "export_format": export_format})
    connection.execute(
        _INSERT_REJECTED,
        {
            "user_id": user_id,
            "source": SOURCE,
            "file": file.name,
            "broken_rows": list(broken),
            "broken_reasons": list(broken.values()),
        },
    )
    _count_outcomes(connection, report, rows, broken)
    if report.problem:
        readable = rows - len(broken)
        report.problem += f" The other {readable:,} rows could be read. Download it again for the rest."
    elif not rows:
        report.note = f"{file.name} has no rows"
    return report


def _in_utf8(path: Path, target: Path) -> Path:
    """The file as it is, or a copy in UTF-8 at `target` when an editor saved it anew in UTF-16 (its mark says so)."""
    with path.open("rb") as file:
        if file.read(2) not in (b"\xff\xfe", b"\xfe\xff"):
            return path
    # What is no character becomes the sign for that: one odd title is no reason to lose the file.
    with (
        path.open("r", encoding="utf-16", errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", errors="replace", newline="") as copy,
    ):
        while piece := source.read(1 << 20):
            copy.write(piece)
    return target


def _unsuitable(path: Path) -> str | None:
    """What a look at the first bytes says against the file."""
    with path.open("rb") as file:
        head = file.read(4096)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return "The file is empty. Download it again."
    if not text.startswith(b"["):
        start = text[:20].decode("utf-8", "replace").splitlines()[0]
        return f"The file is not a JSON list of plays: row 1 begins with “{start}”. {ASK_FOR_EXTENDED}."
    return None


def _tail_is_missing(path: Path) -> bool:
    """DuckDB accepts a list that ends after a comma; such a file was cut."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        return not file.read().rstrip().endswith(b"]")


def _try_records(connection: duckdb.DuckDBPyConnection, path: Path) -> set[str] | None:
    """Fill the temp table `records`; the field names of the first rows, or None if DuckDB cannot parse the file."""
    try:
        connection.execute(
            f"""
            create or replace temp table records as
            select row_number() over () as "row", *
            from read_json(?, format = 'array', records = true, columns = {_COLUMNS})
            """,
            [str(path)],
        )
        names = connection.execute(
            """
            select distinct unnest(json_keys(json))
            from (
                select json from read_json_objects(?, format = 'array')
                where json_type(json) = 'OBJECT' limit 100
            )
            """,
            [str(path)],
        ).fetchall()
    except (duckdb.Error, UnicodeDecodeError):
        return None
    return {name for (name,) in names}


def _message(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    try:
        query = f"select count(*) from read_json(?, format = 'array', records = true, columns = {_COLUMNS})"
        connection.execute(query, [str(path)])
    except (duckdb.Error, UnicodeDecodeError) as error:
        return str(error).splitlines()[0].replace(str(path), "the file")
    return "its rows have different fields"


def _other_shape(fields: set[str]) -> str:
    names = ", ".join(sorted(fields)[:4]) + (", …" if len(fields) > 4 else "")
    return (
        f"The file has another format: row 1 has {'the fields ' + names if fields else 'no fields'}, "
        f"not {' and '.join(sorted(REQUIRED_FIELDS, reverse=True))}. {ASK_FOR_EXTENDED}."
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _count_outcomes(
    connection: duckdb.DuckDBPyConnection, report: FileReport, rows: int, broken: dict[int, str]
) -> None:
    outcomes = connection.execute(
        "select reason, is_repeated, content_kind, count(*), min(ended_at), max(ended_at) from classified group by all"
    ).fetchall()
    report.rows_read = rows
    report.rejected = Counter(broken.values())
    for reason, is_repeated, content_kind, count, oldest, newest in outcomes:
        if reason is not None:
            report.rejected[reason] += count
        elif is_repeated:
            report.repeated += count
        elif content_kind == "track":
            report.rows_loaded += count
            report.oldest_played_at, report.newest_played_at = oldest, newest
        else:
            report.set_aside[content_kind] += count
