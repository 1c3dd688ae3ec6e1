"""The page's server under load: many requests, silent connections and heavy questions; the page answers all the while.

    python -m trials.page_load
    python -m trials.page_load --requests 500 --silent 20

Starts ``chainrule view``, opens silent connections, sends requests of every kind (good, refused, garbage, cut off) from
several threads, lets pages ask for the audits that take longest, and asks for the page itself all the while. Exits
with 1 where the page took a second or more, a request had no answer or another one than it should, the server wrote
more than a few lines, or did not end well.
"""

from __future__ import annotations

import argparse
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
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHEET = ROOT / "examples" / "derivation.md"
LONGEST = 1.0  # seconds until the page is there
PATIENCE = 30.0
MOST_LINES = 10  # that the server may write


@dataclass
class Load:
    """What was seen: answers by kind of request, seconds of each page, what went wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    pages: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def post(port: int, path: str, data: object) -> tuple[int, object]:
    """Status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(data), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def page(port: int) -> float:
    """Seconds until the page is there."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        answer = connection.getresponse()
        if answer.status != 200 or b"</html>" not in answer.read():
            raise AssertionError(f"the page has status {answer.status}")
    return time.monotonic() - begun


def requests(port: int) -> dict[str, tuple[bytes, bytes]]:
    """What is sent, by kind, and how its answer begins."""
    host = f"Host: 127.0.0.1:{port}\r\nConnection: close\r\n"
    kind = "Content-Type: application/json\r\n"
    unknown = json.dumps({"session": "x", "question": {}})
    texts = {
        "file": (f"GET /page.css HTTP/1.1\r\n{host}\r\n", "200"),
        "nothing there": (f"GET /etc/passwd HTTP/1.1\r\n{host}\r\n", "404"),
        "another method": (f"PUT / HTTP/1.1\r\n{host}\r\n", "405"),
        "another site": (f"GET / HTTP/1.1\r\n{host}Origin: http://evil.example\r\n\r\n", "403"),
        "another host": ("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "403"),
        "no JSON": (f"POST /api/ask HTTP/1.1\r\n{host}{kind}Content-Length: 3\r\n\r\n[[[", "400"),
        "no session": (f"POST /api/ask HTTP/1.1\r\n{host}{kind}Content-Length: {len(unknown)}\r\n\r\n{unknown}", "404"),
        "too large": (f"POST /api/ask HTTP/1.1\r\n{host}{kind}Content-Length: 99999999\r\n\r\n", "413"),
        "no HTTP": ("\x16\x03\x01\x02\r\n\r\n", "400"),
    }  # fmt: skip
    return {name: (text.encode(), f"HTTP/1.1 {status} ".encode()) for name, (text, status) in texts.items()}


def heavy_questions() -> list[dict[str, object]]:
    """Those that take longest, of what a page may ask."""
    text = "\n".join(f"dL/dW_1{i % 3 + 1}{i // 3 % 3 + 1} = {0.1 + i / 7:.4f}" for i in range(300))
    return [
        {"kind": "audit", "text": text},
        {"kind": "audit", "text": "a_11 = " + "q_1 " * 100_000},
        {"kind": "open", "text": "+++\nx = [" + ", ".join(['"a"'] * 100_000) + "]\n+++\n"},
        {"kind": "descend", "steps": 1000, "learning_rate": 1e-6},
    ]


def silent(port: int, count: int, stack: contextlib.ExitStack) -> None:
    """Open connections that say nothing, or a part of a request."""
    for i in range(count):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        with contextlib.suppress(OSError):
            one.sendall((b"", b"G", b"POST /api/ask HTTP/1.1\r\nHost: ")[i % 3])


def send(port: int, count: int, first: int, load: Load) -> None:
    """Send requests one after the other."""
    kinds = list(requests(port).items())
    for i in range(first, first + count):
        name, (sent, begins) = kinds[i % len(kinds)]
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as one:
                one.sendall(sent)
                came = b""
                while len(came) < len(begins) and (part := one.recv(65536)):
                    came += part
            if not came.startswith(begins):
                load.faults.append(f"{name}: {came[:60]!r}")
            load.answers[name] += 1
        except OSError as error:
            load.faults.append(f"{name}: {error!r}")


def ask(port: int, stop: threading.Event, load: Load) -> None:
    """Pages with heavy questions, until it stops."""
    questions = heavy_questions()
    i = 0
    while not stop.is_set():
        try:
            _, opened = post(port, "/api/open", {})
            status, _ = post(
                port, "/api/ask", {"session": opened["session"], "question": questions[i % len(questions)]}
            )  # type: ignore[index]
            load.answers["heavy question"] += 1
            if status != 200:
                load.faults.append(f"a heavy question has status {status}")
        except (OSError, http.client.HTTPException) as error:
            if not stop.is_set():
                load.faults.append(f"heavy question: {error!r}")
        i += 1


def run(count: int, silences: int, threads: int = 4, askers: int = 3) -> Load:
    """The whole load on a server of its own."""
    load = Load()
    command = [sys.executable, "-m", "chainrule", "view", str(SHEET), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
            with contextlib.ExitStack() as stack:
                silent(port, silences, stack)
                stop = threading.Event()
                asking = [threading.Thread(target=ask, args=(port, stop, load)) for _ in range(askers)]
                share = -(-count // threads)
                sending = [threading.Thread(target=send, args=(port, share, i * share, load)) for i in range(threads)]
                for thread in (*asking, *sending):
                    thread.start()
                while any(thread.is_alive() for thread in sending) or len(load.pages) < 5:
                    load.pages.append(page(port))
                    time.sleep(0.05)
                stop.set()
                for thread in asking:
                    thread.join(PATIENCE)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    slowest = max(load.pages)
    if slowest >= LONGEST:
        load.faults.append(f"the page took {slowest:.2f} s")
    if process.returncode != 0 or len((out + err).splitlines()) > MOST_LINES or "Traceback" in err:
        load.faults.append(f"the server ended with {process.returncode}: {(out + err)[-1000:]}")
    return load


def main() -> int:
    """Try, print what was seen; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--silent", type=int, default=200)
    asked = parser.parse_args()
    load = run(asked.requests, asked.silent)
    for name, number in sorted(load.answers.items()):
        print(f"{name:20}{number:8}")
    pages = sorted(load.pages)
    print(
        f"the page itself {len(pages)} times: {pages[len(pages) // 2]:.3f} s in the middle, {pages[-1]:.3f} s at most"
    )
    for fault in load.faults[:10]:
        print(f"---\n{fault}")
    print(f"{len(load.faults)} faults")
    return int(bool(load.faults))


if __name__ == "__main__":
    sys.exit(main())
