"""From which earlier lines a line comes."""

from __future__ import annotations

from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.problem import Node, parents
from chainrule.errors import InputError
from chainrule.formula import tree as t


def sources(state: SheetState, claim: LineClaim) -> list[Mark]:
    """Earlier lines, wrong or following, that this one is computed from; the nearest first."""
    if claim.place is not None and claim.place.node is not None:
        return bad_above(state, claim.place.node, claim.place.time)
    symbols = (s for part in claim.formulas for s in t.refs(part.tree))
    return [m for symbol in symbols for m in _writers_of(state, symbol) if m.verdict in BAD]


def _writers_of(state: SheetState, symbol: t.Symbol) -> list[Mark]:
    if isinstance(symbol, str):
        return [m for m in state.marks if m.claim.own == symbol]
    try:
        place = state.reader.place(symbol)
    except InputError:
        return []
    if place.node is None:
        return [m for m in state.marks if m.place is not None and m.place.name == place.name]
    return state.lines_of(place.node, place.time) or bad_above(state, place.node, place.time)


def bad_above(state: SheetState, node: Node, time: int) -> list[Mark]:
    """Earlier lines, wrong or following, from which a quantity is computed; the nearest first."""
    found: list[Mark] = []
    if state.is_sound and time < 2:
        return found
    replay, seen = state.own.replay(time), {node}
    queue = [*parents(node, state.problem)]
    while queue:
        parent = queue.pop(0)
        if parent in seen:
            continue
        seen.add(parent)
        found += [m for m in state.lines_of(parent, time) if m.verdict in BAD and m not in found]
        given = replay.given.get(parent)
        if given is None or not given[1].all():
            queue += parents(parent, state.problem)
    return found
