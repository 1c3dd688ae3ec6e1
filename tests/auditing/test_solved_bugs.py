"""Bugs with a number that is solved step by step, units in each other's place, other masks, steps, two at once."""

import numpy as np
import pytest

from chainrule import Network, audit_gradients
from tests.support.sample import one_in
from trials.bugs.__main__ import outcome
from trials.bugs.kinds import KINDS

BY_NAME = {kind.id: kind for kind in KINDS}


@pytest.mark.parametrize(
    "name",
    one_in(4, [
        "relu threshold going back", "half of tanh", "a temperature", "probabilities floored", "errors cut off",
        "smoothing adds 1/K", "targets shuffled", "sums never cleared", "an example twice, another lost",
        "units change places going back", "slopes of other units", "gradient after a step",
        "not transposed, and h for the slope", "targets shifted, absolute errors", "another dropout mask going back",
        "one example's weight for all",
    ]),
)  # fmt: skip
def test_the_cause_is_named(name):
    one = outcome(BY_NAME[name], 4, 2)
    assert one.found
    assert one.first, one.said


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    net = Network.random([4, 5, 3], "tanh", seed=3)
    x, y = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    return rng, net, x, y, net.forward(x), net.backward(x, y)


@pytest.mark.parametrize("seed", range(3))
def test_a_temperature_is_told_as_a_person_would_have_written_it(case, seed):
    _, net, x, y, f, _ = case
    t = [0.25, 1.5, 8.0][seed]
    e = np.exp(f["a_2"] * t)
    d = (e / e.sum(1, keepdims=True) - np.eye(3)[y]) / len(x)
    audit = audit_gradients(net, x, y, {"dW2": d.T @ f["h_1"], "db2": d.sum(0)})
    assert f"multiplied with {t:g} in the softmax" in audit.first_wrong.message


def test_an_order_of_the_units_is_told_unit_by_unit(case):
    _, net, x, y, f, b = case
    order = np.array([2, 0, 1, 4, 3])
    d = b["dL/dh_1"][:, order] * (1 - f["h_1"] ** 2)
    audit = audit_gradients(net, x, y, {"dW2": b["dL/dW_2"], "db2": b["dL/db_2"], "dW1": d.T @ x, "db1": d.sum(0)})
    assert audit.first_wrong.mistakes == ("units_moved",)
    assert "those of 3, 1, 2, 5, 4" in audit.first_wrong.message


def test_the_two_are_named_in_words(case):
    _, net, x, y, f, b = case
    d = -(b["dL/da_2"] @ np.abs(net.weights[1])) * (1 + f["h_1"] ** 2)
    audit = audit_gradients(net, x, y, {"dW2": b["dL/dW_2"], "dW1": np.abs(d.T @ x), "db1": np.abs(d.sum(0))})
    assert audit.first_wrong.mistakes == ("inconsistent_with_own_line",)  # three at once
    d = (b["dL/da_2"] @ np.abs(net.weights[1])) * (1 + f["h_1"] ** 2)
    audit = audit_gradients(net, x, y, {"dW2": b["dL/dW_2"], "dW1": d.T @ x, "db1": d.sum(0)})
    assert audit.first_wrong.mistakes == ("weights_absolute+tanh_slope_sign",)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nothing_is_named_for_random_arrays(case, dtype):
    rng, net, x, y, _, b = case
    for name in ("dL/dW_2", "dL/db_2", "dL/dW_1", "dL/da_1"):
        mine = {k: np.asarray(b[k], dtype) for k in ("dL/dW_2", "dL/db_2", "dL/dW_1", "dL/db_1", "dL/da_1")}
        mine[name] = rng.normal(size=mine[name].shape).astype(dtype)
        audit = audit_gradients(net, x, y, mine)
        assert audit.first_wrong.name == name
        assert audit.first_wrong.mistakes == ("inconsistent_with_own_line",)


def test_biases_alone_do_not_speak_for_a_factor_of_the_set():
    """Behind one linear output every bias has one ratio, whatever is wrong with the error."""
    rng = np.random.default_rng(0)
    net = Network.random([4, 3, 1], "identity", "identity", "half_squared_error", seed=0)
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 1))
    f = net.forward(x)
    d2 = (f["yhat"] - y) ** 3 / 6
    d1 = d2 @ net.weights[1]
    audit = audit_gradients(
        net, x, y, {"dW2": d2.T @ f["h_1"], "db2": d2.sum(0), "dW1": d1.T @ x, "db1": d1.sum(0)}
    )  # fmt: skip
    assert not audit.conventions
    assert audit.first_wrong.name == "dL/dW_2"
