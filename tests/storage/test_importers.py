"""Networks from PyTorch, Keras and scikit-learn: the same predictions, and one clear error for what is not dense."""

import json
import subprocess
import sys
import warnings
from collections import OrderedDict
from itertools import pairwise

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import InputError, Network
from chainrule.storage import from_keras, from_sklearn, from_torch, load_torch

HOW = {"hidden": "relu", "output": "identity"}


class Tensor:
    """What of a torch tensor is used: no array until it is detached and on the CPU, and no bfloat16 in NumPy."""

    def __init__(self, array, detached=False, on_cpu=False):
        self.array, self.detached, self.on_cpu = array, detached, on_cpu
        self.dtype = f"torch.{array.dtype}"

    def detach(self):
        return Tensor(self.array, True, self.on_cpu)

    def cpu(self):
        return Tensor(self.array, self.detached, True)

    def float(self):
        return Tensor(self.array.astype(np.float32), self.detached, self.on_cpu)

    def numpy(self):
        if not self.detached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if not self.on_cpu:
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        if self.array.dtype == ml_dtypes.bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.array

    def __array__(self, *_, **__):
        return self.numpy()


def dense(rng, sizes, dtype=np.float32):
    """Layers of (W (out, in), b (out,))."""
    return [(rng.normal(size=(m, j)).astype(dtype), rng.normal(size=m).astype(dtype)) for j, m in pairwise(sizes)]


def predicted(layers, x):
    """By hand: relu between the layers, nothing after the last."""
    h = x.astype(np.float64)
    for i, (W, b) in enumerate(layers):
        a = h @ W.astype(np.float64).T + b.astype(np.float64)
        h = np.maximum(a, 0) if i < len(layers) - 1 else a
    return h


def state_dict(layers, names, wrap=lambda array: array):
    return OrderedDict(
        (f"{name}{kind}", wrap(array))
        for name, layer in zip(names, layers, strict=True)
        for kind, array in zip(("weight", "bias"), layer, strict=True)
    )


def assert_same(network, layers, x, dtype, rtol):
    assert network.dtype == dtype
    np.testing.assert_allclose(network.forward(x).yhat, predicted(layers, x), rtol=rtol, atol=rtol)


# ---------------------------------------------------------------- torch


@pytest.mark.parametrize("names", [["0.", "2.", "4."], ["net.fc1.", "net.fc2.", "head."], ["z.a.", "a.", "m."]])
@pytest.mark.parametrize("wrap", [Tensor, np.asarray])
def test_a_state_dict_in_any_naming(names, wrap, rng):
    layers, x = dense(rng, [3, 5, 5, 2]), rng.normal(size=(4, 3))
    network = from_torch(state_dict(layers, names, wrap), **HOW)
    assert network.hidden == ("relu", "relu")
    assert_same(network, layers, x, np.float32, 1e-5)


@pytest.mark.parametrize(
    ("given", "held", "rtol"),
    [("float64", "float64", 1e-13), ("float16", "float32", 1e-5), (ml_dtypes.bfloat16, "float32", 1e-5)],
)
@pytest.mark.parametrize("wrap", [Tensor, np.asarray])
def test_float_types(given, held, rtol, wrap, rng):
    layers = dense(rng, [3, 4, 2], given)
    network = from_torch(state_dict(layers, ["a.", "b."], wrap), **HOW)
    assert_same(network, layers, rng.normal(size=(4, 3)), held, rtol)


def test_the_wider_type_holds_for_all(rng):
    layers = dense(rng, [3, 4, 2], "float32")[:1] + dense(rng, [4, 2], "float64")
    assert_same(from_torch(state_dict(layers, ["a.", "b."]), **HOW), layers, rng.normal(size=(4, 3)), "float64", 1e-13)


def test_a_layer_without_bias_and_a_single_layer(rng):
    layers = dense(rng, [3, 4, 2])
    state = state_dict(layers, ["0.", "2."])
    del state["0.bias"]
    layers[0][1][:] = 0
    assert_same(from_torch(state, **HOW), layers, rng.normal(size=(4, 3)), np.float32, 1e-5)
    single = dense(rng, [3, 2])
    assert_same(from_torch(state_dict(single, [""]), **HOW), single, rng.normal(size=(4, 3)), np.float32, 1e-5)


@pytest.mark.parametrize(
    ("output", "loss"),
    [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"), ("tanh", "half_squared_error")],
)
def test_the_usual_loss_or_the_one_that_is_named(output, loss, rng):
    state = state_dict(dense(rng, [3, 4, 2]), ["0.", "2."])
    assert from_torch(state, hidden="tanh", output=output).loss == loss
    assert from_torch(state, hidden="tanh", output=output, loss="squared_error").loss == "squared_error"
    assert from_torch(state, hidden=["gelu"], output=output).hidden == ("gelu",)
    with pytest.raises(InputError, match=r"hidden: expected one of .*got 'rleu'"):
        from_torch(state, hidden="rleu", output=output)


def array(*shape, **how):
    return np.ones(shape, **{"dtype": np.float32, **how})


BAD_STATE = {
    "not a mapping": ([array(2, 3)], r"state_dict: expected a mapping .*model.state_dict\(\).*got list"),
    "empty": ({}, r"state_dict: .*at least one layer; got none"),
    "no names": ({0: array(2, 3)}, r"expected names as keys; got 0"),
    "convolution": ({"c.weight": array(8, 3, 5, 5)}, r"c\.weight: expected a matrix .*\(8, 3, 5, 5\): a convolution"),
    "1-D convolution": ({"c.weight": array(8, 3, 5)}, r"c\.weight.*got shape \(8, 3, 5\): a 1-D convolution"),
    "layer norm": ({"ln.weight": array(4), "ln.bias": array(4)}, r"ln\.weight.*shape \(4,\): normalization"),
    "batch norm": (
        {"0.weight": array(4, 3), "1.weight": array(4), "1.running_mean": array(4)},
        r"1\.running_mean: .*batch normalization",
    ),
    "embedding": ({"tok_emb.weight": array(9, 3), "o.weight": array(2, 3)}, r"tok_emb\.weight.*an embedding"),
    "recurrent": ({"l.weight_ih_l0": array(9, 3)}, r"l\.weight_ih_l0.*a recurrent layer"),
    "attention": ({"att.in_proj_weight": array(9, 3)}, r"in_proj_weight.*attention"),
    "weight norm": ({"0.weight_g": array(4, 1)}, r"0\.weight_g.*reparametrized"),
    "other": ({"scale": array(4)}, r"tensor scale: .*Linear layer; got another tensor"),
    "chain": (
        {"0.weight": array(4, 3), "2.weight": array(2, 5)},
        r"2\.weight: expected 4 columns, one for each unit of tensor 0\.weight \(4, 3\); got shape \(2, 5\)$",
    ),
    "transposed": (
        {"0.weight": array(3, 4), "2.weight": array(4, 2)},
        r"2\.weight: expected 3 columns.*shape \(4, 2\) \(all fit if transposed: is it \(in, out\)\?\)",
    ),
    "bias": ({"0.weight": array(4, 3), "0.bias": array(3)}, r"0\.bias: expected shape \(4,\).*got shape \(3,\)"),
    "bias alone": ({"0.bias": array(3)}, r"layer 0: expected a tensor 0\.weight; got a bias alone"),
    "integers": ({"0.weight": array(2, 3, dtype=np.int8)}, r"0\.weight: expected float64, .*got values of type int8"),
    "nan": ({"0.weight": array(2, 3) * np.nan}, r"tensor 0\.weight: expected finite numbers in float32; got nan"),
    "half overflow": ({"0.weight": array(2, 3, dtype=np.float16) * np.inf}, r"0\.weight: expected finite"),
    "ragged": ({"0.weight": [[1.0], [1.0, 2.0]]}, r"0\.weight: expected a dense array"),
    "no units": ({"0.weight": array(0, 3)}, r"W_1: expected a matrix .*got shape \(0, 3\)"),
}


@pytest.mark.parametrize("name", list(BAD_STATE))
def test_a_bad_state_dict_is_named(name):
    given, told = BAD_STATE[name]
    with pytest.raises(InputError, match=told):
        from_torch(given, **HOW)


# ---------------------------------------------------------------- a safetensors file


def bfloat16_file(tensors):
    """By hand: the length of the header, the header, the bytes."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        part = tensor.astype(ml_dtypes.bfloat16).tobytes()
        offsets = [len(data), len(data) + len(part)]
        header[name] = {"dtype": "BF16", "shape": tensor.shape, "data_offsets": offsets}
        data += part
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_a_file_is_read_in_the_order_of_its_numbers(tmp_path, rng):
    layers = dense(rng, [3] * 7)
    names = [f"net.{2 * i}." for i in range(6)]  # net.10 comes before net.2 in the file
    path = tmp_path / "net.safetensors"
    path.write_bytes(safetensors.numpy.save(dict(state_dict(layers, names))))
    assert_same(load_torch(path, **HOW), layers, rng.normal(size=(4, 3)), np.float32, 1e-5)


def test_a_file_in_an_order_of_its_own_needs_it_told(tmp_path, rng):
    layers, path = dense(rng, [3, 3, 3]), tmp_path / "net.safetensors"
    path.write_bytes(safetensors.numpy.save(dict(state_dict(layers, ["trunk.", "head."]))))
    with pytest.raises(InputError, match=r"layers: expected their names in order.*got head, trunk"):
        load_torch(path, **HOW)
    network = load_torch(path, **HOW, layers=["trunk", "head"])
    assert_same(network, layers, rng.normal(size=(4, 3)), np.float32, 1e-5)
    with pytest.raises(InputError, match=r"layers: expected each of head, trunk once; got trunk, trunk"):
        load_torch(path, **HOW, layers=["trunk", "trunk"])
    path.write_bytes(safetensors.numpy.save(dict(state_dict(layers, ["b0.l1.", "b1.l0."]))))
    with pytest.raises(InputError, match="layers: expected their names in order"):
        load_torch(path, **HOW)


def test_a_bfloat16_file(tmp_path, rng):
    layers, path = dense(rng, [3, 4, 2], ml_dtypes.bfloat16), tmp_path / "net.safetensors"
    path.write_bytes(bfloat16_file(state_dict(layers, ["0.", "1."])))
    assert_same(load_torch(path, **HOW), layers, rng.normal(size=(4, 3)), np.float32, 1e-5)


def test_a_bad_file_is_named(tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(InputError, match=r"net\.safetensors: expected a safetensors file; got no such file"):
        load_torch(path, **HOW)
    with pytest.raises(InputError, match="got a folder"):
        load_torch(tmp_path, **HOW)
    for content in (b"", b"PK\x03\x04 a pickle", safetensors.numpy.save({"0.weight": array(2, 3)})[:-4]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"something else or a truncated one|an empty file"):
            load_torch(path, **HOW)
    path.write_bytes(safetensors.numpy.save({"0.weight": array(2, 3, dtype=np.int64)}))
    with pytest.raises(InputError, match=r"tensor 0\.weight: .*got values of type int64"):
        load_torch(path, **HOW)
    path.write_bytes(safetensors.numpy.save({}))
    with pytest.raises(InputError, match="at least one layer; got none"):
        load_torch(path, **HOW)


# ---------------------------------------------------------------- Keras


def test_keras_weights(rng):
    layers, x = dense(rng, [3, 5, 4, 2]), rng.normal(size=(4, 3))
    network = from_keras([part for W, b in layers for part in (W.T, b)], **HOW)
    assert_same(network, layers, x, np.float32, 1e-5)
    layers[0][1][:] = layers[2][1][:] = 0
    weights = [layers[0][0].T, layers[1][0].T, layers[1][1], layers[2][0].T]  # only the second has a bias
    assert_same(from_keras(weights, **HOW), layers, x, np.float32, 1e-5)


BAD_KERAS = {
    "not a list": ({"a": array(2, 3)}, r"weights: expected a list .*get_weights\(\).*got dict"),
    "empty": ([], r"weights: .*at least one layer; got none"),
    "bias first": ([array(3)], r"array 1: expected the kernel .*got shape \(3,\)"),
    "batch norm": ([array(3, 4), array(4), array(4), array(4), array(4), array(4)], r"array 3: .*normalization"),
    "convolution": ([array(3, 3, 1, 8), array(8)], r"array 1 \(a kernel\): .*\(3, 3, 1, 8\): a convolution"),
    "chain": ([array(3, 4), array(4), array(5, 2)], r"array 3 \(a kernel\): expected 4 rows.*got shape \(5, 2\)$"),
    "transposed": ([array(4, 3), array(2, 4)], r"array 2 .*\(all fit if transposed: is it \(out, in\)\?\)"),
    "bias": ([array(3, 4), array(3)], r"array 2 \(the bias after it\): expected shape \(4,\).*got shape \(3,\)"),
    "text": ([array(3, 4), np.array(["a"])], r"array 2: expected float64.*<U1"),
}


@pytest.mark.parametrize("name", list(BAD_KERAS))
def test_bad_keras_weights_are_named(name):
    given, told = BAD_KERAS[name]
    with pytest.raises(InputError, match=told):
        from_keras(given, **HOW)


# ---------------------------------------------------------------- scikit-learn


def fitted(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kind", ["binary", "classes", "multilabel"])
def test_a_classifier_predicts_the_same(kind, activation, dtype, rng):
    X = rng.normal(size=(60, 3)).astype(dtype)
    y = {"binary": rng.integers(0, 2, 60), "classes": rng.integers(0, 4, 60), "multilabel": rng.integers(0, 2, (60, 3))}
    estimator = fitted(MLPClassifier((6, 5), activation, max_iter=5, random_state=0), X, y[kind])
    network = from_sklearn(estimator)
    assert network.dtype == dtype
    rules = ("softmax", "cross_entropy") if kind == "classes" else ("sigmoid", "binary_cross_entropy")
    assert (network.output, network.loss) == rules
    assert network.sizes == (3, 6, 5, {"binary": 1, "classes": 4, "multilabel": 3}[kind])
    want = estimator.predict_proba(X)[:, 1:] if kind == "binary" else estimator.predict_proba(X)
    np.testing.assert_allclose(network.forward(X).yhat, want, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("k", [1, 2])
def test_a_regressor_predicts_the_same(k, loss, rng):
    X, y = rng.normal(size=(60, 3)), rng.poisson(3, size=(60, k)).astype(float)
    estimator = fitted(MLPRegressor(loss=loss, hidden_layer_sizes=(6,), max_iter=5, random_state=0), X, y.squeeze())
    network = from_sklearn(estimator)
    rules = {"squared_error": ("identity", "half_squared_error"), "poisson": ("exp", "poisson")}
    assert (network.output, network.loss) == rules[loss]
    np.testing.assert_allclose(network.forward(X).yhat, estimator.predict(X).reshape(60, k), rtol=1e-12)


def test_no_hidden_layers(rng):
    X, y = rng.normal(size=(30, 3)), rng.integers(0, 3, 30)
    estimator = fitted(MLPClassifier((), max_iter=3, random_state=0), X, y)
    np.testing.assert_allclose(from_sklearn(estimator).forward(X).yhat, estimator.predict_proba(X), rtol=1e-12)


def test_an_estimator_of_this_package_gives_its_network():
    class Estimator:
        network_ = Network.random([2, 2], seed=0)

    assert from_sklearn(Estimator()) is Estimator.network_


def test_a_bad_estimator_is_named(rng):
    def refused(estimator, told):
        with pytest.raises(InputError, match=told):
            from_sklearn(estimator)

    expected = "estimator: expected a fitted MLPClassifier or MLPRegressor; got "
    refused(MLPClassifier(), f"{expected}MLPClassifier, not fitted$")
    refused(make_pipeline(StandardScaler(), MLPClassifier()), f"{expected}Pipeline$")
    refused(None, f"{expected}NoneType$")
    X, y = rng.normal(size=(30, 3)), rng.integers(0, 2, 30)
    estimator = fitted(MLPClassifier((4,), max_iter=2, random_state=0), X, y)
    for name, value, told in [
        ("activation", "swish", r"activation of MLPClassifier: expected one of identity.*got 'swish'"),
        ("out_activation_", "cauchy", r"out_activation_ of MLPClassifier.*got 'cauchy'"),
        ("intercepts_", estimator.intercepts_[:1], r"coefs_ and intercepts_.*got 2 and 1"),
        ("coefs_", [estimator.coefs_[0], array(3, 1)], r"coefs_\[1\]: expected 4 rows.*got shape \(3, 1\)"),
        ("intercepts_", [array(4), array(2)], r"intercepts_\[1\]: expected shape \(1,\).*got shape \(2,\)"),
    ]:
        kept = getattr(estimator, name)
        setattr(estimator, name, value)
        refused(estimator, told)
        setattr(estimator, name, kept)
    from_sklearn(estimator)


def test_none_of_the_libraries_is_imported():
    code = "import sys, chainrule.storage.importers; print(*{'torch', 'keras', 'sklearn'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


class Meta:
    """A torch tensor of the device meta: it has a shape and no numbers."""

    shape, dtype = (2, 3), "torch.float32"

    def detach(self):
        return self

    def cpu(self):
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    def __array__(self, dtype=None, copy=None):
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")


def test_a_tensor_without_data_is_named():
    with pytest.raises(InputError, match=r"tensor 0.weight: expected a dense array of floats; got .*meta tensor"):
        from_torch({"0.weight": Meta()}, **HOW)
    with pytest.raises(InputError, match=r"array 1: expected a dense array of floats; got .*meta tensor"):
        from_keras([Meta()], **HOW)
    network = Network.random([3, 2], (), "identity", "half_squared_error", seed=0)
    with pytest.raises(InputError, match=r"x.*: expected an array of numbers; got Meta \(.*meta tensor"):
        network(Meta())


def test_prelu_and_embeddings_are_called_by_their_names():
    dense = [np.ones((3, 4)), np.ones(4)]
    with pytest.raises(InputError, match=r"array 3: .* got shape \(4,\): a layer of another kind, such as PReLU"):
        from_keras([*dense, np.ones(4), np.ones((4, 2)), np.ones(2)], **HOW)
    state = {"0.weight": np.ones((10, 4)), "1.weight": np.ones((2, 4)), "1.bias": np.ones(2)}
    with pytest.raises(InputError, match=r"tensor 0.weight may be that of an Embedding, which is no dense layer"):
        from_torch(state, **HOW)
