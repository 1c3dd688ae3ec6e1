"""The backward pass: the derivative of one node by every node below it, in one go from the top down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from chainrule.explanation.graph.nodes import Nodes


def above(nodes: Nodes, order: Iterable[int], wrt: Collection[int]) -> set[int]:
    """Of nodes in order, those in ``wrt`` and those made from them."""
    found: set[int] = set()
    for node in order:
        if node in wrt or any(part in found for part in nodes.parts[node]):
            found.add(node)
    return found


def adjoints(
    nodes: Nodes, of: int, wrt: Collection[int] | None = None, through: Callable[[int], bool] = lambda node: True
) -> dict[int, int]:
    """For each node on a way from ``wrt`` to ``of``, the node of d(of)/d(it).

    Args:
        wrt: None takes all below.
        through: where it refuses a node, the pass ends there, as at an input.
    """
    order = nodes.below([of], through)
    wanted = set(order) if wrt is None else above(nodes, order, wrt)
    terms: dict[int, list[int]] = {of: [nodes.one]} if of in wanted else {}
    found: dict[int, int] = {}
    for node in reversed(order):
        if node not in terms:
            continue
        found[node] = back = _sum(nodes, terms.pop(node))
        if not through(node):
            continue
        for place, part in enumerate(nodes.parts[node]):
            if part in wanted and nodes.kinds[part] not in ("number", "constant"):
                terms.setdefault(part, []).append(nodes.times(back, nodes.slope(node, place)))
    return found


def _sum(nodes: Nodes, terms: list[int]) -> int:
    return terms[0] if len(terms) == 1 else nodes.add(terms)
