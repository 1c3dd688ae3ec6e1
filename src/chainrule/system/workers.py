"""Many independent tasks on all cores, none of which can stop the rest: not by an error, by its time, nor by dying."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from chainrule.system.limits import MEMORY, limited_memory
from chainrule.system.processors import cores

AHEAD = 2  # tasks that a worker holds, so that it need not wait for the next
START = 120.0  # seconds in which a worker must be there
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_READY = "ready"


@dataclass(frozen=True)
class Lost:
    """A task without a result, and why: ``took more than 10 s``."""

    reason: str


def run_all(
    function: Callable[[Any], Any], tasks: Sequence[Any], *, processes: int | None = None,
    seconds: float | None = None, memory: int | None = None,
) -> Generator[tuple[int, Any], None, None]:  # fmt: skip
    """Call ``function`` with each task in worker processes; gives (place of the task, result) as they come.

    A task that raises, takes more than ``seconds`` or too much memory, or takes its process down gives a ``Lost``.
    When the iterator is closed, or Ctrl-C comes, the workers end with it.

    Args:
        function: of a module, so that a new process finds it; so are its results.
        processes: as many as there are cores, when None.
        memory: bytes that a task may take beyond what its process holds without it, where the system can tell.

    Raises:
        RuntimeError: worker processes do not start (a script that starts them needs ``if __name__ == "__main__":``).
    """
    waiting = deque(range(len(tasks)))
    count = min(processes or cores(), len(tasks))
    workers: list[_Worker] = []
    try:
        workers += [_Worker(function, memory) for _ in range(count)]
        while waiting or any(worker.held for worker in workers):
            for worker in workers:
                worker.give(waiting, tasks)
            busy = [(place, worker) for place, worker in enumerate(workers) if worker.held or not worker.ready]
            connections: list[Connection[Any, Any]] = [worker.connection for _, worker in busy]
            wait(connections, timeout=max(0.0, min(worker.left(seconds) for _, worker in busy)))
            for place, worker in busy:
                outcome = worker.outcome(seconds)
                if outcome is None:
                    continue
                yield worker.held.popleft(), outcome
                worker.since = time.monotonic()
                if not worker.alive:
                    waiting.extendleft(reversed(worker.held))
                    worker.end()
                    workers[place] = _Worker(function, memory)
    finally:
        for worker in workers:
            worker.end()


class Standby:
    """Processes that wait for calls of one function; no call holds another up, or outlives its time and its memory.

    ``call`` may be used by several threads: each call has a process of its own, a kept one where one is free.

    Args:
        function: of a module, so that a new process finds it; so are its results.
        seconds: that a call may take; its process then ends.
        kept: processes that are kept for the next calls.
    """

    def __init__(self, function: Callable[[Any], Any], seconds: float, kept: int = 2) -> None:
        self.function, self.seconds, self.kept = function, seconds, kept
        self._free: list[_Worker] = []
        self._at_work: set[_Worker] = set()
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Have a process ready for the first call."""
        with self._lock:
            self._free.append(_Worker(self.function, MEMORY))

    def call(self, task: Any) -> Any:
        """The result, or a ``Lost``."""
        with self._lock:
            if self._closed:
                return Lost("was not begun")
            worker = self._free.pop() if self._free else _Worker(self.function, MEMORY)
            self._at_work.add(worker)
        try:
            return worker.call(task, self.seconds)
        except RuntimeError:
            if self._closed:
                return Lost("was not begun")
            raise
        finally:
            with self._lock:
                self._at_work.discard(worker)
                keep = not worker.held and worker.alive and len(self._free) < self.kept and not self._closed
                if keep:
                    self._free.append(worker)
            if not keep:
                worker.end()

    def close(self) -> None:
        """End all processes; calls that wait for one are lost."""
        with self._lock:
            self._closed = True
            for worker in self._at_work:
                worker.process.kill()
            for worker in self._free:
                worker.end()
            self._free.clear()


@dataclass(eq=False)
class _Worker:
    """A process and the tasks it holds, the one at work first."""

    function: Callable[[Any], Any]
    memory: int | None = None
    held: deque[int] = field(default_factory=deque)
    ready: bool = False
    alive: bool = True
    since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.function, self.memory), daemon=True)
        with _no_interrupt(), _one_thread():
            self.process.start()
        theirs.close()

    def give(self, waiting: deque[int], tasks: Sequence[Any]) -> None:
        """Hand on tasks that wait; a worker that has died is found when its answer is read."""
        while self.ready and waiting and len(self.held) < AHEAD:
            if not self.held:
                self.since = time.monotonic()
            self.held.append(waiting.popleft())
            with suppress(OSError):
                self.connection.send(tasks[self.held[-1]])

    def left(self, seconds: float | None) -> float:
        """Seconds until its time is up; without a limit, until it is looked at again."""
        limit = START if not self.ready else seconds if seconds is not None and self.held else START
        return self.since + limit - time.monotonic()

    def outcome(self, seconds: float | None) -> Any:
        """The result of the task at work, a ``Lost``, or None where there is none yet."""
        try:
            if self.connection.poll():
                message = self.connection.recv()
                if self.ready:
                    return message
                self.ready, self.since = True, time.monotonic()
                return None
        except (EOFError, OSError):
            self.process.join()
            self.alive = False
            if not self.ready:
                raise RuntimeError(
                    f"worker processes do not start (exit code {self.process.exitcode}); a script that starts them "
                    'needs `if __name__ == "__main__":`'
                ) from None
            return Lost("its process ended before it was done; out of memory?")
        if not self.ready and self.left(None) <= 0:
            raise RuntimeError(f"worker processes do not start within {START:g} s")
        if seconds is not None and self.held and self.left(seconds) <= 0:
            self.alive = False
            return Lost(f"took more than {seconds:g} s")
        return None

    def call(self, task: Any, seconds: float) -> Any:
        """The result of one task, or a ``Lost``; for a worker that holds no other."""
        waiting = deque([0])
        while True:
            self.give(waiting, [task])
            wait([self.connection], timeout=max(0.0, self.left(seconds)))
            outcome = self.outcome(seconds)
            if self.held and outcome is not None:
                self.held.clear()
                return outcome

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection[Any, Any], function: Callable[[Any], Any], memory: int | None) -> None:
    """What a worker does: one task after the other, until nobody is there to give one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    connection.send(_READY)
    with suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                with limited_memory(memory):
                    result = function(task)
            except MemoryError:
                result = Lost(
                    "took more memory than there is" if memory is None else f"took more than {memory >> 20} MB"
                )
            except Exception as error:
                result = Lost(f"{type(error).__name__}: {error}")
            connection.send(result)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """A process started here never sees Ctrl-C, not while it imports either; this one sees it right after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """A process started here leaves the other cores to the other workers."""
    added = [name for name in ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
