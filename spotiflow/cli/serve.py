"""A static server for the built site: what any web host does, on this machine only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

_TYPES = {
    ".wasm": "application/wasm",
    ".arrow": "application/vnd.apache.arrow.stream",
    ".parquet": "application/octet-stream",
}
_PLAIN_404 = "<!doctype html><title>Not found</title><h1>This page does not exist</h1>"


def site_app(folder: Path, base_path: str = "") -> Starlette:
    """The site in `folder` as a web application: `/week` shows week.html or week/index.html, the rest 404.html.

    `base_path`: the path that the site was built for, e.g. "/music"; it is there and nowhere else, as on its host.
    """

    async def respond(request: Request) -> Response:
        path = request.url.path
        root = folder.resolve()
        if base_path:
            if path in ("/", base_path):
                return RedirectResponse(request.url.replace(path=f"{base_path}/"), status_code=307)
            if not path.startswith(f"{base_path}/"):
                return _missing(root)
            path = path.removeprefix(base_path)
        file = (root / path.lstrip("/")).resolve()
        if not file.is_relative_to(root) or any(part.startswith(".") for part in file.relative_to(root).parts):
            return _missing(root)
        if file.is_dir() and (file / "index.html").is_file():
            if not path.endswith("/"):
                return RedirectResponse(request.url.replace(path=f"{base_path}{path}/"), status_code=308)
            file = file / "index.html"
        elif not file.is_file():
            file = file.with_name(file.name + ".html")
            if not file.is_file():
                return _missing(root)
        response = FileResponse(file, media_type=_TYPES.get(file.suffix))
        # A refresh swaps the site under a running server: only content-named files may be kept by browsers.
        immutable = "/_app/immutable/" in path
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response

    return Starlette(routes=[Route("/{path:path}", respond, methods=["GET", "HEAD"])])


def _missing(root: Path) -> Response:
    page = root / "404.html"
    return HTMLResponse(page.read_text() if page.is_file() else _PLAIN_404, status_code=404)


def serve(folder: Path, port: int, ready: Callable[[str], None], base_path: str = "") -> None:
    """Serve until interrupted. Raises OSError when the port is taken; port 0 takes any free one."""
    import socket

    import uvicorn

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    ready(f"http://127.0.0.1:{listener.getsockname()[1]}{base_path}/")
    server = uvicorn.Server(uvicorn.Config(site_app(folder, base_path), log_level="warning", lifespan="off"))
    server.run(sockets=[listener])
