"""From login to the live mode, with everything logged: what was planted is neither written nor said anywhere."""

from __future__ import annotations

import gzip
import json
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extract.redact import own_names, quoted
from extract.sources.spotify_api.accounts import KnownAccount
from extract.sources.spotify_api.identity import names_in, redact_names_of
from spotiflow.demo.sandbox import Fault, ReccoBeatsSandbox, SandboxAccount
from spotiflow.pseudonyms import keyed_hash, user_id_for
from tests.conftest import PROJECT, Completed, Place
from tests.extract.api_items import ITEMS
from tests.extract.exports import record, version_1, write_json
from tests.privacy.scanner import found
from tests.spotiflow.spotify_place import spotify_place

LABEL = "traced-label-of-somebody"
REFRESH = "AQtraced-refresh-token-0123456789"
ACCESS = "BQtraced-access-token-0123456789"
SECRET = "0traced0client0secret0123456789"
E_MAIL = "traced.person@mail.example"
ADDRESS = "203.0.113.91"
NAME = "traced-spotify-user-name"
PAGE = "/v1/me/player/recently-played"
PLANTED = [REFRESH, ACCESS, SECRET, E_MAIL, ADDRESS, NAME]
ECHO = f"{E_MAIL} ({NAME}) from {ADDRESS} sent Authorization: Bearer {ACCESS}, refresh_token={REFRESH}, {SECRET}"

# Every library logs everything to a file, as somebody who looks for a fault would have it.
LOGGED = """
import logging, os
logging.basicConfig(level=logging.DEBUG, filename=os.environ["TRACED_LOG"])
for name in ("dlt", "urllib3", "requests", "spotipy", "spotipy.client", "spotipy.oauth2"):
    logging.getLogger(name).setLevel(logging.DEBUG)
if kept := os.environ.get("TRACED_WORK"):
    # What a build of the site works with is gone afterwards; killed, it would stay. So it is looked at as well.
    import shutil, spotiflow.publish.site
    remove = spotiflow.publish.site._remove
    def remove_later(path):
        if path.name.startswith(".build-") and path.exists():
            shutil.copytree(path, kept)
        remove(path)
    spotiflow.publish.site._remove = remove_later
from spotiflow.cli.main import main
main()
"""


@dataclass
class Traced:
    """A place through which an account went, and what the commands said."""

    place: Place
    said: dict[str, Completed]
    began: float  # seconds since 1970

    @property
    def home(self) -> Path:
        return self.place.folder / "home"

    @property
    def site_work(self) -> Path:
        """What the build of the site worked with, Evidence's caches among it."""
        return self.place.folder / "site-work"


def _run(place: Place, extra: dict[str, str], *arguments: str) -> Completed:
    done = subprocess.run(
        [sys.executable, "-c", LOGGED, *arguments],
        cwd=place.project,
        env=place.env | {"PYTHONPATH": str(PROJECT), "TRACED_LOG": str(place.logs / "debug.log")} | extra,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Completed(done.returncode, done.stdout, done.stderr)


def _items() -> list[dict[str, Any]]:
    """Plays with fields that nobody asked for, and one that cannot be read."""
    extra = {"email": E_MAIL, "ip_address": ADDRESS, "context": {"type": "user", "uri": f"spotify:user:{NAME}"}}
    return [
        *[play | extra for play in ITEMS[50:]],
        extra | {"played_at": "2026-10-29T11:00:00Z", "track": {"id": None, "owner": NAME}},
    ]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder = tmp_path_factory.mktemp("traces")
    private = {"username": NAME, "ip_addr_decrypted": ADDRESS, "ip_addr": ADDRESS, "user_agent_decrypted": E_MAIL}
    rows = [version_1(record(ts)) | private for ts in ("2026-10-01T10:00:00Z", "2026-10-02T10:00:00Z", "not a time")]
    export = write_json(folder / "inputs" / "endsong_0.json", rows)
    broken = folder / "inputs" / "broken" / "endsong_1.json"
    broken.parent.mkdir()
    broken.write_text(export.read_text()[:-40])  # cut within a row
    account = SandboxAccount(
        REFRESH, _items(), {"id": NAME, "account_id": NAME, "email": E_MAIL, "display_name": NAME, "country": "GB"}
    )
    said = {}
    began = time.time()
    # Commands run on their own here: there is no output of this process to look at.
    with (
        pytest.MonkeyPatch.context() as patch,
        ReccoBeatsSandbox() as reccobeats,
        spotify_place(folder / "place", patch, None, [account]) as there,  # type: ignore[arg-type]
    ):
        spotify = there.spotify
        spotify.client_secret = SECRET
        there.place.logs.mkdir(parents=True)
        spotify.access_tokens[ACCESS] = account
        there.log_in(LABEL, REFRESH, access_token=ACCESS, client_secret=SECRET)
        extra = {
            "SPOTIFLOW_SPOTIFY_API": spotify.url,
            "SPOTIFLOW_SPOTIFY_ACCOUNTS": spotify.url,
            "SPOTIFLOW_RECCOBEATS_API": reccobeats.url,
            "SPOTIFY_CLIENT_ID": spotify.client_id,
            "SPOTIFY_CLIENT_SECRET": SECRET,
            "SPOTIPY_CLIENT_SECRET": SECRET,
            "RUNTIME__LOG_LEVEL": "DEBUG",
            "DBT_LOG_LEVEL_FILE": "debug",
        }
        for fault in (Fault(403, ECHO), Fault(400, {"error": {"status": 400, "message": ECHO}})):
            spotify.faults.add(PAGE, fault)
            said[f"refused with {fault.status}"] = _run(there.place, extra, "--debug", "load", "api")
        said["load api"] = _run(there.place, extra, "load", "api", "--account", LABEL)
        zone = ("--account", LABEL, "--timezone", "Europe/London")
        said["load export"] = _run(there.place, extra, "load", "export", str(export), *zone)
        said["load broken export"] = _run(there.place, extra, "load", "export", str(broken), *zone)
        said["refresh"] = _run(there.place, extra, "refresh", "--no-site")
        spotify.faults.add(PAGE, Fault(403, ECHO))
        said["follow"] = _run(there.place, extra, "follow", "--no-site", "--polls", "1")
        said["refresh again"] = _run(there.place, extra, "refresh", "--no-site")
        place = there.place
        # The one build of a site: what every page, its data and the documentation of the models are made of.
        work = {"TRACED_WORK": str(place.folder / "site-work"), "npm_config_loglevel": "verbose"}
        said["site"] = _run(place, extra | work, "--debug", "site")
    return Traced(place, said, began)


@pytest.mark.long
def test_the_commands_did_their_work(traced: Traced) -> None:
    """Else nothing would be proved."""
    codes = {name: done.code for name, done in traced.said.items()}
    everything = "\n".join(f"== {name}\n{done.text}" for name, done in traced.said.items())
    assert codes == {
        "refused with 403": 1,
        "refused with 400": 1,
        "load api": 0,
        "load export": 0,
        "load broken export": 3,
        "refresh": 0,
        "follow": 0,
        "refresh again": 0,
        "site": 0,
    }, everything
    assert "Everything is up to date" in traced.said["refresh again"].out, "its poll brought nothing new"
    log = (traced.place.logs / "debug.log").read_text()
    assert "urllib3" in log, "requests were logged"
    assert "select" in (traced.place.logs / "dbt.log").read_text().lower(), "dbt logged its SQL"
    user_id = user_id_for(LABEL, traced.home)
    with duckdb.connect(str(traced.place.published), read_only=True) as connection:
        plays = connection.execute("select count(*) from fct_plays where user_id = ?", [user_id]).fetchone()
    assert plays == (12,)
    kept = b"".join(path.read_bytes() for path in traced.home.rglob("*") if path.is_file())
    assert all(word.encode() in kept for word in (REFRESH, ACCESS, SECRET, LABEL)), "it was there to be leaked"


@pytest.mark.long
def test_the_site_was_built_from_these_plays(traced: Traced) -> None:
    """Else the search in it would prove nothing."""
    user_id = user_id_for(LABEL, traced.home)
    in_site = found(traced.place.site, [user_id])
    assert any("/data/marts/" in trace for trace in in_site), "its data names the listener by pseudonym"
    assert (traced.place.site / "docs" / "index.html").is_file()
    assert (traced.site_work / ".evidence").is_dir(), "Evidence's caches are there to be looked at"
    assert found(traced.site_work, [user_id])


@pytest.mark.long
def test_no_file_and_no_value_holds_a_trace(traced: Traced) -> None:
    assert not found(traced.place.folder, [*PLANTED, LABEL], leave_out=traced.home)


@pytest.mark.long
def test_no_cache_of_the_checkout_holds_a_trace(traced: Traced) -> None:
    """Evidence and Vite write beside the project's own files."""
    reports = traced.place.project / "reports"
    folders = [
        reports / ".evidence",
        *reports.glob(".build-*"),
        *(place for name in (".cache", ".vite", ".vite-temp") for place in (reports / "node_modules").glob(name)),
    ]
    traces = [trace for folder in folders if folder.exists() for trace in found(folder, [*PLANTED, LABEL])]
    assert not traces
    newer = [
        path
        for path in (reports / "node_modules").rglob("*")
        if path.is_file() and path.stat().st_mtime > traced.began and not set(folders) & set(path.parents)
    ]
    assert not newer, "the build writes where nobody looks"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (ECHO, "“… (…) from … sent Authorization: Bearer …, …, …”"),
        ("refresh_token=abc is bad", "“refresh_… is bad”"),
        ("https://127.0.0.1/callback?code=abc&state=s", "“https://…/callback?…&state=s”"),
        ('{"client_secret": "abc"}', '“{"client_…"}”'),
        ("user spotify:user:me at 2001:db8:0:1::1", "“user spotify:user:… at …”"),
        ("Only valid bearer authentication", None),
        ("Invalid limit: 51 at 12:30:45", None),
        ("Look at developer.spotify.com/dashboard. Error code: 7", None),
    ],
)
def test_quotes_of_servers_leave_out_what_is_private(answer: str, sentence: str | None) -> None:
    assert quoted(answer) == (sentence or f"“{answer}”")


def test_quotes_leave_out_the_account_s_own_names(tmp_path: Path) -> None:
    """A short user name looks like any other word: only who knows it can leave it out."""
    sentence = "User mira42 (Mira K) is not allowed: ask the owner, MIRA42."
    assert quoted(sentence) == f"“{sentence}”"
    known = KnownAccount("me", spotify_account=keyed_hash("mira42", tmp_path), display_name="Mira K")
    try:
        redact_names_of([known], lambda word: keyed_hash(word, tmp_path))
        assert quoted("User mira42 (Mira K) said: mira42.") == "“User … (…) said: ….”"
        assert quoted("Tell me: mira423 is somebody else") == "“Tell me: mira423 is somebody else”"
        redact_names_of([], str)
        assert quoted(sentence) == f"“{sentence}”"
        own_names.add(*names_in({"id": "mira42", "display_name": "Mira K", "email": None}))
        assert quoted(sentence) == "“User … (…) is not allowed: ask the owner, ….”"
    finally:
        own_names.clear()


@pytest.mark.long
def test_no_command_said_any_of_it(traced: Traced) -> None:
    for name, done in traced.said.items():
        assert not [word for word in PLANTED if word in done.text], f"{name} said:\n{done.text}"
    # What a long-lived process says ends up in some log.
    assert LABEL not in traced.said["follow"].text


@pytest.mark.long
def test_secrets_are_for_their_owner_alone(traced: Traced) -> None:
    looked_at = 0
    for path in (traced.home, *traced.home.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        looked_at += 1
    assert looked_at > 4


@pytest.mark.parametrize("where", ["bytes", "name", "gzip", "parquet", "value", "encoded"])
def test_the_search_finds_what_was_left_on_purpose(tmp_path: Path, where: str) -> None:
    text = json.dumps({"at": time.time(), "token": ACCESS})
    (tmp_path / "clean.log").write_text("nothing here")
    assert not found(tmp_path, PLANTED)
    if where == "bytes":
        (tmp_path / "one.log").write_text(text)
    elif where == "name":
        (tmp_path / f"{ACCESS}.json").touch()
    elif where == "gzip":
        (tmp_path / "one.jsonl.gz").write_bytes(gzip.compress(text.encode() * 50))
    elif where == "parquet":
        table = pa.table({"said": [text[:20] + ACCESS] * 1000})
        pq.write_table(table, tmp_path / "one.parquet", compression="zstd")
    elif where == "encoded":
        (tmp_path / "one.log").write_text(f"GET /?user={E_MAIL.replace('@', '%40')}")
    else:
        with duckdb.connect(str(tmp_path / "one.duckdb")) as connection:
            connection.execute("create table t as select ? || i as said from range(5000) r(i)", [ACCESS])
    traces = found(tmp_path, PLANTED)
    assert traces
    assert all((E_MAIL if where == "encoded" else ACCESS) in trace for trace in traces)
    assert not found(tmp_path, PLANTED, leave_out=tmp_path)
