"""Jobs on threads side by side."""

import signal
import threading
import time

import pytest

from chainrule.system.side_by_side import side_by_side


def test_as_many_run_at_once_as_asked_and_the_results_are_in_order():
    together = threading.Barrier(3, timeout=30)  # opens only if three are there at the same time

    def job(number):
        def run(stop):
            together.wait()
            return number

        return run

    assert list(side_by_side([job(number) for number in range(6)], threads=3)) == list(range(6))


def test_a_result_comes_as_soon_as_those_before_it_are_there():
    last = threading.Event()
    results = side_by_side([lambda stop: 0, lambda stop: last.wait(30)], threads=2)
    assert next(results) == 0
    last.set()
    assert list(results) == [True]


def test_one_thread_is_the_callers_own():
    here = threading.current_thread()
    assert list(side_by_side([lambda stop: threading.current_thread()] * 2, threads=1)) == [here, here]


def waits(begun):
    """A job that ends when it is told to."""

    def job(stop):
        begun.set()
        return stop.wait(30)

    return job


def test_an_error_stops_the_others_and_is_raised():
    begun, late = threading.Event(), []

    def wrong(stop):
        begun.wait(30)
        raise ValueError("no")

    began = time.perf_counter()
    with pytest.raises(ValueError, match="no"):
        list(side_by_side([wrong, waits(begun), *[late.append] * 20], threads=2))
    assert time.perf_counter() - began < 20
    assert all(stop.is_set() for stop in late)


def test_with_one_thread_an_error_leaves_out_the_rest():
    late = []
    with pytest.raises(ZeroDivisionError):
        list(side_by_side([lambda stop: 1 // 0, late.append], threads=1))
    assert late == []


def test_a_closed_iterator_stops_the_jobs():
    begun = threading.Event()
    results = side_by_side([lambda stop: begun.wait(30), waits(begun)], threads=2)
    began = time.perf_counter()
    assert next(results)
    results.close()
    assert time.perf_counter() - began < 20


def test_ctrl_c_is_told_to_the_jobs_which_end_with_what_they_have():
    def job(stop):
        return stop.wait(30)

    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    began = time.perf_counter()
    timer.start()
    assert list(side_by_side([job] * 5, threads=2)) == [True] * 5
    assert time.perf_counter() - began < 20
