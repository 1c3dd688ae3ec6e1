"""Fuzzers for a moment, the kept corpus as a whole, and samples of the large trials of the server and of a folder."""

import os
import signal
import time

import pytest

from chainrule.errors import InputError
from trials import folder, fuzz, page_load

SECONDS = float(os.environ.get("CHAINRULE_FUZZ_SECONDS") or 2.5) / 10  # of each kind
KINDS = list(fuzz.kinds())

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")


@pytest.mark.parametrize("name", KINDS)
def test_what_is_kept_and_what_is_drawn_ends_with_an_answer_or_a_sentence(name):
    make, _ = fuzz.kinds()[name]
    target = make()
    assert [fault for data in fuzz.kept(name) if (fault := fuzz.attempt(target, data))] == []
    counts, faults = fuzz.own_engine(name, SECONDS, 0)
    assert faults == {}
    assert counts["tries"] > 0


def test_a_fault_is_found(monkeypatch):
    def fails(data):
        if b"(" in data:
            raise KeyError("planted")
        raise InputError("formula", "no bracket", "one")

    monkeypatch.setattr(fuzz, "kinds", lambda: {"planted": (lambda: fails, lambda: [b"x^2"])})
    counts, faults = fuzz.own_engine("planted", 1.0, 0)
    assert counts["faults"] > 0
    assert [fault.splitlines()[-1] for _, fault in faults.values()] == ["KeyError: 'planted'"]


def test_a_try_without_an_end_is_a_fault(monkeypatch):
    monkeypatch.setattr(fuzz, "LONGEST", 0.05)

    def spins(data):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            sum(range(100))

    assert "TooSlow" in fuzz.attempt(spins, b"")


def test_the_page_is_answered_beside_silence_garbage_and_heavy_questions():
    load = page_load.run(60, 30, threads=2, askers=1)
    assert load.faults == []
    assert sum(load.answers.values()) >= 60


def test_a_folder_with_links_pipes_and_damaged_sheets():
    faults, told = folder.grade(30)
    assert faults == []
    assert told["files"] == "30"
