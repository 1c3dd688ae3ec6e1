"""Networks from other libraries: the weights of dense layers from PyTorch, Keras and scikit-learn.

None of these is imported. PyTorch and Keras weights do not say which functions stand between the layers, so the
caller does. float16 and bfloat16 become float32.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.errors import InputError, unknown
from chainrule.gradcheck.given.arrays import without_library
from chainrule.network import checks
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.system.tensor_files import read_tensors

#: the loss that goes with an output where none is named; half_squared_error with all others
_USUAL_LOSS = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"}
_SKLEARN_HIDDEN = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_SKLEARN_OUTPUT = {"identity": "identity", "logistic": "sigmoid", "softmax": "softmax", "exp": "exp"}

#: what a tensor with so many axes usually belongs to
_AXES = {0: "one number", 1: "normalization, or PReLU", 3: "a 1-D convolution", 4: "a convolution", 5: "a convolution"}
#: the layer whose tensors are called so
_FOREIGN = (
    (r"running_(mean|var)|num_batches_tracked", "batch normalization"),
    (r"in_proj_\w+", "attention"),
    (r"weight_[ih]h_l\d+\w*|bias_[ih]h_l\d+\w*", "a recurrent layer"),
    (r"weight_(g|v|orig|mask|u)|original\d", "a reparametrized layer (remove weight norm or pruning first)"),
)


def from_torch(
    state_dict: Mapping[str, Any], *, hidden: str | Sequence[str], output: str, loss: str | None = None
) -> Network:
    """A network of the ``nn.Linear`` layers of a state dict, in its order.

    Args:
        state_dict: name -> tensor or array; ``NAME.weight`` (out, in) and, where the layer has one, ``NAME.bias``
            (out,). The names themselves are free.
        hidden: the activation after each layer but the last: one for all, or one each.
        output: the function after the last layer. PyTorch's models often end in logits, and their loss contains
            the function: softmax in CrossEntropyLoss, sigmoid in BCEWithLogitsLoss. Name it here.
        loss: None: cross_entropy after softmax, binary_cross_entropy after sigmoid, else half_squared_error.

    Raises:
        InputError: another layer than Linear, shapes that do not follow each other, numbers that are not finite.
    """
    if not isinstance(state_dict, Mapping):
        what = "a mapping from names to tensors, as model.state_dict() gives"
        raise InputError("state_dict", what, type(state_dict).__name__)
    layers: dict[str, dict[str, Array]] = {}
    for key, value in state_dict.items():
        if not isinstance(key, str):
            raise InputError("state_dict", "names as keys", repr(key))
        prefix, _, kind = key.rpartition(".")
        _refuse_foreign(key, prefix, kind)
        layers.setdefault(prefix, {})[kind] = as_floats(f"tensor {key}", value)
    chain = []
    for prefix, found in layers.items():
        start = f"{prefix}." if prefix else ""
        if "weight" not in found:
            raise InputError(f"layer {prefix or 'of the state dict'}", f"a tensor {start}weight", "a bias alone")
        chain.append((f"tensor {start}weight", found["weight"], f"tensor {start}bias", found.get("bias")))
    return dense_network("state_dict", chain, hidden, output, loss, by_rows=True)


def load_torch(
    path: str | os.PathLike[str], *, hidden: str | Sequence[str], output: str, loss: str | None = None,
    layers: Sequence[str] | None = None,
) -> Network:  # fmt: skip
    """The same from a safetensors file of a state dict.

    Args:
        layers: the layers' names (keys without ``.weight``) from the inputs on. Such a file does not keep the order
            of a state dict; None is enough where the names differ in one number only ("net.0", "net.2", …).

    Raises:
        InputError: as ``from_torch``; no such file; the order cannot be told from the names.
    """
    quantity = f"file {os.fspath(path)}"
    tensors = read_tensors(quantity, path)[0]
    found = list(dict.fromkeys(key.rpartition(".")[0] for key in tensors))
    if layers is None:
        numbers = [re.findall(r"\d+", name) for name in found]
        differing = sum(len(set(column)) > 1 for column in zip(*numbers, strict=False))
        if len({re.sub(r"\d+", "#", name) for name in found}) > 1 or differing > 1:
            raise InputError(f"{quantity}: layers", "their names in order, as layers=[…]", ", ".join(found[:8]))
        layers = sorted(found, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
    elif sorted(layers) != sorted(found):
        raise InputError(f"{quantity}: layers", f"each of {', '.join(found[:8])} once", ", ".join(map(str, layers)))
    order = {name: i for i, name in enumerate(layers)}
    keys = sorted(tensors, key=lambda key: order[key.rpartition(".")[0]])
    return from_torch({key: tensors[key] for key in keys}, hidden=hidden, output=output, loss=loss)


def from_keras(weights: Sequence[Any], *, hidden: str | Sequence[str], output: str, loss: str | None = None) -> Network:
    """A network of the ``Dense`` layers whose ``model.get_weights()`` is given.

    Args:
        weights: kernel (in, out) and bias (out,) in turn; a kernel without a bias after it has none.
            (The weights of an Embedding look like such a kernel: it is read as a layer of its own.)
        hidden, output, loss: as in ``from_torch``.

    Raises:
        InputError: another layer than Dense, shapes that do not follow each other, numbers that are not finite.
    """
    if not isinstance(weights, Sequence) or isinstance(weights, str):
        raise InputError("weights", "a list of arrays, as model.get_weights() gives", type(weights).__name__)
    chain: list[tuple[str, Array, str, Array | None]] = []
    for number, value in enumerate(weights, 1):
        name = f"array {number}"
        array = as_floats(name, value)
        if array.ndim != 1:
            chain.append((f"{name} (a kernel)", array, "", None))
        elif chain and chain[-1][3] is None:
            chain[-1] = (*chain[-1][:2], f"{name} (the bias after it)", array)
        else:
            what = "the kernel (in, out) of a Dense layer"
            raise InputError(
                name, what, f"shape {array.shape}: a layer of another kind, such as PReLU or normalization"
            )
    return dense_network("weights", chain, hidden, output, loss, by_rows=False)


def from_sklearn(estimator: Any) -> Network:
    """The network of a fitted ``MLPClassifier`` or ``MLPRegressor``.

    A binary or a multilabel classifier has sigmoid outputs with binary_cross_entropy, one with more classes softmax
    with cross_entropy. A regressor has half_squared_error; scikit-learn's own is divided by the number of outputs.

    Raises:
        InputError: not fitted, or another kind of estimator.
    """
    kind = type(estimator).__name__
    several = getattr(estimator, "estimators_", ())
    if len(several):
        raise InputError("estimator", "one network", f"{kind} of {len(several)}; its networks_ has each")
    network = getattr(estimator, "network_", None)  # an estimator of this package
    if isinstance(network, Network):
        return network
    if not all(hasattr(estimator, name) for name in ("coefs_", "intercepts_", "out_activation_")):
        fit = hasattr(estimator, "hidden_layer_sizes")
        raise InputError("estimator", "a fitted MLPClassifier or MLPRegressor", f"{kind}, not fitted" if fit else kind)
    hidden = _translate(f"activation of {kind}", _SKLEARN_HIDDEN, estimator.activation)
    output = _translate(f"out_activation_ of {kind}", _SKLEARN_OUTPUT, estimator.out_activation_)
    if len(estimator.coefs_) != len(estimator.intercepts_):
        got = f"{len(estimator.coefs_)} and {len(estimator.intercepts_)}"
        raise InputError(f"coefs_ and intercepts_ of {kind}", "as many of one as of the other", got)
    pairs = enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    chain = [
        (f"coefs_[{i}]", as_floats(f"coefs_[{i}]", W), f"intercepts_[{i}]", as_floats(f"intercepts_[{i}]", b))
        for i, (W, b) in pairs
    ]
    return dense_network("estimator", chain, hidden, output, None, by_rows=False)


def dense_network(
    quantity: str, chain: Iterable[tuple[str, Array, str, Array | None]], hidden: str | Sequence[str], output: str,
    loss: str | None, *, by_rows: bool,
) -> Network:  # fmt: skip
    """The network of (name, weights, name of the bias, bias); weights (out, in) ``by_rows``, else (in, out)."""
    chain = list(chain)
    if not chain:
        raise InputError(quantity, "the weights of at least one layer", "none")
    axes = "(out, in)" if by_rows else "(in, out)"
    for name, W, bias_name, b in chain:
        if W.ndim != 2:
            meant = f": {_AXES[W.ndim]}" if W.ndim in _AXES else ""
            raise InputError(name, f"a matrix {axes} of a dense layer", f"shape {W.shape}{meant}")
        units = W.shape[0 if by_rows else 1]
        if b is not None and b.shape != (units,):
            raise InputError(bias_name, f"shape ({units},), one for each unit of {name} {W.shape}", f"shape {b.shape}")
    _check_chain([(name, W) for name, W, _, _ in chain], by_rows)
    arrays = [array for _, W, _, b in chain for array in (W, b) if array is not None]
    dtype = np.result_type(*arrays)  # float64 where any is
    weights = [np.ascontiguousarray(W if by_rows else W.T, dtype) for _, W, _, _ in chain]
    biases = [
        np.zeros(W.shape[0], dtype) if b is None else b.astype(dtype)
        for W, (_, _, _, b) in zip(weights, chain, strict=True)
    ]
    usual = _USUAL_LOSS.get(output, "half_squared_error") if isinstance(output, str) else "half_squared_error"
    return Network(weights, biases, hidden, output, loss or usual)


def _check_chain(chain: Sequence[tuple[str, Array]], by_rows: bool) -> None:
    into, out = (1, 0) if by_rows else (0, 1)
    for (before, V), (name, W) in pairwise(chain):
        if W.shape[into] == V.shape[out]:
            continue
        turned = all(W.shape[out] == V.shape[into] for (_, V), (_, W) in pairwise(chain))
        what = f"{V.shape[out]} {'columns' if by_rows else 'rows'}, one for each unit of {before} {V.shape}"
        hint = f" (all fit if transposed: is it {'(in, out)' if by_rows else '(out, in)'}?)" if turned else ""
        if by_rows and W.shape[1] == V.shape[1]:
            hint = f" ({before} may be that of an Embedding, which is no dense layer)"
        raise InputError(name, what, f"shape {W.shape}{hint}")


def _refuse_foreign(key: str, prefix: str, kind: str) -> None:
    meant = next((layer for pattern, layer in _FOREIGN if re.fullmatch(pattern, kind)), "")
    if not meant and re.search(r"(^|[._])emb(ed\w*)?($|[._\d])", prefix, re.IGNORECASE):
        meant = "an embedding"
    if meant or kind not in ("weight", "bias"):
        raise InputError(f"tensor {key}", "the weight or the bias of a Linear layer", meant or "another tensor")


def as_floats(quantity: str, value: Any) -> Array:
    """A tensor or an array as finite float64 or float32."""
    try:
        array = np.asarray(without_library(value))
    except (TypeError, ValueError, RuntimeError) as error:  # a quantized, sparse or meta tensor; a ragged list
        raise InputError(quantity, "a dense array of floats", " ".join(str(error).split())[:120]) from None
    if array.dtype.name in ("float16", "bfloat16"):
        array = array.astype(np.float32)
    if array.dtype not in checks.FLOATS:
        raise InputError(quantity, "float64, float32, float16 or bfloat16", f"values of type {array.dtype}")
    return checks.numbers(quantity, array)


def _translate(quantity: str, names: Mapping[str, str], name: Any) -> str:
    if not isinstance(name, str) or name not in names:
        raise unknown(quantity, name, names)
    return names[name]
