"""Stand-ins for the services that SpotiFlow talks to, on 127.0.0.1: for the demo without credentials and for tests."""

from spotiflow.demo.sandbox.account import SandboxAccount, recently_played_page
from spotiflow.demo.sandbox.faults import Fault, Faults
from spotiflow.demo.sandbox.reccobeats import ReccoBeatsSandbox, SandboxTrack, made_up_features
from spotiflow.demo.sandbox.server import serve
from spotiflow.demo.sandbox.spotify import SpotifySandbox

__all__ = [
    "Fault",
    "Faults",
    "ReccoBeatsSandbox",
    "SandboxAccount",
    "SandboxTrack",
    "SpotifySandbox",
    "made_up_features",
    "recently_played_page",
    "serve",
]
