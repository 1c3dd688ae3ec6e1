"""What a kind of bug is, and the steps of a pass that one replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from trials.bugs.passes import Pass, values

#: what kind of public report the kinds are of that no single one is named for
KEPT = {
    "so": "Stack Overflow, questions tagged backpropagation in which a network of one's own does not learn",
    "so-relu": "Stack Overflow, questions about a backward pass with ReLU of one's own",
    "so-softmax": "Stack Overflow, questions about the derivative of softmax with the cross-entropy",
    "so-xor": "Stack Overflow, questions about a network of one's own that does not learn XOR",
    "so-batch": "Stack Overflow and Cross Validated, questions about sums and means over a mini-batch",
    "so-numpy": "Stack Overflow, questions about shapes, axes and types of NumPy arrays in a network of one's own",
    "cs231n-1": "cs231n, assignment 1 (softmax and two-layer network): public solutions and questions about them",
    "cs231n-2": "cs231n, assignment 2 (fully connected networks, dropout): public solutions and questions about them",
    "ng-ex4": "Coursera Machine Learning, exercise 4 (nnCostFunction): forum questions",
    "dlai": "deeplearning.ai course 1, weeks 3 and 4: forum questions",
    "nielsen": "questions about the code of Nielsen's Neural Networks and Deep Learning",
    "torch": "PyTorch forums, questions about gradients that are added up or not reset",
    "github": "GitHub, issues and corrections in small networks written from scratch",
}


Bug = Callable[[Pass, int], None]
R, S, T = "relu", "sigmoid", "tanh"


@dataclass(frozen=True)
class Kind:
    """One kind of bug.

    Attributes:
        id: its own name. causes: ids of mistakes that say what it is.
        apply: puts the bug into a pass, at its layer. words: what the code does.
        hidden, output: of the networks it is drawn for. source: a key of ``kinds.SOURCES``.
        deep, square, unequal, same: 3 layers or more; equal widths; never equal; as many examples as units.
        last: the bug is in the last layer. few: few examples. weighted: examples have weights.
        other_loss: the loss where it is not the usual one. base: what the right pass has as well, as dropout.
    """

    id: str
    causes: tuple[str, ...]
    apply: Bug
    words: str
    source: str
    hidden: str = "tanh"
    output: str = "softmax"
    deep: bool = False
    square: bool = False
    same: bool = False
    last: bool = False
    unequal: bool = False
    few: bool = False
    weighted: bool = False
    other_loss: str = ""
    base: Bug | None = None

    @property
    def loss(self) -> str:
        """The loss that goes with the output."""
        return self.other_loss or {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}.get(
            self.output, "half_squared_error"
        )


def slope(new: Callable[[Pass, int], np.ndarray]) -> Bug:
    def apply(p: Pass, at: int) -> None:
        right = p.slope
        p.slope = lambda i: new(p, i) if i == at else right(i)

    return apply


def error(new: Callable[[Pass], np.ndarray]) -> Bug:
    def apply(p: Pass, at: int) -> None:
        p.error = lambda: new(p)

    return apply


def step(name: str, new: Callable[[Pass, int, Callable[[int], np.ndarray]], np.ndarray], everywhere: bool = False):
    def apply(p: Pass, at: int) -> None:
        right = getattr(p, name)
        setattr(p, name, lambda i: new(p, i, right) if i == at or everywhere else right(i))

    return apply


def all(*bugs: Bug) -> Bug:
    def apply(p: Pass, at: int) -> None:
        for bug in bugs:
            bug(p, at)

    return apply


def everywhere(name: str, new: Callable[[Pass, int], np.ndarray]) -> Bug:
    """The bug in every hidden layer."""

    def apply(p: Pass, at: int) -> None:
        right = getattr(p, name)
        setattr(p, name, lambda i: new(p, i) if i < p.depth else right(i))

    return apply


def bce_through_softmax(p: Pass) -> np.ndarray:
    """The derivative of the binary cross-entropy through the Jacobian of the softmax."""
    return _through_softmax(p, (-p.y / p.h[-1] + (1 - p.y) / (1 - p.h[-1])) / p.n)


def error_through_softmax(p: Pass) -> np.ndarray:
    """yhat - y through the Jacobian of the softmax."""
    return _through_softmax(p, (p.h[-1] - p.y) / p.n)


def _through_softmax(p: Pass, e: np.ndarray) -> np.ndarray:
    return p.h[-1] * (e - (e * p.h[-1]).sum(1, keepdims=True))


def no_biases(p: Pass, at: int) -> None:
    """No bias in any layer."""
    p.pre = lambda i: p.h[i - 1] @ p.W[i].T


def another_activation(p: Pass, at: int) -> None:
    """ReLU in every hidden layer, forward and back."""
    act = p.act
    p.act = lambda i: values(R, p.a[i]) if i < p.depth else act(i)
    everywhere("slope", lambda p, i: (p.a[i] > 0) * 1.0)(p, at)


def softmax_of_examples(p: Pass, at: int) -> None:
    """The softmax over the wrong axis."""
    act = p.act
    p.act = lambda i: np.exp(p.a[i]) / np.exp(p.a[i]).sum(0) if i == p.depth else act(i)


def early(p: Pass, at: int) -> None:
    """Each layer is updated before the gradient goes on."""

    def after(i: int) -> None:
        p.W[i] = p.W[i] - p.rate * p.dW(i)

    p.after = after


def regularised(factor: Callable[[Pass], float], biases: bool = False):
    def apply(p: Pass, at: int) -> None:
        right_W, right_b = p.dW, p.db
        p.dW = lambda i: right_W(i) + factor(p) * p.W[i]
        if biases:
            p.db = lambda i: right_b(i) + factor(p) * p.b[i]

    return apply


def written_once(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    out = np.zeros_like(p.W[i])
    for n in range(p.n):
        out = np.outer(p.da[i][n], p.h[i - 1][n])
    return out


def units_short(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    out, whole = np.zeros_like(p.W[i]), right(i)
    for m in range(len(out) - 1):
        out[m] = whole[m]
    return out


def columns_short(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    out = right(i).copy()
    out[:, 0] = 0
    return out


def labels(p: Pass) -> np.ndarray:
    return p.y.argmax(1)[:, None]


def softmax_by_diagonal(p: Pass) -> np.ndarray:
    yhat = p.h[-1]
    return -p.y / yhat / p.n * yhat * (1 - yhat)


def wrong_row(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    return right(i)[::-1]


def forget_bias(p: Pass, at: int) -> None:
    right = p.pre
    p.pre = lambda i: p.h[i - 1] @ p.W[i].T if i == at else right(i)


def other_forward(name: str):
    def apply(p: Pass, at: int) -> None:
        right = p.act
        p.act = lambda i: values(name, p.a[i]) if i == at else right(i)

    return apply


def cumulated(p: Pass, i: int, right: Callable[[int], np.ndarray]) -> np.ndarray:
    return right(i) * 2


def in_the_loop(p: Pass, at: int) -> None:
    """A step after each example, while the gradients are added up."""

    def added() -> dict[str, np.ndarray]:
        W, b, total = [*p.W], [*p.b], dict[str, np.ndarray]()
        for n in range(p.n):
            own = Pass(replace(p.s, x=p.s.x[n : n + 1], y=p.s.y[n : n + 1], weights=np.ones(1), units=False))
            own.W, own.b = [*W], [*b]
            for name, one in own.run().items():
                total[name] = total.get(name, 0.0) + one / p.n
                arrays, i = (W if "W" in name else b), int(name.rpartition("_")[2])
                arrays[i] = arrays[i] - p.rate * one
        return total

    p.dW, p.db = lambda i: added()[f"dL/dW_{i}"], lambda i: added()[f"dL/db_{i}"]


def not_reset(p: Pass, at: int) -> None:
    """The gradients of two steps, added up."""

    def added() -> dict[str, np.ndarray]:
        first = Pass(replace(p.s, units=False)).run()
        second = Pass(replace(p.s, units=False))
        for name, one in first.items():
            arrays, i = (second.W if "W" in name else second.b), int(name.rpartition("_")[2])
            arrays[i] = arrays[i] - p.rate * one
        return {name: one + first[name] for name, one in second.run().items()}

    p.dW, p.db = lambda i: added()[f"dL/dW_{i}"], lambda i: added()[f"dL/db_{i}"]


def shifted_columns(p: Pass, i: int) -> np.ndarray:
    """Beside the weights stand the biases as a last column, and the first column is dropped."""
    return np.c_[p.W[i + 1], p.b[i + 1]][:, 1:]


def shares_of_weights(p: Pass, i: int) -> np.ndarray:
    """Each unit's error divided among those before it in the proportion of the weights."""
    return p.W[i + 1] / p.W[i + 1].sum(1, keepdims=True)
