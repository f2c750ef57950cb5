"""Where the services are: a login goes out over https or stays on this machine."""

from __future__ import annotations

import pytest

from extract.report import LoadError
from extract.services import VARIABLES, services


def test_the_real_services_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    assert services().spotify_api == "https://api.spotify.com"


def test_a_stand_in_on_this_machine_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFLOW_RECCOBEATS_API", "http://127.0.0.1:8123/")
    assert services().reccobeats_api == "http://127.0.0.1:8123"


@pytest.mark.parametrize(
    "address", ["http://api.example.org", "api.example.org", "ftp://127.0.0.1.example.org", "https://a.example/v1"]
)
def test_an_open_way_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("SPOTIFLOW_SPOTIFY_ACCOUNTS", address)
    with pytest.raises(LoadError, match="SPOTIFLOW_SPOTIFY_ACCOUNTS"):
        services()
