"""What a row says of its activation, beside the values that other tests hold against mpmath, is so."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from chainrule.network.activations import ACTIVATIONS, Activation

POINTS = np.linspace(-12.0, 12.0, 24_001)  # a thousandth apart


def turning_points(values: np.ndarray) -> list[float]:
    """Where values along ``POINTS`` stop rising or falling; rounding is no turn."""
    moves = np.where(np.abs(np.diff(values)) <= 1e-12, 0, np.sign(np.diff(values)))
    moving = np.flatnonzero(moves)
    return [float(POINTS[j]) for i, j in pairwise(moving) if moves[i] != moves[j]]


def wrong_turns(rule: Activation) -> list[str]:
    found = []
    for name, values, told in (("g", rule.g(POINTS), rule.turns), ("g'", rule.dg(POINTS), rule.dturns)):
        turns = turning_points(values)
        if len(turns) != len(told) or not np.allclose(turns, told, atol=2e-3):
            found.append(f"{name} turns at {turns}, not at {told}")
    return found


def sleeps(rule: Activation) -> tuple[float | None, bool]:
    """A hundredth of the steepest slope if the slope ever is as small, and whether that is so at one end only."""
    slopes = np.abs(rule.dg(np.linspace(-800.0, 800.0, 160_001)))
    limit = slopes.max() / 100 if rule.kink is None else 0.0
    ends = [bool(slopes[0] <= limit), bool(slopes[-1] <= limit)]
    return (limit if any(ends) else None), sum(ends) == 1


@pytest.mark.parametrize("rule", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
def test_a_row_knows_where_its_activation_turns_and_sleeps(rule):
    assert wrong_turns(rule) == []
    limit, one_sided = sleeps(rule)
    assert rule.asleep == (None if limit is None else pytest.approx(limit, rel=0.2))  # about a hundredth
    assert rule.one_sided is one_sided


def test_a_wrong_turn_is_found():
    assert len(wrong_turns(replace(ACTIVATIONS["gelu"], turns=()))) == 1
    assert len(wrong_turns(replace(ACTIVATIONS["tanh"], dturns=(0.1,)))) == 1


@pytest.mark.parametrize("rule", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
def test_values_stay_within_the_bounds_of_the_row_and_bend_where_it_says(rule):
    values = rule.g(POINTS)
    assert (values >= rule.low).all()
    assert (values <= rule.high).all()
    bends = np.abs(np.diff(rule.dg(POINTS), 2)) > 1e-4  # a second slope that jumps, or the slope itself
    assert bends.any() == (rule.bend is not None)
    assert rule.kink in (None, rule.bend)
