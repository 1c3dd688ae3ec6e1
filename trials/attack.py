"""Hostile and damaged input of every kind: each try ends with an answer or with one sentence.

    python -m trials.attack
    python -m trials.attack --kind models --kind streams --share 0.1

Kinds: files of every format with bits turned, bytes cut out or put in, at every offset of small ones; model files and
checkpoints with each part missing or changed under a digest that is right; worksheets and formulas of random parts;
commands with streams that are closed, full, of other encodings or without a reader; places to write that are no files;
requests to the page's server; numbers of extreme size. Each kind runs in a process of its own. Prints a table of tries,
answers, refusals, the longest time and the largest memory of each; exits with 1 where a try ended otherwise. A seed
gives the same tries.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule.errors import InputError
from trials import formats
from trials.resealed import resealed

ROOT = Path(__file__).parents[1]
SHEET = ROOT / "examples" / "derivation.md"
LONGEST = 10  # seconds of processor time of a try; of a command and of the server, of any time
MOST_MEMORY = 1000  # MB of a kind
Attempt = Callable[[], object]


class TooLong(BaseException):
    """A try took longer than ``LONGEST``."""


@dataclass
class Outcome:
    """What became of the tries of one kind: counts, seconds of the longest, MB of the process, what went wrong."""

    kind: str
    count: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    memory: float = 0.0
    faults: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- files


def damaged(whole: bytes, rng: np.random.Generator, places: int) -> Iterator[bytes]:
    """A file with something wrong at each of so many offsets: a bit, a byte, a piece cut out or put in, its end."""
    for offset in np.linspace(0, len(whole) - 1, min(places, len(whole))).astype(int).tolist():
        piece = rng.integers(0, 256, int(rng.integers(1, 9)), np.uint8).tobytes()
        yield whole[:offset] + bytes([whole[offset] ^ (1 << int(rng.integers(8)))]) + whole[offset + 1 :]
        yield whole[:offset] + piece + whole[offset + len(piece) :]
        yield whole[:offset] + whole[offset + len(piece) :]
        yield whole[:offset] + piece + whole[offset:]
        yield whole[:offset]


def files(form: formats.Format, seed: int, places: int) -> Iterator[Attempt]:
    """Read each damaged version of a file; of one with a digest, what is read is what was written, or nothing is."""
    rng = np.random.default_rng((7, seed))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, f"file{form.ending}")

        def read(content: bytes) -> object:
            place.write_bytes(content)
            return form.read(place)

        right = read(form.whole)

        def attempt(content: bytes) -> None:
            found = read(content)
            if form.sealed and found != right:
                raise AssertionError(f"other numbers than were saved: {found!r:.300}")

        for content in damaged(form.whole, rng, places):
            yield lambda content=content: attempt(content)  # type: ignore[misc]


def of_formats(make: Callable[[], list[formats.Format]], places: int) -> Callable[[float], Iterator[Attempt]]:
    """All formats of a kind, each damaged at so many offsets in full (a small file has no more)."""

    def attempts(share: float) -> Iterator[Attempt]:
        for seed, form in enumerate(make()):
            yield from files(form, seed, max(1, int(min(places, len(form.whole)) * share)))

    return attempts


def parts(share: float) -> Iterator[Attempt]:
    """Each part of a model file, an ensemble and a checkpoint missing or something else, under a digest that fits."""
    for form in formats.models():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, f"file{form.ending}")
            for content in islice(resealed(form.whole), 0, None, max(1, round(1 / share))):
                yield lambda content=content, place=place, form=form: (  # type: ignore[misc]
                    place.write_bytes(content), form.read(place)
                )  # fmt: skip


# ---------------------------------------------------------------- text


def sheets(share: float) -> Iterator[Attempt]:
    """Worksheets with lines, signs and numbers of others put in."""
    from chainrule.auditing.audit import audit_text

    rng = np.random.default_rng(30)
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("examples/published/*.md"))]
    lines = [line for text in texts for line in text.splitlines()]
    signs = ["1e400", "\\frac{", "+++", "\n", " " * 200, "9" * 400]
    signs += "$\\{}[]()=+-*/^_|&~`#<>\"'∂Σ→ŷ\u202e\0\x1b\u2028"
    for _ in range(int(500 * share)):
        text = texts[rng.integers(len(texts))]
        for _ in range(int(rng.integers(1, 5))):
            at, kind = int(rng.integers(len(text))), rng.integers(4)
            piece = (
                str(lines[rng.integers(len(lines))]) + "\n"
                if kind == 0
                else str(rng.choice(signs)) * (1 + 30 * (kind == 1))
            )
            text = text[:at] + text[at + 20 :] if kind == 3 else text[:at] + piece + text[at:]
        yield lambda text=text: audit_text(text)  # type: ignore[misc]


def _derivative(text: str) -> str:
    from chainrule.explanation.graph.graph import Graph

    values = {name: value for name, value in (("x", 2.0), ("y", 0.5)) if name in re.sub("exp|max", "", text)}
    return str(Graph(f"z = {text}").derivative("dz/dx", values))


def formulas(share: float) -> Iterator[Attempt]:
    """Graphs of random formulas, some of them huge."""
    rng = np.random.default_rng(31)
    parts = [
        "x",
        "y",
        "2",
        "1e308",
        "10^(10^10)",
        "sin(",
        "exp(",
        "log(",
        ")",
        "(",
        "+",
        "-",
        "*",
        "/",
        "^",
        "3^1000000000",
        "max(x,y)",
        ",",
    ]
    huge = [
        "-" * 500 + "x",
        "x" + "/x" * 3000,
        "(" * 3000 + "x" + ")" * 3000,
        "exp(" * 50 + "x" + ")" * 50,
        "x^" * 200 + "2",
        "9" * 5000 + "*x",
    ]
    texts = [*huge, *("".join(rng.choice(parts, int(rng.integers(1, 12)))) for _ in range(int(800 * share)))]
    for text in texts:
        yield lambda text=text: _derivative(text)  # type: ignore[misc]


# ---------------------------------------------------------------- numbers


def numbers(share: float) -> Iterator[Attempt]:
    """Networks with numbers of any size: gradients are finite, or it is said that they cannot be had."""
    from chainrule.network.activations import ACTIVATIONS

    rng = np.random.default_rng(32)

    def attempt(net: cr.Network, x: np.ndarray) -> None:
        found = cr.check_gradients(net, x, np.array([1.0, 0.0]))
        if found is None:
            raise AssertionError("no answer")

    for _ in range(int(300 * share)):
        activation = str(rng.choice(list(ACTIVATIONS)))
        scale = 10.0 ** rng.integers(-300, 300)
        net = cr.Network([rng.normal(size=(3, 2)) * scale, rng.normal(size=(2, 3))], hidden=activation)
        x = rng.normal(size=2)
        yield lambda net=net, x=x: attempt(net, x)  # type: ignore[misc]


# ---------------------------------------------------------------- commands


def run(*words: str, shell: str = "", **more: str) -> subprocess.CompletedProcess[bytes]:
    """A command as a shell runs it; no traceback, and an exit code that is promised.

    Raises:
        AssertionError: otherwise.
    """
    command = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "chainrule", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")} | more
    ran = subprocess.run(command, capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=60)
    said = ran.stdout + ran.stderr
    if b"Traceback" in said or b"Exception ignored" in said or ran.returncode not in (0, 1, 2, 141):
        raise AssertionError(f"{words} {shell} {more}: exit code {ran.returncode}: {said[-500:]!r}")
    if any(sign < 32 and sign not in b"\n\t\r" for sign in said) and "utf-16" not in more.values():
        raise AssertionError(f"{words}: control characters are sent: {said[-500:]!r}")
    return ran


WORDS = (
    "audit SHEET", "audit SHEET --explain", "audit SHEET --json", "audit none\x1b[31m.md", "explain SHEET dL/dW_212",
    "explain SHEET dL/dW_212 --format latex", "paths SHEET dL/dW_131", "check SHEET",
    "graph z=x^2*σ(x) --of dz/dx --at x=1", "exercise --help", "train --help", "train \udcff.csv --target y", "--help",
    "audit --ŷ",
)  # fmt: skip
COMMANDS = [tuple(str(SHEET) if word == "SHEET" else word for word in words.split(" ")) for words in WORDS]


def streams(share: float) -> Iterator[Attempt]:
    """Each command with each stream closed, full or without a reader, and in each encoding."""
    shells = ("", ">&-", "2>&-", "<&-", ">&- 2>&-", ">/dev/full", "2>/dev/full")
    for words in COMMANDS[: max(2, int(len(COMMANDS) * share))]:
        for shell in shells:
            yield lambda words=words, shell=shell: run(*words, shell=shell)  # type: ignore[misc]
        for encoding in ("ascii", "cp1252", "latin-1", "cp437", "utf-16", "koi8-r"):
            yield lambda words=words, encoding=encoding: run(*words, PYTHONIOENCODING=encoding)  # type: ignore[misc]


def places(share: float) -> Iterator[Attempt]:
    """Places to write that are no plain files: each is afterwards what it was before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "real").write_text("old")
        (folder / "real").chmod(0o600)
        (folder / "link").symlink_to(folder / "real")
        (folder / "dangling").symlink_to(folder / "not yet")
        (folder / "loop").symlink_to(folder / "loop")
        (folder / "folder").mkdir()
        os.mkfifo(folder / "pipe")
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(folder / "socket"))
        outs = [
            *(
                str(folder / each)
                for each in ("real", "link", "dangling", "loop", "folder", "pipe", "socket", "no/file")
            ),
            "/dev/null",
            "/dev/full",
        ]
        commands = ((("audit", str(SHEET)), "--out"), (("view", str(SHEET), "--no-open", "--steps", "0"), "--export"))
        for words, option in commands[: 1 if share < 1 else 2]:
            for out in outs:
                yield lambda words=words, option=option, out=out: _write_to(words, option, out)  # type: ignore[misc]


def _write_to(words: tuple[str, ...], option: str, out: str) -> None:
    def kind() -> tuple[int, int]:
        try:
            mode = os.lstat(out).st_mode
        except OSError:
            return 0, 0
        return stat.S_IFMT(mode), stat.S_IMODE(mode)

    before = kind()
    reader = None
    if stat.S_ISFIFO(before[0]):
        reader = threading.Thread(target=lambda: Path(out).read_bytes(), daemon=True)
        reader.start()
    ran = run(*words, option, out)
    if reader is not None:
        reader.join(LONGEST)
    if kind() != before and before[0] not in (0, stat.S_IFLNK):
        raise AssertionError(f"{out} was {before} and is {kind()}")
    if before[0] == stat.S_IFLNK and not os.path.islink(out) and not out.endswith("loop"):
        raise AssertionError(f"{out} was a link")
    if ran.returncode == 2 and out.encode() not in ran.stderr and b"/dev/full" not in out.encode():
        raise AssertionError(f"{out} is not named: {ran.stderr!r}")


# ---------------------------------------------------------------- the page's server


def server(share: float) -> Iterator[Attempt]:
    """Garbage and silence at the page's server, which answers all the while."""
    from chainrule.sheets.header import read_worksheet
    from chainrule.view import server as served
    from chainrule.view.session import Session
    from chainrule.view.subject import Subject

    rng = np.random.default_rng(33)
    listener = served.listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    hosts = served.served_hosts("127.0.0.1", port)
    app = served.create_app(Session(Subject.of_worksheet(read_worksheet(SHEET), 1)), hosts=hosts)
    running = served.server_of(app)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    silent: list[socket.socket] = []
    whole = f"GET /page.css HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()

    def answered() -> None:
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as one:
            one.sendall(whole)
            if not one.recv(100).startswith(b"HTTP/1.1 200"):
                raise AssertionError("the page is not answered")
        if time.monotonic() - begun > 2:
            raise AssertionError(f"the page was answered after {time.monotonic() - begun:.1f} s")

    def garbage(content: bytes) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as one:
            one.sendall(content)
            one.settimeout(0.05)
            with suppress(OSError):
                one.recv(1000)
        answered()

    try:
        for _ in range(int(200 * share)):
            silent.append(socket.create_connection(("127.0.0.1", port)))
        post = whole.partition(b"\r\nC")[0].replace(b"GET /page.css", b"POST /api/ask")
        post += b"\r\nContent-Type: application/json\r\nContent-Length: "
        for content in damaged(whole + whole.replace(b"GET", b"POST"), rng, int(60 * share)):
            yield lambda content=content: garbage(content)  # type: ignore[misc]
        for _ in range(int(100 * share)):
            body = rng.integers(0, 256, int(rng.integers(0, 300)), np.uint8).tobytes()
            content = post + str(len(body) + int(rng.integers(-2, 3))).encode() + b"\r\n\r\n" + body
            yield lambda content=content: garbage(content)  # type: ignore[misc]
    finally:
        for one in silent:
            one.close()
        running.should_exit = True
        thread.join(LONGEST)


KINDS: dict[str, Callable[[float], Iterator[Attempt]]] = {
    "models": of_formats(formats.models, 600), "parts": parts, "gradients": of_formats(formats.gradients, 600),
    "tables": of_formats(formats.tables, 300), "matlab": of_formats(formats.matlab, 20),
    "notebooks": of_formats(formats.sheets, 60), "sheets": sheets, "formulas": formulas, "numbers": numbers,
    "streams": streams, "places": places, "server": server,
}  # fmt: skip


def attack(kind: str, share: float) -> Outcome:
    """All tries of one kind."""
    found = Outcome(kind)

    def end(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGVTALRM, end)
    for attempt in KINDS[kind](share):
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                attempt()
            found.count["answered"] += 1
        except InputError as error:
            found.count["refused"] += 1
            if "\n" in str(error):
                found.faults.append(f"more than one line: {error}")
        except TooLong:
            found.faults.append(f"longer than {LONGEST} s:\n{traceback.format_exc()[-1500:]}")
        except BaseException:
            found.faults.append(traceback.format_exc()[-1500:])
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        found.count["tries"] += 1
        found.longest = max(found.longest, time.monotonic() - begun)
    found.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def main() -> int:
    """Try all, print the table; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", action="append", choices=KINDS, help="usually all")
    parser.add_argument("--share", type=float, default=1.0, help="of the tries of each kind")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", type=int, default=3, help="print so many faults of a kind")
    asked = parser.parse_args()
    kinds = asked.kind or list(KINDS)
    print(f"{'kind':12}{'tries':>8}{'answered':>10}{'refused':>9}{'faults':>8}{'longest':>11}{'memory':>10}")
    total: Counter[str] = Counter()
    context = get_context("forkserver")
    with ProcessPoolExecutor(asked.processes, context, max_tasks_per_child=1) as pool:
        for one in pool.map(attack, kinds, [asked.share] * len(kinds)):
            c = one.count
            if one.memory > MOST_MEMORY:
                one.faults.append(f"{one.memory:.0f} MB of memory")
            print(
                f"{one.kind:12}{c['tries']:8}{c['answered']:10}{c['refused']:9}{len(one.faults):8}{one.longest:9.2f} s"
                f"{one.memory:7.0f} MB",
                flush=True,
            )
            for fault in one.faults[: asked.show]:
                print(f"---\n{fault}", flush=True)
            total.update(c, faults=len(one.faults))
    print(f"{'all':12}{total['tries']:8}{total['answered']:10}{total['refused']:9}{total['faults']:8}")
    return int(total["faults"] > 0)


if __name__ == "__main__":
    sys.exit(main())
