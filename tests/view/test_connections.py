"""Connections that say nothing, or never end what they say: they go, and the page is answered all the while."""

import contextlib
import socket
import time

import pytest

from chainrule.view import server
from tests.view.test_server import client, one_server, static  # noqa: F401  fixtures

MANY = 40


@pytest.fixture
def limits(monkeypatch):
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 10)
    monkeypatch.setattr(server, "LONGEST_HEAD", 0.5)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: ", b"G", b"GET / HTTP/1.1\r\nX: 1\r\n"])
def test_silent_connections_go_and_the_page_is_answered(client, limits, said):  # noqa: F811
    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(socket.create_connection(("127.0.0.1", client.port))) for _ in range(MANY)]
        for one in open_ones:
            with contextlib.suppress(OSError):
                one.sendall(said)
        assert client.send("GET", "/page.css", Host=client.host)[0] == 200
        for one in open_ones:
            one.settimeout(10)
            begun = time.monotonic()
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
            assert time.monotonic() - begun < 5
        assert client.send("GET", "/page.css", Host=client.host)[0] == 200


def test_who_says_something_stays(client, limits):  # noqa: F811
    with contextlib.closing(socket.create_connection(("127.0.0.1", client.port))) as one:
        for _ in range(3):
            one.sendall(f"GET /page.css HTTP/1.1\r\nHost: {client.host}\r\n\r\n".encode())
            found = b""
            while b"\r\n\r\n" not in found:
                found += one.recv(65536)
            assert found.startswith(b"HTTP/1.1 200")
            length = int(found.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            found = found.split(b"\r\n\r\n", 1)[1]
            while len(found) < length:
                found += one.recv(65536)
            time.sleep(0.3)
