"""A catalogue of tracks and their audio features, CSV or Parquet, keyed by Spotify track id."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from extract.raw.tables import AUDIO_FEATURES
from extract.sources.table_files.reader import TRACK_ID, First, TableBatch, TableFile, read_table_file

_NUMBERS = (*AUDIO_FEATURES, "tempo", "loudness", "duration_ms")

_COLUMNS = {
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

# Two rows of a track are the same apart from the genre: catalogues list a track once for each of its genres.
_CONTENT = ", ".join(f"coalesce({name}_text, '')" for name in _COLUMNS if name != "genre")

CATALOGUE = TableFile(
    source="audio_features",
    title="Catalogue of audio features",
    columns=_COLUMNS,
    required=("track_id", *AUDIO_FEATURES),
    hint=f"A catalogue needs the columns {', '.join(('track_id', *AUDIO_FEATURES))}, features between 0 and 1.",
    typed={
        "track_id": f"nullif(regexp_extract(track_id_text, '{TRACK_ID}', 2), '')",
        **{name: f"try_cast({name}_text as double)" for name in _NUMBERS},
        "content": f"concat_ws(chr(31), {_CONTENT})",
    },
    checks=(
        ("track_id_text is null", "track_id missing"),
        ("track_id is null", "track_id is not a Spotify track id"),
        *(
            (f"{name}_text is not null and ({name} is null or not isfinite({name}))", f"{name} is not a number")
            for name in _NUMBERS
        ),
        *((f"{name} not between 0 and 1", f"{name} is outside 0 to 1") for name in AUDIO_FEATURES),
    ),
    key=("track_id",),
    firsts={"first_content": First("content", ("track_id",))},
    conflicts=(("content <> first_content", "track_id occurred earlier with other values"),),
    rejected_fields={"track_id": "track_id_text", "track_name": "track_name_text", "artist_name": "artist_name_text"},
    tables={
        # Of several genres the first by alphabet: the order of a catalogue's rows must not decide.
        "tracks": """
        select
            track_id, 'catalogue' as provider, track_name_text as track_name, null::varchar as artist_id,
            artist_name_text as artist_name, album_name_text as album_name, duration_ms::bigint as duration_ms,
            isrc_text as isrc, genre
        from (
            select *, min(lower(genre_text)) over (partition by track_id) as genre from judged where reason is null
        )
        where not is_repeated and (track_name_text is not null or genre is not null or duration_ms is not null)
        """,
        "audio_features": f"""
        select
            track_id, 'catalogue' as provider, true as is_found, null::timestamp as checked_at,
            {", ".join(AUDIO_FEATURES)}, tempo, loudness, null::varchar as matched_by
        from accepted
        where coalesce({", ".join(AUDIO_FEATURES)}) is not null
        """,
    },
)


def read_catalogue(path: Path, **options: Any) -> AbstractContextManager[TableBatch]:
    """Read a catalogue: a track id and the seven features (0 to 1, may be empty) per row, perhaps title and genre.

    Track ids may be bare, `spotify:track:` URIs or open.spotify.com addresses. A track that is listed once per genre
    keeps the first genre by alphabet. `options`: as of `read_table_file`, which says what is raised.
    """
    return read_table_file(CATALOGUE, path, **options)
