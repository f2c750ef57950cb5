"""No definition stands in code: neither the words that readers see nor the numbers that decide.

What metrics mean is in the seeds. A band's name, a label or a threshold that is written a second time goes on counting
after its seed has changed. Comments, documentation, tests and styles are free.
"""

from __future__ import annotations

import ast
import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.rounds import rounds

# Seeds and their columns of words that readers see. (A label such as “Energy” is one of them; the column name
# energy_score, and the feature energy, are not.)
WORDS = {
    "vibe_thresholds": ("vibe", "emoji", "colour"),
    "scores": ("label", "meaning"),
    "audio_features": ("label", "meaning"),
    "sound_clusters": ("sound_cluster", "meaning"),
    "missing_value_reasons": ("sentence",),
}
# Seeds and their columns of numbers that decide.
NUMBERS = {
    "vibe_thresholds": ("lower_pct", "upper_pct"),
    "listen_rules": ("minimum_listened_ms", "minimum_track_share"),
    "score_weights": ("weight",),
    "play_merge_rules": ("value",),
    "diagnostic_constants": ("value",),
    "anomaly_thresholds": ("value",),
}
# So small a number counts things everywhere (three examples, four columns); 100 is percent.
EVERYDAY = {*range(13), 100}

SQL_FOLDERS = ("models", "macros", "reports/queries", "reports/sources", "reports/pages")
PYTHON_FOLDERS = ("extract", "spotiflow")
PAGE_FOLDERS = ("reports/components", "reports/pages", "reports/partials")


@dataclass(frozen=True)
class Finding:
    """A literal, and where it stands."""

    file: str
    line: int
    value: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.value} in {self.text}"


def _seed(root: Path, name: str) -> list[dict[str, str]]:
    with (root / "seeds" / "definitions" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words(root: Path) -> set[str]:
    """All texts of definitions that readers see."""
    return {row[column] for name, columns in WORDS.items() for row in _seed(root, name) for column in columns} - {""}


def numbers(root: Path) -> set[float]:
    """All numbers of definitions but those of every day."""
    cells = (row[column] for name, columns in NUMBERS.items() for row in _seed(root, name) for column in columns)
    return {float(cell) for cell in cells if cell} - EVERYDAY


def _blank(pattern: str, text: str) -> str:
    """The text without what matches; lines stay where they are."""
    return re.sub(pattern, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)


def _files(root: Path, folders: tuple[str, ...], suffixes: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (root / folder).rglob("*") if path.suffix in suffixes)


def _sql(path: Path) -> str:
    """A file's SQL without comments; of a page, the SQL in it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        outside = re.split(r"```sql[^\n]*\n(.*?)```", text, flags=re.DOTALL)
        text = "".join(part if place % 2 else "\n" * part.count("\n") for place, part in enumerate(outside))
    return re.sub(r"--.*", "", _blank(r"\{#.*?#\}", text))


def _page(path: Path) -> str:
    """A page's markup and script without styles and comments."""
    text = path.read_text(encoding="utf-8")
    for pattern in (r"<style.*?</style>", r"/\*.*?\*/", r"<!--.*?-->"):
        text = _blank(pattern, text)
    return re.sub(r"(?<!:)//.*", "", text)


def _python(path: Path) -> Iterator[tuple[int, str | float]]:
    """Every text and number of a module that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in said or isinstance(node.value, bool):
            continue
        if isinstance(node.value, str | int | float):
            yield node.lineno, node.value


def _lines(path: Path, text: str, pattern: str, root: Path) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        for match in re.finditer(pattern, line):
            yield Finding(str(path.relative_to(root)), number, match[0], line.strip()[:120])


# ---- words ----


def words_in_code(root: Path) -> list[Finding]:
    """Words of the seeds in SQL, Python, pages and components."""
    # Letters before or after make it another word; an emoji has no such neighbours.
    wanted = "|".join(re.escape(word) for word in sorted(words(root), key=len, reverse=True))
    pattern = rf"(?<!\w)(?:{wanted})(?!\w)"
    found = []
    for path in _files(root, SQL_FOLDERS, (".sql",)):
        found += _lines(path, _sql(path), pattern, root)
    for path in _files(root, PAGE_FOLDERS, (".svelte", ".js", ".md")):
        found += _lines(path, _page(path), pattern, root)
    for path in _files(root, PYTHON_FOLDERS, (".py",)):
        found += [
            Finding(str(path.relative_to(root)), line, match[0], value[:120])
            for line, value in _python(path)
            if isinstance(value, str) and (match := re.search(pattern, value))
        ]
    return found


def test_no_word_of_a_definition_stands_in_code() -> None:
    assert not words_in_code(PROJECT), "\n".join(map(str, words_in_code(PROJECT)))


# ---- numbers in SQL ----

# Numbers that belong to the language of SQL and dbt, wherever they stand.
_SYNTAX = (
    r"indent\(\d+\)",
    r"decimal\(\d+, *(?:\d+|\{\{ \w+ \}\})\)",
    r"cast\('\d{4}-\d{2}-\d{2}' as date\)",
    r"ref\('\w+', v=\d+\)",
    r"batch\(\d+\)|truncate\(\d+|range\(\d+\)",  # how Jinja goes through rows
)
# 0 and 1: nothing, the next, the first. Percent and the units of time only as factors, and never right behind a
# comparison: 60 * 1000 may be a minute, but `<= 60 * 1000` is a rule.
_UNIT = r"\b(?:100|24|60|1000)(?:\.0)?(?![\w.])"
_UNITS = rf"{_UNIT}(?:\s*\*\s*{_UNIT})*"
_FACTORS = (
    rf"(?<![<>=] )(?<!between )(?<!and )(?:{_UNIT}(?:\s*\*\s*{_UNIT})+|{_UNIT}\s*[*/-])",
    rf"[*/]\s*\(?\s*{_UNITS}",
)
# Elsewhere a number needs a reason. File → number → why it is no definition.
SQL_NUMBERS: dict[str, dict[str, str]] = {
    "int_play_report_days.sql": {"2": "days that one day's reports can change: a limit of the method"},
    "int_poll_matches.sql": {"4": "rounds of matching: a limit of the method"},
    "normalised_title.sql": {
        "0123456789": "digits, as letters",
        "０１２３４５６７８９": "wide digits, as letters",
        "31": "the unit separator of ASCII",
    },
    "int_tracks.sql": {"2": "order of sources", "3": "order of sources"},
    "int_track_sound_clusters.sql": {"6": "decimals to which distances are told apart: rounding"},
    "int_track_deciles.sql": {
        "10": "tenths: what deciles are",
        "6": "decimals to which values are told apart: rounding",
    },
    "feature_engagement.sql": {"100": "no share is larger: percent"},
    "feature_engagement_slopes.sql": {"10": "the points of which its name and description speak: a unit"},
    "int_plays.sql": {"100": "a play of the whole track is complete: percent"},
    "listening_anomalies.sql": {"24.0": "hours of a date, shown beside what was found; the threshold is in the seed"},
    "int_listener_weeks.sql": {"6": "days from Monday to Sunday"},
    "weekly_engagement.sql": {"6": "days from Monday to Sunday"},
    "feedback_summary.sql": {"6": "decimals to which ratings are told apart: rounding"},
    "weekly_retention.sql": {"7": "days of a week"},
    "dim_users.sql": {"6": "characters of an id in the name of somebody without one"},
    "weekly_listening.sql": {"7": "days of a week"},
    "weekly_top_songs.sql": {"7": "days of a week"},
    "is_spotify_id.sql": {"22": "characters of an id of Spotify's"},
    "next_songs.sql": {"2": "the second of the two features that the mart names"},
    "dim_dates.sql": dict.fromkeys(("2", "3", "4", "5", "6", "7", "7.0"), "the calendar of ISO 8601"),
    "is_in_band.sql": {"6": "decimals to which a value is rounded before it meets an edge"},
    "weighted_scores.sql": {"100": "the rest to 100 %: what inverted means"},
    "feature_distances.sql": {"2": "a square"},
    "binary_logarithm.sql": {"2": "the base of a binary logarithm"},
    "int_recommendation_outcomes.sql": {"1.0": "makes a division one of decimals"},
    "int_week_calibration.sql": {"7": "days of a week", "2": "the mean of two: Jensen-Shannon divergence"},
    "recommender_comparison.sql": {"2": "a square, and the two sides of a level"},
    "median.sql": {"0.5": "the middle: what a median is"},
    "definition_date.sql": dict.fromkeys(("4", "2", "9", "3"), "the form of a date"),
}
_SQL_NUMBER = r"(?<![\w.'-])\d+(?:\.\d+)?(?!\w)"


def numbers_in_sql(root: Path) -> list[Finding]:
    """Every number in SQL and Jinja that is neither syntax, 0 or 1, a unit, nor in the list above."""
    found = []
    for path in _files(root, SQL_FOLDERS, (".sql", ".md")):
        text = _sql(path)
        for pattern in (*_SYNTAX, *_FACTORS, r"'[^'\n]*'"):
            # A text may hold SQL (an argument of a macro): then its numbers count too.
            text = re.sub(pattern, lambda match: match[0] if _holds_sql(match[0]) else " ", text)
        is_ours = path.relative_to(root).parts[0] in ("models", "macros")
        allowed = {"0", "1", *(SQL_NUMBERS.get(path.name, {}) if is_ours else {})}
        found += [finding for finding in _lines(path, text, _SQL_NUMBER, root) if finding.value not in allowed]
    return found


def _holds_sql(text: str) -> bool:
    return text.startswith("'") and re.search(r"[<>=]|\bcase\b|\bbetween\b", text) is not None


def test_every_number_in_sql_has_a_reason() -> None:
    found = numbers_in_sql(PROJECT)
    assert not found, "\n".join(map(str, found))


def test_the_list_of_sql_numbers_holds_nothing_that_is_gone() -> None:
    files = {path.name: path for path in _files(PROJECT, ("models", "macros"), (".sql",))}
    for name, values in SQL_NUMBERS.items():
        text = _sql(files[name])
        for value in values:
            assert re.search(rf"(?<![\w.]){re.escape(value)}(?!\w)", text), f"{name}: {value}"


# ---- numbers in Python and pages ----

# Here a number is looked at only when it is also one of a seed. File → number → why it is another matter.
CODE_NUMBERS: dict[str, dict[float, str]] = {
    "extract/sources/feature_services/measures.py": {40: "characters of a value that are shown"},
    "extract/http.py": {60: "seconds to wait for a service"},
    "extract/service_errors.py": {60: "seconds of a minute"},
    "extract/sources/reccobeats/client.py": {40: "ids in one request: ReccoBeats' limit"},
    "spotiflow/demo/sandbox/reccobeats.py": {
        40: "ids in one request: ReccoBeats' limit",
        20: "tracks of an answer",
        60: "beats a minute of an invented track",
        30: "loudness of an invented track",
    },
    "spotiflow/demo/sandbox/server.py": {20: "seconds to wait for a server"},
    "spotiflow/demo/sandbox/account.py": {
        50: "Spotify's limits of a page",
        20: "Spotify's limits of a page",
    },
    "spotiflow/demo/sandbox/spotify.py": {50: "Spotify's limits of a page"},
    "extract/sources/spotify_api/errors.py": {60: "seconds of a minute"},
    "extract/sources/spotify_api/daily_endpoints.py": {20: "pages of saved tracks"},
    "extract/sources/spotify_api/login.py": {60: "seconds before a login expires"},
    "extract/sources/spotify_api/settings.py": {
        50: "Spotify's limit of a page",
        30: "days before a login ends",
        20: "tracks asked for in one poll",
    },
    "extract/sources/spotify_export/inputs.py": {20: "1 << 20 bytes are read at once"},
    "extract/sources/spotify_export/reader.py": {20: "characters of a broken file that are shown"},
    "extract/sources/spotify_export/repair.py": {20: "1 << 20 bytes are read at once"},
    "spotiflow/cli/checks.py": {40: "characters of a name and a label"},
    "spotiflow/cli/commands/forget.py": {20: "places that are listed"},
    "spotiflow/cli/commands/live.py": {60: "seconds of a minute"},
    "spotiflow/cli/doctor/logins.py": {30: "days before a login ends"},
    "spotiflow/cli/doctor/machine.py": {20: "Node's version, and seconds for its answer"},
    "spotiflow/demo/stand_ins.py": {20: "seconds to wait for a stand-in", 40: "minutes at which an invented play ends"},
    "spotiflow/demo/live_demo.py": {50: "Spotify's limit of a page"},
    "spotiflow/formatting.py": {60: "seconds of a minute"},
    "reports/components/diagnostics/Comparison.svelte": {50: "the middle of a scale of percent"},
    "reports/components/common/EmptyState.svelte": {26: "a drawing", 40: "a drawing"},
    "reports/components/home/HomePage.svelte": {40: "a drawing"},
    "reports/components/frame/SiteHeader.svelte": {26: "a drawing"},
    "reports/components/wrapped/WeekHero.svelte": {1200: "a drawing"},
    "reports/components/lib/format.js": {60: "minutes of an hour"},
}
# The sample invents listeners; how is no definition. One number is also a rule: `LISTENED_MS`, so that invented
# polls leave out what Spotify's leave out.
SAMPLE = "spotiflow/demo/sample/"
# Charts draw what they are given: their numbers are lengths, shades and angles. `test_charts_know_no_data` holds them
# to it.
DRAWINGS = "reports/components/charts/"
_PAGE_NUMBER = r"(?<![\w.#-])\d[\d_]*(?:\.\d+)?(?![\w%])"


def numbers_in_code(root: Path) -> list[Finding]:
    """Numbers of the seeds that stand in Python or in the script and markup of pages."""
    wanted = numbers(root)
    found = []
    for path in _files(root, PYTHON_FOLDERS, (".py",)):
        name = str(path.relative_to(root))
        if not name.startswith(SAMPLE):
            found += [
                Finding(name, line, str(value), "Python")
                for line, value in _python(path)
                if isinstance(value, int | float) and value in wanted
            ]
    for path in _files(root, PAGE_FOLDERS, (".svelte", ".js", ".md")):
        found += [
            finding
            for finding in _lines(path, _page(path), _PAGE_NUMBER, root)
            if not finding.file.startswith(DRAWINGS) and float(finding.value.replace("_", "")) in wanted
        ]
    return [finding for finding in found if _number(finding) not in CODE_NUMBERS.get(finding.file, {})]


def _number(finding: Finding) -> float:
    return float(finding.value.replace("_", ""))


def test_no_threshold_stands_in_python_or_pages() -> None:
    found = numbers_in_code(PROJECT)
    assert not found, "\n".join(map(str, found))


def test_charts_know_no_data() -> None:
    charts = list(_files(PROJECT, (DRAWINGS,), (".svelte", ".js")))
    assert len(charts) > 3
    columns = {column for path in (PROJECT / "reports" / "sources").rglob("*.sql") for column in _columns(path)}
    for path in charts:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bmarts\.|query\.js|getInputContext", text), path.name
        assert [name for name in columns if "_" in name and re.search(rf"\b{name}\b", text)] == [], path.name


def _columns(source: Path) -> set[str]:
    return set(re.findall(r"^ {4}(?:.* as |\w+\.)?(\w+),?$", source.read_text(), re.MULTILINE))


def test_the_seeds_have_thresholds_to_look_for() -> None:
    """The checks above would pass on empty lists."""
    assert {25, 50, 75, 30_000, 20, 60} <= numbers(PROJECT)
    assert {"Slightly Sad", "Energy", "Positivity", "Danceability"} <= words(PROJECT)
    assert len(words(PROJECT)) > 25


# ---- the checks find what they are for ----

# What, where, and the line that is added at the end of the file.
PLANTED = {
    "a band in a model": ("models/marts/listening/dim_tracks.sql", "where vibe = 'Slightly Sad'"),
    "an emoji in a component": ("reports/components/common/VibeTag.svelte", "<b>😔</b>"),
    "a colour in a script": ("reports/components/lib/vibes.js", "const SAD = '#3FA7C4';"),
    "a score's label on a page": ("reports/components/common/ScoreCards.svelte", "<h3>Musicality</h3>"),
    "a feature's label in Python": ("spotiflow/formatting.py", "LABEL = 'Danceability'"),
    "a cluster's name in a query": ("reports/queries/vibes.sql", "where sound_cluster = 'Loud and Moody'"),
    "an edge in a model": ("models/marts/listening/daily_listening.sql", "where valence_pct >= 75"),
    "an edge as a share": ("models/marts/listening/daily_listening.sql", "where valence_pct / 100 > 0.75"),
    "a listen rule in a model": ("models/intermediate/int_plays.sql", "where listened_ms >= 30000"),
    "a listen rule in seconds": ("models/intermediate/int_plays.sql", "where listened_ms / 1000 >= 30"),
    "a listen rule in minutes": ("models/intermediate/int_plays.sql", "where listened_ms between 1000 and 60000"),
    "a weight in a macro": ("macros/definitions/weighted_scores.sql", "select 2 * energy_pct + liveness_pct"),
    "k in a model": ("models/marts/diagnostics/fct_recommendations.sql", "where position <= 5"),
    "a tolerance that is a unit": ("models/intermediate/int_poll_matches.sql", "where distance_ms <= 60 * 1000"),
    "an edge in an argument": ("macros/units.sql", "{{ exact_mean('case when valence_pct > 75 then 1 end') }}"),
    "an edge in a query": ("reports/queries/vibes.sql", "where valence_pct > 75"),
    "an edge in a page's own SQL": ("reports/pages/index.md", "```sql sad\nselect valence_pct < 25 from marts.x\n```"),
    "a listen rule in Python": ("spotiflow/publish/publish.py", "SHORT = 30_000"),
    "an edge in a component's script": ("reports/components/common/VibeTag.svelte", "<script>const low = 25;</script>"),
    "an edge in markup": ("reports/components/common/ScoreCards.svelte", "{#if score > 75}high{/if}"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("literals")
    for folder in {*SQL_FOLDERS, *PYTHON_FOLDERS, *PAGE_FOLDERS, "seeds"}:
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_planted_literals_are_found(copy: Path) -> None:
    for planted in rounds(PLANTED.values()):
        texts = {name: (copy / name).read_text(encoding="utf-8") for name in planted}
        for name, line in planted.items():
            (copy / name).write_text(f"{texts[name]}\n{line}\n", encoding="utf-8")
        found = words_in_code(copy) + numbers_in_sql(copy) + numbers_in_code(copy)
        for name, text in texts.items():
            (copy / name).write_text(text, encoding="utf-8")
        assert {finding.file for finding in found} == set(planted), planted


def test_a_definition_that_is_new_is_looked_for(copy: Path) -> None:
    """The lists come from the seeds: a band that somebody adds is guarded from then on."""
    seed, component = copy / "seeds/definitions/vibe_thresholds.csv", copy / "reports/components/common/VibeTag.svelte"
    before, markup = seed.read_text(encoding="utf-8"), component.read_text(encoding="utf-8")
    component.write_text(markup + "\n<b>Over the Moon</b> {value > 87}\n", encoding="utf-8")
    try:
        assert not words_in_code(copy) + numbers_in_code(copy)
        seed.write_text(before + "2,Over the Moon,87,true,100,true,#111111,🌕,1\n", encoding="utf-8")
        assert {finding.value for finding in words_in_code(copy)} == {"Over the Moon"}
        assert {finding.value for finding in numbers_in_code(copy)} == {"87"}
    finally:
        seed.write_text(before, encoding="utf-8")
        component.write_text(markup, encoding="utf-8")
