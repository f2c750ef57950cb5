"""A stand-in for Spotify's accounts service and Web API, as a new developer app meets them today.

Served: `/authorize` (PKCE; every request is accepted), `/api/token` (authorization_code and refresh_token grants),
`/v1/me`, `/v1/me/player/recently-played`, `/v1/me/tracks`, `/v1/tracks/{id}`,
`/v1/artists/{id}`. Closed to new apps, with the bodies that Spotify sends: `/v1/tracks?ids=`, `/v1/artists?ids=`,
`/v1/audio-features` (403), `/v1/recommendations` (404 without a body); an app with the old privileges gets all but the
artists.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from spotiflow.demo.sandbox.account import DEFAULT_LIMIT, Item, SandboxAccount, recently_played_page
from spotiflow.demo.sandbox.reccobeats import made_up_features
from spotiflow.demo.sandbox.server import StandIn

LARGEST_LIMIT = 50
TOKEN_SECONDS = 3600
REFRESH_TOKEN_LIFE = timedelta(days=183)  # six months from the authorisation, refreshed or not
_LARGEST_BATCH = 50
SCOPE = "user-read-recently-played user-library-read"
_ID_LENGTH = 22


@dataclass(frozen=True)
class _Code:
    """An authorisation code that was given out."""

    account: SandboxAccount
    challenge: str
    redirect_uri: str


class SpotifySandbox(StandIn):
    """The stand-in server; `with SpotifySandbox([account]) as spotify:` serves it at `spotify.url`.

    `now` sets the moment at which the service believes to be: later plays have not happened yet.
    `rotates_refresh_tokens`: with each refresh comes a new refresh token, as for apps without a secret; the old one
    dies with it, unless `keeps_old_refresh_tokens`.
    `has_old_privileges`: the app had extended quota before November 2024.
    `/authorize` lets the first account in, unless `asks_as` names another by its refresh token.
    """

    def __init__(
        self,
        accounts: Iterable[SandboxAccount],
        *,
        client_id: str = "sandbox-client",
        client_secret: str | None = None,
        rotates_refresh_tokens: bool = False,
        keeps_old_refresh_tokens: bool = False,
        has_old_privileges: bool = False,
    ) -> None:
        self.accounts = {account.refresh_token: account for account in accounts}
        self.client_id = client_id
        self.client_secret = client_secret
        self.rotates_refresh_tokens = rotates_refresh_tokens
        self.keeps_old_refresh_tokens = keeps_old_refresh_tokens
        self.has_old_privileges = has_old_privileges
        self.asks_as: str | None = None
        self.now: datetime | None = None
        self.access_tokens: dict[str, SandboxAccount] = {}
        self._expires: dict[str, datetime] = {}
        self._codes: dict[str, _Code] = {}
        self._numbers = itertools.count(1)
        super().__init__(self._routes())

    def reset(self, accounts: Iterable[SandboxAccount]) -> None:
        """Begin anew with these accounts: no tokens, no faults, no memory of requests."""
        self.accounts = {account.refresh_token: account for account in accounts}
        self.now = None
        self.forget()
        self.access_tokens.clear()
        self._expires.clear()
        self._codes.clear()
        self.asks_as = None

    def clock(self) -> datetime:
        """The moment at which the service believes to be."""
        return self.now or datetime.now(UTC)

    def issue_access_token(self, refresh_token: str) -> str:
        """A fresh access token of the account that owns `refresh_token`."""
        token = f"sandbox-access-{next(self._numbers)}"
        self.access_tokens[token] = self.accounts[refresh_token]
        self._expires[token] = self.clock() + timedelta(seconds=TOKEN_SECONDS)
        return token

    def authorise(self, account: SandboxAccount) -> str:
        """A fresh refresh token of an account; others that it has go on."""
        account.refresh_token = f"sandbox-refresh-{next(self._numbers)}"
        self.accounts[account.refresh_token] = account
        return account.refresh_token

    def withdraw(self, account: SandboxAccount) -> None:
        """The account's owner withdraws the app: no token that it was given works any more."""
        self.accounts = {token: one for token, one in self.accounts.items() if one is not account}
        self.access_tokens = {token: one for token, one in self.access_tokens.items() if one is not account}

    def _routes(self) -> list[Route]:
        routes = [Route("/authorize", self._authorize), Route("/api/token", self._token, methods=["POST"])]
        for path, handler in (
            ("/v1/me", self._me),
            ("/v1/me/player/recently-played", self._recently_played),
            ("/v1/me/tracks", self._saved_tracks),
            ("/v1/tracks", self._several_tracks),
            ("/v1/tracks/{id}", self._track),
            ("/v1/artists", self._several),
            ("/v1/artists/{id}", self._artist),
            ("/v1/audio-features", self._audio_features),
            ("/v1/audio-features/{id}", self._audio_features),
            ("/v1/recommendations", self._recommendations),
        ):
            routes.append(Route(path, handler))
            if "{" not in path:
                routes.append(Route(path + "/", handler))  # spotipy asks for "tracks/?ids="
        return routes

    # ---- accounts service ----

    async def _authorize(self, request: Request) -> Response:
        """Let the person in at once and send the browser back, as after a click on "Agree"."""
        self.note(request)
        query = request.query_params
        redirect = urlsplit(query.get("redirect_uri", ""))
        if query.get("client_id") != self.client_id:
            return Response("INVALID_CLIENT: Invalid client", 400)
        if redirect.scheme != "http" or redirect.hostname != "127.0.0.1":
            return Response("INVALID_CLIENT: Insecure redirect URI", 400)
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            return Response("response_type must be code, code_challenge_method must be S256", 400)
        account = self.accounts.get(self.asks_as) if self.asks_as else next(iter(self.accounts.values()), None)
        answer = {"state": query["state"]} if "state" in query else {}
        if account is None:
            answer["error"] = "access_denied"
        else:
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(account, query.get("code_challenge", ""), query["redirect_uri"])
            answer["code"] = code
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 302)

    def _account_of_code(self, form: dict[str, str]) -> SandboxAccount | None:
        """The account of a code. A code works once, with the verifier whose hash came with its request."""
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or form.get("redirect_uri") != code.redirect_uri:
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            return None
        code.account.authorised_at = self.clock()
        return code.account

    async def _token(self, request: Request) -> Response:
        self.note(request)
        form = dict(parse_qsl((await request.body()).decode()))
        if not self._knows_app(request, form):
            return JSONResponse({"error": "invalid_client", "error_description": "Invalid client"}, 400)
        if form.get("grant_type") == "authorization_code":
            account = self._account_of_code(form)
            if account is None:
                return JSONResponse({"error": "invalid_grant", "error_description": "Invalid authorization code"}, 400)
        elif form.get("grant_type") == "refresh_token":
            account = self.accounts.get(form.get("refresh_token", ""))
            if account is None or self._is_dead(account):
                return JSONResponse({"error": "invalid_grant", "error_description": "Invalid refresh token"}, 400)
        else:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        answer = {
            "access_token": self.issue_access_token(account.refresh_token),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": SCOPE,
        }
        if form["grant_type"] == "authorization_code":
            answer["refresh_token"] = account.refresh_token
        elif self.rotates_refresh_tokens:
            if not self.keeps_old_refresh_tokens:
                del self.accounts[account.refresh_token]
            answer["refresh_token"] = self.authorise(account)
        return JSONResponse(answer)

    def _is_dead(self, account: SandboxAccount) -> bool:
        return account.authorised_at is not None and self.clock() > account.authorised_at + REFRESH_TOKEN_LIFE

    def _knows_app(self, request: Request, form: dict[str, str]) -> bool:
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic":  # an app without a secret names itself in the form
            return form.get("client_id") == self.client_id
        try:
            client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return False
        return client_id == self.client_id and secret == self.client_secret

    # ---- Web API ----

    async def _me(self, request: Request) -> Response:
        account = self._account(request)
        return account if isinstance(account, Response) else JSONResponse(account.profile)

    async def _recently_played(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        numbers: dict[str, int] = {}
        for name in ("limit", "before", "after"):
            if (text := request.query_params.get(name)) is not None:
                if not text.isdigit():
                    return _error(400, f"Invalid {name}")
                numbers[name] = int(text)
        limit = numbers.get("limit", DEFAULT_LIMIT)
        if not 1 <= limit <= LARGEST_LIMIT:
            return _error(400, "Invalid limit")
        if "before" in numbers and "after" in numbers:
            return _error(400, "Only one of after and before may be given")
        happened = [item for item in account.items if self._has_happened(item)]
        page = recently_played_page(
            happened, limit=limit, before=numbers.get("before"), after=numbers.get("after"), base=self.url
        )
        if account.shape is not None:
            page["items"] = account.shape(page["items"])
        account.shown.append(page["items"])
        return JSONResponse(page)

    def _has_happened(self, item: Item) -> bool:
        return self.now is None or datetime.fromisoformat(item["played_at"]) <= self.now

    async def _track(self, request: Request) -> Response:
        return self._one(request, {track["id"]: track for track in self._tracks()})

    async def _artist(self, request: Request) -> Response:
        return self._one(request, {artist["id"]: artist for track in self._tracks() for artist in track["artists"]})

    def _tracks(self) -> list[Item]:
        return [item["track"] for account in self.accounts.values() for item in account.items]

    def _one(self, request: Request, known: dict[str, Item]) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        wanted = request.path_params["id"]
        if len(wanted) != _ID_LENGTH or not wanted.isalnum():
            return _error(400, "Invalid base62 id")
        return JSONResponse(known[wanted]) if wanted in known else _error(404, "Resource not found")

    async def _saved_tracks(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        limit = request.query_params.get("limit", str(DEFAULT_LIMIT))
        if not limit.isdigit() or not 1 <= int(limit) <= LARGEST_LIMIT:
            return _error(400, "Invalid limit")
        return JSONResponse(_paged(account.saved, int(limit), f"{self.url}/v1/me/tracks", request.query_params))

    async def _several(self, request: Request) -> Response:
        account = self._account(request)
        return account if isinstance(account, Response) else _error(403, "Forbidden")

    async def _several_tracks(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        if not self.has_old_privileges:
            return _error(403, "Forbidden")
        known = {track["id"]: track for track in self._tracks()}
        return JSONResponse({"tracks": [known.get(track_id) for track_id in _ids(request)]})

    async def _audio_features(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        if not self.has_old_privileges:
            return JSONResponse({"error": {"status": 403}}, 403)
        known = {track["id"]: track for track in self._tracks()}
        found = [_features(known[track_id]) if track_id in known else None for track_id in _ids(request)]
        return JSONResponse(found[0] if "id" in request.path_params else {"audio_features": found})

    async def _recommendations(self, request: Request) -> Response:
        account = self._account(request)
        if isinstance(account, Response):
            return account
        if not self.has_old_privileges:
            return Response(status_code=404)
        seeds = request.query_params.get("seed_tracks", "").split(",")
        limit = int(request.query_params.get("limit", DEFAULT_LIMIT))
        others = {track["id"]: track for track in self._tracks() if track["id"] not in seeds}
        return JSONResponse({"tracks": [others[track_id] for track_id in sorted(others)][:limit], "seeds": []})

    def _account(self, request: Request) -> SandboxAccount | Response:
        """The account whose access token the request carries, or the 401 that it gets."""
        self.note(request)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            return _error(401, "No token provided")
        if token in self._expires and self.clock() >= self._expires[token]:
            return _error(401, "The access token expired")
        return self.access_tokens.get(token) or _error(401, "The access token expired")


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"status": status, "message": message}}, status)


def _ids(request: Request) -> list[str]:
    if "id" in request.path_params:
        return [request.path_params["id"]]
    return request.query_params.get("ids", "").split(",")[:_LARGEST_BATCH]


def _paged(items: Sequence[Item], limit: int, path: str, query: Any) -> dict[str, Any]:
    """A page counted by offset, with an absolute address of the next."""
    text = query.get("offset", "0")
    offset = int(text) if text.isdigit() else 0
    kept = {name: value for name, value in query.items() if name not in ("limit", "offset")}
    following = urlencode(kept | {"limit": limit, "offset": offset + limit})
    return {
        "items": list(items[offset : offset + limit]),
        "total": len(items),
        "limit": limit,
        "offset": offset,
        "href": path,
        "next": f"{path}?{following}" if offset + limit < len(items) else None,
        "previous": None,
    }


def _features(track: Item) -> dict[str, Any]:
    return made_up_features(track["id"]) | {
        "id": track["id"],
        "type": "audio_features",
        "uri": f"spotify:track:{track['id']}",
        "duration_ms": track["duration_ms"],
        "time_signature": 4,
    }
