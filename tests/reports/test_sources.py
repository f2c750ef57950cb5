"""What stands in the pages' files: pages select and filter, they define nothing; and the site phones nobody."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
SEEDS = ROOT / "seeds" / "definitions"

PAGES = sorted((REPORTS / "pages").rglob("*.md"))
SOURCES = sorted((REPORTS / "sources").rglob("*.sql"))
COMPONENTS = sorted([*(REPORTS / "components").rglob("*.svelte"), *(REPORTS / "components").rglob("*.js")])

# Names of seeds' rows that a page has to ask for
ALLOWED_TEXTS = {"recommended_top_songs"}
# How a date or a time becomes text, and what stands between the two halves of a key of a part
SOURCE_TEXTS = {"%Y-%m-%dT%H:%M:%SZ", "%Y", "%H:%M", " "}
# Into how many parts a table is cut whose rows are asked for by song or artist: plumbing, no meaning
PART_OF_A_HASH = re.compile(r"left\(md5\((?:\w\.)?\w+\), 1\) as part")


# Columns that pages may add up over days, songs and listeners
ADDITIVE = {"plays", "listens", "minutes_listened", "rows", "rows_read", "tracks"}


def _queries() -> list[tuple[str, str]]:
    """(where, SQL) of every query of a page; comments taken out."""
    found = [(path.name, path.read_text()) for path in sorted((REPORTS / "queries").rglob("*.sql"))]
    for page in PAGES:
        for name, sql in re.findall(r"```sql (\w+)\n(.*?)```", page.read_text(), re.DOTALL):
            found.append((f"{page.name}: {name}", sql))
    return [(where, re.sub(r"--.*", "", sql)) for where, sql in found]


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


QUERIES = _queries()


def test_there_are_queries_to_look_at() -> None:
    assert len(QUERIES) > 15
    assert len(SOURCES) > 15


def test_page_sql_holds_no_weight_threshold_or_label() -> None:
    for where, sql in QUERIES:
        texts = set(re.findall(r"'([^']*)'", sql))
        assert {text for text in texts if not re.fullmatch(r"(\$\{inputs\.\w+\} ?)+", text)} <= ALLOWED_TEXTS, where
        code = re.sub(r"'[^']*'", "''", sql)
        assert set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?", code)) <= {"0"}, f"{where}: a number belongs in a seed"
        assert not re.search(r"[+/%]|(?<!\()\*|\s-\s", code), f"{where}: arithmetic belongs in a model"
        assert not re.search(r"\b(avg|median|stddev\w*|round|case)\b", code, re.IGNORECASE), where


def test_sources_name_their_columns_and_compute_nothing() -> None:
    for source in SOURCES:
        sql = re.sub(r"--.*", "", source.read_text())
        assert set(re.findall(r"'([^']*)'", sql)) <= SOURCE_TEXTS, source.name
        code = PART_OF_A_HASH.sub("", re.sub(r"'[^']*'", "''", sql)).replace(", 0)", ")")
        assert "*" not in code.replace("count(*)", ""), source.name
        assert not re.search(r"\d", re.sub(r"[A-Za-z_]\w*", "", code)), f"{source.name}: a number belongs in a seed"
        assert not re.search(r"\b(avg|round|case|over)\b|[+/]", code, re.IGNORECASE), source.name
        assert set(re.findall(r"\bsum\((?:\w+\.)?(\w+)\)", code)) <= ADDITIVE, (
            f"{source.name}: only what may be added up"
        )
        assert len(re.findall(r"\bsum\(", code)) == len(re.findall(r"\bsum\((?:\w+\.)?\w+\)", code)), source.name


def test_pages_of_one_listener_fetch_that_listener_alone() -> None:
    """A query of a table in parts that does not ask for some would fetch everybody's."""
    in_parts = {source.stem for source in SOURCES if " as part," in source.read_text()}
    assert in_parts
    asking = 0
    for where, sql in QUERIES:
        if "${inputs.listener" in sql and in_parts & set(re.findall(r"\bmarts\.(\w+)", sql)):
            asking += 1
            assert re.search(r"\bpart (=|in) ", sql), where
    assert asking


def test_no_page_or_component_knows_a_score() -> None:
    """Scores come by the row, so that one more needs no page; only lists of songs have a column for some."""
    scores = {row["score"] for row in _seed("scores")}
    labels = {row["label"] for row in _seed("scores")}
    for path in COMPONENTS:
        text = path.read_text()
        assert [name for name in scores if re.search(rf"\b{name}_score|['\"/#]{name}['\"]", text)] == [], path.name
        assert [label for label in labels if f">{label}<" in text] == [], path.name
    wide = {"weekly_top_songs", "daily_track_listening", "all_daily_tracks", "track_details", "artist_tracks"}
    for where, sql in QUERIES:
        if re.search(rf"\b({'|'.join(scores)})_score\b", sql):
            assert set(re.findall(r"\bmarts\.(\w+)", sql)) <= wide, where
    for source in SOURCES:
        if source.stem not in wide:
            assert not re.search(rf"\b({'|'.join(scores)})_score", source.read_text()), source.name


def test_one_source_for_each_published_table_that_pages_read() -> None:
    sources = {source.stem for source in SOURCES}
    read = {table for _, sql in QUERIES for table in re.findall(r"\bmarts\.(\w+)", sql)}
    assert read <= sources


def test_pages_carry_the_footer() -> None:
    for page in PAGES:
        assert '{@partial "footer.md"}' in page.read_text(), page.name


def test_telemetry_is_off() -> None:
    assert json.loads((REPORTS / "evidence.settings.json").read_text()) == {"send_anonymous_usage_stats": "no"}


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((REPORTS / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    unverified = [
        name
        for name, package in lock["packages"].items()
        if name and "integrity" not in package and not package.get("inBundle")  # part of a package that is verified
    ]
    assert unverified == []


def test_versions_are_pinned() -> None:
    package = json.loads((REPORTS / "package.json").read_text())
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+(-\S+)?", version), name
