"""Tasks on all cores: none stops the rest, and no process is left."""

import multiprocessing
import os
import signal
import time
from contextlib import closing

import pytest

from chainrule.system.workers import Lost, cores, run_all


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
