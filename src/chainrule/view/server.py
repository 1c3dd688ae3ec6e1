"""The server of ``chainrule view``: pages on one network, for browsers of this machine.

Every request passes the ``guard`` first. Each page has a session of its own, which its token names.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import os
import secrets
import signal
import socket
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
from anyio import to_thread
from h11 import IDLE, SEND_RESPONSE
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from chainrule.errors import InputError
from chainrule.render.json import record
from chainrule.view.answers import refusal
from chainrule.view.aside import SessionAside
from chainrule.view.guard import RAW_HEADERS, Guard, answer, failure, read_body, refused

if TYPE_CHECKING:
    from chainrule.view.session import Session

MOST_SESSIONS = 64
MOST_CONNECTIONS = 256
LONGEST_HEAD = 10.0  # seconds from the first sign of a connection, or the last answer, to a whole request
MOST_AT_WORK = 8  # questions in threads; others wait, the files of the page do not
#: the files of the page, by path: name, media type
PAGE = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
OPEN, ASK = "/api/open", "/api/ask"
METHODS = dict.fromkeys(PAGE, "GET") | dict.fromkeys((OPEN, ASK), "POST")


@dataclass(eq=False)
class _Page:
    session: Session | SessionAside
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class Pages:
    """Open pages by token, least recently used first, at most ``MOST_SESSIONS``; ``at_work``: those answered now."""

    def __init__(self, session: Session | SessionAside) -> None:
        self.opened = session
        self.pages: OrderedDict[str, _Page] = OrderedDict()
        self.at_work: set[str] = set()
        self.threads = anyio.CapacityLimiter(MOST_AT_WORK)

    async def open(self) -> str:
        """A new page on what was opened; its token."""
        page = _Page(await to_thread.run_sync(self.opened.fork, abandon_on_cancel=True))
        token = secrets.token_urlsafe()
        self.pages[token] = page
        while len(self.pages) > MOST_SESSIONS:
            self.pages.popitem(last=False)
        return token

    async def ask(self, token: str, question: Any) -> bytes:
        """The page's answer, as JSON; one question of a page at a time."""
        page = self.pages.get(token)
        if page is None:
            raise HTTPException(404, "this page is no longer open; reload the page")
        self.pages.move_to_end(token)
        async with page.lock:
            return await to_thread.run_sync(
                self._work, token, page.session, question, abandon_on_cancel=True, limiter=self.threads
            )

    def _work(self, token: str, session: Session | SessionAside, question: Any) -> bytes:
        """The answer as JSON; to a question that has none, a sentence: the page says it, and nothing went wrong."""
        self.at_work.add(token)
        try:
            try:
                found = session.ask(question)
            except InputError as error:
                found = refusal(str(error))
            return json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        finally:
            self.at_work.discard(token)


def create_app(
    session: Session | SessionAside, *, hosts: Collection[str], static: Traversable | None = None
) -> Starlette:
    """The app: the page's files, ``/api/open`` and ``/api/ask``.

    Args:
        session: what each page starts from.
        hosts: what a Host header may say, such as ``127.0.0.1:8123``.
        static: the folder of the page's files; the package's own where None.
    """
    pages = Pages(session)
    folder = static or files("chainrule.view") / "static"

    async def page_file(request: Request) -> Response:
        name, kind = PAGE[request.scope["path"]]
        return Response((folder / name).read_bytes(), media_type=kind)

    async def open_page(request: Request) -> Response:
        if await read_body(request) != {}:
            raise InputError("question", "{}", "something else")
        return answer(record("opened", {"session": await pages.open()}))

    async def ask(request: Request) -> Response:
        match await read_body(request):
            case {"session": str(token), "question": question, **others} if not others:
                return Response(await pages.ask(token, question), media_type="application/json")
        raise InputError("question", '{"session": …, "question": …}', "something else")

    app = Starlette(
        routes=[
            *(Route(path, page_file) for path in PAGE),
            Route(OPEN, open_page, methods=["POST"]),
            Route(ASK, ask, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, hosts=frozenset(hosts), methods=METHODS)],
        exception_handlers={HTTPException: refused, InputError: refused},
    )
    app.state.pages = pages
    return app


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        InputError: a host that is not of this machine or stands for all of them, a port that cannot be had.
    """
    if not 0 <= port <= 65535:
        raise InputError("--port", "a number from 0 to 65535", str(port))
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise InputError(f"--host {host}", "a name or an address of this machine", "an unknown one") from None
    if ipaddress.ip_address(str(address[0])).is_unspecified:
        raise InputError(f"--host {host}", "the one name or address that browsers will use", "all of them")
    try:
        return socket.create_server(address, family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"--port {port}", "a free port", "one that is taken") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"--host {host} --port {port}", "a place to listen at", reason.lower()) from None


def is_private(listener: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def served_hosts(host: str, port: int) -> list[str]:
    """What a browser may call the server in a Host header; the first is the one to print."""
    name = f"[{host}]" if ":" in host else host
    names = dict.fromkeys([name.lower(), "127.0.0.1", "localhost", "[::1]"])
    return [f"{n}:{port}" for n in names] + (list(names) if port == 80 else [])


class _Http(H11Protocol):
    """What is not HTTP at all gets the same kind of answer as all else; who says nothing does not stay.

    uvicorn ends a connection that is silent after its first request alone, and with a limit refuses new ones while
    silent ones stay; a page must be answered whatever else is connected.
    """

    _ends: asyncio.TimerHandle | None = None
    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection more; of too many, the one that has been silent longest goes."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._await()
        if len(self.connections) > MOST_CONNECTIONS:
            others = [one for one in self.connections if isinstance(one, _Http) and one is not self and one._is_silent]
            min(others, key=lambda one: one.since, default=self).transport.abort()

    def data_received(self, data: bytes) -> None:
        """A part of a request; the deadline holds until its head is whole."""
        super().data_received(data)
        self._await()

    def on_response_complete(self) -> None:
        """The next request may begin."""
        super().on_response_complete()
        self.since = self.loop.time()
        self._await()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        super().connection_lost(exc)
        if self._ends is not None:
            self._ends.cancel()

    @property
    def _is_silent(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _await(self) -> None:
        """Set the deadline while no request is being answered; lift it while one is."""
        if self._ends is not None and not self._is_silent:
            self._ends.cancel()
            self._ends = None
        elif self._ends is None and self._is_silent and not self.transport.is_closing():
            self._ends = self.loop.call_later(LONGEST_HEAD, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        if self.cycle is not None:  # its body broke off: the app that waits for it is told that nobody is there
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (IDLE, SEND_RESPONSE):
            said = failure(400, msg, {"Connection": "close"})
            headers = b"".join(b"%s: %s\r\n" % pair for pair in [*said.raw_headers, *RAW_HEADERS])
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + headers + b"\r\n" + bytes(said.body))
        self.transport.close()


def server_of(app: Starlette) -> uvicorn.Server:
    """uvicorn for the app, with nothing to say of its own."""
    config = uvicorn.Config(
        app, http=_Http, loop="asyncio", ws="none", lifespan="off", log_config=None, log_level="critical",
        access_log=False, proxy_headers=False, server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(config)


def serve(session: Session, listener: socket.socket, hosts: Collection[str], ready: Callable[[], None]) -> bool:
    """Answer until Ctrl-C; in the main thread only.

    Args:
        ready: is called as soon as Ctrl-C would end it well.

    Returns:
        Whether all questions had their answer by then, and no thread is at work.
    """
    aside = SessionAside.of(session)
    app = create_app(aside, hosts=hosts)
    server = server_of(app)

    def stop(*_: object) -> None:  # not KeyboardInterrupt: that may come in the middle of anything
        server.should_exit = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        aside.processes.start()
        ready()
        server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGINT, before)
        aside.processes.close()
    return not app.state.pages.at_work
