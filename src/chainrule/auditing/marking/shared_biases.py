"""One bias for all units of a layer: whether a sheet means it so, by its header and by what its lines claim."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.auditing.model.claims import claimed_quantity
from chainrule.auditing.model.problem import Problem
from chainrule.formula import tree as t
from chainrule.network.names import Derivative, Quantity
from chainrule.sheets.lines import Line


def shared_layers(problem: Problem, lines: tuple[Line, ...], given: frozenset[int]) -> frozenset[int]:
    """The layers, counted from 1, whose units have one bias between them.

    A line that claims one number for ``b_1'`` or ``dL/db_1`` says so, where the header's biases of the layer are equal;
    so does a header with one number, unless lines claim a number for each unit.

    Args:
        given: layers for which the header gives one number.
    """
    numbers: set[int] = set()
    lists: set[int] = set()
    for layer, single in _claimed(lines, problem):
        (numbers if single else lists).add(layer)
    equal = {i for i, b in enumerate(problem.network.biases, 1) if len(b) > 1 and (b == b[0]).all()}
    return frozenset((equal & numbers) | (given - lists))


def in_words(shared: frozenset[int]) -> tuple[str, ...]:
    """What a report says of layers that share one bias."""
    words = (f"the units of layer {i} have one bias between them: its derivative is the sum" for i in sorted(shared))
    return tuple(words)


def _claimed(lines: tuple[Line, ...], problem: Problem) -> Iterator[tuple[int, bool]]:
    """(layer, whether it is one number) of each claim of a layer's biases after updates, or of their derivative."""
    for line in lines:
        symbol = claimed_quantity(line, problem.sizes)
        name = symbol.name if isinstance(symbol, t.Timed) else symbol
        quantity = name.wrt if isinstance(name, Derivative) else name if isinstance(symbol, t.Timed) else None
        if not isinstance(quantity, Quantity) or quantity.symbol != "b" or quantity.layer is None:
            continue
        trees = [part.tree for part in line.parts[1:] if part.tree is not None]
        if quantity.index:
            yield quantity.layer, False
        elif trees and isinstance(trees[-1], t.Number | t.Neg | t.Array | t.Transpose):
            yield quantity.layer, not isinstance(trees[-1], t.Array | t.Transpose)
