"""The table of mistakes: each is one wrong equation in place of a right one, at every layer where it makes sense.

Ids and words follow collections of mistakes that people publish. A rule takes a replay (of numbers or intervals)
and the node whose equation it replaces; i is the node's layer, L the last.

A new one is a row in ``forward``, ``output`` or ``parameters``, nothing else: where several fit a line they are named
in the order of the rows, the trials plant every row, and ``tools/gallery.py`` and ``tools/exercises.py`` write the
documentation anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.auditing.mistakes.forward import FORWARD
from chainrule.auditing.mistakes.output import OUTPUT
from chainrule.auditing.mistakes.parameters import PARAMETERS
from chainrule.auditing.mistakes.table import Mistake
from chainrule.auditing.model.problem import Problem

#: every row; an id may stand in several, for several kinds of node
MISTAKES: tuple[Mistake, ...] = (*FORWARD, *OUTPUT, *PARAMETERS)


def applicable(problem: Problem, kinds: set[str] | None = None) -> Iterator[tuple[Mistake, int]]:
    """Every mistake with every layer at which it makes sense in this network."""
    for mistake in MISTAKES:
        if kinds is not None and mistake.kind not in kinds:
            continue
        for layer in layers_of(mistake.kind, problem.depth):
            if mistake.fits(problem, layer):
                yield mistake, layer


def layers_of(kind: str, depth: int) -> range:
    """The layers at which a kind of node exists: L stands at 0, dL/dx at 0."""
    if kind == "L":
        return range(1)
    if kind == "J":
        return range(depth, depth + 1)
    return range(0 if kind == "dh" else 1, depth + 1)


__all__ = ["MISTAKES", "Mistake", "applicable", "layers_of"]
