"""Numbers of the header that cannot give the author's first lines, where one changed entry would."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.auditing.marking.conventions import cost
from chainrule.auditing.marking.mark import Mark
from chainrule.auditing.marking.sheet import Pass
from chainrule.auditing.model.digits import digit_slip
from chainrule.auditing.model.effort import Effort, Spent
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.records import Contradiction
from chainrule.network.names import Quantity
from chainrule.network.network import Network
from chainrule.sheets.lines import Line

_WEAK = ("inconsistent_with_own_line", "digit_transposition_or_copy", "arithmetic")


def contradiction(p: Pass, effort: Effort) -> tuple[Contradiction, Problem, Line] | None:
    """The one entry of the header whose change gives the lines, the problem with it, and the line that shows it.

    None where all fits, or the effort is spent. Looked for where the first wrong number is a pre-activation that no
    mistake of the table explains.
    """
    first = next((m for m in p.marks if m.value_verdict == "wrong"), None)
    if first is None or first.place is None or first.place.node is None or first.place.node.kind != "a":
        return None
    if first.place.time or any(f.id not in _WEAK for f in first.found) or p.reading.transposed:
        return None
    if any(f.kind == "arithmetic" for f in first.formulas):  # there the author shows what was taken
        return None
    for symbol, index, value in _changes(p, first):
        problem = p.header.on(_with(p.header.network, symbol, first.place.node.layer, index, value))
        try:
            again = Pass(problem, p.reading, p.lines, p.unit, p.both, effort=effort).run()
        except Spent:
            return None
        same = next(m for m in again.marks if m.claim.line is first.claim.line)
        if cost(again) <= cost(p) - 1 and same.verdict != "wrong":
            return _record(p, first, symbol, index, value), problem, first.claim.line
    return None


def _changes(p: Pass, first: Mark) -> Iterator[tuple[str, tuple[int, ...], float]]:
    """Small changes of one entry that give the wrong units of a line: the sign, the decimal point, a digit."""
    assert first.place is not None
    assert first.place.node is not None
    assert first.numbers is not None
    assert first.fits is not None
    layer = first.place.node.layer
    if not p.problem.single or first.place.factor != 1.0:
        return
    wrong = [int(u) for u in np.argwhere(~np.atleast_1d(first.fits)).ravel()]
    units = [first.place.index[0]] if first.place.index else wrong
    if len(units) != 1:
        return
    m = units[0]
    W, b = p.problem.network.weights[layer - 1], p.problem.network.biases[layer - 1]
    before = p.printed.whole_of("h", layer - 1)
    entries: list[tuple[str, tuple[int, ...], float, float]] = [
        ("W", (m, j), float(W[m, j]), float(before[j])) for j in range(W.shape[1])
    ]
    entries.append(("b", (m,), float(b[m]), 1.0))
    due = float(np.atleast_1d(first.due)[m if not first.place.index else 0])
    claimed = first.numbers.interval(p.both).reshape(-1)[0 if first.place.index else m]
    for make in (_sign, _point, _digit):
        for symbol, index, value, factor in entries:
            if factor == 0:
                continue
            ends = sorted(((float(claimed.low) - due) / factor, (float(claimed.high) - due) / factor))
            needed = Interval(np.array(value + ends[0]), np.array(value + ends[1]))
            yield from ((symbol, index, new) for new in make(value, needed))


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


def _with(network: Network, symbol: str, layer: int, index: tuple[int, ...], value: float) -> Network:
    weights, biases = [W.copy() for W in network.weights], [b.copy() for b in network.biases]
    (weights if symbol == "W" else biases)[layer - 1][index] = value
    return network._with(tuple(weights), tuple(biases))


def _record(p: Pass, first: Mark, symbol: str, index: tuple[int, ...], value: float) -> Contradiction:
    assert first.place is not None
    assert first.place.node is not None
    layer = first.place.node.layer
    arrays = p.problem.network.weights if symbol == "W" else p.problem.network.biases
    printed = float(arrays[layer - 1][index])
    name = str(Quantity(symbol, layer, tuple(i + 1 for i in index)))
    words = (
        f"With {name} = {printed:g} as given, line {first.number} cannot come out; with {name} = {value:g} it does. "
        f"Either the header has it wrong, or it was copied wrongly"
    )
    return Contradiction(name, printed, value, (first.number,), words)
