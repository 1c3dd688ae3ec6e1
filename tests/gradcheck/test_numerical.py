"""The probe, the two ways to differentiate, and the floors of rounding, each by itself."""

import numpy as np
import pytest

from chainrule import Network
from chainrule.gradcheck.numerical import NEGLIGIBLE, ROUNDING, PerturbedLoss, differentiate, rounding_floors
from chainrule.network.names import Quantity


def test_floors_are_rounding_units_of_the_sum_over_all_paths():
    """Of a softmax with squared error: each term of dL/dyhat, of the output's Jacobian and of W counted positive."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(3, 2)), rng.normal(size=(4, 3))]
    network = Network(weights, None, "tanh", "softmax", "squared_error", "sum")
    x, y, w = rng.normal(size=(2, 2)), rng.uniform(size=(2, 4)), np.array([2.0, 0.5])
    b = network.backward(x, y, sample_weight=w)
    p, (a_1, _) = b.forward.yhat, b.forward.a
    at_yhat = 2 * w[:, None] * (p + y) + np.abs(b.grad_yhat)
    at_a = np.zeros_like(p)
    for n in range(2):
        for m in range(4):
            for o in range(4):
                at_a[n, m] += at_yhat[n, o] * p[n, o] * ((o == m) + p[n, m])
    at_a += np.abs(b.grad_a[-1])
    at_h = at_a @ np.abs(weights[1])
    at_a_1 = at_h * (1 - np.tanh(a_1) ** 2)
    expected = {
        Quantity("yhat"): at_yhat,
        Quantity("a", 2): at_a,
        Quantity("W", 2): at_a.T @ np.abs(np.tanh(a_1)),
        Quantity("b", 2): at_a.sum(axis=0),
        Quantity("h", 1): at_h,
        Quantity("a", 1): at_a_1,
        Quantity("W", 1): at_a_1.T @ np.abs(x),
        Quantity("b", 1): at_a_1.sum(axis=0),
        Quantity("x"): at_a_1 @ np.abs(weights[0]),
    }
    found = rounding_floors(b)
    assert found.keys() == expected.keys()
    for quantity, paths in expected.items():
        np.testing.assert_allclose(found[quantity], ROUNDING * np.finfo(float).eps * paths, rtol=1e-12)


def test_floors_of_a_declared_pair_begin_at_the_preactivation():
    network = Network([[[0.5], [0.25]]], None, output="softmax", loss="cross_entropy")
    for y in ([3.0 / 4, 3.0 / 4], [0.25, 0.0]):  # the pair's gradient has p times the sum of the targets, or p
        b = network.backward([1.0], y)
        at_a = (b.forward.yhat + y) * max(sum(y), 1) + np.abs(b.grad_a[-1])
        np.testing.assert_allclose(
            rounding_floors(b)[Quantity("a", 1)], ROUNDING * np.finfo(float).eps * np.atleast_2d(at_a), rtol=1e-12
        )


def test_floors_are_in_the_precision_of_the_network():
    double = Network([[[0.5]]], None, output="identity", loss="squared_error")
    network = double.astype(np.float32)
    ratio = np.finfo(np.float32).eps / np.finfo(float).eps
    for quantity, floor in rounding_floors(double.backward([1.0], [2.0])).items():
        np.testing.assert_allclose(rounding_floors(network.backward([1.0], [2.0]))[quantity], ratio * floor, rtol=1e-6)


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_derivative_with_its_error(method):
    found, error, crossed = differentiate(lambda t: (np.exp(2 * t) + t**3, False), method, 0.1)
    assert abs(found - 2) <= max(error, 1e-15)
    assert error == 0 if method == "complex" else error < 1e-8
    assert not crossed


def test_a_step_becomes_smaller_until_no_kink_is_crossed():
    tried = []

    def loss(t):
        tried.append(abs(t))
        return t, abs(t) > 0.001

    found, _, crossed = differentiate(loss, "central", 0.1)
    assert (found, crossed) == (pytest.approx(1.0, rel=1e-9), False)
    assert max(tried[-6:]) <= 0.001
    assert differentiate(lambda t: (t, t != 0), "central", 0.1)[2]  # a kink at every step is said


def test_a_kink_on_one_side_is_seen():
    assert not differentiate(lambda t: (t, t > 0.001), "central", 0.1)[2]
    assert not differentiate(lambda t: (t, t < -0.001), "central", 0.1)[2]


@pytest.mark.parametrize(
    ("a", "step", "crossed"),
    [
        (1.0, -0.5, False), (1.0, -1.5, True), (1.0, -1.0, True), (-1.0, 0.5, False), (-1.0, 1.5, True),
        (0.0, 1.0, True), (0.0, 0.0, False), (NEGLIGIBLE / 2, 0.0, True), (NEGLIGIBLE, 0.0, False),
    ],
)  # fmt: skip
def test_a_unit_changes_sides_of_a_kink(a, step, crossed):
    network = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], "relu", "identity", "squared_error")
    probe = PerturbedLoss.of(network.backward([a], [9.0]), "central")
    assert probe.moved(Quantity("a", 1), np.array([[step]]))[1] == crossed
    assert probe.moved(Quantity("x"), np.array([[step]]))[1] == crossed


def test_units_on_a_kink_are_counted():
    network = Network([np.eye(2), np.eye(2)], None, "relu", "relu", "absolute_error")
    for x, y, count in (([1, 2], [3, 4], 0), ([0, 2], [3, 4], 2), ([0, 0], [3, 4], 4), ([1, 2], [1, 4], 1)):
        assert PerturbedLoss.of(network.backward(x, y), "complex").at_kink() == count
