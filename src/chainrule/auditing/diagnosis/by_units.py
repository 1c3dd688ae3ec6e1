"""Units that have what belongs to others on the way back, seen from the array that comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.network.arrays import Array

MOST = 64  # units of a layer
MOST_TOLD = 12  # units that are named one by one


class Units(NamedTuple):
    """Units of a layer that take what other units should have. ``tries``: orders that were possible."""

    words: str
    node: Node
    wrong: Wrong
    tries: float


def moved_units(bench: Bench) -> Iterator[Units]:
    """The gradients of h, or the slopes, in another order of the units, where one order gives the array."""
    node, problem = bench.node, bench.state.problem
    i = node.layer
    if node.kind not in ("dW", "db", "da") or not 0 < i < problem.depth or problem.rule(i) is None:
        return
    if not 1 < problem.sizes[i] <= MOST or bench.place.index or bench.written.flipped or bench.place.flip:
        return
    replay = bench.world.replay(bench.place.time)
    errors, slopes = (np.asarray(replay.get(Node(kind, i))) for kind in ("dh", "g'"))
    value, room = _rows(bench.value, node.kind), _rows(np.broadcast_to(bench.room, bench.value.shape), node.kind)
    for kind, what in (("dh", "gradients"), ("g'", "slopes")):
        each = _each(replay, node, errors, slopes, kind)
        order = _order(each, value, room) if each.shape[2:] == value.shape[1:] else None
        if order is not None:
            shown = ", ".join(str(u + 1) for u in order[:MOST_TOLD]) + (", …" if len(order) > MOST_TOLD else "")
            words = f"the units of layer {i} have the {what} of others on the way back: those of {shown}"
            yield Units(words, Node(kind, i), Wrong(kind, i, _taken(np.array(order))), float(len(order)) ** 2)


def _rows(array: Array, kind: str) -> Array:
    """A row for each unit."""
    return array.T if kind == "da" else array.reshape(len(array), -1)


def _each(replay: Replay, node: Node, errors: Array, slopes: Array, kind: str) -> Array:
    """(m, u, …): what unit m would have with the error, or the slope, of unit u."""
    at = "nu,nm" if kind == "dh" else "nm,nu"
    match node.kind:
        case "dW":
            inputs = np.asarray(replay.get(Node("h", node.layer - 1)))
            return np.asarray(np.einsum(f"{at},nj->muj", errors, slopes, inputs))
        case "da":
            return np.asarray(np.einsum(f"{at}->mun", errors, slopes))
    return np.asarray(np.einsum(f"{at}->mu", errors, slopes)[:, :, None])


def _order(each: Array, value: Array, room: Array) -> list[int] | None:
    """The unit whose part each unit has; None where there is none, or each has its own."""
    order = list[int]()
    for m, row in enumerate(value):
        close = np.flatnonzero((np.abs(each[m] - row) <= room[m]).all(axis=1))
        if not len(close):
            return None
        order.append(m if m in close else int(close[0]))
    return order if order != list(range(len(order))) else None


def _taken(order: Array) -> Rule:
    return lambda r, q: r.right(q)[:, order]
