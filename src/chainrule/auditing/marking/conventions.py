"""Conventions before accusations: what a whole sheet holds to is not a mistake.

The sheet is marked as the header says. Where lines are wrong, it is marked again under each convention that people
use; one is taken only where it costs less over the whole sheet and makes no line wrong that was right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import Reading
from chainrule.auditing.model.effort import READINGS, Effort, Spent
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.records import ACCEPTED, Convention
from chainrule.formula import tree as t
from chainrule.sheets.lines import Line

GAIN = 1.5  # what a convention must save: more than one wrong line does
FAR_MORE = 2.0  # for each line that was right and whose number is wrong under it
MOST_LINES = 4.0  # for each whose formula is
MANY = 3  # lines that come out under it and did not, beside one that is wrong in any case
NOISE = 1e-12  # what is left of a sum that is 0
DRIFT = 5  # units of the last digit by which rounded earlier lines may move a line
MOST = 3  # conventions of one sheet that differ from its header
Scale: TypeAlias = tuple[str, str, float]
_OF_BATCH = ("sum_batch", "mean_batch")
_GRADIENTS = frozenset({"L", "dh", "da", "dW", "db"})


@dataclass(frozen=True)
class Option:
    """One convention that may hold, or two of the loss's scale at once: ``parts``."""

    id: str
    words: str
    reading: Reading
    parts: tuple[Option, ...] = ()


@dataclass(frozen=True, eq=False)
class Inferred:
    """What a sheet is read under.

    Attributes:
        best: the sheet marked under the reading that costs least. held: the conventions it is read under.
        others: the sheet under each convention that was not taken.
        effort: what is left for trying readings.
    """

    best: SheetState
    held: list[Option]
    others: list[tuple[Option, SheetState]]
    effort: Effort


def infer(problem: Problem, lines: tuple[Line, ...], unit: float, marked: SheetState | None = None) -> Inferred:
    """The conventions of a sheet.

    Args:
        marked: the lines marked as the header says, where that is known.
    """
    first = tuple(line for line in lines if not _far(line))
    effort = Effort.of(problem, READINGS)
    best, held = _biases(problem, _first(problem, first, unit, marked), effort)
    others: list[tuple[Option, SheetState]] = []
    while cost(best) >= 1 and len(held) < MOST:
        others = list(_tried(problem, best, held, effort))
        better = [(cost(p), option, p) for option, p in others if _better(best, p)]
        if not better:
            break
        _, option, best = min(better, key=lambda b: b[0])
        held, others = [*held, option], []
    return Inferred(best, held, others, effort)


def _tried(
    problem: Problem, state: SheetState, held: list[Option], effort: Effort
) -> Iterator[tuple[Option, SheetState]]:
    """The sheet under each convention that is not held yet, as long as there is effort left."""
    with suppress(Spent):
        for option in options(problem, state):
            if option.id not in {h.id for h in held}:
                yield option, _under(problem, option.reading, state, effort)


def doubtful(read: Inferred) -> dict[Line, Option]:
    """Lines that are wrong as the sheet is read, but right under a convention that nothing in the sheet speaks against.

    One line is too little to tell a convention from a mistake: such a line is undecided.
    """
    found: dict[Line, Option] = {}
    for option, other in read.others:
        if cost(read.best) - cost(other) < 1 or not keeps(read.best, other):
            continue
        for old, new in zip(read.best.marks, other.marks, strict=True):
            if old.verdict in ("wrong", "follows", "unreadable") and new.verdict in ACCEPTED:
                found.setdefault(old.claim.line, option)
    return found


def doubt(mark: Mark, option: Option) -> str:
    """Why a line is undecided between a convention and a mistake."""
    mistake = f"; if not, {mark.found[0].words}" if mark.found else ""
    return f"it is right if {option.words} (one line more would show it){mistake}"


def cost(state: SheetState) -> float:
    """Wrong numbers and formulas, and half for each line that is right where the author's own lines say otherwise.

    A name that the network does not have weighs double: no slip of arithmetic makes one.
    """
    return sum(map(_cost, state.marks))


def _cost(mark: Mark) -> float:
    if mark.verdict == "unreadable":
        return 2.0
    formula = any(f.verdict == "wrong" and f.kind == "formula" for f in mark.formulas)
    number = mark.verdict == "wrong" and (mark.value_verdict == "wrong" or not formula)
    return formula + number + 0.5 * (mark.value is not None and mark.value.inconsistent)


def _first(problem: Problem, lines: tuple[Line, ...], unit: float, marked: SheetState | None) -> SheetState:
    """Rounded digits; or rounded and cut ones, where that leaves fewer lines wrong."""
    same = (
        marked is not None
        and len(marked.lines) == len(lines)  # none speaks of many updates
        and not any(mark.claim.arithmetic for mark in marked.marks)  # there are no operands to look at
    )
    rounds = marked if same else mark_sheet(SheetState(problem, Reading(), lines, unit, effort=Effort.of(problem)))
    assert rounds is not None
    if cost(rounds) == 0:
        return rounds
    both = mark_sheet(SheetState(problem, Reading(), lines, unit, both=True, effort=Effort.of(problem)))
    return both if _wrong(both) < _wrong(rounds) else rounds


def _under(problem: Problem, reading: Reading, state: SheetState, effort: Effort) -> SheetState:
    """The lines of a pass under another reading; digits may be cut there too, where that leaves fewer lines wrong."""
    other = mark_sheet(SheetState(problem, reading, state.lines, state.unit, state.both, effort=effort))
    cut = any(m.value_verdict == "truncated" for m in other.marks)
    if state.both or not _wrong(other) or not (cut or cost(other) < cost(state)):
        return other
    both = mark_sheet(SheetState(problem, reading, state.lines, state.unit, both=True, effort=effort))
    return both if _wrong(both) < _wrong(other) else other


def _wrong(state: SheetState) -> int:
    return sum(m.verdict == "wrong" for m in state.marks)


def _better(old: SheetState, new: SheetState) -> bool:
    """It saves enough, and no line that was right is wrong now; or it saves far more than the few that are.

    A sign lost in one line is no convention of the others: it costs less where the line's formula is right and its
    number wrong, and nothing where the number is not what the author's own lines give by the formula beside it.
    """
    saved = cost(old) - cost(new)
    pairs = list(zip(old.marks, new.marks, strict=True))
    spoilt = [(a, b) for a, b in pairs if a.verdict in ACCEPTED and b.verdict in BAD]
    turned = [b for a, b in spoilt if not (a.value is not None and a.value.inconsistent)]
    if new.reading.each and not old.reading.each and saved > 0 and _numbers_wrong(old) and not _numbers_wrong(new):
        return True  # all numbers come out so
    if new.problem.turned and new.reading.swapped and not old.reading.swapped and keeps(old, new):
        return saved > 0  # the matrices that are given show it
    if saved < GAIN:
        gained = sum(b.verdict in ACCEPTED and a.verdict not in ACCEPTED for a, b in pairs)
        return saved > 0 and bool(spoilt) and not turned and gained >= MANY
    return keeps(old, new) or saved >= sum(FAR_MORE if _number_alone(mark) else MOST_LINES for mark in turned)


def _numbers_wrong(state: SheetState) -> int:
    return sum(mark.value_verdict == "wrong" for mark in state.marks)


def _number_alone(mark: Mark) -> bool:
    """Whether a formula of the line is right, and none is wrong."""
    verdicts = [f.verdict for f in mark.formulas]
    return "right" in verdicts and "wrong" not in verdicts


def keeps(old: SheetState, new: SheetState) -> bool:
    """Whether no line that was right is wrong now."""
    return all(
        b.verdict in (*ACCEPTED, "undecided") or a.verdict not in ACCEPTED
        for a, b in zip(old.marks, new.marks, strict=True)
    )


def _biases(problem: Problem, best: SheetState, effort: Effort) -> tuple[SheetState, list[Option]]:
    """Biases that a sheet never updates stay as they are, where a later line does not say otherwise."""
    updated = {m.node.kind for m in best.marks if m.node and m.claim.time == 1}
    if not updated - {"W", "b"} or "b" in updated or cost(best) == 0 or "W" not in updated:
        return best, []
    reading = replace(best.reading, update_biases=False)
    try:
        without = _under(problem, reading, best, effort)
    except Spent:
        return best, []
    if cost(without) > cost(best):
        return best, []
    return without, [Option("biases_kept", "the biases are not updated", reading)]


def _symbols(line: Line) -> Iterator[t.Symbol]:
    return (symbol for part in line.parts if part.tree is not None for symbol in t.refs(part.tree))


def _far(line: Line) -> bool:
    """Whether a line speaks of many updates, which take long to make."""
    return any(isinstance(symbol, t.Timed) and symbol.after > 1 for symbol in _symbols(line))


def options(problem: Problem, state: SheetState) -> Iterator[Option]:
    """Conventions that could explain what is wrong."""
    bad = [m for m in state.marks if m.verdict in ("wrong", "unreadable")]
    kinds = {m.node.kind for m in bad if m.node}
    reading = state.reading
    shapes = {W.shape for W in problem.network.weights}
    if "a" in kinds and shapes != {(1, 1)} and all(m == j for m, j in shapes):
        words = "the matrices W are given transposed: a row for each unit of the layer before"
        yield Option("transposed", words, replace(reading, transposed=True, swapped=True))
    if _is_mean(problem) and not reading.each and kinds & {"da", "dh", "dW", "db"}:
        words = "derivatives by units are of each example's own loss; the mean is taken with dW and db"
        yield Option("each_example", words, replace(reading, each=True))
    if problem.n > 1 and problem.n in problem.sizes and not reading.columns and kinds & {"a", "h", "da", "dh"}:
        yield Option("columns", "arrays have a column for each example", replace(reading, columns=True))
    if kinds & _GRADIENTS:
        for id, words, factor in scales(problem):
            if _allows(state, _GRADIENTS, factor):
                yield Option(id, words, replace(reading, scale=reading.scale * factor))
        for pair, factor in two_scales(problem):
            if _allows(state, _GRADIENTS, factor):
                both = replace(reading, scale=reading.scale * factor)
                parts = tuple(Option(id, words, both) for id, words, _ in pair)
                id, words = "_".join(p.id for p in parts), " and ".join(p.words for p in parts)
                yield Option(id, words, both, parts)
    settled, turned = sum(map(_settles_delta, state.marks)), sum(map(is_turned, state.marks))
    if any(_uses(m.claim.line, t.Delta) for m in state.marks) and (not settled or turned > settled):
        yield Option("minus_delta", "δ is -dL/da", replace(reading, minus_delta=True))
    if any(m.node and m.node[::2] == ("b", 1) for m in bad) and reading.update_biases:
        yield Option("biases_kept", "the biases are not updated", replace(reading, update_biases=False))
    if any(m.place and m.place.time for m in bad) and not reading.kept and (kept := _never_updated(problem, state)):
        words = "only the parameters whose new values are given are updated"
        yield Option("others_kept", words, replace(reading, kept=kept))
    unread = any(m.verdict == "unreadable" for m in bad)
    if kinds & {"W", "dW"} or unread:
        words = "W_ij, dL/dW_ij and their arrays go from unit i to unit j"
        yield Option("swapped", words, replace(reading, swapped=not reading.swapped))


def _is_mean(problem: Problem) -> bool:
    """Whether the loss is the mean over several examples, all of one weight."""
    return problem.n > 1 and problem.network.reduction == "mean" and np.ptp(problem.coefficients) == 0


def _never_updated(problem: Problem, state: SheetState) -> frozenset[tuple[str, int]]:
    """W and b of the layers whose new values the sheet never gives, where it gives others."""
    given = {(m.node.kind, m.node.layer) for m in state.marks if m.node and m.node.kind in ("W", "b") and m.node.time}
    every = {(kind, layer) for kind in ("W", "b") for layer in range(1, problem.depth + 1)}
    return frozenset(every - given) if given else frozenset()


def _allows(state: SheetState, kinds: frozenset[str], factor: float) -> bool:
    """Whether what is right before any update could be so many times as large, within what rounding may drift."""
    for m in state.marks:
        if m.verdict not in ACCEPTED or m.value is None or m.node is None or m.claim.time:
            continue
        at_the_end = m.node.kind == "L" or m.node.layer == state.problem.depth  # little has drifted there
        numbers = m.value.numbers
        far = np.abs(numbers.value - m.value.due * factor) > DRIFT * numbers.unit + NOISE
        if m.node.kind in kinds and at_the_end and far.any():
            return False
    return True


def is_turned(mark: Mark) -> bool:
    """Whether the number of a line about a δ is what it should be but for its sign."""
    if mark.verdict not in BAD or mark.value is None or not _uses_first(mark.claim.line):
        return False
    numbers, due = mark.value.numbers, mark.value.due
    return bool((np.abs(numbers.value + due) <= 1.5 * numbers.unit).all() and (np.abs(due) > numbers.unit).any())


def _settles_delta(m: Mark) -> bool:
    """A δ that is right as it stands and could not be its negative."""
    if not _uses_first(m.claim.line) or m.verdict not in ACCEPTED or m.value is None:
        return False
    return bool((np.abs(m.value.due) > DRIFT * m.value.numbers.unit).any())


def _uses_first(line: Line) -> bool:
    tree = line.parts[0].tree if line.parts else None
    return isinstance(tree, t.Ref) and isinstance(tree.name, t.Delta)


def _uses(line: Line, kind: type) -> bool:
    return any(isinstance(s.name if isinstance(s, t.Timed) else s, kind) for s in _symbols(line))


def two_scales(problem: Problem) -> Iterator[tuple[tuple[Scale, Scale], float]]:
    """Two ways at once, one of the outputs and one of the batch, that come to a factor of their own."""
    single = list(scales(problem))
    factors = {1.0, *(factor for _, _, factor in single)}
    for one in single:
        for other in single:
            if one[0] not in _OF_BATCH and other[0] in _OF_BATCH and one[2] * other[2] not in factors:
                yield (one, other), one[2] * other[2]


def scales(problem: Problem) -> Iterator[Scale]:
    """By what factor people's loss differs from the header's, where nothing said rules it out: (id, words, factor)."""
    for one in _all_scales(problem):
        if not any(one[0].startswith(id) for id in problem.settled):
            yield one


def _all_scales(problem: Problem) -> Iterator[Scale]:
    k, n, loss = problem.sizes[-1], problem.n, problem.network.loss
    halved = loss == "half_squared_error"
    if halved:
        yield "no_half", "the squared error has no 1/2", 2.0
    elif loss in ("squared_error", "mean_squared_error"):
        yield "half", "the squared error has a 1/2", 0.5
    if loss == "mean_squared_error" and k > 1:
        yield "sum_outputs", "the loss is the sum over the outputs, not their mean", float(k)
        yield "half_sum_outputs", "the loss is half the sum over the outputs, not their mean", k / 2
    elif loss in ("half_squared_error", "squared_error") and k > 1:
        yield "mean_outputs", "the loss is the mean over the outputs, not their sum", 1 / k
        if halved:
            yield "no_half_mean_outputs", "the loss is the mean of the squares over the outputs, without 1/2", 2 / k
        else:
            yield "half_mean_outputs", "the loss is half the mean of the squares over the outputs", 0.5 / k
    if n > 1 and np.ptp(problem.coefficients) == 0:
        if problem.network.reduction == "mean":
            yield "sum_batch", "the loss is the sum over the examples, not their mean", float(n)
        else:
            yield "mean_batch", "the loss is the mean over the examples, not their sum", 1 / n
    if loss in ("cross_entropy", "binary_cross_entropy"):
        yield "log_base_10", "the logarithm is to base 10, also in the gradients", 1 / math.log(10)
        yield "log_base_2", "the logarithm is to base 2, also in the gradients", 1 / math.log(2)


def records(held: list[Option], state: SheetState) -> tuple[Convention, ...]:
    """The conventions of a sheet as records."""
    found = [Convention(one.id, one.words) for option in held for one in option.parts or (option,)]
    rows = tuple(m.number for m in state.marks if any(f.rows for f in m.formulas))
    if rows:
        found.append(Convention("row_vectors", "vectors are rows: a = h W + b", rows))
    lines = tuple(m.number for m in state.marks if m.verdict == "truncated")
    if len(lines) > 1:
        found.append(Convention("truncates", "digits are cut, not rounded", lines))
    return tuple(found)
