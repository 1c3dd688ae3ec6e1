"""The gradient of a sum over rows, by either engine: that of ``Backward``, whatever was asked of the engine before."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.train.engine import Rows
from chainrule.train.engines import start, start_for_gradients
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe

NETWORK = cr.Network.random([4, 5, 3], "tanh", seed=0)
N = 10


def rows(rng, weighted=False, targets=False):
    x, classes = rng.normal(size=(N, 4)), rng.integers(0, 3, N)
    return Rows(x, np.eye(3)[classes] if targets else classes, rng.uniform(0.5, 2, N) if weighted else None)


def engine(kind, batch=4, **recipe):
    return start(NETWORK, Recipe(optimizer("adam"), batch, engine=kind, **recipe))


@pytest.mark.parametrize("kind", ["plain", "compiled"])
@pytest.mark.parametrize("batch", [1, 4, 5, 10, 20])
@pytest.mark.parametrize(("weighted", "targets"), [(False, False), (True, False), (True, True)])
def test_it_is_that_of_backward_in_blocks_of_any_size(kind, batch, weighted, targets, rng):
    some = rows(rng, weighted, targets)
    found = engine(kind, batch).gradient(some)
    b = NETWORK.summed().backward(some.x, some.y, some.weight)
    assert found.loss == pytest.approx(b.L, rel=1e-12)
    np.testing.assert_allclose(found.grad, b.flat, rtol=1e-10, atol=1e-13)
    right = 0 if targets else int((b.forward.yhat.argmax(axis=1) == some.y).sum())
    assert found.right == right
    assert targets or 0 < right < N


@pytest.mark.parametrize("kind", ["plain", "compiled"])
def test_it_neither_changes_nor_depends_on_what_the_engine_remembers(kind, rng):
    some = rows(rng)
    fresh, used, asked = (engine(kind, l2=0.5, dropout=(0.5,), shuffle=False) for _ in range(3))
    order, rates = np.arange(N), np.full(3, 0.1)
    first = used.gradient(some)
    assert np.array_equal(first.grad, used.gradient(some).grad)  # asked twice, nothing piles up
    used.steps(some, order, rates)
    used.recall(fresh.snapshot())
    again = used.gradient(some)
    assert (again.loss, again.right) == (first.loss, first.right)
    assert np.array_equal(again.grad, first.grad)
    before = asked.state()
    asked.gradient(some)
    after = asked.state()
    assert (after.step, asked.step) == (before.step, before.step) == (0, 0)
    assert np.array_equal(after.theta, before.theta)
    assert all(not m.any() for m in after.moments)
    asked.steps(some, order, rates)
    fresh.steps(some, order, rates)
    assert np.array_equal(asked.snapshot(), fresh.snapshot())


@pytest.mark.parametrize("kind", ["plain", "compiled"])
def test_a_loss_that_is_no_number_is_infinite(kind, rng):
    network = cr.Network([np.full((1, 2), 1e200)], None, output="identity", loss="squared_error")
    some = Rows(np.array([[1.0, 1.0], [1e200, 1e200]]), np.ones((2, 1)))
    found = start(network, Recipe(batch_size=1, engine=kind)).gradient(some)
    assert (found.loss, found.right) == (np.inf, 0)
    assert np.isnan(found.grad).all()


def test_rows_without_weight_count_nothing(rng):
    some = rows(rng)
    weight = np.array([0.0] * 4 + [1.0] * 6)  # a whole block of none
    for kind in ("plain", "compiled"):
        found = engine(kind).gradient(Rows(some.x, some.y, weight))
        rest = engine(kind).gradient(Rows(some.x[4:], some.y[4:], weight[4:]))
        assert found.loss == pytest.approx(rest.loss, rel=1e-12)
        np.testing.assert_allclose(found.grad, rest.grad, rtol=1e-10, atol=1e-13)


def test_an_engine_for_gradients_takes_all_rows(rng):
    some = rows(rng)
    found = start_for_gradients(NETWORK, N, 1).gradient(some)
    np.testing.assert_allclose(found.grad, NETWORK.summed().backward(some.x, some.y).flat, rtol=1e-10, atol=1e-13)
