"""Workers that talk to each other directly: a door on one of them, and a link from each of the others to it.

What goes over a link is numbers alone, never code; a link begins with a secret of the training, which the scheduler
has told the workers.
"""

from __future__ import annotations

import hmac
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chainrule.distributed.work import ClusterError
from chainrule.network.arrays import Array

LOOK = 1.0  # seconds between two looks whether a training was given up
WAIT = 60.0  # seconds in which all must have come
_doors: dict[str, socket.socket] = {}
_ended: dict[str, float] = {}


class LostLink(ClusterError):
    """A worker of those that work together is gone, or did not come."""


@dataclass(frozen=True)
class Door:
    """Where the others find the first: its address, and the secret."""

    secret: str
    host: str
    port: int


def open_door(secret: str, dask_worker: Any) -> Door:
    """Open a door, on a worker."""
    host = urlsplit(dask_worker.address).hostname if "://" in dask_worker.address else None
    host = "127.0.0.1" if dask_worker.address.startswith("inproc") else host or "127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.create_server((host, 0), family=family)
    _doors[secret] = opened
    return Door(secret, host, opened.getsockname()[1])


def give_up(secret: str) -> None:
    """End what waits for links of this secret, on a worker."""
    now = time.monotonic()
    _ended[secret] = now
    for old in [name for name, when in _ended.items() if now - when > 10 * WAIT]:
        del _ended[old]
    if (door := _doors.pop(secret, None)) is not None:
        door.close()


class Link:
    """A link: arrays of known sizes go over it, whole."""

    def __init__(self, connection: socket.socket, secret: str) -> None:
        connection.settimeout(LOOK)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection, self._secret = connection, secret

    def send(self, array: Array) -> None:
        """Send the bytes of an array.

        Raises:
            LostLink: the other end is gone, or the training was given up.
        """
        self._whole(self._connection.send, array)

    def receive(self, array: Array) -> None:
        """Fill an array with the bytes that come.

        Raises:
            LostLink: the other end is gone, or the training was given up.
        """
        self._whole(self._connection.recv_into, array)

    def _whole(self, move: Any, array: Array) -> None:
        rest = memoryview(array).cast("B")  # type: ignore[arg-type]
        while rest:
            try:
                moved = move(rest)
            except TimeoutError:
                if self._secret in _ended:
                    raise LostLink("the training was given up") from None
                continue
            except OSError as error:
                raise LostLink(f"a worker is gone ({error.strerror or error})") from None
            if not moved:
                raise LostLink("a worker is gone")
            rest = rest[moved:]

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def come(door: Door, greeting: Array) -> Link:
    """A link to the door, which begins with the secret and a greeting.

    Raises:
        LostLink: there is no such door any more.
    """
    try:
        link = Link(socket.create_connection((door.host, door.port), timeout=WAIT), door.secret)
        link._connection.sendall(door.secret.encode())
    except OSError as error:
        raise LostLink(f"the first worker is gone ({error.strerror or error})") from None
    link.send(greeting)
    return link


def welcome(door: Door, count: int, greeting: Array) -> list[tuple[Link, Array]]:
    """So many links with their greetings, each as long as ``greeting``; the door is closed then.

    Raises:
        LostLink: not all have come in time.
    """
    opened, until = _doors.pop(door.secret, None), time.monotonic() + WAIT
    found: list[tuple[Link, Array]] = []
    if opened is None:
        raise LostLink("the first worker was another")
    with opened:
        opened.settimeout(LOOK)
        while len(found) < count:
            try:
                connection, _ = opened.accept()
            except TimeoutError:
                if door.secret in _ended or time.monotonic() > until:
                    raise LostLink(f"{len(found)} of {count} workers have come") from None
                continue
            connection.settimeout(LOOK)
            if not _knows(connection, door.secret):
                connection.close()
                continue
            link, told = Link(connection, door.secret), greeting.copy()
            link.receive(told)
            found.append((link, told))
    return found


def _knows(connection: socket.socket, secret: str) -> bool:
    """Whether what comes first is the secret."""
    told = b""
    try:
        while len(told) < len(secret) and (more := connection.recv(len(secret) - len(told))):
            told += more
    except OSError:
        return False
    return hmac.compare_digest(told, secret.encode())


def close_all(links: Sequence[Link]) -> None:
    """Close them all."""
    for link in links:
        link.close()
