"""Features of inputs: what they are, and their derivatives against differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.tables.presets.features import is_number, learn_features


def drawn(seed, rows=40):
    """A number, one with many equal values, a truth value, a constant."""
    rng = np.random.default_rng(seed)
    number, few = rng.normal(size=rows) * 10.0 ** rng.integers(-9, 9), rng.integers(0, 4, rows) * 1.0
    return np.stack([number, few, rng.integers(0, 2, rows) * 1.0, np.full(rows, 3.0)], axis=1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 6), st.integers(0, 4))
def test_the_derivative_is_that_of_differences(seed, ramps, waves):
    x = drawn(seed)
    features = learn_features(x, ramps, waves, 1.0, seed)
    assert features(x).shape == (len(x), features.count)
    rng = np.random.default_rng(seed)
    at = x[:5] + rng.normal(size=(5, 4)) * x.std(axis=0) * 0.3  # between the ends of ramps
    slopes = rng.normal(size=(5, features.count))
    step = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0) * 1e-6
    found = features.back(at, slopes)
    for c in range(4):
        move = np.eye(4)[c] * step
        numeric = ((features(at + move) - features(at - move)) * slopes).sum(axis=1) / (2 * step[c])
        np.testing.assert_allclose(found[:, c] * step[c] * 1e6, numeric * step[c] * 1e6, rtol=1e-5, atol=1e-6)


def test_numbers_are_told_from_truth_values_and_an_outlier_comes_near():
    x = drawn(0)
    assert is_number(x).tolist() == [True, True, False, False]
    features = learn_features(x)
    assert np.abs(features(x * 1e6)[:, :2]).max() <= 3.0
    np.testing.assert_array_equal(features(x)[:, 2], x[:, 2])


def test_features_do_not_depend_on_the_unit():
    x = drawn(1)
    one, other = learn_features(x, 5, 3, 1.0, 7), learn_features(x * 2.0**-60, 5, 3, 1.0, 7)
    of_numbers = [0, 1, *range(4, one.count)]  # a truth value is one, whatever its two numbers
    np.testing.assert_allclose(one(x)[:, of_numbers], other(x * 2.0**-60)[:, of_numbers], rtol=1e-12)


def test_ramps_add_up_to_the_rank_between_quantiles():
    x = np.linspace(-2, 5, 101)[:, None] ** 3
    features = learn_features(x, ramps=4)
    np.testing.assert_allclose(features(x)[::25, 1:].sum(axis=1), [0, 1, 2, 3, 4])


@pytest.mark.parametrize("far", [1e160, 1e300, -1e308])
def test_a_number_far_away_is_bent_to_the_end(far, recwarn):
    features = learn_features(np.arange(20.0)[:, None])
    assert features(np.array([[far]]))[0, 0] == pytest.approx(np.sign(far) * 3.0)
    assert not recwarn.list
