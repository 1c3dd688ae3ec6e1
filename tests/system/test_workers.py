"""Tasks on all cores: none stops the rest, and no process is left."""

import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from chainrule.system.workers import Lost, Standby, cores, run_all


def work(task):
    """What a task says: a number to square, a time to sleep, an end."""
    kind, value = task
    if kind == "sleep":
        time.sleep(value)
    elif kind == "spin":
        stop = time.monotonic() + value
        while time.monotonic() < stop:
            sum(range(1000))
    elif kind == "raise":
        raise ValueError(value)
    elif kind == "die":
        os._exit(value)
    elif kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "large":
        return "x" * value
    elif kind == "threads":
        return os.environ.get("OPENBLAS_NUM_THREADS")
    return value if kind != "square" else value * value


def test_every_task_gives_its_result():
    tasks = [("square", n) for n in range(200)]
    found = dict(run_all(work, tasks, processes=2))
    assert found == {n: n * n for n in range(200)}
    assert list(run_all(work, [])) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_task_that_fails_hangs_or_dies_is_lost_and_the_rest_goes_on(processes):
    tasks = [("square", 1), ("spin", 60), ("square", 2), ("die", 3), ("square", 3), ("raise", "no"), ("square", 4),
             ("sleep", 60), ("killed", 0), ("large", 10**6), ("square", 5)]  # fmt: skip
    found = dict(run_all(work, tasks, processes=processes, seconds=1.0))
    assert len(found) == len(tasks)
    lost = {place: outcome.reason for place, outcome in found.items() if isinstance(outcome, Lost)}
    assert lost == {
        1: "took more than 1 s", 7: "took more than 1 s", 5: "ValueError: no",
        3: "its process ended before it was done; out of memory?",
        8: "its process ended before it was done; out of memory?",
    }  # fmt: skip
    assert [found[place] for place in (0, 2, 4, 6, 10)] == [1, 4, 9, 16, 25]
    assert len(found[9]) == 10**6
    assert multiprocessing.active_children() == []


def test_closing_ends_the_processes():
    with closing(run_all(work, [("square", 2), ("spin", 60), ("spin", 60)], processes=2)) as results:
        assert next(results) == (0, 4)
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


def test_workers_use_one_thread_each(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert list(run_all(work, [("threads", 0)])) == [(0, "1")]
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    assert cores() >= 1


def test_workers_that_cannot_start_say_so():
    with pytest.raises((RuntimeError, AttributeError), match=r"do not start|pickle"):
        list(run_all(lambda task: task, [1]))


def held(task):
    """Bytes in lists, as many as asked for."""
    return len([bytes(1000) for _ in range(task // 1000)])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no such limit here")
def test_a_task_that_takes_too_much_memory_is_lost_and_the_rest_goes_on():
    found = dict(run_all(held, [10**6, 10**9, 2 * 10**6], processes=1, memory=100 << 20))
    assert found == {0: 1000, 1: Lost("took more than 100 MB"), 2: 2000}


def test_calls_of_processes_on_standby():
    """Side by side; one that takes too long or dies is lost, and holds no other up."""
    standby = Standby(work, seconds=1.0)
    standby.start()
    tasks = [("square", 3), ("spin", 60), ("square", 4), ("die", 1), ("raise", "no"), ("sleep", 60), ("square", 5)]
    with ThreadPoolExecutor(len(tasks)) as threads:
        found = list(threads.map(standby.call, tasks))
    assert found[0::2] == [9, 16, Lost("ValueError: no"), 25]
    assert found[1] == found[5] == Lost("took more than 1 s")
    assert found[3] == Lost("its process ended before it was done; out of memory?")
    assert len(multiprocessing.active_children()) <= standby.kept
    assert standby.call(("square", 6)) == 36  # by one that was kept
    standby.close()
    assert multiprocessing.active_children() == []


def test_closing_ends_calls_that_wait():
    standby = Standby(work, seconds=60.0)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(standby.call, ("sleep", 60))
        while not multiprocessing.active_children():
            time.sleep(0.01)
        standby.close()
        assert isinstance(waiting.result(timeout=10), Lost)
    assert multiprocessing.active_children() == []
