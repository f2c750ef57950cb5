"""The glossary of the published file: the metrics and words that readers look up, read from dbt's manifest.

Words are the doc blocks of models/_glossary.md, so that the page, the columns and the models' documentation share one
text. Tables and columns have no entries: the models' documentation describes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from spotiflow.publish.tables import published_nodes
from spotiflow.publish.units import unit_of

KINDS = ("metric", "word")
"""metric: of the semantic layer; word: a doc block of the glossary."""

GLOSSARY_FILE = "_glossary.md"

# Suffixes that say the unit, which stands beside the name
_UNIT_SUFFIXES = ("_pct", "_pp", "_ms")


@dataclass
class Entry:
    """One term and what it means."""

    kind: str
    term: str
    label: str
    text: str  # Markdown
    anchor: str  # unique: its address on the page
    units: list[str] = field(default_factory=list)
    docs_anchor: str | None = None  # its address in dbt's docs
    places: list[tuple[str, str]] = field(default_factory=list)  # published tables, each with its address in dbt's docs

    @property
    def unit(self) -> str | None:
        """The unit; all of them when tables differ."""
        return " or ".join(self.units) or None


def entries(manifest: Any) -> list[Entry]:
    """Every term: metrics, then words that no metric explains already, each kind in the order of its labels."""
    tables = _tables(manifest)
    metrics = list(_metrics(manifest, tables))
    words = [word for word in _words(manifest, tables) if not any(word.text in metric.text for metric in metrics)]
    return sorted([*metrics, *words], key=lambda entry: (KINDS.index(entry.kind), entry.label.lower(), entry.anchor))


def as_html(markdown: str) -> str:
    """A description as HTML that is safe to put into a page: no HTML of its own, no headings, nothing fetched."""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["heading", "lheading", "image"])
    return str(renderer.render(markdown)).strip()


@dataclass(frozen=True)
class _Table:
    name: str
    node: Any
    docs_anchor: str


def _tables(manifest: Any) -> list[_Table]:
    """The published tables; of a model with versions every version, the latest under the plain name."""
    found = []
    for node in published_nodes(manifest).values():
        version = getattr(node, "version", None)
        name = node.name if version is not None and version == node.latest_version else node.alias
        found.append(_Table(name, node, f"#!/{node.resource_type}/{node.unique_id}"))
    return sorted(found, key=lambda table: table.name)


def _metrics(manifest: Any, tables: Sequence[_Table]) -> Iterator[Entry]:
    published = {table.node.unique_id for table in tables}
    for metric in manifest.metrics.values():
        # `hidden: true`: a part of other metrics, which nobody asks for
        if metric.type_params.is_private:
            continue
        behind = _behind(manifest, metric, published)
        unit = metric.config.meta.get("unit")
        yield Entry(
            kind="metric",
            term=metric.name,
            label=metric.label or _words_of(metric.name),
            text=_tidy(metric.description),
            anchor=f"metric-{metric.name}",
            units=[str(unit)] if unit else [],
            docs_anchor=f"#!/metric/{metric.unique_id}",
            places=[_place(table) for table in tables if table.node.unique_id in behind],
        )


def _behind(manifest: Any, metric: Any, published: set[str]) -> set[str]:
    """The published models that a metric is computed from; through other metrics, semantic models and views."""
    seen: set[str] = set()
    waiting = list(metric.depends_on.nodes)
    while waiting:
        unique_id = waiting.pop()
        if unique_id in seen:
            continue
        seen.add(unique_id)
        if unique_id in published:
            continue
        node = (
            manifest.metrics.get(unique_id) or manifest.semantic_models.get(unique_id) or manifest.nodes.get(unique_id)
        )
        if node is not None:
            waiting += node.depends_on.nodes
    return seen & published


def _words(manifest: Any, tables: Sequence[_Table]) -> Iterator[Entry]:
    project = manifest.metadata.project_name
    for block in manifest.docs.values():
        if block.package_name != project or PurePosixPath(block.original_file_path).name != GLOSSARY_FILE:
            continue
        entry = Entry("word", block.name, _words_of(block.name), _tidy(block.block_contents), f"word-{block.name}")
        for table in tables:
            using = [column for column in table.node.columns.values() if block.unique_id in column.doc_blocks]
            for column in using:
                _add_unit(entry, column)
            if using or block.unique_id in table.node.doc_blocks:
                entry.places.append(_place(table))
        yield entry


def _place(table: _Table) -> tuple[str, str]:
    return table.name, table.docs_anchor


def _add_unit(entry: Entry, column: Any) -> None:
    unit = unit_of(column.name, column.data_type)
    if unit and unit not in entry.units:
        entry.units.append(unit)


def _words_of(name: str) -> str:
    """minutes_listened -> Minutes listened; feature_coverage_pct -> Feature coverage, for the unit says percent."""
    for suffix in _UNIT_SUFFIXES:
        name = name.removesuffix(suffix)
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _tidy(text: str | None) -> str:
    return (text or "").strip()
