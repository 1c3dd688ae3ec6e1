"""Scores: those of scikit-learn, whoever adds up the sums."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error

from chainrule.tables.columns import Target
from chainrule.tables.scores import Scores, score


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numbers_are_scored_as_scikit_learn_does(rng, dtype):
    target = Target("y", mean=40.0, scale=3.0)
    y, yhat = rng.normal(size=(200, 1)), rng.normal(size=(200, 1)).astype(dtype)
    found = score(yhat, y, target, 0.5)
    truth, guess = target.restore(y), target.restore(yhat)
    assert (found.n, found.loss, found.accuracy) == (200, 0.5, None)
    assert found.r2 == pytest.approx(r2_score(truth, guess), rel=1e-12)
    assert found.rmse == pytest.approx(root_mean_squared_error(truth, guess), rel=1e-12)
    error, spread = ((y - yhat) ** 2).sum(), ((y - y.mean()) ** 2).sum()
    sums = Scores.of_numbers(200, 0.5, error, spread, target.scale)  # in the standardised unit, as a cluster adds up
    assert (sums.r2, sums.rmse) == pytest.approx((found.r2, found.rmse), rel=1e-4 if dtype == "float32" else 1e-12)


def test_classes_are_scored_by_the_right_ones(rng):
    yhat, y = rng.random((50, 3)), rng.integers(0, 3, 50)
    found = score(yhat, y, Target("y", ("a", "b", "c")), 0.25)
    assert found.accuracy == accuracy_score(y, yhat.argmax(axis=1)) == found.right / 50
    assert found.main == ("accuracy", found.accuracy)
    assert str(found) == f"accuracy {found.accuracy:.4f} ({found.right} of 50), loss 0.2500"


def test_one_number_has_no_r2():
    found = score(np.array([[1.0]]), np.array([[3.0]]), Target("y"), 0.0)
    assert np.isnan(found.r2)
    assert found.rmse == 2.0


@pytest.mark.parametrize(("guess", "r2"), [(2.0, 1.0), (3.0, 0.0)])
def test_numbers_without_spread(guess, r2):
    assert score(np.full((4, 1), guess), np.full((4, 1), 2.0), Target("y"), 0.0).r2 == r2
