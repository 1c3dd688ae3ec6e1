"""Diagnosis: which mistake is behind a wrong line, best first.

A line is replayed from the author's own earlier lines with each mistake of the table in turn, at the line's own
equation and at those between it and the nearest lines written; then its digits are looked at, and its formulas.
"""

from __future__ import annotations

from dataclasses import replace

from chainrule.auditing.diagnosis import by_digits
from chainrule.auditing.diagnosis.by_equation import by_equation
from chainrule.auditing.diagnosis.by_formula import explain_formula
from chainrule.auditing.diagnosis.by_targets import by_targets
from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.marking.mark import MOST, Candidate, Mark
from chainrule.auditing.marking.state import SheetState


def diagnose(state: SheetState, mark: Mark) -> Mark:
    """A wrong line with the mistakes that explain it, and its wrong formulas with theirs."""
    formulas = tuple(
        replace(f, found=tuple(explain_formula(state, mark.claim, f.part)[:MOST]))
        if f.kind == "formula" and f.verdict == "wrong"
        else f
        for f in mark.formulas
    )
    mark = replace(mark, formulas=formulas)
    slips = by_digits.operand_slips(mark)
    if any(slip.sure and slip.known for f in formulas for slip in f.slips):
        return replace(mark, candidates=tuple(slips))
    shown = [found for f in formulas for found in f.found]
    found: list[Candidate] = []
    if mark.value is not None and mark.value.verdict == "wrong":
        chance = Chance(mark.value, state.both)
        for aim in by_digits.aims(state, mark, mark.value):
            chance.of(-aim)  # the sign is what people lose first
        found = by_equation(state, mark.claim, mark.value, chance)
        exact = any(c.exact and not c.contradicted for c in found)
        find = by_digits.whole if exact else by_digits.candidates
        found += [] if exact else slips
        found += find(state, mark, mark.value, chance)
        found = [c for c in found if not c.contradicted] or found
        if targets := list(by_targets(state, mark, mark.value, chance)):
            found = [*targets, *(c for c in found if c.distance == 0)]  # nothing before the line is needed
    ids = [f.id for f in shown]
    found = [replace(c, named=True, chance=0.0) if c.found.id in ids else c for c in found]
    found.sort(key=lambda c: (ids.index(c.found.id) if c.named else len(ids), *c.key))
    known = {c.found.id for c in found}
    found += [Candidate(f, None, True, 0, structural=True) for f in shown if f.id not in known]
    if not found:
        found = [Candidate(by_digits.last_resort(mark), None, False, 0, structural=True)]
    return replace(mark, candidates=tuple(found))
