"""Which mistake in code gives a wrong array: the simplest that explains it to its precision.

First single mistakes without an unknown number, then what the array looks like, then mistakes with one unknown that is
solved, then a factor or a penalty beside a mistake. The array's own equation comes before those it is computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chainrule.auditing.diagnosis import by_digits, by_pattern
from chainrule.auditing.diagnosis.by_equation import spares, value_of_line
from chainrule.auditing.diagnosis.by_pattern import Pattern
from chainrule.auditing.diagnosis.by_shares import of_examples
from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.diagnosis.origins import Origin, as_number, explained
from chainrule.auditing.diagnosis.reach import Reached, found_at, nodes_between, reached
from chainrule.auditing.marking.mark import BAD, Candidate, Mark, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.mistakes import MISTAKES, Mistake
from chainrule.auditing.mistakes.code import CODE
from chainrule.auditing.mistakes.unknowns import UNKNOWNS
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node, name_of
from chainrule.auditing.model.replay import Rule, Wrong
from chainrule.auditing.model.world import World
from chainrule.auditing.records import Found
from chainrule.errors import InputError
from chainrule.network.arrays import Array

TABLE = (*MISTAKES, *CODE)
MOST_WORLDS = 12  # ways of taking the arrays before this one
LARGE = 1e6  # parameters times examples beyond which few ways are tried
GRADIENTS = ("dW", "db", "da", "dh")
LEAST = 2  # entries that must agree beyond the unknown ones
STEEP = 1e-12  # of the largest entry: less than this says nothing of an unknown
#: what gives by its form what a likelier mistake gives as well: named only where no other is
_LATE = ("dh_for_da", "gradient_of_other_layer", "other_layers_gradient", "slope_twice", "h_for_da", "layer_skipped",
         "outputs_shifted", "bias_from_weights", "slope_times_h", "slope_times_a", "other_activation_slope",
         "a_for_slope", "missed_paths_last_only", "one_minus_slope", "activation_in_path", "error_times_output",
         "slope_of_other_layer", "weights_reshaped", "softmax_diagonal_missing", "mean_over_units", "times_units",
         "one_minus_square_of_a", "weights_reversed", "other_loss", "whole_numbers")  # fmt: skip


def diagnose_array(state: SheetState, mark: Mark) -> Mark:
    """A wrong array with the mistakes that explain it, likeliest first."""
    written, place = mark.value, mark.place
    if written is None or place is None or place.node is None:
        return mark
    return replace(mark, candidates=tuple(_explained(state, mark, written, place, place.node)))


def _explained(state: SheetState, mark: Mark, written: NumberMark, place: QuantityPlace, node: Node) -> list[Candidate]:
    if not written.numbers.value.any():
        return [_of_pattern(mark, pattern, 0.0) for pattern in by_pattern.empty(written)]
    chance = Chance(written)
    benches = [Bench(state, mark, written, place, node, world, chance) for world in _worlds(state)]
    doubtful: list[Candidate] = []
    for level in LEVELS:
        for bench in benches:
            found = [replace(c, contradicted=_shows_elsewhere(bench, c)) for c in level(bench)]
            if fitting := [c for c in found if not c.contradicted]:
                return sorted(fitting, key=lambda c: (_is_late(c), c.distance))
            doubtful = doubtful or found
    if doubtful:
        return doubtful
    where = by_pattern.differing(written)
    words = f"{where}; " if where else ""
    unknown = Found("inconsistent_with_own_line", mark.claim.subject, f"{words}no mistake that is known here gives it")
    return [Candidate(unknown, None, False, 0, structural=True)]


def settled(state: SheetState, mark: Mark) -> Mark:
    """A wrong array once all are marked: without mistakes that would show in a right one after it.

    Of what is left likelier mistakes are named, where there are any.
    """
    left = [c for c in mark.candidates if c.wrong is None or not c.distance or spares(state, state.own.other(c.wrong))]
    left = left or list(mark.candidates)
    likelier = [c for c in left if not _is_late(c)]
    return replace(mark, candidates=tuple(likelier or left))


def _is_late(candidate: Candidate) -> bool:
    return any(id in _LATE for id in candidate.found.id.split("+"))


def _worlds(state: SheetState) -> list[World]:
    """The arrays before this one as they are; the other way round; with the mistakes found in them."""
    worlds = [state.own]
    if any(m.verdict in BAD for m in state.marks):
        worlds.append(state.own.other(long_way=True))
    firsts: dict[Mark, Wrong] = {}
    for adopted in state.adopted:
        firsts.setdefault(adopted.mark, adopted.wrong)
    if len(firsts) > 1:
        worlds.append(state.own.other(*firsts.values(), long_way=True))
    if state.problem.network.parameter_count * state.problem.n < LARGE:
        for adopted in state.adopted:
            others = [wrong for mark, wrong in firsts.items() if mark is not adopted.mark]
            worlds.append(state.own.other(adopted.wrong, long_way=True))
            if others:
                worlds.append(state.own.other(*others, adopted.wrong, long_way=True))
    elif len(firsts) == 1:
        worlds.append(state.own.other(*firsts.values(), long_way=True))
    return worlds[:MOST_WORLDS]


@dataclass(frozen=True)
class Tried:
    """A mistake with what it gives for the array; None where it gives nothing."""

    reached: Reached
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
            value, wrong = self.with_mistake(one.mistake, one)
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

    def with_mistake(self, mistake: Mistake, at: Reached) -> tuple[Array | None, Wrong]:
        """What a mistake gives for the array."""
        wrong = mistake.at(at.node.layer)
        try:
            with np.errstate(all="ignore"):
                value = value_of_line(self.place, self.written, self.world.other(wrong, without=at.without))
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

    def gives(self, value: Array) -> bool:
        """Whether these numbers are the array, to its precision."""
        return value.shape == self.value.shape and bool((np.abs(self.value - value) <= self.room).all())

    def accident(self, value: Array, tries: float, unknown: int = 0) -> float:
        """How likely one of so many tries fits by accident."""
        return min(1.0, tries * self.chance.share(value, unknown))


Level = Callable[[Bench], Iterator[Candidate]]


# ---------------------------------------------------------------- the levels


def _single(bench: Bench) -> Iterator[Candidate]:
    """Mistakes of the table."""
    count = max(len(bench.tried), 1)
    for one in bench.tried:
        if bench.gives(one.value):
            yield _of_row(bench, one, bench.accident(one.value, count))


def _own_line(bench: Bench) -> Iterator[Candidate]:
    """What the array is as a whole: signs lost, zeros, entries elsewhere."""
    yield from _factor(bench, known=True)
    yield from by_digits.whole(bench.state, bench.mark, bench.written, bench.chance)
    for pattern in by_pattern.empty(bench.written):
        yield _of_pattern(bench.mark, pattern, 0.0)
    for pattern in by_pattern.moved(bench.written, bench.own):
        if bench.gives(pattern.value):
            yield _of_pattern(bench.mark, pattern, bench.accident(pattern.value, pattern.tries))


def _shares(bench: Bench) -> Iterator[Candidate]:
    """Examples that do not count, or more than once."""
    for shares in of_examples(bench.state.problem, bench.place, bench.written, bench.world):
        for node, distance in bench.linear:
            wrong = Wrong(node.kind, node.layer, shares.rule)
            yield _made(bench, shares.id, shares.words, shares.value, wrong, node, distance, 0.0)


def _unknown(bench: Bench) -> Iterator[Candidate]:
    """Mistakes with a number that is solved."""
    for family in UNKNOWNS:
        for one in reached(bench.state.problem, bench.place, bench.world, (family,)):
            ends = [bench.with_mistake(family.at_number(c), one)[0] for c in (0.0, 1.0)]
            if ends[0] is None or ends[1] is None:
                continue
            solved = _line(bench, ends[0], ends[1] - ends[0])
            mistake = None if solved is None else family.solved(bench.state.problem, solved)
            if mistake is None:
                continue
            value, wrong = bench.with_mistake(mistake, one)
            if value is not None and bench.gives(value):
                chance = bench.accident(value, len(UNKNOWNS), unknown=1)
                yield _of_row(bench, Tried(one._replace(mistake=mistake), wrong, value), chance)


def _number(bench: Bench) -> Iterator[Candidate]:
    """A constant factor that has no origin known here."""
    yield from _factor(bench, known=False)


def _two(bench: Bench) -> Iterator[Candidate]:
    """A mistake of the table and beside it a factor with an origin, or a penalty."""
    problem, count = bench.state.problem, max(len(bench.tried), 1)
    if int((~bench.written.fits).sum()) < LEAST:
        return
    for one in bench.tried:
        factor = _ratio(bench, one.value)
        if factor is not None and bench.gives(factor * one.value):
            for origin in explained(problem, bench.node, bench.own, factor, bench.chance.relative):
                if "+" not in origin.id:
                    chance = bench.accident(factor * one.value, 40.0 * count)
                    yield _both(bench, one, origin, factor * one.value, chance)
    yield from _with_penalty(bench)


def _with_penalty(bench: Bench) -> Iterator[Candidate]:
    """A mistake, or a factor, and a penalty at the array itself."""
    kind, layer = bench.node.kind, bench.node.layer
    if kind not in ("dW", "db") or bench.value.size < LEAST + 2:
        return
    network = bench.state.problem.network
    parameter = (network.weights if kind == "dW" else network.biases)[layer - 1]
    if parameter.shape != bench.value.shape or not parameter.any():
        return
    family = next(family for family in UNKNOWNS if family.kind == kind and family.id.startswith("l2_penalty"))
    at = Reached(family.at_number(0.0), bench.node, 0, ())
    for one in bench.tried:
        if one.reached.node.kind == kind:
            continue
        solved = _line(bench, one.value, parameter)
        mistake = None if solved is None else family.solved(bench.state.problem, solved)
        if mistake is None or solved is None:
            continue
        penalty = mistake.says(layer)
        value = one.value + solved * parameter
        if bench.gives(value):
            origin = Origin(mistake.id, solved, penalty)
            yield _both(bench, one, origin, value, bench.accident(value, len(bench.tried), unknown=1))
    pair = np.stack([bench.own.ravel(), parameter.ravel()], axis=1)
    (factor, added), *_ = np.linalg.lstsq(pair, bench.value.ravel(), rcond=None)
    value = factor * bench.own + added * parameter
    mistake = family.solved(bench.state.problem, float(added))
    if mistake is None or not bench.gives(value):
        return
    for origin in explained(bench.state.problem, bench.node, bench.own, float(factor), bench.chance.relative):
        words = f"{origin.words}; and {mistake.says(layer)}"
        wrong = Wrong(kind, layer, _sum_rule(float(factor), mistake.rule))
        chance = bench.accident(value, 40.0, unknown=1)
        yield _made(bench, f"{origin.id}+{mistake.id}", words, value, wrong, at.node, 0, chance)


LEVELS: tuple[Level, ...] = (_single, _own_line, _shares, _unknown, _number, _two)


# ---------------------------------------------------------------- pieces


def _line(bench: Bench, start: Array, step: Array) -> float | None:
    """c with start + c * step = the array; None where too few entries say so."""
    size = np.abs(step)
    told = size > STEEP * max(float(size.max(initial=0.0)), 1e-300)
    if int((told & ~bench.written.fits).sum()) < LEAST:
        return None
    # by the entries that say most for their room
    weight = np.where(told, 1.0 / bench.room, 0.0)
    top, bottom = (weight * (bench.value - start)).ravel(), (weight * step).ravel()
    length = float(bottom @ bottom)
    return float(top @ bottom / length) if np.isfinite(length) and length > 0 else None


def _ratio(bench: Bench, value: Array) -> float | None:
    """c with c * value = the array, if there is one."""
    if not value.any():
        return None
    weight = 1.0 / bench.room
    top, bottom = (weight * bench.value).ravel(), (weight * value).ravel()
    length = float(bottom @ bottom)
    factor = float(top @ bottom / length) if np.isfinite(length) and length > 0 else 0.0
    return factor if factor else None


def _factor(bench: Bench, known: bool) -> Iterator[Candidate]:
    """The array is what is due times one number."""
    factor = _ratio(bench, bench.own)
    if factor is None or not bench.gives(factor * bench.own) or (known and bench.node.kind not in GRADIENTS):
        return
    value = factor * bench.own
    found = explained(bench.state.problem, bench.node, bench.own, factor, bench.chance.relative)
    told = int((bench.own != 0).sum()) >= LEAST
    if known:
        causes = [(origin, bench.accident(value, 60.0)) for origin in found if told or "+" not in origin.id]
    else:
        causes = [(as_number(factor), bench.accident(value, 1.0, unknown=1))] if told else []
    for origin, chance in causes:
        for node, distance in bench.linear:
            wrong = Wrong(node.kind, node.layer, _times(factor))
            yield _made(bench, origin.id, origin.words, value, wrong, node, distance, chance)


def _times(factor: float) -> Rule:
    return lambda r, q: r.right(q) * factor


def _times_rule(factor: float, rule: Rule) -> Rule:
    return lambda r, q: rule(r, q) * factor


def _sum_rule(factor: float, rule: Rule) -> Rule:
    return lambda r, q: rule(r, q) + (factor - 1.0) * r.right(q)


def _of_row(bench: Bench, one: Tried, chance: float) -> Candidate:
    mistake, node, distance, _ = one.reached
    found = found_at(bench.state, mistake, node, one.value)
    return Candidate(found, one.wrong, True, distance, chance=chance)


def _both(bench: Bench, one: Tried, origin: Origin, value: Array, chance: float) -> Candidate:
    mistake, node, distance, _ = one.reached
    found = found_at(bench.state, mistake, node, value)
    words = f"{found.words}; and {origin.words}"
    found = replace(found, id=f"{found.id}+{origin.id}", words=words, wrong="", right="")
    linear = node.kind in ("g'", "J", "da", "dh", "dW", "db")
    wrong = Wrong(node.kind, node.layer, _times_rule(origin.factor, mistake.rule)) if linear else None
    return Candidate(found, wrong, True, distance, chance=chance)


def _made(
    bench: Bench, id: str, words: str, value: Array, wrong: Wrong, node: Node, distance: int, chance: float
) -> Candidate:
    where = name_of(node, bench.state.problem.depth, bench.state.notation)
    return Candidate(Found(id, where, words, value=value), wrong, True, distance, chance=chance)


def _of_pattern(mark: Mark, pattern: Pattern, chance: float) -> Candidate:
    found = Found(pattern.id, mark.claim.subject, pattern.words, value=pattern.value)
    return Candidate(found, None, True, 0, structural=True, chance=chance)


def _shows_elsewhere(bench: Bench, candidate: Candidate) -> bool:
    """Whether a mistake before the array would have shown in an array that is right."""
    if candidate.wrong is None or candidate.distance == 0:
        return False
    return not spares(bench.state, bench.world.other(candidate.wrong))
