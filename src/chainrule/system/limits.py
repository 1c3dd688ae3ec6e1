"""Limits of time and memory for work that a stranger's text starts: it ends with one sentence."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from chainrule.errors import InputError

SECONDS = 8.0  # of processor time, which is the same on a busy machine; with the start and the answer, 10
MEMORY = 350 * 2**20  # bytes beyond what the process holds before; with the libraries, 500 MB
AGAIN = 0.2  # seconds after which an end that was not heard is told again


class _TimeUp(BaseException):
    """The time is up; no ``except Exception`` on the way takes it for an error of its own."""


@contextmanager
def bounded(quantity: str, seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Work that ends with an error when it takes too much processor time or memory; ``quantity`` stands for it there.

    For a program that owns its process: outside the main thread there is no limit of time, and outside Linux none of
    memory.

    Raises:
        InputError: too much of one of them.
    """
    try:
        with _limited_time(seconds), limited_memory(memory):
            yield
    except _TimeUp:
        raise InputError(quantity, f"what can be worked out in {seconds:g} s of processor time", "more") from None
    except MemoryError:
        expected = f"what can be worked out in {memory // 2**20} MB of memory"
        raise InputError(quantity, expected, "more") from None


@contextmanager
def limited_memory(memory: int | None = MEMORY) -> Iterator[None]:
    """A ``MemoryError`` for a process that takes so many bytes beyond what it holds now.

    There is no limit where none is asked for, nor where the system has none (Windows, macOS).
    """
    if memory is None:
        yield
        return
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except (ImportError, OSError, ValueError, IndexError):
        yield
        return
    before = soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [pages * resource.getpagesize() + memory, *(one for one in (soft, hard) if one != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


@contextmanager
def _limited_time(seconds: float) -> Iterator[None]:
    """Raise ``_TimeUp`` in the main thread once the time is up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    has_timers = hasattr(signal, "setitimer")
    number = signal.SIGPROF if has_timers else signal.SIGINT
    alarm = None if has_timers else _Alarm(seconds)

    def heard(number: int, frame: FrameType | None) -> None:
        if alarm is None or alarm.rings:
            raise _TimeUp
        if callable(before):
            before(number, frame)  # Ctrl-C

    before = signal.signal(number, heard)
    try:
        if alarm is not None:
            alarm.start()
        else:
            signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)
        yield
    finally:
        if alarm is not None:
            alarm.off.set()
        else:
            signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(number, before)


class _Alarm(threading.Thread):
    """Where there are no timers (Windows): a thread that interrupts the main one, until it is heard."""

    def __init__(self, seconds: float) -> None:
        super().__init__(daemon=True)
        self.until, self.rings, self.off = time.process_time() + seconds, False, threading.Event()

    def run(self) -> None:
        """Look at the time, more often near its end."""
        while not self.off.wait(max(AGAIN, self.until - time.process_time())):
            if time.process_time() >= self.until:
                self.rings = True
                _thread.interrupt_main()
