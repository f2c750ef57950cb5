"""`spotiflow diff`: what differs between two published files is named, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from spotiflow.publish.differences import compare, keys
from tests.conftest import PROJECT, Place

KEYS = {"weeks": ["user_id", "week"]}


def write(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table publication as select now() as published_at")
        connection.execute(
            "create table weeks as from (values ('a', 1, 50e0, null), ('a', 2, 60e0, 'x'), ('b', 1, 70e0, 'y')) "
            "as rows(user_id, week, score, vibe)"
        )
        connection.execute("create table words as select * from (values ('one'), ('two'), ('two')) as rows(word)")
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize(
    ("statement", "lines"),
    [
        ("select 1", []),
        ("update weeks set score = score + 1e-13 where week = 2", ["  weeks  score differs in 1 of 3 rows"]),
        ("update weeks set vibe = 'x' where vibe is null", ["  weeks  vibe differs in 1 of 3 rows"]),
        ("update weeks set vibe = null", ["  weeks  vibe differs in 2 of 3 rows"]),
        ("delete from weeks where user_id = 'b'", ["  weeks  1 row gone"]),
        ("insert into weeks values ('c', 1, 1, 'z')", ["  weeks  1 row new"]),
        ("update weeks set week = 3 where week = 2", ["  weeks  1 row new", "         1 row gone"]),
        ("alter table weeks add column energy double", ["  weeks  column energy new"]),
        ("alter table weeks drop column vibe", ["  weeks  column vibe gone"]),
        ("insert into words values ('two')", ["  words  1 row new"]),
        ("drop table words", ["  words  table is gone"]),
        ("create table songs as select 1 as song", ["  songs  table is new"]),
    ],
)
def test_each_difference_is_named(tmp_path: Path, statement: str, lines: list[str]) -> None:
    before, after = write(tmp_path / "before.duckdb"), write(tmp_path / "after.duckdb", statement)
    assert compare(before, after, KEYS).lines == lines


def test_every_published_table_has_a_key(sample_data: Place) -> None:
    """But those that say what is published: without a key a changed row would show as one gone and one new."""
    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        tables = {str(name) for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    known = keys(PROJECT)
    assert {"daily_listening", "score_weights", "fct_feature_similarity", "feature_coverage"} <= known.keys()
    assert {table for table in tables if table not in known and not table.startswith("glossary")} == {"publication"}


def test_the_command(sample_data: Place, tmp_path: Path) -> None:
    copy = tmp_path / "before.duckdb"
    shutil.copy2(sample_data.published, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update weekly_listening set energy_score = energy_score + 1 where energy_score is not null")
        (rows,) = connection.execute("select count(energy_score) from weekly_listening").fetchall()[0]
        (all_rows,) = connection.execute("select count(*) from weekly_listening").fetchall()[0]
    done = sample_data.run("diff", copy)
    assert done.code == 0, done.text
    assert len(done.out.splitlines()) == 2, done.text
    first, last = done.out.splitlines()
    assert first == f"  weekly_listening  energy_score differs in {rows:,} of {all_rows:,} rows"
    assert last.endswith(" tables are equal.")
    assert sample_data.run("diff", tmp_path / "nothing.duckdb").code == 1
    (tmp_path / "text.duckdb").write_text("no database, but long enough to look like a file of some kind " * 100)
    done = sample_data.run("diff", tmp_path / "text.duckdb")
    assert done.code == 1
    assert "cannot be compared" in done.err
