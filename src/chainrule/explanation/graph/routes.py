"""The paths between two variables: counted, and the largest found, without ever being listed."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

Chain = tuple[int, ...]  # variables, from the one below to the one above
Onward = Mapping[int, Sequence[int]]  # variable -> those whose formulas use it


def count(order: Sequence[int], onward: Onward, wrt: int, of: int) -> int:
    """How many paths lead from ``wrt`` to ``of``, exactly.

    Args:
        order: the variables on such paths, each after those it uses.
    """
    ways = {wrt: 1}
    for node in order:
        for above in onward.get(node, ()):
            ways[above] = ways.get(above, 0) + ways.get(node, 0)
    return ways.get(of, 0)


def first(onward: Onward, wrt: int, of: int, most: int) -> list[Chain]:
    """The first paths, in the order of the formulas; every variable of ``onward`` leads to ``of``."""
    return list(islice(_chains(onward, wrt, of), most))


def _chains(onward: Onward, wrt: int, of: int) -> Iterator[Chain]:
    stack: list[Chain] = [(wrt,)]
    while stack:
        chain = stack.pop()
        if chain[-1] == of:
            yield chain
        else:
            stack += [(*chain, above) for above in reversed(onward.get(chain[-1], ()))]


def largest(
    order: Sequence[int], onward: Onward, factors: Mapping[tuple[int, int], Any], wrt: int, of: int, most: int
) -> list[Chain]:
    """The paths with the largest absolute products, largest first: at each variable the best ways to it are kept.

    Args:
        factors: (below, above) -> the derivative along an edge.
    """
    best: dict[int, list[tuple[Any, Any]]] = {wrt: [(1, (wrt, None))]}
    coming: dict[int, list[int]] = {}
    for node in order:
        for above in onward.get(node, ()):
            coming.setdefault(above, []).append(node)
    for node in order:
        if node == wrt:
            continue
        ways = [
            [(product * abs(factors[below, node]), way) for product, way in best[below]]
            for below in coming.get(node, ())
        ]
        merged = heapq.merge(*ways, key=lambda way: way[0], reverse=True)
        best[node] = [(product, (node, way)) for product, way in islice(merged, most)]
    return [_unrolled(way) for _, way in best.get(of, [])]


def _unrolled(way: Any) -> Chain:
    found = []
    while way is not None:
        node, way = way
        found.append(node)
    return tuple(reversed(found))
