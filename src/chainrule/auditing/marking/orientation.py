"""Which way round the matrices of a sheet stand: one formula that needs them the other way is a forgotten transpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chainrule.auditing.marking.loosely import is_weights
from chainrule.auditing.marking.mark import FormulaMark, Mark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.records import ACCEPTED
from chainrule.formula import tree as t

FORWARD = ("a", "h")


def one_way_round(state: SheetState, marks: Sequence[Mark]) -> list[Mark]:
    """The marks, undecided where a right number stands behind a product that needs W the other way round.

    The forward pass says which way the matrices stand; without its formulas, most of the others do.
    """
    found = [(mark, formula) for mark in marks for formula in _with_matrices(state, mark)]
    forward = [(mark, formula) for mark, formula in found if mark.node is not None and mark.node.kind in FORWARD]
    ways = [formula.rows for _, formula in forward or found]
    if not ways or 2 * sum(ways) == len(ways):
        return list(marks)
    usual = 2 * sum(ways) > len(ways)
    shows = next(mark for mark, formula in forward or found if formula.rows == usual)
    turned = {id(mark): formula for mark, formula in found if formula.rows != usual and mark.verdict in ACCEPTED}
    return [
        replace(mark, verdict="undecided", why=_words(turned[id(mark)], shows)) if id(mark) in turned else mark
        for mark in marks
    ]


def _words(formula: FormulaMark, shows: Mark) -> str:
    return (
        f"the number is right, but {formula.part.text} needs the transpose of a matrix "
        f"as it stands in line {shows.number}: is a transpose missing, or one too many?"
    )


def _with_matrices(state: SheetState, mark: Mark) -> Iterator[FormulaMark]:
    """The right formulas of a line about units in which a weight matrix is multiplied with something."""
    if mark.node is None or mark.node.kind not in (*FORWARD, "da", "dh"):
        return
    for formula in mark.formulas:
        if formula.kind == "formula" and formula.verdict == "right" and _multiplies(state, formula.part.tree):
            yield formula


def _multiplies(state: SheetState, tree: t.Expr) -> bool:
    """Whether a product has a whole weight matrix in it."""
    if isinstance(tree, t.Mul):
        items = (factor.item if isinstance(factor, t.Transpose) else factor for factor in tree.factors)
        if any(is_weights(state, item) for item in items):
            return True
    return any(_multiplies(state, part) for part in t.children(tree))
