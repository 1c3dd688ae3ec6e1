"""The server of ``chainrule view``: what it answers, what it refuses, and that nothing stops it."""

import contextlib
import http.client
import io
import json
import logging
import random
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from chainrule.errors import InputError
from chainrule.view import guard, server, strict_json
from chainrule.view.guard import HEADERS
from chainrule.view.strict_json import read_json

PATIENCE = 20  # seconds, on a busy machine


class Stub:
    """A session whose answers are easy to tell; its forks share what is seen."""

    def __init__(self, seen=None):
        self.seen = seen or {
            "now": 0, "most": 0, "lock": threading.Lock(), "meet": threading.Barrier(2), "go": threading.Event()
        }  # fmt: skip
        self.count = 0

    def fork(self):
        return Stub(self.seen)

    def ask(self, question):
        if not isinstance(question, dict):
            raise InputError("question", "an object", repr(question))
        self.count += 1
        kind = question.get("kind")
        if kind == "crash":
            raise RuntimeError("a secret of the server")
        if kind == "deep":
            return self.ask(question)
        if kind == "bad":
            raise InputError("name", "one\nline", "\x1b[31m" + "long " * 1000)
        if kind == "nan":
            return {"kind": "nan", "value": float("nan")}
        if kind == "meet":  # another question must come at the same time
            self.seen["meet"].wait(PATIENCE)
        if kind == "hang":
            self.seen["go"].wait(PATIENCE)
        if kind == "slow":
            with self.seen["lock"]:
                self.seen["now"] += 1
                self.seen["most"] = max(self.seen["most"], self.seen["now"])
            time.sleep(0.05)
            with self.seen["lock"]:
                self.seen["now"] -= 1
        return {"kind": "told", "question": question, "count": self.count}


class Client:
    """Asks a server that runs; every answer must have the headers, and JSON must be what it says."""

    def __init__(self, listener, stub):
        self.port = listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.stub = stub

    def send(self, method, path, body=None, **headers):
        """Status, parsed or plain answer, headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            if body is not None and "Transfer_Encoding" not in headers and "Content_Length" not in headers:
                headers["Content_Length"] = len(body)
            for name, value in headers.items():
                for one in value if isinstance(value, list) else [value]:
                    connection.putheader(name.replace("_", "-"), str(one))
            connection.endheaders()
            if body is not None:
                connection.send(body)
            return checked(connection.getresponse())

    def post(self, path, data, **headers):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.send("POST", path, body, **{"Content_Type": "application/json", **headers})

    def open(self):
        status, answer, _ = self.post("/api/open", {})
        assert status == 200
        assert answer["kind"] == "opened"
        return answer["session"]

    def ask(self, token, question):
        return self.post("/api/ask", {"session": token, "question": question})[:2]

    def raw(self, sent, patience=PATIENCE):
        """All that comes back before the end, or before patience ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as s:
            came = b""
            with contextlib.suppress(OSError):
                s.sendall(sent)
                while part := s.recv(65536):
                    came += part
            return came


def checked(response):
    """Every answer has the headers; every error is one line of JSON, and none tells a traceback."""
    body = response.read()
    for name, value in HEADERS.items():
        assert response.headers.get_all(name) == [value], (name, response.status)
    assert "set-cookie" not in response.headers
    assert "server" not in response.headers
    assert b"Traceback" not in body
    if response.headers["content-type"] == "application/json" and body:
        answer = json.loads(body)
        if response.status != 200:
            assert answer.keys() == {"schema", "kind", "message"}
            assert (answer["schema"], answer["kind"]) == ("chainrule/1", "error")
            assert answer["message"].isprintable()
            assert len(answer["message"]) <= 1001
        return response.status, answer, response.headers
    assert response.status == 200 or not body
    return response.status, body, response.headers


@contextlib.contextmanager
def running(static):
    listener, stub = server.listen("127.0.0.1", 0), Stub()
    hosts = server.served_hosts("127.0.0.1", listener.getsockname()[1])
    run = server.server_of(server.create_app(stub, hosts=hosts, static=static))
    thread = threading.Thread(target=run.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Client(listener, stub)
    finally:
        run.should_exit = True
        thread.join(PATIENCE)
        listener.close()
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    for name in ("index.html", "page.js", "page.css", "secret.txt"):
        (folder / name).write_text(f"this is {name}: ∂")
    return folder


@pytest.fixture(scope="module")
def one_server(static):
    with running(static) as opened:
        yield opened


@pytest.fixture
def client(one_server, caplog):
    """One server for all; at the end nothing was logged but what the test takes with ``caplog.clear``."""
    with caplog.at_level(logging.WARNING):
        yield one_server
        assert [r.getMessage() for r in caplog.records] == []


# ---------------------------------------------------------------- what is there


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/?a=b", "index.html", "text/html; charset=utf-8"),
        ("/page.js", "page.js", "text/javascript; charset=utf-8"),
        ("/page.css", "page.css", "text/css; charset=utf-8"),
    ],
)
def test_the_files_of_the_page(client, path, name, kind):
    status, body, headers = client.send("GET", path)
    assert (status, body.decode(), headers["content-type"]) == (200, f"this is {name}: ∂", kind)


def test_a_page_asks(client):
    one, two = client.open(), client.open()
    assert one != two
    assert len(one) >= 40
    question = {"kind": "scene", "words": "ŷ ∂ 😀", "deep": [[1.5, None, True, -7]]}
    assert client.ask(one, question) == (200, {"kind": "told", "question": question, "count": 1})
    assert client.ask(one, {})[1]["count"] == 2
    assert client.ask(two, {})[1]["count"] == 1  # a page's session is its own
    assert client.stub.count == 0


def test_an_unknown_page_is_told_to_reload(client):
    status, answer = client.ask("no such token", {})
    assert status == 404
    assert "reload the page" in answer["message"]


def test_the_least_recently_used_page_goes(client, monkeypatch):
    monkeypatch.setattr(server, "MOST_SESSIONS", 3)
    a, b, c = client.open(), client.open(), client.open()
    assert client.ask(a, {})[0] == 200
    d = client.open()
    assert [client.ask(token, {})[0] for token in (a, b, c, d)] == [200, 404, 200, 200]


def test_at_most_64_pages(client):
    tokens = [client.open() for _ in range(66)]
    assert [client.ask(token, {})[0] for token in tokens] == [404] * 2 + [200] * 64


# ---------------------------------------------------------------- errors


def test_a_question_that_cannot_be_asked_is_one_line(client):
    status, answer = client.ask(client.open(), {"kind": "bad"})
    assert (status, answer["kind"]) == (200, "error")  # no trouble of the page's: it says the sentence
    assert answer["message"].startswith("name: expected one line; got ␛[31mlong long")
    assert answer["message"].endswith("…")


@pytest.mark.parametrize("kind", ["crash", "deep", "nan"])
def test_an_unforeseen_error_tells_nothing_and_the_server_goes_on(client, caplog, kind):
    token = client.open()
    status, answer = client.ask(token, {"kind": kind})
    assert status == 500
    assert answer["message"] == "something went wrong in the server; its terminal says what"
    assert [r.name for r in caplog.records] == ["chainrule.view.guard"]
    assert caplog.records[0].exc_info
    caplog.clear()
    assert client.ask(token, {})[0] == 200


def test_a_missing_file_of_the_page_is_no_traceback_either(tmp_path, caplog):
    with running(tmp_path) as client:
        assert client.send("GET", "/page.js")[0] == 500
    assert len(caplog.records) == 1


# ---------------------------------------------------------------- who may ask


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}"],
)
def test_served_names(client, host):
    host = host.format(port=client.port)
    assert client.send("GET", "/", Host=host)[0] == 200
    assert client.post("/api/open", {}, Host=host, Origin=f"http://{host.lower()}")[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost", "127.0.0.1:1", "127.0.0.2:{port}", "",
     "localhost:{port}.evil.example", "localhost.:{port}", "user@localhost:{port}", "0.0.0.0:{port}"],
)  # fmt: skip
def test_other_names_are_strangers(client, host):
    host = host.format(port=client.port)
    assert client.send("GET", "/", Host=host)[0] == 403
    assert client.post("/api/open", {}, Host=host)[0] == 403
    assert client.send("GET", "/nothing", Host=host)[0] == 403


def test_without_a_host(client):
    assert client.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    assert client.raw(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    two = f"GET / HTTP/1.1\r\nHost: {client.host}\r\nHost: evil.example\r\n\r\n"
    assert client.raw(two.encode()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "https://{host}", "http://{host}/", "http://127.0.0.1", "{host}",
     "http://evil.example {host}", "http://{host}.evil.example", "file://"],
)  # fmt: skip
def test_other_sites_may_not_ask(client, origin):
    origin = origin.format(host=client.host)
    assert client.post("/api/open", {}, Origin=origin)[0] == 403
    assert client.post("/api/open", {}, Origin=[f"http://{client.host}", origin])[0] == 403
    assert client.send("GET", "/", Origin=origin)[0] == 403


def test_the_page_itself_may_ask(client):
    status, _, headers = client.post("/api/open", {}, Origin=f"http://{client.host}")
    assert status == 200
    assert not [name for name in headers if name.lower().startswith("access-control")]


# ---------------------------------------------------------------- paths and methods


@pytest.mark.parametrize(
    "path",
    ["/index.html", "/secret.txt", "/../server.py", "/x/../page.js", "/%2e%2e/server.py", "/%2E%2E%2Fserver.py",
     "/..%5cserver.py", "/\\..\\server.py", "//page.js", "/page.js/", "/page.js%00", "/page.js%0a", "/%00",
     "/./page.js", "/page%2ejs/x", "/api", "/api/", "/api/open/", "/api/ask/../open", "/static/page.js", "/PAGE.JS",
     "/%ff%fe", "/etc/passwd", "//etc/passwd", "/page.js;x", "http://evil.example/", "*", "/" + "a" * 5000],
)  # fmt: skip
def test_there_is_nothing_else(client, path):
    for method in ("GET", "POST"):
        assert client.raw(
            f"{method} {path} HTTP/1.1\r\nHost: {client.host}\r\nConnection: close\r\n\r\n".encode()
        ).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"])
def test_other_methods(client, method):
    for path, right in server.METHODS.items():
        status, _, headers = client.send(method, path)
        assert status == 405
        assert headers["allow"] == right


def test_get_and_post_are_told_apart(client):
    assert client.send("GET", "/api/open")[0] == 405
    assert client.send("GET", "/api/ask")[0] == 405
    assert client.post("/", {})[0] == 405
    assert client.post("/page.js", {})[0] == 405


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    "kind",
    [[], "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
     "text/plain; application/json", "application/json, text/plain", ["application/json", "text/plain"], "",
     ["application/json", "application/json"]],
)  # fmt: skip
def test_only_json_is_read(client, kind):
    assert client.send("POST", "/api/open", b"{}", Content_Type=kind)[0] == 415
    assert client.send("POST", "/api/ask", b"{}", Content_Type=kind)[0] == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_by_other_spellings(client, kind):
    assert client.send("POST", "/api/open", b"{}", Content_Type=kind)[0] == 200


def chunked(data, size=65536):
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_the_largest_question(client):
    start, end = f'{{"session": "{client.open()}", "question": {{"a": "'.encode(), b'"}}'
    full = start + b"x" * (guard.LARGEST - len(start) - len(end)) + end
    for body, expected in ((full, 200), (full + b" ", 413)):
        assert client.post("/api/ask", body)[0] == expected
        assert client.post("/api/ask", chunked(body), Transfer_Encoding="chunked")[0] == expected


def test_a_body_that_claims_to_be_large_is_not_waited_for(client):
    for length in ("1000001", "9" * 19, "00000000001000001"):
        status, _, _ = client.send("POST", "/api/open", Content_Type="application/json", Content_Length=length)
        assert status == 413


def test_a_body_without_an_end_is_cut_off(client):
    head = f"POST /api/open HTTP/1.1\r\nHost: {client.host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as s:
        s.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        s.setblocking(False)
        came, sent, deadline = b"", 0, time.monotonic() + PATIENCE
        while not came and time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                s.sendall(b"100\r\n" + b"x" * 256 + b"\r\n")
                sent += 256
            with contextlib.suppress(BlockingIOError):
                came = s.recv(100)
    assert came.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_takes_too_long(client, monkeypatch):
    monkeypatch.setattr(guard, "SLOWEST", 0.1)
    head = f"POST /api/open HTTP/1.1\r\nHost: {client.host}\r\nContent-Type: application/json\r\n"
    answer = client.raw(head.encode() + b"Content-Length: 2\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"content-security-policy" in answer


NESTED = strict_json.DEEPEST - 3  # inside the question, which is inside the body, with a number in it

#: JSON that is none, or that no page sends; each inside {"session": …, "question": …} and as the whole body
NO_JSON = {
    "nothing": b"", "half": b'{"a": ', "words": b"hello", "two values": b"{} {}", "single quotes": b"{'a': 1}",
    "NaN": b"NaN", "infinity": b"[Infinity]", "minus infinity": b"-Infinity", "a float too large": b"[1e999]",
    "a negative one": b'{"a": -1e400}', "a key twice": b'{"a": 1, "a": 1}', "a key twice inside": b'[{"a":1,"a":2}]',
    "a huge integer": b"9" * 5000, "a large integer": b"[1%s]" % (b"0" * 300), "minus": b"-" + b"8" * 90_000,
    "half a pair": b'"\\ud800"', "the other half": b'["\\udc00x"]', "half a pair as a key": b'{"\\ud83d": 1}',
    "halves the wrong way": b'"\\ude00\\ud83d"', "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "brackets": b"[" * 900_000,
    "a little too deep": b"[" * (NESTED + 5) + b"]" * (NESTED + 5), "Latin-1": b'"\xe9"',
    "raw surrogates": b'"\xed\xa0\x80"', "gzip": b"\x1f\x8b\x08",
    "UTF-16": '{"a": 1}'.encode("utf-16"), "a byte order mark": b"\xef\xbb\xbf{}", "a control character": b'"\x01"',
    "a NUL": b"\x00", "a comment": b"{} // x", "a comma too many": b"[1,]", "hexadecimal": b"0x1",
}  # fmt: skip


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_json_is_refused(client, name):
    with pytest.raises(InputError):
        read_json(NO_JSON[name])
    assert client.post("/api/ask", NO_JSON[name])[0] == 400
    assert client.post("/api/open", NO_JSON[name])[0] == 400
    inside = b'{"session": "%s", "question": {"a": %s}}' % (client.open().encode(), NO_JSON[name])
    assert client.post("/api/ask", inside)[0] == 400


def test_the_deepest_question(client):
    question = 7
    for _ in range(NESTED):
        question = [question]
    token = client.open()
    assert client.ask(token, {"a": question})[0] == 200
    assert client.ask(token, {"a": [[question]]})[0] == 400
    assert read_json(b'["\\ud83d\\ude00", 1%s]' % (b"0" * 299)) == ["😀", 10**299]


@pytest.mark.parametrize(
    "body",
    [[], None, 1, "x", {}, {"session": 1, "question": {}}, {"question": {}}, {"session": "x"}, [["session", "x"]],
     {"session": ["x"], "question": {}}, {"session": "x", "question": {}, "more": 1}],
)  # fmt: skip
def test_other_bodies(client, body):
    status, answer, _ = client.post("/api/ask", body)
    assert status == 400
    assert answer["message"] == 'question: expected {"session": …, "question": …}; got something else'
    assert client.post("/api/open", body)[0] == (200 if body == {} else 400)


@pytest.mark.parametrize("question", [None, [], 1, "scene", True])
def test_the_session_judges_the_question(client, question):
    status, answer = client.ask(client.open(), question)
    assert (status, answer["kind"]) == (200, "error")


# ---------------------------------------------------------------- many at a time


def test_questions_of_one_page_come_one_at_a_time(client):
    token = client.open()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.ask(token, {"kind": "slow"}), range(8)))
    assert sorted(answer["count"] for _, answer in answers) == list(range(1, 9))
    assert client.stub.seen["most"] == 1


def test_questions_of_two_pages_come_together(client):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda token: client.ask(token, {"kind": "meet"}), [client.open(), client.open()]))
    assert [status for status, _ in answers] == [200, 200]


def test_a_question_in_hand_does_not_keep_others_waiting(client):
    one, two = client.open(), client.open()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.ask, one, {"kind": "meet"})
        assert client.send("GET", "/page.js")[0] == 200
        assert client.ask(client.open(), {})[0] == 200
        assert not first.done()
        assert client.ask(two, {"kind": "meet"})[0] == 200
        assert first.result()[0] == 200


def test_many_questions_in_hand_do_not_keep_the_page_waiting(client):
    tokens = [client.open() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(client.ask, token, {"kind": "hang"}) for token in tokens]
        time.sleep(0.2)
        assert client.send("GET", "/")[0] == 200
        assert client.open()
        assert not any(one.done() for one in asked)
        client.stub.seen["go"].set()
        assert [one.result()[0] for one in asked] == [200] * 50


def test_slow_clients_do_not_keep_others_waiting(client):
    head = f"POST /api/open HTTP/1.1\r\nHost: {client.host}\r\nContent-Type: application/json\r\n".encode()
    starts = [b"", b"GET", b"GET / HTTP/1.1\r\nHo", head, head + b"Content-Length: 100\r\n\r\n{"]
    with contextlib.ExitStack() as stack:
        for start in starts * 20:
            s = stack.enter_context(socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE))
            s.sendall(start)
        begun = time.monotonic()
        assert client.ask(client.open(), {})[0] == 200
        assert time.monotonic() - begun < PATIENCE / 4


# ---------------------------------------------------------------- garbage


def test_what_is_not_http_gets_the_headers_too(client):
    for sent in (
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET / HTTP/99\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ):
        answer = client.raw(sent)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert checked(parsed(answer))[1]["message"] == "Invalid HTTP request received."


def test_a_body_that_breaks_off_in_the_middle(client):
    head = f"POST /api/open HTTP/1.1\r\nHost: {client.host}\r\nContent-Type: application/json\r\n".encode()
    assert client.raw(head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n").startswith(b"HTTP/1.1 400 ")
    refused = head.replace(b"application/json", b"text/plain") + b"Transfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as s:
        s.sendall(refused)
        assert s.recv(65536).startswith(b"HTTP/1.1 415 ")
        s.sendall(b"zz\r\n")  # after its answer: it is cut off
        rest = b""
        with contextlib.suppress(ConnectionResetError):
            while part := s.recv(65536):
                rest += part
        assert b"HTTP/1.1" not in rest
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE) as s:
        s.sendall(head + b"Content-Length: 50\r\n\r\n{")
    assert client.send("GET", "/")[0] == 200


def test_many_requests_in_one_packet(client):
    one = f"GET /page.js HTTP/1.1\r\nHost: {client.host}\r\n\r\n"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    assert client.raw((one * 200 + last).encode()).count(b"HTTP/1.1 200 OK") == 201
    assert client.raw((one * 3).encode() + b"garbage\r\n\r\n").count(b"HTTP/1.1 200 OK") == 3


def parsed(came):
    """An answer in bytes, as ``http.client`` reads it."""
    response = http.client.HTTPResponse(SimpleNamespace(makefile=lambda _: io.BytesIO(came)))
    response.begin()
    return response


def garbage(rng, host, token):
    """A request that something is wrong with, most of the time."""
    body = json.dumps({"session": token, "question": {"kind": "scene", "a": [1, 2, 3]}}).encode()
    method = rng.choice(["POST"] * 6 + ["GET", "HEAD", "PUT", "get", "", "P\x00ST", "POST" * 100])
    path = rng.choice(["/api/ask"] * 6 + ["/", "/api/open", "/%", "/%zz", "/\xff", "*", "", "//", "/" + "x" * 20_000])
    version = rng.choice(["HTTP/1.1"] * 9 + ["HTTP/1.0", "HTTP/2.0", "HTTP/", ""])
    kind = rng.choice(["application/json"] * 6 + ["text/plain", "", "\xff\xfe"])
    length = rng.choice([len(body)] * 8 + [0, 1, len(body) + 10, -1, "x", 10**30])
    lines = [f"{method} {path} {version}", f"Host: {host}", f"Content-Type: {kind}", f"Content-Length: {length}"]
    odd = ["X: " + "y" * 70_000, "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "no colon", ": no name",
           "Expect: 100-continue", "Upgrade: websocket\r\nConnection: upgrade", "Origin: null", " folded", "Host: x",
           "Connection: close", "Content-Length: 5", "X\x00: y"]  # fmt: skip
    lines += rng.sample(odd, rng.choice([0, 0, 1, 2]))
    lines += [f"X-{i}: {i}" for i in range(rng.choice([0] * 9 + [3000]))]
    whole = bytearray("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    match rng.randrange(6):
        case 0:
            return rng.randbytes(rng.randrange(2000))
        case 1:
            return bytes(whole[: rng.randrange(len(whole))])
        case 2:
            for _ in range(rng.randrange(1, 20)):
                whole[rng.randrange(len(whole))] = rng.randrange(256)
    return bytes(whole)


def test_a_thousand_requests_of_garbage(client):
    """None gets a 500, all that is answered has the headers, and the server still answers; nothing is logged."""
    rng = random.Random(20)
    token = client.open()
    sent = [garbage(rng, client.host, token) for _ in range(1000)]
    with ThreadPoolExecutor(16) as pool:
        answers = [a for a in pool.map(lambda data: client.raw(data, 0.1), sent) if a]
    statuses = [int(re.match(rb"HTTP/1\.1 (\d{3}) ", answer)[1]) for answer in answers]
    assert {200, 400, 403, 404, 405, 415} <= set(statuses) <= {100, 200, 400, 403, 404, 405, 413, 415}
    assert len(answers) > 500
    for answer, status in zip(answers, statuses, strict=True):
        assert status == 100 or b"content-security-policy: default-src 'none'" in answer
    assert client.ask(token, {})[0] == 200
    assert client.send("GET", "/")[0] == 200


# ---------------------------------------------------------------- listening


def test_listening_is_for_this_machine():
    with server.listen("127.0.0.1", 0) as one:
        assert one.getsockname()[0] == "127.0.0.1"
        assert server.is_private(one)
        with pytest.raises(InputError, match="a free port; got one that is taken"):
            server.listen("127.0.0.1", one.getsockname()[1])
    with server.listen("localhost", 0) as two:
        assert server.is_private(two)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", -1, "--port: expected a number from 0 to 65535; got -1"),
        ("127.0.0.1", 65536, "--port: expected a number from 0 to 65535; got 65536"),
        ("0.0.0.0", 0, "got all of them"),
        ("::", 0, "got all of them"),
        ("", 0, "--host"),
        ("a..b", 0, "got an unknown one"),
        ("x" * 300, 0, "got an unknown one"),
        ("no\x00host", 0, "got an unknown one"),
        ("192.0.2.1", 0, "expected a place to listen at"),
    ],
)
def test_what_cannot_be_listened_at(host, port, words):
    with pytest.raises(InputError) as error:
        server.listen(host, port)
    assert words in str(error.value)


def test_the_names_that_are_served():
    loopback = ["127.0.0.1:8123", "localhost:8123", "[::1]:8123"]
    assert server.served_hosts("127.0.0.1", 8123) == loopback
    assert server.served_hosts("::1", 8123) == ["[::1]:8123", *loopback[:2]]
    assert server.served_hosts("Ada.local", 8123) == ["ada.local:8123", *loopback]
    assert server.served_hosts("127.0.0.1", 80)[3:] == ["127.0.0.1", "localhost", "[::1]"]
