"""What the pages of docs/ and the README tell people to type exists, and what they tell them to copy can be read.

The script for S3 is run against a stand-in of `aws` on the built sample site, and CloudFront's function in Node.
"""

from __future__ import annotations

import configparser
import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from spotiflow.cli.main import app
from spotiflow.settings import VARIABLES
from tests.conftest import PROJECT, Place

PAGES = sorted(
    [
        *(PROJECT / "docs").glob("*.md"),
        *(PROJECT / "docs" / "publishing").glob("*.md"),
        *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md")),
    ]
)
PUBLISHING = PROJECT / "docs" / "publishing"
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Sections and settings of systemd units, as systemd.unit(5), .service(5), .timer(5) and .exec(5) have them.
_UNIT = {
    "Unit": {"Description", "Wants", "After", "OnFailure"},
    "Service": {
        *("Type", "WorkingDirectory", "ExecStart", "Restart", "RestartSec", "TimeoutStopSec", "TimeoutStartSec"),
        *("SuccessExitStatus", "MemoryHigh"),
    },
    "Timer": {"OnCalendar", "RandomizedDelaySec", "Persistent"},
    "Install": {"WantedBy"},
}


def blocks(page: Path, language: str | None = None) -> list[str]:
    """Code blocks of a page; all, or those in a language."""
    return [text for word, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if language in (None, word)]


def _typed(page: Path) -> Iterator[str]:
    """Everything that follows the word `spotiflow` where it is a command: in code blocks, and between backticks."""
    text = page.read_text(encoding="utf-8")
    outside = _BLOCK.sub("", text)
    # A command may go on in the next line of a paragraph.
    places = [*(line for block in blocks(page) for line in block.replace("\\\n", " ").splitlines())]
    places += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", outside)]
    for place in places:
        # Not folders, files and units that are called so, nor the rest of such a name.
        for found in re.finditer(r"(?:^|(?<=[\s`(=/]))spotiflow (?=[-a-z])([^|&;>#)`\n]*)", place):
            if not place.lstrip().startswith(("git ", "Description=")) and "Description=" not in place:
                yield found[1].strip()


def _resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what is left of them."""
    command: Any = typer.main.get_command(app)
    rest = [word for word in words if word not in ("--sandbox", "--debug")]
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        following = command.commands.get(rest[0])
        if following is None:
            raise LookupError(rest[0])
        command, rest = following, rest[1:]
    return command, rest


def _check_commands(page: Path) -> None:
    for typed in _typed(page):
        words = shlex.split(
            typed.replace("…", " ").replace("'", '"') if typed.count('"') % 2 == 0 else typed.split('"')[0]
        )
        command, rest = _resolve(words)
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        used = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert used <= known | {"--help"}, f"{page.name}: spotiflow {typed}"


def test_commands_and_their_options_exist() -> None:
    for page in PAGES:
        _check_commands(page)


def test_the_check_of_commands_sees_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Run `spotiflow\nrefresh --only me`, then\n\n```sh\nX=1 .venv/bin/spotiflow serve --port 1 && ls\n```\n"
    )
    assert list(_typed(page)) == ["serve --port 1", "refresh --only me"]
    page.write_text("`spotiflow refresh --alone me`, and `spotiflow polish`\n")
    with pytest.raises((AssertionError, LookupError)):
        _check_commands(page)
    page.write_text("`spotiflow polish`")
    with pytest.raises(LookupError):
        _check_commands(page)


def test_enough_commands_are_looked_at() -> None:
    assert sum(len(list(_typed(page))) for page in PAGES) > 40
    assert {"refresh --only me", "serve --only me"} <= set(_typed(PUBLISHING / "static-host.md"))


def test_environment_variables_exist() -> None:
    for page in [*PAGES, *WORKFLOWS]:
        named = set(re.findall(r"\bSPOTIFLOW_[A-Z_]+\b", page.read_text(encoding="utf-8")))
        known = {*VARIABLES, *({"SPOTIFLOW_TEST_BUILD"} if page.name == "CONTRIBUTING.md" else ())}
        assert named <= known, f"{page.name} names {sorted(named - known)}"


def test_targets_of_make_exist() -> None:
    for page in [*PAGES, *WORKFLOWS]:
        targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        text = page.read_text(encoding="utf-8")
        in_blocks = "\n".join(blocks(page)) if page.suffix == ".md" else text
        lines = in_blocks.splitlines()
        named = set(re.findall(r"`make ([a-z-]+)", text))
        named |= {found[1] for line in lines if (found := re.match(r"\s*(?:- run: )?make ([a-z-]+)", line))}
        assert named <= targets, page.name


def test_every_page_is_linked() -> None:
    index = PROJECT / "docs" / "README.md"
    text = index.read_text(encoding="utf-8")
    for page in PAGES:
        if page.is_relative_to(index.parent) and page != index:
            assert f"({page.relative_to(index.parent)})" in text
    assert "(docs/README.md)" in PROJECT.joinpath("README.md").read_text(encoding="utf-8")


def test_the_page_of_commands_lists_them_all() -> None:
    text = (PROJECT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert {name for name in VARIABLES if f"| `{name}` |" not in text} == set()
    missing = [name for name in _names(typer.main.get_command(app)) if not re.search(rf"`spotiflow {name}\b", text)]
    assert missing == []


def _names(command: Any, words: str = "") -> Iterator[str]:
    """Every command that does something, with the words before it, but for those that `make` calls."""
    for name, below in getattr(command, "commands", {}).items():
        if hasattr(below, "commands"):
            yield from _names(below, f"{words}{name} ")
        elif f"{words}{name}" != "contracts freeze":
            yield f"{words}{name}"


# --- workflows -------------------------------------------------------------------------------------------------


def _workflows() -> list[tuple[str, dict[Any, Any]]]:
    # CONTRIBUTING shows dbt's YAML.
    pages = [page for page in PAGES if page.name != "CONTRIBUTING.md"]
    in_pages = [(page.name, yaml.safe_load(text)) for page in pages for text in blocks(page, "yaml")]
    in_files = [(path.name, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in WORKFLOWS]
    return [(name, found) for name, found in (*in_pages, *in_files) if isinstance(found, dict)]


def test_workflows_are_whole() -> None:
    whole = [(name, found) for name, found in _workflows() if "jobs" in found]
    assert [name for name, _ in whole] == ["github-pages.md", "ci.yml", "nightly.yml", "pages.yml"]
    for name, workflow in whole:
        # YAML reads `on` as a truth value.
        assert workflow.get("on", workflow.get(True)) is not None, name
        assert workflow["permissions"] == {"contents": "read"}, f"{name}: nothing more than what a job asks for"
        for job in workflow["jobs"].values():
            assert set(job.get("needs", "").split()) <= set(workflow["jobs"])
            ids = {step["id"] for step in job["steps"] if "id" in step}
            for step in job["steps"]:
                assert ("uses" in step) != ("run" in step), step
                # In this repository by commit, so that nobody else's tag decides what runs here
                version = r"v\d+" if name.endswith(".md") else r"[0-9a-f]{40}"
                assert "uses" not in step or re.fullmatch(rf"[\w-]+/[\w-]+@{version}", step["uses"]), step
                for asked in re.findall(r"steps\.(\w+)\.", json.dumps(step)):
                    assert asked in ids, step
                _assert_shell(step.get("run", ""))


def test_only_the_sample_is_published_from_this_repository() -> None:
    """On demand, by the job that builds it, and with nothing that names a secret."""
    text = (PROJECT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"workflow_dispatch": None}
    assert "secrets." not in text
    assert [step["run"] for step in workflow["jobs"]["build"]["steps"] if "run" in step] == ["make report"]


def test_every_other_snippet_of_yaml_is_a_piece_of_a_workflow() -> None:
    for name, found in _workflows():
        assert set(found) <= {"name", "on", True, "permissions", "concurrency", "jobs", "steps"}, name
        for step in found.get("steps", []):
            _assert_shell(step["run"])


# --- units, crontabs, scripts ------------------------------------------------------------------------------------


def test_units_are_units() -> None:
    units = [(page.name, text) for page in PAGES for text in blocks(page, "ini")]
    assert len(units) >= 5
    for name, text in units:
        unit = configparser.RawConfigParser(strict=False, delimiters=("=",), interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(text)
        assert set(unit.sections()) <= set(_UNIT), name
        for section in unit.sections():
            assert set(unit[section]) <= _UNIT[section], (name, section)
        for command in re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE):
            assert command.startswith(("%h/", "/")), f"{name}: systemd wants a whole path: {command}"
        if "Timer" in unit:
            assert unit["Install"]["WantedBy"] == "timers.target"


def test_lines_of_a_crontab_are_shell() -> None:
    lines = [
        line
        for page in PAGES
        for block in blocks(page, "")
        for line in block.splitlines()
        if re.match(r"[\d*/]+ [\d*/]+ [\d*]+ [\d*]+ [\d*]+ ", line)
    ]
    assert len(lines) == 3
    for line in lines:
        command = re.sub(r"^(\S+\s+){5}", "", line)
        assert "%" not in command, "cron ends a command there"
        _assert_shell(command)


def test_the_line_of_a_crontab_uploads_what_was_published(tmp_path: Path) -> None:
    """After 0 and 3; after anything else it shows what was said."""
    (line,) = [
        line for block in blocks(PUBLISHING / "schedule.md", "") for line in block.splitlines() if "upload.sh" in line
    ]
    command = re.sub(r"^(\S+\s+){5}", "", line)
    project = tmp_path / "spotiflow"
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".spotiflow").mkdir()
    (tmp_path / "bin").mkdir()
    for path, text in (
        (project / ".venv" / "bin" / "spotiflow", "echo said; exit $CODE"),
        (tmp_path / "bin" / "upload.sh", "echo uploaded"),
    ):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    for code, out in ((0, "uploaded\n"), (3, "uploaded\n"), (1, "said\n"), (2, "said\n")):
        done = _shell(command, env={"HOME": str(tmp_path), "CODE": str(code), "PATH": os.environ["PATH"]})
        assert done.stdout == out, code


def test_scripts_are_shell() -> None:
    scripts = [text for page in PAGES for text in blocks(page, "sh")]
    assert len(scripts) >= 4
    for text in scripts:
        _assert_shell(text)


def test_blocks_of_nginx_are_closed() -> None:
    found = [text for page in PAGES for text in blocks(page, "nginx")]
    assert len(found) == 3
    for text in found:
        assert text.count("{") == text.count("}")
        for line in text.splitlines():
            assert not line.strip() or line.rstrip()[-1] in "{};" or "gzip_types" in line or "svg+xml" in line


def _assert_shell(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{text}\n{done.stderr}"


def _shell(text: str, *arguments: object, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", text, "sh", *map(str, arguments)]
    return subprocess.run(command, env=env, text=True, capture_output=True, check=False, timeout=300)


# --- uploading ---------------------------------------------------------------------------------------------------

# `aws s3 cp` and `aws s3 sync` as the script needs them: filters in their order, the last that fits decides.
_AWS = r"""
import fnmatch, json, os, pathlib, shutil, sys
log, root = pathlib.Path(os.environ["AWS_LOG"]), pathlib.Path(os.environ["AWS_ROOT"])
service, command, source, target, *rest = sys.argv[1:]
assert service == "s3" and target.startswith("s3://")
filters, headers, flags = [], {}, set()
while rest:
    option = rest.pop(0)
    if option in ("--exclude", "--include"):
        filters.append((option, rest.pop(0)))
    elif option in ("--content-type", "--content-encoding", "--cache-control"):
        headers[option[2:]] = rest.pop(0)
    else:
        assert option in ("--only-show-errors", "--size-only", "--delete"), option
        flags.add(option)
place = root / target[5:]

def fits(name):
    verdict = True
    for option, pattern in filters:
        if fnmatch.fnmatchcase(name, pattern):
            verdict = option == "--include"
    return verdict

def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with log.open("a") as stream:
        stream.write(json.dumps({"put": str(path.relative_to(root)), **headers}) + "\n")

def files(folder):
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}

if command == "cp":
    assert source == "-"
    put(place, sys.stdin.buffer.read())
else:
    assert command == "sync"
    here, there = files(pathlib.Path(source)), files(place)
    for name in (name for name in here if fits(name)):
        content = here[name].read_bytes()
        if name not in there or there[name].read_bytes() != content:
            put(place / name, content)
    if "--delete" in flags:
        for name in (name for name in there if name not in here and fits(name)):
            there[name].unlink()
"""


@pytest.fixture
def uploaded(sample_build: Place, tmp_path: Path) -> tuple[Any, list[dict[str, str]]]:
    """Upload the sample's site to a stand-in of S3; returns the uploader, and what was put in which order."""
    (script,) = [text for text in blocks(PUBLISHING / "private-bucket.md", "sh") if "aws s3" in text]
    aws = tmp_path / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text(f"#!{sys.executable}\n{_AWS}")
    aws.chmod(0o755)
    log = tmp_path / "log"
    env = {"PATH": f"{aws.parent}:{os.environ['PATH']}", "AWS_LOG": str(log), "AWS_ROOT": str(tmp_path)}

    def upload(*arguments: str) -> None:
        done = _shell(script, sample_build.site, "s3://bucket", *arguments, env=env)
        assert done.returncode == 0, done.stderr

    upload()
    return upload, [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.long
def test_the_script_for_s3_uploads_the_whole_site_in_the_right_order(
    uploaded: tuple[Any, list[dict[str, str]]], sample_build: Place, tmp_path: Path
) -> None:
    upload, puts = uploaded
    bucket = tmp_path / "bucket"
    local = {str(path.relative_to(sample_build.site)) for path in sample_build.site.rglob("*") if path.is_file()}
    names = [put["put"].removeprefix("bucket/") for put in puts]
    assert sorted(names) == sorted(local), "each file once"
    by_name = dict(zip(names, puts, strict=True))
    for name in local:
        content, put = (bucket / name).read_bytes(), by_name[name]
        if name.endswith(".wasm"):
            assert (put["content-type"], put["content-encoding"]) == ("application/wasm", "gzip")
            content = gzip.decompress(content)
        else:
            assert "content-encoding" not in put
        assert content == (sample_build.site / name).read_bytes()
        is_for_ever = _step(name) == 1
        assert ("immutable" in put["cache-control"]) == is_for_ever, name
    places = [_step(name) for name in names]
    assert places == sorted(places), "what others name goes first"
    # Later: what the site no longer has goes, and nothing else.
    old = bucket / "data" / "marts" / "daily_listening" / "0" / "daily_listening.parquet"
    old.parent.mkdir()
    old.write_text("old")
    upload()
    assert old.exists()
    upload("tidy")
    assert not old.exists()
    assert {str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file()} == local


def _step(name: str) -> int:
    if name.startswith("_app/immutable/") or (name.startswith("data/") and not name.endswith(".json")):
        return 1
    return 2 if name.startswith(("data/", "api/")) else 3


def test_the_table_of_the_folder_names_everything_in_it(sample_build: Place) -> None:
    text = (PUBLISHING / "static-host.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`]+)`", text.partition("## What is in the folder")[2].partition("\n## ")[0]))
    first = {name.partition("/")[0] for name in named}
    icons = {
        "favicon.ico",
        "icon.svg",
        "apple-touch-icon.png",
        "icon-192.png",
        "icon-512.png",
        "manifest.webmanifest",
        "social-preview.png",
    }
    there = {path.name for path in sample_build.site.iterdir()}
    assert there - icons - {name for name in there if (sample_build.site / name / "index.html").is_file()} <= first
    assert icons <= there
    tables = [path for path in (sample_build.site / "data").rglob("*") if path.is_file() and path.suffix != ".json"]
    (for_ever,) = re.findall(r'location ~ "(.*)"', text)
    for path in tables:
        assert re.search(for_ever, f"/{path.relative_to(sample_build.site)}"), "its name changes with what it holds"
        assert path.read_bytes()[:2] == b"\x1f\x8b", "packed already, as the page says"
    for path in (sample_build.site / "data").rglob("*.json"):
        assert not re.search(for_ever, f"/{path.relative_to(sample_build.site)}")
    unhashed = [
        p for p in (sample_build.site / "_app" / "immutable").rglob("*") if p.is_file() and not _has_hash(p.name)
    ]
    assert unhashed == [], "what browsers keep for ever has a name of its own"


def _has_hash(name: str) -> bool:
    return re.search(r"[.-][\w-]{8}\.[\w.]+$", name) is not None


def test_the_function_for_cloudfront_asks_for_the_password_and_finds_pages() -> None:
    (function,) = blocks(PUBLISHING / "private-bucket.md", "js")
    uris = ["/", "/week/", "/week", "/_app/version.json", "/data/marts/x/0/x.parquet"]
    asked = [{"uri": uri, "headers": {"authorization": {"value": "Basic PUT_YOUR_OWN_HERE"}}} for uri in uris]
    asked += [{"uri": "/", "headers": {}}, {"uri": "/", "headers": {"authorization": {"value": "Basic other"}}}]
    code = f"{function}\nconsole.log(JSON.stringify({json.dumps(asked)}.map(request => handler({{ request }}))))"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    assert [answer.get("uri") for answer in answers[:5]] == ["/index.html", "/week/index.html", None, *uris[3:]]
    assert answers[2]["headers"]["location"]["value"] == "/week/"
    assert [answer.get("statusCode") for answer in answers] == [None, None, 308, None, None, 401, 401]
