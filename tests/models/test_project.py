"""Rules that the dbt project keeps, checked on its files: fast, and without a warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from extract.raw.tables import DATASET, TABLES
from spotiflow.publish.units import WITHOUT_UNIT, unit_of

PROJECT = Path(__file__).resolve().parents[2]

_TYPES = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.timestamp("us"): "timestamp",
    pa.date32(): "date",
}

# Tests that dbt brings along; all others are this project's own, in tests/generic.
_BUILT_IN = {"relationships", "accepted_values", "not_null", "unique"}


def _yaml_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.yml"))


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _marts() -> list[dict[str, Any]]:
    return [model for path in _yaml_files("models/marts") for model in _read(path).get("models", [])]


def _data_tests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where it stands, kind of test, its settings)."""
    for path in _yaml_files("models", "seeds"):
        content = _read(path)
        for node in content.get("models", []) + content.get("seeds", []):
            columns = node.get("columns", [])
            for test in node.get("data_tests", []) + [t for column in columns for t in column.get("data_tests", [])]:
                assert isinstance(test, dict), f"{node['name']}: the test {test} has no description"
                ((kind, settings),) = test.items()
                yield node["name"], kind, settings


def _sql() -> list[Path]:
    return sorted(path for folder in ("models", "macros") for path in (PROJECT / folder).rglob("*.sql"))


def _code(path: Path) -> str:
    """The SQL without its comments."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"--.*", "", text)


# ---- raw tables ----


def test_sources_declare_the_raw_tables_that_extraction_writes() -> None:
    declared: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((PROJECT / "models" / "staging").glob("*/_*__sources.yml")):
        for source in _read(path)["sources"]:
            assert source["schema"] == DATASET
            for table in source["tables"]:
                declared[table["name"]] = [(column["name"], column["data_type"]) for column in table["columns"]]
                assert all(column["description"] for column in table["columns"])
    assert "_dlt_loads" in declared
    del declared["_dlt_loads"]
    written = {
        name: [*((field.name, _TYPES[field.type]) for field in table.schema), ("_dlt_load_id", "string")]
        for name, table in TABLES.items()
    }
    assert declared == written


def test_every_raw_table_has_a_staging_model_that_reads_completed_loads_only() -> None:
    staging = {path.stem.split("__")[1]: path for path in (PROJECT / "models" / "staging").rglob("stg_*.sql")}
    assert set(staging) == set(TABLES)
    for path in staging.values():
        sql = path.read_text()
        assert re.findall(r"^(\w+) as \($", sql, flags=re.MULTILINE) == ["source", "renamed"], path.name
        assert re.search(r"source as \(\s+\{\{ completed_loads\(", sql), path.name
        assert "source(" not in sql, path.name


# ---- models ----


def test_models_name_no_engine_and_need_no_package() -> None:
    for path in sorted((PROJECT / "models").rglob("*.sql")):
        code = _code(path).lower()
        for name in ("duckdb", "spark", "group by all", "qualify", "::", "dbt_utils", "at time zone"):
            assert name not in code, f"{path.name}: {name}"
    assert not (PROJECT / "packages.yml").exists()


def test_incremental_models_use_the_same_macros_however_they_are_run() -> None:
    """Their fingerprint holds a checksum of the macros that they use: a call inside a condition on is_incremental()
    would make it hang on how the model is run, and every day be made anew for nothing."""
    incremental = [path for path in _sql() if "materialized='incremental'" in path.read_text()]
    assert {path.stem for path in incremental} == {"int_plays"}
    for path in incremental:
        for block in re.findall(r"{%-? if is_incremental\(\).*?{%-? endif -?%}", path.read_text(), flags=re.DOTALL):
            assert not re.findall(r"{{[^}]*\w\(", block), f"{path.stem}: set a variable with it before the condition"


# ---- descriptions and tests ----


def test_marts_are_described() -> None:
    for model in _marts():
        mart = model["name"]
        assert model["description"].startswith("One row per "), f"{mart}: the grain comes first"
        for column in model["columns"]:
            name, kind = column["name"], column["data_type"]
            assert column["description"], f"{mart}.{name}"
            is_measured = kind not in ("string", "boolean") and name not in WITHOUT_UNIT
            assert (unit_of(name, kind) is not None) == is_measured, f"{mart}.{name}"
        keys = [test["is_key"]["arguments"]["columns"] for test in model["data_tests"] if "is_key" in test]
        assert keys, f"{mart}: the grain is not tested"
        names = {column["name"] for column in model["columns"]}
        assert all(set(key) <= names for key in keys), mart
        for place in [model, *model.get("versions", [])]:
            assert set(place.get("config", {}).get("meta", {}).get("published_order", [])) <= names, mart


_NUMBERS = {"integer", "bigint", "double"}


def test_no_number_is_missing_without_a_reason() -> None:
    """A numeric column is never null, or a data test holds it against the column that says why."""
    for model in (model for path in _yaml_files("models/marts/listening") for model in _read(path).get("models", [])):
        types = {column["name"]: column["data_type"] for column in model["columns"]}
        tests = [test["null_has_a_reason"]["arguments"] for test in model["data_tests"] if "null_has_a_reason" in test]
        assert all(types[test["reason"]] == "string" for test in tests), model["name"]
        explained = {column for test in tests for column in test["columns"]}
        without_reason = {
            column["name"]
            for column in model["columns"]
            if column["data_type"] in _NUMBERS
            and {"type": "not_null"} not in column.get("constraints", [])
            and column["name"] not in explained
        }
        assert not without_reason, model["name"]


def test_doc_blocks_are_there_and_used() -> None:
    texts = [(PROJECT / "models" / name).read_text(encoding="utf-8") for name in ("_docs.md", "_glossary.md")]
    written = set(re.findall(r"\{% docs (\w+) %\}", "".join(texts)))
    used = {name for path in _yaml_files("models") for name in re.findall(r"doc\('(\w+)'\)", path.read_text())}
    assert used == written


def test_every_data_test_says_in_plain_words_what_it_guards() -> None:
    tests = list(_data_tests())
    own = {path.stem for path in (PROJECT / "tests" / "generic").glob("*.sql")}
    assert {kind for _, kind, _ in tests} <= own | _BUILT_IN
    assert own <= {kind for _, kind, _ in tests}, "a generic test that nothing uses"
    for node, kind, settings in tests:
        description = settings.get("description", "")
        assert " " in description, f"{node}: {kind}"
        assert "_" not in re.sub(
            r"\b(dim|fct|int|stg)_\w+|\w+_(listening|songs|artists|streaks|scores|weights|rules|thresholds|versions|"
            r"constants|providers|features|coverage|counts|history|highlights|scorecard|comparison|metrics)\b",
            "",
            description,
        )


def test_every_singular_test_says_what_a_returned_row_means() -> None:
    described = {
        test["name"]: test["description"]
        for test in _read(PROJECT / "tests" / "singular" / "_singular__tests.yml")["data_tests"]
    }
    files = {path.stem: path for path in (PROJECT / "tests" / "singular").glob("*.sql")}
    assert set(described) == set(files)
    for name, path in files.items():
        assert name.startswith("assert_")
        assert path.read_text().startswith("-- A returned row "), name
        assert described[name]


def test_every_unit_test_is_described() -> None:
    for path in _yaml_files("models"):
        for test in _read(path).get("unit_tests", []):
            assert test["description"], test["name"]


# ---- pages ----

# What `publish` writes beside the marts: no model, so no exposure can name it.
ABOUT = {"publication", "glossary", "glossary_tables"}


SOURCES = PROJECT / "reports" / "sources" / "marts"


def _tables_of(page: Path) -> set[str]:
    """The published tables behind a page: those of the sources that its queries, and shared ones, name."""
    text = page.read_text(encoding="utf-8")
    shared = re.findall(r"^  - \w+: (\w+\.sql)$", text, flags=re.MULTILINE)
    texts = [text, *((PROJECT / "reports" / "queries" / name).read_text(encoding="utf-8") for name in shared)]
    sources = {source for part in texts for source in re.findall(r"\bmarts\.(\w+)", part)}
    tables = set()
    for source in sources:
        sql = re.sub(r"--.*", "", (SOURCES / f"{source}.sql").read_text(encoding="utf-8"))
        own = set(re.findall(r"(?:\bwith|,)\s+(\w+) as \(", sql))  # what a query names for itself is no table
        tables |= set(re.findall(r"\b(?:from|join) (\w+)", sql)) - own
    return tables - ABOUT


EXPOSURES = _read(PROJECT / "models" / "marts" / "_marts__exposures.yml")["exposures"]


def test_every_page_is_an_exposure_with_owner_and_address() -> None:
    pages = {page.stem for page in (PROJECT / "reports" / "pages").rglob("*.md")}
    named = {str(exposure["name"]): exposure for exposure in EXPOSURES}
    assert {"index" if name == "home" else name.replace("_", "-") for name in named} == pages
    for name, exposure in named.items():
        assert exposure["url"] == ("../" if name == "home" else f"../{name.replace('_', '-')}/")
        assert exposure["owner"]["name"]
        assert exposure["label"]
        assert exposure["description"].endswith(".")


def test_exposures_name_what_their_page_queries() -> None:
    for exposure in EXPOSURES:
        name = "index" if exposure["name"] == "home" else exposure["name"].replace("_", "-")
        page = PROJECT / "reports" / "pages" / f"{name}.md"
        declared = {re.fullmatch(r"ref\('(\w+)'(?:, v=\d+)?\)", reference)[1] for reference in exposure["depends_on"]}  # type: ignore[index]
        assert declared == _tables_of(page), name


def test_no_test_hides_a_macro_in_its_arguments() -> None:
    """dbt learns of such a macro only when the test runs, so that the gate takes the test for changed ever after.

    A singular test says the same, and its macros are known from the start.
    """
    found, looked_at = [], 0
    for path in sorted((PROJECT / "models").rglob("*.yml")) + sorted((PROJECT / "seeds").rglob("*.yml")):
        for test in _blocks_of_tests(_read(path)):
            looked_at += 1
            calls = set(re.findall(r"\{\{\s*([\w.]+)\(", str(test))) - {"ref", "var"}
            found += [f"{path.relative_to(PROJECT)}: {call}" for call in sorted(calls)]
    assert found == []
    assert looked_at >= len(list(_data_tests()))


def _blocks_of_tests(part: Any) -> Iterator[Any]:
    """Every test that stands in a YAML file, wherever."""
    if isinstance(part, dict):
        yield from part.get("data_tests", [])
        for value in part.values():
            yield from _blocks_of_tests(value)
    elif isinstance(part, list):
        for value in part:
            yield from _blocks_of_tests(value)
