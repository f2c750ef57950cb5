"""Logging an account in: Authorization Code with PKCE, so that no app secret is needed.

Spotify sends the browser back to this machine (127.0.0.1), or, when the browser runs on another one, the person
pastes the address that it was sent to. It must carry the state of this very login.
"""

from __future__ import annotations

import html
import queue
import secrets
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyPKCE

from extract.http import utc_now
from extract.report import LoadError
from extract.request_log import RequestLog
from extract.service_errors import ServiceError
from extract.services import services
from extract.sources.spotify_api.login import TokenFile, silence_spotipy, token_path
from extract.sources.spotify_api.session import TOKENS, TokenSession
from extract.sources.spotify_api.settings import REDIRECT_PATH, REDIRECT_PORT, SCOPE, TIMEOUT_SECONDS

_LOOK_SECONDS = 0.1


def log_in(
    client_id: str,
    *,
    show: Callable[[str], None],
    port: int = REDIRECT_PORT,
    timeout: float = 300.0,
    sleep: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Show the address to open (`show`), wait for the answer, and return the login as a token file holds it.

    Never waits longer than `timeout` seconds; reads pasted addresses only from a terminal.

    Raises:
        LoadError: nobody logged in, the person declined, or Spotify refuses.
    """
    silence_spotipy()
    accounts_base = services().spotify_accounts
    state = secrets.token_urlsafe(24)
    memory = MemoryCacheHandler()
    session = TokenSession(TOKENS, "Spotify", accounts_base, on_request=RequestLog(), sleep=sleep)
    manager = SpotifyPKCE(
        client_id=client_id,
        redirect_uri=f"http://127.0.0.1:{port}{REDIRECT_PATH}",
        scope=SCOPE,
        cache_handler=memory,
        requests_session=session,
        requests_timeout=TIMEOUT_SECONDS,
        open_browser=False,
    )
    manager.OAUTH_TOKEN_URL = f"{accounts_base}/api/token"
    manager.OAUTH_AUTHORIZE_URL = f"{accounts_base}/authorize"
    with _listening(port, state) as answers:
        show(manager.get_authorize_url(state=state))
        code = _wait(answers, state, timeout, show)
    try:
        manager.get_access_token(code=code, check_cache=False)
    except ServiceError as error:
        if error.kind != "login_expired":
            raise
        raise ServiceError(
            "login_refused", "Spotify did not accept the code: it was used before or has expired. Log in again.", 400
        ) from None
    token = memory.get_cached_token()
    if not isinstance(token, dict) or not isinstance(token.get("refresh_token"), str):
        raise LoadError("Spotify sent no refresh token. Log in again.")
    return dict(token) | {"client_id": client_id}


def store_login(home: Path, user_id: str, login: dict[str, Any]) -> None:
    """Put a login into its file, 0600 from the first byte, while nobody renews the one before.

    Raises:
        LoadError: the file cannot be written.
    """
    file = TokenFile(token_path(user_id, home))
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.path.parent.mkdir(mode=0o700, exist_ok=True)
    with file.held():
        file.write(login)


def _answer(address: str, state: str) -> str | LoadError | None:
    """The code in an address that Spotify sent the browser to; None if it is none of this login's."""
    found = parse_qs(urlsplit(address.strip()).query)
    if not secrets.compare_digest(found.get("state", [""])[0].encode(), state.encode()):
        return None
    if code := found.get("code", [""])[0]:
        return code
    if found.get("error", [""])[0] == "access_denied":
        return LoadError("You declined on Spotify's page, so nothing was stored. You can log in again at any time.")
    return LoadError("Spotify ended the login without saying why. Log in again.")


def _wait(answers: queue.Queue[str | LoadError], state: str, timeout: float, show: Callable[[str], None]) -> str:
    deadline = time.monotonic() + timeout
    reads = sys.stdin is not None and sys.stdin.isatty()
    while time.monotonic() < deadline:
        try:
            found: str | LoadError | None = answers.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            found = None
            if reads and select.select([sys.stdin], [], [], 0)[0]:
                line = sys.stdin.readline()
                reads = bool(line)  # an end of input: only the browser is left
                found = _answer(line, state)
                if found is None and line.strip():
                    show("That address does not belong to this login. Paste the whole address from the browser.")
        if isinstance(found, LoadError):
            raise found
        if found:
            return found
    how = "" if reads else " To paste the final address from the browser, run the command in a terminal."
    raise LoadError(f"Nobody logged in within {timeout:.0f} seconds, so nothing was stored.{how} Log in again.")


@contextmanager
def _listening(port: int, state: str) -> Iterator[queue.Queue[str | LoadError]]:
    answers: queue.Queue[str | LoadError] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            found = _answer(self.path, state) if urlsplit(self.path).path == REDIRECT_PATH else None
            if found is None:
                self._say(400, "This address does not belong to the login that SpotiFlow is waiting for.")
                return
            answers.put(found)
            self._say(200, "You can close this page: SpotiFlow continues in the terminal.")

        def _say(self, status: int, text: str) -> None:
            body = f"<!doctype html><meta charset=utf-8><title>SpotiFlow</title><p>{html.escape(text)}".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: the address holds the code."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError:
        raise LoadError(
            f"Port {port} is in use on this machine. Stop the program that uses it, or register "
            f"http://127.0.0.1:PORT{REDIRECT_PATH} with your app and choose that port: --port PORT."
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(_LOOK_SECONDS,), daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def noted(known: Any, now: datetime | None = None, **changes: Any) -> Any:
    """What is known of an account, after a login now."""
    return replace(known, logged_in_at=(now or utc_now()).replace(microsecond=0), **changes)
