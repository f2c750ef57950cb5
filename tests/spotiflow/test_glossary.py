"""The glossary has the metrics and words of dbt's documentation, each once, as HTML that is safe in a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spotiflow.publish import glossary
from tests.conftest import PROJECT, Place


def _block(name: str, text: str, package: str = "shop", file: str = "_glossary.md") -> Any:
    return SimpleNamespace(
        name=name,
        unique_id=f"doc.{package}.{name}",
        package_name=package,
        original_file_path=f"models/{file}",
        block_contents=text,
    )


def _column(name: str, text: str, *blocks: str, data_type: str = "double") -> Any:
    doc_blocks = [f"doc.shop.{one}" for one in blocks]
    return SimpleNamespace(name=name, description=text, data_type=data_type, doc_blocks=doc_blocks)


def _model(
    name: str, *columns: Any, version: int | None = None, published: bool = True, behind: Iterable[str] = ()
) -> Any:
    suffix = f".v{version}" if version else ""
    return SimpleNamespace(
        name=name,
        alias=f"{name}_v{version}" if version else name,
        unique_id=f"model.shop.{name}{suffix}",
        resource_type="model",
        version=version,
        latest_version=2 if version else None,
        original_file_path=f"models/{name}.sql",
        description=f"One row per {name}.",
        columns={column.name: column for column in columns},
        doc_blocks=[],
        config=SimpleNamespace(meta={"published": published}),
        depends_on=SimpleNamespace(nodes=list(behind)),
    )


def _manifest(models: list[Any], docs: list[Any], metrics: Iterable[Any] = (), semantic: Iterable[Any] = ()) -> Any:
    return SimpleNamespace(
        metadata=SimpleNamespace(project_name="shop"),
        nodes={model.unique_id: model for model in models},
        docs={block.unique_id: block for block in docs},
        metrics={metric.unique_id: metric for metric in metrics},
        semantic_models={model.unique_id: model for model in semantic},
    )


def _by_anchor(manifest: Any) -> dict[str, glossary.Entry]:
    entries = glossary.entries(manifest)
    assert len({entry.anchor for entry in entries}) == len(entries)
    return {entry.anchor: entry for entry in entries}


def test_a_word_is_one_entry_for_all_columns_that_use_it() -> None:
    minutes = "Minutes of play time."
    found = _by_anchor(
        _manifest(
            [
                _model("days", _column("minutes", minutes, "minutes"), _column("day", "The date.")),
                _model("weeks", _column("gap_hours", minutes, "minutes"), _column("day", "First date.")),
                _model("raw", _column("listened_ms", minutes, "minutes"), published=False),
            ],
            [
                _block("minutes", minutes),
                _block("day", "The date.", file="_docs.md"),
                _block("there", "dbt's own", "dbt"),
            ],
        )
    )
    word = found["word-minutes"]
    assert (word.text, word.unit, word.label) == (minutes, "minutes or hours", "Minutes")
    assert word.places == [("days", "#!/model/model.shop.days"), ("weeks", "#!/model/model.shop.weeks")]
    assert set(found) == {"word-minutes"}, "columns, tables and texts of other files are not terms"


def test_a_model_with_versions_has_the_names_of_the_published_file() -> None:
    minutes = _column("minutes", "Minutes of play time.", "minutes")
    models = [_model("sums", minutes, version=1), _model("sums", minutes, version=2)]
    found = _by_anchor(_manifest(models, [_block("minutes", "Minutes of play time.")]))
    assert found["word-minutes"].places == [
        ("sums", "#!/model/model.shop.sums.v2"),
        ("sums_v1", "#!/model/model.shop.sums.v1"),
    ]


def test_a_metric_names_the_tables_it_is_computed_from() -> None:
    def metric(name: str, label: str | None, behind: list[str], meta: dict[str, str], is_private: bool = False) -> Any:
        return SimpleNamespace(
            name=name,
            label=label,
            description=f"What {name} is.",
            unique_id=f"metric.shop.{name}",
            depends_on=SimpleNamespace(nodes=behind),
            config=SimpleNamespace(meta=meta),
            type_params=SimpleNamespace(is_private=is_private),
        )

    semantic = SimpleNamespace(
        unique_id="semantic_model.shop.days", depends_on=SimpleNamespace(nodes=["model.shop.view_of_days"])
    )
    view = _model("view_of_days", published=False, behind=["model.shop.days"])
    metrics = [
        metric("minutes", "Minutes listened", ["semantic_model.shop.days"], {"unit": "minutes"}),
        metric("minutes_a_day", None, ["metric.shop.minutes_x100"], {}),
        metric("minutes_x100", None, ["semantic_model.shop.days"], {}, is_private=True),
    ]
    days = _model("days", behind=["model.shop.weeks"])
    words = [_block("minutes", "What minutes is."), _block("hours", "What hours are.")]
    found = _by_anchor(_manifest([days, view, _model("weeks")], words, metrics, [semantic]))
    assert "metric-minutes_x100" not in found, "a part of other metrics only"
    assert {anchor for anchor in found if anchor.startswith("word")} == {"word-hours"}, "a metric explains minutes"
    minutes, ratio = found["metric-minutes"], found["metric-minutes_a_day"]
    assert (minutes.label, minutes.unit, minutes.text) == ("Minutes listened", "minutes", "What minutes is.")
    assert (ratio.label, ratio.unit) == ("Minutes a day", None)
    for entry in (minutes, ratio):
        assert entry.places == [("days", "#!/model/model.shop.days")]
        assert entry.docs_anchor == f"#!/metric/metric.shop.{entry.term}"


def test_every_term_is_explained_once(manifest: Any) -> None:
    entries = glossary.entries(manifest)
    assert {entry.kind for entry in entries} == set(glossary.KINDS)
    assert max(Counter(entry.anchor for entry in entries).values()) == 1
    assert max(Counter(entry.text for entry in entries).values()) == 1
    assert [entry.anchor for entry in entries if entry.kind == "word" and not entry.places] == []


def test_links_of_pages_into_the_glossary_arrive(manifest: Any) -> None:
    anchors = {entry.anchor for entry in glossary.entries(manifest)}
    components = PROJECT / "reports" / "components"
    linked = {
        (path.name, anchor)
        for path in components.rglob("*.svelte")
        for anchor in re.findall(r"glossaryAddress\('([^']+)'\)", path.read_text(encoding="utf-8"))
    }
    assert len(linked) > 10
    assert [(name, anchor) for name, anchor in sorted(linked) if anchor not in anchors] == []


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("a **b** `c_d`", "<p>a <strong>b</strong> <code>c_d</code></p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ('<b onclick="x()">b</b>', "<p>&lt;b onclick=&quot;x()&quot;&gt;b&lt;/b&gt;</p>"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("# Not a heading", "<p># Not a heading</p>"),
        ("", ""),
    ],
)
def test_markdown_becomes_safe_html(markdown: str, html: str) -> None:
    assert glossary.as_html(markdown) == html


def test_nothing_is_fetched_for_a_description() -> None:
    assert "<img" not in glossary.as_html("![a picture](https://example.org/a.png)")


def test_the_published_file_holds_it(sample_data: Place, manifest: Any) -> None:
    import duckdb

    with duckdb.connect(str(sample_data.published), read_only=True) as connection:
        rows = connection.execute("select anchor, kind, term, label, unit, text from glossary").fetchall()
        places = connection.execute("select anchor, table_name, docs_anchor from glossary_tables").fetchall()
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    entries = glossary.entries(manifest)
    assert sorted(rows) == sorted((e.anchor, e.kind, e.term, e.label, e.unit, e.text) for e in entries)
    assert sorted(places) == sorted((e.anchor, *place) for e in entries for place in e.places)
    assert {name for _, name, _ in places} <= tables


def test_paths_of_this_machine_are_in_no_text(manifest: Any) -> None:
    root = str(Path(__file__).parents[2])
    assert [entry.anchor for entry in glossary.entries(manifest) if root in entry.text] == []
