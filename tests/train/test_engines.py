"""What every engine does alike: the gradient of a sum over rows; and which engine a recipe gets."""

from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.network import activations, losses
from chainrule.network.outputs import OUTPUTS, Output
from chainrule.train.engine import Rows, fitting
from chainrule.train.engines import start, start_for_gradients
from chainrule.train.loop import fit
from chainrule.train.optimizers import OPTIMIZERS, optimizer
from chainrule.train.recipe import Recipe


@pytest.fixture
def rows(rng):
    return Rows(rng.normal(size=(23, 4)), rng.integers(0, 3, 23))


@pytest.mark.parametrize(("engine", "threads"), [("plain", 1), ("compiled", 1), ("compiled", 2)])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weight", [None, np.arange(23.0) % 4], ids=["", "weighted"])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "cross_entropy"), ("tanh", "squared_error")])
def test_a_gradient_is_that_of_backward(engine, threads, reduction, weight, output, loss, rows, rng):
    net = cr.Network.random((4, 20, 40, 3), "gelu", output, loss, seed=1, reduction=reduction)
    rows = replace(rows, weight=weight) if loss == "cross_entropy" else Rows(rows.x, rng.normal(size=(23, 3)), weight)
    for batch in (5, 23):
        worker = start(net, Recipe(optimizer("adam"), batch, l2=0.5, dropout=0.5, engine=engine, threads=threads))
        found = worker.gradient(rows)
        worker.close()
        b = net.summed().backward(rows.x, rows.y, weight)
        assert found.loss == pytest.approx(b.L, rel=1e-12)
        np.testing.assert_allclose(found.grad, b.flat, rtol=1e-9, atol=1e-13)
        right = (b.forward.yhat.argmax(axis=1) == rows.y).sum() if loss == "cross_entropy" else 0
        assert found.right == right


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_changes_nothing(engine, name, rows):
    recipe = Recipe(optimizer(name), 8, engine=engine, threads=1)
    asked, other = (start(cr.Network.random((4, 5, 3), "tanh", seed=0), recipe) for _ in range(2))
    for worker in (asked, other):
        worker.steps(rows, np.arange(23), np.full(3, 0.1))
    asked.gradient(rows)
    for worker in (asked, other):
        worker.steps(rows, np.arange(23), np.full(3, 0.1))
    state, expected = asked.state(), other.state()
    assert state.step == expected.step
    assert np.array_equal(state.theta, expected.theta)
    assert all(np.array_equal(a, b) for a, b in zip(state.moments, expected.moments, strict=True))


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_gradient_of_a_loss_that_is_not_finite_is_no_number(engine, rows):
    net = cr.Network.random((4, 3, 3), "identity", "identity", "squared_error", seed=0)
    worker = start(net.with_flat(net.flat * 1e200), Recipe(batch_size=8, engine=engine))
    found = worker.gradient(Rows(rows.x, rows.x[:, :3]))
    assert found.loss == np.inf
    assert np.isnan(found.grad).all()


def test_rows_without_weight_have_a_gradient_of_zero(rows):
    net = cr.Network.random((4, 5, 3), "tanh", seed=0)
    for engine in ("plain", "compiled"):
        found = start(net, Recipe(batch_size=8, engine=engine)).gradient(replace(rows, weight=np.zeros(23)))
        assert (found.loss, np.abs(found.grad).max()) == (0.0, 0.0)


def test_an_engine_for_gradients_keeps_no_moments(rows):
    worker = start_for_gradients(cr.Network.random((4, 5, 3), "tanh", seed=0), 23, 1)
    assert worker.state().moments == ()
    assert np.isfinite(worker.gradient(rows).loss)


# ---------------------------------------------------------------- what the native library does not compute


@pytest.fixture
def new_rule(monkeypatch):
    """An activation and output that is in the tables, and not in the native library."""
    row = activations.Activation(
        "new_rule", lambda a: a / (1 + np.abs(a)), lambda a: (1 + np.abs(a)) ** -2, "a/(1 + abs(a))",
        "1/(1 + abs(a))^2", "", "", low=-1.0, high=1.0,
    )  # fmt: skip
    monkeypatch.setitem(activations.ACTIVATIONS, row.name, row)
    monkeypatch.setitem(OUTPUTS, row.name, Output(row.name, row.low, row.high, row))


@pytest.fixture
def new_loss(monkeypatch):
    """A loss that is in the table, and not in the native library."""
    row = losses.Loss(
        "new_loss", lambda p, y: np.log(np.cosh(p - y)).sum(axis=1), lambda p, y: np.tanh(p - y), "log(cosh(p - y))",
        "tanh(p - y)", "", "",
    )  # fmt: skip
    monkeypatch.setitem(losses.LOSSES, row.name, row)


@pytest.mark.parametrize(
    ("hidden", "output", "loss", "missing"),
    [
        ("new_rule", "softmax", "cross_entropy", "new_rule"),
        ("tanh", "new_rule", "squared_error", "new_rule"),
        ("relu", "identity", "new_loss", "new_loss"),
        ("new_rule", "new_rule", "new_loss", "new_rule, new_loss"),
    ],
)
def test_what_the_library_does_not_compute_is_trained_by_the_plain_engine(
    hidden, output, loss, missing, new_rule, new_loss, rows
):
    net = cr.Network.random((4, 5, 3), hidden, output, loss, seed=0)
    rows = fitting(rows if output == "softmax" else Rows(rows.x, np.tanh(rows.x[:, :3])), net)
    assert start(net, Recipe()).kind == "plain"
    with pytest.raises(
        InputError, match=f"engine compiled: expected .* that the native library computes; got {missing}"
    ):
        start(net, Recipe(engine="compiled"))
    history = fit(net, rows, Recipe(optimizer("sgd", 0.05), batch_size=23), epochs=20).history
    assert history[-1].loss < history[0].loss


def test_what_the_library_computes_is_trained_by_the_compiled_engine():
    for hidden in ("relu", "gelu"):
        for engine, kind in (("auto", "compiled"), ("compiled", "compiled"), ("plain", "plain")):
            assert start(cr.Network.random((4, 5, 3), hidden), Recipe(engine=engine)).kind == kind
