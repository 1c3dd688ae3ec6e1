"""Which mistakes would show in an exercise, and which could be told from which, at the digits asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.auditing.mistakes import Mistake, applicable
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node, Problem, name_of, parents, quantity_of
from chainrule.auditing.model.replay import Replay
from chainrule.network.arrays import Array
from chainrule.network.names import Notation, to_text

SAME = 1e-9  # of two values, relative: what is not a difference at any digits a person writes
MOST_DECIMALS = 9


@dataclass(frozen=True)
class Hidden:
    """A mistake that would change no line asked.

    Attributes:
        id, words: as in the table of mistakes. where: the quantity at which it is made.
        why: what hides it.
    """

    id: str
    where: str
    words: str
    why: str


@dataclass(frozen=True)
class Detectable:
    """How well an exercise keeps mistakes apart.

    Attributes:
        possible: mistakes, each at each layer, that can be made on the way to what is asked.
        hidden: those that would not show.
        pairs: of mistakes that would show. alike: how many of those look the same.
        mixed: such pairs, as (id and place, id and place).
        numbers: how many are asked. zeros: how many of them are 0, which many mistakes leave at 0.
    """

    possible: int
    hidden: tuple[Hidden, ...]
    pairs: int
    alike: int
    mixed: tuple[tuple[str, str], ...]
    numbers: int
    zeros: int

    @property
    def shows(self) -> int:
        """Mistakes that would show."""
        return self.possible - len(self.hidden)

    @property
    def share(self) -> float:
        """Of the mistakes that can be made, those that would show."""
        return self.shows / self.possible if self.possible else 1.0

    @property
    def apart(self) -> float:
        """Of the pairs of mistakes that would show, those that look different."""
        return 1.0 - self.alike / self.pairs if self.pairs else 1.0

    @property
    def rank(self) -> tuple[float, float, int]:
        """To choose by: what shows first, then what is told apart, then numbers other than 0."""
        return self.share, self.apart, -self.zeros


def detectable(
    problem: Problem, asked: Sequence[QuantityPlace], digits: int, significant: bool, notation: Notation = "textbook"
) -> Detectable:
    """Replay every mistake that can be made on the way to ``asked`` and compare the lines with the right ones.

    A mistake shows where it changes a number by more than one unit of its last digit; one unit may be rounding. The
    same holds for telling two mistakes apart. The author goes on with all digits.
    """
    base = Replay(problem)
    entries = _entries(base, asked)
    right = _values(base, entries)
    made = list(_possible(problem, asked))
    shown: list[tuple[str, Array]] = []
    hidden: list[Hidden] = []
    for mistake, layer in made:
        node = Node(mistake.kind, layer, int(mistake.kind in ("W", "b")))
        where = _where(node, problem.depth, notation)
        replay = base.with_wrong(mistake.at(layer))
        values = _values(replay, entries)
        if _differ(right, values, digits, significant).any():
            shown.append((f"{mistake.id} at {where}", values))
        else:
            why = _why(base, replay, node, right, values, digits, significant)
            hidden.append(Hidden(mistake.id, where, mistake.says(layer), why))
    mixed = list(_alike(shown, digits, significant))
    zeros = int((np.abs(right) < 10.0**-digits / 2).sum())
    pairs = len(shown) * (len(shown) - 1) // 2
    return Detectable(len(made), tuple(hidden), pairs, len(mixed), tuple(mixed), len(right), zeros)


def _possible(problem: Problem, asked: Sequence[QuantityPlace]) -> Iterator[tuple[Mistake, int]]:
    """Mistakes in an equation that somebody needs who computes what is asked."""
    needed: set[Node] = set()
    waiting = [place.node for place in asked if place.node is not None]
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            waiting += parents(node, problem)
    for mistake, layer in applicable(problem):
        if Node(mistake.kind, layer, int(mistake.kind in ("W", "b"))) in needed:
            yield mistake, layer


def _values(replay: Replay, asked: Sequence[tuple[Node, bool, Array]]) -> Array:
    """The numbers of the lines asked, one after the other; ``asked`` are the entries of whole quantities."""
    found = []
    for node, examples, entries in asked:
        value = np.asarray(replay.get(node), dtype=float)
        found.append(np.ravel(value[0] if examples else value)[entries])
    all_numbers: Array = np.concatenate(found)
    return np.where(np.isfinite(all_numbers), all_numbers, 0.0)  # as an author would write them


def _entries(base: Replay, asked: Sequence[QuantityPlace]) -> list[tuple[Node, bool, Array]]:
    """What the lines ask, neighbours of one quantity together: the quantity, whether it has examples, its entries."""
    found: list[tuple[Node, bool, Array]] = []
    for place in asked:
        assert place.node is not None
        value = np.asarray(base.get(place.node))
        shape = value.shape[1:] if place.examples else value.shape
        entries = np.ravel(np.arange(np.prod(shape, dtype=int)).reshape(shape)[place.index])
        if found and found[-1][:2] == (place.node, place.examples):
            found[-1] = (*found[-1][:2], np.concatenate([found[-1][2], entries]))
        else:
            found.append((place.node, place.examples, entries))
    return found


def _differ(one: Array, other: Array, digits: int, significant: bool) -> Array:
    """Where two sets of numbers, as written, differ by more than a unit of the last digit."""
    unit: float | Array = 10.0**-digits
    if significant:
        size = np.maximum(np.maximum(np.abs(one), np.abs(other)), 1e-300)
        unit = 10.0 ** (np.floor(np.log10(size)) + 1 - digits)
    apart: Array = np.abs(np.round(one / unit) - np.round(other / unit)) > 1.5
    return apart


def _alike(shown: Sequence[tuple[str, Array]], digits: int, significant: bool) -> Iterator[tuple[str, str]]:
    values = np.array([v for _, v in shown])
    for i, (label, own) in enumerate(shown[:-1]):
        apart = _differ(values[i + 1 :], own[None], digits, significant).any(axis=1)
        for j in np.flatnonzero(~apart):
            yield label, shown[i + 1 + int(j)][0]


def _why(base: Replay, wrong: Replay, node: Node, right: Array, values: Array, digits: int, significant: bool) -> str:
    """What hides a mistake."""
    for more in range(digits + 1, MOST_DECIMALS + 1):
        if _differ(right, values, more, significant).any():
            return f"it changes too little: {more} {'significant digits' if significant else 'decimals'} would show it"
    own, other = (np.asarray(r.get(node), dtype=float) for r in (base, wrong))
    if np.shape(own) == np.shape(other) and np.allclose(own, other, rtol=SAME, atol=SAME, equal_nan=True):
        return "with these numbers it gives the same"
    return "what it changes is multiplied by 0 on the way to the lines asked"


def _where(node: Node, depth: int, notation: Notation) -> str:
    """The quantity of a node as text."""
    if node.kind in ("g'", "J"):
        return f"{to_text(quantity_of(node, depth), notation)} by its pre-activation"
    return name_of(node, depth, notation)
