"""Which tables are published, and how: decided in the models' YAML, read from dbt's manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PublishedTable:
    """A table of the published file and where it comes from."""

    name: str
    schema: str
    identifier: str
    order: tuple[str, ...]  # key columns; empty: all columns


def published_nodes(manifest: Any) -> dict[str, Any]:
    """The models with `config.meta.published`, and the seeds that define what they mean."""
    return {
        unique_id: node
        for unique_id, node in manifest.nodes.items()
        if (node.resource_type == "model" and node.config.meta.get("published") is True)
        or (node.resource_type == "seed" and node.original_file_path.startswith("seeds/definitions/"))
    }


def published_tables(manifest: Any) -> list[PublishedTable]:
    """The tables of the published file, by name.

    A model with versions appears under each version's name, and its latest version under the plain name as well (what
    dbt keeps as a pointer is a table here).
    """
    found: dict[str, PublishedTable] = {}
    for node in published_nodes(manifest).values():
        order = _key_columns(manifest, node)
        found[node.alias] = PublishedTable(node.alias, node.schema, node.alias, order)
        if getattr(node, "version", None) is not None and node.version == node.latest_version:
            found[node.name] = PublishedTable(node.name, node.schema, node.alias, order)
    return [found[name] for name in sorted(found)]


def _key_columns(manifest: Any, node: Any) -> tuple[str, ...]:
    """The columns to sort by: `meta.published_order`, else the columns of its only test `is_key`, else all."""
    wanted = node.config.meta.get("published_order")
    if wanted:
        # dbt appends lists: a version that was parsed before its model had versions has the order of both.
        return tuple(dict.fromkeys(column for column in wanted if column in node.columns))
    keys = [
        test.test_metadata.kwargs["columns"]
        for test in manifest.nodes.values()
        if test.resource_type == "test"
        and getattr(test, "attached_node", None) == node.unique_id
        and test.test_metadata.name == "is_key"
        and test.config.where is None
    ]
    return tuple(keys[0]) if len(keys) == 1 else ()
