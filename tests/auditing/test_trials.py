"""A sample of the large trials of ``python -m trials.audit``: no right sheet accused, planted mistakes found."""

import pytest

from tests.support.sample import seeds
from trials import audit as trials


@pytest.mark.parametrize("block", seeds(2, 4))
def test_right_sheets_are_accused_of_nothing(block):
    for seed in range(6 * block, 6 * (block + 1)):
        id, accused = trials.right_sheet(10_000_000 + seed)
        assert accused == [], id


@pytest.mark.parametrize("seed", [319, 3871])
def test_as_many_examples_as_units_under_matrices_given_transposed(seed):
    id, accused = trials.right_sheet(seed)
    assert (id, accused) == ("transposed", [])


def _share(outcomes):
    shown = [o for o in outcomes if o.shown]
    named = sum(o.named for o in shown) / len(shown)
    root = sum(o.root for o in shown) / len(shown)
    assert len(shown) > len(outcomes) / 3
    assert root >= 0.97, [o.detail for o in shown if not o.root]
    assert named >= 0.97, [o.detail for o in shown if not o.named]


def test_planted_mistakes_are_named_at_their_line():
    """Every fourth mistake at one of its four layers."""
    places = [place for i, place in enumerate(trials.places()) if (i // 4 + i) % 16 == 1]
    _share([trials.planted(*place, i % 2) for i, place in enumerate(places)])


def test_slips_of_digits_signs_and_points_are_named():
    """Ten of each kind."""
    _share([trials.tampered(id, seed) for i, id in enumerate(trials.STRUCTURAL) for seed in range(i % 2, 20, 2)])


def test_two_mistakes_are_both_found():
    results = [trials.pair(seed) for seed in range(8)]
    shown = [both for shows, both, _ in results if shows]
    assert len(shown) > 3
    assert sum(shown) >= 0.9 * len(shown)


def test_mistakes_of_code_are_named():
    """Every other mistake at one of its layers; ``trials.bugs`` has all."""
    backward = [p for p in trials.places() if p[1] in ("dh", "da", "g'", "J", "dW", "db")]
    _share([trials.coded(*place, i % 2) for i, place in enumerate(backward) if (i // 4 + i) % 8 == 1])


def test_the_trials_can_fail():
    """A planted mistake that the table does not know is not named; a wrong sheet is not called right."""
    from chainrule.auditing.mistakes.table import Mistake

    unknown = Mistake("cubed", "h", lambda p, i: i > 0, lambda r, q: r.right(q) ** 3 + 0.1, "", "", "")
    rng = trials.np.random.default_rng(0)
    p = trials.problem(rng, 2, True)
    lines = trials.write(p, trials.names(p), trials.Style(digits=4), rng, [unknown.at(1)])
    found = trials.outcome("cubed", 1, p, lines, 1)
    assert found.root
    assert not found.named
