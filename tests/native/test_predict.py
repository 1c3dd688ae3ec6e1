"""Predictions by the native library: those of the forward pass, of any rows, from a network and from an estimator."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import InputError
from chainrule.native import predict
from chainrule.native.predict import Predictor
from chainrule.network.activations import ACTIVATIONS
from tests.support.native import variant, variants

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
OUTPUTS = {
    "softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "identity": "huber", "exp": "poisson",
    "tanh": "squared_error", "softplus": "poisson", "relu": "squared_error",
}  # fmt: skip
NAMES = sorted(set(ACTIVATIONS))


@st.composite
def networks(draw):
    depth = draw(st.integers(1, 4))
    sizes = [draw(st.one_of(st.integers(1, 20), st.integers(1, 150))) for _ in range(depth + 1)]
    output = draw(st.sampled_from(sorted(OUTPUTS)))
    sizes[-1] = max(sizes[-1], 2 if output == "softmax" else 1)
    hidden = [draw(st.sampled_from(NAMES)) for _ in range(depth - 1)]
    dtype = draw(st.sampled_from(["float32", "float64"]))
    return cr.Network.random(sizes, hidden, output, OUTPUTS[output], seed=draw(st.integers(0, 99)), dtype=dtype)


def by(net):
    return Predictor([W.T for W in net.weights], net.biases, net.hidden, net.output)


def near(found, expected):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    assert np.abs(found - expected).max(initial=0) <= 200 * np.finfo(expected.dtype).eps * scale


@pytest.mark.parametrize("name", variants())
@given(net=networks(), rows=st.one_of(st.integers(1, 40), st.integers(1, 900)), threads=st.integers(1, 3))
def test_they_are_those_of_the_forward_pass(name, net, rows, threads):
    x = np.random.default_rng(rows).normal(size=(rows, net.sizes[0])).astype(net.dtype)
    expected = net.forward(x).yhat
    with variant(name), pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict, "WORK_PER_THREAD", 1)
        near(net(x), expected)
        near(by(net)(x, threads), expected)


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    net = cr.Network.random([30, 70, 5], "gelu", seed=0)
    x = np.random.default_rng(0).normal(size=(3000, 30))
    monkeypatch.setattr(predict, "WORK_PER_THREAD", 1)  # else so few rows take one
    assert np.array_equal(by(net)(x, 1), by(net)(x, 3))


def test_large_layers_are_left_to_blas():
    small, large = (cr.Network.random([2, n, 2], seed=0) for n in (3, 300_000))
    assert small._predictor is not None
    assert large._predictor is None
    x = np.ones((1, 2))
    near(large(x), large.forward(x).yhat)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_rows_as_a_caller_gives_them(dtype):
    net = cr.Network.random([3, 4, 2], "tanh", seed=0, dtype=dtype)
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(dtype)
    expected = net.forward(x).yhat
    for given_x in (x, np.asfortranarray(x), x.tolist(), np.repeat(x, 2, axis=0)[::2]):
        near(net(given_x), expected)
    assert net(x[0]).shape == (2,)
    near(net(x[0]), expected[0])
    assert net(np.empty((0, 3), dtype)).shape == (0, 2)
    with pytest.raises(InputError, match="finite"):
        net([1, np.nan, 2])
    with pytest.raises(InputError, match="x"):
        net([1, 2])


def test_infinite_values_are_values():
    net = cr.Network([[[1e200]], [[1e200]]], hidden="identity", output="identity", loss="squared_error")
    assert net([[1.0], [-1.0]]).tolist() == [[np.inf], [-np.inf]]


def test_a_network_that_has_predicted_can_be_pickled():
    net = cr.Network.random([3, 4, 2], seed=0)
    x = np.ones((2, 3))
    before = net(x)
    assert np.array_equal(pickle.loads(pickle.dumps(net))(x), before)


def test_without_the_library_they_are_the_same():
    code = (
        "import numpy as np, chainrule as cr; net = cr.Network.random([4, 9, 3], 'silu', seed=1)\n"
        "assert net._predictor is None\n"
        "print(net(np.arange(8.0).reshape(2, 4)).tolist())"
    )
    environment = os.environ | {"CHAINRULE_ENGINE": "plain"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    net = cr.Network.random([4, 9, 3], "silu", seed=1)
    near(net(np.arange(8.0).reshape(2, 4)), np.array(json.loads(ran.stdout)))
    assert ran.stderr == ""


# ---------------------------------------------------------------- of estimators


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5))
    return x, cr.MLPClassifier((7,), max_iter=3, random_state=0).fit(x, rng.integers(0, 3, 60))


def test_an_estimator_predicts_by_its_parameters_as_they_are(fitted):
    x, model = fitted
    near(model.predict_proba(x), model.network_.forward(x).yhat)
    model.coefs_[0][0, 0] += 1  # in place
    near(model.predict_proba(x), model.network_.forward(x).yhat)
    model.coefs_ = [np.asfortranarray(2 * W) for W in model.coefs_]
    near(model.predict_proba(x), model.network_.forward(x).yhat)
    model.coefs_[0][0, 0] -= 1
    near(model.predict_proba(x), model.network_.forward(x).yhat)
    model.fit(x, np.arange(60) % 2)
    assert model.predict_proba(x).shape == (60, 2)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(x), model.predict_proba(x))


def test_what_is_quickly_taken_is_refused_as_before(fitted):
    x, model = fitted
    near(model.predict_proba(x.tolist()), model.predict_proba(x))
    near(model.predict_proba(x.astype(np.float32)), model.predict_proba(x.astype(np.float32).astype(float)))
    bad = x.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.predict(bad)
    bad[3, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.predict(bad)
    with pytest.raises(ValueError, match="features"):
        model.predict(x[:, :4])
    with pytest.raises(ValueError, match="2D"):
        model.predict(x[0])
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(x[:0])
    large = np.full((3, 5), 1e308)  # finite, though its sum is not
    assert model.predict(large).shape == (3,)
