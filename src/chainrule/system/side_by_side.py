"""Jobs on threads side by side: for work that leaves the interpreter's lock, such as that of the native library."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 0.2  # seconds after which Ctrl-C is heard on Windows, where it does not end a wait


def side_by_side(
    jobs: Sequence[Callable[[Event], T]], threads: int, stop: Event | None = None
) -> Generator[T, None, None]:
    """The results in the order of the jobs, each as soon as it and all before it are there.

    Each job is called with one and the same event. It is set by Ctrl-C, by a job's error, and when the iterator is
    closed; a job may set it too. The job that sees it set should end soon, with what it has by then. After an error
    jobs that had not begun are left out.

    Args:
        threads: how many jobs run at once; with 1 each runs in the caller's thread when its turn comes.
        stop: the event; None makes one.

    Raises:
        Exception: that of the first job in order that raised.

    >>> list(side_by_side([lambda stop: "a", lambda stop: "b"], threads=2))
    ['a', 'b']
    """
    stop = Event() if stop is None else stop
    if min(threads, len(jobs)) <= 1:
        for job in jobs:
            yield job(stop)
        return
    pool = ThreadPoolExecutor(min(threads, len(jobs)))
    try:
        futures = [pool.submit(_run, job, stop) for job in jobs]
        for future in futures:
            yield _result(future, stop)
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _run(job: Callable[[Event], T], stop: Event) -> T:
    try:
        return job(stop)
    except BaseException:
        stop.set()
        raise


def _result(future: Future[T], stop: Event) -> T:
    """Ctrl-C, which the main thread alone hears, is told to the jobs; a second one ends the waiting."""
    try:
        while not wait([future], PATIENCE).done:
            pass
    except KeyboardInterrupt:
        stop.set()
    return future.result()
