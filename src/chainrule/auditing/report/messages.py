"""What a teacher would say of a line: what is due, what was probably done, what would decide."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.auditing.marking.mark import BY_CHANCE, Candidate, FormulaMark, Mark, NumberMark
from chainrule.auditing.marking.numbers import ONE_OFF
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.digits import CUT, MOST_DECIMALS
from chainrule.auditing.model.effort import Spent
from chainrule.auditing.model.problem import Node, name_of
from chainrule.auditing.report.wording import array, decimals_apart, number
from chainrule.formula.printing import LONGEST

MOST_SHOWN = 16  # entries of an array that are told whole


def message(state: SheetState, mark: Mark) -> tuple[str, str]:
    """The message of a line, "" for one that is right; and a brief one where its only formula is said in the first."""
    if mark.verdict == "wrong":
        return _wrong(state, mark)
    return _not_wrong(state, mark), ""


def _not_wrong(state: SheetState, mark: Mark) -> str:
    match mark.verdict:
        case "right":
            return ""
        case "rounded":
            if mark.why == ONE_OFF:
                return f"{mark.why}: it should be {due_text(mark)}"
            return f"{mark.why}; from exact numbers it is {due_text(mark)}" if mark.why else _drift(state, mark)
        case "truncated":
            return f"the digits are cut, not rounded: {_cut_text(mark)}"
        case "follows":
            root = _line(state, mark.root) if mark.root else f"an earlier {_noun(state)}"
            mended = f"with that {_noun(state)} mended it would be {due_text(mark)}"
            return f"it follows from {root}: your step here is right; {mended}"
        case _:
            return mark.why or _undecided(mark)


def _noun(state: SheetState) -> str:
    return "array" if state.exact else "line"


def _line(state: SheetState, mark: Mark) -> str:
    return mark.claim.subject if state.exact else f"line {mark.number}"


def _undecided(mark: Mark) -> str:
    notes = [f.why for f in mark.formulas if f.why]
    return notes[0] if notes else "there is nothing in it to check"


def part_message(judged: FormulaMark) -> str:
    """The message of a formula or of arithmetic."""
    if judged.verdict in ("right", "rounded", "truncated"):
        return ""
    return judged.found[0].words if judged.found else judged.why


def due_text(mark: Mark, more: int = 0) -> str:
    """What is due, in the line's own digits."""
    if mark.value is None:
        return "another value"
    due, numbers = mark.value.due, mark.value.numbers
    if due.size > MOST_SHOWN or max(due.shape, default=0) > LONGEST:
        return _worst(mark.value)
    decimals = None if numbers.text == "" else numbers.decimals + more
    if mark.verdict not in ("right", "undecided") and due.shape == numbers.value.shape:
        off = np.abs(due - numbers.value) > numbers.unit / 2 * (1 + 1e-9)
        decimals = decimals_apart(due, numbers.value, decimals, off if off.any() else True)
    return array(due, decimals) if due.size != 1 else number(due.item(), decimals)


def _cut_text(mark: Mark) -> str:
    """What is due, in so many digits that what is written is seen to be cut from it."""
    assert mark.value is not None
    due, written = mark.value.due, mark.value.numbers
    for more in range(1, MOST_DECIMALS - written.decimals):
        shown = np.round(due, written.decimals + more)
        if (np.abs(shown - written.value) < written.unit * CUT).all():
            return due_text(mark, more)
    return due_text(mark, 1)


def _worst(value: NumberMark) -> str:
    """Of a large array the entry that is farthest off."""
    gap = np.abs(value.numbers.value - value.due)
    at = np.unravel_index(int(gap.argmax()), gap.shape)
    entry = ", ".join(str(i + 1) for i in at)
    count = int((gap > value.numbers.unit).sum())
    right, claimed = value.due[at], value.numbers.value[at]
    decimals = decimals_apart(right, claimed, value.numbers.decimals)
    due, written = number(right, decimals), number(claimed, decimals)
    return f"{due} at entry {entry}, not {written} ({count} of {gap.size} differ)"


def _drift(state: SheetState, mark: Mark) -> str:
    if mark.value is None:
        return ""
    gap = np.abs(mark.value.numbers.value - mark.value.due)
    if (gap <= mark.value.numbers.unit / 2 * (1 + 1e-9)).all():
        return ""
    own = (
        "right from your arrays before it, as far as rounding goes" if state.exact else "right from your rounded lines"
    )
    return f"{own}; from exact numbers it is {due_text(mark)}"


def _wrong(state: SheetState, mark: Mark) -> tuple[str, str]:
    if mark.why and mark.value is None and not mark.formulas:
        return mark.why, ""
    parts = []
    brief = ""
    formulas = [f for f in mark.formulas if f.verdict == "wrong" and f.kind == "formula"]
    sums = [f for f in mark.formulas if f.verdict == "wrong" and f.kind == "arithmetic"]
    fine = mark.value_verdict not in (None, "wrong")
    if formulas:
        what = part_message(formulas[0])
        wrong = "is wrong" + (f": {what}" if what else "")
        parts.append(f"the formula {formulas[0].part.text} {wrong}")
        if sum(f.kind == "formula" for f in mark.formulas) == 1:
            brief = f"the formula {wrong}"
        if fine:
            parts.append(
                "the number behind it is right"
                if mark.value_verdict != "follows"
                else "the number follows from earlier lines"
            )
    if sums:
        parts.append(sums[0].why)
    if mark.value_verdict == "wrong":
        due = due_text(mark)
        parts.append(f"{mark.claim.subject} should be {due}" if not formulas else f"it should be {due}")
        named = [f for f in mark.found if f.words not in " ".join(parts)]
        each = list(dict.fromkeys(f.words for f in mark.found))
        if len(each) > 1 and named:
            parts.append("several mistakes give this number: " + "; or ".join(each))
            parts.append(deciding(state, mark))
        elif named:
            sure = named[0].id in ("arithmetic", "inconsistent_with_own_line")
            parts.append(named[0].words if sure else f"probably {named[0].words}")
    if (before := repeated(state, mark)) is not None:
        parts.append(f"the same mistake as in {_line(state, before)}")
    if mark.likeliest is not None:
        parts.append(_by_chance(state, mark.likeliest))
    if mark.unexplained:
        parts.append(
            f"which mistake this is was not looked for, as so many {'arrays' if state.exact else 'lines'} are wrong"
        )
    said = [part for part in dict.fromkeys(parts) if part]
    return "; ".join(said), "; ".join([brief, *said[1:]]) if brief else ""


def repeated(state: SheetState, mark: Mark) -> Mark | None:
    """The first line before a wrong one that has the same mistake at the same place; None for a mistake of its own."""
    if state.exact:
        return _repeated_array(state, mark)
    if mark.verdict != "wrong" or not mark.found or not mark.found[0].wrong:
        return None
    what = (mark.found[0].id, mark.found[0].where)
    for other in state.marks:
        if other is mark:
            break
        if other.verdict == "wrong" and other.found and (other.found[0].id, other.found[0].where) == what:
            return other
    return None


def _repeated_array(state: SheetState, mark: Mark) -> Mark | None:
    """The first array before a wrong one for which the same mistake is named, at whatever layer."""
    if mark.verdict != "wrong" or not mark.candidates or mark.candidates[0].wrong is None or not mark.found:
        return None
    before = [other for other in _before(state, mark) if other.verdict == "wrong" and other.found]
    return next((other for other in before if other.found[0].id == mark.found[0].id), None)


def _by_chance(state: SheetState, candidate: Candidate) -> str:
    """Why a mistake that fits is not named, and what would decide."""
    if state.exact:
        few = "so few numbers are wrong that one mistake or another fits them by accident"
        return f"the cause is undecided: perhaps {candidate.found.words}, but {few}; more examples would decide"
    digits = max(1, int(np.ceil(np.log10(candidate.chance / BY_CHANCE) + 1e-9)))
    more = "one more digit" if digits == 1 else f"{digits} more digits"
    return (
        f"the cause is undecided: perhaps {candidate.found.words}, but so few digits fit one mistake or another by "
        f"accident; {more}, the line before or the formula would decide"
    )


def deciding(state: SheetState, mark: Mark) -> str:
    """What would tell mistakes that all fit apart: more digits, where they differ in value, or another line."""
    if state.exact:
        return _other_array(state, mark)
    values = [f.value for f in mark.found]
    if any(v is None or np.shape(v) != np.shape(values[0]) for v in values):
        return ""
    pairs = [(one, other) for i, one in enumerate(values) for other in values[i + 1 :]]
    gaps = [np.abs(np.asarray(one) - np.asarray(other)) for one, other in pairs]
    least = min(range(len(pairs)), key=lambda i: float(gaps[i].max(initial=0.0)))
    values, gap = list(pairs[least]), gaps[least]
    largest = float(gap.max(initial=0.0))
    if not np.isfinite(largest):
        return ""
    if largest <= 1e-12:
        line = _other_line(state, mark) if len(mark.found) == 2 else ""
        return f"no digit of this line tells them apart; {line or 'the formula'} would"
    if largest < state.unit / 2 and any(m.value is not None for m in _before(state, mark)):
        line = _other_line(state, mark) if len(mark.found) == 2 else ""
        why = "more digits of this line would not tell them apart, as the numbers before it are rounded"
        return f"{why}; {line or 'the formula'} would"
    decimals = max(0, int(np.ceil(-np.log10(largest))) + 1)
    at: Any = np.unravel_index(int(gap.argmax()), gap.shape)
    ends = [f"{float(np.asarray(v)[at]):.{decimals}f}" for v in values]
    return f"{decimals} decimals would decide: {ends[0]} or {ends[1]}"


def _other_array(state: SheetState, mark: Mark) -> str:
    """Of arrays: one that is not given and comes out otherwise by one mistake than by the other."""
    name = _other_line(state, mark) if len(mark.found) == 2 else ""
    return f"{name} would tell them apart" if name else "other examples may tell them apart"


def _before(state: SheetState, mark: Mark) -> list[Mark]:
    """The lines before a line."""
    return state.marks[: next((i for i, other in enumerate(state.marks) if other is mark), len(state.marks))]


def _other_line(state: SheetState, mark: Mark) -> str:
    """A quantity that is not written and comes out otherwise by one mistake than by the other."""
    ids = [f.id for f in mark.found[:2]]
    first, second = (next((c.wrong for c in mark.candidates if c.found.id == id), None) for id in ids)
    if first is None or second is None:
        return ""
    try:
        with state.effort.explaining():
            replays = [state.truth.other(w).replay(0) for w in (first, second)]
    except Spent:
        return ""
    for kind in ("da", "dW", "db", "dh"):
        for layer in range(state.problem.depth, 0, -1):
            node = Node(kind, layer)
            if node in state.printed.replay(0).given:
                continue
            one, other = (r.get(node) for r in replays)
            if np.shape(one) == np.shape(other) and not np.allclose(one, other, 1e-3, 1e-9, equal_nan=True):
                return name_of(node, state.problem.depth, state.notation)
    return ""
