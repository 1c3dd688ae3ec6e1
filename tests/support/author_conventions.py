"""Right derivations of drawn networks as authors of books and courses write them, conventions and all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import chainrule as cr

RATE = 0.5


@dataclass
class Sheet:
    """A derivation: the lines that give the network, those of a header in the author's names, and the claims."""

    given: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)


class Case:
    """A drawn network with an example, or several, and how its numbers are written."""

    def __init__(self, sizes, seed, latex=False, n=None, loss="half_squared_error"):
        rng = np.random.default_rng(seed)

        def numbers(*shape):
            return np.round(rng.uniform(0.1, 0.9, shape) * rng.choice([-1.0, 1.0], shape), 2)

        self.sizes, self.latex, self.loss, self.depth = sizes, latex, loss, len(sizes) - 1
        self.W, self.b = [numbers(m, j) for j, m in pairwise(sizes)], [numbers(m) for m in sizes[1:]]
        several = () if n is None else (n,)
        self.x = numbers(*several, sizes[0])
        self.y = np.round(rng.uniform(0.1, 0.9, (*several, sizes[-1])), 2)
        if loss == "binary_cross_entropy":
            self.y = np.round(self.y)
        self.network = cr.Network(self.W, self.b, hidden="sigmoid", output="sigmoid", loss=loss)
        self.values = self.network.backward(self.x, self.y)
        self.new = self.network.step(self.values, learning_rate=RATE)

    def v(self, name) -> Any:
        return np.asarray(self.values[name], float)

    def h(self, layer):
        return self.v("yhat" if layer == self.depth else f"h_{layer}")

    def write(self, value, digits=4):
        value = np.asarray(value, float)
        if value.ndim == 0:
            return f"{float(value):.{digits}f}"
        if self.latex:
            rows = (" & ".join(f"{one:.{digits}f}" for one in np.atleast_1d(row)) for row in value)
            return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"
        return "[" + ", ".join(self.write(row, digits) for row in value) + "]"

    def by(self, wrt, of="E"):
        return rf"\frac{{\partial {of}}}{{\partial {wrt}}}" if self.latex else f"d{of}/d{wrt}"

    def signs(self):
        plain = ("δ", "sigmoid", "⊙", "*", "<-", "Δ", "θ")
        return (
            (r"\delta", r"\sigma", r"\odot", r" \cdot ", r"\leftarrow", r"\Delta ", r"\theta") if self.latex else plain
        )

    def text(self, sheet, how):
        """The sheet: with a header of the design (``design``), one in the author's names (``own``), or none."""
        rules = f'learning_rate = {RATE}\nhidden = "sigmoid"\noutput = "sigmoid"\nloss = "{self.loss}"\n'
        x, y = f"x = {self.x.tolist()}\n", f"y = {self.y.tolist()}\n"
        if how == "design":
            layers = (f"[[layer]]\nW = {W.tolist()}\nb = {b.tolist()}\n" for W, b in zip(self.W, self.b, strict=True))
            head = f"+++\n{rules}{x}{y}{''.join(layers)}+++\n"
        elif how == "own":
            head = f"+++\n{rules}{x}{y}" + "\n".join(sheet.header) + "\n+++\n"
        else:
            words = {"half_squared_error": "half squared error 1/2 (t - y)^2"}.get(self.loss, "binary cross-entropy")
            head = (
                f"Sigmoid units, the {words}, learning rate {RATE}.\n"
                + "\n".join(map(self.framed, sheet.given))
                + "\n\n"
            )
        return head, [self.framed(claim) for claim in sheet.claims]

    def framed(self, text):
        return f"$${text}$$" if self.latex else text


def low(name, index):
    return f"{name}_{{{index}}}" if len(str(index)) > 1 else f"{name}_{index}"


def counted(caret, weight, first, top=False) -> Callable[[Case], Sheet]:
    """Nielsen's layers, the inputs as the first; weights count from ``first``. top: the last layer is L."""

    def made(c):
        delta, sigma, odot, *_ = c.signs()
        last = c.depth + 1
        sheet = Sheet([f"x = {c.write(c.x, 2)}", f"y = {c.write(c.y, 2)}"])

        def of(symbol, layer):
            if symbol in (weight, "b"):
                return symbol + caret % (layer - 2 + first)
            return symbol + caret % ("L" if top and layer == last else layer)

        for i in range(2, last + 1):
            for symbol, value in ((weight, c.W[i - 2]), ("b", c.b[i - 2])):
                sheet.given.append(f"{of(symbol, i)} = {c.write(value, 2)}")
                sheet.header.append(f'"{of(symbol, i)}" = {value.tolist()}')
        add = sheet.claims.append
        add(f"{of('a', 1)} = {c.write(c.x)}")
        for i in range(2, last + 1):
            add(f"{of('z', i)} = {of(weight, i)} {of('a', i - 1)} + {of('b', i)} = {c.write(c.v(f'a_{i - 1}'))}")
            add(f"{of('a', i)} = {sigma}({of('z', i)}) = {c.write(c.h(i - 1))}")
        for i in range(last, 1, -1):
            slope = f" {odot} {sigma}'({of('z', i)})"
            error = f"({of('a', i)} - y)" + (slope if "squared" in c.loss else "")
            back = f"(({of(weight, i + 1)})^T {of(delta, i + 1)}){slope}"
            grad = c.write(c.v(f"dL/da_{i - 1}"))
            add(f"{of(delta, i)} = {error if i == last else back} = {grad}")
            add(f"{c.by(of('b', i), 'C')} = {of(delta, i)} = {grad}")
            outer = f"{of(delta, i)} ({of('a', i - 1)})^T"
            add(f"{c.by(of(weight, i), 'C')} = {outer} = {c.write(c.v(f'dL/dW_{i - 1}'))}")
        return sheet

    return made


def bishop(c):
    """a^{(1)} before its activation z^{(1)}, outputs y, targets t."""
    delta, sigma, odot, *_ = c.signs()
    sheet = Sheet([f"x = {c.write(c.x, 2)}", f"t = {c.write(c.y, 2)}"])
    for i in range(1, c.depth + 1):
        sheet.given += [f"W^{{({i})}} = {c.write(c.W[i - 1], 2)}", f"b^{{({i})}} = {c.write(c.b[i - 1], 2)}"]
    add = sheet.claims.append

    def z(i):
        return "x" if i == 0 else "y" if i == c.depth else f"z^{{({i})}}"

    for i in range(1, c.depth + 1):
        add(f"a^{{({i})}} = W^{{({i})}} {z(i - 1)} + b^{{({i})}} = {c.write(c.v(f'a_{i}'))}")
        add(f"{z(i)} = {sigma}(a^{{({i})}}) = {c.write(c.h(i))}")
    for i in range(c.depth, 0, -1):
        error = "(y - t)" if i == c.depth else f"(W^{{({i + 1})}})^T {delta}^{{({i + 1})}}"
        add(f"{delta}^{{({i})}} = {error} {odot} {z(i)} {odot} (1 - {z(i)}) = {c.write(c.v(f'dL/da_{i}'))}")
        add(f"{c.by(f'W^{{({i})}}')} = {delta}^{{({i})}} ({z(i - 1)})^T = {c.write(c.v(f'dL/dW_{i}'))}")
    return sheet


@dataclass(frozen=True)
class Book:
    """What a book calls the quantities of units that it numbers through, the inputs too."""

    pre: str
    post: str
    target: str
    error: str  # of a unit: the derivative, or minus it
    minus: bool = True
    arrows: bool = False  # w_ij goes from i to j
    bias: str = "b"


BOOKS = {
    "s and o": Book("s", "o", "t", "δ", minus=False),
    "Haykin": Book("v", "y", "d", "δ"),
    "Russell and Norvig": Book("in", "a", "y", "Δ", arrows=True),
    "Mitchell": Book("net", "o", "t", "δ"),
    "Han and Kamber": Book("I", "O", "T", "Err", arrows=True, bias="θ"),
}  # fmt: skip


def book(name) -> Callable[[Case], Sheet]:
    """Units numbered through, in the names of a book."""
    names = BOOKS[name]

    def made(c):
        delta, sigma, _, dot, arrow, capital, theta = c.signs()
        d, m, k = c.sizes
        error = {"δ": delta, "Δ": capital.strip()}.get(names.error, names.error)
        sign = -1 if names.minus else 1
        sheet = Sheet([f"x_{i} = {c.write(c.x[i - 1], 2)}" for i in range(1, d + 1)])

        def node(layer, unit):
            return (0, d, d + m)[layer] + unit

        def w(layer, unit, source):
            ends = (node(layer - 1, source), node(layer, unit))
            return f"w_{{{','.join(map(str, ends if names.arrows else ends[::-1]))}}}"

        def out(layer, unit):
            return low("x" if layer == 0 else names.post, node(layer, unit))

        def bias(layer, unit):
            return low(theta if names.bias == "θ" else names.bias, node(layer, unit))

        sheet.given += [f"{low(names.target, node(2, q))} = {c.write(c.y[q - 1], 2)}" for q in range(1, k + 1)]
        for layer, unit in ((i, u) for i in (1, 2) for u in range(1, c.sizes[i] + 1)):
            W, b, sources = c.W[layer - 1][unit - 1], c.b[layer - 1][unit - 1], range(1, c.sizes[layer - 1] + 1)
            every = {w(layer, unit, j): W[j - 1] for j in sources} | {bias(layer, unit): b}
            sheet.given += [f"{key} = {c.write(value, 2)}" for key, value in every.items()]
            sheet.header += [f'"{key.replace(theta, "θ")}" = {value}' for key, value in every.items()]
            terms = " + ".join(f"{w(layer, unit, j)}{dot}{out(layer - 1, j)}" for j in sources)
            pre = low(names.pre, node(layer, unit))
            sheet.claims.append(f"{pre} = {terms} + {bias(layer, unit)} = {c.write(c.v(f'a_{layer}')[unit - 1])}")
            sheet.claims.append(f"{out(layer, unit)} = {sigma}({pre}) = {c.write(c.h(layer)[unit - 1])}")
        for q in range(1, k + 1):
            o, target = out(2, q), low(names.target, node(2, q))
            gap = f"({target} - {o})" if names.minus else f"({o} - {target})"
            value = c.write(sign * c.v("dL/da_2")[q - 1])
            sheet.claims.append(f"{low(error, node(2, q))} = {o} (1 - {o}) {gap} = {value}")
        for u in range(1, m + 1):
            back = " + ".join(f"{w(2, q, u)} {low(error, node(2, q))}" for q in range(1, k + 1))
            value = c.write(sign * c.v("dL/da_1")[u - 1])
            sheet.claims.append(f"{low(error, node(1, u))} = {out(1, u)} (1 - {out(1, u)}) ({back}) = {value}")
        for q, u in ((q, u) for q in range(1, k + 1) for u in range(1, m + 1)):
            step = f"0.5{dot}{low(error, node(2, q))}{dot}{out(1, u)}"
            new = c.write(c.new.weights[1][q - 1, u - 1])
            sheet.claims.append(f"{w(2, q, u)} {arrow} {w(2, q, u)} {'+' if names.minus else '-'} {step} = {new}")
        return sheet

    return made


def second_letters(c):
    """w_11 and b_1 of the hidden units, v_1 and c of the one output."""
    _, sigma, _, dot, *_ = c.signs()
    d, m, _ = c.sizes
    every = {f"w_{{{u}{j}}}": c.W[0][u - 1, j - 1] for u in range(1, m + 1) for j in range(1, d + 1)}
    every |= {f"b_{u}": c.b[0][u - 1] for u in range(1, m + 1)} | {f"v_{u}": c.W[1][0, u - 1] for u in range(1, m + 1)}
    every["c"] = c.b[1][0]
    sheet = Sheet([f"x_{i} = {c.write(c.x[i - 1], 2)}" for i in range(1, d + 1)] + [f"y = {c.write(c.y[0], 2)}"])
    sheet.given += [f"{key} = {c.write(value, 2)}" for key, value in every.items()]
    sheet.header = [f'"{key}" = {value}' for key, value in every.items()]
    yhat = r"\hat{y}" if c.latex else "yhat"
    add = sheet.claims.append
    for u in range(1, m + 1):
        terms = " + ".join(f"w_{{{u}{j}}}{dot}x_{j}" for j in range(1, d + 1))
        add(f"z_{u} = {terms} + b_{u} = {c.write(c.v('a_1')[u - 1])}")
        add(f"h_{u} = {sigma}(z_{u}) = {c.write(c.h(1)[u - 1])}")
    add("s = " + " + ".join(f"v_{u}{dot}h_{u}" for u in range(1, m + 1)) + f" + c = {c.write(c.v('a_2')[0])}")
    add(f"{yhat} = {sigma}(s) = {c.write(c.h(2)[0])}")
    add(f"{c.by('s', 'L')} = ({yhat} - y) {yhat} (1 - {yhat}) = {c.write(c.v('dL/da_2')[0])}")
    for u in range(1, m + 1):
        add(f"{c.by(f'v_{u}', 'L')} = {c.by('s', 'L')} {dot} h_{u} = {c.write(c.v('dL/dW_2')[0, u - 1])}")
        add(f"{c.by(f'h_{u}', 'L')} = {c.by('s', 'L')} {dot} v_{u} = {c.write(c.v('dL/dh_1')[u - 1])}")
        add(f"{c.by(f'b_{u}', 'L')} = {c.write(c.v('dL/db_1')[u - 1])}")
    add(f"{c.by('c', 'L')} = {c.write(c.v('dL/db_2')[0])}")
    return sheet


def code(columns) -> Callable[[Case], Sheet]:
    """dZ2 = A2 - Y of each example, the mean with dW2 and db2; examples are columns, or rows."""

    def made(c):
        def turned(value):
            return np.asarray(value).T if columns else np.asarray(value)

        sheet = Sheet([f"X = {c.write(turned(c.x), 2)}", f"Y = {c.write(turned(c.y), 2)}"])
        arrays = {}
        for i in range(1, c.depth + 1):
            arrays |= {f"W{i}": c.W[i - 1] if columns else c.W[i - 1].T, f"b{i}": turned(c.b[i - 1][None, :])}
        sheet.given += [f"{key} = {c.write(value, 2)}" for key, value in arrays.items()]
        add = sheet.claims.append
        for i in range(1, c.depth + 1):
            before = f"A{i - 1}" if i > 1 else "X"
            product = f"W{i} {before}" if columns else f"{before} W{i}"
            add(f"Z{i} = {product} + b{i} = {c.write(turned(c.v(f'a_{i}')))}")
            add(f"A{i} = sigmoid(Z{i}) = {c.write(turned(c.h(i)))}")
        for i in range(c.depth, 0, -1):
            before = f"A{i - 1}" if i > 1 else "X"
            back = f"(W{i + 1}^T dZ{i + 1})" if columns else f"(dZ{i + 1} W{i + 1}^T)"
            error = f"A{i} - Y" if i == c.depth else f"{back} * A{i} * (1 - A{i})"
            add(f"dZ{i} = {error} = {c.write(len(c.x) * turned(c.v(f'dL/da_{i}')))}")
            outer = f"dZ{i} {before}^T" if columns else f"{before}^T dZ{i}"
            dW = c.v(f"dL/dW_{i}")
            add(f"dW{i} = 1/m * {outer} = {c.write(dW if columns else dW.T)}")
            db = turned(c.v(f"dL/db_{i}")[None, :])
            add(f"db{i} = 1/m * np.sum(dZ{i}, axis={int(columns)}, keepdims=True) = {c.write(db)}")
        return sheet

    return made
