"""Mistakes around the equations: what happened to the digits of a line, or to the line as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.marking.mark import Candidate, Mark, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.digits import apart, digit_slip, swapped_digits
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.world import World
from chainrule.auditing.records import Found
from chainrule.errors import InputError
from chainrule.network.names import LOSS, Derivative, Quantity

POINTS = 6  # ways in which a decimal point is looked for
OTHER_DIGITS = 9  # for each digit
OF_OUTPUT = "this is the derivative of the output, not of the loss: dL/dyhat is missing"


def candidates(state: SheetState, mark: Mark, written: NumberMark, chance: Chance) -> Iterator[Candidate]:
    """All that fit a line's numbers."""
    yield from whole(state, mark, written, chance)
    if not state.exact:  # nobody writes the digits of an array
        yield from _digits(state, mark, written, chance)


def whole(state: SheetState, mark: Mark, written: NumberMark, chance: Chance) -> Iterator[Candidate]:
    """Those of the line as a whole."""
    yield from _signs(state, mark, written, chance)
    place, node = mark.place, mark.node
    if place is None or node is None:
        return
    if written.flipped:
        square_id = "outer_product_orientation" + ("_1" if node.layer == 1 else "")
        id = square_id if node.kind == "dW" else "transposed"
        if written.numbers.interval(state.both).touches(written.own_or_due).all():
            yield _candidate(mark, id, "the numbers are those of the transpose: rows for columns", written.due)
    gradient = node.kind in ("dh", "da", "dW", "db")
    if place.time == 1 and node.time == 1:
        for candidate in _second_pass(state, mark, written, place, node, gradient):
            yield replace(candidate, chance=chance.of(written.numbers.value))
    if gradient and place.time < 2:
        for candidate in _of_output(state, mark, written, place, node):
            yield replace(candidate, chance=chance.of(written.numbers.value, state.problem.sizes[-1]))


def operand_slips(mark: Mark) -> list[Candidate]:
    """Numbers of the line's arithmetic that are not what their names are worth; the sure ones, where there are any."""
    slips = [(slip, judged) for judged in mark.formulas for slip in judged.slips]
    slips = [(slip, judged) for slip, judged in slips if slip.sure] or slips[:1]
    return [
        _candidate(mark, slip.id, slip.words, None if judged.value is None else judged.value[0])
        for slip, judged in slips
    ]


def last_resort(mark: Mark) -> Found:
    """What is said where nothing fits: the numbers written do not give it, or it comes from nowhere."""
    bad = next((f for f in mark.formulas if f.kind == "arithmetic" and f.verdict == "wrong"), None)
    if bad is None:
        return Found("inconsistent_with_own_line", mark.claim.subject, "no mistake that is known here gives it")
    words = bad.why or "a slip of arithmetic: the numbers written give something else"
    return Found("arithmetic", mark.claim.subject, words)


def _candidate(mark: Mark, id: str, words: str, value: Any) -> Candidate:
    plain = value if value is None else float(value) if np.ndim(value) == 0 else np.asarray(value)
    return Candidate(Found(id, mark.claim.subject, words, value=plain), None, True, 0, structural=True)


def _fits(state: SheetState, written: NumberMark, value: Any) -> bool:
    """Whether the value gives every entry of the line that is not right already, and changes one at least."""
    touching = written.numbers.interval(state.both).touches(Interval.of(value))
    return bool((touching | written.fits).all()) and not bool(written.fits.all())


def _gives(state: SheetState, written: NumberMark, value: Any) -> bool:
    """Whether the value gives the line as it stands, every entry of it."""
    return bool(written.numbers.interval(state.both).touches(Interval.of(value)).all())


def aims(state: SheetState, mark: Mark, written: NumberMark) -> Iterator[Interval]:
    """What is due: by the author's lines, in truth, from the numbers as printed, by those written in the line."""
    yield written.own_or_due
    yield Interval.of(written.due)
    if mark.place is not None:
        yield written.shaped(Interval.of(state.printed.value(mark.place, computed=True)))
    for judged in mark.formulas:
        if judged.value is not None:
            yield Interval.of(judged.value[0])


def _signs(state: SheetState, mark: Mark, written: NumberMark, chance: Chance) -> Iterator[Candidate]:
    fitting = [aim for aim in aims(state, mark, written) if _fits(state, written, -aim)]
    if fitting:
        value = np.where(written.fits, written.numbers.value, -fitting[0].middle)
        words = "the sign of some entries is lost" if written.fits.any() else "the sign is lost"
        accident = min(chance.of(-aim) for aim in fitting)
        yield replace(_candidate(mark, "sign_lost", words, value), chance=accident)


def _digits(state: SheetState, mark: Mark, written: NumberMark, chance: Chance) -> Iterator[Candidate]:
    numbers, fits = written.numbers, written.fits
    for aim in aims(state, mark, written):
        for power in (1, -1, 2, -2, 3, -3):
            if np.any(numbers.value[~fits]) and _fits(state, written, aim * 10.0**power):
                slipped = aim.middle * 10.0**power
                candidate = _candidate(mark, "decimal_slip", "the decimal point has slipped", slipped)
                yield replace(candidate, chance=chance.of(aim * 10.0**power, POINTS))
                return
    wrong = np.argwhere(~fits)
    if any(f.kind == "arithmetic" and f.verdict == "wrong" for f in mark.formulas):
        return  # a slip of arithmetic says more than one of digits
    if len(wrong) == 1:
        at = tuple(wrong[0])
        unit, claimed = float(numbers.unit[at]), float(numbers.value[at])
        for aim in aims(state, mark, written):
            due = float(aim.middle[at])
            if digit_slip(claimed, due, unit):
                decimals = max(0, round(-np.log10(unit)))
                should, written_as = apart(due, claimed, decimals), apart(claimed, due, decimals)
                words = f"digits were changed in writing: {written_as} is written for {should}"
                candidate = _candidate(mark, "digit_transposition_or_copy", words, numbers.value)
                swap = swapped_digits(abs(claimed), abs(due), unit)
                digits = len(str(round(abs(due) / unit)))
                yield replace(candidate, chance=chance.of(numbers.value, digits * (1 if swap else OTHER_DIGITS)))
                return
        for candidate in _copied(state, mark, written, at):
            others = written.due.size + sum(m.value.numbers.value.size for m in state.marks if m.value is not None)
            yield replace(candidate, chance=chance.of(numbers.value, others))


def _copied(state: SheetState, mark: Mark, written: NumberMark, at: tuple[int, ...]) -> Iterator[Candidate]:
    """The number of another entry, or of another line."""
    unit, claimed = float(written.numbers.unit[at]), float(written.numbers.value[at])
    if not claimed or abs(claimed) / unit < 100:
        return
    for value in np.ravel(written.due):
        if abs(value - claimed) <= unit * 0.51 and value != written.due[at]:
            words = "the number of another entry stands here"
            yield _candidate(mark, "digit_transposition_or_copy", words, written.numbers.value)
            return
    for other in reversed(state.marks):
        if other.value is not None and np.any(np.abs(other.value.numbers.value - claimed) <= 1e-12):
            words = f"the number of line {other.number} stands here"
            yield _candidate(mark, "digit_transposition_or_copy", words, written.numbers.value)
            return


# ---------------------------------------------------------------- around the equations


def _second_pass(
    state: SheetState, mark: Mark, written: NumberMark, place: QuantityPlace, node: Node, gradient: bool
) -> Iterator[Candidate]:
    """After an update: the value from before it, or its sum with the new one."""

    def before(world: World) -> Interval:
        value = Interval.of(world.replay(0).get(node._replace(time=0)))
        return written.shaped(place.claimed(value[0] if place.examples and state.problem.single else value))

    first = before(state.own)
    if _gives(state, written, first):
        words = "the value from before the update is repeated"
        candidate = _candidate(mark, "stale_forward_value", words, first.middle)
        repeated = np.array_equal(before(state.printed).low, written.numbers.value)
        yield replace(candidate, structural=not repeated)  # digit for digit: no other mistake does that by chance
    for aim in aims(state, mark, written) if gradient else ():
        both = aim + first
        if _gives(state, written, both):
            words = "the gradient of the first pass was not reset: this is the sum of both passes"
            yield _candidate(mark, "grad_not_reset", words, both.middle)
            break


def _of_output(
    state: SheetState, mark: Mark, written: NumberMark, place: QuantityPlace, node: Node
) -> Iterator[Candidate]:
    """dyhat_o/dW where dL/dW is due: of any one output, or of their sum."""
    if not isinstance(place.name, Derivative) or place.name.of != LOSS or place.name.wrt.symbol == "yhat":
        return
    problem, rows = state.problem, []
    for unit in range(1, problem.sizes[-1] + 1):
        name = Derivative(Quantity("yhat", None, (unit,)), place.name.wrt.whole)
        try:
            value = Interval.of(state.own.replay(place.time).read(name, place.time))
        except InputError:
            return
        if problem.single:
            value = value[0]
        elif node.kind in ("dW", "db"):
            value = value.sum(0) * (1 / problem.n)
        value = place.claimed(value)
        if value.low.size != written.due.size:
            return
        rows.append(written.shaped(value))
        if _gives(state, written, rows[-1]):
            yield _candidate(mark, "gradient_of_output_not_loss", OF_OUTPUT, rows[-1].middle)
            return
    total = sum(rows[1:], rows[0])
    if len(rows) > 1 and _gives(state, written, total):
        yield _candidate(mark, "gradient_of_output_not_loss", OF_OUTPUT, total.middle)
