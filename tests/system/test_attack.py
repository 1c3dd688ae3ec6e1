"""A sample of the trial of attacks: every try ends with an answer or with one sentence."""

import pytest

from trials import attack

SHARES = {
    "models": 0.01, "parts": 0.01, "gradients": 0.02, "tables": 0.03, "matlab": 0.05, "notebooks": 0.05,
    "formulas": 0.04, "numbers": 0.04, "server": 0.04, "sheets": 0.01,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "share"), SHARES.items())
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
