"""From which earlier lines a line comes."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.problem import Node, parents, part_of
from chainrule.auditing.records import ACCEPTED
from chainrule.errors import InputError
from chainrule.formula import tree as t


def sources(state: SheetState, claim: LineClaim) -> list[Mark]:
    """Earlier lines, wrong or following, that this one is computed from; the nearest first."""
    if claim.place is not None and claim.place.node is not None:
        return bad_above(state, claim.place.node, claim.place.time, claim.place.index)
    symbols = (s for part in claim.formulas for s in t.refs(part.tree))
    return [m for symbol in symbols for m in _writers_of(state, symbol) if is_off(m)]


def is_off(mark: Mark) -> bool:
    """Whether the number of a line is off: beside a wrong formula it may be right, and nothing is off after it."""
    return mark.verdict in BAD and mark.value_verdict not in ACCEPTED


def _is_mended(mark: Mark, later: list[Mark]) -> bool:
    """Whether a later line gives the right number for what a line gives wrongly."""
    return any(m.verdict in ACCEPTED and m.value is not None and _is_about(mark, _entries(m)) for m in later)


def _entries(mark: Mark) -> tuple[int, ...]:
    return () if mark.place is None else mark.place.index


def _writers_of(state: SheetState, symbol: t.Symbol) -> list[Mark]:
    if isinstance(symbol, str):
        return [m for m in state.marks if m.claim.own == symbol]
    try:
        place = state.reader.place(symbol)
    except InputError:
        return []
    if place.node is None:
        return [m for m in state.marks if m.place is not None and m.place.name == place.name]
    written = [m for m in state.lines_of(place.node, place.time) if _is_about(m, place.index)]
    return written or bad_above(state, place.node, place.time, place.index)


def bad_above(state: SheetState, node: Node, time: int, index: tuple[int, ...] = ()) -> list[Mark]:
    """Earlier lines, wrong or following, from which a quantity, or one entry of it, is computed; the nearest first."""
    found: list[Mark] = []
    if state.is_sound and time < 2:
        return found
    replay, first = state.own.replay(time), (node, tuple[int | None, ...](index))
    seen = {first}
    queue = [*_parts(state, *first)]
    while queue:
        one = queue.pop(0)
        if one in seen:
            continue
        seen.add(one)
        parent, entries = one
        lines = [m for m in state.lines_of(parent, time) if _is_about(m, entries)]
        found += [m for i, m in enumerate(lines) if is_off(m) and m not in found and not _is_mended(m, lines[i + 1 :])]
        given = replay.given.get(parent)
        written = None if given is None else given[1][(..., *(slice(None) if e is None else e for e in entries))]
        if written is None or not written.all():
            queue += _parts(state, parent, entries)
    return found


def _parts(
    state: SheetState, node: Node, index: tuple[int | None, ...]
) -> Iterator[tuple[Node, tuple[int | None, ...]]]:
    """What a quantity, or an entry of it, is computed from, and which entries of that."""
    problem = state.problem
    return ((parent, part_of(parent, node, index, problem)) for parent in parents(node, problem))


def _is_about(mark: Mark, entries: tuple[int | None, ...]) -> bool:
    """Whether a line writes one of these entries of the quantity that it is about."""
    return all(one is None or one == other for one, other in zip(entries, _entries(mark), strict=False))
