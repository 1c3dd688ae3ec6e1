"""Limits of time and memory: work that takes too much ends with one sentence, and all is as it was before."""

import re
import signal
import sys
import threading
import time

import pytest

from chainrule.errors import InputError
from chainrule.system.limits import bounded, limited_memory

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no such limit here")


def spin():
    while True:
        sum(range(100))


def swallow():
    """Takes every exception for one of its own."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            sum(range(100))
        except Exception:
            pytest.fail("an end of the time is none of its errors")


def match():
    re.match("(a+)+b", "a" * 60)


@pytest.mark.parametrize(
    ("work", "timers"), [(spin, True), (spin, False), (swallow, True), (swallow, False), (match, True)]
)
def test_the_time_is_up(monkeypatch, work, timers):
    if not timers:  # as on Windows, where a regular expression is not interrupted
        monkeypatch.delattr(signal, "setitimer")
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPROF)
    begun = time.monotonic()
    with (
        pytest.raises(InputError, match=r"sheet: expected what can be worked out in 0.1 s of processor time; got more"),
        bounded("sheet", seconds=0.1),
    ):
        work()
    assert time.monotonic() - begun < 5
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPROF)) == before
    time.sleep(0.05)  # nothing comes later


@pytest.mark.parametrize("timers", [True, False])
def test_work_in_time_and_its_errors_are_left_alone(monkeypatch, timers):
    if not timers:
        monkeypatch.delattr(signal, "setitimer")
    with bounded("sheet", seconds=30):
        found = sum(range(100))
    assert found == 4950
    with pytest.raises(KeyError), bounded("sheet"):
        raise KeyError("own")
    with pytest.raises(KeyboardInterrupt), bounded("sheet"):
        signal.raise_signal(signal.SIGINT)


@LINUX
def test_the_memory_is_up():
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    said = r"sheet: expected what can be worked out in 40 MB of memory; got more"
    with pytest.raises(InputError, match=said), bounded("sheet", memory=40 << 20):
        bytearray(100 << 20)
    with bounded("sheet", memory=40 << 20):
        bytearray(20 << 20)
    with pytest.raises(MemoryError), limited_memory(40 << 20):
        [bytearray(1 << 20) for _ in range(100)]
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(100 << 20)) == 100 << 20


def test_no_limit_of_memory_where_none_is_asked_for():
    with limited_memory(None):
        assert len(bytearray(100 << 20)) == 100 << 20


def test_another_thread_has_no_limit_of_time():
    found = []

    def work():
        with bounded("sheet", seconds=0.01):
            time.sleep(0.05)
            found.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [1]
