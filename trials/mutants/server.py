"""Run tests in a fresh process again and again: the libraries are imported once, the package and its tests each time.

Started as a file of its own, in a copy of the tree, so that nothing of this tree is imported: ``python -P server.py
numpy,scipy.optimize``. A line of JSON asks for a run on standard input, and one answers on standard output.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

MEMORY = 12 << 30  # bytes of address space of a run: a mutant may grow a list without end
POLL = 0.02  # seconds
BROWSER = "chromium"  # a fixture: what it starts does not fit into that memory


def serve(libraries: list[str]) -> None:
    """Answer until standard input ends."""
    parent = os.getppid()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in libraries:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), parent)), file=answers, flush=True)


def run(job: dict[str, Any], parent: int) -> dict[str, Any]:
    """One run: its exit code (None where it was stopped), the first test that failed, its processor time in seconds."""
    told = Path(job["told"])
    told.unlink(missing_ok=True)
    before, start = _used(), time.monotonic()
    pid = os.fork()
    if not pid:
        try:
            os._exit(_tests(job))
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        finally:
            os._exit(70)
    status = None
    with contextlib.suppress(ProcessLookupError), _ending(pid):
        while status is None and time.monotonic() - start < job["wall"] and os.getppid() == parent:
            done, ended = os.waitpid(pid, os.WNOHANG)
            status = ended if done else time.sleep(POLL)  # type: ignore[func-returns-value]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # and what the tests started
    if status is None:
        os.waitpid(pid, 0)
    if os.getppid() != parent:
        sys.exit()
    told_by = json.loads(told.read_text()) if told.exists() else {}
    code = None if status is None or os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": _used() - before} | told_by


@contextlib.contextmanager
def _ending(pid: int) -> Any:
    """A request to end reaches the tests as well."""

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os._exit(1)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tests(job: dict[str, Any]) -> int:
    """In the new process: pytest, on the tree that is the current folder."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cpu = int(job["cpu"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    out = os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    folder = os.getcwd()
    sys.path[:0] = [os.path.join(folder, "src"), folder]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    if not job["measure"]:  # what a changed file is compiled to must not be found by the next run
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    told = Chosen(job["tests"]) if job["tests"] is not None else Measured(folder)
    arguments = ["-q", "-x", "-p", "no:cacheprovider", *job["options"], *job["files"]]
    if job["measure"]:
        told.coverage.start()  # type: ignore[union-attr]
    code = int(pytest.main(arguments, plugins=[told]))
    Path(job["told"]).write_text(json.dumps(told.told()))
    sys.stdout.flush()
    return code


class Chosen:
    """Only these tests, in this order; the first that fails is kept."""

    def __init__(self, tests: list[str]) -> None:
        self.order = {name: i for i, name in enumerate(tests)}
        self.failed = ""
        self.ran = 0

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        chosen = [item for item in items if item.nodeid in self.order]
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self.order])
        items[:] = sorted(chosen, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.ran += report.when == "teardown"
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def told(self) -> dict[str, Any]:
        return {"failed": self.failed, "ran": self.ran}


class Measured:
    """All tests but those in a browser: the seconds of each, and which lines of the source it runs.

    What a fixture that outlives its test runs is counted for every test that uses it.
    """

    def __init__(self, folder: str) -> None:
        from coverage import Coverage

        self.source = os.path.join(folder, "src")
        self.coverage = Coverage(data_file=None, config_file=False, source=[self.source], messages=False)
        self.seconds: dict[str, float] = {}
        self.users: dict[str, list[str]] = {}
        self.failed = ""
        self.now = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if BROWSER not in item.fixturenames]
        for item in items:
            self.seconds[item.nodeid] = 0.0
            self.users[item.nodeid] = [item.nodeid]
            for name in item.fixturenames:
                self.users.setdefault(f"fixture {name}", []).append(item.nodeid)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.now = nodeid
        self.coverage.switch_context(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        if fixturedef.scope == "function":
            return (yield)
        self.coverage.switch_context(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self.coverage.switch_context(self.now)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def told(self) -> dict[str, Any]:
        self.coverage.stop()
        data = self.coverage.get_data()
        number = {name: i for i, name in enumerate(self.seconds)}
        lines = {}
        for file in data.measured_files():
            lines[os.path.relpath(file, self.source)] = {
                line: sorted({number[test] for context in contexts for test in self.users.get(context, ())})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
        return {"failed": self.failed, "tests": self.seconds, "lines": lines}


if __name__ == "__main__":
    serve([name for name in sys.argv[1].split(",") if name])
