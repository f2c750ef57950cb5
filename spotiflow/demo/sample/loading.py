"""Loads the sample the way real listening is loaded: the same readers, the same client, a stand-in for Spotify."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from extract.batch import Batch
from extract.raw.loader import load
from extract.raw.store import Store
from extract.report import LoadReport, Progress, silent
from extract.sources.spotify_api import batch_of, cached_client, poll, token_path
from extract.sources.spotify_api.recently_played import Poll
from extract.sources.spotify_export import ExportSource, read_exports
from extract.sources.table_files import Listeners, read_catalogue, read_feedback, read_recommendations
from extract.stored import StoredAccount
from spotiflow.demo.sample.api_pages import RecordedPage
from spotiflow.demo.sample.manifest import SampleListener
from spotiflow.demo.sample.settings import PLANTED_TRACKS, SEED
from spotiflow.demo.sample.writing import write_sample
from spotiflow.demo.sandbox import SandboxAccount, SpotifySandbox
from spotiflow.pseudonyms import sample_user_id


def load_sample(warehouse: Path, folder: Path, progress: Progress = silent, seed: int = SEED) -> LoadReport:
    """Write the sample's files into `folder` (unless they are there) and load all of them.

    Exports go through the export reader, the catalogue through the catalogue reader; recorded polls are served
    by a stand-in of Spotify on this machine and fetched by the real client. Loading again changes nothing.

    Raises:
        LoadError: the folder or the warehouse cannot be written.
    """
    manifest = write_sample(folder, seed, progress)
    store = Store(warehouse)
    sources = [
        ExportSource(
            user_id=sample_user_id(listener.label),
            paths=[folder / name for name in listener.exports],
            timezone=listener.timezone,
            display_name=listener.display_name,
            is_sample=True,
        )
        for listener in manifest.listeners
    ]
    with read_exports(sources, store, progress) as batch:
        exports = load(warehouse, batch, progress)
    with read_catalogue(folder / manifest.catalogue, stored=store, progress=progress) as batch:
        catalogue = load(warehouse, batch, progress)

    accounts: list[StoredAccount] = []
    polls: list[Poll] = []
    for listener in manifest.listeners:
        if listener.pages:
            progress(f"Replaying {listener.display_name or listener.label}'s polls of recently played")
            accounts.append(
                StoredAccount(sample_user_id(listener.label), listener.timezone, listener.display_name, is_sample=True)
            )
            polls += replay_polls(folder, listener)
    load(warehouse, batch_of(accounts, polls), progress)
    listeners = Listeners(sample_user_id, {sample_user_id(listener.label) for listener in manifest.listeners})
    with ExitStack() as files:
        read = [
            read_recommendations(
                *(folder / one.file, one.recommender, one.version, listeners, PLANTED_TRACKS),
                stored=store,
                progress=progress,
            )
            for one in manifest.recommendations
        ]
        batches = [files.enter_context(one) for one in read]
        answers = load(warehouse, Batch.together("Recommendations", batches), progress)
    with read_feedback(folder / manifest.feedback, listeners, stored=store, progress=progress) as batch:
        feedback = load(warehouse, batch, progress)

    report = LoadReport("Sample listeners", [*exports.files, *catalogue.files, *(result.report for result in polls)])
    report.files += [*answers.files, *feedback.files]
    report.rows_new, report.note = exports.rows_new, exports.note
    return report


def replay_polls(folder: Path, listener: SampleListener) -> list[Poll]:
    """The listener's recorded polls, repeated against a stand-in server whose clock is set to their time.

    Raises:
        ApiError: a poll failed; that would be a fault of this program.
    """
    pages = [RecordedPage.read(Path(name).name, (folder / name).read_bytes()) for name in listener.pages]
    me = json.loads((folder / listener.profile).read_bytes()) if listener.profile else {}
    account = SandboxAccount.from_pages(f"sample-refresh-{listener.label}", [page.body for page in pages], me)
    user_id = sample_user_id(listener.label)
    results = []
    with SpotifySandbox([account]) as spotify, tempfile.TemporaryDirectory(prefix="spotiflow-") as folder_name:
        home = Path(folder_name)
        _store_login(home, user_id, account.refresh_token, spotify.client_id)
        client = cached_client(user_id, home, api_base=spotify.url, accounts_base=spotify.url)
        for page in pages:
            spotify.now = page.requested_at
            # the moment of the recording, not of this replay: so that replaying again adds nothing
            requested_at = page.requested_at.replace(tzinfo=None)
            result = poll(client, user_id, lambda moment=requested_at: moment)  # type: ignore[misc]
            if result.error is not None:
                raise result.error
            result.report.file = Path(page.name).stem
            results.append(result)
    return results


def _store_login(home: Path, user_id: str, refresh_token: str, client_id: str) -> None:
    """An expired login of the stand-in service: the client renews it first."""
    path = token_path(user_id, home)
    path.parent.mkdir(parents=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(
        json.dumps({"refresh_token": refresh_token, "client_id": client_id, "expires_at": int(time.time()) - 1})
    )
