"""Processor time against a yardstick, for bounds that hold on a slow machine as on a fast one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

YARDSTICK = 0.02  # seconds of processor time that the loop below takes where the bounds of the tests were set


def _loop() -> float:
    start = time.process_time()
    sum(i * i for i in range(300_000))
    return time.process_time() - start


def slower() -> float:
    """How many times more processor time than where the bounds were set the same work takes now; at least 1."""
    return max(1.0, min(_loop() for _ in range(3)) / YARDSTICK)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The body takes at most ``seconds`` of processor time, of the machine where the bounds were set."""
    before = slower()
    start = time.process_time()
    yield
    used = time.process_time() - start
    allowed = seconds * max(before, slower())
    assert used < allowed, f"{used:.2f} s of processor time; at most {allowed:.2f} s are allowed on this machine"
