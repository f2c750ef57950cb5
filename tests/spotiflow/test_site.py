"""The site's folder: swapped whole, put back after a crash, served with clean addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from spotiflow.checksums import file_checksum
from spotiflow.console import CommandError
from spotiflow.publish import evidence, site, stamp
from spotiflow.settings import Settings, base_path
from tests.conftest import Place


def folder(path: Path, word: str) -> Path:
    path.mkdir(parents=True)
    (path / "index.html").write_text(word)
    return path


@pytest.mark.parametrize(
    "line",
    [
        "Error in query: Catalog Error",
        "[ERROR]:  Internal Error | /weekly",
        "Missed substition for ${inputs.x}",
        "\x1b[31mError in \x1b[0mchart",
    ],
)
def test_failures_in_the_log_fail_the_build(tmp_path: Path, line: str) -> None:
    log = tmp_path / "site.log"
    log.write_text(f"building\n{line}\nBuild complete\n")
    with pytest.raises(CommandError, match="could not be built"):
        evidence.check_log(log)


def test_a_clean_log_passes(tmp_path: Path) -> None:
    log = tmp_path / "site.log"
    log.write_text("0 errors\nBuild complete --> ./build\n")
    evidence.check_log(log)


def test_serves_a_site_below_the_path_that_it_was_built_for(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    root = folder(place.site, "start")
    (root / "404.html").write_text("not here")
    folder(root / "day", "day")
    stamp.write_stamp(root, stamp.SiteStamp("", "", "", "2026-11-01T00:00:00+00:00", "/music/mine"))
    process = place.start("serve", "--port", 0)
    try:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/music/mine/ ", process.stdout.readline())
        assert found is not None
        connection = HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
        for path, code, text in [
            ("/music/mine/", 200, "start"),
            ("/music/mine/day/", 200, "day"),
            ("/music/mine/day", 307, "/music/mine/day/"),
            ("/music/mine", 307, "/music/mine/"),
            ("/", 307, "/music/mine/"),
            ("/day/", 404, "not here"),
            ("/music/mineral/", 404, "not here"),
            ("/music/mine/nothing", 404, "not here"),
        ]:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read().decode()
            assert response.status == code, path
            assert (response.getheader("location") or body).endswith(text), path
        connection.close()
    finally:
        process.terminate()
        process.finish()


@pytest.mark.parametrize(
    ("typed", "path"), [("", ""), ("/", ""), ("music", "/music"), ("/music/", "/music"), (" /a//b/ ", "/a/b")]
)
def test_base_paths_are_written_in_one_way(typed: str, path: str) -> None:
    assert base_path(typed) == path


@pytest.mark.parametrize(
    "path", ["/a b", "/m\u00fcsik", "/..", "/a/../b", "/x?y", '/"', "/d", "/weekly", "/docs", "/icon", "/_app"]
)
def test_base_paths_that_do_not_work_are_refused(path: str, tmp_path: Path) -> None:
    settings = replace(Place(tmp_path).settings, base_path=path)
    with pytest.raises(CommandError, match="SPOTIFLOW_BASE_PATH"):
        site.check_base_path(settings)
    for good in ("", "/music", "/spotiflow", "/music/day", "/v1.2/site_b-c"):
        site.check_base_path(replace(settings, base_path=good))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HTTPConnection]:
    """`spotiflow serve` on a small site, on any free port."""
    place = Place(tmp_path / "place")
    root = folder(place.site, "start")
    (root / "404.html").write_text("not here")
    folder(root / "week", "week")
    folder(root / "day", "day")
    folder(root / ".hidden", "hidden")
    (root / ".hidden.txt").write_text("hidden")
    (root / "data.parquet").write_bytes(b"0123456789")
    (place.folder / "secret.txt").write_text("secret")
    process = place.start("serve", "--port", 0)
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
    assert found is not None
    connection = HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
    yield connection
    connection.close()
    process.terminate()
    process.finish()


def test_serves_clean_addresses(server: HTTPConnection) -> None:
    def get(path: str, method: str = "GET", **headers: str) -> tuple[int, str, str | None]:
        server.request(method, path, headers=headers)
        response = server.getresponse()
        return response.status, response.read().decode(), response.getheader("location")

    for path, code, text in [
        ("/", 200, "start"),
        ("/week/", 200, "week"),
        ("/day/", 200, "day"),
        ("/day/?date=2026-01-01", 200, "day"),
        ("/nothing", 404, "not here"),
        ("/nothing/at/all", 404, "not here"),
        ("/../secret.txt", 404, "not here"),
        ("/%2e%2e/secret.txt", 404, "not here"),
        ("/.hidden.txt", 404, "not here"),
        ("/.hidden/", 404, "not here"),
    ]:
        assert get(path)[:2] == (code, text), path
    code, _, location = get("/day?date=2026-01-01")
    assert (code, location) == (307, f"http://127.0.0.1:{server.port}/day/?date=2026-01-01")
    assert get("/data.parquet", range="bytes=2-4")[:2] == (206, "234")
    assert get("/week/", "HEAD")[:2] == (200, "")
    assert get("/week/", "POST")[0] == 405


def test_serve_without_a_site(tmp_path: Path) -> None:
    done = Place(tmp_path / "place").run("serve")
    assert done.code == 1
    assert "spotiflow refresh" in done.err


def test_the_built_site_is_complete(sample_build: Place) -> None:
    assert stamp.read_stamp(sample_build.site) is not None
    assert stamp.is_current(sample_build.settings)
    assert (sample_build.site / "index.html").is_file()
    assert "Build complete" in sample_build.build_log.read_text()
    assert not site.work_folder(sample_build.settings).exists()


@pytest.fixture
def standing(tmp_path: Path) -> Settings:
    """Something is published, and yesterday's site stands, with its documentation."""
    place = Place(tmp_path)
    settings = place.settings
    place.published.parent.mkdir(parents=True)
    place.published.write_bytes(b"published")
    folder(place.site, "yesterday")
    folder(place.site / "docs", "documentation of yesterday")
    return settings


def _stamped(settings: Settings, docs_fingerprint: str) -> stamp.SiteStamp:
    made_from = stamp.SiteStamp(
        published_sha256=file_checksum(settings.published),
        pages_fingerprint=stamp.pages_fingerprint(settings),
        docs_fingerprint=docs_fingerprint,
        built_at="2026-11-23T10:00:00+00:00",
    )
    stamp.write_stamp(settings.site, made_from)
    return made_from


def test_documentation_that_fails_leaves_the_site_as_it_is(standing: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CommandError("dbt could not run: weekly_listening has no description")

    monkeypatch.setattr(site, "build_docs", fail)
    with pytest.raises(CommandError, match=r"(?s)documentation of the models.*weekly_listening has no description"):
        site.build(standing)
    assert (standing.site / "index.html").read_text() == "yesterday"
    assert (standing.site / "docs" / "index.html").read_text() == "documentation of yesterday"
    assert not site.work_folder(standing).exists()


def test_documentation_is_written_again_when_what_it_describes_changed(
    standing: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(settings: Settings, target: Path, at: object) -> None:
        target.write_text("documentation of today")

    monkeypatch.setattr(site, "build_docs", write)
    target = tmp_path / "docs.html"
    now = stamp.docs_fingerprint(standing)
    made_from = _stamped(standing, now)
    site._document(standing, target, made_from, print)
    assert target.read_text() == "documentation of yesterday", "nothing changed: no need to write it again"

    _stamped(standing, "of other models")
    site._document(standing, target, made_from, print)
    assert target.read_text() == "documentation of today"

    _stamped(standing, now)
    (standing.site / "docs" / "index.html").unlink()
    target.unlink()
    site._document(standing, target, made_from, print)
    assert target.read_text() == "documentation of today"


def test_a_site_with_documentation_of_other_models_is_not_current(standing: Settings) -> None:
    _stamped(standing, stamp.docs_fingerprint(standing))
    assert stamp.is_current(standing)
    _stamped(standing, "of other models")
    assert not stamp.is_current(standing)
    assert stamp.shows_published_data(standing)


def test_a_stamp_from_before_there_was_documentation_is_old(standing: Settings) -> None:
    made_from = dict(_stamped(standing, "").__dict__)
    del made_from["docs_fingerprint"]
    (standing.site / "spotiflow-site.json").write_text(json.dumps(made_from))
    assert not stamp.is_current(standing)
