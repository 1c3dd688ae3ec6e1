"""Drawn networks, and their headers in the ways in which people write them."""

import json
from itertools import pairwise

import numpy as np

from chainrule.network.network import Network

SIZES = ([2, 2, 1], [2, 3, 1], [3, 2, 2], [2, 1], [1, 3, 2], [3, 2, 3, 1], [2, 2, 2])


def drawn(seed):
    """A network of a few sizes with its input, its target and a learning rate, numbers of two decimals."""
    rng = np.random.default_rng(seed)
    sizes = SIZES[seed % len(SIZES)]

    def numbers(*shape):
        return np.where((found := rng.integers(-99, 100, shape) / 100) == 0, 0.5, found)

    weights = [numbers(m, j) for j, m in pairwise(sizes)]
    hidden = str(rng.choice(["sigmoid", "tanh", "relu"]))
    network = Network(weights, [numbers(m) for m in sizes[1:]], hidden, "sigmoid", "half_squared_error")
    return network, numbers(sizes[0]).tolist(), rng.integers(0, 2, sizes[-1]).tolist(), int(rng.integers(1, 9)) / 10


def same(sheet, network, x, y, rate):
    """Whether a worksheet gives this network, input, target and learning rate."""
    found = sheet.network
    parameters = zip((*found.weights, *found.biases), (*network.weights, *network.biases), strict=True)
    assert found.sizes == network.sizes
    assert all(np.array_equal(a, b) for a, b in parameters)
    assert (found.hidden, found.output, found.loss) == (network.hidden, network.output, network.loss)
    assert sheet.x.tolist() == x
    assert np.ravel(sheet.y).tolist() == y
    assert sheet.learning_rate == rate
    return True


def rules(network, x, y, rate):
    """The settings of a header, each as a person may write it: name -> value in TOML."""
    return {
        "learning_rate": rate,
        "hidden": json.dumps(list(network.hidden)) if network.hidden else '"sigmoid"',
        "output": '"sigmoid"',
        "loss": '"half_squared_error"',
        "x": x,
        "y": y,
    }


def settings(network, x, y, rate, called=()):
    """The settings as lines; ``called``, pairs of names, gives other ones."""
    called = dict(called)
    given = rules(network, x, y, rate)
    return "".join(f"{called.get(name, name)} = {value}\n" for name, value in given.items())


def layers(network, table="[[layer]]", W="W", b="b", written=lambda W: W.tolist()):
    """The layers, each a table with a matrix and a vector."""
    found = zip(network.weights, network.biases, strict=True)
    return "".join(f"{table}\n{W} = {written(w)}\n{b} = {bias.tolist()}\n" for w, bias in found)


def one_unit_flat(W):
    """A row alone where there is one unit."""
    return W[0].tolist() if len(W) == 1 else W.tolist()


def one_by_one(network, weight, bias):
    """Each parameter under a name: ``weight(layer, unit, unit before)`` and ``bias(layer, unit)`` name them."""
    found = []
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        found += [(weight(i, m + 1, j + 1), float(W[m, j])) for m, j in np.ndindex(*W.shape)]
        found += [(bias(i, m + 1), float(b[m])) for m in range(len(b))]
    return found


def forward_lines(network, x):
    """Lines that claim the forward pass, with five decimals."""
    f = network.forward(x)
    names = [
        name for i in range(1, network.depth + 1) for name in (f"a_{i}", f"h_{i}" if i < network.depth else "yhat")
    ]
    return "".join(f"{name} = [{', '.join(f'{v:.5f}' for v in np.ravel(f[name]))}]\n" for name in names)
