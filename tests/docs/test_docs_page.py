"""The models' documentation is one file about code alone: equal wherever it is made, silent about where that was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from spotiflow.console import CommandError
from spotiflow.publish.docs import build_docs, catalog_of, neutral
from tests.conftest import PROJECT, Place
from tests.spotiflow.conftest import copy_project

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> list[Place]:
    """The project in two places, without a warehouse."""
    folders = [tmp_path_factory.mktemp(name) for name in ("here", "there")]
    return [Place(folder / "place", project=copy_project(folder / "project")) for folder in folders]


@pytest.fixture(scope="module")
def pages(places: list[Place]) -> list[str]:
    for place in places:
        build_docs(place.settings, place.folder / "docs" / "index.html")
    return [(place.folder / "docs" / "index.html").read_text(encoding="utf-8") for place in places]


def _data(page: str) -> dict[str, Any]:
    """dbt's manifest as the page holds it."""
    manifest, _ = json.JSONDecoder().raw_decode(page, page.index('{"child_map": '))
    return dict(manifest)


def test_the_same_project_gives_the_same_file_and_touches_no_warehouse(places: list[Place], pages: list[str]) -> None:
    assert pages[0] == pages[1]
    assert not any(place.warehouse.exists() for place in places)


def test_the_file_says_nothing_of_the_machine(places: list[Place], pages: list[str]) -> None:
    for word in (*(str(place.folder.parent) for place in places), f"{PROJECT}/", "spotiflow-docs-"):
        assert word not in pages[0]
    manifest = _data(pages[0])
    # When, by whom and in which run is not said, and nobody is counted.
    assert set(manifest["metadata"]) == {
        *("dbt_schema_version", "dbt_version", "project_name", "adapter_type", "send_anonymous_usage_stats")
    }
    assert manifest["metadata"]["send_anonymous_usage_stats"] is False
    texts = json.dumps(manifest)
    for word in ("invocation_id", "generated_at", "created_at", "compiled_path"):
        assert f'"{word}"' not in texts


def test_the_file_holds_models_with_their_sql_types_and_groups(pages: list[str]) -> None:
    manifest = _data(pages[0])
    weekly = manifest["nodes"]["model.spotiflow.weekly_listening"]
    assert "select" in weekly["compiled_code"]
    assert "{{" not in weekly["compiled_code"]
    assert weekly["columns"]["energy_score"]["description"].startswith("Energy, 0-100")
    assert (weekly["access"], weekly["group"]) == ("public", "listening")
    assert "metric.spotiflow.minutes_listened" in manifest["metrics"]
    assert {macro["package_name"] for macro in manifest["macros"].values()} == {"spotiflow"}
    columns = catalog_of(manifest)["nodes"]["model.spotiflow.weekly_listening"]["columns"]
    assert columns["minutes_listened"]["type"] == "double"
    assert neutral(manifest) == manifest, "what is neutral stays as it is"


def test_every_link_of_the_overview_leads_somewhere(pages: list[str]) -> None:
    manifest = _data(pages[0])
    (overview,) = [
        doc["block_contents"] for name, doc in manifest["docs"].items() if name == "doc.spotiflow.__overview__"
    ]
    links = re.findall(r"\]\(#!/(\w+)/([\w.]+)\)", overview)
    assert len(links) > 10
    assert [link for link in links if link[1] not in manifest["nodes"] or not link[1].startswith(f"{link[0]}.")] == []


def test_a_project_that_cannot_be_read_is_named_in_plain_words(places: list[Place], tmp_path: Path) -> None:
    place = places[1]
    model = place.project / "models" / "marts" / "listening" / "weekly_listening.sql"
    before = model.read_text()
    model.write_text(before + "{{ ref('nowhere') }}")
    try:
        with pytest.raises(CommandError, match="nowhere"):
            build_docs(place.settings, tmp_path / "docs" / "index.html")
    finally:
        model.write_text(before)
    assert not (tmp_path / "docs").exists()
