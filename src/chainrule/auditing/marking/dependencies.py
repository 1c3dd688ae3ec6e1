"""From which earlier lines a line comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.model.problem import Node, parents
from chainrule.errors import InputError
from chainrule.formula import tree as t

if TYPE_CHECKING:
    from chainrule.auditing.marking.sheet import Pass


def sources(p: Pass, mark: Mark) -> list[Mark]:
    """Earlier lines, wrong or following, that this one is computed from; the nearest first."""
    found: list[Mark] = []
    if mark.place is None or mark.place.node is None:
        symbols: Iterable[Any] = (s for part in mark.claim.formulas if part.tree is not None for s in t.refs(part.tree))
        for symbol in symbols:
            found += [m for m in _writers_of(p, symbol) if m.verdict in BAD and m is not mark]
        return found
    return _bad_above(p, mark.place.node, mark.place.time, mark)


def _writers_of(p: Pass, symbol: Any) -> list[Mark]:
    if isinstance(symbol, str):
        return [m for m in p.marks if m.claim.own == symbol]
    try:
        place = p.reader.place(symbol)
    except InputError:
        return []
    if place.node is None:
        return [m for m in p.marks if m.place is not None and m.place.name == place.name]
    key = (place.node, place.time if place.time > 1 else 0)
    return p.writers.get(key, []) or _bad_above(p, place.node, place.time, None)


def _bad_above(p: Pass, node: Node, time: int, but: Mark | None) -> list[Mark]:
    found: list[Mark] = []
    replay, seen = p.own.replay(time), {node}
    queue = [*parents(node, p.problem)]
    while queue:
        parent = queue.pop(0)
        if parent in seen:
            continue
        seen.add(parent)
        writers = p.writers.get((parent, time if time > 1 else 0), [])
        known = set(found)
        found += [m for m in writers if m.verdict in BAD and m is not but and m not in known]
        given = replay.given.get(parent)
        if given is None or not given[1].all():
            queue += parents(parent, p.problem)
    return found
