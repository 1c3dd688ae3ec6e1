"""Marking: each line held against the truth and against what the author's own earlier lines give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from chainrule.auditing.marking.carry_forward import write
from chainrule.auditing.marking.dependencies import sources
from chainrule.auditing.marking.formulas import HERE_ALONE, mark_arithmetic, mark_formula, shown
from chainrule.auditing.marking.mark import BAD, BY_CHANCE, Adopted, FormulaMark, Mark, NumberMark
from chainrule.auditing.marking.numbers import WrongShape, mark_numbers
from chainrule.auditing.marking.operands import with_operands
from chainrule.auditing.marking.passes import (
    EARLIER,
    ONE_OF_BATCH,
    OTHER_EXAMPLE,
    examples_of,
    is_of_earlier_pass,
    with_given,
)
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.marking.times import at_its_time
from chainrule.auditing.marking.witnesses import contradicted, either, is_false
from chainrule.auditing.model.claims import LineClaim, QuantityPlace
from chainrule.auditing.model.digits import EXACT, MOST_DECIMALS, Numbers
from chainrule.auditing.model.effort import Spent
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import NumbersOnly, value_of
from chainrule.auditing.records import ACCEPTED, Verdict
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Name

NOT_ROUNDED = "each of its numbers is exact, and still it is not what it should be: what they stand for is not known"
MISREAD = "the number is right; its formula, as it is read here, gives another"
ANY_PARAMETER = "a rule for any parameter: it claims nothing about this network"
ONE_OFF = "some of its numbers are one off in the last digit: a rounding of earlier steps, or a slip"
PUT_IN = "right from the rounded numbers that you put in"
MOST_ADOPTED = 6  # mistakes of one line that later lines are tried with

#: gives a wrong line the mistakes that explain it
Diagnose = Callable[[SheetState, Mark], Mark]


def mark_sheet(
    state: SheetState, diagnose: Diagnose | None = None, claims: Iterable[LineClaim] | None = None
) -> SheetState:
    """Mark every line, in order; or claims that come from elsewhere. Gives the state with all marks.

    Args:
        diagnose: explains wrong lines; None only marks.
    """
    left = state.effort.left
    for claim in state.reader.claims(state.lines) if claims is None else claims:
        state.marks.append(_in_its_sentence(_of_its_example(state, claim, diagnose)))
    state.spent = state.effort.spent_since(left)
    roots = {a.mark for a in state.adopted}
    state.marks = [_by_votes(mark, state.marks) if mark in roots else mark for mark in state.marks]
    return state


def _of_its_example(state: SheetState, claim: LineClaim, diagnose: Diagnose | None) -> Mark:
    """The mark of a line of the pass and the example that it is about."""
    with_given(state, claim)
    alone, only = examples_of(state, claim)
    if not only:
        claim = at_its_time(state, claim)
        only = bool(alone) and claim.place is not None and not _is_right(state, claim)
    for one in alone if only else ():
        mark = _mark(one, at_its_time(one, claim), None) if _is_right(one, claim) else None
        if mark is not None and mark.verdict in ACCEPTED:
            one.marks.append(mark)
            state.views[id(claim.line)] = one
            return mark
    if only and alone and claim.place is not None and claim.place.examples:
        return Mark(claim, why=ONE_OF_BATCH)
    mark = _mark(state, claim, diagnose)
    if mark.verdict not in (*BAD, "unreadable"):
        return mark
    if (other := contradicted(state, mark)) is not None:
        return replace(mark, verdict="undecided", why=either(other))
    if state.further and not claim.error and not any(is_false(f, mark) for f in mark.formulas):
        return replace(mark, verdict="undecided", why=OTHER_EXAMPLE)
    return replace(mark, verdict="undecided", why=EARLIER) if is_of_earlier_pass(state, mark) else mark


def _is_right(state: SheetState, claim: LineClaim) -> bool:
    """Whether a line comes out as it stands, and nothing is kept of it."""
    assert claim.numbers is not None
    try:
        return mark_numbers(state, claim, claim.numbers).verdict in ACCEPTED
    except (InputError, NumbersOnly):
        return False


def _in_its_sentence(mark: Mark) -> Mark:
    """The mark, undecided where the sentence of the line leaves open what is claimed."""
    line = mark.claim.line
    is_bad = mark.verdict in (*BAD, "unreadable")
    why = line.open or (line.doubt if is_bad else "")
    return Mark(mark.claim, why=why) if why and not line.blank else mark


def _by_votes(root: Mark, marks: list[Mark]) -> Mark:
    """Of several mistakes that explain a root, the one by which later lines follow comes first."""
    votes = [m.value.via for m in marks if m.value is not None and m.value.root is root and m.verdict in BAD]
    counted = [(sum(v is c for v in votes), c) for c in root.candidates]
    counted.sort(key=lambda pair: -pair[0])
    # each line that comes out by a mistake speaks for it as the digits of one more line do
    return replace(root, candidates=tuple(replace(c, chance=c.chance * BY_CHANCE**n) for n, c in counted))


def _mark(state: SheetState, claim: LineClaim, diagnose: Diagnose | None) -> Mark:
    if claim.line.blank:
        return Mark(claim, why="not filled in yet")
    if claim.error:
        return Mark(claim, "unreadable", claim.error)
    if _is_rule(claim):
        return Mark(claim, why=ANY_PARAMETER)
    try:
        return _read_mark(state, claim, diagnose)
    except InputError as error:
        return Mark(claim, "unreadable", f"{error.quantity}: expected {error.expected}; got {error.got}")
    except NumbersOnly:
        return Mark(claim, why="nothing in the sheet says how it depends on a name of your own")
    except (RecursionError, ArithmeticError):
        return Mark(claim, "unreadable", "its numbers are too large to be computed")


def _is_rule(claim: LineClaim) -> bool:
    """Whether a line is a step for any parameter, ``p ← p - eta dL/dp``, whose letter is a quantity's by accident."""
    if claim.place is None or claim.place.node is None or claim.numbers is not None or not claim.line.assigns:
        return False
    if claim.place.node.kind in ("W", "b", "dW", "db"):
        return False
    name = claim.place.name
    of_itself = [part for part in claim.formulas if name in set(t.refs(part.tree))]
    return any(isinstance(s, Derivative) and s.wrt == name for part in of_itself for s in t.refs(part.tree))


def _read_mark(state: SheetState, claim: LineClaim, diagnose: Diagnose | None) -> Mark:
    """The mark of a line that can be read; from now on the line stands for those after it."""
    defining = None
    if claim.place is not None:
        state.truth.whole(claim.place)  # what cannot be computed is not marked: too many updates
    elif (defining := state.definition(claim)) is None:
        mark = Mark(claim, why="a name of your own with a number alone: there is nothing to hold it against")
        write(state, mark)
        return mark
    value = None
    try:
        value = None if claim.numbers is None else mark_numbers(state, claim, claim.numbers)
    except WrongShape as error:
        parts = claim.formulas if claim.place is not None else ()
        if any(mark_formula(state, claim, None, part).verdict == "right" for part in parts):
            if error.got == "one number":  # of one unit, however its name is read here
                return Mark(claim, "undecided", f"{error.quantity} has {error.expected} numbers; one is written")
            return Mark(claim, "wrong", f"{error.quantity} should have {error.expected} numbers, not {error.got}")
        raise
    formulas = [mark_formula(state, claim, value, part) for part in claim.formulas if part.tree is not defining]
    sums = [
        mark_arithmetic(state, claim, value, part)
        for part in claim.arithmetic
        if part.tree is not defining or value is not None
    ]
    if value is None and claim.place is not None:
        held = [_held_as_number(state, claim, one) for one in sums]
        sums = [one for one, _ in held]
        value = next((number for _, number in held if number is not None), None)
    formulas += sums
    mark = _repeated(state, _combined(state, claim, value, with_operands(state, claim, formulas)))
    if mark.verdict == "wrong" and claim.own in state.names and claim.formulas:
        return Mark(claim, why=f"an earlier line gives {claim.own} by another formula: one of the two is wrong")
    if claim.line.open or (claim.line.doubt and mark.verdict in BAD):
        return mark  # no later line goes on with it
    if mark.verdict == "wrong" and diagnose is None:
        state.is_explained = False
    elif mark.verdict == "wrong" and diagnose is not None:
        try:
            with state.effort.explaining():
                mark = diagnose(state, mark)
        except Spent:
            mark = replace(mark, unexplained=True)
        if _is_misread(mark):
            mark = Mark(claim, "undecided", MISREAD, mark.value, mark.formulas)
        elif mark.value is None and (unfit := _unfit(mark)) is not None:
            return Mark(claim, "undecided", f"as {unfit.part.text} is read here its shapes do not fit: {unfit.why}")
        elif not state.exact and _is_one_off(mark):
            return Mark(claim, "undecided", ONE_OFF)
        found = [(c.wrong, c) for c in mark.candidates if c.wrong is not None and not _settled(claim, c.wrong)]
        state.adopted += [Adopted(wrong, mark, c) for wrong, c in found[:MOST_ADOPTED]]
    write(state, mark)
    return mark


def _held_as_number(state: SheetState, claim: LineClaim, part: FormulaMark) -> tuple[FormulaMark, NumberMark | None]:
    """Arithmetic without a result, held as the number that it gives; and that number where it follows."""
    assert part.value is not None
    exact, radius = part.value
    unit = 2 * np.maximum(radius, EXACT * np.maximum(1.0, np.abs(exact)))
    try:
        number = mark_numbers(state, claim, Numbers(exact, unit, ""))
    except WrongShape:
        return replace(part, verdict="wrong", why=f"it gives {shown(exact)}"), None
    if number.verdict == "wrong":
        return replace(part, verdict="wrong", why=f"{part.part.text} is {_against(claim, exact, number)}"), None
    return part, number if number.verdict == "follows" else None


def _against(claim: LineClaim, exact: Array, number: NumberMark) -> str:
    """What arithmetic gives, and what it should give."""
    gap = float(np.max(np.abs(exact.ravel() - number.due.ravel())))
    decimals = max(4, min(MOST_DECIMALS, 1 - math.floor(math.log10(gap)) if 0 < gap < math.inf else 4))
    return f"{shown(exact, decimals)}; {claim.subject} should be {shown(number.due, decimals)}"


def _is_misread(mark: Mark) -> bool:
    """Whether the number is right and only formulas are wrong that no known mistake gives: they may be read wrongly."""
    bad = [f for f in mark.formulas if f.verdict == "wrong"]
    is_right = mark.value is not None and mark.value.verdict in ACCEPTED
    return is_right and not mark.unexplained and bool(bad) and all(f.kind == "formula" and not f.found for f in bad)


def _unfit(mark: Mark) -> FormulaMark | None:
    """The formula that alone makes a line wrong, though its shapes do not fit as it is read and no mistake gives it."""
    bad = [f for f in mark.formulas if f.verdict == "wrong"]
    is_unfit = not mark.unexplained and bool(bad) and all(f.kind == "formula" and f.why and not f.found for f in bad)
    return bad[0] if is_unfit else None


def _is_one_off(mark: Mark) -> bool:
    """Whether some entries of an array are one off in the last digit, the others right: earlier steps were rounded."""
    value = mark.value
    if (
        value is None
        or value.verdict != "wrong"
        or value.due.size < 3
        or any(f.verdict == "wrong" for f in mark.formulas)
    ):
        return False
    off = np.abs(value.numbers.value - value.due) / value.numbers.unit
    return bool((off <= 1.05).all()) and 2 * int((off <= 0.55).sum()) >= off.size


def _combined(state: SheetState, claim: LineClaim, value: NumberMark | None, formulas: list[FormulaMark]) -> Mark:
    """The line's mark from those of its parts."""
    verdict: Verdict
    beyond = next((f for f in formulas if f.beyond), None)
    if beyond is not None and (value is None or value.verdict in ACCEPTED):
        return Mark(claim, "unreadable", f"{beyond.part.text}: {beyond.why}", None, tuple(formulas))
    states = [f.verdict for f in formulas]
    if value is not None and value.verdict == "truncated" and _is_rounded_by(value, formulas):
        value = replace(value, verdict="rounded", why=PUT_IN)
    if value is None and not formulas:
        verdict = "undecided" if claim.own == "" else "right"
    elif "wrong" in states:
        verdict = "wrong"
    elif value is None:
        verdict = "undecided" if "undecided" in states and "right" not in states else "right"
    else:
        if value.verdict == "wrong" and _by_formula(state, claim, value, formulas):
            root = value.root or next(iter(sources(state, claim)), None)
            value = replace(value, verdict="follows", root=root)
        elif value.verdict == "wrong" and any(f.aligned and f.verdict in ACCEPTED for f in formulas):
            value = _by_operands(state, claim, value, formulas)
        verdict = value.verdict
        misfit = next((f for f in formulas if f.misfit), None)
        if misfit is not None and verdict in ACCEPTED:
            why = f"the number is right, but {misfit.part.text} does not fit it: {misfit.why}"
            return Mark(claim, "undecided", why, value, tuple(formulas))
        if verdict in ACCEPTED and (only := _holds_here_alone(formulas)) is not None:
            why = f"the number is right; of {only.part.text} it is not known: {only.why}"
            return Mark(claim, "undecided", why, value, tuple(formulas))
        if claim.own and verdict in ACCEPTED and not formulas_known(state, claim):
            why = f"{claim.subject} is a name of your own: what it is computed from says nothing of the network"
            return Mark(claim, "undecided", why, value, tuple(formulas))
    return Mark(claim, verdict, "" if value is None else value.why, value, tuple(formulas))


def _holds_here_alone(formulas: list[FormulaMark]) -> FormulaMark | None:
    """A formula that holds at the numbers of the sheet, but not at others."""
    return next((f for f in formulas if f.why == HERE_ALONE), None)


def _repeated(state: SheetState, mark: Mark) -> Mark:
    """A wrong number that an earlier wrong line about the same has worked out follows from it."""
    value = mark.value
    if mark.verdict != "wrong" or mark.place is None or value is None or mark.formulas:
        return mark
    for other in reversed(state.marks):
        if other.place is None or other.verdict != "wrong" or other.value is not None:
            continue
        if _key(other.place) != _key(mark.place):
            continue
        for part in other.formulas:
            if part.value is None or part.value[0].size != value.numbers.value.size:
                continue
            exact, radius = (one.reshape(value.numbers.value.shape) for one in part.value)
            if (np.abs(exact - value.numbers.value) <= radius + value.numbers.unit).all():
                return replace(mark, verdict="follows", value=replace(value, verdict="follows", root=other))
    return mark


def _key(place: QuantityPlace) -> tuple[Name, int, float]:
    return place.name, place.time, place.factor


def formulas_known(state: SheetState, claim: LineClaim) -> bool:
    """Whether a name of the author's comes from quantities of the network, and not from numbers alone."""
    tree = state.definition(claim)
    waiting, seen = [] if tree is None else [*t.refs(tree)], {claim.own}
    while waiting:
        symbol = waiting.pop()
        if not isinstance(symbol, str) or symbol == "eta":
            return True
        if symbol not in seen:
            seen.add(symbol)
            formula = state.names.get(symbol, (None, None))[0]
            waiting += [] if formula is None else t.refs(formula)
    return False


def _by_operands(state: SheetState, claim: LineClaim, value: NumberMark, formulas: list[FormulaMark]) -> NumberMark:
    """The number of a line that is what its numbers give, each of them right as it is rounded."""
    moved = [float(np.max(f.value[1])) for f in formulas if f.aligned and f.value is not None]
    if moved and max(moved) == 0.0:
        return replace(value, verdict="undecided", why=NOT_ROUNDED)
    root = value.root or next(iter(sources(state, claim)), None)
    if root is not None:
        return replace(value, verdict="follows", root=root)
    if _is_opposite(value):
        return value  # no rounding turns a sign
    return replace(value, verdict="rounded", why=PUT_IN)


def _is_rounded_by(value: NumberMark, formulas: list[FormulaMark]) -> bool:
    """Whether a number that could be cut is what the numbers of the line give, rounded."""
    gaps = (np.abs(np.ravel(f.value[0]) - value.numbers.value.ravel()) for f in formulas if f.value is not None)
    return any(
        bool((gap <= value.numbers.unit.ravel() / 2 * (1 + 1e-9)).all()) for gap in gaps if gap.size == value.due.size
    )


def _is_opposite(value: NumberMark) -> bool:
    """Whether a number has the sign that it should not have, and is too large for a 0 that was rounded."""
    numbers, due = value.numbers, value.due
    return bool(((numbers.value * due < 0) & (np.minimum(np.abs(numbers.value), np.abs(due)) > numbers.unit)).any())


def _by_formula(state: SheetState, claim: LineClaim, value: NumberMark, formulas: list[FormulaMark]) -> bool:
    """The number is what the line's own right formula gives with the author's earlier numbers."""
    if claim.place is None or not any(m.verdict in BAD for m in state.marks):
        return False
    written = value.numbers
    for judged in formulas:
        if judged.kind != "formula" or judged.verdict != "right":
            continue
        try:
            given = np.asarray(value_of(judged.part.tree, state.lookup(state.printed, numeric=True)), float)
        except (InputError, NumbersOnly):
            continue
        if given.size == written.value.size:
            gap = np.abs(given.reshape(written.value.shape) - written.value)
            if (gap <= written.unit * 1.5).all():
                return True
    return False


def _settled(claim: LineClaim, wrong: Wrong) -> bool:
    """Whether the line itself writes all that the mistake touches, so that nothing of it is left to carry forward."""
    place = claim.place
    if place is None or place.node is None:
        return True
    return place.node[:2] == (wrong.kind, wrong.layer) and not place.index
