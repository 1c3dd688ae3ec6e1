"""What guards the server: requests of strangers are checked here, before anything else reads them.

Every response carries the headers of ``HEADERS``. What a stranger sends can be refused, but cannot stop the server.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import anyio
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainrule.view.answers import refusal
from chainrule.view.strict_json import read_json

LARGEST = 1_000_000  # bytes of a question
SLOWEST = 30.0  # seconds until a question has come
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_log = logging.getLogger(__name__)


def answer(data: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Plain data as JSON."""
    return Response(json.dumps(data, allow_nan=False), status, headers, "application/json")


def failure(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """``{"kind": "error", "message": one line}``."""
    return answer(refusal(message), status, headers)


async def refused(_: Request, error: Exception) -> Response:
    """What the app answers to an InputError, or to an HTTPException."""
    if isinstance(error, HTTPException):
        return failure(error.status_code, error.detail, dict(error.headers or {}))
    return failure(400, str(error))


class Guard:
    """Lets in what is meant for this server; puts the headers on every answer; an unforeseen error ends here.

    Args:
        hosts: what a Host header may say. methods: the one method of each path.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], methods: dict[str, str]) -> None:
        self.app = app
        self.hosts = hosts
        self.methods = methods
        self.origins = {f"http://{host}" for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *RAW_HEADERS]
            await send(message)

        try:
            await (self._refusal(scope) or self.app)(scope, receive, send_with_headers)
        except ClientDisconnect:  # nobody is there to answer
            pass
        except Exception:
            _log.exception("chainrule view: a request failed")
            if not started:
                failed = failure(500, "something went wrong in the server; its terminal says what")
                await failed(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Request(scope).headers
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return failure(403, "this server answers only to the address that it printed")
        if not self.origins.issuperset(origins):
            return failure(403, "another site may not ask this server")
        method = self.methods.get(scope["path"])
        if method is None:
            return failure(404, "there is nothing at this address")
        if scope["method"] != method:
            return failure(405, f"this address takes {method} only", {"Allow": method})
        return None


async def read_body(request: Request) -> Any:
    """The JSON of a request that says it is JSON, is not too large and does not take for ever."""
    kinds = request.headers.getlist("content-type")
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "a question comes as application/json")
    declared = request.headers.get("content-length", "0")
    too_large = HTTPException(413, f"a question has at most {LARGEST} bytes")
    if declared.isdecimal() and float(declared) > LARGEST:
        raise too_large
    body = bytearray()
    try:
        with anyio.fail_after(SLOWEST):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, "the question took too long to come", {"Connection": "close"}) from None
    return await to_thread.run_sync(read_json, bytes(body), abandon_on_cancel=True)
