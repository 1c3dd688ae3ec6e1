"""A sample of the trial of attacks: every try ends with an answer or with one sentence."""

import pytest

from trials import attack

KINDS = ["model", "checkpoint", "gradients", "tables", "formulas", "numbers", "server"]


@pytest.mark.parametrize(("kind", "share"), [*((kind, 0.02) for kind in KINDS), ("sheets", 0.005)])
def test_nothing_ends_otherwise(kind, share):
    found = attack.attack(kind, share)
    assert found.faults == []
    assert found.count["tries"] == found.count["answered"] + found.count["refused"] > 0


def test_a_fault_is_found(monkeypatch):
    def attempts(share):
        yield lambda: None
        yield lambda: [][0]

    monkeypatch.setitem(attack.KINDS, "faulty", attempts)
    found = attack.attack("faulty", 1.0)
    assert len(found.faults) == 1
    assert found.count["answered"] == 1
