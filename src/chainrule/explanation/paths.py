"""Paths from a weight, a bias, a unit or an input to the loss: their sum, their number, the largest.

A path is a chain of units; its product is the product of the derivatives along its edges; the gradient is the
sum over all paths. None is ever listed to find that out: sums, counts and the k largest go layer by layer.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.path_records import Path, Paths
from chainrule.network import names, pairs
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward, backward
from chainrule.network.forward import forward
from chainrule.network.names import LOSS, Derivative, Notation, Quantity
from chainrule.network.network import Network


def paths(
    network: Network, x: Any, y: Any, name: str, top: int = 10, notation: Notation | None = None, *,
    sample_weight: Any = None, shortcuts: bool = False,
) -> Paths:  # fmt: skip
    """All paths from one number of the network to the loss.

    Args:
        network, x, y, sample_weight: one example, as for ``Network.backward``.
        name: the derivative of the loss by one weight, bias, unit or input, such as ``dL/dW_131``.
        top: how many of the largest paths to list.
        shortcuts: take the declared pair of output and loss as one edge from a_L to L. Where the long way
            loses its digits (a probability next to 0 or 1) this is done in any case; ``direct`` says so.

    Raises:
        InputError: an unknown name, a vector or a matrix, a batch, input that does not fit.

    >>> net = cr.Network([[[1.0, 2.0], [0.0, -1.0]], [[1.0, -1.0]]], [[0.0, 0.0], [0.5]], "relu", "identity",
    ...                  "half_squared_error")
    >>> found = cr.paths(net, [1.0, 1.0], [1.0], "dL/dx_1")
    >>> found.total, found.count, found.alive
    (2.5, 2, 1)
    >>> " -> ".join(found.paths[0].nodes)
    'x_1 -> a_11 -> h_11 -> a_21 -> yhat_1 -> L'
    """
    quantity, written = names.find(name, network.sizes)
    if not isinstance(quantity, Derivative) or quantity.of != LOSS or not quantity.wrt.is_component:
        what = "the derivative of L by one number, such as dL/dW_111 or dL/dx_1"
        raise InputError(f"name {name!r}", what, "another quantity, or a whole vector or matrix")
    if top < 0:
        raise InputError("top", "0 or more", str(top))
    f = forward(network, x)
    if not f.single:
        raise InputError("x", f"one example, shape ({network.sizes[0]},)", f"a batch, shape {f.x.shape}")
    b = backward(f, y, sample_weight, shortcuts=False)
    from_yhat = quantity.wrt.symbol == "yhat"
    if from_yhat and not np.isfinite(b.grad_yhat).all():
        raise InputError(f"name {name!r}", "a finite derivative", "an infinite one (a probability is 0)")
    layers = _Layers.of(b, shortcuts and not from_yhat, may_be_direct=not from_yhat)
    found = layers.answer(quantity, top, notation or written)
    if not np.isfinite([found.total, found.absolute]).all():
        raise InputError(f"name {name!r}", "a finite derivative", f"a sum over paths that is {found.total}")
    return found


@dataclass(frozen=True, eq=False)
class _Edges:
    """The edges from one row of nodes to the next one towards the loss.

    ``factors``: (nodes after, nodes before), or (nodes,) where each node leads to its own successor only.
    """

    before: Quantity
    after: Quantity
    factors: Array


@dataclass(frozen=True, eq=False)
class _Layers:
    """The network as rows of nodes, from the loss back to the input."""

    network: Network
    h: tuple[Array, ...]
    edges: tuple[_Edges, ...]
    direct: bool

    @classmethod
    def of(cls, b: Backward, shortcuts: bool, may_be_direct: bool) -> _Layers:
        """Rows of a backward pass that went the long way; one edge from a_L to L where that loses its digits."""
        network, f, depth = b.forward.network, b.forward, b.forward.network.depth
        pair = backward(f, b.y[0], b.coefficients) if pairs.shortcut(network.loss, network.output) else None
        direct = may_be_direct and pair is not None and (shortcuts or _lost(b.grad_a[-1], pair.grad_a[-1]))
        if direct:
            assert pair is not None
            edges = [_Edges(Quantity("a", depth), LOSS, _row(pair.grad_a[-1]))]
        else:
            edges = [_Edges(Quantity("yhat"), LOSS, _row(b.grad_yhat))]
        for stage in reversed(network.stages[:-1] if direct else network.stages):
            derivative = f.derivative(stage)
            factors = derivative if stage.kind == "affine" else derivative[0]
            edges.append(_Edges(stage.before, stage.after, factors.astype(float)))
        return cls(network, tuple(layer.astype(float) for layer in f.h), tuple(edges), direct)

    def answer(self, quantity: Derivative, top: int, way: Notation) -> Paths:
        """Walk back to the row of the quantity, with sums, counts and the largest paths of every node."""
        wrt = quantity.wrt
        row = Quantity("a", wrt.layer) if wrt.symbol in "Wb" else wrt.whole
        total, absolute = np.ones(1), np.ones(1)
        count, alive = [1], [1]
        best: list[list[_Chain]] = [[_Chain(1.0, 0, None)]]
        for edges in self.edges if row != LOSS else ():
            factors = edges.factors
            if factors.ndim == 1:
                total, absolute = total * factors, absolute * np.abs(factors)
                alive = [n if d else 0 for n, d in zip(alive, factors, strict=True)]
                best = [[_Chain(c.product * d, j, c) for c in best[j]] for j, d in enumerate(factors.tolist())]
            else:
                total, absolute = total @ factors, absolute @ np.abs(factors)
                width = factors.shape[1]
                alive = _alive(alive, factors)
                count = [sum(count)] * width
                best = _best(best, factors, top)
            if edges.before == row:
                break
        else:
            if row != LOSS:
                raise AssertionError(f"no row {row}")
        unit = wrt.index[0] - 1
        last = self._last_factor(wrt)
        chains = sorted(best[unit], key=lambda c: -abs(c.product * last))[:top]
        found = tuple(self._path(chain, wrt, last, way) for chain in chains)
        sums = float(total[unit] * last), count[unit], alive[unit] if last else 0, float(absolute[unit] * abs(last))
        return Paths(self.network, quantity, *sums, found, way, self.direct)

    def _last_factor(self, wrt: Quantity) -> float:
        """da_im/dW_imj = h_{i-1,j}; 1 for a bias; no edge at all for a unit."""
        if wrt.symbol != "W":
            return 1.0
        assert wrt.layer is not None
        return float(self.h[wrt.layer - 1][0, wrt.index[1] - 1])

    def _path(self, chain: _Chain, wrt: Quantity, last: float, way: Notation) -> Path:
        """The units of a chain under their names, with the factor of each edge."""
        units = []
        link: _Chain | None = chain
        while link is not None:
            units.append(link.unit)
            link = link.onward
        rows = [LOSS, *(edges.before for edges in self.edges)][: len(units)][::-1]
        nodes = [row if row == LOSS else row.at((u + 1,)) for row, u in zip(rows, units, strict=True)]
        factors = []
        for position, edges in enumerate(self.edges[: len(units) - 1][::-1]):
            before, after = units[position], units[position + 1]
            factors.append(float(edges.factors[before] if edges.factors.ndim == 1 else edges.factors[after, before]))
        if wrt.symbol in "Wb":
            nodes.insert(0, wrt)
            factors.insert(0, last)
        return Path(tuple(nodes), tuple(factors), float(np.prod(factors)) if factors else 1.0, way)


@dataclass(frozen=True, slots=True)
class _Chain:
    """A path from a unit to the loss: its product, the unit, and the rest of the path."""

    product: float
    unit: int
    onward: _Chain | None


def _lost(long_way: Array, pair: Array) -> bool:
    """Whether the long way through the probabilities differs from the pair's gradient by more than rounding."""
    tolerance = 1e-9 if pair.dtype == np.float64 else 1e-3
    with np.errstate(invalid="ignore"):
        return not bool((np.abs(long_way - pair) <= tolerance * np.abs(pair).max(initial=0.0)).all())


def _row(gradient: Array) -> Array:
    """The edges to the loss: one row (1, k)."""
    row: Array = gradient[:1].astype(float)
    return row


def _alive(alive: list[int], factors: Array) -> list[int]:
    """Paths without a factor 0, for each node before; exact whole numbers of any size."""
    leads = factors != 0
    if leads.all():
        return [sum(alive)] * factors.shape[1]
    return [sum(n for n, lead in zip(alive, column, strict=True) if lead) for column in leads.T.tolist()]


def _best(best: list[list[_Chain]], factors: Array, top: int) -> list[list[_Chain]]:
    """The ``top`` largest paths of each node before, from those of the nodes after.

    The best of a node is among the best ``top`` of its successors, so ``top`` successors by their own best are
    enough to look at.
    """
    if top == 0:
        return [[] for _ in range(factors.shape[1])]
    firsts = np.array([abs(chains[0].product) if chains else -1.0 for chains in best])
    sizes = np.abs(factors) * firsts[:, None]
    keep = min(top, len(best))
    order = np.argpartition(-sizes, keep - 1, axis=0)[:keep].T.tolist()
    found = []
    for j, successors in enumerate(order):
        column = factors[:, j]
        candidates = (
            _Chain(chain.product * float(column[m]), j, chain) for m in sorted(successors) for chain in best[m]
        )
        found.append(heapq.nlargest(top, candidates, key=lambda c: abs(c.product)))
    return found
