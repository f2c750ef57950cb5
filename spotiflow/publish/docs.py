"""The models' documentation as one HTML file: every table, column, test, metric and definition, and how they hang
together.

It describes code, not data: no warehouse is opened, nothing of anybody's listening is in it, and the same project
gives the same file, byte for byte. It is dbt's own documentation page with its data inside, so that it works from any
folder or server and asks no other host for anything.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from spotiflow.console import CommandError
from spotiflow.dbt_runner import Dbt
from spotiflow.publish.units import unit_of
from spotiflow.settings import Settings

TITLE = "SpotiFlow: models, columns and metrics"

# What the page needs of dbt's metadata. Left out: times and ids of the run, the machine and the user.
_METADATA = ("dbt_schema_version", "dbt_version", "project_name", "adapter_type")
_GRAPH = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "groups", "unit_tests")
_OF_THIS_RUN = ("created_at", "compiled_path", "build_path", "root_path")

# Repairs of the page, what is replaced by what: each must be found.
_REPAIRS = {
    "<title>dbt Docs</title>": f"<title>{TITLE}</title>",
    # Names an address that is not there.
    '<link rel="canonical" href="/overview/"/>': "",
    # An empty icon: without one, browsers ask the host for it.
    "${require('./assets/favicons/favicon.ico')}": "data:,",
    # Browsers ask for the address before the page's script has filled it in.
    ' xlink:href="{{': ' ng-attr-href="{{',
}


def build_docs(settings: Settings, target_file: Path, at: Callable[[str], None] = lambda _: None) -> None:
    """Write the documentation of the project on disk to `target_file`; its folder is made if need be.

    Takes about six seconds and needs neither warehouse nor lock. Raises CommandError when the project cannot be parsed.
    """
    at("Documenting models, columns and metrics")
    with tempfile.TemporaryDirectory(prefix="spotiflow-docs-") as folder:
        # A warehouse of its own, which stays empty: some SQL asks whether a table is there already.
        aside = replace(settings, warehouse=Path(folder, settings.warehouse.name), target=Path(folder, "target"))
        manifest = Dbt(aside).compile_models()
    page = _filled_in(neutral(manifest), catalog_of(manifest))
    target_file.parent.mkdir(parents=True, exist_ok=True)
    target_file.write_text(page, encoding="utf-8")


def neutral(manifest: dict[str, Any]) -> dict[str, Any]:
    """dbt's manifest without dbt's own macros and without anything that differs between two runs or machines."""
    project = manifest["metadata"]["project_name"]
    own_macros = {name: macro for name, macro in manifest["macros"].items() if macro["package_name"] == project}
    kept = {
        "metadata": {name: manifest["metadata"][name] for name in _METADATA} | {"send_anonymous_usage_stats": False},
        "docs": manifest["docs"],
        "macros": own_macros,
        "disabled": {},
        "parent_map": _in_order(manifest["parent_map"]),
        "child_map": _in_order(manifest["child_map"]),
        **{part: manifest[part] for part in _GRAPH},
    }
    for part in ("macros", *_GRAPH):
        for entry in kept[part].values():
            for name in _OF_THIS_RUN:
                entry.pop(name, None)
            if depends_on := entry.get("depends_on"):
                own = [name for name in depends_on.get("macros", []) if name in own_macros]
                entry["depends_on"] = _in_order(depends_on | {"macros": own})
            # dbt lists them as it comes across them.
            for name in ("refs", "sources"):
                if name in entry:
                    entry[name] = sorted(entry[name], key=str)
            # The documentation page shows what is under `meta` beside the column.
            for column in entry.get("columns", {}).values():
                if unit := unit_of(column["name"], column["data_type"]):
                    column["meta"] = column["meta"] | {"unit": unit}
    return kept


def _in_order(lists: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted(values) for name, values in lists.items()}


def catalog_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Tables and columns in the form of dbt's catalog, with the types that sources, seeds and marts declare."""

    def entry(node: dict[str, Any]) -> dict[str, Any]:
        return {
            "metadata": {
                "type": node.get("config", {}).get("materialized", "table"),
                "database": node["database"],
                "schema": node["schema"],
                "name": node.get("alias") or node["identifier"],
                "comment": None,
                "owner": None,
            },
            "columns": {
                name: {"type": column.get("data_type") or "", "index": index, "name": name, "comment": None}
                for index, (name, column) in enumerate(node["columns"].items(), start=1)
            },
            "stats": {},
            "unique_id": node["unique_id"],
        }

    tables = {key: entry(node) for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    return {
        "metadata": {},
        "nodes": tables,
        "sources": {key: entry(source) for key, source in manifest["sources"].items()},
        "errors": None,
    }


def _filled_in(manifest: dict[str, Any], catalog: dict[str, Any]) -> str:
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    data = {'"MANIFEST.JSON INLINE DATA"': _script(manifest), '"CATALOG.JSON INLINE DATA"': _script(catalog)}
    for old, new in (_REPAIRS | data).items():
        if old not in page:
            raise CommandError(
                f"dbt's documentation page has changed: it no longer contains {old!r}.\n"
                "Adapt spotiflow/publish/docs.py to the version of dbt that is installed."
            )
        page = page.replace(old, new)
    return page


def _script(data: dict[str, Any]) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
