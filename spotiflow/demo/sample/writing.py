"""Writes the sample's files; they count only once all of them are written."""

from __future__ import annotations

import json
from pathlib import Path

from extract.report import LoadError, Progress, silent
from spotiflow.demo.sample.api_pages import profile, record_pages
from spotiflow.demo.sample.catalogue import build_catalogue
from spotiflow.demo.sample.exports import build_exports
from spotiflow.demo.sample.listeners import FEATURED, cohort
from spotiflow.demo.sample.manifest import (
    MANIFEST,
    SampleListener,
    SampleManifest,
    SampleRecommendations,
    fingerprint,
    sha256,
)
from spotiflow.demo.sample.planted import Audience, plant
from spotiflow.demo.sample.plays import simulate
from spotiflow.demo.sample.settings import SEED

CATALOGUE_FILE = "catalogue.csv"
FEEDBACK_FILE = "feedback.jsonl"


def write_sample(folder: Path, seed: int = SEED, progress: Progress = silent) -> SampleManifest:
    """Write the sample's input files into `folder`; the same seed gives the same bytes.

    Nothing is written when the folder holds the same sample already, whole. The manifest is written last:
    a run that was interrupted leaves none, and the next one starts over.

    Raises:
        LoadError: the folder cannot be written.
    """
    wanted = fingerprint(seed)
    stored = SampleManifest.read(folder)
    if stored is not None and stored.fingerprint == wanted and stored.is_intact(folder):
        return stored
    progress("Writing the sample listeners' files")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)
        manifest = _write_files(folder, seed, wanted)
        for name in set(stored.files if stored else ()) - set(manifest.files):
            _remove_inside(folder, name)  # of an older sample, under another name
        (folder / MANIFEST).write_bytes(manifest.to_json())
    except OSError as error:
        raise LoadError(
            f"The sample cannot be written to {folder}: {error.strerror or error}. "
            "Check that the folder is writable and the disk has 100 MB left, then run the command again."
        ) from error
    return manifest


def _remove_inside(folder: Path, name: str) -> None:
    """Remove a file that a manifest names, but nothing outside the folder: a manifest may be wrong."""
    path = (folder / name).resolve()
    if path.is_relative_to(folder.resolve()):
        path.unlink(missing_ok=True)


def _write_files(folder: Path, seed: int, wanted: str) -> SampleManifest:
    files: dict[str, str] = {}
    traps: dict[str, dict[str, int]] = {}
    listeners, audiences = [], []
    rows = 0

    def write(name: str, content: bytes) -> str:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        files[name] = sha256(content)
        return name

    catalogue = build_catalogue(seed)
    write(CATALOGUE_FILE, catalogue.to_csv())
    for listener in (*FEATURED, *cohort(seed)):
        plays = simulate(listener, catalogue, seed)
        audiences.append(Audience(listener, plays))
        exports, counts = build_exports(listener, plays, catalogue, seed)
        names = tuple(write(f"exports/{listener.label}/{export.name}", export.content) for export in exports)
        rows += sum(export.rows for export in exports)
        pages: tuple[str, ...] = ()
        profile_name = None
        if listener.polls:
            recorded, more = record_pages(listener, plays, catalogue, seed)
            counts += more
            pages = tuple(write(f"api/{listener.label}/{page.name}", page.to_json()) for page in recorded)
            profile_name = write(
                f"api/{listener.label}/me.json", (json.dumps(profile(listener, seed), indent=1) + "\n").encode()
            )
        if counts:
            traps[listener.label] = dict(sorted(counts.items()))
        listeners.append(
            SampleListener(listener.label, listener.timezone, listener.display_name, names, pages, profile_name)
        )
    traps["catalogue"] = {
        "reissues": len(catalogue.reissue_of),
        "tracks_outside_file": len(catalogue.not_in_file),
        "tracks_with_missing_features": len(catalogue.missing),
    }
    answers, feedback = plant(audiences, catalogue, seed)
    recommendations = tuple(
        SampleRecommendations(write(one.name, one.content), one.recommender, one.version, one.rows) for one in answers
    )
    return SampleManifest(
        seed=seed,
        fingerprint=wanted,
        catalogue=CATALOGUE_FILE,
        tracks=len(catalogue),
        rows=rows,
        listeners=tuple(listeners),
        recommendations=recommendations,
        feedback=write(FEEDBACK_FILE, feedback),
        traps=traps,
        files=files,
    )
