"""Parts of the loss under names of the author's: ``E_o1 = 1/2*(0.8 - 0.7256)^2``, one for each output."""

from __future__ import annotations

import numpy as np

from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.model.world import NameValues, NumbersOnly, value_of
from chainrule.auditing.model.written_out import WrittenOut, output_of_part
from chainrule.errors import InputError
from chainrule.formula import tree as t

_NEAR = 0.1  # relative: how far a number may be from the part that it stands for


def part_of_loss(problem: Problem, claim: LineClaim, worlds: tuple[NameValues, ...]) -> t.Expr | None:
    """The term of the loss that a name of the author's stands for, by its word, its index and its number.

    Args:
        worlds: what names are worth, in truth and by the author's own lines.
    """
    output = output_of_part(claim.own, problem)
    if not output:
        return None
    if claim.numbers is None or claim.numbers.value.size != 1:
        return None
    written, unit = float(claim.numbers.value.ravel()[0]), float(claim.numbers.unit.ravel()[0])
    term = WrittenOut(problem).loss_of(output - 1)
    for names in worlds:
        try:
            value = float(np.asarray(value_of(term, names)).ravel()[0])
        except (InputError, NumbersOnly, ArithmeticError, ValueError):
            continue
        if abs(value - written) <= unit + _NEAR * abs(value):
            return term
    return None
