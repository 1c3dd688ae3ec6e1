"""One call in a process of its own, under limits of time, memory and file size: for code of strangers.

It is no sandbox: the code has the rights of the person who runs it. It cannot start processes of its own.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO, Any

from chainrule.system.workers import ONE_THREAD, Lost

MEMORY = 2 * 2**30  # bytes
LONGEST = 1e6  # seconds
FILE = 64 * 2**20  # bytes of one file that is written
PATIENCE = 0.2  # seconds after which it is seen that the process is to stop
START = 60.0  # seconds in which the process must be there
_ENTRY = "import sys; sys.path[:] = {path!r}; from chainrule.system.alone import serve; serve()"
_STARTS = frozenset(
    ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "subprocess.Popen")
)


def run_alone(
    function: Callable[[Any], Any], task: Any, *, seconds: float, file: str = "", stop: Event | None = None
) -> Any:
    """What ``function`` gives for ``task``, or a ``Lost``. What the call prints goes nowhere.

    The process and all that it started end with the call, with its time, and with Ctrl-C.

    Args:
        function: of a module, so that a new process finds it; so are its results.
        file: of the code that is run, so that the line is told at which its time was up.
        stop: ends the process once it is set, from another thread.
    """
    command = [sys.executable, "-c", _ENTRY.format(path=sys.path)]
    own = os.environ | dict.fromkeys(ONE_THREAD, "1")
    pipe = subprocess.PIPE
    with (
        _written(pickle.dumps((function, task, seconds))) as given,
        subprocess.Popen(command, stdin=given, stdout=pipe, stderr=pipe, env=own, start_new_session=True) as process,
    ):
        try:
            answer, trace = _answer(process, seconds + START, stop or Event())
        except subprocess.TimeoutExpired:
            return Lost("interrupted" if stop is not None and stop.is_set() else f"it took more than {seconds:g} s")
        finally:
            _end(process)
    if answer:
        return pickle.loads(answer)
    told = trace.decode(errors="replace")
    if "Timeout (" in told:
        return Lost(f"it took more than {seconds:g} s{_line(told, file)}")
    return Lost("it ended its process")


def _written(task: bytes) -> IO[bytes]:
    """A file that holds a task, from its start on: unlike a pipe it takes any size before the process reads."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    file.write(task)
    file.seek(0)
    return file


def _answer(process: subprocess.Popen[bytes], seconds: float, stop: Event) -> tuple[bytes, bytes]:
    """What the process writes to its standard output and error.

    Raises:
        TimeoutExpired: it takes too long, or is to stop.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            if stop.is_set() or time.monotonic() > until:
                raise


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _line(trace: str, file: str) -> str:
    """Where the code was when its time was up: the innermost line of its file."""
    lines = re.findall(r'File "(.*?)", line (\d+)', trace)
    at = next((number for name, number in lines if file and os.path.realpath(name) == os.path.realpath(file)), None)
    return "" if at is None else f", at line {at} of {Path(file).name}"


def serve() -> None:
    """What the process does: one call, whose result goes to where standard output was."""
    function, task, seconds = pickle.load(sys.stdin.buffer)
    own, answer, trace = os.getpid(), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  it stays open to the end
    _limit()
    sys.addaudithook(_refuse_processes)
    faulthandler.dump_traceback_later(min(seconds, LONGEST), exit=True, file=trace)
    try:
        result = function(task)
    except BaseException as error:
        result = Lost(f"{type(error).__name__}: {error}")
    if os.getpid() == own:
        with os.fdopen(answer, "wb") as out:
            out.write(pickle.dumps(result))
    os._exit(0)  # whatever threads are left


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for which, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_FSIZE, FILE), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _refuse_processes(event: str, _: Any) -> None:
    if event in _STARTS:
        raise PermissionError("it may not start a process")
