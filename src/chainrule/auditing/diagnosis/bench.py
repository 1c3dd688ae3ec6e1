"""One wrong array in one world: what is due there, and what each mistake in reach would give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.diagnosis.reach import Reached, nodes_between, reached
from chainrule.auditing.marking.mark import Mark, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.mistakes import MISTAKES, Mistake
from chainrule.auditing.mistakes.code import CODE
from chainrule.auditing.mistakes.unknowns import is_round
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import World
from chainrule.errors import InputError
from chainrule.network.arrays import Array

TABLE = (*MISTAKES, *CODE)
GRADIENTS = ("dW", "db", "da", "dh")
LEAST = 2  # entries that must agree beyond the unknown ones
STEEP = 1e-12  # of the largest entry: less than this says nothing of an unknown


@dataclass(frozen=True, eq=False)
class Tried:
    """A mistake with what it gives for the array; None where it gives nothing."""

    reached: Reached[Mistake]
    wrong: Wrong
    value: Array


@dataclass(eq=False)
class Bench:
    """One wrong array in one world."""

    state: SheetState
    mark: Mark
    written: NumberMark
    place: QuantityPlace
    node: Node
    world: World
    chance: Chance

    @cached_property
    def own(self) -> Array:
        """What is due by the arrays before it."""
        value = value_of_line(self.place, self.written, self.world)
        return self.written.due if value is None or value.shape != self.written.due.shape else np.asarray(value)

    @cached_property
    def tried(self) -> list[Tried]:
        """Every mistake of the table in reach."""
        found = []
        for one in reached(self.state.problem, self.place, self.world, TABLE):
            value, wrong = self.with_mistake(one.mistake, one.node, one.without)
            if value is not None and (np.abs(value - self.own) > self.room).any():
                found.append(Tried(one, wrong, value))
        found.sort(key=lambda one: one.reached.distance)
        return found

    @cached_property
    def linear(self) -> list[tuple[Node, int]]:
        """The array's own node and those of gradients that it is computed from: a factor there is one here."""
        if self.node.kind not in GRADIENTS:
            return [(self.node, 0)]
        between = nodes_between(self.state.problem, self.place, self.world).items()
        return [(node, distance) for node, (distance, _) in between if node == self.node or node.kind in ("da", "dh")]

    @cached_property
    def everywhere(self) -> list[Tried]:
        """Every mistake of the table made at all layers in reach."""
        places: dict[Mistake, list[Reached[Mistake]]] = {}
        for one in reached(self.state.problem, self.place, self.world, TABLE):
            places.setdefault(one.mistake, []).append(one)
        found = []
        for mistake, at in places.items():
            if len(at) > 1:
                nearest = min(at, key=lambda one: one.distance)
                others = [one.node.layer for one in at if one is not nearest]
                all_of = nearest._replace(without=tuple({node for one in at for node in one.without}))
                value, wrong = self.with_mistake(mistake, all_of.node, all_of.without, *others)
                if value is not None and (np.abs(value - self.own) > self.room).any():
                    found.append(Tried(all_of, wrong, value))
        return found

    def with_mistake(
        self, mistake: Mistake, node: Node, without: tuple[Node, ...], *others: int
    ) -> tuple[Array | None, Wrong]:
        """What a mistake gives for the array, made at one layer or at several."""
        wrong = mistake.at(node.layer, *others)
        try:
            with np.errstate(all="ignore"):
                value = value_of_line(self.place, self.written, self.world.other(wrong, without=without))
        except (InputError, ValueError, IndexError):
            return None, wrong
        if value is None or np.shape(value) != self.value.shape or not np.isfinite(value).all():
            return None, wrong
        return np.asarray(value, dtype=float), wrong

    @property
    def value(self) -> Array:
        """The array."""
        return self.written.numbers.value

    @cached_property
    def room(self) -> Array:
        """How far each entry may be off."""
        return self.written.numbers.unit / 2

    def too_free(self, node: Node, number: float) -> bool:
        """Whether any number would do: one example has one error alone, and a mistake at the output changes that."""
        problem = self.state.problem
        errors = problem.n * (problem.sizes[-1] - (problem.rule(problem.depth) is None))
        return errors <= 1 and node.layer == problem.depth and not is_round(number)

    def gives(self, value: Array) -> bool:
        """Whether these numbers are the array, to its precision."""
        return value.shape == self.value.shape and bool((np.abs(self.value - value) <= self.room).all())

    def accident(self, value: Array, tries: float, unknown: int = 0) -> float:
        """How likely one of so many tries fits by accident."""
        return min(1.0, tries * self.chance.share(value, unknown))

    @np.errstate(all="ignore")
    def line(self, start: Array, step: Array) -> float | None:
        """c with start + c * step = the array; None where too few entries say so."""
        size = np.abs(step)
        told = size > STEEP * max(float(size.max(initial=0.0)), 1e-300)
        if int((told & ~self.written.fits).sum()) < LEAST:
            return None
        # by the entries that say most for their room
        weight = np.where(told, 1.0 / self.room, 0.0)
        top, bottom = (weight * (self.value - start)).ravel(), (weight * step).ravel()
        length = float(bottom @ bottom)
        return float(top @ bottom / length) if np.isfinite(length) and length > 0 else None

    @np.errstate(all="ignore")
    def ratio(self, value: Array) -> float | None:
        """c with c * value = the array, if there is one."""
        weight = 1.0 / self.room
        top, bottom = (weight * self.value).ravel(), (weight * value).ravel()
        length = float(bottom @ bottom)
        return float(top @ bottom / length) or None if np.isfinite(length) and length > 0 else None
