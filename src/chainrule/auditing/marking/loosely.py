"""Formulas whose shapes do not fit as they stand: loose writing, ``δ_1 x`` for ``δ_1 x^T``, or a wrong formula."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.world import NumbersOnly, World, value_of
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.names import Derivative, Quantity

MOST = 64  # ways of reading one formula
TOLERANCE = 1e-7


def misfits(state: SheetState, claim: LineClaim, tree: t.Expr) -> bool:
    """Whether no way of transposing, multiplying by entries or turning round its products gives what a line claims.

    Formulas of a batch, with single units, or with derivatives of one layer by another, which have no shape that all
    agree on, are never said not to fit.
    """
    if state.problem.n > 1 or claim.place is None or not all(map(_is_whole, t.refs(tree))):
        return False
    try:
        return not any(_holds(state, claim, other) for other in _readings(tree))
    except NumbersOnly:
        return False


def needs_turning(state: SheetState, claim: LineClaim, tree: t.Expr) -> bool:
    """Whether a formula with a weight matrix gives what a line claims only once the matrix is turned.

    To turn a vector, or to multiply by entries, is loose writing; a matrix's transpose is more often forgotten.
    """
    if claim.place is None or not any(is_weights(state, node) for node in _nodes(tree)):
        return False
    if state.problem.n > 1 or not all(map(_is_whole, t.refs(tree))):
        return True
    turned = set(_turned_matrices(state, tree))
    try:
        ways = (way for way in _readings(tree) if set(_turned_matrices(state, way)) == turned)
        return not any(_holds(state, claim, way) for way in ways)
    except NumbersOnly:
        return False


def _turned_matrices(state: SheetState, tree: t.Expr) -> Iterator[t.Expr]:
    """The weight matrices of several rows and columns of which the transpose stands in a formula."""
    if isinstance(tree, t.Transpose) and is_weights(state, tree.item):
        yield tree.item
    for part in t.children(tree):
        yield from _turned_matrices(state, part)


def is_weights(state: SheetState, tree: t.Expr) -> bool:
    """Whether it is the name of a layer's whole matrix, of several rows and columns."""
    name = tree.name if isinstance(tree, t.Ref) else None
    name = name.name if isinstance(name, t.Timed) else name
    if not isinstance(name, Quantity) or name.symbol != "W" or name.index:
        return False
    shapes = [W.shape for W in state.problem.network.weights]
    return name.layer is not None and 0 < name.layer <= len(shapes) and 1 not in shapes[name.layer - 1]


def means_outer(state: SheetState, claim: LineClaim, tree: t.Expr) -> bool:
    """Whether a formula gives what a line claims of weights once ``δ_1 x`` is the outer product of two vectors.

    Where both are as long, their product is one number as it stands.
    """
    if state.problem.n > 1:
        return False
    try:
        other = _outer(tree)
        return other != tree and _holds(state, claim, other)
    except NumbersOnly:
        return False


def _outer(tree: t.Expr) -> t.Expr:
    """The formula with every product of two vectors, and numbers, as their outer product."""
    tree = t.with_children(tree, tuple(map(_outer, t.children(tree))))
    vectors = [factor for factor in tree.factors if _is_vector(factor)] if isinstance(tree, t.Mul) else []
    if not isinstance(tree, t.Mul) or len(vectors) != 2 or tree.factors[-1] is not vectors[1]:
        return tree
    return t.Mul((*tree.factors[:-1], t.Transpose(vectors[1])))


def _is_vector(tree: t.Expr) -> bool:
    """Whether it is the name of a vector of a layer, or of a derivative by one."""
    if not isinstance(tree, t.Ref) or not _is_whole(tree.name) or tree.name == "eta":
        return False
    return not t.is_matrix(tree.name) and not isinstance(tree.name, t.Slope)


def _is_whole(symbol: t.Symbol) -> bool:
    """A vector or a matrix of a layer, or its gradient; where single units stand beside them, names are in doubt."""
    name = symbol.name if isinstance(symbol, t.Timed) else symbol
    name = name.name if isinstance(name, t.Delta) else name
    if isinstance(name, Derivative):
        return name.of.symbol == "L" and not name.wrt.index
    return symbol == "eta" or isinstance(name, t.Slope) or (isinstance(name, Quantity) and not name.index)


def _holds(state: SheetState, claim: LineClaim, tree: t.Expr) -> bool:
    try:
        return all(_agrees(state, claim, tree, world) for world in state.worlds)
    except (InputError, ArithmeticError):
        return False


def _agrees(state: SheetState, claim: LineClaim, tree: t.Expr, world: World) -> bool:
    due = np.asarray(state.due(claim, world), dtype=float)
    value = np.asarray(value_of(tree, state.lookup(world)), dtype=float)
    if value.size != due.size:
        return False
    scale = max(float(np.abs(due).max(initial=0.0)), 1e-12)
    return any(
        bool((np.abs(one.ravel() - due.ravel()) <= TOLERANCE * scale).all())
        for one in ((value, value.T) if value.ndim == 2 else (value,))
    )


def _readings(tree: t.Expr) -> Iterator[t.Expr]:
    """The ways to read the products of a formula, at most 64."""
    if tree != (one := without_sums(tree)):
        yield one  # over the examples, of which there is one
    products = sum(isinstance(node, t.Mul) for node in _nodes(tree))
    ways = ("plain", "left", "right", "both", "entries", "turned")
    for count, choice in enumerate(product(ways, repeat=min(products, 2))):
        if count >= MOST:
            return
        yield _read(tree, list(choice))


def without_sums(tree: t.Expr) -> t.Expr:
    """The formula with what stands under its sums alone: of one example there is nothing to add."""
    tree = t.with_children(tree, tuple(map(without_sums, t.children(tree))))
    is_sum = isinstance(tree, t.Call) and tree.function in ("sum", "sum_rows", "sum_columns", "mean")
    return tree.arguments[0] if is_sum and isinstance(tree, t.Call) else tree


def _nodes(tree: t.Expr) -> Iterator[t.Expr]:
    yield tree
    for part in t.children(tree):
        yield from _nodes(part)


def _read(tree: t.Expr, choice: list[str]) -> t.Expr:
    """The formula with its products read one after another as chosen, the rest as they stand."""
    if not isinstance(tree, t.Mul) or not choice:
        return t.with_children(tree, tuple(_read(part, choice) for part in t.children(tree)))
    way = choice.pop(0)
    factors = tuple(_read(part, choice) for part in tree.factors)
    numbers = tuple(f for f in factors if isinstance(f, t.Number))
    arrays: list[t.Expr] = [f for f in factors if not isinstance(f, t.Number)]
    if len(arrays) < 2 or way == "plain":
        return t.Mul(factors)
    first, last = arrays[0], arrays[-1]
    match way:
        case "left":
            arrays[0] = _transposed(first)
        case "right":
            arrays[-1] = _transposed(last)
        case "both":
            arrays[0], arrays[-1] = _transposed(first), _transposed(last)
        case "turned":
            arrays.reverse()
            arrays[-1] = _transposed(arrays[-1])
        case _:
            whole: t.Expr = t.Hadamard(tuple(arrays))
            return t.Mul((*numbers, whole)) if numbers else whole
    return t.Mul((*numbers, *arrays))


def _transposed(tree: t.Expr) -> t.Expr:
    return tree.item if isinstance(tree, t.Transpose) else t.Transpose(tree)
