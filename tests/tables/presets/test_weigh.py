"""Shares, temperature and intervals from held-out rows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.tables.presets.folds import loss_of
from chainrule.tables.presets.weigh import half_width, residuals_of, shares_of, temperature_of, warmed


def drawn(seed, n=60, k=3, sharpness=3.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) * sharpness + np.eye(k)[y] * 2
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True), y


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 80), st.floats(0.01, 20))
def test_the_temperature_never_worsens_the_held_out_loss(seed, n, sharpness):
    p, y = drawn(seed, n, sharpness=sharpness)
    temperature = temperature_of(p, y)
    assert temperature > 0
    assert loss_of(warmed(p, temperature), y, 3) <= loss_of(p, y, 3)


def test_answers_that_are_too_sure_are_warmed():
    p, y = drawn(0, n=2000, sharpness=3.0)
    assert temperature_of(p, y) > 1.5
    np.testing.assert_allclose(warmed(p, 1.7).sum(axis=1), 1.0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_an_ensemble_is_no_worse_than_its_best_member_on_held_out_rows(seed, count):
    held = [drawn(seed + i)[0] for i in range(count)]
    y = drawn(seed)[1]
    shares = shares_of(held, y, 3)
    assert shares.sum() == 1.0 or abs(shares.sum() - 1) < 1e-12
    mean = sum(share * one for share, one in zip(shares, held, strict=True))
    assert loss_of(mean, y, 3) <= min(loss_of(one, y, 3) for one in held) + 1e-12


def test_intervals_cover_what_they_promise_on_drawn_data():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        errors = rng.standard_t(3, size=(40, 1))
        width = half_width(residuals_of(errors, np.zeros(40)), 0.9)
        covered.append((np.abs(rng.standard_t(3, size=50)) <= width).mean())
    assert 0.89 < np.mean(covered) < 0.93  # (40 + 1) * 0.9, rounded up, of 41: 0.902 is expected


def test_thinned_residuals_give_no_narrower_intervals():
    errors = np.random.default_rng(1).normal(size=(25_000, 1))
    whole, kept = np.sort(np.abs(errors.ravel())), residuals_of(errors, np.zeros(25_000))
    assert len(kept) == 1000
    for level in (0.5, 0.9, 0.99):
        exact = half_width(whole, level)
        assert exact <= half_width(kept, level) < exact * 1.05
    assert half_width(whole[:5], 0.9) == np.inf
