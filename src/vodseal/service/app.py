"""The ASGI application: which path goes where.

``create_app`` takes everything it works with as an argument; it opens nothing
and starts nothing. ``server.run`` does that.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vodseal.service.content_gate import handle_media
from vodseal.service.dispatch import handle_rpc
from vodseal.service.key_server import handle_key
from vodseal.service.upload import handle_upload

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vodseal.service.runtime import Service

__all__ = ["create_app"]

_PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, HEAD, POST",
    "access-control-allow-headers": "Range, If-Range, If-None-Match, Content-Type",
    "access-control-max-age": "86400",
}


def create_app(service: Service) -> ASGIApp:
    """Return the application that answers with ``service``."""
    routes = [
        Route("/", functools.partial(_rpc, service), methods=["GET", "POST"]),
        Route("/media/{key:path}", functools.partial(_media, service), methods=["GET", "HEAD"]),
        Route("/key", functools.partial(_key, service), methods=["GET", "HEAD"]),
        Route(
            "/upload-bucket/{key:path}",
            functools.partial(_upload, service),
            methods=["GET", "POST", "PUT", "DELETE"],
        ),
        Route("/healthz", _health),
    ]
    return _CrossOrigin(Starlette(routes=routes))


async def _rpc(service: Service, request: Request) -> Response:
    return await handle_rpc(service, request)


async def _media(service: Service, request: Request) -> Response:
    return await handle_media(service, request)


async def _key(service: Service, request: Request) -> Response:
    return await handle_key(service, request)


async def _upload(service: Service, request: Request) -> Response:
    return await handle_upload(service, request)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


class _CrossOrigin:
    """Lets pages of any origin read every answer: browser players need it (wire 1, 10).

    No answer depends on a cookie, so nothing is given away by it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["access-control-allow-origin"] = "*"
                headers["access-control-expose-headers"] = "ETag, Content-Range, x-tengine-error"
                headers["x-content-type-options"] = "nosniff"
            await send(message)

        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send_with_origin)
            return
        await self._app(scope, receive, send_with_origin)
