"""Mistakes around the equations: what happened to the digits of a line, or to the line as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.auditing.marking.formulas import literals, replaced, with_radius
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.digits import digit_slip, numbers_of
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.world import NumbersOnly
from chainrule.auditing.records import Found
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.formula.printing import symbol_text
from chainrule.network.names import LOSS, Derivative, Quantity

if TYPE_CHECKING:
    from chainrule.auditing.marking.mark import Candidate, Mark
    from chainrule.auditing.marking.sheet import Pass

OF_OUTPUT = "this is the derivative of the output, not of the loss: dL/dyhat is missing"
MOST_LINES = 30  # lines before this one, and entries of one, that a copied number is looked for in


def candidates(p: Pass, mark: Mark) -> Iterator[Candidate]:
    """All that fit a line's numbers."""
    yield from whole(p, mark)
    yield from operands(p, mark)
    yield from _digits(p, mark)


def whole(p: Pass, mark: Mark) -> Iterator[Candidate]:
    """Those of the line as a whole."""
    place = mark.place
    if mark.numbers is None or mark.due is None:
        return
    yield from _signs(p, mark)
    if place is None or place.node is None:
        return
    if mark.flipped:
        square_id = "outer_product_orientation" + ("_1" if place.node.layer == 1 else "")
        id = square_id if place.node.kind == "dW" else "transposed"
        if mark.numbers.interval(p.both).touches(_own(mark)).all():
            yield _candidate(p, mark, id, "the numbers are those of the transpose: rows for columns", mark.due)
    yield from _around(p, mark, place)


def operands(p: Pass, mark: Mark) -> Iterator[Candidate]:
    """A number in the line's arithmetic that is not what the line's own formula has there."""
    for judged in mark.formulas:
        if judged.kind != "arithmetic" or judged.verdict == "wrong" or judged.value is None:
            continue
        for written, name, due in slipped(p, mark, judged.tree):
            words = f"{written} stands where {name} = {due} is due"
            yield _candidate(p, mark, "digit_transposition_or_copy", words, judged.value[0])
            return


def slipped(p: Pass, mark: Mark, tree: t.Expr) -> Iterator[tuple[str, str, str]]:
    """(as written, the name, its own value) of numbers that, put right, give what is due."""
    wanted, known = _own(mark), dict(_operands(p, mark))
    for index, literal in enumerate(literals(tree)):
        read = numbers_of(literal, 0.0)
        for name, value in known.items() if read is not None and literal.value not in p.given else ():
            if abs(value - literal.value) > 0.2 * value or value == literal.value:
                continue
            new, radius = with_radius(replaced(tree, index, value), None, p.given, p.effort)
            near = Interval(new - radius, new + radius)
            if near.reshape(wanted.shape).touches(wanted).all():
                yield literal.written, name, f"{value:.6g}"
        new, radius = with_radius(replaced(tree, index, -literal.value), None, p.given, p.effort)
        if Interval(new - radius, new + radius).reshape(wanted.shape).touches(wanted).all():
            yield literal.written, "its negative", f"-{literal.written}"


def _operands(p: Pass, mark: Mark) -> Iterator[tuple[str, float]]:
    """Sizes of what the line is computed from: of the names in its formula, else of the lines before it."""
    names = dict.fromkeys(s for f in mark.formulas if f.kind == "formula" for s in t.refs(f.tree))
    lookup = p.lookup(p.printed, numeric=True)
    for symbol in names:
        try:
            yield symbol_text(symbol, p.notation), abs(float(lookup(symbol)))
        except (InputError, NumbersOnly, TypeError):
            continue
    if names:
        return
    for other in p.marks[:-1][-MOST_LINES:]:
        if other.numbers is not None and other.numbers.value.size <= MOST_LINES:
            for index, value in np.ndenumerate(other.numbers.value):
                entry = f"[{', '.join(str(i + 1) for i in index)}]" if index else ""
                yield f"{other.claim.line.parts[0].text}{entry}", abs(float(value))


def last_resort(p: Pass, mark: Mark) -> Found:
    """What is said where nothing fits: the numbers written do not give it, or it comes from nowhere."""
    bad = [f for f in mark.formulas if f.kind == "arithmetic" and f.verdict == "wrong"]
    if bad:
        return Found(
            "arithmetic",
            mark.claim.line.parts[0].text,
            bad[0].why or "a slip of arithmetic: the numbers written give something else",
        )
    return Found("inconsistent_with_own_line", mark.claim.line.parts[0].text, "no mistake that is known here gives it")


def _own(mark: Mark) -> Interval:
    return mark.own if mark.own is not None else Interval.of(mark.due)


def _candidate(p: Pass, mark: Mark, id: str, words: str, value: Any, exact: bool = True) -> Candidate:
    from chainrule.auditing.marking.mark import Candidate

    plain = float(value) if np.ndim(value) == 0 else np.asarray(value)
    return Candidate(Found(id, mark.claim.line.parts[0].text, words, value=plain), None, exact, 0, structural=True)


def _fits(p: Pass, mark: Mark, value: Any) -> bool:
    """Whether the value gives every entry of the line that is not right already, and changes one at least."""
    assert mark.numbers is not None
    assert mark.fits is not None
    touching = mark.numbers.interval(p.both).touches(Interval.of(value))
    return bool((touching | mark.fits).all()) and not bool(mark.fits.all())


def _gives(p: Pass, mark: Mark, value: Any) -> bool:
    """Whether the value gives the line as it stands, every entry of it."""
    assert mark.numbers is not None
    return bool(mark.numbers.interval(p.both).touches(Interval.of(value)).all())


def _aims(p: Pass, mark: Mark) -> Iterator[Interval]:
    """What is due: by the author's lines, in truth, from the numbers as printed, by those written in the line."""
    yield _own(mark)
    yield Interval.of(mark.due)
    if mark.place is not None and mark.numbers is not None:
        printed = Interval.of(p.printed.value(mark.place, computed=True))
        yield (printed.T if mark.flipped else printed).reshape(mark.numbers.value.shape)
    for judged in mark.formulas:
        if judged.value is not None:
            yield Interval.of(judged.value[0])


def _signs(p: Pass, mark: Mark) -> Iterator[Candidate]:
    for aim in _aims(p, mark):
        if _fits(p, mark, -aim):
            assert mark.numbers is not None
            assert mark.fits is not None
            value = np.where(mark.fits, mark.numbers.value, -aim.middle)
            words = "the sign of some entries is lost" if mark.fits.any() else "the sign is lost"
            yield _candidate(p, mark, "sign_lost", words, value)
            return


def _digits(p: Pass, mark: Mark) -> Iterator[Candidate]:
    numbers, fits = mark.numbers, mark.fits
    assert numbers is not None
    assert fits is not None
    for aim in _aims(p, mark):
        for power in (1, -1, 2, -2, 3, -3):
            if np.any(numbers.value[~fits]) and _fits(p, mark, aim * 10.0**power):
                yield _candidate(p, mark, "decimal_slip", "the decimal point has slipped", aim.middle * 10.0**power)
                return
    wrong = np.argwhere(~fits)
    if any(f.kind == "arithmetic" and f.verdict == "wrong" for f in mark.formulas):
        return  # a slip of arithmetic says more than one of digits
    if len(wrong) == 1:
        at = tuple(wrong[0])
        unit, claimed = float(numbers.unit[at]), float(numbers.value[at])
        for aim in _aims(p, mark):
            due = float(aim.middle[at])
            if digit_slip(claimed, due, unit):
                words = (
                    f"digits were changed in writing: {_round(due, unit)} is due, {_round(claimed, unit)} is written"
                )
                yield _candidate(p, mark, "digit_transposition_or_copy", words, numbers.value)
                return
        yield from _copied(p, mark, at, claimed)


def _round(value: float, unit: float) -> str:
    decimals = max(0, round(-np.log10(unit)))
    return f"{value:.{decimals}f}"


def _copied(p: Pass, mark: Mark, at: tuple[int, ...], claimed: float) -> Iterator[Candidate]:
    """The number of another entry, or of another line."""
    assert mark.numbers is not None
    unit = float(mark.numbers.unit[at])
    if not claimed or abs(claimed) / unit < 100:
        return
    for value in np.ravel(mark.due):
        if abs(value - claimed) <= unit * 0.51 and value != mark.due[at]:
            words = "the number of another entry stands here"
            yield _candidate(p, mark, "digit_transposition_or_copy", words, mark.numbers.value)
            return
    for other in reversed(p.marks[:-1]):
        if other.numbers is not None and np.any(np.abs(other.numbers.value - claimed) <= 1e-12):
            words = f"the number of line {other.number} stands here"
            yield _candidate(p, mark, "digit_transposition_or_copy", words, mark.numbers.value)
            return


# ---------------------------------------------------------------- around the equations


def _around(p: Pass, mark: Mark, place: QuantityPlace) -> Iterator[Candidate]:
    assert place.node is not None
    gradient = place.node.kind in ("dh", "da", "dW", "db")
    if place.time == 1 and place.node.time == 1:
        yield from _second_pass(p, mark, place, gradient)
    if gradient and place.time < 2:
        yield from _of_output(p, mark, place)


def _second_pass(p: Pass, mark: Mark, place: QuantityPlace, gradient: bool) -> Iterator[Candidate]:
    assert place.node is not None
    assert mark.numbers is not None
    node = place.node._replace(time=0)
    first = _entry(p.own.replay(0).get(node), p, place)
    if _gives(p, mark, _shaped(first, mark)):
        words = "the value from before the update is repeated"
        candidate = _candidate(p, mark, "stale_forward_value", words, _shaped(first, mark).middle)
        repeated = np.array_equal(
            _shaped(_entry(p.printed.replay(0).get(node), p, place), mark).low, mark.numbers.value
        )
        yield replace(candidate, structural=not repeated)  # digit for digit: no other mistake does that by chance
    if gradient:
        for aim in _aims(p, mark):
            both = aim + _shaped(first, mark)
            if _gives(p, mark, both):
                yield _candidate(
                    p,
                    mark,
                    "grad_not_reset",
                    "the gradient of the first pass was not reset: this is the sum of both passes",
                    both.middle,
                )
                break


def _entry(value: Any, p: Pass, place: QuantityPlace) -> Interval:
    value = Interval.of(value)
    if place.examples and p.problem.single:
        value = value[0]
    if place.index:
        value = value[(..., *place.index)]
    if place.flip:
        value = value.T
    scaled: Interval = value * place.factor if place.factor != 1.0 else value
    return scaled


def _shaped(value: Interval, mark: Mark) -> Interval:
    assert mark.numbers is not None
    return (value.T if mark.flipped else value).reshape(mark.numbers.value.shape)


def _of_output(p: Pass, mark: Mark, place: QuantityPlace) -> Iterator[Candidate]:
    """dyhat_o/dW where dL/dW is due: of any one output, or of their sum."""
    if not isinstance(place.name, Derivative) or place.name.of != LOSS or place.name.wrt.symbol == "yhat":
        return
    rows: list[Interval] = []
    for unit in range(1, p.problem.sizes[-1] + 1):
        name = Derivative(Quantity("yhat", None, (unit,)), place.name.wrt)
        try:
            value = p.own.replay(place.time).read(name, place.time)
        except InputError:
            return
        value = Interval.of(value)
        value = (
            value[0]
            if p.problem.single
            else value.sum(0) * (1 / p.problem.n)
            if place.node and (place.node.kind in ("dW", "db"))
            else value
        )
        if place.flip:
            value = value.T
        if place.factor != 1.0:
            value = value * place.factor
        if value.low.size != np.size(mark.due):
            return
        shaped = _shaped(value, mark)
        rows.append(shaped)
        if _gives(p, mark, shaped):
            yield _candidate(p, mark, "gradient_of_output_not_loss", OF_OUTPUT, shaped.middle)
            return
    total = sum(rows[1:], rows[0])
    if len(rows) > 1 and _gives(p, mark, total):
        yield _candidate(p, mark, "gradient_of_output_not_loss", OF_OUTPUT, total.middle)
