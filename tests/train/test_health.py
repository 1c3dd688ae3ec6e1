"""What is amiss with a layer: each threshold from either side, and what an engine observed made into shares."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule import Network
from chainrule.train.health import LayerHealth, findings, health, largest_layer


def row(layer=1, units=8, grad_norm=1.0, update_ratio=1e-3, dead=0, saturated=0.0):
    return LayerHealth(layer, units, grad_norm, update_ratio, dead, saturated)


def network(*sizes, hidden="relu"):
    return Network.random(sizes, hidden, "identity", "squared_error", seed=0)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"dead": 1}, None), ({"dead": 2}, "dead"), ({"units": 3, "dead": 0}, None), ({"units": 3, "dead": 1}, "dead"),
        ({"saturated": 0.499}, None), ({"saturated": 0.5}, "saturated"),
        ({"update_ratio": 0.1}, None), ({"update_ratio": 0.101}, "large step"),
        ({"update_ratio": 1e-6}, None), ({"update_ratio": 0.99e-6}, "small step"),
        ({"update_ratio": 0.0}, None), ({"update_ratio": math.nan}, None),
    ],
)  # fmt: skip
def test_thresholds(change, kind):
    found = findings(network(2, 8, 1), [row(**change), row(layer=2)])
    assert [f.kind for f in found] == ([] if kind is None else [kind])


def test_the_output_is_neither_dead_nor_saturated():
    assert findings(network(2, 8, 1), [row(), row(layer=2, dead=8, saturated=1.0)]) == []
    assert [f.layer for f in findings(network(2, 8, 1), [row(), row(layer=2, update_ratio=0.5)])] == [2]


@pytest.mark.parametrize(
    ("norms", "share"),
    [
        ((0.99e-4, 0.5, 1.0), 0.99e-4), ((1e-4, 0.5, 1.0), None), ((0.0, 0.5, 1.0), None), ((1e-9, 1.0), None),
        ((1e-9, math.inf, 1.0), None), ((1e-9, 2.0, 1.0), 0.5e-9),
    ],
)  # fmt: skip
def test_a_gradient_vanishes_over_two_layers_or_more(norms, share):
    layers = [row(layer=i, grad_norm=norm) for i, norm in enumerate(norms, 1)]
    found = findings(network(*(2,) * (len(norms) + 1)), layers)
    assert [(f.kind, f.layer, f.share) for f in found] == ([] if share is None else [("vanishing", 1, share)])


def probe(asleep, observed, weight=(2.0, 4.0, 0.0), update=(1.0, 1.0, 1.0)):
    return SimpleNamespace(
        grad_norm=np.array([[0.5, 0.25, 0.125]]), weight_norm=np.array([weight]), update_norm=np.array([update]),
        asleep=np.array([asleep]), observed=np.array([observed]),
    )  # fmt: skip


def test_what_was_observed_as_shares():
    net = network(2, 3, 2, 1, hidden=["relu", "tanh"])
    first, second, last = health(net, probe([10, 9, 10, 4, 8], 10))[0]
    assert (first.layer, first.units, first.dead, first.saturated) == (1, 3, 2, 0.0)
    assert (second.layer, second.units, second.dead, second.saturated) == (2, 2, 0, pytest.approx(0.6))
    assert (last.layer, last.units, last.dead, last.saturated) == (3, 1, 0, 0.0)
    assert [layer.grad_norm for layer in (first, second, last)] == [0.5, 0.25, 0.125]
    assert [first.update_ratio, second.update_ratio] == [0.5, 0.25]
    assert math.isnan(last.update_ratio)  # parameters of 0 have no share


def test_units_that_dropout_leaves_out_are_not_saturated():
    net = network(2, 2, 2, 1, hidden=["tanh", "tanh"])
    first, second, _ = health(net, probe([6, 8, 2, 2], 10), (0.4, 0.4))[0]
    assert first.saturated == pytest.approx((0.7 - 0.4) / 0.6)
    assert second.saturated == 0.0


def test_nothing_observed_is_nothing_amiss():
    net = network(2, 2, 2, 1, hidden=["relu", "tanh"])
    assert [(layer.dead, layer.saturated) for layer in health(net, probe([0, 0, 0, 0], 0))[0]] == [(0, 0.0)] * 3


def test_the_layer_where_the_numbers_leave_the_range():
    deep = Network([[[1.0]], [[1e200]], [[1e200]]], None, "identity", "identity", "squared_error")
    assert largest_layer(deep, np.array([[1.0]])) == 3  # 1, 1e200, then infinite
    assert largest_layer(deep, np.array([[1e-250]])) == 3  # all finite, the last largest
    assert largest_layer(deep, np.array([[1e200]])) == 2
    small = Network([[[3.0]], [[0.5]]], None, "identity", "identity", "squared_error")
    assert largest_layer(small, np.array([[1.0], [-2.0]])) == 1
