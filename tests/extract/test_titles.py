"""Titles are compared in one way: Python and the macro say the same of every text."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from extract.sources.spotify_export.titles import SPACES, WIDE, normalised_title, title_hash
from tests.conftest import PROJECT


class _Dbt:
    """What the macros need of dbt."""

    @staticmethod
    def escape_single_quotes(text: str) -> str:
        return text.replace("'", "''")


class _Spotiflow:
    """The project's macros, by their names."""

    def __init__(self) -> None:
        environment = Environment(loader=FileSystemLoader(PROJECT / "macros"), extensions=["jinja2.ext.do"])
        names = {"spotiflow": self, "dbt": _Dbt}
        titles = environment.get_template("normalised_title.sql").make_module(names)
        self.normalised_title, self.title_key = titles.normalised_title, titles.title_key  # type: ignore[attr-defined]
        engine = environment.get_template("engine/single_spaces.sql").make_module(names)
        self.single_spaces = engine.default__single_spaces  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def in_sql():
    """Titles and artists in, normalised titles and keys out, by the macros on DuckDB."""
    macros = _Spotiflow()
    connection = duckdb.connect()
    query = f"""
        select {macros.normalised_title("title")}, {macros.title_key("title", "artist")}
        from (select unnest($titles) as title, unnest($artists) as artist)
    """

    def ask(pairs: Iterable[tuple[str | None, str | None]]) -> list[tuple[str | None, str | None]]:
        titles, artists = zip(*pairs, strict=True)
        return connection.execute(query, {"titles": list(titles), "artists": list(artists)}).fetchall()

    yield ask
    connection.close()


_LETTERS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    st.sampled_from([*SPACES, *WIDE, " ", "ΑΣ", "İ", "ß", "ǅ", "K", "'", '"', "\\"]),
)
_TEXTS = st.none() | st.lists(_LETTERS, max_size=8).map("".join)


@settings(max_examples=300, deadline=None)
@given(pairs=st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=30))
def test_python_and_the_macro_say_the_same(in_sql, pairs):
    assert in_sql(pairs) == [(normalised_title(title), title_hash(title, artist)) for title, artist in pairs]


@pytest.mark.long
def test_they_say_the_same_of_every_letter(in_sql):
    letters = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    found = in_sql((letter, None) for letter in letters)
    differing = [letter for letter, (name, _) in zip(letters, found, strict=True) if normalised_title(letter) != name]
    assert not differing


@settings(deadline=None)
@given(text=st.lists(_LETTERS, max_size=12).map("".join))
def test_what_is_normalised_stays_as_it_is(text):
    once = normalised_title(text)
    assert normalised_title(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PAPER Boats", "paper boats"),
        ("Paper\u00a0 Boats ", "Paper Boats"),
        ("Ｐａｐｅｒ　Ｂｏａｔｓ！", "Paper Boats!"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
        ("Don＇t", "Don't"),
    ],
)
def test_the_same_title_written_otherwise(one, other):
    assert normalised_title(one) == normalised_title(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paper Boats", "Paper Boats - Remastered 2011"),
        ("Paper Boats", "Paper Boats (Live)"),
        ("Paper Boats", "Paper Boats (feat. Kim)"),
        ("Pâper Boats", "Paper Boats"),
        ("Paper Boats", "PaperBoats"),
    ],
)
def test_other_recordings_stay_others(one, other):
    assert normalised_title(one) != normalised_title(other)


def test_a_title_and_an_artist_do_not_run_together():
    assert title_hash("a b", "c") != title_hash("a", "b c")
    assert title_hash(" ", "a") is None
    assert title_hash("a", None) == title_hash("A", "  ")
