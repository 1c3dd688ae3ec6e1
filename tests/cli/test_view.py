"""``chainrule view``: what it opens, prints and refuses, and how it ends."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.view import server
from tests.support.loading import ROOT
from tests.support.sample import one_in

EXAMPLE = ROOT / "examples" / "worked_example.md"
PATIENCE = 60  # seconds, on a busy machine
BATCH = """+++
title = "Two examples"
[network]
output = "sigmoid"
loss = "half_squared_error"
x = [[1, 2], [3, 4]]
y = [[0], [1]]
[[network.layer]]
W = [[0.5, -0.5]]
+++
L = 0.1
"""


@pytest.fixture
def shown(run, monkeypatch):
    """Run ``chainrule view`` but for the serving: the session that would be served, and what was printed."""

    def call(*arguments):
        served = []

        def serve(session, listener, hosts, ready):
            served.append((session, listener, hosts))
            ready()
            return True

        monkeypatch.setattr(server, "serve", serve)
        code, out, err = run("view", *arguments)
        assert code == 0, err
        ((session, listener, hosts),) = served
        assert listener.fileno() == -1  # it is closed at the end
        return SimpleNamespace(session=session, hosts=hosts, out=out, err=err)

    return call


# ---------------------------------------------------------------- what is opened


def test_a_worksheet(shown):
    ran = shown(EXAMPLE, "--no-open")
    assert re.fullmatch(r"chainrule view: http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)\n", ran.out)
    assert ran.err == ""
    assert ran.hosts[0] in ran.out
    subject = ran.session.subject
    assert (subject.title, subject.learning_rate, subject.lines[0][:11]) == ("Worked example", 0.5, "The network")
    assert subject.x.tolist() == [2, 5, 3, 3]


def test_one_example_of_a_batch(shown, tmp_path):
    (tmp_path / "batch.md").write_text(BATCH)
    for options, x in (((), [1, 2]), (("--example", 1), [1, 2]), (("--example", 2), [3, 4])):
        subject = shown("batch.md", "--no-open", *options).session.subject
        assert (subject.x.tolist(), subject.y.tolist()) == (x, [float(x != [1, 2])])


@pytest.fixture
def model(run, tmp_path):
    """A model that knows its columns, in the folder of the run."""
    assert run("train", "iris", "--epochs", 1, "--hidden", 3)[0] == 0
    return tmp_path / "iris.safetensors"


def test_a_model_with_a_row(shown, model):
    first, third = (
        shown(model.name, "--data", "iris", "--no-open", *options).session.subject for options in ((), ("--example", 3))
    )
    assert first.title == third.title == "iris.safetensors"
    assert "row 3" in third.note
    assert not np.array_equal(first.x, third.x)
    assert first.network.sizes == (4, 3, 3)


@pytest.mark.parametrize("options", [(), ("--open",), ("--no-open",)])
def test_the_browser(shown, monkeypatch, options):
    opened, done = [], threading.Event()
    monkeypatch.setattr("webbrowser.open", lambda address: (opened.append(address), done.set()))
    out = shown(EXAMPLE, *options).out
    if "--no-open" in options:
        assert not done.wait(0.1)
    else:
        assert done.wait(PATIENCE)
        assert opened == [out.split()[2]]


def test_others_that_can_reach_it_are_told_of(shown, monkeypatch):
    monkeypatch.setattr(server, "is_private", lambda _: False)
    assert re.fullmatch(
        r"chainrule: warning: other machines can reach localhost:\d+ and see this network\n",
        shown(EXAMPLE, "--no-open", "--host", "localhost").err,
    )


def test_a_port_of_ones_own(shown):
    with server.listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    assert f"http://127.0.0.1:{port}/" in shown(EXAMPLE, "--no-open", "--port", port).out


# ---------------------------------------------------------------- a file instead


def test_the_page_in_a_file(run, monkeypatch, tmp_path):
    exporter = ModuleType("chainrule.view.export")
    exporter.STEPS = 3
    exporter.export_page = lambda session, steps, _: f"<!DOCTYPE html> {session.subject.title}, {steps} steps\n"
    monkeypatch.setitem(sys.modules, "chainrule.view.export", exporter)
    monkeypatch.setattr(server, "listen", None)
    assert run("view", EXAMPLE, "--export", "page.html") == (0, "page saved to page.html (0.0 MB)\n", "")
    assert (tmp_path / "page.html").read_text() == "<!DOCTYPE html> Worked example, 3 steps\n"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing.md",), "no such file"),
        (("nothing.safetensors", "--data", "iris"), "nothing.safetensors"),
        (("nothing.safetensors",), "--data: expected a table with the example to show; got none"),
        ((EXAMPLE, "--data", "iris"), "--data"),
        ((EXAMPLE, "--example", "2"), "example: expected a number from 1 to 1; got 2"),
        ((EXAMPLE, "--example", "0"), "--example: expected a number from 1; got 0"),
        ((EXAMPLE, "--port", "65536"), "--port: expected a number from 0 to 65535; got 65536"),
        ((EXAMPLE, "--port", "-1"), "--port"),
        ((EXAMPLE, "--host", "0.0.0.0"), "got all of them"),
        ((EXAMPLE, "--host", "a..b"), "got an unknown one"),
        ((EXAMPLE, "--export", "no/folder/page.html"), "no such folder"),
        ((EXAMPLE, "--export", EXAMPLE), "that is read"),
        ((".",), "a folder"),
    ],
)
def test_one_line_and_exit_2(refused, monkeypatch, arguments, words):
    monkeypatch.setattr(server, "serve", None)
    assert words in refused("view", *arguments, "--no-open")


def test_a_port_that_is_taken(refused, monkeypatch):
    monkeypatch.setattr(server, "serve", None)
    with server.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        words = f"--port {port}: expected a free port; got one that is taken"
        assert words in refused("view", EXAMPLE, "--port", port, "--no-open")


def test_a_row_that_is_not_there(refused, model):
    assert "row numbers from 1 to 150" in refused("view", model.name, "--data", "iris", "--example", 151)


def test_a_model_without_its_columns(refused, tmp_path):
    cr.save(cr.Network([[[1.0]]]), tmp_path / "bare.safetensors")
    assert "a network without its preprocessing" in refused("view", "bare.safetensors", "--data", "iris")


# ---------------------------------------------------------------- a process of its own

BUSY = """
import sys, time
from chainrule.view.aside import SessionAside
SessionAside.ask = lambda self, question: time.sleep(600)
from chainrule.cli import main
main()
"""


@contextlib.contextmanager
def started(*command):
    """A process that has printed its address: the process and its port."""
    process = subprocess.Popen(
        [sys.executable, *command, str(EXAMPLE), "--no-open"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            line = process.stdout.readline()
            port = re.fullmatch(r"chainrule view: http://127\.0\.0\.1:(\d+)/ \(Ctrl-C ends it\)\n", line)
            yield process, int(port[1])
        finally:
            process.kill()


def interrupted(process):
    """How it ends after Ctrl-C: exit code, standard output after the address, standard error."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def post(port, path, data):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("POST", path, json.dumps(data), {"Content-Type": "application/json"})
    return connection


def asked(port, path, data):
    with contextlib.closing(post(port, path, data)) as connection:
        return json.loads(connection.getresponse().read())


def test_it_serves_until_ctrl_c():
    with started("-m", "chainrule", "view") as (process, port):
        token = asked(port, "/api/open", {})["session"]
        answer = asked(port, "/api/ask", {"session": token, "question": {"kind": "explain", "name": "dL/dW_212"}})
        assert (answer["kind"], round(answer["value"], 6)) == ("explain", -0.130377)
        bad = asked(port, "/api/ask", {"session": token, "question": {"kind": "explain", "name": "dL/dW_999"}})
        assert bad["kind"] == "error"
        assert interrupted(process) == (0, "", "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.parametrize("later", one_in(3, [0, 0.01, 0.03, 0.1]))
def test_ctrl_c_at_once(later):
    with started("-m", "chainrule", "view") as (process, _):
        time.sleep(later)
        assert interrupted(process) == (0, "", "")


def test_ctrl_c_twice():
    with started("-m", "chainrule", "view") as (process, _):
        process.send_signal(signal.SIGINT)
        assert interrupted(process) == (0, "", "")


def test_ctrl_c_while_clients_hang():
    """One that says nothing, one in the middle of its head, one in the middle of its body, one that has its answer."""
    head = (
        "POST /api/open HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
    )
    starts = ["", "POST /api", head, "GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n"]
    with started("-m", "chainrule", "view") as (process, port), contextlib.ExitStack() as stack:
        for start in starts:
            s = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
            s.sendall(start.format(port).encode())
        asked(port, "/api/open", {})
        assert interrupted(process) == (0, "", "")


def test_ctrl_c_while_a_question_is_at_work():
    with started("-c", BUSY, "view") as (process, port):
        token = asked(port, "/api/open", {})["session"]
        with contextlib.closing(post(port, "/api/ask", {"session": token, "question": {}})):
            asked(port, "/api/open", {})  # it has been read by now
            assert interrupted(process) == (0, "", "")


def test_the_command_line_starts_without_the_server():
    code = (
        "import sys; sys.argv = ['chainrule', '--help']\nfrom chainrule.cli import main\n"
        "try: main()\nexcept SystemExit: print(*{m.partition('.')[0] for m in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "view" in ran.stdout
    assert not {"starlette", "uvicorn", "anyio", "h11", "webbrowser"} & set(ran.stdout.splitlines()[-1].split())
