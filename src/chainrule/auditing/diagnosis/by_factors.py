"""One or two factors of the backward equations behind an array changed, every way of it tried at once.

What is possible at dL/dh, at the slopes, at dL/da and at the inputs is computed once each, and the products of them
are held against the array together: thousands of ways take as long as a few replays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.diagnosis.reach import nodes_between
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.mistakes.code import CODE
from chainrule.auditing.mistakes.code.factors import FACTORS, Factor, Slot, of_the_gradient
from chainrule.auditing.mistakes.table import Mistake, curved
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.network.arrays import Array

LEAST = 3  # entries that must be wrong, and agree
CHANCE = 1e-7  # of a fit by accident
LARGE = 5e4  # parameters times examples: beyond, one change alone

#: the slots that a whole row of the table of mistakes takes
_ROWS: dict[str, Slot] = {"g'": "slope", "dh": "gradient", "da": "error"}
_KINDS = ("dW", "db", "da", "dh")

Changed = tuple[Factor, ...]


class Product(NamedTuple):
    """The factors that are changed, what they give together, and where: the node nearest to the array."""

    changed: Changed
    value: Array
    wrong: Wrong
    node: Node
    distance: int
    chance: float


class Way(NamedTuple):
    """One way to an array: what is changed in it, and its numbers."""

    changed: Changed
    value: Array


def products(bench: Bench, late: frozenset[str]) -> Iterator[Product]:
    """The fewest factors that give the array when they are changed.

    Args:
        late: ids of mistakes that are not taken for one of two.
    """
    node, problem = bench.node, bench.state.problem
    if node.kind not in _KINDS or bench.place.index or bench.written.flipped or bench.place.flip:
        return
    if int((~bench.written.fits).sum()) < LEAST or (node.kind == "dh" and node.layer == problem.depth):
        return
    with np.errstate(all="ignore"):
        ways = _Ways(bench, late)
        fitting = [way for way in ways.to_the_array() if bench.gives(way.value)]
    fewest = min((len(way.changed) for way in fitting), default=0)
    for way in fitting:
        chance = bench.accident(way.value, float(ways.count))
        if len(way.changed) == fewest and chance <= CHANCE:
            yield from ways.placed(way, chance)


class _Ways:
    """The ways to one array. ``open``: which of dL/da, dL/dh and the slopes are computed for it, and how far away."""

    def __init__(self, bench: Bench, late: frozenset[str]) -> None:
        self.bench, self.late, self.problem, self.i = bench, late, bench.state.problem, bench.node.layer
        self.replay = bench.world.replay(bench.place.time)
        self.pairs = self.problem.network.parameter_count * self.problem.n <= LARGE
        between = nodes_between(self.problem, bench.place, bench.world)
        self.distances = {one.kind: distance for one, (distance, _) in between.items() if one.layer == self.i}
        self.count = 0

    def get(self, kind: str, layer: int = 0) -> Array:
        return np.asarray(self.replay.get(Node(kind, self.i + layer)), dtype=float)

    # ------------------------------------------------------------ the ways

    def to_the_array(self) -> Iterator[Way]:
        kind = self.bench.node.kind
        if kind == "dh":
            found = [*self.gradients()]
        elif kind == "da":
            found = [*self.errors()]
        else:
            found = [*self.parameters(kind)]
        self.count = max(len(found), 1)
        yield from found

    def parameters(self, kind: str) -> Iterator[Way]:
        errors = [*self.errors()] if "da" in self.distances else [*self.whole(self.get("da"))]
        right, one = self.get("da"), [way for way in errors if len(way.changed) == 1]
        if kind == "db":
            each = np.stack([way.value for way in errors]).sum(1) if errors else np.empty((0,))
            yield from (Way(way.changed, value) for way, value in zip(errors, each, strict=True))
            yield from (Way(way.changed, way.value.sum(0)) for way in self.at("bias", right))
            return
        inputs, own = [*self.at("input", self.get("h", -1))], Way((), self.get("h", -1))
        yield from _multiplied(errors, [own])
        yield from _multiplied([Way((), right)], inputs)
        if self.pairs:
            yield from _multiplied([way for way in one if not self.is_late(way)], inputs)

    def errors(self) -> Iterator[Way]:
        """What may stand for dL/da."""
        yield from self.whole(np.asarray(self.replay.right(Node("da", self.i)), dtype=float))
        if not curved(self.problem, self.i):
            return
        gradient, slope = self.get("dh"), self.get("g'")
        slopes = [way for way in self.at("slope", slope)]
        gradients = [*self.gradients()] if "dh" in self.distances else [*self.at("gradient", gradient)]
        if self.i == self.problem.depth:
            gradients = [*self.at("gradient", gradient)]
        yield from (Way(way.changed, gradient * way.value) for way in slopes)
        yield from (Way(way.changed, way.value * slope) for way in gradients)
        if self.pairs:
            few = [way for way in gradients if len(way.changed) == 1 and not self.is_late(way)]
            for other in slopes:
                if not self.is_late(other):
                    yield from (Way((*way.changed, *other.changed), way.value * other.value) for way in few)

    def whole(self, right: Array) -> Iterator[Way]:
        """dL/da changed as a whole."""
        yield from self.at("error", right)
        if "dh" in self.distances or "da" in self.distances:
            yield from self.each(of_the_gradient(self.problem, self.i), right)

    def gradients(self) -> Iterator[Way]:
        """What may stand for dL/dh of a hidden layer."""
        error, weights = self.get("da", 1), self.get("W", 1)
        yield from self.at("gradient", error @ weights)
        back, W = [*self.at("returned", error)], [*self.at("weights", weights)]
        yield from (Way(way.changed, way.value @ weights) for way in back)
        yield from (Way(way.changed, error @ way.value) for way in W)
        if self.pairs:
            for way in back:
                yield from (Way((*way.changed, *other.changed), way.value @ other.value) for other in W)

    def at(self, slot: Slot, right: Array) -> Iterator[Way]:
        """What may stand in one slot."""
        if slot in ("returned", "weights") and self.i == self.problem.depth:
            return
        yield from self.each((*_rows(slot), *(factor for factor in FACTORS if factor.slot == slot)), right)

    def each(self, factors: Sequence[Factor] | Iterator[Factor], right: Array) -> Iterator[Way]:
        for factor in factors:
            if factor.fits(self.problem, self.i):
                value = _of(factor, self.replay, self.i, right)
                if value is not None and np.isfinite(value).all():
                    yield Way((factor,), value)

    def is_late(self, way: Way) -> bool:
        return any(factor.id in self.late for factor in way.changed)

    # ------------------------------------------------------------ where it was

    def placed(self, way: Way, chance: float) -> Iterator[Product]:
        """The way as equations that are replaced: each where it belongs, and all of it in the array's own."""
        kind, i = self.bench.node.kind, self.i
        belong = [k for k in ("dh", "da") if k in self.distances and _touches(k, way.changed)]
        if kind not in belong and (_touches(kind, way.changed) or not belong):
            belong.append(kind)
        for kinds, whole in ((belong, False), ([kind], True)):
            if whole and kinds == belong:
                continue
            rules = {k: _EQUATIONS[k](way.changed, whole) for k in kinds}
            wrong = Wrong(
                kinds[0], i, lambda r, q, rules=rules: rules[q.kind](r, q), also=tuple((k, i) for k in kinds[1:])
            )
            nearest = min(kinds, key=lambda k: self.distances[k])
            node = self.bench.node._replace(kind=nearest)
            yield Product(way.changed, way.value, wrong, node, self.distances[nearest], chance)


def _multiplied(errors: Sequence[Way], inputs: Sequence[Way]) -> Iterator[Way]:
    """E^T X of every two."""
    if not errors or not inputs:
        return
    left, right = np.stack([way.value for way in errors]), np.stack([way.value for way in inputs])
    values = np.matmul(left.transpose(0, 2, 1)[:, None], right[None])
    for k, error in enumerate(errors):
        yield from (Way((*error.changed, *x.changed), values[k, m]) for m, x in enumerate(inputs))


def _rows(slot: Slot) -> tuple[Factor, ...]:
    """The rows of the table of mistakes that take a slot."""
    return _TABLE.get(slot, ())


def _as_factor(row: Mistake, slot: Slot) -> Factor:
    return Factor(slot, row.id, row.words, lambda r, i, right: row.rule(r, Node(row.kind, i)), row.fits)


_TABLE: dict[Slot, tuple[Factor, ...]] = {
    slot: tuple(_as_factor(row, slot) for row in (*MISTAKES, *CODE) if row.kind == kind and not row.partner)
    for kind, slot in _ROWS.items()
}


def _of(factor: Factor, replay: Replay, i: int, right: Array) -> Array | None:
    """What stands in its slot; None where the shapes do not fit."""
    try:
        value = np.asarray(factor.rule(replay, i, right), dtype=float)
    except (ValueError, IndexError, AttributeError):
        return None
    mask = replay.problem.masks.get(i) if factor.slot == "slope" else None
    value = value if mask is None else value * mask
    return value if value.shape == right.shape else None


# ---------------------------------------------------------------- the equations with changed factors


_OWN: dict[str, tuple[Slot, ...]] = {
    "dh": ("returned", "weights"), "da": ("gradient", "slope", "error"), "dW": ("input",), "db": ("bias",),
}  # fmt: skip


def _touches(kind: str, changed: Changed) -> bool:
    """Whether a factor of this kind's own equation is changed."""
    return any(factor.slot in _OWN[kind] for factor in changed)


def _picked(changed: Changed, slot: Slot, replay: Replay, i: int, value: Array) -> Array:
    """A factor as it stands there."""
    for factor in changed:
        if factor.slot == slot:
            value = np.asarray(factor.rule(replay, i, value), dtype=float)
    return value


def _of_dh(changed: Changed, whole: bool) -> Rule:
    def rule(r: Replay, q: Node) -> Array:
        i = q.layer
        if not _touches("dh", changed):
            right = np.asarray(r.right(Node("dh", i)) if whole else r.get(Node("dh", i)))
            return _picked(changed, "gradient", r, i, right)
        error = _picked(changed, "returned", r, i, r.get(Node("da", i + 1)))
        weights = _picked(changed, "weights", r, i, r.get(Node("W", i + 1)))
        return _picked(changed, "gradient", r, i, error @ weights)

    return rule


def _of_da(changed: Changed, whole: bool) -> Rule:
    """``whole``: what is changed before dL/da is changed here as well."""
    inner = [factor for factor in changed if factor.slot in ("gradient", "slope") or (whole and factor.slot != "error")]

    def rule(r: Replay, q: Node) -> Array:
        i, mask = q.layer, r.problem.masks.get(q.layer)
        value = np.asarray(r.right(Node("da", i)))
        if inner:
            gradient = r.get(Node("dh", i))
            gradient = _of_dh(changed, whole)(r, q) if whole else _picked(changed, "gradient", r, i, gradient)
            slope = _picked(changed, "slope", r, i, r.get(Node("g'", i)))
            is_masked = mask is not None and any(factor.slot == "slope" for factor in changed)
            value = gradient * (slope * mask if is_masked else slope)
        return _picked(changed, "error", r, i, value)

    return rule


def _of_parameters(changed: Changed, whole: bool) -> Rule:
    before = any(factor.slot not in ("input", "bias") for factor in changed)

    def rule(r: Replay, q: Node) -> Array:
        i = q.layer
        error = _of_da(changed, True)(r, q) if whole and before else np.asarray(r.get(Node("da", i)))
        if q.kind == "db":
            return _picked(changed, "bias", r, i, error).sum(0)
        return error.T @ _picked(changed, "input", r, i, r.get(Node("h", i - 1)))

    return rule


_EQUATIONS: dict[str, Callable[[Changed, bool], Rule]] = {
    "dh": _of_dh, "da": _of_da, "dW": _of_parameters, "db": _of_parameters,
}  # fmt: skip
