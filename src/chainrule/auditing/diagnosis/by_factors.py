"""One or two factors of the backward equations behind an array changed, every way of it tried at once.

What is possible at dL/dh, at the slopes, at dL/da and at the inputs is computed once each, and the products of them
are held against the array together: thousands of ways take as long as a few replays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.diagnosis.reach import nodes_between
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.mistakes.code import CODE
from chainrule.auditing.mistakes.code.factors import FACTORS, Factor, Slot, of_the_gradient
from chainrule.auditing.mistakes.table import Mistake, curved
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.network.arrays import Array

LEAST = 3  # entries that must be wrong, and agree
CHANCE = 1e-7  # of a fit by accident
SLACK = 1e-6  # of the room of an entry: the same products in another order
LARGE = 5e4  # parameters times examples: beyond, one change alone

#: the slots that a whole row of the table of mistakes takes
_ROWS: dict[str, Slot] = {"g'": "slope", "dh": "gradient", "da": "error"}
Changed = tuple[Factor, ...]


class Product(NamedTuple):
    """The factors that are changed, what they give together, and where: the node nearest to the array."""

    changed: Changed
    value: Array
    wrong: Wrong
    node: Node
    distance: int
    chance: float


class Ways(NamedTuple):
    """Changes of one factor, or of two that are multiplied: what each gives in the entry that is looked at."""

    first: Sequence[Factor]
    second: Sequence[Factor]  # empty: one change alone
    entries: Array  # (first,) or (first, second)


def products(bench: Bench, late: frozenset[str]) -> Iterator[Product]:
    """The fewest factors that give the array when they are changed.

    Args:
        late: ids of mistakes that are not taken for one of two.
    """
    node, problem = bench.node, bench.state.problem
    if node.kind not in _EQUATIONS or bench.place.index or bench.written.flipped or bench.place.flip:
        return
    if int((~bench.written.fits).sum()) < LEAST or (node.kind == "dh" and node.layer == problem.depth):
        return
    with np.errstate(all="ignore"):
        tries = _Tries(bench, late)
        ways = list(tries.ways())
        count = float(sum(way.entries.size for way in ways)) + 1.0
        for number in (1, 2):
            fitting = [changed for changed in tries.fitting(ways, number) if bench.gives(tries.value(changed))]
            likely = [changed for changed in fitting if not any(factor.id in late for factor in changed)]
            for changed in likely or fitting:
                value = tries.value(changed)
                if (chance := bench.accident(value, count)) <= CHANCE:
                    yield from tries.placed(changed, value, chance)
            if fitting:
                return


class _Tries:
    """What is tried for one array. It is looked at in one entry first: there thousands of ways are a few products."""

    def __init__(self, bench: Bench, late: frozenset[str]) -> None:
        self.bench, self.late, self.problem, self.i = bench, late, bench.state.problem, bench.node.layer
        self.kind = bench.node.kind
        self.replay = bench.world.replay(bench.place.time)
        self.known: dict[tuple[Slot, int], Array | None] = {}
        self.slots: dict[Slot, tuple[Factor, ...]] = {}
        self.pairs = self.problem.network.parameter_count * self.problem.n <= LARGE
        between = nodes_between(self.problem, bench.place, bench.world)
        self.distances = {one.kind: distance for one, (distance, _) in between.items() if one.layer == self.i}
        value = np.atleast_2d(bench.value.T).T.reshape(bench.value.shape[0], -1)
        off = np.where(bench.written.fits.reshape(value.shape), 0.0, np.abs(value))
        row, column = (int(one) for one in np.unravel_index(int(off.argmax()), off.shape))
        self.entry, self.room = float(value[row, column]), float(bench.room.reshape(value.shape)[row, column])
        self.unit, self.column = (column, 0) if self.kind in ("da", "dh") else (row, column)
        self.weights = np.ones(self.problem.n)  # of the examples, in the entry
        if self.kind in ("da", "dh"):
            self.weights = np.eye(self.problem.n)[row]
        elif self.kind == "dW":
            self.weights = self.get("h", -1)[:, column]

    def get(self, kind: str, layer: int = 0) -> Array:
        return np.asarray(self.replay.get(Node(kind, self.i + layer)), dtype=float)

    # ------------------------------------------------------------ what is tried

    def ways(self) -> Iterator[Ways]:
        """Every change, and every two, with what they give in the entry."""
        if self.kind == "dh":
            gradients, columns = self.all_gradients(self.get("da", 1) @ self.get("W", 1))
            yield Ways(gradients, (), columns @ self.weights)
            yield self.returned(self.weights)
            return
        right = np.asarray(self.replay.right(Node("da", self.i)) if "da" in self.distances else self.get("da"))
        own = [factor for factor in self.at("error") if "da" in self.distances or factor.id != "slope_at_gradient"]
        errors, columns = self.columns(own, right)
        yield Ways(errors, (), columns @ self.weights)
        changed = [(errors, columns)]
        if "da" in self.distances and curved(self.problem, self.i):
            slope, gradient = self.get("g'"), self.get("dh")
            slopes, of_slopes = self.columns(self.at("slope"), slope)
            yield Ways(slopes, (), of_slopes @ (self.weights * gradient[:, self.unit]))
            gradients, of_gradients = self.all_gradients(gradient)
            yield Ways(gradients, (), of_gradients @ (self.weights * slope[:, self.unit]))
            if "dh" in self.distances and self.i < self.problem.depth:
                yield self.returned(self.weights * slope[:, self.unit])
            yield Ways(gradients, slopes, of_gradients @ (of_slopes * self.weights).T)
            changed += [(slopes, of_slopes * gradient[:, self.unit]), (gradients, of_gradients * slope[:, self.unit])]
        yield from self.of_parameters(changed)

    def of_parameters(self, changed: Sequence[tuple[list[Factor], Array]]) -> Iterator[Ways]:
        """Changed inputs, alone and beside a changed error."""
        if self.kind == "db":
            biases, columns = self.columns(self.at("bias"), self.get("da"))
            yield Ways(biases, (), columns.sum(1))
        if self.kind == "dW":
            inputs, columns = self.columns(self.at("input"), self.get("h", -1), self.column)
            yield Ways(inputs, (), columns @ self.get("da")[:, self.unit])
            for factors, errors in changed:
                yield Ways(factors, inputs, errors @ columns.T)

    def returned(self, weights: Array) -> Ways:
        """Both factors of dL/dh changed."""
        back, of_back = self.arrays(self.at("returned"), self.get("da", 1))
        matrices, of_weights = self.columns(self.at("weights"), self.get("W", 1))
        return Ways(back, matrices, (weights @ of_back) @ of_weights.T)

    def all_gradients(self, gradient: Array) -> tuple[list[Factor], Array]:
        """Every single change of dL/dh, with the column that it gives."""
        found, columns = self.columns(self.at("gradient"), gradient)
        if "dh" in self.distances and self.i < self.problem.depth:
            error, W = self.get("da", 1), self.get("W", 1)
            back, of_back = self.arrays(self.at("returned"), error)
            matrices, of_weights = self.columns(self.at("weights"), W)
            found = [*found, *back, *matrices]
            columns = np.vstack([columns, of_back @ W[:, self.unit], of_weights @ error.T])
        return found, columns

    def at(self, slot: Slot) -> tuple[Factor, ...]:
        """What may be done in one slot."""
        if slot not in self.slots:
            self.slots[slot] = tuple(self._at(slot))
        return self.slots[slot]

    def _at(self, slot: Slot) -> Iterator[Factor]:
        own = [*_TABLE.get(slot, ()), *(factor for factor in FACTORS if factor.slot == slot)]
        own += of_the_gradient(self.problem, self.i) if slot == "error" else ()
        yield from (factor for factor in own if factor.fits(self.problem, self.i))

    def arrays(self, factors: Iterable[Factor], right: Array) -> tuple[list[Factor], Array]:
        """The factors whose arrays are finite and of the right shape, with these."""
        found = [(factor, value) for factor in factors if (value := self.array(factor, right)) is not None]
        return [factor for factor, _ in found], np.array([value for _, value in found]).reshape(-1, *right.shape)

    def columns(self, factors: Iterable[Factor], right: Array, at: int | None = None) -> tuple[list[Factor], Array]:
        """Of the arrays of factors the column of the unit that is looked at, or another."""
        found, values = self.arrays(factors, right)
        return found, values[:, :, self.unit if at is None else at]

    def array(self, factor: Factor, right: Array) -> Array | None:
        """What stands in the factor's slot; None where the shapes do not fit."""
        key = (factor.slot, id(factor))
        if key not in self.known:
            self.known[key] = _of(factor, self.replay, self.i, right)
        return self.known[key]

    # ------------------------------------------------------------ what fits

    def fitting(self, ways: Sequence[Ways], number: int) -> Iterator[Changed]:
        """So many changes that give the entry."""
        for way in ways:
            if (2 if way.second else 1) != number or way.entries.size == 0 or (number == 2 and not self.pairs):
                continue
            for at in np.argwhere(np.abs(way.entries - self.entry) <= self.room * (1 + SLACK)):
                first = way.first[at[0]]
                changed = (first,) if number == 1 else (first, way.second[at[1]])
                if number == 1 or not any(factor.id in self.late for factor in changed):
                    yield changed

    def value(self, changed: Changed) -> Array:
        """The whole array with these changes."""
        return np.asarray(_EQUATIONS[self.kind](changed, True)(self.replay, self.bench.node), dtype=float)

    def placed(self, changed: Changed, value: Array, chance: float) -> Iterator[Product]:
        """The changes as equations that are replaced: each where it belongs, and all of them in the array's own."""
        kind, i = self.kind, self.i
        belong: list[str] = [k for k in ("dh", "da") if k in self.distances and _touches(k, changed)]
        if kind not in belong and (_touches(kind, changed) or not belong):
            belong.append(kind)
        for kinds, whole in ((belong, False), ([kind], True)):
            if whole and kinds == belong:
                continue
            nearest = min(kinds, key=lambda k: self.distances[k])
            node = self.bench.node._replace(kind=nearest)
            yield Product(changed, value, _replaced(changed, kinds, i, whole), node, self.distances[nearest], chance)


def _replaced(changed: Changed, kinds: Sequence[str], i: int, whole: bool) -> Wrong:
    rules = {kind: _EQUATIONS[kind](changed, whole) for kind in kinds}

    def rule(r: Replay, q: Node) -> Array:
        return np.asarray(rules[q.kind](r, q))

    return Wrong(kinds[0], i, rule, also=tuple((kind, i) for kind in kinds[1:]))


def _as_factor(row: Mistake, slot: Slot) -> Factor:
    return Factor(slot, row.id, row.words, lambda r, i, right: row.rule(r, Node(row.kind, i)), row.fits)


_TABLE: dict[Slot, tuple[Factor, ...]] = {
    slot: tuple(_as_factor(row, slot) for row in (*MISTAKES, *CODE) if row.kind == kind and not row.partner)
    for kind, slot in _ROWS.items()
}


def _of(factor: Factor, replay: Replay, i: int, right: Array) -> Array | None:
    """What stands in its slot; None where the shapes do not fit, or for what is no number."""
    try:
        value = np.asarray(factor.rule(replay, i, right), dtype=float)
    except (ValueError, IndexError, AttributeError):
        return None
    mask = replay.problem.masks.get(i) if factor.slot == "slope" else None
    value = value if mask is None else value * mask
    return value if value.shape == right.shape and np.isfinite(value).all() else None


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
    slots = ("gradient", "slope", "returned", "weights") if whole else ("gradient", "slope")
    inner = [factor for factor in changed if factor.slot in slots]

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
            return np.asarray(_picked(changed, "bias", r, i, error).sum(0))
        return np.asarray(error.T @ _picked(changed, "input", r, i, r.get(Node("h", i - 1))))

    return rule


_EQUATIONS: dict[str, Callable[[Changed, bool], Rule]] = {
    "dh": _of_dh, "da": _of_da, "dW": _of_parameters, "db": _of_parameters,
}  # fmt: skip
