"""Numbers of the header that cannot give the author's first lines, where one changed entry would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.auditing.marking.conventions import cost, keeps
from chainrule.auditing.marking.mark import Mark, NumberMark
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.digits import digit_slip
from chainrule.auditing.model.effort import Effort, Spent
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Problem, index_of
from chainrule.auditing.records import Contradiction
from chainrule.network.arrays import Array
from chainrule.network.names import Quantity
from chainrule.network.network import Network
from chainrule.sheets.lines import Line

_WEAK = ("inconsistent_with_own_line", "digit_transposition_or_copy", "arithmetic")


class _Change(NamedTuple):
    """Another value for one entry of the header, W_imj or b_im."""

    entry: Quantity
    value: float


def contradiction(state: SheetState, effort: Effort) -> tuple[Contradiction, Problem, Line] | None:
    """The one entry of the header whose change gives the lines, the problem with it, and the line that shows it.

    None where all fits, or the effort is spent. Looked for where the first wrong number is a pre-activation that no
    mistake of the table explains.
    """
    first = next((m for m in state.marks if m.value_verdict == "wrong"), None)
    if state.turns or state.examples:  # the sheet is about more than the header's numbers
        return None
    if first is None or first.value is None or first.place is None or first.node is None or first.node.kind != "a":
        return None
    if first.place.time or any(c.found.id not in _WEAK for c in first.candidates) or state.reading.transposed:
        return None
    alike = [m for m in state.marks if m.place is not None and m.place.name == first.place.name]
    if any(f.kind == "arithmetic" for m in alike for f in m.formulas):  # there the author shows what was taken
        return None
    for change in _changes(state, first.place, first.node.layer, first.value):
        problem = state.header.on(_with(state.header.network, change))
        try:
            again = SheetState(problem, state.reading, state.lines, state.unit, state.both, effort=effort)
            mark_sheet(again)
        except Spent:
            return None
        same = next(m for m in again.marks if m.claim.line is first.claim.line)
        if cost(again) <= cost(state) - 1 and same.verdict != "wrong" and keeps(state, again):
            return _record(state, first, change), problem, first.claim.line
    return None


def _changes(state: SheetState, place: QuantityPlace, layer: int, written: NumberMark) -> Iterator[_Change]:
    """Small changes of one entry that give the wrong units of a line: the sign, the decimal point, a digit."""
    if not state.problem.single or place.factor != 1.0:
        return
    wrong = [int(u) for u in np.argwhere(~np.atleast_1d(written.fits)).ravel()]
    units = [place.index[0]] if place.index else wrong
    if len(units) != 1:
        return
    m = units[0]
    W, b = state.problem.network.weights[layer - 1], state.problem.network.biases[layer - 1]
    before = state.printed.whole_of("h", layer - 1)
    entries = [(Quantity("W", layer, (m + 1, j + 1)), float(W[m, j]), float(before[j])) for j in range(W.shape[1])]
    entries.append((Quantity("b", layer, (m + 1,)), float(b[m]), 1.0))
    at = 0 if place.index else m
    due = float(np.atleast_1d(written.due)[at])
    claimed = written.numbers.interval(state.both).reshape(-1)[at]
    for make in (_sign, _point, _digit):
        for entry, value, factor in entries:
            if factor == 0:
                continue
            ends = sorted(((float(claimed.low) - due) / factor, (float(claimed.high) - due) / factor))
            needed = Interval(np.array(value + ends[0]), np.array(value + ends[1]))
            yield from (_Change(entry, new) for new in make(value, needed))


def _sign(value: float, needed: Interval) -> Iterator[float]:
    if value and needed.low <= -value <= needed.high:
        yield -value


def _point(value: float, needed: Interval) -> Iterator[float]:
    for power in (-2, -1, 1, 2):
        new = value * 10.0**power
        if value and needed.low <= new <= needed.high:
            yield float(f"{new:.12g}")


def _digit(value: float, needed: Interval) -> Iterator[float]:
    written = repr(value)
    decimals = len(written.partition(".")[2])
    new = round(float(needed.middle), decimals)
    if needed.low <= new <= needed.high and new != value and digit_slip(new, value, 10.0**-decimals, least=2):
        yield new


def _with(network: Network, change: _Change) -> Network:
    weights, biases = [W.copy() for W in network.weights], [b.copy() for b in network.biases]
    _of(change.entry, weights, biases)[index_of(change.entry)] = change.value
    return network._with(tuple(weights), tuple(biases))


def _record(state: SheetState, first: Mark, change: _Change) -> Contradiction:
    network, name = state.problem.network, str(change.entry)
    printed = float(_of(change.entry, network.weights, network.biases)[index_of(change.entry)])
    words = (
        f"With {name} = {printed:g} as given, line {first.number} cannot come out; with {name} = {change.value:g} it "
        f"does. Either the header has it wrong, or it was copied wrongly"
    )
    return Contradiction(name, printed, change.value, (first.number,), words)


def _of(entry: Quantity, weights: Sequence[Array], biases: Sequence[Array]) -> Array:
    """The array that an entry is in."""
    return (weights if entry.symbol == "W" else biases)[(entry.layer or 0) - 1]
