"""What dbt's nodes are called in messages: the promise of a test in plain words, and the files to look at."""

from __future__ import annotations

import re
from typing import Any


def in_plain_words(manifest: Any, unique_id: str) -> str:
    """What a test promises, without a full stop: its description, else words made of its kind, column and model."""
    node = manifest.nodes.get(unique_id) or manifest.unit_tests.get(unique_id)
    if node is None:
        return unique_id.split(".")[2]
    if node.resource_type not in ("test", "unit_test"):
        return str(node.name)
    description = " ".join((node.description or "").split()).rstrip(".")
    if description:
        return description
    if node.resource_type == "unit_test":
        return f"{node.name.replace('_', ' ')} (worked example for {node.model})"
    metadata = getattr(node, "test_metadata", None)
    if metadata is None:
        return _first_comment(node.raw_code) or str(node.name).replace("_", " ")
    column = metadata.kwargs.get("column_name")
    attached = manifest.nodes.get(node.attached_node) if node.attached_node else None
    table = attached.name if attached else _source_name(manifest, node)
    where = f"{table}.{column}" if column else table
    match metadata.name:
        case "not_null":
            return f"{where} is never empty"
        case "unique":
            return f"{where} is unique"
        case "accepted_values":
            return f"{where} is one of {', '.join(map(str, metadata.kwargs.get('values', [])))}"
        case "relationships":
            target = re.sub(r".*\(['\"](\w+)['\"]\).*", r"\1", str(metadata.kwargs.get("to")))
            return f"every {where} exists in {target}.{metadata.kwargs.get('field')}"
    macro = manifest.macros.get(f"macro.{node.package_name}.test_{metadata.name}")
    about = " ".join((macro.description if macro else "").split())
    if about:
        return f"{where}: {about.split('. ')[0].rstrip('.')}"
    return f"{where}: {metadata.name.replace('_', ' ')}"


def subjects(manifest: Any, unique_id: str) -> tuple[str, ...]:
    """The files that a test judges (or the node's own), relative to the project."""
    node = manifest.nodes.get(unique_id) or manifest.unit_tests.get(unique_id)
    if node is None:
        return ()
    if node.resource_type not in ("test", "unit_test"):
        return (node.original_file_path,)
    attached = getattr(node, "attached_node", None)
    parents = [attached] if attached else list(node.depends_on_nodes)
    found = [manifest.nodes.get(parent) or manifest.sources.get(parent) for parent in parents]
    return tuple(dict.fromkeys(parent.original_file_path for parent in found if parent is not None))


def _source_name(manifest: Any, node: Any) -> str:
    for parent in node.depends_on_nodes:
        if parent in manifest.sources:
            source = manifest.sources[parent]
            return f"{source.source_name}.{source.name}"
    return str(node.name)


def _first_comment(sql: str) -> str:
    """The comment on top of a singular test: by house rule it says what a returned row means."""
    lines = []
    for line in sql.strip().splitlines():
        text = line.strip()
        if not text.startswith("--"):
            break
        lines.append(text.lstrip("- "))
    return " ".join(lines).split(". ")[0].rstrip(".")
