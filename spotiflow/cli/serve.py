"""A static server for the built site, on this machine only."""

from __future__ import annotations

import mimetypes
import os
import socket
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

mimetypes.add_type("application/vnd.apache.arrow.stream", ".arrow")
mimetypes.add_type("application/octet-stream", ".parquet")


class _SiteFiles(StaticFiles):
    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Hidden files are not part of a site, whatever lies in its folder."""
        hidden = any(part.startswith(".") for part in Path(path).parts)
        return ("", None) if hidden else super().lookup_path(path)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """A refresh swaps the site under a running server: browsers may keep only files named by their content."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_immutable = "/_app/immutable/" in scope["path"]
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_immutable else "no-cache"
        return response


def site_app(folder: Path, base_path: str = "") -> Starlette:
    """The site in `folder` as a web application.

    `base_path`: the path that the site was built for, e.g. "/music"; it answers there and nowhere else, as on its host.
    """

    async def to_start(request: Request) -> Response:
        return RedirectResponse(request.url.replace(path=f"{base_path}/"))

    async def missing(request: Request, error: Exception) -> Response:
        page = folder / "404.html"
        return FileResponse(page, 404) if page.is_file() else HTMLResponse("<h1>This page does not exist</h1>", 404)

    files = Mount(base_path or "/", _SiteFiles(directory=folder, html=True))
    return Starlette(
        routes=[Route("/", to_start), files] if base_path else [files],
        exception_handlers={404: missing},
    )


def serve(folder: Path, port: int, ready: Callable[[str], None], base_path: str = "") -> None:
    """Serve until interrupted. Raises OSError when the port is taken; port 0 takes any free one."""
    import uvicorn

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        ready(f"http://127.0.0.1:{listener.getsockname()[1]}{base_path}/")
        server = uvicorn.Server(uvicorn.Config(site_app(folder, base_path), log_level="warning", lifespan="off"))
        server.run(sockets=[listener])
