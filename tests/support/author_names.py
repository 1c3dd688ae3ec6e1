"""Right derivations of drawn networks in the names that authors use: units counted through, weights numbered, words."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

import chainrule as cr


class Author:
    """One author's names for the quantities of a network with one hidden layer; units and weights count from 1."""

    def __init__(self, sizes):
        self.sizes = sizes

    def through(self, layer, unit):
        """A unit counted through the layers behind the inputs."""
        return sum(self.sizes[1:layer]) + unit

    def node(self, layer, unit):
        """A unit counted through all layers."""
        return sum(self.sizes[:layer]) + unit

    def number(self, layer, unit, source, columns=False):
        """A weight counted through, row by row or column by column."""
        before = sum(m * j for j, m in pairwise(self.sizes[:layer]))
        rows, width = self.sizes[layer], self.sizes[layer - 1]
        within = (source - 1) * rows + unit if columns else (unit - 1) * width + source
        return before + within

    def a(self, layer, unit):
        return f"a_{layer}{unit}"

    def h(self, layer, unit):
        return f"h_{layer}{unit}" if layer < 2 else f"yhat_{unit}"

    def W(self, layer, unit, source):
        return f"W_{layer}{unit}{source}"

    def b(self, layer, unit):
        return f"b_{layer}{unit}"

    def x(self, unit):
        return f"x_{unit}"

    def y(self, unit):
        return f"y_{unit}"

    loss = "L"


class Through(Author):
    """z_3 is the first output where there are two hidden units; w_31 its weight from the first hidden unit."""

    def a(self, layer, unit):
        return f"z_{self.through(layer, unit)}"

    def h(self, layer, unit):
        return f"a_{self.through(layer, unit)}" if layer < 2 else f"\\hat{{y}}_{unit}"

    def W(self, layer, unit, source):
        return f"w_{{{self.through(layer, unit)}{source}}}"

    def b(self, layer, unit):
        return f"b_{self.through(layer, unit)}"


class Words(Author):
    """net_h1, out_o1, w5, target_o1, E_total."""

    def a(self, layer, unit):
        return f"net_{'ho'[layer - 1]}{unit}"

    def h(self, layer, unit):
        return f"out_{'ho'[layer - 1]}{unit}"

    def W(self, layer, unit, source):
        return f"w{self.number(layer, unit, source)}"

    def b(self, layer, unit):
        return f"b_{'ho'[layer - 1]}{unit}"

    def x(self, unit):
        return f"i_{unit}"

    def y(self, unit):
        return f"target_o{unit}"

    loss = "E_{total}"


class Arrows(Words):
    """w1 and w2 go out of the first input."""

    def W(self, layer, unit, source):
        return f"w_{self.number(layer, unit, source, columns=True)}"

    loss = "J"


class Nodes(Author):
    """Units counted with the inputs: w_14 goes from unit 1 to unit 4."""

    def a(self, layer, unit):
        return f"net_{self.node(layer, unit)}"

    def h(self, layer, unit):
        return f"out_{self.node(layer, unit)}"

    def W(self, layer, unit, source):
        return f"w_{{{self.node(layer - 1, source)},{self.node(layer, unit)}}}"

    def b(self, layer, unit):
        return f"b_{self.node(layer, unit)}"

    loss = "Error"


class Compact(Author):
    """z11, h11, w111: the design's own without its signs."""

    def a(self, layer, unit):
        return f"z^{{({layer})}}_{unit}"

    def h(self, layer, unit):
        return f"a^{{({layer})}}_{unit}"

    def W(self, layer, unit, source):
        return f"W^{{({layer})}}_{{{unit}{source}}}"

    def b(self, layer, unit):
        return f"b^{{({layer})}}_{unit}"

    loss = "C"


AUTHORS: dict[str, Callable[[tuple[int, ...]], Author]] = {
    "through": Through, "words": Words, "arrows": Arrows, "nodes": Nodes, "compact": Compact, "design": Author,
}  # fmt: skip


def drawn(sizes, seed):
    """A network, an example and its header; biases of a layer differ."""
    rng = np.random.default_rng(seed)

    def numbers(*shape):
        return np.round(rng.uniform(0.1, 0.9, shape) * rng.choice([-1.0, 1.0], shape), 2)

    weights, biases = [numbers(m, j) for j, m in pairwise(sizes)], [numbers(m) for m in sizes[1:]]
    x, y = numbers(sizes[0]), np.round(rng.uniform(0.1, 0.9, sizes[-1]), 2)
    network = cr.Network(weights, biases, hidden="sigmoid", output="sigmoid", loss="half_squared_error")
    layers = "".join(f"[[layer]]\nW = {W.tolist()}\nb = {b.tolist()}\n" for W, b in zip(weights, biases, strict=True))
    head = f'hidden = "sigmoid"\noutput = "sigmoid"\nloss = "half_squared_error"\nx = {x.tolist()}\ny = {y.tolist()}\n'
    return network, x, y, f"+++\nlearning_rate = 0.5\n{head}{layers}+++\n"


def claims(author, network, x, y):
    """(name of the design, line in the author's names) of a whole derivation, right to five decimals."""
    b = network.backward(x, y)
    new = network.step(b, learning_rate=0.5)
    d, m, k = network.sizes
    n = author

    def value(name):
        return f"{float(b[name]):.5f}"

    for layer, units, width in ((1, m, d), (2, k, m)):
        for u in range(1, units + 1):
            source = [n.x(j) if layer == 1 else n.h(1, j) for j in range(1, width + 1)]
            terms = " + ".join(f"{n.W(layer, u, j)}*{source[j - 1]}" for j in range(1, width + 1))
            yield f"a_{layer}{u}", f"{n.a(layer, u)} = {terms} + {n.b(layer, u)} = {value(f'a_{layer}{u}')}"
            name = f"h_1{u}" if layer == 1 else f"yhat_{u}"
            yield name, f"{n.h(layer, u)} = sigmoid({n.a(layer, u)}) = {value(name)}"
    half = " + ".join(f"1/2*({n.y(u)} - {n.h(2, u)})^2" for u in range(1, k + 1))
    yield "L", f"{n.loss} = {half} = {value('L')}"
    for u in range(1, k + 1):
        out = n.h(2, u)
        yield f"dL/dyhat_{u}", f"d{n.loss}/d{out} = -({n.y(u)} - {out}) = {value(f'dL/dyhat_{u}')}"
        yield f"dL/da_2{u}", f"d{n.loss}/d{n.a(2, u)} = d{n.loss}/d{out} * {out}*(1 - {out}) = {value(f'dL/da_2{u}')}"
        for j in range(1, m + 1):
            name = f"dL/dW_2{u}{j}"
            yield name, f"d{n.loss}/d{n.W(2, u, j)} = d{n.loss}/d{n.a(2, u)} * {n.h(1, j)} = {value(name)}"
    for j in range(1, m + 1):
        back = " + ".join(f"d{n.loss}/d{n.a(2, u)} * {n.W(2, u, j)}" for u in range(1, k + 1))
        yield f"dL/dh_1{j}", f"d{n.loss}/d{n.h(1, j)} = {back} = {value(f'dL/dh_1{j}')}"
        for i in range(1, d + 1):
            name = f"dL/dW_1{j}{i}"
            slope = f"{n.h(1, j)}*(1 - {n.h(1, j)})"
            yield name, f"d{n.loss}/d{n.W(1, j, i)} = d{n.loss}/d{n.h(1, j)} * {slope} * {n.x(i)} = {value(name)}"
    yield "W_111", f"{n.W(1, 1, 1)} ← {n.W(1, 1, 1)} - 0.5*d{n.loss}/d{n.W(1, 1, 1)} = {new.weights[0][0, 0]:.5f}"
