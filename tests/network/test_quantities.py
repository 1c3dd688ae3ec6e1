"""Passes as mappings: what exists, by which names, and how it is shown; networks that are equal."""

import copy
import inspect
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from tests.support.strategies import cases


@given(cases())
def test_every_name_that_is_listed_exists_and_no_whole_is_missing(p):
    net, x, y = p.network, p.x, p.y
    b = net.backward(x, y)
    assert isinstance(b, Mapping)
    assert isinstance(b.forward, Mapping)
    assert set(b.forward) < set(b)
    assert len(b) == len(set(b)) == 8 * net.depth + 4
    assert [*b.keys()] == [*b.names()]
    for name, value in b.items():
        assert name in b
        assert np.array_equal(b[name], value)
    gradient = np.concatenate([np.ravel(b[f"dL/d{s}_{i}"]) for i in range(1, net.depth + 1) for s in "Wb"])
    assert np.array_equal(gradient, b.flat)


@given(cases())
def test_what_it_shows_fits_a_screen(p):
    shown = repr(p.network.backward(p.x, p.y)).splitlines()
    assert len(shown) <= 21
    assert shown[0].startswith("Backward pass of Network(")
    assert shown[-1].startswith("  dL/dx")


def test_names_that_do_not_exist_are_not_in_it():
    net = cr.Network.random([2, 3, 2], seed=0)
    f, b = net.forward([1, 2]), net.backward([1, 2], 1)
    for name in ("h_14", "a_3", "q", "", "dL/dy", 3, None):
        assert name not in b
        assert b.get(name, "none") == "none"
    assert "L" not in f
    assert "L" in b
    assert b["L"] == b.L
    assert "δ^2" in b
    assert b.get("W_111") == net.weights[0][0, 0]
    with pytest.raises(cr.InputError, match="h_14"):
        b["h_14"]
    assert b == b
    assert b != net.backward([1, 2], 1)
    assert len({f, b}) == 2


@given(st.sampled_from(["float32", "float64"]), st.integers(0, 3))
def test_networks_are_equal_where_their_rules_and_numbers_are(dtype, seed):
    net = cr.Network.random([2, 3, 2], seed=seed, dtype=dtype)
    for same in (
        cr.Network.random([2, 3, 2], seed=seed, dtype=dtype),
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
    ):
        assert same == net
        assert hash(same) == hash(net)
    moved = net.flat.copy()
    moved[-1] += np.finfo(dtype).eps
    others = [
        cr.Network.random([2, 3, 2], seed=seed + 1, dtype=dtype), net.with_flat(moved), net.summed(), net.weights,
        net.astype("float32" if dtype == "float64" else "float64"),
        cr.Network(net.weights, hidden="tanh"), cr.Network(net.weights, loss="squared_error"),
    ]  # fmt: skip
    assert all(other != net for other in others)


@pytest.mark.parametrize(
    ("output", "loss", "one", "batch"),
    [
        ("softmax", "cross_entropy", 1, [1, 0]),
        ("sigmoid", "binary_cross_entropy", [0, 1], [[0, 1], [1, 0]]),
        ("identity", "squared_error", [-1.0, 1.0], [[-1.0, 1.0], [1.0, -1.0]]),
    ],
)
def test_predict_gives_classes_where_outputs_are_probabilities(output, loss, one, batch):
    net = cr.Network([[[-1.0], [1.0]]], output=output, loss=loss)
    assert np.array_equal(net.predict([1.0]), one)
    assert np.array_equal(net.predict([[1.0], [-1.0]]), batch)


def test_signatures_are_those_of_a_caller():
    parameters = inspect.signature(cr.Network).parameters
    assert [*parameters] == ["weights", "biases", "hidden", "output", "loss", "reduction"]
    assert parameters["biases"].default is None
    assert parameters["hidden"].default == "sigmoid"


def test_dir_has_what_is_public_alone():
    assert [name for name in dir(cr) if not name.startswith("__")] == sorted(cr.__all__)
